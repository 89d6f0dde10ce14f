"""The goals of the transport engine, and whether a run reached them."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from statistics import median

from benchmarks.runs import OWN, Row


@dataclass(frozen=True, slots=True, kw_only=True)
class Goal:
    """One figure that is wanted."""

    text: str
    task: str
    stage: str
    """A stage of seconds, 'peak' for memory, or a fact of agglo's own row."""

    wanted: float
    peer: str = ""
    """Whose figure is divided by agglo's: at least ``wanted`` is good; without a peer, at most."""

    unit: str = "×"


@dataclass(frozen=True, slots=True, kw_only=True)
class Verdict:
    """What a goal came to; ``measured`` is ``None`` where one of the two rows is missing."""

    goal: Goal
    measured: float | None
    note: str = ""

    @property
    def is_reached(self) -> bool | None:
        """Tell whether the goal is reached, as far as that is known."""
        if self.measured is None:
            return None
        if self.goal.peer:
            return self.measured >= self.goal.wanted
        return self.measured <= self.goal.wanted


GOALS = (
    Goal(
        text="BAY 500 × 500: how much faster than pandana",
        task="bay-500", stage="answer", peer="pandana", wanted=8,
    ),
    Goal(
        text="BAY 500 × 500: how much faster than scipy",
        task="bay-500", stage="answer", peer="scipy", wanted=80,
    ),
    Goal(
        text="BAY: how much faster the first build is than pandana's",
        task="bay-500", stage="build", peer="pandana", wanted=2,
    ),
    Goal(
        text="BAY: how much faster a new scenario is than pandana's rebuild",
        task="bay-scenario", stage="change", peer="pandana", wanted=100,
    ),
    Goal(
        text="BAY 500 × 500: pandana's peak memory as a multiple of agglo's",
        task="bay-500", stage="peak", peer="pandana", wanted=2,
    ),
    Goal(
        text="BAY 3000 × 3000: pandana's peak memory as a multiple of agglo's",
        task="bay-3000", stage="peak", peer="pandana", wanted=2,
    ),
    Goal(
        text="Porto, PBF to routable graph: how much faster than osmnx on the same file",
        task="porto-read", stage="read", peer="osmnx", wanted=10,
    ),
    Goal(
        text="Porto, PBF to routable graph: peak memory",
        task="porto-read", stage="peak", wanted=300, unit=" MB",
    ),
    *(
        Goal(text=f"{name}: {text}", task=task, stage=stage, wanted=wanted, unit=unit)
        for task, name in (("siouxfalls", "Sioux Falls"), ("anaheim", "Anaheim"))
        for text, stage, wanted, unit in (
            ("relative gap", "gap", 1e-5, ""),
            ("largest difference from the best-known link flows", "flow_difference_share", 1, " %"),
            ("difference from the best-known total cost", "cost_difference_share", 0.01, " %"),
        )
    ),
)  # fmt: skip


def verdicts(rows: Sequence[Row]) -> list[Verdict]:
    """Judge every goal by the rows of a run."""
    return [_verdict(goal, rows) for goal in GOALS]


def stage_s(row: Row, stage: str) -> list[float]:
    """Return the seconds of a stage for the whole question, one for each repetition.

    What was computed for some origins only is extrapolated; what one process did several times
    counts by its median. 'build' holds all that is made once for all weights.
    """
    parts = ("build", "traces") if stage == "build" else (stage,)
    share = row.job.share if stage in ("answer", "reach", "draw") else 1.0
    return [
        sum(median(one.seconds[part]) for part in parts if part in one.seconds) / share
        for one in row.found
        if parts[0] in one.seconds
    ]


def peak_mb(row: Row) -> float | None:
    """Return the median of the peak memory."""
    known = [one.peak_mb for one in row.found if one.peak_mb is not None]
    return median(known) if known else None


def row_of(rows: Sequence[Row], task: str, name: str) -> Row | None:
    """Find a row that holds a valid measurement."""
    return next(
        (row for row in rows if (row.job.task, row.job.tool) == (task, name) and not row.fault),
        None,
    )


def _verdict(goal: Goal, rows: Sequence[Row]) -> Verdict:
    own = row_of(rows, goal.task, OWN)
    figure = _figure(own, goal.stage)
    if goal.unit == " %" and figure is not None:
        figure = 100 * abs(figure)
    if not goal.peer:
        return Verdict(goal=goal, measured=figure)
    peer = row_of(rows, goal.task, goal.peer)
    other = _figure(peer, goal.stage)
    if not figure or peer is None or other is None:
        return Verdict(goal=goal, measured=None)
    note = "extrapolated" if peer.job.share < 1 and goal.stage == "answer" else ""
    return Verdict(goal=goal, measured=other / figure, note=note)


def _figure(row: Row | None, stage: str) -> float | None:
    if row is None:
        return None
    if stage == "peak":
        return peak_mb(row)
    if stage in row.found[-1].facts:
        return row.found[-1].facts[stage]
    times = stage_s(row, stage)
    return median(times) if times else None
