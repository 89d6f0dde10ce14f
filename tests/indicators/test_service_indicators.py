"""Clinics, freight terminals and joint services as indicators, by hand."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pandas as pd
import pytest

from agglo.indicators.case import Case
from agglo.indicators.registry import INDICATORS, measure, values_of
from agglo.indicators.service_indicators import (
    municipal_population,
    service_indicators,
    spending_apart,
)
from agglo.region import Region
from agglo.scenarios.receipts import changed_region
from agglo.workspace import Workspace
from tests import worlds
from tests.cases import case_of

NAMED = {"name_ru": "а", "name_en": "a"}
SCHOOL = worlds.change("add_facility", kind="school", zone="east", **NAMED)
CLINIC = worlds.change("add_facility", kind="clinic", zone="east", **NAMED)
HOSPITAL = worlds.change("add_facility", kind="hospital", zone="west", **NAMED)
WASTE = worlds.change("joint_service", service="waste", municipality=["left", "right"])


@pytest.fixture(scope="module")
def plain() -> Case:
    """Return the two banks as they are."""
    return case_of(worlds.two_banks())


@pytest.fixture(scope="module")
def clinic() -> Case:
    """Return the two banks with a clinic in the east."""
    return case_of(worlds.two_banks(), worlds.scenario(CLINIC))


def case(*steps: worlds.Step, region: Region | None = None) -> Case:
    """Carry a region that opens something to its minutes."""
    return case_of(region or worlds.two_banks(), worlds.scenario(*steps))


def then(own: Case, *steps: worlds.Step, region: Region | None = None) -> Case:
    """Change what no way depends on."""
    return replace(own, region=changed_region(region or own.region, worlds.scenario(*steps)))


def value(own: Case, name: str) -> dict[str, float]:
    return values_of(own, [name])[name].to_dict()


def with_table(name: str, rows: list[tuple[object, ...]], columns: list[str]) -> Region:
    tables = worlds.two_banks_tables()
    tables[name] = pd.DataFrame(rows, columns=columns)
    return worlds.region_of(tables)


# --- facilities


def test_minutes_to_a_school_are_told_by_hand() -> None:
    """From the west 12 minutes by the bridge and 1 to the door less 1 at the end; 200 and 100."""
    assert value(case(SCHOOL), "minutes_to_school") == pytest.approx(
        {"west": 12, "east": 2, "all": (200 * 12 + 100 * 2) / 300}
    )


@pytest.mark.parametrize("kind", ["school", "park", "clinic"])
def test_a_kind_that_no_layer_knows_is_absent_and_not_0(kind: str) -> None:
    assert np.isnan(value(case(HOSPITAL), f"minutes_to_{kind}")["all"])


def test_hours_on_the_way_to_a_clinic_are_an_identity(clinic: Case) -> None:
    """10 visits a year, there and back, 12 minutes: 4 hours; from the east 2 minutes."""
    own = value(clinic, "clinic_hours_per_resident_year")
    assert own == pytest.approx({"west": 4, "east": 2 / 3, "all": (200 * 4 + 100 * 2 / 3) / 300})


def test_the_nearest_hospital_or_clinic_counts() -> None:
    own = value(case(CLINIC, HOSPITAL), "clinic_hours_per_resident_year")
    assert own == pytest.approx({"west": 2 / 3, "east": 2 / 3, "all": 2 / 3})
    beds = value(case(HOSPITAL), "clinic_hours_per_resident_year")
    assert beds == pytest.approx({"west": 2 / 3, "east": 4, "all": (200 * 2 / 3 + 100 * 4) / 300})


@pytest.mark.parametrize("share", [0.0, 0.1, 0.25, 0.3, 1.0])
def test_hours_fall_in_proportion_to_the_visits_from_home(clinic: Case, share: float) -> None:
    before = value(clinic, "clinic_hours_per_resident_year")
    after = value(
        then(clinic, worlds.change("set_televisits", share=share)),
        "clinic_hours_per_resident_year",
    )
    assert after == pytest.approx({place: (1 - share) * own for place, own in before.items()})


def test_visits_from_home_in_one_municipality_change_it_alone(clinic: Case) -> None:
    before = value(clinic, "clinic_hours_per_resident_year")
    step = worlds.change("set_televisits", share=0.5, municipality="right")
    after = value(then(clinic, step), "clinic_hours_per_resident_year")
    assert after["west"] == before["west"]
    assert after["east"] == pytest.approx(before["east"] / 2)


def test_zones_without_a_way_to_a_clinic_are_absent() -> None:
    region = worlds.island()
    step = worlds.change("add_facility", kind="clinic", zone="town", **NAMED)
    own = value(case(step, region=region), "clinic_hours_per_resident_year")
    assert set(own) == {"port", "town", "all"}
    assert np.isfinite(own["all"])


def test_without_clinic_or_hospital_the_hours_are_absent(plain: Case) -> None:
    assert np.isnan(value(case(SCHOOL), "clinic_hours_per_resident_year")["all"])
    assert np.isnan(value(plain, "clinic_hours_per_resident_year")["all"])


# --- freight terminals

HUBS = [
    "hub_id", "name_ru", "name_en", "zone_id", "capacity_teu_per_year", "throughput_teu_per_year",
    "dwell_days", "status",
]  # fmt: skip


def test_a_yard_holds_what_comes_in_a_day_for_as_long_as_it_stays(plain: Case) -> None:
    region = with_table(
        "hubs",
        [
            ("rail", "ж", "r", "west", 200_000.0, 182_500.0, 5.0, "observed"),
            ("road", "а", "o", "east", 73_000.0, 146_000.0, 2.0, "observed"),
        ],
        HUBS,
    )
    assert value(then(plain, region=region), "hub_yard_teu") == (
        pytest.approx({"rail": 2500, "road": 800, "all": 3300})
    )
    used = value(then(plain, region=region), "hub_capacity_used_share")
    assert used == pytest.approx({"rail": 0.9125, "road": 2.0, "all": 328_500 / 273_000})
    shorter = then(plain, worlds.change("set_hub", hub="rail", dwell_days=3.0), region=region)
    assert value(shorter, "hub_yard_teu")["rail"] == pytest.approx(2500 * 3 / 5)
    wider = then(
        plain, worlds.change("set_hub", hub="rail", capacity_teu_per_year=365_000.0), region=region
    )
    assert value(wider, "hub_capacity_used_share")["rail"] == pytest.approx(0.5)
    assert value(wider, "hub_yard_teu")["rail"] == pytest.approx(2500)


def test_without_terminals_nothing_is_known_of_them(plain: Case) -> None:
    for name in ("hub_yard_teu", "hub_capacity_used_share"):
        assert np.isnan(value(plain, name)["all"])


# --- joint services


def expected(e: float = 0.9, k: float = 0.05, people: tuple[float, float] = (200, 100)) -> float:
    first, second = people
    return 1 - (first + second) ** e / (first**e + second**e) - k


def test_a_joint_service_saves_by_the_people_of_its_partners(plain: Case) -> None:
    assert value(then(plain, WASTE), "joint_saving_share") == (
        pytest.approx({"waste": expected(), "all": expected()})
    )
    moved = worlds.change("shift_population", from_zone={"west": 50}, to_zone={"east": 50})
    after = value(then(plain, moved, WASTE), "joint_saving_share")["waste"]
    assert after == pytest.approx(expected(people=(150, 150)))


def test_the_whole_is_the_mean_of_the_services(plain: Case) -> None:
    buses = worlds.change(
        "joint_service", service="buses", municipality=["left", "right"], cost_elasticity=0.95
    )
    own = value(then(plain, WASTE, buses), "joint_saving_share")
    assert own == pytest.approx(
        {
            "waste": expected(),
            "buses": expected(0.95),
            "all": (expected() + expected(0.95)) / 2,
        }
    )


def test_where_no_service_is_joint_nothing_is_saved(plain: Case) -> None:
    assert value(plain, "joint_saving_share") == {"all": 0}


def test_a_partner_without_zones_leaves_the_mean_unknown(plain: Case) -> None:
    """Nobody lives in a municipality of which no zone is known."""
    tables = worlds.two_banks_tables()
    towns = tables["municipalities"]
    third = towns.iloc[[0]].assign(municipality_id="third", role="context")
    tables["municipalities"] = pd.concat([towns, third], ignore_index=True)
    heat = worlds.change("joint_service", service="heat", municipality=["left", "third"])
    own = value(then(plain, WASTE, heat, region=worlds.region_of(tables)), "joint_saving_share")
    assert own["waste"] == pytest.approx(expected())
    assert "heat" not in own
    assert np.isnan(own["all"])


BUDGETS = ["municipality_id", "service_id", "year", "spend_mln_rub", "source", "status"]


def spent(*rows: tuple[str, str, int, float]) -> list[tuple[object, ...]]:
    return [(*row, "test", "observed") for row in rows]


def test_money_is_saved_where_all_spending_is_known(plain: Case) -> None:
    region = with_table(
        "budgets",
        spent(
            ("left", "waste", 2022, 50.0), ("right", "waste", 2022, 30.0),
            ("left", "waste", 2023, 60.0), ("right", "waste", 2023, 40.0),
            ("left", "waste", 2024, 99.0), ("left", "heat", 2023, 7.0),
        ),
        BUDGETS,
    )  # fmt: skip
    assert value(then(plain, WASTE, region=region), "joint_saving_mln_rub") == (
        pytest.approx({"waste": 100 * expected(), "all": 100 * expected()})
    )
    heat = worlds.change("joint_service", service="heat", municipality=["left", "right"])
    both = value(then(plain, WASTE, heat, region=region), "joint_saving_mln_rub")
    assert both["waste"] == pytest.approx(100 * expected())
    assert "heat" not in both
    assert np.isnan(both["all"])


def test_without_budgets_no_money_is_known(plain: Case) -> None:
    assert np.isnan(value(then(plain, WASTE), "joint_saving_mln_rub")["all"])
    assert np.isnan(value(plain, "joint_saving_mln_rub")["all"])


def test_spending_is_that_of_the_latest_year_that_all_partners_share() -> None:
    services = pd.DataFrame({"service_id": ["w", "w", "h"], "municipality_id": ["a", "b", "a"]})
    budgets = pd.DataFrame(
        spent(("a", "w", 2020, 1.0), ("b", "w", 2021, 2.0), ("a", "h", 2019, 5.0)),
        columns=BUDGETS,
    )
    assert spending_apart(services, budgets).to_dict() == {"h": 5}
    assert spending_apart(services.iloc[:0], budgets).empty


# --- the registry


def test_every_indicator_has_a_direction_and_is_registered() -> None:
    better = {name: one.better for name, one in service_indicators().items()}
    assert better == {
        "minutes_to_clinic": -1,
        "minutes_to_school": -1,
        "minutes_to_park": -1,
        "clinic_hours_per_resident_year": -1,
        "hub_yard_teu": 0,
        "hub_capacity_used_share": 0,
        "joint_saving_share": 1,
        "joint_saving_mln_rub": 1,
    }
    assert set(better) <= set(INDICATORS)


def test_a_region_without_any_of_the_tables_can_be_measured(plain: Case) -> None:
    rows = measure(plain, is_baseline=True).set_index("indicator")
    own = rows.loc[rows.index.isin(service_indicators())]
    assert set(own["place_id"]) == {"all"}
    assert own["value"].drop("joint_saving_share").isna().all()
    assert set(own["status"]) == {"assumed"}


def test_the_four_municipalities_save_as_in_the_notes(plain: Case, workspace: Workspace) -> None:
    """Methods 2c: 12.622 % at an elasticity of 0.9, before coordination."""
    people = municipal_population(workspace.region["zones"])
    assert people.sum() == 332_545
    step = worlds.change(
        "joint_service", service="waste", municipality=list(people.index),
        coordination_share=0.0, coordination_low_share=0.0,
    )  # fmt: skip
    share = value(then(plain, step, region=workspace.region), "joint_saving_share")["waste"]
    assert 100 * share == pytest.approx(12.622, abs=5e-4)
