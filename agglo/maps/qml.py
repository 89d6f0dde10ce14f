"""What QGIS reads about the look of a layer: renderer, labels, aliases, as XML."""

import re
import uuid
import xml.etree.ElementTree as ET
from collections.abc import Iterable, Mapping
from string import Template
from typing import TypeAlias
from xml.sax.saxutils import escape

from agglo.maps.styles import LegendClass, ProjectLayer, Style

Options: TypeAlias = "Mapping[str, str | int | Options]"

QGIS_VERSION = "3.22.0-Białowieża"
FONTS = ("Arial", "Liberation Sans", "Noto Sans", "DejaVu Sans")
INK = "#222222"
CASING_MM = 0.6

SYMBOL_TYPE = {"polygon": "fill", "line": "line", "point": "marker"}
_LABEL_PLACEMENT = {
    "polygon": {"placement": "1", "quadOffset": "4", "centroidInside": "1"},
    "line": {"placement": "3", "placementFlags": "10", "repeatDistance": "60"},
    "point": {"placement": "6", "dist": "0.6", "distUnits": "MM", "offsetType": "1"},
}
_ATTRIBUTE = {'"': "&quot;", "\n": "&#10;", "\r": "&#13;", "\t": "&#9;"}
_NOT_XML = re.compile("[\x00-\x08\x0b\x0c\x0e-\x1f\ud800-\udfff\ufffe\uffff]")


def element(
    tag: str,
    attributes: Mapping[str, str] | None = None,
    children: Iterable[ET.Element] = (),
    *,
    text: str | None = None,
) -> ET.Element:
    """Make one XML element with what is in it."""
    made = ET.Element(tag, dict(attributes or {}))
    made.text = text
    made.extend(children)
    return made


def xml_from_element(root: ET.Element) -> str:
    """Write an element as text, escaped, without the characters that XML forbids."""
    return _NOT_XML.sub("", ET.tostring(root, encoding="unicode"))


def filled(template: str, values: Mapping[str, str]) -> ET.Element:
    """Fill the $names of an XML template, escaped, and parse it."""
    safe = {name: escape(_NOT_XML.sub("", text), _ATTRIBUTE) for name, text in values.items()}
    return ET.fromstring(Template(template).substitute(safe))


def rgba(colour: str, alpha: int = 255) -> str:
    """Write '#rrggbb' the way QGIS does: 'r,g,b,a'."""
    red, green, blue = (int(colour[i : i + 2], 16) for i in (1, 3, 5))
    return f"{red},{green},{blue},{alpha}"


def qml(layer: ProjectLayer, style: Style) -> str:
    """Write one style of a layer as a QGIS style document.

    Parameters
    ----------
    layer
        Gives aliases and map tip.
    style
        One of the styles of the layer.

    Returns
    -------
    text
        What a `.qml` file or the column `styleQML` of `layer_styles` holds.
    """
    return xml_from_element(element("qgis", style_attributes(style), style_elements(layer, style)))


def style_attributes(style: Style) -> dict[str, str]:
    """Attributes of the element that holds a style: `<qgis>` or `<maplayer>`."""
    return {
        "version": QGIS_VERSION,
        "styleCategories": "AllStyleCategories",
        "labelsEnabled": "0" if style.label_column is None else "1",
        "simplifyDrawingHints": "1",
        "simplifyDrawingTol": "1",
        "simplifyMaxScale": "1",
        "hasScaleBasedVisibilityFlag": "0",
    }


def style_elements(layer: ProjectLayer, style: Style) -> list[ET.Element]:
    """Elements that make up a style, the same in QML and in a project."""
    aliases = [
        element("alias", {"index": str(index), "field": column, "name": alias})
        for index, (column, alias) in enumerate(layer.aliases.items())
    ]
    made = [_renderer(style), element("layerOpacity", text=str(style.opacity))]
    made.append(element("aliases", children=aliases))
    if style.label_column is not None:
        made.append(_labeling(style, style.label_column))
        made.append(element("previewExpression", text=_quoted(style.label_column)))
    if layer.map_tip is not None:
        made.append(element("mapTip", {"enabled": "1"}, text=layer.map_tip))
    return made


