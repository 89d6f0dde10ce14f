"""Copies what streets need out of an OpenStreetMap file into plain arrays, through pyosmium."""

from __future__ import annotations

from array import array
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np
import numpy.typing as npt

from agglo.errors import LayerError
from agglo.layers.osm_tags import KEYS, Tags

if TYPE_CHECKING:
    from osmium import NodeLocationsForWays
    from osmium.index import LocationTable
    from osmium.io import File
    from osmium.osm.types import Relation

Ints = npt.NDArray[np.integer[Any]]
Ints32 = npt.NDArray[np.int32]
SUFFIXES = (".osm.pbf", ".pbf", ".osm", ".osm.gz", ".osm.bz2")
DEGREE = 10_000_000
"""Coordinates are whole numbers of this part of a degree."""

NOWHERE = 2_147_483_647
"""The coordinate of a node that the file does not hold."""

BARRIER_KEYS = ("barrier", "access", "vehicle", "motor_vehicle", "motorcar", "foot", "bicycle")
RESTRICTION_KEYS = ("restriction", "restriction:conditional", "restriction:motorcar",
                    "restriction:hgv", "restriction:bus")  # fmt: skip


@dataclass(frozen=True, slots=True, kw_only=True)
class RawStreets:
    """The ways with a highway or ferry as the file has them, ordered by their id."""

    way_id: Ints
    first: Ints
    """Where each way begins among ``ref``; one more than there are ways."""

    ref: Ints
    """The ids of the nodes of all ways, one way after the other."""

    combo: Ints
    """Number of each way's tags among ``combos``."""

    name: Ints
    road: Ints
    """Numbers among ``texts``."""

    combos: tuple[Tags, ...]
    texts: tuple[str, ...]
    node_id: Ints
    """The nodes that ways refer to, rising."""

    x: Ints32
    y: Ints32
    """Longitude and latitude in ten-millionths of a degree; ``NOWHERE`` if not in the file."""

    barriers: Mapping[int, Tags]
    """Tags of the nodes that are barriers."""

    restrictions: Mapping[tuple[str, str], int]
    """Turn restrictions by kind and by how they are drawn (via a node, via ways, incomplete)."""

    repeated_count: int
    """Ways that stood in the file more than once; the last one counts."""


def osm_file(path: Path) -> File:
    """Return a file of known format for pyosmium.

    Raises
    ------
    LayerError
        If pyosmium is not installed, the path is no file, or its name has another ending.
    """
    try:
        import osmium.io
    except ImportError as error:
        raise LayerError(
            f"{path} cannot be read without pyosmium; run: pip install agglo[osm]"
        ) from error
    if not path.is_file():
        what = "is a folder" if path.is_dir() else "is not there"
        raise LayerError(f"{path} {what}; wanted a file that ends in {', '.join(SUFFIXES)}")
    ending = next((end for end in SUFFIXES if path.name.lower().endswith(end)), None)
    if ending is None:
        raise LayerError(f"{path} has an unknown ending; wanted one of {', '.join(SUFFIXES)}")
    if path.stat().st_size == 0:
        raise LayerError(f"{path} is empty; get the extract anew")
    return osmium.io.File(str(path), ending.removeprefix("."))


@contextmanager
def reading(path: Path) -> Iterator[None]:
    """Turn what pyosmium raises about a broken file into one clear error."""
    try:
        yield
    except (RuntimeError, UnicodeDecodeError) as error:
        raise LayerError(
            f"{path} cannot be read as OpenStreetMap data: {error}; it is cut off, damaged or "
            "something else; get the extract anew"
        ) from error


def read_raw_streets(path: Path) -> RawStreets:
    """Read the ways with a highway or a ferry, their nodes, barriers and turn restrictions.

    Raises
    ------
    LayerError
        If the file cannot be read or is no OpenStreetMap file.
    """
    file = osm_file(path)
    with reading(path):
        table, keeper, barriers = _read_nodes(file)
        ways = _read_ways(file, keeper)
        node_id = np.unique(ways.ref)
        x, y = _locate(table, node_id, _unsent_nodes(file) if node_id[:1].sum() < 0 else {})
    order, repeated = _last_of_each(ways.way_id)
    counts = ways.counts[order]
    begins = np.cumsum(ways.counts) - ways.counts
    combo, name, road = ways.numbers[order].T
    return RawStreets(
        way_id=ways.way_id[order],
        first=np.append(0, np.cumsum(counts)),
        ref=ways.ref[ranges(begins[order], counts)],
        combo=combo,
        name=name,
        road=road,
        combos=ways.combos,
        texts=ways.texts,
        node_id=node_id,
        x=x,
        y=y,
        barriers=barriers,
        restrictions=ways.restrictions,
        repeated_count=repeated,
    )


def ranges(first: Ints, counts: Ints) -> Ints:
    """Return first, first + 1, … for each of several runs, one run after the other."""
    ends = np.cumsum(counts)
    total = int(ends[-1]) if len(ends) else 0
    begins = (first - (ends - counts)).astype(np.int32)
    return np.arange(total, dtype=np.int32) + np.repeat(begins, counts)


