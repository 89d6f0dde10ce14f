"""Figures per head: nobody is divided by, and the weakest status stays."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

from agglo.errors import LayerError, TableError
from agglo.imagery.per_head import built_up_m2_per_head, green_m2_per_head, night_lights_per_head
from agglo.rasters import LandClass

PEOPLE = pd.Series({"Обнинск": 100.0, "d'Or": 0.0, "field": 20.0, "extra": 7.0})
ZONES = pd.Index(["field", "d'Or", "Обнинск"], name="zone_id")
CLASSES = {
    code: LandClass(kind=kind, name_ru="", name_en="", colour="#000000")
    for code, kind in enumerate(("built", "farm", "forest", "grass", "wetland", "bare", "water"))
}


def test_lights_are_divided_by_the_residents_of_the_same_zone() -> None:
    lights = pd.Series([30.0, 5.0, np.nan], index=ZONES)
    found = night_lights_per_head(lights, PEOPLE, status="observed")
    assert list(found.columns) == ["night_lights_per_head", "status"]
    assert found.index.equals(ZONES)
    assert found["night_lights_per_head"].tolist() == pytest.approx(
        [1.5, np.nan, np.nan], nan_ok=True
    )


def test_the_weaker_status_stays_zone_by_zone() -> None:
    built = pd.Series(1000.0, index=ZONES)
    statuses = pd.Series({"Обнинск": "observed", "d'Or": "modelled", "field": "assumed"})
    found = built_up_m2_per_head(built, PEOPLE, status="modelled", persons_status=statuses)
    assert found["status"].to_dict() == {
        "field": "assumed",
        "d'Or": "modelled",
        "Обнинск": "modelled",
    }
    assert found.loc["Обнинск", "built_up_m2_per_head"] == 10


def test_green_is_forest_grass_and_wetland_but_no_farm_land() -> None:
    areas = pd.DataFrame([[1.0, 2, 0.1, 0.2, 0.3, 4, 5]], index=["field"], columns=range(7))
    found = green_m2_per_head(areas, PEOPLE, classes=CLASSES, status="observed")
    assert found.loc["field", "green_m2_per_head"] == pytest.approx(600_000 / 20)


def test_a_zone_without_any_class_is_unknown_and_one_without_green_has_none() -> None:
    areas = pd.DataFrame({0: [0.0, 1.0], 2: [np.nan, np.nan]}, index=["Обнинск", "field"])
    found = green_m2_per_head(areas, PEOPLE, classes=CLASSES, status="observed")
    assert np.isnan(found.loc["Обнинск", "green_m2_per_head"])
    assert found.loc["field", "green_m2_per_head"] == 0


def test_a_code_without_a_class_is_refused() -> None:
    areas = pd.DataFrame({0: [1.0], 99: [1.0]}, index=["field"])
    with pytest.raises(LayerError, match=r"code\(s\) 99 have no class"):
        green_m2_per_head(areas, PEOPLE, classes=CLASSES, status="observed")


@pytest.mark.parametrize(
    ("people", "match"),
    [
        (PEOPLE.drop("field"), r"persons_count has no row for zone 'field' \(1 in all\)"),
        (PEOPLE.where(PEOPLE != 20, -20), "persons_count of 'field' is below 0"),
        (pd.concat([PEOPLE, PEOPLE]), "persons_count has two rows of 'Обнинск'"),
    ],
)
def test_residents_that_cannot_be_right_are_refused(people: pd.Series, match: str) -> None:
    with pytest.raises(TableError, match=match):
        night_lights_per_head(pd.Series(1.0, index=ZONES), people, status="observed")


def test_no_zones_give_an_empty_table() -> None:
    found = night_lights_per_head(pd.Series(dtype=float), PEOPLE, status="observed")
    assert found.empty
