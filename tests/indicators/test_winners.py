"""Winners and losers on worlds whose answers are known by hand."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pandas as pd
import pytest

from agglo.errors import CompareError, FlowError
from agglo.indicators.case import Case
from agglo.indicators.winners import COLUMNS, wage_thirds, winners
from agglo.region import Region
from tests import worlds
from tests.cases import case_of

CAR_ONLY = {"car_preference_share": 1.0}
FASTER = worlds.scenario(worlds.change("set_speed", link=["bridge"], speed_kmh=120))
COUNTS = ["people_count", "gain_count", "lose_count", "same_count"]


def with_wages(region: Region, **wages_rub: float) -> Region:
    wages = region["wages"]
    rows = [
        {**wages.iloc[0].to_dict(), "municipality_id": name, "year": 2024, "wage_rub": wage}
        for name, wage in wages_rub.items()
    ]
    return region.with_tables(wages=pd.DataFrame(rows, columns=list(wages)))


def pair(region: Region, changed: object = FASTER, **parameters: float) -> tuple[Case, Case]:
    own = worlds.parameters(**{**CAR_ONLY, **parameters})
    return case_of(region, changed, own), case_of(region, None, own)  # type: ignore[arg-type]


def found(case: Case, baseline: Case, group: str = "zone", **choices: object) -> pd.DataFrame:
    rows = winners(case, baseline, **choices)  # type: ignore[arg-type]
    assert list(rows) == COLUMNS
    return rows[rows["group"] == group].set_index("place_id")


@pytest.fixture(scope="module")
def banks() -> tuple[Case, Case]:
    """Return the two banks with a bridge twice as fast, and as they are: 7 minutes, 12 minutes."""
    region = with_wages(worlds.two_banks(), left=50_000.0, right=80_000.0)
    return pair(region)


def test_who_crosses_the_river_gains_and_who_stays_does_not(banks: tuple[Case, Case]) -> None:
    flows = banks[1].flows
    got = found(*banks)
    west = flows.loc["west", "east"]
    assert got.loc["west", COUNTS].tolist() == pytest.approx([100, west, 0, 100 - west])
    assert got.loc["west", "change_min"] == pytest.approx(-2 * 5 * west / 100)
    east = flows.loc["east", "west"] + flows.loc["east", "away"]
    assert got.loc["east", COUNTS].tolist() == pytest.approx([50, east, 0, 50 - east])
    assert got.loc["east", "change_min"] == pytest.approx(-2 * 5 * east / 50)


def test_jobs_come_nearer_by_decay(banks: tuple[Case, Case]) -> None:
    got = found(*banks)["jobs_change"]
    assert got["west"] == pytest.approx(50 * (np.exp(-0.7) - np.exp(-1.2)))
    assert got["east"] == pytest.approx(80 * (np.exp(-0.7) - np.exp(-1.2)))


def test_every_group_holds_every_worker_once(banks: tuple[Case, Case]) -> None:
    rows = winners(*banks, scenario="мост")
    sums = rows.groupby("group")[COUNTS].sum()
    assert (sums["people_count"] == 150).all()
    for column in COUNTS[1:]:
        assert sums[column].to_numpy() == pytest.approx(sums[column].iloc[0])
    assert set(rows["scenario"]) == {"мост"}
    assert "away" not in set(rows["place_id"])
    np.testing.assert_allclose(rows[COUNTS[1:]].sum(axis=1), rows["people_count"])


def test_wages_put_workers_into_thirds(banks: tuple[Case, Case]) -> None:
    """Two thirds of the workers earn 50 thousand: their middle is at one third of all."""
    got = found(*banks, group="wage")
    assert got["people_count"].to_dict() == {"middle": 100, "high": 50}
    assert got["wage_rub"].to_dict() == {"middle": 50_000, "high": 80_000}
    assert found(*banks, group="municipality")["wage_rub"].to_dict() == {
        "left": 50_000,
        "right": 80_000,
    }


def test_the_thirds_stand_from_the_lowest_wage() -> None:
    region = with_wages(worlds.line_of_towns(3), m0=30.0, m1=20.0, m2=10.0)
    faster = worlds.scenario(worlds.change("set_speed", link=["r0"], speed_kmh=120))
    got = found(*pair(region, faster), group="wage")
    assert got.index.tolist() == ["low", "middle", "high"]
    assert got["wage_rub"].tolist() == [10, 20, 30]


@pytest.mark.parametrize(
    ("wages", "people", "wanted"),
    [
        ([5.0, 5.0, 9.0], [10, 10, 10], ["middle", "middle", "high"]),
        ([5.0, 9.0], [10, 10], ["low", "high"]),
        ([5.0, np.nan, 9.0], [10, 99, 10], ["low", "", "high"]),
        ([5.0, 9.0], [10, 0], ["", ""]),
        ([5.0, 5.0], [10, 10], ["", ""]),
        ([np.nan], [10], [""]),
        ([], [], []),
    ],
)
def test_equal_wages_share_a_third_and_unknown_ones_have_none(
    wages: list[float], people: list[float], wanted: list[str]
) -> None:
    got = wage_thirds(np.array(wages, dtype=float), np.array(people, dtype=float))
    assert got.tolist() == wanted


def test_without_wages_there_are_no_thirds() -> None:
    region = with_wages(worlds.two_banks())
    rows = winners(*pair(region))
    assert set(rows["group"]) == {"municipality", "zone"}
    assert rows["wage_rub"].isna().all()


def test_losers_lose_when_the_bridge_is_closed() -> None:
    closed = worlds.scenario(worlds.change("close_link", link=["bridge"]), horizon="day")
    case, baseline = pair(worlds.two_banks(), closed)
    got = found(case, baseline)
    crossing = baseline.flows.loc["west", "east"]
    assert got.loc["west", ["gain_count", "lose_count"]].tolist() == pytest.approx([0, crossing])
    assert got.loc["west", "change_min"] == pytest.approx(2 * 20 * crossing / 100)


def test_who_is_cut_off_loses_as_much_as_everywhere() -> None:
    tables = worlds.two_banks_tables()
    for name in ("lines", "line_stops"):
        tables[name] = tables[name].iloc[:0]
    cut = worlds.scenario(worlds.change("close_link", link=["bridge", "ford"]), horizon="day")
    case, baseline = pair(worlds.region_of(tables), cut)
    crossing = baseline.flows.loc["west", "east"]
    got = found(case, baseline).loc["west", "change_min"]
    assert got == pytest.approx(2 * (100 - 12) * crossing / 100)


def test_a_change_too_small_to_count_leaves_all_the_same(banks: tuple[Case, Case]) -> None:
    got = found(*banks, least_change_min=10.5)
    assert got["same_count"].tolist() == [50, 100]
    assert got["change_min"].lt(0).all()
    assert found(*banks, least_change_min=10.0)["gain_count"].gt(0).all()


def test_nobody_gains_or_loses_where_nothing_changes(banks: tuple[Case, Case]) -> None:
    rows = winners(banks[1], banks[1])
    assert rows[["gain_count", "lose_count", "change_min", "jobs_change"]].eq(0).to_numpy().all()


def test_new_jobs_alone_change_no_trip_but_the_jobs_in_reach() -> None:
    more = worlds.scenario(worlds.change("add_jobs", zone="east", jobs_count=20))
    got = found(*pair(worlds.two_banks(), more))
    assert got["change_min"].eq(0).all()
    assert got["same_count"].tolist() == [50, 100]
    assert got.loc["east", "jobs_change"] == pytest.approx(20 * np.exp(-0.3))


def test_days_at_home_save_the_minutes_of_the_trips() -> None:
    home = worlds.scenario(worlds.change("set_telework", share=0.5, zone=["west"]))
    got = found(*pair(worlds.two_banks(), home))
    baseline = case_of(worlds.two_banks(), None, worlds.parameters(**CAR_ONLY))
    flows = baseline.flows.loc["west"]
    mean = flows @ baseline.travel.cost_min.loc["west"] / 100
    assert got.loc["west", "change_min"] == pytest.approx(-mean)
    assert got.loc["west", "gain_count"] == pytest.approx(100)
    assert got.loc["east", "change_min"] == 0


def test_a_zone_of_no_municipality_stands_under_no_name() -> None:
    tables = worlds.two_banks_tables()
    tables["zones"].loc[tables["zones"]["zone_id"] == "east", "municipality_id"] = None
    got = found(*pair(worlds.region_of(tables)), group="municipality")
    assert got["people_count"].to_dict() == {"": 50, "left": 100}


def test_a_zone_without_workers_stands_with_nobody() -> None:
    tables = worlds.two_banks_tables()
    is_east = tables["zones"]["zone_id"] == "east"
    for end in ("", "_low", "_high"):
        tables["zones"].loc[is_east, f"workers{end}_count"] = 0.0
    for end in ("", "_low", "_high"):
        tables["zones"].loc[is_east, f"jobs{end}_count"] = 0.0
    got = found(*pair(worlds.region_of(tables))).loc["east"]
    assert got[COUNTS].tolist() == [0, 0, 0, 0]
    assert np.isnan(got["change_min"])


def test_minutes_that_are_no_number_are_refused(banks: tuple[Case, Case]) -> None:
    cost = banks[0].travel.cost_min.copy()
    cost.loc["west", "east"] = np.nan
    wrong = replace(banks[0], travel=replace(banks[0].travel, cost_min=cost))
    with pytest.raises(FlowError, match="from 'west' to 'east' are not a number"):
        winners(wrong, banks[1])


def test_cases_of_other_zones_are_refused(banks: tuple[Case, Case]) -> None:
    with pytest.raises(CompareError, match="other zones"):
        winners(banks[0], replace(banks[1], flows=banks[1].flows.iloc[:2, :2]))


def test_the_order_of_rows_of_the_tables_does_not_matter() -> None:
    tables = worlds.two_banks_tables()
    first = winners(*pair(worlds.region_of(tables)))
    second = winners(*pair(worlds.region_of(worlds.shuffled(tables, 7))))
    pd.testing.assert_frame_equal(first, second)
