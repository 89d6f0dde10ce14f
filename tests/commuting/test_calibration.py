"""Calibration: parameters found again, purposes apart, bounds and questions without sense."""

from __future__ import annotations

import math

import numpy as np
import pandas as pd
import pytest

from agglo.commuting.calibration import PURPOSES, calibrated, cpc_by_parameter
from agglo.commuting.constrained import CONSTRAINTS, constrained_flows
from agglo.commuting.deterrence import Deterrence
from agglo.commuting.flows import flows_from_frame
from agglo.commuting.matching import mean_over_people
from agglo.commuting.search import crossing, peak
from agglo.errors import FlowError

IDS = [f"деревня {i}" for i in range(9)]
RANDOM = np.random.default_rng(11)
AT = RANDOM.uniform(0, 50, (9, 2))
COST = pd.DataFrame(np.hypot(*(AT[:, None] - AT).transpose(2, 0, 1)) + 4.0, IDS, IDS)
WORKERS = pd.Series(RANDOM.lognormal(6, 1, 9), IDS)
JOBS = pd.Series(RANDOM.lognormal(6, 1, 9), IDS)
JOBS *= WORKERS.sum() / JOBS.sum()
TRUE = {
    "exponential": Deterrence(form="exponential", decay=0.07),
    "power": Deterrence(form="power", exponent=1.7),
    "root_exponential": Deterrence(form="root_exponential", decay=0.6),
    "tanner": Deterrence(form="tanner", exponent=0.8, decay=0.03),
}
HAS_FAR = COST.gt(COST.median(axis=None))
HAS_COST = COST.gt(COST.min(axis=None))
NOISE = pd.DataFrame(RANDOM.uniform(0.3, 1.7, (9, 9)), IDS, IDS)


def made(form: str, constraint: str = "doubly") -> pd.DataFrame:
    return constrained_flows(COST, WORKERS, JOBS, deterrence=TRUE[form], constraint=constraint)


@pytest.mark.parametrize(
    ("form", "purpose"),
    [(form, one) for form in TRUE for one in PURPOSES if (form, one) != ("tanner", "likelihood")],
)
def test_the_parameter_that_made_the_flows_is_found_again(form: str, purpose: str) -> None:
    exponent = TRUE["tanner"].exponent if form == "tanner" else 0.0
    found = calibrated(made(form), COST, form=form, purpose=purpose, exponent=exponent)
    name = "exponent" if form == "power" else "decay"
    precision = 1e-3 if purpose == "best_cpc" else 1e-6
    assert found.parameter == name
    assert found.value == pytest.approx(getattr(TRUE[form], name), rel=precision)
    assert found.deterrence.form == form
    assert found.deterrence.exponent == pytest.approx(TRUE[form].exponent, rel=precision)
    assert found.cpc_share == pytest.approx(1, abs=1e-3)


@pytest.mark.parametrize("constraint", CONSTRAINTS)
def test_every_constraint_can_be_calibrated(constraint: str) -> None:
    """Weights that are margins of the flows make the flows again only where they are met."""
    seen = made("exponential") * NOISE
    found = calibrated(seen, COST, constraint=constraint)
    again = constrained_flows(
        COST,
        seen.sum(axis=1),
        seen.sum(axis=0),
        deterrence=found.deterrence,
        constraint=constraint,
    )
    assert found.constraint == constraint
    assert found.observed_mean_cost == pytest.approx(
        (seen * COST).to_numpy().sum() / seen.to_numpy().sum()
    )
    assert (again * COST).to_numpy().sum() / again.to_numpy().sum() == pytest.approx(
        found.observed_mean_cost
    )
    assert found.modelled_mean_cost == pytest.approx(found.observed_mean_cost)


@pytest.mark.parametrize(
    ("form", "statistic"),
    [("exponential", np.asarray), ("power", np.log), ("root_exponential", np.sqrt)],
)
def test_the_likeliest_parameter_matches_the_mean_of_what_it_multiplies(
    form: str, statistic: object
) -> None:
    seen = made("tanner") * NOISE
    found = calibrated(seen, COST, form=form, purpose="likelihood")
    model = constrained_flows(COST, seen.sum(axis=1), seen.sum(axis=0), deterrence=found.deterrence)
    values = statistic(COST.to_numpy())  # type: ignore[operator]
    assert (model * values).to_numpy().sum() == pytest.approx((seen * values).to_numpy().sum())

    def likelihood(value: float) -> float:
        other = Deterrence(form=form, **{found.parameter: value})
        flows = constrained_flows(COST, seen.sum(axis=1), seen.sum(axis=0), deterrence=other)
        return float((seen * np.log(flows) - flows).to_numpy().sum())

    best = likelihood(found.value)
    assert best > likelihood(found.value * 1.01)
    assert best > likelihood(found.value * 0.99)


