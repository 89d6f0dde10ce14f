"""Cutting and extending strands, many at once: no loop over lines."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt
import pandas as pd
import shapely

from agglo.layers.repair_strands import Flags, Floats, Ints, Lines, Strands, found

MM_PER_M = 1000
LARGEST_KEY = 2**62


@dataclass(frozen=True, slots=True, kw_only=True)
class Ends:
    """The points where strands end, each once, by x and y, and who ends where."""

    xy_m: Floats
    tail: Ints
    """Number of the point where each strand begins."""

    head: Ints
    """Number of the point where each strand ends."""

    @property
    def degree(self) -> Ints:
        """Count the strands' ends at each point."""
        both = np.concatenate([self.tail, self.head])
        return np.bincount(both, minlength=len(self.xy_m)).astype(np.int64)


@dataclass(frozen=True, slots=True, kw_only=True)
class Vertices:
    """The vertices of some lines in one array, line after line."""

    xy_m: Floats
    line: Ints

    @property
    def is_first(self) -> Flags:
        """Tell which vertices begin a line."""
        return np.asarray(np.diff(self.line, prepend=-1) != 0, dtype=bool)

    @property
    def is_last(self) -> Flags:
        """Tell which vertices end a line."""
        return np.asarray(np.diff(self.line, append=-1) != 0, dtype=bool)

    @property
    def along_m(self) -> Floats:
        """Measure the way to each vertex over all lines in a row."""
        steps = np.hypot(*np.diff(self.xy_m, axis=0, prepend=self.xy_m[:1]).T)
        return np.cumsum(np.where(self.is_first, 0.0, steps))


def vertices_of(lines: Lines) -> Vertices:
    """Return the vertices of lines in one array."""
    xy_m, line = shapely.get_coordinates(lines, return_index=True)
    return Vertices(xy_m=xy_m, line=line)


def ends_of(lines: Lines) -> Ends:
    """Return where lines end; ends on the same millimetre are one point."""
    vertices = vertices_of(lines)
    xy_m, number = numbered(
        np.concatenate([vertices.xy_m[vertices.is_first], vertices.xy_m[vertices.is_last]])
    )
    return Ends(xy_m=xy_m, tail=number[: len(lines)], head=number[len(lines) :])


def numbered(xy_m: Floats) -> tuple[Floats, Ints]:
    """Return the different points by x and y, and the number of each row among them."""
    if not len(xy_m):
        return xy_m, np.empty(0, dtype=np.int64)
    key = _sort_keys(xy_m)
    order = np.argsort(key, kind="stable")
    is_new = np.diff(key[order], prepend=key[order[0]] - 1) != 0
    number = np.empty(len(xy_m), dtype=np.int64)
    number[order] = np.cumsum(is_new) - 1
    return xy_m[order[is_new]], number


def millimetres(xy_m: Floats) -> Ints:
    """Return coordinates as whole millimetres."""
    return np.rint(xy_m * MM_PER_M).astype(np.int64)


def cut_shared(strands: Strands) -> tuple[Strands, pd.DataFrame]:
    """Cut strands at inner vertices that they share with a strand of the same level.

    Returns
    -------
    strands, findings
        The pieces and where they were cut.
    """
    vertices = vertices_of(strands.lines)
    _, number = numbered(vertices.xy_m)
    place = number * (strands.level.max(initial=0) + 1) + strands.level[vertices.line]
    _, code = np.unique(place, return_inverse=True)
    is_shared = np.bincount(code)[code] > 1
    is_cut = is_shared & ~vertices.is_first & ~vertices.is_last
    lines, parent = _pieces(vertices, is_cut)
    row = strands.row[vertices.line[is_cut]]
    findings = found("shared vertex", "repaired", vertices.xy_m[is_cut], row=row)
    return strands.take(parent).with_lines(lines), findings


def split(strands: Strands, line: Ints, along_m: Floats, xy_m: Floats) -> Strands:
    """Lead lines through points near them and cut them there.

    Parameters
    ----------
    line, along_m, xy_m
        For each cut the number of the strand, the way along it and the point.

    Returns
    -------
    split
        The pieces stand where their strand stood, in the direction it was drawn.
    """
    if not len(line):
        return strands
    touched, local = np.unique(line, return_inverse=True)
    vertices = vertices_of(strands.lines[touched])
    run = vertices.along_m
    reach = run[vertices.is_first][local] + along_m
    order = np.lexsort((xy_m[:, 1], xy_m[:, 0], reach))
    # a vertex belongs to its own line: never insert before the first or after the last one
    first, last = np.flatnonzero(vertices.is_first), np.flatnonzero(vertices.is_last)
    before = np.searchsorted(run, reach[order], side="right")
    before = np.clip(before, first[local[order]] + 1, last[local[order]])
    placed = np.argsort(before, kind="stable")
    order, before = order[placed], before[placed]
    grown = Vertices(
        xy_m=np.insert(vertices.xy_m, before, xy_m[order], axis=0),
        line=np.insert(vertices.line, before, local[order]),
    )
    is_cut = np.insert(np.zeros(len(run), dtype=bool), before, True)
    lines, parent = _pieces(*_without_repeats(grown, is_cut))
    return _put_back(strands, touched, lines, parent)


