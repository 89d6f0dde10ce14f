"""Turns the stretches of OpenStreetMap ways into links between decision points."""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np
import numpy.typing as npt
from scipy.sparse import coo_array
from scipy.sparse.csgraph import connected_components

from agglo.layers.osm_file import Ints, ranges
from agglo.layers.osm_points import Flags, Points

NONE = -1


@dataclass(frozen=True, slots=True, kw_only=True)
class Chains:
    """Links as rows of stretches: the stretches of all links, one link after the other."""

    first: Ints
    """Where each link begins among ``stretch``; one more than there are links."""

    stretch: Ints
    """Numbers of stretches among the points, in the order of travel."""

    is_turned: Flags
    """Whether a stretch is travelled against the order in which its way was drawn."""

    def __len__(self) -> int:
        """Return the number of links."""
        return len(self.first) - 1


def chains_from_points(points: Points, closed_bits: Ints) -> Chains:
    """Cut the ways wherever they meet, end, or a barrier closes a stretch.

    Parameters
    ----------
    closed_bits
        For every stretch, the modes that barriers close on it; a closed one is a link of its own.
    """
    is_cut = np.bincount(points.node)[points.node] > 1
    before = np.append([False], points.is_joined[:-1])[: len(is_cut)]
    is_cut |= ~points.is_joined | ~before
    closed = np.flatnonzero(closed_bits)
    is_cut[closed] = is_cut[closed + 1] = True
    stretch = np.flatnonzero(points.is_joined).astype(np.int32)
    begins = np.flatnonzero(is_cut[stretch])
    return Chains(
        first=np.append(begins, len(stretch)),
        stretch=stretch,
        is_turned=np.zeros(len(stretch), dtype=bool),
    )


def ends(points: Points, chains: Chains) -> tuple[Ints, Ints]:
    """Return the first and the last node of each link, as numbers."""
    first, last = chains.first[:-1], chains.first[1:] - 1
    start = chains.stretch[first] + chains.is_turned[first]
    end = chains.stretch[last] + ~chains.is_turned[last]
    return points.node[start], points.node[end]


def lengths_km(points: Points, chains: Chains) -> npt.NDArray[np.float64]:
    """Return the length of each link: the sum over its stretches."""
    if not len(chains):
        return np.zeros(0)
    return np.add.reduceat(points.length_km[chains.stretch], chains.first[:-1])


def selected(chains: Chains, rows: Ints) -> Chains:
    """Return some of the links, in the order of the rows."""
    counts = np.diff(chains.first)[rows]
    flat = ranges(chains.first[:-1][rows], counts)
    return Chains(
        first=np.append(0, np.cumsum(counts)),
        stretch=chains.stretch[flat],
        is_turned=chains.is_turned[flat],
    )


def turned_bits(bits: Ints) -> Ints:
    """Swap the two directions of every entry."""
    return (bits & 1) << 1 | bits >> 1


def joined(points: Points, chains: Chains, alike: Ints, bits: Ints) -> tuple[Chains, Ints]:
    """Join links that meet where nobody can decide anything: two links alike, and no third.

    A joined link runs in the direction in which its lowest stretch was drawn, and begins there
    if it is a ring.

    Parameters
    ----------
    alike
        One number per link; links with different numbers stay apart.
    bits
        Directions by link (rows) and mode (columns).

    Returns
    -------
    chains, lead
        The joined links, by their lowest stretch, and the link whose attributes each carries.
    """
    follower = _followers(*ends(points, chains), alike, bits)
    order, starts = _paths(follower)
    link, is_turned = order >> 1, (order & 1).astype(bool)
    counts = np.diff(chains.first)[link]
    step = np.where(is_turned, -1, 1)
    begin = np.where(is_turned, chains.first[1:][link] - 1, chains.first[:-1][link])
    within = ranges(np.zeros_like(counts), counts)
    flat = np.repeat(begin, counts) + np.repeat(step, counts) * within
    first = np.append(np.append(0, np.cumsum(counts))[starts], counts.sum())
    made = Chains(
        first=first,
        stretch=chains.stretch[flat],
        is_turned=chains.is_turned[flat] ^ np.repeat(is_turned, counts),
    )
    lead = np.minimum.reduceat(link, starts) if len(starts) else link
    by_lead = np.argsort(lead, kind="stable")
    return selected(made, by_lead), lead[by_lead]


