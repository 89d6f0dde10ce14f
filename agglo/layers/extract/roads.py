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
    """Join every zone to the nearest street node of each mode.

    The way is the mean distance from the people of the zone, taken as a disc, to its middle.

    Raises
    ------
    LayerError
        If no street is open to a mode at all.
    """
    pieces = []
    middles = np.column_stack([zones.x_m, zones.y_m])
    km = (MEAN_TO_CENTRE * zones.radius_km * DETOUR).round(3).clip(lower=LEAST_KM)
    for mode, speed_kmh in SPEEDS_KMH.items():
        near, _ = nearest_nodes(streets, mode, middles, crs=crs)
        pieces.append(
            pd.DataFrame(
                {
                    "zone_id": zones.x_m.index,
                    "to_id": near,
                    "mode": mode,
                    "length_km": km.to_numpy(),
                    "speed_kmh": speed_kmh,
                    "status": "assumed",
                }
            )
        )
    return pd.concat(pieces, ignore_index=True)


def facilities_table(streets: Streets, features: OsmFeatures, *, crs: str) -> pd.DataFrame:
    """Return the hospitals and airports of the extract, joined to the nearest street for cars."""
    own = features.facilities[features.facilities["kind"].isin(FACILITIES)].reset_index(drop=True)
    points = gpd.points_from_xy(own["lon"], own["lat"], crs="EPSG:4326").to_crs(crs)
    middles = np.column_stack([np.asarray(points.x), np.asarray(points.y)])
    near, apart_m = nearest_nodes(streets, "car", middles, crs=crs)
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
    streets: Streets, mode: str, points: npt.NDArray[np.float64], *, crs: str
) -> tuple[npt.NDArray[np.object_], npt.NDArray[np.float64]]:
    """Find the street node open to a mode that is nearest to each point, and how far it is.

    Raises
    ------
    LayerError
        If no street is open to the mode.
    """
    links = streets.links[streets.links[mode] != "no"]
    if links.empty:
        raise LayerError(f"no street of the extract is open to the mode '{mode}'")
    nodes = streets.nodes.loc[np.unique(links[["from_id", "to_id"]].to_numpy())]
    metric = gpd.points_from_xy(nodes["lon"], nodes["lat"], crs="EPSG:4326").to_crs(crs)
    tree = cKDTree(np.column_stack([np.asarray(metric.x), np.asarray(metric.y)]))
    apart_m, number = tree.query(points.reshape(-1, 2))
    return nodes["node_id"].to_numpy(dtype=object)[number], np.asarray(apart_m)
