"""Laws of the repair of drawn lines, on small tangled worlds of lines."""

from __future__ import annotations

from itertools import combinations

import geopandas as gpd
import networkx as nx
import pandas as pd
import pytest
import shapely
from hypothesis import assume, given, settings
from hypothesis import strategies as st
from shapely.geometry import LineString

from agglo.errors import LayerError
from agglo.layers.islands import islands
from agglo.layers.repair import Repaired, network_from_lines
from agglo.layers.repair_joins import SAME_POINT_M

CRS = "EPSG:32637"
SIDE_M = 120
POINT = st.tuples(st.integers(0, SIDE_M), st.integers(0, SIDE_M))
LINE = st.lists(POINT, min_size=2, max_size=4)
SNAP_M = st.sampled_from([0.0, 3.0, 10.0, 25.0, 60.0])
NAMES = st.sampled_from(["Киевское шоссе", 'ul. "Mira"', ""])
LEVEL = st.sampled_from(["", "bridge"])
ROADS = st.lists(st.tuples(LINE, NAMES, LEVEL), min_size=2, max_size=9)
MM = 1e-3
FEW = settings(max_examples=8)
"""A repair takes a while; each example is a tangle of up to nine lines."""

Roads = list[tuple[list[tuple[int, int]], str, str]]


def layer(roads: Roads) -> gpd.GeoDataFrame:
    shapes = [LineString([(400_000 + x, 6_100_000 + y) for x, y in line]) for line, _, _ in roads]
    rows = [{"name": name, "level": level} for _, name, level in roads]
    return gpd.GeoDataFrame(pd.DataFrame(rows), geometry=shapes, crs=CRS)


def repaired(roads: Roads, snap_m: float, **choices: object) -> Repaired:
    assume(any(len(set(line)) > 1 for line, _, _ in roads))
    return network_from_lines(layer(roads), crs=CRS, snap_m=snap_m, grade="level", **choices)


def part_count(made: Repaired) -> int:
    return len(islands(made.nodes, made.links, crs=CRS))


def refused_km(made: Repaired) -> float:
    gone = made.report[made.report["what"].isin(["duplicate", "short line"])]
    return float(gone["km"].sum())


@FEW
@given(roads=ROADS, snap_m=SNAP_M, crossings=st.booleans())
def test_repairing_what_is_repaired_changes_nothing(
    roads: Roads, snap_m: float, crossings: bool
) -> None:
    once = repaired(roads, snap_m, join_crossings=crossings)
    twice = network_from_lines(
        once.links, crs=CRS, snap_m=snap_m, grade="level", join_crossings=crossings
    )
    assert "repaired" not in set(twice.report["action"])
    assert "refused" not in set(twice.report["action"])
    pd.testing.assert_frame_equal(pd.DataFrame(once.links), pd.DataFrame(twice.links))
    pd.testing.assert_frame_equal(pd.DataFrame(once.nodes), pd.DataFrame(twice.nodes))


@FEW
@given(roads=ROADS, snap_m=SNAP_M, data=st.data())
def test_the_order_of_rows_does_not_matter(
    roads: Roads, snap_m: float, data: st.DataObject
) -> None:
    one = repaired(roads, snap_m)
    two = repaired(data.draw(st.permutations(roads)), snap_m)
    for first, second in ((one.links, two.links), (one.nodes, two.nodes)):
        pd.testing.assert_frame_equal(pd.DataFrame(first), pd.DataFrame(second))
    pd.testing.assert_frame_equal(one.report, two.report)


@FEW
@given(roads=ROADS, reach_m=st.tuples(SNAP_M, SNAP_M))
def test_a_larger_reach_never_gives_more_parts(roads: Roads, reach_m: tuple[float, float]) -> None:
    few, many = (part_count(repaired(roads, snap_m)) for snap_m in (max(reach_m), min(reach_m)))
    assert few <= many


