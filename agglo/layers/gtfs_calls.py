"""Turns stop_times of a GTFS feed into calls whose order and times hold; counts what does not."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt
import pandas as pd

from agglo.errors import LayerError
from agglo.layers.gtfs_files import examples, numbers_from_texts

Note = tuple[str, int, str]
"""What was done, how often, and examples."""

SECONDS_PER_HOUR = 3600.0
SECONDS_PER_MINUTE = 60.0
CLOCK = r"(\d{1,3}):([0-5]\d):([0-5]\d)"
NO = "1"
"""pickup_type and drop_off_type: nobody gets on, nobody gets off."""

Bools = npt.NDArray[np.bool_]
Seconds = npt.NDArray[np.float64]


def calls_from_stop_times(
    stop_times: pd.DataFrame, trip_ids: pd.Index, stops: pd.DataFrame
) -> tuple[pd.DataFrame, list[Note]]:
    """List the calls of trips in order, without those of stops that cannot be kept.

    A time that is missing between two known ones is interpolated linearly by call. A trip is
    refused if its order is not known, it lacks its first or last time, its time runs backward,
    or it takes no time at all; zero minutes between two stops are kept, because many feeds
    round to whole minutes. A stop where nobody gets on or off is no call: the run goes on
    through it, as it does through a stop without coordinates or outside the extent.

    Parameters
    ----------
    stop_times
        As in the feed, texts.
    trip_ids
        The trips wanted.
    stops
        Indexed by stop id; flag ``is_kept`` and, where it is false, the reason in ``why``.

    Returns
    -------
    calls, notes
        trip_id, stop_id, arrival_s, departure_s (seconds after midnight of the service day),
        can_board, can_alight, trip_start_s (departure at the trip's very first stop); sorted
        by trip and order. Notes say what was repaired, dropped and refused.

    Raises
    ------
    LayerError
        If a time or sequence cannot be read.
    """
    chosen = stop_times[stop_times["trip_id"].isin(trip_ids)]
    calls = _typed(chosen).sort_values(["trip_id", "sequence"], ignore_index=True)
    calls, repeated = _without_repeats(calls)
    calls, interpolated = _interpolated(calls)
    kept, refused = _without_refused(calls, trip_ids)
    kept = kept.assign(
        trip_start_s=kept.groupby("trip_id", sort=False)["departure_s"].transform("first")
    )
    served, dropped = _served(kept, stops)
    columns = [
        "trip_id", "stop_id", "arrival_s", "departure_s", "can_board", "can_alight",
        "trip_start_s",
    ]  # fmt: skip
    return served[columns].reset_index(drop=True), [
        ("repaired: call listed twice, kept once", repeated, ""),
        ("repaired: missing time interpolated", interpolated, ""),
        *refused,
        *dropped,
    ]


def seconds_from_clock(texts: pd.Series, where: str) -> pd.Series:
    """Read times such as '25:03:00' as seconds after midnight; ``''`` becomes ``nan``.

    Raises
    ------
    LayerError
        If a text is no such time.
    """
    codes, unique = pd.factorize(texts)
    parts = pd.Series(unique, dtype=str).str.extract(f"^{CLOCK}$").astype(float)
    seconds = parts[0] * SECONDS_PER_HOUR + parts[1] * SECONDS_PER_MINUTE + parts[2]
    wrong = seconds.isna() & (pd.Series(unique, dtype=str) != "")
    if wrong.any():
        raise LayerError(
            f"{where}: '{texts.name}' must be a time such as 08:05:00 or 25:05:00; got "
            f"{examples(np.asarray(unique)[wrong.to_numpy(dtype=bool)])}"
        )
    return pd.Series(seconds.to_numpy()[codes], index=texts.index, dtype=float)


def first_of_trip(calls: pd.DataFrame) -> Bools:
    """Mark the first call of each trip of sorted calls."""
    trip = calls["trip_id"]
    return np.asarray((trip != trip.shift()).to_numpy(dtype=bool))


def last_of_trip(calls: pd.DataFrame) -> Bools:
    """Mark the last call of each trip of sorted calls."""
    trip = calls["trip_id"]
    return np.asarray((trip != trip.shift(-1)).to_numpy(dtype=bool))


def _typed(chosen: pd.DataFrame) -> pd.DataFrame:
    sequence = numbers_from_texts(chosen["stop_sequence"], "stop_times.txt")
    if sequence.isna().any() or (sequence < 0).any():
        trips = chosen["trip_id"][sequence.isna() | (sequence < 0)]
        raise LayerError(
            "stop_times.txt: 'stop_sequence' must be 0 or more in every row; it is not in "
            f"trip(s) {examples(trips)}"
        )
    arrival = seconds_from_clock(chosen["arrival_time"], "stop_times.txt")
    departure = seconds_from_clock(chosen["departure_time"], "stop_times.txt")
    return pd.DataFrame(
        {
            "trip_id": chosen["trip_id"],
            "sequence": sequence,
            "stop_id": chosen["stop_id"],
            "arrival_s": arrival.fillna(departure),
            "departure_s": departure.fillna(arrival),
            "can_board": chosen["pickup_type"] != NO,
            "can_alight": chosen["drop_off_type"] != NO,
        }
    )


def _without_repeats(calls: pd.DataFrame) -> tuple[pd.DataFrame, int]:
    repeated = calls.duplicated()
    return calls[~repeated].reset_index(drop=True), int(repeated.sum())


def _interpolated(calls: pd.DataFrame) -> tuple[pd.DataFrame, int]:
    """Fill times between known ones; what lies before the first or after the last stays."""
    arrival, departure = (calls[name].to_numpy() for name in ("arrival_s", "departure_s"))
    known, number = ~np.isnan(arrival), np.arange(len(calls))
    before = np.maximum.accumulate(np.where(known, number, -1))
    after = np.minimum.accumulate(np.where(known, number, len(calls))[::-1])[::-1]
    trip = pd.factorize(calls["trip_id"])[0]
    between = ~known & (before >= 0) & (after < len(calls))
    between[between] &= trip[before[between]] == trip[after[between]]
    start, end = before[between], after[between]
    share = (number[between] - start) / (end - start)
    minutes = departure[start] + (arrival[end] - departure[start]) * share
    filled = calls.copy()
    for name in ("arrival_s", "departure_s"):
        filled.loc[between, name] = minutes
    return filled, int(between.sum())


def _without_refused(calls: pd.DataFrame, trip_ids: pd.Index) -> tuple[pd.DataFrame, list[Note]]:
    """Leave out trips whose calls make no run; each is counted once, by its first fault."""
    trip, first, last = calls["trip_id"], first_of_trip(calls), last_of_trip(calls)
    arrival, departure = calls["arrival_s"], calls["departure_s"]
    backward = (arrival < departure.shift()) & ~first | (departure < arrival)
    start = departure.where(pd.Series(first, index=calls.index)).ffill()
    counted = pd.Index(trip.unique())
    reasons = {
        "two calls with one stop_sequence": trip[calls.duplicated(["trip_id", "sequence"])],
        "first or last time missing": trip[arrival.isna()],
        "time runs backward (after midnight it goes on as 24:00:00)": trip[backward],
        "fewer than two calls": pd.concat([trip[first & last], _without(trip_ids, counted)]),
        "takes no time from first to last stop": trip[last & (arrival <= start)],
    }
    notes: list[Note] = []
    refused: set[str] = set()
    for reason, trips in reasons.items():
        new = sorted(set(trips) - refused)
        refused.update(new)
        notes.append((f"refused: trip, {reason}", len(new), examples(new)))
    return calls[~trip.isin(list(refused))].reset_index(drop=True), notes


def _without(trip_ids: pd.Index, counted: pd.Index) -> pd.Series:
    return pd.Series(trip_ids.difference(counted), dtype=object)


def _served(calls: pd.DataFrame, stops: pd.DataFrame) -> tuple[pd.DataFrame, list[Note]]:
    """Keep calls where someone may get on or off, at stops that are kept."""
    passing = ~calls["can_board"] & ~calls["can_alight"]
    reason = calls["stop_id"].map(stops["why"]).fillna("")
    kept = (reason == "") & ~passing
    left = calls[kept].reset_index(drop=True)
    short = first_of_trip(left) & last_of_trip(left)
    notes: list[Note] = [
        ("dropped: call where nobody gets on or off", int((passing & (reason == "")).sum()), "")
    ]
    for why in sorted(set(reason) - {""}):
        lost = calls["stop_id"][reason == why]
        notes.append((f"dropped: stop {why}", lost.nunique(), examples(sorted(set(lost)))))
    gone = calls["trip_id"].nunique() - left["trip_id"].nunique() + int(short.sum())
    notes.append(("dropped: trip with fewer than two stops left", gone, ""))
    cut = set(calls["trip_id"][reason != ""]) & set(left["trip_id"]) - set(left["trip_id"][short])
    notes.append(("repaired: trip cut to the stops that are kept", len(cut), examples(sorted(cut))))
    return left[~short], notes
