"""Finds the columns of a zone layer that hold its ids and its names."""

from __future__ import annotations

import re
from collections.abc import Collection, Mapping
from pathlib import Path

import pandas as pd

from agglo.errors import LayerError
from agglo.layers.text_cells import id_texts, listed
from agglo.layers.text_tables import check_columns

ZONE_ID = "zone_id"
LEAST_SHARE = 0.5
"""Of the ids of the flows, or of its own values, that a column must share with the flows."""

NAME_WORD = re.compile(
    r"^(name|nom|nome|nombre|naam|navn|namn|nazwa|nimi|label|title|название|наименование|имя)$"
    r"|(^|[_\W\d])(name|nom|nome|nombre|naam|nm)($|[_\W\d])|name$|nm$|^name|наимен|назван",
    re.IGNORECASE,
)


def choose_id_column(
    path: Path, frame: pd.DataFrame, named: str | None, ids: Collection[str], *, dissolve: bool
) -> str:
    """Return the column named, or the one whose values, as text, cover the given ids best.

    Columns with the same values are one. Without ids, ``zone_id`` or the only column whose
    values differ from row to row and are no measures.

    Raises
    ------
    LayerError
        If there is no such column, or more than one.
    """
    columns = [str(name) for name in frame.columns if name != "geometry"]
    if named is not None:
        check_columns(path, columns, [named])
        return named
    texts = {name: id_texts(frame[name]) for name in columns}
    known = {str(one) for one in ids}
    if not known:
        return _only_unique(path, texts)
    hits = {name: len(known.intersection(own)) for name, own in texts.items()}
    best = max(hits.values(), default=0)
    near = {
        name: own
        for name, own in texts.items()
        if hits[name] == best > 0 and best >= LEAST_SHARE * min(len(known), len(set(own) - {""}))
    }
    if not near:
        raise LayerError(
            f"{path}: no column holds the ids of the flows ({listed(sorted(known))}); "
            f"{_first_values(texts)}; name the column of the ids, or mend the ids"
        )
    return _best(path, near, dissolve=dissolve)


def name_column(frame: pd.DataFrame) -> str | None:
    """Find the column with readable names: of several, the one with most different names."""
    if "name" in frame:
        return "name"
    texts = [
        str(name)
        for name in frame.columns
        if NAME_WORD.search(str(name)) and pd.api.types.is_string_dtype(frame[name].dropna())
    ]
    counts = {name: int(frame[name].nunique()) for name in texts}
    most = max(counts.values(), default=0)
    return next((name for name in texts if counts[name] == most), None)


def _best(path: Path, near: Mapping[str, pd.Series], *, dissolve: bool) -> str:
    """Choose among columns that cover the ids alike: the one without repeated values."""
    sizes = {name: own.nunique() for name, own in near.items()}
    chosen = [name for name, own in near.items() if dissolve or own.is_unique]
    rivals = [name for name in near if chosen and sizes[name] < min(sizes[one] for one in chosen)]
    left = _distinct(near, [*(chosen or near), *rivals])
    if len(left) > 1:
        raise LayerError(
            f"{path}: the columns {listed(left)} hold the ids of the flows alike; name the one "
            "to use"
        )
    return left[0]


def _only_unique(path: Path, texts: Mapping[str, pd.Series]) -> str:
    unique = [
        name
        for name, own in texts.items()
        if own.is_unique and not own.str.fullmatch(r"|-?\d+\.\d+(e.*)?").any()
    ]
    if ZONE_ID in unique:
        return ZONE_ID
    left = _distinct(texts, unique)
    if len(left) == 1:
        return left[0]
    raise LayerError(
        f"{path}: it is not clear which column holds the ids of the zones; name it: "
        f"{', '.join(map(repr, left or texts)) or 'there is none'}"
    )


def _distinct(texts: Mapping[str, pd.Series], names: Collection[str]) -> list[str]:
    """Keep the first of columns that hold the same in every row."""
    seen: set[tuple[str, ...]] = set()
    kept = []
    for name in names:
        own = tuple(texts[name])
        if own not in seen:
            kept.append(name)
        seen.add(own)
    return kept


def _first_values(texts: Mapping[str, pd.Series]) -> str:
    shown = [f"'{name}' has {listed(own)}" for name, own in list(texts.items())[:4]]
    more = len(texts) - len(shown)
    return ", ".join(shown) + (f" and {more} more columns" if more > 0 else "")
