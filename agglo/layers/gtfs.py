"""Reads a GTFS feed as the timetable of one service day: lines, run times, headways by window."""

from __future__ import annotations

import datetime as dt
import math
from collections.abc import Mapping
from pathlib import Path
from types import MappingProxyType

import pandas as pd

from agglo.errors import LayerError
from agglo.layers.gtfs_calls import (
    SECONDS_PER_MINUTE,
    Note,
    calls_from_stop_times,
    seconds_from_clock,
)
from agglo.layers.gtfs_days import service_day, services_on
from agglo.layers.gtfs_files import read_feed_files
from agglo.layers.gtfs_lines import day_tables, departures_in_windows, name_lines
from agglo.layers.gtfs_runs import (
    MINUTES_PER_DAY,
    SECONDS_PER_DAY,
    checked_frequencies,
    departures_count,
    runs_from_trips,
)
from agglo.layers.gtfs_stops import Extent, located_stops, modes_from_route_types
from agglo.layers.timetable import Timetable, combined_headways

__all__ = ["DEFAULT_WINDOWS", "Extent", "Timetable", "read_gtfs"]

DEFAULT_WINDOWS: Mapping[str, tuple[float, float]] = MappingProxyType(
    {"peak": (7 * 60, 9 * 60), "off_peak": (11 * 60, 15 * 60)}
)
"""Name → first and last minute after midnight; the last one is no more part of the window."""

TAKEN_NAMES = ("low", "high")
"""headway_low_min and headway_high_min are the ends of a range."""


def read_gtfs(
    path: Path,
    *,
    day: str | None = None,
    windows: Mapping[str, tuple[float, float]] = DEFAULT_WINDOWS,
    extent: Extent | None = None,
) -> Timetable:
    """Read one service day of a GTFS feed as lines with run times and headways by window.

    A line is a route in one direction with one pattern of stops. Its headway in a window is
    the window's length over its departures in it, counted at its first stop from which it
    departs inside the window, by the time at that stop; ``headway_high_min`` is the headway
    of even service with the same mean wait of passengers who come at random, the sum of the
    squared gaps over the window's length (Osuna and Newell 1972). A line without a departure
    in any window is left out and counted. Run and dwell times are the median over its trips
    that depart anywhere inside the window, or any of the windows.

    A window is clock time of the day: departures of the service day before that take place
    after midnight count where they fall in one. Departures of ``frequencies.txt`` without
    exact times stand for a headway each, counted by the part of it inside the window.

    Parameters
    ----------
    path
        Zip file or folder.
    day
        ISO date; ``None`` is the busiest workday, the first of equals.
    windows
        Name → (first, last) minute after midnight, within 0 to 1440.
    extent
        West, south, east, north in degrees; stops outside are dropped and lines cut.

    Returns
    -------
    timetable
        Status 'observed'; the report says what was repaired, dropped and refused.

    Raises
    ------
    LayerError
        If the feed cannot be read or holds nothing that runs, see ``read_feed_files``,
        ``service_day`` and ``calls_from_stop_times``; or a window is none.
    """
    windows_s = _checked_windows(windows)
    files = read_feed_files(path)
    spans = checked_frequencies(files["frequencies"])
    trips = files["trips"].assign(count=departures_count(files["trips"]["trip_id"], spans))
    counts = trips.groupby("service_id")["count"].sum()
    date = service_day(files["calendar"], files["calendar_dates"], counts, day=day)
    stops, stop_notes = located_stops(files["stops"], extent)
    modes, mode_notes = modes_from_route_types(files["routes"]["route_type"])
    today = _trips_on(files, date)
    calls, call_notes = calls_from_stop_times(files["stop_times"], today, stops)
    if calls.empty:
        raise LayerError(f"{path}: no trip of {date} can be kept: {_told(call_notes)}")
    night = _night_trips(files, date - dt.timedelta(days=1), windows_s, spans)
    more, _ = calls_from_stop_times(files["stop_times"], night.difference(today), stops)
    calls = pd.concat([calls, more], ignore_index=True)
    runs = _runs(calls, today, night, spans, date)
    named = name_lines(calls, trips, runs)
    boardings = departures_in_windows(named, runs, windows_s)
    if boardings.empty:
        raise LayerError(
            f"{path}: no trip of {date} departs inside {_shown(windows)}; widen the windows"
        )
    routes = files["routes"].assign(mode=modes)
    tables = day_tables(named, runs, boardings, windows_s, routes, stops)
    read = ("read: trip of the day", len(today), str(date))
    notes = [read, *stop_notes, *mode_notes, *call_notes, *_table_notes(tables, date)]
    return Timetable(**tables, report=_report(notes), day=str(date))


