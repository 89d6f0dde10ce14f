"""Tags of OpenStreetMap ways and nodes: who may go where, how fast, on how many lanes."""

from __future__ import annotations

import math
from itertools import pairwise

import pandas as pd
import pytest

from agglo.layers.osm_barriers import closed_modes
from agglo.layers.osm_speeds import (
    CLASSES,
    duration_min,
    is_limit_unclear,
    lanes_count,
    limit_kmh,
    speeds_kmh,
)
from agglo.layers.osm_tags import BACKWARD, BOTH, DRIVEN, FORWARD, KEYS, Tags, street_rules

CLOSED = 0
CAR, WALK, BICYCLE = 1, 2, 4


def rule(**tags: str) -> pd.Series:
    """Return the rule of one way; ``__`` in a name stands for a colon."""
    return street_rules([{key.replace("__", ":"): value for key, value in tags.items()}]).iloc[0]


def modes(**tags: str) -> tuple[int, int, int]:
    car, walk, bicycle = rule(**tags)[["car", "walk", "bicycle"]]
    return car, walk, bicycle


@pytest.mark.parametrize(
    ("value", "limit"),
    [
        ("60", 60), (" 60 ", 60), ("60 km/h", 60), ("60 км/ч", 60), ("62,5", 62.5),
        ("30 mph", 48.28032), ("30mph", 48.28032), ("10 knots", 18.52), ("walk", 7), ("none", 130),
        ("RU:urban", 60), ("RU:rural", 90), ("RU:motorway", 110), ("RU:living_street", 20),
        ("ru:urban", 60), ("RU:30", 30), ("RU:zone30", 30), ("DE:zone:30", 30), ("DE:30", 30),
        ("DE:urban", 50), ("DE:rural", 100), ("DE:motorway", 130), ("DE:living_street", 7),
        ("DE:bicycle_road", 30), ("FR:rural", 80), ("FR:zone30", 30), ("PT:motorway", 120),
        ("PT:trunk", 100), ("AT:rural", 100), ("BY:urban", 60), ("KZ:rural", 100),
        ("UA:urban", 50), ("IT:trunk", 110), ("ES:motorway", 120), ("GB:nsl_single", 96.56064),
        ("UK:motorway", 112.65408), ("GB:zone20", 32.18688), ("50;30", 30), ("80; 50", 50),
        ("50|80", 50), ("signals;50", 50),
    ],
)  # fmt: skip
def test_a_limit_is_read_in_every_way_of_writing_it(value: str, limit: float) -> None:
    assert limit_kmh(value) == pytest.approx(limit)
    assert not is_limit_unclear(value)


@pytest.mark.parametrize("value", ["fast", "", "0", "1", "5000", "-50", "50 parsecs", "XX:urban",
                                   "RU:", "RU:space", "50-60", "٥٠ km"])  # fmt: skip
def test_a_limit_that_means_nothing_is_none_and_is_counted(value: str) -> None:
    assert math.isnan(limit_kmh(value))
    assert is_limit_unclear(value)
    notes = rule(highway="residential", maxspeed=value)["notes"]
    assert notes == ("speed limits that are not understood, taken from the class",)


@pytest.mark.parametrize("value", ["signals", "variable", "Signals"])
def test_a_limit_without_a_number_is_none_but_no_fault(value: str) -> None:
    assert math.isnan(limit_kmh(value))
    assert rule(highway="primary", maxspeed=value)["notes"] == ()


