"""Composites of several dates: solved by hand, beside plain loops, and what is refused."""

from __future__ import annotations

import itertools
import statistics
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import rasterio
from affine import Affine
from rasterio.enums import Resampling
from rasterio.vrt import WarpedVRT

from agglo.errors import LayerError
from agglo.imagery.composites import (
    WAYS,
    composite,
    level_change,
    median_of_dates,
    on_grid,
)
from agglo.layers.raster_files import raster_layer, read_band
from agglo.rasters import Grid, RasterLayer

NAN = np.nan


def level(
    path: Path, values: Any, *, cell: float = 10.0, crs: str = "EPSG:32637", west: float = 4e5,
    north: float = 6.1e6, dtype: str = "float64", **about: Any,
) -> RasterLayer:  # fmt: skip
    """Write a level by rasterio alone, and open it."""
    values = np.asarray(values, dtype=dtype)
    with rasterio.open(
        path, "w", driver="GTiff", crs=crs, dtype=dtype, count=1, height=values.shape[0],
        width=values.shape[1], transform=Affine(cell, 0, west, 0, -cell, north),
    ) as file:  # fmt: skip
        file.write(values, 1)
    return raster_layer(path, **{"quantity": "level", "unit": "index", **about})


def dates(folder: Path, stack: Any) -> list[RasterLayer]:
    """Write one level for each date: 2018-01-01, and so on."""
    return [
        level(folder / f"{number}.tif", values, epoch=f"2018-{number:02d}-01", title="NDVI")
        for number, values in enumerate(stack, start=1)
    ]


def values_of(layer: RasterLayer) -> list[Any]:
    found: list[Any] = read_band(layer, may_be_empty=True).values.tolist()
    return found


STACK = (
    [[0.2, NAN, 0.5, NAN]],
    [[0.4, 0.1, NAN, NAN]],
    [[0.9, 0.3, NAN, NAN]],
)


@pytest.mark.parametrize(
    ("how", "expected"),
    [
        ("median", [0.4, 0.2, 0.5, NAN]),
        ("mean", [0.5, 0.2, 0.5, NAN]),
        ("highest", [0.9, 0.3, 0.5, NAN]),
        # the second and third date know two cells, the first two as well: the earliest leads
        ("least_cloud", [0.2, 0.1, 0.5, NAN]),
        ("count", [3, 2, 1, 0]),
    ],
)
def test_each_way_by_hand(tmp_path: Path, how: str, expected: list[float]) -> None:
    layer = composite(dates(tmp_path, STACK), tmp_path / "out.tif", how=how)
    np.testing.assert_allclose(values_of(layer), [expected], rtol=1e-6)
    assert layer.title == f"NDVI ({how})"
    assert layer.epoch == "2018"
    assert layer.unit == ("dates" if how == "count" else "index")


def test_the_clearest_date_comes_first_and_the_others_fill_its_gaps(tmp_path: Path) -> None:
    stack = ([[1.0, NAN, 1, NAN]], [[2, 2, 2, NAN]], [[NAN, NAN, NAN, 3]])
    layer = composite(dates(tmp_path, stack), tmp_path / "out.tif", how="least_cloud")
    assert values_of(layer) == [[2, 2, 2, 3]]


def test_a_cell_known_on_too_few_dates_stays_unknown(tmp_path: Path) -> None:
    layer = composite(dates(tmp_path, STACK), tmp_path / "out.tif", least_count=2)
    np.testing.assert_allclose(values_of(layer), [[0.4, 0.2, NAN, NAN]], rtol=1e-6)


@pytest.mark.parametrize("how", WAYS)
def test_the_order_of_the_dates_does_not_matter(tmp_path: Path, how: str) -> None:
    layers = dates(tmp_path, STACK)
    files = [
        composite(order, tmp_path / f"{number}_out.tif", how=how).path
        for number, order in enumerate(itertools.permutations(layers))
    ]
    assert len({Path(file).read_bytes() for file in files}) == 1


def test_the_median_is_that_of_the_standard_library() -> None:
    chance = np.random.default_rng(3)
    stack = np.where(chance.random((7, 20, 30)) < 0.5, NAN, chance.random((7, 20, 30)))
    found = median_of_dates(stack)
    for row, column in np.ndindex(20, 30):
        known = [value for value in stack[:, row, column] if value == value]
        expected = statistics.median(known) if known else NAN
        np.testing.assert_allclose(found[row, column], expected, rtol=1e-15)


@pytest.mark.parametrize("how", WAYS)
def test_a_large_picture_is_the_same_block_by_block(tmp_path: Path, how: str) -> None:
    chance = np.random.default_rng(4)
    stack = chance.integers(0, 9, (3, 530, 600)).astype(float)
    stack[stack == 0] = NAN
    layer = composite(dates(tmp_path, stack), tmp_path / "out.tif", how=how)
    known = [int((~np.isnan(one)).sum()) for one in stack]
    order = sorted(range(3), key=lambda at: (-known[at], at))
    np.testing.assert_allclose(
        read_band(layer, may_be_empty=True).values, WAYS[how](stack[order]), rtol=1e-6
    )


def test_one_date_is_its_own_composite(tmp_path: Path) -> None:
    layer = composite(dates(tmp_path, STACK[:1]), tmp_path / "out.tif")
    np.testing.assert_allclose(values_of(layer), STACK[0], rtol=1e-6)
    assert layer.epoch == "2018-01-01"


