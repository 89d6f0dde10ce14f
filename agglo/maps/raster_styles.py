"""Classes and colours of rasters, one and the same for pages and for QGIS."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from agglo.errors import LayerError
from agglo.maps.colouring import PALETTE
from agglo.maps.raster_classes import RasterClass, number_classes
from agglo.maps.words import Words
from agglo.rasters import Floats, RasterLayer

Codes = npt.NDArray[np.uint8]

VIRIDIS = ("#fde725", "#90d743", "#35b779", "#21918c", "#31688e", "#443983", "#440154")
"""From least to most, as on paper: the more, the darker."""

RAMPS: Mapping[str, tuple[str, ...]] = {
    "population": ("#edf8fb", "#bfd3e6", "#9ebcda", "#8c96c6", "#8c6bb1", "#88419d", "#6e016b"),
    "built_up": ("#fef0d9", "#fdd49e", "#fdbb84", "#fc8d59", "#ef6548", "#d7301f", "#990000"),
    "night_lights": ("#0c0927", "#3b0f70", "#8c2981", "#de4968", "#fe9f6d", "#fecf92", "#fcfdbf"),
    "vegetation": ("#f7e5b5", "#ffffcc", "#d9f0a3", "#addd8e", "#78c679", "#31a354", "#006837"),
    "elevation": ("#ffffe5", "#fee391", "#fec44f", "#fe9929", "#ec7014", "#cc4c02", "#8c2d04"),
}  # fmt: skip
"""From least to most (ColorBrewer; lights: magma); lightness alone tells the classes apart."""

CHANGE_RAMPS: Mapping[str, tuple[str, ...]] = {
    "vegetation": ("#8c510a", "#d8b365", "#f6e8c3", "#f5f5f5", "#c7eae5", "#5ab4ac", "#01665e"),
    "": ("#2166ac", "#67a9cf", "#d1e5f0", "#f7f7f7", "#fddbc7", "#ef8a62", "#b2182b"),
}
"""From loss to gain, neutral in the middle; '' for roles that have none of their own."""

UNKNOWN_CODE = "#9e9e9e"
MOST_CLASSES = 250
TWO_YEARS = re.compile(r"\s*\d{4}(-\d{2}(-\d{2})?)?\s*(–|—|/|-|\.\.)\s*\d{4}(?!\d)")
MEASURED = ("count", "density", "share")


@dataclass(frozen=True, slots=True, kw_only=True)
class RasterStyle:
    """How the cells of a raster are coloured."""

    classes: tuple[RasterClass, ...]
    """Ranges in rising order, the last one open above; or codes in rising order."""

    unit: str
    """Of the ranges; that of the file, except that counts are shown per km²."""

    is_change: bool = False

    @property
    def is_codes(self) -> bool:
        """Whether the classes are codes."""
        return self.classes[0].code is not None


def raster_styles(
    layers: Sequence[RasterLayer], shown: Sequence[Floats], *, words: Words
) -> list[RasterStyle]:
    """Make the styles of rasters; those that tell the same of other years share their classes.

    Parameters
    ----------
    layers
        The rasters.
    shown
        Numbers of each as a map shows them (see ``shown_numbers``), any shape, ``nan`` where
        nothing is known.

    Returns
    -------
    raster_styles
        One per raster, in their order.

    Raises
    ------
    LayerError
        If a raster of classes has more codes than a legend can hold.
    """
    groups: dict[tuple[str, ...], list[int]] = {}
    for number, layer in enumerate(layers):
        groups.setdefault(_alike(layer), []).append(number)
    styles: dict[int, RasterStyle] = {}
    for members in groups.values():
        known = [shown[one][np.isfinite(shown[one])] for one in members]
        first = layers[members[0]]
        if first.quantity == "class":
            style = _code_style([layers[one] for one in members], known)
        else:
            style = _range_style(first, np.concatenate(known), words)
        styles |= dict.fromkeys(members, style)
    return [styles[number] for number in range(len(layers))]


def class_numbers(style: RasterStyle, values: Floats) -> Codes:
    """Number the class of each cell from 1; 0 where nothing is known or no class holds it."""
    known = np.isfinite(values)
    found = np.zeros(values.shape, dtype=np.uint8)
    if style.is_codes:
        codes = np.array([one.code for one in style.classes], dtype=float)
        at = np.searchsorted(codes, values[known]).clip(max=len(codes) - 1)
        found[known] = np.where(codes[at] == values[known], at + 1, 0)
        return found
    uppers = np.array([one.upper for one in style.classes[:-1]], dtype=float)
    found[known] = np.searchsorted(uppers, values[known], side="left") + 1
    return found


def shown_unit(layer: RasterLayer) -> str:
    """Return the unit of the legend: what is counted per cell is shown per km²."""
    return f"{layer.unit} per km2" if layer.quantity == "count" else layer.unit


def tells_change(layer: RasterLayer) -> bool:
    """Tell whether a raster shows a change: its epoch names two years, as in '1985–2020'."""
    return layer.quantity != "class" and TWO_YEARS.match(layer.epoch) is not None


def _alike(layer: RasterLayer) -> tuple[str, ...]:
    """What rasters must share to be drawn in one set of colours."""
    kinds = "".join(f"{code}{one.name_en}" for code, one in sorted(layer.classes.items()))
    own = layer.name if layer.role == "other" and not kinds else ""
    change = str(tells_change(layer))
    return layer.role, layer.quantity, layer.unit, change, kinds, own


def _code_style(layers: Sequence[RasterLayer], known: Iterable[Floats]) -> RasterStyle:
    """Give each code that occurs its colour and name; codes without either get them."""
    codes = [int(code) for code in np.unique(np.concatenate(list(known)))]
    if len(codes) > MOST_CLASSES:
        raise LayerError(
            f"raster '{layers[0].name}' has {len(codes)} different codes, a legend holds "
            f"{MOST_CLASSES}; is its quantity 'class' at all? other quantities are drawn in ranges"
        )
    told = layers[0].classes
    untold = _between(VIRIDIS[::-1], len(codes)) if layers[0].unit == "year" else PALETTE
    made = []
    for number, code in enumerate(codes):
        if code in told:
            one = told[code]
            names = (one.name_ru, one.name_en)
            colour = one.colour
        else:
            names = (str(code), str(code))
            colour = UNKNOWN_CODE if told else untold[number % len(untold)]
        made.append(RasterClass(colour=colour, code=code, name_ru=names[0], name_en=names[1]))
    nothing = RasterClass(colour=UNKNOWN_CODE, code=0, name_ru="–", name_en="–")
    return RasterStyle(classes=tuple(made) or (nothing,), unit=layers[0].unit)


def _range_style(layer: RasterLayer, known: Floats, words: Words) -> RasterStyle:
    is_change = tells_change(layer) and bool((known < 0).any())
    ramp = RAMPS.get(layer.role, VIRIDIS)
    if is_change:
        ramp = CHANGE_RAMPS.get(layer.role, CHANGE_RAMPS[""])
    unit = shown_unit(layer)
    classes = number_classes(
        known, ramp, unit=unit, words=words, is_change=is_change,
        zeros_apart=layer.quantity in MEASURED,
    )  # fmt: skip
    return RasterStyle(classes=classes, unit=unit, is_change=is_change)


def _between(ramp: Sequence[str], count: int) -> list[str]:
    """Return so many colours along a ramp."""
    parts = np.array([[int(one[at : at + 2], 16) for at in (1, 3, 5)] for one in ramp])
    at = np.linspace(0, len(ramp) - 1, count)
    mixed = [np.interp(at, np.arange(len(ramp)), part).round().astype(int) for part in parts.T]
    return [f"#{red:02x}{green:02x}{blue:02x}" for red, green, blue in zip(*mixed, strict=True)]
