"""What a scenario is worth in money a year, beside the scores and never in them."""

from __future__ import annotations

import itertools
from collections.abc import Mapping, Sequence

import numpy as np
import pandas as pd

from agglo.errors import CompareError, SettingsError
from agglo.indicators.agglomeration import (
    ALL_SECTORS_ELASTICITY,
    RESPONSES,
    density_gain_rub,
    effective_density,
)
from agglo.indicators.case import Case, trips_per_worker
from agglo.indicators.measures import WHOLE
from agglo.indicators.payroll import payroll_coverage_share, payroll_rub
from agglo.indicators.registry import values_of
from agglo.parameters import Assumption
from agglo.tables import STATUSES
from agglo.transport.connectivity import counted_minutes
from agglo.units import MINUTES_PER_HOUR

EFFECTS = ("agglomeration", "user_benefit")
MLN = 1e6
DRAWN_ENDS = (0.05, 0.95)
DAY_NOTE = ("a shock of a day: no sum a year", "шок на один день: сумма за год не считается")


def money_effects(
    case: Case,
    baseline_case: Case,
    *,
    assumptions: Mapping[str, Assumption],
    scenario: str = "",
    horizon: str = "year",
    drawn: pd.DataFrame | None = None,
) -> pd.DataFrame:
    """Put a scenario's effects in money a year, each as an interval.

    Agglomeration: what today's jobs would yield more because more jobs come nearer. The payroll
    stands for their output, which is larger: a lower bound. User benefit: the minutes that
    commuters gain (``user_minutes``) times the value of their time; tolls and fares count as a
    cost to them, and what the operator takes is not set against it.
    The two are not added up.

    Parameters
    ----------
    assumptions
        Of the workspace: their ends make the interval, all corners taken together.
    horizon
        Of the scenario; a shock of a 'day' has no sum a year, so all is ``nan``.
    drawn
        ``money_values`` of perturbed runs, one row each: their 5–95 % widen the interval.

    Returns
    -------
    money_effects
        ``scenario``, ``effect``, ``low_mln_rub``, ``mid_mln_rub``, ``high_mln_rub``, ``status``,
        ``note`` (English), ``note_ru``; ``nan`` where wages are not known.

    Raises
    ------
    SettingsError
        If an assumption is absent.
    CompareError
        If the two cases have other zones.
    """
    _check_same_zones(case, baseline_case)
    columns = ["scenario", "effect", "low_mln_rub", "mid_mln_rub", "high_mln_rub"]
    if horizon == "day":
        rows = [(scenario, effect, *[np.nan] * 3) for effect in EFFECTS]
        return _noted(pd.DataFrame(rows, columns=columns), [DAY_NOTE] * len(EFFECTS))
    rows = [
        (scenario, effect, *_interval(corners(case, baseline_case, assumptions), effect, drawn))
        for effect, corners in zip(EFFECTS, (_agglomeration_ends, _benefit_ends), strict=True)
    ]
    frame = pd.DataFrame(rows, columns=columns)
    return _noted(frame, [_agglomeration_note(baseline_case), _benefit_note(case, baseline_case)])


def money_values(case: Case, baseline_case: Case) -> pd.Series:
    """Put the effects of one run in money with the parameters of that run, mln RUB a year.

    Returns
    -------
    money_values
        By effect; ``nan`` where wages are not known.
    """
    own = case.parameters
    gain = agglomeration_mln_rub(
        case,
        baseline_case,
        elasticity=own.agglomeration_elasticity,
        distance_power=own.agglomeration_distance_power,
    )
    benefit = benefit_mln_rub(user_minutes(case, baseline_case), case)
    return pd.Series({"agglomeration": gain, "user_benefit": benefit}, name="mln_rub")


