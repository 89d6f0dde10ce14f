"""Scenario files: what they say, and clear messages for what they say wrongly."""

from __future__ import annotations

import pickle
from dataclasses import replace
from pathlib import Path

import pytest

from agglo.errors import ScenarioError
from agglo.scenarios.changes import CHANGES
from agglo.scenarios.composing import package
from agglo.scenarios.files import (
    checked_arguments,
    find_scenario,
    read_scenario,
    scenario_names,
    step,
)
from agglo.scenarios.receipts import apply_scenario
from agglo.scenarios.scenario import Scenario, Step, scenario_sha256, subpackage
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
    if do in ("close_link", "remove_link"):
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


def jobs(count: float, *, zone: str = "east") -> str:
    return f'[[change]]\ndo = "add_jobs"\nzone = "{zone}"\njobs_count = {count}\n'


def counts(scenario: Scenario | tuple[Step, ...]) -> list[object]:
    steps = scenario.steps if isinstance(scenario, Scenario) else scenario
    return [one.arguments["jobs_count"] for one in steps]


def several(folder: Path, **files: str) -> None:
    for name, text in files.items():
        written(folder, f'title = "{name}"\n{text}', f"{name}.toml")


def test_a_scenario_goes_on_from_others_whose_changes_come_first(tmp_path: Path) -> None:
    several(
        tmp_path,
        a=jobs(1) + jobs(2),
        b='extends = "a"\n' + jobs(3),
        c='extends = "b"\n' + jobs(4),
    )
    scenario = read_scenario(tmp_path / "c.toml")
    assert counts(scenario) == [1, 2, 3, 4]
    assert scenario.measures == ()
    assert [one.origin for one in scenario.steps] == [
        "a.toml, change 1", "a.toml, change 2", "b.toml, change 1", "c.toml, change 1"
    ]  # fmt: skip


def test_a_package_has_the_changes_of_its_measures_in_order_and_its_own_last(
    tmp_path: Path,
) -> None:
    several(tmp_path, a=jobs(1), b=jobs(2), p='measures = ["b", "a"]\n' + jobs(3))
    scenario = read_scenario(tmp_path / "p.toml")
    assert counts(scenario) == [2, 1, 3]
    assert [(one.name, one.title, counts(one.steps)) for one in scenario.measures] == [
        ("b", "b", [2]), ("a", "a", [1]), ("own", "own changes", [3])
    ]  # fmt: skip


def test_a_change_that_comes_in_by_two_ways_is_taken_once(tmp_path: Path) -> None:
    several(
        tmp_path,
        base=jobs(1),
        a='extends = "base"\n' + jobs(2),
        b='extends = "base"\n' + jobs(3),
        p='measures = ["a", "b"]\n',
    )
    scenario = read_scenario(tmp_path / "p.toml")
    assert counts(scenario) == [1, 2, 3]
    assert [counts(one.steps) for one in scenario.measures] == [[1, 2], [1, 3]]
    assert counts(subpackage(scenario, ["b"])) == [1, 3]


def test_two_changes_that_look_alike_are_two(tmp_path: Path) -> None:
    several(tmp_path, a=jobs(1) + jobs(1), b=jobs(1), p='measures = ["a", "b"]\n')
    assert counts(read_scenario(tmp_path / "p.toml")) == [1, 1, 1]


def test_a_scenario_may_go_on_from_another_and_be_a_package(tmp_path: Path) -> None:
    several(
        tmp_path, a=jobs(1), b=jobs(2), p='extends = "a"\nmeasures = ["b"]\n' + jobs(3),
        q='extends = "p"\n' + jobs(4),
    )  # fmt: skip
    first, second = (read_scenario(tmp_path / f"{name}.toml") for name in "pq")
    assert counts(first) == [1, 2, 3]
    assert [one.name for one in first.measures] == ["a", "b", "own"]
    assert counts(second) == [1, 2, 3, 4]
    assert [(one.name, counts(one.steps)) for one in second.measures] == [
        ("a", [1]), ("b", [2]), ("p", [3]), ("own", [4])
    ]  # fmt: skip


def test_a_package_among_measures_is_one_measure(tmp_path: Path) -> None:
    several(
        tmp_path, a=jobs(1), b=jobs(2), p='measures = ["a", "b"]\n', q='measures = ["p", "a"]\n'
    )
    scenario = read_scenario(tmp_path / "q.toml")
    assert counts(scenario) == [1, 2]
    assert [(one.name, counts(one.steps)) for one in scenario.measures] == [
        ("p", [1, 2]), ("a", [1])
    ]  # fmt: skip


