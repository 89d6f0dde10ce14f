"""Modes joined by a logit into one cost: who takes which, and what the trip takes."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np

from agglo.transport.topology import Floats

ByMode = Mapping[str, Floats]


def mode_shares(minutes: ByMode, weights: ByMode, *, scale_per_min: float) -> dict[str, Floats]:
    """Share of commuters by each mode: multinomial logit (McFadden 1974).

    Parameters
    ----------
    minutes
        By mode, ``inf`` where there is no way.
    weights
        By mode, share who would take it if all modes cost the same; they add up to 1.
    scale_per_min
        Scale of the logit; the larger, the fewer take the dearer mode.

    Returns
    -------
    mode_shares
        0–1 by mode, ``nan`` where no mode has a way.

    Examples
    --------
    >>> same, half = np.array([20.0]), {"car": np.array([0.6]), "transit": np.array([0.4])}
    >>> mode_shares({"car": same, "transit": same}, half, scale_per_min=0.1)["car"]
    array([0.6])
    """
    odds = _odds(minutes, weights, scale_per_min)
    total = np.sum(list(odds.values()), axis=0)
    return {
        mode: np.divide(own, total, out=np.full_like(total, np.nan), where=total > 0)
        for mode, own in odds.items()
    }


def joint_cost(minutes: ByMode, weights: ByMode, *, scale_per_min: float) -> Floats:
    """Join the modes into one cost: the logsum in minutes (Ben-Akiva and Lerman 1985, ch. 5).

    ``−1/λ · ln Σ wₘ·exp(−λ·minutesₘ)`` lies between the cheapest mode and the weighted mean, and
    never rises when a mode becomes quicker.

    Returns
    -------
    joint_cost
        Minutes; ``inf`` where no mode has a way.

    Examples
    --------
    >>> same, half = np.array([20.0]), {"car": np.array([0.6]), "transit": np.array([0.4])}
    >>> joint_cost({"car": same, "transit": same}, half, scale_per_min=0.1)
    array([20.])
    """
    floor = _least(minutes)
    total = np.sum(list(_odds(minutes, weights, scale_per_min).values()), axis=0)
    with np.errstate(divide="ignore"):
        return np.asarray(floor - np.log(total) / scale_per_min)


def mean_minutes(minutes: ByMode, shares: ByMode) -> Floats:
    """Mean minutes over the modes that people take; ``inf`` where there is no way."""
    taken = [
        np.where(shares[mode] > 0, np.where(shares[mode] > 0, minutes[mode], 0.0), 0.0)
        * np.where(shares[mode] > 0, shares[mode], 0.0)
        for mode in shares
    ]
    nobody = np.all([np.isnan(share) for share in shares.values()], axis=0)
    return np.where(nobody, np.inf, np.sum(taken, axis=0))


def kept_mode_minutes(minutes: ByMode, shares: ByMode, *, before_min: ByMode) -> Floats:
    """Mean minutes when everybody keeps their mode, so that the same trips are compared.

    Who finds no way left by the own mode takes the quickest other, and gains nothing by it:
    people without a car do not lose a train and arrive earlier. Never falls when a way becomes
    longer, unlike a mean over modes chosen anew.

    Parameters
    ----------
    minutes
        By mode now, ``inf`` where there is no way.
    shares
        By mode, of those who travelled before, 0–1.
    before_min
        By mode, minutes before.

    Returns
    -------
    kept_mode_minutes
        ``inf`` where no mode has a way.

    Examples
    --------
    >>> before = {"car": np.array([20.0]), "transit": np.array([40.0])}
    >>> now = {"car": np.array([np.inf]), "transit": np.array([40.0])}
    >>> halves = {"car": np.array([0.5]), "transit": np.array([0.5])}
    >>> kept_mode_minutes(now, halves, before_min=before)
    array([40.])
    """
    quickest = np.min(list(minutes.values()), axis=0)
    kept = {}
    for mode in shares:
        least = np.where(np.isfinite(before_min[mode]), before_min[mode], 0.0)
        other = np.maximum(quickest, least)
        kept[mode] = np.where(np.isfinite(minutes[mode]), minutes[mode], other)
    return mean_minutes(kept, shares)


def _least(minutes: ByMode) -> Floats:
    least = np.min(list(minutes.values()), axis=0)
    return np.where(np.isfinite(least), least, 0.0)


def _odds(minutes: ByMode, weights: ByMode, scale_per_min: float) -> dict[str, Floats]:
    least = _least(minutes)
    return {
        mode: np.where(
            weights[mode] > 0, weights[mode] * np.exp(-scale_per_min * (own - least)), 0.0
        )
        for mode, own in minutes.items()
    }
