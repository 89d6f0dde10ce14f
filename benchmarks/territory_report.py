"""The section of a benchmark of labour market areas, as Markdown and as JSON."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from statistics import median

from benchmarks.jobs import Found
from benchmarks.report import BUSY_LOAD, NOTHING, number
from benchmarks.territory_worker import MISSING, OWN, STANDARD

QUOTED_S = {"sardinia": 46.8}
"""What R's package took elsewhere: R 4.2.2, LabourMarketAreas 3.4 (SOURCE.md of the data)."""

GOALS_S = {"sardinia": 1.0, "country": 10.0}
"""What is wanted of agglo, from the table of flows to the areas and their reasons."""

COLUMNS = (
    "tool", "import s", "read s", "search s", "areas s", f"÷ {OWN}", "peak MB", "+ MB", "areas",
    "differs",
)  # fmt: skip

HEAD = """## Labour market areas

Written by `{command}` on {date}; do not edit by hand.{quick}

{machine}

Every measurement is a process of its own; tools take turns. Times are wall seconds, medians with
(smallest–largest) of the repetitions. *read* goes from a CSV file of flows to what the tool works
on, *areas* from there to the area of every zone; agglo's *areas* hold the number that decided for
every zone and the notes, *search* is the bare partition. *÷ agglo* compares *areas*. Peak memory is
that of the process with Python or R and all imports; *+ MB* is what came on top of the imports.
The reference is the rule in plain Python, as it is told (`benchmarks/territory_reference.py`).
Standard: sizes {sizes}, self-containment {shares}. *differs* counts the zones whose area
holds other zones than in the reference.
"""


@dataclass(frozen=True, slots=True, kw_only=True)
class Row:
    """What one tool found in one task."""

    task: str
    tool: str
    found: tuple[Found, ...]
    fault: str = ""
    areas_count: int = 0
    differs_count: int | None = None


def section(
    titles: Mapping[str, str],
    rows: Sequence[Row],
    *,
    machine: dict[str, str],
    date: str,
    is_quick: bool,
) -> str:
    """Write the section of the report.

    Parameters
    ----------
    titles
        What each task is about, by its name.
    machine
        What it ran on; 'load' is the load average before the run.
    """
    load = float(machine.get("load", "0"))
    said = ", ".join(text for name, text in machine.items() if name != "load")
    busy = " **It was busy with other work: the times say little.**" if load > BUSY_LOAD else ""
    parts = [
        HEAD.format(
            command="python -m benchmarks.territory" + (" --quick" if is_quick else ""),
            date=date,
            quick=" **A quick run, not to judge by.**" if is_quick else "",
            machine=f"Machine: {said}; load {load:.1f} before the run.{busy}",
            sizes=" and ".join(f"{one:,.0f}" for one in STANDARD[:2]),
            shares=" and ".join(f"{one:g}" for one in STANDARD[2:]),
        ),
        _versions(rows),
    ]
    for task, title in titles.items():
        own = [row for row in rows if row.task == task]
        parts += [f"### `{task}` {title}\n", _table(own), _goal(task, own)]
    return "\n".join(part for part in parts if part)


def rows_json(rows: Sequence[Row], machine: dict[str, str], date: str) -> str:
    """Write all that was measured, a line for each row."""
    head = json.dumps({"date": date, "machine": machine}, ensure_ascii=False)
    lines = ",\n".join(json.dumps(asdict(row), ensure_ascii=False) for row in rows)
    return f'{head[:-1]}, "rows": [\n{lines}\n]}}\n'


def _versions(rows: Sequence[Row]) -> str:
    found = {name: one for row in rows for own in row.found for name, one in own.versions.items()}
    return f"Versions: {', '.join(f'{name} {found[name]}' for name in sorted(found))}.\n"


def _table(rows: Sequence[Row]) -> str:
    lines = [f"| {' | '.join(COLUMNS)} | |", "|--" * (len(COLUMNS) + 1) + "|"]
    base = next((row for row in rows if row.tool == OWN and not row.fault), None)
    for row in rows:
        if row.fault:
            lines.append(
                f"| {row.tool} |{f' {NOTHING} |' * (len(COLUMNS) - 1)} {_excuse(row, base)} |"
            )
            continue
        peaks = [one.peak_mb for one in row.found if one.peak_mb is not None]
        added = [one.facts["added_mb"] for one in row.found if "added_mb" in one.facts]
        cells = [
            *(_spread(_times(row, stage)) for stage in ("import", "read", "search", "areas")),
            _ratio(_times(row, "areas"), base),
            number(median(peaks) if peaks else None),
            number(median(added) if added else None),
            str(row.areas_count),
            NOTHING if row.differs_count is None else str(row.differs_count),
        ]
        lines.append(f"| {row.tool} | {' | '.join(cells)} | |")
    return "\n".join(lines) + "\n"


def _excuse(row: Row, base: Row | None) -> str:
    """Say why a row is empty, and what R took elsewhere."""
    quoted = QUOTED_S.get(row.task) if row.tool == "R" and row.fault.startswith(MISSING) else None
    if quoted is None:
        return row.fault.replace("|", "/")
    against = f", ≈ {_ratio([quoted], base)} × agglo here" if base else ""
    return f"{row.fault}; quoted from elsewhere: {quoted} s{against}"


def _goal(task: str, rows: Sequence[Row]) -> str:
    wanted = GOALS_S.get(task)
    base = next((row for row in rows if row.tool == OWN and not row.fault), None)
    if wanted is None or base is None:
        return ""
    took = median(a + b for a, b in zip(_times(base, "read"), _times(base, "areas"), strict=True))
    verdict = "reached" if took < wanted else "**not reached**"
    return (
        f"Wanted: under {wanted:g} s from file to areas. Measured: {number(took)} s: {verdict}.\n"
    )


def _times(row: Row, stage: str) -> list[float]:
    return [one.seconds[stage][0] for one in row.found if stage in one.seconds]


def _spread(times: list[float]) -> str:
    if not times:
        return NOTHING
    spread = f" ({number(min(times))}–{number(max(times))})" if len(times) > 1 else ""
    return f"{number(median(times))}{spread}"


def _ratio(times: list[float], base: Row | None) -> str:
    if base is None or not times:
        return NOTHING
    return number(median(times) / median(_times(base, "areas")))
