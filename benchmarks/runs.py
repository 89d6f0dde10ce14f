"""Runs jobs, each in a process of its own and the tools by turns, and compares their answers."""

from __future__ import annotations

import os
import subprocess
import time
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np

from benchmarks.jobs import Found, Job, read_found, write_json
from benchmarks.worker import NOT_INSTALLED

ROOT = Path(__file__).resolve().parents[1]
OWN = "agglo"
REFERENCE = "scipy"
TOLERANCE_S = 0.1
TOLERANCE_SHARE = 1e-4
PREPARE_LIMIT_S = 300.0
ENVIRONMENT = {"PYTHONWARNINGS": "ignore", "OMP_WAIT_POLICY": "PASSIVE"}
"""Threads that wait do not spin: AequilibraE's would slow themselves down on few cores."""

LOG_TAIL = 300
"""How much of what a failed process said is repeated."""

Progress = Callable[[str], None]


@dataclass(frozen=True, slots=True, kw_only=True)
class Row:
    """What all repetitions of one job found."""

    job: Job
    found: tuple[Found, ...]
    difference_s: float | None = None
    """Largest difference from scipy's answer; ``None`` where there is nothing to compare."""

    nodes_count: int = 0
    arcs_count: int = 0
    """Open arcs of the baseline."""

    fault: str = ""
    """Why the row holds no measurement: not installed, stopped, failed, or a wrong answer."""


def run_jobs(
    jobs: Sequence[Job],
    folder: Path,
    *,
    data: Path,
    pythons: Callable[[str], str],
    progress: Progress,
) -> list[Row]:
    """Run all jobs of a benchmark, task after task.

    Parameters
    ----------
    folder
        An empty folder for questions and answers.
    data
        The folder of network data.
    pythons
        The Python that runs a tool, by the tool's name.
    """
    rows: list[Row] = []
    tasks = list(dict.fromkeys(job.task for job in jobs))
    absent: dict[str, str] = {}
    for number, task in enumerate(tasks, start=1):
        progress(f"{task}, table {number} of {len(tasks)}")
        own = [job for job in jobs if job.task == task]
        for question in dict.fromkeys(job.question for job in own):
            _prepare(question, data, folder, pythons(OWN), progress)
        found = _by_turns(own, folder, pythons, absent, progress)
        rows += [row_from_found(job, found, folder) for job in own]
        for answer in folder.glob("answer-*"):
            answer.unlink()
    return rows


def run_job(job: Job, folder: Path, python: str) -> Found:
    """Run one job and return what it found, or why it found nothing."""
    asked, said = folder / "job.json", folder / "found.json"
    said.unlink(missing_ok=True)
    write_json(asked, job)
    fault = _call(
        [python, "-m", "benchmarks.worker", str(asked), str(said), str(folder)],
        folder / "log.txt",
        job.limit_s,
    )
    return Found(fault=fault) if fault else read_found(said)


def difference(answer: np.ndarray, reference: np.ndarray) -> tuple[float, bool]:
    """Compare two matrices where both are known.

    Returns
    -------
    seconds, is_right
        The largest difference (``inf`` if one finds a way where the other does not), and
        whether all are within the tolerance.
    """
    rows, columns = (min(sizes) for sizes in zip(answer.shape, reference.shape, strict=True))
    one, other = (np.asarray(part[:rows, :columns], dtype=float) for part in (answer, reference))
    has_way = np.isfinite(other)
    if (np.isfinite(one) != has_way).any():
        return np.inf, False
    off = np.abs(one[has_way] - other[has_way])
    is_right = off <= TOLERANCE_S + TOLERANCE_SHARE * other[has_way]
    return float(off.max(initial=0)), bool(is_right.all())


