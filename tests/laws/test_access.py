"""Laws of competition for jobs: every job is handed out exactly once."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

from agglo.indicators.access import jobs_per_worker, weighted_mean, worst_quartile

MOST = 7


@st.composite
def towns(draw: st.DrawFn) -> tuple[pd.DataFrame, pd.Series, pd.Series]:
    """Draw homes and places of work; some ways are missing, but some worker reaches each job."""
    homes, works = draw(st.integers(1, MOST)), draw(st.integers(1, MOST))
    rows, columns = [f"дом '{i}'" for i in range(homes)], [f"w{i}" for i in range(works)]

    def numbers(count: int, most: float) -> np.ndarray:
        one = st.one_of(st.just(0.0), st.floats(1e-3, most))
        return np.array(draw(st.lists(one, min_size=count, max_size=count)))

    workers, jobs = numbers(homes, 1e5), numbers(works, 1e5)
    workers[draw(st.integers(0, homes - 1))] = draw(st.floats(1.0, 1e5))
    cost = numbers(homes * works, 120.0).reshape(homes, works)
    is_cut = np.array(
        draw(st.lists(st.booleans(), min_size=homes * works, max_size=homes * works))
    ).reshape(homes, works)
    is_cut[workers.argmax()] = False
    cost[is_cut] = np.inf
    return (
        pd.DataFrame(cost, index=rows, columns=columns),
        pd.Series(workers, index=rows),
        pd.Series(jobs, index=columns),
    )


@given(world=towns(), decay=st.floats(0.001, 0.3))
def test_workers_times_jobs_per_worker_are_all_jobs(
    world: tuple[pd.DataFrame, pd.Series, pd.Series], decay: float
) -> None:
    cost, workers, jobs = world
    shen = jobs_per_worker(cost, workers, jobs, decay_per_min=decay)
    assert (workers * shen).sum() == pytest.approx(jobs.sum(), rel=1e-9, abs=1e-9)
    mean = jobs.sum() / workers.sum()
    assert weighted_mean(shen, workers) == pytest.approx(mean, rel=1e-9, abs=1e-12)
    assert worst_quartile(shen, workers) <= mean * (1 + 1e-9) + 1e-12


@given(world=towns(), decay=st.floats(0.001, 0.3))
def test_jobs_that_nobody_reaches_are_nobodys(
    world: tuple[pd.DataFrame, pd.Series, pd.Series], decay: float
) -> None:
    cost, workers, jobs = world
    cost = cost.copy()
    cost.iloc[:, 0] = np.inf
    shen = jobs_per_worker(cost, workers, jobs, decay_per_min=decay)
    assert (workers * shen).sum() == pytest.approx(jobs.iloc[1:].sum(), rel=1e-9, abs=1e-9)
