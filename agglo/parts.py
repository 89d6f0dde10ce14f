"""The parts of a case that take long to find: link losses, waits, facilities, land taken."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import geopandas as gpd
import numpy as np
import numpy.typing as npt
import pandas as pd

from agglo.imagery.figures import imagery_figures, newest_raster
from agglo.imagery.land_uses import new_land_uses, placed_people
from agglo.imagery.scenario_land import scenario_land_take
from agglo.indicators.case import FineReach, Travel, Waits, straight_km, unknown_transit
from agglo.indicators.fine_reach import FinePlaces, fine_reach
from agglo.indicators.link_losses import link_losses
from agglo.layers.raster_files import bounds_in, read_band
from agglo.parameters import Parameters
from agglo.rasters import Band
from agglo.region import Region
from agglo.scenarios.files import BASELINE
from agglo.stages import Stages
from agglo.transport.cut_off import cut_off
from agglo.transport.facilities import intermodal_share, nearest_minutes
from agglo.transport.indices import algebraic_connectivity, detours, planar_indices
from agglo.transport.keys import Words, metric_sha256
from agglo.transport.lines import WINDOWS
from agglo.transport.network import Network, metric_from_arcs
from agglo.transport.pruned import part_of_metric, part_that_leads
from agglo.transport.skims import skim
from agglo.transport.spread import transit_spread
from agglo.transport.topology import WAITS, Floats, Minutes, Topology, node_numbers
from agglo.units import MINUTES_PER_HOUR

NOTHING_KEPT = Stages()
FACES = ("from", "to")

LAND_PARAMETERS = ("land_m2_per_resident", "lane_width_m", "road_reserve_m")
"""What decides how much land a scenario takes, and nothing else."""


def parts_of(
    needs: Collection[str],
    region: Region,
    network: Network,
    name: str,
    travel: Travel,
    flows: pd.DataFrame,
    parameters: Parameters,
    places: FinePlaces | None,
    *,
    stages: Stages = NOTHING_KEPT,
    words: Words | None = None,
) -> dict[str, Any]:
    """Find the parts of a case that are asked for, but for those that scenarios share.

    Parameters
    ----------
    places
        Where people and jobs are inside zones, the same in all scenarios.
    stages, words
        What was found before, and the hashes of the arcs that tell whether it holds.
    """
    topology, arcs = network.topology, network.arcs[name]
    roads = _Roads(region=region, topology=topology, arcs=arcs, stages=stages, words=words)
    parts: dict[str, Any] = {}
    if "losses" in needs:
        parts["link_losses"] = link_losses(
            region, topology, arcs, travel, flows, parameters, stages=stages, words=words
        )
    if "waits" in needs:
        parts["waits"] = {window: _waits(roads, window) for window in WINDOWS}
    if "facilities" in needs:
        parts["facility_min"] = _facility_minutes(roads)
    if "connectivity" in needs:
        parts["connectivity"] = _connectivity(roads, travel, flows)
        parts["cut_off"] = _cut_off(roads)
    if places is not None:
        parts["fine"] = _fine(roads, places, network.regions[BASELINE], parameters)
    return parts


def shared_parts(needs: Collection[str], baseline: Region) -> dict[str, Any]:
    """Find once what rasters say of the region: no scenario changes a raster."""
    return {"imagery": imagery_figures(baseline)} if "imagery" in needs else {}


def land_takes(
    needs: Collection[str], regions: Mapping[str, Region], parameters: Parameters
) -> dict[str, pd.DataFrame | None]:
    """Find by scenario the land that it takes beyond the baseline; ``None`` if none is known."""
    base = regions[BASELINE]
    cover = newest_raster(base, "land_cover", quantity="class")
    if "land_take" not in needs or cover is None:
        return dict.fromkeys(regions)
    zones = base.geo("zones")
    inside = zones[zones["kind"] != "outside"]
    uses = {
        name: new_land_uses(base["land_uses"], own["land_uses"]) for name, own in regions.items()
    }
    land = read_band(cover, bounds=bounds_in(cover.grid, inside))

    def land_with(drawn: gpd.GeoDataFrame | None) -> Band:
        """Read on for what a scenario draws: it alone, for no result may depend on another."""
        if drawn is None:
            return land
        both = pd.concat([inside.geometry, drawn.geometry]).to_frame("geometry")
        return read_band(cover, bounds=bounds_in(cover.grid, both))

    return {
        name: scenario_land_take(
            base.geo("links"),
            own.geo("links"),
            base["zones"].loc[inside.index, "population_count"],
            own["zones"].loc[inside.index, "population_count"],
            inside,
            land_with(uses[name]),
            classes=cover.classes,
            lane_width_m=parameters.lane_width_m,
            road_reserve_m=parameters.road_reserve_m,
            land_m2_per_resident=parameters.land_m2_per_resident,
            land_uses=uses[name],
            placed_population=placed_people(uses[name], inside, base.geo("municipalities")),
        )
        for name, own in regions.items()
    }


@dataclass(frozen=True, slots=True, kw_only=True)
class _Roads:
    """One scenario's arcs, and by what they are told from others."""

    region: Region
    topology: Topology
    arcs: pd.DataFrame
    stages: Stages
    words: Words | None

    def ends(self, zones: pd.Index) -> tuple[npt.NDArray[np.intp], npt.NDArray[np.intp]]:
        """Number the nodes at which the trips of zones begin and end."""
        begin, end = (node_numbers(self.topology, list(f"{face}:" + zones)) for face in FACES)
        return begin, end

    def sha256(self, *modes: str, columns: Sequence[str] = ()) -> str:
        """Hash the arcs that are open by any of some modes; nothing where nothing is kept."""
        if self.words is None:
            return ""
        minutes = self.arcs[[f"{mode}_min" for mode in modes]]
        metric = minutes.to_numpy(dtype=float).min(axis=1)
        told = [self.arcs[name] for name in (*minutes, "link_id", *columns)]
        return metric_sha256(self.words, self.topology, metric, told)


