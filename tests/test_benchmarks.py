"""The benchmark asks all tools the same, counts honestly and leaves nothing half-written."""

from __future__ import annotations

import importlib
import json
import subprocess
import sys
import warnings
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from benchmarks import plan, runs, transport
from benchmarks.goals import GOALS, Verdict, peak_mb, stage_s, verdicts
from benchmarks.jobs import Found, Job
from benchmarks.questions import Assignment, Graph, graph_from_arcs, read_graph, write_question
from benchmarks.report import number, report
from benchmarks.runs import Row, difference, row_from_found, run_jobs
from benchmarks.worker import measure

MACHINE = {"cpu": "a CPU", "load": "0.1"}
SIDE = 8
"""Nodes along a side of the small town: a grid of two-way streets of 100 m."""


def town(**choices: int) -> Graph:
    """Make a grid where every street takes 10 seconds each way, 100 m apart."""
    number_of = np.arange(SIDE * SIDE).reshape(SIDE, SIDE)
    streets = [(number_of[:, :-1], number_of[:, 1:]), (number_of[:-1], number_of[1:])]
    first = np.concatenate([one.ravel() for one, _ in streets])
    last = np.concatenate([other.ravel() for _, other in streets])
    y, x = np.divmod(np.arange(SIDE * SIDE), SIDE) * np.array([[100.0], [100.0]])
    return graph_from_arcs(
        np.concatenate([first, last]),
        np.concatenate([last, first]),
        np.full(2 * len(first), 10.0),
        x,
        y,
        **{"changed_count": 9, "new_count": 3, "zones_count": 20, **choices},
    )


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    made = tmp_path_factory.mktemp("questions")
    write_question(made / "town.npz", town())
    return made


def job(kind: str, tool: str, **choices: object) -> Job:
    own = {"task": kind, "question": "town", "zones_count": 20, "origins_count": 20, **choices}
    return Job(kind=kind, tool=tool, **own)  # type: ignore[arg-type]


def row(task: str, tool: str, **choices: object) -> Row:
    """Make a row as a run would; ``seconds`` lists what its repetitions found."""
    own = {"kind": "matrix", "zones_count": 500, "origins_count": 500, **choices}
    seconds = own.pop("seconds")
    found = tuple(
        Found(seconds=one, peak_mb=own.get("peak_mb"), versions={"Python": "3.11"})
        for one in seconds
    )
    faults = {"fault": own.pop("fault", ""), "difference_s": own.pop("difference_s", None)}
    own.pop("peak_mb", None)
    return Row(job=Job(task=task, tool=tool, question="q", **own), found=found, **faults)


def page_of(rows: list[Row], **choices: object) -> str:
    own = {"machine": MACHINE, "date": "2026-01-02", "is_quick": False, **choices}
    return report(rows, **own)  # type: ignore[arg-type]


def test_of_parallel_arcs_the_quickest_is_asked_and_loops_are_not() -> None:
    made = graph_from_arcs(
        np.array([0, 0, 1, 1]),
        np.array([1, 1, 1, 2]),
        np.array([3.0004, 2.0, 1.0, 0.0]),
        np.arange(3.0),
        np.zeros(3),
        changed_count=0,
        new_count=0,
    )
    assert list(zip(made.tail, made.head, made.base_s, strict=True)) == [(0, 1, 2.0), (1, 2, 0.001)]


def test_new_arcs_are_closed_in_the_baseline_and_open_in_the_scenario() -> None:
    made = town()
    new = np.isinf(made.base_s)
    assert new.sum() == 3
    assert np.isfinite(made.changed_s).all()
    assert (made.changed_s[~new] != made.base_s[~new]).sum() == 9
    way_m = np.hypot(
        made.x_m[made.tail] - made.x_m[made.head], made.y_m[made.tail] - made.y_m[made.head]
    )
    np.testing.assert_allclose(made.changed_s[new], way_m[new] / (60 / 3.6), atol=0.0005)


def test_a_question_has_one_arc_for_each_pair_of_nodes_and_whole_milliseconds() -> None:
    made = town()
    pair = made.tail.astype(int) * len(made.x_m) + made.head
    assert (np.diff(pair) > 0).all()
    for seconds in (made.base_s, made.changed_s):
        open_ms = seconds[np.isfinite(seconds)] * 1000
        np.testing.assert_allclose(open_ms, np.rint(open_ms), atol=1e-9)


