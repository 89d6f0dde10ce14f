"""pyrosm: streets from PBF into a networkx graph."""

from __future__ import annotations

from pathlib import Path

import networkx as nx
import pyrosm

PACKAGES = ("pyrosm", "networkx")


def read_streets(path: Path) -> nx.MultiDiGraph:
    """Read, simplify and keep the largest part; it gives lengths, no times."""
    file = pyrosm.OSM(str(path))
    nodes, edges = file.get_network(network_type="all", nodes=True)
    return file.to_graph(nodes, edges, graph_type="networkx")


def streets_facts(read: nx.MultiDiGraph) -> dict[str, float]:
    """Count what was read, and find a way."""
    first, last, _ = next(iter(read.edges))
    way = nx.shortest_path_length(read, first, last, weight="length")
    return {
        "nodes_count": len(read),
        "links_count": read.number_of_edges(),
        "is_routable": float(way >= 0),
    }
