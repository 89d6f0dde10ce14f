"""The QGIS project: its bytes without QGIS, its look with QGIS."""

import dataclasses
import json
import os
import sqlite3
import subprocess
import xml.etree.ElementTree as ET
import zipfile
from pathlib import Path

import geopandas as gpd
import pandas as pd
import pytest
from pyproj import CRS
from shapely.geometry import LineString, Point, box

from agglo.errors import OutputError
from agglo.maps.layer_styles import write_layer_styles
from agglo.maps.qgis import layer_id, write_project
from agglo.maps.styles import LegendClass, MapTheme, ProjectLayer, Style, class_of

QGIS_PYTHON = Path("/usr/bin/python3")
CHECK = Path(__file__).with_name("check_project.py")
EXTENT = (380_000.0, 6_100_000.0, 440_000.0, 6_130_000.0)
NASTY = """Ёлка "кавычки" 'апостроф' <script>alert(1)</script> & 🚆 \x07"""
CLEAN = NASTY.replace("\x07", "")

TIME = Style(
    name="Доступность",
    geometry="polygon",
    column="reach_min",
    classes=(
        LegendClass("до 30 мин", "#1a9850", upper=30),
        LegendClass("30–60 мин", "#fee08b", lower=30, upper=60),
        LegendClass("дольше 60 мин", "#d73027", lower=60),
    ),
    label_column="name",
    opacity=0.85,
)
TIME_WITH_GAPS = dataclasses.replace(
    TIME, name="Доступность с пропусками", missing=LegendClass("нет данных", "#cccccc")
)
PARTS = Style(
    name="Пояса",
    geometry="polygon",
    column="belt",
    classes=(
        LegendClass("ядро", "#54278f", value="core"),
        LegendClass("спутник д'Артаньян", "#9e9ac8", value="d'Artagnan"),
    ),
)
BORDER = Style(
    name="Граница",
    geometry="polygon",
    classes=(LegendClass("Граница", "#444444"),),
    hollow=True,
    dash=True,
    width_mm=0.8,
)
ROADS = Style(
    name="Потоки",
    geometry="line",
    column="volume",
    classes=(
        LegendClass("до 2 тыс.", "#fdae6b", upper=2000),
        LegendClass("свыше 2 тыс.", "#d94801", lower=2000),
    ),
    width_expression='scale_linear("volume", 0, 8000, 0.6, 3)',
)
PLAIN_ROADS = Style(
    name="Сеть", geometry="line", classes=(LegendClass("Дорога", "#777777"),), width_mm=0.5
)
STATIONS = Style(
    name="Станции",
    geometry="point",
    column="kind",
    classes=(LegendClass("станция", "#08519c", value="station"),),
    missing=LegendClass("вид неизвестен", "#aaaaaa"),
    label_column="name",
    outline="#000000",
    size_mm=3,
)
PLACES = ProjectLayer(
    key="places/baseline",
    table="places",
    title="Время до ядра, мин",
    group="Базовый сценарий",
    styles=(TIME, TIME_WITH_GAPS, PARTS),
    aliases={"reach_min": "Время, мин", "name": "Название"},
    source="Росстат 2023, наблюдение",
    map_tip='<b>[% "name" %]</b>',
    subset="scenario = 'baseline'",
)
OTHER = dataclasses.replace(
    PLACES,
    key="places/bridge",
    group='Сценарий "Мост" <1>',
    subset="scenario = 'bridge'",
    visible=False,
    title="Время до ядра с мостом, мин",
)
AREA = ProjectLayer(
    key="area",
    table="area",
    title="Граница агломерации",
    group="Основа",
    styles=(BORDER,),
)
LINKS = ProjectLayer(
    key="links",
    table="links",
    title="Дороги",
    group="Сети",
    styles=(ROADS, PLAIN_ROADS),
    source="© OpenStreetMap, ODbL",
)
STOPS = ProjectLayer(
    key="stops",
    table="stops",
    title="Станции",
    group="Сети",
    styles=(STATIONS,),
    source="© OpenStreetMap, ODbL",
)
LAYERS = (STOPS, LINKS, AREA, PLACES, OTHER)
THEMES = (
    MapTheme(name="Базовый сценарий", layers=("stops", "links", "area", "places/baseline")),
    MapTheme(
        name="Мост & пояса", layers=("area", "places/bridge"), styles={"places/bridge": "Пояса"}
    ),
)


