"""The registered measures of labour mobility beside those of access."""

from __future__ import annotations

from functools import partial

from agglo.indicators import labour
from agglo.indicators.fairness import gini, palma, share_below, shortfall
from agglo.indicators.indicator import LM, NETWORK, Indicator

WAGE_LIMIT_MIN = 45
"""Longest trip to a better wage, one way."""

ENOUGH_JOBS = 1.0
"""Jobs per worker: with fewer, not everybody who competes for them can have one."""


def labour_indicators() -> dict[str, Indicator]:
    """Return room for shorter commutes, fairness, gains and wages within reach, by name."""
    return {
        **_balance(),
        **_fairness(),
        **_gains(),
        **_wages(),
    }


def _balance() -> dict[str, Indicator]:
    """Homes against jobs, and commuting against the least that they ask for."""
    inner = labour.inner_commute
    return {
        "cross_municipal_share": Indicator(
            labour.cross_municipal, "share", 0, LM, "flows between municipalities of the region"
        ),
        "job_housing_ratio": Indicator(
            labour.job_housing,
            "jobs per worker",
            0,
            LM,
            "Cervero 1989",
            ("zones",),
            is_modelled=False,
        ),
        "job_housing_mismatch_share": Indicator(
            labour.mismatch,
            "share",
            -1,
            LM,
            "index of dissimilarity (Duncan, Duncan 1955)",
            ("zones",),
            is_modelled=False,
        ),
        "minimum_commute_min": Indicator(
            labour.least_commute, "min", -1, LM, "transport problem (White 1988)", basis=inner
        ),
        "excess_commuting_share": Indicator(
            labour.excess, "share", 0, LM, "White 1988", basis=inner
        ),
        "commute_capacity_used_share": Indicator(
            labour.capacity_used, "share", 0, LM, "Horner 2002; Murphy, Killen 2011", basis=inner
        ),
    }


def _fairness() -> dict[str, Indicator]:
    """How evenly workers share the jobs that they compete for."""
    found = {
        "spatial_availability": Indicator(
            labour.available_jobs, "jobs", 1, LM, "Soukhov et al. 2023", basis=labour.chances
        ),
        "jobs_per_worker_by_wage": Indicator(
            labour.chances_by_wage,
            "index",
            0,
            LM,
            "concentration index (Wagstaff et al. 1991)",
            (*NETWORK, "wages"),
            basis=labour.chances,
        ),
    }
    for name, function, unit, source in (
        ("jobs_per_worker_gini", gini, "index", "Gini 1912, over workers"),
        ("jobs_per_worker_palma", palma, "ratio", "Palma 2011, as means over workers"),
        (
            "few_jobs_workers_share",
            partial(share_below, line=ENOUGH_JOBS),
            "share",
            "Foster, Greer, Thorbecke 1984, power 0",
        ),
        (
            "jobs_short_share",
            partial(shortfall, line=ENOUGH_JOBS, power=1),
            "share",
            "Foster, Greer, Thorbecke 1984, power 1",
        ),
    ):
        measured = partial(labour.over_workers, function=function)
        found[name] = Indicator(measured, unit, -1, LM, source, basis=labour.chances)
    return found


def _gains() -> dict[str, Indicator]:
    """What workers gain against the baseline, minutes a day."""
    return {
        "access_gain_min_per_day": Indicator(
            labour.access_gain, "min/day", 1, LM, "logsum (Small, Rosen 1981)"
        ),
        "transport_gain_min_per_day": Indicator(
            labour.transport_gain, "min/day", 1, LM, "rule of half (TAG unit A1.3)"
        ),
    }


def _wages() -> dict[str, Indicator]:
    """Wages that workers can reach, with a car and without."""
    reach = partial(labour.wage_reach, within_min=WAGE_LIMIT_MIN)
    source = "mean wages by municipality, at the zone with most jobs"
    found = {}
    for mode in ("car", "transit"):
        for name, function, unit, better in (
            (f"best_wage_within_{WAGE_LIMIT_MIN}_min_{mode}", labour.best_wage, "RUB/month", 1),
            (f"wage_gap_within_{WAGE_LIMIT_MIN}_min_{mode}_share", labour.wage_gap, "share", 0),
        ):
            found[name] = Indicator(
                partial(function, mode=mode),
                unit,
                better,
                LM,
                source,
                (*NETWORK, "wages"),
                basis=reach,
            )
    return found
