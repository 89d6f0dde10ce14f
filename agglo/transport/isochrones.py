"""Isochrones: what lies beside the streets that can be reached in time, as polygons."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import geopandas as gpd
import numpy as np
import numpy.typing as npt
import pandas as pd
from scipy.sparse import csr_array
from scipy.sparse.csgraph import dijkstra

from agglo.errors import NetworkError
from agglo.transport.cells import UM_PER_M, Bools, Whole, polygons_from_masks, spread
from agglo.transport.skims import matrix_from_metric
from agglo.transport.topology import LONGEST_MS, Floats, Topology, milliseconds, node_numbers
from agglo.transport.traces import Traces
from agglo.units import M_PER_KM, MS_PER_MINUTE

NUMBERS_HELD = 5_000_000
"""Times held at once, origins × nodes."""


def isochrones(
    topology: Topology,
    metric_min: Floats,
    origins: Sequence[str],
    traces: Traces,
    *,
    within_min: Sequence[float],
    backward: bool = False,
) -> gpd.GeoDataFrame:
    """Draw what can be reached in time from each origin, or from where it can be reached.

    An isochrone is the union of the cells through which the reached part of a street runs, the
    cells of the reached ends of streets, the origin's own cell, and the eight cells around each;
    who arrives at the border between two cells has reached both. So every place within
    ``cell_m`` of a reached point belongs to it, and no place that is ``cell_m`` × √8 or more
    from all of them. A street that takes longer than what is left is travelled in part, at even
    speed.

    By construction an isochrone holds those of lower limits, never shrinks when a link is added
    or sped up, and depends on no other origin. Times are those of ``skim``: what is within the
    limit there lies inside here.

    Parameters
    ----------
    metric_min
        Minutes of each arc of the topology, 0 or more; ``inf`` closes an arc.
    origins
        Names of nodes.
    traces
        Of the same topology.
    within_min
        Limits in any order; rounded to whole milliseconds as all times are.
    backward
        Whether people travel to the origin, as to a hospital.

    Returns
    -------
    isochrones
        A row for each origin and limit, in the order asked for: ``origin``, ``within_min``,
        ``area_km2``, ``reached_km`` (streets, both directions counted once) and ``geometry``
        (``MultiPolygon`` in the CRS of the traces).

    Raises
    ------
    NetworkError
        If an origin is unknown or without a place, a limit is negative or not a number, or the
        traces are those of another topology.
    """
    names = list(origins)
    numbers = _origin_numbers(topology, names, traces)
    limits_ms, place = _limits(within_min)
    metric_ms = milliseconds(topology, metric_min)
    arcs = _open_arcs(topology, metric_ms, traces, backward=backward)
    graph = matrix_from_metric(topology, metric_ms, backward=backward)
    outlines, cells_count, reached_um = [], [], []
    for number, nodes, times_ms in _within(graph, numbers, limits_ms[-1]):
        reach = _reach(arcs, traces, nodes, times_ms, limits_ms)
        masks, column, row = _masks(reach, traces, number, nodes, times_ms, limits_ms)
        polygons = polygons_from_masks(masks, column=column, row=row, cell_m=traces.cell_m)
        outlines.append(polygons[place])
        cells_count.append(masks.sum(axis=(1, 2))[place])
        reached_um.append(reach.length_um[place])
    cell_km2 = (traces.cell_m / M_PER_KM) ** 2
    return gpd.GeoDataFrame(
        {
            "origin": pd.Series(names, dtype=str).repeat(len(place)).to_numpy(),
            "within_min": np.tile(np.asarray(within_min, dtype=float), len(names)),
            "area_km2": np.ravel(cells_count) * cell_km2,
            "reached_km": np.ravel(reached_um) / UM_PER_M / M_PER_KM,
        },
        geometry=np.array(outlines, dtype=object).ravel(),
        crs=traces.crs,
    )


@dataclass(frozen=True, slots=True, kw_only=True)
class _Arcs:
    """The open arcs along streets, in the order of the nodes at which people enter them."""

    start: Whole
    street: npt.NDArray[np.int32]
    from_end: Bools
    """Whether people enter the street at its end."""

    ms: Floats


@dataclass(frozen=True, slots=True, kw_only=True)
class _Reach:
    """The pieces of the streets that one origin reaches."""

    piece: Whole
    missed: npt.NDArray[np.int16]
    """How many of the limits, from the lowest, are too short for the piece."""

    length_um: Whole
    """Length of the streets within each limit."""


def _origin_numbers(topology: Topology, names: list[str], traces: Traces) -> npt.NDArray[np.intp]:
    if not (traces.arcs.equals(topology.arcs) and traces.nodes.equals(topology.nodes)):
        raise NetworkError(
            f"the traces are of {len(traces.arcs)} arcs and {len(traces.nodes)} nodes, not those "
            f"of this topology ({len(topology.arcs)} and {len(topology.nodes)}); "
            "make them from it with traces_from_arcs"
        )
    numbers = node_numbers(topology, names)
    if not traces.is_placed[numbers].all():
        lost = names[int(np.flatnonzero(~traces.is_placed[numbers])[0])]
        raise NetworkError(f"origin '{lost}' has no place; give it x_m and y_m")
    return numbers


def _limits(within_min: Sequence[float]) -> tuple[Floats, Whole]:
    """Return the limits from the lowest up, and the place of each limit asked for among them."""
    wanted = np.asarray(within_min, dtype=float)
    if wanted.ndim != 1 or len(wanted) == 0:
        raise NetworkError("within_min must list one limit or more, such as [15, 30]")
    if not (np.isfinite(wanted) & (wanted >= 0)).all():
        raise NetworkError(f"within_min must hold minutes of 0 or more, got {list(within_min)}")
    limits_ms, place = np.unique(np.rint(wanted * MS_PER_MINUTE), return_inverse=True)
    return np.minimum(limits_ms, LONGEST_MS), place


def _open_arcs(topology: Topology, metric_ms: Floats, traces: Traces, *, backward: bool) -> _Arcs:
    enters = topology.head if backward else topology.tail
    arcs = np.flatnonzero((traces.street >= 0) & np.isfinite(metric_ms))
    arcs = arcs[np.argsort(enters[arcs], kind="stable")]
    return _Arcs(
        start=np.searchsorted(enters[arcs], np.arange(len(topology.nodes) + 1)),
        street=traces.street[arcs],
        from_end=traces.is_turned[arcs] != backward,
        ms=metric_ms[arcs],
    )


def _within(
    graph: csr_array, numbers: npt.NDArray[np.intp], limit_ms: float
) -> Iterator[tuple[int, Whole, Floats]]:
    """Yield each origin with the nodes within the limit and their times (Dijkstra 1959)."""
    step = max(1, NUMBERS_HELD // graph.shape[0])
    for first in range(0, len(numbers), step):
        some = numbers[first : first + step]
        for number, row in zip(some, dijkstra(graph, indices=some, limit=limit_ms), strict=True):
            nodes = np.flatnonzero(row <= limit_ms)
            yield int(number), nodes, row[nodes]


def _reach(
    arcs: _Arcs, traces: Traces, nodes: Whole, times_ms: Floats, limits_ms: Floats
) -> _Reach:
    """Follow the arcs from the nodes within the highest limit as far as each limit allows."""
    found, count = spread(arcs.start, nodes)
    entered_ms, ms = np.repeat(times_ms, count), arcs.ms[found]
    place = np.zeros(len(traces.pieces.length_um), dtype=np.int64)
    place[arcs.street[found]] = 1
    streets = np.flatnonzero(place)
    place[streets] = np.arange(len(streets))
    side = place[arcs.street[found]] + len(streets) * arcs.from_end[found]
    piece, count = spread(traces.pieces.start, streets)
    before, after = traces.pieces.before_share[piece], traces.pieces.after_share[piece]
    street_um = traces.pieces.length_um[streets]
    missed = np.zeros(len(piece), dtype=np.int16)
    length_um = np.zeros(len(limits_ms), dtype=np.int64)
    for number, limit_ms in enumerate(limits_ms):
        left_ms = limit_ms - entered_ms
        share = np.ones(len(left_ms))
        np.divide(left_ms, ms, out=share, where=ms > 0)
        share = np.where(left_ms < 0, -1, np.minimum(share, 1))
        longest = np.full(2 * len(streets), -1.0)
        np.maximum.at(longest, side, share)
        ahead, back = longest[: len(streets)], longest[len(streets) :]
        covered = np.minimum(ahead.clip(0) + back.clip(0), 1)
        length_um[number] = np.rint(street_um * covered).sum()
        missed += (before > np.repeat(ahead, count)) & (after > np.repeat(back, count))
    return _Reach(piece=piece, missed=missed, length_um=length_um)


def _masks(
    reach: _Reach, traces: Traces, origin: int, nodes: Whole, times_ms: Floats, limits_ms: Floats
) -> tuple[Bools, int, int]:
    """Return the cells within each limit, and the numbers of their first column and row."""
    kept = traces.is_drawn[nodes] | (nodes == origin)
    nodes, node_missed = nodes[kept], np.searchsorted(limits_ms, times_ms[kept])
    is_near = reach.missed < len(limits_ms)
    piece = reach.piece[is_near]
    missed = np.concatenate([reach.missed[is_near], node_missed.astype(np.int16)])
    column = np.concatenate([traces.pieces.column[piece], traces.node_column[nodes]])
    row = np.concatenate([traces.pieces.row[piece], traces.node_row[nodes]])
    west, south = int(column.min()), int(row.min())
    shape = int(row.max()) - south + 1, int(column.max()) - west + 1
    least = np.full(shape[0] * shape[1], len(limits_ms), dtype=np.int16)
    np.minimum.at(least, (row.astype(np.int64) - south) * shape[1] + column - west, missed)
    grown = np.pad(least.reshape(shape), 2, constant_values=len(limits_ms))
    for _ in range(2):
        grown = np.minimum(np.minimum(grown[:-2], grown[1:-1]), grown[2:]).T
    masks: Bools = grown <= np.arange(len(limits_ms))[:, None, None]
    return masks, west - 1, south - 1
