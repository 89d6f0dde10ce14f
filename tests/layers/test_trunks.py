"""Lines of a route that run together wait together, as far as they go together."""

from __future__ import annotations

from pathlib import Path

import pandas as pd
import pytest

from agglo.layers.gtfs import Timetable, read_gtfs
from agglo.layers.timetable import combined_headways, window_names
from agglo.layers.trunks import add_trunk_lines
from tests.feeds import write_feed

FORK = """
    t1 r A 07:00, B 07:10, C 07:20, D 07:30
    t2 r A 07:30, B 07:42, C 07:52, E 08:02
    t3 r A 08:00, B 08:10, C 08:20, D 08:30
    t4 r A 08:30, B 08:42, C 08:52, E 09:02
    t5 r A 12:00, B 12:10, C 12:20, D 12:30
    t6 r E 07:00, C 07:10
    o1 other A 07:15, B 07:25
"""


@pytest.fixture(scope="module")
def fork(tmp_path_factory: pytest.TempPathFactory) -> Timetable:
    """Return a route that forks behind C; every branch runs once an hour in the peak."""
    return read_gtfs(write_feed(tmp_path_factory.mktemp("feed"), FORK))


def stops_of(timetable: Timetable, line: str) -> str:
    rows = timetable.line_stops
    return "".join(rows.loc[rows["line_id"] == line, "stop_id"])


def test_frequencies_of_the_lines_of_a_route_add_up_on_each_leg(fork: Timetable) -> None:
    legs = combined_headways(fork.line_stops, fork.headways)
    found = {
        (row.stop_id + row.next_stop_id, row.window): (row.lines_count, row.headway_min)
        for row in legs[legs["route_id"] == "r"].itertuples()
    }
    assert found == {
        ("AB", "peak"): (2, 30), ("BC", "peak"): (2, 30),
        ("CD", "peak"): (1, 60), ("CE", "peak"): (1, 60), ("EC", "peak"): (1, 120),
        ("AB", "off_peak"): (1, 240), ("BC", "off_peak"): (1, 240), ("CD", "off_peak"): (1, 240),
    }  # fmt: skip
    assert legs.loc[legs["route_id"] == "other", "headway_min"].tolist() == [120]


def test_lines_without_a_route_are_routes_of_their_own(fork: Timetable) -> None:
    legs = combined_headways(fork.line_stops, fork.headways.drop(columns="route_id"))
    assert (legs["lines_count"] == 1).all()
    assert set(legs["route_id"]) == set(fork.headways["line_id"])


def test_headways_at_stops_count_what_departs_there(tmp_path: Path) -> None:
    rows = "t1 r A 06:50, B 07:00, C 07:10\nt2 r A 07:20, B 07:30, C 07:40"
    timetable = read_gtfs(write_feed(tmp_path, rows))
    legs = combined_headways(timetable.line_stops, timetable.calls)
    assert legs["headway_min"].tolist() == [120, 60]
    assert combined_headways(timetable.line_stops, timetable.headways)["headway_min"].tolist() == [
        120,
        120,
    ]


def test_a_trunk_goes_as_far_as_its_lines_go_together(fork: Timetable) -> None:
    joined = add_trunk_lines(fork)
    added = joined.lines[~joined.lines["line_id"].isin(fork.lines["line_id"])]
    assert added["line_id"].tolist() == ["r:trunk:1"]
    assert stops_of(joined, "r:trunk:1") == "ABC"
    row = added.iloc[0]
    assert row["status"] == "modelled"
    assert row["name_ru"] == "r Stop A — Stop C"
    assert (row["headway_min"], row["headway_peak_min"]) == (30, 30)
    assert pd.isna(row["headway_off_peak_min"])


def test_the_run_of_a_trunk_is_the_mean_of_its_lines_by_departures(fork: Timetable) -> None:
    joined = add_trunk_lines(fork).line_stops
    trunk = joined[joined["line_id"] == "r:trunk:1"]
    # A–B takes 10 minutes three times and 12 twice
    assert trunk["run_min"].tolist() == pytest.approx([0, 10.8, 10])
    assert trunk["run_off_peak_min"].isna().all()
    assert trunk["can_board"].tolist() == [True, True, False]
    assert trunk["can_alight"].tolist() == [False, True, True]


def test_trunks_leave_what_there_was_as_it_was(fork: Timetable) -> None:
    joined = add_trunk_lines(fork)
    for name in ("lines", "line_stops", "headways", "calls"):
        before, after = getattr(fork, name), getattr(joined, name)
        kept = after[after["line_id"].isin(fork.lines["line_id"])].reset_index(drop=True)
        pd.testing.assert_frame_equal(kept, before, obj=name)
    assert joined.trips is fork.trips


def test_sets_of_lines_that_only_overlap_have_a_trunk_too(tmp_path: Path) -> None:
    rows = """
        p1 r A 07:00, B 07:10, C 07:20
        q1 r A 07:10, B 07:20, C 07:30, D 07:40
        s1 r B 07:30, C 07:40, D 07:50
        u1 r A 07:20, B 07:30
    """
    joined = add_trunk_lines(read_gtfs(write_feed(tmp_path, rows)))
    trunks = joined.lines.loc[joined.lines["status"] == "modelled", "line_id"]
    found = {stops_of(joined, line) for line in trunks}
    # AB: p, q, u together; ABC: p, q; BC: p, q, s; BCD: q, s
    assert found == {"AB", "ABC", "BC", "BCD"}


def test_lines_that_share_nothing_get_no_trunk(tmp_path: Path) -> None:
    rows = "t1 r A 07:00, B 07:10\nt2 r B 07:00, A 07:10\nt3 q A 07:00, B 07:10"
    timetable = read_gtfs(write_feed(tmp_path, rows))
    assert add_trunk_lines(timetable) is timetable


def test_a_line_that_calls_at_a_stop_twice_joins_none(tmp_path: Path) -> None:
    rows = "t1 r A 07:00, B 07:10, C 07:20, A 07:30\nt2 r A 07:05, B 07:15"
    timetable = read_gtfs(write_feed(tmp_path, rows))
    assert add_trunk_lines(timetable) is timetable


def test_lines_that_never_run_in_one_window_get_no_trunk(tmp_path: Path) -> None:
    rows = "t1 r A 07:00, B 07:10, C 07:20\nt2 r A 12:05, B 12:15"
    timetable = read_gtfs(write_feed(tmp_path, rows))
    assert add_trunk_lines(timetable) is timetable


def test_windows_keep_their_order_whichever_line_runs_first(tmp_path: Path) -> None:
    rows = """
        n1 r A 12:00, B 12:10, C 12:20
        n2 r A 12:30, B 12:40, C 12:50
        p1 r A 07:00, B 07:10, D 07:20
        p2 r A 12:10, B 12:20, D 12:30
        s1 r A 07:30, B 07:40
    """
    joined = add_trunk_lines(read_gtfs(write_feed(tmp_path, rows)))
    assert window_names(joined) == ["peak", "off_peak"]
    trunk = joined.lines[joined.lines["status"] == "modelled"].iloc[0]
    assert trunk["headway_min"] == trunk["headway_peak_min"] == 60
    assert trunk["headway_off_peak_min"] == 80