def _checked_windows(windows: Mapping[str, tuple[float, float]]) -> dict[str, tuple[float, float]]:
    """Return the windows in seconds."""
    if not windows:
        raise LayerError("windows names no window; wanted such as {'peak': (420, 540)}")
    for name, (start, end) in windows.items():
        if not name.isidentifier() or name in TAKEN_NAMES:
            raise LayerError(
                f"a window cannot be named {name!r}: the name goes into columns such as "
                f"headway_peak_min; use letters and _, but not {' or '.join(TAKEN_NAMES)}"
            )
        if not (
            math.isfinite(start) and math.isfinite(end) and 0 <= start < end <= MINUTES_PER_DAY
        ):
            raise LayerError(
                f"window '{name}' must be minutes after midnight, 0 to 1440, rising; got "
                f"({start}, {end}); give one that passes midnight as two"
            )
    return {
        name: (start * SECONDS_PER_MINUTE, end * SECONDS_PER_MINUTE)
        for name, (start, end) in windows.items()
    }


def _trips_on(files: Mapping[str, pd.DataFrame], date: dt.date) -> pd.Index:
    services = services_on(files["calendar"], files["calendar_dates"], date)
    trips = files["trips"]
    running: list[str] = sorted(trips.loc[trips["service_id"].isin(services), "trip_id"])
    return pd.Index(running, dtype=object)


def _night_trips(
    files: Mapping[str, pd.DataFrame],
    before: dt.date,
    windows_s: Mapping[str, tuple[float, float]],
    spans: pd.DataFrame,
) -> pd.Index:
    """Trips of the service day before that may still run when the first window opens."""
    times = files["stop_times"]
    running = _trips_on(files, before)
    opens_s = SECONDS_PER_DAY + min(start for start, _ in windows_s.values())
    rows = times[times["trip_id"].isin(running)]
    late = seconds_from_clock(rows["departure_time"], "stop_times.txt") >= opens_s
    many = spans.loc[spans["trip_id"].isin(running), "trip_id"]
    trips: list[str] = sorted({*rows.loc[late, "trip_id"], *many})
    return pd.Index(trips, dtype=object)


def _runs(
    calls: pd.DataFrame, today: pd.Index, night: pd.Index, spans: pd.DataFrame, date: dt.date
) -> pd.DataFrame:
    starts = calls.drop_duplicates("trip_id").set_index("trip_id")["trip_start_s"]
    pieces = []
    for trip_ids, days_ago in ((today, 0), (night, 1)):
        runs = runs_from_trips(starts[starts.index.isin(trip_ids)], spans)
        runs["shift_s"] -= days_ago * SECONDS_PER_DAY
        runs["day"] = str(date - dt.timedelta(days=days_ago))
        pieces.append(runs.assign(is_today=days_ago == 0))
    return pd.concat(pieces, ignore_index=True)


def _table_notes(tables: Mapping[str, pd.DataFrame], date: dt.date) -> list[Note]:
    legs = combined_headways(tables["line_stops"], tables["calls"])
    shared = legs["lines_count"] > 1
    zero = (tables["line_stops"]["run_min"] == 0) & (tables["line_stops"]["sequence"] > 0)
    trips = tables["trips"]
    return [
        ("read: departure of the day", int((trips["day"] == str(date)).sum()), ""),
        ("read: line", len(tables["lines"]), ""),
        (
            "dropped: departure whose line runs in no window",
            int((trips["line_id"] == "").sum()),
            "",
        ),
        ("read: leg of 0 minutes", int(zero.sum()), "times are rounded to whole minutes"),
        (
            "read: leg in a window that several lines of a route serve",
            int(shared.sum()),
            f"of {len(legs)}; add_trunk_lines joins them",
        ),
    ]


def _report(notes: list[Note]) -> pd.DataFrame:
    rows = [note for note in notes if note[1] > 0]
    return pd.DataFrame(rows, columns=["what", "count", "note"]).astype({"count": int})


def _told(notes: list[Note]) -> str:
    return "; ".join(f"{what}: {count} {shown}".strip() for what, count, shown in notes if count)


def _shown(windows: Mapping[str, tuple[float, float]]) -> str:
    return ", ".join(f"{name} {_clock(a)}–{_clock(b)}" for name, (a, b) in windows.items())


def _clock(minutes: float) -> str:
    return f"{int(minutes // 60):02d}:{int(minutes % 60):02d}"
