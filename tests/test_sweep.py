"""Sweeps: the plan, the chunks, resuming, failures, and tables that are the same every time."""

from __future__ import annotations

import itertools
import json
import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from agglo.draws import drawn_values, drawn_variants
from agglo.errors import CompareError, OutputError, ScenarioError, SettingsError
from agglo.sweeps.axes import axis_from_text
from agglo.sweeps.plan import CHUNK_DRAWS, plan_from_recipe, tasks_of, travelling
from agglo.sweeps.recipe import CENTRAL, Recipe
from agglo.sweeps.store import FILES, PARTS
from agglo.sweeps.sweep import Sweep, sweep
from tests import sweep_worlds as stand_in
from tests import worlds

pq = pytest.importorskip("pyarrow.parquet")

ROOT = Path(__file__).resolve().parents[1]
DRAWS = 25
SETS = ("telework_share=0.05,0.2", "growth:1.jobs_count=20,40")
POINTS = 2 * 4
SCRIPT = """
import sys
from pathlib import Path
sys.path.insert(0, sys.argv[1])
from tests import sweep_worlds as stand_in
from agglo.sweeps.sweep import sweep

if __name__ == "__main__":
    folder, out = Path(sys.argv[2]), Path(sys.argv[3])
    sweep(stand_in.recipe_of(folder), out, draws_count=25, workers=int(sys.argv[4]))
"""


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """Write a workspace with two plans."""
    return stand_in.written(tmp_path / "workspace")


@pytest.fixture
def out(tmp_path: Path) -> Path:
    """Name the folder of the tables."""
    return tmp_path / "out"


def swept(
    folder: Path, out: Path, *, draws: int = DRAWS, workers: int = 1, **asked: object
) -> Sweep:
    return sweep(stand_in.recipe_of(folder, **asked), out, draws_count=draws, workers=workers)


def table_of(out: Path) -> pd.DataFrame:
    return pq.read_table(out / "values.parquet").to_pandas()


def parts_of(out: Path) -> list[Path]:
    return sorted((out / PARTS).glob("*.part"))


def in_a_process(folder: Path, out: Path, *, workers: int, **more: str) -> subprocess.Popen[str]:
    script = folder / "script.py"
    script.write_text(SCRIPT, encoding="utf-8")
    return subprocess.Popen(
        [sys.executable, str(script), str(ROOT), str(folder), str(out), str(workers)],
        env={**os.environ, **more},
        stderr=subprocess.PIPE,
        text=True,
    )


def wait_for(path: Path, process: subprocess.Popen[str]) -> None:
    while not path.exists():
        assert process.poll() is None, process.communicate()[1]
        time.sleep(0.05)


# ---- what is asked for


@pytest.mark.parametrize(
    ("text", "values"),
    [
        ("telework_share=0.25,0.05,0.15", (0.05, 0.15, 0.25)),
        ("x:1.a = 8000, 2000", (2000, 8000)),
        ("x:1.km=[65,107],[1,2]", ([1, 2], [65, 107])),
        ("x:1.line=kiev_suburban,моск", ("kiev_suburban", "моск")),
        ('x:1.line="a,b","c"', ("a,b", "c")),
        ("x:1.both=true,false", (False, True)),
    ],
)
def test_values_are_written_as_in_a_scenario_file(text: str, values: tuple[object, ...]) -> None:
    assert axis_from_text(text).values == values


def test_an_argument_is_named_by_scenario_and_number_of_the_change() -> None:
    axis = axis_from_text("my:plan:12.jobs_count=1")
    assert (axis.scenario, axis.change, axis.argument) == ("my:plan", 12, "jobs_count")


