"""Cloud-Optimised GeoTIFFs: what is written is what was meant, and readers find their way."""

from __future__ import annotations

import json
import struct
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pyproj
import pytest
import rasterio

from agglo.errors import LayerError, OutputError
from agglo.layers.cog import tags_of_layers, write_cog
from agglo.layers.raster_files import raster_layer, read_band
from agglo.rasters import Band, Grid, LandClass, RasterLayer

ODD_CRS = (
    "EPSG:4326",
    "EPSG:3857",
    "ESRI:54009",
    "EPSG:32637",
    pyproj.CRS("+proj=laea +lat_0=55 +lon_0=37 +ellps=krass +units=m").to_wkt(),
)
CLASSES = {
    1: LandClass(kind="built", name_ru="Город «А»", name_en="Town", colour="#d01c8b"),
    7: LandClass(kind="forest", name_ru="Лес", name_en="Wood", colour="#1B7837"),
}


def grid_of(rows: int, columns: int, *, crs: str = "EPSG:32637", cell: float = 10.0) -> Grid:
    west, north = (37.0, 55.0) if crs == "EPSG:4326" else (400_000.0, 6_100_000.0)
    cell = 0.001 if crs == "EPSG:4326" else cell
    return Grid(crs=crs, transform=(cell, 0, west, 0, -cell, north), height=rows, width=columns)


def waves(rows: int, columns: int) -> np.ndarray:
    down, across = np.mgrid[:rows, :columns]
    return np.sin(down / 50) * np.cos(across / 70)


def write(path: Path, values: Any, grid: Grid, **choices: Any) -> Path:
    write_cog(path, values, grid, **{"quantity": "level", "unit": "index", **choices})
    return path


def cut(values: np.ndarray, grid: Grid, *, side: int) -> Iterator[Band]:
    for row in range(0, grid.height, side):
        for column in range(0, grid.width, side):
            part = values[row : row + side, column : column + side]
            yield Band(values=part, grid=grid.part(row, column, *part.shape))


def structure(path: Path) -> list[tuple[int, int]]:
    """Width and offset of each picture of a TIFF, by its own bytes, and not by GDAL's word."""
    raw, found = path.read_bytes(), []
    assert raw[:4] == b"II*\0"
    (at,) = struct.unpack_from("<I", raw, 4)
    while at:
        (count,) = struct.unpack_from("<H", raw, at)
        tags = {}
        for entry in range(count):
            tag, kind, many, value = struct.unpack_from("<HHII", raw, at + 2 + 12 * entry)
            tags[tag] = (kind, many, at + 2 + 12 * entry + 8, value)
        width = struct.unpack_from("<H" if tags[256][0] == 3 else "<I", raw, tags[256][2])[0]
        _, many, place, value = tags[324]
        first = struct.unpack_from("<I", raw, place if many == 1 else value)[0]
        found.append((width, first))
        (at,) = struct.unpack_from("<I", raw, at + 2 + 12 * count)
    return found


def test_numbers_unit_gaps_and_words_come_back(tmp_path: Path) -> None:
    values, grid = waves(30, 19), grid_of(30, 19)
    values[4, 5] = np.nan
    path = write(
        tmp_path / "ndvi.tif", values, grid, description="Индекс «зелени»",
        metadata={"source": "USGS", "licence": "CC0", "attribution": "© somebody",
                  "epoch": "2018", "status": "observed", "note": ""},
    )  # fmt: skip
    with rasterio.open(path) as file:
        assert file.units == ("index",)
        assert file.descriptions == ("Индекс «зелени»",)
        assert np.isnan(file.nodata)
        assert file.tags()["attribution"] == "© somebody"
        assert file.tags()["quantity"] == "level"
        assert "note" not in file.tags()
    back = read_band(raster_layer(path, quantity="level", unit=""))
    np.testing.assert_array_equal(back.values, values.astype("float32").astype(float))
    assert back.grid == grid


