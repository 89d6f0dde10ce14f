"""What the repair found, as points on the map, as a table and in plain words."""

from __future__ import annotations

import geopandas as gpd
import numpy as np
import numpy.typing as npt
import pandas as pd
import shapely

from agglo.layers.islands import name_column
from agglo.layers.repair_gaps import Reach
from agglo.layers.repair_strands import Floats

DEGREE_DECIMALS = 7
EXAMPLES_SHOWN = 3
REPORT_COLUMNS = ["what", "action", "count", "km", "where", "note"]

SENTENCES = {
    "empty geometry": "refused {n} row(s) without geometry",
    "coordinate no number": "refused {n} row(s) with a coordinate that is no number",
    "outside the CRS": "refused {n} row(s) that lie outside the metric CRS",
    "not a line": "refused {n} shape(s) that are no lines",
    "zero length": "refused {n} line(s) without length",
    "duplicate": "refused {n} line(s) drawn twice ({km:.1f} km)",
    "height": "dropped the heights of {n} row(s)",
    "several parts": "took apart {n} row(s) of several lines",
    "same point": "made one point of {n} end(s) beside another end",
    "short line": "dropped {n} line(s) too short to have two ends",
    "shared vertex": "cut {n} line(s) at a vertex shared with another line",
    "split": "cut {n} line(s) where another one ends on them",
    "crossing": "joined {n} crossing(s)",
    "joined to end": "joined {n} loose end(s) to the end of a line",
    "joined to line": "joined {n} loose end(s) to the middle of a line",
    "overshoot": "joined {n} loose end(s) where they run over a line",
    "parts tied": "added {n} short link(s) between parts ({km:.2f} km)",
    "parts cross": "joined {n} crossing(s) beside a junction, between parts",
    "crossing without node": "found {n} crossing(s) without a junction, left as bridges",
    "crossing of levels": "found {n} crossing(s) on different levels, left as bridges",
    "overlap": "found {n} pair(s) of lines that lie on each other ({km:.1f} km)",
    "self-crossing": "found {n} line(s) that cross themselves",
    "close junctions": "found {n} pair(s) of junctions close to each other, not joined",
    "island": "found {n} island(s) ({km:.1f} km)",
}
"""What each finding says, in the order of the report."""


def repair_lines(report: pd.DataFrame) -> list[str]:
    """Say each kind of finding in one line of plain words."""
    texts = []
    for what, count, km, where, note in report[["what", "count", "km", "where", "note"]].itertuples(
        index=False
    ):
        text = SENTENCES[what].format(n=count, km=km)
        texts.append(text + (f"; {note}" if note else "") + (f": {where}" if where else ""))
    return texts


def places_of(
    findings: list[pd.DataFrame], lines: gpd.GeoDataFrame, *, crs: str, name: str
) -> gpd.GeoDataFrame:
    """Give findings the names of their roads, a place on the map and an order of their own.

    Returns
    -------
    places_of
        what, action, km, name, row (from 0, -1 where there is none), lon, lat, and a point in
        the metric CRS; without a place where it is not known.
    """
    frame = pd.concat([part for part in findings if len(part)] or findings[:1], ignore_index=True)
    label = _labels(frame, lines, name)
    given = frame["name"] if "name" in frame else pd.Series(None, index=frame.index)
    frame["name"] = given.astype(object).where(given.notna(), label)
    known = np.isfinite(frame[["x_m", "y_m"]].to_numpy(dtype=float)).all(axis=1)
    points = np.full(len(frame), None, dtype=object)
    points[known] = shapely.points(frame.loc[known, ["x_m", "y_m"]].to_numpy(dtype=float))
    frame["lon"], frame["lat"] = np.nan, np.nan
    frame.loc[known, "lon"], frame.loc[known, "lat"] = degrees(points[known], crs)
    frame["rank"] = frame["what"].map({what: rank for rank, what in enumerate(SENTENCES)})
    order = ["rank", "km", "lon", "lat", "name", "row"]
    downwards = [column != "km" for column in order]
    shown = gpd.GeoDataFrame(frame, geometry=points, crs=crs).sort_values(
        order, ascending=downwards
    )
    columns = ["what", "action", "km", "name", "row", "lon", "lat", "geometry"]
    return shown[columns].reset_index(drop=True)


def report_of(findings: gpd.GeoDataFrame, parts: pd.DataFrame, reach: Reach) -> pd.DataFrame:
    """Count findings by kind, with the first places of each."""
    rows = [
        {
            "what": what,
            "action": action,
            "count": len(group),
            "km": group["km"].sum(),
            "where": "; ".join(_where(group.head(EXAMPLES_SHOWN))),
            "note": _note(str(what), parts, reach),
        }
        for (what, action), group in findings.groupby(["what", "action"], sort=False)
    ]
    return pd.DataFrame(rows, columns=REPORT_COLUMNS)


def degrees(points: npt.NDArray[np.object_], crs: str) -> tuple[Floats, Floats]:
    """Return longitude and latitude of points in a metric CRS."""
    found = gpd.GeoSeries(points, crs=crs).to_crs("EPSG:4326")
    lon, lat = (np.round(axis.to_numpy(), DEGREE_DECIMALS) + 0.0 for axis in (found.x, found.y))
    return lon, lat


def _labels(frame: pd.DataFrame, lines: gpd.GeoDataFrame, name: str) -> pd.Series:
    """Name the one or two roads of each finding."""
    column = name_column(lines, name)
    if not column:
        return pd.Series("", index=frame.index)
    names = lines[column].astype(object).where(lines[column].notna(), "").astype(str)
    known = np.append(names.to_numpy(dtype=object), "")
    one, two = known[frame["row"]], known[frame["other"]]
    labels = [" × ".join(dict.fromkeys(filter(None, pair))) for pair in zip(one, two, strict=True)]
    return pd.Series(labels, index=frame.index, dtype=object)


def _where(rows: pd.DataFrame) -> list[str]:
    """Write places as degrees with the road's name, rows without a place as their number."""
    return [
        (f"{lon:.5f} {lat:.5f}" if np.isfinite(lon) else f"row {row + 1}")
        + (f" ({name})" if name else "")
        for lon, lat, name, row in zip(
            rows["lon"], rows["lat"], rows["name"], rows["row"], strict=True
        )
    ]


def _note(what: str, parts: pd.DataFrame, reach: Reach) -> str:
    within_m = {
        "joined to end": reach.end_m,
        "joined to line": reach.inside_m,
        "overshoot": reach.far_m,
        "parts tied": reach.far_m,
        "close junctions": reach.close_m,
    }
    if what in within_m:
        return f"within {within_m[what]:g} m"
    if what == "island":
        return (
            f"the largest part holds {parts['km_share'][0]:.1%} of the km and "
            f"{parts['nodes_share'][0]:.1%} of the nodes; "
            f"the islands lie up to {parts['gap_m'].max():.0f} m from it"
        )
    return ""
