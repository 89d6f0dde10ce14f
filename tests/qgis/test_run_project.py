"""The project that a run of the built-in workspace writes, opened by QGIS."""

from __future__ import annotations

import json
import os
import subprocess
from collections import Counter
from pathlib import Path

import pandas as pd
import pyogrio
import pytest

from agglo.maps.qgis import layer_id
from agglo.maps.reasons import CHANGE_COLOURS, FIRM_COLOURS, count_classes, membership_kinds
from agglo.maps.territory_data import definitions_of
from agglo.maps.words import Words, read_words
from agglo.output import write_output
from agglo.run import Result
from agglo.workspace import Workspace

QGIS_PYTHON = Path("/usr/bin/python3")
CHECK = Path(__file__).with_name("check_project.py")
TABLES = (
    "zones", "places", "links", "flows", "stops", "railways", "municipalities", "territory",
    "territory_municipalities", "territory_counts",
)  # fmt: skip
RASTERS = ("population_density", "night_lights", "land_cover")
BY_SCENARIO = ("zones", "places", "links", "flows")
Facts = dict


@pytest.fixture(scope="module")
def folder(
    workspace: Workspace, results: dict[str, Result], tmp_path_factory: pytest.TempPathFactory
) -> Path:
    """Write the run of the whole workspace and move it, as planners do."""
    out = tmp_path_factory.mktemp("run") / "build"
    written = write_output(workspace, list(results.values()), out)
    return written.rename(out.with_name("Совещание 12 мая"))


@pytest.fixture(scope="module")
def seen(folder: Path) -> Facts:
    """Ask QGIS about the project and about the tables opened without it."""
    if not QGIS_PYTHON.exists():
        pytest.skip(f"{QGIS_PYTHON} is not there")
    here = subprocess.run([QGIS_PYTHON, "-c", "import qgis.core"], capture_output=True)
    if here.returncode != 0:
        pytest.skip(f"{QGIS_PYTHON} has no QGIS (apt-get install python3-qgis)")
    gpkg = folder / "agglomeration.gpkg"
    direct = [f"--open={gpkg}|layername={table}" for table in TABLES]
    done = subprocess.run(
        [QGIS_PYTHON, CHECK, folder / "agglomeration.qgz", *direct, "--png", folder / "map.png"],
        env={**os.environ, "QT_QPA_PLATFORM": "offscreen", "PYTHONPATH": ""},
        capture_output=True, encoding="utf-8", check=False, timeout=300,
    )  # fmt: skip
    assert done.returncode == 0, done.stderr + done.stdout
    facts = json.loads(done.stdout)
    facts["opened"] = {name.split("=")[-1]: each for name, each in facts["opened"].items()}
    return facts


@pytest.fixture(scope="module")
def stored(folder: Path) -> dict[str, pd.DataFrame]:
    """Read the tables of the GeoPackage without QGIS."""
    return {
        table: pyogrio.read_dataframe(
            folder / "agglomeration.gpkg", layer=table, read_geometry=False
        )
        for table in TABLES
    }


@pytest.fixture(scope="module")
def words(workspace: Workspace) -> Words:
    return read_words(workspace.root / "maps")


def of(seen: Facts, table: str, scenario: str) -> Facts:
    """Return what QGIS says of the layer of one table and scenario."""
    return seen["layers"][layer_id(f"{table}:{scenario}")]


def drawn(seen: Facts) -> list[Facts]:
    """Return the layers of the GeoPackage: rasters keep a CRS and a source of their own."""
    rasters = {layer_id(f"raster:{name}") for name in RASTERS}
    assert rasters <= set(seen["layers"])
    return [each for key, each in seen["layers"].items() if key not in rasters]


def test_every_layer_of_the_run_is_valid_and_in_the_regions_crs(
    seen: Facts, workspace: Workspace, results: dict[str, Result]
) -> None:
    assert len(seen["layers"]) >= len(BY_SCENARIO) * len(results)
    assert [each["name"] for each in seen["layers"].values() if not each["valid"]] == []
    assert {each["crs"] for each in drawn(seen)} == {workspace.region.crs}
    assert seen["crs"] == workspace.region.crs
    assert seen["title"] == workspace.region.name_ru


