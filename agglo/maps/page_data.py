"""What the meeting map shows, as one plain structure that becomes JSON."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence

import geopandas as gpd
import pandas as pd
import shapely

from agglo.indicators.measures import WHOLE
from agglo.indicators.registry import INDICATORS
from agglo.maps.drawing import ROLE_COLOURS, link_styles, zone_styles
from agglo.maps.row_names import row_names
from agglo.maps.styles import Style
from agglo.maps.tables import imagery_columns
from agglo.maps.territory_data import territory_data
from agglo.maps.words import LANGUAGES, Theme, Words
from agglo.region import Provenance, attributions
from agglo.run import Result, cut_places, worst_link
from agglo.scenarios.receipts import ABSENT
from agglo.scoring.goals import Goal
from agglo.tables import weakest_status

DEGREE_DECIMALS = 4
SHOWN_DECIMALS = 6
LINK_COLUMNS = ("speed_kmh", "link_loss_person_min", "link_unserved_count", "is_open", "is_changed")
MOST_LINKS = 6_000
"""The page draws no more links than this: the main roads, and what scenarios change."""

MAIN_CLASSES = (
    "motorway", "trunk", "primary", "motorway_link", "trunk_link", "secondary", "tertiary"
)  # fmt: skip
RECEIPT_SHOWN = ["change", "table", "row_id", "column", "before", "after", "basis"]
RANGE_ENDINGS = ("_low_count", "_high_count", "_low_min", "_high_min")
"""Columns of ranges, which receipts.csv keeps and the page leaves out."""


def page_data(
    results: Sequence[Result],
    tables: Mapping[str, gpd.GeoDataFrame],
    goals: Sequence[Goal],
    theme: Theme,
    words: Words,
) -> dict[str, object]:
    """Gather all that the page shows: values by scenario, geometry once, texts in both languages.

    Geometry is in EPSG:4326, rounded to 1e-4 degrees (about 10 m). ``None`` stands for a value
    that is missing or has no way.
    """
    region = results[0].case.region
    links = main_links(tables["links"])
    return {
        "title": {"ru": region.name_ru, "en": region.name_en},
        "texts": words.texts,
        "scenarios": [_scenario(result, results[0]) for result in results],
        "goals": [
            {"id": goal.id, "ru": goal.name_ru, "en": goal.name_en, "headline": goal.headline}
            for goal in goals
        ],
        "indicators": [_indicator(name) for name in INDICATORS],
        "shown": list(theme.shown),
        "key": list(theme.key),
        "flow_status": weakest_status("modelled", *region["zones"]["status"]),
        "population_status": weakest_status(*region["settlements"]["status"]),
        "work_status": weakest_status(*region["zones"]["status"]),
        "attribution": " · ".join(attributions(region.provenance)),
        "styles": {language: _styles(tables, theme, words, language) for language in LANGUAGES},
        "colours": {**theme.colours, **ROLE_COLOURS},
        "municipalities": _features(
            tables["municipalities"],
            _about_municipalities(results[0], tables["municipalities"]),
        ),
        "zones": _features(_once(tables["places"], "zone_id", tables), ["zone_id", "name_ru",
            "name_en", "municipality_id", "kind", "lon", "lat"]),
        "zone_values": _values(tables["places"], "zone_id", [
            *theme.shown, "population_count", "workers_count", "jobs_count"]),
        "links": _features(
            links.drop_duplicates("link_id"),
            ["link_id", "name_ru", "name_en", "road", "class", "length_km", "status"],
        ),
        "link_values": _values(links, "link_id", LINK_COLUMNS),
        "links_shown": links["link_id"].nunique(),
        "links_all": tables["links"]["link_id"].nunique(),
        "railways": _features(tables["railways"], ["name_ru", "name_en", "status"]),
        "stops": _features(tables["stops"], ["name_ru", "name_en", "mode", "km", "status"]),
        "employers": _features(
            tables["employers"], ["name_ru", "name_en", "jobs_count", "year", "source", "status"]
        ),
        "flows": _flows(tables["flows"]),
        "territory": territory_data(results),
        "sources": [_source(item) for item in region.provenance],
        "inputs": results[0].inputs_sha256[:12],
    }  # fmt: skip


def _about_municipalities(baseline: Result, table: pd.DataFrame) -> list[str]:
    """List the columns that a municipality's tip may show; rasters have a view of their own."""
    elsewhere = {"geometry", "oktmo", *imagery_columns(baseline).columns}
    return [column for column in table.columns if column not in elsewhere]


