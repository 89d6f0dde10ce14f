"""The page of rasters in a real browser, opened from a file with the network cut."""

from __future__ import annotations

import re
from pathlib import Path

import geopandas as gpd
import numpy as np
import pandas as pd
import pytest

from agglo.maps.imagery_data import Scatter
from agglo.maps.imagery_page import imagery_page
from agglo.maps.words import Words, read_words
from agglo.rasters import RasterLayer
from tests.areas import square_zones
from tests.browser.pages import Page
from tests.drawn_rasters import CLASSES, written_raster

EVIL = "</script><script>window.hacked=1</script>"
NAMES = ['Город "Ёж"', EVIL, "\"><img src=x onerror='window.hacked=1'>", "Боровск"]
CELLS_UTM = (5000.0, 0.0, 400_000.0, 0.0, -5000.0, 6_110_000.0)
SEEN = """
var found = {};
document.querySelectorAll('.leaflet-image-layer').forEach(function (image) {
  var pane = image.parentNode, box = image.getBoundingClientRect();
  found[pane.className.match(/raster_?-?([ab])/)[1]] = {
    clip: pane.style.clip, opacity: pane.style.opacity, loaded: image.naturalWidth,
    rendering: getComputedStyle(image).imageRendering, width: box.width };
});
return found"""
FILLS = """
var found = {};
IMAGERY_MAP.eachLayer(function (layer) {
  if (layer.place) { found[layer.place] = layer.options.fillColor; } });
return found"""


@pytest.fixture(scope="module")
def words() -> Words:
    return read_words(Path(__file__).parents[2] / "maps")


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("снимки")


@pytest.fixture(scope="module")
def layers(folder: Path) -> list[RasterLayer]:
    about = {"crs": "EPSG:32637", "transform": CELLS_UTM}
    green = {**about, "role": "vegetation", "title": "Green", "title_ru": "Зелень", "source": "S"}
    return [
        written_raster(folder / "v1985.tif", np.arange(16.0).reshape(2, 8), epoch="1985",
                       note_ru="города не различить " + EVIL, attribution="A " + EVIL,
                       status="modelled", licence="CC0", **green),
        written_raster(folder / "v2020.tif", np.arange(16.0)[::-1].reshape(2, 8), epoch="2020",
                       **green),
        written_raster(folder / "land.tif", [[1, 2, 2], [7, 1, 2]], dtype="uint8", nodata=0,
                       quantity="class", unit="", classes=CLASSES, role="land_cover", **about),
    ]  # fmt: skip


@pytest.fixture(scope="module")
def zones() -> gpd.GeoDataFrame:
    return square_zones(1, 4, names=NAMES)


@pytest.fixture(scope="module")
def figures(zones: gpd.GeoDataFrame) -> pd.DataFrame:
    rows = pd.DataFrame(
        {
            "place_id": zones.index, "name_ru": NAMES, "name_en": NAMES, "layer": "v1985",
            "measure": "vegetation_mean", "value": [0.1, 0.2, np.nan, 99.0], "unit": "index",
            "cells_count": [4.0, 4.0, 4.0, 0.5], "is_too_coarse": [False, False, False, True],
            "epoch": "1985", "resolution_m": 5000.0, "status": "modelled",
        }
    )  # fmt: skip
    second = rows.assign(measure="second", value=[1.0, 3.0, 2.0, 0.0], is_too_coarse=False)
    return pd.concat([rows, second], ignore_index=True)


@pytest.fixture(scope="module")
def path(folder: Path, layers, zones, figures, words: Words) -> Path:
    table = pd.DataFrame(
        {"x": [1.0, 10.0, 100.0, 0.0], "y": [2.0, 20.0, 50.0, 1.0],
         "expected": [2.0, 20.0, 200.0, np.nan], "is_outlier": [False, False, True, False]},
        index=zones.index,
    )  # fmt: skip
    lines = Scatter(table=table, x_ru="Люди", x_en="People", y_ru="Огни", y_en="Lights")
    page = imagery_page(
        layers, zones, figures, words=words, title="Мир <b>", scatters=[lines],
        sources=["Перепись <2021>", EVIL],
    )  # fmt: skip
    path = folder / "Мои снимки #1.html"
    path.write_text(page, encoding="utf-8", newline="\n")
    return path


