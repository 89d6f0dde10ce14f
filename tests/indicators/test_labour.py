"""Measures of labour mobility on worlds whose answers are known by hand."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pandas as pd
import pytest

from agglo.indicators import labour
from agglo.indicators.case import Case
from agglo.indicators.excess import commute_bounds
from agglo.indicators.measures import WHOLE
from agglo.indicators.registry import INDICATORS, measure, values_of
from agglo.scenarios.files import Scenario
from tests import worlds
from tests.cases import case_of

CAR_ONLY = {"car_preference_share": 1.0}
CLOSED = worlds.scenario(worlds.change("close_link", link=["bridge"]), name="closed", horizon="day")
ACROSS_MIN, AROUND_MIN = 12.0, 32.0
"""From bank to bank by the bridge and by the ford."""


def values(case: Case, indicator: str) -> pd.Series:
    return values_of(case, [indicator])[indicator]


def whole(case: Case, indicator: str) -> float:
    return float(values(case, indicator)[WHOLE])


def with_wages(case: Case, **wages_rub: float) -> Case:
    wages = case.region["wages"]
    rows = [
        {**wages.iloc[0].to_dict(), "municipality_id": name, "year": 2024, "wage_rub": wage}
        for name, wage in wages_rub.items()
    ]
    return replace(case, region=case.region.with_tables(wages=pd.DataFrame(rows)))


@pytest.fixture(scope="module")
def banks() -> Case:
    """Return the two banks, where everybody prefers the car."""
    return case_of(worlds.two_banks(), parameters=worlds.parameters(**CAR_ONLY))


@pytest.fixture(scope="module")
def closed() -> Case:
    """Return the two banks on a day without the bridge."""
    return closed_banks(CLOSED)


def closed_banks(scenario: Scenario) -> Case:
    return case_of(worlds.two_banks(), scenario, worlds.parameters(**CAR_ONLY))


def test_who_crosses_the_river_works_in_another_municipality(banks: Case) -> None:
    flows = banks.flows
    got = values(banks, "cross_municipal_share")
    assert got["left"] == pytest.approx(flows.loc["west", "east"] / 100)
    assert got["right"] == pytest.approx(flows.loc["east", "west"] / 50)
    crossing = flows.loc["west", "east"] + flows.loc["east", "west"]
    assert got[WHOLE] == pytest.approx(crossing / 150)


def test_a_zone_of_no_municipality_is_neither_home_nor_another_one() -> None:
    tables = worlds.two_banks_tables()
    tables["zones"].loc[tables["zones"]["zone_id"] == "east", "municipality_id"] = None
    got = values(case_of(worlds.region_of(tables)), "cross_municipal_share")
    assert got.to_dict() == {"left": 0, WHOLE: 0}


def test_homes_and_jobs_are_compared_by_zone_and_shared_out(banks: Case) -> None:
    ratio = values(banks, "job_housing_ratio")
    assert ratio.to_dict() == pytest.approx({"east": 1.0, "west": 0.8, WHOLE: 130 / 150})
    wanted = abs(100 / 150 - 80 / 130)
    assert whole(banks, "job_housing_mismatch_share") == pytest.approx(wanted)


def test_the_least_and_greatest_commute_are_those_of_who_lives_and_works_inside(
    banks: Case,
) -> None:
    """With two banks all flows follow from how many of the west stay."""
    inner = banks.flows.loc[["west", "east"], ["west", "east"]]
    total, homes, jobs = inner.to_numpy().sum(), inner.sum(axis=1)["west"], inner.sum()["west"]
    fewest = abs(homes - jobs)
    most = min(homes, total - jobs) + min(total - homes, jobs)
    least, greatest = (3 + 9 * crossing / total for crossing in (fewest, most))
    crossing = inner.loc["west", "east"] + inner.loc["east", "west"]
    mean = 3 + 9 * crossing / total
    assert whole(banks, "minimum_commute_min") == pytest.approx(least)
    assert whole(banks, "excess_commuting_share") == pytest.approx((mean - least) / mean)
    used = (mean - least) / (greatest - least)
    assert whole(banks, "commute_capacity_used_share") == pytest.approx(used)


def test_on_a_day_without_the_bridge_the_least_commute_is_by_the_ford(
    banks: Case, closed: Case
) -> None:
    ratio = (whole(closed, "minimum_commute_min") - 3) / (whole(banks, "minimum_commute_min") - 3)
    assert ratio == pytest.approx((AROUND_MIN - 3) / (ACROSS_MIN - 3))


def test_commuters_who_are_cut_off_count_as_everywhere_and_break_no_bound() -> None:
    cut = worlds.scenario(
        worlds.change("close_link", link=["bridge", "ford"]), name="cut", horizon="day"
    )
    tables = worlds.two_banks_tables()
    for name in ("lines", "line_stops"):
        tables[name] = tables[name].iloc[:0]
    case = case_of(worlds.region_of(tables), cut, worlds.parameters(**CAR_ONLY))
    inner = labour.inner_commute(case)
    crossing = case.flows.loc["west", "east"] + case.flows.loc["east", "west"]
    total = case.flows.loc[["west", "east"], ["west", "east"]].to_numpy().sum()
    assert inner.mean_min == pytest.approx(3 + 97 * crossing / total)
    assert 3 <= inner.bounds.least_min <= inner.mean_min <= inner.bounds.most_min <= 100
    lost = 2 * ((100 - ACROSS_MIN) * crossing + (100 - AROUND_MIN) * case.flows.loc["east", "away"])
    assert whole(case, "transport_gain_min_per_day") == pytest.approx(-lost / 150)


def test_an_island_is_no_part_of_anybodys_longest_commute() -> None:
    case = case_of(worlds.island())
    flows, minutes = case.flows, case.travel.mean_min
    main = ["port", "town"]
    inner = flows.loc[main, main]
    bounds = commute_bounds(minutes.loc[main, main], inner.sum(axis=1), inner.sum())
    total, own = inner.to_numpy().sum(), 40 * minutes.loc["isle", "isle"]
    got = labour.inner_commute(case).bounds
    assert got.least_min == pytest.approx((bounds.least_min * total + own) / (total + 40))
    assert got.most_min == pytest.approx((bounds.most_min * total + own) / (total + 40))


def test_a_region_of_many_zones_has_no_bounds(banks: Case, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(labour, "MOST_ZONES", 1)
    inner = labour.inner_commute(banks)
    assert np.isnan([inner.bounds.least_min, inner.bounds.most_min]).all()
    assert inner.mean_min > 3


def test_without_the_bridge_each_crossing_loses_twenty_minutes_each_way(closed: Case) -> None:
    flows = closed.flows
    crossing = flows.loc["west", "east"] + flows.loc["east", "west"] + flows.loc["east", "away"]
    got = values(closed, "transport_gain_min_per_day")
    assert got[WHOLE] == pytest.approx(-2 * 20 * crossing / 150)
    assert got["west"] == pytest.approx(-2 * 20 * flows.loc["west", "east"] / 100)


def test_over_a_year_the_rule_of_half_takes_the_mean_of_both_commuters(banks: Case) -> None:
    year = closed_banks(worlds.scenario(worlds.change("close_link", link=["bridge"]), name="year"))
    mean = (banks.flows + year.flows) / 2
    assert not np.allclose(banks.flows, year.flows)
    crossing = mean.loc["west", "east"] + mean.loc["east", "west"] + mean.loc["east", "away"]
    got = whole(year, "transport_gain_min_per_day")
    assert got == pytest.approx(-2 * 20 * crossing / 150)


def test_who_moves_in_shares_what_the_ways_save_by_half() -> None:
    """People of the east move west while the bridge is closed."""
    steps = (
        worlds.change("close_link", link=["bridge"]),
        worlds.change("shift_population", to_zone={"west": 50}, from_zone={"east": 50}),
    )
    case = closed_banks(worlds.scenario(*steps, name="moved"))
    mean = (case.baseline_flows + case.flows).loc["west"] / 2
    assert mean.sum() > 110
    got = values(case, "transport_gain_min_per_day")["west"]
    assert got == pytest.approx(-2 * 20 * mean["east"] / mean.sum())


def test_access_gains_are_the_logarithm_of_jobs_weighted_by_the_way(closed: Case) -> None:
    jobs = closed.flows[["west", "east"]].sum()
    stay, across, around = (np.exp(-0.1 * t) for t in (3.0, ACROSS_MIN, AROUND_MIN))
    after = jobs["west"] * stay + jobs["east"] * around
    before = jobs["west"] * stay + jobs["east"] * across
    got = values(closed, "access_gain_min_per_day")
    assert got["west"] == pytest.approx(2 * np.log(after / before) / 0.1)
    assert got[WHOLE] == pytest.approx((100 * got["west"] + 50 * got["east"]) / 150)


def test_on_the_baseline_nobody_gains(banks: Case) -> None:
    for name in ("access_gain_min_per_day", "transport_gain_min_per_day"):
        assert (values(banks, name) == 0).all()


def test_days_at_home_gain_nothing(closed: Case) -> None:
    half = replace(closed, parameters=worlds.parameters(**CAR_ONLY, telework_share=0.5))
    for name in ("access_gain_min_per_day", "transport_gain_min_per_day"):
        assert whole(half, name) == pytest.approx(whole(closed, name) / 2)


def test_nobody_from_outside_competes_for_the_jobs_outside(banks: Case) -> None:
    crossing = banks.baseline_flows
    workers = {"west": 100.0, "east": 50.0, "away": crossing.loc["away"].sum()}
    jobs = {"west": 80.0, "east": 50.0, "away": crossing["away"].sum()}
    pull = np.exp(-0.1 * banks.travel.felt_min)
    pull.loc["away", "away"] = 0.0
    wanted = sum(
        jobs[work] * pull.loc["west", work] / sum(workers[k] * pull.loc[k, work] for k in workers)
        for work in jobs
    )
    assert values(banks, "jobs_per_worker")["west"] == pytest.approx(wanted)


def test_jobs_fall_to_zones_by_what_their_workers_can_have(banks: Case) -> None:
    per_worker, jobs = values(banks, "jobs_per_worker"), values(banks, "spatial_availability")
    assert jobs["west"] == pytest.approx(100 * per_worker["west"])
    assert jobs[WHOLE] == pytest.approx(jobs["west"] + jobs["east"])


def test_fairness_is_that_of_workers_over_their_jobs(banks: Case) -> None:
    """The west is nearer to the jobs outside: its 100 workers have more to choose from."""
    own = values(banks, "jobs_per_worker")
    assert own["west"] > 1 > own["east"]
    mean = (100 * own["west"] + 50 * own["east"]) / 150
    wanted = (1 / 3) * (2 / 3) * (own["west"] - own["east"]) / mean
    assert whole(banks, "jobs_per_worker_gini") == pytest.approx(wanted)
    best, worst = own["west"], (50 * own["east"] + 10 * own["west"]) / 60
    assert whole(banks, "jobs_per_worker_palma") == pytest.approx(best / worst)
    assert whole(banks, "few_jobs_workers_share") == pytest.approx(50 / 150)
    assert whole(banks, "jobs_short_share") == pytest.approx((1 - own["east"]) * 50 / 150)


def test_more_jobs_where_wages_are_higher_is_above_zero(banks: Case) -> None:
    fair = whole(banks, "jobs_per_worker_gini")
    for wages, wanted in (({"left": 2, "right": 1}, fair), ({"left": 1, "right": 2}, -fair)):
        got = whole(with_wages(banks, **wages), "jobs_per_worker_by_wage")
        assert got == pytest.approx(wanted)
    assert np.isnan(whole(with_wages(banks, left=2, right=2), "jobs_per_worker_by_wage"))


def test_the_better_wage_is_within_reach_by_bridge_ford_and_ferry(
    banks: Case, closed: Case
) -> None:
    """12 minutes by car, 32 without the bridge, 37 by ferry."""
    for case in (banks, closed):
        paid = with_wages(case, left=50_000, right=80_000)
        for mode in ("car", "transit"):
            got = values(paid, f"best_wage_within_45_min_{mode}")
            assert got.to_dict() == {"east": 80_000, "west": 80_000, WHOLE: 80_000}
            gap = values(paid, f"wage_gap_within_45_min_{mode}_share")
            assert gap.to_dict() == pytest.approx({"east": 0, "west": 0.6, WHOLE: 0.4})


def test_a_wage_beyond_the_limit_is_out_of_reach(banks: Case) -> None:
    paid = with_wages(banks, left=50_000, right=80_000)
    for limit, wanted in ((ACROSS_MIN, 80_000), (ACROSS_MIN - 0.01, 50_000)):
        assert labour.wage_reach(paid, within_min=limit).best["car"]["best_rub"]["west"] == wanted


def test_zones_whose_stops_nobody_knows_have_no_wage_by_public_transport() -> None:
    """Of the grid only c00 and c11 have stops; from one to the other the bus takes 47 minutes."""
    case = with_wages(case_of(worlds.grid()), m0=50_000, m1=60_000, m2=90_000)
    transit = values(case, "best_wage_within_45_min_transit")
    assert transit.to_dict() == {"c00": 50_000, "c11": 60_000, WHOLE: 55_000}
    assert len(values(case, "best_wage_within_45_min_car")) == 9 + 1


def test_a_single_known_wage_is_compared_with_nothing(banks: Case) -> None:
    for case in (banks, with_wages(banks, left=1)):
        for name in INDICATORS:
            if "wage" in name:
                assert values(case, name).index.tolist() == [WHOLE]
                assert np.isnan(whole(case, name))


def test_a_zone_without_workers_is_absent_where_it_has_no_number() -> None:
    places = {
        "home": worlds.Place(x_km=0, workers=100, jobs=20, municipality="m"),
        "park": worlds.Place(x_km=10, workers=0, jobs=70, municipality="n"),
        "away": worlds.Place(x_km=-20, workers=0, jobs=10, is_outside=True),
    }
    roads = {"r": ("home", "park", 10.0, 60.0), "h": ("away", "home", 20.0, 60.0)}
    bus = {"bus": worlds.Line(places=("home", "park"), run_min=(15,))}
    case = with_wages(case_of(worlds.region_of(worlds.tables_of(places, roads, bus))), m=5, n=9)
    rows = measure(case, is_baseline=True)
    empty = rows.loc[rows["value"].isna(), ["indicator", "place_id"]]
    assert set(empty["place_id"]) <= {WHOLE}
    assert values(case, "job_housing_ratio").index.tolist() == ["home", WHOLE]
    assert values(case, "minutes_per_worker_day").index.tolist() == ["home", WHOLE]
    assert whole(case, "cross_municipal_share") == pytest.approx(0.7)
    assert whole(case, "jobs_per_worker_gini") == pytest.approx(0, abs=1e-12)
    assert whole(case, "wage_gap_within_45_min_car_share") == pytest.approx(0.8)


def test_what_indicators_share_is_worked_out_once(
    banks: Case, monkeypatch: pytest.MonkeyPatch
) -> None:
    calls = []
    original = labour.commute_bounds
    monkeypatch.setattr(
        labour, "commute_bounds", lambda *given: calls.append(1) or original(*given)
    )
    names = [name for name, one in INDICATORS.items() if one.basis is labour.inner_commute]
    assert len(names) == 3
    assert list(values_of(banks, names)) == names
    assert len(calls) == 1
