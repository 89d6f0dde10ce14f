"""Laws of scenario files: how they are nested does not matter, nor where they are read."""

from __future__ import annotations

import itertools
import os
import pickle
import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from agglo.scenarios.changes import CHANGES
from agglo.scenarios.composing import composed, package
from agglo.scenarios.files import read_scenario
from agglo.scenarios.receipts import changed_region, differences
from agglo.scenarios.scenario import Scenario, Step, scenario_sha256, subpackage
from tests import worlds

ROOT = Path(__file__).parents[2]
NAMES = "abcde"
COUNTS = st.integers(min_value=1, max_value=9)


def simple(name: str, counts: Sequence[int]) -> Scenario:
    steps = [worlds.change("add_jobs", zone="east", jobs_count=count) for count in counts]
    return worlds.scenario(*steps, name=name)


@st.composite
def scenarios(draw: st.DrawFn) -> list[Scenario]:
    counts = draw(st.lists(st.lists(COUNTS, min_size=1, max_size=3), min_size=2, max_size=5))
    return [simple(name, own) for name, own in zip(NAMES, counts, strict=False)]


def told(steps: Sequence[Step]) -> list[tuple[str, object]]:
    return [(one.origin, one.arguments["jobs_count"]) for one in steps]


@given(scenarios(), st.data())
def test_packages_in_any_nesting_have_the_same_changes(
    parts: list[Scenario], data: st.DataObject
) -> None:
    flat = package("p", parts, title="p")
    cut = data.draw(st.integers(min_value=1, max_value=len(parts) - 1))
    left, right = package("l", parts[:cut], title="l"), package("r", parts[cut:], title="r")
    nested = [
        package("p", [left, right], title="p"),
        package("p", [left, *parts[cut:]], title="p"),
        package("p", [*parts[:cut], right], title="p"),
        composed(simple("p", []), extended=left, measures=parts[cut:]),
        composed(simple("p", []), extended=left, measures=[right]),
        package("p", [flat, left, *parts], title="p"),
    ]
    for one in nested:
        assert told(one.steps) == told(flat.steps)
        assert scenario_sha256(one) == scenario_sha256(flat)


@given(scenarios())
def test_going_on_one_after_the_other_is_the_package_of_all(parts: list[Scenario]) -> None:
    row = parts[0]
    for part in parts[1:]:
        row = composed(part, extended=row)
    assert told(row.steps) == told(package("p", parts, title="p").steps)
    assert row.measures == ()


@given(scenarios(), st.lists(COUNTS, max_size=2))
def test_all_measures_of_a_package_are_the_package(parts: list[Scenario], own: list[int]) -> None:
    whole = package("p", parts, title="p", steps=simple("p", own).steps)
    names = [measure.name for measure in whole.measures]
    assert names == [part.name for part in parts] + ["own"] * bool(own)
    assert subpackage(whole, names[::-1]) == whole
    assert pickle.loads(pickle.dumps(whole)) == whole


@given(scenarios(), st.data())
def test_some_measures_keep_their_changes_in_order(
    parts: list[Scenario], data: st.DataObject
) -> None:
    shared = simple("base", [1, 2])
    joined = [composed(part, extended=shared) for part in parts]
    whole = package("p", joined, title="p")
    names = data.draw(st.lists(st.sampled_from([part.name for part in parts]), unique=True))
    some = subpackage(whole, names)
    kept = [measure for measure in whole.measures if measure.name in names]
    assert some.measures == tuple(kept)
    assert [step for step in whole.steps if step in some.steps] == list(some.steps)
    assert set(some.steps) == {step for measure in kept for step in measure.steps}
    again = package("q", [one for one in joined if one.name in names], title="q")
    assert told(some.steps) == told(again.steps)
    for further in itertools.combinations(names, max(len(names) - 1, 0)):
        assert subpackage(some, further).steps == subpackage(whole, further).steps


@settings(deadline=None, max_examples=8)
@given(scenarios(), st.data())
def test_a_subpackage_does_what_its_measures_do_alone(
    parts: list[Scenario], data: st.DataObject
) -> None:
    region = worlds.two_banks()
    whole = package("p", parts, title="p")
    names = data.draw(st.lists(st.sampled_from([part.name for part in parts]), unique=True))
    one_by_one = region
    for part in parts:
        if part.name in names:
            one_by_one = changed_region(one_by_one, part)
    together = changed_region(region, subpackage(whole, names))
    assert differences(together, one_by_one).empty


