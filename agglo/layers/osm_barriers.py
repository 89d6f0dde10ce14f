"""Gates, bollards and other OpenStreetMap nodes that stop cars, people on foot or bicycles."""

from __future__ import annotations

from collections.abc import Mapping
from typing import NamedTuple

import numpy as np

from agglo.layers.osm_file import Ints
from agglo.layers.osm_points import Points
from agglo.layers.osm_tags import BICYCLE_KEYS, FOOT_KEYS, MODES, MOTOR_KEYS, Tags, is_open

DRIVEN_THROUGH = frozenset((
    "border_control", "bump_gate", "cattle_grid", "coupure", "entrance", "gate",
    "hampshire_gate", "height_restrictor", "kerb", "lift_gate", "no", "sally_port",
    "sliding_gate", "swing_gate", "toll_booth", "wicket_gate",
))  # fmt: skip
"""Open to cars unless a tag of the node closes them; every other barrier is closed to cars
unless a tag opens it."""

CLIMBED = frozenset(("stile", "kissing_gate", "turnstile", "full-height_turnstile", "sump_buster"))
"""Closed to bicycles too, unless a tag opens them."""


class Closures(NamedTuple):
    """What barriers close."""

    bits: Ints
    """For every stretch, the modes closed on it: 1 car, 2 walk, 4 bicycle."""

    barrier_count: dict[str, int]
    """Barriers that cut a way, by mode."""


def closed_modes(tags: Tags) -> int:
    """Return the modes that a barrier stops, as bits: 1 car, 2 walk, 4 bicycle.

    Access tags decide, the narrowest first; else the kind of barrier. People on foot pass
    wherever no tag forbids it.
    """
    kind = tags.get("barrier", "no")
    opened = (
        is_open(tags, MOTOR_KEYS, default=kind in DRIVEN_THROUGH),
        is_open(tags, FOOT_KEYS, default=True),
        is_open(tags, BICYCLE_KEYS, default=kind not in CLIMBED),
    )
    return sum(1 << number for number, passes in enumerate(opened) if not passes)


def closures(points: Points, barriers: Mapping[int, Tags], open_bits: Ints) -> Closures:
    """Close stretches beside barriers, so that no trip passes through one.

    Of the stretches that meet at a barrier and are open to a mode that it stops, the longest
    stays open (of equal ones the first) and the others are closed to that mode, each up to its
    next drawn point. So a cul-de-sac on either side keeps its houses, and mostly metres are lost.

    Parameters
    ----------
    barriers
        Tags by node id.
    open_bits
        For every stretch, the modes that may use it.
    """
    mask = _stopped_modes(points, barriers)[points.node]
    found = np.flatnonzero(mask)
    leaves, arrives = found[points.is_joined[found]], found[found > 0]
    arrives = arrives[points.is_joined[arrives - 1]]
    stretch, at = np.concatenate([leaves, arrives - 1]), np.concatenate([leaves, arrives])
    node, stopped_here = points.node[at], mask[at]
    bits = np.zeros(len(points.node), dtype=np.int8)
    counts = {}
    for number, mode in enumerate(MODES):
        bit = 1 << number
        chosen = (stopped_here & open_bits[stretch] & bit) > 0
        closed, cut = _all_but_longest(points, stretch[chosen], node[chosen])
        bits[closed] |= bit
        counts[mode] = cut
    return Closures(bits, counts)


def _stopped_modes(points: Points, barriers: Mapping[int, Tags]) -> Ints:
    """Return the modes that each node stops."""
    stopped = np.zeros(len(points.node_id), dtype=np.int8)
    if barriers:
        ids = np.array(list(barriers), dtype=np.int64)
        modes = np.array([closed_modes(tags) for tags in barriers.values()], dtype=np.int8)
        place = np.minimum(np.searchsorted(points.node_id, ids), len(points.node_id) - 1)
        is_on_way = points.node_id[place] == ids
        stopped[place[is_on_way]] = modes[is_on_way]
    return stopped


def _all_but_longest(points: Points, stretch: Ints, node: Ints) -> tuple[Ints, int]:
    """Return the stretches that are not the longest of their node, and the nodes that have any."""
    order = np.lexsort((stretch, -points.length_km[stretch], node))
    stretch, node = stretch[order], node[order]
    is_other = np.append([False], node[1:] == node[:-1])[: len(node)]
    return stretch[is_other], len(np.unique(node[is_other]))
