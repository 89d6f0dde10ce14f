"""Scenario files: what they say, and clear messages for what they say wrongly."""

from __future__ import annotations

from pathlib import Path

import pytest

from agglo.errors import ScenarioError
from agglo.scenarios.changes import CHANGES
from agglo.scenarios.files import (
    checked_arguments,
    find_scenario,
    read_scenario,
    scenario_names,
)
from agglo.scenarios.receipts import apply_scenario
from tests import worlds

BRIDGE = """
title = "A bridge"
title_ru = "Мост"
description = "From bank to bank"
horizon = "day"

[[change]]
do = "add_link"
link = "bridge"
from_id = "west"
to_id = "east"
speed_kmh = 60
basis = "source"
why = "the plan of 2030"

[[change]]
do = "shift_population"
from_zone = { west = 10 }
to_zone = { east = 4, "west bank" = 6.5 }
"""
TITLE = 'title = "x"\n'
JOBS = '[[change]]\ndo = "add_jobs"\nzone = "east"\njobs_count = 5\n'
SPEED = '[[change]]\ndo = "set_speed"\nspeed_kmh = 5\n'


def written(folder: Path, text: str, name: str = "plan.toml") -> Path:
    path = folder / name
    path.write_text(text, encoding="utf-8")
    return path


def test_a_file_is_read_with_all_it_says(tmp_path: Path) -> None:
    scenario = read_scenario(written(tmp_path, BRIDGE))
    assert (scenario.name, scenario.title, scenario.title_ru) == ("plan", "A bridge", "Мост")
    assert scenario.horizon == "day"
    first, second = scenario.steps
    assert (first.do, first.basis, first.why) == ("add_link", "source", "the plan of 2030")
    assert first.arguments == {
        "link": "bridge",
        "from_id": "west",
        "to_id": "east",
        "speed_kmh": 60,
    }
    assert second.basis == "proposal"
    assert second.arguments["to_zone"] == {"east": 4, "west bank": 6.5}


def test_a_title_is_enough(tmp_path: Path) -> None:
    scenario = read_scenario(written(tmp_path, TITLE))
    assert (scenario.steps, scenario.horizon, scenario.title_ru) == ((), "year", "x")


def test_a_file_saved_with_a_byte_order_mark_reads_the_same(tmp_path: Path) -> None:
    """Windows Notepad writes one."""
    path = tmp_path / "plan.toml"
    path.write_text(BRIDGE, encoding="utf-8-sig")
    assert read_scenario(path) == read_scenario(written(tmp_path, BRIDGE))


def test_lines_may_end_as_windows_ends_them(tmp_path: Path) -> None:
    path = tmp_path / "plan.toml"
    path.write_bytes((TITLE + JOBS).replace("\n", "\r\n").encode())
    assert read_scenario(path).steps[0].do == "add_jobs"


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("", "needs title = \"…\" as a text; got ''"),
        ("title = 5", 'needs title = "…" as a text; got 5'),
        ('title = "  "', 'needs title = "…" as a text'),
        ("title = x", "malformed TOML: Invalid value"),
        ("title = 'x", "malformed TOML"),
        ("just words", "malformed TOML"),
        (TITLE + TITLE, "malformed TOML: Cannot overwrite a value"),
        (TITLE + 'titel = "y"', "unknown key 'titel'; did you mean 'title'?"),
        (TITLE + "zzz = 1", "unknown key 'zzz'; known: title, title_ru"),
        (TITLE + 'horizon = "week"', "horizon must be 'year' or 'day'; got 'week'"),
        (TITLE + "horizon = 1", 'needs horizon = "…" as a text; got 1'),
        (TITLE + "description = []", 'needs description = "…" as a text'),
        (TITLE + JOBS.replace("[[change]]", "[change]"), "under [[change]], with two brackets"),
        (TITLE + 'change = "add_jobs"', "under [[change]], with two brackets"),
        (TITLE + "change = [1]", 'change 1: needs do = "…", one of set_speed'),
        (TITLE + "[[change]]", 'change 1: needs do = "…", one of set_speed'),
        (TITLE + "[[change]]\ndo = 3", 'change 1: needs do = "…"'),
        (
            TITLE + JOBS + JOBS.replace("add_jobs", "add_job"),
            "change 2: unknown change 'add_job'; did you mean add_jobs",
        ),
        (TITLE + '[[change]]\ndo = "zzz"', "change 1: unknown change 'zzz'; known: set_speed"),
        (TITLE + JOBS + 'basis = "guess"', "change 1 (add_jobs): basis must be 'proposal' or"),
        (TITLE + JOBS + "basis = []", "(add_jobs): basis must be 'proposal' or 'source'; got []"),
        (TITLE + JOBS.replace("zone =", "zon ="), "change 1 (add_jobs): unknown key 'zon'; did"),
        (TITLE + JOBS + "zone_id = 1", "change 1 (add_jobs): unknown key 'zone_id'; did you"),
        (TITLE + JOBS + "region = 1", "change 1 (add_jobs): unknown key 'region'"),
        (TITLE + '[[change]]\ndo = "add_jobs"', "(add_jobs): lacks zone, jobs_count"),
        (TITLE + JOBS.replace("= 5", '= "5"'), "jobs_count must be a number; got '5'"),
        (TITLE + JOBS.replace("= 5", "= true"), "jobs_count must be a number; got true"),
        (TITLE + JOBS.replace("= 5", "= nan"), "jobs_count must be a number; got nan"),
        (TITLE + JOBS.replace("= 5", "= [5]"), "jobs_count must be a number; got [5]"),
        (TITLE + JOBS.replace('"east"', "5"), "zone must be a text; got 5"),
        (TITLE + SPEED + "link = 5", "link must be a list, each a text; got 5"),
        (TITLE + SPEED + 'link = ["a", 5]', "link must be a list, each a text; got ['a', 5]"),
        (TITLE + SPEED + "km = 5", "km must be a list of 2 numbers; got 5"),
        (TITLE + SPEED + "km = [5]", "km must be a list of 2 numbers; got [5]"),
        (TITLE + SPEED + "km = [5, 6, 7]", "km must be a list of 2 numbers; got [5, 6, 7]"),
        (TITLE + SPEED + 'km = [5, "6"]', "km must be a list of 2 numbers"),
        (
            TITLE + '[[change]]\ndo = "shift_population"\nfrom_zone = 5\nto_zone = {}',
            "from_zone must be a table of numbers by name; got 5",
        ),
        (
            TITLE + '[[change]]\ndo = "shift_population"\nfrom_zone = {a = "5"}\nto_zone = {}',
            "from_zone must be a table of numbers by name",
        ),
        (
            TITLE + '[[change]]\ndo = "add_link"\nlink = "n"\nfrom_id = "a"\nto_id = "b"\n'
            'speed_kmh = 5\nlength_km = "far"',
            "length_km must be a number; got 'far'",
        ),
        (
            TITLE + '[[change]]\ndo = "add_line"\nline = "n"\nmode = "bus"\nstops = ["a"]\n'
            "run_min = 5\nheadway_min = 5",
            "run_min must be a list, each a number; got 5",
        ),
    ],
)
def test_a_malformed_file_is_refused_by_its_name(tmp_path: Path, text: str, message: str) -> None:
    with pytest.raises(ScenarioError) as caught:
        read_scenario(written(tmp_path, text))
    assert str(caught.value).startswith(("plan.toml: ", "plan.toml, change "))
    assert message in str(caught.value)


