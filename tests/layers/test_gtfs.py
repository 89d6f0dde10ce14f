"""GTFS feeds small enough to work out by hand, and feeds that are broken."""

from __future__ import annotations

import dataclasses
import random
from collections.abc import Mapping
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from agglo.checks import check_table
from agglo.errors import LayerError
from agglo.layers.gtfs import DEFAULT_WINDOWS, Timetable, read_gtfs
from agglo.layers.gtfs_stops import modes_from_route_types
from agglo.tables import MODES
from tests.feeds import CALENDAR, DAY, feed_texts, write_feed, zip_feed

PLAIN = """
    t1 r A 07:00, B 07:10-07:12, C 07:30
    t2 r A 08:00, B 08:10-08:12, C 08:30
    t3 r A 12:00, B 12:10-12:11, C 12:26
"""
TABLES = ("stops", "lines", "line_stops", "headways", "calls", "trips", "report")


def read(folder: Path, timetable: str = PLAIN, **files: str | None) -> Timetable:
    return read_gtfs(write_feed(folder / "feed", timetable, **files))


@pytest.fixture(scope="module")
def plain(tmp_path_factory: pytest.TempPathFactory) -> Timetable:
    """Read the plain feed once."""
    return read(tmp_path_factory.mktemp("plain"))


def counted(timetable: Timetable, what: str) -> int:
    """Sum the report's rows that begin so."""
    report = timetable.report
    return int(report.loc[report["what"].str.startswith(what), "count"].sum())


def of(frame: pd.DataFrame, value: str, *key: str) -> dict[object, object]:
    """Return one column by key."""
    index = list(zip(*(frame[name] for name in key), strict=True)) if key[1:] else frame[key[0]]
    return dict(zip(index, frame[value], strict=True))


def assert_same(first: Timetable, second: Timetable) -> None:
    for name in TABLES:
        pd.testing.assert_frame_equal(getattr(first, name), getattr(second, name), obj=name)
    assert first.day == second.day


def test_trips_of_one_pattern_are_a_line_with_run_dwell_and_headway(plain: Timetable) -> None:
    timetable = plain
    assert timetable.lines["line_id"].tolist() == ["r::1"]
    stops = timetable.line_stops
    assert stops["stop_id"].tolist() == ["A", "B", "C"]
    assert stops["run_peak_min"].tolist() == [0, 10, 18]
    assert stops["run_off_peak_min"].tolist() == [0, 10, 15]
    assert stops["run_min"].tolist() == [0, 10, 18]
    assert stops["dwell_min"].tolist() == [0, 2, 0]
    assert of(timetable.headways, "headway_min", "window") == {"peak": 60, "off_peak": 240}
    line = timetable.lines.iloc[0]
    assert (line["headway_min"], line["headway_off_peak_min"]) == (60, 240)
    assert line["name_ru"] == "r Stop A — Stop C"
    assert not line["both_ways"]


def test_run_and_dwell_add_up_to_the_trip(tmp_path: Path) -> None:
    row = "t r A 06:59-07:00:20, B 07:10-07:12:30, C 07:30:05-07:33"
    stops = read(tmp_path, row).line_stops
    assert stops["dwell_min"].tolist() == [0, 2.5, 0]
    assert stops["run_min"].sum() + stops["dwell_min"].sum() == pytest.approx(29.75, abs=1e-12)


def test_seconds_are_kept_and_not_rounded(tmp_path: Path) -> None:
    stops = read(tmp_path, "t r A 07:00:00, B 07:01:35").line_stops
    assert stops["run_min"].tolist() == [0, 95 / 60]


def test_the_tables_keep_the_contract_of_a_region(plain: Timetable) -> None:
    others = {"stops": plain.stops, "lines": plain.lines}
    for name in ("stops", "lines", "line_stops"):
        check_table(name, getattr(plain, name), others=others)


def test_each_line_departs_in_each_window_at_each_stop_by_its_time_there(tmp_path: Path) -> None:
    timetable = read(tmp_path, "t r A 06:40, B 07:05, C 09:10, D 09:20")
    assert of(timetable.calls, "headway_min", "stop_id") == {"B": 120}
    assert timetable.headways["headway_min"].tolist() == [120]


def test_a_window_holds_its_first_minute_and_not_its_last(tmp_path: Path) -> None:
    early = "t1 r A 07:00, B 07:10"
    late = "t2 r A 09:00, B 09:10\nt3 q A 07:30, B 07:40"
    assert read(tmp_path, early).headways["window"].tolist() == ["peak"]
    assert "r::1" not in read(tmp_path, late).lines["line_id"].tolist()


def test_uneven_departures_widen_the_range_of_the_headway(tmp_path: Path) -> None:
    headways = read(tmp_path, "t1 r A 07:00, B 07:20\nt2 r A 07:10, B 07:30").headways.iloc[0]
    assert headways["headway_low_min"] == headways["headway_min"] == 60
    # gaps of 10 and 110 minutes: (100 + 12100) / 120
    assert headways["headway_high_min"] == pytest.approx(12200 / 120)


