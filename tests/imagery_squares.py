"""Rasters whose cells are whole hectares, so that answers can be counted on paper."""

from __future__ import annotations

from collections.abc import Mapping

import geopandas as gpd
import numpy as np
from shapely.geometry import box

from agglo.rasters import Band, Grid, LandClass

EQUAL_AREA = "EPSG:6933"
"""Cylindrical and equal in area on the ellipsoid: a cell of 100 m is one hectare."""

WEST_M, NORTH_M = 3_530_000.0, 5_980_000.0
"""A corner near 36.6° E, 55° N."""

CELL_M = 100.0
CLASSES = {
    code: LandClass(kind=kind, name_ru=kind, name_en=kind, colour="#000000")
    for code, kind in enumerate(
        ("built", "farm", "forest", "grass", "wetland", "bare", "water"), start=1
    )
}
BUILT, FARM, FOREST, GRASS, WETLAND, BARE, WATER = (float(code) for code in CLASSES)


def hectares(rows: int, columns: int, *, cell_m: float = CELL_M) -> Grid:
    """Return a grid of cells of a hectare each."""
    return Grid(
        crs=EQUAL_AREA,
        transform=(cell_m, 0.0, WEST_M, 0.0, -cell_m, NORTH_M),
        height=rows,
        width=columns,
    )


def band(rows: list[list[float]], *, cell_m: float = CELL_M) -> Band:
    values = np.array(rows, dtype=float)
    return Band(values=values, grid=hectares(*values.shape, cell_m=cell_m))


def boxes(places: Mapping[str, tuple[float, float, float, float]]) -> gpd.GeoDataFrame:
    """Return zones by first column, first row, last column, last row, counted in cells of 100 m."""
    shapes = [
        box(
            WEST_M + CELL_M * left, NORTH_M - CELL_M * low,
            WEST_M + CELL_M * right, NORTH_M - CELL_M * top,
        )
        for left, top, right, low in places.values()
    ]  # fmt: skip
    return gpd.GeoDataFrame(geometry=shapes, index=list(places), crs=EQUAL_AREA)
