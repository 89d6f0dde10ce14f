"""Flows: one value for tables and matrices, with every fault named at once."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

from agglo.commuting.flows import (
    Flows,
    flows_from_frame,
    flows_from_table,
    frame_from_flows,
    id_ranks,
    merged_flows,
    table_from_flows,
    without_places,
)
from agglo.errors import FlowError


def table(*rows: tuple[str, str, float]) -> pd.DataFrame:
    return pd.DataFrame(rows, columns=["live", "work", "n"])


THREE = table(("a", "a", 5), ("a", "b", 3), ("b", "b", 4), ("b", "москва", 2), ("c", "a", 1))


def three() -> Flows:
    return flows_from_table(THREE, ["a", "b", "c"], outside=["москва"])


def test_a_table_becomes_a_matrix_with_the_outside_behind_the_zones() -> None:
    flows = three()
    assert list(flows.places) == ["a", "b", "c", "москва"]
    assert list(flows.inside) == ["a", "b", "c"]
    assert flows.counts.toarray().tolist() == [
        [5, 3, 0, 0],
        [0, 4, 0, 2],
        [1, 0, 0, 0],
        [0, 0, 0, 0],
    ]
    assert flows.residents_count.tolist() == [8, 6, 1, 0]
    assert flows.jobs_count.tolist() == [6, 7, 0, 2]


def test_all_employed_residents_replace_the_sums_of_rows() -> None:
    flows = flows_from_table(
        table(("1", "2", 3)), ["1", "2"], residents_count=pd.Series({1: 10, 2: 4})
    )
    assert flows.residents_count.tolist() == [10, 4]


def test_ids_are_compared_as_text() -> None:
    numbers = pd.DataFrame({"live": [1, 1], "work": [1, 2], "n": [3, 4]})
    assert flows_from_table(numbers, ["1", "2"]).counts.toarray().tolist() == [[3, 4], [0, 0]]


def test_the_order_of_rows_does_not_matter() -> None:
    turned = flows_from_table(THREE.iloc[::-1], ["a", "b", "c"], outside=["москва"])
    assert (turned.counts != three().counts).nnz == 0


def test_a_table_survives_the_way_there_and_back() -> None:
    back = flows_from_table(table_from_flows(three()), ["a", "b", "c"], outside=["москва"])
    assert (back.counts != three().counts).nnz == 0


def test_a_matrix_survives_the_way_there_and_back_in_any_order() -> None:
    frame = frame_from_flows(three())
    turned = frame.loc[["москва", "c", "a", "b"], ["b", "москва", "a", "c"]]
    back = flows_from_frame(turned, outside=["москва"])
    assert list(back.places) == ["c", "a", "b", "москва"]
    assert frame_from_flows(back).loc[frame.index, frame.columns].equals(frame)


def test_every_fault_of_a_table_is_named_at_once() -> None:
    bad = table(("a", "b", -1), ("a", "x", 2), ("b", "a", np.nan), ("b", "b", 1), ("b", "b", 1))
    with pytest.raises(FlowError) as caught:
        flows_from_table(bad, ["a", "b"])
    text = str(caught.value)
    for fault in ("4 fault(s)", "'x' (work) is no zone", "1 count(s) are missing", "below 0",
                  "'b → b' stands more than once"):  # fmt: skip
        assert fault in text


@pytest.mark.parametrize(
    ("zones", "outside", "said"),
    [
        ([], [], "there is no zone"),
        (["a", "a"], [], "'a' stands more than once"),
        (["a", "b"], ["b"], "'b' is named as a zone and as outside"),
    ],
)
def test_zones_that_are_absent_or_doubled_are_refused(
    zones: list[str], outside: list[str], said: str
) -> None:
    with pytest.raises(FlowError, match=said):
        flows_from_table(table(("a", "a", 1)), zones, outside=outside)


def test_a_column_of_another_name_is_asked_for() -> None:
    with pytest.raises(FlowError, match=r"lack the column\(s\) n; there are live, work, count"):
        flows_from_table(THREE.rename(columns={"n": "count"}), ["a"])


def test_fewer_residents_than_commuters_are_refused() -> None:
    with pytest.raises(FlowError, match="'a' has 3 employed residents but 8 commuters"):
        flows_from_table(
            THREE,
            ["a", "b", "c"],
            outside=["москва"],
            residents_count=pd.Series({"a": 3, "b": 6, "c": 1}),
        )


def test_a_zone_without_its_residents_is_named() -> None:
    with pytest.raises(FlowError, match="'c' has no count of employed residents"):
        flows_from_table(
            THREE, ["a", "b", "c"], outside=["москва"], residents_count=pd.Series({"a": 8, "b": 6})
        )


def test_a_matrix_must_be_square_and_name_the_same_places() -> None:
    with pytest.raises(FlowError, match="square; got 1 rows and 2 columns"):
        flows_from_frame(pd.DataFrame([[1.0, 2.0]]))
    with pytest.raises(FlowError, match="'b', 'c' stand in rows or in columns only"):
        flows_from_frame(pd.DataFrame(np.eye(2), index=["a", "b"], columns=["a", "c"]))
    with pytest.raises(FlowError, match="outside place 'z' has no row"):
        flows_from_frame(pd.DataFrame([[1.0]], index=["a"], columns=["a"]), outside=["z"])


def test_groups_add_up_and_the_outside_stays() -> None:
    merged = merged_flows(three(), pd.Series({"a": "north", "c": "north", "b": "south"}))
    assert list(merged.places) == ["north", "south", "москва"]
    assert merged.counts.toarray().tolist() == [[6, 3, 0], [0, 4, 2], [0, 0, 0]]
    assert merged.residents_count.tolist() == [9, 6, 0]
    assert list(merged.inside) == ["north", "south"]


def test_a_zone_without_a_group_is_named() -> None:
    with pytest.raises(FlowError, match="'c' belongs to no group"):
        merged_flows(three(), pd.Series({"a": "north", "b": "south"}))


def test_who_works_in_a_place_left_out_leaves_the_residents_too() -> None:
    flows = without_places(three(), ["москва"])
    assert list(flows.places) == ["a", "b", "c"]
    assert flows.residents_count.tolist() == [8, 4, 1]
    assert without_places(three(), ["a"]).residents_count.tolist() == [6, 0, 0]


def test_an_unknown_place_cannot_be_left_out_and_one_zone_must_remain() -> None:
    with pytest.raises(FlowError, match="'x' is no place"):
        without_places(three(), ["x"])
    with pytest.raises(FlowError, match="no zone would remain"):
        without_places(three(), ["a", "b", "c"])


def test_ids_rank_as_numbers_only_where_all_are_numbers() -> None:
    assert id_ranks(pd.Index(["74010", "7402"])).tolist() == [1, 0]
    assert id_ranks(pd.Index(["b10", "b9", "a"])).tolist() == [1, 2, 0]