def test_even_departures_leave_no_range(tmp_path: Path) -> None:
    rows = [
        f"t{m} r A 07:{m:02d}, B 08:{m:02d}\nu{m} r A 08:{m:02d}, B 09:{m:02d}" for m in (5, 35)
    ]
    headways = read(tmp_path, "\n".join(rows)).headways.iloc[0]
    assert headways["headway_min"] == headways["headway_high_min"] == 30


def test_run_times_are_the_median_of_the_trips_of_the_window(tmp_path: Path) -> None:
    rows = "\n".join(f"t{m} r A 07:{m}, B 07:{m + run}" for m, run in ((10, 4), (20, 5), (30, 9)))
    noon = "\nnoon r A 12:00, B 12:30"
    stops = read(tmp_path, rows + noon).line_stops
    assert stops["run_peak_min"].tolist() == [0, 5]
    assert stops["run_off_peak_min"].tolist() == [0, 30]
    assert stops["run_min"].tolist() == [0, 7]


def test_patterns_of_a_route_are_lines_numbered_by_their_departures(tmp_path: Path) -> None:
    timetable = read(
        tmp_path,
        """
        t1 r A 07:00, B 07:10
        t2 r A 07:20, B 07:30, C 07:40
        t3 r A 07:40, B 07:50, C 08:00
        t4 r C 07:00, B 07:10, A 07:20
        """,
    )
    ends = timetable.line_stops.groupby("line_id")["stop_id"].agg("".join)
    assert ends.to_dict() == {"r::1": "ABC", "r::2": "AB", "r::3": "CBA"}
    assert timetable.lines["trips_count"].tolist() == [2, 1, 1]


def test_directions_with_the_same_stops_are_lines_of_their_own(tmp_path: Path) -> None:
    trips = "route_id,service_id,trip_id,direction_id\nr,work,t1,0\nr,work,t2,1\nr,work,t3,1\n"
    timetable = read(tmp_path, PLAIN, trips=trips)
    assert timetable.lines["line_id"].tolist() == ["r:0:1", "r:1:1"]


def test_a_loop_keeps_the_stop_that_it_calls_at_twice(tmp_path: Path) -> None:
    stops = read(tmp_path, "t r A 07:00, B 07:05, C 07:10, A 07:20, D 07:25").line_stops
    assert stops["stop_id"].tolist() == ["A", "B", "C", "A", "D"]
    assert stops["run_min"].tolist() == [0, 5, 5, 10, 5]


def test_lines_that_run_in_no_window_are_left_out_and_counted(tmp_path: Path) -> None:
    timetable = read(tmp_path, PLAIN + "late q A 21:00, B 21:30")
    assert timetable.lines["route_id"].tolist() == ["r"]
    assert counted(timetable, "dropped: departure whose line runs in no window") == 1
    assert of(timetable.trips, "line_id", "trip_id")["late"] == ""
    assert len(timetable.trips) == counted(timetable, "read: trip of the day") == 4


def test_a_feed_that_runs_in_no_window_says_which_windows(tmp_path: Path) -> None:
    with pytest.raises(LayerError, match="no trip of 2025-01-06 departs inside peak 07:00–09:00"):
        read(tmp_path, "late q A 21:00, B 21:30")


def test_the_order_of_rows_does_not_matter(tmp_path: Path) -> None:
    texts = feed_texts(PLAIN + "t4 q B 07:05, C 07:20\nt5 q C 07:07, B 07:22")
    first = read_gtfs(zip_feed(tmp_path / "a.zip", texts))
    shuffled = {}
    for name, text in texts.items():
        header, *rows = text.splitlines()
        random.Random(7).shuffle(rows)
        shuffled[name] = "\n".join([header, *rows])
    assert shuffled["stop_times.txt"] != texts["stop_times.txt"].strip()
    assert_same(first, read_gtfs(zip_feed(tmp_path / "b.zip", shuffled)))


def test_zip_folder_and_folder_in_a_zip_read_alike(tmp_path: Path, plain: Timetable) -> None:
    texts = feed_texts(PLAIN)
    assert_same(plain, read_gtfs(zip_feed(tmp_path / "a.zip", texts)))
    assert_same(plain, read_gtfs(zip_feed(tmp_path / "b.zip", texts, inside="inner/")))
    (tmp_path / "outer").mkdir()
    write_feed(tmp_path / "outer" / "feed", PLAIN)
    assert_same(plain, read_gtfs(tmp_path / "outer"))


def test_marks_quotes_blanks_and_more_columns_do_no_harm(tmp_path: Path, plain: Timetable) -> None:
    texts = feed_texts(PLAIN)
    messy = {}
    for name, text in texts.items():
        header, *rows = text.splitlines()
        lines = [f"{header.replace(',', ' , ')} ,own"]
        lines += [", ".join(f'"{cell} "' for cell in row.split(",")) + " ,x" for row in rows]
        messy[name] = "\ufeff" + "\r\n".join([*lines, "", ""])
    assert_same(plain, read_gtfs(zip_feed(tmp_path / "messy.zip", messy)))


