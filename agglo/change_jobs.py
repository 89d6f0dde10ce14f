"""The jobs of `agglo imagery change` and `growth`: two epochs, or years in which land was built."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import geopandas as gpd
import numpy as np
import pandas as pd

from agglo.errors import LayerError
from agglo.folders import check_folder, whole_folder
from agglo.imagery.built_up import built_ha
from agglo.imagery.cell_areas import cell_areas_km2
from agglo.imagery.change import built_by_epoch, gain_between, gain_by_period, years_between
from agglo.imagery.coverage import coverage_from_zones
from agglo.imagery.near_places import gain_near
from agglo.imagery.transitions import class_transitions_ha, kinds_lost, vegetation_lost
from agglo.imagery.zonal import zonal_figures
from agglo.imagery_jobs import (
    BUILT,
    FIGURES,
    NEAR,
    PAGE,
    TRANSITIONS,
    ImageryJob,
    in_map_crs,
    is_ours,
    long_figures,
    sources_of,
    whole_raster,
)
from agglo.layers.cog import tags_of_layers, write_cog
from agglo.layers.raster_files import raster_layer, read_band
from agglo.layers.write import write_csv
from agglo.maps.imagery_page import imagery_page
from agglo.maps.words import Words
from agglo.rasters import Floats, RasterLayer
from agglo.units import HA_PER_KM2


def change_job(
    before: RasterLayer,
    after: RasterLayer,
    *,
    out: Path,
    words: Words,
    zones: gpd.GeoDataFrame | None = None,
    near: gpd.GeoDataFrame | None = None,
    within_m: Sequence[float] = (500.0, 1000.0),
    title: str = "",
) -> ImageryJob:
    """Compare two epochs of one raster: the change as a COG, figures by zone, the map to swipe.

    Built-up land gives its gain in hectares a year, classes what went to what, an index the
    green that was lost; other levels their mean change.

    Parameters
    ----------
    near
        Places such as stations: for built-up land the gain within ``within_m`` of them.
    out
        Folder for ``change.tif``, ``figures.csv``, ``transitions.csv`` (classes), ``near.csv``
        and ``index.html``.

    Raises
    ------
    LayerError
        If the two show no change together, or do not lie on one grid.
    OutputError
        If the folder cannot be written, or holds something else; earlier output stays whole.
    """
    check_folder(out, is_ours=is_ours)
    years = years_between(before, after)
    if near is not None and before.role != "built_up":
        raise LayerError(f"gain near places needs built-up land; '{before.name}' is {before.role}")
    places = whole_raster(before) if zones is None else zones
    with whole_folder(out, replaces=True) as folder:
        change, figures = _change(before, after, places, folder)
        write_csv(figures.rename_axis("zone_id").reset_index(), folder / FIGURES)
        if near is not None:
            gains = gain_near(
                _built(before), _built(after), before.grid, near, within_m=within_m, years=years
            )
            write_csv(gains.reset_index(), folder / NEAR)
        # what is first is what opens
        layers = [*([change] if change else []), before, after]
        shown = figures if zones is not None else None
        table = None if shown is None else long_figures(shown, change or after)
        page = imagery_page(
            layers, in_map_crs(zones), table, words=words, title=title or out.resolve().name,
            sources=sources_of(layers),
        )  # fmt: skip
        (folder / PAGE).write_text(page, encoding="utf-8", newline="\n")
    return ImageryJob(folder=out.resolve(), figures=figures, layers=(before, after))


def growth_job(
    layer: RasterLayer,
    *,
    bounds: Sequence[float],
    out: Path,
    words: Words,
    zones: gpd.GeoDataFrame | None = None,
    is_unknown_unbuilt: bool = False,
    title: str = "",
) -> ImageryJob:
    """Tell the built-up growth of periods from one raster whose cells hold their first built year.

    Parameters
    ----------
    bounds
        Years where periods meet, such as 1980, 1990, 2000; each a code of the raster.
    is_unknown_unbuilt
        Whether cells without data are open land and water, as in some files of GHSL.
    out
        Folder for ``built_ha.csv``, ``figures.csv`` (gain by zone and period) and ``index.html``.

    Raises
    ------
    LayerError
        If a code is no year, or a bound no code.
    OutputError
        If the folder cannot be written, or holds something else; earlier output stays whole.
    """
    check_folder(out, is_ours=is_ours)
    codes = read_band(layer).values
    coverage = coverage_from_zones(layer.grid, whole_raster(layer) if zones is None else zones)
    epochs = np.unique(codes[~np.isnan(codes)]).tolist()
    built = built_by_epoch(codes, coverage, years=epochs, is_unknown_unbuilt=is_unknown_unbuilt)
    gains = gain_by_period(built, bounds=bounds)
    with whole_folder(out, replaces=True) as folder:
        write_csv(built.rename_axis("zone_id").reset_index(), folder / BUILT)
        named = gains.rename_axis(["zone_id", *gains.index.names[1:]])
        write_csv(named.reset_index(), folder / FIGURES)
        page = imagery_page(
            [layer], in_map_crs(zones), words=words, title=title or out.resolve().name,
            sources=sources_of([layer]),
        )  # fmt: skip
        (folder / PAGE).write_text(page, encoding="utf-8", newline="\n")
    return ImageryJob(folder=out.resolve(), figures=gains, layers=(layer,))


def _change(
    before: RasterLayer, after: RasterLayer, zones: gpd.GeoDataFrame, folder: Path
) -> tuple[RasterLayer | None, pd.DataFrame]:
    """Take the change of two epochs, as a raster (None for classes) and by zone."""
    coverage = coverage_from_zones(before.grid, zones)
    if before.role == "built_up" and before.quantity != "class":
        figures = gain_between(before, after, zones).assign(cells_count=coverage.cells_count)
        area_ha = cell_areas_km2(before.grid) * HA_PER_KM2
        share = (_built(after) - _built(before)) / area_ha
        return _written(before, after, share, folder, "share"), figures
    first, second = read_band(before).values, read_band(after).values
    if before.quantity == "class":
        moved = class_transitions_ha(first, second, coverage, classes=before.classes or None)
        write_csv(moved.reset_index(), folder / TRANSITIONS)
        figures = kinds_lost(moved) if before.classes else pd.DataFrame(index=coverage.zone_ids)
        return None, figures.assign(cells_count=coverage.cells_count)
    if before.quantity != "level":
        raise LayerError(
            f"'{before.name}' holds a {before.quantity} of {before.role}; what changes here are "
            "built-up land, classes and levels such as NDVI"
        )
    change = _written(before, after, second - first, folder, before.unit)
    figures = zonal_figures(change, zones, quantiles=())
    if before.role == "vegetation":
        lost = vegetation_lost(first, second, coverage).reset_index()
        wide = lost.pivot(index="zone_id", columns="fall", values="lost_ha")
        wide.columns = pd.Index([f"lost_more_than_{fall:g}_ha" for fall in wide.columns])
        green = lost.drop_duplicates("zone_id").set_index("zone_id")["green_before_ha"]
        figures = figures.join(green).join(wide)
    return change, figures


def _written(
    before: RasterLayer, after: RasterLayer, values: Floats, folder: Path, unit: str
) -> RasterLayer:
    """Write a change as a COG and return it as a layer that knows its two epochs."""
    path = folder / "change.tif"
    epoch = f"{before.epoch[:4]}–{after.epoch[:4]}"
    about = tags_of_layers([before, after]) | {"epoch": epoch, "role": before.role}
    title = before.title or before.role
    about["title"] = f"Change: {title}, {epoch}"
    about["title_ru"] = f"Изменение: {before.title_ru or title}, {epoch}"
    write_cog(path, values, before.grid, quantity="level", unit=unit, metadata=about)
    return raster_layer(path, name="change", quantity="level", unit=unit, **about)


def _built(layer: RasterLayer) -> Floats:
    return built_ha(
        read_band(layer).values, layer.grid, quantity=layer.quantity, unit=layer.unit,
        classes=layer.classes,
    )  # fmt: skip
