"""The fixed grid under isochrones: lines cut into cells, and cells joined into polygons."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import shapely
from scipy.ndimage import label

from agglo.transport.topology import Floats

Bools = npt.NDArray[np.bool_]
Whole = npt.NDArray[np.int64]

UM_PER_M = 1e6
"""Lengths are whole micrometres: their sums are exact, whatever stands beside them."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Pieces:
    """The pieces into which the grid cuts lines, in the order of the lines and along them."""

    start: Whole
    """Where each line's pieces begin, and where the last ends."""

    column: npt.NDArray[np.int32]
    row: npt.NDArray[np.int32]
    before_share: Floats
    """Share of the line that lies before the piece."""

    after_share: Floats
    """Share of the line that lies after the piece."""

    length_um: Whole
    """Length of each line in micrometres."""


def cell_numbers(places_m: Floats, cell_m: float) -> npt.NDArray[np.int32]:
    """Number the columns or rows of places; a place on the border belongs to the higher one."""
    return np.floor(places_m / cell_m).astype(np.int32)


def spread(start: Whole, lines: npt.NDArray[np.integer]) -> tuple[Whole, Whole]:
    """Return the positions of all that some lines hold, and how many each of them holds."""
    count = start[lines + 1] - start[lines]
    shift = start[lines] - (np.cumsum(count) - count)
    return np.repeat(shift, count) + np.arange(count.sum()), count


def pieces_from_lines(vertices_m: Floats, start: Whole, *, cell_m: float) -> Pieces:
    """Cut lines where they cross the lines of the grid.

    Parameters
    ----------
    vertices_m
        East and north of the vertices of all lines, one line after the other.
    start
        Where each line's vertices begin, and where the last ends; two or more for each line.

    Returns
    -------
    pieces
        What is shorter than a micrometre, such as the touch of a corner, is left out.
    """
    line = np.repeat(np.arange(len(start) - 1), np.diff(start) - 1)
    first = np.delete(np.arange(len(vertices_m)), start[1:] - 1)
    here, there = vertices_m[first], vertices_m[first + 1]
    segment_um = np.rint(np.hypot(*(there - here).T) * UM_PER_M).astype(np.int64)
    run_um = np.concatenate([[0], np.cumsum(segment_um)])
    opens = start[:-1] - np.arange(len(start) - 1)
    length_um = np.diff(run_um[np.append(opens, len(line))])
    travelled_um = run_um[:-1] - run_um[opens][line]

    segment, enter, leave = _cuts(here / cell_m, there / cell_m)
    kept = (leave - enter) * segment_um[segment] >= 1
    segment, enter, leave = segment[kept], enter[kept], leave[kept]
    middle = (enter + leave)[:, None] / 2
    places = here[segment] + (there - here)[segment] * middle
    column, row = cell_numbers(places, cell_m).T
    before_um, after_um = (
        travelled_um[segment] + share * segment_um[segment] for share in (enter, leave)
    )
    owner = line[segment]
    new = np.ones(len(owner), dtype=bool)
    new[1:] = (np.diff(owner) != 0) | (np.diff(column) != 0) | (np.diff(row) != 0)
    last = np.roll(new, -1)
    owner = owner[new]
    return Pieces(
        start=np.searchsorted(owner, np.arange(len(start))),
        column=column[new],
        row=row[new],
        before_share=before_um[new] / length_um[owner],
        after_share=(length_um[owner] - after_um[last]) / length_um[owner],
        length_um=length_um,
    )


def polygons_from_masks(
    masks: Bools, *, column: int, row: int, cell_m: float
) -> npt.NDArray[np.object_]:
    """Outline the cells of each mask.

    Cells that share a side make one polygon, cells that share a corner only make two; holes are
    kept. Rings begin at their lowest corner, the leftmost of these; outer ones run anticlockwise.

    Parameters
    ----------
    masks
        Cells, masks × rows from south × columns from west.
    column, row
        Numbers of the first column and the first row.

    Returns
    -------
    polygons
        One ``MultiPolygon`` for each mask, empty where the mask is.
    """
    count, rows, _ = masks.shape
    stacked = np.pad(masks, ((0, 0), (0, 1), (1, 1))).reshape(count * (rows + 1), -1)
    stacked = np.pad(stacked, ((1, 0), (0, 0)))
    names = label(stacked)[0]
    x, y, following, is_shell, name = _corners(stacked, names)
    leader, rank = _rings(following)
    # the lowest corner of a polygon lies on its outer ring, so this comes before the holes.
    order = np.lexsort((rank, leader, name[leader]))
    opens = np.flatnonzero(rank[order] == 0)
    ring = leader[order][opens]
    places = np.column_stack([column + x, row + y % (rows + 1)])[order]
    vertices = np.insert(places, np.append(opens, len(order))[1:], places[opens], axis=0)
    ring_start = np.append(opens, len(order)) + np.arange(len(opens) + 1)
    polygon_start = np.append(np.flatnonzero(is_shell[ring]), len(ring))
    mask = y[ring[is_shell[ring]]] // (rows + 1)
    mask_start = np.searchsorted(mask, np.arange(count + 1))
    outlines: npt.NDArray[np.object_] = shapely.from_ragged_array(
        shapely.GeometryType.MULTIPOLYGON,
        vertices * cell_m,
        (ring_start, polygon_start, mask_start),
    )
    return outlines


