"""Sioux Falls, Anaheim and Braess: best-known equilibria of the TNTP collection."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from scipy.optimize import linprog
from scipy.sparse import coo_array, eye_array, kron, vstack

from agglo.transport.assignment import Equilibrium, equilibrium
from agglo.transport.congestion import congested_minutes
from agglo.transport.feedback import equilibrate
from agglo.transport.loading import all_or_nothing
from agglo.transport.skims import distances
from agglo.transport.topology import Floats
from tests.congested import ends_at
from tests.tntp import Network, read_flow, read_network

GAPS = {"SiouxFalls": 1e-6, "Anaheim": 5e-9}
"""Anaheim's roads are so free that its volumes tell only at a smaller gap; both are ≤ 1e-5."""

FEW_VEH_PER_H = 10.0
"""Volumes need not agree better than this: it decides for one of the 990 roads, with 40 on it."""

NAMES = pytest.mark.parametrize("name", GAPS)


@pytest.fixture(scope="module")
def folder(shared: Path) -> Path:
    return shared / "data" / "networks" / "tntp"


@pytest.fixture(scope="module")
def networks(folder: Path) -> Mapping[str, Network]:
    return {name: read_network(folder / name, name) for name in GAPS}


@pytest.fixture(scope="module")
def found(networks: Mapping[str, Network]) -> Mapping[str, Equilibrium]:
    return {name: assign(network, gap=GAPS[name]) for name, network in networks.items()}


def assign(network: Network, **choices: float) -> Equilibrium:
    return equilibrium(
        network.topology,
        network.congestion,
        network.demand,
        from_numbers=network.from_numbers,
        to_numbers=network.to_numbers,
        **choices,  # type: ignore[arg-type]
    )


def ends(network: Network) -> dict[str, np.ndarray]:
    return {"from_numbers": network.from_numbers, "to_numbers": network.to_numbers}


@NAMES
def test_the_published_volumes_are_an_equilibrium_to_us_too(
    name: str, folder: Path, networks: Mapping[str, Network]
) -> None:
    """Costs in the files are congested minutes (Sioux Falls: its unit of 0.01 hours)."""
    network = networks[name]
    best = read_flow(folder / name, name, network.links)
    minutes = congested_minutes(network.congestion, best["volume"].to_numpy())
    np.testing.assert_allclose(minutes, best["cost"], rtol=1e-12)
    loading = all_or_nothing(network.topology, minutes, network.demand, **ends(network))
    assert loading.unserved_veh_per_h == 0
    assert loading.total_veh_min == pytest.approx(float(best["volume"] @ best["cost"]), rel=1e-12)


@NAMES
def test_volumes_are_within_a_percent_of_the_best_known(
    name: str, folder: Path, networks: Mapping[str, Network], found: Mapping[str, Equilibrium]
) -> None:
    best = read_flow(folder / name, name, networks[name].links)["volume"].to_numpy()
    miss = np.abs(found[name].volume_veh_per_h - best)
    assert (miss <= np.maximum(0.01 * best, FEW_VEH_PER_H)).all()
    assert (miss > 0.01 * best).sum() <= 1


@NAMES
def test_the_total_cost_is_within_a_ten_thousandth_of_the_best_known(
    name: str, folder: Path, networks: Mapping[str, Network], found: Mapping[str, Equilibrium]
) -> None:
    best = read_flow(folder / name, name, networks[name].links)
    total = found[name].volume_veh_per_h @ found[name].minutes
    assert total == pytest.approx(float(best["volume"] @ best["cost"]), rel=1e-4)


@NAMES
def test_the_gap_is_reached(name: str, found: Mapping[str, Equilibrium]) -> None:
    assert found[name].converged
    assert 0 < found[name].relative_gap <= GAPS[name] <= 1e-5


@NAMES
def test_vehicles_neither_appear_nor_vanish(
    name: str, networks: Mapping[str, Network], found: Mapping[str, Equilibrium]
) -> None:
    network = networks[name]
    wanted = np.zeros(len(network.topology.nodes))
    np.add.at(wanted, network.to_numbers, network.demand.sum(axis=0))
    np.add.at(wanted, network.from_numbers, -network.demand.sum(axis=1))
    got = ends_at(network.topology, found[name].volume_veh_per_h)
    np.testing.assert_allclose(got, wanted, atol=1e-6)