def test_a_file_in_another_encoding_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "plan.toml"
    path.write_bytes('title = "План"'.encode("cp1251"))
    with pytest.raises(
        ScenarioError, match=r"plan.toml: malformed TOML: not UTF-8 .*; save it as UTF-8"
    ):
        read_scenario(path)


def test_a_file_that_is_not_there_is_named(tmp_path: Path) -> None:
    with pytest.raises(ScenarioError, match=r"none.toml: there is no such scenario file"):
        read_scenario(tmp_path / "none.toml")


def test_a_folder_is_no_scenario(tmp_path: Path) -> None:
    (tmp_path / "folder.toml").mkdir()
    with pytest.raises(ScenarioError, match=r"folder.toml: cannot be read"):
        read_scenario(tmp_path / "folder.toml")


def test_scenarios_are_listed_with_the_baseline_first(tmp_path: Path) -> None:
    for name in ("b", "baseline", "a"):
        written(tmp_path, TITLE, f"{name}.toml")
    written(tmp_path, "", "notes.txt")
    assert scenario_names(tmp_path) == ["baseline", "a", "b"]


def test_a_scenario_is_found_by_name_or_by_file(tmp_path: Path) -> None:
    own = written(tmp_path, TITLE, "bridge.toml")
    other = tmp_path / "elsewhere"
    other.mkdir()
    far = written(other, TITLE, "far.toml")
    assert find_scenario("bridge", tmp_path) == own
    assert find_scenario(str(far), tmp_path) == far


def test_a_name_that_nobody_has_gets_the_nearest_one(tmp_path: Path) -> None:
    written(tmp_path, TITLE, "bridge.toml")
    with pytest.raises(ScenarioError, match=r"no scenario 'brigde'.*did you mean bridge?"):
        find_scenario("brigde", tmp_path)
    with pytest.raises(ScenarioError, match=r"no scenario 'zzz'.*there are bridge"):
        find_scenario("zzz", tmp_path)


@pytest.mark.parametrize("do", CHANGES)
def test_every_change_needs_some_argument(do: str) -> None:
    if do == "close_link":
        assert checked_arguments(do, {}, "x") == {}
    else:
        with pytest.raises(ScenarioError, match=rf"x \({do}\): lacks "):
            checked_arguments(do, {}, "x")


def test_a_scenario_file_does_to_the_region_what_it_says(tmp_path: Path) -> None:
    first = BRIDGE[: BRIDGE.rindex("[[change]]")]
    plan = written(tmp_path, first)
    changed, receipts = apply_scenario(worlds.two_banks(bridge=False), read_scenario(plan))
    assert changed["links"].loc["bridge", "speed_kmh"] == 60
    assert set(receipts["basis"]) == {"source"}
    assert set(receipts["why"]) == {"the plan of 2030"}
