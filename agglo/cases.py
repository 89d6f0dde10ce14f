"""From the network of all scenarios to the case of each: times, costs, flows, link losses."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from typing import Any

import numpy as np
import numpy.typing as npt
import pandas as pd

from agglo.commuting.gravity import Pull, gravity_flows, outside_pull
from agglo.commuting.modes import joint_cost, kept_mode_minutes, mean_minutes, mode_shares
from agglo.errors import FlowError
from agglo.indicators.case import (
    NEEDS,
    Case,
    Travel,
    Waits,
    arrays,
    trips_per_worker,
    zones_with_stops,
)
from agglo.parameters import Parameters
from agglo.region import Region
from agglo.scenarios.files import BASELINE, Scenario
from agglo.transport.connectivity import extra_minutes
from agglo.transport.criticality import TripLoss, critical_links
from agglo.transport.lines import WINDOWS
from agglo.transport.network import Network, metric_from_arcs
from agglo.transport.skims import skim
from agglo.transport.spread import transit_spread
from agglo.transport.topology import Floats, Minutes, Topology, node_numbers
from agglo.units import MINUTES_PER_HOUR

CHOICES = ("car", "transit", "park_ride")
"""The modes that commuters choose from."""

EXACT_LINKS = 50
"""In a large network so many of the worst links are closed exactly."""


def cases_from_network(
    scenarios: Sequence[Scenario],
    network: Network,
    parameters: Parameters,
    *,
    needs: Collection[str] = NEEDS,
) -> tuple[float, dict[str, Case]]:
    """Carry every scenario from its network to its flows, and to what its measures need."""
    topology, arcs = network.topology, network.arcs
    base = network.regions[BASELINE]
    base_travel = travel_of(
        base, zone_minutes(base, topology, arcs[BASELINE], parameters), parameters
    )
    pull = pull_of(base, base_travel, parameters)
    base_flows = flows_of(base, base_travel, parameters, pull)
    cases = {}
    for one in scenarios:
        own = network.regions[one.name]
        is_base = one.name == BASELINE
        minutes = zone_minutes(own, topology, arcs[one.name], parameters)
        travel = base_travel if is_base else travel_of(own, minutes, parameters)
        stays = is_base or one.horizon == "day"
        flows = base_flows if stays else _named_flows(one, own, travel, parameters, pull)
        cases[one.name] = Case(
            region=own,
            inside=own["zones"].index[own["zones"]["kind"] != "outside"],
            parameters=parameters,
            travel=travel,
            baseline_travel=base_travel,
            flows=flows,
            baseline_flows=base_flows,
            **_parts(needs, own, network, one.name, travel, flows, parameters),
        )
    return pull.closing_factor, cases


def _parts(
    needs: Collection[str],
    region: Region,
    network: Network,
    name: str,
    travel: Travel,
    flows: pd.DataFrame,
    parameters: Parameters,
) -> dict[str, Any]:
    """Find the parts of a case that are asked for."""
    topology, arcs = network.topology, network.arcs[name]
    parts: dict[str, Any] = {}
    if "losses" in needs:
        parts["link_losses"] = _link_losses(topology, arcs, travel, flows, parameters)
    if "waits" in needs:
        parts["waits"] = {window: _waits(region, topology, arcs, window) for window in WINDOWS}
    if "facilities" in needs:
        parts["facility_min"] = _facility_minutes(region, topology, arcs)
    return parts


def _waits(region: Region, topology: Topology, arcs: pd.DataFrame, window: str) -> Waits:
    zones = region["zones"].index
    start, end = (node_numbers(topology, list(f"{face}:" + zones)) for face in ("from", "to"))
    spread = transit_spread(topology, arcs, start, end, window=window)
    unknown = _unknown_transit(region) | np.eye(len(zones), dtype=bool)

    def frame(values: Minutes) -> pd.DataFrame:
        known = np.where(unknown, np.inf, values.astype(float))
        return pd.DataFrame(known, index=zones, columns=zones)

    return Waits(median_min=frame(spread.wait_median_min), p90_min=frame(spread.wait_p90_min))


def _facility_minutes(region: Region, topology: Topology, arcs: pd.DataFrame) -> pd.DataFrame:
    """Minutes by car from every zone to every facility, and to the stations with parking."""
    listed = region["facilities"]
    parking = region["interchanges"]
    parking = parking[parking["mode"] == "park_ride"]
    doors = pd.DataFrame(
        {
            "kind": [*listed["kind"], *["station"] * len(parking)],
            "id": [*listed["facility_id"], *parking["stop_id"]],
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
    columns = pd.MultiIndex.from_frame(doors[["kind", "id"]])
    return pd.DataFrame(minutes + doors["minutes"].to_numpy(), index=zones, columns=columns)


def zone_minutes(
    region: Region, topology: Topology, arcs: pd.DataFrame, parameters: Parameters
) -> dict[str, Floats]:
    """Minutes from zone to zone by each mode that commuters choose from, and within zones."""
    zones = region["zones"].index
    minutes = {
        mode: _zone_skim(topology, metric_from_arcs(topology, arcs, mode), zones)
        for mode in CHOICES
    }
    km = region["zones"]["internal_km"].to_numpy()
    np.fill_diagonal(
        minutes["car"],
        km / parameters.internal_car_kmh * MINUTES_PER_HOUR + parameters.car_fixed_min,
    )
    np.fill_diagonal(minutes["transit"], km / parameters.internal_transit_kmh * MINUTES_PER_HOUR)
    np.fill_diagonal(minutes["park_ride"], np.inf)
    minutes["transit"][_unknown_transit(region)] = np.inf
    return minutes


def travel_of(region: Region, minutes: Mapping[str, Floats], parameters: Parameters) -> Travel:
    """Shares by mode, all modes joined, mean minutes.

    Where the public transport of either end is not known, the car stands for it. What is felt
    of a trip across the border is less than its minutes: such trips are long, and long trips
    are weighed less sharply.
    """
    zones = region["zones"].index
    weights = _weights(_unknown_transit(region), parameters)
    scale = parameters.mode_scale_per_min
    shares = mode_shares(minutes, weights, scale_per_min=scale)
    cost = joint_cost(minutes, weights, scale_per_min=scale)
    is_outside = (region["zones"]["kind"] == "outside").to_numpy()
    weight = parameters.outside_decay_share

    def frame(values: Floats) -> pd.DataFrame:
        return pd.DataFrame(values, index=zones, columns=zones)

    return Travel(
        minutes={mode: frame(values) for mode, values in minutes.items()},
        shares={mode: frame(values) for mode, values in shares.items()},
        cost_min=frame(cost),
        felt_min=frame(np.where(np.logical_or.outer(is_outside, is_outside), cost * weight, cost)),
        mean_min=frame(mean_minutes(minutes, shares)),
    )


def pull_of(baseline: Region, travel: Travel, parameters: Parameters) -> Pull:
    """Find what the outside zones pull and send on the baseline."""
    zones = baseline["zones"]
    return outside_pull(
        travel.felt_min,
        zones["workers_count"],
        zones["jobs_count"],
        zones.index[zones["kind"] == "outside"],
        decay_per_min=parameters.decay_per_min,
    )


def flows_of(region: Region, travel: Travel, parameters: Parameters, pull: Pull) -> pd.DataFrame:
    """Estimate who works where, persons, home zone × work zone."""
    zones = region["zones"]
    return gravity_flows(
        travel.felt_min,
        zones["workers_count"],
        zones["jobs_count"],
        decay_per_min=parameters.decay_per_min,
        pull=pull,
    )


def _named_flows(
    scenario: Scenario, region: Region, travel: Travel, parameters: Parameters, pull: Pull
) -> pd.DataFrame:
    try:
        return flows_of(region, travel, parameters, pull)
    except FlowError as error:
        raise FlowError(f"scenario '{scenario.name}': {error}") from error


def _unknown_transit(region: Region) -> npt.NDArray[np.bool_]:
    """Mark the pairs of which either end's public transport nobody knows."""
    is_known = region["zones"].index.isin(zones_with_stops(region))
    return ~np.outer(is_known, is_known)