def test_names_in_quotes_and_cyrillic_come_through(tmp_path: Path) -> None:
    stops = 'stop_id,stop_name,stop_lat,stop_lon\nA,"Вокзал ""Южный"", 1",55,37\nB,,55,37.1\n'
    timetable = read(tmp_path, "t r A 07:00, B 07:10", stops=stops)
    assert timetable.stops["name_ru"].tolist() == ['Вокзал "Южный", 1', "B"]
    assert timetable.lines["name_ru"].tolist() == ['r Вокзал "Южный", 1 — B']


def test_ids_stay_texts(tmp_path: Path) -> None:
    timetable = read(tmp_path, "001 007 NA 07:00, 0 07:10, nan 07:20")
    assert timetable.stops["stop_id"].tolist() == ["0", "NA", "nan"]
    assert timetable.lines["line_id"].tolist() == ["007::1"]
    assert timetable.trips["trip_id"].tolist() == ["001"]


def test_a_comma_at_the_end_of_rows_does_not_shift_them(tmp_path: Path) -> None:
    texts = feed_texts(PLAIN)
    texts["stops.txt"] = "stop_id,stop_name,stop_lat,stop_lon\nA,a,55,37,\nB,b,55,38,\nC,c,55,39,\n"
    timetable = read_gtfs(zip_feed(tmp_path / "a.zip", texts))
    assert timetable.stops["lon"].tolist() == [37, 38, 39]


def test_a_row_longer_than_its_header_is_refused(tmp_path: Path) -> None:
    stops = "stop_id,stop_name,stop_lat,stop_lon\nA,North, gate,55,37\nB,b,55,38\nC,c,55,39\n"
    with pytest.raises(LayerError, match=r"1 row.s. with more fields than its header"):
        read(tmp_path, stops=stops)


# Days


def test_the_busiest_workday_is_read_and_of_equals_the_first(
    tmp_path: Path, plain: Timetable
) -> None:
    assert plain.day == DAY
    extra = "service_id,date,exception_type\nmore,20250115,1\n"
    trips = "route_id,service_id,trip_id\nr,work,t1\nr,work,t2\nr,more,t3\n"
    assert read(tmp_path, trips=trips, calendar_dates=extra).day == "2025-01-15"


def test_a_busy_weekend_is_no_workday(tmp_path: Path) -> None:
    calendar = CALENDAR + "end,0,0,0,0,0,1,1,20250106,20250119\n"
    trips = "route_id,service_id,trip_id\nr,work,t1\nr,end,t2\nr,end,t3\n"
    assert read(tmp_path, trips=trips, calendar=calendar).day == DAY


def test_a_feed_of_weekends_alone_gives_its_busiest_day(tmp_path: Path) -> None:
    assert read(tmp_path, calendar=CALENDAR.replace("1,1,1,1,1,0,0", "0,0,0,0,0,0,1")).day == (
        "2025-01-12"
    )


def test_a_removed_day_is_not_read(tmp_path: Path) -> None:
    removed = "service_id,date,exception_type\nwork,20250106,2\n"
    assert read(tmp_path, calendar_dates=removed).day == "2025-01-07"


@pytest.mark.parametrize("order", ["12", "21"])
def test_a_removal_stands_against_an_addition_of_the_same_day(tmp_path: Path, order: str) -> None:
    both = "service_id,date,exception_type\n" + "".join(f"work,20250106,{k}\n" for k in order)
    assert read(tmp_path, calendar_dates=both).day == "2025-01-07"


def test_a_service_removed_on_a_day_does_not_run_though_others_do(tmp_path: Path) -> None:
    calendar = CALENDAR + "also,1,1,1,1,1,0,0,20250106,20250119\n"
    trips = "route_id,service_id,trip_id\nr,work,t1\nr,work,t2\nr,also,t3\n"
    dates = "service_id,date,exception_type\nwork,20250107,2\nwork,20250107,1\n"
    folder = write_feed(
        tmp_path / "feed", PLAIN, trips=trips, calendar=calendar, calendar_dates=dates
    )
    assert read_gtfs(folder, day="2025-01-07").trips["trip_id"].tolist() == ["t3"]


def test_the_last_day_of_a_calendar_runs(tmp_path: Path) -> None:
    folder = write_feed(tmp_path / "feed", PLAIN, calendar=CALENDAR.replace("0119", "0116"))
    assert len(read_gtfs(folder, day="2025-01-16").trips) == 3
    with pytest.raises(LayerError, match="runs from 2025-01-06 to 2025-01-16, not on 2025-01-17"):
        read_gtfs(folder, day="2025-01-17")


@pytest.mark.parametrize("calendar", [None, CALENDAR.splitlines()[0] + "\n"])
def test_a_feed_may_have_calendar_dates_alone(tmp_path: Path, calendar: str | None) -> None:
    dates = "service_id,date,exception_type\nwork,20250301,1\nwork,20250304,1\n"
    timetable = read(tmp_path, calendar=calendar, calendar_dates=dates)
    assert timetable.day == "2025-03-04"  # the first is a Saturday
    assert len(timetable.trips) == 3


def test_a_calendar_without_end_is_no_matter(tmp_path: Path) -> None:
    assert read(tmp_path, calendar=CALENDAR.replace("20250119", "99991231")).day == DAY


