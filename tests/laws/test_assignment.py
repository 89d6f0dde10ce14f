"""Laws of user equilibrium, on random networks with parallel, closed and free roads."""

from __future__ import annotations

import numpy as np
from hypothesis import assume, given
from hypothesis import strategies as st

from agglo.transport.assignment import Equilibrium, equilibrium
from agglo.transport.congestion import Congestion, congested_minutes, user_objective
from agglo.transport.loading import Loading, all_or_nothing
from agglo.transport.skims import travel_minutes
from agglo.transport.topology import Floats, Topology
from tests.congested import ends_at, ends_of, roads_of

NODES = "abcdef"
FREE = st.one_of(st.just(np.inf), st.just(0.0), st.floats(0.1, 60))
CAPACITY = st.one_of(st.just(np.inf), st.floats(1, 3000))
ROADS = st.lists(
    st.tuples(st.sampled_from(NODES), st.sampled_from(NODES), FREE, CAPACITY),
    min_size=4,
    max_size=25,
)
CURVE = st.tuples(st.floats(0, 2), st.floats(1, 6))
DEMAND = st.lists(st.one_of(st.just(0.0), st.floats(1e-3, 2000)), min_size=9, max_size=9).map(
    lambda trips: np.array(trips).reshape(3, 3)
)
ORIGINS, DESTINATIONS = "abc", "cde"
Roads = list[tuple[str, str, float, float]]


def network(roads: Roads, curve: tuple[float, float]) -> tuple[Topology, Congestion]:
    held = [(node, node, np.inf, 1.0) for node in NODES]
    return roads_of([*roads, *held], alpha=curve[0], power=curve[1])


def free_loading(topology: Topology, congestion: Congestion, demand: Floats) -> Loading:
    free = congested_minutes(congestion, np.zeros(len(topology.arcs)))
    return all_or_nothing(topology, free, demand, **ends_of(topology, ORIGINS, DESTINATIONS))


def assign(topology: Topology, congestion: Congestion, demand: Floats) -> Equilibrium:
    loading = free_loading(topology, congestion, demand)
    assume(loading.unserved_veh_per_h < demand.sum())
    ends = ends_of(topology, ORIGINS, DESTINATIONS)
    return equilibrium(topology, congestion, demand, **ends, gap=1e-6, most_rounds=60)


@given(roads=ROADS, curve=CURVE, demand=DEMAND)
def test_the_gap_is_never_negative(
    roads: Roads, curve: tuple[float, float], demand: Floats
) -> None:
    assert min(assign(*network(roads, curve), demand).history) >= -1e-12


@given(roads=ROADS, curve=CURVE, demand=DEMAND)
def test_the_objective_is_never_above_that_of_all_on_the_free_quickest_ways(
    roads: Roads, curve: tuple[float, float], demand: Floats
) -> None:
    topology, congestion = network(roads, curve)
    found = assign(topology, congestion, demand)
    crowded = free_loading(topology, congestion, demand).volume_veh_per_h
    least, most = (
        user_objective(congestion, volume) for volume in (found.volume_veh_per_h, crowded)
    )
    assert least <= most * (1 + 1e-12)


@given(roads=ROADS, curve=CURVE, demand=DEMAND)
def test_vehicles_begin_at_origins_and_end_at_destinations(
    roads: Roads, curve: tuple[float, float], demand: Floats
) -> None:
    topology, congestion = network(roads, curve)
    found = assign(topology, congestion, demand)
    served = np.where(np.isfinite(found.skim_min), demand, 0)
    wanted = np.zeros(len(topology.nodes))
    ends = ends_of(topology, ORIGINS, DESTINATIONS)
    np.add.at(wanted, ends["to_numbers"], served.sum(axis=0))
    np.add.at(wanted, ends["from_numbers"], -served.sum(axis=1))
    np.testing.assert_allclose(ends_at(topology, found.volume_veh_per_h), wanted, atol=1e-6)
    np.testing.assert_allclose(served.sum() + found.unserved_veh_per_h, demand.sum())


@given(roads=ROADS, curve=CURVE, demand=DEMAND)
def test_minutes_and_skim_are_those_of_the_volumes(
    roads: Roads, curve: tuple[float, float], demand: Floats
) -> None:
    topology, congestion = network(roads, curve)
    found = assign(topology, congestion, demand)
    assert (found.volume_veh_per_h >= 0).all()
    assert (found.volume_veh_per_h[np.isinf(congestion.free_min)] == 0).all()
    np.testing.assert_array_equal(
        found.minutes, congested_minutes(congestion, found.volume_veh_per_h)
    )
    assume((found.minutes[np.isfinite(found.minutes)] < 1e4).all())
    ends = ends_of(topology, ORIGINS, DESTINATIONS)
    by_skims = travel_minutes(topology, found.minutes, *ends.values())
    np.testing.assert_allclose(found.skim_min, by_skims, atol=2e-4, rtol=1e-6)


@given(roads=ROADS, curve=CURVE, demand=DEMAND)
def test_more_background_never_lowers_the_objective(
    roads: Roads, curve: tuple[float, float], demand: Floats
) -> None:
    """The sum of all minutes may well fall (Braess 1968); the least objective cannot."""
    topology, congestion = network(roads, curve)
    fuller = Congestion(
        free_min=congestion.free_min,
        capacity_veh_per_h=congestion.capacity_veh_per_h,
        alpha=congestion.alpha,
        power=congestion.power,
        background_veh_per_h=100.0,
    )
    one, other = (assign(topology, each, demand) for each in (congestion, fuller))
    slack = one.relative_gap * float(
        np.where(one.volume_veh_per_h > 0, one.minutes, 0) @ one.volume_veh_per_h
    )
    least = user_objective(congestion, one.volume_veh_per_h) - slack
    assert user_objective(fuller, other.volume_veh_per_h) >= least - 1e-6 * abs(least)