def test_nobody_passes_through_a_zone_of_anaheim(networks: Mapping[str, Network]) -> None:
    network = networks["Anaheim"]
    assert len(network.topology.nodes) == 416 + 38
    assert not set(network.from_numbers) & set(network.topology.head)
    assert not set(network.to_numbers) & set(network.topology.tail)


def detours_of(network: Network, found: Equilibrium, *, over_min: float) -> Floats:
    """Tell the volumes apart by origin, with as few vehicles as can be on detours.

    Returns
    -------
    detours_veh_per_h
        By origin: vehicles on roads that lead away from its quickest ways by ``over_min``.
    """
    tail, head = network.topology.tail, network.topology.head
    reach = distances(network.topology, found.minutes, network.from_numbers)
    over = reach[:, tail] + found.minutes - reach[:, head]
    origins, arcs, nodes = *over.shape, len(network.topology.nodes)
    ones = np.ones(arcs)
    ends = coo_array((ones, (head, range(arcs))), shape=(nodes, arcs)) - coo_array(
        (ones, (tail, range(arcs))), shape=(nodes, arcs)
    )
    begin = np.zeros((origins, nodes))
    np.add.at(begin, (slice(None), network.to_numbers), network.demand)
    begin[range(origins), network.from_numbers] -= network.demand.sum(axis=1)
    scale = 1000
    solved = linprog(
        (over > over_min).ravel().astype(float),
        A_eq=vstack([kron(eye_array(origins), ends), kron(np.ones((1, origins)), eye_array(arcs))]),
        b_eq=np.concatenate([begin.ravel(), found.volume_veh_per_h]) / scale,
    )
    assert solved.success, solved.message
    volume = solved.x.reshape(over.shape) * scale
    return (volume * (over > over_min)).sum(axis=1)


def test_no_used_way_of_sioux_falls_is_longer_than_the_quickest(
    networks: Mapping[str, Network], found: Mapping[str, Equilibrium]
) -> None:
    """Wardrop's condition by origin, solved apart as a linear programme."""
    detours = detours_of(networks["SiouxFalls"], found["SiouxFalls"], over_min=0.02)
    assert detours.sum() < 1


def test_volumes_far_from_equilibrium_fail_that_test(networks: Mapping[str, Network]) -> None:
    loose = assign(networks["SiouxFalls"], gap=1e-2)
    assert detours_of(networks["SiouxFalls"], loose, over_min=0.02).sum() > 1000


def test_the_bridge_of_braess_lengthens_every_trip(folder: Path) -> None:
    """Braess 1968: 92 minutes with the bridge, 83 without it."""
    network = read_network(folder / "Braess-Example", "Braess")
    with_it = assign(network, gap=1e-9)
    bridge = (network.links["init_node"] == 3) & (network.links["term_node"] == 4)
    free = np.where(bridge, np.inf, network.congestion.free_min)
    closed = replace(network, congestion=replace(network.congestion, free_min=free))
    assert with_it.skim_min[0, 1] == pytest.approx(92, abs=1e-4)
    assert assign(closed, gap=1e-9).skim_min[0, 1] == pytest.approx(83, abs=1e-4)


def test_trips_of_sioux_falls_settle_with_the_minutes_they_make(
    networks: Mapping[str, Network],
) -> None:
    network = networks["SiouxFalls"]
    before = assign(network, gap=1e-5).skim_min

    def fewer_if_slower(skim_min: Floats) -> Floats:
        ratio = np.divide(skim_min, before, out=np.ones_like(before), where=before > 0)
        return 1.2 * network.demand / ratio

    found = equilibrate(
        network.topology,
        network.congestion,
        fewer_if_slower,
        first_min=before,
        gap=1e-4,
        tolerance_share=1e-2,
        **ends(network),
    )
    assert found.change_share <= 1e-2
    wanted = fewer_if_slower(found.equilibrium.skim_min)
    np.testing.assert_allclose(found.demand, wanted, rtol=2e-2)
    assert network.demand.sum() < found.demand.sum() < 1.2 * network.demand.sum()
