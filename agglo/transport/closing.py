"""Closing links one by one: the minutes of trips without them."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any, NamedTuple

import numpy as np
import numpy.typing as npt
from scipy.sparse.csgraph import dijkstra

from agglo.transport.hierarchy import INFINITE_MS, Hierarchy, hierarchy_from_arcs
from agglo.transport.skims import matrix_from_metric
from agglo.transport.topology import LONGEST_MS, Floats, Minutes, Topology, milliseconds
from agglo.units import MS_PER_MINUTE

Numbers = npt.NDArray[np.intp]

HELD_ANSWERS = 100_000
"""Answers that are held as a list before they are packed."""

SMALL_NODES = 2_000
"""Up to so many nodes a contraction in the order of degrees is quick to build and to ask."""

ENOUGH_CLOSINGS = 8
"""From so many closings on a contraction pays."""


class Closing(NamedTuple):
    """Arcs that close together, and the nodes between which minutes are asked for."""

    arcs: list[int]
    starts: list[int]
    ends: list[int]


CloseArcs = Callable[[Sequence[Closing]], Minutes]
"""Closings → minutes, starts × ends row by row, one closing after the other."""


def closer(topology: Topology, metric_min: Floats, *, closings_count: int) -> CloseArcs:
    """Return a function that closes arcs and finds minutes without them; nothing stays closed.

    The same numbers as ``travel_minutes`` with these arcs at ``inf``: by changing only their
    weights in a contraction (Dibbelt et al. 2016), or by Dijkstra (1959) through scipy.

    Parameters
    ----------
    closings_count
        How many times it will be asked, about.

    Raises
    ------
    NetworkError
        If a minute is negative or not a number, or the metric has another length.
    """
    metric_ms = milliseconds(topology, metric_min)
    is_open = np.isfinite(metric_ms) & (topology.tail != topology.head)
    hierarchy, held = topology.hierarchy, np.ones(len(metric_ms), dtype=bool)
    if hierarchy is None and closings_count >= ENOUGH_CLOSINGS:
        if len(topology.nodes) <= SMALL_NODES:
            hierarchy, held = _contraction_by_degree(topology, is_open), is_open
        elif len(topology.x_m):
            hierarchy = hierarchy_from_arcs(
                topology.tail, topology.head, topology.x_m, topology.y_m
            )
    if hierarchy is None:
        return _closer_by_dijkstra(topology, metric_ms)
    arc = np.where(held, np.cumsum(held) - 1, -1)
    return _closer_by_contraction(hierarchy, metric_ms[held], arc)


def _contraction_by_degree(topology: Topology, held: npt.NDArray[np.bool_]) -> Hierarchy | None:
    """Contract some arcs of a topology without knowing where its nodes lie."""
    try:
        from routingkit_cch import CCH, compute_order_degree
    except ImportError:
        return None
    tail, head = topology.tail[held].tolist(), topology.head[held].tolist()
    order = compute_order_degree(len(topology.nodes), tail, head)
    return Hierarchy(contraction=CCH(order, tail, head, False))


def _closer_by_contraction(hierarchy: Hierarchy, metric_ms: Floats, arc: Numbers) -> CloseArcs:
    """Ask a contraction; ``arc`` numbers its arcs, −1 for one that it does not hold."""
    from routingkit_cch import CCHMetric, CCHMetricPartialUpdater

    weights = np.where(np.isfinite(metric_ms), metric_ms, INFINITE_MS).astype(np.int64).tolist()
    metric = CCHMetric(hierarchy.contraction, weights)
    updater = CCHMetricPartialUpdater(hierarchy.contraction)
    number = arc.tolist()

    def close(closings: Sequence[Closing]) -> Minutes:
        packed = [np.empty(0, dtype=np.float32)]
        answers: list[int | None] = []
        for one in closings:
            closed = [number[own] for own in one.arcs if number[own] >= 0]
            updater.apply(metric, dict.fromkeys(closed, INFINITE_MS))
            answers += _answers(metric, one)
            updater.apply(metric, {own: weights[own] for own in closed})
            if len(answers) > HELD_ANSWERS:
                packed.append(_packed(answers))
                answers = []
        return np.concatenate([*packed, _packed(answers)])

    return close


def _answers(metric: Any, closing: Closing) -> list[int | None]:
    """Ask from the shorter side; the query is gone before the metric changes again."""
    from routingkit_cch import CCHManyToOne, CCHOneToMany

    if len(closing.starts) <= len(closing.ends):
        to_many = CCHOneToMany(metric, closing.ends)
        return [one for start in closing.starts for one in to_many.distances_from(start)]
    from_many = CCHManyToOne(metric, closing.starts)
    columns = [from_many.distances_to(end) for end in closing.ends]
    return [one for row in zip(*columns, strict=True) for one in row]


def _packed(answers: list[int | None]) -> Minutes:
    found = np.array(answers, dtype=float)
    return (np.where(np.isnan(found), np.inf, found) / MS_PER_MINUTE).astype(np.float32)


def _closer_by_dijkstra(topology: Topology, metric_ms: Floats) -> CloseArcs:
    def minutes(closing: Closing) -> Minutes:
        closed = metric_ms.copy()
        closed[closing.arcs] = np.inf
        starts, ends = closing.starts, closing.ends
        backward = len(starts) > len(ends)
        graph = matrix_from_metric(topology, closed, backward=backward)
        if backward:
            found = np.asarray(dijkstra(graph, indices=ends))[:, starts].T
        else:
            found = np.asarray(dijkstra(graph, indices=starts))[:, ends]
        found = np.where(found > LONGEST_MS, np.inf, found)
        return (found / MS_PER_MINUTE).astype(np.float32).ravel()

    def close(closings: Sequence[Closing]) -> Minutes:
        return np.concatenate([np.empty(0, dtype=np.float32), *map(minutes, closings)])

    return close
