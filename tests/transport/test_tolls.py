"""Money in minutes: tolls and fares at the value of time, and what they are worked out anew for."""

from __future__ import annotations

from dataclasses import fields, replace
from functools import cache

import numpy as np
import pandas as pd
import pytest

from agglo.parameters import Parameters
from agglo.region import Region
from agglo.scenarios.line_changes import change_fare, sync_transfer
from agglo.scenarios.road_changes import set_toll
from agglo.transport.network import network_from_regions
from agglo.transport.streets import street_arcs, toll_minutes
from tests import worlds


@cache
def priced() -> Region:
    """A chain of three towns with a toll, a changed fare, a timed connection and a car park."""
    places = {name: worlds.Place(x_km=10 * i) for i, name in enumerate("abc")}
    places["b2"] = worlds.Place(x_km=10.3)
    lines = {
        "one": worlds.Line(places=("a", "b"), run_min=(10,)),
        "two": worlds.Line(places=("b2", "c"), run_min=(10,)),
    }
    roads = {"r": ("a", "b", 10.0, 60.0), "s": ("b", "c", 10.0, 60.0)}
    tables = worlds.tables_of(places, roads, lines)
    tables["links"] = tables["links"].assign(walk="both", bicycle="both")
    parking = {"mode": "park_ride", "length_km": 1.0, "speed_kmh": 60.0, "parking_min": 4.0}
    tables["interchanges"] = pd.DataFrame(
        [{"stop_id": "stop_a", "node_id": "a", **parking, "status": "assumed"}]
    )
    region = set_toll(worlds.region_of(tables), link="r", toll_rub=90)
    region = change_fare(region, line="two", by_rub=20)
    return sync_transfer(
        region, from_line="one", to_line="two", stop="stop_b", to_stop="stop_b2", wait_min=4
    )


def test_a_toll_is_shared_in_the_car_and_turned_into_minutes() -> None:
    links = priced()["links"]
    parameters = worlds.parameters(persons_per_car=1.5, value_of_time_rub_per_h=240.0)
    # 90 / 1.5 = 60 roubles a person; a quarter of an hour at 240 an hour
    assert toll_minutes(links, parameters).tolist() == [15, 0]


def test_only_cars_pay_in_both_directions() -> None:
    region = priced()
    paid = street_arcs(region, worlds.parameters())
    free = street_arcs(
        region.with_tables(links=region["links"].assign(toll_rub=np.nan)), worlds.parameters()
    )
    more = (paid[["car_min", "park_ride_min"]] - free[["car_min", "park_ride_min"]]).fillna(0)
    on_road = paid["link_id"] == "r"
    assert on_road.sum() == 2
    assert (more["car_min"] == np.where(on_road, 9.0, 0.0)).all()
    assert (more["park_ride_min"] == np.where(on_road, 9.0, 0.0)).all()
    for mode in ("walk", "bicycle", "transit", "transit_off_peak"):
        pd.testing.assert_series_equal(paid[f"{mode}_min"], free[f"{mode}_min"])


def test_a_closed_road_stays_closed_whatever_it_charges() -> None:
    region = priced()
    links = region["links"].assign(is_open=False)
    arcs = street_arcs(region.with_tables(links=links), worlds.parameters())
    assert np.isinf(arcs["car_min"]).all()


def test_the_minutes_of_park_and_ride_hold_toll_and_fare_and_connection() -> None:
    network = network_from_regions({"own": priced()}, worlds.parameters())
    arcs = network.arcs["own"]
    assert arcs.loc["link:r:road:a>road:b", "park_ride_min"] == 10 + 9
    boarded = [name for name in arcs.index if name.startswith("timed:")]
    # wait, walk of 300 m, boarding and 20 roubles
    assert arcs.loc[boarded, "park_ride_min"].to_numpy() == pytest.approx(4 + 3 + 2 + 2, abs=1e-3)
    came = [name for name in arcs.index if name.startswith("parked_come:")]
    assert arcs.loc[came, "park_ride_min"].tolist() == [10 + 2 + 10]


@pytest.mark.parametrize("name", [item.name for item in fields(Parameters)])
def test_a_parameter_that_varies_reaches_every_arc_that_depends_on_it(name: str) -> None:
    regions = {"own": priced()}
    first = network_from_regions(regions, worlds.parameters())
    value = getattr(worlds.parameters(), name)
    varied = replace(worlds.parameters(), **{name: 0.9 * value if value else 0.5})
    taken_over = network_from_regions(regions, varied, like=first)
    afresh = network_from_regions(regions, varied)
    pd.testing.assert_frame_equal(taken_over.arcs["own"], afresh.arcs["own"])
    money = ("persons_per_car", "value_of_time_rub_per_h")
    if name in money:
        assert not afresh.arcs["own"].equals(first.arcs["own"])
