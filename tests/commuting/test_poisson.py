"""Poisson gravity: against a regression with written-out dummies, and where it has no answer."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

from agglo.commuting.calibration import calibrated
from agglo.commuting.constrained import CONSTRAINTS
from agglo.commuting.deterrence import FORMS
from agglo.commuting.flows import flows_from_frame
from agglo.commuting.poisson import PoissonGravity, poisson_gravity
from agglo.errors import FlowError

SIZE = 7
IDS = [f"z{i}" for i in range(SIZE)]
RANDOM = np.random.default_rng(4)
AT = RANDOM.uniform(0, 40, (SIZE, 2))
DISTANCE = np.hypot(*(AT[:, None] - AT).transpose(2, 0, 1))
np.fill_diagonal(DISTANCE, np.inf)
COST = pd.DataFrame(DISTANCE, IDS, IDS)
WORKERS = pd.Series(RANDOM.lognormal(6, 1, SIZE).round(), IDS)
JOBS = pd.Series(RANDOM.lognormal(6, 1, SIZE).round(), IDS)
SEEN = pd.DataFrame(
    RANDOM.poisson(np.outer(WORKERS, JOBS) ** 0.7 * np.exp(-0.06 * np.minimum(DISTANCE, 1e3)) / 50),
    IDS,
    IDS,
    dtype=float,
)
AWAY = ~np.eye(SIZE, dtype=bool)


def fit(form: str, constraint: str, seen: pd.DataFrame = SEEN) -> PoissonGravity:
    return poisson_gravity(
        seen, COST, workers_count=WORKERS, jobs_count=JOBS, form=form, constraint=constraint
    )


def written_out(form: str, constraint: str) -> np.ndarray:
    """Design matrix with a column for the constant, for every dummy and for every regressor."""
    rows, columns = np.nonzero(AWAY)
    cost = DISTANCE[AWAY]
    design = [np.ones(len(rows))]
    if constraint in ("doubly", "production"):
        design += [(rows == zone).astype(float) for zone in range(1, SIZE)]
    if constraint in ("doubly", "attraction"):
        design += [(columns == zone).astype(float) for zone in range(1, SIZE)]
    if constraint in ("unconstrained", "attraction"):
        design.append(np.log(WORKERS.to_numpy())[rows])
    if constraint in ("unconstrained", "production"):
        design.append(np.log(JOBS.to_numpy())[columns])
    statistics = {"cost": cost, "log_cost": np.log(cost), "root_cost": np.sqrt(cost)}
    return np.column_stack([*design, *(statistics[name] for name in FORMS[form].statistics)])


def reweighted(design: np.ndarray, seen: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Iteratively reweighted least squares: coefficients and their covariance."""
    mean = seen + 0.5
    for _ in range(60):
        working = np.log(mean) + (seen - mean) / mean
        covariance = np.linalg.inv(design.T @ (design * mean[:, None]))
        found = covariance @ (design.T @ (mean * working))
        mean = np.exp(design @ found)
    return found, covariance


@pytest.mark.parametrize("constraint", CONSTRAINTS)
@pytest.mark.parametrize("form", FORMS)
def test_it_is_the_regression_with_all_dummies_written_out(form: str, constraint: str) -> None:
    own = fit(form, constraint)
    found, covariance = reweighted(written_out(form, constraint), SEEN.to_numpy()[AWAY])
    effects = []
    if constraint in ("doubly", "production"):
        effects += list(own.row_effects[1:])
    if constraint in ("doubly", "attraction"):
        effects += list(own.column_effects[1:])
    mine = [own.constant, *effects, *own.coefficients]
    np.testing.assert_allclose(mine, found, rtol=1e-6, atol=1e-7)
    several = len(own.coefficients)
    np.testing.assert_allclose(
        own.standard_errors, np.sqrt(np.diag(covariance))[-several:], rtol=1e-6
    )
    np.testing.assert_allclose(
        own.flows.to_numpy()[AWAY],
        np.exp(written_out(form, constraint) @ found),
        rtol=1e-6,
    )
    assert own.measures["aic"] == pytest.approx(2 * len(found) - 2 * own.measures["log_likelihood"])


@pytest.mark.parametrize("form", ["exponential", "power", "root_exponential"])
def test_the_doubly_constrained_fit_is_the_likeliest_calibration(form: str) -> None:
    found = calibrated(SEEN, COST, form=form, purpose="likelihood")
    deterrence = fit(form, "doubly").deterrence
    assert getattr(deterrence, found.parameter) == pytest.approx(found.value, rel=1e-6)
    assert fit(form, "doubly").measures["cpc_share"] > 0.5