@pytest.mark.parametrize(
    ("tags", "kind", "wanted"),
    [
        ({}, "primary", (60, 60, "class")),
        ({"maxspeed": "70"}, "primary", (70, 70, "tag")),
        ({"maxspeed": "70", "maxspeed:backward": "50"}, "primary", (70, 50, "tag")),
        ({"maxspeed:forward": "50"}, "primary", (50, 60, "tag")),
        ({"maxspeed": "signals", "maxspeed:type": "RU:rural"}, "primary", (90, 90, "tag")),
        ({"source:maxspeed": "RU:urban"}, "tertiary", (60, 60, "tag")),
        ({"source:maxspeed": "sign"}, "tertiary", (50, 50, "class")),
        ({"zone:maxspeed": "DE:30", "zone:traffic": "DE:urban"}, "tertiary", (30, 30, "tag")),
        ({"maxspeed": "40", "source:maxspeed": "RU:urban"}, "primary", (40, 40, "tag")),
        ({"zone:traffic": "DE:urban"}, "residential", (50, 50, "tag")),
        ({"zone:traffic": "DE:urban"}, "living_street", (20, 20, "class")),
        ({"zone:traffic": "DE:rural"}, "service", (20, 20, "class")),
        ({}, "footway", (10, 10, "class")),
    ],
)
def test_of_several_tags_the_nearest_to_the_sign_gives_the_speed(
    tags: Tags, kind: str, wanted: tuple[float, float, str]
) -> None:
    assert speeds_kmh(tags, kind) == wanted


def test_a_one_way_street_has_the_speed_of_its_own_direction() -> None:
    limits = {"maxspeed__forward": "60", "maxspeed__backward": "30"}
    assert rule(highway="primary", oneway="yes", **limits)["free_speed_kmh"] == 60
    assert rule(highway="primary", oneway="-1", **limits)["free_speed_kmh"] == 30
    assert rule(highway="primary", **limits)["free_speed_kmh"] == pytest.approx(40)


@pytest.mark.parametrize(
    ("tags", "one_way", "wanted"),
    [
        ({}, False, 1),
        ({}, True, 2),
        ({"lanes": "4"}, False, 2),
        ({"lanes": "3"}, False, 1.5),
        ({"lanes": "1"}, False, 0.5),
        ({"lanes": "3"}, True, 3),
        ({"lanes:forward": "2", "lanes:backward": "1"}, False, 1.5),
        ({"lanes": "3", "lanes:both_ways": "1"}, False, 1),
        ({"lanes:forward": "3"}, True, 3),
        ({"lanes": "2;3"}, True, 2),
        ({"lanes": "many"}, True, 2),
        ({"lanes": "0"}, True, 2),
        ({"lanes": "800"}, False, 1),
    ],
)
def test_lanes_are_those_of_one_direction(tags: Tags, one_way: bool, wanted: float) -> None:
    assert lanes_count(tags, "primary", is_one_way=one_way) == wanted


def test_capacity_is_that_of_one_lane_times_the_lanes() -> None:
    assert rule(highway="motorway", lanes="3")["capacity_veh_per_h"] == 6000
    assert rule(highway="primary", lanes="2")["capacity_veh_per_h"] == 1000
    assert rule(highway="residential")["capacity_veh_per_h"] == 500


def test_a_wider_class_is_never_slower_nor_narrower_by_default() -> None:
    order = ["motorway", "trunk", "primary", "secondary", "tertiary", "residential",
             "living_street"]  # fmt: skip
    defaults = [CLASSES[name] for name in order]
    for wide, narrow in pairwise(defaults):
        assert all(a >= b for a, b in zip(wide, narrow, strict=True))


@pytest.mark.parametrize(
    ("value", "minutes"),
    [("20", 20), ("00:20", 20), ("1:30", 90), ("01:30:30", 90.5), ("PT20M", 20), ("PT1H30M", 90),
     ("P1DT1H", 1500), ("pt45s", 0.75)],
)  # fmt: skip
def test_a_duration_is_read_as_minutes(value: str, minutes: float) -> None:
    assert duration_min(value) == minutes


@pytest.mark.parametrize("value", ["", "soon", "P", "PT", "1:2:3:4", "20 min"])
def test_a_duration_that_means_nothing_is_none(value: str) -> None:
    assert math.isnan(duration_min(value))


