"""The parts of a case that take long to find: link losses, waits, facilities, land taken."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from typing import Any

import geopandas as gpd
import numpy as np
import numpy.typing as npt
import pandas as pd

from agglo.commuting.modes import kept_mode_minutes
from agglo.imagery.figures import imagery_figures, newest_raster
from agglo.imagery.land_uses import new_land_uses, placed_people
from agglo.imagery.scenario_land import scenario_land_take
from agglo.indicators.case import (
    Travel,
    Waits,
    arrays,
    straight_km,
    trips_per_worker,
    unknown_transit,
)
from agglo.indicators.fine_reach import FinePlaces, fine_reach
from agglo.layers.raster_files import bounds_in, read_band
from agglo.parameters import Parameters
from agglo.rasters import Band
from agglo.region import Region
from agglo.scenarios.files import BASELINE
from agglo.transport.connectivity import extra_minutes
from agglo.transport.criticality import TripLoss, critical_links
from agglo.transport.cut_off import cut_off
from agglo.transport.facilities import intermodal_share, nearest_minutes
from agglo.transport.indices import algebraic_connectivity, detours, planar_indices
from agglo.transport.lines import WINDOWS
from agglo.transport.network import Network, metric_from_arcs
from agglo.transport.skims import skim
from agglo.transport.spread import transit_spread
from agglo.transport.topology import Floats, Minutes, Topology, node_numbers
from agglo.units import MINUTES_PER_HOUR

LAND_PARAMETERS = ("land_m2_per_resident", "lane_width_m", "road_reserve_m")
"""What decides how much land a scenario takes, and nothing else."""

EXACT_LINKS = 20
"""In a large network so many of the worst links are closed exactly."""


def parts_of(
    needs: Collection[str],
    region: Region,
    network: Network,
    name: str,
    travel: Travel,
    flows: pd.DataFrame,
    parameters: Parameters,
    places: FinePlaces | None,
) -> dict[str, Any]:
    """Find the parts of a case that are asked for, but for those that scenarios share.

    Parameters
    ----------
    places
        Where people and jobs are inside zones, the same in all scenarios.
    """
    topology, arcs = network.topology, network.arcs[name]
    parts: dict[str, Any] = {}
    if "losses" in needs:
        parts["link_losses"] = _link_losses(region, topology, arcs, travel, flows, parameters)
    if "waits" in needs:
        parts["waits"] = {window: _waits(region, topology, arcs, window) for window in WINDOWS}
    if "facilities" in needs:
        parts["facility_min"] = _facility_minutes(region, topology, arcs)
    if "connectivity" in needs:
        parts["connectivity"] = _connectivity(region, topology, arcs, travel, flows)
        parts["cut_off"] = _cut_off(region, topology, arcs)
    if places is not None:
        baseline = network.regions[BASELINE]
        parts["fine"] = fine_reach(places, region, topology, arcs, parameters, baseline=baseline)
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


def _waits(region: Region, topology: Topology, arcs: pd.DataFrame, window: str) -> Waits:
    zones = region["zones"].index
    start, end = (node_numbers(topology, list(f"{face}:" + zones)) for face in ("from", "to"))
    spread = transit_spread(topology, arcs, start, end, window=window)
    unknown = unknown_transit(region) | np.eye(len(zones), dtype=bool)

    def frame(values: Minutes) -> pd.DataFrame:
        known = np.where(unknown, np.inf, values.astype(float))
        return pd.DataFrame(known, index=zones, columns=zones)

    return Waits(median_min=frame(spread.wait_median_min), p90_min=frame(spread.wait_p90_min))


def _facility_minutes(region: Region, topology: Topology, arcs: pd.DataFrame) -> pd.DataFrame:
    """Minutes by car from every zone to the nearest facility, and station with parking, by kind."""
    listed = region["facilities"]
    parking = region["interchanges"]
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
    doors = doors[doors["node"].isin(topology.nodes)]
    zones = region["zones"].index
    metric = metric_from_arcs(topology, arcs, "car")
    minutes = skim(topology, metric, list("from:" + zones), list(doors["node"]))
    times = pd.DataFrame(minutes + doors["minutes"].to_numpy(), index=zones, columns=doors.index)
    return nearest_minutes(times, doors["kind"])


def _connectivity(
    region: Region, topology: Topology, arcs: pd.DataFrame, travel: Travel, flows: pd.DataFrame
) -> pd.Series:
    """Indices of the road network, detours of commuters and who joins modes; by name."""
    roads = (arcs["link_id"].isin(region["links"].index) & np.isfinite(arcs["car_min"])).to_numpy()
    tail, head = topology.tail[roads], topology.head[roads]
    _, ends = np.unique(np.concatenate([tail, head]), return_inverse=True)
    first, last = np.split(ends.astype(np.intp), 2)
    count = int(ends.max(initial=-1)) + 1
    length_km = arcs["length_km"].to_numpy()[roads]
    minutes = arcs["car_min"].to_numpy()[roads]
    planar = planar_indices(count, first, last, length_km=length_km)
    inside = region["zones"].index[region["zones"]["kind"] != "outside"]
    ways = detours(
        _road_km(topology, arcs, inside),
        straight_km(region).loc[inside, inside].to_numpy(),
        trips=flows.loc[inside, inside].to_numpy(),
    )
    return pd.Series(
        {
            "alpha": planar["alpha_share"],
            "beta": planar["links_per_node"],
            "gamma": planar["gamma_share"],
            "eta_km": planar["mean_link_km"],
            "algebraic": algebraic_connectivity(count, first, last, minutes=minutes),
            "detour_of_sums": ways["ratio_of_sums"],
            "detour_mean": ways["mean_of_ratios"],
            "intermodal_share": _intermodal(region, topology, arcs, travel, flows),
        },
        dtype=float,
    )


def _road_km(topology: Topology, arcs: pd.DataFrame, zones: pd.Index) -> Floats:
    """Kilometres of the shortest way by road between zones."""
    is_open = np.isfinite(arcs["car_min"].to_numpy(dtype=float))
    km = np.where(is_open, arcs["length_km"].to_numpy(dtype=float), np.inf)
    return skim(topology, km, list("from:" + zones), list("to:" + zones)).astype(float)


def _intermodal(
    region: Region, topology: Topology, arcs: pd.DataFrame, travel: Travel, flows: pd.DataFrame
) -> float:
    """Share of commuters whose quickest way joins two modes or more."""
    zones = region["zones"].index
    ends = list("from:" + zones), list("to:" + zones)
    line_mode = arcs["link_id"].map(region["lines"]["mode"]).to_numpy(dtype=object)
    transit = metric_from_arcs(topology, arcs, "transit")
    alone = {"car": travel.minutes["car"]}
    for mode in sorted(set(region["lines"]["mode"])):
        other = pd.notna(line_mode) & (line_mode != mode)
        minutes = skim(topology, np.where(other, np.inf, transit), *ends).astype(float)
        alone[mode] = pd.DataFrame(minutes, index=zones, columns=zones)
    together = np.min(
        [frame.to_numpy() for frame in (*travel.minutes.values(), *alone.values())], axis=0
    )
    apart = flows.where(~np.eye(len(zones), dtype=bool), 0.0)
    return intermodal_share(pd.DataFrame(together, index=zones, columns=zones), alone, apart)


def _cut_off(region: Region, topology: Topology, arcs: pd.DataFrame) -> pd.DataFrame:
    """List which single road link cuts which zone off from the zone with most jobs, or from all."""
    zones = region["zones"]
    inside = zones.index[zones["kind"] != "outside"]
    roads = arcs["link_id"].where(arcs["link_id"].isin(region["links"].index), "")
    return cut_off(
        topology,
        metric_from_arcs(topology, arcs, "car"),
        roads,
        origins=list("from:" + inside),
        destinations=list("to:" + inside),
        people_count=zones.loc[inside, "population_count"],
        hubs=[str(zones.loc[inside, "jobs_count"].idxmax())],
    )


def _link_losses(
    region: Region,
    topology: Topology,
    arcs: pd.DataFrame,
    travel: Travel,
    flows: pd.DataFrame,
    parameters: Parameters,
) -> pd.DataFrame:
    """Close road links and lines one by one with the flows held.

    In a large network the worst are exact; of the others ``most_person_min`` is all that is
    known, and no other link is worse than those.
    """
    zones = [list(f"{face}:" + flows.index) for face in ("from", "to")]
    trips = trips_per_worker(region["zones"], parameters).loc[flows.index].to_numpy()
    pieces = []
    for mode in ("car", "transit"):
        losses = critical_links(
            topology,
            metric_from_arcs(topology, arcs, mode),
            arcs["link_id"].where(np.isfinite(arcs[f"{mode}_min"]), ""),
            origins=zones[0],
            destinations=zones[1],
            wanted=(flows.to_numpy() > 0) & ~np.eye(len(flows), dtype=bool),
            loss=trip_losses(travel, flows, trips, mode, unserved_min=parameters.unserved_min),
            exact_count=None if topology.hierarchy is None else EXACT_LINKS,
        )
        pieces.append(losses)
    return pd.concat(pieces)


def trip_losses(
    travel: Travel, flows: pd.DataFrame, trips: Floats, mode: str, *, unserved_min: float
) -> TripLoss:
    """Person-minutes a day lost, and persons left without a way, with new minutes of a mode.

    Everybody keeps their mode while it has a way. ``trips`` are those of a worker and day, by
    home.
    """
    persons = flows.to_numpy()
    minutes, shares = arrays(travel.minutes), arrays(travel.shares)
    mean = travel.mean_min.to_numpy()

    def loss(
        after_min: Floats | Minutes, rows: npt.NDArray[np.intp], columns: npt.NDArray[np.intp]
    ) -> tuple[Floats, Floats]:
        own = {name: values[rows, columns] for name, values in minutes.items()}
        after = kept_mode_minutes(
            {**own, mode: np.asarray(after_min, dtype=float)},
            {name: values[rows, columns] for name, values in shares.items()},
            before_min=own,
        )
        before, people = mean[rows, columns], persons[rows, columns]
        extra = extra_minutes(after, before, unserved_min=unserved_min)
        lost = np.where(np.isinf(after) & np.isfinite(before), people, 0.0)
        return people * extra * trips[rows], lost

    return loss
