"""Excess commuting, against published numbers and the assignment of single persons."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from scipy.optimize import linear_sum_assignment

from agglo.errors import FlowError
from agglo.indicators import transport_problem
from agglo.indicators.excess import (
    CommuteBounds,
    capacity_used_share,
    commute_bounds,
    excess_share,
    mean_commute_min,
    proportional_commute_min,
    with_half_nearest,
)
from agglo.transport.skims import skim
from tests.tntp import read_network

COST = pd.DataFrame([[5.0, 20.0], [20.0, 5.0]], index=["a", "b"], columns=["a", "b"])
WORKERS, JOBS = pd.Series({"a": 100.0, "b": 50}), pd.Series({"a": 80.0, "b": 70})
FLOWS = pd.DataFrame(
    [[73.83941358, 26.16058642], [6.16058642, 43.83941358]], index=COST.index, columns=COST.columns
)
"""vectors.json, gravity_2x2."""


@pytest.fixture(scope="module")
def sioux_falls(shared: Path) -> tuple[pd.DataFrame, pd.DataFrame]:
    """Return free-flow minutes and daily trips of Sioux Falls."""
    network = read_network(shared / "data" / "networks" / "tntp" / "SiouxFalls", "SiouxFalls")
    ends = [
        [network.topology.nodes[i] for i in numbers]
        for numbers in (network.from_numbers, network.to_numbers)
    ]
    minutes = skim(network.topology, network.congestion.free_min, *ends).astype(float)
    zones = [str(number + 1) for number in range(len(minutes))]
    return (
        pd.DataFrame(minutes, index=zones, columns=zones),
        pd.DataFrame(network.demand, index=zones, columns=zones),
    )


def person_by_person(cost: pd.DataFrame, workers: pd.Series, jobs: pd.Series) -> CommuteBounds:
    """Assign single persons to single jobs: a second way of computing."""
    homes, works = np.repeat(cost.index, workers), np.repeat(cost.columns, jobs)
    each = cost.loc[homes, works].to_numpy()
    means = [each[linear_sum_assignment(each, maximize=most)].mean() for most in (False, True)]
    return CommuteBounds(least_min=means[0], most_min=means[1])


def random_case(seed: int, homes: int, works: int) -> tuple[pd.DataFrame, pd.Series, pd.Series]:
    random = np.random.default_rng(seed)
    rows, columns = [f"h{i}" for i in range(homes)], [f"w{i}" for i in range(works)]
    cost = pd.DataFrame(random.integers(1, 60, (homes, works)), index=rows, columns=columns)
    seats = random.integers(0, homes, 60), random.integers(0, works, 60)
    counts = [np.bincount(own, minlength=size) for own, size in zip(seats, (homes, works))]  # noqa: B905
    return cost.astype(float), pd.Series(counts[0], rows), pd.Series(counts[1], columns)


def test_the_least_and_the_greatest_commute_of_two_towns_are_the_published_ones() -> None:
    bounds = commute_bounds(COST, WORKERS, JOBS)
    assert bounds == CommuteBounds(least_min=7.0, most_min=17.0)
    mean = mean_commute_min(FLOWS, COST)
    assert mean == pytest.approx(8.232117284428886, abs=1e-9)
    assert excess_share(mean, bounds) == pytest.approx(0.14967197889168146, abs=1e-9)
    assert capacity_used_share(mean, bounds) == pytest.approx(0.12321172844288864, abs=1e-9)


def test_sioux_falls_is_as_published(sioux_falls: tuple[pd.DataFrame, pd.DataFrame]) -> None:
    cost, trips = sioux_falls
    bounds = commute_bounds(cost, trips.sum(axis=1), trips.sum(), may_be_0_within=True)
    assert bounds.least_min == pytest.approx(0.0102606767, abs=1e-10)
    assert bounds.most_min == pytest.approx(14.7071547421, abs=1e-10)
    assert mean_commute_min(trips, cost) == pytest.approx(8.807542984, abs=1e-9)


def test_nothing_within_zones_makes_nearly_all_commuting_excess_and_is_refused(
    sioux_falls: tuple[pd.DataFrame, pd.DataFrame],
) -> None:
    cost, trips = sioux_falls
    margins = trips.sum(axis=1), trips.sum()
    mean = mean_commute_min(trips, cost)
    trapped = commute_bounds(cost, *margins, may_be_0_within=True)
    assert excess_share(mean, trapped) == pytest.approx(0.999, abs=5e-4)
    with pytest.raises(FlowError, match=r"zone '1' has 0 minutes within itself.*half_nearest"):
        commute_bounds(cost, *margins)
    assert commute_bounds(with_half_nearest(cost), *margins).least_min == pytest.approx(
        1.36, abs=5e-3
    )


def test_half_the_way_to_the_nearest_zone_stands_for_the_way_within() -> None:
    cost = pd.DataFrame(
        [[9.0, 6, np.inf], [8, 0, np.inf], [np.inf] * 3], index=list("abc"), columns=list("bac")
    )
    got = with_half_nearest(cost)
    assert got.loc["a"].tolist() == [9, 4.5, np.inf]
    assert got.loc["b"].tolist() == [0, 0, np.inf]
    assert got.loc["c", "c"] == 0


@pytest.mark.parametrize("seed", range(8))
def test_bounds_are_those_of_assigning_person_by_person(seed: int) -> None:
    cost, workers, jobs = random_case(seed, 7, 5)
    got, wanted = commute_bounds(cost, workers, jobs), person_by_person(cost, workers, jobs)
    assert got.least_min == pytest.approx(wanted.least_min, rel=1e-9)
    assert got.most_min == pytest.approx(wanted.most_min, rel=1e-9)


@pytest.mark.parametrize("seed", range(4))
def test_pairs_taken_in_as_prices_ask_give_the_bounds_of_all_pairs(
    seed: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    cost, workers, jobs = random_case(seed, 30, 25)
    wanted = person_by_person(cost, workers, jobs)
    monkeypatch.setattr(transport_problem, "DENSE_PAIRS", 0)
    monkeypatch.setattr(transport_problem, "PAIRS_PER_ZONE", 1)
    got = commute_bounds(cost, workers, jobs)
    assert got.least_min == pytest.approx(wanted.least_min, rel=1e-9)
    assert got.most_min == pytest.approx(wanted.most_min, rel=1e-9)


def test_pairs_without_a_way_are_left_out() -> None:
    cost = pd.DataFrame([[5.0, 9, np.inf], [9, 5, 20], [np.inf, 20, 5]])
    even = pd.Series([10.0, 10, 10])
    got = commute_bounds(cost, even, even)
    assert got.least_min == pytest.approx(5)
    assert got.most_min == pytest.approx((5 + 20 + 20) / 3)


def test_the_unit_of_people_does_not_matter() -> None:
    for factor in (1e-6, 1 / 3, 1e7):
        got = commute_bounds(COST, WORKERS * factor, JOBS * factor)
        assert got.least_min == pytest.approx(7)
        assert got.most_min == pytest.approx(17)


def test_one_zone_has_one_commute_and_no_room_to_use() -> None:
    only = pd.DataFrame([[5.0]], index=["a"], columns=["a"])
    bounds = commute_bounds(only, pd.Series({"a": 3}), pd.Series({"a": 3}))
    assert bounds == CommuteBounds(least_min=5.0, most_min=5.0)
    assert excess_share(5.0, bounds) == 0
    assert np.isnan(capacity_used_share(5.0, bounds))


def test_without_commuters_there_are_no_bounds() -> None:
    none = pd.Series({"a": 0.0, "b": 0})
    bounds = commute_bounds(COST, none, none)
    assert np.isnan([bounds.least_min, bounds.most_min]).all()
    assert np.isnan(mean_commute_min(0 * FLOWS, COST))
    assert np.isnan(excess_share(float("nan"), bounds))
    assert np.isnan(capacity_used_share(float("nan"), bounds))


def test_zones_without_workers_or_jobs_need_no_way_and_no_minutes_within() -> None:
    cost = COST.reindex(index=["a", "b", "c"], columns=["a", "b", "c"], fill_value=np.inf)
    cost.loc["c", "c"] = 0.0
    more = {"c": 0.0}
    got = commute_bounds(
        cost, pd.concat([WORKERS, pd.Series(more)]), pd.concat([JOBS, pd.Series(more)])
    )
    assert got == commute_bounds(COST, WORKERS, JOBS)


def test_a_zone_cut_off_with_more_workers_than_jobs_is_named() -> None:
    cost = pd.DataFrame(
        [[5.0, 9, np.inf], [9, 5, np.inf], [np.inf, np.inf, 5]],
        index=["a", "b", 'о"стров'], columns=["a", "b", 'о"стров'],
    )  # fmt: skip
    workers = pd.Series([10.0, 10, 30], index=cost.index)
    jobs = pd.Series([15.0, 15, 20], index=cost.index)
    with pytest.raises(FlowError, match=r"'о\"стров': 30.0 workers, and only 20.0 jobs have a way"):
        commute_bounds(cost, workers, jobs)
    with pytest.raises(FlowError, match=r"'о\"стров': 30.0 jobs, and only 20.0 workers"):
        commute_bounds(cost, jobs, workers)


def test_homes_that_share_too_few_jobs_are_named_together(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """Homes 0 and 1 reach the 15 jobs of place 0 alone; the others reach all."""
    cost = pd.DataFrame(np.full((8, 8), 9.0)) + np.eye(8)
    cost.iloc[:2, 1:] = np.inf
    workers, jobs = pd.Series([10.0] * 8), pd.Series([15.0] + [65 / 7] * 7)
    for dense in (20_000, 0):
        monkeypatch.setattr(transport_problem, "DENSE_PAIRS", dense)
        with pytest.raises(FlowError, match=r"'0', '1': 20.0 workers, and only 15.0 jobs"):
            commute_bounds(cost, workers, jobs)


@pytest.mark.parametrize(
    ("cost", "workers", "message"),
    [
        (COST.replace(20.0, np.nan), WORKERS, "minutes from zone 'a' to 'b' are nan"),
        (-COST, WORKERS, "minutes from zone 'a' to 'a' are -5.0"),
        (COST, WORKERS * 2, "workers \\(300.0\\) and jobs \\(150.0\\) must have one total"),
        (COST, WORKERS.replace(50.0, np.inf), "workers_count of zone 'b' is inf"),
        (COST, WORKERS.replace(50.0, -50.0), "workers_count of zone 'b' is -50.0"),
        (COST, WORKERS.replace(50.0, np.nan), "workers_count has no row for 'b'"),
    ],
)
def test_minutes_and_counts_that_mean_nothing_are_refused(
    cost: pd.DataFrame, workers: pd.Series, message: str
) -> None:
    with pytest.raises(ValueError, match=message):
        commute_bounds(cost, workers, JOBS)


def test_if_distance_did_not_matter_flows_would_be_proportional() -> None:
    """80/150 of the jobs are in a: Σ workers · jobs / 150."""
    wanted = (100 * (80 * 5 + 70 * 20) + 50 * (80 * 20 + 70 * 5)) / 150 / 150
    assert proportional_commute_min(COST, WORKERS, JOBS) == pytest.approx(wanted, rel=1e-9)


def test_if_some_pairs_have_no_way_the_others_are_balanced() -> None:
    cost = pd.DataFrame([[5.0, np.inf], [20, 5]], index=["a", "b"], columns=["a", "b"])
    workers, jobs = pd.Series({"a": 60.0, "b": 90}), JOBS
    wanted = (60 * 5 + 20 * 20 + 70 * 5) / 150
    assert proportional_commute_min(cost, workers, jobs) == pytest.approx(wanted, rel=1e-6)


def test_commuters_without_a_way_take_for_ever() -> None:
    cut = COST.replace(20.0, np.inf)
    assert mean_commute_min(FLOWS, cut) == np.inf
    assert mean_commute_min(FLOWS * np.eye(2), cut) == pytest.approx(5)