@pytest.mark.parametrize("table", BY_SCENARIO)
def test_a_layer_shows_the_rows_of_its_own_scenario_only(
    seen: Facts, stored: dict[str, pd.DataFrame], results: dict[str, Result], table: str
) -> None:
    rows = stored[table]
    if table == "places":
        # Where a zone has a polygon, the polygon carries the value.
        rows = rows[~rows["zone_id"].isin(stored["zones"]["zone_id"])]
    expected = Counter(rows["scenario"])
    assert set(expected) == set(results)
    assert {name: of(seen, table, name)["feature_count"] for name in results} == dict(expected)


def test_every_scenario_has_a_theme_and_so_have_the_flows_and_the_territory(
    seen: Facts, results: dict[str, Result], words: Words
) -> None:
    titles = {name: result.scenario.title_ru for name, result in results.items()}
    assert set(titles.values()) <= set(seen["themes"])
    assert len(seen["themes"]) == len(results) + 3
    for name, title in titles.items():
        shown = set(seen["themes"][title])
        assert {layer_id(f"zones:{name}"), layer_id(f"links:{name}")} <= shown
        others = {layer_id(f"zones:{other}") for other in results if other != name}
        assert not others & shown
    flows, territory = (words.text("word", key, "ru") for key in ("commuting", "territory"))
    assert layer_id("flows:baseline") in seen["themes"][flows]
    assert layer_id("territory_counts:baseline") in seen["themes"][territory]


def test_a_theme_shows_the_difference_for_all_but_the_baseline(
    seen: Facts, results: dict[str, Result]
) -> None:
    columns = {}
    for name, result in results.items():
        style = seen["themes"][result.scenario.title_ru][layer_id(f"zones:{name}")]
        assert style in of(seen, "zones", name)["styles"]
        columns[name] = style
    baseline = columns.pop("baseline")
    assert len(set(columns.values())) == 1
    assert baseline not in columns.values()


def test_every_zone_is_drawn_by_a_class_of_the_legend(
    seen: Facts, results: dict[str, Result]
) -> None:
    for name in results:
        layer = of(seen, "zones", name)
        assert set(layer["drawn_counts"]) <= {each["label"] for each in layer["legend"]}
        assert sum(layer["drawn_counts"].values()) == layer["feature_count"]
    assert len(of(seen, "zones", "baseline")["drawn_counts"]) >= 3


@pytest.mark.parametrize(
    "scenario",
    ["baseline", "m3-closed"],
)
def test_every_road_is_drawn_even_where_it_is_closed(seen: Facts, scenario: str) -> None:
    assert "" not in of(seen, "links", scenario)["drawn_counts"]


def test_one_colour_means_the_same_in_every_scenario(
    seen: Facts, results: dict[str, Result]
) -> None:
    for table in ("zones", "links"):
        legends = {
            (layer["style"], json.dumps(layer["legend"], ensure_ascii=False))
            for layer in (of(seen, table, name) for name in results if name != "baseline")
        }
        assert len(legends) == len({style for style, _ in legends})


def test_the_baseline_is_what_is_seen_first(seen: Facts) -> None:
    visible = {each["id"] for group in seen["tree"] for each in group["layers"] if each["visible"]}
    zones = {key for key in visible if "scenario = " in seen["layers"][key]["source"]}
    assert layer_id("zones:baseline") in zones
    assert all("scenario = 'baseline'" in seen["layers"][key]["source"] for key in zones)
    assert seen["drawing_errors"] == []


def test_columns_have_names_that_people_read(seen: Facts) -> None:
    aliases = of(seen, "zones", "baseline")["aliases"]
    assert "jobs_by_decay" in aliases
    assert all(alias.strip() for alias in aliases.values())
    assert all("_" not in aliases[name] for name in aliases if name.startswith("jobs_"))


def test_every_layer_says_where_its_data_come_from(seen: Facts) -> None:
    assert all("OpenStreetMap" in each["abstract"] for each in drawn(seen))


