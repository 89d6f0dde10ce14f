"""Zones drawn as letters on squared paper, and flows between them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import geopandas as gpd
import pandas as pd
import shapely

from agglo.commuting.flows import Flows, flows_from_table
from tests.worlds import CRS, ORIGIN_M

CELL_M = 1000.0
NOTHING = "."


def zones_from_map(rows: Sequence[str]) -> gpd.GeoDataFrame:
    """Make a zone of all cells, 1 km wide, with the same letter; '.' is no zone.

    The first row is the northern one. Zones stand in the order of their letters.
    """
    cells: dict[str, list[shapely.Polygon]] = {}
    x_m, y_m = ORIGIN_M
    for down, row in enumerate(rows):
        for right, letter in enumerate(row):
            if letter != NOTHING:
                west, north = x_m + right * CELL_M, y_m - down * CELL_M
                cell = shapely.box(west, north - CELL_M, west + CELL_M, north)
                cells.setdefault(letter, []).append(cell)
    names = sorted(cells)
    shapes = [shapely.union_all(cells[name]) for name in names]
    return gpd.GeoDataFrame(geometry=shapes, index=pd.Index(names, name="zone_id"), crs=CRS)


def flows_of(
    zones: Sequence[str] | pd.Index,
    persons: Mapping[tuple[str, str], float],
    *,
    residents: float | Mapping[str, float] = 100.0,
    outside: Sequence[str] = (),
) -> Flows:
    """Make flows of some pairs; zones have 100 employed residents unless told otherwise."""
    names = [str(one) for one in zones]
    given = residents if isinstance(residents, Mapping) else dict.fromkeys(names, residents)
    table = pd.DataFrame([(live, work, n) for (live, work), n in persons.items()])
    table = table.reindex(columns=range(3)).set_axis(["live", "work", "n"], axis=1)
    return flows_from_table(
        table, names, outside=outside, residents_count=pd.Series(given, dtype=float)
    )
