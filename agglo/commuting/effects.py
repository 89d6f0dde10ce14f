"""Poisson likelihood of flows with effects of rows and columns that are never written out."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import pandas as pd

from agglo.commuting.acceleration import solved
from agglo.commuting.balancing import balanced_factors
from agglo.commuting.deterrence import Reals
from agglo.commuting.margins import margins_of, ratio
from agglo.errors import FlowError
from agglo.transport.topology import Floats

MOST_STEPS = 100
MOST_ROUNDS = 2_000
"""Of balancing, for one look: coefficients that need more are too large."""
CLOSE = 1e-9
"""Change of a coefficient, in standard deviations of its regressor, at which the search ends."""
SHORTEST = 0.05
"""Such a change below which a model that cannot be computed ends the search."""
SINGULAR = 1e-10
"""Share of a regressor's variance below which the effects explain all of it."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Fitted:
    """The likeliest coefficients, effects and flows."""

    coefficients: Floats
    standard_errors: Floats
    constant: float
    rows: Floats
    """Effects of the rows: 0 for the first with people, ``−inf`` for those without."""

    columns: Floats
    flows: Floats
    parameters_count: int


def fitted(
    seen: pd.DataFrame,
    used: npt.NDArray[np.bool_],
    regressors: Mapping[str, Reals],
    *,
    by_row: bool,
    by_column: bool,
) -> Fitted:
    """Maximise the Poisson likelihood of flows over coefficients and effects.

    For given coefficients the likeliest effects are those that meet the margins, so the search
    (Newton's method, steps halved where the likelihood falls) is over the coefficients alone;
    their information is what the effects leave of the regressors' variance.

    Parameters
    ----------
    seen
        Persons, home zone × work zone, 0 on pairs that are not used.
    used
        Pairs that take part.
    regressors
        By name, arrays that spread over all pairs; values on unused pairs do not matter.
    by_row, by_column
        Which sides have effects; without either there is one constant.

    Raises
    ------
    FlowError
        If a regressor cannot be told from the effects or the others, or no finite coefficients
        are the likeliest.
    """
    names = list(regressors)
    shape = used.shape
    given = [np.where(used, np.broadcast_to(regressors[name], shape), 0.0) for name in names]
    centres = np.array([one[used].mean() for one in given])
    scales = np.array([one[used].std() for one in given])
    _check_varied(scales, centres, names)
    own = [
        np.where(used, (one - centre) / scale, 0.0)
        for one, centre, scale in zip(given, centres, scales, strict=True)
    ]
    side = (by_row, by_column)
    at, now, information = _climbed(seen, used, own, side, names)
    errors = np.sqrt(np.diag(np.linalg.inv(information))) / scales
    constant, rows, columns = _effects(now, at, centres, scales, side)
    return Fitted(
        coefficients=at / scales,
        standard_errors=errors,
        constant=constant,
        rows=rows,
        columns=columns,
        flows=now.flows,
        parameters_count=len(names) + 1 + _free(rows, by_row) + _free(columns, by_column),
    )


@dataclass(frozen=True, slots=True, kw_only=True)
class _Profile:
    """What is likeliest at given coefficients."""

    rows: Floats
    columns: Floats
    """Logarithms of the factors."""

    flows: Floats
    likelihood: float


def _profile(
    seen: pd.DataFrame,
    used: npt.NDArray[np.bool_],
    own: list[Floats],
    at: Floats,
    side: tuple[bool, bool],
) -> _Profile:
    values = seen.to_numpy(dtype=float)
    slope = sum((value * one for value, one in zip(at, own, strict=True)), np.zeros(used.shape))
    top = slope[used].max()
    friction = np.where(used, np.exp(slope - top), 0.0)
    people, places = values.sum(axis=1), values.sum(axis=0)
    rows, columns = np.ones(len(people)), np.ones(len(places))
    if side == (True, True):
        margins = margins_of(
            pd.Series(people, index=seen.index), pd.Series(places, index=seen.columns)
        )
        rows, columns = balanced_factors(friction, margins, most_rounds=MOST_ROUNDS)
    elif side[0]:
        rows = ratio(people, friction.sum(axis=1))
    elif side[1]:
        columns = ratio(places, friction.sum(axis=0))
    else:
        rows = np.full(len(people), people.sum() / friction.sum())
    flows = friction * rows[:, np.newaxis] * columns
    some = values > 0
    with np.errstate(divide="ignore"):
        likelihood = float(values[some] @ np.log(flows[some]) - flows.sum())
        logs = np.log(rows) - top, np.log(columns)
    return _Profile(rows=logs[0], columns=logs[1], flows=flows, likelihood=likelihood)


