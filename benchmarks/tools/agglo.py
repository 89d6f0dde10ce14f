"""agglo: one topology with a hierarchy, a scenario is a weight vector."""

from __future__ import annotations

from pathlib import Path
from typing import NamedTuple

import numpy as np
import pandas as pd

from agglo.transport.hierarchy import hierarchy_from_arcs
from agglo.transport.skims import read_skim, travel_minutes, write_skim
from agglo.transport.topology import Topology
from benchmarks.questions import Floats, Graph, Numbers

PACKAGES = ("agglo", "routingkit_cch", "zarr", "numpy", "pandas")
BUILDS_ANEW = False
S_PER_MIN = 60


class Built(NamedTuple):
    """A topology and the weights of one scenario."""

    topology: Topology
    metric_min: Floats


def build(graph: Graph, seconds: Floats) -> Built:
    """Order and contract all arcs, the closed ones too."""
    topology = Topology(
        nodes=pd.Index(np.arange(len(graph.x_m)).astype(str)),
        arcs=pd.RangeIndex(len(graph.tail)),
        tail=graph.tail,
        head=graph.head,
        x_m=graph.x_m,
        y_m=graph.y_m,
        hierarchy=hierarchy_from_arcs(graph.tail, graph.head, graph.x_m, graph.y_m),
    )
    return Built(topology, seconds / S_PER_MIN)


def retimed(built: Built, graph: Graph, seconds: Floats) -> Built:
    """Take other weights; the hierarchy is customised when it is asked."""
    del graph
    return built._replace(metric_min=seconds / S_PER_MIN)


def matrix_s(built: Built, from_numbers: Numbers, to_numbers: Numbers) -> Floats:
    """Return seconds, origins × destinations."""
    minutes = travel_minutes(built.topology, built.metric_min, from_numbers, to_numbers)
    return minutes.astype(float) * S_PER_MIN


def write_matrix(built: Built, zones: Numbers, path: Path) -> None:
    """Stream the matrix between zones to disk."""
    names = built.topology.nodes[zones].tolist()
    write_skim(path, built.topology, built.metric_min, names, names)


def read_matrix_s(built: Built, path: Path, origins: Numbers) -> Floats:
    """Read some rows of a streamed matrix, in seconds."""
    rows = read_skim(path, built.topology.nodes[origins].tolist())
    return rows.to_numpy(dtype=float) * S_PER_MIN
