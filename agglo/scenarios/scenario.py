"""Scenarios as values: changes in order, the measures they belong to, and their hash."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from numbers import Integral, Real
from typing import Any

from agglo.errors import ScenarioError
from agglo.hints import names_hint
from agglo.scenarios.areas import Area
from agglo.scenarios.arguments import wanted_arguments

OWN = "own"
"""The measure of a package that holds its own changes."""

SHOCK = "day"
HORIZONS = ("year", SHOCK)
BASES = ("proposal", "source")
Cost = tuple[float, float, float]


@dataclass(frozen=True, slots=True, eq=False)
class Arguments(Mapping[str, object]):
    """A mapping that nobody can change and that travels to other processes."""

    pairs: tuple[tuple[str, object], ...]

    def __getitem__(self, key: str) -> object:
        """Return the value of one name."""
        for name, value in self.pairs:
            if name == key:
                return value
        raise KeyError(key)

    def __iter__(self) -> Iterator[str]:
        """Go through the names in the order of the file."""
        return (name for name, _ in self.pairs)

    def __len__(self) -> int:
        """Count the names."""
        return len(self.pairs)

    def __hash__(self) -> int:
        """Hash without regard to order, as equality goes."""
        return hash(frozenset(self.pairs))

    def __repr__(self) -> str:
        """Show it like a dict."""
        return repr(dict(self.pairs))


@dataclass(frozen=True, slots=True, kw_only=True)
class Step:
    """One change of a scenario: the function's name and its arguments."""

    do: str
    arguments: Mapping[str, object]
    basis: str = "proposal"
    """'proposal' for planners to confirm, or 'source' where ``why`` names one."""

    why: str = ""
    why_ru: str = ""
    origin: str = ""
    """File and number it was read from: the same change is taken once, whichever way it comes."""

    def __post_init__(self) -> None:
        """Keep the arguments from being changed."""
        object.__setattr__(self, "arguments", _frozen(self.arguments))


@dataclass(frozen=True, slots=True, kw_only=True)
class Measure:
    """One measure of a package: a scenario, or the package's own changes."""

    name: str
    title: str
    title_ru: str
    steps: tuple[Step, ...]
    cost_mln_rub: Cost | None = None
    """Low, middle and high; ``None`` where nobody says."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Scenario:
    """A named, ordered list of changes to the baseline."""

    name: str
    title: str
    title_ru: str
    description: str = ""
    description_ru: str = ""
    horizon: str = "year"
    """'year': commuters adapt, flows are estimated anew; 'day': a shock, flows stay."""

    steps: tuple[Step, ...] = field(default=())
    measures: tuple[Measure, ...] = field(default=())
    """Of a package: what it is made of; each change belongs to one of them or to several."""

    cost_mln_rub: Cost | None = None
    """Low, middle and high; of a package without a cost of its own the sum of its measures."""

    cost_source: str = ""
    is_contrast: bool = False
    """Shown beside the others, but put to nobody as a proposal."""

    @property
    def is_shock(self) -> bool:
        """Whether it lasts a day: people keep their trips, and nobody can choose it."""
        return self.horizon == SHOCK

    def __post_init__(self) -> None:
        """Refuse a package whose changes are not those of its measures."""
        if not self.measures:
            return
        owned = {step for measure in self.measures for step in measure.steps}
        if owned != set(self.steps) or len(owned) != len(self.steps):
            raise ScenarioError(
                f"package '{self.name}': its changes are not those of its measures, each once; "
                "put it together with agglo.scenarios.composing.package"
            )


def subpackage(scenario: Scenario, names: Sequence[str]) -> Scenario:
    """Return the package with some of its measures only, its changes in the same order.

    Parameters
    ----------
    names
        Of measures, in any order; all of them give the package itself, none a scenario without
        changes.

    Raises
    ------
    ScenarioError
        If a name is none of the measures.
    """
    known = [measure.name for measure in scenario.measures]
    for name in names:
        if name not in known:
            hint = names_hint(name, known, otherwise="it has")
            raise ScenarioError(
                f"package '{scenario.name}' has no measure '{name}'; "
                f"{hint if known else 'it is no package: give it measures = [...]'}"
            )
    kept = tuple(measure for measure in scenario.measures if measure.name in names)
    if len(kept) == len(known):
        return scenario
    steps = {step for measure in kept for step in measure.steps}
    return replace(
        scenario,
        name=f"{scenario.name}[{'+'.join(measure.name for measure in kept)}]",
        steps=tuple(step for step in scenario.steps if step in steps),
        measures=kept,
        cost_mln_rub=summed_cost(kept),
        cost_source="",
    )


def summed_cost(measures: Sequence[Measure]) -> Cost | None:
    """Sum the costs of measures, ends with ends; ``None`` unless every measure has one."""
    costs = [measure.cost_mln_rub for measure in measures if measure.cost_mln_rub is not None]
    if not measures or len(costs) < len(measures):
        return None
    low, middle, high = (float(sum(ends)) for ends in zip(*costs, strict=True))
    return low, middle, high


def measure_of(scenario: Scenario, step: Step) -> str:
    """Name the first measure that a change belongs to; empty outside packages."""
    return next((one.name for one in scenario.measures if step in one.steps), "")


def scenario_sha256(scenario: Scenario) -> str:
    """Hash all that decides the numbers of a scenario: its horizon and its changes in order.

    Arguments that are left out count as their defaults, and drawn areas by their coordinates.
    Names, titles, reasons, costs and the grouping into measures do not count.
    """
    told = [scenario.horizon, [[step.do, _told_arguments(step)] for step in scenario.steps]]
    return hashlib.sha256(json.dumps(told, ensure_ascii=True).encode("ascii")).hexdigest()


def _told_arguments(step: Step) -> list[list[Any]]:
    wanted = wanted_arguments(step.do)
    told = {name: item.default for name, item in wanted.items() if not item.is_required}
    told.update(step.arguments)
    return [
        [name, _told([value] if wanted[name].is_list and isinstance(value, str) else value)]
        for name, value in sorted(told.items())
    ]


def _told(value: object) -> Any:
    """Write a value so that what acts alike looks alike: 60 as 60.0, a list as a tuple."""
    if isinstance(value, Mapping):
        return {"table": [[key, _told(item)] for key, item in value.items()]}
    if isinstance(value, list | tuple):
        return [_told(item) for item in value]
    if isinstance(value, Area):
        return {"area": value.name, "wkb": value.polygon.wkb_hex}
    if isinstance(value, Real) and not isinstance(value, bool):
        return float(value)
    return value


def _frozen(value: Any) -> Any:
    if isinstance(value, Arguments):
        return value
    if isinstance(value, Mapping):
        return Arguments(tuple((str(key), _frozen(item)) for key, item in value.items()))
    if isinstance(value, list | tuple):
        return tuple(_frozen(item) for item in value)
    if isinstance(value, bool):
        return value
    if isinstance(value, Integral):
        return int(value)
    return float(value) if isinstance(value, Real) else value
