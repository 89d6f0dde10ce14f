"""Published products are recognised by their names, and read as their makers mean them."""

from __future__ import annotations

import itertools
from pathlib import Path
from typing import Any

import geopandas as gpd
import numpy as np
import pytest
import rasterio
from affine import Affine
from shapely.geometry import Point, box

from agglo.errors import LayerError
from agglo.layers.land_classes import SCHEMES, SHADES
from agglo.layers.product_facts import nodata_of
from agglo.layers.product_tiles import ghsl_box_m, worldcover_file_name
from agglo.layers.products import (
    PRODUCTS,
    check_change_pair,
    copernicus_dem_tiles,
    epoch_of,
    ghsl_file_name,
    ghsl_tiles,
    layer_from_file,
    product_named,
    product_of,
    srtm_tiles,
    worldcover_tiles,
)
from agglo.layers.raster_files import read_band
from agglo.layers.scenes import scene_layers
from agglo.rasters import LAND_KINDS

OBNINSK = (36.0, 54.7, 37.3, 55.5)
S2_DAY = "T37UCB_20200615T083601"
LANDSAT = "LC08_L2SP_178021_20200615_20200824_02_T1"


def written(path: Path, values: Any, **about: Any) -> Path:
    values = np.asarray(values)
    described = about.pop("described", {})
    path.parent.mkdir(parents=True, exist_ok=True)
    profile = {
        "driver": "GTiff", "height": values.shape[0], "width": values.shape[1], "count": 1,
        "dtype": values.dtype, "crs": "EPSG:32637",
        "transform": Affine(20, 0, 400_000, 0, -20, 6_100_000), **about,
    }  # fmt: skip
    with rasterio.open(path, "w", **profile) as file:
        file.write(values, 1)
        for key, value in described.items():
            setattr(file, key, (value,))
    return path


