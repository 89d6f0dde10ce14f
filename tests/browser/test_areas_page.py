"""The map of a delineation in a real browser, opened from a file with the network cut."""

from __future__ import annotations

import base64
import re
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from agglo.maps.areas_data import areas_data
from agglo.maps.areas_page import areas_page
from agglo.maps.words import LANGUAGES, Words, read_words
from tests.areas import delineation_of, square_zones, summary_of
from tests.browser.pages import READY_S, Page, shown_number

NAMES = [
    'Город "Ёж"', "</script><script>window.hacked=1</script>", "{{ 7*7 }}", "Боровск",
    "\"><img src=x onerror='window.hacked=1'>", "d'Artagnan & co", "Ермолино", "🚆 \u202eнаперёд",
]  # fmt: skip
AREAS = ["r0c0", "r0c0", "", "r0c0", "r1c2", "r1c2", "r1c2", ""]
SHARES = [np.nan, 0.4, 0.1, 0.152, 0.16, 0.3, np.nan, 0.01]
FIRMNESS = [1.0, 0.99, 0.2, 0.5, 0.7, 0.9, 1.0, 0.97]
CORE = "#243b53"
SOURCES = ("Перепись <2021>", "</script><img src=y onerror=window.hacked=1>")
FILLS = """
var found = {};
AREAS_MAP.eachLayer(function (layer) {
  if (layer.zone !== undefined) { found[AREAS.zones.id[layer.zone]] = layer.options.fillColor; }
});
return found"""
TIPS = """
var said = {};
AREAS_MAP.eachLayer(function (layer) {
  if (layer.zone === undefined) { return; }
  layer.openTooltip(layer.getBounds ? layer.getBounds().getCenter() : layer.getLatLng());
  said[AREAS.zones.id[layer.zone]] = layer.getTooltip().getElement().textContent;
  layer.closeTooltip();
});
return said"""
TEXTS = """
var found = [], walk = document.createTreeWalker(document.getElementById('panel'), 4), node;
while ((node = walk.nextNode())) {
  if (!node.parentElement.closest('noscript')) { found.push(node.data); }
}
return found.join('\\n')"""


@pytest.fixture(scope="module")
def words() -> Words:
    return read_words(Path(__file__).parents[2] / "maps")


@pytest.fixture(scope="module")
def given(words: Words) -> dict:
    """Return what the page is made of."""
    zones = square_zones(2, 4, names=NAMES)
    delineation = delineation_of(AREAS, SHARES, ids=zones.index, status="modelled")
    return {
        "delineation": delineation,
        "zones": zones,
        "summary": summary_of(delineation),
        "words": words,
        "title": "Мир <b> {{ 7*7 }}",
        "firmness": pd.Series(FIRMNESS, index=zones.index),
        "sources": SOURCES,
    }


def write(given: dict, folder: Path) -> Path:
    """Write the page into a folder with a name that trips up addresses."""
    more = {key: value for key, value in given.items() if key not in ("delineation", "zones")}
    path = folder / "Мои ареалы #1.html"
    page = areas_page(given["delineation"], given["zones"], **more)
    path.write_text(page, encoding="utf-8", newline="\n")
    return path


@pytest.fixture(scope="module")
def file(given: dict, tmp_path_factory: pytest.TempPathFactory) -> Path:
    return write(given, tmp_path_factory.mktemp("areas"))


@pytest.fixture(scope="module")
def data(given: dict) -> dict:
    more = {key: value for key, value in given.items() if key not in ("delineation", "zones")}
    return areas_data(given["delineation"], given["zones"], **more)


@pytest.fixture
def opened(page: Page, file: Path) -> Iterator[Page]:
    """Open the page; afterwards the console must be silent and nothing asked or run."""
    page.open(file)
    yield page
    assert page.complaints() == []
    assert page.requests() == []
    assert page.run("return typeof window.hacked") == "undefined"
    assert page.find("img[src='x'], img[src='y'], [onerror]") == []


def test_the_page_opens_quickly_on_all_zones(page: Page, file: Path, given: dict) -> None:
    assert page.open(file) < READY_S
    west, south, east, north = given["zones"].to_crs("EPSG:4326").total_bounds
    seen = page.run(
        "var b = AREAS_MAP.getBounds();"
        "return [b.getWest(), b.getSouth(), b.getEast(), b.getNorth()]"
    )
    assert seen[0] <= west < east <= seen[2]
    assert seen[1] <= south < north <= seen[3]
    assert seen[2] - seen[0] < 3 * (east - west)


def test_zones_have_the_colour_of_their_area_and_grey_where_they_have_none(
    opened: Page, data: dict
) -> None:
    fills = opened.run(FILLS)
    for zone, area in zip(data["zones"]["id"], data["zones"]["area"], strict=True):
        wanted = data["no_area"] if area < 0 else data["areas"]["colour"][area]
        assert fills[zone] == wanted
    assert len(set(fills.values())) == 3


