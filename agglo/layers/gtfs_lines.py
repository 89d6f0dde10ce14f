"""Groups the trips of a service day into lines and measures their run times and headways."""

from __future__ import annotations

from collections.abc import Mapping
from itertools import pairwise

import numpy as np
import pandas as pd

from agglo.layers.gtfs_calls import SECONDS_PER_MINUTE, first_of_trip, last_of_trip
from agglo.layers.gtfs_runs import share_inside
from agglo.tables import MODES

OBSERVED = "observed"
Windows = Mapping[str, tuple[float, float]]
"""Name → first and last second after midnight."""


def name_lines(calls: pd.DataFrame, trips: pd.DataFrame, runs: pd.DataFrame) -> pd.DataFrame:
    """Give each call its line and its place on it.

    A line is a route, a direction and a pattern: the same stops in the same order with the
    same leave to get on and off. Its id is route:direction:number; the pattern of most
    departures is number 1.

    Parameters
    ----------
    calls
        Sorted by trip and order.
    trips
        trip_id, route_id, direction_id.
    runs
        trip_id, one row per departure.

    Returns
    -------
    named
        The calls with line_id, route_id, direction_id, sequence (from 0), run_s (from the
        departure before to this arrival) and dwell_s.
    """
    first, last = first_of_trip(calls), last_of_trip(calls)
    starts = np.flatnonzero(first)
    named = calls.assign(
        can_board=calls["can_board"] & ~last,
        can_alight=calls["can_alight"] & ~first,
        sequence=np.arange(len(calls)) - starts[np.cumsum(first) - 1],
        run_s=(calls["arrival_s"] - calls["departure_s"].shift()).mask(first, 0.0),
        dwell_s=(calls["departure_s"] - calls["arrival_s"]).mask(first | last, 0.0),
    )
    stop_number = pd.factorize(named["stop_id"], sort=True)[0].astype(">i8")
    mark = stop_number * 4 + named["can_board"].to_numpy() * 2 + named["can_alight"].to_numpy()
    listed = pd.DataFrame(
        {
            "trip_id": calls["trip_id"].iloc[starts].to_numpy(),
            "pattern": [mark[a:b].tobytes() for a, b in pairwise([*starts, len(calls)])],
        }
    )
    return named.merge(_line_ids(listed, trips, runs), on="trip_id", validate="m:1")


def _line_ids(listed: pd.DataFrame, trips: pd.DataFrame, runs: pd.DataFrame) -> pd.DataFrame:
    """Add line_id, route_id and direction_id to trip_id and pattern."""
    about = trips.set_index("trip_id").loc[listed["trip_id"]].reset_index()
    direction = about["direction_id"].where(about["direction_id"].isin(["0", "1"]), "")
    departures = listed["trip_id"].map(runs["trip_id"].value_counts()).fillna(0)
    trip = listed.assign(route_id=about["route_id"], direction_id=direction, count=departures)
    key = ["route_id", "direction_id"]
    lines = trip.groupby([*key, "pattern"])["count"].sum().reset_index()
    lines = lines.sort_values([*key, "count", "pattern"], ascending=[True, True, False, True])
    number = (lines.groupby(key).cumcount() + 1).astype(str)
    lines["line_id"] = lines["route_id"] + ":" + lines["direction_id"] + ":" + number
    named = trip.merge(lines.drop(columns="count"), on=[*key, "pattern"])
    return named[["trip_id", "line_id", *key]]


def departures_in_windows(
    named: pd.DataFrame, runs: pd.DataFrame, windows: Windows
) -> pd.DataFrame:
    """List the departures at every stop where one may board that fall in a window.

    Returns
    -------
    departures
        run (row of ``runs``), trip_id, line_id, route_id, sequence, stop_id, time_s, window,
        share (how much of the departure falls in it).
    """
    where = named.loc[
        named["can_board"],
        ["trip_id", "line_id", "route_id", "sequence", "stop_id", "departure_s"],
    ]
    visits = where.merge(runs.assign(run=np.arange(len(runs))), on="trip_id")
    visits["time_s"] = visits["departure_s"] + visits["shift_s"]
    pieces = []
    for window, (start_s, end_s) in windows.items():
        share = share_inside(visits["time_s"], visits, start_s=start_s, end_s=end_s)
        chosen = visits.loc[share > 0, ["run", "trip_id", "line_id", "route_id", "sequence",
                                        "stop_id", "time_s"]]  # fmt: skip
        pieces.append(chosen.assign(window=window, share=share[share > 0]))
    return pd.concat(pieces, ignore_index=True)


