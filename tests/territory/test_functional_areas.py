"""Functional urban areas of worlds that are solved by hand; everybody has 100 at work."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np
import pandas as pd
import pytest
from scipy import sparse

from agglo.commuting.flows import Flows, flows_from_frame
from agglo.errors import FlowError, TableError
from agglo.territory.contiguity import border_lengths_from_zones, neighbours_from_zones
from agglo.territory.core_shares import core_numbers
from agglo.territory.delineation import Delineation, summary_of_areas
from agglo.territory.functional_areas import (
    cores_from_zones,
    functional_area_labels,
    functional_urban_areas,
)
from tests.zone_maps import flows_of, zones_from_map

Persons = Mapping[tuple[str, str], float]


def area_of(found: Delineation) -> dict[str, str]:
    """Area of each zone, those in none left out."""
    area = found.areas["area_id"]
    return area[area != ""].to_dict()


def reasons(found: Delineation) -> dict[str, str]:
    return found.areas["decided_by"].to_dict()


def on_map(
    rows: Sequence[str], persons: Persons, cities: Mapping[str, str], **choices: object
) -> Delineation:
    """Delineate zones drawn as letters, with contiguity."""
    zones = zones_from_map(rows)
    coastal = choices.pop("coastal", ())
    return functional_urban_areas(
        flows_of(zones.index, persons, outside=choices.pop("outside", ())),  # type: ignore[arg-type]
        pd.Series(cities, dtype=object),
        neighbours=neighbours_from_zones(zones),
        border_m=border_lengths_from_zones(zones, coastal=coastal),  # type: ignore[arg-type]
        **choices,  # type: ignore[arg-type]
    )


def plain(flows: Flows, cities: Mapping[str, str], **choices: float) -> Delineation:
    return functional_urban_areas(flows, pd.Series(cities, dtype=object), **choices)


def test_fifteen_of_a_hundred_join_and_fourteen_do_not() -> None:
    flows = flows_of("kab", {("a", "k"): 15, ("b", "k"): 14, ("k", "b"): 40})
    found = plain(flows, {"k": "K"})
    want = pd.DataFrame(
        {
            "area_id": ["K", "K", ""],
            "decided_by": ["core", "share_to_core", "share_to_core"],
            "value": [np.nan, 0.15, 0.14],
            "threshold": [np.nan, 0.15, 0.15],
            "margin": [np.nan, 0.0, -0.01],
        },
        index=pd.Index(["k", "a", "b"], name="zone_id"),
    )
    pd.testing.assert_frame_equal(found.areas, want, check_dtype=False)
    assert found.method == "fua"
    assert found.status == "observed"
    assert found.parameters == {
        "commuting_share": 0.15,
        "merge_share": 0.15,
        "is_contiguous": False,
        "has_enclaves": False,
    }


def test_a_share_that_no_binary_fraction_hits_still_joins_at_the_threshold() -> None:
    flows = flows_of("ka", {("a", "k"): 1}, residents=3)
    found = plain(flows, {"k": "K"}, commuting_share=1 / 3)
    assert area_of(found) == {"k": "K", "a": "K"}
    assert found.areas.loc["a", "margin"] == 0


def test_whoever_works_abroad_is_an_employed_resident_too() -> None:
    persons = {("a", "k"): 15.0, ("a", "a"): 60.0}
    assert "a" in area_of(plain(flows_of("ka", persons, residents=75), {"k": "K"}))
    assert "a" not in area_of(plain(flows_of("ka", persons, residents=101), {"k": "K"}))


def test_whoever_works_outside_counts_without_a_total_too() -> None:
    persons = {("a", "k"): 15.0, ("a", "a"): 60.0, ("a", "away"): 30.0}
    flows = flows_of("ka", persons, residents={"k": 1, "a": 105}, outside=["away"])
    assert area_of(plain(flows, {"k": "K"})) == {"k": "K"}


def test_shares_to_merged_cities_are_added_up() -> None:
    persons = {("x", "a"): 8.0, ("x", "b"): 8.0, ("a", "b"): 15.0}
    merged = plain(flows_of("abx", persons), {"a": "A", "b": "B"})
    assert area_of(merged) == {"a": "A", "b": "A", "x": "A"}
    assert merged.areas.loc["x", "value"] == 0.16
    assert merged.notes[0] == "area A is one destination of the cities A, B"
    apart = plain(flows_of("abx", persons), {"a": "A", "b": "B"}, merge_share=0.16)
    assert area_of(apart) == {"a": "A", "b": "B"}


def test_the_residents_of_a_whole_city_link_it_not_those_of_one_zone() -> None:
    persons = {("a", "c"): 20.0}
    cities = {"a": "A", "b": "A", "c": "C"}
    assert area_of(plain(flows_of("abc", persons), cities))["c"] == "C"
    persons = {("a", "c"): 20.0, ("b", "c"): 10.0}
    assert area_of(plain(flows_of("abc", persons), cities))["c"] == "A"


def test_a_chain_of_links_is_one_destination() -> None:
    persons = {("b", "a"): 15.0, ("c", "b"): 15.0}
    found = plain(flows_of("abc", persons), {"a": "A", "b": "B", "c": "C"})
    assert area_of(found) == {"a": "A", "b": "A", "c": "A"}


def test_a_city_that_reaches_the_share_with_two_together_stays_apart() -> None:
    persons = {("a", "b"): 15.0, ("c", "a"): 8.0, ("c", "b"): 8.0}
    found = plain(flows_of("abc", persons), {"a": "A", "b": "B", "c": "C"})
    assert area_of(found) == {"a": "A", "b": "A", "c": "C"}


def test_merged_areas_are_named_by_the_lowest_number() -> None:
    found = plain(flows_of("ab", {("a", "b"): 50}), {"a": "10", "b": "9"})
    assert area_of(found) == {"a": "9", "b": "9"}


def test_the_largest_share_wins_and_of_equals_the_lowest_id() -> None:
    persons = {("x", "a"): 20.0, ("x", "b"): 21.0, ("y", "a"): 20.0, ("y", "b"): 20.0}
    found = plain(flows_of("abxy", persons), {"a": "10", "b": "9"})
    assert area_of(found) == {"a": "10", "b": "9", "x": "9", "y": "9"}


def test_a_city_outside_draws_zones_and_cities_but_is_not_drawn() -> None:
    persons = {("x", "moscow"): 20.0, ("moscow", "o"): 30.0, ("o", "moscow"): 14.0}
    flows = flows_of("ox", persons, outside=["moscow"])
    cities = {"o": "Obninsk", "moscow": "Moscow"}
    assert area_of(plain(flows, cities)) == {"o": "Obninsk", "x": "Moscow"}
    more = flows_of("ox", {**persons, ("o", "moscow"): 15.0}, outside=["moscow"])
    assert area_of(plain(more, cities)) == {"o": "Moscow", "x": "Moscow"}


def test_a_zone_inside_an_area_is_its_enclave() -> None:
    found = on_map(["kkk", "kek", "kkk"], {("e", "k"): 2}, {"k": "K"})
    assert found.areas.loc["e"].tolist() == ["K", "enclave", 1.0, 1.0, 0.0]
    assert found.notes == ("enclaves added: e",)
    assert found.parameters["has_enclaves"] is True


def test_a_hole_of_two_zones_is_no_enclave() -> None:
    found = on_map(["kkkk", "kefk", "kkkk"], {}, {"k": "K"})
    assert area_of(found) == {"k": "K"}


def test_a_zone_between_two_areas_is_no_enclave() -> None:
    found = on_map(["kkk", "kej", "jjj"], {}, {"k": "K", "j": "J"})
    assert area_of(found) == {"k": "K", "j": "J"}


def test_a_zone_on_the_frontier_is_not_surrounded() -> None:
    assert area_of(on_map(["kkk", "kek"], {}, {"k": "K"})) == {"k": "K"}
    assert area_of(on_map(["kkk", "k.k", "kek", "kkk"], {}, {"k": "K"})) == {"k": "K"}


def test_a_zone_whose_edge_is_a_shore_is_surrounded() -> None:
    found = on_map(["kkk", "kek"], {}, {"k": "K"}, coastal=["e"])
    assert reasons(found)["e"] == "enclave"


def test_a_corner_on_another_area_does_not_keep_an_enclave_out() -> None:
    corner = on_map(["kkkk", "kekk", "kkjk", "kkkk"], {}, {"k": "K", "j": "J"})
    assert reasons(corner)["e"] == "enclave"
    found = on_map(["kkkj", "kekj", "kkkj", "jjjj"], {}, {"k": "K", "j": "J"})
    assert reasons(found)["e"] == "enclave"


def test_members_of_the_commuting_zone_surround_too() -> None:
    found = on_map(["kkx", "kex", "xxx"], {("x", "k"): 20}, {"k": "K"})
    assert area_of(found) == {"k": "K", "x": "K", "e": "K"}


def test_a_zone_not_connected_with_its_city_is_dropped() -> None:
    found = on_map(["kab"], {("b", "k"): 30, ("a", "k"): 10}, {"k": "K"})
    assert area_of(found) == {"k": "K"}
    assert found.areas.loc["b", ["decided_by", "value", "threshold"]].tolist() == [
        "exclave", 0.3, 0.15,
    ]  # fmt: skip
    assert np.isnan(found.areas.loc["b", "margin"])
    assert "exclaves dropped: b" in found.notes


def test_a_zone_is_connected_through_other_members() -> None:
    found = on_map(["kab"], {("b", "k"): 30, ("a", "k"): 15}, {"k": "K"})
    assert area_of(found) == {"k": "K", "a": "K", "b": "K"}


def test_a_zone_of_another_area_does_not_connect() -> None:
    persons = {("b", "k"): 30.0, ("a", "j"): 30.0}
    found = on_map(["kab", "jj."], persons, {"k": "K", "j": "J"})
    assert area_of(found) == {"k": "K", "j": "J", "a": "J"}


def test_enclaves_come_first_so_a_zone_inside_an_enclave_stays() -> None:
    rows = ["kkkkk", "keeek", "kexek", "keeek", "kkkkk"]
    found = on_map(rows, {("x", "k"): 20}, {"k": "K"})
    assert area_of(found) == {"k": "K", "e": "K", "x": "K"}
    assert reasons(found) == {"k": "core", "e": "enclave", "x": "share_to_core"}


def test_an_exclave_inside_another_area_becomes_its_enclave() -> None:
    rows = ["jjj.k", "jxjak", "jjj.k"]
    found = on_map(rows, {("x", "k"): 20}, {"j": "J", "k": "K"})
    assert area_of(found) == {"j": "J", "k": "K", "x": "J"}
    assert reasons(found)["x"] == "enclave"


def test_an_enclave_of_an_exclave_leaves_with_it() -> None:
    rows = ["xxxak", "xexak", "xxxak"]
    found = on_map(rows, {("x", "k"): 20}, {"k": "K"})
    assert area_of(found) == {"k": "K"}
    assert reasons(found) == {
        "a": "share_to_core", "e": "share_to_core", "k": "core", "x": "exclave",
    }  # fmt: skip


def test_both_cities_of_a_merged_area_hold_their_surroundings() -> None:
    persons = {("a", "b"): 20.0, ("x", "a"): 20.0, ("y", "a"): 20.0, ("z", "b"): 20.0}
    found = on_map(["ax.by", "....z"], persons, {"a": "A", "b": "B"})
    assert area_of(found) == dict.fromkeys("abxyz", "A")


def test_an_island_is_an_exclave_until_a_ferry_is_named() -> None:
    zones = zones_from_map(["kk.i"])
    flows = flows_of(zones.index, {("i", "k"): 40})
    alone = functional_urban_areas(
        flows, pd.Series({"k": "K"}), neighbours=neighbours_from_zones(zones)
    )
    assert reasons(alone)["i"] == "exclave"
    ferry = pd.DataFrame({"from_id": ["i"], "to_id": ["k"]})
    joined = functional_urban_areas(
        flows,
        pd.Series({"k": "K"}),
        neighbours=neighbours_from_zones(zones, extra_pairs=ferry),
    )
    assert area_of(joined) == {"i": "K", "k": "K"}


def test_who_commutes_to_a_city_outside_is_no_exclave_and_a_note_says_so() -> None:
    persons = {("x", "moscow"): 20.0, ("y", "k"): 20.0}
    cities = {"k": "K", "moscow": "Moscow"}
    found = on_map(["kax", "..y"], persons, cities, outside=["moscow"])
    assert area_of(found) == {"k": "K", "x": "Moscow"}
    assert "area(s) Moscow: a city lies outside, so exclaves cannot be told" in found.notes


def test_without_neighbours_and_borders_the_notes_say_what_was_not_looked_for() -> None:
    found = plain(flows_of("k", {}), {"k": "K"})
    assert found.notes == (
        "exclaves were not looked for: neighbours are not given",
        "enclaves were not looked for: lengths of borders are not given",
    )


def test_a_threshold_of_nothing_takes_who_commutes_at_all_and_above_one_nobody() -> None:
    flows = flows_of("kab", {("a", "k"): 1, ("b", "b"): 100})
    assert area_of(plain(flows, {"k": "K"}, commuting_share=0.0)) == {"k": "K", "a": "K"}
    full = flows_of("kab", {("a", "k"): 100, ("b", "k"): 100})
    assert area_of(plain(full, {"k": "K"}, commuting_share=1.0)) == dict.fromkeys("kab", "K")
    assert area_of(plain(full, {"k": "K"}, commuting_share=1.01)) == {"k": "K"}


def test_a_zone_where_nobody_works_has_no_share() -> None:
    flows = flows_of("kd", {("k", "d"): 3}, residents={"k": 100, "d": 0})
    found = plain(flows, {"k": "K"}, commuting_share=0.0)
    row = found.areas.loc["d"]
    assert row["area_id"] == ""
    assert np.isnan(row["value"])
    assert np.isnan(row["margin"])
    assert row["threshold"] == 0


def test_one_zone_that_is_the_city_is_its_area() -> None:
    assert area_of(plain(flows_of("k", {}), {"k": "K"})) == {"k": "K"}


def test_ids_may_be_numbers_cyrillic_or_quoted() -> None:
    flows = flows_of(["1", "Боровск", 'd\'Or "x"'], {("Боровск", "1"): 20, ('d\'Or "x"', "1"): 9})
    found = functional_urban_areas(flows, pd.Series({1: 7, "Боровск": None}))
    assert area_of(found) == {"1": "7", "Боровск": "7"}


def test_flows_and_cities_are_left_as_they_are() -> None:
    flows = flows_of("kab", {("a", "k"): 15, ("b", "k"): 14})
    cities = pd.Series({"k": "K", "a": "", "b": np.nan}, dtype=object)
    before, copy = flows.counts.toarray(), cities.copy()
    functional_urban_areas(flows, cities)
    np.testing.assert_array_equal(flows.counts.toarray(), before)
    pd.testing.assert_series_equal(cities, copy)


def test_areas_can_be_summed_up() -> None:
    flows = flows_of("kab", {("a", "k"): 15, ("k", "k"): 80, ("b", "a"): 5})
    found = summary_of_areas(plain(flows, {"k": "K"}), flows)
    assert found.loc["K", ["zones_count", "residents_count", "jobs_count"]].tolist() == [
        2,
        200,
        100,
    ]
    assert found.loc["K", "supply_share"] == 0.475


@pytest.mark.parametrize(
    ("cities", "choices", "said"),
    [
        ({"z": "K"}, {}, "core 'K' names 'z', which is no place"),
        ({}, {}, "there is no core"),
        ({"k": "", "a": None}, {}, "there is no core"),
        ({"k": "K"}, {"commuting_share": -0.1}, "commuting_share must be 0 or more"),
        ({"k": "K"}, {"merge_share": np.nan}, "merge_share must be 0 or more"),
    ],
)
def test_faults_are_named(cities: dict[str, str], choices: dict[str, float], said: str) -> None:
    with pytest.raises(FlowError, match=said):
        plain(flows_of("kab", {}), cities, **choices)


def test_a_place_given_twice_and_matrices_of_other_zones_are_refused() -> None:
    flows = flows_of("kab", {})
    with pytest.raises(FlowError, match="place 'k' is given to a core twice"):
        functional_urban_areas(flows, pd.Series(["K", "L"], index=["k", "k"]))
    small = sparse.csr_array((2, 2))
    with pytest.raises(TableError, match=r"neighbours must have one row.*3 zones"):
        functional_urban_areas(flows, pd.Series({"k": "K"}), neighbours=small)
    with pytest.raises(TableError, match="border_m must have"):
        functional_urban_areas(flows, pd.Series({"k": "K"}), border_m=small)


def test_the_array_rule_knows_a_world_without_cities() -> None:
    flows = flows_of("ab", {("a", "b"): 20})
    got = functional_area_labels(
        flows.counts,
        flows.residents_count,
        np.array([-1, -1]),
        is_outside=flows.is_outside,
        commuting_share=0.15,
        merge_share=0.15,
    )
    assert got.area.tolist() == [-1, -1]
    assert got.share.tolist() == [0, 0]


def test_cores_are_numbered_by_their_ids() -> None:
    numbers, ids = core_numbers(flows_of("abc", {}), pd.Series({"c": "2", "a": "10"}))
    assert ids.tolist() == ["2", "10"]
    assert numbers.tolist() == [1, -1, 0]


def test_zones_with_many_jobs_and_more_than_they_need_are_cities() -> None:
    square = pd.DataFrame(
        [[50, 0, 0, 9], [10, 50, 0, 0], [0, 40, 10, 0], [9, 9, 9, 9]],
        index=list("abcm"),
        columns=list("abcm"),
    )
    flows = flows_from_frame(square, outside=["m"])
    got = cores_from_zones(flows, min_jobs_count=60)
    assert got.to_dict() == {"a": "a", "b": "b", "c": ""}
    assert cores_from_zones(flows, min_jobs_count=70).to_dict() == {"a": "", "b": "b", "c": ""}
    got = cores_from_zones(flows, min_jobs_count=0, min_jobs_per_resident=1.5)
    assert got.to_dict() == {"a": "", "b": "b", "c": ""}
    empty = flows_of("d", {}, residents=0)
    assert cores_from_zones(empty, min_jobs_count=0).to_dict() == {"d": ""}
    found = functional_urban_areas(flows, cores_from_zones(flows, min_jobs_count=60))
    assert area_of(found) == {"a": "a", "b": "a", "c": "a"}
