"""The runs behind intervals, tornado and attribution: ends, draws and parts of packages."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

import pandas as pd

from agglo.cases import region_sha256
from agglo.draws import CENTRAL, Variant, assumption_ends, drawn_variants
from agglo.evaluate import Evaluator, evaluator, evaluator_of, varied_cases
from agglo.indicators.case import Case
from agglo.indicators.money import EFFECTS, money_values
from agglo.indicators.registry import INDICATORS, whole_values
from agglo.prepared import Prepared, Progress
from agglo.scenarios.files import BASELINE
from agglo.scenarios.scenario import Scenario, scenario_sha256, subpackage
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


def runs_count(workspace: Workspace) -> int:
    """Count the runs of every scenario: ends, draws and the central one."""
    return len(assumption_ends(workspace.assumptions)) + workspace.uncertainty.draws_count + 1


def shown_indicators(workspace: Workspace) -> tuple[str, ...]:
    """Name the indicators that are compared: those of the goals, then those in natural units."""
    own = [anchor.indicator for goal in workspace.goals for anchor in goal.anchors]
    return tuple(dict.fromkeys([*own, *(name for name in NATURAL if name in INDICATORS)]))


def uncertain_runs(
    prepared: Prepared, cases: Mapping[str, Case], *, progress: Progress | None = None
) -> UncertainRuns:
    """Run every scenario at the ends of the assumptions and in the draws of the settings.

    What earlier runs found holds where nothing that it depends on has changed: only the other
    scenarios are run, and the baseline, on whose flows they stand.
    """
    workspace, stages = prepared.workspace, prepared.stages
    ends = assumption_ends(workspace.assumptions)
    settings = workspace.uncertainty
    draws = drawn_variants(
        workspace.assumptions, seed=settings.seed, numbers=range(CENTRAL, settings.draws_count)
    )
    asked = {one.name: (*_inputs(prepared, one), [*ends, *draws]) for one in prepared.scenarios}
    kept = {
        name: [stages.read_frame(what, inputs) for what in ("ended", "drawn")]
        for name, inputs in asked.items()
    }
    names = [name for name, frames in kept.items() if any(frame is None for frame in frames)]
    found = _found(prepared, cases, [*ends, *draws], names, progress=progress)
    labels = [next((name, "high" if part else "low") for name, part in one.parts.items())
              for one in ends]  # fmt: skip
    indexes = (
        pd.MultiIndex.from_tuples(labels, names=["assumption", "end"]),
        pd.Index([one.number for one in draws], name="draw"),
    )
    for name in names:
        parts = found[name].iloc[: len(ends)], found[name].iloc[len(ends) :]
        kept[name] = [
            stages.kept_frame(what, asked[name], part.set_axis(index, axis=0))
            for what, part, index in zip(("ended", "drawn"), parts, indexes, strict=True)
        ]
    return UncertainRuns(
        ended={name: frames[0] for name, frames in kept.items() if frames[0] is not None},
        drawn={name: frames[1] for name, frames in kept.items() if frames[1] is not None},
        coalitions={
            one.name: _coalition_values(prepared, one, cases)
            for one in prepared.scenarios
            if len(one.measures) > 1
        },
    )


def _inputs(prepared: Prepared, scenario: Scenario) -> tuple[object, ...]:
    """List what the values of a scenario depend on, but for the assumptions that are varied."""
    workspace, regions = prepared.workspace, prepared.network.regions
    return (
        [region_sha256(regions[name], prepared.stages) for name in (BASELINE, scenario.name)],
        scenario.horizon,
        workspace.assumptions,
        workspace.congestion,
        workspace.spreads.minutes_share,
        shown_indicators(workspace),
        # in a large network only the worst links are closed exactly
        prepared.network.topology.hierarchy is not None,
    )


def _found(
    prepared: Prepared,
    cases: Mapping[str, Case],
    variants: Sequence[Variant],
    names: Sequence[str],
    *,
    progress: Progress | None,
) -> dict[str, pd.DataFrame]:
    """Run some scenarios in all variants, and the baseline with them.

    Returns
    -------
    found
        By scenario: one row for each variant.
    """
    if not names:
        return {}
    own = evaluator_of(
        replace(
            prepared,
            scenarios=tuple(one for one in prepared.scenarios if one.name in (BASELINE, *names)),
        ),
        cases,
        indicators=shown_indicators(prepared.workspace),
    )
    found = []
    for done, variant in enumerate(variants):
        if progress:
            progress(variant.name, done, len(variants))
        found.append(_values(own, variant, names, has_money=_has_money(variant)))
    in_money = EFFECTS if any(map(_has_money, variants)) else ()
    columns = [*own.indicators, *(MONEY + effect for effect in in_money)]
    cube = [frame.reindex(columns=columns).to_numpy(dtype=float) for frame in found]
    return {
        name: pd.DataFrame([rows[place] for rows in cube], columns=columns)
        for place, name in enumerate(names)
    }


def _has_money(variant: Variant) -> bool:
    return bool(variant.parts) and CENTRAL < variant.number < MONEY_DRAWS


def _coalition_values(
    prepared: Prepared, package: Scenario, cases: Mapping[str, Case]
) -> pd.DataFrame:
    measures = [
        (one.name, scenario_sha256(subpackage(package, [one.name]))) for one in package.measures
    ]
    asked = *_inputs(prepared, package), measures, scenario_sha256(package)
    return prepared.stages.frame(
        "coalitions",
        asked,
        lambda: coalition_values(prepared.workspace, package, cases[BASELINE], cases[package.name]),
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


def _values(
    own: Evaluator, variant: Variant, names: Sequence[str], *, has_money: bool
) -> pd.DataFrame:
    """Take indicators, and effects in money if wanted, of some scenarios in one variant."""
    cases = varied_cases(own, variant)
    shocks = {one.name for one in own.prepared.scenarios if one.is_shock}
    rows = []
    for name in names:
        values = whole_values(cases[name], own.indicators)
        if has_money and name not in shocks:
            money = money_values(cases[name], cases[BASELINE]).add_prefix(MONEY)
            values = pd.concat([values, money])
        rows.append(values)
    return pd.DataFrame(rows, index=pd.Index(list(names)))
