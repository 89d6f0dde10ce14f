"""Commuting zones: hierarchical clustering of zones by how strongly they are tied."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import numpy.typing as npt
import pandas as pd
from scipy import sparse

from agglo.commuting.flows import Flows, id_ranks
from agglo.errors import FlowError
from agglo.territory.agreement import Codes
from agglo.territory.delineation import Delineation, named_areas
from agglo.transport.topology import Floats

CUT = 0.98
"""Height of the tree at which it is cut (Tolbert and Sizer 1996)."""

DENOMINATORS = ("residents", "internal")


def commuting_zones(
    flows: Flows,
    *,
    cut: float = CUT,
    denominator: str = "residents",
    other_years: Sequence[Flows] = (),
) -> Delineation:
    """Join zones by average linkage of their proximity (Tolbert and Sizer 1996).

    The distance of two zones is 1 − min(P_ij, 1), with P_ij from `proximity`; the tree is cut
    at ``cut``. Places outside are not joined, but whoever works there stays among the
    residents. Of equal distances the ids decide which join first, not the order of zones.

    Parameters
    ----------
    cut
        0 … 1; two groups join if the mean distance between their zones is at most this. At 1
        all zones are one group, at 0 only those join that are as close as can be.
    denominator
        'residents' (Tolbert and Sizer) or 'internal', as in `proximity`. It decides much: for
        England and Wales it makes 45 zones or 29.
    other_years
        Flows of the same zones at other dates: the distance is the mean over all dates.

    Returns
    -------
    commuting_zones
        ``mean_proximity_share`` decided. For a zone in company ``value`` is its mean proximity
        to the other zones of its area, ``threshold`` that to the zones of the next area; the
        margin may be negative, for the tree never moves a zone that has been joined. For a
        zone alone ``value`` is its mean proximity to the next area and ``threshold`` is
        1 − ``cut``, which it does not reach. Areas are named by the jobs in ``flows``.

    Raises
    ------
    FlowError
        If ``cut`` is not within 0 … 1, the denominator is unknown, or another year has other
        zones.
    """
    if not 0 <= cut <= 1:
        raise FlowError(f"cut must be a distance from 0 to 1; got {cut}")
    ids = flows.inside[np.argsort(id_ranks(flows.inside))]
    years = [flows, *other_years]
    ties = sum(_capped(one, ids, denominator) for one in years) / len(years)
    codes = _clusters(ties, cut)
    areas = _reasons(ties, codes, cut).set_index(ids).reindex(flows.inside.rename("zone_id"))
    areas.insert(0, "area_id", named_areas(pd.Series(codes, ids)[flows.inside], flows))
    return Delineation(
        method="commuting_zones",
        areas=areas,
        parameters={"cut": cut, "denominator": denominator, "years_count": len(years)},
        status=flows.status,
        notes=_notes(years, areas, denominator),
    )


def proximity(flows: Flows, *, denominator: str = "residents") -> sparse.csr_array:
    """Tie of two zones: P_ij = (T_ij + T_ji) / min(R_i, R_j) (Tolbert and Sizer 1996).

    Parameters
    ----------
    denominator
        R: 'residents', all employed residents; or 'internal', only those who work in their own
        zone, which makes every tie closer. Where one R is 0, as in an industrial park, the
        other stands alone; where both are, the tie is 0.

    Returns
    -------
    proximity
        Zone × zone in the order of the zones inside, symmetric, 0 on the diagonal; may
        exceed 1.

    Examples
    --------
    >>> from agglo.commuting.flows import flows_from_frame
    >>> counts = [[800, 150, 50], [300, 400, 100], [200, 50, 250]]
    >>> flows = flows_from_frame(pd.DataFrame(counts, index=[*"abc"], columns=[*"abc"]))
    >>> proximity(flows).toarray().tolist()
    [[0.0, 0.5625, 0.5], [0.5625, 0.0, 0.3], [0.5, 0.3, 0.0]]
    """
    inside = ~flows.is_outside
    base = _denominator(flows, denominator)[inside]
    base = np.where(base > 0, base, np.inf)
    pairs = exchange(flows)[inside][:, inside].tocoo()
    least = np.minimum(base[pairs.row], base[pairs.col])
    known = np.isfinite(least)
    ties = (pairs.data[known] / least[known], (pairs.row[known], pairs.col[known]))
    return sparse.csr_array(ties, shape=pairs.shape)


def exchange(flows: Flows) -> sparse.csr_array:
    """Count the commuters between two places in either direction: T_ij + T_ji, 0 within one."""
    pairs = (flows.counts + flows.counts.T).tocoo()
    apart = pairs.row != pairs.col
    kept = (pairs.data[apart], (pairs.row[apart], pairs.col[apart]))
    return sparse.csr_array(kept, shape=pairs.shape)


def own_and_next(
    weights: sparse.csr_array, codes: Codes, *, group_weight: Floats | None = None
) -> tuple[Floats, Floats]:
    """Add up each row's weights to its own group, and to that other group which has most.

    Parameters
    ----------
    weights
        Zone × zone.
    codes
        Group of each zone.
    group_weight
        Factor of each group's sums, such as one over its size; 1 without.
    """
    zones, groups = len(codes), int(codes.max(initial=-1)) + 1
    factor = np.ones(groups) if group_weight is None else group_weight
    member = sparse.csr_array((factor[codes], (np.arange(zones), codes)), shape=(zones, groups))
    sums = (weights @ member).tocoo()
    is_own = sums.col == codes[sums.row]
    own, other = np.zeros(zones), np.zeros(zones)
    own[sums.row[is_own]] = sums.data[is_own]
    np.maximum.at(other, sums.row[~is_own], sums.data[~is_own])
    return own, other


def _denominator(flows: Flows, denominator: str) -> Floats:
    if denominator == "residents":
        return flows.residents_count
    if denominator == "internal":
        return np.asarray(flows.counts.diagonal(), dtype=float)
    raise FlowError(f"denominator must be one of {', '.join(DENOMINATORS)}; got '{denominator}'")


def _capped(flows: Flows, ids: pd.Index, denominator: str) -> sparse.csr_array:
    """Return the ties in the order of ids, none above 1."""
    order = flows.inside.get_indexer(ids)
    if len(flows.inside) != len(ids) or (order < 0).any():
        odd = ids.symmetric_difference(flows.inside)
        raise FlowError(
            f"zone '{odd[0]}' is missing at one date; give the flows of all dates over the same "
            "zones"
        )
    return proximity(flows, denominator=denominator)[order][:, order].minimum(1.0)


def _clusters(ties: sparse.csr_array, cut: float) -> Codes:
    from scipy.cluster.hierarchy import average, fcluster

    zones = ties.shape[0]
    if zones < 2:
        return np.zeros(zones, dtype=np.int64)
    pairs = sparse.triu(ties, k=1).tocoo()
    distance = np.ones(zones * (zones - 1) // 2)
    row, column = pairs.row.astype(np.int64), pairs.col.astype(np.int64)
    distance[row * (2 * zones - row - 1) // 2 + column - row - 1] -= pairs.data
    groups: npt.NDArray[np.int32] = fcluster(average(distance), cut, criterion="distance")
    return groups.astype(np.int64) - 1


def _reasons(ties: sparse.csr_array, codes: Codes, cut: float) -> pd.DataFrame:
    size = np.bincount(codes).astype(float)
    own, other = own_and_next(ties, codes, group_weight=1 / size)
    fellows = size[codes] - 1
    is_alone = fellows == 0
    mean = np.divide(own * size[codes], fellows, out=np.zeros(len(codes)), where=~is_alone)
    value = np.where(is_alone, other, mean)
    threshold = np.where(is_alone, 1 - cut, other)
    return pd.DataFrame(
        {
            "decided_by": "mean_proximity_share",
            "value": value,
            "threshold": threshold,
            "margin": value - threshold,
        }
    )


def _notes(years: Sequence[Flows], areas: pd.DataFrame, denominator: str) -> tuple[str, ...]:
    zones = areas.index
    empty = np.zeros(len(zones), dtype=bool)
    for one in years:
        empty |= (_denominator(one, denominator)[one.places.get_indexer(zones)] == 0).astype(bool)
    notes = []
    if empty.any():
        named = ", ".join(f"'{one}'" for one in zones[empty])
        notes.append(
            f"no {denominator} in {named}: ties there are measured by the other zone alone"
        )
    size = areas.groupby("area_id")["area_id"].transform("size")
    torn = zones[(areas["margin"] < 0) & (size > 1)]
    if len(torn):
        notes.append(
            f"{len(torn)} zone(s), such as '{torn[0]}', are closer to another area than to "
            "their own: the tree never moves a zone that has been joined"
        )
    return tuple(notes)
