"""Changes of where people live and work."""

from __future__ import annotations

from collections.abc import Mapping

import pandas as pd

from agglo.errors import ScenarioError
from agglo.region import Region
from agglo.scenarios.selections import check_positive, known_id

ROUNDING_COUNT = 1e-6
"""Persons that products of shares may be off by."""


def add_jobs(region: Region, *, zone: str, jobs_count: float) -> Region:
    """Add jobs to a zone (or take them away, below 0)."""
    return _shifted(region, {zone: {"jobs": jobs_count}})


def add_population(
    region: Region, *, zone: str, population_count: float, jobs_per_resident: float = 0.0
) -> Region:
    """Add residents to a zone, with workers at the zone's own rate and jobs if wanted."""
    return _shifted(
        region,
        {zone: {"population": population_count, "jobs": population_count * jobs_per_resident}},
    )


def shift_population(
    region: Region,
    *,
    to_zone: Mapping[str, float],
    from_zone: Mapping[str, float],
    jobs_per_resident: float = 0.0,
) -> Region:
    """Let people move between zones, with jobs that follow them; totals are kept.

    Both tables give persons by zone and must have the same total.
    """
    come, go = sum(to_zone.values()), sum(from_zone.values())
    if abs(come - go) > 1e-6:
        raise ScenarioError(f"{come:g} people arrive but {go:g} leave; both totals must be equal")
    moves: dict[str, dict[str, float]] = {}
    for sign, table in ((1, to_zone), (-1, from_zone)):
        for zone, people in table.items():
            check_positive(f"people of '{zone}'", people)
            if zone in moves:
                raise ScenarioError(f"zone '{zone}' stands in to_zone and in from_zone")
            moves[zone] = {
                "population": sign * people,
                "jobs": sign * people * jobs_per_resident,
            }
    return _shifted(region, moves, keep_workers=True)


def _shifted(
    region: Region, moves: Mapping[str, Mapping[str, float]], *, keep_workers: bool = False
) -> Region:
    """Add people and jobs to zones; workers follow people at the rate of the zone they leave.

    With ``keep_workers`` the workers who leave are shared among the zones that people go to,
    so that the total of workers is kept.
    """
    zones = region["zones"].copy()
    inside = zones[zones["kind"] != "outside"]
    moves = {known_id(inside, "zone_id", zone, "zone inside"): move for zone, move in moves.items()}
    people = pd.Series({zone: float(move.get("population", 0)) for zone, move in moves.items()})
    jobs = pd.Series({zone: float(move.get("jobs", 0)) for zone, move in moves.items()})
    residents = zones.loc[people.index, "population_count"]
    rate = (zones.loc[people.index, "workers_count"] / residents).where(residents > 0, 0.0)
    workers = people * rate
    if keep_workers:
        arrive = people.clip(lower=0)
        workers = workers.where(people < 0, arrive / arrive.sum() * -workers[people < 0].sum())
    for name, added in (("population", people), ("workers", workers), ("jobs", jobs)):
        _add(zones, name, added)
    return region.with_tables(zones=zones)


def _add(zones: pd.DataFrame, name: str, added: pd.Series) -> None:
    before = zones.loc[added.index, f"{name}_count"]
    short = before + added < -ROUNDING_COUNT
    if short.any():
        zone = added.index[short][0]
        raise ScenarioError(
            f"zone '{zone}' has {before[zone]:,.0f} {name}; {-added[zone]:,.0f} cannot leave it"
        )
    columns = [c for c in zones.columns if c.startswith(f"{name}_") and c.endswith("count")]
    for column in columns:
        zones.loc[added.index, column] = (zones.loc[added.index, column] + added).clip(lower=0)
