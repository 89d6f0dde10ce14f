"""Mends the shapes of zones and brings them to a CRS in true metres."""

from __future__ import annotations

from pathlib import Path

import geopandas as gpd
import numpy as np
import pyproj
import pyproj.exceptions
import shapely

from agglo.errors import LayerError
from agglo.layers.text_cells import listed

KINDS = ("Polygon", "MultiPolygon", "Point")
WIDEST_DEGREES = 60.0
"""Wider than this, one UTM zone bends shapes too much to measure on."""

METRES = ("metre", "meter")
WEB_MERCATOR = "Popular Visualisation Pseudo Mercator"


def mended(path: Path, zones: gpd.GeoDataFrame) -> tuple[gpd.GeoDataFrame, list[str]]:
    """Return valid flat shapes, and what was done; the index must be the ids.

    Raises
    ------
    LayerError
        If a shape is empty, has a coordinate that is no finite number, or is neither an area
        nor a point.
    """
    shapes, notes = zones.geometry, []
    missing = (shapes.isna() | shapes.is_empty).to_numpy()
    if missing.any():
        raise LayerError(
            f"{path}: zone {listed(zones.index[missing])} has no geometry; draw it, or delete the "
            "row"
        )
    wild = ~np.isfinite(shapes.bounds.to_numpy()).all(axis=1)
    if wild.any():
        raise LayerError(
            f"{path}: zone {listed(zones.index[wild])} has a coordinate that is no finite number; "
            "repair its geometry"
        )
    if shapes.has_z.any() or shapely.has_m(shapes.to_numpy()).any():
        shapes = gpd.GeoSeries(shapely.force_2d(shapes.to_numpy()), zones.index, crs=shapes.crs)
        notes.append("heights left out")
    broken = ~shapes.is_valid.to_numpy()
    if broken.any():
        shapes = shapes.where(~broken, shapes.make_valid())
        notes.append(f"{int(broken.sum())} shape(s) mended: {listed(zones.index[broken])}")
    shapes = _areas(shapes)
    # what collapses while it is mended has no area, though it was drawn as one
    collapsed = (shapes.geom_type == "Point") & (zones.geometry.geom_type != "Point")
    odd = (~shapes.geom_type.isin(KINDS) | shapes.is_empty | collapsed).to_numpy()
    if odd.any():
        kinds = ", ".join(sorted(set(zones.geometry.geom_type[odd])))
        raise LayerError(
            f"{path}: zone {listed(zones.index[odd])} is no area ({kinds}); wanted polygons or "
            "points"
        )
    return zones.set_geometry(shapes.to_numpy(), crs=zones.crs), notes


def dissolved(path: Path, zones: gpd.GeoDataFrame) -> gpd.GeoDataFrame:
    """Join shapes with the same index; other columns keep their first value."""
    joined: gpd.GeoDataFrame = zones.dissolve(level=0, sort=False, aggfunc="first")
    points = (joined.geom_type == "MultiPoint").to_numpy()
    if points.any():
        raise LayerError(
            f"{path}: zone {listed(joined.index[points])} is drawn as several points; keep one"
        )
    return joined[list(zones.columns)]


def projected(
    path: Path, zones: gpd.GeoDataFrame, crs: str | None
) -> tuple[gpd.GeoDataFrame, list[str]]:
    """Return zones in metres, and what was done: to the CRS named, else UTM if they need it.

    Raises
    ------
    LayerError
        If the layer does not say its CRS, its coordinates cannot be of it, the CRS named is
        not in metres, or the zones do not fit into one UTM zone.
    """
    _check_crs(path, zones)
    wanted = _named(crs) if crs is not None else _utm(path, zones)
    if wanted is None or zones.crs == wanted:
        return zones, []
    moved: gpd.GeoDataFrame = zones.to_crs(wanted)
    if not np.isfinite(moved.total_bounds).all():
        raise LayerError(f"{path}: its coordinates do not fit into {wanted.name}; name another CRS")
    why = "degrees" if zones.crs.is_geographic else zones.crs.name
    return moved, [f"projected from {why} to {wanted.to_string()} ({wanted.name})"]


def _areas(shapes: gpd.GeoSeries) -> gpd.GeoSeries:
    """Keep the areas of collections, which mending makes of bow ties and spikes."""
    mixed = (shapes.geom_type == "GeometryCollection").to_numpy()
    if not mixed.any():
        return shapes
    parts = shapes[mixed].reset_index(drop=True).explode(index_parts=False)
    # collections within collections fall apart at the second go
    parts = parts.explode(index_parts=False)
    areas = parts[parts.geom_type.isin(("Polygon", "MultiPolygon"))]
    joined = areas.groupby(level=0).agg(lambda own: shapely.union_all(own.to_numpy()))
    kept = shapes.to_numpy().copy()
    kept[mixed] = joined.reindex(range(int(mixed.sum())), fill_value=shapely.Polygon()).to_numpy()
    return gpd.GeoSeries(kept, index=shapes.index, crs=shapes.crs)


def _check_crs(path: Path, zones: gpd.GeoDataFrame) -> None:
    west, south, east, north = zones.total_bounds
    are_degrees = west >= -180 and east <= 180 and south >= -90 and north <= 90
    if zones.crs is None:
        raise LayerError(
            f"{path} does not say its CRS (coordinates {west:g} {south:g} … {east:g} {north:g}"
            f"{', which may be degrees' if are_degrees else ''}); set it in QGIS and save again"
        )
    if zones.crs.is_geographic != are_degrees:
        raise LayerError(
            f"{path}: coordinates reach {west:g} {south:g} … {east:g} {north:g}, which "
            f"{'are' if are_degrees else 'are no'} degrees though the CRS is {zones.crs.name}; "
            "set the true CRS in QGIS and save again"
        )


def _named(crs: str) -> pyproj.CRS:
    try:
        wanted = pyproj.CRS.from_user_input(crs)
    except pyproj.exceptions.CRSError as error:
        raise LayerError(
            f"'{crs}' is no CRS; wanted one in metres, such as 'EPSG:32637'"
        ) from error
    if wanted.is_geographic or not _is_metric(wanted):
        raise LayerError(
            f"'{crs}' ({wanted.name}) is not in metres; wanted one that is, such as 'EPSG:32637'"
        )
    return wanted


def _utm(path: Path, zones: gpd.GeoDataFrame) -> pyproj.CRS | None:
    """Return the UTM zone of the centre, or None where the zones are in true metres already."""
    own = pyproj.CRS(zones.crs)
    operation = own.coordinate_operation
    is_web = operation is not None and operation.method_name == WEB_MERCATOR
    if not own.is_geographic and _is_metric(own) and not is_web:
        return None
    west, _, east, _ = zones.to_crs("EPSG:4326").total_bounds
    try:
        if not east - west <= WIDEST_DEGREES:
            raise ValueError(f"they span {east - west:.0f} degrees of longitude")
        return pyproj.CRS(zones.estimate_utm_crs())
    except (RuntimeError, ValueError) as error:
        raise LayerError(
            f"{path}: the zones lie in no single UTM zone ({error}); name a CRS in metres"
        ) from error


def _is_metric(crs: pyproj.CRS) -> bool:
    return bool(crs.axis_info) and all(axis.unit_name in METRES for axis in crs.axis_info[:2])