@pytest.mark.parametrize(
    ("kind", "wanted"),
    [
        ("motorway", (FORWARD, CLOSED, CLOSED)),
        ("motorway_link", (BOTH, CLOSED, CLOSED)),
        ("trunk", (BOTH, CLOSED, BOTH)),
        ("primary", (BOTH, BOTH, BOTH)),
        ("unclassified", (BOTH, BOTH, BOTH)),
        ("living_street", (BOTH, BOTH, BOTH)),
        ("service", (BOTH, BOTH, BOTH)),
        ("road", (BOTH, BOTH, BOTH)),
        ("track", (CLOSED, BOTH, BOTH)),
        ("path", (CLOSED, BOTH, BOTH)),
        ("cycleway", (CLOSED, CLOSED, BOTH)),
        ("footway", (CLOSED, BOTH, CLOSED)),
        ("pedestrian", (CLOSED, BOTH, CLOSED)),
        ("steps", (CLOSED, BOTH, CLOSED)),
    ],
)
def test_a_class_without_other_tags_is_open_to(kind: str, wanted: tuple[int, int, int]) -> None:
    assert modes(highway=kind) == wanted
    assert rule(highway=kind)["refused"] == ""


@pytest.mark.parametrize(
    ("tags", "reason"),
    [
        ({"highway": "construction"}, "highway=construction"),
        ({"highway": "proposed"}, "highway=proposed"),
        ({"highway": "ferry"}, "highway=ferry"),
        ({"highway": "residential", "area": "yes"}, "area=yes"),
        ({"highway": "residential", "access": "no"}, "closed to everybody by access tags"),
        ({"highway": "steps", "foot": "no"}, "closed to everybody by access tags"),
    ],
)
def test_what_is_no_street_is_refused_with_its_reason(tags: dict[str, str], reason: str) -> None:
    assert rule(**tags)["refused"] == reason
    assert modes(**tags) == (CLOSED, CLOSED, CLOSED)


def test_of_a_list_of_classes_the_first_known_one_counts() -> None:
    assert rule(highway="unclassified;tertiary")["class"] == "unclassified"
    assert rule(highway="mystery;tertiary")["class"] == "tertiary"


@pytest.mark.parametrize(
    ("tags", "car"),
    [
        ({"access": "no"}, CLOSED),
        ({"access": "private"}, CLOSED),
        ({"access": "no", "motor_vehicle": "yes"}, BOTH),
        ({"access": "yes", "motorcar": "no"}, CLOSED),
        ({"vehicle": "no", "motorcar": "yes"}, BOTH),
        ({"motor_vehicle": "private"}, CLOSED),
        ({"motor_vehicle": "agricultural;forestry"}, CLOSED),
        ({"motor_vehicle": "agricultural;destination"}, BOTH),
        ({"motor_vehicle": "destination"}, BOTH),
        ({"access": "delivery"}, BOTH),
        ({"access": "no", "bus": "yes"}, CLOSED),
        ({"access": "whatever"}, BOTH),
        ({"access": "no", "motor_vehicle": "whatever"}, CLOSED),
        ({"motor_vehicle:backward": "no"}, FORWARD),
        ({"vehicle:forward": "no"}, BACKWARD),
        ({"motor_vehicle": "no", "motorcar:forward": "yes"}, FORWARD),
    ],
)
def test_the_narrowest_access_tag_decides_for_cars(tags: dict[str, str], car: int) -> None:
    assert street_rules([{"highway": "residential", **tags}])["car"].iloc[0] == car


@pytest.mark.parametrize("kind", ["driveway", "parking_aisle", "emergency_access"])
def test_the_way_to_one_doorstep_is_closed_to_cars_and_open_on_foot(kind: str) -> None:
    assert modes(highway="service", service=kind) == (CLOSED, BOTH, BOTH)
    assert modes(highway="service", service="alley") == (BOTH, BOTH, BOTH)


def test_a_track_is_open_to_cars_only_where_a_tag_says_so() -> None:
    assert modes(highway="track", motor_vehicle="yes") == (BOTH, BOTH, BOTH)
    assert modes(highway="track", access="yes") == (CLOSED, BOTH, BOTH)
    assert modes(highway="track", motor_vehicle="agricultural") == (CLOSED, BOTH, BOTH)


