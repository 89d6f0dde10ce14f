"""Drawn lines made clean: single lines in metres; what is refused is named with its place."""

from __future__ import annotations

from dataclasses import dataclass, replace

import geopandas as gpd
import numpy as np
import numpy.typing as npt
import pandas as pd
import shapely

from agglo.errors import LayerError
from agglo.units import M_PER_KM

Floats = npt.NDArray[np.float64]
Ints = npt.NDArray[np.int64]
Flags = npt.NDArray[np.bool_]
Lines = npt.NDArray[np.object_]

MM_DECIMALS = 3
"""Coordinates are kept to the millimetre, so that a point worked out twice is one point."""

NOWHERE = -1


@dataclass(frozen=True, slots=True, kw_only=True)
class Strands:
    """Single lines in metres, each with the row it was drawn in and its level."""

    lines: Lines
    row: Ints
    """Position of the row in the layer."""

    level: Ints
    """Number of the value that says bridge, tunnel or layer; 0 for all where none is given."""

    is_added: Flags
    """Whether the line was not drawn but added to join two parts."""

    def take(self, chosen: Ints | Flags) -> Strands:
        """Return some of the strands."""
        return Strands(
            lines=self.lines[chosen],
            row=self.row[chosen],
            level=self.level[chosen],
            is_added=self.is_added[chosen],
        )

    def with_lines(self, lines: Lines) -> Strands:
        """Return the strands in another shape."""
        return replace(self, lines=lines)


def found(
    what: str | npt.NDArray[np.str_],
    action: str,
    xy_m: Floats,
    *,
    km: Floats | float = 0.0,
    row: Ints | int = NOWHERE,
    other: Ints | int = NOWHERE,
) -> pd.DataFrame:
    """Note one finding per point.

    Returns
    -------
    found
        what, action, x_m, y_m, km, row, other; `other` is the row of the second line.
    """
    return pd.DataFrame(
        {
            "what": np.broadcast_to(what, len(xy_m)),
            "action": action,
            "x_m": xy_m[:, 0],
            "y_m": xy_m[:, 1],
            "km": np.broadcast_to(km, len(xy_m)),
            "row": np.broadcast_to(row, len(xy_m)),
            "other": np.broadcast_to(other, len(xy_m)),
        }
    )


def to_millimetre(xy_m: Floats) -> Floats:
    """Round coordinates to the millimetre, without a minus before 0."""
    rounded: Floats = np.round(xy_m, MM_DECIMALS) + 0.0
    return rounded


def strands_from_frame(
    frame: gpd.GeoDataFrame, *, crs: str, grade: str | None
) -> tuple[Strands, list[pd.DataFrame]]:
    """Bring drawn lines into metres, part by part, and drop what is no line.

    Parameters
    ----------
    frame
        Lines in any CRS.
    crs
        Metric CRS of the strands.
    grade
        Column that says bridge, tunnel or layer.

    Returns
    -------
    strands, findings
        The strands in an order of their own, whatever the order of the rows.

    Raises
    ------
    LayerError
        If there is no row, the CRS is unknown or no line is left.
    """
    _check_frame(frame)
    findings: list[pd.DataFrame] = []
    row = np.arange(len(frame), dtype=np.int64)
    shapes = np.asarray(frame.geometry.to_numpy(), dtype=object)
    shapes, row = _refuse(
        findings, "empty geometry", shapes, row, shapely.is_missing(shapes) | _is_empty(shapes)
    )
    shapes, row = _refuse(findings, "coordinate no number", shapes, row, ~_is_finite(shapes))
    high = shapely.has_z(shapes)
    shapes = np.asarray(gpd.GeoSeries(shapely.force_2d(shapes), crs=frame.crs).to_crs(crs))
    shapes, row, high = _refuse_outside(findings, shapes, row, high)
    findings.append(found("height", "repaired", _middles(shapes[high]), row=row[high]))
    shapes, row = _parts(findings, shapes, row)
    shapes, row = _refuse(findings, "not a line", shapes, row, ~_is_line(shapes))
    lines = _rounded(shapes)
    lines, row = _refuse(findings, "zero length", lines, row, shapely.length(lines) == 0)
    if not len(lines):
        refused = [f"{len(part)} {part['what'].iloc[0]}" for part in findings if len(part)]
        raise LayerError(
            f"the layer has {len(frame)} row(s) but no line with a length "
            f"({', '.join(refused)}); wanted lines: is it the right layer, in its true CRS?"
        )
    return _ordered(frame, lines, row, grade), findings


