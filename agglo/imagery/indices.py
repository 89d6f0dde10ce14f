"""Spectral indices of a scene, written or taken by zone, in bounded memory."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import numpy.typing as npt
import pandas as pd

from agglo.errors import LayerError
from agglo.imagery.blockwise import (
    Progress,
    finest_grid,
    nested_blocks,
    nested_part,
    reported,
)
from agglo.imagery.built_up import areas_ha, built_ha
from agglo.imagery.coverage import Coverage
from agglo.imagery.index_formulas import (
    INDICES,
    Index,
    enhanced_two_band,
    normalised_difference,
    soil_adjusted,
)
from agglo.imagery.zonal_blocks import totals
from agglo.layers.cog import tags_of_layers, write_cog
from agglo.layers.raster_files import BLOCK, raster_layer
from agglo.layers.raster_windows import described, is_same_grid
from agglo.rasters import Band, Floats, Grid, LandClass, RasterLayer

__all__ = [
    "INDICES", "Clear", "Index", "built_up_share", "enhanced_two_band", "index_blocks",
    "index_by_zone", "index_of_scene", "normalised_difference", "soil_adjusted",
]  # fmt: skip


@dataclass(frozen=True, slots=True, kw_only=True)
class Clear:
    """Which cells of a scene can be used."""

    layer: RasterLayer
    """Quality band or scene classification, on a grid that nests with the bands."""

    is_clear: Callable[[Floats], npt.NDArray[np.bool_]]
    """Tells of its numbers, ``nan`` where there is none, which are usable."""


def index_blocks(
    layers: Mapping[str, RasterLayer], name: str, *, clear: Clear | None = None, side: int = BLOCK
) -> Iterator[Band]:
    """Compute an index of a scene block after block, on the cells of its finest band.

    Cells that are not clear are ``nan``; so are those beyond the range of the index, which only
    reflectances below 0 lead to (for savi and evi2 also glare above 1): noise over dark water and
    in shadow, not a stronger signal.

    Parameters
    ----------
    layers
        Bands of one scene by common name: red, nir, green, swir16; others are not read.
    name
        One of ``INDICES``.

    Raises
    ------
    LayerError
        If a band is missing or no level, is no reflectance where that is needed, or does not nest.
    """
    used = _used(layers, name, clear)
    return (_index_band(name, bands, clear) for bands in nested_blocks(used, side=side))


def index_of_scene(
    layers: Mapping[str, RasterLayer],
    name: str,
    out: Path,
    *,
    clear: Clear | None = None,
    progress: Progress | None = None,
) -> RasterLayer:
    """Write an index of a scene as a COG, in bounded memory, and return it as a layer.

    Parameters
    ----------
    layers, name, clear
        As in ``index_blocks``.

    Raises
    ------
    LayerError
        As ``index_blocks``.
    OutputError
        If the file is there already or cannot be written.
    """
    index, used = _known(name), _bands(layers, name)
    grid = finest_grid(_used(layers, name, clear))
    found = index_blocks(layers, name, clear=clear)
    about = {**tags_of_layers(used), "role": index.role,
             "title": index.title, "title_ru": index.title_ru}  # fmt: skip
    write_cog(
        out, reported(found, index.title, grid.height * grid.width, progress), grid,
        quantity="level", unit="index", description=f"{index.title}: {index.text}",
        metadata={**about, "formula": index.text, "formula_source": index.source},
    )  # fmt: skip
    return raster_layer(out, quantity="level", unit="index", **about)


def index_by_zone(
    layers: Mapping[str, RasterLayer], name: str, coverage: Coverage, *, clear: Clear | None = None
) -> pd.DataFrame:
    """Take the figures of an index by zone in one pass over the scene, without writing it.

    Parameters
    ----------
    layers, name, clear
        As in ``index_blocks``.
    coverage
        Of the zones on the grid of the finest band.

    Returns
    -------
    index_by_zone
        Index zone id; ``mean_{name}`` (weighted by true area), ``min_{name}``, ``max_{name}``,
        ``nan`` where no cell is known, and ``known_share`` of the whole zone.

    Raises
    ------
    LayerError
        As ``index_blocks``; if the coverage was made for another grid.
    """
    used = _used(layers, name, clear)
    if not is_same_grid(coverage.grid, finest_grid(used)):
        raise LayerError(
            f"the coverage lies on {described(coverage.grid)}, the finest band of the scene on "
            f"{described(finest_grid(used))}; make the coverage for that"
        )
    found = totals(
        coverage,
        lambda strip: _index_band(name, nested_part(used, strip.grid), clear).values,
        ("area", "known_area", "value_area", "low", "high"),
    )
    area, known = found["area"], found["known_area"]
    none = np.full(len(area), np.nan)
    mean = np.divide(found["value_area"], known, out=none, where=known > 0)
    seen = np.divide(known, area, out=np.zeros(len(area)), where=area > 0)
    figures = {
        f"mean_{name}": mean, f"min_{name}": found["low"], f"max_{name}": found["high"],
        "known_share": seen * (1 - coverage.outside_share.to_numpy(dtype=float)),
    }  # fmt: skip
    return pd.DataFrame(figures, index=coverage.zone_ids)


def built_up_share(
    values: Floats,
    grid: Grid,
    *,
    quantity: str,
    unit: str = "",
    classes: Mapping[int, LandClass] | None = None,
) -> Floats:
    """Return the built-up part of each cell, 0 to 1, ``nan`` where nothing is known.

    The parameters and errors are those of ``built_ha``.
    """
    found = built_ha(values, grid, quantity=quantity, unit=unit, classes=classes)
    return np.minimum(found / areas_ha(grid), 1.0)


def _known(name: str) -> Index:
    if name not in INDICES:
        raise LayerError(f"unknown index '{name}'; choose one of {', '.join(INDICES)}")
    return INDICES[name]


def _bands(layers: Mapping[str, RasterLayer], name: str) -> list[RasterLayer]:
    """Bands of an index, if they are there and what it wants."""
    index = _known(name)
    used = [layers[band] for band in index.bands if band in layers]
    if len(used) < len(index.bands):
        raise LayerError(
            f"{name} needs the bands {' and '.join(index.bands)}; the scene has "
            f"{', '.join(layers) or 'none'}"
        )
    for band, layer in zip(index.bands, used, strict=True):
        if layer.quantity != "level":
            raise LayerError(
                f"{name}: band '{band}' ({layer.path}) is a {layer.quantity}, no level"
            )
        if index.reflectance_only and layer.unit != "reflectance":
            raise LayerError(
                f"{name} is made of reflectances; the unit of band '{band}' ({layer.path}) is "
                f"'{layer.unit}'; give its scale and offset, or take ndvi"
            )
    return used


def _used(layers: Mapping[str, RasterLayer], name: str, clear: Clear | None) -> list[RasterLayer]:
    """Bands of an index and the mask, if all show one day."""
    used = [*_bands(layers, name), *([clear.layer] if clear else [])]
    days = {layer.epoch for layer in used if layer.epoch}
    if len(days) > 1:
        raise LayerError(
            f"{name}: the bands show different days ({', '.join(sorted(days))}); give one scene"
        )
    return used


def _index_band(name: str, bands: Sequence[Band], clear: Clear | None) -> Band:
    """Compute an index of two bands, and of a third if there is a mask."""
    index = INDICES[name]
    values = index.formula(bands[0].values, bands[1].values)
    with np.errstate(invalid="ignore"):
        kept = (values >= index.least) & (values <= index.most)
    if clear:
        kept &= clear.is_clear(bands[2].values)
    return Band(values=np.where(kept, values, np.nan), grid=bands[0].grid)
