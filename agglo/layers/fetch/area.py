"""The area that a fetch asks for: read from a file, checked, and covered by a short outline."""

from __future__ import annotations

from pathlib import Path

import geopandas as gpd
import pyogrio
import pyogrio.errors
import pyproj.exceptions
import shapely
from pyproj import Geod
from shapely.geometry import MultiPolygon, Polygon
from shapely.geometry.base import BaseGeometry
from shapely.validation import explain_validity

from agglo.errors import LayerError

PIECE_KM2 = 2500.0
AREA_MAX_KM2 = 50_000.0
"""Beyond it a ready extract is quicker, and kinder to servers that everybody shares."""
REQUESTS_MAX = 1000
CORNERS_MAX = 100
TOLERANCE_DEG = 1e-4


def read_polygon(path: Path) -> BaseGeometry:
    """Read all polygons of a file as one area in EPSG:4326.

    Raises
    ------
    LayerError
        If the file cannot be read, has several layers or no CRS, or holds no valid polygon.
    """
    try:
        layers = pyogrio.list_layers(path)
        if len(layers) > 1:
            raise LayerError(f"{path} has {len(layers)} layers; save the one of the area alone")
        frame = gpd.read_file(path, engine="pyogrio")
    except (pyogrio.errors.DataSourceError, pyogrio.errors.DataLayerError) as error:
        raise LayerError(f"{path} cannot be read as a map layer: {error}") from error
    if not isinstance(frame, gpd.GeoDataFrame) or not frame.geometry.notna().any():
        raise LayerError(f"{path} holds no geometry; wanted polygons")
    shapes = frame.geometry.dropna()
    if shapes.crs is None:
        raise LayerError(f"{path} does not say its CRS; wanted one, such as EPSG:4326")
    for row, shape in enumerate(shapes, start=1):
        _check_shape(shape, f"{path}, feature {row},")
    try:
        area = shapely.force_2d(shapes.to_crs(4326).union_all())
    except (pyproj.exceptions.ProjError, shapely.errors.GEOSException) as error:
        raise LayerError(f"{path} cannot be brought to EPSG:4326: {error}") from error
    return check_area(area, where=str(path))


def check_area(area: BaseGeometry, *, where: str, piece_km2: float = PIECE_KM2) -> BaseGeometry:
    """Return the area if it can be asked for.

    Parameters
    ----------
    area
        In EPSG:4326, longitude first.
    where
        What the message calls it.
    piece_km2
        Area of one request.

    Raises
    ------
    LayerError
        If it is no valid polygon in degrees, or too large.
    """
    _check_shape(area, where)
    west, south, east, north = area.bounds
    if not (-180 <= west <= east <= 180 and -90 <= south <= north <= 90):
        raise LayerError(
            f"{where} reaches from {west:g}, {south:g} to {east:g}, {north:g}; wanted degrees "
            "(EPSG:4326, longitude first), so bring metres to EPSG:4326"
        )
    if not piece_km2 > 0:
        raise LayerError(f"piece_km2 must be above 0, got {piece_km2}")
    km2 = hull_km2(area)
    if km2 > AREA_MAX_KM2:
        raise LayerError(
            f"{where} takes {km2:,.0f} km², more than {AREA_MAX_KM2:,.0f}; take a ready extract "
            "(.osm.pbf) of the region instead"
        )
    if km2 / piece_km2 > REQUESTS_MAX:
        raise LayerError(
            f"{where} takes {km2:,.0f} km², which would be more than {REQUESTS_MAX} requests of "
            f"{piece_km2:g} km²; allow larger pieces"
        )
    return area


def hull_km2(area: BaseGeometry) -> float:
    """Return the area of the convex hull on the ellipsoid, in km²."""
    area_m2, _ = Geod(ellps="WGS84").geometry_area_perimeter(shapely.convex_hull(area))
    return abs(float(area_m2)) / 1e6


def outline_of(area: BaseGeometry) -> BaseGeometry:
    """Cover an area, holes too, by one of few corners: a request repeats them dozens of times."""
    outline = filled = _filled(area)
    tolerance = TOLERANCE_DEG
    while shapely.get_num_coordinates(outline) > CORNERS_MAX:
        # Simplifying moves the edge inwards by no more than the buffer moved it outwards.
        outline = _filled(filled.buffer(1.01 * tolerance).simplify(tolerance))
        tolerance *= 2
    return outline


def _filled(area: BaseGeometry) -> BaseGeometry:
    return shapely.union_all([Polygon(part.exterior) for part in shapely.get_parts(area)])


def _check_shape(shape: BaseGeometry, where: str) -> None:
    if not isinstance(shape, Polygon | MultiPolygon):
        raise LayerError(f"{where} is a {shape.geom_type}; wanted a Polygon or MultiPolygon")
    if shape.is_empty:
        raise LayerError(f"{where} is empty; wanted an area")
    if not shape.is_valid:
        raise LayerError(f"{where} is no area ({explain_validity(shape)}); mend it, as in QGIS")