@pytest.mark.parametrize(
    ("tags", "walk"),
    [
        ({"highway": "trunk", "foot": "yes"}, BOTH),
        ({"highway": "trunk", "sidewalk": "right"}, BOTH),
        ({"highway": "trunk", "sidewalk": "separate"}, CLOSED),
        ({"highway": "motorway", "foot": "designated"}, BOTH),
        ({"highway": "primary", "foot": "no"}, CLOSED),
        ({"highway": "primary", "foot": "use_sidepath"}, CLOSED),
        ({"highway": "primary", "motorroad": "yes"}, CLOSED),
        ({"highway": "residential", "access": "private", "foot": "yes"}, BOTH),
        ({"highway": "residential", "motor_vehicle": "no"}, BOTH),
        ({"highway": "residential", "oneway": "yes"}, BOTH),
        ({"highway": "cycleway", "foot": "yes"}, BOTH),
        ({"highway": "steps", "conveying": "forward"}, FORWARD),
        ({"highway": "footway", "oneway:foot": "-1"}, BACKWARD),
    ],
)
def test_people_on_foot_may_walk(tags: dict[str, str], walk: int) -> None:
    assert street_rules([tags])["walk"].iloc[0] == walk


@pytest.mark.parametrize(
    ("tags", "bicycle"),
    [
        ({"highway": "footway", "bicycle": "yes"}, BOTH),
        ({"highway": "steps", "bicycle": "yes"}, CLOSED),
        ({"highway": "path", "bicycle": "dismount"}, CLOSED),
        ({"highway": "motorway", "bicycle": "yes"}, FORWARD),
        ({"highway": "trunk", "motorroad": "yes"}, CLOSED),
        ({"highway": "residential", "vehicle": "no"}, CLOSED),
        ({"highway": "residential", "vehicle": "no", "bicycle": "yes"}, BOTH),
        ({"highway": "residential", "motor_vehicle": "no"}, BOTH),
        ({"highway": "residential", "oneway": "yes"}, FORWARD),
        ({"highway": "residential", "oneway": "-1"}, BACKWARD),
        ({"highway": "residential", "oneway": "yes", "oneway:bicycle": "no"}, BOTH),
        ({"highway": "residential", "oneway": "yes", "cycleway": "opposite_lane"}, BOTH),
        ({"highway": "residential", "oneway": "yes", "cycleway:left": "opposite"}, BOTH),
        ({"highway": "residential", "oneway": "yes", "cycleway:left:oneway": "no"}, BOTH),
        ({"highway": "residential", "oneway": "yes", "cycleway": "lane"}, FORWARD),
        ({"highway": "primary", "oneway": "reversible"}, BOTH),
        ({"highway": "primary", "junction": "roundabout"}, FORWARD),
    ],
)
def test_bicycles_may_ride(tags: dict[str, str], bicycle: int) -> None:
    assert street_rules([tags])["bicycle"].iloc[0] == bicycle


@pytest.mark.parametrize(
    ("tags", "car"),
    [
        ({"oneway": "yes"}, FORWARD),
        ({"oneway": "true"}, FORWARD),
        ({"oneway": "1"}, FORWARD),
        ({"oneway": "-1"}, BACKWARD),
        ({"oneway": "reverse"}, BACKWARD),
        ({"oneway": "no"}, BOTH),
        ({"oneway": "alternating"}, BOTH),
        ({"oneway": "reversible"}, CLOSED),
        ({"oneway": "perhaps"}, BOTH),
        ({"junction": "roundabout"}, FORWARD),
        ({"junction": "circular"}, FORWARD),
        ({"junction": "roundabout", "oneway": "-1"}, BACKWARD),
        ({"junction": "roundabout", "oneway": "no"}, BOTH),
        ({"oneway": "yes", "oneway:motor_vehicle": "no"}, BOTH),
        ({"highway": "motorway", "oneway": "no"}, BOTH),
        ({"highway": "motorway", "oneway": "perhaps"}, FORWARD),
        ({"oneway": "yes", "motor_vehicle:forward": "no"}, CLOSED),
    ],
)
def test_one_way_tags_and_what_implies_them(tags: dict[str, str], car: int) -> None:
    assert street_rules([{"highway": "primary", **tags}])["car"].iloc[0] == car


