"""Nodes with few neighbours go first, and what is left keeps the ways between its nodes."""

from __future__ import annotations

import networkx as nx
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from agglo.transport.elimination import Core, eliminated_core, unique_edges


def core_of(count: int, edges: list[tuple[int, int]]) -> Core:
    ends = np.array(edges, dtype=np.int64).reshape(-1, 2)
    return eliminated_core(count, *unique_edges(count, ends[:, 0], ends[:, 1]))


def test_directions_parallels_and_loops_are_one_edge_or_none() -> None:
    first, last = unique_edges(4, np.array([1, 0, 2, 3, 0]), np.array([0, 1, 2, 1, 1]))
    assert list(zip(first.tolist(), last.tolist(), strict=True)) == [(0, 1), (1, 3)]


@pytest.mark.parametrize(
    "edges", [[], [(0, 1)], [(i, i + 1) for i in range(9)], [(i, (i + 1) % 10) for i in range(10)]]
)
def test_a_street_a_tree_and_a_ring_vanish_whole(edges: list[tuple[int, int]]) -> None:
    core = core_of(10, edges)
    assert sorted(core.eliminated.tolist()) == list(range(10))
    assert len(core.nodes) == len(core.first) == 0


def test_a_town_where_everybody_has_four_neighbours_stays() -> None:
    graph = nx.circulant_graph(12, [1, 2])
    core = core_of(12, list(graph.edges))
    assert core.nodes.tolist() == list(range(12))
    assert len(core.first) == graph.number_of_edges()


@given(seed=st.integers(0, 10_000), count=st.integers(1, 60), density=st.floats(0.5, 3.0))
def test_what_is_left_is_joined_as_before(seed: int, count: int, density: float) -> None:
    """Two nodes of the core are neighbours now if a way led from one to the other over the gone."""
    random = np.random.default_rng(seed)
    edges = [tuple(pair) for pair in random.integers(0, count, (int(count * density), 2)).tolist()]
    graph = nx.Graph()
    graph.add_nodes_from(range(count))
    graph.add_edges_from((a, b) for a, b in edges if a != b)
    core = core_of(count, edges)
    assert sorted([*core.eliminated.tolist(), *core.nodes.tolist()]) == list(range(count))
    wanted = graph.copy()
    for node in core.eliminated.tolist():
        around = list(wanted[node])
        wanted.add_edges_from((a, b) for a in around for b in around if a < b)
        wanted.remove_node(node)
    got = {tuple(pair) for pair in zip(core.first.tolist(), core.last.tolist(), strict=True)}
    assert got == {tuple(sorted(pair)) for pair in wanted.edges}


def test_the_order_of_edges_does_not_matter() -> None:
    random = np.random.default_rng(3)
    edges = [tuple(pair) for pair in random.integers(0, 80, (150, 2)).tolist()]
    one, other = core_of(80, edges), core_of(80, [(b, a) for a, b in edges[::-1]])
    for mine, yours in zip(one, other, strict=True):
        np.testing.assert_array_equal(mine, yours)
