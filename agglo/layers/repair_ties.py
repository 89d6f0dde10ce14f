"""Short lines that tie parts of the network within reach of each other."""

from __future__ import annotations

import numpy as np
import pandas as pd
import shapely
from scipy.sparse import coo_array
from scipy.sparse.csgraph import connected_components, minimum_spanning_tree

from agglo.layers.repair_cuts import Ends, add_lines, ends_of, split
from agglo.layers.repair_gaps import (
    NODE_RATIO,
    ROUNDING_M,
    Gaps,
    Reach,
    overruns,
    stacked,
)
from agglo.layers.repair_points import meets_level
from agglo.layers.repair_strands import Ints, Strands, found, to_millimetre
from agglo.units import M_PER_KM


def tie_parts(strands: Strands, reach: Reach) -> tuple[Strands, list[pd.DataFrame]]:
    """Tie parts within reach by the shortest gaps, one less than the parts they tie.

    Where a strand at the gap crosses the other line, both are cut there; else a straight line is
    added with the row and level of a strand at the gap.
    """
    ends = ends_of(strands.lines)
    part = part_of(ends)
    if part.max() == 0 or reach.far_m == 0:
        return strands, []
    gaps = _shortest(_part_gaps(strands, ends, part, reach), ends, part)
    if not len(gaps.end):
        return strands, []
    gaps, number = _at_each_strand(gaps, ends)
    over = overruns(strands, ends, gaps)
    crossed, first = np.unique(number[over.gap], return_index=True)
    is_first = np.diff(number, prepend=-1) != 0
    tied = is_first & ~np.isin(number, crossed)
    inside = tied & gaps.is_inside
    cross = over.gap[first]
    shown = np.concatenate([np.flatnonzero(tied), cross])
    what = np.repeat(["parts tied", "parts cross"], [tied.sum(), len(cross)])
    findings = found(
        what,
        "repaired",
        ends.xy_m[gaps.end[shown]],
        km=np.where(what == "parts tied", gaps.gap_m[shown] / M_PER_KM, 0.0),
        row=strands.row[gaps.own[shown]],
        other=strands.row[gaps.line[shown]],
    )
    longer = add_lines(strands, ends.xy_m[gaps.end[tied]], gaps.target_m[tied], gaps.own[tied])
    places = over.xy_m[first]
    ways = [gaps.along_m[inside], over.line_along_m[first], over.own_along_m[first]]
    cut = split(
        longer,
        np.concatenate([gaps.line[inside], gaps.line[cross], gaps.own[cross]]),
        np.concatenate(ways),
        np.concatenate([gaps.target_m[inside], places, places]),
    )
    return cut, [findings]


def part_of(ends: Ends) -> Ints:
    """Number the part of the network that each end point belongs to."""
    count = len(ends.xy_m)
    ones = np.ones(len(ends.tail), dtype=bool)
    graph = coo_array((ones, (ends.tail, ends.head)), shape=(count, count))
    return np.asarray(connected_components(graph, directed=False)[1], dtype=np.int64)


def _part_gaps(strands: Strands, ends: Ends, part: Ints, reach: Reach) -> Gaps:
    """Return all gaps within reach from a point of one part to a line of another."""
    line_part = part[ends.tail]
    largest = np.bincount(line_part).argmax()
    pairs = []
    # of two parts one at least is not the largest: its points, or its lines, are looked at
    for points, lines in (
        (np.flatnonzero(part != largest), np.arange(len(line_part))),
        (np.flatnonzero(part == largest), np.flatnonzero(line_part != largest)),
    ):
        number, line = shapely.STRtree(strands.lines[lines]).query(
            shapely.points(ends.xy_m[points]), predicate="dwithin", distance=reach.far_m
        )
        pairs.append((points[number], lines[line]))
    end, line = (np.concatenate(column) for column in zip(*pairs, strict=True))
    apart = part[end] != line_part[line]
    end, line = end[apart], line[apart]
    to_tail = _to_side(strands, ends, end, line, ends.tail)
    to_head = _to_side(strands, ends, end, line, ends.head)
    to_inside = _to_inside(strands, ends, end, line)
    nearest = np.minimum(to_tail.gap_m, to_head.gap_m)
    is_between = (to_inside.along_m > ROUNDING_M) & (
        to_inside.along_m < shapely.length(strands.lines[line]) - ROUNDING_M
    )
    # of a line about as near at its end as inside, the end is taken
    better = (nearest > NODE_RATIO * to_inside.gap_m) | (nearest > reach.end_m)
    may = is_between & better & (to_inside.gap_m <= reach.inside_m)
    return stacked(
        to_tail.take(to_tail.gap_m <= reach.end_m),
        to_head.take(to_head.gap_m <= reach.end_m),
        to_inside.take(may & meets_level(strands, ends, end, line)),
    )


