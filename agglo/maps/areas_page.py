"""The map of a delineation: one HTML file that opens without any network."""

from __future__ import annotations

import html
from collections.abc import Sequence

import geopandas as gpd
import pandas as pd

from agglo.maps.areas_data import area_names, area_order, areas_data, hypothesis, zone_names
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
from agglo.maps.words import Words
from agglo.territory.delineation import Delineation

STYLES = ("page.css", "areas.css")
SCRIPTS = ("parts.js", "areas.js")
FRAME = page_frame()


def areas_page(
    delineation: Delineation,
    zones: gpd.GeoDataFrame,
    *,
    summary: pd.DataFrame,
    words: Words,
    title: str,
    firmness: pd.Series | None = None,
    sources: Sequence[str] = (),
) -> str:
    """Build the page of a delineation: the map, the areas and why each zone is in or out.

    Parameters
    ----------
    zones
        Index zone ids, metric CRS; polygons or points; ``name`` where there are names. Zones
        that the delineation does not name are left out.
    summary
        As of ``summary_of_areas``; further columns are shown too, ``name`` names the areas.
    firmness
        Share of varied runs in which each zone stays where it is, in its area or in none, 0 to 1.
    sources
        One line each.

    Raises
    ------
    LayerError
        If the zones have no CRS in metres.
    """
    data = areas_data(
        delineation, zones, summary=summary, words=words, title=title, firmness=firmness,
        sources=sources,
    )  # fmt: skip
    script = "\n".join([f"var AREAS = {safe_json(data)};", *map(asset, SCRIPTS)])
    return one_file(
        FRAME,
        {
            HEAD_MARK: f"<style>{leaflet_style()}</style>{head(title, STYLES)}",
            PANEL_MARK: _panel(delineation, zones, summary, words, title),
            LEAFLET_MARK: leaflet_script(),
            SCRIPT_MARK: script,
        },
    )


def _panel(
    delineation: Delineation,
    zones: gpd.GeoDataFrame,
    summary: pd.DataFrame,
    words: Words,
    title: str,
) -> str:
    """Write title, method and areas as plain HTML: they show where scripts are blocked."""
    order = area_order(delineation.areas["area_id"])
    names = area_names(order, zone_names(zones), summary)
    counts = delineation.areas["area_id"].value_counts().reindex(order)
    rows = "".join(
        f"<tr><td>{html.escape(name)}</td><td>{count}</td></tr>"
        for name, count in zip(names, counts, strict=True)
    )
    said = [words.text("method", delineation.method, "ru")]
    doubt = hypothesis(delineation)
    said += [words.text("word", doubt, "ru")] if doubt else []
    blocked = html.escape(words.text("word", "no_script_areas", "ru"))
    return (
        f'<aside id="panel"><h1 id="title">{html.escape(title)}</h1><noscript><p>{blocked}</p>'
        f"<p>{html.escape('. '.join(said))}</p>"
        f'<table class="plain">{rows}</table></noscript><div id="controls"></div></aside>'
    )