NAMED = {
    "GHS_POP_E2020_GLOBE_R2023A_54009_1000_V1_0_R3_C21.tif": ("ghs_pop_r2023a", "2020"),
    "GHS_POP_E1975_GLOBE_R2023A_4326_30ss_V1_0.tif": ("ghs_pop_r2023a", "1975"),
    "GHS_BUILT_S_E2020_GLOBE_R2023A_54009_100_V1_0_R3_C21.tif": ("ghs_built_s_r2023a", "2020"),
    "GHS_BUILT_S_E2018_GLOBE_R2023A_54009_10_V1_0_R3_C21.tif": ("ghs_built_s_r2023a", "2018"),
    "GHS_LAND_E2018_GLOBE_R2022A_54009_1000_V1_0.tif": ("ghs_land_r2022a", "2018"),
    "GHS_SMOD_E2020_GLOBE_R2023A_54009_1000_V2_0_R3_C21.tif": ("ghs_smod_r2023a", "2020"),
    "ESA_WorldCover_10m_2020_v100_N54E036_Map.tif": ("esa_worldcover_v100", "2020"),
    "ESA_WorldCover_10m_2021_v200_N54E036_Map.tif": ("esa_worldcover_v200", "2021"),
    f"{S2_DAY}_B04_10m.jp2": ("sentinel2_l2a", "2020-06-15"),
    f"{S2_DAY}_B8A_20m.jp2": ("sentinel2_l2a", "2020-06-15"),
    f"L2A_{S2_DAY}_B12_20m.jp2": ("sentinel2_l2a", "2020-06-15"),
    f"{S2_DAY}_SCL_20m.jp2": ("sentinel2_scl", "2020-06-15"),
    f"{LANDSAT}_SR_B4.TIF": ("landsat_c2_sr", "2020-06-15"),
    f"{LANDSAT}_ST_B10.TIF": ("landsat_c2_st", "2020-06-15"),
    f"{LANDSAT}_QA_PIXEL.TIF": ("landsat_c2_qa_pixel", "2020-06-15"),
    "LT05_L2SP_178021_19870615_20200824_02_T1_SR_B4.TIF": ("landsat_c2_sr", "1987-06-15"),
    "LC08_L1TP_013032_20180131_B4.TIF": ("landsat_c1_l1", "2018-01-31"),
    "LC08_L1TP_013032_20180131_20180207_01_T1_B11.TIF": ("landsat_c1_l1", "2018-01-31"),
    "LC08_L1TP_013032_20180131_BQA.TIF": ("landsat_c1_bqa", "2018-01-31"),
    "rus_ppp_2020_UNadj.tif": ("worldpop_unconstrained", "2020"),
    "rus_ppp_2015.tif": ("worldpop_unconstrained", "2015"),
    "rus_ppp_2020_1km_Aggregated_UNadj.tif": ("worldpop_unconstrained", "2020"),
    "ppp_2020_1km_Aggregated.tif": ("worldpop_unconstrained", "2020"),
    "rus_ppp_2020_UNadj_constrained.tif": ("worldpop_constrained", "2020"),
    "rus_ppp_2020_constrained.tif": ("worldpop_constrained", "2020"),
    "rus_pop_2020_CN_100m_R2024B_v1.tif": ("worldpop_r2024_constrained", "2020"),
    "rus_pop_2026_UC_1km_R2025A_v1.tif": ("worldpop_r2024_unconstrained", "2026"),
    "rus_pd_2020_1km_UNadj.tif": ("worldpop_density", "2020"),
    "VNL_v22_npp_2020_global_vcmslcfg_c202303062300.average_masked.dat.tif":
        ("viirs_vnl_v2", "2020"),
    "VNL_v21_npp_201204-201303_global_vcmcfg_c202205302300.average_masked.dat.tif":
        ("viirs_vnl_v2", "2012"),
    "VNL_v22_npp-j01_2022_global_vcmslcfg_c202303062300.median_masked.dat.tif":
        ("viirs_vnl_v2", "2022"),
    "F182013.v4c_web.stable_lights.avg_vis.tif": ("dmsp_ols_stable_lights", "2013"),
    "Copernicus_DSM_COG_10_N54_00_E036_00_DEM.tif": ("copernicus_dem_glo30", "2015"),
    "Copernicus_DSM_COG_30_N54_00_E036_00_DEM.tif": ("copernicus_dem_glo90", "2015"),
    "N54E036.hgt": ("srtm_gl1", "2000"),
    "N54E036.SRTMGL3.hgt": ("srtm_gl3", "2000"),
    "n54_e036_1arc_v3.tif": ("srtm_gl1", "2000"),
    "MCD12C1.A2019001.006.2020220162300.tif": ("modis_mcd12c1", "2019"),
    "MCD12Q1.A2019001.h20v03.061.2022168123456.hdf": ("modis_mcd12q1", "2019"),
    "gpw_v4_population_density_rev11_2020_30_sec.tif": ("gpw_v4_density_rev11", "2020"),
    "gpw_v4_population_density_adjusted_to_2015_unwpp_country_totals_rev11_2020_30_sec.tif":
        ("gpw_v4_density_rev11", "2020"),
    "gpw_v4_population_density_rev10_2015_30_sec.tif": ("gpw_v4_density_rev10", "2015"),
    "gpw_v4_population_count_rev11_2020_30_sec.tif": ("gpw_v4_count_rev11", "2020"),
    "nlcd_2016_land_cover_l48_20210604.img": ("nlcd", "2016"),
    "Annual_NLCD_LndCov_2020_CU_C1V0.tif": ("nlcd", "2020"),
    "ESACCI-LC-L4-LCCS-Map-300m-P1Y-2015-v2.0.7.tif": ("esa_cci_lc", "2015"),
}  # fmt: skip


