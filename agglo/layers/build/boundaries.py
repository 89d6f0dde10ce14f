"""Municipalities and zones as one coverage: shared borders stay shared when generalised."""

from __future__ import annotations

from pathlib import Path

import geopandas as gpd
import numpy as np
import pandas as pd
import shapely

from agglo.errors import LayerError

METRIC_CRS = "EPSG:32637"
CONTEXT_KM = 70.0
TOLERANCE_M = 120.0
SLIVER_M = 60.0
DECIMALS = 5
VILLAGE_KM2 = 3.0
"""Assumed area of a village that has no polygon."""


def boundaries(data: Path, tables: Path) -> tuple[gpd.GeoDataFrame, gpd.GeoDataFrame]:
    """Derive the municipalities and the zones of the built-in region.

    Parameters
    ----------
    data
        Folder of the source data (``data/obninsk``).
    tables
        Folder of the builder's own tables.

    Returns
    -------
    municipalities, zones
        EPSG:4326, rounded to 1e-5 degrees. The municipalities are a coverage (no gaps, no
        overlaps); the polygon zones are a coverage of the four members. Villages without a
        polygon and outside zones are points.
    """
    listed = pd.read_csv(tables / "municipalities.csv", dtype=str)
    zones = pd.read_csv(tables / "zones.csv", dtype=str, keep_default_na=False)
    districts = _districts(data, listed)
    parts = _partition(districts, zones, _town_polygons(data))
    clean = shapely.coverage_clean(
        shapely.set_precision(parts.geometry.to_numpy(), 0.01), gap_width=SLIVER_M
    )
    simple = shapely.coverage_simplify(clean, TOLERANCE_M)
    parts = parts.set_geometry(gpd.GeoSeries(simple, index=parts.index, crs=METRIC_CRS))
    rounded = _rounded(parts)
    municipalities = rounded[["municipality_id", "geometry"]].dissolve(
        "municipality_id", as_index=False, method="coverage"
    )
    return _named_municipalities(municipalities, districts), _zones(rounded, zones, data)


def check_coverage(frame: gpd.GeoDataFrame) -> list[str]:
    """Name what keeps polygons from being a coverage; an empty list is good news."""
    polygons = frame.geometry[frame.geom_type.isin(("Polygon", "MultiPolygon"))]
    faults = [f"polygon {key} is not valid" for key in polygons.index[~polygons.is_valid]]
    if not shapely.coverage_is_valid(polygons.to_numpy()):
        faults.append("polygons overlap, or their shared borders have different vertices")
    return faults


def round_geometry(geometry: gpd.GeoSeries) -> gpd.GeoSeries:
    """Round coordinates to 1e-5 degrees, the same way for every vertex."""
    rounded = shapely.transform(geometry.to_numpy(), lambda xy: np.round(xy, DECIMALS))
    return gpd.GeoSeries(rounded, index=geometry.index, crs=geometry.crs)


def _districts(data: Path, listed: pd.DataFrame) -> gpd.GeoDataFrame:
    around = gpd.read_file(data / "districts_kaluga_and_neighbours70km.gpkg").to_crs(METRIC_CRS)
    known = gpd.read_file(data / "kaluga_districts.gpkg")
    centre = around.geometry[around["name_ru"] == "Обнинск"].centroid.iloc[0]
    near = around[around.distance(centre) < CONTEXT_KM * 1000]
    unnamed = sorted(set(near["name_ru"]) - set(listed["name_ru"]))
    if unnamed:
        raise LayerError(f"municipalities.csv lacks districts within 70 km: {unnamed}")
    facts = known[["name_ru", "oktmo8", "osm_relation"]].drop_duplicates("name_ru")
    joined = near[["name_ru", "geometry"]].merge(listed, on="name_ru", validate="1:1")
    joined = joined.merge(facts, on="name_ru", how="left", validate="1:1")
    return joined.sort_values("municipality_id").reset_index(drop=True)


def _town_polygons(data: Path) -> gpd.GeoDataFrame:
    return gpd.read_file(data / "town_polygons_osm.gpkg").to_crs(METRIC_CRS)


