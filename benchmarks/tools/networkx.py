"""networkx: Dijkstra in Python."""

from __future__ import annotations

from typing import NamedTuple

import networkx as nx
import numpy as np

from benchmarks.questions import Floats, Graph, Numbers

PACKAGES = ("networkx",)
BUILDS_ANEW = False


class Built(NamedTuple):
    """A graph of Python objects, and the weights that it has now."""

    graph: nx.DiGraph
    seconds: Floats


def build(graph: Graph, seconds: Floats) -> Built:
    """Add the open arcs."""
    made = nx.DiGraph()
    made.add_nodes_from(range(len(graph.x_m)))
    _set_weights(made, graph, seconds, np.flatnonzero(np.isfinite(seconds)))
    return Built(made, seconds)


def retimed(built: Built, graph: Graph, seconds: Floats) -> Built:
    """Change the arcs that differ, in the graph as it is."""
    differs = np.flatnonzero(seconds != built.seconds)
    is_open = np.isfinite(seconds[differs])
    closed = differs[~is_open]
    ends = zip(graph.tail[closed].tolist(), graph.head[closed].tolist(), strict=True)
    built.graph.remove_edges_from(ends)
    _set_weights(built.graph, graph, seconds, differs[is_open])
    return Built(built.graph, seconds)


def _set_weights(made: nx.DiGraph, graph: Graph, seconds: Floats, arcs: Numbers) -> None:
    columns = (part[arcs].tolist() for part in (graph.tail, graph.head, seconds))
    made.add_weighted_edges_from(zip(*columns, strict=True))


def matrix_s(built: Built, from_numbers: Numbers, to_numbers: Numbers) -> Floats:
    """Return seconds, origins × destinations."""
    found = np.empty((len(from_numbers), len(to_numbers)))
    for row, origin in enumerate(from_numbers.tolist()):
        lengths = nx.single_source_dijkstra_path_length(built.graph, origin)
        found[row] = [lengths.get(node, np.inf) for node in to_numbers.tolist()]
    return found


def reached(built: Built, origins: Numbers, within_s: float) -> list[Numbers]:
    """Return the nodes within the limit of each origin."""
    rows = (
        nx.single_source_dijkstra_path_length(built.graph, origin, cutoff=within_s)
        for origin in origins.tolist()
    )
    return [np.array(sorted(row), dtype=np.int64) for row in rows]
