"""The tables of nodes, links, connectors and facilities of an extract."""

from __future__ import annotations

import geopandas as gpd
import numpy as np
import numpy.typing as npt
import pandas as pd
from scipy.spatial import cKDTree

from agglo.errors import LayerError
from agglo.layers.extract.zones import DETOUR, Zones
from agglo.layers.osm import Streets
from agglo.layers.osm_features import OsmFeatures
from agglo.units import M_PER_KM

PEAK_SHARE = {
    "motorway": 0.85,
    "motorway_link": 0.75,
    "trunk": 0.8,
    "trunk_link": 0.7,
    "primary": 0.7,
    "primary_link": 0.7,
    "secondary": 0.7,
    "secondary_link": 0.7,
    "ferry": 1.0,
}
"""Assumed speed in the morning peak over the limit, by class: signals, turns and queues."""

PEAK_SHARE_ELSE = 0.65
MEAN_TO_CENTRE = 2 / 3
"""Mean distance of a disc's points to its centre, in radii."""

SPEEDS_KMH = {"car": 25.0, "walk": 4.8, "bicycle": 14.0}
"""Assumed speed from the door to the street node."""

QUARTERS = CAR_NODES = 4
CANDIDATES = 60
THROUGH_CLASSES = ("primary", "secondary", "tertiary", "unclassified", "trunk")
LEAST_KM = 0.05
FACILITY_M = 1000.0
"""A facility farther than this from any street for cars is left out."""

FACILITIES = {"hospital": "hospital", "airport": "airport"}
"""Facilities of the extract that make a row, and its kind."""


def nodes_table(streets: Streets) -> pd.DataFrame:
    """Return the table ``nodes``; a node is called by its number."""
    nodes = streets.nodes[["node_id", "lon", "lat"]].reset_index(drop=True)
    names = nodes["node_id"]
    return nodes.assign(name_ru=names, name_en=names, kind="junction", status="observed")


def links_table(streets: Streets) -> gpd.GeoDataFrame:
    """Return the table ``links``: speeds in the peak, lanes and capacities are assumed."""
    links = streets.links
    called = links["name"].mask(links["name"] == "", links["road"])
    called = called.mask(called == "", links["class"])
    share = links["class"].map(PEAK_SHARE).fillna(PEAK_SHARE_ELSE).to_numpy(dtype=float)
    table = links[
        ["link_id", "from_id", "to_id", "road", "class", "length_km", "lanes_count",
         "free_speed_kmh", "capacity_veh_per_h", "car", "walk", "bicycle", "geometry"]
    ].assign(
        name_ru=called,
        name_en=called,
        length_km=links["length_km"].round(5).clip(lower=1e-5),
        speed_kmh=(links["free_speed_kmh"] * share).round(1),
        is_open=True,
        status="assumed",
    )  # fmt: skip
    return table.reset_index(drop=True)


def connectors_table(streets: Streets, zones: Zones, *, crs: str) -> pd.DataFrame:
    """Join every zone to street nodes of each mode.

    On foot and by bicycle to the nearest one; by car to the nearest ones on through streets, so
    that no single dead end carries a whole zone. The way is the mean distance from the people
    of the zone, taken as a disc, to its middle, or to the node if that is farther.

    Raises
    ------
    LayerError
        If no street is open to a mode at all.
    """
    middles = np.column_stack([zones.x_m, zones.y_m])
    mean_km = MEAN_TO_CENTRE * zones.radius_km.to_numpy()
    pieces = []
    for mode, speed_kmh in SPEEDS_KMH.items():
        count = CAR_NODES if mode == "car" else 1
        near, apart_m = nearest_nodes(streets, mode, middles, crs=crs, count=count)
        km = np.maximum(mean_km[:, None], apart_m / M_PER_KM) * DETOUR
        pieces.append(
            pd.DataFrame(
                {
                    "zone_id": zones.x_m.index.repeat(near.shape[1]),
                    "to_id": near.ravel(),
                    "mode": mode,
                    "length_km": km.ravel().round(3).clip(LEAST_KM),
                    "speed_kmh": speed_kmh,
                    "status": "assumed",
                }
            )
        )
    table = pd.concat(pieces, ignore_index=True)
    return table.drop_duplicates(["zone_id", "to_id", "mode"]).reset_index(drop=True)


