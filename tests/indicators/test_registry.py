"""Registered measures on worlds whose answers are known by hand."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pandas as pd
import pytest

from agglo.indicators.case import Case
from agglo.indicators.imagery_indicators import imagery_indicators
from agglo.indicators.measures import WHOLE
from agglo.indicators.registry import (
    GOALS,
    INDICATORS,
    NETWORK,
    measure,
    values_of,
    whole_values,
)
from agglo.scenarios.files import Scenario
from agglo.tables import STATUSES
from tests import worlds
from tests.cases import case_of

OF_RASTERS = set(imagery_indicators())
"""Absent from worlds without rasters."""

WITHOUT_DATA = {
    "jobs_within_30_min_car_fine",
    "jobs_within_45_min_car_fine",
    "jobs_within_60_min_car_fine",
    "minutes_to_station",
    "minutes_to_hub",
    "minutes_to_airport",
    "minutes_to_hospital",
    "transit_wait_off_peak_median_min",
    "transit_wait_off_peak_p90_min",
    "jobs_per_worker_by_wage",
    "best_wage_within_45_min_car",
    "best_wage_within_45_min_transit",
    "wage_gap_within_45_min_car_share",
    "wage_gap_within_45_min_transit_share",
    "minutes_to_clinic",
    "minutes_to_park",
    "minutes_to_school",
    "clinic_hours_per_resident_year",
    "hub_capacity_used_share",
    "hub_yard_teu",
    "joint_saving_mln_rub",
    "hachman_index",
    "krugman_specialisation",
    "sector_concentration",
    "sector_entropy_bits",
    "specialisation_coefficient",
    "specialised_sectors_count",
    "towns_duplication_share",
    "project_cost_known_share",
    "project_funding_known_share",
    "project_scenario_known_share",
    "project_unfunded_mln_rub",
}
"""What the worlds lack data for: facilities, stations, wages, sectors, hubs, budgets, projects."""

CAR_ONLY = {"car_preference_share": 1.0}
CLOSED = worlds.scenario(worlds.change("close_link", link=["bridge"]), name="closed", horizon="day")


def value(case: Case, indicator: str, place: str = WHOLE) -> float:
    return float(values_of(case, [indicator])[indicator][place])


@pytest.fixture(scope="module")
def banks() -> Case:
    """Return the two banks, where everybody prefers the car."""
    return case_of(worlds.two_banks(), parameters=worlds.parameters(**CAR_ONLY))


def closed_banks(scenario: Scenario = CLOSED) -> Case:
    return case_of(worlds.two_banks(), scenario, worlds.parameters(**CAR_ONLY))


@pytest.mark.parametrize("name", INDICATORS)
def test_every_measure_belongs_to_a_goal_and_says_its_unit_and_source(name: str) -> None:
    indicator = INDICATORS[name]
    assert indicator.goal in GOALS
    assert indicator.unit
    assert indicator.source
    assert indicator.better in (-1, 0, 1)


@pytest.mark.parametrize(
    "region", [worlds.two_banks(), worlds.grid(), worlds.line_of_towns(), worlds.island()]
)
def test_every_measure_gives_finite_numbers_for_every_place(region: object) -> None:
    got = measure(case_of(region), is_baseline=True)  # type: ignore[arg-type]
    assert set(got["indicator"][~np.isfinite(got["value"])]) == WITHOUT_DATA
    got = got[~got["indicator"].isin(WITHOUT_DATA)]
    assert not got.duplicated(["place_id", "indicator"]).any()
    assert set(got["indicator"]) == set(INDICATORS) - WITHOUT_DATA - OF_RASTERS - {
        "link_volume_veh_per_h"
    }


def test_both_banks_are_in_reach_of_each_other_and_no_job_outside_counts(banks: Case) -> None:
    assert value(banks, "jobs_within_30_min_car", "west") == 130
    assert value(closed_banks(), "jobs_within_30_min_car", "west") == 80
    assert value(closed_banks(), "jobs_within_45_min_car", "west") == 130


def test_the_whole_is_the_mean_over_workers() -> None:
    got = value(closed_banks(), "jobs_within_30_min_car")
    assert got == pytest.approx((100 * 80 + 50 * 50) / 150)


def test_public_transport_reaches_what_the_ferry_reaches(banks: Case) -> None:
    """5 + 10 + 2 + 15 + 5 = 37 minutes."""
    assert value(banks, "jobs_within_30_min_transit", "west") == 80
    assert value(banks, "jobs_within_45_min_transit", "west") == 130


def test_jobs_by_decay_are_jobs_times_the_exponential_of_the_way(banks: Case) -> None:
    wanted = 80 * np.exp(-0.1 * worlds.INNER_CAR_MIN) + 50 * np.exp(-0.1 * 12)
    assert value(banks, "jobs_by_decay", "west") == pytest.approx(wanted)


def test_minutes_of_a_day_are_those_of_there_and_back(banks: Case) -> None:
    """West to west 3, west to east 12, west to away 22 minutes, twice a day."""
    flows = banks.flows.loc["west"]
    wanted = 2 * (3 * flows["west"] + 12 * flows["east"] + 22 * flows["away"]) / 100
    assert value(banks, "minutes_per_worker_day", "west") == pytest.approx(wanted)


def test_days_at_home_count_as_no_minutes() -> None:
    half = case_of(worlds.two_banks(), parameters=worlds.parameters(**CAR_ONLY, telework_share=0.5))
    full = case_of(worlds.two_banks(), parameters=worlds.parameters(**CAR_ONLY))
    assert value(half, "minutes_per_worker_day") == pytest.approx(
        value(full, "minutes_per_worker_day") / 2
    )


def test_a_bridge_closed_for_a_day_costs_twenty_minutes_a_crossing(banks: Case) -> None:
    flows = banks.flows
    crossings = (
        flows.loc["west", "east"] + flows.loc["east", "west"]
        + flows.loc["away", "east"] + flows.loc["east", "away"]
    )  # fmt: skip
    assert value(closed_banks(), "extra_person_min") == pytest.approx(2 * 20 * crossings)
    assert value(banks, "extra_person_min") == 0


def test_minutes_lost_over_a_year_are_those_of_the_baselines_commuters(banks: Case) -> None:
    year = worlds.scenario(worlds.change("close_link", link=["bridge"]), name="year")
    case = closed_banks(year)
    assert not case.flows.equals(banks.flows)
    assert value(case, "extra_person_min") == pytest.approx(
        value(closed_banks(), "extra_person_min")
    )


def test_commuters_without_a_way_are_counted_and_lose_up_to_the_penalty() -> None:
    cut = worlds.scenario(
        worlds.change("close_link", link=["bridge", "ford"]), name="cut", horizon="day"
    )
    tables = worlds.two_banks_tables()
    for name in ("lines", "line_stops"):
        tables[name] = tables[name].iloc[:0]
    case = case_of(worlds.region_of(tables), cut, worlds.parameters(**CAR_ONLY))
    flows = case.baseline_flows
    across = flows.loc["west", "east"] + flows.loc["east", "west"]
    around = flows.loc["away", "east"] + flows.loc["east", "away"]
    assert value(case, "unserved_count") == pytest.approx(across + around)
    lost = 2 * (across * (100 - 12) + around * (100 - 32))
    assert value(case, "extra_person_min") == pytest.approx(lost)


def test_everybody_takes_the_car_who_prefers_it_wholly(banks: Case) -> None:
    assert value(banks, "car_commuters_share") == pytest.approx(1)
    mixed = case_of(worlds.two_banks())
    assert 0.5 < value(mixed, "car_commuters_share") < 1


def test_the_share_who_leave_is_what_jobs_inside_cannot_hold(banks: Case) -> None:
    """150 workers inside and 10 from away for 130 jobs: 30 go away."""
    assert banks.flows["away"].sum() == pytest.approx(30)
    assert value(banks, "outside_workers_share") == pytest.approx(30 / 150)


def test_containment_of_the_region_is_who_stays_inside(banks: Case) -> None:
    assert value(banks, "self_containment_supply") == pytest.approx(120 / 150)
    assert value(banks, "self_containment_demand") == pytest.approx(120 / 130)
    stay = banks.flows.loc["west", "west"] / banks.flows.loc["west"].sum()
    assert value(banks, "self_containment_supply", "left") == pytest.approx(stay)


def test_a_zone_outside_any_municipality_forms_no_municipality() -> None:
    tables = worlds.two_banks_tables()
    tables["zones"].loc[tables["zones"]["zone_id"] == "east", "municipality_id"] = None
    name = "self_containment_supply"
    shares = values_of(case_of(worlds.region_of(tables)), [name])[name]
    assert shares.index.tolist() == ["left", WHOLE]


def test_efficiency_is_the_straight_way_at_the_ideal_speed_over_the_real_one(
    banks: Case,
) -> None:
    """10 km at 60 km/h are 10 minutes; the trip takes 12."""
    assert value(banks, "relative_efficiency_car") == pytest.approx(10 / 12)
    assert value(closed_banks(), "relative_efficiency_car") == pytest.approx(10 / 32)


def test_centres_are_counted_by_people_and_by_jobs(banks: Case) -> None:
    assert value(banks, "population_primacy") == pytest.approx(200 / 300)
    assert value(banks, "jobs_primacy") == pytest.approx(80 / 130)
    assert value(banks, "jobs_centres") == pytest.approx(130**2 / (80**2 + 50**2))


def test_local_match_is_who_could_work_at_home(banks: Case) -> None:
    assert value(banks, "local_match_share") == pytest.approx((80 + 50) / 150)


def test_the_worst_link_is_a_share_of_all_minutes(banks: Case) -> None:
    worst = banks.link_losses["loss_person_min"].max()
    total = (
        2
        * (banks.flows * banks.travel.cost_min.where(np.isfinite(banks.travel.cost_min), 100))
        .sum()
        .sum()
    )
    assert value(banks, "worst_link_loss_share") == pytest.approx(worst / total)


def test_without_links_that_matter_no_link_is_worst(banks: Case) -> None:
    without = replace(banks, link_losses=banks.link_losses.iloc[:0])
    assert np.isnan(value(without, "worst_link_loss_share"))


def test_a_number_is_no_firmer_than_the_tables_it_stands_on(banks: Case) -> None:
    for firmness in STATUSES:
        settlements = banks.region["settlements"].assign(status=firmness)
        case = replace(banks, region=banks.region.with_tables(settlements=settlements))
        status = {}
        for is_baseline in (True, False):
            rows = measure(case, is_baseline=is_baseline).set_index("indicator")
            status[is_baseline] = rows.loc["population_primacy", "status"]
        assert status == {True: firmness, False: "assumed"}


def test_what_the_model_works_out_is_no_firmer_than_its_assumptions(banks: Case) -> None:
    tables = {name: banks.region[name].assign(status="observed") for name in NETWORK}
    case = replace(banks, region=banks.region.with_tables(**tables))
    for firmness, wanted in (("observed", "modelled"), ("assumed", "assumed")):
        rows = measure(case, is_baseline=True, assumption_status=firmness)
        status = rows.drop_duplicates("indicator").set_index("indicator")["status"]
        assert status["minutes_per_worker_day"] == wanted
        assert status["local_match_share"] == "observed"


def test_values_for_the_whole_are_those_of_the_table(banks: Case) -> None:
    rows = measure(banks, is_baseline=True)
    assert list(rows) == ["place_id", "indicator", "value", "unit", "status"]
    whole = rows[rows["place_id"] == WHOLE].set_index("indicator")["value"]
    with_whole = {name for name, one in INDICATORS.items() if one.has_whole}
    assert set(whole.index) == with_whole - OF_RASTERS
    assert np.isnan(whole_values(banks, ["built_up_share"])["built_up_share"])
    assert whole_values(banks, ["jobs_primacy", "jobs_centres"]).to_dict() == {
        "jobs_primacy": whole["jobs_primacy"],
        "jobs_centres": whole["jobs_centres"],
    }


def test_people_of_an_island_work_on_it() -> None:
    case = case_of(worlds.island())
    assert case.flows.loc["isle", "isle"] == pytest.approx(40)
    assert np.isinf(case.travel.cost_min.loc["isle", "port"])
    assert value(case, "self_containment_supply", "sea") == pytest.approx(1)
    assert value(case, "jobs_within_60_min_car", "isle") == 40


def test_measuring_changes_nothing_in_the_case(banks: Case) -> None:
    def frames() -> dict[str, pd.DataFrame]:
        return {
            **banks.travel.minutes,
            "cost": banks.travel.cost_min,
            "flows": banks.flows,
            "losses": banks.link_losses,
        }

    before = {name: frame.copy() for name, frame in frames().items()}
    measure(banks, is_baseline=True)
    for name, frame in before.items():
        pd.testing.assert_frame_equal(frames()[name], frame)
