"""Published feeds against what stands in their files, read by hand and counted with csv alone."""

from __future__ import annotations

import csv
import datetime as dt
import io
import zipfile
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from agglo.layers.gtfs import Timetable, read_gtfs
from agglo.layers.timetable import combined_headways
from agglo.layers.trunks import add_trunk_lines

FEEDS = ("cairns_gtfs", "poa_trensurb", "nyc_subway_gtfs")
WEEKDAY = "CNS2014-CNS_MUL-Weekday-00-"


@pytest.fixture(scope="module")
def feeds(shared: Path) -> Path:
    return shared / "data" / "networks" / "gtfs"


@pytest.fixture(scope="module")
def read(feeds: Path) -> dict[str, Timetable]:
    """Read the busiest workday of each feed once."""
    return {name: read_gtfs(feeds / f"{name}.zip") for name in FEEDS}


def rows_of(path: Path, name: str) -> list[dict[str, str]]:
    """Read one file of a feed without any of our code."""
    with zipfile.ZipFile(path) as archive:
        if f"{name}.txt" not in archive.namelist():
            return []
        text = archive.read(f"{name}.txt").decode("utf-8-sig")
    rows = csv.DictReader(io.StringIO(text), skipinitialspace=True)
    return [{key.strip(): value for key, value in row.items() if key} for row in rows]


def trips_by_csv(path: Path, day: dt.date) -> set[str]:
    """Find the trips of a day by the calendar files, row by row."""
    compact, weekday = day.strftime("%Y%m%d"), day.strftime("%A").lower()
    services = {
        row["service_id"]
        for row in rows_of(path, "calendar")
        if row["start_date"] <= compact <= row["end_date"] and row[weekday] == "1"
    }
    for row in rows_of(path, "calendar_dates"):
        if row["date"] == compact:
            (services.add if row["exception_type"] == "1" else services.discard)(row["service_id"])
    return {row["trip_id"] for row in rows_of(path, "trips") if row["service_id"] in services}


def line_of(timetable: Timetable, trip_id: str) -> pd.DataFrame:
    """Return the stops of the line of a trip, by sequence."""
    trips = timetable.trips.set_index("trip_id")
    rows = timetable.line_stops
    return rows[rows["line_id"] == trips.loc[trip_id, "line_id"]].set_index("stop_id")


def headways_of(timetable: Timetable, trip_id: str) -> dict[str, float]:
    line = timetable.trips.set_index("trip_id").loc[trip_id, "line_id"]
    rows = timetable.headways[timetable.headways["line_id"] == line]
    return dict(zip(rows["window"], rows["headway_min"], strict=True))


@pytest.mark.parametrize(
    ("name", "day", "trips_count"),
    [("cairns_gtfs", "2014-05-30", 636), ("poa_trensurb", "2019-03-01", 529),
     ("nyc_subway_gtfs", "2024-12-16", 786)],
)  # fmt: skip
def test_the_trips_of_the_day_are_those_counted_with_csv_alone(
    feeds: Path, read: dict[str, Timetable], name: str, day: str, trips_count: int
) -> None:
    timetable = read[name]
    assert timetable.day == day
    wanted = trips_by_csv(feeds / f"{name}.zip", dt.date.fromisoformat(day))
    assert set(timetable.trips["trip_id"]) == wanted
    assert len(timetable.trips) == len(wanted) == trips_count


@pytest.mark.parametrize("name", FEEDS)
def test_no_workday_of_the_feed_has_more_trips_than_the_day_read(
    feeds: Path, read: dict[str, Timetable], name: str
) -> None:
    day = dt.date.fromisoformat(read[name].day)
    path = feeds / f"{name}.zip"
    for days in range(-14, 30):
        other = day + dt.timedelta(days=days)
        if other.weekday() < 5:
            count = len(trips_by_csv(path, other))
            assert count < len(read[name].trips) or (days >= 0 and count <= len(read[name].trips))


@pytest.mark.parametrize("name", FEEDS)
def test_the_trips_of_the_day_are_those_of_another_reader(
    feeds: Path, read: dict[str, Timetable], name: str
) -> None:
    gtfs_kit = pytest.importorskip("gtfs_kit", reason="the other reader is not installed")
    feed = gtfs_kit.read_feed(feeds / f"{name}.zip", dist_units="km")
    trips = feed.get_trips(read[name].day.replace("-", ""))
    assert set(trips["trip_id"]) == set(read[name].trips["trip_id"])


