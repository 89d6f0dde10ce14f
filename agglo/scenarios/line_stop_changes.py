"""Changes of where a line calls and how long it runs: routes, stops, run times, signals."""

from __future__ import annotations

import math
from collections.abc import Sequence
from itertools import pairwise

import pandas as pd

from agglo.errors import ScenarioError
from agglo.region import Region
from agglo.scenarios.selections import (
    check_amount,
    check_positive,
    known_id,
    line_id,
    stop_id,
    texts,
)

OFF_PEAK = "run_off_peak_min"
SECONDS_PER_MINUTE = 60.0
MOST_SAVED_SHARE = 0.5
"""Signals hold no bus for more than half of its way."""


def set_run_time(
    region: Region, *, line: str, from_stop: str, to_stop: str, run_min: float
) -> Region:
    """Set the run minutes between two neighbouring stops of a line."""
    check_positive("run_min", run_min)
    line = line_id(region, line)
    table = region["line_stops"].copy()
    own = table[table["line_id"] == line].sort_values("sequence")
    from_stop, to_stop = (stop_id(region, line, stop) for stop in (from_stop, to_stop))
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


def reroute_line(
    region: Region, *, line: str, stops: Sequence[str], run_min: Sequence[float]
) -> Region:
    """Let a line run over other stops; headways and fare stay.

    ``run_min`` holds the minutes from each stop to the next, one fewer than the stops, and holds
    off-peak too. Timed connections at stops that it leaves are given up.
    """
    line = line_id(region, line)
    called = checked_stops(region, line, str(region["lines"]["mode"][line]), stops, run_min)
    return _with_calls(region, line, new_calls(line, called, [0.0, *map(float, run_min)]))


def add_stop(
    region: Region,
    *,
    line: str,
    stop: str,
    after_stop: str,
    run_before_min: float,
    run_after_min: float,
    dwell_min: float = 0.0,
) -> Region:
    """Let a line call at one more stop, between a stop and the one after it.

    The two run times take the place of the one between those neighbours; half of the dwell is
    added to each, so that who stays in the vehicle loses all of it, either way. Off-peak minutes
    of their own change in proportion.
    """
    check_positive("run_before_min", run_before_min)
    check_positive("run_after_min", run_after_min)
    check_amount("dwell_min", dwell_min)
    line = line_id(region, line)
    own = _calls(region, line)
    at = _position(own, line, stop_id(region, line, after_stop))
    if at == len(own) - 1:
        raise ScenarioError(
            f"'{own['stop_id'].iloc[at]}' is the last stop of line '{line}'; name an earlier one, "
            "or lengthen the line by reroute_line"
        )
    new = _stop_of_mode(region, str(region["lines"]["mode"][line]), stop)
    if new in set(own["stop_id"]):
        raise ScenarioError(f"line '{line}' calls at '{new}' already; name another stop")
    stops, run, off_peak = (own[name].to_list() for name in ("stop_id", "run_min", OFF_PEAK))
    legs = [run_before_min + dwell_min / 2, run_after_min + dwell_min / 2]
    ratio = off_peak[at + 1] / run[at + 1] if run[at + 1] > 0 else math.nan
    stops[at + 1 : at + 1] = [new]
    off_peak[at + 1 : at + 2] = [leg * ratio for leg in legs]
    run[at + 1 : at + 2] = legs
    return _with_calls(region, line, new_calls(line, stops, run, off_peak))


def remove_stop(region: Region, *, line: str, stop: str) -> Region:
    """Let a line pass a stop without calling; the run times on both sides become one.

    At an end the line is cut short. Timed connections of the line at the stop are given up.
    """
    line = line_id(region, line)
    own = _calls(region, line)
    at = _position(own, line, stop_id(region, line, stop))
    gone = str(own["stop_id"].iloc[at])
    if len(own) < 3:
        raise ScenarioError(
            f"line '{line}' has {len(own)} stops and would keep {len(own) - 1}; wanted two or "
            "more: take it away by remove_line"
        )
    stops, run, off_peak = (own[name].to_list() for name in ("stop_id", "run_min", OFF_PEAK))
    if at < len(own) - 1:
        own_off_peak = any(map(math.isfinite, off_peak[at : at + 2]))
        filled = [b if math.isfinite(b) else a for a, b in zip(run, off_peak, strict=True)]
        is_first = at == 0
        run[at + 1] = 0.0 if is_first else run[at] + run[at + 1]
        joined = filled[at] + filled[at + 1] if own_off_peak else math.nan
        off_peak[at + 1] = math.nan if is_first else joined
    for values in (stops, run, off_peak):
        del values[at]
    _check_neighbours(line, stops, f"without '{gone}' ")
    return _with_calls(region, line, new_calls(line, stops, run, off_peak))


