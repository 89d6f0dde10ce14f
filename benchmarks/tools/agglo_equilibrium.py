"""agglo: user equilibrium."""

from __future__ import annotations

import numpy as np
import pandas as pd

from agglo.transport.assignment import equilibrium
from agglo.transport.congestion import Congestion
from agglo.transport.topology import Topology
from benchmarks.questions import Assignment, Floats

PACKAGES = ("agglo", "scipy", "numpy")


def build_assignment(question: Assignment) -> tuple[Topology, Congestion]:
    """Make the network; a zone that no trip passes has a second node for arrivals."""
    count = int(max(question.tail.max(), question.head.max())) + 1
    head = question.head + count * (question.head < question.first_through)
    order = np.argsort(question.tail, kind="stable")
    topology = Topology(
        nodes=pd.RangeIndex(count + question.first_through),
        arcs=pd.Index(order),
        tail=question.tail[order].astype(np.int32),
        head=head[order].astype(np.int32),
    )
    congestion = Congestion(
        free_min=question.free_min[order],
        capacity_veh_per_h=question.capacity_veh_per_h[order],
        alpha=question.alpha[order],
        power=question.power[order],
    )
    return topology, congestion


def assign(
    built: tuple[Topology, Congestion], question: Assignment, gap: float
) -> tuple[Floats, float, int]:
    """Return vehicles on each link, the relative gap and the number of rounds."""
    topology, congestion = built
    zones = np.arange(len(question.demand))
    count = len(topology.nodes) - question.first_through
    found = equilibrium(
        topology,
        congestion,
        question.demand,
        from_numbers=zones,
        to_numbers=zones + count * (zones < question.first_through),
        gap=gap,
        most_rounds=10_000,
    )
    volume = np.empty(len(topology.arcs))
    volume[topology.arcs] = found.volume_veh_per_h
    return volume, found.relative_gap, found.rounds
