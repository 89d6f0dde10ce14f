"""What an indicator is, and the goals of the agglomeration."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import KW_ONLY, dataclass
from typing import Any

import pandas as pd

from agglo.indicators.case import Case

GOALS = (
    "labour_mobility",
    "infrastructure_connectivity",
    "functional_specialisation",
    "municipal_budgets",
    "development_projects",
    "umbrella_brand",
    "multi_focus",
    "environment",
)
"""Goals of the agglomeration; those without an indicator yet get no score."""

LM, IC, MF = "labour_mobility", "infrastructure_connectivity", "multi_focus"
EN, MB = "environment", "municipal_budgets"
FS, DP = "functional_specialisation", "development_projects"

NETWORK = ("zones", "links", "lines", "line_stops", "connectors")


def itself(case: Case) -> Case:
    """Return the case as it is."""
    return case


@dataclass(frozen=True, slots=True)
class Indicator:
    """One registered measure."""

    function: Callable[[Any], pd.Series]
    """Takes what ``basis`` makes of a case to values by place."""

    unit: str
    better: int
    """+1 where more is better, −1 where less is, 0 where the direction is open to debate."""

    goal: str
    source: str

    tables: tuple[str, ...] = NETWORK
    """The tables whose status it takes over."""

    _: KW_ONLY
    is_modelled: bool = True
    """Whether the model and its assumptions stand between the tables and the number."""

    needs: tuple[str, ...] = ()
    """The parts of a case that it reads and that take long to find (``case.NEEDS``)."""

    basis: Callable[[Case], Any] = itself
    """Makes of the case what the function reads, once for all indicators that share it."""

    has_whole: bool = True
    """Whether it has a value for the whole region and can stand for a goal."""
