"""Fine zones: squares of a fixed lattice or H3 hexagons over zones, and the parts they share."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass
from typing import Any

import geopandas as gpd
import numpy as np
import pandas as pd
import shapely

from agglo.errors import LayerError, TableError
from agglo.rasters import Floats
from agglo.region import check_crs

CELL_M = 1000.0
H3_RESOLUTION = 8
"""Hexagons of about 0.7 km²."""

MOST_CELLS = 2_000_000
LEAST_M2 = 1e-3
"""Smaller overlaps are noise of the coordinates."""

POINT = "zone:"
"""Begins the id of a place that is a zone of its own."""


@dataclass(frozen=True, slots=True, kw_only=True)
class FineZones:
    """Places finer than zones: cells of a grid, and the zones that have a point alone."""

    cells: gpd.GeoDataFrame
    """Index cell id, rising: ``zone_id`` that has most of it, ``area_km2`` inside the zones,
    ``x_m`` and ``y_m`` of the middle of that; whole squares or hexagons, or points."""

    parts: gpd.GeoDataFrame
    """What each zone has of each cell: ``zone_id``, ``cell_id``, ``area_km2`` (of a point 1) and
    the geometry, in the order of zone and cell."""

    zone_ids: pd.Index
    """In the order in which the zones came."""


def square_cells(zones: gpd.GeoDataFrame, *, cell_m: float = CELL_M) -> gpd.GeoDataFrame:
    """Squares that touch the polygons of zones.

    They lie on one lattice through the origin of the CRS: the same squares with the same ids,
    whatever the zones.

    Parameters
    ----------
    zones
        Polygons in a projected CRS in metres; points are passed over.

    Returns
    -------
    square_cells
        Index ``cell_id``, such as '1000mE384N6112' (columns from the west and rows from the
        south, counted in cells), rising.

    Raises
    ------
    LayerError
        If the CRS does not measure in metres, no zone has a polygon, one is broken, or there
        would be too many cells.
    """
    polygons = _polygons(zones)
    if not (np.isfinite(cell_m) and cell_m > 0):
        raise LayerError(f"cell_m must be above 0, got {cell_m}")
    pairs = [_lattice(box, cell_m) for box in shapely.bounds(polygons)]
    east, north = np.unique(np.concatenate(pairs), axis=0).T
    west, south = east * cell_m, north * cell_m
    squares = shapely.box(west, south, west + cell_m, south + cell_m)
    ids = [f"{cell_m:g}mE{e:d}N{n:d}" for e, n in zip(east, north, strict=True)]
    return _touching(ids, squares, polygons, zones.crs)


def h3_cells(zones: gpd.GeoDataFrame, *, resolution: int = H3_RESOLUTION) -> gpd.GeoDataFrame:
    """Hexagons of the H3 grid that touch the polygons of zones, in the CRS of the zones.

    Parameters
    ----------
    resolution
        0–15; 8 is about 0.7 km², 7 about 5 km².

    Returns
    -------
    h3_cells
        Index ``cell_id``, the H3 address, rising.

    Raises
    ------
    LayerError
        If h3 is not installed, or as in ``square_cells``.
    """
    h3 = _h3()
    polygons = _polygons(zones)
    if not (isinstance(resolution, (int, np.integer)) and 0 <= resolution <= 15):
        raise LayerError(f"resolution of H3 cells must be 0 to 15, got {resolution}")
    area_m2 = h3.average_hexagon_area(resolution, unit="m^2")
    if shapely.area(polygons).sum() / area_m2 > MOST_CELLS:
        raise LayerError(
            f"over {MOST_CELLS:,} cells at resolution {resolution}; choose a lower one"
        )
    step_m = h3.average_hexagon_edge_length(resolution, unit="m") / 2
    dense = gpd.GeoSeries(shapely.segmentize(polygons, step_m), crs=zones.crs).to_crs("EPSG:4326")
    # middles inside miss the cells that the border cuts: those hold a point of it or adjoin one.
    found: set[str] = set()
    for polygon in dense.explode():
        found.update(h3.geo_to_cells(polygon, resolution))
        border = shapely.get_coordinates(polygon)
        on_it = {h3.latlng_to_cell(lat, lon, resolution) for lon, lat in border}
        found.update(near for cell in on_it for near in h3.grid_disk(cell, 1))
    ids = sorted(found)
    corners = [shapely.Polygon([(b, a) for a, b in h3.cell_to_boundary(cell)]) for cell in ids]
    hexagons = gpd.GeoSeries(corners, crs="EPSG:4326").to_crs(zones.crs)
    return _touching(ids, hexagons.to_numpy(), polygons, zones.crs)


def fine_zones(
    zones: gpd.GeoDataFrame, cells: gpd.GeoDataFrame, *, points: Collection[str] = ()
) -> FineZones:
    """Cut the cells along the zones, and keep the zones that have no polygon as places.

    Parameters
    ----------
    zones
        Index zone id; polygons, or points.
    cells
        From ``square_cells`` or ``h3_cells`` of the same zones, in the same CRS.
    points
        Ids of further zones that stay one place, such as those outside the region.

    Raises
    ------
    LayerError
        If a polygon lies in no cell, zones overlap nothing, or the CRS differ.
    """
    if zones.crs != cells.crs:
        raise LayerError(f"cells lie in {cells.crs}, zones in {zones.crs}; make them of the same")
    if not zones.index.is_unique:
        raise LayerError("zones have an id twice; give each its own")
    is_point = _is_point(zones) | zones.index.isin(list(points))
    parts = [_cell_parts(zones[~is_point], cells), _point_parts(zones[is_point])]
    both = pd.concat([part for part in parts if len(part)], ignore_index=True)
    both = both.sort_values(["zone_id", "cell_id"], ignore_index=True)
    own = gpd.GeoDataFrame(both, geometry="geometry", crs=zones.crs)
    lost = zones.index[~zones.index.isin(own["zone_id"])]
    if len(lost):
        raise LayerError(f"zone '{lost[0]}' lies in none of the cells; make the cells of all zones")
    return FineZones(cells=_places(own, cells), parts=own, zone_ids=zones.index)


def _lattice(box: Floats, cell_m: float) -> Any:
    """Columns and rows of the squares that a box touches."""
    west, south, east, north = box / cell_m
    columns = np.arange(int(np.floor(west)), int(np.ceil(east)) + 1)
    rows = np.arange(int(np.floor(south)), int(np.ceil(north)) + 1)
    if len(columns) * len(rows) > MOST_CELLS:
        raise LayerError(
            f"{len(columns)} × {len(rows)} cells of {cell_m:g} m are more than {MOST_CELLS:,}; "
            "choose larger ones"
        )
    return np.stack(np.meshgrid(columns, rows), axis=-1).reshape(-1, 2)


def _touching(ids: list[str], shapes: Any, polygons: Any, crs: Any) -> gpd.GeoDataFrame:
    """Keep the cells that share an area with a polygon, by rising id."""
    pairs = _overlaps(polygons, shapes)
    kept = np.unique(pairs["cell"].to_numpy())
    frame = gpd.GeoDataFrame(
        geometry=np.asarray(shapes)[kept], index=pd.Index(ids, dtype=object)[kept], crs=crs
    )
    return frame.sort_index().rename_axis("cell_id")


def _overlaps(polygons: Any, shapes: Any) -> pd.DataFrame:
    """Cut cells along polygons: numbers of ``polygon`` and ``cell``, ``geometry``, ``area_m2``."""
    shapes = np.asarray(shapes)
    shapely.prepare(polygons)
    polygon, cell = shapely.STRtree(shapes).query(polygons, predicate="intersects")
    is_within = shapely.contains_properly(polygons[polygon], shapes[cell])
    pieces = shapes[cell].copy()
    cut = ~is_within
    pieces[cut] = shapely.intersection(polygons[polygon[cut]], shapes[cell[cut]])
    area = shapely.area(pieces)
    found = pd.DataFrame({"polygon": polygon, "cell": cell, "geometry": pieces, "area_m2": area})
    kept: pd.DataFrame = found[area > LEAST_M2].reset_index(drop=True)
    return kept


def _cell_parts(zones: gpd.GeoDataFrame, cells: gpd.GeoDataFrame) -> pd.DataFrame:
    if zones.empty:
        return pd.DataFrame()
    _check_shapes(zones)
    pairs = _overlaps(zones.geometry.to_numpy().copy(), cells.geometry.to_numpy())
    return pd.DataFrame(
        {
            "zone_id": zones.index[pairs["polygon"]],
            "cell_id": cells.index[pairs["cell"]],
            "area_km2": pairs["area_m2"] / 1e6,
            "geometry": [_flat(piece) for piece in pairs["geometry"]],
        }
    )


def _flat(piece: Any) -> Any:
    """Drop the lines and points where a border runs along a cell."""
    if piece.geom_type in ("Polygon", "MultiPolygon"):
        return piece
    return shapely.union_all([one for one in piece.geoms if one.area > 0])


def _point_parts(zones: gpd.GeoDataFrame) -> pd.DataFrame:
    return pd.DataFrame(
        {
            "zone_id": zones.index,
            "cell_id": [f"{POINT}{zone}" for zone in zones.index],
            "area_km2": 1.0,
            "geometry": zones.geometry.representative_point().to_numpy(),
        }
    )


def _places(parts: gpd.GeoDataFrame, cells: gpd.GeoDataFrame) -> gpd.GeoDataFrame:
    """List the places in use, with the zone that has most of each (of equal ones the first)."""
    middle = parts.geometry.centroid
    weighed = parts.assign(x_m=middle.x * parts["area_km2"], y_m=middle.y * parts["area_km2"])
    sums = weighed.groupby("cell_id")[["x_m", "y_m", "area_km2"]].sum()
    ranked = parts.sort_values(["cell_id", "area_km2", "zone_id"], ascending=[True, False, True])
    first = ranked.drop_duplicates("cell_id").set_index("cell_id")
    is_cell = sums.index.isin(cells.index)
    shapes = first.geometry.reindex(sums.index).to_numpy().copy()
    shapes[is_cell] = cells.geometry.reindex(sums.index[is_cell]).to_numpy()
    return gpd.GeoDataFrame(
        {
            "zone_id": first["zone_id"].reindex(sums.index),
            "area_km2": sums["area_km2"].where(is_cell, 0.0),
            "x_m": sums["x_m"] / sums["area_km2"],
            "y_m": sums["y_m"] / sums["area_km2"],
        },
        geometry=shapes,
        crs=parts.crs,
    )


def _is_point(zones: gpd.GeoDataFrame) -> Any:
    return ~zones.geom_type.isin(["Polygon", "MultiPolygon"]).to_numpy()


def _polygons(zones: gpd.GeoDataFrame) -> Any:
    """Take the polygons of zones, checked."""
    if zones.crs is None:
        raise LayerError("zones have no CRS; set the one of their coordinates")
    try:
        check_crs(zones.crs.to_wkt())
    except TableError as error:
        raise LayerError(
            f"cells are made in metres; move the zones to a metric CRS first: {error}"
        ) from error
    own = zones[~_is_point(zones)]
    if own.empty:
        raise LayerError("no zone has a polygon; there is nothing to lay cells over")
    _check_shapes(own)
    return own.geometry.to_numpy().copy()


def _check_shapes(zones: gpd.GeoDataFrame) -> None:
    bad = zones.is_empty | ~zones.is_valid
    if bad.any():
        raise LayerError(
            f"the polygon of zone '{zones.index[bad][0]}' is empty or crosses itself; repair it "
            "first (make_valid)"
        )


def _h3() -> Any:
    try:
        import h3
    except ImportError as error:
        raise LayerError("hexagons need the package h3; say: pip install 'agglo[h3]'") from error
    return h3
