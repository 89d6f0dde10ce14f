"""Arcs of timed connections: who changes there waits as agreed, not half the headway."""

from __future__ import annotations

import geopandas as gpd
import numpy as np
import pandas as pd

from agglo.errors import NetworkError
from agglo.parameters import Parameters
from agglo.region import Region
from agglo.transport.lines import (
    ROUNDING_MIN,
    WINDOWS,
    fare_minutes,
    line_boardings,
    places_on_lines,
)
from agglo.transport.topology import Floats, arcs_frame
from agglo.units import M_PER_KM, MINUTES_PER_HOUR

CALL = ["line_id", "stop_id"]
RUNS = {"peak": "run_min", "off_peak": "run_off_peak_min"}


def timed_arcs(region: Region, parameters: Parameters) -> pd.DataFrame:
    """Arcs of the table ``transfers``, beside the usual way of alighting, waiting and boarding.

    The last leg before the stop leads to a node of its own, from which every direction of the
    other line that goes on is boarded after the agreed wait and the walk between the stops, if
    they are two. Only who came on the first line is there: who starts at the stop waits as usual.
    The agreed wait is known, so the spread of waits leaves it as it is.

    Raises
    ------
    NetworkError
        If a line does not call where its connection is, or a fare falls by more than it costs.
    """
    agreed = region["transfers"].sort_index()
    if agreed.empty:
        none = pd.Series(dtype=object)
        return arcs_frame(none, none, none, minutes={})
    calls = _calls(region)
    for end in ("from", "to"):
        _check_calls(agreed, calls, end)
    changes = agreed.reset_index(drop=True).merge(
        calls[calls["before"] != ""], left_on=["from_line_id", "from_stop_id"], right_on=CALL
    )
    changes = changes.merge(
        calls[calls["goes_on"]],
        left_on=["to_line_id", "to_stop_id"],
        right_on=CALL,
        suffixes=("", "_next"),
    )
    comes = changes.drop_duplicates("at")
    return pd.concat(
        [
            _coming(comes),
            _parked(comes, region, parameters),
            _boarding(changes, region, parameters),
        ],
        ignore_index=True,
    )


def _calls(region: Region) -> pd.DataFrame:
    """List every call in every direction: its place, the one before and the leg between them."""
    lines = region["lines"]
    table = region["line_stops"].sort_values(["line_id", "sequence"], ignore_index=True)
    table["run_off_peak_min"] = table["run_off_peak_min"].fillna(table["run_min"])
    both_ways = table["line_id"].map(lines["both_ways"]).to_numpy(dtype=bool)
    directions = []
    for way, own in (("out", table), ("back", table[both_ways][::-1])):
        at = places_on_lines(own, way)
        comes = own["line_id"] == own["line_id"].shift()
        # the minutes of a leg stand at its later stop in the order of the table
        legs = own if way == "out" else own.shift()
        directions.append(
            own[CALL].assign(
                at=at,
                before=at.shift().where(comes, ""),
                before_stop=own["stop_id"].shift().where(comes, ""),
                goes_on=own["line_id"] == own["line_id"].shift(-1),
                **{name: legs[name].where(comes) for name in RUNS.values()},
            )
        )
    return pd.concat(directions, ignore_index=True)


def _check_calls(agreed: pd.DataFrame, calls: pd.DataFrame, end: str) -> None:
    there = pd.MultiIndex.from_frame(calls[CALL])
    wanted = pd.MultiIndex.from_frame(agreed[[f"{end}_line_id", f"{end}_stop_id"]])
    lost = ~wanted.isin(there)
    if lost.any():
        line, stop = wanted[lost][0]
        raise NetworkError(
            f"a timed connection names line '{line}' at stop '{stop}', where it does not call; "
            "check the table 'transfers'"
        )


def _coming(comes: pd.DataFrame) -> pd.DataFrame:
    """Arcs of the leg that leads to a connection."""
    return arcs_frame(
        "come:" + comes["at"],
        comes["before"],
        _node(comes),
        link_id=comes["line_id"],
        minutes=_by_window({window: comes[name].to_numpy() for window, name in RUNS.items()}),
    )


def _parked(comes: pd.DataFrame, region: Region, parameters: Parameters) -> pd.DataFrame:
    """Arcs of those who parked one stop before the connection."""
    parking = region["interchanges"]
    lots = set(parking.loc[parking["mode"] == "park_ride", "stop_id"])
    own = comes[comes["before_stop"].isin(lots)]
    boarding = line_boardings(region["lines"], parameters)["peak"].reindex(own["line_id"])
    return arcs_frame(
        "parked_come:" + own["at"],
        "lot:" + own["before_stop"],
        _node(own),
        link_id=own["line_id"],
        minutes={"park_ride": boarding.to_numpy() + own["run_min"].to_numpy()},
    )


def _boarding(changes: pd.DataFrame, region: Region, parameters: Parameters) -> pd.DataFrame:
    """Arcs from where the first line brings people to the places on the other line."""
    lines, line = region["lines"], changes["line_id_next"]
    fare_min = fare_minutes(lines, parameters).reindex(line).to_numpy()
    walk_min = _walk_min(changes, region, parameters)
    wait = changes["wait_min"].to_numpy(dtype=float)
    minutes = wait + walk_min + parameters.boarding_min + fare_min
    if (minutes < -ROUNDING_MIN).any():
        first = line[minutes < -ROUNDING_MIN].iloc[0]
        raise NetworkError(
            f"the fare of line '{first}' falls by more than its timed connection costs (wait, "
            "walk and penalty); lower it by less"
        )
    off_peak_min = lines["headway_off_peak_min"]
    closed = np.isnan(off_peak_min.reindex(changes["line_id"]).to_numpy(dtype=float))
    closed |= np.isnan(off_peak_min.reindex(line).to_numpy(dtype=float))
    peak = np.maximum(minutes, 0.0)
    wait = np.minimum(wait, peak)
    return arcs_frame(
        "timed:" + changes["at"] + ">" + changes["at_next"],
        _node(changes),
        changes["at_next"],
        link_id=line,
        minutes=_by_window({"peak": peak, "off_peak": np.where(closed, np.inf, peak)}),
        waits={"peak": wait, "off_peak": np.where(closed, np.inf, wait)},
    )


def _walk_min(changes: pd.DataFrame, region: Region, parameters: Parameters) -> Floats:
    """Minutes along the straight line between the two stops of a connection."""
    stops = region["stops"]
    points = gpd.points_from_xy(stops["lon"], stops["lat"], crs="EPSG:4326").to_crs(region.crs)
    at = pd.DataFrame({"x": points.x, "y": points.y}, index=stops["stop_id"])
    start, end = (at.reindex(changes[name]).to_numpy() for name in ("stop_id", "stop_id_next"))
    km: Floats = np.hypot(*(start - end).T) / M_PER_KM
    return km / parameters.walk_speed_kmh * MINUTES_PER_HOUR


def _node(table: pd.DataFrame) -> pd.Series:
    node: pd.Series = "timed:" + table["at"]
    return node


def _by_window(minutes: dict[str, Floats]) -> dict[str, Floats]:
    """Give minutes by time window to the modes; who parked travels in the peak."""
    by_mode = {mode: minutes[window] for window, mode in WINDOWS.items()}
    return {**by_mode, "park_ride": minutes["peak"]}
