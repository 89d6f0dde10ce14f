"""osmnx: streets from XML into a networkx graph."""

from __future__ import annotations

from pathlib import Path

import networkx as nx
import osmnx as ox

PACKAGES = ("osmnx", "networkx")
FALLBACK_KMH = 50
"""Where no street of a class has a limit, as in small extracts."""


def read_streets(path: Path) -> nx.MultiDiGraph:
    """Read, simplify, keep the largest part and give times."""
    made = ox.add_edge_speeds(ox.graph_from_xml(path), fallback=FALLBACK_KMH)
    return ox.add_edge_travel_times(made)


def streets_facts(read: nx.MultiDiGraph) -> dict[str, float]:
    """Count what was read, and find a way."""
    first, last, _ = next(iter(read.edges))
    way = nx.shortest_path_length(read, first, last, weight="travel_time")
    return {
        "nodes_count": len(read),
        "links_count": read.number_of_edges(),
        "is_routable": float(way >= 0),
    }
