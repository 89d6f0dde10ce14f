"""Changes of lines, felt in the minutes of trips that are solved by hand."""

from __future__ import annotations

import math
from collections.abc import Mapping
from functools import cache

import numpy as np
import pandas as pd
import pytest

from agglo.errors import NetworkError, ScenarioError
from agglo.region import Region
from agglo.scenarios.line_changes import (
    add_line,
    change_fare,
    remove_line,
    set_headway,
    sync_transfer,
)
from agglo.scenarios.line_stop_changes import (
    add_stop,
    remove_stop,
    reroute_line,
    set_run_time,
    signal_priority,
)
from agglo.scenarios.receipts import apply_scenario, differences
from agglo.transport.network import metric_from_arcs, topology_from_arcs
from agglo.transport.skims import skim
from tests import worlds
from tests.networks import arcs_of

ENDS = 10.0
"""Minutes on foot at both ends of a trip by line."""

BOARDED = 12.0
"""Half of a headway of 20 minutes and the boarding."""


@cache
def valley(*, off_peak: bool = False) -> Region:
    """A 'valley' line along a – b – c – d, 10, 12 and 14 minutes; a 'hill' line from c to h, 8.

    Both every 20 minutes, and every 40 off-peak where they run then. The town 'c2' is 500 m from
    'c', and a bus 'loop' joins it to 'h'.
    """
    places = {name: worlds.Place(x_km=10 * i) for i, name in enumerate("abcd")}
    places["c2"] = worlds.Place(x_km=20.5)
    places["h"] = worlds.Place(x_km=20, y_km=10)
    lines = {
        "valley": worlds.Line(places=("a", "b", "c", "d"), run_min=(10, 12, 14)),
        "hill": worlds.Line(places=("c", "h"), run_min=(8,)),
        "loop": worlds.Line(places=("c2", "h"), run_min=(9,)),
    }
    tables = worlds.tables_of(places, {"r": ("a", "b", 10.0, 60.0)}, lines)
    tables["lines"] = tables["lines"].assign(
        name_ru=["Долина", "Гора «Верх»", "Кольцо"],
        headway_off_peak_min=40.0 if off_peak else np.nan,
    )
    return worlds.region_of(tables)


def minutes(
    region: Region, start: str = "a", end: str = "d", mode: str = "transit", **changed: float
) -> float:
    """Minutes from door to door."""
    arcs = arcs_of(region, worlds.parameters(**changed))
    topology = topology_from_arcs([arcs])
    metric = metric_from_arcs(topology, arcs, mode)
    found = skim(topology, metric, [f"from:{start}"], [f"to:{end}"])[0, 0]
    return float(found)


def about(value: float) -> object:
    """Within a thousandth of a minute: skims count milliseconds, as float32."""
    return pytest.approx(value, abs=2e-3)


def touched(
    region: Region, do: str, **arguments: object
) -> dict[tuple[str, str, str], tuple[str, str]]:
    """Apply one change and read its receipt: (table, row, column) → (before, after)."""
    _, receipts = apply_scenario(region, worlds.scenario(worlds.change(do, **arguments)))
    return {
        (row.table, row.row_id, row.column): (row.before, row.after)
        for row in receipts.itertuples()
    }


def calls(region: Region, line: str) -> tuple[list[str], list[float]]:
    """Stops and run minutes of a line."""
    own = region["line_stops"].loc[line].sort_values("sequence")
    return own["stop_id"].tolist(), own["run_min"].tolist()


def test_the_valley_takes_as_long_as_its_legs() -> None:
    assert minutes(valley()) == about(ENDS + BOARDED + 36)
    assert minutes(valley(), "a", "h") == about(ENDS + BOARDED + 22 + BOARDED + 8)