def test_only_the_services_of_the_day_are_read(tmp_path: Path) -> None:
    calendar = CALENDAR + "end,0,0,0,0,0,1,1,20250106,20250119\n"
    trips = "route_id,service_id,trip_id\nr,work,t1\nr,work,t2\nr,end,t3\n"
    folder = write_feed(tmp_path / "feed", PLAIN, trips=trips, calendar=calendar)
    assert read_gtfs(folder).trips["trip_id"].tolist() == ["t1", "t2"]
    assert read_gtfs(folder, day="2025-01-11").trips["trip_id"].tolist() == ["t3"]


@pytest.mark.parametrize(
    ("day", "wanted"),
    [
        ("2025-02-01", "runs from 2025-01-06 to 2025-01-17, not on 2025-02-01"),
        ("1999-02-01", "runs from 2025-01-06 to 2025-01-17, not on 1999-02-01"),
        ("2025-01-11", "no trip runs on 2025-01-11, .* such as 2025-01-06, its busiest"),
        ("monday", "day must be a date such as '2025-01-14'; got 'monday'"),
    ],
)
def test_a_day_without_service_is_refused_with_the_span(
    tmp_path: Path, day: str, wanted: str
) -> None:
    with pytest.raises(LayerError, match=wanted):
        read_gtfs(write_feed(tmp_path / "feed", PLAIN), day=day)


# Midnight and frequencies

NIGHT = """
    t1 r A 07:00, B 07:10
    n1 r A 24:30, B 24:50
    n2 r A 23:50, B 24:10, C 24:40
"""


def test_times_past_midnight_belong_to_the_night_after(tmp_path: Path) -> None:
    folder = write_feed(tmp_path / "feed", NIGHT)
    small = {"small": (0.0, 60.0), "peak": DEFAULT_WINDOWS["peak"]}
    tuesday = read_gtfs(folder, day="2025-01-07", windows=small)
    calls = of(tuesday.calls, "trips_count", "line_id", "stop_id", "window")
    assert calls == {
        ("r::1", "A", "peak"): 1,
        ("r::1", "A", "small"): 1,
        ("r::2", "B", "small"): 1,
    }
    trips = of(tuesday.trips, "departure_min", "trip_id", "day")
    assert trips["n1", "2025-01-06"] == 30
    assert trips["n2", "2025-01-06"] == -10
    assert trips["n1", "2025-01-07"] == 24 * 60 + 30


def test_the_first_day_has_no_night_before_it(tmp_path: Path) -> None:
    folder = write_feed(tmp_path / "feed", NIGHT)
    small = {"small": (0.0, 60.0), "peak": DEFAULT_WINDOWS["peak"]}
    monday = read_gtfs(folder, day="2025-01-06", windows=small)
    assert monday.headways["window"].tolist() == ["peak"]
    assert set(monday.trips["day"]) == {"2025-01-06"}


def test_night_trips_of_a_service_that_does_not_run_today_count_too(tmp_path: Path) -> None:
    calendar = CALENDAR + "end,0,0,0,0,0,1,1,20250106,20250119\n"
    trips = "route_id,service_id,trip_id\nr,end,t1\nr,work,n1\nr,work,n2\n"
    folder = write_feed(tmp_path / "feed", NIGHT, trips=trips, calendar=calendar)
    saturday = read_gtfs(folder, day="2025-01-11", windows={"small": (0.0, 60.0)})
    assert saturday.headways["trips_count"].tolist() == [1, 1]
    days = of(saturday.trips, "day", "trip_id")
    assert days == {"t1": "2025-01-11", "n1": "2025-01-10", "n2": "2025-01-10"}
    assert counted(saturday, "read: trip of the day") == 1


def frequencies(*rows: str) -> str:
    return "\n".join(["trip_id,start_time,end_time,headway_secs,exact_times", *rows]) + "\n"


def test_a_frequency_without_exact_times_is_its_headway(tmp_path: Path) -> None:
    every_7 = frequencies("t,06:30:00,09:30:00,420,0")
    timetable = read(tmp_path, "t r A 05:00, B 05:10-05:11, C 05:20", frequencies=every_7)
    assert timetable.headways["headway_min"].tolist() == pytest.approx([7])
    assert timetable.headways["headway_high_min"].tolist() == pytest.approx([7])
    assert timetable.headways["trips_count"].tolist() == pytest.approx([120 / 7])
    assert timetable.calls["headway_min"].tolist() == pytest.approx([7, 7])
    assert timetable.line_stops["run_min"].tolist() == [0, 10, 9]
    assert timetable.line_stops["dwell_min"].tolist() == [0, 1, 0]
    # 06:30, 06:37 … 09:27
    assert timetable.trips["departure_min"].tolist() == [390 + 7 * n for n in range(26)]
    assert not timetable.trips["is_exact"].any()


def test_a_frequency_that_fills_half_a_window_counts_for_half_of_it(tmp_path: Path) -> None:
    half = frequencies("t,08:00:00,10:00:00,600,0")
    timetable = read(tmp_path, "t r A 00:00, B 00:30", frequencies=half)
    assert timetable.headways["trips_count"].tolist() == pytest.approx([6])
    assert timetable.headways["headway_min"].tolist() == pytest.approx([20])


