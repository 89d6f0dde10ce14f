"""The quickest ways of trips, arc by arc."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
from scipy.sparse import csr_array
from scipy.sparse.csgraph import dijkstra

from agglo.transport.topology import LONGEST_MS, Floats, Minutes, Topology, milliseconds
from agglo.units import MS_PER_MINUTE

Numbers = npt.NDArray[np.intp]
Whole = npt.NDArray[np.int32]
Flags = npt.NDArray[np.bool_]

TREE_NUMBERS = 10_000_000
"""Numbers that the trees of one call of Dijkstra may hold, origins × nodes."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Ways:
    """One quickest way of every trip that has one; a step is one arc of one trip."""

    minutes: Minutes
    """Origins × destinations, as in a skim; ``inf`` where there is no way."""

    origin: Whole
    """Row of each step's trip."""

    destination: Whole
    """Column of each step's trip."""

    arc: Whole
    """Number of each step's arc."""


@dataclass(frozen=True, slots=True, kw_only=True)
class _Graph:
    """The open part of a topology: of parallel arcs the quickest, of equally quick the first."""

    matrix: csr_array
    node: Numbers
    """Number in the part of each node of the topology, −1 for one without open arcs."""

    pair: npt.NDArray[np.int64]
    """tail · nodes + head within the part, rising."""

    arc: Numbers
    """The arc of each pair."""


def quickest_ways(
    topology: Topology,
    metric_min: Floats,
    from_numbers: Numbers,
    to_numbers: Numbers,
    *,
    wanted: Flags,
) -> Ways:
    """Find one quickest way of every wanted trip (Dijkstra 1959, through scipy).

    Where several ways are equally quick, one stands for all: a link on none of the ways found
    can close without lengthening a trip.

    Parameters
    ----------
    metric_min
        Minutes of each arc of the topology, 0 or more; ``inf`` closes an arc.
    wanted
        Which trips to follow, origins × destinations; minutes are found for all.

    Raises
    ------
    NetworkError
        If a minute is negative or not a number, or the metric has another length.
    """
    graph = _open_graph(topology, milliseconds(topology, metric_min))
    minutes = np.full(wanted.shape, np.inf, dtype=np.float32)
    minutes[from_numbers[:, None] == to_numbers] = 0
    starts, ends = graph.node[from_numbers], graph.node[to_numbers]
    rows, columns = np.flatnonzero(starts >= 0), np.flatnonzero(ends >= 0)
    size = max(1, TREE_NUMBERS // max(1, graph.matrix.shape[0]))
    steps = [np.empty((3, 0), dtype=np.int32)]
    for first in range(0, len(rows), size):
        own = rows[first : first + size]
        found, before = dijkstra(graph.matrix, indices=starts[own], return_predecessors=True)
        found = np.where(found > LONGEST_MS, np.inf, found)[:, ends[columns]]
        minutes[np.ix_(own, columns)] = (found / MS_PER_MINUTE).astype(np.float32)
        tree, column = np.nonzero(np.isfinite(found) & wanted[np.ix_(own, columns)])
        tree, destination, arc = _steps(graph, before, tree, columns[column], ends)
        steps.append(np.array([own[tree], destination, arc], dtype=np.int32))
    origin, destination, arc = np.concatenate(steps, axis=1)
    return Ways(minutes=minutes, origin=origin, destination=destination, arc=arc)


def _open_graph(topology: Topology, metric_ms: Floats) -> _Graph:
    is_open = np.isfinite(metric_ms) & (topology.tail != topology.head)
    arc = np.flatnonzero(is_open)
    is_met = np.zeros(len(topology.nodes), dtype=bool)
    is_met[topology.tail[arc]] = is_met[topology.head[arc]] = True
    node = np.where(is_met, np.cumsum(is_met) - 1, -1)
    count = int(is_met.sum())
    pair = node[topology.tail[arc]] * count + node[topology.head[arc]]
    order = np.lexsort((metric_ms[arc], pair))
    pair, arc = pair[order], arc[order]
    is_first = np.diff(pair, prepend=-1) > 0
    pair, arc = pair[is_first], arc[is_first]
    start = np.searchsorted(pair, np.arange(count + 1) * max(1, count)).astype(np.int32)
    head = (pair % max(1, count)).astype(np.int32)
    matrix = csr_array((metric_ms[arc], head, start), shape=(count, count))
    return _Graph(matrix=matrix, node=node, pair=pair, arc=arc)


def _steps(
    graph: _Graph, before: Whole, tree: Numbers, destination: Numbers, ends: Numbers
) -> tuple[Numbers, Numbers, Numbers]:
    """Walk all trips back to their origins at once; return tree, destination and arc of steps."""
    count = before.shape[1]
    previous = before.ravel()
    row, column, place = tree, destination, tree * count + ends[destination]
    trees, destinations, pairs = [row[:0]], [column[:0]], [place[:0]]
    while place.size:
        step = previous[place]
        going = step >= 0
        row, column, place, step = row[going], column[going], place[going], step[going]
        trees.append(row)
        destinations.append(column)
        pairs.append(step.astype(np.int64) * count + (place - row * count))
        place = row * count + step
    arc = graph.arc[np.searchsorted(graph.pair, np.concatenate(pairs))]
    return np.concatenate(trees), np.concatenate(destinations), arc
