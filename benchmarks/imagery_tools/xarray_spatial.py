"""xarray-spatial: zones burnt into a raster once (a cell is in one zone), then all at once."""

from __future__ import annotations

from pathlib import Path

import geopandas as gpd
import numpy as np
import numpy.typing as npt
import rasterio
import xarray as xr
from rasterio.features import rasterize
from xrspatial.zonal import stats

from benchmarks.worker import Clock

PACKAGES = ("xarray-spatial", "xarray", "numba", "rasterio", "numpy")

Floats = npt.NDArray[np.float64]


def scene(folder: Path, zones: gpd.GeoDataFrame, clock: Clock) -> Floats:
    """Take the mean of zones from an NDVI that is there."""
    return layers([folder / "ndvi.tif"], zones, clock, is_sum=False)


def layers(paths: list[Path], zones: gpd.GeoDataFrame, clock: Clock, *, is_sum: bool) -> Floats:
    """Take the sums or means of the first layer; zones burnt before serve every further one."""
    name = "sum" if is_sum else "mean"
    with rasterio.open(paths[0]) as file:
        shape, transform = file.shape, file.transform

    def burnt() -> xr.DataArray:
        shapes = zip(zones.geometry, range(1, len(zones) + 1), strict=True)
        return xr.DataArray(
            rasterize(shapes, out_shape=shape, transform=transform, fill=0, dtype="int32")
        )

    def taken() -> Floats:
        with rasterio.open(paths[0]) as file:
            values = file.read(1, masked=True).filled(np.nan)
        table = stats(zones=labels, values=xr.DataArray(values), stats_funcs=[name])
        column = table.set_index("zone")[name]
        return column.reindex(range(1, len(zones) + 1)).to_numpy(dtype=float)

    labels = clock.time("lay", burnt)
    return clock.time("take", taken)
