"""AequilibraE's core: Dijkstra in Cython between centroids, and traffic assignment."""

from __future__ import annotations

import numpy as np
import pandas as pd
from aequilibrae.matrix import AequilibraeMatrix
from aequilibrae.paths import Graph as Network
from aequilibrae.paths import NetworkSkimming, TrafficAssignment, TrafficClass

from benchmarks.questions import Assignment, Floats, Graph, Numbers

PACKAGES = ("aequilibrae", "numpy", "pandas")
BUILDS_ANEW = True
ALL_PAIRS = True
"""A matrix is between all zones of the graph, so that fewer origins means fewer zones."""

NO_WAY_S = 1e12


def build(graph: Graph, seconds: Floats) -> Network:
    """Compress the open arcs around the zones; node numbers begin at 1."""
    is_open = np.isfinite(seconds)
    links = pd.DataFrame(
        {
            "link_id": np.arange(1, is_open.sum() + 1),
            "a_node": graph.tail[is_open].astype(np.int64) + 1,
            "b_node": graph.head[is_open].astype(np.int64) + 1,
            "direction": 1,
            "seconds": seconds[is_open],
        }
    )
    made = _network(links, "seconds", graph.zones + 1)
    made.set_blocked_centroid_flows(False)
    return made


def retimed(built: None, graph: Graph, seconds: Floats) -> Network:
    """Build anew: new links need a new graph."""
    del built
    return build(graph, seconds)


def matrix_s(built: Network, from_numbers: Numbers, to_numbers: Numbers) -> Floats:
    """Return seconds, origins × destinations, out of the matrix between all zones."""
    skimming = NetworkSkimming(built)
    skimming.execute()
    skims = skimming.results.skims
    place = pd.Index(skims.index)
    rows, columns = (place.get_indexer(ends + 1) for ends in (from_numbers, to_numbers))
    found = skims.matrix["seconds"][np.ix_(rows, columns)]
    return np.where(found >= NO_WAY_S, np.inf, found)


def build_assignment(question: Assignment) -> TrafficClass:
    """Make the graph and the matrix of trips."""
    links = pd.DataFrame(
        {
            "link_id": np.arange(1, len(question.tail) + 1),
            "a_node": question.tail + 1,
            "b_node": question.head + 1,
            "direction": 1,
            "capacity": question.capacity_veh_per_h,
            "free_min": question.free_min,
            "alpha": question.alpha,
            "power": question.power,
        }
    )
    zones = np.arange(1, len(question.demand) + 1)
    network = _network(links, "free_min", zones)
    network.set_blocked_centroid_flows(question.first_through > 0)
    trips = AequilibraeMatrix()
    trips.create_empty(zones=len(zones), matrix_names=["car"], memory_only=True)
    trips.index[:] = zones
    trips.matrix["car"][:, :] = question.demand
    trips.computational_view(["car"])
    return TrafficClass("car", network, trips)


def assign(built: TrafficClass, question: Assignment, gap: float) -> tuple[Floats, float, int]:
    """Return vehicles on each link, the relative gap and the number of rounds."""
    del question
    assignment = TrafficAssignment()
    assignment.set_classes([built])
    assignment.set_vdf("BPR")
    assignment.set_vdf_parameters({"alpha": "alpha", "beta": "power"})
    assignment.set_capacity_field("capacity")
    assignment.set_time_field("free_min")
    assignment.set_algorithm("bfw")
    assignment.max_iter = 10_000
    assignment.rgap_target = gap
    assignment.execute(log_specification=False)
    report = assignment.report()
    volume = assignment.results().sort_index()["PCE_AB"].to_numpy(dtype=float)
    return volume, float(report["rgap"].iloc[-1]), len(report)


def _network(links: pd.DataFrame, cost: str, centroids: Numbers) -> Network:
    made = Network()
    made.cost, made.mode = cost, "c"
    made.network, made.network_ok, made.status = links, True, "OK"
    made.prepare_graph(centroids)
    made.set_graph(cost)
    made.set_skimming([cost])
    return made
