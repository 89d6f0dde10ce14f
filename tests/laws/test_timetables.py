"""Timetables of random feeds: a second way of computing, and laws that hold whatever the times."""

from __future__ import annotations

import tempfile
from collections import defaultdict
from collections.abc import Mapping
from pathlib import Path
from statistics import median

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from agglo.layers.gtfs import Timetable, read_gtfs
from agglo.layers.timetable import combined_headways
from agglo.layers.trunks import add_trunk_lines
from tests.feeds import write_feed

WINDOWS = {"peak": (420.0, 540.0), "noon": (660.0, 900.0)}
Trip = tuple[str, tuple[str, ...], tuple[int, ...], tuple[int, ...]]
"""Route, stops, minute of arrival and of departure at each."""

ALWAYS: Trip = ("r", ("A", "B"), (480, 490), (480, 490))


@st.composite
def trips(draw: st.DrawFn) -> list[Trip]:
    """Draw trips of a few routes, one of them inside a window."""
    drawn = [ALWAYS]
    for _ in range(draw(st.integers(0, 25))):
        stops = draw(st.sampled_from(["ABCDE", "ABC", "ABCF", "BCDE", "EDCBA", "ABCAD", "CDE"]))
        minute = draw(st.integers(330, 920))
        arrivals, departures = [], []
        for place in range(len(stops)):
            minute += draw(st.integers(0, 40)) if place else 0
            arrivals.append(minute)
            minute += draw(st.integers(0, 3))
            departures.append(minute)
        if arrivals[-1] > departures[0]:
            route = draw(st.sampled_from("rq"))
            drawn.append((route, tuple(stops), tuple(arrivals), tuple(departures)))
    return drawn


def written(drawn: list[Trip], *, shift_min: int = 0) -> str:
    def clock(minute: int) -> str:
        return f"{(minute + shift_min) // 60:02d}:{(minute + shift_min) % 60:02d}"

    rows = []
    for number, (route, stops, arrivals, departures) in enumerate(drawn):
        calls = ", ".join(
            f"{stop} {clock(arrival)}-{clock(departure)}"
            for stop, arrival, departure in zip(stops, arrivals, departures, strict=True)
        )
        rows.append(f"t{number:02d} {route} {calls}")
    return "\n".join(rows)


def read(text: str, windows: Mapping[str, tuple[float, float]] = WINDOWS) -> Timetable:
    with tempfile.TemporaryDirectory() as folder:
        return read_gtfs(write_feed(Path(folder) / "feed", text), windows=windows)


def headways_by_hand(drawn: list[Trip]) -> dict[tuple[str, str, str], tuple[float, float]]:
    """Return headway and its upper end by route, stops and window, counted trip by trip."""
    found = {}
    for window, (start, end) in WINDOWS.items():
        times: dict[tuple[str, str], dict[int, list[int]]] = defaultdict(lambda: defaultdict(list))
        for route, stops, _, departures in drawn:
            for place, minute in enumerate(departures[:-1]):
                if start <= minute < end:
                    times[route, "".join(stops)][place].append(minute)
        for (route, stops), by_place in times.items():
            at = sorted(by_place[min(by_place)])
            gaps = [b - a for a, b in zip(at, [*at[1:], at[0] + end - start], strict=True)]
            length = end - start
            found[route, stops, window] = (length / len(at), sum(g * g for g in gaps) / length)
    return found


def runs_by_hand(drawn: list[Trip], window: str) -> dict[tuple[str, str], list[float]]:
    """Return the median minutes of each leg over the trips that depart inside the window."""
    start, end = WINDOWS[window]
    legs: dict[tuple[str, str], list[list[int]]] = defaultdict(list)
    for route, stops, arrivals, departures in drawn:
        if any(start <= minute < end for minute in departures[:-1]):
            runs = [b - a for a, b in zip(departures[:-1], arrivals[1:], strict=True)]
            legs[route, "".join(stops)].append([0, *runs])
    return {
        key: [float(median(leg)) for leg in zip(*rows, strict=True)] for key, rows in legs.items()
    }


@settings(max_examples=6)
@given(trips())
def test_headways_and_runs_are_those_counted_trip_by_trip(drawn: list[Trip]) -> None:
    timetable = read(written(drawn))
    stops = timetable.line_stops.groupby("line_id")["stop_id"].agg("".join)
    route = timetable.lines.set_index("line_id")["route_id"]
    got = {
        (route[row.line_id], stops[row.line_id], row.window): (
            row.headway_min,
            row.headway_high_min,
        )
        for row in timetable.headways.itertuples()
    }
    wanted = headways_by_hand(drawn)
    assert got.keys() == wanted.keys()
    for key, headways in wanted.items():
        assert got[key] == pytest.approx(headways)
    for window in WINDOWS:
        by_line = timetable.line_stops.groupby("line_id")[f"run_{window}_min"].agg(list)
        runs = {
            (route[line], stops[line]): minutes
            for line, minutes in by_line.items()
            if minutes[0] == 0
        }
        assert runs == {key: pytest.approx(v) for key, v in runs_by_hand(drawn, window).items()}


@settings(max_examples=5)
@given(trips())
def test_departures_at_stops_add_up_and_none_is_lost(drawn: list[Trip]) -> None:
    timetable = read(written(drawn))
    assert len(timetable.trips) == len(drawn)
    inside = sum(
        start <= minute < end
        for _, _, _, departures in drawn
        for minute in departures[:-1]
        for start, end in WINDOWS.values()
    )
    assert timetable.calls["trips_count"].sum() == inside
    assert (timetable.headways["headway_high_min"] >= timetable.headways["headway_min"]).all()


@settings(max_examples=4)
@given(trips(), st.integers(1, 400))
def test_a_timetable_and_windows_moved_together_change_nothing(
    drawn: list[Trip], shift_min: int
) -> None:
    first = read(written(drawn))
    windows = {name: (a + shift_min, b + shift_min) for name, (a, b) in WINDOWS.items()}
    moved = read(written(drawn, shift_min=shift_min), windows)
    for name in ("lines", "line_stops", "headways", "calls"):
        a, b = getattr(first, name), getattr(moved, name)
        assert a.select_dtypes(exclude="number").equals(b.select_dtypes(exclude="number"))
        numbers = a.select_dtypes("number").columns
        assert b[numbers].to_numpy() == pytest.approx(a[numbers].to_numpy(), nan_ok=True)


@settings(max_examples=5)
@given(trips())
def test_with_trunks_the_best_line_of_a_leg_has_the_departures_of_all(drawn: list[Trip]) -> None:
    simple = [trip for trip in drawn if len(set(trip[1])) == len(trip[1])]
    timetable = read(written(simple))
    joined = add_trunk_lines(timetable)
    legs = combined_headways(timetable.line_stops, timetable.calls)
    key = ["stop_id", "next_stop_id", "route_id", "window"]
    alone = combined_headways(joined.line_stops, joined.calls.assign(route_id=joined.calls.line_id))
    route = joined.lines.set_index("line_id")["route_id"]
    best = alone.assign(route_id=alone["route_id"].map(route)).groupby(key)["headway_min"].min()
    wanted = legs.set_index(key)["headway_min"]
    assert best.to_dict() == pytest.approx(wanted.to_dict())
