"""Arcs of lines: boarding with its wait, riding and alighting; walks between near stops."""

from __future__ import annotations

import geopandas as gpd
import numpy as np
import pandas as pd

from agglo.errors import NetworkError
from agglo.parameters import Parameters
from agglo.region import Region
from agglo.transport.topology import COMBINED, Floats, arcs_frame
from agglo.units import M_PER_KM, MINUTES_PER_HOUR

WINDOWS = {"peak": "transit", "off_peak": "transit_off_peak"}
"""By time window: the mode whose minutes hold in it."""

ROUNDING_MIN = 1e-9
"""What sums of minutes may be off by."""


def line_arcs(region: Region, parameters: Parameters) -> pd.DataFrame:
    """Arcs of every line, in both directions unless it runs one way.

    Boarding takes the mean wait (half the headway, capped: with long headways people come by
    the timetable), the boarding penalty and what the fare has changed by, in minutes at the
    value of time; the wait also stands in columns of its own, so that its spread can be drawn.
    A line that does not run off-peak is closed then.

    Raises
    ------
    NetworkError
        If a fare falls by more than a boarding costs.
    """
    table = region["line_stops"].sort_values(["line_id", "sequence"], ignore_index=True)
    lines = region["lines"]
    run = {
        "peak": table["run_min"],
        "off_peak": table["run_off_peak_min"].fillna(table["run_min"]),
    }
    boarding = line_boardings(lines, parameters)
    # a fare that falls below the penalty takes the rest from the wait
    waits = line_waits(lines, parameters)
    waits = waits.where(waits <= boarding, boarding).reindex(table["line_id"])
    boarding = boarding.reindex(table["line_id"])
    both_ways = table["line_id"].map(lines["both_ways"]).to_numpy(dtype=bool)
    pieces = []
    for way in ("out", "back"):
        runs = np.ones(len(table), dtype=bool) if way == "out" else both_ways
        own = table[runs]
        pieces += _direction(
            own,
            way,
            {window: waits[window].to_numpy()[runs] for window in WINDOWS},
            {window: boarding[window].to_numpy()[runs] for window in WINDOWS},
            {window: minutes[runs].to_numpy(dtype=float) for window, minutes in run.items()},
            combines=own["line_id"].map(lines["combines"]) != "",
        )
        pieces.append(_from_lots(own, way, boarding["peak"].to_numpy()[runs], region))
    return pd.concat(pieces, ignore_index=True)


def transfer_arcs(region: Region, parameters: Parameters) -> pd.DataFrame:
    """Walks between stops that are near each other; both ways come out of the join.

    Stops that streets lead to are joined by the streets, not along the straight line.
    """
    stops = region["stops"]
    walked = region["interchanges"]
    on_streets = set(walked.loc[walked["mode"] == "walk", "stop_id"])
    stops = stops[~stops["stop_id"].isin(on_streets)]
    points = gpd.GeoDataFrame(
        {"stop_id": stops["stop_id"].to_numpy()},
        geometry=gpd.points_from_xy(stops["lon"], stops["lat"], crs="EPSG:4326").to_crs(region.crs),
    )
    near = points.sjoin(points, predicate="dwithin", distance=parameters.transfer_km * M_PER_KM)
    near = near[near["stop_id_left"] != near["stop_id_right"]]
    apart = near.geometry.distance(points.geometry.loc[near["index_right"]], align=False)
    minutes = (apart / M_PER_KM / parameters.walk_speed_kmh * MINUTES_PER_HOUR).to_numpy()
    return arcs_frame(
        "walk:" + near["stop_id_left"] + ">" + near["stop_id_right"],
        "stop:" + near["stop_id_left"],
        "stop:" + near["stop_id_right"],
        minutes=_by_line(minutes, minutes),
    )


def places_on_lines(table: pd.DataFrame, way: str) -> pd.Series:
    """Name the place of each call on its line and direction: the node of those who ride by."""
    place = "ride:" + table["line_id"] + ":" + way + ":" + table["sequence"].astype(str)
    at: pd.Series = place + "@" + table["stop_id"]
    return at


def line_waits(lines: pd.DataFrame, parameters: Parameters) -> pd.DataFrame:
    """Return the mean wait for each line by time window; ``inf`` where it does not run."""
    headway_min = {"peak": lines["headway_min"], "off_peak": lines["headway_off_peak_min"]}
    waits = {
        window: (minutes.astype(float) * parameters.wait_share)
        .clip(upper=parameters.wait_cap_min)
        .fillna(np.inf)
        for window, minutes in headway_min.items()
    }
    return pd.DataFrame(waits, index=lines.index)