def day_tables(
    named: pd.DataFrame,
    runs: pd.DataFrame,
    boardings: pd.DataFrame,
    windows: Windows,
    routes: pd.DataFrame,
    stops: pd.DataFrame,
) -> dict[str, pd.DataFrame]:
    """Measure the lines of a day: the tables of a ``Timetable`` by name.

    Parameters
    ----------
    named
        As `name_lines` returns.
    runs
        trip_id, shift_s, spread_s, headway_s, day, is_today; one row per departure.
    boardings
        As `departures_in_windows` returns, at least one.
    windows
        Name → first and last second after midnight.
    routes
        route_id, mode, route_short_name, route_long_name.
    stops
        Indexed by stop id: name, lon, lat, station_id.
    """
    calls = _calls(boardings, windows)
    headways = _headways(boardings, windows)
    line_stops = _line_stops(named, boardings, windows)
    lines = _lines(line_stops, headways, named, runs, routes, stops["name"], windows)
    return {
        "stops": _stops(line_stops, lines, calls, stops),
        "lines": lines,
        "line_stops": line_stops,
        "headways": headways,
        "calls": calls,
        "trips": _trips(named, runs, lines),
    }


def _calls(boardings: pd.DataFrame, windows: Windows) -> pd.DataFrame:
    key = ["line_id", "sequence", "stop_id", "window", "route_id"]
    calls = boardings.groupby(key)["share"].sum().rename("trips_count").reset_index()
    calls["headway_min"] = _length_min(calls["window"], windows) / calls["trips_count"]
    calls["status"] = OBSERVED
    columns = [*key[:4], "headway_min", "trips_count", "route_id", "status"]
    return _in_order(calls[columns], ["line_id", "sequence"], windows)


def _headways(boardings: pd.DataFrame, windows: Windows) -> pd.DataFrame:
    """Headways at the first stop of each line that is departed from inside the window."""
    key = ["line_id", "window", "route_id"]
    counted = boardings[
        boardings["sequence"] == boardings.groupby(key)["sequence"].transform("min")
    ].sort_values([*key, "time_s", "run"])
    length_min = _length_min(counted["window"], windows)
    start_min = counted["window"].map({name: start for name, (start, _) in windows.items()})
    at_min = (counted["time_s"] - start_min) / SECONDS_PER_MINUTE
    gap_min = at_min.groupby([counted[name] for name in key]).diff()
    last = at_min.groupby([counted[name] for name in key]).transform("last")
    gap_min = gap_min.fillna(at_min + length_min - last)
    listed = counted.assign(squared=gap_min**2)
    headways = listed.groupby(key).agg(trips_count=("share", "sum"), squared=("squared", "sum"))
    headways = headways.reset_index()
    length_min = _length_min(headways["window"], windows)
    headways["headway_min"] = length_min / headways["trips_count"]
    headways["headway_low_min"] = headways["headway_min"]
    uneven_min = headways["squared"] / length_min
    headways["headway_high_min"] = uneven_min.clip(lower=headways["headway_min"])
    headways["status"] = OBSERVED
    columns = [
        "line_id", "window", "headway_min", "headway_low_min", "headway_high_min",
        "trips_count", "route_id", "status",
    ]  # fmt: skip
    return _in_order(headways[columns], ["line_id"], windows)


def _line_stops(named: pd.DataFrame, boardings: pd.DataFrame, windows: Windows) -> pd.DataFrame:
    """Median minutes over the departures of any window, and of each window."""
    key = ["line_id", "sequence"]
    pairs = boardings[["run", "trip_id", "window"]].drop_duplicates()
    any_window = pairs.drop_duplicates("run")
    median = _medians(named, any_window)
    tables = [median]
    for window in windows:
        part = _medians(named, pairs[pairs["window"] == window])["run_min"]
        tables.append(part.rename(f"run_{window}_min").to_frame())
    measured = pd.concat(tables, axis=1).reset_index()
    about = named.drop_duplicates(key)[[*key, "stop_id", "can_board", "can_alight"]]
    table = about.merge(measured, on=key).assign(status=OBSERVED)
    columns = [
        *key, "stop_id", "run_min", *(f"run_{window}_min" for window in windows), "dwell_min",
        "can_board", "can_alight", "status",
    ]  # fmt: skip
    return table[columns].sort_values(key, ignore_index=True)


def _medians(named: pd.DataFrame, pairs: pd.DataFrame) -> pd.DataFrame:
    departures = named.merge(pairs[["run", "trip_id"]], on="trip_id")
    seconds = departures.groupby(["line_id", "sequence"])[["run_s", "dwell_s"]].median()
    return (seconds / SECONDS_PER_MINUTE).set_axis(["run_min", "dwell_min"], axis=1)


