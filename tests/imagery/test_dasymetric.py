"""People and jobs are spread where the land is built, and none is lost."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

from agglo.errors import LayerError
from agglo.imagery.coverage import Coverage
from agglo.imagery.dasymetric import dasymetric, fallback_note
from agglo.imagery.rounding import largest_remainder
from agglo.rasters import Band, Grid

GRID = Grid(crs="EPSG:32637", transform=(1000, 0, 400_000, 0, -1000, 6_102_000), height=2, width=2)
ZONES = pd.Index(["left", "right"], name="zone_id")


def band(*rows: list[float], grid: Grid = GRID) -> Band:
    return Band(values=np.array(rows, dtype=float), grid=grid)


def coverage(
    shares: list[list[float]], *, zones: pd.Index = ZONES, outside: float = 0.0, grid: Grid = GRID
) -> Coverage:
    """Make a coverage from the part of every cell, row after row, that lies in each zone."""
    cells, rows = np.nonzero(np.array(shares).T)
    none = np.array([], dtype=np.int64)
    return Coverage(
        grid=grid, window=grid, row=0, column=0, zone_ids=zones,
        outside_share=pd.Series(outside, index=zones),
        edge_cells=cells, edge_zones=rows,
        edge_shares=np.array(shares, dtype=float)[rows, cells],
        run_starts=none, run_stops=none, run_zones=none,
    )  # fmt: skip


HALVES = coverage([[1, 0, 1, 0.5], [0, 1, 0, 0.5]])
"""The left zone has the left column and half of the last cell, the right zone the rest."""

BUILT = band([3.0, 5.0], [1.0, 4.0])
COUNTS = pd.Series({"left": 60.0, "right": 70.0})


def test_people_go_where_the_built_up_area_is_and_a_shared_cell_gets_of_both() -> None:
    spread = dasymetric(COUNTS, HALVES, BUILT, quantity="count")
    # left: weights 3, 1 and half of 4; right: 5 and half of 4.
    np.testing.assert_allclose(spread.amounts.toarray(), [[30, 0, 10, 20], [0, 50, 0, 20]])
    np.testing.assert_allclose(spread.band.values, [[30, 50], [10, 40]])
    assert spread.report["method"].tolist() == ["weights", "weights"]
    assert spread.report["cells_count"].tolist() == [3, 2]
    assert fallback_note(spread.report) == ""


def test_the_counts_may_come_in_any_order() -> None:
    turned = dasymetric(COUNTS[::-1], HALVES, BUILT, quantity="count")
    straight = dasymetric(COUNTS, HALVES, BUILT, quantity="count")
    np.testing.assert_array_equal(turned.band.values, straight.band.values)


def test_a_class_weighs_by_its_table_and_unknown_cells_get_nobody() -> None:
    codes = band([1.0, 2.0], [np.nan, 1.0])
    spread = dasymetric(
        COUNTS, HALVES, codes, quantity="class", class_weights={1: 10.0, 2: 2.0, 3: 99.0}
    )
    # left: 10 and 5 (half a cell); right: 2 and 5; cells of a metric grid are all but equal.
    expected = [[40, 0, 0, 20], [0, 20, 0, 50]]
    np.testing.assert_allclose(spread.amounts.toarray(), expected, rtol=1e-5)
    assert spread.report["unknown_share"].round(6).tolist() == [0.4, 0.0]


def test_zones_without_a_weight_are_spread_by_area_and_named() -> None:
    empty = band([0.0, 0.0], [0.0, np.nan])
    spread = dasymetric(COUNTS, HALVES, empty, quantity="share")
    expected = [[60 / 2.5, 0, 60 / 2.5, 30 / 2.5], [0, 70 / 1.5, 0, 35 / 1.5]]
    np.testing.assert_allclose(spread.amounts.toarray(), expected, rtol=1e-5)
    report = spread.report
    assert report["method"].tolist() == ["area", "area"]
    assert report["reason"].tolist() == ["all weights are 0", "all weights are 0"]
    note = fallback_note(report)
    assert note.startswith("spread by area (all weights are 0): 2 of 2 zones, 130 of 130")


def test_a_zone_of_which_nothing_is_known_says_so() -> None:
    blind = coverage([[1, 0, 1, 0], [0, 1, 0, 1]])
    spread = dasymetric(COUNTS, blind, band([2.0, np.nan], [1.0, np.nan]), quantity="count")
    assert spread.report.loc["right", ["method", "reason"]].tolist() == [
        "area",
        "no weight is known",
    ]
    assert spread.report.loc["right", "unknown_share"] == 1
    np.testing.assert_allclose(spread.band.values, [[40, 35], [20, 35]], rtol=1e-5)


def test_the_last_person_is_kept_and_ties_fall_in_the_order_of_the_cells() -> None:
    even = coverage([[1, 1, 1, 0], [0, 0, 0, 1]])
    flat = band([1.0, 1.0], [1.0, 1.0])
    spread = dasymetric(
        pd.Series({"left": 8.0, "right": 5.0}), even, flat, quantity="count", whole=True
    )
    assert spread.amounts.toarray().tolist() == [[3, 3, 2, 0], [0, 0, 0, 5]]


def test_nobody_lives_where_no_zone_lies() -> None:
    bare = coverage([[1, 0, 1, 0], [0, 1, 0, 0]])
    spread = dasymetric(COUNTS, bare, BUILT, quantity="count")
    assert np.isnan(spread.band.values[1, 1])
    assert np.nansum(spread.band.values) == pytest.approx(130, rel=1e-12)


def test_an_empty_zone_stays_empty() -> None:
    spread = dasymetric(COUNTS * 0, HALVES, BUILT, quantity="count", whole=True)
    assert spread.band.values.tolist() == [[0, 0], [0, 0]]


@pytest.mark.parametrize("weight", [1e-300, 3e307])
def test_weights_of_any_size_do(weight: float) -> None:
    spread = dasymetric(COUNTS, HALVES, band([3 * weight, 5 * weight], [weight, 4 * weight]),
                        quantity="count")  # fmt: skip
    np.testing.assert_allclose(spread.band.values, [[30, 50], [10, 40]])


def test_per_area_weights_are_weighed_by_the_true_area_of_cells_in_degrees() -> None:
    grid = Grid(crs="EPSG:4326", transform=(1, 0, 36, 0, -30, 60), height=2, width=1)
    one = coverage([[1, 1]], zones=pd.Index(["z"]), grid=grid)
    flat = Band(values=np.ones((2, 1)), grid=grid)
    spread = dasymetric(pd.Series({"z": 1.0}), one, flat, quantity="share")
    # on a sphere bands of latitude are as the differences of the sines: 0.366 to 0.5.
    sines = np.sin(np.deg2rad([60, 30, 0]))
    expected = (sines[:-1] - sines[1:]) / sines[0]
    np.testing.assert_allclose(spread.band.values.ravel(), expected, atol=2e-3)


@pytest.mark.parametrize(
    ("counts", "message"),
    [
        ({"left": 1.0}, "no number stands as the count of 'right'"),
        ({"left": 1.0, "right": np.nan}, "no number stands as the count of 'right'"),
        ({"left": 1.0, "right": np.inf}, "no number"),
        ({"left": -1.0, "right": 1.0}, "a negative number stands as the count of 'left'"),
        ({"left": 1.5, "right": 1.0}, "no whole number stands as the count of 'left'"),
        ({"left": 1.0, "right": 1.0, "Ёж": 1.0}, "without a polygon here: 'Ёж'"),
    ],
)
def test_counts_that_are_none_are_refused(counts: dict[str, float], message: str) -> None:
    with pytest.raises(LayerError, match=message):
        dasymetric(pd.Series(counts), HALVES, BUILT, quantity="count", whole=True)


def test_a_zone_named_twice_is_refused() -> None:
    counts = pd.Series([1.0, 2.0, 3.0], index=["left", "left", "right"])
    with pytest.raises(LayerError, match="more than once: 'left'"):
        dasymetric(counts, HALVES, BUILT, quantity="count")


@pytest.mark.parametrize(
    ("weights", "options", "message"),
    [
        (band([-9999.0, 1.0], [1.0, 1.0]), {"quantity": "count"}, "got -9999 in 1 cells"),
        (band([np.inf, 1.0], [1.0, 1.0]), {"quantity": "share"}, "0 or more; got inf"),
        (BUILT, {"quantity": "people"}, "quantity of weights must be one of"),
        (BUILT, {"quantity": "class"}, "class weights are absent"),
        (BUILT, {"quantity": "count", "class_weights": {1: 1.0}}, "class weights are given"),
        (BUILT, {"quantity": "class", "class_weights": {3: 1.0, 5: 1.0}}, "a weight: 1, 4"),
        (
            BUILT,
            {"quantity": "class", "class_weights": {3: 1.0, 5: 1.0, 1: -1.0, 4: 1.0}},
            "got -1",
        ),
    ],
)
def test_weights_that_are_none_are_refused(
    weights: Band, options: dict[str, object], message: str
) -> None:
    with pytest.raises(LayerError, match=message):
        dasymetric(COUNTS, HALVES, weights, **options)


def test_weights_of_another_grid_are_refused() -> None:
    other = GRID.part(0, 0, 2, 1)
    with pytest.raises(LayerError, match="another grid"):
        dasymetric(COUNTS, HALVES, Band(values=np.ones((2, 1)), grid=other), quantity="count")


def test_a_zone_with_people_beyond_the_raster_is_refused_and_an_empty_one_is_not() -> None:
    gone = coverage([[1, 0, 1, 0], [0, 0, 0, 0]])
    with pytest.raises(LayerError, match="does not reach 'right'"):
        dasymetric(COUNTS, gone, BUILT, quantity="count")
    empty = pd.Series({"left": 60.0, "right": 0.0})
    assert dasymetric(empty, gone, BUILT, quantity="count").band.values[0, 0] == 45


def test_the_share_of_a_zone_beyond_the_raster_is_told() -> None:
    part = coverage([[1, 0, 1, 0.5], [0, 1, 0, 0.5]], outside=0.25)
    spread = dasymetric(COUNTS, part, BUILT, quantity="count")
    assert spread.report["outside_share"].tolist() == [0.25, 0.25]
    assert spread.band.values.sum() == pytest.approx(130)


def test_hamilton_gives_seats_as_worked_by_hand() -> None:
    # ten seats for 1,000, 500, 300 and 200 votes of 2,100: 4.76, 2.38, 1.43 and 0.95 …
    # … with 100 votes of a fifth at 0.476: whole seats 4+2+1+0+0, three more by 0.95, 0.76, 0.476.
    votes = np.array([1000.0, 500, 300, 200, 100])
    seats = largest_remainder(votes / votes.sum() * 10, np.zeros(5, int), np.array([10]))
    assert seats.tolist() == [5, 2, 1, 1, 1]


def test_noise_in_the_last_digit_breaks_no_tie() -> None:
    quotas = np.array([1 / 3, 1 / 3 + 1e-15, 1 / 3 - 1e-15])
    assert largest_remainder(quotas, np.zeros(3, int), np.array([1])).tolist() == [1, 0, 0]


def test_a_quota_just_below_a_whole_number_is_that_number() -> None:
    quotas = np.array([0.0, 3 - 1e-13, 2.0 + 1e-13])
    assert largest_remainder(quotas, np.zeros(3, int), np.array([5])).tolist() == [0, 3, 2]


def test_parts_that_do_not_add_up_are_refused() -> None:
    with pytest.raises(LayerError, match="add up to 2, not to 3"):
        largest_remainder(np.array([1.0, 1.0]), np.zeros(2, int), np.array([3]))
