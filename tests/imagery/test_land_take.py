"""Land taken by links and housing, counted on a chessboard of hectares."""

from __future__ import annotations

import geopandas as gpd
import numpy as np
import pandas as pd
import pytest
from shapely.geometry import LineString, Point

from agglo.errors import LayerError, TableError
from agglo.imagery.land_take import TAKEN, housing_land_take, kind_shares, link_land_take
from agglo.imagery.scenario_land import (
    green_and_farm_ha,
    scenario_land_take,
)  # fmt: skip
from agglo.rasters import Band
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
)  # fmt: skip

LANE_WIDTH_M, ROAD_RESERVE_M, LAND_M2_PER_RESIDENT = 3.75, 32.5, 100.0
ASSUMED = {
    "lane_width_m": LANE_WIDTH_M,
    "road_reserve_m": ROAD_RESERVE_M,
    "land_m2_per_resident": LAND_M2_PER_RESIDENT,
}

SCALE = 2e-3
"""UTM and the equal-area grid agree to this."""

LAND = band([[FOREST] * 10 + [FARM] * 10] * 10 + [[BUILT] * 10 + [WATER] * 10] * 10)
"""Four quarters of 10 × 10 ha: forest, farm, built, water."""


def line(*at: tuple[float, float]) -> LineString:
    return LineString([(WEST_M + CELL_M * x, NORTH_M - CELL_M * y) for x, y in at])


def links(ways: dict[str, LineString], **columns: object) -> gpd.GeoDataFrame:
    frame = gpd.GeoDataFrame({"link_id": list(ways)}, geometry=list(ways.values()), crs=EQUAL_AREA)
    frame["length_km"] = frame.to_crs(frame.estimate_utm_crs()).length / 1000
    return frame.assign(**{"lanes_count": 1.0, "is_open": True, **columns}).set_index(
        "link_id", drop=False
    )


EAST = line((2, 5.5), (18, 5.5))
"""Half in the forest, half on the farm; 16 cells, which are drawn 1.5 times too wide."""


def true_ha(ways: gpd.GeoDataFrame, width_m: float) -> float:
    return float(ways["length_km"].iloc[0] * 1000 * width_m / 1e4)


def test_a_strip_takes_its_length_times_its_width_from_the_kinds_along_it() -> None:
    way = links({"дорога": EAST})
    taken = link_land_take(way, LAND, classes=CLASSES, width_m=pd.Series({"дорога": 40.0}))
    row = taken.loc["дорога"]
    assert list(taken.columns) == list(TAKEN)
    assert row.sum() == pytest.approx(true_ha(way, 40), rel=1e-6)
    assert row["forest"] == pytest.approx(row["farm"], rel=SCALE)
    assert row[["built", "water", "unknown"]].abs().max() < 1e-9


def test_land_off_the_raster_and_without_data_is_unknown() -> None:
    values = LAND.values.copy()
    values[:, 10:] = np.nan
    way = links({"a": line((-8, 5.5), (16, 5.5))})
    taken = link_land_take(
        way, Band(values=values, grid=LAND.grid), classes=CLASSES, width_m=pd.Series({"a": 20.0})
    ).loc["a"]
    assert taken["unknown"] / taken.sum() == pytest.approx(14 / 24, rel=SCALE)
    assert taken["forest"] / taken.sum() == pytest.approx(10 / 24, rel=SCALE)


def test_a_widened_link_takes_the_land_on_both_sides_of_what_it_has() -> None:
    """The road as it is shows as built in a fine raster: its own land is not taken again.

    Four rows of 10 m in the equal-area CRS are 60 m on the ground at 55° N.
    """
    values = np.full((200, 20), FARM)
    values[98:102, :] = BUILT
    fine = band(values.tolist(), cell_m=10.0)
    way = links({"a": line((0.2, 10), (1.8, 10))})
    widened = link_land_take(
        way, fine, classes=CLASSES,
        width_m=pd.Series({"a": 80.0}), present_width_m=pd.Series({"a": 61.0}),
    ).loc["a"]  # fmt: skip
    assert widened.sum() == pytest.approx(true_ha(way, 19), rel=1e-6)
    assert widened["built"] < 0.02 * widened["farm"]
    anew = link_land_take(way, fine, classes=CLASSES, width_m=pd.Series({"a": 59.0})).loc["a"]
    assert anew["farm"] < 0.02 * anew["built"]


