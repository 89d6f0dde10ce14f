"""Constrained gravity: known flows, margins of each kind, and what cannot be modelled."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

from agglo.commuting.constrained import CONSTRAINTS, constrained_flows
from agglo.commuting.deterrence import Deterrence
from agglo.commuting.gravity import flows_from_friction, gravity_flows
from agglo.errors import FlowError

IDS = ["Обнинск", "д. Кривское «1»", "o'b"]
COST = pd.DataFrame([[2.0, 10, 20], [10, 3, 12], [20, 12, 2.5]], IDS, IDS, dtype=float)
WORKERS = pd.Series([100.0, 200, 150], index=IDS)
JOBS = pd.Series([180.0, 120, 150], index=IDS)
TENTH = Deterrence(form="exponential", decay=0.1)
FORMS = [
    TENTH,
    Deterrence(form="power", exponent=2.0),
    Deterrence(form="root_exponential", decay=0.7),
    Deterrence(form="tanner", exponent=0.5, decay=0.05),
]


def friction_by_hand(deterrence: Deterrence) -> np.ndarray:
    cost = COST.to_numpy()
    return {
        "exponential": np.exp(-deterrence.decay * cost),
        "power": cost**-deterrence.exponent,
        "root_exponential": np.exp(-deterrence.decay * np.sqrt(cost)),
        "tanner": cost**-deterrence.exponent * np.exp(-deterrence.decay * cost),
    }[deterrence.form]


def by_hand(deterrence: Deterrence, constraint: str) -> np.ndarray:
    """Wilson's formulas in plain loops."""
    weight = friction_by_hand(deterrence)
    own, others = WORKERS.to_numpy(), JOBS.to_numpy()
    a, b = np.ones(3), np.ones(3)
    if constraint == "production":
        a = np.array([1 / sum(others[j] * weight[i, j] for j in range(3)) for i in range(3)])
    if constraint == "attraction":
        b = np.array([1 / sum(own[i] * weight[i, j] for i in range(3)) for j in range(3)])
    if constraint == "unconstrained":
        a *= own.sum() / sum(own[i] * others[j] * weight[i, j] for i in range(3) for j in range(3))
    for _ in range(500 if constraint == "doubly" else 0):
        for i in range(3):
            a[i] = 1 / sum(b[j] * others[j] * weight[i, j] for j in range(3))
        for j in range(3):
            b[j] = 1 / sum(a[i] * own[i] * weight[i, j] for i in range(3))
    return np.array(
        [[a[i] * own[i] * b[j] * others[j] * weight[i, j] for j in range(3)] for i in range(3)]
    )


@pytest.mark.parametrize("constraint", CONSTRAINTS)
@pytest.mark.parametrize("deterrence", FORMS, ids=lambda one: one.form)
def test_every_form_and_constraint_is_wilsons_formula(
    deterrence: Deterrence, constraint: str
) -> None:
    flows = constrained_flows(COST, WORKERS, JOBS, deterrence=deterrence, constraint=constraint)
    np.testing.assert_allclose(flows, by_hand(deterrence, constraint), rtol=1e-8)
    assert flows.index.equals(COST.index)
    assert flows.columns.equals(COST.columns)


def test_the_published_flows_come_out() -> None:
    """delineation.md, section 2: doubly constrained."""
    flows = constrained_flows(COST, WORKERS, JOBS, deterrence=TENTH).to_numpy()
    wanted = [
        [75.3531, 16.2562, 8.3907],
        [79.4160, 76.7836, 43.8004],
        [25.2309, 26.9602, 97.8088],
    ]
    np.testing.assert_allclose(flows, wanted, atol=5e-5)
    assert (flows * COST.to_numpy()).sum() / flows.sum() == pytest.approx(6.89747, abs=5e-6)


def test_it_is_the_gravity_of_the_pipeline() -> None:
    np.testing.assert_allclose(
        constrained_flows(COST, WORKERS, JOBS, deterrence=TENTH),
        gravity_flows(COST, WORKERS, JOBS, decay_per_min=0.1),
        rtol=1e-8,
    )