def test_the_horizon_is_that_of_the_parts_unless_it_is_written(tmp_path: Path) -> None:
    day = 'horizon = "day"\n'
    several(
        tmp_path, a=day + jobs(1), b=jobs(2), c='extends = "a"\n', d='measures = ["a"]\n',
        e='measures = ["a", "b"]\n', f='horizon = "day"\nmeasures = ["a", "b"]\n',
    )  # fmt: skip
    assert [read_scenario(tmp_path / f"{name}.toml").horizon for name in "cdf"] == ["day"] * 3
    with pytest.raises(ScenarioError, match=r"e.toml: its parts differ in horizon \(a 'day', b"):
        read_scenario(tmp_path / "e.toml")


def test_the_cost_of_a_package_is_the_sum_of_its_measures_unless_it_is_written(
    tmp_path: Path,
) -> None:
    several(
        tmp_path,
        a='cost_mln_rub = [1, 2, 3]\ncost_source = "x"\n' + jobs(1),
        b='cost_mln_rub = [10, 20.5, 30]\ncost_source = "y"\n' + jobs(2),
        c=jobs(3),
        p='measures = ["a", "b"]\n',
        q='measures = ["a", "b", "c"]\n',
        r='cost_mln_rub = [5, 5, 5]\ncost_source = "z"\nmeasures = ["a", "b"]\n',
        s='extends = "a"\n' + jobs(4),
    )
    read = {name: read_scenario(tmp_path / f"{name}.toml") for name in "apqrs"}
    assert (read["a"].cost_mln_rub, read["a"].cost_source) == ((1, 2, 3), "x")
    assert read["p"].cost_mln_rub == (11, 22.5, 33)
    assert read["p"].cost_source == "sum of the measures"
    assert subpackage(read["p"], ["b"]).cost_mln_rub == (10, 20.5, 30)
    assert read["q"].cost_mln_rub is None
    assert (read["r"].cost_mln_rub, read["r"].cost_source) == ((5, 5, 5), "z")
    assert read["s"].cost_mln_rub is None


def test_a_contrast_says_so_and_what_goes_on_from_it_need_not_be_one(tmp_path: Path) -> None:
    several(tmp_path, a="is_contrast = true\n" + jobs(1), b='extends = "a"\n' + jobs(2))
    assert read_scenario(tmp_path / "a.toml").is_contrast
    assert not read_scenario(tmp_path / "b.toml").is_contrast


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("extends = 5", 'needs extends = "…" as a text; got 5'),
        ('extends = ""', 'needs extends = "…" as a text'),
        (
            'extends = "part.toml"',
            "extends names no scenario beside it: 'part.toml'; leave '.toml'",
        ),
        ('extends = "prt"', "extends names no scenario beside it: 'prt'; did you mean part?"),
        ('extends = "../part"', "extends names no scenario beside it"),
        ('extends = "\\u0000"', "extends names no scenario beside it"),
        (f'extends = "{"n" * 300}"', "extends names no scenario beside it"),
        ('extends = "plan"', "is made of itself: plan → plan"),
        ('measures = "part"', 'must be a list of names, such as ["a", "b"]; got \'part\''),
        ("measures = [1]", "must be a list of names"),
        ("measures = []", "measures is an empty list"),
        ('measures = ["part", "part"]', "measure 'part' stands twice"),
        ('measures = ["bare"]', "measure 'bare' changes nothing; leave it out"),
        ('measures = ["own"]', "'own' is the word for the package's own changes"),
        ("cost_mln_rub = 5", "must be [low, middle, high], rising from 0; got 5; of a firm price"),
        ("cost_mln_rub = [1, 2]", "got [1, 2]; of a firm price"),
        ('cost_mln_rub = [1, "2", 3]', "all three are numbers"),
        ("cost_mln_rub = [1, true, 3]", "all three are numbers"),
        ("cost_mln_rub = [-1, 2, 3]", "rising from 0"),
        ("cost_mln_rub = [1, nan, 3]", "rising from 0; got [1, nan, 3]"),
        ("cost_mln_rub = [1, 2, inf]", "rising from 0; got [1, 2, inf]"),
        ("cost_mln_rub = [1, 2, 3]", 'cost_mln_rub needs cost_source = "…"'),
        ('cost_source = "x"', "cost_source without cost_mln_rub"),
        ("is_contrast = 1", "is_contrast must be true or false; got 1"),
        ('zone = "east"', "'zone' stands above the first change; put it under [[change]]"),
        (JOBS + 'extends = "part"', "'extends' belongs to the whole scenario"),
        (JOBS + "why = 5", '(add_jobs): needs why = "…" as a text; got 5'),
        (JOBS.replace('"east"', "2020-01-01"), "zone must be a text; got 2020-01-01"),
        (
            '[[change]]\ndo = "add_facility"\nkind = "scool"\nzone = "a"\nname_ru = "a"\n'
            'name_en = "a"',
            "kind must be one of hub, airport, hospital, clinic, school, university, park; "
            "got 'scool'; did you mean 'school'?",
        ),
    ],
)
def test_what_a_scenario_is_made_of_is_checked(tmp_path: Path, text: str, message: str) -> None:
    several(tmp_path, part=jobs(1), bare="", own=jobs(1))
    with pytest.raises(ScenarioError) as caught:
        read_scenario(written(tmp_path, f"{TITLE}{text}\n"))
    assert str(caught.value).startswith(("plan.toml: ", "plan.toml, change 1"))
    assert message in str(caught.value)


