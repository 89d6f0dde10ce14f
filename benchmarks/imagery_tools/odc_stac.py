"""odc-stac: loads the part of an item that lies in a box."""

from __future__ import annotations

import datetime
from pathlib import Path

import numpy as np
import odc.stac
import pystac
import rasterio
import shapely
import xarray as xr
from rasterio.warp import transform_bounds

from benchmarks.worker import Clock

PACKAGES = ("odc-stac", "odc-geo", "pystac", "rasterio")
PROJECTION = "https://stac-extensions.github.io/projection/v1.1.0/schema.json"
DAY = datetime.datetime(2026, 1, 1, tzinfo=datetime.UTC)


def window(address: str, source: Path, box: tuple[float, ...], out: Path, clock: Clock) -> float:
    """Load a box (in EPSG:4326) of a COG on a server, on its own grid; return the mean.

    Parameters
    ----------
    source
        The same file on disk: tells what a catalogue says of the grid.
    """
    del out
    item = _item(address, source)

    def load() -> xr.DataArray:
        found = odc.stac.load([item], bands=["ndvi"], bbox=box)
        return found["ndvi"].isel(time=0).load()

    return float(np.nanmean(clock.time("read", load)))


def _item(address: str, source: Path) -> pystac.Item:
    with rasterio.open(source) as file:
        bounds = transform_bounds(file.crs, "EPSG:4326", *file.bounds)
        grid = {
            "proj:epsg": file.crs.to_epsg(), "proj:shape": list(file.shape),
            "proj:transform": list(file.transform)[:6],
        }  # fmt: skip
    item = pystac.Item(
        id="scene", geometry=shapely.geometry.mapping(shapely.box(*bounds)), bbox=list(bounds),
        datetime=DAY, properties={}, stac_extensions=[PROJECTION],
    )  # fmt: skip
    asset = pystac.Asset(
        address, media_type=pystac.MediaType.COG, roles=["data"], extra_fields=grid
    )
    item.add_asset("ndvi", asset)
    return item
