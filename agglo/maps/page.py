"""The meeting map: one HTML file that opens without any network."""

from __future__ import annotations

import base64
import html
import importlib.metadata
import json
import re
from collections.abc import Mapping, Sequence
from pathlib import Path

import folium
import geopandas as gpd
import pandas as pd
import shapely
from branca.element import Element, MacroElement
from jinja2 import Template

from agglo.errors import OutputError
from agglo.indicators.registry import INDICATORS, WHOLE
from agglo.maps.drawing import ROLE_COLOURS, link_styles, zone_styles
from agglo.maps.styles import Style
from agglo.maps.words import LANGUAGES, Theme, Words
from agglo.region import Provenance
from agglo.run import Result
from agglo.scoring.goals import Goal

ASSETS = Path(__file__).parent / "assets"
DEGREE_DECIMALS = 4
SHOWN_DECIMALS = 4
POLICY = (
    "default-src 'none'; script-src 'unsafe-inline'; style-src 'unsafe-inline'; img-src data:"
)
"""Content security policy: the page may ask nobody for anything."""
LINK_COLUMNS = (
    "speed_kmh",
    "link_loss_person_min",
    "link_unserved_count",
    "is_open",
    "is_changed",
)


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
    data = _data(results, tables, goals, theme, words)
    members = tables["municipalities"].to_crs("EPSG:4326")
    west, south, east, north = members[members["role"] != "context"].total_bounds
    leaflet = folium.Map(
        location=[(south + north) / 2, (west + east) / 2],
        tiles=None,
        zoom_start=9,
        control_scale=True,
        zoom_snap=0.25,
    )
    leaflet.default_js = [("leaflet", "leaflet.js")]
    leaflet.default_css = [("leaflet_css", "leaflet.css")]
    leaflet.fit_bounds([[south, west], [north, east]])
    figure = leaflet.get_root()
    title = results[0].case.region.name_ru
    head = (
        f'<meta http-equiv="Content-Security-Policy" content="{POLICY}">'
        f"<title>{html.escape(title)}</title>"
        f"<style>{_asset('page.css')}</style>"
    )
    figure.header.add_child(Element(_verbatim(head)), name="agglo_head")
    figure.html.add_child(Element(_verbatim(_panel(data, words))), name="agglo_panel")
    script = f"var AGGLO = {_safe_json(data)};\nvar AGGLO_MAP = {leaflet.get_name()};\n"
    leaflet.add_child(_script_element(script + _asset("page.js")), name="agglo_page")
    return _inlined(_stable_names(figure.render()))


def _data(
    results: Sequence[Result],
    tables: Mapping[str, gpd.GeoDataFrame],
    goals: Sequence[Goal],
    theme: Theme,
    words: Words,
) -> dict[str, object]:
    region = results[0].case.region
    names = [name for name in theme.shown if name in tables["zones"]]
    return {
        "title": {"ru": region.name_ru, "en": region.name_en},
        "texts": words.texts,
        "scenarios": [_scenario(result) for result in results],
        "goals": [
            {"id": goal.id, "ru": goal.name_ru, "en": goal.name_en, "headline": goal.headline}
            for goal in goals
        ],
        "indicators": [_indicator(name) for name in INDICATORS],
        "shown": names,
        "key": list(theme.key),
        "attribution": " · ".join(attributions(region.provenance)),
        "styles": {
            language: {
                **{
                    column: _legend(style)
                    for column, style in zone_styles(
                        tables["places"], theme, words, language, geometry="point"
                    ).items()
                },
                **{
                    column: _legend(style)
                    for column, style in link_styles(
                        tables["links"], theme, words, language
                    ).items()
                },
            }
            for language in LANGUAGES
        },
        "colours": {**theme.colours, **ROLE_COLOURS},
        "municipalities": _features(
            tables["municipalities"],
            [c for c in tables["municipalities"].columns if c not in ("geometry", "oktmo")],
        ),
        "zones": _features(_once(tables["places"], "zone_id", tables), ["zone_id", "name_ru",
            "name_en", "municipality_id", "kind", "lon", "lat"]),
        "zone_values": _values(tables["places"], "zone_id", [
            *names, "population_count", "workers_count", "jobs_count"]),
        "links": _features(
            tables["links"].drop_duplicates("link_id"),
            ["link_id", "name_ru", "name_en", "road", "length_km", "lanes_count", "status"],
        ),
        "link_values": _values(tables["links"], "link_id", LINK_COLUMNS),
        "railways": _features(tables["railways"], ["name_ru", "name_en", "status"]),
        "stops": _features(tables["stops"], ["name_ru", "name_en", "mode", "km", "status"]),
        "flows": _flows(tables["flows"]),
        "sources": [
            {
                "title": item.title,
                "source": item.source,
                "licence": item.licence,
                "attribution": item.attribution,
                "date": item.date,
                "status": item.status,
                "note": item.note,
            }
            for item in region.provenance
        ],
        "inputs": results[0].inputs_sha256[:12],
    }  # fmt: skip


