"""Rasters are read as they are meant, and a bad one gives one clear sentence."""

from __future__ import annotations

import itertools
import tracemalloc
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import geopandas as gpd
import numpy as np
import pytest
import rasterio
import rasterio.errors
from affine import Affine
from rasterio._env import get_gdal_config
from shapely.geometry import box

from agglo.errors import LayerError
from agglo.layers import raster_opening
from agglo.layers.raster_files import (
    blocks,
    bounds_in,
    gdal_options,
    ground_resolution_m,
    is_address,
    is_same_grid,
    opened,
    raster_layer,
    read_band,
)
from agglo.rasters import Grid, RasterLayer
from tests.servers import Fault, FileServer

WEST, NORTH, CELL = 400_000, 6_100_000, 10
MIXED = np.random.default_rng(5).integers(1, 200, (300, 260)).astype("uint8")


def written(path: Path, values: Any, **about: Any) -> Path:
    """Write a raster near Obninsk, or wherever ``about`` says."""
    values = np.asarray(values)
    bands = values if values.ndim == 3 else values[None]
    mask, described = about.pop("mask", None), about.pop("described", {})
    profile = {
        "driver": "GTiff", "height": bands.shape[1], "width": bands.shape[2], "count": len(bands),
        "dtype": bands.dtype, "crs": "EPSG:32637",
        "transform": Affine(CELL, 0, WEST, 0, -CELL, NORTH), **about,
    }  # fmt: skip
    with rasterio.open(path, "w", **profile) as file:
        file.write(bands)
        if mask is not None:
            file.write_mask(mask)
        for key, value in described.items():
            setattr(file, key, (value,) * len(bands))
    return path


def level(path: Path | str, **about: Any) -> RasterLayer:
    return raster_layer(path, quantity="level", unit="", **about)


def shifted(left: float, top: float, cell: float) -> Affine:
    return Affine(cell, 0, left, 0, -cell, top)


def test_a_raster_is_read_as_it_was_written(tmp_path: Path) -> None:
    layer = level(written(tmp_path / "a.tif", MIXED))
    band = read_band(layer)
    np.testing.assert_array_equal(band.values, MIXED)
    assert band.grid.bounds == (WEST, NORTH - 3000, WEST + 2600, NORTH)
    assert layer.name == "a"
    assert layer.resolution_m == pytest.approx(10, rel=1e-3)


def test_a_box_gives_the_cells_that_it_touches(tmp_path: Path) -> None:
    layer = level(written(tmp_path / "a.tif", MIXED))
    found = read_band(layer, bounds=(WEST + 15, NORTH - 41, WEST + 31, NORTH - 20))
    np.testing.assert_array_equal(found.values, MIXED[2:5, 1:4])
    assert found.grid.bounds == (WEST + 10, NORTH - 50, WEST + 40, NORTH - 20)


def test_a_box_on_the_lines_between_cells_takes_no_cell_more(tmp_path: Path) -> None:
    layer = level(written(tmp_path / "a.tif", MIXED))
    slack = 1e-9
    box_of_one = (WEST + 10 - slack, NORTH - 30 - slack, WEST + 20 + slack, NORTH - 20 + slack)
    found = read_band(layer, bounds=box_of_one)
    np.testing.assert_array_equal(found.values, MIXED[2:3, 1:2])


def test_a_point_and_a_box_that_reaches_out_take_what_there_is(tmp_path: Path) -> None:
    layer = level(written(tmp_path / "a.tif", MIXED))
    assert read_band(layer, bounds=(WEST + 5, NORTH - 5, WEST + 5, NORTH - 5)).values.size == 1
    on_a_line = read_band(layer, bounds=(WEST + 10, NORTH - 20, WEST + 10, NORTH - 20))
    np.testing.assert_array_equal(on_a_line.values, MIXED[2:3, 1:2])
    far = read_band(layer, bounds=(WEST - 1e6, NORTH - 1e6, WEST + 1e6, NORTH + 1e6))
    assert far.values.shape == MIXED.shape


@pytest.mark.parametrize(
    ("name", "content", "says"),
    [
        ("empty.tif", b"", "is an empty file, not a raster; copy or download it again"),
        ("words.tif", b"this is no raster at all", "no raster that can be read here"),
        ("archive.tif", b"PK\x03\x04 and so on", "unpack it if it is an archive"),
    ],
)
def test_what_is_no_raster_is_named(tmp_path: Path, name: str, content: bytes, says: str) -> None:
    (tmp_path / name).write_bytes(content)
    with pytest.raises(LayerError, match=says) as caught:
        level(tmp_path / name)
    assert name in str(caught.value)
    assert "\n" not in str(caught.value)


