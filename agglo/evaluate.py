"""Evaluates scenarios under other assumptions, again and again, with what stays the same kept."""

from __future__ import annotations

import hashlib
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field, replace

import numpy as np
import numpy.typing as npt
import pandas as pd

from agglo.cases import CHOICES, anchor_of, inner_minutes, named_flows, travel_of, zone_skim
from agglo.draws import (
    Variant,
    road_factor,
    varied_jobs,
    varied_lines,
    varied_parameters,
    varied_services,
)
from agglo.errors import ScenarioError
from agglo.imagery.varied_land import varied_land_take
from agglo.indicators.case import Case, Travel, trips_per_worker
from agglo.indicators.link_losses import trip_losses
from agglo.indicators.registry import needs_of, whole_values
from agglo.parameters import Parameters, with_value
from agglo.prepared import Prepared, central_cases, prepare
from agglo.region import Region
from agglo.scenarios.files import BASELINE, Scenario
from agglo.transport.criticality import losses_from_closed
from agglo.transport.keys import Words, arc_words, metric_sha256
from agglo.transport.network import Network, metric_from_pieces, varied_minutes
from agglo.transport.topology import Floats
from agglo.transport.uses import ClosedTrips, closed_trips
from agglo.workspace import Workspace

STREETS = 2
"""The first so many pieces of arcs are streets and the ways to them: what cars drive on."""

KEPT_ZONES = 500
"""Of a baseline of up to so many zones the minutes in every variant are kept between runs."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Evaluator:
    """Scenarios with all that their variants share.

    What varies acts on times, flows, jobs, waits, losses of road links and land. The central
    run's traffic, waits over departures, ways to facilities, indices of the network and fine
    zones hold in every variant, and in a network of many nodes the losses of links.
    """

    prepared: Prepared
    slowed: Network
    """With the roads as slow as the central run's traffic makes them."""

    cases: Mapping[str, Case]
    """Of the central run."""

    indicators: tuple[str, ...]
    slowing: Mapping[str, Floats]
    """By scenario: minutes of each arc by car over those of the layers."""

    words: Words | None = None
    """Hashes of the arcs of a large network, by which skims are kept between runs."""

    minutes: dict[tuple[str, bytes], Floats] = field(default_factory=dict)
    """Times between zones that were found, by mode and metric."""

    closed: dict[tuple[bytes, bytes], ClosedTrips] = field(default_factory=dict)
    """Trips over each closed road link, by metric and trips that count."""

    def values(self, variant: Variant) -> pd.DataFrame:
        """Take the indicators for the whole region under other assumptions.

        Returns
        -------
        values
            Index scenario, columns indicators. It depends on the variant, the baseline and each
            scenario alone.
        """
        cases = varied_cases(self, variant)
        return pd.DataFrame(
            [whole_values(case, self.indicators) for case in cases.values()],
            index=pd.Index(list(cases), name="scenario"),
            columns=list(self.indicators),
        )


def evaluator(
    workspace: Workspace, scenarios: Sequence[str | Scenario] = (), *, indicators: Collection[str]
) -> Evaluator:
    """Build what all variants of some scenarios share; the baseline is always among them.

    Parameters
    ----------
    indicators
        Names of registered measures that have a value for the whole region.
    """
    prepared = prepare(workspace, scenarios)
    _, cases = central_cases(prepared, needs=needs_of(indicators))
    return evaluator_of(prepared, cases, indicators=indicators)


def evaluator_of(
    prepared: Prepared, cases: Mapping[str, Case], *, indicators: Collection[str]
) -> Evaluator:
    """Take the central cases as they were found already."""
    names = [one.name for one in prepared.scenarios]
    ones = np.ones(len(prepared.network.topology.arcs))
    slowing = dict.fromkeys(names, ones)
    if prepared.traffic is not None:
        slowing = {
            name: prepared.traffic.slowing[name]
            .reindex(prepared.network.topology.arcs, fill_value=1.0)
            .to_numpy(dtype=float)
            for name in names
        }
    topology = prepared.network.topology
    is_kept = prepared.stages.folder is not None and topology.hierarchy is not None
    return Evaluator(
        prepared=prepared,
        words=arc_words(topology) if is_kept else None,
        slowed=prepared.slowed,
        cases=cases,
        indicators=tuple(indicators),
        slowing=slowing,
    )


