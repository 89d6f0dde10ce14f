"""The data and the page of rasters, figures and scatters, without a browser."""

from __future__ import annotations

import json
import re
from pathlib import Path

import geopandas as gpd
import numpy as np
import pandas as pd
import pytest

from agglo.errors import LayerError, TableError
from agglo.maps.imagery_data import Scatter, imagery_data
from agglo.maps.imagery_page import imagery_page
from agglo.maps.overlays import overlays
from agglo.maps.words import Words, read_words
from agglo.rasters import RasterLayer
from tests.areas import square_zones
from tests.drawn_rasters import CLASSES, written_raster

EVIL = "</script><script>window.hacked=1</script>"
NAMES = ['Город "Ёж"', EVIL, "{{ 7*7 }}", "Боровск"]
CELLS_UTM = (5000.0, 0.0, 400_000.0, 0.0, -5000.0, 6_110_000.0)


@pytest.fixture(scope="module")
def words() -> Words:
    return read_words(Path(__file__).parents[2] / "maps")


@pytest.fixture
def layers(tmp_path: Path) -> list[RasterLayer]:
    about = {"crs": "EPSG:32637", "transform": CELLS_UTM, "role": "vegetation"}
    return [
        written_raster(
            tmp_path / "v1985.tif", np.arange(16.0).reshape(2, 8), epoch="1985", title="Green",
            title_ru="Зелень", note="too coarse " + EVIL, note_ru="грубо", licence="CC0",
            source="S", attribution="A <b>", status="modelled", **about,
        ),
        written_raster(tmp_path / "v2020.tif", np.arange(16.0)[::-1].reshape(2, 8), **about,
                       epoch="2020"),
        written_raster(tmp_path / "land.tif", [[1, 2], [7, 1]], dtype="uint8", nodata=0,
                       quantity="class", unit="", classes=CLASSES, crs="EPSG:32637",
                       transform=CELLS_UTM, role="land_cover"),
    ]  # fmt: skip


def figures_of(zones: gpd.GeoDataFrame) -> pd.DataFrame:
    rows = pd.DataFrame(
        {
            "place_id": zones.index, "name_ru": NAMES, "name_en": NAMES, "layer": "v1985",
            "measure": "vegetation_mean", "value": [0.1, 0.2, np.nan, 99.0], "unit": "index",
            "cells_count": [4.0, 4.0, 4.0, 0.5], "is_too_coarse": [False, False, False, True],
            "epoch": "1985", "resolution_m": 5000.0, "status": "modelled",
        }
    )  # fmt: skip
    other = rows.assign(
        measure="mean", value=[3.0, 2.0, 1.0, 0.0], layer="land", is_too_coarse=False
    )
    return pd.concat([rows, other], ignore_index=True)


def scatter_of(zones: gpd.GeoDataFrame) -> Scatter:
    table = pd.DataFrame(
        {"x": [1.0, 10.0, 100.0, 0.0], "y": [2.0, 20.0, 5.0, 1.0],
         "expected": [2.0, 20.0, 200.0, np.nan], "is_outlier": [False, False, True, False]},
        index=zones.index,
    )  # fmt: skip
    return Scatter(table=table, x_ru="Люди", x_en="People", y_ru="Огни", y_en="Lights")


@pytest.fixture
def zones() -> gpd.GeoDataFrame:
    return square_zones(1, 4, names=NAMES)


def data_of(layers, words, **more):
    data = imagery_data(layers, overlays(layers, words=words), words=words, **more)
    return json.loads(json.dumps(data, allow_nan=False))


def test_every_raster_says_what_it_is_and_what_it_cannot_tell(layers, words) -> None:
    first, second, land = data_of(layers, words)["rasters"]
    assert first["title"] == {"ru": "Зелень", "en": "Green"}
    assert first["note"] == {"ru": "грубо", "en": "too coarse " + EVIL}
    assert (first["epoch"], first["status"], first["licence"]) == ("1985", "modelled", "CC0")
    assert first["resolution_m"] == pytest.approx(5000, rel=0.01)
    assert second["title"] == {"ru": "v2020", "en": "v2020"}
    assert first["classes"] == second["classes"]
    assert [one[4] for one in land["classes"]] == [1, 2, 7]
    assert (first["kind"], land["kind"]) == ("ranges", "codes")
    assert all(one["picture"].startswith("data:image/png;base64,") for one in (first, land))
    (south, west), (north, east) = first["bounds"]
    assert (south, west) == pytest.approx((55.04, 37.43), abs=0.01)
    assert (north, east) == pytest.approx((55.13, 38.06), abs=0.01)


