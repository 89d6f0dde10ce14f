"""The measures of labour mobility beside those of access: room, fairness, gains, wages."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass

import numpy as np
import pandas as pd

from agglo.indicators.access import people_mean, weighted_mean
from agglo.indicators.balance import job_housing_mismatch, job_housing_ratio
from agglo.indicators.case import Case, inside_of
from agglo.indicators.excess import (
    CommuteBounds,
    capacity_used_share,
    commute_bounds,
    excess_share,
    mean_commute_min,
)
from agglo.indicators.fairness import concentration_index
from agglo.indicators.measures import competition, counted, whole_only, with_whole
from agglo.indicators.surplus import logsum_min, rule_of_half
from agglo.indicators.wages import best_wages, latest_wages, main_zones
from agglo.transport.connectivity import counted_minutes
from agglo.transport.topology import Floats

MOST_ZONES = 400
"""Larger regions have no bounds of commuting: each scenario would take too many seconds."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Chances:
    """Jobs per worker with competition, and the workers who have them, by zone inside."""

    per_worker: pd.Series
    workers_count: pd.Series
    wage_rub: pd.Series
    """Mean wage of the zone's municipality, ``nan`` where it is not known."""


@dataclass(frozen=True, slots=True, kw_only=True)
class InnerCommute:
    """The mean commute of those who live and work inside, and its bounds; minutes one way."""

    mean_min: float
    bounds: CommuteBounds


@dataclass(frozen=True, slots=True, kw_only=True)
class WageReach:
    """The best wages within reach by mode, and the workers by zone."""

    best: Mapping[str, pd.DataFrame]
    workers_count: pd.Series


def chances(case: Case) -> Chances:
    """Find the jobs per worker of each zone inside, once for all measures of fairness."""
    home = _inside(case, "municipality_id")
    return Chances(
        per_worker=competition(case).iloc[:-1],
        workers_count=_inside(case, "workers_count"),
        wage_rub=home.map(_wages(case, home)).astype(float),
    )


def available_jobs(own: Chances) -> pd.Series:
    """Jobs that fall to the workers of each zone, with competition; 'all' is their sum."""
    jobs = own.per_worker * own.workers_count
    return with_whole(jobs, float(jobs.sum()))


def over_workers(own: Chances, *, function: Callable[[pd.Series, pd.Series], float]) -> pd.Series:
    """Measure how evenly the workers inside share the jobs per worker."""
    return whole_only(function(own.per_worker, own.workers_count))


def chances_by_wage(own: Chances) -> pd.Series:
    """Concentration index of jobs per worker by the mean wage of the municipality.

    Above 0 where workers of municipalities that pay more have more jobs to choose from. Wages
    are those at the place of work, which stand in for what residents earn. Zones without a
    known wage are left out; ``nan`` where fewer than two wages are known.
    """
    wage = own.wage_rub.dropna()
    if wage.nunique() < 2:
        return whole_only(float("nan"))
    values, workers = own.per_worker[wage.index], own.workers_count[wage.index]
    return whole_only(concentration_index(values, workers, rank_by=wage))


def job_housing(case: Case) -> pd.Series:
    """Jobs per resident worker, by zone inside; zones without workers are absent."""
    workers, jobs = _inside(case, "workers_count"), _inside(case, "jobs_count")
    whole = float(jobs.sum() / workers.sum()) if workers.sum() > 0 else float("nan")
    return with_whole(job_housing_ratio(workers, jobs).dropna(), whole)


def mismatch(case: Case) -> pd.Series:
    """Share of workers, or of jobs, that would have to move for zones to be in balance."""
    return whole_only(
        job_housing_mismatch(_inside(case, "workers_count"), _inside(case, "jobs_count"))
    )


def inner_commute(case: Case) -> InnerCommute:
    """Find the bounds of the commute of those who live and work inside.

    Workers and jobs are the sums of their flows. Minutes are means over the modes taken, cut
    off trips counted as everywhere; pairs that never had a way are left out. Larger regions than
    ``MOST_ZONES`` have no bounds.
    """
    pairs = inside_of(case).pairs()
    has_way = np.isfinite(case.travel.mean_min.to_numpy()[pairs])
    has_way |= np.isfinite(case.baseline_travel.mean_min.to_numpy()[pairs])
    minutes = np.where(has_way, counted(case)[pairs], np.inf)
    cost = pd.DataFrame(minutes, index=case.inside, columns=case.inside)
    flows = pd.DataFrame(case.flows.to_numpy()[pairs], index=case.inside, columns=case.inside)
    bounds = CommuteBounds(least_min=float("nan"), most_min=float("nan"))
    if len(case.inside) <= MOST_ZONES:
        bounds = commute_bounds(cost, flows.sum(axis=1), flows.sum())
    return InnerCommute(mean_min=mean_commute_min(flows, cost), bounds=bounds)


def least_commute(own: InnerCommute) -> pd.Series:
    """Mean minutes one way if everybody worked as near as homes and jobs allow."""
    return whole_only(own.bounds.least_min)


def excess(own: InnerCommute) -> pd.Series:
    """Share of the minutes inside beyond what homes and jobs ask for."""
    return whole_only(excess_share(own.mean_min, own.bounds))


def capacity_used(own: InnerCommute) -> pd.Series:
    """Share of the room between the least and the greatest commute that is used."""
    return whole_only(capacity_used_share(own.mean_min, own.bounds))