def test_a_headway_may_bring_its_fleet_and_its_off_peak() -> None:
    got = touched(
        valley(), "set_headway", line="Долина", headway_min=10, headway_off_peak_min=30,
        vehicles_count=6,
    )  # fmt: skip
    assert got["lines", "valley", "vehicles_count"] == ("", "6")
    assert got["lines", "valley", "headway_off_peak_min"] == ("", "30")
    region = set_headway(valley(), line="valley", headway_min=10, headway_off_peak_min=30)
    assert minutes(region) == about(ENDS + 5 + 2 + 36)
    assert minutes(region, mode="transit_off_peak") == about(ENDS + 15 + 2 + 36)
    assert region["lines"]["vehicles_count"].isna().all()


# 10 roubles at 600 an hour are a minute
@pytest.mark.parametrize("by_rub", [30.0, -30.0, 0.5, -120.0])
def test_a_fare_is_paid_at_each_boarding_at_the_value_of_time(by_rub: float) -> None:
    region = change_fare(valley(off_peak=True), line="valley", by_rub=by_rub)
    assert minutes(region) == about(ENDS + BOARDED + by_rub / 10 + 36)
    assert minutes(region, "d", "a") == about(ENDS + BOARDED + by_rub / 10 + 36)
    assert minutes(region, "a", "h") == about(ENDS + 2 * BOARDED + 30 + by_rub / 10)
    off_peak = minutes(region, mode="transit_off_peak")
    assert off_peak == about(ENDS + 20 + 2 + by_rub / 10 + 36)
    assert minutes(region, "c", "h") == about(ENDS + BOARDED + 8)
    dear = minutes(region, value_of_time_rub_per_h=1200.0)
    assert dear == about(ENDS + BOARDED + by_rub / 20 + 36)


def test_changes_of_one_fare_add_up_and_a_change_of_nothing_touches_nothing() -> None:
    region = change_fare(valley(), line="valley", by_rub=30)
    assert touched(region, "change_fare", line="valley", by_rub=-10) == {
        ("lines", "valley", "fare_change_rub"): ("30", "20")
    }
    with pytest.raises(ScenarioError, match="touches nothing"):
        touched(valley(), "change_fare", line="valley", by_rub=0)


def test_a_fare_cannot_fall_by_more_than_a_boarding_costs() -> None:
    free = change_fare(valley(), line="valley", by_rub=-120)
    assert minutes(free) == about(ENDS + 36)
    paid = change_fare(valley(), line="valley", by_rub=-121)
    with pytest.raises(
        NetworkError, match=r"fare of line 'valley' .* 12\.1 minutes .* costs 12\.0"
    ):
        arcs_of(paid)


def test_a_fare_below_the_penalty_is_taken_from_the_wait_so_that_no_draw_is_negative() -> None:
    arcs = arcs_of(change_fare(valley(), line="valley", by_rub=-70))
    boards = arcs[arcs.index.str.startswith("board:ride:valley")]
    assert boards["transit_min"].to_numpy() == about(5)
    assert boards["wait_min"].to_numpy() == about(5)
    dear = arcs_of(change_fare(valley(), line="valley", by_rub=70))
    assert dear.loc[boards.index, "wait_min"].to_numpy() == about(10)


def test_who_parked_pays_the_fare_too() -> None:
    region = valley()
    lot = {
        "stop_id": "stop_a", "node_id": "a", "mode": "park_ride", "length_km": 1.0,
        "speed_kmh": 60.0, "parking_min": 4.0, "status": "assumed",
    }  # fmt: skip
    region = region.with_tables(interchanges=pd.DataFrame([lot]))
    before = minutes(region, mode="park_ride")
    dear = change_fare(region, line="valley", by_rub=40)
    assert before == about(1 + 5 + BOARDED + 36 + 5)
    assert minutes(dear, mode="park_ride") == about(before + 4)


