"""The degree of urbanisation as one job: from rasters and units to maps and tables."""

from __future__ import annotations

import hashlib
import importlib.metadata
import json
from dataclasses import asdict, dataclass
from pathlib import Path

import geopandas as gpd
import pandas as pd

from agglo.errors import LayerError
from agglo.folders import check_folder, whole_folder
from agglo.imagery.urban_cells import CELL_CLASSES, CELL_CLASSES_2, UrbanCells, urban_cells
from agglo.imagery.urban_inputs import area_layer, population_layer, urban_surfaces
from agglo.imagery.urban_rules import VERSIONS, urban_rules
from agglo.imagery.urban_shapes import urban_polygons
from agglo.layers.cog import tags_of_layers, write_cog
from agglo.layers.text_cells import id_texts
from agglo.layers.write import save_geometry, write_csv
from agglo.layers.zone_files import read_zones
from agglo.layers.zone_ids import NAME_WORD, ZONE_ID
from agglo.maps.areas_layers import areas_layers, areas_project_layers
from agglo.maps.areas_page import areas_page
from agglo.maps.layer_styles import write_layer_styles
from agglo.maps.words import Words
from agglo.rasters import RasterLayer
from agglo.tables import weakest_status
from agglo.territory.delineation import NO_AREA
from agglo.territory.urban_units import UrbanUnits, group_names, urban_units

FILES = (
    "degurba_l1.tif", "degurba_l2.tif", "urban_clusters.gpkg", "areas.csv", "summary.csv",
    "areas.gpkg", "index.html", "delineation.json",
)  # fmt: skip
GEOPACKAGES = tuple(name for name in FILES if name.endswith(".gpkg"))
NUMBERS = ("value", "threshold", "margin")
NODATA = 255
"""What no cell of the written classes has: every cell has a class."""


@dataclass(frozen=True, slots=True, kw_only=True)
class UrbanResult:
    """What a job found and where it was written."""

    cells: UrbanCells
    units: UrbanUnits | None
    notes: tuple[str, ...]
    status: str
    out: Path


def degurba_job(
    population: Path | str,
    built: Path | str,
    land: Path | str,
    *,
    out: Path,
    words: Words,
    units: Path | None = None,
    unit_id: str | None = None,
    layer: str | None = None,
    version: str = VERSIONS[0],
    has_built: bool = True,
    parts_count: int | None = None,
    sums_cells: bool = False,
    resamples_counts: bool = False,
    title: str = "",
) -> UrbanResult:
    """Class cells, and units if there are any, and write maps and tables into a folder.

    ``degurba_l1.tif`` and ``degurba_l2.tif`` (classes of cells), ``urban_clusters.gpkg`` (centres
    and connected clusters as polygons) and ``delineation.json`` (the record); with units
    ``areas.csv``, ``summary.csv``, ``areas.gpkg`` and the map ``index.html``.

    Parameters
    ----------
    population, built, land
        Rasters of 1 km in one equal-area CRS: persons; built-up and land in m² or shares.
    units, unit_id, layer
        Polygons of any format, their column of ids (without it, the only one that can be it),
        and which layer of the file.
    version, has_built
        See ``urban_rules``.
    parts_count
        See ``unit_cells``: exact fractions without it, 20 for the official 50 m.
    sums_cells, resamples_counts
        See ``urban_surfaces``.

    Raises
    ------
    LayerError, SettingsError
        About the input, before anything is written.
    OutputError
        If the folder cannot be written, or holds something else; earlier output stays whole.
    """
    check_folder(out, is_ours=is_ours)
    rules = urban_rules(version, has_built=has_built)
    rasters = (
        population_layer(population), area_layer(built, role="built_up"),
        area_layer(land, role="land"),
    )  # fmt: skip
    surfaces = urban_surfaces(*rasters, sums_cells=sums_cells, resamples_counts=resamples_counts)
    cells = urban_cells(surfaces, rules=rules)
    status = weakest_status("modelled", *(one.status for one in rasters))
    asked: dict[str, float | int | str | bool] = {"version": version, "has_built": has_built}
    if parts_count is not None:
        asked["parts_count"] = parts_count
    zones = found = None
    if units is not None:
        column = unit_id or _id_column(units, layer)
        zones = read_zones(units, layer=layer, zone_id=column)
    if zones is not None:
        found = urban_units(cells, zones, parts_count=parts_count, status=status, asked=asked)
    notes = cells.notes if found is None else found.delineation.notes
    sources = [_source(path) for path in (population, built, land, units) if path is not None]
    record = _record(cells, asked, notes, sources, status)
    with whole_folder(out, replaces=True) as folder:
        _write_cells(cells, rasters, folder)
        save_geometry(folder / "urban_clusters.gpkg", _polygons(cells, found))
        if found is not None:
            _write_units(found, folder, words, title or out.resolve().name, sources)
        text = json.dumps(record, ensure_ascii=False, indent=2)
        (folder / "delineation.json").write_text(text + "\n", encoding="utf-8", newline="\n")
    return UrbanResult(cells=cells, units=found, notes=notes, status=status, out=out.resolve())


def is_ours(path: Path) -> bool:
    """Tell whether a file is of this job, or one that QGIS or GDAL puts beside it."""
    own = path.name.removesuffix(".aux.xml")
    return path.is_file() and (own in FILES or own.startswith(GEOPACKAGES))


