"""agglo: streets from PBF into a topology."""

from __future__ import annotations

from pathlib import Path
from typing import NamedTuple

import numpy as np
import pandas as pd

from agglo.layers.osm import Streets, read_osm
from agglo.transport.skims import travel_minutes
from agglo.transport.topology import Topology
from benchmarks.questions import Floats, Whole

PACKAGES = ("agglo", "osmium", "geopandas", "numpy", "pandas")
S_PER_H = 3600
S_PER_MIN = 60


class Cars(NamedTuple):
    """The arcs that cars may use, between nodes numbered as in the table of nodes."""

    tail: Whole
    head: Whole
    seconds: Floats


def read_streets(path: Path) -> tuple[Streets, Topology, Floats]:
    """Read a PBF until cars can be sent over it."""
    found = read_osm(path)
    cars = car_arcs(found)
    topology = Topology(
        nodes=found.nodes.index,
        arcs=pd.RangeIndex(len(cars.tail)),
        tail=cars.tail,
        head=cars.head,
    )
    return found, topology, cars.seconds / S_PER_MIN


def streets_facts(read: tuple[Streets, Topology, Floats]) -> dict[str, float]:
    """Count what was read, and find a way."""
    found, topology, metric_min = read
    ends = topology.tail[:1].astype(np.intp), topology.head[-1:].astype(np.intp)
    way = travel_minutes(topology, metric_min, *ends)
    return {
        "nodes_count": len(found.nodes),
        "links_count": len(found.links),
        "is_routable": float(np.isfinite(way).all()),
    }


def car_arcs(found: Streets) -> Cars:
    """Make the arcs of the links, each direction that cars may take, ordered by their tail."""
    links = found.links
    hours = links["length_km"].to_numpy() / links["free_speed_kmh"].to_numpy()
    start, end = (
        found.nodes.index.get_indexer(links[face]).astype(np.int32) for face in ("from_id", "to_id")
    )
    ahead, back = (links["car"].isin(["both", way]).to_numpy() for way in ("forward", "backward"))
    tail = np.concatenate([start[ahead], end[back]])
    head = np.concatenate([end[ahead], start[back]])
    seconds = np.concatenate([hours[ahead], hours[back]]) * S_PER_H
    order = np.argsort(tail, kind="stable")
    return Cars(tail[order], head[order], seconds[order])
