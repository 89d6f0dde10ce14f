"""The meeting map in a real browser, opened from a file with the network cut."""

from __future__ import annotations

import base64
import itertools
import json
import re
import shutil
import time
from collections.abc import Iterator, Mapping
from dataclasses import replace
from pathlib import Path

import pandas as pd
import pytest

from agglo.indicators.registry import INDICATORS
from agglo.maps.drawing import zone_styles
from agglo.maps.styles import class_of
from agglo.maps.tables import map_tables
from agglo.maps.words import LANGUAGES, Theme, Words, read_theme, read_words
from agglo.output import write_output
from agglo.region import Region
from agglo.run import Result, run
from agglo.workspace import Workspace
from tests.browser.pages import READY_S, Page, shown_number
from tests.quick import few_runs

MOST_BYTES = 4_000_000
LEAST_OVERLAYS = 8
SHAPES = """
return document.querySelectorAll(
  '.leaflet-map-pane path:not([stroke-opacity="0"]), .leaflet-map-pane .leaflet-marker-icon'
).length"""
ZONE_UNDER_POINTER = """
var box = document.querySelector('.folium-map').getBoundingClientRect(), found = null;
var y = box.top + box.height / 4, x;
function at(dx, dy) { return document.elementFromPoint(x + dx, y + dy); }
for (; y < box.bottom && !found; y += 10) {
  for (x = box.left + 80; x < box.right && !found; x += 10) {
    var hit = at(0, 0);
    if (!hit || !hit.closest('.leaflet-zones-pane')) { continue; }
    if ([[9, 0], [-9, 0], [0, 9], [0, -9]].some(function (d) { return at(d[0], d[1]) !== hit; })) {
      continue;
    }
    AGGLO_MAP.eachLayer(function (layer) {
      if (layer._path !== hit || !layer.feature) { return; }
      found = [x, y, layer.feature.properties.zone_id];
    });
  }
}
return found"""
EVERY_TOOLTIP = """
var said = [];
AGGLO_MAP.eachLayer(function (layer) {
  if (!layer.getTooltip || !layer.getTooltip() || !(layer.getCenter || layer.getLatLng)) { return; }
  var at = layer.getLatLng ? layer.getLatLng() : layer.getBounds().getCenter();
  layer.openTooltip(at);
  said.push(layer.getTooltip().getElement().textContent);
  layer.closeTooltip();
});
return said"""


@pytest.fixture(scope="module")
def file(
    workspace: Workspace, results: dict[str, Result], tmp_path_factory: pytest.TempPathFactory
) -> Path:
    """Write the page of the whole workspace."""
    out = tmp_path_factory.mktemp("run") / "Мои расчёты"
    return write_output(workspace, list(results.values()), out) / "index.html"


@pytest.fixture
def opened(page: Page, file: Path) -> Iterator[Page]:
    """Open the page; afterwards the console must be silent and nothing may have been asked."""
    page.open(file)
    yield page
    assert page.complaints() == []
    assert page.requests() == []


@pytest.fixture(scope="module")
def words(workspace: Workspace) -> Words:
    return read_words(workspace.root / "maps")


@pytest.fixture(scope="module")
def theme(workspace: Workspace) -> Theme:
    return read_theme(workspace.root / "maps")


@pytest.fixture(scope="module")
def drawn(results: dict[str, Result]) -> pd.DataFrame:
    """Return the values of every place and scenario that the map draws."""
    return pd.DataFrame(map_tables(list(results.values()), least_flow_count=300)["places"])


# ---- opening


def test_the_page_opens_within_five_seconds_without_network_and_complaints(
    page: Page, file: Path
) -> None:
    assert page.open(file) < READY_S
    assert page.requests() == []
    assert page.complaints() == []


def test_the_browser_would_have_noticed_a_request_and_an_error(page: Page, tmp_path: Path) -> None:
    bad = tmp_path / "bad.html"
    bad.write_text(
        '<body data-ready="true"><img src="http://192.0.2.1/tile.png"><script>x.y</script>',
        encoding="utf-8",
    )
    page.open(bad)
    assert page.requests() == ["http://192.0.2.1/tile.png"]
    assert any("x is not defined" in line for line in page.complaints())


def test_the_page_is_one_file_of_less_than_four_megabytes(file: Path) -> None:
    assert 100_000 < file.stat().st_size < MOST_BYTES


