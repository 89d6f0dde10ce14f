"""The territory on the meeting map, in a real browser, with a boundary that is known by hand."""

from __future__ import annotations

import base64
import re
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pandas as pd
import pytest

from agglo.maps.reasons import CHANGE_COLOURS, FIRM_COLOURS, count_classes, membership_kinds
from agglo.maps.territory_data import definition_name
from agglo.maps.words import LANGUAGES, Words
from agglo.run import Result
from tests.browser.pages import Page, shown_number
from tests.drawn import FIRMNESS, IN_BASELINE, small_run, theme_and_words, write_page

STROKES = """
var found = {};
AGGLO_PAGE.zones.eachLayer(function (layer) {
  found[layer.feature.properties.zone_id] = layer.options.color;
});
return found"""
TIPS = """
var said = {};
AGGLO_PAGE.zones.eachLayer(function (layer) {
  layer.openTooltip(layer.getLatLng());
  said[layer.feature.properties.zone_id] = layer.getTooltip().getElement().textContent;
  layer.closeTooltip();
});
return said"""
MEMBERS = """
var found = {};
AGGLO_MAP.eachLayer(function (layer) {
  if (layer.options.pane === 'territory' && layer.feature) {
    found[layer.feature.properties.municipality_id] = layer.options.fillColor;
  }
});
return found"""
LEGEND = """
return Array.from(document.querySelectorAll('.legend > div'), function (row) {
  return [row.querySelector('span').textContent, row.querySelector('i').style.background];
})"""
ATTACK = "</script><script>window.hacked=1</script>"


@pytest.fixture(scope="module")
def drawn(tmp_path_factory: pytest.TempPathFactory) -> list[Result]:
    return small_run(tmp_path_factory.mktemp("world"))


@pytest.fixture(scope="module")
def file(drawn: list[Result], tmp_path_factory: pytest.TempPathFactory) -> Path:
    return write_page(drawn, tmp_path_factory.mktemp("page"))


@pytest.fixture(scope="module")
def words() -> Words:
    return theme_and_words()[1]


@pytest.fixture
def opened(page: Page, file: Path) -> Iterator[Page]:
    """Open the territory; afterwards the console must be silent and nothing asked."""
    page.open(file, "#view=territory")
    yield page
    assert page.complaints() == []
    assert page.requests() == []


def hexed(colour: str) -> str:
    """Write 'rgb(1, 2, 3)' as a colour of ours."""
    return "#" + "".join(f"{int(part):02x}" for part in re.findall(r"\d+", colour)[:3])


def kinds_of(result: Result, definition: str) -> dict[str, str]:
    """Say how firm each zone is by one definition."""
    rows = result.memberships[result.memberships["definition"] == definition]
    return dict(zip(rows["zone_id"], membership_kinds(rows), strict=True))


def inside(found: dict) -> dict:
    return {zone: value for zone, value in found.items() if zone != "away"}


def test_the_page_opens_on_indicators_and_one_click_leads_to_the_territory(
    page: Page, file: Path, words: Words
) -> None:
    page.open(file)
    assert "view" not in page.address()
    indicators, title = page.colours(), page.find(".legend b")[0].text
    page.one("#territory").click()
    assert page.address()["view"] == "territory"
    assert page.one("#territory").get_attribute("aria-pressed") == "true"
    assert page.find("select#indicator") == []
    assert page.find(".legend b")[0].text == words.text("word", "all_definitions", "ru")
    page.one("#indicators").click()
    assert page.colours() == indicators
    assert page.find(".legend b")[0].text == title
    assert "view" not in page.address()
    assert page.complaints() == []


def test_every_definition_can_be_chosen(opened: Page, words: Words) -> None:
    named = {one: definition_name(words, one, "ru") for one in IN_BASELINE}
    assert opened.options("definition") == {
        "all": words.text("word", "all_definitions", "ru"), **named,
    }  # fmt: skip
    for definition, name in named.items():
        opened.choose("definition", definition)
        assert opened.address()["definition"] == definition
        assert opened.find(".legend b")[0].text == name


def test_zones_have_the_colours_that_qgis_gives_them(opened: Page, drawn: list[Result]) -> None:
    for result in drawn:
        opened.choose("scenario", result.scenario.name)
        for definition in IN_BASELINE:
            opened.choose("definition", definition)
            kinds = kinds_of(result, definition)
            wanted = {zone: FIRM_COLOURS[kind] for zone, kind in kinds.items()}
            assert inside(opened.colours()) == wanted, definition


