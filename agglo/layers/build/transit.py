"""Railways, stops, lines with run times, and the ways from zones to road and stops."""

from __future__ import annotations

from itertools import pairwise
from pathlib import Path

import geopandas as gpd
import networkx as nx
import numpy as np
import numpy.typing as npt
import pandas as pd
import shapely

from agglo.layers.build.boundaries import METRIC_CRS, round_geometry
from agglo.layers.build.work import DETOUR

RAILWAYS = {
    "MSK-Hutor-Mkihailovskiy": ("kiev_line", "Киевское направление", "Kiev line"),
    "BMO-south": ("bmo_south", "Большое кольцо МЖД (БМО), юг", "Moscow ring (BMO), south"),
}
RAIL_BOX = (35.9, 54.45, 37.65, 55.8)
RAIL_TOLERANCE_M = 60.0
BUS_KMH = 35.0
WALK_KMH = 4.8
TOWN_BUS_KMH = 12.0
"""Door to stop in a city by its town buses, waiting included."""
TOWN_CAR_KMH = 30.0
RURAL_CAR_KMH = 50.0
MEAN_TO_CENTRE = 2 / 3
"""Mean distance of a disc's points to its centre, in radii."""
LIVED_ON_SHARE = 0.5
"""Assumed share of a town's polygon on which its people live and work."""
GRID_M = 1000.0
PARK_RIDE_M = 6000.0
"""Stations farther than this from any road node get no park and ride."""
PARKING_MIN = 5.0
"""Assumed minutes to park and reach the platform."""
BORDER_M = 2000.0
"""Road nodes this close beyond a district's border serve its people too."""


def railways(data: Path) -> gpd.GeoDataFrame:
    """Cut the Kiev line and the Moscow ring to the area and generalise them."""
    traced = gpd.read_file(data / "railways.gpkg", layer="rail_traced_osm")
    near = traced[traced["name"].isin(RAILWAYS)].clip(shapely.box(*RAIL_BOX)).to_crs(METRIC_CRS)
    lines = near.geometry.simplify(RAIL_TOLERANCE_M).to_crs("EPSG:4326")
    names = [RAILWAYS[name] for name in near["name"]]
    frame = pd.DataFrame(names, columns=["railway_id", "name_ru", "name_en"])
    frame["status"] = "observed"
    return gpd.GeoDataFrame(
        frame, geometry=round_geometry(lines).to_numpy(), crs="EPSG:4326"
    ).sort_values("railway_id", ignore_index=True)


def stops(zones: pd.DataFrame, data: Path, tables: Path) -> pd.DataFrame:
    """Stations with kilometres from Moscow, and one bus stop in each town.

    A bus stop without a coordinate of its own stands at the centre of its zone: assumed.
    """
    listed = pd.read_csv(tables / "stops.csv")
    stations = gpd.read_file(data / "railways.gpkg", layer="stations_osm", ignore_geometry=True)
    stations = stations.drop_duplicates("station_id").set_index("station_id")
    centres = zones.set_index("zone_id")
    found = listed["station_id"].isin(stations.index)
    table = listed[["stop_id", "name_en", "mode", "zone_id", "run_name"]].copy()
    for column in ("lon", "lat"):
        station = listed["station_id"].map(stations[column])
        table[column] = station.fillna(listed["zone_id"].map(centres[column])).round(5)
    name = listed["station_id"].map(stations["name_ru"])
    table.insert(1, "name_ru", name.fillna(listed["zone_id"].map(centres["name_ru"])))
    table["km"] = listed["km_published"].fillna(
        listed["station_id"].map(stations["kiev_line_km"]).round(1)
    )
    table["status"] = np.where(found, "observed", "assumed")
    return table


def lines(tables: Path) -> pd.DataFrame:
    """Lines with their assumed headways and ranges."""
    listed = pd.read_csv(tables / "lines.csv")
    return listed.drop(columns=["stops", "run_min"]).assign(status="assumed")


