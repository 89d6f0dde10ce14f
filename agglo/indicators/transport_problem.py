"""The transport problem: the cheapest way to join workers and jobs, exactly."""

from __future__ import annotations

import math

import numpy as np
import numpy.typing as npt
import pandas as pd
from scipy import sparse

from agglo.errors import FlowError
from agglo.transport.topology import Floats

DENSE_PAIRS = 20_000
"""With no more pairs than this all are handed to the solver at once."""

PAIRS_PER_ZONE = 5
"""Otherwise so many of each zone at first, and as many more in every round."""

PEOPLE, DEAREST = 1e6, 100.0
"""About all people, and the dearest pair, for the solver: its tolerances are not relative."""

SLACK = 1e-9
"""Share of the dearest pair by which a price may be off, and of all people who may be left."""

ZONES_NAMED = 3

Numbers = npt.NDArray[np.intp]
Mask = npt.NDArray[np.bool_]


def least_cost(cost: pd.DataFrame, people: Floats, places: Floats) -> float:
    """Least total cost of giving everybody one place (Hitchcock 1941).

    Solved by HiGHS (Huangfu and Hall 2018) as a linear programme. A large problem begins with
    the cheapest pairs of each zone; others join while their prices ask for it, so that the
    result is that of all pairs.

    Parameters
    ----------
    cost
        Cost of a pair, home × work, of either sign; infinite where nobody can go.
    people, places
        By row and by column, above 0, of one total.

    Returns
    -------
    least_cost
        Sum over people.

    Raises
    ------
    FlowError
        If some people and places cannot be joined, naming the zones.
    """
    values = cost.to_numpy(dtype=float)
    is_open = np.isfinite(values)
    per_minute = _scale(float(np.abs(values[is_open]).max(initial=0.0)), DEAREST)
    per_person = _scale(float(people.sum()), PEOPLE)
    # people who find no open pair pay more than any chain of swaps could save.
    closed = 2 * DEAREST * (2.0 * min(values.shape) + 1)
    priced = np.where(is_open, values * per_minute, closed)
    own, other = people * per_person, places * (per_person * people.sum() / places.sum())
    pairs = _first_pairs(priced, is_open, own, other)
    while True:
        flow, rows, columns = _solved(priced, own, other, pairs)
        saved = np.where(is_open, priced - rows[:, None] - columns, np.inf)
        wanted = _cheapest(saved)
        wanted = wanted[saved.ravel()[wanted] < -SLACK * DEAREST]
        joined = np.union1d(pairs, wanted)
        if len(joined) == len(pairs):
            break
        pairs = joined
    flow = flow / per_person
    _check_joined(cost, is_open, pairs, flow, people, places)
    return float(flow @ np.where(is_open, values, 0.0).ravel()[pairs])


def _scale(size: float, wanted: float) -> float:
    """Power of two that brings a size near the wanted one, so that nothing is rounded."""
    return 2.0 ** round(math.log2(wanted / size)) if size > 0 else 1.0


def _first_pairs(priced: Floats, is_open: Mask, people: Floats, places: Floats) -> Numbers:
    """Pairs that can carry everybody, if at a price, and the cheapest of each zone."""
    if priced.size <= DENSE_PAIRS:
        cheap = np.flatnonzero(is_open)
    else:
        cheap = _cheapest(np.where(is_open, priced, np.inf))
        cheap = cheap[is_open.ravel()[cheap]]
    left, right = np.cumsum(people), np.cumsum(places)
    left[-1] = right[-1] = max(left[-1], right[-1])
    ends = np.unique(np.concatenate([left, right]))
    middle = ends - np.diff(ends, prepend=0.0) / 2
    corner = np.searchsorted(left, middle) * len(places) + np.searchsorted(right, middle)
    return np.union1d(corner, cheap)


def _cheapest(priced: Floats) -> Numbers:
    """Numbers of the cheapest pairs of each row and of each column."""
    rows, columns = priced.shape
    few, many = min(PAIRS_PER_ZONE, columns), min(PAIRS_PER_ZONE, rows)
    by_row = np.argpartition(priced, few - 1, axis=1)[:, :few] + np.arange(rows)[:, None] * columns
    by_column = np.argpartition(priced, many - 1, axis=0)[:many] * columns + np.arange(columns)
    return np.union1d(by_row, by_column)


def _solved(
    priced: Floats, people: Floats, places: Floats, pairs: Numbers
) -> tuple[Floats, Floats, Floats]:
    """Solve over some pairs; return the flow of each, and the prices of rows and columns."""
    from scipy.optimize import linprog

    rows, columns = np.divmod(pairs, len(places))
    number = np.arange(len(pairs))
    sides = sparse.csr_array(
        (
            np.ones(2 * len(pairs)),
            (np.concatenate([rows, len(people) + columns]), np.concatenate([number, number])),
        ),
        shape=(len(people) + len(places), len(pairs)),
    )
    # the last place is filled when all others are: without it no rounding can contradict.
    found = linprog(
        priced.ravel()[pairs],
        A_eq=sides[:-1],
        b_eq=np.concatenate([people, places])[:-1],
        method="highs-ds" if priced.size <= DENSE_PAIRS else "highs-ipm",
    )
    if found.status != 0:
        raise FlowError(
            f"the transport problem of {len(people)} homes and {len(places)} places of work was "
            f"not solved ({found.message}); check for counts that differ by many powers of ten"
        )
    prices = np.append(found.eqlin.marginals, 0.0)
    return found.x, prices[: len(people)], prices[len(people) :]


def _check_joined(
    cost: pd.DataFrame,
    is_open: Mask,
    pairs: Numbers,
    flow: Floats,
    people: Floats,
    places: Floats,
) -> None:
    """Name the smallest side that cannot be joined: homes without jobs, or the reverse."""
    carried = np.zeros(is_open.shape)
    carried.flat[pairs] = flow
    left = np.where(is_open, 0.0, carried)
    least = SLACK * people.sum()
    if not left.sum() > least:
        return
    used = np.where(is_open, carried, 0.0) > least / carried.size
    homes = _within_reach(is_open, used, left.sum(axis=1) > least / carried.size)
    works = _within_reach(is_open.T, used.T, left.sum(axis=0) > least / carried.size)
    sides = [
        (cost.index[homes], people[homes].sum(), places[is_open[homes].any(axis=0)].sum(),
         "workers", "jobs"),
        (cost.columns[works], places[works].sum(), people[is_open[:, works].any(axis=1)].sum(),
         "jobs", "workers"),
    ]  # fmt: skip
    zones, own, other, what, missing = min(sides, key=lambda side: len(side[0]))
    names = sorted(map(str, zones))
    more = f" and {len(names) - ZONES_NAMED} more" if len(names) > ZONES_NAMED else ""
    raise FlowError(
        f"zone {', '.join(map(repr, names[:ZONES_NAMED]))}{more}: {own:,.1f} {what}, and only "
        f"{other:,.1f} {missing} have a way to them; mend the network, or leave them out"
    )


def _within_reach(is_open: Mask, used: Mask, start: Mask) -> Mask:
    """Zones whose people share places with those left over, all of which are taken."""
    found = start
    while True:
        taken = is_open[found].any(axis=0)
        grown = found | used[:, taken].any(axis=1)
        if (grown == found).all():
            return found
        found = grown