def test_a_fault_in_a_part_is_named_by_its_file_and_by_who_reads_it(tmp_path: Path) -> None:
    several(tmp_path, a=jobs(1).replace("zone", "zon"), b='extends = "a"\n', c='measures = ["b"]')
    with pytest.raises(ScenarioError, match=r"^a.toml, change 1 .*\(read for c.toml, which"):
        read_scenario(tmp_path / "c.toml")


def test_a_row_of_too_many_scenarios_is_refused(tmp_path: Path) -> None:
    for number in range(40):
        before = f'extends = "s{number - 1}"\n' if number else ""
        written(tmp_path, TITLE + before + jobs(number), f"s{number}.toml")
    assert len(read_scenario(tmp_path / "s29.toml").steps) == 30
    with pytest.raises(ScenarioError, match="goes on from more than 30 scenarios in a row"):
        read_scenario(tmp_path / "s39.toml")


def test_a_package_may_be_put_together_in_a_script() -> None:
    one, other = (
        Scenario(
            name=name, title=name, title_ru=name, steps=(step("add_jobs", zone="a", jobs_count=7),)
        )
        for name in ("one", "other")
    )
    both = package("both", [one, other], title="Both")
    assert counts(both) == [7, 7]
    assert counts(subpackage(both, ["other"])) == [7]
    assert subpackage(both, ["other", "one"]) is both
    assert subpackage(both, ["other"]).name == "both[other]"
    assert subpackage(both, []).steps == ()
    with pytest.raises(ScenarioError, match="'both' has no measure 'othr'; did you mean other"):
        subpackage(both, ["othr"])
    with pytest.raises(ScenarioError, match="no measure 'x'; it is no package"):
        subpackage(one, ["x"])
    with pytest.raises(ScenarioError, match="its changes are not those of its measures"):
        replace(both, steps=both.steps[:1])


def test_a_scenario_travels_and_stays_as_it_is(tmp_path: Path) -> None:
    scenario = read_scenario(written(tmp_path, BRIDGE))
    sent = pickle.loads(pickle.dumps(scenario))
    assert sent == scenario
    assert hash(sent) == hash(scenario)
    arguments = scenario.steps[1].arguments
    with pytest.raises(TypeError):
        arguments["to_zone"] = 5  # type: ignore[index]
    with pytest.raises(TypeError):
        arguments["to_zone"]["east"] = 5  # type: ignore[index]
    listed = ["a"]
    one = Step(do="close_link", arguments={"link": listed})
    listed.append("b")
    assert one.arguments == {"link": ("a",)}


BASE = Step(do="set_speed", arguments={"link": ["a"], "speed_kmh": 60}, why="x", origin="p")


@pytest.mark.parametrize(
    "alike",
    [
        Step(do="set_speed", arguments={"speed_kmh": 60.0, "link": "a"}),
        Step(do="set_speed", arguments={"link": ("a",), "speed_kmh": 60, "road": "", "km": None}),
        Step(do="set_speed", arguments={"link": ["a"], "speed_kmh": 60}, basis="source", why="y"),
    ],
)
def test_what_acts_alike_has_one_hash(alike: Step) -> None:
    assert scenario_sha256(worlds.scenario(alike)) == scenario_sha256(worlds.scenario(BASE))


@pytest.mark.parametrize(
    "other",
    [
        worlds.scenario(BASE, horizon="day"),
        worlds.scenario(BASE, BASE),
        worlds.scenario(Step(do="set_speed", arguments={"link": ["a"], "speed_kmh": 60.1})),
        worlds.scenario(Step(do="set_speed", arguments={"link": ["b"], "speed_kmh": 60})),
        worlds.scenario(
            Step(do="set_speed", arguments={"link": ["a"], "speed_kmh": 60, "km": [1, 2]})
        ),
        worlds.scenario(Step(do="close_link", arguments={"link": ["a"]})),
        worlds.scenario(),
    ],
)
def test_what_acts_otherwise_has_another_hash(other: Scenario) -> None:
    assert scenario_sha256(other) != scenario_sha256(worlds.scenario(BASE))


def test_titles_reasons_and_cost_are_not_hashed() -> None:
    scenario = worlds.scenario(BASE)
    told = replace(
        scenario, name="n", title="t", title_ru="т", description="d", cost_mln_rub=(1, 2, 3),
        cost_source="s", is_contrast=True,
    )  # fmt: skip
    assert scenario_sha256(told) == scenario_sha256(scenario)
    assert scenario_sha256(package("p", [scenario], title="p")) == scenario_sha256(scenario)
