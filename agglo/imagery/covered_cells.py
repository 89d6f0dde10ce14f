"""Asks exactextract which part of each cell polygons cover, and keeps whole cells as runs."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
import numpy.typing as npt
import shapely

from agglo.rasters import Floats, Grid

if TYPE_CHECKING:
    from agglo.imagery.exact_shares import Cells

CELLS_AT_ONCE = 1_000_000
"""Cells whose shares are held one by one, before whole ones become runs."""

SLIVER = 1e-8
"""Smaller shares are what rounding leaves across a line: no cell is touched, no extreme met."""

Numbers = npt.NDArray[np.int64]


@dataclass(frozen=True, slots=True, kw_only=True)
class Pieces:
    """Cells partly covered, and runs of cells wholly covered; see ``Coverage``."""

    edge_cells: Numbers
    edge_zones: Numbers
    edge_shares: Floats
    run_starts: Numbers
    run_stops: Numbers
    run_zones: Numbers

    @classmethod
    def joined(cls, pieces: Sequence[Pieces]) -> Pieces:
        """Put lists behind each other."""
        return cls(
            **{
                name: np.concatenate([getattr(one, name) for one in pieces])
                for name in cls.__dataclass_fields__
            }
        )

    def in_order(self) -> Pieces:
        """Sort by cell, then by zone."""
        edges = np.lexsort((self.edge_zones, self.edge_cells))
        runs = np.lexsort((self.run_zones, self.run_starts))
        return Pieces(
            edge_cells=self.edge_cells[edges], edge_zones=self.edge_zones[edges],
            edge_shares=self.edge_shares[edges], run_starts=self.run_starts[runs],
            run_stops=self.run_stops[runs], run_zones=self.run_zones[runs],
        )  # fmt: skip


def covered_cells(window: Grid, first: int, last: int, polygons: npt.NDArray[np.object_]) -> Pieces:
    """Lay polygons on some rows of a grid.

    Parameters
    ----------
    first, last
        First row, and the row after the last.
    polygons
        In the CRS of the grid; None where there is none.

    Returns
    -------
    pieces
        Cells numbered row by row from the start of the whole grid, in order.
    """
    from agglo.imagery.exact_shares import exact_shares

    strip = window.part(first, 0, last - first, window.width)
    begin = first * window.width
    pieces = [_nothing()]
    for zones in _batches(strip, polygons):
        found = exact_shares(strip, polygons[zones])
        pieces.append(_compact(found, zones, begin, window.width))
    return Pieces.joined(pieces).in_order()


def _batches(strip: Grid, polygons: npt.NDArray[np.object_]) -> Iterator[Numbers]:
    """Group the polygons that touch a strip, so that each group has not too many cells."""
    west, south, east, north = strip.bounds
    across, along = strip.cell
    left, low, right, high = shapely.bounds(polygons).T
    with np.errstate(invalid="ignore"):
        columns = (np.minimum(right, east) - np.maximum(left, west)) / across
        rows = (np.minimum(high, north) - np.maximum(low, south)) / along
        zones = np.flatnonzero((columns > 0) & (rows > 0))
    sizes = (columns[zones] + 2) * (rows[zones] + 2)
    groups = np.floor(np.cumsum(sizes) / CELLS_AT_ONCE)
    if len(zones):
        yield from np.split(zones, np.flatnonzero(np.diff(groups)) + 1)


def _compact(found: Sequence[Cells], zones: Numbers, begin: int, width: int) -> Pieces:
    """Keep cells partly covered, and of those wholly covered the first and last of each run."""
    cells = np.concatenate([cells for cells, _ in found])
    shares = np.concatenate([shares for _, shares in found])
    ends = np.cumsum([len(cells) for cells, _ in found])
    whole = shares == 1
    goes_on = whole[1:] & whole[:-1] & (cells[1:] - cells[:-1] == 1)
    goes_on[ends[(ends > 0) & (ends < len(cells))] - 1] = False
    goes_on &= cells[1:] % width != 0
    starts = np.flatnonzero(whole & ~np.append(False, goes_on))
    stops = np.flatnonzero(whole & ~np.append(goes_on, False))
    edges = np.flatnonzero(~whole & (shares > SLIVER))
    return Pieces(
        edge_cells=cells[edges] + begin,
        edge_zones=zones[np.searchsorted(ends, edges, side="right")],
        edge_shares=shares[edges],
        run_starts=cells[starts] + begin,
        run_stops=cells[stops] + begin + 1,
        run_zones=zones[np.searchsorted(ends, starts, side="right")],
    )


def _nothing() -> Pieces:
    none, no_share = np.empty(0, dtype=np.int64), np.empty(0)
    return Pieces(
        edge_cells=none, edge_zones=none, edge_shares=no_share,
        run_starts=none, run_stops=none, run_zones=none,
    )  # fmt: skip
