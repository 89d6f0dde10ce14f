"""Radiation: the formula, equal distances, finite regions, and zones without mass."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

from agglo.commuting.radiation import CONSTRAINTS, TIES, radiation_flows, radiation_shares
from agglo.errors import FlowError

IDS = ["a", "b", "c", "d"]
AT = np.array([0.0, 1.0, 3.0, 6.0])
LINE = np.abs(AT[:, None] - AT)
COST = pd.DataFrame(LINE, IDS, IDS)
MASS = np.array([100.0, 50.0, 80.0, 20.0])
JOBS = pd.Series(MASS, IDS)
WORKERS = pd.Series([40.0, 30.0, 20.0, 10.0], IDS)


def shares_by_hand(cost: np.ndarray, mass: np.ndarray) -> np.ndarray:
    """The formula of Simini et al. 2012 in plain loops."""
    zones = range(len(mass))
    found = np.zeros(cost.shape)
    for i in zones:
        for j in zones:
            if i != j and np.isfinite(cost[i, j]):
                near = sum(mass[k] for k in zones if k not in (i, j) and cost[i, k] <= cost[i, j])
                found[i, j] = mass[i] * mass[j] / ((mass[i] + near) * (mass[i] + mass[j] + near))
    return found


def test_the_published_shares_come_out() -> None:
    """delineation.md, section 2: the third zone has two others at the same distance."""
    shares = radiation_shares(LINE, MASS, ties="within")
    np.testing.assert_allclose(shares[0], [0, 0.333333, 0.231884, 0.034783], atol=5e-7)
    np.testing.assert_allclose(shares.sum(axis=1), [0.6, 0.8, 0.625775, 0.92], atol=5e-7)


def test_shared_ties_make_every_row_add_up_to_what_is_not_at_home() -> None:
    shares = radiation_shares(LINE, MASS, ties="shared")
    np.testing.assert_allclose(shares.sum(axis=1), 1 - MASS / MASS.sum())
    assert shares[2, 0] / shares[2, 3] == pytest.approx(100 / 20)


@pytest.mark.parametrize("ties", TIES)
@pytest.mark.parametrize("seed", range(10))
def test_without_equal_distances_both_readings_are_the_formula(ties: str, seed: int) -> None:
    random = np.random.default_rng(seed)
    cost, mass = random.random((9, 9)), random.integers(1, 500, 9).astype(float)
    cost[random.random((9, 9)) < 0.2] = np.inf
    np.testing.assert_allclose(
        radiation_shares(cost, mass, ties=ties), shares_by_hand(cost, mass), rtol=1e-12
    )


@pytest.mark.parametrize("seed", range(10))
def test_equal_distances_are_the_formula_to_the_letter(seed: int) -> None:
    random = np.random.default_rng(seed)
    cost = random.integers(1, 4, (9, 9)).astype(float)
    mass = random.integers(0, 5, 9).astype(float) + 1e-3
    np.testing.assert_allclose(
        radiation_shares(cost, mass, ties="within"), shares_by_hand(cost, mass), rtol=1e-9
    )


def test_only_the_order_of_the_costs_counts() -> None:
    first, second = (
        radiation_flows(cost, WORKERS, JOBS, ties="shared") for cost in (COST, COST**3 + 7)
    )
    pd.testing.assert_frame_equal(first, second)


def test_each_constraint_keeps_its_margins() -> None:
    flows = {
        name: radiation_flows(COST, WORKERS, JOBS * 0.4, mass_count=JOBS, constraint=name)
        for name in CONSTRAINTS
    }
    np.testing.assert_allclose(flows["production"].sum(axis=1), WORKERS)
    np.testing.assert_allclose(flows["doubly"].sum(axis=1), WORKERS, rtol=1e-8)
    np.testing.assert_allclose(flows["doubly"].sum(axis=0), JOBS * 0.4, rtol=1e-8)
    short = WORKERS * [1, 1, 0.625775 / 0.68, 1]
    np.testing.assert_allclose(flows["unconstrained"].sum(axis=1), short, rtol=1e-6)
    for one in flows.values():
        assert np.diag(one).tolist() == [0, 0, 0, 0]


def test_the_raw_formula_keeps_home_who_finds_the_best_job_there() -> None:
    raw = radiation_flows(COST, WORKERS, JOBS, constraint="unconstrained", is_finite=False)
    np.testing.assert_allclose(raw.sum(axis=1), WORKERS * [0.6, 0.8, 0.625775, 0.92], rtol=1e-6)


def test_doubly_constrained_flows_keep_the_odds_of_the_shares() -> None:
    flows = radiation_flows(COST, WORKERS, JOBS * 0.4, constraint="doubly").to_numpy()
    shares = radiation_shares(LINE, MASS, ties="within")
    odds = [
        matrix[2, 3] * matrix[0, 1] / (matrix[0, 3] * matrix[2, 1]) for matrix in (flows, shares)
    ]
    assert odds[0] == pytest.approx(odds[1])


def test_a_zone_without_jobs_of_its_own_sends_all_to_the_nearest() -> None:
    jobs = JOBS.copy()
    jobs["b"] = 0
    flows = radiation_flows(COST, WORKERS, jobs)
    assert flows.loc["b"].tolist() == [30, 0, 0, 0]
    assert flows["b"].sum() == 0


def test_a_dormitory_between_two_equal_ways_needs_ties_shared() -> None:
    jobs = JOBS.copy()
    jobs["c"] = 0
    cost = pd.DataFrame(np.where(np.eye(4) > 0, 0.0, 7.0), IDS, IDS)
    with pytest.raises(FlowError, match=r"zone 'c' has 20 workers who leave it .* ties='shared'"):
        radiation_flows(cost, WORKERS, jobs)
    flows = radiation_flows(cost, WORKERS, jobs, ties="shared")
    np.testing.assert_allclose(flows.loc["c"], 20 * np.array([100, 50, 0, 20]) / 170)


def test_where_there_is_no_way_there_is_no_mass() -> None:
    cost = COST.copy()
    cost.iloc[:2, 2:] = cost.iloc[2:, :2] = np.inf
    flows = radiation_flows(cost, WORKERS, JOBS, constraint="unconstrained")
    np.testing.assert_allclose(flows.sum(axis=1), WORKERS)
    assert flows.iloc[:2, 2:].to_numpy().sum() == 0


@pytest.mark.parametrize("constraint", CONSTRAINTS)
def test_an_isolated_zone_with_workers_is_named(constraint: str) -> None:
    cost = COST.copy()
    cost.loc["d", ["a", "b", "c"]] = cost.loc[["a", "b", "c"], "d"] = np.inf
    with pytest.raises(FlowError, match="zone 'd' has 10 workers"):
        radiation_flows(cost, WORKERS, JOBS * 0.4, constraint=constraint)


def test_nobody_leaves_the_only_zone() -> None:
    one = COST.iloc[:1, :1]
    assert radiation_flows(one, WORKERS[:1] * 0, JOBS[:1]).iloc[0, 0] == 0
    with pytest.raises(FlowError, match="zone 'a' has 40 workers who leave it but reaches no mass"):
        radiation_flows(one, WORKERS[:1], JOBS[:1])


def test_questions_without_sense_are_refused() -> None:
    with pytest.raises(FlowError, match="constraint 'attraction' is unknown"):
        radiation_flows(COST, WORKERS, JOBS, constraint="attraction")
    with pytest.raises(FlowError, match="ties 'random' is unknown; there are within, shared"):
        radiation_flows(COST, WORKERS, JOBS, ties="random")
    with pytest.raises(FlowError, match="must be the same zones in the same order"):
        radiation_flows(COST[["b", "a", "c", "d"]], WORKERS, JOBS)
    with pytest.raises(FlowError, match="zone 'b' has -1 mass"):
        radiation_flows(COST, WORKERS, JOBS, mass_count=JOBS.replace(50, -1))
    with pytest.raises(FlowError, match="zone 'b' has no count of workers"):
        radiation_flows(COST, WORKERS.drop("b"), JOBS)
    with pytest.raises(FlowError, match="from 'a' to 'b' is nan"):
        radiation_flows(COST.where(COST != 1), WORKERS, JOBS)


def test_single_precision_gives_the_same_flows_to_a_millionth() -> None:
    for constraint in CONSTRAINTS:
        single, double = (
            radiation_flows(COST.astype(kind), WORKERS, JOBS * 0.4, constraint=constraint)
            for kind in (np.float32, float)
        )
        assert set(single.dtypes) == {np.dtype(np.float32)}
        np.testing.assert_allclose(single, double, rtol=2e-6)


def test_the_given_tables_stay_as_they_are() -> None:
    before = COST.copy()
    for ties in TIES:
        radiation_flows(COST, WORKERS, JOBS, ties=ties)
    pd.testing.assert_frame_equal(COST, before)
