"""User equilibrium: nobody gains by taking another way while all others keep theirs."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass

import numpy as np
from scipy.optimize import brentq

from agglo.errors import NetworkError
from agglo.transport.congestion import (
    Congestion,
    congested_minutes,
    congestion_of_arcs,
    minutes_and_rise,
)
from agglo.transport.loading import Loading, Numbers, all_or_nothing
from agglo.transport.topology import Floats, Topology

Progress = Callable[[str, int, int], None]
"""Called with (what, done, of)."""

BALANCE_TOLERANCE_SHARE = 1e-6
"""Share of all vehicles by which a start may miss the demand at a node."""

STEP_TOLERANCE = 1e-14
WHOLE_STEP = 1 - 1e-9
"""A step from here on arrives at its target and leaves no earlier direction to be conjugate to."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Equilibrium:
    """A car network near user equilibrium (Wardrop 1952), as near as its relative gap says."""

    volume_veh_per_h: Floats
    """Vehicles on each arc of the topology; the background is not among them."""

    minutes: Floats
    """Congested minutes of each arc: a metric for skims; ``inf`` on closed arcs."""

    skim_min: Floats
    """Minutes of the quickest ways at these minutes, origins × destinations."""

    relative_gap: float
    """Share of all vehicle-minutes that quickest ways at these very minutes would save."""

    rounds: int
    history: tuple[float, ...]
    """The relative gap of each round."""

    converged: bool
    unserved_veh_per_h: float
    """Vehicles that have no way; they are on no arc."""


def equilibrium(
    topology: Topology,
    congestion: Congestion,
    demand: Floats,
    *,
    from_numbers: Numbers,
    to_numbers: Numbers,
    gap: float = 1e-4,
    most_rounds: int = 1000,
    start: Floats | None = None,
    progress: Progress | None = None,
) -> Equilibrium:
    """Assign vehicles to ways until hardly anybody could be quicker on another one.

    Bi-conjugate Frank–Wolfe (Mitradjieva and Lindberg 2013) with exact line search on the
    objective of Beckmann, McGuire and Winsten (1956). Volumes of arcs are unique where minutes
    rise with the volume; the ways of single vehicles are not, and are not kept.

    Parameters
    ----------
    demand
        Vehicles per hour, origins × destinations. Those without any way are counted apart.
    from_numbers, to_numbers
        Numbers of the nodes of origins and destinations; a trip to its own node loads no arc.
    gap
        Relative gap to stop at: (vehicle-minutes − those of an all-or-nothing loading at the
        same minutes) / vehicle-minutes. AequilibraE's 'rgap' is the same; the 'average excess
        cost' of the TNTP collection divides the same difference by the vehicles instead.
    most_rounds
        Shortest-path rounds after which the result comes back with ``converged`` false.
    start
        Volumes that serve this very demand, such as the equilibrium of another scenario.
    progress
        Called with (what, done, of) after each round.

    Raises
    ------
    NetworkError
        If a vehicle count is negative or not a number, a shape does not fit, the start serves
        another demand, or no vehicle at all has a way.
    """
    _check_question(topology, congestion, gap, most_rounds)
    is_open = np.flatnonzero(np.isfinite(congestion.free_min))
    arcs = congestion_of_arcs(congestion, is_open)

    def spread(values: Floats, elsewhere: float) -> Floats:
        whole = np.full(len(topology.arcs), elsewhere, dtype=float)
        whole[is_open] = values
        return whole

    def load(minutes: Floats) -> Loading:
        metric = spread(minutes, np.inf)
        return all_or_nothing(
            topology, metric, demand, from_numbers=from_numbers, to_numbers=to_numbers
        )

    first = load(congested_minutes(arcs, np.zeros(len(is_open))))
    _check_served(demand, first)
    if start is not None:
        _check_start(topology, start, first.volume_veh_per_h, is_open)
    volume = (first.volume_veh_per_h if start is None else start)[is_open]
    history: list[float] = []
    for now in _rounds(arcs, volume, load, is_open):
        history.append(now.relative_gap)
        if progress:
            progress(f"assignment, relative gap {now.relative_gap:.1e}", len(history), most_rounds)
        if now.relative_gap <= gap or len(history) == most_rounds:
            break
    return Equilibrium(
        volume_veh_per_h=spread(now.volume, 0),
        minutes=spread(now.minutes, np.inf),
        skim_min=now.loading.skim_min,
        relative_gap=now.relative_gap,
        rounds=len(history),
        history=tuple(history),
        converged=now.relative_gap <= gap,
        unserved_veh_per_h=now.loading.unserved_veh_per_h,
    )