def text_style(
    size_pt: float, *, bold: bool = False, halo: bool = False, column: str = ""
) -> ET.Element:
    """Font, size and halo, as labels and layouts want them."""
    buffer = {
        "bufferDraw": str(int(halo)),
        "bufferSize": "0.7",
        "bufferSizeUnits": "MM",
        "bufferColor": rgba("#ffffff"),
        "bufferOpacity": "0.9",
        "bufferNoFill": "1",
        "bufferJoinStyle": "128",
    }
    attributes = {
        "fontFamily": FONTS[0],
        "namedStyle": "Bold" if bold else "Regular",
        "fontWeight": "75" if bold else "50",
        "fontSize": f"{size_pt:g}",
        "fontSizeUnit": "Point",
        "textColor": rgba(INK),
        "textOpacity": "1",
        "multilineHeight": "0.9",
        "fontKerning": "1",
        "fieldName": column,
        "isExpression": "0",
    }
    families = element("families", children=[element("family", {"name": f}) for f in FONTS[1:]])
    return element("text-style", attributes, [families, element("text-buffer", buffer)])


def fonts(tag: str, size_pt: float, *, bold: bool = False) -> list[ET.Element]:
    """Font of a layout item: one element for QGIS 3.22, one for newer ones."""
    description = f"{FONTS[0]},{size_pt:g},-1,5,{75 if bold else 50},0,0,0,0,0"
    old = element(tag, {"description": description, "style": ""})
    return [old, text_style(size_pt, bold=bold)]


def options(values: Options) -> ET.Element:
    """Write a mapping the way QGIS does, nested mappings included."""
    made = element("Option", {"type": "Map"})
    for name, value in values.items():
        if isinstance(value, Mapping):
            inner = options(value)
            inner.set("name", name)
            made.append(inner)
        else:
            kind = {bool: "bool", int: "int"}.get(type(value), "QString")
            text = str(value).lower() if kind == "bool" else str(value)
            made.append(element("Option", {"name": name, "type": kind, "value": text}))
    return made


def symbol(kind: str, name: str, layers: Iterable[tuple[str, Options, Options]]) -> ET.Element:
    """Make a symbol of layers, from below: class, properties, data-defined properties."""
    made = element("symbol", {"type": kind, "name": name, "alpha": "1", "clip_to_extent": "1"})
    for level, (class_, properties, defined) in enumerate(layers):
        attributes = {"class": class_, "enabled": "1", "locked": "0", "pass": str(level)}
        collection: Options = {"name": "", "properties": defined, "type": "collection"}
        overrides = element("data_defined_properties", children=[options(collection)])
        made.append(element("layer", attributes, [options(properties), overrides]))
    return made


def _renderer(style: Style) -> ET.Element:
    """Choose the renderer by the kind of the classes.

    QGIS 3.22 has no class for NULL in graduated renderers and mixes it with 'all other values'
    in categorised ones, so a style with a class for missing data becomes rules.
    """
    symbols = [_symbol(style, each.colour, str(i)) for i, each in enumerate(style.legend)]
    cased = style.geometry == "line" and style.outline is not None
    attributes = {"symbollevels": str(int(cased)), "enableorderby": "0", "forceraster": "0"}
    parts = [element("symbols", children=symbols)]
    if style.column is None:
        return element("renderer-v2", {"type": "singleSymbol", **attributes}, parts)
    if style.missing is not None:
        rules = _rules(style, style.column)
        return element("renderer-v2", {"type": "RuleRenderer", **attributes}, [rules, *parts])
    attributes["attr"] = style.column
    if style.kind == "ranges":
        attributes |= {"type": "graduatedSymbol", "graduatedMethod": "GraduatedColor"}
        return element("renderer-v2", attributes, [_ranges(style), *parts])
    attributes |= {"type": "categorizedSymbol"}
    return element("renderer-v2", attributes, [_categories(style), *parts])


def _ranges(style: Style) -> ET.Element:
    """Ranges of a graduated renderer; both ends included, the first that holds wins."""
    made = element("ranges")
    for index, each in enumerate(style.classes):
        ends = {
            "lower": "-inf" if each.lower is None else repr(float(each.lower)),
            "upper": "inf" if each.upper is None else repr(float(each.upper)),
        }
        entry = {"symbol": str(index), "label": each.label, "render": "true"}
        made.append(element("range", ends | entry))
    return made


def _categories(style: Style) -> ET.Element:
    """Categories of a categorised renderer."""
    made = element("categories")
    for index, each in enumerate(style.classes):
        entry = {"symbol": str(index), "label": each.label, "render": "true"}
        made.append(element("category", {"value": each.value or "", "type": "string"} | entry))
    return made


