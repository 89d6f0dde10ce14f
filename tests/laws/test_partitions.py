"""Laws of dominant flows, communities and commuting zones, and of how partitions agree."""

from __future__ import annotations

import itertools
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace

import networkx as nx
import numpy as np
import pandas as pd
import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st

from agglo.commuting.flows import Flows, flows_from_table, without_places
from agglo.territory.agreement import adjusted_rand
from agglo.territory.communities import community_areas, community_runs
from agglo.territory.commuting_zones import commuting_zones, exchange, proximity
from agglo.territory.delineation import Delineation, summary_of_areas
from agglo.territory.dominant import chain, dominant_areas, dominant_flows

METHODS: dict[str, Callable[[Flows], Delineation]] = {
    "dominant": dominant_areas,
    "communities": lambda flows: community_areas(flows, runs=3),
    "commuting_zones": lambda flows: commuting_zones(flows, cut=0.9),
    "commuting_zones_internal": lambda flows: commuting_zones(flows, denominator="internal"),
}
NAMELESS = tuple(name for name in METHODS if name != "commuting_zones_internal")
"""Methods that ids do not guide unless zones are equal; ties of 1 and more are equal."""

EACH_METHOD = pytest.mark.parametrize("method", METHODS.values(), ids=METHODS)


@dataclass(frozen=True, slots=True, kw_only=True)
class World:
    """A long table of flows between zones 'z0', 'z1', … and outside places 'o0', 'o1', …."""

    table: pd.DataFrame
    zones: tuple[str, ...]
    outside: tuple[str, ...]
    residents: pd.Series

    @property
    def flows(self) -> Flows:
        """Their flows."""
        return flows_from_table(
            self.table, self.zones, outside=self.outside, residents_count=self.residents
        )


@st.composite
def worlds(draw: st.DrawFn, *, most: int = 9, largest: int | None = None) -> World:
    """Draw few counts with many ties and gaps, or, with ``largest``, counts that all differ."""
    zones = tuple(f"z{at}" for at in range(draw(st.integers(1, most))))
    outside = tuple(f"o{at}" for at in range(draw(st.integers(0, 2))))
    rng = np.random.default_rng(draw(st.integers(0, 10**6)))
    pairs = pd.MultiIndex.from_product([zones + outside] * 2, names=["live", "work"])
    table = pairs.to_frame(index=False)
    top = draw(st.sampled_from([1, 3, 30])) if largest is None else largest
    table["n"] = rng.integers(1, top + 1, len(table))
    table = table[rng.random(len(table)) < draw(st.sampled_from([0.2, 0.5, 1.0]))]
    table = table.reset_index(drop=True)
    sums = table.groupby("live")["n"].sum().reindex(zones + outside, fill_value=0)
    return World(
        table=table,
        zones=zones,
        outside=outside,
        residents=sums + rng.integers(0, top + 1, len(sums)),
    )


def groups(areas: pd.DataFrame) -> set[frozenset[str]]:
    return {frozenset(rows) for rows in areas.groupby("area_id").groups.values()}


def shuffled(world: World, seed: int) -> World:
    zones = np.random.default_rng(seed).permutation(world.zones)
    return replace(
        world,
        table=world.table.sample(frac=1, random_state=seed),
        zones=tuple(zones),
        outside=world.outside[::-1],
        residents=world.residents.sample(frac=1, random_state=seed),
    )


def renamed(world: World, names: Mapping[str, str]) -> World:
    return World(
        table=world.table.assign(
            live=world.table["live"].map(names), work=world.table["work"].map(names)
        ),
        zones=tuple(names[one] for one in world.zones),
        outside=tuple(names[one] for one in world.outside),
        residents=world.residents.rename(names),
    )


def distances(flows: Flows) -> list[float]:
    """Distances of zones that are tied."""
    return [max(1 - tie, 0.0) for tie in np.triu(proximity(flows).toarray()).ravel() if tie]