def test_the_policy_of_the_page_lets_it_ask_nobody(opened: Page) -> None:
    policy = opened.one('meta[http-equiv="Content-Security-Policy"]').get_attribute("content")
    rules = dict(rule.strip().split(" ", 1) for rule in policy.split(";"))
    assert rules["default-src"] == "'none'"
    assert set(rules) <= {"default-src", "script-src", "style-src", "img-src"}
    assert rules["img-src"] == "data:"
    assert "http" not in policy


def test_the_policy_stops_a_request_before_it_leaves(page: Page, file: Path) -> None:
    page.open(file)
    page.run("var i = new Image(); i.src = 'http://192.0.2.1/x.png'; document.body.append(i);")
    for _ in range(50):
        complaints = page.complaints()
        if complaints:
            break
        time.sleep(0.1)
    assert "Content Security Policy" in complaints[0]


def test_the_map_opens_on_the_area(opened: Page, workspace: Workspace) -> None:
    municipalities = workspace.region.geo("municipalities").to_crs("EPSG:4326")
    members = municipalities[municipalities["role"] != "context"]
    west, south, east, north = members.total_bounds
    lon, lat = opened.run("var c = AGGLO_MAP.getCenter(); return [c.lng, c.lat]")
    assert west < lon < east
    assert south < lat < north
    seen = opened.run(
        "var b = AGGLO_MAP.getBounds();"
        "return [b.getWest(), b.getSouth(), b.getEast(), b.getNorth()]"
    )
    assert seen[0] <= west
    assert seen[1] <= south
    assert seen[2] >= east
    assert seen[3] >= north
    assert seen[2] - seen[0] < 3 * (east - west)


def test_the_legend_explains_the_colours_that_are_drawn(opened: Page) -> None:
    labels = [each.text for each in opened.find(".legend div span")]
    assert len(labels) >= 5
    assert all(labels)
    swatches = opened.run(
        "return Array.from(document.querySelectorAll('.legend div i'),"
        " function (i) { return i.style.background; })"
    )
    in_legend = set()
    for each in swatches:
        red, green, blue = map(int, re.findall(r"\d+", each)[:3])
        in_legend.add(f"#{red:02x}{green:02x}{blue:02x}")
    assert set(opened.colours().values()) <= in_legend


def test_the_panel_shows_scores_receipts_and_sources(
    opened: Page, results: dict[str, Result], workspace: Workspace
) -> None:
    opened.choose("scenario", "m3-upgrade")
    text = opened.text("#controls")
    for goal in workspace.goals:
        assert goal.name_ru in text
    whole = opened.run("return document.getElementById('controls').textContent")
    for item in workspace.region.provenance:
        assert item.title_ru in whole
    score = results["m3-upgrade"].scores.set_index("goal").loc["labour_mobility", "score"]
    shown = opened.find(".goal b")[0].text
    assert shown_number(shown) == pytest.approx(score, abs=0.06)
    assert opened.find(".receipt")
    assert "undefined" not in text
    assert "[object" not in text


# ---- every switch


def test_every_scenario_can_be_chosen_and_is_told_apart(
    opened: Page, results: dict[str, Result]
) -> None:
    titles = {name: result.scenario.title_ru for name, result in results.items()}
    assert opened.options("scenario") == titles
    panels = {}
    for name, result in results.items():
        opened.choose("scenario", name)
        assert opened.address().get("scenario", "baseline") == name
        assert result.scenario.description_ru in opened.text("#controls")
        panels[name] = opened.text("#controls")
    assert len(set(panels.values())) == len(results)


def test_every_zone_has_the_colour_that_qgis_gives_it(
    opened: Page, drawn: pd.DataFrame, theme: Theme, words: Words
) -> None:
    styles = zone_styles(drawn, theme, words, "ru", geometry="point")
    compared = 0
    for scenario in ("baseline", "m3-upgrade", "vorsino-work-buses"):
        opened.choose("scenario", scenario)
        rows = drawn[(drawn["scenario"] == scenario) & (drawn["kind"] != "outside")]
        rows = rows.set_index("zone_id")
        for difference, name in itertools.product((False, True), theme.shown):
            if difference and scenario == "baseline":
                continue
            opened.choose("indicator", name)
            if scenario != "baseline":
                opened.one("#difference" if difference else "#levels").click()
            column = f"change_{name}" if difference else name
            expected = {
                zone: class_of(styles[column], value).colour
                for zone, value in rows[column].round(6).items()
            }
            assert opened.colours() == expected, (scenario, column)
            compared += len(set(expected.values()))
    assert compared > 60


