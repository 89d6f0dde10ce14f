"""Communities in worlds whose best division is known, with and without the big core."""

from __future__ import annotations

import itertools
import math
from collections.abc import Iterator

import networkx as nx
import numpy as np
import pandas as pd
import pytest

from agglo.commuting.flows import Flows, flows_from_frame, frame_from_flows, without_places
from agglo.errors import FlowError
from agglo.territory.communities import (
    communities_with_and_without,
    community_areas,
    community_runs,
)
from agglo.territory.commuting_zones import exchange
from agglo.territory.delineation import Delineation
from tests.zone_maps import flows_of

LARGE = 1000.0


def clique(zones: str, persons: float) -> dict[tuple[str, str], float]:
    return dict.fromkeys(itertools.permutations(zones, 2), persons)


@pytest.fixture
def two_valleys() -> Flows:
    """Three towns each, joined by 5 commuters a pair; one pair of 2 crosses the pass."""
    return flows_of(
        "abcxyz",
        {**clique("abc", 5), **clique("xyz", 5), ("c", "x"): 2, ("b", "b"): 1},
        residents=LARGE,
    )


@pytest.fixture
def around_moscow() -> Flows:
    """Two pairs of neighbours with little between them; most of their commuters go to Moscow."""
    pairs = {**clique("ab", 2), **clique("xy", 2), ("b", "moscow"): 30, ("y", "moscow"): 20}
    return flows_of("abxy", {**pairs, ("x", "moscow"): 10}, residents=LARGE, outside=["moscow"])


def groups(found: Delineation) -> set[frozenset[str]]:
    areas = found.areas["area_id"]
    return {frozenset(areas.index[areas == one]) for one in set(areas) - {""}}


def partitions(zones: list[int]) -> Iterator[list[list[int]]]:
    """Go through all ways to divide zones into groups."""
    if not zones:
        yield []
        return
    for rest in partitions(zones[1:]):
        yield [[zones[0]], *rest]
        for at, group in enumerate(rest):
            yield [*rest[:at], [zones[0], *group], *rest[at + 1 :]]


def best_division(flows: Flows, resolution: float) -> tuple[float, set[frozenset[str]]]:
    """Find the most modular of all divisions, by networkx."""
    graph = nx.from_scipy_sparse_array(exchange(flows))
    value, division = max(
        (nx.community.modularity(graph, one, resolution=resolution), one)
        for one in partitions(list(graph))
    )
    return value, {frozenset(flows.places[list(group)]) for group in division}


def test_zones_that_commute_among_themselves_are_a_community(two_valleys: Flows) -> None:
    found = community_areas(two_valleys)
    assert groups(found) == {frozenset("abc"), frozenset("xyz")}
    assert found.method == "communities"
    assert found.parameters == {"resolution": 1.0, "seed": 0, "runs": 10, "drop": ""}


@pytest.mark.parametrize("resolution", [0.2, 1.0, 1.4, 3.0])
def test_the_division_is_the_most_modular_of_all(two_valleys: Flows, resolution: float) -> None:
    value, division = best_division(two_valleys, resolution)
    assert groups(community_areas(two_valleys, resolution=resolution)) == division
    runs = community_runs(two_valleys, resolution=resolution)
    assert runs.loc[runs["is_chosen"], "modularity"].item() == pytest.approx(value)


def test_an_area_is_named_by_its_zone_with_most_jobs(two_valleys: Flows) -> None:
    # x gets 2 over the pass, b has one of its own: 12 and 11 jobs against 10.
    areas = community_areas(two_valleys).areas
    assert areas["area_id"].to_dict() == {one: "b" if one in "abc" else "x" for one in "abcxyz"}


def test_the_number_that_decided_is_the_share_of_commuters_within(two_valleys: Flows) -> None:
    areas = community_areas(two_valleys).areas
    assert set(areas["decided_by"]) == {"own_commuters_share"}
    numbers = areas[["value", "threshold", "margin"]]
    assert numbers.loc["b"].tolist() == [1.0, 0.0, 1.0]
    assert numbers.loc["c"].tolist() == pytest.approx([20 / 22, 2 / 22, 18 / 22])


