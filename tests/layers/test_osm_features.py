"""Places, buildings, facilities and boundaries read from OpenStreetMap files."""

from __future__ import annotations

import math
from dataclasses import replace
from pathlib import Path

import pytest
import shapely
from pyproj import Geod

from agglo.errors import LayerError
from agglo.layers.osm import OsmFeatures, read_osm_features
from agglo.layers.osm_feature_tags import facility_kind, levels_count, population_count
from tests.osm_worlds import LAT, LON, STEP, Osm, Tags, place, write

pytest.importorskip("osmium")

SQUARE = {1: (0, 0), 2: (1, 0), 3: (1, 1), 4: (0, 1)}
NAME = 'Д. «Заречье» "2"'


def village() -> Osm:
    """Return a village of 1.5 thousand, a block with a yard, a school and half a district."""
    return Osm(
        nodes={
            **SQUARE,
            11: (0.2, 0.2), 12: (0.4, 0.2), 13: (0.4, 0.4), 14: (0.2, 0.4), 20: (0.5, 0.5),
            21: (3, 3), 22: (4, 3), 23: (4, 4), 30: (9, 9), 31: (0.9, 0.9),
        },
        ways={
            1: ((1, 2, 3, 4, 1), {"name": NAME, "place": "village"}),
            2: ((1, 2, 3, 4, 1), {}),
            3: ((11, 12, 13, 14, 11), {}),
            4: ((21, 22, 23, 21), {"building": "school", "amenity": "school", "name": "Школа",
                                   "building:levels": "3"}),
            5: ((21, 22, 99, 21), {"building": "house"}),
            6: ((1, 2, 3, 4, 1), {"building": "no", "amenity": "parking", "park_ride": "yes"}),
            7: ((21, 22), {"railway": "halt", "name": "Платформа"}),
            8: ((21, 22, 23, 21), {"place": "hamlet", "name": "Хутор"}),
        },
        node_tags={
            20: {"place": "village", "name": NAME, "name:en": "Zarechye", "population": "1 500"},
            30: {"place": "hamlet", "name": "Пустошь", "population": "some"},
            31: {"highway": "bus_stop", "name": "Сельсовет"},
        },
        relations={
            1: ((("way", 2, "outer"), ("way", 3, "inner")),
                {"type": "multipolygon", "building": "apartments"}),
            2: ((("way", 2, "outer"),), {"type": "boundary", "boundary": "administrative",
                                         "admin_level": "8", "name": "сельсовет"}),
            3: ((("way", 2, "outer"), ("way", 77, "outer")),
                {"type": "boundary", "boundary": "administrative", "admin_level": "6",
                 "name": "район"}),
            4: ((("way", 2, "outer"),), {"type": "boundary", "boundary": "administrative",
                                         "admin_level": "?", "name": "странный"}),
            5: ((("way", 4, ""),), {"type": "site", "amenity": "university"}),
        },
    )  # fmt: skip


@pytest.fixture(scope="module")
def features(tmp_path_factory: pytest.TempPathFactory) -> OsmFeatures:
    return read_osm_features(write(village(), tmp_path_factory.mktemp("osm") / "village.osm"))


def area_m2(*nodes: int) -> float:
    lon, lat = zip(*(place(village().nodes[node]) for node in nodes), strict=True)
    return abs(Geod(ellps="WGS84").polygon_area_perimeter(lon, lat)[0])


def count(features: OsmFeatures, what: str) -> int:
    return int(features.report.set_index("what")["count"].get(what, 0))


def test_a_place_has_its_kind_names_and_people(features: OsmFeatures) -> None:
    row = features.places.loc["n20"]
    assert tuple(row[["kind", "name", "name_en", "population_count"]]) == (
        "village", NAME, "Zarechye", 1500,
    )  # fmt: skip
    assert (row["lon"], row["lat"]) == pytest.approx(place((0.5, 0.5)))
    assert math.isnan(features.places.loc["n30", "population_count"])
    assert count(features, "population counts that are not understood") == 1


def test_a_place_drawn_as_an_area_around_its_own_point_counts_once(features: OsmFeatures) -> None:
    assert list(features.places.index) == ["n20", "n30", "w8"]
    assert count(features, "places drawn as areas around a place of their name, left out") == 1
    middle = features.places.loc["w8", ["lon", "lat"]].tolist()
    assert middle == pytest.approx([LON + STEP * 11 / 3, LAT + STEP * 10 / 3])


def test_floor_area_is_the_footprint_without_yards_times_the_levels(features: OsmFeatures) -> None:
    buildings = features.buildings
    assert list(buildings.index) == ["r1", "w4"]
    block, school = buildings.loc["r1"], buildings.loc["w4"]
    footprint = area_m2(1, 2, 3, 4) - area_m2(11, 12, 13, 14)
    assert block["floor_area_m2"] == pytest.approx(footprint, rel=1e-4)
    assert school["floor_area_m2"] == pytest.approx(3 * area_m2(21, 22, 23), rel=1e-4)
    assert buildings["is_levels_known"].tolist() == [False, True]
    assert buildings["kind"].tolist() == ["apartments", "school"]
    assert count(features, "buildings without levels, taken as one level") == 1
    assert count(features, "buildings cut off by the extract or drawn wrongly, left out") == 1


