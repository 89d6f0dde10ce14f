"""The rasters of a run: their pictures on the page, their files for QGIS, and their checks."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path

import geopandas as gpd
import numpy as np
import pandas as pd

from agglo.imagery.consistency import PowerLaw
from agglo.imagery.figures import WHOLE
from agglo.imagery.sanity import sanity_checks
from agglo.layers.cog import tags_of_layers, write_cog
from agglo.layers.raster_files import bounds_in, read_band
from agglo.maps.imagery_data import Scatter, imagery_data
from agglo.maps.overlays import Overlay, overlays
from agglo.maps.raster_qml import ProjectRaster, project_rasters
from agglo.maps.words import LANGUAGES, Words
from agglo.rasters import RasterLayer
from agglo.region import Region
from agglo.run import Result

PREFIX = "imagery_"
"""What the files of rasters begin with in the folder of a run."""

ORDER = ("population", "built_up", "night_lights", "land_cover", "vegetation")
"""Roles in the order of the list; others come after."""

BYTE_CODES = 255
MOST_CODES = 65_535


def run_rasters(region: Region) -> list[RasterLayer]:
    """List the rasters of a region as pages and projects show them."""
    rank = {role: number for number, role in enumerate(ORDER)}
    return sorted(
        region.rasters, key=lambda one: (rank.get(one.role, len(rank)), one.epoch, one.name)
    )


def run_overlays(region: Region, words: Words) -> list[Overlay]:
    """Draw the rasters of a region, cut to the land of its members."""
    municipalities = region.geo("municipalities")
    members = municipalities[municipalities["role"] != "context"].to_crs("EPSG:4326")
    west, south, east, north = map(float, members.total_bounds)
    return overlays(run_rasters(region), words=words, bounds=(west, south, east, north))


def run_imagery(
    results: Sequence[Result], drawn: Sequence[Overlay], words: Words
) -> dict[str, object] | None:
    """Gather what the meeting map shows of rasters; None where there are none."""
    case = results[0].case
    region = case.region
    if not region.rasters:
        return None
    municipalities = region.geo("municipalities")
    shown = case.imagery[case.imagery["is_shown"]] if len(case.imagery) else case.imagery
    checks = sanity_checks(region, case.imagery)
    return imagery_data(
        run_rasters(region),
        drawn,
        words=words,
        figures=shown if len(shown) else None,
        scatters=[_scatter(name, law, municipalities, words) for name, law in checks.items()],
        whole_id=WHOLE,
    )


def run_project_rasters(
    region: Region, drawn: Sequence[Overlay], words: Words, *, language: str
) -> list[ProjectRaster]:
    """List the rasters of the QGIS project, in the colours of the page."""
    styles = [one.style for one in drawn]
    return project_rasters(
        run_rasters(region), styles, words=words, language=language, folder=PREFIX
    )


def write_rasters(folder: Path, region: Region) -> None:
    """Write every raster as a COG, cut to the municipalities of the map; numbers as meant.

    Raises
    ------
    LayerError
        If one has too many cells there to be cut at once.
    """
    municipalities = region.geo("municipalities")
    members = municipalities[municipalities["role"] != "context"]
    for layer in run_rasters(region):
        band = read_band(layer, bounds=bounds_in(layer.grid, members), may_be_empty=True)
        is_class = layer.quantity == "class"
        top = int(np.nanmax(band.values, initial=0)) if is_class else 0
        code_type, nothing = ("uint8", BYTE_CODES) if top < BYTE_CODES else ("uint16", MOST_CODES)
        write_cog(
            folder / f"{PREFIX}{layer.name}.tif",
            band.values,
            band.grid,
            quantity=layer.quantity,
            unit=layer.unit,
            dtype=code_type if is_class else "float32",
            nodata=float(nothing) if is_class else None,
            classes=layer.classes or None,
            description=layer.title or layer.name,
            metadata=tags_of_layers([layer]),
        )


def _scatter(
    measure: str, law: PowerLaw, municipalities: gpd.GeoDataFrame, words: Words
) -> Scatter:
    names: Mapping[str, tuple[str, str]] = {
        str(place): (str(municipalities["name_ru"][place]), str(municipalities["name_en"][place]))
        for place in law.table.index
    }
    people = {language: words.text("imagery", "residents", language) for language in LANGUAGES}
    amount = {
        language: words.text("imagery", f"check_{measure}", language) for language in LANGUAGES
    }
    note = {language: _note(law, words, language) for language in LANGUAGES}
    return Scatter(
        table=_drawn(law.table),
        x_ru=people["ru"],
        x_en=people["en"],
        y_ru=amount["ru"],
        y_en=amount["en"],
        title_ru=f"{amount['ru']} – {people['ru']}",
        title_en=f"{amount['en']} – {people['en']}",
        note_ru=note["ru"],
        note_en=note["en"],
        names=names,
    )


def _drawn(table: pd.DataFrame) -> pd.DataFrame:
    """Keep the places that stand on a logarithmic axis."""
    return table[(table["x"] > 0) & (table["y"] > 0)]


def _note(law: PowerLaw, words: Words, language: str) -> str:
    key = "check_law" if np.isfinite(law.exponent) else "check_no_law"
    text = words.text("imagery", key, language)
    return text.format(
        exponent=f"{law.exponent:.2f}",
        low=f"{law.exponent_low:.2f}",
        high=f"{law.exponent_high:.2f}",
        r2=f"{law.r2:.2f}",
        places=law.places_count,
    )