def test_of_an_exponential_the_mean_cost_is_the_likeliest() -> None:
    seen = made("power") * NOISE
    first, second = (calibrated(seen, COST, purpose=one) for one in ("mean_cost", "likelihood"))
    assert first.value == pytest.approx(second.value)


def test_purposes_lead_to_different_numbers_and_each_is_best_at_its_own() -> None:
    seen = made("tanner") * NOISE
    found = {one: calibrated(seen, COST, form="power", purpose=one) for one in PURPOSES}
    assert found["best_cpc"].cpc_share > found["mean_cost"].cpc_share
    misses = {
        one: abs(own.modelled_mean_cost - own.observed_mean_cost) for one, own in found.items()
    }
    assert misses["mean_cost"] < 1e-6 < min(misses["best_cpc"], misses["likelihood"])
    assert all(own.low < own.value < own.high for own in found.values())
    assert all(own.purpose == one for one, own in found.items())


def test_the_best_cpc_is_that_of_a_fine_grid() -> None:
    seen = made("tanner") * NOISE
    found = calibrated(seen, COST, purpose="best_cpc")
    curve = cpc_by_parameter(seen, COST, np.linspace(0.02, 0.12, 201))
    assert curve.name == "cpc_share"
    assert curve.index.name == "decay"
    assert found.value == pytest.approx(curve.idxmax(), abs=0.0006)
    assert found.cpc_share >= curve.max() - 1e-6


def test_zones_in_another_order_and_flows_as_flows_give_the_same() -> None:
    seen = made("power") * NOISE
    wanted = calibrated(seen, COST)
    assert calibrated(seen.iloc[::-1, ::-1], COST).value == pytest.approx(wanted.value)
    assert calibrated(flows_from_frame(seen), COST).value == pytest.approx(wanted.value)
    mixed = IDS[::-1]
    assert calibrated(seen, COST.loc[mixed, mixed]).value == pytest.approx(wanted.value, rel=1e-7)


def test_who_works_at_home_can_be_left_out() -> None:
    away = pd.DataFrame(np.where(np.eye(9) > 0, np.inf, COST), IDS, IDS)
    seen = constrained_flows(
        away, pd.Series(10.0, IDS), pd.Series(10.0, IDS), deterrence=TRUE["power"]
    )
    found = calibrated(seen, away, form="power")
    assert found.value == pytest.approx(1.7)
    with pytest.raises(
        FlowError, match=r"commute from 'деревня 0' to 'деревня 0', where the costs"
    ):
        calibrated(made("power"), away, form="power")


def test_costs_in_single_precision_give_the_same_to_five_digits() -> None:
    seen = made("power") * NOISE
    single = calibrated(seen, COST.astype(np.float32), form="power")
    assert single.value == pytest.approx(calibrated(seen, COST, form="power").value, rel=1e-5)


def test_people_who_never_leave_home_have_no_finite_decay() -> None:
    seen = pd.DataFrame(np.diag(WORKERS), IDS, IDS)
    with pytest.raises(FlowError, match=r"no decay from .* to .* does it: .* an extreme"):
        calibrated(seen, COST)


def test_people_who_travel_further_than_at_random_have_none_either() -> None:
    seen = pd.DataFrame(np.where(HAS_FAR, 10.0, 0.1), IDS, IDS)
    with pytest.raises(FlowError, match=r"no decay from .* does it: .* % too small; look further"):
        calibrated(seen, COST)


