"""The QGIS project and the styles inside the GeoPackage, written without QGIS."""

import hashlib
import io
import math
import sqlite3
import uuid
import xml.etree.ElementTree as ET
import zipfile
from collections.abc import Mapping, Sequence
from contextlib import closing
from pathlib import Path, PurePath

from pyproj import CRS
from pyproj.exceptions import CRSError

from agglo.errors import OutputError
from agglo.maps.qml import (
    QGIS_VERSION,
    element,
    filled,
    fonts,
    qml,
    style_attributes,
    style_elements,
    xml_from_element,
)
from agglo.maps.styles import MapTheme, ProjectLayer, Style

Extent = tuple[float, float, float, float]
_Styles = dict[tuple[str, str], tuple[ProjectLayer, Style]]

UPDATE_TIME = "2000-01-01T00:00:00.000Z"
ZIP_TIME = (1980, 1, 1, 0, 0, 0)
SOURCES_LENGTH = 700

_PROJECT = """
<qgis version="$version" projectname="$title">
  <title>$title</title>
  <projectCrs><spatialrefsys/></projectCrs>
  <layer-tree-group/>
  <mapcanvas name="theMapCanvas">
    <units>meters</units>
    <extent><xmin>$xmin</xmin><ymin>$ymin</ymin><xmax>$xmax</xmax><ymax>$ymax</ymax></extent>
    <destinationsrs><spatialrefsys/></destinationsrs>
  </mapcanvas>
  <projectlayers/>
  <properties>
    <Paths><Absolute type="bool">false</Absolute></Paths>
    <SpatialRefSys><ProjectionsEnabled type="int">1</ProjectionsEnabled></SpatialRefSys>
    <Measurement>
      <DistanceUnits type="QString">meters</DistanceUnits>
      <AreaUnits type="QString">km2</AreaUnits>
    </Measurement>
    <PAL><PlacementEngineVersion type="int">1</PlacementEngineVersion></PAL>
    <Variables>
      <variableNames type="QStringList"><value>sources</value></variableNames>
      <variableValues type="QStringList"><value>$sources</value></variableValues>
    </Variables>
  </properties>
  <visibility-presets/>
  <projectMetadata>
    <language>RUS</language><type>dataset</type>
    <title>$title</title><abstract>$abstract</abstract>
  </projectMetadata>
  <Layouts/>
  <ProjectViewSettings UseProjectScales="0">
    <DefaultViewExtent xmin="$xmin" ymin="$ymin" xmax="$xmax" ymax="$ymax">
      <spatialrefsys/>
    </DefaultViewExtent>
  </ProjectViewSettings>
</qgis>"""
_LAYER = """
<maplayer type="vector" geometry="$geometry">
  <id>$id</id>
  <datasource>$datasource</datasource>
  <layername>$title</layername>
  <title>$title</title>
  <abstract>$source</abstract>
  <srs><spatialrefsys/></srs>
  <resourceMetadata>
    <language>RUS</language><type>dataset</type>
    <title>$title</title><abstract>$source</abstract>
  </resourceMetadata>
  <provider encoding="UTF-8">ogr</provider>
  <map-layer-style-manager current="$style">
    <map-layer-style name="$style"/>
  </map-layer-style-manager>
</maplayer>"""
_LAYOUT = """
<Layout name="Карта A3" units="mm" printResolution="200">
  <PageCollection>
    <symbol type="fill" name="" alpha="1">
      <layer class="SimpleFill" enabled="1" pass="0">
        <Option type="Map">
          <Option name="color" type="QString" value="255,255,255,255"/>
          <Option name="outline_style" type="QString" value="no"/>
        </Option>
      </layer>
    </symbol>
    <LayoutItem type="65638" id="page" box="0,0,420,297"/>
  </PageCollection>
  <LayoutItem type="65639" id="map" box="10,28,292,242" frame="true" followPreset="$follow"
      followPresetName="$theme">
    <Extent xmin="$xmin" ymin="$ymin" xmax="$xmax" ymax="$ymax"/>
  </LayoutItem>
  <LayoutItem type="65641" id="title" box="10,4,400,14" font="22,bold" valign="128"
      labelText="[% @project_title %]"/>
  <LayoutItem type="65641" id="abstract" box="10,18,400,8" font="10" valign="32"
      labelText="[% @project_abstract %]"/>
  <LayoutItem type="65642" id="legend" box="306,27,104,200" map_uuid="$map"
      title="Условные обозначения" legendFilterByMap="1" resizeToContents="1"
      columnCount="1" boxSpace="1" symbolWidth="7" symbolHeight="4" titleAlignment="1"
      symbolAlignment="1" lineSpacing="1">
    <styles>
      <style name="title" font="13,bold" marginBottom="1" alignment="1"/>
      <style name="group" font="11,bold" marginTop="4" alignment="1"/>
      <style name="subgroup" font="9.5,bold" marginTop="3" alignment="1"/>
      <style name="symbol" font="9" marginTop="1.5" alignment="1"/>
      <style name="symbolLabel" font="9" marginTop="1.5" marginLeft="2" alignment="1"/>
    </styles>
  </LayoutItem>
  <LayoutItem type="65646" id="scale" box="308,246,100,14" font="9" mapUuid="$map"
      style="Single Box" unitType="km" unitLabel="км" numMapUnitsPerScaleBarUnit="1"
      numUnitsPerSegment="$segment_km" numSegments="2" numSegmentsLeft="0" segmentSizeMode="0"
      height="2.5" labelBarSpace="1.5" boxContentSpace="1" outlineWidth="0.2"/>
  <LayoutItem type="65640" id="north" box="386,244,16,16" mapUuid="$map" mode="0"
      file="arrows/NorthArrow_02.svg" anchorPoint="4"/>
  <LayoutItem type="65641" id="sources" box="10,273,400,20" font="8" valign="32"
      labelText="[% @sources %]"/>
</Layout>"""
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