def test_a_frequency_ends_when_it_says(tmp_path: Path) -> None:
    short = frequencies("t,08:00:00,08:25:00,600,0")
    timetable = read(tmp_path, "t r A 00:00, B 00:30", frequencies=short)
    assert timetable.headways["trips_count"].tolist() == pytest.approx([2.5])
    assert timetable.trips["departure_min"].tolist() == [480, 490, 500]


def test_an_exact_frequency_is_counted_departure_by_departure(tmp_path: Path) -> None:
    exact = frequencies("t,06:50:00,07:40:00,1200,1", "t,07:40:00,08:00:00,600,1")
    timetable = read(tmp_path, "t r A 07:00, B 07:10", frequencies=exact)
    # 06:50, 07:10, 07:30, then 07:40, 07:50; the trip's own 07:00 is only a pattern
    assert timetable.trips["departure_min"].tolist() == [410, 430, 450, 460, 470]
    assert timetable.trips["is_exact"].all()
    assert timetable.headways["trips_count"].tolist() == [4]
    assert timetable.headways["headway_min"].tolist() == [30]


@pytest.mark.parametrize(
    "row", ["t1,09:00:00,08:00:00,600,0", "t1,07:00:00,08:00:00,0,0", "t1,07:00:00,,600,0"]
)
def test_a_frequency_without_span_or_headway_is_refused(tmp_path: Path, row: str) -> None:
    with pytest.raises(LayerError, match=r"headway_secs above 0; wrong for trip.s. 't1'"):
        read(tmp_path, frequencies=frequencies(row))


# Repairs and refusals of single trips


def test_missing_times_are_interpolated_by_call_and_counted(tmp_path: Path) -> None:
    timetable = read(tmp_path, "t r A 07:00, B, C, D 07:09-07:11, E, F 07:13")
    stops = timetable.line_stops
    assert stops["run_min"].tolist() == pytest.approx([0, 3, 3, 3, 1, 1])
    assert counted(timetable, "repaired: missing time interpolated") == 3


BROKEN_TRIPS = {
    "time runs backward": "A 07:20, B 07:10, C 07:30",
    "time runs backward (after midnight": "A 23:50, B 00:10",
    "first or last time missing": "A 07:20, B 07:30, C",
    "takes no time": "A 07:20, B 07:20",
    "fewer than two calls": "A 07:20",
}


@pytest.mark.parametrize("reason", BROKEN_TRIPS)
def test_a_broken_trip_is_refused_and_the_others_stay(tmp_path: Path, reason: str) -> None:
    timetable = read(tmp_path, f"{PLAIN}\nbad r {BROKEN_TRIPS[reason]}")
    assert counted(timetable, f"refused: trip, {reason}") == 1
    assert counted(timetable, "refused") == 1
    assert timetable.report["note"].str.contains("'bad'").any()
    assert timetable.trips["trip_id"].tolist() == ["t1", "t2", "t3"]


@pytest.mark.parametrize("reason", BROKEN_TRIPS)
def test_a_feed_of_broken_trips_alone_is_refused(tmp_path: Path, reason: str) -> None:
    with pytest.raises(LayerError, match="no trip of 2025-01-06 can be kept: ") as caught:
        read(tmp_path, f"bad r {BROKEN_TRIPS[reason]}")
    assert reason in str(caught.value)


def test_zero_minutes_between_stops_are_kept_and_counted(tmp_path: Path) -> None:
    timetable = read(tmp_path, "t r A 07:00, B 07:00, C 07:02")
    assert timetable.line_stops["run_min"].tolist() == [0, 0, 2]
    assert counted(timetable, "read: leg of 0 minutes") == 1


def test_a_row_listed_twice_is_kept_once(tmp_path: Path) -> None:
    texts = feed_texts(PLAIN)
    rows = texts["stop_times.txt"].splitlines()
    texts["stop_times.txt"] = "\n".join([*rows, rows[2]])
    timetable = read_gtfs(zip_feed(tmp_path / "a.zip", texts))
    assert counted(timetable, "repaired: call listed twice") == 1
    assert timetable.line_stops["stop_id"].tolist() == ["A", "B", "C"]


def test_two_stops_with_one_sequence_refuse_the_trip(tmp_path: Path) -> None:
    texts = feed_texts(PLAIN)
    texts["stop_times.txt"] += "t1,07:20:00,07:20:00,A,2\n"
    timetable = read_gtfs(zip_feed(tmp_path / "a.zip", texts))
    assert counted(timetable, "refused: trip, two calls with one stop_sequence") == 1
    assert timetable.trips["trip_id"].tolist() == ["t2", "t3"]


