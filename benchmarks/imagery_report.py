"""The page of the benchmark of imagery, as Markdown and as JSON."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict
from statistics import median

from benchmarks.imagery_goals import verdicts
from benchmarks.imagery_plan import OWN
from benchmarks.imagery_runs import Row
from benchmarks.report import BUSY_LOAD, NOTHING, number

COMMAND = "python -m benchmarks.imagery"
QUICK = " **A quick run: small questions, once each; not to judge by.**"

HEAD = """# Benchmarks of imagery

Written by `{command}` on {date}; do not edit by hand.{quick}

{machine}

Every measurement is a process of its own; tools take turns (A B C A B C …). Every tool first
answers a tiny question of the same kind (*start s*, with its imports), so that nothing is loaded or
compiled within the answer. Times are wall seconds, medians with (smallest–largest) of the
repetitions; *÷ agglo* is the median divided by that of agglo's first row. *peak MB* is the most
that the process held, Python and imports included; *start MB* is what it held before the question.
The peers have an environment of their own with the same numpy, rasterio, GDAL and shapely, and
their defaults (GDAL's cache among them: 5 % of the memory). All files were read shortly before, so
the disk counts for little. A wrong answer of a way that claims to be exact voids its times.
"""

NOTES = """## What is timed

- **Scene**: two bands of 16 bits, deflate, tiles of 1,024, made up with noise; zones are Voronoi
  cells with crooked borders of some hundred points that tile the scene. agglo starts from the bands
  and ends at the mean NDVI of every zone, in one pass without a file; *by a file* writes the NDVI
  as a COG with overviews first. The peers start from the NDVI that is there: *÷ agglo* compares
  **all of agglo with the means alone of a peer**, which is to their advantage. *off* is the largest
  difference of a mean from exactextract's; agglo weighs cells by their true area, the others do
  not, which changes the sixth digit here.
- **People**: sums of a grid of 30″ with 1 % of unknown cells. *lay* is done once for all layers,
  *layer* is one further layer: file to sums, or from memory to sums (*array*; rasterstats gets its
  array and transform). *bare product* is the sparse matrix times the numbers, without agglo's
  checks and its area and known share. xarray-spatial keeps its burnt zones too. Errors are relative
  to exact sums: every cell cut with every zone by shapely. A zone without a sum counts as an error
  of 100 %. rasterstats takes a cell whose middle lies in the zone, or all that the zone touches.
- **Layer**: the same on the large scene, file to means.
- **COG**: the NDVI into a COG of the same tiles, compression, predictor and overviews. agglo
  checks that no tile is missing; rasterio is GDAL's own driver with what agglo sets.
- **Window**: one km² in the middle of the NDVI's COG from a server on loopback that waits 50 ms
  before every answer. agglo asks what the server is and whether the file has changed, reads, and
  writes a small COG; the others leave an array in memory. rasterio has GDAL's defaults.
- **Cells**: the degree of urbanisation, levels 1 and 2. There is no peer in Python: GHS-DUG is a
  program of its own, flexurba is R, and neither can be installed here. Belgium is compared with
  flexurba's cells.
"""

Column = tuple[str, Callable[[Row, Row | None], str]]


def report(rows: Sequence[Row], *, machine: Mapping[str, str], date: str, is_quick: bool) -> str:
    """Write the page.

    Parameters
    ----------
    machine
        What it ran on, by name; 'load' is the load average before the run.
    """
    load = float(machine.get("load", "0"))
    said = ", ".join(text for name, text in machine.items() if name != "load")
    busy = " **It was busy with other work: the times say little.**" if load > BUSY_LOAD else ""
    head = HEAD.format(
        command=COMMAND + (" --quick" if is_quick else ""), date=date,
        quick=QUICK if is_quick else "", machine=f"Machine: {said}; load {load:.1f} before "
        f"the run.{busy}",
    )  # fmt: skip
    parts = [head, _versions(rows), _goals(rows)]
    parts += [_table(task, rows) for task in dict.fromkeys(row.job.task for row in rows)]
    return "\n".join([*parts, NOTES])


def rows_json(rows: Sequence[Row], machine: Mapping[str, str], date: str) -> str:
    """Write all that was measured, a line for each row."""
    lines = []
    for row in rows:
        values = asdict(row)
        for one in values["found"]:
            del one["answer"]
        lines.append(json.dumps(values, ensure_ascii=False))
    head = json.dumps({"date": date, "machine": dict(machine)}, ensure_ascii=False)
    return f'{head[:-1]}, "rows": [\n' + ",\n".join(lines) + "\n]}\n"


def _versions(rows: Sequence[Row]) -> str:
    found: dict[str, set[str]] = {}
    for row in rows:
        for one in row.found:
            for package, version in one.versions.items():
                found.setdefault(package, set()).add(version)
    said = (f"{package} {' and '.join(sorted(found[package]))}" for package in sorted(found))
    return f"Versions: {', '.join(said)}.\n"


def _goals(rows: Sequence[Row]) -> str:
    words = {True: "reached", False: "**not reached**", None: "not measured"}
    lines = ["## Goals\n", "| goal | wanted | measured | |", "|--|--|--|--|"]
    for verdict in verdicts(rows):
        goal = verdict.goal
        bound = "≤" if goal.is_most else "≥"
        measured = NOTHING if verdict.measured is None else number(verdict.measured) + goal.unit
        lines.append(
            f"| {goal.text} | {bound} {number(goal.wanted)}{goal.unit} | {measured} | "
            f"{words[verdict.is_reached]} |"
        )
    return "\n".join(lines) + "\n"


def _table(task: str, rows: Sequence[Row]) -> str:
    own = [row for row in rows if row.job.task == task]
    job = own[0].job
    kind = "people" if job.question.startswith("people") else job.kind
    columns = _COLUMNS[kind]
    base = next((row for row in own if row.job.way == OWN and not row.fault), None)
    lines = [
        f"## `{task}` {_title(own)}\n",
        f"| way | {' | '.join(name for name, _ in columns)} | |",
        "|--" * (len(columns) + 2) + "|",
    ]
    for row in own:
        has_times = bool(row.found) and not row.fault.startswith("wrong")
        cells = [write(row, base) if has_times else NOTHING for _, write in columns]
        lines.append(f"| {row.job.way} | {' | '.join(cells)} | {row.fault.replace('|', '/')} |")
    return "\n".join(lines) + "\n"


def _title(rows: Sequence[Row]) -> str:
    job = rows[0].job
    size = int(job.question.partition("-")[2] or 0)
    cells = next((int(one.facts.get("cells_count", 0)) for row in rows for one in row.found), 0)
    zones = f"{job.zones_count:,} zones"
    scene = f"a scene of {size:,} × {size:,}"
    return {
        "scene": f"NDVI of {scene}, means of {zones}",
        "layers": f"a further layer: sums of {size * 12 // 7} × {size} cells of 30″, {zones}"
        if job.question.startswith("people")
        else f"a further layer on {scene}, means of {zones}",
        "cog": f"writing a COG of {size:,} × {size:,}",
        "window": f"one km² out of a COG of {size:,} × {size:,} on a server",
        "degurba": f"degree of urbanisation, {cells:,} cells",
    }[job.kind]


def seconds(row: Row, stages: Sequence[str]) -> list[float]:
    """Return what some stages took together, by repetition; one process counts its median."""
    return [
        sum(median(one.seconds[stage]) for stage in stages if stage in one.seconds)
        for one in row.found
        if any(stage in one.seconds for stage in stages)
    ]


def _time(*stages: str) -> Callable[[Row, Row | None], str]:
    def write(row: Row, base: Row | None) -> str:
        del base
        times = seconds(row, stages)
        if not times:
            return NOTHING
        spread = f" ({number(min(times))}–{number(max(times))})" if len(times) > 1 else ""
        return f"{number(median(times))}{spread}"

    return write


def _ratio(*stages: str) -> Callable[[Row, Row | None], str]:
    def write(row: Row, base: Row | None) -> str:
        times = seconds(row, stages)
        if base is None or not times or not seconds(base, stages):
            return NOTHING
        return "1" if row is base else number(median(times) / median(seconds(base, stages)))

    return write


def _found(name: str) -> Callable[[Row, Row | None], str]:
    def write(row: Row, base: Row | None) -> str:
        del base
        values = [one.facts[name] for one in row.found if name in one.facts]
        return number(median(values)) if values else NOTHING

    return write


def _compared(name: str, *, is_percent: bool = False) -> Callable[[Row, Row | None], str]:
    def write(row: Row, base: Row | None) -> str:
        del base
        value = row.facts.get(name)
        if value is None:
            return NOTHING
        return f"{number(100 * value)} %" if is_percent else number(value)

    return write


def _peak(row: Row, base: Row | None) -> str:
    del base
    peaks = [one.peak_mb for one in row.found if one.peak_mb is not None]
    return number(max(peaks)) if peaks else NOTHING


_AGAINST = f"÷ {OWN}"
_START: Column = ("start s", _time("import", "warm"))
_MEMORY: tuple[Column, ...] = (("start MB", _found("base_mb")), ("peak MB", _peak))
_UNANSWERED: Column = ("without answer", _compared("unanswered_count"))
_COLUMNS: Mapping[str, tuple[Column, ...]] = {
    "scene": (
        _START, ("NDVI to file s", _time("ndvi")), ("lay s", _time("lay")),
        ("take s", _time("take")), ("all s", _time("ndvi", "lay", "take")),
        (_AGAINST, _ratio("ndvi", "lay", "take")), *_MEMORY, ("off", _compared("off")),
        _UNANSWERED,
    ),
    "people": (
        _START, ("lay s", _time("lay")), ("layer s", _time("take")), (_AGAINST, _ratio("take")),
        *_MEMORY, ("median error", _compared("median_error_share", is_percent=True)),
        ("largest error", _compared("max_error_share", is_percent=True)), _UNANSWERED,
    ),
    "layers": (
        _START, ("lay s", _time("lay")), ("layer s", _time("take")), (_AGAINST, _ratio("take")),
        *_MEMORY, ("off", _compared("off")), _UNANSWERED,
    ),
    "cog": (
        _START, ("write s", _time("write")), (_AGAINST, _ratio("write")),
        ("file MB", _found("file_mb")), *_MEMORY,
    ),
    "window": (
        _START, ("read s", _time("read")), (_AGAINST, _ratio("read")),
        ("requests", _found("requests_count")), ("MB sent", _found("sent_mb")), *_MEMORY,
        ("mean", _found("mean")),
    ),
    "degurba": (
        _START, ("read s", _time("read")), ("class s", _time("class")), *_MEMORY,
        ("cells that differ", _compared("differs_count")),
    ),
}  # fmt: skip
