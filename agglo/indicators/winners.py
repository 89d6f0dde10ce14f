"""Winners and losers of a scenario: how many resident workers, where, and of what wage."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import pandas as pd

from agglo.errors import CompareError, FlowError
from agglo.indicators.case import Case, trips_per_worker
from agglo.indicators.registry import values_of
from agglo.indicators.wages import latest_wages
from agglo.transport.connectivity import counted_minutes
from agglo.transport.topology import Floats

LEAST_CHANGE_MIN = 0.05
"""Minutes a worker-day; who gains or loses less than three seconds a day stays the same."""

Names = npt.NDArray[np.object_]

WAGE_GROUPS = ("low", "middle", "high")
GROUPS = ("municipality", "zone", "wage")
COLUMNS = [
    "scenario", "group", "place_id", "people_count", "gain_count", "lose_count", "same_count",
    "change_min", "jobs_change", "wage_rub",
]  # fmt: skip


@dataclass(frozen=True, slots=True, kw_only=True)
class ZoneChanges:
    """What changes for the workers of each zone inside; arrays in the order of the zones."""

    people: Floats
    gain: Floats
    lose: Floats
    minutes: Floats
    """Worker-minutes a day."""

    jobs: Floats
    """Worker-jobs reached by decay."""

    wage: Floats


def winners(
    case: Case,
    baseline_case: Case,
    *,
    scenario: str = "",
    least_change_min: float = LEAST_CHANGE_MIN,
) -> pd.DataFrame:
    """Count who gains and who loses by a scenario: by municipality, by zone and by wage.

    The people are the resident workers of the baseline, each with the trip of the baseline:
    what it takes before and after, all modes joined (logsum), both ways, days at home counted
    as 0; cut off trips count as everywhere. Where more jobs come up stands beside it, as the
    change of the jobs reached by decay. Who moves in with the scenario has nothing to compare.

    Parameters
    ----------
    least_change_min
        Minutes a worker-day from which a change counts.

    Returns
    -------
    winners
        One row per place of each group (``GROUPS``), in order of id: ``people_count`` and the
        three that add up to it (``gain_count``, ``lose_count``, ``same_count``), ``change_min``
        (mean minutes a worker-day, below 0 is better), ``jobs_change`` (mean over workers) and
        ``wage_rub`` (mean wage of the home municipality, RUB a month, ``nan`` where unknown).
        Zones of no municipality stand under ''. The group 'wage' holds thirds of the workers by
        that wage ('low', 'middle', 'high'), a municipality being in one third only; it is absent
        where fewer than two wages are known.

    Raises
    ------
    CompareError
        If the two cases have other zones.
    FlowError
        If somebody's minutes are not a number.
    """
    _check_same_zones(case, baseline_case)
    zones = baseline_case.region["zones"].loc[baseline_case.inside]
    home = zones["municipality_id"].fillna("").astype(str).to_numpy(dtype=object)
    changes = _zone_changes(case, baseline_case, home, least_change_min)
    groups = {
        "municipality": home,
        "zone": zones.index.to_numpy(dtype=object),
        "wage": wage_thirds(changes.wage, changes.people),
    }
    frames = [_summed(changes, name, ids) for name, ids in groups.items()]
    found = pd.concat([frame for frame in frames if len(frame)], ignore_index=True)
    found.insert(0, "scenario", scenario)
    return found[COLUMNS]


def wage_thirds(wage_rub: Floats, people_count: Floats) -> Names:
    """Put places into thirds of people by wage: the third that the middle of a wage falls in.

    Equal wages share one third, so the thirds may be uneven.

    Returns
    -------
    wage_thirds
        'low', 'middle' or 'high' by place; '' for places without a wage or people, and for all
        where fewer than two wages are known.

    Examples
    --------
    >>> wage_thirds(np.array([9.0, 5.0, 7.0]), np.array([10.0, 10.0, 10.0])).tolist()
    ['high', 'low', 'middle']
    """
    found = np.full(len(wage_rub), "", dtype=object)
    known = np.isfinite(wage_rub) & (people_count > 0)
    values, at = np.unique(wage_rub[known], return_inverse=True)
    if len(values) < 2:
        return found
    people = np.bincount(at, weights=people_count[known])
    middle = (np.cumsum(people) - people / 2) / people.sum()
    third = np.minimum((middle * len(WAGE_GROUPS)).astype(int), len(WAGE_GROUPS) - 1)
    found[known] = np.array(WAGE_GROUPS, dtype=object)[third[at]]
    return found


def _check_same_zones(case: Case, baseline_case: Case) -> None:
    if not case.flows.index.equals(baseline_case.flows.index):
        raise CompareError(
            "the scenario and the baseline have other zones, so their people cannot be compared; "
            "run both on one workspace"
        )


def _zone_changes(
    case: Case, baseline_case: Case, home: Names, least_change_min: float
) -> ZoneChanges:
    """Find what changes for the trips of the baseline, summed by home zone."""
    inside = baseline_case.inside
    zones = baseline_case.region["zones"].loc[inside]
    people = zones["workers_count"].to_numpy(dtype=float)
    flows = baseline_case.flows.loc[inside].to_numpy(dtype=float)
    change = np.where(flows > 0, _pair_change(case, baseline_case), 0.0)
    if np.isnan(change).any():
        row, column = np.argwhere(np.isnan(change))[0]
        raise FlowError(
            f"the minutes from {inside[row]!r} to {baseline_case.flows.columns[column]!r} are not "
            "a number, yet people commute there; a way that does not exist must be inf"
        )
    total = flows.sum(axis=1)[:, None]
    share = np.divide(flows, total, out=np.zeros_like(flows), where=total > 0)
    reach = _reach(case) - _reach(baseline_case)
    wages = latest_wages(baseline_case.region["wages"], pd.Index(pd.unique(home)))
    return ZoneChanges(
        people=people,
        gain=people * (share * (change <= -least_change_min)).sum(axis=1),
        lose=people * (share * (change >= least_change_min)).sum(axis=1),
        minutes=people * (share * change).sum(axis=1),
        jobs=people * reach[inside].to_numpy(dtype=float),
        wage=pd.Series(home).map(wages).to_numpy(dtype=float),
    )


def _reach(case: Case) -> pd.Series:
    """Jobs reached by decay from each zone."""
    return values_of(case, ["jobs_by_decay"])["jobs_by_decay"]


def _pair_change(case: Case, baseline_case: Case) -> Floats:
    """Minutes a worker-day that trips from zones inside take more than in the baseline."""
    inside, limit = baseline_case.inside, case.parameters.unserved_min
    before = baseline_case.travel.cost_min.loc[inside].to_numpy(dtype=float)
    after = case.travel.cost_min.loc[inside].to_numpy(dtype=float)
    per_day = []
    for cost, one in ((before, baseline_case), (after, case)):
        trips = trips_per_worker(one.region["zones"], one.parameters)[inside]
        counted = counted_minutes(cost, before, unserved_min=limit)
        per_day.append(counted * trips.to_numpy(dtype=float)[:, None])
    return np.asarray(per_day[1] - per_day[0])


def _summed(changes: ZoneChanges, group: str, ids: Names) -> pd.DataFrame:
    """Add zones up by the group that they are in; those of none are left out of wages."""
    kept = ids != "" if group == "wage" else np.ones(len(ids), dtype=bool)
    names, at = np.unique(ids[kept].astype(str), return_inverse=True)

    def total(values: Floats) -> Floats:
        return np.bincount(at, weights=values[kept], minlength=len(names)).astype(float)

    people = total(changes.people)
    gain, lose = total(changes.gain), total(changes.lose)
    known = np.isfinite(changes.wage)
    paid = total(np.where(known, changes.people, 0.0))

    def mean(values: Floats, over: Floats) -> Floats:
        found = np.full(len(over), np.nan)
        np.divide(values, over, out=found, where=over > 0)
        return found

    frame = pd.DataFrame(
        {
            "group": group,
            "place_id": names.astype(object),
            "people_count": people,
            "gain_count": gain,
            "lose_count": lose,
            "same_count": np.maximum(people - gain - lose, 0.0),
            "change_min": mean(total(changes.minutes), people),
            "jobs_change": mean(total(changes.jobs), people),
            "wage_rub": mean(total(np.where(known, changes.wage * changes.people, 0.0)), paid),
        }
    )
    return _in_order(frame) if group == "wage" else frame


def _in_order(frame: pd.DataFrame) -> pd.DataFrame:
    order = frame["place_id"].map(WAGE_GROUPS.index).astype(int).argsort()
    return frame.iloc[order].reset_index(drop=True)
