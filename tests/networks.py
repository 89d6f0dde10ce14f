"""Small networks of arcs between named nodes, through the real topology."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import pandas as pd

from agglo.parameters import Parameters
from agglo.region import Region
from agglo.transport.network import arcs_from_region, topology_from_arcs
from agglo.transport.topology import Floats, Topology
from tests import worlds

Arcs = Sequence[tuple[str, str, float]]
"""From, to, minutes."""


def network_of(arcs: Arcs, nodes: Sequence[str] = ()) -> tuple[Topology, Floats]:
    """Join arcs into a topology with their minutes; a node without arcs gets a closed one."""
    rows = [*arcs, *((node, node, np.inf) for node in nodes)]
    frame = pd.DataFrame(rows, columns=["from_node", "to_node", "minutes"])
    frame["arc_id"] = [f"{i:03d}:{a}>{b}" for i, (a, b, _) in enumerate(rows)]
    topology = topology_from_arcs([frame])
    minutes = frame.set_index("arc_id")["minutes"]
    return topology, minutes.loc[topology.arcs].to_numpy(dtype=float)


def arcs_of(region: Region, parameters: Parameters | None = None) -> pd.DataFrame:
    """List the arcs of one region."""
    return arcs_from_region(region, parameters or worlds.parameters())
