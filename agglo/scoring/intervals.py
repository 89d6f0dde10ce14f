"""Changes against the baseline of the same draw, their intervals, and what they allow to say."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import numpy.typing as npt
import pandas as pd

from agglo.errors import TableError
from agglo.scoring.drawn import baseline_at, drawn_cube
from agglo.transport.topology import Floats

QUANTILES = (0.05, 0.95)
"""Ends of an interval: nine draws of ten lie inside."""

ROUNDING_SHARE = 1e-9
"""Changes below this share of the baseline (of 1, if that is less) are rounding."""

VERDICTS = ("better", "worse", "no clear change", "changed", "unchanged", "unknown")

FACTS = ("goal", "unit", "better", "status")


def deltas(
    values: pd.DataFrame, central: pd.DataFrame, indicators: pd.DataFrame, *, baseline: str
) -> pd.DataFrame:
    """Take the change of each indicator against the baseline, with its interval.

    The change is taken within each draw (common random numbers: Glasserman, Yao 1992,
    unverified), so what an assumption moves in both the baseline and the scenario cancels out;
    the interval is that of changes, never of levels, and reaches to the central change.

    Parameters
    ----------
    values
        Index (draw, scenario), columns indicators, values of the whole region; a central draw
        −1 is left out of the interval.
    central
        Index scenario, columns indicators: values with every assumption at its central value.
    indicators
        Index indicator; ``goal``, ``unit``, ``better`` (+1, −1 or 0) and ``status``.

    Returns
    -------
    deltas
        ``scenario``, ``indicator``, ``goal``, ``unit``, ``better``, ``baseline``, ``value``,
        ``delta``, ``low``, ``high``, ``verdict``, ``status``: a row for every scenario but the
        baseline and every indicator. See ``interval`` and ``verdicts`` for the last ones.

    Raises
    ------
    CompareError
        If the baseline was not run.
    TableError
        If a scenario stands twice, or a fact about the indicators is absent.
    """
    absent = [name for name in FACTS if name not in indicators.columns]
    if absent:
        raise TableError(f"the facts about indicators lack the column {absent[0]}")
    names = list(indicators.index)
    scenarios, change, low, high, is_same = _changes(
        values, central.reindex(columns=names), baseline=baseline
    )
    better = indicators["better"].to_numpy(float)
    own = central.reindex(columns=names)
    frame = _long(scenarios, "indicator", names)
    for fact in ("goal", "unit", "better"):
        frame[fact] = np.tile(indicators[fact].to_numpy(), len(scenarios))
    frame["baseline"] = np.tile(own.loc[baseline].to_numpy(float), len(scenarios))
    frame["value"] = own.to_numpy(float).ravel()
    frame["delta"], frame["low"], frame["high"] = change.ravel(), low.ravel(), high.ravel()
    frame["verdict"] = verdicts(change, low, high, better=better, is_same=is_same).ravel()
    frame["status"] = np.tile(indicators["status"].to_numpy(), len(scenarios))
    return frame[frame["scenario"] != baseline].reset_index(drop=True)


def score_intervals(
    drawn_scores: pd.DataFrame, central_scores: pd.DataFrame, *, baseline: str
) -> pd.DataFrame:
    """Give every goal score the interval of its distance from the baseline of the same draw.

    Parameters
    ----------
    drawn_scores
        Index (draw, scenario), columns goals, 0–100.
    central_scores
        Index scenario, columns goals.

    Returns
    -------
    score_intervals
        ``scenario``, ``goal``, ``score``, ``low``, ``high`` and ``verdict``, the baseline's rows
        included. The ends are the baseline's central score plus the interval of the distance;
        where the baseline scores 50 in every draw they are quantiles of the score itself.
    """
    goals = list(central_scores.columns)
    scenarios, change, low, high, is_same = _changes(
        drawn_scores, central_scores, baseline=baseline
    )
    base = central_scores.loc[baseline].to_numpy(float)
    frame = _long(scenarios, "goal", goals)
    frame["score"] = central_scores.to_numpy(float).ravel()
    frame["low"], frame["high"] = (base + low).ravel(), (base + high).ravel()
    ones = np.ones(len(goals))
    frame["verdict"] = verdicts(change, low, high, better=ones, is_same=is_same).ravel()
    return frame


def interval(changes: Floats) -> tuple[Floats, Floats]:
    """Take the 5–95 % interval over the first axis, widened to drawn values.

    Each end is the drawn value next to the quantile on its outer side (numpy's ``lower`` and
    ``higher``): never narrower than an interpolated one, and defined for infinite changes.
    A draw without a value leaves both ends unknown, and so does the absence of draws.

    Examples
    --------
    >>> low, high = interval(np.arange(11.0))
    >>> float(low), float(high)
    (0.0, 10.0)
    """
    if not len(changes):
        unknown = np.full(changes.shape[1:], np.nan)
        return unknown, unknown.copy()
    low = np.quantile(changes, QUANTILES[0], axis=0, method="lower")
    high = np.quantile(changes, QUANTILES[1], axis=0, method="higher")
    return low, high


def verdicts(
    delta: Floats,
    low: Floats,
    high: Floats,
    *,
    better: Floats,
    is_same: npt.NDArray[np.bool_],
) -> npt.NDArray[np.object_]:
    """Say what a change and its interval allow to say.

    'unchanged' where nothing moved in any draw; 'unknown' where the change or its interval is;
    'no clear change' where the interval, stretched to the central change, holds 0; else
    'better' or 'worse', or 'changed' where the direction is open to debate.

    Parameters
    ----------
    better
        +1, −1 or 0 for each column.
    is_same
        Where the change is exactly 0 in every draw.
    """
    with np.errstate(invalid="ignore"):
        holds_zero = (np.minimum(low, delta) <= 0) & (np.maximum(high, delta) >= 0)
        is_gain = delta * better > 0
    return np.select(
        [
            is_same,
            np.isnan(delta) | np.isnan(low) | np.isnan(high),
            holds_zero,
            np.broadcast_to(better == 0, delta.shape),
            is_gain,
        ],
        ["unchanged", "unknown", "no clear change", "changed", "better"],
        "worse",
    ).astype(object)


def _changes(
    drawn: pd.DataFrame, central: pd.DataFrame, *, baseline: str
) -> tuple[list[str], Floats, Floats, Floats, npt.NDArray[np.bool_]]:
    """Return scenarios, central changes, ends of their intervals, and where nothing moved.

    An interval holds the central change even where the draws pull to one side of it.
    """
    scenarios = list(central.index)
    at = baseline_at(scenarios, baseline=baseline)
    cube, _ = drawn_cube(drawn, scenarios=scenarios, columns=list(central.columns))
    own = central.to_numpy(float)
    with np.errstate(invalid="ignore"):
        change = own - own[at]
        changes = cube - cube[:, [at]]
        # what is left of rounding is no change
        noise = ROUNDING_SHARE * np.maximum(1.0, np.abs(own[at]))
        change = np.where(np.abs(change) <= noise, 0.0, change)
        changes = np.where(np.abs(changes) <= noise, 0.0, changes)
        low, high = interval(changes)
        low, high = np.minimum(low, change), np.maximum(high, change)
    return scenarios, change, low, high, (change == 0) & (changes == 0).all(axis=0)


def _long(scenarios: Sequence[str], name: str, columns: Sequence[str]) -> pd.DataFrame:
    """Return a row for each scenario and column."""
    return pd.DataFrame(
        {
            "scenario": np.repeat(np.array(scenarios, dtype=object), len(columns)),
            name: np.tile(np.array(columns, dtype=object), len(scenarios)),
        }
    ).astype(str)
