"""Changes of roads, felt in the minutes of trips that are solved by hand."""

from __future__ import annotations

import math
from collections.abc import Mapping
from functools import cache

import numpy as np
import pandas as pd
import pytest

from agglo.errors import ScenarioError
from agglo.region import Region
from agglo.scenarios.changes import CHANGES
from agglo.scenarios.files import BASELINE
from agglo.scenarios.receipts import apply_scenario
from agglo.scenarios.road_changes import (
    add_link,
    close_link,
    remove_link,
    set_capacity,
    set_congestion_factor,
    set_lanes,
    set_speed,
    set_toll,
)
from agglo.traffic import slowed_network, traffic_from_network
from agglo.transport.network import metric_from_arcs, network_from_regions, topology_from_arcs
from agglo.transport.skims import skim
from tests import worlds
from tests.networks import arcs_of

SELECTING = (
    "set_speed", "set_congestion_factor", "set_capacity", "set_lanes", "set_toll", "close_link",
    "remove_link",
)  # fmt: skip


@cache
def two_banks(*, bridge: bool = True) -> Region:
    """Make the world once: a region is never written to."""
    return worlds.two_banks(bridge=bridge)


def minutes(
    region: Region,
    start: str = "west",
    end: str = "east",
    mode: str = "car",
    **changed: float,
) -> float:
    """Minutes from door to door."""
    arcs = arcs_of(region, worlds.parameters(**changed))
    topology = topology_from_arcs([arcs])
    metric = metric_from_arcs(topology, arcs, mode)
    return float(skim(topology, metric, [f"from:{start}"], [f"to:{end}"])[0, 0])


def touched(
    region: Region, do: str, **arguments: object
) -> dict[tuple[str, str, str], tuple[str, str]]:
    """Apply one change and read its receipt: (table, row, column) → (before, after)."""
    _, receipts = apply_scenario(region, worlds.scenario(worlds.change(do, **arguments)))
    return {
        (row.table, row.row_id, row.column): (row.before, row.after)
        for row in receipts.itertuples()
    }


@pytest.mark.parametrize(("factor", "wanted"), [(2.0, 22), (0.5, 7), (1.5, 17)])
def test_a_congestion_factor_multiplies_the_minutes_of_the_road(
    factor: float, wanted: float
) -> None:
    slower = set_congestion_factor(two_banks(), link=["bridge"], factor=factor)
    assert minutes(slower) == pytest.approx(wanted, abs=1e-3)


def test_a_congestion_factor_leaves_the_free_speed_but_never_below_the_peak_speed() -> None:
    region = two_banks()
    assert touched(region, "set_congestion_factor", link="bridge", factor=2) == {
        ("links", "bridge", "speed_kmh"): ("60", "30")
    }
    assert touched(region, "set_congestion_factor", link="bridge", factor=0.5) == {
        ("links", "bridge", "speed_kmh"): ("60", "120"),
        ("links", "bridge", "free_speed_kmh"): ("60", "120"),
    }


def test_congestion_factors_multiply_each_link_by_its_own_speed() -> None:
    region = set_speed(two_banks(), link=["ford"], speed_kmh=90)
    after = set_congestion_factor(region, link=["ford", "bridge"], factor=3)["links"]
    assert after["speed_kmh"][["bridge", "ford", "highway"]].tolist() == [20, 30, 60]


# 30 roubles at 600 an hour are 3 minutes
@pytest.mark.parametrize(
    ("toll_rub", "changed", "wanted"),
    [
        (30, {}, 15),
        (30, {"persons_per_car": 1.5}, 14),
        (30, {"value_of_time_rub_per_h": 300.0}, 18),
        (0.1, {}, 12.01),
        (199, {}, 31.9),
        (201, {}, 32),
        (9e9, {}, 32),
    ],
)
def test_a_toll_costs_the_minutes_that_it_is_worth_or_drives_cars_to_the_ford(
    toll_rub: float, changed: Mapping[str, float], wanted: float
) -> None:
    tolled = set_toll(two_banks(), link=["bridge"], toll_rub=toll_rub)
    assert minutes(tolled, **changed) == pytest.approx(wanted, abs=2e-3)
    assert minutes(tolled, "east", "west", **changed) == pytest.approx(wanted, abs=2e-3)
    assert minutes(tolled, "away", "west", **changed) == pytest.approx(22)


