"""Whether light and gridded people go with residents: a law known beforehand."""

from __future__ import annotations

from pathlib import Path

import pytest

from agglo.imagery.figures import imagery_figures
from agglo.imagery.sanity import checks_table, sanity_checks
from agglo.run import Result
from tests.rastered import halves, raster, region_with, residents


def test_with_two_municipalities_nothing_is_checked(tmp_path: Path) -> None:
    light = raster(tmp_path, "l", halves(1, 2), unit="x", role="night_lights", epoch="2020")
    region = region_with(light, population=residents({("left", 2020): 5, ("right", 2020): 9}))
    figures = imagery_figures(region)
    assert sanity_checks(region, figures) == {}
    assert checks_table({}, figures).empty


def test_without_rasters_there_is_nothing_to_check() -> None:
    region = region_with()
    assert sanity_checks(region, imagery_figures(region)) == {}


def test_the_built_in_region_names_the_core_as_too_dark_for_its_people(
    results: dict[str, Result],
) -> None:
    """Ten municipalities; the dense core has few cells, and brightness ends at 255."""
    case = results["baseline"].case
    checks = sanity_checks(case.region, case.imagery)
    law = checks["night_lights_sum"]
    assert law.places_count == 10
    assert list(law.outliers.index) == ["mo_obninsk"]
    assert law.outliers["ratio"].item() < 0.5
    people = checks["gridded_population"]
    assert people.r2 > 0.9
    assert people.table.loc["mo_obninsk", "y"] / 125_376 == pytest.approx(0.645, abs=0.005)
    table = checks_table(checks, case.imagery)
    assert set(table["measure"]) == set(checks)
    assert table.groupby("measure")["place_id"].nunique().eq(10).all()