@pytest.mark.parametrize(("name", "wanted"), NAMED.items(), ids=list(NAMED))
def test_official_names_are_recognised(name: str, wanted: tuple[str, str]) -> None:
    for path in (name, Path("somewhere") / name, f"https://example.org/a/{name}?sig=b/c.tif"):
        found = product_of(path)
        assert found is not None
        assert (found.id, epoch_of(path)) == wanted
        assert not found.epochs or wanted[1] in found.epochs or found.id == "nlcd"


@pytest.mark.parametrize(
    "name",
    [
        "POP.tif", "nlcd.tif", "nlcd2011.tif", "a.tif", "", "GHSL.tif", f"{S2_DAY}_TCI_10m.jp2",
        "VNL_v22_npp_2020_global_vcmslcfg_c202303062300.cvg.dat.tif", "rus_ppp_2020_notes.tif",
        "GHS_POP_E2020_GLOBE_R2022A_54009_1000_V1_0.tif", f"{LANDSAT}_QA_RADSAT.TIF",
        "ESA_WorldCover_10m_2021_v200_N54E036_InputQuality.tif", "my_N54E036.hgt",
        "ESA_WorldCover_10m_2020_v200_N54E036_Map.tif",
    ],
)  # fmt: skip
def test_other_names_are_not(name: str) -> None:
    assert product_of(name) is None
    assert epoch_of(name) == ""


def test_tiles_of_srtm_are_told_apart_by_their_size(tmp_path: Path) -> None:
    fine, coarse = tmp_path / "N54E036.hgt", tmp_path / "N55E036.hgt"
    for path, side in ((fine, 3601), (coarse, 1201)):
        with path.open("wb") as file:
            file.truncate(side * side * 2)
    assert [product_of(path).id for path in (fine, coarse)] == ["srtm_gl1", "srtm_gl3"]
    layer = layer_from_file(coarse)
    assert (layer.grid.shape, layer.unit, layer.nodata) == ((1201, 1201), "m", -32768)
    # Heights stand at points: cells reach half a cell beyond the degree.
    assert layer.grid.bounds[0] == pytest.approx(36 - 1 / 2400)


@pytest.mark.parametrize("product", PRODUCTS.values(), ids=list(PRODUCTS))
def test_every_product_says_all_that_a_reader_needs(product: Any) -> None:
    for text in ("title", "title_ru", "unit", "resolution", "crs", "licence", "attribution",
                 "source", "note", "note_ru"):  # fmt: skip
        assert getattr(product, text).strip(), text
    assert bool(product.classes) == (product.quantity == "class" and "bits" not in product.unit)
    assert product.scene or product.epochs
    assert set(product.change_pair_with) <= set(PRODUCTS)
    assert ("per km2" in product.unit) == (product.quantity == "density")
    assert any("а" <= letter <= "я" for letter in product.note_ru)


def test_what_is_no_change_pair_is_refused() -> None:
    for first, second in (
        ("esa_worldcover_v100", "esa_worldcover_v200"),
        ("gpw_v4_density_rev10", "gpw_v4_density_rev11"),
        ("dmsp_ols_stable_lights", "viirs_vnl_v2"),
        ("worldpop_constrained", "worldpop_unconstrained"),
        ("landsat_c2_sr", "sentinel2_l2a"),
    ):
        for pair in ((first, second), (second, first)):
            with pytest.raises(LayerError, match=f"'{pair[0]}' and '{pair[1]}' are no change pair"):
                check_change_pair(*(PRODUCTS[name] for name in pair))
    for name in ("ghs_built_s_r2023a", "ghs_pop_r2023a", "modis_mcd12c1", "gpw_v4_density_rev11"):
        check_change_pair(PRODUCTS[name], PRODUCTS[name])


def test_an_unknown_product_is_named_with_the_nearest() -> None:
    with pytest.raises(
        LayerError, match="unknown product 'ghs_pop'; did you mean 'ghs_pop_r2023a'"
    ):
        product_named("ghs_pop")


