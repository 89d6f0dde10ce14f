"""Newton steps for balancing, where parts of a region are so loosely joined that rounds crawl."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np

from agglo.commuting.deterrence import Reals, row_blocks
from agglo.commuting.margins import Margins, ratio
from agglo.transport.topology import Floats

MOST_PRODUCTS = 60
"""Steps of conjugate gradients for one step of Newton."""
CLOSE_ENOUGH = 1e-4
LONGEST = 4.0
"""Largest change of the logarithm of a factor in one step."""


def accelerated(
    friction: Reals, row: Floats, column: Floats, margins: Margins
) -> tuple[Floats, Floats]:
    """Return better factors by one Newton step, or the given ones where it does not help.

    Columns follow rows exactly, so the step is over the logarithms of the row factors alone;
    its equations are solved by conjugate gradients, which need no matrix but the frictions.

    Parameters
    ----------
    row, column
        Factors after a round: columns meet their margins.
    """
    people = np.where(margins.free_rows, row * row_sums(friction, column), 0.0)
    gap = np.where(margins.free_rows, margins.workers - people, 0.0)
    answers = margins.free_columns & (margins.jobs > 0)

    def change(logs: Floats) -> Floats:
        """What rows gain when their factors grow so and columns follow."""
        share = column * column_sums(friction, row * logs)
        follow = np.where(answers, ratio(share, margins.jobs), 0.0)
        lost = row * row_sums(friction, column * follow)
        return np.where(margins.free_rows, people * logs - lost, 0.0)

    step = solved(change, gap, people, close=CLOSE_ENOUGH, most=MOST_PRODUCTS)
    step *= min(1.0, LONGEST / max(float(np.abs(step).max()), 1e-300))
    before = np.abs(gap).sum()
    for size in (1.0, 0.25):
        rows = row * np.exp(size * step)
        columns = np.where(
            margins.free_columns, ratio(margins.jobs, column_sums(friction, rows)), column
        )
        miss = margins.workers - rows * row_sums(friction, columns)
        if np.abs(np.where(margins.free_rows, miss, 0.0)).sum() < before:
            return rows, columns
    return row, column


def row_sums(friction: Reals, columns: Floats) -> Floats:
    """Sum frictions over columns by their weights, in double precision."""
    found = np.empty(friction.shape[0])
    for block in row_blocks(friction.shape):
        found[block] = friction[block].astype(np.float64, copy=False) @ columns
    return found


def column_sums(friction: Reals, rows: Floats) -> Floats:
    """Sum frictions over rows by their weights, in double precision."""
    found = np.zeros(friction.shape[1])
    for block in row_blocks(friction.shape):
        found += rows[block] @ friction[block].astype(np.float64, copy=False)
    return found


def solved(
    change: Callable[[Floats], Floats], gap: Floats, people: Floats, *, close: float, most: int
) -> Floats:
    """Solve ``change(x) = gap`` by conjugate gradients (Hestenes, Stiefel 1952).

    Parameters
    ----------
    change
        A linear, symmetric function without negative directions.
    people
        Scale of each row; rows with 0 stay 0.
    close
        Share of the gap that may be left.
    most
        Steps after which the search ends in any case.
    """
    scale = ratio(np.ones(len(people)), people)
    found, left = np.zeros(len(gap)), gap
    ahead = scaled = scale * left
    size = float(left @ scaled)
    wanted = close**2 * size
    for _ in range(most):
        if not size > wanted:
            break
        moved = change(ahead)
        bend = float(ahead @ moved)
        if not bend > 0:
            break
        found = found + size / bend * ahead
        left = left - size / bend * moved
        scaled = scale * left
        size, last = float(left @ scaled), size
        ahead = scaled + size / last * ahead
    return found
