"""Reads drawn line layers and writes repaired networks."""

from __future__ import annotations

import os
import tempfile
from pathlib import Path

import geopandas as gpd
import pyogrio
import pyogrio.errors

from agglo.errors import LayerError, OutputError
from agglo.layers.repair import Repaired
from agglo.layers.write import GPKG_VERSION, fixed_date


def read_lines(path: Path) -> tuple[gpd.GeoDataFrame, str]:
    """Read a line layer, and the UTM zone that it lies in.

    Raises
    ------
    LayerError
        If the file cannot be read, holds no geometry or says no CRS.
    """
    try:
        lines = gpd.read_file(path)
    except (pyogrio.errors.DataSourceError, OSError, ValueError) as error:
        raise LayerError(f"{path} cannot be read as a layer: {error}") from error
    if not isinstance(lines, gpd.GeoDataFrame) or lines.geometry.notna().sum() == 0:
        raise LayerError(f"{path} holds no geometry; wanted lines")
    if lines.crs is None:
        raise LayerError(f"{path} does not say its CRS; set it in QGIS and save the layer again")
    try:
        crs = lines.estimate_utm_crs()
    except (RuntimeError, ValueError) as error:
        raise LayerError(f"{path}: its coordinates lie nowhere on Earth ({error})") from error
    return lines, f"EPSG:{crs.to_epsg()}"


def write_network(path: Path, repaired: Repaired) -> Path:
    """Write nodes, links and findings as one GeoPackage, which appears whole or not at all.

    Raises
    ------
    OutputError
        If the file is there already or cannot be written.
    """
    if path.exists():
        raise OutputError(f"{path} is there already; name a new file")
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        handle, name = tempfile.mkstemp(prefix=f".{path.stem}-", suffix=".gpkg", dir=path.parent)
        os.close(handle)
        temporary = Path(name)
        temporary.unlink()
        with fixed_date():
            for layer in ("nodes", "links", "findings"):
                pyogrio.write_dataframe(
                    getattr(repaired, layer),
                    temporary,
                    layer=layer,
                    driver="GPKG",
                    dataset_options={"VERSION": GPKG_VERSION},
                )
        temporary.replace(path)
    except (OSError, pyogrio.errors.DataSourceError) as error:
        raise OutputError(f"{path} cannot be written: {error}") from error
    return path
