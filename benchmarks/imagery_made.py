"""Makes what all tools of the benchmark of imagery are asked: rasters, zones, exact sums."""

from __future__ import annotations

import sys
from pathlib import Path

import geopandas as gpd
import numpy as np
import numpy.typing as npt
import rasterio
import shapely
from affine import Affine
from rasterio.windows import Window

SEED = 20_260_101
TILE = 1024
SCENE_CRS, SCENE_CELL_M, SCENE_WEST_M, SCENE_NORTH_M = "EPSG:32637", 10.0, 300_000.0, 6_200_000.0
PEOPLE_CRS, PEOPLE_CELL, PEOPLE_WEST, PEOPLE_NORTH = "EPSG:4326", 1 / 120, 35.2, 55.7
PEOPLE_LAYERS = 3
UNKNOWN_PEOPLE = -1.0
CITIES_CELL_M = 1000.0

MARGIN = 0.02
"""Part of the raster that no zone covers, on every side."""

STEPS_COUNT = 20
"""A border of an average zone is bent into about so many parts."""

Floats = npt.NDArray[np.float64]


def make(question: str, folder: Path, *, zones_count: int = 0) -> None:
    """Write the rasters of a question into its folder, and zones on them, unless they are there.

    Parameters
    ----------
    question
        See ``ImageryJob``.
    """
    what, _, size = question.partition("-")
    own = folder / question
    own.mkdir(exist_ok=True)
    if what == "scene":
        write_scene(own, int(size))
        raster = own / "red.tif"
    elif what == "people":
        write_people(own, int(size))
        raster = own / "people-0.tif"
    else:
        write_cities(own, int(size))
        return
    zones = own / f"zones-{zones_count}.gpkg"
    if zones_count and not zones.exists():
        with rasterio.open(raster) as file:
            bounds, crs = tuple(file.bounds), file.crs
        polygons = tiling(bounds, zones_count)
        gpd.GeoDataFrame(geometry=polygons, crs=crs).to_file(zones)
        if what == "people":
            exact = exact_sums(raster, polygons)
            np.save(own / f"exact-{zones_count}.npy", exact)


def write_scene(folder: Path, side: int) -> None:
    """Write a red and a near-infrared band, and the NDVI that agglo makes of them.

    Fields and woods with noise; 0 (nothing known) in the north-west corner, as at the edge of a
    swath. Numbers are reflectances × 10,000.
    """
    from agglo.imagery.indices import index_of_scene

    if (folder / "ndvi.tif").exists():
        return
    profile = {
        "driver": "GTiff", "crs": SCENE_CRS, "height": side, "width": side, "count": 1,
        "transform": Affine(SCENE_CELL_M, 0, SCENE_WEST_M, 0, -SCENE_CELL_M, SCENE_NORTH_M),
        "dtype": "uint16", "nodata": 0, "tiled": True, "blockxsize": TILE, "blockysize": TILE,
        "compress": "deflate", "predictor": 2, "num_threads": 2,
    }  # fmt: skip
    with (
        rasterio.open(folder / "red.tif", "w", **profile) as red,
        rasterio.open(folder / "nir.tif", "w", **profile) as nir,
    ):
        for row in range(0, side, TILE):
            height = min(TILE, side - row)
            for file, values in zip((red, nir), _bands(row, height, side), strict=True):
                file.write(values, 1, window=Window(0, row, side, height))
    index_of_scene(scene_layers(folder), "ndvi", folder / "ndvi.tif")


def scene_layers(folder: Path) -> dict[str, object]:
    """Return the bands as agglo's layers."""
    from agglo.layers.raster_files import raster_layer

    return {
        name: raster_layer(
            folder / f"{name}.tif", name=name, quantity="level", unit="reflectance", scale=0.0001
        )
        for name in ("red", "nir")
    }


def write_people(folder: Path, height: int) -> None:
    """Write people per cell of 30″, some years: few cells hold most, some are not known."""
    if (folder / f"people-{PEOPLE_LAYERS - 1}.tif").exists():
        return
    width = height * 12 // 7
    draws = np.random.default_rng(SEED)
    people = np.exp(draws.normal(2, 2, (height, width)))
    unknown = draws.random((height, width)) < 0.01
    for year in range(PEOPLE_LAYERS):
        values = people * (1 + 0.1 * year * draws.random((height, width)))
        values[unknown] = UNKNOWN_PEOPLE
        with rasterio.open(
            folder / f"people-{year}.tif", "w", driver="GTiff", crs=PEOPLE_CRS, dtype="float64",
            height=height, width=width, count=1, nodata=UNKNOWN_PEOPLE,
            transform=Affine(PEOPLE_CELL, 0, PEOPLE_WEST, 0, -PEOPLE_CELL, PEOPLE_NORTH),
        ) as file:  # fmt: skip
            file.write(values, 1)


