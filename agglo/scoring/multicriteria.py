"""Ways of ranking to compare with: TOPSIS, VIKOR, weighted sum and product, PROMETHEE II.

None of them decides here: the anchored weighted sum does, because these methods measure each
scenario by the others of the set, so that dropping one can reorder the rest.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping

import numpy as np
import pandas as pd

from agglo.errors import TableError
from agglo.transport.topology import Floats


def topsis(table: pd.DataFrame, weights: pd.Series, better: pd.Series) -> pd.Series:
    """Closeness to the best of every criterion, 0–1 (Hwang, Yoon 1981), vector norm.

    Parameters
    ----------
    table
        Rows are alternatives, columns criteria; every cell known.
    weights
        By criterion, 0 or more, on any scale.
    better
        +1 where more is better, −1 where less is.

    Returns
    -------
    topsis
        By alternative; more is better. ``nan`` where all alternatives are the same.

    Raises
    ------
    TableError
        If a cell, a weight or a direction is unknown.
    """
    values, share, sign = _checked(table, weights, better)
    weighed = values * sign * share / _or_one(np.sqrt((values**2).sum(axis=0)))
    to_best = np.sqrt(((weighed - weighed.max(axis=0)) ** 2).sum(axis=1))
    to_worst = np.sqrt(((weighed - weighed.min(axis=0)) ** 2).sum(axis=1))
    with np.errstate(invalid="ignore"):
        return pd.Series(to_worst / (to_best + to_worst), index=table.index, name="topsis")


def vikor(
    table: pd.DataFrame, weights: pd.Series, better: pd.Series, *, group_share: float = 0.5
) -> pd.DataFrame:
    """Regret of the group, of the worst criterion, and of both (Opricovic, Tzeng 2004).

    Parameters
    ----------
    table, weights, better
        As for ``topsis``.
    group_share
        Weight of the group's regret in the last column; the rest is that of the worst criterion.

    Returns
    -------
    vikor
        By alternative: ``group_regret`` (S), ``worst_regret`` (R), ``regret`` (Q); less is
        better.
    """
    values, share, sign = _checked(table, weights, better)
    regret = share * (1 - _between(values * sign, empty=1.0))
    group, worst = regret.sum(axis=1), regret.max(axis=1)
    both = group_share * _between(group, empty=0.0) + (1 - group_share) * _between(worst, empty=0.0)
    return pd.DataFrame(
        {"group_regret": group, "worst_regret": worst, "regret": both}, index=table.index
    )


def weighted_sum(table: pd.DataFrame, weights: pd.Series, better: pd.Series) -> pd.Series:
    """Weighted sum of shares of the column's total, of 1/x where less is better (Fishburn 1967).

    Cells must be above 0.
    """
    values, share, sign = _checked(table, weights, better)
    shares = _positive(values) ** sign
    return pd.Series(
        (shares / shares.sum(axis=0) * share).sum(axis=1), index=table.index, name="weighted_sum"
    )


def weighted_product(table: pd.DataFrame, weights: pd.Series, better: pd.Series) -> pd.Series:
    """Decimal logarithm of Π x^(± weight) (Bridgman 1922), x as a share of its column's total.

    Cells must be above 0. The totals only add a constant, so dropping an alternative reorders
    none.
    """
    values, share, sign = _checked(table, weights, better)
    logs = np.log10(_positive(values) / values.sum(axis=0)) * sign * share
    return pd.Series(logs.sum(axis=1), index=table.index, name="weighted_product")


def promethee(table: pd.DataFrame, weights: pd.Series, better: pd.Series) -> pd.Series:
    """Net outranking flow, −1…1 (PROMETHEE II, Brans, Vincke 1985), usual criterion.

    By how much weight an alternative is strictly better than the others less that by which it
    is worse, over the number of the others.
    """
    values, share, sign = _checked(table, weights, better)
    ahead = np.sign((values * sign)[:, None, :] - (values * sign)[None, :, :])
    others = len(values) - 1
    flow = (ahead * share).sum(axis=(1, 2)) / others if others else np.zeros(len(values))
    return pd.Series(flow, index=table.index, name="promethee")


def min_max_sum(table: pd.DataFrame, weights: pd.Series, better: pd.Series) -> pd.Series:
    """Weighted sum of places between the worst and the best of the set, 0–1.

    A criterion in which all are level counts 0 for all.
    """
    values, share, sign = _checked(table, weights, better)
    placed = _between(values * sign, empty=0.0)
    return pd.Series((placed * share).sum(axis=1), index=table.index, name="min_max_sum")


def z_score_sum(table: pd.DataFrame, weights: pd.Series, better: pd.Series) -> pd.Series:
    """Weighted sum of distances from the set's mean in standard deviations (of the whole set)."""
    values, share, sign = _checked(table, weights, better)
    scored = (values - values.mean(axis=0)) / _or_one(values.std(axis=0))
    return pd.Series((scored * sign * share).sum(axis=1), index=table.index, name="z_score_sum")