@pytest.mark.parametrize(
    ("asked", "wanted"),
    [
        ({"sets": ("telework_share",)}, r"names no values; write --set"),
        ({"sets": ("telework_share=",)}, r"names no values"),
        ({"sets": ("telework_share=0.1,0.10",)}, r"0\.1 stands twice"),
        ({"sets": ("telework_share=1,1.0",)}, r"1 stands twice"),
        ({"sets": ("telework_share=a,,b",)}, r"a value is empty"),
        ({"sets": ("telework_shar=0.1",)}, r"no parameter 'telework_shar'; did you mean 'tel"),
        ({"sets": ("telework_share=2",)}, r"telework_share must be between 0 and 1; got 2"),
        ({"sets": ("telework_share=nan",)}, r"must be between 0 and 1; got nan"),
        ({"sets": ("telework_share=true",)}, r"wanted numbers; got True"),
        ({"sets": ("decay_per_min=1", "decay_per_min=2")}, r"'decay_per_min' twice"),
        ({"sets": ("grow:1.jobs_count=1",)}, r"no scenario 'grow' .*did you mean 'growth'"),
        ({"sets": ("baseline:1.jobs_count=1",)}, r"no scenario 'baseline' with changes"),
        ({"sets": ("growth:2.jobs_count=1",)}, r"has no change 2; it has 1 add_jobs"),
        ({"sets": ("growth:x.jobs_count=1",)}, r"'x' is no number"),
        ({"sets": ("growth:0.jobs_count=1",)}, r"'0' is no number"),
        ({"vary": ("decay",)}, r"--vary: 'decay' has no range .*did you mean|there are"),
        ({"vary": ("telework_share",)}, r"'telework_share' has no range to be drawn from"),
        ({"vary": ("decay_per_min",), "sets": ("decay_per_min=1",)}, r"in --set and in --vary"),
        ({"indicators": ("jobs_by_deca",)}, r"no indicator 'jobs_by_deca'; did you mean 'jobs_by"),
        ({"indicators": ("link_loss_person_min",)}, r"no value for the whole region"),
    ],
)
def test_what_cannot_be_swept_is_refused_with_a_hint(
    folder: Path, out: Path, asked: dict[str, object], wanted: str
) -> None:
    with pytest.raises(SettingsError, match=wanted):
        swept(folder, out, **asked)
    assert not out.exists()


@pytest.mark.parametrize(
    ("sets", "wanted"),
    [
        ("growth:1.jobs_cont=5", r"--set growth:1.jobs_cont=5.*unknown key 'jobs_cont'; did you"),
        ("growth:1.jobs_count=many", r"jobs_count must be a number; got 'many'"),
    ],
)
def test_an_argument_is_checked_like_one_in_a_file(
    folder: Path, out: Path, sets: str, wanted: str
) -> None:
    with pytest.raises(ScenarioError, match=wanted):
        swept(folder, out, sets=(sets,))


@pytest.mark.parametrize(("draws", "workers"), [(-1, 1), (2**20 + 1, 1), (1, 0)])
def test_counts_that_make_no_sense_are_refused(
    folder: Path, out: Path, draws: int, workers: int
) -> None:
    with pytest.raises(SettingsError, match=r"must be .*; got"):
        swept(folder, out, draws=draws, workers=workers)


def test_a_folder_with_foreign_files_is_left_alone(folder: Path, out: Path) -> None:
    out.mkdir()
    (out / "thesis.docx").write_text("years of work")
    with pytest.raises(OutputError, match=r"did not write \(thesis.docx\)"):
        swept(folder, out)
    assert [path.name for path in out.iterdir()] == ["thesis.docx"]


def test_scenarios_may_be_named_or_be_files(folder: Path, tmp_path: Path, out: Path) -> None:
    path = tmp_path / "mine.toml"
    path.write_text('title = "m"\n[[change]]\ndo = "add_jobs"\nzone = "t0"\njobs_count = 7\n')
    swept(folder, out, draws=0, scenarios=("speed", str(path)))
    table = table_of(out)
    assert list(table["scenario"]) == ["baseline", "mine", "speed"]
    assert str(tmp_path) not in (out / "sweep.json").read_text(encoding="utf-8")


# ---- what comes out


def test_every_point_has_every_draw_once_in_the_order_of_the_key(folder: Path, out: Path) -> None:
    done = swept(folder, out, sets=SETS)
    table = table_of(out)
    assert len(table) == POINTS * (DRAWS + 1) == done.evaluated_count
    keys = list(zip(table["point_id"], table["draw"], strict=True))
    assert keys == sorted(set(keys))
    assert set(table["draw"]) == {CENTRAL, *range(DRAWS)}
    assert set(table["scenario"]) == {"baseline", "growth", "speed"}
    assert "growth (1.jobs_count=40); telework_share=0.05" in set(table["point_id"])


