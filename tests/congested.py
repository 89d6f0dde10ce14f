"""Small road networks that congest, with answers known by hand."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from agglo.transport.congestion import Congestion
from agglo.transport.loading import Numbers
from agglo.transport.topology import Floats, Topology, node_numbers
from tests.networks import network_of

Roads = Sequence[tuple[str, str, float, float]]
"""From, to, minutes on the empty road, capacity in vehicles per hour."""

NEVER = np.inf
"""Capacity of a road that never congests."""


def roads_of(
    roads: Roads, *, alpha: float = 1.0, power: float = 1.0
) -> tuple[Topology, Congestion]:
    """Build one way roads; by default a road at capacity takes twice its free minutes."""
    topology, free = network_of([(a, b, minutes) for a, b, minutes, _ in roads])
    row = numbers_of(topology)
    capacity = np.array([capacity for *_, capacity in roads])[row]
    return topology, Congestion(
        free_min=free, capacity_veh_per_h=capacity, alpha=alpha, power=power
    )


def numbers_of(topology: Topology) -> Numbers:
    """Return which of the given roads each arc of the topology is."""
    return np.array([int(arc.split(":")[0]) for arc in topology.arcs], dtype=np.intp)


def in_given_order(topology: Topology, values: Floats) -> list[float]:
    """Put values of arcs into the order in which the roads were given."""
    given = np.empty(len(values))
    given[numbers_of(topology)] = values
    return given.tolist()


def ends_of(topology: Topology, origins: str, destinations: str) -> dict[str, Numbers]:
    """Number origins and destinations, each a text of one-letter nodes."""
    return {
        "from_numbers": node_numbers(topology, list(origins)),
        "to_numbers": node_numbers(topology, list(destinations)),
    }


def ends_at(topology: Topology, volume: Floats) -> Floats:
    """Return how many vehicles end at each node, less those that begin there."""
    count = len(topology.nodes)
    arriving = np.bincount(topology.head, volume, count)
    return arriving - np.bincount(topology.tail, volume, count)


def pigou() -> tuple[Topology, Congestion]:
    """Join a and b by a long road that is always free and a short one that congests."""
    return roads_of([("a", "b", 20, NEVER), ("a", "b", 10, 1000)])


def braess(*, bridge: bool = True) -> tuple[Topology, Congestion]:
    """Build the network of Braess (1968): s → a, b → t, with a bridge from a to b."""
    long, tiny = 50.0, 1e-9
    rows = [
        ("s", "a", tiny, tiny / 10),
        ("s", "b", long, 50),
        ("a", "t", long, 50),
        ("a", "b", 10.0 if bridge else np.inf, 10),
        ("b", "t", tiny, tiny / 10),
    ]
    return roads_of(rows)
