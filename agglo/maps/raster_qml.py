"""Rasters in QGIS: their part of a project, and the style file beside each, as XML."""

from __future__ import annotations

import xml.etree.ElementTree as ET
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from agglo.folders import whole_file
from agglo.layers.raster_files import ground_resolution_m
from agglo.maps.qml import QGIS_VERSION, element, filled, xml_from_element
from agglo.maps.raster_styles import RasterStyle
from agglo.maps.styles import MapTheme
from agglo.maps.words import Words
from agglo.rasters import RasterLayer

OPACITY = 0.8
QML_HEADER = "<!DOCTYPE qgis PUBLIC 'http://mrcc.com/qgis.dtd' 'SYSTEM'>\n"
_LAYER = """
<maplayer type="raster" hasScaleBasedVisibilityFlag="0" styleCategories="AllStyleCategories">
  <id>$id</id>
  <datasource>$datasource</datasource>
  <layername>$title</layername>
  <title>$title</title>
  <abstract>$abstract</abstract>
  <attribution>$source</attribution>
  <srs><spatialrefsys/></srs>
  <resourceMetadata>
    <language>RUS</language><type>dataset</type>
    <title>$title</title><abstract>$abstract</abstract>
    <rights>$source</rights><license>$licence</license>
  </resourceMetadata>
  <provider>gdal</provider>
  <map-layer-style-manager current="$title"><map-layer-style name="$title"/>
  </map-layer-style-manager>
</maplayer>"""


@dataclass(frozen=True, slots=True, kw_only=True)
class ProjectRaster:
    """One raster of a QGIS project."""

    key: str
    """Unique in the project; themes name it."""

    file: str
    """Relative to the project, such as 'night_lights.tif'."""

    title: str
    """What the user reads in the layer tree; also the name of its style."""

    group: str
    crs: str
    style: RasterStyle
    language: str = "ru"
    """Of the legend."""

    per_shown: float = 1.0
    """What the file holds over what the legend says: km² in a cell where counts are shown per
    km², else 1."""

    band: int = 1
    source: str = ""
    licence: str = ""
    abstract: str = ""
    """What it shows, and what it cannot tell."""

    opacity: float = OPACITY
    visible: bool = False

    def __post_init__(self) -> None:
        """Refuse a raster that QGIS could not find again."""
        for name in ("key", "file", "title", "group"):
            if not getattr(self, name).strip():
                raise ValueError(f"raster {self.key!r}: {name} is empty")
        if Path(self.file).is_absolute():
            raise ValueError(f"raster {self.key!r}: {self.file} must be relative to the project")


def project_rasters(
    layers: Sequence[RasterLayer],
    styles: Sequence[RasterStyle],
    *,
    words: Words,
    language: str = "ru",
    folder: str = "",
) -> list[ProjectRaster]:
    """List the rasters of a project; each lies beside it, or in a folder there, as NAME.tif.

    Parameters
    ----------
    layers, styles
        As of ``raster_styles``; the legend is that of the page.
    folder
        With its last slash, such as 'rasters/'.
    """
    return [
        ProjectRaster(
            key=f"raster:{layer.name}",
            file=f"{folder}{layer.name}.tif",
            title=_title(layer, language),
            group=words.text("word", "imagery", language),
            crs=layer.grid.crs,
            style=style,
            language=language,
            per_shown=_per_shown(layer),
            source=layer.attribution or layer.source,
            licence=layer.licence,
            abstract=_abstract(layer, words, language),
        )
        for layer, style in zip(layers, styles, strict=True)
    ]


def raster_theme(
    rasters: Sequence[ProjectRaster], others: Sequence[str], *, words: Words, language: str = "ru"
) -> MapTheme:
    """Make the theme of the first raster under other layers, which are named by their keys."""
    name = words.text("word", "imagery", language)
    return MapTheme(name=name, layers=(*others, rasters[0].key))


def write_raster_styles(folder: Path, rasters: Sequence[ProjectRaster]) -> None:
    """Write the style of each raster beside it as NAME.qml, which QGIS takes by itself.

    Raises
    ------
    OutputError
        If a file is there already or cannot be written.
    """
    for raster in rasters:
        with whole_file((folder / raster.file).with_suffix(".qml")) as path:
            path.write_text(raster_qml(raster), encoding="utf-8", newline="\n")


def raster_qml(raster: ProjectRaster) -> str:
    """Write the style of a raster as a QGIS style document."""
    attributes = {"version": QGIS_VERSION, "styleCategories": "AllStyleCategories",
                  "hasScaleBasedVisibilityFlag": "0"}  # fmt: skip
    return QML_HEADER + xml_from_element(element("qgis", attributes, _drawn(raster)))


