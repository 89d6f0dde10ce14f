"""Streets read from OpenStreetMap files, against answers known by hand and a plain reading."""

from __future__ import annotations

import bz2
import gzip
import re
import sys
from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path

import geopandas as gpd
import networkx as nx
import pandas as pd
import pytest
from pyproj import Geod

from agglo.errors import LayerError
from agglo.layers.osm import Streets, read_osm
from tests.osm_worlds import LENIN, Osm, place, town, write, xml_of

osmium = pytest.importorskip("osmium")

GEOD = Geod(ellps="WGS84")
MODES = ("car", "walk", "bicycle")
STREET = {"highway": "residential"}


def streets_of(osm: Osm, folder: Path) -> Streets:
    return read_osm(write(osm, folder / "world.osm"))


def km_along(osm: Osm, *nodes: int) -> float:
    """Measure the way over nodes, straight from one to the next."""
    lon, lat = zip(*(place(osm.nodes[node]) for node in nodes), strict=True)
    return float(GEOD.line_length(lon, lat)) / 1000


def graph_of(links: gpd.GeoDataFrame, mode: str) -> nx.MultiDiGraph:
    """Join the links open to a mode into a graph with km."""
    graph = nx.MultiDiGraph()
    for row in links.itertuples():
        way = getattr(row, mode)
        if way in ("both", "forward"):
            graph.add_edge(row.from_id, row.to_id, km=row.length_km, link=row.link_id)
        if way in ("both", "backward"):
            graph.add_edge(row.to_id, row.from_id, km=row.length_km, link=row.link_id)
    return graph


def count(report: pd.DataFrame, what: str) -> int:
    found = report.loc[report["what"] == what, "count"]
    return int(found.iloc[0]) if len(found) else 0


def km(report: pd.DataFrame, what: str) -> float:
    return float(report.loc[report["what"] == what, "km"].iloc[0])


@pytest.fixture(scope="module")
def streets(tmp_path_factory: pytest.TempPathFactory) -> Streets:
    return streets_of(town(), tmp_path_factory.mktemp("osm"))


def test_the_town_becomes_these_links_and_no_others(streets: Streets) -> None:
    ends = {
        link.link_id: (link.from_id, link.to_id, link.car, link.walk, link.bicycle)
        for link in streets.links.itertuples()
    }
    both, along = ("both",) * 3, ("forward", "both", "forward")
    assert ends == {
        "10:0": ("1", "2", *both),
        "10:1": ("2", "3", *both),
        "10:2": ("3", "4", *both),
        "11:0": ("2", "5", *along),
        "11:1": ("5", "6", *along),
        "11:2": ("6", "3", *along),
        "12:0": ("3", "4", *both),
        "13:0": ("4", "8", *both),
        "13:1": ("8", "4", *both),
        "14:0": ("20", "22", *along),
        "14:2": ("22", "20", *along),
        "15:0": ("1", "20", *both),
        "16:0": ("22", "24", *both),
        "18:0": ("24", "26", *both),
        "18:1": ("26", "27", "no", "both", "both"),
        "18:2": ("27", "28", *both),
        "18:3": ("28", "1", *both),
        "19:0": ("28", "30", "both", "both", "no"),
        "31:0": ("30", "32", "both", "both", "no"),
        "33:0": ("4", "34", *both),
        "40:0": ("5", "6", "no", "both", "no"),
    }


def test_nodes_are_the_ends_of_links_and_nothing_else(streets: Streets) -> None:
    ends = {*streets.links["from_id"], *streets.links["to_id"]}
    assert list(streets.nodes["node_id"]) == sorted(ends)
    assert list(streets.nodes.index) == list(streets.nodes["node_id"])
    where = streets.nodes.loc["28", ["lon", "lat"]]
    assert tuple(where) == place(town().nodes[28])


