"""The hierarchy gives what Dijkstra gives, to the last bit, and keeps its order on disk."""

from __future__ import annotations

import sys
from dataclasses import replace
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from agglo.errors import NetworkError, OutputError
from agglo.transport.hierarchy import hierarchy_from_arcs, read_order, write_order
from agglo.transport.skims import read_skim, skim, travel_minutes, write_skim
from agglo.transport.topology import Floats, Topology

DAYS_24_MIN = (2**31 - 2) / 60_000


def random_topology(seed: int, nodes: int = 200, arcs: int = 700) -> tuple[Topology, Floats]:
    """Scatter nodes on a plane; some arcs are parallel, some closed, some take no time."""
    random = np.random.default_rng(seed)
    tail, head = random.integers(0, nodes, (2, arcs))
    tail, head = np.r_[tail, tail[:20]], np.r_[head, head[:20]]
    order = np.argsort(tail, kind="stable")
    tail, head = tail[order].astype(np.int32), head[order].astype(np.int32)
    minutes = random.exponential(5.0, len(tail))
    minutes[random.random(len(tail)) < 0.1] = np.inf
    minutes[random.random(len(tail)) < 0.1] = 0.0
    topology = Topology(
        nodes=pd.Index([f"n{i}" for i in range(nodes)]),
        arcs=pd.Index([f"a{i}" for i in range(len(tail))]),
        tail=tail,
        head=head,
        x_m=random.uniform(0, 1e4, nodes),
        y_m=random.uniform(0, 1e4, nodes),
    )
    return topology, minutes


def with_hierarchy(topology: Topology, cache: Path | None = None) -> Topology:
    hierarchy = hierarchy_from_arcs(
        topology.tail, topology.head, topology.x_m, topology.y_m, cache=cache
    )
    assert hierarchy is not None
    return replace(topology, hierarchy=hierarchy)


@pytest.mark.parametrize("seed", range(8))
def test_the_hierarchy_and_dijkstra_agree_to_the_last_bit(seed: int) -> None:
    topology, minutes = random_topology(seed)
    quick = with_hierarchy(topology)
    every = np.arange(len(topology.nodes))
    for metric in (minutes, minutes * 0.37, np.full(len(minutes), np.inf)):
        wanted = travel_minutes(topology, metric, every, every)
        np.testing.assert_array_equal(travel_minutes(quick, metric, every, every), wanted)
    assert np.isinf(wanted[0, 1])
    assert wanted[0, 0] == 0


def test_an_arc_that_only_another_metric_opens_is_in_the_hierarchy_from_the_start() -> None:
    topology, minutes = random_topology(3)
    quick = with_hierarchy(topology)
    closed = np.where(np.arange(len(minutes)) % 5 == 0, np.inf, minutes)
    every = np.arange(len(topology.nodes))
    for metric in (closed, minutes):
        np.testing.assert_array_equal(
            travel_minutes(quick, metric, every, every),
            travel_minutes(topology, metric, every, every),
        )


def test_a_way_of_more_than_24_days_is_none_for_both_engines() -> None:
    topology = Topology(
        nodes=pd.Index(list("abc")),
        arcs=pd.Index(["ab", "bc"]),
        tail=np.array([0, 1], dtype=np.int32),
        head=np.array([1, 2], dtype=np.int32),
        x_m=np.arange(3.0),
        y_m=np.zeros(3),
    )
    for own in (topology, with_hierarchy(topology)):
        for minute, reached in ((DAYS_24_MIN / 2 - 1, True), (DAYS_24_MIN / 2 + 1, False)):
            got = skim(own, np.full(2, minute), ["a"], ["c"])[0, 0]
            assert np.isfinite(got) == reached
        assert np.isinf(skim(own, np.array([DAYS_24_MIN + 1, 1.0]), ["a"], ["b"])[0, 0])


def test_no_origins_or_no_destinations_give_an_empty_matrix() -> None:
    topology, minutes = random_topology(1)
    none, some = np.array([], dtype=np.intp), np.arange(3)
    for own in (topology, with_hierarchy(topology)):
        assert travel_minutes(own, minutes, none, some).shape == (0, 3)
        assert travel_minutes(own, minutes, some, none).shape == (3, 0)


def test_a_metric_of_another_length_is_refused() -> None:
    topology, minutes = random_topology(1)
    with pytest.raises(NetworkError, match=r"a metric of 719 minutes does not fit 720 arcs"):
        travel_minutes(topology, minutes[1:], np.arange(2), np.arange(2))