def _waits(roads: _Roads, window: str) -> Waits:
    zones = roads.region["zones"].index
    mode = WINDOWS[window]

    def found() -> dict[str, npt.NDArray[Any]]:
        start, end = roads.ends(zones)
        topology, arcs = roads.topology, roads.arcs
        part = part_that_leads(topology, np.isfinite(arcs[f"{mode}_min"].to_numpy()), start, end)
        if part is not None:
            topology, arcs = part[0], arcs[part[1]]
            start, end = (node_numbers(topology, list(f"{face}:" + zones)) for face in FACES)
        spread = transit_spread(topology, arcs, start, end, window=window)
        return {"median": spread.wait_median_min, "p90": spread.wait_p90_min}

    own = roads.sha256(mode, columns=("phase", *WAITS))
    kept = roads.stages.arrays("waits", (own, window, list(zones)), found)
    unknown = unknown_transit(roads.region) | np.eye(len(zones), dtype=bool)

    def frame(values: Minutes) -> pd.DataFrame:
        known = np.where(unknown, np.inf, values.astype(float))
        return pd.DataFrame(known, index=zones, columns=zones)

    return Waits(median_min=frame(kept["median"]), p90_min=frame(kept["p90"]))


def _facility_minutes(roads: _Roads) -> pd.DataFrame:
    """Minutes by car from every zone to the nearest facility, and station with parking, by kind."""
    listed = roads.region["facilities"]
    parking = roads.region["interchanges"]
    parking = parking[parking["mode"] == "park_ride"]
    doors = pd.DataFrame(
        {
            "kind": [*listed["kind"], *["station"] * len(parking)],
            "node": [*("road:" + listed["node_id"]), *("road:" + parking["node_id"])],
            "minutes": [
                *(listed["length_km"] / listed["speed_kmh"] * MINUTES_PER_HOUR),
                *(parking["length_km"] / parking["speed_kmh"] * MINUTES_PER_HOUR),
            ],
        }
    )
    doors = doors[doors["node"].isin(roads.topology.nodes)]
    zones = roads.region["zones"].index

    def found() -> pd.DataFrame:
        metric = metric_from_arcs(roads.topology, roads.arcs, "car")
        minutes = skim(roads.topology, metric, list("from:" + zones), list(doors["node"]))
        times = pd.DataFrame(
            minutes + doors["minutes"].to_numpy(), index=zones, columns=doors.index
        )
        return nearest_minutes(times, doors["kind"])

    return roads.stages.frame("facilities", (roads.sha256("car"), doors, zones), found)


def _connectivity(roads: _Roads, travel: Travel, flows: pd.DataFrame) -> pd.Series:
    """Indices of the road network, detours of commuters and who joins modes; by name."""
    region = roads.region
    inside = region["zones"].index[region["zones"]["kind"] != "outside"]
    is_road = roads.arcs["link_id"].isin(region["links"].index).to_numpy()
    own = roads.sha256("car", columns=("length_km",))
    indices = roads.stages.arrays(
        "road_indices",
        (own, is_road[np.isfinite(roads.arcs["car_min"].to_numpy())], inside),
        lambda: _road_indices(roads, is_road, inside),
    )
    ways = detours(
        indices.pop("road_km"),
        straight_km(region).loc[inside, inside].to_numpy(),
        trips=flows.loc[inside, inside].to_numpy(),
    )
    return pd.Series(
        {
            **{name: float(value) for name, value in indices.items()},
            "detour_of_sums": ways["ratio_of_sums"],
            "detour_mean": ways["mean_of_ratios"],
            "intermodal_share": _intermodal(roads, travel, flows),
        },
        dtype=float,
    )