def _id_column(path: Path, layer: str | None) -> str | None:
    """Find the one column whose texts differ from row to row and that holds no names.

    Where there is none or more than one, ``read_zones`` asks for it.
    """
    import pyogrio
    import pyogrio.errors

    try:
        layers = [str(name) for name, _ in pyogrio.list_layers(path)]
        if layer not in layers and (layer is not None or len(layers) != 1):
            return None
        table = pyogrio.read_dataframe(path, layer=layer or layers[0], read_geometry=False)
    except pyogrio.errors.DataSourceError:
        return None
    if ZONE_ID in table:
        return None
    texts = {str(name): id_texts(table[name]) for name in table.columns}
    # columns that say the same in every row are one
    found = {
        tuple(own): name
        for name, own in reversed(texts.items())
        if own.is_unique and (own != "").all() and not NAME_WORD.search(name)
        and not pd.api.types.is_float_dtype(table[name])
    }  # fmt: skip
    return next(iter(found.values())) if len(found) == 1 else None


def _write_cells(cells: UrbanCells, rasters: tuple[RasterLayer, ...], folder: Path) -> None:
    for name, codes, classes, level in (
        ("degurba_l1.tif", cells.level_1, CELL_CLASSES, 1),
        ("degurba_l2.tif", cells.level_2, CELL_CLASSES_2, 2),
    ):
        tags = {**tags_of_layers(rasters), "role": "other"}
        tags["title"] = f"Degree of urbanisation, level {level}"
        tags["title_ru"] = f"Степень урбанизации, уровень {level}"
        write_cog(
            folder / name, codes, cells.surfaces.grid, quantity="class", unit="class",
            dtype="uint8", nodata=NODATA, classes=classes, description=tags["title"],
            metadata=tags,
        )  # fmt: skip


def _polygons(cells: UrbanCells, units: UrbanUnits | None) -> dict[str, gpd.GeoDataFrame]:
    centres = clusters = None
    if units is not None:
        centres = group_names(units.people_by_centre, units.zones)
        clusters = group_names(units.people_by_cluster, units.zones)
    return {
        "urban_centres": urban_polygons(cells, cells.centre_number, names=centres),
        "urban_clusters": urban_polygons(cells, cells.cluster_number, names=clusters),
    }


def _write_units(
    units: UrbanUnits, folder: Path, words: Words, title: str, sources: list[str]
) -> None:
    found, zones = units.delineation, units.zones
    summary = _summary(units)
    layers = areas_layers(found, zones, summary)
    classes = units.table.drop(columns=["name", "area_id", "decided_by", *NUMBERS], errors="ignore")
    layers["zones"] = gpd.GeoDataFrame(
        layers["zones"].merge(classes, left_on="zone_id", right_index=True), crs=zones.crs
    )
    write_csv(units.table.reset_index(), folder / "areas.csv")
    write_csv(summary.reset_index(), folder / "summary.csv")
    save_geometry(folder / "areas.gpkg", layers)
    write_layer_styles(folder / "areas.gpkg", areas_project_layers(layers, words))
    page = areas_page(found, zones, summary=summary, words=words, title=title, sources=sources)
    (folder / "index.html").write_text(page, encoding="utf-8", newline="\n")


def _summary(units: UrbanUnits) -> pd.DataFrame:
    """Describe each urban area: its units, their people, and how many are cities and towns."""
    table = units.table[units.table["area_id"] != NO_AREA]
    groups = table.groupby("area_id", sort=False)
    summary = pd.DataFrame(
        {
            "zones_count": groups.size(),
            "cities_count": (table["level_1"] == "city").groupby(table["area_id"]).sum(),
            "population_count": groups["population_count"].sum(),
            "land_km2": groups["land_km2"].sum(),
        }
    ).rename_axis("area_id")
    if "name" in units.zones:
        names = units.zones["name"].reindex(summary.index).astype(str)
        summary.insert(0, "name", names.to_numpy())
    return summary


def _record(
    cells: UrbanCells,
    asked: dict[str, float | int | str | bool],
    notes: tuple[str, ...],
    sources: list[str],
    status: str,
) -> dict[str, object]:
    surfaces = cells.surfaces
    counts = {
        name: {classes[code].name_en: int((codes == code).sum()) for code in sorted(classes)}
        for name, codes, classes in (
            ("level_1", cells.level_1, CELL_CLASSES),
            ("level_2", cells.level_2, CELL_CLASSES_2),
        )
    }
    return {
        "agglo": importlib.metadata.version("agglo"),
        "method": "degurba",
        "parameters": asked,
        "rules": asdict(cells.rules),
        "status": status,
        "notes": list(notes),
        "sources": sources,
        "crs": surfaces.grid.crs,
        "population_count": float(surfaces.people_count.sum()),
        "cells_count": counts,
        "centres_count": int(cells.centre_number.max(initial=0)),
        "clusters_count": int(cells.cluster_number.max(initial=0)),
    }


def _source(path: Path | str) -> str:
    """Name a file and the beginning of its hash."""
    local = Path(path)
    if not local.is_file():
        return str(path)
    try:
        with local.open("rb") as file:
            digest = hashlib.file_digest(file, "sha256").hexdigest()
    except OSError as error:
        raise LayerError(f"{path} cannot be read: {error.strerror or error}") from error
    return f"{local.name} (sha256 {digest[:12]})"
