"""Reads the zones of any vector layer, with their ids and names, and tables that describe them."""

from __future__ import annotations

import warnings
from collections.abc import Collection
from pathlib import Path

import geopandas as gpd
import pandas as pd
import pyogrio
import pyogrio.errors

from agglo.errors import LayerError
from agglo.layers.text_cells import id_texts, listed, numbers_from_cells
from agglo.layers.text_tables import check_columns, table_layout, text_parts
from agglo.layers.zone_ids import ZONE_ID, choose_id_column, name_column
from agglo.layers.zone_shapes import dissolved, mended, projected


def read_zones(
    path: Path,
    *,
    layer: str | None = None,
    zone_id: str | None = None,
    crs: str | None = None,
    flow_ids: Collection[str] = (),
    dissolve: bool = False,
    keeps_crs: bool = False,
) -> gpd.GeoDataFrame:
    """Read a zone layer of any format that GDAL reads.

    Parameters
    ----------
    layer
        Which layer of the file, where several would do.
    zone_id
        The column that holds the ids; without it, the one whose values are those of
        ``flow_ids``.
    crs
        The CRS to bring the zones to, in metres. Without it they keep their own if it is in
        true metres, and go to the UTM zone of their centre if it is in degrees, in feet or Web
        Mercator.
    flow_ids
        Ids that the flows know, outside places among them.
    dissolve
        Join shapes with the same id into one zone; other columns keep their first value.
    keeps_crs
        Leave the zones in the CRS that they were drawn in, where their edges are straight.

    Returns
    -------
    read_zones
        Index ``zone_id`` (text) in the order of the file; ``name`` (the id where there is
        none) and all columns of the file as they are. ``attrs["note"]`` says what was chosen,
        projected or mended.

    Raises
    ------
    LayerError
        If the file cannot be read, has no geometry or does not say its CRS; if no column, or
        more than one, can be the id; if an id is empty or stands twice; if a shape is empty or
        is no area.
    """
    frame, notes = _frame(path, layer, zone_id, flow_ids)
    column = choose_id_column(path, frame, zone_id, flow_ids, dissolve=dissolve)
    if zone_id is None:
        notes.append(f"ids from the column '{column}'")
    zones = _with_ids(path, frame, column, dissolve)
    zones, mends = mended(path, zones)
    if zones.index.has_duplicates:
        mends.append(f"{len(zones)} shapes joined into {zones.index.nunique()} zones")
        zones = dissolved(path, zones)
    flat, moves = projected(path, zones, crs)
    zones = zones if keeps_crs else flat
    zones["name"] = _names(zones)
    zones.attrs["note"] = "; ".join([*notes, *mends, *([] if keeps_crs else moves)])
    return zones


def read_zone_columns(
    path: Path, zones: gpd.GeoDataFrame, *, zone_id: str | None = None
) -> gpd.GeoDataFrame:
    """Add the columns of a CSV to zones, row for row by id.

    A column is read as numbers if all its cells are and none has a leading zero. It takes the
    place of one of the same name. Rows of other places are left out; a zone without a row gets
    empty cells.

    Parameters
    ----------
    zone_id
        The column that holds the ids; without it, the one that knows the zones.

    Returns
    -------
    read_zone_columns
        The zones with the columns of the file; ``attrs["note"]`` says which zones have no row.

    Raises
    ------
    LayerError
        If the file cannot be read, no column has the ids, or a zone stands twice.
    """
    layout = table_layout(path)
    named = [name for name in layout.header if name]
    check_columns(path, layout.header, named)
    table = pd.concat(text_parts(path, layout), ignore_index=True)
    column = choose_id_column(path, table, zone_id, zones.index, dissolve=False)
    ids = id_texts(table[column])
    own = table.loc[ids.isin(zones.index), [name for name in named if name != column]]
    own.index = pd.Index(ids[own.index], dtype=object)
    if own.empty or own.index.has_duplicates:
        what = (
            f"knows none of the zones ({listed(ids)}; the zones are {listed(zones.index)})"
            if own.empty
            else f"has {listed(own.index[own.index.duplicated()])} in several rows; keep one each"
        )
        raise LayerError(f"{path}: '{column}' {what}")
    joined = zones.copy()
    for name in own:
        cells = _typed(own[name], layout.separator, f"{path}: column '{name}'")
        joined[name] = cells.reindex(zones.index, fill_value="" if cells.dtype == object else None)
    lacking = zones.index[~zones.index.isin(own.index)]
    told = f"{path.name} has no row for zone {listed(lacking)}" if len(lacking) else ""
    joined.attrs["note"] = "; ".join(filter(None, [zones.attrs.get("note", ""), told]))
    return joined


