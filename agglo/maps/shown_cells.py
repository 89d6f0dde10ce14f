"""What a page can show of a raster: cut to an area, merged into fewer cells."""

from __future__ import annotations

import math

import numpy as np

from agglo.errors import LayerError
from agglo.layers.raster_files import read_band
from agglo.rasters import Band, Floats, Grid, RasterLayer

Bounds = tuple[float, float, float, float]
"""West, south, east, north."""

MOST_PIXELS = 1024
MARGIN_SHARE = 0.05
DEGREES = "EPSG:4326"
MERCATOR_LATITUDE = 85.06
STRIP_CELLS = 4_000_000
"""About so many cells of a large raster are in memory at once."""

NEARLY = 1e-6
"""Edges closer than this part of a cell or pixel are one."""


def shown_numbers(
    layer: RasterLayer, *, bounds: Bounds | None = None, most_cells: int = MOST_PIXELS
) -> tuple[Band, int]:
    """Read what a page can show of a raster: cut to a box, merged into fewer cells.

    Cells are merged in squares of whole numbers: levels, shares and densities as the mean of what
    is known, classes as the one that most cells have (of equals the smallest code); nothing is
    shown where less than half of the cells are known. Counts become amounts per km² first, by the
    true area of the cells.

    Parameters
    ----------
    bounds
        Box in degrees; a margin of a twentieth is added. Without one, all of the raster.
    most_cells
        The longer side has no more cells than this.

    Returns
    -------
    band, merged
        Numbers and grid as shown, and how many cells a side became one.

    Raises
    ------
    LayerError
        If the box and the raster do not meet, nothing is known there, or it cannot be read.
    """
    row, column, height, width = _window(layer, bounds)
    merged = max(1, math.ceil(max(height, width) / most_cells))
    step = max(1, STRIP_CELLS // (width * merged)) * merged
    strips = []
    for first in range(row, row + height, step):
        part = layer.grid.part(first, column, min(step, row + height - first), width)
        band = read_band(layer, bounds=_inside(part), may_be_empty=True)
        strips.append(_merged_cells(_per_km2(layer, band), merged, layer.quantity == "class"))
    values = np.concatenate(strips)
    if not np.isfinite(values).any():
        raise LayerError(
            f"raster '{layer.name}' ({layer.path}): nothing is known in the area of the map; "
            "leave it out, or check its nodata value"
        )
    a, _, west, _, e, north = layer.grid.part(row, column, height, width).transform
    grid = Grid(
        crs=layer.grid.crs, transform=(a * merged, 0.0, west, 0.0, e * merged, north),
        height=values.shape[0], width=values.shape[1],
    )  # fmt: skip
    return Band(values=values, grid=grid), merged


def _window(layer: RasterLayer, bounds: Bounds | None) -> tuple[int, int, int, int]:
    """Row, column, height and width of the cells that a box in degrees touches."""
    grid = layer.grid
    west, south, east, north = _box_on(grid, bounds)
    left, _, _, top = grid.bounds
    across, along = grid.cell
    first = max(0, math.floor((west - left) / across + NEARLY))
    last = min(grid.width, math.ceil((east - left) / across - NEARLY))
    upper = max(0, math.floor((top - north) / along + NEARLY))
    lower = min(grid.height, math.ceil((top - south) / along - NEARLY))
    if last <= first or lower <= upper:
        raise LayerError(
            f"raster '{layer.name}' ({layer.path}) does not reach the area of the map, "
            f"{bounds} in degrees; it covers {grid.bounds} in {grid.crs[:40]}"
        )
    return upper, first, lower - upper, last - first


def _box_on(grid: Grid, bounds: Bounds | None) -> Bounds:
    """Move a box with its margin onto a grid; without a box, all that a web map can show."""
    import pyproj
    from rasterio.warp import transform_bounds

    if bounds is None:
        west, south, east, north = grid.bounds
        if pyproj.CRS(grid.crs).is_geographic:
            return west, max(south, -MERCATOR_LATITUDE), east, min(north, MERCATOR_LATITUDE)
        return grid.bounds
    west, south, east, north = bounds
    across, up = (east - west) * MARGIN_SHARE, (north - south) * MARGIN_SHARE
    wide = (west - across, max(south - up, -MERCATOR_LATITUDE),
            east + across, min(north + up, MERCATOR_LATITUDE))  # fmt: skip
    moved: Bounds = transform_bounds(DEGREES, grid.crs, *wide, densify_pts=21)
    if not np.isfinite(moved).all():
        raise LayerError(f"the area {bounds} cannot be found in the CRS {grid.crs[:40]}")
    return moved


def _inside(grid: Grid) -> Bounds:
    """Return a box that touches the cells of a grid and no others, whatever the rounding."""
    west, south, east, north = grid.bounds
    across, along = (side / 4 for side in grid.cell)
    return west + across, south + along, east - across, north - along


def _per_km2(layer: RasterLayer, band: Band) -> Floats:
    if layer.quantity != "count":
        return band.values
    from agglo.imagery.cell_areas import cell_areas_km2

    return band.values / cell_areas_km2(band.grid)


def _merged_cells(values: Floats, side: int, is_class: bool) -> Floats:
    """Merge squares of cells; those at the far edges hold fewer."""
    if side == 1:
        return values
    squares = _squares(values, side)
    known = np.isfinite(squares).sum(axis=(1, 3))
    there = _squares(np.zeros(values.shape), side) == 0
    is_shown = (known > 0) & (2 * known >= there.sum(axis=(1, 3)))
    if not is_class:
        sums = np.where(np.isfinite(squares), squares, 0.0).sum(axis=(1, 3))
        return np.where(is_shown, sums / np.maximum(known, 1), np.nan)
    best, most = np.full(known.shape, np.nan), np.zeros(known.shape, dtype=np.int64)
    for code in np.unique(values[np.isfinite(values)]):
        own = (squares == code).sum(axis=(1, 3))
        best, most = np.where(own > most, code, best), np.maximum(own, most)
    return np.where(is_shown, best, np.nan)


def _squares(values: Floats, side: int) -> Floats:
    """Lay cells into squares: rows of squares, rows in one, columns of squares, columns in one."""
    rows, columns = (math.ceil(count / side) for count in values.shape)
    padded = np.full((rows * side, columns * side), np.nan)
    padded[: values.shape[0], : values.shape[1]] = values
    return padded.reshape(rows, side, columns, side)
