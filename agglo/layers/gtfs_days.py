"""Says on which days the services of a GTFS feed run, and picks the day to read."""

from __future__ import annotations

import datetime as dt

import numpy as np
import numpy.typing as npt
import pandas as pd

from agglo.errors import LayerError
from agglo.layers.gtfs_files import examples

WEEKDAYS = ("monday", "tuesday", "wednesday", "thursday", "friday", "saturday", "sunday")
WORKDAYS_COUNT = 5
DAYS_PER_WEEK = 7
MONDAY_OFFSET = 3
"""Days from the Monday before it to the first day of 1970, a Thursday."""

ADDED, REMOVED = "1", "2"

Days = npt.NDArray[np.int64]
"""Days since the first of 1970."""


def service_day(
    calendar: pd.DataFrame,
    calendar_dates: pd.DataFrame,
    trips_count: pd.Series,
    *,
    day: str | None,
) -> dt.date:
    """Return the day to read: the one asked for, or the busiest workday, the first of equals.

    A feed without a trip from Monday to Friday gives its busiest day of any kind.

    Parameters
    ----------
    calendar, calendar_dates
        As in the feed, texts; one of them may be empty.
    trips_count
        Departures by service id.
    day
        ISO date, such as '2025-01-14'; ``None`` picks.

    Raises
    ------
    LayerError
        If the feed never runs, or not on the day asked for; the message names the span.
    """
    first, counts = _counts_by_day(calendar, calendar_dates, trips_count)
    running = np.flatnonzero(counts > 0)
    if not len(running):
        raise LayerError("no trip of the feed runs on any day of its calendar; check its services")
    weekday = (first + np.arange(len(counts)) + MONDAY_OFFSET) % DAYS_PER_WEEK
    workday_counts = np.where(weekday < WORKDAYS_COUNT, counts, 0)
    busiest = int(np.argmax(workday_counts if workday_counts.any() else counts))
    if day is None:
        return _date(first + busiest)
    wanted = _parsed(day)
    number = wanted.toordinal() - _EPOCH - first
    start, end = _date(first + running[0]), _date(first + running[-1])
    if not 0 <= number < len(counts) or not running[0] <= number <= running[-1]:
        raise LayerError(
            f"the feed runs from {start} to {end}, not on {wanted}; choose a day of that span, "
            f"such as {_date(first + busiest)}, its busiest"
        )
    if counts[number] == 0:
        raise LayerError(
            f"no trip runs on {wanted}, though the feed runs from {start} to {end}; choose "
            f"another day, such as {_date(first + busiest)}, its busiest"
        )
    return wanted


def services_on(
    calendar: pd.DataFrame, calendar_dates: pd.DataFrame, day: dt.date
) -> npt.NDArray[np.str_]:
    """Return the ids of the services that run on a day, sorted.

    What ``calendar_dates`` adds or removes goes before ``calendar``; where it does both for one
    service, the removal stands.
    """
    number = day.toordinal() - _EPOCH
    start, end, runs = _spans(calendar)
    running = (start <= number) & (number <= end) & runs[:, day.weekday()]
    regular = calendar["service_id"][running]
    dates, kinds = _exceptions(calendar_dates)
    today = calendar_dates["service_id"][dates == number]
    kind = kinds[dates == number]
    services = (set(regular) | set(today[kind == ADDED])) - set(today[kind == REMOVED])
    return np.array(sorted(services), dtype=str)


_EPOCH = dt.date(1970, 1, 1).toordinal()


def _date(number: int | np.int64) -> dt.date:
    return dt.date.fromordinal(int(number) + _EPOCH)


def _parsed(day: str) -> dt.date:
    try:
        return dt.date.fromisoformat(day)
    except ValueError as error:
        raise LayerError(f"day must be a date such as '2025-01-14'; got {day!r}") from error


