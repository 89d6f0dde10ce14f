"""The registered measures of functional specialisation and of development projects.

Wages by industry stand in for nothing here: they do not say how many people an industry has.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from functools import partial

import numpy as np
import pandas as pd

from agglo.cooperation import projects, specialisation
from agglo.cooperation.relatedness import specialised
from agglo.indicators.access import weighted_mean
from agglo.indicators.case import Case
from agglo.indicators.indicator import DP, FS, Indicator
from agglo.indicators.measures import whole_only, with_whole

LEAST_KNOWN_SHARE = 0.5
"""A town of whose jobs less is known by sector does not count: the rest may be anything."""

SECTOR_TABLES = ("zones", "sector_jobs")


@dataclass(frozen=True, slots=True, kw_only=True)
class TownSectors:
    """Jobs of the centres by sector, where enough of them are known."""

    jobs: pd.DataFrame
    """Centres × sectors; empty where fewer than two centres are known."""

    known_share: float
    """Share of the jobs inside whose sector is known, ``nan`` without jobs."""


def specialisation_indicators() -> dict[str, Indicator]:
    """Return the measures of specialisation and of the register of projects, by name."""
    return {**_specialisation(), **_projects()}


def town_sectors(case: Case) -> TownSectors:
    """Lay out the jobs of the centres by sector, once for all measures of specialisation."""
    zones = case.region["zones"].loc[case.inside]
    rows = case.region["sector_jobs"]
    rows = rows[rows["zone_id"].isin(zones.index)]
    counts = rows["jobs_count"].astype(float)
    wide = counts.groupby([rows["zone_id"].astype(str), rows["sector"].astype(str)]).sum().unstack()
    wide = wide.reindex(zones.index).fillna(0.0)
    jobs = zones["jobs_count"].astype(float)
    known = wide.sum(axis=1)
    whole = float(np.minimum(known, jobs).sum() / jobs.sum()) if jobs.sum() > 0 else float("nan")
    counts_as = zones["is_centre"].astype(bool) & (known > 0) & (known >= LEAST_KNOWN_SHARE * jobs)
    kept = wide[counts_as] if counts_as.sum() > 1 else wide.iloc[:0]
    return TownSectors(jobs=kept, known_share=whole)


def sector_coverage(own: TownSectors) -> pd.Series:
    """Share of the jobs inside whose sector is known."""
    return whole_only(own.known_share)


def towns_duplication(own: TownSectors) -> pd.Series:
    """How far the centres do the same, mean over pairs; ``nan`` for fewer than two."""
    return whole_only(specialisation.mean_duplication(own.jobs) if len(own.jobs) else float("nan"))


def of_towns(own: TownSectors, *, function: Callable[[pd.DataFrame], pd.Series]) -> pd.Series:
    """Measure the sectors of each centre; 'all' is the mean over their known jobs."""
    if own.jobs.empty:
        return whole_only(float("nan"))
    values = function(own.jobs)
    return with_whole(values, weighted_mean(values, own.jobs.sum(axis=1)))


def specialised_count(jobs_count: pd.DataFrame) -> pd.Series:
    """Count the sectors in which a place is specialised."""
    quotients = specialisation.location_quotients(jobs_count)
    return specialised(quotients).sum(axis=1).astype(float)


def project_share(case: Case, *, what: str) -> pd.Series:
    """Share of the projects whose record says something."""
    return whole_only(projects.known_share(case.region["projects"], what))


def project_gap(case: Case) -> pd.Series:
    """Cost of the projects without named funding, mln RUB."""
    return whole_only(projects.unfunded_mln_rub(case.region["projects"]))


def _specialisation() -> dict[str, Indicator]:
    found = {}
    for name, function, unit, better, source in (
        ("sector_known_share", sector_coverage, "share", 0, "coverage of the table sector_jobs"),
        ("towns_duplication_share", towns_duplication, "share", -1,
         "Finger, Kreinin 1979, pairs weighted by jobs"),
        ("krugman_specialisation", partial(of_towns, function=specialisation.krugman_index),
         "index", 0, "Krugman 1991, against all centres"),
        ("specialisation_coefficient",
         partial(of_towns, function=specialisation.specialisation_coefficient), "share", 0,
         "half of Krugman 1991"),
        ("sector_concentration", partial(of_towns, function=specialisation.sector_concentration),
         "index", 0, "sum of squared shares (Herfindahl, Hirschman)"),
        ("hachman_index", partial(of_towns, function=specialisation.hachman_index), "index", 0,
         "Hachman 1994"),
        ("sector_entropy_bits", partial(of_towns, function=specialisation.sector_entropy_bits),
         "bits", 0, "Shannon 1948"),
        ("specialised_sectors_count", partial(of_towns, function=specialised_count), "sectors", 0,
         "location quotient of 1 or more (Balassa 1965)"),
    ):  # fmt: skip
        found[name] = Indicator(
            function, unit, better, FS, source, SECTOR_TABLES,
            is_modelled=False, basis=town_sectors,
        )  # fmt: skip
    return found


def _projects() -> dict[str, Indicator]:
    found = {
        f"project_{what}_known_share": Indicator(
            partial(project_share, what=what),
            "share",
            1,
            DP,
            f"projects of the register whose record names {label}",
            ("municipalities", "projects"),
            is_modelled=False,
        )
        for what, label in (
            ("cost", "a cost"),
            ("funding", "its funding"),
            ("scenario", "the scenario that says what it changes"),
        )
    }
    found["project_unfunded_mln_rub"] = Indicator(
        project_gap,
        "mln RUB",
        -1,
        DP,
        "cost of the projects of the register without named funding",
        ("municipalities", "projects"),
        is_modelled=False,
    )
    return found
