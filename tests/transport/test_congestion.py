"""Minutes by volume: the BPR formula, its integral, its inverse, and what it refuses."""

from __future__ import annotations

import numpy as np
import pytest
from scipy.integrate import quad

from agglo.errors import NetworkError
from agglo.transport.congestion import (
    Congestion,
    background_from_speeds,
    congested_minutes,
    minutes_and_rise,
    user_objective,
)
from agglo.transport.topology import Floats


def one(**changed: object) -> Congestion:
    given: dict[str, object] = {
        "free_min": np.array([10.0]),
        "capacity_veh_per_h": np.array([1000.0]),
    }
    return Congestion(**{**given, **changed})  # type: ignore[arg-type]


def at(volume: float, congestion: Congestion) -> float:
    return float(congested_minutes(congestion, np.array([volume]))[0])


def test_a_road_at_capacity_takes_fifteen_percent_longer() -> None:
    assert at(0, one()) == 10
    assert at(1000, one()) == pytest.approx(11.5)
    assert at(2000, one()) == pytest.approx(10 * (1 + 0.15 * 16))


def test_background_slows_as_modelled_vehicles_do() -> None:
    crowded = one(background_veh_per_h=400.0)
    assert at(600, crowded) == pytest.approx(11.5)
    assert at(0, crowded) == pytest.approx(at(400, one()))


def test_a_closed_road_stays_closed_and_an_endless_capacity_never_congests() -> None:
    roads = Congestion(
        free_min=np.array([np.inf, 7.0]), capacity_veh_per_h=np.array([1000.0, np.inf])
    )
    assert congested_minutes(roads, np.array([0.0, 1e9])).tolist() == [np.inf, 7]


def test_every_arc_may_have_its_own_curve() -> None:
    roads = Congestion(
        free_min=np.array([10.0, 10.0]),
        capacity_veh_per_h=np.array([1000.0, 500.0]),
        alpha=np.array([1.0, 0.5]),
        power=np.array([1.0, 2.0]),
    )
    assert congested_minutes(roads, np.array([500.0, 1000.0])).tolist() == [15, 30]


def test_the_rise_is_the_slope_of_the_minutes() -> None:
    road = one(power=2.5, background_veh_per_h=100.0)
    rise = minutes_and_rise(road, np.array([800.0]))[1][0]
    assert rise == pytest.approx((at(801, road) - at(799, road)) / 2, rel=1e-5)


@pytest.mark.parametrize("background", [0.0, 300.0])
def test_the_objective_is_the_area_under_the_curve(background: float) -> None:
    road = one(background_veh_per_h=background)
    area, _ = quad(lambda volume: at(volume, road), 0, 900)
    assert user_objective(road, np.array([900.0])) == pytest.approx(area)


def test_a_closed_road_adds_nothing_to_the_objective_while_it_is_empty() -> None:
    closed = one(free_min=np.array([np.inf]))
    assert user_objective(closed, np.zeros(1)) == 0
    assert user_objective(closed, np.ones(1)) == np.inf


def background(observed: float, **changed: object) -> tuple[float, bool]:
    given: dict[str, object] = {
        "free_min": np.array([10.0]),
        "capacity_veh_per_h": np.array([1000.0]),
        "volume_veh_per_h": np.array([300.0]),
    }
    found, clipped = background_from_speeds(
        observed_min=np.array([observed]),
        **{**given, **changed},  # type: ignore[arg-type]
    )
    return float(found[0]), bool(clipped[0])


def test_the_background_gives_back_the_observed_minutes() -> None:
    found, clipped = background(11.5)
    assert (found, clipped) == (pytest.approx(700), False)
    assert at(300, one(background_veh_per_h=found)) == pytest.approx(11.5)