def test_margins_that_have_effects_are_met() -> None:
    meets = {
        name: (
            np.allclose(flows.sum(axis=1), SEEN.sum(axis=1), rtol=1e-7),
            np.allclose(flows.sum(axis=0), SEEN.sum(axis=0), rtol=1e-7),
        )
        for name in CONSTRAINTS
        if (flows := fit("power", name).flows) is not None
    }
    assert meets == {
        "doubly": (True, True),
        "production": (True, False),
        "attraction": (False, True),
        "unconstrained": (False, False),
    }


def test_a_zone_that_nobody_leaves_has_no_effect_and_changes_nothing_else() -> None:
    seen = SEEN.copy()
    seen.loc["z2"] = 0
    own = fit("exponential", "doubly", seen)
    assert own.row_effects["z2"] == -np.inf
    assert own.flows.loc["z2"].sum() == 0
    kept = [name for name in IDS if name != "z2"]
    without = poisson_gravity(seen.loc[kept], COST.loc[kept])
    assert own.coefficients["cost"] == pytest.approx(without.coefficients["cost"])
    assert own.measures["deviance"] == pytest.approx(without.measures["deviance"])


def test_sizes_that_are_not_given_are_the_observed_totals() -> None:
    own = poisson_gravity(SEEN, COST, constraint="unconstrained")
    given = poisson_gravity(
        SEEN,
        COST,
        workers_count=SEEN.sum(axis=1),
        jobs_count=SEEN.sum(axis=0),
        constraint="unconstrained",
    )
    pd.testing.assert_series_equal(own.coefficients, given.coefficients)
    assert list(own.coefficients.index) == ["log_workers", "log_jobs", "cost"]


def test_flows_and_zones_in_any_order_give_the_same() -> None:
    wanted = fit("tanner", "doubly").coefficients
    mixed = poisson_gravity(SEEN.iloc[::-1, ::-1], COST, form="tanner")
    pd.testing.assert_series_equal(mixed.coefficients, wanted)
    pd.testing.assert_series_equal(
        poisson_gravity(flows_from_frame(SEEN), COST, form="tanner").coefficients, wanted
    )


def test_a_deterrence_that_attracts_cannot_be_used_elsewhere() -> None:
    far = pd.DataFrame(np.where(AWAY, np.exp(np.minimum(DISTANCE, 50) / 20), 0.0), IDS, IDS)
    own = poisson_gravity(far, COST)
    assert own.coefficients["cost"] > 0
    with pytest.raises(FlowError, match="decay of the exponential deterrence must be ≥ 0"):
        _ = own.deterrence


def test_what_zones_explain_alone_cannot_be_told_from_their_effects() -> None:
    by_zone = pd.DataFrame(
        np.where(AWAY, np.add.outer(np.arange(SIZE), np.arange(SIZE) ** 1.5) + 1.0, np.inf),
        IDS,
        IDS,
    )
    with pytest.raises(
        FlowError, match=r"coefficient\(s\) of cost cannot be told from the effects"
    ):
        poisson_gravity(SEEN, by_zone)
    with pytest.raises(FlowError, match="'cost' is the same on all pairs of zones"):
        poisson_gravity(SEEN, pd.DataFrame(np.where(AWAY, 7.0, np.inf), IDS, IDS))
    with pytest.raises(FlowError, match="'log_jobs' is the same on all pairs"):
        poisson_gravity(SEEN, COST, jobs_count=pd.Series(9.0, IDS), constraint="production")


def test_people_who_take_only_the_cheapest_way_have_no_finite_coefficient() -> None:
    cost = pd.DataFrame([[1.0, 9.0], [9.0, 1.0]], ["a", "b"], ["a", "b"])
    seen = pd.DataFrame([[50.0, 0.0], [0.0, 70.0]], ["a", "b"], ["a", "b"])
    with pytest.raises(FlowError, match=r"\(exponential, doubly\) has no answer: no finite"):
        poisson_gravity(seen, cost)


def test_questions_without_sense_are_refused() -> None:
    with pytest.raises(FlowError, match="deterrence 'logit' is unknown"):
        fit("logit", "doubly")
    with pytest.raises(FlowError, match="constraint 'both' is unknown"):
        fit("power", "both")
    with pytest.raises(FlowError, match=r"is 0 .* where c\^−g has no value"):
        poisson_gravity(SEEN, COST.where(AWAY, 0.0), form="power")
    with pytest.raises(
        FlowError, match=r"zone 'z1' has .* commuters but a count of 0 for log_jobs"
    ):
        poisson_gravity(
            SEEN, COST, jobs_count=JOBS.where(JOBS.index != "z1", 0), constraint="production"
        )
    with pytest.raises(FlowError, match="zone 'z1' has no count of workers"):
        poisson_gravity(SEEN, COST, workers_count=WORKERS.drop("z1"), constraint="attraction")
    with pytest.raises(FlowError, match="missing, infinite or below 0"):
        poisson_gravity(-SEEN, COST)