def extend(strands: Strands, line: Ints, xy_m: Floats, *, at_head: bool) -> Strands:
    """Append a point to the end of some strands, or put it before their beginning."""
    if not len(line):
        return strands
    vertices = vertices_of(strands.lines[line])
    first, last = np.flatnonzero(vertices.is_first), np.flatnonzero(vertices.is_last)
    where = last + 1 if at_head else first
    coordinates = np.insert(vertices.xy_m, where, xy_m, axis=0)
    index = np.insert(vertices.line, where, np.arange(len(line)))
    lines = strands.lines.copy()
    # an end that lies on its target already gains no point
    lines[line] = shapely.remove_repeated_points(shapely.linestrings(coordinates, indices=index))
    return strands.with_lines(lines)


def move_ends(strands: Strands, line: Ints, tail_m: Floats, head_m: Floats) -> Strands:
    """Put the first and the last vertex of some strands elsewhere."""
    vertices = vertices_of(strands.lines[line])
    coordinates = vertices.xy_m.copy()
    coordinates[vertices.is_first] = tail_m
    coordinates[vertices.is_last] = head_m
    moved = shapely.linestrings(coordinates, indices=vertices.line)
    lines = strands.lines.copy()
    lines[line] = shapely.remove_repeated_points(moved)
    return strands.with_lines(lines)


def add_lines(strands: Strands, from_m: Floats, to_m: Floats, model: Ints) -> Strands:
    """Add straight strands that take row and level from model strands."""
    lines = shapely.linestrings(np.stack([from_m, to_m], axis=1))
    return Strands(
        lines=np.concatenate([strands.lines, lines]),
        row=np.concatenate([strands.row, strands.row[model]]),
        level=np.concatenate([strands.level, strands.level[model]]),
        is_added=np.concatenate([strands.is_added, np.ones(len(model), dtype=bool)]),
    )


def find_ends(ends: Ends, xy_m: Floats) -> Ints:
    """Return the number of each point among the ends, -1 where none is there."""
    key = _sort_keys(np.concatenate([ends.xy_m, xy_m]))
    known, asked = key[: len(ends.xy_m)], key[len(ends.xy_m) :]
    place = np.searchsorted(known, asked).clip(max=len(known) - 1)
    return np.where(known[place] == asked, place, -1)


def _sort_keys(xy_m: Floats) -> npt.NDArray[Any]:
    """Return one number per millimetre point that sorts by x, then by y."""
    key = millimetres(xy_m)
    low, high = key.min(axis=0), key.max(axis=0)
    span = [int(size) + 1 for size in high - low]
    if span[0] * span[1] < LARGEST_KEY:
        x, y = (key - low).T
        return np.asarray(x * span[1] + y)
    # a continent in millimetres: complex numbers sort like pairs, more slowly
    return np.asarray(key[:, 0] + 1j * key[:, 1])


def _without_repeats(vertices: Vertices, is_cut: Flags) -> tuple[Vertices, Flags]:
    """Drop a vertex that repeats the one before; what cuts one of them cuts both."""
    same = (np.diff(millimetres(vertices.xy_m), axis=0, prepend=np.nan) == 0).all(axis=1)
    is_new = ~same | vertices.is_first
    group = np.cumsum(is_new) - 1
    cut = np.bincount(group, weights=is_cut) > 0
    kept = Vertices(xy_m=vertices.xy_m[is_new], line=vertices.line[is_new])
    return kept, cut & ~kept.is_first & ~kept.is_last


def _pieces(vertices: Vertices, is_cut: Flags) -> tuple[Lines, Ints]:
    """Cut lines at vertices; return the pieces and the line of each."""
    times = 1 + is_cut.astype(np.int64)
    coordinates = np.repeat(vertices.xy_m, times, axis=0)
    begins = np.repeat(vertices.is_first, times)
    # of a vertex that stands twice, the second begins the next piece
    begins[np.cumsum(times)[is_cut] - 1] = True
    piece = np.cumsum(begins) - 1
    lines = shapely.linestrings(coordinates, indices=piece)
    return np.asarray(lines, dtype=object), np.repeat(vertices.line, times)[begins]


def _put_back(strands: Strands, touched: Ints, lines: Lines, parent: Ints) -> Strands:
    """Put pieces in the place of the strands that they were cut from."""
    count = np.ones(len(strands.lines), dtype=np.int64)
    count[touched] = np.bincount(parent, minlength=len(touched))
    source = np.repeat(np.arange(len(strands.lines)), count)
    result = strands.lines[source]
    is_touched = np.zeros(len(strands.lines), dtype=bool)
    is_touched[touched] = True
    result[is_touched[source]] = lines
    return strands.take(source).with_lines(result)
