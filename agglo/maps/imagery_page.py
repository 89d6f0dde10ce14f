"""Rasters on a page of their own: one HTML file that opens without any network."""

from __future__ import annotations

import html
from collections.abc import Sequence

import geopandas as gpd
import pandas as pd

from agglo.maps.imagery_data import Scatter, imagery_data
from agglo.maps.inline import (
    HEAD_MARK,
    LEAFLET_MARK,
    PANEL_MARK,
    SCRIPT_MARK,
    asset,
    head,
    leaflet_script,
    leaflet_style,
    one_file,
    page_frame,
    safe_json,
)
from agglo.maps.overlays import MOST_BYTES, overlays
from agglo.maps.shown_cells import Bounds
from agglo.maps.words import Words
from agglo.rasters import RasterLayer

STYLES = ("page.css", "imagery.css")
SCRIPTS = ("parts.js", "imagery.js")
GROUPS = (
    "word", "status", "unit", "imagery", "raster_unit", "raster_measure", "raster_end", "indicator"
)  # fmt: skip
"""Groups of texts that the page uses."""

LANGUAGE = "ru"
FRAME = page_frame(kind="imagery")


def imagery_page(
    rasters: Sequence[RasterLayer],
    zones: gpd.GeoDataFrame | None = None,
    figures: pd.DataFrame | None = None,
    *,
    words: Words,
    title: str,
    scatters: Sequence[Scatter] = (),
    sources: Sequence[str] = (),
    bounds: Bounds | None = None,
    most_bytes: int = MOST_BYTES,
) -> str:
    """Build the page of rasters: pictures to swipe, figures by place, scatters.

    Parameters
    ----------
    rasters
        In the order of the list; those of one role, unit and quantity share their colours.
    zones
        Index place ids, metric CRS; ``name_ru``, ``name_en`` or ``name``. None draws no places.
    figures
        As of ``imagery_data``.
    sources
        One line each.
    bounds
        West, south, east, north in degrees: what is cut out of the rasters. Without it what the
        zones cover, or all of the rasters where there are no zones.
    most_bytes
        What each picture may add to the page.

    Raises
    ------
    LayerError
        If a raster cannot be read or drawn within the budget.
    TableError
        If the figures lack a column.
    """
    if bounds is None and zones is not None and len(zones):
        west, south, east, north = zones.to_crs("EPSG:4326").total_bounds
        bounds = float(west), float(south), float(east), float(north)
    drawn = overlays(rasters, words=words, bounds=bounds, most_bytes=most_bytes)
    data = imagery_data(
        rasters, drawn, words=words, zones=zones, figures=figures, scatters=scatters
    )
    data |= {
        "texts": {group: words.texts.get(group, {}) for group in GROUPS},
        "sources": list(sources),
        "attribution": " · ".join(
            dict.fromkeys(one.attribution for one in rasters if one.attribution)
        ),
    }
    script = "\n".join([f"var IMAGERY = {safe_json(data)};", *map(asset, SCRIPTS)])
    return one_file(
        FRAME,
        {
            HEAD_MARK: f"<style>{leaflet_style()}</style>{head(title, STYLES)}",
            PANEL_MARK: _panel(rasters, words, title),
            LEAFLET_MARK: leaflet_script(),
            SCRIPT_MARK: script,
        },
    )


def _panel(rasters: Sequence[RasterLayer], words: Words, title: str) -> str:
    """Write title and rasters as plain HTML: they show where scripts are blocked."""
    heads = "".join(
        f"<th>{html.escape(words.text('imagery', key, LANGUAGE))}</th>"
        for key in ("raster", "epoch", "cell", "limits")
    )
    rows = "".join(
        "<tr>" + "".join(f"<td>{html.escape(text)}</td>" for text in _row(layer)) + "</tr>"
        for layer in rasters
    )
    blocked = html.escape(words.text("word", "no_script", LANGUAGE))
    return (
        f'<aside id="panel"><h1 id="title">{html.escape(title)}</h1>'
        f'<noscript><p>{blocked}</p><table class="plain"><tr>{heads}</tr>{rows}</table></noscript>'
        '<div id="controls"></div></aside>'
    )


def _row(layer: RasterLayer) -> tuple[str, str, str, str]:
    title = layer.title_ru or layer.title or layer.name
    return title, layer.epoch, f"{layer.resolution_m:.0f} м", layer.note_ru or layer.note
