"""Laws of indices and composites, and of what a COG keeps."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
import rasterio
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra import numpy as arrays

from agglo.imagery.composites import (
    count_of_dates,
    first_of_dates,
    highest_of_dates,
    mean_of_dates,
    median_of_dates,
)
from agglo.imagery.index_formulas import INDICES, normalised_difference
from agglo.layers.cog import write_cog
from agglo.rasters import Band, Grid

REFLECTANCE = st.one_of(st.floats(0, 1, allow_subnormal=False), st.just(np.nan))
SHAPE = (3, 4)
PICTURES = arrays.arrays(np.float64, SHAPE, elements=REFLECTANCE)
STACKS = st.integers(1, 6).flatmap(
    lambda dates: arrays.arrays(np.float64, (dates, *SHAPE), elements=REFLECTANCE)
)


@given(PICTURES, PICTURES)
def test_swapping_the_bands_turns_the_sign(first: np.ndarray, second: np.ndarray) -> None:
    np.testing.assert_array_equal(
        normalised_difference(first, second), -normalised_difference(second, first)
    )


@given(PICTURES, PICTURES)
def test_the_index_of_light_lies_between_minus_one_and_one(
    first: np.ndarray, second: np.ndarray
) -> None:
    found = normalised_difference(first, second)
    known = ~np.isnan(found)
    assert (np.abs(found[known]) <= 1).all()
    np.testing.assert_array_equal(known, first + second > 0)


@given(PICTURES, PICTURES, st.integers(-3, 12))
def test_brighter_light_changes_no_normalised_difference(
    first: np.ndarray, second: np.ndarray, power: int
) -> None:
    factor = 2.0**power
    np.testing.assert_array_equal(
        normalised_difference(first * factor, second * factor),
        normalised_difference(first, second),
    )


@pytest.mark.parametrize("name", INDICES)
@given(second=st.floats(0.01, 1), low=st.floats(0, 1), high=st.floats(0, 1))
def test_more_of_the_first_band_never_lowers_an_index(
    name: str, second: float, low: float, high: float
) -> None:
    first, other = np.array(sorted((low, high))), np.array([second, second])
    found = INDICES[name].formula(first, other)
    assert found[0] <= found[1] + 1e-12


@given(STACKS, st.randoms(use_true_random=False))
def test_composites_do_not_know_the_order_of_dates(stack: np.ndarray, random: object) -> None:
    order = list(range(len(stack)))
    random.shuffle(order)  # type: ignore[attr-defined]
    for way in (median_of_dates, highest_of_dates, count_of_dates):
        np.testing.assert_array_equal(way(stack), way(stack[order]))
    np.testing.assert_allclose(mean_of_dates(stack), mean_of_dates(stack[order]), rtol=1e-12)


@given(STACKS)
def test_a_composite_lies_between_the_dates_and_is_known_where_one_is(stack: np.ndarray) -> None:
    known = count_of_dates(stack) > 0
    least = np.fmin.reduce(stack, axis=0)
    most = highest_of_dates(stack)
    for way in (median_of_dates, mean_of_dates, first_of_dates, highest_of_dates):
        found = way(stack)
        np.testing.assert_array_equal(~np.isnan(found), known)
        slack = 1e-12
        assert (found[known] >= least[known] - slack).all()
        assert (found[known] <= most[known] + slack).all()


@given(
    values=arrays.arrays(
        np.float64, arrays.array_shapes(min_dims=2, max_dims=2, max_side=40), elements=REFLECTANCE
    ),
    side=st.integers(1, 50),
)
def test_a_cog_gives_back_what_went_in_whatever_the_blocks(
    tmp_path_factory: pytest.TempPathFactory, values: np.ndarray, side: int
) -> None:
    folder: Path = tmp_path_factory.mktemp("cog")
    grid = Grid(crs="EPSG:32637", transform=(10, 0, 4e5, 0, -10, 6.1e6), height=values.shape[0],
                width=values.shape[1])  # fmt: skip
    blocks = [
        Band(values=part, grid=grid.part(row, column, *part.shape))
        for row in range(0, grid.height, side)
        for column in range(0, grid.width, side)
        for part in [values[row : row + side, column : column + side]]
    ]
    for name, given_values in (("whole", values), ("blocks", blocks)):
        write_cog(
            folder / f"{name}.tif", given_values, grid, quantity="level", unit="index",
            dtype="float64",
        )  # fmt: skip
    with rasterio.open(folder / "blocks.tif") as file:
        np.testing.assert_array_equal(file.read(1), values)
    assert (folder / "whole.tif").read_bytes() == (folder / "blocks.tif").read_bytes()
