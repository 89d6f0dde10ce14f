"""Roads that slow down and speed up as the commuters' cars do, on two banks of a river."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from agglo.region import Region
from agglo.run import run
from agglo.scenarios.files import BASELINE, Scenario
from agglo.scenarios.receipts import changed_region
from agglo.traffic import Traffic, slowed_network, traffic_from_network
from agglo.transport.network import Network, network_from_regions
from tests import worlds

THERE = "link:bridge:road:west>road:east"
FORD = "link:ford:road:west>road:east"


def busy_banks(*, speed_kmh: float = 40.0, capacity: float = 60.0) -> Region:
    """The bridge carries few cars an hour and is slower in the peak than on empty road."""
    tables = worlds.two_banks_tables()
    links = tables["links"].assign(capacity_veh_per_h=capacity)
    slow = links["link_id"] == "bridge"
    tables["links"] = links.assign(speed_kmh=links["speed_kmh"].mask(slow, speed_kmh))
    return worlds.region_of(tables)


def traffic_of(region: Region, *scenarios: Scenario) -> tuple[Network, Traffic]:
    every = [worlds.scenario(name=BASELINE), *scenarios]
    regions = {one.name: changed_region(region, one) for one in every}
    parameters = worlds.parameters(car_preference_share=1.0)
    network = network_from_regions(regions, parameters)
    return network, traffic_from_network(every, network, parameters)


def plan(*steps: object, name: str = "plan", horizon: str = "year") -> Scenario:
    return worlds.scenario(*steps, name=name, horizon=horizon)  # type: ignore[arg-type]


def minutes(network: Network, traffic: Traffic, name: str, arc: str) -> float:
    return float(slowed_network(network, traffic).arcs[name].loc[arc, "car_min"])


def test_the_baseline_keeps_its_peak_speeds_exactly() -> None:
    network, traffic = traffic_of(busy_banks())
    assert (traffic.slowing[BASELINE] == 1).all()
    assert minutes(network, traffic, BASELINE, THERE) == 15


def test_every_car_over_the_river_is_counted_on_the_bridge() -> None:
    region = busy_banks()
    _, traffic = traffic_of(region)
    assert traffic.link_volume[BASELINE]["bridge"] > 0
    assert traffic.link_volume[BASELINE]["ford"] == 0
    workers = region["zones"]["workers_count"].sum()
    assert traffic.link_volume[BASELINE]["bridge"] < workers * 0.5


def test_more_lanes_make_a_busy_road_quicker_but_not_quicker_than_empty() -> None:
    lanes = plan(worlds.change("set_lanes", link=["bridge"], lanes_count=2))
    network, traffic = traffic_of(busy_banks(), lanes)
    assert 10 < minutes(network, traffic, "plan", THERE) < 15


def test_on_a_road_without_a_queue_more_lanes_change_nothing() -> None:
    lanes = plan(worlds.change("set_lanes", link=["bridge"], lanes_count=2))
    network, traffic = traffic_of(busy_banks(speed_kmh=60.0, capacity=1e6), lanes)
    assert minutes(network, traffic, "plan", THERE) == pytest.approx(10, rel=1e-6)


def test_more_jobs_beyond_the_river_slow_the_bridge_down() -> None:
    jobs = plan(worlds.change("add_jobs", zone="east", jobs_count=20))
    network, traffic = traffic_of(busy_banks(), jobs)
    assert traffic.link_volume["plan"]["bridge"] > traffic.link_volume[BASELINE]["bridge"]
    assert minutes(network, traffic, "plan", THERE) > 15


def test_a_scenario_that_moves_no_car_has_the_baseline_s_traffic_to_the_bit() -> None:
    off_peak = plan(
        worlds.change("set_headway", line="ferry", headway_min=20, headway_off_peak_min=60)
    )
    _, traffic = traffic_of(busy_banks(), off_peak)
    assert (traffic.slowing["plan"] == 1).all()
    assert traffic.link_volume["plan"].equals(traffic.link_volume[BASELINE])
    assert traffic.settled["plan"] == {}


def test_a_speed_that_the_scenario_sets_is_that_with_the_baseline_s_cars() -> None:
    speed = plan(worlds.change("set_speed", link=["bridge"], speed_kmh=50), horizon="day")
    network, traffic = traffic_of(busy_banks(), speed)
    assert minutes(network, traffic, "plan", THERE) == pytest.approx(12, rel=1e-6)


def test_a_toll_is_paid_in_minutes_and_takes_no_part_in_the_queue() -> None:
    """10 minutes, of which half a BPR curve: 5 / 2⁴ with twice the capacity; 50 RUB are 5 min."""
    changes = (
        worlds.change("set_toll", link=["bridge"], toll_rub=50),
        worlds.change("set_capacity", link=["bridge"], capacity_veh_per_h=120),
    )
    network, traffic = traffic_of(busy_banks(), plan(*changes, horizon="day"))
    assert minutes(network, traffic, "plan", THERE) == pytest.approx(10 + 5 / 16 + 5, rel=1e-6)


def test_when_the_bridge_closes_for_a_day_the_same_cars_queue_at_the_ford() -> None:
    shut = plan(worlds.change("close_link", link=["bridge"]), horizon="day")
    network, traffic = traffic_of(busy_banks(), shut)
    volume = traffic.link_volume
    assert volume["plan"]["ford"] == pytest.approx(volume[BASELINE]["bridge"])
    assert minutes(network, traffic, "plan", FORD) >= 30
    assert np.isinf(minutes(network, traffic, "plan", THERE))


def test_traffic_settles_within_what_it_says() -> None:
    jobs = plan(worlds.change("add_jobs", zone="east", jobs_count=20))
    _, traffic = traffic_of(busy_banks(), jobs)
    assert traffic.settled["plan"]["change_share"] <= 5e-4
    assert traffic.settled["plan"]["relative_gap"] <= 5e-5


@pytest.mark.parametrize("names", [("lanes", "jobs"), ("jobs", "lanes"), ("jobs",)])
def test_a_run_with_traffic_does_not_depend_on_the_other_scenarios(
    tmp_path: Path, names: Sequence[str]
) -> None:
    workspace = replace(worlds.workspace_of(busy_banks(), tmp_path), congestion=True)
    texts = {
        "lanes": '[[change]]\ndo = "set_lanes"\nlink = "bridge"\nlanes_count = 3\n',
        "jobs": '[[change]]\ndo = "add_jobs"\nzone = "east"\njobs_count = 20\n',
    }
    for name, text in texts.items():
        worlds.write_scenario(tmp_path, name, text)
    alone = {one.scenario.name: one for one in run(workspace, ["jobs"])}
    among = {one.scenario.name: one for one in run(workspace, names)}
    assert among["jobs"].indicators.equals(alone["jobs"].indicators)
    assert among["jobs"].settled == alone["jobs"].settled
