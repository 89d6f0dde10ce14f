"""What the tags of OpenStreetMap places, buildings and facilities say."""

from __future__ import annotations

import math
import re
from collections.abc import Callable

Get = Callable[[str], str | None]
MOST_LEVELS = 200
AMENITIES = frozenset((
    "bus_station", "clinic", "college", "doctors", "ferry_terminal", "fire_station", "hospital",
    "kindergarten", "pharmacy", "police", "school", "townhall", "university",
))  # fmt: skip
RAILWAYS = frozenset(("station", "halt", "tram_stop"))

_GROUPED = re.compile(r"\d{1,3}(?:[.,]\d{3})+")
_LEVELS = re.compile(r"\d+(?:[.,]\d+)?")
_SPACES = re.compile(r"[\s'’]+")


def facility_kind(get: Get) -> str:
    """Return the kind of facility that an object's tags make it; ``''`` if it is none."""
    amenity, railway = get("amenity") or "", get("railway") or ""
    if railway in RAILWAYS:
        return railway
    if amenity in AMENITIES:
        return amenity
    if get("healthcare") in ("hospital", "clinic"):
        return get("healthcare") or ""
    if amenity == "parking" and (get("park_ride") or "no") != "no":
        return "park_ride"
    if get("aeroway") == "aerodrome":
        return "airport" if get("iata") else "airfield"
    is_stop = get("public_transport") == "platform" and get("bus") == "yes"
    return "bus_stop" if is_stop or get("highway") == "bus_stop" else ""


def population_count(text: str) -> float:
    """Return the number in a population tag, however its thousands are set apart; or NaN.

    Examples
    --------
    >>> population_count("125 376"), population_count("1.234.567"), population_count("many")
    (125376.0, 1234567.0, nan)
    """
    digits = _SPACES.sub("", text)
    if _GROUPED.fullmatch(digits):
        digits = digits.replace(".", "").replace(",", "")
    return float(digits) if digits.isascii() and digits.isdigit() else math.nan


def levels_count(text: str) -> float:
    """Return the number of levels of a building, the first of a list; NaN if none is given."""
    found = _LEVELS.fullmatch(text.split(";")[0].strip())
    levels = float(found[0].replace(",", ".")) if found else math.nan
    return levels if 0 < levels <= MOST_LEVELS else math.nan
