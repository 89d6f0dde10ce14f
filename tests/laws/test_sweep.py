"""Laws of sweeps: however the work was cut, stopped or damaged, the tables are the same."""

from __future__ import annotations

import tempfile
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from agglo.sweeps.axes import axis_from_text, checked_axes, shown_value
from agglo.sweeps.plan import CHUNK_DRAWS, Plan, identity_sha256, plan_from_recipe, tasks_of
from agglo.sweeps.recipe import CENTRAL
from agglo.sweeps.store import PARTS
from agglo.sweeps.sweep import sweep
from tests import sweep_worlds as stand_in

pytest.importorskip("pyarrow")

DRAWS = 23
SETS = ("telework_share=0.05,0.2", "growth:1.jobs_count=20,40")


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Write a workspace with two plans."""
    return stand_in.written(tmp_path_factory.mktemp("sweep") / "workspace")


@pytest.fixture(scope="module")
def plan(folder: Path) -> Plan:
    """Lay out a sweep of two settings."""
    return plan_from_recipe(stand_in.recipe_of(folder, sets=SETS))


@pytest.fixture(scope="module")
def wanted(folder: Path, tmp_path_factory: pytest.TempPathFactory) -> dict[str, str]:
    """Hash the tables of the sweep done at once."""
    out = tmp_path_factory.mktemp("at-once") / "out"
    sweep(stand_in.recipe_of(folder, sets=SETS), out, draws_count=DRAWS, workers=1)
    return stand_in.hashes(out)


@settings(max_examples=12)
@given(
    counts=st.lists(st.integers(0, 30), min_size=1, max_size=2),
    damages=st.lists(st.tuples(st.integers(0, 9), st.integers(0, 4000), st.booleans()), max_size=3),
)
def test_any_history_of_a_folder_ends_with_the_same_bytes(
    folder: Path,
    wanted: dict[str, str],
    counts: list[int],
    damages: list[tuple[int, int, bool]],
) -> None:
    recipe = stand_in.recipe_of(folder, sets=SETS)
    with tempfile.TemporaryDirectory() as place:
        out = Path(place) / "out"
        for count in counts:
            sweep(recipe, out, draws_count=count, workers=1)
        parts = sorted((out / PARTS).glob("*.part"))
        for number, at, is_cut in damages:
            path = parts[number % len(parts)]
            content = bytearray(path.read_bytes())
            at = min(at, len(content) - 1)
            if at < 0:
                continue
            content[at] ^= 255
            path.write_bytes(content[:at] if is_cut else content)
        sweep(recipe, out, draws_count=DRAWS, workers=1)
        assert stand_in.hashes(out) == wanted


@given(
    draws_count=st.integers(0, 45),
    done=st.dictionaries(
        st.tuples(st.integers(0, 1), st.integers(-1, 4)), st.sets(st.integers(-1, 49)), max_size=8
    ),
)
def test_tasks_hold_every_missing_draw_once_and_none_that_is_done(
    plan: Plan, draws_count: int, done: dict[tuple[int, int], set[int]]
) -> None:
    tasks = tasks_of(plan, draws_count=draws_count, done=done)
    asked = [(task.setting, number) for task in tasks for number in task.numbers]
    missing = {
        (setting, number)
        for setting in range(2)
        for number in range(CENTRAL, draws_count)
        if number not in done.get((setting, number // CHUNK_DRAWS), ())
    }
    assert len(asked) == len(set(asked))
    assert set(asked) == missing
    assert all(number // CHUNK_DRAWS == task.chunk for task in tasks for number in task.numbers)


@given(
    order=st.permutations([*SETS, "decay_per_min=0.1,0.2"]),
    scenarios=st.permutations(["speed", "growth", "baseline"]),
)
def test_the_order_in_which_a_sweep_is_asked_for_does_not_matter(
    folder: Path, order: list[str], scenarios: list[str]
) -> None:
    own = stand_in.recipe_of(folder, sets=tuple(order), scenarios=tuple(scenarios))
    found = plan_from_recipe(own)
    usual = plan_from_recipe(stand_in.recipe_of(folder, sets=tuple(sorted(order))))
    assert identity_sha256(found.identity) == identity_sha256(usual.identity)
    assert found.settings == usual.settings


@given(st.lists(st.one_of(st.integers(-(10**9), 10**9), st.floats(-1e6, 1e6)), min_size=1,
                unique_by=float))  # fmt: skip
def test_numbers_of_an_axis_are_read_back_and_ordered(numbers: list[float]) -> None:
    text = ",".join(map(repr, numbers))
    assert axis_from_text(f"x={text}").values == tuple(sorted(numbers))
    shown = [shown_value(number) for number in numbers]
    assert len(set(shown)) == len(numbers)


@given(st.lists(st.text("abcо«", min_size=1), min_size=1, unique=True))
def test_texts_need_no_quotes(texts: list[str]) -> None:
    (axis,) = checked_axes([f"s:1.road={','.join(texts)}"])
    assert sorted(axis.values, key=str) == sorted(texts)