def _lines(
    line_stops: pd.DataFrame,
    headways: pd.DataFrame,
    named: pd.DataFrame,
    runs: pd.DataFrame,
    routes: pd.DataFrame,
    stop_names: pd.Series,
    windows: Windows,
) -> pd.DataFrame:
    ends = line_stops.groupby("line_id")["stop_id"].agg(["first", "last"])
    about = named.drop_duplicates("line_id").set_index("line_id").loc[ends.index]
    route = routes.set_index("route_id").loc[about["route_id"]].set_index(ends.index)
    label = _route_name(route).where(lambda text: text != "", about["route_id"])
    name = label + " " + ends["first"].map(stop_names) + " — " + ends["last"].map(stop_names)
    today = runs.loc[runs["is_today"], "trip_id"].value_counts()
    trip_line = named.drop_duplicates("trip_id").set_index("trip_id")["line_id"]
    counts = today.groupby(trip_line.reindex(today.index)).sum()
    first = headways.drop_duplicates("line_id").set_index("line_id")
    wide = headways.pivot(index="line_id", columns="window", values="headway_min")
    wide = wide.reindex(columns=list(windows)).add_prefix("headway_").add_suffix("_min")
    lines = pd.DataFrame({"name_ru": name, "name_en": name, "mode": route["mode"]})
    for column in ("headway_min", "headway_low_min", "headway_high_min"):
        lines[column] = first[column]
    lines = lines.join(wide)
    lines["both_ways"] = False
    lines["route_id"], lines["route_name"] = about["route_id"], label
    lines["trips_count"] = counts.reindex(lines.index).fillna(0).astype(int)
    lines["status"] = OBSERVED
    return lines.rename_axis("line_id").reset_index()


def _route_name(route: pd.DataFrame) -> pd.Series:
    short, long = route["route_short_name"], route["route_long_name"]
    return short.where(short != "", long)


def _stops(
    line_stops: pd.DataFrame, lines: pd.DataFrame, calls: pd.DataFrame, stops: pd.DataFrame
) -> pd.DataFrame:
    """Places that lines serve; the mode is that of most departures, or else of most lines."""
    served = line_stops[["line_id", "sequence", "stop_id"]].merge(
        lines[["line_id", "mode"]], on="line_id"
    )
    counts = calls.groupby(["line_id", "sequence"])["trips_count"].sum().reset_index()
    served = served.merge(counts, on=["line_id", "sequence"], how="left").fillna({"trips_count": 0})
    by_mode = served.groupby(["stop_id", "mode"]).agg(
        trips_count=("trips_count", "sum"), lines_count=("line_id", "size")
    )
    by_mode = by_mode.reset_index()
    by_mode["rank"] = by_mode["mode"].map({mode: i for i, mode in enumerate(MODES)})
    by_mode = by_mode.sort_values(
        ["stop_id", "trips_count", "lines_count", "rank"], ascending=[True, False, False, True]
    ).drop_duplicates("stop_id")
    place = stops.loc[by_mode["stop_id"]]
    return pd.DataFrame(
        {
            "stop_id": by_mode["stop_id"].to_numpy(),
            "name_ru": place["name"].to_numpy(),
            "name_en": place["name"].to_numpy(),
            "mode": by_mode["mode"].to_numpy(),
            "km": np.nan,
            "lon": place["lon"].to_numpy(),
            "lat": place["lat"].to_numpy(),
            "station_id": place["station_id"].to_numpy(),
            "status": OBSERVED,
        }
    )


def _trips(named: pd.DataFrame, runs: pd.DataFrame, lines: pd.DataFrame) -> pd.DataFrame:
    start = named.drop_duplicates("trip_id").set_index("trip_id")
    known = runs[runs["trip_id"].isin(start.index)]
    line = known["trip_id"].map(start["line_id"])
    trips = pd.DataFrame(
        {
            "line_id": line.where(line.isin(lines["line_id"]), ""),
            "trip_id": known["trip_id"],
            "departure_min": (known["trip_id"].map(start["departure_s"]) + known["shift_s"])
            / SECONDS_PER_MINUTE,
            "is_exact": known["spread_s"] == 0,
            "day": known["day"],
        }
    )
    return trips.sort_values(["line_id", "departure_min", "trip_id"], ignore_index=True)


def _length_min(window: pd.Series, windows: Windows) -> pd.Series:
    lengths = {name: (end - start) / SECONDS_PER_MINUTE for name, (start, end) in windows.items()}
    return window.map(lengths).astype(float)


def _in_order(frame: pd.DataFrame, key: list[str], windows: Windows) -> pd.DataFrame:
    order = frame["window"].map({name: number for number, name in enumerate(windows)})
    return (
        frame.assign(order=order)
        .sort_values([*key, "order"], ignore_index=True)
        .drop(columns="order")
    )
