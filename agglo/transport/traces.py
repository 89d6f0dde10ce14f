"""Traces: the cells of a fixed grid that streets run through, made once for all metrics."""

from __future__ import annotations

from dataclasses import dataclass

import geopandas as gpd
import numpy as np
import numpy.typing as npt
import pandas as pd
import pyproj
import shapely

from agglo.errors import NetworkError
from agglo.transport.cells import Bools, Pieces, Whole, cell_numbers, pieces_from_lines
from agglo.transport.topology import Floats, Topology

LINE_TYPES = (-1, 1)
"""What the geometry of an arc may be: none, or a LineString."""

UM_DIGITS = 6
"""Places of vertices are rounded to micrometres, so that both directions of a street agree."""

FARTHEST_CELL = 2**30
"""Cells are numbered in 32 bits, to either side of the origin of the CRS."""

MOST_CUTS = 2**28
"""Streets cut oftener than this would fill the memory."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Traces:
    """The cells of a fixed grid that the arcs of a topology run through."""

    crs: str
    """Projected CRS in metres."""

    cell_m: float
    """Side of a cell; cells are counted from the origin of the CRS."""

    nodes: pd.Index
    arcs: pd.Index
    """Names of the nodes and arcs of the topology."""

    pieces: Pieces
    """The streets cut into cells; arcs along the same line share one street."""

    street: npt.NDArray[np.int32]
    """Number of each arc's street, -1 where nobody can get off."""

    is_turned: Bools
    """Whether an arc runs against the direction of its street."""

    node_column: npt.NDArray[np.int32]
    node_row: npt.NDArray[np.int32]
    is_placed: Bools
    """Whether the place of a node is known."""

    is_drawn: Bools
    """Whether a node stands at an end of a street."""


def traces_from_arcs(
    topology: Topology,
    *,
    crs: str,
    cell_m: float,
    geometry: gpd.GeoSeries | None = None,
    carries: Bools | None = None,
) -> Traces:
    """Cut the arcs of a topology into the cells of a grid.

    The grid begins at the origin of the CRS, so that a place lies in the same cell in every
    region, scenario and call.

    Parameters
    ----------
    crs
        Projected CRS in metres, that of the places of the nodes.
    cell_m
        Side of a cell.
    geometry
        Lines in this CRS by arc id, from tail to head. An arc without one runs straight.
    carries
        Arcs along which people can get off anywhere, such as streets, but not motorways,
        ferries, trains and boarding. By default all.

    Raises
    ------
    NetworkError
        If the CRS is not in metres, a place is missing, a line is none or runs from head to
        tail, or cells are without size or too small.
    """
    name = _metric_crs(crs)
    if not (np.isfinite(cell_m) and cell_m > 0):
        raise NetworkError(f"cell_m must be a number above 0, got {cell_m}")
    if len(topology.x_m) < len(topology.nodes):
        raise NetworkError("the nodes have no places; give the topology their x_m and y_m")
    arcs = _drawn_arcs(topology, carries)
    is_drawn = np.zeros(len(topology.nodes), dtype=bool)
    is_drawn[topology.tail[arcs]] = is_drawn[topology.head[arcs]] = True
    places = np.column_stack([topology.x_m, topology.y_m])
    is_placed = np.isfinite(topology.x_m) & np.isfinite(topology.y_m)
    if (is_drawn & ~is_placed).any():
        lost = topology.nodes[is_drawn & ~is_placed][0]
        raise NetworkError(f"'{lost}' stands at a street but has no place; give it x_m and y_m")
    vertices, start = _lines(topology, arcs, places, _own_lines(topology, arcs, geometry, name))
    _check_size(np.concatenate([vertices, places[is_placed]]), vertices, start, cell_m)
    number, turned, vertices, start = _streets(vertices, start)
    street = np.full(len(topology.arcs), -1, dtype=np.int32)
    is_turned = np.zeros(len(topology.arcs), dtype=bool)
    street[arcs], is_turned[arcs] = number, turned
    node_cell = cell_numbers(np.where(is_placed[:, None], places, 0), cell_m)
    return Traces(
        crs=name,
        cell_m=float(cell_m),
        nodes=topology.nodes,
        arcs=topology.arcs,
        pieces=pieces_from_lines(vertices, start, cell_m=cell_m),
        street=street,
        is_turned=is_turned,
        node_column=node_cell[:, 0],
        node_row=node_cell[:, 1],
        is_placed=is_placed,
        is_drawn=is_drawn,
    )


def _metric_crs(crs: str) -> str:
    try:
        known = pyproj.CRS.from_user_input(crs)
    except pyproj.exceptions.CRSError as error:
        raise NetworkError(f"'{crs}' is no CRS; name one such as 'EPSG:32637'") from error
    factors = [axis.unit_conversion_factor for axis in known.axis_info[:2]]
    if not known.is_projected or factors != [1, 1]:
        raise NetworkError(
            f"isochrones need a projected CRS in metres, got '{crs}'; take the region's own"
        )
    return known.to_string()


def _drawn_arcs(topology: Topology, carries: Bools | None) -> Whole:
    count = len(topology.arcs)
    mask = np.ones(count, dtype=bool) if carries is None else np.asarray(carries)
    if mask.shape != (count,) or mask.dtype != bool:
        raise NetworkError(
            f"carries must say true or false for each of {count} arcs, "
            f"got {mask.dtype} in the shape {mask.shape}"
        )
    return np.flatnonzero(mask)


