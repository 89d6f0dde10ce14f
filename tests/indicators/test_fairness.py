"""Fairness, against closed forms, plain loops and PySAL."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

from agglo.errors import TableError
from agglo.indicators.fairness import (
    concentration_index,
    gini,
    palma,
    share_below,
    shortfall,
    theil,
)

MARKET_ACCESS = [439.4, 438.0, 435.2, 430.5, 399.5]
WAGES = [86589.2, 81045.5, 67526.2, 63799.8, 65669.2]


def series(*values: float) -> pd.Series:
    return pd.Series(values, index=list("abcdefgh")[: len(values)], dtype=float)


def by_pairs(values: pd.Series, people: pd.Series) -> float:
    """Gini by its definition: the mean difference of all pairs of people over twice the mean."""
    share = people / people.sum()
    mean = (values * share).sum()
    pairs = sum(
        share[a] * share[b] * abs(values[a] - values[b]) for a in values.index for b in values.index
    )
    return float(pairs / (2 * mean))


@pytest.mark.parametrize(
    ("values", "wanted_gini", "wanted_theil"),
    [
        (MARKET_ACCESS, 0.01629795575469064, 0.0006081537376830329),
        (WAGES, 0.06686791181962866, 0.00772850329327391),
        ([1, 2, 3, 4, 100], 0.7272727272727273, 1.1884514309181653),
    ],
)
def test_with_one_person_each_gini_and_theil_are_those_of_pysal(
    values: list[float], wanted_gini: float, wanted_theil: float
) -> None:
    """PySAL inequality 1.1.2: ``Gini(y).g`` and ``Theil(y).T``."""
    own, people = series(*values), series(*[1.0] * len(values))
    assert gini(own, people) == pytest.approx(wanted_gini, rel=1e-12)
    assert theil(own, people) == pytest.approx(wanted_theil, rel=1e-12)


@pytest.mark.parametrize("seed", range(5))
def test_gini_is_half_the_mean_difference_over_the_mean(seed: int) -> None:
    random = np.random.default_rng(seed)
    values = series(*random.integers(0, 4, 8).astype(float))
    people = series(*random.integers(0, 5, 8).astype(float))
    assert gini(values, people) == pytest.approx(by_pairs(values, people), abs=1e-12)


def test_if_one_in_ten_has_all_gini_is_nine_tenths_and_theil_the_logarithm_of_ten() -> None:
    values, people = series(0, 7), series(90, 10)
    assert gini(values, people) == pytest.approx(0.9)
    assert theil(values, people) == pytest.approx(np.log(10))


def test_if_all_have_alike_nothing_is_unfair() -> None:
    values, people = series(3, 3, 3), series(1, 50, 7)
    assert gini(values, people) == pytest.approx(0, abs=1e-15)
    assert theil(values, people) == pytest.approx(0, abs=1e-15)
    assert palma(values, people) == pytest.approx(1)
    assert concentration_index(values, people, rank_by=series(1, 2, 3)) == pytest.approx(0)


def test_more_for_those_who_earn_more_is_above_zero_and_for_those_who_earn_less_below() -> None:
    values, people, wage = series(1, 2, 3), series(10, 30, 10), series(500, 700, 900)
    up = concentration_index(values, people, rank_by=wage)
    assert up == pytest.approx(gini(values, people))
    assert concentration_index(values, people, rank_by=-wage) == pytest.approx(-up)


def test_people_with_the_same_wage_share_one_rank_whatever_their_order() -> None:
    people, wage = series(10, 10, 10), series(500, 500, 900)
    first = concentration_index(series(1, 5, 3), people, rank_by=wage)
    second = concentration_index(series(5, 1, 3), people, rank_by=wage)
    assert first == pytest.approx(second) == pytest.approx(0, abs=1e-15)


def test_palma_takes_the_richest_tenth_and_the_poorest_four_tenths_to_the_person() -> None:
    """Poorest 40 of 100: 30 with 1 and 10 of those with 2; richest 10: 5 with 8, 5 with 2."""
    values, people = series(1, 2, 8), series(30, 65, 5)
    assert palma(values, people) == pytest.approx(((5 * 8 + 5 * 2) / 10) / ((30 + 20) / 40))


def test_palma_by_wage_compares_what_the_best_and_the_worst_paid_have() -> None:
    values, people, wage = series(6, 2, 3), series(40, 50, 10), series(100, 200, 300)
    assert palma(values, people, rank_by=wage) == pytest.approx(3 / 6)


def test_palma_has_no_value_where_the_poorest_have_nothing() -> None:
    assert np.isnan(palma(series(0, 1), series(50, 50)))


def test_who_has_just_the_line_is_not_below_it() -> None:
    values, people = series(0.5, 1.0, 2.0), series(20, 30, 50)
    assert share_below(values, people, line=1.0) == pytest.approx(0.2)
    assert share_below(values, people, line=1.0001) == pytest.approx(0.5)


def test_the_deeper_the_shortfall_the_more_it_counts() -> None:
    values, people = series(0.0, 0.5, 2.0), series(10, 30, 60)
    for power, wanted in ((0, 0.4), (1, 0.1 + 0.3 * 0.5), (2, 0.1 + 0.3 * 0.25)):
        assert shortfall(values, people, line=1.0, power=power) == pytest.approx(wanted)


@pytest.mark.parametrize("wrong", [{"line": 0.0}, {"line": 1.0, "power": -1}])
def test_a_line_of_nothing_and_a_power_below_zero_are_refused(wrong: dict[str, float]) -> None:
    with pytest.raises(TableError, match="line above 0 and a power of 0 or more"):
        shortfall(series(1), series(1), **wrong)


def test_places_without_people_count_for_nothing_even_without_a_value() -> None:
    values, people = series(1, 3, np.nan), series(10, 10, 0)
    assert gini(values, people) == pytest.approx(0.25)
    assert palma(values, people) == pytest.approx(3)


@pytest.mark.parametrize("value", [np.nan, -1.0, np.inf])
def test_people_with_no_number_are_named_and_never_averaged(value: float) -> None:
    for measure in (gini, theil, palma):
        with pytest.raises(TableError, match="'b' has 5 people and the value"):
            measure(series(1, value), series(4, 5))


def test_without_people_nothing_is_fair_or_unfair() -> None:
    empty = series(0, 0)
    for values in (series(1, 2), series(np.nan, 2)):
        for measure in (gini, theil, palma):
            assert np.isnan(measure(values, empty))
        assert np.isnan(shortfall(values, empty, line=1.0))
    assert np.isnan(gini(series(0, 0), series(1, 2)))
    assert np.isnan(theil(series(0, 0), series(1, 2)))


def test_a_count_that_is_missing_or_below_zero_is_refused() -> None:
    with pytest.raises(TableError, match="people_count has no row for 'b'"):
        gini(series(1, 2), series(1))
    with pytest.raises(TableError, match="people_count of 'b' is below 0"):
        gini(series(1, 2), series(1, -2))
    with pytest.raises(TableError, match="rank_by has no row for 'b'"):
        concentration_index(series(1, 2), series(1, 2), rank_by=series(1))
