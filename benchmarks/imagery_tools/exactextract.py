"""exactextract: exact shares of cells, computed anew in every call."""

from __future__ import annotations

from pathlib import Path

import geopandas as gpd
import numpy as np
import numpy.typing as npt
from exactextract import exact_extract

from benchmarks.worker import Clock

PACKAGES = ("exactextract", "rasterio", "numpy")

Floats = npt.NDArray[np.float64]


def scene(folder: Path, zones: gpd.GeoDataFrame, clock: Clock) -> Floats:
    """Take the mean of zones from an NDVI that is there."""
    return layers([folder / "ndvi.tif"], zones, clock, is_sum=False)


def layers(paths: list[Path], zones: gpd.GeoDataFrame, clock: Clock, *, is_sum: bool) -> Floats:
    """Take the sums or means of the first layer; the next one would cost as much."""
    name = "sum" if is_sum else "mean"
    found = clock.time(
        "take",
        lambda: exact_extract(
            str(paths[0]), zones, [name], output="pandas", strategy="raster-sequential"
        ),
    )
    return found[name].to_numpy(dtype=float)
