"""The measures of a case: each returns a series by place, with 'all' for the whole region."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import pandas as pd

from agglo.commuting.modes import kept_mode_minutes
from agglo.indicators.access import people_mean, self_containment, shared_jobs, worst_quartile
from agglo.indicators.case import WHOLE as WHOLE
from agglo.indicators.case import Case, Flags, Given, Inside, arrays, inside_of
from agglo.transport.connectivity import counted_minutes, extra_minutes, relative_efficiency
from agglo.transport.topology import Floats
from agglo.units import MINUTES_PER_HOUR

_WHOLE = pd.Index([WHOLE])


def reach(case: Given, *, mode: str, within_min: float) -> pd.Series:
    """Jobs of the region within reach, by zone; 'all' is the mean over resident workers.

    Cumulative opportunities (Wachs and Kumagai 1973); the mean over workers is the size of the
    effective labour market (Prud'homme, Lee 1999). Jobs outside the region are not counted: only
    those that its people hold are known. By public transport, zones whose stops nobody knows
    are absent.
    """
    own = inside_of(case)
    known = _known(own, mode)
    minutes = own.case.travel.minutes[mode].to_numpy()[own.pairs(known)]
    return _over_workers(own, (minutes <= within_min) @ own.jobs[known], known)


def gravity_reach(case: Given) -> pd.Series:
    """Jobs of the region, each counted less the dearer the way: Hansen (1959)."""
    own = inside_of(case)
    cost = own.case.travel.cost_min.to_numpy()[own.pairs()]
    return _over_workers(own, np.exp(-own.case.parameters.decay_per_min * cost) @ own.jobs)


def competition(case: Given) -> pd.Series:
    """Jobs per worker with competition, across the border as the baseline's flows have it.

    Outside zones stand with the people who cross the border; nobody of them competes for the
    jobs outside, as in the flows.
    """
    own = inside_of(case)
    return _over_workers(own, _shared_jobs(own))


def competition_worst_quartile(case: Given) -> pd.Series:
    """Jobs per worker of that quarter of the workers who have fewest."""
    own = inside_of(case)
    return whole_only(worst_quartile(pd.Series(_shared_jobs(own)), pd.Series(own.workers)))


def minutes_per_worker_day(case: Given) -> pd.Series:
    """Minutes of commuting per resident worker and working day, days at home counted as 0.

    Zones where nobody works are absent, here and in all shares of workers.
    """
    own = inside_of(case)
    minutes = (own.flows * counted(own.case)[own.at]).sum(axis=1)
    return _per_worker(own, minutes * own.trips[own.at])


def containment(case: Case, *, side: str) -> pd.Series:
    """Self-containment by municipality; 'all' is the region as one labour market."""
    home = case.region["zones"].loc[case.inside, "municipality_id"]
    by_municipality = self_containment(case.flows, home[home != ""])[f"{side}_share"]
    whole = self_containment(case.flows, pd.Series(WHOLE, index=case.inside))
    return with_whole(by_municipality.dropna(), float(whole[f"{side}_share"].iloc[0]))


def outside_workers(case: Given) -> pd.Series:
    """Share of resident workers who leave the region, by zone."""
    own = inside_of(case)
    return _per_worker(own, np.delete(own.flows, own.at, axis=1).sum(axis=1))


def commuters_by(case: Given, *, mode: str) -> pd.Series:
    """Share of commuters who go by a mode, by home zone."""
    own = inside_of(case)
    shares = np.nan_to_num(own.case.travel.shares[mode].to_numpy()[own.at])
    return _per_worker(own, (own.flows * shares).sum(axis=1))


def efficiency(case: Given, *, mode: str) -> pd.Series:
    """Relative efficiency of the network between the zones inside."""
    own = inside_of(case)
    pairs = own.pairs(_known(own, mode))
    straight = own.case.straight_km.to_numpy()[pairs] / own.case.parameters.ideal_speed_kmh
    minutes = own.case.travel.minutes[mode].to_numpy()[pairs]
    return whole_only(relative_efficiency(minutes, straight * MINUTES_PER_HOUR))


def transit_coverage(case: Given) -> pd.Series:
    """Share of workers in zones whose public transport is known."""
    own = inside_of(case)
    return whole_only(float(own.workers[own.has_transit].sum() / own.workers.sum()))


def link_loss(case: Case) -> pd.Series:
    """Person-minutes a day lost when a link closes, by link; no sum: links close one by one."""
    return case.link_losses["loss_person_min"]


def worst_link_loss(case: Given) -> pd.Series:
    """Loss of the worst single road link as a share of all commuting minutes of a day."""
    own = inside_of(case)
    is_road = _is_road(own.case)
    minutes = (own.case.flows.to_numpy() * counted(own.case)).sum(axis=1) @ own.trips
    if not is_road.any() or not minutes > 0:
        return whole_only(float("nan"))
    losses = own.case.link_losses["loss_person_min"].to_numpy(dtype=float)[is_road]
    return whole_only(float(losses.max() / minutes))


def road_losses(case: Case) -> pd.DataFrame:
    """Losses of road links alone; those of train and bus lines stand beside them."""
    return case.link_losses[_is_road(case)]


def link_volume(case: Case) -> pd.Series:
    """Cars of commuters in the peak hour on each link, both directions together."""
    return case.link_volume


def wait(case: Given, *, window: str, quantile: str) -> pd.Series:
    """Minutes that commuters by public transport wait, by home zone.

    The quantile is one over departures, of each trip; the mean is over the commuters who take
    that trip in the peak. Zones from which nobody can go by public transport are absent.
    """
    own = inside_of(case)
    if window not in own.case.waits:
        return whole_only(float("nan"))
    minutes = getattr(own.case.waits[window], f"{quantile}_min").to_numpy()[own.at]
    share = np.nan_to_num(own.case.travel.shares["transit"].to_numpy()[own.at])
    known = np.isfinite(minutes)
    taken = np.where(known, own.flows * share, 0.0)
    waited = taken * np.where(known, minutes, 0.0)
    return _per_person(own, waited.sum(axis=1), taken.sum(axis=1))


def minutes_to(case: Given, *, kind: str) -> pd.Series:
    """Minutes by car to the nearest facility of a kind; 'all' is the mean over residents.

    Zones without any way to one are absent.
    """
    own = inside_of(case)
    if kind not in own.case.facility_min:
        return whole_only(float("nan"))
    nearest = own.case.facility_min[kind].to_numpy(dtype=float)[own.at]
    has_way = np.isfinite(nearest)
    reached = nearest[has_way]
    return _placed(own, reached, people_mean(reached, own.population[has_way]), has_way)


def network_index(case: Case, *, name: str) -> pd.Series:
    """Return an index of the whole road network."""
    return whole_only(float(case.connectivity.get(name, np.nan)))


def cut_off_people(case: Given) -> pd.Series:
    """Residents whom some single road link cuts off from the zone with most jobs; by zone.

    Zones that no single link cuts off have 0.
    """
    own = inside_of(case)
    lost = np.zeros(len(own.at), dtype=bool)
    if not own.case.cut_off.empty:
        cut = own.case.cut_off
        lost = own.case.inside.isin(cut.loc[cut["is_cut_from_hubs"], "place_id"])
    people = np.where(lost, own.population, 0.0)
    return _placed(own, people, float(people.sum()))


def extra_person_minutes(case: Given) -> pd.Series:
    """Minutes × people a day that the baseline's commuters lose (or gain, below 0), by home.

    The same people make the same trips by the same mode as in the baseline; outside zones are
    homes too, so that places add up to 'all'.
    """
    own = inside_of(case)
    change = extra_minutes(
        _kept(own.case),
        own.case.baseline_travel.mean_min.to_numpy(),
        unserved_min=own.case.parameters.unserved_min,
    )
    return _by_home(own.case, (own.case.baseline_flows.to_numpy() * change).sum(axis=1) * own.trips)


def unserved(case: Case) -> pd.Series:
    """Commuters of the baseline without a way left by either mode, by home, outside ones too."""
    lost = np.isinf(_kept(case)) & np.isfinite(case.baseline_travel.mean_min.to_numpy())
    return _by_home(case, (case.baseline_flows.to_numpy() * lost).sum(axis=1))


def zone_counts(case: Given, *, what: str) -> pd.Series:
    """Count what each zone inside has: population, workers or jobs."""
    own = inside_of(case)
    counts: Floats = getattr(own, what)
    return _placed(own, counts, float(counts.sum()))


def of_centres(case: Case, *, what: str, function: Callable[[pd.Series], float]) -> pd.Series:
    """Measure how the centres share population or jobs; absent for fewer than two centres."""
    zones, name = case.region["zones"], f"{what}_count"
    sizes = pd.Series(zones[name].to_numpy()[zones["is_centre"].to_numpy()], name=name)
    return whole_only(function(sizes) if len(sizes) > 1 and sizes.sum() > 0 else float("nan"))


def local_match(case: Given) -> pd.Series:
    """Share of workers for whom there is a job in their own zone: Σ min(W, J) / Σ W."""
    own = inside_of(case)
    return whole_only(float(np.minimum(own.workers, own.jobs).sum() / own.workers.sum()))


def counted(case: Case) -> Floats:
    """Mean minutes, home × work, as they are counted: none more than a trip that is cut off."""
    return counted_minutes(
        case.travel.mean_min.to_numpy(),
        case.baseline_travel.mean_min.to_numpy(),
        unserved_min=case.parameters.unserved_min,
    )


def whole_only(value: float) -> pd.Series:
    """Return a value that stands for the whole region alone."""
    return pd.Series([value], index=_WHOLE, dtype=float)


def with_whole(values: pd.Series, whole: float) -> pd.Series:
    """Put the value for the whole region behind those of the places."""
    both = np.append(values.to_numpy(dtype=float), whole)
    return pd.Series(both, index=values.index.append(_WHOLE))


def _is_road(case: Case) -> Flags:
    return case.region["links"].index.get_indexer(case.link_losses.index) >= 0


def _known(own: Inside, mode: str) -> Flags:
    """Mark the zones inside for which a mode is known."""
    return own.has_transit if mode != "car" else np.ones(len(own.at), dtype=bool)


def _shared_jobs(own: Inside) -> Floats:
    """Jobs per worker of each zone inside, as ``competition`` explains."""
    cost = own.case.travel.felt_min.to_numpy(dtype=float)
    is_inside = np.zeros(len(cost), dtype=bool)
    is_inside[own.at] = True
    cost = np.where(is_inside | is_inside[:, None], cost, np.inf)
    crossing = own.case.baseline_flows.to_numpy()
    workers, jobs = crossing.sum(axis=1), crossing.sum(axis=0)
    workers[own.at], jobs[own.at] = own.workers, own.jobs
    pull = np.exp(-own.case.parameters.decay_per_min * cost)
    return shared_jobs(pull, workers, jobs)[own.at]


def _kept(case: Case) -> Floats:
    """Minutes of the baseline's commuters when everybody keeps their mode."""
    return kept_mode_minutes(
        arrays(case.travel.minutes),
        arrays(case.baseline_travel.shares),
        before_min=arrays(case.baseline_travel.minutes),
    )


def _over_workers(own: Inside, values: Floats, known: Flags | None = None) -> pd.Series:
    """Values of zones inside, with their mean over resident workers."""
    workers = own.workers if known is None else own.workers[known]
    return _placed(own, values, people_mean(values, workers), known)


def _per_worker(own: Inside, sums: Floats) -> pd.Series:
    """Sums over the commuters of each zone inside per commuter."""
    return _per_person(own, sums, own.flows.sum(axis=1))


def _per_person(own: Inside, sums: Floats, people: Floats) -> pd.Series:
    """Sums per person of each zone inside; absent where there are none."""
    has = people > 0
    whole = float(sums.sum() / people.sum()) if has.any() else float("nan")
    return _placed(own, sums[has] / people[has], whole, has)


def _by_home(case: Case, values: Floats) -> pd.Series:
    """Values of all zones, with their sum."""
    return with_whole(pd.Series(values, index=case.baseline_flows.index), float(values.sum()))


def _placed(own: Inside, values: Floats, whole: float, known: Flags | None = None) -> pd.Series:
    """Values of the zones inside that are known, with that of the whole region behind them."""
    places = own.places
    if known is not None and not known.all():
        places = places[np.append(known, True)]
    return pd.Series(np.append(values, whole), index=places)