@dataclass(frozen=True, slots=True, kw_only=True)
class _Round:
    """Where the search stands; volumes and minutes of the open arcs only."""

    volume: Floats
    minutes: Floats
    loading: Loading
    relative_gap: float


def _rounds(
    arcs: Congestion, volume: Floats, load: Callable[[Floats], Loading], is_open: Numbers
) -> Iterator[_Round]:
    """Yield ever better volumes, until floating-point numbers allow no better ones."""
    past: tuple[Floats, ...] = ()
    step = 0.0
    while True:
        minutes, rise = minutes_and_rise(arcs, volume)
        loading = load(minutes)
        total = float(volume @ minutes)
        gap = (total - loading.total_veh_min) / total if total > 0 else 0.0
        yield _Round(volume=volume, minutes=minutes, loading=loading, relative_gap=gap)
        nearest = loading.volume_veh_per_h[is_open]
        target = _conjugate_target(volume, nearest, rise, past, step)
        if minutes @ (target - volume) >= 0:
            target, past = nearest, ()
        step = _best_step(arcs, volume, target)
        if step == 0:
            return
        volume = (1 - step) * volume + step * target
        past = () if step > WHOLE_STEP else (target, *past[:1])


def _conjugate_target(
    volume: Floats, nearest: Floats, rise: Floats, past: tuple[Floats, ...], step: float
) -> Floats:
    """Bend the way to the all-or-nothing volumes off the last two ways taken.

    It is conjugate to them by the second derivative of the objective (Mitradjieva and Lindberg
    2013); a mix of volumes that each serve the demand serves it too.
    """
    if not past:
        return nearest
    last, before = past[0], past[-1]
    toward = nearest - volume
    second = 0.0
    if len(past) == 2:
        blend = rise * (step * last + (1 - step) * before - volume)
        second = _weight(float(blend @ toward), float(blend @ (before - last)))
    back = rise * (last - volume)
    first = _weight(float(back @ toward), float(back @ (last - volume)))
    first += second * step / (1 - step)
    return (nearest + first * last + second * before) / (1 + first + second)


def _weight(top: float, bottom: float) -> float:
    return max(0.0, -top / bottom) if bottom > 0 else 0.0


def _best_step(arcs: Congestion, volume: Floats, target: Floats) -> float:
    """Return the share of the way to the target at which the objective is least."""
    move = target - volume

    def slope(step: float) -> float:
        return float(congested_minutes(arcs, (1 - step) * volume + step * target) @ move)

    if slope(0) >= 0:
        return 0.0
    if slope(1) <= 0:
        return 1.0
    return float(brentq(slope, 0, 1, xtol=STEP_TOLERANCE))


def _check_question(
    topology: Topology, congestion: Congestion, gap: float, most_rounds: int
) -> None:
    if congestion.free_min.shape != topology.tail.shape:
        raise NetworkError(
            f"the congestion of {len(congestion.free_min)} arcs does not fit the topology's "
            f"{len(topology.arcs)}"
        )
    if not (gap > 0 and most_rounds >= 1):
        raise NetworkError(
            f"gap must be above 0 and most_rounds 1 or more, got {gap} and {most_rounds}"
        )


def _check_served(demand: Floats, loading: Loading) -> None:
    if loading.unserved_veh_per_h >= demand.sum() > 0:
        raise NetworkError(
            f"not one of {demand.sum():g} vehicles per hour has a way from its origin to its "
            "destination; check the connectors and the closed links"
        )


def _check_start(topology: Topology, start: Floats, serving: Floats, is_open: Numbers) -> None:
    """Refuse volumes that do not begin and end at each node as those of the demand do."""
    if start.shape != serving.shape or not (start >= 0).all():
        raise NetworkError(
            f"start has the shape {start.shape}, wanted one volume per arc, 0 or more"
        )
    extra, count = start - serving, len(topology.nodes)
    ends = np.bincount(topology.head, extra, count) - np.bincount(topology.tail, extra, count)
    worst = int(np.abs(ends).argmax())
    on_closed = int((np.delete(start, is_open) > 0).sum())
    if on_closed or abs(ends[worst]) > BALANCE_TOLERANCE_SHARE * (1 + serving.sum()):
        raise NetworkError(
            f"start does not serve this demand: {on_closed} closed arc(s) carry vehicles, and "
            f"at '{topology.nodes[worst]}' {ends[worst]:+g} too many end; leave start out"
        )
