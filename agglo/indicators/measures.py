"""The measures of a case: each returns a series by place, with 'all' for the whole region."""

from __future__ import annotations

from collections.abc import Callable

import geopandas as gpd
import numpy as np
import pandas as pd

from agglo.indicators.access import (
    jobs_per_worker,
    reach_count,
    self_containment,
    weighted_mean,
    worst_quartile,
)
from agglo.indicators.case import Case, trips_per_worker, with_transit
from agglo.territory.polycentricity import effective_centres, primacy
from agglo.transport.connectivity import relative_efficiency
from agglo.units import M_PER_KM, MINUTES_PER_HOUR

WHOLE = "all"
"""The place id that stands for the whole region."""


def reach(case: Case, *, mode: str, within_min: float) -> pd.Series:
    """Jobs of the region within reach, by zone; 'all' is the mean over resident workers.

    The mean over workers is the size of the effective labour market (Prud'homme, Lee 1999).
    Jobs outside the region are not counted: only those that its people hold are known. By
    public transport, zones whose stops nobody knows are absent.
    """
    zones = case.region["zones"]
    inside, times = _known(case, mode)
    count = reach_count(
        times.loc[inside, inside], zones["jobs_count"][inside], within_min=within_min
    )
    return _with_whole(count, weighted_mean(count, zones["workers_count"]))


def gravity_reach(case: Case) -> pd.Series:
    """Jobs of the region, each counted less the dearer the way: Hansen (1959)."""
    zones = case.region["zones"].loc[case.inside]
    cost = case.cost_min.loc[case.inside, case.inside]
    pull = np.exp(-case.parameters.decay_per_min * cost.to_numpy())
    reached = pd.Series(pull @ zones["jobs_count"].to_numpy(), index=case.inside)
    return _with_whole(reached, weighted_mean(reached, zones["workers_count"]))


def competition(case: Case) -> pd.Series:
    """Jobs per worker with competition; who crosses the border takes part, as do jobs there."""
    zones = case.region["zones"]
    shen = jobs_per_worker(
        case.cost_min,
        zones["workers_count"],
        zones["jobs_count"],
        decay_per_min=case.parameters.decay_per_min,
    )[case.inside]
    return _with_whole(shen, weighted_mean(shen, zones["workers_count"]))


def competition_worst_quartile(case: Case) -> pd.Series:
    """Jobs per worker of that quarter of the workers who have fewest."""
    shen = competition(case).drop(WHOLE)
    return _whole(worst_quartile(shen, case.region["zones"]["workers_count"][shen.index]))


def minutes_per_worker_day(case: Case) -> pd.Series:
    """Minutes of commuting per resident worker and working day, days at home counted as 0."""
    flows = case.flows.loc[case.inside]
    minutes = (flows * _finite(case, case.mean_min).loc[case.inside]).sum(axis=1)
    per_zone = minutes / flows.sum(axis=1) * trips_per_worker(case.parameters)
    return _with_whole(
        per_zone,
        float(minutes.sum() / flows.to_numpy().sum() * trips_per_worker(case.parameters)),
    )


def containment(case: Case, *, side: str) -> pd.Series:
    """Self-containment by municipality; 'all' is the region as one labour market."""
    home = case.region["zones"].loc[case.inside, "municipality_id"]
    by_municipality = self_containment(case.flows, home[home != ""])[f"{side}_share"]
    whole = self_containment(case.flows, pd.Series(WHOLE, index=case.inside))
    return _with_whole(by_municipality, float(whole[f"{side}_share"].iloc[0]))


def outside_workers(case: Case) -> pd.Series:
    """Share of resident workers who leave the region, by zone."""
    flows = case.flows.loc[case.inside]
    leaving = flows.drop(columns=case.inside).sum(axis=1)
    share = leaving / flows.sum(axis=1)
    return _with_whole(share, float(leaving.sum() / flows.to_numpy().sum()))


def car_commuters(case: Case) -> pd.Series:
    """Share of commuters who go by car, by home zone."""
    flows = case.flows.loc[case.inside]
    by_car = (flows * case.car_share.loc[case.inside].fillna(0.0)).sum(axis=1)
    share = by_car / flows.sum(axis=1)
    return _with_whole(share, float(by_car.sum() / flows.to_numpy().sum()))


