"""How tools that draw nothing get their isochrones: streets reached, widened and joined."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt
import shapely

from benchmarks.questions import Graph, Numbers

WIDTH_M = 100.0
"""Half the width of a street in an isochrone, and the side of agglo's cells."""

TOUCH_M = 0.001


def outline(graph: Graph, nodes: Numbers) -> shapely.Geometry:
    """Join all streets between reached nodes, and the nodes, each widened by ``WIDTH_M``."""
    is_in = np.zeros(len(graph.x_m), dtype=bool)
    is_in[nodes] = True
    both = is_in[graph.tail] & is_in[graph.head] & np.isfinite(graph.base_s)
    ends = np.column_stack([graph.tail[both], graph.head[both]])
    ends = np.unique(np.sort(ends, axis=1), axis=0)
    places = np.column_stack([graph.x_m, graph.y_m])
    parts = [*shapely.points(places[nodes]), *shapely.linestrings(places[ends])]
    return shapely.union_all(shapely.buffer(parts, WIDTH_M))


def missed_count(graph: Graph, polygons: npt.NDArray[np.object_], nodes: list[Numbers]) -> int:
    """Count the reached nodes that lie outside the isochrone of their origin."""
    missed = 0
    for polygon, own in zip(polygons, nodes, strict=True):
        wide = shapely.buffer(polygon, TOUCH_M)
        shapely.prepare(wide)
        missed += int((~shapely.contains_xy(wide, graph.x_m[own], graph.y_m[own])).sum())
    return missed