def write(path, **changes):
    """Write the project of this file, changed as asked."""
    wanted = {
        "layers": LAYERS,
        "themes": THEMES,
        "title": "Агломерация Обнинск–Ворсино",
        "abstract": "Расчёт 12ab34cd, 2026",
        "crs": "EPSG:32637",
        "extent": EXTENT,
        "gpkg": "agglomeration.gpkg",
    }
    write_project(path, **(wanted | changes))
    return path


def project_xml(path):
    with zipfile.ZipFile(path) as archive:
        (name,) = archive.namelist()
        return ET.fromstring(archive.read(name))


def write_world(folder, crs="EPSG:32637"):
    """Write a GeoPackage of six places in two scenarios, three roads and three stations."""
    names = ["Обнинск", "Ворсино", "Балабаново", "Боровск", 'Село "Рога & копыта"', "Жуков"]
    cells = [
        box(381_000 + 19_000 * (i % 3), 6_101_000 + 14_000 * (i // 3),
            400_000 + 19_000 * (i % 3), 6_115_000 + 14_000 * (i // 3))
        for i in range(6)
    ]  # fmt: skip
    belts = ["core", "d'Artagnan"] * 3
    base = gpd.GeoDataFrame(
        {"name": names, "reach_min": [12.0, 30.0, 45.0, 60.0, 75.0, None], "belt": belts,
         "scenario": "baseline"},
        geometry=cells, crs=crs,
    )  # fmt: skip
    places = pd.concat([base, base.assign(scenario="bridge")], ignore_index=True)
    area = gpd.GeoDataFrame(geometry=[base.union_all()], crs=base.crs)
    ways = [(0, 2, 500), (3, 5, 3000), (1, 4, 8000)]
    links = gpd.GeoDataFrame(
        {"volume": [volume for *_, volume in ways]},
        geometry=[LineString([cells[a].centroid, cells[b].centroid]) for a, b, _ in ways],
        crs=base.crs,
    )
    stops = gpd.GeoDataFrame(
        {"name": ["Обнинское", "Ворсино", "Балабаново"], "kind": ["station", "station", None]},
        geometry=[Point(390_000 + 19_000 * i, 6_113_000) for i in range(3)], crs=base.crs,
    )  # fmt: skip
    path = folder / "agglomeration.gpkg"
    for table, frame in {
        "places": places,
        "area": area,
        "links": links,
        "stops": stops,
    }.items():
        frame.to_file(path, layer=table, driver="GPKG", VERSION="1.2")
    return path


def look(project, *options):
    """Open a project in QGIS and return what it holds."""
    done = subprocess.run(
        [QGIS_PYTHON, CHECK, project, *options],
        env={**os.environ, "QT_QPA_PLATFORM": "offscreen", "PYTHONPATH": ""},
        capture_output=True, encoding="utf-8", check=False, timeout=300,
    )  # fmt: skip
    assert done.returncode == 0, done.stderr + done.stdout
    return json.loads(done.stdout)


def test_the_same_input_gives_the_same_bytes(tmp_path):
    first = write(tmp_path / "agglomeration.qgz").read_bytes()
    (tmp_path / "again").mkdir()
    assert write(tmp_path / "again" / "agglomeration.qgz").read_bytes() == first


def test_the_project_carries_no_clock(tmp_path):
    with zipfile.ZipFile(write(tmp_path / "agglomeration.qgz")) as archive:
        (member,) = archive.infolist()
        text = archive.read(member).decode()
    assert member.filename == "agglomeration.qgs"
    assert member.date_time == (1980, 1, 1, 0, 0, 0)
    assert "saveDateTime" not in text


def test_the_same_styles_give_the_same_rows_however_often_they_are_written(tmp_path):
    path = write_world(tmp_path)
    write_layer_styles(path, LAYERS)
    first = style_rows(path)
    write_layer_styles(path, LAYERS)
    assert style_rows(path) == first
    assert {row["update_time"] for row in first} == {"2000-01-01T00:00:00.000Z"}
    assert {row["f_table_schema"] for row in first} == {""}
    defaults = {row["f_table_name"]: row["styleName"] for row in first if row["useAsDefault"]}
    assert defaults == {
        "stops": "Станции", "links": "Потоки", "area": "Граница", "places": "Доступность"
    }  # fmt: skip


def style_rows(path):
    connection = sqlite3.connect(path)
    connection.row_factory = sqlite3.Row
    rows = connection.execute("SELECT * FROM layer_styles ORDER BY f_table_name, styleName")
    found = [{**row, "id": None} for row in map(dict, rows)]
    connection.close()
    return found


def nasty_layer():
    """Make a layer whose every text tries to break out."""
    style = Style(
        name=NASTY, geometry="polygon", column="belt", label_column="name",
        classes=(LegendClass(NASTY, "#54278f", value="core"),),
        missing=LegendClass("нет <данных>", "#cccccc"),
    )  # fmt: skip
    return ProjectLayer(
        key=NASTY, table="places", title=NASTY, group=NASTY, styles=(style, TIME),
        aliases={"name": NASTY}, source=NASTY, map_tip="<b>&amp; [% \"name\" %]</b>",
        subset="name <> 'Рога & копыта'",
    )  # fmt: skip


def test_names_cannot_break_the_xml(tmp_path):
    theme = MapTheme(name=NASTY, layers=(NASTY,))
    root = project_xml(
        write(tmp_path / "a.qgz", layers=(nasty_layer(),), themes=(theme,), title=NASTY)
    )
    assert root.get("projectname") == CLEAN
    assert root.findtext("title") == CLEAN
    layer = root.find("projectlayers/maplayer")
    assert layer.findtext("layername") == CLEAN
    assert layer.find("renderer-v2/rules/rule").get("label") == CLEAN
    assert layer.find("aliases/alias").get("name") == CLEAN
    assert layer.findtext("datasource").endswith("|subset=name <> 'Рога & копыта'")
    assert root.find("layer-tree-group/layer-tree-group").get("name") == CLEAN
    assert root.find("visibility-presets/visibility-preset").get("name") == CLEAN
    assert root.find(".//script") is None


def test_every_layer_has_its_own_id_that_qgis_keeps():
    ids = [layer_id(layer.key) for layer in LAYERS]
    assert len(set(ids)) == len(LAYERS)
    assert min(map(len, ids)) >= 11


@pytest.mark.parametrize(
    ("changes", "error", "message"),
    [
        ({"layers": (PLACES, PLACES)}, ValueError, "share a key"),
        ({"themes": (THEMES[0], THEMES[0])}, ValueError, "share a name"),
        ({"layers": (AREA,)}, ValueError, "no such layers"),
        (
            {"themes": (MapTheme(name="А", layers=("area",), styles={"area": "Б"}),)},
            ValueError,
            "no such styles",
        ),
        ({"gpkg": "/tmp/agglomeration.gpkg"}, ValueError, "relative"),
        ({"extent": (0, 0, 0, 1)}, OutputError, "extent"),
        ({"extent": (0, 0, float("nan"), 1)}, OutputError, "extent"),
        ({"crs": "EPSG:4326"}, OutputError, "metres"),
        ({"crs": "EPSG:nonsense"}, OutputError, "unknown CRS"),
    ],
)
def test_a_project_that_would_open_wrong_is_refused(tmp_path, changes, error, message):
    path = tmp_path / "agglomeration.qgz"
    with pytest.raises(error, match=message):
        write(path, **changes)
    assert not path.exists()


def test_a_project_goes_to_a_qgz_in_a_folder_that_is_there(tmp_path):
    with pytest.raises(ValueError, match="qgz"):
        write(tmp_path / "agglomeration.qgs")
    with pytest.raises(OutputError, match="cannot write"):
        write(tmp_path / "nowhere" / "agglomeration.qgz")


def test_styles_are_refused_where_the_tables_lack_what_they_read(tmp_path):
    path = write_world(tmp_path)
    with pytest.raises(OutputError, match="no such GeoPackage"):
        write_layer_styles(tmp_path / "other.gpkg", LAYERS)
    with pytest.raises(OutputError, match=r"no table 'lakes'.*area, links, places, stops"):
        write_layer_styles(path, (dataclasses.replace(AREA, table="lakes"),))
    with pytest.raises(OutputError, match=r"no columns \['reach_min'\]"):
        write_layer_styles(path, (dataclasses.replace(AREA, styles=(TIME_WITHOUT_LABELS,)),))
    clash = dataclasses.replace(PLACES, styles=(dataclasses.replace(TIME, opacity=0.1),))
    with pytest.raises(ValueError, match="two styles named"):
        write_layer_styles(path, (PLACES, clash))


TIME_WITHOUT_LABELS = dataclasses.replace(TIME, label_column=None)
LOW, HIGH = LegendClass("мало", "#111111", upper=1), LegendClass("много", "#222222", lower=1)


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"name": " "}, "needs a name"),
        ({"geometry": "raster"}, "unknown geometry"),
        ({"classes": ()}, "no classes"),
        ({"column": None}, "need a column"),
        ({"classes": (HIGH, LOW)}, "must rise"),
        ({"classes": (LOW, LegendClass("а", "#333333", value="a"))}, "all ranges or all"),
        ({"classes": (LegendClass("а", "#333333", value="a"),) * 2}, "two classes"),
        ({"missing": LOW}, "missing takes no range"),
        ({"opacity": 0}, "opacity"),
        ({"opacity": 1.5}, "opacity"),
        ({"width_mm": -1}, "width_mm"),
        ({"size_mm": float("nan")}, "size_mm"),
        ({"outline": "white"}, "#1a9850"),
        ({"width_expression": "1"}, "polygons"),
        ({"geometry": "line", "hollow": True}, "hollow"),
        ({"geometry": "point", "dash": True}, "dashed"),
    ],
)
def test_a_style_that_draws_nothing_sensible_is_refused(changes, message):
    with pytest.raises(ValueError, match=message):
        dataclasses.replace(TIME, **changes)


