"""The search for labour market areas: clusters that cannot stand are dissolved, worst first."""

from __future__ import annotations

import heapq
from collections.abc import Iterator
from dataclasses import dataclass, replace

import numpy as np
import numpy.typing as npt
from scipy import sparse

from agglo.territory.validity import (
    LEAST_VALIDITY,
    Bools,
    Standard,
    linked_zones,
    validity_of_one,
)
from agglo.transport.topology import Floats

NONE = -1
"""Label of a place that is in no area."""

EQUAL_SHARE = 1 - 1e-12
"""Links that differ by less are equal: sums of the same flows may round differently."""

Labels = npt.NDArray[np.int64]


@dataclass(frozen=True, slots=True, kw_only=True)
class Refusal:
    """A zone that went to the reserve list, and why."""

    zone: int
    """Row of the zone."""

    validity_before: float = np.nan
    """Of the cluster that it is most closely linked to; ``nan`` if it had a link to none."""

    validity_after: float = np.nan
    """Of the same cluster together with the zone: less than before."""


def labour_market_labels(
    counts: sparse.csr_array | Floats,
    *,
    standard: Standard,
    is_outside: Bools | None = None,
    keep_reserve: bool = False,
) -> Labels:
    """Divide places into labour market areas (Coombes and Bond 2008, as Istat applies it).

    The bare search, on arrays; ``labour_market_areas`` explains the rule and its answer.

    Parameters
    ----------
    counts
        Persons, live × work, square, not negative. Ties are broken by the order of the rows:
        the first row has the lowest id.
    is_outside
        Places that count in who lives and works where, and that are never clustered.
    keep_reserve
        Leave the reserve list as it is.

    Returns
    -------
    labour_market_labels
        For each place the row of the zone that its area grew from; −1 where it is in no area:
        outside, dropped because nobody commutes, or on the reserve list.

    Examples
    --------
    >>> counts = np.array([[90.0, 10, 0], [8, 2, 0], [0, 5, 95]])
    >>> towns = Standard(min_size_count=50, min_self_containment_share=0.7,
    ...                  target_size_count=100, target_self_containment_share=0.8)
    >>> labour_market_labels(counts, standard=towns).tolist()
    [0, 0, 2]
    """
    return searched_labels(
        counts, standard=standard, is_outside=is_outside, keep_reserve=keep_reserve
    )[0]


def searched_labels(
    counts: sparse.csr_array | Floats,
    *,
    standard: Standard,
    is_outside: Bools | None,
    keep_reserve: bool,
) -> tuple[Labels, list[Refusal]]:
    """Return the labels of ``labour_market_labels`` and the zones that were on the reserve list."""
    flows = sparse.csr_array(counts, dtype=float)
    outside = np.zeros(flows.shape[0], dtype=bool) if is_outside is None else is_outside
    linked, residents, jobs = linked_zones(flows, outside)
    labels = np.full(flows.shape[0], NONE, dtype=np.int64)
    if not linked.any():
        return labels, []
    zones = np.flatnonzero(linked)
    state = _state(flows[zones][:, zones], residents[zones], jobs[zones], standard)
    while (worst := _worst(state)) is not None:
        _dissolve(state, worst)
    if not keep_reserve:
        _empty_reserve(state)
    in_area = state.label < len(zones)
    labels[zones[in_area]] = zones[state.label[in_area]]
    return labels, [replace(one, zone=int(zones[one.zone])) for one in state.refusals]


@dataclass(frozen=True, slots=True, kw_only=True)
class _State:
    """Zones that take part, and the clusters as they are now; arrays and lists change in place.

    A cluster has the number of the zone that it began with. Its last number, one past the
    zones, stands for the reserve list.
    """

    standard: Standard
    out: sparse.csr_array
    """Zone × zone where people go; its rows are read."""

    into: sparse.csc_array
    """The same flows; its columns are read: where people come from."""

    residents: list[float]
    jobs: list[float]
    internal: list[float]
    label: Labels
    """Cluster of each zone."""

    members: dict[int, list[int]]
    """Zones of each cluster that exists."""

    cluster_residents: Floats
    cluster_jobs: Floats
    cluster_internal: list[float]
    cluster_validity: list[float]
    queue: list[tuple[float, int]]
    """Heap of validities below 1 with their clusters; those that are out of date stay in it."""

    refusals: list[Refusal]


def _state(flows: sparse.csr_array, residents: Floats, jobs: Floats, standard: Standard) -> _State:
    """Begin with a cluster for each zone."""
    flows.sort_indices()
    size = flows.shape[0]
    internal = flows.diagonal().tolist()
    own = [
        validity_of_one(*counts, standard)
        for counts in zip(residents.tolist(), jobs.tolist(), internal, strict=True)
    ]
    queue = [(value, zone) for zone, value in enumerate(own) if value < LEAST_VALIDITY]
    heapq.heapify(queue)
    return _State(
        standard=standard,
        out=flows,
        into=flows.tocsc(),
        residents=residents.tolist(),
        jobs=jobs.tolist(),
        internal=internal,
        label=np.arange(size, dtype=np.int64),
        members={zone: [zone] for zone in range(size)},
        cluster_residents=np.append(residents, 1.0),
        cluster_jobs=np.append(jobs, 1.0),
        cluster_internal=list(internal),
        cluster_validity=own,
        queue=queue,
        refusals=[],
    )