def test_who_works_at_home_counts_nowhere(two_valleys: Flows) -> None:
    at_home = {(one, one): 900.0 for one in "abcxyz"}
    more = flows_of(
        "abcxyz",
        {**clique("abc", 5), **clique("xyz", 5), ("c", "x"): 2, **at_home},
        residents=LARGE,
    )
    pd.testing.assert_frame_equal(
        community_areas(more).areas.drop(columns="area_id"),
        community_areas(two_valleys).areas.drop(columns="area_id"),
    )


def test_moscow_joins_zones_that_are_apart_without_it(around_moscow: Flows) -> None:
    table = communities_with_and_without(around_moscow, "moscow")
    assert best_division(around_moscow, 1.0)[1] == {frozenset([*"abxy", "moscow"])}
    assert table.index.tolist() == [*"abxy"]
    assert table["with_id"].tolist() == ["a"] * 4
    assert table["without_id"].tolist() == ["a", "a", "x", "x"]
    assert table["is_with_core"].all()
    assert table["company_share"].tolist() == pytest.approx([1 / 3] * 4)
    assert table["is_changed"].all()


def test_a_dropped_place_no_longer_joins_zones(around_moscow: Flows) -> None:
    dropped = community_areas(around_moscow, drop="moscow")
    rest = community_areas(without_places(around_moscow, ["moscow"]))
    pd.testing.assert_frame_equal(dropped.areas, rest.areas)
    assert dropped.parameters["drop"] == "moscow"
    assert groups(dropped) == {frozenset("ab"), frozenset("xy")}


def test_a_dropped_zone_is_in_no_area_and_keeps_its_row(two_valleys: Flows) -> None:
    found = community_areas(two_valleys, drop=["c"])
    assert found.areas.index.tolist() == [*"abcxyz"]
    assert found.areas.loc["c", ["area_id", "decided_by"]].tolist() == ["", "dropped"]
    assert found.areas.loc["c", ["value", "threshold", "margin"]].isna().all()
    assert groups(found) == {frozenset("ab"), frozenset("xyz")}


def test_zones_that_only_the_core_held_together_change_company() -> None:
    # The core holds a, b and c, who share nothing else; x, y and z are a community anyway.
    flows = flows_of(
        ["core", *"abcxyz"],
        {**{(one, "core"): 20.0 for one in "abc"}, **clique("xyz", 9), ("x", "core"): 1},
        residents=LARGE,
    )
    table = communities_with_and_without(flows, "core")
    assert table.index.tolist() == [*"abcxyz"]
    assert table["with_id"].tolist() == ["core"] * 3 + ["x"] * 3
    assert table["without_id"].tolist() == ["a", "b", "c", "x", "x", "x"]
    assert table["is_with_core"].tolist() == [True] * 3 + [False] * 3
    assert table["company_share"].tolist() == [0.0] * 3 + [1.0] * 3
    assert table["is_changed"].tolist() == [True] * 3 + [False] * 3


def test_several_places_can_be_the_core(two_valleys: Flows) -> None:
    table = communities_with_and_without(two_valleys, ["c", "x"])
    assert table.index.tolist() == [*"abyz"]
    assert table["is_with_core"].all()
    assert table["company_share"].tolist() == [1.0] * 4


def test_zones_without_commuters_are_alone() -> None:
    flows = flows_of("abij", {**clique("ab", 3), ("i", "i"): 5}, residents=LARGE)
    areas = community_areas(flows).areas
    assert areas["area_id"].tolist() == ["a", "a", "i", "j"]
    assert areas.loc["j", "decided_by"] == "no_commuters"
    assert areas.loc[["i", "j"], ["value", "threshold", "margin"]].isna().all(axis=None)


def test_flows_of_nobody_leave_every_zone_alone() -> None:
    for zones in (["a"], ["a", "b"]):
        nobody = flows_from_frame(pd.DataFrame(0.0, index=zones, columns=zones))
        found = community_areas(nobody)
        assert found.areas["area_id"].tolist() == zones
        assert community_runs(nobody)["modularity"].eq(0).all()
        assert found.notes[0].startswith("modularity 0.0000")


def test_runs_show_how_far_chance_decides(two_valleys: Flows) -> None:
    runs = community_runs(two_valleys, runs=4)
    assert runs["communities_count"].tolist() == [2] * 4
    assert runs["agreement_mean"].tolist() == runs["agreement_min"].tolist() == [1.0] * 4
    assert runs["is_chosen"].sum() == 1
    single = community_runs(two_valleys, runs=1)
    assert single[["agreement_mean", "agreement_min", "is_chosen"]].to_numpy().tolist() == [
        [1.0, 1.0, True]
    ]


