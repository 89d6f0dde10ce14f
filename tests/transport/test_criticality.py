"""Losses of single links, against closing every one of them by hand and by brute force."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

from agglo.errors import NetworkError
from agglo.transport import closing, replacement
from agglo.transport.criticality import critical_links, losses_from_closed, trip_loss
from agglo.transport.hierarchy import hierarchy_from_arcs
from agglo.transport.skims import skim
from agglo.transport.topology import Floats, Topology
from agglo.transport.uses import closed_trips
from agglo.transport.ways import Numbers
from tests.networks import Arcs, network_of
from tests.tntp import read_network

UNSERVED_MIN = 60.0
ENGINES = ("degrees", "places", "dijkstra")

Network = tuple[Topology, Floats, pd.Series]


def both_ways(links: Sequence[tuple[str, str, str, float]]) -> Network:
    """Join two-way links (id, one end, other end, minutes)."""
    arcs: list[tuple[str, str, float]] = []
    for _, first, last, minutes in links:
        arcs += [(first, last, minutes), (last, first, minutes)]
    topology, metric = network_of(arcs)
    ids = [links[int(arc[:3]) // 2][0] for arc in topology.arcs]
    return topology, metric, pd.Series(ids, index=topology.arcs)


def random_network(seed: int, *, nodes: int = 14, links: int = 24) -> Network:
    """Some links one-way, some of several arcs, some closed, some without an id, some parallel."""
    random = np.random.default_rng(seed)
    names = [f"n{i:02d}" for i in range(nodes)]
    arcs, ids = [], []
    for link in range(links):
        a, b, c = random.choice(names, 3)
        minutes = random.choice(
            [0.0, 1.0, 2.0, 3.5, 7.0, np.inf], p=[0.05, 0.2, 0.3, 0.2, 0.2, 0.05]
        )
        own = [(a, b, minutes)]
        if random.random() < 0.7:
            own.append((b, a, minutes))
        if random.random() < 0.2:
            own.append((b, c, 1.0))
        arcs += own
        ids += ["" if random.random() < 0.1 else f"l{link:02d}"] * len(own)
    topology, metric = network_of(arcs, names)
    ids += [""] * (len(topology.arcs) - len(arcs))
    return topology, metric, pd.Series([ids[int(arc[:3])] for arc in topology.arcs], topology.arcs)


def trips_of(topology: Topology, seed: int) -> Floats:
    trips = np.random.default_rng(seed).integers(0, 4, (len(topology.nodes),) * 2).astype(float)
    np.fill_diagonal(trips, 0)
    return trips


def found(network: Network, trips: Floats, exact_count: int | None = None) -> pd.DataFrame:
    topology, metric, links = network
    nodes = list(topology.nodes)
    before = skim(topology, metric, nodes, nodes)
    return critical_links(
        topology,
        metric,
        links,
        origins=nodes,
        destinations=nodes,
        wanted=trips > 0,
        loss=trip_loss(trips, before, unserved_min=UNSERVED_MIN),
        exact_count=exact_count,
    )


def brute_force(network: Network, trips: Floats) -> pd.DataFrame:
    """Close every link and find every way anew."""
    topology, metric, links = network
    nodes = list(topology.nodes)
    before = skim(topology, metric, nodes, nodes).astype(float)
    rows = {}
    for link in sorted(set(links) - {""}):
        closed = np.where(links == link, np.inf, metric)
        after = skim(replace(topology, hierarchy=None), closed, nodes, nodes).astype(float)
        lost = 0.0
        for row, column in np.argwhere((trips > 0) & np.isfinite(before)):
            most = max(UNSERVED_MIN, before[row, column])
            lost += trips[row, column] * (min(after[row, column], most) - before[row, column])
        cut = np.isinf(after) & np.isfinite(before)
        rows[link] = (lost, trips[cut].sum())
    return pd.DataFrame.from_dict(
        rows, orient="index", columns=["loss_person_min", "unserved_count"], dtype=float
    )


def with_engine(network: Network, engine: str, patch: pytest.MonkeyPatch) -> Network:
    topology, metric, links = network
    if engine == "dijkstra":
        patch.setattr(closing, "SMALL_NODES", 0)
    if engine == "places":
        patch.setattr(replacement, "LOCAL_NODES", 0)
        x, y = np.random.default_rng(0).random((2, len(topology.nodes)))
        hierarchy = hierarchy_from_arcs(topology.tail, topology.head, x, y)
        topology = replace(topology, x_m=x, y_m=y, hierarchy=hierarchy)
    return topology, metric, links


@pytest.mark.parametrize("engine", ENGINES)
@pytest.mark.parametrize("seed", range(12))
def test_all_losses_are_those_of_closing_every_link(
    seed: int, engine: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    network = with_engine(random_network(seed), engine, monkeypatch)
    trips = trips_of(network[0], seed)
    got, wanted = found(network, trips), brute_force(network, trips)
    assert got["is_exact"].all()
    assert (got["most_person_min"] == got["loss_person_min"]).all()
    pd.testing.assert_frame_equal(
        got[["loss_person_min", "unserved_count"]], wanted, rtol=1e-9, check_index_type=False
    )


@pytest.mark.parametrize("engine", ENGINES)
@pytest.mark.parametrize("exact_count", [1, 3, 1000])
def test_the_worst_are_exact_and_no_other_is_worse(
    exact_count: int, engine: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("agglo.transport.criticality.BATCH_LINKS", 1)
    for seed in range(8):
        network = with_engine(random_network(seed), engine, monkeypatch)
        trips = trips_of(network[0], seed)
        got, wanted = found(network, trips, exact_count), brute_force(network, trips)
        exact = got[got["is_exact"]]
        np.testing.assert_allclose(
            exact["loss_person_min"], wanted.loc[exact.index, "loss_person_min"], rtol=1e-9
        )
        assert (got["most_person_min"] >= wanted["loss_person_min"] - 1e-9).all()
        assert got["loss_person_min"].isna().equals(~got["is_exact"])
        worst = wanted["loss_person_min"].nlargest(exact_count)
        np.testing.assert_allclose(exact["loss_person_min"].nlargest(exact_count), worst, rtol=1e-9)


def test_few_links_are_closed_to_find_the_worst(monkeypatch: pytest.MonkeyPatch) -> None:
    """A ladder: all trips go along one side; its steps carry different numbers of people."""
    monkeypatch.setattr("agglo.transport.criticality.BATCH_LINKS", 1)
    steps = range(30)
    links = [(f"a{i:02d}", f"a{i}", f"a{i + 1}", 1.0) for i in steps]
    links += [(f"b{i:02d}", f"b{i}", f"b{i + 1}", 2.0) for i in steps]
    links += [(f"c{i:02d}", f"a{i}", f"b{i}", 1.0) for i in range(31)]
    network = both_ways(links)
    trips = np.zeros((len(network[0].nodes),) * 2)
    number = network[0].nodes.get_indexer([f"a{i}" for i in range(31)])
    for i in steps:
        trips[number[i], number[i + 1]] = 100.0 * (i + 1)
    got = found(network, trips, 1)
    assert got.loc["a29", "loss_person_min"] == 3000 * (4 - 1)
    side = got.loc[[f"a{i:02d}" for i in steps]]
    assert side["is_exact"].tolist() == [False] * 29 + [True]
    limits = [300.0 * (i + 1) for i in steps]
    np.testing.assert_allclose(side["most_person_min"], limits, rtol=1e-5)
    assert (got.loc[got.index.difference(side.index), "most_person_min"] == 0).all()


def test_a_bridge_cuts_off_all_who_use_it() -> None:
    network = both_ways([("мост «Южный»", "a", "b", 5.0), ("it's", "b", "c", 7.0)])
    trips = np.zeros((3, 3))
    trips[0, 1], trips[2, 0] = 10.0, 3.0
    got = found(network, trips, 1)
    assert got["is_bridge"].all()
    assert got["is_exact"].all()
    south = got.loc["мост «Южный»"]
    assert south["loss_person_min"] == pytest.approx(10 * (60 - 5) + 3 * (60 - 12))
    assert south["unserved_count"] == 13
    assert got.loc["it's", "loss_person_min"] == pytest.approx(3 * (60 - 12))


def test_on_a_square_everybody_goes_the_other_way_round() -> None:
    ring = [
        ("ab", "a", "b", 1.0),
        ("bc", "b", "c", 1.0),
        ("cd", "c", "d", 1.0),
        ("da", "d", "a", 1.0),
    ]
    trips = np.zeros((4, 4))
    trips[0, 1] = 50.0
    got = found(both_ways(ring), trips)
    assert got["loss_person_min"].to_dict() == pytest.approx({"ab": 100, "bc": 0, "cd": 0, "da": 0})
    assert not got["is_bridge"].any()


def test_a_link_on_no_quickest_way_loses_exactly_nothing() -> None:
    network = both_ways([("short", "a", "b", 0.1), ("long", "a", "b", 0.3)])
    got = found(network, np.array([[0, 1e9], [1e9, 0]]))
    assert got.loc["long", "loss_person_min"] == 0.0
    assert got.loc["short", "loss_person_min"] == pytest.approx(2e9 * 0.2, rel=1e-6)


def test_of_two_equally_quick_links_neither_is_missed() -> None:
    network = both_ways([("one", "a", "b", 4.0), ("two", "a", "b", 4.0)])
    got = found(network, np.ones((2, 2)))
    assert got["loss_person_min"].tolist() == [0, 0]
    assert not got["is_bridge"].any()


def test_who_would_take_the_train_when_cut_off_may_lose_more_by_a_way_around(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """No way around the one-way street itself, yet a long one from a to d: 100 minutes by car.

    A train would take 15, but only those without a way by car take it.
    """
    monkeypatch.setattr("agglo.transport.criticality.BATCH_LINKS", 1)
    streets = [("a", "b", 1.0), ("b", "c", 1.0), ("c", "d", 3.0), ("a", "d", 100.0)]
    streets += [("e", "f", 1.0), ("e", "f", 41.0)]
    topology, metric = network_of(streets)
    links = pd.Series([f"{arc[4]}{arc[6]}{arc[2]}" for arc in topology.arcs], topology.arcs)
    before = skim(topology, metric, ["a", "e"], ["d", "f"])

    def loss(after: Floats, rows: Numbers, columns: Numbers) -> tuple[Floats, Floats]:
        extra = np.where(np.isinf(after), 15.0, after) - before[rows, columns]
        return extra, np.isinf(after).astype(float)

    got = critical_links(
        topology,
        metric,
        links,
        origins=["a", "e"],
        destinations=["d", "f"],
        wanted=np.eye(2, dtype=bool),
        loss=loss,
        exact_count=1,
    )
    assert got["loss_person_min"].nlargest(3).to_dict() == {"ab0": 95, "bc1": 95, "cd2": 95}
    assert not got.loc["ef4", "is_exact"]
    assert got.loc["ef4", "most_person_min"] == pytest.approx(40, rel=1e-5)


def test_the_order_of_rows_does_not_matter() -> None:
    topology, metric, links = random_network(5)
    trips = trips_of(topology, 5)
    shuffled = links.sample(frac=1, random_state=1)
    for exact_count in (None, 2):
        pd.testing.assert_frame_equal(
            found((topology, metric, shuffled), trips, exact_count),
            found((topology, metric, links), trips, exact_count),
            check_exact=True,
        )


def test_without_trips_nothing_is_lost() -> None:
    network = random_network(3)
    for exact_count in (None, 5):
        got = found(network, np.zeros((len(network[0].nodes),) * 2), exact_count)
        assert (got["loss_person_min"] == 0).all()
        assert got["is_exact"].all()


def test_without_links_there_is_nothing_to_close() -> None:
    topology, metric, links = random_network(3)
    for exact_count in (None, 5):
        got = found(
            (topology, metric, links.where(links == "none", "")), trips_of(topology, 3), exact_count
        )
        assert got.empty
        assert list(got) == [
            "loss_person_min", "unserved_count", "most_person_min", "is_exact", "is_bridge"
        ]  # fmt: skip


def test_a_network_that_is_all_closed_loses_nothing() -> None:
    topology, metric, links = random_network(2)
    got = found((topology, np.full_like(metric, np.inf), links), trips_of(topology, 2), 3)
    assert (got["loss_person_min"] == 0).all()


@pytest.mark.parametrize("wrong", [0, -1])
def test_fewer_than_one_exact_link_is_refused(wrong: int) -> None:
    network = random_network(0)
    with pytest.raises(NetworkError, match=f"exact_count is {wrong}; wanted 1 or more"):
        found(network, trips_of(network[0], 0), wrong)


def test_trips_found_once_serve_for_losses_of_any_kind() -> None:
    topology, metric, links = random_network(7)
    trips, nodes = trips_of(topology, 7), list(topology.nodes)
    closed = closed_trips(
        topology, metric, links, origins=nodes, destinations=nodes, wanted=trips > 0
    )
    for factor in (1.0, 3.0):
        loss = trip_loss(trips * factor, closed.before_min, unserved_min=UNSERVED_MIN)
        got = losses_from_closed(closed, loss)
        pd.testing.assert_frame_equal(
            got, brute_force((topology, metric, links), trips * factor), check_index_type=False
        )


NODES = [f"n{i}" for i in range(6)]
ARCS = st.lists(
    st.tuples(st.sampled_from(NODES), st.sampled_from(NODES), st.sampled_from([1.0, 2.5, 4.0])),
    min_size=1,
    max_size=22,
)


@given(arcs=ARCS, seed=st.integers(0, 99), exact_count=st.sampled_from([None, 1, 2]))
def test_no_closing_ever_gains_anything(arcs: Arcs, seed: int, exact_count: int | None) -> None:
    topology, metric = network_of(arcs, NODES)
    links = pd.Series([f"l{i % 7}" for i in range(len(topology.arcs))], index=topology.arcs)
    trips = trips_of(topology, seed)
    got = found((topology, metric, links), trips, exact_count)
    wanted = brute_force((topology, metric, links), trips)["loss_person_min"]
    assert (got["most_person_min"] >= wanted - 1e-9).all()
    assert (got["loss_person_min"].dropna() >= 0).all()
    np.testing.assert_allclose(got["loss_person_min"].fillna(wanted), wanted, rtol=1e-9, atol=1e-9)


def test_sioux_falls_loses_most_by_the_link_from_10_to_9(shared: Path) -> None:
    """Trips and free-flow minutes of the test network: + 3.67 %; mean minutes from vectors.json."""
    network = read_network(shared / "data" / "networks" / "tntp" / "SiouxFalls", "SiouxFalls")
    topology, metric = network.topology, network.congestion.free_min
    ends = network.links["init_node"].astype(str) + "-" + network.links["term_node"].astype(str)
    nodes = [f"road:{number}" for number in range(1, 25)]
    before = skim(topology, metric, nodes, nodes)
    minutes = float((network.demand * before).sum())
    assert minutes / network.demand.sum() == pytest.approx(8.807542984)
    for exact_count in (None, 1):
        got = critical_links(
            topology,
            metric,
            ends.set_axis(topology.arcs),
            origins=nodes,
            destinations=nodes,
            wanted=network.demand > 0,
            loss=trip_loss(network.demand, before, unserved_min=180.0),
            exact_count=exact_count,
        )
        assert got["loss_person_min"].idxmax() == "10-9"
        assert got["loss_person_min"].max() / minutes == pytest.approx(0.0367, abs=5e-5)
        assert got["unserved_count"].sum() == 0
