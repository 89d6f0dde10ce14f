"""The meeting map: one HTML file that opens without any network."""

from __future__ import annotations

import html
import re
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

import folium
import geopandas as gpd
from branca.element import Element, MacroElement
from jinja2 import Template

from agglo.maps.comparison_data import comparison_data
from agglo.maps.inline import asset, head, leaflet_script, leaflet_style, one_file, safe_json
from agglo.maps.overlays import Overlay
from agglo.maps.page_data import page_data
from agglo.maps.run_imagery import run_imagery, run_overlays
from agglo.maps.words import Theme, Words
from agglo.run import Result
from agglo.scoring.goals import Goal

if TYPE_CHECKING:
    from agglo.comparison import Comparison

HEAD_MARK, PANEL_MARK, SCRIPT_MARK = "<!-- head -->", "<!-- panel -->", "/* script */"
"""Where our parts go once folium has rendered: its templates never read a text of ours."""

SCRIPTS = ("parts.js", "page.js", "comparison.js", "portrait.js", "territory.js", "imagery.js")
STYLES = ("page.css", "comparison.css", "territory.css", "portrait.css", "imagery.css")


def page_from_results(
    results: Sequence[Result],
    tables: Mapping[str, gpd.GeoDataFrame],
    goals: Sequence[Goal],
    theme: Theme,
    words: Words,
    *,
    pictures: Sequence[Overlay] | None = None,
    comparison: Comparison | None = None,
) -> str:
    """Build the page: folium's Leaflet map, our data and one script, all inlined.

    Parameters
    ----------
    pictures
        Of the region's rasters, as ``run_overlays`` draws them; without them they are drawn here.
    comparison
        Of the scenarios with their baseline; without it the page has no view of it.

    Raises
    ------
    OutputError
        If a part of the page still points to the network.
    """
    data = page_data(results, tables, goals, theme, words)
    if pictures is None:
        pictures = run_overlays(results[0].case.region, words)
    data["imagery"] = run_imagery(results, pictures, words)
    data["comparison"] = comparison_data(comparison, results)
    members = tables["municipalities"].to_crs("EPSG:4326")
    west, south, east, north = members[members["role"] != "context"].total_bounds
    leaflet = folium.Map(
        location=[(south + north) / 2, (west + east) / 2],
        tiles=None,
        zoom_start=9,
        zoom_snap=0.25,
    )
    leaflet.default_js = [("leaflet", "leaflet.js")]
    leaflet.default_css = [("leaflet_css", "leaflet.css")]
    figure: Any = leaflet.get_root()
    figure.header.add_child(Element(HEAD_MARK))
    figure.html.add_child(Element(PANEL_MARK))
    leaflet.add_child(_script_element(f"var AGGLO_MAP = {leaflet.get_name()};\n{SCRIPT_MARK}"))
    page = _stable_names(figure.render())
    return one_file(
        _with_leaflet(page),
        {
            HEAD_MARK: head(results[0].case.region.name_ru, STYLES),
            PANEL_MARK: _panel(results, goals, words),
            SCRIPT_MARK: "\n".join([f"var AGGLO = {safe_json(data)};", *map(asset, SCRIPTS)]),
        },
    )


def _panel(results: Sequence[Result], goals: Sequence[Goal], words: Words) -> str:
    """Write title, caveat and goal scores as plain HTML: they show where scripts are blocked."""
    heads = "".join(f"<th>{html.escape(goal.name_ru)}</th>" for goal in goals)
    rows = ""
    for result in results:
        cells = "".join(f"<td>{score:.1f}</td>" for score in result.scores["score"])
        rows += f"<tr><td>{html.escape(result.scenario.title_ru)}</td>{cells}</tr>"
    title = html.escape(results[0].case.region.name_ru)
    caveat = html.escape(words.text("word", "caveat", "ru"))
    blocked = html.escape(words.text("word", "no_script", "ru"))
    return (
        f'<aside id="panel"><h1 id="title">{title}</h1><p id="caveat">{caveat}</p>'
        f'<noscript><p>{blocked}</p><table class="plain"><tr><th></th>{heads}</tr>{rows}</table>'
        '</noscript><div id="controls"></div></aside>'
    )


def _script_element(script: str) -> Any:
    """Wrap a script so that folium runs it after the map is there."""
    element: Any = MacroElement()  # type: ignore[no-untyped-call]
    element._template = Template("{% macro script(this, kwargs) %}{{ this.text }}{% endmacro %}")
    element.text = script
    return element


def _stable_names(page: str) -> str:
    """Give folium's random element names numbers in order: same input, same bytes."""
    found = dict.fromkeys(re.findall(r"\b[a-z_]+_([0-9a-f]{32})\b", page))
    for number, name in enumerate(found):
        page = page.replace(name, f"{number}")
    return page


def _with_leaflet(page: str) -> str:
    """Put Leaflet from its package where folium would load it from the network."""
    page = page.replace(
        '<script src="leaflet.js"></script>', f"<script>{leaflet_script()}</script>"
    )
    return page.replace(
        '<link rel="stylesheet" href="leaflet.css"/>', f"<style>{leaflet_style()}</style>"
    )