def test_nodata_follows_the_type_of_the_numbers() -> None:
    built = PRODUCTS["ghs_built_s_r2023a"]
    found = {dtype: nodata_of(built, dtype) for dtype in ("uint8", "uint16", "uint32", "float32")}
    assert found == {"uint8": 255, "uint16": 65535, "uint32": 4294967295, "float32": None}
    people = PRODUCTS["ghs_pop_r2023a"]
    assert (nodata_of(people, "float64"), nodata_of(people, "uint8")) == (-200, None)


def test_a_file_is_read_with_the_facts_of_its_product(tmp_path: Path) -> None:
    values = np.array([[0, 100], [250, 65535]], dtype="uint16")
    name = "GHS_BUILT_S_E2015_GLOBE_R2023A_54009_100_V1_0_R3_C21.tif"
    layer = layer_from_file(written(tmp_path / name, values, crs="ESRI:54009"))
    assert (layer.quantity, layer.unit, layer.role, layer.epoch) == (
        "count", "m2", "built_up", "2015"
    )  # fmt: skip
    assert layer.title == "GHS-BUILT-S R2023A: built-up surface, 2015"
    assert layer.source.endswith("doi 10.2905/9F06F36F-4B11-47EC-ABB0-4F8B7B1D72EA")
    np.testing.assert_array_equal(read_band(layer).values, [[0, 100], [250, np.nan]])
    assert layer.name == Path(name).stem
    assert layer_from_file(layer.path, name="built", epoch="2015-07").epoch == "2015-07"


def test_a_renamed_file_is_read_with_the_product_that_is_named(tmp_path: Path) -> None:
    path = written(tmp_path / "people.tif", np.array([[1.5, -200.0]]), crs="ESRI:54009")
    layer = layer_from_file(path, product="ghs_pop_r2023a", epoch="2020")
    assert (layer.epoch, layer.unit, layer.nodata) == ("2020", "persons", -200)
    assert layer_from_file(path, product="ghs_pop_r2023a").epoch == ""
    assert layer_from_file(path, product=PRODUCTS["ghs_land_r2022a"]).epoch == "2018"
    with pytest.raises(LayerError, match="is a count in persons, it was asked for as a density"):
        layer_from_file(path, product="ghs_pop_r2023a", quantity="density")


def test_the_files_own_nodata_and_scale_stand_before_the_products(tmp_path: Path) -> None:
    cut = written(
        tmp_path / "GHS_POP_E2020_GLOBE_R2023A_54009_1000_V1_0_cut.tif",
        np.array([[1.5, np.nan]]), nodata=np.nan, crs="ESRI:54009",
    )  # fmt: skip
    assert np.isnan(read_band(layer_from_file(cut)).values).tolist() == [[False, True]]
    scaled = written(
        tmp_path / f"{LANDSAT}_SR_B4.TIF", np.array([[0, 7]], dtype="uint16"), nodata=9,
        described={"scales": 0.5, "offsets": 1.0},
    )  # fmt: skip
    assert read_band(layer_from_file(scaled)).values.tolist() == [[1.0, 4.5]]


def test_a_file_of_no_product_needs_quantity_and_unit(tmp_path: Path) -> None:
    path = written(tmp_path / "мой растр 'a'.tif", np.array([[1, 2]], dtype="uint8"))
    with pytest.raises(
        LayerError, match=r"give quantity and unit \(quantity is one of count, dens"
    ):
        layer_from_file(path)
    with pytest.raises(LayerError, match=r"give unit .*product= one of ghs_built_s_r2023a"):
        layer_from_file(path, quantity="level")
    layer = layer_from_file(path, quantity="level", unit="°C", epoch="2021")
    assert (layer.quantity, layer.unit, layer.epoch) == ("level", "°C", "2021")