def _climbed(
    seen: pd.DataFrame,
    used: npt.NDArray[np.bool_],
    own: list[Floats],
    side: tuple[bool, bool],
    names: list[str],
) -> tuple[Floats, _Profile, Floats]:
    """The likeliest coefficients, what goes with them, and their information."""
    at = np.zeros(len(own))
    now, size = _profile(seen, used, own, at, side), np.inf
    for number in range(MOST_STEPS):
        information, lost = _information(now.flows, own, side)
        if lost.any():
            raise FlowError(_endless(names) if number else _hidden(names, lost))
        if size < CLOSE:
            return at, now, information
        slope = np.array([np.vdot(one, seen.to_numpy() - now.flows) for one in own])
        step = np.linalg.solve(information, slope)
        at, now, size = _improved(seen, used, own, at, step, now, side)
    raise FlowError(_endless(names))


def _improved(
    seen: pd.DataFrame,
    used: npt.NDArray[np.bool_],
    own: list[Floats],
    at: Floats,
    step: Floats,
    now: _Profile,
    side: tuple[bool, bool],
) -> tuple[Floats, _Profile, float]:
    """Go along a step, or half of it until there is a model and the likelihood does not fall."""
    slack = 1e-12 * abs(now.likelihood)
    while True:
        size = float(np.abs(step).max())
        try:
            further = _profile(seen, used, own, at + step, side)
        except FlowError:
            if size < SHORTEST:
                raise
            step = step / 2
            continue
        if further.likelihood >= now.likelihood - slack or size < CLOSE:
            return at + step, further, size
        step = step / 2


def _information(
    flows: Floats, own: list[Floats], side: tuple[bool, bool]
) -> tuple[Floats, npt.NDArray[np.bool_]]:
    """Variance of the regressors that the effects leave, weighted by the flows.

    Returns
    -------
    information, lost
        The second says of which regressors nothing is left, beside effects or each other.
    """
    weighted = [flows * one for one in own]
    left = np.empty((len(own), len(own)))
    whole = np.array([np.vdot(one, by) for one, by in zip(own, weighted, strict=True)])
    for second, by in enumerate(weighted):
        rows, columns = _absorbed(flows, by.sum(axis=1), by.sum(axis=0), side)
        for first, other in enumerate(weighted):
            left[first, second] = (
                np.vdot(own[first], by) - other.sum(axis=1) @ rows - other.sum(axis=0) @ columns
            )
    left = (left + left.T) / 2
    lost = np.diag(left) <= SINGULAR * whole
    scale = np.sqrt(np.where(lost, 1.0, np.diag(left)))
    if not lost.any() and np.linalg.eigvalsh(left / np.outer(scale, scale)).min() < SINGULAR:
        lost = np.ones(len(own), dtype=bool)
    return left, lost


def _absorbed(
    flows: Floats, by_row: Floats, by_column: Floats, side: tuple[bool, bool]
) -> tuple[Floats, Floats]:
    """Effects that explain most of a regressor, from its sums weighted by the flows."""
    people, places = flows.sum(axis=1), flows.sum(axis=0)
    if side == (False, False):
        return np.full(len(people), by_row.sum() / people.sum()), np.zeros(len(places))
    if not side[1]:
        return ratio(by_row, people), np.zeros(len(places))
    if not side[0]:
        return np.zeros(len(people)), ratio(by_column, places)

    def change(rows: Floats) -> Floats:
        moved: Floats = people * rows - flows @ ratio(rows @ flows, places)
        return moved

    gap = by_row - flows @ ratio(by_column, places)
    rows = solved(change, gap, people, close=SINGULAR, most=2 * len(people))
    return rows, ratio(by_column - rows @ flows, places)


def _effects(
    now: _Profile, at: Floats, centres: Floats, scales: Floats, side: tuple[bool, bool]
) -> tuple[float, Floats, Floats]:
    """Constant and effects, each side relative to its first zone with people."""
    rows, columns = now.rows, now.columns
    first_row, first_column = (float(one[np.isfinite(one)][0]) for one in (rows, columns))
    constant = first_row + first_column - float((at / scales) @ centres)
    return (
        constant,
        rows - first_row if side[0] else np.zeros(len(rows)),
        columns - first_column if side[1] else np.zeros(len(columns)),
    )


def _check_varied(scales: Floats, centres: Floats, names: list[str]) -> None:
    flat = scales <= 1e-12 * np.maximum(np.abs(centres), 1e-300)
    if flat.any():
        raise FlowError(
            f"'{names[int(flat.argmax())]}' is the same on all pairs of zones; it explains nothing"
        )


def _free(effects: Floats, is_used: bool) -> int:
    return int(np.isfinite(effects).sum()) - 1 if is_used else 0


def _hidden(names: list[str], lost: npt.NDArray[np.bool_]) -> str:
    stuck = ", ".join(name for name, is_lost in zip(names, lost, strict=True) if is_lost)
    return (
        f"the coefficient(s) of {stuck} cannot be told from the effects of zones or from each "
        "other; take fewer constraints or regressors, or more zones"
    )


def _endless(names: list[str]) -> str:
    return (
        f"no finite coefficients of {', '.join(names)} are the likeliest: people travel only where "
        "it costs least; take fewer regressors, or more flows"
    )