# Porto Alegre: stop_times.txt of 2019, one line of 22 stations and a short people mover.


def test_porto_alegre_a_train_over_the_whole_line(read: dict[str, Timetable]) -> None:
    # FULLW_MR_NH_07:09:00: MR 07:09:00, RD arr 07:10:35 dep 07:11:00, SP arr 07:12:35, …,
    # AP arr 07:18:35 dep 07:19:00, AN arr 07:19:35, NT arr 07:23:35, …, NH arr 08:01:35
    stops = line_of(read["poa_trensurb"], "FULLW_MR_NH_07:09:00")
    assert len(stops) == 22
    run, dwell = stops["run_min"], stops["dwell_min"]
    assert run[["MR", "RD", "SP", "AN"]].tolist() == pytest.approx([0, 95 / 60, 95 / 60, 35 / 60])
    assert run["NT"] == pytest.approx(215 / 60)  # 07:20:00 to 07:23:35
    assert dwell[["MR", "RD", "AP", "NH"]].tolist() == pytest.approx([0, 25 / 60, 25 / 60, 0])
    assert run.sum() + dwell.sum() == pytest.approx(52 + 35 / 60)  # 07:09:00 to 08:01:35


def test_porto_alegre_headways_of_long_and_short_trains(read: dict[str, Timetable]) -> None:
    # from MR to NH 07:09 07:19 07:28 07:37 07:45 07:53 08:00 08:08 08:16 08:24 08:32 08:41 08:51
    # from MR to SC 07:04 07:14 07:24 07:32 07:41 07:49
    timetable = read["poa_trensurb"]
    assert headways_of(timetable, "FULLW_MR_NH_07:09:00")["peak"] == pytest.approx(120 / 13)
    assert headways_of(timetable, "FULLW_MR_SC_07:04:00") == {"peak": pytest.approx(20)}
    legs = combined_headways(timetable.line_stops, timetable.calls)
    first = legs[(legs["stop_id"] == "MR") & (legs["window"] == "peak")].iloc[0]
    assert first["next_stop_id"] == "RD"
    assert (first["lines_count"], first["trips_count"]) == (2, 13 + 6)


def test_porto_alegre_the_people_mover(read: dict[str, Timetable]) -> None:
    # FULLW_ASG_ATR_22:55:00: ASG dep 22:55:00, ATR arr 22:58:00
    stops = line_of(read["poa_trensurb"], "FULLW_ASG_ATR_22:55:00")
    assert stops["run_min"].to_dict() == pytest.approx({"ASG": 0, "ATR": 3})


def test_porto_alegre_early_and_late_trains(feeds: Path) -> None:
    windows = {"dawn": (301.0, 302.0), "late": (22 * 60 + 6, 22 * 60 + 7)}
    timetable = read_gtfs(feeds / "poa_trensurb.zip", windows=windows)
    # FULLW_SO_MR_05:01:00: SO 05:01:00, UN arr 05:04:35, …, MR arr 05:41:35, 17 stations
    dawn = line_of(timetable, "FULLW_SO_MR_05:01:00")
    assert dawn["run_dawn_min"].iloc[:2].tolist() == pytest.approx([0, 215 / 60])
    assert len(dawn) == 17
    assert dawn["run_min"].sum() + dawn["dwell_min"].sum() == pytest.approx(40 + 35 / 60)
    # FULLW_NH_MR_22:06:00: NH 22:06:00, FN arr 22:07:35, …, MR arr 22:58:35
    late = line_of(timetable, "FULLW_NH_MR_22:06:00")
    assert late["run_late_min"].sum() + late["dwell_min"].sum() == pytest.approx(52 + 35 / 60)


# Cairns: buses, times in whole minutes.


def test_cairns_headways_of_a_bus_by_its_departures(read: dict[str, Timetable]) -> None:
    # route 110 to the city leaves 750337 at 07:15 07:45 08:15 08:50 in the peak and
    # at 11:20 11:50 12:20 12:50 13:20 13:50 14:15 14:45 in the off-peak
    timetable = read["cairns_gtfs"]
    assert headways_of(timetable, f"{WEEKDAY}4165881") == {"peak": 30, "off_peak": 30}
    line = timetable.headways[timetable.headways["line_id"] == "110-423:0:1"].iloc[0]
    # gaps of 30, 30, 35 and, round to the first again, 25 minutes
    assert line["headway_high_min"] == pytest.approx((900 + 900 + 1225 + 625) / 120)


