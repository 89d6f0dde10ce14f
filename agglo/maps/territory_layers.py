"""How QGIS draws the territory: a layer for each definition, and who enters and leaves."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import geopandas as gpd

from agglo.maps.reasons import (
    BORDER_COLOUR,
    CHANGE_COLOURS,
    FIRM_COLOURS,
    count_classes,
)
from agglo.maps.styles import LegendClass, ProjectLayer, Style
from agglo.maps.territory_data import COUNTS, KEYS, MUNICIPALITIES, ZONES, definition_name
from agglo.maps.words import Words
from agglo.run import Result
from agglo.scenarios.files import BASELINE

SPOKEN = ("decided_by", "value", "threshold", "margin", "firmness_share", "firmness_kind", "change")


def territory_layers(
    tables: Mapping[str, gpd.GeoDataFrame],
    results: Sequence[Result],
    words: Words,
    *,
    language: str,
    source: str,
) -> list[ProjectLayer]:
    """List the layers of the territory from top to bottom; none is visible at first.

    Who enters and leaves in each scenario, how many definitions include each zone, then the
    baseline by every definition: zones, and municipalities.
    """
    if ZONES not in tables:
        return []
    layers = [
        *_change_layers(tables, results, words, language, source),
        _count_layer(tables, words, language, source),
    ]
    definitions = dict.fromkeys(tables[ZONES]["definition"])
    for table in KEYS:
        layers += [
            _layer(
                table,
                f"{table}:{definition}",
                definition_name(words, definition, language),
                words.text("word", table, language),
                (_membership_style(words, language),),
                subset=f"scenario = '{BASELINE}' AND definition = '{definition}'",
                words=words,
                language=language,
                source=source,
            )
            for definition in definitions
        ]
    return layers


def territory_theme_layers(layers: Sequence[ProjectLayer]) -> tuple[str, ...]:
    """Return the keys of the layers that the theme of the territory shows."""
    return tuple(layer.key for layer in layers if layer.table == COUNTS)


def _change_layers(
    tables: Mapping[str, gpd.GeoDataFrame],
    results: Sequence[Result],
    words: Words,
    language: str,
    source: str,
) -> list[ProjectLayer]:
    """List the scenarios that move somebody over the boundary, by any definition."""
    rows = tables[ZONES]
    moved = rows[rows["change"] != ""]
    layers = []
    for result in results:
        name = result.scenario.name
        title = result.scenario.title_ru if language == "ru" else result.scenario.title
        own = moved[moved["scenario"] == name]
        for definition in dict.fromkeys(own["definition"]):
            quoted = name.replace("'", "''")
            layers.append(
                _layer(
                    ZONES,
                    f"{ZONES}:{name}:{definition}",
                    f"{title}: {definition_name(words, definition, language)}",
                    words.text("word", "territory_changes", language),
                    (_change_style(words, language),),
                    subset=f"scenario = '{quoted}' AND definition = '{definition}' "
                    "AND change <> ''",
                    words=words,
                    language=language,
                    source=source,
                )
            )
    return layers


def _count_layer(
    tables: Mapping[str, gpd.GeoDataFrame], words: Words, language: str, source: str
) -> ProjectLayer:
    style = Style(
        name=words.text("word", "all_definitions", language),
        geometry="polygon",
        column="definitions_count",
        classes=count_classes(int(tables[COUNTS]["of_count"].max())),
        outline="#4d4d4d",
        opacity=0.85,
    )
    return _layer(
        COUNTS,
        f"{COUNTS}:{BASELINE}",
        words.text("word", "all_definitions", language),
        words.text("word", ZONES, language),
        (style,),
        subset=f"scenario = '{BASELINE}'",
        words=words,
        language=language,
        source=source,
    )


def _membership_style(words: Words, language: str) -> Style:
    return Style(
        name=words.text("word", "layer_firmness", language),
        geometry="polygon",
        column="firmness_kind",
        classes=tuple(
            LegendClass(words.text("firm", kind, language), colour, value=kind)
            for kind, colour in FIRM_COLOURS.items()
        ),
        outline=BORDER_COLOUR,
        opacity=0.85,
    )


def _change_style(words: Words, language: str) -> Style:
    return Style(
        name=words.text("word", "territory_changes", language),
        geometry="polygon",
        column="change",
        classes=tuple(
            LegendClass(words.text("word", change, language), colour, value=change)
            for change, colour in CHANGE_COLOURS.items()
        ),
        hollow=True,
        dash=True,
        width_mm=1.2,
    )


def _layer(
    table: str,
    key: str,
    title: str,
    group: str,
    styles: tuple[Style, ...],
    *,
    subset: str,
    words: Words,
    language: str,
    source: str,
) -> ProjectLayer:
    aliases = {name: words.text("column", name, language) for name in SPOKEN}
    if table == MUNICIPALITIES:
        aliases["value"] = words.text("decided", "residents_inside_share", language)
    return ProjectLayer(
        key=key,
        table=table,
        title=title,
        group=group,
        styles=styles,
        aliases=aliases,
        source=source,
        visible=False,
        map_tip=f'<b>[% "name_{language}" %]</b>',
        subset=subset,
    )
