"""Workers and jobs by zone, estimated by a stated rule; employers; outside zones.

The rule, all of it assumed (no job counts by municipality are at hand):

1. Workers of a zone = census population × share of people aged 15–64 in its district
   (SberIndex 2023) × employed per person aged 15–64 in Kaluga oblast (Rosstat labour force
   survey, 526.8 thousand employed; the oblast's rate is .49 of all people).
2. Jobs inside = workers − those who work in outside zones + those who come from them.
3. Employers whose job count is published keep it, in their zone. The rest is shared among
   zones as workers × district wage / mean wage × a factor for the kind of zone: people of
   rural settlements find fewer jobs at home.
4. Low and high: workers ± 6 % (employment rate .46–.52), jobs of step 3 ± 25 %, published
   counts and outside pulls by their own range.
"""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pandas as pd

from agglo.layers.build.figures import working_age_share

OBLAST_EMPLOYED = 526_800
OBLAST_POPULATION = 1_069_904
WORKERS_SPREAD = 0.06
JOBS_SPREAD = 0.25
KIND_FACTOR = {"city": 1.0, "town": 1.0, "village": 0.7, "remainder": 0.6}
MEAN_DISC_DISTANCE = 128 / (45 * np.pi)
"""Mean distance of two random points of a disc of radius 1 (Santaló 1976)."""
DETOUR = 1.3


def work(
    zones: pd.DataFrame,
    settlements: pd.DataFrame,
    wages: pd.DataFrame,
    data: Path,
    tables: Path,
) -> pd.DataFrame:
    """Estimate population, workers and jobs of every zone, with a low and a high value.

    Returns
    -------
    work
        One row per zone; whole numbers; inside and outside margins balance exactly.
    """
    inside = zones[zones["kind"] != "outside"].set_index("zone_id")
    people = settlements.groupby("zone_id")["population_count"].sum().reindex(inside.index)
    share = working_age_share(data, tables)
    per_working_age = OBLAST_EMPLOYED / (OBLAST_POPULATION * share["oblast"])
    workers = whole(people * inside["municipality_id"].map(share) * per_working_age)
    pull = pd.read_csv(tables / "outside_pull.csv").set_index("zone_id")
    total = workers.sum() - pull["out_jobs_count"].sum() + pull["in_workers_count"].sum()
    jobs = _jobs(inside, workers, wages, employers(tables), int(total))
    frame = pd.DataFrame(
        {
            "population_count": people,
            "workers_count": workers,
            "workers_low_count": whole(workers * (1 - WORKERS_SPREAD)),
            "workers_high_count": whole(workers * (1 + WORKERS_SPREAD)),
            **jobs,
            "internal_km": _internal_km(inside, settlements),
        }
    )
    return _with_outside(frame, pull).assign(status="assumed").reset_index()


def employers(tables: Path) -> pd.DataFrame:
    """List the known employers; a job count that nobody publishes stays empty."""
    return pd.read_csv(tables / "employers.csv")


def whole(values: pd.Series) -> pd.Series:
    """Round to whole numbers so that the total stays the nearest whole number too.

    Largest remainders are rounded up (Hamilton's method); ties go to the earlier row.
    """
    floor: pd.Series = np.floor(values)
    missing = round(float(values.sum() - floor.sum()))
    order = (values - floor).sort_values(ascending=False, kind="stable").index[:missing]
    return (floor + floor.index.isin(order)).astype(int)


def _jobs(
    inside: pd.DataFrame,
    workers: pd.Series,
    wages: pd.DataFrame,
    known: pd.DataFrame,
    total: int,
) -> dict[str, pd.Series]:
    counted = known[known["counts"]].groupby("zone_id")
    fixed = {
        column: counted[column].sum().reindex(inside.index, fill_value=0.0)
        for column in ("jobs_count", "jobs_low_count", "jobs_high_count")
    }
    mean_2023 = wages[(wages["year"] == 2023) & (wages["industry"] == "all")]
    wage = inside["municipality_id"].map(mean_2023.set_index("municipality_id")["wage_rub"])
    weight = workers * (wage / wage.mean()) * inside["kind"].map(KIND_FACTOR)
    rest = weight / weight.sum() * (total - fixed["jobs_count"].sum())
    return {
        "jobs_count": whole(rest + fixed["jobs_count"]),
        "jobs_low_count": whole(rest * (1 - JOBS_SPREAD) + fixed["jobs_low_count"]),
        "jobs_high_count": whole(rest * (1 + JOBS_SPREAD) + fixed["jobs_high_count"]),
    }


def _internal_km(inside: pd.DataFrame, settlements: pd.DataFrame) -> pd.Series:
    """Mean trip inside a zone: a disc of its area, a remainder split into its settlements."""
    parts = settlements.groupby("zone_id").size().reindex(inside.index)
    radius_km: pd.Series = np.sqrt(inside["area_km2"] / parts / np.pi)
    return (MEAN_DISC_DISTANCE * radius_km * DETOUR).round(2)


def _with_outside(frame: pd.DataFrame, pull: pd.DataFrame) -> pd.DataFrame:
    outside = pd.DataFrame(
        {
            "population_count": 0,
            "workers_count": pull["in_workers_count"],
            "workers_low_count": pull["in_workers_low_count"],
            "workers_high_count": pull["in_workers_high_count"],
            "jobs_count": pull["out_jobs_count"],
            "jobs_low_count": pull["out_jobs_low_count"],
            "jobs_high_count": pull["out_jobs_high_count"],
            "internal_km": pull["internal_km"],
        }
    )
    return pd.concat([frame, outside]).rename_axis("zone_id")
