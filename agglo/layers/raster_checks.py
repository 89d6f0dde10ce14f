"""Checks what a raster file says of itself: its place, its numbers and its unit."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from agglo.errors import LayerError
from agglo.layers.raster_opening import shown
from agglo.rasters import Grid

if TYPE_CHECKING:
    import pyproj
    import rasterio

SKEW = 1e-3
"""Part of a cell by which the far corner of an upright raster may be off by rounding."""

SAMPLES = 9
"""Points along each side of a raster where its cells are tried on the ground."""

PER_AREA = (
    "/km",
    "/ km",
    "per km",
    "per sq",
    "km-2",
    "km^-2",
    "km⁻²",
    "/ha",
    "per ha",
    "/m2",
    "/m²",
)
"""What a unit of a density contains."""


def grid_of(file: rasterio.DatasetReader, path: Path | str) -> Grid:
    """Return the grid of a file, from north to south even if its rows run the other way.

    Raises
    ------
    LayerError
        If it has no CRS or no place on the ground, is rotated or mirrored, or its coordinates
        cannot be of its CRS.
    """
    name = shown(path)
    if not file.crs:
        by_points = bool(file.gcps[0]) or file.rpcs is not None
        raise LayerError(
            f"{name} is placed by control points, not by a grid; warp it first (gdalwarp)"
            if by_points
            else f"{name} has no CRS; set the one it was made in (gdal_edit.py -a_srs EPSG:…)"
        )
    moved = file.transform
    if moved.is_identity:
        raise LayerError(
            f"{name} has a CRS but no place on the ground; set its edges "
            "(gdal_edit.py -a_ullr west north east south)"
        )
    a, b, west, d, e, north = tuple(moved)[:6]
    if abs(b) * file.height <= SKEW * abs(a) and abs(d) * file.width <= SKEW * abs(e):
        b = d = 0.0
    if e > 0:
        north, e = north + e * file.height, -e
    try:
        grid = Grid(
            crs=file.crs.to_string(), transform=(a, b, west, d, e, north),
            height=file.height, width=file.width,
        )  # fmt: skip
    except LayerError as error:
        raise LayerError(f"{name}: {error}") from error
    return _placed(grid, name)


def ground_resolution_m(grid: Grid) -> float:
    """Side of a cell on the ground at the middle of a grid: the root of its area.

    Where the middle is off the earth, as in the corners of a world map, the nearest of some
    points that is not.

    Raises
    ------
    LayerError
        If no part of the grid lies on the earth: its CRS cannot be right.
    """
    import pyproj

    mover = pyproj.Transformer.from_crs(grid.crs, "EPSG:4326", always_xy=True)
    west, south, east, north = grid.bounds
    across, along = grid.cell
    steps = (np.arange(SAMPLES) + 0.5) / SAMPLES
    right, up = (part.ravel() for part in np.meshgrid(steps, steps))
    x, y = west + right * (east - west), south + up * (north - south)
    order = np.argsort(np.hypot(right - 0.5, up - 0.5), kind="stable")
    for at in order:
        xs = x[at] + across * np.array([-0.5, 0.5, 0.5, -0.5])
        ys = y[at] + along * np.array([-0.5, -0.5, 0.5, 0.5])
        lon, lat = mover.transform(xs, ys)
        if np.isfinite(lon).all() and np.isfinite(lat).all() and _is_back(mover, lon, lat, xs, ys):
            area, _ = pyproj.Geod(ellps="WGS84").polygon_area_perimeter(lon, lat)
            return float(np.sqrt(abs(area)))
    raise LayerError(
        f"the grid {grid.bounds} lies nowhere on the earth in the CRS {grid.crs[:60]}; name the "
        "CRS it was made in (gdal_edit.py -a_srs EPSG:…)"
    )


def check_numbers(file: rasterio.DatasetReader, band: int, path: Path | str) -> None:
    """Refuse a band of complex numbers: they have no place in a map.

    Raises
    ------
    LayerError
        If the band holds complex numbers.
    """
    dtype = file.dtypes[band - 1]
    if dtype.startswith("complex"):
        raise LayerError(
            f"{shown(path)}: band {band} holds complex numbers ({dtype}), as raw radar does; "
            "wanted real ones, such as its amplitude"
        )


def check_nodata(nodata: float | None, dtype: str, path: Path | str) -> None:
    """Refuse a nodata value that no cell can hold.

    Raises
    ------
    LayerError
        If the numbers are whole and the value is not, or it is out of their reach.
    """
    kind = np.dtype(dtype)
    if nodata is None or kind.kind not in "iu":
        return
    least, most = int(np.iinfo(kind).min), int(np.iinfo(kind).max)
    if not (np.isfinite(nodata) and float(nodata).is_integer() and least <= nodata <= most):
        raise LayerError(
            f"{shown(path)}: no cell can hold the nodata value {nodata:g}, its numbers are "
            f"{dtype} ({least} to {most}); give the value that marks gaps, or nodata=None"
        )


def check_unit(unit: str, own: str, quantity: str, path: Path | str) -> str:
    """Return the unit, the file's own where none is given.

    Raises
    ------
    LayerError
        If the file says that its numbers are per area, and they are to be added up as amounts.
    """
    said = own.casefold()
    if quantity == "count" and any(word in said for word in PER_AREA):
        raise LayerError(
            f"{shown(path)}: the file gives the unit '{own}', a density, but its numbers are to be "
            "added up as a count; say quantity='density'"
        )
    return unit or own


def _placed(grid: Grid, name: str) -> Grid:
    """Refuse coordinates that cannot be of the CRS; shift a grid beyond 180° E to the west."""
    import pyproj

    try:
        crs = pyproj.CRS(grid.crs)
    except pyproj.exceptions.CRSError as error:
        raise LayerError(f"{name}: its CRS cannot be understood: {error}") from error
    if not (crs.is_geographic or crs.is_projected):
        raise LayerError(
            f"{name}: its CRS is local ({crs.name}), so nobody can say where on the earth it "
            "lies; set the one it was made in (gdal_edit.py -a_srs EPSG:…)"
        )
    west, south, east, north = grid.bounds
    across, along = grid.cell
    fits_tall = south >= -90 - along and north <= 90 + along
    fits_wide = west >= -180 - across and east <= 180 + across
    if crs.is_geographic and fits_tall and fits_wide:
        return grid
    if crs.is_geographic and fits_tall and west >= -360 - across and east <= 540 + across:
        return _unrolled(grid, name)
    if crs.is_geographic or (fits_tall and fits_wide):
        raise LayerError(_mismatch(grid, crs, name))
    return grid


def _unrolled(grid: Grid, name: str) -> Grid:
    west, _, east, _ = grid.bounds
    across = grid.cell[0]
    if west >= 180 - across:
        a, b, left, d, e, top = grid.transform
        moved = (a, b, left - 360, d, e, top)
        return Grid(crs=grid.crs, transform=moved, height=grid.height, width=grid.width)
    if west >= -across and east > 270:
        raise LayerError(
            f"{name}: longitudes run from {west:g} to {east:g}, not from -180 to 180; cut it to "
            "the region (gdal_translate -projwin), or roll it (gdalwarp -te -180 -90 180 90)"
        )
    raise LayerError(
        f"{name}: it crosses the antimeridian, longitudes run from {west:g} to {east:g}; cut it "
        "there into two, or warp it to a projected CRS of the region (gdalwarp -t_srs)"
    )


def _mismatch(grid: Grid, crs: pyproj.CRS, name: str) -> str:
    west, south, east, north = grid.bounds
    return (
        f"{name}: coordinates reach {west:g} {south:g} … {east:g} {north:g}, which "
        f"{'are no' if crs.is_geographic else 'are'} degrees though the CRS is {crs.name} "
        f"({grid.crs[:40]}); name its true CRS (gdal_edit.py -a_srs EPSG:…)"
    )


def _is_back(
    mover: pyproj.Transformer, lon: np.ndarray, lat: np.ndarray, x: np.ndarray, y: np.ndarray
) -> bool:
    """Tell whether a move to degrees and back ends where it began."""
    back_x, back_y = mover.transform(lon, lat, direction="INVERSE")
    size = max(np.ptp(x), np.ptp(y))
    if not (np.isfinite(back_x).all() and np.isfinite(back_y).all()):
        return False
    return bool(max(np.abs(back_x - x).max(), np.abs(back_y - y).max()) < 0.01 * size)
