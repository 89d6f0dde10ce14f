"""Indices of scenes: solved by hand, beside plain loops, on nested grids and odd input."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import geopandas as gpd
import numpy as np
import pytest
import rasterio
from affine import Affine
from shapely.geometry import box

from agglo.errors import LayerError
from agglo.imagery.blockwise import nested_blocks, nesting_factor
from agglo.imagery.coverage import coverage_from_zones
from agglo.imagery.indices import (
    INDICES,
    Clear,
    built_up_share,
    enhanced_two_band,
    index_blocks,
    index_by_zone,
    index_of_scene,
    normalised_difference,
    soil_adjusted,
)
from agglo.imagery.scene_bands import scene_bands
from agglo.imagery.zonal import zonal_figures
from agglo.layers.clouds import clear_of_scl
from agglo.layers.raster_files import raster_layer, read_band
from agglo.rasters import Grid, LandClass, RasterLayer

WEST, NORTH = 400_000.0, 6_100_000.0


def stored(
    path: Path, values: Any, *, cell: float = 10.0, dtype: str = "uint16", crs: str = "EPSG:32637",
    west: float = WEST, north: float = NORTH, **about: Any,
) -> RasterLayer:  # fmt: skip
    """Write a band as a satellite's archive would, by rasterio alone, and open it."""
    values = np.asarray(values, dtype=dtype)
    layout = {"tiled": True, "blockxsize": 16, "blockysize": 16}
    with rasterio.open(
        path, "w", driver="GTiff", crs=crs, dtype=dtype, count=1, height=values.shape[0],
        width=values.shape[1], transform=Affine(cell, 0, west, 0, -cell, north), **layout,
    ) as file:  # fmt: skip
        file.write(values, 1)
    return raster_layer(path, **{"quantity": "level", "unit": "DN", **about})


def by_loops(first: np.ndarray, second: np.ndarray) -> np.ndarray:
    found = np.full(first.shape, np.nan)
    for at in np.ndindex(first.shape):
        one, two = float(first[at]), float(second[at])
        if one + two > 0:
            found[at] = (one - two) / (one + two)
    return found


def test_vegetation_by_hand() -> None:
    nir, red = np.array([[0.4, 0.1, 0.2]]), np.array([[0.1, 0.1, 0.6]])
    np.testing.assert_allclose(normalised_difference(nir, red), [[0.6, 0.0, -0.5]])


def test_each_index_takes_its_bands_in_the_order_of_its_formula() -> None:
    about = {name: (one.bands, one.formula(np.array([0.3]), np.array([0.1]))) for name, one in
             INDICES.items()}  # fmt: skip
    assert about["ndvi"][0] == ("nir", "red")
    assert about["ndbi"][0] == ("swir16", "nir")
    assert about["ndwi"][0] == ("green", "nir")
    assert about["ndmi"][0] == ("nir", "swir16")
    assert all(about[name][1] == pytest.approx([0.5]) for name in ("ndvi", "ndbi", "ndwi", "ndmi"))
    assert about["savi"][1] == pytest.approx([1.5 * 0.2 / 0.9])
    assert about["evi2"][1] == pytest.approx([2.5 * 0.2 / 1.54])


@pytest.mark.parametrize("name", INDICES)
def test_an_index_names_its_source_and_stays_in_its_range(name: str) -> None:
    index = INDICES[name]
    assert any(digit.isdigit() for digit in index.source)
    for band in index.bands:
        assert band in index.text
    first, second = np.meshgrid(np.linspace(0, 1, 101), np.linspace(0, 1, 101))
    found = index.formula(first, second)
    assert np.nanmin(found) == pytest.approx(index.least)
    assert np.nanmax(found) == pytest.approx(index.most)


def test_what_is_unknown_or_sends_no_light_back_has_no_index() -> None:
    first = np.array([np.nan, 0.2, 0.0, -0.1, 0.3, -0.3])
    second = np.array([0.2, np.nan, 0.0, -0.2, -0.3, 0.1])
    assert np.isnan(normalised_difference(first, second)).all()


def test_one_negative_band_leads_beyond_the_range_and_is_not_clipped() -> None:
    assert normalised_difference(np.array([0.3]), np.array([-0.1])) == pytest.approx([2.0])


@pytest.mark.parametrize("dtype", ["uint8", "int8", "uint16", "int16"])
def test_small_integers_do_not_overflow(dtype: str) -> None:
    most = np.iinfo(dtype).max
    first, second = np.array([most, 10], dtype=dtype), np.array([most - 1, most], dtype=dtype)
    expected = [1 / (2 * most - 1), (10 - most) / (10 + most)]
    np.testing.assert_allclose(normalised_difference(first, second), expected)  # type: ignore[arg-type]


