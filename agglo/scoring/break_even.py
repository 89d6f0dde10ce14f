"""What would turn the ranking round: values of assumptions and weights where an order turns."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from itertools import combinations, pairwise

import numpy as np
import pandas as pd

from agglo.errors import TableError

COLUMNS = ("scenario", "other", "goal", "what", "value", "side")


def roots(points: Sequence[tuple[float, float]]) -> list[float]:
    """Return where a line through points (value, difference) meets 0, exactly and in order.

    A stretch that lies on 0 gives its two ends. A point that is not known takes the stretches
    beside it away.

    Examples
    --------
    >>> roots([(0, -1), (1, 1), (2, -3)])
    [0.5, 1.25]
    """
    ordered = sorted((float(x), float(y)) for x, y in points)
    found = [x for x, y in ordered if y == 0]
    for (x_0, y_0), (x_1, y_1) in pairwise(ordered):
        if x_0 < x_1 and (y_0 < 0 < y_1 or y_1 < 0 < y_0):
            found.append(x_0 + (x_1 - x_0) * (y_0 / (y_0 - y_1)))
    return sorted(set(found))


def assumption_break_even(
    ends: pd.DataFrame, pairs: Sequence[tuple[str, str]] | None = None
) -> pd.DataFrame:
    """Find the values of an assumption at which one scenario's score overtakes another's.

    The scores are joined by straight lines through the low, central and high value of each
    assumption, the others held at their centre; the answer is exact for that line. Against the
    baseline it is where the scenario's gain turns into a loss.

    Parameters
    ----------
    ends
        ``scenario``, ``goal``, ``assumption``, ``value``, ``score``: two or more values of each
        assumption. A value stands once for a scenario, goal and assumption.
    pairs
        (scenario, other) to compare; every two by default.

    Returns
    -------
    assumption_break_even
        ``scenario``, ``other``, ``goal``, ``what`` (the assumption), ``value``, ``side``: a row
        for every crossing, ``nan`` where there is none in the range. ``side`` says where the
        scenario is ahead: 'above' or 'below' the value, 'both' or 'neither' where they only
        touch; without a crossing 'always', 'never', or '' where scores are unknown or level.
    """
    keys = ["goal", "assumption", "value", "scenario"]
    if ends.duplicated(keys).any():
        row = ends[ends.duplicated(keys)].iloc[0]
        raise TableError(
            f"scenario '{row['scenario']}' has two scores at {row['assumption']} = "
            f"{row['value']:g}; keep one"
        )
    ends = ends[ends["value"].notna()]
    listed = sorted(ends["scenario"].unique())
    chosen = list(combinations(listed, 2)) if pairs is None else list(pairs)
    rows = []
    for (goal, what), part in ends.sort_values(keys).groupby(["goal", "assumption"], sort=True):
        table = part.pivot(index="value", columns="scenario", values="score")
        table = table.reindex(columns=listed)
        for scenario, other in chosen:
            difference = table[scenario] - table[other]
            points = list(zip(table.index, difference, strict=True))
            rows += [(scenario, other, goal, what, *turn) for turn in _turns(points)]
    return _frame(rows)


def weight_break_even(
    scores: pd.DataFrame,
    weights: Mapping[str, float],
    pairs: Sequence[tuple[str, str]] | None = None,
) -> pd.DataFrame:
    """Find the weight of each goal at which two scenarios are level, the others in proportion.

    The other goals keep their shares among each other. The weighted difference is then linear
    in the weight, so there is one such weight at most: closed form (Triantaphyllou, Sánchez
    1997, unverified).

    Parameters
    ----------
    scores
        Scenario × goal.
    weights
        By goal of ``scores``, on any scale.

    Returns
    -------
    weight_break_even
        Columns as in ``assumption_break_even``, ``goal`` '' and ``what`` the goal whose weight
        is turned (0–1).
    """
    goals, share = _shares(scores, weights)
    chosen = list(combinations(scores.index, 2)) if pairs is None else list(pairs)
    rows = []
    for scenario, other in chosen:
        gain = (scores.loc[scenario, goals] - scores.loc[other, goals]).to_numpy(float)
        for at, goal in enumerate(goals):
            rest = (share > 0) & (np.arange(len(goals)) != at)
            # Without weight on the others there is no proportion to keep.
            without = (gain[rest] @ share[rest]) / share[rest].sum() if rest.any() else math.nan
            ends = [(0.0, float(without)), (1.0, float(gain[at]))]
            rows += [(scenario, other, "", goal, *turn) for turn in _turns(ends)]
    return _frame(rows)


@dataclass(frozen=True, slots=True, kw_only=True)
class Turn:
    """The smallest change of weights that makes two scenarios level."""

    weights: pd.Series
    """By goal, adding up to 1; ``nan`` where no weights make them level."""

    distance: float
    """Sum of all changes, up and down, 0–2; ``nan`` where no weights make them level."""

    change: pd.Series
    """What is added to each goal's weight: the direction."""


