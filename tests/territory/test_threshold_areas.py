"""Cores and who exchanges enough commuters with them, in worlds solved by hand."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np
import pandas as pd
import pytest
from scipy import sparse

from agglo.commuting.flows import Flows
from agglo.errors import FlowError, TableError
from agglo.territory.contiguity import neighbours_from_zones
from agglo.territory.delineation import Delineation
from agglo.territory.threshold_areas import SIDES, threshold_area_labels, threshold_areas
from tests.zone_maps import flows_of, zones_from_map


def area_of(found: Delineation) -> dict[str, str]:
    """Area of each zone, those in none left out."""
    area = found.areas["area_id"]
    return area[area != ""].to_dict()


def plain(flows: Flows, cores: Mapping[str, str], **choices: object) -> Delineation:
    return threshold_areas(flows, pd.Series(cores, dtype=object), **choices)  # type: ignore[arg-type]


@pytest.fixture
def both_ways() -> Flows:
    """``b`` sends 10 of 100 to the core ``k``; of its 50 jobs 15 are held by the core's people."""
    return flows_of("kb", {("b", "k"): 10, ("k", "b"): 15, ("b", "b"): 35})


@pytest.mark.parametrize(
    ("side", "decided_by", "value"),
    [
        ("out", "share_to_core", 0.1),
        ("in", "share_from_core", 0.3),
        ("max", "share_from_core", 0.3),
        ("sum", "exchange_share", 0.4),
    ],
)
def test_the_tie_is_the_share_out_or_in_or_both(
    both_ways: Flows, side: str, decided_by: str, value: float
) -> None:
    joined = plain(both_ways, {"k": "K"}, side=side, threshold_share=value)
    assert joined.areas.loc["b"].tolist() == ["K", decided_by, value, value, 0.0]
    left = plain(both_ways, {"k": "K"}, side=side, threshold_share=value + 0.01)
    assert left.areas.loc["b"].tolist() == ["", decided_by, value, value + 0.01, -0.01]
    assert left.areas.loc["k", ["area_id", "decided_by"]].tolist() == ["K", "core"]
    assert left.areas.loc["k", ["value", "threshold", "margin"]].isna().all()
    assert left.parameters["side"] == side
    assert left.method == "threshold"


def test_the_larger_share_decides_and_of_equals_the_share_out() -> None:
    flows = flows_of("kbc", {("b", "k"): 30, ("k", "b"): 5, ("b", "b"): 15, ("c", "k"): 25,
                             ("k", "c"): 25, ("c", "c"): 75})  # fmt: skip
    found = plain(flows, {"k": "K"})
    assert found.areas["value"].tolist()[1:] == [0.3, 0.25]
    assert found.areas["decided_by"].tolist()[1:] == ["share_to_core"] * 2
    assert area_of(found) == dict.fromkeys("kbc", "K")


def test_a_core_of_two_zones_adds_both_up() -> None:
    flows = flows_of("jkb", {("b", "j"): 13, ("b", "k"): 12})
    assert area_of(plain(flows, {"j": "K", "k": "K"})) == {"j": "K", "k": "K", "b": "K"}
    assert area_of(plain(flows, {"j": "J", "k": "K"})) == {"j": "J", "k": "K"}


def test_the_strongest_tie_wins_and_of_equals_the_lowest_id() -> None:
    persons = {("a", "j"): 30.0, ("a", "k"): 31.0, ("b", "j"): 30.0, ("b", "k"): 30.0}
    found = plain(flows_of("jkab", persons), {"j": "9", "k": "10"})
    assert area_of(found) == {"j": "9", "k": "10", "a": "10", "b": "9"}


def test_a_zone_joins_by_zones_that_joined_only_where_that_is_asked_for() -> None:
    persons = {("a", "k"): 25.0, ("b", "a"): 25.0, ("c", "b"): 20.0, ("c", "a"): 5.0,
               ("d", "c"): 24.0}  # fmt: skip
    flows = flows_of("kabcd", persons)
    assert area_of(plain(flows, {"k": "K"})) == {"k": "K", "a": "K"}
    found = plain(flows, {"k": "K"}, is_iterated=True)
    assert area_of(found) == {"k": "K", "a": "K", "b": "K", "c": "K"}
    assert found.areas.loc["d", "value"] == 0.24
    assert found.areas.loc["c", "value"] == 0.25


def test_zones_of_a_round_join_at_once() -> None:
    persons = {("a", "j"): 25.0, ("b", "k"): 25.0, ("c", "a"): 26.0, ("c", "k"): 25.0}
    found = plain(flows_of("jkabc", persons), {"j": "J", "k": "K"}, is_iterated=True)
    assert area_of(found)["c"] == "K"


def test_with_neighbours_a_zone_needs_a_connection() -> None:
    zones = zones_from_map(["kabc", "...d"])
    persons = {("a", "k"): 10.0, ("b", "k"): 40.0, ("c", "b"): 40.0, ("d", "k"): 40.0}
    found = plain(
        flows_of(zones.index, persons), {"k": "K"}, neighbours=neighbours_from_zones(zones)
    )
    assert area_of(found) == {"k": "K"}
    assert found.areas.loc["b", ["decided_by", "value"]].tolist() == ["exclave", 0.4]
    assert np.isnan(found.areas.loc["b", "margin"])
    assert found.notes == ("exclaves dropped: b, d",)


