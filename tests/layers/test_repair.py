"""Repair of drawn lines: each kind of fault in a world of a few lines."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import product

import geopandas as gpd
import networkx as nx
import numpy as np
import pandas as pd
import pytest
import shapely
from shapely.geometry import LineString, MultiLineString, Point

from agglo.errors import LayerError, TableError
from agglo.layers.islands import islands
from agglo.layers.repair import Repaired, network_from_lines, repair_lines
from agglo.layers.repair_cuts import numbered
from agglo.layers.repair_gaps import JOINED_RATIO

CRS = "EPSG:32637"
X_M, Y_M = 400_000, 6_100_000
Line = Sequence[tuple[float, float]]


def at(*points: tuple[float, ...]) -> LineString:
    """Draw a line in metres from the corner of the world."""
    return LineString([(X_M + x, Y_M + y, *z) for x, y, *z in points])


def layer(*shapes: object, **columns: Sequence[object]) -> gpd.GeoDataFrame:
    return gpd.GeoDataFrame(dict(columns), geometry=list(shapes), crs=CRS)


def made_of(*lines: Line, snap_m: float = 25.0, **choices: object) -> Repaired:
    return network_from_lines(
        layer(*(at(*line) for line in lines)), crs=CRS, snap_m=snap_m, **choices
    )


def counts(made: Repaired) -> dict[str, int]:
    return dict(zip(made.report["what"], made.report["count"], strict=True))


def graph_of(made: Repaired) -> nx.MultiGraph:
    graph = nx.MultiGraph()
    ends = zip(made.links["from_id"], made.links["to_id"], made.links["length_km"], strict=True)
    graph.add_edges_from((a, b, {"m": km * 1000}) for a, b, km in ends)
    return graph


def part_count(made: Repaired) -> int:
    return nx.number_connected_components(graph_of(made))


def node_places(made: Repaired) -> set[tuple[float, float]]:
    return {(p.x - X_M, p.y - Y_M) for p in made.nodes.geometry}


MAIN = [(0, 0), (100, 0)]


def test_a_loose_end_is_led_on_to_the_end_beside_it() -> None:
    made = made_of(MAIN, [(106, 8), (200, 8)])
    assert counts(made) == {"joined to end": 1}
    assert part_count(made) == 1
    assert made.links["length_km"].sum() == pytest.approx(0.1 + 0.094 + 0.010)
    assert made.report["km"].sum() == pytest.approx(0.010)
    assert len(node_places(made) & {(100, 0), (106, 8)}) == 1


def test_a_side_street_that_stops_short_cuts_the_street_it_meets() -> None:
    made = made_of(MAIN, [(40, 90), (40, 12)])
    assert counts(made) == {"joined to line": 1}
    assert node_places(made) == {(0, 0), (40, 0), (100, 0), (40, 90)}
    assert sorted(made.links["length_km"].round(6)) == [0.04, 0.06, 0.09]


def test_a_side_street_that_ends_exactly_on_a_street_needs_no_reach() -> None:
    made = made_of(MAIN, [(40, 90), (40, 0)], snap_m=0)
    assert counts(made) == {"split": 1}
    assert part_count(made) == 1
    assert len(made.links) == 3


def test_a_side_street_drawn_too_far_gets_a_junction_at_the_crossing_and_keeps_its_rest() -> None:
    made = made_of(MAIN, [(40, 90), (40, -7)])
    assert counts(made) == {"overshoot": 1}
    assert (40, 0) in node_places(made)
    assert sorted(made.links["length_km"].round(6)) == [0.007, 0.04, 0.06, 0.09]


def test_a_crossing_without_a_common_vertex_is_only_reported_with_place_and_names() -> None:
    lines = layer(at(*MAIN), at((50, 50), (50, -50)), name=["Киевское шоссе", 'ul. "Mira"'])
    made = network_from_lines(lines, crs=CRS)
    assert counts(made) == {"crossing without node": 1, "island": 1}
    assert part_count(made) == 2
    row = made.findings.iloc[0]
    assert set(row["name"].split(" × ")) == {"Киевское шоссе", 'ul. "Mira"'}
    assert (row.geometry.x - X_M, row.geometry.y - Y_M) == (50, 0)
    assert f"{row['lon']:.5f} {row['lat']:.5f}" in made.report["where"][0]


def test_a_crossing_is_joined_if_asked() -> None:
    made = made_of(MAIN, [(50, 50), (50, -50)], join_crossings=True)
    assert counts(made) == {"crossing": 1}
    assert (50, 0) in node_places(made)
    assert len(made.links) == 4


def test_lines_that_share_a_vertex_where_they_cross_meet_there() -> None:
    made = made_of([(0, 0), (50, 0), (100, 0)], [(50, 50), (50, 0), (50, -50)], snap_m=0)
    assert counts(made) == {"shared vertex": 2}
    assert len(made.links) == 4
    assert part_count(made) == 1


def test_a_bridge_meets_other_levels_only_at_its_ends() -> None:
    lines = layer(
        at((0, 0), (50, 0), (100, 0)),
        at((50, 50), (50, 0), (50, -50)),
        at((100, 0), (150, 0)),
        at((58, -50), (80, -50)),
        bridge=["yes", None, None, None],
    )
    made = network_from_lines(lines, crs=CRS, grade="bridge")
    assert counts(made) == {"joined to end": 1, "crossing of levels": 1, "island": 1}
    assert part_count(made) == 2
    assert (50, 0) not in node_places(made)


def test_no_loose_end_is_led_to_the_inside_of_another_level() -> None:
    lines = layer(at(*MAIN), at((40, 90), (40, 12)), bridge=[1, 0])
    made = network_from_lines(lines, crs=CRS, grade="bridge")
    assert counts(made) == {"island": 1}


def test_the_two_ends_of_a_short_line_stay_two() -> None:
    alone = made_of([(0, 0), (8, 0)], [(500, 0), (600, 0)])
    assert counts(alone) == {"island": 1}
    beside = made_of([(100, 4), (104, 8)], MAIN)
    assert part_count(beside) == 1
    assert (beside.links["from_id"] != beside.links["to_id"]).all()


def test_a_ring_that_is_not_quite_closed_is_closed() -> None:
    made = made_of([(0, 0), (200, 0), (200, 200), (0, 200), (0, 6)])
    assert counts(made) == {"joined to end": 1}
    assert len(made.nodes) == 1


def test_a_street_that_comes_back_to_itself_is_joined_to_itself() -> None:
    made = made_of([(0, 0), (0, 200), (100, 200), (100, 100), (9, 100)])
    assert counts(made) == {"joined to line": 1}
    assert (0, 100) in node_places(made)
    assert len(made.links) == 2


def test_four_ends_round_one_junction_become_one_node() -> None:
    made = made_of(
        [(0, 0), (-90, -90)], [(5, 0), (90, -90)], [(0, 5), (-90, 90)], [(5, 5), (90, 90)]
    )
    assert max(dict(graph_of(made).degree).values()) == 4
    assert len(made.nodes) == 5


def test_a_chain_of_near_ends_is_linked_but_does_not_run_together() -> None:
    made = made_of(*([(20 * i, 0), (20 * i, 300)] for i in range(9)))
    assert part_count(made) == 1
    drawn = shapely.union_all([at((20 * i, 0), (20 * i, 300)) for i in range(9)])
    assert drawn.difference(made.links.union_all().buffer(0.01)).is_empty
    assert (made.findings["km"] <= 0.025).all()


def test_ends_farther_apart_than_the_reach_are_left_and_named_with_the_gap() -> None:
    lines = layer(at(*MAIN), at((126, 0), (180, 0)), name=["Main", "Side"])
    made = network_from_lines(lines, crs=CRS, snap_m=25)
    assert counts(made) == {"island": 1}
    text = repair_lines(made.report)[-1]
    assert "1 island(s) (0.1 km)" in text
    assert "up to 26 m from it" in text
    assert "(Side)" in text
    assert part_count(network_from_lines(lines, crs=CRS, snap_m=26)) == 1


def test_the_reach_to_the_inside_of_a_line_can_be_smaller() -> None:
    lines = ([(0, 0), (200, 0)], [(100, 90), (100, 12)])
    assert counts(made_of(*lines, split_m=10)) == {"island": 1}
    assert counts(made_of(*lines, split_m=12)) == {"joined to line": 1}


TWO_CORNERS = ([(0, 0), (100, 0), (100, 90)], [(0, 0), (0, 90), (100, 90)])
"""A closed block of two lines: no end is loose."""


def test_parts_whose_junctions_lie_close_are_tied_by_a_short_link() -> None:
    other = [[(x + 110, y) for x, y in line] for line in TWO_CORNERS]
    lines = layer(*(at(*line) for line in [*TWO_CORNERS, *other]), lanes=[2, 2, 4, 4])
    made = network_from_lines(lines, crs=CRS)
    assert counts(made)["parts tied"] == 1
    tie = made.links[made.links["link_id"].str.startswith("tie:")]
    assert tie["length_km"].tolist() == [pytest.approx(0.010)]
    assert tie["lanes"].isin([2, 4]).all()
    assert part_count(made) == 1


def test_close_junctions_of_one_part_are_reported_but_not_joined() -> None:
    fork = ([(0, 0), (-300, 0)], [(0, 0), (-300, 200)], [(9, 0), (300, 0)], [(9, 0), (300, 200)])
    way_round = ([(-300, 0), (0, -400)], [(300, 0), (0, -400)])
    made = made_of(*fork, *way_round)
    assert counts(made) == {"close junctions": 1}
    assert made.report["km"][0] == pytest.approx(0.009)
    assert counts(made_of(*fork, *way_round, [(0, 0), (9, 0)])) == {}


def test_parts_that_cross_beside_a_junction_are_joined_at_the_crossing() -> None:
    made = made_of(
        [(0, 3), (0, 90)],
        [(0, 3), (4, -90)],
        [(-90, 0), (90, 0)],
        [(90, 0), (90, 90)],
        [(-90, 0), (90, 90)],
    )
    assert counts(made)["parts cross"] == 1
    assert "parts tied" not in counts(made)
    assert part_count(made) == 1


def test_ends_drawn_with_other_rounding_are_one_point() -> None:
    made = made_of(MAIN, [(100.2, 0), (180, 0)], [(100, 0.3), (100, 80)], snap_m=1)
    assert counts(made) == {"same point": 2}
    assert len(made.nodes) == 4


def test_a_line_too_short_to_have_two_ends_is_dropped_and_named() -> None:
    made = made_of(MAIN, [(100, 0), (100.2, 0)], [(100.2, 0), (180, 0)], snap_m=1)
    assert counts(made) == {"same point": 1, "short line": 1}
    assert len(made.links) == 2


def test_what_is_no_line_is_refused_and_counted() -> None:
    with np.errstate(invalid="ignore"):
        broken = [
            LineString([(X_M, Y_M), (np.nan, Y_M)]), LineString([(X_M, np.inf), (X_M, Y_M)])
        ]  # fmt: skip
    lines = layer(
        None,
        LineString(),
        *broken,
        at((5, 5), (5, 5), (5.0001, 5)),
        Point(X_M, Y_M),
        at(*MAIN),
        at(*MAIN),
        at(*MAIN[::-1]),
        at((100, 0, 7), (200, 0, 9)),
        MultiLineString([at((0, 0), (0, 50)), at((0, 50), (0, 90))]),
    )
    made = network_from_lines(lines, crs=CRS)
    assert counts(made) == {
        "empty geometry": 2,
        "coordinate no number": 2,
        "zero length": 1,
        "not a line": 1,
        "duplicate": 2,
        "height": 1,
        "several parts": 1,
    }
    refused = made.report.set_index("what")
    assert refused.loc["duplicate", "km"] == pytest.approx(0.2)
    assert refused.loc["empty geometry", "where"] == "row 1; row 2"
    assert not made.links.has_z.any()
    assert len(made.links) == 4
    assert "refused 2 row(s) without geometry: row 1; row 2" in repair_lines(made.report)


def test_of_a_line_drawn_twice_the_row_with_more_values_stays() -> None:
    for name in (["улица", None], [None, "улица"]):
        made = network_from_lines(layer(at(*MAIN), at(*MAIN[::-1]), name=name), crs=CRS)
        assert made.links["name"].tolist() == ["улица"]


def test_lines_on_each_other_and_across_themselves_are_reported() -> None:
    made = made_of(
        [(0, 0), (100, 0)],
        [(30, 0), (170, 0)],
        [(0, 500), (80, 500), (80, 600), (40, 400)],
        snap_m=0,
    )
    assert counts(made)["self-crossing"] == 1
    assert (
        made.findings.set_index("what")
        .loc["self-crossing"]
        .geometry.equals_exact(Point(X_M + 60, Y_M + 500), 0.01)
    )
    # where an end lies on the other line both are cut, and the piece in common stays once
    assert counts(made)["duplicate"] == 1
    assert part_count(made) == 2


@pytest.mark.parametrize(
    ("lines", "message"),
    [
        (layer(), "no row"),
        (layer(Point(X_M, Y_M), None), r"no line with a length \(1 empty geometry, 1 not a line"),
        (layer(at(*MAIN)).set_crs("EPSG:4326", allow_override=True), "1 outside the CRS"),
        (layer(at(*MAIN)).set_crs(None, allow_override=True), "no CRS; wanted one"),
        (
            gpd.GeoDataFrame(geometry=[LineString([(36, 55), (37, 55)])]),
            r"no CRS \(the coordinates look like degrees\)",
        ),
    ],
)
def test_a_layer_without_a_usable_line_is_refused(lines: gpd.GeoDataFrame, message: str) -> None:
    with pytest.raises(LayerError, match=message):
        network_from_lines(lines, crs=CRS)


def test_wrong_choices_are_refused() -> None:
    lines = layer(at(*MAIN))
    with pytest.raises(TableError, match="projected, in metres"):
        network_from_lines(lines, crs="EPSG:4326")
    with pytest.raises(LayerError, match="snap_m must be a distance in metres, 0 or more; got -1"):
        network_from_lines(lines, crs=CRS, snap_m=-1)
    with pytest.raises(LayerError, match="grade: the lines have no column 'bridge'"):
        network_from_lines(lines, crs=CRS, grade="bridge")
    with pytest.raises(LayerError, match="name: the lines have no column 'title'"):
        network_from_lines(lines, crs=CRS, name="title")


def test_the_layer_passed_in_stays_as_it_was() -> None:
    lines = layer(at(*MAIN), at((40, 90), (40, 12)), None, name=["a", "b", "c"])
    before = lines.copy(deep=True)
    network_from_lines(lines, crs=CRS)
    pd.testing.assert_frame_equal(lines, before)


def test_degrees_give_the_same_network_as_metres() -> None:
    lines = layer(at(*MAIN), at((40, 90), (40, 12)), name=["a", "b"])
    one = network_from_lines(lines, crs=CRS)
    two = network_from_lines(lines.to_crs("EPSG:4326"), crs=CRS)
    assert one.links["link_id"].tolist() == two.links["link_id"].tolist()
    assert one.nodes["node_id"].tolist() == two.nodes["node_id"].tolist()


def test_links_keep_their_ids_and_columns_and_pieces_are_numbered_along_the_line() -> None:
    lines = layer(
        at(*MAIN), at((40, 90), (40, 12)), link_id=["М-3", 7], lanes=[2, 1], length_km=[9.0, 9.0]
    )
    links = network_from_lines(lines, crs=CRS).links.set_index("link_id")
    assert links.index.tolist() == ["7", "М-3-1", "М-3-2"]
    assert links["lanes"].tolist() == [1, 2, 2]
    assert links["length_km"].tolist() == [pytest.approx(km) for km in (0.09, 0.04, 0.06)]
    assert links.loc["М-3-1", "to_id"] == links.loc["М-3-2", "from_id"]


def test_ids_given_twice_or_not_at_all_become_unique() -> None:
    streets = [at((0, 200 * i), (100, 200 * i)) for i in range(5)]
    lines = layer(*streets, link_id=["a", "a", None, "", "a-1"])
    ids = network_from_lines(lines, crs=CRS).links["link_id"]
    assert ids.is_unique
    assert {"a-1", "a-2"} <= set(ids)
    assert ids.str.contains(">").sum() == 2


def test_parallel_streets_between_two_nodes_both_stay() -> None:
    made = made_of([(0, 0), (100, 0)], [(0, 0), (50, 30), (100, 0)])
    assert counts(made) == {}
    assert repair_lines(made.report) == []
    assert made.links["link_id"].is_unique


def test_a_second_search_finds_no_loose_end_that_a_line_in_reach_is_left_for() -> None:
    rng = np.random.default_rng(3)
    starts = rng.integers(0, 600, (70, 2))
    turns = np.stack([starts, starts + rng.integers(-150, 150, (70, 2))], axis=1)
    lines = [list(map(tuple, line)) for line in turns.tolist()]
    made = made_of(*lines, snap_m=20)
    graph, points = graph_of(made), made.nodes.set_index("node_id").geometry
    ways = dict(nx.all_pairs_dijkstra_path_length(graph, weight="m"))
    loose = [node for node, degree in graph.degree if degree == 1]
    assert len(loose) > 20
    for node, link in product(loose, made.links.itertuples()):
        gap = points[node].distance(link.geometry)
        if node in (link.from_id, link.to_id) or gap > 20:
            continue
        along = link.geometry.project(points[node])
        ends = ((link.from_id, along), (link.to_id, link.geometry.length - along))
        way = min(ways[node].get(end, np.inf) + rest for end, rest in ends)
        assert way <= JOINED_RATIO * gap + 0.01


@pytest.mark.parametrize("step_m", [0.001, 25.0, 1e8])
def test_points_are_numbered_by_x_then_y_however_far_apart(step_m: float) -> None:
    xy = np.random.default_rng(1).integers(0, 9, (60, 2)) * step_m
    points, number = numbered(xy)
    expected, inverse = np.unique(xy, axis=0, return_inverse=True)
    np.testing.assert_array_equal(points, expected)
    np.testing.assert_array_equal(number, inverse.ravel())


def network(*links: tuple[str, str, Line, str]) -> tuple[pd.DataFrame, gpd.GeoDataFrame]:
    frame = layer(
        *(at(*line) for _, _, line, _ in links),
        from_id=[a for a, *_ in links],
        to_id=[b for _, b, *_ in links],
        name=[name for *_, name in links],
    )
    return pd.DataFrame({"node_id": sorted({*frame["from_id"], *frame["to_id"]})}), frame


APART = (
    ("a", "b", [(0, 0), (1000, 0)], "Main"),
    ("c", "d", [(500, 40), (500, 100)], ""),
    ("d", "e", [(500, 100), (900, 100)], "Long lane"),
    ("d", "f", [(500, 100), (400, 100)], "Short lane"),
)


def test_islands_are_named_by_their_longest_road_and_nearest_place_with_the_gap() -> None:
    nodes, links = network(*APART)
    places = layer(Point(X_M + 880, Y_M + 150), Point(X_M - 90, Y_M), name=["Ворсино", "Обнинск"])
    parts = islands(nodes, links, crs=CRS, places=places)
    assert parts["part"].tolist() == [1, 2]
    assert parts["name"].tolist() == ["Main", "Long lane"]
    assert parts["place"].tolist() == ["Обнинск", "Ворсино"]
    assert parts["links"].tolist() == [1, 3]
    assert parts["nodes"].tolist() == [2, 4]
    assert parts["km_share"].tolist() == [pytest.approx(1 / 1.56), pytest.approx(0.56 / 1.56)]
    assert np.isnan(parts["gap_m"][0])
    assert parts["gap_m"][1] == pytest.approx(40)
    there = gpd.points_from_xy(parts["to_lon"][1:], parts["to_lat"][1:], crs="EPSG:4326")
    assert there.to_crs(CRS)[0].equals_exact(Point(X_M + 500, Y_M), 0.01)


def test_a_node_without_a_link_is_an_island_of_its_own() -> None:
    nodes, links = network(*APART[:1])
    lon, lat = (gpd.points_from_xy([X_M + 300], [Y_M + 70], crs=CRS).to_crs("EPSG:4326")[0].coords)[
        0
    ]
    lone = pd.DataFrame({"node_id": ["z"], "lon": lon, "lat": lat})
    parts = islands(pd.concat([nodes, lone]), links.to_crs("EPSG:4326"), crs=CRS)
    assert parts["links"].tolist() == [1, 0]
    assert parts["gap_m"][1] == pytest.approx(70, abs=0.01)


def test_links_to_unknown_nodes_and_no_links_are_refused() -> None:
    nodes, links = network(*APART)
    with pytest.raises(LayerError, match=r"1 node\(s\) that the nodes lack, such as 'f'"):
        islands(nodes[nodes["node_id"] != "f"], links, crs=CRS)
    with pytest.raises(LayerError, match="no link"):
        islands(nodes, links[:0], crs=CRS)
    with pytest.raises(LayerError, match="no CRS"):
        islands(nodes, links.set_crs(None, allow_override=True), crs=CRS)
