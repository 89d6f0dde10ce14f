"""The report of a benchmark, as a page of Markdown."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from statistics import median

from benchmarks.goals import peak_mb, row_of, stage_s, verdicts
from benchmarks.runs import OWN, REFERENCE, Row

NOTHING = "–"
BUSY_LOAD = 0.5
COMMAND = "python -m benchmarks.transport --data ../shared/data/networks"

QUICK = " **A quick run: smaller questions, once each; not to judge by.**"
HEAD = """# Benchmarks of the transport engine

Written by `{command}` on {date}; do not edit by hand.{quick}

{machine}

Every measurement is a process of its own: its peak memory is that of the tool (with Python and
what the tool imports), imports are timed apart. Tools take turns (A B C A B C …). Times are wall
seconds, medians with (smallest–largest) of the repetitions; *÷ agglo* is the tool's median divided
by agglo's, with the range over the turns. All tools get the same arrays and use as many cores as
they do by default; OpenMP threads wait without spinning, which helps AequilibraE on few cores.
Matrices and scenarios are compared with scipy's answer; a wrong answer voids the times. *≈* is
extrapolated: only some origins were computed, which the last column says; memory is that of the
part.
"""

NOTES = """## What is timed

- **Matrix**: *build* goes from arrays of nodes, arcs and seconds to a tool that can answer (agglo:
  order and contraction; pandana: contraction by these weights; scipy: a sparse matrix), *matrix*
  from node numbers to a table of seconds (agglo weighs its hierarchy in that time too).
- **Scenario**: 1,000 arcs change, 100 of them new. They stand in agglo's topology from the start,
  closed in the baseline. Timed is the way from the changed weights to the first answer by them.
  pandana and AequilibraE build anew, networkx changes its arcs in place, scipy swaps the weights.
- **Isochrones**: what is reached within 10 minutes of each origin. The other tools name the nodes
  (*reach*); their polygons are drawn with shapely (*draw*): streets between reached nodes, widened
  by 100 m and joined. agglo draws cells of 100 m, which hold all that lies within 100 m of the
  streets reached, parts of streets too, and somewhat more: its areas are larger. Every polygon is
  checked to hold the nodes that scipy reaches.
- **Streets**: from the file to a graph on which one car trip is then found. agglo reads streets of
  cars, walkers and cyclists; a link stands for both directions, in the other tools for one. osmnx
  reads the streets of the file as XML (written before, not timed); pyrosm gives no times.
- **Equilibrium**: bi-conjugate Frank–Wolfe to the same relative gap; flows and total cost against
  the best-known ones of the collection; links with fewer than 1,000 vehicles count as if they had
  so many. The gaps are those at which the flows of the two networks settle.
- r5py and Valhalla are not in the tables: they answer with weights of their own, not with those of
  a given graph, so there is no same question; r5py also fetches its engine from the internet.