def test_a_large_raster_has_tiles_overviews_and_the_layout_of_a_cog(tmp_path: Path) -> None:
    path = write(tmp_path / "big.tif", waves(1300, 1100), grid_of(1300, 1100))
    with rasterio.open(path) as file:
        assert file.tags(ns="IMAGE_STRUCTURE")["LAYOUT"] == "COG"
        assert file.block_shapes == [(512, 512)]
        assert file.overviews(1) == [2, 4]
    assert b"LAYOUT=IFDS_BEFORE_DATA" in path.read_bytes()[:200]


def test_the_smallest_overview_comes_first_in_the_file(tmp_path: Path) -> None:
    path = write(tmp_path / "big.tif", waves(1300, 1100), grid_of(1300, 1100))
    pictures = structure(path)
    assert [width for width, _ in pictures] == [1100, 550, 275]
    assert [at for _, at in pictures] == sorted((at for _, at in pictures), reverse=True)


@pytest.mark.parametrize("shape", [(1, 1), (30, 19), (512, 512), (513, 2)])
def test_small_rasters_work_too(tmp_path: Path, shape: tuple[int, int]) -> None:
    values = waves(*shape)
    path = write(tmp_path / "small.tif", values, grid_of(*shape), dtype="float64")
    with rasterio.open(path) as file:
        np.testing.assert_array_equal(file.read(1), values)
        assert file.tags(ns="IMAGE_STRUCTURE")["LAYOUT"] == "COG"
        assert bool(file.overviews(1)) == (max(shape) > 512)


@pytest.mark.parametrize("crs", ODD_CRS)
def test_every_crs_comes_back_and_nothing_lies_beside_the_file(tmp_path: Path, crs: str) -> None:
    grid = grid_of(30, 19, crs=crs)
    path = write(tmp_path / "out" / "a.tif", waves(30, 19), grid)
    with rasterio.open(path) as file:
        assert file.crs == rasterio.crs.CRS.from_user_input(crs)
        assert tuple(file.transform)[:6] == pytest.approx(grid.transform)
    assert list(path.parent.iterdir()) == [path]


def test_the_same_input_gives_the_same_bytes(tmp_path: Path) -> None:
    values, grid = waves(1300, 1100), grid_of(1300, 1100)
    one = write(tmp_path / "a.tif", values, grid, metadata={"source": "x", "epoch": "2020"})
    two = write(tmp_path / "b.tif", values, grid, metadata={"epoch": "2020", "source": "x"})
    three = write(tmp_path / "c.tif", cut(values, grid, side=512), grid,
                  metadata={"epoch": "2020", "source": "x"})  # fmt: skip
    assert one.read_bytes() == two.read_bytes() == three.read_bytes()


@pytest.mark.parametrize("side", [100, 512, 1024])
def test_blocks_of_any_size_and_order_make_the_same_picture(tmp_path: Path, side: int) -> None:
    values, grid = waves(700, 650), grid_of(700, 650)
    backwards = reversed(list(cut(values, grid, side=side)))
    path = write(tmp_path / "a.tif", backwards, grid, dtype="float64")
    with rasterio.open(path) as file:
        np.testing.assert_array_equal(file.read(1), values)


def test_classes_bring_their_colours_and_names(tmp_path: Path) -> None:
    codes = np.full((600, 600), 7.0)
    codes[:, :100], codes[0, 0], codes[5, 5] = 1.0, np.nan, 9.0
    path = write(
        tmp_path / "cover.tif", codes, grid_of(600, 600), quantity="class", unit="code",
        dtype="uint8", nodata=255, classes=CLASSES, colours={9: "#0000ff"},
    )  # fmt: skip
    with rasterio.open(path) as file:
        table = file.colormap(1)
        assert table[1] == (0xD0, 0x1C, 0x8B, 255)
        assert table[7] == (0x1B, 0x78, 0x37, 255)
        assert table[9] == (0, 0, 255, 255)
        assert table[255][3] == 0
        names = json.loads(file.tags()["classes"])
        assert file.read(1)[0, 0] == 255
    assert names["1"] == {
        "kind": "built", "ru": "Город «А»", "en": "Town", "colour": "#d01c8b"
    }  # fmt: skip
    assert list(names) == ["1", "7"]


