"""Weights from comparing goals two by two (AHP), refused where the judgements contradict."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import pandas as pd

from agglo.errors import SettingsError
from agglo.transport.topology import Floats

RANDOM_INDEX = (0.0, 0.0, 0.0, 0.58, 0.90, 1.12, 1.24, 1.32, 1.41, 1.45)
"""Mean inconsistency of chance judgements by number of goals (Saaty 1980, unverified)."""

MOST_RATIO = 0.1
"""Consistency ratio from which Saaty would have the judgements looked at again."""

RECIPROCAL_TOLERANCE = 0.01
"""Two entries that mirror each other may differ by the rounding of 1/3 to .33."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Priorities:
    """What comparisons of goals two by two come to."""

    weights: pd.Series
    """By goal, adding up to 1."""

    largest_eigenvalue: float
    consistency_index: float
    """(largest eigenvalue − goals) / (goals − 1): 0 where nothing contradicts."""

    consistency_ratio: float
    """The index over that of chance judgements; 0 for one or two goals."""

    worst: tuple[str, str]
    """The judgement farthest from what the weights say."""

    worst_given: float
    worst_implied: float
    """How many times the first of ``worst`` outweighs the second: as judged, and by weights."""


def pairwise_priorities(judgements: pd.DataFrame) -> Priorities:
    """Take weights from judgements two by two: the first eigenvector (Saaty 1977).

    Parameters
    ----------
    judgements
        Square, goals in both; how many times the row's goal outweighs the column's: 1 on the
        diagonal, above 0, the mirrored entry one over the entry.

    Raises
    ------
    SettingsError
        If the table is not such a one, or has more goals than the index of chance judgements.
    """
    matrix = _checked(judgements)
    goals = [str(goal) for goal in judgements.index]
    values, vectors = np.linalg.eig(matrix)
    first = int(np.argmax(values.real))
    weights = np.abs(vectors[:, first].real)
    weights = weights / weights.sum()
    count = len(goals)
    # A matrix without contradictions has the eigenvalue n exactly; rounding must not go below.
    largest = max(float(values[first].real), float(count))
    index = (largest - count) / (count - 1) if count > 1 else 0.0
    chance = RANDOM_INDEX[count]
    implied = weights[:, None] / weights
    apart = np.triu(np.abs(np.log(matrix / implied)))
    row, column = np.unravel_index(int(np.argmax(apart.round(9))), apart.shape)
    return Priorities(
        weights=pd.Series(weights, index=goals, name="weight"),
        largest_eigenvalue=largest,
        consistency_index=index,
        consistency_ratio=index / chance if chance else 0.0,
        worst=(goals[row], goals[column]),
        worst_given=float(matrix[row, column]),
        worst_implied=float(implied[row, column]),
    )


def pairwise_weights(judgements: pd.DataFrame, *, most_ratio: float = MOST_RATIO) -> pd.Series:
    """Return the weights of goals compared two by two, unless the judgements contradict.

    Parameters
    ----------
    judgements
        See ``pairwise_priorities``.
    most_ratio
        Largest consistency ratio that is let pass.

    Raises
    ------
    SettingsError
        If the consistency ratio is larger: names the judgement that fits the others least, and
        what they make of it.

    Examples
    --------
    >>> goals = ["a", "b"]
    >>> pairwise_weights(pd.DataFrame([[1, 3], [1 / 3, 1]], goals, goals)).round(6).to_dict()
    {'a': 0.75, 'b': 0.25}
    """
    found = pairwise_priorities(judgements)
    if found.consistency_ratio > most_ratio:
        heavy, light = found.worst
        raise SettingsError(
            f"the judgements contradict each other: consistency ratio "
            f"{found.consistency_ratio:.3f}, wanted {most_ratio:g} or less; look first at "
            f"'{heavy}' over '{light}': judged {found.worst_given:.3g}, "
            f"while the others make it {found.worst_implied:.3g}"
        )
    return found.weights


def _checked(judgements: pd.DataFrame) -> Floats:
    """Return the judgements as an array, or refuse them."""
    goals = [str(goal) for goal in judgements.index]
    if not goals or goals != [str(goal) for goal in judgements.columns]:
        raise SettingsError("judgements need the same goals in rows and in columns, in one order")
    if len(set(goals)) < len(goals):
        raise SettingsError("a goal stands twice among the judgements; keep one of them")
    if len(goals) >= len(RANDOM_INDEX):
        raise SettingsError(
            f"at most {len(RANDOM_INDEX) - 1} goals can be compared two by two; got {len(goals)}"
        )
    matrix = judgements.to_numpy(float)
    is_wrong = ~(np.isfinite(matrix) & (matrix > 0))
    with np.errstate(divide="ignore", invalid="ignore"):
        is_wrong |= ~(np.abs(np.log(matrix * matrix.T)) <= RECIPROCAL_TOLERANCE)
    if is_wrong.any():
        row, column = (int(at[0]) for at in np.nonzero(is_wrong))
        raise SettingsError(
            f"judgement '{goals[row]}' over '{goals[column]}' is {matrix[row, column]:g}, the "
            f"other way round {matrix[column, row]:g}; wanted two numbers above 0 whose product "
            "is 1"
        )
    return matrix
