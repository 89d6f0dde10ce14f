"""Reads places, buildings, facilities and boundaries from OpenStreetMap files."""

from __future__ import annotations

import math
from array import array
from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple

import geopandas as gpd
import numpy as np
import pandas as pd
import shapely

from agglo.layers.osm_feature_tags import facility_kind, levels_count, population_count
from agglo.layers.osm_file import DEGREE, osm_file, reading

if TYPE_CHECKING:
    from osmium.geom import WKBFactory
    from osmium.io import File

Box = tuple[float, float, float, float]
CRS, EQUAL_AREA = "EPSG:4326", "EPSG:6933"
WIDEST_DEGREES = 20.0
"""A box in a file's header that is wider or taller than this is not believed."""

NODE_KEYS = ("place", "amenity", "healthcare", "railway", "highway", "public_transport", "aeroway")
AREA_KEYS = ("place", "building", "boundary", "amenity", "healthcare", "railway",
             "public_transport", "aeroway")  # fmt: skip


@dataclass(frozen=True, slots=True, kw_only=True)
class OsmFeatures:
    """What an extract holds besides streets, by ``osm_id``: n, w or r and the number.

    Points are in degrees; what is drawn as a line or an area stands at its middle.
    """

    places: pd.DataFrame
    """``osm_id``, ``kind`` (the place tag), ``name``, ``name_en``, ``lon``, ``lat``,
    ``population_count`` (NaN if not given). A place drawn as an area is left out if a place of
    its name lies inside."""

    buildings: pd.DataFrame
    """``osm_id``, ``kind``, ``floor_area_m2`` (footprint times levels, one level if not given),
    ``is_levels_known``, ``lon``, ``lat``."""

    facilities: pd.DataFrame
    """``osm_id``, ``kind`` (station, bus_stop, hospital, school …), ``name``, ``lon``, ``lat``."""

    boundaries: gpd.GeoDataFrame
    """``osm_id``, ``level`` (admin_level), ``name``, and polygons in EPSG:4326."""

    extent: Box
    """West, south, east, north in degrees: the box in the file's header, else of its nodes."""

    report: pd.DataFrame
    """``what`` was left out or assumed, and its ``count``."""


class _Row(NamedTuple):
    osm_id: str
    place: str
    building: str
    facility: str
    level: str
    name: str
    name_en: str
    population: str
    levels: str
    is_area: bool


def read_osm_features(path: Path) -> OsmFeatures:
    """Read what a region needs besides streets.

    Places and facilities are read from nodes, ways and areas, buildings from closed ways and
    multipolygons, boundaries where the extract holds them whole.

    Parameters
    ----------
    path
        A file that ends in .osm.pbf, .pbf, .osm, .osm.gz or .osm.bz2.

    Raises
    ------
    LayerError
        If pyosmium is absent or the file cannot be read.
    """
    file = osm_file(path)
    with reading(path):
        found, shapes, counts = _collect(file)
        extent = _extent(file)
    rows = pd.DataFrame(found, columns=list(_Row._fields))
    rows["shape"] = shapely.from_wkb(np.array(shapes, dtype=object))
    rows = rows.drop_duplicates("osm_id", keep="last").sort_values("osm_id")
    rows = rows.set_index("osm_id", drop=False).rename_axis(None)
    middle = shapely.centroid(rows["shape"].to_numpy())
    rows["lon"], rows["lat"] = shapely.get_x(middle), shapely.get_y(middle)
    places, buildings = _places(rows, counts), _buildings(rows, counts)
    boundaries = _boundaries(rows, counts)
    return OsmFeatures(
        places=places,
        buildings=buildings,
        facilities=_facilities(rows),
        boundaries=boundaries,
        extent=extent,
        report=pd.DataFrame(
            sorted((what, count) for what, count in counts.items() if count),
            columns=["what", "count"],
        ),
    )


def _collect(file: File) -> tuple[list[_Row], list[str], Counter[str]]:
    """Return a row per object, its shape as hexadecimal WKB, and what was left out."""
    import osmium

    areas = osmium.osm.WAY | osmium.osm.RELATION | osmium.osm.AREA
    reader = osmium.FileProcessor(file).with_areas(osmium.filter.KeyFilter(*AREA_KEYS))
    for kinds, keys in ((osmium.osm.NODE, NODE_KEYS), (areas, AREA_KEYS)):
        wanted = osmium.filter.KeyFilter(*keys)
        wanted.enable_for(kinds)
        reader = reader.with_filter(wanted)
    items: Iterable[Any] = reader
    factory = osmium.geom.WKBFactory()
    rows: list[_Row] = []
    shapes: list[str] = []
    lost: dict[str, _Row] = {}
    for item in items:
        is_area = _is_area(item)
        if item.is_relation() and not is_area:
            continue
        row = _row(item, is_area=is_area)
        if not (row.place or row.building or row.facility or row.level):
            continue
        # ways and relations come before their areas or after them, if these have a shape at all
        shape = _shape(factory, item) if item.is_area() or not is_area else ""
        if shape:
            rows.append(row)
            shapes.append(shape)
        else:
            lost[row.osm_id] = row
    for row in rows:
        lost.pop(row.osm_id, None)
    return rows, shapes, Counter(map(_broken, lost.values()))


def _is_area(item: Any) -> bool:
    """Tell whether an object is an area, or should become one."""
    if item.is_way():
        return bool(item.is_closed() and item.tags.get("area") != "no")
    if item.is_relation():
        return item.tags.get("type") in ("multipolygon", "boundary")
    return bool(item.is_area())


