"""Doubly constrained gravity flows with outside zones."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import pandas as pd

from agglo.errors import FlowError
from agglo.transport.topology import Floats

TOLERANCE = 1e-10
MOST_ROUNDS = 20_000
BALANCE = 0.5
"""Persons by which two totals may differ through rounding."""
LARGEST_FACTOR = 1e200
"""Beyond it the factors run away: the margins cannot be met."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Pull:
    """What the outside zones pull and send, found once on the baseline and then kept.

    Inside zones have to match their workers and jobs in every scenario; the outside is large
    and keeps its factors, so that more jobs at home mean fewer people who leave.
    """

    rows: pd.Series
    """Balancing factor of each outside zone as an origin."""

    columns: pd.Series
    """Balancing factor of each outside zone as a destination."""

    closing_factor: float
    """By how much the jobs outside were scaled so that workers and jobs balance."""


def gravity_flows(
    cost_min: pd.DataFrame,
    workers_count: pd.Series,
    jobs_count: pd.Series,
    *,
    decay_per_min: float,
    pull: Pull | None = None,
) -> pd.DataFrame:
    """Flows from home to work: doubly constrained gravity (Wilson 1967), exponential decay.

    Parameters
    ----------
    cost_min
        Minutes, home zone × work zone; ``inf`` where nobody can go.
    workers_count, jobs_count
        By zone. Those of the zones in ``pull`` are not used: their factors are.
    decay_per_min
        ``b`` in ``exp(−b × minutes)``, above 0.
    pull
        The outside zones' factors; without them every zone must match its margins, and the
        margins must have the same total.

    Returns
    -------
    flows
        Persons, home zone × work zone. Nobody travels from outside to outside.

    Raises
    ------
    FlowError
        If totals differ, a zone with workers or jobs has no way anywhere, or the margins
        cannot be met.

    Examples
    --------
    >>> cost = pd.DataFrame([[5.0, 20.0], [20.0, 5.0]], index=["a", "b"], columns=["a", "b"])
    >>> flows = gravity_flows(cost, pd.Series({"a": 100, "b": 50}),
    ...                       pd.Series({"a": 80, "b": 70}), decay_per_min=0.1)
    >>> flows.round(4).to_numpy().tolist()
    [[73.8394, 26.1606], [6.1606, 43.8394]]
    """
    outside = pd.Index([]) if pull is None else pull.rows.index
    friction = decayed(cost_min, decay_per_min=decay_per_min, outside=outside)
    row, column = _balance(
        friction,
        workers_count.reindex(cost_min.index),
        jobs_count.reindex(cost_min.columns),
        pull,
    )
    return pd.DataFrame(
        friction * np.outer(row, column), index=cost_min.index, columns=cost_min.columns
    )


def outside_pull(
    cost_min: pd.DataFrame,
    workers_count: pd.Series,
    jobs_count: pd.Series,
    outside: pd.Index,
    *,
    decay_per_min: float,
) -> Pull:
    """Find the factors with which the outside zones meet their margins on the baseline.

    The jobs outside are scaled first so that both totals agree: who finds no job inside works
    outside. A region without outside zones must balance by itself.

    Raises
    ------
    FlowError
        If there are more jobs inside than workers inside and from outside together.
    """
    inside = cost_min.index.difference(outside, sort=False)
    left_over = workers_count.sum() - jobs_count[inside].sum()
    pulled = jobs_count[outside].sum()
    if left_over < -BALANCE or (pulled == 0 and left_over > BALANCE):
        raise FlowError(
            f"workers ({workers_count.sum():,.0f}) and jobs inside "
            f"({jobs_count[inside].sum():,.0f}) do not balance over {len(outside)} outside "
            "zones; check the layer 'work'"
        )
    factor = max(left_over, 0.0) / pulled if pulled else 1.0
    jobs = jobs_count.where(~jobs_count.index.isin(outside), jobs_count * factor)
    friction = decayed(cost_min, decay_per_min=decay_per_min, outside=outside)
    row, column = _balance(
        friction, workers_count.reindex(cost_min.index), jobs.reindex(cost_min.columns), None
    )
    return Pull(
        rows=pd.Series(row, index=cost_min.index)[outside],
        columns=pd.Series(column, index=cost_min.columns)[outside],
        closing_factor=float(factor),
    )


