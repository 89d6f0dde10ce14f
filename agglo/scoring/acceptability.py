"""Rank acceptability: over which part of all goal weights a scenario takes which rank."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import pandas as pd

from agglo.errors import TableError
from agglo.scoring.drawn import (
    beaten_counts,
    best_parts,
    drawn_cube,
    rank_columns,
    rank_masses,
)
from agglo.scoring.simplex import crossing_points, flat_weights, win_shares
from agglo.transport.topology import Floats

WEIGHTS_COUNT = 100_000

CHUNK_COUNT = 16_384
"""Weight vectors valued at once: bounds the memory, changes no figure."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Acceptability:
    """What can be said of the order of scenarios when the weights of the goals are open."""

    ranks: pd.DataFrame
    """``scenario``, ``mean_rank``, ``best_share``, ``rank_1_share`` … and ``best_error``, the
    standard error of ``best_share`` (0 where exact); ``nan`` for a scenario that lacks a goal."""

    wins: pd.DataFrame
    """Share of weights (and draws) with which the row beats the column; ties win for neither."""

    central_weights: pd.DataFrame
    """Scenario × goal: mean of the weights that put it first; ``nan`` where none do."""

    confidence: pd.Series
    """Share of draws in which its central weights put the scenario first."""

    weights_count: int
    """Weight vectors drawn; 0 where the shares of ranks are exact."""


