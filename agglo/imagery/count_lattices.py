"""Brings amounts of cells to another lattice: added up where cells nest, else spread evenly."""

from __future__ import annotations

import numpy as np

from agglo.errors import LayerError
from agglo.rasters import Band, Grid

CELL_M = 1000.0
"""Side of the cells on which the degree of urbanisation is defined."""

LATTICE = 1e-3
"""Part of a cell by which edges of cells may be off."""

MOST_PARTS = 1000
"""Most cells along 1 km."""


def summed_cells(band: Band, *, factor: int) -> Band:
    """Add counts up to cells ``factor`` times as large, on the lattice of round coordinates.

    Rows and columns that do not fill a larger cell are left out. Nothing known counts as 0; a
    larger cell of which nothing is known stays unknown.

    Raises
    ------
    LayerError
        If the cells do not nest in the lattice, or fill no larger cell.

    Examples
    --------
    >>> grid = Grid(crs="ESRI:54009", transform=(500, 0, 0, 0, -500, 1000), height=2, width=2)
    >>> whole = summed_cells(Band(values=np.ones((2, 2)), grid=grid), factor=2)
    >>> whole.values.tolist(), whole.grid.cell
    ([[4.0]], (1000, 1000))
    """
    a, b, west, d, e, north = band.grid.transform
    column, row = (_to_lattice(at, factor * cell) / cell for at, cell in ((west, a), (-north, -e)))
    first, top = round(column), round(row)
    if abs(first - column) > LATTICE or abs(top - row) > LATTICE:
        raise LayerError(
            f"cells of {a:g} do not nest in cells of {factor * a:g} at round coordinates; the "
            f"raster starts at {west:g} {north:g}; warp it to a lattice that nests (gdalwarp -tap)"
        )
    height, width = (band.grid.height - top) // factor, (band.grid.width - first) // factor
    if height < 1 or width < 1:
        raise LayerError(f"{band.grid.shape} cells fill no cell of {factor} × {factor} of them")
    used = band.values[top : top + height * factor, first : first + width * factor]
    parts = used.reshape(height, factor, width, factor)
    sums = np.nansum(parts, axis=(1, 3))
    sums[np.isnan(parts).all(axis=(1, 3))] = np.nan
    moved = (a * factor, b, west + a * first, d, e * factor, north + e * top)
    return Band(
        values=sums, grid=Grid(crs=band.grid.crs, transform=moved, height=height, width=width)
    )


def resampled_counts(band: Band, grid: Grid) -> Band:
    """Spread counts evenly over their cells and add them up on another grid (GDAL's sum).

    Totals stay; places blur by up to a cell. A cell that nothing known reaches stays unknown.
    """
    from affine import Affine
    from rasterio.warp import Resampling, reproject

    found = np.full(grid.shape, np.nan)
    reproject(
        band.values, found, src_transform=Affine(*band.grid.transform), src_crs=band.grid.crs,
        dst_transform=Affine(*grid.transform), dst_crs=grid.crs,
        src_nodata=np.nan, dst_nodata=np.nan, resampling=Resampling.sum,
    )  # fmt: skip
    return Band(values=found, grid=grid)


def parts_per_km(grid: Grid) -> int:
    """Count how many cells make a side of 1 km; 0 where they do not nest."""
    across, along = grid.cell
    parts = CELL_M / across
    whole = round(parts)
    nests = abs(across - along) < LATTICE * across and abs(parts - whole) < LATTICE
    return whole if nests and 1 <= whole <= MOST_PARTS and is_in_metres(grid) else 0


def share_lattice(first: Grid, second: Grid) -> bool:
    """Tell whether cells are of one CRS and size, and their edges fall together."""
    import pyproj

    if first.crs != second.crs and pyproj.CRS(first.crs) != pyproj.CRS(second.crs):
        return False
    if not np.allclose(first.cell, second.cell, rtol=1e-9, atol=0):
        return False
    apart = np.subtract(first.bounds, second.bounds)[[0, 3]] / first.cell
    return bool((np.abs(apart - np.round(apart)) < LATTICE).all())


def is_in_metres(grid: Grid) -> bool:
    """Tell whether the coordinates of a grid are metres of a projection."""
    import pyproj

    crs = pyproj.CRS(grid.crs)
    return bool(crs.is_projected and crs.axis_info[0].unit_conversion_factor == 1)


def _to_lattice(at: float, cell: float) -> float:
    """Way to the next multiple of a cell; none where it is one but for rounding."""
    way = -at % cell
    return 0.0 if min(way, cell - way) < LATTICE * cell else way
