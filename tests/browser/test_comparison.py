"""The comparison of scenarios in a real browser, every figure held against the frames."""

from __future__ import annotations

import math
import re
from collections.abc import Iterator
from pathlib import Path

import pytest

from agglo.comparison import Comparison
from agglo.maps.words import LANGUAGES, Words
from agglo.run import Result
from tests.browser.pages import Page
from tests.compared import (
    ATTACK,
    CONTRAST,
    DOMINATED,
    GOALS,
    GUARDS,
    HEADLINE,
    KEY,
    MONEY,
    PACKAGE,
    PLACES,
    RANKS,
    REST,
    SCORES,
    SHARES,
    SHOCK,
    TITLES,
    WAGES,
    WHOLE,
    compared_page,
    compared_run,
    comparison_of,
    four_goals,
)
from tests.drawn import theme_and_words

PARTS = ["changes", "card", "ranking", "turn", "who", "package", "money"]
NONE = "—"
CELLS = """
var key = arguments[1];
return Array.from(document.querySelectorAll(arguments[0] + ' tbody tr'), function (row) {
  return [row.dataset[key]].concat(Array.from(row.cells, function (cell) {
    return cell.innerText; })); })"""
WIDE = """
var box = document.getElementById('compare_sheet'), edge = box.getBoundingClientRect().left
  + box.clientWidth;
return Array.from(box.querySelectorAll('section.shown *')).filter(function (one) {
  return one.getBoundingClientRect().right > edge + 1;
}).map(function (one) { return one.outerHTML.slice(0, 120); })"""
SIZE = """
return parseFloat(getComputedStyle(document.querySelector(arguments[0])).fontSize)"""


@pytest.fixture(scope="module")
def results(tmp_path_factory: pytest.TempPathFactory) -> list[Result]:
    return compared_run(tmp_path_factory.mktemp("world"))


@pytest.fixture(scope="module")
def comparison(results: list[Result]) -> Comparison:
    return comparison_of(results)


@pytest.fixture(scope="module")
def file(
    results: list[Result], comparison: Comparison, tmp_path_factory: pytest.TempPathFactory
) -> Path:
    path = tmp_path_factory.mktemp("page") / "index.html"
    path.write_text(compared_page(results, comparison), encoding="utf-8", newline="\n")
    return path


@pytest.fixture(scope="module")
def words() -> Words:
    return theme_and_words()[1]


@pytest.fixture
def opened(page: Page, file: Path) -> Iterator[Page]:
    """Open the comparison; afterwards the console must be silent and nothing asked."""
    page.open(file, "#view=comparison&scenario=faster")
    yield page
    assert page.complaints() == []
    assert page.requests() == []


def numbers(text: str) -> list[float]:
    """Read every number of a cell: of three digits at most, or whole with thousands apart."""
    found = []
    for one in re.findall(r"[+−]?(?:[1-9]\d{0,2}(?:[\s,]\d{3})+(?!\d)|\d+(?:[.,]\d+)?)", text):
        is_grouped = re.fullmatch(r"[+−]?[1-9]\d{0,2}(?:[\s,]\d{3})+", one)
        plain = re.sub(r"[\s,]", "", one) if is_grouped else one.replace(",", ".")
        found.append(float(plain.replace("−", "-")))
    return found


def rounded(*values: float, scale: float = 1) -> list[object]:
    """Say how numbers may read once they are rounded: three digits, or whole ones."""
    return [pytest.approx(scale * value, rel=0.006, abs=1e-9) for value in values]


def turned(page: Page, language: str) -> None:
    """Put the page into a language."""
    if page.address().get("language", "ru") != language:
        page.one("#language").click()


def part(page: Page, name: str) -> None:
    page.one(f"#compare_part_{name}").click()


def test_the_view_takes_the_place_of_the_map_and_gives_it_back(opened: Page) -> None:
    assert opened.one("#compare_sheet").is_displayed()
    visible = "return getComputedStyle(document.querySelector('.folium-map')).visibility"
    assert opened.run(visible) == "hidden"
    opened.one("#indicators").click()
    assert opened.run(visible) == "visible"
    assert not opened.one("#compare_sheet").is_displayed()
    assert opened.text("#compare_sheet") == ""
    opened.one("#comparison").click()
    assert opened.address()["view"] == "comparison"


