"""Car traffic of commuters: roads slow down or speed up as a scenario's flows do."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import partial

import numpy as np
import numpy.typing as npt
import pandas as pd

from agglo.cases import Anchor, anchor_of, flows_of, travel_of, zone_minutes
from agglo.errors import FlowError, NetworkError
from agglo.indicators.case import telework_share
from agglo.parameters import Parameters
from agglo.region import Region
from agglo.scenarios.files import BASELINE, Scenario
from agglo.transport.congestion import Congestion, background_from_speeds, tolled
from agglo.transport.feedback import equilibrate
from agglo.transport.loading import all_or_nothing
from agglo.transport.network import Network
from agglo.transport.streets import toll_minutes
from agglo.transport.topology import Floats, node_numbers, topology_of_arcs

TOLERANCE_SHARE = 5e-4
"""Largest relative change of any trip's minutes between two rounds of flows and traffic."""

GAP = 5e-5
"""Relative gap of each assignment."""
ALPHA, POWER = 0.15, 4.0
"""Bureau of Public Roads 1964."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Traffic:
    """Cars of commuters on the arcs of every scenario in the peak hour, and how they settled."""

    link_volume: Mapping[str, pd.Series]
    """By scenario: vehicles per hour of each link, both directions, index link id."""

    slowing: Mapping[str, pd.Series]
    """By scenario: minutes of each arc over those of the scenario's own peak speeds."""

    settled: Mapping[str, Mapping[str, float]]
    """By scenario: ``rounds``, ``relative_gap`` and ``change_share`` when it was accepted."""


@dataclass(frozen=True, slots=True, kw_only=True)
class _Settled:
    """The traffic of one scenario on the arcs that cars use."""

    volume: Floats
    slowing: Floats
    settled: Mapping[str, float]


@dataclass(frozen=True, slots=True, kw_only=True)
class _Question:
    """What stays the same while the traffic of one scenario is sought."""

    region: Region
    minutes: Mapping[str, Floats]
    parameters: Parameters
    anchor: Anchor


@dataclass(frozen=True, slots=True, kw_only=True)
class _Ends:
    """Numbers of the nodes at which the trips of zones begin and end."""

    from_numbers: npt.NDArray[np.intp]
    to_numbers: npt.NDArray[np.intp]


@dataclass(frozen=True, slots=True, kw_only=True)
class _Start:
    """The baseline's traffic, from which every scenario starts."""

    demand: Floats
    car_min: Floats
    volume: Floats
    congestion: Congestion
    toll_min: Floats
    """By arc; what ``congestion`` leaves out."""


def traffic_from_network(
    scenarios: Sequence[Scenario], network: Network, parameters: Parameters
) -> Traffic:
    """Find the user equilibrium of every scenario in which flows and minutes fit each other.

    The peak speeds of the baseline's links are what its own traffic and an unmodelled background
    bring about (the BPR curve of each arc runs through that point), so the baseline keeps them
    exactly. In a scenario the background stays, and the commuters' cars, lanes and speeds that
    it changes move the minutes along the curve. A link whose speed the scenario sets has that
    speed with the baseline's cars on it. In a one-day shock the baseline's trips stay.

    Raises
    ------
    NetworkError, FlowError
        Naming the scenario whose traffic does not settle or whose flows cannot be matched.
    """
    cars, ends = _cars_alone(network)
    base = _question(BASELINE, network, parameters, None)
    demand = _vehicles(base, base.minutes["car"])
    metric = cars.arcs[BASELINE]["car_min"].to_numpy(dtype=float)
    volume = all_or_nothing(
        cars.topology,
        metric,
        demand,
        from_numbers=ends.from_numbers,
        to_numbers=ends.to_numbers,
    ).volume_veh_per_h
    toll_min = _toll_min(cars, BASELINE, parameters)
    start = _Start(
        demand=demand,
        car_min=base.minutes["car"],
        volume=volume,
        congestion=_congestion(cars, BASELINE, volume, toll_min, like=None),
        toll_min=toll_min,
    )
    found = {BASELINE: _Settled(volume=volume, slowing=np.ones(len(volume)), settled={})}
    for one in scenarios:
        if one.name != BASELINE:
            question = _question(one.name, network, parameters, base.anchor)
            try:
                found[one.name] = _settle(one, question, cars, start, ends)
            except (NetworkError, FlowError) as error:
                raise type(error)(f"scenario '{one.name}', traffic: {error}") from error
    index = cars.topology.arcs
    return Traffic(
        link_volume={name: _link_volume(cars, name, own.volume) for name, own in found.items()},
        slowing={name: pd.Series(own.slowing, index=index) for name, own in found.items()},
        settled={name: own.settled for name, own in found.items()},
    )


