"""Short ways along strands between points that lie close to each other."""

from __future__ import annotations

import numpy as np
from scipy.sparse import csr_array
from scipy.sparse.csgraph import dijkstra

from agglo.layers.repair_strands import Floats, Ints

SOURCES_AT_ONCE = 64
"""Origins per call of Dijkstra, which holds a row of all points for each."""


def short_ways(
    strands: tuple[Ints, Ints, Floats], pairs: tuple[Ints, Ints], *, limit_m: float
) -> Floats:
    """Return the way along strands between pairs of points, ``inf`` above the limit.

    Parameters
    ----------
    strands
        The numbers of the points where each begins and ends, and its length in metres.
    pairs
        The numbers of the points from and to.
    """
    tail, head, length_m = strands
    source, target = pairs
    ways = np.where(source == target, 0.0, np.inf)
    short = (length_m <= limit_m) & (tail != head)
    points, local = np.unique(np.concatenate([tail[short], head[short]]), return_inverse=True)
    if not len(points):
        return ways
    graph = _graph(local[: short.sum()], local[short.sum() :], length_m[short], len(points))
    start = np.searchsorted(points, source).clip(max=len(points) - 1)
    stop = np.searchsorted(points, target).clip(max=len(points) - 1)
    asked = np.flatnonzero((points[start] == source) & (points[stop] == target))
    origins, row = np.unique(start[asked], return_inverse=True)
    for begin in range(0, len(origins), SOURCES_AT_ONCE):
        chunk = origins[begin : begin + SOURCES_AT_ONCE]
        rows = dijkstra(graph, directed=False, indices=chunk, limit=limit_m)
        inside = (row >= begin) & (row < begin + SOURCES_AT_ONCE)
        ways[asked[inside]] = rows[row[inside] - begin, stop[asked[inside]]]
    return ways


def _graph(tail: Ints, head: Ints, length_m: Floats, count: int) -> csr_array:
    """Join strands to a graph; of parallel ones the shortest counts."""
    low, high = np.minimum(tail, head), np.maximum(tail, head)
    order = np.lexsort((length_m, high, low))
    low, high, length = low[order], high[order], length_m[order]
    first = (np.diff(low, prepend=-1) != 0) | (np.diff(high, prepend=-1) != 0)
    return csr_array((length[first], (low[first], high[first])), shape=(count, count))
