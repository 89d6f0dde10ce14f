"""The QGIS project, written without QGIS."""

import hashlib
import io
import math
import xml.etree.ElementTree as ET
import zipfile
from collections.abc import Sequence
from pathlib import Path, PurePath

from pyproj import CRS
from pyproj.exceptions import CRSError

from agglo.errors import OutputError
from agglo.maps.layout import Extent, corners, print_layout
from agglo.maps.qml import (
    QGIS_VERSION,
    element,
    filled,
    style_attributes,
    style_elements,
    xml_from_element,
)
from agglo.maps.raster_qml import ProjectRaster, raster_element, raster_group
from agglo.maps.styles import MapTheme, ProjectLayer

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
    rasters: Sequence[ProjectRaster] = (),
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
    rasters
        They lie below all layers, each in a CRS of its own.

    Raises
    ------
    OutputError
        If the extent is empty, the CRS is not in metres, or the file cannot be written.
    ValueError
        If keys or names repeat, or a theme names what is not there.
    """
    _check_project(path, layers, themes, gpkg, rasters)
    crs = _checked_crs(path, crs)
    _check_extent(path, extent)
    root = filled(
        _PROJECT,
        {"version": QGIS_VERSION, "title": title, "abstract": abstract}
        | {"sources": _sources([*layers, *rasters])}
        | corners(extent),
    )
    tree, ids = _child(root, "layer-tree-group"), [layer_id(raster.key) for raster in rasters]
    tree.extend([*_groups(layers, gpkg), *raster_group(rasters, ids)])
    _child(root, "projectlayers").extend(_map_layer(layer, gpkg) for layer in layers)
    _child(root, "projectlayers").extend(map(_raster_layer, rasters))
    presets = [_theme(theme, [*layers, *rasters]) for theme in themes]
    _child(root, "visibility-presets").extend(presets)
    _child(root, "Layouts").append(print_layout(themes, extent))
    for slot in root.iter("spatialrefsys"):
        slot.extend(() if len(slot) else _crs_elements(crs))
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


def _raster_layer(raster: ProjectRaster) -> ET.Element:
    """Write one raster, which keeps the CRS it has."""
    made = raster_element(raster, layer_id(raster.key))
    slot = _child(_child(made, "srs"), "spatialrefsys")
    slot.extend(_crs_elements(CRS.from_user_input(raster.crs)))
    return made


def _datasource(layer: ProjectLayer, gpkg: str) -> str:
    """Where QGIS finds the rows of a layer."""
    subset = "" if layer.subset is None else f"|subset={layer.subset}"
    return f"./{gpkg}|layername={layer.table}{subset}"


def _theme(theme: MapTheme, layers: Sequence[ProjectLayer | ProjectRaster]) -> ET.Element:
    """Visible layers, their styles and their groups."""
    shown = [layer for layer in layers if layer.key in theme.layers]
    flags = {"has-expanded-info": "1", "has-checked-group-info": "1"}
    made = element("visibility-preset", {"name": theme.name, **flags})
    for layer in shown:
        style = theme.styles.get(layer.key, _style_names(layer)[0])
        state = {"id": layer_id(layer.key), "style": style, "visible": "1", "expanded": "1"}
        made.append(element("layer", state))
    for state_name in ("checked", "expanded"):
        names = dict.fromkeys(layer.group for layer in shown)
        nodes = [element(f"{state_name}-group-node", {"id": name}) for name in names]
        made.append(element(f"{state_name}-group-nodes", children=nodes))
    return made


def _style_names(layer: ProjectLayer | ProjectRaster) -> list[str]:
    """Names of the styles of a layer, the default first; a raster has one, called like itself."""
    if isinstance(layer, ProjectRaster):
        return [layer.title]
    return [style.name for style in layer.styles]


def _crs_elements(crs: CRS) -> list[ET.Element]:
    """CRS in full, so that one without an EPSG code survives."""
    texts = {
        "wkt": crs.to_wkt("WKT2_2019"),
        "authid": ":".join(crs.to_authority() or ()),
        "description": crs.name,
        "geographicflag": str(crs.is_geographic).lower(),
    }
    return [element(tag, text=text) for tag, text in texts.items()]


def _sources(layers: Sequence[ProjectLayer | ProjectRaster]) -> str:
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
    path: Path,
    layers: Sequence[ProjectLayer],
    themes: Sequence[MapTheme],
    gpkg: str,
    rasters: Sequence[ProjectRaster],
) -> None:
    """Refuse names that repeat or lead nowhere."""
    if path.suffix != ".qgz":
        raise ValueError(f"{path}: a QGIS project here ends in .qgz")
    if PurePath(gpkg).is_absolute() or "|" in gpkg:
        raise ValueError(f"gpkg must be relative to the project, got {gpkg!r}")
    everything: list[ProjectLayer | ProjectRaster] = [*layers, *rasters]
    styles = {one.key: set(_style_names(one)) for one in everything}
    if len(styles) < len(everything):
        raise ValueError(f"two layers share a key: {[one.key for one in everything]}")
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
        raise OutputError(f"{path}: unknown CRS {crs!r}; wanted such as 'EPSG:32637'") from error
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