def _partition(
    districts: gpd.GeoDataFrame, zones: pd.DataFrame, towns: gpd.GeoDataFrame
) -> gpd.GeoDataFrame:
    """Cut the member districts into town polygons and one remainder each."""
    rows: list[dict[str, object]] = []
    for district in districts.itertuples():
        home = zones[zones["municipality_id"] == district.municipality_id]
        rest = district.geometry
        for zone in home[home["kind"].isin(("town", "village"))].itertuples():
            polygon = towns.geometry[towns["name"].str.replace("ё", "е") == zone.seat]
            if len(polygon) == 1:
                cut = shapely.intersection(polygon.iloc[0], district.geometry)
                rest = shapely.difference(rest, cut)
                rows.append(_part(district.municipality_id, zone.zone_id, cut))
        others = home.loc[home["kind"].isin(("city", "remainder")), "zone_id"]
        rows.append(_part(district.municipality_id, next(iter(others), ""), rest))
    return gpd.GeoDataFrame(rows, crs=METRIC_CRS)


def _part(municipality_id: str, zone_id: str, geometry: object) -> dict[str, object]:
    return {"municipality_id": municipality_id, "zone_id": zone_id, "geometry": geometry}


def _rounded(parts: gpd.GeoDataFrame) -> gpd.GeoDataFrame:
    degrees = parts.to_crs("EPSG:4326")
    return degrees.set_geometry(round_geometry(degrees.geometry))


def _named_municipalities(
    polygons: gpd.GeoDataFrame, districts: gpd.GeoDataFrame
) -> gpd.GeoDataFrame:
    facts = districts.assign(area_km2=(districts.area / 1e6).round(2)).drop(columns="geometry")
    named = polygons.merge(facts, on="municipality_id", validate="1:1")
    named["oktmo"] = named["oktmo8"].fillna("")
    named["osm_relation_id"] = [
        "" if pd.isna(value) else str(int(value)) for value in named["osm_relation"]
    ]
    for wrong, right in (("Городской Округ", "городской округ"), ("фоминский", "Фоминский")):
        named["name_ru"] = named["name_ru"].str.replace(wrong, right)
    named["status"] = "observed"
    columns = ["municipality_id", "name_ru", "name_en", "role", "oktmo", "osm_relation_id"]
    return named[[*columns, "area_km2", "status", "geometry"]]


def _zones(parts: gpd.GeoDataFrame, zones: pd.DataFrame, data: Path) -> gpd.GeoDataFrame:
    points = _points(zones, parts, data)
    frame = zones.drop(columns=["seat", "point"]).merge(points, on="zone_id", validate="1:1")
    frame["is_centre"] = frame["is_centre"] == "true"
    polygons = parts.set_index("zone_id")["geometry"]
    point_geometry = shapely.points(frame["lon"], frame["lat"])
    frame["geometry"] = [
        polygons.get(zone, point)
        for zone, point in zip(frame["zone_id"], point_geometry, strict=True)
    ]
    located = gpd.GeoDataFrame(frame, crs="EPSG:4326")
    area = located.to_crs(METRIC_CRS).area / 1e6
    located["area_km2"] = area.where(area > 0, VILLAGE_KM2).round(2)
    return located


def _points(zones: pd.DataFrame, parts: gpd.GeoDataFrame, data: Path) -> pd.DataFrame:
    """Find the centre of each zone: the town's place point, or a point inside a remainder."""
    osm = gpd.read_file(data / "town_points_osm.gpkg")
    osm = osm.assign(name=osm["name"].str.replace("ё", "е")).set_index("name")
    census = pd.read_csv(data / "census2021_settlements_kaluga.csv").dropna(subset="lat")
    inside = parts.set_index("zone_id").geometry.representative_point()
    rows = []
    for zone in zones.itertuples():
        if zone.point == "osm":
            lon, lat = osm.geometry[zone.seat].x, osm.geometry[zone.seat].y
            source = "OSM place (ODbL)"
        elif zone.point == "census":
            row = census[census["seat"] == zone.seat].iloc[0]
            lon, lat, source = row["lon"], row["lat"], row["coord_source"]
        else:
            lon, lat = inside[zone.zone_id].x, inside[zone.zone_id].y
            source = "a point inside the area; stands for all of it"
        rows.append((zone.zone_id, round(lon, DECIMALS), round(lat, DECIMALS), source))
    return pd.DataFrame(rows, columns=["zone_id", "lon", "lat", "coord_source"])
