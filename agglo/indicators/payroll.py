"""The payroll of zones: what stands for the output of places where output is not known."""

from __future__ import annotations

import numpy as np
import pandas as pd

from agglo.indicators.agglomeration import GROUPS, RESPONSES
from agglo.indicators.case import Case
from agglo.indicators.wages import MONTHS, latest_wages

OTHER = "other"
"""Group of the jobs whose sector is not known, or has no estimate of its own."""

GROUP_NAMES = (*RESPONSES, OTHER)


def payroll_rub(case: Case) -> pd.DataFrame:
    """Wages of all jobs of the zones inside, RUB a year, by group of sectors.

    The mean wage of the municipality over all industries stands for every job in it; ``nan``
    where it is not known.
    """
    home = case.region["zones"]["municipality_id"].reindex(case.inside)
    wage = home.map(latest_wages(case.region["wages"], pd.Index(home.dropna().unique())))
    return jobs_by_group(case).mul(wage.astype(float) * MONTHS, axis=0)


def jobs_by_group(case: Case) -> pd.DataFrame:
    """Jobs of the zones inside by group of sectors: ``RESPONSES`` and ``OTHER``.

    Jobs of no known sector are among the others. Where more jobs are known by sector than a
    zone has, they are cut down in proportion.
    """
    rows = case.region["sector_jobs"]
    jobs = case.region["zones"]["jobs_count"].reindex(case.inside).to_numpy(dtype=float)
    found = np.zeros((len(jobs), len(GROUP_NAMES)))
    at = case.inside.get_indexer(pd.Index(rows["zone_id"]))
    column = np.array([GROUP_NAMES.index(GROUPS.get(str(one), OTHER)) for one in rows["sector"]],
                      dtype=int)  # fmt: skip
    np.add.at(found, (at[at >= 0], column[at >= 0]), rows["jobs_count"].to_numpy(float)[at >= 0])
    total = found.sum(axis=1)
    found *= np.where(total > jobs, jobs / np.where(total > 0, total, 1.0), 1.0)[:, None]
    found[:, -1] = np.maximum(jobs - found[:, :-1].sum(axis=1), 0.0)
    return pd.DataFrame(found, index=case.inside, columns=list(GROUP_NAMES))


def payroll_coverage_share(case: Case) -> float:
    """Share of the jobs inside whose wage is known; ``nan`` without jobs."""
    jobs = case.region["zones"].loc[case.inside, "jobs_count"]
    known = payroll_rub(case)[OTHER].notna()
    return float(jobs[known].sum() / jobs.sum()) if jobs.sum() > 0 else float("nan")