def test_each_constraint_keeps_its_margins_and_no_other() -> None:
    flows = {
        name: constrained_flows(COST, WORKERS, JOBS, deterrence=TENTH, constraint=name)
        for name in CONSTRAINTS
    }
    keeps = {
        name: (
            np.allclose(one.sum(axis=1), WORKERS, rtol=1e-8),
            np.allclose(one.sum(axis=0), JOBS, rtol=1e-8),
        )
        for name, one in flows.items()
    }
    assert keeps == {
        "doubly": (True, True),
        "production": (True, False),
        "attraction": (False, True),
        "unconstrained": (False, False),
    }
    assert flows["unconstrained"].to_numpy().sum() == pytest.approx(WORKERS.sum())


def test_only_a_doubly_constrained_model_needs_equal_totals() -> None:
    for constraint in CONSTRAINTS[1:]:
        constrained_flows(COST, WORKERS, 2 * JOBS, deterrence=TENTH, constraint=constraint)
    with pytest.raises(FlowError, match="must have one total"):
        constrained_flows(COST, WORKERS, 2 * JOBS, deterrence=TENTH)


def test_weights_without_a_constraint_have_no_unit() -> None:
    once, thrice = (
        constrained_flows(COST, WORKERS, k * JOBS, deterrence=TENTH, constraint="production")
        for k in (1, 3)
    )
    np.testing.assert_allclose(once, thrice)


@pytest.mark.parametrize("constraint", CONSTRAINTS)
def test_far_zones_do_not_round_to_nothing(constraint: str) -> None:
    """At 4000 minutes exp(−b·c) is 0 in any precision, but somebody has to go there."""
    cost = COST + 4000.0 * (1 - np.eye(3))
    cost.iloc[0, 0] = np.inf
    if constraint == "unconstrained":
        cost += 5000.0
    flows = constrained_flows(
        cost.astype(np.float32), WORKERS, JOBS, deterrence=TENTH, constraint=constraint
    )
    assert flows.iloc[0, 0] == 0
    assert flows.to_numpy().sum() == pytest.approx(450, rel=1e-6)


@pytest.mark.parametrize("constraint", CONSTRAINTS)
def test_a_zone_that_is_cut_off_keeps_to_itself(constraint: str) -> None:
    cost = COST.copy()
    cost.iloc[2, :2] = cost.iloc[:2, 2] = np.inf
    even = pd.Series([100.0, 200, 150], index=IDS)
    flows = constrained_flows(cost, WORKERS, even, deterrence=TENTH, constraint=constraint)
    assert flows.iloc[2, :2].sum() == flows.iloc[:2, 2].sum() == 0
    if constraint != "unconstrained":
        assert flows.iloc[2, 2] == pytest.approx(150)


@pytest.mark.parametrize(
    ("constraint", "message"),
    [
        ("doubly", "zone 'Обнинск' has 100 workers but no way to any zone with jobs"),
        ("production", "zone 'Обнинск' has 100 workers but no way to any zone with jobs"),
        ("attraction", "zone 'Обнинск' has 180 jobs but no way from any zone with workers"),
    ],
    ids=["doubly", "production", "attraction"],
)
def test_an_isolated_zone_is_an_error_that_names_it(constraint: str, message: str) -> None:
    cost = COST.copy()
    cost.iloc[0, :] = cost.iloc[:, 0] = np.inf
    with pytest.raises(FlowError, match=message):
        constrained_flows(cost, WORKERS, JOBS, deterrence=TENTH, constraint=constraint)


def test_an_isolated_zone_without_workers_or_jobs_is_none() -> None:
    cost = COST.copy()
    cost.iloc[0, :] = cost.iloc[:, 0] = np.inf
    workers, jobs = WORKERS.copy(), JOBS.copy()
    workers.iloc[0] = jobs.iloc[0] = 0
    workers *= jobs.sum() / workers.sum()
    flows = constrained_flows(cost, workers, jobs, deterrence=TENTH)
    assert flows.iloc[0].sum() == flows.iloc[:, 0].sum() == 0
    np.testing.assert_allclose(flows.sum(axis=0), jobs)


def test_a_region_where_nobody_can_go_anywhere_is_an_error() -> None:
    nowhere = COST * np.inf
    with pytest.raises(FlowError, match="no zone with workers has a way"):
        constrained_flows(nowhere, WORKERS, JOBS, deterrence=TENTH, constraint="unconstrained")


