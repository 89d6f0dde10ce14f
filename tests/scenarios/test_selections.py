"""What a change selects, on roads and zones whose place is known."""

from __future__ import annotations

from collections.abc import Mapping
from functools import cache

import geopandas as gpd
import numpy as np
import pytest
from shapely.geometry import MultiPolygon, Polygon, box

from agglo.errors import ScenarioError
from agglo.region import Region, region_from_tables
from agglo.scenarios.areas import Area
from agglo.scenarios.selections import (
    check_amount,
    check_new_id,
    line_id,
    links_in,
    municipality_id,
    stop_id,
    zones_in,
)
from tests import worlds

# three towns 10 km apart: r0 and r1 join them, r2 leads on to away
CLASSES = ["motorway", "primary", "primary"]


@cache
def towns(crs: str = worlds.CRS, *, road: tuple[str, ...] = ("M-1", "M-1", "")) -> Region:
    """Towns t0, t1, t2 in three municipalities of 10 km × 10 km, each with its town in the middle.

    r0 and r1 cross the borders half-way; a road 'M-1' is r0 and r1.
    """
    places = {f"t{i}": worlds.Place(x_km=10 * i, municipality=f"m{i}") for i in range(3)}
    places["away"] = worlds.Place(x_km=30, is_outside=True)
    names = list(places)
    roads = {f"r{i}": (names[i], names[i + 1], 10.0, 60.0) for i in range(3)}
    bus = worlds.Line(places=("t0", "t1", "t2"), run_min=(10, 10))
    tables = worlds.tables_of(places, roads, {"bus": bus})
    tables["links"] = tables["links"].assign(**{"road": list(road), "class": CLASSES})
    tables["municipalities"] = tables["municipalities"].assign(
        name_ru=["Малый", "«Средний» район", "Большой"]
    )
    x, y = worlds.ORIGIN_M
    edges = (-5_000, 4_000, 14_000, 26_000)
    tables["municipalities"]["geometry"] = [
        box(x + edges[i], y - 5_000, x + edges[i + 1], y + 5_000) for i in range(3)
    ]
    return region_from_tables(tables, name_ru="Мир", name_en="World", crs=crs)


def area(west_km: float, east_km: float, *, north_km: float = 2.0, name: str = "drawn") -> Area:
    """A rectangle around the road, of kilometres from the first town, in degrees."""
    x, y = worlds.ORIGIN_M
    drawn = box(x + 1000 * west_km, y - 2_000, x + 1000 * east_km, y + 1000 * north_km)
    (degrees,) = gpd.GeoSeries([drawn], crs=worlds.CRS).to_crs("EPSG:4326")
    return Area(name=name, polygon=degrees)


@pytest.mark.parametrize(
    ("wanted", "found"),
    [
        ({"link": "r1"}, ["r1"]),
        ({"link": ["r2", "r0", "r2"]}, ["r2", "r0"]),
        ({"road": "M1"}, ["r0", "r1"]),
        ({"road": "м-1"}, ["r0", "r1"]),
        ({"road": "M-1", "km": (0, 10)}, ["r0", "r1"]),
        ({"road_class": "primary"}, ["r1", "r2"]),
        ({"road": "M-1", "road_class": "primary"}, ["r1"]),
        ({"municipality": "m1"}, ["r0"]),
        ({"municipality": "малый", "road_class": "motorway"}, None),
        ({"municipality": "«Средний» район"}, ["r0"]),
        ({"municipality": "m2"}, ["r1", "r2"]),
        ({"municipality": "m2", "road": "M-1"}, ["r1"]),
        ({"municipality": "m2", "road": "M-1", "road_class": "primary"}, ["r1"]),
        ({"polygon": area(4, 6)}, ["r0"]),
        ({"polygon": area(4, 16)}, ["r0", "r1"]),
        ({"polygon": area(4, 16), "road_class": "primary"}, ["r1"]),
        ({"polygon": area(4, 26), "road": "M-1"}, ["r0", "r1"]),
    ],
)
def test_links_are_named_by_id_road_class_or_area_and_narrowed(
    wanted: Mapping[str, object], found: list[str] | None
) -> None:
    if found is None:
        with pytest.raises(ScenarioError, match="no link of class 'motorway' lies in 'm0'"):
            links_in(towns(), **wanted)  # type: ignore[arg-type]
    else:
        assert links_in(towns(), **wanted) == found  # type: ignore[arg-type]