def _frame(
    path: Path, layer: str | None, zone_id: str | None, flow_ids: Collection[str]
) -> tuple[gpd.GeoDataFrame, list[str]]:
    """Read the one layer that holds the zones, and say which it was."""
    layers = _layers(path)
    if layer is not None:
        if layer not in layers:
            raise LayerError(f"{path} has no layer '{layer}'; it has {', '.join(layers)}")
        return _read(path, layer), []
    if len(layers) == 1:
        return _read(path, layers[0]), []
    known = {str(one) for one in flow_ids}
    hits = {name: _hits(_read(path, name), zone_id, known) for name in layers}
    best = [name for name in layers if hits[name] == max(hits.values()) > 0]
    if len(best) != 1:
        raise LayerError(
            f"{path} has {len(layers)} layers and it is not clear which holds the zones; name one: "
            f"{', '.join(layers)}"
        )
    return _read(path, best[0]), [f"layer '{best[0]}' of {len(layers)}"]


def _layers(path: Path) -> list[str]:
    if not path.exists():
        raise LayerError(f"{path} is not there; wanted a layer of zones, such as a GeoPackage")
    try:
        listing = pyogrio.list_layers(path)
    except (pyogrio.errors.DataSourceError, ValueError) as error:
        raise LayerError(f"{path} cannot be read as a layer of zones: {error}") from error
    layers = [str(name) for name, kind in listing if kind is not None]
    if not layers:
        raise LayerError(f"{path} holds no geometry; wanted a layer of zones, such as a GeoPackage")
    return layers


def _read(path: Path, layer: str) -> gpd.GeoDataFrame:
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("error", RuntimeWarning)
            warnings.filterwarnings("ignore", "Measured")
            frame = pyogrio.read_dataframe(path, layer=layer)
    except RuntimeWarning as error:
        raise LayerError(
            f"{path} has a coordinate that is no finite number ({error}); repair its geometry"
        ) from error
    except (pyogrio.errors.DataSourceError, pyogrio.errors.DataLayerError, ValueError) as error:
        raise LayerError(f"{path}: layer '{layer}' cannot be read: {error}") from error
    if not isinstance(frame, gpd.GeoDataFrame) or frame.empty:
        raise LayerError(f"{path}: layer '{layer}' has no zone; wanted a row with a shape for each")
    return frame


def _hits(frame: gpd.GeoDataFrame, zone_id: str | None, known: set[str]) -> int:
    """Count the ids of the flows that a layer knows; without them, whether it has the column."""
    columns = [name for name in frame.columns if name != "geometry"]
    if zone_id is not None:
        columns = [name for name in columns if name == zone_id]
    if not known:
        return len(columns) if zone_id is not None else 0
    return max((len(known.intersection(id_texts(frame[name]))) for name in columns), default=0)


def _with_ids(path: Path, frame: gpd.GeoDataFrame, column: str, dissolve: bool) -> gpd.GeoDataFrame:
    ids = id_texts(frame[column])
    if (ids == "").any():
        raise LayerError(
            f"{path}: '{column}' is empty in {int((ids == '').sum())} of {len(ids)} rows; give "
            "every zone an id"
        )
    if ids.duplicated().any() and not dissolve:
        raise LayerError(
            f"{path}: '{column}' has {listed(ids[ids.duplicated()])} more than once; join the "
            "parts of a zone (dissolve), or name another column"
        )
    zones = frame.set_index(pd.Index(ids.to_numpy(), dtype=object, name=ZONE_ID))
    if column == ZONE_ID:
        return zones.drop(columns=ZONE_ID)
    return zones.rename(columns={ZONE_ID: f"{ZONE_ID}_of_file"})


def _names(zones: gpd.GeoDataFrame) -> pd.Series:
    column = name_column(zones)
    ids = pd.Series(zones.index, index=zones.index, dtype=object)
    if column is None:
        return ids
    given = zones[column].astype(object)
    is_named = given.notna() & (given.astype(str).str.strip() != "")
    names: pd.Series = given.where(is_named, ids).astype(str)
    return names


def _typed(cells: pd.Series, separator: str, where: str) -> pd.Series:
    """Return numbers where all cells are, else texts; codes with leading zeros stay texts."""
    if cells.str.fullmatch(r"0\d+").any() or (cells == "").all():
        return cells
    numbers = numbers_from_cells(cells, separator=separator, where=where)
    are_numbers = (numbers.notna() | (cells == "")).all()
    return numbers if are_numbers else cells