def test_a_timed_connection_replaces_half_the_headway() -> None:
    region = sync_transfer(
        valley(), from_line="долина", to_line="Гора Верх", stop="stop_c", wait_min=3
    )
    assert minutes(region, "a", "h") == about(ENDS + BOARDED + 22 + 3 + 2 + 8)
    assert minutes(region, "d", "h") == about(ENDS + BOARDED + 14 + 3 + 2 + 8)
    assert minutes(region, "h", "a") == minutes(valley(), "h", "a")
    assert minutes(region, "c", "h") == minutes(valley(), "c", "h")


def test_a_timed_connection_to_another_stop_adds_the_walk() -> None:
    region = sync_transfer(
        valley(), from_line="valley", to_line="loop", stop="stop_c", to_stop="stop_c2", wait_min=0
    )
    assert minutes(region, "a", "h") == about(ENDS + BOARDED + 22 + 5 + 2 + 9)


def test_a_connection_is_agreed_anew_and_not_twice() -> None:
    region = valley()
    for wait_min in (3.0, 5.0):
        region = sync_transfer(
            region, from_line="valley", to_line="hill", stop="stop_c", wait_min=wait_min
        )
    assert region["transfers"]["wait_min"].tolist() == [5.0]
    both = sync_transfer(region, from_line="hill", to_line="valley", stop="stop_c", wait_min=1)
    assert both["transfers"]["wait_min"].tolist() == [5.0, 1.0]
    receipt = touched(
        both, "sync_transfer", from_line="hill", to_line="valley", stop="stop_c", wait_min=2
    )
    assert receipt == {("transfers", "hill/valley/stop_c/stop_c", "wait_min"): ("1", "2")}


def test_the_receipt_of_the_first_connection_of_all_names_it() -> None:
    receipt = touched(
        valley(), "sync_transfer", from_line="valley", to_line="hill", stop="stop_c", wait_min=2
    )
    assert receipt == {
        ("transfers", "valley/hill/stop_c/stop_c", "wait_min"): ("", "2"),
        ("transfers", "valley/hill/stop_c/stop_c", "status"): ("", "assumed"),
    }


@pytest.mark.parametrize(("signals", "saved_s"), [(1, 30.0), (12, 20.0), (36, 30.0)])
def test_signals_save_exactly_what_they_are_said_to(signals: int, saved_s: float) -> None:
    region = signal_priority(valley(), line="valley", signals_count=signals, saved_s=saved_s)
    saved = signals * saved_s / 60
    assert minutes(region) == about(minutes(valley()) - saved)
    assert minutes(region, "d", "a") == about(minutes(valley()) - saved)
    _, run = calls(region, "valley")
    assert sum(run) == pytest.approx(36 - saved, rel=1e-12)
    assert run[1:] == pytest.approx([leg * (1 - saved / 36) for leg in (10, 12, 14)])
    assert minutes(region, "c", "h") == minutes(valley(), "c", "h")


def test_signals_save_as_much_off_peak_where_it_has_minutes_of_its_own() -> None:
    region = valley(off_peak=True)
    table = region["line_stops"].copy()
    table.loc[("valley", 1), "run_off_peak_min"] = 4.0
    region = region.with_tables(line_stops=table)
    assert minutes(region, mode="transit_off_peak") == about(ENDS + 22 + 30)
    quick = signal_priority(region, line="valley", signals_count=6, saved_s=30)
    assert minutes(quick, mode="transit_off_peak") == about(ENDS + 22 + 30 - 3)
    assert minutes(quick) == about(minutes(region) - 3)


def test_a_line_that_is_added_and_removed_leaves_the_region_as_it_was() -> None:
    region = valley()
    added = add_line(
        region, line="new", mode="bus", stops=["stop_a", "stop_d"], run_min=[20], headway_min=10,
        vehicles_count=4,
    )  # fmt: skip
    assert minutes(added) == about(ENDS + 5 + 2 + 20)
    assert added["lines"]["vehicles_count"]["new"] == 4
    timed = sync_transfer(added, from_line="new", to_line="valley", stop="stop_d", wait_min=1)
    back = remove_line(timed, line="new")
    assert differences(back, region).empty
    assert minutes(back) == minutes(region)


