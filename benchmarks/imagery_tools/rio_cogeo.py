"""rio-cogeo: writes COGs."""

from __future__ import annotations

from pathlib import Path

from rio_cogeo.cogeo import cog_translate
from rio_cogeo.profiles import cog_profiles

from benchmarks.worker import Clock

PACKAGES = ("rio-cogeo", "rasterio")


def cog(source: Path, out: Path, clock: Clock) -> None:
    """Copy a raster into a COG with the same tiles, compression and overviews as agglo's."""
    profile = {**cog_profiles.get("deflate"), "predictor": 3}
    clock.time(
        "write",
        lambda: cog_translate(
            str(source), str(out), profile, overview_resampling="average", quiet=True
        ),
    )
