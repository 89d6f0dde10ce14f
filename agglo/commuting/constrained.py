"""Gravity flows of the Wilson family: doubly, production and attraction constrained, or free."""

from __future__ import annotations

import numpy as np
import pandas as pd

from agglo.commuting.acceleration import column_sums, row_sums
from agglo.commuting.balancing import balanced_factors, check_reach, spread
from agglo.commuting.deterrence import Deterrence, Reals, checked_costs, log_friction
from agglo.commuting.margins import (
    Margins,
    aligned_counts,
    counts_by_zone,
    margins_of,
    ratio,
)
from agglo.errors import FlowError
from agglo.transport.topology import Floats

CONSTRAINTS = ("doubly", "production", "attraction", "unconstrained")


def constrained_flows(
    cost: pd.DataFrame,
    workers_count: pd.Series,
    jobs_count: pd.Series,
    *,
    deterrence: Deterrence,
    constraint: str = "doubly",
) -> pd.DataFrame:
    """Flows from home to work by a gravity model (Wilson 1967, 1971).

    ``Tᵢⱼ = Aᵢ·Oᵢ·Bⱼ·Dⱼ·f(cᵢⱼ)`` with workers ``O`` and jobs ``D``, where

    * ``doubly`` finds A and B so that every zone sends its workers and fills its jobs;
    * ``production`` (B = 1) sends the workers, and jobs only attract;
    * ``attraction`` (A = 1) fills the jobs, and workers only offer themselves;
    * ``unconstrained`` (A·B = K) keeps the total of the workers alone.

    Only a doubly constrained model needs equal totals. For zones beyond the region see
    ``gravity.flows_from_friction``.

    Parameters
    ----------
    cost
        Minutes, km or money, home zone × work zone; ``inf`` where nobody can go, also on the
        diagonal if those who work in their own zone are not counted. Costs in single precision
        are worked on so: 10,000 zones then take less than 1.5 GiB with the costs themselves.
    workers_count, jobs_count
        By zone, persons.
    constraint
        One of ``CONSTRAINTS``.

    Returns
    -------
    constrained_flows
        Persons, home zone × work zone; margins hold to a billionth of each (in single
        precision: to a millionth).

    Raises
    ------
    FlowError
        If totals differ, counts or costs are missing or negative, a zone with workers has no
        way to jobs or the reverse, a block of zones is cut off from what it needs, or the
        factors do not settle; the zone or the pair is named.

    Examples
    --------
    >>> cost = pd.DataFrame([[5.0, 20.0], [20.0, 5.0]], index=["a", "b"], columns=["a", "b"])
    >>> people, jobs = pd.Series({"a": 100, "b": 50}), pd.Series({"a": 80, "b": 70})
    >>> decay = Deterrence(form="exponential", decay=0.1)
    >>> flows = constrained_flows(cost, people, jobs, deterrence=decay, constraint="production")
    >>> flows.round(3).to_numpy().tolist()
    [[83.665, 16.335], [10.16, 39.84]]
    """
    check_constraint(constraint)
    margins = margins_by_constraint(
        aligned_counts(workers_count, cost.index, what="workers"),
        aligned_counts(jobs_count, cost.columns, what="jobs"),
        constraint=constraint,
    )
    values = checked_costs(cost)
    flows = gravity_matrix(values, margins, deterrence=deterrence, constraint=constraint)
    return pd.DataFrame(flows, index=cost.index, columns=cost.columns, copy=False)


def check_constraint(constraint: str) -> None:
    """Refuse a constraint that does not exist."""
    if constraint not in CONSTRAINTS:
        raise FlowError(f"constraint '{constraint}' is unknown; there are {', '.join(CONSTRAINTS)}")


def margins_by_constraint(workers: pd.Series, jobs: pd.Series, *, constraint: str) -> Margins:
    """Check the counts; the side that is not constrained carries its weights as fixed factors."""
    weights = {
        "production": (None, counts_by_zone(jobs, what="jobs")),
        "attraction": (counts_by_zone(workers, what="workers"), None),
        "unconstrained": (
            counts_by_zone(workers, what="workers"),
            counts_by_zone(jobs, what="jobs"),
        ),
    }
    rows, columns = weights.get(constraint, (None, None))
    return margins_of(workers, jobs, fixed_rows=rows, fixed_columns=columns)


def gravity_matrix(
    cost: Reals, margins: Margins, *, deterrence: Deterrence, constraint: str
) -> Reals:
    """Return the flows in a new matrix of the costs' precision.

    Parameters
    ----------
    cost
        As ``deterrence.checked_costs`` gives them.
    margins
        As ``margins_by_constraint`` gives them for the same constraint.
    """
    friction = _relative_friction(cost, margins, deterrence, constraint)
    if constraint == "doubly":
        return spread(friction, *balanced_factors(friction, margins))
    return spread(friction, *_factors(friction, margins, constraint))


def _relative_friction(
    cost: Reals, margins: Margins, deterrence: Deterrence, constraint: str
) -> Reals:
    """Friction beside the best of its row and column, so that far zones do not round to 0.

    Each such scale is swallowed by the factor that the constraint leaves free.
    """
    found = log_friction(cost, deterrence, homes=margins.homes, works=margins.works)
    if constraint in ("doubly", "production"):
        found -= _finite(found.max(axis=1, initial=-np.inf))[:, np.newaxis]
    if constraint in ("doubly", "attraction"):
        found -= _finite(found.max(axis=0, initial=-np.inf))
    if constraint == "unconstrained":
        found -= _finite(found.max(initial=-np.inf))
    return np.exp(found, out=found)


def _finite(best: Reals) -> Reals:
    return np.where(np.isfinite(best), best, 0.0).astype(best.dtype)


def _factors(friction: Reals, margins: Margins, constraint: str) -> tuple[Floats, Floats]:
    """Row and column factors where at most one side has to meet its margin."""
    check_reach(friction, margins)
    rows, columns = margins.workers, margins.jobs
    if constraint == "production":
        return ratio(rows, row_sums(friction, columns)), columns
    if constraint == "attraction":
        return rows, ratio(columns, column_sums(friction, rows))
    total = float(rows @ row_sums(friction, columns))
    if not total > 0:
        raise FlowError("no zone with workers has a way to a zone with jobs; check the costs")
    return rows * (rows.sum() / total), columns
