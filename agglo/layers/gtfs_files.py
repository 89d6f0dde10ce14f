"""Reads the files of a GTFS feed, a zip or a folder, as frames of texts whose references hold."""

from __future__ import annotations

import csv
import io
import zipfile
import zlib
from collections.abc import Callable, Iterable, Iterator
from pathlib import Path, PurePosixPath

import pandas as pd

from agglo.errors import LayerError

COLUMNS = {
    "stops": (
        "stop_id", "stop_name", "stop_lat", "stop_lon", "location_type", "parent_station"
    ),
    "routes": ("route_id", "route_type", "route_short_name", "route_long_name"),
    "trips": ("trip_id", "route_id", "service_id", "direction_id"),
    "stop_times": (
        "trip_id", "stop_id", "stop_sequence", "arrival_time", "departure_time",
        "pickup_type", "drop_off_type",
    ),
    "calendar": (
        "service_id", "monday", "tuesday", "wednesday", "thursday", "friday", "saturday",
        "sunday", "start_date", "end_date",
    ),
    "calendar_dates": ("service_id", "date", "exception_type"),
    "frequencies": ("trip_id", "start_time", "end_time", "headway_secs", "exact_times"),
}  # fmt: skip
"""The files and columns that are read; every other one is left alone."""

NEEDED = {
    "stops": ("stop_id",),
    "routes": ("route_id", "route_type"),
    "trips": ("trip_id", "route_id", "service_id"),
    "stop_times": ("trip_id", "stop_id", "stop_sequence"),
    "calendar": COLUMNS["calendar"],
    "calendar_dates": COLUMNS["calendar_dates"],
    "frequencies": ("trip_id", "start_time", "end_time", "headway_secs"),
}
"""The columns without which a file says nothing; an absent other one is taken as empty."""

FILES_NEEDED = ("stops", "routes", "trips", "stop_times")
KEYS = {
    "stops": "stop_id", "routes": "route_id", "trips": "trip_id", "calendar": "service_id"
}  # fmt: skip
REFERENCES = (
    ("trips", "route_id", "routes"),
    ("stop_times", "trip_id", "trips"),
    ("stop_times", "stop_id", "stops"),
    ("frequencies", "trip_id", "trips"),
)
SURPLUS = "\0surplus"
"""Takes the fields of a row beyond its header: a trailing comma is forgiven."""

EXAMPLES_SHOWN = 3
BROKEN_ZIP = (
    zipfile.BadZipFile, zlib.error, EOFError, OSError, RuntimeError, NotImplementedError
)  # fmt: skip


def read_feed_files(path: Path) -> dict[str, pd.DataFrame]:
    """Read what a timetable needs of a feed: texts without blanks around them, ``''`` for none.

    The files may lie in the zip or folder itself or in one folder inside it. Ids stay texts:
    '007' keeps its noughts and a stop may be called 'NA'.

    Returns
    -------
    files
        By name without '.txt'; files that a feed may lack are then empty frames.

    Raises
    ------
    LayerError
        If the feed cannot be read, lacks a file or a column, or names a stop, trip or route
        that it does not have.
    """
    texts = dict(_contents(path))
    absent = [f"{name}.txt" for name in FILES_NEEDED if name not in texts]
    if absent:
        raise LayerError(
            f"{path} lacks {', '.join(absent)}; a GTFS feed holds stops.txt, routes.txt, "
            "trips.txt, stop_times.txt and a calendar"
        )
    if not {"calendar", "calendar_dates"} & set(texts):
        raise LayerError(
            f"{path} has neither calendar.txt nor calendar_dates.txt, so no day is known on "
            "which it runs; ask the publisher for a whole feed"
        )
    files = {name: _frame(texts.get(name), name, f"{path.name}: {name}.txt") for name in COLUMNS}
    faults = [*_empty_faults(files), *_key_faults(files), *_reference_faults(files)]
    if faults:
        raise LayerError(f"{path} is no whole feed: {'; '.join(faults)}")
    return files


def numbers_from_texts(texts: pd.Series, where: str) -> pd.Series:
    """Turn texts into numbers; ``''`` becomes ``nan``.

    Raises
    ------
    LayerError
        If a text is not a number; ``where`` names the file.
    """
    numbers = pd.to_numeric(texts.where(texts != ""), errors="coerce").astype(float)
    wrong = numbers.isna() & (texts != "")
    if wrong.any():
        raise LayerError(f"{where}: '{texts.name}' must be a number; got {examples(texts[wrong])}")
    return numbers


def examples(values: Iterable[object]) -> str:
    """Show the first of several values, and how many more there are."""
    shown = list(dict.fromkeys(map(str, values)))
    more = len(shown) - EXAMPLES_SHOWN
    listed = ", ".join(map(repr, shown[:EXAMPLES_SHOWN]))
    return f"{listed} and {more} more" if more > 0 else listed


