"""A delineation as layers of a GeoPackage, and how QGIS draws them."""

from __future__ import annotations

from collections.abc import Mapping

import geopandas as gpd
import numpy as np
import pandas as pd
import shapely

from agglo.maps.areas_data import (
    area_codes,
    area_colours,
    area_firmness,
    area_names,
    area_order,
    margin_classes,
    zone_names,
)
from agglo.maps.reasons import BORDER_COLOUR, FIRM_COLOURS, NO_AREA_COLOUR
from agglo.maps.styles import Geometry, LegendClass, ProjectLayer, Style
from agglo.maps.words import Words
from agglo.territory.delineation import COLUMNS, NO_AREA, Delineation

ZONES, AREAS = "zones", "areas"
"""Tables of the GeoPackage."""


def areas_layers(
    delineation: Delineation,
    zones: gpd.GeoDataFrame,
    summary: pd.DataFrame,
    *,
    firmness: pd.Series | None = None,
) -> dict[str, gpd.GeoDataFrame]:
    """Make the layers of a delineation, in the CRS of the zones.

    Returns
    -------
    areas_layers
        ``zones``: ``zone_id``, ``name``, ``area_id`` (missing where the zone is in none),
        ``area_name``, the columns of the delineation that say why, and ``firmness_share`` and
        ``firmness_kind`` where they are known. ``areas``: the zones of each area joined, with
        the columns of the summary.
    """
    rows = delineation.areas
    own = zones.reindex(rows.index)
    names = zone_names(own)
    order = area_order(rows["area_id"])
    called = pd.Series(area_names(order, names, summary), index=order, dtype=object)
    frame = rows[list(COLUMNS)].astype({"area_id": object, "decided_by": object})
    frame.insert(0, "name", names)
    frame.insert(2, "area_name", frame["area_id"].map(called))
    frame["area_id"] = frame["area_id"].where(frame["area_id"] != NO_AREA, None)
    if firmness is not None:
        frame["firmness_share"] = firmness.reindex(rows.index)
        frame["firmness_kind"] = area_firmness(firmness, rows)
    numbers = frame.select_dtypes("number").columns
    frame[numbers] = frame[numbers].replace([np.inf, -np.inf], np.nan)
    drawn = gpd.GeoDataFrame(frame, geometry=own.geometry, crs=zones.crs)
    return {
        ZONES: drawn.reset_index(names="zone_id"),
        AREAS: _areas(drawn, order, called, summary),
    }


def areas_project_layers(
    layers: Mapping[str, gpd.GeoDataFrame], words: Words, *, language: str = "ru"
) -> list[ProjectLayer]:
    """Say how QGIS draws the layers: zones by area, margin or firmness, areas by their border.

    Hand the answer to ``write_layer_styles``: the tables then open coloured by themselves.
    """
    zones = layers[ZONES]
    geometry = _geometry(zones)
    styles = [
        _area_style(zones, geometry, words, language),
        _margin_style(zones, geometry, words, language),
    ]
    if "firmness_kind" in zones:
        styles.append(_firmness_style(geometry, words, language))
    found = [_layer(ZONES, "zones", tuple(styles), zones, words, language)]
    if len(layers[AREAS]):
        border = words.text("word", "area_border", language)
        style = Style(
            name=border,
            geometry=geometry,
            classes=(LegendClass(border, BORDER_COLOUR),),
            hollow=geometry == "polygon",
            width_mm=0.6,
            label_column="name",
            label_size_pt=10,
        )
        found.append(_layer(AREAS, "layer_areas", (style,), layers[AREAS], words, language))
    return found


def _layer(
    table: str,
    title: str,
    styles: tuple[Style, ...],
    frame: gpd.GeoDataFrame,
    words: Words,
    language: str,
) -> ProjectLayer:
    known = [name for name in frame.columns if name in words.texts.get("column", {})]
    return ProjectLayer(
        key=table,
        table=table,
        title=words.text("word", title, language),
        group=words.text("word", "layer_areas", language),
        styles=styles,
        aliases={name: words.text("column", name, language) for name in known},
        map_tip='<b>[% "name" %]</b>',
    )


def _areas(
    drawn: gpd.GeoDataFrame, order: pd.Index, called: pd.Series, summary: pd.DataFrame
) -> gpd.GeoDataFrame:
    groups = drawn.geometry.groupby(drawn["area_id"])
    shapes = [shapely.union_all(groups.get_group(one).to_numpy()) for one in order]
    about = summary.drop(columns="name", errors="ignore").reindex(order)
    about.insert(0, "name", called)
    about.insert(0, "area_id", order)
    return gpd.GeoDataFrame(about.reset_index(drop=True), geometry=shapes, crs=drawn.crs)


def _geometry(zones: gpd.GeoDataFrame) -> Geometry:
    is_area = zones.geom_type.isin(("Polygon", "MultiPolygon")).any()
    return "polygon" if is_area else "point"


def _area_style(zones: gpd.GeoDataFrame, geometry: Geometry, words: Words, language: str) -> Style:
    ids = zones["area_id"].fillna(NO_AREA)
    order = area_order(ids)
    colours = area_colours(order, area_codes(order, ids), zones)
    called = zones.drop_duplicates("area_id").set_index("area_id")["area_name"]
    return Style(
        name=words.text("word", "layer_areas", language),
        geometry=geometry,
        column="area_id",
        classes=tuple(
            LegendClass(str(called[one]), colour, value=one)
            for one, colour in zip(order, colours, strict=True)
        )
        or (LegendClass(words.text("word", "layer_areas", language), NO_AREA_COLOUR, value="–"),),
        missing=LegendClass(words.text("word", "no_area", language), NO_AREA_COLOUR),
    )


def _margin_style(
    zones: gpd.GeoDataFrame, geometry: Geometry, words: Words, language: str
) -> Style:
    return Style(
        name=words.text("word", "layer_margin", language),
        geometry=geometry,
        column="margin",
        classes=margin_classes(zones),
        missing=LegendClass(words.text("word", "no_number", language), NO_AREA_COLOUR),
    )


def _firmness_style(geometry: Geometry, words: Words, language: str) -> Style:
    return Style(
        name=words.text("word", "layer_firmness", language),
        geometry=geometry,
        column="firmness_kind",
        classes=tuple(
            LegendClass(words.text("firm", kind, language), colour, value=kind)
            for kind, colour in FIRM_COLOURS.items()
        ),
        missing=LegendClass(words.text("word", "no_number", language), NO_AREA_COLOUR),
    )
