"""What a sweep is asked for, in words that travel to other processes and machines."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Protocol

if TYPE_CHECKING:
    import numpy as np
    import numpy.typing as npt
    import pandas as pd

    from agglo.draws import Variant
    from agglo.scenarios.files import Scenario
    from agglo.workspace import Workspace

CENTRAL = -1
"""Number of the run in which every assumption has its value, as ``agglo.draws`` has it."""


class Evaluator(Protocol):
    """What values one variant of the assumptions for all scenarios."""

    def values(self, variant: Variant) -> pd.DataFrame:
        """Return whole-region values; index scenario, columns indicators."""


def open_real(root: Path) -> Workspace:
    """Open the workspace in a folder."""
    from agglo.workspace import open_workspace

    return open_workspace(root)


def evaluate_really(
    workspace: Workspace, scenarios: Sequence[Scenario], *, indicators: Sequence[str]
) -> Evaluator:
    """Build once what all draws share."""
    from agglo.evaluate import evaluator

    return evaluator(workspace, scenarios, indicators=indicators)


@dataclass(frozen=True, slots=True, kw_only=True)
class Recipe:
    """Which scenarios, values and draws; every worker makes the same plan of it by itself."""

    root: str
    """Folder of the workspace; on other machines it must be the same path."""

    scenarios: tuple[str, ...] = ()
    """Names in the workspace, or files; without any, all of the workspace."""

    sets: tuple[str, ...] = ()
    """``parameter=a,b,c`` or ``SCENARIO:CHANGE.argument=a,b,c``."""

    vary: tuple[str, ...] = ()
    """What is drawn; without any, all that can vary and is not set."""

    seed: int = 1
    indicators: tuple[str, ...] = ()
    """Beside those of the goals and the usual ones in natural units."""

    opens: Callable[[Path], Workspace] = open_real
    evaluates: Callable[..., Evaluator] = evaluate_really


@dataclass(frozen=True, slots=True, kw_only=True)
class Task:
    """Draws of one chunk that are still to be evaluated."""

    setting: int
    """Place in the plan of the values that the parameters are set to."""

    chunk: int
    """Draws are cut into chunks of one size; ``CENTRAL`` holds the central run alone."""

    numbers: tuple[int, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Outcome:
    """What became of a task."""

    task: Task
    rows: dict[int, npt.NDArray[np.float64]]
    """By draw: scenarios × columns of the plan."""

    failures: tuple[tuple[int, str], ...] = ()
    """Draws without values, each with the reason."""
