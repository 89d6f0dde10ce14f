"""Ways from places to street nodes, and minutes by car between thousands of places."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace

import numpy as np
import numpy.typing as npt
import pandas as pd
from scipy.spatial import cKDTree
from scipy.spatial.distance import cdist

from agglo.errors import NetworkError
from agglo.transport.skims import travel_minutes
from agglo.transport.topology import Floats, Topology, node_numbers
from agglo.units import M_PER_KM, MINUTES_PER_HOUR

TIES = 3
"""How many of the nearest nodes people may drive to."""

REACH_RATIO = 2.0
"""Nobody drives over land to a node more than so many times as far as the nearest."""

DETOUR_RATIO = 1.3
"""Way over straight line where there is no network, as for the doors of the built-in zones."""

ROWS = 16
"""Origins worked on at once: few, so that their minutes stay in the cache."""

NUMBERS = 30_000_000
"""Minutes between nodes that are held at once."""

Numbers = npt.NDArray[np.intp]


@dataclass(frozen=True, slots=True, kw_only=True)
class Ties:
    """Where places lie and which nodes they lead to; each place has a row."""

    x_m: Floats
    y_m: Floats
    speed_kmh: Floats
    """Speed of a place's own local ways."""

    inner_min: Floats
    """Minutes from a place to itself, on average."""

    nodes: pd.Index
    """Ids of the nodes led to."""

    number: Numbers
    """Places × ties: a number among ``nodes``, anything where there is none."""

    minutes: Floats
    """Places × ties: minutes to the node, ``inf`` where there is none."""

    nearest_m: Floats
    """Straight line from a place to its nearest node."""


def nearest_ties(
    x_m: Floats,
    y_m: Floats,
    nodes: pd.DataFrame,
    *,
    speed_kmh: Floats,
    inner_min: Floats,
    most: int = TIES,
    detour_ratio: float = DETOUR_RATIO,
) -> Ties:
    """Lead every place to its nearest nodes: straight line × detour at the place's speed.

    Beside the nearest those are led to that are at most twice as far: the road to farther ones
    is in the network.

    Parameters
    ----------
    nodes
        Index node id; ``x_m`` and ``y_m`` in the CRS of the places.

    Raises
    ------
    NetworkError
        If there are no nodes.
    """
    if nodes.empty:
        raise NetworkError("there is no street node that a car may get to; check the links")
    ordered = nodes.sort_index()
    count = min(most, len(ordered))
    tree = cKDTree(ordered[["x_m", "y_m"]].to_numpy(dtype=float))
    metres, number = tree.query(np.column_stack([x_m, y_m]), k=list(range(1, count + 1)))
    metres = np.where(metres <= REACH_RATIO * metres[:, :1], metres, np.inf)
    minutes = metres / M_PER_KM * detour_ratio / speed_kmh[:, None] * MINUTES_PER_HOUR
    return Ties(
        x_m=x_m,
        y_m=y_m,
        speed_kmh=speed_kmh,
        inner_min=inner_min,
        nodes=ordered.index,
        number=np.asarray(number, dtype=np.intp),
        minutes=minutes,
        nearest_m=metres[:, 0],
    )


def joined_ties(first: Ties, second: Ties) -> Ties:
    """Give places the ties of a second set too, where these are no longer than those they have.

    Who is a neighbour stays as it was: a new road does not move places together.
    """
    nodes = first.nodes.union(second.nodes)
    numbers = [nodes.get_indexer(one.nodes)[one.number] for one in (first, second)]
    is_tie = np.isfinite(first.minutes)
    longest = first.minutes.max(axis=1, keepdims=True, where=is_tie, initial=0.0)
    added = np.where(second.minutes <= longest, second.minutes, np.inf)
    return replace(
        first,
        nodes=nodes,
        number=np.hstack(numbers),
        minutes=np.hstack([first.minutes, added]),
    )


def minute_blocks(
    topology: Topology,
    metric_min: Floats,
    ties: Ties,
    *,
    fixed_min: float,
    detour_ratio: float = DETOUR_RATIO,
    layer: str = "road:",
) -> Iterator[tuple[slice, Floats]]:
    """Yield blocks of rows of the minutes by car from each place to each.

    The least over the ties at both ends of way to the node + network + way from the node.
    Two places no farther apart than they are from their nearest nodes, both together, are
    neighbours: the network is too coarse to know the way, and there is also the straight line ×
    detour at the mean of their paces. To itself a place takes ``inner_min``. Every trip has
    ``fixed_min`` on top.

    Raises
    ------
    NetworkError
        If a node is unknown to the topology.
    """
    led = np.where(np.isfinite(ties.minutes), ties.number, -1)
    used, number = np.unique(led, return_inverse=True)
    number = number.reshape(ties.number.shape)
    names = layer + ties.nodes[used[used >= 0]]
    at = np.full(len(used), -1, dtype=np.intp)
    at[used >= 0] = node_numbers(topology, list(names))
    count, width = ties.number.shape
    step = max(ROWS, NUMBERS // (width * len(used)) // ROWS * ROWS)
    for first in range(0, count, step):
        last = min(first + step, count)
        own, row = np.unique(number[first:last], return_inverse=True)
        row = row.reshape(-1, width)
        between = _between(topology, metric_min, at[own], at)
        for start in range(first, last, ROWS):
            rows = slice(start, min(start + ROWS, last))
            out = _least(ties.minutes[rows], between, row[start - first : rows.stop - first])
            # origins as columns: a tie is then a copy of whole rows.
            found = _least(ties.minutes, np.ascontiguousarray(out.T), number)
            _go_straight(found, rows, ties, detour_ratio)
            found += fixed_min
            yield rows, found.T


def _between(topology: Topology, metric_min: Floats, start: Numbers, end: Numbers) -> Floats:
    """Minutes between numbered nodes, ``inf`` for the number −1, which is none."""
    found = np.full((len(start), len(end)), np.inf)
    is_start, is_end = start >= 0, end >= 0
    found[np.ix_(is_start, is_end)] = travel_minutes(
        topology, metric_min, start[is_start], end[is_end]
    )
    return found


def _least(minutes: Floats, between: Floats, number: Numbers) -> Floats:
    """Least minutes over the ties of places: to the node, then along its row."""
    found = between[number[:, 0]]
    found += minutes[:, :1]
    for tie in range(1, number.shape[1]):
        own = between[number[:, tie]]
        own += minutes[:, tie, None]
        np.minimum(found, own, out=found)
    return found


def _go_straight(found: Floats, rows: slice, ties: Ties, detour_ratio: float) -> None:
    """Let neighbours drive straight to each other, and each place within itself."""
    pace = MINUTES_PER_HOUR * detour_ratio / 2 / M_PER_KM / ties.speed_kmh
    places = np.column_stack([ties.x_m, ties.y_m])
    metres = cdist(places, places[rows])
    near = np.flatnonzero(metres <= np.add.outer(ties.nearest_m, ties.nearest_m[rows]))
    end, origin = near // metres.shape[1], near % metres.shape[1]
    straight = metres.ravel()[near] * (pace[end] + pace[rows][origin])
    ways = found.reshape(-1)
    ways[near] = np.minimum(ways[near], straight)
    own = np.arange(rows.start, rows.stop)
    found[own, own - rows.start] = ties.inner_min[rows]
