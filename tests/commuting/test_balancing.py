"""Balancing: margins held, zones that cannot be matched named, slow ends said."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

from agglo.commuting.balancing import balanced_factors, spread
from agglo.commuting.margins import margins_of
from agglo.errors import FlowError

INF = np.inf


def series(values: list[float]) -> pd.Series:
    return pd.Series(values, index=list("abcdefgh")[: len(values)], dtype=float)


def balanced(
    friction: list[list[float]], workers: list[float], jobs: list[float], **choices: int
) -> np.ndarray:
    values = np.array(friction, dtype=float)
    factors = balanced_factors(values, margins_of(series(workers), series(jobs)), **choices)
    return spread(values, *factors)


def test_two_zones_keep_the_odds_of_their_frictions() -> None:
    flows = balanced([[4, 1], [1, 2]], [60, 40], [50, 50])
    np.testing.assert_allclose(flows.sum(axis=1), [60, 40], rtol=1e-9)
    np.testing.assert_allclose(flows.sum(axis=0), [50, 50], rtol=1e-9)
    assert flows[0, 0] * flows[1, 1] / (flows[0, 1] * flows[1, 0]) == pytest.approx(8)


def test_one_zone_keeps_all_its_people() -> None:
    assert balanced([[0.3]], [70], [70]).tolist() == [[70]]


def test_a_region_without_anybody_has_no_flows() -> None:
    assert balanced([[1, 1], [1, 1]], [0, 0], [0, 0]).tolist() == [[0, 0], [0, 0]]


def test_a_small_zone_holds_its_margin_as_exactly_as_a_large_one() -> None:
    flows = balanced([[5, 1, 1], [1, 7, 2], [3, 1, 9]], [1e7, 3.0, 500], [9e6, 1e6, 503])
    np.testing.assert_allclose(flows.sum(axis=1), [1e7, 3.0, 500], rtol=2e-9)
    np.testing.assert_allclose(flows.sum(axis=0), [9e6, 1e6, 503], rtol=2e-9)


def test_the_zone_that_is_cut_off_is_named_with_how_many_more() -> None:
    with pytest.raises(
        FlowError, match=r"zone 'b' has 20 workers but no way to any zone with jobs \(and 1 more"
    ):
        balanced([[1, 1, 1], [0, 0, 0], [0, 0, 0]], [50, 20, 10], [20, 30, 30])


def test_a_zone_that_reaches_only_zones_without_jobs_is_named() -> None:
    with pytest.raises(FlowError, match="zone 'a' has 50 workers but no way to any zone with jobs"):
        balanced([[1, 0], [1, 1]], [50, 30], [0, 80])


def test_jobs_that_only_empty_zones_reach_are_named() -> None:
    with pytest.raises(FlowError, match="zone 'b' has 50 jobs but no way from any zone with work"):
        balanced([[1, 0], [1, 1]], [80, 0], [30, 50])


def test_a_block_with_more_workers_than_jobs_is_told_with_its_numbers() -> None:
    friction = np.zeros((5, 5))
    friction[:2, :2] = 1
    friction[2:, 2:] = 1
    with pytest.raises(
        FlowError,
        match=r"'a', 'b' miss 30 workers: they are cut off from jobs that others do not need "
        r"\(have 100 workers and reach 70 jobs\)",
    ):
        balanced(friction.tolist(), [60, 40, 50, 30, 20], [30, 40, 50, 30, 50])


def test_of_two_ways_to_say_it_the_smaller_set_of_zones_is_named() -> None:
    friction = np.ones((4, 4))
    friction[:3, 3] = 0
    with pytest.raises(
        FlowError, match=r"'d' misses 15 jobs: it is cut off from workers .* \(has 25 jobs and"
    ):
        balanced(friction.tolist(), [40, 30, 20, 10], [25, 25, 25, 25])


def test_a_way_out_that_is_too_narrow_is_found_however_little_is_missing() -> None:
    friction = [[1, 0, 0], [1, 1, 0], [1, 1, 1]]
    assert balanced(friction, [29, 30, 41], [30, 30, 40]).sum() == pytest.approx(100)
    with pytest.raises(FlowError, match=r"'a' misses 0.1 workers: .* reaches 30 jobs"):
        balanced(friction, [30.1, 30, 39.9], [30, 30, 40])


def test_a_thousand_times_too_many_workers_for_one_job_are_named_too() -> None:
    friction = [[1, 0, 0], [1, 1, 1], [1, 1, 1]]
    with pytest.raises(FlowError, match=r"'a' misses 1e\+06 workers"):
        balanced(friction, [1_000_000.001, 10, 10], [0.001, 1_000_010, 10])


def loosely_joined(size: int, joint: float) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Two regions between which few people have to travel."""
    random = np.random.default_rng(2)
    is_other = np.arange(size) >= size // 2
    friction = random.uniform(0.1, 1, (size, size))
    friction[is_other[:, None] != is_other] *= joint
    workers, jobs = random.uniform(50, 500, (2, size))
    for part in (is_other, ~is_other):
        jobs[part] *= workers[part].sum() / jobs[part].sum()
    jobs[0] += 0.7
    jobs[-1] -= 0.7
    return friction, workers, jobs


