"""Laws of the dasymetric spread: nobody is lost, nothing hangs on order or on the scale."""

from __future__ import annotations

from itertools import pairwise

import geopandas as gpd
import numpy as np
import pandas as pd
from hypothesis import given, settings
from hypothesis import strategies as st
from shapely.geometry import box

from agglo.imagery.coverage import Coverage
from agglo.imagery.dasymetric import dasymetric
from agglo.imagery.fine_zones import fine_zones, square_cells
from agglo.imagery.part_shares import amounts_by_cell, counts_by_cell, part_shares
from agglo.imagery.rounding import largest_remainder
from agglo.rasters import Band, Grid

SIDE = 3
GRID = Grid(
    crs="EPSG:32637", transform=(100, 0, 400_000, 0, -100, 6_100_000), height=SIDE, width=SIDE
)
WEIGHT = st.one_of(st.just(np.nan), st.just(0.0), st.floats(1e-3, 1e6))
WEIGHTS = st.lists(WEIGHT, min_size=SIDE**2, max_size=SIDE**2).map(
    lambda values: Band(values=np.array(values).reshape(SIDE, SIDE), grid=GRID)
)
PART = st.sampled_from([0.0, 0.25, 0.5, 1.0])
ROW = st.lists(PART, min_size=SIDE**2, max_size=SIDE**2).filter(any)
ROWS = st.lists(ROW, min_size=1, max_size=4).map(np.array)
COUNT = st.integers(0, 10_000)
SCALE = st.sampled_from([2.0**-30, 1e-9, 1 / 3, 7.0, 1e9])


def coverage_of(shares: np.ndarray) -> Coverage:
    """Make a coverage of any parts; they may overlap, as faulty zones do."""
    cells, rows = np.nonzero(shares.T)
    none = np.array([], dtype=np.int64)
    ids = pd.Index([f"z{i}" for i in range(len(shares))])
    return Coverage(
        grid=GRID, window=GRID, row=0, column=0, zone_ids=ids,
        outside_share=pd.Series(0.0, index=ids), edge_cells=cells, edge_zones=rows,
        edge_shares=shares[rows, cells], run_starts=none, run_stops=none, run_zones=none,
    )  # fmt: skip


def counts_of(coverage: Coverage, seed: int) -> pd.Series:
    random = np.random.default_rng(seed)
    return pd.Series(random.integers(0, 5_000, len(coverage.zone_ids)), index=coverage.zone_ids)


@given(ROWS, WEIGHTS, COUNT)
def test_every_zone_keeps_its_total_and_whole_persons_to_the_last(
    shares: np.ndarray, weights: Band, seed: int
) -> None:
    coverage = coverage_of(shares)
    counts = counts_of(coverage, seed)
    parts = dasymetric(counts, coverage, weights, quantity="count")
    np.testing.assert_allclose(parts.amounts.sum(axis=1), counts, rtol=1e-9)
    whole = dasymetric(counts, coverage, weights, quantity="count", whole=True)
    np.testing.assert_array_equal(whole.amounts.sum(axis=1), counts)
    np.testing.assert_array_equal(whole.amounts.data % 1, 0)
    assert (np.abs((whole.amounts - parts.amounts).toarray()) < 1).all()
    assert np.nansum(whole.band.values) == counts.sum()


@given(ROWS, WEIGHTS, COUNT)
def test_nobody_is_put_where_the_weight_is_0_while_a_better_place_is_known(
    shares: np.ndarray, weights: Band, seed: int
) -> None:
    coverage = coverage_of(shares)
    spread = dasymetric(counts_of(coverage, seed), coverage, weights, quantity="count", whole=True)
    by_weight = (spread.report["method"] == "weights").to_numpy()
    dead = ~(weights.values.ravel() > 0)
    assert (spread.amounts.toarray()[by_weight][:, dead] == 0).all()


