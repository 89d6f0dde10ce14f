"""The range of a score: every assumption in turn at the low and the high end of its range."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import partial

import pandas as pd

from agglo.parameters import Assumption, Parameters, with_value
from agglo.region import Region


@dataclass(frozen=True, slots=True, kw_only=True)
class Variant:
    """One assumption at one end of its range."""

    name: str
    """What is varied and to what, as progress shows it."""

    parameter: str = ""
    """The parameter that is varied, if it is one."""

    parameters: Callable[[Parameters], Parameters] = lambda given: given
    region: Callable[[Region], Region] = lambda given: given


def assumption_ends(assumptions: Mapping[str, Assumption]) -> list[Variant]:
    """List every assumption at its low and at its high end, one at a time."""
    varied = [
        Variant(
            name=f"{name} = {end:g}",
            parameter=name,
            parameters=partial(with_value, name=name, value=end),
        )
        for name, item in sorted(assumptions.items())
        for end in (item.low, item.high)
        if end != item.value
    ]
    for end in ("low", "high"):
        varied += [
            Variant(name=f"headways {end}", region=partial(with_headways, end=end)),
            Variant(name=f"outside jobs {end}", region=partial(with_outside_jobs, end=end)),
            Variant(name=f"jobs of the core {end}", region=partial(with_core_jobs, end=end)),
        ]
    return varied


def with_headways(region: Region, *, end: str) -> Region:
    """Put every headway at one end of its range ('low' or 'high')."""
    lines = region["lines"].assign(headway_min=region["lines"][f"headway_{end}_min"])
    return region.with_tables(lines=lines)


def with_outside_jobs(region: Region, *, end: str) -> Region:
    """Put the jobs that pull people out at one end; jobs inside are scaled to close."""
    zones = region["zones"].copy()
    outside = zones["kind"] == "outside"
    zones.loc[outside, "jobs_count"] = zones.loc[outside, f"jobs_{end}_count"]
    return region.with_tables(zones=_closed(zones, ~outside))


def with_core_jobs(region: Region, *, end: str) -> Region:
    """Put the jobs of the zone with most of them at one end; the others inside close."""
    zones = region["zones"].copy()
    inside = zones["kind"] != "outside"
    is_core = zones.index == zones.loc[inside, "jobs_count"].idxmax()
    zones["jobs_count"] = zones["jobs_count"].mask(is_core, zones[f"jobs_{end}_count"])
    return region.with_tables(zones=_closed(zones, inside & ~is_core))


def _closed(zones: pd.DataFrame, free: pd.Series) -> pd.DataFrame:
    """Scale the jobs of the free zones so that workers and jobs have one total."""
    missing = zones["workers_count"].sum() - zones.loc[~free, "jobs_count"].sum()
    factor = max(missing, 0.0) / zones.loc[free, "jobs_count"].sum()
    zones.loc[free, "jobs_count"] *= factor
    return zones
