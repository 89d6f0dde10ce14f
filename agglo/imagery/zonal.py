"""Tables of what raster layers say of zones: the figures that fit what each layer measures."""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence

import geopandas as gpd
import numpy as np
import pandas as pd

from agglo.errors import LayerError
from agglo.imagery.coverage import Coverage, coverage_from_zones
from agglo.imagery.zonal_blocks import code_totals, totals
from agglo.imagery.zonal_measures import (
    class_areas_km2,
    class_shares,
    kind_of,
    known_share,
    zonal_extremes,
    zonal_means,
    zonal_quantiles,
    zonal_sums,
)
from agglo.imagery.zonal_reading import reader
from agglo.rasters import Floats, Grid, RasterLayer

__all__ = [
    "MIDDLE",
    "class_areas_km2",
    "class_shares",
    "known_share",
    "zonal_extremes",
    "zonal_figures",
    "zonal_means",
    "zonal_quantiles",
    "zonal_stack",
    "zonal_sums",
]

MIDDLE = (0.1, 0.5, 0.9)
"""Quantiles of levels: the tenth, the median and the ninetieth percentile."""

PER_KM2 = re.compile(r"\s*(?:/|\bper\b)\s*(?:km|sq\.? ?km)\s?(?:2|²|\^2)?$", re.IGNORECASE)


def zonal_figures(
    layer: RasterLayer,
    zones: gpd.GeoDataFrame,
    *,
    coverage: Coverage | None = None,
    quantiles: Sequence[float] = MIDDLE,
) -> pd.DataFrame:
    """Say what a raster layer tells of zones, read strip by strip however large it is.

    Parameters
    ----------
    zones
        Polygons in any CRS; the index is their id.
    coverage
        Of these zones on the grid of the layer, if it was made before.
    quantiles
        Of a level. They need all cells of a zone at once, 50 million at most; none: ``()``.

    Returns
    -------
    figures
        Index zone id; always ``cells_count``, ``area_km2`` (true, on the raster),
        ``known_share`` (of the whole zone) and ``outside_share``. A count has
        ``sum_{unit}`` and ``mean_{unit}_per_km2`` (of the known area), a density the same
        (value × true area), a share ``sum_km2`` and ``mean_share``, a level ``mean_{unit}``,
        ``median_{unit}``, ``p10_{unit}``, ``p90_{unit}``, ``min_{unit}`` and ``max_{unit}``
        (weighted by true area), classes ``class_{code}_km2`` and ``class_{code}_share``, by kind
        ``{kind}_km2`` and ``{kind}_share``. ``nan`` where nothing is known.

    Raises
    ------
    LayerError
        As ``coverage_from_zones``; if a density is not per km²; if codes are no codes.
    """
    if coverage is None:
        coverage = coverage_from_zones(layer.grid, zones)
    elif not coverage.zone_ids.equals(zones.index):
        raise LayerError("the coverage was made of other zones; make it of these")
    if layer.quantity == "class":
        figures, area, known = _of_classes(coverage, layer)
    elif layer.quantity == "level":
        figures, area, known = _of_levels(coverage, layer, quantiles)
    else:
        figures, area, known = _of_amounts(coverage, layer)
    seen = np.divide(known, area, out=np.zeros(len(area)), where=area > 0)
    always = {
        "cells_count": coverage.cells_count,
        "area_km2": area,
        "known_share": seen * (1 - coverage.outside_share),
        "outside_share": coverage.outside_share,
    }
    unknown = known <= 0
    figures[unknown] = np.nan
    return pd.concat([figures, pd.DataFrame(always, index=coverage.zone_ids)], axis=1)