def test_it_opens_from_a_file_and_asks_the_network_for_nothing(page: Page, path: Path) -> None:
    page.open(path.rename(path), "")
    assert page.requests() == []
    assert page.complaints() == []
    assert page.run("return window.hacked") is None
    seen = page.run(SEEN)
    assert set(seen) == {"a"}
    assert seen["a"]["loaded"] > 0
    assert seen["a"]["rendering"] in ("pixelated", "crisp-edges")
    assert page.find("#swipe") == []


def test_names_stay_text(page: Page, path: Path) -> None:
    page.open(path)
    panel = page.text("#panel")
    assert EVIL in panel
    assert "города не различить" in panel
    assert page.find("#panel img") == []
    assert page.one("#figures").get_property("textContent").count("onerror") == 1
    assert EVIL in page.text(".leaflet-control-attribution")


def test_the_panel_says_time_cell_source_and_what_it_cannot_tell(page: Page, path: Path) -> None:
    page.open(path)
    limits = page.text(".limits")
    assert limits.startswith("Чего отсюда заключить нельзя")
    assert "5\u00a0км" in limits
    facts = page.text(".facts")
    for wanted in ("1985", "5\u00a0км", "модель", "CC0"):
        assert wanted in facts
    page.one("#language").click()
    assert "What this cannot tell" in page.text(".limits")
    assert page.address()["language"] == "en"


def test_two_years_are_swiped_with_the_mouse_and_the_keys(page: Page, path: Path) -> None:
    page.open(path, "#raster=v1985&with=v2020")
    middle = page.run("return IMAGERY_MAP.getSize().x") / 2
    seen = page.run(SEEN)
    assert set(seen) == {"a", "b"}
    edges = {key: [int(v) for v in re.findall(r"-?\d+", one["clip"])] for key, one in seen.items()}
    corner = page.run("return IMAGERY_MAP.containerPointToLayerPoint([0, 0]).x")
    assert edges["a"][1] == edges["b"][3] == pytest.approx(middle + corner, abs=1)
    assert page.text("#swipe .left") == "1985Зелень"
    assert page.text("#swipe .right") == "2020Зелень"
    page.run("document.getElementById('swipe').focus()")
    from selenium.webdriver import ActionChains
    from selenium.webdriver.common.keys import Keys

    page.one("#swipe").send_keys(Keys.ARROW_RIGHT)
    assert page.address()["split"] == "52"
    assert page.one("#swipe").get_attribute("aria-valuenow") == "52"
    page.one("#swipe").send_keys(Keys.HOME)
    moved = [int(v) for v in re.findall(r"-?\d+", page.run(SEEN)["a"]["clip"])]
    assert moved[1] == moved[3]
    page.one("#swipe").send_keys(Keys.END, Keys.ARROW_LEFT, Keys.ARROW_LEFT)
    assert page.address()["split"] == "96"
    before = page.run("return IMAGERY_MAP.getCenter().lng")
    page.open(path, "#raster=v1985&with=v2020&split=50")
    grip = page.one("#swipe .grip")
    ActionChains(page.driver).drag_and_drop_by_offset(grip, -200, 0).perform()
    share = float(page.address()["split"])
    assert share == pytest.approx(50 - 200 / (2 * middle) * 100, abs=1)
    assert page.run("return IMAGERY_MAP.getCenter().lng") == pytest.approx(before)
    assert page.complaints() == []


def test_the_sides_stay_at_the_line_when_the_map_moves(page: Page, path: Path) -> None:
    page.open(path, "#raster=v1985&with=v2020&split=30")
    page.run("IMAGERY_MAP.panBy([120, 40], {animate: false})")
    clip = [int(v) for v in re.findall(r"-?\d+", page.run(SEEN)["a"]["clip"])]
    wanted = page.run(
        "return IMAGERY_MAP.containerPointToLayerPoint([IMAGERY_MAP.getSize().x * .3, 0]).x"
    )
    assert clip[1] == pytest.approx(wanted, abs=1)


def test_layers_of_different_kinds_are_said_to_differ(page: Page, path: Path) -> None:
    page.open(path, "#raster=v1985&with=v2020")
    assert "цвета сравнимы" in page.text("#comparable")
    legends = page.find(".legend b")
    assert len(legends) == 1
    page.choose("with", "land")
    assert "не цвета" in page.text("#comparable")
    assert len(page.find(".legend b")) == 2
    assert page.address()["with"] == "land"
    page.choose("raster", "land")
    assert "with" not in page.address()
    assert page.find("#swipe") == []