def smallest_turn(
    scores: pd.DataFrame, weights: Mapping[str, float], *, scenario: str, other: str
) -> Turn:
    """Return the smallest change of goal weights that makes two scenarios level.

    Weights move from the goals that speak most for the one ahead to the goal that speaks most
    for the other, until the weighted difference is 0: among all weights this is the nearest
    point, in the sum of absolute changes, of the plane where both are level.

    Parameters
    ----------
    scores
        Scenario × goal.
    weights
        By goal of ``scores``, on any scale.

    Examples
    --------
    >>> scores = pd.DataFrame({"x": [60, 50], "y": [40, 50]}, index=["s1", "b0"])
    >>> turn = smallest_turn(scores, {"x": 0.75, "y": 0.25}, scenario="s1", other="b0")
    >>> turn.change.to_dict(), turn.distance
    ({'x': -0.25, 'y': 0.25}, 0.5)
    """
    goals, share = _shares(scores, weights)
    gain = (scores.loc[scenario, goals] - scores.loc[other, goals]).to_numpy(float)
    # No weight can move to a goal that one of the two lacks.
    known = ~(np.isnan(gain) & (share == 0))
    whole, share, gain = share, share[known], gain[known]
    ahead = float((gain * share).sum())
    gain = gain if ahead >= 0 else -gain
    missing, moved = abs(ahead), np.zeros(len(gain))
    to = int(np.argmin(gain))
    for at in np.argsort(-gain, kind="stable"):
        if not missing > 0 or not gain[at] > gain[to]:
            break
        step = min(float(share[at]), missing / float(gain[at] - gain[to]))
        moved[at] -= step
        moved[to] += step
        missing -= step * float(gain[at] - gain[to])
    is_level = bool(missing <= 1e-9 * max(1.0, float(np.abs(gain).max(initial=0.0))))
    change = pd.Series(0.0 if is_level else np.nan, index=goals)
    if is_level:
        change[known] = moved
    return Turn(
        weights=change + whole,
        distance=float(np.abs(moved).sum()) if is_level else math.nan,
        change=change,
    )


def _turns(points: Sequence[tuple[float, float]]) -> list[tuple[float, str]]:
    """Return each root of a line through points and the side on which it is above 0."""
    known = [(x, y) for x, y in points if not (math.isnan(x) or math.isnan(y))]
    found = roots(points)
    signs = {float(np.sign(y)) for _, y in known}
    if not found or signs <= {0.0}:
        is_whole = len(known) == len(points) and len(signs) == 1
        return [(math.nan, {1.0: "always", -1.0: "never"}.get(signs.pop(), "") if is_whole else "")]
    return [(root, _side(known, root)) for root in found]


def _side(known: Sequence[tuple[float, float]], root: float) -> str:
    below = [y for x, y in known if x < root and y != 0]
    above = [y for x, y in known if x > root and y != 0]
    is_below = bool(below) and below[-1] > 0
    is_above = bool(above) and above[0] > 0
    return {(True, True): "both", (False, False): "neither"}.get(
        (is_below, is_above), "above" if is_above else "below"
    )


def _shares(scores: pd.DataFrame, weights: Mapping[str, float]) -> tuple[list[str], np.ndarray]:
    """Return the goals that some scenario has, by name, and their weights adding up to 1."""
    goals = sorted(str(goal) for goal in scores.columns[scores.notna().any()])
    share = np.array([float(weights.get(goal, 0.0)) for goal in goals])
    if not (share >= 0).all() or not 0 < share.sum() < math.inf:
        raise TableError(f"weights must be 0 or more and one of them above 0; got {dict(weights)}")
    return goals, share / share.sum()


def _frame(rows: Sequence[tuple[object, ...]]) -> pd.DataFrame:
    kinds = {name: str for name in COLUMNS if name != "value"}
    return pd.DataFrame(list(rows), columns=list(COLUMNS)).astype({**kinds, "value": float})
