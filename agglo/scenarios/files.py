"""Scenario files: TOML with a title, what the scenario is made of, and a list of changes."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from agglo.errors import AggloError, ScenarioError
from agglo.hints import names_hint
from agglo.scenarios.arguments import checked_arguments, shown, wanted_arguments
from agglo.scenarios.changes import CHANGES
from agglo.scenarios.composing import composed
from agglo.scenarios.entries import (
    ABOUT_KEYS,
    TOP_KEYS,
    cost_of,
    flag_of,
    horizon_of,
    step_of,
    text_of,
)
from agglo.scenarios.scenario import BASES, HORIZONS, Measure, Scenario, Step
from agglo.tomlfile import check_keys, read_toml

__all__ = [
    "BASELINE", "BASES", "HORIZONS", "Measure", "Scenario", "Step", "checked_arguments",
    "find_scenario", "read_scenario", "scenario_names", "step",
]  # fmt: skip

BASELINE = "baseline"
NAME = re.compile(r"[^/\\:\x00]{1,100}")
"""What a scenario is called by: the name of a file without a folder and without '.toml'."""

LONGEST_CHAIN = 30
"""So many scenarios may go on from one another."""

DOUBLE = "the name stands twice; remove one of the two"
TOML_HINTS = (
    ("Cannot overwrite", DOUBLE),
    ("Duplicate inline table key", DOUBLE),
    ("Cannot declare", "every change stands under [[change]], with two brackets"),
    ("immutable namespace", "every change stands under [[change]], with two brackets"),
)
"""What the reader of TOML says → what it means in a scenario."""


@dataclass(frozen=True, slots=True)
class _Reading:
    """What has been read on the way to one scenario."""

    done: dict[Path, Scenario] = field(default_factory=dict)
    chain: tuple[Path, ...] = ()

    def inside(self, path: Path) -> _Reading:
        return _Reading(self.done, (*self.chain, path))


def step(
    do: str, *, basis: str = "proposal", why: str = "", why_ru: str = "", **arguments: object
) -> Step:
    """Make one change for a scenario script, checked like one in a file.

    A polygon is an ``Area`` or the path of a GeoJSON file.

    Raises
    ------
    ScenarioError
        For an unknown change or an argument that does not fit.

    Examples
    --------
    >>> step("set_headway", line="kiev_suburban", headway_min=30).do
    'set_headway'
    """
    raw = {"do": do, "basis": basis, "why": why, **arguments}
    if why_ru:
        raw["why_ru"] = why_ru
    return step_of(raw, f"step '{do}'", Path())


def read_scenario(path: Path) -> Scenario:
    """Read and check one scenario file and those that it is made of.

    Names of places and roads are checked when it is applied.

    Raises
    ------
    ScenarioError
        Naming file, change number and nearest match.
    """
    try:
        return _read(path, _Reading())
    except ScenarioError as error:
        if path.name in str(error):
            raise
        raise ScenarioError(f"{error} (read for {path.name}, which is made of it)") from error


def find_scenario(name: str, folder: Path) -> Path:
    """Return the file of a scenario: a name in the workspace's folder, or a file.

    Raises
    ------
    ScenarioError
        With the nearest names where there is none.
    """
    try:
        own = folder / f"{name}.toml"
        if own.is_file():
            return own
        if Path(name).is_file():
            return Path(name)
    except (OSError, ValueError) as error:
        raise ScenarioError(f"'{name[:40]}…' is no name of a scenario: {error}") from error
    raise ScenarioError(f"no scenario '{name}' in {folder} and no such file; {_near(name, folder)}")


def scenario_names(folder: Path) -> list[str]:
    """List the workspace's scenarios, the baseline first."""
    names = sorted(path.stem for path in folder.glob("*.toml"))
    return sorted(names, key=lambda name: name != BASELINE)


