"""The data, the page and the layers of a delineation, without a browser."""

import json
import re
import sqlite3
from pathlib import Path

import geopandas as gpd
import numpy as np
import pandas as pd
import pytest
import shapely
from hypothesis import given, settings
from hypothesis import strategies as st

from agglo.layers.write import save_geometry
from agglo.maps.areas_data import areas_data
from agglo.maps.areas_layers import areas_layers, areas_project_layers
from agglo.maps.areas_page import areas_page
from agglo.maps.layer_styles import write_layer_styles
from agglo.maps.reasons import FIRM_COLOURS, firm_kinds, unit_of_reason
from agglo.maps.styles import class_of
from agglo.maps.words import Words, read_words
from agglo.territory.delineation import Delineation
from tests.areas import CRS, delineation_of, square_zones, summary_of

NAMES = [
    'Город "Ёж"', "</script><script>window.hacked=1</script>", "{{ 7*7 }}", "Боровск", "<b>",
    "d'Artagnan & co",
]  # fmt: skip
AREAS = ["r0c0", "r0c0", "", "r1c2", "r1c2", "r1c2"]
SHARES = [np.nan, 0.4, 0.1, 0.16, 0.3, np.nan]


@pytest.fixture(scope="module")
def words() -> Words:
    return read_words(Path(__file__).parents[2] / "maps")


@pytest.fixture
def zones() -> gpd.GeoDataFrame:
    return square_zones(2, 3, names=NAMES)


@pytest.fixture
def delineation(zones: gpd.GeoDataFrame) -> Delineation:
    return delineation_of(AREAS, SHARES, ids=zones.index, status="modelled")


def data_of(delineation, zones, words, **more):
    summary = more.pop("summary", summary_of(delineation))
    return areas_data(delineation, zones, summary=summary, words=words, title="Мир", **more)


def test_every_zone_says_its_area_and_what_decided(delineation, zones, words) -> None:
    data = data_of(delineation, zones, words)
    assert data["areas"]["id"] == ["r0c0", "r1c2"]
    assert data["zones"]["area"] == [0, 0, -1, 1, 1, 1]
    assert data["zones"]["name"] == NAMES
    assert data["zones"]["value"] == [None, 0.4, 0.1, 0.16, 0.3, None]
    assert data["zones"]["margin"] == pytest.approx([None, 0.25, -0.05, 0.01, 0.15, None], abs=1e-9)
    assert data["units"] == {"core": "", "share_to_core": "share"}
    assert data["zones"]["firmness"] is None


def test_an_area_is_named_by_the_summary_else_by_its_zone_else_by_its_id(
    delineation, zones, words
) -> None:
    summary = summary_of(delineation)
    assert data_of(delineation, zones, words)["areas"]["name"] == [NAMES[0], NAMES[5]]
    named = summary.assign(name=["Первый", None])
    assert data_of(delineation, zones, words, summary=named)["areas"]["name"] == [
        "Первый", NAMES[5],
    ]  # fmt: skip
    plain = data_of(delineation, zones.drop(columns="name"), words)
    assert plain["areas"]["name"] == ["r0c0", "r1c2"]
    assert "name" not in data_of(delineation, zones, words, summary=named)["areas"]["columns"]


def test_what_has_no_end_travels_as_text_and_what_is_missing_as_null(zones, words) -> None:
    delineation = delineation_of(AREAS, [np.nan, 0.2, -np.inf, np.inf, 1, 1], ids=zones.index)
    data = data_of(delineation, zones, words)
    assert data["zones"]["value"][:4] == [None, 0.2, "-inf", "inf"]
    json.dumps(data, allow_nan=False)


def test_the_page_is_the_same_for_the_same_input_and_asks_nobody(delineation, zones, words) -> None:
    def page() -> str:
        return areas_page(
            delineation, zones, summary=summary_of(delineation), words=words, title="<Мир> & 7"
        )

    text = page()
    assert text == page()
    assert "<title>&lt;Мир&gt; &amp; 7</title>" in text
    assert "default-src 'none'" in text
    assert re.findall(r"<(?:script|link|img)[^>]+(?:src|href)=", text) == []
    assert "window.hacked=1</script>" not in text
    assert text.count("<script>") == 2


def test_a_reader_without_scripts_sees_method_hypothesis_and_areas(
    delineation, zones, words
) -> None:
    page = areas_page(delineation, zones, summary=summary_of(delineation), words=words, title="x")
    (plain,) = re.findall(r"<noscript>(.*?)</noscript>", page, re.S)
    assert words.text("method", "fua", "ru") in plain
    assert words.text("word", "hypothesis_modelled", "ru") in plain
    assert "<td>Город &quot;Ёж&quot;</td><td>2</td>" in plain


