"""From the network of all scenarios to the case of each: times, costs, flows, link losses."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import partial

import numpy as np
import pandas as pd

from agglo.commuting.gravity import Pull, gravity_flows, outside_pull
from agglo.commuting.modes import car_share, joint_cost, mean_minutes
from agglo.errors import FlowError
from agglo.indicators.case import Case, trips_per_worker
from agglo.parameters import Parameters
from agglo.region import Region
from agglo.scenarios.files import BASELINE, Scenario
from agglo.transport.connectivity import link_losses
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
        base_skims["cost"],
        zones["workers_count"],
        zones["jobs_count"],
        zones.index[zones["kind"] == "outside"],
        decay_per_min=parameters.decay_per_min,
    )
    base_flows = _flows(base, base_skims["cost"], parameters, pull)
    cases = {}
    for one in scenarios:
        own = network.regions[one.name]
        skims = _skims(own, topology, arcs[one.name], parameters)
        stays = one.horizon == "day" or one.name == BASELINE
        flows = base_flows if stays else _named_flows(one, own, skims["cost"], parameters, pull)
        share = car_share(
            skims["car"].to_numpy(), skims["transit"].to_numpy(), **_logit(parameters)
        )
        minutes = mean_minutes(skims["car"].to_numpy(), skims["transit"].to_numpy(), share)
        cases[one.name] = Case(
            region=own,
            inside=own["zones"].index[own["zones"]["kind"] != "outside"],
            parameters=parameters,
            car_min=skims["car"],
            transit_min=skims["transit"],
            cost_min=skims["cost"],
            car_share=_like(skims["car"], share),
            mean_min=_like(skims["car"], minutes),
            flows=flows,
            baseline_flows=base_flows,
            baseline_cost_min=base_skims["cost"],
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
    """Minutes by car and by public transport between zones, and both joined."""
    zones = region["zones"].index
    km = region["zones"]["internal_km"].to_numpy()
    internal = {
        "car": km / parameters.internal_car_kmh * MINUTES_PER_HOUR + parameters.car_fixed_min,
        "transit": km / parameters.internal_transit_kmh * MINUTES_PER_HOUR,
    }
    skims = {}
    for mode, diagonal in internal.items():
        metric = metric_from_arcs(topology, arcs, mode)
        minutes = _zone_skim(topology, metric, zones)
        np.fill_diagonal(minutes, diagonal)
        skims[mode] = pd.DataFrame(minutes, index=zones, columns=zones)
    joint = joint_cost(skims["car"].to_numpy(), skims["transit"].to_numpy(), **_logit(parameters))
    skims["cost"] = _like(skims["car"], joint)
    return skims


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
    pieces = []
    for mode, other in (("car", "transit"), ("transit", "car")):
        loss = partial(
            _loss,
            inner=np.diag(skims[mode]),
            other=skims[other].to_numpy(),
            before=skims["cost"].to_numpy(),
            persons=persons,
            parameters=parameters,
            mode=mode,
        )
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
    minutes: Floats,
    *,
    inner: Floats,
    other: Floats,
    before: Floats,
    persons: Floats,
    parameters: Parameters,
    mode: str,
) -> tuple[float, float]:
    """Person-minutes a day lost, and persons left without a way, with new minutes of a mode."""
    np.fill_diagonal(minutes, inner)
    car, transit = (minutes, other) if mode == "car" else (other, minutes)
    cost = joint_cost(car, transit, **_logit(parameters))
    limit = parameters.unserved_min
    extra = np.where(np.isinf(cost), limit, cost) - np.where(np.isinf(before), limit, before)
    lost = persons[np.isinf(cost) & np.isfinite(before)].sum()
    return float((persons * extra).sum() * trips_per_worker(parameters)), float(lost)


def _logit(parameters: Parameters) -> dict[str, float]:
    return {
        "scale_per_min": parameters.mode_scale_per_min,
        "preference_share": parameters.car_preference_share,
    }


def _like(frame: pd.DataFrame, values: Floats) -> pd.DataFrame:
    return pd.DataFrame(values, index=frame.index, columns=frame.columns)