def test_values_are_those_of_the_evaluator_with_what_is_set(folder: Path, out: Path) -> None:
    swept(folder, out, sets=SETS)
    table, draws = table_of(out), pq.read_table(out / "draws.parquet").to_pandas()
    decay = table["draw"].map(draws.set_index("draw")["decay_per_min"])
    added = table["growth:1.jobs_count"].fillna(0) + table["scenario"].eq("speed") * 90
    wanted = 1 + decay + table["telework_share"] + added / 100
    np.testing.assert_allclose(table["jobs_within_45_min_car"], wanted, rtol=1e-12)
    assert table["growth:1.jobs_count"].isna().equals(table["scenario"] != "growth")
    assert table["unserved_count"].isna().all()


def test_a_change_of_a_package_is_replaced_in_its_measure_too(folder: Path, out: Path) -> None:
    worlds.write_scenario(folder, "pack", "", top='measures = ["growth", "speed"]')
    recipe = stand_in.recipe_of(folder, scenarios=("pack",), sets=("pack:1.jobs_count=10,60",))
    plan = plan_from_recipe(recipe)
    for one, jobs in zip(plan.scenarios[1:], (10, 60), strict=True):
        assert [step.arguments.get("jobs_count") for step in one.steps] == [jobs, None]
        assert one.measures[0].steps == one.steps[:1]
    sweep(recipe, out, draws_count=0, workers=1)
    base, low, high = table_of(out)["jobs_within_45_min_car"]
    assert (low - base, high - base) == (pytest.approx(1.0), pytest.approx(1.5))


def test_a_parameter_that_is_set_is_not_drawn_and_the_others_are_as_ever(
    folder: Path, out: Path
) -> None:
    swept(folder, out, sets=("decay_per_min=0.1",), vary=("headways", "wait_cap_min"))
    draws = pq.read_table(out / "draws.parquet").to_pandas().set_index("draw")
    assert list(draws.columns) == ["wait_cap_min", "headways"]
    assumptions = stand_in.opened(folder).assumptions
    variants = drawn_variants(assumptions, seed=1, numbers=range(CENTRAL, DRAWS))
    alone = drawn_values(assumptions, variants)
    pd.testing.assert_series_equal(draws["wait_cap_min"], alone["wait_cap_min"], check_names=False,
                                   check_index_type=False)  # fmt: skip
    assert table_of(out)["jobs_within_45_min_car"].nunique() == 3


def test_only_what_is_asked_for_is_drawn(folder: Path, out: Path) -> None:
    swept(folder, out, vary=("headways",))
    assert table_of(out).groupby("scenario")["jobs_within_45_min_car"].nunique().eq(1).all()


def test_another_seed_draws_other_values(folder: Path, tmp_path: Path) -> None:
    found = {}
    for seed in (1, 2):
        out = tmp_path / str(seed)
        swept(folder, out, draws=8, seed=seed, vary=("decay_per_min",))
        base = table_of(out).query("scenario == 'baseline'").set_index("draw")
        draws = pq.read_table(out / "draws.parquet").to_pandas().set_index("draw")
        spread = base["jobs_within_45_min_car"] - draws["decay_per_min"]
        assert spread.to_list() == pytest.approx([1.0] * 9)
        found[seed] = draws["decay_per_min"][range(8)]
    assert (found[1] != found[2]).all()


def test_the_central_run_has_every_assumption_at_its_value(folder: Path, out: Path) -> None:
    swept(folder, out, draws=0)
    table = table_of(out)
    assert list(table["draw"]) == [CENTRAL] * 3
    assert table["jobs_within_45_min_car"][0] == pytest.approx(
        1 + worlds.parameters().decay_per_min
    )


