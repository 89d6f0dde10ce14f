"""Congestion: how many minutes an arc takes with so many vehicles on it."""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np
import numpy.typing as npt

from agglo.errors import NetworkError
from agglo.transport.topology import Floats

CLIP_TOLERANCE_SHARE = 1e-9
"""A background below 0 by less than this share of the capacity is 0, not a contradiction."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Congestion:
    """Minutes of each arc by its vehicles (Bureau of Public Roads 1964).

    minutes = free · (1 + alpha · ((volume + background) / capacity) ^ power); each field holds
    one number per arc, or, from ``alpha`` on, one for all arcs.
    """

    free_min: Floats
    """Minutes on the empty arc; ``inf`` closes it."""

    capacity_veh_per_h: Floats
    """Above 0; ``inf`` where the arc never congests."""

    alpha: Floats | float = 0.15
    """Share by which the minutes rise when the vehicles reach the capacity."""

    power: Floats | float = 4.0
    """How sharply they rise; 1 or more."""

    background_veh_per_h: Floats | float = 0.0
    """Vehicles that are there whatever the modelled ones do, such as through traffic."""

    def __post_init__(self) -> None:
        """Refuse shapes that do not fit and numbers that give no rising time."""
        free, capacity = np.asarray(self.free_min), np.asarray(self.capacity_veh_per_h)
        power = np.asarray(self.power)
        for name, good, wanted in (
            ("free_min", free >= 0, "0 or more, or inf to close the arc"),
            ("capacity_veh_per_h", capacity > 0, "above 0, or inf where the arc never congests"),
            ("alpha", _is_amount(self.alpha), "0 or more"),
            ("power", (power >= 1) & np.isfinite(power), "1 or more"),
            ("background_veh_per_h", _is_amount(self.background_veh_per_h), "0 or more"),
        ):
            scalar = () if name not in ("free_min", "capacity_veh_per_h") else free.shape
            if free.ndim != 1 or good.shape not in (free.shape, scalar):
                raise NetworkError(
                    f"{name} has the shape {good.shape}, wanted one number per arc: {free.shape}"
                )
            if not good.all():
                first = int(np.flatnonzero(~good)[0])
                got = np.ravel(getattr(self, name))[first]
                raise NetworkError(
                    f"{name} is {got} on arc number {first}, wanted {wanted} "
                    f"({(~good).sum()} such value(s))"
                )


def congested_minutes(congestion: Congestion, volume_veh_per_h: Floats) -> Floats:
    """Return the minutes of each arc with these vehicles on it; a closed arc takes ``inf``.

    Raises
    ------
    NetworkError
        If a volume is negative, not a number or beyond all bounds, or the shape does not fit.
    """
    return minutes_and_rise(congestion, volume_veh_per_h)[0]


def minutes_and_rise(congestion: Congestion, volume_veh_per_h: Floats) -> tuple[Floats, Floats]:
    """Return the minutes of each arc, and the minutes that one more vehicle per hour adds."""
    volume = np.asarray(volume_veh_per_h, dtype=float)
    if volume.shape != congestion.free_min.shape or not (volume >= 0).all():
        raise NetworkError(
            f"the volume must be one number per arc, {congestion.free_min.shape}, 0 or more; "
            f"got the shape {volume.shape}, least {volume.min(initial=np.inf)}"
        )
    is_open = np.isfinite(congestion.free_min)
    free = np.where(is_open, congestion.free_min, 0)
    with np.errstate(over="ignore", invalid="ignore"):
        full = (volume + congestion.background_veh_per_h) / congestion.capacity_veh_per_h
        steep = free * congestion.alpha * full ** (np.asarray(congestion.power) - 1)
        minutes = free + steep * full
        rise = steep * congestion.power / congestion.capacity_veh_per_h
    if not np.isfinite(minutes).all():
        first = int(np.flatnonzero(~np.isfinite(minutes))[0])
        raise NetworkError(
            f"arc number {first} takes {minutes[first]} minutes with {volume[first]:g} vehicles "
            f"per hour; check its capacity, alpha and power"
        )
    return np.where(is_open, minutes, np.inf), rise


def congestion_of_arcs(congestion: Congestion, arcs: npt.NDArray[np.intp]) -> Congestion:
    """Keep some arcs, by number, each with a number of its own in every field."""
    shape = congestion.free_min.shape

    def own(values: Floats | float) -> Floats:
        return np.broadcast_to(np.asarray(values, dtype=float), shape)[arcs]

    return Congestion(
        free_min=own(congestion.free_min),
        capacity_veh_per_h=own(congestion.capacity_veh_per_h),
        alpha=own(congestion.alpha),
        power=own(congestion.power),
        background_veh_per_h=own(congestion.background_veh_per_h),
    )


def tolled(congestion: Congestion, toll_min: Floats) -> Congestion:
    """Add minutes that stay whatever the vehicles: free · (1 + alpha · x) + toll as one curve."""
    free = congestion.free_min
    paid = (toll_min > 0) & np.isfinite(free)
    share = np.divide(free, free + toll_min, out=np.ones(len(free)), where=paid)
    return replace(congestion, free_min=free + toll_min, alpha=congestion.alpha * share)


def user_objective(congestion: Congestion, volume_veh_per_h: Floats) -> float:
    """Return what a user equilibrium makes least (Beckmann, McGuire and Winsten 1956).

    Vehicle-minutes: the sum over the arcs of the integral of the minutes from 0 to the volume;
    a closed arc without vehicles counts 0.
    """
    one, volume = congestion, volume_veh_per_h
    both = volume + one.background_veh_per_h
    raised = both * (both / one.capacity_veh_per_h) ** np.asarray(one.power)
    ground = (one.background_veh_per_h / one.capacity_veh_per_h) ** np.asarray(one.power)
    extra = raised - one.background_veh_per_h * ground
    area = volume + one.alpha * extra / (np.asarray(one.power) + 1)
    return float(np.where(volume > 0, one.free_min, 0) @ area)


def background_from_speeds(
    free_min: Floats,
    observed_min: Floats,
    capacity_veh_per_h: Floats,
    *,
    volume_veh_per_h: Floats,
    alpha: Floats | float = 0.15,
    power: Floats | float = 4.0,
) -> tuple[Floats, npt.NDArray[np.bool_]]:
    """Find the background that makes the modelled volume give the observed minutes.

    The BPR formula the other way round: capacity · ((observed / free − 1) / alpha) ^ (1 / power)
    − volume.

    Parameters
    ----------
    observed_min
        Minutes of each arc as measured; ``nan`` where nothing was measured: no background.
    volume_veh_per_h
        Modelled vehicles during the same hour.

    Returns
    -------
    background_veh_per_h
        0 or more; 0 on closed arcs (``inf``), which stay closed.
    is_clipped
        Where no background gives the observed minutes: they are shorter than the free ones or
        than those of the modelled volume alone, or the arc never congests. It is 0 there.

    Raises
    ------
    NetworkError
        If an observed time is 0, negative or infinite on an open arc, or as in ``Congestion``.
    """
    at = Congestion(
        free_min=free_min, capacity_veh_per_h=capacity_veh_per_h, alpha=alpha, power=power
    )
    known = np.isfinite(free_min) & ~np.isnan(observed_min)
    wrong = known & ~((observed_min >= 0) & np.isfinite(observed_min))
    if wrong.any():
        first = int(np.flatnonzero(wrong)[0])
        raise NetworkError(
            f"observed_min is {observed_min[first]} on arc number {first}, wanted 0 or more, nan "
            f"where nothing was measured ({wrong.sum()} such value(s))"
        )
    congests = known & (free_min > 0) & (np.asarray(at.alpha) > 0) & np.isfinite(capacity_veh_per_h)
    free = np.where(congests, free_min, 1.0)
    seen = np.where(congests, observed_min, 1.0)
    delay_share = seen / free - 1
    capacity = np.where(congests, capacity_veh_per_h, 0.0)
    steepness = np.where(congests, alpha, 1.0)
    all_vehicles = capacity * (np.maximum(delay_share, 0) / steepness) ** (1 / np.asarray(power))
    background = np.where(congests, all_vehicles - volume_veh_per_h, 0.0)
    contradicted = (background < -CLIP_TOLERANCE_SHARE * capacity) | (
        delay_share < -CLIP_TOLERANCE_SHARE
    )
    differs = ~np.isclose(np.where(known, observed_min, 0), np.where(known, free_min, 0), atol=0)
    is_clipped = np.where(congests, contradicted, known & differs)
    return np.maximum(background, 0), is_clipped


def _is_amount(values: Floats | float) -> npt.NDArray[np.bool_]:
    given = np.asarray(values)
    return np.asarray((given >= 0) & np.isfinite(given))
