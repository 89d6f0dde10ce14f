"""What is left of a network as links go, by hand and by law."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

from agglo.errors import NetworkError
from agglo.transport.resilience import random_order, resilience_curve, worst_first
from agglo.transport.topology import Floats, Topology
from tests.networks import network_of

NODES = [f"n{i}" for i in range(7)]


def ring(count: int = 4) -> tuple[Topology, Floats, pd.Series]:
    """Join nodes n0, n1, … in a ring, one minute from one to the next; link i follows node i."""
    pairs = [(i, (i + 1) % count) for i in range(count)]
    arcs = [(f"n{a}", f"n{b}", 1.0) for pair in pairs for a, b in (pair, pair[::-1])]
    topology, metric = network_of(arcs)
    return (
        topology,
        metric,
        pd.Series([f"l{int(arc[:3]) // 2}" for arc in topology.arcs], topology.arcs),
    )


def curve(order: list[str], at_once_count: int = 1) -> pd.DataFrame:
    places = NODES[:4]
    return resilience_curve(
        *ring(), order=order, origins=places, destinations=places, at_once_count=at_once_count
    )


def test_a_ring_falls_apart_with_the_second_link() -> None:
    got = curve(["l0", "l2", "l1", "l3"])
    assert got["removed_id"].tolist() == ["", "l0", "l2", "l1", "l3"]
    assert got["removed_count"].tolist() == [0, 1, 2, 3, 4]
    assert got["largest_component_share"].tolist() == [1, 1, 0.5, 0.5, 0.25]
    hops = [4 * (1 + 1 + 1 / 2), 2 * (3 + 2 / 2 + 1 / 3), 4, 2, 0]
    np.testing.assert_allclose(got["efficiency_share"], np.array(hops) / hops[0])
    assert got.index.name == "step"


def test_links_can_go_several_at_once() -> None:
    order = ["l0", "l2", "l1", "l3"]
    singly = curve(order)
    pd.testing.assert_frame_equal(
        curve(order, 2), singly.iloc[[0, 2, 4]].reset_index(drop=True).rename_axis("step")
    )
    assert curve(order[:3], 2)["removed_count"].tolist() == [0, 2, 3]
    assert curve([])["largest_component_share"].tolist() == [1]


@given(
    arcs=st.lists(
        st.tuples(st.sampled_from(NODES), st.sampled_from(NODES), st.sampled_from([0.0, 1, 4])),
        min_size=1,
        max_size=15,
    ),
    seed=st.integers(0, 99),
)
def test_what_holds_never_rises(arcs: list[tuple[str, str, float]], seed: int) -> None:
    topology, metric = network_of(arcs, NODES)
    links = pd.Series([f"l{i % 6}" for i in range(len(metric))], index=topology.arcs)
    got = resilience_curve(
        topology,
        metric,
        links,
        order=random_order(links, seed=seed),
        origins=NODES,
        destinations=NODES,
    )
    for name in ("largest_component_share", "efficiency_share"):
        assert not (np.diff(got[name]) > 0).any()
    assert got["largest_component_share"].between(0, 1).all()


def test_random_orders_depend_on_links_and_seed_alone() -> None:
    links = pd.Series(["b", "a", "", "c", "a", None], index=list("uvwxyz"))
    order = random_order(links, seed=3)
    assert sorted(order) == ["a", "b", "c"]
    assert random_order(links.iloc[::-1], seed=3) == order
    assert any(random_order(links, seed=seed) != order for seed in range(10))


def test_the_worst_link_goes_first_and_ties_go_by_id() -> None:
    values = pd.Series({"z": 5.0, "b": 1.0, "a": 1.0, "c": 7.0, "unknown": np.nan})
    assert worst_first(values) == ["c", "z", "a", "b", "unknown"]


@pytest.mark.parametrize(
    ("order", "at_once", "message"),
    [
        (["l0", "nowhere"], 1, "link 'nowhere' of the order has no arc"),
        (["l0", "l1", "l0"], 1, "link 'l0' stands twice"),
        (["l0"], 0, "at_once_count is 0; wanted 1"),
    ],
)
def test_an_order_that_cannot_be_is_refused(order: list[str], at_once: int, message: str) -> None:
    with pytest.raises(NetworkError, match=message):
        curve(order, at_once)
