"""Runs the jobs of imagery, each in a process of its own and by turns, and compares answers."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import time
from collections.abc import Callable, Sequence
from dataclasses import asdict, dataclass, field, replace
from pathlib import Path

import numpy as np

from benchmarks.imagery_plan import ImageryJob
from benchmarks.imagery_worker import WARM, WARM_ZONES
from benchmarks.jobs import Found, read_found
from benchmarks.runs import ENVIRONMENT, LOG_TAIL

ROOT = Path(__file__).resolve().parents[1]
REFERENCE = "exactextract"
EXACT = ("agglo", REFERENCE)
"""Ways that begin so claim exact shares of cells: their errors must be those of rounding."""

SUM_TOLERANCE_SHARE = 1e-6
MEAN_TOLERANCE = 1e-3
"""Of the NDVI: agglo weighs cells by their true area, which differs within a zone."""

WINDOW_TOLERANCE = 0.02
"""Of the NDVI: the tools round the same box to cells in their own way."""

MOST_MB = 6_000.0
"""A process that holds more is stopped."""

PREPARE_LIMIT_S = 900.0
GLANCE_S = 0.1

Progress = Callable[[str], None]


@dataclass(frozen=True, slots=True, kw_only=True)
class Row:
    """What all repetitions of one job found."""

    job: ImageryJob
    found: tuple[Found, ...]
    facts: dict[str, float] = field(default_factory=dict)
    """Of the comparison: 'off' from the reference, 'median_error_share', 'max_error_share',
    'unanswered_count', 'differs_count'."""

    fault: str = ""
    """Why the row holds no measurement: not installed, stopped, failed, or a wrong answer."""


def run_jobs(
    jobs: Sequence[ImageryJob], folder: Path, *, peer_python: str, progress: Progress
) -> list[Row]:
    """Run all jobs, table after table.

    Parameters
    ----------
    folder
        For questions and answers; holds what cannot be made, such as 'belgium'.
    peer_python
        The Python that runs the other tools.
    """
    rows: list[Row] = []
    tasks = list(dict.fromkeys(job.task for job in jobs))
    for number, task in enumerate(tasks, start=1):
        progress(f"{task}, table {number} of {len(tasks)}")
        own = [job for job in jobs if job.task == task]
        question, zones_count = own[0].question, own[0].zones_count
        absent = _prepare(question, zones_count, folder, progress)
        if absent:
            rows += [Row(job=job, found=(), fault=absent) for job in own]
            continue
        found = _by_turns(own, folder, peer_python, progress)
        rows += [row_from_found(job, found[job.way], folder) for job in own]
        for answer in folder.glob("answer-*"):
            answer.unlink()
    return rows


def row_from_found(job: ImageryJob, found: Sequence[Found], folder: Path) -> Row:
    """Make the row of a job; a wrong answer voids its times.

    Parameters
    ----------
    folder
        Where the answers of the whole table are.
    """
    fault = next((one.fault for one in found if one.fault), "")
    row = Row(job=job, found=tuple(one for one in found if not one.fault), fault=fault)
    if fault or not found or not found[-1].answer:
        return row
    answer = np.load(folder / found[-1].answer)
    own = folder / job.question
    if job.question.startswith("people"):
        return _with_errors(row, answer, np.load(own / f"exact-{job.zones_count}.npy"))
    if job.kind == "degurba":
        expected = own / "expected_degurba_L1.tif"
        return _with_cells(row, answer, expected) if expected.exists() else row
    reference = folder / f"answer-{job.task}-{'agglo' if job.kind == 'window' else REFERENCE}.npy"
    return _with_difference(row, answer, np.load(reference)) if reference.exists() else row


def _with_errors(row: Row, answer: np.ndarray, exact: np.ndarray) -> Row:
    """Note the relative errors of sums; a sum that is not given is an error of 1."""
    known = exact > 0
    is_given = np.isfinite(answer)
    error = np.abs(np.where(is_given, answer, 0.0) - exact)[known] / exact[known]
    facts = {
        "median_error_share": float(np.median(error)),
        "max_error_share": float(error.max()),
        "unanswered_count": float((known & ~is_given).sum()),
    }
    is_wrong = row.job.way.startswith(EXACT) and error.max() > SUM_TOLERANCE_SHARE
    fault = f"wrong: a sum is off by {error.max():.3g} of itself" if is_wrong else ""
    return replace(row, facts=facts, fault=fault)


def _with_difference(row: Row, answer: np.ndarray, reference: np.ndarray) -> Row:
    """Note by how much means differ from the reference where both are known."""
    both = np.isfinite(answer) & np.isfinite(reference)
    off = float(np.max(np.abs(answer - reference)[both], initial=0.0))
    unanswered = float((np.isfinite(reference) & ~np.isfinite(answer)).sum())
    is_window = row.job.kind == "window"
    limit = WINDOW_TOLERANCE if is_window else MEAN_TOLERANCE
    is_wrong = (is_window or row.job.way.startswith(EXACT)) and (off > limit or unanswered > 0)
    fault = ""
    if is_wrong:
        fault = f"wrong: a mean is off by {off:.3g}, {unanswered:.0f} are not given"
    return replace(row, facts={"off": off, "unanswered_count": unanswered}, fault=fault)


def _with_cells(row: Row, answer: np.ndarray, expected: Path) -> Row:
    """Count the cells that are not of the expected class."""
    import rasterio

    with rasterio.open(expected) as file:
        wanted = file.read(1)
    differs = float((answer != wanted).sum())
    fault = f"wrong: {differs:.0f} cells of another class" if differs else ""
    return replace(row, facts={"differs_count": differs}, fault=fault)


def _by_turns(
    jobs: Sequence[ImageryJob], folder: Path, peer_python: str, progress: Progress
) -> dict[str, list[Found]]:
    """Repeat the jobs of one table by turns: A B C A B C …; one that failed is not repeated."""
    found: dict[str, list[Found]] = {job.way: [] for job in jobs}
    for turn in range(max(job.repetitions for job in jobs)):
        for job in jobs:
            own = found[job.way]
            if turn >= job.repetitions or any(one.fault for one in own):
                continue
            start = time.perf_counter()
            own.append(run_job(job, folder, sys.executable if job.is_own else peer_python))
            note = own[-1].fault or f"{time.perf_counter() - start:.1f} s"
            progress(f"  {job.way}, {turn + 1} of {job.repetitions}: {note}")
    return found


def run_job(job: ImageryJob, folder: Path, python: str) -> Found:
    """Run one job and return what it found, or why it found nothing."""
    asked, said = folder / "job.json", folder / "found.json"
    said.unlink(missing_ok=True)
    asked.write_text(json.dumps(asdict(job)), encoding="utf-8")
    command = [python, "-m", "benchmarks.imagery_worker", str(asked), str(said), str(folder)]
    fault = _call(command, folder / "log.txt", job.limit_s)
    return Found(fault=fault) if fault else read_found(said)


def _prepare(question: str, zones_count: int, folder: Path, progress: Progress) -> str:
    """Make a question and the small one that comes first; say why if that is impossible."""
    what = question.partition("-")[0]
    if what == "belgium" and not (folder / question).is_dir():
        return "no data: name the folder of commuting data (--data)"
    start = time.perf_counter()
    for name, count in ((WARM[what], WARM_ZONES), (question, zones_count)):
        if name != "belgium":
            command = [sys.executable, "-m", "benchmarks.imagery_made", name, str(count)]
            fault = _call([*command, str(folder)], folder / "log.txt", PREPARE_LIMIT_S)
            if fault:
                raise RuntimeError(f"the question '{name}' cannot be made: {fault}")
    progress(f"  prepared in {time.perf_counter() - start:.1f} s")
    return ""


def _call(command: Sequence[str], log: Path, limit_s: float) -> str:
    """Run a process and return what went wrong; it never outlives the call."""
    end = time.monotonic() + limit_s
    with log.open("wb") as out:
        process = subprocess.Popen(
            command, cwd=ROOT, env={**os.environ, **ENVIRONMENT}, stdout=out,
            stderr=subprocess.STDOUT,
        )  # fmt: skip
        try:
            while process.poll() is None:
                if time.monotonic() > end:
                    return f"stopped after {limit_s:g} s"
                if _held_mb(process.pid) > MOST_MB:
                    return f"stopped at {MOST_MB:,.0f} MB of memory"
                time.sleep(GLANCE_S)
        finally:
            if process.poll() is None:
                process.kill()
                process.wait()
    if process.returncode == 0:
        return ""
    text = log.read_text(encoding="utf-8", errors="replace").strip()
    last = text.splitlines()[-1][-LOG_TAIL:] if text else "no message"
    return f"failed ({process.returncode}): {last}"


def _held_mb(process_id: int) -> float:
    """Return what a process holds, MB; 0 where nobody tells."""
    try:
        text = Path(f"/proc/{process_id}/statm").read_text(encoding="ascii")
    except OSError:
        return 0.0
    return int(text.split()[1]) * os.sysconf("SC_PAGE_SIZE") / 1024**2
