"""The plan of a sweep: its points, its columns, and what must stay the same to go on with it."""

from __future__ import annotations

import hashlib
import importlib.metadata
import json
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

from agglo.draws import varied_names
from agglo.errors import CompareError, SettingsError
from agglo.hints import name_hint
from agglo.indicators.registry import INDICATORS
from agglo.prepared import read_scenarios
from agglo.scenarios.files import BASELINE, Scenario, find_scenario, scenario_names
from agglo.scenarios.scenario import scenario_sha256
from agglo.sweeps.axes import (
    Swept,
    checked_axes,
    scenario_variants,
    set_assumptions,
    settings_of,
    shown_value,
)
from agglo.sweeps.recipe import CENTRAL, Recipe, Task
from agglo.workspace import Workspace

CHUNK_DRAWS = 10
"""Draws of one chunk: what is lost at most when a worker is killed."""

NATURAL = (
    "jobs_within_45_min_car",
    "jobs_within_60_min_transit",
    "minutes_per_worker_day",
    "extra_person_min",
    "unserved_count",
)
"""Indicators in units that planners think in, kept beside those of the goals."""

LIBRARIES = ("numpy", "pandas", "routingkit-cch", "scipy", "shapely")
"""Packages whose version can move the last digit of a value."""

SCORE = "score_"
FORMAT = 1


@dataclass(frozen=True, slots=True, kw_only=True)
class Plan:
    """A recipe on an opened workspace."""

    recipe: Recipe
    workspace: Workspace
    variants: tuple[Swept, ...]
    """The baseline is the first, the others follow by the names of their variants."""

    settings: tuple[Mapping[str, float], ...]
    """Values that parameters are set to; at least one, it may be empty."""

    varied: tuple[str, ...]
    indicators: tuple[str, ...]

    @property
    def scenarios(self) -> tuple[Scenario, ...]:
        """Every variant as a scenario of its own."""
        return tuple(one.scenario for one in self.variants)

    @property
    def columns(self) -> tuple[str, ...]:
        """The columns with values: indicators, then the scores of goals."""
        return (*self.indicators, *(f"{SCORE}{goal.id}" for goal in self.workspace.goals))

    @property
    def identity(self) -> dict[str, object]:
        """Everything that a value depends on, beside its point and its draw."""
        return {
            "format": FORMAT,
            "agglo": importlib.metadata.version("agglo"),
            "libraries": {name: _version(name) for name in LIBRARIES},
            "inputs_sha256": self.workspace.inputs_sha256,
            "scenarios": {one.name: scenario_sha256(one) for one in self.scenarios},
            "set_parameters": sorted(self.settings[0]),
            "varied": list(self.varied),
            "seed": self.recipe.seed,
            "indicators": list(self.indicators),
            "goals": [goal.id for goal in self.workspace.goals],
        }


def plan_from_recipe(recipe: Recipe) -> Plan:
    """Open the workspace, check all that is asked for and lay out the points.

    Raises
    ------
    AggloError
        Naming what is unknown or does not fit, and the next step.
    """
    workspace = recipe.opens(Path(recipe.root))
    axes = checked_axes(recipe.sets)
    settings = settings_of(axes, workspace.assumptions)
    variants = scenario_variants(
        axes, read_scenarios(workspace, recipe.scenarios), folder=workspace.scenario_folder
    )
    variants.sort(key=lambda one: (one.name != BASELINE, one.scenario.name))
    goals = {anchor.indicator for goal in workspace.goals for anchor in goal.anchors}
    return Plan(
        recipe=recipe,
        workspace=workspace,
        variants=tuple(variants),
        settings=settings,
        varied=_varied(recipe, workspace, set(settings[0])),
        indicators=_indicators((*recipe.indicators, *NATURAL), goals),
    )


def travelling(recipe: Recipe) -> Recipe:
    """Name every scenario and every folder so that a worker elsewhere finds them.

    Raises
    ------
    ScenarioError
        If a scenario is neither in the workspace nor a file.
    """
    root = Path(recipe.root).resolve()
    folder = root / "scenarios"
    paths = [find_scenario(name, folder) for name in recipe.scenarios or scenario_names(folder)]
    names = [one.stem if one.parent == folder else str(one.resolve()) for one in paths]
    return replace(recipe, root=str(root), scenarios=tuple(names))


