"""Rasters among the indicators, and the land that scenarios take."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from agglo.indicators.imagery_indicators import MEASURES, imagery_indicators
from agglo.indicators.registry import INDICATORS, measure, whole_values
from agglo.run import Result
from tests import worlds
from tests.cases import case_of
from tests.rastered import BUILT, FARM, FOREST, LAND, halves, raster, region_with, residents

PEOPLE = residents({("left", 2020): 1000, ("right", 2020): 3000})


def covered(folder: Path, west: int, east: int):
    return raster(
        folder, "cover", halves(west, east), quantity="class", unit="class", role="land_cover",
        epoch="2020", dtype="uint8", nodata=255, classes=LAND,
    )  # fmt: skip


def test_figures_stand_by_municipality_and_for_all_with_the_layers_unit_and_status(
    tmp_path: Path,
) -> None:
    light = raster(tmp_path, "l", halves(10, 30), unit="nW", role="night_lights", epoch="2021")
    case = case_of(region_with(light, population=PEOPLE))
    rows = measure(case, is_baseline=False)
    own = rows[rows["indicator"] == "night_lights_mean"].set_index("place_id")
    assert set(own.index) == {"left", "right", "all"}
    assert own["value"].to_dict() == pytest.approx({"left": 10, "right": 30, "all": 20}, rel=2e-3)
    assert set(own["unit"]) == {"nW"}
    assert set(own["status"]) == {"observed"}
    assert whole_values(case, ["night_lights_mean"]).item() == pytest.approx(20, rel=2e-3)


def test_a_measure_without_its_raster_is_absent_and_not_0() -> None:
    rows = measure(case_of(worlds.two_banks()), is_baseline=True)
    assert not rows["indicator"].isin(imagery_indicators()).any()


def test_the_baseline_takes_no_land_and_nobody_knows_without_land_cover(tmp_path: Path) -> None:
    region = region_with(covered(tmp_path, FOREST, FARM), population=PEOPLE)
    case = case_of(region)
    values = whole_values(case, ["green_land_taken_ha", "farm_land_taken_ha"])
    assert values.to_dict() == {"green_land_taken_ha": 0, "farm_land_taken_ha": 0}
    bare = case_of(region_with(population=PEOPLE))
    assert bare.land_take is None
    assert np.isnan(whole_values(bare, ["green_land_taken_ha"]).item())


def test_land_taken_adds_up_by_kind_and_zone(tmp_path: Path) -> None:
    case = case_of(region_with(covered(tmp_path, FOREST, FARM), population=PEOPLE))
    taken = pd.DataFrame(
        [
            ("west", "", "new_housing", "forest", 3.0),
            ("west", "x", "new_link", "grass", 1.0),
            ("", "x", "new_link", "forest", 0.5),
            ("east", "", "new_housing", "farm", 2.0),
            ("east", "", "new_housing", "unknown", 4.0),
        ],
        columns=["zone_id", "link_id", "cause", "kind", "ha"],
    )
    own = replace(case, land_take=taken)
    green = INDICATORS["green_land_taken_ha"].function(own)
    assert green.to_dict() == {"west": 4.0, "all": 4.5}
    assert INDICATORS["farm_land_taken_ha"].function(own).to_dict() == {"east": 2.0, "all": 2.0}
    assert INDICATORS["unknown_land_taken_ha"].function(own)["all"] == 4.0


def test_scenarios_of_the_built_in_region_take_land_where_they_build(
    results: dict[str, Result],
) -> None:
    def whole(scenario: str, name: str) -> float:
        rows = results[scenario].indicators
        return float(
            rows[(rows["place_id"] == "all") & (rows["indicator"] == name)]["value"].item()
        )

    names = ("green_land_taken_ha", "farm_land_taken_ha", "unknown_land_taken_ha")
    assert sum(whole("baseline", name) for name in names) == 0
    assert sum(whole("vorsino-work-buses", name) for name in names) == 0
    # 12,000 residents of 100 m² each, whatever lies under them
    for scenario in ("polycentric-housing", "monocentric-growth"):
        assert sum(whole(scenario, name) for name in names) == pytest.approx(120, rel=0.01)
    # recomputed apart: strips cut by the cells with shapely, in UTM
    assert whole("m3-upgrade", "green_land_taken_ha") == pytest.approx(22.58, abs=0.01)
    assert whole("m3-upgrade", "farm_land_taken_ha") == pytest.approx(4.31, abs=0.01)
    scores = results["polycentric-housing"].scores.set_index("goal")
    assert scores.loc["environment", "low"] < scores.loc["environment", "score"] < 50
    assert scores.loc["environment", "high"] > scores.loc["environment", "score"]


def test_every_measure_of_rasters_has_a_goal_and_a_direction() -> None:
    assert all(INDICATORS[name].goal == "environment" for name in imagery_indicators())
    assert {better for _, better, _ in MEASURES.values()} <= {-1, 0, 1}


@pytest.mark.parametrize("kind", [BUILT])
def test_built_land_that_is_built_on_again_is_neither_green_nor_farm(
    tmp_path: Path, kind: int
) -> None:
    case = case_of(region_with(covered(tmp_path, kind, kind), population=PEOPLE))
    assert whole_values(case, ["green_land_taken_ha"]).item() == 0
