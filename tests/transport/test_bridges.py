"""Bridges of undirected multigraphs, against taking every edge away."""

from __future__ import annotations

import networkx as nx
import numpy as np
import pytest

from agglo.transport.bridges import bridges


def parts(nodes: int, edges: list[tuple[int, int]]) -> int:
    graph = nx.MultiGraph()
    graph.add_nodes_from(range(nodes))
    graph.add_edges_from(edges)
    return int(nx.number_connected_components(graph))


@pytest.mark.parametrize("seed", range(150))
def test_an_edge_is_a_bridge_if_without_it_there_are_more_parts(seed: int) -> None:
    random = np.random.default_rng(seed)
    nodes = int(random.integers(1, 12))
    edges = [
        tuple(map(int, pair)) for pair in random.integers(0, nodes, (random.integers(1, 18), 2))
    ]
    whole = parts(nodes, edges)
    wanted = [parts(nodes, edges[:i] + edges[i + 1 :]) > whole for i in range(len(edges))]
    assert bridges(nodes, *np.array(edges).T).tolist() == wanted


def test_networkx_finds_the_same_bridges_of_a_large_sparse_network() -> None:
    graph = nx.gnm_random_graph(3000, 3600, seed=4)
    edges = np.array(graph.edges)
    got = {tuple(pair) for pair in edges[bridges(3000, *edges.T)].tolist()}
    assert got == {tuple(sorted(pair)) for pair in nx.bridges(graph)}
    assert 100 < len(got) < 3600


def test_every_edge_of_a_long_path_is_a_bridge_and_none_of_a_ring() -> None:
    path = np.arange(20_000)
    assert bridges(20_001, path, path + 1).all()
    assert not bridges(20_000, path, (path + 1) % 20_000).any()


def test_parallel_edges_hold_each_other_and_loops_hold_nothing() -> None:
    first, last = np.array([0, 1, 1, 2, 2]), np.array([1, 0, 2, 2, 2])
    assert bridges(3, first, last).tolist() == [False, False, True, False, False]


def test_without_edges_there_are_no_bridges() -> None:
    nothing = np.empty(0, dtype=np.intp)
    assert bridges(5, nothing, nothing).tolist() == []
    assert bridges(0, nothing, nothing).tolist() == []