def test_every_indicator_changes_the_legend(opened: Page, theme: Theme, words: Words) -> None:
    titles = {name: words.text("indicator", name, "ru") for name in theme.shown}
    assert opened.options("indicator") == titles
    for name, title in titles.items():
        opened.choose("indicator", name)
        assert opened.address().get("indicator", theme.key[0]) == name
        assert opened.find(".legend b")[0].text.startswith(title)


def test_the_difference_has_its_own_legend_and_is_off_for_the_baseline(
    opened: Page, words: Words
) -> None:
    opened.choose("scenario", "m3-upgrade")
    opened.choose("indicator", "jobs_by_decay")
    opened.one("#difference").click()
    assert opened.address()["difference"] == "true"
    assert opened.one("#difference").get_attribute("aria-pressed") == "true"
    assert opened.one("#levels").get_attribute("aria-pressed") == "false"
    difference, labels = opened.find(".legend b")[0].text, opened.text(".legend")
    assert words.text("indicator", "jobs_by_decay", "ru") in difference
    opened.choose("scenario", "baseline")
    assert opened.find("#difference") == []
    assert opened.find(".legend b")[0].text != difference
    assert opened.text(".legend") != labels
    assert len(set(opened.colours().values())) > 1


def test_the_language_changes_every_text(
    opened: Page, workspace: Workspace, words: Words, results: dict[str, Result]
) -> None:
    opened.one("#language").click()
    assert opened.address()["language"] == "en"
    assert opened.text("#title") == workspace.region.name_en
    assert opened.driver.title == workspace.region.name_en
    assert opened.one("html").get_attribute("lang") == "en"
    assert opened.text("#caveat") == words.text("word", "caveat", "en")
    assert list(opened.options("scenario").values()) == [
        result.scenario.title for result in results.values()
    ]
    overlays = opened.text(".leaflet-control-layers-overlays")
    for key in ("criticality", "flows", "railways"):
        assert words.text("word", key, "en") in overlays
    for selector in (".legend", ".leaflet-control-layers-overlays"):
        assert not re.search("[а-яё]", opened.text(selector).lower())
    opened.one("#language").click()
    assert opened.text("#title") == workspace.region.name_ru


def test_every_text_is_there_in_both_languages(
    opened: Page, words: Words, theme: Theme, results: dict[str, Result]
) -> None:
    used = set(theme.shown) | set(theme.key) | set(INDICATORS)
    for group, keys in (("indicator", used), ("unit", {i.unit for i in INDICATORS.values()})):
        for key in keys:
            assert all(words.texts[group][key].get(language) for language in LANGUAGES), key
    opened.choose("scenario", next(reversed(results)))
    assert opened.text("#controls").count("undefined") == 0


def test_every_layer_can_be_switched_off_and_on(opened: Page) -> None:
    def boxes() -> list:
        return opened.find(".leaflet-control-layers-overlays input")

    assert len(boxes()) >= LEAST_OVERLAYS
    for number in range(len(boxes())):
        states = []
        for _ in range(2):
            was, before = boxes()[number].is_selected(), opened.run(SHAPES)
            boxes()[number].click()
            assert boxes()[number].is_selected() != was
            after = opened.run(SHAPES)
            assert after < before if was else after > before, number
            states.append(before)
        assert opened.run(SHAPES) == states[0], number


def test_switching_language_and_scenario_keeps_the_layers_that_were_chosen(opened: Page) -> None:
    def chosen() -> list[bool]:
        boxes = opened.find(".leaflet-control-layers-overlays input")
        return [each.is_selected() for each in boxes]

    before = chosen()
    assert len(set(before)) == 2
    for number in (0, before.index(False)):
        opened.find(".leaflet-control-layers-overlays input")[number].click()
    wanted = chosen()
    assert wanted != before
    opened.choose("scenario", "m3-closed")
    opened.one("#language").click()
    assert chosen() == wanted


