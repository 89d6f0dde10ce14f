"""Neighbours, borders and what hangs together, on squared paper."""

from __future__ import annotations

import geopandas as gpd
import networkx as nx
import numpy as np
import pandas as pd
import pytest
import shapely
from scipy import sparse

from agglo.errors import TableError
from agglo.territory.contiguity import (
    border_lengths_from_zones,
    check_zone_matrix,
    connected_parts,
    is_connected_to,
    neighbours_from_zones,
)
from tests.worlds import CRS
from tests.zone_maps import zones_from_map


def pairs(matrix: sparse.csr_array, zones: gpd.GeoDataFrame) -> set[str]:
    """Pairs of zones that a matrix joins, both ways."""
    names = zones.index
    found = matrix.tocoo()
    return {
        f"{names[row]}{names[column]}" for row, column in zip(found.row, found.col, strict=True)
    }


def frame_of(matrix: sparse.csr_array, zones: gpd.GeoDataFrame) -> pd.DataFrame:
    return pd.DataFrame(matrix.toarray(), index=zones.index, columns=zones.index)


def boxes(*corners: tuple[float, float, float, float]) -> gpd.GeoDataFrame:
    names = list("abcdef")[: len(corners)]
    return gpd.GeoDataFrame(geometry=[shapely.box(*one) for one in corners], index=names, crs=CRS)


def test_neighbours_share_a_side_or_a_corner() -> None:
    zones = zones_from_map(["ab", "cd", "ef"])
    got = neighbours_from_zones(zones)
    assert got.dtype == bool
    assert got.shape == (6, 6)
    assert pairs(got, zones) == {
        "ab", "ac", "ad", "ba", "bc", "bd", "ca", "cb", "cd", "ce", "cf",
        "da", "db", "dc", "de", "df", "ec", "ed", "ef", "fc", "fd", "fe",
    }  # fmt: skip


def test_a_zone_behind_a_sliver_is_not_lost() -> None:
    zones = boxes((0, 0, 1000, 1000), (1009, 0, 2000, 1000))
    assert pairs(neighbours_from_zones(zones), zones) == {"ab", "ba"}
    assert pairs(neighbours_from_zones(zones, gap_m=8), zones) == set()


def test_zones_that_overlap_are_neighbours() -> None:
    zones = boxes((0, 0, 1000, 1000), (500, 0, 1500, 1000), (100, 100, 200, 200))
    assert pairs(neighbours_from_zones(zones, gap_m=0), zones) == {"ab", "ba", "ac", "ca"}


def test_an_island_has_no_neighbour_until_a_ferry_goes() -> None:
    zones = zones_from_map(["ab.i"])
    assert pairs(neighbours_from_zones(zones), zones) == {"ab", "ba"}
    ferry = pd.DataFrame({"from_id": ["i", "i"], "to_id": ["a", "i"]})
    got = neighbours_from_zones(zones, extra_pairs=ferry)
    assert pairs(got, zones) == {"ab", "ba", "ai", "ia"}


def test_zones_of_several_parts_and_drawn_backwards_have_neighbours_too() -> None:
    zones = zones_from_map(["aba", "..c"])
    assert pairs(neighbours_from_zones(zones), zones) == {"ab", "ba", "ac", "ca", "bc", "cb"}
    zones.geometry = shapely.reverse(zones.geometry.to_numpy())
    assert len(pairs(neighbours_from_zones(zones), zones)) == 6


def test_one_zone_has_no_neighbour_and_only_an_edge() -> None:
    zones = zones_from_map(["a"])
    assert neighbours_from_zones(zones).nnz == 0
    np.testing.assert_allclose(border_lengths_from_zones(zones).toarray(), [[4000]], rtol=0.02)


def test_borders_are_measured_and_corners_count_as_nothing() -> None:
    zones = zones_from_map(["ab", "cb"])
    got = frame_of(border_lengths_from_zones(zones), zones)
    want = pd.DataFrame(
        [[2000, 1000, 1000], [1000, 4000, 1000], [1000, 1000, 2000]],
        index=zones.index,
        columns=zones.index,
        dtype=float,
    )
    pd.testing.assert_frame_equal(got, want, atol=50)
    corner = zones_from_map(["a.", ".b"])
    assert frame_of(border_lengths_from_zones(corner), corner).loc["a", "b"] == 0


def test_borders_are_symmetric_even_across_a_gap_that_widens() -> None:
    wedge = shapely.Polygon([(1001, 0), (2000, 0), (2000, 1000), (1016, 1000)])
    zones = boxes((0, 0, 1000, 1000), (1, 1, 2, 2))
    zones.geometry = [zones.geometry.iloc[0], wedge]
    got = border_lengths_from_zones(zones).toarray()
    assert got[0, 1] == got[1, 0] == pytest.approx(600, abs=20)


def test_a_zone_inside_another_has_no_edge() -> None:
    zones = zones_from_map(["aaa", "aea", "aaa"])
    got = frame_of(border_lengths_from_zones(zones), zones)
    assert got.loc["e", "e"] == 0
    assert got.loc["e", "a"] == pytest.approx(4000, rel=0.02)
    assert got.loc["a", "a"] == pytest.approx(12000, rel=0.02)


def test_a_hole_in_the_layer_is_an_edge() -> None:
    zones = zones_from_map(["aaa", "a.b", "aaa"])
    assert frame_of(border_lengths_from_zones(zones), zones).loc["b", "b"] > 1900


