"""Runs with other assumptions: each at an end of its range, or all drawn at once."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from types import MappingProxyType

import numpy as np
import pandas as pd

from agglo.errors import ScenarioError, SettingsError
from agglo.parameters import Assumption, Parameters, with_value
from agglo.territory.firmness import triangular
from agglo.transport.topology import Floats

CENTRAL = -1
"""Number of the run in which every assumption has its value."""

HEADWAYS, OUTSIDE_JOBS, CORE_JOBS, ROAD_MINUTES, JOINT_COSTS = (
    "headways", "outside_jobs", "core_jobs", "road_minutes", "joint_costs",
)  # fmt: skip
GROUPS = (HEADWAYS, OUTSIDE_JOBS, CORE_JOBS, ROAD_MINUTES, JOINT_COSTS)
"""What varies beside the parameters: each as a whole, within the ranges of its rows."""

MOST_DRAWS = 2**20


@dataclass(frozen=True, slots=True, kw_only=True)
class Variant:
    """One run of all scenarios with other assumptions; what is not named has its value."""

    name: str = "central"
    number: int = CENTRAL
    parts: Mapping[str, float] = field(default_factory=dict)
    """By assumption or group: which part of its distribution, 0 (low end) to 1 (high end)."""


def varied_names(assumptions: Mapping[str, Assumption]) -> tuple[str, ...]:
    """Name what varies: the assumptions with a range in the order of their names, the groups."""
    ranged = sorted(name for name, item in assumptions.items() if item.low < item.high)
    return (*ranged, *GROUPS)


def assumption_ends(assumptions: Mapping[str, Assumption]) -> list[Variant]:
    """Put every assumption and group in turn at its low and at its high end.

    An end that is the value itself is left out.
    """
    ends = []
    for name in varied_names(assumptions):
        for end, part in (("low", 0.0), ("high", 1.0)):
            item = assumptions.get(name)
            if item is None or getattr(item, end) != item.value:
                shown = f"{name} {end}" if item is None else f"{name} = {getattr(item, end):g}"
                ends.append(Variant(name=shown, parts=MappingProxyType({name: part})))
    return ends


def drawn_variants(
    assumptions: Mapping[str, Assumption],
    *,
    seed: int,
    numbers: Sequence[int],
    vary: Sequence[str] = (),
) -> list[Variant]:
    """Draw runs in which all assumptions vary at once.

    Draw number k is the k-th point of a scrambled Sobol sequence (Sobol 1967; Owen 1998): it
    depends on the seed and on what can vary, not on how many are drawn. Baseline and scenarios
    share a draw (common random numbers), so that their differences are those of the scenarios.

    Parameters
    ----------
    numbers
        Numbers of draws, 0 or more; −1 is the central run.
    vary
        What is drawn; without any all that can vary. What is left out keeps its value, and what
        is drawn is drawn as if all were.

    Raises
    ------
    SettingsError
        If a number or a name is unknown.
    """
    names = varied_names(assumptions)
    unknown = sorted(set(vary) - set(names))
    if unknown:
        raise SettingsError(f"'{unknown[0]}' does not vary; there are {', '.join(names)}")
    if numbers and not CENTRAL <= min(numbers) <= max(numbers) < MOST_DRAWS:
        raise SettingsError(f"draws are numbered from 0 to {MOST_DRAWS - 1}, −1 is the central run")
    points = _points(len(names), seed, max(numbers, default=CENTRAL) + 1)
    chosen = [(place, name) for place, name in enumerate(names) if not vary or name in vary]
    return [
        Variant()
        if number == CENTRAL
        else Variant(
            name=f"draw {number + 1}",
            number=number,
            parts={name: float(points[number, place]) for place, name in chosen},
        )
        for number in numbers
    ]


def drawn_values(
    assumptions: Mapping[str, Assumption], variants: Sequence[Variant]
) -> pd.DataFrame:
    """Say what variants draw.

    Returns
    -------
    drawn_values
        Index number of the draw; columns by what can vary: the value of a parameter, the part
        (0–1) of the distribution of a group; ``nan`` where a group is not drawn.
    """
    rows = [
        {
            name: float(_value(assumptions[name], one))
            if name in assumptions
            else one.parts.get(name, np.nan)
            for name in varied_names(assumptions)
        }
        for one in variants
    ]
    numbers = pd.Index([one.number for one in variants], dtype="int64", name="draw")
    return pd.DataFrame(rows, index=numbers, columns=list(varied_names(assumptions)), dtype=float)


def central_rows(frame: pd.DataFrame) -> pd.DataFrame:
    """Return the rows of the central run of a frame whose index is (draw, scenario)."""
    return frame[frame.index.get_level_values("draw") == CENTRAL].droplevel("draw")


def varied_parameters(
    parameters: Parameters, assumptions: Mapping[str, Assumption], variant: Variant
) -> Parameters:
    """Return the parameters of a variant."""
    for name in sorted(set(variant.parts) & set(assumptions)):
        parameters = with_value(parameters, name, float(_value(assumptions[name], variant)))
    return parameters


def varied_lines(lines: pd.DataFrame, variant: Variant) -> pd.DataFrame:
    """Return the lines with every headway at the same part of its own range."""
    if HEADWAYS not in variant.parts:
        return lines
    return lines.assign(
        headway_min=_of_rows(
            lines, variant, HEADWAYS, ("headway_low_min", "headway_min", "headway_high_min")
        )
    )


def varied_services(services: pd.DataFrame, variant: Variant) -> pd.DataFrame:
    """Return the joint services with elasticity and coordination at one part of their ranges."""
    if JOINT_COSTS not in variant.parts or services.empty:
        return services
    ends = {
        "cost_elasticity": ("cost_elasticity_low", "cost_elasticity", "cost_elasticity_high"),
        "coordination_share": (
            "coordination_low_share", "coordination_share", "coordination_high_share",
        ),
    }  # fmt: skip
    drawn = {name: _of_rows(services, variant, JOINT_COSTS, own) for name, own in ends.items()}
    return services.assign(**drawn)


def varied_jobs(zones: pd.DataFrame, variant: Variant) -> pd.Series:
    """Return the jobs of the baseline's zones.

    What outside zones pull more or less is taken from or given to all zones inside, what the
    zone with most jobs has more or less to the other zones inside, in proportion to their jobs:
    the total stays.
    """
    jobs = zones["jobs_count"].astype(float)
    outside = zones["kind"] == "outside"
    core = zones.index == jobs[~outside].idxmax()
    for name, moved, others in (
        (OUTSIDE_JOBS, outside, ~outside),
        (CORE_JOBS, pd.Series(core, index=zones.index), ~outside & ~core),
    ):
        if name in variant.parts and jobs[others].sum() > 0:
            drawn = _of_rows(
                zones, variant, name, ("jobs_low_count", "jobs_count", "jobs_high_count")
            )
            more = np.where(moved, drawn - zones["jobs_count"], 0.0)
            left = jobs[others].sum() - more.sum()
            if left < 0:
                raise ScenarioError(
                    f"{variant.name}: '{name}' asks for more jobs than the other zones have; "
                    "narrow jobs_low_count and jobs_high_count in the layer 'zones'"
                )
            jobs = jobs + more
            jobs = jobs.where(~others, jobs * (left / jobs[others].sum()))
    return jobs


def road_factor(variant: Variant, *, minutes_share: float) -> float:
    """By how much every way by car takes longer or shorter; 1 where it does not vary."""
    if ROAD_MINUTES not in variant.parts:
        return 1.0
    part = _part(variant, ROAD_MINUTES)
    return float(triangular(part, 1 - minutes_share, 1.0, 1 + minutes_share))


def _of_rows(
    table: pd.DataFrame, variant: Variant, name: str, columns: tuple[str, str, str]
) -> Floats:
    low, middle, high = (table[column].to_numpy(dtype=float) for column in columns)
    return triangular(_part(variant, name), low, middle, high)


def _value(item: Assumption, variant: Variant) -> Floats:
    if item.name not in variant.parts:
        return np.asarray(item.value)
    return triangular(_part(variant, item.name), item.low, item.value, item.high)


def _part(variant: Variant, name: str) -> Floats:
    return np.asarray(variant.parts[name], dtype=float)


def _points(dimensions: int, seed: int, count: int) -> Floats:
    """Return the first points of the sequence, draws × what varies."""
    if count <= 0:
        return np.empty((0, dimensions))
    from scipy.stats.qmc import Sobol

    sequence = Sobol(dimensions, scramble=True, rng=seed)
    return np.asarray(sequence.random_base2(max(0, int(np.ceil(np.log2(count))))))[:count]
