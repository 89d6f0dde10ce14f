"""Laws of flows and of shares."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

from agglo.commuting.gravity import gravity_flows, outside_pull
from agglo.commuting.modes import joint_cost, mean_minutes, mode_shares
from agglo.indicators.access import jobs_per_worker, worst_quartile
from agglo.territory.polycentricity import effective_centres, primacy

COUNT = 4
MINUTES = st.floats(1, 90)
PEOPLE = st.floats(1, 1e5)
MATRIX = st.lists(st.lists(MINUTES, min_size=COUNT, max_size=COUNT), min_size=COUNT, max_size=COUNT)
COUNTS = st.lists(PEOPLE, min_size=COUNT, max_size=COUNT)
ANY_MINUTES = st.one_of(st.just(np.inf), st.floats(0, 300))
NAMES = list("abcd")


def series(values: list[float]) -> pd.Series:
    return pd.Series(values, index=NAMES)


@given(cost=MATRIX, workers=COUNTS, jobs=COUNTS)
def test_flows_keep_every_worker_and_fill_every_job(
    cost: list[list[float]], workers: list[float], jobs: list[float]
) -> None:
    people = series(workers)
    places = series(jobs) * people.sum() / sum(jobs)
    frame = pd.DataFrame(cost, index=NAMES, columns=NAMES)
    flows = gravity_flows(frame, people, places, decay_per_min=0.06)
    np.testing.assert_allclose(flows.sum(axis=1), people, atol=1e-8 * people.sum())
    np.testing.assert_allclose(flows.sum(), places, atol=1e-8 * people.sum())
    assert (flows >= 0).all(axis=None)


@given(cost=MATRIX, workers=COUNTS, jobs=COUNTS)
def test_outside_zones_take_exactly_who_is_left_over(
    cost: list[list[float]], workers: list[float], jobs: list[float]
) -> None:
    people, places = series(workers), series(jobs)
    places["a":"c"] *= 0.9 * people["a":"c"].sum() / places["a":"c"].sum()
    frame = pd.DataFrame(cost, index=NAMES, columns=NAMES)
    people["d"] = min(people["d"], 0.5 * places["a":"c"].sum())
    outside = pd.Index(["d"])
    pull = outside_pull(frame, people, places, outside, decay_per_min=0.06)
    flows = gravity_flows(frame, people, places, decay_per_min=0.06, pull=pull)
    total = people.sum()
    np.testing.assert_allclose(flows.sum(axis=1), people, atol=1e-7 * total)
    np.testing.assert_allclose(flows.sum()["a":"c"], places["a":"c"], atol=1e-7 * total)
    assert flows["d"].sum() == pytest.approx(total - places["a":"c"].sum(), abs=1e-7 * total)
    assert flows.loc["d", "d"] == 0


@given(cost=MATRIX, workers=COUNTS, jobs=COUNTS, order=st.permutations(range(COUNT)))
def test_the_order_of_zones_does_not_matter_to_flows(
    cost: list[list[float]], workers: list[float], jobs: list[float], order: list[int]
) -> None:
    people = series(workers)
    places = series(jobs) * people.sum() / sum(jobs)
    frame = pd.DataFrame(cost, index=NAMES, columns=NAMES)
    mixed = [NAMES[i] for i in order]
    first = gravity_flows(frame, people, places, decay_per_min=0.06)
    second = gravity_flows(
        frame.loc[mixed, mixed], people[mixed], places[mixed], decay_per_min=0.06
    )
    np.testing.assert_allclose(second.loc[NAMES, NAMES], first, atol=1e-6 * people.sum())


def by_mode(car: float, transit: float) -> dict[str, np.ndarray]:
    return {"car": np.array([car]), "transit": np.array([transit])}


@given(car=ANY_MINUTES, transit=ANY_MINUTES, gain=st.floats(0, 1), preference=st.floats(0.05, 0.95))
def test_a_quicker_mode_never_raises_the_cost_and_never_loses_people(
    car: float, transit: float, gain: float, preference: float
) -> None:
    weights = by_mode(preference, 1 - preference)
    before = by_mode(car, transit)
    after = by_mode(car * gain if np.isfinite(car) else 50.0, transit)
    costs = [joint_cost(now, weights, scale_per_min=0.06)[0] for now in (before, after)]
    assert costs[1] <= costs[0] + 1e-9
    first, second = (
        mode_shares(now, weights, scale_per_min=0.06)["car"][0] for now in (before, after)
    )
    assert np.isnan(first) or second >= first - 1e-12


@given(car=ANY_MINUTES, transit=ANY_MINUTES, preference=st.floats(0.05, 0.95))
def test_the_mean_lies_between_the_modes(car: float, transit: float, preference: float) -> None:
    minutes = by_mode(car, transit)
    shares = mode_shares(minutes, by_mode(preference, 1 - preference), scale_per_min=0.06)
    mean = mean_minutes(minutes, shares)[0]
    low, high = min(car, transit), max(car, transit)
    assert mean == low if np.isinf(high) else low - 1e-9 <= mean <= high + 1e-9


@given(cost=MATRIX, workers=COUNTS, jobs=COUNTS)
def test_jobs_per_worker_hand_out_every_job(
    cost: list[list[float]], workers: list[float], jobs: list[float]
) -> None:
    frame = pd.DataFrame(cost, index=NAMES, columns=NAMES)
    people, places = series(workers), series(jobs)
    got = jobs_per_worker(frame, people, places, decay_per_min=0.06)
    assert (got * people).sum() == pytest.approx(places.sum())


@given(values=COUNTS, weights=COUNTS)
def test_the_worst_quarter_has_no_more_than_all(values: list[float], weights: list[float]) -> None:
    got = worst_quartile(series(values), series(weights))
    assert min(values) - 1e-6 <= got <= np.average(values, weights=weights) + 1e-6


@given(sizes=st.lists(PEOPLE, min_size=2, max_size=9))
def test_centres_are_at_least_one_and_at_most_all(sizes: list[float]) -> None:
    centres = pd.Series(sizes)
    assert 1 - 1e-9 <= effective_centres(centres) <= len(sizes) + 1e-9
    assert 1 / len(sizes) - 1e-9 <= primacy(centres) <= 1
