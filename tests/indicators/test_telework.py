"""Working days at home: a zone's own share, and what they take off the minutes of a day."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pandas as pd
import pytest

from agglo.indicators.case import Case, telework_share, trips_per_worker
from agglo.indicators.measures import WHOLE
from agglo.indicators.registry import measure, values_of
from agglo.region import Region
from agglo.scenarios.files import BASELINE
from agglo.scenarios.receipts import changed_region
from agglo.traffic import traffic_from_network
from agglo.transport.network import network_from_regions
from tests import worlds
from tests.cases import case_of

CAR_ONLY = {"car_preference_share": 1.0}
CLOSED = worlds.scenario(worlds.change("close_link", link=["bridge"]), name="closed", horizon="day")
SHARES = {"west": 0.4, "east": 0.1, "away": 0.25}
DAILY = (
    "minutes_per_worker_day",
    "extra_person_min",
    "access_gain_min_per_day",
    "transport_gain_min_per_day",
)


def at_home(region: Region, **shares: float) -> Region:
    """Let some zones have shares of their own."""
    zones = region["zones"]
    own = zones["telework_share"].where(~zones.index.isin(shares), zones.index.map(shares))
    return region.with_tables(zones=zones.assign(telework_share=own.astype(float)))


def with_shares(case: Case, **shares: float) -> Case:
    return replace(case, region=at_home(case.region, **shares))


def values(case: Case, indicator: str) -> pd.Series:
    return values_of(case, [indicator])[indicator]


@pytest.fixture(scope="module")
def closed() -> Case:
    """Return the two banks on a day without the bridge, nobody at home."""
    return case_of(worlds.two_banks(), CLOSED, worlds.parameters(**CAR_ONLY))


def test_a_zone_has_its_own_share_and_else_that_of_the_region() -> None:
    zones = at_home(worlds.two_banks(), west=0.4, east=0.0)["zones"]
    parameters = worlds.parameters(telework_share=0.1)
    assert telework_share(zones, parameters).to_dict() == {"away": 0.1, "east": 0.0, "west": 0.4}
    trips = trips_per_worker(zones, parameters)
    assert trips.to_dict() == pytest.approx({"away": 1.8, "east": 2.0, "west": 1.2})
    assert trips.index.equals(zones.index)


@pytest.mark.parametrize("share", [0.0, 0.1, 0.35, 1.0])
def test_a_share_that_is_the_same_in_all_zones_is_that_of_the_region(share: float) -> None:
    parameters = worlds.parameters(telework_share=share)
    region = at_home(worlds.two_banks(), **dict.fromkeys(SHARES, share))
    other = worlds.parameters(telework_share=0.9 - share / 2)
    pd.testing.assert_frame_equal(
        measure(case_of(region, CLOSED, other), is_baseline=False),
        measure(case_of(worlds.two_banks(), CLOSED, parameters), is_baseline=False),
    )


@pytest.mark.parametrize("name", DAILY)
def test_minutes_of_a_zone_fall_by_exactly_its_share(closed: Case, name: str) -> None:
    before, after = values(closed, name), values(with_shares(closed, **SHARES), name)
    for zone in before.index.drop(WHOLE):
        assert after[zone] == pytest.approx((1 - SHARES[zone]) * before[zone], rel=1e-12)
    assert abs(before.drop(WHOLE)).min() > 0


def test_minutes_of_the_whole_fall_by_the_minutes_of_those_at_home(closed: Case) -> None:
    days = 1 - pd.Series(SHARES)
    partly = with_shares(closed, **SHARES)
    lost = values(closed, "extra_person_min").drop(WHOLE)
    assert values(partly, "extra_person_min")[WHOLE] == pytest.approx((days * lost).sum())
    workers = pd.Series({"west": 100.0, "east": 50.0})
    for name in ("minutes_per_worker_day", "transport_gain_min_per_day", "access_gain_min_per_day"):
        sums = values(closed, name).drop(WHOLE) * workers * days[workers.index]
        assert values(partly, name)[WHOLE] == pytest.approx(sums.sum() / 150), name


@pytest.mark.parametrize("zone", ["west", "away"])
def test_the_whole_is_linear_in_the_share_of_a_zone(closed: Case, zone: str) -> None:
    shares = (0.0, 0.3, 0.9)
    for name in DAILY:
        none, some, more = (
            values(with_shares(closed, **{zone: share}), name)[WHOLE] for share in shares
        )
        assert none - some == pytest.approx((none - more) / 3, rel=1e-9, abs=1e-12), name


def test_who_works_at_home_loses_nothing_where_a_link_closes() -> None:
    """Of the bridge the east bank and those from away who work there lose nothing at all."""
    region = at_home(worlds.two_banks(), east=1.0, away=1.0)
    case = case_of(region, parameters=worlds.parameters(**CAR_ONLY))
    west = 2 * case.flows.loc["west"]
    lost = {"bridge": 20 * west["east"], "highway": (100 - 22) * west["away"]}
    for link, wanted in lost.items():
        assert case.link_losses.loc[link, "loss_person_min"] == pytest.approx(wanted, rel=1e-6)
    total = 3 * west["west"] + 12 * west["east"] + 22 * west["away"]
    got = values(case, "worst_link_loss_share")[WHOLE]
    assert got == pytest.approx(lost["highway"] / total, rel=1e-6)


def test_where_all_work_at_home_no_link_has_a_share_of_the_minutes() -> None:
    region = at_home(worlds.two_banks(), **dict.fromkeys(SHARES, 1.0))
    case = case_of(region, parameters=worlds.parameters(**CAR_ONLY))
    assert np.isnan(values(case, "worst_link_loss_share")[WHOLE])
    assert values(case, "minutes_per_worker_day").tolist() == [0, 0, 0]


def test_days_at_home_change_no_flow_and_no_access() -> None:
    parameters = worlds.parameters(**CAR_ONLY)
    before = case_of(worlds.two_banks(), parameters=parameters)
    after = case_of(at_home(worlds.two_banks(), **SHARES), parameters=parameters)
    pd.testing.assert_frame_equal(before.flows, after.flows)
    for name in ("jobs_by_decay", "jobs_per_worker", "unserved_count"):
        pd.testing.assert_series_equal(values(before, name), values(after, name))


def test_cars_of_a_zone_fall_by_its_share() -> None:
    """Over the bridge go the cars of the west, of the east, and of those from away."""
    region = worlds.two_banks()
    parameters = worlds.parameters(**CAR_ONLY)
    flows = case_of(region, parameters=parameters).flows
    crossing = pd.Series(
        {
            "west": flows.loc["west", "east"],
            "east": flows.loc["east", ["west", "away"]].sum(),
            "away": flows.loc["away", "east"],
        }
    )
    for shares in ({}, {"west": 0.5}, SHARES):
        own = at_home(region, **shares)
        scenario = worlds.scenario(name=BASELINE)
        network = network_from_regions({BASELINE: changed_region(own, scenario)}, parameters)
        volume = traffic_from_network([scenario], network, parameters).link_volume[BASELINE]
        days = 1 - pd.Series(shares, dtype=float).reindex(crossing.index, fill_value=0.0)
        assert volume["bridge"] == pytest.approx(0.5 * (crossing * days).sum(), rel=1e-9)


def test_a_scenario_that_sends_a_zone_home_lowers_its_minutes_alone() -> None:
    step = worlds.change("set_telework", share=0.5, zone=["west"])
    parameters = worlds.parameters(telework_share=0.2)
    base = case_of(worlds.two_banks(), parameters=parameters)
    case = case_of(worlds.two_banks(), worlds.scenario(step), parameters)
    name = "minutes_per_worker_day"
    ratio = values(case, name) / values(base, name)
    assert ratio["west"] == pytest.approx(0.5 / 0.8, rel=1e-12)
    assert ratio["east"] == pytest.approx(1.0, rel=1e-12)
    assert 0.5 / 0.8 < ratio[WHOLE] < 1
    assert np.isfinite(values(case, "extra_person_min")[WHOLE])