def test_links_are_ordered_by_their_id_and_carry_the_columns_of_the_contract(
    streets: Streets,
) -> None:
    links = streets.links
    assert list(links.index) == sorted(links["link_id"])
    assert list(links.columns) == [
        "link_id", "from_id", "to_id", "name", "road", "class", "length_km", "free_speed_kmh",
        "speed_source", "lanes_count", "capacity_veh_per_h", "is_toll", "car", "walk", "bicycle",
        "geometry",
    ]  # fmt: skip
    assert links.crs == "EPSG:4326"
    assert set(links.geom_type) == {"LineString"}
    assert links.notna().all(axis=None)


def test_a_name_with_quotes_and_pictures_comes_through_whole(streets: Streets) -> None:
    main = streets.links.loc["10:1"]
    assert main["name"] == LENIN
    assert main["road"] == "К-1"


def test_speed_lanes_capacity_and_toll_follow_the_tags(streets: Streets) -> None:
    columns = ["class", "free_speed_kmh", "speed_source", "lanes_count", "capacity_veh_per_h",
               "is_toll"]  # fmt: skip
    got = {link: tuple(streets.links.loc[link, columns]) for link in ("10:0", "11:0", "18:0")}
    assert got == {
        "10:0": ("secondary", 60, "tag", 2, 1800, False),
        "11:0": ("residential", 40, "class", 1, 500, False),
        "18:0": ("tertiary", 50, "class", 1, 800, True),
    }


def test_a_ferry_goes_as_fast_as_its_duration_says(streets: Streets) -> None:
    ferry = streets.links.loc["19:0"]
    assert ferry["class"] == "ferry"
    assert ferry["speed_source"] == "tag"
    assert ferry["free_speed_kmh"] == pytest.approx(km_along(town(), 28, 30) / 0.5)


def test_length_and_drawing_follow_every_point(streets: Streets) -> None:
    link = streets.links.loc["13:1"]
    assert link["length_km"] == pytest.approx(km_along(town(), 8, 9, 4), rel=1e-12)
    assert list(link["geometry"].coords) == [place(town().nodes[node]) for node in (8, 9, 4)]


def test_a_bollard_turns_cars_back_and_lets_people_pass(streets: Streets) -> None:
    osm = town()
    by_car = nx.shortest_path_length(graph_of(streets.links, "car"), "26", "28", weight="km")
    on_foot = nx.shortest_path_length(graph_of(streets.links, "walk"), "26", "28", weight="km")
    assert by_car == pytest.approx(km_along(osm, 26, 24, 22, 21, 20, 1, 28))
    assert on_foot == pytest.approx(km_along(osm, 26, 27, 28))
    assert count(streets.report, "car: closed beside barriers") == 1
    assert km(streets.report, "car: closed beside barriers") == pytest.approx(km_along(osm, 26, 27))


def test_the_roundabout_is_driven_one_way_round(streets: Streets) -> None:
    graph = graph_of(streets.links, "car")
    there = nx.shortest_path_length(graph, "20", "22", weight="km")
    back = nx.shortest_path_length(graph, "22", "20", weight="km")
    assert there == pytest.approx(km_along(town(), 20, 23, 22))
    assert back == pytest.approx(km_along(town(), 22, 21, 20))


def test_networkx_goes_as_far_over_links_as_over_every_drawn_point(streets: Streets) -> None:
    """The one-way ring, the parallel street and the main street, by hand."""
    osm, graph = town(), graph_of(streets.links, "car")
    ways = {
        ("2", "6"): (2, 5, 6),
        ("6", "2"): (6, 3, 2),
        ("5", "4"): (5, 6, 3, 4),
        ("24", "4"): (24, 22, 21, 20, 1, 2, 3, 4),
        ("4", "24"): (4, 3, 2, 1, 20, 23, 22, 24),
        ("34", "32"): (34, 4, 3, 2, 1, 28, 30, 32),
    }
    for (start, end), nodes in ways.items():
        got = nx.shortest_path_length(graph, start, end, weight="km")
        assert got == pytest.approx(km_along(osm, *nodes), rel=1e-9), (start, end)


