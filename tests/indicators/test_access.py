"""Access to jobs, against the published toy of three towns."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

from agglo.errors import TableError
from agglo.indicators.access import (
    balanced_catchment,
    effective_labour_market,
    exponential_pull,
    floating_catchment,
    jobs_per_worker,
    logistic_pull,
    pulled_count,
    reach_count,
    self_containment,
    spatial_availability,
    weighted_mean,
    worst_quartile,
)
from agglo.indicators.balance import job_housing_mismatch, job_housing_ratio

NAMES = ["A", "B", "C"]
COST = pd.DataFrame([[15.0, 30, 100], [30, 15, 100], [100, 100, 15]], index=NAMES, columns=NAMES)
JOBS = pd.Series([100_000.0, 100_000, 10_000], index=NAMES)
WORKERS = pd.Series([50_000.0, 150_000, 10_000], index=NAMES)
"""vectors.json, toy_ABC."""

FLOWS = pd.DataFrame(
    [[800.0, 150, 50], [300, 400, 100], [200, 50, 250]],
    index=["1", "2", "3"],
    columns=["1", "2", "3"],
)
"""delineation.md, section 2."""


def test_jobs_within_thirty_minutes_are_the_published_ones() -> None:
    assert reach_count(COST, JOBS, within_min=30).tolist() == [200_000, 200_000, 10_000]


def test_the_effective_labour_market_is_the_published_one() -> None:
    reached = reach_count(COST, JOBS, within_min=30)
    assert weighted_mean(reached, WORKERS) == pytest.approx(190_952.38095238095)


def test_the_effective_labour_market_counts_workers_and_names_who_has_no_count() -> None:
    got = effective_labour_market(COST, WORKERS, JOBS, within_min=30)
    assert got == pytest.approx(190_952.38095238095, rel=1e-12)
    assert np.isnan(effective_labour_market(COST, 0 * WORKERS, JOBS, within_min=30))
    with pytest.raises(TableError, match="workers_count has no row for 'B'"):
        effective_labour_market(COST, WORKERS.drop("B"), JOBS, within_min=30)


def test_jobs_by_exponential_decay_are_the_published_ones() -> None:
    got = pulled_count(exponential_pull(COST, decay_per_min=0.1), JOBS)
    wanted = [27292.176850927, 27292.176850927, 2240.381587436795]
    np.testing.assert_allclose(got, wanted, rtol=1e-12)


def test_logistic_decay_is_a_half_at_its_middle_and_nothing_without_a_way() -> None:
    minutes = pd.DataFrame([[0.0, 20.0, 40.0, 1e6, np.inf]])
    got = logistic_pull(minutes, half_min=20, decay_per_min=0.1).iloc[0]
    wanted = [1 / (1 + np.exp(0.1 * (t - 20))) for t in (0, 20, 40)]
    np.testing.assert_allclose(got[:3], wanted, rtol=1e-12)
    assert got[1] == 0.5
    assert got[3:].tolist() == [0, 0]


def test_the_limit_itself_is_in_time_and_a_moment_less_is_not() -> None:
    assert reach_count(COST, JOBS, within_min=29.999)["A"] == 100_000
    assert reach_count(COST, JOBS, within_min=30)["A"] == 200_000


def test_jobs_without_a_way_are_out_of_reach_at_any_limit() -> None:
    cut = COST.mask(COST == 100, np.inf)
    assert reach_count(cut, JOBS, within_min=1e9)["C"] == 10_000


def test_competition_gives_the_published_jobs_per_worker() -> None:
    got = jobs_per_worker(COST, WORKERS, JOBS, decay_per_min=0.1)
    wanted = [1.3366693154180913, 0.8880224190926865, 0.9963171365192469]
    np.testing.assert_allclose(got, wanted, rtol=1e-12)


def test_competition_times_workers_is_the_published_spatial_availability() -> None:
    got = jobs_per_worker(COST, WORKERS, JOBS, decay_per_min=0.1) * WORKERS
    wanted = [66833.46577090457, 133203.362863903, 9963.17136519247]
    np.testing.assert_allclose(got, wanted, rtol=1e-12)


def test_spatial_availability_is_the_published_one() -> None:
    got = spatial_availability(exponential_pull(COST, decay_per_min=0.1), WORKERS, JOBS)
    wanted = [66833.46577090457, 133203.362863903, 9963.17136519247]
    np.testing.assert_allclose(got, wanted, rtol=1e-12)


def test_balanced_catchments_are_those_of_plain_loops() -> None:
    pull = exponential_pull(COST.drop(columns="C"), decay_per_min=0.1)
    got = balanced_catchment(pull, WORKERS, JOBS)
    for home in NAMES:
        level = 0.0
        for work in ("A", "B"):
            served = sum(
                WORKERS[other]
                * pull.loc[other, work]
                / (pull.loc[other, "A"] + pull.loc[other, "B"])
                for other in NAMES
            )
            level += JOBS[work] / served * pull.loc[home, work] / pull[work].sum()
        assert got[home] == pytest.approx(level, rel=1e-12)


def test_balanced_catchments_of_one_town_are_its_jobs_per_worker() -> None:
    pull = pd.DataFrame([[0.3]])
    assert balanced_catchment(pull, pd.Series([40]), pd.Series([30])).tolist() == [0.75]


def test_who_reaches_no_job_has_none_however_it_is_counted() -> None:
    pull = pd.DataFrame([[1.0, 0.0], [0.0, 0.0]])
    workers, jobs = pd.Series([10, 10]), pd.Series([20, 99])
    assert floating_catchment(pull, workers, jobs).tolist() == [2, 0]
    assert spatial_availability(pull, workers, jobs).tolist() == [20, 0]
    assert balanced_catchment(pull, workers, jobs).tolist() == [2, 0]


def test_the_job_housing_ratio_and_its_mismatch_are_the_published_ones() -> None:
    """vectors.json, gravity_2x2."""
    workers, jobs = pd.Series([100, 50]), pd.Series([80, 70])
    np.testing.assert_allclose(job_housing_ratio(workers, jobs), [0.8, 1.4])
    assert job_housing_mismatch(workers, jobs) == pytest.approx(0.13333333333333333)


def test_where_nobody_works_there_is_no_job_housing_ratio() -> None:
    assert job_housing_ratio(pd.Series([0, 0]), pd.Series([0, 9])).isna().all()


def test_jobs_where_nobody_lives_are_all_mismatched() -> None:
    assert job_housing_mismatch(pd.Series([5, 0]), pd.Series([0, 9])) == 1
    assert np.isnan(job_housing_mismatch(pd.Series([5, 0]), pd.Series([0, 0])))
    with pytest.raises(TableError, match="jobs_count has no row for 1"):
        job_housing_mismatch(pd.Series([5, 0]), pd.Series([0]))


@pytest.mark.parametrize("seed", range(5))
def test_competition_hands_out_every_job_exactly_once(seed: int) -> None:
    random = np.random.default_rng(seed)
    cost = pd.DataFrame(random.uniform(1, 120, (7, 7)))
    workers, jobs = (pd.Series(random.uniform(0, 1e4, 7)) for _ in range(2))
    got = jobs_per_worker(cost, workers, jobs, decay_per_min=0.06)
    assert (got * workers).sum() == pytest.approx(jobs.sum(), rel=1e-12)


def test_a_job_that_nobody_can_reach_is_handed_to_nobody() -> None:
    cost = pd.DataFrame([[5.0, np.inf], [np.inf, np.inf]])
    got = jobs_per_worker(cost, pd.Series([10, 10]), pd.Series([20, 99]), decay_per_min=0.1)
    assert got.tolist() == [2, 0]


@pytest.mark.parametrize("missing", ["jobs_count", "workers_count"])
def test_a_place_without_a_count_is_refused(missing: str) -> None:
    workers, jobs = WORKERS, JOBS
    if missing == "jobs_count":
        jobs = JOBS.drop("B")
    else:
        workers = WORKERS.drop("B")
    with pytest.raises(TableError, match=f"{missing} has no row for 'B'"):
        jobs_per_worker(COST, workers, jobs, decay_per_min=0.1)


def test_self_containment_of_three_towns_is_the_published_one() -> None:
    got = self_containment(FLOWS, pd.Series({"1": "1", "2": "2", "3": "3"}))
    np.testing.assert_allclose(got["supply_share"], [0.8, 0.5, 0.5])
    np.testing.assert_allclose(got["demand_share"], [0.615385, 0.666667, 0.625], atol=5e-7)


def test_self_containment_of_a_cluster_counts_what_stays_within() -> None:
    got = self_containment(FLOWS, pd.Series({"1": "12", "2": "12", "3": "3"}))
    assert got.loc["12", "supply_share"] == pytest.approx(0.916667, abs=5e-7)
    assert got.loc["12", "demand_share"] == pytest.approx(0.868421, abs=5e-7)


def test_zones_without_a_group_count_as_elsewhere() -> None:
    got = self_containment(FLOWS, pd.Series({"1": "12", "2": "12"}))
    assert got.index.tolist() == ["12"]
    assert got.loc["12", "supply_share"] == pytest.approx(1650 / 1800)


@pytest.mark.parametrize(
    ("values", "weights", "wanted"),
    [
        ([4.0, 3, 2, 1], [1, 1, 1, 1], 1.0),
        ([4.0, 3, 2, 1], [10, 0, 0, 0], 4.0),
        ([1.0, 2], [25, 75], 1.0),
        ([1.0, 2], [10, 90], (10 * 1 + 15 * 2) / 25),
        ([3.0, 1, 2], [60, 20, 20], (20 * 1 + 5 * 2) / 25),
        ([5.0], [8], 5.0),
    ],
)
def test_the_worst_quarter_of_the_people_is_counted_to_the_person(
    values: list[float], weights: list[float], wanted: float
) -> None:
    assert worst_quartile(pd.Series(values), pd.Series(weights)) == pytest.approx(wanted)
