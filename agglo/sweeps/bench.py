"""What a worker does: it opens the workspace once and evaluates one task after the other."""

from __future__ import annotations

import platform
import traceback
from collections.abc import Callable, Mapping
from functools import lru_cache
from threading import Lock

import numpy as np
import numpy.typing as npt

from agglo.draws import Variant, drawn_variants
from agglo.errors import AggloError
from agglo.scenarios.files import BASELINE
from agglo.scoring.goals import goal_scores
from agglo.sweeps.plan import (
    Plan,
    check_same_plan,
    plan_from_recipe,
    setting_name,
    workspace_of_setting,
)
from agglo.sweeps.recipe import Evaluator, Outcome, Recipe, Task

Floats = npt.NDArray[np.float64]
Work = Callable[[Task], Outcome]

SETTINGS_KEPT = 2
"""So many evaluators a worker keeps: tasks of one setting follow each other."""


def opened_work(recipe: Recipe, wanted: Mapping[str, object]) -> Work:
    """Open the workspace, refuse it if it is another one, and return what does a task.

    Raises
    ------
    CompareError
        If layers, settings, scenarios or versions are not those of the sweep.
    """
    plan = plan_from_recipe(recipe)
    check_same_plan(plan, wanted, where=platform.node() or "elsewhere")
    return work_of(plan)


def work_of(plan: Plan) -> Work:
    """Return what evaluates a task of a plan."""
    # a worker of a cluster may have several threads, what an evaluator keeps is for one
    turn = Lock()

    @lru_cache(maxsize=SETTINGS_KEPT)
    def evaluator_of(setting: int) -> Evaluator:
        workspace = workspace_of_setting(plan, setting)
        return plan.recipe.evaluates(workspace, plan.scenarios, indicators=plan.indicators)

    def work(task: Task) -> Outcome:
        with turn:
            return evaluated(task)

    def evaluated(task: Task) -> Outcome:
        own = evaluator_of(task.setting)
        variants = drawn_variants(
            plan.workspace.assumptions,
            seed=plan.recipe.seed,
            numbers=task.numbers,
            vary=plan.varied,
        )
        rows: dict[int, Floats] = {}
        failures = []
        for number, variant in zip(task.numbers, variants, strict=True):
            try:
                rows[number] = _values(plan, own, variant)
            except Exception as error:
                # one draw must not take the night's other draws with it
                failures.append((number, _told(plan, task.setting, variant, error)))
        return Outcome(task=task, rows=rows, failures=tuple(failures))

    return work


def _values(plan: Plan, evaluator: Evaluator, variant: Variant) -> Floats:
    """Return indicators and scores, scenarios × columns."""
    labels = [one.name for one in plan.scenarios]
    found = evaluator.values(variant)
    values = found.reindex(index=labels, columns=list(plan.indicators)).astype(float)
    by_label = dict(values.iterrows())
    scores = [
        list(goal_scores(by_label[label], by_label[BASELINE], plan.workspace.goals).values())
        for label in labels
    ]
    return np.column_stack([values.to_numpy(), np.array(scores, dtype=float)])


def _told(plan: Plan, setting: int, variant: Variant, error: Exception) -> str:
    """Say which draw of which scenarios failed, and why."""
    reason = str(error)
    if not isinstance(error, AggloError):
        last = traceback.extract_tb(error.__traceback__)[-1]
        reason = f"{type(error).__name__}: {error} (in {last.name})"
    names = [one.name for one in plan.scenarios]
    named = [name for name in names if name in reason]
    where = "" if named else f" of {', '.join(names)}"
    given = f" with {setting_name(plan, setting)}" if plan.settings[setting] else ""
    return f"{variant.name}{where}{given}: {reason}"