@pytest.mark.parametrize("language", LANGUAGES)
def test_a_tooltip_shows_name_value_unit_and_status(
    opened: Page, results: dict[str, Result], words: Words, language: str
) -> None:
    from selenium.webdriver.common.actions.action_builder import ActionBuilder

    if language == "en":
        opened.one("#language").click()
    opened.choose("scenario", "vorsino-growth")
    opened.choose("indicator", "jobs_by_decay")
    x, y, zone = opened.run(ZONE_UNDER_POINTER)
    mouse = ActionBuilder(opened.driver)
    mouse.pointer_action.move_to_location(int(x) - 1, int(y)).move_to_location(int(x), int(y))
    mouse.perform()
    result = results["vorsino-growth"]
    rows = dict(
        opened.run(
            "return Array.from(document.querySelectorAll('.leaflet-tooltip tr'), function (row) {"
            "  return Array.from(row.cells, function (cell) { return cell.textContent; }); })"
        )
    )
    name = result.case.region["zones"].loc[zone, f"name_{language}"]
    assert name in opened.text(".leaflet-tooltip b")
    assert opened.run(
        "var tip = document.querySelector('.leaflet-tooltip');"
        "return tip.querySelector('table').offsetWidth <= tip.clientWidth;"
    )
    own = result.indicators.set_index(["place_id", "indicator"]).loc[(zone, "jobs_by_decay")]
    shown = rows[words.text("indicator", "jobs_by_decay", language)]
    assert shown_number(shown) == pytest.approx(own["value"], abs=0.51)
    assert words.text("unit", own["unit"], language) in shown
    status = rows[words.text("word", "status", language)]
    assert status == words.text("status", own["status"], language)
    base = results["baseline"].indicators.set_index(["place_id", "indicator"])["value"]
    change = own["value"] - base[zone, "jobs_by_decay"]
    difference = rows[words.text("word", "difference", language)]
    assert shown_number(difference) == pytest.approx(change, rel=0.006, abs=0.51)


def test_every_shape_has_a_tooltip_without_gaps(opened: Page, results: dict[str, Result]) -> None:
    for box in opened.find(".leaflet-control-layers-overlays input"):
        if not box.is_selected():
            box.click()
    for scenario in ("baseline", next(reversed(results))):
        opened.choose("scenario", scenario)
        said = opened.run(EVERY_TOOLTIP)
        assert len(said) > 100
        assert [text for text in said if re.search("undefined|NaN|null|object", text)] == []


# ---- the address


def test_the_address_keeps_the_state_and_restores_it(
    page: Page, file: Path, workspace: Workspace
) -> None:
    page.open(file)
    page.one("#language").click()
    page.choose("scenario", "m3-closed")
    page.choose("indicator", "minutes_per_worker_day")
    page.one("#difference").click()
    address, colours = page.run("return location.hash"), page.colours()
    assert page.address() == {
        "language": "en", "scenario": "m3-closed", "indicator": "minutes_per_worker_day",
        "difference": "true",
    }  # fmt: skip
    page.open(file)
    assert page.colours() != colours
    page.open(file, address)
    assert page.colours() == colours
    assert page.text("#title") == workspace.region.name_en
    assert page.one("select#scenario").get_property("value") == "m3-closed"
    assert page.one("select#indicator").get_property("value") == "minutes_per_worker_day"
    assert page.one("#difference").get_attribute("aria-pressed") == "true"
    assert page.run("return location.hash") == address
    assert page.complaints() == []


def test_an_address_pasted_into_an_open_page_takes_effect(opened: Page, words: Words) -> None:
    opened.run("location.hash = '#language=en&scenario=m3-upgrade&indicator=jobs_per_worker'")
    time.sleep(0.2)
    assert opened.one("select#scenario").get_property("value") == "m3-upgrade"
    assert opened.find(".legend b")[0].text.startswith(
        words.text("indicator", "jobs_per_worker", "en")
    )
    assert words.text("word", "railways", "en") in opened.text(".leaflet-control-layers-overlays")


@pytest.mark.parametrize(
    "address",
    [
        "#scenario=nonsense&indicator=nonsense&language=xx&difference=maybe",
        "#scenario=%",
        "#scenario=%D0%BC%D0&indicator=%3Cscript%3E",
        "#&&==&scenario",
        "#scenario=__proto__&indicator=constructor&language=toString",
    ],
)
def test_a_spoilt_address_opens_the_page_as_it_is(page: Page, file: Path, address: str) -> None:
    page.open(file)
    colours = page.colours()
    page.open(file, address)
    assert page.colours() == colours
    assert page.one("select#scenario").get_property("value") == "baseline"
    assert page.complaints() == []


def test_the_baseline_never_opens_in_the_difference_view(page: Page, file: Path) -> None:
    page.open(file)
    colours = page.colours()
    page.open(file, "#scenario=baseline&difference=true")
    assert page.colours() == colours


