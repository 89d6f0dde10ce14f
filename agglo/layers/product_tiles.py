"""Names the tiles of published rasters that a region needs."""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping, Sequence
from types import MappingProxyType
from typing import TYPE_CHECKING, TypeAlias

import numpy as np
import shapely
import shapely.geometry

from agglo.errors import LayerError

if TYPE_CHECKING:
    import geopandas as gpd

    Area: TypeAlias = gpd.GeoDataFrame | Sequence[float]

GHSL_WEST_M, GHSL_NORTH_M, GHSL_SIDE_M = -18_041_000, 9_000_000, 1_000_000
GHSL_COLUMNS = 36
GHSL_EAST_M = 18_041_000
"""The last column reaches to the edge of the world and is wider than the others."""

GHSL_LAND: Mapping[int, str] = MappingProxyType({
    1: "13-25", 2: "8-30", 3: "5-16 18-32", 4: "8-14 18-31", 5: "8-13 16-31",
    6: "2-3 8-11 13 17-32", 7: "2-4 7-13 16-33 35", 8: "8-13 16-24 26-36",
    9: "1-3 9-14 16-24 26-36", 10: "1 3 5 9-15 17 19-24 26 28-36", 11: "1-5 11-15 18 20-24 28-36",
    12: "1-6 11-16 20-25 29-36", 13: "2 5-9 11-14 20-23 29-34", 14: "11-14 17-18 20-21 25 29-34",
    15: "4 12-14 22-24 31-33", 16: "13-17 19 24 30-31", 17: "9 14-16 18-28", 18: "12-26",
})  # fmt: skip
"""Columns of tiles that are published, by row: those with land (GHSL tile schema, 375 tiles)."""

GHSL_RELEASES: Mapping[str, tuple[str, str, str]] = MappingProxyType({
    "ghs_built_s_r2023a": ("GHS_BUILT_S", "R2023A", "V1_0"),
    "ghs_pop_r2023a": ("GHS_POP", "R2023A", "V1_0"),
    "ghs_land_r2022a": ("GHS_LAND", "R2022A", "V1_0"),
    "ghs_smod_r2023a": ("GHS_SMOD", "R2023A", "V2_0"),
})  # fmt: skip
"""Name, release and version in the file names; of SMOD there is a V1_0 too."""

GHSL_RESOLUTIONS_M = (10, 100, 1000)
SRTM_NORTH, SRTM_SOUTH = 60, -56
WORLDCOVER_DEGREES = 3
DENSE = 200
"""Points along the longer side of a region when its edges are moved into another CRS."""

RIM = 1e-9
"""Part of a tile by which a region may reach into it by rounding alone."""


def ghsl_tiles(area: Area) -> list[str]:
    """Name the tiles of the Global Human Settlement Layer that a region needs, as 'R3_C21'.

    Parameters
    ----------
    area
        Zones in any CRS, or west, south, east, north in degrees (west above east: it crosses
        180°).

    Returns
    -------
    tiles
        By row and column; tiles without land are not published and left out.

    Raises
    ------
    LayerError
        If the region is none, or has no land by the schema.
    """
    shapes = _shapes(area, "ESRI:54009")
    named = [
        (shapely.box(*ghsl_box_m(tile)), tile)
        for row, columns in GHSL_LAND.items()
        for tile in _tiles_of_row(row, columns)
    ]
    found = _touched(shapes, named)
    if not found:
        raise LayerError(
            f"no tile of GHSL has land in the area {_text(area)}; check its coordinates and CRS"
        )
    return found


def ghsl_box_m(tile: str) -> tuple[float, float, float, float]:
    """West, south, east and north of a tile of GHSL, in metres of Mollweide (ESRI:54009).

    Raises
    ------
    LayerError
        If no tile has that name.
    """
    row, column = _row_and_column(tile)
    west = GHSL_WEST_M + (column - 1) * GHSL_SIDE_M
    north = GHSL_NORTH_M - (row - 1) * GHSL_SIDE_M
    east = GHSL_EAST_M if column == GHSL_COLUMNS else west + GHSL_SIDE_M
    return west, north - GHSL_SIDE_M, east, north