def _own_lines(
    topology: Topology, arcs: Whole, geometry: gpd.GeoSeries | None, crs: str
) -> npt.NDArray[np.object_]:
    """Return the line of each drawn arc, None where it has none."""
    if geometry is None:
        return np.full(len(arcs), None, dtype=object)
    if geometry.crs is not None and pyproj.CRS(geometry.crs) != pyproj.CRS(crs):
        raise NetworkError(f"the lines of arcs are in {geometry.crs}, wanted {crs}; reproject them")
    if geometry.index.has_duplicates:
        twice = geometry.index[geometry.index.duplicated()][0]
        raise NetworkError(f"arc '{twice}' has more than one line; give each arc one")
    row = geometry.index.get_indexer(topology.arcs[arcs])
    none = np.full(1, None, dtype=object)
    lines: npt.NDArray[np.object_] = np.concatenate([geometry.to_numpy(), none])[row]
    if len(geometry) and len(arcs) and (row < 0).all():
        raise NetworkError(
            f"no line belongs to an arc: lines are called like '{geometry.index[0]}', "
            f"arcs like '{topology.arcs[arcs[0]]}'; index the lines by arc id"
        )
    lines[shapely.is_empty(lines)] = None
    wrong = ~np.isin(shapely.get_type_id(lines), LINE_TYPES)
    if wrong.any():
        first = topology.arcs[arcs][wrong][0]
        got = lines[wrong][0].geom_type
        raise NetworkError(f"arc '{first}' has a {got} for geometry, wanted one LineString")
    return lines


def _lines(
    topology: Topology, arcs: Whole, places: Floats, lines: npt.NDArray[np.object_]
) -> tuple[Floats, Whole]:
    """Return the vertices of all drawn arcs, tail first, and where those of each begin."""
    tail, head = places[topology.tail[arcs]], places[topology.head[arcs]]
    is_straight = shapely.is_missing(lines)
    start = _starts(np.where(is_straight, 2, shapely.get_num_coordinates(lines)))
    vertices = np.empty((start[-1], 2))
    vertices[np.repeat(~is_straight, np.diff(start))] = shapely.get_coordinates(lines)
    vertices[start[:-1][is_straight]] = tail[is_straight]
    vertices[start[:-1][is_straight] + 1] = head[is_straight]
    first, last = vertices[start[:-1]], vertices[start[1:] - 1]
    along, against = (
        np.hypot(*(first - a).T) + np.hypot(*(last - b).T) for a, b in ((tail, head), (head, tail))
    )
    wild = np.zeros(len(arcs), dtype=bool)
    wild[np.repeat(np.arange(len(arcs)), np.diff(start))[~np.isfinite(vertices).all(axis=1)]] = True
    for wrong, what in (
        (wild, "has a place that is no finite number; mend it"),
        (along > against, "runs from its head to its tail; turn it round"),
    ):
        if wrong.any():
            raise NetworkError(f"the line of arc '{topology.arcs[arcs[wrong]][0]}' {what}")
    # a zero has one sign only, as older releases of pandas hash the two apart.
    return vertices.round(UM_DIGITS) + 0.0, start


def _check_size(places: Floats, vertices: Floats, start: Whole, cell_m: float) -> None:
    """Refuse cells so small that their numbers or the pieces of streets would overflow."""
    farthest = np.abs(places).max(initial=0)
    steps = np.abs(np.diff(vertices, axis=0)).sum(axis=1)
    steps[start[1:-1] - 1] = 0
    if max(farthest / FARTHEST_CELL, steps.sum() / MOST_CUTS) > cell_m:
        raise NetworkError(
            f"cells of {cell_m} m are too small for {steps.sum() / 1000:.0f} km of arcs "
            f"up to {farthest / 1000:.0f} km from the origin of the CRS; take larger ones"
        )


def _streets(vertices: Floats, start: Whole) -> tuple[Whole, Bools, Floats, Whole]:
    """Number the lines, the same in both directions; return one direction of each.

    Returns
    -------
    number, is_turned
        The street of each line, and whether the line runs against it.
    vertices, start
        Those of the streets.
    """
    count = np.diff(start)
    line = np.repeat(np.arange(len(count)), count)
    nth = np.arange(len(vertices)) - start[line]
    mirror = start[line + 1] - 1 - nth
    ahead, back = (_fingerprints(vertices[order], nth, start) for order in (slice(None), mirror))
    is_turned = back < ahead
    ends = pd.DataFrame({"least": np.minimum(ahead, back), "most": np.maximum(ahead, back)})
    number = np.asarray(ends.groupby(["least", "most"], sort=False).ngroup(), dtype=np.int64)
    kept = np.unique(number, return_index=True)[1]
    order = np.where(is_turned[line], mirror, np.arange(len(vertices)))
    chosen = order[np.isin(line, kept)]
    return number, is_turned, vertices[chosen], _starts(count[kept])


def _fingerprints(vertices: Floats, nth: Whole, start: Whole) -> npt.NDArray[np.uint64]:
    """Add up 64-bit hashes of the vertices of each line and of their order."""
    frame = pd.DataFrame({"nth": nth, "x": vertices[:, 0], "y": vertices[:, 1]})
    hashes = pd.util.hash_pandas_object(frame, index=False).to_numpy(dtype=np.uint64)
    running = np.concatenate([np.zeros(1, dtype=np.uint64), np.cumsum(hashes)])
    return np.diff(running[start])


def _starts(counts: Whole) -> Whole:
    return np.concatenate([np.zeros(1, dtype=np.int64), np.cumsum(counts)])
