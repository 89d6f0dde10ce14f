"""Who may use an OpenStreetMap way, in which direction and how fast, by its tags."""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping, Sequence

import pandas as pd

from agglo.layers.osm_speeds import (
    CLASSES,
    capacity_veh_per_h,
    duration_min,
    is_limit_unclear,
    lanes_count,
    speeds_kmh,
)

Tags = Mapping[str, str]
FORWARD, BACKWARD, BOTH = 1, 2, 3
"""Directions as bits, relative to the order in which a way lists its nodes; 0 is closed."""

MODES = ("car", "walk", "bicycle")
MOTOR_KEYS = ("access", "vehicle", "motor_vehicle", "motorcar")
FOOT_KEYS = ("access", "foot")
BICYCLE_KEYS = ("access", "vehicle", "bicycle")
"""From the widest tag to the narrowest; the narrowest one that is understood decides."""

_SIDES = ("left", "right", "both")
KEYS = (
    "highway", "route", "area", "service", "junction", "motorroad", "conveying", "duration",
    "toll", "access", "vehicle", "motor_vehicle", "motorcar", "foot", "bicycle",
    *(f"{key}:{way}" for key in (*MOTOR_KEYS[1:], "bicycle") for way in ("forward", "backward")),
    "oneway", "oneway:vehicle", "oneway:motor_vehicle", "oneway:motorcar", "oneway:bicycle",
    "oneway:foot", "cycleway", *(f"cycleway:{side}" for side in _SIDES),
    *(f"cycleway:{side}:oneway" for side in _SIDES), "sidewalk",
    *(f"sidewalk:{side}" for side in _SIDES), "maxspeed", "maxspeed:forward",
    "maxspeed:backward", "zone:maxspeed", "maxspeed:type", "source:maxspeed", "zone:traffic",
    "lanes", "lanes:forward", "lanes:backward", "lanes:both_ways", "access:conditional",
    "motor_vehicle:conditional", "maxspeed:conditional", "oneway:conditional",
)  # fmt: skip
"""The tags that decide about a way; all others, and its name, leave the rules alone."""

DRIVEN = tuple(name for name in CLASSES if name not in ("track", "ferry"))
"""Open to cars unless a tag closes them. A track is open only where a tag says that motor
vehicles may use it: in villages it can be the only road, but mostly it is a field's edge."""

DOORSTEPS = (
    "driveway", "parking_aisle", "parking", "drive-through", "emergency_access", "private",
    "slipway",
)  # fmt: skip
"""Kinds of service road that lead to one plot or one parking space: closed to cars, so that
the network stays small; alleys and all other service roads are open."""

WALKED = (
    *(name for name in DRIVEN if not name.startswith(("motorway", "trunk"))),
    "footway", "path", "steps", "pedestrian", "track", "corridor", "platform", "bridleway",
    "elevator", "ferry",
)  # fmt: skip
"""Open to people on foot; others where a tag opens them or they have a sidewalk."""

CYCLED = (
    *(name for name in DRIVEN if not name.startswith("motorway")), "cycleway", "path", "track"
)  # fmt: skip
"""Open to bicycles; footways, pedestrian streets and ferries where a tag opens them."""

STREETS = frozenset((*CLASSES, *WALKED, *CYCLED))
YES = frozenset(("yes", "designated", "permissive", "official"))
GUESTS = frozenset(("destination", "delivery", "customers", "residents"))
"""Open to those who have business there; a trip may also pass through, which is counted."""

NO = frozenset((
    "no", "private", "agricultural", "forestry", "emergency", "military", "psv", "bus", "taxi",
    "permit", "use_sidepath", "dismount",
))  # fmt: skip
ONE_WAY = {
    **dict.fromkeys(("yes", "true", "1"), FORWARD),
    **dict.fromkeys(("-1", "reverse"), BACKWARD),
    **dict.fromkeys(("no", "false", "0", "alternating"), BOTH),
    "reversible": 0,
}
"""``alternating`` (by turns, as at road works) lets both directions pass; ``reversible`` (by
the hour) is closed to cars, for nobody knows which direction is open when."""

