"""From the network of all scenarios to the case of each: times, costs, flows, link losses."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass

import numpy as np
import pandas as pd

from agglo.commuting.gravity import Pull, gravity_flows, outside_pull
from agglo.commuting.modes import joint_cost, mean_minutes, mode_shares
from agglo.commuting.observed import joined_flows, observed_rows
from agglo.commuting.pivot import pivoted_flows
from agglo.contents import content_sha256
from agglo.errors import FlowError
from agglo.indicators.case import (
    NEEDS,
    Case,
    Travel,
    straight_km,
    unknown_transit,
    zones_with_stops,
)
from agglo.indicators.region_places import places_from_region
from agglo.parameters import Parameters
from agglo.parts import NOTHING_KEPT, land_takes, parts_of, shared_parts
from agglo.region import Region
from agglo.scenarios.files import BASELINE, Scenario
from agglo.stages import Stages
from agglo.transport.keys import arc_words
from agglo.transport.network import Network, metric_from_arcs
from agglo.transport.pruned import part_of_metric
from agglo.transport.skims import skim
from agglo.transport.topology import Floats, Topology, node_numbers
from agglo.units import MINUTES_PER_HOUR

CHOICES = ("car", "transit", "park_ride")
"""The modes that commuters choose from."""


def cases_from_network(
    scenarios: Sequence[Scenario],
    network: Network,
    parameters: Parameters,
    *,
    needs: Collection[str] = NEEDS,
    stages: Stages = NOTHING_KEPT,
) -> tuple[float, dict[str, Case]]:
    """Carry every scenario from its network to its flows, and to what its measures need.

    Parameters
    ----------
    stages
        What was found before: what a scenario does not touch is taken from there.
    """
    topology, arcs = network.topology, network.arcs
    words = None if stages.folder is None or not needs else arc_words(topology)
    base = network.regions[BASELINE]
    base_travel = travel_of(
        base, zone_minutes(base, topology, arcs[BASELINE], parameters), parameters
    )
    anchor = anchor_of(base, base_travel, parameters)
    base_flows = flows_of(base, base_travel, parameters, anchor)
    straight = straight_km(base)
    shared = shared_parts(needs, base)
    taken = land_takes(needs, network.regions, parameters)
    places = places_from_region(base) if "fine" in needs else None
    cases = {}
    for one in scenarios:
        own = network.regions[one.name]
        is_base = one.name == BASELINE
        travel = base_travel
        if not is_base:
            minutes = zone_minutes(own, topology, arcs[one.name], parameters)
            travel = travel_of(own, minutes, parameters)
        stays = is_base or one.is_shock
        flows = base_flows if stays else named_flows(one, own, travel, parameters, anchor)
        cases[one.name] = Case(
            region=own,
            inside=own["zones"].index[own["zones"]["kind"] != "outside"],
            parameters=parameters,
            travel=travel,
            baseline_travel=base_travel,
            straight_km=straight,
            with_stops=zones_with_stops(own),
            flows=flows,
            baseline_flows=base_flows,
            land_take=taken[one.name],
            **shared,
            **parts_of(
                needs,
                own,
                network,
                one.name,
                travel,
                flows,
                parameters,
                places,
                stages=stages,
                words=words,
            ),
        )
    return anchor.pull.closing_factor, cases


def zone_minutes(
    region: Region, topology: Topology, arcs: pd.DataFrame, parameters: Parameters
) -> dict[str, Floats]:
    """Minutes from zone to zone by each mode that commuters choose from, and within zones."""
    zones = region["zones"].index
    runs = CHOICES if len(region["lines"]) else CHOICES[:1]
    between = {
        mode: zone_skim(topology, metric_from_arcs(topology, arcs, mode), zones) for mode in runs
    }
    return inner_minutes(region, between, parameters)


def inner_minutes(
    region: Region, between: Mapping[str, Floats], parameters: Parameters
) -> dict[str, Floats]:
    """Put the minutes within zones into matrices between them; a mode that is absent has no way."""
    zones = region["zones"]
    none = np.full((len(zones), len(zones)), np.inf)
    minutes = {mode: between.get(mode, none).copy() for mode in CHOICES}
    km = zones["internal_km"].to_numpy()
    np.fill_diagonal(
        minutes["car"],
        km / parameters.internal_car_kmh * MINUTES_PER_HOUR + parameters.car_fixed_min,
    )
    np.fill_diagonal(minutes["transit"], km / parameters.internal_transit_kmh * MINUTES_PER_HOUR)
    np.fill_diagonal(minutes["park_ride"], np.inf)
    minutes["transit"][unknown_transit(region)] = np.inf
    return minutes


def travel_of(region: Region, minutes: Mapping[str, Floats], parameters: Parameters) -> Travel:
    """Shares by mode, all modes joined, mean minutes.

    Where the public transport of either end is not known, the car stands for it. What is felt
    of a trip across the border is less than its minutes: such trips are long, and long trips
    are weighed less sharply.
    """
    zones = region["zones"].index
    weights = mode_weights(region, parameters)
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


def mode_weights(region: Region, parameters: Parameters) -> dict[str, Floats]:
    """Share who would take each mode at equal cost; the car stands for unknown transit."""
    unknown = unknown_transit(region)
    with_car = np.where(unknown, 1.0, parameters.car_preference_share)
    park_ride = np.full(unknown.shape, parameters.car_preference_share * parameters.park_ride_share)
    return {"car": with_car - park_ride, "transit": 1.0 - with_car, "park_ride": park_ride}


def region_sha256(region: Region, stages: Stages) -> str:
    """Hash all that a region holds but its names; nothing where nothing is kept.

    Tables that regions share are hashed once; rasters by the hashes of their files.
    """
    if stages.folder is None:
        return ""
    tables = {name: stages.sha256(table) for name, table in region.tables.items()}
    files = [(item.layer, item.sha256) for item in region.provenance]
    return content_sha256(region.crs, tables, files, region.rasters)


@dataclass(frozen=True, slots=True, kw_only=True)
class Anchor:
    """What the baseline holds for all scenarios: the pull of the outside, its observed flows."""

    pull: Pull
    modelled: pd.DataFrame | None = None
    """The baseline's flows as the model has them, where some are observed; else ``None``."""

    observed: pd.DataFrame | None = None
    """The baseline's flows: observed where they are, modelled for the other homes."""


