"""Reads a CSV whose header and first column name the same places, some rows at a time."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import numpy as np
import numpy.typing as npt
import pandas as pd

from agglo.errors import LayerError
from agglo.layers.text_cells import id_texts, listed
from agglo.layers.text_tables import Layout, text_parts

Parts = Iterator[tuple[npt.NDArray[np.intp], pd.Series]]


def square_parts(path: Path, layout: Layout) -> tuple[pd.Index, Parts]:
    """Read the ids of a square table, and its cells by some rows at a time.

    Returns
    -------
    ids, parts
        Ids (text) in the order of the rows; the positions of some rows, and their cells row
        after row, each row in the order of ``ids``, whatever the order of the columns is.

    Raises
    ------
    LayerError
        If rows and columns do not name the same places, each once.
    """
    rows, columns = _ids(path, layout)
    _check_square(path, rows, columns)
    order = 1 + columns.get_indexer(rows)

    def parts() -> Parts:
        at = 0
        for part in text_parts(path, layout):
            cells = part.to_numpy(dtype=object)[:, order]
            yield np.arange(at, at + len(part)), pd.Series(cells.ravel(), dtype=object)
            at += len(part)

    return rows, parts()


def is_square(path: Path, layout: Layout) -> bool:
    """Tell whether a table seems square: most names of its header stand in its first column."""
    rows, columns = _ids(path, layout)
    return 2 * int(columns.isin(rows).sum()) > len(columns)


def _ids(path: Path, layout: Layout) -> tuple[pd.Index, pd.Index]:
    """Return the ids of the rows and of the columns, written in one way."""
    names = list(layout.header[1:])
    while names and not names[-1]:
        names = names[:-1]
    first = pd.concat([part.iloc[:, 0] for part in text_parts(path, layout)], ignore_index=True)
    both = id_texts(pd.concat([first, pd.Series(names, dtype=object)], ignore_index=True))
    size = len(first)
    return pd.Index(both[:size], dtype=object), pd.Index(both[size:], dtype=object)


def _check_square(path: Path, rows: pd.Index, columns: pd.Index) -> None:
    for ids, what in ((rows, "rows"), (columns, "columns")):
        if ids.has_duplicates:
            raise LayerError(f"{path}: {listed(ids[ids.duplicated()])} stands twice in its {what}")
    odd = [*rows[~rows.isin(columns)], *columns[~columns.isin(rows)]]
    if odd or rows.empty:
        raise LayerError(
            f"{path} is no square matrix: {len(rows)} rows, {len(columns)} columns"
            + (f", and {listed(odd)} in one of them only" if odd else "")
            + "; give every place one row and one column, without sums"
        )