def test_the_report_names_what_was_dropped_and_why(streets: Streets) -> None:
    report = streets.report
    assert list(report.columns) == ["what", "count", "km", "note"]
    assert count(report, "ways with a highway or a ferry") == 14
    assert count(report, "ways dropped: highway=construction") == 1
    assert count(report, "ways dropped: closed to everybody by access tags") == 1
    assert count(report, "ways cut where nodes are absent") == 1
    outside = report.set_index("what").loc["walk: outside the largest part"]
    assert outside["count"] == 1
    assert outside["km"] == pytest.approx(km_along(town(), 35, 36))
    assert "Обрыв (0.06 km)" in outside["note"]
    by_bicycle = report.set_index("what").loc["bicycle: outside the largest part"]
    assert by_bicycle["count"] == 2


def test_turn_restrictions_are_counted_and_not_applied(streets: Streets) -> None:
    found = streets.report[streets.report["what"].str.startswith("turn restrictions")]
    assert dict(zip(found["what"], found["count"], strict=True)) == {
        "turn restrictions: no_left_turn, via a node": 1,
        "turn restrictions: no_u_turn, incomplete": 1,
        "turn restrictions: only_straight_on, via ways": 1,
    }
    assert set(found["note"]) == {"counted, not applied"}
    assert "11:0" in set(streets.links["link_id"])


def same(one: Streets, other: Streets) -> None:
    pd.testing.assert_frame_equal(one.nodes, other.nodes)
    pd.testing.assert_frame_equal(one.links, other.links)
    pd.testing.assert_frame_equal(one.report, other.report)


def pbf_of(text: Path, path: Path) -> Path:
    with osmium.SimpleWriter(str(path)) as writer:
        for item in osmium.FileProcessor(str(text)):
            writer.add(item)
    return path


def test_every_format_of_one_content_gives_the_same_streets(
    streets: Streets, tmp_path: Path
) -> None:
    text = xml_of(town()).encode()
    plain = write(town(), tmp_path / "town.osm")
    (tmp_path / "town.osm.gz").write_bytes(gzip.compress(text))
    (tmp_path / "TOWN.OSM.BZ2").write_bytes(bz2.compress(text))
    same(read_osm(tmp_path / "town.osm.gz"), streets)
    same(read_osm(tmp_path / "TOWN.OSM.BZ2"), streets)
    same(read_osm(pbf_of(plain, tmp_path / "город № 1.osm.pbf")), streets)


def test_the_order_of_a_file_changes_nothing(streets: Streets, tmp_path: Path) -> None:
    osm = town()
    backward = replace(
        osm,
        nodes=dict(reversed(osm.nodes.items())),
        ways=dict(reversed(osm.ways.items())),
        relations=dict(reversed(osm.relations.items())),
    )
    same(streets_of(backward, tmp_path), streets)
    lines = xml_of(osm).splitlines()
    ways_first = [*lines[:3], *sorted(lines[3:-1], key=lambda line: line[:2] == "<n"), lines[-1]]
    (tmp_path / "ways.osm").write_text("\n".join(ways_first), encoding="utf-8")
    same(read_osm(tmp_path / "ways.osm"), streets)


def test_a_link_keeps_its_id_whatever_else_is_in_the_file(streets: Streets, tmp_path: Path) -> None:
    osm = town()
    kept = {way: osm.ways[way] for way in (10, 11, 12, 15)}
    links = streets_of(replace(osm, ways=kept), tmp_path).links
    shared = links.index.intersection(streets.links.index)
    assert {"10:1", "10:2", "12:0", "15:0"} <= set(shared)
    columns = ["from_id", "name", "class"]
    pd.testing.assert_frame_equal(links.loc[shared, columns], streets.links.loc[shared, columns])


def line(*ways: Mapping[str, str], turned: tuple[int, ...] = ()) -> Osm:
    """Return ways of one step each, in a row from node 1; some are drawn the other way."""
    nodes = {number: (number + number**2 / 100, 0.1 * number) for number in range(1, len(ways) + 2)}
    refs = {way: (way, way + 1) for way in range(1, len(ways) + 1)}
    return Osm(
        nodes=nodes,
        ways={
            way: (pair[::-1] if way in turned else pair, ways[way - 1])
            for way, pair in refs.items()
        },
    )


