"""The GeoPackage with its styles and the QGIS project that opens it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path

import geopandas as gpd
import pyogrio

from agglo.indicators.registry import INDICATORS
from agglo.layers.write import GPKG_VERSION, fixed_date
from agglo.maps.drawing import base_styles, link_styles, shown_numbers, zone_styles
from agglo.maps.layer_styles import write_layer_styles
from agglo.maps.qgis import write_project
from agglo.maps.raster_qml import ProjectRaster, raster_theme, write_raster_styles
from agglo.maps.styles import MapTheme, ProjectLayer, Style
from agglo.maps.tables import CHANGE_PREFIX
from agglo.maps.territory_layers import territory_layers, territory_theme_layers
from agglo.maps.words import Theme, Words
from agglo.region import attributions
from agglo.run import Result
from agglo.scenarios.files import BASELINE

GEOPACKAGE = "agglomeration.gpkg"
PROJECT = "agglomeration.qgz"
LANGUAGE = "ru"


def write_geopackage(
    folder: Path,
    tables: Mapping[str, gpd.GeoDataFrame],
    results: Sequence[Result],
    theme: Theme,
    words: Words,
    *,
    rasters: Sequence[ProjectRaster] = (),
) -> None:
    """Write the GeoPackage, its default styles and the QGIS project beside it.

    Parameters
    ----------
    rasters
        Their files lie in the folder; the style of each is written beside it.
    """
    region = results[0].case.region
    path = folder / GEOPACKAGE
    with fixed_date():
        for name, table in tables.items():
            pyogrio.write_dataframe(
                shown_numbers(table),
                path,
                layer=name,
                driver="GPKG",
                geometry_name="geom",
                dataset_options={"VERSION": GPKG_VERSION},
                layer_options={"IDENTIFIER": words.text("word", name, LANGUAGE)},
            )
    layers = project_layers(tables, results, theme, words)
    write_layer_styles(path, layers)
    members = tables["municipalities"]
    members = members[members["role"] != "context"]
    west, south, east, north = members.total_bounds
    write_raster_styles(folder, rasters)
    write_project(
        folder / PROJECT,
        layers=layers,
        rasters=rasters,
        themes=_themes(results, layers, words, rasters),
        title=region.name_ru,
        abstract=" ".join(
            [
                words.text("word", "caveat", LANGUAGE),
                words.text("word", "inputs", LANGUAGE),
                results[0].inputs_sha256[:12],
            ]
        ),
        crs=region.crs,
        extent=(float(west), float(south), float(east), float(north)),
        gpkg=GEOPACKAGE,
    )


def project_layers(
    tables: Mapping[str, gpd.GeoDataFrame],
    results: Sequence[Result],
    theme: Theme,
    words: Words,
) -> list[ProjectLayer]:
    """List the layers of the project from top to bottom."""
    base = base_styles(theme, words, LANGUAGE)
    places = zone_styles(tables["places"], theme, words, LANGUAGE, geometry="point")
    zones = zone_styles(tables["places"], theme, words, LANGUAGE, geometry="polygon")
    links = link_styles(tables["links"], theme, words, LANGUAGE)
    top, bottom = words.text("word", "places", LANGUAGE), words.text("word", "base", LANGUAGE)
    aliases = _aliases(words)
    named = f"{of_scenario(BASELINE)} AND kind <> 'remainder'"
    layers = [
        _layer("places", top, base["places"], results, words, subset=named, aliases=aliases),
        _layer("stops", top, base["stops"], results, words),
        _layer("employers", top, base["employers"], results, words),
        _layer("railways", top, base["railways"], results, words),
    ]
    for result in results:
        layers += _scenario_layers(result, results, zones, places, links, base["flows"], words)
    layers += territory_layers(tables, results, words, language=LANGUAGE, source=_source(results))
    layers.append(
        _layer("municipalities", bottom, base["municipalities"], results, words, aliases=aliases)
    )
    return layers


def of_scenario(name: str) -> str:
    """Return the SQL filter of one scenario."""
    quoted = name.replace("'", "''")
    return f"scenario = '{quoted}'"


def _scenario_layers(
    result: Result,
    results: Sequence[Result],
    zones: Mapping[str, Style],
    places: Mapping[str, Style],
    links: Mapping[str, Style],
    flows: Style,
    words: Words,
) -> list[ProjectLayer]:
    """List the layers of one scenario; its difference from the baseline is the default style."""
    scenario = result.scenario
    is_baseline = scenario.name == BASELINE
    own = of_scenario(scenario.name)
    points = f" ({words.text('word', 'without_area', LANGUAGE)})"
    stacked = (
        ("flows", (flows,), own, ""),
        (
            "places",
            _ordered(places, changes_first=not is_baseline),
            f"{own} AND has_area = 0",
            points,
        ),
        ("links", _ordered(links, changes_first=False), own, ""),
        ("zones", _ordered(zones, changes_first=not is_baseline), own, ""),
    )
    return [
        ProjectLayer(
            key=f"{table}:{scenario.name}",
            table=table,
            title=f"{styles[0].name}{suffix}",
            group=_title(result, results),
            styles=styles,
            aliases=_aliases(words),
            source=_source(results),
            visible=is_baseline and table != "flows",
            map_tip='<b>[% "name_ru" %]</b>' if table != "flows" else None,
            subset=subset,
        )
        for table, styles, subset, suffix in stacked
    ]


def _ordered(styles: Mapping[str, Style], *, changes_first: bool) -> tuple[Style, ...]:
    """Values alone, or differences from the baseline first."""
    values = [style for name, style in styles.items() if not name.startswith(CHANGE_PREFIX)]
    changes = [style for name, style in styles.items() if name.startswith(CHANGE_PREFIX)]
    return tuple([*changes, *values] if changes_first else values)


def _layer(
    table: str,
    group: str,
    style: Style,
    results: Sequence[Result],
    words: Words,
    *,
    subset: str | None = None,
    aliases: Mapping[str, str] | None = None,
) -> ProjectLayer:
    return ProjectLayer(
        key=f"base:{table}",
        table=table,
        title=words.text("word", table, LANGUAGE),
        group=group,
        styles=(style,),
        aliases=aliases or {},
        source=_source(results),
        map_tip='<b>[% "name_ru" %]</b>',
        subset=subset,
    )


def _themes(
    results: Sequence[Result],
    layers: Sequence[ProjectLayer],
    words: Words,
    rasters: Sequence[ProjectRaster] = (),
) -> list[MapTheme]:
    """One theme per scenario, one each for flows, territory and imagery."""
    base = tuple(layer.key for layer in layers if layer.key.startswith("base:"))
    themes = []
    for result in results:
        own = tuple(f"{table}:{result.scenario.name}" for table in ("places", "links", "zones"))
        themes.append(MapTheme(name=_title(result, results), layers=(*base, *own)))
    flows = MapTheme(
        name=words.text("word", "commuting", LANGUAGE),
        layers=(*base, f"flows:{BASELINE}"),
    )
    own = territory_theme_layers(layers)
    territory = MapTheme(name=words.text("word", "territory", LANGUAGE), layers=(*base, *own))
    imagery = [raster_theme(rasters, base, words=words, language=LANGUAGE)] if rasters else []
    return [*themes, flows, *([territory] if own else []), *imagery]


def _title(result: Result, results: Sequence[Result]) -> str:
    """Title of a scenario, with its name where another has the same title."""
    title = result.scenario.title_ru
    same = [one for one in results if one.scenario.title_ru == title]
    return title if len(same) == 1 else f"{title} ({result.scenario.name})"


def _aliases(words: Words) -> dict[str, str]:
    names = {name: words.text("indicator", name, LANGUAGE) for name in INDICATORS}
    change = words.text("word", "change", LANGUAGE)
    changes = {f"{CHANGE_PREFIX}{name}": f"{change}: {text}" for name, text in names.items()}
    fixed = {
        "scenario": "scenario", "population_count": "population", "workers_count": "workers",
        "jobs_count": "jobs", "status": "status", "speed_kmh": "speed", "length_km": "length",
        "lanes_count": "lanes", "municipality_id": "municipality",
    }  # fmt: skip
    return {
        **names,
        **changes,
        **{column: words.text("word", key, LANGUAGE) for column, key in fixed.items()},
    }


def _source(results: Sequence[Result]) -> str:
    return "; ".join(attributions(results[0].case.region.provenance))
