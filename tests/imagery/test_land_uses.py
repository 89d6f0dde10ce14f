"""Polygons of new uses take the land beneath them, once, on a chessboard of hectares."""

from __future__ import annotations

import geopandas as gpd
import numpy as np
import pandas as pd
import pytest
from shapely.geometry import LineString, Point, box

from agglo.errors import TableError
from agglo.imagery.land_uses import new_land_uses, placed_people, without_areas, zone_shares
from agglo.imagery.scenario_land import green_and_farm_ha, scenario_land_take
from tests.imagery_squares import (
    BUILT,
    CELL_M,
    CLASSES,
    EQUAL_AREA,
    FARM,
    FOREST,
    NORTH_M,
    WATER,
    WEST_M,
    band,
    boxes,
)

LAND = band([[FOREST] * 10 + [FARM] * 10] * 10 + [[BUILT] * 10 + [WATER] * 10] * 10)
"""Four quarters of 10 × 10 ha: forest, farm, built, water."""

ZONES = boxes({"west": (0, 0, 10, 20), "east": (10, 0, 20, 10)})
PEOPLE = pd.Series({"west": 1000.0, "east": 500.0})
LANE_WIDTH_M, RESERVE_M, LAND_M2_PER_RESIDENT = 4.0, 32.0, 100.0

SCALE = 2e-3
"""UTM and the equal-area grid agree to this."""


def uses(shapes: gpd.GeoDataFrame, use: str = "industry", **people: float) -> gpd.GeoDataFrame:
    counts = pd.Series(people, dtype=float).reindex(shapes.index)
    return shapes.assign(use=use, population_count=counts.fillna(0.0))


def roads(**ways: LineString) -> gpd.GeoDataFrame:
    frame = gpd.GeoDataFrame({"link_id": list(ways)}, geometry=list(ways.values()), crs=EQUAL_AREA)
    frame["length_km"] = frame.to_crs(frame.estimate_utm_crs()).length / 1000
    return frame.assign(lanes_count=1.0, is_open=True).set_index("link_id", drop=False)


def line(*at: tuple[float, float]) -> LineString:
    return LineString([(WEST_M + CELL_M * x, NORTH_M - CELL_M * y) for x, y in at])


NO_ROADS = roads(r=line((0, 0), (1, 1))).iloc[:0]


def taken(
    land_uses: gpd.GeoDataFrame | None,
    after: gpd.GeoDataFrame = NO_ROADS,
    people: pd.Series = PEOPLE,
    *,
    placed: pd.Series | None = None,
    zones: gpd.GeoDataFrame = ZONES,
) -> pd.DataFrame:
    return scenario_land_take(
        NO_ROADS, after, PEOPLE, people, zones, LAND, classes=CLASSES,
        lane_width_m=LANE_WIDTH_M, road_reserve_m=RESERVE_M,
        land_m2_per_resident=LAND_M2_PER_RESIDENT, land_uses=land_uses, placed_population=placed,
    )  # fmt: skip


def by(table: pd.DataFrame, *columns: str) -> dict[object, float]:
    found = table[table["ha"] > 1e-3].groupby(list(columns))["ha"].sum()
    return found.to_dict()


def test_a_use_takes_every_kind_of_land_under_it_in_every_zone() -> None:
    """10 × 10 ha over the middle: 25 of each kind; the water lies in no zone."""
    table = taken(uses(boxes({"a": (5, 5, 15, 15)})))
    assert by(table, "cause", "link_id", "zone_id", "kind") == pytest.approx(
        {
            ("land_use", "", "west", "forest"): 25,
            ("land_use", "", "west", "built"): 25,
            ("land_use", "", "east", "farm"): 25,
            ("land_use", "", "", "water"): 25,
        },
        rel=SCALE,
    )
    guard = green_and_farm_ha(table).loc["all"]
    assert guard[["green_ha", "farm_ha"]].tolist() == pytest.approx([25, 25], rel=SCALE)


