"""Figures by draw and scenario as an array, and the ranks of scenarios in it."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import numpy.typing as npt
import pandas as pd

from agglo.errors import CompareError, TableError
from agglo.transport.topology import Floats

Counts = npt.NDArray[np.intp]

CENTRAL = -1
"""Number of the draw in which every assumption has its central value."""


def drawn_cube(
    drawn: pd.DataFrame, *, scenarios: Sequence[str], columns: Sequence[str]
) -> tuple[Floats, pd.Index]:
    """Lay drawn figures out as an array of draw × scenario × column.

    Parameters
    ----------
    drawn
        Index (draw, scenario). The central draw (``CENTRAL``) is left out.

    Returns
    -------
    cube, draws
        Draws in rising order; ``nan`` where a draw lacks a scenario or the frame a column.

    Raises
    ------
    TableError
        If a draw has a scenario twice, or the index is another one.
    """
    if drawn.index.nlevels != 2:
        raise TableError(
            f"drawn figures need the index (draw, scenario); got {list(drawn.index.names)}"
        )
    if not drawn.index.is_unique:
        draw, scenario = drawn.index[drawn.index.duplicated()][0]
        raise TableError(f"draw {draw} has scenario '{scenario}' twice; keep one of the rows")
    draws = drawn.index.get_level_values(0).unique().sort_values()
    draws = draws[draws != CENTRAL]
    rows = pd.MultiIndex.from_product([draws, list(scenarios)])
    cube = drawn.reindex(index=rows, columns=list(columns)).to_numpy(float)
    return cube.reshape(len(draws), len(scenarios), len(columns)), draws


def baseline_at(scenarios: Sequence[str], *, baseline: str) -> int:
    """Return the place of the baseline; refuse what lacks it or names a scenario twice."""
    names = [str(name) for name in scenarios]
    if twice := sorted({name for name in names if names.count(name) > 1}):
        raise TableError(f"scenario '{twice[0]}' stands twice in the scores; keep one of the rows")
    if baseline not in names:
        raise CompareError(
            f"the baseline '{baseline}' is not among the scenarios {', '.join(names) or '(none)'}; "
            "run it with the same inputs"
        )
    return names.index(baseline)


def beaten_counts(values: Floats) -> tuple[Counts, Counts]:
    """Count who is better than each scenario, and who is level with it, column by column.

    Parameters
    ----------
    values
        Rows are scenarios, more is better.

    Examples
    --------
    >>> better, level = beaten_counts(np.array([[3.0], [5.0], [3.0]]))
    >>> better.ravel().tolist(), level.ravel().tolist()
    ([1, 0, 1], [1, 0, 1])
    """
    better = np.stack([np.count_nonzero(values > row, axis=0) for row in values])
    level = np.stack([np.count_nonzero(values == row, axis=0) for row in values]) - 1
    return better, level


def rank_masses(better: Counts, level: Counts, mass: Floats) -> Floats:
    """Add up the mass with which each scenario (row) takes each rank (column).

    Those who are level share their ranks in equal parts, so that rows and columns add up to
    the whole mass alike.
    """
    count = len(better)
    codes = (np.arange(count)[:, None] * count + better) * count + level
    masses = np.bincount(codes.ravel(), np.tile(mass, count), minlength=count**3)
    by_ties = masses.reshape(count, count, count)
    shared = np.zeros((count, count))
    for first in range(count):
        for tied in range(count - first):
            shared[:, first : first + tied + 1] += by_ties[:, first, tied, None] / (tied + 1)
    return shared


def best_parts(better: Counts, level: Counts) -> Floats:
    """Return each scenario's part in the first rank, 0–1, column by column."""
    return np.where(better == 0, 1 / (level + 1.0), 0.0)


def rank_columns(shares: Floats) -> dict[str, Floats]:
    """Name the shares of ranks as columns, and take the mean rank."""
    ranks = np.arange(1.0, shares.shape[1] + 1)
    return {
        "mean_rank": (shares * ranks).sum(axis=1),
        "best_share": shares[:, 0] if shares.shape[1] else shares.sum(axis=1),
        **{f"rank_{at + 1}_share": shares[:, at] for at in range(shares.shape[1])},
    }
