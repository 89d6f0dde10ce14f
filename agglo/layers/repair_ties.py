"""Short lines that tie parts of the network within reach of each other."""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np
import pandas as pd
import shapely
from scipy.sparse import coo_array
from scipy.sparse.csgraph import connected_components, minimum_spanning_tree

from agglo.layers.repair_cuts import Ends, add_lines, ends_of, find_ends, numbered, split
from agglo.layers.repair_gaps import (
    NODE_RATIO,
    ROUNDING_M,
    Gaps,
    Reach,
    overruns,
    stacked,
)
from agglo.layers.repair_points import meets_level
from agglo.layers.repair_strands import Floats, Ints, Strands, found, to_millimetre
from agglo.units import M_PER_KM


@dataclass(frozen=True, slots=True, kw_only=True)
class _Points:
    """Where parts can be tied: ends, then places where a loose end was before it was led on."""

    xy_m: Floats
    part: Ints
    end_count: int

    point: Ints
    """Number of the point, for each strand at it."""

    strand: Ints
    """The strand at it."""


def tie_parts(strands: Strands, led_m: Floats, reach: Reach) -> tuple[Strands, list[pd.DataFrame]]:
    """Tie parts within reach by the shortest gaps, one less than the parts they tie.

    Where a strand at the gap crosses the other line, both are cut there; else a straight line is
    added with the row and level of a strand at the gap.

    Parameters
    ----------
    led_m
        Points where loose ends were before they were led on: they too can be tied.
    """
    ends = ends_of(strands.lines)
    part = part_of(ends)
    if part.max() == 0 or reach.far_m == 0:
        return strands, []
    points = _points(strands, ends, part, led_m)
    line_part = part[ends.tail]
    gaps = _shortest(_part_gaps(strands, ends, points, line_part, reach), points, line_part)
    if not len(gaps.end):
        return strands, []
    gaps, number = _at_each_strand(gaps, points)
    at_end = np.flatnonzero(gaps.end < points.end_count)
    over = overruns(strands, ends, gaps.take(at_end))
    crossed, first = np.unique(number[at_end[over.gap]], return_index=True)
    tied = gaps.take((np.diff(number, prepend=-1) != 0) & ~np.isin(number, crossed))
    cross = gaps.take(at_end[over.gap[first]])
    findings = [
        _findings("parts tied", strands, points, tied, tied.gap_m / M_PER_KM),
        _findings("parts cross", strands, points, cross, 0.0),
    ]
    strands = add_lines(strands, points.xy_m[tied.end], tied.target_m, tied.own)
    inside, along, xy = tied.take(tied.is_inside), over.line_along_m[first], over.xy_m[first]
    own, own_along, own_xy = _led_places(strands, points, tied)
    line = [inside.line, own, cross.line, cross.own]
    ways = [inside.along_m, own_along, along, over.own_along_m[first]]
    cut = np.concatenate([inside.target_m, own_xy, xy, xy])
    return split(strands, np.concatenate(line), np.concatenate(ways), cut), findings


def part_of(ends: Ends) -> Ints:
    """Number the part of the network that each end point belongs to."""
    count = len(ends.xy_m)
    ones = np.ones(len(ends.tail), dtype=bool)
    graph = coo_array((ones, (ends.tail, ends.head)), shape=(count, count))
    return np.asarray(connected_components(graph, directed=False)[1], dtype=np.int64)


def _points(strands: Strands, ends: Ends, part: Ints, led_m: Floats) -> _Points:
    led = numbered(led_m)[0]
    led = led[find_ends(ends, led) < 0]
    which, line = shapely.STRtree(strands.lines).query(
        shapely.points(led), predicate="dwithin", distance=ROUNDING_M
    )
    order = np.lexsort((line, which))
    order = order[np.diff(which[order], prepend=-1) != 0]
    led, line = led[which[order]], line[order]
    count, all_lines = len(ends.xy_m), np.arange(len(strands.lines))
    point = np.concatenate([ends.tail, ends.head, count + np.arange(len(line))])
    by_point = np.argsort(point, kind="stable")
    return _Points(
        xy_m=np.concatenate([ends.xy_m, led]),
        part=np.concatenate([part, part[ends.tail[line]]]),
        end_count=count,
        point=point[by_point],
        strand=np.concatenate([all_lines, all_lines, line])[by_point],
    )


def _led_places(strands: Strands, points: _Points, tied: Gaps) -> tuple[Ints, Floats, Floats]:
    """Return where strands must be cut because the place of an end lies inside them by now."""
    led = tied.end >= points.end_count
    own, xy = tied.own[led], points.xy_m[tied.end[led]]
    return own, shapely.line_locate_point(strands.lines[own], shapely.points(xy)), xy


