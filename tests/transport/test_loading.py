"""All-or-nothing loading against hand-made cases and a second way of computing."""

from __future__ import annotations

from itertools import pairwise

import networkx as nx
import numpy as np
import pytest

from agglo.errors import NetworkError
from agglo.transport import loading
from agglo.transport.loading import Loading, all_or_nothing
from agglo.transport.topology import Floats, Topology
from tests.congested import ends_at, ends_of, in_given_order
from tests.networks import Arcs, network_of


def load(
    arcs: Arcs, demand: list[list[float]], origins: str, destinations: str
) -> tuple[Topology, Loading]:
    topology, metric = network_of(arcs)
    ends = ends_of(topology, origins, destinations)
    return topology, all_or_nothing(topology, metric, np.array(demand, dtype=float), **ends)


def volumes(arcs: Arcs, demand: list[list[float]], origins: str, destinations: str) -> list[float]:
    topology, found = load(arcs, demand, origins, destinations)
    return in_given_order(topology, found.volume_veh_per_h)


def test_all_vehicles_take_the_quickest_way() -> None:
    arcs = [("a", "b", 3.0), ("b", "c", 4.0), ("a", "c", 8.0)]
    assert volumes(arcs, [[10, 20]], "a", "bc") == [30, 20, 0]


def test_trips_of_several_origins_add_up() -> None:
    arcs = [("a", "c", 1.0), ("b", "c", 1.0), ("c", "d", 1.0)]
    topology, found = load(arcs, [[5], [7]], "ab", "d")
    assert in_given_order(topology, found.volume_veh_per_h) == [5, 7, 12]
    assert found.total_veh_min == 24
    assert found.skim_min.tolist() == [[2], [2]]


def test_of_parallel_roads_the_quicker_one_is_taken_and_of_equal_ones_the_first() -> None:
    assert volumes([("a", "b", 3.0), ("a", "b", 2.0)], [[9]], "a", "b") == [0, 9]
    assert volumes([("a", "b", 2.0), ("a", "b", 2.0)], [[9]], "a", "b") == [9, 0]


def test_a_road_without_minutes_is_a_road() -> None:
    arcs = [("a", "b", 0.0), ("b", "c", 0.0), ("c", "b", 0.0), ("a", "c", 1.0)]
    assert volumes(arcs, [[4]], "a", "c") == [4, 4, 0, 0]


def test_a_closed_road_is_none() -> None:
    arcs = [("a", "b", np.inf), ("a", "c", 5.0), ("c", "b", 5.0)]
    assert volumes(arcs, [[4]], "a", "b") == [0, 4, 4]


def test_a_trip_to_its_own_node_loads_nothing() -> None:
    topology, found = load([("a", "b", 3.0), ("b", "a", 3.0)], [[6, 1]], "a", "ab")
    assert in_given_order(topology, found.volume_veh_per_h) == [1, 0]
    assert found.unserved_veh_per_h == 0


def test_vehicles_without_a_way_are_counted_and_not_loaded() -> None:
    topology, found = load([("a", "b", 3.0), ("d", "c", 1.0)], [[6, 2.5]], "a", "bc")
    assert in_given_order(topology, found.volume_veh_per_h) == [6, 0]
    assert found.unserved_veh_per_h == 2.5
    assert found.skim_min.tolist() == [[3, np.inf]]
    assert found.total_veh_min == 18


def test_no_demand_gives_the_minutes_and_no_volume() -> None:
    topology, found = load([("a", "b", 3.0)], [[0]], "a", "b")
    assert in_given_order(topology, found.volume_veh_per_h) == [0]
    assert found.skim_min.tolist() == [[3]]


def test_no_origin_at_all_loads_nothing() -> None:
    topology, metric = network_of([("a", "b", 3.0)])
    found = all_or_nothing(topology, metric, np.empty((0, 1)), **ends_of(topology, "", "b"))
    assert found.volume_veh_per_h.tolist() == [0]
    assert found.skim_min.shape == (0, 1)


def city(seed: int) -> tuple[Topology, Floats]:
    """Build a random network with parallel, free and closed roads."""
    random = np.random.default_rng(seed)
    names = [chr(ord("a") + number) for number in range(20)]
    arcs = [
        (*random.choice(names, 2), random.choice([0.0, np.inf, *random.uniform(1, 9, 8)]))
        for _ in range(50)
    ]
    return network_of([*arcs, *((name, name, 1.0) for name in names)])