def test_figures_on_too_few_cells_are_marked_and_make_no_classes(layers, words, zones) -> None:
    data = data_of(layers, words, zones=zones, figures=figures_of(zones), whole_id="all")
    own, other = data["figures"]
    assert own["id"] == "v1985/vegetation_mean/1985"
    assert own["rows"]["r0c3"] == [99.0, 0.5, True]
    assert own["rows"]["r0c2"] == [None, 4.0, False]
    ends = [end for one in own["classes"] for end in one[2:4] if end is not None]
    assert set(ends) == {0.1}
    assert other["layer"] == "land"
    assert data["names"]["r0c1"] == {"name_ru": EVIL, "name_en": EVIL}
    assert data["places"]["name_ru"] == NAMES
    assert all(data["places"]["shape"])
    assert data["whole"] == "all"


def test_figures_do_not_depend_on_the_order_of_their_rows(layers, words, zones) -> None:
    figures = figures_of(zones)
    found = [
        data_of(layers, words, figures=rows)["figures"]
        for rows in (figures, figures.sample(frac=1, random_state=3).sort_values("layer"))
    ]
    by_id = [{one["id"]: one for one in each} for each in found]
    assert by_id[0] == by_id[1]


def test_a_scatter_keeps_what_is_not_known_as_null(layers, words, zones) -> None:
    data = data_of(layers, words, figures=figures_of(zones), scatters=[scatter_of(zones)])
    (one,) = data["scatters"]
    assert one["rows"][3]["expected"] is None
    assert [row["is_outlier"] for row in one["rows"]] == [False, False, True, False]
    assert one["rows"][0]["name_ru"] == NAMES[0]
    named = Scatter(table=scatter_of(zones).table, x_ru="", x_en="x", y_ru="", y_en="y",
                    names={"r0c0": ("Ру", "En")})  # fmt: skip
    rows = data_of(layers, words, scatters=[named])["scatters"][0]["rows"]
    assert (rows[0]["name_ru"], rows[1]["name_ru"]) == ("Ру", "r0c1")


def test_nothing_at_all_is_data_too(words) -> None:
    data = imagery_data([], [], words=words)
    assert data["rasters"] == data["figures"] == data["scatters"] == []
    assert data["places"] is None


def test_what_does_not_fit_is_refused(layers, words, zones) -> None:
    drawn = overlays(layers, words=words)
    with pytest.raises(LayerError, match="share a name"):
        imagery_data([layers[0]] * 2, drawn[:2], words=words)
    with pytest.raises(LayerError, match="3 rasters got 2 pictures"):
        imagery_data(layers, drawn[:2], words=words)
    with pytest.raises(TableError, match="lack the column"):
        imagery_data([], [], words=words, figures=figures_of(zones).drop(columns="is_too_coarse"))
    bad = Scatter(table=pd.DataFrame({"x": [1.0]}), x_ru="", x_en="", y_ru="", y_en="")
    with pytest.raises(TableError, match="a scatter"):
        imagery_data([], [], words=words, scatters=[bad])


def test_the_page_is_one_file_that_asks_nobody_and_no_name_leaves_its_place(
    layers, words, zones
) -> None:
    page = imagery_page(
        layers, zones, figures_of(zones), words=words, title="Мир <b> " + EVIL,
        scatters=[scatter_of(zones)], sources=["Перепись <2021>", EVIL],
    )  # fmt: skip
    assert EVIL not in page
    assert "Content-Security-Policy" in page
    assert "<title>Мир &lt;b&gt; &lt;/script&gt;" in page
    again = imagery_page(
        layers, zones, figures_of(zones), words=words, title="Мир <b> " + EVIL,
        scatters=[scatter_of(zones)], sources=["Перепись <2021>", EVIL],
    )  # fmt: skip
    assert page == again


def test_a_page_without_scripts_still_names_the_rasters_and_their_limits(layers, words) -> None:
    page = imagery_page(layers, words=words, title="Т")
    plain = re.search(r"<noscript>.*?</noscript>", page, re.DOTALL).group()
    assert "Зелень" in plain
    assert "1985" in plain
    assert "грубо" in plain


def test_every_word_that_the_script_asks_for_is_in_both_languages(words) -> None:
    script = (Path(__file__).parents[2] / "agglo/maps/assets/imagery.js").read_text("utf-8")
    asked = set(re.findall(r'[^.]word\("(\w+)"\)', script))
    asked |= {"same_kind", "differ_in_source", "differ_in_kind"}
    assert len(asked) > 30
    for key in asked:
        for language in ("ru", "en"):
            assert words.texts["imagery"].get(key, {}).get(language), key


def test_a_page_of_many_rasters_keeps_the_budget_of_each(layers, words) -> None:
    page = imagery_page(layers, words=words, title="Т", most_bytes=5_000)
    pictures = re.findall(r"data:image/png;base64,[\w+/=]+", page.split("var IMAGERY")[1])
    assert len(pictures) == 3
    assert all(len(one) <= 5_030 for one in pictures)
