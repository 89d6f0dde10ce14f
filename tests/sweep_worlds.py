"""A workspace and an evaluator for sweeps that need no model: values are sums known by hand."""

from __future__ import annotations

import hashlib
import os
import tempfile
import time
from collections.abc import Sequence
from dataclasses import dataclass, replace
from functools import lru_cache
from pathlib import Path

import pandas as pd

from agglo.draws import Variant, varied_parameters
from agglo.errors import FlowError
from agglo.parameters import parameters_from_assumptions
from agglo.scenarios.files import Scenario
from agglo.sweeps.recipe import Recipe
from agglo.sweeps.store import FILES
from agglo.workspace import Workspace
from tests import worlds

PLANS = {
    "growth": '[[change]]\ndo = "add_jobs"\nzone = "t1"\njobs_count = 40\n',
    "speed": '[[change]]\ndo = "set_speed"\nlink = "r0"\nspeed_kmh = 90\n',
}
SPREAD = 0.2
TROUBLE = "trouble.txt"
"""A file of the workspace that says which draw goes wrong, and how."""

HOME = "home.txt"
"""A file with the id of the process that has the right workspace."""

HANGING = "hanging.txt"
"""A file that appears once a draw hangs."""

LOG = "log.txt"
"""A file where every draw is noted that is evaluated."""


def written(folder: Path) -> Path:
    """Write a baseline and two plans into a folder."""
    (folder / "scenarios").mkdir(parents=True)
    for name, text in {"baseline": "", **PLANS}.items():
        worlds.write_scenario(folder, name, text)
    return folder


def opened(folder: Path) -> Workspace:
    """Make the workspace of the folder; its scenarios alone are read from it."""
    return replace(_towns(), root=folder)


def opened_elsewhere(folder: Path) -> Workspace:
    """Make another workspace in every process but the one that the folder names."""
    own = opened(folder)
    if (folder / HOME).read_text(encoding="utf-8") == str(os.getpid()):
        return own
    return replace(own, congestion=not own.congestion)


@lru_cache(maxsize=1)
def _towns() -> Workspace:
    with tempfile.TemporaryDirectory() as other:
        return worlds.workspace_of(worlds.line_of_towns(), Path(other), spread=SPREAD)


@dataclass(frozen=True, slots=True, kw_only=True)
class Sums:
    """Values that are sums: decay and telework of the variant, and what a scenario adds."""

    workspace: Workspace
    scenarios: tuple[Scenario, ...]
    indicators: tuple[str, ...]

    def values(self, variant: Variant) -> pd.DataFrame:
        """Make trouble where the workspace asks for it; else add up."""
        _trouble(self.workspace.root, variant.number)
        with (self.workspace.root / LOG).open("a", encoding="utf-8") as log:
            log.write(f"{variant.number}\n")
        own = varied_parameters(
            parameters_from_assumptions(self.workspace.assumptions),
            self.workspace.assumptions,
            variant,
        )
        rows = {
            one.name: {
                name: 1.0 + place + own.decay_per_min + own.telework_share + added(one)
                for place, name in enumerate(self.indicators)
            }
            for one in self.scenarios
        }
        table = pd.DataFrame(rows).T
        if "unserved_count" in table:
            table["unserved_count"] = float("nan")
        # neither the order of the rows nor that of the columns may matter
        return table.iloc[::-1, ::-1]


def added(scenario: Scenario) -> float:
    """Add up the numbers that the changes of a scenario are given."""
    numbers = [
        float(value)
        for step in scenario.steps
        for value in step.arguments.values()
        if isinstance(value, int | float)
    ]
    return sum(numbers) / 100


def sums(workspace: Workspace, scenarios: Sequence[Scenario], *, indicators: Sequence[str]) -> Sums:
    """Build the evaluator."""
    return Sums(workspace=workspace, scenarios=tuple(scenarios), indicators=tuple(indicators))


def recipe_of(folder: Path, **asked: object) -> Recipe:
    """Ask for a sweep of the folder with these stand-ins."""
    return Recipe(**{"root": str(folder), "opens": opened, "evaluates": sums, **asked})


def evaluated(folder: Path) -> list[int]:
    """List every draw that was evaluated, and forget it."""
    path = folder / LOG
    found = sorted(map(int, path.read_text(encoding="utf-8").split())) if path.exists() else []
    path.unlink(missing_ok=True)
    return found


def hashes(out: Path) -> dict[str, str]:
    """Hash the tables of a sweep."""
    return {name: hashlib.sha256((out / name).read_bytes()).hexdigest() for name in FILES}


def trouble(folder: Path, kind: str, draw: int) -> None:
    """Let one draw go wrong from now on."""
    (folder / TROUBLE).write_text(f"{kind} {draw}", encoding="utf-8")


def no_trouble(folder: Path) -> None:
    """Let all draws go right from now on."""
    (folder / TROUBLE).unlink()


def _trouble(folder: Path, number: int) -> None:
    path = folder / TROUBLE
    if not path.exists():
        return
    kind, _, draw = path.read_text(encoding="utf-8").partition(" ")
    if int(draw) != number:
        return
    if kind == "refuse":
        raise FlowError("scenario 'growth': more jobs than workers")
    if kind == "break":
        raise KeyError("t9")
    if kind == "interrupt":
        raise KeyboardInterrupt
    if kind == "die":
        os._exit(9)
    if kind == "hang":
        written = folder / "hangs.txt"
        written.write_text(str(os.getpid()), encoding="utf-8")
        written.replace(folder / HANGING)
        while True:
            time.sleep(0.05)