def ghsl_file_name(
    product: str, *, epoch: str | int, resolution_m: int, tile: str = "", version: str = ""
) -> str:
    """Name the GeoTIFF of a product of GHSL in Mollweide; its archive bears the same stem.

    Parameters
    ----------
    tile
        Such as 'R3_C21'; empty for the whole world.
    version
        Such as 'V1_0'; empty for the product's latest known.

    Raises
    ------
    LayerError
        If there is no such product, resolution or tile.
    """
    if product not in GHSL_RELEASES:
        raise LayerError(f"unknown GHSL product '{product}'; known: {', '.join(GHSL_RELEASES)}")
    if resolution_m not in GHSL_RESOLUTIONS_M:
        raise LayerError(
            f"GHSL has cells of {', '.join(map(str, GHSL_RESOLUTIONS_M))} m; got {resolution_m}"
        )
    if tile:
        row, _ = _row_and_column(tile)
        if tile not in _tiles_of_row(row, GHSL_LAND[row]):
            raise LayerError(f"tile '{tile}' of GHSL has no land and is not published")
    name, release, latest = GHSL_RELEASES[product]
    parts = (
        name,
        f"E{epoch}",
        "GLOBE",
        release,
        "54009",
        str(resolution_m),
        version or latest,
        tile,
    )
    return "_".join(filter(None, parts)) + ".tif"


def worldcover_tiles(area: Area) -> list[str]:
    """Name the 3° tiles of ESA WorldCover that a region touches, as 'N54E036'; see ghsl_tiles."""
    return _degree_tiles(area, WORLDCOVER_DEGREES)


def worldcover_file_name(tile: str, *, epoch: str | int) -> str:
    """Name the map of a tile of ESA WorldCover.

    Raises
    ------
    LayerError
        If that year was not published.
    """
    versions = {"2020": "v100", "2021": "v200"}
    if str(epoch) not in versions:
        raise LayerError(f"ESA WorldCover shows 2020 or 2021; got {epoch}")
    return f"ESA_WorldCover_10m_{epoch}_{versions[str(epoch)]}_{tile}_Map.tif"


def srtm_tiles(area: Area) -> list[str]:
    """Name the 1° tiles of SRTM that a region touches, as 'N54E036'; see ghsl_tiles.

    Raises
    ------
    LayerError
        If the region is none, or lies beyond 60° N or 56° S, where SRTM ends.
    """
    found = _degree_tiles(area, 1, south=SRTM_SOUTH, north=SRTM_NORTH)
    if not found:
        raise LayerError(
            f"SRTM ends at 60° N and 56° S, the area {_text(area)} lies beyond; take Copernicus DEM"
        )
    return found


def copernicus_dem_tiles(area: Area) -> list[str]:
    """Name the 1° tiles of Copernicus DEM GLO-30 that a region touches; see ghsl_tiles."""
    return [
        f"Copernicus_DSM_COG_10_{tile[:3]}_00_{tile[3:]}_00_DEM" for tile in _degree_tiles(area, 1)
    ]


def _degree_tiles(area: Area, step: int, *, south: int = -90, north: int = 90) -> list[str]:
    """South-west corners of the tiles, from north to south and west to east."""
    shapes = _shapes(area, "EPSG:4326")
    named = []
    for west, low, east, high in shapely.bounds(shapes):
        lats = range(_down(max(low, south), step), min(math.ceil(high), north), step)
        lons = range(_down(west, step), math.ceil(east), step)
        named += [
            (shapely.box(lon, lat, lon + step, lat + step), _corner(lat, lon))
            for lat in reversed(lats)
            for lon in lons
        ]
    ordered = {tile: shape for shape, tile in sorted(named, key=_from_north_west)}
    return _touched(shapes, [(shape, tile) for tile, shape in ordered.items()])


