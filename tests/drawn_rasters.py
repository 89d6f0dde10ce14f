"""Rasters small enough to colour by hand, written to disk."""

from __future__ import annotations

import warnings
from pathlib import Path

import numpy as np

from agglo.layers.raster_files import raster_layer
from agglo.rasters import LandClass, RasterLayer

DEGREES = (0.05, 0.0, 36.0, 0.0, -0.05, 55.2)
"""Cells of 0.05° from 36° E and 55.2° N on."""

CLASSES = {
    1: LandClass(kind="forest", name_ru='лес "Ёж"', name_en="forest", colour="#1b7837"),
    2: LandClass(kind="farm", name_ru="поле <b>", name_en="field", colour="#fee08b"),
    7: LandClass(kind="water", name_ru="вода", name_en="water", colour="#2166ac"),
}


def written_raster(
    path: Path,
    values,
    *,
    crs: str = "EPSG:4326",
    transform: tuple[float, ...] = DEGREES,
    nodata: float | None = float("nan"),
    dtype: str = "float32",
    **about,
) -> RasterLayer:
    """Write numbers as a GeoTIFF and open it as a layer."""
    import rasterio
    from rasterio.transform import Affine

    numbers = np.asarray(values, dtype=dtype)
    with rasterio.open(
        path, "w", driver="GTiff", height=numbers.shape[0], width=numbers.shape[1], count=1,
        dtype=dtype, crs=crs, transform=Affine(*transform), nodata=nodata,
    ) as file:  # fmt: skip
        file.write(numbers, 1)
    return raster_layer(path, **{"name": path.stem, "quantity": "level", "unit": "index", **about})


def pixels(png: bytes) -> np.ndarray:
    """Read a picture: rows × columns × red, green, blue, alpha."""
    from rasterio.errors import NotGeoreferencedWarning
    from rasterio.io import MemoryFile

    with warnings.catch_warnings(), MemoryFile(png) as held:
        warnings.simplefilter("ignore", NotGeoreferencedWarning)
        with held.open() as file:
            numbers, palette = file.read(1), file.colormap(1)
    table = np.zeros((256, 4), dtype=np.uint8)
    for number, colour in palette.items():
        table[number] = colour
    return table[numbers]


def rgb(colour: str) -> tuple[int, int, int]:
    """Read '#rrggbb'."""
    red, green, blue = (int(colour[at : at + 2], 16) for at in (1, 3, 5))
    return red, green, blue