def row_from_found(job: Job, found: dict[str, list[Found]], folder: Path) -> Row:
    """Make the row of a job; a wrong answer voids its times.

    Parameters
    ----------
    found
        Of all jobs of the task, by name: scipy's answer is among them.
    folder
        Where the answers are.
    """
    own = found[job.tool]
    nodes_count, arcs_count = _size(folder / f"{job.question}.npz")
    row = Row(
        job=job,
        found=tuple(own),
        nodes_count=nodes_count,
        arcs_count=arcs_count,
        fault=next((one.fault for one in own if one.fault), ""),
    )
    if row.fault:
        return replace(row, found=tuple(one for one in own if not one.fault))
    if own[-1].facts.get("missed_count"):
        return replace(row, fault=f"wrong: misses {own[-1].facts['missed_count']:g} nodes")
    if own[-1].facts.get("is_routable") == 0:
        return replace(row, fault="wrong: finds no way")
    known = [one.answer for one in found.get(REFERENCE, []) if one.answer]
    if not (known and own[-1].answer):
        return row
    answer, reference = (np.load(folder / name) for name in (own[-1].answer, known[-1]))
    off_s, is_right = difference(answer, reference)
    fault = "" if is_right else f"wrong: differs by {off_s:.3g} s"
    return replace(row, difference_s=off_s, fault=fault)


def _by_turns(
    jobs: list[Job],
    folder: Path,
    pythons: Callable[[str], str],
    absent: dict[str, str],
    progress: Progress,
) -> dict[str, list[Found]]:
    """Repeat the jobs of one task by turns: A B C A B C …; a job that failed is not repeated."""
    found: dict[str, list[Found]] = {job.tool: [] for job in jobs}
    for turn in range(max(job.repetitions for job in jobs)):
        for job in jobs:
            own = found[job.tool]
            if turn >= job.repetitions or any(one.fault for one in own):
                continue
            if job.tool in absent:
                own.append(Found(fault=absent[job.tool]))
                continue
            start = time.perf_counter()
            own.append(run_job(job, folder, pythons(job.tool)))
            took_s = time.perf_counter() - start
            note = own[-1].fault or f"{took_s:.1f} s"
            progress(f"  {job.tool}, {turn + 1} of {job.repetitions}: {note}")
            if own[-1].fault.startswith(NOT_INSTALLED):
                absent[job.tool] = own[-1].fault
    return found


def _size(path: Path) -> tuple[int, int]:
    """Return the nodes and open arcs of a question about ways; zeros for another."""
    if not path.exists():
        return 0, 0
    with np.load(path) as kept:
        if "base_s" not in kept.files:
            return 0, 0
        return len(kept["x_m"]), int(np.isfinite(kept["base_s"]).sum())


def _prepare(question: str, data: Path, folder: Path, python: str, progress: Progress) -> None:
    """Write a question, once."""
    if (folder / question).exists() or (folder / f"{question}.npz").exists():
        return
    start = time.perf_counter()
    command = [python, "-m", "benchmarks.prepare", question, str(data), str(folder)]
    fault = _call(command, folder / "log.txt", PREPARE_LIMIT_S)
    if fault:
        raise RuntimeError(f"the question '{question}' cannot be made from {data}: {fault}")
    progress(f"  {question}: prepared in {time.perf_counter() - start:.1f} s")


def _call(command: Iterable[str], log: Path, limit_s: float) -> str:
    """Run a process and return what went wrong; it never outlives the call."""
    environment = {**os.environ, **ENVIRONMENT}
    with log.open("wb") as out:
        process = subprocess.Popen(
            list(command), cwd=ROOT, env=environment, stdout=out, stderr=subprocess.STDOUT
        )
        try:
            code = process.wait(limit_s)
        except subprocess.TimeoutExpired:
            return f"stopped after {limit_s:g} s"
        finally:
            if process.poll() is None:
                process.kill()
                process.wait()
    if code == 0:
        return ""
    text = log.read_text(encoding="utf-8", errors="replace").strip()
    last = text.splitlines()[-1][-LOG_TAIL:] if text else "no message"
    return f"failed ({code}): {last}"
