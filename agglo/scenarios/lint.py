"""Warns of scenarios that hold together badly: each rule in plain words, none an error."""

from __future__ import annotations

from collections.abc import Callable, Iterator

import pandas as pd

from agglo.region import Region
from agglo.scenarios.files import BASELINE
from agglo.scenarios.findings import Findable, Finding, findings_table
from agglo.scenarios.lint_lines import fleet
from agglo.scenarios.lint_links import crossings, lengths, speeds
from agglo.scenarios.lint_measures import conflicts, repeats
from agglo.scenarios.lint_people import drift, facility_kinds, forest_housing
from agglo.scenarios.receipts import apply_scenario
from agglo.scenarios.scenario import Scenario

Rule = Callable[[Findable], Iterator[Finding]]


def lint(
    baseline_region: Region,
    scenario: Scenario,
    changed_region: Region,
    *,
    receipts: pd.DataFrame | None = None,
) -> pd.DataFrame:
    """Warn of what a planner may have overlooked; a warning stops nothing.

    Workers and jobs that drift apart, fleets too small for a headway or not stated, costs and
    reasons that are not given, new roads that cross others without a node or have an odd length
    or speed, housing in forest, facilities of a kind that the layers do not know, measures that
    undo one another.

    Parameters
    ----------
    changed_region
        What the scenario makes of the baseline.
    receipts
        What it left when it was applied; without them it is applied here.

    Returns
    -------
    lint
        Columns ``scenario``, ``change`` (number; 0: the scenario as a whole), ``measure``,
        ``rule``, ``text_en``, ``text_ru``; no row where all is well.
    """
    if scenario.name == BASELINE or not scenario.steps:
        return findings_table(scenario, ())
    if receipts is None:
        _, receipts = apply_scenario(baseline_region, scenario)
    case = Findable(
        before=baseline_region, after=changed_region, scenario=scenario, receipts=receipts
    )
    rules: tuple[Rule, ...] = (
        cost,
        reasons,
        drift,
        forest_housing,
        facility_kinds,
        fleet,
        crossings,
        lengths,
        speeds,
        conflicts,
        repeats,
    )
    return findings_table(scenario, (found for rule in rules for found in rule(case)))


def cost(case: Findable) -> Iterator[Finding]:
    """Warn of a proposal without a cost; a contrast and a shock need none."""
    one = case.scenario
    if one.is_contrast or one.is_shock or one.cost_mln_rub is not None:
        return
    lacking = [measure.name for measure in one.measures if measure.cost_mln_rub is None]
    of = f" (of {', '.join(lacking)})" if lacking else ""
    of_ru = f" (меры: {', '.join(lacking)})" if lacking else ""
    yield Finding(
        change=0,
        rule="cost_absent",
        text_en=f"no cost is stated{of}: effects cannot be set against money; add cost_mln_rub = "
        "[low, middle, high] and cost_source",
        text_ru=f"стоимость не указана{of_ru}: эффект не с чем соотнести; добавьте cost_mln_rub = "
        "[низкая, средняя, высокая] и cost_source",
    )


def reasons(case: Findable) -> Iterator[Finding]:
    """Warn of a change that says neither whose proposal it is nor which source it has."""
    for number, step in enumerate(case.scenario.steps, 1):
        if step.why.strip():
            continue
        if step.basis == "source":
            yield Finding(
                change=number,
                rule="source_without_why",
                text_en="is said to come from a source, but 'why' does not name it",
                text_ru="сказано, что есть источник, но поле why его не называет",
            )
        else:
            yield Finding(
                change=number,
                rule="proposal_without_why",
                text_en="a proposal without a reason: say in 'why' whose it is or who confirms it",
                text_ru="предложение без обоснования: напишите в why, чьё оно и кто подтвердит",
            )
