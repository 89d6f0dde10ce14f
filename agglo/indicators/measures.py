"""The measures of a case: each returns a series by place, with 'all' for the whole region."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import pandas as pd

from agglo.commuting.modes import kept_mode_minutes
from agglo.indicators.access import (
    floating_catchment,
    reach_count,
    self_containment,
    weighted_mean,
    worst_quartile,
)
from agglo.indicators.case import (
    Case,
    arrays,
    trips_per_worker,
)
from agglo.transport.connectivity import counted_minutes, extra_minutes, relative_efficiency
from agglo.transport.topology import Floats
from agglo.units import MINUTES_PER_HOUR

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
    return with_whole(count, weighted_mean(count, zones["workers_count"]))


def gravity_reach(case: Case) -> pd.Series:
    """Jobs of the region, each counted less the dearer the way: Hansen (1959)."""
    zones = case.region["zones"].loc[case.inside]
    cost = case.travel.cost_min.loc[case.inside, case.inside]
    pull = np.exp(-case.parameters.decay_per_min * cost.to_numpy())
    reached = pd.Series(pull @ zones["jobs_count"].to_numpy(), index=case.inside)
    return with_whole(reached, weighted_mean(reached, zones["workers_count"]))


def competition(case: Case) -> pd.Series:
    """Jobs per worker with competition, across the border as the baseline's flows have it.

    Outside zones stand with the people who cross the border; nobody of them competes for the
    jobs outside, as in the flows.
    """
    zones = case.region["zones"]
    is_inside = zones.index.isin(case.inside)
    cost = case.travel.felt_min.to_numpy(dtype=float)
    cost = np.where(is_inside | is_inside[:, None], cost, np.inf)
    flows = case.baseline_flows.to_numpy()
    workers = np.where(is_inside, zones["workers_count"].to_numpy(dtype=float), flows.sum(axis=1))
    jobs = np.where(is_inside, zones["jobs_count"].to_numpy(dtype=float), flows.sum(axis=0))
    shen = floating_catchment(
        pd.DataFrame(np.exp(-case.parameters.decay_per_min * cost)),
        pd.Series(workers),
        pd.Series(jobs),
    )
    own = pd.Series(shen.to_numpy()[is_inside], index=zones.index[is_inside])
    return with_whole(own, weighted_mean(own, zones["workers_count"]))


def competition_worst_quartile(case: Case) -> pd.Series:
    """Jobs per worker of that quarter of the workers who have fewest."""
    shen = competition(case).drop(WHOLE)
    return whole_only(worst_quartile(shen, case.region["zones"]["workers_count"][shen.index]))


def minutes_per_worker_day(case: Case) -> pd.Series:
    """Minutes of commuting per resident worker and working day, days at home counted as 0.

    Zones where nobody works are absent, here and in all shares of workers.
    """
    flows = case.flows.loc[case.inside]
    minutes = (flows * counted(case).loc[case.inside]).sum(axis=1)
    per_zone = minutes / flows.sum(axis=1) * trips_per_worker(case.parameters)
    return with_whole(
        per_zone.dropna(),
        float(minutes.sum() / flows.to_numpy().sum() * trips_per_worker(case.parameters)),
    )


def containment(case: Case, *, side: str) -> pd.Series:
    """Self-containment by municipality; 'all' is the region as one labour market."""
    home = case.region["zones"].loc[case.inside, "municipality_id"]
    by_municipality = self_containment(case.flows, home[home != ""])[f"{side}_share"]
    whole = self_containment(case.flows, pd.Series(WHOLE, index=case.inside))
    return with_whole(by_municipality.dropna(), float(whole[f"{side}_share"].iloc[0]))


def outside_workers(case: Case) -> pd.Series:
    """Share of resident workers who leave the region, by zone."""
    flows = case.flows.loc[case.inside]
    leaving = flows.drop(columns=case.inside).sum(axis=1)
    share = leaving / flows.sum(axis=1)
    return with_whole(share.dropna(), float(leaving.sum() / flows.to_numpy().sum()))


def commuters_by(case: Case, *, mode: str) -> pd.Series:
    """Share of commuters who go by a mode, by home zone."""
    flows = case.flows.loc[case.inside]
    taken = (flows * case.travel.shares[mode].loc[case.inside].fillna(0.0)).sum(axis=1)
    share = taken / flows.sum(axis=1)
    return with_whole(share.dropna(), float(taken.sum() / flows.to_numpy().sum()))


def efficiency(case: Case, *, mode: str) -> pd.Series:
    """Relative efficiency of the network between the zones inside."""
    inside, times = _known(case, mode)
    straight = case.straight_km.loc[inside, inside] / case.parameters.ideal_speed_kmh
    return whole_only(
        relative_efficiency(
            times.loc[inside, inside].to_numpy(), straight.to_numpy() * MINUTES_PER_HOUR
        )
    )


def transit_coverage(case: Case) -> pd.Series:
    """Share of workers in zones whose public transport is known."""
    workers = case.region["zones"]["workers_count"]
    return whole_only(float(workers[_with_transit(case)].sum() / workers[case.inside].sum()))


def link_loss(case: Case) -> pd.Series:
    """Person-minutes a day lost when a link closes, by link; no sum: links close one by one."""
    return case.link_losses["loss_person_min"]


def worst_link_loss(case: Case) -> pd.Series:
    """Loss of the worst single road link as a share of all commuting minutes of a day."""
    losses = road_losses(case)
    if losses.empty:
        return whole_only(float("nan"))
    total = float((case.flows * counted(case)).to_numpy().sum() * trips_per_worker(case.parameters))
    return whole_only(float(losses["loss_person_min"].max()) / total)


def road_losses(case: Case) -> pd.DataFrame:
    """Losses of road links alone; those of train and bus lines stand beside them."""
    return case.link_losses[case.link_losses.index.isin(case.region["links"].index)]


def link_volume(case: Case) -> pd.Series:
    """Cars of commuters in the peak hour on each link, both directions together."""
    return case.link_volume


def wait(case: Case, *, window: str, quantile: str) -> pd.Series:
    """Minutes that commuters by public transport wait, by home zone.

    The quantile is one over departures, of each trip; the mean is over the commuters who take
    that trip in the peak. Zones from which nobody can go by public transport are absent.
    """
    if window not in case.waits:
        return whole_only(float("nan"))
    minutes = getattr(case.waits[window], f"{quantile}_min").loc[case.inside]
    people = (case.flows * case.travel.shares["transit"]).loc[case.inside].fillna(0.0)
    taken = people.where(np.isfinite(minutes), 0.0)
    waited = (taken * minutes.where(np.isfinite(minutes), 0.0)).sum(axis=1)
    own = taken.sum(axis=1)
    whole = float(waited.sum() / own.sum()) if own.sum() > 0 else float("nan")
    return with_whole((waited / own.where(own > 0)).dropna(), whole)


def minutes_to(case: Case, *, kind: str) -> pd.Series:
    """Minutes by car to the nearest facility of a kind; 'all' is the mean over residents.

    Zones without any way to one are absent.
    """
    if kind not in case.facility_min:
        return whole_only(float("nan"))
    nearest = case.facility_min.loc[case.inside, kind]
    reached = nearest[np.isfinite(nearest)]
    return with_whole(reached, weighted_mean(reached, case.region["zones"]["population_count"]))


def network_index(case: Case, *, name: str) -> pd.Series:
    """Return an index of the whole road network."""
    return whole_only(float(case.connectivity.get(name, np.nan)))


def cut_off_people(case: Case) -> pd.Series:
    """Residents whom some single road link cuts off from the zone with most jobs; by zone.

    Zones that no single link cuts off have 0.
    """
    inside = case.region["zones"].loc[case.inside]
    if case.cut_off.empty:
        return with_whole(inside["population_count"] * 0.0, 0.0)
    lost = inside.index.isin(case.cut_off.loc[case.cut_off["is_cut_from_hubs"], "place_id"])
    people = inside["population_count"].where(lost, 0.0)
    return with_whole(people, float(people.sum()))


def extra_person_minutes(case: Case) -> pd.Series:
    """Minutes × people a day that the baseline's commuters lose (or gain, below 0), by home.

    The same people make the same trips by the same mode as in the baseline; outside zones are
    homes too, so that places add up to 'all'.
    """
    change = extra_minutes(
        _kept(case),
        case.baseline_travel.mean_min.to_numpy(),
        unserved_min=case.parameters.unserved_min,
    )
    extra = (case.baseline_flows * change).sum(axis=1) * trips_per_worker(case.parameters)
    return with_whole(extra, float(extra.sum()))


def unserved(case: Case) -> pd.Series:
    """Commuters of the baseline who have no way left by either mode, by home.

    Outside zones are homes too.
    """
    lost = np.isinf(_kept(case)) & np.isfinite(case.baseline_travel.mean_min)
    count = (case.baseline_flows * lost).sum(axis=1)
    return with_whole(count, float(count.sum()))


def zone_counts(case: Case, *, what: str) -> pd.Series:
    """Count what each zone inside has: population or jobs."""
    counts: pd.Series = case.region["zones"].loc[case.inside, f"{what}_count"]
    return with_whole(counts, float(counts.sum()))


def of_centres(case: Case, *, what: str, function: Callable[[pd.Series], float]) -> pd.Series:
    """Measure how the centres share population or jobs; absent for fewer than two centres."""
    zones = case.region["zones"]
    sizes: pd.Series = zones.loc[zones["is_centre"], f"{what}_count"]
    return whole_only(function(sizes) if len(sizes) > 1 else float("nan"))


def local_match(case: Case) -> pd.Series:
    """Share of workers for whom there is a job in their own zone: Σ min(W, J) / Σ W."""
    zones = case.region["zones"].loc[case.inside]
    matched = np.minimum(zones["workers_count"], zones["jobs_count"]).sum()
    return whole_only(float(matched / zones["workers_count"].sum()))


def _with_transit(case: Case) -> pd.Index:
    return case.inside[case.inside.isin(case.with_stops)]


def _known(case: Case, mode: str) -> tuple[pd.Index, pd.DataFrame]:
    """Return the zones for which a mode is known, and its minutes."""
    minutes = case.travel.minutes[mode]
    return (case.inside if mode == "car" else _with_transit(case)), minutes


def _kept(case: Case) -> Floats:
    """Minutes of the baseline's commuters when everybody keeps their mode."""
    return kept_mode_minutes(
        arrays(case.travel.minutes),
        arrays(case.baseline_travel.shares),
        before_min=arrays(case.baseline_travel.minutes),
    )


def counted(case: Case) -> pd.DataFrame:
    """Mean minutes as they are counted: none more than a trip that is cut off."""
    mean = case.travel.mean_min
    counted = counted_minutes(
        mean.to_numpy(),
        case.baseline_travel.mean_min.to_numpy(),
        unserved_min=case.parameters.unserved_min,
    )
    return pd.DataFrame(counted, index=mean.index, columns=mean.columns)


def whole_only(value: float) -> pd.Series:
    """Return a value that stands for the whole region alone."""
    return pd.Series({WHOLE: value}, dtype=float)


def with_whole(values: pd.Series, whole: float) -> pd.Series:
    """Put the value for the whole region behind those of the places."""
    both = np.append(values.to_numpy(dtype=float), whole)
    return pd.Series(both, index=values.index.append(pd.Index([WHOLE], dtype=values.index.dtype)))