# the second and the third have the north as their first axis
@pytest.mark.parametrize("crs", ["EPSG:32637", "EPSG:28407", "EPSG:2180", "EPSG:3857"])
@pytest.mark.parametrize("ends", [(4, 6), (4, 16), (-10, 40), (14, 16)])
def test_a_polygon_selects_the_same_links_in_every_crs(crs: str, ends: tuple[int, int]) -> None:
    wanted = [f"r{i}" for i, middle in enumerate((5, 15, 25)) if ends[0] < middle < ends[1]]
    assert links_in(towns(crs), polygon=area(*ends)) == wanted
    inside = [f"t{i}" for i in range(3) if ends[0] < 10 * i < ends[1]]
    if inside:
        assert zones_in(towns(crs), polygon=area(*ends)) == inside


def test_an_edge_is_straight_in_degrees_as_it_was_drawn() -> None:
    """An edge of 250 km along a parallel lies 2 km south of the straight line of the plane."""
    region = towns()
    middle = region.geo("links").geometry.loc[["r1"]].interpolate(0.5, normalized=True)
    (point,) = middle.to_crs("EPSG:4326")
    south = box(point.x - 2, point.y - 1, point.x + 2, point.y - 0.001)
    (on_the_plane,) = gpd.GeoSeries([south], crs="EPSG:4326").to_crs(region.crs)
    assert on_the_plane.contains(middle.iloc[0])
    with pytest.raises(ScenarioError, match="no link of road 'M-1' of class 'primary' lies in 'so"):
        links_in(
            region, road="M-1", road_class="primary", polygon=Area(name="south", polygon=south)
        )


def test_the_middle_of_a_link_decides_and_not_its_ends() -> None:
    assert links_in(towns(), polygon=area(4.9, 5.1)) == ["r0"]
    with pytest.raises(ScenarioError, match=r"the nearest is 'r0', 0\.1 km away"):
        links_in(towns(), polygon=area(-1, 4.9))


def test_an_area_of_several_pieces_and_with_a_hole_is_taken_as_drawn() -> None:
    first, second = area(4, 6).polygon, area(24, 26).polygon
    assert isinstance(first, Polygon)
    assert isinstance(second, Polygon)
    two = Area(name="two", polygon=MultiPolygon([first, second]))
    assert links_in(towns(), polygon=two) == ["r0", "r2"]
    outer = area(-2, 28).polygon
    assert isinstance(outer, Polygon)
    holed = Area(name="holed", polygon=Polygon(outer.exterior, [first.exterior.coords]))
    assert links_in(towns(), polygon=holed) == ["r1", "r2"]


@pytest.mark.parametrize(
    ("wanted", "message"),
    [
        ({}, "either by 'link' or by 'road'"),
        ({"link": "r0", "road": "M-1"}, "either by 'link' or by"),
        ({"link": "r0", "road_class": "primary"}, "either by 'link' or by"),
        ({"link": "r0", "municipality": "m0"}, "either by 'link' or by"),
        ({"link": "r0", "polygon": area(0, 9)}, "either by 'link' or by"),
        ({"link": "r0", "km": (0, 9)}, "'km' goes with 'road'"),
        ({"road_class": "primary", "km": (0, 9)}, "'km' goes with 'road'"),
        ({"municipality": "m0", "polygon": area(0, 9)}, "'municipality' or 'polygon', not both"),
        ({"road_class": "motorwy"}, "unknown class of a link 'motorwy'; did you mean 'motorway'"),
        ({"road_class": ""}, "either by 'link' or by"),
        (
            {"road": "M-1", "road_class": "trunk"},
            "unknown class of a link of road 'M-1' 'trunk'; there are motorway, primary",
        ),
        ({"municipality": "m9"}, "unknown municipality 'm9'; did you mean 'm2' or 'm1' or"),
        ({"municipality": "m0"}, r"no link lies in 'm0'; the nearest is 'r0', 1\.0 km away"),
        ({"municipality": "Малый", "road": "M-1"}, "no link of road 'M-1' lies in 'm0'"),
        (
            {"polygon": area(0, 3, name="north of town")},
            r"no link lies in 'north of town'; the nearest is 'r0', 2\.0 km away",
        ),
        ({"link": '"'}, "unknown link '\"'; there are"),
    ],
)
def test_a_selection_that_holds_nothing_says_what_there_is(
    wanted: Mapping[str, object], message: str
) -> None:
    with pytest.raises(ScenarioError, match=message):
        links_in(towns(), **wanted)  # type: ignore[arg-type]


