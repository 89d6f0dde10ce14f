"""Time matrices (skims): the quickest way from every origin to every destination."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import numpy.typing as npt
import pandas as pd
from scipy.sparse import csr_array
from scipy.sparse.csgraph import dijkstra

from agglo.errors import NetworkError
from agglo.transport.network import Floats, Topology


def skim(
    topology: Topology, metric_min: Floats, origins: Sequence[str], destinations: Sequence[str]
) -> Floats:
    """Return the minutes of the quickest way (Dijkstra 1959, through scipy).

    Parameters
    ----------
    metric_min
        Minutes of each arc of the topology, 0 or more; ``inf`` closes an arc.
    origins, destinations
        Names of nodes of the topology.

    Returns
    -------
    skim
        Minutes, origins × destinations, ``inf`` where there is no way.

    Raises
    ------
    NetworkError
        If a minute is negative or not a number, or a node is unknown.
    """
    reach = distances(topology, metric_min, node_numbers(topology, origins))
    return reach[:, node_numbers(topology, destinations)]


def distances(
    topology: Topology,
    metric_min: Floats,
    sources: npt.NDArray[np.intp],
    *,
    backward: bool = False,
) -> Floats:
    """Return minutes from each source to every node, or to each source where ``backward``."""
    if np.isnan(metric_min).any() or (metric_min < 0).any():
        worst = topology.arcs[np.isnan(metric_min) | (metric_min < 0)][0]
        raise NetworkError(f"'{worst}' takes a negative time or one that is not a number")
    return np.asarray(
        dijkstra(_graph(topology, metric_min, backward=backward), indices=sources), dtype=float
    )


def node_numbers(topology: Topology, names: Sequence[str]) -> npt.NDArray[np.intp]:
    """Return the numbers of nodes by name."""
    numbers = topology.nodes.get_indexer(pd.Index(names))
    if (numbers < 0).any():
        unknown = names[int(np.flatnonzero(numbers < 0)[0])]
        raise NetworkError(
            f"'{unknown}' is joined to nothing; give it a row in the layer 'connectors'"
        )
    return np.asarray(numbers, dtype=np.intp)


def _graph(topology: Topology, metric_min: Floats, *, backward: bool) -> csr_array:
    """Read arcs and minutes as a sparse matrix; a closed arc stays in it and never wins."""
    tail, head, minutes = topology.tail, topology.head, metric_min
    if backward:
        order = np.argsort(head, kind="stable")
        tail, head, minutes = head[order], tail[order], minutes[order]
    count = len(topology.nodes)
    start = np.searchsorted(tail, np.arange(count + 1)).astype(np.int32)
    return csr_array((minutes, head, start), shape=(count, count))
