"""What holds for every raster, box and block: nothing is lost, doubled or moved."""

from __future__ import annotations

from pathlib import Path

import geopandas as gpd
import numpy as np
import pytest
import rasterio
from affine import Affine
from hypothesis import given
from hypothesis import strategies as st
from shapely.geometry import box

from agglo.errors import LayerError
from agglo.layers.product_tiles import ghsl_box_m
from agglo.layers.products import ghsl_tiles, srtm_tiles
from agglo.layers.raster_files import blocks, bounds_in, raster_layer, read_band
from agglo.rasters import RasterLayer

WEST, NORTH = 400_000, 6_100_000
sides = st.integers(1, 70)
layouts = st.sampled_from(
    [{}, {"blockysize": 3}, {"tiled": True, "blockxsize": 16, "blockysize": 32}]
)


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("rasters")


def made(folder: Path, height: int, width: int, cell: int, layout: dict[str, int]) -> RasterLayer:
    values = np.arange(1, height * width + 1, dtype="int32").reshape(height, width)
    values[(values % 5) == 0] = -1
    with rasterio.open(
        folder / "a.tif", "w", driver="GTiff", height=height, width=width, count=1, dtype="int32",
        nodata=-1, crs="EPSG:32637", transform=Affine(cell, 0, WEST, 0, -cell, NORTH), **layout,
    ) as file:  # fmt: skip
        file.write(values, 1)
    return raster_layer(folder / "a.tif", quantity="count", unit="persons")


@given(height=sides, width=sides, side=sides, layout=layouts)
def test_blocks_hold_every_cell_once_in_rows_from_the_north(
    folder: Path, height: int, width: int, side: int, layout: dict[str, int]
) -> None:
    layer = made(folder, height, width, 10, layout)
    whole = read_band(layer, may_be_empty=True).values
    seen = np.full(whole.shape, np.nan)
    times = np.zeros(whole.shape, dtype=int)
    places = []
    for (part,) in blocks([layer], side=side):
        west, _, _, north = part.grid.bounds
        row, column = round((NORTH - north) / 10), round((west - WEST) / 10)
        rows, columns = part.grid.shape
        places.append((row, column))
        seen[row : row + rows, column : column + columns] = part.values
        times[row : row + rows, column : column + columns] += 1
    assert (times == 1).all()
    assert places == sorted(places)
    np.testing.assert_array_equal(seen, whole)


@given(
    height=sides, width=sides, cell=st.integers(1, 50),
    edges=st.tuples(*[st.floats(-40, 110) for _ in range(4)]),
)  # fmt: skip
def test_a_box_gives_just_the_cells_that_it_touches(
    folder: Path, height: int, width: int, cell: int, edges: tuple[float, float, float, float]
) -> None:
    layer = made(folder, height, width, cell, {})
    whole = read_band(layer, may_be_empty=True).values
    west, east = sorted(edges[:2])
    upper, lower = sorted(edges[2:])
    wanted = (
        WEST + west * cell, NORTH - lower * cell, WEST + east * cell, NORTH - upper * cell
    )  # fmt: skip
    # A margin on either side of rounding: cells that are well inside, and all that may be touched.
    inside = [
        (row, column)
        for row in range(height)
        for column in range(width)
        if west < column + 1 - 1e-5 and east > column + 1e-5
        and upper < row + 1 - 1e-5 and lower > row + 1e-5
    ]  # fmt: skip
    if min(east, width - west, lower, height - upper) < -1e-5:
        with pytest.raises(LayerError, match="does not reach"):
            read_band(layer, bounds=wanted, may_be_empty=True)
        return
    if min(east, width - west, lower, height - upper) < 1e-5:
        return  # touches no more than an edge: either answer is right
    part = read_band(layer, bounds=wanted, may_be_empty=True)
    left, _, _, top = part.grid.bounds
    row, column = round((NORTH - top) / cell), round((left - WEST) / cell)
    rows, columns = part.grid.shape
    np.testing.assert_array_equal(part.values, whole[row : row + rows, column : column + columns])
    for one in inside:
        assert row <= one[0] < row + rows
        assert column <= one[1] < column + columns
    assert west <= column + 1 + 1e-5
    assert east >= column + columns - 1 - 1e-5
    assert upper <= row + 1 + 1e-5
    assert lower >= row + rows - 1 - 1e-5


lons, lats = st.floats(-179, 178), st.floats(-55, 58)


@given(west=lons, south=lats, width=st.floats(0.01, 1), height=st.floats(0.01, 1))
def test_tiles_cover_the_region_that_asked_for_them(
    west: float, south: float, width: float, height: float
) -> None:
    area = (west, south, west + width, south + height)
    held = [
        box(int(tile[4:]) * (1 if tile[3] == "E" else -1),
            int(tile[1:3]) * (1 if tile[0] == "N" else -1),
            int(tile[4:]) * (1 if tile[3] == "E" else -1) + 1,
            int(tile[1:3]) * (1 if tile[0] == "N" else -1) + 1)
        for tile in srtm_tiles(area)
    ]  # fmt: skip
    assert gpd.GeoSeries(held).union_all().buffer(1e-6).covers(box(*area))
    assert len(held) <= 4


@given(west=st.floats(25, 60), south=st.floats(50, 60), size=st.floats(0.01, 8))
def test_ghsl_tiles_cover_a_region_on_land(west: float, south: float, size: float) -> None:
    zones = gpd.GeoDataFrame(
        geometry=[box(west, south, west + size, south + size)], crs="EPSG:4326"
    )
    moved = zones.segmentize(0.05).to_crs("ESRI:54009").geometry.iloc[0]
    held = gpd.GeoSeries([box(*ghsl_box_m(tile)) for tile in ghsl_tiles(zones)])
    assert held.union_all().buffer(1).covers(moved)
    assert (held.intersection(moved).area > 0).all()


@given(west=lons, south=lats, size=st.floats(0.01, 1))
def test_a_box_in_another_crs_holds_its_zones(west: float, south: float, size: float) -> None:
    zones = gpd.GeoDataFrame(
        geometry=[box(west, south, west + size, south + size)], crs="EPSG:4326"
    )
    from agglo.rasters import Grid

    grid = Grid(crs="ESRI:54009", transform=(100, 0, 0, 0, -100, 0), height=1, width=1)
    found = box(*bounds_in(grid, zones))
    assert found.covers(zones.segmentize(size / 7).to_crs(grid.crs).geometry.iloc[0])