def _row(item: Any, *, is_area: bool) -> _Row:
    get = item.tags.get
    is_boundary = is_area and get("boundary") == "administrative" and get("name") is not None
    building = (get("building") or "") if is_area else ""
    osm_id = f"{item.type_str()}{item.id}"
    if item.is_area():
        osm_id = f"{'w' if item.from_way() else 'r'}{item.orig_id()}"
    return _Row(
        osm_id=osm_id,
        place=(get("place") or "") if is_area or item.is_node() else "",
        building="" if building == "no" else building,
        facility=facility_kind(get),
        level=(get("admin_level") or "") if is_boundary else "",
        name=(get("name") or "").strip(),
        name_en=(get("name:en") or "").strip(),
        population=get("population") or "",
        levels=get("building:levels") or "",
        is_area=is_area,
    )


def _shape(factory: WKBFactory, item: Any) -> str:
    """Return hexadecimal WKB, or nothing if points are absent or an area does not close."""
    import osmium

    try:
        if item.is_area():
            return str(factory.create_multipolygon(item))
        return str(factory.create_linestring(item) if item.is_way() else factory.create_point(item))
    except (RuntimeError, osmium.InvalidLocationError):
        return ""


def _broken(row: _Row) -> str:
    """Say what is lost with an object that has no shape."""
    if row.level:
        return "administrative boundaries cut off by the extract, left out"
    what = "buildings" if row.building else "places" if row.place else "facilities"
    return f"{what} cut off by the extract or drawn wrongly, left out"


def _extent(file: File) -> Box:
    """Return the header's box if it is one of a region, else that of all nodes."""
    import osmium

    box = osmium.FileProcessor(file).header.box()
    if box.valid():
        low, high = box.bottom_left, box.top_right
        sides = high.lon - low.lon, high.lat - low.lat
        if min(sides) > 0 and max(sides) <= WIDEST_DEGREES:
            return low.lon, low.lat, high.lon, high.lat
    x, y = array("i"), array("i")
    nodes: Iterable[Any] = osmium.FileProcessor(file, osmium.osm.NODE)
    for node in nodes:
        if node.location.valid():
            x.append(node.location.x)
            y.append(node.location.y)
    if not x:
        return math.nan, math.nan, math.nan, math.nan
    west, south, east, north = (each / DEGREE for each in (min(x), min(y), max(x), max(y)))
    return west, south, east, north


def _places(rows: pd.DataFrame, counts: Counter[str]) -> pd.DataFrame:
    places = rows[(rows["place"] != "").to_numpy(dtype=bool)]
    twice = _is_drawn_twice(places)
    places = places[~twice]
    people = places["population"].map(population_count).astype("float64")
    counts["places drawn as areas around a place of their name, left out"] += int(twice.sum())
    counts["population counts that are not understood"] += int(
        (people.isna() & (places["population"] != "")).sum()
    )
    columns = ["osm_id", "place", "name", "name_en", "lon", "lat"]
    return places[columns].rename(columns={"place": "kind"}).assign(population_count=people)


def _is_drawn_twice(places: pd.DataFrame) -> np.ndarray[tuple[int], np.dtype[np.bool_]]:
    """Tell which places are areas with a place of the same name, a point, inside."""
    is_area = places["is_area"].to_numpy(dtype=bool)
    shapes, names = places["shape"].to_numpy(), places["name"].to_numpy(dtype=object)
    area, point = np.flatnonzero(is_area), np.flatnonzero(~is_area)
    outer, inner = shapely.STRtree(shapes[point]).query(shapes[area], predicate="contains")
    same = names[area[outer]] == names[point[inner]]
    twice = np.zeros(len(places), dtype=bool)
    twice[area[outer[same]]] = True
    return twice


def _buildings(rows: pd.DataFrame, counts: Counter[str]) -> pd.DataFrame:
    buildings = rows[(rows["building"] != "").to_numpy(dtype=bool)]
    levels = buildings["levels"].map(levels_count).astype("float64")
    shapes = gpd.GeoSeries(buildings["shape"], crs=CRS).to_crs(EQUAL_AREA)
    counts["buildings without levels, taken as one level"] += int(levels.isna().sum())
    return pd.DataFrame(
        {
            "osm_id": buildings["osm_id"],
            "kind": buildings["building"],
            "floor_area_m2": shapes.area * levels.fillna(1.0),
            "is_levels_known": levels.notna(),
            "lon": buildings["lon"],
            "lat": buildings["lat"],
        }
    )


def _facilities(rows: pd.DataFrame) -> pd.DataFrame:
    facilities = rows[(rows["facility"] != "").to_numpy(dtype=bool)]
    columns = ["osm_id", "facility", "name", "lon", "lat"]
    return facilities[columns].rename(columns={"facility": "kind"})


def _boundaries(rows: pd.DataFrame, counts: Counter[str]) -> gpd.GeoDataFrame:
    is_numbered = rows["level"].astype(str).str.fullmatch("[0-9]{1,2}").to_numpy(dtype=bool)
    counts["administrative boundaries without a number as their level, left out"] += int(
        (~is_numbered & (rows["level"] != "")).sum()
    )
    found = rows[is_numbered]
    columns = {
        "osm_id": found["osm_id"],
        "level": found["level"].astype("int64"),
        "name": found["name"],
    }
    return gpd.GeoDataFrame(columns, geometry=found["shape"].to_numpy(), crs=CRS)