def test_ways_alike_become_one_link_and_the_nodes_between_vanish(tmp_path: Path) -> None:
    osm = line(STREET, {**STREET, "surface": "asphalt"}, STREET)
    links = streets_of(osm, tmp_path).links
    assert links["link_id"].tolist() == ["1:0"]
    assert links.loc["1:0", ["from_id", "to_id"]].tolist() == ["1", "4"]
    assert links.loc["1:0", "length_km"] == pytest.approx(km_along(osm, 1, 2, 3, 4))


def test_ways_drawn_against_each_other_become_one_link_along_the_first(tmp_path: Path) -> None:
    osm = line(STREET, STREET, STREET, turned=(2, 3))
    links = streets_of(osm, tmp_path).links
    assert links.loc["1:0", ["from_id", "to_id"]].tolist() == ["1", "4"]
    assert list(links.geometry["1:0"].coords) == [place(osm.nodes[node]) for node in (1, 2, 3, 4)]
    osm = line(STREET, STREET, STREET, turned=(1,))
    links = streets_of(osm, tmp_path).links
    assert links.loc["1:0", ["from_id", "to_id"]].tolist() == ["4", "1"]


def ring(*tags: Mapping[str, str], turned: tuple[int, ...] = ()) -> Osm:
    """Return as many ways as tags, in a ring with a way back from its last node to its first."""
    osm = line(*tags, turned=turned)
    last = len(tags) + 1
    nodes = {**osm.nodes, 90: (2.0, 3.0)}
    return replace(osm, nodes=nodes, ways={**osm.ways, 90: ((last, 90, 1), STREET)})


def test_one_way_streets_drawn_against_each_other_join_only_if_they_lead_on(
    tmp_path: Path,
) -> None:
    forth, back = {**STREET, "oneway": "yes"}, {**STREET, "oneway": "-1"}
    links = streets_of(ring(forth, back, turned=(2,)), tmp_path).links
    assert links.loc["1:0", ["from_id", "to_id", "car"]].tolist() == ["1", "3", "forward"]
    assert links.loc["90:0", "car"] == "both"
    links = streets_of(ring(forth, forth, turned=(2,)), tmp_path).links
    assert links.loc["1:0", ["from_id", "to_id", "car"]].tolist() == ["1", "3", "no"]


@pytest.mark.parametrize(
    "other",
    [
        {"name": "Мира"}, {"ref": "А-108"}, {"highway": "tertiary"}, {"maxspeed": "30"},
        {"lanes": "4"}, {"toll": "yes"}, {"foot": "no"}, {"bicycle": "no"},
    ],
)  # fmt: skip
def test_a_change_that_matters_keeps_the_node(other: dict[str, str], tmp_path: Path) -> None:
    links = streets_of(line(STREET, {**STREET, **other}), tmp_path).links
    assert links["link_id"].tolist() == ["1:0", "2:0"]


def test_a_ring_by_itself_is_cut_into_two_links_at_its_middle(tmp_path: Path) -> None:
    osm = Osm(
        nodes={1: (0, 0), 2: (1, 0), 3: (2, 0), 4: (2, 1), 5: (0, 1)},
        ways={7: ((3, 4, 5), STREET), 8: ((1, 2, 3), STREET), 9: ((1, 5), STREET)},
    )
    links = streets_of(osm, tmp_path).links
    assert links["link_id"].tolist() == ["7:0", "8:0"]
    assert links["from_id"].tolist() == ["3", "5"]
    assert links["to_id"].tolist() == ["5", "3"]
    whole = km_along(osm, 3, 4, 5, 1, 2, 3)
    assert links["length_km"].sum() == pytest.approx(whole)


