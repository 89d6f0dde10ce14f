"""Commuting zones by average linkage, in worlds solved by hand."""

from __future__ import annotations

import pandas as pd
import pytest

from agglo.commuting.flows import Flows, flows_from_frame
from agglo.errors import FlowError
from agglo.territory.commuting_zones import commuting_zones, exchange, own_and_next, proximity
from agglo.territory.delineation import Delineation
from tests.zone_maps import flows_of


@pytest.fixture
def three() -> Flows:
    """Proximities .5625, .5 and .3 (methods vector)."""
    counts = [[800.0, 150.0, 50.0], [300.0, 400.0, 100.0], [200.0, 50.0, 250.0]]
    return flows_from_frame(pd.DataFrame(counts, index=[*"abc"], columns=[*"abc"]))


def groups(found: Delineation) -> dict[str, str]:
    return found.areas["area_id"].to_dict()


def test_proximity_divides_by_the_smaller_number_of_residents(three: Flows) -> None:
    ties = proximity(three).toarray()
    assert ties.tolist() == [[0, 0.5625, 0.5], [0.5625, 0, 0.3], [0.5, 0.3, 0]]
    own = proximity(three, denominator="internal").toarray()
    assert own.tolist() == [[0, 450 / 400, 1], [450 / 400, 0, 150 / 250], [1, 150 / 250, 0]]


def test_residents_who_work_outside_count_in_the_denominator() -> None:
    pairs = {("a", "b"): 10, ("a", "moscow"): 70, ("b", "b"): 20}
    flows = flows_of("ab", pairs, residents={"a": 100, "b": 200}, outside=["moscow"])
    assert proximity(flows).toarray().tolist() == [[0, 0.1], [0.1, 0]]
    assert list(commuting_zones(flows).areas.index) == ["a", "b"]


def test_the_tree_is_cut_at_the_mean_distance_of_two_groups(three: Flows) -> None:
    # First a and b at .4375, then c to both at (.5 + .7) / 2 = .6.
    assert groups(commuting_zones(three, cut=0.43)) == {"a": "a", "b": "b", "c": "c"}
    assert groups(commuting_zones(three, cut=0.44)) == {"a": "a", "b": "a", "c": "c"}
    assert groups(commuting_zones(three, cut=0.59)) == {"a": "a", "b": "a", "c": "c"}
    assert groups(commuting_zones(three, cut=0.61)) == {"a": "a", "b": "a", "c": "a"}


def test_the_number_that_decided_is_the_mean_proximity(three: Flows) -> None:
    areas = commuting_zones(three, cut=0.5).areas
    assert set(areas["decided_by"]) == {"mean_proximity_share"}
    assert areas.loc["a", ["value", "threshold", "margin"]].tolist() == pytest.approx(
        [0.5625, 0.5, 0.0625]
    )
    assert areas.loc["b", ["value", "threshold"]].tolist() == pytest.approx([0.5625, 0.3])
    # c is alone: it would have to reach .5, and is .4 from both together.
    assert areas.loc["c", ["value", "threshold", "margin"]].tolist() == pytest.approx(
        [0.4, 0.5, -0.1]
    )


def test_the_mean_is_over_the_other_zones_of_the_area() -> None:
    pairs = {("a", "b"): 40, ("b", "c"): 30, ("a", "c"): 20, ("c", "d"): 1}
    areas = commuting_zones(flows_of("abcd", pairs), cut=0.9).areas
    assert areas["area_id"].tolist() == ["c", "c", "c", "d"]
    assert areas["value"].tolist() == pytest.approx([0.3, 0.35, 0.25, 0.01 / 3])
    assert areas["threshold"].tolist() == pytest.approx([0, 0, 0.01, 0.1])


def test_of_equal_distances_ids_decide_and_not_the_order_of_zones() -> None:
    for zones in (["9", "10", "11"], ["11", "10", "9"]):
        flows = flows_of(zones, {("9", "10"): 50, ("10", "11"): 50})
        assert groups(commuting_zones(flows, cut=0.6)) == {
            "9": "10", "10": "10", "11": "11"
        }  # fmt: skip