def test_a_toll_stands_in_place_of_the_one_before() -> None:
    region = two_banks()
    assert touched(region, "set_toll", link="bridge", toll_rub=30) == {
        ("links", "bridge", "toll_rub"): ("", "30")
    }
    dear = set_toll(region, link="bridge", toll_rub=90)
    assert touched(dear, "set_toll", link="bridge", toll_rub=30) == {
        ("links", "bridge", "toll_rub"): ("90", "30")
    }
    free = set_toll(dear, link="bridge", toll_rub=0)
    assert minutes(free) == minutes(region)


def test_a_toll_of_nothing_where_there_is_none_touches_nothing() -> None:
    with pytest.raises(ScenarioError, match="touches nothing"):
        touched(two_banks(), "set_toll", link="bridge", toll_rub=0)


def test_who_parks_and_rides_pays_the_toll_of_the_road_to_the_station() -> None:
    lot = {
        "stop_id": "stop_west", "node_id": "west", "mode": "park_ride", "length_km": 1.0,
        "speed_kmh": 60.0, "parking_min": 4.0, "status": "assumed",
    }  # fmt: skip
    region = two_banks().with_tables(interchanges=pd.DataFrame([lot]))
    before = minutes(region, "away", "east", "park_ride")
    tolled = set_toll(region, link="highway", toll_rub=50)
    assert before == pytest.approx(1 + 20 + 5 + (10 + 2 + 15) + 5)
    assert minutes(tolled, "away", "east", "park_ride") == pytest.approx(before + 5)
    assert minutes(tolled, "west", "east", "transit") == minutes(region, mode="transit")


@pytest.mark.parametrize(
    ("do", "arguments"),
    [
        ("set_capacity", {"capacity_veh_per_h": 120.0}),
        ("set_lanes", {"lanes_count": 2.0}),
    ],
)
def test_twice_the_capacity_leaves_a_sixteenth_of_the_delay(
    do: str, arguments: Mapping[str, object]
) -> None:
    """15 minutes with today's cars, 10 on the empty bridge: 10 + 5 / 2⁴ with twice the room."""
    links = two_banks()["links"].assign(capacity_veh_per_h=60.0)
    links.loc["bridge", "speed_kmh"] = 40.0
    base = two_banks().with_tables(links=links)
    own = CHANGES[do](base, link="bridge", **arguments)
    plan = worlds.scenario(worlds.change(do, link="bridge", **arguments), horizon="day")
    parameters = worlds.parameters(car_preference_share=1.0)
    network = network_from_regions({BASELINE: base, "test": own}, parameters)
    traffic = traffic_from_network([worlds.scenario(name=BASELINE), plan], network, parameters)
    arcs = slowed_network(network, traffic).arcs["test"]
    assert arcs.loc["link:bridge:road:west>road:east", "car_min"] == pytest.approx(
        10 + 5 / 16, abs=1e-2
    )


def test_set_capacity_says_what_it_touched() -> None:
    assert touched(two_banks(), "set_capacity", road_class="primary", capacity_veh_per_h=1500) == {
        ("links", link, "capacity_veh_per_h"): ("1000", "1500")
        for link in ("bridge", "ford", "highway")
    }


def test_a_removed_bridge_is_gone_and_cars_take_the_ford() -> None:
    region = two_banks()
    removed = remove_link(region, link="bridge")
    assert "bridge" not in removed["links"].index
    assert minutes(removed) == pytest.approx(32)
    assert minutes(close_link(region, link="bridge")) == pytest.approx(32)
    receipt = touched(region, "remove_link", link="bridge")
    assert receipt["links", "bridge", "length_km"] == ("10", "")
    assert {row for _, row, _ in receipt} == {"bridge"}


def test_removing_what_was_added_gives_the_same_region() -> None:
    region = two_banks(bridge=False)
    added = add_link(region, link="new", from_id="west", to_id="east", speed_kmh=50)
    back = remove_link(added, link="new")
    pd.testing.assert_frame_equal(pd.DataFrame(back["links"]), pd.DataFrame(region["links"]))