def test_zoomed_out_classes_are_those_of_most_cells_and_levels_are_means(tmp_path: Path) -> None:
    values = np.ones((1024, 1024))
    values[::2, ::2] = 7.0  # one cell in four, and the one that the nearest would take
    grid = grid_of(1024, 1024)
    for quantity, expected in (("class", 1.0), ("level", 2.5), ("count", 2.5)):
        path = write(tmp_path / f"{quantity}.tif", values, grid, quantity=quantity)
        with rasterio.open(path, overview_level=0) as file:
            assert np.unique(file.read(1)).tolist() == [expected]


def test_unknown_cells_do_not_darken_the_zoomed_out_view(tmp_path: Path) -> None:
    values = np.full((1024, 1024), 4.0)
    values[::2] = np.nan
    for dtype, nodata in (("float32", None), ("int16", -1)):
        path = write(
            tmp_path / f"{dtype}.tif", values, grid_of(1024, 1024), dtype=dtype, nodata=nodata
        )
        with rasterio.open(path, overview_level=0) as file:
            assert np.unique(file.read(1)).tolist() == [4.0]


def test_a_raster_of_which_nothing_is_known_can_be_written(tmp_path: Path) -> None:
    path = write(tmp_path / "a.tif", np.full((600, 20), np.nan), grid_of(600, 20))
    with rasterio.open(path) as file:
        assert np.isnan(file.read(1)).all()


def test_arrays_of_integers_keep_their_nodata(tmp_path: Path) -> None:
    codes = np.array([[1, 0], [255, 3]], dtype="uint8")
    path = write(
        tmp_path / "a.tif", codes, grid_of(2, 2), quantity="class", dtype="uint8", nodata=0
    )
    with rasterio.open(path) as file:
        np.testing.assert_array_equal(file.read(1), codes)
        assert file.nodata == 0


@pytest.mark.parametrize(
    ("values", "choices", "match"),
    [
        ([[300.0]], {"dtype": "uint8"}, "300.0 cannot be stored as uint8; store it as float32"),
        ([[-1.0]], {"dtype": "uint16"}, "-1.0 cannot be stored"),
        ([[0.5]], {"dtype": "int32"}, "0.5 cannot be stored as int32"),
        ([[1e60]], {}, "cannot be stored as float32; numbers must be finite"),
        ([[np.inf]], {}, "inf cannot be stored"),
        ([[np.nan]], {"dtype": "int16"}, "no nodata number is given"),
        ([[255.0]], {"dtype": "uint8", "nodata": 255}, "255 stands for unknown, yet some cells"),
        ([[1.0]], {"dtype": "uint8", "nodata": -9999}, "nodata -9999 cannot be stored as uint8"),
        ([[1.0]], {"dtype": "uint8", "nodata": np.nan}, "nodata nan cannot be stored as uint8"),
        ([[1.0, 2.0]], {}, r"the numbers have the shape \(1, 2\), not \(1, 1\)"),
        ([[1.0]], {"quantity": "ndvi"}, "quantity must be one of .* got 'ndvi'"),
        ([[1.0]], {"dtype": "uint8", "colours": {1: "red"}}, "colour of class 1 must be '#rrggbb'"),
    ],
)  # fmt: skip
def test_numbers_that_would_be_bent_are_refused_and_leave_nothing(
    tmp_path: Path, values: list[list[float]], choices: dict[str, Any], match: str
) -> None:
    with pytest.raises(LayerError, match=match):
        write(tmp_path / "a.tif", np.array(values), grid_of(1, 1), **choices)
    assert list(tmp_path.iterdir()) == []


