"""Laws of zonal figures: totals are kept, whatever the tiling, the CRS and the order of zones."""

from __future__ import annotations

import geopandas as gpd
import numpy as np
import pandas as pd
import pytest
import shapely
import shapely.ops
from hypothesis import given, settings
from hypothesis import strategies as st

from agglo.imagery.cell_areas import cell_areas_km2
from agglo.imagery.coverage import coverage_from_zones
from agglo.imagery.zonal import (
    class_areas_km2,
    known_share,
    zonal_extremes,
    zonal_means,
    zonal_quantiles,
    zonal_sums,
)
from agglo.rasters import Grid

SEEDS = st.integers(0, 10**6)
KEPT = 1e-6
"""Relative error of totals that is allowed; shares of cells have seven digits."""


@st.composite
def grids(draw: st.DrawFn) -> Grid:
    """Grids in degrees, metres on a plane and web metres, all around Moscow."""
    crs, west, north, cell = draw(
        st.sampled_from(
            [
                ("EPSG:4326", 36.3, 55.7, 0.01),
                ("EPSG:32637", 380_000.0, 6_180_000.0, 500.0),
                ("EPSG:3857", 4_050_000.0, 7_450_000.0, 900.0),
                ("ESRI:54009", 2_600_000.0, 6_450_000.0, 1000.0),
            ]
        )
    )
    height, width = draw(st.integers(3, 25)), draw(st.integers(3, 25))
    step = draw(st.sampled_from([1.0, 0.37, 1.6]))
    transform = (cell * step, 0, west, 0, -cell, north)
    return Grid(crs=crs, transform=transform, height=height, width=width)


def voronoi(extent: shapely.Geometry, count: int, seed: int) -> list[shapely.Geometry]:
    west, south, east, north = extent.bounds
    rng = np.random.default_rng(seed)
    points = np.column_stack([rng.uniform(west, east, count), rng.uniform(south, north, count)])
    cells = shapely.voronoi_polygons(shapely.MultiPoint(points), extend_to=extent)
    return [one for one in shapely.intersection(list(cells.geoms), extent) if not one.is_empty]


def split(extent: shapely.Geometry, times: int, seed: int) -> list[shapely.Geometry]:
    """Cut pieces in two by lines of any slope: corners come to lie on the edges of others."""
    rng = np.random.default_rng(seed)
    reach = 2 * shapely.length(extent)
    pieces = [extent]
    for _ in range(times):
        piece = pieces.pop(int(rng.integers(len(pieces))))
        at, turn = piece.representative_point(), rng.uniform(0, np.pi)
        off = reach * np.array([np.cos(turn), np.sin(turn)])
        line = shapely.LineString([(at.x - off[0], at.y - off[1]), (at.x + off[0], at.y + off[1])])
        pieces += shapely.ops.split(piece, line).geoms
    return pieces


def zones_of(shapes: list[shapely.Geometry], crs: str) -> gpd.GeoDataFrame:
    return gpd.GeoDataFrame(geometry=shapes, index=[f"z{i}" for i in range(len(shapes))], crs=crs)


@given(grid=grids(), tiling=st.sampled_from([voronoi, split]), count=st.integers(2, 30), seed=SEEDS)
def test_zones_that_tile_keep_every_total(
    grid: Grid, tiling: object, count: int, seed: int
) -> None:
    zones = zones_of(tiling(shapely.box(*grid.bounds), count, seed), grid.crs)  # type: ignore[operator]
    check_totals(grid, zones, seed)


@settings(max_examples=25)
@given(grid=grids(), tiling=st.sampled_from([voronoi, split]), count=st.integers(2, 20), seed=SEEDS)
def test_zones_that_tile_in_another_crs_keep_every_total(
    grid: Grid, tiling: object, count: int, seed: int
) -> None:
    other = "EPSG:4326" if grid.crs != "EPSG:4326" else "EPSG:32637"
    extent = gpd.GeoSeries([shapely.box(*grid.bounds)], crs=grid.crs).to_crs(other).total_bounds
    margin = 0.05 * (extent[2:] - extent[:2])
    wide = shapely.box(*(extent[:2] - margin), *(extent[2:] + margin))
    zones = zones_of(tiling(wide, count, seed), other)  # type: ignore[operator]
    check_totals(grid, zones, seed)


