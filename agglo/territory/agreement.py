"""How far delineations agree: adjusted Rand index over zones, Jaccard of a core's company."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np
import numpy.typing as npt
import pandas as pd
from scipy import sparse

from agglo.errors import TableError
from agglo.territory.delineation import NO_AREA, Delineation, is_with
from agglo.transport.topology import Floats

Codes = npt.NDArray[np.int64]
"""Number of the group of each zone, from 0."""

UNASSIGNED = ("alone", "left_out")


def adjusted_rand(first: pd.Series, second: pd.Series, *, unassigned: str = "alone") -> float:
    """Adjusted Rand index of two partitions (Hubert and Arabie 1985): pairs kept together.

    1 means the same groups, 0 what chance gives to groups of these sizes; it may fall below 0.
    Names of groups do not matter. Zones that only one partition knows are left out.

    Parameters
    ----------
    first, second
        Group by zone; missing or '' where a zone is in none.
    unassigned
        Zones that are in no group: 'alone' makes each a group of its own, so that the index
        also says whether both leave out the same zones; 'left_out' compares only zones that
        are in a group in both.

    Returns
    -------
    adjusted_rand
        −1 … 1; 1 where both are trivial in the same way (all together, or each alone), ``nan``
        where 'left_out' leaves no zone.

    Raises
    ------
    TableError
        If the partitions have no zone in common, or name a zone twice.

    Examples
    --------
    >>> one = pd.Series({"a": "x", "b": "x", "c": "y", "d": "y"})
    >>> adjusted_rand(one, pd.Series({"a": "1", "b": "1", "c": "2", "d": "3"}))
    0.5714285714285715
    """
    if unassigned not in UNASSIGNED:
        raise TableError(f"unassigned must be one of {', '.join(UNASSIGNED)}; got '{unassigned}'")
    one, other = _on_common_zones(first, second)
    if unassigned == "left_out":
        kept = _is_in(one) & _is_in(other)
        if not kept.any():
            return float("nan")
        one, other = one[kept], other[kept]
    return float(rand_between(np.stack([_codes(one), _codes(other)]))[0, 1])


def agreement(
    delineations: Mapping[str, Delineation], *, unassigned: str = "alone"
) -> pd.DataFrame:
    """Adjusted Rand index of every pair of delineations, over the zones they have in common.

    Parameters
    ----------
    delineations
        By the name that the table is to show.
    unassigned
        As in `adjusted_rand`.

    Returns
    -------
    agreement
        Square and symmetric, rows and columns in the order given, 1 on the diagonal.
    """
    names = list(delineations)
    areas = [one.areas["area_id"] for one in delineations.values()]
    table = np.eye(len(names))
    for row in range(len(names)):
        for column in range(row):
            index = adjusted_rand(areas[row], areas[column], unassigned=unassigned)
            table[row, column] = table[column, row] = index
    return pd.DataFrame(table, index=names, columns=names)


def company_agreement(delineations: Mapping[str, Delineation], zone_id: str) -> pd.DataFrame:
    """Jaccard index of the zones that share the area of one zone, for pairs of delineations.

    Zones in both companies over zones in either; the zone itself is not counted. 1 where both
    leave it alone. Unlike the adjusted Rand index it speaks of one agglomeration only.

    Parameters
    ----------
    delineations
        By the name that the table is to show.
    zone_id
        The zone that is asked about, such as the core of the agglomeration.

    Returns
    -------
    company_agreement
        Square and symmetric, 0 … 1, rows and columns in the order given.

    Raises
    ------
    TableError
        If a delineation does not know the zone.
    """
    names = list(delineations)
    companies = [_company(name, one, zone_id) for name, one in delineations.items()]
    table = np.eye(len(names))
    for row in range(len(names)):
        for column in range(row):
            one, other = _on_common_zones(companies[row], companies[column])
            either = int((one | other).sum())
            both = int((one & other).sum())
            table[row, column] = table[column, row] = both / either if either else 1.0
    return pd.DataFrame(table, index=names, columns=names)


def company_share(first: pd.Series, second: pd.Series) -> pd.Series:
    """Tell for each zone which part of its company stays from one partition to another.

    Fellow members of its group in both partitions over those in either (Jaccard index).

    Parameters
    ----------
    first, second
        Group by zone, over the same zones in the same order.

    Returns
    -------
    company_share
        0 … 1; 1 for a zone that is alone in both.

    Examples
    --------
    >>> before = pd.Series({"a": 1, "b": 1, "c": 1, "d": 2})
    >>> company_share(before, pd.Series({"a": 1, "b": 1, "c": 2, "d": 2})).tolist()
    [0.5, 0.5, 0.0, 0.0]
    """
    one, other = _codes(first), _codes(second)
    pair = one * (other.max(initial=0) + 1) + other
    _, at, sizes = np.unique(pair, return_inverse=True, return_counts=True)
    both = sizes[at] - 1
    either = np.bincount(one)[one] + np.bincount(other)[other] - 2 - both
    share = np.divide(both, either, out=np.ones(len(both)), where=either > 0)
    return pd.Series(share, index=first.index, name="company_share")


def rand_between(runs: Codes) -> Floats:
    """Adjusted Rand index of every pair of partitions of the same zones.

    Parameters
    ----------
    runs
        Group of each zone, partition × zone, numbered from 0 in each partition.

    Returns
    -------
    rand_between
        Partition × partition, symmetric, 1 on the diagonal.
    """
    count, zones = runs.shape
    sizes = runs.max(axis=1, initial=-1) + 1
    starts = np.concatenate([[0], np.cumsum(sizes)])
    columns = (runs + starts[:-1, None]).ravel()
    member = sparse.csr_array(
        (np.ones(columns.size), (np.tile(np.arange(zones), count), columns)),
        shape=(zones, int(starts[-1])),
    )
    shared = (member.T @ member).tocoo()
    of_run = np.repeat(np.arange(count), sizes)
    block = of_run[shared.row] * count + of_run[shared.col]
    pairs = np.bincount(block, weights=shared.data * (shared.data - 1) / 2, minlength=count**2)
    together = pairs.reshape(count, count).astype(np.float64)
    return _adjusted(together, zones * (zones - 1) / 2)


def _adjusted(together: Floats, all_pairs: float) -> Floats:
    own = np.diag(together)
    expected = np.outer(own, own) / all_pairs if all_pairs else np.zeros_like(together)
    most = (own[:, None] + own[None, :]) / 2
    room = most - expected
    return np.divide(together - expected, room, out=np.ones_like(together), where=room > 0)


def _on_common_zones(first: pd.Series, second: pd.Series) -> tuple[pd.Series, pd.Series]:
    for one in (first, second):
        if one.index.has_duplicates:
            twice = one.index[one.index.duplicated()][0]
            raise TableError(f"zone '{twice}' stands more than once in a partition")
    common = first.index.intersection(second.index, sort=False)
    if common.empty:
        raise TableError(
            f"two partitions of {len(first)} and {len(second)} zones have no zone in common; "
            "compare delineations of the same region, with ids as text"
        )
    return first.reindex(common), second.reindex(common)


def _is_in(area: pd.Series) -> pd.Series:
    known: pd.Series = area.notna() & (area.astype(str) != NO_AREA)
    return known


def _codes(area: pd.Series) -> Codes:
    """Number the groups, and give a number of its own to each zone that is in none."""
    codes, names = pd.factorize(area.where(_is_in(area)))
    alone = codes < 0
    codes[alone] = len(names) + np.arange(int(alone.sum()))
    return codes.astype(np.int64)


def _company(name: str, delineation: Delineation, zone_id: str) -> pd.Series:
    if zone_id not in delineation.areas.index:
        raise TableError(
            f"delineation '{name}' has no zone '{zone_id}'; name one of its "
            f"{len(delineation.areas)} zones, such as '{delineation.areas.index[0]}'"
        )
    return is_with(delineation, zone_id).drop(zone_id)