def cross_municipal(case: Case) -> pd.Series:
    """Share of resident workers who work in another municipality of the region.

    By municipality; who leaves the region counts among the workers alone. Zones of no
    municipality are neither home nor another one.
    """
    named = case.region["zones"]["municipality_id"].reindex(case.flows.index).fillna("")
    home = named.where(named.index.isin(case.inside), "").to_numpy(dtype=object)
    flows = case.flows.to_numpy()
    known = home != ""
    other = known & (home[:, None] != home)
    rows = pd.DataFrame(
        {"crossing": (flows * other).sum(axis=1)[known], "all": flows.sum(axis=1)[known]}
    )
    sums = rows.groupby(home[known]).sum()
    share = (sums["crossing"] / sums["all"].where(sums["all"] > 0)).dropna()
    total = float(sums["all"].sum())
    return with_whole(share, float(sums["crossing"].sum()) / total if total > 0 else float("nan"))


def access_gain(case: Case) -> pd.Series:
    """Minutes a day that a better choice of jobs is worth to each worker against the baseline.

    The logsum over the jobs inside, by all modes joined: more jobs and shorter ways count
    alike. Zones from which no job is in reach, before or after, are absent.
    """
    own = inside_of(case)
    worth = [
        logsum_min(
            _frame(travel.cost_min.to_numpy()[own.pairs()], case.inside, case.inside),
            pd.Series(flows.to_numpy()[:, own.at].sum(axis=0), index=case.inside),
            scale_per_min=case.parameters.decay_per_min,
        )
        for travel, flows in (
            (case.baseline_travel, case.baseline_flows),
            (case.travel, case.flows),
        )
    ]
    known = (np.isfinite(worth[0]) & np.isfinite(worth[1])).to_numpy()
    gain = (worth[1][known] - worth[0][known]) * own.trips[own.at][known]
    return with_whole(gain, people_mean(gain.to_numpy(), own.workers[known]))


def transport_gain(case: Case) -> pd.Series:
    """Minutes a day that shorter ways save each commuter against the baseline: rule of half.

    All modes joined into one cost, outside zones as places of work included; cut off trips
    count as everywhere. Commuters are the mean of before and after.
    """
    own = inside_of(case)
    limit, zones = case.parameters.unserved_min, case.flows.columns
    before = case.baseline_travel.cost_min.to_numpy()[own.at]
    old, new = (
        counted_minutes(cost, before, unserved_min=limit)
        for cost in (before, case.travel.cost_min.to_numpy()[own.at])
    )
    first = case.baseline_flows.to_numpy()[own.at]
    saved = rule_of_half(
        *(_frame(trips, case.inside, zones) for trips in (first, own.flows)),
        before_min=_frame(old, case.inside, zones),
        after_min=_frame(new, case.inside, zones),
    )
    minutes = saved.to_numpy().sum(axis=1) * own.trips[own.at]
    people = (first.sum(axis=1) + own.flows.sum(axis=1)) / 2
    has = people > 0
    whole = float(minutes.sum() / people.sum()) if has.any() else float("nan")
    return with_whole(pd.Series(minutes[has] / people[has], index=case.inside[has]), whole)


def wage_reach(case: Case, *, within_min: float) -> WageReach:
    """Find the best mean wage within reach of each zone, by car and by public transport.

    Of the municipalities inside, whose jobs stand at the zone with most of them; wages of one
    year. Zones without a known wage of their own are absent; by public transport also those
    whose stops nobody knows. Empty where fewer than two wages are known.
    """
    home = _inside(case, "municipality_id")
    wages = _wages(case, home)
    main = main_zones(home, _inside(case, "jobs_count"))
    main = main[main.index.isin(wages.index)]
    with_stops = case.inside.isin(case.with_stops)
    best = {}
    for mode, known in (("car", np.ones(len(home), dtype=bool)), ("transit", with_stops)):
        minutes = case.travel.minutes[mode].loc[case.inside[known], main.to_numpy()]
        minutes = minutes.set_axis(main.index, axis=1)
        best[mode] = best_wages(minutes, home, wages, within_min=within_min)
    return WageReach(best=best, workers_count=_inside(case, "workers_count"))


def best_wage(own: WageReach, *, mode: str) -> pd.Series:
    """Best mean wage within reach, RUB a month; 'all' is the mean over workers."""
    best = own.best[mode]["best_rub"]
    return with_whole(best, weighted_mean(best, own.workers_count))


def wage_gap(own: WageReach, *, mode: str) -> pd.Series:
    """By how much the best wage within reach is above that at home, share of the latter."""
    best = own.best[mode]
    gap = best["best_rub"] / best["own_rub"] - 1
    return with_whole(gap, weighted_mean(gap, own.workers_count))


def _frame(values: Floats, homes: pd.Index, works: pd.Index) -> pd.DataFrame:
    return pd.DataFrame(values, index=homes, columns=works, copy=False)


def _inside(case: Case, column: str) -> pd.Series:
    """Return what a column of the table of zones says of those inside."""
    zones = case.region["zones"]
    return zones[column].iloc[zones.index.get_indexer(case.inside)]


def _wages(case: Case, home: pd.Series) -> pd.Series:
    """Wages of the municipalities inside; none where there is nothing to compare."""
    wages = latest_wages(case.region["wages"], pd.Index(home.dropna().unique()))
    return wages if len(wages) > 1 else wages.iloc[:0]
