"""All-or-nothing loading: every vehicle takes the quickest way, whatever the others do."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
from scipy.sparse import csr_array
from scipy.sparse.csgraph import dijkstra

from agglo.errors import NetworkError
from agglo.transport.topology import Floats, Topology

Numbers = npt.NDArray[np.intp]
"""Numbers of nodes or arcs of a topology."""

CHUNK_BYTES = 64_000_000
"""Memory for the trees of the origins that are loaded together."""

BYTES_PER_TREE_NODE = 20
"""Minutes and vehicles as float64, the node before as int32."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Loading:
    """What all-or-nothing loading puts on the arcs."""

    volume_veh_per_h: Floats
    """Vehicles on each arc of the topology."""

    skim_min: Floats
    """Minutes, origins × destinations, ``inf`` where there is no way."""

    total_veh_min: float
    """Vehicle-minutes of all served vehicles on their quickest ways."""

    unserved_veh_per_h: float
    """Vehicles that have no way; they are on no arc."""


@dataclass(frozen=True, slots=True, kw_only=True)
class _Ways:
    """The quickest arc of each (tail, head) pair, ordered by pair."""

    graph: csr_array
    pair: npt.NDArray[np.int64]
    """tail · nodes + head, rising."""

    arc: Numbers


def all_or_nothing(
    topology: Topology,
    metric_min: Floats,
    demand: Floats,
    *,
    from_numbers: Numbers,
    to_numbers: Numbers,
) -> Loading:
    """Put every vehicle on one quickest way (Dijkstra 1959, through scipy).

    The metric is taken as it is, not rounded to milliseconds as in skims: a rounded way may be
    longer than the quickest by half a millisecond per arc, which would keep an equilibrium from
    a relative gap below about 1e-5. Of equally quick ways it takes one, always the same for the
    same topology and metric; of parallel arcs the quickest, then the first.

    Parameters
    ----------
    metric_min
        Minutes of each arc of the topology, 0 or more; ``inf`` closes an arc.
    demand
        Vehicles per hour, origins × destinations, 0 or more.
    from_numbers, to_numbers
        Numbers of the nodes of origins and destinations; a trip to its own node loads no arc.

    Raises
    ------
    NetworkError
        If a minute or a vehicle count is negative or not a number, or a shape does not fit.
    """
    _check_metric(topology, metric_min)
    demand = check_demand(topology, demand, from_numbers, to_numbers)
    ways = _quickest_arcs(topology, metric_min)
    volume = np.zeros(len(metric_min))
    skim = np.empty(demand.shape)
    for own in _chunks(len(from_numbers), len(topology.nodes)):
        reach, before = dijkstra(ways.graph, indices=from_numbers[own], return_predecessors=True)
        skim[own] = reach[:, to_numbers]
        served = np.where(np.isfinite(skim[own]), demand[own], 0)
        volume += _arc_volume(ways, before, served, to_numbers, len(metric_min))
    has_way = np.isfinite(skim)
    return Loading(
        volume_veh_per_h=volume,
        skim_min=skim,
        total_veh_min=float(skim[has_way] @ demand[has_way]),
        unserved_veh_per_h=float(demand[~has_way].sum()),
    )


def check_demand(
    topology: Topology,
    demand: Floats,
    from_numbers: Numbers,
    to_numbers: Numbers,
) -> Floats:
    """Return the demand if it is a matrix of vehicles between nodes of the topology."""
    demand = np.asarray(demand, dtype=float)
    wanted = (len(from_numbers), len(to_numbers))
    if demand.shape != wanted:
        raise NetworkError(
            f"demand has the shape {demand.shape}, wanted {wanted}: origins × destinations"
        )
    for what, numbers in (("from_numbers", from_numbers), ("to_numbers", to_numbers)):
        wrong = (numbers < 0) | (numbers >= len(topology.nodes))
        if wrong.any():
            raise NetworkError(
                f"{what} holds {numbers[wrong][0]}, yet the nodes are numbered from 0 to "
                f"{len(topology.nodes) - 1}; use node_numbers()"
            )
    wrong = ~(np.isfinite(demand) & (demand >= 0))
    if wrong.any():
        origin, destination = np.argwhere(wrong)[0]
        raise NetworkError(
            f"demand from '{topology.nodes[from_numbers[origin]]}' to "
            f"'{topology.nodes[to_numbers[destination]]}' is {demand[origin, destination]}, "
            f"wanted vehicles per hour, 0 or more ({wrong.sum()} such pair(s))"
        )
    return demand


def _check_metric(topology: Topology, metric_min: Floats) -> None:
    if metric_min.shape != topology.tail.shape:
        raise NetworkError(
            f"the metric has the shape {metric_min.shape}, wanted {topology.tail.shape}: "
            "one number per arc of the topology"
        )
    wrong = ~(metric_min >= 0)
    if wrong.any():
        raise NetworkError(
            f"'{topology.arcs[wrong][0]}' takes a negative time or one that is not a number"
        )


def _quickest_arcs(topology: Topology, metric_min: Floats) -> _Ways:
    count = len(topology.nodes)
    is_open = np.flatnonzero(np.isfinite(metric_min))
    pair = topology.tail[is_open].astype(np.int64) * count + topology.head[is_open]
    order = np.lexsort((metric_min[is_open], pair))
    pair, is_open = pair[order], is_open[order]
    first = np.diff(pair, prepend=-1) > 0
    pair, arc = pair[first], is_open[first]
    start = np.searchsorted(pair, np.arange(count + 1) * count).astype(np.int32)
    head = (pair % count).astype(np.int32)
    graph = csr_array((metric_min[arc], head, start), shape=(count, count))
    return _Ways(graph=graph, pair=pair, arc=arc)


def _chunks(origins_count: int, nodes_count: int) -> list[slice]:
    size = max(1, CHUNK_BYTES // (BYTES_PER_TREE_NODE * max(1, nodes_count)))
    return [slice(start, start + size) for start in range(0, origins_count, size)]


def _arc_volume(
    ways: _Ways,
    before: npt.NDArray[np.int32],
    demand: Floats,
    to_numbers: Numbers,
    arcs_count: int,
) -> Floats:
    """Walk all vehicles back to their origins at once, one arc at a time."""
    count = before.shape[1]
    previous = before.ravel()
    arriving = np.zeros(previous.shape)
    origin, destination = np.nonzero(demand)
    vehicles = demand[origin, destination]
    row = origin * count
    place = row + to_numbers[destination]
    while place.size:
        step = previous[place]
        going = step >= 0
        if not going.all():
            row, place, step, vehicles = (one[going] for one in (row, place, step, vehicles))
        np.add.at(arriving, place, vehicles)
        place = row + step
    used = np.flatnonzero(arriving)
    pair = previous[used].astype(np.int64) * count + used % count
    arc = ways.arc[np.searchsorted(ways.pair, pair)]
    return np.bincount(arc, weights=arriving[used], minlength=arcs_count).astype(float, copy=False)