def test_the_same_arcs_in_another_order_make_the_same_question() -> None:
    made, chance = town(), np.random.default_rng(1)
    old = np.flatnonzero(np.isfinite(made.base_s))
    order = chance.permutation(old)
    again = graph_from_arcs(
        made.tail[order], made.head[order], made.base_s[order], made.x_m, made.y_m,
        changed_count=9, new_count=3, zones_count=20,
    )  # fmt: skip
    for name in ("tail", "head", "base_s", "changed_s", "zones"):
        np.testing.assert_array_equal(getattr(made, name), getattr(again, name))


def answered(one: Job, folder: Path) -> tuple[Found, np.ndarray]:
    """Measure in this process, if the tool is installed."""
    pytest.importorskip(one.tool, exc_type=ImportError)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        found = measure(one, folder)
    assert not found.fault
    return found, np.load(folder / found.answer)


@pytest.mark.parametrize("tool", ["agglo", "scipy", "networkx", "pandana", "aequilibrae"])
def test_every_tool_finds_the_seconds_that_are_known_by_hand(tool: str, folder: Path) -> None:
    found, answer = answered(job("matrix", tool), folder)
    y, x = np.divmod(read_graph(folder / "town.npz").zones, SIDE)
    blocks = np.abs(x[:, None] - x) + np.abs(y[:, None] - y)
    np.testing.assert_allclose(answer, 10.0 * blocks, atol=1e-4)
    assert set(found.seconds) == {"import", "build", "answer"}


@pytest.mark.parametrize("tool", ["agglo", "networkx", "pandana", "aequilibrae"])
def test_every_tool_goes_to_the_scenario_and_agrees_with_scipy(tool: str, folder: Path) -> None:
    _, reference = answered(job("scenario", "scipy", changes_count=2), folder)
    found, answer = answered(job("scenario", tool, changes_count=2), folder)
    np.testing.assert_allclose(answer, reference, atol=0.05)
    assert len(found.seconds["change"]) == 2
    y, x = np.divmod(read_graph(folder / "town.npz").zones, SIDE)
    blocks = np.abs(x[:, None] - x) + np.abs(y[:, None] - y)
    assert (answer < 10.0 * blocks - 1).any()


@pytest.mark.parametrize("tool", ["agglo", "scipy", "networkx"])
def test_the_way_back_to_the_baseline_closes_what_the_scenario_opened(tool: str) -> None:
    asked, module = town(), importlib.import_module(f"benchmarks.tools.{tool}")
    built = module.build(asked, asked.base_s)
    before = module.matrix_s(built, asked.zones, asked.zones).copy()
    there = module.retimed(built, asked, asked.changed_s)
    assert (module.matrix_s(there, asked.zones, asked.zones) < before - 1).any()
    back = module.retimed(there, asked, asked.base_s)
    np.testing.assert_array_equal(module.matrix_s(back, asked.zones, asked.zones), before)


@pytest.mark.parametrize("tool", ["agglo", "scipy", "networkx", "pandana"])
def test_every_isochrone_holds_the_nodes_within_ten_minutes(tool: str, folder: Path) -> None:
    pytest.importorskip(tool, exc_type=ImportError)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        found = measure(job("isochrones", tool, zones_count=4, origins_count=4), folder)
    assert not found.fault
    assert found.facts["missed_count"] == 0
    assert found.facts["nodes_count"] == SIDE * SIDE
    # 700 m × 700 m of streets, widened by 100 m at least
    assert 0.7**2 < found.facts["area_km2"] < 1.2**2


def test_a_streamed_matrix_says_the_same_and_how_large_it_is(folder: Path) -> None:
    pytest.importorskip("zarr")
    found, answer = answered(job("skim", "agglo"), folder)
    _, whole = answered(job("matrix", "agglo"), folder)
    np.testing.assert_array_equal(answer, whole[:5])
    assert found.facts["disk_mb"] > 0


def test_the_equilibrium_of_two_equal_roads_is_half_and_half(tmp_path: Path) -> None:
    """Zones 0 and 1, joined by way of node 2 or node 3, each with room for 100 vehicles."""
    ends = np.array([(0, 2), (0, 3), (2, 1), (3, 1)])
    ones = np.ones(4)
    question = Assignment(
        tail=ends[:, 0],
        head=ends[:, 1],
        free_min=10 * ones,
        capacity_veh_per_h=100 * ones,
        alpha=0.15 * ones,
        power=4 * ones,
        demand=np.array([[0.0, 200.0], [0.0, 0.0]]),
        first_through=2,
        best_veh_per_h=100 * ones,
        best_min=11.5 * ones,
    )
    write_question(tmp_path / "roads.npz", question)
    asked = job("equilibrium", "agglo", question="roads", gap=1e-8, zones_count=0)
    facts = measure(asked, tmp_path).facts
    assert facts["flow_difference_share"] < 1e-6
    assert facts["cost_difference_share"] == pytest.approx(0, abs=1e-6)
    assert facts["gap"] <= 1e-8