def test_a_polygon_where_the_crs_does_not_reach_is_only_empty() -> None:
    pole = Area(name="pole", polygon=box(-180, 89.5, 180, 90))
    with pytest.raises(ScenarioError, match="no link lies in 'pole'"):
        links_in(towns(), polygon=pole)


@pytest.mark.parametrize(
    ("wanted", "found"),
    [
        ({}, ["t0", "t1", "t2"]),
        ({"zone": "t1"}, ["t1"]),
        ({"zone": ["t2", "T0", "t2"]}, ["t2", "t0"]),
        ({"municipality": "Средний район"}, ["t1"]),
        ({"polygon": area(-1, 11)}, ["t0", "t1"]),
    ],
)
def test_zones_inside_are_named_by_id_municipality_or_polygon_or_all(
    wanted: Mapping[str, object], found: list[str]
) -> None:
    assert zones_in(towns(), **wanted) == found  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("wanted", "message"),
    [
        ({"zone": "away"}, "unknown zone inside 'away'"),
        ({"zone": "t0", "municipality": "m0"}, "by one of 'zone', 'municipality' and 'polygon'"),
        ({"zone": "t0", "polygon": area(0, 9)}, "by one of 'zone', 'municipality' and 'polygon'"),
        ({"municipality": "m"}, "unknown municipality 'm'"),
        (
            {"polygon": area(29, 31)},
            r"no zone inside lies in 'drawn'; the nearest is 't2', 9\.0 km away",
        ),
    ],
)
def test_zones_that_are_not_there_are_errors(wanted: Mapping[str, object], message: str) -> None:
    with pytest.raises(ScenarioError, match=message):
        zones_in(towns(), **wanted)  # type: ignore[arg-type]


def test_a_municipality_without_zones_says_which_have_some() -> None:
    region = towns()
    region = region.with_tables(
        zones=region["zones"].assign(municipality_id=["m0", "m0", "m2", ""])
    )
    with pytest.raises(ScenarioError, match=r"municipality 'm1' has no zone; .* in m0, m2"):
        zones_in(region, municipality="m1")


def test_ids_are_found_by_their_names() -> None:
    region = towns()
    assert municipality_id(region, "большой") == "m2"
    assert line_id(region, "BUS") == "bus"
    assert stop_id(region, "bus", "Stop_T1") == "stop_t1"


def test_a_region_without_lines_or_road_numbers_says_there_are_none() -> None:
    region = towns(road=("", "", ""))
    empty = region.with_tables(lines=region["lines"].iloc[:0])
    with pytest.raises(ScenarioError, match="unknown line 'bus'; there are none"):
        line_id(empty, "bus")
    with pytest.raises(ScenarioError, match="unknown road 'M-1'; there are none"):
        links_in(region, road="M-1")


@pytest.mark.parametrize("value", [-1.0, np.inf, np.nan])
def test_an_amount_is_0_or_more_and_finite(value: float) -> None:
    check_amount("x", 0.0)
    with pytest.raises(ScenarioError, match="x must be 0 or more and finite"):
        check_amount("x", value)


def test_a_new_id_is_some_text_that_is_not_there() -> None:
    links = towns()["links"]
    check_new_id(links, "r9", "link")
    with pytest.raises(ScenarioError, match="link 'r0' is there already"):
        check_new_id(links, "r0", "link")
    with pytest.raises(ScenarioError, match="the new link needs an id; got ' '"):
        check_new_id(links, " ", "link")