def varied_cases(own: Evaluator, variant: Variant) -> dict[str, Case]:
    """Carry every scenario on under other assumptions; the central run is as it was found."""
    if not variant.parts:
        return dict(own.cases)
    prepared = own.prepared
    parameters = varied_parameters(prepared.parameters, prepared.workspace.assumptions, variant)
    regions = _varied_regions(prepared, variant)
    times = _Times(own, variant, parameters)
    base = regions[BASELINE]
    base_travel = travel_of(base, times.of(BASELINE, base), parameters)
    anchor = anchor_of(base, base_travel, parameters)
    base_flows = named_flows(prepared.scenarios[0], base, base_travel, parameters, anchor)
    found = {}
    for one in prepared.scenarios:
        region, is_base = regions[one.name], one.name == BASELINE
        travel = base_travel
        if not is_base:
            travel = travel_of(region, times.of(one.name, region), parameters)
        flows = base_flows
        if not is_base and not one.is_shock:
            flows = named_flows(one, region, travel, parameters, anchor)
        central = own.cases[one.name]
        found[one.name] = replace(
            central,
            region=region,
            parameters=parameters,
            travel=travel,
            baseline_travel=base_travel,
            flows=flows,
            baseline_flows=base_flows,
            link_losses=times.losses(one.name, region, travel, flows),
            land_take=_varied_land(own, one.name, parameters),
        )
    return found


def _varied_regions(prepared: Prepared, variant: Variant) -> dict[str, Region]:
    """Return the regions with other headways and jobs; a scenario adds to varied jobs."""
    base = prepared.network.regions[BASELINE]["zones"]
    jobs = varied_jobs(base, variant)
    more = jobs - base["jobs_count"]
    lines: dict[int, pd.DataFrame] = {}
    found = {}
    for name in (one.name for one in prepared.scenarios):
        region = prepared.network.regions[name]
        own = region["lines"]
        # scenarios with the same lines keep sharing one table, and so the arcs made of it
        lines.setdefault(id(own), varied_lines(own, variant))
        zones = region["zones"]
        if (more != 0).any():
            changed = zones["jobs_count"] + more.reindex(zones.index)
            if (changed < 0).any():
                zone = str(changed.idxmin())
                raise ScenarioError(
                    f"scenario '{name}', {variant.name}: zone '{zone}' is left with "
                    f"{changed[zone]:,.0f} jobs; narrow the ranges of jobs, or take away fewer"
                )
            zones = zones.assign(jobs_count=changed)
        services = varied_services(region["joint_services"], variant)
        found[name] = region.with_tables(lines=lines[id(own)], zones=zones, joint_services=services)
    return found