@pytest.mark.parametrize("table", TABLES)
def test_a_table_opened_without_the_project_is_drawn_in_its_own_style(
    seen: Facts, table: str
) -> None:
    opened = seen["opened"][table]
    styled = [
        layer for layer in seen["layers"].values() if f"layername={table}|" in f"{layer['source']}|"
    ]
    assert opened["valid"]
    assert opened["feature_count"] > 0
    assert opened["legend"] or opened["renderer"] == "singleSymbol"
    colours = [[each["colour"] for each in layer["legend"]] for layer in styled]
    assert [each["colour"] for each in opened["legend"]] in colours


def test_a_table_opened_without_the_project_has_classes_where_the_map_has_them(
    seen: Facts,
) -> None:
    for table in ("zones", "links", "stops", "municipalities"):
        assert seen["opened"][table]["renderer"] != "singleSymbol"
        assert len(seen["opened"][table]["legend"]) >= 2


def test_the_print_layout_has_map_legend_scale_and_north(seen: Facts) -> None:
    (items,) = seen["layouts"].values()
    for wanted in ("Map", "Legend", "ScaleBar", "Picture"):
        assert items.count(f"QgsLayoutItem{wanted}") == 1


@pytest.mark.parametrize(
    ("table", "attribute"),
    [
        ("territory", "memberships"),
        ("territory_municipalities", "municipality_memberships"),
    ],
)
def test_the_territory_is_drawn_by_every_definition_as_on_the_page(
    seen: Facts, results: dict[str, Result], words: Words, table: str, attribute: str
) -> None:
    rows = getattr(results["baseline"], attribute)
    definitions = definitions_of(list(results.values()))
    assert len(definitions) >= 8
    for definition in definitions:
        own = rows[rows["definition"] == definition]
        layer = seen["layers"][layer_id(f"{table}:{definition}")]
        labels = {kind: words.text("firm", kind, "ru") for kind in FIRM_COLOURS}
        assert layer["legend"] == [
            {"label": labels[kind], "colour": colour} for kind, colour in FIRM_COLOURS.items()
        ]
        kinds = Counter(membership_kinds(own).map(labels))
        assert layer["drawn_counts"] == dict(kinds)


def test_the_count_of_definitions_is_drawn_for_every_zone(
    seen: Facts, results: dict[str, Result]
) -> None:
    rows = results["baseline"].memberships
    methods = rows[rows["definition"] != "official"]
    layer = of(seen, "territory_counts", "baseline")
    classes = count_classes(methods["definition"].nunique())
    assert layer["legend"] == [{"label": each.label, "colour": each.colour} for each in classes]
    counts = methods.groupby("zone_id")["is_in"].sum()
    assert layer["drawn_counts"] == dict(Counter(classes[count].label for count in counts))


def test_who_moves_over_the_boundary_has_a_layer_of_its_own(
    seen: Facts, results: dict[str, Result], words: Words
) -> None:
    drawn = 0
    for name, result in results.items():
        moved = result.memberships[result.memberships["change"] != ""]
        for definition, rows in moved.groupby("definition"):
            layer = seen["layers"][layer_id(f"territory:{name}:{definition}")]
            wanted = Counter(words.text("word", change, "ru") for change in rows["change"])
            assert layer["drawn_counts"] == dict(wanted)
            assert {each["colour"] for each in layer["legend"]} == set(CHANGE_COLOURS.values())
            drawn += 1
    assert drawn > 0


def test_the_rasters_lie_beside_the_project_in_a_theme_of_their_own(
    seen: Facts, folder: Path, words: Words
) -> None:
    theme = seen["themes"][words.text("word", "imagery", "ru")]
    assert {layer_id(f"raster:{name}") for name in RASTERS} & set(theme)
    for name in RASTERS:
        layer = seen["layers"][layer_id(f"raster:{name}")]
        assert layer["valid"]
        assert layer["source"].endswith(f"imagery_{name}.tif")
        assert (folder / f"imagery_{name}.qml").is_file()
