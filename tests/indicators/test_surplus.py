"""Gains of commuters, against published numbers and the integral of demand."""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

import numpy as np
import pandas as pd
import pytest

from agglo.errors import FlowError, TableError
from agglo.indicators.surplus import logsum_min, logsum_surplus_min, rule_of_half


class Choice(NamedTuple):
    """One row of logit_cs in vectors.json."""

    scale: float
    utility: list[float]
    before: list[float]
    after: list[float]
    people: float
    surplus: float
    half: float


TWO = Choice(0.05, [0.0, 0.0], [40.0, 55.0], [40.0, 45.0], 1000, 3781.368275, 3793.224)
THREE = Choice(
    0.03, [0.0, -0.3, -1.0], [35.0, 50.0, 60.0], [30.0, 35.0, 60.0], 10000, 77404.962588,
    77455.141818,
)  # fmt: skip
CHOICES = pytest.mark.parametrize("choice", [TWO, THREE], ids=["two", "three"])


def one(*values: float) -> pd.DataFrame:
    return pd.DataFrame([list(values)], index=["all"])


def trips(choice: Choice, minutes: Sequence[float]) -> pd.DataFrame:
    odds = np.exp(np.array(choice.utility) - choice.scale * np.array(minutes))
    return one(*(choice.people * odds / odds.sum()))


def gain(scale: float, utility: list[float], before: list[float], after: list[float]) -> float:
    size = pd.Series(np.exp(utility))
    found = logsum_surplus_min(
        one(*before), one(*after), size_before=size, size_after=size, scale_per_min=scale
    )
    return float(found["all"])


@CHOICES
def test_the_logsum_surplus_is_the_published_one(choice: Choice) -> None:
    assert choice.people * gain(*choice[:4]) == pytest.approx(choice.surplus, abs=1e-6)


@CHOICES
def test_the_rule_of_half_is_the_published_one_and_a_little_above_the_logsum(
    choice: Choice,
) -> None:
    got = rule_of_half(
        trips(choice, choice.before),
        trips(choice, choice.after),
        before_min=one(*choice.before),
        after_min=one(*choice.after),
    )
    assert got.to_numpy().sum() == pytest.approx(choice.half, abs=5e-4)
    assert choice.surplus < choice.half < 1.004 * choice.surplus


@CHOICES
def test_the_logsum_surplus_is_the_integral_of_demand_over_the_way_of_costs(
    choice: Choice,
) -> None:
    start, end = np.array(choice.before), np.array(choice.after)
    steps = (np.arange(400) + 0.5) / 400
    demand = [trips(choice, start + step * (end - start)).to_numpy()[0] for step in steps]
    integral = (np.array(demand) @ (start - end)).mean()
    assert integral == pytest.approx(choice.surplus, rel=1e-6)


def test_the_example_of_the_guidance_gains_550() -> None:
    """100 trips of 20 minutes become 120 of 15: TAG unit A1.3."""
    got = rule_of_half(one(100), one(120), before_min=one(20), after_min=one(15))
    assert got.to_numpy().tolist() == [[550]]


def test_what_is_twice_as_large_is_worth_the_logarithm_of_two() -> None:
    minutes = one(20.0)
    got = logsum_surplus_min(
        minutes, minutes, size_before=pd.Series([3.0]), size_after=pd.Series([6.0]),
        scale_per_min=0.1,
    )  # fmt: skip
    assert got["all"] == pytest.approx(np.log(2) / 0.1)


def test_an_option_may_appear_and_vanish_as_long_as_another_is_there() -> None:
    assert gain(0.1, [0, 0], [20, np.inf], [20, 20]) == pytest.approx(np.log(2) / 0.1)
    assert gain(0.1, [0, 0], [20, 20], [np.inf, 20]) == pytest.approx(-np.log(2) / 0.1)


def test_very_long_ways_do_not_vanish_in_rounding() -> None:
    assert gain(0.1, [0, 0], [9000, 9000], [8990, 8990]) == pytest.approx(10)
    assert gain(0.1, [0, -900], [9000, 40], [8990, 40]) == pytest.approx(10)


def test_who_has_no_option_is_named_and_not_counted_as_anything() -> None:
    with pytest.raises(FlowError, match="'all' has no option after"):
        gain(0.1, [0], [20], [np.inf])
    with pytest.raises(FlowError, match="'all' has no option before"):
        gain(0.1, [0], [np.inf], [20])
    assert logsum_min(one(5.0), pd.Series([0.0]), scale_per_min=0.1).tolist() == [-np.inf]
    assert logsum_min(one(), pd.Series(dtype=float), scale_per_min=0.1).tolist() == [-np.inf]


def test_sizes_and_scales_that_mean_nothing_are_refused() -> None:
    with pytest.raises(TableError, match="scale above 0"):
        logsum_min(one(5.0), pd.Series([1.0]), scale_per_min=0.0)
    with pytest.raises(TableError, match="size of option 0 is below 0"):
        logsum_min(one(5.0), pd.Series([-1.0]), scale_per_min=0.1)
    with pytest.raises(TableError, match="size has no row for 1"):
        logsum_min(one(5.0, 6.0), pd.Series([1.0]), scale_per_min=0.1)
    with pytest.raises(FlowError, match="same people"):
        logsum_surplus_min(
            one(5.0), one(5.0).set_axis(["b"]), size_before=pd.Series([1.0]),
            size_after=pd.Series([1.0]), scale_per_min=0.1,
        )  # fmt: skip


def test_the_rule_of_half_needs_a_way_on_both_sides_for_who_travels() -> None:
    nobody = rule_of_half(one(0), one(0), before_min=one(np.inf), after_min=one(15))
    assert nobody.to_numpy().tolist() == [[0]]
    with pytest.raises(FlowError, match="10 trips from 'all' to 0 have no way"):
        rule_of_half(one(0), one(20), before_min=one(np.inf), after_min=one(15))
    with pytest.raises(FlowError, match="have no way"):
        rule_of_half(one(0), one(20), before_min=one(np.nan), after_min=one(15))
    with pytest.raises(FlowError, match="same places in one order"):
        rule_of_half(one(1), one(1).set_axis(["b"]), before_min=one(5), after_min=one(5))
