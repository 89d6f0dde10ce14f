"""Changes of public transport: headways, fares, timed connections, new and removed lines."""

from __future__ import annotations

import math
from collections.abc import Sequence

import geopandas as gpd
import pandas as pd

from agglo.errors import ScenarioError
from agglo.region import Region
from agglo.scenarios.line_stop_changes import checked_stops, new_calls
from agglo.scenarios.selections import (
    check_amount,
    check_new_id,
    check_positive,
    line_id,
    stop_id,
)
from agglo.units import M_PER_KM

LONGEST_WALK_KM = 1.0
"""Beyond it two stops are no place to change: who waits a few minutes does not walk a quarter."""

TRANSFER = ["from_line_id", "to_line_id", "from_stop_id", "to_stop_id"]


def set_headway(
    region: Region,
    *,
    line: str,
    headway_min: float,
    headway_off_peak_min: float | None = None,
    vehicles_count: float | None = None,
) -> Region:
    """Set the minutes between departures of a line, in both directions.

    Off-peak departures stay as they are unless ``headway_off_peak_min`` is given, and so does
    the fleet unless ``vehicles_count`` is.
    """
    lines = region["lines"].copy()
    chosen = line_id(region, line)
    check_positive("headway_min", headway_min)
    lines.loc[chosen, ["headway_min", "headway_low_min", "headway_high_min"]] = float(headway_min)
    for column, value in (
        ("headway_off_peak_min", headway_off_peak_min),
        ("vehicles_count", vehicles_count),
    ):
        if value is not None:
            check_positive(column, value)
            lines.loc[chosen, column] = float(value)
    return region.with_tables(lines=lines)


def change_fare(region: Region, *, line: str, by_rub: float) -> Region:
    """Raise what a boarding of a line costs by so many roubles, or lower it (below 0).

    Today's fares stand in the shares of the modes, so only the change counts; changes of one
    line add up. The value of time turns it into minutes of boarding. A fall by more than the
    wait and the boarding are worth is refused when the times are worked out.
    """
    if not math.isfinite(by_rub):
        raise ScenarioError(f"by_rub must be finite; got {by_rub:g}")
    lines = region["lines"].copy()
    chosen = line_id(region, line)
    if by_rub:
        before = lines.loc[[chosen], "fare_change_rub"].fillna(0.0)
        lines.loc[[chosen], "fare_change_rub"] = before + float(by_rub)
    return region.with_tables(lines=lines)


def sync_transfer(
    region: Region,
    *,
    from_line: str,
    to_line: str,
    stop: str,
    wait_min: float,
    to_stop: str = "",
) -> Region:
    """Time a connection: who comes on one line waits so many minutes for the other.

    It holds for those who change from ``from_line`` to ``to_line``; the way back is a change of
    its own. Where the other line leaves from another stop, name it by ``to_stop``; the walk
    between the two is added. Where the first line runs oftener than the other, not each of its
    vehicles connects: give the mean wait.
    """
    check_amount("wait_min", wait_min)
    first, second = line_id(region, from_line), line_id(region, to_line)
    if first == second:
        raise ScenarioError(f"line '{first}' cannot connect with itself; name two lines")
    start = stop_id(region, first, stop)
    end = stop_id(region, second, to_stop) if to_stop else _shared_stop(region, second, start)
    _check_connection(region, first, second, start, end)
    headway_min = float(region["lines"]["headway_min"][second])
    if wait_min >= headway_min:
        raise ScenarioError(
            f"wait_min is {wait_min:g}, but line '{second}' runs every {headway_min:g} minutes: "
            "nobody waits longer than that; give less"
        )
    keys = (first, second, start, end)
    row = dict(zip(TRANSFER, keys, strict=True)) | {"wait_min": float(wait_min)}
    agreed = pd.DataFrame([{**row, "status": "assumed"}])
    agreed.index = pd.MultiIndex.from_tuples([keys])
    others = region["transfers"]
    others = others[(others[TRANSFER] != list(keys)).any(axis=1)]
    return region.with_tables(transfers=pd.concat([others, agreed]) if len(others) else agreed)


