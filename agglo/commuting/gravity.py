"""Doubly constrained gravity flows with outside zones."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import pandas as pd

from agglo.commuting.balancing import balanced_factors, spread
from agglo.commuting.deterrence import Deterrence, Reals, friction_matrix
from agglo.commuting.margins import Margins, margins_of
from agglo.errors import FlowError
from agglo.transport.topology import Floats

TOLERANCE = 1e-10
"""Share of all workers by which a zone may be off."""
BALANCE = 0.5
"""Persons by which two totals may differ through rounding."""


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
        Minutes, home zone × work zone; ``inf`` where nobody can go. Single precision stays so:
        10,000 zones then take less than 1 GiB.
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
        If totals differ, a count or a cost is missing or negative, a zone with workers has no
        way to jobs or the reverse, or the margins cannot be met; a zone is named.

    Examples
    --------
    >>> cost = pd.DataFrame([[5.0, 20.0], [20.0, 5.0]], index=["a", "b"], columns=["a", "b"])
    >>> flows = gravity_flows(cost, pd.Series({"a": 100, "b": 50}),
    ...                       pd.Series({"a": 80, "b": 70}), decay_per_min=0.1)
    >>> flows.round(4).to_numpy().tolist()
    [[73.8394, 26.1606], [6.1606, 43.8394]]
    """
    outside = pd.Index([]) if pull is None else pull.rows.index
    own = decayed(cost_min, decay_per_min=decay_per_min, outside=outside)
    friction = pd.DataFrame(own, index=cost_min.index, columns=cost_min.columns, copy=False)
    rows, columns = balanced_factors(own, _margins(friction, workers_count, jobs_count, pull))
    flows = spread(own, rows, columns)
    return pd.DataFrame(flows, index=friction.index, columns=friction.columns, copy=False)


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
    own = decayed(cost_min, decay_per_min=decay_per_min, outside=outside)
    friction = pd.DataFrame(own, index=cost_min.index, columns=cost_min.columns, copy=False)
    return pull_from_friction(friction, workers_count, jobs_count, outside)


def decayed(cost_min: pd.DataFrame, *, decay_per_min: float, outside: pd.Index) -> Reals:
    """Return exp(−decay × minutes), 0 where there is no way and from outside to outside."""
    deterrence = Deterrence(form="exponential", decay=decay_per_min)
    return friction_matrix(cost_min, deterrence, outside=outside)


def flows_from_friction(
    friction: pd.DataFrame,
    workers_count: pd.Series,
    jobs_count: pd.Series,
    *,
    pull: Pull | None = None,
) -> pd.DataFrame:
    """Flows as ``gravity_flows`` gives them, from the friction of any deterrence or model.

    Parameters
    ----------
    friction
        Weight of each pair, home zone × work zone, 0 where there is no way and from outside to
        outside; see ``deterrence.friction_from_cost``. Single precision stays so.

    Returns
    -------
    flows
        Persons, home zone × work zone.

    Raises
    ------
    FlowError
        As ``gravity_flows``.
    """
    values = friction.to_numpy(copy=True)
    rows, columns = balanced_factors(values, _margins(friction, workers_count, jobs_count, pull))
    flows = spread(values, rows, columns)
    return pd.DataFrame(flows, index=friction.index, columns=friction.columns, copy=False)


def pull_from_friction(
    friction: pd.DataFrame, workers_count: pd.Series, jobs_count: pd.Series, outside: pd.Index
) -> Pull:
    """Find the outside zones' factors as ``outside_pull`` does, from the friction of any model.

    Raises
    ------
    FlowError
        As ``outside_pull``.
    """
    inside = friction.index.difference(outside, sort=False)
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
    margins = _margins(friction, workers_count, jobs, None)
    row, column = balanced_factors(friction.to_numpy(), margins)
    return Pull(
        rows=pd.Series(row, index=friction.index)[outside],
        columns=pd.Series(column, index=friction.columns)[outside],
        closing_factor=float(factor),
    )


def _margins(
    friction: pd.DataFrame, workers: pd.Series, jobs: pd.Series, pull: Pull | None
) -> Margins:
    """Margins of all zones but those whose factors the pull gives."""
    own, others = workers.reindex(friction.index), jobs.reindex(friction.columns)
    fixed_rows = fixed_columns = None
    inside = own
    if pull is not None:
        fixed_rows = pull.rows.reindex(friction.index).to_numpy(dtype=float)
        fixed_columns = pull.columns.reindex(friction.columns).to_numpy(dtype=float)
        inside = own[np.isnan(fixed_rows)]
    scale: Floats = np.full(len(own), TOLERANCE * max(float(inside.sum()), 1.0))
    return margins_of(
        own, others, fixed_rows=fixed_rows, fixed_columns=fixed_columns, allowed=scale
    )