def test_a_node_listed_twice_and_neighbours_at_one_place_are_mended(tmp_path: Path) -> None:
    osm = Osm(
        nodes={1: (0, 0), 2: (1, 0), 3: (1, 0), 4: (2, 0), 5: (1, 1), 6: (3, 0)},
        ways={
            1: ((1, 1, 2, 3, 4), STREET),
            2: ((3, 5), STREET),
            3: ((6,), STREET),
            4: ((6, 6), STREET),
            5: ((2, 3), STREET),
        },
    )
    streets = streets_of(osm, tmp_path)
    ends = streets.links[["from_id", "to_id"]].to_numpy().tolist()
    assert ends == [["1", "2"], ["2", "4"], ["2", "5"]]
    assert (streets.links["length_km"] > 0).all()
    assert count(streets.report, "nodes listed twice in a row") == 2
    assert count(streets.report, "stretches without length") == 2
    assert count(streets.report, "ways without two points to join") == 3


def test_a_way_cut_by_the_extract_keeps_its_parts_and_their_places(tmp_path: Path) -> None:
    osm = Osm(
        nodes={2: (1, 0), 3: (2, 0), 5: (4, 0), 6: (5, 0), 7: (3, 2)},
        ways={1: ((1, 2, 3, 4, 5, 6), STREET), 2: ((2, 7, 6), {**STREET, "name": "Объезд"})},
    )
    streets = streets_of(osm, tmp_path)
    assert streets.links["link_id"].tolist() == ["1:1", "1:4", "2:0"]
    note = streets.report.set_index("what").loc["ways cut where nodes are absent", "note"]
    assert note.startswith("2 nodes are not in the file")


def test_of_a_way_that_stands_twice_the_last_counts(tmp_path: Path) -> None:
    text = xml_of(line(STREET, STREET)).replace(
        "</osm>",
        '<way id="1" version="2"><nd ref="1"/><nd ref="2"/><tag k="highway" v="primary"/></way>'
        "</osm>",
    )
    (tmp_path / "twice.osm").write_text(text, encoding="utf-8")
    streets = read_osm(tmp_path / "twice.osm")
    assert streets.links["class"].to_dict() == {"1:0": "primary", "2:0": "residential"}
    assert count(streets.report, "ways that stand more than once") == 1


def test_streets_that_an_editor_drew_and_did_not_send_are_read_too(tmp_path: Path) -> None:
    osm = line(STREET, STREET)
    new = {-7: ((3, -5, -6), {"highway": "primary"})}
    drawn = replace(osm, nodes={**osm.nodes, -5: (7, 1), -6: (8, 1)}, ways={**osm.ways, **new})
    links = streets_of(drawn, tmp_path).links
    assert links.loc["-7:0", ["from_id", "to_id"]].tolist() == ["3", "-6"]
    assert links.loc["-7:0", "length_km"] == pytest.approx(km_along(drawn, 3, -5, -6))


def test_cars_lose_an_island_that_people_on_foot_reach(tmp_path: Path) -> None:
    osm = line(STREET, STREET, {"highway": "footway"}, {**STREET, "name": "Остров"})
    streets = streets_of(osm, tmp_path)
    assert streets.links["car"].to_dict() == {"1:0": "both", "3:0": "no", "4:0": "no"}
    assert streets.links["walk"].to_dict() == {"1:0": "both", "3:0": "both", "4:0": "both"}
    row = streets.report.set_index("what").loc["car: outside the largest part"]
    assert row["count"] == 1
    assert row["note"].startswith("links in 1 pieces; largest: Остров")


def test_a_street_that_can_only_be_left_is_closed_to_cars(tmp_path: Path) -> None:
    osm = line(STREET, STREET, {**STREET, "oneway": "yes"})
    links = streets_of(osm, tmp_path).links
    assert links["car"].to_dict() == {"1:0": "both", "3:0": "no"}
    assert links["walk"].to_dict() == {"1:0": "both", "3:0": "both"}