def _weights(unknown: npt.NDArray[np.bool_], parameters: Parameters) -> dict[str, Floats]:
    """Share who would take each mode at equal cost; the car stands for unknown transit."""
    with_car = np.where(unknown, 1.0, parameters.car_preference_share)
    park_ride = np.full(unknown.shape, parameters.car_preference_share * parameters.park_ride_share)
    return {"car": with_car - park_ride, "transit": 1.0 - with_car, "park_ride": park_ride}


def _zone_skim(topology: Topology, metric: Floats, zones: pd.Index) -> Floats:
    found = skim(topology, metric, list("from:" + zones), list("to:" + zones))
    return found.astype(float)


def _link_losses(
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
    pieces = []
    for mode in ("car", "transit"):
        losses = critical_links(
            topology,
            metric_from_arcs(topology, arcs, mode),
            arcs["link_id"].where(np.isfinite(arcs[f"{mode}_min"]), ""),
            origins=zones[0],
            destinations=zones[1],
            wanted=(flows.to_numpy() > 0) & ~np.eye(len(flows), dtype=bool),
            loss=_trip_losses(travel, flows, parameters, mode),
            exact_count=None if topology.hierarchy is None else EXACT_LINKS,
        )
        pieces.append(losses)
    return pd.concat(pieces)


def _trip_losses(
    travel: Travel, flows: pd.DataFrame, parameters: Parameters, mode: str
) -> TripLoss:
    """Person-minutes a day lost, and persons left without a way, with new minutes of a mode.

    Everybody keeps their mode while it has a way.
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
        extra = extra_minutes(after, before, unserved_min=parameters.unserved_min)
        lost = np.where(np.isinf(after) & np.isfinite(before), people, 0.0)
        return people * extra * trips_per_worker(parameters), lost

    return loss
