"""Parameters refuse what no trip can have; assumptions hold their range."""

from __future__ import annotations

import dataclasses

import pytest

from agglo.errors import SettingsError
from agglo.parameters import (
    Assumption,
    Parameters,
    parameters_from_assumptions,
    with_value,
)
from tests import worlds

NAMES = [item.name for item in dataclasses.fields(Parameters)]
SHARES = [name for name in NAMES if name.endswith("_share")]


def assumption(**changed: object) -> Assumption:
    given = {"name": "x", "value": 2.0, "low": 1.0, "high": 3.0, "status": "assumed"}
    return Assumption(**{**given, "source": "test", **changed})  # type: ignore[arg-type]


MAY_BE_0 = ("car_fixed_min", "boarding_min", "road_reserve_m")


@pytest.mark.parametrize("name", [name for name in NAMES if name not in SHARES])
@pytest.mark.parametrize("value", [0.0, -1.0, float("nan"), float("inf")])
def test_a_quantity_that_is_not_positive_and_finite_is_refused(name: str, value: float) -> None:
    if value == 0 and name in MAY_BE_0:
        assert getattr(worlds.parameters(**{name: value}), name) == 0
        return
    with pytest.raises(SettingsError, match=f"parameter {name} must be above 0"):
        worlds.parameters(**{name: value})


@pytest.mark.parametrize("name", SHARES)
@pytest.mark.parametrize("value", [-0.01, 1.01, float("nan")])
def test_a_share_outside_0_to_1_is_refused(name: str, value: float) -> None:
    with pytest.raises(SettingsError, match=f"parameter {name} must be between 0 and 1"):
        worlds.parameters(**{name: value})


@pytest.mark.parametrize("name", SHARES)
@pytest.mark.parametrize("value", [0.0, 1.0])
def test_a_share_of_nobody_or_of_all_is_allowed(name: str, value: float) -> None:
    assert getattr(worlds.parameters(**{name: value}), name) == value


@pytest.mark.parametrize(
    "ends", [{"low": 2.1}, {"high": 1.9}, {"value": float("nan")}, {"low": float("nan")}]
)
def test_a_range_that_does_not_hold_its_value_is_refused(ends: dict[str, float]) -> None:
    with pytest.raises(SettingsError, match="does not hold"):
        assumption(**ends)


def test_a_range_may_be_a_single_value() -> None:
    assert assumption(low=2.0, high=2.0).value == 2.0


def test_an_unknown_status_is_refused() -> None:
    with pytest.raises(SettingsError, match=r"status must be one of observed.*got 'guess'"):
        assumption(status="guess")


def test_parameters_take_the_value_of_every_assumption() -> None:
    wanted = worlds.parameters()
    given = {
        name: assumption(name=name, value=getattr(wanted, name), low=0, high=1e9) for name in NAMES
    }
    assert parameters_from_assumptions(given) == wanted


def test_absent_and_unknown_assumptions_are_both_named() -> None:
    given = {name: assumption(name=name) for name in NAMES if name != "decay_per_min"}
    given["colour"] = assumption(name="colour")
    with pytest.raises(SettingsError, match="lacks decay_per_min and does not know colour"):
        parameters_from_assumptions(given)


def test_one_value_changes_and_the_given_parameters_stay() -> None:
    before = worlds.parameters()
    after = with_value(before, "boarding_min", 9.0)
    assert (before.boarding_min, after.boarding_min) == (2.0, 9.0)
    assert dataclasses.replace(after, boarding_min=2.0) == before
