"""The registered measures: name → function, unit, direction, goal, status, source."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from functools import partial

import pandas as pd

from agglo.indicators import measures
from agglo.indicators.case import Case
from agglo.indicators.measures import WHOLE

GOALS = (
    "labour_mobility",
    "infrastructure_connectivity",
    "functional_specialisation",
    "municipal_budgets",
    "development_projects",
    "umbrella_brand",
    "multi_focus",
    "environment",
)
"""Goals of the agglomeration; those without an indicator yet get no score."""

THRESHOLDS_MIN = (30, 45, 60)


@dataclass(frozen=True, slots=True, kw_only=True)
class Indicator:
    """One registered measure."""

    function: Callable[[Case], pd.Series]
    unit: str
    better: int
    """+1 where more is better, −1 where less is, 0 where the direction is open to debate."""

    goal: str
    status: str
    source: str

    has_whole: bool = True
    """Whether it has a value for the whole region and can stand for a goal."""


def _reach_indicators() -> dict[str, Indicator]:
    return {
        f"jobs_within_{minutes}_min_{mode}": Indicator(
            function=partial(measures.reach, mode=mode, within_min=minutes),
            unit="jobs",
            better=1,
            goal="labour_mobility",
            status="assumed",
            source="cumulative opportunities (Wachs, Kumagai 1973); Prud'homme, Lee 1999",
        )
        for mode in ("car", "transit")
        for minutes in THRESHOLDS_MIN
    }


def _indicator(
    function: Callable[[Case], pd.Series],
    unit: str,
    better: int,
    goal: str,
    source: str,
    status: str = "assumed",
    has_whole: bool = True,
) -> Indicator:
    return Indicator(
        function=function,
        unit=unit,
        better=better,
        goal=goal,
        status=status,
        source=source,
        has_whole=has_whole,
    )


LM, IC, MF = "labour_mobility", "infrastructure_connectivity", "multi_focus"
INDICATORS: Mapping[str, Indicator] = {
    **_reach_indicators(),
    "jobs_by_decay": _indicator(measures.gravity_reach, "jobs", 1, LM, "Hansen 1959"),
    "jobs_per_worker": _indicator(measures.competition, "jobs per worker", 1, LM, "Shen 1998"),
    "jobs_per_worker_worst_quartile": _indicator(
        measures.competition_worst_quartile, "jobs per worker", 1, LM, "Shen 1998"
    ),
    "minutes_per_worker_day": _indicator(
        measures.minutes_per_worker_day, "min/day", -1, LM, "identity; days at home count as 0"
    ),
    "self_containment_supply": _indicator(
        partial(measures.containment, side="supply"), "share", 0, LM, "Goodman 1970"
    ),
    "self_containment_demand": _indicator(
        partial(measures.containment, side="demand"), "share", 0, LM, "Goodman 1970"
    ),
    "outside_workers_share": _indicator(measures.outside_workers, "share", 0, LM, "identity"),
    "car_commuters_share": _indicator(measures.car_commuters, "share", 0, LM, "McFadden 1974"),
    "extra_person_min": _indicator(
        measures.extra_person_minutes,
        "person-min/day",
        0,
        IC,
        "baseline commuters, Jenelius et al. 2006",
    ),
    "unserved_count": _indicator(
        measures.unserved, "persons", 0, IC, "baseline commuters without a way"
    ),
    "relative_efficiency_car": _indicator(
        partial(measures.efficiency, mode="car"), "share", 1, IC, "Latora, Marchiori 2001"
    ),
    "relative_efficiency_transit": _indicator(
        partial(measures.efficiency, mode="transit"), "share", 1, IC, "Latora, Marchiori 2001"
    ),
    "transit_coverage_share": _indicator(
        measures.transit_coverage, "share", 0, IC, "share of workers in zones with known stops"
    ),
    "worst_link_loss_share": _indicator(
        measures.worst_link_loss, "share", -1, IC, "Jenelius et al. 2006"
    ),
    "link_loss_person_min": _indicator(
        measures.link_loss, "person-min/day", 0, IC, "Jenelius et al. 2006", has_whole=False
    ),
    "population_primacy": _indicator(
        partial(measures.centre_primacy, what="population"),
        "share",
        -1,
        MF,
        "Jefferson 1939",
        "observed",
    ),
    "jobs_primacy": _indicator(
        partial(measures.centre_primacy, what="jobs"), "share", -1, MF, "Jefferson 1939"
    ),
    "population_centres": _indicator(
        partial(measures.centre_number, what="population"),
        "centres",
        1,
        MF,
        "Laakso, Taagepera 1979",
        "observed",
    ),
    "jobs_centres": _indicator(
        partial(measures.centre_number, what="jobs"), "centres", 1, MF, "Laakso, Taagepera 1979"
    ),
    "local_match_share": _indicator(measures.local_match, "share", 1, MF, "identity"),
}


def measure(case: Case, *, is_baseline: bool) -> pd.DataFrame:
    """Take every registered measure of a case.

    An observed quantity stays observed only on the baseline: a scenario's is assumed.

    Returns
    -------
    indicators
        Columns ``place_id``, ``indicator``, ``value``, ``unit``, ``status``.
    """
    pieces = []
    for name, indicator in INDICATORS.items():
        values = indicator.function(case)
        pieces.append(
            pd.DataFrame(
                {
                    "place_id": values.index.astype(str),
                    "indicator": name,
                    "value": values.to_numpy(dtype=float),
                    "unit": indicator.unit,
                    "status": indicator.status if is_baseline else "assumed",
                }
            )
        )
    return pd.concat(pieces, ignore_index=True)


def whole_values(case: Case, names: Iterable[str]) -> pd.Series:
    """Take some measures for the whole region alone; index the indicator's name."""
    return pd.Series({name: float(INDICATORS[name].function(case)[WHOLE]) for name in names})
