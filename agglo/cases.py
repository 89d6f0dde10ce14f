"""From the network of all scenarios to the case of each: times, costs, flows, link losses."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import partial

import numpy as np
import pandas as pd

from agglo.commuting.gravity import Pull, gravity_flows, outside_pull
from agglo.commuting.modes import car_share, joint_cost, kept_mode_minutes, mean_minutes
from agglo.errors import FlowError
from agglo.indicators.case import Case, trips_per_worker, zones_with_stops
from agglo.parameters import Parameters
from agglo.region import Region
from agglo.scenarios.files import BASELINE, Scenario
from agglo.transport.connectivity import extra_minutes, link_losses
from agglo.transport.network import (
    Floats,
    Topology,
    arcs_from_regions,
    metric_from_arcs,
    topology_from_arcs,
)
from agglo.transport.skims import skim
from agglo.units import MINUTES_PER_HOUR


@dataclass(frozen=True, slots=True, kw_only=True)
class Network:
    """One topology over all scenarios, and the arcs of each: built once, varied often."""

    regions: Mapping[str, Region]
    topology: Topology
    arcs: Mapping[str, pd.DataFrame]


def network_from_regions(regions: Mapping[str, Region], parameters: Parameters) -> Network:
    """Build the arcs of every scenario's region and the one topology over them."""
    arcs = arcs_from_regions(regions, parameters)
    return Network(regions=regions, topology=topology_from_arcs(list(arcs.values())), arcs=arcs)


def cases_from_network(
    scenarios: Sequence[Scenario], network: Network, parameters: Parameters
) -> tuple[float, dict[str, Case]]:
    """Carry every scenario from its network to its flows."""
    topology, arcs = network.topology, network.arcs
    base = network.regions[BASELINE]
    base_skims = _skims(base, topology, arcs[BASELINE], parameters)
    zones = base["zones"]
    pull = outside_pull(
        base_skims["felt"],
        zones["workers_count"],
        zones["jobs_count"],
        zones.index[zones["kind"] == "outside"],
        decay_per_min=parameters.decay_per_min,
    )
    base_flows = _flows(base, base_skims["felt"], parameters, pull)
    cases = {}
    for one in scenarios:
        own = network.regions[one.name]
        is_base = one.name == BASELINE
        skims = base_skims if is_base else _skims(own, topology, arcs[one.name], parameters)
        stays = is_base or one.horizon == "day"
        flows = base_flows if stays else _named_flows(one, own, skims["felt"], parameters, pull)
        cases[one.name] = Case(
            region=own,
            inside=own["zones"].index[own["zones"]["kind"] != "outside"],
            parameters=parameters,
            car_min=skims["car"],
            transit_min=skims["transit"],
            cost_min=skims["cost"],
            felt_min=skims["felt"],
            car_share=skims["share"],
            mean_min=skims["mean"],
            flows=flows,
            baseline_flows=base_flows,
            baseline_car_min=base_skims["car"],
            baseline_transit_min=base_skims["transit"],
            baseline_car_share=base_skims["share"],
            baseline_mean_min=base_skims["mean"],
            link_losses=_link_losses(topology, arcs[one.name], skims, flows, parameters),
        )
    return pull.closing_factor, cases


def _named_flows(
    scenario: Scenario, region: Region, cost_min: pd.DataFrame, parameters: Parameters, pull: Pull
) -> pd.DataFrame:
    try:
        return _flows(region, cost_min, parameters, pull)
    except FlowError as error:
        raise FlowError(f"scenario '{scenario.name}': {error}") from error


def _flows(
    region: Region, cost_min: pd.DataFrame, parameters: Parameters, pull: Pull
) -> pd.DataFrame:
    zones = region["zones"]
    return gravity_flows(
        cost_min,
        zones["workers_count"],
        zones["jobs_count"],
        decay_per_min=parameters.decay_per_min,
        pull=pull,
    )


