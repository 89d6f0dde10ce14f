"""Balancing: row and column factors with which a matrix of frictions meets its margins."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt
import pandas as pd

from agglo.commuting.acceleration import accelerated, column_sums, row_sums
from agglo.commuting.deterrence import Reals, row_blocks
from agglo.commuting.feasibility import shortfall
from agglo.commuting.margins import Margins, ratio
from agglo.commuting.margins import margins_of as margins_of
from agglo.errors import FlowError
from agglo.transport.topology import Floats

MOST_ROUNDS = 20_000
FIRST_LOOK = 64
"""Rounds after which it is first asked whether the margins can be met at all, then at doubles."""
LARGEST_FACTOR = 1e200
"""Beyond it the factors run away: the margins cannot be met."""
PATIENCE = 128
EVERY = 8
"""After this many rounds every so many are followed by a step of Newton."""


def balanced_factors(
    friction: Reals,
    margins: Margins,
    *,
    most_rounds: int = MOST_ROUNDS,
) -> tuple[Floats, Floats]:
    """Fit row and column factors in turn until ``factor·friction·factor`` meets both margins.

    Iterative proportional fitting (Deming, Stephan 1940), all rows and then all columns; each
    round reads the frictions once. Where that crawls, because parts of the region are loosely
    joined, steps of Newton come between. Single precision is multiplied in double.

    Parameters
    ----------
    friction
        Rows × columns, 0 or more.
    most_rounds
        After so many the search ends with an error that says how far it came.

    Returns
    -------
    rows, columns
        Factors; 0 where a zone has no workers or no jobs.

    Raises
    ------
    FlowError
        If a zone with workers has no way to a zone with jobs or the reverse, margins cannot be
        met, or the search does not end; a zone is named.
    """
    check_reach(friction, margins)
    row, column = np.ones(len(margins.workers)), np.ones(len(margins.jobs))
    np.copyto(column, margins.fixed_columns, where=~margins.free_columns)
    first = row
    with np.errstate(over="ignore", invalid="ignore"):
        for number in range(most_rounds + 1):
            got, fresh, reached = _look(friction, column, margins)
            miss = np.abs(row * got - margins.workers)
            if number and (miss <= margins.allowed).all():
                return row, column
            if number == most_rounds or (not number % FIRST_LOOK and row.max() > LARGEST_FACTOR):
                break
            if number >= FIRST_LOOK and number & (number - 1) == 0:
                _check_feasible(friction, margins, row, first)
                first = row
            row, column = fresh, ratio(margins.jobs, reached)
            np.copyto(column, margins.fixed_columns, where=~margins.free_columns)
            if number >= PATIENCE and not number % EVERY:
                row, column = accelerated(friction, row, column, margins)
    _check_feasible(friction, margins, row, first)
    raise FlowError(_unfinished(np.where(margins.free_rows, miss, 0.0), margins, number))


def check_reach(friction: Reals, margins: Margins) -> None:
    """Refuse a zone with workers that reaches no zone with jobs, and the reverse."""
    takes = np.where(margins.free_columns, margins.jobs, margins.fixed_columns) > 0
    sends = np.where(margins.free_rows, margins.workers, margins.fixed_rows) > 0
    reach = row_sums(friction, takes.astype(float))
    reached = column_sums(friction, sends.astype(float))
    if not (friction.min() >= 0 and np.isfinite(reach.sum() + reached.sum())):
        raise FlowError(
            "a friction is missing, infinite or below 0; wanted finite weights, 0 or more"
        )
    stuck = margins.free_rows & sends & (reach <= 0)
    if stuck.any():
        raise FlowError(_cut_off(margins.homes, margins.workers, stuck, "workers", "to", "jobs"))
    stuck = margins.free_columns & takes & (reached <= 0)
    if stuck.any():
        raise FlowError(_cut_off(margins.works, margins.jobs, stuck, "jobs", "from", "workers"))


def spread(friction: Reals, rows: Floats, columns: Floats) -> Reals:
    """Multiply frictions by their factors in place, and return them as flows."""
    for block in row_blocks(friction.shape):
        friction[block] = friction[block] * columns * rows[block, np.newaxis]
    return friction


def _look(friction: Reals, column: Floats, margins: Margins) -> tuple[Floats, Floats, Floats]:
    """What rows get, the row factors that follow, and what columns get with them."""
    got, fresh = np.empty(len(margins.workers)), np.empty(len(margins.workers))
    reached = np.zeros(len(column))
    for block in row_blocks(friction.shape):
        part = friction[block].astype(np.float64, copy=False)
        got[block] = part @ column
        fresh[block] = ratio(margins.workers[block], got[block])
        np.copyto(fresh[block], margins.fixed_rows[block], where=~margins.free_rows[block])
        reached += fresh[block] @ part
    return got, fresh, reached


def _check_feasible(friction: Reals, margins: Margins, row: Floats, before: Floats) -> None:
    """Ask whether the rows whose factors grew most have more workers than they reach jobs.

    A factor that is 0 ran away: what its row gets became too small to divide by.
    """
    found = shortfall(
        friction,
        margins.workers,
        margins.jobs,
        free_rows=margins.free_rows,
        free_columns=margins.free_columns,
        growth=np.divide(
            row, before, out=np.full(len(row), np.inf), where=(before > 0) & (row > 0)
        ),
    )
    if found is None:
        return
    names = margins.homes[found.zones] if found.is_rows else margins.works[found.zones]
    own, others = ("workers", "jobs") if found.is_rows else ("jobs", "workers")
    listed = ", ".join(f"'{name}'" for name in names[:3])
    listed += f" and {len(names) - 3} more" if len(names) > 3 else ""
    has, misses = ("has", "misses") if len(names) == 1 else ("have", "miss")
    is_, it = ("is", "it") if len(names) == 1 else ("are", "they")
    raise FlowError(
        f"workers and jobs cannot be matched; {listed} {misses} {found.missing:,.6g} {own}: "
        f"{it} {is_} cut off from {others} that others do not need "
        f"({has} {found.own:,.0f} {own} and reach{'es' if len(names) == 1 else ''} "
        f"{found.own - found.missing:,.0f} {others}); open a way, or move workers or jobs"
    )


def _cut_off(
    index: pd.Index, counts: Floats, stuck: npt.NDArray[np.bool_], own: str, way: str, other: str
) -> str:
    more = int(stuck.sum()) - 1
    also = f" (and {more} more such zone(s))" if more else ""
    return (
        f"zone '{index[stuck][0]}' has {counts[stuck][0]:,.0f} {own} but no way {way} any zone "
        f"with {other}{also}; join it to the network in the layer 'connectors'"
    )


def _unfinished(miss: Floats, margins: Margins, rounds: int) -> str:
    worst = int(miss.argmax())
    return (
        f"workers and jobs are not matched after {rounds:,} rounds; '{margins.homes[worst]}' "
        f"misses {miss[worst]:.3g} of its {margins.workers[worst]:,.0f} workers (all zones "
        f"together {miss.sum():.3g} of {margins.workers.sum():,.0f}): it is almost cut off from "
        "jobs that others do not need; check its ways and its counts, or take a weaker deterrence"
    )
