"""Joins the lines of a route where they run together, so that a shared trunk waits no longer."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import replace
from itertools import pairwise

import pandas as pd

from agglo.layers.timetable import Timetable, legs_from_line_stops, window_names

MODELLED = "modelled"
OWN_NAMES = {"trunk_id": "line_id", "place": "sequence"}
"""What a trunk calls its id and the places on it → what a line does."""

Leg = tuple[str, str]
Lines = frozenset[str]


def add_trunk_lines(timetable: Timetable) -> Timetable:
    """Add a line for every stretch that several lines of one route run together.

    On a graph whose boarding costs half a headway, three lines of a route that share a trunk
    each look three times as rare as the route is. A trunk line has the departures of all of
    them and goes as far as they go together: the wait for a ride along the trunk is right, and
    that for a ride beyond it stays that of the lines that go there. Run times are the mean of
    the lines', weighted by their departures. A line that calls at a stop twice joins none.

    Returns
    -------
    timetable
        With trunk lines, 'modelled', added to lines, line_stops, headways and calls; their ids
        are route:trunk:number. ``trips`` and ``trips_count`` of the lines know nothing of them.
    """
    members = _members(timetable)
    if members.empty:
        return timetable
    calls = _calls(members, timetable)
    if calls.empty:
        return timetable
    headways = _headways(calls)
    line_stops = _line_stops(members, headways, timetable)
    lines = _lines(members, headways, timetable)
    return replace(
        timetable,
        lines=_joined(timetable.lines, lines, ["line_id"]),
        line_stops=_joined(timetable.line_stops, line_stops, ["line_id", "sequence"]),
        headways=_joined(timetable.headways, headways, ["line_id"]),
        calls=_joined(timetable.calls, calls, ["line_id", "sequence"]),
    )


def _members(timetable: Timetable) -> pd.DataFrame:
    """List trunk_id, member line_id, place and stop on the trunk, the member's sequence there."""
    route = timetable.lines.set_index("line_id")["route_id"]
    twice = timetable.line_stops.duplicated(["line_id", "stop_id"])
    loops = timetable.line_stops.loc[twice, "line_id"]
    simple = timetable.line_stops[~timetable.line_stops["line_id"].isin(loops)]
    legs = legs_from_line_stops(simple)
    pairs = pd.Series(list(zip(legs["stop_id"], legs["next_stop_id"], strict=True)), dtype=object)
    rows = []
    for name, group in pairs.groupby(legs["line_id"].map(route).to_numpy(), sort=True):
        by_line = group.groupby(legs["line_id"].loc[group.index].to_numpy(), sort=True)
        paths = {str(line): list(path) for line, path in by_line}
        for number, (members, stops) in enumerate(_trunks(paths), start=1):
            rows += [
                (f"{name}:trunk:{number}", name, member, place, place + 1 == len(stops), stop)
                for member in members
                for place, stop in enumerate(stops)
            ]
    columns = ["trunk_id", "route_id", "line_id", "place", "is_last", "stop_id"]
    listed = pd.DataFrame(rows, columns=columns)
    return listed.merge(simple[["line_id", "stop_id", "sequence"]], on=["line_id", "stop_id"])


def _trunks(paths: dict[str, list[Leg]]) -> list[tuple[tuple[str, ...], tuple[str, ...]]]:
    """Find the lines and stops of every stretch that two lines or more run together."""
    users: dict[Leg, set[str]] = {}
    for line, path in paths.items():
        for leg in path:
            users.setdefault(leg, set()).add(line)
    lines_of = {leg: frozenset(lines) for leg, lines in users.items()}
    together = {lines for path in paths.values() for lines in _sets_along(path, lines_of)}
    found = set()
    for lines in together:
        for stretch in _stretches(paths[min(lines)], lines, lines_of):
            found.add((tuple(sorted(lines)), stretch))
    return sorted(found)


def _sets_along(path: Sequence[Leg], lines_of: dict[Leg, Lines]) -> Iterator[Lines]:
    """Yield the lines that serve every leg of some stretch of a path, where they are several."""
    sets = [lines_of[leg] for leg in path]
    changed = [sets[0], *(after for before, after in pairwise(sets) if after != before)]
    for start in range(len(changed)):
        lines = changed[start]
        for after in changed[start:]:
            lines &= after
            if len(lines) < 2:
                break
            yield lines


def _stretches(
    path: Sequence[Leg], lines: Lines, lines_of: dict[Leg, Lines]
) -> Iterator[tuple[str, ...]]:
    """Yield the stops of the longest stretches of a path that all the lines serve."""
    stops: list[str] = []
    for leg in path:
        if lines <= lines_of[leg]:
            stops = [*(stops or [leg[0]]), leg[1]]
        elif stops:
            yield tuple(stops)
            stops = []
    if stops:
        yield tuple(stops)


