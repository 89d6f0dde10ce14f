"""Access to jobs from fine zones, so that limits of time move smoothly instead of in steps."""

from __future__ import annotations

from collections.abc import Callable, Collection, Sequence
from dataclasses import dataclass, replace
from functools import partial

import geopandas as gpd
import numpy as np
import pandas as pd
from scipy.sparse import csr_array

from agglo.errors import TableError
from agglo.imagery.fine_zones import FineZones
from agglo.imagery.part_shares import PartShares
from agglo.indicators.access import weighted_mean
from agglo.indicators.case import Case, FineReach
from agglo.indicators.indicator import LM, NETWORK, Indicator
from agglo.indicators.measures import whole_only, with_whole
from agglo.parameters import Parameters
from agglo.region import Region
from agglo.transport.network import metric_from_arcs
from agglo.transport.ties import DETOUR_RATIO, TIES, Ties, joined_ties, minute_blocks, nearest_ties
from agglo.transport.topology import Topology
from agglo.units import MINUTES_PER_HOUR

THRESHOLDS_MIN = (30, 45, 60)
NO_STOPPING = ("motorway", "motorway_link", "ferry")
"""Classes of links that nobody gets on to from a place beside them."""

MEAN_IN_SQUARE = 0.5214
"""Mean distance of two points of a square over its side (Ghosh 1951, unverified)."""


@dataclass(frozen=True, slots=True, kw_only=True)
class FinePlaces:
    """Where the workers and jobs of zones are, finer than zones; the same in all scenarios."""

    cells: gpd.GeoDataFrame
    """Index cell id: ``zone_id``, ``area_km2``, ``x_m``, ``y_m`` and the geometry."""

    zone_ids: pd.Index
    people: csr_array
    """Zones × cells: share of a zone's people, and of its workers, adding up to 1."""

    jobs: csr_array
    """Zones × cells: share of a zone's jobs."""

    report: pd.DataFrame
    """Of people: by zone, how they were shared and why not by weights; see ``part_shares``."""

    weights: str = ""
    """Name of the raster by which they were shared; empty: by area."""


def fine_places(
    fine: FineZones, people: PartShares, jobs: PartShares | None = None, *, weights: str = ""
) -> FinePlaces:
    """Join fine zones and how people and jobs are shared among them; jobs as people by default."""
    work = jobs or people
    for one in (people, work):
        if not (one.cell_ids.equals(fine.cells.index) and one.zone_ids.equals(fine.zone_ids)):
            raise TableError("the shares are of other fine zones; make them of the same")
    return FinePlaces(
        cells=fine.cells,
        zone_ids=fine.zone_ids,
        people=people.shares,
        jobs=work.shares,
        report=people.report,
        weights=weights,
    )


def fine_reach(
    places: FinePlaces,
    region: Region,
    topology: Topology,
    arcs: pd.DataFrame,
    parameters: Parameters,
    *,
    baseline: Region | None = None,
    within_min: Sequence[float] = THRESHOLDS_MIN,
) -> FineReach:
    """Count the jobs that people reach by car in time from where they live.

    Cumulative opportunities (Wachs and Kumagai 1973) between fine zones; the limit counts as in
    time. Jobs outside the region are not counted, as in the measure between zones.

    Parameters
    ----------
    region, arcs
        Of one scenario; its zones have its workers and jobs.
    baseline
        The region whose nodes all scenarios keep to: with it a new road never takes a way from
        anybody, and a closed one never gives any.

    Raises
    ------
    TableError
        If the region has other zones than the places.
    NetworkError
        If no node can be reached by car.
    """
    zones = region["zones"]
    if not places.zone_ids.sort_values().equals(zones.index.sort_values()):
        raise TableError("the fine zones are of other zones than the region's; make them anew")
    zones = zones.loc[places.zone_ids]
    inside = (zones["kind"] != "outside").to_numpy()
    workers = zones["workers_count"].to_numpy(dtype=float) * inside @ places.people
    jobs = zones["jobs_count"].to_numpy(dtype=float) * inside @ places.jobs
    ties = ties_of_places(places, baseline or region, region, parameters)
    metric = metric_from_arcs(topology, arcs, "car")
    reached = np.zeros((len(places.cells), len(within_min)))
    blocks = minute_blocks(topology, metric, ties, fixed_min=parameters.car_fixed_min)
    for rows, minutes in blocks:
        for column, limit in enumerate(within_min):
            reached[rows, column] = jobs @ (limit >= minutes.T)
    names = [reach_column(limit) for limit in within_min]
    means = pd.DataFrame(places.people @ reached, index=zones.index, columns=names)[inside]
    means.insert(0, "workers_count", zones["workers_count"][inside])
    cells = pd.DataFrame(reached, index=places.cells.index, columns=names)
    cells.insert(0, "zone_id", places.cells["zone_id"])
    cells.insert(1, "workers_count", workers)
    cells.insert(2, "jobs_count", jobs)
    is_inside = np.zeros(len(cells), dtype=bool)
    is_inside[places.people[np.flatnonzero(inside)].indices] = True
    return FineReach(zones=means, cells=cells[is_inside])


def reach_column(within_min: float) -> str:
    """Name the column of the jobs within a limit."""
    return f"jobs_within_{within_min:g}_min_count"