def _settle(
    scenario: Scenario,
    question: _Question,
    cars: Network,
    start: _Start,
    ends: _Ends,
) -> _Settled:
    """Bring flows and minutes of one scenario into line, from where the baseline stands."""
    toll_min = _toll_min(cars, scenario.name, question.parameters)
    own = tolled(_congestion(cars, scenario.name, start.volume, toll_min, like=start), toll_min)
    held = start.demand if scenario.is_shock else None
    asked = _asked_by(question, held)
    if _is_same(own, tolled(start.congestion, start.toll_min)) and np.allclose(
        asked(start.car_min), start.demand, rtol=1e-9, atol=1e-9
    ):
        return _Settled(volume=start.volume, slowing=np.ones(len(start.volume)), settled={})
    found = equilibrate(
        cars.topology,
        own,
        asked,
        from_numbers=ends.from_numbers,
        to_numbers=ends.to_numbers,
        first_min=start.car_min,
        tolerance_share=TOLERANCE_SHARE,
        gap=GAP,
    )
    return _Settled(
        volume=found.equilibrium.volume_veh_per_h,
        slowing=_slowing(cars, scenario.name, found.equilibrium.minutes),
        settled={
            "rounds": float(found.rounds),
            "relative_gap": found.equilibrium.relative_gap,
            "change_share": found.change_share,
        },
    )


def slowed_network(network: Network, traffic: Traffic) -> Network:
    """Return the network with the minutes of the roads as the traffic makes them."""
    arcs = {}
    for name, frame in network.arcs.items():
        factor = traffic.slowing[name].reindex(frame.index, fill_value=1.0).to_numpy()
        arcs[name] = frame.assign(
            car_min=frame["car_min"] * factor, park_ride_min=frame["park_ride_min"] * factor
        )
    return replace(network, arcs=arcs)


def _cars_alone(network: Network) -> tuple[Network, _Ends]:
    """Leave out the arcs that no car uses in any scenario; say where trips begin and end."""
    zones = list(network.regions[BASELINE]["zones"].index)
    names = [[face + zone for zone in zones] for face in ("from:", "to:")]
    used = np.any(
        [np.isfinite(arcs["car_min"].to_numpy(dtype=float)) for arcs in network.arcs.values()],
        axis=0,
    )
    ends = np.concatenate([node_numbers(network.topology, own) for own in names])
    topology = topology_of_arcs(network.topology, used, ends)
    start, end = (node_numbers(topology, own) for own in names)
    arcs = {name: frame[used] for name, frame in network.arcs.items()}
    cars = replace(network, topology=topology, arcs=arcs)
    return cars, _Ends(from_numbers=start, to_numbers=end)


def _question(
    name: str, network: Network, parameters: Parameters, anchor: Anchor | None
) -> _Question:
    region = network.regions[name]
    minutes = zone_minutes(region, network.topology, network.arcs[name], parameters)
    own = anchor or anchor_of(region, travel_of(region, minutes, parameters), parameters)
    return _Question(region=region, minutes=minutes, parameters=parameters, anchor=own)


def _vehicles(question: _Question, car_min: Floats) -> Floats:
    """Turn minutes by car into cars of commuters in the peak hour, home × work."""
    inner = np.eye(len(car_min), dtype=bool)
    minutes = {**question.minutes, "car": np.where(inner, question.minutes["car"], car_min)}
    travel = travel_of(question.region, minutes, question.parameters)
    flows = flows_of(question.region, travel, question.parameters, question.anchor).to_numpy()
    own = question.parameters
    by_car = flows * np.nan_to_num(travel.shares["car"].to_numpy())
    days = 1 - telework_share(question.region["zones"], own).to_numpy()[:, None]
    cars = by_car * days * own.peak_hour_share / own.persons_per_car
    return np.where(inner, 0.0, cars)