def test_the_summary_compares_each_draw_with_the_same_draw_of_the_baseline(
    folder: Path, out: Path
) -> None:
    done = swept(folder, out, sets=("telework_share=0.05,0.2",))
    table = table_of(out).set_index(["telework_share", "scenario", "draw"]).sort_index()
    for (share, name), own in table.groupby(level=[0, 1]):
        base = table.loc[share, "baseline"]
        deltas = (
            own.droplevel([0, 1])[["minutes_per_worker_day", "score_labour_mobility"]]
            - base[["minutes_per_worker_day", "score_labour_mobility"]]
        )
        for what in deltas:
            row = done.summary[
                (done.summary["scenario"] == name)
                & (done.summary["telework_share"] == share)
                & (done.summary["what"] == what)
            ].squeeze()
            drawn = deltas[what].drop(CENTRAL)
            assert row["delta"] == pytest.approx(deltas[what][CENTRAL])
            assert row[["low", "median", "high"]].to_list() == pytest.approx(
                np.quantile(drawn, [0.05, 0.5, 0.95])
            )
            assert row["draws_count"] == DRAWS
            assert row["value"] - row["baseline"] == pytest.approx(row["delta"])


def test_scores_are_anchored_at_the_baseline_of_the_same_draw(folder: Path, out: Path) -> None:
    swept(folder, out)
    table = table_of(out)
    base = table[table["scenario"] == "baseline"]
    assert (base["score_labour_mobility"] == 50).all()
    one = table[(table["scenario"] == "growth") & (table["draw"] == 3)].squeeze()
    other = base[base["draw"] == 3].squeeze()
    worth = [
        50 + 50 * np.log(one[name] / other[name]) / np.log(target)
        for name, target in (("jobs_by_decay", 1.5), ("minutes_per_worker_day", 0.8))
    ]
    assert one["score_labour_mobility"] == pytest.approx(np.mean(np.clip(worth, 0, 100)))


def test_what_is_not_known_stays_unknown(folder: Path, out: Path) -> None:
    done = swept(folder, out)
    unknown = done.summary[done.summary["what"] == "unserved_count"]
    assert unknown[["value", "delta", "low", "high"]].isna().all(axis=None)
    assert (unknown["draws_count"] == 0).all()


def test_columns_say_their_unit_and_goal(folder: Path, out: Path) -> None:
    swept(folder, out, draws=0, indicators=("jobs_per_worker",))
    schema = pq.read_schema(out / "values.parquet")
    assert "jobs_per_worker" in schema.names
    record = json.loads((out / "sweep.json").read_text(encoding="utf-8"))
    assert record["columns"]["minutes_per_worker_day"] == {
        "unit": "min/day", "goal": "labour_mobility"
    }  # fmt: skip
    assert record["status"] == "assumed"


# ---- the same bytes


def test_workers_the_hash_seed_and_the_order_of_asking_do_not_matter(
    folder: Path, tmp_path: Path, out: Path
) -> None:
    swept(folder, out)
    other, turned = tmp_path / "other", tmp_path / "turned"
    process = in_a_process(folder, other, workers=2, PYTHONHASHSEED="4")
    _, told = process.communicate()
    assert process.returncode == 0, told
    swept(folder, turned, scenarios=("speed", "growth", "baseline"))
    assert stand_in.hashes(out) == stand_in.hashes(other) == stand_in.hashes(turned)


def test_sets_in_any_order_give_the_same_tables(folder: Path, tmp_path: Path) -> None:
    found = []
    for number, sets in enumerate(itertools.permutations(SETS)):
        swept(folder, tmp_path / str(number), draws=3, sets=sets)
        found.append(stand_in.hashes(tmp_path / str(number)))
    assert found[0] == found[1]


# ---- going on


def test_a_finished_sweep_is_not_done_again(folder: Path, out: Path) -> None:
    swept(folder, out)
    before = stand_in.hashes(out)
    assert stand_in.evaluated(folder) == [CENTRAL, *range(DRAWS)]
    again = swept(folder, out)
    assert stand_in.evaluated(folder) == []
    assert (again.evaluated_count, again.kept_count) == (0, 3 * (DRAWS + 1))
    assert stand_in.hashes(out) == before


