"""Agglomeration: effective density, and what output gains when places come nearer to jobs."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
import pandas as pd

from agglo.errors import TableError
from agglo.indicators.access import along
from agglo.transport.topology import Floats


@dataclass(frozen=True, slots=True, kw_only=True)
class Response:
    """How the output of a sector answers to effective density."""

    elasticity: float
    """By how many percent output rises with one percent more density."""

    distance_power: float
    """How fast a job counts less with the minutes to it: 1 / minutes^a."""


ALL_SECTORS_ELASTICITY = 0.04
"""Over all sectors of the economy (Graham, Gibbons, Martin 2009)."""

RESPONSES: Mapping[str, Response] = {
    "manufacturing": Response(elasticity=0.02, distance_power=1.0),
    "construction": Response(elasticity=0.03, distance_power=1.6),
    "consumer_services": Response(elasticity=0.02, distance_power=1.8),
    "business_services": Response(elasticity=0.08, distance_power=1.8),
}
"""By group of sectors, as Graham, Gibbons and Martin (2009) estimate them for Great Britain."""

GROUPS: Mapping[str, str] = {
    "C": "manufacturing",
    "F": "construction",
    **dict.fromkeys("GIRS", "consumer_services"),
    **dict.fromkeys("JKLMN", "business_services"),
}
"""Group of each section of OKVED 2 (NACE 2); a proposal. The others have no estimate of their own
and answer as all sectors together do."""


def effective_density(
    cost_min: pd.DataFrame, jobs_count: pd.Series, *, distance_power: float
) -> pd.Series:
    """Jobs around a place, each counted less the farther it is: ``Σ jobs / minutes^a``.

    Graham, Gibbons, Martin (2009). The place's own jobs count at its own inner minutes.

    Parameters
    ----------
    cost_min
        Minutes, place × place of jobs, above 0; ``inf`` where there is no way, which counts 0.
    jobs_count
        Jobs by place, 0 or more.

    Returns
    -------
    effective_density
        Jobs per minute^a, indexed like the rows; only ratios have a meaning.

    Raises
    ------
    TableError
        If minutes are 0, below 0 or missing, or a place has no jobs count.

    Examples
    --------
    >>> cost = pd.DataFrame([[2.0, 10.0], [10.0, 5.0]])
    >>> effective_density(cost, pd.Series([100.0, 50.0]), distance_power=1).tolist()
    [55.0, 20.0]
    """
    minutes = cost_min.to_numpy(dtype=float)
    wrong = ~(minutes > 0)
    if wrong.any():
        row, column = np.argwhere(wrong)[0]
        raise TableError(
            f"effective density needs minutes above 0 from {cost_min.index[row]!r} to "
            f"{cost_min.columns[column]!r}; got {minutes[row, column]}; set the inner minutes of "
            "each zone"
        )
    jobs = _counts(along(jobs_count, cost_min.columns, "jobs_count"), "jobs_count")
    values = minutes**-distance_power @ jobs
    return pd.Series(values, index=cost_min.index, name="effective_density")


def density_gain_rub(
    before: pd.Series, after: pd.Series, output_rub: pd.Series, *, elasticity: float
) -> pd.Series:
    """What the output of places gains with their density: ``((after / before)^ρ − 1) · output``.

    Graham, Gibbons, Martin (2009). The output is that of today: what is produced on new jobs
    does not count.

    Parameters
    ----------
    before, after
        Effective density by place.
    output_rub
        Output of each place before, RUB a year; ``nan`` where it is not known.

    Returns
    -------
    density_gain_rub
        RUB a year by place; 0 without output, ``nan`` where the output is not known.

    Raises
    ------
    TableError
        If a place has output but no density before.

    Examples
    --------
    >>> gain = density_gain_rub(
    ...     pd.Series([1.0]), pd.Series([4.0]), pd.Series([100.0]), elasticity=0.5
    ... )
    >>> gain.tolist()
    [100.0]
    """
    old = along(before, output_rub.index, "density before").to_numpy(dtype=float)
    new = along(after, output_rub.index, "density after").to_numpy(dtype=float)
    output = output_rub.to_numpy(dtype=float)
    wrong = (output > 0) & ~(old > 0)
    if wrong.any():
        raise TableError(
            f"{output_rub.index[wrong][0]!r} has output but no jobs within any reach before; the "
            "jobs and the output must be those of one table"
        )
    ratio = np.divide(new, old, out=np.ones(len(old)), where=old > 0)
    gain = np.where(output == 0, 0.0, (ratio**elasticity - 1) * output)
    return pd.Series(gain, index=output_rub.index, name="density_gain_rub")


def moved_jobs_gain_rub(
    jobs_before: pd.Series, jobs_after: pd.Series, output_per_job_rub: pd.Series
) -> float:
    """What is gained when jobs move to where a job yields more: ``Σ Δjobs · (yield − mean)``.

    The move to more productive jobs of the United Kingdom's TAG unit A2.3 (unverified), before
    taxes. The mean is over the jobs before, so jobs that are merely added at the mean yield
    gain nothing; with one yield everywhere the sum is 0.

    Parameters
    ----------
    jobs_before, jobs_after
        Jobs by place.
    output_per_job_rub
        Yield of a job by place, RUB a year.

    Returns
    -------
    moved_jobs_gain_rub
        RUB a year; ``nan`` without jobs before.

    Raises
    ------
    TableError
        If a place has no count, or a yield is not known.

    Examples
    --------
    >>> before, after = pd.Series([10.0, 10.0]), pd.Series([5.0, 15.0])
    >>> moved_jobs_gain_rub(before, after, pd.Series([100.0, 300.0]))
    1000.0
    """
    places = jobs_before.index
    old = _counts(jobs_before, "jobs_before")
    new = _counts(along(jobs_after, places, "jobs_after"), "jobs_after")
    own = _counts(along(output_per_job_rub, places, "output_per_job_rub"), "output_per_job_rub")
    if not old.sum() > 0:
        return float("nan")
    mean = float(old @ own / old.sum())
    return float((new - old) @ (own - mean))


def new_participants_count(
    workers_count: pd.Series,
    saved_rub: pd.Series,
    net_wage_rub: pd.Series,
    *,
    elasticity: float,
) -> pd.Series:
    """How many more people work when commuting costs less: ``ε · saved / net wage · workers``.

    Labour supply of the United Kingdom's TAG unit A2.3 (unverified). Linear, for small changes.
    No elasticity for Russia is known, so none is proposed: it must be given.

    Parameters
    ----------
    workers_count
        Resident workers by place.
    saved_rub
        What commuting costs a worker less a year, RUB; below 0 where it costs more.
    net_wage_rub
        What a worker earns a year after tax, RUB, above 0.
    elasticity
        Percent more workers for one percent more net wage.

    Returns
    -------
    new_participants_count
        Persons by place; below 0 where people stop working.

    Raises
    ------
    TableError
        If a place has no value, or a wage is not above 0.

    Examples
    --------
    >>> one = pd.Series([1000.0])
    >>> round(new_participants_count(one, one * 6, one * 600, elasticity=0.1).item(), 9)
    1.0
    """
    places = workers_count.index
    saved = along(saved_rub, places, "saved_rub").to_numpy(dtype=float)
    wage = along(net_wage_rub, places, "net_wage_rub").to_numpy(dtype=float)
    if not (wage > 0).all():
        first = places[~(wage > 0)][0]
        raise TableError(f"net_wage_rub of {first!r} must be above 0; leave out who has no wage")
    values = elasticity * saved / wage * workers_count.to_numpy(dtype=float)
    return pd.Series(values, index=places, name="new_participants_count")


def _counts(values: pd.Series, name: str) -> Floats:
    found = values.to_numpy(dtype=float)
    wrong = ~(np.isfinite(found) & (found >= 0))
    if wrong.any():
        raise TableError(
            f"{name} of {values.index[wrong][0]!r} must be finite and 0 or more; "
            f"got {found[wrong][0]}"
        )
    return found
