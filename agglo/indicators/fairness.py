"""Fairness: how evenly people share what they have, and how many have too little."""

from __future__ import annotations

import numpy as np
import pandas as pd

from agglo.errors import TableError
from agglo.indicators.access import along
from agglo.transport.topology import Floats

POOREST_SHARE, RICHEST_SHARE = 0.4, 0.1
"""Palma compares the richest tenth with the poorest four tenths."""


def gini(values: pd.Series, people_count: pd.Series) -> float:
    """Gini index over people: half the mean difference between two of them over the mean.

    Gini (1912); with the same number of people everywhere it is that of the values alone.

    Parameters
    ----------
    values
        What each person of a place has, 0 or more, such as jobs per worker.
    people_count
        People by place; places without people do not count.

    Returns
    -------
    gini
        0 (all alike) to 1; ``nan`` without people, or where nobody has anything.

    Raises
    ------
    TableError
        If a place has no value, a value below 0, or no count of people.

    Examples
    --------
    >>> gini(pd.Series([0.0, 1.0]), pd.Series([30, 10]))
    0.75
    """
    return concentration_index(values, people_count, rank_by=values)


def concentration_index(values: pd.Series, people_count: pd.Series, *, rank_by: pd.Series) -> float:
    """Concentration index: do those who rank higher have more? (Wagstaff et al. 1991).

    People are ranked by ``rank_by``, such as wages; equals share one rank. Ranked by the values
    themselves it is the Gini index.

    Returns
    -------
    concentration_index
        −1 to 1: above 0 where those who rank higher have more, 0 where rank says nothing;
        ``nan`` without people, or where nobody has anything.

    Examples
    --------
    >>> people, wage = pd.Series([10, 10]), pd.Series([900, 100])
    >>> concentration_index(pd.Series([1.0, 3.0]), people, rank_by=wage)
    -0.25
    """
    places, own, share = _checked(values, people_count)
    order = along(rank_by, places, "rank_by").to_numpy(dtype=float)
    mean = share @ own
    if not mean > 0:
        return float("nan")
    _, group = np.unique(order, return_inverse=True)
    by_group = np.bincount(group, weights=share)
    rank = (np.cumsum(by_group) - by_group / 2)[group]
    return float(2 * (share @ ((own - mean) * rank)) / mean)


def theil(values: pd.Series, people_count: pd.Series) -> float:
    """Theil index T over people (Theil 1967): mean of ``x/μ · ln(x/μ)``.

    Returns
    -------
    theil
        0 (all alike) to the logarithm of the number of people; ``nan`` as for ``gini``.

    Examples
    --------
    >>> round(theil(pd.Series([0.0, 1.0]), pd.Series([30, 10])), 6)
    1.386294
    """
    _, own, share = _checked(values, people_count)
    mean = share @ own
    if not mean > 0:
        return float("nan")
    ratio = own / mean
    return float(share @ (ratio * np.log(np.where(ratio > 0, ratio, 1.0))))


def palma(values: pd.Series, people_count: pd.Series, *, rank_by: pd.Series | None = None) -> float:
    """Mean of the richest tenth of the people over the mean of the poorest four tenths.

    After Palma (2011), as means: four times the ratio of shares that is usual for incomes, so
    that 1 means all alike.

    Parameters
    ----------
    rank_by
        What makes rich and poor; without it, the values themselves. Of people who rank alike
        the mean is taken.

    Returns
    -------
    palma
        Ratio; ``nan`` without people, or where the poorest have nothing.

    Examples
    --------
    >>> round(palma(pd.Series([1.0, 2.0, 6.0]), pd.Series([40, 50, 10])), 9)
    6.0
    """
    places, own, share = _checked(values, people_count)
    if not len(own):
        return float("nan")
    ranked = values if rank_by is None else rank_by
    order = along(ranked, places, "rank_by").to_numpy(dtype=float)
    _, group = np.unique(order, return_inverse=True)
    people = np.bincount(group, weights=share).astype(float)
    held = np.bincount(group, weights=share * own) / people
    poorest = _mean_of_first(held, people, POOREST_SHARE)
    richest = _mean_of_first(held[::-1], people[::-1], RICHEST_SHARE)
    return float(richest / poorest) if poorest > 0 else float("nan")


def share_below(values: pd.Series, people_count: pd.Series, *, line: float) -> float:
    """Share of the people who have less than a line; who has just as much is not below.

    Examples
    --------
    >>> share_below(pd.Series([0.5, 1.0]), pd.Series([30, 10]), line=1.0)
    0.75
    """
    return shortfall(values, people_count, line=line, power=0)


def shortfall(
    values: pd.Series, people_count: pd.Series, *, line: float, power: float = 1
) -> float:
    """Poverty of what people have, by its depth (Foster, Greer and Thorbecke 1984).

    Mean over all people of ``((line − x) / line) ** power``, 0 for who is not below the line:
    with power 0 the share below, with 1 the mean shortfall, with 2 the deep ones count more.

    Returns
    -------
    shortfall
        0–1; ``nan`` without people.

    Examples
    --------
    >>> shortfall(pd.Series([0.5, 2.0]), pd.Series([30, 10]), line=1.0)
    0.375
    """
    if not line > 0 or not power >= 0:
        raise TableError(
            f"a shortfall needs a line above 0 and a power of 0 or more; got {line} and {power}"
        )
    _, own, share = _checked(values, people_count)
    if not len(own):
        return float("nan")
    gap = (line - own) / line
    below = gap > 0
    return float(share[below] @ gap[below] ** power)


def _mean_of_first(held: Floats, people: Floats, share: float) -> float:
    """Mean of what the first ``share`` of the people have, the last of them in part."""
    ends = np.minimum(np.cumsum(people), share)
    counted = np.diff(ends, prepend=0.0)
    return float(counted @ held / counted.sum())


def _checked(values: pd.Series, people_count: pd.Series) -> tuple[pd.Index, Floats, Floats]:
    """Return the places with people, what each has, and its share of the people."""
    people = along(people_count, values.index, "people_count").to_numpy(dtype=float)
    if not (people >= 0).all():
        first = values.index[~(people >= 0)][0]
        raise TableError(f"people_count of {first!r} is below 0; counts are 0 or more")
    own, lived = values.to_numpy(dtype=float), people > 0
    wrong = lived & ~(np.isfinite(own) & (own >= 0))
    if wrong.any():
        first, count, value = values.index[wrong][0], people[wrong][0], own[wrong][0]
        raise TableError(
            f"{first!r} has {count:g} people and the value {value}; fairness needs a number of 0 "
            "or more wherever there are people: leave out what is not known, and say so"
        )
    total = people.sum() if lived.any() else 1.0
    return values.index[lived], own[lived], people[lived] / total
