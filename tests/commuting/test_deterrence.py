"""Deterrence functions: their values, where they have none, and what is refused."""

from __future__ import annotations

import math

import numpy as np
import pandas as pd
import pytest

from agglo.commuting.deterrence import FORMS, Deterrence, friction_from_cost
from agglo.errors import FlowError

PARAMETERS = {
    "exponential": {"decay": 0.1},
    "power": {"exponent": 2.0},
    "root_exponential": {"decay": 0.5},
    "tanner": {"exponent": 2.0, "decay": 0.1},
}


def costs(values: list[list[float]], dtype: type = float) -> pd.DataFrame:
    rows, columns = len(values), len(values[0])
    return pd.DataFrame(
        np.array(values, dtype=dtype), index=list("abcd")[:rows], columns=list("abcd")[:columns]
    )


def friction(form: str, cost: float) -> float:
    return float(
        friction_from_cost(costs([[cost]]), Deterrence(form=form, **PARAMETERS[form])).iloc[0, 0]
    )


@pytest.mark.parametrize(
    ("form", "wanted"),
    [
        ("exponential", math.exp(-1.6)),
        ("power", 16.0**-2),
        ("root_exponential", math.exp(-2.0)),
        ("tanner", 16.0**-2 * math.exp(-1.6)),
    ],
)
def test_each_form_is_the_formula_it_names(form: str, wanted: float) -> None:
    assert friction(form, 16.0) == pytest.approx(wanted, rel=1e-14)


@pytest.mark.parametrize("form", FORMS)
def test_where_there_is_no_way_nobody_goes(form: str) -> None:
    assert friction(form, math.inf) == 0


@pytest.mark.parametrize("form", FORMS)
def test_every_form_tells_its_formula_its_units_and_its_source(form: str) -> None:
    own = FORMS[form]
    assert len(own.parameters) == len(own.statistics) > 0
    assert "c" in own.formula
    assert own.units
    assert any(char.isdigit() for char in own.source)
    assert Deterrence(form=form, **PARAMETERS[form]).formula.startswith(own.formula)


def test_a_cost_of_nothing_is_the_full_weight_of_an_exponential() -> None:
    assert friction("exponential", 0.0) == friction("root_exponential", 0.0) == 1


@pytest.mark.parametrize("form", ["power", "tanner"])
def test_a_cost_of_nothing_has_no_power_and_the_pair_is_named(form: str) -> None:
    cost = costs([[5, 20], [0, 0]])
    with pytest.raises(FlowError, match=r"from 'b' to 'a' is 0 \(2 such pair\(s\)\), where c\^−g"):
        friction_from_cost(cost, Deterrence(form=form, **PARAMETERS[form]))


def test_a_power_of_nought_is_no_deterrence_even_at_no_cost() -> None:
    level = friction_from_cost(costs([[0, 7], [7, np.inf]]), Deterrence(form="power"))
    assert level.to_numpy().tolist() == [[1, 1], [1, 0]]


def test_tanner_with_an_exponent_below_nought_rises_first() -> None:
    rising = Deterrence(form="tanner", exponent=-1.0, decay=0.1)
    values = friction_from_cost(costs([[1, 10, 60]]), rising).to_numpy()[0]
    assert values[0] < values[1] > values[2]
    assert values[1] == pytest.approx(10 * math.exp(-1))


@pytest.mark.parametrize(
    ("cost", "message"),
    [
        ([[5, math.nan], [3, 5]], r"from 'a' to 'b' is nan \(1 such pair"),
        ([[5, 3], [-1, -2]], r"from 'b' to 'a' is -1 \(2 such pair"),
    ],
)
def test_a_cost_that_is_missing_or_negative_is_named(cost: list[list[float]], message: str) -> None:
    with pytest.raises(FlowError, match=message):
        friction_from_cost(costs(cost), Deterrence(form="exponential", decay=0.1))


def test_costs_that_are_no_numbers_stand_twice_or_are_none_are_refused() -> None:
    decay = Deterrence(form="exponential", decay=0.1)
    with pytest.raises(FlowError, match="a cost is no number"):
        friction_from_cost(pd.DataFrame([["far"]], index=["a"], columns=["a"]), decay)
    with pytest.raises(FlowError, match="zone 'a' has more than one row"):
        friction_from_cost(pd.DataFrame(1.0, index=["a", "a"], columns=["a", "b"]), decay)
    with pytest.raises(FlowError, match="zone 'b' has more than one column"):
        friction_from_cost(pd.DataFrame(1.0, index=["a", "b"], columns=["b", "b"]), decay)
    with pytest.raises(FlowError, match="the costs have no zones"):
        friction_from_cost(pd.DataFrame(), decay)


@pytest.mark.parametrize(
    ("parameters", "message"),
    [
        ({"form": "logistic"}, "deterrence 'logistic' is unknown; there are exponential, power"),
        ({"form": "exponential", "decay": -0.1}, "decay of the exponential .* got -0.1"),
        ({"form": "power", "exponent": -1.0}, "exponent of the power"),
        ({"form": "tanner", "exponent": math.nan}, "exponent of the tanner"),
        ({"form": "tanner", "decay": math.inf}, "decay of the tanner"),
        (
            {"form": "power", "decay": 0.1},
            r"power deterrence c\^−g has no decay; it takes exponent",
        ),
        ({"form": "exponential", "exponent": 2.0}, "has no exponent; it takes decay"),
    ],
)
def test_a_deterrence_without_sense_is_refused(
    parameters: dict[str, str | float], message: str
) -> None:
    with pytest.raises(FlowError, match=message):
        Deterrence(**parameters)  # type: ignore[arg-type]


@pytest.mark.parametrize("form", FORMS)
def test_single_precision_stays_single_and_the_costs_stay_as_they_were(form: str) -> None:
    cost = costs([[5, 20], [np.inf, 1]], dtype=np.float32)
    before = cost.copy()
    own = Deterrence(form=form, **{k: np.float64(v) for k, v in PARAMETERS[form].items()})
    single = friction_from_cost(cost, own)
    assert set(single.dtypes) == {np.dtype(np.float32)}
    double = friction_from_cost(cost.astype(float), own)
    np.testing.assert_allclose(single, double, rtol=1e-6)
    pd.testing.assert_frame_equal(cost, before)


def test_whole_minutes_are_costs_too() -> None:
    cost = pd.DataFrame([[5, 20]], index=["a"], columns=["a", "b"])
    values = friction_from_cost(cost, Deterrence(form="exponential", decay=0.1))
    np.testing.assert_allclose(values.to_numpy()[0], np.exp([-0.5, -2.0]))


def test_nobody_travels_from_outside_to_outside() -> None:
    cost = costs([[5, 20, 30], [20, 5, 40], [30, 40, 8]])
    own = Deterrence(form="power", exponent=1.0)
    values = friction_from_cost(cost, own, outside=pd.Index(["b", "c"]))
    assert values.loc[["b", "c"], ["b", "c"]].to_numpy().tolist() == [[0, 0], [0, 0]]
    assert values.loc["a", "c"] == pytest.approx(1 / 30)
