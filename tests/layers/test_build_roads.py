"""The strategic road network: shapes along coarse lines, lengths, and the checks."""

from __future__ import annotations

from pathlib import Path

import geopandas as gpd
import pandas as pd
import pytest
import shapely
from pyproj import Geod
from shapely.geometry import LineString

from agglo.errors import LayerError
from agglo.layers.build import roads

REPOSITORY = Path(__file__).parents[2]
TABLES = REPOSITORY / "agglo/layers/build/tables"
COARSE = REPOSITORY.parent / "shared/data/obninsk/roads_naturalearth.gpkg"
ZONE_NODES = (
    "obninsk balabanovo borovsk yermolino vorsino belousovo zhukov kremenki vysokinichi "
    "maloyaroslavets detchino kudinovo moscow naro_fominsk kaluga serpukhov protvino"
)
NODE_HEAD = "node_id,name_ru,name_en,kind,lon,lat,coord_source"
LINK_HEAD = (
    "link_id,name_ru,name_en,road,from_id,to_id,length_km,class,lanes_count,free_speed_kmh,"
    "speed_kmh,capacity_veh_per_h,km_from,km_to,via,note"
)
NO_DISTANCES = pd.DataFrame(columns=["from_id", "to_id", "km", "source"])


@pytest.fixture(scope="module")
def region() -> tuple[gpd.GeoDataFrame, gpd.GeoDataFrame]:
    """Return the built-in nodes and links."""
    if not COARSE.is_file():
        pytest.skip(f"source data are absent: {COARSE}")
    nodes = roads.road_nodes(TABLES)
    return nodes, roads.road_links(nodes, gpd.read_file(COARSE), TABLES)


def world(
    folder: Path, nodes: dict[str, tuple[float, float]], links: list[str]
) -> tuple[gpd.GeoDataFrame, Path]:
    """Write small tables; a link is ``from,to,length_km,via``."""
    rows = [f"{name},{name},{name},town,{x},{y},test" for name, (x, y) in nodes.items()]
    (folder / "road_nodes.csv").write_text("\n".join([NODE_HEAD, *rows]), encoding="utf-8")
    lines = []
    for link in links:
        a, b, km, via = link.split(",")
        lines.append(f"{a}_{b},x,x,local,{a},{b},{km},primary,1,80,60,1200,,,{via},")
    (folder / "road_links.csv").write_text("\n".join([LINK_HEAD, *lines]), encoding="utf-8")
    return roads.road_nodes(folder), folder


def coarse(*lines: list[tuple[float, float]]) -> gpd.GeoDataFrame:
    return gpd.GeoDataFrame(geometry=[LineString(line) for line in lines], crs="EPSG:4326")


def line_of(links: gpd.GeoDataFrame, link_id: str) -> LineString:
    return links.set_index("link_id").geometry[link_id]


BEND = [(36.0, 55.0), (36.25, 55.06), (36.5, 55.0)]


def test_a_link_follows_the_coarse_line_and_ends_exactly_at_its_nodes(tmp_path: Path) -> None:
    nodes, tables = world(tmp_path, {"a": (36.01, 55.01), "b": (36.49, 54.99)}, ["a,b,,"])
    links = roads.road_links(nodes, coarse(BEND), tables)
    line = line_of(links, "a_b")
    assert links["geometry_source"].tolist() == [roads.COARSE]
    assert line.coords[0] == (36.01, 55.01)
    assert line.coords[-1] == (36.49, 54.99)
    assert line.distance(shapely.Point(36.25, 55.06)) < 1e-4


def test_a_measured_length_is_the_drawn_one_times_the_curvature(tmp_path: Path) -> None:
    nodes, tables = world(tmp_path, {"a": (36.0, 55.0), "b": (36.5, 55.0)}, ["a,b,,"])
    links = roads.road_links(nodes, coarse(BEND), tables)
    drawn_km = Geod(ellps="WGS84").geometry_length(line_of(links, "a_b")) / 1000
    expected = drawn_km * roads.CURVATURE[roads.COARSE]
    assert links["length_km"][0] == pytest.approx(expected, abs=0.1)


def test_a_length_of_the_table_stays(tmp_path: Path) -> None:
    nodes, tables = world(tmp_path, {"a": (36.0, 55.0), "b": (36.5, 55.0)}, ["a,b,40,"])
    links = roads.road_links(nodes, coarse(BEND), tables)
    assert links["length_km"].tolist() == [40.0]
    assert links["length_source"].tolist() == ["table"]


def test_a_way_can_lead_over_several_lines_with_a_small_gap(tmp_path: Path) -> None:
    nodes, tables = world(tmp_path, {"a": (36.0, 55.0), "b": (36.5, 55.0)}, ["a,b,,"])
    first, second = [BEND[0], BEND[1]], [(36.2504, 55.0601), BEND[2]]
    links = roads.road_links(nodes, coarse(first, second), tables)
    assert links["geometry_source"].tolist() == [roads.COARSE]


