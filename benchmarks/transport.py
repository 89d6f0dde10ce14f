"""Measures agglo's transport engine side by side with other tools and writes the report."""

from __future__ import annotations

import argparse
import datetime
import json
import os
import platform
import sys
import tempfile
from collections.abc import Sequence
from dataclasses import asdict
from pathlib import Path

from benchmarks.jobs import Job
from benchmarks.plan import full_jobs, quick_jobs
from benchmarks.report import report
from benchmarks.runs import OWN, Row, run_jobs

BYTES_PER_GB = 1024**3
DATA = Path("../shared/data/networks")
PAGE = Path("docs/benchmarks.md")
INTERRUPTED = 130


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the benchmark; return what the shell is told."""
    asked = _parser().parse_args(arguments)
    try:
        jobs = chosen(quick_jobs() if asked.quick else full_jobs(), asked.tasks)
        if not asked.data.is_dir():
            raise ValueError(f"{asked.data} is not there; name the folder of network data: --data")
        run(
            jobs,
            data=asked.data.resolve(),
            out=asked.out or (None if asked.quick or asked.tasks else PAGE),
            peer_python=asked.peer_python,
            date=asked.date,
            is_quick=asked.quick,
        )
    except KeyboardInterrupt:
        _say("interrupted; nothing was written")
        return INTERRUPTED
    except (ValueError, RuntimeError, OSError) as error:
        _say(f"error: {error}")
        return 1
    return 0


def run(
    jobs: Sequence[Job],
    *,
    data: Path,
    out: Path | None,
    peer_python: str,
    date: str,
    is_quick: bool,
) -> None:
    """Run the jobs and write the page, with all measurements as JSON beside it.

    Parameters
    ----------
    out
        The page; it appears whole at the end or not at all. ``None`` writes it to the terminal.
    peer_python
        The Python that runs the other tools.
    """
    machine = machine_facts()
    with tempfile.TemporaryDirectory(prefix="agglo-benchmark-") as folder:
        rows = run_jobs(
            jobs,
            Path(folder),
            data=data,
            pythons=lambda tool: sys.executable if tool == OWN else peer_python,
            progress=_say,
        )
    page = report(rows, machine=machine, date=date, is_quick=is_quick)
    if out is None:
        sys.stdout.write(page)
        return
    write_whole(out.with_suffix(".json"), rows_json(rows, machine, date))
    write_whole(out, page)
    _say(f"wrote {out}")


def chosen(jobs: Sequence[Job], tasks: Sequence[str]) -> list[Job]:
    """Return the jobs of some tasks, of all if none is named."""
    known = list(dict.fromkeys(job.task for job in jobs))
    unknown = [task for task in tasks if task not in known]
    if unknown:
        raise ValueError(f"unknown task '{unknown[0]}'; choose from {', '.join(known)}")
    return [job for job in jobs if job.task in (tasks or known)]


def machine_facts() -> dict[str, str]:
    """Say what the run runs on; no name of the machine."""
    facts = {
        "cpu": _cpu_model(),
        "cores": f"{os.cpu_count()} cores",
        "system": f"{platform.system()} {platform.machine()}",
        "python": f"Python {platform.python_version()}",
    }
    if hasattr(os, "sysconf") and "SC_PHYS_PAGES" in os.sysconf_names:
        size = os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES") / BYTES_PER_GB
        facts["memory"] = f"{size:.0f} GB"
    if hasattr(os, "getloadavg"):
        facts["load"] = f"{os.getloadavg()[0]:.1f}"
    return facts


def rows_json(rows: Sequence[Row], machine: dict[str, str], date: str) -> str:
    """Write all that was measured, a line for each row."""
    lines = []
    for row in rows:
        values = asdict(row)
        for one in values["found"]:
            del one["answer"]
        lines.append(json.dumps(values, ensure_ascii=False))
    head = json.dumps({"date": date, "machine": machine}, ensure_ascii=False)
    return f'{head[:-1]}, "rows": [\n' + ",\n".join(lines) + "\n]}\n"


def write_whole(path: Path, text: str) -> None:
    """Write a file that appears whole or not at all."""
    path.parent.mkdir(parents=True, exist_ok=True)
    handle, name = tempfile.mkstemp(prefix=f".{path.name}-", dir=path.parent)
    try:
        with os.fdopen(handle, "w", encoding="utf-8") as file:
            file.write(text)
        Path(name).chmod(0o644)
        Path(name).replace(path)
    finally:
        Path(name).unlink(missing_ok=True)


def _cpu_model() -> str:
    try:
        lines = Path("/proc/cpuinfo").read_text(encoding="utf-8").splitlines()
    except OSError:
        return platform.processor() or "unknown CPU"
    names = (line.split(":", 1)[1].strip() for line in lines if line.startswith("model name"))
    return next(names, "unknown CPU")


def _say(text: str) -> None:
    sys.stderr.write(text + "\n")
    sys.stderr.flush()


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="python -m benchmarks.transport", description=__doc__)
    parser.add_argument("--data", type=Path, default=DATA, help="folder of network data")
    parser.add_argument("--tasks", nargs="+", default=[], help="only these tables")
    parser.add_argument("--quick", action="store_true", help="smaller questions, once each")
    parser.add_argument("--out", type=Path, help=f"the page; {PAGE} if all tasks run in full")
    parser.add_argument(
        "--peer-python",
        default=sys.executable,
        help="Python of an environment with the other tools (numpy, scipy and shapely too)",
    )
    today = datetime.date.today().isoformat()
    parser.add_argument("--date", default=today, help="day that the page names")
    return parser


if __name__ == "__main__":
    sys.exit(main())
