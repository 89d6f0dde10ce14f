"""What people reach in time from zones of a workspace: isochrones by mode and scenario."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import geopandas as gpd
import numpy as np
import pandas as pd
import shapely

from agglo.errors import NetworkError
from agglo.parameters import parameters_from_assumptions
from agglo.prepared import CACHE, read_scenarios
from agglo.region import Region
from agglo.scenarios.files import BASELINE, Scenario
from agglo.scenarios.receipts import changed_region
from agglo.traffic import slowed_network, traffic_from_network
from agglo.transport.isochrones import isochrones
from agglo.transport.network import metric_from_arcs, network_from_regions
from agglo.transport.streets import LAYERS
from agglo.transport.topology import MODES, Topology
from agglo.transport.traces import traces_from_arcs
from agglo.workspace import Workspace

CELL_M = 250.0
NO_STOPPING = ("motorway", "motorway_link", "ferry")
"""Classes of links along which nobody gets off."""


def isochrones_of_zones(
    workspace: Workspace,
    zones: Sequence[str],
    *,
    within_min: Sequence[float],
    mode: str = "car",
    scenarios: Sequence[str | Scenario] = (BASELINE,),
    cell_m: float = CELL_M,
    backward: bool = False,
) -> gpd.GeoDataFrame:
    """Draw what is reached from zones in time, door to door, in each scenario.

    See ``agglo.transport.isochrones`` for the geometry: nested, and never shrinking when a link
    is added. With congestion in the workspace the roads are as slow as the scenario's traffic
    makes them.

    Parameters
    ----------
    zones
        Ids of zones.
    within_min
        Limits, minutes.
    mode
        One of ``MODES``, such as 'car', 'transit', 'walk'.
    backward
        Whether people travel to the zone instead.

    Returns
    -------
    isochrones_of_zones
        In the region's CRS: ``scenario``, ``zone_id``, ``mode``, ``within_min``, ``area_km2``,
        ``reached_km`` and the polygons.

    Raises
    ------
    NetworkError
        If a zone or the mode is unknown.
    """
    region = workspace.region
    unknown = [zone for zone in zones if zone not in region["zones"].index]
    if unknown or mode not in MODES:
        raise NetworkError(
            f"unknown zone or mode '{unknown[0] if unknown else mode}'; zones: "
            f"{', '.join(list(region['zones'].index)[:8])} …; modes: {', '.join(MODES)}"
        )
    read = read_scenarios(workspace, list(scenarios))
    parameters = parameters_from_assumptions(workspace.assumptions)
    regions = {one.name: changed_region(region, one) for one in read}
    network = network_from_regions(regions, parameters, cache=workspace.root / CACHE)
    if workspace.congestion:
        network = slowed_network(network, traffic_from_network(read, network, parameters))
    wanted = {one.name if isinstance(one, Scenario) else Path(one).stem for one in scenarios}
    face = "to:" if backward else "from:"
    pieces = []
    for one in read:
        if one.name in wanted:
            lines = _lines(regions[one.name], network.topology, mode)
            traces = traces_from_arcs(
                network.topology,
                crs=region.crs,
                cell_m=cell_m,
                geometry=lines["geometry"],
                carries=network.topology.arcs.isin(lines.index[lines["carries"]]),
            )
            drawn = isochrones(
                network.topology,
                metric_from_arcs(network.topology, network.arcs[one.name], mode),
                [face + zone for zone in zones],
                traces,
                within_min=within_min,
                backward=backward,
            )
            drawn = drawn.rename(columns={"origin": "zone_id"})
            drawn["zone_id"] = drawn["zone_id"].str.removeprefix(face)
            drawn.insert(0, "scenario", one.name)
            drawn.insert(2, "mode", mode)
            pieces.append(drawn)
    return gpd.GeoDataFrame(pd.concat(pieces, ignore_index=True), crs=region.crs)


def _lines(region: Region, topology: Topology, mode: str) -> gpd.GeoDataFrame:
    """Give every street arc of the mode its line and whether people can get off along it."""
    links = region.geo("links")
    layer = LAYERS[{"car": "car", "bicycle": "bicycle"}.get(mode, "walk")]
    pieces = []
    for first, last, turned in (("from_id", "to_id", False), ("to_id", "from_id", True)):
        ids = "link:" + links["link_id"] + ":" + layer + links[first] + ">" + layer + links[last]
        lines = links.geometry.to_numpy()
        pieces.append(
            gpd.GeoDataFrame(
                {"carries": ~links["class"].isin(NO_STOPPING).to_numpy()},
                geometry=shapely.reverse(lines) if turned else lines,
                index=pd.Index(ids.to_numpy(dtype=object)),
                crs=region.crs,
            )
        )
    both = pd.concat(pieces)
    both = both[~both.index.duplicated()]
    return both[np.isin(both.index.to_numpy(dtype=object), topology.arcs.to_numpy(dtype=object))]
