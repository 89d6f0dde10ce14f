"""Quickest ways arc by arc, and minutes with arcs closed, against skims."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from agglo.errors import NetworkError
from agglo.transport import closing, replacement, ways
from agglo.transport.closing import Closing, closer
from agglo.transport.hierarchy import hierarchy_from_arcs
from agglo.transport.replacement import replacement_minutes
from agglo.transport.skims import travel_minutes
from agglo.transport.topology import Floats, Topology
from agglo.transport.ways import quickest_ways
from tests.networks import network_of


def random_network(seed: int) -> tuple[Topology, Floats]:
    """Islands, loops, parallel arcs, arcs of no time, closed arcs."""
    random = np.random.default_rng(seed)
    names = [f"n{i:02d}" for i in range(20)]
    pairs = random.integers(0, 18, (70, 2))
    minutes = random.choice([0.0, 1.0, 2.0, 3.7, np.inf], 70)
    return network_of(
        [(names[a], names[b], m) for (a, b), m in zip(pairs, minutes, strict=True)], names
    )


def with_places(topology: Topology) -> Topology:
    x, y = np.random.default_rng(1).random((2, len(topology.nodes)))
    hierarchy = hierarchy_from_arcs(topology.tail, topology.head, x, y)
    return replace(topology, x_m=x, y_m=y, hierarchy=hierarchy)


@pytest.mark.parametrize("block", [30, 10_000_000])
@pytest.mark.parametrize("seed", range(6))
def test_the_arcs_of_a_way_lead_from_end_to_end_in_its_minutes(
    seed: int, block: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(ways, "TREE_NUMBERS", block)
    topology, metric = random_network(seed)
    every = np.arange(20)
    wanted = np.random.default_rng(seed).random((20, 20)) < 0.5
    got = quickest_ways(topology, metric, every, every[::-1], wanted=wanted)
    minutes = travel_minutes(topology, metric, every, every[::-1])
    np.testing.assert_array_equal(got.minutes, minutes)
    for row, column in np.ndindex(20, 20):
        arcs = got.arc[(got.origin == row) & (got.destination == column)]
        start, end = row, 19 - column
        if not wanted[row, column] or np.isinf(minutes[row, column]) or start == end:
            assert len(arcs) == 0
            continue
        onward = {int(topology.tail[arc]): arc for arc in arcs}
        assert len(onward) == len(arcs)
        place, spent = start, 0.0
        while place != end:
            arc = onward.pop(place)
            place, spent = int(topology.head[arc]), spent + metric[arc]
        assert not onward
        assert spent == pytest.approx(minutes[row, column])


@pytest.mark.parametrize("engine", ["degrees", "places", "dijkstra"])
@pytest.mark.parametrize("seed", range(4))
def test_closed_arcs_count_for_one_question_only(
    seed: int, engine: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(closing, "HELD_ANSWERS", 50)
    topology, metric = random_network(seed)
    if engine == "dijkstra":
        monkeypatch.setattr(closing, "SMALL_NODES", 0)
    if engine == "places":
        topology = with_places(topology)
    random = np.random.default_rng(seed)
    asked = [
        Closing(
            arcs=random.choice(len(metric), random.integers(0, 6), replace=False).tolist(),
            starts=random.choice(20, random.integers(1, 9)).tolist(),
            ends=random.choice(20, random.integers(1, 9)).tolist(),
        )
        for _ in range(40)
    ]
    wanted = []
    for one in asked:
        closed = metric.copy()
        closed[one.arcs] = np.inf
        plain = replace(topology, hierarchy=None)
        wanted.append(
            travel_minutes(plain, closed, np.array(one.starts), np.array(one.ends)).ravel()
        )
    close = closer(topology, metric, closings_count=len(asked))
    np.testing.assert_array_equal(close(asked), np.concatenate(wanted))
    np.testing.assert_array_equal(close(asked[::-1]), np.concatenate(wanted[::-1]))
    assert close([]).tolist() == []


@pytest.mark.parametrize("engine", ["places", "search"])
@pytest.mark.parametrize("seed", range(6))
def test_the_way_around_an_arc_is_that_without_its_link(
    seed: int, engine: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(replacement, "LOCAL_NODES", 0)
    topology, metric = random_network(seed)
    plain = topology
    if engine == "places":
        topology = with_places(topology)
    arcs = np.flatnonzero(np.isfinite(metric) & (topology.tail != topology.head))
    closed = [[int(arc), *range(int(arc) % 5, len(metric), 9)] for arc in arcs]
    close = closer(topology, metric, closings_count=len(arcs))
    got = replacement_minutes(topology, metric, arcs, closed, close=close)
    for arc, gone, minutes in zip(arcs, closed, got, strict=True):
        without = metric.copy()
        without[gone] = np.inf
        ends = topology.tail[[arc]], topology.head[[arc]]
        assert np.float32(minutes) == travel_minutes(plain, without, *ends)[0, 0]
    assert np.isfinite(got).any()
    assert np.isinf(got).any()


def test_a_long_way_around_is_found_too() -> None:
    topology, metric = network_of([("a", "b", 0.0), ("a", "c", 9000.0), ("c", "b", 9000.0)])
    close = closer(topology, metric, closings_count=1)
    got = replacement_minutes(topology, metric, np.array([0]), [[0]], close=close)
    assert got.tolist() == [18000]


def test_a_time_that_is_no_number_is_refused() -> None:
    topology, _ = network_of([("a", "b", 1.0)])
    with pytest.raises(NetworkError, match="takes a negative time or one that is not a number"):
        closer(topology, np.array([np.nan]), closings_count=1)
