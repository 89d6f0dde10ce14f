"""Pareto dominance: which scenario is at least as good as another on every goal."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt
import pandas as pd

from agglo.errors import TableError
from agglo.scoring.drawn import drawn_cube
from agglo.transport.topology import Floats

Bools = npt.NDArray[np.bool_]


def dominance(scores: pd.DataFrame, *, tolerance: float = 0.0) -> pd.DataFrame:
    """Say which scenarios are dominated on the goals, and by whom (Pareto 1906, unverified).

    One scenario dominates another that is nowhere better by more than ``tolerance`` and
    somewhere worse by more than it. Dominance needs no weights and comes before any ranking.
    A goal that no scenario has is left out. A scenario that lacks a goal which others have
    neither dominates nor is dominated: the unknown score could turn the comparison round.

    Parameters
    ----------
    scores
        Rows are scenarios, columns goals, more is better.
    tolerance
        Points of score that count for nothing. Above 0 the relation need not be transitive: of
        three scenarios each may dominate the next, though never two each other.

    Returns
    -------
    dominance
        ``scenario``, ``is_dominated`` and ``dominated_by`` (names, sorted, with commas).

    Raises
    ------
    TableError
        If a scenario stands twice or the tolerance is below 0.

    Examples
    --------
    >>> scores = pd.DataFrame({"x": [50, 60, 70], "y": [50, 60, 40]}, index=["b0", "s1", "s2"])
    >>> dominance(scores)["dominated_by"].tolist()
    ['s1', '', '']
    """
    _check(scores.index, tolerance)
    wins = _dominates(scores.to_numpy(float)[None], tolerance)[0]
    names = np.array([str(name) for name in scores.index], dtype=object)
    return pd.DataFrame(
        {
            "scenario": names,
            "is_dominated": wins.any(axis=0),
            "dominated_by": [", ".join(sorted(names[column])) for column in wins.T],
        }
    ).astype({"scenario": str, "dominated_by": str})


def dominance_shares(drawn_scores: pd.DataFrame, *, tolerance: float = 0.0) -> pd.DataFrame:
    """Return the share of draws in which each scenario (row) dominates each other (column).

    Parameters
    ----------
    drawn_scores
        Index (draw, scenario), columns goals; a central draw −1 does not count.

    Returns
    -------
    dominance_shares
        Square, by scenario; ``nan`` without draws.
    """
    names = drawn_scores.index.get_level_values(-1).unique()
    wins = _drawn_dominates(drawn_scores, names, tolerance)
    return pd.DataFrame(_mean(wins), index=names.rename("scenario"), columns=names.rename("other"))


def undominated_shares(drawn_scores: pd.DataFrame, *, tolerance: float = 0.0) -> pd.Series:
    """Return the share of draws in which nobody dominates each scenario; ``nan`` without draws."""
    names = drawn_scores.index.get_level_values(-1).unique()
    wins = _drawn_dominates(drawn_scores, names, tolerance)
    is_free = ~np.asarray(wins.any(axis=1), dtype=bool)
    return pd.Series(_mean(is_free), index=names.rename("scenario"), name="undominated_share")


def _drawn_dominates(drawn: pd.DataFrame, names: pd.Index, tolerance: float) -> Bools:
    _check(names, tolerance)
    cube, _ = drawn_cube(drawn, scenarios=list(names), columns=list(drawn.columns))
    if not len(cube):
        return np.zeros((0, len(names), len(names)), dtype=bool)
    return _dominates(cube, tolerance)


def _dominates(cube: Floats, tolerance: float) -> Bools:
    """Tell, in each draw, whether the row's scenario dominates the column's."""
    has_goal = ~np.isnan(cube).all(axis=(0, 1))
    scores = cube[:, :, has_goal]
    count = scores.shape[1]
    is_never_worse = np.ones((len(scores), count, count), dtype=bool)
    is_once_better = np.zeros((len(scores), count, count), dtype=bool)
    for goal in range(scores.shape[2]):
        own, others = scores[:, :, None, goal], scores[:, None, :, goal]
        # A comparison with nan is false, so an unknown goal stops both.
        is_never_worse &= own >= others - tolerance
        is_once_better |= own > others + tolerance
    return is_never_worse & is_once_better


def _mean(wins: Bools) -> Floats:
    return wins.mean(axis=0) if len(wins) else np.full(wins.shape[1:], np.nan)


def _check(names: pd.Index, tolerance: float) -> None:
    if not names.is_unique:
        twice = names[names.duplicated()][0]
        raise TableError(f"scenario '{twice}' stands twice in the scores; keep one of the rows")
    if not tolerance >= 0:
        raise TableError(f"tolerance must be 0 or more points of score; got {tolerance}")