@pytest.mark.parametrize(
    ("wanted", "message"),
    [
        ({"link": ["highway"]}, "zone 'away' is joined to the streets at node 'away'"),
        ({"link": ["bridge", "ford"]}, "zone 'east' is joined to the streets at node 'east'"),
        ({"road_class": "primary"}, "no link would be left; remove fewer"),
    ],
)
def test_a_link_that_others_stand_on_is_not_removed(
    wanted: Mapping[str, object], message: str
) -> None:
    with pytest.raises(ScenarioError, match=message):
        remove_link(two_banks(), **wanted)  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("table", "row", "message"),
    [
        ("facilities", {"facility_id": "clinic_1", "node_id": "east"}, "facility 'clinic_1'"),
        (
            "interchanges",
            {"stop_id": "stop_east", "node_id": "east", "mode": "walk"},
            "stop 'stop_east'",
        ),
    ],
)
def test_the_only_street_of_a_facility_or_a_station_is_not_removed(
    table: str, row: Mapping[str, object], message: str
) -> None:
    region = two_banks(bridge=False)
    doors = region["connectors"]
    region = region.with_tables(
        connectors=doors[doors["to_id"] != "east"], **{table: pd.DataFrame([row])}
    )
    with pytest.raises(ScenarioError, match=f"{message} is joined to the streets at node 'east'"):
        remove_link(region, link="ford")


def test_a_stop_that_people_walk_to_directly_holds_no_road() -> None:
    """Not even where it is called like the node that loses its last link."""
    region = two_banks(bridge=False)
    doors = region["connectors"]
    alone = doors[(doors["mode"] == "access") | (doors["to_id"] != "east")]
    alone = alone.assign(to_id=alone["to_id"].replace("stop_east", "east"))
    removed = remove_link(region.with_tables(connectors=alone), link="ford")
    assert removed["links"].index.tolist() == ["highway"]


REST = {
    "set_speed": {"speed_kmh": 33.0},
    "set_congestion_factor": {"factor": 1.1},
    "set_capacity": {"capacity_veh_per_h": 777.0},
    "set_lanes": {"lanes_count": 3.0},
    "set_toll": {"toll_rub": 5.0},
    "close_link": {},
    "remove_link": {},
}


@pytest.mark.parametrize("do", SELECTING)
@pytest.mark.parametrize(
    "wanted",
    [
        {"link": "bridge"},
        {"road": "road_bridge", "km": (0, 10)},
        {"road_class": "secondary"},
        {"municipality": "left"},
    ],
)
def test_every_change_of_roads_selects_in_the_same_ways(
    do: str, wanted: Mapping[str, object]
) -> None:
    region = two_banks()
    links = region.geo("links").copy()
    links.loc["bridge", "class"] = "secondary"
    squares = region.geo("municipalities").copy()
    middle = links.geometry["bridge"].interpolate(0.5, normalized=True)
    squares.loc["left", "geometry"] = middle.buffer(10)
    links.loc["ford", "geometry"] = links.geometry["highway"]
    region = region.with_tables(links=links, municipalities=squares)
    assert {row for _, row, _ in touched(region, do, **wanted, **REST[do])} == {"bridge"}


@pytest.mark.parametrize(
    ("do", "arguments", "message"),
    [
        ("set_congestion_factor", {"factor": 0}, "factor must be above 0; got 0"),
        ("set_congestion_factor", {"factor": math.inf}, "factor must be above 0; got inf"),
        ("set_congestion_factor", {"factor": 0.1}, "makes link 'bridge' 600 km/h fast"),
        ("set_congestion_factor", {"factor": 1}, "touches nothing"),
        ("set_capacity", {"capacity_veh_per_h": 0}, "capacity_veh_per_h must be above 0"),
        ("set_toll", {"toll_rub": -1}, "toll_rub must be 0 or more and finite; got -1"),
        ("set_toll", {"toll_rub": math.inf}, "toll_rub must be 0 or more and finite; got inf"),
    ],
)
def test_numbers_that_no_road_can_have_are_refused(
    do: str, arguments: Mapping[str, object], message: str
) -> None:
    with pytest.raises(ScenarioError, match=rf"^test\.toml, change 1 \({do}\): .*{message}"):
        touched(two_banks(), do, link=["bridge"], **arguments)


def test_no_change_of_roads_writes_to_the_region_it_was_given() -> None:
    region = two_banks()
    before = region["links"].copy(deep=True)
    set_speed(region, link="bridge", speed_kmh=1)
    set_congestion_factor(region, link="bridge", factor=2)
    set_capacity(region, link="bridge", capacity_veh_per_h=2)
    set_lanes(region, link="bridge", lanes_count=2)
    set_toll(region, link="bridge", toll_rub=2)
    close_link(region, link="bridge")
    remove_link(region, link="bridge")
    pd.testing.assert_frame_equal(pd.DataFrame(region["links"]), pd.DataFrame(before))
    assert np.isnan(region["links"]["toll_rub"]).all()