def _read(path: Path, reading: _Reading) -> Scenario:
    if path in reading.done:
        return reading.done[path]
    _check_chain(path, reading.chain)
    raw = _toml(path)
    where = path.name
    _check_top_keys(raw, where)
    title = text_of(raw, "title", where, required=True)
    changes = raw.get("change", [])
    if not isinstance(changes, list):
        raise ScenarioError(f"{where}: write each change under [[change]], with two brackets")
    steps = [
        step_of(item, place, path.parent, origin=place)
        for place, item in ((f"{where}, change {n}", item) for n, item in enumerate(changes, 1))
    ]
    within = reading.inside(path)
    extended = _extended(raw, path, within)
    measures = [_other(name, "measures", path, within) for name in _measures(raw, where)]
    head = Scenario(
        name=path.stem,
        title=title,
        title_ru=text_of(raw, "title_ru", where) or title,
        description=text_of(raw, "description", where),
        description_ru=text_of(raw, "description_ru", where),
        horizon=horizon_of(raw, ([extended] if extended else []) + measures, where),
        steps=tuple(steps),
        cost_mln_rub=cost_of(raw, where),
        cost_source=text_of(raw, "cost_source", where),
        is_contrast=flag_of(raw, "is_contrast", where),
    )
    reading.done[path] = composed(head, extended=extended, measures=measures)
    return reading.done[path]


def _toml(path: Path) -> dict[str, Any]:
    if not path.exists():
        raise ScenarioError(f"{path}: there is no such scenario file")
    try:
        return read_toml(path, error=ScenarioError)
    except AggloError as error:
        hint = next((hint for part, hint in TOML_HINTS if part in str(error)), "")
        raise ScenarioError(f"{error}{'; ' if hint else ''}{hint}") from error
    except RecursionError as error:
        raise ScenarioError(
            f"{path.name}: malformed TOML: brackets within brackets without end; lists and "
            "tables stand side by side"
        ) from error
    except ValueError as error:
        # Python refuses to read whole numbers of thousands of digits
        raise ScenarioError(
            f"{path.name}: malformed TOML: a number of thousands of digits; shorten it"
        ) from error


def _check_top_keys(raw: Mapping[str, object], where: str) -> None:
    arguments = {name for do in CHANGES for name in wanted_arguments(do)}
    for key in raw:
        if key not in TOP_KEYS and key in arguments.union(ABOUT_KEYS):
            raise ScenarioError(
                f"{where}: '{key}' stands above the first change; put it under [[change]]"
            )
    check_keys(raw, TOP_KEYS, where, error=ScenarioError)


def _check_chain(path: Path, chain: tuple[Path, ...]) -> None:
    if path in chain:
        circle = [*chain[chain.index(path) :], path]
        raise ScenarioError(
            f"{path.name}: is made of itself: {' → '.join(one.stem for one in circle)}; "
            "take one of these names out"
        )
    if len(chain) >= LONGEST_CHAIN:
        raise ScenarioError(
            f"{chain[0].name}: goes on from more than {LONGEST_CHAIN} scenarios in a row; "
            "copy the changes into fewer files"
        )


def _extended(raw: Mapping[str, object], path: Path, reading: _Reading) -> Scenario | None:
    if "extends" not in raw:
        return None
    return _other(text_of(raw, "extends", path.name, required=True), "extends", path, reading)


def _other(name: str, key: str, path: Path, reading: _Reading) -> Scenario:
    """Read a scenario that another one names, from the same folder."""
    own = path.parent / f"{name}.toml"
    if not NAME.fullmatch(name) or not own.is_file():
        is_file = name.endswith(".toml") and NAME.fullmatch(name)
        hint = "leave '.toml' out" if is_file else _near(name, path.parent)
        raise ScenarioError(f"{path.name}: {key} names no scenario beside it: {name!r}; {hint}")
    return _read(own, reading)


def _near(name: str, folder: Path) -> str:
    return names_hint(name, scenario_names(folder), otherwise="there are")


def _measures(raw: Mapping[str, object], where: str) -> list[str]:
    names = raw.get("measures", [])
    if not isinstance(names, list) or not all(isinstance(name, str) for name in names):
        raise ScenarioError(
            f'{where}: measures must be a list of names, such as ["a", "b"]; got {shown(names)}'
        )
    if "measures" in raw and not names:
        raise ScenarioError(f"{where}: measures is an empty list; name scenarios or leave it out")
    return names
