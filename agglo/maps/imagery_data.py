"""What pages show of rasters, figures and scatters, as one plain structure that becomes JSON."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

import geopandas as gpd
import numpy as np
import pandas as pd

from agglo.errors import LayerError, TableError
from agglo.maps.overlays import Overlay
from agglo.maps.raster_classes import RasterClass, number_classes
from agglo.maps.raster_styles import RAMPS, VIRIDIS
from agglo.maps.shapes import drawn_shapes, written_shapes
from agglo.maps.words import Words
from agglo.rasters import RasterLayer

FIGURE_COLUMNS = (
    "place_id", "layer", "measure", "value", "unit", "cells_count", "is_too_coarse", "epoch",
    "resolution_m", "status",
)  # fmt: skip
"""A long table, one row for each place and measure; ``name_ru`` and ``name_en`` where there are."""

SCATTER_COLUMNS = ("x", "y", "expected", "is_outlier")
FIGURE_COLOURS = 5
MEASURE_RAMPS = {
    "green": "vegetation", "forest": "vegetation", "grass": "vegetation", "farm": "elevation",
    "built": "built_up", "lights": "night_lights", "population": "population",
}  # fmt: skip
"""A measure whose name holds the word is drawn in the colours of that role."""

SHOWN_DIGITS = 6

Data = dict[str, object]


@dataclass(frozen=True, slots=True, kw_only=True)
class Scatter:
    """Two measures of the same places, the line through them, and who lies off it."""

    table: pd.DataFrame
    """Index place ids; ``x``, ``y``, ``expected`` (y on the line), ``is_outlier``."""

    x_ru: str
    x_en: str
    y_ru: str
    y_en: str
    """What stands at the axes, with units."""

    title_ru: str = ""
    title_en: str = ""
    note_ru: str = ""
    note_en: str = ""
    names: Mapping[str, tuple[str, str]] = field(default_factory=dict)
    """Russian and English name by place id, where the other tables do not say."""


def imagery_data(
    rasters: Sequence[RasterLayer],
    drawn: Sequence[Overlay],
    *,
    words: Words,
    zones: gpd.GeoDataFrame | None = None,
    figures: pd.DataFrame | None = None,
    scatters: Sequence[Scatter] = (),
    whole_id: str = "",
) -> Data:
    """Gather what the view 'imagery' of a page shows.

    Parameters
    ----------
    rasters, drawn
        Rasters and their pictures (see ``overlays``), in the order of the list that is shown.
    zones
        Index place ids; ``name_ru``, ``name_en`` (or ``name``). Without them the page takes the
        municipalities of the meeting map, if it has them.
    figures
        As ``FIGURE_COLUMNS`` says. ``layer`` names the raster; values where ``is_too_coarse`` are
        greyed and take no part in the classes.
    whole_id
        The place id that means all places together.

    Raises
    ------
    LayerError
        If two rasters share a name, or there are not as many pictures as rasters.
    TableError
        If a table lacks a column.
    """
    names = [layer.name for layer in rasters]
    if len(set(names)) < len(names):
        raise LayerError(f"two rasters of a page share a name: {', '.join(sorted(names))}")
    if len(drawn) != len(rasters):
        raise LayerError(f"a page of {len(rasters)} rasters got {len(drawn)} pictures")
    roles = {layer.name: layer.role for layer in rasters}
    return {
        "rasters": [_raster(layer, own) for layer, own in zip(rasters, drawn, strict=True)],
        "places": None if zones is None else _places(zones),
        "names": _names(figures, scatters),
        "figures": [] if figures is None else _figures(figures, roles, words),
        "scatters": [_scatter(one, _names(figures, scatters)) for one in scatters],
        "whole": whole_id,
    }


def _raster(layer: RasterLayer, own: Overlay) -> Data:
    west, south, east, north = (round(edge, SHOWN_DIGITS) for edge in own.bounds)
    return {
        "id": layer.name,
        "title": {"ru": layer.title_ru or layer.title or layer.name,
                  "en": layer.title or layer.title_ru or layer.name},
        "role": layer.role,
        "epoch": layer.epoch,
        "unit": own.style.unit,
        "is_change": own.style.is_change,
        "kind": "codes" if own.style.is_codes else "ranges",
        "resolution_m": _plain(layer.resolution_m),
        "shown_m": _plain(own.shown_m),
        "merged": own.merged,
        "source": layer.source,
        "licence": layer.licence,
        "attribution": layer.attribution,
        "status": layer.status,
        "note": {"ru": layer.note_ru or layer.note, "en": layer.note or layer.note_ru},
        "classes": _classes(own.style.classes),
        "bounds": [[south, west], [north, east]],
        "picture": own.uri,
    }  # fmt: skip


def _classes(classes: Sequence[RasterClass]) -> list[list[object]]:
    return [
        [{"ru": one.name_ru, "en": one.name_en}, one.colour, one.lower, one.upper, one.code]
        for one in classes
    ]


def _places(zones: gpd.GeoDataFrame) -> Data:
    shapes, _ = drawn_shapes(zones)
    return {
        "id": [str(one) for one in zones.index],
        **{f"name_{language}": _named(zones, language) for language in ("ru", "en")},
        "shape": written_shapes(shapes, zones.crs),
    }


def _named(zones: pd.DataFrame, language: str) -> list[str]:
    """Names in a language; else the name that there is, else the id."""
    found = pd.Series(zones.index.astype(str), index=zones.index, dtype=object)
    for column in ("name", "name_en", "name_ru", f"name_{language}"):
        if column in zones:
            found = zones[column].astype(object).where(zones[column].notna(), found)
    return [str(one) for one in found]


def _names(figures: pd.DataFrame | None, scatters: Sequence[Scatter]) -> Data:
    """Names by place id, of places that the map need not hold."""
    found: Data = {
        str(place): {"name_ru": ru, "name_en": en}
        for one in scatters
        for place, (ru, en) in one.names.items()
    }
    if figures is not None and "place_id" in figures:
        rows = figures.drop_duplicates("place_id").set_index("place_id")
        if "name_ru" in rows or "name_en" in rows:
            both = zip(rows.index, _named(rows, "ru"), _named(rows, "en"), strict=True)
            found |= {str(place): {"name_ru": ru, "name_en": en} for place, ru, en in both}
    return found


def _figures(figures: pd.DataFrame, roles: Mapping[str, str], words: Words) -> list[Data]:
    _check_columns(figures, FIGURE_COLUMNS, "figures")
    made: list[Data] = []
    for key, rows in figures.groupby(["layer", "measure", "epoch", "unit"], sort=False):
        layer, measure, epoch, unit = map(str, key)
        firm = rows.loc[~rows["is_too_coarse"].astype(bool), "value"].to_numpy(dtype=float)
        classes = number_classes(
            firm[np.isfinite(firm)], _ramp(measure, roles.get(layer, "")), unit=unit, words=words,
            may_be_skewed=False,
        )  # fmt: skip
        made.append({
            "id": "/".join((layer, measure, epoch)),
            "layer": layer, "measure": measure, "epoch": epoch, "unit": unit,
            "resolution_m": _plain(rows["resolution_m"].iloc[0]),
            "status": str(rows["status"].iloc[0]),
            "classes": _classes(classes),
            "rows": {
                str(place): [_plain(value), _plain(cells), bool(coarse)]
                for place, value, cells, coarse in rows[
                    ["place_id", "value", "cells_count", "is_too_coarse"]
                ].to_numpy(dtype=object)
            },
        })  # fmt: skip
    return made


def _ramp(measure: str, role: str) -> list[str]:
    """Colours of a measure: those of what it names, else those of its raster."""
    own = next((ramp for word, ramp in MEASURE_RAMPS.items() if word in measure), None)
    ramp = RAMPS.get(own or role, VIRIDIS)
    picked = np.linspace(0, len(ramp) - 1, FIGURE_COLOURS).round().astype(int)
    return [ramp[at] for at in picked]


def _scatter(one: Scatter, names: Mapping[str, object]) -> Data:
    _check_columns(one.table, SCATTER_COLUMNS, "a scatter")
    rows = []
    for place, x, y, expected, far in zip(
        one.table.index, *(one.table[name] for name in SCATTER_COLUMNS), strict=True
    ):
        own = names.get(str(place), {"name_ru": str(place), "name_en": str(place)})
        numbers = {"x": _plain(x), "y": _plain(y), "expected": _plain(expected)}
        rows.append({"place": str(place), "is_outlier": bool(far), **numbers, **dict(own)})  # type: ignore[call-overload]
    return {
        "title": {"ru": one.title_ru, "en": one.title_en},
        "x": {"ru": one.x_ru, "en": one.x_en},
        "y": {"ru": one.y_ru, "en": one.y_en},
        "note": {"ru": one.note_ru, "en": one.note_en},
        "rows": rows,
    }


def _check_columns(frame: pd.DataFrame, wanted: Sequence[str], what: str) -> None:
    lacking = [name for name in wanted if name not in frame]
    if lacking:
        raise TableError(f"{what} of a page lack the column(s) {', '.join(lacking)}")


def _plain(value: object) -> float | None:
    """Turn a number into one that JSON holds, in so many digits as a page can show."""
    number = float("nan") if value is None or value is pd.NA else float(str(value))
    return float(f"{number:.{SHOWN_DIGITS}g}") if math.isfinite(number) else None