@given(ROWS, WEIGHTS, COUNT, st.integers(0, 99))
def test_the_order_of_zones_does_not_matter(
    shares: np.ndarray, weights: Band, seed: int, turn: int
) -> None:
    coverage = coverage_of(shares)
    counts = counts_of(coverage, seed)
    order = np.random.default_rng(turn).permutation(len(shares))
    turned = coverage_of(shares[order])
    names = pd.Series(counts.to_numpy()[order], index=turned.zone_ids)
    for whole in (False, True):
        one = dasymetric(counts, coverage, weights, quantity="count", whole=whole)
        two = dasymetric(names, turned, weights, quantity="count", whole=whole)
        np.testing.assert_array_equal(one.amounts.toarray()[order], two.amounts.toarray())


@given(ROWS, WEIGHTS, COUNT, SCALE)
def test_the_scale_of_the_weights_does_not_matter(
    shares: np.ndarray, weights: Band, seed: int, scale: float
) -> None:
    coverage = coverage_of(shares)
    counts = counts_of(coverage, seed)
    scaled = Band(values=weights.values * scale, grid=GRID)
    one, two = (dasymetric(counts, coverage, band, quantity="share") for band in (weights, scaled))
    np.testing.assert_allclose(one.amounts.toarray(), two.amounts.toarray(), rtol=1e-9)


@given(ROWS, COUNT, st.floats(1e-6, 1e6))
def test_even_weights_spread_by_area(shares: np.ndarray, seed: int, weight: float) -> None:
    coverage = coverage_of(shares)
    counts = counts_of(coverage, seed)
    even = Band(values=np.full(GRID.shape, weight), grid=GRID)
    found = dasymetric(counts, coverage, even, quantity="count").amounts.toarray()
    expected = shares / shares.sum(axis=1, keepdims=True) * counts.to_numpy()[:, None]
    np.testing.assert_allclose(found, expected, rtol=1e-9)


@given(st.lists(st.floats(0, 1e6), min_size=1, max_size=30).filter(any), st.integers(0, 10**6))
def test_rounding_moves_no_part_by_a_person_and_keeps_the_total(
    weights: list[float], total: int
) -> None:
    quotas = np.array(weights) / np.sum(weights) * total
    whole = largest_remainder(quotas, np.zeros(len(weights), dtype=int), np.array([total]))
    assert whole.sum() == total
    assert (np.abs(whole - quotas) < 1).all()
    is_larger = quotas[:, None] > quotas + 1e-6
    assert (whole[:, None] >= whole)[is_larger].all()


CUTS = st.lists(st.integers(1, 39), min_size=1, max_size=4, unique=True).map(sorted)


@settings(max_examples=15)
@given(CUTS, COUNT, st.integers(0, 99))
def test_fine_zones_keep_the_people_of_each_zone_in_any_order(
    cuts: list[int], seed: int, turn: int
) -> None:
    edges = [0, *cuts, 40]
    shapes = [box(100 * a, 0, 100 * b, 1300) for a, b in pairwise(edges)]
    names = [f"z{i}" for i in range(len(shapes))]
    zones = gpd.GeoDataFrame(geometry=shapes, index=names, crs="EPSG:32637")
    random = np.random.default_rng(seed)
    counts = pd.Series(random.integers(0, 999, len(zones)), index=names)
    grid = Grid(crs=GRID.crs, transform=(250, 0, 0, 0, -250, 1500), height=6, width=16)
    band = Band(values=random.choice([0.0, np.nan, 1.0, 5.0], size=grid.shape), grid=grid)
    order = np.random.default_rng(turn).permutation(len(zones))
    cells = square_cells(zones)
    found = []
    for own in (zones, zones.iloc[order]):
        part = part_shares(fine_zones(own, cells.sample(frac=1, random_state=turn)), band,
                           quantity="count")  # fmt: skip
        amounts = amounts_by_cell(part, counts, whole=True)
        np.testing.assert_array_equal(amounts.sum(axis=1), counts[own.index])
        found.append(counts_by_cell(part, counts, whole=True))
    pd.testing.assert_series_equal(*found)