def test_all_definitions_on_one_map_count_who_includes_each_zone(opened: Page) -> None:
    methods = [own for name, own in IN_BASELINE.items() if name != "official"]
    classes = count_classes(len(methods))
    fills = inside(opened.colours())
    for zone in fills:
        count = sum(zone in own for own in methods)
        assert fills[zone] == classes[count].colour
    legend = opened.run(LEGEND)
    for each in classes:
        assert [each.label, each.colour] in [[label, hexed(colour)] for label, colour in legend]


def test_the_legend_holds_every_kind_and_the_changes_only_where_there_are_any(
    opened: Page, words: Words
) -> None:
    opened.choose("definition", "fua")
    rows = [[label, hexed(colour)] for label, colour in opened.run(LEGEND)]
    for kind, colour in FIRM_COLOURS.items():
        assert [words.text("firm", kind, "ru"), colour] in rows
    labels = [label for label, _ in rows]
    assert words.text("word", "official_border", "ru") in labels
    assert words.text("word", "enters", "ru") not in labels
    opened.choose("scenario", "faster")
    rows = [[label, hexed(colour)] for label, colour in opened.run(LEGEND)]
    for change, colour in CHANGE_COLOURS.items():
        assert [words.text("word", change, "ru"), colour] in rows


def test_who_enters_and_leaves_is_marked_and_explained(opened: Page, words: Words) -> None:
    opened.choose("definition", "fua")
    assert opened.find(".moved") == []
    opened.choose("scenario", "faster")
    strokes = inside(opened.run(STROKES))
    assert strokes["c10"] == CHANGE_COLOURS["enters"]
    assert strokes["c11"] == CHANGE_COLOURS["leaves"]
    assert len({strokes[zone] for zone in strokes if zone not in ("c10", "c11")}) == 1
    said = [each.text for each in opened.find(".moved")]
    assert len(said) == 2
    assert said[0].startswith(f"c10 — {words.text('word', 'enters', 'ru')}")
    assert words.text("decided", "share_to_core", "ru") in said[0]
    assert said[1].startswith(f"c11 — {words.text('word', 'leaves', 'ru')}")
    opened.choose("definition", "isochrone_60")
    assert words.text("word", "nobody_moves", "ru") in opened.text("#controls")
    opened.choose("definition", "all")
    assert len(opened.find(".moved")) == 2
    assert definition_name(words, "fua", "ru") in opened.find(".moved")[0].text


@pytest.mark.parametrize("language", LANGUAGES)
def test_a_tooltip_says_why_how_firmly_and_where_it_belongs(
    opened: Page, drawn: list[Result], words: Words, language: str
) -> None:
    if language == "en":
        opened.one("#language").click()
    opened.choose("definition", "fua")
    said = opened.run(TIPS)
    rows = drawn[0].memberships
    for row in rows[rows["definition"] == "fua"].itertuples():
        tip = said[row.zone_id]
        assert words.text("word", "in" if row.is_in else "out", language) in tip
        numbers = [shown_number(one) for one in re.findall(r"\d[\d.,]*(?=\u202f)", tip)]
        expected = [100 * row.value, 15, abs(100 * row.margin), 100 * row.firmness_share]
        assert numbers == pytest.approx(expected, rel=0.006)
        elsewhere = words.text("word", "out_belongs", language).split("{")[0]
        assert (elsewhere in tip) == (not row.is_in)
        assert words.text("status", "modelled", language) in tip
    opened.choose("definition", "isochrone_60")
    assert f"60\u00a0{words.text('unit', 'min', language)}" in opened.run(TIPS)["c00"]
    opened.choose("definition", "all")
    tip = opened.run(TIPS)["c02"]
    assert [tip.count("✓"), tip.count("✗")] == [2, 1]


def test_the_label_says_hypothesis_except_for_the_official_boundary(
    opened: Page, words: Words
) -> None:
    for definition in ("all", "fua", "isochrone_60"):
        opened.choose("definition", definition)
        assert opened.text("#hypothesis") == words.text("word", "hypothesis_modelled", "ru")
    opened.choose("definition", "official")
    assert opened.find("#hypothesis") == []


def test_municipalities_are_drawn_by_most_of_their_residents(
    opened: Page, drawn: list[Result]
) -> None:
    opened.choose("definition", "fua")
    assert opened.run(MEMBERS) == {}
    opened.one("#municipalities").click()
    rows = drawn[0].municipality_memberships
    rows = rows[rows["definition"] == "fua"]
    wanted = dict(zip(rows["municipality_id"], membership_kinds(rows), strict=True))
    assert opened.run(MEMBERS) == {one: FIRM_COLOURS[kind] for one, kind in wanted.items()}
    assert opened.address()["level"] == "municipalities"
    opened.one("#zones").click()
    assert opened.run(MEMBERS) == {}


