"""Measures labour market areas side by side with a plain reference and, if there, R's package."""

from __future__ import annotations

import argparse
import datetime
import subprocess
import sys
import tempfile
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import numpy.typing as npt

from benchmarks.jobs import Found, read_found
from benchmarks.territory_report import Row, rows_json, section
from benchmarks.territory_worker import MISSING, OWN, command
from benchmarks.transport import INTERRUPTED, machine_facts, write_whole

ROOT = Path(__file__).resolve().parents[1]
DATA = Path("../shared/data/commuting")
SEED = 20_260_101
TOOLS = (OWN, "reference", "R")
LIMIT_S = 1800.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Task:
    """One table of flows for all tools."""

    name: str
    text: str
    make: Callable[[], npt.NDArray[np.int64]]
    """Home, workplace, persons by row."""

    repetitions: tuple[int, ...]
    """Of each tool."""


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the benchmark; return what the shell is told."""
    asked = _parser().parse_args(arguments)
    try:
        tasks = quick_tasks() if asked.quick else full_tasks(asked.data)
        machine = machine_facts()
        rows = run_tasks(tasks, rscript=asked.rscript, progress=_say)
        titles = {task.name: task.text for task in tasks}
        page = section(titles, rows, machine=machine, date=asked.date, is_quick=asked.quick)
        if asked.out is None:
            sys.stdout.write(page)
            return 0
        write_whole(asked.out.with_suffix(".json"), rows_json(rows, machine, asked.date))
        write_whole(asked.out, page)
        _say(f"wrote {asked.out}")
    except KeyboardInterrupt:
        _say("interrupted; nothing was written")
        return INTERRUPTED
    except (ValueError, RuntimeError, OSError) as error:
        _say(f"error: {error}")
        return 1
    return 0


def full_tasks(data: Path) -> list[Task]:
    """Return the tasks of the report."""
    flows = data / "sardinia_lma" / "flows.csv"
    if not flows.is_file():
        raise ValueError(f"{flows} is not there; name the folder of commuting data: --data")
    return [
        Task(
            name="sardinia",
            text="Sardinia, census 2001, 377 municipalities",
            make=lambda: np.loadtxt(flows, delimiter=",", skiprows=1, dtype=np.int64),
            repetitions=(5, 5, 1),
        ),
        Task(
            name="country",
            text="a made country of 3,000 municipalities",
            make=lambda: country(3000),
            repetitions=(3, 1, 1),
        ),
    ]


def quick_tasks() -> list[Task]:
    """Return a small task: to see that everything works, not to judge by."""
    return [
        Task(
            name="district",
            text="a made district of 120 municipalities",
            make=lambda: country(120),
            repetitions=(1, 1, 1),
        )
    ]


def country(zones_count: int, *, seed: int = SEED) -> npt.NDArray[np.int64]:
    """Make commuters between municipalities that lie at random, 5 km apart in the mean.

    Residents are log-normal, jobs follow them; who works where is a gravity model with
    ``exp(−km / 12) / km``, drawn person by person.

    Returns
    -------
    country
        Home, workplace (from 1) and persons, pairs without commuters left out.
    """
    draws = np.random.default_rng(seed)
    place_km = draws.uniform(0, 5 * np.sqrt(zones_count), (zones_count, 2))
    residents = np.exp(draws.normal(7, 1.2, zones_count))
    jobs = residents * np.exp(draws.normal(0, 0.4, zones_count))
    rows = []
    for home in range(zones_count):
        km = np.hypot(*(place_km - place_km[home]).T) + 1.5
        pull = jobs * np.exp(-km / 12) / km
        persons = draws.poisson(residents[home] * pull / pull.sum())
        work = np.flatnonzero(persons)
        rows.append(np.column_stack([np.full(len(work), home + 1), work + 1, persons[work]]))
    return np.concatenate(rows).astype(np.int64)


def run_tasks(tasks: Sequence[Task], *, rscript: str, progress: Callable[[str], None]) -> list[Row]:
    """Run all tools by turns, each time in a process of its own, and compare their areas."""
    rows = []
    with tempfile.TemporaryDirectory(prefix="agglo-benchmark-") as name:
        folder = Path(name)
        for task in tasks:
            progress(f"{task.name}: {task.text}")
            np.savetxt(
                folder / "flows.csv", task.make(), "%d", ",", header="live,work,n", comments=""
            )
            found: dict[str, list[Found]] = {tool: [] for tool in TOOLS}
            for turn in range(max(task.repetitions)):
                for tool, times in zip(TOOLS, task.repetitions, strict=True):
                    if turn < times and not any(one.fault for one in found[tool]):
                        found[tool].append(_measured(tool, folder, rscript))
                        progress(f"  {tool}, {turn + 1} of {times}: {_told(found[tool][-1])}")
            rows += [_row(task.name, tool, found[tool], folder) for tool in TOOLS]
            for answer in folder.glob("areas-*"):
                answer.unlink()
    return rows


def partition_difference(one: dict[int, int], other: dict[int, int]) -> int:
    """Count the zones whose area does not hold the same zones in both; 0 if all do."""
    first, second = _areas(one), _areas(other)
    zones = one.keys() | other.keys()
    return sum(first.get(zone) != second.get(zone) for zone in zones)


def _measured(tool: str, folder: Path, rscript: str) -> Found:
    """Run one tool once; say why if it gives nothing."""
    said, log = folder / "found.json", folder / "log.txt"
    said.unlink(missing_ok=True)
    with log.open("wb") as out:
        try:
            done = subprocess.run(
                command(tool, folder, rscript),
                cwd=ROOT,
                stdout=out,
                stderr=subprocess.STDOUT,
                timeout=LIMIT_S,
                check=False,
            )
        except FileNotFoundError as error:
            return Found(fault=f"{MISSING} ({error.filename})")
        except subprocess.TimeoutExpired:
            return Found(fault=f"stopped after {LIMIT_S:g} s")
    if done.returncode == 0:
        return read_found(said)
    text = log.read_text(encoding="utf-8", errors="replace").strip() or "no message"
    if tool == "R" and "there is no package called" in text:
        return Found(fault=f"{MISSING} (package LabourMarketAreas)")
    return Found(fault=f"failed ({done.returncode}): {text.splitlines()[-1][-300:]}")


def _told(found: Found) -> str:
    return found.fault or f"{found.seconds['areas'][0]:.3f} s"


def _row(task: str, tool: str, found: list[Found], folder: Path) -> Row:
    fault = next((one.fault for one in found if one.fault), "")
    good = tuple(one for one in found if not one.fault)
    own, right = (_read_areas(folder / f"areas-{name}.csv") for name in (tool, "reference"))
    differs = partition_difference(own, right) if own and right else None
    if differs:
        fault = fault or f"wrong: {differs} zones in another area than the reference's"
    return Row(
        task=task,
        tool=tool,
        found=good,
        fault=fault,
        areas_count=len(set(own.values())),
        differs_count=differs,
    )


def _read_areas(path: Path) -> dict[int, int]:
    if not path.exists():
        return {}
    table = np.loadtxt(path, delimiter=",", skiprows=1, dtype=np.int64, ndmin=2)
    return {int(zone): int(area) for zone, area in table if area >= 0}


def _areas(label: dict[int, int]) -> dict[int, frozenset[int]]:
    """Return for each zone the zones of its area."""
    members: dict[int, set[int]] = {}
    for zone, area in label.items():
        members.setdefault(area, set()).add(zone)
    sets = {area: frozenset(zones) for area, zones in members.items()}
    return {zone: sets[area] for zone, area in label.items()}


def _say(text: str) -> None:
    sys.stderr.write(text + "\n")
    sys.stderr.flush()


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="python -m benchmarks.territory", description=__doc__)
    parser.add_argument("--data", type=Path, default=DATA, help="folder of commuting data")
    parser.add_argument("--quick", action="store_true", help="a small question, once")
    parser.add_argument("--out", type=Path, help="the page, a JSON beside it; else the terminal")
    parser.add_argument("--rscript", default="Rscript", help="R's command, for LabourMarketAreas")
    today = datetime.date.today().isoformat()
    parser.add_argument("--date", default=today, help="day that the page names")
    return parser


if __name__ == "__main__":
    sys.exit(main())
