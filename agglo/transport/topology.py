"""The topology: nodes and arcs of all scenarios of a run, and the metrics over them."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

import numpy as np
import numpy.typing as npt
import pandas as pd

from agglo.errors import NetworkError
from agglo.transport.hierarchy import Hierarchy
from agglo.units import MS_PER_MINUTE

Floats = npt.NDArray[np.float64]
Minutes = npt.NDArray[np.float32]
"""A time matrix as it is kept: half the memory, and a thousandth of a second at two hours."""

LONGEST_MS = 2**31 - 2
"""A way of more than 24 days is none: the hierarchy counts in whole milliseconds up to here."""


MODES = ("car", "transit", "transit_off_peak", "park_ride", "walk", "bicycle")
"""A mode is a weight vector over the one graph: ``MODE_min`` of its arcs."""

COMBINED = "combined"
"""The phase of a line that stands for several others: their vehicles are its vehicles."""

WAITS = ("wait_min", "wait_off_peak_min")
ARC_COLUMNS = [
    "arc_id", "from_node", "to_node", "link_id", "phase", "length_km",
    *(f"{mode}_min" for mode in MODES), *WAITS,
]  # fmt: skip


def arcs_frame(
    arc_id: pd.Series,
    from_node: pd.Series,
    to_node: pd.Series,
    *,
    minutes: Mapping[str, Floats],
    link_id: pd.Series | str = "",
    length_km: pd.Series | float = 0.0,
    phase: pd.Series | str = "",
    waits: Mapping[str, Floats] | None = None,
) -> pd.DataFrame:
    """Make arcs with the minutes they take by each mode; ``inf`` for the modes not named.

    Parameters
    ----------
    link_id
        The road link or line that an arc belongs to; ``''`` for the rest.
    phase, waits
        Of boarding arcs: which vehicles they wait for (line and direction), and the mean wait
        that their minutes hold, by time window.
    """
    own = waits or {}
    return pd.DataFrame(
        {
            "arc_id": arc_id,
            "from_node": from_node,
            "to_node": to_node,
            "link_id": link_id,
            "phase": phase,
            "length_km": length_km,
            **{f"{mode}_min": minutes.get(mode, np.inf) for mode in MODES},
            "wait_min": own.get("peak", 0.0),
            "wait_off_peak_min": own.get("off_peak", 0.0),
        },
        columns=ARC_COLUMNS,
    ).reset_index(drop=True)


@dataclass(frozen=True, slots=True, kw_only=True)
class Topology:
    """The nodes and arcs of all scenarios of a run; a scenario is a weight vector over it.

    Arcs stand in the order of a compressed sparse row matrix, so that a vector of minutes is
    its data as it is: closing or re-timing arcs builds nothing anew.
    """

    nodes: pd.Index
    arcs: pd.Index
    tail: npt.NDArray[np.int32]
    """Number of each arc's first node, rising."""

    head: npt.NDArray[np.int32]
    """Number of each arc's last node."""

    x_m: Floats = field(default_factory=lambda: np.empty(0))
    """East of each node in the region's CRS; empty where places are not known."""

    y_m: Floats = field(default_factory=lambda: np.empty(0))
    """North of each node in the region's CRS."""

    hierarchy: Hierarchy | None = None
    """Makes large matrices quick; without it Dijkstra answers, with the same numbers."""

    def __post_init__(self) -> None:
        """Refuse arcs in another order and places of other nodes: they would mislead silently."""
        if (np.diff(self.tail) < 0).any():
            raise NetworkError("the arcs of a topology must be ordered by their first node")
        for places in (self.x_m, self.y_m):
            if len(places) not in (0, len(self.nodes)):
                raise NetworkError(
                    f"a topology of {len(self.nodes)} nodes has {len(places)} places; "
                    "wanted one for each node, or none"
                )


def topology_of_arcs(
    topology: Topology, arcs: npt.NDArray[np.bool_], nodes: npt.NDArray[np.intp]
) -> Topology:
    """Keep some arcs, their nodes and the nodes named; for questions that need no more."""
    tail, head = topology.tail[arcs], topology.head[arcs]
    kept = np.unique(np.concatenate([tail, head, nodes]))
    number = np.full(len(topology.nodes), -1, dtype=np.int32)
    number[kept] = np.arange(len(kept), dtype=np.int32)
    return Topology(
        nodes=topology.nodes[kept],
        arcs=topology.arcs[arcs],
        tail=number[tail],
        head=number[head],
        x_m=topology.x_m[kept] if len(topology.x_m) else topology.x_m,
        y_m=topology.y_m[kept] if len(topology.y_m) else topology.y_m,
    )


def milliseconds(topology: Topology, metric_min: Floats) -> Floats:
    """Round a metric to whole milliseconds, so that every engine adds up the same numbers.

    Returns
    -------
    milliseconds
        Whole numbers as floats; ``inf`` stays.

    Raises
    ------
    NetworkError
        If a minute is negative or not a number, or the metric has another length.
    """
    if len(metric_min) != len(topology.arcs):
        raise NetworkError(
            f"a metric of {len(metric_min)} minutes does not fit {len(topology.arcs)} arcs"
        )
    wrong = np.isnan(metric_min) | (metric_min < 0)
    if wrong.any():
        worst = topology.arcs[wrong][0]
        raise NetworkError(f"'{worst}' takes a negative time or one that is not a number")
    rounded: Floats = np.rint(metric_min * MS_PER_MINUTE)
    return np.where(rounded > LONGEST_MS, np.inf, rounded)


def node_numbers(topology: Topology, names: pd.Index | list[str]) -> npt.NDArray[np.intp]:
    """Return the numbers of nodes by name.

    Raises
    ------
    NetworkError
        Naming the first node that is not there.
    """
    numbers = topology.nodes.get_indexer(pd.Index(names))
    if (numbers < 0).any():
        unknown = names[int(np.flatnonzero(numbers < 0)[0])]
        raise NetworkError(
            f"'{unknown}' is joined to nothing; give it a row in the layer 'connectors'"
        )
    return np.asarray(numbers, dtype=np.intp)