def test_the_why_table_marks_every_place_by_every_definition(opened: Page) -> None:
    rows = [
        [cell.text for cell in row.find_elements("css selector", "td")]
        for row in opened.find("#why tr")[1:]
    ]
    assert len(rows) == 9
    for name, *marks in rows:
        assert marks == ["✓" if name in own else "✗" for own in IN_BASELINE.values()]
    opened.find("#why th button")[1].click()
    assert opened.address()["definition"] == "fua"
    by_name = {
        row.find_elements("css selector", "td")[0].text: [
            cell.text for cell in row.find_elements("css selector", "td")
        ]
        for row in opened.find("#why tr")[1:]
    }
    assert shown_number(by_name["c00"][2]) == 30
    assert shown_number(by_name["c22"][4]) == -5
    assert shown_number(by_name["c12"][5]) == 100 * FIRMNESS["c12"]


def test_the_whole_table_opens_prints_and_closes(opened: Page) -> None:
    from selenium.webdriver.common.keys import Keys

    opened.one("#sheet_open").click()
    assert opened.one("#sheet").is_displayed()
    cells = opened.find("#sheet tbody td.kind")
    assert len(cells) == 9 * len(IN_BASELINE)
    assert opened.one("#sheet h1").is_displayed()
    answer = opened.driver.execute_cdp_cmd("Page.printToPDF", {"preferCSSPageSize": True})
    pages = len(re.findall(rb"/Type */Page\b", base64.b64decode(answer["data"])))
    assert pages == 1
    opened.driver.switch_to.active_element.send_keys(Keys.ESCAPE)
    assert not opened.one("#sheet").is_displayed()
    assert opened.run("return document.activeElement.id") == "sheet_open"


def test_the_address_restores_the_territory(page: Page, file: Path) -> None:
    address = (
        "#language=en&scenario=faster&view=territory&definition=isochrone_60&level=municipalities"
    )
    page.open(file, address)
    assert "Isochrone of the core, 60 min" in page.text(".legend")
    assert page.one("#municipalities").get_attribute("aria-pressed") == "true"
    assert not re.search("[а-яё]", page.text(".legend").lower())
    page.open(file, "#view=nonsense&definition=__proto__&level=constructor")
    assert page.find("select#indicator")
    assert page.complaints() == []


def test_a_page_without_a_boundary_offers_no_territory(
    page: Page, drawn: list[Result], tmp_path: Path
) -> None:
    bare = [
        replace(one, memberships=pd.DataFrame(), municipality_memberships=pd.DataFrame())
        for one in drawn
    ]
    page.open(write_page(bare, tmp_path), "#view=territory")
    assert page.find("#territory") == []
    assert page.find("select#indicator")
    assert page.complaints() == []


def test_hostile_names_and_unknown_keys_show_as_they_are(
    page: Page, drawn: list[Result], tmp_path: Path
) -> None:
    def hostile(result: Result) -> Result:
        region = result.case.region
        zones = region["zones"].assign(name_ru=ATTACK, name_en=ATTACK)
        rows = result.memberships.replace({"decided_by": {"share_to_core": ATTACK}})
        rows = rows.replace({"definition": {"fua": "new_rule"}, "area_id": {"away": ATTACK}})
        own = replace(result.case, region=region.with_tables(zones=zones))
        members = result.municipality_memberships.replace({"definition": {"fua": "new_rule"}})
        return replace(result, case=own, memberships=rows, municipality_memberships=members)

    page.open(write_page([hostile(one) for one in drawn], tmp_path), "#view=territory")
    page.choose("definition", "new_rule")
    assert page.find(".legend b")[0].text == "new_rule"
    said = page.run(TIPS)["c22"]
    assert said.count(ATTACK) == 3
    page.one("#sheet_open").click()
    assert page.run("return typeof window.hacked") == "undefined"
    assert page.complaints() == []
    assert page.requests() == []


def test_what_was_folded_out_stays_so_and_nothing_else_opens(opened: Page) -> None:
    opened.one("#sources summary").click()
    opened.choose("scenario", "faster")
    opened.one("#language").click()
    assert opened.one("#sources").get_property("open")
    opened.one("#indicators").click()
    assert opened.one("#sources").get_property("open")
    assert not opened.one("#all_indicators").get_property("open")