def test_without_the_library_dijkstra_answers(monkeypatch: pytest.MonkeyPatch) -> None:
    topology, _ = random_topology(1)
    monkeypatch.setitem(sys.modules, "routingkit_cch", None)
    assert hierarchy_from_arcs(topology.tail, topology.head, topology.x_m, topology.y_m) is None


def test_the_order_is_kept_on_disk_and_taken_from_there(tmp_path: Path) -> None:
    topology, minutes = random_topology(5)
    cache = tmp_path / "кэш"
    first = with_hierarchy(topology, cache)
    kept = list(cache.iterdir())
    assert len(kept) == 1
    turned = np.arange(len(topology.nodes), dtype=np.int32)[::-1]
    write_order(kept[0], turned)
    second = with_hierarchy(topology, cache)
    assert [path.name for path in cache.iterdir()] == [kept[0].name]
    np.testing.assert_array_equal(read_order(kept[0], len(topology.nodes)), turned)
    every = np.arange(len(topology.nodes))
    np.testing.assert_array_equal(
        travel_minutes(first, minutes, every, every), travel_minutes(second, minutes, every, every)
    )


def test_another_topology_has_another_order(tmp_path: Path) -> None:
    with_hierarchy(random_topology(5)[0], tmp_path)
    with_hierarchy(random_topology(6)[0], tmp_path)
    assert len(list(tmp_path.iterdir())) == 2


@pytest.mark.parametrize("content", [b"", b"\x93NUMPY broken", b"not an order"])
def test_a_damaged_order_is_found_anew(tmp_path: Path, content: bytes) -> None:
    topology, _ = random_topology(5)
    with_hierarchy(topology, tmp_path)
    path = next(tmp_path.iterdir())
    path.write_bytes(content)
    assert read_order(path, len(topology.nodes)) is None
    with_hierarchy(topology, tmp_path)
    assert read_order(path, len(topology.nodes)) is not None


def test_an_order_of_other_nodes_or_with_a_node_twice_is_none(tmp_path: Path) -> None:
    path = tmp_path / "order.npy"
    write_order(path, np.array([0, 1, 1], dtype=np.int32))
    assert read_order(path, 3) is None
    write_order(path, np.array([0, 2, 1], dtype=np.int32))
    assert read_order(path, 4) is None
    assert read_order(path, 3) is not None


def test_a_folder_that_cannot_be_written_costs_only_the_cache(tmp_path: Path) -> None:
    blocked = tmp_path / "file"
    blocked.write_text("", encoding="utf-8")
    with_hierarchy(random_topology(5)[0], blocked / "below")
    assert blocked.read_text(encoding="utf-8") == ""


@pytest.mark.parametrize("is_quick", [False, True])
def test_a_streamed_matrix_is_the_one_in_memory(tmp_path: Path, is_quick: bool) -> None:
    pytest.importorskip("zarr")
    topology, minutes = random_topology(7)
    own = with_hierarchy(topology) if is_quick else topology
    names = list(topology.nodes)
    path = write_skim(tmp_path / "skim.zarr", own, minutes, names, names[:50])
    wanted = pd.DataFrame(skim(own, minutes, names, names[:50]), index=names, columns=names[:50])
    pd.testing.assert_frame_equal(read_skim(path), wanted)
    pd.testing.assert_frame_equal(read_skim(path, ["n9", "n3"]), wanted.loc[["n9", "n3"]])
    assert [item.name for item in tmp_path.iterdir()] == ["skim.zarr"]


def test_a_streamed_matrix_appears_whole_or_not_at_all(tmp_path: Path) -> None:
    pytest.importorskip("zarr")
    topology, minutes = random_topology(7)
    names = list(topology.nodes)
    with pytest.raises(NetworkError, match="negative time"):
        write_skim(tmp_path / "skim.zarr", topology, minutes - 100, names, names)
    assert list(tmp_path.iterdir()) == []
    (tmp_path / "there").mkdir()
    with pytest.raises(OutputError, match="is there already"):
        write_skim(tmp_path / "there", topology, minutes, names, names)


def test_a_folder_without_a_matrix_and_an_unknown_origin_are_named(tmp_path: Path) -> None:
    pytest.importorskip("zarr")
    with pytest.raises(NetworkError, match="holds no time matrix"):
        read_skim(tmp_path / "nothing")
    topology, minutes = random_topology(7)
    path = write_skim(tmp_path / "skim.zarr", topology, minutes, ["n1"], ["n2"])
    with pytest.raises(NetworkError, match="has no origin 'x'"):
        read_skim(path, ["x"])