def line_stops(stops: pd.DataFrame, links: pd.DataFrame, data: Path, tables: Path) -> pd.DataFrame:
    """Run minutes from stop to stop of every line.

    Trains follow the run of 22 January 2026 (observed where a line is that run; times a
    factor where it stops more often); buses follow the road at an assumed speed.
    """
    minute = _observed_minutes(stops, data)
    roads = nx.Graph()
    roads.add_weighted_edges_from(
        links[["from_id", "to_id", "length_km"]].itertuples(index=False), weight="km"
    )
    pieces = []
    listed = pd.read_csv(tables / "lines.csv", dtype={"run_min": str})
    for line_id, stop_ids, rule in zip(
        listed["line_id"], listed["stops"], listed["run_min"], strict=True
    ):
        ids = str(stop_ids).split()
        if rule == "road":
            runs = [_bus_minutes(roads, a, b) for a, b in pairwise(ids)]
            status = "assumed"
        else:
            status = "observed" if rule == "observed" else "assumed"
            factor = 1.0 if status == "observed" else float(rule)
            runs = list(np.diff(minute[ids]) * factor)
        pieces.append(
            pd.DataFrame(
                {
                    "line_id": line_id,
                    "sequence": range(len(ids)),
                    "stop_id": ids,
                    "run_min": np.round([0.0, *runs], 1),
                    "status": status,
                }
            )
        )
    return pd.concat(pieces, ignore_index=True)


def connectors(zones: gpd.GeoDataFrame, nodes: pd.DataFrame, stops: pd.DataFrame) -> pd.DataFrame:
    """The way from a zone's doors to road nodes (car) and to stops (on foot or by town bus).

    A town is taken as a disc of half its area: mean distance to the centre 2/3 R × 1.3. A
    remainder is spread evenly over its area and reaches every road node inside it (or
    within 2 km of it) by the mean distance × 1.3; it has no way to stops because no timetable
    of rural buses is at hand.
    """
    metric = zones.to_crs(METRIC_CRS).set_index("zone_id")
    node_points = _points(nodes, "node_id")
    pieces = [_car_rows(metric, node_points), _access_rows(metric, stops)]
    table = pd.concat(pieces, ignore_index=True).assign(status="assumed")
    table["length_km"] = table["length_km"].round(2).clip(lower=0.1)
    return table.sort_values(["zone_id", "mode", "to_id"], ignore_index=True)


def interchanges(
    stops: pd.DataFrame, nodes: pd.DataFrame, municipalities: gpd.GeoDataFrame
) -> pd.DataFrame:
    """Park and ride: from the nearest road node to each station inside the region.

    That every station has room to park is assumed.
    """
    members = municipalities[municipalities["role"] != "context"].to_crs(METRIC_CRS).union_all()
    trains = _points(stops[stops["mode"] == "train"], "stop_id")
    own = gpd.GeoDataFrame(geometry=trains[trains.within(members)]).rename_axis("stop_id")
    roads = gpd.GeoDataFrame(geometry=_points(nodes, "node_id")).rename_axis("node_id")
    near = own.reset_index().sjoin_nearest(
        roads.reset_index(), max_distance=PARK_RIDE_M, distance_col="apart_m"
    )
    km = (near["apart_m"] / 1000 * DETOUR).round(2).clip(lower=0.1)
    table = pd.DataFrame(
        {
            "stop_id": near["stop_id"],
            "node_id": near["node_id"],
            "mode": "park_ride",
            "length_km": km,
            "speed_kmh": TOWN_CAR_KMH,
            "parking_min": PARKING_MIN,
            "status": "assumed",
        }
    )
    return table.sort_values("stop_id", ignore_index=True)


def facilities(nodes: pd.DataFrame, data: Path, tables: Path) -> pd.DataFrame:
    """Freight hub, airports and hospitals; one without a coordinate stands at its road node."""
    listed = pd.read_csv(tables / "facilities.csv")
    places = nodes.set_index("node_id")
    airports = gpd.read_file(data / "airports.geojson", ignore_geometry=True)
    airports = airports[airports["iata"] != ""].set_index("iata")
    table = listed.drop(columns="iata")
    for column in ("lon", "lat"):
        known = listed["iata"].map(airports[column].astype(float))
        table[column] = known.fillna(listed["node_id"].map(places[column])).round(5)
    return table.assign(status="assumed")


