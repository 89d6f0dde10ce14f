"""How a layer is drawn, as frozen values that the HTML map and the QGIS project share."""

import math
import re
from collections.abc import Mapping
from dataclasses import KW_ONLY, dataclass, field
from itertools import pairwise
from typing import Literal

import pandas as pd

Geometry = Literal["polygon", "line", "point"]
Kind = Literal["single", "ranges", "values"]

_COLOUR = re.compile(r"#[0-9a-fA-F]{6}")


@dataclass(frozen=True, slots=True)
class LegendClass:
    """One line of a legend: a colour and what it stands for."""

    label: str
    """What the reader sees, in the reader's language."""

    colour: str
    """Such as '#1a9850'."""

    _: KW_ONLY

    lower: float | None = None
    """Lower end of a range; None where the range is open."""

    upper: float | None = None
    """Upper end of a range; None where the range is open."""

    value: str | None = None
    """The one value this class stands for; never together with a range."""

    def __post_init__(self) -> None:
        """Refuse a colour, a range or a mixture that cannot be drawn."""
        _check_colour("colour", self.colour)
        ends = [end for end in (self.lower, self.upper) if end is not None]
        if ends and self.value is not None:
            raise ValueError(f"class {self.label!r} has both a range and a value")
        if not all(math.isfinite(end) for end in ends):
            raise ValueError(f"class {self.label!r}: use None for an open end, got {ends}")
        if len(ends) == 2 and not ends[0] < ends[1]:
            raise ValueError(f"class {self.label!r}: lower {ends[0]} is not below {ends[1]}")

    @property
    def is_range(self) -> bool:
        """Whether at least one end is given."""
        return self.lower is not None or self.upper is not None


@dataclass(frozen=True, slots=True, kw_only=True)
class Style:
    """One way of drawing one layer; refuses what would silently draw nothing."""

    name: str
    """What the user picks from, such as 'Доступность'; unique in its layer."""

    geometry: Geometry
    """What the layer holds; multi-part geometries count as their single ones."""

    classes: tuple[LegendClass, ...]
    """Ranges in rising order, or values, or one class without either.

    A value on the border of two ranges belongs to the first, so that 'up to 30 min' holds 30.
    """

    column: str | None = None
    """Column the classes read; None draws every feature alike."""

    missing: LegendClass | None = None
    """How NULL is drawn; None leaves such features out of the map and the legend."""

    outline: str | None = "#ffffff"
    """Border of polygons and points, casing of lines; None draws none."""

    width_mm: float = 0.2
    """Width of a line, or of the outline of a polygon or point."""

    size_mm: float = 2.5
    """Diameter of a point."""

    opacity: float = 1.0
    """Of the whole layer, from 0 (excluded) to 1."""

    width_expression: str | None = None
    """QGIS expression: line width (or diameter of a point) in mm, feature by feature."""

    label_column: str | None = None
    """Column written on the map; None writes nothing."""

    label_size_pt: float = 9.0
    """Height of the writing."""

    dash: bool = False
    """Dashed lines or polygon outlines."""

    hollow: bool = False
    """Polygons without filling, outlined in the colour of their class."""

    def __post_init__(self) -> None:
        """Refuse nonsense."""
        if not self.name.strip():
            raise ValueError("a style needs a name")
        if self.geometry not in ("polygon", "line", "point"):
            raise ValueError(f"style {self.name!r}: unknown geometry {self.geometry!r}")
        _check_numbers(self)
        _check_options(self)
        _check_classes(self)

    @property
    def kind(self) -> Kind:
        """Whether the classes are one for all, ranges or values."""
        if self.column is None:
            return "single"
        return "ranges" if self.classes[0].is_range else "values"

    @property
    def legend(self) -> tuple[LegendClass, ...]:
        """All classes in the order of the legend, missing data last."""
        return self.classes if self.missing is None else (*self.classes, self.missing)


@dataclass(frozen=True, slots=True, kw_only=True)
class ProjectLayer:
    """One layer of the QGIS project: a table of the GeoPackage and the ways to draw it."""

    key: str
    """Unique in the project; themes name it, and the QGIS layer id is derived from it."""

    table: str
    """Table of the GeoPackage."""

    title: str
    """What the user reads in the layer tree and the legend."""

    group: str
    """Group of the layer tree; groups stand in the order of their first layer."""

    styles: tuple[Style, ...]
    """The first is the default; all of the same geometry."""

    aliases: Mapping[str, str] = field(default_factory=dict)
    """Column → what the user reads instead."""

    source: str = ""
    """Where the data come from and how sure they are, for the metadata and the layout."""

    visible: bool = True
    """Whether it is switched on when the project opens."""

    map_tip: str | None = None
    """HTML shown over a feature; QGIS expressions stand in [% %]."""

    subset: str | None = None
    """SQL filter such as "scenario = 'baseline'"."""

    def __post_init__(self) -> None:
        """Refuse a layer that QGIS could not open or tell from another."""
        for name in ("key", "table", "title", "group"):
            if not getattr(self, name).strip():
                raise ValueError(f"layer {self.key!r}: {name} is empty")
        if "|" in self.table:
            raise ValueError(f"layer {self.key!r}: '|' cannot stand in a table's name")
        if not self.styles:
            raise ValueError(f"layer {self.key!r} has no style")
        names = [style.name for style in self.styles]
        if len(set(names)) < len(names):
            raise ValueError(f"layer {self.key!r}: two styles of the same name in {names}")
        if len({style.geometry for style in self.styles}) > 1:
            raise ValueError(f"layer {self.key!r}: its styles differ in geometry")