def test_the_background_comes_back_from_minutes_that_it_made() -> None:
    random = np.random.default_rng(3)
    made = Congestion(
        free_min=random.uniform(1, 30, 200),
        capacity_veh_per_h=random.uniform(300, 4000, 200),
        alpha=random.uniform(0.1, 2, 200),
        power=random.uniform(1, 6, 200),
        background_veh_per_h=random.uniform(0, 3000, 200),
    )
    volume = random.uniform(0, 2000, 200)
    found, clipped = background_from_speeds(
        made.free_min,
        congested_minutes(made, volume),
        made.capacity_veh_per_h,
        volume_veh_per_h=volume,
        alpha=made.alpha,
        power=made.power,
    )
    assert not clipped.any()
    np.testing.assert_allclose(found, made.background_veh_per_h, rtol=1e-6, atol=1e-6)


def test_the_modelled_volume_alone_needs_no_background() -> None:
    assert background(at(300, one())) == (pytest.approx(0, abs=1e-6), False)


@pytest.mark.parametrize(
    ("observed", "changed"),
    [
        (9.0, {}),
        (9.0, {"volume_veh_per_h": np.zeros(1)}),
        (10.01, {"volume_veh_per_h": np.array([900.0])}),
        (11.5, {"capacity_veh_per_h": np.array([np.inf])}),
        (11.5, {"alpha": 0.0}),
        (11.5, {"free_min": np.zeros(1)}),
    ],
)
def test_minutes_that_no_background_gives_are_marked(
    observed: float, changed: dict[str, Floats]
) -> None:
    assert background(observed, **changed) == (0, True)


def test_a_road_without_observation_or_closed_has_no_background() -> None:
    assert background(np.nan) == (0, False)
    assert background(30.0, free_min=np.array([np.inf])) == (0, False)
    assert background(np.inf, free_min=np.array([np.inf])) == (0, False)
    assert background(10.0, capacity_veh_per_h=np.array([np.inf])) == (0, False)


@pytest.mark.parametrize("observed", [-1.0, np.inf])
def test_an_observation_that_is_no_time_is_refused(observed: float) -> None:
    with pytest.raises(NetworkError, match=r"observed_min is .* on arc number 0, wanted"):
        background(observed)


@pytest.mark.parametrize(
    ("changed", "message"),
    [
        ({"capacity_veh_per_h": np.zeros(1)}, r"capacity_veh_per_h is 0\.0 on arc number 0"),
        ({"capacity_veh_per_h": np.array([np.nan])}, "capacity_veh_per_h is nan"),
        ({"free_min": np.array([-1.0])}, r"free_min is -1\.0 .* wanted 0 or more"),
        ({"free_min": np.array([np.nan])}, "free_min is nan"),
        ({"alpha": -0.1}, r"alpha is -0\.1"),
        ({"alpha": np.inf}, "alpha is inf"),
        ({"power": 0.5}, r"power is 0\.5 .* wanted 1 or more"),
        ({"background_veh_per_h": np.array([-5.0])}, r"background_veh_per_h is -5\.0"),
        ({"capacity_veh_per_h": np.ones(2)}, r"capacity_veh_per_h has the shape \(2,\)"),
        ({"capacity_veh_per_h": np.float64(5)}, r"capacity_veh_per_h has the shape \(\)"),
        ({"alpha": np.ones(3)}, r"alpha has the shape \(3,\), wanted one number per arc: \(1,\)"),
    ],
)
def test_a_curve_that_does_not_rise_is_refused(changed: dict[str, object], message: str) -> None:
    with pytest.raises(NetworkError, match=message):
        one(**changed)


@pytest.mark.parametrize("volume", [[-1.0], [np.nan], [1.0, 2.0]])
def test_a_volume_that_is_none_is_refused(volume: list[float]) -> None:
    with pytest.raises(NetworkError, match="the volume must be one number per arc"):
        congested_minutes(one(), np.array(volume))


def test_minutes_beyond_all_bounds_are_refused() -> None:
    with pytest.raises(NetworkError, match=r"arc number 0 takes inf minutes with 1e\+100"):
        at(1e100, one())