def check_totals(grid: Grid, zones: gpd.GeoDataFrame, seed: int) -> None:
    rng = np.random.default_rng(seed)
    values = rng.gamma(0.5, 100, grid.shape)
    values[rng.random(grid.shape) < 0.1] = np.nan
    if np.isnan(values).all():
        return
    areas = cell_areas_km2(grid)
    coverage = coverage_from_zones(grid, zones)
    counts = zonal_sums(coverage, "count", values).sum()
    assert counts == pytest.approx(np.nansum(values), rel=KEPT)
    amounts = zonal_sums(coverage, "density", values).sum()
    assert amounts == pytest.approx(np.nansum(values * areas), rel=KEPT)
    codes = np.floor(values / 100)
    found = class_areas_km2(coverage, codes).sum()
    for code in found.index:
        whole = np.where(codes == code, areas, 0).sum()
        assert found[code] == pytest.approx(whole, rel=KEPT, abs=KEPT * areas.max())
    each_cell = np.asarray(coverage.shares.sum(axis=0))
    assert each_cell == pytest.approx(1, abs=KEPT)


@given(grid=grids(), count=st.integers(2, 12), seed=SEEDS)
def test_figures_lie_in_their_bounds_and_in_order(grid: Grid, count: int, seed: int) -> None:
    zones = zones_of(voronoi(shapely.box(*grid.bounds), count, seed), grid.crs)
    rng = np.random.default_rng(seed)
    values = rng.normal(0, 10, grid.shape)
    values[rng.random(grid.shape) < 0.2] = np.nan
    coverage = coverage_from_zones(grid, zones)
    ends = zonal_extremes(coverage, values)
    table = zonal_quantiles(coverage, "level", values, at=(0, 0.1, 0.5, 0.9, 1))
    mean = zonal_means(coverage, "level", values)
    known = known_share(coverage, values)
    assert known.between(0, 1 + 1e-12).all()
    assert (table.isna().all(axis=1) == (known == 0)).all()
    ordered = pd.concat([ends["min"], table, ends["max"]], axis=1).dropna().to_numpy()
    assert (np.diff(ordered, axis=1) >= -1e-9).all()
    assert table[[0, 1]].to_numpy() == pytest.approx(ends.to_numpy(), rel=1e-9, nan_ok=True)
    seen = known > 0
    assert (mean[seen] >= ends["min"][seen] - 1e-9).all()
    assert (mean[seen] <= ends["max"][seen] + 1e-9).all()


@given(grid=grids(), count=st.integers(2, 12), seed=SEEDS)
def test_the_order_of_zones_changes_no_digit(grid: Grid, count: int, seed: int) -> None:
    zones = zones_of(voronoi(shapely.box(*grid.bounds), count, seed), grid.crs)
    values = np.random.default_rng(seed).normal(0, 10, grid.shape)
    turned = zones.iloc[np.random.default_rng(seed).permutation(len(zones))]
    for measure in (zonal_means, zonal_quantiles):
        found = measure(coverage_from_zones(grid, zones), "level", values)
        other = measure(coverage_from_zones(grid, turned), "level", values)
        assert other.reindex(zones.index).equals(found)


@given(grid=grids(), seed=SEEDS, factor=st.sampled_from([2, 3]))
def test_zones_keep_their_figures_when_each_cell_is_cut_into_equal_ones(
    grid: Grid, seed: int, factor: int
) -> None:
    zones = zones_of(voronoi(shapely.box(*grid.bounds), 5, seed), grid.crs)
    values = np.random.default_rng(seed).gamma(2, 10, grid.shape)
    a, _, west, _, e, north = grid.transform
    fine = Grid(
        crs=grid.crs, transform=(a / factor, 0, west, 0, e / factor, north),
        height=grid.height * factor, width=grid.width * factor,
    )  # fmt: skip
    finer = np.kron(values, np.ones((factor, factor)))
    coarse, cut = coverage_from_zones(grid, zones), coverage_from_zones(fine, zones)
    sums = zonal_sums(cut, "count", finer / factor**2)
    assert sums.to_numpy() == pytest.approx(
        zonal_sums(coarse, "count", values).to_numpy(), rel=1e-5
    )
    means = zonal_means(cut, "level", finer, by_area=False)
    expected = zonal_means(coarse, "level", values, by_area=False)
    assert means.to_numpy() == pytest.approx(expected.to_numpy(), rel=1e-5)