def _calls(members: pd.DataFrame, timetable: Timetable) -> pd.DataFrame:
    """Add up departures at each stop, in windows in which two lines or more run."""
    calls = timetable.calls.drop(columns=["stop_id", "route_id", "status"])
    rows = members[~members["is_last"]].merge(calls, on=["line_id", "sequence"])
    rows["window_min"] = rows["headway_min"] * rows["trips_count"]
    lines_count = rows.groupby(["trunk_id", "window"])["line_id"].transform("nunique")
    key = ["trunk_id", "place", "stop_id", "window", "route_id"]
    by_place = rows[lines_count > 1].groupby(key, as_index=False)
    table = by_place.agg(trips_count=("trips_count", "sum"), window_min=("window_min", "first"))
    table["headway_min"] = table["window_min"] / table["trips_count"]
    order = {window: number for number, window in enumerate(window_names(timetable))}
    table = table.assign(order=table["window"].map(order), status=MODELLED)
    table = table.sort_values(["trunk_id", "place", "order"])
    return table.rename(columns=OWN_NAMES)[list(timetable.calls)]


def _headways(calls: pd.DataFrame) -> pd.DataFrame:
    first = calls.groupby(["line_id", "window"])["sequence"].transform("min")
    table = calls[calls["sequence"] == first].drop(columns=["sequence", "stop_id"])
    return table.assign(headway_low_min=table["headway_min"], headway_high_min=table["headway_min"])


def _line_stops(
    members: pd.DataFrame, headways: pd.DataFrame, timetable: Timetable
) -> pd.DataFrame:
    windows = window_names(timetable)
    times = ["run_min", *(f"run_{window}_min" for window in windows), "dwell_min"]
    rows = members[members["trunk_id"].isin(headways["line_id"])].merge(
        timetable.line_stops[["line_id", "sequence", *times, "can_board", "can_alight"]],
        on=["line_id", "sequence"],
    )
    first, last = rows["place"] == 0, rows["is_last"]
    rows["can_board"] &= ~last
    rows["can_alight"] &= ~first
    weight = rows["line_id"].map(timetable.headways.groupby("line_id")["trips_count"].sum())
    key = ["trunk_id", "place", "stop_id"]
    by_place = [rows[name] for name in key]
    columns = rows.groupby(key)[["can_board", "can_alight"]].all()
    for name in times:
        at_end = first | last if name == "dwell_min" else first
        minutes = rows[name].mask(at_end & rows[name].notna(), 0.0)
        total = (minutes * weight).groupby(by_place).sum(min_count=1)
        columns[name] = total / weight.where(minutes.notna()).groupby(by_place).sum(min_count=1)
    table = columns.reset_index().rename(columns=OWN_NAMES).assign(status=MODELLED)
    for window in windows:
        running = headways.loc[headways["window"] == window, "line_id"]
        name = f"run_{window}_min"
        table[name] = table[name].where(table["line_id"].isin(running))
    return table[list(timetable.line_stops)]


def _lines(members: pd.DataFrame, headways: pd.DataFrame, timetable: Timetable) -> pd.DataFrame:
    first = headways.drop_duplicates("line_id").set_index("line_id")
    own = members.set_index("trunk_id").loc[first.index]
    ends = own.groupby(level=0)["stop_id"].agg(["first", "last"]).loc[first.index]
    member = own.groupby(level=0)["line_id"].first().loc[first.index]
    about = timetable.lines.set_index("line_id").loc[member].set_axis(first.index)
    table = about.assign(status=MODELLED, trips_count=0)
    for column in ("name_ru", "name_en"):
        names = timetable.stops.set_index("stop_id")[column]
        between = ends["first"].map(names) + " — " + ends["last"].map(names)
        table[column] = about["route_name"] + " " + between
    for column in ("headway_min", "headway_low_min", "headway_high_min"):
        table[column] = first[column]
    wide = headways.pivot(index="line_id", columns="window", values="headway_min")
    for window in window_names(timetable):
        table[f"headway_{window}_min"] = wide[window] if window in wide else float("nan")
    return table.reset_index()[list(timetable.lines)]


def _joined(own: pd.DataFrame, added: pd.DataFrame, key: list[str]) -> pd.DataFrame:
    """Put the added rows behind, then sort by key and leave windows in their order."""
    both = pd.concat([own, added[list(own)]], ignore_index=True)
    return both.sort_values(key, kind="stable", ignore_index=True)