def test_the_summary_sorts_the_goals_by_verdict(opened: Page, words: Words) -> None:
    names = {goal.id: goal.name_ru for goal in four_goals()}
    lines = opened.run(
        "return Array.from(document.querySelectorAll('#compare_summary > div'),"
        " function (one) { return one.textContent })"
    )
    marks = {"better": "▲", "worse": "▼", "no clear change": "○", "unknown": "?"}
    verdicts = {ends[3]: names[goal] for goal, ends in SCORES.items()}
    assert lines == [
        f"{mark}\u00a0{words.text('comparison_verdict', verdict, 'ru')}: {verdicts[verdict]}"
        for verdict, mark in marks.items()
    ]


@pytest.mark.parametrize("language", LANGUAGES)
def test_changes_in_natural_units_are_those_of_the_frame(
    opened: Page, comparison: Comparison, words: Words, language: str
) -> None:
    turned(opened, language)
    for scenario, own in comparison.deltas.groupby("scenario"):
        opened.choose("scenario", str(scenario))
        opened.run("document.querySelectorAll('details').forEach(d => { d.open = true })")
        cells = opened.run(CELLS, "#compare_changes table", "indicator")
        assert [row[0] for row in cells] == [*KEY, *REST]
        shown = {row[0]: row[1:] for row in cells}
        for row in own.to_dict("records"):
            name, now, becomes, change, _, verdict = shown[row["indicator"]]
            assert words.text("indicator", row["indicator"], language) in name
            assert words.text("status", row["status"], language) in name
            assert words.text("comparison_verdict", row["verdict"], language) in verdict
            scale = 100 if row["unit"] == "share" else 1
            if math.isnan(row["delta"]):
                assert [now, becomes] == [NONE, NONE]
                assert change.startswith(NONE)
                assert not numbers(change)
                assert words.text("table", "sector_jobs", language) in change
                continue
            assert numbers(now)[:1] == rounded(row["baseline"], scale=scale)
            assert numbers(becomes)[:1] == rounded(row["value"], scale=scale)
            ends = [row[key] for key in ("delta", "low", "high")]
            assert numbers(change) == rounded(*ends, scale=scale)


def test_numbers_are_written_as_the_language_does(opened: Page) -> None:
    (row,) = [
        one for one in opened.run(CELLS, "#compare_key", "indicator") if one[0] == "jobs_by_decay"
    ]
    assert row[2] == "102\u00a0525"
    opened.one("#language").click()
    (row,) = [
        one for one in opened.run(CELLS, "#compare_key", "indicator") if one[0] == "jobs_by_decay"
    ]
    assert row[2] == "102,525"


def test_the_baseline_shows_all_scenarios_at_once_and_a_click_chooses_one(
    opened: Page, comparison: Comparison
) -> None:
    opened.choose("scenario", "baseline")
    cells = opened.run(CELLS, "#compare_overview", "scenario")
    assert [row[0] for row in cells] == ["faster", "trains", PACKAGE, SHOCK]
    deltas = comparison.deltas.set_index(["scenario", "indicator"])["delta"]
    for scenario, title, *changes in cells:
        assert numbers(changes[0]) == rounded(deltas[scenario, KEY[0]])
        assert numbers(changes[1]) == rounded(deltas[scenario, KEY[1]])
        assert changes[2].startswith(NONE)
        assert ("контраст" in title) == (scenario == CONTRAST)
        assert ("шок" in title) == (scenario == SHOCK)
    opened.find("#compare_overview button")[0].click()
    assert opened.address()["scenario"] == "faster"


@pytest.mark.parametrize("language", LANGUAGES)
def test_the_card_has_a_bar_for_each_goal_the_headline_first_the_guards_apart(
    opened: Page, words: Words, language: str
) -> None:
    turned(opened, language)
    part(opened, "card")
    order = [one.get_attribute("data-goal") for one in opened.find("#compare_card .score")]
    assert order == list(GOALS)
    for group, goals in (("headline", HEADLINE), ("guard", GUARDS)):
        found = opened.find(f"#compare_{group} .score")
        assert [one.get_attribute("data-goal") for one in found] == list(goals)
    for goal, (score, low, high, verdict) in SCORES.items():
        said = opened.one(f"#compare_card .score[data-goal={goal}]").text
        if math.isnan(score):
            assert NONE in said
            assert words.text("comparison", "no_score", language) in said
            assert not numbers(said)
        else:
            assert sorted(numbers(said)) == sorted(
                rounded(score, low, high), key=lambda x: x.expected
            )
            assert words.text("comparison_verdict", verdict, language) in said


