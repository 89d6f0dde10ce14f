"""Indices of whole networks, against published vectors and closed forms."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import networkx as nx
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from agglo.errors import NetworkError
from agglo.transport import indices
from agglo.transport.indices import (
    algebraic_connectivity,
    detours,
    global_efficiency,
    network_efficiency,
    planar_indices,
    simple_links,
)
from tests.tntp import links_of

Ends = tuple[np.ndarray, np.ndarray]
NX_EXAMPLE = ((0, 1), (0, 2), (0, 3), (1, 2), (1, 3))
"""The graph in the documentation of networkx.global_efficiency."""


@pytest.fixture(scope="session")
def vectors(shared: Path) -> dict[str, Any]:
    """Return the published vectors."""
    return dict(json.loads((shared / "vectors.json").read_text(encoding="utf-8")))


@pytest.fixture(scope="session")
def sioux_falls(shared: Path) -> tuple[Ends, np.ndarray]:
    """Return the ends, from 0, and free-flow minutes of the 76 arcs."""
    path = shared / "data" / "networks" / "tntp" / "SiouxFalls" / "SiouxFalls_net.tntp"
    links = links_of(path.read_text(encoding="utf-8"))
    ends = links["init_node"].to_numpy() - 1, links["term_node"].to_numpy() - 1
    return ends, links["free_flow_time"].to_numpy(dtype=float)


def ends_of(graph: nx.Graph) -> Ends:
    edges = np.array(graph.edges, dtype=np.intp).reshape(-1, 2)
    return edges[:, 0], edges[:, 1]


def both_ways(ends: Ends) -> Ends:
    return np.concatenate(ends), np.concatenate(ends[::-1])


def grid() -> nx.Graph:
    return nx.convert_node_labels_to_integers(nx.grid_2d_graph(3, 3))


def indices_of(graph: nx.Graph) -> dict[str, float]:
    ends = ends_of(graph)
    return planar_indices(len(graph), *ends, length_km=np.full(len(ends[0]), 2.0)).to_dict()


def test_k4_and_the_grid_have_their_published_indices(vectors: dict[str, Any]) -> None:
    k4, nine = indices_of(nx.complete_graph(4)), indices_of(grid())
    for got, wanted in ((k4, vectors["network"]["K4"]), (nine, vectors["network"]["grid3x3"])):
        assert got["alpha_share"] == pytest.approx(wanted["alpha"])
        assert got["links_per_node"] == pytest.approx(wanted["beta"])
        assert got["gamma_share"] == pytest.approx(wanted["gamma"])
        assert got["mean_link_km"] == 2
    assert nine["circuits_count"] == vectors["network"]["grid3x3"]["mu"]


def test_sioux_falls_has_its_published_indices(
    vectors: dict[str, Any], sioux_falls: tuple[Ends, np.ndarray]
) -> None:
    wanted, (ends, minutes) = vectors["network"]["siouxfalls"], sioux_falls
    got = planar_indices(24, *ends, length_km=minutes)
    assert got["nodes_count"] == wanted["v"]
    assert got["links_count"] == wanted["e"]
    assert got["circuits_count"] == wanted["mu"]
    assert got["alpha_share"] == pytest.approx(wanted["alpha"])
    assert got["links_per_node"] == pytest.approx(wanted["beta"])
    assert got["gamma_share"] == pytest.approx(wanted["gamma"])
    assert got["mean_link_km"] == pytest.approx(minutes.sum() / 76)
    assert network_efficiency(24, *ends) == pytest.approx(wanted["hop_eff"], abs=1e-10)
    assert algebraic_connectivity(24, *ends) == pytest.approx(wanted["alg"], abs=1e-10)
    assert algebraic_connectivity(24, *ends, minutes=minutes) == pytest.approx(0.0967708981)


def test_a_tree_has_no_circuits_in_one_part_or_in_several() -> None:
    tree = nx.balanced_tree(2, 3)
    one, several = indices_of(tree), indices_of(nx.disjoint_union(tree, nx.star_graph(4)))
    assert (one["circuits_count"], one["alpha_share"], one["parts_count"]) == (0, 0, 1)
    assert (several["circuits_count"], several["alpha_share"], several["parts_count"]) == (0, 0, 2)


def test_networks_too_small_for_an_index_have_none() -> None:
    nobody, one, two = (indices_of(nx.path_graph(n)) for n in (0, 1, 2))
    for got in (nobody, one, two):
        assert np.isnan(got["alpha_share"])
        assert np.isnan(got["gamma_share"])
    assert np.isnan(nobody["links_per_node"])
    assert np.isnan(one["mean_link_km"])
    assert (two["links_per_node"], two["mean_link_km"]) == (0.5, 2.0)


def test_directions_parallels_and_loops_are_one_link_or_none() -> None:
    tail, head = np.array([2, 0, 1, 1, 2]), np.array([1, 1, 0, 1, 0])
    first, last, km = simple_links(3, tail, head, np.array([5.0, 3.0, 2.0, 1.0, np.inf]))
    assert list(zip(first, last, km, strict=True)) == [(0, 1, 2.0), (0, 2, np.inf), (1, 2, 5.0)]


def test_links_that_end_nowhere_are_refused() -> None:
    ends = np.array([0, 1]), np.array([1, 2])
    with pytest.raises(NetworkError, match="link 1 ends at none of the nodes 0 to 1"):
        planar_indices(2, *ends, length_km=np.ones(2))
    with pytest.raises(NetworkError, match="2 tails, 2 heads and 1 weights"):
        planar_indices(3, *ends, length_km=np.ones(1))
    with pytest.raises(NetworkError, match="link 0 has a weight below 0 or not a number"):
        network_efficiency(3, *ends, weight=np.array([np.nan, 1]))


def test_detours_are_read_in_two_ways(vectors: dict[str, Any]) -> None:
    path = np.array([[0.0, 3, 7], [3, 0, 4], [7, 4, 0]])
    straight = np.array([[0.0, 3, 5], [3, 0, 4], [5, 4, 0]])
    got = detours(path, straight)
    assert got["ratio_of_sums"] == pytest.approx(vectors["network"]["triangle345"]["circuity"])
    assert got["mean_of_ratios"] == pytest.approx(vectors["network"]["triangle345"]["mean_detour"])


def test_detours_weigh_trips_and_leave_out_those_without_a_way() -> None:
    path = np.array([[0.0, 3, 7], [np.inf, 0, 4], [7, 4, 0]])
    straight = np.array([[0.0, 3, 5], [3, 0, 4], [5, 4, 0]])
    trips = np.array([[9.0, 2, 1], [1, 9, 0], [0, 0, 9]])
    got = detours(path, straight, trips=trips)
    assert got["ratio_of_sums"] == pytest.approx((2 * 3 + 7) / (2 * 3 + 5))
    assert got["mean_of_ratios"] == pytest.approx((2 * 1 + 7 / 5) / 3)
    assert got["unserved_share"] == pytest.approx(1 / 4)
    assert detours(path, np.zeros((3, 3))).isna().all()


def test_efficiency_by_hops_is_that_of_networkx(vectors: dict[str, Any]) -> None:
    ends = both_ways(ends_of(nx.Graph(NX_EXAMPLE)))
    wanted = vectors["network"]["nx_example_efficiency"]
    assert network_efficiency(4, *ends) == pytest.approx(wanted, abs=1e-12)


def test_a_ring_of_four_is_vulnerable_by_two_fifteenths(vectors: dict[str, Any]) -> None:
    ring = ends_of(nx.cycle_graph(4))
    whole = network_efficiency(4, *both_ways(ring))
    less = network_efficiency(4, *both_ways((ring[0][1:], ring[1][1:])))
    assert whole == pytest.approx(vectors["C4"]["eff"])
    assert less == pytest.approx(vectors["C4"]["eff_minus_edge"])
    assert (whole - less) / whole == pytest.approx(vectors["C4"]["vulnerability"])


def test_efficiency_weighs_ways_and_counts_no_way_as_nothing(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    ends = np.array([0, 0, 1, 2]), np.array([1, 1, 2, 0])
    minutes = np.array([9.0, 2.0, 4.0, np.inf])
    wanted = (1 / 2 + 1 / 6 + 1 / 4) / 6
    assert network_efficiency(3, *ends, weight=minutes) == pytest.approx(wanted)
    monkeypatch.setattr(indices, "BLOCK_NUMBERS", 3)
    assert network_efficiency(3, *ends, weight=minutes) == pytest.approx(wanted)
    times = np.array([[0, 2, 6], [np.inf, 0, 4], [np.inf, np.inf, 0]])
    assert global_efficiency(times) == pytest.approx(wanted)
    assert np.isnan(global_efficiency(np.zeros((1, 1))))
    assert np.isnan(network_efficiency(1, *(np.empty(0, dtype=int),) * 2))


@given(seed=st.integers(0, 10_000), minutes=st.sampled_from([0.5, 1.0, 6.0]))
def test_a_new_link_never_lowers_efficiency_nor_what_holds_a_network(
    seed: int, minutes: float
) -> None:
    random = np.random.default_rng(seed)
    tail, head = random.integers(0, 7, (2, 10))
    weight = random.choice([1.0, 2.0, 5.0], 10)
    more = np.append(tail, random.integers(7)), np.append(head, random.integers(7))
    both = np.append(weight, minutes)
    before = network_efficiency(7, tail, head, weight=weight)
    assert network_efficiency(7, *more, weight=both) >= before - 1e-12
    held = algebraic_connectivity(7, tail, head, minutes=weight)
    assert algebraic_connectivity(7, *more, minutes=both) >= held - 1e-12


@pytest.mark.parametrize("dense", [500, 3])
@pytest.mark.parametrize("count", [5, 40, 700])
def test_algebraic_connectivity_has_its_closed_forms(
    count: int, dense: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(indices, "DENSE_NODES", dense)
    path = 2 * (1 - np.cos(np.pi / count))
    ring = 2 * (1 - np.cos(2 * np.pi / count))
    for graph, wanted in (
        (nx.path_graph(count), path),
        (nx.cycle_graph(count), ring),
        (nx.star_graph(count - 1), 1.0),
    ):
        got = algebraic_connectivity(count, *ends_of(graph))
        assert got == pytest.approx(wanted, abs=1e-10, rel=1e-8)
    if count < 100:
        full = ends_of(nx.complete_graph(count))
        assert algebraic_connectivity(count, *full) == pytest.approx(count, abs=1e-10)


def test_algebraic_connectivity_has_its_published_values(vectors: dict[str, Any]) -> None:
    for graph, name in ((nx.path_graph(5), "P5_alg"), (nx.cycle_graph(5), "C5_alg")):
        got = algebraic_connectivity(5, *ends_of(graph))
        assert got == pytest.approx(vectors["network"][name], abs=1e-10)


def test_links_of_two_minutes_bind_half_as_much() -> None:
    ends = ends_of(nx.cycle_graph(6))
    whole = algebraic_connectivity(6, *ends)
    assert algebraic_connectivity(6, *ends, minutes=np.full(6, 2.0)) == pytest.approx(whole / 2)


def test_a_network_in_parts_does_not_hold_at_all() -> None:
    rings = ends_of(nx.disjoint_union(nx.cycle_graph(7), nx.cycle_graph(11)))
    assert algebraic_connectivity(18, *rings, minutes=np.linspace(0.3, 7.7, 18)) == 0
    assert algebraic_connectivity(2, *ends_of(nx.path_graph(2)), minutes=np.array([np.inf])) == 0
    assert np.isnan(algebraic_connectivity(1, *(np.empty(0, dtype=int),) * 2))
    with pytest.raises(NetworkError, match="a link takes no time"):
        algebraic_connectivity(2, *ends_of(nx.path_graph(2)), minutes=np.zeros(1))
