"""Quickest ways, against networkx and by hand."""

from __future__ import annotations

import networkx as nx
import numpy as np
import pytest

from agglo.errors import NetworkError
from agglo.transport.skims import distances, skim
from agglo.transport.topology import Floats, Topology, node_numbers
from tests.networks import Arcs, network_of


def minutes(arcs: Arcs, start: str, end: str) -> float:
    return float(skim(*network_of(arcs), [start], [end])[0, 0])


def random_network(seed: int, nodes: int = 25, arcs: int = 90) -> tuple[Topology, Floats]:
    """Whole minutes, so that sums are exact; some arcs are parallel, some closed, some take 0."""
    random = np.random.default_rng(seed)
    names = [f"n{i:02d}" for i in range(nodes)]
    pairs = [(names[a], names[b]) for a, b in random.integers(0, nodes, (arcs, 2))]
    pairs += pairs[:15]
    weights = random.integers(0, 20, len(pairs)).astype(float)
    weights[random.random(len(pairs)) < 0.1] = np.inf
    return network_of([(a, b, m) for (a, b), m in zip(pairs, weights, strict=True)], names)


@pytest.mark.parametrize("seed", range(6))
def test_networkx_finds_the_same_minutes(seed: int) -> None:
    topology, metric = random_network(seed)
    graph = nx.DiGraph()
    graph.add_nodes_from(topology.nodes)
    for tail, head, minute in zip(topology.tail, topology.head, metric, strict=True):
        a, b = topology.nodes[tail], topology.nodes[head]
        known = graph.get_edge_data(a, b, {"minute": np.inf})["minute"]
        if minute < known:
            graph.add_edge(a, b, minute=minute)
    oracle = dict(nx.all_pairs_dijkstra_path_length(graph, weight="minute"))
    names = list(topology.nodes)
    wanted = [[oracle[a].get(b, np.inf) for b in names] for a in names]
    np.testing.assert_array_equal(skim(topology, metric, names, names), wanted)


@pytest.mark.parametrize("seed", range(3))
def test_going_backward_gives_the_same_minutes(seed: int) -> None:
    topology, metric = random_network(seed)
    every = np.arange(len(topology.nodes))
    there = distances(topology, metric, every)
    back = distances(topology, metric, every, backward=True)
    np.testing.assert_array_equal(there, back.T)


def test_of_parallel_arcs_the_quickest_counts_wherever_it_stands() -> None:
    arcs = [("a", "b", 9.0), ("a", "b", 4.0), ("a", "b", 7.0)]
    assert minutes(arcs, "a", "b") == 4
    assert minutes(arcs[::-1], "a", "b") == 4


def test_an_arc_of_no_minutes_is_a_way_and_not_a_gap() -> None:
    assert minutes([("a", "b", 0.0), ("b", "c", 5.0)], "a", "c") == 5
    assert minutes([("a", "b", 0.0)], "a", "b") == 0


def test_a_closed_arc_is_no_way() -> None:
    assert np.isinf(minutes([("a", "b", np.inf)], "a", "b"))
    assert minutes([("a", "b", np.inf), ("a", "b", 8.0)], "a", "b") == 8


def test_arcs_lead_one_way_only() -> None:
    assert np.isinf(minutes([("a", "b", 3.0)], "b", "a"))


def test_a_node_is_at_no_distance_from_itself() -> None:
    assert minutes([("a", "b", 3.0)], "a", "a") == 0


def test_rows_and_columns_follow_the_names_asked_for() -> None:
    network = network_of([("a", "b", 1.0), ("b", "c", 2.0)])
    got = skim(*network, ["b", "a"], ["c", "b", "c"])
    np.testing.assert_array_equal(got, [[2, 0, 2], [3, 1, 3]])


@pytest.mark.parametrize("wrong", [-1.0, float("nan")])
def test_a_time_that_no_way_takes_is_refused_by_name(wrong: float) -> None:
    with pytest.raises(NetworkError, match="'001:b>c' takes a negative time or one that is not"):
        minutes([("a", "b", 1.0), ("b", "c", wrong)], "a", "c")


def test_an_unknown_node_is_refused_with_the_next_step() -> None:
    topology, _ = network_of([("a", "b", 1.0)])
    with pytest.raises(NetworkError, match="'z' is joined to nothing; give it a row"):
        node_numbers(topology, ["a", "z"])