@pytest.mark.parametrize("first", [0, 1, 7, 10, 13, 20, 24])
def test_more_draws_later_use_those_that_are_there(
    folder: Path, tmp_path: Path, out: Path, first: int
) -> None:
    swept(folder, out, draws=first)
    stand_in.evaluated(folder)
    swept(folder, out)
    assert stand_in.evaluated(folder) == list(range(first, DRAWS))
    swept(folder, out)
    assert stand_in.evaluated(folder) == []
    swept(folder, tmp_path / "at-once")
    assert stand_in.hashes(out) == stand_in.hashes(tmp_path / "at-once")


def test_fewer_draws_later_are_those_of_fewer_at_once(
    folder: Path, tmp_path: Path, out: Path
) -> None:
    swept(folder, out)
    swept(folder, out, draws=4)
    swept(folder, tmp_path / "at-once", draws=4)
    assert stand_in.hashes(out) == stand_in.hashes(tmp_path / "at-once")


def test_values_of_a_parameter_may_be_added_later(folder: Path, out: Path) -> None:
    swept(folder, out, draws=3, sets=("telework_share=0.05",))
    stand_in.evaluated(folder)
    done = swept(folder, out, draws=3, sets=("telework_share=0.05,0.2",))
    assert stand_in.evaluated(folder) == [CENTRAL, 0, 1, 2]
    assert done.kept_count == 4 * 3


