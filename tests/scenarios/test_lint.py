"""Lint: each rule on a small world, the case that it warns of beside one that it leaves alone."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import geopandas as gpd
import numpy as np
import pandas as pd
import pytest
from shapely.geometry import LineString, box

from agglo.region import Region
from agglo.scenarios.areas import Area
from agglo.scenarios.composing import package
from agglo.scenarios.files import read_scenario
from agglo.scenarios.findings import COLUMNS
from agglo.scenarios.lint import lint
from agglo.scenarios.lint_lines import vehicles_needed
from agglo.scenarios.receipts import apply_scenario
from agglo.scenarios.scenario import Scenario, Step
from agglo.workspace import Workspace
from tests import rastered, worlds

COST = {"cost_mln_rub": (1.0, 2.0, 3.0), "cost_source": "assumed"}
LINK = {"from_id": "west", "to_id": "east", "speed_kmh": 50}


@pytest.fixture
def region() -> Region:
    """Return the two banks."""
    return worlds.two_banks()


def change(do: str, **arguments: object) -> Step:
    return Step(do=do, arguments=arguments, why="a test")


def plan(*steps: Step, **about: object) -> Scenario:
    return replace(worlds.scenario(*steps), **{**COST, **about})


def warnings(region: Region, scenario: Scenario) -> pd.DataFrame:
    changed, _ = apply_scenario(region, scenario)
    found = lint(region, scenario, changed)
    assert list(found) == COLUMNS
    assert set(found["scenario"]) <= {scenario.name}
    for language in ("en", "ru"):
        assert found[f"text_{language}"].str.len().between(20, 400).all()
    assert found["text_ru"].str.contains("[а-яё]{4}").all()
    assert not found["text_en"].str.contains("[а-яё]{4}").any()
    return found


def rules(region: Region, *steps: Step, **about: object) -> list[tuple[int, str]]:
    found = warnings(region, plan(*steps, **about))
    return list(zip(found["change"], found["rule"], strict=True))


def test_a_sound_scenario_has_no_warning(region: Region) -> None:
    assert rules(region, change("set_speed", link=["bridge"], speed_kmh=50)) == []


def test_the_baseline_has_no_warning(region: Region) -> None:
    assert lint(region, worlds.scenario(name="baseline"), region).empty


def test_a_cost_that_is_absent_is_pointed_out_but_not_of_a_contrast_or_a_shock(
    region: Region,
) -> None:
    step = change("set_speed", link=["bridge"], speed_kmh=50)
    bare: dict[str, object] = {"cost_mln_rub": None, "cost_source": ""}
    assert rules(region, step, **bare) == [(0, "cost_absent")]
    assert rules(region, step, **bare, is_contrast=True) == []
    assert rules(region, step, **bare, horizon="day") == []


def test_measures_without_a_cost_are_named(region: Region) -> None:
    first = plan(change("add_jobs", zone="east", jobs_count=0.5), name="costed")
    second = plan(
        change("set_speed", link=["bridge"], speed_kmh=50), name="bare", cost_mln_rub=None
    )
    found = warnings(region, package("both", [first, second], title="Both"))
    assert found["rule"].tolist() == ["cost_absent"]
    assert "(of bare)" in found["text_en"][0]


def test_a_change_without_a_reason_is_pointed_out(region: Region) -> None:
    bare = Step(do="set_speed", arguments={"link": ["bridge"], "speed_kmh": 50}, why=" ")
    sourced = Step(do="set_speed", arguments={"link": ["ford"], "speed_kmh": 50}, basis="source")
    assert rules(region, bare, sourced) == [
        (1, "proposal_without_why"),
        (2, "source_without_why"),
    ]


@pytest.mark.parametrize(
    ("steps", "warned"),
    [
        ([("add_jobs", {"zone": "east", "jobs_count": 20})], True),
        ([("add_population", {"zone": "east", "population_count": 40})], True),
        (
            [("add_population", {"zone": "east", "population_count": 40,
                                 "jobs_per_resident": 0.26})],
            False,
        ),
        (
            [("add_population", {"zone": "east", "population_count": 40,
                                 "jobs_per_resident": 0.24})],
            True,
        ),
        ([("add_jobs", {"zone": "east", "jobs_count": 0.9})], False),
        ([("shift_population", {"to_zone": {"east": 20}, "from_zone": {"west": 20}})], True),
        (
            [("shift_population", {"to_zone": {"east": 20}, "from_zone": {"west": 20},
                                   "jobs_per_resident": 0.5})],
            False,
        ),
        ([("move_jobs", {"to_zone": {"east": 20}, "from_zone": {"west": 20}})], True),
        ([("set_telework", {"share": 0.5})], False),
    ],
)  # fmt: skip
def test_workers_and_jobs_that_drift_apart_are_pointed_out(
    region: Region, steps: list[tuple[str, dict[str, object]]], warned: bool
) -> None:
    """Half the residents of the east bank work: 40 residents are 20 workers."""
    found = rules(region, *(change(do, **given) for do, given in steps))
    assert found == ([(0, "workers_and_jobs_drift")] if warned else [])


def test_drift_is_told_in_numbers(region: Region) -> None:
    step = change("add_jobs", zone="east", jobs_count=20_000)
    found = warnings(region, plan(step))
    assert "workers change by +0 and jobs by +20,000" in found["text_en"][0]
    assert "работников +0, рабочих мест +20 000" in found["text_ru"][0]


LINE = {
    "line": "new",
    "mode": "bus",
    "stops": ["stop_west", "stop_east"],
    "run_min": [20],
    "headway_min": 11,
}


@pytest.mark.parametrize(
    ("more", "warned"),
    [
        ({}, "fleet_not_stated"),
        ({"vehicles_count": 3}, "fleet_too_small"),
        ({"vehicles_count": 4}, ""),
        ({"vehicles_count": 5}, ""),
        ({"vehicles_count": 3, "headway_min": 15}, ""),
    ],
)
def test_a_fleet_holds_two_runs_and_a_tenth_over_the_headway(
    region: Region, more: dict[str, object], warned: str
) -> None:
    """2 × 20 min × 1.1 = 44 min, every 11 min: 4 vehicles."""
    found = warnings(region, plan(change("add_line", **{**LINE, **more})))
    assert found["rule"].tolist() == ([warned] if warned else [])
    if warned:
        assert "needs 4 vehicles to leave every 11 min" in found["text_en"][0]
        assert "нужно машин: 4" in found["text_ru"][0]


def test_a_line_whose_run_or_headway_changes_is_looked_at_and_no_other(region: Region) -> None:
    """The ferry takes 15 minutes: 33 there and back with layover."""
    faster = change("set_run_time", line="ferry", from_stop="stop_west", to_stop="stop_east",
                    run_min=10)  # fmt: skip
    denser = change("set_headway", line="ferry", headway_min=3)
    found = warnings(region, plan(faster, denser))
    assert found[["change", "rule"]].to_numpy().tolist() == [[2, "fleet_not_stated"]]
    assert "needs 8 vehicles to leave every 3 min" in found["text_en"][0]
    assert rules(region, change("change_fare", line="ferry", by_rub=5)) == []


def test_a_ring_that_runs_one_way_is_run_once() -> None:
    stops = pd.DataFrame(
        {
            "line_id": "ring",
            "sequence": [2, 0, 1],
            "stop_id": ["a", "a", "b"],
            "run_min": [30.0, 0, 10],
        }
    )
    assert vehicles_needed(stops, "ring", {"headway_min": 11, "both_ways": False}) == 4
    assert vehicles_needed(stops, "ring", {"headway_min": 11, "both_ways": True}) == 8
    assert vehicles_needed(stops, "ring", {"headway_min": 900, "both_ways": True}) == 1
    assert vehicles_needed(stops, "none", {"headway_min": 10}) == 1


def test_a_cycle_that_is_just_so_many_headways_takes_no_vehicle_more() -> None:
    """2 × 25 min × 1.1 is 55 min, in floating point a trifle more: 5 times 11."""
    stops = pd.DataFrame(
        {"line_id": "n", "sequence": [0, 1], "stop_id": ["a", "b"], "run_min": [0.0, 25]}
    )
    assert vehicles_needed(stops, "n", {"headway_min": 11}) == 5


def test_a_new_road_that_crosses_another_without_a_node_is_pointed_out() -> None:
    """The diagonals of a square meet in its middle; its sides only at nodes."""
    region = worlds.grid(2)
    first = change("add_link", link="d1", from_id="c00", to_id="c11", speed_kmh=50)
    second = change("add_link", link="d2", from_id="c10", to_id="c01", speed_kmh=50)
    assert rules(region, first) == []
    found = warnings(region, plan(first, second))
    assert found[["change", "rule"]].to_numpy().tolist() == [
        [1, "crossing_without_node"],
        [2, "crossing_without_node"],
    ]
    assert "link 'd2' crosses 1 link(s) without a node (d1)" in found["text_en"][1]
    closed = change("close_link", link=["d1"])
    assert rules(region, first, second, closed) == []


def test_a_new_road_drawn_over_another_does_not_cross_it(region: Region) -> None:
    """The old road runs along the middle half of the new one; corners are exact metres."""
    west, south = worlds.ORIGIN_M
    links = region.geo("links").copy()
    links.loc["ford", "geometry"] = LineString([(west + 2500, south), (west + 7500, south)])
    drawn = region.with_tables(links=links.drop("bridge"))
    scenario = plan(change("add_link", link="twin", **LINK))
    changed, _ = apply_scenario(drawn, scenario)
    links = changed.geo("links").copy()
    links.loc["twin", "geometry"] = LineString([(west, south), (west + 10_000, south)])
    assert lint(drawn, scenario, changed.with_tables(links=links)).empty
    links.loc["twin", "geometry"] = LineString(
        [(west + 4000, south - 90), (west + 2000, south + 90)]
    )
    found = lint(drawn, scenario, changed.with_tables(links=links))
    assert found["rule"].tolist() == ["crossing_without_node"]


@pytest.mark.parametrize(
    ("km", "warned"), [(19.9, []), (20.5, [(1, "link_long")]), (10.0, []), (9.95, [])]
)
def test_a_road_more_than_twice_the_straight_line_is_pointed_out(
    km: float, warned: list[tuple[int, str]]
) -> None:
    """The towns lie 10 km apart."""
    region = worlds.line_of_towns(3)
    region = region.with_tables(links=region["links"].drop("r0"))
    step = change("add_link", link="n", from_id="t0", to_id="t1", speed_kmh=50, length_km=km)
    assert rules(region, step) == warned


def test_a_road_shorter_than_the_straight_line_is_pointed_out() -> None:
    """``add_link`` lets 2 % pass for rounding."""
    region = worlds.line_of_towns(3)
    region = region.with_tables(links=region["links"].drop("r0"))
    step = change("add_link", link="n", from_id="t0", to_id="t1", speed_kmh=50, length_km=9.85)
    assert rules(region, step) == [(1, "link_short")]


def test_a_speed_that_nobody_drives_on_such_a_road_is_pointed_out(region: Region) -> None:
    """All links are primary, 60 km/h when they are empty."""
    assert rules(region, change("set_speed", link=["bridge"], speed_kmh=60.1)) == [
        (1, "speed_above_class")
    ]
    assert rules(region, change("set_speed", link=["bridge"], speed_kmh=30)) == []
    links = region["links"].copy()
    links.loc["bridge", "class"] = "trunk"
    links.loc["ford", "free_speed_kmh"] = 90
    mixed = region.with_tables(links=links)
    found = warnings(mixed, plan(change("set_speed", link=["bridge", "ford"], speed_kmh=80)))
    assert found["rule"].tolist() == ["speed_above_class"]
    assert "80 km/h on 1 link(s) (bridge)" in found["text_en"][0]
    assert "class 'trunk' nobody drives faster than 60 km/h" in found["text_en"][0]


def test_a_facility_of_a_kind_that_the_layers_lack_is_pointed_out(region: Region) -> None:
    school = {"kind": "school", "zone": "east", "name_ru": "Школа", "name_en": "School"}
    step = change("add_facility", **school)
    assert rules(region, step) == [(1, "facility_kind_unknown")]
    with_school, _ = apply_scenario(region, plan(step))
    another = {**school, "name_en": "Second", "zone": "west"}
    assert rules(with_school, change("add_facility", **another)) == []


def measure(name: str, *steps: Step) -> Scenario:
    return replace(worlds.scenario(*steps, name=name), **COST)


def speed(kmh: float, link: str = "bridge") -> Step:
    return change("set_speed", link=[link], speed_kmh=kmh)


def both(*parts: Scenario) -> Scenario:
    return package("both", list(parts), title="Both")


def test_measures_that_set_one_value_differently_are_pointed_out(region: Region) -> None:
    found = warnings(region, both(measure("a", speed(30)), measure("b", speed(40))))
    assert found[["change", "measure", "rule"]].to_numpy().tolist() == [
        [2, "b", "measures_conflict"]
    ]
    text = found["text_en"][0]
    assert "measures 'a' and 'b' set 1 value(s) differently (bridge (speed_kmh))" in text
    assert "'b', holds" in text


@pytest.mark.parametrize(
    ("first", "second"),
    [
        ([speed(30)], [speed(40, "ford")]),
        ([change("add_jobs", zone="east", jobs_count=0.3)],
         [change("add_jobs", zone="east", jobs_count=0.4)]),
        ([change("set_congestion_factor", link=["bridge"], factor=2)],
         [change("set_congestion_factor", link=["bridge"], factor=3)]),
        ([change("add_link", link="n", from_id="west", to_id="away", speed_kmh=30)],
         [speed(40, "n")]),
    ],
)  # fmt: skip
def test_measures_that_add_up_or_build_on_one_another_do_not_conflict(
    region: Region, first: list[Step], second: list[Step]
) -> None:
    found = warnings(region, both(measure("a", *first), measure("b", *second)))
    assert "measures_conflict" not in set(found["rule"])


def test_a_conflict_that_ends_where_the_baseline_is_counts_too(region: Region) -> None:
    found = warnings(region, both(measure("a", speed(30)), measure("b", speed(40), speed(60))))
    assert found["rule"].tolist() == ["measures_conflict"]


def test_a_measure_that_repeats_another_is_pointed_out(region: Region) -> None:
    found = warnings(region, both(measure("a", speed(30)), measure("b", speed(30))))
    assert found[["change", "measure", "rule"]].to_numpy().tolist() == [[2, "b", "measures_repeat"]]


def test_a_change_that_two_measures_share_is_no_conflict(region: Region) -> None:
    shared = replace(speed(30), origin="base.toml, change 1")
    first, second = (
        measure(name, shared, replace(speed(20 + number, "ford"), origin=f"{name}, change 2"))
        for number, name in enumerate("ab")
    )
    found = warnings(region, both(first, second))
    assert found["rule"].tolist() == ["measures_conflict"]
    assert "set 1 value(s)" in found["text_en"][0]
    assert "ford" in found["text_en"][0]


def forested(folder: Path, west: float) -> Region:
    """Cover the west bank with one class of land, the east with farm land."""
    values = rastered.halves(west, rastered.FARM)
    cover = rastered.raster(
        folder, "cover", values, role="land_cover", quantity="class", classes=rastered.LAND
    )
    return rastered.region_with(cover)


def test_housing_in_a_zone_that_is_mostly_forest_is_pointed_out(tmp_path: Path) -> None:
    region = forested(tmp_path, rastered.FOREST)
    people = {"population_count": 40, "jobs_per_resident": 0.5}
    found = warnings(region, plan(change("add_population", zone="west", **people)))
    assert found[["change", "rule"]].to_numpy().tolist() == [[1, "housing_in_forest"]]
    assert found["text_en"][0].startswith("100% of 'west', where people are to live, is forest")
    assert "set_land_use" in found["text_en"][0]
    assert rules(region, change("add_population", zone="east", **people)) == []
    gone = {**people, "population_count": -40}
    assert rules(region, change("add_population", zone="west", **gone)) == []


@pytest.mark.parametrize(
    ("use", "forest_columns", "warned"),
    [("housing", 1, True), ("housing", 0, False), ("services", 1, False)],
)
def test_housing_drawn_on_forest_is_pointed_out(
    tmp_path: Path, use: str, forest_columns: int, warned: bool
) -> None:
    """Two columns of cells, the first of them forest or farm land; the bank as a whole is farm."""
    values = np.full((rastered.SIDE, 2 * rastered.SIDE), float(rastered.FARM))
    values[:, :forest_columns] = rastered.FOREST
    cover = rastered.raster(
        tmp_path, "cover", values, role="land_cover", quantity="class", classes=rastered.LAND
    )
    region = rastered.region_with(cover)
    area = ground()
    people = {"population_count": 40, "jobs_count": 20} if use == "housing" else {}
    step = change("set_land_use", polygon=area, use=use, **people)
    found = warnings(region, plan(step))
    assert found["rule"].tolist() == (["housing_in_forest"] if warned else [])
    if warned:
        assert found["text_en"][0].startswith("50% of 'ground'")
        assert "set_land_use" not in found["text_en"][0]


def ground() -> Area:
    """Draw nearly all of the four cells in the south-west."""
    west, south = worlds.ORIGIN_M
    drawn = gpd.GeoSeries([box(west + 100, south + 100, west + 1900, south + 1900)], crs=worlds.CRS)
    return Area(name="ground", polygon=drawn.to_crs("EPSG:4326").iloc[0])


def test_where_housing_is_drawn_the_rest_of_the_zone_does_not_matter(tmp_path: Path) -> None:
    """The south-west is farm land, the other three quarters of the bank are forest."""
    values = rastered.halves(rastered.FOREST, rastered.FARM)
    values[2:, :2] = rastered.FARM
    cover = rastered.raster(
        tmp_path, "cover", values, role="land_cover", quantity="class", classes=rastered.LAND
    )
    region = rastered.region_with(cover)
    people = {"population_count": 40, "jobs_count": 20}
    assert rules(region, change("set_land_use", polygon=ground(), use="housing", **people)) == []
    undrawn = change("add_population", zone="west", population_count=40, jobs_per_resident=0.5)
    assert rules(region, undrawn) == [(1, "housing_in_forest")]


def test_a_raster_too_coarse_for_a_place_says_nothing(tmp_path: Path) -> None:
    region = forested(tmp_path, rastered.FOREST)
    coarse = tuple(replace(one, resolution_m=2100.0) for one in region.rasters)
    people = change("add_population", zone="west", population_count=40, jobs_per_resident=0.5)
    assert rules(replace(region, rasters=coarse), people) == []


def test_a_region_without_lines_and_rasters_is_looked_at_too() -> None:
    places = {
        "a": worlds.Place(x_km=0),
        "b": worlds.Place(x_km=10),
        "away": worlds.Place(x_km=-9, workers=0, is_outside=True),
    }
    roads = {"r": ("a", "away", 9.0, 60.0), "s": ("a", "b", 10.0, 60.0)}
    region = worlds.region_of(worlds.tables_of(places, roads))
    step = change("add_population", zone="a", population_count=40, jobs_per_resident=0.5)
    assert rules(region, step) == []


@pytest.mark.parametrize("name", ["m3-collector", "vorsino-work-buses", "polycentric-housing"])
def test_a_scenario_of_the_workspace_can_be_looked_at(workspace: Workspace, name: str) -> None:
    scenario = read_scenario(workspace.scenario_folder / f"{name}.toml")
    found = warnings(workspace.region, scenario)
    assert found.equals(found.sort_values(["change", "rule"], kind="stable"))


def test_warnings_do_not_depend_on_the_order_of_rows() -> None:
    tables = worlds.two_banks_tables()
    steps = (
        change("add_jobs", zone="east", jobs_count=20),
        change("add_link", link="n", **LINK),
        change("set_headway", line="ferry", headway_min=3),
    )
    found = [
        warnings(worlds.region_of(worlds.shuffled(tables, seed)), plan(*steps)) for seed in (1, 2)
    ]
    pd.testing.assert_frame_equal(found[0], found[1])
