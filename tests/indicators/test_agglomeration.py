"""Agglomeration and money on worlds whose answers are known by hand."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pandas as pd
import pytest

from agglo.errors import CompareError, SettingsError, TableError
from agglo.indicators.agglomeration import (
    GROUPS,
    RESPONSES,
    density_gain_rub,
    effective_density,
    moved_jobs_gain_rub,
    new_participants_count,
)
from agglo.indicators.case import Case
from agglo.indicators.effects_text import (
    CHANNELS,
    EFFECTS,
    OF_CHANNELS,
    OF_INDICATORS,
    channels_of,
    effect_of,
    indicators_by_effect,
)
from agglo.indicators.money import (
    agglomeration_mln_rub,
    benefit_mln_rub,
    money_effects,
    money_values,
    outside_minutes,
    transport_minutes,
    user_minutes,
)
from agglo.indicators.payroll import jobs_by_group, payroll_coverage_share, payroll_rub
from agglo.indicators.registry import INDICATORS, values_of
from agglo.indicators.specialisation_indicators import specialisation_indicators
from agglo.indicators.surplus import logsum_surplus_min
from agglo.parameters import Assumption
from agglo.region import Region
from agglo.tables import TABLES
from tests import worlds
from tests.cases import case_of

CAR_ONLY = {"car_preference_share": 1.0}
FASTER = worlds.scenario(worlds.change("set_speed", link=["bridge"], speed_kmh=120))
WAGES = {"left": 50_000.0, "right": 80_000.0}


def with_wages(region: Region, **wages_rub: float) -> Region:
    wages = region["wages"]
    rows = [
        {**wages.iloc[0].to_dict(), "municipality_id": name, "year": 2024, "wage_rub": wage}
        for name, wage in wages_rub.items()
    ]
    return region.with_tables(wages=pd.DataFrame(rows, columns=list(wages)))


def with_sectors(region: Region, *rows: tuple[str, str, float]) -> Region:
    full = [(*row, "observed") for row in rows]
    return region.with_tables(
        sector_jobs=pd.DataFrame(full, columns=list(TABLES["sector_jobs"].columns))
    )


def assumption(name: str, low: float, value: float, high: float) -> Assumption:
    return Assumption(name=name, low=low, value=value, high=high, status="assumed", source="test")


ASSUMPTIONS = {
    one.name: one
    for one in (
        assumption("agglomeration_elasticity", 0.015, 0.05, 0.08),
        assumption("agglomeration_distance_power", 1.0, 1.0, 1.8),
        assumption("value_of_time_rub_per_h", 300.0, 600.0, 900.0),
        assumption("working_days_per_year", 250.0, 250.0, 250.0),
    )
}


def pair(region: Region, changed: object = FASTER, **parameters: float) -> tuple[Case, Case]:
    own = worlds.parameters(**{**CAR_ONLY, **parameters})
    return case_of(region, changed, own), case_of(region, None, own)  # type: ignore[arg-type]


@pytest.fixture(scope="module")
def banks() -> tuple[Case, Case]:
    """Return the two banks with a bridge twice as fast, and as they are: 7 minutes, 12 minutes."""
    return pair(with_wages(worlds.two_banks(), **WAGES))


def effects(case: Case, baseline: Case, **choices: object) -> pd.DataFrame:
    found = money_effects(case, baseline, assumptions=ASSUMPTIONS, **choices)  # type: ignore[arg-type]
    return found.set_index("effect")


def test_effective_density_of_two_places_is_the_sum_of_jobs_over_minutes() -> None:
    cost = pd.DataFrame([[3.0, 12.0], [12.0, 4.0]])
    jobs = pd.Series([90.0, 60.0])
    assert effective_density(cost, jobs, distance_power=1).tolist() == [35.0, 22.5]
    power = effective_density(cost, jobs, distance_power=2).tolist()
    assert power == pytest.approx([90 / 9 + 60 / 144, 90 / 144 + 60 / 16])


def test_jobs_without_a_way_add_nothing_to_density() -> None:
    cost = pd.DataFrame([[2.0, np.inf], [np.inf, 2.0]])
    assert effective_density(cost, pd.Series([8.0, 6.0]), distance_power=1.5).tolist() == (
        pytest.approx([8 / 2**1.5, 6 / 2**1.5])
    )


@pytest.mark.parametrize("wrong", [0.0, -1.0, np.nan])
def test_density_refuses_minutes_that_no_trip_takes(wrong: float) -> None:
    with pytest.raises(TableError, match="minutes above 0 from 0 to 1"):
        effective_density(
            pd.DataFrame([[1.0, wrong], [1.0, 1.0]]), pd.Series([1.0, 1.0]), distance_power=1
        )


def test_density_refuses_a_count_that_is_none() -> None:
    with pytest.raises(TableError, match="jobs_count of 0"):
        effective_density(pd.DataFrame([[1.0]]), pd.Series([-1.0]), distance_power=1)


def test_output_gains_with_the_power_of_the_ratio_of_densities() -> None:
    gain = density_gain_rub(
        pd.Series([1.0, 2.0]), pd.Series([2.0, 1.0]), pd.Series([1e6, 1e6]), elasticity=0.04
    )
    assert gain.tolist() == pytest.approx([1e6 * (2**0.04 - 1), 1e6 * (0.5**0.04 - 1)])


def test_places_without_output_gain_nothing_and_unknown_output_stays_unknown() -> None:
    gain = density_gain_rub(
        pd.Series([0.0, 1.0, 1.0]),
        pd.Series([5.0, 0.0, 2.0]),
        pd.Series([0.0, 100.0, np.nan]),
        elasticity=0.04,
    )
    assert gain.tolist()[:2] == [0.0, -100.0]
    assert np.isnan(gain[2])
    with pytest.raises(TableError, match="has output but no jobs"):
        density_gain_rub(*(pd.Series([v]) for v in (0.0, 1.0, 1.0)), elasticity=0.04)


def test_the_banks_gain_by_the_closed_form_of_two_zones(banks: tuple[Case, Case]) -> None:
    """80 jobs in the west, 50 in the east, 3 minutes within; the bridge takes 12, then 7."""
    wanted = 0.0
    for own, other, wage in ((80, 50, 50_000), (50, 80, 80_000)):
        before, after = own / 3 + other / 12, own / 3 + other / 7
        wanted += ((after / before) ** 0.05 - 1) * own * wage * 12
    got = agglomeration_mln_rub(*banks, elasticity=0.05, distance_power=1.0)
    assert got == pytest.approx(wanted / 1e6)
    assert effects(*banks).loc["agglomeration", "mid_mln_rub"] == pytest.approx(wanted / 1e6)


def test_the_interval_of_the_effect_holds_all_corners(banks: tuple[Case, Case]) -> None:
    corners = [
        agglomeration_mln_rub(*banks, elasticity=elasticity, distance_power=power)
        for elasticity in (0.015, 0.08)
        for power in (1.0, 1.8)
    ]
    got = effects(*banks).loc["agglomeration"]
    assert got["low_mln_rub"] == min(corners)
    assert got["high_mln_rub"] == max(corners)
    assert 0 < got["low_mln_rub"] < got["mid_mln_rub"] < got["high_mln_rub"]


def test_nothing_changes_where_nothing_is_changed(banks: tuple[Case, Case]) -> None:
    same = effects(banks[1], banks[1])
    assert same[["low_mln_rub", "mid_mln_rub", "high_mln_rub"]].to_numpy().tolist() == (
        [[0.0, 0.0, 0.0]] * 2
    )
    assert (same["status"] == "assumed").all()


def test_the_benefit_is_the_logsum_inside_and_the_rule_of_half_outside(
    banks: tuple[Case, Case],
) -> None:
    case, baseline = banks
    inner = ["west", "east"]
    minutes = 0.0
    for home, cost in (("west", [3.0, 12.0]), ("east", [12.0, 3.0])):
        after = [7.0 if value == 12 else value for value in cost]
        gain = logsum_surplus_min(
            pd.DataFrame([cost], columns=inner),
            pd.DataFrame([after], columns=inner),
            size_before=baseline.flows[inner].sum(),
            size_after=case.flows[inner].sum(),
            scale_per_min=0.1,
        )
        people = sum(one.flows.loc[home, inner].sum() / 2 for one in banks)
        minutes += 2 * float(gain.iloc[0]) * people
    outside = sum(one.flows.loc["east", "away"] / 2 for one in banks) * 5 * 2
    assert outside_minutes(case, baseline) == pytest.approx(outside)
    assert outside > 0
    minutes += outside
    assert user_minutes(case, baseline) == pytest.approx(minutes)
    got = effects(case, baseline).loc["user_benefit"]
    assert got["mid_mln_rub"] == pytest.approx(minutes / 60 * 600 * 250 / 1e6)
    assert got["low_mln_rub"] == pytest.approx(got["mid_mln_rub"] / 2)
    assert got["high_mln_rub"] == pytest.approx(got["mid_mln_rub"] * 1.5)


def test_the_rule_of_half_stands_beside_the_logsum(banks: tuple[Case, Case]) -> None:
    case, baseline = banks
    saved = sum(
        (one.flows.loc["west", "east"] + one.flows.loc["east", "west"]) / 2 * 5 for one in banks
    )
    saved += sum(one.flows.loc["east", "away"] / 2 * 5 for one in banks)
    assert transport_minutes(case, baseline) == pytest.approx(2 * saved)
    worth = benefit_mln_rub(2 * saved, case)
    assert f"{worth:+.1f} mln RUB" in effects(case, baseline).loc["user_benefit", "note"]


def test_money_of_a_draw_is_that_of_its_own_parameters(banks: tuple[Case, Case]) -> None:
    got = money_values(*banks)
    assert got.to_dict() == pytest.approx(effects(*banks)["mid_mln_rub"].to_dict())


def test_draws_widen_the_interval_and_leave_the_middle(banks: tuple[Case, Case]) -> None:
    drawn = pd.DataFrame({"agglomeration": [-100.0, 100.0], "user_benefit": [0.0, np.nan]})
    plain, wide = effects(*banks), effects(*banks, drawn=drawn)
    assert wide.loc["agglomeration", "low_mln_rub"] == pytest.approx(-90)
    assert wide.loc["agglomeration", "high_mln_rub"] == pytest.approx(90)
    assert wide.loc["user_benefit", "low_mln_rub"] == 0
    assert wide["mid_mln_rub"].equals(plain["mid_mln_rub"])
    pd.testing.assert_frame_equal(effects(*banks, drawn=pd.DataFrame()), plain)


def test_a_loss_has_its_ends_in_order(banks: tuple[Case, Case]) -> None:
    case, baseline = banks
    lost = effects(baseline, case).drop(index="user_benefit").loc["agglomeration"]
    assert lost["low_mln_rub"] < lost["mid_mln_rub"] < lost["high_mln_rub"] < 0
    slower = worlds.scenario(worlds.change("set_speed", link=["bridge"], speed_kmh=30))
    worse = effects(*pair(with_wages(worlds.two_banks(), **WAGES), slower))
    assert (worse["low_mln_rub"] < worse["mid_mln_rub"]).all()
    assert (worse["high_mln_rub"] < 0).all()


def test_a_shock_of_a_day_has_no_sum_a_year(banks: tuple[Case, Case]) -> None:
    got = effects(*banks, horizon="day", scenario="ночь")
    assert got[["low_mln_rub", "mid_mln_rub", "high_mln_rub"]].isna().to_numpy().all()
    assert list(got.reset_index()) == [
        "effect", "scenario", "low_mln_rub", "mid_mln_rub", "high_mln_rub", "status", "note",
        "note_ru",
    ]  # fmt: skip


def test_without_wages_there_is_a_benefit_but_no_effect_in_money() -> None:
    region = with_wages(worlds.two_banks())
    got = effects(*pair(region))
    ends = ["low_mln_rub", "mid_mln_rub", "high_mln_rub"]
    assert got.loc["agglomeration", ends].isna().all()
    assert got.loc["user_benefit", ends].gt(0).all()
    assert "no wage" in got.loc["agglomeration", "note"]


def test_zones_without_a_wage_are_left_out_and_the_share_is_told() -> None:
    case, baseline = pair(with_wages(worlds.two_banks(), right=80_000.0))
    assert payroll_coverage_share(baseline) == pytest.approx(50 / 130)
    assert payroll_rub(baseline).loc["west"].isna().all()
    before, after = 50 / 3 + 80 / 12, 50 / 3 + 80 / 7
    wanted = ((after / before) ** 0.05 - 1) * 50 * 80_000 * 12
    got = effects(case, baseline).loc["agglomeration"]
    assert got["mid_mln_rub"] == pytest.approx(wanted / 1e6)
    assert "38% of the jobs" in got["note"]


def test_sectors_that_are_known_answer_in_their_own_way() -> None:
    region = with_sectors(
        with_wages(worlds.two_banks(), **WAGES), ("west", "M", 30.0), ("west", "A", 10.0)
    )
    case, baseline = pair(region)
    jobs = jobs_by_group(baseline)
    assert jobs.loc["west", "business_services"] == 30
    assert jobs.loc["west", "other"] == 50
    wanted = 0.0
    for own, other, power, elasticity, payroll in (
        (80, 50, 1.8, 0.08 * 0.05 / 0.04, 30 * 50_000),
        (80, 50, 1.0, 0.05, 50 * 50_000),
        (50, 80, 1.0, 0.05, 50 * 80_000),
    ):
        before, after = own / 3**power + other / 12**power, own / 3**power + other / 7**power
        wanted += ((after / before) ** elasticity - 1) * payroll * 12 / 1e6
    got = agglomeration_mln_rub(case, baseline, elasticity=0.05, distance_power=1.0)
    assert got == pytest.approx(wanted)


def test_more_jobs_by_sector_than_a_zone_has_are_cut_down() -> None:
    region = with_sectors(worlds.two_banks(), ("west", "C", 300.0), ("west", "zzz", 100.0))
    jobs = jobs_by_group(case_of(region)).loc["west"]
    assert jobs["manufacturing"] == pytest.approx(60)
    assert jobs["other"] == pytest.approx(20)
    assert jobs.sum() == pytest.approx(80)


def test_every_group_of_sectors_has_a_response() -> None:
    assert set(GROUPS.values()) == set(RESPONSES)


def test_one_zone_alone_has_no_agglomeration_but_a_way_out() -> None:
    places = {
        "only": worlds.Place(x_km=0, workers=100, jobs=90),
        "away": worlds.Place(x_km=10, workers=0, jobs=10, is_outside=True),
    }
    region = worlds.region_of(worlds.tables_of(places, {"r": ("only", "away", 10.0, 60.0)}))
    faster = worlds.scenario(worlds.change("set_speed", link=["r"], speed_kmh=120))
    got = effects(*pair(with_wages(region, m=60_000.0), faster))
    assert got.loc["agglomeration", "mid_mln_rub"] == 0
    minutes = 2 * 10 * 5
    assert got.loc["user_benefit", "mid_mln_rub"] == pytest.approx(minutes / 60 * 600 * 250 / 1e6)


def test_a_region_without_jobs_inside_has_no_effect_and_breaks_nothing() -> None:
    places = {
        "a": worlds.Place(x_km=0, workers=60, jobs=0),
        "b": worlds.Place(x_km=10, workers=40, jobs=0),
        "away": worlds.Place(x_km=20, workers=0, jobs=100, is_outside=True),
    }
    roads = {"r": ("a", "b", 10.0, 60.0), "s": ("b", "away", 10.0, 60.0)}
    region = with_wages(worlds.region_of(worlds.tables_of(places, roads)), m=60_000.0)
    faster = worlds.scenario(worlds.change("set_speed", link=["r"], speed_kmh=120))
    got = effects(*pair(region, faster))
    assert got.loc["agglomeration", "mid_mln_rub"] == 0
    minutes = 2 * 60 * 5
    assert got.loc["user_benefit", "mid_mln_rub"] == pytest.approx(minutes / 60 * 600 * 250 / 1e6)
    assert got.loc["agglomeration", "note"] == "no jobs inside"


def test_an_island_that_nobody_reaches_breaks_nothing() -> None:
    region = with_wages(worlds.island(), m=60_000.0, sea=40_000.0)
    faster = worlds.scenario(worlds.change("set_speed", link=["shore"], speed_kmh=120))
    got = effects(*pair(region, faster))
    assert (got["mid_mln_rub"] > 0).all()


def test_a_faster_road_out_of_the_region_gains_its_commuters_alone() -> None:
    faster = worlds.scenario(worlds.change("set_speed", link=["highway"], speed_kmh=120))
    case, baseline = pair(with_wages(worlds.two_banks(), **WAGES), faster)
    out = [one.flows.loc[["west", "east"], "away"].sum() / 2 for one in (case, baseline)]
    assert outside_minutes(case, baseline) == pytest.approx(sum(out) * 10 * 2)
    assert user_minutes(case, baseline) == pytest.approx(sum(out) * 10 * 2)
    assert agglomeration_mln_rub(case, baseline, elasticity=0.05, distance_power=1) == 0


def test_who_loses_the_way_out_loses_as_much_as_everywhere() -> None:
    cut = worlds.scenario(worlds.change("close_link", link=["highway"]), horizon="day")
    case, baseline = pair(worlds.two_banks(), cut)
    west, east = baseline.flows.loc[["west", "east"], "away"]
    assert outside_minutes(case, baseline) == pytest.approx(-2 * (78 * west + 68 * east))


def test_an_absent_assumption_is_named(banks: tuple[Case, Case]) -> None:
    few = {name: one for name, one in ASSUMPTIONS.items() if "power" not in name}
    with pytest.raises(SettingsError, match="'agglomeration_distance_power'"):
        money_effects(*banks, assumptions=few)


def test_cases_of_other_zones_are_refused(banks: tuple[Case, Case]) -> None:
    with pytest.raises(CompareError, match="other zones"):
        money_effects(banks[0], replace(banks[1], inside=banks[1].inside[:1]), assumptions={})


def test_jobs_that_move_to_where_they_yield_more_gain_the_difference() -> None:
    before, after = pd.Series([10.0, 30.0]), pd.Series([6.0, 34.0])
    assert moved_jobs_gain_rub(before, after, pd.Series([200.0, 500.0])) == pytest.approx(4 * 300)
    assert moved_jobs_gain_rub(before, after, pd.Series([300.0, 300.0])) == 0
    added = pd.Series([20.0, 60.0])
    assert moved_jobs_gain_rub(before, added, pd.Series([200.0, 500.0])) == pytest.approx(0)
    assert np.isnan(moved_jobs_gain_rub(before * 0, after, after))
    with pytest.raises(TableError, match="output_per_job_rub has no row for 1"):
        moved_jobs_gain_rub(before, after, pd.Series([200.0, np.nan]))


def test_more_people_work_when_commuting_costs_less_in_proportion() -> None:
    workers, wage = pd.Series([1000.0, 500.0]), pd.Series([600_000.0, 300_000.0])
    saved = pd.Series([6000.0, -3000.0])
    got = new_participants_count(workers, saved, wage, elasticity=0.2)
    assert got.tolist() == pytest.approx([2.0, -1.0])
    with pytest.raises(TableError, match="net_wage_rub of 1"):
        new_participants_count(workers, saved, pd.Series([1.0, 0.0]), elasticity=0.2)


def test_every_tag_names_an_indicator_and_every_indicator_has_one_effect() -> None:
    named = {*OF_INDICATORS, *(name for names in OF_CHANNELS.values() for name in names)}
    assert named <= set(INDICATORS)
    assert set(OF_CHANNELS) == set(CHANNELS)
    sorted_in = [name for names in indicators_by_effect(INDICATORS).values() for name in names]
    assert sorted(sorted_in) == sorted(INDICATORS)
    assert len(EFFECTS) == 8
    assert effect_of("jobs_per_worker_gini", INDICATORS["jobs_per_worker_gini"]) == "social"
    assert effect_of("detour_mean", INDICATORS["detour_mean"]) == "transport"
    assert channels_of("jobs_by_decay") == ("matching",)
    assert channels_of("detour_mean") == ()


def test_specialisation_is_measured_over_the_towns_whose_sectors_are_known() -> None:
    region = with_sectors(
        worlds.two_banks(),
        ("west", "C", 60.0), ("west", "G", 20.0), ("east", "C", 10.0), ("east", "G", 30.0),
    )  # fmt: skip
    got = values_of(case_of(region), specialisation_indicators())
    assert got["sector_known_share"]["all"] == pytest.approx(120 / 130)
    assert got["towns_duplication_share"]["all"] == pytest.approx(0.5)
    assert got["krugman_specialisation"]["west"] == pytest.approx(2 * (0.75 - 70 / 120))
    assert got["specialised_sectors_count"].to_dict() == {"east": 1, "west": 1, "all": 1}
    krugman = (80 * 2 * (0.75 - 70 / 120) + 40 * 2 * (70 / 120 - 0.25)) / 120
    assert got["krugman_specialisation"]["all"] == pytest.approx(krugman)


def test_specialisation_is_absent_where_fewer_than_two_towns_are_known() -> None:
    absent = [
        name
        for name, own in specialisation_indicators().items()
        if own.goal == "functional_specialisation" and name != "sector_known_share"
    ]
    few = with_sectors(worlds.two_banks(), ("west", "C", 60.0), ("east", "C", 24.0))
    for region, share in ((worlds.two_banks(), 0.0), (few, 84 / 130)):
        got = values_of(case_of(region), [*absent, "sector_known_share"])
        assert got["sector_known_share"].to_dict() == {"all": pytest.approx(share)}
        assert all(got[name].index.tolist() == ["all"] for name in absent)
        assert all(np.isnan(got[name]["all"]) for name in absent)


def test_the_register_of_projects_tells_what_it_knows_of_them() -> None:
    names = [name for name in specialisation_indicators() if name.startswith("project_")]
    empty = values_of(case_of(worlds.two_banks()), names)
    assert all(np.isnan(one["all"]) for one in empty.values())
    row = dict.fromkeys(TABLES["projects"].columns, "x") | {
        "cost_low_mln_rub": 1.0, "cost_mln_rub": 2.0, "cost_high_mln_rub": 3.0,
        "status": "assumed", "funding": "",
    }  # fmt: skip
    region = worlds.two_banks().with_tables(projects=pd.DataFrame([row]))
    got = {name: float(own["all"]) for name, own in values_of(case_of(region), names).items()}
    assert got == {
        "project_cost_known_share": 1,
        "project_funding_known_share": 0,
        "project_scenario_known_share": 1,
        "project_unfunded_mln_rub": 2,
    }
