"""Reads raster files: checked on opening, whole if they are small, in blocks if they are not."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import ExitStack
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from agglo.errors import LayerError
from agglo.layers.raster_checks import (
    check_nodata,
    check_numbers,
    check_unit,
    grid_of,
    ground_resolution_m,
)
from agglo.layers.raster_opening import (
    gdal_options,
    is_address,
    open_file,
    opened,
    options_for,
    shown,
    translated,
)
from agglo.layers.raster_windows import (
    Box,
    block_shape,
    bounds_in,
    box_text,
    described,
    is_same_grid,
    window_of,
)
from agglo.rasters import Band, Floats, RasterLayer

if TYPE_CHECKING:
    import rasterio

__all__ = [
    "BLOCK", "MOST_CELLS", "blocks", "bounds_in", "gdal_options", "ground_resolution_m",
    "is_address", "is_same_grid", "opened", "raster_layer", "read_band",
]  # fmt: skip

MOST_CELLS = 50_000_000
"""Larger windows are not read into memory at once."""

BLOCK = 1024
"""Side of the blocks in which a large raster is read, cells."""


def raster_layer(
    path: Path | str, *, name: str = "", quantity: str, unit: str, **about: Any
) -> RasterLayer:
    """Open a raster, check it and say what its numbers mean.

    Parameters
    ----------
    path
        Whatever GDAL reads.
    unit
        Of a cell's number; where it is empty, the file's own.
    about
        Further fields of ``RasterLayer``; the file's own nodata, scale and offset stand where
        none are given.

    Raises
    ------
    LayerError
        If it cannot be opened, has no CRS or one that cannot be its own, has no such band, is
        rotated, or holds no real numbers.
    """
    path = path if is_address(path) else Path(path)
    band = int(about.get("band", 1))
    with opened(path) as file:
        if not 1 <= band <= file.count:
            raise LayerError(
                f"{shown(path)} has {file.count} band(s); band {band} was asked for, the first "
                "one is 1"
            )
        check_numbers(file, band, path)
        found = {
            "nodata": file.nodatavals[band - 1], "scale": file.scales[band - 1],
            "offset": file.offsets[band - 1],
        }  # fmt: skip
        kept = {**found, **about}
        check_nodata(kept["nodata"], file.dtypes[band - 1], path)
        unit = check_unit(unit, file.units[band - 1] or "", quantity, path)
        grid = grid_of(file, path)
    if not (np.isfinite([kept["scale"], kept["offset"]]).all() and kept["scale"] != 0):
        raise LayerError(
            f"{shown(path)}: numbers × {kept['scale']} + {kept['offset']} mean nothing; give "
            "scale and offset as finite numbers, the scale not 0"
        )
    kept.setdefault("resolution_m", ground_resolution_m(grid))
    return RasterLayer(
        name=name or Path(shown(path)).stem, path=path, grid=grid, quantity=quantity, unit=unit,
        **kept,
    )  # fmt: skip


def read_band(layer: RasterLayer, *, bounds: Box | None = None, may_be_empty: bool = False) -> Band:
    """Read a raster, or the cells that a box touches, into memory.

    Parameters
    ----------
    bounds
        West, south, east, north in the raster's CRS.
    may_be_empty
        Whether it is fine that nothing is known in any of the cells.

    Raises
    ------
    LayerError
        If the box and the raster do not meet, nothing is known in it, or it is too large.
    """
    row, column, height, width = window_of(layer.grid, bounds, shown(layer.path))
    if height * width > MOST_CELLS:
        raise LayerError(
            f"{shown(layer.path)}: {height:,} × {width:,} cells would take "
            f"{height * width * 8 / 1e9:.1f} GB of memory, more than the "
            f"{MOST_CELLS * 8 / 1e9:.1f} GB ({MOST_CELLS:,} cells) that are read at once; give a "
            "smaller box, or read it in blocks"
        )
    with opened(layer.path) as file:
        values = _values(file, layer, row, column, height, width)
    if not may_be_empty and np.isnan(values).all():
        where = "the raster" if bounds is None else f"the area {box_text(bounds)}"
        raise LayerError(
            f"{shown(layer.path)}: nothing is known in {where}, all {height * width:,} cells are "
            f"nodata ({layer.nodata}); take a raster that covers it, or check the nodata value"
        )
    return Band(values=values, grid=layer.grid.part(row, column, height, width))


def blocks(layers: Sequence[RasterLayer], *, side: int = BLOCK) -> Iterator[list[Band]]:
    """Read rasters of one grid side by side, block after block, in rows from the north.

    Blocks follow the tiles of the files, so that none is decoded twice: they are made of whole
    tiles, or of whole rows where a file is stored in rows.

    Parameters
    ----------
    side
        A block has about ``side`` × ``side`` cells, unless one tile has more.

    Raises
    ------
    LayerError
        If there is no raster, their grids differ, or a file cannot be read.
    """
    if not layers or side < 1:
        raise LayerError("blocks are read of one raster or more, with a side of one cell or more")
    grid = layers[0].grid
    for one in layers[1:]:
        if not is_same_grid(one.grid, grid):
            raise LayerError(
                f"{shown(one.path)} and {shown(layers[0].path)} do not lie on the same grid: "
                f"{described(one.grid)} and {described(grid)}; warp one onto the other"
            )
    with ExitStack() as stack:
        files = [stack.enter_context(open_file(one.path)) for one in layers]
        tall, wide = block_shape(
            [file.block_shapes[one.band - 1] for file, one in zip(files, layers, strict=True)],
            grid, side,
        )  # fmt: skip
        for row in range(0, grid.height, tall):
            for column in range(0, grid.width, wide):
                part = (row, column, min(tall, grid.height - row), min(wide, grid.width - column))
                own, bands = grid.part(*part), []
                for file, one in zip(files, layers, strict=True):
                    # The options stand for this read only: the caller may use others in between.
                    with options_for(one.path):
                        bands.append(Band(values=_values(file, one, *part), grid=own))
                yield bands


def _values(
    file: rasterio.DatasetReader, layer: RasterLayer, row: int, column: int, height: int, width: int
) -> Floats:
    """Numbers as meant; a file whose rows run from south to north is turned over."""
    from rasterio.windows import Window

    if (file.height, file.width) != layer.grid.shape:
        raise LayerError(
            f"{shown(layer.path)} has {file.height} × {file.width} cells, the layer "
            f"'{layer.name}' was made for {layer.grid.shape}; open it again"
        )
    is_flipped = file.transform.e > 0
    first = file.height - row - height if is_flipped else row
    window = Window(column, first, width, height)
    with translated(layer.path):
        stored = file.read(layer.band, window=window)
        hidden = _hidden(file, layer.band, window)
    values = _meant(stored, layer)
    if hidden is not None:
        values[hidden] = np.nan
    return values[::-1].copy() if is_flipped else values


def _hidden(file: rasterio.DatasetReader, band: int, window: Any) -> np.ndarray | None:
    """Cells that the file's own mask or its alpha band leaves out."""
    from rasterio.enums import MaskFlags

    flags = file.mask_flag_enums[band - 1]
    if MaskFlags.per_dataset not in flags and MaskFlags.alpha not in flags:
        return None
    hidden: np.ndarray = file.read_masks(band, window=window) == 0
    return hidden


def _meant(stored: np.ndarray, layer: RasterLayer) -> Floats:
    values = stored.astype(np.float64)
    if layer.nodata is not None and not np.isnan(layer.nodata):
        values[stored == _as_stored(layer.nodata, stored.dtype)] = np.nan
    if stored.dtype.kind == "f":
        values[~np.isfinite(values)] = np.nan
    if layer.scale != 1:
        values *= layer.scale
    if layer.offset != 0:
        values += layer.offset
    return values


def _as_stored(nodata: float, dtype: np.dtype[Any]) -> Any:
    """The nodata value as the file holds it: decimals are cut to the width of its numbers."""
    if dtype.kind != "f":
        return nodata
    with np.errstate(over="ignore"):
        return dtype.type(nodata)
