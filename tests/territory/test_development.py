"""The development coefficient: the arithmetic vector and Obninsk in both readings."""

from __future__ import annotations

import math

import pandas as pd
import pytest

from agglo.errors import TableError
from agglo.territory.development import (
    coefficient,
    development,
    development_class,
    development_conditions,
)

PEOPLE = {
    2017: [113639, 27791, 25752, 13251, 10966, 10158, 9288],
    2019: [118151, 27411, 25775, 13569, 10507, 10204, 9811],
    2021: [125376, 41836, 29029, 16224, 12598, 10809, 10946],
}
NAMES = ["Obninsk", "Maloyaroslavets", "Balabanovo", "Zhukov", "Borovsk", "Yermolino", "Belousovo"]


def towns(year: int = 2021) -> pd.DataFrame:
    return pd.DataFrame({"population_count": PEOPLE[year], "kind": "city"}, index=NAMES)


def test_the_formula_gives_the_arithmetic_vector() -> None:
    value = coefficient(
        1_200_000,
        city_count=4,
        city_share=0.9,
        urban_settlement_count=3,
        urban_settlement_share=0.1,
    )
    assert value == pytest.approx(4.68)


@pytest.mark.parametrize(
    ("year", "counted", "satellites"),
    [(2017, 1.476, 0.583), (2019, 1.508, 0.584), (2021, 1.728, 0.729)],
)
def test_obninsk_has_the_published_value_in_either_reading(
    year: int, counted: float, satellites: float
) -> None:
    found = development(towns(year), core="Obninsk")
    assert found["coefficient"].round(3).to_dict() == {
        "core_counted": counted,
        "satellites_only": satellites,
    }
    assert found["development_class"].tolist() == ["least_developed", "undeveloped"]
    assert found["city_count"].tolist() == [7, 6]
    assert found["city_share"].iloc[0] == 1
    assert set(found["urban_count"]) == {sum(PEOPLE[year])}


def test_settlements_of_urban_type_are_weighed_by_their_own_share_and_number() -> None:
    """P = 1.2 million: a core and three cities with 90 % and three settlements with 10 %."""
    people = [780_000, 100_000, 100_000, 100_000, 40_000, 40_000, 40_000]
    kinds = ["city"] * 4 + ["urban_settlement"] * 3
    frame = pd.DataFrame({"population_count": people, "kind": kinds}, index=list("abcdefg"))
    found = development(frame, core="a")
    assert found.loc["core_counted", "coefficient"] == pytest.approx(4.68)
    assert found.loc["satellites_only", "coefficient"] == pytest.approx(1.2 * (3 * 0.25 + 3 * 0.1))
    assert found["urban_settlement_count"].tolist() == [3, 3]


@pytest.mark.parametrize(
    ("value", "name"),
    [
        (50.1, "most_developed"),
        (50.0, "most_developed"),
        (49.9, "strongly_developed"),
        (10.0, "strongly_developed"),
        (7.0, "developed"),
        (4.68, "weakly_developed"),
        (2.5, "weakly_developed"),
        (1.0, "least_developed"),
        (0.999, "undeveloped"),
        (0.0, "undeveloped"),
    ],
)
def test_every_coefficient_has_one_class_and_a_bound_is_in_the_upper(
    value: float, name: str
) -> None:
    assert development_class(value) == name


def test_the_conditions_say_value_wanted_and_whether_it_is_met() -> None:
    minutes = pd.Series(20.0, index=NAMES)
    found = development_conditions(towns(), minutes, core="Obninsk")
    assert found["is_met"].to_dict() == {
        "core_population_250_thousand": False,
        "core_population_100_thousand": True,
        "satellite_towns_in_isochrone": True,
        "coefficient_core_counted": True,
        "coefficient_satellites_only": False,
    }
    assert found["wanted"].tolist() == [250_000, 100_000, 2, 1, 1]
    assert found["value"].round(3).tolist() == [125_376, 125_376, 6, 1.728, 0.729]


def test_towns_beyond_the_isochrone_stay_out_and_its_limit_is_in() -> None:
    minutes = pd.Series([0.0, 90.0, 90.01, 300.0, math.inf, 300.0, 300.0], index=NAMES)
    found = development_conditions(towns(), minutes, core="Obninsk")
    assert found.loc["satellite_towns_in_isochrone", ["value", "is_met"]].tolist() == [1, False]
    assert found.loc["coefficient_core_counted", "value"] == pytest.approx(2 * 0.167212)
    wider = development_conditions(towns(), minutes, core="Obninsk", within_min=300)
    assert wider.loc["satellite_towns_in_isochrone", "value"] == 5


def test_exactly_what_is_wanted_meets_a_condition() -> None:
    frame = pd.DataFrame({"population_count": [100_000, 9, 9], "kind": "city"}, index=[*"abc"])
    found = development_conditions(frame, pd.Series(1.0, index=frame.index), core="a")
    assert found["is_met"].tolist() == [False, True, True, False, False]


def test_minutes_of_the_core_itself_are_not_needed() -> None:
    minutes = pd.Series(20.0, index=NAMES[1:])
    without = development_conditions(towns(), minutes, core="Obninsk")
    far_off = pd.Series({**minutes, "Obninsk": 500.0})
    pd.testing.assert_frame_equal(without, development_conditions(towns(), far_off, core="Obninsk"))
    assert without.loc["coefficient_core_counted", "value"] == pytest.approx(1.728, abs=5e-4)
    with pytest.raises(TableError, match="town 'Zhukov' has none"):
        development_conditions(towns(), minutes.drop("Zhukov"), core="Obninsk")


@pytest.mark.parametrize(
    ("change", "message"),
    [
        (lambda frame: frame.drop(columns="kind"), "lack the column"),
        (lambda frame: frame.assign(kind="village"), "'Obninsk' is neither city nor urban_settle"),
        (lambda frame: frame.assign(population_count=-1), "'Obninsk' has no population"),
        (lambda frame: frame.assign(population_count=math.nan), "'Obninsk' has no population"),
        (lambda frame: pd.concat([frame, frame.iloc[1:2]]), "'Maloyaroslavets' stands twice"),
        (lambda frame: frame.drop("Obninsk"), "the core 'Obninsk' must be one of them"),
        (lambda frame: frame.assign(population_count=0), "one must have people"),
        (lambda frame: frame.iloc[:0], "the core 'Obninsk' must be one of them"),
    ],
)
def test_towns_that_are_no_table_of_towns_are_refused(change: object, message: str) -> None:
    with pytest.raises(TableError, match=message):
        development(change(towns()), core="Obninsk")  # type: ignore[operator]