def test_a_removed_line_takes_its_connections_along_and_leaves_its_stops() -> None:
    timed = sync_transfer(valley(), from_line="valley", to_line="hill", stop="stop_c", wait_min=3)
    timed = sync_transfer(timed, from_line="hill", to_line="valley", stop="stop_c", wait_min=3)
    gone = remove_line(timed, line="hill")
    assert gone["transfers"].empty
    assert gone["stops"].equals(timed["stops"])
    assert minutes(gone, "a", "h") == about(ENDS + BOARDED + 22 + 5 + BOARDED + 9)
    receipt = touched(timed, "remove_line", line="hill")
    assert {table for table, _, _ in receipt} == {"lines", "line_stops", "transfers"}


def test_the_last_line_may_be_removed() -> None:
    region = valley()
    for line in ("hill", "loop", "valley"):
        region = remove_line(region, line=line)
    assert region["lines"].empty
    assert region["line_stops"].empty
    assert math.isinf(minutes(region))
    again = add_line(
        region, line="new", mode="bus", stops=["stop_a", "stop_d"], run_min=[20], headway_min=10
    )
    assert minutes(again) == about(ENDS + 5 + 2 + 20)
    apply_scenario(valley(), worlds.scenario(*(
        worlds.change("remove_line", line=line) for line in ("hill", "loop", "valley")
    )))  # fmt: skip


def test_a_line_that_another_stands_for_is_not_removed() -> None:
    region = valley()
    region = region.with_tables(lines=region["lines"].assign(combines=["", "", "hill, loop"]))
    line = region["lines"].index[2]
    with pytest.raises(ScenarioError, match=f"line '{line}' stands for line 'hill' among others"):
        remove_line(region, line="hill")


def test_a_rerouted_line_runs_elsewhere_and_keeps_its_headway() -> None:
    region = reroute_line(
        valley(), line="hill", stops=["stop_b", "Stop_C", "stop_h"], run_min=[3, 4]
    )
    assert calls(region, "hill") == (["stop_b", "stop_c", "stop_h"], [0, 3, 4])
    assert minutes(region, "b", "h") == about(ENDS + BOARDED + 7)
    assert minutes(region, "h", "b") == about(ENDS + BOARDED + 7)
    shorter = reroute_line(region, line="hill", stops=["stop_b", "stop_h"], run_min=[5])
    assert minutes(shorter, "b", "h") == about(ENDS + BOARDED + 5)
    assert calls(shorter, "valley") == calls(valley(), "valley")


def test_a_new_stop_shares_the_leg_and_who_stays_loses_the_dwell() -> None:
    region = add_stop(
        valley(), line="valley", stop="stop_h", after_stop="stop_b", run_before_min=7,
        run_after_min=8, dwell_min=1,
    )  # fmt: skip
    assert calls(region, "valley") == (
        ["stop_a", "stop_b", "stop_h", "stop_c", "stop_d"], [0, 10, 7.5, 8.5, 14]
    )  # fmt: skip
    assert minutes(region) == about(ENDS + BOARDED + 10 + 7 + 1 + 8 + 14)
    assert minutes(region, "d", "a") == about(minutes(region))
    assert minutes(region, "a", "h") == about(ENDS + BOARDED + 10 + 7.5)
    assert minutes(region, "h", "d") == about(ENDS + BOARDED + 8.5 + 14)


def test_a_stop_without_a_call_is_passed_by() -> None:
    region = remove_stop(valley(), line="valley", stop="stop_b")
    assert calls(region, "valley") == (["stop_a", "stop_c", "stop_d"], [0, 22, 14])
    assert minutes(region) == minutes(valley())
    assert math.isinf(minutes(region, "a", "b"))


