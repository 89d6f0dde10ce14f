"""Feedback: trips depend on minutes, and minutes on trips, until neither moves."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import partial

import numpy as np

from agglo.errors import NetworkError
from agglo.transport.assignment import Equilibrium, Progress, equilibrium
from agglo.transport.congestion import Congestion, congested_minutes
from agglo.transport.loading import Loading, Numbers, all_or_nothing, check_demand
from agglo.transport.topology import Floats, Topology

SLOWER, STEADY = 1.5, 0.1
"""What each round adds to the divisor of the step: after a worse round, and after a better one."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Feedback:
    """Demand and equilibrium that fit each other."""

    equilibrium: Equilibrium
    demand: Floats
    """Vehicles per hour, origins × destinations, that the equilibrium carries."""

    rounds: int
    change_share: float
    """Largest relative change of the minutes of a pair with trips, had the last step been whole."""

    history: tuple[float, ...]
    """That change in each round."""


def equilibrate(
    topology: Topology,
    congestion: Congestion,
    demand_of: Callable[[Floats], Floats],
    *,
    from_numbers: Numbers,
    to_numbers: Numbers,
    first_min: Floats | None = None,
    tolerance_share: float = 1e-3,
    gap: float = 1e-5,
    most_rounds: int = 30,
    most_assignment_rounds: int = 1000,
    progress: Progress | None = None,
) -> Feedback:
    """Find the demand that the minutes of its own equilibrium give rise to.

    Each round moves the demand part of the way to what the congested minutes ask for: by
    self-regulated averaging (Liu, He and He 2009), whose steps shrink quickly only after a round
    that led away. An assignment starts from the last volumes times the share of the last demand
    that the new one still holds in every pair; the rest takes the ways that were quickest.

    Parameters
    ----------
    demand_of
        Turns minutes, origins × destinations, ``inf`` where there is no way, into vehicles per
        hour of the same shape.
    first_min
        Minutes that the first demand answers to, such as those of a like scenario; without them
        those of the empty network.
    tolerance_share
        Largest relative change of the minutes of any pair with trips between two rounds. It is
        divided by the step, so that a short step does not pass for a small change.
    gap
        Relative gap of each assignment; its noise in the minutes must stay below the tolerance.

    Raises
    ------
    NetworkError
        If the minutes still change after the last round, naming the pair that changes most; if
        the last assignment did not reach its gap; or as in ``equilibrium``.
    """
    assign = partial(
        equilibrium,
        topology,
        congestion,
        from_numbers=from_numbers,
        to_numbers=to_numbers,
        gap=gap,
        most_rounds=most_assignment_rounds,
        progress=progress,
    )
    load = partial(all_or_nothing, topology, from_numbers=from_numbers, to_numbers=to_numbers)

    def ask(skim_min: Floats) -> Floats:
        return check_demand(topology, demand_of(skim_min), from_numbers, to_numbers)

    nobody = np.zeros((len(from_numbers), len(to_numbers)))
    if first_min is None:
        empty = congested_minutes(congestion, np.zeros(len(congestion.free_min)))
        first_min = load(empty, nobody).skim_min
    history: list[float] = []
    for now in _rounds(ask, assign, load, ask(first_min)):
        history.append(float(now.change.max(initial=0)))
        if progress:
            progress(f"feedback, minutes change by {history[-1]:.1e}", len(history), most_rounds)
        if history[-1] <= tolerance_share and now.equilibrium.converged:
            return Feedback(
                equilibrium=now.equilibrium,
                demand=now.demand,
                rounds=len(history),
                change_share=history[-1],
                history=tuple(history),
            )
        if len(history) >= most_rounds:
            break
    row, column = np.unravel_index(now.change.argmax(), now.change.shape)
    raise NetworkError(
        f"minutes and trips do not settle in {len(history)} round(s): the minutes from "
        f"'{topology.nodes[from_numbers[row]]}' to '{topology.nodes[to_numbers[column]]}' still "
        f"change by {history[-1]:.2%}, wanted {tolerance_share:.2%} (relative gap "
        f"{now.equilibrium.relative_gap:.1e}, wanted {gap:.1e}); allow more rounds or a larger "
        "tolerance"
    )


@dataclass(frozen=True, slots=True, kw_only=True)
class _Round:
    """Where the search stands."""

    equilibrium: Equilibrium
    demand: Floats
    change: Floats
    """Of the minutes of each pair with trips, as a share, had the step been whole."""


def _rounds(
    ask: Callable[[Floats], Floats],
    assign: Callable[..., Equilibrium],
    load: Callable[[Floats, Floats], Loading],
    demand: Floats,
) -> Iterator[_Round]:
    """Yield demands that fit the minutes of their equilibrium better and better."""
    now = assign(demand)
    divisor, last_miss = 1.0, np.inf
    while True:
        wanted = ask(now.skim_min)
        miss = float(np.abs(wanted - demand).sum())
        if np.isfinite(last_miss):
            divisor += STEADY if miss < last_miss else SLOWER
        moved = demand + (wanted - demand) / divisor
        kept = _kept_share(demand, moved)
        added = load(now.minutes, np.maximum(moved - kept * demand, 0)).volume_veh_per_h
        after = assign(moved, start=kept * now.volume_veh_per_h + added)
        change = _relative_change(now.skim_min, after.skim_min, demand + moved) * divisor
        yield _Round(equilibrium=after, demand=moved, change=change)
        now, demand, last_miss = after, moved, miss


def _kept_share(before: Floats, after: Floats) -> float:
    """Return the largest share of one demand that another one holds, pair by pair."""
    trips = before > 0
    return float(np.min(after[trips] / before[trips], initial=1))


def _relative_change(before_min: Floats, after_min: Floats, demand: Floats) -> Floats:
    """Return by how much the minutes of each pair with trips changed, as a share."""
    counts = (demand > 0) & np.isfinite(before_min) & (before_min > 0)
    shorter = np.where(counts, before_min, 1)
    return np.where(counts, np.abs(np.where(counts, after_min, 1) / shorter - 1), 0)
