"""The tables that maps draw: every scenario of a run, one row per feature and scenario."""

from __future__ import annotations

from collections.abc import Sequence

import geopandas as gpd
import numpy as np
import pandas as pd
import shapely

from agglo.indicators.case import flow_status
from agglo.indicators.measures import WHOLE
from agglo.indicators.registry import INDICATORS
from agglo.maps.territory_data import territory_tables
from agglo.run import Result
from agglo.scenarios.files import BASELINE

CHANGE_PREFIX = "change_"
CELLS_PREFIX = "cells_of_"
ROLES = ("context", "member", "core")
"""In the order of drawing: the core's border comes out on top."""
CURVE = 0.15
"""How far a flow bends from the straight line, in shares of its length."""
CURVE_POINTS = 12


def map_tables(
    results: Sequence[Result], *, least_flow_count: float
) -> dict[str, gpd.GeoDataFrame]:
    """Gather what is drawn, in the region's CRS.

    Returns
    -------
    map_tables
        By GeoPackage table: ``municipalities``, ``railways``, ``stops``, ``employers`` once;
        ``zones`` (polygons), ``places`` (points; ``has_area`` tells which have a polygon),
        ``links`` and ``flows`` once per scenario with the column ``scenario``. Indicators are
        columns; ``change_…`` is the difference from the baseline; ``status`` says how firm the
        row is. Where a boundary was drawn, also the tables of ``territory_tables``.
    """
    region = results[0].case.region
    zones = pd.concat([_zones(result) for result in results], ignore_index=True)
    zones = _with_changes(zones, [name for name in INDICATORS if name in zones])
    has_area = zones.geom_type.isin(("Polygon", "MultiPolygon"))
    polygons = zones[has_area]
    places = zones.assign(has_area=has_area).set_geometry(
        gpd.points_from_xy(zones["lon"], zones["lat"], crs="EPSG:4326").to_crs(region.crs)
    )
    links = pd.concat([_links(result) for result in results], ignore_index=True)
    return {
        "municipalities": _municipalities(results[0]),
        "zones": polygons.reset_index(drop=True),
        "places": places.reset_index(drop=True),
        "links": _with_changes(links, ["speed_kmh", "link_loss_person_min"], key="link_id"),
        "railways": region.geo("railways").reset_index(drop=True),
        "stops": _points(region["stops"], region.crs),
        "employers": _points(region["employers"].dropna(subset=["lon", "lat"]), region.crs),
        "flows": pd.concat(
            [_flows(result, least_flow_count) for result in results], ignore_index=True
        ),
        **territory_tables(results),
    }


def wide_indicators(result: Result) -> pd.DataFrame:
    """Return the indicators of places as columns, index place id."""
    own = result.indicators[result.indicators["place_id"] != WHOLE]
    return own.pivot(index="place_id", columns="indicator", values="value")


def flows_table(result: Result) -> pd.DataFrame:
    """Return the flows of a result, one row per pair of zones, with times and car share."""
    case = result.case
    matrices = {
        "commuters_count": case.flows,
        **{f"{mode}_min": minutes for mode, minutes in case.travel.minutes.items()},
        "car_share": case.travel.shares["car"],
        "park_ride_share": case.travel.shares["park_ride"],
    }
    homes, works = case.flows.index, case.flows.columns
    table = pd.DataFrame(
        {
            "scenario": result.scenario.name,
            "live_zone_id": homes.repeat(len(works)),
            "work_zone_id": list(works) * len(homes),
            **{name: matrix.to_numpy().ravel() for name, matrix in matrices.items()},
            "status": flow_status(case).to_numpy().repeat(len(works)),
        }
    )
    return table[table["commuters_count"] > 0].replace([np.inf], np.nan)


def _zones(result: Result) -> gpd.GeoDataFrame:
    zones = result.case.region.geo("zones")
    wide = wide_indicators(result)
    names = [name for name in INDICATORS if name in wide and wide.index.isin(zones.index).any()]
    kept = [name for name in names if wide[name].reindex(zones.index).notna().any()]
    columns = [
        "zone_id", "name_ru", "name_en", "municipality_id", "kind", "is_centre", "lon", "lat",
        "population_count", "workers_count", "jobs_count", "status", "geometry",
    ]  # fmt: skip
    frame = zones[columns].join(wide[kept])
    frame.insert(0, "scenario", result.scenario.name)
    return frame.reset_index(drop=True)


