"""Zonal figures of real rasters, beside exactextract's own answers."""

from __future__ import annotations

from pathlib import Path

import geopandas as gpd
import numpy as np
import pandas as pd
import pytest
import rasterio
import shapely
from exactextract import exact_extract

from agglo.imagery.cell_areas import cell_areas_km2
from agglo.imagery.coverage import Coverage, coverage_from_zones
from agglo.imagery.covered_cells import SLIVER
from agglo.imagery.zonal import (
    class_shares,
    zonal_extremes,
    zonal_figures,
    zonal_means,
    zonal_quantiles,
    zonal_sums,
)
from agglo.layers.raster_files import raster_layer, read_band
from agglo.rasters import Band, RasterLayer

SAME = 1e-9


@pytest.fixture(scope="module")
def belgium(shared: Path) -> Path:
    return shared / "data" / "rasters_elsewhere" / "belgium_ghsl_viirs"


@pytest.fixture(scope="module")
def communes(belgium: Path) -> gpd.GeoDataFrame:
    return gpd.read_file(belgium / "units_belgium.gpkg").set_index("UID")[["geometry"]]


@pytest.fixture(scope="module")
def population(belgium: Path) -> RasterLayer:
    return raster_layer(belgium / "POP.tif", quantity="count", unit="persons")


@pytest.fixture(scope="module")
def coverage(population: RasterLayer, communes: gpd.GeoDataFrame) -> Coverage:
    return coverage_from_zones(population.grid, communes)


def theirs(layer: RasterLayer, zones: gpd.GeoDataFrame, measures: list[str]) -> pd.DataFrame:
    """Ask exactextract itself, with zones in the CRS of the raster."""
    found = exact_extract(
        str(layer.path), zones.reset_index()[["geometry"]], measures, output="pandas"
    )
    return found.set_index(zones.index)


def test_people_of_belgian_communes_are_those_of_exactextract(
    population: RasterLayer, communes: gpd.GeoDataFrame, coverage: Coverage
) -> None:
    expected = theirs(population, communes, ["sum", "count", "min", "max"])
    band = read_band(population)
    sums = zonal_sums(coverage, "count", band)
    assert len(sums) == 581
    assert sums.to_numpy() == pytest.approx(expected["sum"].to_numpy(), rel=SAME)
    assert coverage.cells_count.to_numpy() == pytest.approx(expected["count"].to_numpy(), rel=SAME)
    extremes = zonal_extremes(coverage, band)
    assert (extremes.to_numpy() == expected[["min", "max"]].to_numpy()).all()
    # eleven and a half million people live in Belgium
    assert 11.2e6 < sums.sum() < 11.9e6


def test_night_lights_of_belgian_communes_are_those_of_exactextract(
    belgium: Path, communes: gpd.GeoDataFrame, coverage: Coverage
) -> None:
    lights = raster_layer(
        belgium / "processed-viirs-light-belgium.tif", quantity="level", unit="index"
    )
    expected = theirs(lights, communes, ["mean"])
    means = zonal_means(coverage, "level", lights, by_area=False)
    assert means.to_numpy() == pytest.approx(expected["mean"].to_numpy(), rel=SAME)


def test_quantiles_of_belgian_communes_are_those_of_exactextract(
    tmp_path: Path, population: RasterLayer, communes: gpd.GeoDataFrame, coverage: Coverage
) -> None:
    # exactextract makes one of equal numbers, so they are made to differ; it answers in the
    # type of the raster, so they are stored in double precision
    band = read_band(population)
    values = band.values + np.random.default_rng(1).random(band.values.shape)
    path = tmp_path / "people.tif"
    with rasterio.open(population.path) as file:
        profile = file.profile
    with rasterio.open(path, "w", **profile) as file:
        file.write(values, 1)
    people = raster_layer(path, quantity="count", unit="persons")
    measures = ["quantile(q=0.1)", "median", "quantile(q=0.9)", "coverage"]
    expected = theirs(people, communes, measures)
    table = zonal_quantiles(coverage, "count", people, by_area=False)
    # a cell of which a zone has a billionth counts for them as one more number
    is_clean = (expected.pop("coverage").map(np.min) > SLIVER).to_numpy()
    assert is_clean.sum() == 577
    assert table[is_clean].to_numpy() == pytest.approx(expected[is_clean].to_numpy(), rel=SAME)
    assert table.to_numpy() == pytest.approx(expected.to_numpy(), rel=2e-3)


def test_communes_moved_to_lon_lat_have_the_same_people(
    population: RasterLayer, communes: gpd.GeoDataFrame, coverage: Coverage
) -> None:
    moved = coverage_from_zones(population.grid, communes.to_crs("EPSG:3035"))
    ours, same = (zonal_sums(one, "count", population) for one in (moved, coverage))
    # only what their short edges bend on the way there
    assert ours.to_numpy() == pytest.approx(same.to_numpy(), rel=1e-4)
    assert ours.sum() == pytest.approx(same.sum(), rel=1e-6)


