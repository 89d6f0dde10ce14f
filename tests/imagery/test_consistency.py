"""A power law through places, and who lies off it."""

from __future__ import annotations

from itertools import combinations

import numpy as np
import pandas as pd
import pytest

from agglo.errors import TableError
from agglo.imagery.consistency import power_law

PEOPLE = pd.Series(np.geomspace(1e3, 1e6, 12), index=[f"город «{i}»" for i in range(12)])
WIGGLE = np.array([0.1, -0.05, 0.02, -0.1, 0.07, 0.0, -0.03, 0.05, -0.08, 0.04, 0.06, -0.06])


def slopes_by_hand(x: pd.Series, y: pd.Series) -> float:
    """Median slope, pair by pair."""
    found = [
        (np.log(y[b]) - np.log(y[a])) / (np.log(x[b]) - np.log(x[a]))
        for a, b in combinations(x.index, 2)
        if x[a] != x[b]
    ]
    return float(np.median(found))


def test_an_exact_law_is_found_and_names_nobody() -> None:
    law = power_law(PEOPLE, 3 * PEOPLE**0.85)
    assert law.exponent == pytest.approx(0.85)
    assert law.factor == pytest.approx(3)
    assert law.r2 == pytest.approx(1)
    assert law.exponent_low == pytest.approx(0.85)
    assert law.outliers.empty
    assert law.table["ratio"].to_numpy() == pytest.approx(1)
    assert (law.table["z"] == 0).all()
    assert law.reason == ""


def test_the_exponent_is_the_median_of_the_slopes_of_all_pairs() -> None:
    y = 2 * PEOPLE**1.1 * np.exp(WIGGLE)
    law = power_law(PEOPLE, y)
    assert law.exponent == pytest.approx(slopes_by_hand(PEOPLE, y), rel=1e-12)
    assert law.exponent_low < law.exponent < law.exponent_high


def test_a_dark_city_is_named_and_does_not_bend_the_line() -> None:
    y = 2 * PEOPLE**0.9 * np.exp(WIGGLE)
    dark = y.copy()
    dark.iloc[-1] /= 20
    law = power_law(PEOPLE, dark)
    assert list(law.outliers.index) == [PEOPLE.index[-1]]
    assert law.table.loc[PEOPLE.index[-1], "z"] < -2.5
    assert law.exponent == pytest.approx(power_law(PEOPLE, y).exponent, abs=0.03)
    assert abs(law.least_squares_exponent - 0.9) > 0.1


def test_the_z_is_the_distance_in_robust_deviations() -> None:
    y = 2 * PEOPLE**0.9 * np.exp(WIGGLE)
    law = power_law(PEOPLE, y)
    off = np.log(y) - np.log(law.table["expected"])
    assert np.median(off) == pytest.approx(0, abs=1e-12)
    deviation = 1.4826 * np.median(np.abs(off))
    assert law.deviation == pytest.approx(deviation)
    assert law.table["z"].to_numpy() == pytest.approx((off / deviation).to_numpy())


def test_one_place_off_an_otherwise_exact_law_is_named() -> None:
    y = 3 * PEOPLE
    y.iloc[3] *= 1.5
    law = power_law(PEOPLE, y)
    assert law.table["z"].iloc[3] == np.inf
    assert law.table["is_outlier"].sum() == 1


def test_four_places_have_a_line_and_no_outliers() -> None:
    people = PEOPLE.iloc[:4]
    y = people * np.array([1, 1.05, 50.0, 1])
    law = power_law(people, y)
    assert law.table["z"].abs().max() > 2.5
    assert law.reason == "too_few_for_outliers"
    assert np.isfinite(law.exponent)
    assert not law.table["is_outlier"].any()


@pytest.mark.parametrize("count", [0, 1, 2])
def test_two_places_have_no_line(count: int) -> None:
    law = power_law(PEOPLE.iloc[:count], PEOPLE.iloc[:count])
    assert law.reason == "too_few_places"
    assert np.isnan(law.exponent)
    assert law.places_count == count
    assert list(law.table.columns) == list(power_law(PEOPLE, PEOPLE).table.columns)


def test_places_of_one_size_have_no_line() -> None:
    same = pd.Series(7.0, index=PEOPLE.index)
    law = power_law(same, PEOPLE)
    assert law.reason == "all_of_one_size"
    assert law.outliers.empty


def test_places_without_light_or_people_stay_in_the_table_and_off_the_line() -> None:
    y = 3 * PEOPLE**0.5
    y.iloc[0], y.iloc[1] = 0.0, np.nan
    people = PEOPLE.copy()
    people.iloc[2], people.iloc[3] = 0.0, np.nan
    law = power_law(people, y)
    assert law.places_count == 8
    assert list(law.table["left_out"].iloc[:5]) == [
        "y_is_0", "y_not_known", "x_is_0", "x_not_known", "",
    ]  # fmt: skip
    assert law.table["z"].iloc[:4].isna().all()
    assert not law.table["is_outlier"].any()
    assert law.exponent == pytest.approx(0.5)


def test_places_are_matched_by_id_and_not_by_order() -> None:
    y = 2 * PEOPLE**0.9 * np.exp(WIGGLE)
    law = power_law(PEOPLE, y)
    turned = power_law(PEOPLE, y.iloc[::-1])
    pd.testing.assert_frame_equal(law.table, turned.table)


def test_arguments_are_left_alone() -> None:
    people, y = PEOPLE.copy(), PEOPLE * 2
    kept = y.copy()
    power_law(people, y)
    pd.testing.assert_series_equal(people, PEOPLE)
    pd.testing.assert_series_equal(y, kept)


@pytest.mark.parametrize(
    ("x", "y", "message"),
    [
        ({"a": 1.0}, {"b": 1.0}, "one of them only, such as 'a'"),
        ({"a": -1.0}, {"a": 1.0}, "x of place 'a' is -1"),
        ({"a": 1.0}, {"a": np.inf}, "y of place 'a' is inf"),
    ],
)
def test_what_no_place_can_have_is_refused(
    x: dict[str, float], y: dict[str, float], message: str
) -> None:
    with pytest.raises(TableError, match=message):
        power_law(pd.Series(x), pd.Series(y))


def test_a_place_that_stands_twice_is_refused() -> None:
    twice = pd.Series([1.0, 2.0], index=["a", "a"])
    with pytest.raises(TableError, match="stand twice"):
        power_law(twice, twice)


def test_more_places_than_pairs_can_be_compared_are_refused() -> None:
    many = pd.Series(np.arange(1.0, 4002.0))
    with pytest.raises(TableError, match="4001 places are more than the 4000"):
        power_law(many, many)