def without_loops(points: Points, chains: Chains) -> tuple[Chains, Ints]:
    """Cut links that end where they begin, at the drawn point nearest to their middle.

    Returns
    -------
    chains, origin
        The links, by their lowest stretch, and the row of the link that each was part of.
    """
    start, end = ends(points, chains)
    loop = np.flatnonzero(start == end)
    counts = np.diff(chains.first)
    # a loop of one stretch has no length, and points of no length were merged
    flat = ranges(chains.first[:-1][loop], counts[loop])
    owner = np.repeat(np.arange(len(loop)), counts[loop])
    length_km = points.length_km[chains.stretch[flat]]
    reached_km = np.cumsum(length_km)
    total_km = lengths_km(points, selected(chains, loop))
    base_km = np.append(0, np.cumsum(total_km))[:-1]
    off_km = np.abs(reached_km - (base_km + total_km / 2)[owner])
    best = np.lexsort((flat, off_km, owner))
    is_first = np.append([True], owner[best][1:] != owner[best][:-1])[: len(best)]
    cut = flat[best][is_first] + 1
    first = np.sort(np.concatenate([chains.first, cut]))
    origin = np.searchsorted(chains.first, first[:-1], side="right") - 1
    made = replace(chains, first=first)
    order = np.argsort(lowest_stretch(made), kind="stable")
    return selected(made, order), origin[order]


def lowest_stretch(chains: Chains) -> Ints:
    """Return the lowest stretch of each link, which gives it its id."""
    if not len(chains):
        return chains.stretch
    return np.minimum.reduceat(chains.stretch, chains.first[:-1])


def drawn_points(chains: Chains) -> tuple[Ints, Ints]:
    """Return the points of all links in the order of travel, and the link of each."""
    counts = np.diff(chains.first)
    link = np.repeat(np.arange(len(chains), dtype=np.int32), counts + 1)
    last = chains.first[1:] - 1
    tails = chains.stretch + chains.is_turned
    heads = chains.stretch[last] + ~chains.is_turned[last]
    return np.insert(tails, chains.first[1:], heads), link


def _followers(start: Ints, end: Ints, alike: Ints, bits: Ints) -> Ints:
    """Return what follows each link travelled forward (even) and backward (odd), or NONE.

    Number 2 i is link i from start to end, 2 i + 1 the same from end to start.
    """
    count = len(start)
    node = np.concatenate([start, end])
    # how a link is numbered when it leaves the node, and when it arrives there
    leaving = np.concatenate([2 * np.arange(count), 2 * np.arange(count) + 1])
    order = np.argsort(node, kind="stable")
    node, leaving = node[order], leaving[order]
    is_new = np.append([True], node[1:] != node[:-1])[: len(node)]
    begins = np.flatnonzero(is_new)
    pair = begins[np.diff(np.append(begins, len(node))) == 2]
    one, other = leaving[pair], leaving[pair + 1]
    a, b = one >> 1, other >> 1
    both_same_way = (one & 1) != (other & 1)
    expected = np.where(both_same_way[:, None], bits[a], turned_bits(bits[a]))
    fits = (alike[a] == alike[b]) & (expected == bits[b]).all(axis=1)
    one, other = one[fits], other[fits]
    follower = np.full(2 * count, NONE)
    follower[one ^ 1] = other
    follower[other ^ 1] = one
    return follower


def _paths(follower: Ints) -> tuple[Ints, Ints]:
    """Return the travelled links path by path, and where each path begins.

    Of the two directions of a path, the one that travels its lowest link forward is kept.
    """
    count = len(follower)
    every = np.arange(count)
    linked = np.flatnonzero(follower != NONE)
    pairs = (np.ones(len(linked)), (linked, follower[linked]))
    graph = coo_array(pairs, shape=(count, count))
    parts, part = connected_components(graph, directed=False)
    lowest = np.full(parts, count)
    np.minimum.at(lowest, part, every >> 1)
    before = np.full(count, NONE)
    before[follower[linked]] = linked
    has_start = np.zeros(parts, dtype=bool)
    has_start[part[before == NONE]] = True
    rings = np.flatnonzero(~has_start)
    # a ring begins with its lowest link, in whichever direction that is travelled
    forward = part[2 * lowest[rings]] == rings
    before[2 * lowest[rings] + ~forward] = NONE
    kept = part[2 * lowest] == np.arange(parts)
    place = _places(before)
    chosen = np.flatnonzero(kept[part])
    order = chosen[np.lexsort((place[chosen], part[chosen]))]
    starts = np.flatnonzero(np.append([True], part[order][1:] != part[order][:-1])[: len(order)])
    return order, starts


def _places(before: Ints) -> Ints:
    """Count the links before each on its path, by doubling the reach in every round."""
    reach = np.where(before == NONE, np.arange(len(before)), before)
    place: Ints = (before != NONE).astype(np.int64)
    while True:
        further = reach[reach]
        if np.array_equal(further, reach):
            return place
        place += place[reach]
        reach = further