@settings(max_examples=15, deadline=None)
@given(st.permutations(range(6)))
def test_the_order_of_the_zones_changes_neither_colours_nor_shapes(order: list) -> None:
    words = Words(texts={})
    zones = square_zones(2, 3, names=NAMES)
    delineation = delineation_of(AREAS, SHARES, ids=zones.index)
    mixed = Delineation(
        method=delineation.method, areas=delineation.areas.iloc[order], parameters={},
        status="observed",
    )  # fmt: skip
    first = data_of(delineation, zones, words)
    second = data_of(mixed, zones.iloc[order[::-1]], words)
    for key in ("id", "name", "colour", "centre", "values"):
        assert first["areas"][key] == second["areas"][key], key
    by_zone = [
        {zone: (data["zones"]["area"][at], data["zones"]["margin"][at])
         for at, zone in enumerate(data["zones"]["id"])}
        for data in (first, second)
    ]  # fmt: skip
    assert by_zone[0] == by_zone[1]


def test_neighbouring_areas_differ_in_colour(words) -> None:
    zones = square_zones(5, 5)
    areas = [f"r{row // 2 * 2}c{column // 2 * 2}" for row in range(5) for column in range(5)]
    data = data_of(delineation_of(areas, [0.2] * 25, ids=zones.index), zones, words)
    colour = dict(zip(data["areas"]["id"], data["areas"]["colour"], strict=True))
    for one in colour:
        for other in (f"r{int(one[1]) + 2}c{one[3]}", f"r{one[1]}c{int(one[3]) + 2}"):
            assert colour.get(other) != colour[one]


def test_zones_as_points_get_spokes_to_the_zone_their_area_is_called_after(words) -> None:
    zones = square_zones(2, 3)
    points = zones.set_geometry(zones.centroid)
    data = data_of(delineation_of(AREAS, SHARES, ids=zones.index), points, words)
    assert data["areas"]["shape"] == [None, None]
    assert data["areas"]["centre"] == [data["zones"]["shape"][0], data["zones"]["shape"][5]]
    foreign = ["X", "X", "", "Y", "Y", "Y"]
    data = data_of(delineation_of(foreign, SHARES, ids=zones.index), points, words)
    assert all(len(centre) == 2 for centre in data["areas"]["centre"])


@pytest.mark.parametrize("areas", [[""] * 6, ["r0c0"] * 6])
def test_no_area_and_one_area_are_drawn_too(zones, words, areas) -> None:
    delineation = delineation_of(areas, [0.01] * 6, ids=zones.index)
    summary = summary_of(delineation)
    page = areas_page(delineation, zones, summary=summary, words=words, title="x")
    assert "AREAS" in page
    layers = areas_layers(delineation, zones, summary)
    assert len(layers["areas"]) == len(set(areas) - {""})
    assert areas_project_layers(layers, words)


def test_a_zone_without_geometry_is_told_about_though_not_drawn(delineation, zones, words) -> None:
    zones.loc["r0c1", "geometry"] = None
    data = data_of(delineation, zones.drop("r1c0"), words)
    assert [shape is None for shape in data["zones"]["shape"]] == [
        False, True, False, True, False, False,
    ]  # fmt: skip
    assert data["zones"]["name"][3] == "r1c0"


def test_the_layers_hold_the_reasons_and_areas_joined_without_loss(delineation, zones) -> None:
    firmness = pd.Series(np.linspace(0, 1, 6), index=zones.index)
    layers = areas_layers(delineation, zones, summary_of(delineation), firmness=firmness)
    drawn, areas = layers["zones"], layers["areas"]
    assert list(drawn.columns) == [
        "zone_id", "name", "area_id", "area_name", "decided_by", "value", "threshold", "margin",
        "firmness_share", "firmness_kind", "geometry",
    ]  # fmt: skip
    assert drawn["area_id"].isna().tolist() == [False, False, True, False, False, False]
    assert drawn["area_name"].tolist()[-1] == NAMES[5]
    assert areas["area_id"].tolist() == ["r0c0", "r1c2"]
    assert areas.area.tolist() == pytest.approx([2e8, 3e8])
    assert areas["residents_count"].tolist() == [2000.0, 3000.0]
    assert drawn.crs == areas.crs == CRS
    assert delineation.areas["area_id"].tolist() == AREAS