def test_a_landsat_scene_is_reflectance_kelvin_and_codes(tmp_path: Path) -> None:
    for band, value in (("SR_B4", 10000), ("SR_B5", 20000), ("ST_B10", 44000), ("QA_PIXEL", 21824)):
        written(tmp_path / f"{LANDSAT}_{band}.TIF", np.array([[value, 0]], dtype="uint16"))
    (tmp_path / f"{LANDSAT}_MTL.txt").write_text("not a raster")
    layers = scene_layers(tmp_path, product="landsat_c2_l2")
    assert list(layers) == ["B10", "B4", "B5", "QA_PIXEL"]
    found = {name: read_band(layer).values[0] for name, layer in layers.items()}
    np.testing.assert_allclose(found["B4"], [10000 * 0.0000275 - 0.2, np.nan])
    np.testing.assert_allclose(found["B5"], [0.35, np.nan])
    np.testing.assert_allclose(found["B10"], [44000 * 0.00341802 + 149, np.nan])
    assert found["QA_PIXEL"].tolist() == [21824, 0]
    assert {layer.epoch for layer in layers.values()} == {"2020-06-15"}


def safe(folder: Path, *, day: str = "20200615", baseline: str = "0214") -> Path:
    """Write a folder as Sentinel-2 has it, 40 × 40 m wide."""
    scene = folder / f"S2A_MSIL2A_{day}T083601_N{baseline}_R064_T37UCB_{day}T120000.SAFE"
    for metres, bands in ((10, ("B02", "B04", "B08")), (20, ("B02", "B11", "SCL", "B8A"))):
        side = 40 // metres
        for at, band in enumerate(bands):
            written(
                scene / f"GRANULE/L2A/IMG_DATA/R{metres}m/T37UCB_{day}T083601_{band}_{metres}m.jp2",
                np.full((side, side), 4 if band == "SCL" else 2000 + 100 * at,
                        dtype="uint8" if band == "SCL" else "uint16"),
                driver="JP2OpenJPEG", QUALITY="100", REVERSIBLE="YES",
                transform=Affine(metres, 0, 400_000, 0, -metres, 6_100_000),
            )  # fmt: skip
    return scene


def test_a_sentinel_scene_gives_each_band_at_its_finest(tmp_path: Path) -> None:
    layers = scene_layers(safe(tmp_path))
    assert list(layers) == ["B02", "B04", "B08", "B11", "B8A", "SCL"]
    assert {name: layer.grid.cell[0] for name, layer in layers.items()} == {
        "B02": 10, "B04": 10, "B08": 10, "B11": 20, "B8A": 20, "SCL": 20,
    }  # fmt: skip
    assert read_band(layers["B04"]).values.max() == pytest.approx(0.21)
    assert (layers["SCL"].quantity, layers["SCL"].scale) == ("class", 1)
    assert layers["SCL"].classes[4].name_en == "vegetation"


def test_the_bands_of_a_sentinel_scene_can_be_had_on_one_grid(tmp_path: Path) -> None:
    layers = scene_layers(safe(tmp_path), at_m=20)
    assert list(layers) == ["B02", "B11", "B8A", "SCL"]
    assert {layer.grid.cell for layer in layers.values()} == {(20, 20)}
    with pytest.raises(LayerError, match="holds no band of sentinel2_l2a at 60 m"):
        scene_layers(safe(tmp_path), at_m=60)


@pytest.mark.parametrize(
    ("day", "baseline", "offset"),
    [
        ("20200615", "0214", 0.0),
        ("20220124", "0301", 0.0),
        ("20220125", "0400", -0.1),
        ("20180615", "0500", -0.1),  # an old picture, processed anew
    ],
)
def test_the_offset_of_sentinel_follows_who_processed_it(
    tmp_path: Path, day: str, baseline: str, offset: float
) -> None:
    layer = scene_layers(safe(tmp_path, day=day, baseline=baseline))["B04"]
    assert layer.offset == offset
    assert read_band(layer).values.max() == pytest.approx(0.21 + offset)