@dataclass(frozen=True, slots=True, kw_only=True)
class MapTheme:
    """What is switched on together at one click."""

    name: str
    """What the user reads, such as 'Базовый сценарий'."""

    layers: tuple[str, ...]
    """Keys of the layers that are visible."""

    styles: Mapping[str, str] = field(default_factory=dict)
    """Key of a layer → name of its style in this theme; the default style where absent."""

    def __post_init__(self) -> None:
        """Refuse a theme that shows nothing or styles what it does not show."""
        if not self.name.strip():
            raise ValueError("a theme needs a name")
        if not self.layers or len(set(self.layers)) < len(self.layers):
            raise ValueError(f"theme {self.name!r}: wanted distinct layers, got {self.layers}")
        if hidden := sorted(set(self.styles) - set(self.layers)):
            raise ValueError(f"theme {self.name!r} styles layers it does not show: {hidden}")


def class_of(style: Style, value: str | float | None) -> LegendClass | None:
    """Find the class a value is drawn with, by the same rule as QGIS.

    Parameters
    ----------
    style
        The style.
    value
        A number for ranges, text for values; None, NaN and NA are missing data.

    Returns
    -------
    legend_class
        None where nothing is drawn.

    Examples
    --------
    >>> near = LegendClass("до 30 мин", "#1a9850", upper=30)
    >>> far = LegendClass("30 мин и дольше", "#d73027", lower=30)
    >>> style = Style(name="Время", geometry="polygon", column="t_min", classes=(near, far))
    >>> class_of(style, 30).label
    'до 30 мин'
    >>> class_of(style, float("nan")) is None
    True
    """
    if style.kind == "single":
        return style.classes[0]
    if value is None or pd.isna(value):
        return style.missing
    if style.kind == "values":
        return next((each for each in style.classes if each.value == str(value)), None)
    number = float(value)
    return next((each for each in style.classes if _holds(each, number)), None)


def _holds(each: LegendClass, number: float) -> bool:
    """Whether a number lies in a range, both ends included."""
    above = each.lower is None or each.lower <= number
    return above and (each.upper is None or number <= each.upper)


def _check_colour(name: str, colour: str) -> None:
    """Refuse what is not '#rrggbb'."""
    if not _COLOUR.fullmatch(colour):
        raise ValueError(f"{name} must look like '#1a9850', got {colour!r}")


def _check_numbers(style: Style) -> None:
    """Refuse sizes and colours that nobody could see."""
    for name in ("size_mm", "label_size_pt", "opacity"):
        if not 0 < getattr(style, name) < math.inf:
            raise ValueError(f"style {style.name!r}: {name} must be above 0")
    if not 0 <= style.width_mm < math.inf:
        raise ValueError(f"style {style.name!r}: width_mm must not be below 0")
    if style.opacity > 1:
        raise ValueError(f"style {style.name!r}: opacity must be at most 1")
    if style.outline is not None:
        _check_colour(f"style {style.name!r}: outline", style.outline)


def _check_options(style: Style) -> None:
    """Refuse options that do not fit the geometry."""
    if style.width_expression is not None and style.geometry == "polygon":
        raise ValueError(f"style {style.name!r}: width_expression does not fit polygons")
    if style.dash and style.geometry == "point":
        raise ValueError(f"style {style.name!r}: a point cannot be dashed")
    if style.hollow and style.geometry != "polygon":
        raise ValueError(f"style {style.name!r}: only polygons can be hollow")


def _check_classes(style: Style) -> None:
    """Refuse classes that do not fit the column or each other."""
    if not style.classes:
        raise ValueError(f"style {style.name!r} has no classes")
    ranges = [each.is_range for each in style.classes]
    values = [each.value for each in style.classes if each.value is not None]
    if style.column is None:
        if len(style.classes) > 1 or ranges[0] or values or style.missing:
            raise ValueError(f"style {style.name!r}: several classes need a column")
    elif all(ranges):
        _check_ranges(style)
    elif len(values) < len(style.classes):
        raise ValueError(f"style {style.name!r}: classes must be all ranges or all values")
    elif len(set(values)) < len(values):
        raise ValueError(f"style {style.name!r}: a value has two classes in {values}")
    if style.missing and (style.missing.is_range or style.missing.value is not None):
        raise ValueError(f"style {style.name!r}: missing takes no range and no value")


def _check_ranges(style: Style) -> None:
    """Refuse ranges that overlap or fall."""
    for before, after in pairwise(style.classes):
        if before.upper is None or after.lower is None or before.upper > after.lower:
            raise ValueError(
                f"style {style.name!r}: ranges must rise without overlap, "
                f"got {before.label!r} before {after.label!r}"
            )
