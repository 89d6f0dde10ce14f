"""Changes of roads: speeds, capacity, tolls, closed, removed and new links."""

from __future__ import annotations

from collections.abc import Sequence

import geopandas as gpd
import pandas as pd
from shapely.geometry import LineString

from agglo.errors import ScenarioError
from agglo.region import Region
from agglo.scenarios.areas import Area
from agglo.scenarios.selections import (
    check_amount,
    check_new_id,
    check_positive,
    known_id,
    links_in,
)
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
    road_class: str = "",
    municipality: str = "",
    polygon: Area | None = None,
) -> Region:
    """Set the peak speed of road links.

    Name them by id, or by road (with a kilometre range), class, municipality or polygon. The
    free speed rises with the peak speed where it was lower.
    """
    check_positive("speed_kmh", speed_kmh, most=MOST_KMH)
    chosen = links_in(region, link, road, km, road_class, municipality, polygon)
    return _with_speeds(region, pd.Series(float(speed_kmh), index=chosen))


def set_congestion_factor(
    region: Region,
    *,
    factor: float,
    link: Sequence[str] = (),
    road: str = "",
    km: tuple[float, float] | None = None,
    road_class: str = "",
    municipality: str = "",
    polygon: Area | None = None,
) -> Region:
    """Make the peak minutes of road links so many times as long: above 1 slower, below 1 faster.

    Links are named as for ``set_speed``. The free speed stays, but is never below the peak speed.
    """
    check_positive("factor", factor)
    chosen = links_in(region, link, road, km, road_class, municipality, polygon)
    speeds = region["links"].loc[chosen, "speed_kmh"] / factor
    if speeds.max() > MOST_KMH:
        first = str(speeds.idxmax())
        raise ScenarioError(
            f"factor {factor:g} makes link '{first}' {speeds[first]:.0f} km/h fast; wanted at "
            f"most {MOST_KMH:g}: take a factor nearer to 1, or select fewer links"
        )
    return _with_speeds(region, speeds)


def set_capacity(
    region: Region,
    *,
    capacity_veh_per_h: float,
    link: Sequence[str] = (),
    road: str = "",
    km: tuple[float, float] | None = None,
    road_class: str = "",
    municipality: str = "",
    polygon: Area | None = None,
) -> Region:
    """Set how many vehicles an hour road links carry in each direction.

    Links are named as for ``set_speed``. It acts where the workspace models congestion.
    """
    check_positive("capacity_veh_per_h", capacity_veh_per_h)
    chosen = links_in(region, link, road, km, road_class, municipality, polygon)
    links = region["links"].copy()
    links.loc[chosen, "capacity_veh_per_h"] = float(capacity_veh_per_h)
    return region.with_tables(links=links)


def set_lanes(
    region: Region,
    *,
    lanes_count: float,
    link: Sequence[str] = (),
    road: str = "",
    km: tuple[float, float] | None = None,
    road_class: str = "",
    municipality: str = "",
    polygon: Area | None = None,
) -> Region:
    """Set the lanes of road links per direction; the capacity grows in proportion.

    Links are named as for ``set_speed``. It acts where the workspace models congestion.
    """
    check_positive("lanes_count", lanes_count)
    chosen = links_in(region, link, road, km, road_class, municipality, polygon)
    links = region["links"].copy()
    per_lane = links.loc[chosen, "capacity_veh_per_h"] / links.loc[chosen, "lanes_count"]
    links.loc[chosen, "capacity_veh_per_h"] = per_lane * lanes_count
    links.loc[chosen, "lanes_count"] = float(lanes_count)
    return region.with_tables(links=links)


def set_toll(
    region: Region,
    *,
    toll_rub: float,
    link: Sequence[str] = (),
    road: str = "",
    km: tuple[float, float] | None = None,
    road_class: str = "",
    municipality: str = "",
    polygon: Area | None = None,
) -> Region:
    """Set what a car pays on each of the road links, in either direction, beyond today's charges.

    Links are named as for ``set_speed``; every one of them charges the whole toll, so for a toll
    by distance give each link its own. The persons of a car share the toll, and their value of
    time turns it into minutes: minutes by car are then time and money together.
    """
    check_amount("toll_rub", toll_rub)
    chosen = links_in(region, link, road, km, road_class, municipality, polygon)
    links = region["links"].copy()
    # no toll and a toll of 0 are the same: a scenario that sets 0 where none is touches nothing
    free = links.loc[chosen, "toll_rub"].isna() & (toll_rub == 0)
    links.loc[free.index[~free], "toll_rub"] = float(toll_rub)
    return region.with_tables(links=links)


def close_link(
    region: Region,
    *,
    link: Sequence[str] = (),
    road: str = "",
    km: tuple[float, float] | None = None,
    road_class: str = "",
    municipality: str = "",
    polygon: Area | None = None,
) -> Region:
    """Close road links to all traffic; they stay on the map.

    Links are named as for ``set_speed``.
    """
    chosen = links_in(region, link, road, km, road_class, municipality, polygon)
    links = region["links"].copy()
    links.loc[chosen, "is_open"] = False
    return region.with_tables(links=links)


def remove_link(
    region: Region,
    *,
    link: Sequence[str] = (),
    road: str = "",
    km: tuple[float, float] | None = None,
    road_class: str = "",
    municipality: str = "",
    polygon: Area | None = None,
) -> Region:
    """Take road links away for good, off the map too; ``close_link`` only closes them.

    Links are named as for ``set_speed``. Refused where a zone, a facility or a station would be
    left without any street.
    """
    chosen = links_in(region, link, road, km, road_class, municipality, polygon)
    links = region.geo("links")
    left = links[~links["link_id"].isin(chosen)]
    if left.empty:
        raise ScenarioError("no link would be left; remove fewer, or close them by close_link")
    gone = links[links["link_id"].isin(chosen)]
    bare = set(gone["from_id"]) | set(gone["to_id"])
    bare -= set(left["from_id"]) | set(left["to_id"])
    for table, column, key, what in (
        ("connectors", "to_id", "zone_id", "zone"),
        ("facilities", "node_id", "facility_id", "facility"),
        ("interchanges", "node_id", "stop_id", "stop"),
    ):
        rows = region[table]
        if table == "connectors":
            rows = rows[rows["mode"] != "access"]
        held = rows[rows[column].isin(bare)]
        if len(held):
            first = held.sort_values([key, column]).iloc[0]
            raise ScenarioError(
                f"{what} '{first[key]}' is joined to the streets at node '{first[column]}', "
                "which would have no link left; close_link closes links and keeps them"
            )
    return region.with_tables(links=left)


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
    check_new_id(region["links"], link, "link")
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


def _with_speeds(region: Region, speeds_kmh: pd.Series) -> Region:
    """Set peak speeds by link; a free speed is never below the peak speed."""
    links = region["links"].copy()
    chosen = speeds_kmh.index
    links.loc[chosen, "speed_kmh"] = speeds_kmh
    free = links.loc[chosen, "free_speed_kmh"]
    links.loc[chosen, "free_speed_kmh"] = free.clip(lower=speeds_kmh)
    return region.with_tables(links=links)