@EACH_METHOD
@settings(max_examples=15)
@given(world=worlds(), seed=st.integers(0, 999))
def test_the_order_of_zones_and_rows_makes_no_difference(
    method: Callable[[Flows], Delineation], world: World, seed: int
) -> None:
    one, other = method(world.flows).areas, method(shuffled(world, seed).flows).areas
    pd.testing.assert_frame_equal(one, other.loc[one.index], rtol=1e-12, atol=1e-12)


@pytest.mark.parametrize("method", NAMELESS)
@settings(max_examples=20)
@given(world=worlds(largest=10**6))
def test_names_of_zones_make_no_difference(method: str, world: World) -> None:
    assume(len(set(distances(world.flows))) == len(distances(world.flows)))
    places = world.zones + world.outside
    names = {one: f'Ж"{len(places) - at}' for at, one in enumerate(places)}
    one, other = (METHODS[method](of.flows).areas for of in (world, renamed(world, names)))
    assert other["area_id"].tolist() == one["area_id"].map(names).tolist()
    numbers = ["value", "threshold", "margin"]
    assert other[numbers].to_numpy() == pytest.approx(
        one[numbers].to_numpy(dtype=float), rel=1e-9, abs=1e-12, nan_ok=True
    )


@EACH_METHOD
@settings(max_examples=15)
@given(world=worlds(), factor=st.sampled_from([2.0**-10, 2.0**13]))
def test_the_unit_of_counts_makes_no_difference(
    method: Callable[[Flows], Delineation], world: World, factor: float
) -> None:
    scaled = replace(
        world,
        table=world.table.assign(n=world.table["n"] * factor),
        residents=world.residents * factor,
    )
    one, other = method(world.flows).areas, method(scaled.flows).areas
    assert one["area_id"].tolist() == other["area_id"].tolist()


@EACH_METHOD
@settings(max_examples=15)
@given(world=worlds())
def test_every_zone_is_in_exactly_one_area_and_totals_are_kept(
    method: Callable[[Flows], Delineation], world: World
) -> None:
    flows = world.flows
    found = method(flows)
    areas = found.areas
    assert areas.index.tolist() == list(world.zones)
    assert areas.index.name == "zone_id"
    assert set(areas["area_id"]) <= set(flows.places)
    assert areas["margin"].to_numpy() == pytest.approx(
        (areas["value"] - areas["threshold"]).to_numpy(), nan_ok=True
    )
    summary = summary_of_areas(found, flows)
    inside = ~flows.is_outside
    assert summary["zones_count"].sum() == len(world.zones)
    assert summary["residents_count"].sum() == pytest.approx(flows.residents_count[inside].sum())


@EACH_METHOD
@settings(max_examples=15)
@given(world=worlds())
def test_a_place_that_nobody_knows_can_be_left_out(
    method: Callable[[Flows], Delineation], world: World
) -> None:
    wider = replace(world, outside=(*world.outside, "nowhere"))
    rest = without_places(wider.flows, ["nowhere"])
    pd.testing.assert_frame_equal(method(rest).areas, method(wider.flows).areas)


def sizes_by_loops(counts: pd.DataFrame) -> dict[str, float]:
    return {
        one: sum(counts.at[other, one] for other in counts.index if other != one)
        for one in counts.columns
    }


@settings(max_examples=25)
@given(world=worlds())
def test_dominant_flows_equal_loops_over_all_places(world: World) -> None:
    flows = world.flows
    counts = pd.DataFrame(flows.counts.toarray(), index=flows.places, columns=flows.places)
    size = sizes_by_loops(counts)
    above: dict[str, str] = {}
    for one in sorted(counts.index):
        others = [other for other in sorted(counts.index) if other != one]
        best = max((counts.at[one, other] for other in others), default=0)
        first = next((other for other in others if counts.at[one, other] == best), "")
        if best > 0 and size[first] > size[one] and one not in world.outside:
            above[one] = first
    status = {
        (True, False): "dominated",
        (True, True): "intermediate",
        (False, True): "dominant",
        (False, False): "isolated",
    }
    table = dominant_flows(flows)
    assert table["size_count"].to_dict() == size
    assert table["dominated_by"].to_dict() == {one: above.get(one, "") for one in flows.places}
    assert table["status"].to_dict() == {
        one: status[one in above, one in above.values()] for one in flows.places
    }