def decayed(cost_min: pd.DataFrame, *, decay_per_min: float, outside: pd.Index) -> Floats:
    """Return exp(−decay × minutes), 0 where there is no way and from outside to outside."""
    friction = np.exp(-decay_per_min * cost_min.to_numpy(dtype=float))
    rows, columns = cost_min.index.isin(outside), cost_min.columns.isin(outside)
    return np.where(np.outer(rows, columns), 0.0, friction)


def _balance(
    friction: Floats, workers: pd.Series, jobs: pd.Series, pull: Pull | None
) -> tuple[Floats, Floats]:
    """Fit row and column factors in turn until both margins hold."""
    free_rows = np.ones(len(workers), dtype=bool)
    free_columns = np.ones(len(jobs), dtype=bool)
    row, column = np.ones(len(workers)), np.ones(len(jobs))
    if workers.isna().any() or jobs.isna().any():
        raise FlowError("every zone of the cost matrix needs a count of workers and of jobs")
    if pull is None or pull.rows.empty:
        _check_totals(workers, jobs)
    if pull is not None:
        free_rows = ~workers.index.isin(pull.rows.index)
        free_columns = ~jobs.index.isin(pull.columns.index)
        row[~free_rows] = pull.rows.loc[workers.index[~free_rows]]
        column[~free_columns] = pull.columns.loc[jobs.index[~free_columns]]
    wanted_rows, wanted_columns = workers.to_numpy(dtype=float), jobs.to_numpy(dtype=float)
    _check_reach(friction.sum(axis=1), wanted_rows, free_rows, workers.index, "workers")
    _check_reach(friction.sum(axis=0), wanted_columns, free_columns, jobs.index, "jobs")
    scale = max(wanted_rows[free_rows].sum(), 1.0)
    miss = wanted_rows[free_rows]
    for _ in range(MOST_ROUNDS):
        row[free_rows] = _ratio(wanted_rows, friction @ column)[free_rows]
        column[free_columns] = _ratio(wanted_columns, row @ friction)[free_columns]
        if max(row.max(initial=0.0), column.max(initial=0.0)) > LARGEST_FACTOR:
            break
        miss = np.abs(row * (friction @ column) - wanted_rows)[free_rows]
        if miss.max(initial=0.0) <= TOLERANCE * scale:
            return row, column
    worst = workers.index[free_rows][int(miss.argmax())]
    raise FlowError(
        f"workers and jobs cannot be matched; '{worst}' misses {miss.max():.3g} workers: it is "
        "cut off from jobs that others do not need"
    )


def _ratio(wanted: Floats, got: Floats) -> Floats:
    return np.divide(wanted, got, out=np.zeros_like(wanted), where=got > 0)


def _check_totals(workers: pd.Series, jobs: pd.Series) -> None:
    if not np.isclose(workers.sum(), jobs.sum(), rtol=TOLERANCE, atol=0):
        raise FlowError(
            f"workers ({workers.sum():,.1f}) and jobs ({jobs.sum():,.1f}) must have one total"
        )


def _check_reach(
    reach: Floats, wanted: Floats, free: npt.NDArray[np.bool_], index: pd.Index, what: str
) -> None:
    stuck = free & (wanted > 0) & (reach <= 0)
    if stuck.any():
        raise FlowError(
            f"zone '{index[stuck][0]}' has {wanted[stuck][0]:,.0f} {what} but no way to or from "
            "any zone; join it to the network in the layer 'connectors'"
        )
