"""Radiation flows: people take the nearest jobs that are better than those at home."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt
import pandas as pd

from agglo.commuting.acceleration import row_sums
from agglo.commuting.balancing import balanced_factors, spread
from agglo.commuting.deterrence import Reals, checked_costs, row_blocks
from agglo.commuting.margins import aligned_counts, counts_by_zone, margins_of, ratio
from agglo.errors import FlowError
from agglo.transport.topology import Floats

CONSTRAINTS = ("production", "doubly", "unconstrained")
TIES = ("within", "shared")


def radiation_flows(
    cost: pd.DataFrame,
    workers_count: pd.Series,
    jobs_count: pd.Series,
    *,
    mass_count: pd.Series | None = None,
    constraint: str = "production",
    ties: str = "within",
    is_finite: bool = True,
) -> pd.DataFrame:
    """Flows from home to work by the radiation model (Simini et al. 2012), without a parameter.

    The share of the workers of i who work in j is ``mᵢ·mⱼ / ((mᵢ+sᵢⱼ)·(mᵢ+mⱼ+sᵢⱼ))``, where
    ``sᵢⱼ`` is the mass of the zones that are no further from i than j is, without i and j. In a
    finite region these shares add up to ``1 − mᵢ/M`` (Masucci et al. 2013, unverified), ``M``
    being the mass that i reaches with its own, and are divided by it. Only the order of the
    costs counts. The model speaks of those who leave their zone: give their number, and add
    those who stay on the diagonal afterwards.

    Zones at exactly the same cost from i are no order. ``ties='within'``, the formula to the
    letter, counts each of them as nearer than the other, so that shares add up to less than
    ``1 − mᵢ/M``; ``ties='shared'`` treats them as one zone and shares its people by mass, so
    that they add up.

    Parameters
    ----------
    cost
        Minutes, km or money, square, home zone × work zone; ``inf`` where nobody can go. The
        diagonal is not used.
    workers_count
        Persons who leave their zone to work, by zone.
    jobs_count
        By zone: the mass, unless ``mass_count`` is given, and the margin of ``doubly``.
    mass_count
        Opportunities by zone, such as population.
    constraint
        ``production`` sends all workers; ``doubly`` fills all jobs besides; ``unconstrained``
        sends what the formula says.
    is_finite
        Whether shares are divided by ``1 − mᵢ/M``, for ``unconstrained``; the others scale each
        row anyway.

    Returns
    -------
    radiation_flows
        Persons, home zone × work zone, nobody on the diagonal.

    Raises
    ------
    FlowError
        If costs or counts are missing or negative, or a zone with workers reaches no mass; with
        ``doubly`` as in ``constrained.constrained_flows``.

    Examples
    --------
    >>> at, ids = np.array([0.0, 1.0, 3.0]), ["a", "b", "c"]
    >>> cost = pd.DataFrame(abs(at[:, None] - at), index=ids, columns=ids)
    >>> flows = radiation_flows(cost, pd.Series(90, ids), pd.Series([10, 20, 30], ids))
    >>> flows.to_numpy().round(3).tolist()
    [[0.0, 72.0, 18.0], [45.0, 0.0, 45.0], [18.0, 72.0, 0.0]]
    """
    _check_choices(constraint, ties)
    if not cost.index.equals(cost.columns):
        raise FlowError(
            "rows and columns of the costs must be the same zones in the same order; got "
            f"{cost.shape[0]} rows and {cost.shape[1]} columns; reorder them first"
        )
    workers = aligned_counts(workers_count, cost.index, what="workers")
    jobs = aligned_counts(jobs_count, cost.index, what="jobs")
    own_mass = aligned_counts(
        jobs_count if mass_count is None else mass_count, cost.index, what="mass"
    )
    mass = counts_by_zone(own_mass, what="mass")
    values = checked_costs(cost)
    shares = radiation_shares(values, mass, ties=ties)
    if constraint == "doubly":
        flows = spread(shares, *balanced_factors(shares, margins_of(workers, jobs)))
    else:
        people = counts_by_zone(workers, what="workers")
        total = np.ones(len(people))
        if constraint == "production":
            total = row_sums(shares, total)
        elif is_finite:
            others = _reached_mass(values, mass)
            total = ratio(others, others + mass)
        _check_reached(shares, people, total, cost.index)
        flows = spread(shares, ratio(people, total), np.ones(len(people)))
    return pd.DataFrame(flows, index=cost.index, columns=cost.columns, copy=False)


def radiation_shares(cost: Reals, mass: Floats, *, ties: str) -> Reals:
    """Share of the workers of each zone who work in each other, before any scaling.

    Parameters
    ----------
    cost
        Square, ``inf`` where nobody can go.
    mass
        Opportunities by zone.
    ties
        See ``radiation_flows``.

    Returns
    -------
    radiation_shares
        0–1, a new matrix of the costs' precision.
    """
    found = np.zeros(cost.shape, dtype=cost.dtype)
    for block in row_blocks(cost.shape):
        own = np.arange(len(mass))[block]
        found[block] = _shares(cost[block].astype(float), own, mass, is_shared=ties == "shared")
    return found


def _shares(cost: Floats, own: npt.NDArray[np.intp], mass: Floats, *, is_shared: bool) -> Floats:
    """Shares of a band of rows; ``own`` are their zones."""
    cost[np.arange(len(own)), own] = np.inf
    order = np.argsort(cost, axis=1, kind="stable")
    ordered = np.take_along_axis(cost, order, axis=1)
    there = np.where(np.isfinite(ordered), mass[order], 0.0)
    seen = np.cumsum(there, axis=1)
    rises = ordered[:, 1:] > ordered[:, :-1]
    edge = np.ones((len(own), 1), dtype=bool)
    is_first, is_last = np.hstack([edge, rises]), np.hstack([rises, edge])
    before = np.hstack([np.zeros((len(own), 1)), seen[:, :-1]])
    nearer = np.maximum.accumulate(np.where(is_first, before, 0.0), axis=1)
    until = np.minimum.accumulate(np.where(is_last, seen, np.inf)[:, ::-1], axis=1)[:, ::-1]
    if not is_shared:
        nearer = nearer + np.where(is_first & is_last, 0.0, until - nearer - there)
    home = mass[own, np.newaxis]
    goes_on = np.divide(home, home + nearer, out=np.ones(nearer.shape), where=nearer > 0)
    taken = np.divide(there, home + until, out=np.zeros(nearer.shape), where=there > 0)
    shares = np.empty(cost.shape)
    np.put_along_axis(shares, order, goes_on * taken, axis=1)
    return shares


def _reached_mass(cost: Reals, mass: Floats) -> Floats:
    """Mass that each zone reaches, without its own."""
    reached = np.empty(len(mass))
    for block in row_blocks(cost.shape):
        own = np.arange(len(mass))[block]
        there = np.isfinite(cost[block])
        there[np.arange(len(own)), own] = False
        reached[block] = there @ mass
    return reached


def _check_choices(constraint: str, ties: str) -> None:
    for value, choices, what in ((constraint, CONSTRAINTS, "constraint"), (ties, TIES, "ties")):
        if value not in choices:
            raise FlowError(f"{what} '{value}' is unknown; there are {', '.join(choices)}")


def _check_reached(shares: Reals, people: Floats, total: Floats, zones: pd.Index) -> None:
    """Refuse workers who leave a zone that reaches no mass."""
    stuck = (people > 0) & ((total <= 0) | ~(shares > 0).any(axis=1))
    if stuck.any():
        at = int(stuck.argmax())
        raise FlowError(
            f"zone '{zones[at]}' has {people[at]:,.0f} workers who leave it but reaches no mass "
            f"({int(stuck.sum())} such zone(s)); join it to the network, count its workers as "
            "staying, or, if it has no mass of its own and several nearest zones, take "
            "ties='shared'"
        )
