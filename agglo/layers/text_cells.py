"""Turns cells of tables that people saved into ids and numbers, and never guesses."""

from __future__ import annotations

from collections.abc import Collection

import numpy as np
import pandas as pd

from agglo.errors import LayerError

EXAMPLES_SHOWN = 3
LARGEST_WHOLE = 2.0**53
"""Beyond it a float no longer tells one whole number from the next."""

THOUSANDS_BLANK = r"(?<=\d)[\s\u00a0\u202f](?=\d{3}(?!\d))"
THOUSANDS_POINT = r"[1-9]\d{0,2}(?:\.\d{3})+"
THOUSANDS_COMMA = r"-?[1-9]\d{0,2}(?:,\d{3})+"


def id_texts(values: pd.Series) -> pd.Series:
    """Write ids as texts, '' where there is none; what spreadsheets made of them is undone.

    Leading zeros stay. Whole numbers that a spreadsheet wrote as ``74001.0`` become ``74001``,
    unless the column has ids such as ``1.1`` too.

    Examples
    --------
    >>> id_texts(pd.Series(["007", "74001.0", " a "])).tolist()
    ['007', '74001', 'a']
    >>> id_texts(pd.Series([74001.0, 74002.0])).tolist()
    ['74001', '74002']
    >>> id_texts(pd.Series(["1.0", "1.1"])).tolist()
    ['1.0', '1.1']
    """
    if pd.api.types.is_float_dtype(values):
        numbers = values.to_numpy(dtype=float, na_value=np.nan)
        known = numbers[~np.isnan(numbers)]
        if (known % 1 == 0).all() and (np.abs(known) < LARGEST_WHOLE).all():
            values = pd.Series(numbers, index=values.index, name=values.name).astype("Int64")
    texts = values.astype(object).astype(str).str.strip().mask(values.isna(), "")
    pointed = texts.str.fullmatch(r"-?\d+\.\d+")
    whole = texts.str.fullmatch(r"-?\d+\.0+")
    if pointed.any() and (whole | ~pointed).all():
        texts = texts.mask(whole, texts.str.partition(".")[0])
    return texts.astype(object)


def numbers_from_cells(texts: pd.Series, *, separator: str, where: str) -> pd.Series:
    """Turn cells into numbers; ``nan`` where a cell holds no finite number.

    Blanks between thousands are left out. A decimal comma is read where ``separator`` divides
    cells by semicolons, or by tabs if it cannot be a comma between thousands.

    Raises
    ------
    LayerError
        If points look like those between thousands (1.234 beside 56); ``where`` names the file.

    Examples
    --------
    >>> cells = pd.Series(["1 234", "5,5", "*"])
    >>> numbers_from_cells(cells, separator=";", where="flows.csv").tolist()
    [1234.0, 5.5, nan]
    """
    if separator == ";":
        _check_points(texts, where)
    numbers = pd.to_numeric(texts, errors="coerce").astype(float)
    odd = numbers.isna() & (texts != "")
    if odd.any():
        cells = texts[odd].str.replace(THOUSANDS_BLANK, "", regex=True)
        if separator in (";", "\t"):
            between = cells.str.fullmatch(THOUSANDS_COMMA) & (separator == "\t")
            cells = cells.where(between, cells.str.replace(",", ".", n=1, regex=False))
        numbers = numbers.fillna(pd.to_numeric(cells, errors="coerce").astype(float))
    finite: pd.Series = numbers.where(np.isfinite(numbers))
    return finite


def listed(values: Collection[object]) -> str:
    """Show the first of several values in quotes, and how many more there are."""
    shown = list(dict.fromkeys(map(str, values)))
    more = len(shown) - EXAMPLES_SHOWN
    text = ", ".join(f"'{value}'" for value in shown[:EXAMPLES_SHOWN])
    return f"{text} and {more} more" if more > 0 else text


def _check_points(texts: pd.Series, where: str) -> None:
    pointed = texts[texts.str.contains(".", regex=False)]
    plain = texts[texts.str.fullmatch(r"\d{1,3}")]
    if len(pointed) and len(plain) and pointed.str.fullmatch(THOUSANDS_POINT).all():
        raise LayerError(
            f"{where}: {listed(pointed)} beside {listed(plain)}: the points seem to stand between "
            "thousands; save the numbers without them"
        )