@pytest.mark.parametrize(
    ("stop", "stops", "run"),
    [
        ("stop_a", ["stop_b", "stop_c", "stop_d"], [0, 12, 14]),
        ("stop_d", ["stop_a", "stop_b", "stop_c"], [0, 10, 12]),
    ],
)
def test_a_line_that_loses_an_end_is_cut_short(
    stop: str, stops: list[str], run: list[float]
) -> None:
    assert calls(remove_stop(valley(), line="valley", stop=stop), "valley") == (stops, run)


def test_a_stop_that_is_added_and_removed_leaves_the_line_as_it_was() -> None:
    region = valley(off_peak=True)
    table = region["line_stops"].copy()
    table.loc[("valley", 2), "run_off_peak_min"] = 6.0
    region = region.with_tables(line_stops=table)
    more = add_stop(
        region, line="valley", stop="stop_h", after_stop="stop_b", run_before_min=5,
        run_after_min=7,
    )  # fmt: skip
    # off-peak the leg takes half of its peak minutes, and so do its two parts
    assert more["line_stops"].loc["valley"]["run_off_peak_min"].tolist()[2:4] == [2.5, 3.5]
    assert minutes(more, mode="transit_off_peak") == minutes(region, mode="transit_off_peak")
    back = remove_stop(more, line="valley", stop="stop_h")
    assert differences(region, back).empty


def test_legs_that_become_one_take_the_peak_minutes_where_they_have_no_others() -> None:
    region = valley(off_peak=True)
    table = region["line_stops"].copy()
    table.loc[("valley", 2), "run_off_peak_min"] = 6.0
    region = region.with_tables(line_stops=table)
    passed = remove_stop(region, line="valley", stop="stop_b")
    assert minutes(passed, mode="transit_off_peak") == about(ENDS + 22 + 10 + 6 + 14)


@pytest.mark.parametrize("change", ["remove_stop", "reroute_line"])
def test_connections_at_a_stop_that_a_line_leaves_are_given_up(change: str) -> None:
    region = sync_transfer(valley(), from_line="valley", to_line="hill", stop="stop_c", wait_min=3)
    region = sync_transfer(region, from_line="hill", to_line="loop", stop="stop_h", wait_min=3)
    if change == "remove_stop":
        left = remove_stop(region, line="valley", stop="stop_c")
    else:
        left = reroute_line(
            region, line="valley", stops=["stop_a", "stop_b", "stop_d"], run_min=[10, 26]
        )
    assert left["transfers"]["from_line_id"].tolist() == ["hill"]
    assert minutes(left) == about(ENDS + BOARDED + 36)
    kept = remove_stop(region, line="valley", stop="stop_b")
    assert len(kept["transfers"]) == 2


def test_a_run_time_holds_for_its_leg_both_ways() -> None:
    region = set_run_time(valley(), line="valley", from_stop="stop_c", to_stop="stop_b", run_min=5)
    assert minutes(region) == about(ENDS + BOARDED + 29)
    assert minutes(region, "d", "a") == about(ENDS + BOARDED + 29)


def loop_line() -> Region:
    """The valley line calls at 'b' again on its way."""
    return reroute_line(
        valley(), line="valley", stops=["stop_b", "stop_a", "stop_b", "stop_c"], run_min=[3, 4, 5]
    )


SYNC = {"from_line": "valley", "to_line": "hill", "stop": "stop_c", "wait_min": 3.0}
STOP = {
    "line": "valley", "stop": "stop_h", "after_stop": "stop_b", "run_before_min": 5.0,
    "run_after_min": 7.0,
}  # fmt: skip
PRIORITY = {"line": "valley", "signals_count": 2.0, "saved_s": 15.0}


