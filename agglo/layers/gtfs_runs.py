"""Lists the departures of a service day: trips as they stand, frequencies one by one."""

from __future__ import annotations

import numpy as np
import pandas as pd

from agglo.errors import LayerError
from agglo.layers.gtfs_calls import SECONDS_PER_MINUTE, seconds_from_clock
from agglo.layers.gtfs_files import examples, numbers_from_texts

MINUTES_PER_DAY = 1440.0
SECONDS_PER_DAY = MINUTES_PER_DAY * SECONDS_PER_MINUTE


def checked_frequencies(frequencies: pd.DataFrame) -> pd.DataFrame:
    """Read frequencies.txt as seconds.

    Returns
    -------
    spans
        trip_id, start_s, end_s, headway_s, is_exact, departures_count.

    Raises
    ------
    LayerError
        If a time or headway is missing, or a span ends before it starts.
    """
    where = "frequencies.txt"
    start = seconds_from_clock(frequencies["start_time"], where)
    end = seconds_from_clock(frequencies["end_time"], where)
    headway = numbers_from_texts(frequencies["headway_secs"], where)
    wrong = ~((start < end) & (headway > 0))
    if wrong.any():
        raise LayerError(
            f"{where}: each row wants start_time before end_time and headway_secs above 0; wrong "
            f"for trip(s) {examples(frequencies['trip_id'][wrong])}"
        )
    spans = pd.DataFrame(
        {
            "trip_id": frequencies["trip_id"],
            "start_s": start,
            "end_s": end,
            "headway_s": headway,
            "is_exact": frequencies["exact_times"] == "1",
            "departures_count": np.ceil((end - start) / headway).astype(int),
        }
    )
    return spans.sort_values(["trip_id", "start_s", "end_s", "headway_s"], ignore_index=True)


def departures_count(trip_ids: pd.Series, spans: pd.DataFrame) -> pd.Series:
    """Return how often each trip departs: once, or as often as its frequencies say."""
    by_trip = spans.groupby("trip_id")["departures_count"].sum()
    return trip_ids.map(by_trip).fillna(1).astype(int)


def runs_from_trips(starts: pd.Series, spans: pd.DataFrame) -> pd.DataFrame:
    """List every departure of trips, those of frequencies one by one.

    Parameters
    ----------
    starts
        Departure at the trip's first stop, seconds; by trip id.
    spans
        As `checked_frequencies` returns.

    Returns
    -------
    runs
        trip_id, shift_s (to add to the trip's times), spread_s (how long the departure may
        take place after that: 0 where it is exact, else up to one headway), headway_s.
    """
    by_headway = spans[spans["trip_id"].isin(starts.index)]
    many = by_headway.loc[by_headway.index.repeat(by_headway["departures_count"])]
    number = many.groupby(level=0).cumcount()
    departs_s = many["start_s"] + number * many["headway_s"]
    spread_s = (many["end_s"] - departs_s).clip(upper=many["headway_s"])
    listed = pd.DataFrame(
        {
            "trip_id": many["trip_id"],
            "shift_s": departs_s - many["trip_id"].map(starts).astype(float),
            "spread_s": spread_s.mask(many["is_exact"], 0.0),
            "headway_s": many["headway_s"],
        }
    )
    once = starts.index[~starts.index.isin(spans["trip_id"])]
    plain = pd.DataFrame({"trip_id": once, "shift_s": 0.0, "spread_s": 0.0, "headway_s": 0.0})
    both = pd.concat([plain, listed], ignore_index=True)
    return both.sort_values(["trip_id", "shift_s"], ignore_index=True)


def share_inside(
    times_s: pd.Series, runs: pd.DataFrame, *, start_s: float, end_s: float
) -> pd.Series:
    """Return how much of each departure falls in a window: 0 or 1, or in between if spread.

    A departure that stands for a headway may take place at any moment of it; what is counted
    of it is the part of the headway that lies in the window.

    Parameters
    ----------
    times_s
        Departures, aligned with ``runs``.
    runs
        spread_s, headway_s.
    start_s, end_s
        The window; its end is no more part of it.
    """
    exact = ((times_s >= start_s) & (times_s < end_s)).astype(float)
    until = (times_s + runs["spread_s"]).clip(upper=end_s)
    overlap = (until - times_s.clip(lower=start_s)).clip(lower=0.0)
    spread = runs["spread_s"] > 0
    return exact.where(~spread, overlap / runs["headway_s"].where(spread, 1.0))