def _rules(style: Style, column: str) -> ET.Element:
    """Rules that hold exactly one class for every value, missing data last."""
    previous = (None, *style.classes)
    filters = [_filter(column, *pair) for pair in zip(previous, style.classes, strict=False)]
    filters.append(f"{_quoted(column)} IS NULL")
    made = element("rules", {"key": _key(style.name, "rules")})
    for index, (each, condition) in enumerate(zip(style.legend, filters, strict=True)):
        attributes = {
            "key": _key(style.name, str(index)),
            "filter": condition,
            "symbol": str(index),
            "label": each.label,
        }
        made.append(element("rule", attributes))
    return made


def _filter(column: str, before: LegendClass | None, each: LegendClass) -> str:
    """Condition of one class; a border shared with the class before belongs to that one."""
    name = _quoted(column)
    if each.value is not None:
        text = each.value.replace("\\", "\\\\").replace("'", "''")
        return f"{name} = '{text}'"
    conditions = []
    if each.lower is not None:
        shared = before is not None and before.upper == each.lower
        conditions.append(f"{name} {'>' if shared else '>='} {float(each.lower)!r}")
    if each.upper is not None:
        conditions.append(f"{name} <= {float(each.upper)!r}")
    return " AND ".join(conditions)


def _symbol(style: Style, colour: str, name: str) -> ET.Element:
    """Symbol of one class."""
    kind = SYMBOL_TYPE[style.geometry]
    if style.geometry == "line":
        return symbol(kind, name, _line_layers(style, colour))
    edge = colour if style.hollow else style.outline or "#000000"
    pen = "no" if style.outline is None and not style.hollow else "solid"
    properties = {
        "color": rgba(colour),
        "outline_color": rgba(edge),
        "outline_width": f"{style.width_mm:g}",
        "outline_width_unit": "MM",
        "outline_style": "dash" if style.dash and pen == "solid" else pen,
        "joinstyle": "round",
    }
    if style.geometry == "polygon":
        properties["style"] = "no" if style.hollow else "solid"
        return symbol(kind, name, [("SimpleFill", properties, {})])
    properties |= {"name": "circle", "size": f"{style.size_mm:g}", "size_unit": "MM"}
    return symbol(kind, name, [("SimpleMarker", properties, _defined("size", style, 0))])


def _line_layers(style: Style, colour: str) -> list[tuple[str, Options, Options]]:
    """Casing, where there is one, and the line on it."""
    made: list[tuple[str, Options, Options]] = []
    for tint, wider_mm in ((style.outline, CASING_MM), (colour, 0.0)):
        if tint is None:
            continue
        properties = {
            "line_color": rgba(tint),
            "line_width": f"{style.width_mm + wider_mm:g}",
            "line_width_unit": "MM",
            "line_style": "dash" if style.dash and not wider_mm else "solid",
            "capstyle": "flat" if style.dash else "round",
            "joinstyle": "round",
        }
        made.append(("SimpleLine", properties, _defined("outlineWidth", style, wider_mm)))
    return made


def _defined(name: str, style: Style, wider_mm: float) -> Options:
    """Data-defined size or width, where the style has one."""
    if style.width_expression is None:
        return {}
    text = f"({style.width_expression}) + {wider_mm:g}" if wider_mm else style.width_expression
    return {name: {"active": True, "expression": text, "type": 3}}


def _labeling(style: Style, column: str) -> ET.Element:
    """Labels with a halo."""
    wrap = {"autoWrapLength": "18", "multilineAlign": "1", "useMaxLineLengthForAutoWrap": "1"}
    if style.geometry == "line":
        wrap = {}
    parts = [
        text_style(style.label_size_pt, halo=True, column=column),
        element("text-format", wrap),
        element("placement", {"priority": "5", **_LABEL_PLACEMENT[style.geometry]}),
        element("rendering", {"drawLabels": "1", "obstacle": "1", "mergeLines": "1"}),
    ]
    settings = element("settings", {"calloutType": "simple"}, parts)
    return element("labeling", {"type": "simple"}, [settings])


def _quoted(column: str) -> str:
    """Name of a column in a QGIS expression."""
    return '"' + column.replace('"', '""') + '"'


def _key(*parts: str) -> str:
    """Key that is the same in every run."""
    return "{" + str(uuid.uuid5(uuid.NAMESPACE_URL, "/".join(("agglo", *parts)))) + "}"
