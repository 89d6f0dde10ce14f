"""Malformed scenario files: each gets one clear message, none crashes, none writes."""

from __future__ import annotations

import hashlib
import random
from datetime import date
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from shapely.geometry import box

from agglo.errors import ScenarioError
from agglo.region import Region
from agglo.scenarios.areas import Area
from agglo.scenarios.arguments import Argument, wanted_arguments
from agglo.scenarios.changes import CHANGES
from agglo.scenarios.files import read_scenario, step
from agglo.scenarios.receipts import apply_scenario
from agglo.workspace import Workspace
from tests import worlds

FOLDER = Path(__file__).parent / "malformed"
MESSAGES = {
    "absent-argument": "change 1 (add_jobs): lacks jobs_count (jobs_count is a number)",
    "boolean-for-a-number": "change 1 (add_jobs): jobs_count must be a number; got true",
    "circle": "is made of itself: circle → circle-back → circle; take one of these names out",
    "circle-back": "is made of itself: circle-back → circle → circle-back",
    "cost-below-the-changes": "put it above the first [[change]]",
    "cost-falls": "must be [low, middle, high], rising from 0; got [300, 200, 100]",
    "decimal-comma": "(at line 6, column 15): 'speed_kmh = 72,5'; numbers take a decimal point",
    "double-name": "(at line 6, column 17): 'zone = \"obninsk\"'; the name stands twice",
    "empty": 'needs title = "…" as a text',
    "endless-number": "a number of thousands of digits; shorten it",
    "huge-number": "change 1 (add_jobs): jobs_count must be a number; got 1e+300; wanted a finite",
    "infinite-number": "change 2 (add_jobs): jobs_count must be a number; got inf; wanted a fin",
    "latin-letters": "not UTF-8",
    "list-for-a-text": "zone must be a text; got ['vorsino']; leave the brackets out",
    "nested-table": "jobs_count must be a number; got {vorsino = 5}; one number stands for all",
    "no-such-area": "polygon: there is no file 'drawn.geojson'; save the drawn polygon",
    "one-bracket": "write each change under [[change]], with two brackets",
    "touches-nothing": "change 2 (add_jobs): touches nothing",
    "unknown-argument": "unknown key 'job_count'; did you mean 'jobs_count'?",
    "unknown-change": "change 1: unknown change 'add_job'; did you mean add_jobs",
    "unknown-choice": "change 2 (add_facility): kind must be one of hub, airport",
    "unknown-key": "unknown key 'titel'; did you mean 'title'?",
    "unknown-measure": "measures names no scenario beside it: 'empti'; did you mean empty?",
    "unknown-place": "change 1 (add_jobs): unknown zone inside 'vorsno'; did you mean 'vorsino'",
    "windows-line-ends": "jobs_count must be a number; got '5'; numbers stand without quotes",
}
LONGEST_MESSAGE = 900
PLAN = """
title = "Plan"
title_ru = "План"
horizon = "year"
cost_mln_rub = [1, 2.5, 3]
cost_source = "assumed"
is_contrast = false

[[change]]
do = "add_link"
link = "new"
from_id = "west"
to_id = "east"
speed_kmh = 60
why = "a test"

[[change]]
do = "shift_population"
from_zone = { west = 10 }
to_zone = { east = 4, "east bank" = 6.5 }

[[change]]
do = "close_link"
road = "road_ford"
km = [0, 30]
"""


def contents(folder: Path) -> str:
    files = sorted(path for path in folder.rglob("*") if path.is_file())
    told = [(str(path.relative_to(folder)), path.read_bytes()) for path in files]
    return hashlib.sha256(repr(told).encode()).hexdigest()


def refused(path: Path, region: Region | None = None) -> str:
    """Read a file and apply it; return what is said of it, empty where all is well."""
    try:
        scenario = read_scenario(path)
        if region is not None:
            apply_scenario(region, scenario)
    except ScenarioError as error:
        message = str(error)
    else:
        return ""
    assert path.name in message
    assert len(message) < LONGEST_MESSAGE
    return message


def test_every_malformed_file_of_the_folder_has_its_message() -> None:
    assert {path.stem for path in FOLDER.glob("*.toml")} == set(MESSAGES)
    assert len(MESSAGES) >= 20


@pytest.mark.parametrize("name", MESSAGES)
def test_a_malformed_file_gets_one_clear_message_and_nothing_is_written(
    name: str, workspace: Workspace
) -> None:
    before = contents(FOLDER)
    with pytest.raises(ScenarioError) as caught:
        apply_scenario(workspace.region, read_scenario(FOLDER / f"{name}.toml"))
    message = str(caught.value)
    assert message.startswith((f"{name}.toml: ", f"{name}.toml, change "))
    assert MESSAGES[name] in message
    assert len(message) < LONGEST_MESSAGE
    assert contents(FOLDER) == before


