"""Elimination of nodes with few neighbours: the bottom of a contraction order, found quickly."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
import numpy.typing as npt

Numbers = npt.NDArray[np.int64]

MOST_NEIGHBOURS = 3
LEAST_SHARE = 0.05
"""A round that would take fewer of the nodes left is not worth its time."""


class Core(NamedTuple):
    """What is left once the nodes with few neighbours are gone."""

    eliminated: Numbers
    """Numbers of the nodes that are gone, in the order of their going."""

    nodes: Numbers
    """Numbers of the nodes left, rising."""

    first: Numbers
    last: Numbers
    """Edges between nodes left, the lower number first, ordered by both."""


def eliminated_core(nodes_count: int, first: Numbers, last: Numbers) -> Core:
    """Take away nodes with few neighbours, joining each one's neighbours to each other.

    Minimum degree (Tinney and Walker 1967), a whole independent set in each round: dead ends
    first, then nodes on the way between two others, then crossings of three streets. Up to two
    neighbours no edge is added; of three, as many as go.

    Parameters
    ----------
    first, last
        Edges between different nodes, each once, the lower number first.
    """
    nodes = np.arange(nodes_count)
    turn = nodes * 2_654_435_761 % 2**32
    """Which of two neighbours goes first: mixed up, so that long streets halve in a round."""

    is_left = np.ones(nodes_count, dtype=bool)
    gone: list[Numbers] = []
    limit = 2
    while limit <= MOST_NEIGHBOURS:
        degree = np.bincount(first, minlength=nodes_count) + np.bincount(
            last, minlength=nodes_count
        )
        chosen = is_left & (degree <= limit)
        both = chosen[first] & chosen[last]
        rivals = first[both], last[both]
        chosen[np.where(turn[rivals[0]] < turn[rivals[1]], rivals[1], rivals[0])] = False
        if chosen.sum() < max(1.0, LEAST_SHARE * is_left.sum()):
            limit += 1
            continue
        gone.append(np.flatnonzero(chosen))
        is_left &= ~chosen
        first, last = _without(chosen, first, last, limit)
    eliminated = np.concatenate([np.empty(0, dtype=np.int64), *gone])
    return Core(eliminated=eliminated, nodes=np.flatnonzero(is_left), first=first, last=last)


def unique_edges(nodes_count: int, tail: Numbers, head: Numbers) -> tuple[Numbers, Numbers]:
    """Join directions and parallel edges into one, the lower number first; drop loops."""
    low, high = np.minimum(tail, head), np.maximum(tail, head)
    apart = low != high
    pairs = np.sort(low[apart] * nodes_count + high[apart])
    pairs = pairs[np.diff(pairs, prepend=-1) > 0]
    first = pairs // max(1, nodes_count)
    return first, pairs - first * nodes_count


def _without(
    chosen: npt.NDArray[np.bool_], first: Numbers, last: Numbers, most: int
) -> tuple[Numbers, Numbers]:
    """Take the chosen nodes out and join the neighbours of each, of which there are few."""
    touched = chosen[first] | chosen[last]
    one, other = first[touched], last[touched]
    middle = np.where(chosen[one], one, other)
    neighbour = np.where(chosen[one], other, one)
    order = np.lexsort((neighbour, middle))
    middle, neighbour = middle[order], neighbour[order]
    tails, heads = [first[~touched]], [last[~touched]]
    for gap in range(1, most):
        pairs = np.flatnonzero(middle[gap:] == middle[:-gap])
        tails.append(neighbour[pairs])
        heads.append(neighbour[pairs + gap])
    return unique_edges(len(chosen), np.concatenate(tails), np.concatenate(heads))