def test_the_geopackage_opens_with_one_style_per_question(
    delineation, zones, words, tmp_path
) -> None:
    firmness = pd.Series(np.linspace(0, 1, 6), index=zones.index)
    layers = areas_layers(delineation, zones, summary_of(delineation), firmness=firmness)
    path = save_geometry(tmp_path / "areas.gpkg", layers)
    styled = areas_project_layers(layers, words)
    write_layer_styles(path, styled)
    with sqlite3.connect(path) as connection:
        found = connection.execute(
            "SELECT f_table_name, styleName, useAsDefault FROM layer_styles ORDER BY id"
        ).fetchall()
    connection.close()
    assert found == [
        ("zones", words.text("word", "layer_areas", "ru"), 1),
        ("zones", words.text("word", "layer_margin", "ru"), 0),
        ("zones", words.text("word", "layer_firmness", "ru"), 0),
        ("areas", words.text("word", "area_border", "ru"), 1),
    ]


def test_page_and_geopackage_give_every_zone_the_same_colour(delineation, zones, words) -> None:
    firmness = pd.Series([1.0, 0.9, 0.2, 0.5, 0.04, 1.0], index=zones.index)
    data = data_of(delineation, zones, words, firmness=firmness)
    layers = areas_layers(delineation, zones, summary_of(delineation), firmness=firmness)
    by_area, by_margin, by_firmness = areas_project_layers(layers, words)[0].styles
    for at, row in enumerate(layers["zones"].itertuples()):
        area = data["zones"]["area"][at]
        colour = data["no_area"] if area < 0 else data["areas"]["colour"][area]
        assert class_of(by_area, row.area_id).colour == colour
        kind = data["zones"]["firm"][at]
        assert class_of(by_firmness, row.firmness_kind).colour == FIRM_COLOURS[kind]
    labels = [[each.label, each.colour, each.lower, each.upper] for each in by_margin.classes]
    assert data["margin_classes"] == labels


def test_firmness_is_said_of_both_sides_of_the_border() -> None:
    share = pd.Series([1.0, 0.95, 0.949, 0.65, 0.649, 0.0, np.nan])
    firm = ["firmly", "firmly", "mostly", "mostly", "disputed", "disputed", "firmly"]
    for is_in, side in ((True, "in"), (False, "out")):
        kinds = firm_kinds(share, pd.Series([is_in] * len(share)))
        assert kinds.tolist() == [f"{side}_{one}" for one in firm]
    assert set(FIRM_COLOURS) == {f"{side}_{one}" for side in ("in", "out") for one in firm}


def test_the_name_of_a_number_tells_its_unit() -> None:
    assert {name: unit_of_reason(name) for name in (
        "minutes_to_core", "size_share", "share_from_core", "validity", "jobs_count", "core",
        "links_count", "enclave", "something_new",
    )} == {
        "minutes_to_core": "min", "size_share": "share", "share_from_core": "share",
        "validity": "", "jobs_count": "jobs", "core": "", "links_count": "",
        "enclave": "share", "something_new": "",
    }  # fmt: skip


def test_belgium_is_a_page_of_less_than_two_megabytes(shared: Path, words: Words) -> None:
    zones = gpd.read_file(shared / "data/commuting/belgium_fua/zones.gpkg").to_crs("EPSG:3035")
    zones.index = pd.Index(zones["zone"].astype(str), name="zone_id")
    areas = [one if one[0] in "234" else "" for one in zones.index]
    delineation = delineation_of(areas, [0.2] * len(zones), ids=zones.index)
    page = areas_page(
        delineation, zones, summary=summary_of(delineation), words=words, title="België"
    )
    assert len(zones) == 589
    assert 300_000 < len(page.encode()) < 2_000_000
    shapes = areas_layers(delineation, zones, summary_of(delineation))["areas"].geometry
    assert shapely.is_valid(shapes.to_numpy()).all()


def test_every_word_of_the_page_is_there_in_both_languages(words: Words) -> None:
    scripts = Path(__file__).parents[2] / "agglo" / "maps" / "assets"
    used = {
        key
        for name in ("parts.js", "areas.js")
        for key in re.findall(r'word\("(\w+)"\)', (scripts / name).read_text(encoding="utf-8"))
    }
    used |= {f"{kind}_{key}" for kind in ("layer", "about") for key in ("areas", "margin",
             "firmness")}  # fmt: skip
    used |= {f"verdict_{key}" for key in ("none", "one", "all", "many")}
    assert len(used) > 30
    for key in used:
        assert set(words.texts["word"].get(key, {})) >= {"ru", "en"}, key
