"""Measures imagery side by side with other tools: zones over scenes, layers, COGs, cells."""

from __future__ import annotations

import argparse
import datetime
import shutil
import sys
import tempfile
from collections.abc import Sequence
from pathlib import Path

from benchmarks.imagery_peers import peers_python
from benchmarks.imagery_plan import chosen, full_jobs, quick_jobs
from benchmarks.imagery_report import report, rows_json
from benchmarks.imagery_runs import run_jobs
from benchmarks.transport import INTERRUPTED, machine_facts, write_whole

DATA = Path("../shared/data/commuting")
PAGE = Path("docs/benchmarks-imagery.md")
PEERS = Path(".cache/benchmark-peers")
BELGIUM = "belgium_degurba"


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the benchmark; return what the shell is told."""
    asked = _parser().parse_args(arguments)
    try:
        jobs = chosen(quick_jobs() if asked.quick else full_jobs(), asked.tasks)
        machine = machine_facts()
        python = asked.peer_python or sys.executable
        if not (asked.peer_python or asked.no_peers):
            python = peers_python(asked.peers, _say)
        with tempfile.TemporaryDirectory(prefix="agglo-benchmark-", dir=asked.scratch) as name:
            folder = Path(name)
            _copy_belgium(asked.data / BELGIUM, folder)
            rows = run_jobs(jobs, folder, peer_python=python, progress=_say)
        page = report(rows, machine=machine, date=asked.date, is_quick=asked.quick)
        out = asked.out or (None if asked.quick or asked.tasks else PAGE)
        if out is None:
            sys.stdout.write(page)
            return 0
        write_whole(out.with_suffix(".json"), rows_json(rows, machine, asked.date))
        write_whole(out, page)
        _say(f"wrote {out}")
    except KeyboardInterrupt:
        _say("interrupted; nothing was written")
        return INTERRUPTED
    except (ValueError, RuntimeError, OSError) as error:
        _say(f"error: {error}")
        return 1
    return 0


def _copy_belgium(source: Path, folder: Path) -> None:
    """Put the rasters of Belgium beside what is made, if they are at hand."""
    if source.is_dir():
        own = folder / "belgium"
        own.mkdir()
        for path in source.glob("*.tif"):
            shutil.copy(path, own)


def _say(text: str) -> None:
    sys.stderr.write(text + "\n")
    sys.stderr.flush()


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="python -m benchmarks.imagery", description=__doc__)
    parser.add_argument("--data", type=Path, default=DATA, help="folder of commuting data")
    parser.add_argument("--tasks", nargs="+", default=[], help="only these tables")
    parser.add_argument("--quick", action="store_true", help="small questions, once each")
    parser.add_argument("--out", type=Path, help=f"the page; {PAGE} if all tables run in full")
    parser.add_argument("--peers", type=Path, default=PEERS, help="environment made for the peers")
    parser.add_argument("--peer-python", default="", help="Python of one that is there already")
    parser.add_argument("--no-peers", action="store_true", help="install nothing")
    parser.add_argument("--scratch", type=Path, help="folder for some GB of rasters")
    today = datetime.date.today().isoformat()
    parser.add_argument("--date", default=today, help="day that the page names")
    return parser


if __name__ == "__main__":
    sys.exit(main())
