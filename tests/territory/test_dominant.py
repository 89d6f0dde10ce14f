"""Dominant flows in worlds solved by hand: who answers to whom, and what decided it."""

from __future__ import annotations

import itertools
import math

import numpy as np
import pandas as pd
import pytest

from agglo.commuting.flows import Flows, flows_from_frame, without_places
from agglo.errors import FlowError
from agglo.territory.delineation import summary_of_areas
from agglo.territory.dominant import chain, dominant_areas, dominant_flows, major_flows
from tests.zone_maps import flows_of

LARGE = 1000.0


@pytest.fixture
def valley() -> Flows:
    """``v`` sends most to ``t``, ``t`` to the city ``c``, ``c`` most to the capital outside.

    Inflows: c 60 + 9 + 4 = 73, t 30 + 5 = 35, v 2, capital 40 + 20 = 60. ``isle`` sends nobody
    anywhere. The capital's people are not known.
    """
    return flows_of(
        ["v", "t", "c", "isle"],
        {
            ("v", "v"): 500, ("v", "t"): 30, ("v", "c"): 9,
            ("t", "c"): 60, ("t", "capital"): 20, ("t", "v"): 2,
            ("c", "capital"): 40, ("c", "t"): 5,
            ("isle", "isle"): 7, ("capital", "c"): 4,
        },
        residents=LARGE,
        outside=["capital"],
    )  # fmt: skip


def areas_of(flows: Flows, **choices: object) -> dict[str, str]:
    return dominant_areas(flows, **choices).areas["area_id"].to_dict()  # type: ignore[arg-type]


def test_the_table_names_the_two_largest_outflows_and_the_sizes(valley: Flows) -> None:
    table = dominant_flows(valley)
    assert list(table.index) == ["v", "t", "c", "isle", "capital"]
    assert table.loc["t"].to_dict() == {
        "largest_to": "c",
        "largest_count": 60.0,
        "second_to": "capital",
        "second_count": 20.0,
        "outflow_count": 82.0,
        "size_count": 35.0,
        "receiver_size_count": 73.0,
        "dominated_by": "c",
        "status": "intermediate",
    }
    alone = table.loc["isle"].to_dict()
    assert math.isnan(alone.pop("receiver_size_count"))
    assert alone == {
        "largest_to": "",
        "largest_count": 0.0,
        "second_to": "",
        "second_count": 0.0,
        "outflow_count": 0.0,
        "size_count": 0.0,
        "dominated_by": "",
        "status": "isolated",
    }
    assert table["second_to"].to_dict() == {
        "v": "c", "t": "capital", "c": "t", "isle": "", "capital": ""
    }  # fmt: skip


def test_a_place_that_gets_more_commuters_than_the_capital_is_its_own_centre(
    valley: Flows,
) -> None:
    table = dominant_flows(valley)
    assert table["status"].to_dict() == {
        "v": "dominated",
        "t": "intermediate",
        "c": "dominant",
        "isle": "isolated",
        "capital": "isolated",
    }
    assert areas_of(valley) == {"v": "c", "t": "c", "c": "c", "isle": "isle"}
    assert chain(valley, "v") == ("v", "t", "c")
    notes = dominant_areas(valley).notes
    assert notes[0] == "2 dominant flows carry 90 of 170 commuters between two places"
    assert notes[1].startswith(
        "'c' sends most to 'capital' outside and counts as a centre all the same, for these "
        "flows bring 60 commuters there and 73 to itself"
    )
    assert len(notes) == 2


def test_with_its_true_size_the_capital_is_where_the_chains_end(valley: Flows) -> None:
    size = pd.Series({"capital": 6e6})
    found = dominant_areas(valley, size_count=size)
    assert found.areas["area_id"].to_dict() == {
        "v": "capital",
        "t": "capital",
        "c": "capital",
        "isle": "isle",
    }
    assert list(found.areas.index) == ["v", "t", "c", "isle"]
    assert chain(valley, "v", size_count=size) == ("v", "t", "c", "capital")
    assert found.notes[1:] == ("3 zone(s) answer to 'capital', which lies outside",)
    assert found.parameters["size_count"] == "given for capital"
    assert summary_of_areas(found, valley).loc["capital", "zones_count"] == 3


def test_a_place_outside_is_never_dominated(valley: Flows) -> None:
    table = dominant_flows(valley)
    assert table.loc["capital", ["largest_to", "dominated_by"]].tolist() == ["c", ""]
    assert table.loc["capital", "size_count"] < table.loc["c", "size_count"]
    given = dominant_flows(valley, size_count=pd.Series({"capital": 6e6}))
    assert given.loc["capital", "status"] == "dominant"


def test_the_number_that_decided_is_a_share_with_its_threshold(valley: Flows) -> None:
    areas = dominant_areas(valley).areas
    assert areas.loc["t", "decided_by"] == "largest_outflow_share"
    assert areas.loc["t", ["value", "threshold", "margin"]].tolist() == pytest.approx(
        [60 / 82, 20 / 82, 40 / 82]
    )
    assert areas.loc["c", "decided_by"] == "size_share"
    assert areas.loc["c", ["value", "threshold", "margin"]].tolist() == pytest.approx(
        [73 / 133, 0.5, 73 / 133 - 0.5]
    )
    assert areas.loc["isle", "decided_by"] == "no_outflow"
    assert areas.loc["isle", ["value", "threshold", "margin"]].isna().all()


