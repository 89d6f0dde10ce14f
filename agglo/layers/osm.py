"""Reads OpenStreetMap files: the streets of cars, people on foot and bicycles as links."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import NamedTuple

import geopandas as gpd
import numpy as np
import numpy.typing as npt
import pandas as pd
import shapely

from agglo.errors import LayerError
from agglo.layers.osm_barriers import closures
from agglo.layers.osm_features import OsmFeatures, read_osm_features
from agglo.layers.osm_file import DEGREE, Ints, RawStreets, read_raw_streets
from agglo.layers.osm_parts import Part, largest_part
from agglo.layers.osm_points import Points, points_from_ways
from agglo.layers.osm_report import km_by_way, street_report
from agglo.layers.osm_simplify import (
    Chains,
    chains_from_points,
    drawn_points,
    ends,
    joined,
    lengths_km,
    lowest_stretch,
    selected,
    without_loops,
)
from agglo.layers.osm_speeds import FASTEST_FERRY_KMH, SLOWEST_FERRY_KMH
from agglo.layers.osm_tags import MODES, street_rules
from agglo.units import MINUTES_PER_HOUR

__all__ = ["OsmFeatures", "Streets", "read_osm", "read_osm_features"]

CRS = "EPSG:4326"
CHUNK_LINKS = 10_000
CARRIED = [
    "class", "free_speed_kmh", "speed_source", "lanes_count", "capacity_veh_per_h", "is_toll"
]  # fmt: skip
"""What a link takes from the tags of its way; links that differ in it stay apart."""

DIRECTIONS = np.array(["no", "forward", "backward", "both"], dtype=object)
MODE_BITS = 1 << np.arange(len(MODES), dtype=np.int8)


@dataclass(frozen=True, slots=True, kw_only=True)
class Streets:
    """The streets of an extract, between the points where a trip can turn."""

    nodes: pd.DataFrame
    """By ``node_id`` (text, OpenStreetMap's): ``node_id``, ``lon``, ``lat`` in degrees."""

    links: gpd.GeoDataFrame
    """By ``link_id``, in EPSG:4326; ``car``, ``walk`` and ``bicycle`` say in which direction."""

    report: pd.DataFrame
    """``what`` was dropped, repaired, refused or only counted, with ``count``, ``km``, ``note``."""


def read_osm(path: Path) -> Streets:
    """Read the streets of an OpenStreetMap file.

    Links lie between decision points: where ways meet or end, where an attribute changes, and
    beside barriers. A link keeps the drawn line and its geodesic length. Parallel links are
    kept; a link that would end where it begins is cut in two. Cars keep the largest part of the
    network from which every place can be reached and left again, and so do people on foot and
    bicycles; what lies outside is closed to them, and links closed to all are dropped.

    Parameters
    ----------
    path
        A file that ends in .osm.pbf, .pbf, .osm, .osm.gz or .osm.bz2.

    Returns
    -------
    read_osm
        Links carry ``link_id`` (way id and position of the first of its nodes, ``'123:0'``),
        ``from_id``, ``to_id``, ``name``, ``road`` (ref), ``class``, ``length_km``,
        ``free_speed_kmh`` (the limit), ``speed_source`` ('tag' or 'class'), ``lanes_count`` and
        ``capacity_veh_per_h`` of one direction, ``is_toll``, and by mode 'both', 'forward',
        'backward' or 'no', relative to the line from ``from_id`` to ``to_id``.

    Raises
    ------
    LayerError
        If pyosmium is absent, the file cannot be read, or it holds no street.
    """
    network = _read_network(path)
    points = network.points
    chains, bits, way = _simplified(points, network.chains, network.bits, network.ways["alike"])
    return Streets(
        nodes=_nodes(points, chains),
        links=_links(points, chains, bits, network.ways.iloc[way], network.rules),
        report=network.report,
    )


class _Network(NamedTuple):
    points: Points
    chains: Chains
    """Links that are not joined yet."""

    bits: Ints
    """Their directions, by mode."""

    ways: pd.DataFrame
    rules: pd.DataFrame
    report: pd.DataFrame


def _read_network(path: Path) -> _Network:
    raw = read_raw_streets(path)
    rules = street_rules(raw.combos)
    used = (rules["refused"] == "").to_numpy(dtype=bool)[raw.combo]
    points = points_from_ways(raw, used)
    if not points.is_joined.any():
        raise LayerError(
            f"{path} holds no street whose nodes it holds too ({len(raw.way_id)} ways with a "
            "highway or a ferry); get an extract with ways and their nodes"
        )
    ways = _ways(raw, rules, points)
    way_bits = rules[list(MODES)].to_numpy(dtype=np.int8)[raw.combo]
    modes_open = ((way_bits > 0) @ MODE_BITS)[points.way]
    closed = closures(points, raw.barriers, modes_open)
    chains = chains_from_points(points, closed.bits)
    lead = chains.stretch[chains.first[:-1]]
    bits = np.where(closed.bits[lead, None] & MODE_BITS, 0, way_bits[points.way[lead]])
    called = ways["name"].where(ways["name"] != "", ways["road"])
    parts = _parts(points, chains, bits, called.iloc[points.way[lead]])
    bits *= np.column_stack([parts[mode].is_kept for mode in MODES])
    if not bits.any():
        raise LayerError(
            f"{path} holds streets, but no way there and back on any of them; get a larger extract"
        )
    report = street_report(raw, rules, used, points, closed, parts, way_bits)
    return _Network(points, chains, bits, ways, rules, report)


def _ways(raw: RawStreets, rules: pd.DataFrame, points: Points) -> pd.DataFrame:
    """Return what each way is called, its rule, and a number that ways of one kind share."""
    texts = np.array(raw.texts, dtype=object)
    hours = rules["duration_min"].to_numpy()[raw.combo] / MINUTES_PER_HOUR
    hours[points.cut_way] = np.nan
    speed = km_by_way(points, len(hours)) / np.where(hours > 0, hours, np.nan)
    is_timed = (speed >= SLOWEST_FERRY_KMH) & (speed <= FASTEST_FERRY_KMH)
    kind = rules.groupby(CARRIED, sort=False).ngroup().to_numpy()[raw.combo]
    alike = (kind * len(texts) + raw.name) * len(texts) + raw.road
    return pd.DataFrame(
        {
            "way_id": raw.way_id,
            "name": texts[raw.name],
            "road": texts[raw.road],
            "rule": raw.combo,
            "timed_kmh": np.where(is_timed, speed, np.nan),
            "alike": np.where(is_timed, ~np.arange(len(hours)), alike),
        }
    )


def _parts(points: Points, chains: Chains, bits: Ints, names: pd.Series) -> dict[str, Part]:
    start, end = ends(points, chains)
    length_km = lengths_km(points, chains)
    return {
        mode: largest_part(start, end, bits[:, number], length_km, names)
        for number, mode in enumerate(MODES)
    }


def _simplified(
    points: Points, chains: Chains, bits: Ints, alike: pd.Series
) -> tuple[Chains, Ints, Ints]:
    """Drop the links closed to all, join the rest; return links, their directions and ways."""
    kept = np.flatnonzero(bits.any(axis=1))
    chains, bits = selected(chains, kept), bits[kept]
    way = points.way[chains.stretch[chains.first[:-1]]]
    chains, lead = joined(points, chains, alike.to_numpy()[way], bits)
    chains, origin = without_loops(points, chains)
    return chains, bits[lead[origin]], points.way[lowest_stretch(chains)]


def _nodes(points: Points, chains: Chains) -> pd.DataFrame:
    node = np.unique(np.concatenate(ends(points, chains)))
    nodes = pd.DataFrame(
        {
            "node_id": _texts(points.node_id[node]),
            "lon": points.x[node] / DEGREE,
            "lat": points.y[node] / DEGREE,
        }
    )
    return nodes.set_index("node_id", drop=False).rename_axis(None).sort_index()


def _links(
    points: Points, chains: Chains, bits: Ints, ways: pd.DataFrame, rules: pd.DataFrame
) -> gpd.GeoDataFrame:
    """Make one row per link from its drawn points, its way (a row each) and the way's rule."""
    position = _texts(points.position[lowest_stretch(chains)])
    link_id = _texts(ways["way_id"].to_numpy()) + ":" + position
    # sorted before the frame is made: a frame of this size is better not copied
    order = np.argsort(link_id.to_numpy(dtype=object), kind="stable")
    chains, bits, ways = selected(chains, order), bits[order], ways.iloc[order]
    start, end = (points.node_id[node] for node in ends(points, chains))
    rule = {name: rules[name].array[ways["rule"].to_numpy()] for name in CARRIED}
    timed_kmh = ways["timed_kmh"].to_numpy()
    is_timed = np.isfinite(timed_kmh)
    columns = {
        "link_id": link_id.array[order],
        "from_id": _texts(start).array,
        "to_id": _texts(end).array,
        "name": ways["name"].array,
        "road": ways["road"].array,
        "class": rule["class"],
        "length_km": lengths_km(points, chains),
        "free_speed_kmh": np.where(is_timed, timed_kmh, rule["free_speed_kmh"]),
        "speed_source": pd.Series(rule["speed_source"]).mask(is_timed, "tag").array,
        **{name: rule[name] for name in ("lanes_count", "capacity_veh_per_h", "is_toll")},
        **{mode: DIRECTIONS[bits[:, number]] for number, mode in enumerate(MODES)},
    }
    lines = _lines(points, chains)
    return gpd.GeoDataFrame(columns, index=pd.Index(columns["link_id"]), geometry=lines, crs=CRS)


def _lines(points: Points, chains: Chains) -> npt.NDArray[np.object_]:
    """Draw the links, some at a time: all coordinates at once would be the peak of memory."""
    lines = np.empty(len(chains), dtype=object)
    for rows in np.array_split(np.arange(len(chains)), len(chains) // CHUNK_LINKS + 1):
        point, link = drawn_points(selected(chains, rows))
        node = points.node[point]
        degrees = np.column_stack([points.x[node], points.y[node]]) / DEGREE
        lines[rows] = shapely.linestrings(degrees, indices=link)
    return lines


def _texts(numbers: Ints) -> pd.Series:
    return pd.Series(numbers).astype(str)
