"""Access to jobs, with and without competition, and the burden of commuting."""

from __future__ import annotations

import numpy as np
import pandas as pd

from agglo.errors import TableError


def reach_count(times_min: pd.DataFrame, jobs_count: pd.Series, *, within_min: float) -> pd.Series:
    """Count the jobs each place can reach in time, its own included.

    Cumulative opportunities (Wachs and Kumagai 1973); the limit itself counts as in time.

    Parameters
    ----------
    times_min
        Minutes; rows are origins, columns destinations, ``inf`` where there is no way.
    jobs_count
        Jobs by destination, one for every column of ``times_min``.
    within_min
        Longest trip that still counts, in minutes.

    Raises
    ------
    TableError
        If a destination has no job count.

    Examples
    --------
    >>> times = pd.DataFrame({"a": [0, 20], "b": [20, 0]}, index=["a", "b"])
    >>> reach_count(times, pd.Series({"a": 5, "b": 7}), within_min=15).to_dict()
    {'a': 5, 'b': 7}
    """
    jobs = _along(jobs_count, times_min.columns, "jobs_count")
    return (times_min.le(within_min) @ jobs).rename("reach_count")


def jobs_per_worker(
    cost_min: pd.DataFrame,
    workers_count: pd.Series,
    jobs_count: pd.Series,
    *,
    decay_per_min: float,
) -> pd.Series:
    """Jobs per worker with competition for them (Shen 1998; Luo and Wang 2003).

    The mean over zones weighted by workers is jobs over workers exactly, where every job can
    be reached.

    Parameters
    ----------
    cost_min
        Minutes, home × work.
    decay_per_min
        ``b`` of the exponential decay.

    Returns
    -------
    jobs_per_worker
        Indexed like the rows of ``cost_min``.

    Examples
    --------
    >>> cost = pd.DataFrame([[15.0, 30, 100], [30, 15, 100], [100, 100, 15]])
    >>> shen = jobs_per_worker(cost, pd.Series([50e3, 150e3, 10e3]),
    ...                        pd.Series([100e3, 100e3, 10e3]), decay_per_min=0.1)
    >>> shen.round(5).tolist()
    [1.33667, 0.88802, 0.99632]
    """
    workers = _along(workers_count, cost_min.index, "workers_count").to_numpy(dtype=float)
    jobs = _along(jobs_count, cost_min.columns, "jobs_count").to_numpy(dtype=float)
    pull = np.exp(-decay_per_min * cost_min.to_numpy(dtype=float))
    rivals = workers @ pull
    shares = np.divide(jobs, rivals, out=np.zeros_like(jobs), where=rivals > 0)
    return pd.Series(pull @ shares, index=cost_min.index, name="jobs_per_worker")


def self_containment(flows: pd.DataFrame, group: pd.Series) -> pd.DataFrame:
    """Share of residents who work at home and of jobs held by residents, by group of zones.

    Parameters
    ----------
    flows
        Persons, home zone × work zone, outside zones included.
    group
        Group of each zone, such as its municipality; zones without one form no group.

    Returns
    -------
    self_containment
        Index group; columns ``supply_share`` (internal over resident workers) and
        ``demand_share`` (internal over jobs), 0–1.
    """
    home = flows.groupby(group.reindex(flows.index)).sum()
    both = home.T.groupby(group.reindex(flows.columns)).sum().T
    own = both.index.intersection(both.columns)
    inner = pd.Series([both.loc[key, key] for key in own], index=own, dtype=float)
    jobs = flows.sum().groupby(group.reindex(flows.columns)).sum()
    return pd.DataFrame(
        {"supply_share": inner / home.sum(axis=1)[own], "demand_share": inner / jobs[own]}
    )


def worst_quartile(values: pd.Series, weights: pd.Series) -> float:
    """Mean of the values of that quarter of the people who have least.

    Examples
    --------
    >>> worst_quartile(pd.Series([1.0, 2.0]), pd.Series([25, 75]))
    1.0
    """
    order = values.sort_values(kind="stable").index
    people = weights.reindex(order).astype(float)
    quarter = people.sum() / 4
    counted = people.cumsum().clip(upper=quarter).diff().fillna(min(people.iloc[0], quarter))
    return float((values[order] * counted).sum() / quarter)


def weighted_mean(values: pd.Series, weights: pd.Series) -> float:
    """Mean of values weighted by people; ``nan`` where there are none."""
    if not weights.reindex(values.index).sum() > 0:
        return float("nan")
    return float(np.average(values.to_numpy(dtype=float), weights=weights.reindex(values.index)))


def _along(values: pd.Series, index: pd.Index, name: str) -> pd.Series:
    found = values.reindex(index)
    if found.isna().any():
        raise TableError(f"{name} has no row for {found.index[found.isna()][0]!r}")
    return found