def attributions(provenance: Sequence[Provenance]) -> list[str]:
    """Return each attribution that the licences ask for, once."""
    parts = [part.strip() for item in provenance for part in item.attribution.split(";")]
    return list(dict.fromkeys(filter(None, parts)))


def _scenario(result: Result) -> dict[str, object]:
    scenario, losses = result.scenario, result.case.link_losses
    worst = str(losses["loss_person_min"].idxmax()) if len(losses) else ""
    own = result.indicators[result.indicators["place_id"] == WHOLE]
    return {
        "id": scenario.name,
        "title": {"ru": scenario.title_ru, "en": scenario.title},
        "description": {
            "ru": scenario.description_ru or scenario.description,
            "en": scenario.description,
        },
        "scores": {
            row.goal: [_rounded(row.score, 1), _rounded(row.low, 1), _rounded(row.high, 1)]
            for row in result.scores.itertuples()
        },
        "whole": {row.indicator: _rounded(row.value) for row in own.itertuples()},
        "status": {row.indicator: row.status for row in own.itertuples()},
        "worst": {**worst_link(result), "id": worst},
        "receipts": [
            [row.do, row.row_id, row.column, row.before, row.after, row.basis, row.why]
            for row in result.receipts.itertuples()
            if not row.column.endswith(("_low_count", "_high_count", "_low_min", "_high_min"))
        ],
    }


def worst_link(result: Result) -> dict[str, object]:
    """Name the link whose loss costs most: its names, person-minutes a day, people cut off."""
    losses = result.case.link_losses
    if losses.empty:
        return {"ru": "", "en": "", "loss": 0.0, "unserved": 0.0}
    worst = losses["loss_person_min"].idxmax()
    region = result.case.region
    table = region["links"] if worst in region["links"].index else region["lines"]
    return {
        "ru": table.loc[worst, "name_ru"],
        "en": table.loc[worst, "name_en"],
        "loss": _rounded(losses.loc[worst, "loss_person_min"], 0),
        "unserved": _rounded(losses.loc[worst, "unserved_count"], 0),
    }


def _indicator(name: str) -> dict[str, object]:
    indicator = INDICATORS[name]
    return {
        "id": name,
        "unit": indicator.unit,
        "better": indicator.better,
        "goal": indicator.goal,
        "source": indicator.source,
    }


def _legend(style: Style) -> dict[str, object]:
    return {
        "name": style.name,
        "classes": [
            [each.label, each.colour, each.lower, each.upper] for each in style.classes
        ],
        "missing": [style.missing.label, style.missing.colour] if style.missing else None,
    }


def _once(
    places: gpd.GeoDataFrame, key: str, tables: Mapping[str, gpd.GeoDataFrame]
) -> gpd.GeoDataFrame:
    """One row per zone: its polygon where it has one, its point otherwise."""
    first = places.drop_duplicates(key).set_index(key, drop=False)
    polygons = tables["zones"].drop_duplicates(key).set_index(key).geometry
    geometry = polygons.reindex(first.index).where(
        first.index.isin(polygons.index), first.geometry
    )
    return first.set_geometry(gpd.GeoSeries(geometry, index=first.index, crs=places.crs))


def _features(frame: gpd.GeoDataFrame, columns: Sequence[str]) -> dict[str, object]:
    degrees = frame.to_crs("EPSG:4326")
    rounded = shapely.transform(
        degrees.geometry.to_numpy(), lambda xy: xy.round(DEGREE_DECIMALS)
    )
    shapes = [json.loads(text) for text in shapely.to_geojson(rounded)]
    rows = pd.DataFrame(frame[list(columns)]).to_dict("records")
    return {
        "type": "FeatureCollection",
        "features": [
            {
                "type": "Feature",
                "properties": {key: _rounded(value) for key, value in row.items()},
                "geometry": shape,
            }
            for row, shape in zip(rows, shapes, strict=True)
        ],
    }


def _values(frame: pd.DataFrame, key: str, columns: Sequence[str]) -> dict[str, object]:
    """Values by scenario, column and feature."""
    return {
        scenario: {
            column: {
                feature: _rounded(value)
                for feature, value in zip(rows[key], rows[column], strict=True)
            }
            for column in columns
        }
        for scenario, rows in frame.groupby("scenario", sort=False)
    }


