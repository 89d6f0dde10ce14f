"""Wages within reach, on municipalities whose wages and minutes are known by hand."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

from agglo.errors import TableError
from agglo.indicators.wages import (
    annual_prize_rub,
    best_wages,
    latest_wages,
    main_zones,
    wage_gaps,
)

MINUTES = pd.DataFrame(
    [[5.0, 45.0, 90.0], [45.0, 5.0, 30.0], [90.0, 30.0, 5.0]],
    index=["a", "b", "c"],
    columns=["m", "n", "o"],
)
HOME = pd.Series({"a": "m", "b": "n", "c": "o"})
WAGES = pd.Series({"m": 60_000.0, "n": 80_000.0, "o": 100_000.0})


def table(*rows: tuple[str, int, str, float]) -> pd.DataFrame:
    return pd.DataFrame(list(rows), columns=["municipality_id", "year", "industry", "wage_rub"])


def test_wages_of_one_year_are_compared_the_one_that_most_have() -> None:
    wages = table(
        ("n", 2023, "all", 80.0), ("m", 2023, "all", 60.0), ("m", 2024, "all", 99.0),
        ("x", 2024, "all", 1.0), ("y", 2024, "all", 1.0), ("m", 2023, "C", 7.0),
    )  # fmt: skip
    got = latest_wages(wages, pd.Index(["n", "m"]))
    assert got.to_dict() == {"m": 60, "n": 80}
    assert got.index.tolist() == ["m", "n"]
    assert got.name == "wage_2023_rub"


def test_of_years_that_as_many_have_the_latest_counts() -> None:
    wages = table(*((one, year, "all", year) for one in "mn" for year in (2022, 2024, 2023)))
    assert latest_wages(wages, pd.Index(["m", "n"])).tolist() == [2024, 2024]


def test_where_no_wage_is_known_there_are_none() -> None:
    for wages in (table(), table(("m", 2023, "C", 7.0), ("x", 2023, "all", 7.0))):
        assert latest_wages(wages, pd.Index(["m"])).empty


def test_the_zone_with_most_jobs_stands_for_a_municipality_and_of_equals_the_lowest_id() -> None:
    home = pd.Series({"10": "m", "9": "m", "3": "n", "4": "n", "7": "", "8": None})
    jobs = pd.Series({"3": 1, "4": 2, "9": 5, "10": 5, "7": 99, "8": 99})
    assert main_zones(home, jobs).to_dict() == {"m": "9", "n": "4"}
    assert main_zones(home[:0], jobs).empty
    with pytest.raises(TableError, match="jobs_count has no row for '10'"):
        main_zones(home, jobs.drop("10"))


def test_the_best_wage_is_that_of_the_best_place_in_time_the_limit_included() -> None:
    got = best_wages(MINUTES, HOME, WAGES, within_min=45)
    assert got["best_rub"].tolist() == [80_000, 100_000, 100_000]
    assert got["best_id"].tolist() == ["n", "o", "o"]
    assert got["own_rub"].tolist() == [60_000, 80_000, 100_000]
    assert best_wages(MINUTES, HOME, WAGES, within_min=44.9)["best_id"].tolist() == ["m", "o", "o"]


def test_the_own_wage_needs_no_way() -> None:
    got = best_wages(MINUTES * np.inf, HOME, WAGES, within_min=45)
    assert got["best_rub"].tolist() == got["own_rub"].tolist() == WAGES.tolist()
    assert got["best_id"].tolist() == ["m", "n", "o"]


def test_of_equal_wages_the_own_is_taken_and_then_the_lowest_id() -> None:
    wages = pd.Series({"10": 70.0, "9": 70.0, "2": 50.0})
    times = pd.DataFrame(1.0, index=["a", "b"], columns=["10", "2", "9"])
    got = best_wages(times, pd.Series({"a": "10", "b": "2"}), wages, within_min=45)
    assert got["best_id"].tolist() == ["10", "9"]


def test_zones_without_a_known_wage_are_absent_and_such_places_are_passed_over() -> None:
    home = pd.Series({"a": "m", "b": "n", "c": None})
    got = best_wages(MINUTES, home, WAGES.drop("n"), within_min=45)
    assert got.index.tolist() == ["a"]
    assert got["best_id"].tolist() == ["m"]
    assert best_wages(MINUTES, home, WAGES[:0], within_min=45).empty


def test_a_municipality_without_a_place_in_the_matrix_still_pays_its_own() -> None:
    got = best_wages(MINUTES.drop(columns="m"), HOME, WAGES, within_min=45)
    assert got["own_rub"].tolist() == [60_000, 80_000, 100_000]
    assert got["best_id"].tolist() == ["n", "o", "o"]


def test_gaps_are_those_of_pairs_within_reach_the_largest_first() -> None:
    square = MINUTES.set_axis(["m", "n", "o"])
    got = wage_gaps(square, WAGES, within_min=45)
    assert got[["from_id", "to_id"]].to_numpy().tolist() == [["m", "n"], ["n", "o"]]
    assert got["gap_rub"].tolist() == [20_000, 20_000]
    np.testing.assert_allclose(got["gap_share"], [1 / 3, 1 / 4])
    assert got["time_min"].tolist() == [45, 30]
    assert wage_gaps(square, WAGES, within_min=10).empty
    assert len(wage_gaps(square, WAGES.drop("n"), within_min=99)) == 1


def test_the_prize_is_twelve_months_of_what_the_best_wage_pays_more() -> None:
    best = best_wages(MINUTES, HOME, WAGES, within_min=45)
    workers = pd.Series({"a": 10, "b": 2, "c": 99})
    assert annual_prize_rub(best, workers) == 12 * (10 * 20_000 + 2 * 20_000)
    with pytest.raises(TableError, match="workers_count has no row for 'a'"):
        annual_prize_rub(best, workers.drop("a"))