def test_a_stop_where_nobody_gets_on_or_off_is_passed(tmp_path: Path) -> None:
    times = (
        "trip_id,arrival_time,departure_time,stop_id,stop_sequence,pickup_type,drop_off_type\n"
        "t1,07:00:00,07:00:00,A,1,0,1\nt1,07:10:00,07:12:00,B,2,1,1\nt1,07:20:00,07:21:00,D,3,1,0\n"
        "t1,07:30:00,07:30:00,C,4,1,0\n"
    )
    stops = "stop_id,stop_name,stop_lat,stop_lon\n" + "".join(f"{s},{s},5,7\n" for s in "ABCD")
    trips = "route_id,service_id,trip_id\nr,work,t1\n"
    timetable = read(tmp_path, stop_times=times, stops=stops, trips=trips)
    rows = timetable.line_stops
    assert rows["stop_id"].tolist() == ["A", "D", "C"]
    assert rows["run_min"].tolist() == [0, 20, 9]
    assert rows["can_board"].tolist() == [True, False, False]
    assert rows["can_alight"].tolist() == [False, True, True]
    assert timetable.calls["stop_id"].tolist() == ["A"]
    assert counted(timetable, "dropped: call where nobody gets on or off") == 1


# Places


def stops_of(*rows: str) -> str:
    header = "stop_id,stop_name,stop_lat,stop_lon,location_type,parent_station"
    return "\n".join([header, *rows]) + "\n"


def test_platforms_share_the_id_of_their_station(tmp_path: Path) -> None:
    stops = stops_of(
        "A,a,55,37,0,S", "B,b,55,37.1,0,S", "C,c,55,37.2,0,", "S,s,55,37,1,", "D,d,55,37,4,A"
    )
    timetable = read(tmp_path, PLAIN + "t4 r A 07:30, D 07:50", stops=stops)
    assert of(timetable.stops, "station_id", "stop_id") == {"A": "S", "B": "S", "C": "C", "D": "S"}


def test_a_platform_without_place_stands_at_its_station(tmp_path: Path) -> None:
    stops = stops_of("A,a,,,0,S", "B,b,55,37.1,,", "C,c,55,37.2,,X", "S,s,56,38,1,")
    timetable = read(tmp_path, stops=stops)
    assert timetable.stops.loc[0, ["lon", "lat"]].tolist() == [38, 56]
    assert counted(timetable, "repaired: stop placed at its station") == 1
    assert counted(timetable, "repaired: stop names a station that is not there") == 1
    assert timetable.stops["station_id"].tolist() == ["S", "B", "C"]


def test_a_stop_without_place_is_run_through(tmp_path: Path) -> None:
    places = {"A": "55,37", "B": ",", "C": "0,0", "D": "55,", "E": "91,37", "F": "55,181"}
    stops = "stop_id,stop_lat,stop_lon\n" + "".join(f"{s},{p}\n" for s, p in places.items())
    row = "t r A 07:00, B 07:05, C 07:06, D 07:07, E 07:08, F 07:09, G 07:30"
    timetable = read(tmp_path, row, stops=stops + "G,55,37.2\n")
    assert timetable.line_stops["stop_id"].tolist() == ["A", "G"]
    assert timetable.line_stops["run_min"].tolist() == [0, 30]
    assert counted(timetable, "dropped: stop without coordinates") == 5
    assert counted(timetable, "repaired: trip cut") == 1


def test_lines_are_cut_at_the_extent(tmp_path: Path) -> None:
    folder = write_feed(tmp_path / "feed", PLAIN + "t4 q B 07:00, C 07:20")
    timetable = read_gtfs(folder, extent=(36.9, 54, 37.015, 56))  # A and B, not C
    assert timetable.line_stops["stop_id"].tolist() == ["A", "B"]
    assert timetable.stops["stop_id"].tolist() == ["A", "B"]
    assert counted(timetable, "dropped: stop outside the extent") == 1
    assert counted(timetable, "dropped: trip with fewer than two stops left") == 1
    assert counted(timetable, "repaired: trip cut") == 3


def test_a_line_cut_at_its_start_still_keeps_its_frequency(tmp_path: Path) -> None:
    every_10 = frequencies("t,06:50:00,09:00:00,600,1")
    folder = write_feed(tmp_path / "feed", "t r A 00:00, B 00:10, C 00:30", frequencies=every_10)
    timetable = read_gtfs(folder, extent=(37.005, 54, 38, 56))  # B and C, not A
    assert timetable.trips["departure_min"].iloc[0] == 420
    assert timetable.headways["headway_min"].tolist() == [10]


def test_an_extent_without_stops_is_refused(tmp_path: Path) -> None:
    folder = write_feed(tmp_path / "feed", PLAIN)
    with pytest.raises(LayerError, match="can be kept: dropped: stop outside the extent: 3"):
        read_gtfs(folder, extent=(0, 0, 1, 1))


@pytest.mark.parametrize("extent", [(1, 0, 0, 1), (0, 1, 1, 0), (0, 0, 1, np.nan)])
def test_an_extent_that_is_no_box_is_refused(
    tmp_path: Path, extent: tuple[float, float, float, float]
) -> None:
    with pytest.raises(LayerError, match="extent must be west, south, east, north"):
        read_gtfs(write_feed(tmp_path / "feed", PLAIN), extent=extent)


MODE_OF = {
    0: "tram", 1: "metro", 2: "train", 3: "bus", 4: "ferry", 5: "tram", 7: "tram", 11: "bus",
    12: "metro", 100: "train", 109: "train", 200: "bus", 401: "metro", 700: "bus", 800: "bus",
    900: "tram", 1000: "ferry", 1200: "ferry", 1300: "tram", 1400: "tram",
}  # fmt: skip


