"""Reads how long trips take from place to place: long tables, square tables, Open Matrix files."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pandas as pd

from agglo.errors import LayerError
from agglo.layers.omx import OMX, Floats, omx_matrix
from agglo.layers.pair_tables import read_pairs
from agglo.layers.square_tables import square_parts
from agglo.layers.text_cells import listed, numbers_from_cells
from agglo.layers.text_tables import Layout, check_columns, table_layout


def read_minutes(
    path: Path,
    *,
    origin: str = "from",
    destination: str = "to",
    minutes: str = "min",
    matrix: str | None = None,
    lookup: str | None = None,
    no_way_from_min: float = np.inf,
) -> pd.DataFrame:
    """Read travel times: a long table, a square CSV or an Open Matrix.

    A CSV that has the three columns is a long table, any other one a matrix.

    Parameters
    ----------
    origin, destination, minutes
        The columns of a long table.
    matrix, lookup
        Which matrix and which list of ids of an Open Matrix file, where it has several.
    no_way_from_min
        Minutes from which on there is no way, such as the 9999 that some programs write.

    Returns
    -------
    read_minutes
        Minutes, home × work, over the same places; ``inf`` where a pair or its cell is absent.

    Raises
    ------
    LayerError
        If the file cannot be read, a matrix is not square, a pair stands twice, or minutes are
        negative or no numbers.
    """
    if path.suffix.lower() == OMX:
        with omx_matrix(path, matrix=matrix, lookup=lookup) as (ids, blocks):
            found = pd.DataFrame(np.vstack([block for _, block in blocks]), ids, ids)
    else:
        layout = table_layout(path)
        columns = [origin, destination, minutes]
        is_long = set(columns) <= set(layout.header)
        found = _long_minutes(path, columns) if is_long else _square_minutes(path, layout, columns)
    values = found.to_numpy(dtype=float)
    if (values < 0).any():
        row, column = np.argwhere(values < 0)[0]
        raise LayerError(
            f"{path}: from '{found.index[row]}' to '{found.columns[column]}' it takes "
            f"{values[row, column]:g} minutes; wanted 0 or more"
        )
    return found.where(found < no_way_from_min, np.inf)


def _long_minutes(path: Path, columns: list[str]) -> pd.DataFrame:
    origin, destination, minutes = columns
    pairs, cells, layout = read_pairs(path, origin, destination, minutes, only={})
    if pairs.duplicated().any():
        live, work = map(str, pairs[pairs.duplicated()].iloc[0])
        raise LayerError(
            f"{path}: the pair '{live}' → '{work}' stands more than once; keep one of its rows"
        )
    places = pd.Index(sorted({*pairs["live"], *pairs["work"]}), dtype=object)
    values = np.full((len(places), len(places)), np.inf)
    start, end = places.get_indexer(pairs["live"]), places.get_indexer(pairs["work"])
    values[start, end] = _minutes(cells, layout, path)
    return pd.DataFrame(values, index=places, columns=places)


def _square_minutes(path: Path, layout: Layout, columns: list[str]) -> pd.DataFrame:
    try:
        ids, parts = square_parts(path, layout)
    except LayerError as error:
        if set(columns) & set(layout.header):
            check_columns(path, layout.header, columns)
        raise LayerError(
            f"{error}; or give a long table with the columns {', '.join(columns)}"
        ) from error
    values = np.full((len(ids), len(ids)), np.inf)
    for rows, texts in parts:
        values[rows] = _minutes(texts, layout, path).reshape(len(rows), len(ids))
    return pd.DataFrame(values, index=ids, columns=ids)


def _minutes(texts: pd.Series, layout: Layout, path: Path) -> Floats:
    """Read minutes; 'inf' and an empty cell mean that there is no way."""
    absent = (texts == "") | texts.str.fullmatch(r"\+?inf(inity)?|nan", case=False)
    numbers = numbers_from_cells(
        texts.mask(absent, ""), separator=layout.separator, where=str(path)
    )
    odd = numbers.isna() & ~absent
    if odd.any():
        raise LayerError(
            f"{path}: {int(odd.sum())} cell(s) are no minutes: {listed(texts[odd])}; leave a cell "
            "empty where there is no way"
        )
    return numbers.mask(absent, np.inf).to_numpy(dtype=float)
