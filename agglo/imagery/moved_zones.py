"""Moves polygons into the CRS of a raster: checked, and bent where the projection bends them."""

from __future__ import annotations

from pathlib import Path

import geopandas as gpd
import numpy as np
import numpy.typing as npt
import pyproj
import shapely

from agglo.errors import LayerError
from agglo.imagery.bent_edges import SAME_PLACE, bent
from agglo.imagery.cell_areas import crs_of
from agglo.layers.text_cells import listed
from agglo.layers.zone_shapes import mended
from agglo.rasters import Grid

Shapes = npt.NDArray[np.object_]


def polygons_on_grid(grid: Grid, zones: gpd.GeoDataFrame) -> Shapes:
    """Move zones into the CRS of a grid; invalid shapes are mended first.

    Edges are cut until they run within 1/100 cell of where they should, an edge that two zones
    share always at the same places; where the corner of one zone lies on the edge of another,
    both get a vertex, so that neighbours stay neighbours.

    Returns
    -------
    polygons
        One for each zone; None where a zone is surely off the grid.

    Raises
    ------
    LayerError
        If the zones have no CRS, are no areas, have an id twice, or none touches the grid; if
        a zone cannot be moved, crosses the antimeridian, or the raster counts longitude to 360.
    """
    crs = crs_of(grid)
    shapes = _checked(zones)
    _check_longitudes(crs, grid)
    if shapes.crs.is_geographic:
        _check_edges(shapes)
    near = _near(grid, crs, shapes)
    found: Shapes = np.full(len(shapes), None, dtype=object)
    if near.any():
        found[near] = _moved(shapes[near], crs, grid)
    touching = _touching(found, grid)
    if not touching.any():
        raise LayerError(
            f"no zone touches the raster: the zones cover {_rounded(shapes.total_bounds)} in "
            f"{shapes.crs.name}, the raster {_rounded(grid.bounds)} in {crs.name}; check the CRS "
            "of both, or take a raster of the area"
        )
    found[~touching] = None
    return found


def _checked(zones: gpd.GeoDataFrame) -> gpd.GeoSeries:
    """Return valid areas with a CRS and ids that differ."""
    if len(zones) == 0:
        raise LayerError("there is no zone to take figures of; give at least one polygon")
    if zones.crs is None:
        raise LayerError("the zones do not say their CRS; set it (zones.set_crs('EPSG:…'))")
    double = zones.index.duplicated()
    if double.any():
        raise LayerError(
            f"zone {listed(zones.index[double])} stands more than once; dissolve zones by their id"
        )
    shapes = mended(Path("zones"), zones[[zones.geometry.name]])[0].geometry
    points = (shapes.geom_type == "Point").to_numpy()
    if points.any():
        raise LayerError(
            f"zone {listed(zones.index[points])} is a point, which covers no cell; wanted "
            "polygons (buffer points first)"
        )
    return shapes


def _check_longitudes(crs: pyproj.CRS, grid: Grid) -> None:
    west, _, east, _ = grid.bounds
    if crs.is_geographic:
        turn = np.pi / crs.axis_info[0].unit_conversion_factor
        slack = grid.cell[0] + 1e-9
        if west < -turn - slack or east > turn + slack:
            raise LayerError(
                f"the raster's longitudes run from {west:g} to {east:g}; wanted −180 to 180: roll "
                "it first (gdalwarp -t_srs EPSG:4326 --config CENTER_LONG 0)"
            )