def test_the_metadata_of_a_scene_stand_before_its_name(tmp_path: Path) -> None:
    scene = safe(tmp_path, baseline="0400", day="20230615")
    about = scene / "MTD_MSIL2A.xml"
    about.write_text(
        "<a><BOA_QUANTIFICATION_VALUE unit='none'>10000</BOA_QUANTIFICATION_VALUE></a>"
    )
    assert scene_layers(scene)["B04"].offset == 0
    about.write_text(
        "<a><BOA_QUANTIFICATION_VALUE unit='none'>10000</BOA_QUANTIFICATION_VALUE>"
        "<BOA_ADD_OFFSET band_id='0'>-1000</BOA_ADD_OFFSET></a>"
    )
    assert scene_layers(scene)["B04"].offset == pytest.approx(-0.1)


@pytest.mark.parametrize(("day", "offset"), [("20220124", 0.0), ("20220125", -0.1)])
def test_a_band_alone_has_the_offset_of_its_day(tmp_path: Path, day: str, offset: float) -> None:
    path = written(
        tmp_path / f"T37UCB_{day}T083601_B04_10m.tif", np.array([[5000]], dtype="uint16")
    )
    assert layer_from_file(path).offset == offset


def test_a_folder_without_a_scene_or_with_several_is_refused(tmp_path: Path) -> None:
    with pytest.raises(LayerError, match="holds no band of a known scene"):
        scene_layers(tmp_path)
    with pytest.raises(LayerError, match="is no folder"):
        scene_layers(tmp_path / "nowhere")
    with pytest.raises(LayerError, match="does not come as scenes"):
        scene_layers(tmp_path, product="ghs_pop_r2023a")
    with pytest.raises(LayerError, match="unknown product 'sentinel'"):
        scene_layers(tmp_path, product="sentinel")
    for day in ("20200615", "20200620"):
        safe(tmp_path, day=day)
    with pytest.raises(LayerError, match=r"holds 2 scenes .* days 2020-06-15, 2020-06-20"):
        scene_layers(tmp_path)


def test_the_tile_of_obninsk() -> None:
    assert ghsl_tiles(OBNINSK) == ["R3_C21"]
    zones = gpd.GeoDataFrame(geometry=[box(*OBNINSK)], crs="EPSG:4326")
    for crs in ("EPSG:4326", "EPSG:32637", "EPSG:3857", "ESRI:54009"):
        assert ghsl_tiles(zones.to_crs(crs)) == ["R3_C21"]


def test_tiles_are_only_those_that_the_zones_touch() -> None:
    west, south, east, north = ghsl_box_m("R3_C21")
    corner = gpd.GeoDataFrame(
        geometry=[box(west + 1, south + 1, west + 2, south + 2),
                  box(east + 1, south - 2, east + 2, south - 1)],
        crs="ESRI:54009",
    )  # fmt: skip
    assert ghsl_tiles(corner) == ["R3_C21", "R4_C22"]
    whole = gpd.GeoDataFrame(geometry=[box(west, south, east, north)], crs="ESRI:54009")
    assert ghsl_tiles(whole) == ["R3_C21"]
    assert ghsl_tiles(gpd.GeoDataFrame(geometry=[Point(36.6, 55.1)], crs="EPSG:4326")) == ["R3_C21"]


def test_the_whole_world_needs_every_tile_with_land() -> None:
    found = ghsl_tiles((-180, -89.9, 180, 89.9))
    assert len(found) == len(set(found)) == 375
    assert found[0] == "R1_C13"


def test_the_open_sea_has_no_tile() -> None:
    with pytest.raises(LayerError, match="no tile of GHSL has land in the area -150 40 -149 41"):
        ghsl_tiles((-150, 40, -149, 41))


