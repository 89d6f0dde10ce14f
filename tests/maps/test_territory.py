"""The territory as tables, as data of the page and as layers of the project."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from agglo.maps.page import page_from_results
from agglo.maps.project import project_layers
from agglo.maps.reasons import FIRM_COLOURS, count_classes, membership_kinds
from agglo.maps.styles import class_of
from agglo.maps.territory_data import definition_name, territory_data, territory_tables
from agglo.run import Result
from tests.drawn import (
    FIRMNESS,
    IN_BASELINE,
    IN_FASTER,
    REPOSITORY,
    small_run,
    tables_of_run,
    theme_and_words,
)
from tests.worlds import CRS, goals


@pytest.fixture(scope="module")
def drawn(tmp_path_factory: pytest.TempPathFactory) -> list[Result]:
    return small_run(tmp_path_factory.mktemp("world"))


def test_one_row_per_scenario_definition_and_zone(drawn: list[Result]) -> None:
    rows = territory_tables(drawn)["territory"]
    keys = ["scenario", "definition", "zone_id"]
    assert not rows.duplicated(keys).any()
    assert len(rows) == 2 * 3 * 9
    for scenario, inside in (("baseline", IN_BASELINE), ("faster", IN_FASTER)):
        own = rows[(rows["scenario"] == scenario) & rows["is_in"]]
        for definition, zones in inside.items():
            assert set(own.loc[own["definition"] == definition, "zone_id"]) == set(zones)
    assert rows.crs == CRS
    assert (rows.geom_type == "Polygon").all()


def test_every_row_has_the_name_and_the_shape_of_its_own_place(drawn: list[Result]) -> None:
    region = drawn[0].case.region
    zones = region.geo("zones").set_index("zone_id")
    members = region.geo("municipalities").set_index("municipality_id")
    tables = territory_tables(drawn)
    for name in ("territory", "territory_counts"):
        rows = tables[name]
        apart = rows.geometry.centroid.distance(zones.geometry[rows["zone_id"]], align=False)
        assert apart.max() < 1.0
        assert (rows["name_ru"].to_numpy() == zones["name_ru"][rows["zone_id"]].to_numpy()).all()
    rows = tables["territory_municipalities"]
    same = rows.geometry.geom_equals(members.geometry[rows["municipality_id"]], align=False)
    assert same.all()


def test_who_enters_and_who_leaves_is_told(drawn: list[Result]) -> None:
    rows = territory_tables(drawn)["territory"]
    moved = rows[rows["change"] != ""].set_index("zone_id")["change"].to_dict()
    assert moved == {"c10": "enters", "c11": "leaves"}


def test_the_colour_tells_in_and_out_and_how_firmly(drawn: list[Result]) -> None:
    rows = drawn[0].memberships.set_index(["definition", "zone_id"])
    kinds = membership_kinds(rows)
    assert kinds["fua"].to_dict() == {
        "c00": "in_firmly", "c01": "in_mostly", "c02": "out_disputed", "c10": "out_disputed",
        "c11": "in_disputed", "c12": "out_mostly", "c20": "out_firmly", "c21": "out_firmly",
        "c22": "out_firmly",
    }  # fmt: skip
    assert kinds["isochrone_60"]["c12"] == "in_disputed"
    assert set(kinds["official"]) == {"in_firmly", "out_firmly"}


def test_the_count_leaves_the_official_boundary_out(drawn: list[Result]) -> None:
    counts = territory_tables(drawn)["territory_counts"]
    base = counts[counts["scenario"] == "baseline"].set_index("zone_id")
    assert (base["of_count"] == 2).all()
    assert base["definitions_count"].to_dict() == {
        "c00": 2, "c01": 2, "c02": 1, "c10": 1, "c11": 2, "c12": 1, "c20": 1, "c21": 0, "c22": 0,
    }  # fmt: skip
    classes = count_classes(2)
    assert len({each.colour for each in classes}) == 3
    assert [class_of_count(classes, count) for count in (0, 1, 2)] == ["0 / 2", "1 / 2", "2 / 2"]


def class_of_count(classes, count: int) -> str:
    return next(each.label for each in classes if each.lower <= count <= each.upper)


def test_the_page_is_told_what_the_tables_hold(drawn: list[Result]) -> None:
    data = territory_data(drawn)
    json.dumps(data, allow_nan=False)
    assert data["definitions"] == list(IN_BASELINE)
    assert data["status"] == {
        "official": "observed", "fua": "modelled", "isochrone_60": "modelled",
    }  # fmt: skip
    row = data["zones"]["faster"]["fua"]["c10"]
    assert row[0] is True
    assert row[1:3] == ["c00", "share_to_core"]
    assert row[6:] == ["share", FIRMNESS["c10"], "enters"]
    assert data["zones"]["baseline"]["official"]["c00"][3:6] == [None, None, None]
    assert data["municipalities"]["baseline"]["fua"]["m0"][0] is True


def test_no_way_travels_as_text(drawn: list[Result]) -> None:
    rows = drawn[0].memberships
    rows = rows.assign(
        value=rows["value"].where(rows["zone_id"] != "c22", np.inf),
        margin=rows["margin"].where(rows["zone_id"] != "c22", -np.inf),
    )
    odd = [replace(drawn[0], memberships=rows)]
    data = territory_data(odd)
    assert data["zones"]["baseline"]["fua"]["c22"][3] == "inf"
    assert data["zones"]["baseline"]["fua"]["c22"][5] == "-inf"
    stored = territory_tables(odd)["territory"]
    assert not np.isinf(stored[["value", "margin"]].to_numpy()).any()


def test_a_run_without_a_boundary_has_no_territory(drawn: list[Result]) -> None:
    bare = [
        replace(one, memberships=pd.DataFrame(), municipality_memberships=pd.DataFrame())
        for one in drawn
    ]
    theme, words = theme_and_words()
    assert territory_data(bare) is None
    assert territory_tables(bare) == {}
    tables = tables_of_run(bare)
    assert not [name for name in tables if name.startswith("territory")]
    assert page_from_results(bare, tables, goals(), theme, words)
    layers = project_layers(tables, bare, theme, words)
    assert not [layer for layer in layers if layer.table.startswith("territory")]


def test_the_project_has_a_layer_for_each_definition_and_for_who_moves(
    drawn: list[Result],
) -> None:
    theme, words = theme_and_words()
    tables = tables_of_run(drawn)
    layers = {
        layer.key: layer
        for layer in project_layers(tables, drawn, theme, words)
        if layer.table.startswith("territory")
    }
    assert set(layers) == {
        "territory:faster:fua", "territory_counts:baseline",
        *(f"{table}:{one}" for one in IN_BASELINE
          for table in ("territory", "territory_municipalities")),
    }  # fmt: skip
    assert not any(layer.visible for layer in layers.values())
    assert layers["territory:isochrone_60"].title == "Изохрона ядра, 60 мин"
    moved = layers["territory:faster:fua"]
    assert "change <> ''" in moved.subset
    style = layers["territory:fua"].styles[0]
    for kind, colour in FIRM_COLOURS.items():
        assert class_of(style, kind).colour == colour


def test_every_definition_and_reason_of_a_run_has_words(results: dict[str, Result]) -> None:
    _, words = theme_and_words()
    rows = pd.concat(
        [one.memberships for one in results.values()]
        + [one.municipality_memberships for one in results.values()]
    )
    for language in ("ru", "en"):
        for definition in rows["definition"].unique():
            assert definition_name(words, definition, language) != definition
        for key in rows["decided_by"].unique():
            assert words.texts["decided"].get(key, {}).get(language), key
        for unit in set(rows["unit"]) - {""}:
            assert words.texts["unit"].get(unit, {}).get(language), unit


def test_every_word_of_the_page_is_there_in_both_languages() -> None:
    import re

    _, words = theme_and_words()
    scripts = REPOSITORY / "agglo" / "maps" / "assets"
    used = {"enters", "leaves", "of_zones", "of_municipalities", "territory", "indicators"}
    for name in ("territory.js", "parts.js", "page.js"):
        text = (scripts / name).read_text(encoding="utf-8")
        used |= set(re.findall(r'word\("(\w+)"\)', text))
    for key in sorted(used):
        assert set(words.texts["word"].get(key, {})) >= {"ru", "en"}, key


def test_files_of_the_territory_stay_small(drawn: list[Result], tmp_path: Path) -> None:
    theme, words = theme_and_words()
    page = page_from_results(drawn, tables_of_run(drawn), goals(), theme, words)
    path = tmp_path / "index.html"
    path.write_text(page, encoding="utf-8")
    assert path.stat().st_size < 1_000_000
