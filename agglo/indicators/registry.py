"""The registered measures: name → function, unit, direction, goal, status, source."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from functools import partial
from operator import attrgetter

import numpy as np
import pandas as pd

from agglo.indicators import measures
from agglo.indicators.case import Case, inside_of
from agglo.indicators.fine_reach import fine_indicators
from agglo.indicators.imagery_indicators import imagery_indicators
from agglo.indicators.indicator import GOALS, IC, LM, MF, NETWORK, Indicator
from agglo.indicators.labour_indicators import labour_indicators
from agglo.indicators.measures import WHOLE
from agglo.indicators.service_indicators import service_indicators
from agglo.indicators.specialisation_indicators import specialisation_indicators
from agglo.tables import STATUSES, weakest_status
from agglo.territory.polycentricity import (
    effective_centres,
    primacy,
    rank_size_slope,
    two_city_index,
)
from agglo.transport.lines import WINDOWS

__all__ = [
    "GOALS", "INDICATORS", "NETWORK", "Indicator", "measure", "needs_of", "values_of",
    "whole_values",
]  # fmt: skip

THRESHOLDS_MIN = (30, 45, 60)

_inside = partial(Indicator, basis=inside_of)
"""Indicators that share the arrays of the zones inside."""


def _reach_indicators() -> dict[str, Indicator]:
    return {
        f"jobs_within_{minutes}_min_{mode}": _inside(
            partial(measures.reach, mode=mode, within_min=minutes),
            "jobs",
            1,
            LM,
            "cumulative opportunities (Wachs, Kumagai 1973); Prud'homme, Lee 1999",
        )
        for mode in ("car", "transit")
        for minutes in THRESHOLDS_MIN
    }


def _centre_indicators() -> dict[str, Indicator]:
    """Polycentricity of population and of jobs: both readings of 'no hypertrophied centre'."""
    found = {}
    for what, tables in (("population", ("settlements",)), ("jobs", ("zones",))):
        for name, function, unit, better, source in (
            ("primacy", primacy, "share", -1, "Jefferson 1939"),
            ("centres", effective_centres, "centres", 1, "Laakso, Taagepera 1979"),
            ("two_city_index", two_city_index, "ratio", 0, "Jefferson 1939"),
            ("rank_size_slope", rank_size_slope, "slope", 0, "Zipf 1949"),
        ):
            measured = partial(measures.of_centres, what=what, function=function)
            found[f"{what}_{name}"] = Indicator(
                measured, unit, better, MF, source, tables, is_modelled=False
            )
    return found


def _network_indicators() -> dict[str, Indicator]:
    """Indices of the road network as a planar graph, detours, modes joined."""
    found = {}
    for name, index, unit, better, source in (
        ("road_alpha", "alpha", "share", 1, "circuits over the most possible (Kansky 1963)"),
        ("road_beta", "beta", "links per node", 1, "links over nodes (Kansky 1963)"),
        ("road_gamma", "gamma", "share", 1, "links over the most possible (Kansky 1963)"),
        ("road_eta_km", "eta_km", "km", 0, "mean length of a link (Kansky 1963)"),
        ("algebraic_connectivity", "algebraic", "1/min", 1, "Fiedler 1973"),
        ("detour_of_sums", "detour_of_sums", "ratio", -1, "ratio of sums (Barthélemy 2011)"),
        ("detour_mean", "detour_mean", "ratio", -1, "mean of ratios (Barthélemy 2011)"),
        ("intermodal_share", "intermodal_share", "share", 0, "quickest way joins modes"),
    ):
        found[name] = Indicator(
            partial(measures.network_index, name=index),
            unit,
            better,
            IC,
            source,
            is_modelled=name in ("detour_of_sums", "detour_mean", "intermodal_share"),
            needs=("connectivity",),
        )
    return found


def _wait_indicators() -> dict[str, Indicator]:
    return {
        f"transit_wait_{window}_{quantile}_min": _inside(
            partial(measures.wait, window=window, quantile=quantile),
            "min",
            -1,
            LM,
            "departures drawn over the time window (Conway, Byrd, van der Linden 2017)",
            needs=("waits",),
        )
        for window in WINDOWS
        for quantile in ("median", "p90")
    }


def _facility_indicators() -> dict[str, Indicator]:
    return {
        f"minutes_to_{kind}": _inside(
            partial(measures.minutes_to, kind=kind),
            "min",
            -1,
            IC,
            "nearest by car, mean over residents",
            (*NETWORK, "facilities", "interchanges"),
            needs=("facilities",),
        )
        for kind in ("station", "hub", "airport", "hospital")
    }


INDICATORS: Mapping[str, Indicator] = {
    **_reach_indicators(),
    "jobs_by_decay": _inside(measures.gravity_reach, "jobs", 1, LM, "Hansen 1959"),
    "jobs_per_worker": _inside(measures.competition, "jobs per worker", 1, LM, "Shen 1998"),
    "jobs_per_worker_worst_quartile": _inside(
        measures.competition_worst_quartile, "jobs per worker", 1, LM, "Shen 1998"
    ),
    "minutes_per_worker_day": _inside(
        measures.minutes_per_worker_day, "min/day", -1, LM, "identity; days at home count as 0"
    ),
    "self_containment_supply": Indicator(
        partial(measures.containment, side="supply"), "share", 0, LM, "Goodman 1970"
    ),
    "self_containment_demand": Indicator(
        partial(measures.containment, side="demand"), "share", 0, LM, "Goodman 1970"
    ),
    "outside_workers_share": _inside(measures.outside_workers, "share", 0, LM, "identity"),
    "car_commuters_share": _inside(
        partial(measures.commuters_by, mode="car"), "share", 0, LM, "McFadden 1974"
    ),
    "park_ride_commuters_share": _inside(
        partial(measures.commuters_by, mode="park_ride"), "share", 0, LM, "McFadden 1974"
    ),
    **labour_indicators(),
    **fine_indicators(attrgetter("fine")),
    "extra_person_min": _inside(
        measures.extra_person_minutes, "person-min/day", -1, IC, "same trips, same modes"
    ),
    "unserved_count": Indicator(
        measures.unserved, "persons", -1, IC, "baseline commuters without a way"
    ),
    "relative_efficiency_car": _inside(
        partial(measures.efficiency, mode="car"), "share", 1, IC, "Latora, Marchiori 2001"
    ),
    "relative_efficiency_transit": _inside(
        partial(measures.efficiency, mode="transit"), "share", 1, IC, "Latora, Marchiori 2001"
    ),
    "transit_coverage_share": _inside(
        measures.transit_coverage, "share", 0, IC, "share of workers in zones with known stops"
    ),
    "worst_link_loss_share": _inside(
        measures.worst_link_loss, "share", -1, IC, "Jenelius et al. 2006", needs=("losses",)
    ),
    "link_loss_person_min": Indicator(
        measures.link_loss,
        "person-min/day",
        0,
        IC,
        "Jenelius et al. 2006",
        needs=("losses",),
        has_whole=False,
    ),
    "link_volume_veh_per_h": Indicator(
        measures.link_volume,
        "veh/h",
        0,
        IC,
        "user equilibrium (Wardrop 1952), cars of commuters in the peak hour",
        has_whole=False,
    ),
    **_network_indicators(),
    "cut_off_count": _inside(
        measures.cut_off_people,
        "persons",
        -1,
        IC,
        "bridges of the network (Jenelius et al. 2006: unsatisfied demand)",
        needs=("connectivity",),
    ),
    **_wait_indicators(),
    **_facility_indicators(),
    "population": _inside(
        partial(measures.zone_counts, what="population"),
        "persons",
        0,
        MF,
        "census",
        ("settlements",),
        is_modelled=False,
    ),
    "jobs": _inside(
        partial(measures.zone_counts, what="jobs"),
        "jobs",
        0,
        MF,
        "estimate or register",
        ("zones",),
        is_modelled=False,
    ),
    **_centre_indicators(),
    "local_match_share": _inside(
        measures.local_match, "share", 1, MF, "identity", ("zones",), is_modelled=False
    ),
    **imagery_indicators(),
    **service_indicators(),
    **specialisation_indicators(),
}


def measure(
    case: Case, *, is_baseline: bool, assumption_status: str = STATUSES[-1]
) -> pd.DataFrame:
    """Take every registered measure of a case.

    Parameters
    ----------
    is_baseline
        Only the baseline keeps the status of its tables: what a scenario sets is assumed.
    assumption_status
        Weakest status of the model's assumptions.

    Returns
    -------
    indicators
        Columns ``place_id``, ``indicator``, ``value``, ``unit``, ``status``.
    """
    values = values_of(case, INDICATORS)
    rows = pd.DataFrame(
        {
            "indicator": list(INDICATORS),
            "unit": [one.unit for one in INDICATORS.values()],
            "status": [
                _status(one, case, assumption_status) if is_baseline else STATUSES[-1]
                for one in INDICATORS.values()
            ],
        }
    )
    _take_over(rows, case.imagery)
    rows = rows.loc[rows.index.repeat([len(one) for one in values.values()])]
    rows.insert(0, "place_id", np.concatenate([one.index.astype(str) for one in values.values()]))
    rows.insert(2, "value", np.concatenate([one.to_numpy(float) for one in values.values()]))
    return rows.astype({"place_id": str}).reset_index(drop=True)


def _take_over(rows: pd.DataFrame, imagery: pd.DataFrame) -> None:
    """Let figures of rasters keep the unit and the status of their layer, in every scenario."""
    if imagery.empty:
        return
    facts = imagery[imagery["is_shown"]].drop_duplicates("measure").set_index("measure")
    for column in ("unit", "status"):
        rows[column] = rows["indicator"].map(facts[column]).fillna(rows[column])


def _status(indicator: Indicator, case: Case, assumption_status: str) -> str:
    """Take the weakest status of what the indicator stands on."""
    region = case.region
    found = [one for table in indicator.tables for one in region[table]["status"].unique()]
    return weakest_status(
        *found, *(["modelled", assumption_status] if indicator.is_modelled else [])
    )


def values_of(case: Case, names: Iterable[str]) -> dict[str, pd.Series]:
    """Take some measures of a case; each is a series by place."""
    chosen = {name: INDICATORS[name] for name in names}
    bases = {basis: basis(case) for basis in dict.fromkeys(one.basis for one in chosen.values())}
    return {name: one.function(bases[one.basis]) for name, one in chosen.items()}


def whole_values(case: Case, names: Iterable[str]) -> pd.Series:
    """Take some measures for the whole region alone, ``nan`` where there is none."""
    values = values_of(case, names)
    return pd.Series({name: float(own.get(WHOLE, np.nan)) for name, own in values.items()})


def needs_of(names: Iterable[str]) -> frozenset[str]:
    """Say which parts of a case some measures read."""
    return frozenset(part for name in names for part in INDICATORS[name].needs)
