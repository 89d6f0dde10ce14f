"""Access to jobs, with and without competition, and the burden of commuting."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt
import pandas as pd

from agglo.errors import TableError
from agglo.transport.topology import Floats


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
    jobs = along(jobs_count, times_min.columns, "jobs_count")
    return (times_min.le(within_min) @ jobs).rename("reach_count")


def effective_labour_market(
    times_min: pd.DataFrame,
    workers_count: pd.Series,
    jobs_count: pd.Series,
    *,
    within_min: float,
) -> float:
    """Jobs that the average worker can reach in time (Prud'homme and Lee 1999).

    Returns
    -------
    effective_labour_market
        Jobs; ``nan`` where nobody works.

    Examples
    --------
    >>> times = pd.DataFrame({"a": [0, 20], "b": [20, 0]}, index=["a", "b"])
    >>> workers, jobs = pd.Series({"a": 3, "b": 1}), pd.Series({"a": 8, "b": 4})
    >>> effective_labour_market(times, workers, jobs, within_min=15)
    7.0
    """
    workers = along(workers_count, times_min.index, "workers_count")
    return weighted_mean(reach_count(times_min, jobs_count, within_min=within_min), workers)


def exponential_pull(cost_min: pd.DataFrame, *, decay_per_min: float) -> pd.DataFrame:
    """How much a job counts at the end of each way: ``exp(−b × minutes)``, 0 without a way."""
    values = np.exp(-decay_per_min * cost_min.to_numpy(dtype=float))
    return pd.DataFrame(values, index=cost_min.index, columns=cost_min.columns)


def logistic_pull(cost_min: pd.DataFrame, *, half_min: float, decay_per_min: float) -> pd.DataFrame:
    """How much a job counts, flat near home, then falling: ``1 / (1 + exp(b (minutes − half)))``.

    A job ``half_min`` away counts one half; without a way it counts 0.
    """
    slope = decay_per_min / 2 * (cost_min.to_numpy(dtype=float) - half_min)
    # the same curve, written so that long ways do not overflow.
    values = (1 - np.tanh(slope)) / 2
    return pd.DataFrame(values, index=cost_min.index, columns=cost_min.columns)


def pulled_count(pull: pd.DataFrame, jobs_count: pd.Series) -> pd.Series:
    """Jobs, each counted as much as it pulls from where it is (Hansen 1959).

    Parameters
    ----------
    pull
        How much a job counts, home × work, such as ``exponential_pull``.

    Examples
    --------
    >>> cost = pd.DataFrame([[15.0, 30, 100], [30, 15, 100], [100, 100, 15]])
    >>> pull = exponential_pull(cost, decay_per_min=0.1)
    >>> pulled_count(pull, pd.Series([100e3, 100e3, 10e3])).round(2).tolist()
    [27292.18, 27292.18, 2240.38]
    """
    jobs = along(jobs_count, pull.columns, "jobs_count").to_numpy(dtype=float)
    return pd.Series(pull.to_numpy(dtype=float) @ jobs, index=pull.index, name="pulled_count")


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
    return floating_catchment(
        exponential_pull(cost_min, decay_per_min=decay_per_min), workers_count, jobs_count
    )


def floating_catchment(
    pull: pd.DataFrame, workers_count: pd.Series, jobs_count: pd.Series
) -> pd.Series:
    """Jobs per worker with competition, for any decay (Shen 1998; Luo and Wang 2003).

    Each job is shared among the workers in proportion to its pull on them. A job that pulls
    nobody is nobody's.

    Parameters
    ----------
    pull
        How much a job counts, home × work, 0 where there is no way.
    """
    shared = shared_jobs(*_arrays(pull, workers_count, jobs_count))
    return pd.Series(shared, index=pull.index, name="jobs_per_worker")


def shared_jobs(pull: Floats, workers: Floats, jobs: Floats) -> Floats:
    """Jobs per worker as ``floating_catchment`` has them, of arrays in one order."""
    return np.asarray(pull @ _ratio(jobs, workers @ pull))


def spatial_availability(
    pull: pd.DataFrame, workers_count: pd.Series, jobs_count: pd.Series
) -> pd.Series:
    """Jobs that fall to the workers of each zone (Soukhov et al. 2023).

    They add up to all jobs that pull anybody; over the workers they are those of
    ``floating_catchment`` (Soukhov et al. show that the two are one).

    Examples
    --------
    >>> cost = pd.DataFrame([[15.0, 30, 100], [30, 15, 100], [100, 100, 15]])
    >>> pull = exponential_pull(cost, decay_per_min=0.1)
    >>> jobs = spatial_availability(pull, pd.Series([50e3, 150e3, 10e3]),
    ...                             pd.Series([100e3, 100e3, 10e3]))
    >>> jobs.round().tolist()
    [66833.0, 133203.0, 9963.0]
    """
    weights, workers, jobs = _arrays(pull, workers_count, jobs_count)
    claims = workers[:, None] * weights
    return pd.Series(
        claims @ _ratio(jobs, claims.sum(axis=0)), index=pull.index, name="jobs_available"
    )


def balanced_catchment(
    pull: pd.DataFrame, workers_count: pd.Series, jobs_count: pd.Series
) -> pd.Series:
    """Jobs per worker that count every worker once: balanced catchments (Paez et al. 2019).

    Workers are divided over the jobs by weights that add up to 1 for each home, and the jobs per
    worker of a place over the homes by weights that add up to 1 for each place of work. Unlike
    ``floating_catchment`` it does not hand every job out exactly once.
    """
    weights, workers, jobs = _arrays(pull, workers_count, jobs_count)
    served = workers @ _ratio(weights, weights.sum(axis=1, keepdims=True))
    level = _ratio(jobs, served)
    return pd.Series(
        _ratio(weights, weights.sum(axis=0, keepdims=True)) @ level,
        index=pull.index,
        name="jobs_per_worker",
    )


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
    of_homes, of_works = (pd.Index(group.reindex(axis)) for axis in (flows.index, flows.columns))
    names = of_homes.dropna().unique().intersection(of_works).sort_values()
    home, work = names.get_indexer(of_homes), names.get_indexer(of_works)
    people = flows.to_numpy(dtype=float)
    stay = np.where((home >= 0)[:, None] & (home[:, None] == work), people, 0.0).sum(axis=1)

    def by_group(values: Floats, at: npt.NDArray[np.intp]) -> pd.Series:
        sums = np.bincount(at + 1, weights=values, minlength=len(names) + 1)
        # the first are those of no group.
        return pd.Series(sums[1:], index=names.rename(group.name))

    inner = by_group(stay, home)
    return pd.DataFrame(
        {
            "supply_share": inner / by_group(people.sum(axis=1), home),
            "demand_share": inner / by_group(people.sum(axis=0), work),
        }
    )


def worst_quartile(values: pd.Series, weights: pd.Series) -> float:
    """Mean of the values of that quarter of the people who have least.

    Examples
    --------
    >>> worst_quartile(pd.Series([1.0, 2.0]), pd.Series([25, 75]))
    1.0
    """
    own = values.to_numpy(dtype=float)
    order = np.argsort(own, kind="stable")
    people = weights.reindex(values.index).to_numpy(dtype=float)[order]
    quarter = people.sum() / 4
    if not quarter > 0:
        return float("nan")
    counted = np.diff(np.minimum(np.cumsum(people), quarter), prepend=0.0)
    return float((own[order] * counted).sum() / quarter)


def weighted_mean(values: pd.Series, weights: pd.Series) -> float:
    """Mean of values weighted by people; ``nan`` where there are none."""
    people = weights.reindex(values.index).to_numpy(dtype=float)
    return people_mean(values.to_numpy(dtype=float), people)


def people_mean(values: Floats, people: Floats) -> float:
    """Mean of values weighted by people, of arrays in one order; ``nan`` where there are none."""
    total = people.sum()
    return float((values * people).sum() / total) if total > 0 else float("nan")


def along(values: pd.Series, index: pd.Index, name: str) -> pd.Series:
    """Return the values of some places in their order.

    Raises
    ------
    TableError
        If a place has none.
    """
    found = values.reindex(index)
    if found.isna().any():
        raise TableError(f"{name} has no row for {found.index[found.isna()][0]!r}")
    return found


def _arrays(
    pull: pd.DataFrame, workers_count: pd.Series, jobs_count: pd.Series
) -> tuple[Floats, Floats, Floats]:
    workers = along(workers_count, pull.index, "workers_count").to_numpy(dtype=float)
    jobs = along(jobs_count, pull.columns, "jobs_count").to_numpy(dtype=float)
    return pull.to_numpy(dtype=float), workers, jobs


def _ratio(part: Floats, whole: Floats) -> Floats:
    """Divide, and leave 0 where there is nothing to divide by."""
    wholes = np.broadcast_to(whole, part.shape)
    return np.divide(part, wholes, out=np.zeros(part.shape), where=wholes > 0)