@pytest.mark.parametrize(
    ("do", "arguments", "message"),
    [
        ("set_headway", {"line": "valley", "headway_min": 5, "vehicles_count": 0}, "vehicles_co"),
        ("set_headway", {"line": "hil", "headway_min": 5}, "unknown line 'hil'; did you mean"),
        ("change_fare", {"line": "vally", "by_rub": 5}, "did you mean 'valley'"),
        ("change_fare", {"line": "valley", "by_rub": math.inf}, "by_rub must be finite; got inf"),
        ("sync_transfer", {**SYNC, "to_line": "valley"}, "cannot connect with itself"),
        ("sync_transfer", {**SYNC, "from_line": "x"}, "unknown line 'x'; there are hill, loop"),
        ("sync_transfer", {**SYNC, "wait_min": -1}, "wait_min must be 0 or more"),
        ("sync_transfer", {**SYNC, "wait_min": 20}, "line 'hill' runs every 20 minutes"),
        ("sync_transfer", {**SYNC, "stop": "stop_h"}, "unknown stop of line 'valley' 'stop_h'"),
        ("sync_transfer", {**SYNC, "to_line": "loop"}, r"by to_stop, such as 'stop_c2', 0\.5 km"),
        ("sync_transfer", {**SYNC, "to_stop": "stop_a"}, "unknown stop of line 'hill' 'stop_a'"),
        ("sync_transfer", {**SYNC, "to_stop": "stop_h"}, r"10\.0 km apart; wanted stops within 1"),
        ("signal_priority", {**PRIORITY, "signals_count": 0}, "signals_count must be above 0"),
        ("signal_priority", {**PRIORITY, "signals_count": 1.5}, "a whole number; got 1.5"),
        ("signal_priority", {**PRIORITY, "saved_s": -3}, "saved_s must be above 0; got -3"),
        ("signal_priority", {**PRIORITY, "saved_s": 541}, r"save 18\.0 of the 36\.0 minutes"),
        ("remove_line", {"line": "Гора"}, "unknown line 'Гора'; did you mean 'hill'"),
        ("reroute_line", {"line": "hill", "stops": ["stop_a"], "run_min": []}, "has 1 stops and 0"),
        (
            "reroute_line",
            {"line": "hill", "stops": ["stop_a", "stop_a"], "run_min": [1]},
            "line 'hill' calls at 'stop_a' twice in a row",
        ),
        (
            "reroute_line",
            {"line": "hill", "stops": ["stop_a", "stop_x"], "run_min": [1]},
            "unknown bus stop 'stop_x'; did you mean",
        ),
        (
            "reroute_line",
            {"line": "hill", "stops": ["stop_a", "stop_b"], "run_min": [0]},
            "run_min must be above 0",
        ),
        ("add_stop", {**STOP, "after_stop": "stop_d"}, "'stop_d' is the last stop of line 'val"),
        ("add_stop", {**STOP, "after_stop": "stop_h"}, "unknown stop of line 'valley' 'stop_h'"),
        ("add_stop", {**STOP, "stop": "stop_c"}, "line 'valley' calls at 'stop_c' already"),
        ("add_stop", {**STOP, "stop": "stop_zz"}, "unknown bus stop 'stop_zz'"),
        ("add_stop", {**STOP, "run_before_min": 0}, "run_before_min must be above 0"),
        ("add_stop", {**STOP, "run_after_min": -1}, "run_after_min must be above 0"),
        ("add_stop", {**STOP, "dwell_min": -1}, "dwell_min must be 0 or more"),
        ("remove_stop", {"line": "hill", "stop": "stop_c"}, "has 2 stops and would keep 1"),
        ("remove_stop", {"line": "valley", "stop": "stop_h"}, "unknown stop of line 'valley'"),
        (
            "add_line",
            {"line": "", "mode": "bus", "stops": ["a"], "run_min": [], "headway_min": 5},
            "the new line needs an id",
        ),
        (
            "add_line",
            {
                "line": "n", "mode": "bus", "stops": ["stop_a", "stop_b"], "run_min": [4],
                "headway_min": 5, "vehicles_count": -2,
            },
            "vehicles_count must be above 0; got -2",
        ),
    ],
)  # fmt: skip
def test_a_change_that_makes_no_sense_is_refused_with_a_hint(
    do: str, arguments: Mapping[str, object], message: str
) -> None:
    with pytest.raises(ScenarioError, match=rf"(?s)^test\.toml, change 1 \({do}\): .*{message}"):
        touched(valley(), do, **arguments)


