"""The portrait below the territory, in a real browser, with figures that are known by hand."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path

import pytest

from agglo.maps.page import page_from_results
from agglo.maps.tables import map_tables
from agglo.maps.words import LANGUAGES, Words, read_theme, read_words
from agglo.run import Result
from agglo.workspace import Workspace
from tests.browser.pages import Page, shown_number
from tests.drawn import small_run, theme_and_words, write_page
from tests.portrayed import ATTACK, CLAIMS, ORDER, READINGS, STATUS, bare, with_portraits

SECTIONS = ["portrait_structure", "portrait_order", "portrait_claims"]
MARKS = {
    "no_hypertrophy": "✓", "polycentric": "✓", "hypertrophy": "✗", "monocentric": "✗",
    "not_defined": "?", "met": "✓", "not_met": "✗", "holds": "✓", "does_not_hold": "✗",
    "cannot_be_tested": "?",
}  # fmt: skip
CELLS = """
return Array.from(document.querySelectorAll(arguments[0] + ' tr'), function (row) {
  return Array.from(row.cells, function (cell) { return cell.textContent; });
})"""
WIDE = """
var box = document.getElementById('panel').getBoundingClientRect();
return Array.from(document.querySelectorAll('details.portrait *')).filter(function (one) {
  return one.getBoundingClientRect().right > box.right - 1;
}).map(function (one) { return one.outerHTML.slice(0, 120); })"""
UNFOLD = """
document.querySelectorAll('details.portrait').forEach(function (one) { one.open = true; })"""


@pytest.fixture(scope="module")
def drawn(tmp_path_factory: pytest.TempPathFactory) -> list[Result]:
    return small_run(tmp_path_factory.mktemp("world"))


@pytest.fixture(scope="module")
def file(drawn: list[Result], tmp_path_factory: pytest.TempPathFactory) -> Path:
    return write_page(with_portraits(drawn), tmp_path_factory.mktemp("page"))


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


def number_before_limit(cell: str) -> float:
    """Read the value of a view, which has no thousands: '0,914 (≤ 1,25)…'."""
    return float(cell.split(" ")[0].replace(",", ".").replace("−", "-"))


def folded_out(page: Page) -> list[str]:
    """List the sections that are open."""
    return [one.get_attribute("id") for one in page.find("details.portrait[open]")]


def test_three_sections_stand_below_the_table_and_the_first_is_open(opened: Page) -> None:
    ids = [one.get_attribute("id") for one in opened.find("#controls [id]")]
    assert [one for one in ids if one in ("why", *SECTIONS)] == ["why", *SECTIONS]
    assert folded_out(opened) == SECTIONS[:1]
    opened.one("#indicators").click()
    assert opened.find("details.portrait") == []


@pytest.mark.parametrize("language", LANGUAGES)
def test_both_readings_stand_side_by_side_with_value_limit_mark_and_word(
    opened: Page, words: Words, language: str
) -> None:
    if language == "en":
        opened.one("#language").click()
    for scenario, found in READINGS.items():
        opened.choose("scenario", scenario)
        heads, views, *rows = opened.run(CELLS, "#portrait_readings")
        readings = [words.text("portrait_reading", one, language) for one in ("1", "2")]
        assert heads == ["", *readings]
        keys = ("core_share", "slope", "two_city")
        assert views == ["", *(words.text("portrait_view", one, language) for one in keys)]
        assert len(rows) == len(found)
        for (subject, wanted), row in zip(found.items(), rows, strict=True):
            status = words.text("status", STATUS[subject], language)
            assert row[0] == words.text("portrait_subject", subject, language) + status
            for at, limit in enumerate(("≤\u00a01", "≥\u00a0−1", "≤\u00a02")):
                verdict, value = wanted[2 * at : 2 * at + 2]
                word = words.text("portrait_verdict", verdict, language)
                assert f"{MARKS[verdict]}\u00a0{word}" in row[at + 1]
                assert limit in row[at + 1]
                if abs(value) < 100:
                    assert shown_number(row[at + 1]) == value
                else:
                    assert row[at + 1][0] == ("∞" if value == value else "–")


def test_what_a_scenario_moves_is_held_against_the_baseline(opened: Page, words: Words) -> None:
    assert opened.find(".portrait small.was") == []
    opened.choose("scenario", "faster")
    _, _, people, jobs, _ = opened.run(CELLS, "#portrait_readings")
    old = words.text("portrait_verdict", "hypertrophy", "ru")
    assert words.text("word", "portrait_was", "ru").replace("{value}", f"1,6, {old}") in jobs[1]
    assert len(opened.find("#portrait_readings small.was")) == 1
    assert people[1].endswith(words.text("portrait_verdict", "no_hypertrophy", "ru"))
    assert words.text("word", "portrait_was_note", "ru") in opened.text("#portrait_structure")


def test_development_stands_in_both_readings_with_its_class_and_conditions(
    opened: Page, words: Words
) -> None:
    rows = opened.run(CELLS, "#portrait_development")[1:]
    assert [row[1:] for row in rows] == [["5,5", "развитая"], ["0,7", "неразвитая"]]
    assert words.text("portrait_development", "core_counted", "ru") in rows[0][0]
    met, not_met = opened.run(CELLS, "#portrait_conditions")[1:]
    assert met[1].startswith("7 (≥")
    assert met[2] == "✓\u00a0" + words.text("portrait_verdict", "met", "ru")
    assert shown_number(not_met[1]) == 1000
    assert not_met[2] == "✗\u00a0" + words.text("portrait_verdict", "not_met", "ru")


def test_the_order_is_a_sentence_and_a_table_by_zone(opened: Page, words: Words) -> None:
    opened.one("#portrait_order summary").click()
    said = opened.text("#order_whole")
    assert "away" in said
    assert "6\u202f%" in said
    assert "15\u202f%" in said
    assert "c00 → away" in said
    assert words.text("portrait_order", "second_order", "ru") in said
    assert words.text("portrait_order_about", "second_order", "ru") in said
    assert words.text("status", "modelled", "ru") in said
    below = words.text("word", "order_under", "ru").split("{line}")[0].split("— ")[-1]
    assert below in said
    rows = opened.run(CELLS, "#portrait_zones")[1:]
    assert [row[0] for row in rows] == ["c01", "c00", "c02", "c10"]
    for name, outer, core, verdict in rows:
        wanted = ORDER["baseline"][name]
        assert words.text("portrait_order", wanted[3], "ru") in verdict
        if wanted[0] == wanted[0]:
            assert [shown_number(outer), shown_number(core)] == pytest.approx(
                [100 * wanted[0], 100 * wanted[1]]
            )
        else:
            assert [outer, core] == ["–", "–"]


def test_a_share_that_reaches_the_line_is_not_said_to_be_below_it(
    opened: Page, words: Words
) -> None:
    opened.choose("scenario", "faster")
    said = opened.text("#order_whole")
    over = words.text("word", "order_over", "ru").split("{line}")[0].split("— ")[-1]
    assert over in said
    alone = words.text("word", "order_no_chain", "ru").replace("{chain}", "c00")
    assert alone in said
    moved = [row for row in opened.run(CELLS, "#portrait_zones") if row[0] == "c02"]
    assert words.text("portrait_order", "independent", "ru") in moved[0][3]


@pytest.mark.parametrize("language", LANGUAGES)
def test_claims_say_who_said_so_what_came_out_and_on_what(
    opened: Page, drawn: list[Result], words: Words, language: str
) -> None:
    if language == "en":
        opened.one("#language").click()
    found = {one.get_attribute("data-claim"): one for one in opened.find(".finding")}
    assert len(found) == len(CLAIMS)
    said = {name: one.get_property("textContent") for name, one in found.items()}
    for name, *_, verdict, _, _, _, _, _, _ in CLAIMS:
        word = words.text("portrait_verdict", verdict, language)
        assert said[name].startswith(f"{MARKS[verdict]}\u00a0{word}: ")
        assert "a book" in said[name]
    assert re.search(r"1[.,]1 \(.*0[.,]8 … 1[.,]25\); 2021\.", said["equal"])
    assert words.text("status", "observed", language) in said["equal"]
    assert re.search(r"\+12[.,]5\u202f%; 2010–2021\.", said["grown"])
    member = drawn[0].case.region["municipalities"][f"name_{language}"]["m0"]
    against = words.text("word", "claim_against", language)
    assert f"{against}: {member}, c01." in said["grown"]
    order = [words.text("portrait_order", one, language) for one in ("independent", "second_order")]
    assert said["order"].index(order[0]) < said["order"].index(order[1])
    assert words.text("portrait_class", "undeveloped", language) in said["developed"]
    assert words.text("portrait_development", "satellites_only", language) in said["developed"]
    reason = words.text("claim_reason", "no_figure", language)
    assert f"{reason} (c01 2019)" in said["absent"]
    # two claims of one wording stand below it
    assert len(opened.find(".claim")) == len({one[2] for one in CLAIMS})
    counted = words.text("word", "claims_counted", language)
    for key, count in {"all": 6, "holds": 1, "fails": 4, "open": 1}.items():
        counted = counted.replace(f"{{{key}}}", str(count))
    assert counted in opened.text("#portrait_claims")


def test_claims_stay_those_of_the_baseline(opened: Page, words: Words) -> None:
    opened.choose("scenario", "faster")
    assert len(opened.find(".finding")) == len(CLAIMS)
    assert words.text("word", "claims_of_baseline", "ru") in opened.text("#portrait_claims")


def test_what_was_folded_stays_so(opened: Page) -> None:
    opened.one("#portrait_structure summary").click()
    opened.one("#portrait_claims summary").click()
    assert folded_out(opened) == ["portrait_claims"]
    opened.choose("scenario", "faster")
    opened.one("#language").click()
    assert folded_out(opened) == ["portrait_claims"]
    opened.one("#indicators").click()
    opened.one("#territory").click()
    assert folded_out(opened) == ["portrait_claims"]


def test_what_is_open_is_on_paper_too(opened: Page) -> None:
    opened.one("#portrait_order summary").click()
    opened.driver.execute_cdp_cmd("Emulation.setEmulatedMedia", {"media": "print"})
    try:
        assert opened.one("#portrait_readings").is_displayed()
        assert opened.one("#portrait_zones").is_displayed()
        assert not opened.find(".finding")[0].is_displayed()
    finally:
        opened.driver.execute_cdp_cmd("Emulation.setEmulatedMedia", {"media": ""})


def test_a_region_without_outside_places_and_claims_hides_both(
    page: Page, drawn: list[Result], tmp_path: Path
) -> None:
    page.open(write_page(bare(with_portraits(drawn)), tmp_path), "#view=territory")
    assert [one.get_attribute("id") for one in page.find("details.portrait")] == SECTIONS[:1]
    assert page.complaints() == []


def test_hostile_sources_show_as_they_are(page: Page, drawn: list[Result], tmp_path: Path) -> None:
    page.open(write_page(with_portraits(drawn, said=ATTACK), tmp_path), "#view=territory")
    assert page.text("#portrait_claims").count(ATTACK) == len(CLAIMS)
    assert page.run("return typeof window.hacked") == "undefined"
    assert page.complaints() == []


def test_the_real_run_shows_its_own_figures_and_nothing_sticks_out(
    page: Page, workspace: Workspace, results: dict[str, Result], tmp_path: Path
) -> None:
    theme, words = read_theme(workspace.root / "maps"), read_words(workspace.root / "maps")
    own = list(results.values())
    tables = map_tables(own, least_flow_count=theme.least_flow_count)
    path = tmp_path / "index.html"
    text = page_from_results(own, tables, workspace.goals, theme, words)
    path.write_text(text, encoding="utf-8", newline="\n")
    page.open(path, "#view=territory")
    for language in ("ru", "en"):
        for name, result in results.items():
            page.choose("scenario", name)
            page.run(UNFOLD)
            assert page.run(WIDE) == [], (language, name)
            rows = result.portrait.structure
            read = rows[rows["measure"].str.contains(": ")]
            cells = [cell for row in page.run(CELLS, "#portrait_readings")[2:] for cell in row[1:]]
            shown = [number_before_limit(cell) for cell in cells]
            assert shown == pytest.approx(read["value"].tolist(), rel=0.006), name
            for cell, verdict in zip(cells, read["verdict"], strict=True):
                assert words.text("portrait_verdict", verdict, language) in cell
        assert len(page.find(".finding")) == len(results["baseline"].portrait.claims)
        page.one("#language").click()
    assert page.complaints() == []