def _cuts(here: Floats, there: Floats) -> tuple[Whole, Floats, Floats]:
    """Cut segments, measured in cells, at whole numbers of both axes; shares along each."""
    number, share = [np.arange(len(here))], [np.zeros(len(here))]
    for a, b in zip(here.T, there.T, strict=True):
        low, high = np.floor(np.minimum(a, b)), np.ceil(np.maximum(a, b))
        crossed = np.maximum(high - low - 1, 0).astype(np.int64)
        crosses = np.repeat(np.arange(len(a)), crossed)
        nth = np.arange(len(crosses)) - np.repeat(np.cumsum(crossed) - crossed, crossed)
        number.append(crosses)
        share.append((low[crosses] + 1 + nth - a[crosses]) / (b - a)[crosses])
    segment, enter = np.concatenate(number), np.concatenate(share)
    # the lowest corner of a polygon lies on its outer ring, so this comes before the holes.
    order = np.lexsort((enter, segment))
    segment, enter = segment[order], enter[order]
    ends = np.append(np.diff(segment) != 0, True)
    return segment, enter, np.where(ends, 1.0, np.roll(enter, -1))


def _corners(
    cells: Bools, names: npt.NDArray[np.int32]
) -> tuple[Whole, Whole, Whole, Bools, npt.NDArray[np.int32]]:
    """Find the corners of the outlines, in the order of the grid, and the one after each.

    A point where two cells meet by their corners only counts twice. If both belong to one
    polygon, its two holes (or the hole and the outside) are kept apart there, else the polygons
    are: so no ring ever meets itself.
    """
    sw, se, nw, ne = cells[:-1, :-1], cells[:-1, 1:], cells[1:, :-1], cells[1:, 1:]
    is_corner = ((sw != nw) | (se != ne)) & ((sw != se) | (nw != ne))
    y, x = np.nonzero(is_corner)
    is_cross = (sw[y, x] == ne[y, x]) & (nw[y, x] == se[y, x])
    twice = np.repeat(np.arange(len(y)), 1 + is_cross)
    is_second = np.append(False, np.diff(twice) == 0)
    y, x, is_cross = y[twice], x[twice], is_cross[twice]
    south_west, north_east, north_west = sw[y, x], ne[y, x], nw[y, x]
    one = np.where(north_east, names[1:, 1:][y, x], names[1:, :-1][y, x])
    other = np.where(north_east, names[:-1, :-1][y, x], names[:-1, 1:][y, x])
    rising = north_east != (one == other)
    goes_east = np.where(is_cross, is_second, north_east != se[y, x])
    goes_north = np.where(is_cross, is_second == rising, north_west != north_east)
    beside = _partners(goes_east, np.arange(len(x)))
    above = _partners(goes_north, np.argsort(x, kind="stable"))
    leaves_sideways = np.where(goes_east, north_east, south_west)
    return x, y, np.where(leaves_sideways, beside, above), north_east, one


def _partners(is_begin: Bools, order: Whole) -> Whole:
    """Join corners by straight sides: in the order along a line, the n-th begin to the n-th end."""
    partner = np.empty(len(order), dtype=np.int64)
    begins, ends = order[is_begin[order]], order[~is_begin[order]]
    partner[begins], partner[ends] = ends, begins
    return partner


def _rings(following: Whole) -> tuple[Whole, Whole]:
    """Name the first corner of each corner's ring and count the steps from there, by doubling."""
    corners = np.arange(len(following))
    rounds = len(following).bit_length()
    leader, ahead = corners, following
    for _ in range(rounds):
        leader, ahead = np.minimum(leader, leader[ahead]), ahead[ahead]
    left = (following != leader).astype(np.int64)
    ahead = np.where(following == leader, corners, following)
    for _ in range(rounds):
        left, ahead = left + left[ahead], ahead[ahead]
    size = np.bincount(leader, minlength=len(corners))
    return leader, size[leader] - 1 - left