def _findings(
    what: str, strands: Strands, points: _Points, gaps: Gaps, km: Floats | float
) -> pd.DataFrame:
    rows = {"row": strands.row[gaps.own], "other": strands.row[gaps.line]}
    return found(what, "repaired", points.xy_m[gaps.end], km=km, **rows)


def _part_gaps(
    strands: Strands, ends: Ends, points: _Points, line_part: Ints, reach: Reach
) -> Gaps:
    """Return all gaps within reach from a point of one part to a line of another."""
    largest = np.bincount(line_part).argmax()
    pairs = []
    # of two parts one at least is not the largest: its points, or its lines, are looked at
    for chosen, lines in (
        (np.flatnonzero(points.part != largest), np.arange(len(line_part))),
        (np.flatnonzero(points.part == largest), np.flatnonzero(line_part != largest)),
    ):
        number, line = shapely.STRtree(strands.lines[lines]).query(
            shapely.points(points.xy_m[chosen]), predicate="dwithin", distance=reach.far_m
        )
        pairs.append((chosen[number], lines[line]))
    end, line = (np.concatenate(column) for column in zip(*pairs, strict=True))
    apart = points.part[end] != line_part[line]
    end, line = end[apart], line[apart]
    to_tail = _to_side(strands, ends, points, end, line, ends.tail)
    to_head = _to_side(strands, ends, points, end, line, ends.head)
    to_inside = _to_inside(strands, points, end, line)
    nearest = np.minimum(to_tail.gap_m, to_head.gap_m)
    is_between = (to_inside.along_m > ROUNDING_M) & (
        to_inside.along_m < shapely.length(strands.lines[line]) - ROUNDING_M
    )
    # of a line about as near at its end as inside, the end is taken
    better = (nearest > NODE_RATIO * to_inside.gap_m) | (nearest > reach.end_m)
    may = is_between & better & (to_inside.gap_m <= reach.inside_m)
    may &= meets_level(strands.level, (points.point, points.strand), (end, line))
    return stacked(
        to_tail.take(to_tail.gap_m <= reach.end_m),
        to_head.take(to_head.gap_m <= reach.end_m),
        to_inside.take(may),
    )


def _to_side(
    strands: Strands, ends: Ends, points: _Points, end: Ints, line: Ints, side: Ints
) -> Gaps:
    target = ends.xy_m[side[line]]
    whole = shapely.length(strands.lines[line])
    return Gaps(
        end=end,
        own=np.full(len(end), -1),
        line=line,
        is_inside=np.zeros(len(end), dtype=bool),
        gap_m=np.hypot(*(target - points.xy_m[end]).T),
        along_m=whole if side is ends.head else np.zeros(len(end)),
        target_m=target,
    )


def _to_inside(strands: Strands, points: _Points, end: Ints, line: Ints) -> Gaps:
    start, lines = shapely.points(points.xy_m[end]), strands.lines[line]
    along = shapely.line_locate_point(lines, start)
    foot = shapely.get_coordinates(shapely.line_interpolate_point(lines, along))
    return Gaps(
        end=end,
        own=np.full(len(end), -1),
        line=line,
        is_inside=np.ones(len(end), dtype=bool),
        gap_m=shapely.distance(lines, start),
        along_m=along,
        target_m=to_millimetre(foot),
    )


def _shortest(gaps: Gaps, points: _Points, line_part: Ints) -> Gaps:
    """Choose the gaps of the shortest spanning tree over the parts."""
    start, target = points.xy_m[gaps.end], gaps.target_m
    order = np.lexsort(
        (
            gaps.line, target[:, 1], target[:, 0], start[:, 1], start[:, 0],
            gaps.is_inside, gaps.gap_m,
        )
    )  # fmt: skip
    gaps = gaps.take(order)
    here, there = points.part[gaps.end], line_part[gaps.line]
    count = int(line_part.max()) + 1
    pair = np.minimum(here, there) * count + np.maximum(here, there)
    pair, first = np.unique(pair, return_index=True)
    # ranks instead of metres: no two weights are alike, and none is 0
    graph = coo_array((first + 1, (pair // count, pair % count)), shape=(count, count))
    tree = minimum_spanning_tree(graph.tocsr())
    return gaps.take(np.sort(tree.data.astype(np.int64)) - 1)


def _at_each_strand(gaps: Gaps, points: _Points) -> tuple[Gaps, Ints]:
    """Repeat each gap for every strand at its point; return the number of the gap too."""
    begin = np.searchsorted(points.point, gaps.end, side="left")
    count = np.searchsorted(points.point, gaps.end, side="right") - begin
    number = np.repeat(np.arange(len(gaps.end)), count)
    within = np.arange(len(number)) - np.repeat(np.cumsum(count) - count, count)
    own = points.strand[begin[number] + within]
    sort = np.lexsort((own, number))
    return replace(gaps.take(number[sort]), own=own[sort]), number[sort]