@pytest.mark.parametrize("seed", range(5))
def test_loads_equal_those_of_one_way_after_the_other(seed: int) -> None:
    topology, metric = city(seed)
    random = np.random.default_rng(seed + 100)
    demand = random.integers(0, 4, (8, 9)).astype(float)
    ends = ends_of(topology, "abcdefgh", "abcdefghi")
    found = all_or_nothing(topology, metric, demand, **ends)
    graph = nx.DiGraph()
    graph.add_nodes_from(range(len(topology.nodes)))
    for tail, head, minutes in zip(topology.tail, topology.head, metric, strict=True):
        if np.isfinite(minutes) and minutes < graph.get_edge_data(tail, head, {"w": 1e9})["w"]:
            graph.add_edge(tail, head, w=minutes)
    balance, total, unserved = np.zeros(len(topology.nodes)), 0.0, 0.0
    for row, origin in enumerate(ends["from_numbers"]):
        reach = nx.single_source_dijkstra_path_length(graph, origin, weight="w")
        for column, destination in enumerate(ends["to_numbers"]):
            minutes = reach.get(destination, np.inf)
            assert found.skim_min[row, column] == pytest.approx(minutes)
            if np.isinf(minutes):
                unserved += demand[row, column]
                continue
            total += minutes * demand[row, column]
            balance[destination] += demand[row, column]
            balance[origin] -= demand[row, column]
    used = found.volume_veh_per_h > 0
    assert found.unserved_veh_per_h == unserved
    assert found.total_veh_min == pytest.approx(total)
    assert found.volume_veh_per_h[used] @ metric[used] == pytest.approx(total)
    np.testing.assert_allclose(ends_at(topology, found.volume_veh_per_h), balance, atol=1e-9)


def test_loading_in_small_portions_changes_nothing(monkeypatch: pytest.MonkeyPatch) -> None:
    topology, metric = city(7)
    demand = np.random.default_rng(7).integers(0, 9, (20, 20)).astype(float)
    ends = ends_of(topology, "abcdefghijklmnopqrst", "abcdefghijklmnopqrst")
    whole = all_or_nothing(topology, metric, demand, **ends)
    monkeypatch.setattr(loading, "CHUNK_BYTES", 3 * 20 * 20)
    parts = all_or_nothing(topology, metric, demand, **ends)
    np.testing.assert_array_equal(parts.volume_veh_per_h, whole.volume_veh_per_h)
    np.testing.assert_array_equal(parts.skim_min, whole.skim_min)


def test_a_long_road_of_many_pieces_is_walked_to_its_end() -> None:
    names = [f"{number:05d}" for number in range(3000)]
    pieces = [(a, b, 0.1) for a, b in pairwise(names)]
    topology, metric = network_of(pieces)
    ends = {"from_numbers": np.array([0]), "to_numbers": np.array([1500, 2999])}
    found = all_or_nothing(topology, metric, np.array([[2.0, 3.0]]), **ends)
    assert found.volume_veh_per_h[[0, 1499, 1500, 2998]].tolist() == [5, 5, 3, 3]


def test_what_is_given_is_left_as_it_was() -> None:
    topology, metric = city(1)
    demand = np.ones((2, 2))
    kept = metric.copy()
    all_or_nothing(topology, metric, demand, **ends_of(topology, "ab", "cd"))
    np.testing.assert_array_equal(metric, kept)
    assert (demand == 1).all()


@pytest.mark.parametrize(
    ("demand", "message"),
    [
        ([[1.0, -2.0]], "demand from 'a' to 'c' is -2.0, wanted vehicles per hour, 0 or more"),
        ([[np.nan, 2.0]], "demand from 'a' to 'b' is nan"),
        ([[np.inf, 2.0]], "demand from 'a' to 'b' is inf"),
        ([[1.0]], r"demand has the shape \(1, 1\), wanted \(1, 2\)"),
    ],
)
def test_a_demand_that_is_none_is_refused(demand: list[list[float]], message: str) -> None:
    with pytest.raises(NetworkError, match=message):
        load([("a", "b", 1.0), ("a", "c", 1.0)], demand, "a", "bc")


@pytest.mark.parametrize("minutes", [-1.0, np.nan])
def test_a_road_with_impossible_minutes_is_named(minutes: float) -> None:
    with pytest.raises(NetworkError, match="'000:a>b' takes a negative time or one that is not"):
        load([("a", "b", minutes)], [[1]], "a", "b")


def test_a_metric_of_other_arcs_is_refused() -> None:
    topology, _ = network_of([("a", "b", 1.0)])
    with pytest.raises(NetworkError, match=r"the metric has the shape \(2,\), wanted \(1,\)"):
        all_or_nothing(topology, np.ones(2), np.ones((1, 1)), **ends_of(topology, "a", "b"))


def test_a_number_that_is_no_node_is_refused() -> None:
    topology, metric = network_of([("a", "b", 1.0)])
    ends = {"from_numbers": np.array([0]), "to_numbers": np.array([2])}
    with pytest.raises(NetworkError, match="to_numbers holds 2, yet the nodes are numbered"):
        all_or_nothing(topology, metric, np.ones((1, 1)), **ends)
