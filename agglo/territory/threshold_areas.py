"""Areas of a core and all zones that exchange enough commuters with it, in or out."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
import pandas as pd
from scipy import sparse

from agglo.commuting.flows import Flows, id_ranks
from agglo.errors import FlowError
from agglo.territory.contiguity import Bools, Floats, Ints, check_zone_matrix, is_connected_to
from agglo.territory.core_shares import (
    SHARE_DECIMALS,
    check_threshold,
    core_numbers,
    entries,
    reaches,
    shares,
    strongest,
    summed,
)
from agglo.territory.delineation import NO_AREA, Delineation

SIDES = ("max", "out", "in", "sum")
REASONS = ("share_to_core", "share_from_core", "exchange_share", "core", "exclave")
"""What can decide; the numbers in ``TieLabels.reason`` count from the first."""

TO_CORE, FROM_CORE, EXCHANGE, AS_CORE, AS_EXCLAVE = range(5)


@dataclass(frozen=True, slots=True, kw_only=True)
class TieLabels:
    """Threshold areas as numbers, one for each zone inside."""

    area: Ints
    """Number of the core, -1 where the zone is in no area."""

    tie: Floats
    """The largest tie to one core when the zone joined, or at the end where it did not; nan
    where the zone has nobody to count."""

    reason: Ints
    """Position in ``REASONS``."""


def threshold_areas(
    flows: Flows,
    cores: pd.Series,
    *,
    threshold_share: float = 0.25,
    side: str = "max",
    is_iterated: bool = False,
    neighbours: sparse.csr_array | None = None,
) -> Delineation:
    """Delineate cores with every zone whose tie to one reaches a threshold.

    The tie is the share of the zone's employed residents who work in the core ('out'), the share
    of its jobs that residents of the core hold ('in'), the larger of both ('max') or their sum
    ('sum', 0–2). A zone joins the core of its strongest tie, of equals that of the lowest id,
    if the tie is at least the threshold and above 0.

    With 'max' and 0.25 it is the rule of outlying counties of the United States' core-based
    statistical areas (Office of Management and Budget 2010; unverified); that cores merge which
    qualify for each other is not part of it.

    Parameters
    ----------
    cores
        Core id by place, inside or outside; absent or '' where a place is in no core.
    threshold_share
        Least tie that joins a zone, 0–1; above the largest possible tie only cores remain.
    is_iterated
        Whether zones that joined count as core for the others, round after round, until none
        joins; the zones of a round join at once.
    neighbours
        Zones that touch, in the order of ``flows.inside``: then a zone joins only where zones of
        the same area connect it with the core. An area with a core outside takes all.

    Returns
    -------
    threshold_areas
        Areas are named by their core. ``decided_by`` is 'core'; 'share_to_core',
        'share_from_core' or 'exchange_share', whichever ``value`` is; or 'exclave', a tie that
        would have sufficed without a connection.

    Raises
    ------
    FlowError
        If a core names an unknown place or a place twice, there is no core, the threshold is
        negative or not a number, or the side is unknown.
    TableError
        If ``neighbours`` has another shape than the zones ask for.

    Examples
    --------
    >>> from agglo.commuting.flows import flows_from_frame
    >>> square = pd.DataFrame([[90, 10], [5, 20]], index=["a", "b"], columns=["a", "b"])
    >>> found = threshold_areas(flows_from_frame(square), pd.Series({"a": "a"}))
    >>> found.areas.loc["b", ["area_id", "decided_by"]].tolist()
    ['a', 'share_from_core']
    """
    check_threshold(threshold_share, "threshold_share")
    if side not in SIDES:
        raise FlowError(f"side must be one of {', '.join(SIDES)}; got '{side}'")
    core, core_ids = core_numbers(flows, cores)
    labels = threshold_area_labels(
        flows.counts,
        flows.residents_count,
        core,
        is_outside=flows.is_outside,
        threshold_share=threshold_share,
        side=side,
        is_iterated=is_iterated,
        neighbours=neighbours,
    )
    parameters: dict[str, float | str | bool] = {
        "threshold_share": threshold_share,
        "side": side,
        "is_iterated": is_iterated,
        "is_contiguous": neighbours is not None,
    }
    return Delineation(
        method="threshold",
        areas=_areas(labels, flows.inside, core_ids, threshold_share),
        parameters=parameters,
        status=flows.status,
        notes=tuple(_notes(labels, flows.inside, neighbours)),
    )


def threshold_area_labels(
    counts: sparse.csr_array,
    residents_count: Floats,
    core: Ints,
    *,
    is_outside: Bools,
    threshold_share: float,
    side: str = "max",
    is_iterated: bool = False,
    neighbours: sparse.csr_array | None = None,
) -> TieLabels:
    """Apply the rule of ``threshold_areas`` to arrays, for running it many times.

    Parameters
    ----------
    counts
        Persons, live × work, places in the order of all other arrays.
    residents_count
        All employed residents by place.
    core
        Number of the core by place, -1 in none; of equal cores the lowest number wins.

    Raises
    ------
    TableError
        If ``neighbours`` has another shape than the zones ask for.
    """
    jobs = np.asarray(counts.sum(axis=0), dtype=float).ravel()
    area, inside = core.copy(), ~is_outside
    free = inside & (core < 0)
    tie, kind = np.zeros(len(core)), np.full(len(core), TO_CORE)
    kind[core >= 0] = AS_CORE
    if neighbours is not None:
        check_zone_matrix(neighbours, int(inside.sum()))
    while True:
        best, value, which = _ties(counts, residents_count, jobs, area, side)
        tie[free], kind[free] = value[free], which[free]
        wanted = np.where(free & reaches(value, threshold_share), best, area)
        joins = free & (wanted >= 0) & _is_held(wanted, area, is_outside, neighbours)
        area[joins], free = wanted[joins], free & ~joins
        if not is_iterated or not joins.any():
            break
    kind[free & reaches(tie, threshold_share)] = AS_EXCLAVE
    return TieLabels(area=area[inside], tie=tie[inside], reason=kind[inside])


def _ties(
    counts: sparse.csr_array, residents_count: Floats, jobs_count: Floats, area: Ints, side: str
) -> tuple[Ints, Floats, Ints]:
    """Of each place the core of its strongest tie, that tie, and which share it is."""
    size = int(area.max(initial=0)) + 1
    rows, columns, values = entries(counts)
    to, by = area[columns] >= 0, area[rows] >= 0
    home, target, sent = summed(rows[to], area[columns[to]], values[to], size)
    work, source, got = summed(columns[by], area[rows[by]], values[by], size)
    out, into = shares(sent, residents_count[home]), shares(got, jobs_count[work])
    pairs, where = np.unique(
        np.concatenate([home * size + target, work * size + source]), return_inverse=True
    )
    both = np.zeros((2, len(pairs)))
    both[0, where[: len(home)]], both[1, where[len(home) :]] = out, into
    tie = _joined(both[0], both[1], side)
    best, value = strongest(pairs // size, pairs % size, tie, len(area))
    at = np.searchsorted(pairs, np.arange(len(area)) * size + best)
    is_in = np.zeros(len(area), dtype=bool)
    found = best >= 0
    is_in[found] = (both[1] > both[0])[at[found]]
    lives, works = residents_count > 0, jobs_count > 0
    is_known = {"out": lives, "in": works}.get(side, lives | works)
    by_side = {"out": TO_CORE, "in": FROM_CORE, "sum": EXCHANGE}
    which = np.where(is_in, FROM_CORE, TO_CORE) if side == "max" else by_side[side]
    return best, np.where(is_known, value, np.nan), np.broadcast_to(which, area.shape)


def _joined(out: Floats, into: Floats, side: str) -> Floats:
    if side == "max":
        return np.maximum(out, into)
    if side == "sum":
        return np.asarray(np.round(out + into, SHARE_DECIMALS))
    return out if side == "out" else into


def _is_held(
    wanted: Ints, area: Ints, is_outside: Bools, neighbours: sparse.csr_array | None
) -> Bools:
    """Tell which places are connected, by zones that want the same area, with those in it."""
    held = np.ones(len(area), dtype=bool)
    if neighbours is None:
        return held
    far = np.zeros(int(area.max(initial=0)) + 1, dtype=bool)
    far[area[is_outside & (area >= 0)]] = True
    own, inside = wanted[~is_outside], ~is_outside
    anchors = (area[inside] >= 0) | far[own]
    held[inside] = is_connected_to(neighbours, own, anchors)
    return held


def _areas(
    labels: TieLabels, zones: pd.Index, core_ids: pd.Index, threshold_share: float
) -> pd.DataFrame:
    names = np.append(core_ids.to_numpy(dtype=object), NO_AREA)
    is_core, is_exclave = labels.reason == AS_CORE, labels.reason == AS_EXCLAVE
    margin = np.round(labels.tie - threshold_share, SHARE_DECIMALS) + 0.0
    decided_by = np.array(REASONS, dtype=object)[labels.reason]
    return pd.DataFrame(
        {
            "area_id": pd.Series(names[labels.area], index=zones, dtype=object),
            "decided_by": pd.Series(decided_by, index=zones, dtype=object),
            "value": np.where(is_core, np.nan, labels.tie),
            "threshold": np.where(is_core, np.nan, threshold_share),
            "margin": np.where(is_core | is_exclave, np.nan, margin),
        },
        index=zones.rename("zone_id"),
    )


def _notes(
    labels: TieLabels, zones: pd.Index, neighbours: sparse.csr_array | None
) -> Iterator[str]:
    exclaves = zones[labels.reason == AS_EXCLAVE]
    if len(exclaves):
        ordered = exclaves[np.argsort(id_ranks(exclaves))]
        yield f"exclaves dropped: {', '.join(map(str, ordered))}"
    if neighbours is None:
        yield "exclaves were not looked for: neighbours are not given"