def test_a_road_longer_than_it_is_drawn_takes_more() -> None:
    way = links({"a": EAST})
    width = pd.Series({"a": 30.0})
    drawn = link_land_take(way, LAND, classes=CLASSES, width_m=width)
    longer = link_land_take(
        way, LAND, classes=CLASSES, width_m=width, length_m=way["length_km"] * 1000 * 1.15
    )
    assert longer.to_numpy() == pytest.approx(1.15 * drawn.to_numpy(), rel=1e-6)
    shorter = link_land_take(
        way, LAND, classes=CLASSES, width_m=width, length_m=way["length_km"] * 900
    )
    assert shorter.to_numpy() == pytest.approx(0.9 * drawn.to_numpy(), rel=1e-6)


def test_no_links_take_nothing() -> None:
    none = links({"a": EAST}).iloc[:0]
    taken = link_land_take(none, LAND, classes=CLASSES, width_m=pd.Series(dtype=float))
    assert taken.empty
    assert list(taken.columns) == list(TAKEN)


def test_links_without_width_or_line_are_refused() -> None:
    way = links({"a": EAST})
    with pytest.raises(TableError, match="width_m of link 'a' is missing"):
        link_land_take(way, LAND, classes=CLASSES, width_m=pd.Series({"b": 3.0}))
    with pytest.raises(TableError, match="link 'a' is 30 m wide and is to be 30 m"):
        link_land_take(
            way, LAND, classes=CLASSES,
            width_m=pd.Series({"a": 30.0}), present_width_m=pd.Series({"a": 30.0}),
        )  # fmt: skip
    with pytest.raises(LayerError, match="links need a geometry each"):
        link_land_take(
            way.set_geometry([None]), LAND, classes=CLASSES, width_m=pd.Series({"a": 3.0})
        )
    with pytest.raises(LayerError, match=r"code\(s\) 3 are of no kind"):
        link_land_take(
            way, LAND, classes={k: v for k, v in CLASSES.items() if k != 3},
            width_m=pd.Series({"a": 3.0}),
        )  # fmt: skip


def test_shares_of_kinds_add_up_to_the_whole_area() -> None:
    areas = boxes({"middle": (5, 5, 15, 15), "corner": (18, 18, 22, 22), "bit": (1, 1, 1.1, 1.1)})
    shares = kind_shares(areas, LAND, classes=CLASSES)
    assert shares.sum(axis=1).to_numpy() == pytest.approx(1.0)
    assert shares.loc["middle", ["forest", "farm", "built", "water"]].to_numpy() == (
        pytest.approx(0.25, abs=1e-6)
    )
    assert shares.loc["corner", ["water", "unknown"]].tolist() == pytest.approx([0.25, 0.75])
    assert shares.loc["bit", "forest"] == pytest.approx(1)


def test_a_raster_of_another_place_knows_nothing() -> None:
    far = boxes({"far": (500, 500, 510, 510)}).to_crs("EPSG:4326")
    shares = kind_shares(far, LAND, classes=CLASSES).loc["far"]
    assert shares["unknown"] == 1
    assert shares.sum() == 1
    way = links({"a": line((500, 500), (510, 510))})
    taken = link_land_take(way, LAND, classes=CLASSES, width_m=pd.Series({"a": 20.0})).loc["a"]
    assert taken["unknown"] == pytest.approx(true_ha(way, 20), rel=1e-6)


# --- housing


def housed(people: dict[str, float], zones: gpd.GeoDataFrame, land_m2: float) -> pd.DataFrame:
    return housing_land_take(
        pd.Series(people), zones, LAND, classes=CLASSES, land_m2_per_resident=land_m2
    )


def test_new_residents_take_free_land_by_what_there_is_of_it() -> None:
    """The zone has 25 ha of each of four kinds; half of it is free, forest and farm alike."""
    taken = housed({"z": 1000.0}, boxes({"z": (5, 5, 15, 15)}), 100.0).loc["z"]
    assert taken.sum() == pytest.approx(10.0)
    assert taken[["forest", "farm"]].tolist() == pytest.approx([5, 5], rel=1e-5)
    assert taken[["built", "water", "no_land_left"]].tolist() == [0, 0, 0]


