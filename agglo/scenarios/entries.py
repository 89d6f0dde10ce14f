"""Reads the single entries of a scenario file: texts, flags, horizon, cost, one change."""

from __future__ import annotations

import difflib
from collections.abc import Mapping, Sequence
from numbers import Real
from pathlib import Path

from agglo.errors import ScenarioError
from agglo.hints import names_hint
from agglo.scenarios.arguments import MOST, checked_arguments, shown, wanted_arguments
from agglo.scenarios.changes import CHANGES
from agglo.scenarios.scenario import BASES, HORIZONS, Cost, Scenario, Step

TOP_KEYS = (
    "title", "title_ru", "description", "description_ru", "horizon", "extends", "measures",
    "cost_mln_rub", "cost_source", "is_contrast", "change",
)  # fmt: skip
ABOUT_KEYS = ("do", "why", "why_ru", "basis")
COST_ENDS = 3


def horizon_of(raw: Mapping[str, object], parts: Sequence[Scenario], where: str) -> str:
    """Return the horizon that is written, else that of all parts."""
    horizon = text_of(raw, "horizon", where)
    if horizon:
        if horizon not in HORIZONS:
            near = difflib.get_close_matches(horizon, HORIZONS, 1, 0.5)
            hint = f"; did you mean '{near[0]}'?" if near else ""
            raise ScenarioError(f"{where}: horizon must be 'year' or 'day'; got '{horizon}'{hint}")
        return horizon
    found = {part.horizon for part in parts} or {HORIZONS[0]}
    if len(found) > 1:
        listed = ", ".join(f"{part.name} '{part.horizon}'" for part in parts)
        raise ScenarioError(
            f'{where}: its parts differ in horizon ({listed}); write horizon = "year" or "day"'
        )
    return found.pop()


def cost_of(raw: Mapping[str, object], where: str) -> Cost | None:
    """Return the low, middle and high cost that is written, ``None`` where there is none."""
    if "cost_mln_rub" not in raw:
        if "cost_source" in raw:
            raise ScenarioError(f"{where}: cost_source without cost_mln_rub; write both")
        return None
    given = raw["cost_mln_rub"]
    wanted = f"{where}: cost_mln_rub must be [low, middle, high], rising from 0; got {shown(given)}"
    if not isinstance(given, list) or len(given) != COST_ENDS:
        raise ScenarioError(f"{wanted}; of a firm price write it three times")
    if any(isinstance(end, bool) or not isinstance(end, Real) for end in given):
        raise ScenarioError(f"{wanted}; all three are numbers")
    low, middle, high = given
    if not 0 <= low <= middle <= high <= MOST:
        raise ScenarioError(wanted)
    if not text_of(raw, "cost_source", where).strip():
        raise ScenarioError(
            f'{where}: cost_mln_rub needs cost_source = "…": the estimate\'s source, or '
            "'assumed' and by whom"
        )
    return float(low), float(middle), float(high)


def step_of(raw: object, where: str, folder: Path, *, origin: str = "") -> Step:
    """Check one change; drawn areas are looked up in the folder.

    Raises
    ------
    ScenarioError
        Saying what is wrong where.
    """
    if not isinstance(raw, dict) or not isinstance(raw.get("do"), str):
        raise ScenarioError(f'{where}: needs do = "…", one of {", ".join(CHANGES)}')
    do = raw["do"]
    if do not in CHANGES:
        raise ScenarioError(f"{where}: unknown change {shown(do)}; {names_hint(do, CHANGES)}")
    about = f"{where} ({do})"
    basis = raw.get("basis", BASES[0])
    if basis not in BASES:
        raise ScenarioError(f"{about}: basis must be 'proposal' or 'source'; got {shown(basis)}")
    given = {key: value for key, value in raw.items() if key not in ABOUT_KEYS}
    for key in given:
        if key in TOP_KEYS and key not in wanted_arguments(do):
            raise ScenarioError(
                f"{about}: '{key}' belongs to the whole scenario; put it above the first [[change]]"
            )
    why = text_of(raw, "why", about)
    return Step(
        do=do,
        arguments=checked_arguments(do, given, where, folder=folder),
        basis=basis,
        why=why,
        why_ru=text_of(raw, "why_ru", about) or why,
        origin=origin,
    )


def flag_of(raw: Mapping[str, object], key: str, where: str) -> bool:
    """Return a flag, false where it is absent."""
    value = raw.get(key, False)
    if not isinstance(value, bool):
        raise ScenarioError(f"{where}: {key} must be true or false; got {shown(value)}")
    return value


def text_of(raw: Mapping[str, object], key: str, where: str, *, required: bool = False) -> str:
    """Return a text, empty where it is absent and need not be there."""
    value = raw.get(key, "")
    if not isinstance(value, str) or (required and not value.strip()):
        raise ScenarioError(f'{where}: needs {key} = "…" as a text; got {shown(value)}')
    return value
