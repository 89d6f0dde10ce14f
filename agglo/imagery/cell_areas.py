"""Tells how large the cells of a raster really are on the ground."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
import pyproj
import pyproj.exceptions
from numpy.polynomial.chebyshev import chebpts1, chebvander

from agglo.errors import LayerError
from agglo.rasters import Floats, Grid

WHOLE_CELLS = 40_000
"""Up to here every cell is measured; larger grids are measured at samples."""

SAMPLES = (8, 16, 32)
TOLERANCE = 1e-8
"""Largest relative error of the polynomial through the samples, else every cell is measured."""

CHECKS = 7
ROWS_AT_ONCE = 256


def crs_of(grid: Grid) -> pyproj.CRS:
    """Read the CRS of a grid.

    Raises
    ------
    LayerError
        If pyproj cannot read it, or it is not tied to the earth.
    """
    try:
        crs = pyproj.CRS(grid.crs)
    except pyproj.exceptions.CRSError as error:
        raise LayerError(f"the raster's CRS '{grid.crs}' cannot be read: {error}") from error
    _earth_of(crs)
    return crs


def cell_areas_km2(grid: Grid) -> Floats:
    """True area of the cells on the ellipsoid of their CRS, which is WGS84 for most.

    Corners are put on an equal-area cylinder (Snyder 1987, p. 16, eq. 3-12) and joined there by
    straight lines: exact for lon/lat; in other CRS neighbours leave no gap, so that sums are
    right, and one cell errs by the bend of its edges, below 1e-5 for sides under 10 km. Grids of
    over 40,000 cells are measured at samples, and the polynomial through them holds to 1e-8.
    PROJ's Mollweide is drawn on a sphere: its cells are not equal on the ellipsoid (1.0012 times
    their nominal area at 50° N).

    Returns
    -------
    areas
        Rows × 1 for lon/lat, else rows × columns; ``nan`` off the edge of the map.

    Raises
    ------
    LayerError
        If the CRS cannot be read.

    Examples
    --------
    >>> earth = Grid(crs="EPSG:4326", transform=(360, 0, -180, 0, -90, 90), height=2, width=1)
    >>> cell_areas_km2(earth).round().tolist()
    [[255032811.0], [255032811.0]]
    """
    cylinder = _cylinder(crs_of(grid))
    west, _, _, north = grid.bounds
    across, along = grid.cell
    tops: Floats = north - along * np.arange(grid.height + 1.0)
    if cylinder.to_degrees is None:
        edges = np.array([[west], [west + across]])
        turn, height = cylinder.place(edges, tops)
        areas: Floats = (turn[1] - turn[0])[0] * -np.diff(height[0])[:, None]
        return areas * cylinder.radius_km**2
    if grid.height * grid.width > WHOLE_CELLS:
        smooth = _sampled(cylinder, grid)
        if smooth is not None:
            return smooth
    lefts: Floats = west + across * np.arange(grid.width + 1.0)
    strips = [tops[row : row + ROWS_AT_ONCE + 1] for row in range(0, grid.height, ROWS_AT_ONCE)]
    return np.vstack([_between(cylinder, lefts, strip) for strip in strips])


@dataclass(frozen=True, slots=True, kw_only=True)
class _Cylinder:
    """The way from a CRS to an equal-area cylinder around its own ellipsoid."""

    radius_km: float
    squared: float
    """Eccentricity², 0 for a sphere."""

    radians: float
    """Radians in one unit of latitude."""

    to_degrees: pyproj.Transformer | None

    def place(self, x: Floats, y: Floats) -> tuple[Floats, Floats]:
        """Return longitude and height in radii; columns of x are broadcast against y."""
        x, y = np.broadcast_arrays(np.asarray(x, dtype=float), np.asarray(y, dtype=float))
        lon, lat = (x, y) if self.to_degrees is None else self.to_degrees.transform(x, y)
        on_map = np.isfinite(lon) & np.isfinite(lat)
        turn = np.where(on_map, lon, np.nan) * self.radians
        # rasters whose cells are centred on the poles reach beyond them
        angle = np.clip(np.where(on_map, lat, np.nan) * self.radians, -np.pi / 2, np.pi / 2)
        return turn, _height(np.sin(angle), self.squared)


def _cylinder(crs: pyproj.CRS) -> _Cylinder:
    ellipsoid, own = _earth_of(crs)
    inverse = ellipsoid.inverse_flattening
    flattening = 1 / inverse if inverse else 0.0
    is_own = crs.is_geographic
    return _Cylinder(
        radius_km=ellipsoid.semi_major_metre / 1000,
        squared=flattening * (2 - flattening),
        radians=own.axis_info[0].unit_conversion_factor,
        to_degrees=None if is_own else pyproj.Transformer.from_crs(crs, own, always_xy=True),
    )


def _earth_of(crs: pyproj.CRS) -> tuple[Any, pyproj.CRS]:
    """Return the ellipsoid and the longitudes and latitudes that a CRS is made of."""
    ellipsoid, own = crs.ellipsoid, crs.geodetic_crs
    if ellipsoid is None or own is None:
        raise LayerError(
            f"the raster's CRS '{crs.name}' is not tied to the earth; set the right one "
            "(gdal_edit.py -a_srs EPSG:…)"
        )
    return ellipsoid, own


def _height(sine: Floats, squared: float) -> Floats:
    """Height on the cylinder in radii by the sine of latitude: q/2 of Snyder (1987, p. 16)."""
    if squared == 0:
        return sine
    root = np.sqrt(squared)
    height: Floats = ((1 - squared) / 2) * (
        sine / (1 - squared * sine**2) + np.arctanh(root * sine) / root
    )
    return height


def _between(cylinder: _Cylinder, lefts: Floats, tops: Floats) -> Floats:
    """Areas of the cells between lines of corners, km²."""
    turn, height = cylinder.place(lefts, tops[:, None])
    return _quadrangles(
        cylinder,
        [(a[:-1, :-1], a[:-1, 1:], a[1:, 1:], a[1:, :-1]) for a in (turn, height)],
    )


def _sampled(cylinder: _Cylinder, grid: Grid) -> Floats | None:
    """Areas by a polynomial through sample cells; None where it does not hold."""
    west, south, east, north = grid.bounds
    across, along = grid.cell
    span = np.array([[west, east - across], [north, south + along]])

    def places(at: Floats, axis: int) -> Floats:
        low, high = span[axis]
        placed: Floats = low + (high - low) * (at + 1) / 2
        return placed

    checks = np.linspace(-1, 1, CHECKS)
    expected = _cells_at(cylinder, grid, places(checks, 0), places(checks, 1))
    for count in SAMPLES:
        nodes = chebpts1(count)
        sampled = _cells_at(cylinder, grid, places(nodes, 0), places(nodes, 1))
        if not (np.isfinite(sampled).all() and np.isfinite(expected).all()):
            return None
        solve = np.linalg.inv(chebvander(nodes, count - 1))
        weights = solve @ sampled @ solve.T
        if np.abs(_surface(weights, checks, checks) / expected - 1).max() < TOLERANCE:
            rows, columns = np.linspace(-1, 1, grid.height), np.linspace(-1, 1, grid.width)
            return _surface(weights, rows, columns)
    return None


def _surface(weights: Floats, down: Floats, across: Floats) -> Floats:
    """Values of a polynomial of both directions, each from −1 to 1."""
    degree = len(weights) - 1
    values: Floats = chebvander(down, degree) @ weights @ chebvander(across, degree).T
    return values


def _cells_at(cylinder: _Cylinder, grid: Grid, lefts: Floats, tops: Floats) -> Floats:
    """Areas of cells of the grid's size that start anywhere, km²."""
    across, along = grid.cell
    x, y = np.meshgrid(lefts, tops)
    corners = [
        cylinder.place(x + i * across, y - j * along) for i, j in ((0, 0), (1, 0), (1, 1), (0, 1))
    ]
    return _quadrangles(cylinder, list(zip(*corners, strict=True)))


def _quadrangles(cylinder: _Cylinder, corners: list[tuple[Floats, ...]]) -> Floats:
    """Areas between four corners in order, km²; a whole turn between them is undone."""
    turns, heights = corners
    x = [turn - turns[0] for turn in turns]
    x = [one - 2 * np.pi * np.round(one / (2 * np.pi)) for one in x]
    y = [height - heights[0] for height in heights]
    double = sum(x[i] * y[(i + 1) % 4] - x[(i + 1) % 4] * y[i] for i in range(4))
    areas: Floats = np.abs(np.asarray(double)) / 2 * cylinder.radius_km**2
    return areas