def line_boardings(lines: pd.DataFrame, parameters: Parameters) -> pd.DataFrame:
    """Return the minutes of boarding each line by time window: wait, penalty, change of fare.

    Raises
    ------
    NetworkError
        If a fare falls by more than a boarding costs.
    """
    usual = line_waits(lines, parameters) + parameters.boarding_min
    fare_min = fare_minutes(lines, parameters)
    boarding = usual.add(fare_min, axis=0)
    too_low = boarding.index[(boarding < -ROUNDING_MIN).any(axis=1)]
    if len(too_low):
        line = min(too_low)
        raise NetworkError(
            f"the fare of line '{line}' falls by what {-fare_min[line]:.1f} minutes are worth, "
            f"but a boarding costs {usual.loc[line].min():.1f} (wait and penalty); lower it by less"
        )
    return boarding.clip(lower=0.0)


def fare_minutes(lines: pd.DataFrame, parameters: Parameters) -> pd.Series:
    """Return the minutes that a change of fare is worth, by line; below 0 where it fell."""
    fare_rub: pd.Series = lines["fare_change_rub"].astype(float).fillna(0.0)
    return fare_rub / parameters.value_of_time_rub_per_h * MINUTES_PER_HOUR


def boarded_anew(
    arcs: pd.DataFrame,
    before: pd.DataFrame,
    after: pd.DataFrame,
    parameters_before: Parameters,
    parameters_after: Parameters,
) -> pd.DataFrame:
    """Return the minutes of the arcs of lines with other headways, fares or parameters.

    Parameters
    ----------
    arcs
        From ``line_arcs``, of the lines and parameters before.
    before, after
        Table 'lines'; the same lines on the same stops.

    Returns
    -------
    boarded_anew
        The same arcs with other minutes; the waits beside them stay.
    """
    more = line_boardings(after, parameters_after) - line_boardings(before, parameters_before)
    boards = arcs["arc_id"].str.startswith(("board:", "parked:")).to_numpy()
    line = before.index.get_indexer(pd.Index(arcs["link_id"]))
    found = {}
    for window, modes in (("peak", ("transit", "park_ride")), ("off_peak", ("transit_off_peak",))):
        # a line that does not run off-peak is closed before and after
        added = np.where(boards, more[window].fillna(0.0).to_numpy()[line], 0.0)
        for mode in modes:
            found[f"{mode}_min"] = arcs[f"{mode}_min"].to_numpy(dtype=float) + added
    return arcs.assign(**found)


def _direction(
    table: pd.DataFrame,
    way: str,
    waits: dict[str, Floats],
    boarding: dict[str, Floats],
    run: dict[str, Floats],
    *,
    combines: pd.Series,
) -> list[pd.DataFrame]:
    """Boarding, alighting and riding in one direction of every line."""
    line = table["line_id"]
    at = places_on_lines(table, way)
    stop = "stop:" + table["stop_id"]
    board = arcs_frame(
        "board:" + at,
        stop,
        at,
        link_id=line,
        minutes=_by_line(boarding["peak"], boarding["off_peak"]),
        phase=(line + ":" + way).where(~combines, COMBINED),
        waits=waits,
    )
    none = np.zeros(len(table))
    alight = arcs_frame("alight:" + at, at, stop, link_id=line, minutes=_by_line(none, none))
    later = (line == line.shift()).to_numpy()
    first, last = (at.shift(), at) if way == "out" else (at, at.shift())
    ride = arcs_frame(
        ("run:" + first.astype(str) + ">" + last.astype(str))[later],
        first[later],
        last[later],
        link_id=line[later],
        minutes=_by_line(run["peak"][later], run["off_peak"][later]),
    )
    return [board, alight, ride]


def _from_lots(table: pd.DataFrame, way: str, boarding_min: Floats, region: Region) -> pd.DataFrame:
    """Boarding and the first leg of those who parked at a stop: nobody parks only to walk on."""
    parking = region["interchanges"]
    lots = table["stop_id"].isin(parking.loc[parking["mode"] == "park_ride", "stop_id"]).to_numpy()
    at = places_on_lines(table, way)
    step = -1 if way == "out" else 1
    goes_on = lots & (table["line_id"] == table["line_id"].shift(step)).to_numpy()
    run = table["run_min"].shift(-1) if way == "out" else table["run_min"]
    return arcs_frame(
        ("parked:" + at + ">" + at.shift(step).astype(str))[goes_on],
        ("lot:" + table["stop_id"])[goes_on],
        at.shift(step)[goes_on],
        link_id=table["line_id"][goes_on],
        minutes={"park_ride": boarding_min[goes_on] + run.to_numpy()[goes_on]},
    )


def _by_line(peak_min: Floats, off_peak_min: Floats) -> dict[str, Floats]:
    return {"transit": peak_min, "park_ride": peak_min, "transit_off_peak": off_peak_min}
