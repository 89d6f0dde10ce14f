"""Speed, lanes and capacity of a street from its OpenStreetMap tags, or else from its class."""

from __future__ import annotations

import math
import re
from collections.abc import Mapping
from typing import NamedTuple

Tags = Mapping[str, str]


class Defaults(NamedTuple):
    """What a class of street is assumed to be where no tag says it."""

    speed_kmh: float
    lanes_count: float
    """In one direction of a two-way street."""

    one_way_lanes_count: float
    lane_veh_per_h: float
    """Vehicles that one lane passes in an hour."""


CLASSES: Mapping[str, Defaults] = {
    "motorway": Defaults(110, 2, 2, 2000),
    "motorway_link": Defaults(60, 1, 1, 1500),
    "trunk": Defaults(90, 1, 2, 1800),
    "trunk_link": Defaults(50, 1, 1, 1400),
    "primary": Defaults(60, 1, 2, 1000),
    "primary_link": Defaults(40, 1, 1, 900),
    "secondary": Defaults(60, 1, 1, 900),
    "secondary_link": Defaults(40, 1, 1, 800),
    "tertiary": Defaults(50, 1, 1, 800),
    "tertiary_link": Defaults(40, 1, 1, 700),
    "unclassified": Defaults(40, 1, 1, 600),
    "residential": Defaults(40, 1, 1, 500),
    "road": Defaults(40, 1, 1, 500),
    "living_street": Defaults(20, 1, 1, 300),
    "service": Defaults(20, 1, 1, 300),
    "track": Defaults(20, 1, 1, 200),
    "ferry": Defaults(15, 1, 1, 200),
}
"""Assumed. Speeds: 110, 90, 60 and 20 km/h are the general limits of the Russian traffic rules
(10.2, 10.3) on motorways, outside towns, in towns and in yards; the rest are round numbers below
them. Capacities are round numbers of the order of the Highway Capacity Manual (TRB, 2016): some
2,000 vehicles per lane where nothing stops them, about half of 1,900 where signals do."""

FOR_FEET = Defaults(10, 1, 1, 200)
"""Stands in the numbers of ways that no car may use, so that they are never missing."""

LIMITS_KMH: Mapping[str, Mapping[str, float]] = {
    "AT": {"urban": 50, "rural": 100, "trunk": 100, "motorway": 130, "bicycle_road": 30},
    "BY": {"urban": 60, "rural": 90, "motorway": 110, "living_street": 20},
    "DE": {"urban": 50, "rural": 100, "motorway": 130, "living_street": 7, "bicycle_road": 30},
    "ES": {"urban": 50, "rural": 90, "trunk": 90, "motorway": 120, "living_street": 20},
    "FR": {"urban": 50, "rural": 80, "trunk": 110, "motorway": 130, "living_street": 20},
    "IT": {"urban": 50, "rural": 90, "trunk": 110, "motorway": 130},
    "KZ": {"urban": 60, "rural": 100, "motorway": 140, "living_street": 20},
    "PT": {"urban": 50, "rural": 90, "trunk": 100, "motorway": 120, "living_street": 20},
    "RU": {"urban": 60, "rural": 90, "motorway": 110, "living_street": 20},
    "UA": {"urban": 50, "rural": 90, "trunk": 110, "motorway": 130, "living_street": 20},
}
"""General limits for cars by country and surroundings, as maps commonly read these codes."""

MPH_KMH = 1.609344
KNOT_KMH = 1.852
LIMITS_MPH: Mapping[str, float] = {
    "urban": 30, "nsl_restricted": 30, "nsl_single": 60, "nsl_dual": 70, "motorway": 70
}  # fmt: skip
"""Those of Great Britain."""

NO_LIMIT_KMH = 130.0
"""Assumed where maxspeed=none: the advisory speed of German motorways."""

WALK_KMH = 7.0
"""Assumed where maxspeed=walk: the upper end of what German courts call walking speed."""

SLOWEST_KMH, FASTEST_KMH = 3.0, 160.0
"""A limit outside these is taken for a slip of the pen."""

SLOWEST_FERRY_KMH, FASTEST_FERRY_KMH = 1.0, 100.0
MOST_LANES = 20
UNDATED = ("signals", "variable", "sign", "signed", "default", "implicit", "national", "unknown")
"""Limits that are said to exist without a number: the class decides, and nothing is wrong."""

OWN_PACE = ("living_street", "service", "track", "ferry")
"""Classes whose speed the surroundings (``zone:traffic``) do not set."""

_NUMBER = re.compile(r"(\d+(?:[.,]\d+)?)\s*(.*)")
_CODE = re.compile(r"([a-z]{2})(?:-[a-z]{2,3})?:(.+)")
_ZONE = re.compile(r"(?:zone:?)?(\d+)")
_CLOCK = re.compile(r"(?:(\d+):)?(\d+)(?::(\d\d))?")
_PERIOD = re.compile(r"P(?:(\d+)D)?T?(?:(\d+)H)?(?:(\d+)M)?(?:(\d+)S)?")


