"""Two modes joined by a logit."""

from __future__ import annotations

import math

import numpy as np
import pytest

from agglo.commuting.modes import joint_cost, kept_mode_minutes, mean_minutes, mode_shares

INF = np.inf


def pair(car: object, transit: object) -> dict[str, np.ndarray]:
    return {"car": np.atleast_1d(car), "transit": np.atleast_1d(transit)}


def share(car: float, transit: float, *, scale: float = 0.1, preference: float = 0.5) -> float:
    weights = pair(preference, 1 - preference)
    return float(mode_shares(pair(car, transit), weights, scale_per_min=scale)["car"][0])


def cost(car: float, transit: float, *, scale: float = 0.1, preference: float = 0.5) -> float:
    weights = pair(preference, 1 - preference)
    return float(joint_cost(pair(car, transit), weights, scale_per_min=scale)[0])


def test_ten_minutes_at_a_scale_of_a_tenth_are_odds_of_e() -> None:
    assert share(20, 30) == pytest.approx(math.e / (1 + math.e))
    assert share(30, 20) == pytest.approx(1 / (1 + math.e))


def test_the_published_logit_shares_come_out() -> None:
    """vectors.json, logit_cs[0]: two ways of 40 and 55 minutes, scale 0.05."""
    assert share(40, 55, scale=0.05) == pytest.approx(0.67918, abs=5e-6)
    assert share(40, 45, scale=0.05) == pytest.approx(0.56218, abs=5e-6)


def test_the_gain_of_a_quicker_way_is_the_published_surplus() -> None:
    """vectors.json, logit_cs[0]: 1000 people gain 3781.368275 minutes."""
    gain = 1000 * (cost(40, 55, scale=0.05) - cost(40, 45, scale=0.05))
    assert gain == pytest.approx(3781.368275, abs=1e-5)


def test_where_one_mode_has_no_way_all_take_the_other() -> None:
    assert share(20, INF) == 1
    assert share(INF, 20) == 0


def test_where_no_mode_has_a_way_there_is_no_share_and_no_cost() -> None:
    assert math.isnan(share(INF, INF))
    assert cost(INF, INF) == INF


def test_without_a_second_mode_the_cost_is_that_of_fewer_choices() -> None:
    assert cost(20, INF) == pytest.approx(20 + math.log(2) / 0.1)
    assert cost(20, INF) > cost(20, 100)
    assert cost(20, 500) == pytest.approx(cost(20, INF))


@pytest.mark.parametrize(("car", "transit"), [(10, 10), (10, 40), (200, 20), (3000, 2900)])
def test_the_joint_cost_lies_between_the_cheaper_mode_and_the_mean(
    car: float, transit: float
) -> None:
    assert min(car, transit) <= cost(car, transit) <= (car + transit) / 2 + 1e-9


def test_a_quicker_mode_never_raises_the_joint_cost() -> None:
    costs = [cost(car, 40) for car in (80, 60, 40, 20, 1)]
    assert costs == sorted(costs, reverse=True)


def test_the_mean_counts_each_mode_by_who_takes_it() -> None:
    minutes = pair(np.array([20.0, 20, INF, INF]), np.array([40.0, INF, 40, INF]))
    shares = pair(np.array([0.75, 1.0, 0.0, np.nan]), np.array([0.25, 0.0, 1.0, np.nan]))
    assert mean_minutes(minutes, shares).tolist() == [25, 20, 40, INF]


def kept(car: object, transit: object, share: object) -> np.ndarray:
    """Minutes of those who took 20 minutes by car or 50 by train before."""
    before = pair(np.full(3, 20.0), np.full(3, 50.0))
    now = pair(np.full(3, car), np.full(3, transit))
    shares = pair(np.full(3, share), 1 - np.full(3, share))
    return kept_mode_minutes(now, shares, before_min=before)


@pytest.mark.parametrize("share", [0.0, 0.3, 1.0])
@pytest.mark.parametrize("longer", [0.0, 5.0, 500.0, INF])
def test_who_keeps_a_mode_never_gains_from_a_longer_way(share: float, longer: float) -> None:
    before = kept(20.0, 50.0, share)
    assert (kept(20.0 + longer, 50.0, share) >= before).all()
    assert (kept(20.0, 50.0 + longer, share) >= before).all()


def test_who_loses_the_own_mode_takes_the_other_and_is_cut_off_without_both() -> None:
    assert kept(INF, 50.0, 0.5)[0] == 50
    assert kept(20.0, INF, 0.5)[0] == (20 + 50) / 2
    assert np.isinf(kept(INF, INF, 0.5)[0])


def test_a_third_mode_takes_its_part_and_a_mode_nobody_prefers_takes_none() -> None:
    same = {mode: np.array([30.0]) for mode in ("car", "transit", "park_ride")}
    weights = {"car": np.array([0.5]), "transit": np.array([0.3]), "park_ride": np.array([0.2])}
    shares = mode_shares(same, weights, scale_per_min=0.1)
    assert {mode: float(own[0]) for mode, own in shares.items()} == pytest.approx(
        {"car": 0.5, "transit": 0.3, "park_ride": 0.2}
    )
    assert joint_cost(same, weights, scale_per_min=0.1)[0] == pytest.approx(30)
    unloved = {**weights, "car": np.array([0.7]), "park_ride": np.array([0.0])}
    quick = {**same, "park_ride": np.array([1.0])}
    assert mode_shares(quick, unloved, scale_per_min=0.1)["park_ride"][0] == 0


def test_who_loses_the_own_mode_of_three_takes_the_quickest_other() -> None:
    before = {
        mode: np.array([time])
        for mode, time in (("car", 20.0), ("transit", 60.0), ("park_ride", 40.0))
    }
    now = {**before, "transit": np.array([INF])}
    all_by_transit = {
        "car": np.array([0.0]),
        "transit": np.array([1.0]),
        "park_ride": np.array([0.0]),
    }
    assert kept_mode_minutes(now, all_by_transit, before_min=before)[0] == 60
    slow = {**now, "car": np.array([90.0]), "park_ride": np.array([80.0])}
    assert kept_mode_minutes(slow, all_by_transit, before_min=before)[0] == 80
