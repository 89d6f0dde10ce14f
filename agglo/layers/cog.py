"""Writes rasters as Cloud-Optimised GeoTIFFs: tiled, with overviews, saying what they mean."""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator, Mapping, Sequence
from itertools import product
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import numpy.typing as npt

from agglo.errors import LayerError
from agglo.folders import whole_file
from agglo.layers.raster_opening import options_for
from agglo.rasters import QUANTITIES, Band, Grid, LandClass, RasterLayer
from agglo.tables import weakest_status

if TYPE_CHECKING:
    import rasterio

Numbers = npt.NDArray[Any]

TILE = 512
"""Side of the tiles of a file, cells; a raster of no more cells a side needs no overviews."""

OVERVIEWS = {
    "class": "mode", "level": "average", "share": "average", "density": "average",
    "count": "average",
}  # fmt: skip
"""How a zoomed-out view is made, by quantity. A view of counts shows the mean count of the cells
below it, so that its colours keep their meaning; amounts are summed over the full grid only."""

COLOURED = ("uint8", "uint16")
"""Types of number for which a GeoTIFF can hold a colour table."""


def write_cog(
    path: Path,
    values: Numbers | Iterable[Band],
    grid: Grid,
    *,
    quantity: str,
    unit: str,
    dtype: str = "float32",
    nodata: float | None = None,
    classes: Mapping[int, LandClass] | None = None,
    colours: Mapping[int, str] | None = None,
    description: str = "",
    metadata: Mapping[str, str] | None = None,
) -> None:
    """Write one band; the file appears whole or not at all, and equal input gives equal bytes.

    Parameters
    ----------
    values
        Rows × columns of ``grid``, or blocks that cover it once, in any order, such as come from
        ``blocks``; ``nan`` where nothing is known, or ``nodata`` in arrays of integers.
    quantity
        One of ``QUANTITIES``; decides how the overviews are made.
    unit
        Of a cell's number, kept as the unit of the band.
    dtype
        Type of the stored numbers. Numbers that it cannot hold are refused, not bent.
    nodata
        Stored where nothing is known; ``nan`` for floats if none is given.
    classes
        By code: their colours become the colour table, their names the tag ``classes``.
    colours
        '#rrggbb' by code, where there is more to colour than ``classes``.
    metadata
        Further tags, such as ``tags_of_layers``; empty ones are left out.

    Raises
    ------
    LayerError
        If the numbers do not fit the grid or the type, or the blocks leave a gap.
    OutputError
        If the file is there already or cannot be written.
    """
    import rasterio
    from rasterio._err import CPLE_BaseError
    from rasterio.errors import RasterioError

    if quantity not in QUANTITIES:
        raise LayerError(
            f"{path.name}: quantity must be one of {', '.join(QUANTITIES)}; got '{quantity}'"
        )
    nodata = _checked_nodata(nodata, dtype, path.name)
    tags = {**(metadata or {}), "quantity": quantity, "unit": unit}
    palette = {code: one.colour for code, one in (classes or {}).items()} | dict(colours or {})
    if classes:
        tags["classes"] = _classes_text(classes)
    blocks = _whole(values, grid, path.name) if isinstance(values, np.ndarray) else values
    with options_for(path), whole_file(path, faults=(RasterioError, CPLE_BaseError)) as whole:
        rough = whole.with_name("rough.tif")
        with rasterio.open(rough, "w", **_profile(grid, dtype, nodata)) as file:
            _write_blocks(file, blocks, grid, nodata, path.name)
            file.update_tags(**dict(sorted(tags.items())))
            file.set_band_unit(1, unit)
            file.set_band_description(1, description)
            if palette and dtype in COLOURED:
                file.write_colormap(1, _colour_table(palette, path.name))
        _copy_as_cog(rough, whole, overviews=OVERVIEWS[quantity])
        _check_complete(whole)


def tags_of_layers(layers: Sequence[RasterLayer]) -> dict[str, str]:
    """Return what layers say of themselves, as tags of a file made out of them.

    Returns
    -------
    tags_of_layers
        Fields of ``RasterLayer``: words of each once, in order; the role of the first, the
        weakest status, and the epoch: the day or year that all show, else none.
    """
    tags = {
        what: "; ".join(dict.fromkeys(filter(None, (getattr(one, what) for one in layers))))
        for what in ("title", "title_ru", "source", "licence", "attribution", "note", "note_ru")
    }
    epochs = {one.epoch for one in layers}
    years = {epoch[:4] for epoch in epochs}
    tags["epoch"] = min(epochs) if len(epochs) == 1 else min(years) if len(years) == 1 else ""
    tags["status"] = weakest_status(*(one.status for one in layers))
    return tags | {"role": layers[0].role}


def _profile(grid: Grid, dtype: str, nodata: float | None) -> dict[str, Any]:
    from affine import Affine

    return {
        "driver": "GTiff", "crs": grid.crs, "transform": Affine(*grid.transform),
        "height": grid.height, "width": grid.width, "count": 1, "dtype": dtype, "nodata": nodata,
        "tiled": True, "blockxsize": TILE, "blockysize": TILE, "bigtiff": "if_safer",
    }  # fmt: skip


def _copy_as_cog(rough: Path, whole: Path, *, overviews: str) -> None:
    from rasterio.shutil import copy

    copy(
        rough, whole, driver="COG", compress="deflate", predictor="yes", blocksize=TILE,
        overview_resampling=overviews, num_threads=2, bigtiff="if_safer",
    )  # fmt: skip


