"""Reads who commutes from where to where: long tables, square tables, Open Matrix files."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping
from pathlib import Path

import numpy as np
import pandas as pd

from agglo.errors import LayerError
from agglo.layers.minute_files import read_minutes
from agglo.layers.omx import OMX, omx_matrix
from agglo.layers.pair_tables import read_pairs
from agglo.layers.square_tables import is_square, square_parts
from agglo.layers.text_cells import listed, numbers_from_cells
from agglo.layers.text_tables import Layout, table_layout

__all__ = ["OMX", "read_flow_matrix", "read_flow_table", "read_flows", "read_minutes"]


def read_flows(
    path: Path,
    *,
    live: str = "live",
    work: str = "work",
    count: str = "n",
    matrix: str | None = None,
    lookup: str | None = None,
    suppressed: Collection[str] = (),
    only: Mapping[str, str] | None = None,
    rows_are_work: bool = False,
) -> pd.DataFrame:
    """Read flows from whatever they come in, as the long table of ``read_flow_table``.

    An .omx file and a CSV whose header and first column hold the same ids are matrices, home ×
    work; any other file is a long table. The choices are those of the two readers; those that
    a file does not need are not used. ``rows_are_work`` swaps the columns of a long table.

    Raises
    ------
    LayerError
        As the two readers do.
    """
    is_omx = path.suffix.lower() == OMX
    layout = None if is_omx else table_layout(path)
    is_long = layout is not None and {live, work, count} <= set(layout.header)
    if layout is None or (not is_long and is_square(path, layout)):
        return read_flow_matrix(
            path, matrix=matrix, lookup=lookup, suppressed=suppressed, rows_are_work=rows_are_work
        )
    start, end = (work, live) if rows_are_work else (live, work)
    return read_flow_table(
        path, live=start, work=end, count=count, suppressed=suppressed, only=only
    )


def read_flow_table(
    path: Path,
    *,
    live: str = "live",
    work: str = "work",
    count: str = "n",
    suppressed: Collection[str] = (),
    only: Mapping[str, str] | None = None,
) -> pd.DataFrame:
    """Read a long table with one row per pair of places.

    CSV with commas, semicolons or tabs, gzipped or not, in UTF-8 or Windows-1251, or parquet.

    Parameters
    ----------
    live, work, count
        The columns that hold where people live, where they work, and how many they are.
    suppressed
        Cells that stand for a count withheld, such as '*' or '<5' ('' for an empty cell).
    only
        Column and text of the rows that are read, such as ``{"year": "2011"}``.

    Returns
    -------
    read_flow_table
        ``live``, ``work`` (ids as text: leading zeros are kept, a spreadsheet's ``74001.0``
        becomes ``74001``), ``n`` (persons; ``nan`` where suppressed) and ``is_suppressed``.

    Raises
    ------
    LayerError
        If the file cannot be read, lacks a column, has no row, an id is empty, or a count is
        neither a number nor declared as suppressed.
    """
    pairs, cells, layout = read_pairs(path, live, work, count, only=only or {})
    return _with_counts(pairs, cells, suppressed, layout, f"{path}: column '{count}'")


def read_flow_matrix(
    path: Path,
    *,
    matrix: str | None = None,
    lookup: str | None = None,
    suppressed: Collection[str] = (),
    rows_are_work: bool = False,
) -> pd.DataFrame:
    """Read a square matrix, home × work, as the long table that ``read_flow_table`` gives.

    Pairs of count 0 are left out. The file is read some rows at a time.

    Parameters
    ----------
    path
        Open Matrix (.omx), or a CSV whose header and first column hold the ids.
    matrix, lookup
        Which matrix and which list of ids of an Open Matrix file, where it has several.
    suppressed
        Cells of a CSV that stand for a count withheld.
    rows_are_work
        The rows are the places of work, the columns those of residence.

    Raises
    ------
    LayerError
        If the file cannot be read, is not square, names an id twice, or a count is missing.
    """
    if path.suffix.lower() == OMX:
        table = _flows_from_omx(path, matrix, lookup)
    else:
        table = pd.concat(_flows_from_csv(path, suppressed), ignore_index=True)
    if rows_are_work:
        table = table.rename(columns={"live": "work", "work": "live"})
    return table[["live", "work", "n", "is_suppressed"]]


def _with_counts(
    table: pd.DataFrame, texts: pd.Series, suppressed: Collection[str], layout: Layout, where: str
) -> pd.DataFrame:
    """Add the counts, and refuse cells that are neither numbers nor declared."""
    withheld = texts.isin([str(text).strip() for text in suppressed])
    numbers = numbers_from_cells(
        texts.mask(withheld, ""), separator=layout.separator, where=where
    ).to_numpy(dtype=float)
    odd = np.isnan(numbers) & ~withheld.to_numpy()
    if odd.any():
        empty = texts[odd] == ""
        what = "empty" if empty.all() else f"no numbers: {listed(texts[odd][~empty])}"
        live, work = map(str, table.loc[odd, ["live", "work"]].iloc[0])
        raise LayerError(
            f"{where}: {int(odd.sum())} cell(s) are {what} (first '{live}' → '{work}'); write 0 "
            "where nobody commutes, or declare what stands for a count withheld as suppressed"
        )
    return table.assign(n=numbers, is_suppressed=withheld.to_numpy())


def _flows_from_csv(path: Path, suppressed: Collection[str]) -> Iterator[pd.DataFrame]:
    layout = table_layout(path)
    ids, parts = square_parts(path, layout)
    names = ids.to_numpy(dtype=object)
    for rows, texts in parts:
        table = pd.DataFrame(
            {"live": np.repeat(names[rows], len(ids)), "work": np.tile(names, len(rows))}
        )
        some = (texts != "0") | ("0" in suppressed)
        counted = _with_counts(
            table[some].reset_index(drop=True),
            texts[some].reset_index(drop=True),
            suppressed,
            layout,
            str(path),
        )
        yield counted[counted["n"] != 0]


def _flows_from_omx(path: Path, matrix: str | None, lookup: str | None) -> pd.DataFrame:
    rows, columns, counts = [], [], []
    with omx_matrix(path, matrix=matrix, lookup=lookup) as (ids, blocks):
        for first, block in blocks:
            if np.isnan(block).any():
                odd = np.argwhere(np.isnan(block))[0]
                raise LayerError(
                    f"{path}: {int(np.isnan(block).sum())} count(s) are missing, first from "
                    f"'{ids[first + odd[0]]}' to '{ids[odd[1]]}'; write 0 where nobody commutes"
                )
            row, column = np.nonzero(block)
            rows.append(first + row)
            columns.append(column)
            counts.append(block[row, column])
    names = ids.to_numpy()
    return pd.DataFrame(
        {
            "live": names[np.concatenate(rows)],
            "work": names[np.concatenate(columns)],
            "n": np.concatenate(counts),
            "is_suppressed": False,
        }
    )