def test_what_is_lost_in_one_piece_is_counted_as_one(tmp_path: Path) -> None:
    away = {**STREET, "oneway": "yes"}
    osm = line(STREET, STREET, {**away, "name": "Дальняя"}, {**away, "name": "Ближняя"})
    row = streets_of(osm, tmp_path).report.set_index("what").loc["car: outside the largest part"]
    assert row["count"] == 2
    assert row["km"] == pytest.approx(km_along(osm, 3, 4, 5))
    assert row["note"].startswith("links in 1 pieces; largest: Ближняя")


def test_a_bollard_between_a_street_and_a_path_leaves_the_street_to_cars(tmp_path: Path) -> None:
    osm = replace(line(STREET, {"highway": "footway"}), node_tags={2: {"barrier": "bollard"}})
    assert km_along(osm, 1, 2) < km_along(osm, 2, 3)
    streets = streets_of(osm, tmp_path)
    assert streets.links["car"].to_dict() == {"1:0": "both", "2:0": "no"}
    assert count(streets.report, "car: closed beside barriers") == 0


def test_a_gate_across_a_junction_leaves_cars_the_longest_arm(tmp_path: Path) -> None:
    osm = Osm(
        nodes={1: (0, 0), 2: (3, 0), 3: (0, 1), 4: (0, -2), 5: (4, 4), 6: (-4, 4), 7: (-4, -4)},
        ways={
            1: ((2, 1), STREET),
            2: ((1, 3), STREET),
            3: ((1, 4), STREET),
            4: ((2, 5, 3, 6, 7, 4), STREET),
        },
        node_tags={1: {"barrier": "gate", "access": "private", "foot": "yes"}},
    )
    streets = streets_of(osm, tmp_path)
    car = streets.links["car"].to_dict()
    assert (car["1:0"], car["2:0"], car["3:0"]) == ("no", "no", "both")
    assert set(streets.links["walk"]) == {"both"}
    assert streets.links.loc["2:0", "bicycle"] == "no"


def test_speeds_that_differ_by_direction_keep_the_time_there_and_back(tmp_path: Path) -> None:
    uneven = {**STREET, "maxspeed:forward": "60", "maxspeed:backward": "30"}
    streets = streets_of(line(uneven), tmp_path)
    assert streets.links["free_speed_kmh"].tolist() == [pytest.approx(40)]
    assert count(streets.report, "another speed limit each way") == 1
    assert km(streets.report, "another speed limit each way") == pytest.approx(
        streets.links["length_km"].sum()
    )


@pytest.mark.parametrize(
    ("tags", "speed_kmh", "source"),
    [
        ({"duration": "0:01"}, None, "tag"),
        ({"duration": "soon"}, 15, "class"),
        ({"duration": "0:00"}, 15, "class"),
        ({"duration": "240:00"}, 15, "class"),
        ({}, 15, "class"),
    ],
)
def test_a_ferry_without_a_likely_duration_gets_the_assumed_speed(
    tags: dict[str, str], speed_kmh: float | None, source: str, tmp_path: Path
) -> None:
    ferry = {"route": "ferry", "motor_vehicle": "yes", **tags}
    osm = line(STREET, ferry, STREET)
    link = streets_of(osm, tmp_path).links.loc["2:0"]
    wanted = km_along(osm, 2, 3) * 60 if speed_kmh is None else speed_kmh
    assert link["free_speed_kmh"] == pytest.approx(wanted)
    assert link["speed_source"] == source


def test_a_ferry_cut_by_the_extract_does_not_get_the_pace_of_the_whole(tmp_path: Path) -> None:
    ferry = {"route": "ferry", "motor_vehicle": "yes", "duration": "0:01"}
    osm = line(STREET, STREET)
    cut = replace(osm, ways={**osm.ways, 3: ((3, 1, 99), ferry)})
    assert streets_of(cut, tmp_path).links.loc["3:0", "free_speed_kmh"] == 15


def test_two_ferries_of_one_kind_and_unlike_pace_stay_apart(tmp_path: Path) -> None:
    ferry = {"route": "ferry", "motor_vehicle": "yes", "duration": "0:01"}
    links = streets_of(line(STREET, ferry, ferry, STREET), tmp_path).links
    assert links["link_id"].tolist() == ["1:0", "2:0", "3:0", "4:0"]


