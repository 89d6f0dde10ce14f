"""Rasters for the degree of urbanisation: read, cut to each other, added up, or refused."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import rasterio
from affine import Affine
from hypothesis import given
from hypothesis import strategies as st

from agglo.errors import LayerError
from agglo.imagery.cell_areas import cell_areas_km2
from agglo.imagery.count_lattices import resampled_counts, summed_cells
from agglo.imagery.urban_inputs import area_layer, population_layer, urban_surfaces
from agglo.imagery.urban_surfaces import UrbanSurfaces
from agglo.layers.raster_files import raster_layer
from agglo.rasters import Band, Grid
from tests.urban_worlds import MOLLWEIDE, grid_of

WEST, NORTH = 300_000.0, 6_000_000.0
Write = Callable[..., Path]


@pytest.fixture
def write(tmp_path: Path) -> Write:
    """Return a writer of small rasters."""

    def one(name: str, values: object, **changes: Any) -> Path:
        numbers = np.asarray(values, dtype=changes.pop("dtype", "float64"))
        cell = changes.pop("cell", 1000.0)
        west, north = changes.pop("west", WEST), changes.pop("north", NORTH)
        profile = {
            "driver": "GTiff", "count": 1, "dtype": numbers.dtype, "height": numbers.shape[0],
            "width": numbers.shape[1], "crs": MOLLWEIDE, "nodata": np.nan,
            "transform": Affine(cell, 0, west, 0, -cell, north), **changes,
        }  # fmt: skip
        path = tmp_path / name
        with rasterio.open(path, "w", **profile) as file:
            file.write(numbers, 1)
        return path

    return one


def read(people: Path, built: Path, land: Path, **choices: bool) -> UrbanSurfaces:
    return urban_surfaces(
        population_layer(people), area_layer(built, role="built_up"),
        area_layer(land, role="land"), **choices,
    )  # fmt: skip


def test_square_metres_become_shares_and_nothing_known_counts_as_nothing(write: Write) -> None:
    people = write("pop.tif", [[100.0, np.nan]])
    built = write("built.tif", [[250_000, 4294967295]], dtype="uint32", nodata=4294967295)
    land = write("land.tif", [[1_000_000, 4294967295]], dtype="uint32", nodata=4294967295)
    found = read(people, built, land)
    assert found.people_count.tolist() == [[100.0, 0.0]]
    assert found.built_share.tolist() == [[0.25, 0.0]]
    assert found.land_share.tolist() == [[1.0, 0.0]]
    assert found.cell_km2 == 1.0


def test_shares_are_told_from_square_metres_and_percent_is_refused(write: Write) -> None:
    people, land = write("pop.tif", [[1.0, 2.0]]), write("land.tif", [[1e6, 1e6]])
    shares = write("share.tif", [[0.25, 1.0]])
    assert read(people, shares, land).built_share.tolist() == [[0.25, 1.0]]
    percent = write("percent.tif", [[25.0, 100.0]])
    with pytest.raises(LayerError, match=r"percent.tif: numbers up to 100 .* divide percent"):
        read(people, percent, land)


def test_a_density_of_people_is_multiplied_by_the_area_of_its_cells(write: Write) -> None:
    path = write("density.tif", [[100.0, 200.0]])
    density = raster_layer(path, quantity="density", unit="persons per km2", role="population")
    land = area_layer(write("land.tif", [[1e6, 1e6]]), role="land")
    built = area_layer(write("built.tif", [[0.0, 0.0]]), role="built_up")
    found = urban_surfaces(density, built, land).people_count
    own = cell_areas_km2(density.grid)
    assert found == pytest.approx(np.array([[100.0, 200.0]]) * own, rel=1e-12)
    assert np.abs(own - 1).max() > 1e-5
    level = raster_layer(path, quantity="level", unit="")
    with pytest.raises(LayerError, match="wanted population as count or density; got other, level"):
        urban_surfaces(level, built, land)


def test_rasters_of_one_lattice_are_cut_to_what_all_cover(write: Write) -> None:
    people = write("pop.tif", np.arange(12.0).reshape(3, 4))
    built = write("built.tif", np.zeros((3, 3)), west=WEST + 1000)
    land = write("land.tif", np.full((2, 6), 1e6), north=NORTH - 1000)
    found = read(people, built, land)
    assert found.people_count.tolist() == [[5.0, 6.0, 7.0], [9.0, 10.0, 11.0]]
    assert found.grid.bounds == (WEST + 1000, NORTH - 3000, WEST + 4000, NORTH - 1000)
    assert "cut to the 2 × 3 cells" in found.notes[0]


@pytest.mark.parametrize(
    ("changes", "said"),
    [
        ({"west": WEST + 400}, r"do not share their cells: .* from 300400"),
        ({"cell": 500.0}, "finer cells that nest are added up with --sum-cells"),
        ({"crs": "EPSG:3035"}, "do not share their cells"),
        ({"west": WEST + 50_000}, r"do not overlap: pop.tif .* take tiles of one area"),
    ],
)
def test_rasters_that_do_not_fit_are_refused(write: Write, changes: Any, said: str) -> None:
    people, built = write("pop.tif", np.ones((4, 4))), write("built.tif", np.zeros((4, 4)))
    land = write("land.tif", np.full((4, 4), 1e5), **changes)
    with pytest.raises(LayerError, match=said):
        read(people, built, land)


@pytest.mark.parametrize(
    ("changes", "said"),
    [
        ({"cell": 100.0}, "cells of 100 × 100 m; .* added up to 1 km with --sum-cells"),
        ({"cell": 3000.0}, "cells of 3000 × 3000 m; .* take the product of 1 km"),
        (
            {"crs": "EPSG:4326", "cell": 1 / 120, "west": 36.0, "north": 55.0},
            "equal-area CRS.*--resample-counts",
        ),
        ({"crs": "EPSG:3857", "west": 4e6, "north": 7.4e6}, "0.3.* times as large on the ground"),
    ],
)
def test_cells_that_are_not_one_square_kilometre_are_refused(
    write: Write, changes: Any, said: str
) -> None:
    values = (np.ones((4, 4)), np.zeros((4, 4)), np.ones((4, 4)))
    files = [
        write(name, one, **changes)
        for name, one in zip(("pop.tif", "built.tif", "land.tif"), values, strict=True)
    ]
    with pytest.raises(LayerError, match=said):
        read(*files)


def test_other_equal_area_lattices_are_taken(write: Write) -> None:
    place = {"crs": "EPSG:3035", "west": 3_900_000.0, "north": 3_100_000.0}
    files = [write(name, [[1.0]], **place) for name in ("pop.tif", "built.tif", "land.tif")]
    assert read(*files).people_count.tolist() == [[1.0]]


def test_people_below_zero_nothing_known_and_too_much_land_are_refused(write: Write) -> None:
    built, land = write("built.tif", [[0.0, 0.0]]), write("land.tif", [[1e6, 1e6]])
    with pytest.raises(LayerError, match=r"1 cell\(s\) are below 0, the lowest -200; .*nodata"):
        read(write("pop.tif", [[5.0, -200.0]]), built, land)
    with pytest.raises(LayerError, match="nothing is known"):
        read(write("pop.tif", [[np.nan, np.nan]]), built, land)
    people = write("pop.tif", [[5.0, 5.0]])
    with pytest.raises(LayerError, match=r"a cell holds 2e\+06 m², more than its 1e\+06"):
        read(people, built, write("land.tif", [[2e6, 1e6]]))
    apart = write("land.tif", [[1e6, np.nan, np.nan]], west=WEST - 1000)
    with pytest.raises(LayerError, match="nothing is known in the area that all rasters cover"):
        read(people, built, apart)


def test_finer_cells_are_added_up_if_that_is_asked_for(write: Write) -> None:
    random = np.random.default_rng(3)
    fine = random.random((20, 30)) * 50
    people = write("pop.tif", fine, cell=100.0)
    built = write("built.tif", np.full((20, 30), 2_500.0), cell=100.0)
    land = write("land.tif", np.full((2, 3), 1e6))
    found = read(people, built, land, sums_cells=True)
    assert found.people_count.shape == (2, 3)
    assert found.people_count.sum() == pytest.approx(fine.sum())
    assert found.people_count[1, 2] == pytest.approx(fine[10:, 20:].sum())
    assert found.built_share == pytest.approx(0.25)
    assert "10 × 10 cells of 100 m were added up" in found.notes[0]


def test_larger_cells_start_at_round_coordinates_and_must_be_full() -> None:
    grid = grid_of((5, 5), west=300_500, north=6_000_500, cell=500)
    band = Band(values=np.arange(25.0).reshape(5, 5), grid=grid)
    found = summed_cells(band, factor=2)
    assert found.grid.bounds == (301_000, 5_998_000, 303_000, 6_000_000)
    assert found.values[0, 0] == 6 + 7 + 11 + 12
    askew = Band(values=np.ones((4, 4)), grid=grid_of((4, 4), west=300_100, cell=500))
    with pytest.raises(LayerError, match="do not nest"):
        summed_cells(askew, factor=2)
    with pytest.raises(LayerError, match="fill no cell"):
        summed_cells(Band(values=np.ones((1, 1)), grid=grid_of((1, 1), cell=500)), factor=2)


def test_a_larger_cell_of_which_nothing_is_known_stays_unknown() -> None:
    values = np.array([[1.0, np.nan, np.nan, np.nan], [np.nan, 2.0, np.nan, np.nan]])
    found = summed_cells(Band(values=values, grid=grid_of((2, 4), cell=500)), factor=2)
    assert found.values[0, 0] == 3.0
    assert np.isnan(found.values[0, 1])


@given(st.integers(0, 10_000), st.integers(1, 5), st.integers(1, 4), st.integers(1, 4))
def test_totals_are_kept_when_cells_are_added_up(
    seed: int, factor: int, rows: int, columns: int
) -> None:
    values = np.random.default_rng(seed).random((rows * factor, columns * factor))
    grid = grid_of(values.shape, cell=1000 / factor)
    assert summed_cells(Band(values=values, grid=grid), factor=factor).values.sum() == (
        pytest.approx(values.sum())
    )


def test_people_in_degrees_are_spread_anew_only_if_asked_for_and_none_is_lost(
    write: Write,
) -> None:
    place = {"crs": "EPSG:4326", "cell": 1 / 120, "west": 4.3, "north": 50.9}
    people = write("pop.tif", np.full((12, 12), 100.0), **place)
    size = (30, 30)
    built = write("built.tif", np.zeros(size), west=315_000.0, north=5_978_000.0)
    land = write("land.tif", np.full(size, 1e6), west=315_000.0, north=5_978_000.0)
    with pytest.raises(LayerError, match="do not share their cells"):
        read(people, built, land)
    found = read(people, built, land, resamples_counts=True)
    assert found.grid.shape == size
    assert found.people_count.sum() == pytest.approx(14_400, rel=1e-3)
    assert "of 14,400 persons lie in them" in found.notes[0]


def test_resampled_counts_of_the_same_cells_are_the_same() -> None:
    grid = grid_of((3, 4))
    band = Band(values=np.arange(12.0).reshape(3, 4), grid=grid)
    again = Grid(crs=grid.crs, transform=grid.transform, height=3, width=4)
    assert resampled_counts(band, again).values == pytest.approx(band.values)
