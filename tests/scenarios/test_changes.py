"""Each change on a small world: what it touches, its receipt, and what it refuses."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

from agglo.errors import ScenarioError
from agglo.region import Region
from agglo.scenarios import changes
from agglo.scenarios.changes import CHANGES
from agglo.scenarios.receipts import (
    RECEIPT_COLUMNS,
    apply_scenario,
    changed_region,
    differences,
)
from agglo.workspace import Workspace
from tests import worlds


@pytest.fixture
def region() -> Region:
    """Return the two banks."""
    return worlds.two_banks()


def touched(
    region: Region, do: str, **arguments: object
) -> dict[tuple[str, str, str], tuple[str, str]]:
    """Apply one change and read its receipt: (table, row, column) → (before, after)."""
    _, receipts = apply_scenario(region, worlds.scenario(worlds.change(do, **arguments)))
    return {
        (row.table, row.row_id, row.column): (row.before, row.after)
        for row in receipts.itertuples()
    }


def test_set_speed_sets_the_peak_speed_and_lifts_the_free_one(region: Region) -> None:
    assert touched(region, "set_speed", link=["bridge"], speed_kmh=80) == {
        ("links", "bridge", "speed_kmh"): ("60", "80"),
        ("links", "bridge", "free_speed_kmh"): ("60", "80"),
    }


def test_set_speed_leaves_a_higher_free_speed(region: Region) -> None:
    assert touched(region, "set_speed", link="bridge", speed_kmh=40) == {
        ("links", "bridge", "speed_kmh"): ("60", "40")
    }


def test_set_lanes_lets_the_capacity_grow_with_the_lanes(region: Region) -> None:
    assert touched(region, "set_lanes", link=["bridge", "ford"], lanes_count=3) == {
        ("links", link, column): pair
        for link in ("bridge", "ford")
        for column, pair in {
            "lanes_count": ("1", "3"),
            "capacity_veh_per_h": ("1000", "3000"),
        }.items()
    }


def test_a_link_that_is_named_twice_is_changed_once(region: Region) -> None:
    once = changes.set_lanes(region, link=["bridge"], lanes_count=3)
    twice = changes.set_lanes(region, link=["bridge", "bridge"], lanes_count=3)
    assert differences(once, twice).empty


def test_close_link_closes_it(region: Region) -> None:
    assert touched(region, "close_link", link=["bridge"]) == {
        ("links", "bridge", "is_open"): ("True", "False")
    }


def test_links_can_be_named_by_road_and_kilometres() -> None:
    region = worlds.line_of_towns(4)
    links = region["links"].assign(road="M1", km_from=[0, 10, 20, 30], km_to=[10, 20, 30, 40])
    region = region.with_tables(links=links)
    closed = changes.close_link(region, road="M1", km=(10, 30))["links"]
    assert closed.index[~closed["is_open"]].tolist() == ["r1", "r2"]
    backwards = changes.close_link(region, road="M1", km=(30, 10))["links"]
    assert backwards["is_open"].tolist() == closed["is_open"].tolist()
    whole = changes.close_link(region, road="M1")["links"]
    assert not whole["is_open"].any()


def test_the_middle_of_a_link_decides_whether_it_lies_in_a_range() -> None:
    region = worlds.line_of_towns(4)
    links = region["links"].assign(road="M1", km_from=[0, 10, 20, 30], km_to=[10, 20, 30, 40])
    region = region.with_tables(links=links)
    closed = changes.close_link(region, road="M1", km=(5, 14.9))["links"]
    assert closed.index[~closed["is_open"]].tolist() == ["r0"]


def test_a_road_without_kilometre_posts_says_so() -> None:
    region = worlds.line_of_towns(4)
    region = region.with_tables(links=region["links"].assign(km_from=np.nan, km_to=np.nan))
    with pytest.raises(ScenarioError, match="its links meet at km posts that are not given"):
        changes.close_link(region, road="road_r1", km=(0, 5))


def test_add_link_takes_the_straight_line_and_a_seventh_more() -> None:
    region = worlds.two_banks(bridge=False)
    changed = changes.add_link(region, link="new", from_id="west", to_id="east", speed_kmh=50)
    row = changed["links"].loc["new"]
    assert row["length_km"] == pytest.approx(11.5)
    assert row["speed_kmh"] == row["free_speed_kmh"] == 50
    assert (row["from_id"], row["to_id"], row["status"]) == ("west", "east", "assumed")
    assert changed.geo("links").crs == worlds.CRS
    assert changed.geo("links").geometry["new"].length == pytest.approx(10_000, abs=1)


def test_add_link_keeps_a_length_that_is_given() -> None:
    region = worlds.two_banks(bridge=False)
    got = touched(
        region, "add_link", link="new", from_id="west", to_id="east", speed_kmh=50, length_km=14
    )
    assert got["links", "new", "length_km"] == ("", "14")
    assert {table for table, _, _ in got} == {"links"}
    assert {row for _, row, _ in got} == {"new"}


def test_add_link_joins_places_that_almost_touch() -> None:
    places = {
        "a": worlds.Place(x_km=0),
        "b": worlds.Place(x_km=0.01),
        "away": worlds.Place(x_km=-9, is_outside=True),
    }
    region = worlds.region_of(worlds.tables_of(places, {"r": ("a", "away", 9.0, 60.0)}))
    changed = changes.add_link(region, link="new", from_id="a", to_id="b", speed_kmh=50)
    assert changed["links"].loc["new", "length_km"] > 0


def test_set_headway_sets_its_range_too(region: Region) -> None:
    assert touched(region, "set_headway", line="ferry", headway_min=12) == {
        ("lines", "ferry", "headway_min"): ("20", "12"),
        ("lines", "ferry", "headway_low_min"): ("10", "12"),
        ("lines", "ferry", "headway_high_min"): ("40", "12"),
    }


@pytest.mark.parametrize(("first", "second"), [("west", "east"), ("east", "west")])
def test_set_run_time_holds_between_neighbours_in_either_order(
    region: Region, first: str, second: str
) -> None:
    got = touched(
        region,
        "set_run_time",
        line="ferry",
        from_stop=f"stop_{first}",
        to_stop=f"stop_{second}",
        run_min=9,
    )
    assert got == {("line_stops", "ferry/1", "run_min"): ("15", "9")}


def test_add_line_runs_over_existing_stops(region: Region) -> None:
    changed, receipts = apply_scenario(
        region,
        worlds.scenario(
            worlds.change(
                "add_line",
                line="express",
                mode="bus",
                stops=["stop_west", "stop_east"],
                run_min=[6],
                headway_min=30,
            )
        ),
    )
    calls = changed["line_stops"].loc["express"]
    assert calls["stop_id"].tolist() == ["stop_west", "stop_east"]
    assert calls["run_min"].tolist() == [0, 6]
    assert changed["lines"].loc["express", "headway_high_min"] == 30
    assert set(receipts["table"]) == {"lines", "line_stops"}
    assert set(receipts["row_id"]) == {"express", "express/0", "express/1"}


def test_add_jobs_adds_to_the_middle_and_to_both_ends(region: Region) -> None:
    assert touched(region, "add_jobs", zone="east", jobs_count=25) == {
        ("zones", "east", "jobs_count"): ("50", "75"),
        ("zones", "east", "jobs_low_count"): ("45", "70"),
        ("zones", "east", "jobs_high_count"): ("55", "80"),
    }


def test_jobs_can_be_taken_away_down_to_none(region: Region) -> None:
    changed = changes.add_jobs(region, zone="east", jobs_count=-50)["zones"]
    counts = changed.loc["east", ["jobs_count", "jobs_low_count", "jobs_high_count"]]
    assert counts.tolist() == pytest.approx([0, 0, 5])


def test_new_residents_work_at_the_rate_of_their_zone_and_bring_jobs(region: Region) -> None:
    zones = changes.add_population(
        region, zone="west", population_count=40, jobs_per_resident=0.25
    )["zones"]
    assert zones.loc["west", ["population_count", "workers_count", "jobs_count"]].tolist() == (
        [240, 120, 90]
    )
    assert zones.loc["east", "jobs_count"] == 50


def test_residents_of_an_empty_zone_bring_no_workers(region: Region) -> None:
    zones = region["zones"].copy()
    zones.loc["east", "population_count"] = 0.0
    empty = region.with_tables(zones=zones)
    got = changes.add_population(empty, zone="east", population_count=40)["zones"]
    assert got.loc["east", ["population_count", "workers_count"]].tolist() == [40, 50]


def test_people_who_move_keep_every_total() -> None:
    region = worlds.grid()
    before = region["zones"]
    after = changes.shift_population(
        region,
        from_zone={"c00": 30, "c11": 12.5},
        to_zone={"c22": 42.5},
        jobs_per_resident=0.3,
    )["zones"]
    for column in ("population_count", "workers_count", "jobs_count"):
        assert after[column].sum() == pytest.approx(before[column].sum())
    assert after.loc["c22", "population_count"] == 242.5
    assert after.loc["c00", "jobs_count"] == pytest.approx(91)


def test_workers_who_move_come_from_the_zone_that_people_leave() -> None:
    tables = worlds.two_banks_tables()
    west = tables["zones"]["zone_id"] == "west"
    tables["zones"].loc[west, ["workers_low_count", "workers_count", "workers_high_count"]] = 50.0
    region = worlds.region_of(tables)
    zones = changes.shift_population(region, from_zone={"west": 40}, to_zone={"east": 40})["zones"]
    assert zones.loc["west", "workers_count"] == pytest.approx(50 - 40 * 50 / 200)
    assert zones.loc["east", "workers_count"] == pytest.approx(50 + 40 * 50 / 200)


@pytest.mark.parametrize("people", [3, 7, 49, 107, 1234.5, 16224])
@pytest.mark.parametrize("rate", [0.49, 1 / 3, 0.5171])
def test_a_zone_can_be_left_by_everybody(people: float, rate: float) -> None:
    tables = worlds.two_banks_tables()
    west = tables["zones"]["zone_id"] == "west"
    tables["zones"].loc[west, "population_count"] = float(people)
    for name, count in (("workers", people * rate), ("jobs", people * rate * 0.3)):
        ends = [f"{name}_low_count", f"{name}_count", f"{name}_high_count"]
        tables["zones"].loc[west, ends] = count
    zones = changes.shift_population(
        worlds.region_of(tables),
        from_zone={"west": people},
        to_zone={"east": people},
        jobs_per_resident=rate * 0.3,
    )["zones"]
    left = zones.loc["west", ["population_count", "workers_count", "jobs_count"]]
    assert left.tolist() == pytest.approx([0, 0, 0], abs=1e-6)
    assert (left >= 0).all()


LINK = {"link": "new", "from_id": "west", "to_id": "away", "speed_kmh": 50.0}
LINE = {
    "line": "new",
    "mode": "bus",
    "stops": ["stop_west", "stop_east"],
    "run_min": [5.0],
    "headway_min": 10.0,
}
RUN = {"line": "ferry", "from_stop": "stop_west", "to_stop": "stop_east", "run_min": 5.0}


@pytest.mark.parametrize(
    ("do", "arguments", "message"),
    [
        (
            "set_speed",
            {"link": ["brigde"], "speed_kmh": 9},
            "unknown link 'brigde'; did you mean 'bridge'",
        ),
        ("set_speed", {"link": ["bridge"], "speed_kmh": 0}, "above 0 and at most 200; got 0"),
        ("set_speed", {"link": ["bridge"], "speed_kmh": np.inf}, "speed_kmh must be above 0"),
        ("set_speed", {"speed_kmh": 9}, "either by 'link' or by 'road'"),
        ("set_speed", {"link": ["ford"], "road": "road_ford", "speed_kmh": 9}, "either by"),
        ("set_speed", {"link": ["ford"], "km": [0, 9], "speed_kmh": 9}, "'km' goes with 'road'"),
        ("set_speed", {"road": "road_frd", "speed_kmh": 9}, "unknown road 'road_frd'; did you"),
        (
            "set_speed",
            {"road": "road_ford", "km": [40, 50], "speed_kmh": 9},
            "no link between km 40 and 50; its links meet at km 0, 30",
        ),
        ("set_speed", {"link": ["bridge"], "speed_kmh": 60}, "touches nothing"),
        ("set_lanes", {"link": ["bridge"], "lanes_count": -1}, "lanes_count must be above 0"),
        ("close_link", {"link": ["zzz"]}, "unknown link 'zzz'; there are bridge, ford, highway"),
        ("add_link", {**LINK, "link": "ford"}, "link 'ford' is there already"),
        ("add_link", {**LINK, "to_id": "weat"}, "unknown node 'weat'; did you mean 'west'"),
        ("add_link", {**LINK, "to_id": "west"}, "starts and ends at 'west'; wanted two nodes"),
        ("add_link", {**LINK, "length_km": 0.0}, "length_km must be above 0; got 0"),
        ("add_link", {**LINK, "length_km": -3.0}, "length_km must be above 0; got -3"),
        ("add_link", {**LINK, "capacity_veh_per_h": 0}, "capacity_veh_per_h must be above 0"),
        ("add_link", {**LINK, "speed_kmh": -5}, "speed_kmh must be above 0"),
        (
            "set_headway",
            {"line": "fery", "headway_min": 9},
            "unknown line 'fery'; did you mean 'ferry'",
        ),
        ("set_headway", {"line": "ferry", "headway_min": 0}, "headway_min must be above 0"),
        ("set_run_time", {**RUN, "line": "x"}, "unknown line 'x'; there are ferry"),
        ("set_run_time", {**RUN, "to_stop": "stop_est"}, "unknown stop of line 'ferry' 'stop_est'"),
        ("set_run_time", {**RUN, "to_stop": "stop_west"}, "are no neighbours on line 'ferry'"),
        ("set_run_time", {**RUN, "run_min": 0}, "run_min must be above 0"),
        ("add_line", {**LINE, "line": "ferry"}, "line 'ferry' is there already"),
        ("add_line", {**LINE, "stops": ["stop_west"]}, "has 1 stops and 1 run times"),
        ("add_line", {**LINE, "stops": "stop_west"}, "has 1 stops and 1 run times"),
        ("add_line", {**LINE, "run_min": [1.0, 2.0]}, "has 2 stops and 2 run times"),
        ("add_line", {**LINE, "stops": ["stop_west", "x"]}, "unknown bus stop 'x'"),
        ("add_line", {**LINE, "run_min": [-1.0]}, "run_min must be above 0"),
        ("add_line", {**LINE, "mode": "plane"}, "no stop is of mode 'plane'; there are bus"),
        ("add_jobs", {"zone": "est", "jobs_count": 9}, "zone inside 'est'; did you mean 'west'"),
        ("add_jobs", {"zone": "away", "jobs_count": 9}, "unknown zone inside 'away'"),
        ("add_jobs", {"zone": "east", "jobs_count": -51}, "has 50 jobs; 51 cannot leave it"),
        ("add_jobs", {"zone": "east", "jobs_count": 0}, "touches nothing"),
        (
            "add_jobs",
            {"zone": "east", "jobs_count": np.inf},
            "'jobs_count' must hold finite numbers; got inf",
        ),
        ("add_population", {"zone": "east", "population_count": -101}, "has 100 population; 101"),
        (
            "shift_population",
            {"from_zone": {"west": 5}, "to_zone": {"east": 6}},
            "6 people arrive but 5 leave; both totals must be equal",
        ),
        (
            "shift_population",
            {"from_zone": {"west": 5}, "to_zone": {"west": 5}},
            "zone 'west' stands in to_zone and in from_zone",
        ),
        (
            "shift_population",
            {"from_zone": {"west": -5}, "to_zone": {"east": -5}},
            "people of 'east' must be above 0; got -5",
        ),
        ("shift_population", {"from_zone": {}, "to_zone": {}}, "touches nothing"),
        (
            "shift_population",
            {"from_zone": {"west": 201}, "to_zone": {"east": 201}},
            "zone 'west' has 200 population; 201 cannot leave it",
        ),
    ],
)  # fmt: skip
def test_a_change_that_makes_no_sense_is_refused_with_its_number(
    region: Region, do: str, arguments: dict[str, object], message: str
) -> None:
    scenario = worlds.scenario(worlds.change(do, **arguments), name="bad")
    with pytest.raises(ScenarioError, match=message) as caught:
        apply_scenario(region, scenario)
    assert str(caught.value).startswith(f"bad.toml, change 1 ({do}): ")


@pytest.mark.parametrize("do", CHANGES)
def test_every_change_says_in_a_docstring_what_it_does(do: str) -> None:
    assert CHANGES[do].__doc__


def test_changes_apply_in_the_order_of_the_file(region: Region) -> None:
    steps = [
        worlds.change("set_speed", link=["bridge"], speed_kmh=30),
        worlds.change("set_speed", link=["bridge"], speed_kmh=90),
    ]
    changed, receipts = apply_scenario(region, worlds.scenario(*steps))
    assert changed["links"].loc["bridge", "speed_kmh"] == 90
    speeds = receipts[receipts["column"] == "speed_kmh"]
    assert speeds[["change", "before", "after"]].to_numpy().tolist() == (
        [[1, "60", "30"], [2, "30", "90"]]
    )


def test_a_later_change_can_use_what_an_earlier_one_added() -> None:
    region = worlds.two_banks(bridge=False)
    steps = [
        worlds.change("add_link", link="new", from_id="west", to_id="east", speed_kmh=50),
        worlds.change("set_speed", link=["new"], speed_kmh=70),
    ]
    changed = changed_region(region, worlds.scenario(*steps))
    assert changed["links"].loc["new", "speed_kmh"] == 70


def test_the_second_change_is_named_by_its_number(region: Region) -> None:
    steps = [
        worlds.change("add_jobs", zone="east", jobs_count=5),
        worlds.change("add_jobs", zone="nowhere", jobs_count=5),
    ]
    with pytest.raises(ScenarioError, match=r"bad.toml, change 2 \(add_jobs\): unknown zone"):
        apply_scenario(region, worlds.scenario(*steps, name="bad"))


def test_a_baseline_without_changes_has_an_empty_receipt(region: Region) -> None:
    same, receipts = apply_scenario(region, worlds.scenario(name="baseline"))
    assert same is region
    assert receipts.empty
    assert list(receipts) == RECEIPT_COLUMNS


def test_a_baseline_that_changes_something_is_refused(region: Region) -> None:
    step = worlds.change("add_jobs", zone="east", jobs_count=5)
    with pytest.raises(ScenarioError, match="baseline must change nothing"):
        apply_scenario(region, worlds.scenario(step, name="baseline"))


def test_a_scenario_without_changes_is_refused(region: Region) -> None:
    with pytest.raises(ScenarioError, match=r"has no \[\[change\]\]"):
        apply_scenario(region, worlds.scenario())


def test_a_place_may_be_named_in_russian_and_a_road_as_the_map_writes_it(
    workspace: Workspace,
) -> None:
    region = workspace.region
    by_name = changes.add_jobs(region, zone="Ворсино", jobs_count=7)["zones"]
    assert by_name["jobs_count"]["vorsino"] == region["zones"]["jobs_count"]["vorsino"] + 7
    closed = changes.close_link(region, road="М-3", km=(95, 107))["links"]
    assert set(closed.loc[~closed["is_open"], "road"]) == {"M3"}


def test_a_change_makes_the_rows_that_it_touches_assumed(workspace: Workspace) -> None:
    observed = workspace.region["line_stops"]["status"]["kiev_express", 9]
    step = worlds.change(
        "set_run_time",
        line="kiev_express",
        from_stop="st_balabanovo",
        to_stop="st_obninskoye",
        run_min=7,
    )
    changed, _ = apply_scenario(workspace.region, worlds.scenario(step))
    assert observed == "observed"
    assert changed["line_stops"]["status"]["kiev_express", 9] == "assumed"


def test_a_road_shorter_than_the_straight_line_is_refused(workspace: Workspace) -> None:
    with pytest.raises(ScenarioError, match="straight line from 'obninsk' to 'borovsk'"):
        changes.add_link(
            workspace.region,
            link="magic",
            from_id="obninsk",
            to_id="borovsk",
            speed_kmh=60,
            length_km=1,
        )


def test_a_receipt_says_who_changed_what_and_why(region: Region) -> None:
    step = worlds.change("add_jobs", zone="east", jobs_count=5)
    _, receipts = apply_scenario(region, worlds.scenario(step, name="growth"))
    assert list(receipts) == RECEIPT_COLUMNS
    assert set(receipts["scenario"]) == {"growth"}
    assert set(receipts["do"]) == {"add_jobs"}
    assert set(receipts["basis"]) == {"proposal"}


def test_both_ways_of_applying_give_the_same_region(region: Region) -> None:
    scenario = worlds.scenario(
        worlds.change("add_link", **{**LINK, "to_id": "east"}),
        worlds.change("add_line", **LINE),
        worlds.change("add_jobs", zone="east", jobs_count=5),
    )
    with_receipts, _ = apply_scenario(region, scenario)
    assert differences(with_receipts, changed_region(region, scenario)).empty


def test_no_change_writes_to_the_region_it_was_given(region: Region) -> None:
    before = {name: frame.copy(deep=True) for name, frame in region.tables.items()}
    apply_scenario(
        region,
        worlds.scenario(
            worlds.change("set_speed", link=["bridge"], speed_kmh=30),
            worlds.change("set_lanes", link=["ford"], lanes_count=2),
            worlds.change("close_link", link=["ford"]),
            worlds.change("add_link", **LINK),
            worlds.change("set_headway", line="ferry", headway_min=5),
            worlds.change("set_run_time", **RUN),
            worlds.change("add_line", **LINE),
            worlds.change("add_jobs", zone="east", jobs_count=5),
            worlds.change("add_population", zone="east", population_count=5),
            worlds.change("shift_population", from_zone={"west": 5}, to_zone={"east": 5}),
        ),
    )
    for name, frame in before.items():
        pd.testing.assert_frame_equal(pd.DataFrame(region[name]), pd.DataFrame(frame))
