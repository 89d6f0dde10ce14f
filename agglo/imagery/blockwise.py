"""Reads rasters of several resolutions side by side, block after block, cell on cell."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from itertools import compress

import numpy as np

from agglo.errors import LayerError
from agglo.layers.raster_files import BLOCK, blocks, read_band
from agglo.layers.raster_windows import described
from agglo.rasters import Band, Grid, RasterLayer

Progress = Callable[[str, int, int], None]
"""Takes what is done, how many cells of it are, and of how many."""

MEETING = 1e-3
"""Part of a fine cell by which two edges may be apart for nothing but rounding."""


def nested_blocks(layers: Sequence[RasterLayer], *, side: int = BLOCK) -> Iterator[list[Band]]:
    """Read rasters on the cells of the finest of them, in blocks from the north-west.

    A coarser one is repeated, its number in each of the fine cells below it, never
    interpolated: Sentinel-2 has its short-wave infrared at 20 m and its red at 10 m.

    Parameters
    ----------
    side
        A block has about ``side`` × ``side`` fine cells.

    Raises
    ------
    LayerError
        If the cells of one are no whole multiple of the finest, their edges do not meet, or one
        does not reach as far.
    """
    fine = finest_grid(layers)
    factors = [nesting_factor(one, fine) for one in layers]
    is_fine = [factor == 1 for factor in factors]
    for bands in blocks(list(compress(layers, is_fine)), side=side):
        rest, grid = iter(bands), bands[0].grid
        yield [
            next(rest) if factor == 1 else _repeated(layer, factor, grid)
            for layer, factor in zip(layers, factors, strict=True)
        ]


def nested_part(layers: Sequence[RasterLayer], grid: Grid) -> list[Band]:
    """Read a part of the finest grid of several rasters, each on its cells.

    Raises
    ------
    LayerError
        As ``nested_blocks``.
    """
    fine = finest_grid(layers)
    return [_repeated(one, nesting_factor(one, fine), grid) for one in layers]


def finest_grid(layers: Sequence[RasterLayer]) -> Grid:
    """Return the grid with the smallest cells, the first of several."""
    return min((one.grid for one in layers), key=lambda grid: grid.cell[0] * grid.cell[1])


def nesting_factor(layer: RasterLayer, fine: Grid) -> int:
    """Tell how many cells of a fine grid lie along one of a layer's.

    Raises
    ------
    LayerError
        If it is no whole number or not the same both ways, the edges of the cells do not meet,
        or the layer does not reach as far as the fine grid.
    """
    grid = layer.grid
    across, along = (coarse / small for coarse, small in zip(grid.cell, fine.cell, strict=True))
    factor = max(round(across), 1)
    west, south, east, north = (
        (own - other) / size
        for own, other, size in zip(grid.bounds, fine.bounds, fine.cell * 2, strict=True)
    )
    meets = max(abs(edge - round(edge)) for edge in (west, south, east, north)) <= MEETING
    is_whole = max(abs(across - factor) * grid.width, abs(along - factor) * grid.height) <= MEETING
    reaches = max(west, south, -east, -north) <= MEETING and (
        factor > 1 or grid.shape == fine.shape
    )
    if not (is_same_crs(grid.crs, fine.crs) and is_whole and meets and reaches):
        raise LayerError(
            f"{layer.path} ({described(grid)}) does not nest in the grid of the finest band "
            f"({described(fine)}): wanted one CRS, cells of a whole multiple whose edges meet, and "
            "the same reach; take bands of one scene, or put them on one grid first (on_grid)"
        )
    return factor


def is_same_crs(first: str, second: str) -> bool:
    """Tell whether two ways to write a CRS mean the same."""
    import pyproj

    return first == second or bool(pyproj.CRS(first) == pyproj.CRS(second))


def reported(
    bands: Iterable[Band], what: str, cells_count: int, progress: Progress | None
) -> Iterator[Band]:
    """Pass blocks on and say how far they are."""
    done = 0
    for band in bands:
        yield band
        done += band.values.size
        if progress:
            progress(what, done, cells_count)


def _repeated(layer: RasterLayer, factor: int, grid: Grid) -> Band:
    """Numbers of a coarse raster in the cells of a part of the fine grid."""
    coarse = read_band(layer, bounds=_inside(grid), may_be_empty=True)
    if factor == 1 and coarse.grid.shape == grid.shape:
        return Band(values=coarse.values, grid=grid)
    west, _, _, north = coarse.grid.bounds
    row = round((north - grid.bounds[3]) / grid.cell[1])
    column = round((grid.bounds[0] - west) / grid.cell[0])
    rows = np.arange(row, row + grid.height) // factor
    columns = np.arange(column, column + grid.width) // factor
    return Band(values=coarse.values[np.ix_(rows, columns)], grid=grid)


def _inside(grid: Grid) -> tuple[float, float, float, float]:
    """Bounds that touch just the cells of a grid, whatever the rounding."""
    west, south, east, north = grid.bounds
    x, y = grid.cell[0] / 4, grid.cell[1] / 4
    return west + x, south + y, east - x, north - y
