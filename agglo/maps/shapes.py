"""Zones as a page draws them: fewer points, neighbours still fitting, whole numbers for degrees."""

from __future__ import annotations

from typing import Any

import geopandas as gpd
import numpy as np
import numpy.typing as npt
import shapely
from scipy.spatial import cKDTree

from agglo.errors import LayerError

MOST_POINTS = 60_000
"""Borders of a page are simplified until they have no more points than this, all together."""

FEW_POINTS = 12
"""Points of a zone that need no further thinning, however many zones there are."""

FINEST = 4_000
"""The finest tolerance is the extent over this: about half a pixel of a wide screen."""

COARSEST = 500
"""The coarsest tolerance is the extent over this: a page rather grows than shows nonsense."""

GRID = 100_000
"""Borders are first put on a grid of the extent over this: vertices of neighbours then meet."""

DEGREE_UNITS = 100_000
"""Degrees are written as whole numbers of 1e-5, about a metre."""

NEAREST = 6
"""So many zones count as near, whether they touch or not."""

Shapes = npt.NDArray[Any]
Pairs = npt.NDArray[np.int64]


def drawn_shapes(zones: gpd.GeoDataFrame) -> tuple[Shapes, float]:
    """Simplify zones together, so that neighbours go on sharing their border.

    Parameters
    ----------
    zones
        Polygons or points, in a metric CRS; a zone without geometry is not drawn.

    Returns
    -------
    shapes, tolerance_m
        In the order and CRS of the zones: polygons, or points where a zone is no polygon or too
        small to be one; None where there is no geometry. Shifts of less than the tolerance
        cannot be seen.
    """
    if zones.crs is None or zones.crs.is_geographic:
        raise LayerError(
            "the zones of a map need a CRS in metres; reproject them, "
            "such as zones.to_crs('EPSG:3035')"
        )
    given = shapely.force_2d(zones.geometry.to_numpy())
    there = ~(shapely.is_missing(given) | shapely.is_empty(given))
    is_area = there & (shapely.get_dimensions(given) == 2)
    shapes = np.full(len(given), None, dtype=object)
    shapes[there] = shapely.point_on_surface(given[there])
    size_m = _size_m(given[there])
    if is_area.any():
        fitted, tolerance_m = _simplified(given[is_area], size_m)
        alive = ~shapely.is_empty(fitted)
        shapes[np.flatnonzero(is_area)[alive]] = fitted[alive]
        return shapes, tolerance_m
    return shapes, size_m / FINEST


def joined_shapes(shapes: Shapes, codes: npt.NDArray[np.int64], *, tolerance_m: float) -> Shapes:
    """Join the polygons of each area; gaps between zones that are too thin to see are closed.

    Parameters
    ----------
    codes
        Number of the area of each zone from 0, negative where it is in none.

    Returns
    -------
    joined_shapes
        One per area; None where none of its zones is a polygon.
    """
    is_area = shapely.get_dimensions(shapes) == 2
    joined = np.full(int(codes.max(initial=-1)) + 1, None, dtype=object)
    for code in range(len(joined)):
        own = shapes[is_area & (codes == code)]
        if len(own):
            joined[code] = _without_slivers(shapely.union_all(own), tolerance_m)
    return joined


def touching_pairs(shapes: Shapes, *, apart_m: float) -> Pairs:
    """Find pairs of zones that touch, or nearly: two rows of positions, every pair both ways."""
    there = np.flatnonzero(~shapely.is_missing(shapes))
    tree = shapely.STRtree(shapes[there])
    pairs: Pairs = there[tree.query(shapes[there], predicate="dwithin", distance=apart_m)]
    return pairs[:, pairs[0] != pairs[1]]


def nearest_pairs(shapes: Shapes) -> Pairs:
    """Pair each zone with those whose middles are nearest: two rows of positions."""
    there = np.flatnonzero(~shapely.is_missing(shapes))
    if len(there) < 2:
        return np.empty((2, 0), dtype=np.int64)
    middles = shapely.get_coordinates(shapely.centroid(shapes[there]))
    nearest = cKDTree(middles).query(middles, k=min(NEAREST + 1, len(there)))[1]
    pairs: Pairs = np.vstack([np.repeat(there, nearest.shape[1]), there[nearest.ravel()]])
    return pairs[:, pairs[0] != pairs[1]]


def written_shapes(shapes: Shapes, crs: object) -> list[object]:
    """Write shapes for the page: degrees as whole numbers, each point as a step from the last.

    Returns
    -------
    written_shapes
        ``[x, y]`` for a point, for a polygon its parts, of each the rings as flat lists
        ``[x, y, dx, dy, …]`` without the closing point; None where there is no shape.
    """
    degrees = gpd.GeoSeries(list(shapes), crs=crs).to_crs("EPSG:4326").to_numpy()
    return [None if shape is None else _written(shape) for shape in degrees]


def _simplified(polygons: Shapes, size_m: float) -> tuple[Shapes, float]:
    valid = shapely.make_valid(polygons, method="structure", keep_collapsed=False)
    fitted = shapely.set_precision(valid, size_m / GRID)
    fitted = np.where(shapely.get_dimensions(fitted) == 2, fitted, shapely.Polygon())
    tolerance_m = size_m / FINEST
    most = max(MOST_POINTS, FEW_POINTS * len(fitted))
    while True:
        fitted = shapely.coverage_simplify(fitted, tolerance_m)
        if shapely.get_num_coordinates(fitted).sum() <= most or tolerance_m > size_m / COARSEST:
            return fitted, tolerance_m
        tolerance_m *= 2**0.5


def _size_m(shapes: Shapes) -> float:
    if not len(shapes):
        return 1.0
    west, south, east, north = shapely.total_bounds(shapes)
    return float(max(east - west, north - south, 1.0))


def _without_slivers(shape: Any, tolerance_m: float) -> Any:
    """Drop parts and holes that are thinner than the tolerance all along."""

    def is_seen(ring: Any) -> bool:
        area = shapely.area(shapely.Polygon(ring))
        return bool(area > tolerance_m * shapely.length(ring) / 2)

    polygons = [
        shapely.Polygon(part.exterior, [ring for ring in part.interiors if is_seen(ring)])
        for part in shapely.get_parts(shape)
    ]
    return shapely.MultiPolygon(polygons)


def _written(shape: Any) -> object:
    if shapely.get_dimensions(shape) == 0:
        return _steps(shape)
    return [
        [_steps(ring) for ring in (part.exterior, *part.interiors)]
        for part in shapely.get_parts(shape)
        if not part.is_empty
    ]


def _steps(line: Any) -> list[int]:
    xy = np.rint(shapely.get_coordinates(line) * DEGREE_UNITS).astype(np.int64)
    if len(xy) > 1:
        xy = xy[:-1]
    steps: list[int] = np.diff(xy, axis=0, prepend=0).ravel().tolist()
    return steps
