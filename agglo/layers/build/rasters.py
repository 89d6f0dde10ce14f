"""Rasters: cut to the municipalities of the map, rounded to what they can say."""

from __future__ import annotations

from collections.abc import Hashable, Mapping
from pathlib import Path

import geopandas as gpd
import numpy as np
import pandas as pd

from agglo.errors import LayerError
from agglo.layers.cog import write_cog
from agglo.layers.land_classes import SCHEMES
from agglo.layers.raster_files import bounds_in, raster_layer, read_band
from agglo.layers.write import write_metadata
from agglo.rasters import Band

FACTS = (
    "raster", "title", "title_ru", "source", "licence", "attribution", "date", "status", "quantity",
    "unit", "scheme", "note", "note_ru",
)  # fmt: skip

TAGS = {
    "role": "raster", "title": "title", "title_ru": "title_ru", "source": "source",
    "licence": "licence", "attribution": "attribution", "epoch": "date", "status": "status",
    "note": "note", "note_ru": "note_ru",
}  # fmt: skip
"""What the file itself says, by its tag: the column of the table."""


def write_rasters(
    data: Path, out: Path, municipalities: gpd.GeoDataFrame, tables: Path
) -> list[Path]:
    """Write every raster of the table ``rasters.csv`` as a COG with its metadata.

    Parameters
    ----------
    data
        Folder of the source rasters.

    Returns
    -------
    write_rasters
        The files.
    """
    written = []
    listed = pd.read_csv(tables / "rasters.csv", keep_default_na=False, dtype=str)
    for row in listed.to_dict("records"):
        source = data / row["from"]
        if not source.is_file():
            raise LayerError(f"{source} is missing; the rasters lie beside the other source data")
        layer = raster_layer(source, name=row["layer"], quantity=row["quantity"], unit=row["unit"])
        band = read_band(layer, bounds=bounds_in(layer.grid, municipalities))
        path = _write(band, row, out)
        write_metadata(path, {"file": path.name, **{key: row[key] for key in FACTS if row[key]}})
        written.append(path)
    return written


def _write(band: Band, row: Mapping[Hashable, str], out: Path) -> Path:
    path = out / f"{row['layer']}.tif"
    path.unlink(missing_ok=True)
    is_whole = row["decimals"] == "0"
    write_cog(
        path,
        np.round(band.values, int(row["decimals"])),
        band.grid,
        quantity=row["quantity"],
        unit=row["unit"],
        dtype="uint8" if is_whole else "float32",
        nodata=255.0 if row["scheme"] else None,
        classes=SCHEMES[row["scheme"]] if row["scheme"] else None,
        description=row["title"],
        metadata={tag: row[key] for tag, key in TAGS.items()},
    )
    return path
