"""A region of two squares with rasters whose figures can be told by hand."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import geopandas as gpd
import numpy as np
import pandas as pd
from shapely.geometry import box

from agglo.rasters import LandClass, RasterLayer
from agglo.region import Region, region_from_tables
from tests import worlds
from tests.drawn_rasters import written_raster

WITHOUT_RASTER = {
    "built_up_share", "built_up_m2_per_head", "built_up_gain_ha_per_year", "vegetation_mean",
    "land_consumption_ratio", "land_m2_per_new_resident",
}  # fmt: skip
"""Indicators for which the built-in region has no raster."""

CELL_M = 1000
SIDE = 4
"""Cells a side of each square: 16 km²."""

FOREST, FARM, BUILT, WATER = 1, 2, 3, 4
LAND = {
    FOREST: LandClass(kind="forest", name_ru="лес", name_en="forest", colour="#00513f"),
    FARM: LandClass(kind="farm", name_ru="пашня", name_en="farm", colour="#fde46b"),
    BUILT: LandClass(kind="built", name_ru="застройка", name_en="built", colour="#8c2d04"),
    WATER: LandClass(kind="water", name_ru="вода", name_en="water", colour="#2171b5"),
}
WEST, SOUTH = worlds.ORIGIN_M
TRANSFORM = (CELL_M, 0.0, WEST, 0.0, -CELL_M, SOUTH + SIDE * CELL_M)
SQUARES = {
    "west": box(WEST, SOUTH, WEST + SIDE * CELL_M, SOUTH + SIDE * CELL_M),
    "east": box(WEST + SIDE * CELL_M, SOUTH, WEST + 2 * SIDE * CELL_M, SOUTH + SIDE * CELL_M),
}
"""West and east bank, side by side; together they are the rasters' extent."""


def halves(west: float, east: float) -> np.ndarray:
    """Give every cell of the west one number, of the east another."""
    row = np.repeat([float(west), float(east)], SIDE)
    return np.tile(row, (SIDE, 1))


def raster(folder: Path, name: str, values: object, **about: object) -> RasterLayer:
    """Write cells of a square kilometre over both squares, in the world's CRS."""
    layer = written_raster(
        folder / f"{name}.tif", values, crs=worlds.CRS, transform=TRANSFORM, **about
    )
    return replace(layer, title=name, title_ru=name, source="test", licence="CC0", attribution="x")


def region_with(*rasters: RasterLayer, population: pd.DataFrame | None = None) -> Region:
    """Lay the two banks out as squares and hand the region its rasters."""
    tables = worlds.two_banks_tables()
    zones = tables["zones"]
    shapes = [SQUARES.get(zone, point) for zone, point in zip(
        zones["zone_id"], _points(zones), strict=True)]  # fmt: skip
    tables["zones"] = gpd.GeoDataFrame(zones, geometry=shapes, crs=worlds.CRS)
    towns = tables["municipalities"]
    squares = {"left": SQUARES["west"], "right": SQUARES["east"]}
    tables["municipalities"] = gpd.GeoDataFrame(
        towns, geometry=[squares[one] for one in towns["municipality_id"]], crs=worlds.CRS
    )
    if population is not None:
        tables["population"] = population
    return region_from_tables(
        tables, name_ru="Мир", name_en="World", crs=worlds.CRS, rasters=rasters
    )


def residents(rows: dict[tuple[str, int], float]) -> pd.DataFrame:
    """Make the table of residents from (municipality, year) → people."""
    return pd.DataFrame(
        {
            "municipality_id": [place for place, _ in rows],
            "year": [year for _, year in rows],
            "population_count": list(rows.values()),
            "source": "test",
            "status": "observed",
        }
    )


def _points(zones: pd.DataFrame) -> gpd.GeoSeries:
    points = gpd.points_from_xy(zones["lon"], zones["lat"], crs="EPSG:4326")
    return gpd.GeoSeries(points).to_crs(worlds.CRS)
