"""Changes of public transport: headways, run times, new lines."""

from __future__ import annotations

import math
from collections.abc import Sequence

import pandas as pd

from agglo.errors import ScenarioError
from agglo.region import Region
from agglo.scenarios.selections import check_positive, known_id, texts


def set_headway(
    region: Region, *, line: str, headway_min: float, headway_off_peak_min: float | None = None
) -> Region:
    """Set the minutes between departures of a line, in both directions.

    Off-peak departures stay as they are unless ``headway_off_peak_min`` is given.
    """
    check_positive("headway_min", headway_min)
    lines = region["lines"].copy()
    chosen = known_id(lines, "line_id", line, "line")
    lines.loc[chosen, ["headway_min", "headway_low_min", "headway_high_min"]] = float(headway_min)
    if headway_off_peak_min is not None:
        check_positive("headway_off_peak_min", headway_off_peak_min)
        lines.loc[chosen, "headway_off_peak_min"] = float(headway_off_peak_min)
    return region.with_tables(lines=lines)


def set_run_time(
    region: Region, *, line: str, from_stop: str, to_stop: str, run_min: float
) -> Region:
    """Set the run minutes between two neighbouring stops of a line."""
    check_positive("run_min", run_min)
    line = known_id(region["lines"], "line_id", line, "line")
    table = region["line_stops"].copy()
    own = table[table["line_id"] == line].sort_values("sequence")
    called = region["stops"].loc[own["stop_id"]]
    from_stop, to_stop = (
        known_id(called, "stop_id", stop, f"stop of line '{line}'") for stop in (from_stop, to_stop)
    )
    previous = own["stop_id"].shift()
    leg = own.index[
        ((own["stop_id"] == to_stop) & (previous == from_stop))
        | ((own["stop_id"] == from_stop) & (previous == to_stop))
    ]
    if leg.empty:
        raise ScenarioError(
            f"'{from_stop}' and '{to_stop}' are no neighbours on line '{line}'; its stops are "
            f"{', '.join(own['stop_id'])}"
        )
    table.loc[leg, "run_min"] = float(run_min)
    return region.with_tables(line_stops=table)


def add_line(
    region: Region,
    *,
    line: str,
    mode: str,
    stops: Sequence[str],
    run_min: Sequence[float],
    headway_min: float,
    headway_off_peak_min: float | None = None,
    name_ru: str = "",
    name_en: str = "",
) -> Region:
    """Add a line that runs both ways over existing stops.

    ``run_min`` holds the minutes from each stop to the next, one fewer than the stops. Without
    ``headway_off_peak_min`` it runs in the peak only.
    """
    check_positive("headway_min", headway_min)
    off_peak = math.nan if headway_off_peak_min is None else float(headway_off_peak_min)
    if headway_off_peak_min is not None:
        check_positive("headway_off_peak_min", headway_off_peak_min)
    if line in region["lines"].index:
        raise ScenarioError(f"line '{line}' is there already; give the new one another id")
    stops = texts(stops)
    if len(stops) < 2 or len(run_min) != len(stops) - 1:
        raise ScenarioError(
            f"line '{line}' has {len(stops)} stops and {len(run_min)} run times; wanted two "
            "stops or more and one run time fewer"
        )
    own = region["stops"][region["stops"]["mode"] == mode]
    if own.empty:
        modes = ", ".join(sorted(set(region["stops"]["mode"])))
        raise ScenarioError(f"line '{line}': no stop is of mode '{mode}'; there are {modes}")
    stops = [known_id(own, "stop_id", stop, f"{mode} stop") for stop in stops]
    for minutes in run_min:
        check_positive("run_min", minutes)
    row = {
        "line_id": line,
        "name_ru": name_ru or line,
        "name_en": name_en or line,
        "mode": mode,
        "headway_min": float(headway_min),
        "headway_low_min": float(headway_min),
        "headway_high_min": float(headway_min),
        "headway_off_peak_min": off_peak,
        "both_ways": True,
        "combines": "",
        "status": "assumed",
    }
    calls = pd.DataFrame(
        {
            "line_id": line,
            "sequence": range(len(stops)),
            "stop_id": stops,
            "run_min": [0.0, *map(float, run_min)],
            "status": "assumed",
        }
    )
    calls.index = pd.MultiIndex.from_frame(calls[["line_id", "sequence"]], names=[None, None])
    return region.with_tables(
        lines=pd.concat([region["lines"], pd.DataFrame([row], index=[line])]),
        line_stops=pd.concat([region["line_stops"], calls]),
    )
