"""Rasters as light pictures for a page: cut, coarsened to a budget, coloured, in web Mercator."""

from __future__ import annotations

import base64
import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from agglo.errors import LayerError
from agglo.layers.raster_files import ground_resolution_m
from agglo.maps.raster_styles import Codes, RasterStyle, class_numbers, raster_styles
from agglo.maps.shown_cells import MOST_PIXELS, NEARLY, Bounds, shown_numbers
from agglo.maps.words import Words
from agglo.rasters import Band, Grid, RasterLayer

MOST_BYTES = 150_000
PIXELS_PER_CELL = 8
"""Cells are drawn with so many pixels a side where there is room, so that their edges are true."""

LEAST_CELLS = 64
"""A picture of fewer cells a side than this, made so to fit a budget, shows nothing any more."""

MERCATOR, DEGREES = "EPSG:3857", "EPSG:4326"
MERCATOR_EDGE_M = 20_037_508.35
SEEN_THROUGH = (255, 255, 255, 0)


@dataclass(frozen=True, slots=True, kw_only=True)
class Overlay:
    """A picture of a raster that lies on a web map."""

    bounds: Bounds
    """In degrees; its pixels are square in EPSG:3857."""

    png: bytes
    size: tuple[int, int]
    """Width and height in pixels."""

    style: RasterStyle
    merged: int
    """So many cells a side were merged into one that is shown; 1 where all are shown."""

    shown_m: float
    """Side of a shown cell on the ground, at the middle of the picture."""

    @property
    def uri(self) -> str:
        """The picture as an address that a page holds inside."""
        return f"data:image/png;base64,{base64.b64encode(self.png).decode()}"


def overlays(
    layers: Sequence[RasterLayer],
    *,
    words: Words,
    bounds: Bounds | None = None,
    most_pixels: int = MOST_PIXELS,
    most_bytes: int = MOST_BYTES,
) -> list[Overlay]:
    """Draw rasters, those that tell the same of other years in the same colours.

    Parameters and errors are those of ``overlay`` and ``raster_styles``.
    """
    shown = [shown_numbers(one, bounds=bounds, most_cells=most_pixels) for one in layers]
    styles = raster_styles(layers, [band.values for band, _ in shown], words=words)
    return [
        _drawn(layer, style, own, bounds, most_pixels, most_bytes)
        for layer, style, own in zip(layers, styles, shown, strict=True)
    ]


def overlay(
    layer: RasterLayer,
    style: RasterStyle,
    *,
    bounds: Bounds | None = None,
    most_pixels: int = MOST_PIXELS,
    most_bytes: int = MOST_BYTES,
) -> Overlay:
    """Draw a raster as a picture with a palette, nothing where nothing is known.

    Parameters
    ----------
    style
        As of ``raster_styles``, made from the numbers as shown.
    bounds
        Box in degrees, as of ``shown_numbers``.
    most_pixels
        Of the longer side.
    most_bytes
        What the picture may add to a page; cells are merged until it fits.

    Raises
    ------
    LayerError
        Also if no picture that shows anything fits the budget.
    """
    shown = shown_numbers(layer, bounds=bounds, most_cells=most_pixels)
    return _drawn(layer, style, shown, bounds, most_pixels, most_bytes)


def _drawn(
    layer: RasterLayer, style: RasterStyle, shown: tuple[Band, int], bounds: Bounds | None,
    most_pixels: int, most_bytes: int,
) -> Overlay:  # fmt: skip
    band, merged = shown
    while True:
        numbers, corners = _on_mercator(class_numbers(style, band.values), band.grid, most_pixels)
        png = _png(numbers, style)
        if 4 * math.ceil(len(png) / 3) <= most_bytes:
            break
        fewer = int(max(band.grid.shape) * 0.9)
        if fewer < LEAST_CELLS:
            raise LayerError(
                f"raster '{layer.name}': no picture of {LEAST_CELLS} cells or more fits into "
                f"{most_bytes:,} bytes; allow more bytes, or show a smaller area"
            )
        band, merged = shown_numbers(layer, bounds=bounds, most_cells=fewer)
    height, width = numbers.shape
    return Overlay(
        bounds=corners, png=png, size=(width, height), style=style, merged=merged,
        shown_m=layer.resolution_m if merged == 1 else ground_resolution_m(band.grid),
    )  # fmt: skip


def _on_mercator(numbers: Codes, grid: Grid, most_pixels: int) -> tuple[Codes, Bounds]:
    """Lay classes on square pixels of EPSG:3857, each as the cell at its middle."""
    from rasterio.transform import Affine
    from rasterio.warp import Resampling, reproject, transform_bounds

    box = transform_bounds(grid.crs, MERCATOR, *grid.bounds, densify_pts=21)
    if not np.isfinite(box).all():
        raise LayerError(f"cells in {grid.crs[:40]} cannot be moved to {MERCATOR}")
    west, south, east, north = np.clip(box, -MERCATOR_EDGE_M, MERCATOR_EDGE_M)
    across, along = east - west, north - south
    room = most_pixels * min(1.0, across / along) / grid.width
    repeated = max(1, min(PIXELS_PER_CELL, math.floor(room + NEARLY)))
    pixel = max(across / (grid.width * repeated), along / most_pixels)
    width, height = (max(1, math.ceil(side / pixel - NEARLY)) for side in (across, along))
    moved = np.zeros((height, width), dtype=np.uint8)
    reproject(
        numbers, moved, src_crs=grid.crs, src_transform=Affine(*grid.transform), dst_crs=MERCATOR,
        dst_transform=Affine(pixel, 0.0, west, 0.0, -pixel, north),
        resampling=Resampling.nearest, src_nodata=0, dst_nodata=0,
    )  # fmt: skip
    rows, columns = (np.flatnonzero((moved > 0).any(axis=axis)) for axis in (1, 0))
    if rows.size:  # what is empty all around need not be sent
        moved = moved[rows[0] : rows[-1] + 1, columns[0] : columns[-1] + 1]
        west, north = west + columns[0] * pixel, north - rows[0] * pixel
    height, width = moved.shape
    corners: Bounds = transform_bounds(
        MERCATOR, DEGREES, west, north - height * pixel, west + width * pixel, north
    )
    return moved, corners


def _png(numbers: Codes, style: RasterStyle) -> bytes:
    """Write classes as a picture with a palette, of which 0 is seen through."""
    from rasterio.io import MemoryFile
    from rasterio.transform import Affine

    palette = {0: SEEN_THROUGH} | {
        number: (*(int(one.colour[at : at + 2], 16) for at in (1, 3, 5)), 255)
        for number, one in enumerate(style.classes, 1)
    }
    height, width = numbers.shape
    about: dict[str, Any] = {"height": height, "width": width, "count": 1, "dtype": "uint8"}
    # a place on the ground is of no use to a picture, but without one rasterio warns
    nowhere = Affine(1.0, 0.0, 0.0, 0.0, -1.0, float(height))
    bits = 4 if len(palette) <= 16 else 8
    with MemoryFile(ext=".png") as held:
        with held.open(driver="PNG", ZLEVEL=9, NBITS=bits, transform=nowhere, **about) as file:
            file.write(numbers, 1)
            file.write_colormap(1, palette)
        return bytes(held.read())
