"""Of the jobs of a zone, how many are known to be of a sector, when jobs come and go."""

from __future__ import annotations

import pandas as pd

from agglo.errors import ScenarioError
from agglo.scenarios.selections import folded

ROUNDING_COUNT = 1e-6
"""Jobs that products of shares may be off by."""


def known_sector(sector_jobs: pd.DataFrame, sector: str) -> str:
    """Return a sector as the table spells it, or as it is given if the table has none such.

    Raises
    ------
    ScenarioError
        If the name has no letter or digit.
    """
    spelling = folded(sector)
    if not spelling:
        raise ScenarioError(f"sector '{sector}' is no name; give a letter of OKVED or a word")
    there = sorted(set(sector_jobs["sector"]))
    if sector in there:
        return sector
    return next((one for one in there if folded(one) == spelling), sector)


def moved_sector_jobs(
    sector_jobs: pd.DataFrame, jobs_count: pd.Series, sector: str
) -> pd.DataFrame:
    """Add jobs of a sector to zones, or take them away.

    Parameters
    ----------
    sector_jobs
        The table of a region.
    jobs_count
        Jobs by zone that come (above 0) or go.
    sector
        As the table spells it.

    Raises
    ------
    ScenarioError
        If more go than are known to be of the sector.
    """
    keys = [(zone, sector) for zone in jobs_count.index]
    before = sector_jobs["jobs_count"].reindex(keys).astype(float)
    added = pd.Series(jobs_count.to_numpy(dtype=float), index=before.index)
    after = before.fillna(0.0) + added
    short = (added < 0) & ~(after >= -ROUNDING_COUNT)
    if short.any():
        zone = short.index[short.to_numpy()][0][0]
        raise ScenarioError(_too_many(sector_jobs, str(zone), sector, -float(jobs_count[zone])))
    rows = pd.DataFrame(
        {
            "zone_id": jobs_count.index,
            "sector": sector,
            "jobs_count": after.clip(lower=0).to_numpy(),
            "status": "assumed",
        }
    )
    rows.index = pd.MultiIndex.from_frame(rows[["zone_id", "sector"]], names=[None, None])
    is_touched = (added != 0).to_numpy()
    is_new = is_touched & before.isna().to_numpy()
    if not is_touched.any():
        return sector_jobs
    table = sector_jobs.copy()
    changed = rows[is_touched & ~is_new]
    table.loc[changed.index, ["jobs_count", "status"]] = changed[["jobs_count", "status"]]
    return pd.concat([table, rows[is_new]]) if len(table) else rows[is_new]


def unnamed_leave(
    sector_jobs: pd.DataFrame, before_count: pd.Series, after_count: pd.Series
) -> pd.DataFrame:
    """Let jobs go of which no sector is named: first those of which none is known.

    Where more go than those, the known ones of all sectors shrink alike, so that they are never
    more than the jobs of the zone.

    Parameters
    ----------
    before_count, after_count
        All jobs by zone.
    """
    if sector_jobs.empty:
        return sector_jobs
    known = sector_jobs.groupby("zone_id")["jobs_count"].sum().reindex(before_count.index)
    # a table that knows of more jobs than there are keeps that proportion
    most = after_count * (known / before_count.where(before_count > 0)).clip(lower=1.0)
    left = (most / known).where((after_count < before_count) & (known > most), 1.0)
    factor = sector_jobs["zone_id"].map(left).fillna(1.0)
    if (factor == 1.0).all():
        return sector_jobs
    return sector_jobs.assign(jobs_count=sector_jobs["jobs_count"] * factor)


def _too_many(sector_jobs: pd.DataFrame, zone: str, sector: str, wanted: float) -> str:
    own = sector_jobs[sector_jobs["zone_id"] == zone].set_index("sector")["jobs_count"]
    if sector in own:
        return (
            f"of the jobs of zone '{zone}' {own[sector]:,.0f} are known to be of sector "
            f"'{sector}'; {wanted:,.0f} cannot leave it"
        )
    there = ", ".join(f"'{one}'" for one in sorted(own.index)) or "none"
    return (
        f"of no job of zone '{zone}' it is known that it is of sector '{sector}' (known there: "
        f"{there}); leave 'sector' out to take away jobs of any sector"
    )