@pytest.mark.parametrize(
    ("wanted", "message"),
    [
        ({"colour": "red"}, "#1a9850"),
        ({"colour": "#12345"}, "#1a9850"),
        ({"lower": 2, "upper": 1}, "not below"),
        ({"lower": float("inf")}, "open end"),
        ({"lower": 1, "value": "a"}, "both a range and a value"),
    ],
)
def test_a_class_that_means_nothing_is_refused(wanted, message):
    with pytest.raises(ValueError, match=message):
        LegendClass("класс", **({"colour": "#000000"} | wanted))


def test_a_layer_or_theme_that_shows_nothing_is_refused():
    with pytest.raises(ValueError, match="title is empty"):
        dataclasses.replace(AREA, title="")
    with pytest.raises(ValueError, match="no style"):
        dataclasses.replace(AREA, styles=())
    with pytest.raises(ValueError, match="same name"):
        dataclasses.replace(AREA, styles=(BORDER, BORDER))
    with pytest.raises(ValueError, match="differ in geometry"):
        dataclasses.replace(AREA, styles=(BORDER, STATIONS))
    with pytest.raises(ValueError, match="distinct layers"):
        MapTheme(name="А", layers=())
    with pytest.raises(ValueError, match="does not show"):
        MapTheme(name="А", layers=("a",), styles={"b": "Б"})


