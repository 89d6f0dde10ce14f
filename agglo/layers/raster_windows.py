"""Cuts rasters into windows: those of an area, and those that follow the tiles of a file."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import TYPE_CHECKING

import numpy as np

from agglo.errors import LayerError
from agglo.rasters import Grid

if TYPE_CHECKING:
    import geopandas as gpd

LARGEST_TILE = 4
"""Tiles up to so many sides of a block are read whole; larger ones are read in parts."""

TOUCH = 1e-6
"""Part of a cell by which a box may overlap it for nothing but rounding."""

DENSE = 101
"""Points on each side of a box that is moved into another CRS."""

Box = tuple[float, float, float, float]
"""West, south, east and north."""


def bounds_in(grid: Grid, zones: gpd.GeoDataFrame, *, margin_cells: float = 1) -> Box:
    """Box round all zones in the CRS of a raster, for ``read_band``.

    Parameters
    ----------
    zones
        In any CRS; the box round them is moved with many points on its sides.
    margin_cells
        Cells added on each side.

    Returns
    -------
    bounds
        West, south, east and north; it may reach beyond the raster.

    Raises
    ------
    LayerError
        If the zones are empty, have no CRS, or do not fit into that of the raster.
    """
    import pyproj

    if zones.crs is None or zones.empty or not np.isfinite(zones.total_bounds).all():
        raise LayerError(
            "the zones have no CRS or no area, so nobody can say where they lie; set their CRS"
        )
    mover = pyproj.Transformer.from_crs(zones.crs, grid.crs, always_xy=True)
    left, low, right, high = (float(edge) for edge in zones.total_bounds)
    moved = mover.transform_bounds(left, low, right, high, densify_pts=DENSE)
    west, south, east, north = moved
    if not np.isfinite([west, south, east, north]).all() or west > east:
        raise LayerError(
            f"the zones {box_text(zones.total_bounds)} do not fit into the CRS of the raster "
            f"({grid.crs[:40]}), or cross its edge; choose a raster in a CRS of their region"
        )
    across, along = (size * margin_cells for size in grid.cell)
    return west - across, south - along, east + across, north + along


def is_same_grid(first: Grid, second: Grid) -> bool:
    """Tell whether two grids share their cells, up to rounding and the spelling of the CRS."""
    import pyproj

    if first.shape != second.shape:
        return False
    across, along = first.cell
    apart = np.abs(np.subtract(first.bounds, second.bounds)) / (across, along, across, along)
    if apart.max() > TOUCH:
        return False
    return first.crs == second.crs or pyproj.CRS(first.crs) == pyproj.CRS(second.crs)


def block_shape(tiles: Sequence[tuple[int, int]], grid: Grid, side: int) -> tuple[int, int]:
    """Rows and columns of a block: whole tiles of every file, or whole rows."""
    largest = LARGEST_TILE * side
    tall, wide = (math.lcm(*sizes) for sizes in zip(*tiles, strict=True))
    if wide >= grid.width > side:
        rows = max(1, side * side // grid.width)
        return (rows if tall > LARGEST_TILE * rows else max(tall, rows // tall * tall)), grid.width
    return _whole(tall, side, largest), _whole(min(wide, grid.width), side, largest)


def _whole(tile: int, side: int, largest: int) -> int:
    return side if tile > largest else max(tile, side // tile * tile)


def window_of(grid: Grid, bounds: Box | None, name: str) -> tuple[int, int, int, int]:
    """Row, column, height and width of the cells that a box touches."""
    if bounds is None:
        return 0, 0, grid.height, grid.width
    west, south, east, north = bounds
    if not np.isfinite(bounds).all() or west > east or south > north:
        raise LayerError(
            f"{name}: the box {box_text(bounds)} is none; give west, south, east, north in "
            f"{grid.crs[:40]}, in this order"
        )
    left, _, _, top = grid.bounds
    across, along = grid.cell
    column, last = _cells((west - left) / across, (east - left) / across, grid.width)
    row, lower = _cells((top - north) / along, (top - south) / along, grid.height)
    if last <= column or lower <= row:
        raise LayerError(
            f"{name} does not reach the area {box_text(bounds)}; it covers "
            f"{box_text(grid.bounds)} in {grid.crs[:40]}; take another tile, or check the CRS of "
            "the area"
        )
    return row, column, lower - row, last - column


def _cells(least: float, most: float, count: int) -> tuple[int, int]:
    """First cell and the one after the last that a stretch touches; a point touches one."""
    first = math.floor(least + TOUCH)
    return max(first, 0), min(max(math.ceil(most - TOUCH), first + 1), count)


def box_text(bounds: Sequence[float]) -> str:
    """Write a box as four numbers."""
    return " ".join(f"{edge:.10g}" for edge in bounds)


def described(grid: Grid) -> str:
    """Write a grid in a few words."""
    return f"{grid.height} × {grid.width} cells, {box_text(grid.bounds)}, {grid.crs[:40]}"
