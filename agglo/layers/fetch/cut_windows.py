"""Which cells of a grid an area touches."""

from __future__ import annotations

import geopandas as gpd
import numpy as np
import shapely
from shapely.geometry.base import BaseGeometry

from agglo.errors import LayerError
from agglo.layers.raster_opening import shown
from agglo.rasters import Grid

EDGE_PARTS = 200
"""An edge of the area is bent into that many parts when it is moved to another CRS."""


def moved(area: BaseGeometry, grid: Grid) -> BaseGeometry:
    """Move the area to the CRS of the grid, its edges bent."""
    west, south, east, north = area.bounds
    step = max(east - west, north - south) / EDGE_PARTS
    there = gpd.GeoSeries([shapely.segmentize(area, step)], crs=4326).to_crs(grid.crs).iloc[0]
    if not np.isfinite(there.bounds).all():
        raise LayerError(f"the area cannot be brought to {grid.crs}, which does not reach so far")
    return there


def window_of_area(grid: Grid, local: BaseGeometry, address: str) -> tuple[int, int, int, int]:
    """First row and column, rows and columns that the box of an area touches."""
    rows, columns = _span(grid, local.bounds)
    first, last = max(rows[0], 0), min(rows[1], grid.height)
    left, right = max(columns[0], 0), min(columns[1], grid.width)
    if last <= first or right <= left:
        raise LayerError(
            f"{shown(address)} does not reach the area {tuple(np.round(local.bounds, 3))}; it "
            f"covers {tuple(np.round(grid.bounds, 3))} in {grid.crs[:40]}"
        )
    return first, left, last - first, right - left


def reach(
    grid: Grid, local: BaseGeometry, first: int, last: int, columns: tuple[int, int]
) -> tuple[int, int]:
    """Columns, from and to, that the area itself touches in some rows."""
    strip = grid.part(first, columns[0], last - first, columns[1] - columns[0])
    part = shapely.make_valid(local).intersection(shapely.box(*strip.bounds))
    if part.is_empty:
        return columns[0], columns[0]
    _, (left, right) = _span(grid, part.bounds)
    return max(left, columns[0]), min(right, columns[1])


def _span(
    grid: Grid, bounds: tuple[float, float, float, float]
) -> tuple[tuple[int, int], tuple[int, int]]:
    """Rows and columns, from and to, that a box touches."""
    west, south, east, north = bounds
    left, _, _, top = grid.bounds
    across, along = grid.cell
    rows = int(np.floor((top - north) / along)), int(np.ceil((top - south) / along))
    return rows, (int(np.floor((west - left) / across)), int(np.ceil((east - left) / across)))