def test_an_exclave_may_join_in_a_later_round() -> None:
    zones = zones_from_map(["kabc"])
    persons = {("a", "k"): 10.0, ("b", "k"): 40.0, ("a", "c"): 20.0, ("c", "k"): 40.0}
    touching = neighbours_from_zones(zones)
    flows = flows_of(zones.index, persons)
    found = plain(flows, {"k": "K"}, neighbours=touching, is_iterated=True)
    assert area_of(found) == {"k": "K"}
    more = flows_of(zones.index, {**persons, ("a", "k"): 30.0})
    found = plain(more, {"k": "K"}, neighbours=touching)
    assert area_of(found) == dict.fromkeys("kabc", "K")
    late = flows_of("kabde", {("d", "k"): 30, ("b", "k"): 30, ("a", "d"): 30})
    zones = zones_from_map(["dkab", "..e."]).loc[["k", "a", "b", "d", "e"]]
    found = plain(late, {"k": "K"}, neighbours=neighbours_from_zones(zones), is_iterated=True)
    assert area_of(found) == dict.fromkeys("kabd", "K")
    assert found.areas.loc["b", "decided_by"] == "share_to_core"


def test_a_core_outside_takes_zones_that_touch_it_or_not() -> None:
    zones = zones_from_map(["kab"])
    flows = flows_of(zones.index, {("b", "moscow"): 30, ("moscow", "a"): 9}, outside=["moscow"])
    found = plain(
        flows, {"k": "K", "moscow": "M"}, neighbours=neighbours_from_zones(zones), side="out"
    )
    assert area_of(found) == {"k": "K", "b": "M"}
    assert area_of(plain(flows, {"moscow": "M"}, side="in"))["a"] == "M"


@pytest.mark.parametrize("side", SIDES)
def test_a_threshold_of_nothing_takes_all_ties_and_one_above_every_tie_none(side: str) -> None:
    persons = {(a, b): 20.0 for a in "kab" for b in "kab"}
    flows = flows_of("kabc", {**persons, ("c", "c"): 9})
    most = plain(flows, {"k": "K"}, side=side, threshold_share=0.0)
    assert area_of(most) == dict.fromkeys("kab", "K")
    assert most.areas.loc["c", "decided_by"] not in ("core", "exclave")
    none = plain(flows, {"k": "K"}, side=side, threshold_share=2.01)
    assert area_of(none) == {"k": "K"}


def test_a_zone_without_anybody_to_count_has_no_tie() -> None:
    flows = flows_of("kd", {("k", "d"): 3}, residents={"k": 100, "d": 0})
    out = plain(flows, {"k": "K"}, side="out", threshold_share=0.0).areas.loc["d"]
    assert out["area_id"] == ""
    assert np.isnan(out["value"])
    assert np.isnan(out["margin"])
    assert plain(flows, {"k": "K"}).areas.loc["d", "value"] == 1


def test_ties_equal_those_counted_zone_by_zone() -> None:
    rng = np.random.default_rng(3)
    counts = rng.integers(0, 9, (9, 9))
    names = list("abcdefghi")
    persons = {(a, b): float(counts[i, j]) for i, a in enumerate(names)
               for j, b in enumerate(names)}  # fmt: skip
    flows = flows_of(names, persons, residents=float(counts.sum(axis=1).max()))
    total, jobs = counts.sum(axis=1).max(), counts.sum(axis=0)
    for side in SIDES:
        found = plain(flows, {"a": "A", "b": "B", "c": "B"}, side=side, threshold_share=0.3)
        for number in range(3, 9):
            ties = {}
            for core, members in {"A": [0], "B": [1, 2]}.items():
                out = sum(counts[number, one] for one in members) / total
                into = sum(counts[one, number] for one in members) / jobs[number]
                ties[core] = {"out": out, "in": into, "max": max(out, into), "sum": out + into}
            best = max(sorted(ties), key=lambda core: ties[core][side])
            row = found.areas.iloc[number]
            assert row["value"] == pytest.approx(ties[best][side])
            assert row["area_id"] == (best if ties[best][side] >= 0.3 else "")


def test_faults_are_named() -> None:
    flows = flows_of("kb", {})
    with pytest.raises(FlowError, match="side must be one of max, out, in, sum; got 'both'"):
        plain(flows, {"k": "K"}, side="both")
    with pytest.raises(FlowError, match="threshold_share must be 0 or more"):
        plain(flows, {"k": "K"}, threshold_share=np.nan)
    with pytest.raises(FlowError, match="there is no core"):
        plain(flows, {})
    with pytest.raises(TableError, match="neighbours must have"):
        plain(flows, {"k": "K"}, neighbours=sparse.csr_array((3, 3)))


def test_the_array_rule_knows_a_world_without_cores() -> None:
    flows = flows_of("ab", {("a", "b"): 20})
    got = threshold_area_labels(
        flows.counts,
        flows.residents_count,
        np.array([-1, -1]),
        is_outside=flows.is_outside,
        threshold_share=0.0,
    )
    assert got.area.tolist() == [-1, -1]
