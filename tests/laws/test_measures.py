"""Laws of the measures of labour mobility."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

from agglo.commuting.gravity import gravity_flows
from agglo.indicators.access import (
    balanced_catchment,
    exponential_pull,
    floating_catchment,
    logistic_pull,
    pulled_count,
    spatial_availability,
)
from agglo.indicators.balance import job_housing_mismatch
from agglo.indicators.excess import (
    capacity_used_share,
    commute_bounds,
    excess_share,
    mean_commute_min,
    proportional_commute_min,
)
from agglo.indicators.fairness import concentration_index, gini, palma, shortfall, theil
from agglo.indicators.surplus import logsum_min, logsum_surplus_min, rule_of_half
from agglo.indicators.wages import best_wages

COUNT = 5
NAMES = [f"з'{i}" for i in range(COUNT)]
MINUTES = st.floats(1, 90)
PEOPLE = st.floats(1, 1e5)
MATRIX = st.lists(st.lists(MINUTES, min_size=COUNT, max_size=COUNT), min_size=COUNT, max_size=COUNT)
COUNTS = st.lists(PEOPLE, min_size=COUNT, max_size=COUNT)
HELD = st.lists(st.floats(0.01, 100), min_size=COUNT, max_size=COUNT)
ORDER = st.permutations(range(COUNT))


def series(values: list[float]) -> pd.Series:
    return pd.Series(values, index=NAMES)


def matrix(values: list[list[float]]) -> pd.DataFrame:
    return pd.DataFrame(values, index=NAMES, columns=NAMES)


def mixed(frame: pd.DataFrame, order: list[int]) -> pd.DataFrame:
    names = [NAMES[i] for i in order]
    return frame.loc[names, names]


@given(cost=MATRIX, workers=COUNTS, jobs=COUNTS, order=ORDER)
def test_the_order_of_zones_does_not_matter_to_access(
    cost: list[list[float]], workers: list[float], jobs: list[float], order: list[int]
) -> None:
    pull = exponential_pull(matrix(cost), decay_per_min=0.06)
    for measure in (floating_catchment, spatial_availability, balanced_catchment):
        first = measure(pull, series(workers), series(jobs))
        second = measure(mixed(pull, order), series(workers), series(jobs))
        np.testing.assert_allclose(second[NAMES], first, rtol=1e-9)


@given(cost=MATRIX, workers=COUNTS, jobs=COUNTS, half=MINUTES)
def test_available_jobs_are_all_jobs_and_those_per_worker_times_the_workers(
    cost: list[list[float]], workers: list[float], jobs: list[float], half: float
) -> None:
    people, places = series(workers), series(jobs)
    for pull in (
        exponential_pull(matrix(cost), decay_per_min=0.06),
        logistic_pull(matrix(cost), half_min=half, decay_per_min=0.1),
    ):
        got = spatial_availability(pull, people, places)
        assert got.sum() == pytest.approx(places.sum())
        np.testing.assert_allclose(got, people * floating_catchment(pull, people, places))


@given(cost=MATRIX, jobs=COUNTS, gains=MATRIX)
def test_a_shorter_way_never_lowers_the_jobs_that_pull(
    cost: list[list[float]], jobs: list[float], gains: list[list[float]]
) -> None:
    longer = matrix(cost) + matrix(gains)
    for decay in (
        lambda minutes: exponential_pull(minutes, decay_per_min=0.06),
        lambda minutes: logistic_pull(minutes, half_min=30, decay_per_min=0.1),
    ):
        before, after = (pulled_count(decay(one), series(jobs)) for one in (longer, matrix(cost)))
        assert (after >= before * (1 - 1e-12)).all()


@given(workers=COUNTS, jobs=COUNTS)
def test_mismatch_lies_between_none_and_all_and_is_that_of_jobs_against_workers(
    workers: list[float], jobs: list[float]
) -> None:
    got = job_housing_mismatch(series(workers), series(jobs))
    assert 0 <= got <= 1
    assert got == pytest.approx(job_housing_mismatch(series(jobs), series(workers)), abs=1e-12)
    assert job_housing_mismatch(series(workers), 3 * series(workers)) == pytest.approx(0, abs=1e-12)


@given(values=HELD, people=COUNTS, rank=COUNTS, factor=st.floats(0.1, 10))
def test_fairness_keeps_its_bounds_and_does_not_know_units(
    values: list[float], people: list[float], rank: list[float], factor: float
) -> None:
    own, weights = series(values), series(people)
    index = gini(own, weights)
    assert -1e-12 <= index < 1
    assert theil(own, weights) >= -1e-12
    assert palma(own, weights) >= 1 - 1e-9
    tilt = concentration_index(own, weights, rank_by=series(rank))
    assert abs(tilt) <= index + 1e-9
    assert concentration_index(own, weights, rank_by=-series(rank)) == pytest.approx(
        -tilt, abs=1e-9
    )
    for measure in (gini, theil, palma):
        assert measure(factor * own, weights) == pytest.approx(measure(own, weights), abs=1e-9)
        assert measure(own, factor * weights) == pytest.approx(measure(own, weights), abs=1e-9)


@given(values=HELD, people=COUNTS, part=st.floats(0.01, 0.99), order=ORDER)
def test_fairness_is_of_people_not_of_places(
    values: list[float], people: list[float], part: float, order: list[int]
) -> None:
    """A place that is cut in two, and the order of places, change nothing."""
    own, weights = series(values), series(people)
    first = NAMES[0]
    cut = pd.concat([weights, pd.Series({"new": part * weights[first]})])
    cut[first] *= 1 - part
    both = pd.concat([own, pd.Series({"new": own[first]})])
    for measure in (gini, theil, palma):
        whole = measure(own, weights)
        assert measure(both, cut) == pytest.approx(whole, abs=1e-9)
        assert measure(own.iloc[order], weights) == pytest.approx(whole, abs=1e-9)


@given(values=HELD, people=COUNTS, share=st.floats(0, 0.5))
def test_a_gift_of_the_richest_to_the_poorest_makes_it_fairer(
    values: list[float], people: list[float], share: float
) -> None:
    own, weights = series(values), series(people)
    rich, poor = own.idxmax(), own.idxmin()
    least = min(weights[rich], weights[poor])
    gift = share * (own[rich] - own[poor]) * least
    given_away = own.copy()
    given_away[rich] -= gift / weights[rich]
    given_away[poor] += gift / weights[poor]
    for measure in (gini, theil):
        assert measure(given_away, weights) <= measure(own, weights) + 1e-9


@given(values=HELD, people=COUNTS, line=st.floats(0.1, 50), more=st.floats(0, 50))
def test_a_higher_line_never_leaves_fewer_short(
    values: list[float], people: list[float], line: float, more: float
) -> None:
    own, weights = series(values), series(people)
    found = [shortfall(own, weights, line=line, power=power) for power in (0, 1, 2)]
    assert 0 <= found[2] <= found[1] <= found[0] <= 1 + 1e-12
    for power in (0, 1, 2):
        assert shortfall(own, weights, line=line + more, power=power) >= found[power] - 1e-9


@given(cost=MATRIX, workers=COUNTS, jobs=COUNTS, order=ORDER, extra=st.floats(0, 60))
def test_flows_lie_between_the_bounds_of_commuting(
    cost: list[list[float]], workers: list[float], jobs: list[float], order: list[int], extra: float
) -> None:
    minutes, people = matrix(cost), series(workers)
    places = series(jobs) * people.sum() / sum(jobs)
    bounds = commute_bounds(minutes, people, places)
    flows = gravity_flows(minutes, people, places, decay_per_min=0.06)
    mean = mean_commute_min(flows, minutes)
    even = proportional_commute_min(minutes, people, places)
    for one in (mean, even):
        assert bounds.least_min - 1e-6 <= one <= bounds.most_min + 1e-6
    assert 0 <= excess_share(mean, bounds) <= 1
    if bounds.most_min - bounds.least_min > 1e-6:
        assert 0 <= capacity_used_share(mean, bounds) <= 1
    again = commute_bounds(mixed(minutes, order), people, places)
    assert again.least_min == pytest.approx(bounds.least_min, abs=1e-9)
    assert again.most_min == pytest.approx(bounds.most_min, abs=1e-9)
    later = commute_bounds(minutes + extra, people, places)
    assert later.least_min == pytest.approx(bounds.least_min + extra, abs=1e-9)
    assert later.most_min == pytest.approx(bounds.most_min + extra, abs=1e-9)


@given(before=MATRIX, after=MATRIX, sizes=COUNTS)
def test_there_and_back_nobody_gains(
    before: list[list[float]], after: list[list[float]], sizes: list[float]
) -> None:
    old, new, size = matrix(before), matrix(after), series(sizes)
    there, back = (
        logsum_surplus_min(first, second, size_before=size, size_after=size, scale_per_min=0.06)
        for first, second in ((old, new), (new, old))
    )
    np.testing.assert_allclose(there, -back, atol=1e-9)
    assert (there <= (old - new).max(axis=1) + 1e-9).all()
    assert (there >= (old - new).min(axis=1) - 1e-9).all()
    trips, more = matrix(before), matrix(after)
    half = rule_of_half(trips, more, before_min=old, after_min=new)
    turned = rule_of_half(more, trips, before_min=new, after_min=old)
    np.testing.assert_allclose(half, -turned, atol=1e-9)


@given(cost=MATRIX, sizes=COUNTS, gain=st.floats(0, 1), order=ORDER)
def test_a_shorter_way_to_one_option_never_makes_the_choice_worth_less(
    cost: list[list[float]], sizes: list[float], gain: float, order: list[int]
) -> None:
    old, size = matrix(cost), series(sizes)
    new = old.copy()
    new[NAMES[0]] *= gain
    worth = [logsum_min(one, size, scale_per_min=0.06) for one in (old, new)]
    assert (worth[1] >= worth[0] - 1e-9).all()
    again = logsum_min(mixed(old, order), size, scale_per_min=0.06)
    np.testing.assert_allclose(again[NAMES], worth[0], atol=1e-9)


@given(cost=MATRIX, wages=COUNTS, limit=MINUTES, more=st.floats(0, 60), order=ORDER)
def test_more_time_never_lowers_the_best_wage(
    cost: list[list[float]], wages: list[float], limit: float, more: float, order: list[int]
) -> None:
    times, home, paid = matrix(cost), pd.Series(NAMES, index=NAMES), series(wages)
    near = best_wages(times, home, paid, within_min=limit)
    far = best_wages(times, home, paid, within_min=limit + more)
    assert (near["best_rub"] >= near["own_rub"]).all()
    assert (far["best_rub"] >= near["best_rub"]).all()
    assert (paid[near["best_id"]].to_numpy() == near["best_rub"].to_numpy()).all()
    again = best_wages(mixed(times, order), home, paid.iloc[order], within_min=limit)
    pd.testing.assert_frame_equal(again.loc[NAMES], near)