def test_a_bar_reaches_from_fifty_to_the_score(opened: Page) -> None:
    part(opened, "card")
    for goal, side in (("labour_mobility", "better"), ("multi_focus", "worse")):
        box = opened.one(f".score[data-goal={goal}] .strip").rect
        bar = opened.one(f".score[data-goal={goal}] .fill.{side}").rect
        ends = [(bar["x"] - box["x"] + width) / box["width"] for width in (0, bar["width"])]
        assert ends == pytest.approx(sorted([0.5, SCORES[goal][0] / 100]), abs=0.005)


def test_the_card_says_cost_basis_people_and_warnings(opened: Page, words: Words) -> None:
    part(opened, "card")
    said = opened.text("#compare_facts")
    assert "250\u00a0млн\u00a0₽" in said or numbers(said)[:3] == [250, 100, 1400]
    assert "смета Ж\"'" in said
    assert f"{words.text('word', 'proposal', 'ru')}: 1" in said
    assert "1\u00a0234" in said
    assert f"⚠\u00a0дорого {ATTACK}" in said
    opened.choose("scenario", "trains")
    said = opened.text("#compare_facts")
    assert words.text("comparison", "cost_absent", "ru") in said
    assert words.text("comparison", "people_unknown", "ru") in said
    assert words.text("comparison", "no_lint", "ru") in said


def test_the_pareto_list_comes_first_and_names_who_beats_whom(opened: Page) -> None:
    part(opened, "ranking")
    heads = [one.get_attribute("id") for one in opened.find("#compare_ranking > [id]")]
    assert heads[:3] == ["compare_pareto", "compare_dominated", "compare_heat"]
    kept = [one.get_attribute("data-scenario") for one in opened.find("#compare_pareto li")]
    assert kept == ["faster", PACKAGE, "baseline"]
    (beaten,) = opened.find("#compare_dominated li")
    assert beaten.get_attribute("data-scenario") in DOMINATED
    assert beaten.text.endswith(f"{TITLES['faster']}, {TITLES[PACKAGE]}")
    assert "контраст" in beaten.text


def test_the_heat_map_shows_the_share_of_weights_for_each_rank(opened: Page) -> None:
    part(opened, "ranking")
    cells = opened.run(CELLS, "#compare_heat", "scenario")
    assert [row[0] for row in cells] == ["faster", PACKAGE, "baseline", "trains"]
    for scenario, _, *shares, mean in cells:
        wanted = RANKS[scenario]
        assert len(shares) == len(wanted)
        for said, share in zip(shares, wanted, strict=True):
            tiny = 0 < share < 0.005
            assert (
                said.startswith("<") if tiny else int(said) == pytest.approx(100 * share, abs=0.51)
            )
        assert numbers(mean) == rounded(sum(at * one for at, one in enumerate(wanted, 1)))
    shades = opened.run(
        "return Array.from(document.querySelectorAll('#compare_heat tbody td.kind'),"
        " function (cell) { return cell.style.background })"
    )
    assert shades[0] != shades[3]
    assert shades[3] == "rgb(255, 255, 255)"


@pytest.mark.parametrize("language", LANGUAGES)
def test_weight_sets_stand_side_by_side_and_shocks_apart(
    opened: Page, comparison: Comparison, words: Words, language: str
) -> None:
    turned(opened, language)
    part(opened, "ranking")
    heads = opened.run(
        "return Array.from(document.querySelectorAll('#compare_weights thead th'),"
        " function (one) { return one.textContent })"
    )
    sets = ["equal", "small_towns"]
    assert heads[1:] == [words.text("weights", one, language) for one in sets]
    ranking = comparison.ranking.set_index(["weights", "scenario"])
    for scenario, _, *cells in opened.run(CELLS, "#compare_weights", "scenario"):
        for one, said in zip(sets, cells, strict=True):
            row = ranking.loc[one, scenario]
            assert numbers(said) == rounded(row["overall"], row["mean_rank"])
    (shock,) = opened.find("#compare_shocks li")
    assert shock.get_attribute("data-scenario") == SHOCK
    assert numbers(shock.text.split(":")[1]) == rounded(*(SCORES[goal][0] for goal in HEADLINE))
    assert not opened.find(f"#compare_heat [data-scenario={SHOCK}]")


