"""Bridges: links without which a network falls apart."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt
from scipy.sparse import csr_array
from scipy.sparse.csgraph import breadth_first_order, connected_components

Numbers = npt.NDArray[np.intp]
Flags = npt.NDArray[np.bool_]


def bridges(nodes_count: int, first: Numbers, last: Numbers) -> Flags:
    """Mark the edges of an undirected multigraph without which a part falls in two.

    An edge of a spanning tree is a bridge if no other edge joins what hangs on it to the rest
    (Tarjan 1974). Of every other edge, each end adds one and the place where the ways from both
    meet in the tree takes two away; what adds up to nothing below a tree edge is not held.

    Parameters
    ----------
    nodes_count
        Nodes are numbered from 0 to this, not included.
    first, last
        The two ends of each edge; parallel edges hold each other, loops hold nothing.

    Returns
    -------
    bridges
        One flag for each edge.

    Examples
    --------
    >>> bridges(4, np.array([0, 1, 2, 2]), np.array([1, 2, 0, 3])).tolist()
    [False, False, False, True]
    """
    if not len(first):
        return np.zeros(0, dtype=bool)
    low, high = np.minimum(first, last).astype(np.int64), np.maximum(first, last).astype(np.int64)
    pairs, which, times = np.unique(
        low * nodes_count + high, return_inverse=True, return_counts=True
    )
    low, high = np.divmod(pairs, nodes_count)
    before = _forest(nodes_count, low, high)
    in_tree = (before[low] == high) | (before[high] == low)
    is_single = (times == 1) & (low != high)
    rest = ~(in_tree & is_single) & (low != high)
    meeting = _meetings(before, low[rest], high[rest])
    held = np.bincount(low[rest], minlength=nodes_count + 1) + np.bincount(
        high[rest], minlength=nodes_count + 1
    )
    held = _sum_below(before, held - 2 * np.bincount(meeting, minlength=nodes_count + 1))
    below = np.where(before[low] == high, low, high)
    is_bridge: Flags = (in_tree & is_single & (held[below] == 0))[which]
    return is_bridge


def _forest(nodes_count: int, low: Numbers, high: Numbers) -> Numbers:
    """Return the node before each in a breadth-first forest under one root of its own number."""
    count = nodes_count + 1
    ends = np.concatenate([low, high]), np.concatenate([high, low])
    graph = csr_array((np.ones(2 * len(low)), ends), shape=(count, count))
    _, part = connected_components(graph, directed=False)
    _, heads = np.unique(part[:nodes_count], return_index=True)
    root = np.full(len(heads), nodes_count)
    ends = np.concatenate([ends[0], root]), np.concatenate([ends[1], heads])
    graph = csr_array((np.ones(len(ends[0])), ends), shape=(count, count))
    _, before = breadth_first_order(graph, nodes_count, directed=True)
    return np.where(before < 0, nodes_count, before).astype(np.intp)


def _leaps(before: Numbers) -> list[Numbers]:
    """Return the node 1, 2, 4, 8 … steps up, until every leap ends at the root."""
    root = len(before) - 1
    leaps = [before]
    while (leaps[-1] != root).any():
        leaps.append(leaps[-1][leaps[-1]])
    return leaps


def _sum_below(before: Numbers, values: Numbers) -> Numbers:
    """Add up values over each node and all that hang below it; the root's sum is of no use."""
    total = values
    for leap in _leaps(before):
        total = total + np.bincount(leap, weights=total, minlength=len(before)).astype(np.intp)
    return total


def _meetings(before: Numbers, first: Numbers, last: Numbers) -> Numbers:
    """Return the lowest node above both, or one of them."""
    root = len(before) - 1
    leaps = _leaps(before)
    depth = (np.arange(len(before)) != root).astype(np.intp)
    for leap in leaps:
        depth = depth + depth[leap]
    swap = depth[first] < depth[last]
    deep, other = np.where(swap, last, first), np.where(swap, first, last)
    climb = depth[deep] - depth[other]
    for level, leap in enumerate(leaps):
        deep = np.where(climb >> level & 1 > 0, leap[deep], deep)
    for leap in reversed(leaps):
        apart = leap[deep] != leap[other]
        deep, other = np.where(apart, leap[deep], deep), np.where(apart, leap[other], other)
    meeting: Numbers = np.where(deep == other, deep, before[deep])
    return meeting
