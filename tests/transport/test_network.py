"""The multimodal graph: what each arc costs, and one topology for all scenarios."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pandas as pd
import pytest

from agglo.errors import NetworkError
from agglo.region import Region
from agglo.scenarios.changes import add_link, close_link
from agglo.transport.network import (
    metric_from_arcs,
    network_from_regions,
    topology_from_arcs,
)
from agglo.transport.skims import skim
from tests import worlds
from tests.networks import arcs_of


def minutes(region: Region, start: str, end: str, mode: str, **changed: float) -> float:
    """Minutes from door to door."""
    arcs = arcs_of(region, worlds.parameters(**changed))
    topology = topology_from_arcs([arcs])
    metric = metric_from_arcs(topology, arcs, mode)
    return float(skim(topology, metric, [f"from:{start}"], [f"to:{end}"])[0, 0])


THERE = "link:bridge:road:west>road:east"
BACK = "link:bridge:road:east>road:west"


def test_a_road_takes_its_length_over_its_peak_speed_both_ways() -> None:
    arcs = arcs_of(worlds.two_banks())
    assert arcs.loc[THERE, "car_min"] == 10
    assert arcs.loc[BACK, "car_min"] == 10
    assert arcs.loc[BACK, "from_node"] == "road:east"
    assert np.isinf(arcs.loc[THERE, "transit_min"])


def test_a_trip_by_car_is_the_road_and_both_ends() -> None:
    assert minutes(worlds.two_banks(), "west", "east", "car") == pytest.approx(12)
    assert minutes(worlds.two_banks(bridge=False), "west", "east", "car") == pytest.approx(32)


def test_a_trip_by_line_is_walk_wait_boarding_ride_and_walk() -> None:
    wait, boarding, run = 10, 2, 15
    got = minutes(worlds.two_banks(), "west", "east", "transit")
    assert got == pytest.approx(5 + wait + boarding + run + 5)
    assert minutes(worlds.two_banks(), "east", "west", "transit") == pytest.approx(got)


def test_a_long_headway_is_waited_for_no_longer_than_the_cap() -> None:
    tables = worlds.two_banks_tables()
    for end in ("headway_min", "headway_low_min", "headway_high_min"):
        tables["lines"][end] = 240.0
    region = worlds.region_of(tables)
    assert minutes(region, "west", "east", "transit") == pytest.approx(5 + 20 + 2 + 15 + 5)


def test_a_closed_road_has_no_finite_time_in_either_direction() -> None:
    arcs = arcs_of(close_link(worlds.two_banks(), link=["bridge"]))
    assert np.isinf(arcs.loc[[THERE, BACK], "car_min"]).all()


def test_no_trip_passes_through_a_zone() -> None:
    """A zone between two roads would be a short cut past both ends' parking."""
    arcs = arcs_of(worlds.two_banks())
    assert not set(arcs["from_node"]) & {"to:west", "to:east", "to:away"}
    assert not set(arcs["to_node"]) & {"from:west", "from:east", "from:away"}


def test_a_change_of_line_costs_a_second_wait_and_boarding() -> None:
    places = {name: worlds.Place(x_km=10 * i) for i, name in enumerate("abc")}
    places["away"] = worlds.Place(x_km=-10, is_outside=True)
    roads = {"r": ("a", "b", 10.0, 60.0)}
    one = {"ac": worlds.Line(places=("a", "b", "c"), run_min=(10, 12))}
    two = {
        "ab": worlds.Line(places=("a", "b"), run_min=(10,)),
        "bc": worlds.Line(places=("b", "c"), run_min=(12,)),
    }
    direct = worlds.region_of(worlds.tables_of(places, roads, one))
    change = worlds.region_of(worlds.tables_of(places, roads, two))
    assert minutes(direct, "a", "c", "transit") == pytest.approx(5 + 10 + 2 + 22 + 5)
    assert minutes(change, "a", "c", "transit") == pytest.approx(5 + 10 + 2 + 22 + 10 + 2 + 5)