CONDITIONAL = "tags that hold at some hours only (…:conditional), not applied"
UNCLEAR_ACCESS = "access values that are not understood, passed over"
UNCLEAR_SPEED = "speed limits that are not understood, taken from the class"
GUESTS_ONLY = "open to cars for destination or delivery only, taken as open"
REVERSIBLE = "oneway=reversible, closed to cars"
ALTERNATING = "oneway=alternating, open both ways"
LINK_UNSAID = "motorway_link without oneway, open both ways"
UNLIKE_SPEEDS = "another speed limit each way, given as their harmonic mean"


def street_rules(combos: Sequence[Tags]) -> pd.DataFrame:
    """Work out the rules of every different combination of tags.

    Parameters
    ----------
    combos
        The tags among ``KEYS`` that ways carry, each combination once.

    Returns
    -------
    street_rules
        One row per combination: ``class``, ``car``, ``walk``, ``bicycle`` (bits of direction),
        ``free_speed_kmh`` (the harmonic mean where directions differ), ``speed_source``,
        ``lanes_count`` and ``capacity_veh_per_h`` (of one direction), ``is_toll``,
        ``duration_min`` (of ferries; else NaN), ``refused`` (why nobody may use it, or ``''``)
        and ``notes`` (tuples of what is worth counting).
    """
    return pd.DataFrame([_rule(tags) for tags in combos], columns=list(_rule({})))


def is_open(tags: Tags, keys: Sequence[str], *, default: bool) -> bool:
    """Tell whether access tags open something, from the widest to the narrowest of the keys."""
    verdicts = [_verdict(tags.get(key)) for key in keys]
    said = [verdict for verdict in verdicts if verdict is not None]
    return said[-1] if said else default


def _rule(tags: Tags) -> dict[str, object]:
    kind, refused = _class(tags)
    car, walk, bicycle = (0, 0, 0) if refused else _modes(tags, kind)
    if not refused and not (car or walk or bicycle):
        refused = "closed to everybody by access tags"
    forward_kmh, backward_kmh, source = speeds_kmh(tags, kind)
    if car == BOTH and forward_kmh != backward_kmh:
        speed = 2 / (1 / forward_kmh + 1 / backward_kmh)
    else:
        speed = backward_kmh if car == BACKWARD else forward_kmh
    lanes = lanes_count(tags, kind, is_one_way=car in (FORWARD, BACKWARD))
    is_apart = car == BOTH and forward_kmh != backward_kmh
    return {
        "class": kind,
        "car": car,
        "walk": walk,
        "bicycle": bicycle,
        "free_speed_kmh": float(speed),
        "speed_source": source,
        "lanes_count": lanes,
        "capacity_veh_per_h": capacity_veh_per_h(kind, lanes),
        "is_toll": tags.get("toll", "no") != "no",
        "duration_min": duration_min(tags.get("duration", "")) if kind == "ferry" else math.nan,
        "refused": refused,
        "notes": tuple(_notes(tags, kind, is_apart=is_apart)),
    }


def _class(tags: Tags) -> tuple[str, str]:
    """Return the class of a way and, if it is no street, the reason."""
    values = [value.strip() for value in tags.get("highway", "").split(";")]
    kind = next((value for value in values if value in STREETS and value != "ferry"), "")
    if not kind and tags.get("route") == "ferry":
        return "ferry", ""
    if not kind:
        return values[0], f"highway={values[0]}" if values[0] else "no highway or ferry"
    return kind, "area=yes" if tags.get("area") == "yes" else ""


def _modes(tags: Tags, kind: str) -> tuple[int, int, int]:
    is_motorroad = tags.get("motorroad") == "yes"
    by_car = kind in DRIVEN and tags.get("service") not in DOORSTEPS
    if kind in ("track", "ferry"):
        opened = [tags.get(key) for key in MOTOR_KEYS[1:]]
        by_car = any(value in YES | GUESTS for value in opened)
    on_foot = _is_opened(tags.get("foot")) or (
        not is_motorroad and (kind in WALKED or _has_sidewalk(tags))
    )
    cycled = _is_opened(tags.get("bicycle")) or (kind in CYCLED and not is_motorroad)
    car = _directions(tags, MOTOR_KEYS) & _one_way(tags, kind) if by_car else 0
    walk = _foot_way(tags) if on_foot and is_open(tags, FOOT_KEYS, default=True) else 0
    bicycle = 0
    if cycled and kind != "steps":
        bicycle = _directions(tags, BICYCLE_KEYS) & _cycle_way(tags, kind)
    return car, walk, bicycle