def _from_north_west(item: tuple[shapely.Geometry, str]) -> tuple[float, float]:
    west, south, _, _ = item[0].bounds
    return -south, west


def _down(degrees: float, step: int) -> int:
    return math.floor(degrees / step) * step


def _corner(lat: int, lon: int) -> str:
    return f"{'N' if lat >= 0 else 'S'}{abs(lat):02d}{'E' if lon >= 0 else 'W'}{abs(lon):03d}"


def _touched(
    shapes: Sequence[shapely.Geometry], named: Sequence[tuple[shapely.Geometry, str]]
) -> list[str]:
    """Names of tiles that share more with a region than an edge, in the order given."""
    if not named:
        return []
    inner = [_shrunk(tile) for tile, _ in named]
    _, hits = shapely.STRtree(inner).query(shapes, predicate="intersects")
    return [named[at][1] for at in np.unique(hits)]


def _shrunk(tile: shapely.Geometry) -> shapely.Geometry:
    west, south, east, north = tile.bounds
    rim = RIM * (east - west)
    return shapely.box(west + rim, south + rim, east - rim, north - rim)


def _shapes(area: Area, crs: str) -> Sequence[shapely.Geometry]:
    """The region in a CRS, its edges bent with the map."""
    import geopandas as gpd

    shapes = (
        area.geometry
        if isinstance(area, gpd.GeoDataFrame)
        else gpd.GeoSeries(list(_boxes(area)), crs="EPSG:4326")
    )
    if shapes.crs is None or shapes.empty or not np.isfinite(shapes.total_bounds).all():
        raise LayerError("the region has no CRS or no area; give zones with a CRS, or degrees")
    west, south, east, north = shapes.total_bounds
    longest = max(east - west, north - south) or 1.0
    moved = shapes.segmentize(longest / DENSE).to_crs(crs)
    found = [shape for shape in moved if shape is not None and not shape.is_empty]
    if not np.isfinite(shapely.total_bounds(found)).all():
        raise LayerError(
            f"the region {_text(area)} has no place in {crs}; check its coordinates and CRS"
        )
    return found


def _boxes(bounds: Sequence[float]) -> Iterator[shapely.Geometry]:
    west, south, east, north = (float(edge) for edge in bounds)
    fits = -180 <= west <= 180 and -180 <= east <= 180 and -90 <= south <= north <= 90
    if not fits:
        raise LayerError(
            f"the box {_text(bounds)} is none; give west, south, east, north in degrees, -180 to "
            "180 and -90 to 90"
        )
    if west <= east:
        yield shapely.geometry.box(west, south, east, north)
    else:
        yield shapely.geometry.box(west, south, 180.0, north)
        yield shapely.geometry.box(-180.0, south, east, north)


def _row_and_column(tile: str) -> tuple[int, int]:
    row, _, column = tile.partition("_")
    if not (row[:1] == "R" and row[1:].isdigit() and column[:1] == "C" and column[1:].isdigit()):
        raise LayerError(f"a tile of GHSL is named like 'R3_C21'; got '{tile}'")
    found = int(row[1:]), int(column[1:])
    if found[0] not in GHSL_LAND or not 1 <= found[1] <= GHSL_COLUMNS:
        raise LayerError(f"GHSL has the tiles R1_C1 to R18_C36; got '{tile}'")
    return found


def _tiles_of_row(row: int, columns: str) -> list[str]:
    tiles = []
    for part in columns.split():
        first, _, last = part.partition("-")
        tiles += [f"R{row}_C{column}" for column in range(int(first), int(last or first) + 1)]
    return tiles


def _text(area: Area) -> str:
    bounds = area.total_bounds if hasattr(area, "total_bounds") else area
    return " ".join(f"{float(edge):.6g}" for edge in bounds)
