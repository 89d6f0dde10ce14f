"""Betweenness of arcs, against networkx, published vectors and all-or-nothing loading."""

from __future__ import annotations

import json
from pathlib import Path

import networkx as nx
import numpy as np
import pytest

from agglo.errors import NetworkError
from agglo.transport import betweenness
from agglo.transport.betweenness import arc_betweenness
from agglo.transport.loading import all_or_nothing
from agglo.transport.topology import Floats, Topology
from tests.networks import network_of
from tests.tntp import read_network


def random_network(seed: int) -> tuple[Topology, Floats]:
    """Many equally quick ways, some closed arcs, no parallel ones."""
    random = np.random.default_rng(seed)
    pairs = random.choice(12 * 12, 45, replace=False)
    minutes = random.choice([1.0, 2.0, 3.0, np.inf], 45)
    arcs = [
        (f"n{a:02d}", f"n{b:02d}", m) for a, b, m in zip(*divmod(pairs, 12), minutes, strict=True)
    ]
    return network_of(arcs, [f"n{i:02d}" for i in range(12)])


def oracle(topology: Topology, metric: Floats, **choices: object) -> list[float]:
    graph = nx.DiGraph()
    graph.add_nodes_from(range(len(topology.nodes)))
    arcs = list(zip(topology.tail.tolist(), topology.head.tolist(), metric.tolist(), strict=True))
    graph.add_weighted_edges_from((a, b, m) for a, b, m in arcs if np.isfinite(m) and a != b)
    if choices:
        found = nx.edge_betweenness_centrality_subset(graph, weight="weight", **choices)
    else:
        found = nx.edge_betweenness_centrality(graph, normalized=False, weight="weight")
    return [found.get((a, b), 0.0) for a, b, _ in arcs]


@pytest.mark.parametrize("block", [60, 2_000_000])
@pytest.mark.parametrize("seed", range(15))
def test_networkx_finds_the_same_betweenness(
    seed: int, block: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(betweenness, "BLOCK_NUMBERS", block)
    topology, metric = random_network(seed)
    got = arc_betweenness(topology, metric)
    np.testing.assert_allclose(got, oracle(topology, metric), rtol=1e-12, atol=1e-12)


@pytest.mark.parametrize("seed", range(5))
def test_between_some_places_only_their_trips_count(seed: int) -> None:
    topology, metric = random_network(seed)
    starts, ends = np.array([0, 3, 5]), np.array([1, 3, 7, 9])
    got = arc_betweenness(topology, metric, from_numbers=starts, to_numbers=ends)
    wanted = oracle(topology, metric, sources=starts.tolist(), targets=ends.tolist())
    np.testing.assert_allclose(got, wanted, rtol=1e-12, atol=1e-12)


def test_trips_split_over_equally_quick_ways() -> None:
    diamond = [("a", "b", 1.0), ("a", "c", 1.0), ("b", "d", 1.0), ("c", "d", 1.0), ("d", "e", 1.0)]
    topology, metric = network_of(diamond)
    numbers = topology.nodes.get_indexer(["a", "e"])
    trips = np.array([[5.0, 12.0], [7.0, 5.0]])
    got = arc_betweenness(topology, metric, from_numbers=numbers, to_numbers=numbers, trips=trips)
    assert got.tolist() == [6, 6, 6, 6, 12]


def test_places_at_one_node_add_up() -> None:
    topology, metric = network_of([("a", "b", 1.0)])
    trips = np.array([[2.0, 3.0]])
    got = arc_betweenness(
        topology, metric, from_numbers=np.array([0]), to_numbers=np.array([1, 1]), trips=trips
    )
    assert got.tolist() == [5]


@pytest.mark.parametrize("seed", range(4))
def test_where_ways_are_unique_all_or_nothing_loading_is_the_same(seed: int) -> None:
    topology, metric = random_network(seed)
    random = np.random.default_rng(seed)
    unique = metric * np.rint(random.uniform(500, 1500, len(metric))) / 1000
    trips = random.integers(0, 5, (12, 12)).astype(float)
    np.fill_diagonal(trips, 0)
    ends = {"from_numbers": np.arange(12), "to_numbers": np.arange(12)}
    got = arc_betweenness(topology, unique, trips=trips, **ends)
    wanted = all_or_nothing(topology, unique, trips, **ends).volume_veh_per_h
    np.testing.assert_allclose(got, wanted, atol=1e-9)


def test_sioux_falls_has_most_ways_between_6_and_8(shared: Path) -> None:
    """vectors.json: both ways of a link together are twice its undirected betweenness."""
    vectors = json.loads((shared / "vectors.json").read_text(encoding="utf-8"))
    network = read_network(shared / "data" / "networks" / "tntp" / "SiouxFalls", "SiouxFalls")
    got = arc_betweenness(network.topology, network.congestion.free_min)
    assert got.max() == pytest.approx(vectors["network"]["siouxfalls"]["max_edge_betweenness"])
    worst = network.links[np.isclose(got, got.max())]
    ends = zip(worst["init_node"], worst["term_node"], strict=True)
    assert set(ends) == {(6, 8), (8, 6)}


def test_an_arc_of_no_time_is_refused_by_name() -> None:
    topology, metric = network_of([("a", "b", 0.0), ("b", "a", 1.0)])
    with pytest.raises(NetworkError, match="'000:a>b' takes no time"):
        arc_betweenness(topology, metric)


def test_without_origins_nothing_is_carried() -> None:
    topology, metric = network_of([("a", "b", 1.0)])
    nobody = np.empty(0, dtype=np.intp)
    assert arc_betweenness(topology, metric, from_numbers=nobody).tolist() == [0]
    assert arc_betweenness(topology, np.array([np.inf])).tolist() == [0]