def test_a_tool_that_is_not_installed_is_a_finding(folder: Path) -> None:
    assert measure(job("matrix", "nosuch"), folder).fault.startswith("not installed")


def test_the_peak_of_a_process_is_its_own_and_not_its_parents() -> None:
    held = np.ones(40_000_000)
    code = "from benchmarks.worker import peak_mb; print(peak_mb())"
    done = subprocess.run(
        [sys.executable, "-c", code], cwd=runs.ROOT, capture_output=True, text=True, check=True
    )
    assert held.nbytes > 300e6
    if done.stdout.strip() == "None":
        pytest.skip("nobody counts memory here")
    assert 5 < float(done.stdout) < 100


def test_a_way_that_only_one_tool_finds_is_a_wrong_answer() -> None:
    assert difference(np.array([[1.0, np.inf]]), np.array([[1.0, 5.0]])) == (np.inf, False)
    assert difference(np.array([[1.0, 5.0]]), np.array([[1.0, np.inf]])) == (np.inf, False)


def test_only_what_both_have_computed_is_compared() -> None:
    reference = np.arange(12.0).reshape(3, 4)
    assert difference(reference[:2] + 0.01, reference) == (pytest.approx(0.01), True)
    assert difference(reference[:, :2] + 0.2, reference) == (pytest.approx(0.2), False)


def test_a_wrong_answer_voids_the_times(tmp_path: Path) -> None:
    np.save(tmp_path / "right.npy", np.full((2, 2), 10.0))
    np.save(tmp_path / "wrong.npy", np.full((2, 2), 11.0))
    found = {
        "scipy": [Found(seconds={"answer": [1.0]}, answer="right.npy")],
        "agglo": [Found(seconds={"answer": [0.1]}, answer="wrong.npy")],
    }
    own = row_from_found(job("matrix", "agglo"), found, tmp_path)
    assert own.fault == "wrong: differs by 1 s"
    assert own.difference_s == 1
    missed = {"agglo": [Found(facts={"missed_count": 3.0})]}
    assert "misses 3 nodes" in row_from_found(job("isochrones", "agglo"), missed, tmp_path).fault


def test_a_few_origins_are_extrapolated_and_the_build_is_not() -> None:
    some = row("t", "scipy", origins_count=50, seconds=[{"build": [3.0], "answer": [2.0]}])
    assert stage_s(some, "answer") == [20.0]
    assert stage_s(some, "build") == [3.0]


def test_what_one_process_repeats_counts_once_by_its_median() -> None:
    some = row("t", "agglo", seconds=[{"change": [9.0, 1.0, 2.0]}, {"change": [4.0]}])
    assert stage_s(some, "change") == [2.0, 4.0]


def bay_rows(**own: object) -> list[Row]:
    quick = {"build": [8.0], "answer": [0.5]}
    slow = {"build": [20.0], "answer": [3.0]}
    return [
        row("bay-500", "agglo", seconds=[quick, {**quick, "answer": [0.3]}], peak_mb=300.0, **own),
        row("bay-500", "pandana", seconds=[slow, {**slow, "answer": [4.0]}], peak_mb=580.0),
        row("bay-500", "scipy", seconds=[{"build": [0.1], "answer": [4.0]}], origins_count=50),
    ]


def judged(rows: list[Row]) -> list[Verdict]:
    return [verdict for verdict in verdicts(rows) if verdict.goal.task == "bay-500"]


def test_a_goal_is_the_ratio_of_medians_and_says_whether_it_is_reached() -> None:
    figures = [(verdict.measured, verdict.is_reached) for verdict in judged(bay_rows())]
    assert figures == [
        (pytest.approx(3.5 / 0.4), True),
        (pytest.approx(40 / 0.4), True),
        (pytest.approx(2.5), True),
        (pytest.approx(580 / 300), False),
    ]


def test_a_goal_without_both_rows_is_not_measured() -> None:
    assert all(verdict.is_reached is None for verdict in verdicts([]))
    void = judged(bay_rows(fault="wrong: differs by 1 s"))
    assert [verdict.is_reached for verdict in void] == [None] * 4


def test_a_figure_that_must_stay_small_is_judged_the_other_way() -> None:
    read = row("porto-read", "agglo", kind="streets", seconds=[{"read": [4.0]}], peak_mb=301.0)
    verdict = next(one for one in verdicts([read]) if one.goal.unit == " MB")
    assert (verdict.measured, verdict.is_reached) == (301.0, False)