@pytest.mark.parametrize("language", LANGUAGES)
def test_the_tornado_says_both_ends_of_each_assumption(
    opened: Page, comparison: Comparison, words: Words, language: str
) -> None:
    turned(opened, language)
    part(opened, "turn")
    for goal in GOALS[:3]:
        opened.one(f"#compare_goal_{goal}").click()
        rows = comparison.tornado.query("scenario == 'faster' and goal == @goal")
        ordered = rows.sort_values("swing", ascending=False).to_dict("records")
        cells = opened.run(CELLS, "#compare_tornado", "assumption")
        for (name, label, low, _, high), row in zip(cells, ordered, strict=True):
            assert name == row["assumption"]
            assert label == words.text("assumption", name, language)
            for end, said in (("low", low), ("high", high)):
                value, score = said.split("→")
                assert numbers(score) == rounded(row[f"score_{end}"])
                if name == "headways":
                    assert words.text("comparison", f"{end}_end", language) in value
                else:
                    scale = 100 if name.endswith("_share") else 1
                    assert numbers(value) == rounded(row[f"{end}_value"], scale=scale)


def test_what_turns_the_order_is_said_in_words(opened: Page, words: Words) -> None:
    part(opened, "turn")
    lists = {
        one.get_attribute("data-goal"): one.text for one in opened.find("#compare_turn .turns")
    }
    assert list(lists) == ["", "labour_mobility"]
    focus = "вес цели «Центры»"
    assert (
        f"Если {focus} меньше 37,5\u202f%, впереди «{TITLES['faster']}»; если больше – "
        f"«{TITLES[PACKAGE]}»." in lists[""]
    )
    decay = words.text("assumption", "decay_per_min", "ru")
    assert f"Если «{decay}» больше 0,0625, впереди «{TITLES['faster']}»" in lists["labour_mobility"]
    assert "меньше отметки 50\u202f% от принятого к верхнему краю" in lists["labour_mobility"]
    assert "Проверок, где порядок не меняется: 1." in lists["labour_mobility"]
    opened.choose("scenario", PACKAGE)
    assert f"Если {focus} больше 37,5\u202f%, впереди «{TITLES[PACKAGE]}»" in opened.text(
        "#compare_turn .turns[data-goal='']"
    )


@pytest.mark.parametrize(("group", "wanted"), [("municipality", PLACES), ("wage", WAGES)])
def test_winners_and_losers_stand_left_and_right_of_the_middle(
    opened: Page, group: str, wanted: dict[str, tuple[float, ...]]
) -> None:
    part(opened, "who")
    cells = opened.run(CELLS, f"#compare_who_{group}", "place")
    assert [row[0] for row in cells] == list(wanted)
    for place, name, lose, _, gain, same, minutes, jobs in cells:
        _, gains, loses, stay, change, more, wage = wanted[place]
        assert [numbers(one)[0] for one in (gain, lose, same)] == rounded(gains, loses, stay)
        for said, value in ((minutes, change), (jobs, more)):
            assert said == NONE if math.isnan(value) else numbers(said) == rounded(value)
        assert ("▲" in gain, "▼" in lose) == (gains > 0, loses > 0)
        said = numbers(name.split("\n")[1]) if "\n" in name else []
        assert said == ([] if math.isnan(wage) else rounded(wage))
    most = max(max(one[1:3]) for one in wanted.values())
    for place, (_, gains, loses, *_) in wanted.items():
        row = f"#compare_who_{group} [data-place={place}]"
        box = opened.one(f"{row} .strip").rect
        for kind, count in (("better", gains), ("worse", loses)):
            (bar,) = opened.find(f"{row} .fill.{kind}")
            share = bar.rect["width"] / (box["width"] / 2)
            assert share == pytest.approx(count / most, abs=0.02)