def _check_edges(shapes: gpd.GeoSeries) -> None:
    """Refuse edges that jump from one end of the map to the other."""
    half = np.pi / shapes.crs.axis_info[0].unit_conversion_factor
    coordinates, number = shapely.get_coordinates(shapes.to_numpy(), return_index=True)
    jumps = (np.abs(np.diff(coordinates[:, 0])) > half) & (np.diff(number) == 0)
    # a world map may run from one end to the other
    ends = np.abs(np.abs(coordinates[:, 0]) - half) < SAME_PLACE * half
    jumps &= ~(ends[1:] & ends[:-1])
    # parts and rings of one zone follow each other in the list without an edge between
    jumps &= ~_last_of_rings(shapes.to_numpy())[:-1]
    wrong = np.unique(number[:-1][jumps])
    beyond = (np.abs(shapes.bounds[["minx", "maxx"]]) > half * (1 + SAME_PLACE)).any(axis=1)
    if len(wrong) or beyond.any():
        ids = shapes.index[np.union1d(wrong, np.flatnonzero(beyond))]
        raise LayerError(
            f"zone {listed(ids)} crosses the antimeridian; cut it there, so that every part has "
            "longitudes from −180 to 180"
        )


def _last_of_rings(shapes: Shapes) -> npt.NDArray[np.bool_]:
    """Mark the vertices that close a ring; no edge leaves them."""
    _, coordinates, offsets = shapely.to_ragged_array(shapes)
    last = np.zeros(len(coordinates), dtype=bool)
    last[offsets[0][1:] - 1] = True
    return last


def _near(grid: Grid, crs: pyproj.CRS, shapes: gpd.GeoSeries) -> npt.NDArray[np.bool_]:
    """Tell which zones may touch the grid; far away, a projection may know no place for them."""
    all_of_them = np.ones(len(shapes), dtype=bool)
    if _same(shapes.crs, crs):
        return all_of_them
    back = pyproj.Transformer.from_crs(crs, shapes.crs, always_xy=True)
    west, south, east, north = back.transform_bounds(*grid.bounds, densify_pts=101)
    if not np.isfinite([west, south, east, north]).all() or west >= east or south >= north:
        return all_of_them
    x, y = 0.1 * (east - west), 0.1 * (north - south)
    bounds = shapes.bounds.to_numpy()
    near: npt.NDArray[np.bool_] = (
        (bounds[:, 0] <= east + x) & (bounds[:, 2] >= west - x)
        & (bounds[:, 1] <= north + y) & (bounds[:, 3] >= south - y)
    )  # fmt: skip
    return near


def _touching(polygons: Shapes, grid: Grid) -> npt.NDArray[np.bool_]:
    west, south, east, north = grid.bounds
    left, low, right, high = shapely.bounds(polygons).T
    with np.errstate(invalid="ignore"):
        touching: npt.NDArray[np.bool_] = (
            (left < east) & (right > west) & (low < north) & (high > south)
        )
    return touching


def _same(first: pyproj.CRS, second: pyproj.CRS) -> bool:
    # rasters and frames keep x before y, whatever order the CRS itself names
    return bool(first.equals(second, ignore_axis_order=True))


def _moved(shapes: gpd.GeoSeries, crs: pyproj.CRS, grid: Grid) -> Shapes:
    if _same(shapes.crs, crs):
        unmoved: Shapes = shapes.to_numpy()
        return unmoved
    forward = pyproj.Transformer.from_crs(shapes.crs, crs, always_xy=True)
    kind, coordinates, offsets = shapely.to_ragged_array(shapes.to_numpy())
    coordinates, rings, broken = bent(coordinates, offsets[0], forward, grid.cell)
    polygons = shapely.from_ragged_array(kind, coordinates, (rings, *offsets[1:]))
    if len(broken):
        zone = shapely.get_coordinates(polygons, return_index=True)[1][broken]
        raise LayerError(
            f"zone {listed(shapes.index[np.unique(zone)])} cannot be drawn in the raster's CRS "
            f"{crs.name}: it reaches beyond the edge of that map; clip it to the raster's area"
        )
    moved: Shapes = shapely.transform(
        polygons, lambda xy: np.column_stack(forward.transform(*xy.T))
    )
    # rounding can cross the sides of a thin shape, of which exactextract then takes the outside
    crossed = ~shapely.is_valid(moved)
    moved[crossed] = shapely.make_valid(moved[crossed], method="structure", keep_collapsed=False)
    return moved


def _rounded(bounds: npt.ArrayLike) -> str:
    return "(" + ", ".join(f"{one:.6g}" for one in np.asarray(bounds)) + ")"
