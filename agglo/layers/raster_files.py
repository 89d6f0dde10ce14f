"""Reads raster files: checked on opening, whole if they are small, in blocks if they are not."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from agglo.errors import LayerError
from agglo.rasters import Band, Grid, RasterLayer

if TYPE_CHECKING:
    import rasterio

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
    about
        Further fields of ``RasterLayer``; the file's own nodata, scale and offset stand where
        none are given.

    Raises
    ------
    LayerError
        If it cannot be opened, has no CRS or no such band, or is rotated.
    """
    path = path if is_address(path) else Path(path)
    band = int(about.get("band", 1))
    with opened(path) as file:
        if file.crs is None:
            raise LayerError(f"{path} has no CRS; set it (gdal_edit.py -a_srs EPSG:…)")
        if not 1 <= band <= file.count:
            raise LayerError(f"{path} has {file.count} band(s); band {band} was asked for")
        grid = Grid(
            crs=file.crs.to_string(), transform=tuple(file.transform)[:6],
            height=file.height, width=file.width,
        )  # fmt: skip
        found = {"nodata": file.nodatavals[band - 1], "scale": file.scales[band - 1],
                 "offset": file.offsets[band - 1], "resolution_m": ground_resolution_m(grid)}  # fmt: skip
    return RasterLayer(
        name=name or Path(str(path)).stem, path=path, grid=grid, quantity=quantity, unit=unit,
        **{**found, **about},
    )  # fmt: skip


def is_address(path: Path | str) -> bool:
    """Tell whether a raster lies on a server, or in another of GDAL's file systems."""
    return isinstance(path, str) and ("://" in path or path.startswith("/vsi"))


@contextmanager
def opened(path: Path | str) -> Iterator[rasterio.DatasetReader]:
    """Open a raster file for reading; what GDAL says of it becomes one sentence."""
    import rasterio
    import rasterio.errors

    try:
        with rasterio.open(path) as file:
            yield file
    except rasterio.errors.RasterioError as error:
        raise LayerError(f"{path} cannot be read as a raster: {error}") from error


def read_band(
    layer: RasterLayer, *, bounds: tuple[float, float, float, float] | None = None
) -> Band:
    """Read a raster, or the cells that a box touches, into memory.

    Parameters
    ----------
    bounds
        West, south, east, north in the raster's CRS.

    Raises
    ------
    LayerError
        If the box and the raster do not meet, nothing is known in it, or it is too large.
    """
    row, column, height, width = _window(layer.grid, bounds, layer.path)
    if height * width > MOST_CELLS:
        raise LayerError(
            f"{layer.path}: {height} × {width} cells are more than the {MOST_CELLS:,} that are "
            "read at once; give a smaller box"
        )
    with opened(layer.path) as file:
        values = _meant(file.read(layer.band, window=_slices(row, column, height, width)), layer)
    return Band(values=values, grid=layer.grid.part(row, column, height, width))


def blocks(layers: Sequence[RasterLayer], *, side: int = BLOCK) -> Iterator[list[Band]]:
    """Read rasters of one grid side by side, block after block, in rows from the north.

    Raises
    ------
    LayerError
        If their grids differ.
    """
    grid = layers[0].grid
    for one in layers[1:]:
        if one.grid != grid:
            raise LayerError(f"{one.path} and {layers[0].path} do not lie on the same grid")
    from contextlib import ExitStack

    with ExitStack() as stack:
        files = [stack.enter_context(opened(one.path)) for one in layers]
        for row in range(0, grid.height, side):
            for column in range(0, grid.width, side):
                height, width = min(side, grid.height - row), min(side, grid.width - column)
                window, own = (
                    _slices(row, column, height, width),
                    grid.part(row, column, height, width),
                )
                yield [
                    Band(values=_meant(file.read(one.band, window=window), one), grid=own)
                    for file, one in zip(files, layers, strict=True)
                ]


def ground_resolution_m(grid: Grid) -> float:
    """Side of a cell on the ground at the middle of a grid: the root of its area."""
    import pyproj
    from shapely.geometry import box

    west, south, east, north = grid.bounds
    x, y = (west + east) / 2, (south + north) / 2
    across, along = grid.cell
    cell = box(x - across / 2, y - along / 2, x + across / 2, y + along / 2)
    to_degrees = pyproj.Transformer.from_crs(grid.crs, "EPSG:4326", always_xy=True)
    lon, lat = to_degrees.transform(*np.array(cell.exterior.coords).T)
    area, _ = pyproj.Geod(ellps="WGS84").polygon_area_perimeter(lon, lat)
    return float(np.sqrt(abs(area)))


def _meant(stored: np.ndarray, layer: RasterLayer) -> np.ndarray:
    values = stored.astype(np.float64)
    if layer.nodata is not None and np.isfinite(layer.nodata):
        values[stored == layer.nodata] = np.nan
    return values * layer.scale + layer.offset


def _window(
    grid: Grid, bounds: tuple[float, float, float, float] | None, path: Path | str
) -> tuple[int, int, int, int]:
    """Row, column, height and width of the cells that a box touches."""
    if bounds is None:
        return 0, 0, grid.height, grid.width
    west, south, east, north = bounds
    left, _, _, top = grid.bounds
    across, along = grid.cell
    first, last = int(np.floor((west - left) / across)), int(np.ceil((east - left) / across))
    upper, lower = int(np.floor((top - north) / along)), int(np.ceil((top - south) / along))
    first, last = max(first, 0), min(last, grid.width)
    upper, lower = max(upper, 0), min(lower, grid.height)
    if last <= first or lower <= upper:
        raise LayerError(f"{path} does not reach the area {bounds}; it covers {grid.bounds}")
    return upper, first, lower - upper, last - first


def _slices(row: int, column: int, height: int, width: int) -> Any:
    from rasterio.windows import Window

    return Window(column, row, width, height)
