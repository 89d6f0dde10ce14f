"""Reads drawn line layers and writes repaired networks."""

from __future__ import annotations

from pathlib import Path

import geopandas as gpd
import pyogrio.errors

from agglo.errors import LayerError
from agglo.layers.repair import Repaired
from agglo.layers.write import save_geometry


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
    """Write nodes, links and findings as one GeoPackage.

    Raises
    ------
    OutputError
        If the file is there already or cannot be written.
    """
    layers = {name: getattr(repaired, name) for name in ("nodes", "links", "findings")}
    return save_geometry(path, layers)
