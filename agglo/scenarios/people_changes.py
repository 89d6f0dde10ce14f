"""Changes of where people live and work, and of the days on which they stay at home."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence

import pandas as pd

from agglo.errors import ScenarioError
from agglo.region import Region
from agglo.scenarios.sector_jobs import known_sector, moved_sector_jobs, unnamed_leave
from agglo.scenarios.selections import check_amount, check_positive, known_id, zones_in

ROUNDING_COUNT = 1e-6
"""Persons that products of shares may be off by."""

M2_PER_RESIDENT = 30.0
"""Assumed: housing of a new resident; about what people in Russia have on average."""


def add_jobs(region: Region, *, zone: str, jobs_count: float, sector: str = "") -> Region:
    """Add jobs to a zone (or take them away, below 0).

    With a sector (a letter of OKVED or a name) the jobs that are known to be of it change too;
    only as many as are known can be taken away by name.
    """
    return _shifted(region, {zone: {"jobs": jobs_count}}, sector=sector)


def move_jobs(
    region: Region,
    *,
    to_zone: Mapping[str, float],
    from_zone: Mapping[str, float],
    sector: str = "",
) -> Region:
    """Move jobs between zones; the total is kept, and that of the sector if one is named.

    Both tables give jobs by zone and must have the same total.
    """
    moves = _moves(region, to_zone, from_zone, "jobs")
    return _shifted(region, {zone: {"jobs": count} for zone, count in moves.items()}, sector=sector)


def add_population(
    region: Region, *, zone: str, population_count: float, jobs_per_resident: float = 0.0
) -> Region:
    """Add residents to a zone, with workers at the zone's own rate and jobs if wanted."""
    check_amount("jobs_per_resident", jobs_per_resident)
    return _shifted(
        region,
        {zone: {"population": population_count, "jobs": population_count * jobs_per_resident}},
    )


def add_housing(
    region: Region,
    *,
    zone: str,
    housing_m2: float,
    m2_per_resident: float = M2_PER_RESIDENT,
    jobs_per_resident: float = 0.0,
) -> Region:
    """Build housing in a zone; as many people move in as it has room for.

    Residents are the floor space over the space of a resident, 30 m² unless another is given.
    They come from outside the region, with workers at the zone's own rate and jobs if wanted.
    To say where the housing stands, draw it: ``set_land_use``.
    """
    check_positive("housing_m2", housing_m2)
    check_positive("m2_per_resident", m2_per_resident)
    return add_population(
        region,
        zone=zone,
        population_count=housing_m2 / m2_per_resident,
        jobs_per_resident=jobs_per_resident,
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
    check_amount("jobs_per_resident", jobs_per_resident)
    moves = {
        zone: {"population": people, "jobs": people * jobs_per_resident}
        for zone, people in _moves(region, to_zone, from_zone, "people").items()
    }
    return _shifted(region, moves, keep_workers=True)


def set_telework(
    region: Region, *, share: float, zone: Sequence[str] = (), municipality: str = ""
) -> Region:
    """Set the share of working days that workers spend at home, 0 to 1.

    It holds for those who live in the named zones or municipality; without either for all.
    """
    return _set_share(region, "telework_share", share, zone, municipality)


def set_televisits(region: Region, *, share: float, municipality: str = "") -> Region:
    """Set the share of visits to clinics and hospitals that people make from home, 0 to 1.

    It holds for the residents of a municipality; without one for all.
    """
    return _set_share(region, "televisit_share", share, (), municipality)


def with_people(
    region: Region, *, population: Mapping[str, float], jobs: Mapping[str, float]
) -> Region:
    """Add residents, with workers at the rate of their zone, and jobs; both by zone."""
    moves = {
        zone: {"population": population.get(zone, 0.0), "jobs": jobs.get(zone, 0.0)}
        for zone in dict.fromkeys((*population, *jobs))
    }
    return _shifted(region, moves)


def _set_share(
    region: Region, column: str, share: float, zone: Sequence[str], municipality: str
) -> Region:
    if not 0 <= share <= 1:
        raise ScenarioError(f"share must be between 0 and 1; got {share:g}")
    chosen = zones_in(region, zone=zone, municipality=municipality)
    zones = region["zones"].copy()
    if column not in zones:
        zones[column] = math.nan
    zones.loc[chosen, column] = float(share)
    return region.with_tables(zones=zones)


def _moves(
    region: Region, to_zone: Mapping[str, float], from_zone: Mapping[str, float], what: str
) -> dict[str, float]:
    """Join what comes and what goes by zone id, and see that it is as much."""
    come, go = sum(to_zone.values()), sum(from_zone.values())
    if abs(come - go) > ROUNDING_COUNT:
        raise ScenarioError(f"{come:g} {what} arrive but {go:g} leave; both totals must be equal")
    inside = _inside(region)
    moves: dict[str, float] = {}
    for sign, table in ((1, to_zone), (-1, from_zone)):
        for zone, count in table.items():
            check_positive(f"{what} of '{zone}'", count)
            own = known_id(inside, "zone_id", zone, "zone inside")
            if own in moves and (moves[own] > 0) != (sign > 0):
                raise ScenarioError(f"zone '{own}' stands in to_zone and in from_zone")
            if own in moves:
                raise ScenarioError(f"zone '{own}' is named twice in one table; join the two")
            moves[own] = sign * count
    return moves


def _inside(region: Region) -> pd.DataFrame:
    zones = region["zones"]
    return zones[zones["kind"] != "outside"]


def _shifted(
    region: Region,
    moves: Mapping[str, Mapping[str, float]],
    *,
    keep_workers: bool = False,
    sector: str = "",
) -> Region:
    """Add people and jobs to zones; workers follow people at the rate of the zone they leave.

    With ``keep_workers`` the workers who leave are shared among the zones that people go to,
    so that the total of workers is kept.
    """
    zones = region["zones"].copy()
    inside = _inside(region)
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
    known = _sector_jobs(region, zones, jobs, sector)
    tables = {} if known is region["sector_jobs"] else {"sector_jobs": known}
    return region.with_tables(zones=zones, **tables)


def _sector_jobs(region: Region, zones: pd.DataFrame, jobs: pd.Series, sector: str) -> pd.DataFrame:
    """Return what is known of sectors once jobs have come and gone."""
    known = region["sector_jobs"]
    if sector:
        return moved_sector_jobs(known, jobs, known_sector(known, sector))
    before = region["zones"].loc[jobs.index, "jobs_count"]
    return unnamed_leave(known, before, zones.loc[jobs.index, "jobs_count"])


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
