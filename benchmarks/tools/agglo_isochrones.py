"""agglo: isochrones on a fixed grid."""

from __future__ import annotations

import geopandas as gpd

from agglo.transport.isochrones import isochrones
from agglo.transport.traces import Traces, traces_from_arcs
from benchmarks.questions import Numbers
from benchmarks.tools.agglo import BUILDS_ANEW, PACKAGES, S_PER_MIN, Built, build, retimed

__all__ = ["BUILDS_ANEW", "PACKAGES", "build", "outlines", "retimed", "traces"]

CRS = "EPSG:32610"
"""Any CRS in metres: the questions have no place on earth."""


def traces(built: Built, cell_m: float) -> Traces:
    """Cut the streets into the cells of a grid, once for all weights."""
    return traces_from_arcs(built.topology, crs=CRS, cell_m=cell_m)


def outlines(built: Built, drawn: Traces, origins: Numbers, within_s: float) -> gpd.GeoSeries:
    """Draw what can be reached in time, one polygon for each origin."""
    names = built.topology.nodes[origins].tolist()
    within_min = [within_s / S_PER_MIN]
    return isochrones(
        built.topology, built.metric_min, names, drawn, within_min=within_min
    ).geometry