def test_green_takes_nothing_and_no_use_is_no_other() -> None:
    assert taken(uses(boxes({"a": (5, 5, 15, 15)}), "green")).empty
    assert taken(None).empty
    nothing = uses(boxes({"a": (5, 5, 15, 15)})).iloc[:0]
    assert taken(nothing).empty


def test_hectares_are_numbers_whatever_took_the_land() -> None:
    drawn, road = uses(boxes({"a": (5, 5, 9, 9)})), roads(r=line((2, 5.5), (18, 5.5)))
    for table in (taken(None), taken(drawn), taken(None, road), taken(None, people=PEOPLE + 9)):
        assert table["ha"].dtype == float


def test_several_uses_of_one_zone_are_added_up() -> None:
    table = taken(uses(boxes({"a": (1, 1, 3, 3), "b": (5, 1, 7, 3)})))
    assert len(table) == 1
    assert by(table, "zone_id", "kind") == pytest.approx({("west", "forest"): 8}, rel=SCALE)


def test_a_road_through_a_use_takes_what_lies_beside_it() -> None:
    """The road has 16 cells, the use holds 8 of them; a green one none."""
    road = roads(r=line((2, 5.5), (18, 5.5)))
    alone = by(taken(None, road), "cause")["new_link"]
    crossed = by(taken(uses(boxes({"a": (2, 5, 10, 6)})), road), "cause")
    assert crossed == pytest.approx({"new_link": alone / 2, "land_use": 8}, rel=SCALE)
    park = by(taken(uses(boxes({"a": (2, 5, 10, 6)}), "green"), road), "cause")
    assert park == pytest.approx({"new_link": alone}, rel=1e-9)


def test_a_road_that_lies_wholly_in_a_use_takes_nothing() -> None:
    road = roads(r=line((3, 5.5), (7, 5.5)))
    table = taken(uses(boxes({"a": (2, 4, 9, 7)})), road)
    assert by(table, "cause") == pytest.approx({"land_use": 21}, rel=SCALE)


def test_who_lives_on_the_drawn_land_is_not_housed_again() -> None:
    homes = uses(boxes({"a": (2, 2, 4, 4)}), "housing", a=300.0)
    more = PEOPLE + pd.Series({"west": 350.0, "east": 0.0})
    placed = placed_people(homes, TOWNS, PLACES)
    assert placed.to_dict() == pytest.approx({"west": 300, "east": 0})
    table = by(taken(homes, people=more, placed=placed), "cause", "kind")
    assert table == pytest.approx(
        {("land_use", "forest"): 4, ("new_housing", "forest"): 0.5}, rel=SCALE
    )
    left = by(taken(homes, people=PEOPLE, placed=placed), "cause")
    assert left == pytest.approx({"land_use": 4}, rel=SCALE)


@pytest.mark.parametrize("use", ["industry", "green"])
def test_nobody_is_housed_on_land_of_another_use(use: str) -> None:
    """The forest of the west is 100 ha; 90 of them get a use, and 2,000 people need 20 ha."""
    table = taken(uses(boxes({"a": (0, 0, 10, 9)}), use), people=PEOPLE.add([2000.0, 0.0]))
    housing = by(table[table["cause"] == "new_housing"], "zone_id", "kind")
    assert housing["west", "forest"] == pytest.approx(10, rel=SCALE)
    assert housing["west", "no_land_left"] == pytest.approx(10, rel=SCALE)


def test_a_zone_that_a_use_covers_has_no_land_left_and_a_point_is_unknown() -> None:
    table = taken(
        uses(boxes({"a": (-1, -1, 11, 21)})), people=PEOPLE.add([100.0, 50.0]),
        zones=ZONES.loc[["west"]],
    )  # fmt: skip
    housing = by(table[table["cause"] == "new_housing"], "zone_id", "kind")
    assert housing == pytest.approx({("west", "no_land_left"): 1, ("east", "unknown"): 0.5})


