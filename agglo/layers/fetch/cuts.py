"""Cuts an area out of a raster on a server: by HTTP ranges, and only the tiles that it needs."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from shapely.geometry.base import BaseGeometry

from agglo.errors import LayerError
from agglo.folders import whole_file
from agglo.layers.fetch.asking import Caller, patiently
from agglo.layers.fetch.cut_windows import moved, reach, window_of_area
from agglo.layers.fetch.remote import (
    Source,
    asked_server,
    check_band,
    opened_anew,
    read_cells,
    window,
)
from agglo.layers.raster_checks import grid_of, ground_resolution_m
from agglo.layers.raster_opening import options_for, shown
from agglo.rasters import Grid

if TYPE_CHECKING:
    import rasterio

STRIP_ROWS = 512
"""Rows read at once, at least: whole tiles."""

TILE = 512


@dataclass(frozen=True, slots=True, kw_only=True)
class Cut:
    """What came out of a cut."""

    grid: Grid
    overview: int
    """How many cells of the file's finest level a cell is wide."""

    nodata: float | None
    scale: float
    offset: float
    version: str
    """The entity tag that the server gave, or the time of the last change."""


@dataclass(slots=True)
class _Work:
    """How far a cut has come; what is done stays done when the connection breaks."""

    cut: Cut | None = None
    target: Any = None
    rows_done: int = 0
    version: str | None = None


def cut_band(
    source: Source,
    out: Path,
    *,
    area: BaseGeometry,
    resolution_m: float | None = None,
    tags: dict[str, str] | None = None,
    is_class: bool = False,
    caller: Caller,
) -> Cut:
    """Write the cells of a band that the box of an area touches, as a COG on the band's own grid.

    Nothing is resampled. Where the stored number that means 'nothing known' is known, rows hold
    only as far as the area reaches in them.

    Parameters
    ----------
    out
        A new .tif.
    area
        In EPSG:4326.
    resolution_m
        The coarsest overview of the file that is not coarser is read; by default the file itself.
    tags
        Are written into the file.
    is_class
        Whether the numbers are codes, which overviews must not average.

    Raises
    ------
    LayerError
        If the server or the file fails, or they do not reach the area.
    OutputError
        If the file is there already or cannot be written.
    """
    import rasterio.shutil
    from rasterio._err import CPLE_BaseError
    from rasterio.errors import RasterioError

    work = _Work()
    with whole_file(out, faults=(RasterioError, CPLE_BaseError)) as whole:
        rough = whole.with_name("rough.tif")
        try:
            patiently(
                lambda: _copy_rest(source, rough, work, area=area, resolution_m=resolution_m),
                caller=caller,
                gained=lambda: work.rows_done,
            )
            work.target.update_tags(**(tags or {}))
        finally:
            if work.target is not None:
                work.target.close()
        with options_for(rough):
            rasterio.shutil.copy(
                rough, whole, driver="COG", compress="deflate", predictor="yes", blocksize=TILE,
                overview_resampling="mode" if is_class else "average", bigtiff="if_safer",
            )  # fmt: skip
    if work.cut is None:
        raise LayerError(f"{shown(source.address)} gave nothing")
    return work.cut


def _copy_rest(
    source: Source, rough: Path, work: _Work, *, area: BaseGeometry, resolution_m: float | None
) -> None:
    """Read what is not done yet, strip after strip of whole tiles."""
    version, size = asked_server(source.address)
    if work.version not in (None, version):
        raise LayerError(f"{shown(source.address)} has changed while it was read; run again")
    work.version = version
    level, factor = _level(source, resolution_m)
    with opened_anew(source.address, level) as file:
        check_band(file, source)
        grid = _grid(file, source)
        local = moved(area, grid)
        row, column, height, width = window_of_area(grid, local, source.address)
        if work.target is None:
            _start(file, source, rough, work, grid.part(row, column, height, width), factor)
        for first, last in _strips(file, source.band, row, row + height):
            if first - row < work.rows_done:
                continue
            left, right = column, column + width
            if work.cut and work.cut.nodata is not None:
                left, right = reach(grid, local, first, last, (left, right))
            if right > left:
                values = read_cells(file, source, (first, last, left, right), size)
                there = window(first - row, last - row, left - column, right - column)
                work.target.write(values, 1, window=there)
            work.rows_done = last - row


def _level(source: Source, resolution_m: float | None) -> tuple[int | None, int]:
    """Choose the coarsest overview that is fine enough, or None, and how much coarser it is."""
    if resolution_m is None:
        return None, 1
    if not resolution_m > 0:
        raise LayerError(f"resolution_m must be above 0, got {resolution_m}")
    with opened_anew(source.address) as file:
        check_band(file, source)
        fine_m = ground_resolution_m(_grid(file, source))
        factors = file.overviews(source.band)
    enough = [n for n, factor in enumerate(factors) if fine_m * factor <= resolution_m * 1.01]
    level = max(enough, default=None)
    return level, 1 if level is None else factors[level]


def _grid(file: rasterio.DatasetReader, source: Source) -> Grid:
    if file.transform.e > 0:
        raise LayerError(
            f"{shown(source.address)} runs from south to north; download it whole and turn it "
            "(gdalwarp)"
        )
    if file.crs is not None or not source.crs:
        return grid_of(file, source.address)
    return Grid(
        crs=source.crs,
        transform=tuple(file.transform)[:6],
        height=file.height,
        width=file.width,
    )


def _strips(
    file: rasterio.DatasetReader, band: int, first: int, last: int
) -> Iterator[tuple[int, int]]:
    """Rows, from and to, that hold whole tiles of the file."""
    tile = file.block_shapes[band - 1][0]
    rows = tile * max(1, STRIP_ROWS // tile)
    start = first - first % rows
    for row in range(start, last, rows):
        yield max(row, first), min(row + rows, last)


def _start(
    file: rasterio.DatasetReader, source: Source, rough: Path, work: _Work, grid: Grid, factor: int
) -> None:
    """Begin the file that takes the strips."""
    import rasterio
    from affine import Affine
    from rasterio.dtypes import in_dtype_range

    at = source.band - 1
    nodata = file.nodatavals[at] if file.nodatavals[at] is not None else source.nodata
    if nodata is not None and not in_dtype_range(nodata, file.dtypes[at]):
        nodata = None  # what no cell can hold hides none
    scale, offset = file.scales[at], file.offsets[at]
    if (scale, offset) == (1.0, 0.0):
        scale = 1.0 if source.scale is None else source.scale
        offset = 0.0 if source.offset is None else source.offset
    work.target = rasterio.open(
        rough, "w", driver="GTiff", crs=grid.crs, transform=Affine(*grid.transform),
        height=grid.height, width=grid.width, count=1, dtype=file.dtypes[at], nodata=nodata,
        tiled=True, blockxsize=TILE, blockysize=TILE, bigtiff="if_safer",
    )  # fmt: skip
    work.target.scales, work.target.offsets = (scale,), (offset,)
    work.target.units = (source.unit or file.units[at] or "",)
    work.cut = Cut(
        grid=grid, overview=factor, nodata=nodata, scale=scale, offset=offset,
        version=work.version or "",
    )  # fmt: skip