def test_file_names_of_ghsl_are_those_of_the_makers() -> None:
    for product, epoch, name in (
        ("ghs_pop_r2023a", 2020, "GHS_POP_E2020_GLOBE_R2023A_54009_1000_V1_0_R3_C21.tif"),
        ("ghs_land_r2022a", 2018, "GHS_LAND_E2018_GLOBE_R2022A_54009_1000_V1_0_R3_C21.tif"),
        ("ghs_smod_r2023a", 2020, "GHS_SMOD_E2020_GLOBE_R2023A_54009_1000_V2_0_R3_C21.tif"),
    ):
        found = ghsl_file_name(product, epoch=epoch, resolution_m=1000, tile="R3_C21")
        assert found == name
        assert product_of(found).id == product
    whole = ghsl_file_name("ghs_built_s_r2023a", epoch="2018", resolution_m=10)
    assert whole == "GHS_BUILT_S_E2018_GLOBE_R2023A_54009_10_V1_0.tif"


@pytest.mark.parametrize(
    ("product", "resolution_m", "tile", "says"),
    [
        ("worldpop_density", 1000, "", "unknown GHSL product"),
        ("ghs_pop_r2023a", 250, "", "cells of 10, 100, 1000 m; got 250"),
        ("ghs_pop_r2023a", 100, "C21_R3", "named like 'R3_C21'"),
        ("ghs_pop_r2023a", 100, "R19_C1", "has the tiles R1_C1 to R18_C36"),
        ("ghs_pop_r2023a", 100, "R1_C1", "has no land and is not published"),
    ],
)
def test_file_names_of_ghsl_that_do_not_exist(
    product: str, resolution_m: int, tile: str, says: str
) -> None:
    with pytest.raises(LayerError, match=says):
        ghsl_file_name(product, epoch=2020, resolution_m=resolution_m, tile=tile)


def test_tiles_in_degrees_are_named_by_their_south_west_corner() -> None:
    assert worldcover_tiles(OBNINSK) == ["N54E036"]
    assert worldcover_tiles((36, 54, 39, 57)) == ["N54E036"]
    assert worldcover_tiles((35.9, 53.9, 36.1, 54.1)) == ["N54E033", "N54E036", "N51E033",
                                                          "N51E036"]  # fmt: skip
    assert srtm_tiles(OBNINSK) == ["N55E036", "N55E037", "N54E036", "N54E037"]
    assert srtm_tiles((-0.5, -0.5, 0.5, 0.5)) == ["N00W001", "N00E000", "S01W001", "S01E000"]
    assert copernicus_dem_tiles((-74.2, 40.5, -74.1, 40.6)) == [
        "Copernicus_DSM_COG_10_N40_00_W075_00_DEM"
    ]
    assert worldcover_file_name("N54E036", epoch=2021) == (
        "ESA_WorldCover_10m_2021_v200_N54E036_Map.tif"
    )
    with pytest.raises(LayerError, match="shows 2020 or 2021; got 2019"):
        worldcover_file_name("N54E036", epoch=2019)


def test_tiles_across_the_antimeridian_lie_on_both_sides() -> None:
    assert worldcover_tiles((179, 66.5, -179, 67)) == ["N66W180", "N66E177"]
    assert srtm_tiles((179.5, 51.2, -179.5, 51.4)) == ["N51W180", "N51E179"]
    assert ghsl_tiles((179.5, 66.5, -179.5, 66.55)) == ["R2_C8", "R2_C29"]


def test_srtm_ends_at_60_degrees() -> None:
    assert srtm_tiles((36.1, 59.5, 36.2, 60.5)) == ["N59E036"]
    with pytest.raises(LayerError, match="take Copernicus DEM"):
        srtm_tiles((36, 60, 37, 61))


@pytest.mark.parametrize(
    "bounds", [(400_000, 6_000_000, 500_000, 6_100_000), (0, 10, 5, 5), (0, 0, 1, 91)]
)
def test_a_box_that_is_none_has_no_tiles(bounds: tuple[float, ...]) -> None:
    with pytest.raises(LayerError, match="in degrees"):
        ghsl_tiles(bounds)
    with pytest.raises(LayerError, match="no CRS or no area"):
        ghsl_tiles(gpd.GeoDataFrame(geometry=[box(0, 0, 1, 1)]))


