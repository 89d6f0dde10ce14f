"""Trips that depend on minutes: a closed form, and what does not settle."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import pytest

from agglo.errors import NetworkError
from agglo.transport.feedback import Feedback, equilibrate
from agglo.transport.topology import Floats
from tests.congested import ends_of, roads_of

ROAD = roads_of([("a", "b", 10, 1000), ("b", "c", 5, np.inf)])
"""10 · (1 + v / 1000) minutes from a to b."""


def settle(
    demand_of: Callable[[Floats], Floats], destinations: str = "b", **choices: object
) -> Feedback:
    topology, congestion = ROAD
    return equilibrate(
        topology,
        congestion,
        demand_of,
        **ends_of(topology, "a", destinations),
        **choices,  # type: ignore[arg-type]
    )


def shy(skim_min: Floats) -> Floats:
    """3000 vehicles less 100 for every minute: 1000 at 20 minutes, which is what 1000 take."""
    return np.maximum(3000 - 100 * skim_min, 0)


def test_trips_and_minutes_meet_where_both_lines_cross() -> None:
    found = settle(shy, tolerance_share=1e-6)
    assert found.demand[0, 0] == pytest.approx(1000, rel=1e-5)
    assert found.equilibrium.skim_min[0, 0] == pytest.approx(20, rel=1e-5)
    assert found.equilibrium.volume_veh_per_h @ [1, 0] == pytest.approx(found.demand[0, 0])
    assert found.change_share <= 1e-6
    assert found.history[-1] == found.change_share
    assert found.rounds == len(found.history)


@pytest.mark.parametrize("steepness", [20.0, 100.0, 400.0])
def test_a_demand_that_swings_is_damped_to_the_same_place(steepness: float) -> None:
    """Plain repetition would swing for ever from 100 vehicles per minute on."""
    found = settle(
        lambda skim_min: np.maximum(1000 - steepness * (skim_min - 20), 0), tolerance_share=1e-4
    )
    assert found.demand[0, 0] == pytest.approx(1000, rel=2e-3)
    assert found.equilibrium.skim_min[0, 0] == pytest.approx(20, rel=1e-3)


def test_a_demand_that_minutes_leave_alone_settles_at_once() -> None:
    found = settle(lambda skim_min: np.full(skim_min.shape, 700.0))
    assert found.rounds == 1
    assert found.change_share == 0
    assert found.equilibrium.skim_min[0, 0] == pytest.approx(17)


def test_a_small_step_is_not_taken_for_a_small_change() -> None:
    """Whole steps would be needed: the change counts as if they had been taken."""
    found = settle(shy, tolerance_share=1e-3)
    wanted = shy(found.equilibrium.skim_min)
    asked_min = 10 * (1 + wanted[0, 0] / 1000)
    assert abs(asked_min / found.equilibrium.skim_min[0, 0] - 1) < 2e-3


def test_pairs_without_a_way_keep_their_demand_unserved() -> None:
    topology, congestion = roads_of([("a", "b", 10, 1000), ("c", "b", 1, 1000)])
    found = equilibrate(
        topology,
        congestion,
        lambda skim_min: np.where(np.isfinite(skim_min), shy(np.minimum(skim_min, 99)) + 50, 50),
        **ends_of(topology, "a", "bc"),
        tolerance_share=1e-5,
    )
    assert found.demand.tolist() == [[pytest.approx(1025, rel=1e-4), 50]]
    assert found.equilibrium.unserved_veh_per_h == 50


def test_the_first_trips_are_asked_at_free_minutes_and_the_last_at_congested_ones() -> None:
    seen: list[float] = []

    def asked(skim_min: Floats) -> Floats:
        seen.append(float(skim_min[0, 0]))
        return shy(skim_min)

    settle(asked, tolerance_share=1e-5)
    assert seen[0] == 10
    assert seen[-1] == pytest.approx(20, rel=1e-3)


def test_the_first_trips_may_be_asked_at_other_minutes_and_settle_alike() -> None:
    seen: list[float] = []

    def asked(skim_min: Floats) -> Floats:
        seen.append(float(skim_min[0, 0]))
        return shy(skim_min)

    found = settle(asked, first_min=np.array([[19.5]]), tolerance_share=1e-5)
    assert seen[0] == 19.5
    assert found.demand[0, 0] == pytest.approx(1000, rel=1e-4)


def test_what_never_settles_is_named_with_its_worst_pair() -> None:
    random = np.random.default_rng(5)
    with pytest.raises(NetworkError, match=r"settle in 6 round\(s\).*from 'a' to 'b' still change"):
        settle(
            lambda skim_min: np.where(skim_min < 99, random.uniform(0, 4000, skim_min.shape), 0),
            most_rounds=6,
        )


def test_an_assignment_that_misses_its_gap_is_no_settlement() -> None:
    topology, congestion = roads_of(
        [("a", "b", 10, 1000), ("a", "b", 15, 1000), ("a", "b", 20, 500), ("b", "a", 1, 1)]
    )
    with pytest.raises(NetworkError, match=r"relative gap .* wanted 1\.0e-12"):
        equilibrate(
            topology,
            congestion,
            lambda skim_min: np.full(skim_min.shape, 5000.0),
            **ends_of(topology, "a", "b"),
            gap=1e-12,
            most_assignment_rounds=1,
            most_rounds=2,
        )


@pytest.mark.parametrize(
    ("answer", "message"),
    [
        (np.full((1, 1), np.nan), "demand from 'a' to 'b' is nan"),
        (np.full((1, 1), -3.0), "demand from 'a' to 'b' is -3"),
        (np.ones((2, 2)), r"demand has the shape \(2, 2\), wanted \(1, 1\)"),
    ],
)
def test_an_impossible_demand_is_refused(answer: Floats, message: str) -> None:
    with pytest.raises(NetworkError, match=message):
        settle(lambda _: answer)
    answers = iter([np.full((1, 1), 500.0), answer])
    with pytest.raises(NetworkError, match=message):
        settle(lambda _: next(answers))


def test_progress_tells_of_assignments_and_of_feedback() -> None:
    told: list[str] = []
    settle(shy, progress=lambda what, *_: told.append(what.split(",")[0]))
    assert {"assignment", "feedback"} == set(told)
    assert told[-1] == "feedback"
