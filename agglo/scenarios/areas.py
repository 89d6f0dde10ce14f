"""An area that a planner drew: a polygon in a GeoJSON file beside the scenario."""

from __future__ import annotations

import difflib
import json
import math
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from shapely.geometry import MultiPolygon, Polygon

from agglo.errors import ScenarioError

DEGREES = "EPSG:4326"
SUFFIXES = (".geojson", ".json")
AREAS = ("Polygon", "MultiPolygon")
OTHERS = ("Point", "MultiPoint", "LineString", "MultiLineString")
GROUPS = {"FeatureCollection": "features", "GeometryCollection": "geometries"}
"""What holds other objects, and under which member."""

FIX = "mend it in QGIS: Vector › Geometry Tools › Fix Geometries"


@dataclass(frozen=True, slots=True, kw_only=True)
class Area:
    """A named polygon."""

    name: str
    polygon: Polygon | MultiPolygon
    """In EPSG:4326, lon and lat in degrees."""


def read_area(path: Path) -> Area:
    """Read the polygons of a GeoJSON file as one area, several of them dissolved.

    Without a member ``crs`` they are in lon and lat (RFC 7946); with one, as QGIS writes it,
    they are transformed. Heights are left out.

    Raises
    ------
    ScenarioError
        If the file is absent, no GeoJSON, holds no polygon or one that crosses itself, or lies
        outside the degrees.
    """
    root = _read_json(path)
    crs = _crs_of(root, path.name)
    polygons = [
        _polygon(rings, crs, f"{path.name}, polygon {number}")
        for number, rings in enumerate(_polygons(root, path.name), 1)
    ]
    if not polygons:
        raise ScenarioError(f"{path.name}: holds no polygon; draw one in QGIS and save the layer")
    import shapely

    joined = shapely.union_all(polygons).normalize()
    return Area(name=path.stem, polygon=joined)


def _read_json(path: Path) -> Any:
    if path.suffix.lower() not in SUFFIXES:
        raise ScenarioError(
            f"'{path.name}' is no GeoJSON file; wanted a name that ends in .geojson: in QGIS, "
            "Export › Save Features As › GeoJSON"
        )
    try:
        text = path.read_text(encoding="utf-8-sig")
    except UnicodeDecodeError as wrong:
        raise ScenarioError(f"{path.name}: not UTF-8 ({wrong}); save it as UTF-8") from wrong
    except FileNotFoundError as wrong:
        raise ScenarioError(f"there is no file '{path.name}'; {_others(path)}") from wrong
    except (OSError, ValueError) as wrong:
        reason = wrong.strerror if isinstance(wrong, OSError) else wrong
        raise ScenarioError(f"{path.name!r} cannot be read: {reason}") from wrong
    try:
        return json.loads(text, parse_constant=_no_constant)
    except json.JSONDecodeError as wrong:
        raise ScenarioError(
            f"{path.name}: malformed JSON: {wrong.msg} (at line {wrong.lineno}, column "
            f"{wrong.colno}); save the layer as GeoJSON again"
        ) from wrong
    except (ValueError, RecursionError) as wrong:
        raise ScenarioError(
            f"{path.name}: malformed JSON: {wrong}; save the layer as GeoJSON again"
        ) from wrong


def _no_constant(name: str) -> float:
    raise ValueError(f"{name} is no coordinate")


def _others(path: Path) -> str:
    try:
        names = sorted(item.name for item in path.parent.iterdir() if item.suffix in SUFFIXES)
    except OSError:
        names = []
    if not names:
        return "save the drawn polygon as GeoJSON beside the scenario file"
    by_stem = {Path(name).stem: name for name in names}
    near = [by_stem[stem] for stem in difflib.get_close_matches(path.stem, by_stem, 3, 0.4)]
    return f"did you mean {' or '.join(near)}?" if near else f"there are {', '.join(names)}"


def _crs_of(root: Any, where: str) -> str:
    """Return the CRS that a file names, else that of the standard."""
    member = root.get("crs") if isinstance(root, dict) else None
    if member is None:
        return DEGREES
    properties = member.get("properties") if isinstance(member, dict) else None
    given = properties if isinstance(properties, dict) else {}
    name = given.get("name") or (f"EPSG:{given['code']}" if "code" in given else "")
    import pyproj
    import pyproj.exceptions

    try:
        found = pyproj.CRS.from_user_input(str(name))
    except pyproj.exceptions.CRSError as wrong:
        raise ScenarioError(
            f"{where}: unknown crs {str(name)[:80]!r}; save the layer in EPSG:4326"
        ) from wrong
    return DEGREES if _is_degrees(found) else found.to_wkt()


