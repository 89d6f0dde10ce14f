"""Composites: one cloudless picture out of several dates, and what changed between two."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from pathlib import Path
from types import MappingProxyType

import numpy as np

from agglo.errors import LayerError
from agglo.imagery.blockwise import Progress, is_same_crs, reported
from agglo.layers.cog import tags_of_layers, write_cog
from agglo.layers.raster_files import blocks, raster_layer, read_band
from agglo.layers.raster_windows import described
from agglo.rasters import Band, Floats, Grid, RasterLayer

SIDE = 512
"""Side of the blocks of a composite, cells: all dates of a block are in memory together."""


def median_of_dates(stack: Floats) -> Floats:
    """Return the median of the known dates of each cell, ``nan`` where none is known.

    Parameters
    ----------
    stack
        Dates × rows × columns, ``nan`` where a date is clouded.
    """
    ordered = np.sort(stack, axis=0)  # unknown dates go last
    known = (~np.isnan(stack)).sum(axis=0, keepdims=True)
    low, high = (np.maximum(at, 0) for at in ((known - 1) // 2, known // 2))
    high = np.minimum(high, len(stack) - 1)
    middle = np.take_along_axis(ordered, low, axis=0) / 2
    found: Floats = (middle + np.take_along_axis(ordered, high, axis=0) / 2)[0]
    return found


def mean_of_dates(stack: Floats) -> Floats:
    """Return the mean of the known dates of each cell, ``nan`` where none is known."""
    known = (~np.isnan(stack)).sum(axis=0)
    total = np.where(np.isnan(stack), 0.0, stack).sum(axis=0)
    found: Floats = np.divide(total, known, out=np.full(known.shape, np.nan), where=known > 0)
    return found


def highest_of_dates(stack: Floats) -> Floats:
    """Return the highest known date of each cell: of NDVI, the greenest (Holben 1986)."""
    found: Floats = np.fmax.reduce(stack, axis=0)
    return found


def first_of_dates(stack: Floats) -> Floats:
    """Return the first known date of each cell."""
    found: Floats = stack[0].copy()
    for values in stack[1:]:
        found = np.where(np.isnan(found), values, found)
    return found


def count_of_dates(stack: Floats) -> Floats:
    """Count the known dates of each cell."""
    return np.asarray((~np.isnan(stack)).sum(axis=0), dtype=np.float64)


WAYS: Mapping[str, Callable[[Floats], Floats]] = MappingProxyType({
    "median": median_of_dates, "mean": mean_of_dates, "highest": highest_of_dates,
    "least_cloud": first_of_dates, "count": count_of_dates,
})  # fmt: skip
"""Ways to make one picture of several dates."""


def composite(
    layers: Sequence[RasterLayer],
    out: Path,
    *,
    how: str = "median",
    least_count: int = 1,
    progress: Progress | None = None,
) -> RasterLayer:
    """Make one picture out of several dates and write it as a COG, in bounded memory.

    The order of the dates does not matter.

    Parameters
    ----------
    layers
        One level on one grid, such as NDVI of several days; unknown where clouded.
    how
        'median', 'mean', 'highest' (of NDVI: the greenest), 'least_cloud' (each cell from
        the clearest scene that knows it), or 'count': how many dates know the cell.
    least_count
        Cells known on fewer dates stay unknown.

    Raises
    ------
    LayerError
        If they are no levels of one unit, their grids differ, or ``how`` is unknown.
    OutputError
        If the file is there already or cannot be written.
    """
    if how not in WAYS:
        raise LayerError(f"unknown way '{how}' to make a composite; choose {', '.join(WAYS)}")
    layers = sorted(layers, key=lambda one: (one.epoch, one.name, str(one.path)))
    _check_dates(layers)
    if how == "least_cloud":
        layers = _clearest_first(layers)
    grid = layers[0].grid
    about, found = _about(layers, how), _composed(layers, how, least_count)
    unit = "dates" if how == "count" else layers[0].unit
    write_cog(
        out, reported(found, "composite", grid.height * grid.width, progress), grid,
        quantity="level", unit=unit, description=about["title"],
        metadata={**about, "dates": ", ".join(one.epoch for one in layers if one.epoch)},
    )  # fmt: skip
    return raster_layer(out, quantity="level", unit=unit, **about)


def on_grid(layer: RasterLayer, grid: Grid, out: Path) -> RasterLayer:
    """Put a level on another grid, each new cell with the number of the old cell at its middle.

    For dates whose frames differ a little. A picture moves by up to half a cell. Amounts,
    densities, shares and classes are never moved so: their totals would change.

    Raises
    ------
    LayerError
        If it is no level, or does not reach the grid.
    OutputError
        If the file is there already or cannot be written.
    """
    if layer.quantity != "level":
        raise LayerError(
            f"'{layer.name}' is a {layer.quantity}: moving it to other cells would change its "
            "totals; measure it by zone on its own grid instead"
        )
    about = _about([layer], "")
    write_cog(
        out, _moved(layer, grid), grid, quantity="level", unit=layer.unit,
        description=layer.title, metadata=about,
    )  # fmt: skip
    return raster_layer(out, quantity="level", unit=layer.unit, **about)


def level_change(earlier: RasterLayer, later: RasterLayer, out: Path) -> RasterLayer:
    """Write how much a level rose between two dates on one grid, unknown where either is.

    Raises
    ------
    LayerError
        If they are no levels of one unit, their grids differ, or the epochs are not in order.
    OutputError
        If the file is there already or cannot be written.
    """
    _check_dates([earlier, later])
    if earlier.epoch and later.epoch and earlier.epoch >= later.epoch:
        raise LayerError(f"{later.epoch} is not after {earlier.epoch}; swap the two")
    about = _about([earlier, later], "change")
    about["epoch"] = later.epoch
    found = (
        Band(values=last.values - first.values, grid=first.grid)
        for first, last in blocks([earlier, later])
    )
    write_cog(
        out, found, earlier.grid, quantity="level", unit=earlier.unit,
        description=about["title"], metadata={**about, "from_epoch": earlier.epoch},
    )  # fmt: skip
    return raster_layer(out, quantity="level", unit=earlier.unit, **about)


def _composed(layers: Sequence[RasterLayer], how: str, least_count: int) -> Iterator[Band]:
    for bands in blocks(layers, side=SIDE):
        stack = np.stack([band.values for band in bands])
        values = WAYS[how](stack)
        if how != "count":
            values = np.where(count_of_dates(stack) >= least_count, values, np.nan)
        yield Band(values=values, grid=bands[0].grid)


def _clearest_first(layers: Sequence[RasterLayer]) -> list[RasterLayer]:
    known = np.zeros(len(layers), dtype=int)
    for bands in blocks(layers, side=SIDE):
        known += [int((~np.isnan(band.values)).sum()) for band in bands]
    return [layers[at] for at in np.argsort(-known, kind="stable")]


def _moved(layer: RasterLayer, grid: Grid) -> Iterator[Band]:
    """Read a raster at the middles of other cells, block after block."""
    known = 0
    for row in range(0, grid.height, SIDE):
        for column in range(0, grid.width, SIDE):
            height, width = min(SIDE, grid.height - row), min(SIDE, grid.width - column)
            part = grid.part(row, column, height, width)
            values = _at_middles(layer, part)
            known += int((~np.isnan(values)).sum())
            yield Band(values=values, grid=part)
    if not known:
        raise LayerError(
            f"'{layer.name}' knows nothing of the wanted grid ({described(grid)}); it covers "
            f"{described(layer.grid)}"
        )


def _at_middles(layer: RasterLayer, part: Grid) -> Floats:
    """Return the number of the cell of a layer in which each middle of other cells lies."""
    (a, _, west, _, e, north), (own_a, _, left, _, own_e, top) = (
        part.transform, layer.grid.transform,
    )  # fmt: skip
    x, y = np.meshgrid(
        west + a * (np.arange(part.width) + 0.5), north + e * (np.arange(part.height) + 0.5)
    )
    if not is_same_crs(part.crs, layer.grid.crs):
        import pyproj

        x, y = pyproj.Transformer.from_crs(
            part.crs, layer.grid.crs, always_xy=True
        ).transform(x, y)  # fmt: skip
    rows, columns = np.floor((y - top) / own_e), np.floor((x - left) / own_a)
    height, width = layer.grid.shape
    inside = (rows >= 0) & (rows < height) & (columns >= 0) & (columns < width)
    found = np.full(part.shape, np.nan)
    if inside.any():
        rows, columns = rows[inside].astype(int), columns[inside].astype(int)
        row, column = int(rows.min()), int(columns.min())
        window = layer.grid.part(
            row, column, int(rows.max()) - row + 1, int(columns.max()) - column + 1
        )
        band = read_band(layer, bounds=window.bounds, may_be_empty=True)
        found[inside] = band.values[rows - row, columns - column]
    return found


def _check_dates(layers: Sequence[RasterLayer]) -> None:
    if not layers:
        raise LayerError("a composite needs at least one date; got none")
    first = layers[0]
    for one in layers:
        if one.quantity != "level" or one.unit != first.unit:
            raise LayerError(
                f"'{one.name}' is a {one.quantity} of '{one.unit}', '{first.name}' a "
                f"{first.quantity} of '{first.unit}'; give levels of one unit"
            )
        if one.grid != first.grid:
            raise LayerError(
                f"'{one.name}' and '{first.name}' do not lie on the same grid; put them on one "
                "first (on_grid), or take scenes of one frame"
            )


def _about(layers: Sequence[RasterLayer], how: str) -> dict[str, str]:
    about = tags_of_layers(layers)
    return {**about, "title": f"{about['title']} ({how})".strip()} if how else about
