"""Feasibility: zones that have more workers than the jobs they can reach, or the reverse."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TypeAlias

import numpy as np
import numpy.typing as npt

from agglo.commuting.deterrence import Reals, row_blocks
from agglo.transport.topology import Floats

Mask: TypeAlias = npt.NDArray[np.bool_]

SLACK = 1e-9
"""Share of the total below which a shortfall is rounding."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Shortfall:
    """A set of zones that can never match its margin: the condition of Hall (1935) fails."""

    is_rows: bool
    """Whether the zones are homes with too few jobs in reach, or jobs that too few reach."""

    zones: npt.NDArray[np.intp]
    """Row or column numbers."""

    own: float
    """Workers, or jobs, of these zones together."""

    missing: float
    """How many of them nothing in reach can match."""


def shortfall(
    friction: Reals,
    workers: Floats,
    jobs: Floats,
    *,
    free_rows: Mask,
    free_columns: Mask,
    growth: Floats,
) -> Shortfall | None:
    """Find zones with more workers than jobs in reach, or jobs that too few workers reach.

    Where margins cannot be met, the row factors of the zones that are short grow fastest in
    every round; so the rows are looked at in this order, and each beginning of it is tested. What
    is found is certain; nothing found means only that this order shows nothing.

    Parameters
    ----------
    friction
        Rows × columns, 0 where there is no way.
    free_rows, free_columns
        Zones that have to meet their margin; the others send and take any number.
    growth
        By how much each row factor grew lately.
    """
    people = np.flatnonzero(free_rows & (workers > 0))
    people = people[np.lexsort((people, -growth[people]))]
    captive = people[~_touched(friction[:, ~free_columns], axis=1)[people]]
    takes = free_columns & (jobs > 0)
    short = _cumulated(workers[captive], _first(friction, captive)[takes], jobs[takes])
    dependent = np.flatnonzero(takes & ~_touched(friction[~free_rows], axis=0))
    first = _first(friction, people)[dependent]
    lacking = workers[people].sum() - jobs[dependent].sum()
    spare = np.append(0.0, _cumulated(workers[people], first, jobs[dependent])) - lacking
    slack = SLACK * max(workers[people].sum(), jobs[takes].sum())
    found = []
    if len(short) and short.max() > slack:
        zones = np.sort(captive[: int(short.argmax()) + 1])
        found.append((len(zones), True, zones, float(workers[zones].sum()), float(short.max())))
    if spare.max() > slack:
        zones = dependent[first >= int(spare.argmax())]
        found.append((len(zones), False, zones, float(jobs[zones].sum()), float(spare.max())))
    if not found:
        return None
    _, is_rows, zones, own, missing = min(found, key=lambda one: (one[0], not one[1]))
    return Shortfall(is_rows=is_rows, zones=zones, own=own, missing=missing)


def _cumulated(people: Floats, first: npt.NDArray[np.intp], places: Floats) -> Floats:
    """Of each beginning of the rows, the people less the places that it reaches."""
    seen = first < len(people)
    gained = np.bincount(first[seen], weights=places[seen], minlength=len(people))
    return np.cumsum(people - gained)


def _first(friction: Reals, rows: npt.NDArray[np.intp]) -> npt.NDArray[np.intp]:
    """For each column the place in the order of the first row that reaches it."""
    ranks = np.full(friction.shape[0], len(rows), dtype=np.intp)
    ranks[rows] = np.arange(len(rows))
    found = np.full(friction.shape[1], len(rows), dtype=np.intp)
    for block in row_blocks(friction.shape):
        own = np.where(friction[block] > 0, ranks[block, np.newaxis], len(rows))
        np.minimum(found, own.min(axis=0), out=found)
    return found


def _touched(friction: Reals, *, axis: int) -> Mask:
    return np.asarray((friction > 0).any(axis=axis))