def test_dates_of_which_nothing_is_known_make_a_picture_of_nothing(tmp_path: Path) -> None:
    for how in ("median", "mean", "highest", "least_cloud"):
        layer = composite(dates(tmp_path, [[[NAN]], [[NAN]]]), tmp_path / f"{how}.tif", how=how)
        assert np.isnan(values_of(layer)).all()


@pytest.mark.parametrize(
    ("about", "match"),
    [
        ({"quantity": "count", "unit": "persons"}, "'b' is a count of 'persons', 'a' a level"),
        ({"unit": "DN"}, "'b' is a level of 'DN', 'a' a level of 'index'; give levels of one unit"),
        ({"west": 400_005.0}, "do not lie on the same grid; put them on one first"),
        ({"crs": "EPSG:32636"}, "do not lie on the same grid"),
    ],
)
def test_dates_that_do_not_go_together_are_refused(
    tmp_path: Path, about: dict[str, Any], match: str
) -> None:
    layers = [
        level(tmp_path / "a.tif", [[1, 2]], name="a"),
        level(tmp_path / "b.tif", [[1, 2]], name="b", **about),
    ]
    with pytest.raises(LayerError, match=match):
        composite(layers, tmp_path / "out.tif")
    assert not (tmp_path / "out.tif").exists()


def test_an_unknown_way_and_no_dates_are_refused(tmp_path: Path) -> None:
    with pytest.raises(LayerError, match=r"unknown way 'mode'.*choose median, mean"):
        composite(dates(tmp_path, STACK), tmp_path / "out.tif", how="mode")
    with pytest.raises(LayerError, match="needs at least one date"):
        composite([], tmp_path / "out.tif")


def test_a_level_moves_to_the_cell_at_whose_middle_it_lay(tmp_path: Path) -> None:
    layer = level(tmp_path / "a.tif", [[1, 2, 3], [4, 5, 6]], nodata=5)
    shifted = Grid(
        crs="EPSG:32637", transform=(10, 0, 4e5 + 14, 0, -10, 6.1e6 + 4), height=3, width=3
    )
    found = on_grid(layer, shifted, tmp_path / "out.tif")
    np.testing.assert_array_equal(values_of(found), [[2, 3, NAN], [NAN, 6, NAN], [NAN, NAN, NAN]])
    assert found.grid == shifted


def test_a_level_stays_what_it_was_on_its_own_grid(tmp_path: Path) -> None:
    values = np.arange(600.0 * 540).reshape(600, 540)
    layer = level(tmp_path / "a.tif", values, dtype="float32", scale=2.0, offset=1.0)
    found = on_grid(layer, layer.grid, tmp_path / "out.tif")
    np.testing.assert_array_equal(read_band(found).values, values * 2 + 1)


@pytest.mark.parametrize("crs", ["EPSG:4326", "EPSG:3857", "ESRI:54009", "EPSG:32636"])
def test_a_move_into_another_crs_is_that_of_gdal(tmp_path: Path, crs: str) -> None:
    layer = level(tmp_path / "a.tif", np.arange(80.0 * 60).reshape(80, 60), cell=100)
    how = {"crs": crs, "resampling": Resampling.nearest, "nodata": -1, "tolerance": 0}
    with rasterio.open(layer.path) as file, WarpedVRT(file, **how) as moved:
        expected, own = moved.read(1), moved.transform
    grid = Grid(crs=crs, transform=tuple(own)[:6], height=len(expected), width=expected.shape[1])
    found = read_band(on_grid(layer, grid, tmp_path / "out.tif")).values
    same = np.nan_to_num(found, nan=-1.0) == expected
    # a middle that falls on a line between two cells may go to either
    assert same.mean() > 0.999


@pytest.mark.parametrize("quantity", ["count", "density", "share", "class"])
def test_amounts_and_classes_are_never_moved(tmp_path: Path, quantity: str) -> None:
    layer = level(tmp_path / "a.tif", [[1, 2]], quantity=quantity)
    with pytest.raises(LayerError, match=f"is a {quantity}: moving it .* change its totals"):
        on_grid(layer, layer.grid, tmp_path / "out.tif")


def test_a_grid_elsewhere_is_refused_and_leaves_nothing(tmp_path: Path) -> None:
    layer = level(tmp_path / "a.tif", [[1, 2]])
    for crs, west in (("EPSG:32637", 9e5), ("EPSG:4326", 37.0)):
        grid = Grid(crs=crs, transform=(0.1, 0, west, 0, -0.1, 10.0), height=3, width=3)
        with pytest.raises(LayerError, match="knows nothing of the wanted grid"):
            on_grid(layer, grid, tmp_path / "out.tif")
    assert [path.name for path in tmp_path.iterdir()] == ["a.tif"]


def test_a_change_is_later_minus_earlier_where_both_are_known(tmp_path: Path) -> None:
    before = level(tmp_path / "a.tif", [[0.2, 0.5, NAN]], epoch="1985", title="NDVI")
    after = level(tmp_path / "b.tif", [[0.5, 0.1, 0.3]], epoch="2020", status="modelled")
    change = level_change(before, after, tmp_path / "out.tif")
    np.testing.assert_allclose(values_of(change), [[0.3, -0.4, NAN]], rtol=1e-6)
    assert (change.epoch, change.status) == ("2020", "modelled")
    with pytest.raises(LayerError, match="1985 is not after 2020; swap the two"):
        level_change(after, before, tmp_path / "no.tif")