def test_bands_of_different_shape_are_no_pair() -> None:
    for formula in (normalised_difference, soil_adjusted, enhanced_two_band):
        with pytest.raises(LayerError, match=r"shapes \(1, 2\) and \(1, 3\)"):
            formula(np.ones((1, 2)), np.ones((1, 3)))


def test_the_arguments_are_left_alone() -> None:
    first, second = np.array([[0.4, -1.0]]), np.array([[0.1, 0.5]])
    kept = first.copy(), second.copy()
    normalised_difference(first, second)
    np.testing.assert_array_equal((first, second), kept)


def test_a_scene_is_the_same_as_by_loops_at_blocks_of_any_size(tmp_path: Path) -> None:
    chance = np.random.default_rng(5)
    nir, red = (chance.integers(0, 4, (50, 70)) for _ in range(2))
    layers = {"nir": stored(tmp_path / "nir.tif", nir), "red": stored(tmp_path / "red.tif", red)}
    expected = by_loops(nir, red)
    for side in (1, 16, 33, 1000):
        found = np.full(nir.shape, np.nan)
        for band in index_blocks(layers, "ndvi", side=side):
            column = round((band.grid.bounds[0] - WEST) / 10)
            row = round((NORTH - band.grid.bounds[3]) / 10)
            found[row : row + band.grid.height, column : column + band.grid.width] = band.values
        np.testing.assert_array_equal(found, expected)


def test_a_written_scene_says_what_it_is(tmp_path: Path) -> None:
    about = {"epoch": "2018-07-10", "source": "USGS", "licence": "CC0", "note": "coarse"}
    layers = {
        "nir": stored(tmp_path / "nir.tif", [[30, 0]], **about),
        "red": stored(tmp_path / "red.tif", [[10, 0]], **{**about, "status": "modelled"}),
    }
    seen: list[tuple[str, int, int]] = []
    layer = index_of_scene(
        layers, "ndvi", tmp_path / "ndvi.tif", progress=lambda *told: seen.append(told)
    )
    np.testing.assert_array_equal(read_band(layer).values, [[0.5, np.nan]])
    assert (layer.quantity, layer.unit, layer.role) == ("level", "index", "vegetation")
    assert (layer.epoch, layer.source, layer.note) == ("2018-07-10", "USGS", "coarse")
    assert layer.status == "modelled"
    assert seen == [("Vegetation index NDVI", 2, 2)]
    with rasterio.open(layer.path) as file:
        assert file.tags()["formula"] == "(nir − red) / (nir + red)"
        assert "Rouse" in file.tags()["formula_source"]
        assert file.tags(ns="IMAGE_STRUCTURE")["LAYOUT"] == "COG"


def test_nodata_scale_and_offset_count_before_the_ratio(tmp_path: Path) -> None:
    about = {"nodata": 0, "scale": 0.0001, "offset": -0.1, "unit": "reflectance"}
    layers = {
        "nir": stored(tmp_path / "nir.tif", [[5000, 0]], **about),
        "red": stored(tmp_path / "red.tif", [[2000, 2000]], **about),
    }
    ndvi = read_band(index_of_scene(layers, "ndvi", tmp_path / "a.tif")).values
    np.testing.assert_allclose(ndvi, [[(0.4 - 0.1) / 0.5, np.nan]], rtol=1e-6)
    savi = read_band(index_of_scene(layers, "savi", tmp_path / "b.tif")).values
    np.testing.assert_allclose(savi[0, 0], 1.5 * 0.3 / 1.0, rtol=1e-6)


def test_noise_beyond_the_range_is_unknown_in_a_scene(tmp_path: Path) -> None:
    layers = {
        "nir": stored(tmp_path / "nir.tif", [[0.01, 0.3]], dtype="float32"),
        "red": stored(tmp_path / "red.tif", [[-0.009, 0.1]], dtype="float32"),
    }
    found = read_band(index_of_scene(layers, "ndvi", tmp_path / "a.tif")).values
    np.testing.assert_allclose(found, [[np.nan, 0.5]], rtol=1e-6)