def limit_kmh(value: str) -> float:
    """Return the speed limit that a tag's value means, the lowest if it lists several.

    Parameters
    ----------
    value
        Such as ``'60'``, ``'30 mph'``, ``'RU:urban'``, ``'DE:zone30'``, ``'walk'``, ``'50;30'``.

    Returns
    -------
    limit_kmh
        NaN if the value gives no number.

    Examples
    --------
    >>> limit_kmh("RU:urban"), limit_kmh("50; 30"), limit_kmh("signals")
    (60.0, 30.0, nan)
    """
    found = [_one_limit_kmh(part.strip().lower()) for part in re.split(r"[;|]", value)]
    return min((limit for limit in found if not math.isnan(limit)), default=math.nan)


def is_limit_unclear(value: str) -> bool:
    """Tell whether a value should have given a number and did not."""
    return math.isnan(limit_kmh(value)) and value.strip().lower() not in UNDATED


def speeds_kmh(tags: Tags, kind: str) -> tuple[float, float, str]:
    """Return the speed of cars along and against a street, and where it comes from.

    The limit is the speed. Of the tags, the first that gives a number counts: ``maxspeed`` of
    the direction, ``maxspeed``, ``zone:maxspeed``, ``maxspeed:type``, ``source:maxspeed``, and
    ``zone:traffic`` for classes that have no pace of their own.

    Returns
    -------
    forward_kmh, backward_kmh, source
        The source is ``'tag'`` or ``'class'``.
    """
    keys = ["maxspeed", "zone:maxspeed", "maxspeed:type", "source:maxspeed"]
    if kind not in OWN_PACE:
        keys.append("zone:traffic")
    general = _first_limit(tags, keys)
    ways = [_first_limit(tags, [f"maxspeed:{way}"]) for way in ("forward", "backward")]
    default = CLASSES.get(kind, FOR_FEET).speed_kmh
    said = [general if math.isnan(own) else own for own in ways]
    both = [default if math.isnan(speed) else speed for speed in said]
    return both[0], both[1], "class" if all(map(math.isnan, said)) else "tag"


def lanes_count(tags: Tags, kind: str, *, is_one_way: bool) -> float:
    """Return the lanes of one direction; half of all of them on a two-way street.

    A single lane for both directions is half a lane for each.
    """
    total = _lanes(tags.get("lanes"))
    apart = [_lanes(tags.get(f"lanes:{way}")) for way in ("forward", "backward")]
    defaults = CLASSES.get(kind, FOR_FEET)
    if is_one_way:
        known = [lanes for lanes in (total, *apart) if lanes]
        return known[0] if known else defaults.one_way_lanes_count
    if all(apart):
        return sum(apart) / 2
    middle = _lanes(tags.get("lanes:both_ways"))
    return max(total - middle, 1.0) / 2 if total else defaults.lanes_count


def capacity_veh_per_h(kind: str, lanes: float) -> float:
    """Return the vehicles that so many lanes of a class pass in an hour, in one direction."""
    return lanes * CLASSES.get(kind, FOR_FEET).lane_veh_per_h


def duration_min(value: str) -> float:
    """Return the minutes of a ferry's ``duration``: ``'20'``, ``'1:30'``, ``'PT1H30M'``; or NaN."""
    text = value.strip().upper()
    period = _PERIOD.fullmatch(text)
    if period and any(period.groups()):
        days, hours, minutes, seconds = (float(part or 0) for part in period.groups())
        return days * 1440 + hours * 60 + minutes + seconds / 60
    clock = _CLOCK.fullmatch(text)
    if not clock:
        return math.nan
    hours, minutes, seconds = (float(part or 0) for part in clock.groups())
    return hours * 60 + minutes + seconds / 60


def _first_limit(tags: Tags, keys: list[str]) -> float:
    found = (limit_kmh(tags[key]) for key in keys if key in tags)
    return next((limit for limit in found if not math.isnan(limit)), math.nan)


def _one_limit_kmh(text: str) -> float:
    words = {"none": NO_LIMIT_KMH, "walk": WALK_KMH}
    if text in words:
        return words[text]
    number, code = _NUMBER.fullmatch(text), _CODE.fullmatch(text)
    if number:
        limit = float(number[1].replace(",", ".")) * _unit_kmh(number[2])
    elif code:
        limit = _code_kmh(code[1].upper(), code[2])
    else:
        return math.nan
    return limit if SLOWEST_KMH <= limit <= FASTEST_KMH else math.nan


def _unit_kmh(unit: str) -> float:
    if unit in ("", "km/h", "kmh", "kph", "км/ч"):
        return 1.0
    return {"mph": MPH_KMH, "knots": KNOT_KMH, "knot": KNOT_KMH, "kn": KNOT_KMH}.get(unit, math.nan)


def _code_kmh(country: str, place: str) -> float:
    zone = _ZONE.fullmatch(place)
    if country in ("GB", "UK"):
        return (float(zone[1]) if zone else LIMITS_MPH.get(place, math.nan)) * MPH_KMH
    return float(zone[1]) if zone else float(LIMITS_KMH.get(country, {}).get(place, math.nan))


def _lanes(value: str | None) -> float:
    """Read a number of lanes, the lowest of a list; 0 where there is none."""
    found = [_NUMBER.fullmatch(part.strip()) for part in (value or "").split(";")]
    numbers = [float(match[1].replace(",", ".")) for match in found if match and not match[2]]
    return min((lanes for lanes in numbers if 0 < lanes <= MOST_LANES), default=0.0)