def test_a_border_belongs_to_the_first_class_and_a_gap_to_the_missing_one():
    assert class_of(TIME, 30).label == "до 30 мин"
    assert class_of(TIME, 30.1).label == "30–60 мин"
    assert class_of(TIME, float("inf")).label == "дольше 60 мин"
    assert class_of(TIME, None) is None
    assert class_of(TIME_WITH_GAPS, pd.NA).label == "нет данных"
    assert class_of(PARTS, "core").label == "ядро"
    assert class_of(PARTS, "elsewhere") is None
    assert class_of(BORDER, None).label == "Граница"


def has_qgis():
    """Whether the system's Python can import QGIS."""
    if not QGIS_PYTHON.exists():
        return False
    done = subprocess.run([QGIS_PYTHON, "-c", "import qgis.core"], capture_output=True)
    return done.returncode == 0


@pytest.fixture(scope="module")
def qgis():
    """Skip where QGIS is not installed."""
    if not has_qgis():
        pytest.skip(f"{QGIS_PYTHON} has no QGIS (apt-get install python3-qgis)")


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    """Make a run folder named as planners name them, moved after it was written."""
    made = tmp_path_factory.mktemp("run") / "черновик"
    made.mkdir()
    write_layer_styles(write_world(made), LAYERS)
    write(made / "agglomeration.qgz")
    return made.rename(made.with_name("Мои расчёты 2026"))