def _road_indices(
    roads: _Roads, is_road: npt.NDArray[np.bool_], inside: pd.Index
) -> dict[str, Floats]:
    """Indices of the whole road network, and kilometres by the shortest way between zones."""
    topology = roads.topology
    minutes = roads.arcs["car_min"].to_numpy(dtype=float)
    length_km = roads.arcs["length_km"].to_numpy(dtype=float)
    is_open = np.isfinite(minutes)
    own = is_road & is_open
    tail, head = topology.tail[own], topology.head[own]
    _, ends = np.unique(np.concatenate([tail, head]), return_inverse=True)
    first, last = np.split(ends.astype(np.intp), 2)
    count = int(ends.max(initial=-1)) + 1
    planar = planar_indices(count, first, last, length_km=length_km[own])
    algebraic = algebraic_connectivity(count, first, last, minutes=minutes[own])
    km = np.where(is_open, length_km, np.inf)
    found = {
        "alpha": planar["alpha_share"],
        "beta": planar["links_per_node"],
        "gamma": planar["gamma_share"],
        "eta_km": planar["mean_link_km"],
        "algebraic": algebraic,
        "road_km": skim(topology, km, list("from:" + inside), list("to:" + inside)).astype(float),
    }
    return {name: np.asarray(value, dtype=float) for name, value in found.items()}


def _intermodal(roads: _Roads, travel: Travel, flows: pd.DataFrame) -> float:
    """Share of commuters whose quickest way joins two modes or more."""
    region, arcs = roads.region, roads.arcs
    zones = region["zones"].index
    line_mode = arcs["link_id"].map(region["lines"]["mode"]).to_numpy(dtype=object)
    transit = metric_from_arcs(roads.topology, arcs, "transit")
    alone = {"car": travel.minutes["car"]}
    for mode in sorted(set(region["lines"]["mode"])):
        other = pd.notna(line_mode) & (line_mode != mode)
        part, metric = part_of_metric(
            roads.topology, np.where(other, np.inf, transit), *roads.ends(zones)
        )
        minutes = skim(part, metric, list("from:" + zones), list("to:" + zones)).astype(float)
        alone[mode] = pd.DataFrame(minutes, index=zones, columns=zones)
    together = np.min(
        [frame.to_numpy() for frame in (*travel.minutes.values(), *alone.values())], axis=0
    )
    apart = flows.where(~np.eye(len(zones), dtype=bool), 0.0)
    return intermodal_share(pd.DataFrame(together, index=zones, columns=zones), alone, apart)


def _cut_off(roads: _Roads) -> pd.DataFrame:
    """List which single road link cuts which zone off from the zone with most jobs, or from all."""
    region = roads.region
    zones = region["zones"]
    inside = zones.index[zones["kind"] != "outside"]
    is_road = roads.arcs["link_id"].isin(region["links"].index)
    people = zones.loc[inside, "population_count"]
    hubs = [str(zones.loc[inside, "jobs_count"].idxmax())]
    is_open = np.isfinite(roads.arcs["car_min"].to_numpy())
    return roads.stages.frame(
        "cut_off",
        (roads.sha256("car"), is_road.to_numpy()[is_open], people, hubs),
        lambda: cut_off(
            roads.topology,
            metric_from_arcs(roads.topology, roads.arcs, "car"),
            roads.arcs["link_id"].where(is_road, ""),
            origins=list("from:" + inside),
            destinations=list("to:" + inside),
            people_count=people,
            hubs=hubs,
        ),
    )


def _fine(roads: _Roads, places: FinePlaces, baseline: Region, parameters: Parameters) -> FineReach:
    region, stages = roads.region, roads.stages
    tables = [
        stages.sha256(own[name])
        for own in (baseline, region)
        for name in ("zones", "links", "nodes", "connectors")
    ]
    asked = roads.sha256("car"), stages.sha256(places), tables, parameters
    made: list[FineReach] = []

    def found() -> FineReach:
        if not made:
            made.append(fine_reach(
                places, region, roads.topology, roads.arcs, parameters, baseline=baseline
            ))  # fmt: skip
        return made[0]

    return FineReach(
        zones=stages.frame("fine_zones", asked, lambda: found().zones),
        cells=stages.frame("fine_cells", asked, lambda: found().cells),
    )
