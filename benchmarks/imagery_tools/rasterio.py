"""Plain rasterio: what GDAL does by default, as a measure for the others."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import rasterio
import rasterio.shutil
from rasterio.warp import transform_bounds
from rasterio.windows import from_bounds

from benchmarks.worker import Clock

PACKAGES = ("rasterio",)


def cog(source: Path, out: Path, clock: Clock) -> None:
    """Copy a raster by GDAL's own driver."""
    clock.time(
        "write",
        lambda: rasterio.shutil.copy(
            source, out, driver="COG", compress="deflate", predictor="yes", blocksize=512,
            overview_resampling="average",
        ),
    )  # fmt: skip


def window(address: str, source: Path, box: tuple[float, ...], out: Path, clock: Clock) -> float:
    """Read a box (in EPSG:4326) from a COG on a server, with GDAL's options as they are."""
    del source, out

    def read() -> np.ndarray:
        with rasterio.open(address) as file:
            local = transform_bounds("EPSG:4326", file.crs, *box)
            part = from_bounds(*local, file.transform).round_offsets().round_lengths()
            return file.read(1, window=part, masked=True).filled(np.nan)

    return float(np.nanmean(clock.time("read", read)))
