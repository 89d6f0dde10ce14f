"""Ends that are as good as one point, and lines that pass through an end."""

from __future__ import annotations

import numpy as np
import pandas as pd
import shapely
from scipy.spatial import cKDTree

from agglo.layers.repair_cuts import Ends, ends_of, move_ends, split
from agglo.layers.repair_gaps import JOINED_RATIO
from agglo.layers.repair_strands import Flags, Ints, Strands, found
from agglo.units import M_PER_KM

SAME_POINT_M = 0.5
"""Ends this close are one point, drawn with other rounding: no road is so narrow."""


def join_same(strands: Strands, same_m: float) -> tuple[Strands, list[pd.DataFrame]]:
    """Make one point of ends within a distance, and cut lines where ends lie on them."""
    strands, findings = _merge_ends(strands, same_m)
    while True:
        ends = ends_of(strands.lines)
        tree = shapely.STRtree(strands.lines)
        end, line = tree.query(shapely.points(ends.xy_m), predicate="dwithin", distance=same_m)
        apart = (ends.tail[line] != end) & (ends.head[line] != end)
        end, line = end[apart], line[apart]
        every = np.tile(np.arange(len(strands.lines)), 2)
        there = (np.concatenate([ends.tail, ends.head]), every)
        same = meets_level(strands.level, there, (end, line))
        end, line = end[same], line[same]
        if not len(end):
            return strands, findings
        xy = ends.xy_m[end]
        along = shapely.line_locate_point(strands.lines[line], shapely.points(xy))
        findings.append(found("split", "repaired", xy, row=strands.row[line]))
        strands = split(strands, line, along, xy)


def meets_level(level: Ints, there: tuple[Ints, Ints], asked: tuple[Ints, Ints]) -> Flags:
    """Tell whether a strand of the line's level is at the point, pair by pair.

    Parameters
    ----------
    level
        Of each strand.
    there
        Points and a strand at each.
    asked
        Points and a line for each.
    """
    levels = int(level.max(initial=0)) + 1
    known, wanted = (point * levels + level[strand] for point, strand in (there, asked))
    return np.isin(wanted, known)


def _merge_ends(strands: Strands, same_m: float) -> tuple[Strands, list[pd.DataFrame]]:
    ends = ends_of(strands.lines)
    hub = _hubs(ends, same_m)
    moved = np.flatnonzero(hub != np.arange(len(hub)))
    if not len(moved):
        return strands, []
    row_at = np.empty(len(hub), dtype=np.int64)
    row_at[ends.head], row_at[ends.tail] = strands.row, strands.row
    gap = np.hypot(*(ends.xy_m[moved] - ends.xy_m[hub[moved]]).T)
    tail, head = hub[ends.tail], hub[ends.head]
    length = shapely.length(strands.lines)
    gone = (tail == head) & (ends.tail != ends.head) & (length <= JOINED_RATIO * same_m)
    touched = np.flatnonzero(((tail != ends.tail) | (head != ends.head)) & ~gone)
    findings = [
        found("same point", "repaired", ends.xy_m[moved], km=gap / M_PER_KM, row=row_at[moved]),
        found(
            "short line",
            "repaired",
            ends.xy_m[tail[gone]],
            km=length[gone] / M_PER_KM,
            row=strands.row[gone],
        ),
    ]
    strands = move_ends(strands, touched, ends.xy_m[tail[touched]], ends.xy_m[head[touched]])
    return strands.take(~gone), findings


def _hubs(ends: Ends, same_m: float) -> Ints:
    """Choose ends farther apart than the distance; the others go to the nearest within it.

    The points with the most strands are chosen first, so that no point goes farther than the
    distance and no two chosen ones are left within it.
    """
    count = len(ends.xy_m)
    hub = np.arange(count)
    one, two = cKDTree(ends.xy_m).query_pairs(same_m, output_type="ndarray").T
    if not len(one):
        return hub
    rank = np.empty(count, dtype=np.int64)
    rank[np.lexsort((ends.xy_m[:, 1], ends.xy_m[:, 0], -ends.degree))] = np.arange(count)
    near, far = np.concatenate([one, two]), np.concatenate([two, one])
    gap = np.hypot(*(ends.xy_m[near] - ends.xy_m[far]).T)
    order = np.lexsort((rank[near], gap))
    near, far = near[order], far[order]
    is_open, is_hub = np.ones(count, dtype=bool), np.zeros(count, dtype=bool)
    while is_open.any():
        both = is_open[near] & is_open[far]
        beaten = np.zeros(count, dtype=bool)
        beaten[far[both & (rank[near] < rank[far])]] = True
        chosen = is_open & ~beaten
        is_hub |= chosen
        is_open &= ~chosen
        is_open[far[chosen[near]]] = False
    goes = is_hub[near] & ~is_hub[far]
    member, first = np.unique(far[goes], return_index=True)
    hub[member] = near[goes][first]
    return hub