def mutated(text: str, chance: random.Random) -> bytes:
    """Spoil a text in one to three ways."""
    lines = text.split("\n")
    for _ in range(chance.randint(1, 3)):
        at = chance.randrange(len(lines))
        way = chance.randrange(7)
        if way == 0:
            lines[at] = lines[at].replace('"', "", 1)
        elif way == 1:
            lines.insert(at, lines[chance.randrange(len(lines))])
        elif way == 2:
            spoilt = chance.choice(["nan", "[[1]]", "true", "''", "{}", "1979-05-27", "-1e999"])
            lines[at] = lines[at].split("=")[0] + "= " + spoilt
        elif way == 3:
            lines[at] = lines[at].replace("[", "", 1)
        elif way == 4 and len(lines[at]) > 3:
            cut = chance.randrange(len(lines[at]))
            lines[at] = lines[at][:cut] + lines[at][cut + 1 :]
        elif way == 5:
            del lines[at]
        else:
            lines[at] = lines[at].replace("e", chance.choice(["é", "\x00", "ё", "\\", "\u2028"]), 1)
        lines = lines or [""]
    return "\n".join(lines).encode(chance.choice(["utf-8", "utf-8", "utf-8-sig", "utf-16"]))


def test_a_spoilt_file_is_refused_in_words_or_is_still_a_scenario(tmp_path: Path) -> None:
    chance = random.Random(6)
    said = []
    for number in range(300):
        path = tmp_path / f"spoilt{number}.toml"
        path.write_bytes(mutated(PLAN, chance))
        before = contents(tmp_path)
        said.append(refused(path))
        assert contents(tmp_path) == before
        path.unlink()
    kinds = {message.split("spoilt")[-1].split(":", 1)[-1][:40] for message in said if message}
    assert sum(map(bool, said)) >= 150
    assert len(kinds) >= 30


def test_what_a_spoilt_file_does_to_a_region_is_refused_in_words_too(tmp_path: Path) -> None:
    region = worlds.two_banks()
    chance = random.Random(7)
    path = tmp_path / "plan.toml"
    results = set()
    for _ in range(60):
        path.write_bytes(mutated(PLAN, chance))
        results.add("refused" if refused(path, region) else "applied")
    assert "refused" in results


@settings(max_examples=150, deadline=None)
@given(data=st.binary(max_size=80))
def test_any_bytes_are_refused_in_words(
    data: bytes, tmp_path_factory: pytest.TempPathFactory
) -> None:
    path = tmp_path_factory.getbasetemp() / "bytes.toml"
    path.write_bytes(data)
    assert "bytes.toml" in refused(path)


NAMES = st.sampled_from(
    ["title", "extends", "measures", "horizon", "change", "cost_mln_rub", "cost_source",
     "is_contrast", "description", "zzz"]
)  # fmt: skip
VALUES = st.recursive(
    st.none()
    | st.sampled_from(["0", "1.5", "inf", "nan", "true", '"x"', '"day"', '"../x"', '"\\u0000"'])
    | st.sampled_from(['"bytes"', "2020-01-01", "07:30:00", f'"{"n" * 300}"']),
    lambda inner: st.lists(inner, max_size=3).map(lambda items: f"[{', '.join(map(str, items))}]"),
    max_leaves=4,
)


@settings(max_examples=150, deadline=None)
@given(entries=st.lists(st.tuples(NAMES, VALUES), min_size=1, max_size=4))
def test_any_values_at_the_top_are_refused_in_words_or_fine(
    entries: list[tuple[str, object]], tmp_path_factory: pytest.TempPathFactory
) -> None:
    path = tmp_path_factory.getbasetemp() / "bytes.toml"
    path.write_text("".join(f"{name} = {value}\n" for name, value in entries), encoding="utf-8")
    refused(path)


def test_brackets_without_end_are_refused(tmp_path: Path) -> None:
    path = tmp_path / "deep.toml"
    path.write_text("title = " + "[" * 100_000, encoding="utf-8")
    assert "brackets within brackets" in refused(path)


ODD = {
    "number": [1, -1.5, True, 10**400, float("inf"), float("nan"), 1e300],
    "text": ["x", "", "x" * 500, "\ud800", "\x00", "a/b.geojson"],
    "list": [[], ["x"], [1], [[1]], [None], [{}], [1, 2], ["x", 1]],
    "table": [{}, {"x": 1}, {"x": "y"}, {1: 2}, {"x": {"y": 1}}],
    "other": [None, date(2020, 1, 1), b"x", object(), 1j],
}


def fitting(item: Argument) -> object:
    """Return a value that an argument takes."""
    if item.choices:
        return item.choices[0]
    if "GeoJSON" in item.wanted:
        return Area(name="drawn", polygon=box(36, 55, 37, 56))
    plain = {"a number": 1.0, "a text": "x", "true or false": True}
    if item.wanted in plain:
        return plain[item.wanted]
    if "table" in item.wanted:
        return {"x": 1.0}
    return ["x"] if "text" in item.wanted else [1.0, 2.0]


def said_of(do: str, arguments: dict[str, object]) -> str:
    try:
        step(do, **arguments)
    except ScenarioError as error:
        return str(error)
    return ""


@pytest.mark.parametrize("do", CHANGES)
def test_a_value_of_the_wrong_kind_is_refused_with_the_name_of_its_argument(do: str) -> None:
    fits = {name: fitting(item) for name, item in wanted_arguments(do).items() if item.is_required}
    for name, item in wanted_arguments(do).items():
        refusals = 0
        for kind, values in ODD.items():
            for value in values:
                message = said_of(do, {**fits, name: value})
                assert not message or f"({do})" in message
                assert message or kind != "other" or value is None
                refusals += name in message
        assert refusals >= 5, (name, item.wanted)
