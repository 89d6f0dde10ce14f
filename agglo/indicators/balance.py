"""Balance of homes and jobs: how many jobs a place has for its workers."""

from __future__ import annotations

import pandas as pd

from agglo.indicators.access import along


def job_housing_ratio(workers_count: pd.Series, jobs_count: pd.Series) -> pd.Series:
    """Jobs per resident worker of each zone (Cervero 1989); ``nan`` where nobody works.

    Examples
    --------
    >>> job_housing_ratio(pd.Series([100.0, 50]), pd.Series([80.0, 70])).tolist()
    [0.8, 1.4]
    """
    jobs = along(jobs_count, workers_count.index, "jobs_count")
    return (jobs / workers_count.where(workers_count > 0)).rename("job_housing_ratio")


def job_housing_mismatch(workers_count: pd.Series, jobs_count: pd.Series) -> float:
    """Share of workers who would have to move for each zone to have its share of the jobs.

    Index of dissimilarity (Duncan and Duncan 1955): ``½ Σ |workers/Σ workers − jobs/Σ jobs|``.

    Returns
    -------
    job_housing_mismatch
        0 (jobs are shared as workers are) to 1; ``nan`` without workers or jobs.

    Examples
    --------
    >>> round(job_housing_mismatch(pd.Series([100, 50]), pd.Series([80, 70])), 8)
    0.13333333
    """
    jobs = along(jobs_count, workers_count.index, "jobs_count")
    if not (workers_count.sum() > 0 and jobs.sum() > 0):
        return float("nan")
    return float((workers_count / workers_count.sum() - jobs / jobs.sum()).abs().sum() / 2)
