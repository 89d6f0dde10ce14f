"""Excess commuting: how far people travel against the least and the most that could be."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import pandas as pd

from agglo.commuting.gravity import gravity_flows
from agglo.errors import FlowError
from agglo.indicators.access import along
from agglo.indicators.transport_problem import least_cost
from agglo.transport.topology import Floats

ROUNDING = 1e-9
"""Share of the greatest commute below which least and greatest are the same."""

TOTALS_AGREE = 1e-6
"""Share by which the totals of workers and jobs may differ through rounding."""


@dataclass(frozen=True, slots=True, kw_only=True)
class CommuteBounds:
    """The mean commute if people swapped jobs or homes, zones keeping workers and jobs."""

    least_min: float
    """Everybody as near as can be, minutes one way."""

    most_min: float
    """Everybody as far as can be."""


def commute_bounds(
    cost_min: pd.DataFrame,
    workers_count: pd.Series,
    jobs_count: pd.Series,
    *,
    may_be_0_within: bool = False,
) -> CommuteBounds:
    """Least and greatest mean commute that workers and jobs allow (White 1988; Horner 2002).

    The transport problem of linear programming, solved exactly.

    Parameters
    ----------
    cost_min
        Minutes, home × work; ``inf`` where nobody can go. Minutes within a zone must be above
        0: with 0 the least commute is nearly nothing, and nearly all commuting looks like
        excess. The least commute still falls as zones become finer; compare like with like.
    workers_count, jobs_count
        By zone, of one total; zones without any take no part.
    may_be_0_within
        Let minutes within zones be 0, as in test networks.

    Raises
    ------
    FlowError
        If minutes are missing, below 0, or 0 within a zone; totals differ; or some zone's
        workers or jobs cannot all be joined by ways: it is named.

    Examples
    --------
    >>> cost = pd.DataFrame([[5.0, 20.0], [20.0, 5.0]])
    >>> commute_bounds(cost, pd.Series([100, 50]), pd.Series([80, 70]))
    CommuteBounds(least_min=7.0, most_min=17.0)
    """
    people = _counts(workers_count, cost_min.index, "workers_count")
    places = _counts(jobs_count, cost_min.columns, "jobs_count")
    total = float(people.sum())
    if abs(total - places.sum()) > TOTALS_AGREE * max(total, places.sum()):
        raise FlowError(
            f"workers ({total:,.1f}) and jobs ({places.sum():,.1f}) must have one total; take the "
            "sums of rows and of columns of the flows"
        )
    if not total > 0:
        return CommuteBounds(least_min=float("nan"), most_min=float("nan"))
    cost = cost_min.loc[people > 0, places > 0]
    _check_minutes(cost, may_be_0=may_be_0_within)
    ends = [
        least_cost(sign * cost, people[people > 0], places[places > 0]) / total
        for sign in (1.0, -1.0)
    ]
    return CommuteBounds(least_min=ends[0], most_min=-ends[1])


def mean_commute_min(flows: pd.DataFrame, cost_min: pd.DataFrame) -> float:
    """Mean minutes of commuters, one way; ``nan`` without commuters, ``inf`` without a way."""
    people = flows.to_numpy(dtype=float)
    minutes = cost_min.loc[flows.index, flows.columns].to_numpy(dtype=float)
    if not people.sum() > 0:
        return float("nan")
    return float((people * np.where(people > 0, minutes, 0.0)).sum() / people.sum())


def proportional_commute_min(
    cost_min: pd.DataFrame, workers_count: pd.Series, jobs_count: pd.Series
) -> float:
    """Mean commute if distance did not matter (Charron 2007; Yang and Ferreira 2008).

    Each worker takes any job with the same chance: flows are proportional to workers and jobs;
    where some pairs have no way, they are balanced over the others.
    """
    open_pairs = np.where(np.isfinite(cost_min.to_numpy(dtype=float)), 1.0, np.inf)
    ways = pd.DataFrame(open_pairs, index=cost_min.index, columns=cost_min.columns)
    flows = gravity_flows(ways, workers_count, jobs_count, decay_per_min=1.0)
    return mean_commute_min(flows, cost_min)


def excess_share(mean_min: float, bounds: CommuteBounds) -> float:
    """Share of commuting beyond the least that could be: ``(mean − least) / mean``.

    Examples
    --------
    >>> round(excess_share(8.232117284428886, CommuteBounds(least_min=7.0, most_min=17.0)), 8)
    0.14967198
    """
    excess = max(mean_min - bounds.least_min, 0.0)
    return excess / mean_min if mean_min > 0 else float("nan")


def capacity_used_share(mean_min: float, bounds: CommuteBounds) -> float:
    """Share of the range between least and most that is used (Horner 2002; Murphy, Killen 2011).

    Returns
    -------
    capacity_used_share
        0 (everybody as near as can be) to 1; ``nan`` where least and most are the same.
    """
    room = bounds.most_min - bounds.least_min
    if not room > ROUNDING * bounds.most_min:
        return float("nan")
    return min(max((mean_min - bounds.least_min) / room, 0.0), 1.0)


def with_half_nearest(cost_min: pd.DataFrame) -> pd.DataFrame:
    """Set the minutes within each zone to half of those to the nearest other zone.

    A common stand-in where only trips between zones are known. A zone without any way keeps 0.

    Examples
    --------
    >>> with_half_nearest(pd.DataFrame([[0.0, 6.0], [8.0, 0.0]])).to_numpy().tolist()
    [[3.0, 6.0], [8.0, 4.0]]
    """
    same = _same_zone(cost_min)
    nearest = np.where(same, np.inf, cost_min.to_numpy(dtype=float)).min(axis=1, initial=np.inf)
    half = np.where(np.isfinite(nearest), nearest / 2, 0.0)
    values = np.where(same, half[:, None], cost_min.to_numpy(dtype=float))
    return pd.DataFrame(values, index=cost_min.index, columns=cost_min.columns)


def _counts(counts: pd.Series, index: pd.Index, name: str) -> Floats:
    found = along(counts, index, name).to_numpy(dtype=float)
    wrong = ~(np.isfinite(found) & (found >= 0))
    if wrong.any():
        raise FlowError(
            f"{name} of zone {index[wrong][0]!r} is {found[wrong][0]}; counts are numbers of 0 "
            "or more"
        )
    return found


def _check_minutes(cost: pd.DataFrame, *, may_be_0: bool) -> None:
    values = cost.to_numpy(dtype=float)
    wrong = np.isnan(values) | (values < 0)
    if wrong.any():
        row, column = np.argwhere(wrong)[0]
        raise FlowError(
            f"minutes from zone {cost.index[row]!r} to {cost.columns[column]!r} are "
            f"{values[row, column]}; they are 0 or more, and inf where there is no way"
        )
    free = _same_zone(cost) & (values == 0)
    if free.any() and not may_be_0:
        first = cost.index[np.argwhere(free)[0][0]]
        raise FlowError(
            f"zone {first!r} has 0 minutes within itself: the least commute would be nearly "
            "nothing, and nearly all commuting would look like excess; set the minutes within "
            "zones, such as by with_half_nearest()"
        )


def _same_zone(cost: pd.DataFrame) -> npt.NDArray[np.bool_]:
    place = cost.columns.get_indexer(cost.index)
    return np.asarray(place[:, None] == np.arange(cost.shape[1]))