def test_a_zone_closer_to_another_area_is_named_in_a_note() -> None:
    # e joins a at once, a draws it to b, c and d, which e has no ties with; e to f is .2.
    pairs = {
        ("e", "a"): 50, ("a", "b"): 40, ("a", "c"): 40, ("a", "d"): 40,
        ("b", "c"): 30, ("c", "d"): 30, ("b", "d"): 30, ("e", "f"): 20,
    }  # fmt: skip
    found = commuting_zones(flows_of("abcdef", pairs, residents=200), cut=0.96)
    assert set(found.areas["area_id"][[*"abcde"]]) == {"d"}
    assert found.areas.loc["f", "area_id"] == "f"
    assert found.areas.loc["e", ["value", "threshold"]].tolist() == pytest.approx([0.25 / 4, 0.1])
    assert found.areas["margin"][[*"abcd"]].gt(0).all()
    assert found.notes[0].startswith("1 zone(s), such as 'e', are closer to another area")


def test_a_park_without_residents_is_measured_by_who_comes_in() -> None:
    pairs = {("a", "park"): 30, ("b", "park"): 2, ("a", "a"): 70, ("b", "b"): 98}
    flows = flows_of(["a", "b", "park"], pairs, residents={"a": 100, "b": 100, "park": 0})
    assert proximity(flows).toarray()[2].tolist() == [0.3, 0.02, 0]
    found = commuting_zones(flows, cut=0.75)
    assert groups(found) == {"a": "a", "b": "b", "park": "a"}
    assert found.notes == (
        "no residents in 'park': ties there are measured by the other zone alone",
    )


def test_two_zones_without_residents_have_no_tie() -> None:
    pairs = {("a", "b"): 3, ("b", "a"): 4}
    flows = flows_of("ab", pairs, residents={"a": 3, "b": 4})
    assert proximity(flows, denominator="internal").nnz == 0
    assert groups(commuting_zones(flows, denominator="internal")) == {"a": "a", "b": "b"}


def test_at_a_cut_of_one_all_join_and_at_zero_only_those_as_close_as_can_be(three: Flows) -> None:
    apart = flows_of("abc", {("a", "a"): 5})
    assert set(groups(commuting_zones(apart, cut=1.0)).values()) == {"a"}
    assert groups(commuting_zones(three, cut=0.0)) == {"a": "a", "b": "b", "c": "c"}
    close = commuting_zones(three, cut=0.0, denominator="internal")
    assert groups(close)["a"] == groups(close)["b"]


def test_the_distance_is_the_mean_over_all_years(three: Flows) -> None:
    # In the second year, its zones in another order, nobody leaves home: proximities halve.
    quiet = flows_of("cab", {("a", "a"): 9})
    both = commuting_zones(three, cut=0.72, other_years=[quiet])
    assert groups(both) == {"a": "a", "b": "a", "c": "c"}
    assert both.areas.loc["a", "value"] == pytest.approx(0.5625 / 2)
    assert both.parameters["years_count"] == 2
    assert groups(commuting_zones(three, cut=0.71, other_years=[quiet]))["b"] == "b"


def test_proximities_above_one_are_cut_before_the_mean_over_years(three: Flows) -> None:
    quiet = flows_of("abc", {(one, one): 9 for one in "abc"})
    found = commuting_zones(three, cut=0.5, denominator="internal", other_years=[quiet])
    # a and b: 1.125 counts as 1, so that the mean is one half and not more.
    assert found.areas.loc["a", "value"] == pytest.approx(0.5)


def test_another_year_with_other_zones_is_refused(three: Flows) -> None:
    with pytest.raises(FlowError, match="zone 'c' is missing at one date"):
        commuting_zones(three, other_years=[flows_of("ab", {})])
    with pytest.raises(FlowError, match="zone 'd' is missing at one date"):
        commuting_zones(three, other_years=[flows_of("abcd", {})])


def test_a_single_zone_is_a_commuting_zone() -> None:
    found = commuting_zones(flows_of(["a"], {("a", "a"): 3}))
    assert found.areas.reset_index().iloc[0].tolist()[:2] == ["a", "a"]
    assert found.areas.loc["a", "value"] == 0.0


def test_nonsense_is_refused(three: Flows) -> None:
    for cut in (-0.1, 1.1, float("nan")):
        with pytest.raises(FlowError, match="cut must be a distance from 0 to 1"):
            commuting_zones(three, cut=cut)
    with pytest.raises(FlowError, match="denominator must be one of residents, internal; got 'x'"):
        commuting_zones(three, denominator="x")


def test_exchange_adds_both_directions_and_leaves_out_who_stays(three: Flows) -> None:
    assert exchange(three).toarray().tolist() == [[0, 450, 250], [450, 0, 150], [250, 150, 0]]


def test_own_and_next_sum_by_group(three: Flows) -> None:
    own, other = own_and_next(exchange(three), pd.Series([0, 1, 1]).to_numpy())
    assert (own.tolist(), other.tolist()) == ([0, 150, 150], [700, 450, 250])