def agglomeration_mln_rub(
    case: Case, baseline_case: Case, *, elasticity: float, distance_power: float
) -> float:
    """What today's jobs inside yield more a year with the effective density of a case.

    Only jobs of the region count: of those outside only the ones are known that its people
    hold. Minutes are those of all modes joined. Sectors that are known answer in their own way
    (``RESPONSES``), the elasticity in proportion to the one given; all others as given.

    Returns
    -------
    agglomeration_mln_rub
        Mln RUB a year; ``nan`` where no wage is known.
    """
    payroll = payroll_rub(baseline_case)
    if payroll.isna().to_numpy().all():
        return float("nan")
    gain = 0.0
    for group, output in payroll.dropna().items():
        if output.sum() > 0:
            own = RESPONSES.get(str(group))
            power = own.distance_power if own else distance_power
            by = own.elasticity / ALL_SECTORS_ELASTICITY if own else 1.0
            before, after = (_density(one, distance_power=power) for one in (baseline_case, case))
            gained = density_gain_rub(before, after, output, elasticity=elasticity * by)
            gain += float(gained.sum())
    return gain / MLN


def user_minutes(case: Case, baseline_case: Case) -> float:
    """Person-minutes a day that commuters gain against the baseline.

    Who works inside gains what a better choice of jobs is worth (``access_gain_min_per_day``, a
    logsum); of the jobs outside only those are known that people hold, so who works there gains
    what the trip becomes shorter (rule of half). People are the mean of before and after. What
    days at home save is not in it.
    """
    gain = _gain_by_zone(case, "access_gain_min_per_day")
    inner = _mean_flows(case, baseline_case)[case.inside].sum(axis=1)
    return float((gain * inner[gain.index]).sum()) + outside_minutes(case, baseline_case)


def outside_minutes(case: Case, baseline_case: Case) -> float:
    """Person-minutes a day that trips to work outside become shorter: the rule of half."""
    at = case.flows.index.get_indexer(case.inside)
    is_outside = ~case.flows.columns.isin(case.inside)
    before, after = (
        one.travel.cost_min.to_numpy()[at][:, is_outside] for one in (baseline_case, case)
    )
    old, new = (
        counted_minutes(cost, before, unserved_min=case.parameters.unserved_min)
        for cost in (before, after)
    )
    trips = trips_per_worker(case.region["zones"], case.parameters).to_numpy()[at]
    people = _mean_flows(case, baseline_case).to_numpy()[:, is_outside]
    return float((people * (old - new) * trips[:, None]).sum())


def transport_minutes(case: Case, baseline_case: Case) -> float:
    """Person-minutes a day that shorter ways save against the baseline: the rule of half.

    Jobs outside count as places of work, and new jobs alone gain nothing.
    """
    gain = _gain_by_zone(case, "transport_gain_min_per_day")
    return float((gain * _mean_flows(case, baseline_case).sum(axis=1)[gain.index]).sum())


def benefit_mln_rub(
    person_min_per_day: float,
    case: Case,
    *,
    value_of_time_rub_per_h: float | None = None,
    working_days_per_year: float | None = None,
) -> float:
    """Put person-minutes a day in mln RUB a year; without values those of the case's parameters.

    Examples
    --------
    6 person-minutes a day at 600 RUB an hour on 250 days are 15,000 RUB, .015 mln a year.
    """
    own = case.parameters
    value = own.value_of_time_rub_per_h if value_of_time_rub_per_h is None else (
        value_of_time_rub_per_h
    )  # fmt: skip
    days = own.working_days_per_year if working_days_per_year is None else working_days_per_year
    return person_min_per_day / MINUTES_PER_HOUR * value * days / MLN


def _interval(
    corners: Sequence[float], effect: str, drawn: pd.DataFrame | None
) -> tuple[float, float, float]:
    """Low, middle and high of the corners, the middle first among them, and of the draws."""
    ends = list(corners)
    if drawn is not None and effect in drawn and drawn[effect].notna().any():
        ends += drawn[effect].quantile(list(DRAWN_ENDS)).tolist()
    return min(ends), corners[0], max(ends)


def _agglomeration_ends(
    case: Case, baseline_case: Case, assumptions: Mapping[str, Assumption]
) -> list[float]:
    """Gains at all corners of the assumptions, the middle first."""
    powers = _ends(assumptions, "agglomeration_distance_power")
    elasticities = _ends(assumptions, "agglomeration_elasticity")
    return [
        agglomeration_mln_rub(case, baseline_case, elasticity=elasticity, distance_power=power)
        for elasticity, power in itertools.product(elasticities, powers)
    ]