def facilities_table(streets: Streets, features: OsmFeatures, *, crs: str) -> pd.DataFrame:
    """Return the hospitals and airports of the extract, joined to the nearest street for cars."""
    own = features.facilities[features.facilities["kind"].isin(FACILITIES)].reset_index(drop=True)
    points = gpd.points_from_xy(own["lon"], own["lat"], crs="EPSG:4326").to_crs(crs)
    middles = np.column_stack([np.asarray(points.x), np.asarray(points.y)])
    near, apart_m = (found[:, 0] for found in nearest_nodes(streets, "car", middles, crs=crs))
    kind = own["kind"].map(FACILITIES)
    table = pd.DataFrame(
        {
            "facility_id": "osm_" + own["osm_id"],
            "name_ru": own["name"].mask(own["name"] == "", kind),
            "name_en": own["name"].mask(own["name"] == "", kind),
            "kind": kind,
            "node_id": near,
            "length_km": (apart_m / M_PER_KM).round(3),
            "speed_kmh": SPEEDS_KMH["car"],
            "lon": own["lon"].round(6),
            "lat": own["lat"].round(6),
            "status": "observed",
        }
    )
    return table[apart_m <= FACILITY_M].reset_index(drop=True)


def nearest_nodes(
    streets: Streets, mode: str, points: npt.NDArray[np.float64], *, crs: str, count: int = 1
) -> tuple[npt.NDArray[np.object_], npt.NDArray[np.float64]]:
    """Find the street nodes open to a mode that are nearest to each point.

    Parameters
    ----------
    points
        East and north in the CRS, a row for each.
    count
        How many for each point; of several, one in each quarter of the compass, and only those
        on through streets, if there are enough.

    Returns
    -------
    nodes, apart_m
        Points × count (or fewer, if there are fewer nodes).

    Raises
    ------
    LayerError
        If no street is open to the mode.
    """
    links = streets.links[streets.links[mode] != "no"]
    if links.empty:
        raise LayerError(f"no street of the extract is open to the mode '{mode}'")
    through = links[links["class"].isin(THROUGH_CLASSES)]
    if count > 1 and len(through) >= count:
        links = through
    nodes = streets.nodes.loc[np.unique(links[["from_id", "to_id"]].to_numpy())]
    metric = gpd.points_from_xy(nodes["lon"], nodes["lat"], crs="EPSG:4326").to_crs(crs)
    tree = cKDTree(np.column_stack([np.asarray(metric.x), np.asarray(metric.y)]))
    near = min(len(nodes), CANDIDATES if count > 1 else 1)
    apart_m, number = tree.query(points.reshape(-1, 2), k=list(range(1, near + 1)))
    if count > 1:
        chosen = _all_round(points, tree.data[number])[:, :count]
        apart_m = np.take_along_axis(apart_m, chosen, axis=1)
        number = np.take_along_axis(number, chosen, axis=1)
    return nodes["node_id"].to_numpy(dtype=object)[number], np.asarray(apart_m)


def _all_round(
    points: npt.NDArray[np.float64], near: npt.NDArray[np.float64]
) -> npt.NDArray[np.intp]:
    """Choose the nearest candidate in each quarter of the compass; without one, the nearest."""
    east, north = np.moveaxis(near - points[:, None, :], 2, 0)
    quarter = (east >= 0) * 2 + (north >= 0)
    return np.column_stack([(quarter == each).argmax(axis=1) for each in range(QUARTERS)])