XML = '<?xml version="1.0"?><osm version="0.6">'
BROKEN: dict[str, tuple[bytes, str]] = {
    "empty.osm.pbf": (b"", "is empty; get the extract anew"),
    "words.osm.pbf": (b"this is no map" * 9, "cannot be read as OpenStreetMap data: PBF error"),
    "page.osm": (b"<html></html>", "cannot be read as OpenStreetMap data: Unknown top-level"),
    "cut.osm": (f'{XML}<node id="1" lat="1" lon="1"/>'.encode(), "cannot be read as"),
    "cut.osm.gz": (gzip.compress(xml_of(town()).encode())[:200], "cannot be read as"),
    "cut.osm.bz2": (bz2.compress(xml_of(town()).encode())[:200], "cannot be read as"),
    "bare.osm": (f"{XML}</osm>".encode(), "holds no street whose nodes it holds too (0 ways"),
    "map.shp": (b"x", "has an unknown ending; wanted one of .osm.pbf, .pbf, .osm,"),
}


@pytest.mark.parametrize("name", BROKEN)
def test_a_broken_file_is_refused_with_one_clear_error(name: str, tmp_path: Path) -> None:
    content, message = BROKEN[name]
    path = tmp_path / name
    path.write_bytes(content)
    with pytest.raises(LayerError, match=re.escape(f"{path} {message}")):
        read_osm(path)


def test_a_truncated_pbf_is_refused(tmp_path: Path) -> None:
    whole = pbf_of(write(town(), tmp_path / "town.osm"), tmp_path / "whole.osm.pbf").read_bytes()
    cut = tmp_path / "cut.osm.pbf"
    cut.write_bytes(whole[: len(whole) * 2 // 3])
    with pytest.raises(LayerError, match=r"PBF error: .*; get the extract anew"):
        read_osm(cut)


def test_a_path_that_is_absent_or_a_folder_is_named(tmp_path: Path) -> None:
    with pytest.raises(LayerError, match=r"nowhere\.osm is not there; wanted a file"):
        read_osm(tmp_path / "nowhere.osm")
    with pytest.raises(LayerError, match="is a folder; wanted a file"):
        read_osm(tmp_path)


@pytest.mark.parametrize(
    "ways",
    [
        {1: ((1, 2), {"highway": "proposed"})},
        {1: ((1, 2), {**STREET, "area": "yes"})},
        {1: ((1, 2), {**STREET, "access": "no"})},
        {1: ((1, 99), STREET)},
        {1: ((1, 2), {"route": "bus"})},
    ],
)
def test_a_file_without_a_usable_street_is_refused(
    ways: dict[int, tuple[tuple[int, ...], dict[str, str]]], tmp_path: Path
) -> None:
    with pytest.raises(LayerError, match="holds no street whose nodes it holds too"):
        streets_of(Osm(nodes={1: (0, 0), 2: (1, 0)}, ways=ways), tmp_path)


def test_a_motorway_of_one_direction_alone_is_refused(tmp_path: Path) -> None:
    with pytest.raises(LayerError, match="no way there and back on any of them; get a larger"):
        streets_of(line({"highway": "motorway"}, {"highway": "motorway"}), tmp_path)


def test_a_place_off_the_globe_counts_as_absent(tmp_path: Path) -> None:
    text = xml_of(line(STREET, STREET)).replace('lat="55.10', 'lat="95.10', 1)
    (tmp_path / "off.osm").write_text(text, encoding="utf-8")
    assert read_osm(tmp_path / "off.osm").links["link_id"].tolist() == ["2:0"]


def test_without_pyosmium_the_error_says_what_to_install(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    for module in ("osmium", "osmium.io"):
        monkeypatch.setitem(sys.modules, module, None)
    with pytest.raises(LayerError, match=r"without pyosmium; run: pip install agglo\[osm\]"):
        streets_of(town(), tmp_path)