class _Ways(NamedTuple):
    way_id: Ints
    counts: Ints
    ref: Ints
    numbers: Ints
    combos: tuple[Tags, ...]
    texts: tuple[str, ...]
    restrictions: Mapping[tuple[str, str], int]


def _read_nodes(file: File) -> tuple[LocationTable, NodeLocationsForWays, dict[int, Tags]]:
    """Keep where every node is, outside Python, and the tags of barriers."""
    import osmium

    table = osmium.index.create_map("flex_mem")
    keeper = osmium.NodeLocationsForWays(table)
    keeper.ignore_errors()
    nodes = osmium.FileProcessor(file, osmium.osm.NODE).with_filter(keeper)
    barriers: dict[int, Tags] = {}
    for node in nodes.with_filter(osmium.filter.KeyFilter("barrier")):
        found = ((key, node.tags.get(key)) for key in BARRIER_KEYS)
        barriers[node.id] = {key: value for key, value in found if value is not None}
    return table, keeper, barriers


def _read_ways(file: File, keeper: NodeLocationsForWays) -> _Ways:
    """Read ways and turn restrictions; tags and names are kept once, and numbered.

    The keeper of nodes sorts them when it meets the first way, so it must see the ways too.
    """
    import osmium

    way_id, counts, ref, numbers = array("q"), array("q"), array("q"), array("q")
    combos: dict[tuple[str | None, ...], int] = {}
    texts: dict[str, int] = {}
    restrictions: Counter[tuple[str, str]] = Counter()
    wanted = osmium.filter.KeyFilter("highway", "route", *RESTRICTION_KEYS)
    bits = osmium.osm.WAY | osmium.osm.RELATION
    items: Iterable[Any] = osmium.FileProcessor(file, bits).with_filter(wanted).with_filter(keeper)
    for item in items:
        get = item.tags.get
        if item.is_relation():
            restrictions.update(_restriction(item))
        elif get("highway") is not None or get("route") == "ferry":
            refs = [node.ref for node in item.nodes]
            ref.extend(refs)
            counts.append(len(refs))
            way_id.append(item.id)
            numbers.append(combos.setdefault(tuple([get(key) for key in KEYS]), len(combos)))
            numbers.append(texts.setdefault((get("name") or "").strip(), len(texts)))
            numbers.append(texts.setdefault((get("ref") or "").strip(), len(texts)))
    return _Ways(
        way_id=_ints(way_id),
        counts=_ints(counts),
        ref=_ints(ref),
        numbers=_ints(numbers).reshape(-1, 3),
        combos=tuple(
            {key: value for key, value in zip(KEYS, combo, strict=True) if value is not None}
            for combo in combos
        ),
        texts=tuple(texts),
        restrictions=dict(sorted(restrictions.items())),
    )


def _restriction(relation: Relation) -> list[tuple[str, str]]:
    """Return the kind of a turn restriction and how it is drawn; nothing for other relations."""
    tags = relation.tags
    if not (tags.get("type") or "").startswith("restriction"):
        return []
    key = next(key for key in RESTRICTION_KEYS if key in tags)
    kind = tags[key].split("@")[0].strip()
    roles = {(member.role, member.type) for member in relation.members}
    ends = {role for role, _ in roles}
    if not {"from", "to"} <= ends and not (kind in ("no_entry", "no_exit") and "via" in ends):
        return [(kind, "incomplete")]
    if ("via", "w") in roles:
        return [(kind, "via ways")]
    return [(kind, "via a node" if ("via", "n") in roles else "incomplete")]


def _unsent_nodes(file: File) -> dict[int, tuple[int, int]]:
    """Return where nodes are that an editor drew and no server numbered: those below 0."""
    import osmium

    nodes: Iterable[Any] = osmium.FileProcessor(file, osmium.osm.NODE)
    return {node.id: (node.location.x, node.location.y) for node in nodes if node.id < 0}


def _locate(
    table: LocationTable, node_id: Ints, unsent: Mapping[int, tuple[int, int]]
) -> tuple[Ints32, Ints32]:
    x, y = array("i"), array("i")
    get = table.get
    for number in array("q", node_id.tobytes()):
        try:
            location = get(number) if number >= 0 else None
        except KeyError:
            location = None
        if location is None:
            own = unsent.get(number, (NOWHERE, NOWHERE))
            x.append(own[0])
            y.append(own[1])
        else:
            x.append(location.x)
            y.append(location.y)
    return np.array(x, dtype=np.int32), np.array(y, dtype=np.int32)


def _last_of_each(way_id: Ints) -> tuple[Ints, int]:
    """Return the rows of ways by rising id, the last of those that repeat, and the repeats."""
    order = np.argsort(way_id, kind="stable")
    is_last = np.append(way_id[order][1:] != way_id[order][:-1], [True])[: len(order)]
    return order[is_last], int(len(order) - is_last.sum())


def _ints(values: array[int]) -> Ints:
    return np.array(values, dtype=np.int64)
