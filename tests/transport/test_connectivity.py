"""Efficiency against published vectors; losses of links against brute force."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import pandas as pd
import pytest

from agglo.region import Region
from agglo.transport.connectivity import counted_minutes, link_losses, relative_efficiency
from agglo.transport.network import (
    Floats,
    Topology,
    metric_from_arcs,
    topology_from_arcs,
)
from agglo.transport.skims import skim
from tests import worlds
from tests.cases import case_of
from tests.networks import arcs_of

UNSERVED_MIN = 100.0


def cycle(hops: list[list[float]]) -> Floats:
    return np.array(hops, dtype=float)


def test_the_triangle_345_loses_a_fourteenth_on_its_long_side() -> None:
    """vectors.json, network.triangle345.eff: only 3 and 4 are built, 5 is walked as 7."""
    path = cycle([[0, 3, 7], [3, 0, 4], [7, 4, 0]])
    straight = cycle([[0, 3, 5], [3, 0, 4], [5, 4, 0]])
    assert relative_efficiency(path, straight) == pytest.approx(0.9270516717, abs=1e-10)


def test_a_cycle_of_four_loses_two_fifteenths_with_one_side() -> None:
    """vectors.json, C4: efficiency 5/6, without one side 13/18."""
    full = np.ones((4, 4))
    around = cycle([[0, 1, 2, 1], [1, 0, 1, 2], [2, 1, 0, 1], [1, 2, 1, 0]])
    cut = cycle([[0, 1, 2, 3], [1, 0, 1, 2], [2, 1, 0, 1], [3, 2, 1, 0]])
    before, after = (relative_efficiency(hops, full) for hops in (around, cut))
    assert before == pytest.approx(5 / 6)
    assert after == pytest.approx(13 / 18)
    assert (before - after) / before == pytest.approx(0.13333333)


def test_a_pair_without_a_way_adds_nothing() -> None:
    times = cycle([[0, 2, np.inf], [2, 0, np.inf], [np.inf, np.inf, 0]])
    assert relative_efficiency(times, np.full((3, 3), 2.0)) == pytest.approx(1 / 3)


def test_ways_along_the_straight_line_are_fully_efficient() -> None:
    straight = cycle([[0, 3, 5], [3, 0, 4], [5, 4, 0]])
    assert relative_efficiency(straight, straight) == 1


def network_of(region: Region) -> tuple[Topology, Floats, pd.Series]:
    arcs = arcs_of(region)
    topology = topology_from_arcs([arcs])
    return topology, metric_from_arcs(topology, arcs, "car"), arcs["link_id"]


def loss_of(before: Floats, trips: Floats) -> Callable[[Floats], tuple[float, float]]:
    def loss(after: Floats) -> tuple[float, float]:
        cut = np.isinf(after) & np.isfinite(before)
        extra = np.where(cut, UNSERVED_MIN, after) - before
        return float((trips * np.where(trips > 0, extra, 0)).sum()), float(trips[cut].sum())

    return loss


@pytest.mark.parametrize("region", [worlds.two_banks(), worlds.grid(), worlds.line_of_towns()])
@pytest.mark.parametrize("seed", range(3))
def test_losses_equal_those_of_closing_every_link_in_turn(region: Region, seed: int) -> None:
    topology, metric, links = network_of(region)
    zones = region["zones"].index
    faces = [list(f"{face}:" + zones) for face in ("from", "to")]
    random = np.random.default_rng(seed)
    trips = random.integers(0, 3, (len(zones), len(zones))).astype(float)
    np.fill_diagonal(trips, 0)
    before = skim(topology, metric, *faces)
    loss = loss_of(before, trips)
    got = link_losses(
        topology,
        metric,
        links,
        origins=faces[0],
        destinations=faces[1],
        trips=trips,
        loss=loss,
    )
    assert set(got.index) == {*region["links"].index, *region["lines"].index}
    for link in got.index:
        closed = np.where(links.reindex(topology.arcs) == link, np.inf, metric)
        assert tuple(got.loc[link]) == pytest.approx(loss(skim(topology, closed, *faces)))


def test_a_bridge_lost_sends_everybody_over_the_ford() -> None:
    case = case_of(worlds.two_banks(), parameters=worlds.parameters(car_preference_share=1.0))
    crossing = (
        case.flows.loc[["west", "away"], "east"].sum() + case.flows.loc["east"].drop("east").sum()
    )
    got = case.link_losses["loss_person_min"]
    assert got["bridge"] == pytest.approx(2 * 20 * crossing)
    assert got["ford"] == 0
    assert case.link_losses["unserved_count"].sum() == pytest.approx(
        case.flows.loc["away"].sum() + case.flows["away"].sum()
    )


def test_a_link_without_an_id_is_never_closed() -> None:
    topology, metric, links = network_of(worlds.two_banks())
    zones = ["from:west"], ["to:east"]
    got = link_losses(
        topology,
        metric,
        links.where(links != "bridge", ""),
        origins=zones[0],
        destinations=zones[1],
        trips=np.ones((1, 1)),
        loss=loss_of(np.array([[12.0]]), np.ones((1, 1))),
    )
    assert got.index.tolist() == ["ferry", "ford", "highway"]
    assert (got == 0).all(axis=None)


def test_closing_a_road_never_counts_less_than_slowing_it() -> None:
    before = np.array([10.0, 150.0, 300.0])
    cut = counted_minutes(np.full(3, np.inf), before, unserved_min=180)
    assert cut.tolist() == [180, 180, 300]
    for slow in (20.0, 200.0, 5000.0):
        assert (counted_minutes(np.maximum(before, slow), before, unserved_min=180) <= cut).all()