def test_zones_that_overlap_on_a_use_are_refused() -> None:
    double = boxes({"west": (0, 0, 12, 20), "east": (8, 0, 20, 20)})
    with pytest.raises(TableError, match="zones overlap along land use 'a'"):
        taken(uses(boxes({"a": (5, 5, 15, 15)})), zones=double)


def test_the_rows_do_not_depend_on_the_order_of_uses_and_zones() -> None:
    drawn = uses(boxes({"a": (1, 1, 12, 3), "b": (5, 8, 17, 12)}))
    road = roads(r=line((2, 5.5), (18, 5.5)), s=line((6, 1), (6, 18)))
    one = taken(drawn, road, PEOPLE + 100)
    turned = taken(drawn.iloc[::-1], road.iloc[::-1], PEOPLE + 100, zones=ZONES.iloc[::-1])
    pd.testing.assert_frame_equal(one, turned, rtol=1e-9)


# --- in which zones an area lies

PLACES = boxes({"m": (0, 0, 20, 20)})
TOWNS = ZONES.assign(municipality_id="m")


def at(left: float, top: float, right: float, low: float) -> object:
    return box(
        WEST_M + CELL_M * left, NORTH_M - CELL_M * low,
        WEST_M + CELL_M * right, NORTH_M - CELL_M * top,
    )  # fmt: skip


def with_point() -> gpd.GeoDataFrame:
    """The south-east quarter has a zone that is a point in its middle."""
    point = gpd.GeoDataFrame(
        {"municipality_id": ["m"]}, index=["point"], crs=EQUAL_AREA,
        geometry=[Point(WEST_M + 15 * CELL_M, NORTH_M - 15 * CELL_M)],
    )  # fmt: skip
    return pd.concat([TOWNS, point])


def test_a_point_has_what_is_no_other_zones_in_its_municipality() -> None:
    assert zone_shares(at(5, 5, 15, 15), with_point(), PLACES).to_dict() == (
        pytest.approx({"west": 0.5, "east": 0.25, "point": 0.25})
    )
    assert zone_shares(at(5, 5, 15, 15), TOWNS, PLACES).to_dict() == (
        pytest.approx({"west": 2 / 3, "east": 1 / 3})
    )


def test_a_point_without_municipality_has_no_land() -> None:
    zones = with_point()
    for unknown in ("", "elsewhere"):
        zones.loc["point", "municipality_id"] = unknown
        assert "point" not in zone_shares(at(5, 5, 15, 15), zones, PLACES)


def test_an_area_in_no_zone_has_no_shares() -> None:
    assert zone_shares(at(30, 30, 31, 31), with_point(), PLACES).empty
    assert zone_shares(at(11, 11, 12, 12), TOWNS, PLACES).empty


def test_nobody_is_placed_by_a_table_that_says_nothing_of_people() -> None:
    drawn = uses(boxes({"a": (1, 1, 3, 3)}))
    for land_uses in (None, drawn, drawn.drop(columns="population_count")):
        assert placed_people(land_uses, TOWNS, PLACES).to_dict() == {"west": 0, "east": 0}
    gap = drawn.assign(population_count=np.nan)
    assert placed_people(gap, TOWNS, PLACES).to_dict() == {"west": 0, "east": 0}


def test_new_uses_are_those_that_the_baseline_lacks() -> None:
    two = uses(boxes({"a": (1, 1, 3, 3), "b": (5, 1, 7, 3)}))
    empty = pd.DataFrame(columns=["use"])
    assert new_land_uses(empty, empty) is None
    assert new_land_uses(two, two) is None
    assert list(new_land_uses(two.loc[["a"]], two).index) == ["b"]  # type: ignore[union-attr]


def test_shapes_lose_what_lies_in_an_area_and_points_stay() -> None:
    left = without_areas(with_point(), boxes({"a": (10, 0, 20, 20)}))
    assert left.geometry["west"].area == pytest.approx(ZONES.geometry["west"].area)
    assert left.geometry["east"].is_empty
    assert left.geometry["point"].geom_type == "Point"
