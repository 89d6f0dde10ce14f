"""Writes a layer: the data file and, beside it, the metadata that names its source."""

from __future__ import annotations

import hashlib
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path

import geopandas as gpd
import pandas as pd
import pyogrio
import pyogrio.errors

from agglo.errors import OutputError
from agglo.folders import whole_file

FIXED_DATE = "2000-01-01T00:00:00.000Z"
"""What a GeoPackage says it was written on, so that the same input gives the same bytes."""

GPKG_VERSION = "1.2"
"""The newest that QGIS 3.22 opens without a warning."""

CSV_DECIMALS = 6
MOST_GEOJSON_ROWS = 2_000
"""Larger tables are written as GeoPackage."""


def write_layer(
    folder: Path, name: str, frame: pd.DataFrame, about: Mapping[str, str]
) -> tuple[Path, int]:
    """Write a table as CSV, GeoJSON or, if it is large, GeoPackage, with its metadata.

    Parameters
    ----------
    about
        ``table``, ``title``, ``source``, ``licence`` and the other keys of a layer's metadata;
        the file and its hash are added.

    Returns
    -------
    path, bytes
        The data file and its size.
    """
    if not isinstance(frame, gpd.GeoDataFrame):
        path = folder / f"{name}.csv"
        frame.to_csv(path, index=False, lineterminator="\n")
    elif len(frame) <= MOST_GEOJSON_ROWS:
        path = folder / f"{name}.geojson"
        frame.to_file(path, driver="GeoJSON", COORDINATE_PRECISION=5, RFC7946="YES")
    else:
        path = folder / f"{name}.gpkg"
        with fixed_date():
            pyogrio.write_dataframe(
                frame, path, layer=name, driver="GPKG", dataset_options={"VERSION": GPKG_VERSION}
            )
    return path, write_metadata(path, {"table": about["table"], "file": path.name, **about})


def write_metadata(path: Path, about: Mapping[str, str]) -> int:
    """Write what is said of a layer beside its data file, with its hash; returns its bytes."""
    content = path.read_bytes()
    fields = {**about, "sha256": hashlib.sha256(content).hexdigest()}
    text = "".join(f"{key} = {quoted(str(value))}\n" for key, value in fields.items())
    path.with_suffix(".toml").write_text(text, encoding="utf-8", newline="\n")
    return len(content)


def write_csv(table: pd.DataFrame, path: Path) -> None:
    """Write a table that Excel opens with its Cyrillic whole: marked as UTF-8 where it must be."""
    text = table.round(CSV_DECIMALS).to_csv(index=False, lineterminator="\n")
    encoding = "ascii" if text.isascii() else "utf-8-sig"
    path.write_text(text, encoding=encoding, newline="\n")


def save_geometry(path: Path, layers: Mapping[str, gpd.GeoDataFrame]) -> Path:
    """Write layers as a new GeoPackage, or one layer as GeoJSON; whole or not at all.

    Raises
    ------
    OutputError
        If the file is there already, is of another kind, or cannot be written.
    """
    drivers = {".gpkg": "GPKG", ".geojson": "GeoJSON"}
    driver = drivers.get(path.suffix.lower())
    if driver is None or (driver == "GeoJSON" and len(layers) > 1):
        raise OutputError(f"{path}: name a .gpkg file" + (" or .geojson" if not driver else ""))
    with whole_file(path, faults=(pyogrio.errors.DataSourceError,)) as temporary:
        for name, layer in layers.items():
            _save_layer(layer, temporary, name, driver)
    return path


def _save_layer(layer: gpd.GeoDataFrame, path: Path, name: str, driver: str) -> None:
    if driver == "GeoJSON":
        pyogrio.write_dataframe(layer.to_crs("EPSG:4326"), path, driver=driver)
        return
    with fixed_date():
        pyogrio.write_dataframe(
            layer, path, layer=name, driver=driver, dataset_options={"VERSION": GPKG_VERSION}
        )


@contextmanager
def fixed_date() -> Iterator[None]:
    """Let GeoPackages carry a fixed date while they are written."""
    pyogrio.set_gdal_config_options({"OGR_CURRENT_DATE": FIXED_DATE})
    try:
        yield
    finally:
        pyogrio.set_gdal_config_options({"OGR_CURRENT_DATE": None})


def quoted(text: str) -> str:
    """Write a text as TOML does."""
    escaped = text.replace("\\", "\\\\").replace('"', '\\"')
    for letter, written in (("\n", "\\n"), ("\r", "\\r"), ("\t", "\\t")):
        escaped = escaped.replace(letter, written)
    return f'"{escaped}"'
