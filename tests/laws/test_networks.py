"""Laws of quickest ways, on random networks with parallel, closed and free arcs."""

from __future__ import annotations

import numpy as np
import pandas as pd
from hypothesis import given
from hypothesis import strategies as st

from agglo.transport.connectivity import link_losses
from agglo.transport.skims import skim
from agglo.transport.topology import Floats, Topology
from agglo.units import MS_PER_MINUTE
from tests.networks import network_of

NODES = 7
MINUTES = st.one_of(
    st.just(np.inf), st.just(0.0), st.floats(0, 60, allow_nan=False, width=32).map(float)
)
ARCS = st.lists(
    st.tuples(st.integers(0, NODES - 1), st.integers(0, NODES - 1), MINUTES),
    min_size=1,
    max_size=25,
)
ROUNDING_MIN = 1e-9
NAMES = [f"n{i}" for i in range(NODES)]
Arcs = list[tuple[int, int, float]]


def network(arcs: Arcs) -> tuple[Topology, Floats]:
    return network_of([(NAMES[a], NAMES[b], m) for a, b, m in arcs], NAMES)


def minutes(arcs: Arcs) -> Floats:
    return skim(*network(arcs), NAMES, NAMES)


@given(arcs=ARCS, extra=st.tuples(st.integers(0, 6), st.integers(0, 6), MINUTES))
def test_a_new_link_never_lengthens_a_trip(arcs: Arcs, extra: tuple[int, int, float]) -> None:
    assert (minutes([*arcs, extra]) <= minutes(arcs) + ROUNDING_MIN).all()


@given(arcs=ARCS, data=st.data())
def test_a_faster_link_never_lengthens_a_trip(arcs: Arcs, data: st.DataObject) -> None:
    number = data.draw(st.integers(0, len(arcs) - 1))
    share = data.draw(st.floats(0, 1))
    a, b, before = arcs[number]
    faster = 5.0 if np.isinf(before) else before * share
    changed = [*arcs[:number], (a, b, faster), *arcs[number + 1 :]]
    assert (minutes(changed) <= minutes(arcs) + ROUNDING_MIN).all()


@given(arcs=ARCS, data=st.data())
def test_removing_a_link_never_shortens_a_trip(arcs: Arcs, data: st.DataObject) -> None:
    number = data.draw(st.integers(0, len(arcs) - 1))
    a, b, _ = arcs[number]
    closed = [*arcs[:number], (a, b, np.inf), *arcs[number + 1 :]]
    removed = [*arcs[:number], *arcs[number + 1 :]] or [(0, 0, np.inf)]
    assert (minutes(closed) >= minutes(arcs) - ROUNDING_MIN).all()
    np.testing.assert_array_equal(minutes(closed), minutes(removed))


@given(arcs=ARCS)
def test_no_trip_is_longer_than_one_with_a_stop_on_the_way(arcs: Arcs) -> None:
    direct = np.rint(minutes(arcs).astype(float) * MS_PER_MINUTE)
    through = direct[:, :, None] + direct[None, :, :]
    assert (direct <= through.min(axis=1)).all()


@given(arcs=ARCS)
def test_turning_every_arc_round_transposes_the_minutes(arcs: Arcs) -> None:
    turned = [(b, a, m) for a, b, m in arcs]
    np.testing.assert_allclose(minutes(turned), minutes(arcs).T, rtol=1e-12)


@given(arcs=ARCS)
def test_on_two_way_roads_the_way_back_is_as_long_as_the_way_there(arcs: Arcs) -> None:
    both = [*arcs, *((b, a, m) for a, b, m in arcs)]
    got = minutes(both)
    np.testing.assert_allclose(got, got.T, rtol=1e-12)


@given(arcs=ARCS, order=st.randoms(use_true_random=False))
def test_the_order_of_arcs_does_not_matter(arcs: Arcs, order: object) -> None:
    mixed = list(arcs)
    order.shuffle(mixed)  # type: ignore[attr-defined]
    np.testing.assert_array_equal(minutes(mixed), minutes(arcs))


@given(arcs=ARCS, factor=st.floats(0.1, 10))
def test_if_everything_takes_twice_as_long_so_does_every_trip(arcs: Arcs, factor: float) -> None:
    slower = [(a, b, m * factor) for a, b, m in arcs]
    most_min = len(arcs) / MS_PER_MINUTE * max(1.0, factor)
    np.testing.assert_allclose(minutes(slower), minutes(arcs) * factor, rtol=1e-6, atol=most_min)


@given(arcs=ARCS, seed=st.integers(0, 1000))
def test_losses_of_links_equal_those_of_brute_force(arcs: Arcs, seed: int) -> None:
    topology, metric = network(arcs)
    links = pd.Series([f"l{i % 5}" for i in range(len(topology.arcs))], index=topology.arcs)
    trips = np.random.default_rng(seed).integers(0, 2, (NODES, NODES)).astype(float)
    np.fill_diagonal(trips, 0)
    before = minutes(arcs)

    def loss(after: Floats) -> tuple[float, float]:
        limit = 1000.0
        extra = np.minimum(after, limit) - np.minimum(before, limit)
        cut = np.isinf(after) & np.isfinite(before)
        return float((trips * extra).sum()), float(trips[cut].sum())

    got = link_losses(
        topology, metric, links, origins=NAMES, destinations=NAMES, trips=trips, loss=loss
    )
    for link, row in got.iterrows():
        closed = np.where(links == link, np.inf, metric)
        wanted = loss(skim(topology, closed, NAMES, NAMES))
        np.testing.assert_allclose(row.to_numpy(), wanted, atol=1e-6)
