"""Indices of real Landsat pictures: Pucallpa 1985–2020 and New York 2018."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
import rasterio

from agglo.errors import LayerError
from agglo.imagery.composites import composite, level_change, on_grid
from agglo.imagery.indices import Clear, index_of_scene
from agglo.imagery.scene_bands import scene_bands
from agglo.layers.raster_files import raster_layer, read_band
from agglo.layers.scenes import scene_layers
from agglo.rasters import Floats, RasterLayer

YEARS = range(1985, 2021, 5)
BANDS = ("swir16", "nir", "red", "green")
MEANS = {
    1985: (0.7365, -0.3683), 1990: (0.7144, -0.3338), 1995: (0.7192, -0.3556),
    2000: (0.7261, -0.3270), 2005: (0.7130, -0.3047), 2010: (0.7234, -0.3226),
    2015: (0.7425, -0.3253), 2020: (0.7498, -0.3338),
}  # fmt: skip
"""Mean NDVI and NDBI of all cells: by numpy over whole pictures read with rasterio alone. The
pictures are stretched for display, so that the numbers are relative."""

TOWN = (slice(105, 165), slice(205, 245))
"""Rows and columns of the built-up middle of Pucallpa."""

FARMS = (slice(60, 230), slice(20, 190))
"""Land west of the town, cleared for farms along the road to Lima after 1985."""


@pytest.fixture(scope="module")
def pucallpa(shared: Path) -> dict[int, dict[str, RasterLayer]]:
    folder = shared / "data" / "rasters_elsewhere" / "pucallpa_landsat_1985_2020"
    if not folder.is_dir():
        pytest.skip(f"source data are absent: {folder}")
    return {
        year: {
            name: raster_layer(folder / f"{year}.tif", band=band, name=f"{name} {year}",
                               quantity="level", unit="brightness", epoch=str(year))
            for band, name in enumerate(BANDS, start=1)
        }
        for year in YEARS
    }  # fmt: skip


def plain(layers: dict[str, RasterLayer], first: str, second: str) -> np.ndarray:
    """Compute the same without this package: whole bands in memory, nodata is 0."""
    one, two = (
        rasterio.open(layers[name].path).read(BANDS.index(name) + 1).astype(float)
        for name in (first, second)
    )
    one[one == 0], two[two == 0] = np.nan, np.nan
    return (one - two) / (one + two)


def values_of(layer: RasterLayer) -> Floats:
    return read_band(layer).values


@pytest.mark.parametrize("year", YEARS)
def test_pucallpa_is_as_green_and_as_built_as_by_plain_numpy(
    pucallpa: dict[int, dict[str, RasterLayer]], tmp_path: Path, year: int
) -> None:
    layers = pucallpa[year]
    for name, first, second, expected in (
        ("ndvi", "nir", "red", MEANS[year][0]), ("ndbi", "swir16", "nir", MEANS[year][1]),
    ):  # fmt: skip
        found = values_of(index_of_scene(layers, name, tmp_path / f"{name}.tif"))
        np.testing.assert_allclose(found, plain(layers, first, second), rtol=1e-6)
        assert np.nanmean(found) == pytest.approx(expected, abs=5e-5)


def test_the_ucayali_is_water_and_the_forest_is_green(
    pucallpa: dict[int, dict[str, RasterLayer]], tmp_path: Path
) -> None:
    water = values_of(index_of_scene(pucallpa[2020], "ndwi", tmp_path / "ndwi.tif")) > 0
    green = values_of(index_of_scene(pucallpa[2020], "ndvi", tmp_path / "ndvi.tif"))
    assert 0.01 < water.mean() < 0.06
    assert np.nanmedian(green[water]) < -0.1
    assert np.nanmax(green[water]) < 0.3
    assert np.nanmedian(green) > 0.75


def test_pucallpa_grew_and_its_forest_went_between_1985_and_2020(
    pucallpa: dict[int, dict[str, RasterLayer]], tmp_path: Path
) -> None:
    changes = {}
    for name in ("ndvi", "ndbi"):
        first, last = (
            index_of_scene(pucallpa[year], name, tmp_path / f"{name}{year}.tif")
            for year in (1985, 2020)
        )
        layer = level_change(first, last, tmp_path / f"{name}.tif")
        changes[name] = values_of(layer)
        assert layer.epoch == "2020"
    for name, sign in (("ndvi", -1), ("ndbi", 1)):
        everywhere = sign * np.nanmean(changes[name])
        # the river moved into the town's frame too, which lowers NDBI there
        assert sign * np.nanmean(changes[name][TOWN]) > everywhere + 0.02
        assert sign * np.nanmean(changes[name][FARMS]) > everywhere + 0.02
    assert np.nanmean(changes["ndvi"][TOWN]) < -0.1


def scenes(shared: Path, path_row: str) -> list[tuple[dict[str, RasterLayer], Clear]]:
    folder = shared / "data" / "rasters_elsewhere" / "landsat8_newyork_2018"
    if not folder.is_dir():
        pytest.skip(f"source data are absent: {folder}")
    found = []
    for scene in sorted(folder.glob(f"LC08_L1TP_{path_row}_*")):
        bands, clear = scene_bands(scene_layers(scene))
        assert clear is not None
        found.append((bands, clear))
    return found


@pytest.fixture(scope="module")
def new_york(shared: Path, tmp_path_factory: pytest.TempPathFactory) -> list[RasterLayer]:
    """Return NDVI of six days of one frame, clouds left out, each on its own grid."""
    folder = tmp_path_factory.mktemp("new_york")
    return [
        index_of_scene(bands, "ndvi", folder / f"{bands['red'].epoch}.tif", clear=clear)
        for bands, clear in scenes(shared, "014032")
    ]


def test_new_york_is_green_in_june_and_bare_in_december(new_york: list[RasterLayer]) -> None:
    by_day = {layer.epoch: values_of(layer) for layer in new_york}
    assert sorted(by_day) == [
        "2018-03-11", "2018-04-28", "2018-06-15", "2018-09-03", "2018-11-22", "2018-12-08",
    ]  # fmt: skip
    land = {day: np.nanmedian(values[values > 0.05]) for day, values in by_day.items()}
    assert land["2018-06-15"] > land["2018-12-08"] + 0.25
    assert land["2018-09-03"] > land["2018-03-11"] + 0.15
    assert "relative" in new_york[0].note


def test_the_mask_takes_clouds_and_the_frame_away_and_nothing_else(
    shared: Path, new_york: list[RasterLayer], tmp_path: Path
) -> None:
    shares = {"2018-03-11": 0.58, "2018-06-15": 0.49, "2018-12-08": 0.52}
    for (bands, _), layer in zip(scenes(shared, "014032"), new_york, strict=True):
        bare = values_of(index_of_scene(bands, "ndvi", tmp_path / f"{layer.epoch}.tif"))
        clear = values_of(layer)
        known = ~np.isnan(clear)
        np.testing.assert_array_equal(clear[known], bare[known])
        assert known.sum() < (~np.isnan(bare)).sum()
        if layer.epoch in shares:
            assert known.mean() == pytest.approx(shares[layer.epoch], abs=0.01)


def test_days_of_one_frame_lie_on_their_own_grids_and_are_put_on_one(
    new_york: list[RasterLayer], tmp_path: Path
) -> None:
    with pytest.raises(LayerError, match="do not lie on the same grid; put them on one first"):
        composite(new_york, tmp_path / "no.tif")
    first = new_york[0].grid
    moved = [on_grid(layer, first, tmp_path / f"{layer.epoch}.tif") for layer in new_york]
    made = {how: composite(moved, tmp_path / f"{how}.tif", how=how)
            for how in ("median", "highest", "count")}  # fmt: skip
    median, highest, count = (values_of(made[how]) for how in ("median", "highest", "count"))
    one_day = max(float((~np.isnan(values_of(layer))).mean()) for layer in moved)
    assert (~np.isnan(median)).mean() > one_day + 0.05
    assert np.nanmedian(highest) > np.nanmedian(median) + 0.1
    assert count.max() == 6
    np.testing.assert_array_equal(np.isnan(median), count == 0)
    assert made["median"].epoch == "2018"