def test_a_missing_file_and_a_folder_are_named(tmp_path: Path) -> None:
    with pytest.raises(LayerError, match=r"nowhere\.tif is not there; check the name"):
        level(tmp_path / "nowhere.tif")
    with pytest.raises(LayerError, match="is a folder, not a raster"):
        level(tmp_path)


@pytest.mark.parametrize("layout", [{"tiled": True, "blockxsize": 64, "blockysize": 64}, {}])
@pytest.mark.parametrize("compress", ["deflate", "none"])
def test_a_file_that_is_cut_short_says_so_when_it_is_read(
    tmp_path: Path, layout: dict[str, Any], compress: str
) -> None:
    path = written(tmp_path / "whole.tif", MIXED, compress=compress, **layout)
    whole = path.read_bytes()
    cut = tmp_path / "cut.tif"
    cut.write_bytes(whole[: len(whole) // 2])
    layer = level(cut)
    says = rf"cut\.tif: the file of {len(whole) // 2:,} bytes is cut short or damaged"
    with pytest.raises(LayerError, match=says):
        read_band(layer)
    with pytest.raises(LayerError, match=says):
        list(blocks([layer], side=64))
    with pytest.raises(LayerError, match=says), opened(cut) as file:
        file.read(1)


def test_a_jpeg_2000_that_is_cut_short_is_not_read_as_zeros(
    tmp_path: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    noise = np.random.default_rng(1).integers(1, 200, (1100, 1100)).astype("uint8")
    whole = written(tmp_path / "a.jp2", noise, driver="JP2OpenJPEG", QUALITY="100",
                    REVERSIBLE="YES").read_bytes()  # fmt: skip
    np.testing.assert_array_equal(read_band(level(tmp_path / "a.jp2")).values, noise)
    (tmp_path / "b.jp2").write_bytes(whole[: len(whole) * 9 // 10])
    with pytest.raises(LayerError, match=r"b\.jp2: the file of .* is cut short or damaged"):
        read_band(level(tmp_path / "b.jp2"))
    with pytest.raises(LayerError, match="is cut short or damaged"):
        list(blocks([level(tmp_path / "b.jp2")], side=2048))
    capfd.readouterr()


def test_damage_that_cannot_be_decoded_is_found(tmp_path: Path) -> None:
    path = written(tmp_path / "a.tif", MIXED, compress="deflate", tiled=True, blockxsize=64,
                   blockysize=64)  # fmt: skip
    content = bytearray(path.read_bytes())
    middle = len(content) // 2
    content[middle : middle + 300] = b"\xff" * 300
    path.write_bytes(content)
    with pytest.raises(LayerError, match="is cut short or damaged, some of its cells"):
        read_band(level(path))


def test_a_file_whose_header_is_cut_is_named(tmp_path: Path) -> None:
    path = written(tmp_path / "a.tif", MIXED)
    path.write_bytes(path.read_bytes()[:60])
    with pytest.raises(LayerError, match=r"a\.tif"):
        level(path)


def test_a_raster_without_a_crs_is_refused(tmp_path: Path) -> None:
    with pytest.raises(LayerError, match=r"a\.tif has no CRS; set the one it was made in"):
        level(written(tmp_path / "a.tif", MIXED, crs=None))


def test_a_picture_without_a_place_is_refused_without_a_warning(tmp_path: Path) -> None:
    with rasterio.Env(), pytest.warns(rasterio.errors.NotGeoreferencedWarning):
        written(tmp_path / "a.tif", MIXED, transform=Affine.identity())
    with pytest.raises(LayerError, match="has a CRS but no place on the ground"):
        level(tmp_path / "a.tif")


def test_a_raster_placed_by_control_points_is_refused(tmp_path: Path) -> None:
    from rasterio.control import GroundControlPoint as Point

    points = [Point(0, 0, 36.0, 55.0), Point(0, 260, 36.3, 55.1), Point(300, 0, 36.1, 54.7)]
    with pytest.warns(rasterio.errors.NotGeoreferencedWarning):
        written(
            tmp_path / "a.tif", MIXED, crs="EPSG:4326", gcps=points, transform=Affine.identity()
        )
    with pytest.raises(LayerError, match="placed by control points, not by a grid; warp it"):
        level(tmp_path / "a.tif")


@pytest.mark.parametrize(
    ("crs", "place", "says"),
    [
        ("EPSG:4326", shifted(WEST, NORTH, 10), "are no degrees though the CRS is WGS 84"),
        ("EPSG:32637", shifted(36, 55.5, 0.001), "are degrees though the CRS is WGS 84 / UTM"),
        ("ESRI:54009", shifted(36, 55.5, 0.001), "are degrees though the CRS is World_Mollweide"),
        ("EPSG:4326", shifted(4.0e6, 7.3e6, 1000), "name its true CRS"),
        ("EPSG:32637", shifted(9e8, 9e8, 10), "lies nowhere on the earth"),
        ("EPSG:3857", shifted(9e8, 7e6, 10), "lies nowhere on the earth"),
    ],
)
def test_a_crs_that_cannot_be_right_is_refused(
    tmp_path: Path, crs: str, place: Affine, says: str
) -> None:
    with pytest.raises(LayerError, match=says):
        level(written(tmp_path / "a.tif", MIXED, crs=crs, transform=place))


def test_a_local_crs_is_refused(tmp_path: Path) -> None:
    local = 'LOCAL_CS["site grid",UNIT["metre",1]]'
    with pytest.raises(LayerError, match="its CRS is local"):
        level(written(tmp_path / "a.tif", MIXED, crs=local))


@pytest.mark.parametrize(
    "place",
    [
        Affine(10, 2, WEST, 0, -10, NORTH),
        Affine(8, 6, WEST, 6, -8, NORTH),
        Affine(-10, 0, WEST, 0, -10, NORTH),
    ],
    ids=["sheared", "rotated", "mirrored"],
)
def test_a_grid_that_is_not_upright_is_refused(tmp_path: Path, place: Affine) -> None:
    with pytest.raises(LayerError, match=r"a\.tif: a grid must run from north to south.*gdalwarp"):
        level(written(tmp_path / "a.tif", MIXED, transform=place))


def test_rounding_in_the_corners_is_no_rotation(tmp_path: Path) -> None:
    tilted = Affine(10, 1e-9, WEST, -1e-9, -10, NORTH)
    layer = level(written(tmp_path / "a.tif", MIXED, transform=tilted))
    assert layer.grid.transform == (10, 0, WEST, 0, -10, NORTH)


def test_a_raster_that_stands_on_its_head_is_turned_over(tmp_path: Path) -> None:
    upright = level(written(tmp_path / "a.tif", MIXED, tiled=True, blockxsize=64, blockysize=64))
    south_up = Affine(CELL, 0, WEST, 0, CELL, NORTH - 3000)
    turned = level(
        written(
            tmp_path / "b.tif", MIXED[::-1], transform=south_up, tiled=True, blockxsize=64,
            blockysize=64,
        )
    )  # fmt: skip
    assert turned.grid == upright.grid
    window = (WEST + 100, NORTH - 250, WEST + 300, NORTH - 30)
    np.testing.assert_array_equal(read_band(turned).values, MIXED)
    np.testing.assert_array_equal(
        read_band(turned, bounds=window).values, read_band(upright, bounds=window).values
    )
    for one, other in blocks([upright, turned], side=64):
        np.testing.assert_array_equal(one.values, other.values)


def test_no_overlap_says_what_the_raster_covers(tmp_path: Path) -> None:
    layer = level(written(tmp_path / "a.tif", MIXED))
    with pytest.raises(
        LayerError, match="does not reach the area 0 0 10 10; it covers 400000 6097000 402600"
    ):
        read_band(layer, bounds=(0, 0, 10, 10))


def test_a_box_beside_the_raster_that_shares_an_edge_does_not_reach_it(tmp_path: Path) -> None:
    layer = level(written(tmp_path / "a.tif", MIXED))
    with pytest.raises(LayerError, match="does not reach"):
        read_band(layer, bounds=(WEST - 50, NORTH - 100, WEST, NORTH))


@pytest.mark.parametrize(
    "bounds", [(36, 55, np.nan, 56), (10, 0, 0, 10), (0, 10, 10, 0)], ids=["nan", "west", "south"]
)
def test_a_box_that_is_none_is_refused(
    tmp_path: Path, bounds: tuple[float, float, float, float]
) -> None:
    layer = level(written(tmp_path / "a.tif", MIXED))
    with pytest.raises(LayerError, match="give west, south, east, north"):
        read_band(layer, bounds=bounds)


def test_an_area_without_anything_known_is_refused_unless_it_may_be_empty(tmp_path: Path) -> None:
    values = MIXED.copy()
    values[:10, :10] = 0
    layer = level(written(tmp_path / "a.tif", values, nodata=0))
    empty = (WEST, NORTH - 100, WEST + 100, NORTH)
    with pytest.raises(
        LayerError, match=r"nothing is known in the area .* all 100 cells are nodata"
    ):
        read_band(layer, bounds=empty)
    assert np.isnan(read_band(layer, bounds=empty, may_be_empty=True).values).all()
    assert read_band(layer, bounds=(WEST, NORTH - 110, WEST + 110, NORTH)).values.size == 121


def test_a_band_that_is_not_there_is_named(tmp_path: Path) -> None:
    path = written(tmp_path / "a.tif", np.stack([MIXED, MIXED + 1]))
    np.testing.assert_array_equal(read_band(level(path, band=2)).values, MIXED + 1)
    for band in (0, 3):
        with pytest.raises(LayerError, match=rf"has 2 band\(s\); band {band} was asked for"):
            level(path, band=band)


def test_complex_numbers_are_refused(tmp_path: Path) -> None:
    with pytest.raises(LayerError, match=r"holds complex numbers \(complex64\)"):
        level(written(tmp_path / "a.tif", MIXED.astype("complex64")))


@pytest.fixture(scope="module")
def huge(tmp_path_factory: pytest.TempPathFactory) -> RasterLayer:
    """Return 40,000 × 40,000 cells, of which one tile is stored."""
    path = tmp_path_factory.mktemp("huge") / "huge.tif"
    with rasterio.open(
        path, "w", driver="GTiff", height=40_000, width=40_000, count=1, dtype="float32",
        crs="EPSG:32637", transform=Affine(10, 0, 300_000, 0, -10, 6_300_000), tiled=True,
        blockxsize=512, blockysize=512, SPARSE_OK=True, BIGTIFF="YES",
    ) as file:  # fmt: skip
        file.write(np.full((1, 512, 512), 7, dtype="float32"),
                   window=rasterio.windows.Window(1024, 512, 512, 512))  # fmt: skip
    return level(path)


def test_a_raster_larger_than_memory_is_refused_with_the_numbers(huge: RasterLayer) -> None:
    assert Path(huge.path).stat().st_size < 5e6
    with pytest.raises(LayerError, match=r"40,000 × 40,000 cells would take 12\.8 GB of memory"):
        read_band(huge)


def test_a_raster_larger_than_memory_is_read_in_parts(huge: RasterLayer) -> None:
    tracemalloc.start()
    first = list(itertools.islice(blocks([huge]), 3))
    _, most = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert [block[0].values.shape for block in first] == [(1024, 1024)] * 3
    assert first[1][0].values.sum() == 7 * 512 * 512
    assert most < 60e6
    box_of_ten = (300_000 + 10_240, 6_300_000 - 5_220, 300_000 + 10_340, 6_300_000 - 5_120)
    assert (read_band(huge, bounds=box_of_ten).values == 7).all()


@pytest.mark.parametrize("dtype", ["uint8", "int16", "uint32", "float32", "float64"])
def test_nodata_is_read_as_nothing_known(tmp_path: Path, dtype: str) -> None:
    nodata = {"uint32": 4294967295, "float32": -3.4028234663852886e38}.get(dtype, 250)
    values = MIXED.astype(dtype)
    values[3, 4] = nodata
    found = read_band(level(written(tmp_path / "a.tif", values, nodata=nodata))).values
    assert np.argwhere(np.isnan(found)).tolist() == [[3, 4]]


def test_decimals_of_nodata_are_cut_to_the_width_of_the_numbers(tmp_path: Path) -> None:
    values = MIXED.astype("float32")
    values[0, 0], values[0, 1] = -99999.9, -3.4028234663852886e38
    path = written(tmp_path / "a.tif", values)
    for nodata in (-99999.9, np.float64(-99999.9)):
        assert np.isnan(read_band(level(path, nodata=nodata)).values).sum() == 1
    assert not np.isnan(read_band(level(path, nodata=1e39)).values).any()
    # A text of 15 digits, as many tools write it, lies beyond what 32 bits hold.
    assert np.isnan(read_band(level(path, nodata=-3.40282346638529e38)).values).sum() == 1


def test_nan_and_infinity_are_nothing_known(tmp_path: Path) -> None:
    values = MIXED.astype("float32")
    values[0, :3] = np.nan, np.inf, -np.inf
    for nodata in (np.nan, None):
        layer = level(written(tmp_path / "a.tif", values, nodata=nodata))
        assert np.isnan(read_band(layer).values).sum() == 3


@pytest.mark.parametrize("nodata", [-9999, 256, 2.5, np.nan])
def test_a_nodata_value_that_no_cell_can_hold_is_refused(tmp_path: Path, nodata: float) -> None:
    path = written(tmp_path / "a.tif", MIXED)
    with pytest.raises(LayerError, match=r"no cell can hold the nodata value .* \(0 to 255\)"):
        level(path, nodata=nodata)
    assert level(path, nodata=None).nodata is None


def test_nodata_given_stands_before_the_files_own(tmp_path: Path) -> None:
    path = written(tmp_path / "a.tif", MIXED, nodata=255)
    assert np.isnan(read_band(level(path, nodata=7)).values).sum() == (MIXED == 7).sum() > 0
    assert not np.isnan(read_band(level(path, nodata=None)).values).any()


def test_scale_and_offset_of_the_file_are_applied_after_nodata(tmp_path: Path) -> None:
    values = np.array([[0, 100], [5000, 10000]], dtype="uint16")
    path = written(
        tmp_path / "a.tif", values, nodata=0, described={"scales": 0.0001, "offsets": -0.1}
    )
    layer = level(path)
    assert (layer.scale, layer.offset) == (0.0001, -0.1)
    np.testing.assert_allclose(read_band(layer).values, [[np.nan, -0.09], [0.4, 0.9]])
    np.testing.assert_allclose(next(blocks([layer]))[0].values, [[np.nan, -0.09], [0.4, 0.9]])
    for wrong in ({"scale": 0.0}, {"offset": np.inf}):
        with pytest.raises(LayerError, match="mean nothing"):
            level(path, **wrong)


def test_the_files_own_unit_stands_where_none_is_given(tmp_path: Path) -> None:
    path = written(tmp_path / "a.tif", MIXED, described={"units": "persons/km2"})
    assert raster_layer(path, quantity="density", unit="").unit == "persons/km2"
    assert raster_layer(path, quantity="density", unit="persons per km2").unit == "persons per km2"
    with pytest.raises(LayerError, match="gives the unit 'persons/km2', a density"):
        raster_layer(path, quantity="count", unit="persons")


def test_cells_that_the_files_mask_leaves_out_are_nothing_known(tmp_path: Path) -> None:
    mask = np.full(MIXED.shape, 255, dtype="uint8")
    mask[5:8, 5:9] = 0
    with rasterio.Env(GDAL_TIFF_INTERNAL_MASK=True):
        layer = level(written(tmp_path / "a.tif", MIXED, mask=mask, tiled=True, blockxsize=64,
                              blockysize=64))  # fmt: skip
    found = read_band(layer).values
    np.testing.assert_array_equal(np.isnan(found), mask == 0)
    pieced = np.isnan(np.concatenate([part[0].values.ravel() for part in blocks([layer], side=64)]))
    assert pieced.sum() == 12


def test_cells_that_the_alpha_band_leaves_out_are_nothing_known(tmp_path: Path) -> None:
    alpha = np.where(np.arange(MIXED.size).reshape(MIXED.shape) % 7, 255, 0).astype("uint8")
    layer = level(written(tmp_path / "a.tif", np.stack([MIXED, alpha]), alpha="yes"))
    np.testing.assert_array_equal(np.isnan(read_band(layer).values), alpha == 0)


def test_a_grid_of_points_has_its_cells_centred_on_them(tmp_path: Path) -> None:
    # Without the rule, GDAL writes the corner as if it were the first point.
    with rasterio.Env(GTIFF_POINT_GEO_IGNORE=True):
        path = written(tmp_path / "a.tif", MIXED, crs="EPSG:4326", transform=shifted(36, 56, 0.01))
        with rasterio.open(path, "r+") as file:
            file.update_tags(AREA_OR_POINT="Point")
    layer = level(path)
    assert layer.grid.bounds[0] == pytest.approx(36 - 0.005)
    assert layer.grid.bounds[3] == pytest.approx(56 + 0.005)


def test_longitudes_beyond_180_are_shifted_to_the_west(tmp_path: Path) -> None:
    layer = level(
        written(tmp_path / "a.tif", MIXED, crs="EPSG:4326", transform=shifted(285, 41, 0.01))
    )
    assert layer.grid.bounds[0] == pytest.approx(-75)
    np.testing.assert_array_equal(read_band(layer, bounds=(-75, 40, -74.9, 41)).values,
                                  MIXED[:100, :10])  # fmt: skip


def test_a_world_from_0_to_360_is_refused(tmp_path: Path) -> None:
    world = written(tmp_path / "a.tif", MIXED[:180, :180], crs="EPSG:4326",
                    transform=Affine(2, 0, 0, 0, -1, 90))  # fmt: skip
    with pytest.raises(LayerError, match="longitudes run from 0 to 360, not from -180 to 180"):
        level(world)


@pytest.mark.parametrize("left", [170, -190])
def test_a_grid_across_the_antimeridian_is_refused(tmp_path: Path, left: float) -> None:
    path = written(tmp_path / "a.tif", MIXED, crs="EPSG:4326", transform=shifted(left, 70, 0.08))
    with pytest.raises(LayerError, match=r"crosses the antimeridian.*cut it there into two"):
        level(path)


def test_a_world_of_points_may_reach_half_a_cell_beyond(tmp_path: Path) -> None:
    world = written(tmp_path / "a.tif", MIXED[:181, :181], crs="EPSG:4326",
                    transform=Affine(2, 0, -181, 0, -1, 90.5))  # fmt: skip
    assert level(world).grid.bounds == (-181, -90.5, 181, 90.5)


def test_the_resolution_of_a_corner_of_the_world_is_taken_where_there_is_earth() -> None:
    corner = Grid(crs="ESRI:54009", transform=(1000, 0, -6_041_000, 0, -1000, 9_000_000),
                  height=1000, width=1000)  # fmt: skip
    assert ground_resolution_m(corner) == pytest.approx(1000, rel=0.01)


@pytest.mark.parametrize(
    ("layout", "shape"),
    [
        ({"tiled": True, "blockxsize": 64, "blockysize": 64}, (192, 192)),
        ({"tiled": True, "blockxsize": 128, "blockysize": 256}, (256, 128)),
        ({"blockysize": 8}, (152, 260)),
        ({"blockysize": 100}, (100, 260)),
    ],
    ids=["tiles", "large tiles", "strips", "tall strips"],
)
def test_blocks_follow_the_tiles_so_that_none_is_read_twice(
    tmp_path: Path, layout: dict[str, int], shape: tuple[int, int]
) -> None:
    layer = level(written(tmp_path / "a.tif", MIXED, **layout))
    parts = [part[0] for part in blocks([layer], side=200)]
    assert parts[0].values.shape == shape
    tall, wide = layout["blockysize"], layout.get("blockxsize", 260)
    seen = np.zeros(MIXED.shape, dtype=int)
    for part in parts:
        west, _, _, north = part.grid.bounds
        row, column = round((NORTH - north) / CELL), round((west - WEST) / CELL)
        assert (row % tall, column % wide) == (0, 0)
        rows, columns = part.values.shape
        np.testing.assert_array_equal(
            part.values, MIXED[row : row + rows, column : column + columns]
        )
        seen[row : row + rows, column : column + columns] += 1
    assert (seen == 1).all()


def test_a_tile_far_larger_than_a_block_is_read_in_parts(tmp_path: Path) -> None:
    layer = level(written(tmp_path / "a.tif", MIXED, tiled=True, blockxsize=256, blockysize=256))
    assert next(blocks([layer], side=16))[0].values.shape == (16, 16)


def test_rasters_of_one_grid_are_read_side_by_side(tmp_path: Path) -> None:
    tiles = level(written(tmp_path / "a.tif", MIXED, tiled=True, blockxsize=64, blockysize=64))
    named = "+proj=utm +zone=37 +datum=WGS84 +units=m +no_defs"
    strips = level(written(tmp_path / "b.tif", MIXED * 1.0, blockysize=3, crs=named))
    for one, other in blocks([tiles, strips], side=50):
        np.testing.assert_array_equal(one.values, other.values)
        assert one.grid == other.grid


def test_grids_are_the_same_however_the_crs_is_spelled() -> None:
    place = (10.0, 0.0, WEST, 0.0, -10.0, NORTH)
    wkt = rasterio.crs.CRS.from_epsg(32637).to_wkt()
    one, other = (Grid(crs=crs, transform=place, height=9, width=9) for crs in ("EPSG:32637", wkt))
    assert one != other
    assert is_same_grid(one, other)


def test_rasters_of_different_grids_are_not_read_side_by_side(tmp_path: Path) -> None:
    one = level(written(tmp_path / "a.tif", MIXED))
    moved = level(written(tmp_path / "b.tif", MIXED, transform=shifted(WEST + 5, NORTH, 10)))
    smaller = level(written(tmp_path / "c.tif", MIXED[:-1]))
    elsewhere = level(written(tmp_path / "d.tif", MIXED, crs="EPSG:32636"))
    for other in (moved, smaller, elsewhere):
        assert not is_same_grid(one.grid, other.grid)
        with pytest.raises(LayerError, match="do not lie on the same grid"):
            next(blocks([one, other]))
    with pytest.raises(LayerError, match="one raster or more"):
        next(blocks([]))


def test_a_file_that_changed_since_is_refused(tmp_path: Path) -> None:
    layer = level(written(tmp_path / "a.tif", MIXED))
    written(tmp_path / "a.tif", MIXED[:100])
    with pytest.raises(LayerError, match="has 100 × 260 cells, the layer 'a' was made for"):
        read_band(layer)


def test_reading_leaves_gdals_settings_as_they_were(tmp_path: Path) -> None:
    layer = level(written(tmp_path / "a.tif", MIXED))
    before = get_gdal_config("GDAL_CACHEMAX")
    with opened(layer.path):
        assert get_gdal_config("GDAL_CACHEMAX") == 64 * 1024 * 1024
    running = blocks([layer], side=64)
    other = blocks([layer], side=64)
    # Two readings cross, and one is left unfinished: neither may disturb the other's settings.
    next(running), next(other), next(running)
    running.close()
    next(other)
    assert get_gdal_config("GDAL_CACHEMAX") == before


def test_only_addresses_are_read_with_patience() -> None:
    assert set(gdal_options(Path("a.tif"))) == {"GDAL_CACHEMAX", "GDAL_NUM_THREADS"}
    options = gdal_options("https://example.org/a.tif")
    assert options["GDAL_DISABLE_READDIR_ON_OPEN"] == "EMPTY_DIR"
    assert int(options["GDAL_HTTP_MAX_RETRY"]) >= 1
    assert int(options["GDAL_HTTP_TIMEOUT"]) >= 1
    assert is_address("/vsizip/a.zip/b.tif")
    assert not is_address(Path("https:/a.tif"))


@pytest.fixture
def server(monkeypatch: pytest.MonkeyPatch) -> Iterator[FileServer]:
    """Return a server, and ask it again without a rest."""
    monkeypatch.setattr(raster_opening, "RETRY_S", 0.01)
    with FileServer() as running:
        yield running


def test_a_raster_on_a_server_is_read_in_parts(server: FileServer, tmp_path: Path) -> None:
    noise = np.random.default_rng(1).integers(1, 200, (2000, 2000)).astype("uint8")
    content = written(tmp_path / "a.tif", noise, tiled=True, blockxsize=128,
                      blockysize=128).read_bytes()  # fmt: skip
    address = server.put("/a.tif", content)
    layer = level(f"{address}?token=secret")
    part = read_band(layer, bounds=(WEST + 10_000, NORTH - 12_000, WEST + 11_000, NORTH - 11_000))
    np.testing.assert_array_equal(part.values, noise[1100:1200, 1000:1100])
    assert server.sent["/a.tif"] < len(content) / 4
    assert layer.name == "a"


@pytest.mark.parametrize(
    ("status", "times", "hint"),
    [
        (403, 1, "it refuses: check the address"),
        (404, 1, "nothing is there: check the address"),
        (429, 4, "too many requests: wait"),
        (500, 4, "try again later"),
        (503, 4, "try again later"),
    ],
)
def test_what_a_server_answers_is_said_without_the_token(
    server: FileServer, status: int, times: int, hint: str
) -> None:
    server.files["/a.tif"] = b"some bytes"
    server.faults["/a.tif"] = [Fault(status=status)] * 20
    address = f"{server.url}/a.tif".replace("//", "//me:password@") + "?token=secret"
    with pytest.raises(LayerError) as caught:
        level(address)
    said = str(caught.value)
    host = server.url.removeprefix("http://")
    assert said.startswith(f"http://{host}/a.tif cannot be read: {host} answered {status}; {hint}")
    assert "password" not in said
    assert "secret" not in said
    assert len(server.requests("/a.tif")) == times


def test_a_busy_server_that_answers_at_last_is_read(server: FileServer, tmp_path: Path) -> None:
    address = server.put("/b.tif", written(tmp_path / "b.tif", MIXED).read_bytes())
    server.faults["/b.tif"] = [Fault(status=503), Fault(status=429)]
    np.testing.assert_array_equal(read_band(level(address)).values, MIXED)


def test_a_connection_that_breaks_while_cells_are_read_names_the_host(
    server: FileServer, tmp_path: Path
) -> None:
    noise = np.random.default_rng(1).integers(1, 200, (1000, 1000)).astype("uint8")
    address = server.put("/c.tif", written(tmp_path / "c.tif", noise).read_bytes())
    layer = level(address)
    server.faults["/c.tif"] = [Fault(cut_after=100)] * 20
    host = server.url.removeprefix("http://")
    with pytest.raises(LayerError, match=f"{host} did not send all that was asked for"):
        read_band(layer, bounds=(WEST, NORTH - 9990, WEST + 90, NORTH - 9000))


def test_a_server_that_is_not_there_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(raster_opening, "RETRY_S", 0.01)
    with FileServer() as gone:
        address = f"{gone.url}/a.tif"
    with pytest.raises(LayerError, match=r"the connection to 127\.0\.0\.1:\d+ failed or broke off"):
        level(address)


def test_a_page_in_place_of_a_raster_is_named(server: FileServer) -> None:
    address = server.put("/page.tif", b"<html>Please log in</html>" * 100)
    with pytest.raises(LayerError, match=r"no raster that can be read here; 127.* sent something"):
        level(address)


def zones_at(*bounds: float, crs: str = "EPSG:4326") -> gpd.GeoDataFrame:
    return gpd.GeoDataFrame({"zone_id": ["a"]}, geometry=[box(*bounds)], crs=crs)


@pytest.mark.parametrize("crs", ["EPSG:4326", "EPSG:3857", "ESRI:54009", "EPSG:32637"])
@pytest.mark.parametrize("own", ["EPSG:4326", "EPSG:32637"])
def test_the_box_round_zones_holds_them_in_every_crs(crs: str, own: str) -> None:
    zones = zones_at(36, 54.7, 37.3, 55.5).to_crs(own)
    step = 0.001 if crs == "EPSG:4326" else 100
    grid = Grid(crs=crs, transform=(step, 0, 0, 0, -step, 0), height=9, width=9)
    west, south, east, north = bounds_in(grid, zones, margin_cells=0)
    edges = zones.segmentize(zones.total_bounds[2:].max() / 1e5).to_crs(crs).total_bounds
    assert west <= edges[0] + step / 100
    assert south <= edges[1] + step / 100
    assert east >= edges[2] - step / 100
    assert north >= edges[3] - step / 100
    wider = bounds_in(grid, zones, margin_cells=2)
    assert np.subtract(wider, (west, south, east, north)) == pytest.approx(
        [-2 * step, -2 * step, 2 * step, 2 * step]
    )


def test_zones_that_lie_nowhere_have_no_box() -> None:
    grid = Grid(crs="EPSG:32637", transform=(10, 0, 0, 0, -10, 0), height=9, width=9)
    none = zones_at(36, 54, 37, 55).set_crs(None, allow_override=True)
    for zones in (none, zones_at(36, 54, 37, 55).iloc[:0]):
        with pytest.raises(LayerError, match="no CRS or no area"):
            bounds_in(grid, zones)
    degrees = Grid(crs="EPSG:4326", transform=(1, 0, 0, 0, -1, 0), height=9, width=9)
    chukotka = zones_at(500_000, 7_300_000, 900_000, 7_400_000, crs="EPSG:32660")
    with pytest.raises(LayerError, match="or cross its edge"):
        bounds_in(degrees, chukotka)