def efficiency(case: Case, *, mode: str) -> pd.Series:
    """Relative efficiency of the network between the zones inside."""
    inside, times = _known(case, mode)
    straight = straight_km(case).loc[inside, inside] / case.parameters.ideal_speed_kmh
    return _whole(
        relative_efficiency(
            times.loc[inside, inside].to_numpy(), straight.to_numpy() * MINUTES_PER_HOUR
        )
    )


def transit_coverage(case: Case) -> pd.Series:
    """Share of workers in zones whose public transport is known."""
    workers = case.region["zones"]["workers_count"]
    return _whole(float(workers[with_transit(case)].sum() / workers[case.inside].sum()))


def straight_km(case: Case) -> pd.DataFrame:
    """Straight lines between the centres of zones, km."""
    zones = case.region["zones"]
    points = gpd.points_from_xy(zones["lon"], zones["lat"], crs="EPSG:4326")
    metric = points.to_crs(case.region.crs)
    x, y = np.asarray(metric.x), np.asarray(metric.y)
    km = np.hypot(x[:, None] - x, y[:, None] - y) / M_PER_KM
    return pd.DataFrame(km, index=zones.index, columns=zones.index)


def link_loss(case: Case) -> pd.Series:
    """Person-minutes a day lost when a link closes, by link; no sum: links close one by one."""
    return case.link_losses["loss_person_min"]


def worst_link_loss(case: Case) -> pd.Series:
    """Loss of the worst single link as a share of all commuting minutes of a day."""
    if case.link_losses.empty:
        return _whole(0.0)
    cost = _finite(case, case.cost_min)
    total = float((case.flows * cost).to_numpy().sum() * trips_per_worker(case.parameters))
    return _whole(float(case.link_losses["loss_person_min"].max()) / total)


def extra_person_minutes(case: Case) -> pd.Series:
    """Minutes × people a day that the baseline's commuters lose (or gain, below 0), by home.

    Flows are held at the baseline's, so that the figure is about the same trips.
    """
    flows = case.baseline_flows
    change = _finite(case, case.cost_min) - _finite(case, case.baseline_cost_min)
    extra = (flows * change).sum(axis=1) * trips_per_worker(case.parameters)
    return _with_whole(extra[case.inside], float(extra.sum()))


def unserved(case: Case) -> pd.Series:
    """Commuters of the baseline who have no way left, by home."""
    lost = np.isinf(case.cost_min) & np.isfinite(case.baseline_cost_min)
    count = (case.baseline_flows * lost).sum(axis=1)
    return _with_whole(count[case.inside], float(count.sum()))


def centre_primacy(case: Case, *, what: str) -> pd.Series:
    """Share of the largest centre in all centres; absent where there are fewer than two."""
    return _of_centres(case, what, primacy)


def centre_number(case: Case, *, what: str) -> pd.Series:
    """Effective number of centres; absent where there are fewer than two."""
    return _of_centres(case, what, effective_centres)


def local_match(case: Case) -> pd.Series:
    """Share of workers for whom there is a job in their own zone: Σ min(W, J) / Σ W."""
    zones = case.region["zones"].loc[case.inside]
    matched = np.minimum(zones["workers_count"], zones["jobs_count"]).sum()
    return _whole(float(matched / zones["workers_count"].sum()))


def _known(case: Case, mode: str) -> tuple[pd.Index, pd.DataFrame]:
    """Return the zones for which a mode is known, and its minutes."""
    if mode == "car":
        return case.inside, case.car_min
    return with_transit(case), case.transit_min


def _of_centres(case: Case, what: str, function: Callable[[pd.Series], float]) -> pd.Series:
    zones = case.region["zones"]
    sizes: pd.Series = zones.loc[zones["is_centre"], f"{what}_count"]
    return _whole(function(sizes) if len(sizes) > 1 else float("nan"))


def _finite(case: Case, minutes: pd.DataFrame) -> pd.DataFrame:
    """Count a way that does not exist as the penalty for being unserved."""
    return minutes.where(np.isfinite(minutes), case.parameters.unserved_min)


def _whole(value: float) -> pd.Series:
    return pd.Series({WHOLE: value}, dtype=float)


def _with_whole(values: pd.Series, whole: float) -> pd.Series:
    both: pd.Series = pd.concat([values.astype(float), _whole(whole)])
    return both
