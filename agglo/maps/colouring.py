"""Colours of areas on a map: neighbours differ, whoever sees them."""

from __future__ import annotations

import heapq
from collections import Counter
from collections.abc import Callable, Mapping, Sequence

import numpy as np
import numpy.typing as npt

PALETTE = (
    "#77aadd", "#ee8866", "#eedd88", "#44bb99", "#ffaabb", "#99ddff", "#bbcc33", "#aaaa00"
)  # fmt: skip
"""Fillings that colour-blind people tell apart (the 'light' scheme, Paul Tol 2021, unverified)."""

Pairs = npt.NDArray[np.int64]


def distinct_colours(
    touching: Pairs, near: Pairs, count: int, *, colours: int = len(PALETTE)
) -> list[int]:
    """Give each of so many areas a colour that none of its neighbours has.

    Areas are coloured from the most entangled to the least (smallest-last order, Matula and
    Beck 1983, unverified): areas that lie on a plane without exclaves then meet at most five
    coloured neighbours, so six colours always do. Of the free colours that is taken which
    fewest areas near by have, then the least used; where none is free, the one that fewest
    neighbours have.

    Parameters
    ----------
    touching, near
        Pairs of areas by their numbers, two rows; one way or both.
    count
        How many areas there are; equals are broken by their number.

    Examples
    --------
    >>> nobody = np.empty((2, 0), dtype=np.int64)
    >>> distinct_colours(np.array([[0, 1], [1, 2]]), nobody, 3, colours=2)
    [0, 1, 0]
    """
    neighbours, others = _by_area(touching, count), _by_area(near, count)
    chosen = [-1] * count
    used = [0] * colours
    for area in _smallest_last(neighbours):
        beside = Counter(chosen[one] for one in neighbours[area])
        about = Counter(chosen[one] for one in others[area])
        best = min(range(colours), key=_rank(beside, about, used))
        chosen[area] = best
        used[best] += 1
    return chosen


def _rank(
    beside: Mapping[int, int], about: Mapping[int, int], used: Sequence[int]
) -> Callable[[int], tuple[int, ...]]:
    return lambda one: (beside[one], about[one], used[one], one)


def _by_area(pairs: Pairs, count: int) -> list[set[int]]:
    found: list[set[int]] = [set() for _ in range(count)]
    for first, second in pairs.T.tolist():
        if first != second:
            found[first].add(second)
            found[second].add(first)
    return found


def _smallest_last(neighbours: list[set[int]]) -> list[int]:
    """Order areas so that each has few neighbours among those before it."""
    degree = [len(own) for own in neighbours]
    waiting = [(degree[area], -area) for area in range(len(neighbours))]
    heapq.heapify(waiting)
    gone = [False] * len(neighbours)
    order = []
    while waiting:
        count, minus = heapq.heappop(waiting)
        area = -minus
        if gone[area] or count != degree[area]:
            continue
        gone[area] = True
        order.append(area)
        for other in neighbours[area]:
            if not gone[other]:
                degree[other] -= 1
                heapq.heappush(waiting, (degree[other], -other))
    return order[::-1]