def test_a_parameter_at_the_bound_of_the_search_is_an_error() -> None:
    with pytest.raises(FlowError, match=r"no decay from 0.2 to 0.5 does it: at 0.2 .* too small"):
        calibrated(made("exponential"), COST, between=(0.2, 0.5))
    with pytest.raises(
        FlowError, match=r"no decay from 0.01 to 0.05 does it: at 0.05 .* too large"
    ):
        calibrated(made("exponential"), COST, between=(0.01, 0.05))
    with pytest.raises(FlowError, match=r"best at the bound decay = 0.05"):
        calibrated(made("exponential"), COST, purpose="best_cpc", between=(0.01, 0.05))
    inside = calibrated(made("exponential"), COST, between=(0.06, 0.09))
    assert (inside.low, inside.high) == (0.06, 0.09)
    assert inside.value == pytest.approx(0.07)


@pytest.mark.parametrize("purpose", ["mean_cost", "best_cpc"])
def test_where_the_margins_leave_no_choice_there_is_nothing_to_find(purpose: str) -> None:
    one = pd.DataFrame([[5.0]], ["a"], ["a"])
    with pytest.raises(FlowError, match="the flows do not depend on the decay"):
        calibrated(one * 9, one, purpose=purpose)


@pytest.mark.parametrize(
    ("choices", "message"),
    [
        ({"form": "logit"}, "deterrence 'logit' is unknown"),
        ({"purpose": "beauty"}, "purpose 'beauty' is unknown; there are mean_cost, likelihood"),
        ({"constraint": "none"}, "constraint 'none' is unknown"),
        ({"form": "tanner", "purpose": "likelihood"}, r"poisson\.poisson_gravity finds both"),
        ({"exponent": 1.0}, "an exponent is given with Tanner's function only"),
        ({"between": (0.2, 0.1)}, "the bounds must be 0 < low < high, got 0.2 and 0.1"),
    ],
)
def test_questions_without_sense_are_refused(choices: dict[str, object], message: str) -> None:
    with pytest.raises(FlowError, match=message):
        calibrated(made("exponential"), COST, **choices)  # type: ignore[arg-type]


def test_flows_that_are_not_those_of_the_costs_are_refused() -> None:
    seen = made("exponential")
    with pytest.raises(FlowError, match=r"1 row\(s\) of the observed flows, such as 'деревня 0'"):
        calibrated(seen.iloc[1:], COST)
    with pytest.raises(FlowError, match=r"2 column\(s\) of the observed flows, such as"):
        calibrated(seen.rename(columns={"деревня 0": "село"}), COST)
    for bad in (np.nan, -1.0, np.inf):
        with pytest.raises(FlowError, match="observed flows are missing, infinite or below 0"):
            calibrated(seen.where(HAS_COST, bad), COST)
    with pytest.raises(FlowError, match="nobody commutes"):
        calibrated(seen * 0, COST)
    with pytest.raises(FlowError, match=r"is 0 .* where c"):
        calibrated(seen, COST.where(HAS_COST, 0.0), form="power")
    with pytest.raises(FlowError, match="all observed commuters travel at a cost of 0"):
        calibrated(seen, COST * 0)


def test_pairs_that_nobody_travels_have_no_say_in_a_mean() -> None:
    flows, cost = np.array([[1.0, 0.0], [0.0, 3.0]]), np.array([[4.0, np.inf], [0.0, 8.0]])
    assert mean_over_people(flows, cost) == 7
    assert mean_over_people(flows, cost, statistic="log_cost") == pytest.approx(
        (math.log(4) + 3 * math.log(8)) / 4
    )


def test_a_crossing_is_found_above_and_below_the_start() -> None:
    for wanted in (1e-3, 0.5, 1.0, 2.0, 400.0):
        found = crossing(lambda x: wanted - x, start=1.0, low=1e-4, high=1e4, what="decay")  # noqa: B023
        assert found == pytest.approx(wanted, rel=1e-8)


def test_a_curve_that_only_comes_near_is_not_crossed() -> None:
    with pytest.raises(FlowError, match=r"no decay from 0\.1 to 1000 does it"):
        crossing(lambda x: math.exp(-x * x), start=1.0, low=0.1, high=1000.0, what="decay")


def test_a_peak_is_found_past_a_small_dip() -> None:
    def height(x: float) -> float:
        return -abs(math.log(x / 9)) - 0.3 * math.cos(4 * math.log(x))

    found = peak(height, start=1.0, low=1e-3, high=1e3, what="decay")
    grid = np.geomspace(1e-3, 1e3, 20001)
    assert found == pytest.approx(max(grid, key=height), rel=2e-3)