def test_a_coarser_band_is_repeated_cell_on_cell(tmp_path: Path) -> None:
    nir = np.arange(1, 37).reshape(6, 6)
    swir = np.array([[1, 2, 3], [4, 5, 6], [7, 8, 9]])
    layers = {
        "nir": stored(tmp_path / "b08.tif", nir),
        "swir16": stored(tmp_path / "b11.tif", swir, cell=20),
    }
    expected = np.empty((6, 6))
    for row, column in np.ndindex(6, 6):
        first, second = float(swir[row // 2, column // 2]), float(nir[row, column])
        expected[row, column] = (first - second) / (first + second)
    layer = index_of_scene(layers, "ndbi", tmp_path / "ndbi.tif")
    np.testing.assert_allclose(read_band(layer).values, expected, rtol=1e-6)
    assert layer.grid == layers["nir"].grid


@pytest.mark.parametrize("side", [7, 16, 100])
def test_three_resolutions_nest_at_blocks_of_any_size(tmp_path: Path, side: int) -> None:
    layers = [
        stored(tmp_path / f"{cell}.tif", np.arange((60 // n) ** 2).reshape(60 // n, -1), cell=cell)
        for n, cell in ((1, 10), (2, 20), (6, 60))
    ]
    seen = 0
    for fine, middle, coarse in nested_blocks(layers, side=side):
        assert fine.grid == middle.grid == coarse.grid
        row = round((NORTH - fine.grid.bounds[3]) / 10) + np.arange(fine.grid.height)[:, None]
        column = round((fine.grid.bounds[0] - WEST) / 10) + np.arange(fine.grid.width)
        np.testing.assert_array_equal(fine.values, row * 60 + column)
        np.testing.assert_array_equal(middle.values, row // 2 * 30 + column // 2)
        np.testing.assert_array_equal(coarse.values, row // 6 * 10 + column // 6)
        seen += fine.values.size
    assert seen == 3600


def test_a_frame_that_cuts_a_coarse_cell_nests_if_edges_meet(tmp_path: Path) -> None:
    fine = stored(tmp_path / "fine.tif", np.zeros((3, 3)), west=WEST + 10, north=NORTH - 30)
    coarse = stored(tmp_path / "coarse.tif", np.arange(16).reshape(4, 4), cell=20)
    ((_, found),) = nested_blocks([fine, coarse])
    np.testing.assert_array_equal(found.values, [[4, 5, 5], [8, 9, 9], [8, 9, 9]])


@pytest.mark.parametrize(
    "about",
    [
        {"cell": 15.0},
        {"cell": 20.0, "west": WEST + 5},
        {"cell": 20.0, "north": NORTH + 5},
        {"cell": 20.0, "west": WEST + 20},
        {"cell": 20.0, "west": WEST - 5, "north": NORTH + 5, "shape": (4, 4)},
        {"cell": 20.0, "crs": "EPSG:32636"},
        {"cell": 20.0, "shape": (2, 3)},
        {"cell": 10.0, "shape": (5, 6)},
    ],
    ids=[
        "half more", "shifted", "shifted north", "too short", "off the lines", "other CRS",
        "fewer rows", "cut",
    ],
)  # fmt: skip
def test_bands_that_do_not_nest_are_refused(tmp_path: Path, about: dict[str, Any]) -> None:
    shape = about.pop("shape", (3, 3))
    layers = {
        "nir": stored(tmp_path / "nir.tif", np.ones((6, 6))),
        "swir16": stored(tmp_path / "swir.tif", np.ones(shape), **about),
    }
    with pytest.raises(LayerError, match="does not nest in the grid of the finest band"):
        index_of_scene(layers, "ndbi", tmp_path / "ndbi.tif")
    assert not (tmp_path / "ndbi.tif").exists()


def test_the_same_crs_in_other_words_nests(tmp_path: Path) -> None:
    fine = stored(tmp_path / "fine.tif", np.zeros((4, 4)))
    wkt = rasterio.crs.CRS.from_epsg(32637).to_wkt()
    other = Grid(crs=wkt, transform=(20, 0, WEST, 0, -20, NORTH), height=2, width=2)
    layer = RasterLayer(
        name="a", path="a.tif", grid=other, quantity="level", unit="", resolution_m=20
    )
    assert nesting_factor(layer, fine.grid) == 2


def test_clouds_are_left_out_by_a_mask_that_is_coarser(tmp_path: Path) -> None:
    layers = {
        "nir": stored(tmp_path / "nir.tif", np.full((4, 4), 30)),
        "red": stored(tmp_path / "red.tif", np.full((4, 4), 10)),
    }
    classes = stored(
        tmp_path / "scl.tif", [[4, 9], [6, 3]], cell=20, dtype="uint8", quantity="class", nodata=0
    )
    clear = Clear(layer=classes, is_clear=clear_of_scl)
    found = read_band(index_of_scene(layers, "ndvi", tmp_path / "a.tif", clear=clear)).values
    np.testing.assert_array_equal(found[:, :2], 0.5)
    assert np.isnan(found[:, 2:]).all()


def test_a_scene_of_which_nothing_is_known_is_written_as_such(tmp_path: Path) -> None:
    layers = {name: stored(tmp_path / f"{name}.tif", np.zeros((20, 40)), nodata=0)
              for name in ("nir", "red")}  # fmt: skip
    layer = index_of_scene(layers, "ndvi", tmp_path / "ndvi.tif")
    assert np.isnan(read_band(layer, may_be_empty=True).values).all()


def test_one_cell_is_a_scene(tmp_path: Path) -> None:
    layers = {
        "nir": stored(tmp_path / "nir.tif", [[3]]),
        "red": stored(tmp_path / "red.tif", [[1]]),
    }
    assert read_band(index_of_scene(layers, "ndvi", tmp_path / "a.tif")).values.tolist() == [[0.5]]


@pytest.mark.parametrize(
    ("name", "about", "match"),
    [
        ("nvdi", {}, "unknown index 'nvdi'; choose one of ndvi, ndbi"),
        ("ndbi", {}, "ndbi needs the bands swir16 and nir; the scene has nir, red"),
        ("savi", {}, "savi is made of reflectances; the unit of band 'nir' .* is 'DN'"),
        ("ndvi", {"quantity": "class"}, "band 'red' .* is a class, no level"),
        ("ndvi", {"epoch": "2018-01-31"}, "the bands show different days"),
    ],
)
def test_a_scene_that_cannot_give_the_index_is_refused(
    tmp_path: Path, name: str, about: dict[str, str], match: str
) -> None:
    layers = {
        "nir": stored(tmp_path / "nir.tif", [[3]], epoch="2018-07-10"),
        "red": stored(tmp_path / "red.tif", [[1]], **{"epoch": "2018-07-10", **about}),
    }
    with pytest.raises(LayerError, match=match):
        index_of_scene(layers, name, tmp_path / "out.tif")
    assert not (tmp_path / "out.tif").exists()


def test_built_up_share_of_amounts_and_classes() -> None:
    grid = Grid(crs="EPSG:6933", transform=(100, 0, 0, 0, -100, 0), height=1, width=3)
    amounts = np.array([[2500.0, 10_000.0, np.nan]])
    found = built_up_share(amounts, grid, quantity="count", unit="m2")
    np.testing.assert_allclose(found, [[0.25, 1.0, np.nan]], rtol=1e-3)
    assert np.nanmax(found) <= 1
    classes = {
        code: LandClass(kind=kind, name_ru="", name_en="", colour="#000000")
        for code, kind in ((50, "built"), (10, "forest"))
    }
    codes = np.array([[50.0, 10.0, np.nan]])
    np.testing.assert_array_equal(
        built_up_share(codes, grid, quantity="class", classes=classes), [[1.0, 0.0, np.nan]]
    )
    with pytest.raises(LayerError, match="built-up land is read from m2"):
        built_up_share(amounts, grid, quantity="level", unit="index")


def scene_of(folder: Path) -> tuple[dict[str, RasterLayer], Clear]:
    """Return a scene of 60 × 50 cells, with clouds on a mask twice as coarse."""
    chance = np.random.default_rng(6)
    layers = {
        name: stored(folder / f"{name}.tif", chance.integers(0, 900, (60, 50)), nodata=0)
        for name in ("nir", "red")
    }
    codes = chance.choice([4, 5, 6, 9], (30, 25))
    scl = stored(folder / "scl.tif", codes, cell=20, dtype="uint8", quantity="class")
    return layers, Clear(layer=scl, is_clear=clear_of_scl)


def zones_of(**boxes: tuple[float, float, float, float]) -> gpd.GeoDataFrame:
    """Return boxes by first column, first row, last column and last row, in cells."""
    shapes = [
        box(WEST + 10 * left, NORTH - 10 * low, WEST + 10 * right, NORTH - 10 * top)
        for left, top, right, low in boxes.values()
    ]
    return gpd.GeoDataFrame(geometry=shapes, index=list(boxes), crs="EPSG:32637")


def test_an_index_by_zone_is_that_of_the_written_picture(tmp_path: Path) -> None:
    layers, clear = scene_of(tmp_path)
    zones = zones_of(all=(0, 0, 50, 60), part=(3.5, 2.25, 17, 40.5), off=(-10, 50, 10, 70))
    coverage = coverage_from_zones(layers["nir"].grid, zones)
    found = index_by_zone(layers, "ndvi", coverage, clear=clear)
    written = index_of_scene(layers, "ndvi", tmp_path / "ndvi.tif", clear=clear)
    expected = zonal_figures(written, zones, coverage=coverage)
    for own, other in (
        ("mean_ndvi", "mean_index"), ("min_ndvi", "min_index"), ("max_ndvi", "max_index"),
        ("known_share", "known_share"),
    ):  # fmt: skip
        np.testing.assert_allclose(found[own], expected[other], rtol=1e-6, atol=1e-9)
    assert found.index.equals(zones.index)
    assert found["known_share"].between(0.15, 0.9).all()


def test_a_zone_under_cloud_has_no_index(tmp_path: Path) -> None:
    layers = {"nir": stored(tmp_path / "nir.tif", [[3, 3, 0, 0]]),
              "red": stored(tmp_path / "red.tif", [[1, 2, 0, 0]])}  # fmt: skip
    zones = zones_of(clear=(0, 0, 2, 1), cloud=(2, 0, 4, 1), half=(1, 0, 3, 1))
    coverage = coverage_from_zones(layers["nir"].grid, zones)
    found = index_by_zone(layers, "ndvi", coverage)
    np.testing.assert_allclose(found["mean_ndvi"], [0.35, np.nan, 0.2], rtol=1e-5)
    np.testing.assert_allclose(found["known_share"], [1, 0, 0.5], rtol=1e-5)
    np.testing.assert_array_equal(found["max_ndvi"], [0.5, np.nan, 0.2])


def test_a_coverage_of_another_grid_is_refused(tmp_path: Path) -> None:
    layers, _ = scene_of(tmp_path)
    other = Grid(crs="EPSG:32637", transform=(20, 0, WEST, 0, -20, NORTH), height=30, width=25)
    coverage = coverage_from_zones(other, zones_of(a=(0, 0, 9, 9)))
    with pytest.raises(LayerError, match="the coverage lies on 30 × 25 cells"):
        index_by_zone(layers, "ndvi", coverage)


def named(path: str, bands: str) -> dict[str, RasterLayer]:
    grid = Grid(crs="EPSG:32637", transform=(10, 0, WEST, 0, -10, NORTH), height=1, width=1)
    return {
        band: RasterLayer(
            name=band, path=Path(path.format(band)), grid=grid, quantity="level",
            unit="reflectance", resolution_m=10,
        )
        for band in bands.split()
    }  # fmt: skip


@pytest.mark.parametrize(
    ("path", "bands", "expected"),
    [
        ("T37UCB_20200615T083601_{}_10m.jp2", "B03 B04 B08 B11 SCL", "B03 B04 B08 B11 SCL"),
        ("T37UCB_20200615T083601_{}_20m.jp2", "B04 B11 B8A SCL", "- B04 B8A B11 SCL"),
        ("LC08_L2SP_178021_20200615_20200824_02_T1_SR_{}.TIF", "B3 B4 B5 B6 QA_PIXEL",
         "B3 B4 B5 B6 QA_PIXEL"),
        ("LC09_L2SP_178021_20220615_20220824_02_T1_SR_{}.TIF", "B3 B4 B5 B6", "B3 B4 B5 B6 -"),
        ("LT05_L2SP_178021_19900615_20200824_02_T1_SR_{}.TIF", "B2 B3 B4 B5 B7 QA_PIXEL",
         "B2 B3 B4 B5 QA_PIXEL"),
        ("LE07_L1TP_178021_20010615_20170204_01_T1_{}.TIF", "B2 B3 B4 B5 BQA", "B2 B3 B4 B5 BQA"),
    ],
)  # fmt: skip
def test_bands_are_named_by_colour_as_each_maker_numbers_them(
    path: str, bands: str, expected: str
) -> None:
    found, clear = scene_bands(named(path, bands))
    names = [found[one].name if one in found else "-" for one in ("green", "red", "nir", "swir16")]
    assert [*names, clear.layer.name if clear else "-"] == expected.split()


def test_bands_of_nobody_knows_whom_are_refused() -> None:
    with pytest.raises(LayerError, match="nobody can say which colours the bands B4, B5 have"):
        scene_bands(named("my_{}.tif", "B4 B5"))
    with pytest.raises(LayerError, match=r"\(none\)"):
        scene_bands({})
