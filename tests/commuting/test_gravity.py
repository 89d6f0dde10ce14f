"""Flows: published vectors, margins, outside pull, and what cannot be matched."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

from agglo.commuting.gravity import Pull, decayed, gravity_flows, outside_pull
from agglo.errors import FlowError

OUTSIDE = pd.Index(["out"])


def matrix(values: list[list[float]], names: str) -> pd.DataFrame:
    return pd.DataFrame(np.array(values, dtype=float), index=list(names), columns=list(names))


def counts(values: list[float], names: str) -> pd.Series:
    return pd.Series(values, index=list(names), dtype=float)


def flows_of(
    cost: pd.DataFrame, workers: pd.Series, jobs: pd.Series, *, decay: float = 0.1
) -> pd.DataFrame:
    return gravity_flows(cost, workers, jobs, decay_per_min=decay)


def bordered() -> tuple[pd.DataFrame, pd.Series, pd.Series]:
    """Two towns and one outside zone; 30 of the workers find no job inside."""
    cost = pd.DataFrame(
        [[5.0, 20, 30], [20, 5, 40], [30, 40, 8]],
        index=["a", "b", "out"],
        columns=["a", "b", "out"],
    )
    index = cost.index
    return (
        cost,
        pd.Series([100.0, 60, 10], index=index),
        pd.Series([90.0, 50, 15], index=index),
    )


def test_two_towns_give_the_published_flows() -> None:
    """vectors.json, gravity_2x2."""
    flows = flows_of(
        matrix([[5, 20], [20, 5]], "ab"), counts([100, 50], "ab"), counts([80, 70], "ab")
    )
    wanted = [[73.83941358, 26.16058642], [6.16058642, 43.83941358]]
    np.testing.assert_allclose(flows, wanted, atol=1e-7)
    odds = flows.loc["a", "a"] * flows.loc["b", "b"] / (flows.loc["a", "b"] * flows.loc["b", "a"])
    assert odds == pytest.approx(np.exp(3))


@pytest.mark.parametrize(
    ("decay", "mean_cost", "cells"),
    [
        (
            0.1,
            6.89747,
            {
                "aa": 75.3531, "ab": 16.2562, "ac": 8.3907, "ba": 79.4160, "bb": 76.7836,
                "bc": 43.8004, "ca": 25.2309, "cb": 26.9602, "cc": 97.8088,
            },
        ),
        (0.2, 5.06548, {"aa": 92.9913, "bc": 22.1251}),
    ],
)  # fmt: skip
def test_three_zones_give_the_published_flows(
    decay: float, mean_cost: float, cells: dict[str, float]
) -> None:
    """delineation.md, section 2: doubly constrained."""
    cost = matrix([[2, 10, 20], [10, 3, 12], [20, 12, 2.5]], "abc")
    flows = flows_of(
        cost, counts([100, 200, 150], "abc"), counts([180, 120, 150], "abc"), decay=decay
    )
    for (home, work), persons in cells.items():
        assert flows.loc[home, work] == pytest.approx(persons, abs=5e-5)
    mean = (flows * cost).to_numpy().sum() / flows.to_numpy().sum()
    assert mean == pytest.approx(mean_cost, abs=5e-6)


def test_rows_are_workers_and_columns_jobs() -> None:
    workers, jobs = counts([100, 200, 150], "abc"), counts([180, 120, 150], "abc")
    flows = flows_of(matrix([[2, 10, 20], [10, 3, 12], [20, 12, 2.5]], "abc"), workers, jobs)
    np.testing.assert_allclose(flows.sum(axis=1), workers, rtol=1e-9)
    np.testing.assert_allclose(flows.sum(axis=0), jobs, rtol=1e-9)


def test_without_decay_to_speak_of_flows_are_shared_in_proportion() -> None:
    flows = flows_of(
        matrix([[5, 20], [20, 5]], "ab"),
        counts([100, 50], "ab"),
        counts([90, 60], "ab"),
        decay=1e-12,
    )
    np.testing.assert_allclose(flows, [[60, 40], [30, 20]], atol=1e-6)


def test_a_zone_that_nobody_can_reach_keeps_its_own_people() -> None:
    cost = matrix([[5, np.inf], [np.inf, 5]], "ab")
    flows = flows_of(cost, counts([40, 60], "ab"), counts([40, 60], "ab"))
    np.testing.assert_allclose(flows, [[40, 0], [0, 60]], atol=1e-9)


def test_a_zone_without_workers_or_jobs_sends_and_takes_nobody() -> None:
    cost = matrix([[5, 20, 9], [20, 5, 9], [9, 9, 5]], "abc")
    flows = flows_of(cost, counts([100, 50, 0], "abc"), counts([80, 70, 0], "abc"))
    assert flows.loc["c"].sum() == 0
    assert flows["c"].sum() == 0


def test_the_order_of_zones_in_the_counts_does_not_matter() -> None:
    cost, workers, jobs = (
        matrix([[5, 20], [20, 5]], "ab"),
        counts([100, 50], "ab"),
        counts([80, 70], "ab"),
    )
    pd.testing.assert_frame_equal(
        flows_of(cost, workers, jobs), flows_of(cost, workers[::-1], jobs[::-1])
    )


def test_totals_that_differ_are_refused() -> None:
    with pytest.raises(
        FlowError, match=r"workers \(150.0\) and jobs \(151.0\) must have one total"
    ):
        flows_of(matrix([[5, 20], [20, 5]], "ab"), counts([100, 50], "ab"), counts([80, 71], "ab"))


def test_totals_that_differ_by_a_third_of_a_person_are_refused_as_such() -> None:
    with pytest.raises(FlowError, match="must have one total"):
        flows_of(
            matrix([[5, 20], [20, 5]], "ab"), counts([100, 50], "ab"), counts([80.3, 70], "ab")
        )


def test_a_zone_without_a_count_is_refused() -> None:
    with pytest.raises(FlowError, match="needs a count of workers and of jobs"):
        flows_of(matrix([[5, 20], [20, 5]], "ab"), counts([100], "a"), counts([50, 50], "ab"))


def test_a_zone_without_a_count_is_refused_with_a_pull_too() -> None:
    cost, workers, jobs = bordered()
    pull = outside_pull(cost, workers, jobs, OUTSIDE, decay_per_min=0.1)
    with pytest.raises(FlowError, match="needs a count of workers and of jobs"):
        gravity_flows(cost, workers.drop("b"), jobs, decay_per_min=0.1, pull=pull)


@pytest.mark.parametrize(
    ("cost", "what"),
    [([[np.inf, np.inf], [20, 5]], "workers"), ([[np.inf, 20], [np.inf, 5]], "jobs")],
)
def test_a_zone_that_is_cut_off_from_all_is_named(cost: list[list[float]], what: str) -> None:
    with pytest.raises(FlowError, match=rf"zone 'a' has \d+ {what} but no way"):
        flows_of(matrix(cost, "ab"), counts([100, 50], "ab"), counts([80, 70], "ab"))


def test_people_who_cannot_reach_enough_jobs_are_an_error_and_not_a_guess() -> None:
    cost = matrix([[5, np.inf], [20, 5]], "ab")
    with pytest.raises(FlowError, match=r"'a' misses .* workers: it is cut off from jobs"):
        flows_of(cost, counts([100, 50], "ab"), counts([80, 70], "ab"))


def test_outside_jobs_are_scaled_so_that_nobody_is_left_over() -> None:
    cost, workers, jobs = bordered()
    pull = outside_pull(cost, workers, jobs, OUTSIDE, decay_per_min=0.1)
    assert pull.closing_factor == pytest.approx((170 - 140) / 15)


def test_with_the_pull_of_the_baseline_the_same_flows_come_out() -> None:
    cost, workers, jobs = bordered()
    pull = outside_pull(cost, workers, jobs, OUTSIDE, decay_per_min=0.1)
    free = gravity_flows(cost, workers, jobs, decay_per_min=0.1, pull=pull)
    closed = jobs.where(jobs.index != "out", 30.0)
    cost_closed = cost.astype(float)
    cost_closed.loc["out", "out"] = np.inf
    np.testing.assert_allclose(
        free, gravity_flows(cost_closed, workers, closed, decay_per_min=0.1), rtol=1e-7
    )
    assert free["out"].sum() == pytest.approx(30)
    assert free.loc["out"].sum() == pytest.approx(10)


def test_nobody_travels_from_outside_to_outside() -> None:
    cost, workers, jobs = bordered()
    pull = outside_pull(cost, workers, jobs, OUTSIDE, decay_per_min=0.1)
    assert gravity_flows(cost, workers, jobs, decay_per_min=0.1, pull=pull).loc["out", "out"] == 0
    friction = decayed(cost, decay_per_min=0.1, outside=OUTSIDE)
    assert friction[2, 2] == 0
    assert friction[0, 1] == pytest.approx(np.exp(-2))


def test_more_jobs_at_home_keep_people_from_leaving() -> None:
    cost, workers, jobs = bordered()
    pull = outside_pull(cost, workers, jobs, OUTSIDE, decay_per_min=0.1)
    more = jobs + counts([20, 0, 0], ["a", "b", "out"])  # type: ignore[arg-type]
    before = gravity_flows(cost, workers, jobs, decay_per_min=0.1, pull=pull)
    after = gravity_flows(cost, workers, more, decay_per_min=0.1, pull=pull)
    assert after["out"].sum() < before["out"].sum()
    np.testing.assert_allclose(after.loc[["a", "b"]].sum(axis=1), [100, 60], rtol=1e-8)
    np.testing.assert_allclose(after[["a", "b"]].sum(), [110, 50], rtol=1e-8)


def test_the_counts_of_outside_zones_are_not_used_once_there_is_a_pull() -> None:
    cost, workers, jobs = bordered()
    pull = outside_pull(cost, workers, jobs, OUTSIDE, decay_per_min=0.1)
    other = workers.where(workers.index != "out", 999.0)
    pd.testing.assert_frame_equal(
        gravity_flows(cost, workers, jobs, decay_per_min=0.1, pull=pull),
        gravity_flows(cost, other, jobs, decay_per_min=0.1, pull=pull),
    )


@pytest.mark.parametrize(
    ("jobs", "outside"),
    [
        ([150.0, 50, 15], OUTSIDE),
        ([90.0, 50, 0], OUTSIDE),
        ([90.0, 50, 20], pd.Index([], dtype=object)),
    ],
    ids=["more jobs than people", "nobody pulls", "no outside zone"],
)
def test_margins_that_no_outside_can_close_are_refused(
    jobs: list[float], outside: pd.Index
) -> None:
    cost, workers, _ = bordered()
    given = pd.Series(jobs, index=cost.index)
    with pytest.raises(FlowError, match="do not balance over"):
        outside_pull(cost, workers, given, outside, decay_per_min=0.1)


def test_a_region_without_outside_zones_may_balance_by_itself() -> None:
    cost, workers, _ = bordered()
    jobs = pd.Series([90.0, 50, 30], index=cost.index)
    pull = outside_pull(cost, workers, jobs, pd.Index([], dtype=object), decay_per_min=0.1)
    flows = gravity_flows(cost, workers, jobs, decay_per_min=0.1, pull=pull)
    assert pull.closing_factor == 1
    np.testing.assert_allclose(flows, gravity_flows(cost, workers, jobs, decay_per_min=0.1))
    with pytest.raises(FlowError, match="must have one total"):
        gravity_flows(cost, workers, jobs + 1, decay_per_min=0.1, pull=pull)


def test_the_given_tables_stay_as_they_are() -> None:
    cost, workers, jobs = bordered()
    before = cost.copy(), workers.copy(), jobs.copy()
    pull = outside_pull(cost, workers, jobs, OUTSIDE, decay_per_min=0.1)
    gravity_flows(cost, workers, jobs, decay_per_min=0.1, pull=pull)
    pd.testing.assert_frame_equal(cost, before[0])
    pd.testing.assert_series_equal(workers, before[1])
    pd.testing.assert_series_equal(jobs, before[2])
    assert isinstance(pull, Pull)
