"""Small GTFS feeds written from a few words, so that their answers are known by hand."""

from __future__ import annotations

import zipfile
from pathlib import Path

CALENDAR = (
    "service_id,monday,tuesday,wednesday,thursday,friday,saturday,sunday,start_date,end_date\n"
    "work,1,1,1,1,1,0,0,20250106,20250119\n"
)
"""Two weeks of January 2025, from Monday the 6th to Sunday the 19th."""

DAY = "2025-01-06"


def feed_texts(timetable: str, **files: str | None) -> dict[str, str]:
    """Return the files of a feed whose trips are written one a line.

    ``t1 r A 07:00, B 07:10-07:12, C 07:30`` is trip t1 of route r; a stop without a time has
    none in the feed. Stops are the letters used, in a row to the east; routes are buses.
    ``files`` replace what is made, or take it away where they are ``None``.
    """
    calls, trips, stops, routes = [], [], set(), set()
    for row in filter(None, map(str.strip, timetable.splitlines())):
        trip, route, rest = row.split(maxsplit=2)
        trips.append(f"{route},work,{trip}")
        routes.add(route)
        for place, call in enumerate(rest.split(","), start=1):
            stop, _, times = call.strip().partition(" ")
            arrival, _, departure = times.partition("-")
            stops.add(stop)
            calls.append(f"{trip},{_clock(arrival)},{_clock(departure or arrival)},{stop},{place}")
    places = [f"{s},Stop {s},55,{37 + number / 100}" for number, s in enumerate(sorted(stops))]
    made: dict[str, str | None] = {
        "agency": "agency_id,agency_name\n1,Agency\n",
        "stops": _table("stop_id,stop_name,stop_lat,stop_lon", places),
        "routes": _table("route_id,route_short_name,route_type", [f"{r},{r},3" for r in routes]),
        "trips": _table("route_id,service_id,trip_id", trips),
        "stop_times": _table("trip_id,arrival_time,departure_time,stop_id,stop_sequence", calls),
        "calendar": CALENDAR,
        **files,
    }
    return {f"{name}.txt": text for name, text in made.items() if text is not None}


def write_feed(folder: Path, timetable: str, **files: str | None) -> Path:
    """Write a feed into a folder and return the folder."""
    folder.mkdir(exist_ok=True)
    for name, text in feed_texts(timetable, **files).items():
        (folder / name).write_text(text, encoding="utf-8", newline="")
    return folder


def zip_feed(path: Path, texts: dict[str, str], *, inside: str = "") -> Path:
    """Write a feed into a zip, perhaps in a folder inside it."""
    with zipfile.ZipFile(path, "w") as archive:
        for name, text in texts.items():
            archive.writestr(inside + name, text)
    return path


def _table(header: str, rows: list[str]) -> str:
    return "\n".join([header, *rows]) + "\n"


def _clock(text: str) -> str:
    return f"{text}:00" if text.count(":") == 1 else text