def test_opacity_is_slid_and_kept_in_the_address(page: Page, path: Path) -> None:
    page.open(path, "#opacity=40")
    assert page.run(SEEN)["a"]["opacity"] == "0.4"
    page.run(
        "var s = document.getElementById('opacity'); s.value = 90;"
        "s.dispatchEvent(new Event('input')); s.dispatchEvent(new Event('change'))"
    )
    assert page.run(SEEN)["a"]["opacity"] == "0.9"
    assert page.address()["opacity"] == "90"
    page.open(path, "#opacity=400&raster=nowhere&split=x&with=v1985&measure=%22")
    assert page.run(SEEN)["a"]["opacity"] == "0.8"
    assert page.complaints() == []


def test_places_are_coloured_and_the_too_coarse_are_hatched(page: Page, path: Path) -> None:
    page.open(path)
    assert set(page.run(FILLS).values()) == {"#fff"}
    page.one("#places").click()
    assert page.address()["show"] == "places"
    assert page.run(SEEN) == {}
    fills = page.run(FILLS)
    assert fills["r0c3"] == "url(#agglo_coarse)"
    assert fills["r0c2"] == "#d9d9d9"
    assert fills["r0c0"] != fills["r0c1"]
    colours = page.run("return IMAGERY.figures[0].classes.map(function (c) { return c[1]; })")
    assert {fills["r0c0"], fills["r0c1"]} <= set(colours)
    assert page.run("return !!document.querySelector('pattern#agglo_coarse')")
    assert "слишком мало клеток" in page.text(".legend")
    page.choose("measure", "v1985/second/1985")
    assert page.address()["measure"] == "v1985/second/1985"
    assert page.run(FILLS)["r0c3"].startswith("#")


def test_the_table_greys_what_is_too_coarse_and_says_so(page: Page, path: Path) -> None:
    page.open(path)
    cells = [cell.get_property("textContent") for cell in page.find("#figures td.coarse")]
    assert cells == ["99", "слишком грубо, клеток: 0,5"]
    rows = [row.get_property("textContent") for row in page.find("#figures tbody tr")]
    assert [rows[0][:7], rows[1][-4:], rows[3][-2:]] == ["Боровск", "0,24", "–4"]


def test_the_scatter_names_who_lies_off_the_line(page: Page, path: Path) -> None:
    page.open(path)
    assert len(page.find("#scatter_0 circle")) == 3
    assert len(page.find("#scatter_0 circle.outlier")) == 1
    assert page.one("#scatter_0 text.outlier").get_property("textContent") == NAMES[2]
    points = page.one("#scatter_0 polyline").get_attribute("points").split()
    (x0, y0), (x1, y1), (x2, y2) = (tuple(map(float, one.split(","))) for one in points)
    assert (y1 - y0) / (x1 - x0) == pytest.approx((y2 - y1) / (x2 - x1), rel=1e-6)
    assert "в 4,0 раза меньше обычного" in page.text("p.outlier")


def test_the_picture_lies_over_the_places_it_shows(page: Page, path: Path) -> None:
    page.open(path)
    apart = page.run(
        "var image, place; IMAGERY_MAP.eachLayer(function (l) { if (l instanceof L.ImageOverlay)"
        " { image = l.getElement().getBoundingClientRect(); } });"
        "place = L.latLngBounds([]); IMAGERY_MAP.eachLayer(function (l) { if (l.place)"
        " { place.extend(l.getBounds()); } });"
        "var c = IMAGERY_MAP.getContainer().getBoundingClientRect(),"
        " p = IMAGERY_MAP.latLngToContainerPoint(place.getSouthWest());"
        "return [image.left - c.left - p.x, image.bottom - c.top - p.y, image.width]"
    )
    assert abs(apart[0]) < 0.02 * apart[2]
    assert abs(apart[1]) < 0.02 * apart[2]


def test_one_raster_none_and_no_places_are_pages_too(
    page: Page, folder: Path, layers, zones, figures, words: Words
) -> None:
    for name, args in {
        "one": ([layers[0]],), "none": ([],), "figures": ([], zones, figures),
        "unplaced": (layers[:1], None, figures),
    }.items():  # fmt: skip
        path = folder / f"{name}.html"
        path.write_text(imagery_page(*args, words=words, title=name), encoding="utf-8")
        page.open(path, "#with=v2020&show=places")
        assert page.complaints() == [], name
        assert page.find("select#with") == []
        assert bool(page.find("#no_rasters")) == (not args[0])
        assert bool(page.find("#figures")) == (len(args) == 3)
    page.open(folder / "figures.html")
    assert page.run(FILLS)["r0c3"] == "url(#agglo_coarse)"
