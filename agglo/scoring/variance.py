"""Shares of the variance of an output, read off draws that were made for something else."""

from __future__ import annotations

from typing import Any

import numpy as np
import numpy.typing as npt
import pandas as pd

from agglo.errors import TableError
from agglo.transport.topology import Floats

FEWEST_PER_BIN = 10


def first_order_shares(
    inputs: pd.DataFrame, outputs: pd.Series, *, bins_count: int | None = None
) -> pd.DataFrame:
    """Estimate how much of an output's variance each assumption explains alone, from any draws.

    The draws are sorted by the assumption and cut into bins of one size; the share is the
    variance of bin means over the whole variance (Plischke, Borgonovo, Smith 2013, unverified).
    Chance alone spreads the bin means: the plain share is too high by about
    (1 − share) (bins − 1) / (draws − 1), which is taken off here. What moves inside a bin is
    missed, so few bins are too low for a steep, wavy effect.

    Parameters
    ----------
    inputs
        Draw × assumption, drawn independently of each other.
    outputs
        By draw.
    bins_count
        About the cube root of the draws by default, with at least ten draws in each.

    Returns
    -------
    first_order_shares
        By assumption: ``first_share``, corrected, and cut at 0; ``first_error``, its standard
        error by leaving out a tenth of the draws at a time (jackknife). 0 where the output or the
        assumption does not move.

    Raises
    ------
    TableError
        If there are too few draws, an output is unknown, or the draws differ.
    """
    values, output = _checked(inputs, outputs)
    bins = bins_count or max(
        2, min(round(2 * len(output) ** (1 / 3)), len(output) // FEWEST_PER_BIN)
    )
    if not 2 <= bins <= len(output) // 2:
        raise TableError(f"{len(output)} draws cannot be cut into {bins} bins; make more draws")
    rows = [_with_error(column, output, bins) for column in values.T]
    return pd.DataFrame(
        rows,
        columns=["first_share", "first_error"],
        index=pd.Index(inputs.columns, name="assumption"),
        dtype=float,
    )


def rank_regression_shares(inputs: pd.DataFrame, outputs: pd.Series) -> pd.DataFrame:
    """Squared standardised coefficients of a regression on ranks (Iman, Conover 1979).

    Cheap and steady with few draws, and right as far as the output rises or falls throughout
    with each assumption: ``explained_share`` (R² of the ranks, the same in every row) says how
    far. A wave that rises and falls counts for nothing.

    Returns
    -------
    rank_regression_shares
        By assumption: ``share``, ``direction`` (+1, −1 or 0) and ``explained_share``.
    """
    values, output = _checked(inputs, outputs)
    names = pd.Index(inputs.columns, name="assumption")
    ranks = pd.DataFrame(values).rank().to_numpy(float)
    moves = np.ptp(ranks, axis=0) > 0
    coefficients = np.zeros(len(names))
    explained = 0.0
    target = _standard(pd.Series(output).rank().to_numpy(float))
    if moves.any() and target.any():
        scaled = np.apply_along_axis(_standard, 0, ranks[:, moves])
        found, *_ = np.linalg.lstsq(scaled, target, rcond=None)
        coefficients[moves] = found
        explained = 1 - float(((target - scaled @ found) ** 2).sum() / (target**2).sum())
    return pd.DataFrame(
        {
            "share": coefficients**2,
            "direction": np.sign(coefficients),
            "explained_share": explained,
        },
        index=names,
    )


def _with_error(column: Floats, output: Floats, bins: int) -> tuple[float, float]:
    """Return the share and its standard error by a jackknife over ten parts of the draws."""
    parts = np.arange(len(output)) % 10
    left = [
        _share(column[parts != part], output[parts != part], bins)
        for part in range(10)
        if (parts == part).any()
    ]
    spread = np.asarray(left) - np.mean(left)
    error = np.sqrt((len(left) - 1) / len(left) * (spread**2).sum())
    return max(_share(column, output, bins), 0.0), float(error)


def _share(column: Floats, output: Floats, bins: int) -> float:
    """Return the corrected share of the variance of ``output`` between bins of ``column``.

    Draws with one value of the assumption stay in one bin, whatever the order of the draws.
    """
    total = float(((output - output.mean()) ** 2).sum())
    if total == 0 or np.ptp(column) == 0:
        return 0.0
    edges = np.quantile(column, np.linspace(0, 1, bins + 1)[1:-1])
    _, of_bin = np.unique(np.searchsorted(edges, column, side="right"), return_inverse=True)
    counts = np.bincount(of_bin)
    means = np.bincount(of_bin, output) / counts
    between = float((counts * (means - output.mean()) ** 2).sum())
    own = len(counts) - 1
    within_mean = (total - between) / (len(output) - len(counts))
    return (between - own * within_mean) / total


def _checked(inputs: pd.DataFrame, outputs: pd.Series) -> tuple[Floats, Floats]:
    if not inputs.index.is_unique or set(inputs.index) != set(outputs.index):
        raise TableError("inputs and outputs need the same draws, each once")
    ordered = inputs.sort_index()
    values, output = ordered.to_numpy(float), outputs.reindex(ordered.index).to_numpy(float)
    if len(output) < 2 * FEWEST_PER_BIN:
        raise TableError(f"shares of variance need {2 * FEWEST_PER_BIN} draws; got {len(output)}")
    if not (np.isfinite(values).all() and np.isfinite(output).all()):
        raise TableError("draws hold an unknown or infinite value; variance has no shares there")
    return values, output


def _standard(values: npt.NDArray[np.floating[Any]]) -> Floats:
    spread = values.std()
    return np.asarray((values - values.mean()) / (spread if spread > 0 else 1.0), dtype=float)
