"""Two modes, car and public transport, joined by a logit into one cost."""

from __future__ import annotations

import numpy as np

from agglo.transport.network import Floats


def car_share(
    car_min: Floats, transit_min: Floats, *, scale_per_min: float, preference_share: float
) -> Floats:
    """Share of commuters who go by car: binary logit (McFadden 1974).

    Parameters
    ----------
    car_min, transit_min
        Minutes, ``inf`` where there is no way.
    scale_per_min
        Scale of the logit; the larger, the fewer take the dearer mode.
    preference_share
        Share who would take the car at equal cost, 0–1.

    Returns
    -------
    car_share
        0–1, ``nan`` where neither mode has a way.

    Examples
    --------
    >>> car_share(np.array([20.0]), np.array([20.0]), scale_per_min=0.1, preference_share=0.6)
    array([0.6])
    """
    car, transit = _odds(car_min, transit_min, scale_per_min, preference_share)
    total = car + transit
    return np.divide(car, total, out=np.full_like(total, np.nan), where=total > 0)


def joint_cost(
    car_min: Floats, transit_min: Floats, *, scale_per_min: float, preference_share: float
) -> Floats:
    """Join both modes into one cost: the logsum in minutes (Ben-Akiva and Lerman 1985, ch. 5).

    ``−1/λ · ln(w·exp(−λ·car) + (1−w)·exp(−λ·transit))`` lies between the cheaper mode and the
    mean of both, and never rises when a mode becomes quicker.

    Returns
    -------
    joint_cost
        Minutes; ``inf`` where neither mode has a way.

    Examples
    --------
    >>> joint_cost(np.array([20.0]), np.array([20.0]), scale_per_min=0.1, preference_share=0.6)
    array([20.])
    """
    least = np.minimum(car_min, transit_min)
    floor = np.where(np.isfinite(least), least, 0.0)
    car, transit = _odds(car_min - floor, transit_min - floor, scale_per_min, preference_share)
    with np.errstate(divide="ignore"):
        return np.asarray(floor - np.log(car + transit) / scale_per_min)


def mean_minutes(car_min: Floats, transit_min: Floats, share: Floats) -> Floats:
    """Mean minutes over the modes that people take; ``inf`` where there is no way."""
    car = np.where(share > 0, np.where(share > 0, car_min, 0.0) * share, 0.0)
    transit = np.where(share < 1, np.where(share < 1, transit_min, 0.0) * (1 - share), 0.0)
    return np.where(np.isnan(share), np.inf, car + transit)


def kept_mode_minutes(
    car_min: Floats,
    transit_min: Floats,
    share: Floats,
    *,
    car_before_min: Floats,
    transit_before_min: Floats,
) -> Floats:
    """Mean minutes when everybody keeps their mode, so that the same trips are compared.

    Who finds no way left by the own mode takes the other, and gains nothing by it: people
    without a car do not lose a train and arrive earlier. Never falls when a way becomes longer,
    unlike a mean over modes chosen anew.

    Parameters
    ----------
    car_min, transit_min
        Minutes now, ``inf`` where there is no way.
    share
        Share by car of those who travelled before, 0–1.
    car_before_min, transit_before_min
        Minutes before.

    Returns
    -------
    kept_mode_minutes
        ``inf`` where neither mode has a way.

    Examples
    --------
    >>> gone, train, car = np.array([np.inf]), np.array([40.0]), np.array([20.0])
    >>> kept_mode_minutes(car, gone, np.array([0.5]), car_before_min=car, transit_before_min=train)
    array([30.])
    """
    car = _or_other(car_min, transit_min, car_before_min)
    transit = _or_other(transit_min, car_min, transit_before_min)
    return mean_minutes(car, transit, share)


def _or_other(own_min: Floats, other_min: Floats, before_min: Floats) -> Floats:
    least = np.where(np.isfinite(before_min), before_min, 0.0)
    return np.where(np.isfinite(own_min), own_min, np.maximum(other_min, least))


def _odds(
    car_min: Floats, transit_min: Floats, scale_per_min: float, preference_share: float
) -> tuple[Floats, Floats]:
    least = np.minimum(car_min, transit_min)
    least = np.where(np.isfinite(least), least, 0.0)
    car = preference_share * np.exp(-scale_per_min * (car_min - least))
    transit = (1 - preference_share) * np.exp(-scale_per_min * (transit_min - least))
    return car, transit