class _Times:
    """Times between zones, and without each road link, in one variant."""

    __slots__ = ("factor", "fixed_min", "found", "held", "made", "own", "parameters", "shift_min")

    def __init__(self, own: Evaluator, variant: Variant, parameters: Parameters) -> None:
        prepared = own.prepared
        self.own, self.parameters = own, parameters
        self.factor = road_factor(variant, minutes_share=prepared.workspace.spreads.minutes_share)
        self.fixed_min = prepared.parameters.car_fixed_min
        self.shift_min = parameters.car_fixed_min - self.fixed_min
        # the minutes to the car and to park it are the same on every way: added afterwards
        self.held = with_value(parameters, "car_fixed_min", self.fixed_min)
        self.made = dict(prepared.network.pieces)
        self.found: dict[tuple[str, bytes], Floats] = {}

    def of(self, name: str, region: Region) -> dict[str, Floats]:
        """Minutes between and within zones by the modes that commuters choose from."""
        runs = CHOICES if len(region["lines"]) else CHOICES[:1]
        pieces = varied_minutes(
            region,
            self.held,
            runs,
            like=self.own.prepared.network,
            name=name,
            central=self.own.prepared.parameters,
            made=self.made,
        )
        between = {mode: self._between(name, region, mode, pieces[mode]) for mode in runs}
        between["car"] = self._driven(between["car"])
        return inner_minutes(region, between, self.parameters)

    def losses(
        self, name: str, region: Region, travel: Travel, flows: pd.DataFrame
    ) -> pd.DataFrame:
        """What it costs to close each road link; nothing where no indicator asks for it."""
        own, topology = self.own, self.own.slowed.topology
        central = own.cases[name].link_losses
        if central.empty or topology.hierarchy is not None:
            return central
        trips = trips_per_worker(region["zones"], self.parameters).loc[flows.index].to_numpy()
        loss = trip_losses(travel, flows, trips, "car", unserved_min=self.parameters.unserved_min)
        arcs = own.slowed.arcs[name]
        metric = arcs["car_min"].to_numpy(dtype=float)
        wanted = (flows.to_numpy() > 0) & ~np.eye(len(flows), dtype=bool)
        key = _digest(metric), _digest(wanted)
        if key not in own.closed:
            own.closed[key] = closed_trips(
                topology,
                metric,
                arcs["link_id"].where(np.isfinite(metric), ""),
                origins=list("from:" + flows.index),
                destinations=list("to:" + flows.index),
                wanted=wanted,
            )
        return losses_from_closed(
            own.closed[key], lambda after, *trip: loss(self._driven(after), *trip)
        )

    def _between(self, name: str, region: Region, mode: str, pieces: Sequence[Floats]) -> Floats:
        network = self.own.prepared.network
        if mode == "park_ride" and self.factor != 1:
            pieces = [
                part * self.factor if number < STREETS else part
                for number, part in enumerate(pieces)
            ]
        metric = metric_from_pieces(pieces, like=network, name=name)
        if mode != "transit":
            metric = metric * self.own.slowing[name]
        # only roads come again from variant to variant
        held = self.own.minutes if mode == "car" else self.found
        key = mode, _digest(metric)
        if key not in held:
            held[key] = self._skim(name, metric, region["zones"].index)
        return held[key]

    def _skim(self, name: str, metric: Floats, zones: pd.Index) -> Floats:
        """Find the minutes between zones; those of the baseline serve later runs too."""
        topology, words = self.own.prepared.network.topology, self.own.words
        if words is None or name != BASELINE or len(zones) > KEPT_ZONES:
            return zone_skim(topology, metric, zones)
        return self.own.prepared.stages.arrays(
            "skim",
            (metric_sha256(words, topology, metric), zones),
            lambda: {"minutes": zone_skim(topology, metric, zones)},
        )["minutes"]

    def _driven(self, minutes: npt.NDArray[np.floating]) -> Floats:
        """Let every way by car take longer, and what is spent at its ends too."""
        before = np.asarray(minutes, dtype=float) - self.fixed_min
        return before * self.factor + self.fixed_min + self.shift_min


def _varied_land(own: Evaluator, name: str, parameters: Parameters) -> pd.DataFrame | None:
    taken, central = own.cases[name].land_take, own.prepared.parameters
    if taken is None or taken.empty:
        return taken
    return varied_land_take(
        taken,
        own.prepared.network.regions[name]["links"],
        width_ratio=parameters.lane_width_m / central.lane_width_m,
        housing_ratio=parameters.land_m2_per_resident / central.land_m2_per_resident,
        lane_width_m=parameters.lane_width_m,
        road_reserve_m=parameters.road_reserve_m,
        central_width_m=(central.lane_width_m, central.road_reserve_m),
    )


def _digest(values: npt.NDArray[np.generic]) -> bytes:
    return hashlib.blake2b(np.ascontiguousarray(values).tobytes(), digest_size=16).digest()