def _municipalities(baseline: Result) -> gpd.GeoDataFrame:
    region = baseline.case.region
    frame = region.geo("municipalities").copy()
    for year, rows in region["population"].groupby("year"):
        counts = rows.set_index("municipality_id")["population_count"]
        frame[f"population_{year}_count"] = frame["municipality_id"].map(counts)
    wages = region["wages"]
    wages = wages[wages["industry"] == "all"]
    for year, rows in wages.groupby("year"):
        frame[f"wage_{year}_rub"] = frame["municipality_id"].map(
            rows.set_index("municipality_id")["wage_rub"]
        )
    for year, rows in region["migration"].groupby("year"):
        frame[f"net_migration_{year}_count"] = frame["municipality_id"].map(
            rows.set_index("municipality_id")["net_migration_count"]
        )
    wide = wide_indicators(baseline)
    for name in ("self_containment_supply", "self_containment_demand"):
        frame[name] = frame["municipality_id"].map(wide[name])
    frame = frame.join(imagery_columns(baseline), on="municipality_id")
    outer_first = frame["role"].map(ROLES.index)
    return frame.loc[outer_first.sort_values(kind="stable").index].reset_index(drop=True)


def imagery_columns(baseline: Result) -> pd.DataFrame:
    """Figures of rasters by place, and of each raster how many of its cells the place covers.

    Few cells (``imagery.figures.LEAST_CELLS``) are too coarse to conclude from.
    """
    figures = baseline.case.imagery
    if figures.empty:
        return pd.DataFrame()
    shown = figures[figures["is_shown"]]
    wide = shown.pivot(index="place_id", columns="measure", values="value")
    cells = shown.drop_duplicates(["place_id", "layer"])
    counts = cells.pivot(index="place_id", columns="layer", values="cells_count")
    return wide.join(counts.add_prefix(CELLS_PREFIX).add_suffix("_count"))


def _links(result: Result) -> gpd.GeoDataFrame:
    links = result.case.region.geo("links")
    losses = result.case.link_losses.reindex(links.index)
    columns = [
        "link_id", "name_ru", "name_en", "road", "class", "length_km", "lanes_count",
        "free_speed_kmh", "speed_kmh", "capacity_veh_per_h", "is_open", "status", "geometry",
    ]  # fmt: skip
    frame = links[columns].assign(
        link_loss_person_min=losses["loss_person_min"],
        link_unserved_count=losses["unserved_count"],
    )
    receipts = result.receipts
    touched = receipts.loc[receipts["table"] == "links", "row_id"]
    frame["is_changed"] = frame["link_id"].isin(touched)
    frame.insert(0, "scenario", result.scenario.name)
    return frame.reset_index(drop=True)


def _points(frame: pd.DataFrame, crs: str) -> gpd.GeoDataFrame:
    points = gpd.points_from_xy(frame["lon"], frame["lat"], crs="EPSG:4326").to_crs(crs)
    return gpd.GeoDataFrame(frame.reset_index(drop=True), geometry=points)


def _flows(result: Result, least_count: float) -> gpd.GeoDataFrame:
    zones = result.case.region["zones"]
    flows = flows_table(result)
    apart = flows["live_zone_id"] != flows["work_zone_id"]
    flows = flows[apart & (flows["commuters_count"] >= least_count)]
    points = gpd.GeoSeries(
        gpd.points_from_xy(zones["lon"], zones["lat"], crs="EPSG:4326"), index=zones.index
    ).to_crs(result.case.region.crs)
    home, work = points.loc[flows["live_zone_id"]], points.loc[flows["work_zone_id"]]
    for side, ids in (("live", flows["live_zone_id"]), ("work", flows["work_zone_id"])):
        for language in ("ru", "en"):
            flows[f"{side}_name_{language}"] = ids.map(zones[f"name_{language}"])
    ordered = gpd.GeoDataFrame(
        flows, geometry=_curves(home.to_numpy(), work.to_numpy()), crs=points.crs
    )
    return ordered.sort_values("commuters_count", ignore_index=True)


def _curves(home: np.ndarray, work: np.ndarray) -> np.ndarray:
    """Bend every flow to its right, so that both directions can be told apart."""
    a = np.column_stack([shapely.get_x(home), shapely.get_y(home)])
    b = np.column_stack([shapely.get_x(work), shapely.get_y(work)])
    side = np.column_stack([b[:, 1] - a[:, 1], a[:, 0] - b[:, 0]])
    bend = (a + b) / 2 + side * CURVE
    t = np.linspace(0, 1, CURVE_POINTS)[None, :, None]
    points = (1 - t) ** 2 * a[:, None] + 2 * t * (1 - t) * bend[:, None] + t**2 * b[:, None]
    return np.asarray(shapely.linestrings(points))


def _with_changes(
    frame: gpd.GeoDataFrame, columns: Sequence[str], *, key: str = "zone_id"
) -> gpd.GeoDataFrame:
    base = frame[frame["scenario"] == BASELINE].set_index(key)
    changes = {
        f"{CHANGE_PREFIX}{name}": frame[name] - frame[key].map(base[name]) for name in columns
    }
    return frame.assign(**changes)