def write_project(
    path: Path,
    *,
    layers: Sequence[ProjectLayer],
    themes: Sequence[MapTheme],
    title: str,
    abstract: str,
    crs: CRS | str,
    extent: Extent,
    gpkg: str,
) -> None:
    """Write a QGIS project over a GeoPackage; the same input gives the same bytes.

    Parameters
    ----------
    path
        File to write, ending in `.qgz`.
    layers
        From the top of the map to its bottom.
    themes
        One click each; the first is what the print layout shows.
    title, abstract
        Metadata of the project; both are printed.
    crs
        Metric CRS of the project and of every layer, with or without an EPSG code.
    extent
        What is seen first: x and y of the lower left, then of the upper right corner, in `crs`.
    gpkg
        Name of the GeoPackage, relative to the project.

    Raises
    ------
    OutputError
        If the extent is empty, the CRS is not in metres, or the file cannot be written.
    ValueError
        If keys or names repeat, or a theme names what is not there.
    """
    _check_project(path, layers, themes, gpkg)
    crs = _checked_crs(path, crs)
    _check_extent(path, extent)
    root = filled(
        _PROJECT,
        {"version": QGIS_VERSION, "title": title, "abstract": abstract}
        | {"sources": _sources(layers)}
        | _corners(extent),
    )
    _child(root, "layer-tree-group").extend(_groups(layers, gpkg))
    _child(root, "projectlayers").extend(_map_layer(layer, gpkg) for layer in layers)
    _child(root, "visibility-presets").extend(_theme(theme, layers) for theme in themes)
    _child(root, "Layouts").append(_layout(themes, extent))
    for slot in root.iter("spatialrefsys"):
        slot.extend(_crs_elements(crs))
    header = "<!DOCTYPE qgis PUBLIC 'http://mrcc.com/qgis.dtd' 'SYSTEM'>\n"
    _write_zip(path, f"{path.stem}.qgs", header + xml_from_element(root))


def layer_id(key: str) -> str:
    """Derive the QGIS id of a layer (QGIS replaces ids shorter than 11 characters)."""
    return "agglo_" + hashlib.sha256(key.encode()).hexdigest()[:20]


def _groups(layers: Sequence[ProjectLayer], gpkg: str) -> list[ET.Element]:
    """List the groups in the order of their first layer, layers in the order given."""
    groups: dict[str, ET.Element] = {}
    for layer in layers:
        new = {"name": layer.group, "checked": "Qt::Checked", "expanded": "1"}
        group = groups.setdefault(layer.group, element("layer-tree-group", new))
        attributes = {
            "id": layer_id(layer.key),
            "name": layer.title,
            "providerKey": "ogr",
            "source": _datasource(layer, gpkg),
            "checked": "Qt::Checked" if layer.visible else "Qt::Unchecked",
            "expanded": str(int(layer.visible)),
        }
        group.append(element("layer-tree-layer", attributes))
    return list(groups.values())


