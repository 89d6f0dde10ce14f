"""Areas in pieces and what becomes of them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np
import pandas as pd
import pytest
from scipy import sparse

from agglo.commuting.flows import Flows
from agglo.errors import TableError
from agglo.territory.contiguity import neighbours_from_zones
from agglo.territory.delineation import Delineation
from agglo.territory.repair import contiguous_areas, contiguous_labels
from tests.zone_maps import flows_of, zones_from_map

Persons = Mapping[tuple[str, str], float]


def delineation_of(area: Mapping[str, str]) -> Delineation:
    """Divide zones by hand; every number is the same."""
    index = pd.Index(list(area), name="zone_id")
    areas = pd.DataFrame(
        {
            "area_id": pd.Series(list(area.values()), index=index, dtype=object),
            "decided_by": pd.Series("validity", index=index, dtype=object),
            "value": 1.2,
            "threshold": 1.0,
            "margin": 0.2,
        },
        index=index,
    )
    return Delineation(
        method="lma", areas=areas, parameters={"min": 1}, status="observed", notes=("first",)
    )


def repaired(
    rows: Sequence[str],
    persons: Persons,
    area: Mapping[str, str],
    residents: float | Mapping[str, float] = 100.0,
) -> Delineation:
    """Repair areas on squared paper."""
    zones = zones_from_map(rows)
    flows = flows_of(zones.index, persons, residents=residents)
    return contiguous_areas(delineation_of(area), flows, neighbours_from_zones(zones))


def area_of(found: Delineation) -> str:
    """Areas of all zones in one word, '-' for none."""
    return "".join(one or "-" for one in found.areas["area_id"])


def areas(word: str) -> dict[str, str]:
    """Zones a, b, … and their areas."""
    return {chr(ord("a") + i): one if one != "-" else "" for i, one in enumerate(word)}


def test_areas_that_hang_together_stay_as_they_are() -> None:
    before = delineation_of(areas("AABB"))
    zones = zones_from_map(["abcd"])
    found = contiguous_areas(before, flows_of(zones.index, {}), neighbours_from_zones(zones))
    pd.testing.assert_frame_equal(found.areas, before.areas)
    assert found.notes == ("first",)
    assert found.parameters == {"min": 1, "is_contiguous": True}


def test_what_is_cut_off_goes_to_the_neighbour_with_the_strongest_link() -> None:
    persons = {("d", "b"): 2.0, ("d", "e"): 1.0, ("e", "d"): 2.0, ("a", "a"): 9.0, ("b", "b"): 9.0}
    got = repaired(["a..", "bbd", "eee"], persons, {"a": "A", "b": "B", "d": "A", "e": "C"})
    # to B 2²/(100·11) = .0036; to C 1²/(100·1) + 2²/(100·2) = .03
    assert got.areas["area_id"].to_dict() == {"a": "A", "b": "B", "d": "C", "e": "C"}
    row = got.areas.loc["d"]
    assert row["decided_by"] == "contiguity"
    assert row["value"] == pytest.approx(0.03)
    assert row[["threshold", "margin"]].isna().all()
    assert got.areas.loc["b", "decided_by"] == "validity"
    assert got.notes == ("first", "zone d was cut off from area A and went to C")
    assert got.status == "observed"


def test_of_equal_links_the_lowest_area_wins() -> None:
    assert area_of(repaired(["a..", "bbd", "ccc"], {}, dict(zip("abcd", "XYZX", strict=True)))) == (
        "XYZY"
    )
    numbers = {"a": "1", "b": "10", "c": "9", "d": "1"}
    got = repaired(["a..", "bbd", "ccc"], {}, numbers)
    assert got.areas.loc["d", "area_id"] == "9"


def test_the_main_part_has_most_employed_residents_and_of_equals_the_lowest_zone() -> None:
    assert area_of(repaired(["abc"], {}, areas("ABA"))) == "ABB"
    heavy = {"a": 1.0, "b": 1.0, "c": 2.0}
    assert area_of(repaired(["abc"], {}, areas("ABA"), heavy)) == "BBA"
    two = {"a": 3.0, "b": 1.0, "c": 2.0, "d": 2.0}
    assert area_of(repaired(["abcd"], {}, areas("ABAA"), two)) == "BBAA"


def test_a_part_goes_as_a_whole() -> None:
    persons = {("d", "c"): 9.0, ("e", "c"): 1.0, ("c", "c"): 9.0}
    got = repaired(["abcde"], persons, areas("AABAA"), dict.fromkeys("abcde", 50.0))
    assert area_of(got) == "AABBB"
    assert sum("was cut off" in note for note in got.notes) == 2


def test_a_part_behind_another_waits_for_the_next_round() -> None:
    # c and d are cut off from A and B; d touches c alone, c touches the main part of B.
    sizes = {"a": 9.0, "b": 9.0, "c": 1.0, "d": 1.0}
    assert area_of(repaired(["abcd"], {}, areas("ABAB"), sizes)) == "ABBB"


def test_a_part_does_not_join_what_is_itself_on_the_move() -> None:
    sizes = {**dict.fromkeys("abcd", 100.0), "p": 20.0, "q": 20.0}
    persons = {("p", "b"): 9.0, ("p", "d"): 5.0, ("p", "a"): 1.0}
    area = {"a": "A", "b": "B", "c": "C", "d": "D", "p": "C", "q": "B"}
    assert area_of(repaired(["apqd.bc"], persons, area, sizes)) == "ABCDAD"


def test_two_cut_off_parts_never_swap_for_ever() -> None:
    sizes = {"a": 9.0, "b": 9.0, "c": 1.0, "d": 1.0}
    persons = {("c", "b"): 1.0, ("d", "a"): 1.0}
    got = repaired(["adcb"], persons, {"a": "A", "b": "B", "c": "A", "d": "B"}, sizes)
    assert area_of(got) == "ABBA"


def test_an_island_of_one_zone_stays() -> None:
    got = repaired(["ab.i"], {("i", "b"): 50}, {"a": "A", "b": "B", "i": "A"})
    assert area_of(got) == "ABA"
    assert got.notes[-1] == "zone i stays in area A though cut off: it touches no other area"


def test_on_an_island_of_two_areas_the_larger_part_takes_the_other_in() -> None:
    sizes = {"a": 100.0, "b": 100.0, "i": 10.0, "j": 20.0}
    got = repaired(["ab.ij"], {}, {"a": "A", "b": "B", "i": "A", "j": "B"}, sizes)
    assert area_of(got) == "ABBB"
    assert [note.split()[1] for note in got.notes[1:]] == ["i", "i", "j"]


def test_an_island_that_belongs_to_one_area_with_its_main_part_elsewhere_stays() -> None:
    got = repaired(["ab.ij"], {}, {"a": "A", "b": "B", "i": "A", "j": "A"},
                   {"a": 100.0, "b": 100.0, "i": 10.0, "j": 20.0})  # fmt: skip
    assert area_of(got) == "ABAA"


def test_zones_in_no_area_neither_move_nor_take_anything_in() -> None:
    got = repaired(["abcd"], {("c", "b"): 50}, areas("A-AD"), {**dict.fromkeys("bcd", 50.0),
                                                              "a": 90.0})  # fmt: skip
    assert area_of(got) == "A-DD"
    got = repaired(["abc"], {("c", "b"): 50}, areas("A-A"), {"a": 90, "b": 50, "c": 50})
    assert area_of(got) == "A-A"
    assert area_of(repaired(["abc"], {}, areas("---"))) == "---"


def test_an_area_keeps_its_name_though_the_zone_of_that_name_moves() -> None:
    got = repaired(["abc"], {}, {"a": "a", "b": "b", "c": "a"}, {"a": 1, "b": 1, "c": 9})
    assert got.areas["area_id"].to_dict() == {"a": "b", "b": "b", "c": "a"}


def test_nothing_of_the_input_changes() -> None:
    zones = zones_from_map(["abc"])
    before, touching = delineation_of(areas("ABA")), neighbours_from_zones(zones)
    copy, dense = before.areas.copy(), touching.toarray()
    contiguous_areas(before, flows_of(zones.index, {}), touching)
    pd.testing.assert_frame_equal(before.areas, copy)
    np.testing.assert_array_equal(touching.toarray(), dense)


def test_residents_who_work_outside_count_in_the_link() -> None:
    persons = {("d", "b"): 5.0, ("d", "c"): 5.0, ("b", "b"): 5.0, ("away", "c"): 20.0}
    zones = zones_from_map(["a..", "bbd", "ccc"])
    flows: Flows = flows_of(zones.index, persons, outside=["away"])
    found = contiguous_areas(
        delineation_of(dict(zip("abcd", "XZYX", strict=True))), flows, neighbours_from_zones(zones)
    )
    assert found.areas.loc["d", "area_id"] == "Z"
    assert found.areas.loc["d", "value"] == 25 / (100 * 10)


def test_a_pair_that_stands_once_holds_both_ways() -> None:
    one_way = sparse.csr_array(np.triu(np.ones((3, 3)), 1) - np.triu(np.ones((3, 3)), 2))
    flows = flows_of("abc", {})
    got = contiguous_areas(delineation_of(areas("ABA")), flows, one_way)
    assert area_of(got) == "ABB"


def test_faults_are_named() -> None:
    zones = zones_from_map(["abc"])
    flows, touching = flows_of(zones.index, {}), neighbours_from_zones(zones)
    with pytest.raises(TableError, match="the delineation lacks zone 'c'"):
        contiguous_areas(delineation_of(areas("AB")), flows, touching)
    with pytest.raises(TableError, match="neighbours must have"):
        contiguous_areas(delineation_of(areas("ABA")), flows, touching[:2, :2])


def test_the_array_rule_tells_who_stays_cut_off() -> None:
    flows = flows_of("abc", {})
    touching = sparse.csr_array(np.array([[0, 1, 0], [1, 0, 0], [0, 0, 0]]))
    got = contiguous_labels(
        np.array([0, 1, 0]),
        flows.counts,
        flows.residents_count,
        flows.jobs_count,
        touching,
        ranks=np.arange(3),
    )
    assert got.labels.tolist() == [0, 1, 0]
    assert got.is_island.tolist() == [False, False, True]
    assert np.isnan(got.link).all()
