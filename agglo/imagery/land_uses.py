"""Land that is to be used otherwise: in which zones it lies, and who is placed on it."""

from __future__ import annotations

import geopandas as gpd
import numpy as np
import pandas as pd
import shapely
from shapely.geometry import MultiPolygon, Polygon

from agglo.imagery.land_take import with_polygon

GREEN = "green"
"""The use that takes no land."""

SLIVER_M2 = 1.0
"""Borders that are drawn twice may overlap by so much."""


def zone_shares(
    polygon: Polygon | MultiPolygon, zones: gpd.GeoDataFrame, municipalities: gpd.GeoDataFrame
) -> pd.Series:
    """Share a polygon among the zones that it lies in, by area.

    Of a zone that is only a point nobody knows the land. What lies in no other zone but in its
    municipality is its own; of several such points in a municipality the one nearest to the
    middle of that land has it.

    Parameters
    ----------
    polygon
        In the CRS of the zones.
    zones
        Zones inside, index zone id; polygons or points, with ``municipality_id``.
    municipalities
        Index municipality id, in the same CRS.

    Returns
    -------
    zone_shares
        By zone, above 0, adding up to 1: what lies in no zone is left out. Empty where all of
        it does.
    """
    drawn = with_polygon(zones)
    areas = pd.Series(shapely.area(shapely.intersection(drawn.geometry, polygon)), drawn.index)
    rest = shapely.difference(polygon, shapely.union_all(drawn.geometry.to_numpy()))
    areas = pd.concat([areas, _of_points(rest, zones.drop(drawn.index), municipalities)])
    areas = areas[areas > SLIVER_M2].groupby(level=0).sum().sort_index()
    return (areas / areas.sum()).rename("zone_shares")


def new_land_uses(
    baseline_land_uses: pd.DataFrame, scenario_land_uses: pd.DataFrame
) -> gpd.GeoDataFrame | None:
    """Return the rows that the baseline lacks, by id; ``None`` if there are none."""
    new = scenario_land_uses[~scenario_land_uses.index.isin(baseline_land_uses.index)]
    return new if isinstance(new, gpd.GeoDataFrame) and len(new) else None


def placed_people(
    land_uses: gpd.GeoDataFrame | None,
    zones: gpd.GeoDataFrame,
    municipalities: gpd.GeoDataFrame,
) -> pd.Series:
    """People whom land uses house, by zone: their homes stand on land that is counted already.

    Parameters
    ----------
    land_uses
        The table of a region; ``population_count`` may be absent, and so nobody is placed.
    """
    placed = pd.Series(0.0, index=zones.index)
    if land_uses is None or "population_count" not in land_uses:
        return placed
    for shape, people in zip(
        land_uses["geometry"], land_uses["population_count"].fillna(0.0), strict=True
    ):
        if people > 0:
            shares = zone_shares(shape, zones, municipalities)
            placed = placed.add(shares * people, fill_value=0.0)
    return placed.reindex(zones.index)


def without_areas(shapes: gpd.GeoDataFrame, areas: gpd.GeoDataFrame | None) -> gpd.GeoDataFrame:
    """Return shapes without what lies in some areas; a shape that is all gone is empty."""
    if areas is None or areas.empty:
        return shapes
    gone = shapely.union_all(areas.to_crs(shapes.crs).geometry.to_numpy())
    has_area = shapes.index.isin(with_polygon(shapes).index)
    left = shapes.copy()
    kept = shapely.difference(shapes.geometry.to_numpy()[has_area], gone)
    geometry = shapes.geometry.to_numpy().copy()
    geometry[has_area] = kept
    return left.set_geometry(gpd.GeoSeries(geometry, index=shapes.index, crs=shapes.crs))


def _of_points(
    rest: shapely.Geometry, points: gpd.GeoDataFrame, municipalities: gpd.GeoDataFrame
) -> pd.Series:
    """Area of the land outside all drawn zones that is that of zones which are points."""
    found: dict[str, float] = {}
    points = points[points.geometry.geom_type == "Point"]
    for place, own in points.sort_index().groupby("municipality_id", sort=True):
        if place not in municipalities.index:
            continue
        part = shapely.intersection(rest, municipalities.geometry[place])
        away = shapely.distance(own.geometry.to_numpy(), shapely.centroid(part))
        if part.area > 0:
            found[str(own.index[int(np.argmin(away))])] = part.area
    return pd.Series(found, dtype=float)
