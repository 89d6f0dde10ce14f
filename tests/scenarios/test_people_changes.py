"""Changes of jobs by sector, of housing, and of days and visits at home."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

from agglo.errors import ScenarioError
from agglo.region import Region, check_region
from agglo.scenarios import people_changes as changes
from agglo.scenarios.receipts import apply_scenario, differences
from tests import worlds


def region_with(rows: dict[tuple[str, str], float]) -> Region:
    """Two banks (west 80 jobs, east 50) of whose jobs some sectors are known."""
    tables = worlds.two_banks_tables()
    tables["sector_jobs"] = pd.DataFrame(
        {
            "zone_id": [zone for zone, _ in rows],
            "sector": [sector for _, sector in rows],
            "jobs_count": list(rows.values()),
            "status": "observed",
        }
    )
    return worlds.region_of(tables)


def known(region: Region) -> dict[tuple[str, str], float]:
    return region["sector_jobs"]["jobs_count"].to_dict()


def jobs(region: Region) -> list[float]:
    return region["zones"].loc[["west", "east"], "jobs_count"].tolist()


SOME = {("east", "H"): 20.0, ("east", "C"): 10.0, ("west", "H"): 5.0}


# --- jobs by sector


def test_jobs_of_a_sector_come_to_the_zone_and_to_the_sector() -> None:
    region = region_with(SOME)
    got = changes.add_jobs(region, zone="east", jobs_count=25, sector="H")
    assert jobs(got) == [80, 75]
    assert known(got) == {**SOME, ("east", "H"): 45}
    assert got["sector_jobs"]["status"].to_dict() == (
        {("east", "H"): "assumed", ("east", "C"): "observed", ("west", "H"): "observed"}
    )
    check_region(got, ["zones", "sector_jobs"])


def test_the_first_jobs_of_a_sector_make_a_row_of_their_own() -> None:
    region = worlds.two_banks()
    got = changes.add_jobs(region, zone="east", jobs_count=4, sector="логистика")
    assert known(got) == {("east", "логистика"): 4}
    check_region(got, ["sector_jobs"])
    _, receipts = apply_scenario(
        region, worlds.scenario(worlds.change("add_jobs", zone="east", jobs_count=4, sector="H"))
    )
    rows = receipts[receipts["table"] == "sector_jobs"]
    assert rows[["row_id", "column", "before", "after"]].to_numpy().tolist() == [
        ["east/H", "jobs_count", "", "4"], ["east/H", "status", "", "assumed"]
    ]  # fmt: skip


def test_a_sector_is_found_by_the_spelling_of_the_table() -> None:
    """A Cyrillic С and a small letter mean the sector C that is there."""
    for spelling in ("c", "С", " C "):
        got = changes.add_jobs(region_with(SOME), zone="east", jobs_count=1, sector=spelling)
        assert known(got) == {**SOME, ("east", "C"): 11}


def test_jobs_of_a_sector_can_leave_down_to_none() -> None:
    got = changes.add_jobs(region_with(SOME), zone="east", jobs_count=-20, sector="H")
    assert jobs(got) == [80, 30]
    assert known(got) == {**SOME, ("east", "H"): 0}


def test_no_more_jobs_of_a_sector_leave_than_are_known() -> None:
    with pytest.raises(
        ScenarioError,
        match="of the jobs of zone 'east' 20 are known to be of sector 'H'; 21 cannot leave it",
    ):
        changes.add_jobs(region_with(SOME), zone="east", jobs_count=-21, sector="H")


def test_jobs_of_a_sector_that_nobody_knows_there_cannot_leave() -> None:
    with pytest.raises(ScenarioError, match=r"sector 'C' \(known there: 'H'\); leave 'sector' out"):
        changes.add_jobs(region_with(SOME), zone="west", jobs_count=-1, sector="C")
    with pytest.raises(ScenarioError, match=r"of sector 'H' \(known there: none\)"):
        changes.add_jobs(worlds.two_banks(), zone="west", jobs_count=-1, sector="H")


@pytest.mark.parametrize("sector", [" ", "«»", "_"])
def test_a_sector_needs_a_letter(sector: str) -> None:
    with pytest.raises(ScenarioError, match="is no name; give a letter of OKVED"):
        changes.add_jobs(region_with(SOME), zone="east", jobs_count=1, sector=sector)


def test_jobs_without_a_sector_leave_first_where_none_is_known() -> None:
    """East has 50 jobs, of 30 the sector is known: 20 leave unnoticed, 35 take half of those."""
    region = region_with(SOME)
    assert known(changes.add_jobs(region, zone="east", jobs_count=-20)) == SOME
    got = changes.add_jobs(region, zone="east", jobs_count=-35)
    assert jobs(got) == [80, 15]
    assert known(got) == {("east", "H"): 10, ("east", "C"): 5, ("west", "H"): 5}
    assert known(changes.add_jobs(region, zone="east", jobs_count=35)) == SOME


def test_a_table_that_knows_of_too_many_jobs_keeps_its_proportion() -> None:
    region = region_with({("east", "H"): 100.0})
    assert known(changes.add_jobs(region, zone="east", jobs_count=-25)) == {("east", "H"): 50}


def test_jobs_that_follow_people_are_of_no_named_sector() -> None:
    region = region_with({("east", "H"): 50.0})
    got = changes.shift_population(
        region, from_zone={"east": 50}, to_zone={"west": 50}, jobs_per_resident=0.5
    )
    assert jobs(got) == [105, 25]
    assert known(got) == {("east", "H"): 25}


def test_jobs_that_move_keep_the_totals_of_all_and_of_the_sector() -> None:
    region = region_with(SOME)
    got = changes.move_jobs(region, from_zone={"east": 15}, to_zone={"west": 15}, sector="H")
    assert jobs(got) == [95, 35]
    assert known(got) == {("east", "H"): 5, ("east", "C"): 10, ("west", "H"): 20}
    low = ["jobs_low_count", "jobs_count", "jobs_high_count"]
    assert got["zones"][low].sum().tolist() == (pytest.approx(region["zones"][low].sum().tolist()))
    moved = changes.move_jobs(region, from_zone={"east": 15}, to_zone={"west": 15})
    assert jobs(moved) == [95, 35]
    assert known(moved) == SOME


@pytest.mark.parametrize(
    ("to_zone", "from_zone", "message"),
    [
        ({"west": 5}, {"east": 6}, "5 jobs arrive but 6 leave"),
        ({"west": 5}, {"WEST": 5}, "zone 'west' stands in to_zone and in from_zone"),
        ({"west": 5, "West": 5}, {"east": 10}, "zone 'west' is named twice in one table"),
        ({"west": -5}, {"east": -5}, "jobs of 'west' must be above 0"),
        ({"west": np.inf}, {"east": np.inf}, "jobs of 'west' must be above 0"),
        ({"west": 51}, {"east": 51}, "zone 'east' has 50 jobs; 51 cannot leave it"),
        ({"west": 5}, {"away": 5}, "unknown zone inside 'away'"),
    ],
)
def test_jobs_that_cannot_move_stay(
    to_zone: dict[str, float], from_zone: dict[str, float], message: str
) -> None:
    with pytest.raises(ScenarioError, match=message):
        changes.move_jobs(worlds.two_banks(), to_zone=to_zone, from_zone=from_zone)


# --- housing


def test_housing_is_moved_into_by_as_many_as_it_has_room_for() -> None:
    """600 m² at 30 m² a head: 20 people, half of whom work, as in the zone."""
    got = changes.add_housing(
        worlds.two_banks(), zone="west", housing_m2=600, jobs_per_resident=0.25
    )["zones"].loc["west"]
    assert got[["population_count", "workers_count", "jobs_count"]].tolist() == [220, 110, 85]
    roomy = changes.add_housing(
        worlds.two_banks(), zone="west", housing_m2=600, m2_per_resident=60
    )["zones"].loc["west"]
    assert roomy[["population_count", "jobs_count"]].tolist() == [210, 80]


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ({"housing_m2": 0}, "housing_m2 must be above 0"),
        ({"housing_m2": 9, "m2_per_resident": 0}, "m2_per_resident must be above 0"),
        ({"housing_m2": 9, "jobs_per_resident": -1}, "jobs_per_resident must be 0 or more"),
        ({"housing_m2": 9, "jobs_per_resident": np.inf}, "jobs_per_resident must be 0 or more"),
    ],
)
def test_housing_without_size_is_refused(arguments: dict[str, float], message: str) -> None:
    with pytest.raises(ScenarioError, match=message):
        changes.add_housing(worlds.two_banks(), zone="west", **arguments)


# --- at home


def test_telework_holds_where_it_is_set_and_everywhere_by_default() -> None:
    region = worlds.two_banks()
    share = changes.set_telework(region, share=0.25)["zones"]["telework_share"]
    assert share.loc[["west", "east"]].tolist() == [0.25, 0.25]
    assert np.isnan(share["away"])
    for chosen in ({"zone": "west"}, {"zone": ["west"]}, {"municipality": "left"}):
        share = changes.set_telework(region, share=0.25, **chosen)["zones"]["telework_share"]
        assert share["west"] == 0.25
        assert share.loc[["east", "away"]].isna().all()


def test_televisits_touch_their_own_column_alone() -> None:
    region = worlds.two_banks()
    got = changes.set_televisits(region, share=0.3, municipality="right")
    found = differences(region, got)
    assert found[["table", "row_id", "column", "before", "after"]].to_numpy().tolist() == [
        ["zones", "east", "televisit_share", "", "0.3"]
    ]
    check_region(got, ["zones"])


def test_a_region_without_the_column_gets_it() -> None:
    region = worlds.two_banks()
    bare = region.with_tables(zones=region.geo("zones").drop(columns="telework_share"))
    assert changes.set_telework(bare, share=1)["zones"]["telework_share"]["west"] == 1


@pytest.mark.parametrize("share", [-0.01, 1.01, np.nan])
def test_a_share_is_between_0_and_1(share: float) -> None:
    with pytest.raises(ScenarioError, match="share must be between 0 and 1"):
        changes.set_telework(worlds.two_banks(), share=share)
    with pytest.raises(ScenarioError, match="share must be between 0 and 1"):
        changes.set_televisits(worlds.two_banks(), share=share)


def test_nothing_writes_to_the_region_it_was_given() -> None:
    region = region_with(SOME)
    before = {name: region[name].copy() for name in ("zones", "sector_jobs")}
    changes.add_jobs(region, zone="east", jobs_count=-35)
    changes.add_jobs(region, zone="east", jobs_count=-5, sector="H")
    changes.move_jobs(region, to_zone={"west": 5}, from_zone={"east": 5}, sector="H")
    changes.set_telework(region, share=0.5)
    for name, frame in before.items():
        pd.testing.assert_frame_equal(pd.DataFrame(region[name]), pd.DataFrame(frame))