def ties_of_places(
    places: FinePlaces,
    baseline: Region,
    region: Region,
    parameters: Parameters,
    *,
    most: int = TIES,
    detour_ratio: float = DETOUR_RATIO,
) -> Ties:
    """Lead cells to their nearest nodes and zones of one point along their connectors.

    Cells are driven in at the speed of the car connectors of the zone that has most of them, and
    at the speed inside a zone where it has none. Nodes that a scenario adds come on top of those
    of the baseline.
    """
    cells, zones = places.cells, baseline["zones"]
    own = baseline["connectors"]
    doors = own[own["mode"] == "car"]
    speed = doors.groupby("zone_id")["speed_kmh"].mean().reindex(cells["zone_id"])
    speed_kmh = speed.fillna(parameters.internal_car_kmh).to_numpy(dtype=float)
    is_point = (cells["area_km2"] == 0).to_numpy()
    km = np.sqrt(cells["area_km2"].to_numpy(dtype=float)) * MEAN_IN_SQUARE * detour_ratio
    inner = zones["internal_km"].reindex(cells["zone_id"]).to_numpy(dtype=float)
    inner_min = (
        np.where(is_point, inner / parameters.internal_car_kmh, km / speed_kmh) * MINUTES_PER_HOUR
    )
    x_m, y_m = (cells[name].to_numpy(dtype=float) for name in ("x_m", "y_m"))
    nodes = street_nodes(baseline)
    added = street_nodes(region)
    added = added[~added.index.isin(nodes.index)]
    tie = partial(
        nearest_ties, x_m, y_m, speed_kmh=speed_kmh, inner_min=inner_min, most=most,
        detour_ratio=detour_ratio,
    )  # fmt: skip
    ties = tie(nodes) if added.empty else joined_ties(tie(nodes), tie(added))
    return _with_doors(ties, cells, is_point, region)


def street_nodes(region: Region) -> pd.DataFrame:
    """Nodes where a car may leave the road: ``x_m`` and ``y_m``, index node id.

    A node of closed roads stays one: its closing is felt, not evaded.
    """
    links = region["links"]
    used = links[~links["class"].isin(NO_STOPPING)]
    if "car" in links:
        used = used[used["car"] != "no"]
    nodes = region["nodes"]
    nodes = nodes[nodes.index.isin(used["from_id"]) | nodes.index.isin(used["to_id"])]
    points = gpd.points_from_xy(nodes["lon"], nodes["lat"], crs="EPSG:4326").to_crs(region.crs)
    return pd.DataFrame(
        {"x_m": np.asarray(points.x), "y_m": np.asarray(points.y)}, index=nodes.index
    )


def _with_doors(ties: Ties, cells: gpd.GeoDataFrame, is_point: np.ndarray, region: Region) -> Ties:
    """Let the zones of one point leave by their own connectors instead."""
    own = region["connectors"]
    doors = own[(own["mode"] == "car") & own["zone_id"].isin(cells["zone_id"][is_point])]
    doors = doors.sort_values(["zone_id", "to_id"])
    rank = doors.groupby("zone_id").cumcount().to_numpy(dtype=np.intp)
    width = max(ties.number.shape[1], int(rank.max(initial=-1)) + 1)
    nodes = ties.nodes.union(pd.Index(doors["to_id"].to_numpy(dtype=object)).unique())
    number = np.zeros((len(cells), width), dtype=np.intp)
    minutes = np.full((len(cells), width), np.inf)
    number[:, : ties.number.shape[1]] = nodes.get_indexer(ties.nodes)[ties.number]
    minutes[:, : ties.number.shape[1]] = ties.minutes
    minutes[is_point] = np.inf
    at = pd.Series(np.flatnonzero(is_point), index=cells["zone_id"][is_point])
    row = at.reindex(doors["zone_id"]).to_numpy(dtype=np.intp)
    number[row, rank] = nodes.get_indexer(pd.Index(doors["to_id"]))
    minutes[row, rank] = (doors["length_km"] / doors["speed_kmh"]).to_numpy() * MINUTES_PER_HOUR
    return replace(ties, nodes=nodes, number=number, minutes=minutes)


def reach_from_fine(found: FineReach | None, *, within_min: float) -> pd.Series:
    """Jobs within reach by car, by zone, from where people live; 'all' is the mean over workers.

    Absent where no fine zones were made.
    """
    column = reach_column(within_min)
    if found is None or column not in found.zones:
        return whole_only(float("nan"))
    counts = found.zones[column]
    return with_whole(counts, weighted_mean(counts, found.zones["workers_count"]))


def fine_indicators(
    read: Callable[[Case], FineReach | None], *, within_min: Collection[float] = THRESHOLDS_MIN
) -> dict[str, Indicator]:
    """List the indicators of smooth access.

    Parameters
    ----------
    read
        Takes of a case what ``fine_reach`` found for it.
    """
    return {
        f"jobs_within_{limit:g}_min_car_fine": Indicator(
            partial(reach_from_fine, within_min=limit),
            "jobs",
            1,
            LM,
            "cumulative opportunities (Wachs, Kumagai 1973) between cells, people and jobs put "
            "where the land is built (Wright 1936, unverified)",
            NETWORK,
            needs=("fine",),
            basis=read,
        )
        for limit in within_min
    }