def _skims(
    region: Region, topology: Topology, arcs: pd.DataFrame, parameters: Parameters
) -> dict[str, pd.DataFrame]:
    """Minutes by car and by public transport, both joined, share by car, mean minutes.

    Where the public transport of either end is not known, the car stands for both modes. What
    is felt of a trip across the border is less than its minutes: such trips are long, and long
    trips are weighed less sharply.
    """
    zones = region["zones"].index
    km = region["zones"]["internal_km"].to_numpy()
    car = _zone_skim(topology, metric_from_arcs(topology, arcs, "car"), zones)
    np.fill_diagonal(
        car, km / parameters.internal_car_kmh * MINUTES_PER_HOUR + parameters.car_fixed_min
    )
    transit = _zone_skim(topology, metric_from_arcs(topology, arcs, "transit"), zones)
    np.fill_diagonal(transit, km / parameters.internal_transit_kmh * MINUTES_PER_HOUR)
    is_known = zones.isin(zones_with_stops(region))
    unknown = ~np.outer(is_known, is_known)
    transit[unknown] = np.inf
    joint = joint_cost(car, transit, **_logit(parameters))
    share = car_share(car, transit, **_logit(parameters))
    share = np.where(unknown & np.isfinite(car), 1.0, share)
    cost = np.where(unknown, car, joint)
    is_outside = (region["zones"]["kind"] == "outside").to_numpy()
    weight = parameters.outside_decay_share
    skims = {
        "car": car,
        "transit": transit,
        "cost": cost,
        "felt": np.where(np.logical_or.outer(is_outside, is_outside), cost * weight, cost),
        "share": share,
        "mean": mean_minutes(car, transit, share),
    }
    return {
        name: pd.DataFrame(values, index=zones, columns=zones) for name, values in skims.items()
    }


def _zone_skim(topology: Topology, metric: Floats, zones: pd.Index) -> Floats:
    return skim(topology, metric, list("from:" + zones), list("to:" + zones))


def _link_losses(
    topology: Topology,
    arcs: pd.DataFrame,
    skims: Mapping[str, pd.DataFrame],
    flows: pd.DataFrame,
    parameters: Parameters,
) -> pd.DataFrame:
    """Close road links and lines one by one with the flows held."""
    persons = flows.to_numpy()
    zones = [list(f"{face}:" + flows.index) for face in ("from", "to")]
    trips = np.where(np.eye(len(flows), dtype=bool), 0.0, persons)
    matrices = {name: skim_of.to_numpy() for name, skim_of in skims.items()}
    pieces = []
    for mode in ("car", "transit"):
        loss = partial(_loss, skims=matrices, persons=persons, parameters=parameters, mode=mode)
        pieces.append(
            link_losses(
                topology,
                metric_from_arcs(topology, arcs, mode),
                arcs["link_id"].where(np.isfinite(arcs[f"{mode}_min"]), ""),
                origins=zones[0],
                destinations=zones[1],
                trips=trips,
                loss=loss,
            )
        )
    return pd.concat(pieces)


def _loss(
    closed: Floats,
    *,
    skims: Mapping[str, Floats],
    persons: Floats,
    parameters: Parameters,
    mode: str,
) -> tuple[float, float]:
    """Person-minutes a day lost, and persons left without a way, with new minutes of a mode.

    Everybody keeps their mode while it has a way; trips inside a zone stay as they are.
    """
    inner = np.eye(len(closed), dtype=bool)
    ways = {**skims, mode: np.where(inner, skims[mode], closed)}
    after = kept_mode_minutes(
        ways["car"],
        ways["transit"],
        skims["share"],
        car_before_min=skims["car"],
        transit_before_min=skims["transit"],
    )
    before = skims["mean"]
    extra = extra_minutes(after, before, unserved_min=parameters.unserved_min)
    lost = persons[np.isinf(after) & np.isfinite(before)].sum()
    return float((persons * extra).sum() * trips_per_worker(parameters)), float(lost)


def _logit(parameters: Parameters) -> dict[str, float]:
    return {
        "scale_per_min": parameters.mode_scale_per_min,
        "preference_share": parameters.car_preference_share,
    }
