"""Figures of zones, beside plain loops over cells."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import geopandas as gpd
import numpy as np
import pandas as pd
import pytest
import rasterio
import shapely
from shapely.geometry import Polygon, box

from agglo.errors import LayerError
from agglo.imagery import coverage as coverage_module
from agglo.imagery import zonal as zonal_module
from agglo.imagery import zonal_blocks as blocks_module
from agglo.imagery.cell_areas import cell_areas_km2
from agglo.imagery.coverage import Coverage, coverage_from_zones
from agglo.imagery.zonal import (
    class_areas_km2,
    class_shares,
    known_share,
    zonal_extremes,
    zonal_figures,
    zonal_means,
    zonal_quantiles,
    zonal_stack,
    zonal_sums,
)
from agglo.layers.raster_files import raster_layer
from agglo.rasters import Band, Grid, LandClass, RasterLayer

CELL = 0.01
GRID = Grid(crs="EPSG:4326", transform=(CELL, 0, 36, 0, -CELL, 55.5), height=12, width=15)
NODATA = -9.0


def zones() -> gpd.GeoDataFrame:
    """A square of whole cells, a crooked zone, one half outside, one far off, one in a cell."""
    shapes = {
        "square": box(1, 1, 3, 4),
        "зона «К»": Polygon([(2.1, 3.3), (9.7, 2.2), (12.4, 8.8), (5.5, 11.9)],
                            [[(5, 5), (8, 5), (7, 7.5)]]),
        "half": box(-2, 8, 2, 10),
        "far": box(100, 8, 102, 10),
        "speck": box(7.2, 1.2, 7.4, 1.4),
    }  # fmt: skip

    def place(at: np.ndarray) -> np.ndarray:
        return np.column_stack([36 + CELL * at[:, 0], 55.5 - CELL * at[:, 1]])

    geometry = [shapely.transform(shape, place) for shape in shapes.values()]
    return gpd.GeoDataFrame(geometry=geometry, index=pd.Index(shapes, name="id"), crs="EPSG:4326")


def numbers() -> np.ndarray:
    """Different numbers, a few of them unknown."""
    values = np.random.default_rng(7).permutation(180).reshape(GRID.shape) / 7
    values[2, 1] = values[5, 6] = values[0, 0] = np.nan
    return values


@pytest.fixture(scope="module")
def coverage() -> Coverage:
    return coverage_from_zones(GRID, zones())


def by_hand(coverage: Coverage, values: np.ndarray) -> list[list[tuple[float, float, float]]]:
    """Share, true area and value of every known cell of each zone, in plain loops."""
    areas = cell_areas_km2(GRID)[:, 0]
    table = coverage.shares.toarray().reshape(-1, *GRID.shape)
    return [
        [
            (table[zone, row, column], areas[row], values[row, column])
            for row in range(GRID.height)
            for column in range(GRID.width)
            if table[zone, row, column] > 0 and not np.isnan(values[row, column])
        ]
        for zone in range(len(table))
    ]


def weighted_quantile(cells: list[tuple[float, float]], share: float) -> float:
    """Weight and value of each cell → the definition, step by step."""
    if not cells:
        return np.nan
    ordered = sorted(cells, key=lambda cell: cell[1])
    n, before, places = len(ordered), 0.0, []
    for rank, (weight, _) in enumerate(ordered):
        places.append(rank * weight + (n - 1) * before)
        before += weight
    wanted = share * (n - 1) * before
    return float(np.interp(wanted, places, [value for _, value in ordered]))


def test_counts_add_up_by_the_share_of_the_cell(coverage: Coverage) -> None:
    sums = zonal_sums(coverage, "count", numbers())
    cells = by_hand(coverage, numbers())
    expected = [sum(s * v for s, _, v in own) if own else np.nan for own in cells]
    assert sums.to_numpy() == pytest.approx(expected, rel=1e-12, nan_ok=True)
    assert sums.index.equals(zones().index)
    assert sums["square"] == pytest.approx(np.nansum(numbers()[1:4, 1:3]))
    assert np.isnan(sums["far"])


def test_densities_are_multiplied_by_the_true_area(coverage: Coverage) -> None:
    sums = zonal_sums(coverage, "density", numbers())
    cells = by_hand(coverage, numbers())
    expected = [sum(s * a * v for s, a, v in own) if own else np.nan for own in cells]
    assert sums.to_numpy() == pytest.approx(expected, rel=1e-12, nan_ok=True)


def test_means_weigh_cells_by_share_and_true_area_or_by_share_alone(coverage: Coverage) -> None:
    cells = by_hand(coverage, numbers())
    for by_area in (True, False):
        means = zonal_means(coverage, "level", numbers(), by_area=by_area)
        expected = [
            np.average([v for *_, v in own], weights=[s * (a if by_area else 1) for s, a, _ in own])
            if own
            else np.nan
            for own in cells
        ]
        assert means.to_numpy() == pytest.approx(expected, rel=1e-12, nan_ok=True)


def test_quantiles_follow_the_definition_cell_by_cell(coverage: Coverage) -> None:
    at = (0.0, 0.05, 0.5, 0.77, 1.0)
    for by_area in (True, False):
        table = zonal_quantiles(coverage, "level", numbers(), at=at, by_area=by_area)
        for zone, own in zip(table.index, by_hand(coverage, numbers()), strict=True):
            cells = [(s * (a if by_area else 1), v) for s, a, v in own]
            expected = [weighted_quantile(cells, share) for share in at]
            assert table.loc[zone].to_numpy() == pytest.approx(expected, rel=1e-9, nan_ok=True)


def test_quantiles_of_whole_cells_are_the_usual_ones(coverage: Coverage) -> None:
    values = np.nan_to_num(numbers())
    table = zonal_quantiles(coverage, "level", values, at=(0.1, 0.5, 0.9), by_area=False)
    usual = np.quantile(values[1:4, 1:3], [0.1, 0.5, 0.9])
    assert table.loc["square"].to_numpy() == pytest.approx(usual)


def test_equal_numbers_keep_the_order_of_their_cells(coverage: Coverage) -> None:
    values = np.round(numbers() / 9)
    at = np.linspace(0, 1, 21)
    table = zonal_quantiles(coverage, "level", values, at=at.tolist(), by_area=False)
    own = [(share, value) for share, _, value in by_hand(coverage, values)[1]]
    expected = [weighted_quantile(own, share) for share in at]
    assert table.iloc[1].to_numpy() == pytest.approx(expected, rel=1e-9)


def test_equal_numbers_count_one_by_one() -> None:
    grid = replace(GRID, height=1, width=4)
    whole = gpd.GeoDataFrame(geometry=[box(*grid.bounds)], index=["all"], crs=grid.crs)
    own = coverage_from_zones(grid, whole)
    table = zonal_quantiles(own, "level", [[0, 0, 10, 0]], at=[0.5, 0.9])
    assert table.loc["all"].tolist() == pytest.approx([0, 7])


def test_quantiles_of_one_known_cell_are_its_value(coverage: Coverage) -> None:
    table = zonal_quantiles(coverage, "level", numbers())
    assert table.loc["speck"].tolist() == [numbers()[1, 7]] * 3


def test_a_quantile_beyond_the_whole_is_refused(coverage: Coverage) -> None:
    with pytest.raises(LayerError, match="between 0 and 1; got \\[50\\]"):
        zonal_quantiles(coverage, "level", numbers(), at=[50])


def test_extremes_count_every_cell_that_is_touched(coverage: Coverage) -> None:
    table = zonal_extremes(coverage, numbers())
    for zone, own in zip(table.index, by_hand(coverage, numbers()), strict=True):
        values = [v for *_, v in own] or [np.nan]
        assert table.loc[zone].tolist() == pytest.approx([min(values), max(values)], nan_ok=True)


def test_the_known_share_counts_what_is_off_the_raster_as_unknown(coverage: Coverage) -> None:
    share = known_share(coverage, numbers())
    areas = cell_areas_km2(GRID)[:, 0]
    inside = 2 * areas[1:4].sum()
    assert share["square"] == pytest.approx(1 - areas[2] / inside)
    assert share["half"] == pytest.approx(0.5)
    assert share["far"] == 0
    assert share["speck"] == pytest.approx(1)


def test_where_nothing_is_known_there_is_no_figure_but_not_zero(coverage: Coverage) -> None:
    empty = np.full(GRID.shape, np.nan)
    assert zonal_sums(coverage, "count", empty).isna().all()
    assert zonal_means(coverage, "level", empty).isna().all()
    assert zonal_quantiles(coverage, "level", empty).isna().all(axis=None)
    assert (known_share(coverage, empty) == 0).all()
    assert class_areas_km2(coverage, empty).shape == (5, 0)


def test_a_number_without_end_is_unknown(coverage: Coverage) -> None:
    values = np.ones(GRID.shape)
    values[2, 1] = np.inf
    assert zonal_means(coverage, "level", values)["square"] == 1


def codes() -> np.ndarray:
    values = np.random.default_rng(3).choice([10.0, 20.0, 80.0], GRID.shape)
    values[2, 1] = np.nan
    return values


CLASSES = {
    10: LandClass(kind="forest", name_ru="лес", name_en="forest", colour="#006400"),
    20: LandClass(kind="forest", name_ru="кусты", name_en="shrub", colour="#ffbb22"),
    80: LandClass(kind="water", name_ru="вода", name_en="water", colour="#0064c8"),
}


def test_classes_are_measured_in_true_area(coverage: Coverage) -> None:
    areas = class_areas_km2(coverage, codes())
    cells = by_hand(coverage, codes())
    assert areas.columns.tolist() == [10, 20, 80]
    for code in (10, 20, 80):
        expected = [sum(s * a for s, a, v in own if v == code) if own else np.nan for own in cells]
        assert areas[code].to_numpy() == pytest.approx(expected, rel=1e-12, nan_ok=True)


def test_shares_of_classes_add_up_to_the_known_area(coverage: Coverage) -> None:
    shares = class_shares(coverage, codes())
    known = shares.index != "far"
    assert shares[known].sum(axis=1).to_numpy() == pytest.approx(1)
    assert shares.loc["far"].isna().all()
    plain = class_shares(coverage, codes(), by_area=False)
    own = by_hand(coverage, codes())[1]
    water = sum(s for s, _, v in own if v == 80) / sum(s for s, _, _ in own)
    assert plain[80].iloc[1] == pytest.approx(water)


def test_classes_are_joined_by_kind(coverage: Coverage) -> None:
    kinds = class_areas_km2(coverage, codes(), classes=CLASSES)
    areas = class_areas_km2(coverage, codes())
    assert kinds.columns.tolist() == ["forest", "water"]
    pd.testing.assert_series_equal(kinds["forest"], areas[10] + areas[20], check_names=False)
    some = class_shares(coverage, codes(), classes={10: CLASSES[10]})
    assert some.columns.tolist() == ["20", "80", "forest"]


def test_broken_codes_are_refused(coverage: Coverage) -> None:
    with pytest.raises(LayerError, match=r"classes holds the number 0\.142"):
        class_areas_km2(coverage, numbers())


def test_too_many_codes_are_refused() -> None:
    grid = replace(GRID, height=40, width=40)
    own = coverage_from_zones(grid, zones())
    values = np.arange(1600.0).reshape(40, 40)
    everything = gpd.GeoDataFrame(geometry=[box(*grid.bounds)], index=["all"], crs=grid.crs)
    with pytest.raises(LayerError, match="over 1000 numbers"):
        class_areas_km2(coverage_from_zones(grid, everything), values)
    assert class_areas_km2(own, values).notna().any(axis=None)


@pytest.mark.parametrize(
    ("measure", "quantity", "message"),
    [
        (zonal_sums, "level", "holds a level, of which a sum means nothing; .* zonal_means"),
        (zonal_sums, "class", "holds a class, of which a sum means nothing; .* class_areas_km2"),
        (zonal_means, "class", "holds a class, of which a mean means nothing"),
        (zonal_means, "count", "holds a count, of which a mean means nothing; .* zonal_sums"),
        (zonal_quantiles, "class", "of which a quantile means nothing"),
        (zonal_sums, "people", "quantity must be one of count, density"),
    ],
)
def test_measures_that_mean_nothing_are_refused(
    coverage: Coverage, measure: object, quantity: str, message: str
) -> None:
    with pytest.raises(LayerError, match=message):
        measure(coverage, quantity, numbers())  # type: ignore[operator]


def test_a_band_of_the_grid_or_of_a_part_that_holds_the_zones_will_do() -> None:
    own = coverage_from_zones(GRID, zones().loc[["speck", "square"]])
    values = numbers()
    whole = zonal_sums(own, "count", Band(values=values, grid=GRID))
    part = Band(values=values[0:6, 0:10], grid=GRID.part(0, 0, 6, 10))
    pd.testing.assert_series_equal(zonal_sums(own, "count", part), whole)
    pd.testing.assert_series_equal(zonal_sums(own, "count", values), whole)
    shifted = Band(values=values[1:7, 1:10], grid=GRID.part(1, 1, 6, 9))
    with pytest.raises(LayerError, match="the zones need"):
        zonal_sums(own, "count", shifted)


@pytest.mark.parametrize(
    "grid",
    [
        replace(GRID, crs="EPSG:4258"),
        replace(GRID, transform=(CELL, 0, 36 + CELL / 3, 0, -CELL, 55.5)),
        replace(GRID, transform=(CELL * 1.01, 0, 36, 0, -CELL * 1.01, 55.5)),
    ],
)
def test_numbers_of_another_grid_are_refused(coverage: Coverage, grid: Grid) -> None:
    with pytest.raises(LayerError, match="read the raster whose grid the coverage was made for"):
        zonal_sums(coverage, "count", Band(values=numbers(), grid=grid))
    with pytest.raises(LayerError, match="have the shape"):
        zonal_sums(coverage, "count", numbers()[1:])


def layer_of(
    folder: Path, values: np.ndarray, quantity: str, unit: str = "", **about: object
) -> RasterLayer:
    path = folder / f"{about.get('name', quantity)}.tif"
    stored = np.where(np.isnan(values), NODATA, values)
    profile = {
        "driver": "GTiff", "height": GRID.height, "width": GRID.width, "count": 1,
        "dtype": "float64", "crs": GRID.crs, "transform": rasterio.Affine(*GRID.transform),
        "nodata": NODATA,
    }  # fmt: skip
    with rasterio.open(path, "w", **profile) as file:
        file.write(stored, 1)
    return raster_layer(path, quantity=quantity, unit=unit, **about)


ALWAYS = ["cells_count", "area_km2", "known_share", "outside_share"]


def test_a_count_is_told_as_a_sum_and_per_km2(tmp_path: Path, coverage: Coverage) -> None:
    figures = zonal_figures(layer_of(tmp_path, numbers(), "count", "persons"), zones())
    assert figures.columns.tolist() == ["sum_persons", "mean_persons_per_km2", *ALWAYS]
    sums = zonal_sums(coverage, "count", numbers())
    pd.testing.assert_series_equal(figures["sum_persons"], sums, check_names=False)
    pd.testing.assert_series_equal(figures["known_share"], known_share(coverage, numbers()))
    square = figures.loc["square"]
    assert square["cells_count"] == pytest.approx(6)
    assert square["area_km2"] == pytest.approx(2 * cell_areas_km2(GRID)[1:4].sum())
    known = square["area_km2"] * square["known_share"]
    assert square["mean_persons_per_km2"] == pytest.approx(square["sum_persons"] / known)


def test_a_zone_off_the_raster_has_no_figures_but_says_why(tmp_path: Path) -> None:
    far = zonal_figures(layer_of(tmp_path, numbers(), "count", "persons"), zones()).loc["far"]
    assert far[["sum_persons", "mean_persons_per_km2"]].isna().all()
    assert far[ALWAYS].tolist() == [0, 0, 0, 1]


@pytest.mark.parametrize("unit", ["persons per km2", "persons/km²", "Persons per km²"])
def test_a_density_is_told_as_an_amount_and_a_mean(
    tmp_path: Path, coverage: Coverage, unit: str
) -> None:
    figures = zonal_figures(layer_of(tmp_path, numbers(), "density", unit), zones())
    assert figures.columns.tolist() == ["sum_persons", "mean_persons_per_km2", *ALWAYS]
    assert figures["sum_persons"].equals(
        zonal_sums(coverage, "density", numbers()).rename("sum_persons")
    )
    means = zonal_means(coverage, "density", numbers())
    pd.testing.assert_series_equal(figures["mean_persons_per_km2"], means, check_names=False)


def test_a_density_that_is_not_per_km2_is_refused(tmp_path: Path) -> None:
    with pytest.raises(LayerError, match="its unit is 'persons per ha'"):
        zonal_figures(layer_of(tmp_path, numbers(), "density", "persons per ha"), zones())


def test_a_share_is_told_as_an_area_and_a_mean(tmp_path: Path, coverage: Coverage) -> None:
    values = numbers() / 30
    figures = zonal_figures(layer_of(tmp_path, values, "share", "1"), zones())
    assert figures.columns.tolist() == ["sum_km2", "mean_share", *ALWAYS]
    pd.testing.assert_series_equal(
        figures["sum_km2"], zonal_sums(coverage, "share", values), check_names=False
    )


def test_a_level_is_told_by_mean_quantiles_and_extremes(tmp_path: Path, coverage: Coverage) -> None:
    figures = zonal_figures(layer_of(tmp_path, numbers(), "level", "nW/cm²/sr"), zones())
    unit = "nw_per_cm2_per_sr"
    names = [f"{one}_{unit}" for one in ("mean", "p10", "median", "p90", "min", "max")]
    assert figures.columns.tolist() == [*names, *ALWAYS]
    assert figures.loc["far", names].isna().all()
    means = zonal_means(coverage, "level", numbers())
    pd.testing.assert_series_equal(figures[f"mean_{unit}"], means, check_names=False)
    table = zonal_quantiles(coverage, "level", numbers())
    assert (figures[[f"p10_{unit}", f"median_{unit}", f"p90_{unit}"]].to_numpy()[:3]
            == table.to_numpy()[:3]).all()  # fmt: skip
    plain = zonal_figures(layer_of(tmp_path, numbers(), "level"), zones(), quantiles=())
    assert plain.columns.tolist() == ["mean_index", "min_index", "max_index", *ALWAYS]


def test_classes_are_told_by_code_and_by_kind(tmp_path: Path, coverage: Coverage) -> None:
    layer = layer_of(tmp_path, codes(), "class", classes=CLASSES)
    figures = zonal_figures(layer, zones())
    named = ["class_10", "class_20", "class_80", "forest", "water"]
    expected = [f"{one}_{unit}" for unit in ("km2", "share") for one in named]
    assert figures.columns.tolist() == [*expected, *ALWAYS]
    shares = class_shares(coverage, codes(), classes=CLASSES)
    pd.testing.assert_series_equal(figures["forest_share"], shares["forest"], check_names=False)
    assert figures.loc["far", expected].isna().all()
    assert figures["known_share"].tolist() == pytest.approx(known_share(coverage, codes()).tolist())


def test_a_raster_read_in_many_strips_has_the_same_figures(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    layers = [
        layer_of(tmp_path, numbers(), "count", "persons"),
        layer_of(tmp_path, numbers(), "level", "m"),
        layer_of(tmp_path, codes(), "class", classes=CLASSES),
    ]
    whole = zonal_stack(layers, zones())
    monkeypatch.setattr(coverage_module, "STRIP_CELLS", 30)
    monkeypatch.setattr(blocks_module, "GATHERED_CELLS", 20)
    cut = zonal_stack(layers, zones())
    assert list(cut) == ["count", "level", "class"]
    for name, figures in cut.items():
        pd.testing.assert_frame_equal(figures, whole[name], rtol=1e-9)


def test_the_order_of_zones_does_not_change_a_bit(tmp_path: Path) -> None:
    layer = layer_of(tmp_path, numbers(), "level", "m")
    turned = zonal_figures(layer, zones().iloc[::-1])
    pd.testing.assert_frame_equal(
        turned.iloc[::-1], zonal_figures(layer, zones()), check_exact=True
    )


def test_a_stack_lays_zones_once_on_each_grid(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    asked: list[Grid] = []

    def counted(grid: Grid, frame: gpd.GeoDataFrame) -> Coverage:
        asked.append(grid)
        return coverage_from_zones(grid, frame)

    monkeypatch.setattr(zonal_module, "coverage_from_zones", counted)
    layers = [layer_of(tmp_path, numbers() + at, "count", "m2", name=f"e{at}") for at in range(3)]
    found = zonal_stack(layers, zones())
    assert len(asked) == 1
    assert list(found) == ["e0", "e1", "e2"]
    rise = found["e1"].loc["square", "sum_m2"] - found["e0"].loc["square", "sum_m2"]
    assert rise == pytest.approx(5)
    with pytest.raises(LayerError, match="two layers are named 'e0'"):
        zonal_stack([layers[0], layers[0]], zones())


def test_a_coverage_of_other_zones_or_another_grid_is_refused(
    tmp_path: Path, coverage: Coverage
) -> None:
    layer = layer_of(tmp_path, numbers(), "count", "m2")
    with pytest.raises(LayerError, match="made of other zones"):
        zonal_figures(layer, zones().iloc[::-1], coverage=coverage)
    other = coverage_from_zones(replace(GRID, width=14), zones())
    with pytest.raises(LayerError, match="lies on another grid than the coverage"):
        zonal_figures(layer, zones(), coverage=other)


def test_one_zone_with_too_many_cells_to_sort_is_named(
    monkeypatch: pytest.MonkeyPatch, coverage: Coverage
) -> None:
    monkeypatch.setattr(blocks_module, "MOST_GATHERED", 50)
    with pytest.raises(LayerError, match="zone 'зона «К»' touches 80 cells; quantiles sort"):
        zonal_quantiles(coverage, "level", numbers())


def test_numbers_are_not_written_to(coverage: Coverage) -> None:
    values = numbers()
    values.flags.writeable = False
    zonal_sums(coverage, "count", values)
    zonal_quantiles(coverage, "level", values)
    assert np.array_equal(values, numbers(), equal_nan=True)
