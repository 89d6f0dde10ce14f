"""Which zones lie beside each other, along how many metres, and which hang together."""

from __future__ import annotations

from collections.abc import Collection

import geopandas as gpd
import numpy as np
import numpy.typing as npt
import pandas as pd
import shapely
from scipy import sparse
from scipy.sparse.csgraph import connected_components

from agglo.errors import TableError

POINT_GAPS = 5.0
"""A border shorter than this many times ``gap_m`` is a point where corners meet, or a sliver."""

CORNER_SEGMENTS = 2
"""Segments of a quarter of a circle in buffers: a border needs no rounder corner."""

LENGTH_DECIMALS = 3
"""Borders are rounded to millimetres, so that the order of zones leaves no trace."""

Bools = npt.NDArray[np.bool_]
Floats = npt.NDArray[np.float64]
Ints = npt.NDArray[np.int64]
Shapes = npt.NDArray[np.object_]


def neighbours_from_zones(
    zones: gpd.GeoDataFrame, *, gap_m: float = 10.0, extra_pairs: pd.DataFrame | None = None
) -> sparse.csr_array:
    """Tell which zones touch, be it in a point, or lie within a few metres of each other.

    Drawn borders rarely match to the centimetre: with ``gap_m`` at 0 a zone behind a sliver
    would have no neighbour.

    Parameters
    ----------
    zones
        Polygons in a CRS in metres, index ``zone_id``.
    gap_m
        Widest gap between two zones that still counts as touching.
    extra_pairs
        Columns ``from_id``, ``to_id``: pairs of zones that a bridge, a tunnel or a ferry joins;
        each holds both ways.

    Returns
    -------
    neighbours_from_zones
        Booleans, symmetric, zone × zone in the order of ``zones``, the diagonal empty.

    Raises
    ------
    TableError
        If the CRS is not in metres, a geometry is no polygon, an id stands twice, or a pair
        names an unknown zone.

    Examples
    --------
    >>> squares = shapely.box([0, 100, 300], 0, [100, 200, 400], 100)
    >>> zones = gpd.GeoDataFrame(geometry=squares, index=["a", "b", "c"], crs="EPSG:32637")
    >>> neighbours_from_zones(zones).toarray().astype(int).tolist()
    [[0, 1, 0], [1, 0, 0], [0, 0, 0]]
    """
    shapes = _checked_shapes(zones, gap_m)
    rows, columns = _near_pairs(shapes, gap_m)
    if extra_pairs is not None:
        start, end = _pair_numbers(zones.index, extra_pairs)
        rows, columns = np.concatenate([rows, start]), np.concatenate([columns, end])
    apart = rows != columns
    rows, columns = rows[apart], columns[apart]
    count = len(shapes)
    both = np.unique(np.concatenate([rows * count + columns, columns * count + rows]))
    return sparse.csr_array(
        (np.ones(len(both), dtype=bool), (both // count, both % count)), shape=(count, count)
    )


def border_lengths_from_zones(
    zones: gpd.GeoDataFrame, *, gap_m: float = 10.0, coastal: Collection[str] = ()
) -> sparse.csr_array:
    """Measure the border between zones, and the border of each on no other zone.

    The border on no other zone is the edge of the layer: a frontier, or a country or a city
    that the layer leaves out. A shore looks the same, so zones whose edge is a shore are named.
    Corners that meet, and gaps and borders shorter than 5 times ``gap_m``, count as nothing.

    Parameters
    ----------
    zones
        Polygons in a CRS in metres, index ``zone_id``.
    gap_m
        Widest gap across which two zones still share a border.
    coastal
        Ids of zones whose edge is a shore and therefore no land border.

    Returns
    -------
    border_lengths_from_zones
        Metres, symmetric, zone × zone in the order of ``zones``; on the diagonal the edge.

    Raises
    ------
    TableError
        If the CRS is not in metres, a geometry is no polygon, an id stands twice, or a coastal
        zone is unknown.

    Examples
    --------
    >>> squares = shapely.box([0, 1000], 0, [1000, 2000], 1000)
    >>> zones = gpd.GeoDataFrame(geometry=squares, index=["a", "b"], crs="EPSG:32637")
    >>> border_lengths_from_zones(zones).toarray().round(-2).tolist()
    [[3000.0, 1000.0], [1000.0, 3000.0]]
    """
    shapes = _checked_shapes(zones, gap_m)
    _refuse_unknown(sorted({str(one) for one in coastal} - set(zones.index)), "coastal")
    rows, columns = _near_pairs(shapes, gap_m)
    apart = rows != columns
    rows, columns = rows[apart], columns[apart]
    lines, wide = shapely.boundary(shapes), shapely.buffer(shapes, gap_m, quad_segs=CORNER_SEGMENTS)
    count = len(shapes)
    along = sparse.csr_array(
        (shapely.length(shapely.intersection(lines[rows], wide[columns])), (rows, columns)),
        shape=(count, count),
    )
    edge = _edge_lengths(lines, wide, rows, columns, POINT_GAPS * gap_m)
    edge[zones.index.isin([str(one) for one in coastal])] = 0.0
    mean = ((along + along.T) / 2).tocsr()
    mean.data[mean.data < POINT_GAPS * gap_m] = 0.0
    whole = (mean + sparse.dia_array((edge[np.newaxis], [0]), shape=(count, count))).tocsr()
    whole.data = np.round(whole.data, LENGTH_DECIMALS)
    whole.eliminate_zeros()
    return whole


def connected_parts(neighbours: sparse.csr_array, labels: Ints) -> Ints:
    """Number the parts that hang together: zones of one label, joined by neighbours of it.

    Parameters
    ----------
    labels
        Whole number by zone; below 0 for zones that count for nothing.

    Returns
    -------
    connected_parts
        By zone, from 0; -1 where the label is below 0.

    Examples
    --------
    >>> row = sparse.csr_array([[0, 1, 0], [1, 0, 1], [0, 1, 0]])
    >>> connected_parts(row, np.array([7, -1, 7])).tolist()
    [0, -1, 1]
    """
    rows = np.repeat(np.arange(len(labels)), np.diff(neighbours.indptr))
    columns = neighbours.indices
    same = (labels[rows] == labels[columns]) & (labels[rows] >= 0)
    graph = sparse.csr_array(
        (np.ones(np.count_nonzero(same)), (rows[same], columns[same])), shape=neighbours.shape
    )
    _, found = connected_components(graph, directed=False)
    parts = np.full(len(labels), -1, dtype=np.int64)
    counted = labels >= 0
    parts[counted] = np.unique(found[counted], return_inverse=True)[1]
    return parts


def is_connected_to(neighbours: sparse.csr_array, labels: Ints, anchors: Bools) -> Bools:
    """Tell which zones hang together, by zones of their own label, with an anchor of it."""
    parts = connected_parts(neighbours, labels)
    counted = parts >= 0
    held = np.zeros(len(parts) + 1, dtype=bool)
    held[parts[counted & anchors]] = True
    return counted & held[parts]


def check_zone_matrix(
    matrix: sparse.csr_array, zones_count: int, name: str = "neighbours"
) -> sparse.csr_array:
    """Refuse a matrix that has not one row and one column for every zone.

    Raises
    ------
    TableError
        Naming its shape and the number of zones.
    """
    if matrix.shape != (zones_count, zones_count):
        raise TableError(
            f"{name} must have one row and one column for each of the {zones_count} zones, in "
            f"their order; got {matrix.shape[0]} × {matrix.shape[1]}; make it of the same zones"
        )
    return matrix.tocsr()


def _near_pairs(shapes: Shapes, gap_m: float) -> tuple[Ints, Ints]:
    rows, columns = shapely.STRtree(shapes).query(shapes, predicate="dwithin", distance=gap_m)
    return rows.astype(np.int64), columns.astype(np.int64)


def _edge_lengths(
    lines: Shapes, wide: Shapes, rows: Ints, columns: Ints, shortest_m: float
) -> Floats:
    """Metres of each line beyond all its neighbours, in pieces that are no sliver."""
    order = np.lexsort((columns, rows))
    rows, columns = rows[order], columns[order]
    turn = np.arange(len(rows)) - np.searchsorted(rows, rows)
    left = lines.copy()
    for number in range(int(turn.max(initial=-1)) + 1):
        now = turn == number
        left[rows[now]] = shapely.difference(left[rows[now]], wide[columns[now]])
    pieces, line = shapely.get_parts(shapely.line_merge(left), return_index=True)
    long_m = shapely.length(pieces)
    kept = long_m >= shortest_m
    edges = np.bincount(line[kept], weights=long_m[kept], minlength=len(lines))
    return edges.astype(np.float64)


def _checked_shapes(zones: gpd.GeoDataFrame, gap_m: float) -> Shapes:
    if not 0 <= gap_m < np.inf:
        raise TableError(f"gap_m must be 0 or more metres; got {gap_m}")
    crs = zones.crs
    if crs is None or not crs.is_projected or crs.axis_info[0].unit_name != "metre":
        got = "none" if crs is None else f"{crs.name} in {crs.axis_info[0].unit_name}"
        raise TableError(
            f"the zones must have a projected CRS in metres to tell neighbours; got {got}; "
            "project them with to_crs first"
        )
    if zones.index.has_duplicates:
        again = zones.index[zones.index.duplicated()][0]
        raise TableError(f"zone '{again}' stands more than once; dissolve its parts into one row")
    shapes = np.asarray(zones.geometry, dtype=object)
    wrong = ~np.isin(shapely.get_type_id(shapes), (3, 6)) | shapely.is_empty(shapes)
    if wrong.any():
        raise TableError(
            f"zone '{zones.index[wrong][0]}' is no polygon ({int(wrong.sum())} such zone(s)); "
            "draw it, or leave it out"
        )
    return shapes


def _pair_numbers(zone_ids: pd.Index, pairs: pd.DataFrame) -> tuple[Ints, Ints]:
    lacking = [name for name in ("from_id", "to_id") if name not in pairs]
    if lacking:
        raise TableError(f"extra_pairs lacks the column(s) {', '.join(lacking)}")
    start, end = (pairs[name].astype(str) for name in ("from_id", "to_id"))
    _refuse_unknown(sorted(({*start} | {*end}) - set(zone_ids)), "extra_pairs")
    return zone_ids.get_indexer(pd.Index(start)), zone_ids.get_indexer(pd.Index(end))


def _refuse_unknown(unknown: list[str], where: str) -> None:
    if unknown:
        raise TableError(
            f"{where} names '{unknown[0]}', which is no zone ({len(unknown)} such id(s)); "
            "take the ids of the zones' index"
        )