@pytest.fixture(scope="module")
def seen(qgis, folder):  # noqa: ARG001 (a fixture cannot use usefixtures)
    """Ask QGIS about the project and about tables opened without it."""
    gpkg = folder / "agglomeration.gpkg"
    direct = [f"--open={gpkg}|layername={table}" for table in ("places", "links", "stops")]
    drawn = ["--png", folder / "map.png", "--layout-pdf", folder / "map.pdf"]
    facts = look(folder / "agglomeration.qgz", "--theme", THEMES[0].name, *drawn, *direct)
    facts["opened"] = {name.split("=")[-1]: each for name, each in facts["opened"].items()}
    return facts


def by_key(seen, key):
    return seen["layers"][layer_id(key)]


def test_qgis_opens_every_layer_after_the_folder_moved(seen):
    assert set(seen["layers"]) == {layer_id(layer.key) for layer in LAYERS}
    assert all(each["valid"] for each in seen["layers"].values())
    assert {each["crs"] for each in seen["layers"].values()} == {"EPSG:32637"}
    assert seen["crs"] == "EPSG:32637"
    assert seen["title"] == "Агломерация Обнинск–Ворсино"
    assert seen["extent"] == list(EXTENT)
    assert by_key(seen, "places/bridge")["feature_count"] == 6


def test_qgis_draws_each_layer_in_its_default_style(seen):
    renderers = {layer.key: by_key(seen, layer.key)["renderer"] for layer in LAYERS}
    assert renderers == {
        "stops": "RuleRenderer", "links": "graduatedSymbol", "area": "singleSymbol",
        "places/baseline": "graduatedSymbol", "places/bridge": "graduatedSymbol",
    }  # fmt: skip
    places = by_key(seen, "places/baseline")
    assert places["legend"] == [
        {"label": each.label, "colour": each.colour} for each in TIME.classes
    ]
    assert places["labels"] == "name"
    assert places["opacity"] == 0.85
    assert places["aliases"] == dict(PLACES.aliases)
    assert places["map_tip"] == PLACES.map_tip
    assert places["abstract"] == PLACES.source
    assert places["styles"] == ["Доступность", "Доступность с пропусками", "Пояса"]


