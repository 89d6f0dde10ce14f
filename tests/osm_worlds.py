"""Small OpenStreetMap files whose streets are known by hand."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from xml.sax.saxutils import quoteattr

LON, LAT, STEP = 36.6, 55.1, 0.001
"""Where (0, 0) lies, and the degrees from one to the next."""

Tags = Mapping[str, str]


@dataclass(frozen=True, slots=True, kw_only=True)
class Osm:
    """Nodes by id in steps, ways and relations by id; what refers to other nodes is cut off."""

    nodes: Mapping[int, tuple[float, float]]
    ways: Mapping[int, tuple[Sequence[int], Tags]]
    node_tags: Mapping[int, Tags] = field(default_factory=dict)
    relations: Mapping[int, tuple[Sequence[tuple[str, int, str]], Tags]] = field(
        default_factory=dict
    )
    box: str = ""


def place(step: tuple[float, float]) -> tuple[float, float]:
    """Return longitude and latitude, rounded as OpenStreetMap does."""
    return round(LON + STEP * step[0], 7), round(LAT + STEP * step[1], 7)


def xml_of(osm: Osm) -> str:
    """Write the file as text."""
    lines = ['<?xml version="1.0" encoding="UTF-8"?>', '<osm version="0.6">', osm.box]
    for node, step in osm.nodes.items():
        lon, lat = place(step)
        tags = _tags(osm.node_tags.get(node, {}))
        lines.append(f'<node id="{node}" version="1" lon="{lon:.7f}" lat="{lat:.7f}">{tags}</node>')
    for way, (refs, tags) in osm.ways.items():
        drawn = "".join(f'<nd ref="{ref}"/>' for ref in refs)
        lines.append(f'<way id="{way}" version="1">{drawn}{_tags(tags)}</way>')
    for relation, (members, tags) in osm.relations.items():
        listed = "".join(
            f'<member type="{kind}" ref="{ref}" role="{role}"/>' for kind, ref, role in members
        )
        lines.append(f'<relation id="{relation}" version="1">{listed}{_tags(tags)}</relation>')
    return "\n".join([*lines, "</osm>"])


def write(osm: Osm, path: Path) -> Path:
    """Write the file and return its path."""
    path.write_text(xml_of(osm), encoding="utf-8")
    return path


def _tags(tags: Tags) -> str:
    return "".join(f"<tag k={quoteattr(k)} v={quoteattr(v)}/>" for k, v in tags.items())


LENIN = "улица «Ленина» \"№ 1\" & 'центр' 🚉"


def town() -> Osm:
    """Return a town with one of everything.

    A main street 1-2-3-4 with a one-way ring (2-5-6-3), a parallel street (3-7-4), a loop (4-8-9)
    and a way cut off by the extract (4-34-?-35-36); west of it a roundabout (20 to 23) and a
    bypass (24-26-27-28-1) with a bollard at 27, five metres from 26; a ferry from 28 to 30.
    """
    street = {"highway": "residential"}
    return Osm(
        nodes={
            1: (0, 0), 2: (1, 0), 3: (2, 0), 4: (3, 0), 5: (1, 1), 6: (2, 1), 7: (2.5, 0.5),
            8: (4, 0.5), 9: (3.8, -0.5), 20: (-1, 0), 21: (-1.5, 0.5), 22: (-2, 0),
            23: (-1.5, -0.5), 24: (-3, 0), 25: (-3, 1), 26: (-3, -1), 27: (-2.92, -1),
            28: (0, -1), 30: (0, -41), 32: (1, -41), 34: (5, 0), 35: (6, 0), 36: (7, 0),
            41: (1.5, 2),
        },
        ways={
            10: ((1, 2, 3, 4), {"highway": "secondary", "maxspeed": "RU:urban", "name": LENIN,
                                "ref": "К-1", "lanes": "4", "surface": "asphalt"}),
            11: ((2, 5, 6, 3), {**street, "oneway": "yes"}),
            12: ((3, 7, 4), {**street, "name": "Дублёр"}),
            13: ((4, 8, 9, 4), {**street, "name": "Кольцо"}),
            14: ((20, 23, 22, 21, 20), {"highway": "primary", "junction": "roundabout"}),
            15: ((1, 20), {"highway": "primary"}),
            16: ((22, 24), {"highway": "primary"}),
            17: ((24, 25), {**street, "access": "private"}),
            18: ((24, 26, 27, 28, 1), {"highway": "tertiary", "toll": "yes"}),
            19: ((28, 30), {"route": "ferry", "motor_vehicle": "yes", "duration": "00:30",
                            "name": "Паром"}),
            31: ((30, 32), street),
            33: ((4, 34, 99, 35, 36), {**street, "name": "Обрыв"}),
            40: ((5, 41, 6), {"highway": "footway"}),
            42: ((6, 41), {"highway": "construction", "construction": "residential"}),
            43: ((7, 41), {"building": "yes"}),
        },
        node_tags={27: {"barrier": "bollard"}, 2: {"highway": "crossing"}},
        relations={
            50: ((("way", 10, "from"), ("node", 2, "via"), ("way", 11, "to")),
                 {"type": "restriction", "restriction": "no_left_turn"}),
            51: ((("way", 10, "from"), ("way", 12, "via"), ("way", 13, "to")),
                 {"type": "restriction", "restriction": "only_straight_on"}),
            52: ((("way", 10, "from"),), {"type": "restriction", "restriction": "no_u_turn"}),
            53: ((("way", 10, ""),), {"type": "route", "route": "bus"}),
        },
    )  # fmt: skip
