"""What commuters gain when ways become shorter: the logsum surplus and the rule of half."""

from __future__ import annotations

import numpy as np
import pandas as pd

from agglo.errors import FlowError, TableError
from agglo.indicators.access import along
from agglo.transport.topology import Floats


def logsum_min(cost_min: pd.DataFrame, size: pd.Series, *, scale_per_min: float) -> pd.Series:
    """Worth of a choice among options, in minutes: ``1/b · ln Σ sizeₖ · exp(−b · minutesₖ)``.

    The expected utility of the best option under the logit (Ben-Akiva and Lerman 1985, ch. 5).
    Only differences have a meaning.

    Parameters
    ----------
    cost_min
        Minutes, people × options; ``inf`` where an option is not open to them.
    size
        Weight of each option, 0 or more: jobs of a destination, or ``exp`` of what is liked
        about a mode beyond its minutes.
    scale_per_min
        ``b``, above 0: how sharply people prefer the shorter way.

    Returns
    -------
    logsum_min
        Minutes, indexed like the rows; ``-inf`` for people without any option.

    Examples
    --------
    >>> two = pd.DataFrame([[20.0, 20.0]])
    >>> logsum_min(two, pd.Series([0.5, 0.5]), scale_per_min=0.1).tolist()
    [-20.0]
    """
    if not scale_per_min > 0:
        raise TableError(f"a logsum needs a scale above 0 per minute; got {scale_per_min}")
    sizes = along(size, cost_min.columns, "size").to_numpy(dtype=float)
    if (sizes < 0).any():
        raise TableError(f"size of option {cost_min.columns[sizes < 0][0]!r} is below 0")
    cost = np.where(sizes > 0, cost_min.to_numpy(dtype=float), np.inf)
    least = np.min(cost, axis=1, initial=np.inf)
    floor = np.where(np.isfinite(least), least, 0.0)
    total = np.exp(-scale_per_min * (cost - floor[:, None])) @ sizes
    with np.errstate(divide="ignore"):
        worth = np.log(total) / scale_per_min - floor
    return pd.Series(worth, index=cost_min.index, name="logsum_min")


def logsum_surplus_min(
    before_min: pd.DataFrame,
    after_min: pd.DataFrame,
    *,
    size_before: pd.Series,
    size_after: pd.Series,
    scale_per_min: float,
) -> pd.Series:
    """Minutes by which each person's choice is worth more than before (Small and Rosen 1981).

    Exact for the logit: the integral of demand over the way from the old costs to the new
    ones. Times the people, and the value of their time, it is money.

    Parameters
    ----------
    before_min, after_min
        Minutes, people × options, the same people; options may come and go.
    size_before, size_after
        Weight of each option, as in ``logsum_min``.

    Returns
    -------
    logsum_surplus_min
        Minutes per person and choice, indexed like the rows; above 0 is a gain.

    Raises
    ------
    FlowError
        If people have no option before or after: no number of minutes stands for that.

    Examples
    --------
    >>> alike = pd.Series([1.0, 1.0])
    >>> gain = logsum_surplus_min(
    ...     pd.DataFrame([[40.0, 55.0]]), pd.DataFrame([[40.0, 45.0]]),
    ...     size_before=alike, size_after=alike, scale_per_min=0.05,
    ... )
    >>> (1000 * gain).round(4).tolist()
    [3781.3683]
    """
    if not before_min.index.equals(after_min.index):
        raise FlowError("a surplus needs the same people, in one order, before and after")
    worth = {}
    for when, cost, size in (
        ("before", before_min, size_before),
        ("after", after_min, size_after),
    ):
        worth[when] = logsum_min(cost, size, scale_per_min=scale_per_min)
        without = ~np.isfinite(worth[when])
        if without.any():
            raise FlowError(
                f"{cost.index[without][0]!r} has no option {when}; a surplus needs one on both "
                "sides: leave such people out and count them as unserved"
            )
    return (worth["after"] - worth["before"]).rename("logsum_surplus_min")


def rule_of_half(
    trips_before: pd.DataFrame,
    trips_after: pd.DataFrame,
    *,
    before_min: pd.DataFrame,
    after_min: pd.DataFrame,
) -> pd.DataFrame:
    """Minutes gained by trips: ``½ · (trips before + after) · (minutes before − after)``.

    New trips gain half on average (Tressider et al. 1968, unverified; the form is that of the
    United Kingdom's TAG unit A1.3). Good for small changes; for the logit the logsum is exact.

    Parameters
    ----------
    trips_before, trips_after
        Trips, home × work.
    before_min, after_min
        Minutes, home × work; ``inf`` only where nobody travels, before or after.

    Returns
    -------
    rule_of_half
        Person-minutes, home × work, indexed like ``trips_before``; above 0 is a gain.

    Raises
    ------
    FlowError
        If the matrices do not name the same places in one order, or somebody travels where there
        is no way before or after.

    Examples
    --------
    >>> def one(value): return pd.DataFrame([[value]])
    >>> half = rule_of_half(one(100.0), one(120.0), before_min=one(20.0), after_min=one(15.0))
    >>> half.to_numpy().tolist()
    [[550.0]]
    """
    first = trips_before
    frames = (first, trips_after, before_min, after_min)
    if not all(one.index.equals(first.index) and one.columns.equals(first.columns)
               for one in frames):  # fmt: skip
        raise FlowError("trips and minutes must name the same places in one order")
    before, after, old, new = (frame.to_numpy(dtype=float) for frame in frames)
    mean = (before + after) / 2
    _check_ways(first, mean, old, new)
    saved = np.where(mean > 0, old, 0.0) - np.where(mean > 0, new, 0.0)
    return pd.DataFrame(mean * saved, index=first.index, columns=first.columns)


def _check_ways(places: pd.DataFrame, trips: Floats, *minutes: Floats) -> None:
    for values in minutes:
        without = (trips > 0) & ~np.isfinite(values)
        if without.any():
            row, column = np.argwhere(without)[0]
            raise FlowError(
                f"{trips[row, column]:g} trips from {places.index[row]!r} to "
                f"{places.columns[column]!r} have no way before or after; the rule of half needs "
                "one on both sides: cap the minutes of who is cut off, or count them as unserved"
            )