def _is_degrees(crs: Any) -> bool:
    """Tell whether a CRS is WGS 84 in either order of axes: GeoJSON has lon first always."""
    return crs.to_authority() in (("EPSG", "4326"), ("OGC", "CRS84"))


def _polygons(item: Any, where: str) -> Iterator[list[Any]]:
    """Give the rings of every polygon in a GeoJSON object."""
    kind = item.get("type") if isinstance(item, dict) else None
    kind = kind if isinstance(kind, str) else ""
    if kind in GROUPS:
        for part in _list(item.get(GROUPS[kind]), GROUPS[kind], where):
            yield from _polygons(part, where)
    elif kind == "Feature":
        if item.get("geometry") is not None:
            yield from _polygons(item["geometry"], where)
    elif kind in AREAS:
        rings = _list(item.get("coordinates"), "coordinates", where)
        if rings:
            yield from rings if kind == "MultiPolygon" else [rings]
    elif kind in OTHERS:
        raise ScenarioError(f"{where}: holds a {kind}; wanted polygons alone: take it out")
    else:
        got = f"'{kind}'" if kind else "no 'type'"
        raise ScenarioError(
            f"{where}: is no GeoJSON of polygons: {got[:40]}; save the layer as GeoJSON"
        )


def _list(value: Any, what: str, where: str) -> list[Any]:
    if not isinstance(value, list):
        raise ScenarioError(f"{where}: malformed GeoJSON: '{what}' is no list; save it again")
    return value


def _polygon(rings: Any, crs: str, where: str) -> Polygon:
    """Make one polygon in degrees of its rings."""
    import shapely

    rings = [_ring(ring, where) for ring in _list(rings, "coordinates", where)]
    if not rings or not rings[0]:
        raise ScenarioError(f"{where}: has no ring; draw it again")
    try:
        polygon = Polygon(rings[0], rings[1:])
    except ValueError as wrong:
        raise ScenarioError(f"{where}: {wrong}; draw three corners or more") from wrong
    if crs != DEGREES:
        polygon = _in_degrees(polygon, crs)
    west, south, east, north = polygon.bounds
    if not (-180 <= west <= east <= 180 and -90 <= south <= north <= 90):
        hint = "; are they metres? save the layer in EPSG:4326" if crs == DEGREES else ""
        raise ScenarioError(
            f"{where}: lies outside lon −180 to 180, lat −90 to 90 (it starts at "
            f"{rings[0][0][0]:g}, {rings[0][0][1]:g}){hint}"
        )
    if not polygon.is_valid:
        raise ScenarioError(f"{where}: crosses itself: {shapely.is_valid_reason(polygon)}; {FIX}")
    if not polygon.area > 0:
        raise ScenarioError(f"{where}: has no area; draw three corners or more")
    return polygon


def _ring(ring: Any, where: str) -> list[tuple[float, float]]:
    points = []
    for point in _list(ring, "coordinates", where):
        pair = point[:2] if isinstance(point, list) else []
        if len(pair) < 2 or not all(_is_number(number) for number in pair):
            raise ScenarioError(
                f"{where}: {str(point)[:40]} is no point; wanted two finite numbers, lon and lat"
            )
        points.append((float(pair[0]), float(pair[1])))
    return points


def _is_number(value: Any) -> bool:
    is_plain = isinstance(value, int | float) and not isinstance(value, bool)
    return is_plain and abs(value) < 1e12 and math.isfinite(value)


def _in_degrees(polygon: Polygon, crs: str) -> Polygon:
    import numpy as np
    import pyproj
    import shapely

    # files of GeoJSON have east before north whatever the axes of the CRS
    to_degrees = pyproj.Transformer.from_crs(crs, DEGREES, always_xy=True)

    def moved(points: Any) -> Any:
        return np.column_stack(to_degrees.transform(points[:, 0], points[:, 1]))

    return shapely.transform(polygon, moved)
