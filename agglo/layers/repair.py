"""Repair of drawn line layers: lines become a network, and every repair and refusal is named."""

from __future__ import annotations

import math
from dataclasses import dataclass

import geopandas as gpd
import numpy as np
import pandas as pd
import shapely

from agglo.errors import LayerError
from agglo.layers.islands import islands
from agglo.layers.repair_crossings import close_junctions, crossing_findings, cut_crossings
from agglo.layers.repair_cuts import Ends, cut_shared, ends_of
from agglo.layers.repair_gaps import Reach
from agglo.layers.repair_joins import join_strands
from agglo.layers.repair_report import degrees, places_of, repair_lines, report_of
from agglo.layers.repair_strands import Strands, drop_duplicates, found, strands_from_frame
from agglo.region import check_crs
from agglo.units import M_PER_KM

OWN_COLUMNS = ("link_id", "from_id", "to_id", "length_km")
"""Columns of the links that are worked out anew."""
TIE = "tie:"
"""How the ids of added links begin."""
MOST_ROUNDS = 50
"""Two are the rule; more are needed only where a join brings lines near to others."""

__all__ = ["Repaired", "islands", "network_from_lines", "repair_lines"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Repaired:
    """A network made of drawn lines, with what was done to them."""

    nodes: gpd.GeoDataFrame
    """node_id (text), lon, lat (EPSG:4326); points in the metric CRS."""

    links: gpd.GeoDataFrame
    """link_id, from_id, to_id, length_km (as drawn) and the columns of the row that the link was
    drawn in; lines from → to in the metric CRS."""

    findings: gpd.GeoDataFrame
    """what, action ('repaired', 'refused', 'reported'), km, name, row (from 0, -1 for none), lon,
    lat; one point each, none where the place is not known."""

    report: pd.DataFrame
    """The findings by kind: what, action, count, km, where (lon lat, name), note."""


def network_from_lines(
    lines: gpd.GeoDataFrame,
    *,
    crs: str,
    snap_m: float = 25.0,
    split_m: float | None = None,
    grade: str | None = None,
    join_crossings: bool = False,
    name: str = "",
) -> Repaired:
    """Join drawn lines to a network.

    Lines are cut at vertices they share. A loose end, where one line ends alone, is led straight
    on to the nearest line within reach: to its end if that is about as near, else to its inside,
    which is cut there; where it has just run over the line, both are cut at the crossing. Each
    end is led on once, gaps close from the smallest up. Junctions are never moved; parts of the
    network that still lie within reach are tied by a short link with the columns of one of its
    neighbours. Two points with a way of at most three times their gap between them count as
    joined. Repairing twice changes nothing, a larger reach gives no more parts.

    Parameters
    ----------
    lines
        LineStrings or MultiLineStrings in any CRS. A column `link_id` names the links; one
        named `length_km` is replaced by the drawn length.
    crs
        Projected CRS in metres.
    snap_m
        How far an end may be from another end.
    split_m
        How far an end may be from the inside of a line; like `snap_m` if not given.
    grade
        Column that says bridge, tunnel or layer: lines that differ in it meet only at ends.
    join_crossings
        Whether lines of one level that cross are joined there; else the crossing is reported.
    name
        Column of road names for the report; empty takes the first known one.

    Returns
    -------
    network_from_lines
        Whatever the order of the rows.

    Raises
    ------
    LayerError
        If no line is usable, the CRS is missing or a tolerance is no distance.
    TableError
        If `crs` does not measure in metres.
    """
    check_crs(crs)
    reach = _reach(snap_m, split_m)
    _check_columns(lines, grade=grade, name=name or None)
    strands, findings = strands_from_frame(lines, crs=crs, grade=grade)
    attributes = pd.DataFrame(lines.drop(columns=lines.geometry.name))
    strands, news = _joined(strands, attributes, reach, crossings=join_crossings)
    findings += [*news, *crossing_findings(strands), close_junctions(strands, reach.close_m)]
    ends = ends_of(strands.lines)
    nodes = _nodes(ends, crs)
    links = _links(strands, attributes, nodes["node_id"].to_numpy(), ends, crs)
    parts = islands(nodes, links, crs=crs, name=name)
    findings.append(_island_findings(parts, crs))
    places = places_of(findings, lines, crs=crs, name=name)
    return Repaired(
        nodes=nodes.sort_values("node_id", ignore_index=True),
        links=links.sort_values("link_id", ignore_index=True),
        findings=places,
        report=report_of(places, parts, reach),
    )


def _check_columns(lines: gpd.GeoDataFrame, **columns: str | None) -> None:
    for choice, column in columns.items():
        if column is not None and column not in lines.columns:
            raise LayerError(
                f"{choice}: the lines have no column '{column}'; "
                f"there are {', '.join(map(str, lines.columns))}"
            )


def _reach(snap_m: float, split_m: float | None) -> Reach:
    inside_m = snap_m if split_m is None else split_m
    for label, value in (("snap_m", snap_m), ("split_m", inside_m)):
        if not (math.isfinite(value) and value >= 0):
            raise LayerError(f"{label} must be a distance in metres, 0 or more; got {value}")
    return Reach(end_m=float(snap_m), inside_m=float(inside_m))


def _joined(
    strands: Strands, attributes: pd.DataFrame, reach: Reach, *, crossings: bool
) -> tuple[Strands, list[pd.DataFrame]]:
    """Cut and join until there is nothing left to do; so doing it again changes nothing."""
    findings: list[pd.DataFrame] = []
    for _ in range(MOST_ROUNDS):
        strands, first = drop_duplicates(strands, attributes)
        strands, shared = cut_shared(strands)
        strands, second = drop_duplicates(strands, attributes)
        strands, cut = cut_crossings(strands) if crossings else (strands, [])
        strands, joined = join_strands(strands, reach)
        findings += [first, shared, second, *cut, *joined]
        if not any(map(len, [*cut, *joined])):
            return strands, findings
    raise LayerError(
        f"the lines still change after {MOST_ROUNDS} rounds of joining within "
        f"{reach.far_m:g} m; take a smaller snap_m"
    )


def _nodes(ends: Ends, crs: str) -> gpd.GeoDataFrame:
    points = shapely.points(ends.xy_m)
    lon, lat = degrees(points, crs)
    ids = pd.Series([f"{x:.6f}_{y:.6f}" for x, y in zip(lon, lat, strict=True)])
    table = {"node_id": _unique(ids), "lon": lon, "lat": lat}
    return gpd.GeoDataFrame(table, geometry=points, crs=crs)


def _links(
    strands: Strands, attributes: pd.DataFrame, node_ids: np.ndarray, ends: Ends, crs: str
) -> gpd.GeoDataFrame:
    from_id, to_id = node_ids[ends.tail], node_ids[ends.head]
    rows = attributes.iloc[strands.row].reset_index(drop=True)
    pair = pd.Series(from_id) + ">" + pd.Series(to_id)
    given = rows["link_id"] if "link_id" in rows else pd.Series("", index=rows.index)
    given = given.astype(object).where(given.notna(), "").astype(str)
    base = given.where(given != "", pair).where(~strands.is_added, TIE + pair)
    number = (base.groupby(base).cumcount() + 1).astype(str)
    link_id = base.where(~base.duplicated(keep=False), base + "-" + number)
    own = pd.DataFrame(
        {
            "link_id": _unique(link_id),
            "from_id": from_id,
            "to_id": to_id,
            "length_km": shapely.length(strands.lines) / M_PER_KM,
        }
    )
    others = rows.drop(columns=[column for column in OWN_COLUMNS if column in rows])
    return gpd.GeoDataFrame(
        pd.concat([own, others], axis=1), geometry=np.asarray(strands.lines), crs=crs
    )


def _unique(ids: pd.Series) -> pd.Series:
    """Tell equal ids apart by a number, in their order."""
    while ids.duplicated().any():
        again = ids.groupby(ids).cumcount()
        ids = ids.where(again == 0, ids + "~" + (again + 1).astype(str))
    return ids


def _island_findings(parts: pd.DataFrame, crs: str) -> pd.DataFrame:
    apart = parts.iloc[1:]
    points = gpd.points_from_xy(apart["lon"], apart["lat"], crs="EPSG:4326").to_crs(crs)
    xy = np.column_stack([points.x, points.y]).reshape(-1, 2)
    frame = found("island", "reported", xy, km=apart["km"].to_numpy())
    return frame.assign(name=apart["name"].to_numpy())
