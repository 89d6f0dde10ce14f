"""The answers of Overpass, as osmnx keeps them, merged into one OpenStreetMap file."""

from __future__ import annotations

import json
import os
import re
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any

from agglo.errors import LayerError

SUFFIXES = (".osm.gz", ".osm.pbf", ".osm")
STAMP = re.compile(r'"timestamp_osm_base": "([^"]*)"')
HEAD_CHARACTERS = 1000

Elements = dict[int, tuple[Any, tuple[tuple[str, str], ...]]]
"""By OSM number: position, nodes or members; tags."""


def merged_answers(folders: Iterable[Path]) -> tuple[Elements, Elements, Elements]:
    """Collect nodes, ways and relations; of two versions the one of the later answer stays.

    Raises
    ------
    LayerError
        If an element is not as Overpass gives it, or no way is a street.
    """
    found: dict[str, Elements] = {"node": {}, "way": {}, "relation": {}}
    paths = [path for folder in folders for path in folder.glob("*.json")]
    for path in sorted(paths, key=lambda path: (_stamp(path), path.name)):
        try:
            for element in json.loads(path.read_text(encoding="utf-8"))["elements"]:
                if element["type"] in found:
                    tags = tuple(sorted(element.get("tags", {}).items()))
                    found[element["type"]][int(element["id"])] = (_content(element), tags)
        except (KeyError, TypeError, ValueError, AttributeError) as error:
            raise LayerError(
                f"{path} holds an element that is not as Overpass gives it ({error}); remove "
                f"{path.parent} and run again"
            ) from error
    if not any("highway" in dict(tags) for _, tags in found["way"].values()):
        raise LayerError(
            "OpenStreetMap has no street in the area; check it, and that longitude comes first"
        )
    return found["node"], found["way"], found["relation"]


def check_osm_name(path: Path) -> Path:
    """Return a path that an OpenStreetMap file can be written to.

    Raises
    ------
    LayerError
        If the name does not say the format, or the folder is not there.
    """
    if not path.name.endswith(SUFFIXES) or path.name in SUFFIXES:
        raise LayerError(f"{path} must be a name that ends in {', '.join(SUFFIXES)}")
    if path.is_dir():
        raise LayerError(f"{path} is a folder; name a file")
    if not path.absolute().parent.is_dir():
        raise LayerError(f"the folder of {path} is not there; make it first")
    return path


def write_osm(
    path: Path,
    nodes: Elements,
    ways: Elements,
    relations: Elements,
    *,
    extent: tuple[float, float, float, float],
) -> None:
    """Write the elements, sorted, beside the file first: it is replaced whole or not at all.

    Parameters
    ----------
    extent
        West, south, east, north in degrees, for the header: ways may reach farther.

    Raises
    ------
    LayerError
        If the disk refuses.
    """
    import osmium
    from osmium.osm.mutable import Node, Relation, Way

    temporary = path.with_name(f".{os.getpid()}-{path.name}")
    header = osmium.io.Header()
    header.set("generator", "agglo")
    header.add_box(osmium.osm.Box(*extent))
    try:
        with osmium.SimpleWriter(temporary, header=header, overwrite=True) as writer:
            for number, (position, tags) in sorted(nodes.items()):
                writer.add_node(Node(id=number, location=position, tags=tags))
            for number, (refs, tags) in sorted(ways.items()):
                writer.add_way(Way(id=number, nodes=refs, tags=tags))
            for number, (members, tags) in sorted(relations.items()):
                writer.add_relation(Relation(id=number, members=members, tags=tags))
        temporary.replace(path)
    except (OSError, RuntimeError) as error:
        raise LayerError(f"{path} cannot be written: {error}; an earlier one is whole") from error
    finally:
        temporary.unlink(missing_ok=True)


def _stamp(path: Path) -> str:
    """Return the time of the data in an answer, which stands at its beginning."""
    with path.open(encoding="utf-8") as file:
        found = STAMP.search(file.read(HEAD_CHARACTERS))
    return found[1] if found else ""


def _content(element: Mapping[str, Any]) -> Any:
    if element["type"] == "way":
        return element["nodes"]
    if element["type"] == "relation":
        return [(one["type"][0], one["ref"], one["role"]) for one in element["members"]]
    lon, lat = element["lon"], element["lat"]
    if not (-180 <= lon <= 180 and -90 <= lat <= 90):
        raise ValueError(f"node {element['id']} at {lon}, {lat}")
    return lon, lat