@pytest.mark.parametrize(
    ("tags", "wanted"),
    [
        ({}, (CLOSED, BOTH, CLOSED)),
        ({"motor_vehicle": "yes"}, (BOTH, BOTH, CLOSED)),
        ({"motorcar": "designated", "bicycle": "yes"}, (BOTH, BOTH, BOTH)),
        ({"motor_vehicle": "no"}, (CLOSED, BOTH, CLOSED)),
        ({"foot": "no", "motor_vehicle": "yes"}, (BOTH, CLOSED, CLOSED)),
    ],
)
def test_a_ferry_carries_cars_only_where_a_tag_says_so(
    tags: dict[str, str], wanted: tuple[int, int, int]
) -> None:
    assert modes(route="ferry", **tags) == wanted
    assert rule(route="ferry", duration="0:15", **tags)["duration_min"] == 15


@pytest.mark.parametrize(
    ("tags", "note"),
    [
        ({"oneway": "reversible"}, "oneway=reversible, closed to cars"),
        ({"oneway": "alternating"}, "oneway=alternating, open both ways"),
        ({"access": "destination"}, "open to cars for destination or delivery only, taken as open"),
        ({"access": "sometimes"}, "access values that are not understood, passed over"),
        ({"access:conditional": "no @ (22:00-06:00)"},
         "tags that hold at some hours only (…:conditional), not applied"),
        ({"highway": "motorway_link"}, "motorway_link without oneway, open both ways"),
        ({"maxspeed:forward": "20", "maxspeed:backward": "30"},
         "another speed limit each way, given as their harmonic mean"),
    ],
)  # fmt: skip
def test_what_the_rules_pass_over_is_noted(tags: dict[str, str], note: str) -> None:
    assert street_rules([{"highway": "primary", **tags}])["notes"].iloc[0] == (note,)


def test_the_narrowest_tag_decides_whether_cars_are_guests() -> None:
    assert rule(highway="service", access="destination", motor_vehicle="yes")["notes"] == ()


def test_every_tag_that_a_rule_reads_is_read_from_the_file() -> None:
    """A key missing from KEYS would be passed over silently."""
    asked: set[str] = set()

    class Asking(dict[str, str]):
        def get(self, key: str, default: object = None) -> object:  # type: ignore[override]
            asked.add(key)
            return super().get(key, default)  # type: ignore[arg-type]

        def __contains__(self, key: object) -> bool:
            asked.add(str(key))
            return super().__contains__(key)

    for kind in (*DRIVEN, "track", "trunk", "footway", "steps", "path"):
        street_rules([Asking(highway=kind)])
    street_rules([Asking(route="ferry")])
    kinds_of_access = {"access:forward", "access:backward"}
    assert asked - kinds_of_access <= set(KEYS)
    assert len(asked) > 40


@pytest.mark.parametrize(
    ("tags", "closed"),
    [
        ({"barrier": "bollard"}, CAR),
        ({"barrier": "block"}, CAR),
        ({"barrier": "yes"}, CAR),
        ({"barrier": "cycle_barrier"}, CAR),
        ({"barrier": "bollard", "motor_vehicle": "yes"}, 0),
        ({"barrier": "bollard", "access": "no", "foot": "yes"}, CAR | BICYCLE),
        ({"barrier": "gate"}, 0),
        ({"barrier": "lift_gate"}, 0),
        ({"barrier": "toll_booth"}, 0),
        ({"barrier": "gate", "access": "private"}, CAR | WALK | BICYCLE),
        ({"barrier": "gate", "access": "no", "foot": "yes", "bicycle": "yes"}, CAR),
        ({"barrier": "gate", "motor_vehicle": "private"}, CAR),
        ({"barrier": "gate", "access": "destination"}, 0),
        ({"barrier": "kissing_gate"}, CAR | BICYCLE),
        ({"barrier": "stile", "bicycle": "yes"}, CAR),
        ({"barrier": "gate", "foot": "no"}, WALK),
    ],
)
def test_a_barrier_stops(tags: Tags, closed: int) -> None:
    assert closed_modes(tags) == closed
