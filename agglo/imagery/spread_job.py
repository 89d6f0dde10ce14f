"""The job of spreading a column of a file of zones over fine zones, and what it writes."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

import geopandas as gpd
import numpy as np
import pandas as pd

from agglo.errors import LayerError
from agglo.folders import whole_folder
from agglo.imagery.dasymetric import fallback_note
from agglo.imagery.fine_zones import CELL_M, FineZones, fine_zones, h3_cells, square_cells
from agglo.imagery.part_shares import amounts_by_cell, part_shares
from agglo.layers.raster_files import bounds_in, read_band
from agglo.layers.write import save_geometry, write_csv
from agglo.layers.zone_files import read_zones
from agglo.rasters import Band, Floats, RasterLayer

CELLS_FILE, REPORT_FILE = "fine_zones.gpkg", "spread_report.csv"
NUMBERS = ("area_km2", "x_m", "y_m", "zone_id", "cell_id")
"""Names that the cells have already."""


@dataclass(frozen=True, slots=True, kw_only=True)
class SpreadJob:
    """What was spread and where it was written."""

    cells: gpd.GeoDataFrame
    """Index cell id: ``zone_id`` with most of it, ``area_km2`` inside the zones, the column that
    was spread, and the whole cells."""

    report: pd.DataFrame
    """Index zone id: ``count``, ``method``, ``reason``, ``unknown_share``, ``cells_count``."""

    note: str
    """Whose people were spread by area and why; empty if nobody's were."""

    folder: Path


def spread_job(
    zones_file: Path,
    column: str,
    weights: RasterLayer | None,
    *,
    out: Path,
    layer: str | None = None,
    zone_id: str | None = None,
    cell_m: float = CELL_M,
    h3_resolution: int | None = None,
    class_weights: Mapping[int, float] | None = None,
    whole: bool = True,
) -> SpreadJob:
    """Spread a column of zones over squares or hexagons and write the cells and the report.

    Parameters
    ----------
    zones_file
        Polygons with ids and the column; see ``read_zones`` for ``layer`` and ``zone_id``. Zones
        in degrees are moved to the UTM zone of their centre.
    weights
        Raster of built-up area, people, land cover, …; without one, by area.
    out
        New folder for 'fine_zones.gpkg' and 'spread_report.csv'.
    h3_resolution
        Makes hexagons of the H3 grid instead of squares.
    class_weights
        Weight per area of every code, of a raster of classes.
    whole
        Whether cells get whole persons; totals of zones are kept either way.

    Raises
    ------
    LayerError
        If the file or the column cannot be read, a count is no number, or the raster does not
        reach the zones.
    OutputError
        If the folder is there already or cannot be written.
    """
    zones = read_zones(zones_file, layer=layer, zone_id=zone_id)
    counts = _counts(zones_file, zones, column)
    if h3_resolution is None:
        cells = square_cells(zones, cell_m=cell_m)
    else:
        cells = h3_cells(zones, resolution=h3_resolution)
    fine = fine_zones(zones, cells)
    part = part_shares(
        fine,
        None if weights is None else _band(weights, zones),
        quantity="" if weights is None else weights.quantity,
        class_weights=class_weights,
    )
    amounts = amounts_by_cell(part, counts, whole=whole)
    report = part.report.assign(count=counts.to_numpy(dtype=float))
    has = np.repeat(np.arange(len(report)), np.diff(amounts.indptr))[amounts.data > 0]
    report["cells_count"] = np.bincount(has, minlength=len(report))
    found = _with_counts(fine, column, amounts.sum(axis=0), whole=whole)
    with whole_folder(out) as folder:
        save_geometry(folder / CELLS_FILE, {"fine_zones": found.reset_index(names="cell_id")})
        write_csv(report.reset_index(names="zone_id"), folder / REPORT_FILE)
    return SpreadJob(cells=found, report=report, note=fallback_note(report), folder=out)


def _band(layer: RasterLayer, zones: gpd.GeoDataFrame) -> Band:
    return read_band(layer, bounds=bounds_in(layer.grid, zones), may_be_empty=True)


def _counts(path: Path, zones: gpd.GeoDataFrame, column: str) -> pd.Series:
    if column not in zones.columns or column == zones.geometry.name or column in NUMBERS:
        columns = ", ".join(str(one) for one in zones.columns.drop(zones.geometry.name))
        raise LayerError(f"{path}: no column '{column}' of counts to spread; it has {columns}")
    counts: pd.Series = zones[column]
    return counts


def _with_counts(fine: FineZones, column: str, counts: Floats, *, whole: bool) -> gpd.GeoDataFrame:
    cells = fine.cells[["zone_id", "area_km2", "geometry"]].copy()
    cells.insert(2, column, counts.astype(np.int64) if whole else counts)
    return cells
