"""Laws of synthesised flows: totals kept, order of no matter, more decay means shorter ways."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

from agglo.commuting.calibration import calibrated
from agglo.commuting.constrained import CONSTRAINTS, constrained_flows
from agglo.commuting.deterrence import FORMS, Deterrence
from agglo.commuting.fit import fit_measures
from agglo.commuting.matching import mean_over_people
from agglo.commuting.modes import joint_cost, mode_shares
from agglo.commuting.radiation import TIES, radiation_flows, radiation_shares
from agglo.commuting.stacked import stacked_flows

COUNT = 5
NAMES = list("abcde")
MINUTES = st.floats(1, 120)
PEOPLE = st.floats(0.5, 1e5)
MATRIX = st.lists(st.lists(MINUTES, min_size=COUNT, max_size=COUNT), min_size=COUNT, max_size=COUNT)
COUNTS = st.lists(PEOPLE, min_size=COUNT, max_size=COUNT)
CONSTRAINED = st.sampled_from(CONSTRAINTS)
ORDER = st.permutations(range(COUNT))


def deterrence(form: str, strength: float) -> Deterrence:
    own = {"exponential": 0.1, "root_exponential": 0.7, "tanner": 0.05}
    if form == "power":
        return Deterrence(form=form, exponent=2 * strength)
    exponent = 0.5 if form == "tanner" else 0.0
    return Deterrence(form=form, decay=own[form] * strength, exponent=exponent)


DETERRENCES = st.builds(deterrence, st.sampled_from(sorted(FORMS)), st.floats(0, 1))


def region(
    cost: list[list[float]], workers: list[float], jobs: list[float]
) -> tuple[pd.DataFrame, pd.Series, pd.Series]:
    people, places = pd.Series(workers, NAMES), pd.Series(jobs, NAMES)
    return pd.DataFrame(cost, NAMES, NAMES), people, places * (people.sum() / places.sum())


@given(cost=MATRIX, workers=COUNTS, jobs=COUNTS, own=DETERRENCES, constraint=CONSTRAINED)
def test_what_is_constrained_is_kept(
    cost: list[list[float]],
    workers: list[float],
    jobs: list[float],
    own: Deterrence,
    constraint: str,
) -> None:
    frame, people, places = region(cost, workers, jobs)
    flows = constrained_flows(frame, people, places, deterrence=own, constraint=constraint)
    assert (flows >= 0).all(axis=None)
    assert flows.to_numpy().sum() == pytest.approx(people.sum(), rel=1e-8)
    if constraint in ("doubly", "production"):
        np.testing.assert_allclose(flows.sum(axis=1), people, rtol=1e-8)
    if constraint in ("doubly", "attraction"):
        np.testing.assert_allclose(flows.sum(axis=0), places, rtol=1e-8)


@given(
    cost=MATRIX,
    workers=COUNTS,
    jobs=COUNTS,
    own=DETERRENCES,
    order=ORDER,
    constraint=CONSTRAINED,
)
def test_the_order_and_the_names_of_zones_do_not_matter(
    cost: list[list[float]],
    workers: list[float],
    jobs: list[float],
    own: Deterrence,
    order: list[int],
    constraint: str,
) -> None:
    frame, people, places = region(cost, workers, jobs)
    renamed = {name: f"я'{at}" for name, at in zip(NAMES, order, strict=True)}
    mixed = [NAMES[at] for at in order]
    flows = constrained_flows(frame, people, places, deterrence=own, constraint=constraint)
    other = constrained_flows(
        frame.loc[mixed, mixed].rename(index=renamed, columns=renamed),
        people.rename(renamed),
        places[mixed].rename(renamed),
        deterrence=own,
        constraint=constraint,
    )
    back = flows.rename(index=renamed, columns=renamed).loc[other.index, other.columns]
    np.testing.assert_allclose(other, back, rtol=1e-6, atol=1e-9)


@given(
    cost=MATRIX,
    workers=COUNTS,
    jobs=COUNTS,
    form=st.sampled_from(sorted(FORMS)),
    constraint=CONSTRAINED,
)
def test_more_decay_never_makes_what_it_multiplies_larger_on_average(
    cost: list[list[float]], workers: list[float], jobs: list[float], form: str, constraint: str
) -> None:
    frame, people, places = region(cost, workers, jobs)
    statistic = {"power": "log_cost", "root_exponential": "root_cost"}.get(form, "cost")
    means = []
    for strength in (0.1, 0.4, 0.9):
        own = deterrence(form, strength)
        flows = constrained_flows(frame, people, places, deterrence=own, constraint=constraint)
        means.append(mean_over_people(flows.to_numpy(), frame.to_numpy(), statistic=statistic))
    assert means[0] >= means[1] - 1e-7 >= means[2] - 2e-7


@given(cost=MATRIX, workers=COUNTS, jobs=COUNTS, scale=st.floats(0.01, 100))
def test_the_unit_of_the_cost_is_taken_up_by_the_parameter(
    cost: list[list[float]], workers: list[float], jobs: list[float], scale: float
) -> None:
    frame, people, places = region(cost, workers, jobs)
    first = constrained_flows(frame, people, places, deterrence=deterrence("exponential", 0.5))
    other = Deterrence(form="exponential", decay=0.05 / scale)
    second = constrained_flows(frame * scale, people, places, deterrence=other)
    np.testing.assert_allclose(first, second, rtol=1e-6, atol=1e-9)
    power = Deterrence(form="power", exponent=1.5)
    first, second = (
        constrained_flows(one, people, places, deterrence=power) for one in (frame, frame * scale)
    )
    np.testing.assert_allclose(first, second, rtol=1e-6, atol=1e-9)


@given(cost=MATRIX, workers=COUNTS, jobs=COUNTS, decay=st.floats(0.005, 0.1))
def test_calibration_finds_the_decay_that_made_the_flows(
    cost: list[list[float]], workers: list[float], jobs: list[float], decay: float
) -> None:
    spread = np.add.outer(np.arange(COUNT), -np.arange(COUNT)) ** 2 * 3.0
    frame, people, places = region(cost, workers, jobs)
    frame += spread
    made = Deterrence(form="exponential", decay=decay)
    seen = constrained_flows(frame, people, places, deterrence=made)
    found = calibrated(seen, frame)
    again = constrained_flows(frame, people, places, deterrence=found.deterrence)
    np.testing.assert_allclose(again, seen, rtol=1e-3, atol=1e-4 * people.sum())
    assert found.modelled_mean_cost == pytest.approx(found.observed_mean_cost, rel=1e-7)


@given(cost=MATRIX, workers=COUNTS, jobs=COUNTS)
def test_draws_of_a_stack_keep_their_margins(
    cost: list[list[float]], workers: list[float], jobs: list[float]
) -> None:
    frame, people, places = region(cost, workers, jobs)
    friction = np.exp(-0.05 * np.stack([frame, frame.T, np.full((COUNT, COUNT), 7.0)]))
    flows = stacked_flows(
        friction,
        np.tile(people, (3, 1)),
        np.tile(places, (3, 1)),
        places=pd.Index(NAMES),
    )
    np.testing.assert_allclose(flows.sum(axis=2), np.tile(people, (3, 1)), atol=1e-8 * people.sum())
    np.testing.assert_allclose(flows.sum(axis=1), np.tile(places, (3, 1)), atol=1e-8 * people.sum())


@given(cost=MATRIX, mass=COUNTS, order=ORDER, ties=st.sampled_from(TIES))
def test_radiation_sends_everybody_and_knows_no_order(
    cost: list[list[float]], mass: list[float], order: list[int], ties: str
) -> None:
    frame, people, places = region(cost, mass, mass)
    mixed = [NAMES[at] for at in order]
    flows = radiation_flows(frame, people, places, ties=ties)
    np.testing.assert_allclose(flows.sum(axis=1), people)
    other = radiation_flows(frame.loc[mixed, mixed], people, places, ties=ties)
    np.testing.assert_allclose(other.loc[NAMES, NAMES], flows, rtol=1e-9)


@given(
    cost=st.lists(
        st.lists(st.integers(1, 3), min_size=COUNT, max_size=COUNT),
        min_size=COUNT,
        max_size=COUNT,
    ),
    mass=COUNTS,
)
def test_shared_ties_always_add_up_and_ties_within_never_to_more(
    cost: list[list[int]], mass: list[float]
) -> None:
    values, weights = np.array(cost, dtype=float), np.array(mass)
    wanted = 1 - weights / weights.sum()
    shared, within = (
        radiation_shares(values, weights, ties=ties).sum(axis=1) for ties in ("shared", "within")
    )
    np.testing.assert_allclose(shared, wanted)
    assert (within <= wanted + 1e-9).all()


@given(first=COUNTS, second=COUNTS, scale=st.floats(0.1, 10))
def test_measures_of_fit_stay_in_their_bounds(
    first: list[float], second: list[float], scale: float
) -> None:
    seen, model = np.array(first), np.array(second)
    own = fit_measures(seen, model)
    assert 0 <= own["cpc_share"] <= 1 + 1e-12
    assert 0 <= own["ssi"] <= 1 + 1e-12
    assert own["kl_nats"] >= -1e-12
    assert own["r2"] <= 1 or np.isnan(own["r2"])
    assert own["cpc_share"] == pytest.approx(fit_measures(model, seen)["cpc_share"])
    larger = fit_measures(seen * scale, model * scale)
    for name in ("cpc_share", "ssi", "srmse", "kl_nats"):
        assert larger[name] == pytest.approx(own[name], rel=1e-9, abs=1e-9)


@given(
    minutes=st.lists(st.one_of(st.just(np.inf), st.floats(1, 200)), min_size=2, max_size=6),
    weights=st.lists(st.floats(0.05, 1), min_size=6, max_size=6),
)
def test_any_number_of_modes_shares_out_everybody(
    minutes: list[float], weights: list[float]
) -> None:
    own = np.array(weights[: len(minutes)]) / sum(weights[: len(minutes)])
    ways = {f"mode {at}": np.array([value]) for at, value in enumerate(minutes)}
    given_weights = {f"mode {at}": np.array([value]) for at, value in enumerate(own)}
    shares = mode_shares(ways, given_weights, scale_per_min=0.06)
    cost = joint_cost(ways, given_weights, scale_per_min=0.06)[0]
    total = sum(float(share[0]) for share in shares.values())
    if np.isinf(minutes).all():
        assert np.isnan(total)
        assert np.isinf(cost)
    else:
        assert total == pytest.approx(1)
        assert min(minutes) - 1e-9 <= cost <= min(minutes) + np.log(1 / min(own)) / 0.06 + 1e-9