def _asked_by(question: _Question, held: Floats | None) -> Callable[[Floats], Floats]:
    """Return what asks for cars by minutes; in a shock the trips that still have a way."""
    if held is None:
        return partial(_vehicles, question)
    return lambda car_min: np.where(np.isfinite(car_min), held, 0.0)


def _congestion(
    network: Network, name: str, volume: Floats, toll_min: Floats, *, like: _Start | None
) -> Congestion:
    """Lay the BPR curve of each arc through its peak speed at the baseline's volume.

    Where the commuters' cars alone are more than the speeds allow for, the free minutes are
    taken to be less; nothing is then left for the background. Tolls are left out.
    """
    arcs, links = network.arcs[name], network.regions[name]["links"]
    is_road = _roads(network, name)
    peak = arcs["car_min"].to_numpy(dtype=float) - toll_min
    own = links.reindex(arcs["link_id"].where(is_road, ""))
    capacity = np.where(is_road, own["capacity_veh_per_h"].to_numpy(dtype=float), np.inf)
    ratio = (own["speed_kmh"] / own["free_speed_kmh"]).to_numpy(dtype=float)
    free = np.where(is_road, peak * np.where(is_road, ratio, 1.0), peak)
    background, clipped = background_from_speeds(
        free, peak, capacity, volume_veh_per_h=volume, alpha=ALPHA, power=POWER
    )
    crowded = clipped & is_road
    free = np.where(crowded, peak / (1 + ALPHA * (volume / capacity) ** POWER), free)
    if like is not None:
        base = network.arcs[BASELINE]["car_min"].to_numpy(dtype=float) - like.toll_min
        kept = is_road & np.isclose(peak, base, rtol=1e-12, atol=0)
        free = np.where(kept, like.congestion.free_min, free)
        background = np.where(kept, like.congestion.background_veh_per_h, background)
    return Congestion(
        free_min=free,
        capacity_veh_per_h=capacity,
        alpha=ALPHA,
        power=POWER,
        background_veh_per_h=background,
    )


def _toll_min(network: Network, name: str, parameters: Parameters) -> Floats:
    """Return the minutes that the toll of each arc is worth."""
    links = network.regions[name]["links"]
    by_link = pd.Series(toll_minutes(links, parameters), index=links.index)
    return np.asarray(by_link.reindex(network.arcs[name]["link_id"]).fillna(0.0), dtype=float)


def _roads(network: Network, name: str) -> npt.NDArray[np.bool_]:
    """Mark the open arcs of road links."""
    arcs, links = network.arcs[name], network.regions[name]["links"]
    is_open = np.isfinite(arcs["car_min"].to_numpy(dtype=float))
    return np.asarray(arcs["link_id"].isin(links.index).to_numpy() & is_open)


def _link_volume(network: Network, name: str, volume: Floats) -> pd.Series:
    links = network.regions[name]["links"].index
    by_link: pd.Series = pd.Series(volume).groupby(network.arcs[name]["link_id"].to_numpy()).sum()
    return by_link.reindex(links, fill_value=0.0)


def _is_same(one: Congestion, other: Congestion) -> bool:
    return (
        np.array_equal(one.free_min, other.free_min)
        and np.array_equal(one.capacity_veh_per_h, other.capacity_veh_per_h)
        and np.array_equal(one.background_veh_per_h, other.background_veh_per_h)
        and np.array_equal(one.alpha, other.alpha)
    )


def _slowing(network: Network, name: str, minutes: Floats) -> Floats:
    """Return minutes over those of the scenario's own peak speeds, 1 off the roads."""
    peak = network.arcs[name]["car_min"].to_numpy(dtype=float)
    is_road = _roads(network, name) & (peak > 0)
    slowing: Floats = np.divide(minutes, peak, out=np.ones(len(peak)), where=is_road)
    return slowing