def ring() -> Flows:
    """Twelve equal towns around a lake: divisions turn with the seed."""
    names = [f"n{at}" for at in range(12)]
    return flows_of(names, {(names[at - 1], names[at]): 10.0 for at in range(12)}, residents=LARGE)


def muddle(names: list[str], factor: float = 1.0) -> Flows:
    """Forty zones that commute at random: every run finds another division."""
    size = len(names)
    counts = np.random.default_rng(5).integers(0, 1000, (size, size)) * factor
    return flows_from_frame(pd.DataFrame(counts, index=names, columns=names))


NAMES = [f"n{at:02}" for at in range(40)]


def test_names_make_no_difference_even_where_chance_decides() -> None:
    turned = [f"n{39 - at:02}" for at in range(40)]
    one, other = (community_areas(muddle(names), runs=1).areas for names in (NAMES, turned))
    names = dict(zip(NAMES, turned, strict=True))
    assert one["area_id"].map(names).tolist() == other["area_id"].tolist()


def test_the_order_of_zones_makes_no_difference_even_where_chance_decides() -> None:
    frame = frame_from_flows(muddle(NAMES))
    turned = flows_from_frame(frame.loc[NAMES[::-1], NAMES[::-1]])
    one, other = (community_areas(flows, runs=1).areas for flows in (muddle(NAMES), turned))
    assert one["area_id"].to_dict() == other["area_id"].to_dict()


def test_the_unit_of_counts_makes_no_difference_even_where_chance_decides() -> None:
    runs = community_runs(muddle(NAMES))
    assert runs["communities_count"].nunique() > 1
    pd.testing.assert_frame_equal(runs, community_runs(muddle(NAMES, 2.0**-12)))


def test_of_two_runs_the_more_modular_is_taken() -> None:
    for seed in range(5):
        runs = community_runs(muddle(NAMES), runs=2, seed=seed)
        assert runs["modularity"].nunique() == 2
        assert runs["modularity"].idxmax() == runs["is_chosen"].idxmax()


def test_the_run_that_agrees_best_with_the_others_is_taken() -> None:
    runs = community_runs(ring(), runs=8)
    assert runs["agreement_mean"].nunique() > 1
    best = runs["agreement_mean"].round(9).max()
    closest = runs[runs["agreement_mean"].round(9) == best]
    chosen = closest[closest["is_chosen"]]
    assert len(chosen) == 1
    assert chosen["modularity"].item() == pytest.approx(closest["modularity"].max())
    assert runs["agreement_min"].le(runs["agreement_mean"]).all()


def test_the_same_seed_gives_the_same_areas_and_another_may_not() -> None:
    flows = ring()
    first = community_areas(flows, seed=1, runs=2)
    again = community_areas(flows, seed=1, runs=2)
    pd.testing.assert_frame_equal(first.areas, again.areas)
    assert first.notes == again.notes
    others = [groups(community_areas(flows, seed=seed, runs=2)) for seed in range(6)]
    assert len({frozenset(one) for one in others}) > 1


def test_the_notes_say_where_the_outside_belongs(around_moscow: Flows) -> None:
    found = community_areas(around_moscow)
    assert found.notes[1] == "'moscow' outside belongs to the community of 4 zone(s)"
    assert found.areas["area_id"].isin([*"abxy"]).all()


def test_nonsense_is_refused(two_valleys: Flows) -> None:
    for resolution in (0.0, -1.0, math.inf, math.nan):
        with pytest.raises(FlowError, match="resolution must be a finite number above 0"):
            community_areas(two_valleys, resolution=resolution)
    with pytest.raises(FlowError, match="runs must be 1 or more; got 0"):
        community_areas(two_valleys, runs=0)
    with pytest.raises(FlowError, match="seed must be 0 or more; got -1"):
        community_runs(two_valleys, seed=-1)
    with pytest.raises(FlowError, match="'moscow' is no place of the flows"):
        communities_with_and_without(two_valleys, "moscow")
    with pytest.raises(FlowError, match="no zone would remain"):
        community_areas(two_valleys, drop=[*"abcxyz"])


def test_arguments_are_not_written_to(two_valleys: Flows) -> None:
    before = two_valleys.counts.copy()
    community_areas(two_valleys, drop=["a"])
    assert (two_valleys.counts != before).nnz == 0
    assert np.array_equal(two_valleys.counts.data, before.data)