def _observed_minutes(stops: pd.DataFrame, data: Path) -> pd.Series:
    """Minutes from Moscow at every station; stations that the run passed lie in between."""
    run = pd.read_csv(data / "kiev_line_testrun_2026-01-22.csv")
    out = run[run["direction"] == "out"].set_index("station")["time"]
    clock = pd.to_timedelta(out + ":00").dt.total_seconds() / 60
    trains = stops[stops["mode"] == "train"].set_index("stop_id")
    minute = trains["run_name"].map(clock - clock.iloc[0])
    known = minute.notna() & trains["km"].notna()
    between = np.interp(trains["km"], trains["km"][known], minute[known])
    return minute.fillna(pd.Series(between, index=trains.index))


def _bus_minutes(roads: nx.Graph, from_stop: str, to_stop: str) -> float:
    km = nx.shortest_path_length(
        roads, from_stop.removeprefix("bus_"), to_stop.removeprefix("bus_"), weight="km"
    )
    return float(np.ceil(km / BUS_KMH * 60))


def _points(frame: pd.DataFrame, key: str) -> gpd.GeoSeries:
    points = gpd.points_from_xy(frame["lon"], frame["lat"], crs="EPSG:4326")
    return gpd.GeoSeries(points, index=frame[key]).to_crs(METRIC_CRS)


def _radius_km(metric: gpd.GeoDataFrame) -> pd.Series:
    radius_km: pd.Series = np.sqrt(metric["area_km2"] * LIVED_ON_SHARE / np.pi)
    return radius_km


def _car_rows(metric: gpd.GeoDataFrame, nodes: gpd.GeoSeries) -> pd.DataFrame:
    radius_km = _radius_km(metric)
    rows = []
    for zone in metric.itertuples():
        if zone.kind == "remainder":
            home = metric[metric["municipality_id"] == zone.municipality_id]
            inside = nodes[nodes.within(home.union_all().buffer(BORDER_M))]
            grid = _grid(zone.geometry)
            for node_id, point in inside.items():
                km = float(shapely.distance(grid, point).mean()) / 1000 * DETOUR
                rows.append((zone.Index, node_id, "car", km, RURAL_CAR_KMH))
        else:
            ends = [zone.Index] if zone.Index in nodes.index else zone.Index.split("_")
            for node_id in ends:
                km = (
                    zone.internal_km / 2
                    if zone.kind == "outside"
                    else MEAN_TO_CENTRE * radius_km[zone.Index] * DETOUR
                )
                rows.append((zone.Index, node_id, "car", km, TOWN_CAR_KMH))
    return pd.DataFrame(rows, columns=["zone_id", "to_id", "mode", "length_km", "speed_kmh"])


def _grid(area: shapely.Geometry) -> npt.NDArray[np.object_]:
    west, south, east, north = area.bounds
    x, y = np.meshgrid(np.arange(west, east, GRID_M), np.arange(south, north, GRID_M))
    points = shapely.points(x.ravel(), y.ravel())
    shapely.prepare(area)
    inside: npt.NDArray[np.object_] = points[shapely.contains(area, points)]
    return inside


def _access_rows(metric: gpd.GeoDataFrame, stops: pd.DataFrame) -> pd.DataFrame:
    own = stops.dropna(subset="zone_id")
    points = _points(own, "stop_id")
    centres = _points(metric.reset_index(), "zone_id")
    km = points.distance(centres.loc[own["zone_id"]], align=False).to_numpy() / 1000
    radius_km = _radius_km(metric).loc[own["zone_id"]].to_numpy()
    kind = metric["kind"].loc[own["zone_id"]].to_numpy()
    return pd.DataFrame(
        {
            "zone_id": own["zone_id"].to_numpy(),
            "to_id": own["stop_id"].to_numpy(),
            "mode": "access",
            "length_km": np.maximum(km, np.minimum(radius_km, 4.0) / 2) * DETOUR,
            "speed_kmh": np.where(np.isin(kind, ("city", "outside")), TOWN_BUS_KMH, WALK_KMH),
        }
    )
