"""The quickest way around an arc whose link is closed."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import numpy.typing as npt
from scipy.sparse import csr_array
from scipy.sparse.csgraph import dijkstra

from agglo.transport.closing import CloseArcs, Closing
from agglo.transport.topology import LONGEST_MS, Floats, Topology, milliseconds
from agglo.units import MS_PER_MINUTE

Numbers = npt.NDArray[np.intp]

LOCAL_NODES = 50_000
"""Up to so many nodes a search around one arc is quicker than to weigh a hierarchy anew."""

FIRST_LIMIT = 4
"""The search goes as far as so many times the arc and a minute, then as much farther again."""


def replacement_minutes(
    topology: Topology,
    metric_min: Floats,
    arcs: Numbers,
    closed: Sequence[list[int]],
    *,
    close: CloseArcs,
) -> Floats:
    """Find the quickest way from the tail to the head of each arc without some arcs.

    Parameters
    ----------
    arcs
        Numbers of arcs of the topology.
    closed
        For each of them the arcs that are closed, itself among them.
    close
        From ``closer``, of the same metric: asked in networks of many nodes.

    Returns
    -------
    replacement_minutes
        One for each of ``arcs``; ``inf`` where there is no way around.
    """
    metric_ms = milliseconds(topology, metric_min)
    is_open = np.isfinite(metric_ms)
    is_met = np.zeros(len(topology.nodes), dtype=bool)
    is_met[topology.tail[is_open]] = is_met[topology.head[is_open]] = True
    if topology.hierarchy is None or is_met.sum() <= LOCAL_NODES:
        return _by_search(topology, metric_ms, arcs, closed, is_met=is_met)
    sides = topology.tail[arcs].tolist(), topology.head[arcs].tolist()
    asked = [Closing(own, [tail], [head]) for own, tail, head in zip(closed, *sides, strict=True)]
    return close(asked).astype(float)


def _by_search(
    topology: Topology,
    metric_ms: Floats,
    arcs: Numbers,
    closed: Sequence[list[int]],
    *,
    is_met: npt.NDArray[np.bool_],
) -> Floats:
    """Search among the nodes met by open arcs, in a circle that grows until the way is found.

    Most ways around are short, so few nodes are looked at.
    """
    node = (np.cumsum(is_met) - 1).astype(np.int32)
    held = np.flatnonzero(np.isfinite(metric_ms))
    place = np.full(len(metric_ms), -1)
    place[held] = np.arange(len(held))
    count = int(is_met.sum())
    start = np.searchsorted(node[topology.tail[held]], np.arange(count + 1)).astype(np.int32)
    weight, head = metric_ms[held], node[topology.head]
    graph = csr_array((weight.copy(), head[held], start), shape=(count, count))
    found = np.full(len(arcs), np.inf)
    for number, (arc, links) in enumerate(zip(arcs.tolist(), closed, strict=True)):
        gone = place[links][place[links] >= 0]
        graph.data[gone] = np.inf
        limit = FIRST_LIMIT * (metric_ms[arc] + MS_PER_MINUTE)
        while np.isinf(found[number]) and limit < FIRST_LIMIT * LONGEST_MS:
            reach = dijkstra(graph, indices=node[topology.tail[arc]], limit=min(limit, LONGEST_MS))
            found[number] = reach[head[arc]]
            limit *= FIRST_LIMIT
        graph.data[gone] = weight[gone]
    return found / MS_PER_MINUTE
