"""odc-stac: loads the part of an item that lies in a box."""

from __future__ import annotations

import datetime
from pathlib import Path

import numpy as np
import odc.stac
import pystac
import xarray as xr

from benchmarks.worker import Clock

PACKAGES = ("odc-stac", "odc-geo", "rasterio")
EXTENSION = "https://stac-extensions.github.io/projection/v1.1.0/schema.json"
CELL_M = 10.0


def window(address: str, box: tuple[float, ...], out: Path, clock: Clock) -> float:
    """Load a box (in EPSG:4326) of a COG on a server, on its own grid; return the mean."""
    del out
    item = pystac.Item(
        id="scene",
        geometry={"type": "Polygon", "coordinates": [[[-180, -90], [180, -90], [180, 90],
                                                      [-180, 90], [-180, -90]]]},
        bbox=[-180, -90, 180, 90],
        datetime=datetime.datetime(2026, 1, 1, tzinfo=datetime.timezone.utc),
        properties={},
    )  # fmt: skip
    item.add_asset("ndvi", pystac.Asset(address, media_type=pystac.MediaType.COG, roles=["data"]))

    def load() -> xr.DataArray:
        found = odc.stac.load(
            [item], bands=["ndvi"], bbox=box, crs="EPSG:32637", resolution=CELL_M
        )
        return found["ndvi"].isel(time=0).load()

    return float(np.nanmean(clock.time("read", load)))
