"""The rasters at hand are read whole, as their makers mean them."""

from __future__ import annotations

import csv
from pathlib import Path

import numpy as np
import pytest
import rasterio

from agglo.errors import LayerError
from agglo.layers.clouds import clear_of_bqa
from agglo.layers.land_classes import IGBP, NLCD
from agglo.layers.product_tiles import GHSL_COLUMNS, GHSL_LAND, ghsl_box_m
from agglo.layers.products import (
    PRODUCTS,
    check_change_pair,
    ghsl_tiles,
    layer_from_file,
    product_of,
)
from agglo.layers.raster_files import blocks, raster_layer, read_band
from agglo.layers.scenes import scene_layers


@pytest.fixture(scope="module")
def rasters(shared: Path) -> list[Path]:
    """Return every GeoTIFF at hand but the many scenes of New York."""
    found = sorted((shared / "data").glob("rasters*/*/*.tif"))
    assert len(found) >= 40
    return found


@pytest.fixture(scope="module")
def new_york(shared: Path) -> list[Path]:
    """Return the folders of 19 scenes of Landsat 8."""
    folders = sorted((shared / "data/rasters_elsewhere/landsat8_newyork_2018").glob("LC08*"))
    assert len(folders) == 19
    return folders


def test_every_raster_is_read_the_same_whole_in_blocks_and_by_rasterio(
    rasters: list[Path],
) -> None:
    for path in rasters:
        layer = raster_layer(path, quantity="level", unit="")
        whole = read_band(layer).values
        with rasterio.open(path) as file:
            plain = file.read(1, masked=True).astype("float64").filled(np.nan)
        np.testing.assert_array_equal(whole, plain, err_msg=path.name)
        pieced = [part[0].values for part in blocks([layer], side=100)]
        assert sum(part.size for part in pieced) == whole.size
        assert np.nansum([np.nansum(part) for part in pieced]) == pytest.approx(
            np.nansum(whole), rel=1e-12
        )
        assert layer.resolution_m > 25


def test_belgium_has_its_people(shared: Path) -> None:
    folder = shared / "data/rasters_elsewhere/belgium_ghsl_viirs"
    people = layer_from_file(folder / "POP.tif", product="ghs_pop_r2023a")
    built = layer_from_file(folder / "BUILT_S.tif", product="ghs_built_s_r2023a")
    land = layer_from_file(folder / "LAND.tif", product="ghs_land_r2022a")
    assert (built.nodata, land.nodata) == (4294967295, 4294967295)
    assert people.nodata is not None
    assert np.isnan(people.nodata)
    held = read_band(people).values
    assert np.nanmin(held) == 0
    # Belgium and its rim: the rectangle holds parts of four neighbours too.
    assert 11e6 < np.nansum(held) < 40e6
    assert np.nanmax(read_band(built).values) <= 1e6
    assert np.nanmax(read_band(land).values) <= 1e6


def test_every_tile_of_the_schema_of_ghsl_lies_where_it_says(shared: Path) -> None:
    path = shared / "data/rasters_elsewhere/ghsl_tile_schema/ghsl_mollweide_tiles.csv"
    with path.open(encoding="utf-8") as file:
        rows = list(csv.DictReader(file))
    assert len(rows) == 375
    for row in rows:
        box = tuple(float(row[edge]) for edge in ("left", "bottom", "right", "top"))
        assert ghsl_box_m(row["tile_id"]) == box, row["tile_id"]
    assert sorted(ghsl_tiles((-180, -89.9, 180, 89.9))) == sorted(row["tile_id"] for row in rows)
    assert (len(GHSL_LAND), GHSL_COLUMNS) == (18, 36)


def test_the_names_of_the_files_at_hand_are_recognised(rasters: list[Path]) -> None:
    found = {path.name: product.id for path in rasters if (product := product_of(path))}
    assert found == {
        **{f"gpw_v410_density_2015_8bit_{part}.tif": "gpw_v4_density_rev10"
           for part in ("area", "wide")},
        **{f"gpw_v411_density_2020_{kind}_{part}.tif": "gpw_v4_density_rev11"
           for kind in ("clean", "raw") for part in ("area", "wide")},
        **{f"mcd12c1_igbp_2019_{part}.tif": "modis_mcd12c1" for part in ("area", "wide")},
    }  # fmt: skip
    with pytest.raises(LayerError, match="are no change pair"):
        check_change_pair(PRODUCTS["gpw_v4_density_rev10"], PRODUCTS["gpw_v4_density_rev11"])


def test_the_codes_of_land_cover_at_hand_all_have_a_class(shared: Path) -> None:
    data = shared / "data"
    modis = read_band(
        layer_from_file(data / "rasters/modis_mcd12c1_2019/mcd12c1_igbp_2019_wide.tif")
    )
    assert set(np.unique(modis.values[~np.isnan(modis.values)])) <= set(IGBP)
    zion = layer_from_file(
        data / "rasters_elsewhere/dem_zion_srtm/nlcd2011.tif", product="nlcd", epoch="2011"
    )
    codes = set(np.unique(read_band(zion).values).astype(int))
    assert codes <= set(NLCD)
    assert {NLCD[code].kind for code in codes} == {
        "built", "farm", "forest", "grass", "wetland", "bare", "water"
    }  # fmt: skip


def test_a_scene_of_new_york_is_opened_band_by_band(new_york: list[Path]) -> None:
    for folder in new_york:
        layers = scene_layers(folder)
        assert list(layers) == sorted([*(f"B{band}" for band in range(1, 12)), "BQA"])
        assert {layer.epoch.replace("-", "") for layer in layers.values()} == {
            folder.name.split("_")[3]
        }
        grids = {layer.grid for name, layer in layers.items() if name != "B8"}
        assert len(grids) == 1
        assert layers["B4"].unit == "digital number"
    with pytest.raises(LayerError, match="holds 19 scenes"):
        scene_layers(new_york[0].parent)


def test_the_quality_band_of_new_york_parts_cloud_from_clear(new_york: list[Path]) -> None:
    shares = {}
    for folder in new_york:
        layers = scene_layers(folder)
        codes = read_band(layers["BQA"], may_be_empty=True).values
        clear, known = clear_of_bqa(codes), ~np.isnan(codes)
        assert not clear[~known].any()
        # Cloud is brighter than clear land and sea in blue light, wherever there is much of both.
        blue = read_band(layers["B2"], may_be_empty=True).values
        # Scenes made coarse lose a rim of cells, not the same in every band.
        assert (np.isnan(blue) != ~known).mean() < 0.03
        known &= ~np.isnan(blue)
        clear &= known
        cloudy = known & ~clear
        if min(clear.sum(), cloudy.sum()) > 100:
            assert np.median(blue[cloudy]) > np.median(blue[clear])
        shares[folder.name] = clear.sum() / known.sum()
    assert min(shares.values()) < 0.5 < 0.9 < max(shares.values())
