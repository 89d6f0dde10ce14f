"""The part of a topology that leads anywhere by one mode: small ones need no hierarchy."""

from __future__ import annotations

from typing import Any

import numpy as np
import numpy.typing as npt
from scipy.sparse import csr_array
from scipy.sparse.csgraph import breadth_first_order

from agglo.transport.topology import Floats, Topology, topology_of_arcs

Numbers = npt.NDArray[np.integer[Any]]
Flags = npt.NDArray[np.bool_]

FEW_ARCS = 20_000
"""Up to so many arcs Dijkstra is quicker than to weigh the hierarchy of the whole network."""


def part_that_leads(
    topology: Topology, is_open: Flags, from_numbers: Numbers, to_numbers: Numbers
) -> tuple[Topology, Flags] | None:
    """Keep the arcs that lead from some nodes to others, where they are few; all ways stay.

    Parameters
    ----------
    from_numbers, to_numbers
        Numbers of nodes; they stay, even without arcs.

    Returns
    -------
    topology, kept
        The part, and which arcs it holds; ``None`` where the network is small as it is, or its
        part is large.
    """
    if topology.hierarchy is None:
        return None
    kept = is_open
    if np.count_nonzero(kept) > FEW_ARCS:
        kept = _reached(topology.head, topology.tail, is_open, to_numbers, len(topology.nodes))
        kept = _reached(topology.tail, topology.head, kept, from_numbers, len(topology.nodes))
    if np.count_nonzero(kept) > FEW_ARCS:
        return None
    return topology_of_arcs(
        topology, kept, np.concatenate([from_numbers, to_numbers]).astype(np.intp)
    ), kept


def part_of_metric(
    topology: Topology, metric_min: Floats, from_numbers: Numbers, to_numbers: Numbers
) -> tuple[Topology, Floats]:
    """Take the part that leads from some nodes to others and its minutes, or all of a network."""
    found = part_that_leads(topology, np.isfinite(metric_min), from_numbers, to_numbers)
    if found is None:
        return topology, metric_min
    return found[0], metric_min[found[1]]


def _reached(
    tail: Numbers, head: Numbers, is_open: Flags, start_numbers: Numbers, count: int
) -> Flags:
    """Mark the open arcs that are met on the way from some nodes, tail to head."""
    arcs = np.flatnonzero(is_open)
    # one more node, joined to all starts, so that one search serves them
    first = np.concatenate([tail[arcs], np.full(len(start_numbers), count)])
    last = np.concatenate([head[arcs], start_numbers])
    matrix = csr_array((np.ones(len(first)), (first, last)), shape=(count + 1, count + 1))
    met = np.zeros(count + 1, dtype=bool)
    met[breadth_first_order(matrix, count, return_predecessors=False)] = True
    reached: Flags = is_open & met[tail]
    return reached
