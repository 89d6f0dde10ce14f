"""Order within a larger agglomeration: worlds whose answer is known by hand."""

from __future__ import annotations

import math

import pandas as pd
import pytest

from agglo.commuting.flows import Flows, flows_from_frame
from agglo.errors import FlowError
from agglo.territory.order import WHOLE, order_within

NAMES = ["town", "near", "far", "edge", "wood", "city"]
ROWS = [
    [700, 0, 0, 0, 0, 100],  # town: 12.5 % in the city, its largest outflow
    [300, 600, 0, 0, 0, 100],  # near: answers to town
    [100, 0, 600, 0, 0, 300],  # far: 30 % in the city, 10 % in town
    [250, 0, 0, 550, 0, 200],  # edge: 20 % in the city, but 25 % in town
    [10, 0, 0, 0, 990, 0],  # wood: answers to town, hardly anybody leaves
    [0, 0, 0, 0, 0, 0],
]


def world(**residents: float) -> Flows:
    frame = pd.DataFrame(ROWS, index=NAMES, columns=NAMES, dtype=float)
    people = frame.sum(axis=1)
    people.update(pd.Series(residents, dtype=float))
    return flows_from_frame(frame, outside=["city"], residents_count=people)


def alone(rows: list[list[float]], names: str) -> Flows:
    """A region whose last place is outside."""
    frame = pd.DataFrame(rows, index=list(names), columns=list(names), dtype=float)
    return flows_from_frame(frame, outside=[names[-1]])


def test_each_zone_has_the_order_that_its_numbers_give() -> None:
    order = order_within(world(), core=["town"], outside_core=["city"])
    assert order["verdict"].to_dict() == {
        "town": "second_order",
        "near": "second_order",
        "far": "first_order",
        "edge": "second_order",
        "wood": "second_order",
        WHOLE: "second_order",
    }
    assert order["outside_core_share"].tolist() == pytest.approx(
        [0.125, 0.1, 0.3, 0.2, 0, 700 / 4800]
    )
    assert order["core_share"].tolist() == pytest.approx([0.875, 0.3, 0.1, 0.25, 0.01, 1360 / 4800])
    assert order["margin"].tolist() == pytest.approx(
        [-0.025, -0.05, 0.15, 0.05, -0.15, 700 / 4800 - 0.15]
    )
    larger = ["core", "core", "outside_core", "core", "core", "core"]
    assert order["larger"].tolist() == larger


def test_the_chain_names_everybody_on_the_way_up() -> None:
    order = order_within(world(), core=["town"], outside_core=["city"])
    assert order["chain"].to_dict() == {
        "town": "town → city",
        "near": "near → town → city",
        "far": "far → city",
        "edge": "edge → town → city",
        "wood": "wood → town → city",
        WHOLE: "town → city",
    }
    assert order["answers_to"].tolist() == ["city", "town", "city", "town", "town", "city"]


def test_a_city_beyond_is_larger_than_any_zone_although_little_of_it_is_known() -> None:
    """More commuters come to town (360) than the flows show for a city of three (1 + 1)."""
    flows = alone([[5, 0, 1], [360, 5, 1], [0, 0, 0]], "abX")
    order = order_within(flows, core=["a"], outside_core=["X"])
    assert order["chain"].tolist() == ["a → X", "b → a → X", "a → X"]


def test_who_sends_nobody_to_the_city_and_answers_to_nobody_is_independent() -> None:
    flows = alone([[90, 0, 0], [40, 60, 0], [0, 0, 0]], "abX")
    order = order_within(flows, core=["a"], outside_core=["X"])
    assert order["verdict"].tolist() == ["independent"] * 3
    assert order["answers_to"].tolist() == ["", "a", ""]


def test_exactly_on_the_line_is_on_it() -> None:
    """Zone b sends 15 % to the city and most to c, which answers to nobody."""
    rows = [[90, 0, 0, 0], [5, 40, 40, 15], [0, 0, 99, 0], [0, 0, 0, 0]]
    flows = alone(rows, "abcX")
    order = order_within(flows, core=["c"], outside_core=["X"])
    assert order.loc["b", ["chain", "verdict"]].tolist() == ["b → c", "second_order"]
    assert order.loc["b", "margin"] == 0
    above = order_within(flows, core=["c"], outside_core=["X"], line_share=0.151)
    assert above.loc["b", "verdict"] == "independent"
    to_a = order_within(flows, core=["a"], outside_core=["X"])
    assert to_a.loc["b", "verdict"] == "first_order"


def test_a_share_on_the_line_stays_on_it_whatever_the_last_digit_of_a_sum() -> None:
    """0.7 + 0.1 commuters of 8 are 10 %, although the floats fall short of it."""
    names = list("abXY")
    rows = [[9, 0, 0, 0], [0, 7.2, 0.7, 0.1], [0, 0, 0, 0], [0, 0, 0, 0]]
    frame = pd.DataFrame(rows, index=names, columns=names, dtype=float)
    order = order_within(
        flows_from_frame(frame, outside=["X", "Y"], residents_count=frame.sum(axis=1).round(9)),
        core=["a"],
        outside_core=["X", "Y"],
        line_share=0.1,
    )
    assert order.loc["b", "verdict"] == "first_order"
    assert order.loc["b", "margin"] == 0