def point_id(plan: Plan, setting: int, variant: int) -> str:
    """Name a point of the grid: the scenario and all that is set."""
    given = plan.settings[setting]
    return "; ".join(
        [plan.scenarios[variant].name, *(f"{name}={shown_value(given[name])}" for name in given)]
    )


def setting_name(plan: Plan, setting: int) -> str:
    """Name the values that the parameters are set to."""
    return ", ".join(f"{name}={shown_value(v)}" for name, v in plan.settings[setting].items())


def tasks_of(
    plan: Plan, *, draws_count: int, done: Mapping[tuple[int, int], Iterable[int]]
) -> list[Task]:
    """Cut what is to be done into chunks; the central runs come first.

    Parameters
    ----------
    done
        By setting and chunk: draws that are there already.
    """
    chunks = {CENTRAL: [CENTRAL]}
    for number in range(draws_count):
        chunks.setdefault(number // CHUNK_DRAWS, []).append(number)
    found = []
    for chunk, numbers in chunks.items():
        for setting in range(len(plan.settings)):
            kept = set(done.get((setting, chunk), ()))
            missing = tuple(number for number in numbers if number not in kept)
            if missing:
                found.append(Task(setting=setting, chunk=chunk, numbers=missing))
    return found


def workspace_of_setting(plan: Plan, setting: int) -> Workspace:
    """Return the workspace with some parameters set."""
    given = plan.settings[setting]
    if not given:
        return plan.workspace
    return replace(plan.workspace, assumptions=set_assumptions(plan.workspace.assumptions, given))


def identity_sha256(identity: Mapping[str, object]) -> str:
    """Hash an identity."""
    text = json.dumps(identity, sort_keys=True, ensure_ascii=False)
    return hashlib.sha256(text.encode()).hexdigest()


def identity_differences(own: Mapping[str, object], other: Mapping[str, object]) -> list[str]:
    """Say in words in what two identities differ."""
    found = []
    for key in sorted({*own, *other}):
        mine, theirs = own.get(key), other.get(key)
        if mine == theirs:
            continue
        if isinstance(mine, dict) and isinstance(theirs, dict):
            names = sorted(n for n in {*mine, *theirs} if mine.get(n) != theirs.get(n))
            found.append(f"{key} ({', '.join(names)})")
        elif key == "inputs_sha256":
            found.append("layers, assumptions or goals")
        else:
            found.append(f"{key} ({_short(theirs)}, now {_short(mine)})")
    return found


def check_same_plan(plan: Plan, wanted: Mapping[str, object], *, where: str) -> None:
    """Refuse to work on other inputs than the sweep was started with.

    Raises
    ------
    CompareError
        Naming the worker and what differs.
    """
    differs = identity_differences(plan.identity, wanted)
    if differs:
        raise CompareError(
            f"worker {where}: the workspace {plan.recipe.root} differs there from that of the "
            f"sweep in {'; '.join(differs)}; put the same workspace and the same versions on "
            "every machine"
        )


def _varied(recipe: Recipe, workspace: Workspace, is_set: set[str]) -> tuple[str, ...]:
    names = varied_names(workspace.assumptions)
    for one in recipe.vary:
        if one in is_set:
            raise SettingsError(f"'{one}' stands in --set and in --vary; take one of them")
        if one not in names:
            hint = name_hint(one, names, otherwise="there are")
            raise SettingsError(f"--vary: '{one}' has no range to be drawn from; {hint}")
    chosen = recipe.vary or tuple(name for name in names if name not in is_set)
    return tuple(name for name in names if name in chosen)


def _indicators(asked: Sequence[str], of_goals: set[str]) -> tuple[str, ...]:
    for name in asked:
        if name not in INDICATORS:
            raise SettingsError(f"there is no indicator '{name}'; {name_hint(name, INDICATORS)}")
        if not INDICATORS[name].has_whole:
            raise SettingsError(f"indicator '{name}' has no value for the whole region")
    return tuple(name for name in INDICATORS if name in of_goals or name in asked)


def _version(package: str) -> str:
    try:
        return importlib.metadata.version(package)
    except importlib.metadata.PackageNotFoundError:
        return "absent"


def _short(value: object) -> str:
    text = ", ".join(map(str, value)) if isinstance(value, list) else str(value)
    return text if len(text) <= 60 else f"{text[:57]}…"