def test_the_sum_of_winners_is_said_first(opened: Page) -> None:
    part(opened, "who")
    said = opened.find("#compare_who .lead")[0].text
    assert numbers(said) == [sum(one[at] for one in PLACES.values()) for at in (1, 2, 3)]


@pytest.mark.parametrize("language", LANGUAGES)
def test_a_package_shows_shares_errors_and_the_interaction(
    opened: Page, words: Words, language: str
) -> None:
    turned(opened, language)
    opened.choose("scenario", PACKAGE)
    part(opened, "package")
    for target, factor in (("labour_mobility", 1.0), ("minutes_per_worker_day", -0.1)):
        opened.choose("compare_target", target)
        *rows, whole, interaction = opened.run(CELLS, "#compare_shares", "measure")
        assert [row[0] for row in rows] == list(SHARES)
        for name, _, share, _, alone in rows:
            first, second, error = SHARES[name]
            ends = [factor * second, abs(factor) * error]
            assert numbers(share) == rounded(*ends)
            assert numbers(alone) == rounded(factor * first)
        assert numbers(whole[2]) == rounded(factor * WHOLE[1])
        assert numbers(whole[4]) == rounded(factor * WHOLE[0])
        assert numbers(interaction[2]) == rounded(factor * WHOLE[2])
        # fewer points, or more minutes than the sum: both are worse
        assert interaction[4] == words.text("comparison", "clash", language)
    assert words.text("comparison", "error_note", language) in opened.text("#compare_package")


def test_what_is_no_package_offers_those_that_are(opened: Page) -> None:
    part(opened, "package")
    assert not opened.find("#compare_shares")
    (offered,) = opened.find("#compare_package .choices button")
    offered.click()
    assert opened.address()["scenario"] == PACKAGE
    assert opened.find("#compare_shares")


@pytest.mark.parametrize("language", LANGUAGES)
def test_money_stands_apart_as_intervals(opened: Page, words: Words, language: str) -> None:
    turned(opened, language)
    part(opened, "money")
    assert words.text("comparison", "money_note", language) in opened.one(".apart").text
    for effect, (low, middle, high) in MONEY.items():
        first, *rest = opened.run(CELLS, f"#compare_money_{effect}", "scenario")
        assert first[0] == "faster"
        assert "\n" not in first[2]
        assert numbers(first[2]) == rounded(low, high)
        assert numbers(first[4]) == rounded(middle)
        assert [row[0] for row in rest] == (["trains", SHOCK] if effect == "agglomeration" else [])
    # what is said of every sum is said once, above the table
    trains, shock = opened.run(CELLS, "#compare_money_agglomeration", "scenario")[1:]
    more = {"ru": "ещё одна", "en": "one more"}[language]
    assert [trains[2].split("\n")[1], numbers(trains[2])] == [more, [1.5, 3.75]]
    assert [shock[2].split("\n")[0], shock[4]] == [NONE, NONE]
    hints = [one.text for one in opened.find("#compare_money .hint")]
    assert [ATTACK in one for one in hints[: len(MONEY)]] == [True] * len(MONEY)


def test_project_cards_say_criteria_cost_and_what_is_lacking(opened: Page, words: Words) -> None:
    part(opened, "money")
    known, unknown = opened.find(".project")
    marks = [one.text[0] for one in known.find_elements("css selector", "li")]
    assert marks == ["✓", "✗", "✓", "✓", "?"]
    assert ATTACK in known.text
    line = words.text("comparison", "cost", "ru") + ": "
    (cost,) = [one for one in known.text.split("\n") if one.startswith(line)]
    assert numbers(cost) == [250, 100, 1400]
    line = words.text("comparison", "benefit_per_cost", "ru") + ": "
    (worth,) = [one for one in known.text.split("\n") if one.startswith(line)]
    assert numbers(worth) == rounded(0.165, -0.125, 0.965)
    assert words.text("project_record", "funding", "ru") in known.text
    assert words.text("comparison", "cost_absent", "ru") in unknown.text
    assert not numbers(unknown.text)