def test_who_finds_no_free_land_is_told_apart() -> None:
    zones = boxes({"z": (5, 5, 15, 15), "town": (0, 10, 10, 20)})
    taken = housed({"z": 10_000.0, "town": 50.0}, zones, 100.0)
    assert taken.loc["z"].sum() == pytest.approx(100.0)
    assert taken.loc["z", "no_land_left"] == pytest.approx(50.0, rel=SCALE)
    assert taken.loc["town", "no_land_left"] == pytest.approx(0.5)
    assert taken.loc["town"].drop("no_land_left").abs().sum() < 1e-9


def test_people_who_leave_take_nothing_and_give_nothing_back() -> None:
    taken = housed({"z": -500.0}, boxes({"z": (5, 5, 15, 15)}), 100.0)
    assert (taken.loc["z"] == 0).all()


def test_a_zone_without_polygon_is_absent_and_not_0() -> None:
    zones = boxes({"z": (5, 5, 15, 15), "point": (0, 0, 1, 1), "none": (0, 0, 1, 1)})
    zones.loc["point", "geometry"] = Point(WEST_M, NORTH_M)
    zones.loc["none", "geometry"] = None
    taken = housed({"z": 10.0, "point": 10.0, "none": 10.0, "elsewhere": 5.0}, zones, 100.0)
    assert list(taken.index) == ["z"]
    assert housed({"point": 10.0}, zones, 100.0).empty


def test_residents_that_are_no_number_are_refused() -> None:
    zones = boxes({"z": (5, 5, 15, 15)})
    with pytest.raises(TableError, match="new_residents of 'z' is not a number"):
        housed({"z": np.nan}, zones, 100.0)
    with pytest.raises(TableError, match="land_m2_per_resident must be above 0"):
        housed({"z": 1.0}, zones, 0.0)


# --- scenarios

ZONES = boxes({"west": (0, 0, 10, 20), "east": (10, 0, 20, 10)})
PEOPLE = pd.Series({"west": 1000.0, "east": 500.0})


def taken_by(
    before: gpd.GeoDataFrame, after: gpd.GeoDataFrame, people: pd.Series = PEOPLE
) -> pd.DataFrame:
    return scenario_land_take(
        before, after, PEOPLE, people, ZONES, LAND, classes=CLASSES, **ASSUMED
    )


def test_a_scenario_that_changes_nothing_takes_nothing() -> None:
    same = links({"a": EAST})
    assert taken_by(same, same).empty
    total = green_and_farm_ha(taken_by(same, same))
    assert total.loc["all"].tolist() == [0, 0, 0, 0, 0]


def test_a_new_link_is_cut_at_the_border_of_the_zones() -> None:
    old, new = links({"a": EAST}), links({"a": EAST, "b": line((2, 3.5), (18, 3.5))})
    table = taken_by(old, new)
    assert set(table["link_id"]) == {"b"}
    assert set(table["cause"]) == {"new_link"}
    assert set(table["status"]) == {"assumed"}
    width = ROAD_RESERVE_M + 2 * LANE_WIDTH_M
    assert table["ha"].sum() == pytest.approx(true_ha(new.loc[["b"]], width), rel=1e-4)
    ha = table[table["ha"] > 1e-4].set_index(["zone_id", "kind"])["ha"]
    assert set(ha.index) == {("west", "forest"), ("east", "farm")}
    assert ha["west", "forest"] == pytest.approx(ha["east", "farm"], rel=SCALE)
    guard = green_and_farm_ha(table)
    assert guard.loc["west", "green_ha"] == pytest.approx(ha["west", "forest"])
    assert guard.loc["all", ["green_ha", "farm_ha"]].sum() == pytest.approx(table["ha"].sum())


def test_land_outside_all_zones_has_an_empty_zone() -> None:
    table = taken_by(links({"a": EAST}), links({"a": EAST, "b": line((12, 15.5), (18, 15.5))}))
    assert list(table["zone_id"]) == [""]
    assert list(table["kind"]) == ["water"]


def test_more_lanes_take_their_own_width_alone() -> None:
    old, new = links({"a": EAST}), links({"a": EAST}, lanes_count=2.0)
    table = taken_by(old, new)
    assert set(table["cause"]) == {"widened_link"}
    assert table["ha"].sum() == pytest.approx(true_ha(old, 2 * LANE_WIDTH_M), rel=1e-5)
    one_way = links({"a": EAST}, lanes_count=2.0, car="forward")
    half = taken_by(links({"a": EAST}, car="forward"), one_way)
    assert half["ha"].sum() == pytest.approx(table["ha"].sum() / 2, rel=1e-5)