def test_a_node_far_from_every_line_gets_a_straight_link(tmp_path: Path) -> None:
    nodes, tables = world(tmp_path, {"a": (36.0, 55.0), "b": (36.5, 55.2)}, ["a,b,,"])
    links = roads.road_links(nodes, coarse(BEND), tables)
    assert links["geometry_source"].tolist() == [roads.STRAIGHT]
    assert len(line_of(links, "a_b").coords) == 2


def test_a_long_way_round_along_the_lines_is_not_taken(tmp_path: Path) -> None:
    nodes, tables = world(tmp_path, {"a": (36.0, 55.0), "b": (36.2, 55.0)}, ["a,b,,"])
    detour = [(36.0, 55.0), (36.1, 55.3), (36.2, 55.0)]
    links = roads.road_links(nodes, coarse(detour), tables)
    assert links["geometry_source"].tolist() == [roads.STRAIGHT]


def test_the_table_can_ask_for_a_straight_line_or_for_points_to_pass(tmp_path: Path) -> None:
    places = {"a": (36.0, 55.0), "b": (36.25, 55.06), "c": (36.5, 55.0)}
    nodes, tables = world(tmp_path, places, ["a,b,,straight", "b,c,,36.4 55.08"])
    links = roads.road_links(nodes, coarse(BEND), tables)
    assert links["geometry_source"].tolist() == [roads.STRAIGHT, roads.HAND]
    assert line_of(links, "b_c").coords[1] == (36.4, 55.08)


def test_no_coarse_line_at_all_still_gives_a_network(tmp_path: Path) -> None:
    nodes, tables = world(tmp_path, {"a": (36.0, 55.0), "b": (36.2, 55.0)}, ["a,b,,"])
    links = roads.road_links(nodes, coarse(), tables)
    assert links["geometry_source"].tolist() == [roads.STRAIGHT]


def test_a_link_to_an_unknown_node_is_refused(tmp_path: Path) -> None:
    nodes, tables = world(tmp_path, {"a": (36.0, 55.0)}, ["a,nowhere,,"])
    with pytest.raises(LayerError, match="lacks: nowhere"):
        roads.road_links(nodes, coarse(BEND), tables)


@pytest.fixture
def sound(tmp_path: Path) -> tuple[gpd.GeoDataFrame, gpd.GeoDataFrame]:
    """Return a triangle of towns without fault."""
    places = {"a": (36.0, 55.0), "b": (36.2, 55.0), "c": (36.1, 55.1)}
    nodes, tables = world(tmp_path, places, ["a,b,,", "b,c,,", "a,c,,"])
    return nodes, roads.road_links(nodes, coarse(), tables)


def test_a_sound_network_has_no_faults(
    sound: tuple[gpd.GeoDataFrame, gpd.GeoDataFrame],
) -> None:
    assert roads.check_roads(*sound, NO_DISTANCES) == []


def test_a_node_without_a_way_is_a_fault(
    sound: tuple[gpd.GeoDataFrame, gpd.GeoDataFrame],
) -> None:
    nodes, links = sound
    faults = roads.check_roads(nodes, links.iloc[:1], NO_DISTANCES)
    assert faults == ["node 'c' cannot be reached from 'a'"]


def test_a_long_detour_between_towns_is_a_fault(
    sound: tuple[gpd.GeoDataFrame, gpd.GeoDataFrame],
) -> None:
    nodes, links = sound
    faults = roads.check_roads(nodes, links.iloc[1:], NO_DISTANCES)
    assert len(faults) == 1
    assert faults[0].startswith("a to b is")
    assert "outside 1.0 to 1.6" in faults[0]


def test_a_link_shorter_than_the_straight_line_is_a_fault(
    sound: tuple[gpd.GeoDataFrame, gpd.GeoDataFrame],
) -> None:
    nodes, links = sound
    short = links.assign(length_km=[5.0, *links["length_km"][1:]])
    faults = roads.check_roads(nodes, short, NO_DISTANCES)
    assert "link 'a_b' is 5.0 km; straight are 12.8 km" in faults


@pytest.mark.parametrize(("km", "is_fault"), [(15.0, False), (16.0, True), (12.0, True)])
def test_a_published_distance_may_be_missed_by_a_twentieth(
    sound: tuple[gpd.GeoDataFrame, gpd.GeoDataFrame], km: float, is_fault: bool
) -> None:
    published = pd.DataFrame({"from_id": ["a"], "to_id": ["b"], "km": [km], "source": ["x"]})
    faults = roads.check_roads(*sound, published)
    assert bool(faults) is is_fault
    if is_fault:
        assert faults == [f"a to b is 14.7 km; published are {km} km"]


