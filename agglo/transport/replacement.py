"""The quickest way around an arc whose link is closed."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import numpy.typing as npt
from scipy.sparse.csgraph import dijkstra

from agglo.transport.skims import matrix_from_metric
from agglo.transport.topology import LONGEST_MS, Floats, Topology, milliseconds
from agglo.units import MS_PER_MINUTE

Numbers = npt.NDArray[np.intp]

FIRST_LIMIT = 4
"""The search goes as far as so many times the arc and a minute, then as much farther again."""


def replacement_minutes(
    topology: Topology, metric_min: Floats, arcs: Numbers, closed: Sequence[list[int]]
) -> Floats:
    """Find the quickest way from the tail to the head of each arc without some arcs.

    Dijkstra (1959), through scipy, in a circle that grows until the way is found: most ways
    around are short.

    Parameters
    ----------
    arcs
        Numbers of arcs of the topology.
    closed
        For each of them the arcs that are closed, itself among them.

    Returns
    -------
    replacement_minutes
        One for each of ``arcs``; ``inf`` where there is no way around.
    """
    metric_ms = milliseconds(topology, metric_min)
    graph = matrix_from_metric(topology, metric_ms.copy())
    found = np.full(len(arcs), np.inf)
    for number, (arc, gone) in enumerate(zip(arcs.tolist(), closed, strict=True)):
        graph.data[gone] = np.inf
        limit = FIRST_LIMIT * (metric_ms[arc] + MS_PER_MINUTE)
        while np.isinf(found[number]) and limit < FIRST_LIMIT * LONGEST_MS:
            reach = dijkstra(graph, indices=topology.tail[arc], limit=min(limit, LONGEST_MS))
            found[number] = reach[topology.head[arc]]
            limit *= FIRST_LIMIT
        graph.data[gone] = metric_ms[gone]
    return found / MS_PER_MINUTE