def _map_layer(layer: ProjectLayer, gpkg: str) -> ET.Element:
    """Write one layer with its default style inside and the others by name."""
    default, *others = layer.styles
    made = filled(
        _LAYER,
        {
            "geometry": default.geometry.capitalize(),
            "id": layer_id(layer.key),
            "datasource": _datasource(layer, gpkg),
            "title": layer.title,
            "source": layer.source,
            "style": default.name,
        },
    )
    made.attrib.update(style_attributes(default))
    manager = _child(made, "map-layer-style-manager")
    for style in others:
        inner = element("qgis", style_attributes(style), style_elements(layer, style))
        manager.append(element("map-layer-style", {"name": style.name}, [inner]))
    made.extend(style_elements(layer, default))
    return made


def _datasource(layer: ProjectLayer, gpkg: str) -> str:
    """Where QGIS finds the rows of a layer."""
    subset = "" if layer.subset is None else f"|subset={layer.subset}"
    return f"./{gpkg}|layername={layer.table}{subset}"


def _theme(theme: MapTheme, layers: Sequence[ProjectLayer]) -> ET.Element:
    """Visible layers, their styles and their groups."""
    shown = [layer for layer in layers if layer.key in theme.layers]
    flags = {"has-expanded-info": "1", "has-checked-group-info": "1"}
    made = element("visibility-preset", {"name": theme.name, **flags})
    for layer in shown:
        style = theme.styles.get(layer.key, layer.styles[0].name)
        state = {"id": layer_id(layer.key), "style": style, "visible": "1", "expanded": "1"}
        made.append(element("layer", state))
    for state_name in ("checked", "expanded"):
        names = dict.fromkeys(layer.group for layer in shown)
        nodes = [element(f"{state_name}-group-node", {"id": name}) for name in names]
        made.append(element(f"{state_name}-group-nodes", children=nodes))
    return made


def _layout(themes: Sequence[MapTheme], extent: Extent) -> ET.Element:
    """Print layout; map and legend follow the first theme, or what is switched on."""
    seen = _widened(extent, 292 / 242)
    made = filled(
        _LAYOUT,
        {
            "follow": str(bool(themes)).lower(),
            "theme": themes[0].name if themes else "",
            "map": _uuid("map"),
            "segment_km": f"{_segment_km(seen):g}",
        }
        | _corners(seen),
    )
    for item in made.iter("LayoutItem"):
        _complete_item(item)
    for each in list(made.iter()):
        if size := each.attrib.pop("font", ""):
            size_pt, _, weight = size.partition(",")
            tag = "styleFont" if each.tag == "style" else "LabelFont"
            each.extend(fonts(tag, float(size_pt), bold=weight == "bold"))
    return made


def _complete_item(item: ET.Element) -> None:
    """Write out what all items of a layout share; a box is left, top, width, height in mm."""
    left, top, width, height = item.attrib.pop("box").split(",")
    place, uid = f"{left},{top},mm", _uuid(item.attrib["id"])
    item.attrib |= {"position": place, "positionOnPage": place, "size": f"{width},{height},mm"}
    item.attrib |= {"uuid": uid, "templateUuid": uid, "outlineWidthM": "0.2,mm"}
    for name, value in (("visibility", "1"), ("background", "false"), ("frame", "false")):
        item.attrib.setdefault(name, value)


def _segment_km(seen: Extent) -> float:
    """Round length of which two fill about a quarter of the map's width."""
    rough_km = (seen[2] - seen[0]) / 1000 / 8
    power = 10.0 ** math.floor(math.log10(rough_km))
    return max(step * power for step in (1, 2, 5) if step * power <= rough_km)


def _uuid(name: str) -> str:
    """Id of a layout item, the same in every project."""
    return "{" + str(uuid.uuid5(uuid.NAMESPACE_URL, f"agglo/layout/{name}")) + "}"


def _widened(extent: Extent, ratio: float) -> Extent:
    """Extent with a margin of 3 %, of the given ratio of width to height, centred alike."""
    left, low, right, high = extent
    width, height = (right - left) * 1.06, (high - low) * 1.06
    width, height = max(width, height * ratio), max(height, width / ratio)
    x, y = (left + right) / 2, (low + high) / 2
    return x - width / 2, y - height / 2, x + width / 2, y + height / 2


