"""Scenarios made of scenarios: one that goes on from another, and packages of measures."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import replace

from agglo.errors import ScenarioError
from agglo.scenarios.scenario import OWN, Measure, Scenario, Step, summed_cost


def package(
    name: str,
    scenarios: Sequence[Scenario],
    *,
    title: str,
    title_ru: str = "",
    steps: Sequence[Step] = (),
    horizon: str = "year",
) -> Scenario:
    """Put scenarios together as the measures of a package, its own changes last.

    A change that comes in by two ways is taken once, where it first stands.

    Raises
    ------
    ScenarioError
        If a measure changes nothing or stands twice.
    """
    head = Scenario(
        name=name, title=title, title_ru=title_ru or title, horizon=horizon, steps=tuple(steps)
    )
    return composed(head, measures=scenarios)


def composed(
    head: Scenario, *, extended: Scenario | None = None, measures: Sequence[Scenario] = ()
) -> Scenario:
    """Put the changes of other scenarios before those of a scenario.

    Parameters
    ----------
    head
        Whose changes are its own.
    extended
        The scenario that it goes on from: its changes come first. Where the result is a package
        it is one of the measures, or, if a package itself, it brings its measures.
    measures
        Scenarios that become measures, in this order.

    Raises
    ------
    ScenarioError
        If a measure changes nothing or stands twice.
    """
    own = _signed(head).steps
    parts = ([extended] if extended else []) + list(measures)
    parts = [_signed(part) for part in parts]
    _check_measures(head, measures)
    steps = _once(step for steps in [*(part.steps for part in parts), own] for step in steps)
    if not measures and not (extended and extended.measures):
        return replace(head, steps=steps)
    made: dict[str, Measure] = {}
    for part in parts:
        inner = _inner_measures(part) if part.name == getattr(extended, "name", None) else []
        for measure in inner or ([_measure(part)] if part.steps else []):
            made.setdefault(measure.name, measure)
    if own:
        made[OWN] = Measure(
            name=OWN, title="own changes", title_ru="собственные изменения", steps=_once(own)
        )
    cost = head.cost_mln_rub or summed_cost(list(made.values()))
    is_summed = cost is not None and head.cost_mln_rub is None
    return replace(
        head,
        steps=steps,
        measures=tuple(made.values()),
        cost_mln_rub=cost,
        cost_source="sum of the measures" if is_summed else head.cost_source,
    )


def _check_measures(head: Scenario, measures: Sequence[Scenario]) -> None:
    names = [measure.name for measure in measures]
    for measure in measures:
        if names.count(measure.name) > 1:
            raise ScenarioError(
                f"{head.name}.toml: measure '{measure.name}' stands twice; name it once"
            )
        if measure.name == OWN:
            raise ScenarioError(
                f"{head.name}.toml: '{OWN}' is the word for the package's own changes; give the "
                "measure another name"
            )
        if not measure.steps:
            raise ScenarioError(
                f"{head.name}.toml: measure '{measure.name}' changes nothing; leave it out"
            )


def _inner_measures(extended: Scenario) -> list[Measure]:
    """Return the measures of a package that is gone on from, its own changes under its name."""
    return [
        replace(measure, name=extended.name, title=extended.title, title_ru=extended.title_ru)
        if measure.name == OWN
        else measure
        for measure in extended.measures
    ]


def _measure(part: Scenario) -> Measure:
    return Measure(
        name=part.name,
        title=part.title,
        title_ru=part.title_ru,
        steps=part.steps,
        cost_mln_rub=part.cost_mln_rub,
    )


def _signed(scenario: Scenario) -> Scenario:
    """Write on every change of a script whose it is, so that two alike stay two."""
    if scenario.measures or all(step.origin for step in scenario.steps):
        return scenario
    steps = tuple(
        step if step.origin else replace(step, origin=f"{scenario.name}.toml, change {number}")
        for number, step in enumerate(scenario.steps, 1)
    )
    return replace(scenario, steps=steps)


def _once(steps: Iterable[Step]) -> tuple[Step, ...]:
    return tuple(dict.fromkeys(steps))
