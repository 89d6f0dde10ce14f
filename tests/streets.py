"""Small networks with places, and the cells that an isochrone is made of."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace

import geopandas as gpd
import numpy as np
import pandas as pd
import shapely
from shapely.geometry.base import BaseGeometry

from agglo.transport.isochrones import isochrones
from agglo.transport.topology import Floats, Topology
from agglo.transport.traces import Traces, traces_from_arcs
from tests.networks import Arcs, network_of

CRS = "EPSG:32637"
CELL_M = 100.0
Places = Mapping[str, tuple[float, float]]
Cells = set[tuple[int, int]]


def placed(places: Places, arcs: Arcs) -> tuple[Topology, Floats]:
    """Join arcs between nodes of known places; a node without arcs stays."""
    used = {end for a, b, _ in arcs for end in (a, b)}
    topology, metric = network_of(arcs, [name for name in places if name not in used])
    x_m, y_m = np.array([places[name] for name in topology.nodes], dtype=float).T
    return replace(topology, x_m=x_m, y_m=y_m), metric


def both_ways(arcs: Arcs) -> list[tuple[str, str, float]]:
    return [way for a, b, m in arcs for way in ((a, b, m), (b, a, m))]


def drawn(
    places: Places,
    arcs: Arcs,
    origins: Sequence[str] = ("a",),
    within_min: Sequence[float] = (3.0,),
    *,
    hidden: Iterable[tuple[str, str]] = (),
    backward: bool = False,
) -> gpd.GeoDataFrame:
    """Draw isochrones; nobody gets off along the hidden arcs nor at a node without arcs."""
    topology, metric = placed(places, arcs)
    traces = traces_of(topology, arcs, hidden)
    return isochrones(topology, metric, origins, traces, within_min=within_min, backward=backward)


def traces_of(topology: Topology, arcs: Arcs, hidden: Iterable[tuple[str, str]] = ()) -> Traces:
    number = pd.Series(topology.arcs).str.split(":").str[0].astype(int).to_numpy()
    ends = [
        (topology.nodes[a], topology.nodes[b])
        for a, b in zip(topology.tail, topology.head, strict=True)
    ]
    carries = (number < len(arcs)) & np.array([end not in set(hidden) for end in ends])
    return traces_from_arcs(topology, crs=CRS, cell_m=CELL_M, carries=carries)


def cells_of(polygons: BaseGeometry, cell_m: float = CELL_M) -> Cells:
    """Read the cells back; what is not made of whole cells is found out."""
    assert polygons.geom_type == "MultiPolygon"
    assert shapely.is_valid(polygons), shapely.is_valid_reason(polygons)
    west, south, east, north = np.rint(np.array(polygons.bounds) / cell_m).astype(int)
    columns, rows = np.meshgrid(np.arange(west, east), np.arange(south, north))
    inside = shapely.contains_xy(polygons, (columns + 0.5) * cell_m, (rows + 0.5) * cell_m)
    np.testing.assert_allclose(polygons.area, inside.sum() * cell_m**2, rtol=1e-9)
    return set(zip(columns[inside].tolist(), rows[inside].tolist(), strict=True))


def around(cells: Iterable[tuple[int, int]]) -> Cells:
    """Add the eight neighbours of each cell."""
    return {(c + i, r + j) for c, r in cells for i in (-1, 0, 1) for j in (-1, 0, 1)}


def block(columns: range, rows: range) -> Cells:
    return {(c, r) for c in columns for r in rows}