def test_coverage_lists_what_is_not_whole_and_why(
    opened: Page, comparison: Comparison, words: Words
) -> None:
    part(opened, "money")
    wanted = comparison.coverage[comparison.coverage["covered_share"] < 1]
    cells = opened.run(CELLS, "#compare_coverage", "indicator")
    assert [row[0] for row in cells] == wanted["indicator"].tolist()
    for (_, _, share, reason), row in zip(cells, wanted.to_dict("records"), strict=True):
        assert numbers(share) == rounded(row["covered_share"], scale=100)
        assert (words.text("table", "wages", "ru") in reason) == bool(row["reason"])


def test_arrows_go_from_part_to_part_and_keep_the_focus(opened: Page) -> None:
    from selenium.webdriver.common.keys import Keys

    opened.one("#compare_part_changes").click()
    for name in [*PARTS[1:], PARTS[0]]:
        opened.driver.switch_to.active_element.send_keys(Keys.ARROW_RIGHT)
        assert opened.address()["part"] == name
        (shown,) = opened.find("#compare_sheet section.shown")
        assert shown.get_attribute("id") == f"compare_{name}"
        focus = opened.driver.switch_to.active_element.get_attribute("id")
        assert focus == f"compare_part_{name}"
    opened.driver.switch_to.active_element.send_keys(Keys.ARROW_LEFT)
    assert opened.address()["part"] == PARTS[-1]


def test_the_address_brings_back_scenario_part_goal_and_language(page: Page, file: Path) -> None:
    page.open(
        file, "#view=comparison&scenario=trains&part=turn&goal=multi_focus&language=en&target=no"
    )
    assert page.one("#compare_goal_multi_focus").get_attribute("aria-pressed") == "true"
    (shown,) = page.find("#compare_sheet section.shown")
    assert shown.get_attribute("id") == "compare_turn"
    page.open(file, "#view=comparison&part=nonsense&goal=nonsense&scenario=nonsense")
    assert page.find("#compare_overview")
    assert page.complaints() == []


@pytest.mark.parametrize("size", [(1366, 768), (1920, 1080)])
@pytest.mark.parametrize("language", LANGUAGES)
def test_nothing_sticks_out_and_letters_are_large(
    page: Page, file: Path, size: tuple[int, int], language: str
) -> None:
    old = page.driver.get_window_size()
    page.driver.set_window_size(*size)
    try:
        for scenario in ("baseline", "faster", PACKAGE):
            for name in PARTS:
                address = f"#view=comparison&scenario={scenario}&part={name}&language={language}"
                page.run("location.hash = arguments[0]", address) if page.find(
                    "#compare_sheet"
                ) else page.open(file, address)
                page.wait(f"#compare_{name}.shown")
                assert page.run(WIDE) == [], (scenario, name)
        assert page.run(SIZE, "#compare_sheet") >= (15 if size[0] < 1500 else 19)
    finally:
        page.driver.set_window_size(old["width"], old["height"])
    assert page.complaints() == []


def test_paper_holds_every_part_and_leaves_the_controls_out(opened: Page) -> None:
    opened.driver.execute_cdp_cmd("Emulation.setEmulatedMedia", {"media": "print"})
    try:
        shown = [one.get_attribute("id") for one in opened.find("section") if one.is_displayed()]
        # of a scenario that is no package nothing is printed on packages
        assert shown == [f"compare_{name}" for name in PARTS if name != "package"]
        for hidden in ("#panel", "#compare_parts"):
            assert not opened.one(hidden).is_displayed()
        assert "1\u00a0000" in opened.text(".foot")
    finally:
        opened.driver.execute_cdp_cmd("Emulation.setEmulatedMedia", {"media": ""})


def test_hostile_names_show_as_they_are(opened: Page) -> None:
    opened.choose("scenario", "trains")
    assert opened.text("#compare_sheet h1").startswith(ATTACK)
    assert not opened.find("#compare_sheet h1 b")


def test_without_a_comparison_the_page_has_no_such_view(
    page: Page, results: list[Result], tmp_path: Path
) -> None:
    path = tmp_path / "index.html"
    path.write_text(compared_page(results, None), encoding="utf-8", newline="\n")
    page.open(path, "#view=comparison")
    assert page.find("#comparison") == []
    assert page.find("#compare_sheet") == []
    assert page.complaints() == []
