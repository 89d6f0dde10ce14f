"""The drawn points of OpenStreetMap ways: repaired, joined to stretches and measured."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
from pyproj import Geod
from scipy.sparse import coo_array
from scipy.sparse.csgraph import connected_components

from agglo.layers.osm_file import DEGREE, NOWHERE, Ints, Ints32, RawStreets, ranges
from agglo.units import M_PER_KM

Floats = npt.NDArray[np.float64]
Flags = npt.NDArray[np.bool_]
CHUNK_POINTS = 50_000
MOST_X, MOST_Y = 180 * DEGREE, 90 * DEGREE


@dataclass(frozen=True, slots=True, kw_only=True)
class Points:
    """The points of the ways in use, way after way; a stretch leads from a point to the next.

    A stretch has the number of its first point, so numbers rise with way id and position.
    """

    way: Ints
    """Row of the way in ``RawStreets``."""

    position: Ints
    """Place of the point in the way's own list of nodes, from 0."""

    node: Ints
    """Number of the node among ``node_id``."""

    is_joined: Flags
    """Whether a stretch leads to the next point."""

    length_km: Floats
    """Of the stretch to the next point on the WGS84 ellipsoid; 0 where there is none."""

    node_id: Ints
    """OpenStreetMap ids, rising."""

    x: Ints32
    y: Ints32
    """Longitude and latitude of each node in ten-millionths of a degree."""

    cut_way: Ints
    """Rows of the ways of which the file does not hold every node."""

    missing_count: int
    """Nodes of ways that the file does not hold."""

    repeated_count: int
    """Nodes listed twice in a row, counted once."""

    merged_count: int
    """Nodes at the very place of their neighbour in a way, made one node with it."""

    pointless_count: int
    """Ways without two points to join."""


def points_from_ways(raw: RawStreets, used: Flags) -> Points:
    """Join the nodes of the used ways to stretches.

    Nodes that the file does not hold are left out and cut their way in two; a node listed twice
    in a row counts once; nodes at one place that follow each other in a way become one node,
    that of the lowest id; what is left of a way without a stretch is dropped.

    Parameters
    ----------
    used
        Which ways to keep.
    """
    counts = np.diff(raw.first)[used]
    flat = ranges(raw.first[:-1][used], counts)
    way: Ints = np.repeat(np.flatnonzero(used).astype(np.int32), counts)
    position = ranges(np.zeros_like(counts), counts)
    number: Ints = np.searchsorted(raw.node_id, raw.ref[flat]).astype(np.int32)
    is_known = _is_known(raw)[number]
    # a run is an unbroken row of known points of one way
    run: Ints = np.cumsum(~_follows(way) | ~is_known, dtype=np.int32)
    cut_way, missing = np.unique(way[~is_known]), int((~is_known).sum())
    way, position, number, run = (each[is_known] for each in (way, position, number, run))
    own = _one_node_per_place(raw, number, run)
    is_same_id = _follows(run) & _follows(number)
    is_repeat = _follows(run) & _follows(own)
    is_alone = ~_is_joined(run[~is_repeat], either=True)
    kept = np.flatnonzero(~is_repeat)[~is_alone]
    node, is_joined = own[kept], _is_joined(run[kept])
    return Points(
        way=way[kept],
        position=position[kept],
        node=node,
        is_joined=is_joined,
        length_km=_lengths_km(raw.x[node], raw.y[node], is_joined),
        node_id=raw.node_id,
        x=raw.x,
        y=raw.y,
        cut_way=cut_way,
        missing_count=missing,
        repeated_count=int(is_same_id.sum()),
        merged_count=int((is_repeat & ~is_same_id).sum()),
        pointless_count=int(used.sum()) - len(np.unique(way[kept])),
    )


def _is_known(raw: RawStreets) -> Flags:
    """Tell which nodes the file holds, at a place on Earth."""
    x, y = raw.x.astype(np.int64), raw.y.astype(np.int64)
    is_known: Flags = (raw.x != NOWHERE) & (np.abs(x) <= MOST_X) & (np.abs(y) <= MOST_Y)
    return is_known


def _follows(values: Ints) -> Flags:
    """Tell which values equal the one before."""
    return np.append([False], values[1:] == values[:-1])[: len(values)]


def _is_joined(run: Ints, *, either: bool = False) -> Flags:
    """Tell which points are joined to the next of their run; or to the one before, if either."""
    before = _follows(run)
    after = np.append(before[1:], [False])[: len(run)]
    return after | before if either else after


def _one_node_per_place(raw: RawStreets, number: Ints, run: Ints) -> Ints:
    """Return the node that stands for each: the lowest of those joined by no length."""
    x, y = raw.x[number], raw.y[number]
    is_merged = _follows(run) & _follows(x) & _follows(y) & ~_follows(number)
    second = np.flatnonzero(is_merged)
    if not len(second):
        return number
    count = len(raw.node_id)
    pairs = (np.ones(len(second)), (number[second - 1], number[second]))
    _, part = connected_components(coo_array(pairs, shape=(count, count)), directed=False)
    lowest = np.full(part.max() + 1, count, dtype=np.int32)
    np.minimum.at(lowest, part, np.arange(count, dtype=np.int32))
    own: Ints = lowest[part[number]]
    return own


def _lengths_km(x: Ints32, y: Ints32, is_joined: Flags) -> Floats:
    """Measure stretches as geodesics of the WGS84 ellipsoid (Karney 2013, through PROJ)."""
    geod = Geod(ellps="WGS84")
    length_km = np.zeros(len(x))
    for start in np.array_split(np.flatnonzero(is_joined), len(x) // CHUNK_POINTS + 1):
        # the first one twice: pyproj takes an array of one for a number, and numpy warns of it
        point = np.append(start, start[:1])
        a, b, c, d = (end / DEGREE for end in (x[point], y[point], x[point + 1], y[point + 1]))
        length_km[start] = geod.inv(a, b, c, d)[2][: len(start)] / M_PER_KM
    return length_km