def test_a_sweep_killed_in_the_middle_goes_on_without_losing_or_repeating_a_draw(
    folder: Path, tmp_path: Path, out: Path
) -> None:
    stand_in.trouble(folder, "hang", 17)
    process = in_a_process(folder, out, workers=2)
    wait_for(folder / stand_in.HANGING, process)
    with pytest.raises(OutputError, match=r"is being written by another sweep"):
        swept(folder, out)
    process.kill()
    # the worker that hangs is no child of this test, and holds what it writes errors to
    os.kill(int((folder / stand_in.HANGING).read_text(encoding="utf-8")), signal.SIGTERM)
    process.communicate()
    stand_in.no_trouble(folder)
    stand_in.evaluated(folder)
    kept = {int(path.stem.rpartition("-")[2].replace("central", "-1")) for path in parts_of(out)}
    assert 1 not in kept
    assert not (out / "values.parquet").exists()
    swept(folder, out)
    missing = [one for one in range(CENTRAL, DRAWS) if one // CHUNK_DRAWS not in kept]
    assert stand_in.evaluated(folder) == missing
    swept(folder, tmp_path / "at-once")
    assert stand_in.hashes(out) == stand_in.hashes(tmp_path / "at-once")


def test_ctrl_c_leaves_what_is_finished(folder: Path, out: Path) -> None:
    stand_in.trouble(folder, "interrupt", 13)
    with pytest.raises(KeyboardInterrupt):
        swept(folder, out)
    assert [path.stem[-7:] for path in parts_of(out)] == ["-000000", "central"]
    stand_in.no_trouble(folder)
    stand_in.evaluated(folder)
    swept(folder, out)
    assert stand_in.evaluated(folder) == list(range(CHUNK_DRAWS, DRAWS))


@pytest.mark.parametrize("damage", ["cut", "flipped", "emptied", "renamed", "removed"])
def test_a_damaged_chunk_is_found_and_done_again(folder: Path, out: Path, damage: str) -> None:
    swept(folder, out)
    stand_in.evaluated(folder)
    before = stand_in.hashes(out)
    first, second, _, _ = parts_of(out)
    content = bytearray(first.read_bytes())
    if damage == "cut":
        first.write_bytes(content[: len(content) // 2])
    elif damage == "flipped":
        content[-9] ^= 1
        first.write_bytes(content)
    elif damage == "emptied":
        first.write_bytes(b"")
    elif damage == "renamed":
        second.replace(first)
        second.write_bytes(content)
    else:
        first.unlink()
    swept(folder, out)
    redone = list(range(2 * CHUNK_DRAWS if damage == "renamed" else CHUNK_DRAWS))
    assert stand_in.evaluated(folder) == redone
    assert stand_in.hashes(out) == before


def test_chunks_of_two_settings_that_changed_places_are_found(folder: Path, out: Path) -> None:
    sets = ("telework_share=0.05,0.2",)
    swept(folder, out, draws=0, sets=sets)
    before = stand_in.hashes(out)
    first, second = parts_of(out)
    content = first.read_bytes()
    second.replace(first)
    second.write_bytes(content)
    swept(folder, out, draws=0, sets=sets)
    assert stand_in.hashes(out) == before


def test_what_a_killed_process_left_half_written_is_removed(folder: Path, out: Path) -> None:
    swept(folder, out)
    parts = out / PARTS
    (parts / ".abc-000000.part-x1").mkdir()
    (parts / "abc-000000.part.new").write_bytes(b"half")
    swept(folder, out)
    left = {path.name for path in parts.iterdir() if path.suffix != ".part"}
    assert left == {"plan.json", "lock"}


@pytest.mark.parametrize(
    ("asked", "wanted"),
    [
        ({"seed": 2}, r"seed \(1, now 2\)"),
        ({"vary": ("headways",)}, r"varied \("),
        ({"scenarios": ("speed",)}, r"scenarios \(growth\)"),
        (
            {"sets": ("growth:1.jobs_count=20",)},
            r"scenarios \(growth, growth \(1.jobs_count=20\)\)",
        ),
        ({"sets": ("telework_share=0.1",)}, r"set_parameters"),
        ({"indicators": ("jobs_per_worker",)}, r"indicators \("),
    ],
)
def test_another_sweep_in_the_same_folder_is_refused(
    folder: Path, out: Path, asked: dict[str, object], wanted: str
) -> None:
    swept(folder, out, draws=3)
    before = stand_in.hashes(out)
    with pytest.raises(OutputError, match=wanted + r".*--fresh"):
        swept(folder, out, draws=3, **asked)
    assert stand_in.hashes(out) == before
    sweep(stand_in.recipe_of(folder, **asked), out, draws_count=2, workers=1, is_fresh=True)
    assert set(table_of(out)["draw"]) == {CENTRAL, 0, 1}


def test_a_changed_scenario_is_noticed_but_not_another_title(folder: Path, out: Path) -> None:
    swept(folder, out, draws=3)
    stand_in.evaluated(folder)
    path = folder / "scenarios" / "growth.toml"
    text = path.read_text(encoding="utf-8")
    path.write_text(text.replace('title = "growth"', 'title = "Рост"'), encoding="utf-8")
    swept(folder, out, draws=3)
    assert stand_in.evaluated(folder) == []
    path.write_text(text.replace("40", "41"), encoding="utf-8")
    with pytest.raises(OutputError, match=r"scenarios \(growth\)"):
        swept(folder, out, draws=3)


def test_changed_inputs_are_noticed(folder: Path, out: Path) -> None:
    swept(folder, out, draws=3)
    (folder / stand_in.HOME).write_text("0", encoding="utf-8")
    with pytest.raises(OutputError, match=r"layers, assumptions or goals"):
        swept(folder, out, draws=3, opens=stand_in.opened_elsewhere)


def test_a_damaged_plan_is_refused(folder: Path, out: Path) -> None:
    swept(folder, out, draws=3)
    (out / PARTS / "plan.json").write_bytes(b'{"format"')
    with pytest.raises(OutputError, match=r"plan.json is damaged.*--fresh"):
        swept(folder, out, draws=3)


# ---- what goes wrong in a draw


def test_a_draw_that_fails_is_named_and_the_others_are_kept(folder: Path, out: Path) -> None:
    stand_in.trouble(folder, "refuse", 13)
    wanted = r"1 draw\(s\) have no values: draw 14: scenario 'growth': more jobs.*narrow the range"
    with pytest.raises(ScenarioError, match=wanted):
        swept(folder, out)
    assert stand_in.evaluated(folder) == [one for one in range(CENTRAL, DRAWS) if one != 13]
    assert not (out / "values.parquet").exists()
    stand_in.no_trouble(folder)
    swept(folder, out)
    assert stand_in.evaluated(folder) == [13]


def test_an_error_nobody_foresaw_names_the_draw_and_where_it_happened(
    folder: Path, out: Path
) -> None:
    stand_in.trouble(folder, "break", 13)
    wanted = r"draw 14 of baseline, growth, speed with telework_share=0.1: KeyError: 't9' \(in _tr"
    with pytest.raises(ScenarioError, match=wanted):
        swept(folder, out, sets=("telework_share=0.1",))


def test_a_central_run_that_fails_stops_at_once(folder: Path, out: Path) -> None:
    stand_in.trouble(folder, "refuse", CENTRAL)
    with pytest.raises(ScenarioError, match=r"central: scenario 'growth'"):
        swept(folder, out)
    assert stand_in.evaluated(folder) == []


def test_a_worker_that_dies_is_told_and_the_finished_draws_are_kept(
    folder: Path, tmp_path: Path, out: Path
) -> None:
    stand_in.trouble(folder, "die", 22)
    with pytest.raises(OutputError, match=r"worker process died \(exit code 9\).*same command"):
        swept(folder, out, workers=2)
    stand_in.no_trouble(folder)
    swept(folder, out)
    swept(folder, tmp_path / "at-once")
    assert stand_in.hashes(out) == stand_in.hashes(tmp_path / "at-once")


def test_a_worker_with_another_workspace_is_refused(folder: Path, out: Path) -> None:
    (folder / stand_in.HOME).write_text(str(os.getpid()), encoding="utf-8")
    with pytest.raises(CompareError, match=r"worker .*differs there.*layers, assumptions or goals"):
        swept(folder, out, workers=2, opens=stand_in.opened_elsewhere)
    assert parts_of(out) == []


def test_progress_counts_what_was_there_as_done(folder: Path, out: Path) -> None:
    swept(folder, out, draws=10)
    told: list[tuple[str, int, int]] = []
    sweep(
        stand_in.recipe_of(folder),
        out,
        draws_count=DRAWS,
        workers=1,
        progress=lambda *one: told.append(one),
    )
    assert told == [
        ("layers", 0, 0),
        ("draws", 33, 78),
        ("draws", 63, 78),
        ("draws", 78, 78),
        ("tables", 78, 78),
    ]


def test_the_plan_cuts_chunks_that_do_not_depend_on_how_many_draws_there_are(
    folder: Path,
) -> None:
    plan = plan_from_recipe(stand_in.recipe_of(folder, sets=SETS))
    tasks = tasks_of(plan, draws_count=23, done={(0, CENTRAL): [CENTRAL], (1, 2): [20, 22]})
    assert [(one.setting, one.chunk, len(one.numbers)) for one in tasks] == [
        (1, CENTRAL, 1), (0, 0, 10), (1, 0, 10), (0, 1, 10), (1, 1, 10), (0, 2, 3), (1, 2, 1)
    ]  # fmt: skip
    assert tasks[-1].numbers == (21,)


def test_a_recipe_travels_without_tables(folder: Path) -> None:
    import pickle

    recipe = stand_in.recipe_of(folder, sets=SETS)
    sent = pickle.dumps(recipe)
    assert pickle.loads(sent) == recipe
    assert hash(pickle.loads(sent)) == hash(recipe)
    assert len(sent) < 1000


def test_a_recipe_travels_with_whole_paths(
    folder: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "mine.toml").write_text('title = "m"', encoding="utf-8")
    monkeypatch.chdir(tmp_path)
    sent = travelling(Recipe(root="workspace", scenarios=("growth", "mine.toml")))
    assert Path(sent.root) == folder.resolve()
    assert sent.scenarios == ("growth", str((tmp_path / "mine.toml").resolve()))
    assert travelling(Recipe(root="workspace")).scenarios == ("baseline", "growth", "speed")


def test_only_the_tables_and_the_chunks_are_in_the_folder(folder: Path, out: Path) -> None:
    swept(folder, out, draws=1)
    assert {path.name for path in out.iterdir()} == {*FILES, PARTS}
    assert isinstance(Recipe(root="."), Recipe)
