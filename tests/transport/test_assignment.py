"""User equilibrium: closed forms, the paradox of Braess, scaling, and what is refused."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from agglo.errors import NetworkError
from agglo.transport.assignment import Equilibrium, equilibrium
from agglo.transport.congestion import Congestion, user_objective
from agglo.transport.loading import all_or_nothing
from agglo.transport.topology import Floats, Topology
from tests.congested import NEVER, braess, ends_at, ends_of, in_given_order, pigou, roads_of

CITY = "abcdefghijkl"


def assign(
    roads: tuple[Topology, Congestion],
    demand: Floats | float,
    origins: str = "a",
    destinations: str = "b",
    **choices: object,
) -> Equilibrium:
    topology, congestion = roads
    return equilibrium(
        topology,
        congestion,
        np.atleast_2d(np.asarray(demand, dtype=float)),
        **ends_of(topology, origins, destinations),
        **{"gap": 1e-6, **choices},  # type: ignore[arg-type]
    )


def city(*, scale: float = 1.0) -> tuple[tuple[Topology, Congestion], Floats]:
    """Build a random network of two-way roads, and trips between all of its nodes."""
    random = np.random.default_rng(11)
    ring = [(a, b) for a, b in zip(CITY, CITY[1:] + CITY[0], strict=True)]
    pairs = [*ring, *(tuple(random.choice(list(CITY), 2, replace=False)) for _ in range(14))]
    roads = []
    for a, b in pairs:
        minutes, capacity = random.uniform(2, 12), random.uniform(400, 1500) * scale
        roads += [(a, b, minutes, capacity), (b, a, minutes, capacity)]
    demand = random.uniform(20, 240, (len(CITY), len(CITY))) * scale
    return roads_of(roads, alpha=0.15, power=4.0), demand


def test_the_short_road_of_pigou_fills_until_it_is_no_shorter() -> None:
    """10 · (1 + v / 1000) = 20 at v = 1000, however many more there are."""
    for demand, short, minutes in ((500.0, 500.0, 15.0), (1000.0, 1000.0, 20.0)):
        found = assign(pigou(), demand)
        assert in_given_order(pigou()[0], found.volume_veh_per_h) == [0, short]
        assert found.skim_min[0, 0] == pytest.approx(minutes)
    found = assign(pigou(), 1500)
    assert in_given_order(pigou()[0], found.volume_veh_per_h) == pytest.approx([500, 1000])
    assert found.skim_min[0, 0] == pytest.approx(20)


def test_two_roads_share_the_vehicles_so_that_both_take_as_long() -> None:
    """10 · (1 + v / 1000) = 15 · (1 + (2000 − v) / 1000) at v = 1400: 24 minutes."""
    roads = roads_of([("a", "b", 10, 1000), ("a", "b", 15, 1000)])
    found = assign(roads, 2000)
    assert in_given_order(roads[0], found.volume_veh_per_h) == pytest.approx([1400, 600])
    assert found.minutes.tolist() == pytest.approx([24, 24])
    assert found.converged


def test_the_fourth_power_is_solved_as_exactly() -> None:
    """10 · (1 + 0.15 · 2 ^ 4) = 34 minutes, as long as the way around."""
    rows = [("a", "b", 10, 1000), ("a", "c", 30, NEVER), ("c", "b", 4, NEVER)]
    roads = roads_of(rows, alpha=0.15, power=4.0)
    found = assign(roads, 3000)
    assert in_given_order(roads[0], found.volume_veh_per_h) == pytest.approx([2000, 1000, 1000])


def test_background_takes_its_share_of_the_road() -> None:
    topology, congestion = pigou()
    loaded = replace(congestion, background_veh_per_h=400.0)
    found = assign((topology, loaded), 1500)
    assert in_given_order(topology, found.volume_veh_per_h) == pytest.approx([900, 600])


def test_the_bridge_of_braess_lengthens_every_trip() -> None:
    """Braess 1968: six vehicles, 83 minutes without the bridge, 92 with it."""
    without, with_it = (
        assign(braess(bridge=bridge), 6, "s", "t", gap=1e-10) for bridge in (False, True)
    )
    assert without.skim_min[0, 0] == pytest.approx(83, abs=1e-4)
    assert with_it.skim_min[0, 0] == pytest.approx(92, abs=1e-4)
    volume = in_given_order(braess()[0], with_it.volume_veh_per_h)
    assert volume == pytest.approx([4, 2, 2, 2, 4], abs=1e-4)
    assert in_given_order(braess()[0], without.volume_veh_per_h)[3] == 0


def test_vehicles_neither_appear_nor_vanish_at_any_node() -> None:
    roads, demand = city()
    found = assign(roads, demand, CITY, CITY, gap=1e-6)
    through = demand - np.diag(np.diag(demand))
    balance = through.sum(axis=0) - through.sum(axis=1)
    np.testing.assert_allclose(ends_at(roads[0], found.volume_veh_per_h), balance, atol=1e-8)


def test_the_gap_is_what_quickest_ways_at_the_same_minutes_would_save() -> None:
    roads, demand = city()
    found = assign(roads, demand, CITY, CITY, gap=1e-3)
    quickest = all_or_nothing(roads[0], found.minutes, demand, **ends_of(roads[0], CITY, CITY))
    total = found.volume_veh_per_h @ found.minutes
    assert found.relative_gap == pytest.approx(1 - quickest.total_veh_min / total, rel=1e-6)
    assert 0 < found.relative_gap <= 1e-3 < found.history[-2]
    assert found.relative_gap == found.history[-1]
    assert found.rounds == len(found.history) > 2


def test_no_round_raises_the_objective() -> None:
    roads, demand = city()
    objectives = [
        user_objective(
            roads[1], assign(roads, demand, CITY, CITY, most_rounds=most).volume_veh_per_h
        )
        for most in range(1, 25)
    ]
    assert (np.diff(objectives) <= 1e-9 * objectives[0]).all()
    assert objectives[-1] < 0.9 * objectives[0]


def test_no_other_volumes_that_serve_the_demand_have_a_lower_objective() -> None:
    roads, demand = city()
    found = assign(roads, demand, CITY, CITY, gap=1e-6)
    least = user_objective(roads[1], found.volume_veh_per_h)
    slack = found.relative_gap * float(found.volume_veh_per_h @ found.minutes)
    random = np.random.default_rng(2)
    for _ in range(20):
        metric = found.minutes * random.uniform(0.8, 1.2, len(found.minutes))
        other = all_or_nothing(roads[0], metric, demand, **ends_of(roads[0], CITY, CITY))
        for share in (0.001, 0.1, 1.0):
            mixed = (1 - share) * found.volume_veh_per_h + share * other.volume_veh_per_h
            assert user_objective(roads[1], mixed) >= least - slack


def test_twice_the_vehicles_on_twice_the_capacity_take_as_long() -> None:
    one, two = (assign(*city(scale=scale), CITY, CITY, gap=1e-5) for scale in (1.0, 2.0))
    np.testing.assert_allclose(two.minutes, one.minutes, rtol=1e-6)
    np.testing.assert_allclose(two.volume_veh_per_h, 2 * one.volume_veh_per_h, rtol=1e-6)


def test_the_order_of_zones_does_not_matter() -> None:
    roads, demand = city()
    one = assign(roads, demand, CITY, CITY)
    other = assign(roads, demand[::-1, ::-1], CITY[::-1], CITY[::-1])
    np.testing.assert_allclose(other.volume_veh_per_h, one.volume_veh_per_h, rtol=1e-3, atol=0.1)
    np.testing.assert_allclose(other.skim_min[::-1, ::-1], one.skim_min, rtol=1e-4)


def test_the_order_in_which_roads_are_given_does_not_matter() -> None:
    rows = [("a", "b", 10, 700), ("a", "c", 4, 500), ("c", "b", 5, 900), ("a", "b", 12, 400)]
    backward = [rows[number] for number in (3, 1, 0, 2)]
    one, other = roads_of(rows), roads_of(backward)
    volumes = in_given_order(one[0], assign(one, 3000).volume_veh_per_h)
    moved = in_given_order(other[0], assign(other, 3000).volume_veh_per_h)
    assert [volumes[number] for number in (3, 1, 0, 2)] == pytest.approx(moved, rel=1e-4)


def test_the_same_question_gives_the_same_bytes() -> None:
    roads, demand = city()
    one, again = (assign(roads, demand, CITY, CITY) for _ in range(2))
    assert one.volume_veh_per_h.tobytes() == again.volume_veh_per_h.tobytes()
    assert one.history == again.history


def test_a_start_near_by_leads_to_the_same_place_in_fewer_rounds() -> None:
    (topology, before), demand = city()
    after = replace(before, capacity_veh_per_h=before.capacity_veh_per_h * 1.05)
    old = assign((topology, before), demand, CITY, CITY, gap=1e-6)
    cold = assign((topology, after), demand, CITY, CITY, gap=1e-6)
    warm = assign((topology, after), demand, CITY, CITY, gap=1e-6, start=old.volume_veh_per_h)
    np.testing.assert_allclose(warm.minutes, cold.minutes, rtol=2e-3)
    assert warm.history[0] < cold.history[0] / 10
    assert warm.rounds < cold.rounds
    again = assign((topology, after), demand, CITY, CITY, gap=1e-6, start=warm.volume_veh_per_h)
    assert again.rounds == 1


def test_no_demand_leaves_the_roads_free() -> None:
    found = assign(pigou(), 0)
    assert found.volume_veh_per_h.tolist() == [0, 0]
    assert (found.relative_gap, found.rounds, found.converged) == (0, 1, True)
    assert found.skim_min[0, 0] == 10


def test_closed_roads_carry_nobody_and_stay_closed() -> None:
    roads = roads_of([("a", "b", np.inf, 1000), ("a", "b", 15, 1000)])
    found = assign(roads, 1000)
    assert in_given_order(roads[0], found.volume_veh_per_h) == [0, 1000]
    assert in_given_order(roads[0], found.minutes) == [np.inf, 30]


def test_vehicles_without_a_way_are_counted_and_the_others_assigned() -> None:
    roads = roads_of([("a", "b", 10, 1000), ("c", "a", 10, 1000)])
    found = assign(roads, [[1000, 250]], "a", "bc")
    assert found.unserved_veh_per_h == 250
    assert found.skim_min.tolist() == [[20, np.inf]]
    assert found.converged


def test_rounds_that_run_out_are_told_and_the_gap_so_far_is_given() -> None:
    roads, demand = city()
    found = assign(roads, demand, CITY, CITY, most_rounds=3)
    assert not found.converged
    assert found.rounds == 3
    assert found.relative_gap > 1e-6


def test_the_search_ends_where_numbers_end() -> None:
    rows = [("a", "b", 10, 700), ("a", "b", 13, 900), ("a", "b", 14.1, 300)]
    found = assign(roads_of(rows, alpha=0.15, power=4.0), 3000, gap=1e-300, most_rounds=500)
    assert found.rounds < 500
    assert not found.converged
    assert 0 < found.relative_gap < 1e-13


def test_progress_is_told_every_round() -> None:
    told: list[tuple[str, int, int]] = []
    roads, demand = city()
    found = assign(
        roads,
        demand,
        CITY,
        CITY,
        gap=1e-2,
        most_rounds=50,
        progress=lambda *what: told.append(what),
    )
    assert [done for _, done, _ in told] == list(range(1, found.rounds + 1))
    assert {of for *_, of in told} == {50}
    assert f"{found.relative_gap:.1e}" in told[-1][0]


def test_what_is_given_is_left_as_it_was() -> None:
    roads, demand = city()
    kept = demand.copy()
    start = assign(roads, demand, CITY, CITY, gap=1e-2).volume_veh_per_h
    kept_start = start.copy()
    assign(roads, demand, CITY, CITY, gap=1e-3, start=start)
    np.testing.assert_array_equal(demand, kept)
    np.testing.assert_array_equal(start, kept_start)


@pytest.mark.parametrize(
    ("demand", "choices", "message"),
    [
        (-1.0, {}, "demand from 'a' to 'b' is -1.0"),
        (np.nan, {}, "demand from 'a' to 'b' is nan"),
        (np.ones((2, 1)), {}, r"demand has the shape \(2, 1\), wanted \(1, 1\)"),
        (5.0, {"gap": 0.0}, "gap must be above 0"),
        (5.0, {"gap": np.nan}, "gap must be above 0"),
        (5.0, {"most_rounds": 0}, "most_rounds 1 or more"),
        (5.0, {"start": np.ones(3)}, r"start has the shape \(3,\)"),
        (5.0, {"start": np.array([6.0, -1.0])}, "wanted one volume per arc, 0 or more"),
        (5.0, {"start": np.array([1.0, 1.0])}, "start does not serve this demand"),
    ],
)
def test_a_question_without_an_answer_is_refused(
    demand: Floats | float, choices: dict[str, object], message: str
) -> None:
    with pytest.raises(NetworkError, match=message):
        assign(pigou(), demand, **choices)


def test_a_start_on_a_closed_road_is_refused() -> None:
    roads = roads_of([("a", "b", 10, 1000), ("a", "b", np.inf, 1000)])
    with pytest.raises(NetworkError, match=r"1 closed arc\(s\) carry vehicles"):
        assign(roads, 100, start=np.array([60.0, 40.0]))


def test_a_demand_that_cannot_go_anywhere_is_refused() -> None:
    roads = roads_of([("b", "a", 10, 1000)])
    with pytest.raises(NetworkError, match="not one of 70 vehicles per hour has a way"):
        assign(roads, 70)


def test_a_congestion_of_other_arcs_is_refused() -> None:
    topology, _ = pigou()
    _, other = braess()
    with pytest.raises(NetworkError, match="the congestion of 5 arcs does not fit"):
        assign((topology, other), 1)
