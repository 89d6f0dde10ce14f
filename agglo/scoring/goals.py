"""Goals and the anchored scale: the baseline scores 50, the target 100."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import pandas as pd

from agglo.errors import CompareError, SettingsError
from agglo.indicators.registry import GOALS, INDICATORS
from agglo.scenarios.files import BASELINE

MIDDLE = 50.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Anchor:
    """How one indicator is valued: what change from the baseline is worth 50 points."""

    indicator: str
    weight: float
    target_ratio: float | None = None
    """Target over baseline, on a logarithmic scale."""

    target_change: float | None = None
    """Target minus baseline, on a linear scale (for shares)."""

    source: str = ""
    """Where the target comes from; empty for a proposal."""

    def __post_init__(self) -> None:
        """Refuse an unknown indicator and a target that says nothing."""
        name = f"goal indicator '{self.indicator}'"
        if self.indicator not in INDICATORS:
            raise SettingsError(f"{name} is not registered; known: {', '.join(INDICATORS)}")
        if (self.target_ratio is None) == (self.target_change is None):
            raise SettingsError(f"{name} needs either target_ratio or target_change")
        if not INDICATORS[self.indicator].has_whole:
            raise SettingsError(f"{name} has no value for the whole region; take another one")
        if not 0 < self.weight < math.inf:
            raise SettingsError(f"{name}: weight must be above 0 and finite; got {self.weight}")
        better = INDICATORS[self.indicator].better
        if not math.isfinite(self.step) or self.step == 0 or self.step * better < 0:
            raise SettingsError(f"{name}: the target must be better than the baseline; got {self}")

    @property
    def step(self) -> float:
        """What the target differs by: logarithm of the ratio, or the change; ``nan`` if none."""
        if self.target_change is not None:
            return self.target_change
        ratio = self.target_ratio or 0.0
        return math.log(ratio) if ratio > 0 else math.nan


@dataclass(frozen=True, slots=True, kw_only=True)
class Goal:
    """A goal of the agglomeration with the indicators that stand for it."""

    id: str
    name_ru: str
    name_en: str
    headline: bool
    anchors: tuple[Anchor, ...]

    def __post_init__(self) -> None:
        """Refuse a goal that the mission does not know."""
        if self.id not in GOALS:
            raise SettingsError(f"unknown goal '{self.id}'; known: {', '.join(GOALS)}")
        if not self.anchors:
            raise SettingsError(f"goal '{self.id}' has no indicator")


def anchored_value(value: float, baseline: float, anchor: Anchor) -> float:
    """Value an indicator on the anchored scale, 0–100, ``nan`` where it has no meaning.

    ``50 + 50·ln(x/base)/ln(target/base)`` on ratio scales, linear for shares: unlike min–max
    or TOPSIS, dropping a scenario never reorders the others.

    Examples
    --------
    >>> anchor = Anchor(indicator="jobs_per_worker", weight=1, target_ratio=1.21)
    >>> round(anchored_value(1.1, 1.0, anchor), 6)
    75.0
    """
    return float(_anchored(np.array([value]), np.array([baseline]), anchor)[0])


def goal_scores(
    values: pd.Series, baseline: pd.Series, goals: Sequence[Goal]
) -> Mapping[str, float]:
    """Score every goal: the weighted mean of its indicators' values.

    Parameters
    ----------
    values, baseline
        Value of each indicator for the whole region, indexed by indicator.

    Returns
    -------
    goal_scores
        0–100 by goal id. An indicator without a value is left out of the mean, and shows as
        such in the coverage; a goal without any is ``nan``.
    """
    scores = {}
    for goal in goals:
        weights = np.array([anchor.weight for anchor in goal.anchors])
        valued = np.array(
            [
                anchored_value(values[anchor.indicator], baseline[anchor.indicator], anchor)
                for anchor in goal.anchors
            ]
        )
        has = ~np.isnan(valued)
        scores[goal.id] = (
            float((valued[has] * weights[has]).sum() / weights[has].sum()) if has.any() else np.nan
        )
    return scores


def drawn_goal_scores(values: pd.DataFrame, goals: Sequence[Goal]) -> pd.DataFrame:
    """Score every goal in every draw, against the baseline of the same draw.

    Parameters
    ----------
    values
        Index (draw, scenario), the baseline in every draw; columns indicators.

    Returns
    -------
    drawn_goal_scores
        The same index, columns goals, 0–100; row by row the same as ``goal_scores``.

    Raises
    ------
    CompareError
        If a draw has no baseline, or more than one.
    """
    base = _baselines(values)
    needed = dict.fromkeys(anchor.indicator for goal in goals for anchor in goal.anchors)
    numbers = {name: values[name].to_numpy(dtype=float) for name in needed}
    scores = {}
    for goal in goals:
        valued = np.column_stack(
            [
                _anchored(numbers[anchor.indicator], numbers[anchor.indicator][base], anchor)
                for anchor in goal.anchors
            ]
        )
        has = ~np.isnan(valued)
        weights = np.array([anchor.weight for anchor in goal.anchors]) * has
        total, points = weights.sum(axis=1), (np.where(has, valued, 0.0) * weights).sum(axis=1)
        scores[goal.id] = np.divide(
            points, total, out=np.full(len(values), np.nan), where=total > 0
        )
    return pd.DataFrame(scores, index=values.index)


def _baselines(values: pd.DataFrame) -> npt.NDArray[np.intp]:
    """Row number of the baseline of the same draw, for every row."""
    draws = values.index.get_level_values("draw")
    is_base = values.index.get_level_values("scenario") == BASELINE
    own = draws[is_base]
    if not own.is_unique:
        raise CompareError(
            f"draw {own[own.duplicated()][0]} has the '{BASELINE}' more than once; keep one row of "
            "each draw and scenario"
        )
    found = own.get_indexer(draws)
    if (found < 0).any():
        raise CompareError(
            f"draw {draws[found < 0][0]} has no '{BASELINE}'; a score is measured from the "
            "baseline of its own draw"
        )
    return np.asarray(np.flatnonzero(is_base)[found])


def _anchored(
    value: npt.NDArray[np.float64], baseline: npt.NDArray[np.float64], anchor: Anchor
) -> npt.NDArray[np.float64]:
    with np.errstate(divide="ignore", invalid="ignore"):
        if anchor.target_change is not None:
            step = (value - baseline) / anchor.step
        else:
            step = np.log(value / baseline) / anchor.step
            step = np.where((baseline > 0) & (value >= 0), step, np.nan)
    return np.asarray(np.clip(MIDDLE + MIDDLE * step, 0.0, 100.0))
