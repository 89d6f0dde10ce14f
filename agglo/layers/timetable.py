"""A timetable as tables: stops, lines, run times and headways by time window."""

from __future__ import annotations

from dataclasses import dataclass

import pandas as pd

LEG = ["stop_id", "next_stop_id"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Timetable:
    """What a feed holds for one service day.

    Times are minutes as they stand in the timetable, not rounded. A line runs one way, in the
    order of its stops. Every table is sorted by its key.
    """

    stops: pd.DataFrame
    """stop_id, name_ru, name_en, mode, km (none), lon, lat (EPSG:4326), station_id, status.

    ``station_id`` is the same for the platforms of a station; a stop of its own has its own id.
    """

    lines: pd.DataFrame
    """line_id, name_ru, name_en, mode, headway_min, headway_low_min, headway_high_min (of the
    first window in which the line runs), headway_{window}_min (``nan``: does not run then),
    both_ways (False), route_id, route_name, trips_count (departures of the day), status."""

    line_stops: pd.DataFrame
    """line_id, sequence (from 0), stop_id, run_min (from the departure at the stop before to
    the arrival here), run_{window}_min (``nan``: does not run then), dwell_min (from arrival to
    departure here; 0 at both ends), can_board, can_alight, status.

    Riding through takes the sum of ``run_min`` and of the ``dwell_min`` between.
    """

    headways: pd.DataFrame
    """line_id, window, headway_min, headway_low_min, headway_high_min, trips_count (departures
    in the window), route_id, status."""

    calls: pd.DataFrame
    """The same stop by stop, by the time at that stop: line_id, sequence, stop_id, window,
    headway_min, trips_count, route_id, status; only where passengers may board."""

    trips: pd.DataFrame
    """line_id (``''`` where the line was left out), trip_id, departure_min (at the first stop
    that is kept), is_exact (False: a departure that stands for a headway), day."""

    report: pd.DataFrame
    """what, count, note: what was read, repaired, dropped and refused."""

    day: str
    """ISO date of the service day."""


def window_names(timetable: Timetable) -> list[str]:
    """Name the windows of a timetable in their order."""
    columns = [str(name) for name in timetable.line_stops if str(name) != "run_min"]
    return [
        name.removeprefix("run_").removesuffix("_min")
        for name in columns
        if name.startswith("run_")
    ]


def legs_from_line_stops(line_stops: pd.DataFrame) -> pd.DataFrame:
    """Join every stop of a line to the next one.

    Returns
    -------
    legs
        line_id, sequence, stop_id, next_stop_id; the last stop of a line has no leg.
    """
    legs = line_stops.sort_values(["line_id", "sequence"])[["line_id", "sequence", "stop_id"]]
    legs = legs.assign(next_stop_id=legs.groupby("line_id")["stop_id"].shift(-1))
    return legs.dropna(subset="next_stop_id").reset_index(drop=True)


def combined_headways(line_stops: pd.DataFrame, headways: pd.DataFrame) -> pd.DataFrame:
    """Return how often a route serves each leg, all its lines together.

    Frequencies add up: n departures in a window are one every window/n minutes, whichever
    lines they belong to. Who rides one leg waits for the combined headway; who rides on to
    where the lines part does not (see ``add_trunk_lines``).

    Parameters
    ----------
    line_stops
        line_id, sequence, stop_id; lines run in this order only.
    headways
        line_id, window, headway_min, trips_count, perhaps route_id (without it, each line is
        a route of its own). With a column ``sequence`` headways are those at each stop, as in
        ``Timetable.calls``; without it those of the line.

    Returns
    -------
    combined
        stop_id, next_stop_id, route_id, window, lines_count, trips_count, headway_min.

    Examples
    --------
    >>> stops = pd.DataFrame(
    ...     {"line_id": [*"ppqq"], "sequence": [0, 1] * 2, "stop_id": [*"abab"]}
    ... )
    >>> headways = pd.DataFrame(
    ...     {"line_id": [*"pq"], "window": "peak", "headway_min": [30.0, 15.0],
    ...      "trips_count": [4, 8], "route_id": "r"}
    ... )
    >>> combined_headways(stops, headways)["headway_min"].tolist()
    [10.0]
    """
    given = headways if "route_id" in headways else headways.assign(route_id=headways["line_id"])
    key = ["line_id", "sequence"] if "sequence" in headways else ["line_id"]
    merged = legs_from_line_stops(line_stops).merge(
        given[[*key, "route_id", "window", "headway_min", "trips_count"]], on=key
    )
    merged["per_min"] = 1 / merged["headway_min"]
    combined = merged.groupby([*LEG, "route_id", "window"], as_index=False).agg(
        lines_count=("line_id", "nunique"),
        trips_count=("trips_count", "sum"),
        per_min=("per_min", "sum"),
    )
    combined["headway_min"] = 1 / combined.pop("per_min")
    return combined