def vikor_score(table: pd.DataFrame, weights: pd.Series, better: pd.Series) -> pd.Series:
    """VIKOR's joint regret with its sign turned, so that more is better."""
    return (-vikor(table, weights, better)["regret"]).rename("vikor_score")


METHODS: Mapping[str, Callable[[pd.DataFrame, pd.Series, pd.Series], pd.Series]] = {
    "topsis": topsis,
    "vikor": vikor_score,
    "weighted_sum": weighted_sum,
    "weighted_product": weighted_product,
    "promethee": promethee,
    "min_max_sum": min_max_sum,
    "z_score_sum": z_score_sum,
}
"""Methods to compare with; more is better in all of them."""


def compared_scores(table: pd.DataFrame, weights: pd.Series, better: pd.Series) -> pd.DataFrame:
    """Score the alternatives by every method: alternatives × methods.

    The methods that need cells above 0 are ``nan`` where there are others.
    """
    needs_positive = ("weighted_sum", "weighted_product")
    unknown = pd.Series(math.nan, index=table.index)
    has_others = bool((table.to_numpy(float) <= 0).any())
    return pd.DataFrame(
        {
            name: unknown
            if has_others and name in needs_positive
            else method(table, weights, better)
            for name, method in METHODS.items()
        }
    )


def _checked(
    table: pd.DataFrame, weights: pd.Series, better: pd.Series
) -> tuple[Floats, Floats, Floats]:
    """Return values, weights adding up to 1 and directions as arrays in one order."""
    values = table.to_numpy(float)
    share = weights.reindex(table.columns).to_numpy(float)
    sign = better.reindex(table.columns).to_numpy(float)
    if not np.isfinite(values).all():
        row, column = (int(at[0]) for at in np.nonzero(~np.isfinite(values)))
        raise TableError(
            f"'{table.index[row]}' has no finite value for '{table.columns[column]}'; "
            "leave out the alternative or the criterion"
        )
    for at, name in enumerate(table.columns):
        if not 0 <= share[at] < math.inf:
            raise TableError(f"the weight of '{name}' must be 0 or more; got {share[at]}")
        if sign[at] not in (-1, 1):
            raise TableError(f"the direction of '{name}' must be +1 or -1; got {sign[at]}")
    if not share.sum() > 0:
        raise TableError("at least one criterion needs a weight above 0")
    return values, share / share.sum(), sign


def _positive(values: Floats) -> Floats:
    if not (values > 0).all():
        raise TableError(f"every value must be above 0; got {values.min():g}; take another method")
    return values


def _between(values: Floats, *, empty: float) -> Floats:
    """Place values between the lowest (0) and the highest (1); ``empty`` where all are level."""
    span = np.ptp(values, axis=0)
    return np.where(span > 0, (values - values.min(axis=0)) / _or_one(span), empty)


def _or_one(size: Floats) -> Floats:
    """Divide by 1 where there is nothing to divide by."""
    return np.where(size > 0, size, 1.0)