def test_a_cost_below_the_best_known_is_as_far_off_as_one_above() -> None:
    found = Found(facts={"cost_difference_share": -0.0002})
    road = Row(job=job("equilibrium", "agglo", task="anaheim"), found=(found,))
    verdict = next(one for one in verdicts([road]) if one.measured is not None)
    assert (verdict.measured, verdict.is_reached) == (pytest.approx(0.02), False)


def test_every_goal_is_about_a_table_and_tools_of_the_full_run() -> None:
    known = {(one.task, one.tool) for one in plan.full_jobs()}
    for goal in GOALS:
        assert (goal.task, "agglo") in known
        assert not goal.peer or (goal.task, goal.peer) in known


@pytest.mark.parametrize("jobs", [plan.full_jobs(), plan.quick_jobs()], ids=["full", "quick"])
def test_no_row_stands_twice_and_scipy_answers_whatever_is_compared(jobs: list[Job]) -> None:
    names = [(one.task, one.tool) for one in jobs]
    assert len(set(names)) == len(names)
    for task in {one.task for one in jobs if one.kind in ("matrix", "scenario", "skim")}:
        assert (task, "scipy") in names


def test_the_page_says_all_of_it() -> None:
    absent = row("bay-500", "pyrosm", seconds=[], fault="not installed (No module)")
    page = page_of([*bay_rows(), absent])
    assert "on 2026-01-02" in page
    assert "Machine: a CPU; load 0.1 before the run.\n" in page
    assert "pandana | ≥ 8× | 8.75× | reached |" in page
    assert "scipy | ≥ 80× | ≈ 100× | reached |" in page
    assert "agglo's | ≥ 2× | 1.93× | **not reached** |" in page
    assert "| pandana | – | 20 (20–20) | 2.5 (2.5–2.5) | 3.5 (3–4) | 8.75 (6–13.3) | 580 |" in page
    assert "| ≈ 40 | 100 | – | reference | extrapolated from 50 of 500 origins |" in page
    assert "Not installed: pyrosm." in page
    assert "| pyrosm | – | – | – | – | – | – | – | not installed (No module) |" in page


def test_a_busy_machine_and_a_quick_run_are_named() -> None:
    page = page_of(bay_rows(), machine={"cpu": "a CPU", "load": "3.2"}, is_quick=True)
    assert "busy with other work" in page
    assert "A quick run" in page
    assert "busy" not in page_of(bay_rows())


def test_numbers_keep_three_digits_and_powers_of_ten_only_where_tiny() -> None:
    figures = {0.0: "0", 0.012345: "0.0123", 1.0: "1", 99.96: "100", 12345.6: "12,346"}
    assert {value: number(value) for value in figures} == figures
    assert number(3e-7) == "3.0e-07"
    assert number(None) == "–"
    assert number(float("inf")) == "inf"


