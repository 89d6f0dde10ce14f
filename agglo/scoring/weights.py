"""Stakeholders' weights of the goals, and the rankings they lead to."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
import pandas as pd

from agglo.errors import SettingsError, TableError
from agglo.indicators.indicator import GOALS
from agglo.scoring.drawn import (
    beaten_counts,
    drawn_cube,
    rank_columns,
    rank_masses,
)
from agglo.transport.topology import Floats

ANY_WEIGHTS = "any"
"""Stands for all weights of the goals at once."""


@dataclass(frozen=True, slots=True, kw_only=True)
class WeightSet:
    """How much each goal counts for one group of people."""

    id: str
    name_ru: str
    name_en: str
    weights: Mapping[str, float]
    """Weight by goal, on any scale; a goal that is not named weighs nothing."""

    def __post_init__(self) -> None:
        """Refuse a goal that the mission does not know and weights that are none."""
        where = f"weight set '{self.id}'"
        for goal, weight in self.weights.items():
            if goal not in GOALS:
                raise SettingsError(f"{where}: unknown goal '{goal}'; known: {', '.join(GOALS)}")
            if not 0 <= weight < math.inf:
                raise SettingsError(
                    f"{where}: the weight of '{goal}' must be 0 or more and finite; got {weight}"
                )
        if not 0 < sum(self.weights.values()) < math.inf:
            raise SettingsError(f"{where}: at least one goal needs a weight above 0")

    def over(self, goals: Sequence[str]) -> pd.Series:
        """Return the weights of those goals that have a score, made to add up to 1.

        All ``nan`` where none of the goals weighs anything for this group.

        Examples
        --------
        >>> mine = WeightSet(id="all", name_ru="", name_en="",
        ...                  weights={"labour_mobility": 3, "multi_focus": 1, "environment": 4})
        >>> mine.over(["labour_mobility", "multi_focus"]).to_dict()
        {'labour_mobility': 0.75, 'multi_focus': 0.25}
        """
        weights = pd.Series(
            {goal: float(self.weights.get(goal, 0.0)) for goal in goals}, dtype=float
        )
        return weights / (weights.sum() or math.nan)


def weighted_ranking(
    scores: pd.DataFrame,
    weight_sets: Sequence[WeightSet],
    *,
    drawn_scores: pd.DataFrame | None = None,
) -> pd.DataFrame:
    """Rank the scenarios as each group of stakeholders would.

    Parameters
    ----------
    scores
        Scenario × goal with every assumption at its central value. A goal that no scenario has
        is left out; a scenario that lacks one that weighs something has no rank.
    drawn_scores
        Index (draw, scenario): shares of ranks are those of draws. Without them the central
        scores alone give the ranks.

    Returns
    -------
    weighted_ranking
        ``scenario``, ``weights`` (id of the set), ``overall`` (weighted central score),
        ``mean_rank``, ``best_share`` and ``rank_1_share`` …; those who are level share ranks.

    Raises
    ------
    TableError
        If two sets have one id or a scenario stands twice.
    """
    ids = [one.id for one in weight_sets]
    if twice := sorted({name for name in ids if ids.count(name) > 1}):
        raise TableError(f"two weight sets are called '{twice[0]}'; rename one of them")
    if not scores.index.is_unique:
        twice_name = scores.index[scores.index.duplicated()][0]
        raise TableError(f"scenario '{twice_name}' stands twice in the scores; keep one row")
    goals = sorted(str(goal) for goal in scores.columns[scores.notna().any()])
    names = [str(name) for name in scores.index]
    central = scores[goals].to_numpy(float)[None]
    cube = central
    if drawn_scores is not None:
        cube, _ = drawn_cube(drawn_scores, scenarios=names, columns=goals)
    parts = []
    for one in weight_sets:
        weights = one.over(goals).to_numpy(float)
        frame = pd.DataFrame({"scenario": names, "weights": one.id})
        frame["overall"] = overall_scores(central, weights)[0]
        parts.append(frame.assign(**rank_columns(_rank_shares(overall_scores(cube, weights)))))
    if not parts:
        return pd.DataFrame(columns=["scenario", "weights", "overall", "mean_rank", "best_share"])
    return pd.concat(parts, ignore_index=True)


def overall_scores(cube: Floats, weights: Floats) -> Floats:
    """Weigh the scores of draw × scenario × goal; a goal without weight may be unknown."""
    overall = np.zeros(cube.shape[:2])
    for goal, weight in enumerate(weights):
        if weight != 0:
            overall += weight * cube[:, :, goal]
    return overall


def _rank_shares(overall: Floats) -> Floats:
    """Return the shares of ranks over draws (rows), unknown for who lacks a score in any."""
    count = overall.shape[1]
    shares = np.full((count, count), np.nan)
    ranked = np.flatnonzero(~np.isnan(overall).any(axis=0))
    if len(overall) and len(ranked):
        better, level = beaten_counts(overall.T[ranked])
        own = rank_masses(better, level, np.ones(len(overall))) / len(overall)
        shares[ranked] = 0.0
        shares[np.ix_(ranked, np.arange(len(ranked)))] = own
    return shares