"""
Column = tuple[str, Callable[[Row, Row | None], str]]


def report(rows: Sequence[Row], *, machine: Mapping[str, str], date: str, is_quick: bool) -> str:
    """Write the page.

    Parameters
    ----------
    machine
        What it ran on, by name; 'load' is the load average before the run.
    date
        Day of the run.
    """
    head = HEAD.format(
        command=COMMAND + (" --quick" if is_quick else ""),
        quick=QUICK if is_quick else "",
        date=date,
        machine=_machine(machine),
    )
    parts = [head, _versions(rows), _goals(rows)]
    parts += [_table(task, rows) for task in dict.fromkeys(row.job.task for row in rows)]
    return "\n".join([*parts, NOTES])


def number(value: float | None, digits: int = 3) -> str:
    """Write a number with so many significant digits, without powers of ten above 0.0001."""
    if value is None:
        return NOTHING
    if value == 0 or abs(value) >= 10 ** (digits - 1):
        return f"{value:,.0f}"
    if abs(value) < 1e-4:
        return f"{value:.1e}"
    text = f"{value:.{digits}g}"
    return text if "e" not in text else f"{value:.6f}".rstrip("0")


def _machine(machine: Mapping[str, str]) -> str:
    load = float(machine.get("load", "0"))
    said = ", ".join(text for name, text in machine.items() if name != "load")
    busy = " **It was busy with other work: the times say little.**" if load > BUSY_LOAD else ""
    return f"Machine: {said}; load {load:.1f} before the run.{busy}"


def _versions(rows: Sequence[Row]) -> str:
    found: dict[str, set[str]] = {}
    for row in rows:
        for one in row.found:
            for package, version in one.versions.items():
                found.setdefault(package, set()).add(version)
    said = (f"{package} {' and '.join(sorted(found[package]))}" for package in sorted(found))
    absent = sorted({row.job.tool for row in rows if row.fault.startswith("not installed")})
    missing = f" Not installed: {', '.join(absent)}." if absent else ""
    return f"Versions: {', '.join(said)}.{missing}\n"


def _goals(rows: Sequence[Row]) -> str:
    words = {True: "reached", False: "**not reached**", None: "not measured"}
    lines = ["## Goals\n", "| goal | wanted | measured | |", "|--|--|--|--|"]
    for verdict in verdicts(rows):
        goal = verdict.goal
        bound = "≥" if goal.peer else "≤"
        measured = number(verdict.measured)
        measured += goal.unit if verdict.measured is not None else ""
        about = "≈ " if verdict.note else ""
        wanted = f"{bound} {number(goal.wanted)}{goal.unit}"
        lines.append(
            f"| {goal.text} | {wanted} | {about}{measured} | {words[verdict.is_reached]} |"
        )
    return "\n".join(lines) + "\n"


def _table(task: str, rows: Sequence[Row]) -> str:
    own = [row for row in rows if row.job.task == task]
    base = row_of(own, task, OWN)
    columns = _COLUMNS[own[0].job.kind]
    lines = [
        f"## {_title(own[0])}\n",
        f"| tool | {' | '.join(name for name, _ in columns)} | |",
        "|--" * (len(columns) + 2) + "|",
    ]
    for row in own:
        if row.fault:
            cells = [NOTHING] * len(columns)
        else:
            cells = [write(row, base) for _, write in columns]
        lines.append(f"| {' | '.join([row.job.tool, *cells])} | {_note(row)} |")
    return "\n".join(lines) + "\n"


def _title(row: Row) -> str:
    job = row.job
    size = f" ({row.nodes_count:,} nodes, {row.arcs_count:,} arcs)" if row.nodes_count else ""
    what = {
        "matrix": f"matrix {job.zones_count} × {job.zones_count}",
        "scenario": "a scenario: 1,000 changed arcs, 100 of them new",
        "isochrones": f"isochrones of {job.zones_count:,} origins",
        "skim": f"matrix {job.zones_count:,} × {job.zones_count:,}, streamed to disk",
        "streets": "PBF to routable graph",
        "equilibrium": f"user equilibrium, relative gap {job.gap:g}",
    }[job.kind]
    return f"`{job.task}` {what}{size}"


def _note(row: Row) -> str:
    if row.fault:
        return row.fault.replace("|", "/")
    if row.job.share < 1 and row.job.kind != "scenario":
        return f"extrapolated from {row.job.origins_count} of {row.job.zones_count:,} origins"
    return ""


def _time(stage: str) -> Callable[[Row, Row | None], str]:
    def write(row: Row, base: Row | None) -> str:
        del base
        times = stage_s(row, stage)
        if not times:
            return NOTHING
        about = "≈ " if row.job.share < 1 and stage in ("answer", "reach", "draw") else ""
        spread = f" ({number(min(times))}–{number(max(times))})" if len(times) > 1 else ""
        return f"{about}{number(median(times))}{spread}"

    return write


def _ratio(stage: str) -> Callable[[Row, Row | None], str]:
    def write(row: Row, base: Row | None) -> str:
        times = stage_s(row, stage)
        if base is None or not times or not stage_s(base, stage):
            return NOTHING
        if row is base:
            return "1"
        own = stage_s(base, stage)
        pairs = [one / other for one, other in zip(times, own, strict=False)]
        spread = f" ({number(min(pairs))}–{number(max(pairs))})" if len(pairs) > 1 else ""
        return f"{number(median(times) / median(own))}{spread}"

    return write


def _peak(row: Row, base: Row | None) -> str:
    del base
    return number(peak_mb(row))


def _difference(row: Row, base: Row | None) -> str:
    del base
    return "reference" if row.job.tool == REFERENCE else number(row.difference_s)


def _fact(name: str, factor: float = 1) -> Callable[[Row, Row | None], str]:
    def write(row: Row, base: Row | None) -> str:
        del base
        value = row.found[-1].facts.get(name)
        return NOTHING if value is None else number(value * factor)

    return write


_AGAINST = f"÷ {OWN}"
_IMPORT: Column = ("import s", _time("import"))
_BUILD: tuple[Column, ...] = (("build s", _time("build")), (_AGAINST, _ratio("build")))
_PEAK: Column = ("peak MB", _peak)
_OFF: Column = ("off by s", _difference)
_COLUMNS: Mapping[str, tuple[Column, ...]] = {
    "matrix": (
        _IMPORT, *_BUILD,
        ("matrix s", _time("answer")), (_AGAINST, _ratio("answer")), _PEAK, _OFF,
    ),
    "scenario": (("change s", _time("change")), (_AGAINST, _ratio("change")), _PEAK, _OFF),
    "isochrones": (
        ("build s", _time("build")), ("reach s", _time("reach")), ("draw s", _time("draw")),
        ("isochrones s", _time("answer")), (_AGAINST, _ratio("answer")),
        ("median km²", _fact("area_km2")), _PEAK,
    ),
    "skim": (
        ("build s", _time("build")), ("matrix s", _time("answer")), (_AGAINST, _ratio("answer")),
        ("disk MB", _fact("disk_mb")), _PEAK, _OFF,
    ),
    "streets": (
        _IMPORT, ("read s", _time("read")), (_AGAINST, _ratio("read")),
        ("nodes", _fact("nodes_count")), ("links", _fact("links_count")), _PEAK,
    ),
    "equilibrium": (
        _IMPORT, ("build s", _time("build")), ("assign s", _time("answer")),
        (_AGAINST, _ratio("answer")), ("rounds", _fact("rounds_count")), ("gap", _fact("gap")),
        ("flows off %", _fact("flow_difference_share", 100)),
        ("cost off %", _fact("cost_difference_share", 100)), _PEAK,
    ),
}  # fmt: skip