@settings(max_examples=25)
@given(world=worlds())
def test_a_chain_climbs_to_ever_larger_places_and_ends_at_its_area(world: World) -> None:
    flows = world.flows
    size = dominant_flows(flows)["size_count"]
    areas = dominant_areas(flows).areas["area_id"]
    for zone in flows.inside:
        links = chain(flows, zone)
        assert (links[0], links[-1]) == (zone, areas[zone])
        assert all(size[low] < size[high] for low, high in itertools.pairwise(links))


@settings(max_examples=25)
@given(world=worlds(), least=st.sampled_from([1.0, 2.0, 7.0, 1e9]))
def test_a_higher_least_count_never_joins_zones(world: World, least: float) -> None:
    flows = world.flows
    table = dominant_flows(flows, least_count=least)
    free = dominant_flows(flows)
    kept = table["dominated_by"] != ""
    assert table.loc[kept, "dominated_by"].equals(free.loc[kept, "dominated_by"])
    assert (table.loc[kept, "largest_count"] >= least).all()
    dropped = ~kept & (free["dominated_by"] != "")
    assert (free.loc[dropped, "largest_count"] < least).all()
    if least == 1e9:
        alone = dominant_areas(flows, least_count=least).areas["area_id"]
        assert alone.tolist() == list(world.zones)


@settings(max_examples=25)
@given(world=worlds())
def test_dominant_margins_are_never_negative_without_a_least_count(world: World) -> None:
    areas = dominant_areas(world.flows).areas
    assert not (areas["margin"] < -1e-12).any()
    assert (areas["decided_by"] == "no_outflow").equals(areas["value"].isna())


def graph_of(flows: Flows) -> nx.Graph:
    return nx.from_scipy_sparse_array(exchange(flows))


@settings(max_examples=25)
@given(world=worlds())
def test_at_no_resolution_the_communities_are_the_parts_that_hang_together(world: World) -> None:
    flows = world.flows
    parts = [flows.places[sorted(part)] for part in nx.connected_components(graph_of(flows))]
    inside = {frozenset(part) & set(world.zones) for part in parts} - {frozenset()}
    assert groups(community_areas(flows, resolution=1e-9, runs=1).areas) == inside


@settings(max_examples=25)
@given(world=worlds())
def test_at_a_huge_resolution_every_zone_is_alone(world: World) -> None:
    areas = community_areas(world.flows, resolution=1e9, runs=1).areas
    assert areas["area_id"].tolist() == list(world.zones)


@settings(max_examples=25)
@given(world=worlds(most=7, largest=10**6), resolution=st.sampled_from([0.5, 1.0, 1.5]))
def test_communities_are_as_modular_as_networkx_says_and_no_zone_gains_by_moving(
    world: World, resolution: float
) -> None:
    inside = replace(
        world, table=world.table.query("live in @world.zones and work in @world.zones"), outside=()
    )
    flows = replace(inside, residents=world.residents[list(world.zones)]).flows
    graph = nx.relabel_nodes(graph_of(flows), dict(enumerate(flows.places)))
    if not graph.size():
        return

    def quality(area: dict[str, str]) -> float:
        parts = [{z for z in area if area[z] == name} for name in set(area.values())]
        return float(nx.community.modularity(graph, parts, resolution=resolution))

    area = community_areas(flows, resolution=resolution, runs=3).areas["area_id"].to_dict()
    runs = community_runs(flows, resolution=resolution, runs=3)
    best = quality(area)
    assert runs.loc[runs["is_chosen"], "modularity"].item() == pytest.approx(best, abs=1e-9)
    for zone, other in itertools.product(area, [*set(area.values()), "new"]):
        assert quality({**area, zone: other}) <= best + 1e-9