# ---- small screens and no scripts


def test_a_reader_without_scripts_sees_the_scores(
    file: Path, results: dict[str, Result], workspace: Workspace
) -> None:
    (plain,) = re.findall(r"<noscript>(.*?)</noscript>", file.read_text(encoding="utf-8"), re.S)
    for goal in workspace.goals:
        assert goal.name_ru in plain
    for result in results.values():
        for score in result.scores["score"]:
            assert f"<td>{score:.1f}</td>" in plain


def test_the_keyboard_reaches_every_control(opened: Page) -> None:
    from selenium.webdriver.common.keys import Keys

    reached = set()
    opened.run("document.body.tabIndex = -1; document.body.focus()")
    for _ in range(60):
        opened.driver.switch_to.active_element.send_keys(Keys.TAB)
        reached.add(opened.run("return document.activeElement.id"))
    assert reached >= {"language", "scenario", "indicator"}


# ---- names that attack

HOSTILE = (
    "<script>window.hacked=1</script>",
    "\"><img src=x onerror='window.hacked=1'>",
    "'\"`;window.hacked=1;//",
    "</script><script>window.hacked=1</script>",
    "<!--<script>",
    "🚆 Обнинск 👩‍👩‍👧 \u202eзадом наперёд",
    "{{ 7*7 }}",
    "{% raw %}{{ 7*7 }}",
    "{% endraw %}{{ 7*7 }}",
    "{%- endraw -%}{{ 7*7 }}",
    "{%endraw%}{{ 7*7 }}",
    "{# gone #}${window.hacked=1}",
    "javascript:window.hacked=1",
    "&lt;b&gt; &amp; \\u003cb\\u003e \\n",
    "\u2028\u2029 line",
    "м" * 3000,
)
EDITIONS = ("baseline", "m3-upgrade")


def hostile_region(region: Region) -> Region:
    """Give everything on the map an attacking name, each with a number that finds it again."""
    number = itertools.count()
    attacks = itertools.cycle(HOSTILE)

    def renamed(table: pd.DataFrame) -> pd.DataFrame:
        columns = [name for name in ("name_ru", "name_en") if name in table]
        return table.assign(
            **{name: [f"{next(attacks)} {next(number)}" for _ in table.index] for name in columns}
        )

    tables = ("zones", "municipalities", "links", "stops", "lines", "railways", "employers")
    changed = region.with_tables(**{name: renamed(region[name]) for name in tables})
    provenance = tuple(
        replace(
            item,
            title=next(attacks),
            source=next(attacks),
            licence=next(attacks),
            attribution=next(attacks),
            note=next(attacks),
        )
        for item in region.provenance
    )
    return replace(changed, provenance=provenance)


@pytest.fixture(scope="module")
def hostile_workspace(workspace: Workspace, tmp_path_factory: pytest.TempPathFactory) -> Workspace:
    """Make a workspace whose every name attacks."""
    root = tmp_path_factory.mktemp("hostile")
    shutil.copytree(workspace.root / "maps", root / "maps", ignore=shutil.ignore_patterns("build*"))
    (root / "scenarios").mkdir()
    for name, attack in zip(EDITIONS, HOSTILE, strict=False):
        text = (workspace.root / "scenarios" / f"{name}.toml").read_text(encoding="utf-8")
        attacked = re.sub(
            r'^(title|title_ru|description|description_ru|why|why_ru) = ".*"$',
            lambda found, attack=attack: f"{found[1]} = {json.dumps(found[1] + attack)}",
            text,
            flags=re.MULTILINE,
        )
        assert attacked != text
        (root / "scenarios" / f"{name}.toml").write_text(attacked, encoding="utf-8")
    goals = tuple(
        replace(goal, name_ru=attack, name_en=attack)
        for goal, attack in zip(workspace.goals, HOSTILE, strict=False)
    )
    return replace(workspace, root=root, region=hostile_region(workspace.region), goals=goals)


def hostile_file(given: Workspace, out: Path, name: str) -> Path:
    """Write the page of a region of this name."""
    named = replace(given, region=replace(given.region, name_ru=name, name_en=name))
    with pytest.MonkeyPatch.context() as patch:
        few_runs(patch)
        results = run(named)
    return write_output(named, results, out) / "index.html"