@pytest.fixture(scope="module")
def districts(shared: Path) -> gpd.GeoDataFrame:
    path = shared / "data" / "obninsk" / "kaluga_districts.gpkg"
    return gpd.read_file(path)[["geometry"]].rename_axis("district")


@pytest.fixture(scope="module")
def density(shared: Path) -> RasterLayer:
    path = shared / "data" / "rasters" / "gpw_v4_density" / "gpw_v411_density_2020_clean_wide.tif"
    return raster_layer(path, quantity="density", unit="persons per km2")


def test_density_of_kaluga_districts_is_that_of_exactextract(
    density: RasterLayer, districts: gpd.GeoDataFrame
) -> None:
    moved = districts.to_crs(density.grid.crs)
    expected = theirs(density, moved, ["mean", "frac", "unique"])
    coverage = coverage_from_zones(density.grid, moved)
    means = zonal_means(coverage, "density", density, by_area=False)
    assert means.to_numpy() == pytest.approx(expected["mean"].to_numpy(), rel=SAME)


def test_people_of_kaluga_are_not_three_times_too_many(
    density: RasterLayer, districts: gpd.GeoDataFrame
) -> None:
    figures = zonal_figures(density, districts)
    known = figures["known_share"] > 0.999
    assert known.sum() > 15
    area = districts.to_crs("EPSG:6933").area / 1e6
    assert (figures["area_km2"] / area)[known].to_numpy() == pytest.approx(1, rel=2e-3)
    # a little over a million people live in the oblast
    assert 0.8e6 < figures["sum_persons"].sum() < 1.2e6
    band = read_band(density)
    mercator = np.nansum(band.values) * band.grid.cell[0] ** 2 / 1e6
    true = np.nansum(band.values * cell_areas_km2(band.grid))
    assert 2.5 < mercator / true < 3.7


def random_polygons(bounds: tuple[float, float, float, float], count: int) -> gpd.GeoSeries:
    """Stars of any size, some of them partly off the raster."""
    rng = np.random.default_rng(11)
    west, south, east, north = bounds
    shapes = []
    for _ in range(count):
        middle = np.array([rng.uniform(west, east), rng.uniform(south, north)])
        turns = np.sort(rng.uniform(0, 2 * np.pi, 9))
        reach = rng.uniform(0.2, 1, 9) * rng.choice([40, 400, 4000])
        shapes.append(
            shapely.Polygon(middle + reach[:, None] * np.c_[np.cos(turns), np.sin(turns)]).buffer(0)
        )
    return gpd.GeoSeries(shapes)


def test_land_cover_of_random_polygons_is_that_of_exactextract(shared: Path) -> None:
    path = shared / "data" / "rasters_elsewhere" / "dem_zion_srtm" / "nlcd.tif"
    cover = raster_layer(path, quantity="class", unit="")
    shapes = random_polygons(cover.grid.bounds, 60)
    zones = gpd.GeoDataFrame(geometry=shapes, crs=cover.grid.crs)
    expected = theirs(cover, zones, ["unique", "frac"])
    shares = class_shares(coverage_from_zones(cover.grid, zones), cover, by_area=False)
    assert shares.notna().all(axis=1).sum() >= 50
    for zone, row in expected.iterrows():
        own = shares.loc[zone]
        table = pd.Series(dict(zip(row["unique"], row["frac"], strict=True)), dtype=float)
        assert own[own > 0].sort_index().index.tolist() == sorted(table.index)
        assert own[table.index].to_numpy() == pytest.approx(table.to_numpy(), rel=SAME, abs=1e-12)


def test_heights_of_random_polygons_are_those_of_exactextract(shared: Path) -> None:
    path = shared / "data" / "rasters_elsewhere" / "dem_zion_srtm" / "srtm.tif"
    heights = raster_layer(path, quantity="level", unit="m")
    shapes = random_polygons(heights.grid.bounds, 40).affine_transform(
        [1 / 60_000, 0, 0, 1 / 60_000, 0, 0]
    )
    west, south, east, north = heights.grid.bounds
    rng = np.random.default_rng(4)
    moved = [
        shapely.affinity.translate(
            one,
            rng.uniform(west, east) - one.centroid.x,
            rng.uniform(south, north) - one.centroid.y,
        )
        for one in shapes
    ]
    zones = gpd.GeoDataFrame(geometry=moved, crs=heights.grid.crs)
    coverage = coverage_from_zones(heights.grid, zones)
    band = read_band(heights)
    # numbers that differ, so that no order among equals is left to chance
    noise = np.random.default_rng(5).random(band.values.shape)
    assert isinstance(band, Band)
    expected = theirs(heights, zones, ["mean"])
    means = zonal_means(coverage, "level", band, by_area=False)
    inside = coverage.cells_count > 0
    assert means[inside].to_numpy() == pytest.approx(
        expected["mean"][inside.to_numpy()].to_numpy(), rel=SAME, nan_ok=True
    )
    table = zonal_quantiles(coverage, "level", band.values + noise, by_area=False)
    assert (table.diff(axis=1).iloc[:, 1:].fillna(0) >= 0).all(axis=None)
