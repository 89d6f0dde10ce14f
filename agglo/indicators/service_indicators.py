"""The registered measures of services: clinics, schools, freight terminals, joint services."""

from __future__ import annotations

from functools import partial

import numpy as np
import pandas as pd

from agglo.cooperation.joint_services import service_savings
from agglo.indicators.access import people_mean
from agglo.indicators.case import TRIPS_PER_DAY, Case, Given, inside_of
from agglo.indicators.indicator import IC, MB, NETWORK, Indicator
from agglo.indicators.measures import minutes_to, whole_only, with_whole
from agglo.units import MINUTES_PER_HOUR

DAYS_PER_YEAR = 365.0
"""A terminal works every day."""

CARE = ("hospital", "clinic")
"""Kinds of facility that a visit may be made to."""

NEAR = ("clinic", "school", "park")
"""Kinds that layers may lack: the indicator is absent then."""


def service_indicators() -> dict[str, Indicator]:
    """Return the indicators by name."""
    ways = (*NETWORK, "facilities")
    near = {
        f"minutes_to_{kind}": Indicator(
            partial(minutes_to, kind=kind), "min", -1, IC, "nearest by car, mean over residents",
            ways, needs=("facilities",),
        )
        for kind in NEAR
    }  # fmt: skip
    return {
        **near,
        "clinic_hours_per_resident_year": Indicator(
            clinic_hours, "h per year", -1, IC,
            "identity: visits × (1 − share from home) × 2 × minutes by car to the nearest", ways,
            needs=("facilities",), basis=inside_of,
        ),
        "hub_yard_teu": Indicator(
            hub_yard, "TEU", 0, IC, "stock = flow × time (Little 1961)", ("zones", "hubs"),
            is_modelled=False,
        ),
        "hub_capacity_used_share": Indicator(
            hub_used, "share", 0, IC, "identity: throughput over capacity", ("zones", "hubs"),
            is_modelled=False,
        ),
        "joint_saving_share": Indicator(
            joint_saving, "share", 1, MB,
            "1 − (Σ Q)^e / Σ Q^e − coordination, Q residents; e assumed (Bel, Sebő)",
            ("zones", "joint_services"),
        ),
        "joint_saving_mln_rub": Indicator(
            joint_saving_money, "mln RUB per year", 1, MB,
            "saving share × what the partners spend apart",
            ("zones", "joint_services", "budgets"),
        ),
    }  # fmt: skip


def clinic_hours(case: Given) -> pd.Series:
    """Hours a year that a resident spends on the way to clinics and back, by home zone.

    ``visits × (1 − share made from home) × 2 × minutes / 60`` with the minutes by car to the
    nearest hospital or clinic, so linear in the share. 'all' is the mean over residents; zones
    without any way to one are absent.
    """
    own = inside_of(case)
    kinds = [kind for kind in CARE if kind in own.case.facility_min]
    if not kinds:
        return whole_only(float("nan"))
    zones = own.case.region["zones"]
    minutes = own.case.facility_min[kinds].to_numpy(dtype=float)[own.at].min(axis=1)
    televisits = np.nan_to_num(zones["televisit_share"].to_numpy(dtype=float)[own.at])
    trips = own.case.parameters.clinic_visits_per_resident_year * (1 - televisits) * TRIPS_PER_DAY
    has = np.isfinite(minutes)
    hours = pd.Series(trips[has] * minutes[has] / MINUTES_PER_HOUR, index=own.case.inside[has])
    return with_whole(hours, people_mean(hours.to_numpy(), own.population[has]))


def hub_yard(case: Case) -> pd.Series:
    """Containers that stand in freight terminals on a mean day, in TEU, by terminal; all together.

    What passes in a day × the days that it stays (Little 1961).
    """
    hubs = case.region["hubs"]
    if hubs.empty:
        return whole_only(float("nan"))
    stock = hubs["throughput_teu_per_year"] / DAYS_PER_YEAR * hubs["dwell_days"]
    return with_whole(stock, float(stock.sum()))


def hub_used(case: Case) -> pd.Series:
    """Share of the capacity of freight terminals that is used; above 1 it does not suffice."""
    hubs = case.region["hubs"]
    if hubs.empty:
        return whole_only(float("nan"))
    flow, capacity = hubs["throughput_teu_per_year"], hubs["capacity_teu_per_year"]
    return with_whole(flow / capacity, float(flow.sum() / capacity.sum()))


def joint_saving(case: Case) -> pd.Series:
    """Share of their cost that services run together save, by service; 'all' is their mean.

    Where no service is joint nothing is saved: 0. Where the people of a partner are not known,
    its services and the mean are absent.
    """
    return _with_mean(_savings(case)["saving_share"])


def joint_saving_money(case: Case) -> pd.Series:
    """Millions of RUB a year that services run together save, by service; all together.

    Absent for services of which not every partner's spending is known, in one and the same
    year, the latest; 'all' is absent too then. Without budgets nothing is known.
    """
    budgets = case.region["budgets"]
    if budgets.empty:
        return whole_only(float("nan"))
    saved = _savings(case)["saving_share"]
    spent = spending_apart(case.region["joint_services"], budgets)
    money = saved * spent.reindex(saved.index)
    return with_whole(money.dropna(), float(money.sum(skipna=False)))


def spending_apart(joint_services: pd.DataFrame, budgets: pd.DataFrame) -> pd.Series:
    """What the partners of each joint service spend on it, millions of RUB a year.

    Returns
    -------
    spending_apart
        By service, of the latest year in which the spending of every partner is known; services
        without such a year are left out.
    """
    pairs = joint_services[["service_id", "municipality_id"]].reset_index(drop=True)
    partners = pairs.groupby("service_id")["municipality_id"].nunique()
    own = pairs.merge(budgets.reset_index(drop=True), on=["service_id", "municipality_id"])
    yearly = own.groupby(["service_id", "year"])["spend_mln_rub"].agg(["sum", "count"])
    at = yearly.index.get_level_values("service_id")
    whole = yearly[yearly["count"].to_numpy() == partners.reindex(at).to_numpy()]
    latest: pd.Series = whole["sum"].groupby(level="service_id").last()
    return latest.rename("spending_apart")


def municipal_population(region_zones: pd.DataFrame) -> pd.Series:
    """People by municipality, from the zones inside."""
    inside = region_zones[region_zones["kind"] != "outside"]
    placed = inside[inside["municipality_id"] != ""]
    people: pd.Series = placed.groupby("municipality_id")["population_count"].sum()
    return people


def _savings(case: Case) -> pd.DataFrame:
    region = case.region
    return service_savings(region["joint_services"], municipal_population(region["zones"]))


def _with_mean(values: pd.Series) -> pd.Series:
    whole = float(values.mean(skipna=False)) if len(values) else 0.0
    return with_whole(values.dropna(), whole)