def _flows(flows: gpd.GeoDataFrame) -> dict[str, list[list[object]]]:
    degrees = flows.to_crs("EPSG:4326")
    lines = [
        [[round(y, DEGREE_DECIMALS), round(x, DEGREE_DECIMALS)] for x, y in line.coords]
        for line in degrees.geometry
    ]
    drawn: dict[str, list[list[object]]] = {}
    for row, line in zip(flows.itertuples(), lines, strict=True):
        drawn.setdefault(row.scenario, []).append(
            [row.live_zone_id, row.work_zone_id, _rounded(row.commuters_count, 0), line]
        )
    return drawn


def _rounded(value: object, decimals: int = SHOWN_DECIMALS) -> object:
    if isinstance(value, float):
        return (
            None
            if pd.isna(value) or value in (float("inf"), -float("inf"))
            else round(value, decimals)
        )
    if hasattr(value, "item"):
        return _rounded(value.item(), decimals)
    return None if value is None or value is pd.NA else value


def _panel(data: Mapping[str, object], words: Words) -> str:
    """Write title, caveat and goal scores as plain HTML: they show where scripts are blocked."""
    goals, scenarios = data["goals"], data["scenarios"]
    head = "".join(f"<th>{html.escape(goal['ru'])}</th>" for goal in goals)  # type: ignore[attr-defined]
    rows = "".join(
        "<tr><td>"
        + html.escape(one["title"]["ru"])
        + "</td>"
        + "".join(f"<td>{one['scores'][goal['id']][0]}</td>" for goal in goals)  # type: ignore[attr-defined]
        + "</tr>"
        for one in scenarios  # type: ignore[attr-defined]
    )
    title = html.escape(data["title"]["ru"])  # type: ignore[index]
    caveat = html.escape(words.text("word", "caveat", "ru"))
    blocked = html.escape(words.text("word", "no_script", "ru"))
    return (
        f'<aside id="panel"><h1 id="title">{title}</h1><p id="caveat">{caveat}</p>'
        f'<noscript><p>{blocked}</p><table class="plain"><tr><th></th>{head}</tr>{rows}</table>'
        '</noscript><div id="controls"></div></aside><div id="names"></div>'
    )


def _script_element(script: str) -> MacroElement:
    """Wrap a script so that folium runs it after the map is there."""
    element = MacroElement()
    element._template = Template(
        "{% macro script(this, kwargs) %}{{ this.text }}{% endmacro %}"
    )
    element.text = script
    return element


def _safe_json(data: object) -> str:
    """Write JSON that cannot leave its script element, whatever a name holds."""
    text = json.dumps(data, ensure_ascii=False, separators=(",", ":"), allow_nan=False)
    for sign in "<>&\u2028\u2029":
        text = text.replace(sign, f"\\u{ord(sign):04x}")
    return text


def _verbatim(text: str) -> str:
    """Keep folium's templates from reading braces in our text."""
    return "{% raw %}" + text.replace("{% endraw", "{% end raw") + "{% endraw %}"


def _asset(name: str) -> str:
    return (ASSETS / name).read_text(encoding="utf-8")


def _stable_names(page: str) -> str:
    """Give folium's random element names numbers in order: same input, same bytes."""
    found = dict.fromkeys(re.findall(r"\b[a-z_]+_([0-9a-f]{32})\b", page))
    for number, name in enumerate(found):
        page = page.replace(name, f"{number}")
    return page


def _inlined(page: str) -> str:
    """Put Leaflet from its installed package into the page; refuse what is left outside."""
    source = re.sub(r"//# sourceMappingURL=\S+", "", _leaflet("leaflet.js").decode())
    script = source.replace("</script", "<\\/script")
    style = re.sub(
        r"url\((?!data:|#)([^)]+)\)",
        lambda match: f"url({_data_uri(match.group(1))})",
        _leaflet("leaflet.css").decode(),
    )
    page = page.replace('<script src="leaflet.js"></script>', f"<script>{script}</script>")
    page = page.replace(
        '<link rel="stylesheet" href="leaflet.css"/>', f"<style>{style}</style>"
    )
    outside = re.findall(
        r"<(?:script|link|img|iframe)[^>]+(?:src|href)=[\"'](?!data:)[^\"']+", page
    )
    if outside:
        raise OutputError(
            f"the map would ask the network for {outside[0][:120]}; nothing is written"
        )
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
