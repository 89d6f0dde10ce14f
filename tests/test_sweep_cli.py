"""`agglo sweep` on the built-in region: what it prints, refuses and leaves when it is stopped."""

from __future__ import annotations

import os
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import pandas as pd
import pytest

import agglo.cli
from agglo.paths import builtin_workspace
from agglo.sweeps.store import PARTS
from tests.sweep_worlds import hashes

pq = pytest.importorskip("pyarrow.parquet")

ROOT = Path(__file__).resolve().parents[1]
GROWTH = """
title = "Growth"
[[change]]
do = "add_jobs"
zone = "vorsino"
jobs_count = 2000
"""


@dataclass(frozen=True, slots=True, kw_only=True)
class Answer:
    """What a command said."""

    code: int
    out: str
    err: str


Call = Callable[..., Answer]


@pytest.fixture
def call(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> Call:
    """Run the command line in this process."""

    def run_it(*arguments: object) -> Answer:
        monkeypatch.setattr(sys, "argv", ["agglo", "sweep", *map(str, arguments)])
        capsys.readouterr()
        with pytest.raises(SystemExit) as ended:
            agglo.cli.main()
        said = capsys.readouterr()
        return Answer(code=int(ended.value.code or 0), out=said.out, err=said.err)

    return run_it


@pytest.fixture(scope="module")
def place(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Make a workspace of the built-in region with one plan."""
    root = tmp_path_factory.mktemp("place") / "workspace"
    shutil.copytree(builtin_workspace() / "layers", root / "layers")
    (root / "scenarios").mkdir()
    (root / "maps").mkdir()
    shutil.copy(builtin_workspace() / "agglo.toml", root)
    (root / "scenarios" / "baseline.toml").write_text('title = "Baseline"\n', encoding="utf-8")
    (root / "scenarios" / "growth.toml").write_text(GROWTH, encoding="utf-8")
    return root


def test_a_sweep_tells_the_change_of_each_score_and_where_the_tables_are(
    place: Path, tmp_path: Path, call: Call
) -> None:
    out = tmp_path / "out"
    said = call(
        "growth", "-w", place, "-o", out, "--draws", "4", "--workers", "1",
        "--set", "growth:1.jobs_count=1000,4000", "--vary", "decay_per_min",
    )  # fmt: skip
    assert said.code == 0, said.err
    assert "growth (1.jobs_count=4000)\n  labour_mobility" in said.out
    assert "15 values evaluated, 0 kept from before" in said.out
    assert str(out / "values.parquet") in said.out
    table = pq.read_table(out / "values.parquet").to_pandas()
    assert len(table) == 3 * 5
    central = table[table["draw"] == -1].set_index("point_id")["jobs_by_decay"]
    assert central.is_monotonic_increasing
    assert central.nunique() == 3
    draws = pq.read_table(out / "draws.parquet").to_pandas()
    assert list(draws.columns) == ["draw", "decay_per_min"]
    again = call("growth", "-w", place, "-o", out, "--draws", "4", "--workers", "1")
    assert again.code == 2
    assert again.err.count("error: ") == 1
    assert "--fresh" in again.err


def test_without_draws_no_interval_is_shown(place: Path, tmp_path: Path, call: Call) -> None:
    said = call("-w", place, "-o", tmp_path / "out", "--draws", "0", "--workers", "1")
    assert said.code == 0, said.err
    assert "labour_mobility" in said.out
    assert "%" in said.out
    assert not any("–" in line for line in said.out.splitlines() if line.startswith("  "))
    summary = pd.read_csv(tmp_path / "out" / "summary.csv")
    assert summary["low"].isna().all()


@pytest.mark.parametrize(
    ("arguments", "wanted"),
    [
        (("--set", "growth:1.zone=nowhere"), "nowhere"),
        (("--set", "growth:9.zone=vorsino"), "has no change 9; it has 1 add_jobs"),
        (("--vary", "wages"), "--vary: 'wages' has no range to be drawn from"),
        (("--draws", "-1"), "--draws must be between"),
        (("--workers", "0"), "--workers must be 1 or more"),
        (("groth",), "did you mean growth"),
    ],
)
def test_a_slip_of_the_pen_ends_with_one_error_and_without_tables(
    place: Path, tmp_path: Path, call: Call, arguments: tuple[str, ...], wanted: str
) -> None:
    out = tmp_path / "out"
    asked = ("--workers", "1") if "--workers" not in arguments else ()
    said = call(*arguments, *asked, "-w", place, "-o", out)
    assert said.code == 2, said
    assert said.err.count("error: ") == 1
    assert wanted in said.err.replace("\n", " ")
    assert not (out / "values.parquet").exists()


@pytest.mark.skipif(sys.platform == "win32", reason="Ctrl-C of a group is sent otherwise there")
def test_ctrl_c_stops_all_workers_and_the_same_command_goes_on(
    place: Path, tmp_path: Path, call: Call
) -> None:
    out = tmp_path / "out"
    code = "import sys; from agglo.cli import main; sys.exit(main())"
    process = subprocess.Popen(
        [sys.executable, "-c", code, "sweep", "-w", str(place), "-o", str(out), "--draws", "500",
         "--workers", "2"],
        cwd=ROOT, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True,
        start_new_session=True,
    )  # fmt: skip
    while not list((out / PARTS).glob("*.part")):
        assert process.poll() is None, process.communicate()
        time.sleep(0.05)
    os.killpg(process.pid, signal.SIGINT)
    _, told = process.communicate(timeout=60)
    assert process.returncode == agglo.cli.INTERRUPTED, told
    assert "the finished draws are kept" in told
    assert "Traceback" not in told
    assert not (out / "values.parquet").exists()
    said = call("-w", place, "-o", out, "--draws", "5", "--workers", "1")
    assert said.code == 0, said.err
    assert " 0 kept from before" not in said.out
    call("-w", place, "-o", tmp_path / "at-once", "--draws", "5", "--workers", "1")
    assert hashes(out) == hashes(tmp_path / "at-once")