def test_route_types_name_modes() -> None:
    modes, notes = modes_from_route_types(pd.Series(MODE_OF.keys(), name="route_type").astype(str))
    assert modes.tolist() == list(MODE_OF.values())
    assert set(MODE_OF.values()) == set(MODES)
    assert notes[0][1] == 0


def test_an_unknown_route_type_is_a_bus_with_a_note(tmp_path: Path) -> None:
    routes = "route_id,route_type\nr,1100\nq,1700\np,42\no,\n"
    timetable = read(tmp_path, PLAIN, routes=routes)
    assert timetable.lines["mode"].tolist() == ["bus"]
    assert counted(timetable, "repaired: route of unknown route_type") == 4
    assert timetable.report["note"].str.contains("'1700'").any()


def test_a_stop_has_the_mode_that_departs_there_most(tmp_path: Path) -> None:
    routes = "route_id,route_type\nr,3\nq,2\n"
    timetable = read(tmp_path, PLAIN + "t4 q B 07:00, D 07:20", routes=routes)
    modes = of(timetable.stops, "mode", "stop_id")
    assert modes == {"A": "bus", "B": "bus", "C": "bus", "D": "train"}


# What cannot be read


def test_a_truncated_zip_is_refused(tmp_path: Path) -> None:
    path = zip_feed(tmp_path / "a.zip", feed_texts(PLAIN))
    path.write_bytes(path.read_bytes()[:-40])
    with pytest.raises(LayerError, match=r"a\.zip is not a whole zip file: .*; download it again"):
        read_gtfs(path)


def test_a_zip_with_a_damaged_file_is_refused(tmp_path: Path) -> None:
    path = zip_feed(tmp_path / "a.zip", feed_texts(PLAIN))
    path.write_bytes(path.read_bytes().replace(b"07:10:00", b"07:11:00"))
    with pytest.raises(LayerError, match="not a whole zip file: Bad CRC"):
        read_gtfs(path)


def test_what_is_no_zip_and_what_is_not_there_are_refused(tmp_path: Path) -> None:
    path = tmp_path / "a.zip"
    with pytest.raises(LayerError, match="is not there; wanted a GTFS feed"):
        read_gtfs(path)
    path.write_text("<html>404</html>", encoding="utf-8")
    with pytest.raises(LayerError, match="not a whole zip file: File is not a zip file"):
        read_gtfs(path)


@pytest.mark.parametrize("name", ["stops", "routes", "trips", "stop_times"])
def test_a_feed_without_a_file_it_needs_names_it(tmp_path: Path, name: str) -> None:
    with pytest.raises(LayerError, match=rf"lacks {name}\.txt; a GTFS feed holds"):
        read(tmp_path, **{name: None})


def test_two_feeds_in_one_zip_are_refused(tmp_path: Path) -> None:
    texts = {f"{side}/{name}": text for side in "ab" for name, text in feed_texts(PLAIN).items()}
    with pytest.raises(LayerError, match=r"more than one feed: 'a/.*', 'b/.*'; unpack it"):
        read_gtfs(zip_feed(tmp_path / "a.zip", texts))


def test_what_a_mac_puts_into_a_zip_is_left_alone(tmp_path: Path) -> None:
    texts = feed_texts(PLAIN)
    more = {f"__MACOSX/._{name}": "\0" for name in texts} | {"__MACOSX/stops.txt": "\0"}
    assert len(read_gtfs(zip_feed(tmp_path / "a.zip", texts | more)).stops) == 3