def test_tools_take_turns_and_one_that_failed_is_left_alone(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    write_question(tmp_path / "town.npz", town())
    asked: list[tuple[str, str]] = []

    def run_job(one: Job, *_: object) -> Found:
        asked.append((one.task, one.tool))
        return Found(fault={"b": "failed (1): no", "c": "not installed (c)"}.get(one.tool, ""))

    monkeypatch.setattr(runs, "run_job", run_job)
    jobs = [job("matrix", tool, task=task, repetitions=2) for task in "xy" for tool in "abc"]
    rows = run_jobs(jobs, tmp_path, data=tmp_path, pythons=str, progress=lambda _: None)
    assert "".join(tool for task, tool in asked if task == "x") == "abca"
    assert "".join(tool for task, tool in asked if task == "y") == "aba"
    assert [bool(one.fault) for one in rows] == [False, True, True] * 2


def test_a_process_that_takes_too_long_is_stopped(folder: Path) -> None:
    found = runs.run_job(job("matrix", "scipy", limit_s=0.05), folder, sys.executable)
    assert found.fault == "stopped after 0.05 s"


def test_a_process_that_fails_says_why(tmp_path: Path) -> None:
    found = runs.run_job(job("matrix", "scipy", question="nowhere"), tmp_path, sys.executable)
    assert found.fault.startswith("failed (1): FileNotFoundError")


@pytest.fixture
def data(tmp_path: Path) -> Path:
    """Make a folder of network data whose 'bay' is the small town."""
    made, own = town(), tmp_path / "data" / "dimacs"
    is_open = np.isfinite(made.base_s)
    own.mkdir(parents=True)
    np.savez(
        own / "BAY_weighted.npz",
        u=made.tail[is_open],
        v=made.head[is_open],
        w=made.base_s[is_open].astype(np.float32),
        xy=np.column_stack([made.x_m, made.y_m]).astype(np.float32),
    )
    return tmp_path / "data"


def small_jobs() -> list[Job]:
    asked = job("matrix", "agglo", task="bay-500", question="bay")
    return [asked, replace(asked, tool="scipy", origins_count=5), replace(asked, tool="nosuch")]


@pytest.fixture
def told(data: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """Let the command run small jobs, and return what it is told."""
    monkeypatch.setattr(transport, "full_jobs", small_jobs)
    (tmp_path / "scratch").mkdir()
    monkeypatch.setattr("tempfile.tempdir", str(tmp_path / "scratch"))
    return ["--data", str(data), "--out", str(tmp_path / "page.md"), "--date", "2026-01-02"]


def test_one_command_measures_compares_and_writes_the_page(
    told: list[str], tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert transport.main(told) == 0
    page = (tmp_path / "page.md").read_text(encoding="utf-8")
    assert "matrix 20 × 20 (64 nodes, 224 arcs)" in page
    assert "extrapolated from 5 of 20 origins" in page
    assert "Not installed: nosuch." in page
    kept = json.loads((tmp_path / "page.json").read_text(encoding="utf-8"))
    assert [one["job"]["tool"] for one in kept["rows"]] == ["agglo", "scipy", "nosuch"]
    assert kept["rows"][0]["difference_s"] < 0.001
    assert kept["rows"][0]["found"][0]["peak_mb"] > kept["rows"][1]["found"][0]["peak_mb"] > 20
    assert list((tmp_path / "scratch").iterdir()) == []
    said = capsys.readouterr()
    assert "table 1 of 1" in said.err
    assert said.out == ""


@pytest.mark.parametrize(
    ("error", "code"), [(KeyboardInterrupt(), 130), (RuntimeError("broken"), 1)]
)
def test_an_interrupted_run_leaves_the_earlier_page_and_no_scratch(
    error: BaseException,
    code: int,
    told: list[str],
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    (tmp_path / "page.md").write_text("earlier", encoding="utf-8")

    def stop(*_: object) -> Found:
        raise error

    monkeypatch.setattr(runs, "run_job", stop)
    assert transport.main(told) == code
    assert (tmp_path / "page.md").read_text(encoding="utf-8") == "earlier"
    assert sorted(path.name for path in tmp_path.iterdir()) == ["data", "page.md", "scratch"]
    assert list((tmp_path / "scratch").iterdir()) == []


@pytest.mark.parametrize(
    ("more", "says"),
    [
        (["--tasks", "bay-50"], "unknown task 'bay-50'; choose from bay-500"),
        (["--data", "nowhere"], "nowhere is not there; name the folder of network data: --data"),
    ],
)
def test_a_wrong_call_is_one_clear_error(
    more: list[str], says: str, told: list[str], capsys: pytest.CaptureFixture[str]
) -> None:
    assert transport.main([*told, *more]) == 1
    assert says in capsys.readouterr().err


def test_missing_data_are_named(
    told: list[str], data: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (data / "dimacs" / "BAY_weighted.npz").unlink()
    assert transport.main(told) == 1
    assert "the question 'bay' cannot be made from" in capsys.readouterr().err


def test_a_part_of_the_run_does_not_replace_the_page(
    told: list[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    outs: list[Path | None] = []
    monkeypatch.setattr(transport, "run", lambda *_, out, **__: outs.append(out))
    data = told[:2]
    for more in ([], ["--quick"], ["--tasks", "bay-500"], ["--quick", "--out", "own.md"]):
        assert transport.main([*data, *more]) == 0
    assert outs == [Path("docs/benchmarks.md"), None, None, Path("own.md")]


@pytest.mark.parametrize("name", ["SiouxFalls", "Anaheim"])
def test_the_test_networks_are_asked_as_they_are(name: str, shared: Path, tmp_path: Path) -> None:
    from benchmarks.prepare import prepare
    from benchmarks.questions import read_assignment

    prepare(name, shared / "data" / "networks", tmp_path)
    question = read_assignment(tmp_path / f"{name}.npz")
    full = (question.best_veh_per_h / question.capacity_veh_per_h) ** question.power
    minutes = question.free_min * (1 + question.alpha * full)
    np.testing.assert_allclose(minutes, question.best_min, rtol=1e-9)


def peak_of(tool: str, found: Callable[[], Found]) -> float | None:
    return peak_mb(Row(job=job("matrix", tool), found=(found(),)))


def test_a_machine_that_counts_no_memory_leaves_a_gap() -> None:
    assert peak_of("agglo", Found) is None