def anchor_of(baseline: Region, travel: Travel, parameters: Parameters) -> Anchor:
    """Find on the baseline what the outside zones pull, and join the flows that are observed.

    Raises
    ------
    FlowError
        If workers and jobs do not balance, or observed flows exceed the jobs of a zone.
    """
    zones = baseline["zones"]
    margins = travel.felt_min, zones["workers_count"], zones["jobs_count"]
    outside = zones.index[zones["kind"] == "outside"]
    decay = parameters.decay_per_min
    pull = outside_pull(*margins, outside, decay_per_min=decay)
    rows = observed_rows(baseline["flows"], zones.index)
    if rows.empty:
        return Anchor(pull=pull)
    return Anchor(
        pull=pull,
        modelled=gravity_flows(*margins, decay_per_min=decay, pull=pull),
        observed=joined_flows(rows, *margins, decay_per_min=decay, pull=pull),
    )


def flows_of(
    region: Region, travel: Travel, parameters: Parameters, anchor: Anchor
) -> pd.DataFrame:
    """Estimate who works where, persons, home zone × work zone.

    Where the baseline's flows are observed, they change as the model changes (pivot point).
    """
    zones = region["zones"]
    modelled = gravity_flows(
        travel.felt_min,
        zones["workers_count"],
        zones["jobs_count"],
        decay_per_min=parameters.decay_per_min,
        pull=anchor.pull,
    )
    if anchor.modelled is None or anchor.observed is None:
        return modelled
    outside = zones.index[zones["kind"] == "outside"]
    return pivoted_flows(anchor.observed, anchor.modelled, modelled, outside=outside)


def named_flows(
    scenario: Scenario, region: Region, travel: Travel, parameters: Parameters, anchor: Anchor
) -> pd.DataFrame:
    """Estimate who works where, and name the scenario in what is wrong."""
    try:
        return flows_of(region, travel, parameters, anchor)
    except FlowError as error:
        raise FlowError(f"scenario '{scenario.name}': {error}") from error


def zone_skim(topology: Topology, metric: Floats, zones: pd.Index) -> Floats:
    """Minutes of the quickest way from zone to zone, doors included."""
    names = [list(f"{face}:" + zones) for face in ("from", "to")]
    ends = (node_numbers(topology, own) for own in names)
    found = skim(*part_of_metric(topology, metric, *ends), *names)
    return found.astype(float)