HEAD = {name: text.splitlines()[0] + "\n" for name, text in feed_texts(PLAIN).items()}
BROKEN_FILES: Mapping[str, tuple[dict[str, str | None], str]] = {
    "no calendar": ({"calendar": None}, "neither calendar.txt nor calendar_dates.txt"),
    "empty calendar": ({"calendar": HEAD["calendar.txt"]}, "its calendar has no row"),
    "empty stop_times": ({"stop_times": HEAD["stop_times.txt"]}, "stop_times.txt has no row"),
    "nothing in stop_times": ({"stop_times": ""}, "stop_times.txt lacks the column"),
    "no column": ({"stops": "stop_name\nx\n"}, "stops.txt lacks the column.s. stop_id"),
    "unknown stop": (
        {"stops": "stop_id,stop_lat,stop_lon\nA,1,1\nB,1,1\n"},
        "stop_times.txt names 1 stop_id.s. that stops.txt does not have: 'C'",
    ),
    "unknown trip": (
        {"trips": "route_id,service_id,trip_id\nr,work,t1\n"},
        "stop_times.txt names 2 trip_id.s. that trips.txt does not have: 't2', 't3'",
    ),
    "unknown route": (
        {"routes": "route_id,route_type\nq,3\n"},
        "trips.txt names 1 route_id.s. that routes.txt does not have: 'r'",
    ),
    "unknown trip in frequencies": (
        {"frequencies": frequencies("x,07:00:00,08:00:00,60,0")},
        "frequencies.txt names 1 trip_id.s. that trips.txt does not have: 'x'",
    ),
    "stop twice": (
        {"stops": "stop_id,stop_lat,stop_lon\nA,1,1\nB,1,1\nB,1,2\nC,1,1\n"},
        "stops.txt has the same 'stop_id' twice: 'B'",
    ),
    "no stop id": (
        {"stops": "stop_id,stop_lat,stop_lon\nA,1,1\nB,1,1\n,1,2\nC,1,1\n"},
        "stops.txt has 1 row.s. without 'stop_id'",
    ),
    "column twice": ({"routes": "route_id,route_id,route_type\nr,r,3\n"}, "names a column twice"),
    "no number": (
        {"stops": "stop_id,stop_lat,stop_lon\nA,x,1\nB,1,1\nC,1,1\n"},
        "stops.txt: 'stop_lat' must be a number; got 'x'",
    ),
    "no date": ({"calendar": CALENDAR.replace("20250119", "19.01.25")}, "must be a date such as"),
    "short date": ({"calendar": CALENDAR.replace("20250119", "2025119")}, "got '2025119'"),
    "no weekday": ({"calendar": CALENDAR.replace("1,1,1,1,1", "1,1,x,1,1")}, "must be 0 or 1"),
    "no exception": (
        {"calendar_dates": "service_id,date,exception_type\nwork,20250106,3\n"},
        "exception_type must be 1 .added. or 2 .removed.; got '3'",
    ),
    "no service": (
        {"calendar": CALENDAR.replace("work", "other")},
        "no trip of the feed runs on any day",
    ),
    "open quote": ({"routes": 'route_id,route_type\n"r,3\n'}, "cannot be read as CSV"),
}  # fmt: skip


@pytest.mark.parametrize("case", BROKEN_FILES)
def test_a_broken_feed_gets_one_clear_error(tmp_path: Path, case: str) -> None:
    files, wanted = BROKEN_FILES[case]
    with pytest.raises(LayerError, match=wanted):
        read(tmp_path, **files)


@pytest.mark.parametrize(
    ("row", "wanted"),
    [
        ("t1,7 o'clock,07:00:00,A,1", "'arrival_time' must be a time such as 08:05:00"),
        ("t1,07:00:00,07:60:00,A,1", "'departure_time' must be a time .* got '07:60:00'"),
        ("t1,-1:00:00,07:00:00,A,1", "must be a time"),
        ("t1,07:00:00,07:00:00,A,first", "'stop_sequence' must be a number; got 'first'"),
        ("t1,07:00:00,07:00:00,A,", "'stop_sequence' must be 0 or more in every row"),
        ("t1,07:00:00,07:00:00,A,-1", "'stop_sequence' must be 0 or more in every row"),
    ],
)
def test_a_call_that_cannot_be_read_is_shown(tmp_path: Path, row: str, wanted: str) -> None:
    times = feed_texts(PLAIN)["stop_times.txt"]
    with pytest.raises(LayerError, match=wanted):
        read(tmp_path, stop_times=times + row + "\n")


def test_a_feed_in_another_encoding_says_so(tmp_path: Path) -> None:
    folder = write_feed(tmp_path / "feed", PLAIN)
    stops = (folder / "stops.txt").read_text(encoding="utf-8").replace("Stop", "Остановка")
    (folder / "stops.txt").write_text(stops, encoding="cp1251")
    with pytest.raises(LayerError, match=r"stops\.txt is not UTF-8 .*; save it as UTF-8"):
        read_gtfs(folder)


@pytest.mark.parametrize(
    ("windows", "wanted"),
    [
        ({}, "windows names no window"),
        ({"peak": (540, 420)}, "window 'peak' must be minutes after midnight"),
        ({"night": (1380, 1500)}, "give one that passes midnight as two"),
        ({"peak": (np.nan, 420)}, "must be minutes after midnight"),
        ({"a b": (420, 540)}, "cannot be named 'a b'"),
        ({"low": (420, 540)}, "cannot be named 'low'"),
    ],
)
def test_a_window_that_is_none_is_refused(
    tmp_path: Path, windows: dict[str, tuple[float, float]], wanted: str
) -> None:
    with pytest.raises(LayerError, match=wanted):
        read_gtfs(write_feed(tmp_path / "feed", PLAIN), windows=windows)


def test_windows_are_the_callers_and_stay_in_their_order(tmp_path: Path) -> None:
    folder = write_feed(tmp_path / "feed", PLAIN)
    windows = {"noon": (720.0, 780.0), "dawn": (420.0, 480.0)}
    timetable = read_gtfs(folder, windows=windows)
    assert timetable.headways["window"].tolist() == ["noon", "dawn"]
    assert timetable.lines["headway_min"].tolist() == [60]
    assert timetable.line_stops["run_dawn_min"].tolist() == [0, 10, 18]
    assert windows == {"noon": (720.0, 780.0), "dawn": (420.0, 480.0)}


def test_a_timetable_is_frozen(plain: Timetable) -> None:
    with pytest.raises(dataclasses.FrozenInstanceError):
        plain.day = "2025-01-07"  # type: ignore[misc]