def rank_acceptability(
    scores: pd.DataFrame,
    *,
    seed: int,
    weights_count: int = WEIGHTS_COUNT,
    at_least: Sequence[tuple[str, str]] = (),
) -> Acceptability:
    """Rank the scenarios under every weighting of the goals at once (SMAA).

    Weights are spread evenly over all that are not negative and add up to 1 (flat Dirichlet):
    SMAA, Lahdelma, Hokkanen and Salminen 1998; shares of ranks and central weights, SMAA-2,
    Lahdelma and Salminen 2001. Unlike there, those who are level share their ranks in equal
    parts. With one or two goals and certain scores the shares are exact, otherwise drawn; wins
    are exact unless the weights are ordered. A goal that nobody has is left out, and a scenario
    that lacks one of the others has no rank.

    Parameters
    ----------
    scores
        Columns goals, more is better. Index scenario: the scores are taken as certain. Index
        (draw, scenario): each weight vector meets one of the draws, in turn, all scenarios in
        the same one; a central draw −1 does not count.
    seed
        Of the weights. They do not depend on the order of rows or columns.
    at_least
        Pairs of goals of which the first weighs no less than the second.

    Raises
    ------
    TableError
        If a scenario stands twice, there is nothing to rank, a goal of ``at_least`` is unknown,
        or the order goes round in a circle.

    Examples
    --------
    >>> scores = pd.DataFrame({"x": [0.6, 0.0], "y": [-0.2, 0.0]}, index=["s1", "b0"])
    >>> rank_acceptability(scores, seed=1).ranks["best_share"].round(6).tolist()
    [0.75, 0.25]
    """
    cube, names, goals = _ranked(scores)
    if weights_count < 1:
        raise TableError(f"weights_count must be 1 or more; got {weights_count}")
    is_exact = len(goals) <= 2 and len(cube) == 1 and not at_least
    if is_exact:
        weights, mass = crossing_points(cube[0])
    else:
        count = -(-weights_count // len(cube)) * len(cube)
        weights = flat_weights(goals, count=count, seed=seed, at_least=at_least)
        mass = np.ones(count)
    tally = _tally(cube, weights, mass)
    wins = tally.wins / len(mass) if at_least else win_shares(cube)
    ranks = pd.DataFrame({"scenario": names, **rank_columns(tally.ranks / mass.sum())})
    ranks["best_error"] = 0.0 if is_exact else _best_error(tally, len(mass))
    with np.errstate(invalid="ignore"):
        central = tally.best_weights / tally.ranks[:, [0]]
    return _whole(
        list(_names(scores)), ranks, wins, pd.DataFrame(central, index=names, columns=goals),
        _confidence(cube, central), 0 if is_exact else len(mass), scores.columns,
    )  # fmt: skip


@dataclass(frozen=True, slots=True, kw_only=True)
class _Tally:
    ranks: Floats
    wins: Floats
    best_weights: Floats
    best_by_draw: Floats
    best_squared: Floats


def _tally(cube: Floats, weights: Floats, mass: Floats) -> _Tally:
    """Value all scenarios with all weights, a chunk at a time."""
    draws, count, goals = cube.shape
    tally = _Tally(
        ranks=np.zeros((count, count)),
        wins=np.zeros((count, count)),
        best_weights=np.zeros((count, goals)),
        best_by_draw=np.zeros((count, draws)),
        best_squared=np.zeros(count),
    )
    for start in range(0, len(weights), CHUNK_COUNT):
        part = slice(start, start + CHUNK_COUNT)
        of_draw = np.arange(start, start + len(weights[part])) % draws
        values = _valued(cube, weights[part], of_draw)
        better, level = beaten_counts(values)
        best = best_parts(better, level) * mass[part]
        tally.ranks[:] += rank_masses(better, level, mass[part])
        tally.wins[:] += [np.count_nonzero(row > values, axis=1) for row in values]
        tally.best_squared[:] += (best**2).sum(axis=1)
        for at in range(count):
            tally.best_by_draw[at] += np.bincount(of_draw, best[at], minlength=draws)
            tally.best_weights[at] += (best[at, :, None] * weights[part]).sum(axis=0)
    return tally


def _valued(cube: Floats, weights: Floats, of_draw: np.ndarray) -> Floats:
    """Weigh the scores: scenario × weight vector.

    Goal by goal, not as a matrix product, whose rounding may tell equal scenarios apart.
    """
    values = np.zeros((cube.shape[1], len(weights)))
    for goal in range(cube.shape[2]):
        of_goal = cube[:, :, goal].T
        values += weights[:, goal] * (of_goal if len(cube) == 1 else of_goal[:, of_draw])
    return values


def _best_error(tally: _Tally, count: int) -> Floats:
    """Return the standard error of the share of first ranks.

    With drawn scores the draws are the sample, each with several weights: the error is that of
    the mean over draws.
    """
    draws = tally.best_by_draw.shape[1]
    if draws > 1:
        by_draw = tally.best_by_draw / (count / draws)
        return np.asarray(by_draw.std(axis=1, ddof=1) / np.sqrt(draws))
    share = tally.best_by_draw[:, 0] / count
    return np.sqrt(np.maximum(tally.best_squared / count - share**2, 0.0) / count)


def _confidence(cube: Floats, central: Floats) -> Floats:
    found = np.full(len(central), np.nan)
    for at in np.flatnonzero(~np.isnan(central).any(axis=1)):
        weights = np.repeat(central[[at]], len(cube), axis=0)
        better, level = beaten_counts(_valued(cube, weights, np.arange(len(cube))))
        found[at] = best_parts(better, level)[at].mean()
    return found


def _names(scores: pd.DataFrame) -> pd.Index:
    return scores.index.get_level_values(-1).unique().astype(str)


def _ranked(scores: pd.DataFrame) -> tuple[Floats, list[str], list[str]]:
    """Return the scores that can be ranked: draw × scenario × goal, scenarios, goals by name."""
    names, goals = list(_names(scores)), sorted(str(goal) for goal in scores.columns)
    if scores.index.nlevels == 1:
        if len(names) < len(scores):
            raise TableError("a scenario stands twice in the scores; keep one of the rows")
        cube = scores[goals].to_numpy(float)[None]
    else:
        cube, _ = drawn_cube(scores, scenarios=names, columns=goals)
    is_known = np.isfinite(cube)
    has_goal = is_known.any(axis=(0, 1))
    has_rank = is_known[:, :, has_goal].all(axis=(0, 2))
    if not len(cube) or not has_goal.any() or not has_rank.any():
        raise TableError(
            "no scenario has a score for every goal that the others have; nothing can be ranked"
        )
    return (
        cube[:, has_rank][:, :, has_goal],
        [name for name, has in zip(names, has_rank, strict=True) if has],
        [goal for goal, has in zip(goals, has_goal, strict=True) if has],
    )


def _whole(
    names: list[str],
    ranks: pd.DataFrame,
    wins: Floats,
    central: pd.DataFrame,
    confidence: Floats,
    weights_count: int,
    goals: pd.Index,
) -> Acceptability:
    """Put back the scenarios and goals that had to be left out, as unknown."""
    ranked = pd.Index(ranks["scenario"])
    index = pd.Index(names, name="scenario")
    return Acceptability(
        ranks=ranks.set_index("scenario").reindex(index).reset_index(),
        wins=pd.DataFrame(wins, index=ranked, columns=ranked).reindex(index=index, columns=index),
        central_weights=central.reindex(index=index, columns=goals),
        confidence=pd.Series(confidence, index=ranked, name="confidence").reindex(index),
        weights_count=weights_count,
    )
