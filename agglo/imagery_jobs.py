"""The jobs of `agglo imagery`: from rasters and zones to figures, maps and changes."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

import geopandas as gpd
import numpy as np
import pandas as pd
import pyogrio.errors
from shapely.geometry import box

from agglo.errors import LayerError, OutputError
from agglo.folders import check_folder, whole_folder
from agglo.imagery.figures import LEAST_CELLS
from agglo.imagery.indices import INDICES, Clear, index_of_scene
from agglo.imagery.scene_bands import scene_bands
from agglo.imagery.zonal import zonal_stack
from agglo.layers.raster_files import raster_layer
from agglo.layers.scenes import scene_layers
from agglo.layers.write import write_csv
from agglo.layers.zone_files import read_zones
from agglo.layers.zone_shapes import projected
from agglo.maps.imagery_page import imagery_page
from agglo.maps.words import Words
from agglo.rasters import RasterLayer

PAGE = "index.html"
FIGURES, NEAR, TRANSITIONS = "figures.csv", "near.csv", "transitions.csv"
BUILT = "built_ha.csv"
TABLES = (FIGURES, NEAR, TRANSITIONS, BUILT)
WHOLE = "all"
"""Id of the whole raster where no zones are given."""

FACTS = ("cells_count", "area_km2", "known_share", "outside_share")
WITHOUT_MAP = (*FACTS, "compared_share")


@dataclass(frozen=True, slots=True, kw_only=True)
class ImageryJob:
    """What a job wrote."""

    folder: Path
    figures: pd.DataFrame
    """Index zone id."""

    layers: tuple[RasterLayer, ...]


def zonal_job(layers: Sequence[RasterLayer], zones: gpd.GeoDataFrame) -> pd.DataFrame:
    """Take the figures of rasters by zone; zones are laid once on each grid.

    Returns
    -------
    zonal_job
        One row for a raster and a zone: ``raster``, ``epoch``, ``resolution_m``, ``zone_id``
        and the figures of the raster's quantity, with ``is_too_coarse`` where the zone covers
        fewer cells than ``LEAST_CELLS``.
    """
    pieces = []
    for layer, (name, own) in zip(layers, zonal_stack(layers, zones).items(), strict=True):
        table = own.rename_axis("zone_id").reset_index()
        table["is_too_coarse"] = table["cells_count"] < LEAST_CELLS
        for column, fact in (
            ("resolution_m", layer.resolution_m), ("epoch", layer.epoch), ("raster", name)
        ):  # fmt: skip
            table.insert(0, column, fact)
        pieces.append(table)
    return pd.concat(pieces, ignore_index=True)


def index_job(
    name: str,
    scenes: Sequence[tuple[Mapping[str, RasterLayer], Clear | None]],
    *,
    out: Path,
    words: Words,
    zones: gpd.GeoDataFrame | None = None,
    title: str = "",
) -> ImageryJob:
    """Compute an index of scenes, write each as a COG, and the figures and the map beside them.

    Parameters
    ----------
    name
        One of ``INDICES``.
    scenes
        Bands by common name and what is clear, see ``bands_of_scene`` and ``bands_of_file``; their
        epochs tell them apart.
    out
        Folder for ``NAME_EPOCH.tif``, ``figures.csv`` and ``index.html``.

    Raises
    ------
    LayerError
        If a band is missing or does not fit.
    OutputError
        If the folder cannot be written, or holds something else; earlier output stays whole.
    """
    check_folder(out, is_ours=is_ours)
    with whole_folder(out, replaces=True) as folder:
        layers = [_index(name, bands, clear, folder) for bands, clear in scenes]
        figures = _write_figures(layers, zones, folder)
        write_imagery_page(folder, layers, zones, figures, words, title or out.resolve().name)
    moved = tuple(replace(one, path=out / Path(one.path).name) for one in layers)
    return ImageryJob(folder=out.resolve(), figures=figures, layers=moved)


def bands_of_scene(
    folder: Path, *, keeps_clouds: bool = False
) -> tuple[dict[str, RasterLayer], Clear | None]:
    """Open the bands of a Sentinel-2 or Landsat scene by common name, and what is clear of it."""
    bands, clear = scene_bands(scene_layers(folder))
    return bands, None if keeps_clouds else clear


def bands_of_file(
    path: Path, names: Sequence[str], *, epoch: str = "", unit: str = "level"
) -> tuple[dict[str, RasterLayer], None]:
    """Open the bands of one file by the common names that they have, in their order."""
    return {
        name: raster_layer(
            path, name=f"{path.stem}_{name}", quantity="level", unit=unit, band=number, epoch=epoch
        )
        for number, name in enumerate(names, 1)
    }, None


def zones_of_file(
    path: Path, *, layer: str | None = None, zone_id: str | None = None
) -> gpd.GeoDataFrame:
    """Read zones of any format, the index their ids; of shapes without columns their numbers."""
    if zone_id is None and path.is_file():
        shapes = read_shapes(path, layer=layer)
        if len(shapes.columns) == 1:
            return shapes.set_axis(pd.Index([str(one) for one in range(1, len(shapes) + 1)]))
    return read_zones(path, layer=layer, zone_id=zone_id, keeps_crs=True)


def in_map_crs(zones: gpd.GeoDataFrame | None) -> gpd.GeoDataFrame | None:
    """Return zones in metres for a map; figures are taken of them as they were drawn."""
    return None if zones is None else projected(Path("zones"), zones, None)[0]


def read_shapes(path: Path, *, layer: str | None = None) -> gpd.GeoDataFrame:
    """Read places of any format and kind, such as stations.

    Raises
    ------
    LayerError
        If the file cannot be read, or holds no geometry.
    """
    try:
        shapes = gpd.read_file(path, **({"layer": layer} if layer else {}))
    except (pyogrio.errors.DataSourceError, pyogrio.errors.DataLayerError, ValueError) as error:
        raise LayerError(f"{path} cannot be read as places: {error}") from error
    if not isinstance(shapes, gpd.GeoDataFrame):
        raise LayerError(f"{path} holds no geometry; wanted polygons or points")
    return shapes


def is_ours(path: Path) -> bool:
    """Tell whether a file is of these jobs, or one that QGIS or GDAL puts beside it."""
    own = path.name.removesuffix(".aux.xml")
    stem = own.removesuffix(".tif").removesuffix(".qml")
    is_raster = stem != own and (stem == "change" or stem.partition("_")[0] in INDICES)
    return path.is_file() and (own in (PAGE, *TABLES) or is_raster)


def check_inputs(paths: Sequence[Path], out: Path) -> None:
    """Refuse to write into a folder that holds the rasters that are read: it would lose them.

    Raises
    ------
    OutputError
        Naming the raster.
    """
    for path in paths:
        if out.resolve() in (path.resolve(), *path.resolve().parents):
            raise OutputError(f"{path} lies in {out}, which is written anew; name another --out")


def _index(
    name: str, bands: Mapping[str, RasterLayer], clear: Clear | None, folder: Path
) -> RasterLayer:
    epoch = next((one.epoch for one in bands.values() if one.epoch), "")
    path = folder / f"{name}{f'_{epoch}' if epoch else ''}.tif"
    if path.exists():
        raise LayerError(
            f"two scenes have the epoch '{epoch}'; give each its own with --epoch, or one folder"
        )
    layer = index_of_scene(bands, name, path, clear=clear)
    return replace(layer, name=path.stem, epoch=layer.epoch or epoch)


def _write_figures(
    layers: Sequence[RasterLayer], zones: gpd.GeoDataFrame | None, folder: Path
) -> pd.DataFrame:
    pieces = [
        zonal_job([layer], whole_raster(layer) if zones is None else zones) for layer in layers
    ]
    figures = pd.concat(pieces, ignore_index=True)
    write_csv(figures, folder / FIGURES)
    return figures


def write_imagery_page(
    folder: Path,
    layers: Sequence[RasterLayer],
    zones: gpd.GeoDataFrame | None,
    figures: pd.DataFrame,
    words: Words,
    title: str,
) -> None:
    """Write the map of some rasters and of their figures, as ``zonal_job`` gives them."""
    table = None
    if zones is not None:
        own = [
            long_figures(rows.set_index("zone_id"), layer)
            for layer, (_, rows) in zip(layers, figures.groupby("raster", sort=False), strict=True)
        ]
        table = pd.concat(own, ignore_index=True)
    page = imagery_page(
        layers, in_map_crs(zones), table, words=words, title=title, sources=sources_of(layers)
    )
    (folder / PAGE).write_text(page, encoding="utf-8", newline="\n")


def long_figures(figures: pd.DataFrame, layer: RasterLayer) -> pd.DataFrame:
    """Bring the figures of a layer into the long table that pages show."""
    numbers = figures.select_dtypes("number").drop(
        columns=[*WITHOUT_MAP, "resolution_m"], errors="ignore"
    )
    long = numbers.rename_axis("place_id").reset_index().melt("place_id", var_name="measure")
    cells = figures["cells_count"] if "cells_count" in figures else pd.Series(np.inf, figures.index)
    long["cells_count"] = long["place_id"].map(cells)
    return long.assign(
        is_too_coarse=long["cells_count"] < LEAST_CELLS,
        layer=layer.name,
        unit=[_unit(str(name), layer) for name in long["measure"]],
        epoch=layer.epoch,
        resolution_m=layer.resolution_m,
        status=layer.status,
    ).dropna(subset=["value"])


def _unit(measure: str, layer: RasterLayer) -> str:
    """Read the unit of a figure off the end of its name."""
    for ending, unit in (
        ("_ha_per_year", "ha per year"), ("_percent_per_year", "% per year"), ("_ha", "ha"),
        ("_km2", "km2"), ("_share", "share"), ("_count", ""),
    ):  # fmt: skip
        if measure.endswith(ending):
            return unit
    return layer.unit


def whole_raster(layer: RasterLayer) -> gpd.GeoDataFrame:
    """Take all of a raster as one zone."""
    return gpd.GeoDataFrame(
        geometry=[box(*layer.grid.bounds)], index=pd.Index([WHOLE]), crs=layer.grid.crs
    )


def sources_of(layers: Sequence[RasterLayer]) -> list[str]:
    """Return a line for each source that a map must name."""
    said = (f"{one.title or one.name}: {one.source} {one.licence}".strip() for one in layers)
    return list(dict.fromkeys(said))
