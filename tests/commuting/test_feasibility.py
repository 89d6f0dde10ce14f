"""Feasibility, against every set of zones tried one by one."""

from __future__ import annotations

from itertools import combinations

import numpy as np
import pytest

from agglo.commuting.feasibility import Shortfall, shortfall


def patchy(seed: int) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Six zones with less than half of the ways between them."""
    random = np.random.default_rng(seed)
    friction = random.random((6, 6)) * (random.random((6, 6)) < 0.45)
    np.fill_diagonal(friction, 1.0)
    workers, jobs = random.integers(1, 30, 6).astype(float), random.integers(1, 30, 6).astype(float)
    jobs *= workers.sum() / jobs.sum()
    return friction, workers, jobs


def worst_by_trying(friction: np.ndarray, workers: np.ndarray, jobs: np.ndarray) -> float:
    """Most workers that any set of zones has beyond the jobs it reaches."""
    worst = 0.0
    zones = range(len(workers))
    for size in range(1, len(workers) + 1):
        for some in combinations(zones, size):
            reach = (friction[list(some)] > 0).any(axis=0)
            worst = max(worst, workers[list(some)].sum() - jobs[reach].sum())
    return worst


def found_by_rounds(
    friction: np.ndarray, workers: np.ndarray, jobs: np.ndarray
) -> Shortfall | None:
    """What the growth of row factors shows after 200 plain rounds."""
    column, rows = np.ones(len(jobs)), []
    for _ in range(200):
        rows.append(workers / (friction @ column))
        column = jobs / (rows[-1] @ friction)
    everyone = np.ones(len(workers), dtype=bool)
    return shortfall(
        friction,
        workers,
        jobs,
        free_rows=everyone,
        free_columns=np.ones(len(jobs), dtype=bool),
        growth=rows[-1] / rows[-50],
    )


@pytest.mark.parametrize("seed", range(60))
def test_it_finds_a_shortfall_exactly_where_trying_all_sets_finds_one(seed: int) -> None:
    friction, workers, jobs = patchy(seed)
    worst = worst_by_trying(friction, workers, jobs)
    found = found_by_rounds(friction, workers, jobs)
    if worst < 1e-6:
        assert found is None
        return
    assert found is not None
    own, others = (workers, jobs) if found.is_rows else (jobs, workers)
    ways = friction if found.is_rows else friction.T
    reached = others[(ways[found.zones] > 0).any(axis=0)].sum()
    assert found.own == pytest.approx(own[found.zones].sum())
    assert found.own - found.missing == pytest.approx(reached)
    assert 0 < found.missing <= worst + 1e-9


def test_some_of_the_cases_can_be_met_and_some_cannot() -> None:
    outcomes = {worst_by_trying(*patchy(seed)) > 1e-6 for seed in range(60)}
    assert outcomes == {True, False}