@pytest.mark.parametrize(
    ("do", "arguments", "message"),
    [
        ("remove_stop", {"line": "valley", "stop": "stop_b"}, "calls at 'stop_b' 2 times"),
        ("add_stop", STOP, "calls at 'stop_b' 2 times; say its whole route by reroute_line"),
        (
            "remove_stop",
            {"line": "valley", "stop": "stop_a"},
            "without 'stop_a' calls at 'stop_b' twice in a row",
        ),
    ],
)
def test_a_line_that_calls_twice_is_changed_only_where_it_is_clear_how(
    do: str, arguments: Mapping[str, object], message: str
) -> None:
    with pytest.raises(ScenarioError, match=message):
        touched(loop_line(), do, **arguments)


@pytest.mark.parametrize(
    ("one_way", "arguments", "message"),
    [
        ("valley", {"stop": "stop_c", "from_line": "valley", "to_line": "hill"}, None),
        (
            "hill",
            {"stop": "stop_c", "from_line": "hill", "to_line": "valley"},
            "line 'hill' runs one way and starts at 'stop_c': nobody comes there",
        ),
        (
            "hill",
            {"stop": "stop_h", "from_line": "loop", "to_line": "hill"},
            "line 'hill' runs one way and ends at 'stop_h': nobody goes on",
        ),
    ],
)
def test_a_connection_that_no_vehicle_reaches_or_leaves_is_refused(
    one_way: str, arguments: Mapping[str, str], message: str | None
) -> None:
    region = valley()
    lines = region["lines"].copy()
    lines.loc[one_way, "both_ways"] = False
    region = region.with_tables(lines=lines)
    if message is None:
        assert len(sync_transfer(region, wait_min=3, **arguments)["transfers"]) == 1
    else:
        with pytest.raises(ScenarioError, match=message):
            sync_transfer(region, wait_min=3, **arguments)


def test_a_region_without_lines_or_stops_says_so() -> None:
    rows = {name: valley()[name].iloc[:0] for name in ("stops", "lines", "line_stops")}
    bare = valley().with_tables(**rows)
    with pytest.raises(ScenarioError, match="unknown line 'x'; there are none"):
        remove_line(bare, line="x")
    with pytest.raises(ScenarioError, match="no stop is of mode 'bus'; there are no stops"):
        add_line(bare, line="x", mode="bus", stops=["a", "b"], run_min=[1], headway_min=5)


def test_no_change_of_lines_writes_to_the_region_it_was_given() -> None:
    region = sync_transfer(valley(), from_line="valley", to_line="hill", stop="stop_c", wait_min=3)
    names = ("lines", "line_stops", "transfers", "stops")
    before = {name: region[name].copy(deep=True) for name in names}
    set_headway(region, line="valley", headway_min=3, vehicles_count=4)
    change_fare(region, line="valley", by_rub=3)
    sync_transfer(region, **SYNC)  # type: ignore[arg-type]
    signal_priority(region, **PRIORITY)  # type: ignore[arg-type]
    add_stop(region, **STOP)  # type: ignore[arg-type]
    remove_stop(region, line="valley", stop="stop_c")
    reroute_line(region, line="valley", stops=["stop_a", "stop_d"], run_min=[9])
    set_run_time(region, line="hill", from_stop="stop_c", to_stop="stop_h", run_min=9)
    remove_line(region, line="hill")
    for name, frame in before.items():
        pd.testing.assert_frame_equal(region[name], frame)