@FEW
@given(roads=ROADS, snap_m=SNAP_M)
def test_ends_drawn_within_reach_of_each_other_end_up_in_one_part(
    roads: Roads, snap_m: float
) -> None:
    made = repaired(roads, snap_m)
    graph = nx.Graph(zip(made.links["from_id"], made.links["to_id"], strict=True))
    part_of = {node: n for n, nodes in enumerate(nx.connected_components(graph)) for node in nodes}
    drawn = layer(roads).geometry
    ends = [shapely.get_point(line, at) for line in drawn[drawn.length > 0] for at in (0, -1)]
    near = made.links.sindex.query(ends, predicate="dwithin", distance=SAME_POINT_M + MM)
    parts: list[set[int]] = [set() for _ in ends]
    for end, link in near.T:
        parts[end].add(part_of[made.links["from_id"].iloc[link]])
    for one, two in combinations(range(len(ends)), 2):
        if ends[one].distance(ends[two]) <= snap_m:
            assert parts[one] & parts[two]


@FEW
@given(roads=ROADS, snap_m=SNAP_M)
def test_each_line_keeps_its_km_up_to_the_reach_at_both_ends(roads: Roads, snap_m: float) -> None:
    made = repaired(roads, snap_m)
    drawn = layer(roads).length
    added = made.links["link_id"].str.startswith("tie:")
    km = made.links.loc[~added, "length_km"].sum() + refused_km(made)
    lines = (drawn > 0).sum()
    assert km * 1000 >= drawn.sum() - 2 * SAME_POINT_M * lines - MM
    assert km * 1000 <= drawn.sum() + 2 * max(snap_m, MM) * lines + MM
    assert (made.links.loc[added, "length_km"] * 1000 <= snap_m + MM).all()


@FEW
@given(roads=ROADS, snap_m=SNAP_M)
def test_no_line_is_moved_and_none_reaches_farther_than_allowed(
    roads: Roads, snap_m: float
) -> None:
    made = repaired(roads, snap_m)
    drawn, kept = layer(roads).union_all(), made.links.union_all()
    assert drawn.difference(kept.buffer(SAME_POINT_M + MM)).length < MM
    assert kept.difference(drawn.buffer(snap_m + SAME_POINT_M + MM)).length < MM


@FEW
@given(roads=ROADS)
def test_without_reach_nothing_changes_but_cuts(roads: Roads) -> None:
    made = repaired(roads, 0.0)
    drawn, kept = layer(roads).union_all(), made.links.union_all()
    assert kept.length == pytest.approx(drawn.length, abs=MM)
    assert kept.hausdorff_distance(drawn) < MM
    allowed = {"split", "shared vertex", "duplicate", "zero length"}
    assert set(made.report.loc[made.report["action"] != "reported", "what"]) <= allowed


@FEW
@given(roads=ROADS, snap_m=SNAP_M, crossings=st.booleans())
def test_links_lead_from_node_to_node_and_ids_are_unique(
    roads: Roads, snap_m: float, crossings: bool
) -> None:
    made = repaired(roads, snap_m, join_crossings=crossings)
    points = made.nodes.set_index("node_id").geometry
    for column, at in (("from_id", 0), ("to_id", -1)):
        ends = shapely.get_point(made.links.geometry.to_numpy(), at)
        assert (shapely.distance(ends, points.loc[made.links[column]].to_numpy()) == 0).all()
    assert made.links["link_id"].is_unique
    assert points.index.is_unique
    assert set(points.index) == {*made.links["from_id"], *made.links["to_id"]}


@FEW
@given(roads=ROADS)
def test_when_crossings_are_joined_none_is_left_on_one_level(roads: Roads) -> None:
    made = repaired(roads, 10.0, join_crossings=True)
    assert "crossing without node" not in set(made.report["what"])


@FEW
@given(roads=ROADS, snap_m=st.sampled_from([-1.0, float("nan"), float("inf")]))
def test_a_reach_that_is_no_distance_is_refused(roads: Roads, snap_m: float) -> None:
    with pytest.raises(LayerError, match="snap_m must be a distance"):
        network_from_lines(layer(roads), crs=CRS, snap_m=snap_m)
