"""rasterstats: rasterises every zone by itself; a cell is in or out, by its middle."""

from __future__ import annotations

from pathlib import Path

import geopandas as gpd
import numpy as np
import numpy.typing as npt
import rasterio
from rasterstats import zonal_stats

from benchmarks.worker import Clock

PACKAGES = ("rasterstats", "rasterio", "numpy")

Floats = npt.NDArray[np.float64]


def scene(folder: Path, zones: gpd.GeoDataFrame, clock: Clock) -> Floats:
    """Take the mean of zones from an NDVI that is there."""
    return layers([folder / "ndvi.tif"], zones, clock, is_sum=False)


def layers(
    paths: list[Path],
    zones: gpd.GeoDataFrame,
    clock: Clock,
    *,
    is_sum: bool,
    is_array: bool = False,
    is_touched: bool = False,
) -> Floats:
    """Take the sums or means of the first layer; the next one would cost as much."""
    polygons = list(zones.geometry)
    name = "sum" if is_sum else "mean"
    own = {"stats": [name], "all_touched": is_touched}
    source: object = str(paths[0])
    if is_array:
        with rasterio.open(paths[0]) as file:
            source = file.read(1)
            own |= {"affine": file.transform, "nodata": file.nodata}
    found = clock.time("take", lambda: zonal_stats(polygons, source, **own))
    return np.array([one[name] for one in found], dtype=float)
