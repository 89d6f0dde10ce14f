"""Which single link cuts which place off, by hand and by brute force."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

from agglo.errors import NetworkError
from agglo.transport.cut_off import cut_off
from agglo.transport.skims import skim
from agglo.transport.topology import Floats, Topology
from tests.networks import network_of

Links = list[tuple[str, str, str]]
"""Id, one end, other end; one minute, both ways unless the id begins with '>'."""


def network(links: Links) -> tuple[Topology, Floats, pd.Series]:
    arcs, ids = [], []
    for name, first, last in links:
        ways = (
            [(first, last, 1.0)]
            if name.startswith(">")
            else [(first, last, 1.0), (last, first, 1.0)]
        )
        arcs += ways
        ids += [name] * len(ways)
    topology, metric = network_of(arcs)
    return topology, metric, pd.Series([ids[int(arc[:3])] for arc in topology.arcs], topology.arcs)


def found(links: Links, people: dict[str, int], hubs: list[str]) -> pd.DataFrame:
    places = list(people)
    return cut_off(
        *network(links),
        origins=places,
        destinations=places,
        people_count=pd.Series(people),
        hubs=hubs,
    )


def rows(frame: pd.DataFrame) -> list[tuple[object, ...]]:
    return list(frame.itertuples(index=False, name=None))


def test_a_village_at_the_end_of_a_road_hangs_on_every_link_of_it() -> None:
    """The core, a town on a ring with it, a hamlet behind the town, a village behind that."""
    links = [
        ("ring 1", "core", "town"),
        ("ring 2", "town", "core"),
        ("лесная", "town", "hamlet"),
        ("field", "hamlet", "village"),
    ]
    people = {"core": 1000, "town": 200, "hamlet": 30, "village": 4}
    assert rows(found(links, people, ["core"])) == [
        ("field", "village", 4, True, True),
        ("лесная", "hamlet", 30, True, False),
        ("лесная", "village", 4, True, False),
    ]


def test_a_one_way_street_cuts_off_whoever_cannot_come_back() -> None:
    links = [(">in", "core", "yard"), (">out", "yard", "core")]
    assert rows(found(links, {"core": 9, "yard": 1}, ["core"])) == [
        (">in", "core", 9, False, True),
        (">in", "yard", 1, True, True),
        (">out", "core", 9, False, True),
        (">out", "yard", 1, True, True),
    ]


def test_a_place_with_two_hubs_is_cut_off_only_from_both() -> None:
    links = [("west", "a", "hub1"), ("east", "a", "hub2")]
    people = {"a": 5, "hub1": 1, "hub2": 1}
    got = found(links, people, ["hub1", "hub2"])
    assert rows(got) == [("east", "hub2", 1, False, True), ("west", "hub1", 1, False, True)]


def test_who_had_no_way_before_is_not_cut_off() -> None:
    links = [("road", "a", "core"), ("island", "x", "y")]
    got = found(links, {"a": 1, "core": 2, "x": 3}, ["core"])
    assert rows(got) == [("road", "a", 1, True, True), ("road", "core", 2, False, True)]


def test_on_a_ring_nobody_is_cut_off() -> None:
    got = found([("1", "a", "b"), ("2", "b", "c"), ("3", "c", "a")], {"a": 1, "b": 1}, ["a"])
    assert got.empty
    assert got["is_cut_from_hubs"].dtype == bool


def test_without_hubs_only_whole_isolation_counts() -> None:
    got = found([("1", "a", "b"), ("2", "b", "c"), ("3", "c", "d")], dict.fromkeys("abcd", 1), [])
    assert rows(got) == [("1", "a", 1, False, True), ("3", "d", 1, False, True)]


@pytest.mark.parametrize("seed", range(25))
def test_brute_force_cuts_off_the_same_places(seed: int) -> None:
    random = np.random.default_rng(seed)
    names = [f"n{i}" for i in range(9)]
    links = [
        (f"{'>' if random.random() < 0.4 else ''}{i}", *random.choice(names, 2))
        for i in range(random.integers(5, 15))
    ]
    topology, metric, ids = network(links)
    met = [name for name in names if name in topology.nodes]
    places = [str(place) for place in random.choice(met, min(5, len(met)), replace=False)]
    hubs = places[:2]
    whole = skim(topology, metric, places, places)
    wanted = []
    for link in sorted(set(ids)):
        after = skim(topology, np.where(ids == link, np.inf, metric), places, places)
        for number, place in enumerate(places):
            cut = []
            for partners in (hubs, places):
                others = [i for i, name in enumerate(places) if name in partners and i != number]
                others = [] if partners is hubs and place in hubs else others
                cut.append(
                    any(
                        np.isfinite(before).any() and np.isinf(now).all()
                        for before, now in (
                            (whole[number, others], after[number, others]),
                            (whole[others, number], after[others, number]),
                        )
                    )
                )
            if any(cut):
                wanted.append((link, place, 1, *cut))
    assert rows(found(links, dict.fromkeys(places, 1), hubs)) == sorted(wanted)


def test_wrong_places_are_refused_by_name() -> None:
    topology, metric, ids = network([("1", "a", "b")])
    people = pd.Series({"a": 1, "b": 2})
    for nodes, counts, hubs, message in (
        (["a"], people, [], "origins names 1 nodes for 2 places"),
        (["a", "b"], people, ["z"], "hub 'z' is none of the places"),
        (["a", "a"], pd.Series([1, 2], ["a", "a"]), [], "place 'a' stands twice"),
    ):
        with pytest.raises(NetworkError, match=message):
            cut_off(
                topology,
                metric,
                ids,
                origins=nodes,
                destinations=nodes,
                people_count=counts,
                hubs=hubs,
            )
