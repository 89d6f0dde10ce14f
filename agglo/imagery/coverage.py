"""Which part of every cell of a raster each zone covers, laid down once for all its layers."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace

import geopandas as gpd
import numpy as np
import numpy.typing as npt
import pandas as pd
import shapely
from scipy import sparse

from agglo.errors import LayerError
from agglo.imagery.covered_cells import Pieces, covered_cells
from agglo.imagery.moved_zones import Shapes, polygons_on_grid
from agglo.layers.text_cells import listed
from agglo.rasters import Floats, Grid

STRIP_CELLS = 4_000_000
"""Cells of the rows that are worked on at once."""

LAID_SHARE = 1e-4
"""Part of an area, and of a cell, that the shares of a zone may be off by."""

NOISE = 1e-6
"""Shares are exact to seven digits; a smaller part off the grid is none."""

Numbers = npt.NDArray[np.int64]


@dataclass(frozen=True, slots=True, kw_only=True)
class Coverage:
    """Exact shares of cells that zones cover.

    Cells in which a zone's border runs are listed one by one, whole ones as runs along a row,
    so that 10,000 zones over 120 million cells need 200 MB. Cells are numbered row by row in
    the window; both lists go from the north-west, zones of one cell in their order.
    """

    grid: Grid
    """The raster's grid."""

    window: Grid
    """The part of it that zones touch."""

    row: int
    column: int
    """Where the window starts in the grid."""

    zone_ids: pd.Index
    outside_share: pd.Series
    """Part of each zone's area, as drawn in the raster's CRS, that lies off the grid."""

    edge_cells: Numbers
    edge_zones: Numbers
    edge_shares: Floats
    """Cells partly covered, the number of the zone, and the share of the cell."""

    run_starts: Numbers
    run_stops: Numbers
    run_zones: Numbers
    """First cell and cell after the last of runs of cells wholly covered; none passes a row."""

    @property
    def shares(self) -> sparse.csr_array:
        """Zones × cells of the whole grid, 0 to 1: 12 bytes for every cell covered."""
        lengths = self.run_stops - self.run_starts
        cells = np.concatenate([self.edge_cells, every_cell(self.run_starts, lengths)])
        zones = np.concatenate([self.edge_zones, np.repeat(self.run_zones, lengths)])
        shares = np.concatenate([self.edge_shares, np.ones(int(lengths.sum()))])
        row, column = np.divmod(cells, self.window.width)
        cells = (row + self.row) * self.grid.width + column + self.column
        shape = (len(self.zone_ids), self.grid.height * self.grid.width)
        matrix = sparse.csr_array(sparse.coo_array((shares, (zones, cells)), shape=shape))
        matrix.sort_indices()
        return matrix

    @property
    def cells_count(self) -> pd.Series:
        """Cells that each zone covers, parts of cells added up."""
        return pd.Series(_cells_count(self, len(self.zone_ids)), self.zone_ids, name="cells_count")


@dataclass(frozen=True, slots=True, kw_only=True)
class Strip:
    """The coverage of some rows of its window, cells numbered from their first."""

    row: int
    column: int
    """Where it starts in the grid of the coverage."""

    grid: Grid
    zones_count: int
    edge_cells: Numbers
    edge_zones: Numbers
    edge_shares: Floats
    run_starts: Numbers
    run_stops: Numbers
    run_zones: Numbers


def coverage_from_zones(grid: Grid, zones: gpd.GeoDataFrame) -> Coverage:
    """Lay zones on a grid: tell which part of each cell each of them covers.

    The polygons are moved, never the raster: see ``polygons_on_grid``. Shares are those of
    exactextract, which keeps seven digits.

    Parameters
    ----------
    zones
        Polygons in any CRS; the index is their id. Invalid ones are mended.

    Raises
    ------
    LayerError
        If the zones have no CRS, are no areas, have an id twice, or none touches the grid; if
        a zone cannot be moved or laid, crosses the antimeridian, or the raster counts longitude
        to 360.
    """
    polygons = polygons_on_grid(grid, zones)
    row, column, window = _window(grid, polygons)
    pieces = [covered_cells(window, first, last, polygons) for first, last in _rows_at_once(window)]
    joined = Pieces.joined(pieces)
    cells = _cells_count(joined, len(zones))
    _check_areas(zones.index, polygons, cells, float(np.prod(grid.cell)))
    return Coverage(
        grid=grid, window=window, row=row, column=column, zone_ids=zones.index,
        outside_share=_outside_share(zones.index, polygons, cells * np.prod(grid.cell)),
        edge_cells=joined.edge_cells, edge_zones=joined.edge_zones,
        edge_shares=joined.edge_shares, run_starts=joined.run_starts,
        run_stops=joined.run_stops, run_zones=joined.run_zones,
    )  # fmt: skip


