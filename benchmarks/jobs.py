"""What one process measures, and what it found."""

from __future__ import annotations

import json
from dataclasses import asdict, dataclass, field
from pathlib import Path


@dataclass(frozen=True, slots=True, kw_only=True)
class Job:
    """One tool, one task: what a process of its own is asked."""

    task: str
    """Name of the table, such as 'bay-500'."""

    kind: str
    """'matrix', 'scenario', 'isochrones', 'skim', 'streets' or 'equilibrium'."""

    tool: str
    """A module of ``benchmarks.tools``."""

    question: str
    """Name of the question's file, without folder."""

    zones_count: int = 0
    """Zones of the matrix, or origins of the isochrones."""

    origins_count: int = 0
    """How many of them are really computed; the time is extrapolated."""

    changes_count: int = 1
    """How often one process goes from the baseline to the scenario."""

    gap: float = 0.0
    repetitions: int = 1
    limit_s: float = 600.0
    """After so long a process is stopped."""

    @property
    def share(self) -> float:
        """Return the part of the question that is really computed."""
        return self.origins_count / self.zones_count if self.zones_count else 1.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Found:
    """What one process measured; ``fault`` says why it measured nothing."""

    seconds: dict[str, list[float]] = field(default_factory=dict)
    """By stage: 'import', 'build', 'answer', 'change', 'read'; several where it was repeated."""

    peak_mb: float | None = None
    facts: dict[str, float] = field(default_factory=dict)
    """What else is worth a column: nodes read, gap reached, area."""

    versions: dict[str, str] = field(default_factory=dict)
    fault: str = ""
    answer: str = ""
    """File of the answer, for comparison."""


def write_json(path: Path, value: Job | Found) -> None:
    """Keep a job or what was found."""
    path.write_text(json.dumps(asdict(value)), encoding="utf-8")


def read_job(path: Path) -> Job:
    """Read a job."""
    return Job(**json.loads(path.read_text(encoding="utf-8")))


def read_found(path: Path) -> Found:
    """Read what was found."""
    return Found(**json.loads(path.read_text(encoding="utf-8")))