def test_stops_within_a_walk_are_joined_and_those_beyond_are_not() -> None:
    places = {
        "a": worlds.Place(x_km=0),
        "b": worlds.Place(x_km=10),
        "c": worlds.Place(x_km=10, y_km=0.4),
        "d": worlds.Place(x_km=20),
        "away": worlds.Place(x_km=-10, is_outside=True),
    }
    lines = {
        "ab": worlds.Line(places=("a", "b"), run_min=(10,)),
        "cd": worlds.Line(places=("c", "d"), run_min=(10,)),
    }
    region = worlds.region_of(worlds.tables_of(places, {"r": ("a", "b", 10.0, 60.0)}, lines))
    walk_min = 0.4 / 6 * 60
    got = minutes(region, "a", "d", "transit", transfer_km=0.5)
    assert got == pytest.approx(5 + 12 + 10 + walk_min + 12 + 10 + 5, abs=1e-3)
    by_zone = minutes(region, "a", "d", "transit", transfer_km=0.3)
    assert np.isinf(by_zone)


def test_a_region_without_lines_has_no_way_by_public_transport() -> None:
    places = {"a": worlds.Place(x_km=0), "b": worlds.Place(x_km=10)}
    region = worlds.region_of(worlds.tables_of(places, {"r": ("a", "b", 10.0, 60.0)}))
    assert np.isinf(arcs_of(region)["transit_min"]).all()
    assert minutes(region, "a", "b", "car") == pytest.approx(12)


@pytest.mark.parametrize(("mode", "what"), [("car", "road node"), ("access", "stop")])
def test_a_connector_to_nowhere_is_refused(mode: str, what: str) -> None:
    tables = worlds.two_banks_tables()
    table = tables["connectors"]
    table.loc[table["mode"] == mode, "to_id"] = [
        f"x{i}" for i in range((table["mode"] == mode).sum())
    ]
    with pytest.raises(NetworkError, match=f"ends at no {what}; check the layer 'connectors'"):
        arcs_of(worlds.region_of(tables))


def test_one_topology_holds_the_arcs_of_all_scenarios() -> None:
    without = arcs_of(worlds.two_banks(bridge=False))
    with_bridge = arcs_of(worlds.two_banks())
    topology = topology_from_arcs([without, with_bridge])
    assert set(topology.arcs) == set(with_bridge.index)
    metric = metric_from_arcs(topology, without, "car")
    assert np.isinf(metric[topology.arcs.get_loc(THERE)])


def test_the_topology_does_not_depend_on_the_order_of_scenarios() -> None:
    pair = [arcs_of(worlds.two_banks(bridge=False)), arcs_of(worlds.two_banks())]
    first, second = topology_from_arcs(pair), topology_from_arcs(pair[::-1])
    assert first.nodes.equals(second.nodes)
    assert first.arcs.equals(second.arcs)
    assert np.array_equal(first.tail, second.tail)
    assert np.array_equal(first.head, second.head)


def test_a_new_link_may_join_other_nodes_in_another_scenario() -> None:
    base = worlds.two_banks(bridge=False)
    pair = [
        arcs_of(add_link(base, link="new", from_id="west", to_id=to, speed_kmh=60))
        for to in ("east", "away")
    ]
    topology = topology_from_arcs(pair)
    open_arcs = [
        {name for name, minute in zip(topology.arcs, metric, strict=True) if np.isfinite(minute)}
        for metric in (metric_from_arcs(topology, arcs, "car") for arcs in pair)
    ]
    assert "link:new:road:west>road:east" in open_arcs[0] - open_arcs[1]
    assert "link:new:road:west>road:away" in open_arcs[1] - open_arcs[0]


def test_arcs_in_another_order_than_that_of_their_first_nodes_are_refused() -> None:
    topology = topology_from_arcs([arcs_of(worlds.two_banks())])
    with pytest.raises(NetworkError, match="ordered by their first node"):
        replace(topology, tail=topology.tail[::-1])


def street_world(**changed: object) -> Region:
    """Two places on one street of 6 km: by car at 60 km/h, on foot at 6, by bicycle at 15."""
    places = {"a": worlds.Place(x_km=0), "b": worlds.Place(x_km=6)}
    tables = worlds.tables_of(places, {"street": ("a", "b", 6.0, 60.0)})
    open_to = {"car": "both", "walk": "both", "bicycle": "both", **changed}
    tables["links"] = tables["links"].assign(**open_to)
    doors = pd.DataFrame(
        [
            (place, place, mode, 0.1, 6.0, "assumed")
            for place in places
            for mode in ("walk", "bicycle")
        ],
        columns=["zone_id", "to_id", "mode", "length_km", "speed_kmh", "status"],
    )
    tables["connectors"] = pd.concat([tables["connectors"], doors], ignore_index=True)
    return worlds.region_of(tables)