@pytest.mark.parametrize(("deep_m", "edge_m"), [(20, 0), (60, 125)])
def test_a_sliver_between_zones_is_no_edge_and_a_notch_is_one(deep_m: float, edge_m: float) -> None:
    zones = zones_from_map(["aaa", "aea", "aaa"])
    west, south, _, _ = zones.geometry["e"].bounds
    notch = shapely.box(west, south + 500, west + deep_m, south + 525)
    zones.geometry = [zones.geometry["a"], zones.geometry["e"].difference(notch)]
    got = frame_of(border_lengths_from_zones(zones), zones)
    assert got.loc["e", "e"] == pytest.approx(edge_m, abs=2)


def test_a_shore_is_no_land_border_where_it_is_named() -> None:
    zones = zones_from_map(["aab"])
    got = frame_of(border_lengths_from_zones(zones, coastal=["b"]), zones)
    assert got.loc["b", "b"] == 0
    assert got.loc["a", "a"] == pytest.approx(5000, rel=0.02)
    assert got.loc["a", "b"] == pytest.approx(1000, rel=0.02)


def test_a_polygon_that_crosses_itself_is_measured_all_the_same() -> None:
    bow = shapely.Polygon([(1000, 0), (2000, 1000), (2000, 0), (1000, 1000)])
    zones = boxes((0, 0, 1000, 1000), (0, 0, 1, 1))
    zones.geometry = [zones.geometry.iloc[0], bow]
    assert pairs(neighbours_from_zones(zones), zones) == {"ab", "ba"}
    assert np.isfinite(border_lengths_from_zones(zones).toarray()).all()


def test_parts_hang_together_within_their_label_only() -> None:
    zones = zones_from_map(["abcde"])
    touching = neighbours_from_zones(zones)
    got = connected_parts(touching, np.array([4, 4, 2, 4, -1]))
    assert got.tolist() == [0, 0, 1, 2, -1]
    anchors = np.array([True, False, False, False, True])
    assert is_connected_to(touching, np.array([4, 4, 2, 4, -1]), anchors).tolist() == [
        True, True, False, False, False,
    ]  # fmt: skip
    assert connected_parts(touching, np.full(5, -1)).tolist() == [-1] * 5


def test_parts_equal_those_of_a_walk_from_zone_to_zone() -> None:
    rng = np.random.default_rng(7)
    for _ in range(20):
        count = int(rng.integers(1, 15))
        graph = nx.gnp_random_graph(count, 0.2, seed=int(rng.integers(1000)))
        labels = rng.integers(-1, 3, count)
        same = nx.Graph((a, b) for a, b in graph.edges if labels[a] == labels[b] >= 0)
        same.add_nodes_from(np.flatnonzero(labels >= 0).tolist())
        matrix = sparse.csr_array(nx.to_scipy_sparse_array(graph, nodelist=range(count)))
        got = connected_parts(matrix, labels)
        want = {frozenset(part) for part in nx.connected_components(same)}
        assert {frozenset(np.flatnonzero(got == one).tolist()) for one in set(got) - {-1}} == want
        assert ((got == -1) == (labels < 0)).all()


def test_degrees_are_refused_once_and_clearly() -> None:
    zones = zones_from_map(["ab"]).to_crs("EPSG:4326")
    with pytest.raises(TableError, match=r"projected CRS in metres.*degree.*to_crs"):
        neighbours_from_zones(zones)
    with pytest.raises(TableError, match="projected CRS in metres"):
        border_lengths_from_zones(zones)


def test_feet_and_an_unknown_crs_are_refused() -> None:
    zones = zones_from_map(["ab"])
    with pytest.raises(TableError, match="US survey foot"):
        neighbours_from_zones(zones.set_crs("EPSG:2263", allow_override=True))
    with pytest.raises(TableError, match="got none"):
        neighbours_from_zones(zones.set_crs(None, allow_override=True))


@pytest.mark.parametrize("shape", [None, shapely.Polygon(), shapely.Point(1, 1)])
def test_a_zone_without_a_polygon_is_named(shape: object) -> None:
    zones = zones_from_map(["ab"])
    zones.geometry = [zones.geometry.iloc[0], shape]
    with pytest.raises(TableError, match="zone 'b' is no polygon"):
        neighbours_from_zones(zones)


def test_other_faults_of_zones_and_pairs_are_named() -> None:
    zones = zones_from_map(["ab"])
    with pytest.raises(TableError, match="zone 'a' stands more than once"):
        neighbours_from_zones(zones.iloc[[0, 0, 1]])
    with pytest.raises(TableError, match=r"lacks the column.s. to_id"):
        neighbours_from_zones(zones, extra_pairs=pd.DataFrame({"from_id": ["a"]}))
    pair = pd.DataFrame({"from_id": ["a"], "to_id": ["Боровск"]})
    with pytest.raises(TableError, match="extra_pairs names 'Боровск'"):
        neighbours_from_zones(zones, extra_pairs=pair)
    with pytest.raises(TableError, match="coastal names 'z'"):
        border_lengths_from_zones(zones, coastal=["z"])
    for gap in (-1.0, np.nan, np.inf):
        with pytest.raises(TableError, match="gap_m"):
            neighbours_from_zones(zones, gap_m=gap)
    with pytest.raises(TableError, match=r"each of the 3 zones.*2 × 2"):
        check_zone_matrix(neighbours_from_zones(zones), 3)


def test_the_order_of_zones_only_reorders_the_matrices() -> None:
    zones = zones_from_map(["aabbd", "ccbed", "ccfff"])
    mixed = zones.iloc[[4, 2, 5, 0, 3, 1]]
    for measure in (neighbours_from_zones, border_lengths_from_zones):
        first, second = frame_of(measure(zones), zones), frame_of(measure(mixed), mixed)
        pd.testing.assert_frame_equal(second.loc[zones.index, zones.index], first)
