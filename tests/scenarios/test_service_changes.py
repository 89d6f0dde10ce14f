"""Facilities that open, freight terminals, and services that are run together."""

from __future__ import annotations

import math

import numpy as np
import pandas as pd
import pytest

from agglo.errors import ScenarioError
from agglo.region import Region, check_region
from agglo.scenarios import service_changes as changes
from agglo.scenarios.receipts import apply_scenario, differences
from tests import worlds
from tests.cases import case_of

NAMED = {"name_ru": "Школа «№ 1»", "name_en": 'School "1"'}


def with_hub() -> Region:
    tables = worlds.two_banks_tables()
    tables["hubs"] = pd.DataFrame(
        {
            "hub_id": ["yard"],
            "name_ru": ["Двор"],
            "name_en": ["Yard"],
            "zone_id": ["west"],
            "capacity_teu_per_year": [200_000.0],
            "throughput_teu_per_year": [150_000.0],
            "dwell_days": [5.0],
            "status": ["observed"],
        }
    )
    return worlds.region_of(tables)


# --- facilities


def test_a_facility_stands_at_the_street_node_of_its_zone() -> None:
    region = worlds.two_banks()
    got = changes.add_facility(region, kind="school", zone="East", **NAMED, length_km=1.0)
    row = got["facilities"].loc["school_east"]
    node = region["nodes"].loc["east"]
    assert row[["kind", "node_id", "length_km", "status"]].tolist() == (
        ["school", "east", 1.0, "assumed"]
    )
    assert row[["lon", "lat"]].tolist() == node[["lon", "lat"]].tolist()
    assert row["name_ru"] == NAMED["name_ru"]
    check_region(got, ["facilities"])
    assert set(differences(region, got)["table"]) == {"facilities"}


def test_a_second_one_of_a_kind_has_a_number() -> None:
    region = worlds.two_banks()
    for _ in range(3):
        region = changes.add_facility(region, kind="park", zone="east", **NAMED)
    assert list(region["facilities"].index) == ["park_east", "park_east_2", "park_east_3"]
    check_region(region, ["facilities"])


def test_the_nearest_in_time_of_several_street_nodes_is_taken() -> None:
    tables = worlds.two_banks_tables()
    more = pd.DataFrame(
        {
            "zone_id": ["east", "east"],
            "to_id": ["west", "away"],
            "mode": ["car", "walk"],
            "length_km": [0.8, 0.01],
            "speed_kmh": [120.0, 6.0],
            "status": "assumed",
        }
    )
    tables["connectors"] = pd.concat([tables["connectors"], more], ignore_index=True)
    got = changes.add_facility(worlds.region_of(tables), kind="park", zone="east", **NAMED)
    assert got["facilities"]["node_id"].tolist() == ["west"]


def test_a_new_school_shortens_the_way_by_minutes_that_can_be_told_by_hand() -> None:
    """West to east: ½ to the street, ½ at the car, 10 over the bridge, 1 of half a km to the door.

    Then one opens in the west too: ½ + ½ + 1.
    """
    first = worlds.change("add_facility", kind="school", zone="east", **NAMED)
    second = worlds.change("add_facility", kind="school", zone="west", **NAMED)
    before = case_of(worlds.two_banks(), worlds.scenario(first)).facility_min["school"]
    after = case_of(worlds.two_banks(), worlds.scenario(first, second)).facility_min["school"]
    assert before.to_dict() == pytest.approx({"west": 12, "east": 2, "away": 32})
    assert after.to_dict() == pytest.approx({"west": 2, "east": 2, "away": 22})


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ({"kind": "shcool"}, "unknown kind of facility 'shcool'; did you mean school"),
        ({"kind": "station"}, "unknown kind of facility 'station'"),
        ({"kind": "zzz"}, "known: hub, airport, hospital, clinic, school, university, park"),
        ({"zone": "away"}, "unknown zone inside 'away'"),
        ({"length_km": -1.0}, "length_km must be 0 or more"),
        ({"length_km": math.nan}, "length_km must be 0 or more"),
    ],
)
def test_a_facility_that_cannot_be_is_refused(arguments: dict[str, object], message: str) -> None:
    own = {"kind": "school", "zone": "east", **NAMED, **arguments}
    with pytest.raises(ScenarioError, match=message):
        changes.add_facility(worlds.two_banks(), **own)  # type: ignore[arg-type]


def test_a_facility_without_a_name_is_refused_with_its_change() -> None:
    step = worlds.change("add_facility", kind="park", zone="east", name_ru=" ", name_en="Park")
    with pytest.raises(ScenarioError, match=r"change 1 \(add_facility\): .*facilities"):
        apply_scenario(worlds.two_banks(), worlds.scenario(step))


def test_a_zone_without_a_way_by_car_can_hold_nothing() -> None:
    region = worlds.two_banks()
    connectors = region["connectors"]
    cut = connectors[~((connectors["zone_id"] == "east") & (connectors["mode"] == "car"))]
    with pytest.raises(ScenarioError, match="zone 'east' has no way to a street node by car"):
        changes.add_facility(region.with_tables(connectors=cut), kind="park", zone="east", **NAMED)


# --- freight terminals