@pytest.mark.parametrize(("mode", "wanted"), [("car", 8.0), ("walk", 62.0), ("bicycle", 26.0)])
def test_each_mode_goes_along_the_street_at_its_own_speed(mode: str, wanted: float) -> None:
    assert minutes(street_world(), "a", "b", mode) == pytest.approx(wanted)


@pytest.mark.parametrize("mode", ["car", "walk", "bicycle"])
def test_a_one_way_street_is_one_way_for_the_mode_that_says_so(mode: str) -> None:
    region = street_world(**{mode: "forward"})
    assert np.isfinite(minutes(region, "a", "b", mode))
    assert np.isinf(minutes(region, "b", "a", mode))
    for other in {"car", "walk", "bicycle"} - {mode}:
        assert np.isfinite(minutes(region, "b", "a", other))


def test_a_street_closed_to_cars_is_open_on_foot_and_a_closed_link_to_nobody() -> None:
    assert np.isinf(minutes(street_world(car="no"), "a", "b", "car"))
    assert np.isfinite(minutes(street_world(car="no"), "a", "b", "walk"))
    shut = close_link(street_world(), link=["street"])
    assert all(np.isinf(minutes(shut, "a", "b", mode)) for mode in ("car", "walk", "bicycle"))


def park_and_ride(**row: object) -> Region:
    """The two banks with parking at the west stop: 1 km at 60 km/h and 4 minutes to park."""
    tables = worlds.two_banks_tables()
    parking = {
        "stop_id": "stop_west",
        "node_id": "away",
        "mode": "park_ride",
        "length_km": 1.0,
        "speed_kmh": 60.0,
        "parking_min": 4.0,
        "status": "assumed",
        **row,
    }
    tables["interchanges"] = pd.DataFrame([parking])
    return worlds.region_of(tables)


def test_park_and_ride_is_the_car_the_parking_the_line_and_the_walk() -> None:
    door, way_and_parking, wait, boarding, ride, walk = 1, 5, 10, 2, 15, 5
    got = minutes(park_and_ride(), "away", "east", "park_ride")
    assert got == pytest.approx(door + way_and_parking + wait + boarding + ride + walk)


def test_nobody_parks_only_to_walk_and_nobody_finds_a_car_at_the_other_end() -> None:
    region = park_and_ride()
    there_and_back = 1 + 5 + (10 + 2 + 15) + (10 + 2 + 15) + 5
    assert minutes(region, "away", "west", "park_ride") == pytest.approx(there_and_back)
    assert np.isinf(minutes(region, "east", "away", "park_ride"))
    assert np.isinf(minutes(region, "away", "east", "transit"))


def test_off_peak_has_its_own_headway_and_run_time() -> None:
    tables = worlds.two_banks_tables()
    tables["lines"] = tables["lines"].assign(headway_off_peak_min=30.0)
    tables["line_stops"] = tables["line_stops"].assign(run_off_peak_min=[0.0, 12.0])
    region = worlds.region_of(tables)
    assert minutes(region, "west", "east", "transit") == pytest.approx(5 + 10 + 2 + 15 + 5)
    assert minutes(region, "west", "east", "transit_off_peak") == pytest.approx(5 + 15 + 2 + 12 + 5)


def test_a_line_without_an_off_peak_headway_does_not_run_then() -> None:
    assert np.isinf(minutes(worlds.two_banks(), "west", "east", "transit_off_peak"))


def test_a_line_that_runs_one_way_brings_nobody_back() -> None:
    tables = worlds.two_banks_tables()
    tables["lines"] = tables["lines"].assign(both_ways=False)
    region = worlds.region_of(tables)
    assert np.isfinite(minutes(region, "west", "east", "transit"))
    assert np.isinf(minutes(region, "east", "west", "transit"))


def test_a_varied_network_takes_over_what_is_the_same() -> None:
    base, own = worlds.two_banks(), close_link(worlds.two_banks(), link=["bridge"])
    regions = {"baseline": base, "own": own}
    first = network_from_regions(regions, worlds.parameters())
    varied = worlds.parameters(car_fixed_min=3.0)
    second = network_from_regions(regions, varied, like=first)
    afresh = network_from_regions(regions, varied)
    assert second.topology is first.topology
    for name in regions:
        pd.testing.assert_frame_equal(second.arcs[name], afresh.arcs[name])