def test_a_published_distance_to_nowhere_is_a_fault(
    sound: tuple[gpd.GeoDataFrame, gpd.GeoDataFrame],
) -> None:
    published = pd.DataFrame({"from_id": ["a"], "to_id": ["z"], "km": [9], "source": ["x"]})
    assert roads.check_roads(*sound, published) == ["published distance a to z: there is no way"]


def test_two_links_of_one_id_are_a_fault(
    sound: tuple[gpd.GeoDataFrame, gpd.GeoDataFrame],
) -> None:
    nodes, links = sound
    same = links.assign(link_id=["a_b", "a_b", "a_c"])
    assert roads.check_roads(nodes, same, NO_DISTANCES) == ["link id 'a_b' stands more than once"]


def test_parallel_links_are_a_fault_in_either_direction(
    sound: tuple[gpd.GeoDataFrame, gpd.GeoDataFrame],
) -> None:
    nodes, links = sound
    back = links.iloc[:1].assign(link_id="b_a", from_id="b", to_id="a")
    doubled = pd.concat([links, back], ignore_index=True)
    assert roads.check_roads(nodes, doubled, NO_DISTANCES) == [
        "links between a and b run parallel; keep one"
    ]


@pytest.mark.parametrize("column", roads.POSITIVE)
@pytest.mark.parametrize("value", [0.0, -1.0, float("nan")])
def test_a_number_that_is_not_positive_is_a_fault(
    sound: tuple[gpd.GeoDataFrame, gpd.GeoDataFrame], column: str, value: float
) -> None:
    nodes, links = sound
    bad = links.assign(**{column: [value, *links[column][1:]]})
    faults = roads.check_roads(nodes, bad, NO_DISTANCES)
    assert f"link 'a_b' has no positive {column}" in faults


def test_a_peak_faster_than_the_free_road_is_a_fault(
    sound: tuple[gpd.GeoDataFrame, gpd.GeoDataFrame],
) -> None:
    nodes, links = sound
    fast = links.assign(speed_kmh=[90.0, 60.0, 60.0])
    assert roads.check_roads(nodes, fast, NO_DISTANCES) == [
        "link 'a_b' is faster in the peak than when free"
    ]


def test_the_built_in_network_passes_its_checks(
    region: tuple[gpd.GeoDataFrame, gpd.GeoDataFrame],
) -> None:
    distances = pd.read_csv(TABLES / "road_distances.csv")
    assert roads.check_roads(*region, distances) == []


def test_every_zone_with_a_town_has_a_road_node() -> None:
    nodes = roads.road_nodes(TABLES)
    assert set(ZONE_NODES.split()) <= set(nodes["node_id"])
    assert not nodes["node_id"].duplicated().any()


def test_every_published_distance_names_its_source() -> None:
    distances = pd.read_csv(TABLES / "road_distances.csv")
    assert distances["source"].str.contains("://|to be confirmed").all()


def test_built_in_links_end_exactly_at_their_nodes(
    region: tuple[gpd.GeoDataFrame, gpd.GeoDataFrame],
) -> None:
    nodes, links = region
    at = nodes.set_index("node_id").geometry
    for link in links.itertuples():
        assert link.geometry.coords[0] == at[link.from_id].coords[0]
        assert link.geometry.coords[-1] == at[link.to_id].coords[0]


def test_m3_lengths_are_the_differences_of_its_kilometre_posts(
    region: tuple[gpd.GeoDataFrame, gpd.GeoDataFrame],
) -> None:
    _, links = region
    posted = links.dropna(subset=["km_from", "km_to"]).sort_values("km_from")
    assert (posted["length_km"] == posted["km_to"] - posted["km_from"]).all()
    assert posted["km_to"].tolist()[:-1] == posted["km_from"].tolist()[1:]
    assert (posted["km_from"].iloc[0], posted["km_to"].iloc[-1]) == (0, 174)


def test_m3_from_km_65_to_107_has_two_lanes_and_queues_in_the_base_year(
    region: tuple[gpd.GeoDataFrame, gpd.GeoDataFrame],
) -> None:
    _, links = region
    section = links[(links["km_from"] >= 65) & (links["km_to"] <= 107)]
    assert section["length_km"].sum() == 42
    assert set(section["speed_kmh"]) == {45}
    assert set(section["lanes_count"]) == {2}


def test_the_order_of_the_coarse_lines_does_not_matter(
    region: tuple[gpd.GeoDataFrame, gpd.GeoDataFrame],
) -> None:
    nodes, links = region
    reversed_lines = gpd.read_file(COARSE).iloc[::-1].reset_index(drop=True)
    again = roads.road_links(nodes, reversed_lines, TABLES)
    pd.testing.assert_frame_equal(
        pd.DataFrame(links).assign(geometry=links.to_wkt()["geometry"]),
        pd.DataFrame(again).assign(geometry=again.to_wkt()["geometry"]),
    )
