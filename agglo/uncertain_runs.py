"""The runs behind intervals, tornado and attribution: ends, draws and parts of packages."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import pandas as pd

from agglo.draws import CENTRAL, Variant, assumption_ends, drawn_variants
from agglo.evaluate import Evaluator, evaluator, evaluator_of, varied_cases
from agglo.indicators.case import Case
from agglo.indicators.money import money_values
from agglo.indicators.registry import INDICATORS, whole_values
from agglo.prepared import Prepared, Progress
from agglo.scenarios.files import BASELINE
from agglo.scenarios.scenario import Scenario, subpackage
from agglo.scoring.attribution import EXACT_COUNT, circle_orders, coalitions, coalitions_of
from agglo.workspace import Workspace

NATURAL = (
    "jobs_within_45_min_car",
    "jobs_within_60_min_transit",
    "jobs_by_decay",
    "jobs_per_worker",
    "minutes_per_worker_day",
    "extra_person_min",
    "unserved_count",
    "outside_workers_share",
    "population_primacy",
    "jobs_primacy",
    "green_land_taken_ha",
)
"""What is shown in natural units beside the indicators that goals are made of."""

CIRCLES_COUNT = 4
"""Circles of orders in which the measures of a large package join."""

MONEY_DRAWS = 32
"""So many of the draws are put into money."""

MONEY = "money: "
"""What begins the column of an effect in money."""


@dataclass(frozen=True, slots=True, kw_only=True)
class UncertainRuns:
    """Values for the whole region by scenario; columns indicators, and effects in money."""

    drawn: Mapping[str, pd.DataFrame]
    """By scenario: index number of the draw, −1 the central run."""

    ended: Mapping[str, pd.DataFrame]
    """By scenario: index name of the assumption and end ('low', 'high'), the others central."""

    coalitions: Mapping[str, pd.DataFrame]
    """By package: index its measures joined with '+', '' for none of them; central values."""


def shown_indicators(workspace: Workspace) -> tuple[str, ...]:
    """Name the indicators that are compared: those of the goals, then those in natural units."""
    own = [anchor.indicator for goal in workspace.goals for anchor in goal.anchors]
    return tuple(dict.fromkeys([*own, *(name for name in NATURAL if name in INDICATORS)]))


def uncertain_runs(
    prepared: Prepared, cases: Mapping[str, Case], *, progress: Progress | None = None
) -> UncertainRuns:
    """Run every scenario at the ends of the assumptions and in the draws of the settings."""
    workspace = prepared.workspace
    own = evaluator_of(prepared, cases, indicators=shown_indicators(workspace))
    ends = assumption_ends(workspace.assumptions)
    settings = workspace.uncertainty
    draws = drawn_variants(
        workspace.assumptions, seed=settings.seed, numbers=range(CENTRAL, settings.draws_count)
    )
    found = []
    for done, variant in enumerate([*ends, *draws]):
        if progress:
            progress(variant.name, done, len(ends) + len(draws))
        has_money = bool(variant.parts) and CENTRAL < variant.number < MONEY_DRAWS
        found.append(_values(own, variant, has_money=has_money))
    labels = [next((name, "high" if part else "low") for name, part in one.parts.items())
              for one in ends]  # fmt: skip
    ended = pd.MultiIndex.from_tuples(labels, names=["assumption", "end"])
    drawn = pd.Index([one.number for one in draws], name="draw")
    return UncertainRuns(
        drawn=_by_scenario(found[len(ends) :], drawn),
        ended=_by_scenario(found[: len(ends)], ended),
        coalitions={
            one.name: coalition_values(workspace, one, cases[BASELINE], cases[one.name])
            for one in prepared.scenarios
            if len(one.measures) > 1
        },
    )


def coalition_values(
    workspace: Workspace, package: Scenario, baseline_case: Case, case: Case
) -> pd.DataFrame:
    """Run every part of a package that its attribution needs, with central assumptions."""
    names = [measure.name for measure in package.measures]
    parts = [one for one in _coalitions(names) if 0 < len(one) < len(names)]
    own = shown_indicators(workspace)
    scenarios = {one: subpackage(package, one) for one in parts}
    found = evaluator(workspace, list(scenarios.values()), indicators=own).values(Variant())
    rows = {"": whole_values(baseline_case, own)}
    rows |= {"+".join(one): found.T[scenarios[one].name] for one in parts}
    rows["+".join(names)] = whole_values(case, own)
    return pd.DataFrame(list(rows.values()), index=pd.Index(list(rows)), columns=list(own))


def package_circles(names: Sequence[str]) -> list[list[tuple[str, ...]]] | None:
    """Say in which orders the measures of a large package join; ``None`` for all of a small one."""
    if len(names) <= EXACT_COUNT:
        return None
    return circle_orders(names, circles_count=CIRCLES_COUNT, seed=0)


def _coalitions(names: Sequence[str]) -> list[tuple[str, ...]]:
    circles = package_circles(names)
    return coalitions(names) if circles is None else coalitions_of(circles, names=names)


def _values(own: Evaluator, variant: Variant, *, has_money: bool) -> pd.DataFrame:
    """Take indicators, and effects in money if wanted, of all scenarios in one variant."""
    cases = varied_cases(own, variant)
    rows = []
    for one in own.prepared.scenarios:
        values = whole_values(cases[one.name], own.indicators)
        if has_money and one.horizon != "day":
            money = money_values(cases[one.name], cases[BASELINE]).add_prefix(MONEY)
            values = pd.concat([values, money])
        rows.append(values)
    return pd.DataFrame(rows, index=pd.Index([one.name for one in own.prepared.scenarios]))


def _by_scenario(found: Sequence[pd.DataFrame], index: pd.Index) -> dict[str, pd.DataFrame]:
    """Turn frames of scenarios, one for each run, into frames of runs; what is absent is nan."""
    if not found:
        return {}
    columns = list(dict.fromkeys(name for frame in found for name in frame.columns))
    cube = [frame.reindex(columns=columns).to_numpy(dtype=float) for frame in found]
    return {
        str(name): pd.DataFrame([rows[place] for rows in cube], index=index, columns=columns)
        for place, name in enumerate(found[0].index)
    }
