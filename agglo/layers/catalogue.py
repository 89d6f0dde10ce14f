"""Reads a folder of layers, each a data file beside its metadata, as the tables of a region."""

from __future__ import annotations

import hashlib
import warnings
from collections.abc import Mapping
from pathlib import Path

import geopandas as gpd
import numpy as np
import pandas as pd
import pyogrio.errors

from agglo.errors import LayerError, TableError
from agglo.region import Provenance
from agglo.tables import ABSENT, STATUSES, TABLES, Table
from agglo.tomlfile import read_toml

METADATA_KEYS = (
    "table", "file", "title", "source", "licence", "attribution", "date", "status", "sha256"
)  # fmt: skip
EDITED_NOTE = "edited since it was built"


def read_layers(
    folder: Path,
) -> tuple[dict[str, pd.DataFrame], dict[str, str], tuple[Provenance, ...]]:
    """Read every layer of a folder.

    A table may be spread over several layers (geometry and figures under different licences);
    they are joined by the table's key, row for row.

    Parameters
    ----------
    folder
        Holds ``NAME.toml`` beside the data file that it names (GeoJSON, GeoPackage or CSV).

    Returns
    -------
    tables, where, provenance
        Frames by table name; the files behind each table; one record per layer.

    Raises
    ------
    LayerError
        If metadata or data cannot be read, a table is absent, or layers of one table do not
        match row for row.
    """
    found = {path: read_toml(path, error=LayerError) for path in sorted(folder.glob("*.toml"))}
    metadata = {
        path.stem: _checked_metadata(path, own)
        for path, own in found.items()
        if "raster" not in own  # read_raster_layers() reads those
    }
    if not metadata:
        raise LayerError(f"{folder} holds no layers; wanted NAME.toml beside each data file")
    tables: dict[str, pd.DataFrame] = {}
    where: dict[str, str] = {}
    for name, about in metadata.items():
        path = folder / about["file"]
        frame = _read_data(path, TABLES[about["table"]], name)
        table = about["table"]
        if table in tables:
            tables[table] = _join(tables[table], frame, table, where[table], path.name)
            where[table] += f", {path.name}"
        else:
            tables[table], where[table] = frame, path.name
    absent = sorted(set(TABLES) - set(ABSENT) - set(tables))
    if absent:
        raise LayerError(f"{folder} lacks layers for the tables {', '.join(absent)}")
    provenance = tuple(
        _provenance(name, about, folder / about["file"]) for name, about in metadata.items()
    )
    return tables, where, provenance


def _checked_metadata(path: Path, about: Mapping[str, object]) -> dict[str, str]:
    missing = [key for key in METADATA_KEYS if key not in about]
    if missing:
        raise LayerError(f"{path}: metadata lacks {', '.join(missing)}")
    if about["table"] not in TABLES:
        raise LayerError(f"{path}: unknown table '{about['table']}'; known: {', '.join(TABLES)}")
    if about["status"] not in STATUSES:
        raise LayerError(
            f"{path}: status must be one of {', '.join(STATUSES)}; got '{about['status']}'"
        )
    return {key: str(value) for key, value in about.items()}


def _read_data(path: Path, table: Table, layer: str) -> pd.DataFrame:
    if not path.is_file():
        beside = sorted(other.name for other in path.parent.glob(f"{path.stem}.*"))
        others = [name for name in beside if not name.endswith(".toml")]
        hint = f"; beside it is {others[0]}: name it in {layer}.toml" if others else ""
        raise LayerError(f"layer '{layer}' names the file {path}, which is not there{hint}")
    try:
        if path.suffix.lower() == ".csv":
            texts = {name: str for name, column in table.columns.items() if column.kind == "text"}
            frame = pd.read_csv(path, dtype=texts, keep_default_na=False, na_values=[""])
            if len(frame.columns) == 1 and ";" in str(frame.columns[0]):
                raise LayerError(
                    f"{path} is separated by semicolons; save it as CSV with commas and decimal "
                    "points, in UTF-8"
                )
            return frame
        with warnings.catch_warnings():
            warnings.simplefilter("error", RuntimeWarning)
            frame = gpd.read_file(path)
    except (pd.errors.ParserError, pd.errors.EmptyDataError, UnicodeDecodeError) as error:
        raise LayerError(
            f"{path} cannot be read as CSV: {error}; save it as CSV with commas, in UTF-8"
        ) from error
    except RuntimeWarning as error:
        raise LayerError(
            f"{path} has a coordinate that is no finite number ({error}); repair the geometry"
        ) from error
    except (pyogrio.errors.DataSourceError, ValueError) as error:
        raise LayerError(f"{path} cannot be read as a layer: {error}") from error
    if not isinstance(frame, gpd.GeoDataFrame):
        raise LayerError(f"{path} holds no geometry; wanted {' or '.join(table.geometry)}")
    _check_degrees(frame, path)
    found: pd.DataFrame = frame
    return found


def _check_degrees(frame: gpd.GeoDataFrame, path: Path) -> None:
    """Refuse coordinates that cannot be of the CRS that the file names."""
    if frame.crs is None or frame.empty:
        return
    west, south, east, north = frame.total_bounds
    are_degrees = west >= -180 and east <= 180 and south >= -90 and north <= 90
    if frame.crs.is_geographic != are_degrees and np.isfinite(frame.total_bounds).all():
        raise LayerError(
            f"{path}: coordinates reach {west:g} {south:g} … {east:g} {north:g}, which "
            f"{'are' if are_degrees else 'are no'} degrees though the CRS is "
            f"{frame.crs.name} ({frame.crs.to_string()[:40]}); "
            "save the layer in EPSG:4326 or name its true CRS"
        )


def _join(
    first: pd.DataFrame, second: pd.DataFrame, table: str, first_name: str, second_name: str
) -> pd.DataFrame:
    key = list(TABLES[table].key)
    for frame, name in ((first, first_name), (second, second_name)):
        if not set(key) <= set(frame.columns):
            raise TableError(
                f"{name}: column '{key[0]}' is missing; table '{table}' is joined by it"
            )
        if frame.duplicated(key).any():
            repeated = frame.loc[frame.duplicated(key), key[0]].iloc[0]
            raise TableError(f"{name}: '{repeated}' stands more than once in '{key[0]}'")
    apart = set(map(tuple, first[key].to_numpy())) ^ set(map(tuple, second[key].to_numpy()))
    if apart:
        shown = ", ".join(sorted("/".join(map(str, item)) for item in apart)[:3])
        raise TableError(
            f"{first_name} and {second_name} must have the same {' + '.join(key)}; "
            f"only one of them has {shown}"
        )
    shared = sorted((set(first.columns) & set(second.columns)) - set(key))
    if shared:
        raise TableError(
            f"{first_name} and {second_name} both have {', '.join(shared)}; keep it in one of them"
        )
    figures, places = (first, second) if isinstance(second, gpd.GeoDataFrame) else (second, first)
    return places.merge(figures, on=key, validate="1:1")


def _provenance(name: str, about: dict[str, str], path: Path) -> Provenance:
    digest = hashlib.sha256(path.read_bytes()).hexdigest()
    edited = [EDITED_NOTE] if digest != about["sha256"] else []
    return Provenance(
        layer=name,
        title=about["title"],
        title_ru=about.get("title_ru", ""),
        source=about["source"],
        licence=about["licence"],
        attribution=about["attribution"],
        date=about["date"],
        status=about["status"],
        sha256=digest,
        note="; ".join([*edited, *filter(None, [about.get("note", "")])]),
    )
