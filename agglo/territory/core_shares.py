"""Cores by number, and the share of each place's employed residents who work in them."""

from __future__ import annotations

import numpy as np
import pandas as pd
from scipy import sparse

from agglo.commuting.flows import Flows, id_ranks
from agglo.errors import FlowError
from agglo.territory.contiguity import Bools, Floats, Ints
from agglo.territory.delineation import NO_AREA

SHARE_DECIMALS = 12
"""The same flows added in another order differ in the last digits."""


def core_numbers(flows: Flows, cores: pd.Series) -> tuple[Ints, pd.Index]:
    """Number cores by rank of their ids; of each place its core's number, -1 where in none.

    Raises
    ------
    FlowError
        If a core names an unknown place or a place twice, or there is no core.
    """
    given = cores.dropna()
    if pd.api.types.is_float_dtype(given) and (given % 1 == 0).all():
        # numbers became decimals where a column has gaps: 7.0 is meant as 7.
        given = given.astype(np.int64)
    given = given.astype(str)
    given = given[given != NO_AREA]
    places = pd.Index(given.index.astype(str))
    unknown = sorted(set(places) - set(flows.places))
    if unknown:
        raise FlowError(
            f"core '{given.iloc[places.get_indexer_for([unknown[0]])[0]]}' names '{unknown[0]}', "
            f"which is no place of the flows ({len(unknown)} such place(s)); take ids of zones or "
            "of places outside"
        )
    if places.has_duplicates:
        raise FlowError(f"place '{places[places.duplicated()][0]}' is given to a core twice")
    if given.empty:
        raise FlowError("there is no core; name the zones of at least one city or centre")
    ids = pd.Index(given.unique(), dtype=object)
    ids = ids[np.argsort(id_ranks(ids))]
    numbers = np.full(len(flows.places), -1, dtype=np.int64)
    numbers[flows.places.get_indexer(places)] = ids.get_indexer(pd.Index(given))
    return numbers, ids


def check_threshold(share: float, name: str) -> None:
    """Refuse a threshold that is negative or not a number.

    Raises
    ------
    FlowError
        Naming it.
    """
    if not share >= 0:
        raise FlowError(f"{name} must be 0 or more, such as 0.15; got {share}")


def largest_share(
    counts: sparse.csr_array, residents_count: Floats, core: Ints, size: int
) -> tuple[Ints, Floats]:
    """Of each place, the core where most of its employed residents work, and their share.

    Of equal cores it is the lowest number; -1 and a share of 0 where nobody works in any, nan
    where there are no employed residents.
    """
    rows, columns, values = entries(counts)
    to_core = core[columns] >= 0
    start, end, sums = summed(rows[to_core], core[columns[to_core]], values[to_core], size)
    part = shares(sums, residents_count[start])
    best, share = strongest(start, end, part, len(core))
    return best, np.where(residents_count > 0, share, np.nan)


def strongest(rows: Ints, columns: Ints, values: Floats, count: int) -> tuple[Ints, Floats]:
    """Of each row the column with the largest value, of equals the lowest; -1 and 0 without."""
    order = np.lexsort((columns, -values, rows))
    first, at = np.unique(rows[order], return_index=True)
    column, value = np.full(count, -1, dtype=np.int64), np.zeros(count)
    column[first], value[first] = columns[order][at], values[order][at]
    return column, value


def entries(counts: sparse.csr_array) -> tuple[Ints, Ints, Floats]:
    """Rows, columns and values of what a matrix stores."""
    rows = np.repeat(np.arange(counts.shape[0]), np.diff(counts.indptr))
    columns: Ints = counts.indices.astype(np.int64)
    values: Floats = counts.data.astype(np.float64)
    return rows, columns, values


def summed(rows: Ints, columns: Ints, values: Floats, width: int) -> tuple[Ints, Ints, Floats]:
    """Add up values of equal row and column; in the order of rows, then of columns."""
    key, where = np.unique(rows * width + columns, return_inverse=True)
    sums: Floats = np.bincount(where, weights=values, minlength=len(key)).astype(np.float64)
    return key // width, key % width, sums


def shares(parts: Floats, wholes: Floats) -> Floats:
    """Divide, nothing by nothing being 0, and round away the order of adding up."""
    divided = np.divide(parts, wholes, out=np.zeros(len(parts)), where=wholes > 0)
    return np.asarray(np.round(divided, SHARE_DECIMALS))


def reaches(share: Floats, threshold_share: float) -> Bools:
    """Tell which shares are above 0 and at least the threshold, to the last digit that counts."""
    return (share > 0) & (share >= round(threshold_share, SHARE_DECIMALS))