def test_qgis_puts_every_value_into_the_class_that_the_html_map_does(seen, tmp_path):
    values = [12.0, 30.0, 45.0, 60.0, 75.0, None]
    assert by_key(seen, "places/baseline")["drawn_counts"] == counts(TIME, values)
    assert by_key(seen, "stops")["drawn_counts"] == counts(STATIONS, ["station"] * 2 + [None])
    assert by_key(seen, "links")["drawn_counts"] == counts(ROADS, [500, 3000, 8000])
    write_world(tmp_path)
    layers = tuple(
        dataclasses.replace(PLACES, key=style.name, styles=(style,))
        for style in (TIME_WITH_GAPS, PARTS)
    )
    again = look(write(tmp_path / "agglomeration.qgz", layers=layers, themes=()))
    for style, column in ((TIME_WITH_GAPS, values), (PARTS, ["core", "d'Artagnan"] * 3)):
        assert by_key(again, style.name)["drawn_counts"] == counts(style, column)


def counts(style, values):
    """Count the values by the label of their class, '' where there is none."""
    found = [class_of(style, value) for value in values]
    labels = ["" if each is None else each.label for each in found]
    return {label: labels.count(label) for label in labels}


def test_qgis_has_the_groups_the_themes_and_the_layout(seen):
    assert [each["group"] for each in seen["tree"]] == [
        "Сети", "Основа", "Базовый сценарий", 'Сценарий "Мост" <1>'
    ]  # fmt: skip
    assert seen["themes"] == {
        THEMES[0].name: {
            layer_id("stops"): "Станции", layer_id("links"): "Потоки",
            layer_id("area"): "Граница", layer_id("places/baseline"): "Доступность",
        },
        THEMES[1].name: {layer_id("area"): "Граница", layer_id("places/bridge"): "Пояса"},
    }  # fmt: skip
    items = seen["layouts"]["Карта A3"]
    for wanted in ("Map", "Legend", "ScaleBar", "Picture"):
        assert items.count(f"QgsLayoutItem{wanted}") == 1
    assert items.count("QgsLayoutItemLabel") == 3


def test_qgis_draws_the_theme_and_prints_the_layout(seen, folder):
    assert seen["drawing_errors"] == []
    assert (folder / "map.png").read_bytes().startswith(b"\x89PNG")
    assert (folder / "map.pdf").read_bytes().startswith(b"%PDF")


def test_a_table_opened_without_the_project_has_its_default_style(seen):
    opened = seen["opened"]
    assert opened["places"]["renderer"] == "graduatedSymbol"
    assert opened["places"]["legend"] == by_key(seen, "places/baseline")["legend"]
    assert opened["places"]["aliases"] == dict(PLACES.aliases)
    assert opened["links"]["renderer"] == "graduatedSymbol"
    assert opened["stops"]["renderer"] == "RuleRenderer"
    assert opened["stops"]["labels"] == "name"


@pytest.mark.usefixtures("qgis")
def test_qgis_reads_nasty_names_and_a_crs_without_a_code(tmp_path):
    crs = CRS("+proj=tmerc +lat_0=0 +lon_0=36.48 +k=1 +x_0=400000 +y_0=0 +ellps=krass +units=m")
    layer, theme = nasty_layer(), MapTheme(name=NASTY, layers=(NASTY,))
    write_layer_styles(write_world(tmp_path, crs), (layer,))
    path = write(
        tmp_path / "a.qgz",
        layers=(layer,),
        themes=(theme,),
        title=NASTY,
        abstract=NASTY,
        crs=crs,
    )
    facts = look(path, "--open", f"{tmp_path / 'agglomeration.gpkg'}|layername=places")
    assert facts["crs_valid"]
    assert facts["crs_name"] == crs.name
    assert facts["title"] == CLEAN
    assert list(facts["themes"]) == [CLEAN]
    (read,) = facts["layers"].values()
    (opened,) = facts["opened"].values()
    assert read["crs_valid"]
    assert read["name"] == CLEAN
    assert read["legend"] == opened["legend"]
    assert read["legend"][0] == {"label": CLEAN, "colour": "#54278f"}
