"""Laws of functional urban areas, threshold areas and the repair of contiguity."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import networkx as nx
import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy import sparse

from agglo.commuting.flows import Flows, flows_from_table
from agglo.territory.contiguity import border_lengths_from_zones, neighbours_from_zones
from agglo.territory.delineation import Delineation, summary_of_areas
from agglo.territory.functional_areas import functional_urban_areas
from agglo.territory.repair import contiguous_areas
from agglo.territory.threshold_areas import SIDES, threshold_areas
from tests.zone_maps import zones_from_map

SIDE = 5
LETTERS = "abcdefghijklmnopqrst"
CELLS = st.lists(st.sampled_from(f"{LETTERS}."), min_size=SIDE * SIDE, max_size=SIDE * SIDE).filter(
    lambda cells: set(cells) != {"."}
)
SHARES = st.sampled_from([0.05, 0.15, 0.25, 1 / 3, 0.5])


@dataclass(frozen=True, slots=True, kw_only=True)
class World:
    """Zones on squared paper with their borders, flows and cities."""

    flows: Flows
    cities: pd.Series
    neighbours: sparse.csr_array
    border_m: sparse.csr_array


@st.composite
def worlds(draw: st.DrawFn) -> World:
    cells = draw(CELLS)
    rows = ["".join(cells[at : at + SIDE]) for at in range(0, SIDE * SIDE, SIDE)]
    zones = zones_from_map(rows)
    rng = np.random.default_rng(draw(st.integers(0, 10**6)))
    places = [*zones.index, "away"]
    pairs = pd.MultiIndex.from_product([places, places], names=["live", "work"])
    table = pairs.to_frame(index=False)
    table["n"] = rng.integers(0, 12, len(table)) * (rng.random(len(table)) < 0.6)
    sums = table.groupby("live")["n"].sum()
    flows = flows_from_table(
        table, zones.index, outside=["away"], residents_count=sums + rng.integers(0, 20, len(sums))
    )
    chosen = rng.choice(places, size=min(len(places), int(rng.integers(1, 5))), replace=False)
    cities = pd.Series(rng.choice(["9", "10", "11"], len(chosen)), index=chosen, dtype=object)
    return World(
        flows=flows,
        cities=cities,
        neighbours=neighbours_from_zones(zones),
        border_m=border_lengths_from_zones(zones),
    )


def fua(world: World, **choices: float) -> Delineation:
    return functional_urban_areas(
        world.flows,
        world.cities,
        neighbours=world.neighbours,
        border_m=world.border_m,
        **choices,
    )


def threshold(world: World, **choices: object) -> Delineation:
    return threshold_areas(world.flows, world.cities, neighbours=world.neighbours, **choices)  # type: ignore[arg-type]


def mixed_areas(world: World, seed: int = 1) -> Delineation:
    """Divide the zones by chance, some in no area."""
    zones = world.flows.inside
    word = np.random.default_rng(seed + len(zones)).choice(["3", "20", "100", ""], len(zones))
    areas = pd.DataFrame(
        {
            "area_id": pd.Series(word, index=zones, dtype=object),
            "decided_by": pd.Series("chance", index=zones, dtype=object),
            "value": 0.0,
            "threshold": 0.0,
            "margin": 0.0,
        },
        index=zones.rename("zone_id"),
    )
    return Delineation(method="chance", areas=areas, parameters={}, status="observed")


def repaired(world: World) -> Delineation:
    return contiguous_areas(mixed_areas(world), world.flows, world.neighbours)


METHODS: list[Callable[[World], Delineation]] = [
    fua,
    lambda world: threshold(world, threshold_share=0.2),
    lambda world: threshold(world, threshold_share=0.2, is_iterated=True, side="sum"),
]


def reordered(world: World, order: list[int]) -> World:
    """Return the same world with zones, rows of flows and cities in another order."""
    flows, inside = world.flows, len(world.flows.inside)
    places = np.array([*order, inside])
    return World(
        flows=Flows(
            places=flows.places[places],
            counts=flows.counts[places][:, places],
            is_outside=flows.is_outside[places],
            residents_count=flows.residents_count[places],
            status=flows.status,
        ),
        cities=world.cities.iloc[::-1],
        neighbours=world.neighbours[order][:, order],
        border_m=world.border_m[order][:, order],
    )


@given(world=worlds(), data=st.data())
def test_the_order_of_zones_changes_nothing(world: World, data: st.DataObject) -> None:
    order = data.draw(st.permutations(range(len(world.flows.inside))))
    other = reordered(world, order)
    for method in METHODS:
        first, second = method(world), method(other)
        pd.testing.assert_frame_equal(second.areas.loc[first.areas.index], first.areas)
        assert second.notes == first.notes
    before = mixed_areas(world)
    first = contiguous_areas(before, world.flows, world.neighbours)
    second = contiguous_areas(before, other.flows, other.neighbours)
    pd.testing.assert_frame_equal(second.areas.loc[first.areas.index], first.areas)
    assert second.notes == first.notes


@given(world=worlds())
def test_other_names_of_zones_change_nothing_but_the_names(world: World) -> None:
    places = world.flows.places
    names = dict(zip(places, [f"«{one}'" for one in places], strict=True))
    renamed = World(
        flows=Flows(
            places=pd.Index([names[one] for one in places], dtype=object),
            counts=world.flows.counts,
            is_outside=world.flows.is_outside,
            residents_count=world.flows.residents_count,
            status=world.flows.status,
        ),
        cities=world.cities.rename(index=names),
        neighbours=world.neighbours,
        border_m=world.border_m,
    )
    for method in METHODS:
        first, second = method(world).areas, method(renamed).areas
        pd.testing.assert_frame_equal(second.reset_index(drop=True), first.reset_index(drop=True))


@given(world=worlds())
def test_every_zone_stands_once_and_totals_are_kept(world: World) -> None:
    for method in [*METHODS, repaired]:
        found = method(world)
        assert found.areas.index.tolist() == world.flows.inside.tolist()
        summary = summary_of_areas(found, world.flows)
        none = found.areas.index[found.areas["area_id"] == ""]
        left = world.flows.residents_count[world.flows.places.isin(none)].sum()
        total = world.flows.residents_count[~world.flows.is_outside].sum()
        assert summary["residents_count"].sum() + left == pytest.approx(total)
        assert summary["zones_count"].sum() + len(none) == len(world.flows.inside)


@given(world=worlds(), share=SHARES)
def test_the_margin_tells_who_is_in(world: World, share: float) -> None:
    found = [
        fua(world, commuting_share=share),
        *(threshold(world, threshold_share=share, side=side) for side in SIDES),
    ]
    for one in found:
        known = one.areas[one.areas["margin"].notna()]
        assert ((known["area_id"] != "") == (known["margin"] >= 0)).all()
        unknown = one.areas[one.areas["margin"].isna()]
        is_core = unknown["decided_by"] == "core"
        assert (unknown["area_id"] != "").equals(is_core)


@given(world=worlds(), share=SHARES)
def test_a_higher_threshold_never_adds_a_zone(world: World, share: float) -> None:
    def members(found: Delineation) -> set[str]:
        return set(found.areas.index[found.areas["area_id"] != ""])

    for low, high in [
        [functional_urban_areas(world.flows, world.cities, commuting_share=one, merge_share=0.15)
         for one in (share, share + 0.1)],
        *([threshold(world, threshold_share=one, side=side) for one in (share, share + 0.1)]
          for side in SIDES),
    ]:  # fmt: skip
        assert members(high) <= members(low)


@given(world=worlds())
def test_a_threshold_that_nobody_reaches_leaves_the_cores_alone(world: World) -> None:
    cores = world.cities[world.cities.index != "away"]
    for found in [
        fua(world, commuting_share=1.1, merge_share=1.1),
        threshold(world, threshold_share=2.1, side="sum", is_iterated=True),
    ]:
        area = found.areas["area_id"][found.areas["decided_by"] != "enclave"]
        assert area[area != ""].to_dict() == cores.to_dict()


@given(world=worlds(), share=SHARES)
def test_functional_areas_equal_those_found_zone_by_zone(world: World, share: float) -> None:
    got = fua(world, commuting_share=share, merge_share=share).areas["area_id"]
    assert got.to_dict() == by_hand(world, share)


def by_hand(world: World, share: float) -> dict[str, str]:
    """Apply the definition with loops and sets, adding and dropping until nothing changes."""
    flows = world.flows
    counts = pd.DataFrame(flows.counts.toarray(), index=flows.places, columns=flows.places)
    people = dict(zip(flows.places, flows.residents_count, strict=True))
    members = {city: [p for p in world.cities.index if world.cities[p] == city]
               for city in sorted(set(world.cities), key=int)}  # fmt: skip
    links = nx.Graph()
    links.add_nodes_from(members)
    for a in members:
        for b in members:
            sent = sum(counts.loc[i, j] for i in members[a] for j in members[b])
            own = sum(people[i] for i in members[a])
            if a != b and "away" not in members[a] and sent > 0 and sent / own >= share:
                links.add_edge(a, b)
    cores = {min(part, key=int): [p for city in part for p in members[city]]
             for part in nx.connected_components(links)}  # fmt: skip
    area = {}
    for zone in flows.inside:
        own = [name for name in cores if zone in cores[name]]
        sent = {name: sum(counts.loc[zone, j] for j in cores[name]) for name in cores}
        best = max(sorted(cores, key=int), key=lambda name: sent[name])
        joins = sent[best] > 0 and sent[best] / people[zone] >= share
        area[zone] = own[0] if own else best if joins else ""
    while True:
        before = dict(area)
        area = add_enclaves(area, world)
        area = drop_exclaves(area, cores, world)
        if area == before:
            return area


def add_enclaves(area: dict[str, str], world: World) -> dict[str, str]:
    border = world.border_m.toarray()
    zones = list(area)
    added = dict(area)
    for i, zone in enumerate(zones):
        beyond = {"" if i == j else area[zones[j]] for j in np.flatnonzero(border[i])}
        if not area[zone] and len(beyond) == 1:
            added[zone] = beyond.pop()
    return added


def drop_exclaves(
    area: dict[str, str], cores: dict[str, list[str]], world: World
) -> dict[str, str]:
    zones = list(area)
    graph = nx.Graph()
    graph.add_nodes_from(zones)
    for i, j in zip(*world.neighbours.nonzero(), strict=True):
        if area[zones[i]] == area[zones[j]]:
            graph.add_edge(zones[i], zones[j])
    kept = dict(area)
    for part in nx.connected_components(graph):
        own = area[next(iter(part))]
        if own and "away" not in cores[own] and not part & set(cores[own]):
            kept.update(dict.fromkeys(part, ""))
    return kept


@given(world=worlds())
def test_after_the_repair_every_area_hangs_together(world: World) -> None:
    before, after = mixed_areas(world).areas["area_id"], repaired(world).areas["area_id"]
    people = dict(zip(world.flows.places, world.flows.residents_count, strict=True))
    land = graph_of(world, before.ne("").map({True: "x", False: ""}))
    for own in set(after) - {""}:
        parts = [part for part in nx.connected_components(graph_of(world, after))
                 if after[min(part)] == own]  # fmt: skip
        beside = [{after[other] for other in nx.node_connected_component(land, min(part))}
                  for part in parts]  # fmt: skip
        assert sum(len(areas) > 1 for areas in beside) <= 1
    assert set(after) == set(before)
    moved = after.index[after != before]
    parts = list(nx.connected_components(graph_of(world, before)))
    for own in set(before) - {""}:
        pieces = [part for part in parts if before[min(part)] == own]
        main = max(pieces, key=lambda part: (sum(people[one] for one in part), -ord(min(part))))
        assert not main & set(moved)
    for part in parts:
        assert len({after[one] for one in part}) == 1


@given(world=worlds())
def test_the_repair_equals_that_made_part_by_part(world: World) -> None:
    assert repaired(world).areas["area_id"].to_dict() == repaired_by_hand(world)


@given(world=worlds())
def test_a_second_repair_changes_nothing(world: World) -> None:
    once = repaired(world)
    twice = contiguous_areas(once, world.flows, world.neighbours)
    pd.testing.assert_frame_equal(twice.areas, once.areas)


def graph_of(world: World, area: pd.Series) -> nx.Graph:
    """Join zones of the same area that touch."""
    zones = list(area.index)
    graph = nx.Graph()
    graph.add_nodes_from(zone for zone in zones if area[zone])
    for i, j in zip(*world.neighbours.nonzero(), strict=True):
        if area[zones[i]] == area[zones[j]] != "":
            graph.add_edge(zones[i], zones[j])
    return graph


def repaired_by_hand(world: World) -> dict[str, str]:
    """Repair with loops and sets."""
    people = dict(zip(world.flows.places, world.flows.residents_count, strict=True))
    area = mixed_areas(world).areas["area_id"].copy()
    land = graph_of(world, area.ne("").map({True: "x", False: ""}))

    def size(part: set[str]) -> tuple[float, int]:
        return sum(people[one] for one in part), -ord(min(part))

    parts = list(nx.connected_components(graph_of(world, area)))
    fixed: set[str] = set()
    for own in set(area) - {""}:
        fixed |= max((part for part in parts if area[min(part)] == own), key=size)
    for shore in nx.connected_components(land):
        if not shore & fixed:
            fixed |= max((part for part in parts if part <= shore), key=size)
    while True:
        for part in nx.connected_components(graph_of(world, area)):
            if part & fixed:
                fixed |= part
        moves = moves_by_hand(world, area, land, fixed)
        if not moves:
            return area.to_dict()
        for zone, own in moves.items():
            area[zone] = own
        fixed |= set(moves)


def moves_by_hand(world: World, area: pd.Series, land: nx.Graph, fixed: set[str]) -> dict[str, str]:
    """Say where zones in parts that are cut off go in one round."""
    moves: dict[str, str] = {}
    for part in nx.connected_components(graph_of(world, area)):
        met = {area[other] for one in part for other in land[one] if other in fixed}
        if not part & fixed and met:
            ties = {own: link_by_hand(world, part, set(area.index[area == own])) for own in met}
            best = max(sorted(met, key=int), key=lambda own, ties=ties: ties[own])
            moves.update(dict.fromkeys(part, best))
    return moves


def link_by_hand(world: World, part: set[str], area: set[str]) -> float:
    flows = world.flows
    counts = pd.DataFrame(flows.counts.toarray(), index=flows.places, columns=flows.places)
    people = dict(zip(flows.places, flows.residents_count, strict=True))
    jobs = counts.sum()
    found = 0.0
    for first, second in ((part, area), (area, part)):
        sent = counts.loc[sorted(first), sorted(second)].to_numpy().sum()
        whole = sum(people[one] for one in first) * sum(jobs[one] for one in second)
        found += sent**2 / whole if whole else 0.0
    return round(found, 14)