def test_equal_shares_do_not_make_a_first_order() -> None:
    flows = alone([[90, 0, 10], [30, 40, 30], [0, 0, 0]], "abX")
    order = order_within(flows, core=["a"], outside_core=["X"])
    assert order.loc["b", ["larger", "verdict"]].tolist() == ["equal", "second_order"]


def test_residents_who_work_at_unknown_places_count_among_the_employed() -> None:
    order = order_within(world(far=3000.0), core=["town"], outside_core=["city"])
    assert order.loc["far", "outside_core_share"] == pytest.approx(0.1)
    assert order.loc["far", "verdict"] == "second_order"


def test_where_nobody_is_employed_nothing_can_be_said() -> None:
    flows = alone([[9, 0, 1], [0, 0, 0], [0, 0, 0]], "abX")
    row = order_within(flows, core=["a"], outside_core=["X"]).loc["b"]
    assert row["verdict"] == "unknown"
    assert row["larger"] == row["answers_to"] == ""
    assert math.isnan(row["margin"])


def test_the_larger_core_may_lie_inside_the_region() -> None:
    """Then the whole is the rest: who lives in the larger core does not count into it."""
    names = ["city", "town", "hill"]
    rows = pd.DataFrame(
        [[900, 20, 0], [100, 300, 0], [30, 60, 110]], index=names, columns=names, dtype=float
    )
    order = order_within(flows_from_frame(rows), core=["town"], outside_core=["city"])
    assert order["verdict"].tolist() == [
        "first_order", "second_order", "second_order", "second_order"
    ]  # fmt: skip
    assert order.loc[WHOLE, "outside_core_share"] == pytest.approx(130 / 600)
    assert order.loc["hill", "chain"] == "hill → town → city"


def test_a_core_of_several_zones_is_one_place_by_the_name_of_its_lowest_id() -> None:
    """Zone c sends 30 to each half of the core: together more than the 50 to the city."""
    flows = alone([[80, 10, 0, 10], [10, 80, 0, 10], [30, 30, 50, 50], [0, 0, 0, 0]], "abcX")
    apart = order_within(flows, core=["a"], outside_core=["X"])
    joined = order_within(flows, core=["b", "a"], outside_core=["X"])
    assert apart.loc["c", ["chain", "larger"]].tolist() == ["c → X", "outside_core"]
    assert joined.loc["c", ["chain", "larger"]].tolist() == ["c → a → X", "core"]
    assert joined.loc["b", "answers_to"] == "X"


def test_a_larger_core_of_several_places_is_one_too() -> None:
    names = list("abXY")
    rows = [[80, 0, 8, 8], [10, 70, 6, 6], [0, 0, 0, 0], [0, 0, 0, 0]]
    frame = pd.DataFrame(rows, index=names, columns=names, dtype=float)
    flows = flows_from_frame(frame, outside=["X", "Y"])
    order = order_within(flows, core=["a"], outside_core=["Y", "X"])
    assert order["chain"].tolist() == ["a → X", "b → X", "a → X"]
    assert order["outside_core_share"].tolist() == pytest.approx([16 / 96, 12 / 92, 28 / 188])


def test_the_agglomeration_as_one_is_its_members() -> None:
    order = order_within(
        world(), core=["town"], outside_core=["city"], members=["far", "edge", "town"]
    )
    assert order.loc[WHOLE, "outside_core_share"] == pytest.approx(600 / 2800)
    assert order.loc[WHOLE, "core_share"] == pytest.approx(1050 / 2800)
    assert order.loc[WHOLE, ["chain", "verdict"]].tolist() == ["town → city", "second_order"]
    with pytest.raises(FlowError, match="members: 'x' is no place"):
        order_within(world(), core=["town"], outside_core=["city"], members=["x"])


def test_the_order_of_zones_and_cyrillic_ids_do_not_matter() -> None:
    names = ["город", "село", 'д. "Ёлки"', "Москва"]
    rows = [[70, 0, 0, 20], [30, 60, 0, 10], [20, 0, 80, 20], [0, 0, 0, 0]]
    frame = pd.DataFrame(rows, index=names, columns=names, dtype=float)
    first = order_within(
        flows_from_frame(frame, outside=["Москва"]), core=["город"], outside_core=["Москва"]
    )
    mixed = [names[i] for i in (2, 3, 0, 1)]
    second = order_within(
        flows_from_frame(frame.loc[mixed, mixed], outside=["Москва"]),
        core=["город"],
        outside_core=["Москва"],
    )
    pd.testing.assert_frame_equal(second.loc[first.index], first)


@pytest.mark.parametrize(
    ("core", "outer", "message"),
    [
        (["x"], ["city"], "core: 'x' is no place"),
        (["town"], ["Rome"], "outside_core: 'Rome' is no place"),
        ([], ["city"], "core: it names none"),
        (["town"], ["town"], "core zone 'town' lies beyond .* must be apart"),
        (["city"], ["far"], "core zone 'city' lies beyond"),
    ],
)
def test_cores_that_cannot_be_are_refused(core: list[str], outer: list[str], message: str) -> None:
    with pytest.raises(FlowError, match=message):
        order_within(world(), core=core, outside_core=outer)


@pytest.mark.parametrize("line", [-0.1, math.nan])
def test_a_line_that_is_no_share_is_refused(line: float) -> None:
    with pytest.raises(FlowError, match="line_share"):
        order_within(world(), core=["town"], outside_core=["city"], line_share=line)