def main_links(links: gpd.GeoDataFrame, *, most: int = MOST_LINKS) -> gpd.GeoDataFrame:
    """Keep the links that a page can draw: all, or the main roads of a large network.

    What a scenario changes comes first, then what would cost most if it closed, then the class
    of the road. The GeoPackage and the QGIS project keep every link.
    """
    order = {name: rank for rank, name in enumerate(MAIN_CLASSES)}
    ranked = pd.DataFrame(
        {
            "link_id": links["link_id"],
            "is_changed": links["is_changed"],
            "rank": -links["class"].map(order).fillna(len(order)),
            "loss": links["link_loss_person_min"].fillna(0.0),
        }
    )
    best = ranked.groupby("link_id").max()
    if len(best) <= most:
        return links
    best["is_worst"] = best["loss"].where(best["loss"] > 0).rank(ascending=False) <= most / 10
    by = ["is_changed", "is_worst", "rank", "loss", "link_id"]
    ordered = best.reset_index().sort_values(by, ascending=[False, False, False, False, True])
    return links[links["link_id"].isin(ordered["link_id"].head(most))]


def _styles(
    tables: Mapping[str, gpd.GeoDataFrame], theme: Theme, words: Words, language: str
) -> dict[str, object]:
    styles = {
        **zone_styles(tables["places"], theme, words, language, geometry="point"),
        **link_styles(tables["links"], theme, words, language),
    }
    return {column: _legend(style) for column, style in styles.items()}


def _source(item: Provenance) -> dict[str, object]:
    return {
        "title": {"ru": item.title_ru or item.title, "en": item.title},
        "source": item.source,
        "licence": item.licence,
        "attribution": item.attribution,
        "date": item.date,
        "status": item.status,
        "note": item.note,
    }


def _scenario(result: Result, baseline: Result) -> dict[str, object]:
    scenario = result.scenario
    own = result.indicators[result.indicators["place_id"] == WHOLE]
    return {
        "id": scenario.name,
        "title": {"ru": scenario.title_ru, "en": scenario.title},
        "description": {
            "ru": scenario.description_ru or scenario.description,
            "en": scenario.description,
        },
        "horizon": scenario.horizon,
        "scores": {
            goal: [_rounded(number, 1) for number in numbers]
            for goal, *numbers in result.scores[["goal", "score", "low", "high"]].to_numpy()
        },
        "whole": {
            name: _rounded(value)
            for name, value in zip(own["indicator"], own["value"], strict=True)
        },
        "status": dict(zip(own["indicator"], own["status"], strict=True)),
        "worst": worst_link(result),
        "cut_off": cut_places(result),
        "receipts": _receipts(result, baseline),
    }


def _receipts(result: Result, baseline: Result) -> list[dict[str, object]]:
    """Gather the receipts of a scenario with names that people know.

    Rows with one and the same change stand together; a row that the scenario adds shows once;
    ranges stay in receipts.csv.
    """
    regions = (result.case.region, baseline.case.region)
    groups: dict[tuple[object, ...], list[dict[str, str]]] = {}
    for number, table, row, column, before, after, basis in result.receipts[
        RECEIPT_SHOWN
    ].to_numpy():
        if str(column).endswith(RANGE_ENDINGS):
            continue
        is_new = before == ABSENT and after != ABSENT
        key = (number, basis, *(("", row, "") if is_new else (column, before, after)))
        names = row_names(regions, table, row)
        if names not in groups.setdefault(key, []):
            groups[key].append(names)
    return [
        {
            **{language: _joined([one[language] for one in names]) for language in LANGUAGES},
            "column": column,
            "before": before if column else ABSENT,
            "after": after,
            "basis": basis,
            "why": {
                "ru": result.scenario.steps[int(str(number)) - 1].why_ru,
                "en": result.scenario.steps[int(str(number)) - 1].why,
            },
        }
        for (number, basis, column, before, after), names in groups.items()
    ]


def _joined(names: Sequence[str]) -> str:
    """Join names; of many only the first and the last are said, and how many there are."""
    return "; ".join(names) if len(names) <= 2 else f"{names[0]} … {names[-1]} ({len(names)})"


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
        "classes": [[each.label, each.colour, each.lower, each.upper] for each in style.classes],
        "missing": [style.missing.label, style.missing.colour] if style.missing else None,
    }


def _once(
    places: gpd.GeoDataFrame, key: str, tables: Mapping[str, gpd.GeoDataFrame]
) -> gpd.GeoDataFrame:
    """One row per zone: its polygon where it has one, its point otherwise."""
    first = places.drop_duplicates(key).set_index(key, drop=False)
    polygons = tables["zones"].drop_duplicates(key).set_index(key).geometry
    geometry = polygons.reindex(first.index).where(first.index.isin(polygons.index), first.geometry)
    return first.set_geometry(gpd.GeoSeries(geometry, index=first.index, crs=places.crs))


def _features(frame: gpd.GeoDataFrame, columns: Sequence[str]) -> dict[str, object]:
    degrees = frame.to_crs("EPSG:4326")
    rounded = shapely.transform(degrees.geometry.to_numpy(), lambda xy: xy.round(DEGREE_DECIMALS))
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
        str(scenario): {
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
