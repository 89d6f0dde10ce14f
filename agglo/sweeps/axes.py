"""The values that parameters, and arguments of changes, take in turn."""

from __future__ import annotations

import itertools
import json
import re
import tomllib
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from types import MappingProxyType

from agglo.errors import SettingsError
from agglo.hints import name_hint
from agglo.parameters import Assumption, parameters_from_assumptions, with_value
from agglo.scenarios.files import BASELINE, Scenario, checked_arguments

OF_CHANGE = re.compile(r"(?P<scenario>.+):(?P<change>[^:.]+)\.(?P<argument>[^:.]+)")
WANTED = (
    "write --set parameter=0.1,0.2, or --set SCENARIO:CHANGE.argument=1,2 with the number of the "
    "change in its file"
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Axis:
    """One parameter, or one argument of one change of a scenario, and its values."""

    name: str
    values: tuple[object, ...]
    scenario: str = ""
    """Empty for a parameter, which is set for all scenarios alike."""

    change: int = 0
    argument: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Swept:
    """A scenario with some arguments of its changes replaced."""

    name: str
    """The scenario's own name; the variant's says what was replaced."""

    scenario: Scenario
    arguments: Mapping[str, object]
    """By axis what was set."""


def axis_from_text(text: str) -> Axis:
    """Read ``name=a,b,c``; values are written as in a scenario file, texts without quotes too.

    Raises
    ------
    SettingsError
        If the text is no such thing, or a value stands in it twice.

    Examples
    --------
    >>> axis_from_text("vorsino-growth:1.jobs_count=2000,4000").values
    (2000, 4000)
    """
    name, sign, listed = (part.strip() for part in text.partition("="))
    if not name or not sign or not listed:
        raise SettingsError(f"--set '{text}' names no values; {WANTED}")
    values = _values(listed)
    shown = [shown_value(value) for value in values]
    repeated = [one for one in shown if shown.count(one) > 1]
    if repeated:
        raise SettingsError(f"--set '{text}': {repeated[0]} stands twice; name each value once")
    ordered = tuple(value for _, value in sorted(zip(shown, values, strict=True), key=_order))
    found = OF_CHANGE.fullmatch(name)
    if found is None:
        return Axis(name=name, values=ordered)
    if not found["change"].isdecimal() or int(found["change"]) < 1:
        raise SettingsError(f"--set '{text}': '{found['change']}' is no number; {WANTED}")
    return Axis(
        name=name,
        values=ordered,
        scenario=found["scenario"],
        change=int(found["change"]),
        argument=found["argument"],
    )


def shown_value(value: object) -> str:
    """Write a value so that equal numbers look alike."""
    if isinstance(value, float) and value.is_integer() and abs(value) < 2**53:
        value = int(value)
    return json.dumps(value, ensure_ascii=False, sort_keys=True, default=str)


def checked_axes(texts: Iterable[str]) -> tuple[Axis, ...]:
    """Read all axes, in the order of their names.

    Raises
    ------
    SettingsError
        If one cannot be read, or two are of one name.
    """
    axes = sorted((axis_from_text(text) for text in texts), key=lambda axis: axis.name)
    for one, other in itertools.pairwise(axes):
        if one.name == other.name:
            raise SettingsError(f"--set names '{one.name}' twice; list all its values at once")
    return tuple(axes)


def settings_of(
    axes: Sequence[Axis], assumptions: Mapping[str, Assumption]
) -> tuple[Mapping[str, float], ...]:
    """Return every combination of the values that parameters are set to; at least the empty one.

    Raises
    ------
    SettingsError
        If a parameter is unknown, or cannot have such a value.
    """
    own = [axis for axis in axes if not axis.scenario]
    central = parameters_from_assumptions(assumptions)
    for axis in own:
        if axis.name not in assumptions:
            hint = name_hint(axis.name, assumptions)
            raise SettingsError(f"--set: there is no parameter '{axis.name}'; {hint}")
        for value in axis.values:
            if isinstance(value, bool) or not isinstance(value, int | float):
                raise SettingsError(f"--set {axis.name}: wanted numbers; got {value!r}")
            with_value(central, axis.name, float(value))
    names = [axis.name for axis in own]
    return tuple(
        MappingProxyType(dict(zip(names, map(float, values), strict=True)))  # type: ignore[arg-type]
        for values in itertools.product(*(axis.values for axis in own))
    )


def set_assumptions(
    assumptions: Mapping[str, Assumption], setting: Mapping[str, float]
) -> dict[str, Assumption]:
    """Return assumptions of which some have one value and no range."""
    return {
        name: replace(item, value=setting[name], low=setting[name], high=setting[name])
        if name in setting
        else item
        for name, item in assumptions.items()
    }


def scenario_variants(
    axes: Sequence[Axis], scenarios: Sequence[Scenario], *, folder: Path
) -> list[Swept]:
    """Return each scenario once for every combination of its own axes.

    Parameters
    ----------
    folder
        Where drawn areas are looked up.

    Raises
    ------
    SettingsError
        If an axis names a scenario or a change that is not there.
    ScenarioError
        If an argument does not fit its change.
    """
    names = [one.name for one in scenarios]
    for axis in axes:
        if axis.scenario and (axis.scenario not in names or axis.scenario == BASELINE):
            hint = name_hint(axis.scenario, names, otherwise="there are")
            raise SettingsError(
                f"--set {axis.name}: no scenario '{axis.scenario}' with changes is swept; {hint}"
            )
    found = []
    for one in scenarios:
        own = [axis for axis in axes if axis.scenario == one.name]
        for values in itertools.product(*(axis.values for axis in own)):
            found.append(_variant(one, own, values, folder))
    return found


def _variant(
    scenario: Scenario, axes: Sequence[Axis], values: Sequence[object], folder: Path
) -> Swept:
    if not axes:
        return Swept(name=scenario.name, scenario=scenario, arguments={})
    changed = dict(zip(scenario.steps, scenario.steps, strict=True))
    for axis, value in zip(axes, values, strict=True):
        if axis.change > len(scenario.steps):
            listed = ", ".join(f"{n} {one.do}" for n, one in enumerate(scenario.steps, 1))
            raise SettingsError(
                f"--set {axis.name}: '{scenario.name}' has no change {axis.change}; it has {listed}"
            )
        old = scenario.steps[axis.change - 1]
        step = changed[old]
        given = {**step.arguments, axis.argument: value}
        where = f"--set {axis.name}={shown_value(value)}"
        arguments = checked_arguments(step.do, given, where, folder=folder)
        changed[old] = replace(step, arguments=arguments)
    shown = ", ".join(
        f"{axis.change}.{axis.argument}={shown_value(value)}"
        for axis, value in zip(axes, values, strict=True)
    )
    return Swept(
        name=scenario.name,
        scenario=replace(
            scenario,
            name=f"{scenario.name} ({shown})",
            steps=tuple(changed[one] for one in scenario.steps),
            measures=tuple(
                replace(measure, steps=tuple(changed[one] for one in measure.steps))
                for measure in scenario.measures
            ),
        ),
        arguments={axis.name: value for axis, value in zip(axes, values, strict=True)},
    )


def _values(listed: str) -> list[object]:
    """Read values as TOML has them; where it does not, each is a text."""
    try:
        return list(tomllib.loads(f"values = [{listed}]")["values"])
    except tomllib.TOMLDecodeError:
        parts = [part.strip().strip("\"'") for part in listed.split(",")]
        if not all(parts):
            raise SettingsError(f"--set …={listed}: a value is empty; {WANTED}") from None
        return list(parts)


def _order(pair: tuple[str, object]) -> tuple[bool, float, str]:
    """Order numbers by size, and before anything else."""
    shown, value = pair
    is_number = isinstance(value, int | float) and not isinstance(value, bool)
    return not is_number, float(value) if is_number else 0.0, shown  # type: ignore[arg-type]
