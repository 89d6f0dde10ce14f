"""Loose ends led on to the nearest line, and parts of the network tied to each other.

No drawn line is moved by more than ``SAME_POINT_M``: a loose end is led on to its target, once,
so that chains of near ends never run together. What was closed is no gap any more, so repairing
twice changes nothing; gaps close from the smallest up and the tolerance only says where to stop,
so that a larger tolerance never gives more parts.
"""

from __future__ import annotations

import numpy as np
import pandas as pd
from scipy.spatial import cKDTree

from agglo.layers.repair_cuts import Ends, ends_of, extend, find_ends, split
from agglo.layers.repair_gaps import (
    JOINED_RATIO,
    Gaps,
    Reach,
    independent,
    loose_ends,
    loose_gaps,
    overruns,
)
from agglo.layers.repair_points import SAME_POINT_M, join_same
from agglo.layers.repair_strands import Floats, Ints, Strands, found
from agglo.layers.repair_ties import tie_parts
from agglo.units import M_PER_KM

Findings = list[pd.DataFrame]


def join_strands(strands: Strands, reach: Reach) -> tuple[Strands, Findings]:
    """Join what lies apart by no more than the tolerance, until nothing is left to join.

    Returns
    -------
    strands, findings
        Pieces in the order of the strands, then the lines that were added.
    """
    findings: Findings = []
    led = [np.empty((0, 2))]
    same_m = min(SAME_POINT_M, reach.end_m)
    while True:
        strands, same = join_same(strands, same_m)
        strands, joined = _join_loose(strands, reach)
        led += [_before(news) for news in joined]
        strands, tied = tie_parts(strands, np.concatenate(led), reach)
        findings += [*same, *joined, *tied]
        if not joined and not tied:
            return strands, findings


def _join_loose(strands: Strands, reach: Reach) -> tuple[Strands, Findings]:
    """Lead loose ends on in rounds, from the smallest gaps up."""
    findings: Findings = []
    ends = ends_of(strands.lines)
    active = loose_ends(ends)[0]
    while len(active) and reach.far_m > 0:
        gaps = loose_gaps(strands, ends, active, reach)
        free = independent(ends.xy_m[gaps.end], gaps.gap_m)
        if not len(free):
            break
        closed, waiting = ends.xy_m[gaps.end[free]], ends.xy_m[gaps.end[~free]]
        strands, news = _close(strands, ends, gaps.take(free))
        findings.append(news)
        ends = ends_of(strands.lines)
        active = _near(ends, closed, waiting, (1 + JOINED_RATIO) * reach.far_m)
    return strands, findings


def _before(news: pd.DataFrame) -> Floats:
    """Return the points where ends were before they were led on."""
    moved = news.loc[news["what"] != "overshoot", ["x_m", "y_m"]]
    return moved.to_numpy(dtype=float)


def _near(ends: Ends, closed: Floats, waiting: Floats, far_m: float) -> Ints:
    """Return the loose ends that wait, or lie where something has just changed."""
    loose = loose_ends(ends)[0]
    changed, _ = cKDTree(closed).query(ends.xy_m[loose], distance_upper_bound=far_m)
    waits = np.isin(loose, find_ends(ends, waiting))
    return np.asarray(loose[np.isfinite(changed) | waits], dtype=np.int64)


def _close(strands: Strands, ends: Ends, gaps: Gaps) -> tuple[Strands, pd.DataFrame]:
    """Close gaps that do not touch each other."""
    over = overruns(strands, ends, gaps)
    is_over = np.isin(np.arange(len(gaps.end)), over.gap)
    start, inside = ends.xy_m[gaps.end], gaps.is_inside & ~is_over
    findings = found(
        np.select([is_over, inside], ["overshoot", "joined to line"], "joined to end"),
        "repaired",
        start,
        km=np.where(is_over, 0.0, gaps.gap_m / M_PER_KM),
        row=strands.row[gaps.own],
        other=strands.row[gaps.line],
    )
    strands = split(
        strands,
        np.concatenate([gaps.line[inside], gaps.line[over.gap], gaps.own[over.gap]]),
        np.concatenate([gaps.along_m[inside], over.line_along_m, over.own_along_m]),
        np.concatenate([gaps.target_m[inside], over.xy_m, over.xy_m]),
    )
    return _led_on(strands, start[~is_over], gaps.target_m[~is_over]), findings


def _led_on(strands: Strands, start: Floats, target: Floats) -> Strands:
    """Lead the strands that end at the starts on to the targets."""
    ends = ends_of(strands.lines)
    number = np.full(len(ends.xy_m), -1)
    number[find_ends(ends, start)] = np.arange(len(start))
    for at_head, side in ((False, ends.tail), (True, ends.head)):
        line = np.flatnonzero(number[side] >= 0)
        strands = extend(strands, line, target[number[side[line]]], at_head=at_head)
    return strands