ARGUMENTS = st.fixed_dictionaries(
    {"zone": st.text(max_size=4), "jobs_count": st.floats(-1e9, 1e9) | st.integers(-9, 9)},
    optional={"sector": st.text(max_size=3)},
)


@given(st.lists(ARGUMENTS, max_size=3), st.lists(ARGUMENTS, max_size=3))
def test_hashes_agree_just_where_the_changes_do(
    first: list[dict[str, object]], second: list[dict[str, object]]
) -> None:
    def hashed(items: list[dict[str, object]]) -> str:
        return scenario_sha256(worlds.scenario(*(worlds.change("add_jobs", **i) for i in items)))

    def full(items: list[dict[str, object]]) -> list[dict[str, object]]:
        return [{"sector": "", **item} for item in items]

    assert (hashed(first) == hashed(second)) == (full(first) == full(second))
    assert hashed([dict(reversed(item.items())) for item in first]) == hashed(first)


def files_in(folder: Path) -> Path:
    texts = {
        "base": '[[change]]\ndo = "set_land_use"\npolygon = "area.geojson"\nuse = "green"\n',
        "a": 'extends = "base"\n[[change]]\ndo = "shift_population"\n'
        "from_zone = { west = 3, south = 4 }\nto_zone = { east = 7 }\n",
        "b": 'extends = "base"\n[[change]]\ndo = "set_speed"\nspeed_kmh = 50\nlink = ["x", "y"]\n',
        "p": 'measures = ["a", "b"]\n[[change]]\ndo = "close_link"\nroad = "М-3"\nkm = [1, 2.5]\n',
    }
    for name, text in texts.items():
        (folder / f"{name}.toml").write_text(f'title = "{name}"\n{text}', encoding="utf-8")
    ring = "[[36.1, 55.2], [36.3, 55.2], [36.2, 55.4], [36.1, 55.2]]"
    (folder / "area.geojson").write_text(
        f'{{"type": "Polygon", "coordinates": [{ring}]}}', encoding="utf-8"
    )
    return folder / "p.toml"


def test_the_hash_is_the_same_in_every_process_and_after_a_journey(tmp_path: Path) -> None:
    path = files_in(tmp_path)
    scenario = read_scenario(path)
    code = (
        "import sys, pickle; from pathlib import Path\n"
        "from agglo.scenarios.files import read_scenario\n"
        "from agglo.scenarios.scenario import scenario_sha256\n"
        "sent = pickle.loads(Path(sys.argv[2]).read_bytes())\n"
        "read = read_scenario(Path(sys.argv[1]))\n"
        "assert sent == read and hash(sent) == hash(read)\n"
        "print(scenario_sha256(read), scenario_sha256(sent))\n"
    )
    sent = tmp_path / "sent.pickle"
    sent.write_bytes(pickle.dumps(scenario))
    wanted = scenario_sha256(scenario)
    for seed in ("1", "2"):
        out = subprocess.run(
            [sys.executable, "-c", code, str(path), str(sent)],
            env={**os.environ, "PYTHONHASHSEED": seed, "PYTHONPATH": str(ROOT)},
            capture_output=True,
            text=True,
            check=True,
        ).stdout
        assert out.split() == [wanted, wanted]


def test_the_files_of_the_law_are_a_diamond(tmp_path: Path) -> None:
    scenario = read_scenario(files_in(tmp_path))
    assert [one.do for one in scenario.steps] == [
        "set_land_use", "shift_population", "set_speed", "close_link"
    ]  # fmt: skip
    assert {one.do for one in scenario.steps} <= set(CHANGES)


@pytest.mark.parametrize("order", ["ab", "ba"])
def test_the_order_of_measures_is_that_of_their_changes(order: str) -> None:
    parts = {name: simple(name, [number]) for number, name in enumerate("ab", 1)}
    whole = package("p", [parts[name] for name in order], title="p")
    assert [step.origin[0] for step in whole.steps] == list(order)