def add_line(
    region: Region,
    *,
    line: str,
    mode: str,
    stops: Sequence[str],
    run_min: Sequence[float],
    headway_min: float,
    headway_off_peak_min: float | None = None,
    vehicles_count: float | None = None,
    name_ru: str = "",
    name_en: str = "",
) -> Region:
    """Add a line that runs both ways over existing stops.

    ``run_min`` holds the minutes from each stop to the next, one fewer than the stops. Without
    ``headway_off_peak_min`` it runs in the peak only.
    """
    check_positive("headway_min", headway_min)
    for name, value in (
        ("headway_off_peak_min", headway_off_peak_min),
        ("vehicles_count", vehicles_count),
    ):
        if value is not None:
            check_positive(name, value)
    check_new_id(region["lines"], line, "line")
    called = checked_stops(region, line, mode, stops, run_min)
    row = {
        "line_id": line,
        "name_ru": name_ru or line,
        "name_en": name_en or line,
        "mode": mode,
        "headway_min": float(headway_min),
        "headway_low_min": float(headway_min),
        "headway_high_min": float(headway_min),
        "headway_off_peak_min": _or_nan(headway_off_peak_min),
        "both_ways": True,
        "combines": "",
        "fare_change_rub": math.nan,
        "vehicles_count": _or_nan(vehicles_count),
        "status": "assumed",
    }
    return region.with_tables(
        lines=pd.concat([region["lines"], pd.DataFrame([row], index=[line])]),
        line_stops=pd.concat(
            [region["line_stops"], new_calls(line, called, [0.0, *map(float, run_min)])]
        ),
    )


def remove_line(region: Region, *, line: str) -> Region:
    """Take a line away, with its calls and its timed connections; its stops stay."""
    gone = line_id(region, line)
    lines, calls, agreed = (region[name] for name in ("lines", "line_stops", "transfers"))
    parts = lines["combines"].str.split(r"[,;]\s*", regex=True)
    stands = lines.index[[gone in own for own in parts] & (lines.index != gone)]
    if len(stands):
        raise ScenarioError(
            f"line '{stands[0]}' stands for line '{gone}' among others; remove it first, or "
            "set its headway to what is left"
        )
    own = (agreed[["from_line_id", "to_line_id"]] == gone).any(axis=1)
    return region.with_tables(
        lines=lines[lines["line_id"] != gone],
        line_stops=calls[calls["line_id"] != gone],
        transfers=agreed[~own] if own.any() else agreed,
    )


def _or_nan(value: float | None) -> float:
    return math.nan if value is None else float(value)


def _shared_stop(region: Region, line: str, stop: str) -> str:
    """Return a stop if the line calls there; otherwise name the nearest at which it does."""
    calls = region["line_stops"]
    called = list(dict.fromkeys(calls.loc[calls["line_id"] == line, "stop_id"]))
    if stop in called:
        return stop
    km = pd.Series({other: _apart_km(region, stop, other) for other in called})
    raise ScenarioError(
        f"line '{line}' does not call at '{stop}'; name its own stop by to_stop, such as "
        f"'{km.idxmin()}', {km.min():.1f} km away"
    )


def _check_connection(region: Region, first: str, second: str, start: str, end: str) -> None:
    """Refuse a connection that no vehicle reaches or leaves, or with too long a walk."""
    calls, lines = region["line_stops"], region["lines"]
    for line, stop, place, what in (
        (first, start, 0, "starts at '{}': nobody comes there on it"),
        (second, end, -1, "ends at '{}': nobody goes on from there"),
    ):
        own = calls[calls["line_id"] == line].sort_values("sequence")["stop_id"]
        if not lines["both_ways"][line] and (own.drop(own.index[place]) != stop).all():
            raise ScenarioError(
                f"line '{line}' runs one way and {what.format(stop)}; name another stop or line"
            )
    km = _apart_km(region, start, end)
    if km > LONGEST_WALK_KM:
        raise ScenarioError(
            f"'{start}' and '{end}' are {km:.1f} km apart; wanted stops within "
            f"{LONGEST_WALK_KM:g} km of each other"
        )


def _apart_km(region: Region, first: str, second: str) -> float:
    ends = region["stops"].loc[[first, second]]
    points = gpd.GeoSeries(gpd.points_from_xy(ends["lon"], ends["lat"], crs="EPSG:4326"))
    start, end = points.to_crs(region.crs)
    return float(start.distance(end)) / M_PER_KM
