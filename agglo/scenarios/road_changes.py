"""Changes of roads: speeds, lanes, closed and new links."""

from __future__ import annotations

from collections.abc import Sequence

import geopandas as gpd
import pandas as pd
from shapely.geometry import LineString

from agglo.errors import ScenarioError
from agglo.region import Region
from agglo.scenarios.selections import check_positive, known_id, links_in
from agglo.units import M_PER_KM

MOST_KMH = 200.0
LENGTH_SLACK = 0.02
"""How much shorter than the straight line a road may be given, for rounding."""

CURVATURE = 1.15
"""Assumed length of a new road over the straight line."""
SHORTEST_KM = 0.1


def set_speed(
    region: Region,
    *,
    speed_kmh: float,
    link: Sequence[str] = (),
    road: str = "",
    km: tuple[float, float] | None = None,
) -> Region:
    """Set the peak speed of road links, named by id or by road and kilometre range.

    The free speed rises with it where it was lower.
    """
    check_positive("speed_kmh", speed_kmh, most=MOST_KMH)
    chosen = links_in(region, link, road, km)
    links = region["links"].copy()
    links.loc[chosen, "speed_kmh"] = float(speed_kmh)
    links.loc[chosen, "free_speed_kmh"] = links.loc[chosen, "free_speed_kmh"].clip(
        lower=float(speed_kmh)
    )
    return region.with_tables(links=links)


def set_lanes(
    region: Region,
    *,
    lanes_count: float,
    link: Sequence[str] = (),
    road: str = "",
    km: tuple[float, float] | None = None,
) -> Region:
    """Set the lanes per direction; the capacity grows in proportion."""
    check_positive("lanes_count", lanes_count)
    chosen = links_in(region, link, road, km)
    links = region["links"].copy()
    per_lane = links.loc[chosen, "capacity_veh_per_h"] / links.loc[chosen, "lanes_count"]
    links.loc[chosen, "capacity_veh_per_h"] = per_lane * lanes_count
    links.loc[chosen, "lanes_count"] = float(lanes_count)
    return region.with_tables(links=links)


def close_link(
    region: Region,
    *,
    link: Sequence[str] = (),
    road: str = "",
    km: tuple[float, float] | None = None,
) -> Region:
    """Close road links to all traffic."""
    chosen = links_in(region, link, road, km)
    links = region["links"].copy()
    links.loc[chosen, "is_open"] = False
    return region.with_tables(links=links)


def add_link(
    region: Region,
    *,
    link: str,
    from_id: str,
    to_id: str,
    speed_kmh: float,
    length_km: float | None = None,
    name_ru: str = "",
    name_en: str = "",
    lanes_count: float = 1,
    capacity_veh_per_h: float = 1000,
) -> Region:
    """Add a two-way road link between two nodes.

    Without a length it is the straight line × 1.15.
    """
    check_positive("speed_kmh", speed_kmh, most=MOST_KMH)
    check_positive("lanes_count", lanes_count)
    check_positive("capacity_veh_per_h", capacity_veh_per_h)
    nodes = region["nodes"]
    from_id, to_id = (known_id(nodes, "node_id", node, "node") for node in (from_id, to_id))
    if link in region["links"].index:
        raise ScenarioError(f"link '{link}' is there already; give the new one another id")
    if from_id == to_id:
        raise ScenarioError(f"link '{link}' starts and ends at '{from_id}'; wanted two nodes")
    ends = nodes.loc[[from_id, to_id]]
    xy = gpd.points_from_xy(ends["lon"], ends["lat"], crs="EPSG:4326")
    line = LineString(xy.to_crs(region.crs))
    if length_km is None:
        length_km = max(round(line.length / M_PER_KM * CURVATURE, 1), SHORTEST_KM)
    check_positive("length_km", length_km)
    if length_km * M_PER_KM < line.length * (1 - LENGTH_SLACK):
        raise ScenarioError(
            f"length_km of '{link}' is {length_km:g}, but the straight line from '{from_id}' to "
            f"'{to_id}' has {line.length / M_PER_KM:.1f} km; leave length_km out to work it out"
        )
    row = {
        "link_id": link,
        "name_ru": name_ru or link,
        "name_en": name_en or link,
        "road": "",
        "from_id": from_id,
        "to_id": to_id,
        "length_km": float(length_km),
        "class": "primary",
        "lanes_count": float(lanes_count),
        "free_speed_kmh": float(speed_kmh),
        "speed_kmh": float(speed_kmh),
        "capacity_veh_per_h": float(capacity_veh_per_h),
        "is_open": True,
        "car": "both",
        "walk": "no",
        "bicycle": "no",
        "status": "assumed",
        "geometry": line,
    }
    added = gpd.GeoDataFrame([row], index=[link], crs=region.crs)
    return region.with_tables(links=pd.concat([region.geo("links"), added]))