@pytest.mark.parametrize("joint", [1e-3, 1e-6, 1e-12])
@pytest.mark.parametrize("size", [6, 60])
def test_regions_that_are_loosely_joined_are_matched_too(size: int, joint: float) -> None:
    friction, workers, jobs = loosely_joined(size, joint)
    margins = margins_of(pd.Series(workers), pd.Series(jobs))
    rows, columns = balanced_factors(friction, margins, most_rounds=500)
    flows = friction * np.outer(rows, columns)
    np.testing.assert_allclose(flows.sum(axis=1), workers, rtol=1e-8)
    np.testing.assert_allclose(flows.sum(axis=0), jobs, rtol=1e-8)
    half = size // 2
    assert flows[half:, :half].sum() - flows[:half, half:].sum() == pytest.approx(0.7, abs=1e-5)


def test_a_margin_that_leaves_a_way_unused_is_met() -> None:
    flows = balanced([[1, 0], [1, 1]], [50, 30], [50, 30])
    np.testing.assert_allclose(flows, [[50, 0], [0, 30]], atol=1e-6)


def test_a_search_that_does_not_end_says_how_far_it_was() -> None:
    with pytest.raises(
        FlowError,
        match=r"not matched after 100 rounds; 'a' misses 0\.\d+ of its 50 workers \(all zones "
        r"together .* of 80\)",
    ):
        balanced([[1, 0], [1, 1]], [50, 30], [50, 30], most_rounds=100)


def test_totals_that_differ_are_refused() -> None:
    with pytest.raises(FlowError, match=r"workers \(80.0\) and jobs \(81.0\) must have one total"):
        balanced([[1, 1], [1, 1]], [50, 30], [50, 31])


@pytest.mark.parametrize(
    ("workers", "message"),
    [
        ([50, np.nan], "zone 'b' has no count of workers"),
        ([-1, 81], "zone 'a' has -1 workers; wanted a finite count, 0 or more"),
        ([50, INF], "zone 'b' has inf workers"),
    ],
)
def test_counts_that_are_missing_negative_or_infinite_are_named(
    workers: list[float], message: str
) -> None:
    with pytest.raises(FlowError, match=message):
        balanced([[1, 1], [1, 1]], workers, [50, 30])


@pytest.mark.parametrize("bad", [np.nan, INF, -1.0])
def test_frictions_without_sense_are_refused(bad: float) -> None:
    with pytest.raises(FlowError, match="a friction is missing, infinite or below 0"):
        balanced([[1, bad], [1, 1]], [50, 30], [50, 30])


def test_zones_with_given_factors_take_what_is_left() -> None:
    friction = np.array([[2.0, 1.0], [1.0, 0.0]])
    margins = margins_of(
        series([90, 0]),
        series([100, 0]),
        fixed_rows=np.array([np.nan, 40.0]),
        fixed_columns=np.array([np.nan, 0.5]),
    )
    rows, columns = balanced_factors(friction, margins)
    flows = friction * np.outer(rows, columns)
    assert rows[1] == 40
    assert columns[1] == 0.5
    assert flows[0].sum() == pytest.approx(90)
    assert flows[:, 0].sum() == pytest.approx(100)
    assert flows[1, 0] == pytest.approx(40 * columns[0])


def test_jobs_that_only_the_outside_could_fill_need_not_be_filled_from_inside() -> None:
    friction = np.array([[1.0, 1.0], [0.0, 3.0]])
    margins = margins_of(
        series([10, 0]),
        series([5, 50]),
        fixed_rows=np.array([np.nan, 2.0]),
        fixed_columns=np.full(2, np.nan),
    )
    rows, columns = balanced_factors(friction, margins)
    flows = friction * np.outer(rows, columns)
    np.testing.assert_allclose(flows.sum(axis=0), [5, 50])
    assert flows[0].sum() == pytest.approx(10)


def test_too_few_workers_inside_are_named_where_the_outside_sends_nobody() -> None:
    friction = np.array([[1.0, 1.0, 0.0], [1.0, 1.0, 1.0], [1.0, 0.0, 0.0]])
    margins = margins_of(
        series([10, 20, 0]),
        series([5, 50, 0]),
        fixed_rows=np.array([np.nan, np.nan, 1.0]),
        fixed_columns=np.array([np.nan, np.nan, 1.0]),
    )
    with pytest.raises(FlowError, match="'b' misses 20 jobs: it is cut off from workers"):
        balanced_factors(friction, margins)


def test_single_precision_is_summed_in_double() -> None:
    random = np.random.default_rng(5)
    friction = random.random((700, 700), dtype=np.float32)
    workers = pd.Series(random.lognormal(5, 2, 700))
    jobs = pd.Series(random.lognormal(5, 2, 700))
    jobs *= workers.sum() / jobs.sum()
    flows = spread(friction, *balanced_factors(friction, margins_of(workers, jobs)))
    assert flows is friction
    assert flows.dtype == np.float32
    np.testing.assert_allclose(flows.sum(axis=1, dtype=float), workers, rtol=2e-7)
    np.testing.assert_allclose(flows.sum(axis=0, dtype=float), jobs, rtol=2e-7)
