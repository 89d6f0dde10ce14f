"""The default styles inside the GeoPackage: QGIS draws a table opened on its own with them."""

import sqlite3
from collections.abc import Mapping, Sequence
from contextlib import closing
from pathlib import Path

from agglo.errors import OutputError
from agglo.maps.qml import qml
from agglo.maps.styles import ProjectLayer, Style

_Styles = dict[tuple[str, str], tuple[ProjectLayer, Style]]
UPDATE_TIME = "2000-01-01T00:00:00.000Z"
_LAYER_STYLES = """
CREATE TABLE IF NOT EXISTS layer_styles (
    id INTEGER PRIMARY KEY AUTOINCREMENT NOT NULL, f_table_catalog TEXT(256),
    f_table_schema TEXT(256), f_table_name TEXT(256), f_geometry_column TEXT(256),
    styleName TEXT(256), styleQML TEXT, styleSLD TEXT, useAsDefault BOOLEAN, description TEXT,
    owner TEXT(30), ui TEXT(30),
    update_time DATETIME DEFAULT (strftime('%Y-%m-%dT%H:%M:%fZ','now')))"""
_CONTENTS_ROW = """
INSERT OR REPLACE INTO gpkg_contents
    (table_name, data_type, identifier, description, last_change, srs_id)
VALUES ('layer_styles', 'attributes', 'layer_styles', '', ?, 0)"""
_STYLE_ROW = """
INSERT INTO layer_styles
    (f_table_catalog, f_table_schema, f_table_name, f_geometry_column, styleName, styleQML,
     styleSLD, useAsDefault, description, owner, update_time)
VALUES ('', '', ?, ?, ?, ?, '', ?, ?, '', ?)"""


def write_layer_styles(gpkg_path: Path, layers: Sequence[ProjectLayer]) -> None:
    """Store the styles in a GeoPackage, so that its tables open styled by themselves.

    The first layer that shows a table gives its default style. Styles that the file already
    holds for these tables are replaced. The same input gives the same rows, times included.

    Parameters
    ----------
    gpkg_path
        GeoPackage that already holds every table of `layers`.
    layers
        Layers of the project; their subsets do not matter here.

    Raises
    ------
    OutputError
        If the file, a table, or a column that a style reads is not there.
    ValueError
        If two layers give the same table different styles of the same name.
    """
    if not gpkg_path.is_file():
        raise OutputError(f"{gpkg_path}: no such GeoPackage; write its tables first")
    styles = _styles_by_table(layers)
    try:
        with closing(sqlite3.connect(gpkg_path)) as connection, connection:
            geometry = dict(
                connection.execute("SELECT table_name, column_name FROM gpkg_geometry_columns")
            )
            for layer in layers:
                _check_columns(connection, gpkg_path, layer, geometry)
            _insert_styles(connection, styles, geometry)
    except sqlite3.Error as error:
        raise OutputError(f"{gpkg_path}: cannot store the styles: {error}") from error


def _styles_by_table(
    layers: Sequence[ProjectLayer],
) -> _Styles:
    """Styles by table and name; the first of a table is its default."""
    found: _Styles = {}
    for layer in layers:
        for style in layer.styles:
            known = found.setdefault((layer.table, style.name), (layer, style))
            if known[1] != style:
                raise ValueError(f"table {layer.table!r} has two styles named {style.name!r}")
    return found


def _check_columns(
    connection: sqlite3.Connection,
    gpkg_path: Path,
    layer: ProjectLayer,
    geometry: Mapping[str, str],
) -> None:
    """Refuse a layer whose table or columns are not in the file."""
    if layer.table not in geometry:
        known = ", ".join(sorted(geometry)) or "none"
        raise OutputError(f"{gpkg_path}: no table {layer.table!r} with geometry; it has {known}")
    rows = connection.execute("SELECT name FROM pragma_table_info(?)", (layer.table,))
    columns = {name for (name,) in rows}
    wanted = {name for style in layer.styles for name in (style.column, style.label_column)}
    if lost := sorted(name for name in wanted - columns if name is not None):
        raise OutputError(
            f"{gpkg_path}: table {layer.table!r} has no columns {lost}; it has {sorted(columns)}"
        )


def _insert_styles(
    connection: sqlite3.Connection, styles: _Styles, geometry: Mapping[str, str]
) -> None:
    """Register `layer_styles` and fill it; QGIS ignores rows whose schema is NULL."""
    connection.execute(_LAYER_STYLES)
    connection.execute(_CONTENTS_ROW, (UPDATE_TIME,))
    for table, _ in styles:
        connection.execute("DELETE FROM layer_styles WHERE f_table_name = ?", (table,))
    seen: set[str] = set()
    for (table, name), (layer, style) in styles.items():
        text, first = qml(layer, style), table not in seen
        row = (table, geometry[table], name, text, first, layer.title, UPDATE_TIME)
        connection.execute(_STYLE_ROW, row)
        seen.add(table)