def test_cairns_run_times_are_the_median_of_six_buses(read: dict[str, Timetable]) -> None:
    # 4165879 … 4165884 depart somewhere from 7 to 9. 750337 → 750000 takes 0 0 1 1 1 0 minutes,
    # 750000 → 750001 2 2 1 1 1 2; the off-peak ones 0 and 2
    stops = line_of(read["cairns_gtfs"], f"{WEEKDAY}4165881")
    assert stops["run_peak_min"].iloc[:3].tolist() == [0, 0.5, 1.5]
    assert stops["run_off_peak_min"].iloc[:2].tolist() == [0, 0]
    assert len(stops) == 35


def test_cairns_a_bus_that_is_alone_in_its_window_keeps_its_own_minutes(feeds: Path) -> None:
    timetable = read_gtfs(feeds / "cairns_gtfs.zip", windows={"one": (445.0, 450.0)})
    # 4166301: 750432 07:25, 750055 07:30, 750056 07:30, …, 750064 07:38, 750103 07:51, …,
    # 750115 08:01, 750118 08:04, …, 750449 08:10; 25 stops
    stops = line_of(timetable, f"{WEEKDAY}4166301")
    assert headways_of(timetable, f"{WEEKDAY}4166301") == {"one": 5}
    run = stops["run_min"]
    assert run[["750432", "750055", "750056", "750103", "750118"]].tolist() == [0, 5, 0, 13, 3]
    assert run.cumsum()["750449"] == 45
    assert len(stops) == 25


def test_cairns_two_buses_of_one_peak_share_the_middle(read: dict[str, Timetable]) -> None:
    # 4166300 leaves 750115 at 07:08 and calls at 750118 at 07:10; 4166301 takes 3 minutes for it
    stops = line_of(read["cairns_gtfs"], f"{WEEKDAY}4166301")
    assert stops.loc["750118", "run_min"] == 2.5
    assert headways_of(read["cairns_gtfs"], f"{WEEKDAY}4166301") == {"peak": 120}


def test_cairns_a_bus_that_arrives_after_midnight(feeds: Path) -> None:
    late = {"late": (23 * 60.0, 24 * 60.0)}
    timetable = read_gtfs(feeds / "cairns_gtfs.zip", windows=late)
    # 4165936: 750450 23:10, 750128 23:11, …, 750143 23:22, 750073 23:34, …, 750338 24:02; 32 stops
    stops = line_of(timetable, f"{WEEKDAY}4165936")
    assert headways_of(timetable, f"{WEEKDAY}4165936") == {"late": 60}
    assert stops["run_min"][["750128", "750143", "750073"]].tolist() == [1, 0, 12]
    assert stops["run_min"].sum() == 52
    assert len(stops) == 32


def test_cairns_night_buses_of_friday_run_on_saturday_morning(feeds: Path) -> None:
    night = {"night": (0.0, 300.0), "peak": (420.0, 540.0)}
    saturday = read_gtfs(feeds / "cairns_gtfs.zip", day="2014-05-31", windows=night)
    # Friday's 4166108 … 4166111 leave 750337 at 24:50 25:50 26:50 27:50 and take 45 minutes to
    # 750449; all 50 stops between have pickup_type 1 and drop_off_type 1
    trip = saturday.trips[saturday.trips["trip_id"] == f"{WEEKDAY}4166108"]
    assert trip["day"].tolist() == ["2014-05-30"]
    assert trip["departure_min"].tolist() == [50]
    stops = line_of(saturday, f"{WEEKDAY}4166108")
    assert stops["run_min"].to_dict() == {"750337": 0, "750449": 45}
    assert headways_of(saturday, f"{WEEKDAY}4166108")["night"] == 75
    # the Saturday service has the same buses, but they leave after Saturday's midnight
    own = saturday.trips[saturday.trips["trip_id"] == "CNS2014-CNS_MUL-Saturday-00-4166117"]
    assert own["departure_min"].tolist() == [24 * 60 + 50]