def _contents(path: Path) -> Iterator[tuple[str, bytes]]:
    if path.is_dir():
        inside = sorted([*path.glob("*.[tT][xX][tT]"), *path.glob("*/*.[tT][xX][tT]")])
        names = {str(PurePosixPath(*file.relative_to(path).parts)): file for file in inside}
        for stem, name in _chosen(names, path).items():
            yield stem, _bytes(names[name].read_bytes, path)
    elif path.is_file():
        try:
            with zipfile.ZipFile(path) as archive:
                for stem, name in _chosen(archive.namelist(), path).items():
                    yield stem, archive.read(name)
        except BROKEN_ZIP as error:
            raise LayerError(
                f"{path} is not a whole zip file: {error}; download it again"
            ) from error
    else:
        raise LayerError(f"{path} is not there; wanted a GTFS feed, a zip file or a folder")


def _bytes(read: Callable[[], bytes], path: Path) -> bytes:
    try:
        return read()
    except OSError as error:
        raise LayerError(f"{path} cannot be read: {error}") from error


def _chosen(names: Iterable[str], path: Path) -> dict[str, str]:
    """Find the files that are read, wherever they lie, and refuse two feeds in one."""
    found: dict[str, list[str]] = {}
    for name in sorted(names):
        place = PurePosixPath(name)
        stem = place.stem.lower()
        if place.suffix.lower() == ".txt" and stem in COLUMNS and place.parts[0] != "__MACOSX":
            found.setdefault(stem, []).append(name)
    chosen = {}
    for stem, places in found.items():
        level = min(len(PurePosixPath(name).parts) for name in places)
        nearest = [name for name in places if len(PurePosixPath(name).parts) == level]
        if len(nearest) > 1:
            raise LayerError(
                f"{path} holds more than one feed: {examples(nearest)}; unpack it and give one"
            )
        chosen[stem] = nearest[0]
    return chosen


def _frame(content: bytes | None, name: str, where: str) -> pd.DataFrame:
    if content is None:
        return pd.DataFrame({column: pd.Series(dtype=str) for column in COLUMNS[name]})
    try:
        raw = _rows(content, where)
    except UnicodeDecodeError as error:
        raise LayerError(
            f"{where} is not UTF-8 ({error}), as GTFS must be; save it as UTF-8"
        ) from error
    except (pd.errors.ParserError, csv.Error) as error:
        raise LayerError(f"{where} cannot be read as CSV: {error}; repair that row") from error
    lacking = [column for column in NEEDED[name] if column not in raw]
    if lacking:
        raise LayerError(f"{where} lacks the column(s) {', '.join(lacking)}; it has {list(raw)}")
    kept = {
        column: raw[column].str.strip() if column in raw else pd.Series("", index=raw.index)
        for column in COLUMNS[name]
    }
    frame = pd.DataFrame(kept, index=raw.index)
    return frame[(frame != "").any(axis=1)].reset_index(drop=True)


def _rows(content: bytes, where: str) -> pd.DataFrame:
    lines = io.TextIOWrapper(io.BytesIO(content), encoding="utf-8-sig", newline="")
    header = [column.strip() for column in next(csv.reader(lines, skipinitialspace=True), [])]
    while header and not header[-1]:
        header = header[:-1]
    if len(set(header)) < len(header):
        raise LayerError(f"{where} names a column twice: {header}; keep one of them")
    if not header:
        return pd.DataFrame()
    rows = pd.read_csv(
        io.BytesIO(content),
        header=None,
        skiprows=1,
        names=[*header, SURPLUS],
        index_col=False,
        dtype=str,
        na_filter=False,
        skipinitialspace=True,
        encoding="utf-8-sig",
    )
    long = rows[SURPLUS].fillna("").str.strip() != ""
    if long.any():
        raise LayerError(
            f"{where} has {int(long.sum())} row(s) with more fields than its header, first "
            f"{rows[long].iloc[0].tolist()}; put a text with commas in quotes"
        )
    return rows.drop(columns=SURPLUS)


def _empty_faults(files: dict[str, pd.DataFrame]) -> Iterator[str]:
    for name in FILES_NEEDED:
        if files[name].empty:
            yield f"{name}.txt has no row"
    if files["calendar"].empty and files["calendar_dates"].empty:
        yield "its calendar has no row"


def _key_faults(files: dict[str, pd.DataFrame]) -> Iterator[str]:
    for name, key in KEYS.items():
        ids = files[name][key]
        if (ids == "").any():
            yield f"{name}.txt has {int((ids == '').sum())} row(s) without '{key}'"
        if ids.duplicated().any():
            yield f"{name}.txt has the same '{key}' twice: {examples(ids[ids.duplicated()])}"


def _reference_faults(files: dict[str, pd.DataFrame]) -> Iterator[str]:
    for name, column, target in REFERENCES:
        given = files[name][column]
        unknown = given[~given.isin(files[target][column])]
        if len(unknown):
            yield (
                f"{name}.txt names {unknown.nunique()} {column}(s) that {target}.txt does not "
                f"have: {examples(unknown)}"
            )