def colour_of(margin: float | None, data: dict) -> str:
    """Find the colour of a margin; without one it is a core here."""
    return CORE if margin is None else next(
        colour
        for _, colour, lower, upper in data["margin_classes"]
        if (lower is None or margin >= lower) and (upper is None or margin <= upper)
    )  # fmt: skip


def test_margin_and_firmness_have_their_own_colours_and_legend(opened: Page, data: dict) -> None:
    legends = {opened.text(".legend")}
    for layer in ("margin", "firmness"):
        opened.one(f"#{layer}").click()
        assert opened.address()["layer"] == layer
        assert opened.one(f"#{layer}").get_attribute("aria-pressed") == "true"
        fills = opened.run(FILLS)
        wanted = [
            data["firm_colours"][kind] if layer == "firmness" else colour_of(margin, data)
            for kind, margin in zip(data["zones"]["firm"], data["zones"]["margin"], strict=True)
        ]
        assert [fills[zone] for zone in data["zones"]["id"]] == wanted
        legends.add(opened.text(".legend"))
        swatches = opened.run(
            "return Array.from(document.querySelectorAll('.legend i'),"
            "function (i) { return i.style.background; })"
        )
        known = {
            "#" + "".join(f"{int(n):02x}" for n in re.findall(r"\d+", one)) for one in swatches
        }
        assert set(fills.values()) <= known
    assert len(legends) == 3


@pytest.mark.parametrize("language", LANGUAGES)
def test_a_zone_says_in_words_why_it_is_in_or_out(
    opened: Page, words: Words, given: dict, language: str
) -> None:
    if language == "en":
        opened.one("#language").click()
    said = opened.run(TIPS)
    for at, zone in enumerate(given["zones"].index):
        tip = said[zone]
        assert NAMES[at] in tip
        side = words.text("word", "in" if AREAS[at] else "out", language)
        assert side in tip
        if np.isnan(SHARES[at]):
            assert words.text("decided", "core", language) in tip
            continue
        assert words.text("decided", "share_to_core", language) in tip
        numbers = [shown_number(one) for one in re.findall(r"\d[\d.,]*(?=\u202f)", tip)]
        margin = abs(SHARES[at] - 0.15)
        expected = [100 * SHARES[at], 15, 100 * margin, 100 * FIRMNESS[at]]
        assert numbers == pytest.approx(expected, rel=0.006)
        short = words.text("word", "short_by", language).split("{")[0]
        assert (short in tip) == (SHARES[at] < 0.15)


def test_a_click_on_a_zone_fills_the_card_and_the_address(opened: Page, words: Words) -> None:
    assert words.text("word", "choose_zone", "ru") in opened.text("#card")
    opened.run("AREAS_MAP.eachLayer(function (l) { if (l.zone === 3) { l.fire('click'); } })")
    assert NAMES[3] in opened.text("#card")
    assert opened.address()["zone"] == "r0c3"
    assert opened.run("return document.querySelectorAll('.leaflet-chosen-pane path').length") == 1


def test_search_finds_a_zone_whatever_the_letters(opened: Page) -> None:
    box = opened.one("#search")
    box.send_keys("еж")
    assert [each.text for each in opened.find("#found button")] == ['Город "Ёж" r0c0']
    opened.find("#found button")[0].click()
    assert NAMES[0] in opened.text("#card")
    assert opened.find("#found button") == []
    opened.one("#search").send_keys("r1c2\n")
    assert NAMES[6] in opened.text("#card")
    opened.one("#search").send_keys("нигде")
    assert opened.find("#found button") == []
    assert opened.find("#found small")


def test_the_page_says_that_it_is_a_hypothesis(opened: Page, words: Words) -> None:
    assert opened.text("#hypothesis") == words.text("word", "hypothesis_modelled", "ru")
    assert opened.one("#hypothesis").is_displayed()
    opened.one("#language").click()
    assert opened.text("#hypothesis") == "A hypothesis: from modelled flows"


def test_observed_flows_make_no_hypothesis(page: Page, given: dict, tmp_path: Path) -> None:
    delineation = delineation_of(AREAS, SHARES, ids=given["zones"].index)
    page.open(write({**given, "delineation": delineation, "firmness": None}, tmp_path))
    assert page.find("#hypothesis") == []
    assert page.find("#firmness") == []
    assert page.complaints() == []


