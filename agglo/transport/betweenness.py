"""Betweenness: how many quickest ways, or how many people on them, go over each arc."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt
from scipy.sparse import csc_array, eye_array
from scipy.sparse.csgraph import dijkstra
from scipy.sparse.linalg import splu

from agglo.errors import NetworkError
from agglo.transport.skims import matrix_from_metric
from agglo.transport.topology import LONGEST_MS, Floats, Topology, milliseconds

Numbers = npt.NDArray[np.intp]

BLOCK_NUMBERS = 2_000_000
"""Numbers that one block of origins may hold, origins × arcs."""


def arc_betweenness(
    topology: Topology,
    metric_min: Floats,
    *,
    from_numbers: Numbers | None = None,
    to_numbers: Numbers | None = None,
    trips: Floats | None = None,
) -> Floats:
    """Share of the quickest ways that go over each arc, summed over trips (Brandes 2001, 2008).

    Of several equally quick ways each carries its part, parallel arcs too. The order of all
    nodes by minutes makes the ways from one origin a triangular matrix: their numbers and what
    they carry are two solutions of it.

    Parameters
    ----------
    metric_min
        Minutes of each arc, above 0; ``inf`` closes an arc. All 1 for betweenness by hops.
    from_numbers, to_numbers
        Nodes where trips start and end; without them every node.
    trips
        Persons, origins × destinations; without them 1 for every pair of different nodes, so
        that the sum over both ways of a two-way link is twice its undirected betweenness.

    Returns
    -------
    arc_betweenness
        One number for each arc of the topology; trips without a way are on none.

    Raises
    ------
    NetworkError
        If an open arc takes no time: ways of no time could go in circles.
    """
    metric_ms = milliseconds(topology, metric_min)
    if (metric_ms == 0).any():
        raise NetworkError(
            f"'{topology.arcs[metric_ms == 0][0]}' takes no time, so that ways cannot be counted; "
            "give it a millisecond or more, or load trips with all_or_nothing()"
        )
    every = np.arange(len(topology.nodes))
    starts = every if from_numbers is None else from_numbers
    ends = every if to_numbers is None else to_numbers
    total = np.zeros(len(metric_ms))
    size = max(1, BLOCK_NUMBERS // max(1, len(metric_ms) + len(every)))
    for first in range(0, len(starts), size):
        rows = slice(first, first + size)
        demand = np.zeros((len(starts[rows]), len(every)))
        if trips is None:
            demand[:, ends] = 1.0
        else:
            np.add.at(demand.T, ends, trips[rows].T)
        total += _block(topology, metric_ms, starts[rows], demand)
    return total


def _block(topology: Topology, metric_ms: Floats, starts: Numbers, demand: Floats) -> Floats:
    """Add up what the trips of some origins put on each arc; ``demand`` is by node."""
    reach = np.asarray(dijkstra(matrix_from_metric(topology, metric_ms), indices=starts))
    reach[reach > LONGEST_MS] = np.inf
    through = reach[:, topology.tail] + metric_ms
    row, arc = np.nonzero(np.isfinite(through) & (through == reach[:, topology.head]))
    rank = np.empty(reach.size, dtype=np.intp)
    rank[np.lexsort((reach.ravel(), np.repeat(np.arange(len(starts)), reach.shape[1])))] = (
        np.arange(reach.size)
    )
    base = row * reach.shape[1]
    tail, head = rank[base + topology.tail[arc]], rank[base + topology.head[arc]]
    one_more = csc_array((np.ones(len(arc)), (head, tail)), shape=(reach.size, reach.size))
    solver = splu(
        csc_array(eye_array(reach.size, format="csc") - one_more),
        permc_spec="NATURAL",
        diag_pivot_thresh=0.0,
    )
    start = np.zeros(reach.size)
    start[rank[np.arange(len(starts)) * reach.shape[1] + starts]] = 1.0
    ways = solver.solve(start)
    wanted = np.zeros(reach.size)
    wanted[rank] = np.where(np.isfinite(reach), demand, 0.0).ravel()
    carried = solver.solve(np.divide(wanted, ways, out=np.zeros_like(ways), where=ways > 0), "T")
    shares: Floats = ways[tail] * carried[head]
    return np.bincount(arc, weights=shares, minlength=len(metric_ms)).astype(float)
