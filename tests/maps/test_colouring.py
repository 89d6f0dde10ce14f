"""Colours of areas: neighbours differ."""

import networkx as nx
import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st

from agglo.maps.colouring import PALETTE, distinct_colours

NOBODY = np.empty((2, 0), dtype=np.int64)


def pairs_of(graph: nx.Graph) -> np.ndarray:
    return np.array(sorted(graph.edges), dtype=np.int64).reshape(-1, 2).T


def test_a_map_on_a_plane_never_needs_more_than_six_colours() -> None:
    for graph in (nx.dodecahedral_graph(), nx.icosahedral_graph(), nx.grid_2d_graph(12, 12),
                  nx.triangular_lattice_graph(12, 12), nx.wheel_graph(200)):  # fmt: skip
        plain = nx.convert_node_labels_to_integers(graph)
        colours = distinct_colours(pairs_of(plain), NOBODY, len(plain), colours=6)
        assert all(colours[a] != colours[b] for a, b in plain.edges)
        assert max(colours) < 6


def test_areas_that_only_lie_near_take_another_colour_while_there_is_one() -> None:
    near = np.array([[0, 0, 0], [1, 2, 3]])
    colours = distinct_colours(NOBODY, np.hstack([near, near[::-1]]), 4, colours=2)
    assert all(colours[0] != colours[other] for other in (1, 2, 3))


def test_a_neighbour_weighs_more_than_all_that_lie_near() -> None:
    touching, near = np.array([[0], [1]]), np.array([[0, 0], [2, 3]])
    colours = distinct_colours(touching, np.hstack([near, near[::-1]]), 4, colours=2)
    assert colours[0] != colours[1]


def test_no_area_has_no_colour_and_every_palette_colour_is_its_own() -> None:
    assert distinct_colours(NOBODY, NOBODY, 0) == []
    assert len(set(PALETTE)) == len(PALETTE)


def test_more_neighbours_than_colours_still_give_every_area_one() -> None:
    crowd = nx.complete_graph(12)
    colours = distinct_colours(pairs_of(crowd), NOBODY, 12)
    assert set(colours) == set(range(len(PALETTE)))


@settings(max_examples=40, deadline=None)
@given(st.sets(st.tuples(st.integers(0, 14), st.integers(0, 14)), max_size=40), st.randoms())
def test_the_order_of_the_pairs_does_not_matter(pairs: set, random) -> None:
    listed = sorted(pairs)
    mixed = [pair[:: random.choice((1, -1))] for pair in listed]
    random.shuffle(mixed)
    first, second = (np.array(one, dtype=np.int64).reshape(-1, 2).T for one in (listed, mixed))
    assert distinct_colours(first, NOBODY, 15) == distinct_colours(second, NOBODY, 15)