def raster_element(raster: ProjectRaster, layer_id: str) -> ET.Element:
    """Write a raster as a layer of a project; its CRS is still to be filled in."""
    made = filled(
        _LAYER,
        {
            "id": layer_id,
            "datasource": f"./{raster.file}",
            "title": raster.title,
            "abstract": raster.abstract,
            "source": raster.source,
            "licence": raster.licence,
        },
    )
    made.extend(_drawn(raster))
    return made


def raster_group(
    rasters: Sequence[ProjectRaster], layer_ids: Sequence[str]
) -> list[ET.Element]:  # fmt: skip
    """Write the group of the rasters, of which one is seen at a time; no group without any."""
    nodes = [
        element("layer-tree-layer", {
            "id": layer_id, "name": raster.title, "providerKey": "gdal",
            "source": f"./{raster.file}", "expanded": str(int(raster.visible)),
            "checked": "Qt::Checked" if raster.visible else "Qt::Unchecked",
        })
        for raster, layer_id in zip(rasters, layer_ids, strict=True)
    ]  # fmt: skip
    if not rasters:
        return []
    shown = next((at for at, raster in enumerate(rasters) if raster.visible), -1)
    about = {"name": rasters[0].group, "checked": "Qt::Checked", "expanded": "1",
             "mutually-exclusive": "1", "mutually-exclusive-child": str(shown)}  # fmt: skip
    return [element("layer-tree-group", about, nodes)]


def _title(layer: RasterLayer, language: str) -> str:
    ru, en = layer.title_ru or layer.title, layer.title or layer.title_ru
    title = (ru if language == "ru" else en) or layer.name
    return title if not layer.epoch or layer.epoch in title else f"{title}, {layer.epoch}"


def _per_shown(layer: RasterLayer) -> float:
    return (ground_resolution_m(layer.grid) / 1000) ** 2 if layer.quantity == "count" else 1.0


def _abstract(layer: RasterLayer, words: Words, language: str) -> str:
    note = layer.note_ru or layer.note if language == "ru" else layer.note or layer.note_ru
    status = words.text("status", layer.status, language)
    cell = f"{words.text('imagery', 'cell', language)}: {layer.resolution_m:.0f} m"
    limits = f"{words.text('imagery', 'limits', language)}: {note}" if note else ""
    counted = words.text("imagery", "counted", language) if layer.quantity == "count" else ""
    return ". ".join(part for part in (status, cell, counted, limits) if part)


def _drawn(raster: ProjectRaster) -> list[ET.Element]:
    """Write what draws a raster, the same in QML and in a project."""
    plain = {"enabled": "false", "zoomedInResamplingMethod": "nearestNeighbour",
             "zoomedOutResamplingMethod": "nearestNeighbour", "maxOversampling": "2"}  # fmt: skip
    renderer = _palette(raster) if raster.style.is_codes else _ranges(raster)
    provider = element("provider", children=[element("resampling", plain)])
    return [element("pipe", children=[provider, renderer]), element("blendMode", text="0")]


def _renderer(raster: ProjectRaster, kind: str, children: Sequence[ET.Element]) -> ET.Element:
    about = {"type": kind, "band": str(raster.band), "opacity": f"{raster.opacity:g}",
             "alphaBand": "-1", "nodataColor": ""}  # fmt: skip
    return element("rasterrenderer", about, children)


def _label(raster: ProjectRaster, number: int) -> str:
    one = raster.style.classes[number]
    return one.name_ru if raster.language == "ru" else one.name_en


def _palette(raster: ProjectRaster) -> ET.Element:
    entries = [
        element("paletteEntry", {
            "value": str(one.code), "color": one.colour, "alpha": "255",
            "label": _label(raster, number),
        })
        for number, one in enumerate(raster.style.classes)
    ]  # fmt: skip
    return _renderer(raster, "paletted", [element("colorPalette", children=entries)])


def _ranges(raster: ProjectRaster) -> ET.Element:
    """Write ranges that hold their upper end, as on the page."""
    ends = [one.upper for one in raster.style.classes[:-1]]
    uppers = [repr(end * raster.per_shown) for end in ends if end is not None]
    items = [
        element("item", {"value": upper, "color": one.colour, "alpha": "255",
                         "label": _label(raster, number)})
        for number, (one, upper) in enumerate(
            zip(raster.style.classes, [*uppers, "inf"], strict=True)
        )
    ]  # fmt: skip
    about = {"colorRampType": "DISCRETE", "classificationMode": "1", "clip": "0",
             "minimumValue": uppers[0] if uppers else "0",
             "maximumValue": "inf", "labelPrecision": "6"}  # fmt: skip
    shader = element("rastershader", children=[element("colorrampshader", about, items)])
    return _renderer(raster, "singlebandpseudocolor", [shader])