def test_blocks_that_leave_a_gap_or_lie_elsewhere_are_refused(tmp_path: Path) -> None:
    values, grid = waves(20, 20), grid_of(20, 20)
    parts = list(cut(values, grid, side=10))
    with pytest.raises(LayerError, match="the blocks cover 300 cells, the grid has 400"):
        write(tmp_path / "a.tif", parts[:3], grid)
    with pytest.raises(LayerError, match="is no part of the grid"):
        write(tmp_path / "a.tif", parts, grid_of(20, 20, cell=20.0))
    shifted = Band(values=values, grid=Grid(
        crs=grid.crs, transform=(10, 0, 400_005, 0, -10, 6_100_000), height=20, width=20
    ))  # fmt: skip
    with pytest.raises(LayerError, match="is no part of the grid"):
        write(tmp_path / "a.tif", [shifted], grid)
    assert list(tmp_path.iterdir()) == []


def test_a_source_that_breaks_half_way_leaves_nothing(tmp_path: Path) -> None:
    def breaking() -> Iterator[Band]:
        yield from list(cut(waves(20, 20), grid_of(20, 20), side=10))[:2]
        raise LayerError("the server hung up")

    with pytest.raises(LayerError, match="hung up"):
        write(tmp_path / "a.tif", breaking(), grid_of(20, 20))
    assert list(tmp_path.iterdir()) == []


def test_an_earlier_file_stays(tmp_path: Path) -> None:
    path = tmp_path / "a.tif"
    path.write_text("mine")
    with pytest.raises(OutputError, match="is there already"):
        write(path, waves(2, 2), grid_of(2, 2))
    assert path.read_text() == "mine"


def test_a_folder_that_is_a_file_is_one_clear_error(tmp_path: Path) -> None:
    (tmp_path / "out").write_text("mine")
    with pytest.raises(OutputError, match="cannot be written"):
        write(tmp_path / "out" / "a.tif", waves(2, 2), grid_of(2, 2))


def layer_of(path: Path, **about: Any) -> RasterLayer:
    return RasterLayer(
        name="a", path=path, grid=grid_of(1, 1), quantity="level", unit="index", resolution_m=10,
        **about,
    )  # fmt: skip


def test_what_is_made_of_several_layers_names_each_source_once_and_the_weakest_status() -> None:
    path = Path("a.tif")
    tags = tags_of_layers([
        layer_of(path, source="USGS", epoch="2018-01-31", role="vegetation", licence="CC0"),
        layer_of(path, source="ESA", epoch="2018-07-10", status="modelled", licence="CC0"),
    ])  # fmt: skip
    assert tags["source"] == "USGS; ESA"
    assert tags["licence"] == "CC0"
    assert tags["status"] == "modelled"
    assert tags["epoch"] == "2018"
    assert tags["role"] == "vegetation"
    assert (
        tags_of_layers([layer_of(path, epoch="2018"), layer_of(path, epoch="2019")])["epoch"] == ""
    )


@pytest.mark.parametrize("share", [0.5, 0.93, 0.96, 0.9995])
def test_a_full_disk_is_told_and_leaves_nothing(tmp_path: Path, share: float) -> None:
    resource = pytest.importorskip("resource", reason="Windows has no limit on the size of files")
    # noise does not shrink: with its overviews the copy is larger than the rough file
    values, grid = np.random.default_rng(0).random((1024, 1024)), grid_of(1024, 1024)
    whole = write(tmp_path / "whole.tif", values, grid, dtype="float64").stat().st_size
    soft, hard = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (int(whole * share), hard))
    try:
        with pytest.raises(OutputError, match=r"a\.tif cannot be written"):
            write(tmp_path / "a.tif", values, grid, dtype="float64")
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, (soft, hard))
    assert [path.name for path in tmp_path.iterdir()] == ["whole.tif"]