def test_the_language_changes_every_text(opened: Page, given: dict) -> None:
    opened.one("#why_table summary").click()
    opened.one("#parameters summary").click()
    opened.one("#language").click()
    assert opened.address()["language"] == "en"
    assert opened.one("html").get_attribute("lang") == "en"
    text = opened.run(TEXTS)
    for own in (given["title"], *NAMES, *SOURCES, "По-русски"):
        text = text.replace(own, "")
    assert not re.search("[а-яё]", text.lower())
    assert "undefined" not in text
    assert opened.text("#title") == given["title"] == opened.driver.title


def test_a_click_on_a_head_sorts_the_areas_and_another_turns_them(opened: Page) -> None:
    def column(number: int) -> list[float]:
        cells = opened.find(f"#area_table tbody tr td:nth-child({number})")
        return [shown_number(each.text) for each in cells]

    zones = column(2)
    assert zones == sorted(zones, reverse=True)
    opened.find("#area_table th button")[1].click()
    first = column(2)
    opened.find("#area_table th button")[1].click()
    assert column(2) == first[::-1]
    assert opened.find("#area_table th")[1].get_attribute("aria-sort") in (
        "ascending",
        "descending",
    )


def test_the_why_table_has_every_zone_with_its_number(opened: Page, words: Words) -> None:
    assert opened.find("#why_table tbody tr") == []
    opened.one("#why_table summary").click()
    opened.wait("#why_table tbody tr")
    rows = [
        [cell.text for cell in row.find_elements("css selector", "td")]
        for row in opened.find("#why_table tbody tr")
    ]
    assert sorted(row[0] for row in rows) == sorted(name for name in NAMES)
    of_borovsk = next(row for row in rows if row[0] == "Боровск")
    assert of_borovsk[2] == words.text("decided", "share_to_core", "ru")
    assert shown_number(of_borovsk[3]) == 15.2
    assert shown_number(of_borovsk[5]) == pytest.approx(0.2)
    assert shown_number(of_borovsk[6]) == 50


def test_the_panel_stays_as_it_was_left(opened: Page) -> None:
    opened.one("#area_table summary").click()
    opened.one("#why_table summary").click()
    opened.one("#language").click()
    assert not opened.one("#area_table").get_property("open")
    assert opened.one("#why_table").get_property("open")
    assert len(opened.find("#why_table tbody tr")) == len(NAMES)


def test_the_address_restores_language_layer_and_zone(page: Page, file: Path) -> None:
    page.open(file, "#language=en&layer=firmness&zone=r0c2")
    assert "Firmness" in page.text(".legend")
    assert NAMES[2] in page.text("#card")
    page.open(file, "#language=xx&layer=constructor&zone=%")
    assert page.complaints() == []
    assert page.one("#areas").get_attribute("aria-pressed") == "true"


def test_the_keyboard_reaches_every_control(opened: Page) -> None:
    from selenium.webdriver.common.keys import Keys

    reached = set()
    opened.run("document.body.tabIndex = -1; document.body.focus()")
    for _ in range(40):
        opened.driver.switch_to.active_element.send_keys(Keys.TAB)
        reached.add(opened.run("return document.activeElement.id"))
    assert reached >= {"language", "margin", "firmness", "search"}


def test_printing_keeps_map_and_panel(opened: Page) -> None:
    answer = opened.driver.execute_cdp_cmd("Page.printToPDF", {"preferCSSPageSize": True})
    pdf = base64.b64decode(answer["data"])
    assert len(re.findall(rb"/Type */Page\b", pdf)) >= 2


def test_zones_as_points_are_drawn_with_spokes(page: Page, given: dict, tmp_path: Path) -> None:
    points = given["zones"].set_geometry(given["zones"].centroid)
    page.open(write({**given, "zones": points}, tmp_path))
    spokes = page.run("return document.querySelectorAll('.leaflet-spokes-pane path').length")
    assert spokes == sum(map(bool, AREAS))
    assert len(page.run(FILLS)) == len(NAMES)
    assert len(page.run(TIPS)) == len(NAMES)
    assert page.complaints() == []
    assert page.requests() == []


def test_three_thousand_zones_open_well(page: Page, words: Words, tmp_path: Path) -> None:
    zones = square_zones(50, 60)
    areas = [f"r{row // 5 * 5}c{column // 5 * 5}" for row in range(50) for column in range(60)]
    delineation = delineation_of(areas, [0.2] * 3000, ids=zones.index)
    summary = summary_of(delineation)
    path = tmp_path / "many.html"
    path.write_text(
        areas_page(delineation, zones, summary=summary, words=words, title="3000"),
        encoding="utf-8",
    )
    assert page.open(path) < READY_S
    assert len(page.run(FILLS)) == 3000
    page.one("#why_table summary").click()
    page.wait("#why_table tbody tr")
    assert page.run("return document.querySelectorAll('#why_table tbody tr').length") == 3000
    assert page.complaints() == []
