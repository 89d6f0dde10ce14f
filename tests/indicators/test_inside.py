"""Measures by arrays against the same by labels, where zones inside and outside are mixed."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import pandas as pd
import pytest

from agglo.indicators import measures
from agglo.indicators.access import exponential_pull, jobs_per_worker, pulled_count, reach_count
from agglo.indicators.case import Case, inside_of
from agglo.indicators.measures import WHOLE
from agglo.indicators.registry import INDICATORS, values_of
from tests import worlds
from tests.cases import case_of

DECAY = 0.1


@pytest.fixture(scope="module")
def case() -> Case:
    """Return five towns, of which one has no workers and one no stop, between two outside."""
    places = {
        "b": worlds.Place(x_km=0, workers=100, jobs=70, municipality="left"),
        "a_out": worlds.Place(x_km=-15, workers=12, jobs=30, is_outside=True),
        "d": worlds.Place(x_km=9, workers=0, jobs=55, municipality="left"),
        "c_out": worlds.Place(x_km=21, workers=8, jobs=45, is_outside=True),
        "e": worlds.Place(x_km=14, workers=80, jobs=60, municipality="right"),
        "f": worlds.Place(x_km=17, workers=60, jobs=20, municipality="right"),
        "г'ород": worlds.Place(x_km=5, y_km=8, workers=30, jobs=10, municipality="хутор"),
    }
    roads = {
        "r1": ("a_out", "b", 15.0, 60.0),
        "r2": ("b", "d", 9.0, 50.0),
        "r3": ("d", "e", 5.0, 40.0),
        "r4": ("e", "f", 3.0, 60.0),
        "r5": ("f", "c_out", 4.0, 60.0),
        "r6": ("b", "г'ород", 10.0, 60.0),
        "r7": ("г'ород", "e", 12.0, 60.0),
    }
    bus = {"bus": worlds.Line(places=("b", "d", "e", "f"), run_min=(14, 8, 5), headway_min=15)}
    region = worlds.region_of(worlds.tables_of(places, roads, bus))
    shares = pd.Series({"b": 0.3, "a_out": 0.6})
    zones = region["zones"].assign(telework_share=shares.reindex(region["zones"].index))
    steps = (
        worlds.change("close_link", link=["r3"]),
        worlds.change("add_jobs", zone="f", jobs_count=15),
        worlds.change("add_population", zone="e", population_count=20),
    )
    year = worlds.scenario(*steps, name="year")
    return case_of(region.with_tables(zones=zones), year, worlds.parameters(telework_share=0.1))


def zones_of(case: Case) -> pd.DataFrame:
    return pd.DataFrame(case.region["zones"])


def own_flows(case: Case) -> pd.DataFrame:
    return case.flows.loc[case.inside]


def by_workers(case: Case, values: pd.Series) -> dict[str, float]:
    workers = zones_of(case).loc[values.index, "workers_count"]
    return {**values.to_dict(), WHOLE: (values * workers).sum() / workers.sum()}


def per_worker(case: Case, sums: pd.Series) -> dict[str, float]:
    people = own_flows(case).sum(axis=1)
    return {**(sums / people).dropna().to_dict(), WHOLE: sums.sum() / people.sum()}


def trips(case: Case) -> pd.Series:
    return 2 * (1 - zones_of(case)["telework_share"].fillna(case.parameters.telework_share))


def counted(case: Case, minutes: pd.DataFrame) -> pd.DataFrame:
    limit = case.baseline_travel.mean_min.replace(np.inf, 0.0).clip(lower=100.0)
    return minutes.where(minutes < limit, limit)


def reached(case: Case, mode: str, within_min: float) -> dict[str, float]:
    kept = case.inside if mode == "car" else case.inside[case.inside.isin(case.with_stops)]
    minutes = case.travel.minutes[mode].loc[kept, kept]
    jobs = zones_of(case)["jobs_count"]
    return by_workers(case, reach_count(minutes, jobs, within_min=within_min))


def pulled(case: Case) -> dict[str, float]:
    pull = exponential_pull(case.travel.cost_min.loc[case.inside, case.inside], decay_per_min=DECAY)
    return by_workers(case, pulled_count(pull, zones_of(case)["jobs_count"]))


def shared(case: Case) -> dict[str, float]:
    outside = case.flows.index.difference(case.inside)
    cost, crossing = case.travel.felt_min.copy(), case.baseline_flows
    cost.loc[outside, outside] = np.inf
    workers, jobs = zones_of(case)["workers_count"].copy(), zones_of(case)["jobs_count"].copy()
    workers[outside], jobs[outside] = crossing.loc[outside].sum(axis=1), crossing[outside].sum()
    return by_workers(case, jobs_per_worker(cost, workers, jobs, decay_per_min=DECAY)[case.inside])


def fewest(case: Case) -> dict[str, float]:
    shen, quarter = shared(case), zones_of(case).loc[case.inside, "workers_count"].sum() / 4
    left, total = quarter, 0.0
    for zone in sorted(case.inside, key=lambda name: shen[name]):
        people = min(zones_of(case).loc[zone, "workers_count"], left)
        total, left = total + people * shen[zone], left - people
    return {WHOLE: total / quarter}


def minutes_a_day(case: Case) -> dict[str, float]:
    taken = own_flows(case) * counted(case, case.travel.mean_min).loc[case.inside]
    return per_worker(case, taken.sum(axis=1) * trips(case)[case.inside])


def by_bus(case: Case) -> dict[str, float]:
    share = case.travel.shares["transit"].loc[case.inside].fillna(0.0)
    return per_worker(case, (own_flows(case) * share).sum(axis=1))


def leaving(case: Case) -> dict[str, float]:
    return per_worker(case, own_flows(case).drop(columns=case.inside).sum(axis=1))


def waited(case: Case) -> dict[str, float]:
    minutes = case.waits["peak"].median_min.loc[case.inside]
    people = own_flows(case) * case.travel.shares["transit"].loc[case.inside].fillna(0.0)
    people = people.where(np.isfinite(minutes), 0.0)
    sums, own = (people * minutes.where(people > 0, 0.0)).sum(axis=1), people.sum(axis=1)
    return {**(sums / own).dropna().to_dict(), WHOLE: sums.sum() / own.sum()}


def lost(case: Case) -> dict[str, float]:
    found = {}
    for home in case.flows.index:
        extra = 0.0
        for work in case.flows.columns:
            shares = {m: own.loc[home, work] for m, own in case.baseline_travel.shares.items()}
            if any(np.isnan(list(shares.values()))):
                continue
            now = {m: own.loc[home, work] for m, own in case.travel.minutes.items()}
            old = {m: own.loc[home, work] for m, own in case.baseline_travel.minutes.items()}
            mean = sum(
                share * (now[m] if np.isfinite(now[m]) else max(min(now.values()), old[m]))
                for m, share in shares.items()
                if share > 0
            )
            before = case.baseline_travel.mean_min.loc[home, work]
            limit = max(before, 100.0)
            extra += case.baseline_flows.loc[home, work] * (min(mean, limit) - before)
        found[home] = extra * trips(case)[home]
    return {**found, WHOLE: sum(found.values())}


def stays(case: Case) -> dict[str, float]:
    home = zones_of(case).loc[case.inside, "municipality_id"]
    inner = {
        name: case.flows.loc[home.index[home == name], home.index[home == name]].to_numpy().sum()
        for name in home.unique()
    }
    people = {name: case.flows.loc[home.index[home == name]].to_numpy().sum() for name in inner}
    whole = case.flows.loc[case.inside, case.inside].to_numpy().sum()
    shares = {name: inner[name] / people[name] for name in inner}
    return {**shares, WHOLE: whole / own_flows(case).to_numpy().sum()}


@pytest.mark.parametrize(
    ("name", "wanted"),
    [
        ("jobs_within_30_min_car", lambda case: reached(case, "car", 30)),
        ("jobs_within_45_min_transit", lambda case: reached(case, "transit", 45)),
        ("jobs_by_decay", pulled),
        ("jobs_per_worker", shared),
        ("jobs_per_worker_worst_quartile", fewest),
        ("minutes_per_worker_day", minutes_a_day),
        ("outside_workers_share", leaving),
        ("transit_wait_peak_median_min", waited),
        ("extra_person_min", lost),
        ("self_containment_supply", stays),
    ],
)
def test_a_measure_by_arrays_is_that_by_labels(
    case: Case, name: str, wanted: Callable[[Case], dict[str, float]]
) -> None:
    got = values_of(case, [name])[name]
    assert got.index[-1] == WHOLE
    assert got.to_dict() == pytest.approx(wanted(case), rel=1e-12)


def test_commuters_by_bus_are_those_by_labels(case: Case) -> None:
    got = measures.commuters_by(case, mode="transit")
    assert got.to_dict() == pytest.approx(by_bus(case), rel=1e-12)


def test_who_lives_where_nobody_works_and_has_no_stop_is_absent(case: Case) -> None:
    assert "d" not in values_of(case, ["minutes_per_worker_day"])["minutes_per_worker_day"]
    reach = values_of(case, ["jobs_within_45_min_transit"])["jobs_within_45_min_transit"]
    assert reach.index.tolist() == ["b", "d", "e", "f", WHOLE]


def test_the_arrays_give_what_the_case_gives(case: Case) -> None:
    own = inside_of(case)
    assert inside_of(own) is own
    shared_basis = [name for name, one in INDICATORS.items() if one.basis is inside_of]
    assert len(shared_basis) > 20
    for name in shared_basis:
        function = INDICATORS[name].function
        pd.testing.assert_series_equal(function(own), function(case))