def test_one_zone_works_at_home() -> None:
    cost = COST.iloc[:1, :1]
    for constraint in CONSTRAINTS:
        flows = constrained_flows(
            cost, WORKERS[:1], WORKERS[:1], deterrence=TENTH, constraint=constraint
        )
        assert flows.iloc[0, 0] == pytest.approx(100)


def test_homes_and_works_may_be_different_zones() -> None:
    flows = constrained_flows(
        COST.iloc[:2], WORKERS[:2], JOBS * 300 / 450, deterrence=TENTH, constraint="doubly"
    )
    assert flows.shape == (2, 3)
    np.testing.assert_allclose(flows.sum(axis=0), JOBS * 300 / 450)


def test_nobody_is_lost_because_the_costs_lack_a_zone() -> None:
    more = pd.concat([WORKERS, pd.Series({"д. Пяткино": 40.0})])
    with pytest.raises(
        FlowError, match=r"zone 'д. Пяткино' has 40 workers but is not in the costs"
    ):
        constrained_flows(COST, more, JOBS, deterrence=TENTH)
    empty = pd.concat([WORKERS, pd.Series({"д. Пяткино": 0.0})])
    constrained_flows(COST, empty, JOBS, deterrence=TENTH)


def test_a_zone_with_two_counts_is_refused() -> None:
    twice = pd.concat([JOBS, JOBS[:1]])
    with pytest.raises(FlowError, match="zone 'Обнинск' has more than one count of jobs"):
        constrained_flows(COST, WORKERS, twice, deterrence=TENTH)


@pytest.mark.parametrize("constraint", CONSTRAINTS)
@pytest.mark.parametrize("bad", [np.nan, -5.0, np.inf])
def test_counts_without_sense_are_refused_by_every_constraint(constraint: str, bad: float) -> None:
    for workers, jobs in ((WORKERS.replace(200.0, bad), JOBS), (WORKERS, JOBS.replace(120, bad))):
        with pytest.raises(FlowError, match=r"zone 'д. Кривское «1»' has"):
            constrained_flows(COST, workers, jobs, deterrence=TENTH, constraint=constraint)


def test_an_unknown_constraint_is_refused() -> None:
    with pytest.raises(FlowError, match="constraint 'singly' is unknown; there are doubly, prod"):
        constrained_flows(COST, WORKERS, JOBS, deterrence=TENTH, constraint="singly")


@pytest.mark.parametrize("constraint", CONSTRAINTS)
def test_single_precision_gives_the_same_flows_to_a_millionth(constraint: str) -> None:
    single = constrained_flows(
        COST.astype(np.float32), WORKERS, JOBS, deterrence=TENTH, constraint=constraint
    )
    double = constrained_flows(COST, WORKERS, JOBS, deterrence=TENTH, constraint=constraint)
    assert set(single.dtypes) == {np.dtype(np.float32)}
    np.testing.assert_allclose(single, double, rtol=2e-6)


def test_the_given_tables_stay_as_they_are() -> None:
    before = COST.copy(), WORKERS.copy(), JOBS.copy()
    for constraint in CONSTRAINTS:
        constrained_flows(COST, WORKERS, JOBS, deterrence=TENTH, constraint=constraint)
    pd.testing.assert_frame_equal(COST, before[0])
    pd.testing.assert_series_equal(WORKERS, before[1])
    pd.testing.assert_series_equal(JOBS, before[2])


def test_any_friction_can_be_balanced_and_stays_as_it_is() -> None:
    friction = COST**-2.0
    before = friction.copy()
    flows = flows_from_friction(friction, WORKERS, JOBS)
    power = Deterrence(form="power", exponent=2.0)
    np.testing.assert_allclose(
        flows, constrained_flows(COST, WORKERS, JOBS, deterrence=power), rtol=1e-8
    )
    pd.testing.assert_frame_equal(friction, before)


def test_minutes_in_single_precision_give_the_pipeline_its_flows_too() -> None:
    single = gravity_flows(COST.astype(np.float32), WORKERS, JOBS, decay_per_min=0.1)
    assert set(single.dtypes) == {np.dtype(np.float32)}
    np.testing.assert_allclose(
        single, gravity_flows(COST, WORKERS, JOBS, decay_per_min=0.1), rtol=2e-6
    )
