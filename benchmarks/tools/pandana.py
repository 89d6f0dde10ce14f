"""pandana: contraction hierarchies, built anew for every set of weights."""

from __future__ import annotations

import numpy as np
import pandana
import pandas as pd

from benchmarks.questions import Floats, Graph, Numbers

PACKAGES = ("pandana", "numpy", "pandas")
BUILDS_ANEW = True
NO_WAY_S = 4_294_967
"""What pandana answers where there is no way, in whole seconds."""


def build(graph: Graph, seconds: Floats) -> pandana.Network:
    """Contract the open arcs by these weights."""
    is_open = np.isfinite(seconds)
    return pandana.Network(
        pd.Series(graph.x_m),
        pd.Series(graph.y_m),
        pd.Series(graph.tail[is_open]),
        pd.Series(graph.head[is_open]),
        pd.DataFrame({"seconds": seconds[is_open]}),
        twoway=False,
    )


def retimed(built: None, graph: Graph, seconds: Floats) -> pandana.Network:
    """Build anew: pandana takes no other weights afterwards."""
    del built
    return build(graph, seconds)


def matrix_s(built: pandana.Network, from_numbers: Numbers, to_numbers: Numbers) -> Floats:
    """Return seconds, origins × destinations, all pairs in one call."""
    first = np.repeat(from_numbers, len(to_numbers))
    last = np.tile(to_numbers, len(from_numbers))
    found = np.array(built.shortest_path_lengths(first, last, imp_name="seconds"))
    found = np.where(found >= NO_WAY_S, np.inf, found)
    return found.reshape(len(from_numbers), len(to_numbers))


def reached(built: pandana.Network, origins: Numbers, within_s: float) -> list[Numbers]:
    """Return the nodes within the limit of each origin."""
    found = built.nodes_in_range(origins, within_s, imp_name="seconds")
    rows = found.groupby("source")["destination"]
    return [np.sort(rows.get_group(origin).to_numpy()) for origin in origins.tolist()]