@settings(max_examples=25)
@given(world=worlds())
def test_the_share_that_decided_a_community_equals_loops_over_zones(world: World) -> None:
    flows = world.flows
    areas = community_areas(flows, runs=2).areas
    both = pd.DataFrame(exchange(flows).toarray(), index=flows.places, columns=flows.places)
    for zone in areas.index:
        fellows = areas.index[areas["area_id"] == areas.at[zone, "area_id"]]
        own = sum(both.at[zone, other] for other in fellows)
        total = both.loc[zone].sum()
        if total == 0:
            assert areas.at[zone, "decided_by"] == "no_commuters"
        elif not world.outside:
            assert areas.at[zone, "value"] == pytest.approx(own / total)
        else:
            assert areas.at[zone, "value"] >= own / total - 1e-12
        assert not areas.at[zone, "value"] + areas.at[zone, "threshold"] > 1 + 1e-12


def average_linkage(distance: np.ndarray, cut: float) -> set[frozenset[int]]:
    """Join the two closest groups, by the mean over all pairs, until none is close enough."""
    parts = [frozenset([at]) for at in range(len(distance))]
    while len(parts) > 1:
        joins = [
            (float(np.mean([distance[i, j] for i in one for j in other])), one, other)
            for one, other in itertools.combinations(parts, 2)
        ]
        height, one, other = min(joins, key=lambda join: join[0])
        if height > cut:
            break
        parts = [part for part in parts if part not in (one, other)] + [one | other]
    return set(parts)


@settings(max_examples=25)
@given(world=worlds(most=8, largest=10**6), cut=st.sampled_from([0.3, 0.6, 0.9, 0.98]))
def test_commuting_zones_equal_average_linkage_by_loops(world: World, cut: float) -> None:
    flows = world.flows
    assume(len(set(distances(flows))) == len(distances(flows)))
    distance = 1 - np.minimum(proximity(flows).toarray(), 1.0)
    parts = {frozenset(flows.inside[sorted(part)]) for part in average_linkage(distance, cut)}
    assert groups(commuting_zones(flows, cut=cut).areas) == parts


@settings(max_examples=25)
@given(world=worlds())
def test_at_a_cut_of_one_all_zones_join(world: World) -> None:
    assert len(groups(commuting_zones(world.flows, cut=1.0).areas)) == 1


@settings(max_examples=25)
@given(world=worlds(), cut=st.floats(0, 1))
def test_a_zone_alone_is_further_from_all_areas_than_the_cut(world: World, cut: float) -> None:
    areas = commuting_zones(world.flows, cut=cut).areas
    size = areas.groupby("area_id")["area_id"].transform("size")
    others = areas[(size == 1) & (len(areas) > 1)]
    assert (others["threshold"] == 1 - cut).all()
    assert (others["value"] <= 1 - cut + 1e-12).all()


LABELS = st.lists(
    st.tuples(st.sampled_from(["", "a", "b", "c"]), st.sampled_from(["", "x", "y", "z"])),
    min_size=1,
    max_size=12,
)


@settings(max_examples=25)
@given(labels=LABELS, seed=st.integers(0, 999))
def test_agreement_is_symmetric_and_blind_to_names_and_order(
    labels: list[tuple[str, str]], seed: int
) -> None:
    one, other = (pd.Series([pair[side] for pair in labels], dtype=object) for side in (0, 1))
    index = adjusted_rand(one, other)
    assert -1 <= index <= 1 + 1e-12
    assert adjusted_rand(other, one) == pytest.approx(index)
    assert adjusted_rand(one, one) == pytest.approx(1.0)
    turned = one.map({"": "", "a": "c", "b": "a", "c": "b"}).sample(frac=1, random_state=seed)
    assert adjusted_rand(turned, other) == pytest.approx(index)
    assert adjusted_rand(one, turned) == pytest.approx(1.0)


@settings(max_examples=25)
@given(labels=LABELS)
def test_agreement_is_one_only_for_the_same_groups(labels: list[tuple[str, str]]) -> None:
    one, other = (pd.Series([pair[side] for pair in labels], dtype=object) for side in (0, 1))
    pairs = list(itertools.combinations(range(len(labels)), 2))
    same = all(
        ((one[i] == one[j]) and one[i] != "") == ((other[i] == other[j]) and other[i] != "")
        for i, j in pairs
    )
    assert (adjusted_rand(one, other) == pytest.approx(1.0)) == same