def _benefit_ends(
    case: Case, baseline_case: Case, assumptions: Mapping[str, Assumption]
) -> list[float]:
    """User benefits at all corners of the assumptions, the middle first."""
    minutes = user_minutes(case, baseline_case)
    values = _ends(assumptions, "value_of_time_rub_per_h")
    days = _ends(assumptions, "working_days_per_year")
    return [
        benefit_mln_rub(minutes, case, value_of_time_rub_per_h=value, working_days_per_year=count)
        for value, count in itertools.product(values, days)
    ]


def _ends(assumptions: Mapping[str, Assumption], name: str) -> tuple[float, float, float]:
    if name not in assumptions:
        raise SettingsError(f"money needs the assumption '{name}'; write [parameters.{name}]")
    own = assumptions[name]
    return own.value, own.low, own.high


def _mean_flows(case: Case, baseline_case: Case) -> pd.DataFrame:
    """Commuters from zones inside, the mean of before and after."""
    at = case.flows.index.get_indexer(case.inside)
    mean = (baseline_case.flows.to_numpy()[at] + case.flows.to_numpy()[at]) / 2
    return pd.DataFrame(mean, index=case.inside, columns=case.flows.columns)


def _gain_by_zone(case: Case, indicator: str) -> pd.Series:
    return values_of(case, [indicator])[indicator].drop(WHOLE)


def _density(case: Case, *, distance_power: float) -> pd.Series:
    at = case.flows.index.get_indexer(case.inside)
    cost = case.travel.cost_min.to_numpy()[np.ix_(at, at)]
    jobs = case.region["zones"]["jobs_count"].to_numpy(dtype=float)[at]
    return effective_density(
        pd.DataFrame(cost, index=case.inside, columns=case.inside),
        pd.Series(jobs, index=case.inside),
        distance_power=distance_power,
    )


def _check_same_zones(case: Case, baseline_case: Case) -> None:
    if not case.inside.equals(baseline_case.inside):
        raise CompareError(
            "the scenario and the baseline have other zones inside, so their people cannot be "
            "compared; run both on one workspace"
        )


def _noted(frame: pd.DataFrame, notes: list[tuple[str, str]]) -> pd.DataFrame:
    """Add the status, which is never firmer than the assumptions, and the notes."""
    return frame.assign(
        status=STATUSES[-1],
        note=[english for english, _ in notes],
        note_ru=[russian for _, russian in notes],
    )


def _agglomeration_note(baseline_case: Case) -> tuple[str, str]:
    coverage_share = payroll_coverage_share(baseline_case)
    if np.isnan(coverage_share):
        return "no jobs inside", "внутри нет рабочих мест"
    if not coverage_share > 0:
        return (
            "no wage of any municipality is known: no output to start from",
            "зарплаты муниципалитетов неизвестны: не от чего считать выпуск",
        )
    return (
        f"a lower bound: the payroll of {coverage_share:.0%} of the jobs inside stands for output; "
        "jobs outside do not count; elasticities are of other countries",
        f"нижняя граница: вместо выпуска — фонд оплаты {coverage_share:.0%} рабочих мест внутри; "
        "места за границей не учтены; эластичности — других стран",
    )


def _benefit_note(case: Case, baseline_case: Case) -> tuple[str, str]:
    half_mln_rub = benefit_mln_rub(transport_minutes(case, baseline_case), case)
    return (
        f"minutes at the value of time: a better choice of jobs inside (logsum), shorter trips "
        f"outside; by the rule of half, shorter ways alone: {half_mln_rub:+.1f} mln RUB; "
        "days at home and services are not counted",
        f"минуты по цене времени: лучший выбор работы внутри (логсумма), более короткие поездки "
        f"за границу; по правилу половины, только пути: {half_mln_rub:+.1f} млн ₽; "
        "дни дома и услуги не учтены",
    )