@pytest.mark.parametrize("name", ["igbp", "igbp_tiles", "worldcover", "nlcd", "esa_cci"])
def test_every_class_of_land_cover_is_one_kind_of_land(name: str) -> None:
    classes = SCHEMES[name]
    assert {one.kind for one in classes.values()} == set(LAND_KINDS)
    for one in classes.values():
        assert one.name_en
        assert any("а" <= letter <= "я" for letter in one.name_ru)
        assert int(one.colour[1:], 16) >= 0
        assert len(one.colour) == 7


def test_the_schemes_have_their_published_codes() -> None:
    assert sorted(SCHEMES["igbp"]) == list(range(17))
    assert sorted(SCHEMES["igbp_tiles"]) == list(range(1, 18))
    assert SCHEMES["igbp_tiles"][17].kind == SCHEMES["igbp"][0].kind == "water"
    assert sorted(SCHEMES["worldcover"]) == [10, 20, 30, 40, 50, 60, 70, 80, 90, 95, 100]
    assert len(SCHEMES["nlcd"]) == 20
    assert len(SCHEMES["esa_cci"]) == 37
    assert sorted(SCHEMES["smod"]) == [10, 11, 12, 13, 21, 22, 23, 30]
    assert sorted(SCHEMES["scl"]) == list(range(1, 12))
    built = {name: [code for code, one in SCHEMES[name].items() if one.kind == "built"]
             for name in ("igbp", "worldcover", "nlcd", "esa_cci")}  # fmt: skip
    assert built == {
        "igbp": [13], "worldcover": [50], "nlcd": [21, 22, 23, 24], "esa_cci": [190],
    }  # fmt: skip


SIGHTS = {
    "full": np.eye(3),
    "no green": np.array([[0.367322, 0.860646, -0.227968], [0.280085, 0.672501, 0.047413],
                          [-0.011820, 0.042940, 0.968881]]),
    "no red": np.array([[0.152286, 1.052583, -0.204868], [0.114503, 0.786281, 0.099216],
                        [-0.003882, -0.048116, 1.051998]]),
    "no blue": np.array([[1.255528, -0.076749, -0.178779], [-0.078411, 0.930809, 0.147602],
                         [0.004733, 0.691367, 0.303900]]),
}  # fmt: skip
"""How colours look with one kind of cone missing (Machado, Oliveira & Fernandes 2009)."""


def lab(colour: str, sight: np.ndarray) -> np.ndarray:
    """Return a colour as seen, in CIELAB."""
    parts = np.array([int(colour[at : at + 2], 16) for at in (1, 3, 5)]) / 255
    linear = np.where(parts <= 0.04045, parts / 12.92, ((parts + 0.055) / 1.055) ** 2.4)
    to_xyz = np.array([[0.4124564, 0.3575761, 0.1804375], [0.2126729, 0.7151522, 0.0721750],
                       [0.0193339, 0.1191920, 0.9503041]])  # fmt: skip
    x, y, z = to_xyz @ np.clip(sight @ linear, 0, 1) / (0.95047, 1, 1.08883)
    f = [np.cbrt(part) if part > 0.008856 else 7.787 * part + 16 / 116 for part in (x, y, z)]
    return np.array([116 * f[1] - 16, 500 * (f[0] - f[1]), 200 * (f[1] - f[2])])


@pytest.mark.parametrize("sight", SIGHTS)
def test_the_kinds_of_land_stay_apart_without_red_and_green(sight: str) -> None:
    seen = {kind: lab(shades[0], SIGHTS[sight]) for kind, shades in SHADES.items()}
    for one, other in itertools.combinations(LAND_KINDS, 2):
        assert np.linalg.norm(seen[one] - seen[other]) > 15, (one, other)