def test_a_flow_below_the_least_count_dominates_nobody(valley: Flows) -> None:
    assert areas_of(valley, least_count=30) == areas_of(valley)
    found = dominant_areas(valley, least_count=31)
    assert found.areas["area_id"].to_dict() == {"v": "v", "t": "c", "c": "c", "isle": "isle"}
    reason = found.areas.loc["v"]
    assert reason["decided_by"] == "largest_outflow_share"
    assert reason[["value", "threshold", "margin"]].tolist() == pytest.approx(
        [30 / 39, 31 / 39, -1 / 39]
    )
    assert areas_of(valley, least_count=math.inf) == {one: one for one in valley.inside}


def test_equal_places_do_not_dominate_each_other() -> None:
    flows = flows_of("ab", {("a", "b"): 5, ("b", "a"): 5})
    assert set(dominant_flows(flows)["status"]) == {"isolated"}
    areas = dominant_areas(flows).areas
    assert areas["area_id"].tolist() == ["a", "b"]
    assert areas["margin"].tolist() == [0.0, 0.0]


def test_of_equal_outflows_the_one_to_the_lowest_id_is_taken() -> None:
    pairs = {("3", "10"): 4, ("3", "9"): 4, ("1", "9"): 1, ("1", "10"): 1}
    for names in (["3", "1", "10", "9"], ["9", "10", "1", "3"]):
        table = dominant_flows(flows_of(names, pairs))
        assert table.loc["3", ["largest_to", "second_to"]].tolist() == ["9", "10"]
        assert table.loc["1", "largest_to"] == "9"


def test_noise_of_modelled_flows_makes_no_difference() -> None:
    noise = 1e-13
    flows = flows_of(
        "zab", {("z", "b"): 4 + noise, ("z", "a"): 4, ("a", "b"): 7, ("b", "a"): 7 + noise}
    )
    table = dominant_flows(flows)
    assert table.loc["z", "largest_to"] == "a"
    assert table["dominated_by"].to_dict() == {"z": "a", "a": "", "b": ""}


def test_who_works_at_home_counts_nowhere() -> None:
    pairs = {("a", "b"): 3, ("c", "a"): 1}
    bare = dominant_flows(flows_of("abc", pairs, residents=LARGE))
    full = dominant_flows(
        flows_of("abc", {**pairs, ("a", "a"): 900, ("b", "b"): 1}, residents=LARGE)
    )
    pd.testing.assert_frame_equal(bare, full)


def test_a_long_chain_ends_at_its_root() -> None:
    names = [f"n{at:03}" for at in range(200)]
    pairs = {
        (one, other): float(at + 1) for at, (one, other) in enumerate(itertools.pairwise(names))
    }
    flows = flows_of(names, pairs, residents=LARGE)
    assert set(areas_of(flows).values()) == {"n199"}
    assert chain(flows, "n000") == tuple(names)


def test_without_the_capital_the_city_is_the_centre(valley: Flows) -> None:
    size = pd.Series({"capital": 6e6})
    before = areas_of(valley, size_count=size)
    after = areas_of(without_places(valley, ["capital"]))
    assert before["v"] == "capital"
    assert after["v"] == "c"
    assert chain(without_places(valley, ["capital"]), "v") == ("v", "t", "c")


def test_major_flows_leave_out_small_ones_and_those_within_a_place(valley: Flows) -> None:
    table = major_flows(valley, least_count=30)
    assert table.to_numpy().tolist() == [["v", "t", 30.0], ["t", "c", 60.0], ["c", "capital", 40.0]]
    assert list(table.index) == [0, 1, 2]


def test_flows_of_nobody_leave_every_place_alone() -> None:
    nobody = flows_from_frame(pd.DataFrame(np.zeros((2, 2)), index=["a", "b"], columns=["a", "b"]))
    assert areas_of(nobody) == {"a": "a", "b": "b"}
    single = flows_from_frame(pd.DataFrame([[4.0]], index=["a"], columns=["a"]))
    assert areas_of(single) == {"a": "a"}
    assert dominant_areas(nobody).notes == (
        "0 dominant flows carry 0 of 0 commuters between two places",
    )


def test_ids_may_hold_quotes_and_cyrillic() -> None:
    flows = flows_of(["Обнинск", 'с. "Ворсино"'], {('с. "Ворсино"', "Обнинск"): 9})
    assert chain(flows, 'с. "Ворсино"') == ('с. "Ворсино"', "Обнинск")


@pytest.mark.parametrize(
    ("size", "message"),
    [
        ({"nowhere": 5.0}, "size_count names 'nowhere'"),
        ({"capital": -1.0}, "size_count of 'capital' must be 0 or more persons; got -1.0"),
        ({"c": math.nan}, "size_count of 'c' must be 0 or more persons; got nan"),
        ({"c": math.inf}, "size_count of 'c' must be 0 or more persons; got inf"),
    ],
)
def test_a_size_that_makes_no_sense_is_refused(
    valley: Flows, size: dict[str, float], message: str
) -> None:
    with pytest.raises(FlowError, match=message):
        dominant_flows(valley, size_count=pd.Series(size))


@pytest.mark.parametrize("least", [-1.0, math.nan])
def test_a_negative_or_missing_least_count_is_refused(valley: Flows, least: float) -> None:
    with pytest.raises(FlowError, match="least_count must be 0 or more"):
        dominant_areas(valley, least_count=least)


def test_the_chain_of_an_unknown_zone_is_refused(valley: Flows) -> None:
    with pytest.raises(FlowError, match="'x' is no place of the flows"):
        chain(valley, "x")
