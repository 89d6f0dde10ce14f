"""Reads the numbers of a coverage's strips from arrays, bands and layers of its grid."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import numpy.typing as npt

from agglo.errors import LayerError
from agglo.imagery.coverage import Coverage, Strip
from agglo.layers.raster_files import read_band
from agglo.rasters import Band, Floats, Grid, RasterLayer

Read = Callable[[Strip], Floats]
"""Gives the numbers of a strip, rows × columns, ``nan`` where nothing is known."""

ALIGNED = 1e-6
"""Grids whose lines lie closer, in cells, are the same."""


def reader(coverage: Coverage, values: Band | RasterLayer | npt.ArrayLike) -> Read:
    """Return what reads the strips of a coverage.

    Parameters
    ----------
    values
        A band or a layer on the grid of the coverage, or numbers of the grid's shape. A band
        may be a part of the grid that holds the coverage's window.

    Raises
    ------
    LayerError
        If the numbers lie on another grid.
    """
    if isinstance(values, RasterLayer):
        if values.grid != coverage.grid:
            raise LayerError(
                f"{values.path} lies on another grid than the coverage; make one for it with "
                "coverage_from_zones(layer.grid, zones)"
            )
        layer = values
        return lambda strip: read_band(layer, bounds=_inside(strip.grid)).values
    if isinstance(values, Band):
        row, column = _start(coverage, values.grid)
        numbers = values.values
    else:
        row, column = 0, 0
        numbers = np.asarray(values, dtype=np.float64)
        if numbers.shape != coverage.grid.shape:
            raise LayerError(
                f"the numbers have the shape {numbers.shape}, the coverage's grid "
                f"{coverage.grid.shape}; read the raster whose grid it is"
            )

    def read(strip: Strip) -> Floats:
        first, left = strip.row - row, strip.column - column
        return numbers[first : first + strip.grid.height, left : left + strip.grid.width]

    return read


def _start(coverage: Coverage, grid: Grid) -> tuple[int, int]:
    """Row and column of the coverage's grid at which a part of it starts; it holds the window."""
    window = coverage.window
    across, along = window.cell
    column = (window.bounds[0] - grid.bounds[0]) / across
    row = (grid.bounds[3] - window.bounds[3]) / along
    first, upper = round(column), round(row)
    fits = (
        grid.crs == window.crs
        and np.allclose(grid.cell, window.cell, rtol=ALIGNED / max(grid.shape), atol=0)
        and max(abs(column - first), abs(row - upper)) < ALIGNED * max(1, *grid.shape)
        and first >= 0 and upper >= 0
        and first + window.width <= grid.width and upper + window.height <= grid.height
    )  # fmt: skip
    if not fits:
        raise LayerError(
            f"the band covers {grid.bounds} in {grid.shape[0]} × {grid.shape[1]} cells; the zones "
            f"need {window.bounds} of a grid with cells of {across:g} × {along:g}; read the raster "
            "whose grid the coverage was made for"
        )
    return coverage.row - upper, coverage.column - first


def _inside(grid: Grid) -> tuple[float, float, float, float]:
    """Bounds that touch just the cells of a grid, whatever the rounding."""
    west, south, east, north = grid.bounds
    x, y = grid.cell[0] / 4, grid.cell[1] / 4
    return west + x, south + y, east - x, north - y
