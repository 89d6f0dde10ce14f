"""The benchmark of labour market areas asks all tools the same and voids a wrong answer."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest

from benchmarks import territory
from benchmarks.jobs import Found
from benchmarks.territory import Task, country, partition_difference, run_tasks
from benchmarks.territory_report import Row, section
from benchmarks.territory_worker import R_SCRIPT, STANDARD

MACHINE = {"cpu": "a CPU", "load": "0.1"}
NO_R = "no-such-rscript"


def row(tool: str, seconds: list[float], **choices: object) -> Row:
    """Make a row as a run would; reading took 0.01 s each time."""
    found = tuple(
        Found(
            seconds={"import": [1.0], "read": [0.01], "areas": [one]},
            peak_mb=100.0,
            facts={"added_mb": 5.0},
            versions={"Python": "3.11"},
        )
        for one in seconds
    )
    own = {"task": "sardinia", "areas_count": 36, "differs_count": 0, **choices}
    return Row(tool=tool, found=found, **own)  # type: ignore[arg-type]


def page_of(rows: list[Row], **choices: object) -> str:
    own = {"machine": MACHINE, "date": "2026-01-02", "is_quick": False, **choices}
    return section({"sardinia": "Sardinia"}, rows, **own)  # type: ignore[arg-type]


def test_a_made_country_is_the_same_every_time_and_another_with_another_seed() -> None:
    made = country(30)
    np.testing.assert_array_equal(made, country(30))
    assert made.shape != country(30, seed=1).shape or (made != country(30, seed=1)).any()
    assert made[:, :2].min() == 1
    assert made[:, :2].max() == 30
    assert (made[:, 2] > 0).all()
    pairs = {(home, work) for home, work, _ in made.tolist()}
    assert len(pairs) == len(made)


def test_areas_are_compared_by_who_is_together_and_not_by_their_names() -> None:
    assert partition_difference({1: 7, 2: 7, 3: 9}, {1: 1, 2: 1, 3: 3}) == 0
    assert partition_difference({1: 7, 2: 7, 3: 9}, {1: 1, 2: 3, 3: 3}) == 3
    assert partition_difference({1: 7, 2: 7}, {1: 7, 2: 7, 3: 3}) == 1


def test_all_tools_answer_by_turns_and_the_one_that_is_absent_says_so() -> None:
    told: list[str] = []
    task = Task(name="small", text="a small one", make=lambda: country(40), repetitions=(1, 1, 1))
    rows = run_tasks([task], rscript=NO_R, progress=told.append)
    assert [one.tool for one in rows] == ["agglo", "reference", "R"]
    assert [one.fault for one in rows] == ["", "", f"not installed ({NO_R})"]
    assert rows[0].areas_count == rows[1].areas_count > 0
    assert [one.differs_count for one in rows] == [0, 0, None]
    assert set(rows[0].found[0].seconds) == {"import", "read", "areas", "search"}
    assert rows[0].found[0].facts["added_mb"] >= 0
    assert told[0] == "small: a small one"


def test_the_script_for_r_takes_the_standard_in_the_order_of_its_command() -> None:
    assert STANDARD == (1_000.0, 10_000.0, 0.6667, 0.75)
    assert "minSZ = p[1], minSC = p[3], tarSZ = p[2], tarSC = p[4]" in R_SCRIPT


def test_the_page_holds_times_ratios_memory_and_the_verdict() -> None:
    page = page_of([row("agglo", [0.02, 0.04, 0.03]), row("reference", [0.3])])
    assert "on 2026-01-02" in page
    assert "| agglo | 1 (1–1) | 0.01 (0.01–0.01) | – | 0.03 (0.02–0.04) | 1 | 100 |" in page
    assert "| reference | 1 | 0.01 | – | 0.3 | 10 | 100 | 5 | 36 | 0 | |" in page
    assert "Wanted: under 1 s from file to areas. Measured: 0.04 s: reached." in page
    slow = page_of([row("agglo", [2.0])])
    assert "Measured: 2.01 s: **not reached**." in slow


def test_what_r_took_elsewhere_is_quoted_as_such_only_where_r_is_absent() -> None:
    own = row("agglo", [0.0468])
    absent = page_of([own, row("R", [], fault="not installed (Rscript)")])
    quoted = "not installed (Rscript); quoted from elsewhere: 46.8 s, ≈ 1,000 × agglo here |"
    assert quoted in absent
    failed = page_of([own, row("R", [], fault="failed (1): no")])
    assert "quoted" not in failed
    assert "failed (1): no |" in failed


def test_a_wrong_answer_voids_the_times(monkeypatch: pytest.MonkeyPatch) -> None:
    def measured(tool: str, folder: Path, rscript: str) -> Found:
        del rscript
        areas = {"agglo": "1,1\n2,2", "reference": "1,1\n2,1", "R": "1,5\n2,5"}[tool]
        (folder / f"areas-{tool}.csv").write_text(f"zone,area\n{areas}\n", encoding="utf-8")
        return Found(seconds={"areas": [1.0]})

    monkeypatch.setattr(territory, "_measured", measured)
    task = Task(name="x", text="", make=lambda: country(5), repetitions=(1, 1, 1))
    rows = run_tasks([task], rscript="", progress=lambda _: None)
    assert [one.fault for one in rows] == [
        "wrong: 2 zones in another area than the reference's", "", "",
    ]  # fmt: skip


def test_one_command_writes_the_page_and_all_that_was_measured(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    own = [row("agglo", [0.02]), row("reference", [0.2])]
    monkeypatch.setattr(territory, "run_tasks", lambda *_, **__: own)
    page = tmp_path / "page.md"
    assert territory.main(["--quick", "--out", str(page), "--date", "2026-01-02"]) == 0
    assert "A quick run" in page.read_text(encoding="utf-8")
    kept = json.loads(page.with_suffix(".json").read_text(encoding="utf-8"))
    assert [one["tool"] for one in kept["rows"]] == ["agglo", "reference"]
    assert territory.main(["--quick"]) == 0
    assert "## Labour market areas" in capsys.readouterr().out


def test_missing_data_are_named(capsys: pytest.CaptureFixture[str]) -> None:
    assert territory.main(["--data", "nowhere"]) == 1
    assert "name the folder of commuting data: --data" in capsys.readouterr().err
