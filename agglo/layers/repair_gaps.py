"""Gaps between the ends of strands and the lines that they could be led to."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import pandas as pd
import shapely
from scipy.spatial import cKDTree

from agglo.layers.repair_cuts import Ends, find_ends, vertices_of
from agglo.layers.repair_strands import Flags, Floats, Ints, Strands, to_millimetre
from agglo.layers.repair_ways import short_ways

JOINED_RATIO = 3.0
"""Two points are joined already if a way between them is at most this times the gap."""
NODE_RATIO = 2.0
"""The end of a line is preferred to its inside, and a junction to a loose end, up to this times
the gap: one junction is better than two beside each other."""
ROUNDING_M = 0.002
"""A point this near to the end of a line is the end: coordinates are whole millimetres."""
CLOSE_M = 100.0
"""Junctions farther apart than this are no slip of the pen, however far ends may be led."""
ENDS_AT_ONCE = 2000
"""Ends that are measured to all segments in reach at once, to bound memory."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Reach:
    """How far an end may be led: to another end, and to the inside of a line."""

    end_m: float
    inside_m: float

    @property
    def far_m(self) -> float:
        """Return the larger of both."""
        return max(self.end_m, self.inside_m)

    @property
    def close_m(self) -> float:
        """Return how near to each other two junctions are worth a look."""
        return min(self.end_m, CLOSE_M)


