"""Reads a table with one row per pair of places: the ids of both ends and one column more."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

import pandas as pd

from agglo.errors import LayerError
from agglo.layers.text_cells import id_texts, listed
from agglo.layers.text_tables import Layout, read_texts


def read_pairs(
    path: Path, start: str, end: str, value: str, *, only: Mapping[str, str]
) -> tuple[pd.DataFrame, pd.Series, Layout]:
    """Read the ids of both ends as ``live`` and ``work``, and the cells of one column as texts.

    The ids of both columns are written in one way. Only rows with the texts in ``only`` are
    read.

    Raises
    ------
    LayerError
        If the file cannot be read, lacks a column, has no such row, or an id is empty.
    """
    cells, layout = read_texts(path, [start, end, value, *only])
    cells = _selected(path, cells, only)
    return _pairs(path, cells, start, end), cells[value], layout


def _selected(path: Path, cells: pd.DataFrame, only: Mapping[str, str]) -> pd.DataFrame:
    for column, text in only.items():
        kept = id_texts(cells[column]) == str(text)
        if not kept.any():
            raise LayerError(
                f"{path} has no row whose '{column}' is '{text}'; it has {listed(cells[column])}"
            )
        cells = cells[kept]
    if cells.empty:
        raise LayerError(f"{path} has no row under its header; wanted one for each pair of places")
    return cells.reset_index(drop=True)


def _pairs(path: Path, cells: pd.DataFrame, start: str, end: str) -> pd.DataFrame:
    """Return the ids of both ends, written in one way, as ``live`` and ``work``."""
    ids = id_texts(pd.concat([cells[start], cells[end]], ignore_index=True)).to_numpy()
    for name, own in ((start, ids[: len(cells)]), (end, ids[len(cells) :])):
        if (own == "").any():
            raise LayerError(
                f"{path}: '{name}' is empty in {int((own == '').sum())} row(s); fill in the id, or "
                "leave out sums and notes around the table"
            )
    return pd.DataFrame({"live": ids[: len(cells)], "work": ids[len(cells) :]})