def write_cities(folder: Path, side: int) -> None:
    """Write people, built-up and land of cells of 1 km: towns whose sizes follow their rank."""
    if (folder / "LAND.tif").exists():
        return
    draws = np.random.default_rng(SEED)
    people = np.exp(draws.normal(2, 1.5, (side, side)))
    towns_count = max(3, side * side // 400)
    middles = draws.integers(0, side, (towns_count, 2))
    for rank, (row, column) in enumerate(middles, start=1):
        spread = 4 * rank**-0.25
        reach = int(np.ceil(6 * spread))
        rows = np.arange(max(0, row - reach), min(side, row + reach + 1))
        columns = np.arange(max(0, column - reach), min(side, column + reach + 1))
        away = np.hypot((rows - row)[:, None], columns - column)
        people[np.ix_(rows, columns)] += 12_000 * rank**-0.3 * np.exp(-away / spread)
    sea = draws.random((side, side)) < 0.02
    people[sea] = 0
    land = np.where(sea, 0.0, 1e6)
    built = np.minimum(people * 60, 0.8 * land)
    for name, values in (("POP", people), ("BUILT_S", built), ("LAND", land)):
        with rasterio.open(
            folder / f"{name}.tif", "w", driver="GTiff", crs="ESRI:54009", dtype="float64",
            height=side, width=side, count=1, compress="deflate",
            transform=Affine(CITIES_CELL_M, 0, 0, 0, -CITIES_CELL_M, 6_500_000),
        ) as file:  # fmt: skip
            file.write(values, 1)


def tiling(bounds: tuple[float, ...], zones_count: int) -> npt.NDArray[np.object_]:
    """Tile a box with zones of unequal size and crooked borders that they share.

    Voronoi cells of random points, their edges bent by waves, so that no border follows the
    cells of a raster.
    """
    west, south, east, north = bounds
    edge = MARGIN * min(east - west, north - south)
    box = shapely.box(west + edge, south + edge, east - edge, north - edge)
    inner = np.array(box.bounds)
    draws = np.random.default_rng(SEED)
    points = draws.uniform(inner[:2], inner[2:], (zones_count, 2))
    cells = shapely.voronoi_polygons(shapely.multipoints(points), extend_to=box, ordered=True)
    polygons = shapely.intersection(shapely.get_parts(cells), box)
    typical = float(np.sqrt(box.area / zones_count))
    bent = shapely.segmentize(polygons, typical / STEPS_COUNT)
    moved: npt.NDArray[np.object_] = shapely.transform(bent, lambda at: _bent(at, inner, typical))
    return moved


def exact_sums(path: Path, polygons: npt.NDArray[np.object_]) -> Floats:
    """Add up a raster over polygons by cutting every cell with every polygon that it meets."""
    with rasterio.open(path) as file:
        values = file.read(1, masked=True).astype(float).filled(0.0)
        transform, (height, width) = file.transform, file.shape
    column, row = np.meshgrid(np.arange(width), np.arange(height))
    west, north = transform.c + column * transform.a, transform.f + row * transform.e
    cells = shapely.box(west, north + transform.e, west + transform.a, north).ravel()
    zone, cell = shapely.STRtree(cells).query(polygons, predicate="intersects")
    area = shapely.area(shapely.intersection(polygons[zone], cells[cell]))
    share = area / abs(transform.a * transform.e)
    return np.bincount(zone, share * values.ravel()[cell], minlength=len(polygons))


def _bands(row: int, height: int, side: int) -> tuple[npt.NDArray[np.uint16], ...]:
    """Some rows of red and near infrared."""
    draws = np.random.default_rng([SEED, row])
    down, along = np.arange(row, row + height)[:, None], np.arange(side)
    green = (
        np.sin(down / 700) * np.cos(along / 900) + ((down // 45) * 7 + along // 60 * 13) % 10 / 9
    )
    noise = draws.normal(0, 60, (2, height, side))
    red = 1500 - 500 * green + noise[0]
    nir = 2000 + 1100 * green + noise[1]
    is_known = down + along >= side // 5
    return tuple(
        np.where(is_known, np.clip(one, 1, 10_000), 0).astype(np.uint16) for one in (red, nir)
    )


def _bent(at: Floats, inner: Floats, typical: float) -> Floats:
    """Move points by waves that vanish at the edges of the box."""
    place = (at - inner[:2]) / (inner[2:] - inner[:2])
    calm = np.clip(10 * np.minimum(place, 1 - place), 0, 1)
    phase = 2 * np.pi * at[:, ::-1] / typical
    # neither wave is steeper than 0.8 together: no point overtakes another, zones stay valid
    wave = 0.05 * np.sin(1.3 * phase) + 0.015 * np.sin(4.1 * phase)
    return at + typical * wave * calm.min(axis=1, keepdims=True)


if __name__ == "__main__":
    make(sys.argv[1], Path(sys.argv[3]), zones_count=int(sys.argv[2]))