def _worst(state: _State) -> int | None:
    """Return the cluster that is least valid, of equals the lowest; none if all are valid."""
    while state.queue:
        value, cluster = heapq.heappop(state.queue)
        if cluster in state.members and state.cluster_validity[cluster] == value:
            return cluster
    return None


def _dissolve(state: _State, cluster: int) -> None:
    """Hand out all zones of a cluster, each to the cluster that it is most closely linked to."""
    for zone in _leaving(state, cluster):
        best, out, into = _closest(state, zone, besides=cluster)
        state.label[zone] = len(state.residents)
        if best is None:
            state.refusals.append(Refusal(zone=zone))
            continue
        before = state.cluster_validity[best]
        after = validity_of_one(
            float(state.cluster_residents[best]) + state.residents[zone],
            float(state.cluster_jobs[best]) + state.jobs[zone],
            state.cluster_internal[best] + state.internal[zone] + out + into,
            state.standard,
        )
        if after < before:
            refusal = Refusal(zone=zone, validity_before=before, validity_after=after)
            state.refusals.append(refusal)
        else:
            _join(state, zone, best, out + into, after)


def _leaving(state: _State, cluster: int) -> Iterator[int]:
    """Name the zones of a cluster in the order in which they leave it.

    First goes the zone with the most commuters over the border of what is left of the cluster,
    counted as inflow from beyond it plus all who live in the zone and work elsewhere.
    """
    zones = state.members.pop(cluster)
    if len(zones) == 1:
        yield zones[0]
        return
    left = np.sort(np.array(zones))
    crossing = np.zeros(len(state.residents))
    for zone in left:
        begin, end = state.into.indptr[zone : zone + 2]
        is_own = state.label[state.into.indices[begin:end]] == cluster
        inflow = state.jobs[zone] - float(state.into.data[begin:end][is_own].sum())
        crossing[zone] = inflow + state.residents[zone] - state.internal[zone]
    for _ in zones:
        zone = int(left[crossing[left].argmax()])
        begin, end = state.out.indptr[zone : zone + 2]
        crossing[state.out.indices[begin:end]] += state.out.data[begin:end]
        crossing[zone] = -np.inf
        yield zone


def _closest(state: _State, zone: int, *, besides: int) -> tuple[int | None, float, float]:
    """Find the cluster with the largest link to a zone, of equals the highest.

    The link is ``T_ik²/(R_i W_k) + T_ki²/(R_k W_i)``; what differs by rounding only is equal.

    Returns
    -------
    cluster, out, into
        Persons from the zone to the cluster and back; ``None`` if there are none.
    """
    size = len(state.residents)
    begin, end = state.out.indptr[zone : zone + 2]
    out = np.bincount(
        state.label[state.out.indices[begin:end]], state.out.data[begin:end], minlength=size + 1
    )
    begin, end = state.into.indptr[zone : zone + 2]
    into = np.bincount(
        state.label[state.into.indices[begin:end]], state.into.data[begin:end], minlength=size + 1
    )
    out[besides] = into[besides] = out[size] = into[size] = 0.0
    link = out / state.residents[zone] * out / state.cluster_jobs
    link += into / state.cluster_residents * into / state.jobs[zone]
    largest = link.max()
    best = size - int((link[::-1] >= largest * EQUAL_SHARE).argmax())
    if largest <= 0:
        # squares of tiny flows may vanish, flows do not
        known = np.flatnonzero(out + into)
        if not len(known):
            return None, 0.0, 0.0
        best = int(known[-1])
    return best, float(out[best]), float(into[best])


def _join(state: _State, zone: int, cluster: int, exchange: float, after: float) -> None:
    """Add a zone to a cluster; ``exchange`` is who commutes between them, both ways."""
    state.label[zone] = cluster
    state.members[cluster].append(zone)
    state.cluster_residents[cluster] += state.residents[zone]
    state.cluster_jobs[cluster] += state.jobs[zone]
    state.cluster_internal[cluster] += state.internal[zone] + exchange
    state.cluster_validity[cluster] = after
    if after < LEAST_VALIDITY:
        heapq.heappush(state.queue, (after, cluster))


def _empty_reserve(state: _State) -> None:
    """Give each zone on the reserve list to the cluster with the largest link, valid or not.

    From the highest zone to the lowest, again and again until nothing changes.
    """
    reserve = len(state.residents)
    waiting = sorted((one.zone for one in state.refusals), reverse=True)
    while True:
        left = []
        for zone in waiting:
            best, out, into = _closest(state, zone, besides=reserve)
            if best is None:
                left.append(zone)
            else:
                _join(state, zone, best, out + into, LEAST_VALIDITY)
        if len(left) == len(waiting):
            return
        waiting = left
