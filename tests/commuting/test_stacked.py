"""A stack of draws: each as if it were alone."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

from agglo.commuting.gravity import flows_from_friction, pull_from_friction
from agglo.commuting.stacked import stacked_factors, stacked_flows
from agglo.errors import FlowError

IDS = pd.Index(["a", "b", "c", "d"])
DRAWS = 7


def draws(seed: int = 0) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    random = np.random.default_rng(seed)
    friction = np.exp(-random.uniform(0.1, 4, (DRAWS, 4, 4)))
    workers, jobs = random.uniform(1, 1000, (2, DRAWS, 4))
    return friction, workers, jobs * (workers.sum(axis=1) / jobs.sum(axis=1))[:, np.newaxis]


def alone(friction: np.ndarray, workers: np.ndarray, jobs: np.ndarray) -> np.ndarray:
    return flows_from_friction(
        pd.DataFrame(friction, IDS, IDS), pd.Series(workers, IDS), pd.Series(jobs, IDS)
    ).to_numpy()


def test_a_draw_gives_what_it_gives_alone() -> None:
    friction, workers, jobs = draws()
    flows = stacked_flows(friction, workers, jobs, places=IDS)
    for draw in range(DRAWS):
        np.testing.assert_allclose(
            flows[draw], alone(friction[draw], workers[draw], jobs[draw]), rtol=1e-12
        )


def test_a_draw_does_not_depend_on_the_others_in_the_stack() -> None:
    friction, workers, jobs = draws()
    whole = stacked_flows(friction, workers, jobs, places=IDS)
    some = stacked_flows(friction[3:5], workers[3:5], jobs[3:5], places=IDS)
    np.testing.assert_array_equal(whole[3:5], some)


def test_a_draw_that_needs_many_rounds_gets_them() -> None:
    friction, workers, jobs = draws()
    friction[2] = 1e-3
    np.fill_diagonal(friction[2], 1.0)
    workers[2], jobs[2] = [10, 20, 30, 41], [10, 20.5, 30, 40.5]
    flows = stacked_flows(friction, workers, jobs, places=IDS)
    np.testing.assert_allclose(flows[2].sum(axis=1), workers[2], rtol=1e-6)
    np.testing.assert_allclose(flows[2], alone(friction[2], workers[2], jobs[2]), rtol=1e-9)


def test_the_outside_keeps_the_factors_of_the_baseline() -> None:
    friction, workers, jobs = draws()
    friction[:, 3, 3] = 0
    outside = pd.Index(["d"])
    jobs[:, :3] *= (
        0.8 * workers[:, :3].sum(axis=1, keepdims=True) / jobs[:, :3].sum(axis=1, keepdims=True)
    )
    workers[:, 3] = 0.1 * jobs[:, :3].sum(axis=1)
    pull = pull_from_friction(
        pd.DataFrame(friction[0], IDS, IDS),
        pd.Series(workers[0], IDS),
        pd.Series(jobs[0], IDS),
        outside,
    )
    fixed_rows, fixed_columns = (
        one.reindex(IDS).to_numpy(dtype=float) for one in (pull.rows, pull.columns)
    )
    flows = stacked_flows(
        friction, workers, jobs, places=IDS, fixed_rows=fixed_rows, fixed_columns=fixed_columns
    )
    for draw in range(DRAWS):
        one = flows_from_friction(
            pd.DataFrame(friction[draw], IDS, IDS),
            pd.Series(workers[draw], IDS),
            pd.Series(jobs[draw], IDS),
            pull=pull,
        )
        np.testing.assert_allclose(flows[draw], one, rtol=1e-12)


def test_factors_of_one_stack_serve_as_those_of_the_next() -> None:
    friction, workers, jobs = draws()
    rows, columns = stacked_factors(friction, workers, jobs, places=IDS)
    rows[:, :3] = columns[:, :3] = np.nan
    again = stacked_flows(
        friction, workers, jobs, places=IDS, fixed_rows=rows, fixed_columns=columns
    )
    np.testing.assert_allclose(again, stacked_flows(friction, workers, jobs, places=IDS), rtol=1e-6)


def test_the_draw_that_cannot_be_matched_is_named() -> None:
    friction, workers, jobs = draws()
    friction[4, 0] = 0
    with pytest.raises(FlowError, match=r"draw 4: zone 'a' has .* workers but no way"):
        stacked_flows(friction, workers, jobs, places=IDS)


@pytest.mark.parametrize(
    ("bad", "message"),
    [
        (np.nan, "draw 5: zone 'b' has no count of workers"),
        (-1.0, "draw 5: zone 'b' has -1 workers"),
        (1e4, "draw 5: workers .* must have one total"),
    ],
)
def test_counts_without_sense_are_named_by_draw_and_zone(bad: float, message: str) -> None:
    friction, workers, jobs = draws()
    workers[5, 1] = bad
    with pytest.raises(FlowError, match=message):
        stacked_flows(friction, workers, jobs, places=IDS)


def test_shapes_that_do_not_agree_are_refused() -> None:
    friction, workers, jobs = draws()
    with pytest.raises(FlowError, match=r"must be \(7, 4, 4\), \(7, 4\) and \(7, 4\) for 4 zones"):
        stacked_flows(friction, workers[:, :3], jobs, places=IDS)


def test_no_draw_is_no_flow_and_nothing_given_changes() -> None:
    friction, workers, jobs = draws()
    before = friction.copy(), workers.copy(), jobs.copy()
    assert stacked_flows(friction[:0], workers[:0], jobs[:0], places=IDS).shape == (0, 4, 4)
    stacked_flows(friction, workers, jobs, places=IDS)
    for now, then in zip((friction, workers, jobs), before, strict=True):
        np.testing.assert_array_equal(now, then)