@dataclass(frozen=True, slots=True, kw_only=True)
class Gaps:
    """Ends of strands, and a target on another line for each."""

    end: Ints
    """Number of the end point."""

    own: Ints
    """A strand that ends there."""

    line: Ints
    """The strand to be led to."""

    is_inside: Flags
    """Whether the target is inside the line, not one of its ends."""

    gap_m: Floats
    along_m: Floats
    """Way along the line to the target."""

    target_m: Floats
    """The target, x and y."""

    def take(self, chosen: Ints | Flags) -> Gaps:
        """Return some of the gaps."""
        return Gaps(
            end=self.end[chosen],
            own=self.own[chosen],
            line=self.line[chosen],
            is_inside=self.is_inside[chosen],
            gap_m=self.gap_m[chosen],
            along_m=self.along_m[chosen],
            target_m=self.target_m[chosen],
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class Overruns:
    """Where strands run over their target line just before they end."""

    gap: Ints
    """Number of the gap, at most one overrun for each."""

    own_along_m: Floats
    line_along_m: Floats
    xy_m: Floats


@dataclass(frozen=True, slots=True, kw_only=True)
class _Pairs:
    """Loose ends with a line in reach of each, and the ways to the line's two ends."""

    end: Ints
    own: Ints
    line: Ints
    to_tail_m: Floats
    to_head_m: Floats


def loose_ends(ends: Ends) -> tuple[Ints, Ints]:
    """Return the points where a single strand ends, and that strand."""
    loose = np.flatnonzero(ends.degree == 1)
    own = np.full(len(ends.xy_m), -1)
    own[ends.tail] = np.arange(len(ends.tail))
    own[ends.head] = np.maximum(own[ends.head], np.arange(len(ends.head)))
    return loose, own[loose]


def loose_gaps(strands: Strands, ends: Ends, active: Ints, reach: Reach) -> Gaps:
    """Find the nearest target of each active loose end, if any is in reach.

    A point that the end is joined to by a way of ``JOINED_RATIO`` times the gap is no target;
    the inside of a line of another level is none either.
    """
    tree = shapely.STRtree(strands.lines)
    chunks = np.array_split(active, len(active) // ENDS_AT_ONCE + 1)
    return stacked(*(_nearest_gaps(strands, ends, tree, chunk, reach) for chunk in chunks))


def stacked(*gaps: Gaps) -> Gaps:
    """Return gaps one after the other."""
    return Gaps(
        end=np.concatenate([part.end for part in gaps]),
        own=np.concatenate([part.own for part in gaps]),
        line=np.concatenate([part.line for part in gaps]),
        is_inside=np.concatenate([part.is_inside for part in gaps]),
        gap_m=np.concatenate([part.gap_m for part in gaps]),
        along_m=np.concatenate([part.along_m for part in gaps]),
        target_m=np.concatenate([part.target_m for part in gaps]),
    )


def independent(xy_m: Floats, gap_m: Floats) -> Flags:
    """Tell which gaps can be closed now: no smaller one near could still change them."""
    free = np.ones(len(gap_m), dtype=bool)
    if len(gap_m) < 2:
        return free
    rank = np.empty(len(gap_m), dtype=np.int64)
    rank[np.lexsort((xy_m[:, 1], xy_m[:, 0], gap_m))] = np.arange(len(gap_m))
    widest = 2 * JOINED_RATIO * gap_m.max()
    one, two = cKDTree(xy_m).query_pairs(widest, output_type="ndarray").T
    apart = np.hypot(*(xy_m[one] - xy_m[two]).T)
    touch = apart <= JOINED_RATIO * (gap_m[one] + gap_m[two])
    one, two = one[touch], two[touch]
    free[np.where(rank[one] > rank[two], one, two)] = False
    return free


def overruns(strands: Strands, ends: Ends, gaps: Gaps) -> Overruns:
    """Find where a strand has crossed its target line shortly before it ends.

    Shortly means that the way over the crossing is at most ``JOINED_RATIO`` times the gap.
    """
    level = strands.level[gaps.own] == strands.level[gaps.line]
    asked = np.flatnonzero((gaps.own != gaps.line) & level)
    mine, other = strands.lines[gaps.own[asked]], strands.lines[gaps.line[asked]]
    crosses = shapely.crosses(mine, other)
    asked, mine, other = asked[crosses], mine[crosses], other[crosses]
    points, which = shapely.get_parts(shapely.intersection(mine, other), return_index=True)
    is_point = shapely.get_type_id(points) == shapely.GeometryType.POINT
    points, which = points[is_point], which[is_point]
    gap, mine, other = asked[which], mine[which], other[which]
    along = shapely.line_locate_point(mine, points)
    across = shapely.line_locate_point(other, points)
    begins = ends.tail[gaps.own[gap]] == gaps.end[gap]
    tail = np.where(begins, along, shapely.length(mine) - along)
    way = tail + np.abs(across - gaps.along_m[gap])
    order = np.lexsort((across, tail, gap))
    order = order[way[order] <= JOINED_RATIO * gaps.gap_m[gap[order]]]
    first = order[np.diff(gap[order], prepend=-1) != 0]
    return Overruns(
        gap=gap[first],
        own_along_m=along[first],
        line_along_m=across[first],
        xy_m=to_millimetre(shapely.get_coordinates(points[first])),
    )


def _nearest_gaps(
    strands: Strands, ends: Ends, tree: shapely.STRtree, active: Ints, reach: Reach
) -> Gaps:
    pairs = _pairs(strands, ends, tree, active, reach)
    to_ends = _to_ends(strands, ends, pairs, reach)
    gaps = stacked(to_ends, _to_insides(strands, ends, pairs, reach))
    order = np.lexsort(
        (gaps.line, gaps.target_m[:, 1], gaps.target_m[:, 0], gaps.is_inside, gaps.gap_m, gaps.end)
    )
    gaps = gaps.take(order)
    best = _ends_first(gaps.take(np.diff(gaps.end, prepend=-1) != 0), to_ends, len(strands.lines))
    return _junctions_first(best, to_ends, ends)


def _pairs(
    strands: Strands, ends: Ends, tree: shapely.STRtree, active: Ints, reach: Reach
) -> _Pairs:
    loose, own = loose_ends(ends)
    own_of = np.full(len(ends.xy_m), -1)
    own_of[loose] = own
    points = shapely.points(ends.xy_m[active])
    number, line = tree.query(points, predicate="dwithin", distance=reach.far_m)
    end = active[number]
    length_m = shapely.length(strands.lines)
    is_own = own_of[end] == line
    # an end near no line but its own needs no search of ways
    asked = np.isin(end, end[~is_own])
    limit_m = JOINED_RATIO * reach.far_m
    near = tree.query(points[np.unique(number[asked])], predicate="dwithin", distance=limit_m)[1]
    around = np.unique(near)
    ways = []
    for target in (ends.tail[line], ends.head[line]):
        way = np.where(end == target, 0.0, np.where(is_own, length_m[line], np.inf))
        found = short_ways(
            (ends.tail[around], ends.head[around], length_m[around]),
            (end[asked], target[asked]),
            limit_m=limit_m,
        )
        way[asked] = np.minimum(way[asked], found)
        ways.append(way)
    return _Pairs(end=end, own=own_of[end], line=line, to_tail_m=ways[0], to_head_m=ways[1])


def _to_ends(strands: Strands, ends: Ends, pairs: _Pairs, reach: Reach) -> Gaps:
    whole = shapely.length(strands.lines[pairs.line])
    sides = (
        (ends.tail, pairs.to_tail_m, np.zeros(len(whole))),
        (ends.head, pairs.to_head_m, whole),
    )
    found = []
    for side, way, along in sides:
        xy = ends.xy_m[side[pairs.line]]
        gap = np.hypot(*(xy - ends.xy_m[pairs.end]).T)
        gaps = Gaps(
            end=pairs.end,
            own=pairs.own,
            line=pairs.line,
            is_inside=np.zeros(len(gap), dtype=bool),
            gap_m=gap,
            along_m=along,
            target_m=xy,
        )
        found.append(gaps.take((gap <= reach.end_m) & (way > JOINED_RATIO * gap)))
    return stacked(*found)


def _to_insides(strands: Strands, ends: Ends, pairs: _Pairs, reach: Reach) -> Gaps:
    """Measure to each segment of each line in reach: a line may come back to its own end."""
    same = strands.level[pairs.own] == strands.level[pairs.line]
    end, own, line = pairs.end[same], pairs.own[same], pairs.line[same]
    vertices = vertices_of(strands.lines[line])
    begin = np.flatnonzero(~vertices.is_last)
    pair = vertices.line[begin]
    start, step = vertices.xy_m[begin], np.diff(vertices.xy_m, axis=0, append=0)[begin]
    length = np.hypot(*step.T)
    away = ends.xy_m[end[pair]] - start
    share = np.clip((away * step).sum(axis=1) / length**2, 0.0, 1.0)
    foot = start + share[:, None] * step
    gap = np.hypot(*(ends.xy_m[end[pair]] - foot).T)
    whole = shapely.length(strands.lines[line])[pair]
    run = vertices.along_m
    along = run[begin] - run[vertices.is_first][pair] + share * length
    way = np.minimum(
        pairs.to_tail_m[same][pair] + along, pairs.to_head_m[same][pair] + whole - along
    )
    gaps = Gaps(
        end=end[pair],
        own=own[pair],
        line=line[pair],
        is_inside=np.ones(len(pair), dtype=bool),
        gap_m=gap,
        along_m=along,
        target_m=to_millimetre(foot),
    )
    inside = (along > ROUNDING_M) & (along < whole - ROUNDING_M)
    return gaps.take(inside & (gap <= reach.inside_m) & (way > JOINED_RATIO * gap))


def _ends_first(best: Gaps, to_ends: Gaps, count: int) -> Gaps:
    """Lead an end to the end of its target line where that is about as near."""
    nearest, place = _nearest(
        to_ends, to_ends.end * count + to_ends.line, best.end * count + best.line
    )
    return _preferred(best, nearest, place, best.is_inside)


def _junctions_first(best: Gaps, to_ends: Gaps, ends: Ends) -> Gaps:
    """Lead an end to a junction rather than to another loose end about as near."""
    at = find_ends(ends, to_ends.target_m)
    junctions = to_ends.take(ends.degree[at] > 1)
    nearest, place = _nearest(junctions, junctions.end, best.end)
    is_loose = ends.degree[find_ends(ends, best.target_m)] == 1
    return _preferred(best, nearest, place, ~best.is_inside & is_loose)


def _nearest(gaps: Gaps, key: Ints, wanted: Ints) -> tuple[Gaps, Ints]:
    """Return the smallest gap of each key, and the place among them of each wanted key or -1."""
    order = np.lexsort((gaps.target_m[:, 1], gaps.target_m[:, 0], gaps.gap_m, key))
    order = order[np.diff(key[order], prepend=-1) != 0]
    keys = pd.Index(key[order])
    return gaps.take(order), np.asarray(keys.get_indexer(pd.Index(wanted)), dtype=np.int64)


def _preferred(best: Gaps, others: Gaps, place: Ints, may: Flags) -> Gaps:
    """Take the other gap where there is one of up to ``NODE_RATIO`` times the best."""
    number = np.arange(len(best.end))
    asked = np.flatnonzero(may & (place >= 0))
    near = others.gap_m[place[asked]] <= NODE_RATIO * best.gap_m[asked]
    number[asked[near]] = len(number) + place[asked[near]]
    return stacked(best, others).take(number)