def _to_side(strands: Strands, ends: Ends, end: Ints, line: Ints, side: Ints) -> Gaps:
    target = ends.xy_m[side[line]]
    whole = shapely.length(strands.lines[line])
    return Gaps(
        end=end,
        own=np.full(len(end), -1),
        line=line,
        is_inside=np.zeros(len(end), dtype=bool),
        gap_m=np.hypot(*(target - ends.xy_m[end]).T),
        along_m=whole if side is ends.head else np.zeros(len(end)),
        target_m=target,
    )


def _to_inside(strands: Strands, ends: Ends, end: Ints, line: Ints) -> Gaps:
    points, lines = shapely.points(ends.xy_m[end]), strands.lines[line]
    along = shapely.line_locate_point(lines, points)
    foot = shapely.get_coordinates(shapely.line_interpolate_point(lines, along))
    return Gaps(
        end=end,
        own=np.full(len(end), -1),
        line=line,
        is_inside=np.ones(len(end), dtype=bool),
        gap_m=shapely.distance(lines, points),
        along_m=along,
        target_m=to_millimetre(foot),
    )


def _shortest(gaps: Gaps, ends: Ends, part: Ints) -> Gaps:
    """Choose the gaps of the shortest spanning tree over the parts."""
    start, target = ends.xy_m[gaps.end], gaps.target_m
    order = np.lexsort(
        (
            gaps.line, target[:, 1], target[:, 0], start[:, 1], start[:, 0],
            gaps.is_inside, gaps.gap_m,
        )
    )  # fmt: skip
    gaps = gaps.take(order)
    here, there = part[gaps.end], part[ends.tail[gaps.line]]
    count = int(part.max()) + 1
    pair = np.minimum(here, there) * count + np.maximum(here, there)
    pair, first = np.unique(pair, return_index=True)
    # ranks instead of metres: no two weights are alike, and none is 0
    graph = coo_array((first + 1, (pair // count, pair % count)), shape=(count, count))
    tree = minimum_spanning_tree(graph.tocsr())
    return gaps.take(np.sort(tree.data.astype(np.int64)) - 1)


def _at_each_strand(gaps: Gaps, ends: Ends) -> tuple[Gaps, Ints]:
    """Repeat each gap for every strand that ends at it; return the number of the gap too."""
    end = np.concatenate([ends.tail, ends.head])
    order = np.argsort(end, kind="stable")
    begin = np.searchsorted(end[order], gaps.end, side="left")
    count = np.searchsorted(end[order], gaps.end, side="right") - begin
    number = np.repeat(np.arange(len(gaps.end)), count)
    within = np.arange(len(number)) - np.repeat(np.cumsum(count) - count, count)
    own = order[begin[number] + within] % len(ends.tail)
    repeated = gaps.take(number)
    sort = np.lexsort((own, number))
    return (
        Gaps(
            end=repeated.end[sort],
            own=own[sort],
            line=repeated.line[sort],
            is_inside=repeated.is_inside[sort],
            gap_m=repeated.gap_m[sort],
            along_m=repeated.along_m[sort],
            target_m=repeated.target_m[sort],
        ),
        number[sort],
    )