def _corners(extent: Extent) -> dict[str, str]:
    """Corners by the names that QGIS gives them."""
    return dict(
        zip(("xmin", "ymin", "xmax", "ymax"), map(repr, map(float, extent)), strict=True)
    )


def _crs_elements(crs: CRS) -> list[ET.Element]:
    """CRS in full, so that one without an EPSG code survives."""
    texts = {
        "wkt": crs.to_wkt("WKT2_2019"),
        "authid": ":".join(crs.to_authority() or ()),
        "description": crs.name,
        "geographicflag": "false",
    }
    return [element(tag, text=text) for tag, text in texts.items()]


def _sources(layers: Sequence[ProjectLayer]) -> str:
    """List the sources of all layers, each once, as the layout prints them."""
    each = dict.fromkeys(layer.source.strip() for layer in layers)
    text = "; ".join(source for source in each if source)
    if len(text) > SOURCES_LENGTH:
        text = text[:SOURCES_LENGTH].rstrip() + "… (полностью — в свойствах слоёв)"
    return f"Источники: {text}" if text else ""


def _child(parent: ET.Element, tag: str) -> ET.Element:
    """Child that the template is known to hold."""
    found = parent.find(tag)
    if found is None:
        raise LookupError(tag)
    return found


def _check_project(
    path: Path, layers: Sequence[ProjectLayer], themes: Sequence[MapTheme], gpkg: str
) -> None:
    """Refuse names that repeat or lead nowhere."""
    if path.suffix != ".qgz":
        raise ValueError(f"{path}: a QGIS project here ends in .qgz")
    if PurePath(gpkg).is_absolute() or "|" in gpkg:
        raise ValueError(f"gpkg must be relative to the project, got {gpkg!r}")
    styles = {layer.key: {style.name for style in layer.styles} for layer in layers}
    if len(styles) < len(layers):
        raise ValueError(f"two layers share a key: {[layer.key for layer in layers]}")
    names = [theme.name for theme in themes]
    if len(set(names)) < len(names):
        raise ValueError(f"two themes share a name: {names}")
    for theme in themes:
        if unknown := [key for key in theme.layers if key not in styles]:
            raise ValueError(f"theme {theme.name!r}: no such layers {unknown}")
        if lost := [name for key, name in theme.styles.items() if name not in styles[key]]:
            raise ValueError(f"theme {theme.name!r}: no such styles {lost}")


def _checked_crs(path: Path, crs: CRS | str) -> CRS:
    """Refuse a CRS in which the scale bar would lie."""
    try:
        made = CRS.from_user_input(crs)
    except CRSError as error:
        raise OutputError(
            f"{path}: unknown CRS {crs!r}; wanted such as 'EPSG:32637'"
        ) from error
    if any(axis.unit_conversion_factor != 1 for axis in made.axis_info):
        raise OutputError(f"{path}: wanted a CRS in metres, got {made.name!r}")
    return made


def _check_extent(path: Path, extent: Extent) -> None:
    """Refuse a project that QGIS would open on nothing."""
    left, low, right, high = extent
    if not (all(map(math.isfinite, extent)) and left < right and low < high):
        raise OutputError(f"{path}: the extent {extent} is empty; are the layers empty?")


def _write_zip(path: Path, name: str, text: str) -> None:
    """Write a zip of one file, with the same bytes on every day and system."""
    member = zipfile.ZipInfo(name, ZIP_TIME)
    member.compress_type = zipfile.ZIP_DEFLATED
    member.create_system = 3
    held = io.BytesIO()
    with zipfile.ZipFile(held, "w") as archive:
        archive.writestr(member, text.encode())
    try:
        path.write_bytes(held.getvalue())
    except OSError as error:
        raise OutputError(f"{path}: cannot write the project: {error.strerror}") from error


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
        raise OutputError(
            f"{gpkg_path}: no table {layer.table!r} with geometry; it has {known}"
        )
    rows = connection.execute("SELECT name FROM pragma_table_info(?)", (layer.table,))
    columns = {name for (name,) in rows}
    wanted = {name for style in layer.styles for name in (style.column, style.label_column)}
    if lost := sorted(name for name in wanted - columns if name is not None):
        raise OutputError(
            f"{gpkg_path}: table {layer.table!r} has no columns {lost}; "
            f"it has {sorted(columns)}"
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