def _directions(tags: Tags, keys: Sequence[str]) -> int:
    """Return the directions that access tags leave open; those of one direction come last."""
    bits = 0
    for way, bit in (("forward", FORWARD), ("backward", BACKWARD)):
        names = [name for key in keys for name in (key, f"{key}:{way}")]
        bits |= bit * is_open(tags, names, default=True)
    return bits


def _one_way(tags: Tags, kind: str) -> int:
    """Return the directions of cars: the narrowest one-way tag, else what the class implies.

    Motorways and roundabouts imply one way; ramps (``motorway_link``) do not.
    """
    for key in ("oneway:motorcar", "oneway:motor_vehicle", "oneway:vehicle", "oneway"):
        if tags.get(key) in ONE_WAY:
            return ONE_WAY[tags[key]]
    is_implied = kind == "motorway" or tags.get("junction") in ("roundabout", "circular")
    return FORWARD if is_implied else BOTH


def _cycle_way(tags: Tags, kind: str) -> int:
    own = ONE_WAY.get(tags.get("oneway:bicycle", ""))
    if own is not None:
        return own
    lanes = [tags.get(key, "") for key in ("cycleway", *(f"cycleway:{side}" for side in _SIDES))]
    against = [tags.get(f"cycleway:{side}:oneway") in ("no", "-1") for side in _SIDES]
    if any(lane.startswith("opposite") for lane in lanes) or any(against):
        return BOTH
    vehicles = {key: tags[key] for key in ("oneway:vehicle", "oneway", "junction") if key in tags}
    return _one_way(vehicles, kind) or BOTH


def _foot_way(tags: Tags) -> int:
    """Return both directions but for escalators; one-way streets do not bind people on foot."""
    conveying = {"forward": FORWARD, "backward": BACKWARD}.get(tags.get("conveying", ""))
    return conveying or ONE_WAY.get(tags.get("oneway:foot", ""), BOTH)


def _has_sidewalk(tags: Tags) -> bool:
    sides = [tags.get(f"sidewalk:{side}") == "yes" for side in _SIDES]
    return tags.get("sidewalk") in ("yes", *_SIDES) or any(sides)


def _is_opened(value: str | None) -> bool:
    return value is not None and bool(YES & set(_parts(value)))


def _verdict(value: str | None) -> bool | None:
    """Return what one access value says; of a list, one open part is enough."""
    parts = set(_parts(value or ""))
    if parts & (YES | GUESTS):
        return True
    return False if parts & NO else None


def _parts(value: str) -> list[str]:
    return [part.strip().lower() for part in value.split(";")]


def _notes(tags: Tags, kind: str, *, is_apart: bool) -> Iterable[str]:
    if any(key.endswith(":conditional") for key in tags):
        yield CONDITIONAL
    access = [tags[key] for key in {*MOTOR_KEYS, *FOOT_KEYS, *BICYCLE_KEYS} if key in tags]
    if any(_verdict(value) is None for value in access):
        yield UNCLEAR_ACCESS
    limits = [tags[key] for key in ("maxspeed", "maxspeed:forward", "maxspeed:backward")
              if key in tags]  # fmt: skip
    if any(map(is_limit_unclear, limits)):
        yield UNCLEAR_SPEED
    if is_apart:
        yield UNLIKE_SPEEDS
    motor = [tags[key] for key in MOTOR_KEYS if key in tags]
    if kind in DRIVEN and motor and set(_parts(motor[-1])) & GUESTS:
        yield GUESTS_ONLY
    yield from _one_way_notes(tags, kind)


def _one_way_notes(tags: Tags, kind: str) -> Iterable[str]:
    one_way = tags.get("oneway")
    if one_way == "reversible":
        yield REVERSIBLE
    elif one_way == "alternating":
        yield ALTERNATING
    elif one_way is None and kind == "motorway_link":
        yield LINK_UNSAID
