"""agglo: exact shares of cells, laid down once."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from functools import partial
from pathlib import Path

import geopandas as gpd
import numpy as np
import numpy.typing as npt

from agglo.imagery.coverage import coverage_from_zones
from agglo.imagery.indices import index_by_zone, index_of_scene
from agglo.imagery.urban_cells import urban_cells
from agglo.imagery.urban_inputs import area_layer, population_layer, urban_surfaces
from agglo.imagery.zonal import zonal_means, zonal_sums
from agglo.layers.cog import write_cog
from agglo.layers.raster_files import blocks, raster_layer, read_band
from agglo.rasters import RasterLayer
from benchmarks.imagery_made import scene_layers
from benchmarks.worker import Clock

PACKAGES = ("agglo", "exactextract", "rasterio", "numpy")

Floats = npt.NDArray[np.float64]


def scene(
    folder: Path, zones: gpd.GeoDataFrame, clock: Clock, *, is_written: bool = False
) -> Floats:
    """Take the mean NDVI of zones from two bands: in one pass, or by way of a file."""
    layers = scene_layers(folder)
    if is_written:
        out = folder / "ndvi-again.tif"
        out.unlink(missing_ok=True)
        index = clock.time("ndvi", lambda: index_of_scene(layers, "ndvi", out))
        coverage = clock.time("lay", lambda: coverage_from_zones(index.grid, zones))
        found = clock.time("take", lambda: zonal_means(coverage, index, index).to_numpy())
        out.unlink()
        return found
    coverage = clock.time("lay", lambda: coverage_from_zones(layers["red"].grid, zones))
    table = clock.time("take", lambda: index_by_zone(layers, "ndvi", coverage))
    return table["mean_ndvi"].to_numpy()


def layers(
    paths: list[Path],
    zones: gpd.GeoDataFrame,
    clock: Clock,
    *,
    is_sum: bool,
    is_array: bool = False,
    is_bare: bool = False,
) -> Floats:
    """Take the sums or means of further layers, the zones laid on their grid before."""
    opened = [_layer(path, is_sum) for path in paths]
    coverage = clock.time("lay", lambda: coverage_from_zones(opened[0].grid, zones))
    take: Callable = zonal_sums if is_sum else zonal_means
    if is_bare:
        shares = clock.time("lay", lambda: coverage.shares)
        numbers = [np.nan_to_num(read_band(one).values.ravel()) for one in opened]
        return _each(numbers, lambda one: shares @ one, clock)
    if is_array:
        bands = [read_band(one) for one in opened]
        quantity = opened[0].quantity
        return _each(bands, lambda one: take(coverage, quantity, one).to_numpy(), clock)

    def taken(path: Path) -> Floats:
        layer = _layer(path, is_sum)
        return take(coverage, layer, layer).to_numpy()

    return _each(paths, taken, clock)


def cog(source: Path, out: Path, clock: Clock) -> None:
    """Copy a raster into a COG, block by block."""
    layer = _layer(source, is_sum=False)

    def write() -> None:
        bands = (read[0] for read in blocks([layer]))
        write_cog(out, bands, layer.grid, quantity="level", unit="index")

    clock.time("write", write)


def window(address: str, source: Path, box: tuple[float, ...], out: Path, clock: Clock) -> float:
    """Cut a box (in EPSG:4326) out of a COG on a server; return the mean of the cut.

    The cut is a file on the band's own grid; the other tools leave theirs in memory.
    """
    del source
    import shapely

    from agglo.layers.fetch.asking import Caller
    from agglo.layers.fetch.cuts import cut_band
    from agglo.layers.fetch.remote import Source

    def cut() -> None:
        cut_band(
            Source(address=address), out, area=shapely.box(*box),
            caller=Caller(say=lambda _: None, waits_s=()),
        )  # fmt: skip

    clock.time("read", cut)
    return float(np.nanmean(read_band(_layer(out, is_sum=False)).values))


def degurba(folder: Path, clock: Clock) -> npt.NDArray[np.uint8]:
    """Class cells by the degree of urbanisation, levels 1 and 2."""
    surfaces = clock.time(
        "read",
        lambda: urban_surfaces(
            population_layer(folder / "POP.tif"),
            area_layer(folder / "BUILT_S.tif", role="built_up"),
            area_layer(folder / "LAND.tif", role="land"),
        ),
    )
    return clock.time("class", lambda: urban_cells(surfaces)).level_1


def _each(inputs: Sequence, take: Callable[..., Floats], clock: Clock) -> Floats:
    """Time every one by itself; return the answer to the first."""
    found = [clock.time("take", partial(take, one)) for one in inputs]
    return found[0]


def _layer(path: Path, is_sum: bool) -> RasterLayer:
    about = {"quantity": "count", "unit": "persons"} if is_sum else {
        "quantity": "level", "unit": "index"
    }  # fmt: skip
    return raster_layer(path, **about)