def strips(coverage: Coverage) -> Iterator[Strip]:
    """Cut a coverage into strips of rows that fit into memory; untouched ones are left out."""
    window = coverage.window
    for first, last in _rows_at_once(window):
        begin, end = first * window.width, last * window.width
        edges = slice(*np.searchsorted(coverage.edge_cells, (begin, end)))
        runs = slice(*np.searchsorted(coverage.run_starts, (begin, end)))
        if edges.start < edges.stop or runs.start < runs.stop:
            yield Strip(
                row=coverage.row + first, column=coverage.column,
                grid=window.part(first, 0, last - first, window.width),
                zones_count=len(coverage.zone_ids),
                edge_cells=coverage.edge_cells[edges] - begin,
                edge_zones=coverage.edge_zones[edges], edge_shares=coverage.edge_shares[edges],
                run_starts=coverage.run_starts[runs] - begin,
                run_stops=coverage.run_stops[runs] - begin, run_zones=coverage.run_zones[runs],
            )  # fmt: skip


def part_of_zones(coverage: Coverage, is_kept: npt.NDArray[np.bool_]) -> Coverage:
    """Keep the cells of some zones that cover any, in a window no larger than they need."""
    edges, runs = is_kept[coverage.edge_zones], is_kept[coverage.run_zones]
    width = coverage.window.width
    edge_row, edge_column = np.divmod(coverage.edge_cells[edges], width)
    run_row, run_column = np.divmod(coverage.run_starts[runs], width)
    lengths = (coverage.run_stops - coverage.run_starts)[runs]
    rows = np.concatenate([edge_row, run_row])
    firsts = np.concatenate([edge_column, run_column])
    lasts = np.concatenate([edge_column, run_column + lengths - 1])
    row, column = int(rows.min()), int(firsts.min())
    height, own = int(rows.max()) - row + 1, int(lasts.max()) - column + 1
    starts = (run_row - row) * own + run_column - column
    return replace(
        coverage,
        window=coverage.window.part(row, column, height, own),
        row=coverage.row + row, column=coverage.column + column,
        edge_cells=(edge_row - row) * own + edge_column - column,
        edge_zones=coverage.edge_zones[edges], edge_shares=coverage.edge_shares[edges],
        run_starts=starts, run_stops=starts + lengths, run_zones=coverage.run_zones[runs],
    )  # fmt: skip


def _rows_at_once(window: Grid) -> Iterator[tuple[int, int]]:
    rows = max(1, STRIP_CELLS // window.width)
    for first in range(0, window.height, rows):
        yield first, min(first + rows, window.height)


def _window(grid: Grid, polygons: Shapes) -> tuple[int, int, Grid]:
    """Row, column and grid of the cells that polygons touch."""
    left, low, right, high = shapely.total_bounds(polygons[polygons != None])  # noqa: E711
    west, _, _, north = grid.bounds
    across, along = grid.cell
    # a cell more on every side, against the rounding of bounds that lie on the lines
    columns = np.floor((left - west) / across) - 1, np.ceil((right - west) / across) + 1
    rows = np.floor((north - high) / along) - 1, np.ceil((north - low) / along) + 1
    first, last = (int(one) for one in np.clip(columns, 0, grid.width))
    upper, lower = (int(one) for one in np.clip(rows, 0, grid.height))
    return upper, first, grid.part(upper, first, lower - upper, last - first)


def _cells_count(cells: Coverage | Pieces, count: int) -> Floats:
    edges = np.bincount(cells.edge_zones, cells.edge_shares, minlength=count)
    runs = np.bincount(cells.run_zones, cells.run_stops - cells.run_starts, minlength=count)
    # of empty lists bincount makes whole numbers
    return edges.astype(np.float64) + runs


def _check_areas(ids: pd.Index, polygons: Shapes, cells: Floats, cell: float) -> None:
    """Refuse zones that would cover more than they are: a shape that was laid inside out."""
    area = np.nan_to_num(shapely.area(polygons))
    wrong = cells * cell > area * (1 + LAID_SHARE) + cell * LAID_SHARE
    if wrong.any():
        raise LayerError(
            f"zone {listed(ids[wrong])} cannot be laid on the raster: it covers "
            f"{cells[wrong][0]:g} cells where its area is {area[wrong][0] / cell:g}; repair its "
            "shape"
        )


def _outside_share(ids: pd.Index, polygons: Shapes, covered: Floats) -> pd.Series:
    area = shapely.area(polygons)
    with np.errstate(divide="ignore", invalid="ignore"):
        share = np.clip(1 - covered / area, 0, 1)
    share = np.where(share < NOISE, 0.0, share)
    return pd.Series(np.where(covered > 0, share, 1.0), index=ids, name="outside_share")


def every_cell(starts: Numbers, lengths: Numbers) -> Numbers:
    """List every cell of runs."""
    ends = np.cumsum(lengths)
    total = int(ends[-1]) if len(ends) else 0
    cells: Numbers = np.arange(total) + np.repeat(starts - (ends - lengths), lengths)
    return cells
