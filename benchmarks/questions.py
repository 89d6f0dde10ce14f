"""The questions that every tool is asked: one graph, two sets of weights, the same zones."""

from __future__ import annotations

from dataclasses import asdict, dataclass
from pathlib import Path

import numpy as np
import numpy.typing as npt

Floats = npt.NDArray[np.float64]
Numbers = npt.NDArray[np.int64]
Whole = npt.NDArray[np.int32]

SEED = 20_260_101
ZONES_COUNT = 10_000
CHANGED_COUNT = 900
NEW_COUNT = 100
NEIGHBOURS_COUNT = 200
"""A new link leads to one of so many nearest nodes."""

NEW_M_PER_S = 60 / 3.6
MS_PER_S = 1000
LEAST_S = 1 / MS_PER_S


@dataclass(frozen=True, slots=True, kw_only=True)
class Graph:
    """A directed graph without parallel arcs and loops, ordered by tail, then head.

    Weights are whole milliseconds, so that tools that count in them lose nothing.
    """

    tail: Whole
    head: Whole
    base_s: Floats
    """Seconds of each arc; ``inf`` on the new ones, which are closed in the baseline."""

    changed_s: Floats
    """Seconds of each arc in the scenario: some others, and the new arcs open."""

    x_m: Floats
    y_m: Floats
    zones: Numbers
    """Nodes in a seeded random order; a matrix of n zones is between the first n."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Assignment:
    """A car network with its trips and the best-known answer; nodes count from 0."""

    tail: Numbers
    head: Numbers
    free_min: Floats
    capacity_veh_per_h: Floats
    alpha: Floats
    power: Floats
    demand: Floats
    """Vehicles, zone × zone; zone i is node i."""

    first_through: int
    """Nodes below are zones that no trip may pass through."""

    best_veh_per_h: Floats
    best_min: Floats


def graph_from_arcs(
    tail: npt.NDArray[np.integer],
    head: npt.NDArray[np.integer],
    seconds: Floats,
    x_m: Floats,
    y_m: Floats,
    *,
    changed_count: int = CHANGED_COUNT,
    new_count: int = NEW_COUNT,
    zones_count: int = ZONES_COUNT,
) -> Graph:
    """Make the question from the arcs of a network.

    Parameters
    ----------
    tail, head
        Numbers of nodes; of parallel arcs the quickest is kept, loops are dropped.
    changed_count
        Arcs that take half to twice as long in the scenario.
    new_count
        Arcs that only the scenario has, between nodes near each other, at 60 km/h.
    """
    count = len(x_m)
    whole_s = np.maximum(np.rint(np.asarray(seconds, dtype=float) * MS_PER_S) / MS_PER_S, LEAST_S)
    pair = np.asarray(tail, dtype=np.int64) * count + head
    order = np.lexsort((whole_s, pair))
    order = order[np.asarray(tail)[order] != np.asarray(head)[order]]
    order = order[np.diff(pair[order], prepend=-1) > 0]
    pair, whole_s = pair[order], whole_s[order]
    chance = np.random.default_rng(SEED)
    zones = chance.permutation(count)[:zones_count]
    changed = chance.choice(len(pair), min(changed_count, len(pair)), replace=False)
    other_s = whole_s.copy()
    factor = np.exp2(chance.uniform(-1, 1, len(changed)))
    other_s[changed] = np.maximum(np.rint(other_s[changed] * factor * MS_PER_S) / MS_PER_S, LEAST_S)
    new_pair, new_s = _new_arcs(pair, x_m, y_m, chance, new_count)
    pair = np.append(pair, new_pair)
    order = np.argsort(pair)
    first, last = np.divmod(pair[order], count)
    return Graph(
        tail=first.astype(np.int32),
        head=last.astype(np.int32),
        base_s=np.append(whole_s, np.full(len(new_s), np.inf))[order],
        changed_s=np.append(other_s, new_s)[order],
        x_m=np.asarray(x_m, dtype=float),
        y_m=np.asarray(y_m, dtype=float),
        zones=zones,
    )


def _new_arcs(
    pair: Numbers, x_m: Floats, y_m: Floats, chance: np.random.Generator, new_count: int
) -> tuple[Numbers, Floats]:
    """Choose pairs of nodes near each other that no arc joins, and how long the way takes."""
    from scipy.spatial import KDTree

    count = len(x_m)
    places = np.column_stack([x_m, y_m])
    start = chance.integers(0, count, 4 * new_count)
    near = min(NEIGHBOURS_COUNT, count)
    _, found = KDTree(places).query(places[start], near)
    end = np.reshape(found, (len(start), near))[
        np.arange(len(start)), chance.integers(near // 4, near, len(start))
    ]
    wanted = np.unique(start * count + end)
    wanted = wanted[(wanted // count != wanted % count) & ~np.isin(wanted, pair)]
    wanted = chance.permutation(wanted)[:new_count]
    first, last = np.divmod(wanted, count)
    way_m = np.hypot(*(places[first] - places[last]).T)
    return wanted, np.maximum(np.rint(way_m / NEW_M_PER_S * MS_PER_S) / MS_PER_S, LEAST_S)


def write_question(path: Path, question: Graph | Assignment) -> None:
    """Keep a question for the processes that answer it."""
    np.savez(path, **asdict(question))


def read_graph(path: Path) -> Graph:
    """Read a question about ways."""
    with np.load(path) as kept:
        return Graph(**{name: kept[name] for name in kept.files})


def read_assignment(path: Path) -> Assignment:
    """Read a question about an equilibrium."""
    with np.load(path) as kept:
        own = {name: kept[name] for name in kept.files}
    return Assignment(**{**own, "first_through": int(own["first_through"])})
