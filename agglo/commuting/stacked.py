"""Balancing many matrices of frictions at once: one per draw of perturbed times and counts."""

from __future__ import annotations

from dataclasses import dataclass, fields

import numpy as np
import numpy.typing as npt
import pandas as pd

from agglo.commuting.balancing import PATIENCE, balanced_factors
from agglo.commuting.gravity import TOLERANCE
from agglo.commuting.margins import margins_of
from agglo.errors import FlowError
from agglo.transport.topology import Floats


def stacked_flows(
    friction: Floats,
    workers_count: Floats,
    jobs_count: Floats,
    *,
    places: pd.Index,
    fixed_rows: Floats | None = None,
    fixed_columns: Floats | None = None,
) -> Floats:
    """Doubly constrained flows of every draw, each as if it were alone.

    Parameters
    ----------
    friction
        Draws × home zones × work zones, 0 where there is no way and from outside to outside.
    workers_count, jobs_count
        Draws × zones, persons.
    places
        Ids of the zones, for errors.
    fixed_rows, fixed_columns
        Factors of the outside zones, ``nan`` for all others, as ``stacked_factors`` finds them
        on the baseline; by zone, or draws × zones. Counts of these zones are not used.

    Returns
    -------
    stacked_flows
        Draws × home zones × work zones, persons.

    Raises
    ------
    FlowError
        As ``gravity.gravity_flows``, naming the draw.

    Examples
    --------
    >>> twice = np.exp(-0.1 * np.array([[[5.0, 20.0], [20.0, 5.0]]] * 2))
    >>> people, jobs = np.array([[100.0, 50.0]] * 2), np.array([[80.0, 70.0]] * 2)
    >>> flows = stacked_flows(twice, people, jobs, places=pd.Index(["a", "b"]))
    >>> flows[1].round(4).tolist()
    [[73.8394, 26.1606], [6.1606, 43.8394]]
    """
    rows, columns = stacked_factors(
        friction,
        workers_count,
        jobs_count,
        places=places,
        fixed_rows=fixed_rows,
        fixed_columns=fixed_columns,
    )
    flows: Floats = friction * rows[:, :, np.newaxis]
    flows *= columns[:, np.newaxis]
    return flows


def stacked_factors(
    friction: Floats,
    workers_count: Floats,
    jobs_count: Floats,
    *,
    places: pd.Index,
    fixed_rows: Floats | None = None,
    fixed_columns: Floats | None = None,
) -> tuple[Floats, Floats]:
    """Balancing factors of every draw; arguments and errors as ``stacked_flows``.

    Returns
    -------
    rows, columns
        Draws × zones.
    """
    stack = _stack(friction, workers_count, jobs_count, places, fixed_rows, fixed_columns)
    rows, columns = np.empty(stack.workers.shape), np.empty(stack.jobs.shape)
    live, own = np.arange(len(friction)), stack
    row = np.ones(rows.shape)
    column = np.where(np.isnan(own.fixed_columns), 1.0, own.fixed_columns)
    for number in range(PATIENCE):
        got = np.einsum("dij,dj->di", own.friction, column)
        done = (np.abs(row * got - own.workers) <= own.allowed).all(axis=1) & (number > 0)
        if done.any():
            rows[live[done]], columns[live[done]] = row[done], column[done]
            live, own, got = live[~done], _part(own, ~done), got[~done]
        row = _factor(own.fixed_rows, own.workers, got)
        reached = np.einsum("di,dij->dj", row, own.friction)
        column = _factor(own.fixed_columns, own.jobs, reached)
    for draw in live:
        rows[draw], columns[draw] = _alone(stack, int(draw), places)
    return rows, columns


def _stack(
    friction: Floats,
    workers: Floats,
    jobs: Floats,
    places: pd.Index,
    fixed_rows: Floats | None,
    fixed_columns: Floats | None,
) -> _Stack:
    draws, zones = len(friction), len(places)
    wanted = (draws, zones, zones), (draws, zones), (draws, zones)
    if (friction.shape, workers.shape, jobs.shape) != wanted:
        raise FlowError(
            f"frictions {friction.shape}, workers {workers.shape} and jobs {jobs.shape} must be "
            f"{wanted[0]}, {wanted[1]} and {wanted[2]} for {zones} zones"
        )
    for counts, what in ((workers, "workers"), (jobs, "jobs")):
        if (counts < 0).any():
            draw, zone = np.argwhere(counts < 0)[0]
            raise FlowError(
                f"draw {draw}: zone '{places[zone]}' has {counts[draw, zone]:g} {what}; wanted 0 "
                "or more"
            )
    rows, columns = (
        np.broadcast_to(np.nan if given is None else given, (draws, zones))
        for given in (fixed_rows, fixed_columns)
    )
    free = np.isnan(rows)
    scale = np.where(free, workers, 0.0).sum(axis=1, keepdims=True)
    return _Stack(
        friction=friction,
        workers=workers,
        jobs=jobs,
        fixed_rows=rows,
        fixed_columns=columns,
        allowed=np.where(free, TOLERANCE * np.maximum(scale, 1.0), np.inf),
    )


def _part(stack: _Stack, kept: npt.NDArray[np.bool_]) -> _Stack:
    return _Stack(**{one.name: getattr(stack, one.name)[kept] for one in fields(stack)})


def _factor(given: Floats, wanted: Floats, got: Floats) -> Floats:
    """The factor that is given, or the one that meets the margin."""
    met = np.divide(wanted, got, out=np.zeros(got.shape), where=got > 0)
    return np.where(np.isnan(given), met, given)


def _alone(stack: _Stack, draw: int, places: pd.Index) -> tuple[Floats, Floats]:
    """Give a slow draw all that it needs, or the reason why it cannot be matched."""
    try:
        margins = margins_of(
            pd.Series(stack.workers[draw], index=places),
            pd.Series(stack.jobs[draw], index=places),
            fixed_rows=stack.fixed_rows[draw],
            fixed_columns=stack.fixed_columns[draw],
            allowed=stack.allowed[draw],
        )
        return balanced_factors(stack.friction[draw], margins)
    except FlowError as error:
        raise FlowError(f"draw {draw}: {error}") from error


@dataclass(frozen=True, slots=True, kw_only=True)
class _Stack:
    """Arrays with one entry per draw."""

    friction: Floats
    workers: Floats
    jobs: Floats
    fixed_rows: Floats
    fixed_columns: Floats
    allowed: Floats