def unharmed(page: Page) -> None:
    """Check that nothing of what names hold was executed or asked for."""
    from selenium.common.exceptions import NoAlertPresentException

    with pytest.raises(NoAlertPresentException):
        page.driver.switch_to.alert  # noqa: B018
    assert page.run("return typeof window.hacked") == "undefined"
    assert page.find("img[src='x'], [onerror]") == []
    assert page.requests() == []


def test_hostile_names_show_as_they_are_and_do_nothing(
    page: Page, hostile_workspace: Workspace, tmp_path: Path
) -> None:
    name = " ".join(HOSTILE[:3])
    page.open(hostile_file(hostile_workspace, tmp_path / "build", name))
    for box in page.find(".leaflet-control-layers-overlays input"):
        if not box.is_selected():
            box.click()
    for scenario, attack in zip(EDITIONS, HOSTILE, strict=False):
        page.choose("scenario", scenario)
        assert page.options("scenario")[scenario] == f"title_ru{attack}"
        assert f"description_ru{attack}" in page.text("#controls")
    assert f"why{HOSTILE[1]}" in page.text("#controls").replace("why_ru", "why")
    for item in hostile_workspace.region.provenance:
        for text in (item.title, item.source, item.licence, item.attribution, item.note):
            assert text in page.text("#controls")
    for goal in hostile_workspace.goals:
        assert goal.name_ru in page.text("#controls")
    said = "\n".join(page.run(EVERY_TOOLTIP))
    region = hostile_workspace.region
    zones = region["zones"]
    for expected in (
        zones.loc[zones["kind"] != "outside", "name_ru"],
        region["links"]["name_ru"],
        region["stops"]["name_ru"],
        region["railways"]["name_ru"],
    ):
        assert len(expected) > 0
        assert [text for text in expected if text not in said] == []
    page.one("#language").click()
    assert zones.loc["obninsk", "name_en"] in "\n".join(page.run(EVERY_TOOLTIP))
    assert page.run("return AGGLO.zones.features.length") == len(zones)
    unharmed(page)
    assert page.complaints() == []


TEMPLATES = tuple(text for text in HOSTILE if text.startswith("{"))
TOGETHER = " ".join(text for text in HOSTILE[:-1] if text not in TEMPLATES)


@pytest.mark.parametrize("name", [*TEMPLATES, TOGETHER, ("название " * 40).strip()])
def test_a_hostile_name_of_the_region_is_its_title_and_nothing_else(
    page: Page, few: Mapping[str, object], tmp_path: Path, name: str
) -> None:
    page.open(renamed_page(few, tmp_path, name))
    assert page.text("#title") == name
    assert " ".join(page.driver.title.split()) == " ".join(name.split())
    assert page.find("select#scenario")
    unharmed(page)
    assert page.complaints() == []


@pytest.fixture(scope="module")
def few(workspace: Workspace) -> Mapping[str, object]:
    """Run two scenarios, quick to draw under many names."""
    with pytest.MonkeyPatch.context() as patch:
        few_runs(patch)
        return {"workspace": workspace, "results": run(workspace, ["m3-upgrade"])}


def renamed_page(few: Mapping[str, object], folder: Path, name: str) -> Path:
    """Write the page of the same results under another name of the region."""
    results = [
        replace(
            result,
            case=replace(
                result.case, region=replace(result.case.region, name_ru=name, name_en=name)
            ),
        )
        for result in few["results"]
    ]
    return write_output(few["workspace"], results, folder / "build") / "index.html"


def test_a_name_that_looks_like_one_of_foliums_own_is_kept(
    few: Mapping[str, object], tmp_path: Path
) -> None:
    name = "map_0123456789abcdef0123456789abcdef"
    text = renamed_page(few, tmp_path, name).read_text(encoding="utf-8")
    assert f'<h1 id="title">{name}</h1>' in text


def test_printing_keeps_map_and_panel(opened: Page) -> None:
    answer = opened.driver.execute_cdp_cmd("Page.printToPDF", {"preferCSSPageSize": True})
    pdf = base64.b64decode(answer["data"])
    pages = len(re.findall(rb"/Type */Page\b", pdf))
    assert pages >= 2


def test_a_link_of_another_scenario_is_not_there(opened: Page) -> None:
    """Only links of the scenario are drawn: nothing closed where nothing was built."""
    opened.choose("scenario", "baseline")
    hidden = opened.run(
        "return Array.from(document.querySelectorAll('.leaflet-links-pane path'))"
        ".filter(function (p) { return p.style.display === 'none'; }).length"
    )
    # the two pieces of the collector and the bypass
    assert hidden == 3