def _check_complete(path: Path) -> None:
    """Refuse a file that lacks tiles: on a full disk GDAL says so in its log only."""
    import rasterio

    size = path.stat().st_size
    with rasterio.open(path) as file:
        count = len(file.overviews(1))
    for level in (None, *range(count)):
        with rasterio.open(path, **({} if level is None else {"overview_level": level})) as file:
            for row, column in product(
                range(-(-file.height // TILE)), range(-(-file.width // TILE))
            ):
                start, length = (
                    int(file.get_tag_item(f"BLOCK_{what}_{column}_{row}", "TIFF", bidx=1) or 0)
                    for what in ("OFFSET", "SIZE")
                )
                if not (start and length and start + length <= size):
                    raise OSError("the disk took only a part of it; make room")


def _write_blocks(
    file: rasterio.DatasetWriter,
    blocks: Iterable[Band | tuple[Grid, Numbers]],
    grid: Grid,
    nodata: float | None,
    name: str,
) -> None:
    from rasterio.windows import Window

    written = 0
    for block in blocks:
        own, values = (block.grid, block.values) if isinstance(block, Band) else block
        row, column = _place(own, grid, name)
        stored = _stored(values, np.dtype(file.dtypes[0]), nodata, name)
        file.write(stored, 1, window=Window(column, row, own.width, own.height))
        written += own.height * own.width
    if written != grid.height * grid.width:
        raise LayerError(
            f"{name}: the blocks cover {written:,} cells, the grid has "
            f"{grid.height * grid.width:,}; give each cell once"
        )


def _whole(values: Numbers, grid: Grid, name: str) -> Iterator[tuple[Grid, Numbers]]:
    """Cut an array into bands of rows, so that no second copy of it is made."""
    if values.shape != grid.shape:
        raise LayerError(f"{name}: the numbers have the shape {values.shape}, not {grid.shape}")
    for row in range(0, grid.height, TILE):
        part = values[row : row + TILE]
        yield grid.part(row, 0, len(part), grid.width), part


def _place(part: Grid, grid: Grid, name: str) -> tuple[int, int]:
    """Row and column of a block in the grid."""
    (across, along), (west, _, _, north) = grid.cell, grid.bounds
    left, _, _, top = part.bounds
    column, row = (left - west) / across, (north - top) / along
    found = round(row), round(column)
    off = max(abs(row - found[0]), abs(column - found[1]))
    fits = found[0] + part.height <= grid.height and found[1] + part.width <= grid.width
    same = part.crs == grid.crs and np.allclose(part.cell, grid.cell, rtol=1e-9, atol=0)
    if not (same and off < 1e-3 and min(found) >= 0 and fits):
        raise LayerError(f"{name}: a block with the bounds {part.bounds} is no part of the grid")
    return found


def _stored(values: Numbers, dtype: np.dtype[Any], nodata: float | None, name: str) -> Numbers:
    """Return numbers as they are stored, or say why they cannot be."""
    if values.dtype == dtype and dtype.kind in "iu":
        return values
    unknown = np.isnan(values) if values.dtype.kind == "f" else np.zeros(values.shape, dtype=bool)
    if unknown.any() and nodata is None:
        raise LayerError(f"{name}: some cells are unknown and no nodata number is given")
    if values.dtype.kind == "f" and nodata is not None and (values == nodata).any():
        raise LayerError(f"{name}: {nodata:g} stands for unknown, yet some cells hold it; choose "
                         "another nodata")  # fmt: skip
    filled = values if nodata is None else np.where(unknown, nodata, values)
    with np.errstate(over="ignore", invalid="ignore"):
        stored = filled.astype(dtype)
    _check_kept(filled, stored, unknown, name)
    return stored


def _check_kept(values: Numbers, stored: Numbers, unknown: Numbers, name: str) -> None:
    """Refuse numbers that the type overflows, or whose fractions it drops."""
    whole = stored.dtype.kind in "iu"
    kept = (stored == values) if whole else np.isfinite(stored)
    lost = ~(kept | unknown)
    if lost.any():
        raise LayerError(
            f"{name}: {values[lost].flat[0]} cannot be stored as {stored.dtype}"
            + ("; store it as float32" if whole else "; numbers must be finite")
        )


def _checked_nodata(nodata: float | None, dtype: str, name: str) -> float | None:
    kind = np.dtype(dtype)
    if nodata is None:
        return float("nan") if kind.kind == "f" else None
    fits = kind.kind == "f" or (
        float(nodata).is_integer() and np.iinfo(kind).min <= nodata <= np.iinfo(kind).max
    )
    if not fits:
        raise LayerError(f"{name}: nodata {nodata} cannot be stored as {dtype}")
    return float(nodata)


def _colour_table(colours: Mapping[int, str], name: str) -> dict[int, tuple[int, int, int]]:
    table = {}
    for code, colour in sorted(colours.items()):
        digits = colour.removeprefix("#")
        if len(digits) != 6 or set(digits.lower()) - set("0123456789abcdef"):
            raise LayerError(f"{name}: colour of class {code} must be '#rrggbb'; got '{colour}'")
        table[int(code)] = (int(digits[:2], 16), int(digits[2:4], 16), int(digits[4:], 16))
    return table


def _classes_text(classes: Mapping[int, LandClass]) -> str:
    about = {
        str(code): {"kind": one.kind, "ru": one.name_ru, "en": one.name_en, "colour": one.colour}
        for code, one in sorted(classes.items())
    }
    return json.dumps(about, ensure_ascii=False, separators=(",", ":"))