def test_what_is_closed_removed_or_narrowed_gives_nothing_back() -> None:
    old = links({"a": EAST, "b": line((2, 3.5), (18, 3.5))}, lanes_count=2.0)
    assert taken_by(old, links({"a": EAST}, lanes_count=1.0)).empty
    assert taken_by(old, old.assign(is_open=False)).empty
    closed = links({**dict(zip(old.index, old.geometry, strict=True)), "c": EAST}, lanes_count=2.0)
    closed.loc["c", "is_open"] = False
    assert taken_by(old, closed).empty


def test_a_path_without_cars_has_no_road_reserve() -> None:
    path = links({"a": EAST, "p": EAST})
    path["car"] = ["both", "no"]
    table = taken_by(links({"a": EAST}), path)
    assert table["ha"].sum() == pytest.approx(true_ha(path, LANE_WIDTH_M), rel=1e-5)


def test_a_new_road_is_as_long_as_its_table_says() -> None:
    """A change draws a new link straight and makes it 15 % longer."""
    new = links({"b": EAST})
    table = taken_by(new.iloc[:0], new)
    longer = taken_by(new.iloc[:0], new.assign(length_km=new["length_km"] * 1.15))
    assert longer["ha"].sum() == pytest.approx(1.15 * table["ha"].sum(), rel=1e-6)


def test_new_residents_are_housed_in_their_zone() -> None:
    same = links({"a": EAST})
    table = taken_by(same, same, pd.Series({"east": 1500.0, "west": 900.0}))
    assert table[["zone_id", "link_id", "cause", "kind"]].to_numpy().tolist() == [
        ["east", "", "new_housing", "farm"]
    ]
    assert table["ha"].tolist() == pytest.approx([1000 * LAND_M2_PER_RESIDENT / 1e4])


def test_the_rows_do_not_depend_on_the_order_of_links_and_zones() -> None:
    ways = {"b": line((2, 3.5), (18, 3.5)), "a": EAST, "c": line((3, 2), (15, 18))}
    one = taken_by(links({"x": EAST}), links({"x": EAST, **ways}), PEOPLE + 100)
    turned = scenario_land_take(
        links({"x": EAST}), links({**dict(reversed(ways.items())), "x": EAST}),
        PEOPLE.iloc[::-1], (PEOPLE + 100), ZONES.iloc[::-1], LAND, classes=CLASSES,
        **ASSUMED,
    )  # fmt: skip
    pd.testing.assert_frame_equal(one, turned, rtol=1e-9)


def test_new_residents_of_a_zone_without_polygon_take_land_that_nobody_knows() -> None:
    way, people = links({"a": EAST}), pd.Series({"west": 0.0, "point": 0.0})
    table = scenario_land_take(
        way, way, people, people + 50, ZONES.loc[["west"]], LAND, classes=CLASSES, **ASSUMED
    )
    own = table.set_index("zone_id").loc[["point"]]
    assert own["kind"].tolist() == ["unknown"]
    assert own["ha"].tolist() == pytest.approx([50 * LAND_M2_PER_RESIDENT / 1e4])


def test_zones_that_overlap_along_a_link_are_refused() -> None:
    double = boxes({"west": (0, 0, 12, 20), "east": (8, 0, 20, 20)})
    with pytest.raises(TableError, match="zones overlap along link 'b'"):
        scenario_land_take(
            links({"a": EAST}), links({"a": EAST, "b": EAST}), PEOPLE, PEOPLE, double, LAND,
            classes=CLASSES, **ASSUMED,
        )  # fmt: skip


def test_tables_that_do_not_fit_are_refused() -> None:
    way = links({"a": EAST})
    with pytest.raises(TableError, match="links lack lanes_count"):
        taken_by(way.drop(columns="lanes_count"), way)
    with pytest.raises(TableError, match="people in one of baseline and scenario only"):
        taken_by(way, way, pd.Series({"west": 1.0}))
    with pytest.raises(TableError, match="lane_width_m must be above 0"):
        scenario_land_take(
            way,
            way,
            PEOPLE,
            PEOPLE,
            ZONES,
            LAND,
            classes=CLASSES,
            **{**ASSUMED, "lane_width_m": 0.0},
        )
