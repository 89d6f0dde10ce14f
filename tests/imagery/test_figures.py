"""What rasters say of municipalities, zones and the whole, on squares of 16 cells."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from agglo.errors import LayerError
from agglo.imagery.figures import LEAST_CELLS, imagery_figures, newest_raster, residents
from tests.rastered import (
    BUILT,
    FARM,
    FOREST,
    LAND,
    SIDE,
    halves,
    raster,
    region_with,
)  # fmt: skip
from tests.rastered import (
    residents as people,
)

PEOPLE = people({("left", 2020): 1000, ("right", 2020): 3000})
SQUARE_KM2 = 16.0
NEAR = {"rel": 2e-3}
"""A cell of UTM is not quite a square kilometre on the ground."""


def value(figures: pd.DataFrame, measure: str, place: str) -> float:
    rows = figures[(figures["measure"] == measure) & (figures["place_id"] == place)]
    return float(rows["value"].item())


def test_a_region_without_rasters_has_no_figures() -> None:
    figures = imagery_figures(region_with())
    assert figures.empty
    assert "is_too_coarse" in figures


def test_counts_add_up_and_densities_are_multiplied_by_the_area(tmp_path: Path) -> None:
    count = raster(tmp_path, "count", halves(50, 200), quantity="count", unit="persons",
                   role="population", epoch="2020")  # fmt: skip
    figures = imagery_figures(region_with(count, population=PEOPLE))
    assert value(figures, "gridded_population", "left") == pytest.approx(16 * 50)
    assert value(figures, "gridded_population", "right") == pytest.approx(16 * 200)
    assert value(figures, "gridded_population", "all") == pytest.approx(16 * 250)
    assert value(figures, "gridded_population_per_km2", "left") == pytest.approx(50, **NEAR)
    assert value(figures, "gridded_to_census_ratio", "right") == pytest.approx(3200 / 3000)
    density = raster(tmp_path, "density", halves(50, 200), quantity="density",
                     unit="persons per km2", role="population", epoch="2020")  # fmt: skip
    figures = imagery_figures(region_with(density, population=PEOPLE))
    assert value(figures, "gridded_population_per_km2", "left") == pytest.approx(50)
    assert value(figures, "gridded_population", "left") == pytest.approx(16 * 50, **NEAR)


def test_light_is_averaged_and_told_per_head(tmp_path: Path) -> None:
    light = raster(tmp_path, "light", halves(10, 30), unit="nW", role="night_lights",
                   epoch="2021")  # fmt: skip
    figures = imagery_figures(region_with(light, population=PEOPLE))
    assert value(figures, "night_lights_mean", "all") == pytest.approx(20, **NEAR)
    per_head = value(figures, "night_lights_per_1000_people", "left")
    assert per_head == pytest.approx(10 * SQUARE_KM2, **NEAR)
    units = figures.set_index("measure")["unit"]
    assert set(units["night_lights_mean"]) == {"nW"}


def test_classes_become_shares_of_kinds_and_green_per_head(tmp_path: Path) -> None:
    cells = halves(FOREST, FARM)
    cells[0, :SIDE] = BUILT
    cover = raster(tmp_path, "cover", cells, quantity="class", unit="class", role="land_cover",
                   epoch="2020", dtype="uint8", nodata=255, classes=LAND)  # fmt: skip
    figures = imagery_figures(region_with(cover, population=PEOPLE))
    assert value(figures, "land_built_share", "left") == pytest.approx(0.25, **NEAR)
    assert value(figures, "land_forest_share", "left") == pytest.approx(0.75, **NEAR)
    assert value(figures, "land_farm_share", "right") == pytest.approx(1)
    assert value(figures, "land_green_share", "right") == 0
    green_m2 = value(figures, "land_green_m2_per_head", "left")
    assert green_m2 == pytest.approx(12e6 / 1000, **NEAR)
    shares = figures[figures["measure"].str.match("land_(built|farm|forest)_share")]
    assert shares.groupby("place_id")["value"].sum().to_numpy() == pytest.approx(1)


def test_built_up_land_of_two_epochs_gives_its_gain_and_the_sdg_ratio(tmp_path: Path) -> None:
    about = {"quantity": "count", "unit": "m2", "role": "built_up"}
    early = raster(tmp_path, "b2010", halves(100_000, 200_000), epoch="2010", **about)
    late = raster(tmp_path, "b2020", halves(150_000, 200_000), epoch="2020", **about)
    grown = people({("left", 2010): 1000, ("left", 2020): 1100,
                    ("right", 2010): 2000, ("right", 2020): 1900})  # fmt: skip
    figures = imagery_figures(region_with(late, early, population=grown))
    # 16 cells × 5 ha in ten years
    assert value(figures, "built_up_gain_ha_per_year", "left") == pytest.approx(8)
    assert value(figures, "built_up_gain_ha_per_year", "right") == 0
    wanted = (0.5 / 10) / (np.log(1.1) / 10)
    assert value(figures, "land_consumption_ratio", "left") == pytest.approx(wanted)
    assert value(figures, "land_m2_per_new_resident", "left") == pytest.approx(800_000 / 100)
    ratios = figures[figures["measure"] == "land_consumption_ratio"]
    # where people left, or as many stayed, there is no ratio
    assert list(ratios["place_id"]) == ["left"]
    more = people({("left", 2010): 1000, ("left", 2020): 1100,
                   ("right", 2010): 2000, ("right", 2020): 2200})  # fmt: skip
    both = imagery_figures(region_with(late, early, population=more))
    # 80 ha more on 480 for all together
    assert value(both, "land_consumption_ratio", "all") == pytest.approx(
        (80 / 480 / 10) / (np.log(1.1) / 10)
    )
    shown = figures[(figures["measure"] == "built_up_share") & figures["is_shown"]]
    assert set(shown["epoch"]) == {"2020"}


def test_people_far_from_the_epochs_give_no_ratio(tmp_path: Path) -> None:
    about = {"quantity": "count", "unit": "m2", "role": "built_up"}
    early = raster(tmp_path, "b2000", halves(100_000, 200_000), epoch="2000", **about)
    late = raster(tmp_path, "b2020", halves(150_000, 200_000), epoch="2020", **about)
    figures = imagery_figures(region_with(late, early, population=PEOPLE))
    assert "land_consumption_ratio" not in set(figures["measure"])
    assert value(figures, "built_up_gain_ha_per_year", "left") == pytest.approx(4)


def test_a_place_of_few_cells_says_so_and_a_zone_stands_outside_the_indicators(
    tmp_path: Path,
) -> None:
    coarse = np.full((1, 2), 7.0)
    layer = raster(tmp_path, "light", halves(1, 2), unit="nW", role="night_lights")
    figures = imagery_figures(region_with(layer, population=PEOPLE))
    rows = figures[figures["measure"] == "night_lights_mean"].set_index("place_id")
    assert rows["cells_count"].to_dict() == pytest.approx(
        {"left": 16, "right": 16, "all": 32, "west": 16, "east": 16}
    )
    assert rows["is_too_coarse"].eq(rows["cells_count"] < LEAST_CELLS).all()
    assert rows["is_shown"].to_dict() == {
        "left": True, "right": True, "all": True, "west": False, "east": False
    }  # fmt: skip
    big = raster(tmp_path, "big", halves(1, 2)[:1, 3:5], unit="nW", role="night_lights")
    assert coarse.shape == big.grid.shape
    few = imagery_figures(region_with(big))
    assert few["is_too_coarse"].all()
    assert not few["is_shown"].any()  # only a part of each place is known


def test_a_raster_elsewhere_is_refused_by_name(tmp_path: Path) -> None:
    layer = raster(tmp_path, "far", halves(1, 2), unit="nW", role="night_lights")
    from dataclasses import replace

    far = replace(layer, grid=replace(layer.grid, transform=(1000.0, 0, 0.0, 0, -1000.0, 0.0)))
    with pytest.raises(LayerError, match="raster 'far'"):
        imagery_figures(region_with(far))


def test_residents_are_those_of_the_nearest_year_and_of_two_the_earlier() -> None:
    table = people({("left", 2010): 1, ("left", 2020): 2, ("right", 2019): 3})
    region = region_with(population=table)
    assert residents(region, "2015").to_dict() == {"left": 1, "right": 3}
    assert residents(region, "2016-05-01").to_dict() == {"left": 2, "right": 3}
    assert residents(region, "2012", within_years=3).to_dict() == {"left": 1}
    assert residents(region, "").empty


def test_the_newest_raster_of_a_role_is_found(tmp_path: Path) -> None:
    layers = [
        raster(tmp_path, f"n{epoch}", halves(1, 2), unit="x", role="night_lights", epoch=epoch)
        for epoch in ("2015", "2021", "2018")
    ]
    found = newest_raster(region_with(*layers), "night_lights")
    assert found is not None
    assert found.epoch == "2021"
    assert newest_raster(region_with(*layers), "night_lights", quantity="count") is None
    assert newest_raster(region_with(), "land_cover") is None


def test_the_order_of_rasters_does_not_matter(tmp_path: Path) -> None:
    light = raster(tmp_path, "light", halves(10, 30), unit="nW", role="night_lights", epoch="2021")
    count = raster(tmp_path, "count", halves(50, 200), quantity="count", unit="persons",
                   role="population", epoch="2020")  # fmt: skip
    one = imagery_figures(region_with(light, count, population=PEOPLE))
    other = imagery_figures(region_with(count, light, population=PEOPLE))
    pd.testing.assert_frame_equal(one, other)
