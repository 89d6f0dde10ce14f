"""The meeting map: one HTML file that opens without any network."""

from __future__ import annotations

import base64
import html
import importlib.metadata
import json
import re
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import folium
import geopandas as gpd
from branca.element import Element, MacroElement
from jinja2 import Template

from agglo.errors import OutputError
from agglo.maps.page_data import page_data
from agglo.maps.words import Theme, Words
from agglo.run import Result
from agglo.scoring.goals import Goal

ASSETS = Path(__file__).parent / "assets"
HEAD_MARK, PANEL_MARK, SCRIPT_MARK = "<!-- head -->", "<!-- panel -->", "/* script */"
"""Where our parts go once folium has rendered: its templates never read a text of ours."""

OUTSIDE = r"<(?:script|link|img|iframe)[^>]+(?:src|href)=[\"'](?!data:)[^\"']+"
"""What in a page would be loaded from elsewhere."""

POLICY = "default-src 'none'; script-src 'unsafe-inline'; style-src 'unsafe-inline'; img-src data:"
"""Content security policy: the page may ask nobody for anything."""


def page_from_results(
    results: Sequence[Result],
    tables: Mapping[str, gpd.GeoDataFrame],
    goals: Sequence[Goal],
    theme: Theme,
    words: Words,
) -> str:
    """Build the page: folium's Leaflet map, our data and one script, all inlined.

    Raises
    ------
    OutputError
        If a part of the page still points to the network.
    """
    data = page_data(results, tables, goals, theme, words)
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
    title = html.escape(results[0].case.region.name_ru)
    return _inlined(
        page,
        {
            HEAD_MARK: f'<meta http-equiv="Content-Security-Policy" content="{POLICY}">'
            f"<title>{title}</title><style>{_asset('page.css')}</style>",
            PANEL_MARK: _panel(results, goals, words),
            SCRIPT_MARK: f"var AGGLO = {_safe_json(data)};\n{_asset('page.js')}",
        },
    )


def _panel(results: Sequence[Result], goals: Sequence[Goal], words: Words) -> str:
    """Write title, caveat and goal scores as plain HTML: they show where scripts are blocked."""
    head = "".join(f"<th>{html.escape(goal.name_ru)}</th>" for goal in goals)
    rows = ""
    for result in results:
        cells = "".join(f"<td>{score:.1f}</td>" for score in result.scores["score"])
        rows += f"<tr><td>{html.escape(result.scenario.title_ru)}</td>{cells}</tr>"
    title = html.escape(results[0].case.region.name_ru)
    caveat = html.escape(words.text("word", "caveat", "ru"))
    blocked = html.escape(words.text("word", "no_script", "ru"))
    return (
        f'<aside id="panel"><h1 id="title">{title}</h1><p id="caveat">{caveat}</p>'
        f'<noscript><p>{blocked}</p><table class="plain"><tr><th></th>{head}</tr>{rows}</table>'
        '</noscript><div id="controls"></div></aside>'
    )


def _script_element(script: str) -> Any:
    """Wrap a script so that folium runs it after the map is there."""
    element: Any = MacroElement()  # type: ignore[no-untyped-call]
    element._template = Template("{% macro script(this, kwargs) %}{{ this.text }}{% endmacro %}")
    element.text = script
    return element


def _safe_json(data: object) -> str:
    """Write JSON that cannot leave its script element, whatever a name holds."""
    text = json.dumps(data, ensure_ascii=False, separators=(",", ":"), allow_nan=False)
    for sign in "<>&\u2028\u2029":
        text = text.replace(sign, f"\\u{ord(sign):04x}")
    return text


def _asset(name: str) -> str:
    return (ASSETS / name).read_text(encoding="utf-8")


def _stable_names(page: str) -> str:
    """Give folium's random element names numbers in order: same input, same bytes."""
    found = dict.fromkeys(re.findall(r"\b[a-z_]+_([0-9a-f]{32})\b", page))
    for number, name in enumerate(found):
        page = page.replace(name, f"{number}")
    return page


def _inlined(page: str, parts: Mapping[str, str]) -> str:
    """Put our parts and Leaflet from its package into the page; refuse what is left outside."""
    source = re.sub(r"//# sourceMappingURL=\S+", "", _leaflet("leaflet.js").decode())
    script = source.replace("</script", "<\\/script")
    style = re.sub(
        r"url\((?!data:|#)([^)]+)\)",
        lambda match: f"url({_data_uri(match.group(1))})",
        _leaflet("leaflet.css").decode(),
    )
    page = page.replace('<script src="leaflet.js"></script>', f"<script>{script}</script>")
    page = page.replace('<link rel="stylesheet" href="leaflet.css"/>', f"<style>{style}</style>")
    outside = re.findall(OUTSIDE, page)
    if outside:
        raise OutputError(
            f"the map would ask the network for {outside[0][:120]}; nothing is written"
        )
    for mark, part in parts.items():
        if page.count(mark) != 1:
            raise OutputError(f"folium's page has no place for {mark}; reinstall agglo")
        page = page.replace(mark, part)
    return page


def _leaflet(name: str) -> bytes:
    try:
        package = importlib.metadata.distribution("XStatic-Leaflet")
        return Path(str(package.locate_file(f"xstatic/pkg/leaflet/data/{name}"))).read_bytes()
    except (importlib.metadata.PackageNotFoundError, OSError) as error:
        raise OutputError(
            f"Leaflet's {name} is not installed ({error}); reinstall agglo with its dependencies"
        ) from error


def _data_uri(path: str) -> str:
    content = base64.b64encode(_leaflet(path.strip("\"'"))).decode()
    return f"data:image/png;base64,{content}"
