"""Where strands meet without a junction: crossings, overlaps, junctions close to each other."""

from __future__ import annotations

import numpy as np
import pandas as pd
import shapely
from scipy.sparse import coo_array
from scipy.spatial import cKDTree

from agglo.layers.repair_cuts import ends_of, millimetres, split
from agglo.layers.repair_strands import Flags, Floats, Ints, Strands, found, to_millimetre
from agglo.units import M_PER_KM


def cut_crossings(strands: Strands) -> tuple[Strands, list[pd.DataFrame]]:
    """Cut strands of one level where they cross, until none crosses another."""
    findings: list[pd.DataFrame] = []
    while True:
        places = _crossing_points(strands, *_meeting(strands))
        places = places[places["is_level"]]
        count = len(strands.lines)
        one, two = places["one"].to_numpy(), places["two"].to_numpy()
        xy, line = places[["x_m", "y_m"]].to_numpy(), np.concatenate([one, two])
        both = np.concatenate([xy, xy])
        along = shapely.line_locate_point(strands.lines[line], shapely.points(both))
        rows = {"row": strands.row[one], "other": strands.row[two]}
        strands = split(strands, line, along, both) if len(line) else strands
        if len(strands.lines) == count:
            return strands, findings
        findings.append(found("crossing", "repaired", xy, **rows))


def crossing_findings(strands: Strands) -> list[pd.DataFrame]:
    """Report where strands cross or overlap without a junction; a flyover looks like that."""
    meeting = _meeting(strands)
    places = _crossing_points(strands, *meeting)
    one, two = strands.row[places["one"]], strands.row[places["two"]]
    xy = places[["x_m", "y_m"]].to_numpy(dtype=float)
    level = places["is_level"].to_numpy(dtype=bool)
    return [
        found("crossing without node", "reported", xy[level], row=one[level], other=two[level]),
        found("crossing of levels", "reported", xy[~level], row=one[~level], other=two[~level]),
        _overlaps(strands, *meeting),
        _self_crossings(strands),
    ]


def close_junctions(strands: Strands, close_m: float) -> pd.DataFrame:
    """Report junctions within a distance that no strand and no two strands in a row join."""
    ends = ends_of(strands.lines)
    count = len(ends.xy_m)
    one, two = cKDTree(ends.xy_m).query_pairs(close_m, output_type="ndarray").T
    ones = np.ones(2 * len(ends.tail), dtype=np.int32)
    both = (np.concatenate([ends.tail, ends.head]), np.concatenate([ends.head, ends.tail]))
    step = coo_array((ones, both), shape=(count, count)).tocsr()
    near = step[one, two] + step[one].multiply(step[two]).sum(axis=1)
    junction = (ends.degree[one] > 1) & (ends.degree[two] > 1)
    apart = junction & (np.asarray(near).ravel() == 0)
    row_at = np.empty(count, dtype=np.int64)
    row_at[ends.head], row_at[ends.tail] = strands.row, strands.row
    one, two = one[apart], two[apart]
    gap = np.hypot(*(ends.xy_m[one] - ends.xy_m[two]).T)
    return found(
        "close junctions",
        "reported",
        ends.xy_m[one],
        km=gap / M_PER_KM,
        row=row_at[one],
        other=row_at[two],
    )


def _crossing_points(strands: Strands, one: Ints, two: Ints) -> pd.DataFrame:
    """Return one, two, x_m, y_m, is_level for each point where two strands of a pair cross."""
    shapes = shapely.intersection(strands.lines[one], strands.lines[two])
    points, pair = shapely.get_parts(shapes, return_index=True)
    is_point = shapely.get_type_id(points) == shapely.GeometryType.POINT
    points, pair = points[is_point], pair[is_point]
    xy = to_millimetre(shapely.get_coordinates(points))
    frame = pd.DataFrame({"one": one[pair], "two": two[pair]})
    frame["x_m"], frame["y_m"] = xy[:, 0], xy[:, 1]
    frame["is_level"] = strands.level[frame["one"]] == strands.level[frame["two"]]
    meets = _ends_at(strands, frame["one"].to_numpy(), xy)
    meets &= _ends_at(strands, frame["two"].to_numpy(), xy)
    return frame[~meets].sort_values(["x_m", "y_m", "one", "two"]).reset_index(drop=True)


def _overlaps(strands: Strands, one: Ints, two: Ints) -> pd.DataFrame:
    level = strands.level[one] == strands.level[two]
    one, two = one[level], two[level]
    shapes = shapely.intersection(strands.lines[one], strands.lines[two])
    length = shapely.length(shapes)
    one, two, shapes, length = (column[length > 0] for column in (one, two, shapes, length))
    xy = shapely.get_coordinates(shapely.point_on_surface(shapes))
    rows = {"row": strands.row[one], "other": strands.row[two]}
    return found("overlap", "reported", xy, km=length / M_PER_KM, **rows)


def _self_crossings(strands: Strands) -> pd.DataFrame:
    lines = np.flatnonzero(~shapely.is_simple(strands.lines))
    pieces, index = shapely.get_parts(shapely.node(strands.lines[lines]), return_index=True)
    xy = shapely.get_coordinates(shapely.get_point(pieces, -1))
    own = _ends_at(strands, lines[index], np.round(xy, 3))
    frame = pd.DataFrame({"line": index, "x_m": xy[:, 0], "y_m": xy[:, 1]})[~own]
    first = frame.sort_values(["line", "x_m", "y_m"]).drop_duplicates("line")
    row = strands.row[lines[first["line"]]]
    return found("self-crossing", "reported", first[["x_m", "y_m"]].to_numpy(dtype=float), row=row)


def _meeting(strands: Strands) -> tuple[Ints, Ints]:
    """Return the pairs of strands that share more than an end of one of them."""
    lines = strands.lines
    one, two = shapely.STRtree(lines).query(lines)
    one, two = one[one < two], two[one < two]
    shapely.prepare(lines)
    for test, wanted in ((shapely.intersects, True), (shapely.touches, False)):
        chosen = test(lines[one], lines[two]) == wanted
        one, two = one[chosen], two[chosen]
    return one, two


def _ends_at(strands: Strands, line: Ints, xy: Floats) -> Flags:
    """Tell whether strands begin or end at points, pair by pair."""
    key = millimetres(xy)
    at = [shapely.get_coordinates(shapely.get_point(strands.lines[line], end)) for end in (0, -1)]
    begins, stops = ((millimetres(end) == key).all(axis=1) for end in at)
    return np.asarray(begins | stops, dtype=bool)