def zonal_stack(
    layers: Iterable[RasterLayer],
    zones: gpd.GeoDataFrame,
    *,
    quantiles: Sequence[float] = MIDDLE,
) -> dict[str, pd.DataFrame]:
    """Take the figures of several layers; zones are laid once on each grid.

    Returns
    -------
    figures
        By the name of the layer, in their order; see ``zonal_figures``.

    Raises
    ------
    LayerError
        If two layers have one name, and as ``zonal_figures``.
    """
    found: dict[str, pd.DataFrame] = {}
    coverages: dict[Grid, Coverage] = {}
    for layer in layers:
        if layer.name in found:
            raise LayerError(f"two layers are named '{layer.name}'; give each its own name")
        if layer.grid not in coverages:
            coverages[layer.grid] = coverage_from_zones(layer.grid, zones)
        own = coverages[layer.grid]
        found[layer.name] = zonal_figures(layer, zones, coverage=own, quantiles=quantiles)
    return found


def _of_amounts(coverage: Coverage, layer: RasterLayer) -> tuple[pd.DataFrame, Floats, Floats]:
    """Sums and means per km² of counts, densities and shares; area and known area, km²."""
    value = "value" if layer.quantity == "count" else "value_area"
    found = totals(coverage, reader(coverage, layer), ("area", "known_area", value))
    mean = np.divide(
        found[value], found["known_area"], out=np.full(len(found[value]), np.nan),
        where=found["known_area"] > 0,
    )  # fmt: skip
    if layer.quantity == "share":
        names = ("sum_km2", "mean_share")
    else:
        unit = _unit(layer.unit if layer.quantity == "count" else _counted(layer))
        names = (f"sum_{unit}", f"mean_{unit}_per_km2")
    frame = pd.DataFrame(dict(zip(names, (found[value], mean), strict=True)), coverage.zone_ids)
    return frame, found["area"], found["known_area"]


def _of_levels(
    coverage: Coverage, layer: RasterLayer, quantiles: Sequence[float]
) -> tuple[pd.DataFrame, Floats, Floats]:
    wanted = ("area", "known_area", "value_area", "low", "high")
    found = totals(coverage, reader(coverage, layer), wanted)
    unit = _unit(layer.unit)
    columns = {
        f"mean_{unit}": found["value_area"]
        / np.where(found["known_area"] > 0, found["known_area"], 1)
    }
    if len(quantiles):
        table = zonal_quantiles(coverage, "level", layer, at=quantiles)
        columns |= {
            f"{'median' if one == 0.5 else f'p{100 * one:g}'}_{unit}": table[one].to_numpy()
            for one in quantiles
        }
    columns |= {f"min_{unit}": found["low"], f"max_{unit}": found["high"]}
    return pd.DataFrame(columns, coverage.zone_ids), found["area"], found["known_area"]


def _of_classes(coverage: Coverage, layer: RasterLayer) -> tuple[pd.DataFrame, Floats, Floats]:
    read = reader(coverage, layer)
    areas, known = code_totals(coverage, read, by_area=True)
    names = {code: f"class_{code}" for code in areas}
    columns = {f"{names[code]}_km2": areas[code] for code in areas}
    kinds: dict[str, Floats] = {}
    if layer.classes:
        for code, km2 in areas.items():
            kind = kind_of(code, layer.classes)
            kinds[kind] = kinds.get(kind, np.zeros(len(km2))) + km2
        columns |= {f"{kind}_km2": kinds[kind] for kind in sorted(kinds)}
    with np.errstate(invalid="ignore"):
        columns |= {f"{name[:-4]}_share": km2 / known for name, km2 in columns.items()}
    area = totals(coverage, read, ("area",))["area"]
    return pd.DataFrame(columns, coverage.zone_ids), area, known


def _counted(layer: RasterLayer) -> str:
    """What a density counts per km²."""
    counted, found = PER_KM2.subn("", layer.unit)
    if not found or not counted:
        raise LayerError(
            f"{layer.path}: a density must be per km², its unit is '{layer.unit}'; set the unit, "
            "such as 'persons per km2', and a scale that leads to it"
        )
    return counted


def _unit(unit: str) -> str:
    """Write a unit so that it can end the name of a column."""
    plain = unit.strip().lower().replace("²", "2").replace("³", "3").replace("/", " per ")
    return re.sub(r"[^\w]+", "_", plain).strip("_") or "index"