def test_facilities_come_from_points_lines_and_areas(features: OsmFeatures) -> None:
    rows = features.facilities[["kind", "name"]].to_numpy().tolist()
    assert dict(zip(features.facilities.index, rows, strict=True)) == {
        "n31": ["bus_stop", "Сельсовет"],
        "w4": ["school", "Школа"],
        "w6": ["park_ride", ""],
        "w7": ["halt", "Платформа"],
    }
    assert features.facilities.loc["w7", "lon"] == pytest.approx(LON + STEP * 3.5)


def test_a_boundary_is_read_whole_or_left_out_and_counted(features: OsmFeatures) -> None:
    boundaries = features.boundaries
    assert boundaries[["osm_id", "level", "name"]].to_numpy().tolist() == [["r2", 8, "сельсовет"]]
    square = shapely.Polygon([place(SQUARE[node]) for node in (1, 2, 3, 4)])
    assert boundaries.geometry["r2"].equals(square)
    assert boundaries.crs == "EPSG:4326"
    assert count(features, "administrative boundaries cut off by the extract, left out") == 1
    assert count(
        features, "administrative boundaries without a number as their level, left out"
    ) == 1  # fmt: skip


@pytest.mark.parametrize(
    ("box", "wanted"),
    [
        ('<bounds minlat="55" minlon="36" maxlat="56" maxlon="37.5"/>', (36, 55, 37.5, 56)),
        ("", (LON, LAT, LON + STEP * 9, LAT + STEP * 9)),
        ('<bounds minlat="0" minlon="0" maxlat="90" maxlon="180"/>',
         (LON, LAT, LON + STEP * 9, LAT + STEP * 9)),
    ],
)  # fmt: skip
def test_the_extent_is_the_box_of_the_header_or_else_of_the_nodes(
    box: str, wanted: tuple[float, ...], tmp_path: Path
) -> None:
    osm = replace(village(), box=box)
    got = read_osm_features(write(osm, tmp_path / "box.osm")).extent
    assert got == pytest.approx(wanted)


def test_a_file_without_anything_gives_empty_tables_of_the_same_columns(
    features: OsmFeatures, tmp_path: Path
) -> None:
    empty = read_osm_features(write(Osm(nodes={}, ways={}), tmp_path / "empty.osm"))
    for name in ("places", "buildings", "facilities", "boundaries"):
        none, some = getattr(empty, name), getattr(features, name)
        assert len(none) == 0
        assert list(none.columns) == list(some.columns)
        numbers = some.select_dtypes("number").columns
        assert (none[numbers].dtypes == some[numbers].dtypes).all()
    assert all(map(math.isnan, empty.extent))
    assert len(empty.report) == 0


def test_a_broken_file_is_refused(tmp_path: Path) -> None:
    (tmp_path / "words.osm.pbf").write_bytes(b"no map" * 20)
    with pytest.raises(LayerError, match="cannot be read as OpenStreetMap data: PBF error"):
        read_osm_features(tmp_path / "words.osm.pbf")


@pytest.mark.parametrize(
    ("tags", "kind"),
    [
        ({"railway": "station"}, "station"),
        ({"railway": "station", "amenity": "bus_station"}, "station"),
        ({"railway": "rail"}, ""),
        ({"railway": "tram_stop"}, "tram_stop"),
        ({"amenity": "hospital"}, "hospital"),
        ({"healthcare": "clinic"}, "clinic"),
        ({"healthcare": "optometrist"}, ""),
        ({"amenity": "parking"}, ""),
        ({"amenity": "parking", "park_ride": "no"}, ""),
        ({"amenity": "parking", "park_ride": "train"}, "park_ride"),
        ({"aeroway": "aerodrome", "iata": "OPO"}, "airport"),
        ({"aeroway": "aerodrome"}, "airfield"),
        ({"public_transport": "platform", "bus": "yes"}, "bus_stop"),
        ({"public_transport": "platform", "tram": "yes"}, ""),
        ({"highway": "crossing"}, ""),
        ({"amenity": "bench"}, ""),
    ],
)
def test_a_facility_is_known_by_its_tags(tags: Tags, kind: str) -> None:
    assert facility_kind(tags.get) == kind


@pytest.mark.parametrize(
    ("text", "people"),
    [("1500", 1500), ("1 500", 1500), ("1\u00a0500", 1500), ("1,500", 1500), ("12.500", 12500),
     ("1’234’567", 1234567), ("0", 0)],
)  # fmt: skip
def test_a_population_is_read_however_its_thousands_are_set_apart(text: str, people: int) -> None:
    assert population_count(text) == people


@pytest.mark.parametrize("text", ["", "some", "~500", "12.5", "-3", "1500 (2010)", "٣٠٠"])
def test_a_population_that_is_no_number_is_unknown(text: str) -> None:
    assert math.isnan(population_count(text))


@pytest.mark.parametrize(
    ("text", "levels"), [("3", 3), (" 2.5 ", 2.5), ("2,5", 2.5), ("5;3", 5)]
)  # fmt: skip
def test_levels_are_read(text: str, levels: float) -> None:
    assert levels_count(text) == levels


@pytest.mark.parametrize("text", ["", "0", "-1", "high", "3-5", "9999"])
def test_levels_that_are_no_number_are_unknown(text: str) -> None:
    assert math.isnan(levels_count(text))
