"""What is wanted of agglo's imagery, and whether a run reached it."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from statistics import median

from benchmarks.imagery_plan import OWN, full_jobs
from benchmarks.imagery_runs import Row

Measure = Callable[[Sequence[Row]], float | None]


@dataclass(frozen=True, slots=True, kw_only=True)
class Goal:
    """A figure of the report that is wanted."""

    text: str
    wanted: float
    unit: str
    measure: Measure
    """Takes all rows; ``None`` where a row is missing or void."""

    is_most: bool = False
    """Whether the figure must not be larger; else not smaller."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Verdict:
    """A goal and what was measured."""

    goal: Goal
    measured: float | None
    is_reached: bool | None


def verdicts(rows: Sequence[Row]) -> list[Verdict]:
    """Judge all goals; a goal whose rows are missing is not measured."""
    found = []
    for goal in GOALS:
        value = goal.measure(rows)
        reached = None
        if value is not None:
            reached = value <= goal.wanted if goal.is_most else value >= goal.wanted
        found.append(Verdict(goal=goal, measured=value, is_reached=reached))
    return found


def _peak(task: str) -> Measure:
    """Largest peak of agglo's first row, MB."""

    def measure(rows: Sequence[Row]) -> float | None:
        row = _row(rows, task, OWN)
        peaks = [one.peak_mb for one in row.found if one.peak_mb is not None] if row else []
        return max(peaks, default=None)

    return measure


def _times(task: str, peer: str, own: str, stages: tuple[str, ...]) -> Measure:
    """How many times as long as agglo a peer takes."""

    def measure(rows: Sequence[Row]) -> float | None:
        ours = _seconds(_row(rows, task, own), stages)
        theirs = _seconds(_row(rows, task, peer), stages)
        return theirs / ours if ours and theirs else None

    return measure


def _largest_error(task: str) -> Measure:
    """Largest relative error of a sum, in percent."""

    def measure(rows: Sequence[Row]) -> float | None:
        row = _row(rows, task, OWN, is_void=True)
        return 100 * row.facts["max_error_share"] if row and row.facts else None

    return measure


def _differing(task: str) -> Measure:
    def measure(rows: Sequence[Row]) -> float | None:
        row = _row(rows, task, OWN, is_void=True)
        return row.facts.get("differs_count") if row else None

    return measure


def _row(rows: Sequence[Row], task: str, way: str, *, is_void: bool = False) -> Row | None:
    """Find a row of the full run: tables of smaller ones have other names, or other questions."""
    full = {(one.task, one.question) for one in full_jobs()}
    for one in rows:
        job = one.job
        if (job.task, job.way) == (task, way) and (task, job.question) in full:
            return one if is_void or not one.fault else None
    return None


def _seconds(row: Row | None, stages: tuple[str, ...]) -> float | None:
    """Median over the repetitions of what some stages took."""
    if row is None or not row.found:
        return None
    return median(
        sum(median(one.seconds[stage]) for stage in stages if stage in one.seconds)
        for one in row.found
    )


ALL = ("ndvi", "lay", "take")
GOALS = (
    Goal(text="10,980², NDVI and means of 300 zones: peak memory", wanted=1024, unit=" MB",
         measure=_peak("scene-300"), is_most=True),
    Goal(text="10,980², NDVI and means of 10,000 zones: peak memory", wanted=1024, unit=" MB",
         measure=_peak("scene-10000"), is_most=True),
    Goal(text="the same: rasterstats' means alone ÷ all of agglo", wanted=8, unit=" ×",
         measure=_times("scene-10000", "rasterstats", OWN, ALL)),
    Goal(text="the same: rasterstats' means alone ÷ agglo's laying and means from the same file",
         wanted=8, unit=" ×",
         measure=_times("scene-10000", "rasterstats", f"{OWN}, by a file", ("lay", "take"))),
    Goal(text="a further layer, 30″, 10,000 zones, from a file: rasterstats ÷ agglo",
         wanted=1000, unit=" ×", measure=_times("people-10000", "rasterstats", OWN, ("take",))),
    Goal(text="the same from memory", wanted=1000, unit=" ×",
         measure=_times("people-10000", "rasterstats, array", f"{OWN}, array", ("take",))),
    Goal(text="a further layer, 10,980², 10,000 zones, from a file: rasterstats ÷ agglo",
         wanted=1000, unit=" ×", measure=_times("layer-10000", "rasterstats", OWN, ("take",))),
    Goal(text="largest error of a sum, 30″, 300 zones", wanted=1e-4, unit=" %",
         measure=_largest_error("people-300"), is_most=True),
    Goal(text="Belgium: cells of another class than flexurba's", wanted=0, unit="",
         measure=_differing("belgium"), is_most=True),
)  # fmt: skip