# New York: two lines of the subway with stations and platforms.


def test_new_york_a_train_and_its_stop_of_two_and_a_half_minutes(feeds: Path) -> None:
    windows = {"one": (434.0, 435.0)}
    timetable = read_gtfs(feeds / "nyc_subway_gtfs.zip", windows=windows)
    # AFA24GEN-1093-Weekday-00_043450_1..S03R: 101S 07:14:30, 103S 07:16:00, …, 137S arr 08:05:30
    # dep 08:08:00, 138S arr 08:09:30, …, 142S 08:13:00; 38 stops
    trip = "AFA24GEN-1093-Weekday-00_043450_1..S03R"
    trips = timetable.trips.set_index("trip_id")
    assert trips.loc[trip, "departure_min"] == 434.5
    first = timetable.calls[timetable.calls["stop_id"] == "101S"]
    assert first["trips_count"].tolist() == [1]
    stops = line_of(timetable, trip)
    assert stops.index[[0, 34, 37]].tolist() == ["101S", "137S", "142S"]


def test_new_york_is_plausible(read: dict[str, Timetable]) -> None:
    timetable = read["nyc_subway_gtfs"]
    assert set(timetable.lines["mode"]) == set(timetable.stops["mode"]) == {"metro"}
    main = timetable.lines[timetable.lines["line_id"].isin(["1:0:1", "1:1:1"])]
    assert main["headway_peak_min"].between(3, 8).all()
    platforms = timetable.stops.groupby("station_id")["stop_id"].agg(list)
    assert (platforms.str.len() == 2).all()
    assert platforms["127"] == ["127N", "127S"]  # Times Square
    speed = km_per_leg(timetable) / timetable.line_stops["run_min"].replace(0, np.nan) * 60
    assert speed.between(8, 60).sum() == speed.notna().sum()


def km_per_leg(timetable: Timetable) -> pd.Series:
    """Return the straight way from each stop to the one before, in the rows of line_stops."""
    rows = timetable.line_stops.merge(timetable.stops[["stop_id", "lon", "lat"]], on="stop_id")
    east = (rows["lon"] - rows["lon"].shift()) * 111.3 * np.cos(np.radians(rows["lat"]))
    return np.hypot(east, (rows["lat"] - rows["lat"].shift()) * 111.3)


@pytest.mark.parametrize("name", FEEDS)
def test_every_line_stands_on_stops_and_every_minute_is_a_number(
    read: dict[str, Timetable], name: str
) -> None:
    timetable = read[name]
    assert set(timetable.line_stops["stop_id"]) == set(timetable.stops["stop_id"])
    assert set(timetable.line_stops["line_id"]) == set(timetable.lines["line_id"])
    assert timetable.line_stops[["run_min", "dwell_min"]].min().tolist() == [0, 0]
    assert timetable.line_stops["run_min"].max() < 90
    assert timetable.headways["headway_min"].between(1, 240).all()
    assert timetable.stops[["lon", "lat"]].notna().all(axis=None)
    calls = timetable.calls.groupby(["line_id", "window"])["trips_count"].max()
    counted = timetable.headways.set_index(["line_id", "window"])["trips_count"]
    assert (counted <= calls.loc[counted.index]).all()


@pytest.mark.parametrize("name", FEEDS)
def test_trunks_make_the_best_line_of_a_leg_as_frequent_as_the_route(
    read: dict[str, Timetable], name: str
) -> None:
    timetable = read[name]
    twice = timetable.line_stops.duplicated(["line_id", "stop_id"])
    loops = set(timetable.line_stops.loc[twice, "line_id"])
    joined = add_trunk_lines(timetable)
    key = ["stop_id", "next_stop_id", "route_id", "window"]
    stops = joined.line_stops[~joined.line_stops["line_id"].isin(loops)]
    alone = combined_headways(stops, joined.calls.assign(route_id=joined.calls["line_id"]))
    route = joined.lines.set_index("line_id")["route_id"]
    best = alone.assign(route_id=alone["route_id"].map(route)).groupby(key)["headway_min"].min()
    simple = timetable.line_stops[~timetable.line_stops["line_id"].isin(loops)]
    wanted = combined_headways(simple, timetable.calls).set_index(key)["headway_min"]
    pd.testing.assert_series_equal(best.sort_index(), wanted.sort_index())