def drop_duplicates(strands: Strands, attributes: pd.DataFrame) -> tuple[Strands, pd.DataFrame]:
    """Keep one of the strands that are the same line, drawn in either direction.

    The row with the most values stays, then the first by its values as text.
    """
    kept = np.ones(len(strands.lines), dtype=bool)
    like = _alike(strands)
    rows = attributes.iloc[strands.row[like]]
    order = pd.DataFrame(
        {
            "shape": shapely.to_wkb(shapely.normalize(strands.lines[like])),
            "level": strands.level[like],
            "missing": rows.isna().sum(axis=1).to_numpy(),
            "text": ["\x1f".join(map(str, values)) for values in rows.to_numpy(dtype=object)],
            "drawn": shapely.to_wkb(strands.lines[like]),
        },
        index=like,
    ).sort_values(["shape", "level", "missing", "text", "drawn"])
    kept[order.index[order.duplicated(["shape", "level"])]] = False
    lines = strands.lines[~kept]
    findings = found(
        "duplicate",
        "refused",
        _middles(lines),
        km=shapely.length(lines) / M_PER_KM,
        row=strands.row[~kept],
    )
    return strands.take(kept), findings


def _check_frame(frame: gpd.GeoDataFrame) -> None:
    if frame.empty:
        raise LayerError("the layer of lines has no row; wanted at least one line")
    if frame.crs is None:
        looks = " (the coordinates look like degrees)" if _are_degrees(frame) else ""
        raise LayerError(
            f"the layer of lines has no CRS{looks}; wanted one: set it in the file or with set_crs"
        )


def _are_degrees(frame: gpd.GeoDataFrame) -> bool:
    west, south, east, north = frame.total_bounds
    return bool(west >= -180 and east <= 180 and south >= -90 and north <= 90)


def _refuse(
    findings: list[pd.DataFrame], what: str, shapes: Lines, row: Ints, wrong: Flags
) -> tuple[Lines, Ints]:
    xy = _middles(shapes[wrong]) if what in ("not a line", "zero length") else None
    nowhere = np.full((int(wrong.sum()), 2), np.nan)
    findings.append(found(what, "refused", nowhere if xy is None else xy, row=row[wrong]))
    return shapes[~wrong], row[~wrong]


def _refuse_outside(
    findings: list[pd.DataFrame], shapes: Lines, row: Ints, high: Flags
) -> tuple[Lines, Ints, Flags]:
    """Refuse what the CRS has no place for."""
    inside = _is_finite(shapes)
    shapes, row = _refuse(findings, "outside the CRS", shapes, row, ~inside)
    return shapes, row, high[inside]


def _parts(findings: list[pd.DataFrame], shapes: Lines, row: Ints) -> tuple[Lines, Ints]:
    """Take collections apart, nested ones too."""
    several = shapely.get_num_geometries(shapes) > 1
    findings.append(found("several parts", "repaired", _middles(shapes[several]), row=row[several]))
    while (shapely.get_type_id(shapes) > shapely.GeometryType.POLYGON).any():
        shapes, index = shapely.get_parts(shapes, return_index=True)
        row = row[index]
    return shapes, row


def _rounded(shapes: Lines) -> Lines:
    """Round to the millimetre and drop repeated points; a ring becomes a line."""
    coordinates, index = shapely.get_coordinates(shapes, return_index=True)
    lines = shapely.linestrings(to_millimetre(coordinates), indices=index)
    return np.asarray(shapely.remove_repeated_points(lines), dtype=object)


def _ordered(frame: gpd.GeoDataFrame, lines: Lines, row: Ints, grade: str | None) -> Strands:
    level = np.zeros(len(frame), dtype=np.int64)
    if grade is not None:
        given = frame[grade]
        level = pd.factorize(given.astype(object).where(given.notna(), "").astype(str), sort=True)[
            0
        ].astype(np.int64)
    order = pd.DataFrame({"shape": shapely.to_wkb(lines), "level": level[row]})
    first = order.sort_values(["shape", "level"], kind="stable").index.to_numpy()
    none = np.zeros(len(lines), dtype=bool)
    return Strands(lines=lines[first], row=row[first], level=level[row[first]], is_added=none)


def _is_empty(shapes: Lines) -> Flags:
    return np.asarray(shapely.is_empty(shapes), dtype=bool)


def _is_line(shapes: Lines) -> Flags:
    kinds = (shapely.GeometryType.LINESTRING, shapely.GeometryType.LINEARRING)
    return np.isin(shapely.get_type_id(shapes), kinds)


def _is_finite(shapes: Lines) -> Flags:
    coordinates, index = shapely.get_coordinates(shapes, return_index=True)
    wrong = index[~np.isfinite(coordinates).all(axis=1)]
    return np.asarray(np.bincount(wrong, minlength=len(shapes)) == 0, dtype=bool)


def _alike(strands: Strands) -> Ints:
    """Return the strands that share a bounding box and length with another: few."""
    measures = np.column_stack([shapely.bounds(strands.lines), shapely.length(strands.lines)])
    frame = pd.DataFrame(to_millimetre(measures))
    return np.flatnonzero(frame.duplicated(keep=False))


def _middles(shapes: Lines) -> Floats:
    """Return a point of each shape: its middle vertex."""
    coordinates, index = shapely.get_coordinates(shapes, return_index=True)
    starts = np.searchsorted(index, np.arange(len(shapes)))
    counts = np.bincount(index, minlength=len(shapes))
    return np.asarray(coordinates[starts + counts // 2], dtype=float)
