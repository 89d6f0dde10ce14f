"""Laws of money, of specialisation and of thirds by wage."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

from agglo.cooperation.relatedness import proximity, relatedness_density
from agglo.cooperation.specialisation import (
    duplication,
    hachman_index,
    krugman_index,
    location_quotients,
    mean_duplication,
    sector_concentration,
    sector_entropy_bits,
)
from agglo.indicators.agglomeration import (
    density_gain_rub,
    effective_density,
    moved_jobs_gain_rub,
)
from agglo.indicators.winners import wage_thirds

ZONES, SECTORS = 4, 5
NAMES = [f"з'{i}" for i in range(ZONES)]
COSTS = arrays(float, (ZONES, ZONES), elements=st.floats(1, 120))
COUNTS = arrays(float, ZONES, elements=st.floats(0, 1e5))
TABLES = arrays(float, (ZONES, SECTORS), elements=st.integers(0, 500).map(float))
MARKS = arrays(bool, (6, SECTORS))
POWERS, ELASTICITIES = st.floats(0.5, 2.5), st.floats(0.001, 0.2)


def matrix(values: np.ndarray) -> pd.DataFrame:
    return pd.DataFrame(values, index=NAMES, columns=NAMES)


def jobs_of(values: np.ndarray) -> pd.DataFrame:
    return pd.DataFrame(values, index=NAMES, columns=list("CGHKM"))


@given(cost=COSTS, jobs=COUNTS, power=POWERS, faster=st.floats(0.1, 1))
def test_no_place_becomes_less_dense_when_ways_become_shorter(
    cost: np.ndarray, jobs: np.ndarray, power: float, faster: float
) -> None:
    own = pd.Series(jobs, index=NAMES)
    before = effective_density(matrix(cost), own, distance_power=power)
    after = effective_density(matrix(cost * faster), own, distance_power=power)
    assert (after >= before * (1 - 1e-12)).all()
    np.testing.assert_allclose(after, before * faster**-power)


@given(cost=COSTS, jobs=COUNTS, power=POWERS, order=st.permutations(range(ZONES)))
def test_the_order_of_zones_does_not_matter_to_density(
    cost: np.ndarray, jobs: np.ndarray, power: float, order: list[int]
) -> None:
    names, own = [NAMES[i] for i in order], pd.Series(jobs, index=NAMES)
    first = effective_density(matrix(cost), own, distance_power=power)
    second = effective_density(matrix(cost).loc[names, names], own, distance_power=power)
    np.testing.assert_allclose(second[NAMES], first)


@given(before=st.floats(0.1, 1e6), ratio=st.floats(0.1, 10), output=st.floats(1, 1e12),
       elasticity=ELASTICITIES)  # fmt: skip
def test_a_gain_has_the_sign_of_the_change_and_undoing_it_gives_it_back(
    before: float, ratio: float, output: float, elasticity: float
) -> None:
    old, new = pd.Series([before]), pd.Series([before * ratio])
    gain = density_gain_rub(old, new, pd.Series([output]), elasticity=elasticity).item()
    assert gain * (ratio - 1) >= -1e-9 * output
    back = density_gain_rub(new, old, pd.Series([output + gain]), elasticity=elasticity).item()
    assert back == pytest.approx(-gain, rel=1e-6, abs=1e-9 * output)


@given(before=COUNTS, after=COUNTS, worth=st.floats(0, 1e7))
def test_jobs_that_move_gain_nothing_where_all_yield_the_same(
    before: np.ndarray, after: np.ndarray, worth: float
) -> None:
    gain = moved_jobs_gain_rub(pd.Series(before), pd.Series(after), pd.Series([worth] * ZONES))
    scale = worth * (before.sum() + after.sum() + 1)
    assert np.isnan(gain) if before.sum() == 0 else abs(gain) <= 1e-9 * scale


@given(values=TABLES)
def test_indices_of_specialisation_stay_within_their_bounds(values: np.ndarray) -> None:
    jobs = jobs_of(values)
    has = jobs.sum(axis=1) > 0
    for function, least, most in (
        (krugman_index, 0, 2),
        (sector_concentration, 1 / SECTORS, 1),
        (hachman_index, 0, 1),
        (sector_entropy_bits, 0, np.log2(SECTORS)),
    ):
        found = function(jobs)
        assert (found.isna() == ~has).all()
        assert found.dropna().between(least - 1e-9, most + 1e-9).all()


@given(values=TABLES)
def test_quotients_weighted_by_all_jobs_have_a_mean_of_1(values: np.ndarray) -> None:
    jobs = jobs_of(values)
    weights = jobs.sum(axis=1)
    quotients = location_quotients(jobs)
    for sector in jobs.columns[jobs.sum() > 0]:
        mean = (quotients[sector].fillna(0.0) * weights).sum() / weights.sum()
        assert mean == pytest.approx(1)


@given(values=TABLES)
def test_overlap_is_1_less_half_the_krugman_index_of_the_pair(values: np.ndarray) -> None:
    jobs = jobs_of(values)
    overlap = duplication(jobs)
    shares = jobs.div(jobs.sum(axis=1).where(lambda total: total > 0), axis=0)
    for one in NAMES:
        for other in NAMES:
            apart = float((shares.loc[one] - shares.loc[other]).abs().sum(skipna=False))
            assert overlap.loc[one, other] == pytest.approx(1 - apart / 2, nan_ok=True)
    mean = mean_duplication(jobs)
    assert np.isnan(mean) == ((jobs.sum(axis=1) > 0).sum() < 2)
    assert np.isnan(mean) or -1e-9 <= mean <= 1 + 1e-9


@given(values=TABLES, factor=st.floats(0.01, 100))
def test_sizes_of_towns_do_not_matter_to_what_they_share(values: np.ndarray, factor: float) -> None:
    jobs = jobs_of(values)
    grown = jobs.copy()
    grown.iloc[0] = grown.iloc[0] * factor
    np.testing.assert_allclose(duplication(grown), duplication(jobs), atol=1e-12)


@given(marks=MARKS)
def test_nearness_counts_places_that_have_both_over_those_of_the_commoner(
    marks: np.ndarray,
) -> None:
    has = pd.DataFrame(marks, columns=list("CGHKM"))
    near = proximity(has)
    for one in has:
        for other in has:
            both = int((has[one] & has[other]).sum())
            most, least = (f(has[one].sum(), has[other].sum()) for f in (max, min))
            wanted = both / most if least else np.nan
            assert near.loc[one, other] == pytest.approx(wanted, nan_ok=True)
    density = relatedness_density(has, near).to_numpy()
    assert (np.isnan(density) | ((density >= -1e-12) & (density <= 1 + 1e-12))).all()


@given(
    wages=st.lists(st.sampled_from([10.0, 20.0, 30.0, 40.0, np.nan]), min_size=1, max_size=8),
    people=st.lists(st.floats(0, 1000), min_size=8, max_size=8),
)
def test_who_earns_more_is_in_no_lower_third(wages: list[float], people: list[float]) -> None:
    paid, count = np.array(wages), np.array(people[: len(wages)])
    thirds = wage_thirds(paid, count)
    rank = np.array([["", "low", "middle", "high"].index(one) for one in thirds])
    for i in np.flatnonzero(rank):
        for j in np.flatnonzero(rank):
            assert paid[i] != paid[j] or rank[i] == rank[j]
            assert not paid[i] < paid[j] or rank[i] <= rank[j]
    assert not (rank[np.isnan(paid) | (count == 0)] > 0).any()