def _counts_by_day(
    calendar: pd.DataFrame, calendar_dates: pd.DataFrame, trips_count: pd.Series
) -> tuple[int, npt.NDArray[np.float64]]:
    """Sum the departures of each day from the first to the last one that the calendar names."""
    start, end, runs = _spans(calendar)
    dates, _ = _exceptions(calendar_dates)
    named = np.concatenate([start, end, dates])
    if not len(named):
        raise LayerError("the calendar of the feed names no day")
    first, days_count = int(named.min()), int(named.max() - named.min() + 1)
    trips = calendar["service_id"].map(trips_count).fillna(0).to_numpy(dtype=float)
    counts = np.zeros(days_count)
    for weekday in range(DAYS_PER_WEEK):
        counted = (start <= end) & runs[:, weekday]
        steps = np.zeros(days_count + 1)
        np.add.at(steps, start[counted] - first, trips[counted])
        np.add.at(steps, end[counted] - first + 1, -trips[counted])
        own = slice((weekday - first - MONDAY_OFFSET) % DAYS_PER_WEEK, None, DAYS_PER_WEEK)
        counts[own] = np.cumsum(steps[:-1])[own]
    changed = _changed_by_exceptions(calendar, calendar_dates)
    extra = changed["service_id"].map(trips_count).fillna(0).to_numpy() * changed["change"]
    np.add.at(counts, changed["date"].to_numpy() - first, extra.to_numpy(dtype=float))
    return first, np.asarray(counts, dtype=float)


def _changed_by_exceptions(calendar: pd.DataFrame, calendar_dates: pd.DataFrame) -> pd.DataFrame:
    """List service, date and change (+1, -1) where an exception changes what the week says."""
    start, end, runs = _spans(calendar)
    dates, kinds = _exceptions(calendar_dates)
    listed = pd.DataFrame(
        {"service_id": calendar_dates["service_id"].to_numpy(), "date": dates, "kind": kinds}
    )
    # a removal stands against an addition of the same day: '2' sorts last
    listed = listed.sort_values("kind").drop_duplicates(["service_id", "date"], keep="last")
    row = pd.Index(calendar["service_id"]).get_indexer(listed["service_id"])
    date = listed["date"].to_numpy()
    regular = np.zeros(len(listed), dtype=bool)
    if len(calendar):
        weekday = (date + MONDAY_OFFSET) % DAYS_PER_WEEK
        regular = (row >= 0) & (start[row] <= date) & (date <= end[row]) & runs[row, weekday]
    runs_then = (listed["kind"] == ADDED).to_numpy()
    return listed.assign(change=runs_then.astype(int) - regular.astype(int))


def _spans(calendar: pd.DataFrame) -> tuple[Days, Days, npt.NDArray[np.bool_]]:
    start = _numbers(calendar["start_date"], "calendar.txt")
    end = _numbers(calendar["end_date"], "calendar.txt")
    flags = calendar[list(WEEKDAYS)]
    wrong = ~flags.isin(["0", "1"]).all(axis=1)
    if wrong.any():
        raise LayerError(
            "calendar.txt: weekdays must be 0 or 1; "
            f"wrong for {examples(calendar['service_id'][wrong])}"
        )
    return start, end, (flags == "1").to_numpy(dtype=bool).reshape(-1, DAYS_PER_WEEK)


def _exceptions(calendar_dates: pd.DataFrame) -> tuple[Days, npt.NDArray[np.object_]]:
    kinds = calendar_dates["exception_type"]
    wrong = ~kinds.isin([ADDED, REMOVED])
    if wrong.any():
        raise LayerError(
            "calendar_dates.txt: exception_type must be 1 (added) or 2 (removed); got "
            f"{examples(kinds[wrong])}"
        )
    return _numbers(calendar_dates["date"], "calendar_dates.txt"), kinds.to_numpy(dtype=object)


def _numbers(texts: pd.Series, where: str) -> Days:
    known = {text: _number(text) for text in texts.unique()}
    wrong = [text for text, number in known.items() if number is None]
    if wrong:
        raise LayerError(
            f"{where}: '{texts.name}' must be a date such as 20250114; got {examples(wrong)}"
        )
    return np.array([known[text] for text in texts], dtype=np.int64)


def _number(text: str) -> int | None:
    if len(text) != len("20250114"):
        return None
    try:
        return dt.datetime.strptime(text, "%Y%m%d").toordinal() - _EPOCH
    except ValueError:
        return None