def signal_priority(region: Region, *, line: str, signals_count: float, saved_s: float) -> Region:
    """Let signals give way to a line: it saves so many seconds at each of so many signals.

    The minutes saved on the whole line are shared among its legs as their run minutes are; they
    are as many off-peak and in each direction.
    """
    check_positive("signals_count", signals_count)
    check_positive("saved_s", saved_s)
    if signals_count % 1:
        raise ScenarioError(f"signals_count must be a whole number; got {signals_count:g}")
    line = line_id(region, line)
    saved_min = signals_count * saved_s / SECONDS_PER_MINUTE
    own = _calls(region, line)
    run = own["run_min"].astype(float)
    shorter = _shortened(run, saved_min, line)
    off_peak = own[OFF_PEAK].astype(float)
    if off_peak.iloc[1:].notna().any():
        off_peak = _shortened(off_peak.fillna(run), saved_min, line)
    table = region["line_stops"].copy()
    table.loc[own.index, "run_min"] = shorter
    table.loc[own.index, OFF_PEAK] = off_peak
    return region.with_tables(line_stops=table)


def checked_stops(
    region: Region, line: str, mode: str, stops: Sequence[str], run_min: Sequence[float]
) -> list[str]:
    """Return the ids of the stops of a line, checked with the minutes between them.

    Raises
    ------
    ScenarioError
        For fewer than two stops, minutes that do not fit them, or a stop that is not there.
    """
    named = texts(stops)
    if len(named) < 2 or len(run_min) != len(named) - 1:
        raise ScenarioError(
            f"line '{line}' has {len(named)} stops and {len(run_min)} run times; wanted two "
            "stops or more and one run time fewer"
        )
    own = region["stops"][region["stops"]["mode"] == mode]
    if own.empty:
        modes = ", ".join(sorted(set(region["stops"]["mode"]))) or "no stops"
        raise ScenarioError(f"line '{line}': no stop is of mode '{mode}'; there are {modes}")
    found = [_stop_of_mode(region, mode, stop) for stop in named]
    _check_neighbours(line, found)
    for minutes in run_min:
        check_positive("run_min", minutes)
    return found


def new_calls(
    line: str,
    stops: Sequence[str],
    run_min: Sequence[float],
    run_off_peak_min: Sequence[float] | None = None,
) -> pd.DataFrame:
    """Make the rows of ``line_stops`` of one line; the first run time belongs to no leg."""
    calls = pd.DataFrame(
        {
            "line_id": line,
            "sequence": range(len(stops)),
            "stop_id": list(stops),
            "run_min": list(run_min),
            OFF_PEAK: list(run_off_peak_min or [math.nan] * len(stops)),
            "status": "assumed",
        }
    )
    calls.index = pd.MultiIndex.from_frame(calls[["line_id", "sequence"]], names=[None, None])
    return calls


def _calls(region: Region, line: str) -> pd.DataFrame:
    table = region["line_stops"]
    return table[table["line_id"] == line].sort_values("sequence")


def _position(own: pd.DataFrame, line: str, stop: str) -> int:
    """Return where a line calls at a stop; refuse a stop that it calls at more than once."""
    places = [number for number, name in enumerate(own["stop_id"]) if name == stop]
    if len(places) > 1:
        raise ScenarioError(
            f"line '{line}' calls at '{stop}' {len(places)} times; say its whole route by "
            "reroute_line"
        )
    return places[0]


def _stop_of_mode(region: Region, mode: str, stop: str) -> str:
    own = region["stops"][region["stops"]["mode"] == mode]
    return known_id(own, "stop_id", stop, f"{mode} stop")


def _check_neighbours(line: str, stops: Sequence[str], when: str = "") -> None:
    for first, second in pairwise(stops):
        if first == second:
            raise ScenarioError(
                f"line '{line}' {when}calls at '{first}' twice in a row; name each stop once"
            )


def _shortened(run_min: pd.Series, saved_min: float, line: str) -> pd.Series:
    """Take minutes off the legs in proportion; the first call has no leg."""
    legs = run_min.iloc[1:]
    total_min = float(legs.sum())
    if saved_min > total_min * MOST_SAVED_SHARE:
        raise ScenarioError(
            f"the signals would save {saved_min:.1f} of the {total_min:.1f} minutes that line "
            f"'{line}' runs; wanted at most half: take fewer signals or seconds"
        )
    shorter: pd.Series = pd.concat([run_min.iloc[:1], legs * (1 - saved_min / total_min)])
    return shorter


def _with_calls(region: Region, line: str, calls: pd.DataFrame) -> Region:
    """Put calls in place of those of a line; give up connections that lose their stop."""
    table, agreed = region["line_stops"], region["transfers"]
    rest = table[table["line_id"] != line]
    called = set(calls["stop_id"])
    lost = pd.Series(False, index=agreed.index)
    for end in ("from", "to"):
        lost |= (agreed[f"{end}_line_id"] == line) & ~agreed[f"{end}_stop_id"].isin(called)
    return region.with_tables(
        line_stops=pd.concat([rest, calls]) if len(rest) else calls,
        transfers=agreed[~lost] if lost.any() else agreed,
    )