def test_what_a_terminal_handles_is_set_and_the_rest_stays() -> None:
    region = with_hub()
    got = changes.set_hub(region, hub="ДВОР", capacity_teu_per_year=350_000, dwell_days=3)
    found = differences(region, got)[["row_id", "column", "before", "after"]].to_numpy().tolist()
    assert found == [
        ["yard", "capacity_teu_per_year", "200000", "350000"], ["yard", "dwell_days", "5", "3"]
    ]  # fmt: skip
    idle = changes.set_hub(region, hub="yard", throughput_teu_per_year=0)
    assert idle["hubs"]["throughput_teu_per_year"].tolist() == [0]
    check_region(idle, ["hubs"])


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ({}, "set_hub needs one or more of capacity_teu_per_year, dwell_days"),
        ({"capacity_teu_per_year": 0}, "capacity_teu_per_year must be above 0"),
        ({"dwell_days": -1}, "dwell_days must be above 0"),
        ({"throughput_teu_per_year": -1}, "throughput_teu_per_year must be 0 or more"),
        ({"dwell_days": np.inf}, "dwell_days must be above 0"),
        ({"hub": "yrad", "dwell_days": 3}, "unknown hub 'yrad'; did you mean 'yard'"),
    ],
)
def test_a_terminal_that_cannot_be_is_refused(arguments: dict[str, object], message: str) -> None:
    with pytest.raises(ScenarioError, match=message):
        changes.set_hub(with_hub(), **{"hub": "yard", **arguments})  # type: ignore[arg-type]


def test_a_region_without_terminals_says_that_there_are_none() -> None:
    with pytest.raises(ScenarioError, match="unknown hub 'yard'; there are none"):
        changes.set_hub(worlds.two_banks(), hub="yard", dwell_days=3)


# --- services run together


def test_a_joint_service_lists_every_partner_with_its_range() -> None:
    got = changes.joint_service(
        worlds.two_banks(), service="отходы", municipality=["right", "LEFT"]
    )
    table = got["joint_services"]
    assert list(table.index) == [("отходы", "left"), ("отходы", "right")]
    assert table.loc[("отходы", "left")].to_dict() == {
        "service_id": "отходы",
        "municipality_id": "left",
        "name_ru": "отходы",
        "name_en": "отходы",
        "cost_elasticity_low": 0.85,
        "cost_elasticity": 0.9,
        "cost_elasticity_high": 1.0,
        "coordination_low_share": 0.02,
        "coordination_share": 0.05,
        "coordination_high_share": 0.1,
        "status": "assumed",
    }
    check_region(got, ["joint_services"])


def test_a_service_that_is_joint_already_has_new_partners_from_now_on() -> None:
    region = worlds.line_of_towns(3)
    first = changes.joint_service(region, service="waste", municipality=["m0", "m1"])
    other = changes.joint_service(first, service="heat", municipality=["m0", "m2"])
    wider = changes.joint_service(other, service="WASTE", municipality=["m0", "m1", "m2"])
    assert set(wider["joint_services"].index) == {
        ("waste", "m0"), ("waste", "m1"), ("waste", "m2"), ("heat", "m0"), ("heat", "m2")
    }  # fmt: skip
    check_region(wider, ["joint_services"])
    narrower = changes.joint_service(wider, service="waste", municipality=["m1", "m2"])
    assert ("waste", "m0") not in narrower["joint_services"].index


def test_the_same_service_again_touches_nothing() -> None:
    step = worlds.change("joint_service", service="waste", municipality=["left", "right"])
    with pytest.raises(ScenarioError, match=r"change 2 .*touches nothing"):
        apply_scenario(worlds.two_banks(), worlds.scenario(step, step))


def test_a_joint_service_does_not_depend_on_the_order_of_partners() -> None:
    first, second = (
        changes.joint_service(worlds.two_banks(), service="waste", municipality=partners)
        for partners in (["left", "right"], ["right", "left"])
    )
    pd.testing.assert_frame_equal(first["joint_services"], second["joint_services"])


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ({"municipality": ["left"]}, "service 'waste' is to be run by 1 municipality; name all"),
        ({"municipality": "left"}, "run by 1 municipality"),
        ({"municipality": []}, "run by 0 municipality"),
        ({"municipality": ["left", "Left"]}, "municipality 'left' is named twice"),
        ({"municipality": ["left", "rihgt"]}, "unknown municipality 'rihgt'; did you mean 'right'"),
        ({"service": "«»"}, "service must be a name, such as 'waste'; got '«»'"),
        ({"cost_elasticity": 0.8}, "got 0.85, 0.8, 1: give the range with the value"),
        ({"cost_elasticity_high": np.inf}, "cost_elasticity_high must hold, from 0; got"),
        ({"cost_elasticity_low": 0}, "cost_elasticity_low must be above 0"),
        ({"coordination_share": 0.2}, "must hold, from 0 to 1; got 0.02, 0.2, 0.1"),
        ({"coordination_high_share": 1.2}, "must hold, from 0 to 1"),
        ({"coordination_low_share": -0.1}, "must hold, from 0 to 1"),
    ],
)
def test_a_service_that_cannot_be_joint_is_refused(
    arguments: dict[str, object], message: str
) -> None:
    own = {"service": "waste", "municipality": ["left", "right"], **arguments}
    with pytest.raises(ScenarioError, match=message):
        changes.joint_service(worlds.two_banks(), **own)  # type: ignore[arg-type]


def test_nothing_writes_to_the_region_it_was_given() -> None:
    region = with_hub()
    before = {name: region[name].copy() for name in ("hubs", "facilities", "joint_services")}
    changes.set_hub(region, hub="yard", dwell_days=3)
    changes.add_facility(region, kind="park", zone="east", **NAMED)
    changes.joint_service(region, service="waste", municipality=["left", "right"])
    for name, frame in before.items():
        pd.testing.assert_frame_equal(region[name], frame)
