"""Built-up gain, first-built years, transitions of classes, vegetation, land for new residents."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import geopandas as gpd
import numpy as np
import pandas as pd
import pytest
from shapely.geometry import Point

from agglo.errors import LayerError, TableError
from agglo.imagery.built_up import areas_ha, built_by_year, built_ha
from agglo.imagery.change import (
    built_by_epoch,
    built_up_gain,
    gain_between,
    gain_by_period,
    years_between,
)
from agglo.imagery.coverage import coverage_from_zones
from agglo.imagery.growth import land_consumption_ratio
from agglo.imagery.near_places import gain_near, near_zones
from agglo.imagery.transitions import class_transitions_ha, kinds_lost, vegetation_lost
from agglo.layers.products import PRODUCTS
from agglo.layers.raster_files import raster_layer
from agglo.rasters import LAND_KINDS, Grid, RasterLayer
from tests.imagery_squares import (
    BUILT,
    CELL_M,
    CLASSES,
    FARM,
    FOREST,
    GRASS,
    NORTH_M,
    WATER,
    WEST_M,
    band,
    boxes,
    hectares,
)  # fmt: skip

NAN = np.nan
NEAR = 2e-5
"""Cells of the equal-area grid are a hectare to this."""


def layer(name: str, epoch: str, **changed: object) -> RasterLayer:
    about = {"name": name, "path": f"{name}.tif", "grid": hectares(2, 2), "role": "built_up",
             "quantity": "count", "unit": "m2", "epoch": epoch, "resolution_m": 100.0}  # fmt: skip
    return RasterLayer(**{**about, **changed})  # type: ignore[arg-type]


# --- pairs of epochs


def test_years_between_two_epochs_count_from_year_to_year_and_from_day_to_day() -> None:
    assert years_between(layer("a", "1990"), layer("b", "2020")) == 30
    days = years_between(layer("a", "2018-01-01"), layer("b", "2018-07-02"))
    assert days == pytest.approx(182 / 365.2425)


def test_revisions_of_a_product_show_no_change() -> None:
    """By the names of their files, or by the source that a product gives its layers."""
    cover = {"role": "land_cover", "quantity": "class", "unit": "WorldCover class"}
    old = layer("a", "2020", path="ESA_WorldCover_10m_2020_v100_N54E036_Map.tif", **cover)
    new = layer("b", "2021", path="ESA_WorldCover_10m_2021_v200_N54E036_Map.tif", **cover)
    with pytest.raises(LayerError, match="no change pair"):
        years_between(old, new)
    density = {"role": "population", "quantity": "density", "unit": "persons per km2"}
    sources = [PRODUCTS[f"gpw_v4_density_rev{one}"].cited for one in (10, 11)]
    with pytest.raises(LayerError, match="no change pair"):
        years_between(
            layer("a", "2015", source=sources[0], **density),
            layer("b", "2020", source=sources[1], **density),
        )
    assert years_between(
        layer("a", "2015", source=sources[1], **density),
        layer("b", "2020", source=sources[1], **density),
    ) == 5  # fmt: skip


@pytest.mark.parametrize(
    ("after", "message"),
    [
        (layer("b", "1990"), "does not come before"),
        (layer("b", "1980"), "give the older raster first"),
        (layer("b", ""), "epoch ''"),
        (layer("b", "2020-13-01"), "epoch '2020-13-01'"),
        (layer("b", "1990-06-01"), "two different epochs"),
        (layer("b", "2020", role="population"), "their role is 'built_up' and 'population'"),
        (layer("b", "2020", unit="m2 per km2"), "their unit"),
        (layer("b", "2020", quantity="share"), "their quantity"),
        (layer("b", "2020", grid=hectares(2, 3)), "same grid"),
        (layer("b", "2020", grid=replace(hectares(2, 2), crs="EPSG:32637")), "same grid"),
    ],
)
def test_what_is_no_pair_of_epochs_is_refused(after: RasterLayer, message: str) -> None:
    with pytest.raises(LayerError, match=message):
        years_between(layer("a", "1990"), after)


# --- built-up hectares


def test_square_metres_densities_shares_and_classes_give_the_same_hectares() -> None:
    grid = hectares(1, 3)
    share = np.array([[0.0, 0.25, 1.0]])
    expected = pytest.approx(np.array([[0.0, 0.25, 1.0]]), rel=NEAR)
    assert built_ha(share * 10_000, grid, quantity="count", unit="m2") == expected
    assert built_ha(share * 1e6, grid, quantity="density", unit="m2 per km2") == expected
    assert built_ha(share, grid, quantity="share") == expected
    codes = np.array([[FARM, BUILT, NAN]])
    assert built_ha(codes, grid, quantity="class", classes=CLASSES) == pytest.approx(
        np.array([[0.0, 1.0, NAN]]), rel=NEAR, nan_ok=True
    )


def test_hectares_of_degrees_shrink_towards_the_pole() -> None:
    """A cell of 1/100° at 55° N is 1.1135 × 0.6399 km (GRS80 tables of a degree)."""
    grid = Grid(crs="EPSG:4326", transform=(0.01, 0, 36, 0, -0.01, 55.005), height=1, width=1)
    found = built_ha(np.ones((1, 1)), grid, quantity="share")
    assert found[0, 0] == pytest.approx(1.1135 * 0.6399 * 100, rel=1e-3)


@pytest.mark.parametrize(
    ("value", "quantity", "unit", "message"),
    [
        (20_000.0, "count", "m2", "holds 2 ha of built-up land"),
        (-1.0, "count", "m2", "check the unit and the no-data value"),
        (50.0, "share", "", "holds 50 ha"),
        (1.0, "count", "persons", "got a count of 'persons'"),
        (1.0, "level", "", "got a level of ''"),
        (9.0, "class", "", r"code\(s\) 9 have no class"),
    ],
)
def test_what_is_no_built_up_land_is_refused(
    value: float, quantity: str, unit: str, message: str
) -> None:
    with pytest.raises(LayerError, match=message):
        built_ha(
            np.full((1, 1), value), hectares(1, 1), quantity=quantity, unit=unit, classes=CLASSES
        )


def test_a_cell_is_built_from_its_first_year_on() -> None:
    codes = np.array([[1975.0, 1990, 2000, NAN]])
    built = [built_by_year(codes, year)[0].tolist()[:3] for year in (1974, 1975, 1999, 2000)]
    assert built == [[0, 0, 0], [1, 0, 0], [1, 1, 0], [1, 1, 1]]
    assert np.isnan(built_by_year(codes, 2000)[0, 3])
    assert built_by_year(codes, 2000, is_unknown_unbuilt=True)[0, 3] == 0


def test_codes_of_an_older_product_are_years_once_they_are_named() -> None:
    """GHS_BUILT_LDSMT: 1 water, 2 open land, 3 built 2000–2014, 4 1990–2000, 5 1975–1990, 6."""
    codes = np.array([[1.0, 2, 3, 4, 5, 6]])
    built = built_by_year(
        codes, 1990, first_years={6: 1975, 5: 1990, 4: 2000, 3: 2014}, unbuilt=(1, 2)
    )
    assert built.tolist() == [[0, 0, 0, 0, 1, 1]]
    with pytest.raises(LayerError, match="code 1 is neither a year"):
        built_by_year(codes, 1990)


# --- gain by zone


def test_the_gain_of_a_zone_is_counted_with_the_share_of_each_cell() -> None:
    """Column 1 of three grows from 0 to 1 ha a cell; 'left' has half of it, 'right' the rest."""
    before, after = np.zeros((2, 3)), np.zeros((2, 3))
    before[:, 0] = 0.5
    after[:, 0], after[:, 1] = 0.5, 1.0
    zones = boxes({"left": (0, 0, 1.5, 2), "right": (1.5, 0, 3, 2)})
    found = built_up_gain(before, after, coverage_from_zones(hectares(2, 3), zones), years=10)
    assert found["built_before_ha"].tolist() == pytest.approx([1.0, 0.0])
    assert found["gain_ha"].tolist() == pytest.approx([1.0, 1.0])
    assert found["gain_ha_per_year"].tolist() == pytest.approx([0.1, 0.1])
    assert found.loc["left", "gain_percent_per_year"] == pytest.approx(10.0)
    assert np.isnan(found.loc["right", "gain_percent_per_year"])
    assert found["compared_share"].tolist() == pytest.approx([1.0, 1.0])


def test_a_cell_unknown_in_one_epoch_counts_in_neither() -> None:
    before, after = np.array([[1.0, 0.0, 1.0]]), np.array([[1.0, 1.0, NAN]])
    zones = boxes({"all": (0, 0, 3, 1), "east": (2, 0, 3, 1)})
    found = built_up_gain(before, after, coverage_from_zones(hectares(1, 3), zones), years=1)
    assert found.loc["all", ["built_before_ha", "built_after_ha"]].tolist() == pytest.approx([1, 2])
    assert found["compared_share"].tolist() == pytest.approx([2 / 3, 0])
    assert found.loc["east"].drop("compared_share").isna().all()


def test_land_off_the_raster_is_not_compared() -> None:
    zones = boxes({"half": (2, 0, 4, 1)})
    ones = np.ones((1, 3))
    found = built_up_gain(0 * ones, ones, coverage_from_zones(hectares(1, 3), zones), years=1)
    assert found.loc["half", "compared_share"] == pytest.approx(0.5)
    assert found.loc["half", "gain_ha"] == pytest.approx(1.0)


def test_two_files_give_the_gain_of_zones_in_a_corner_of_them(tmp_path: Path) -> None:
    """20 × 20 cells of 1 ha; the corner of 2 × 2 grows from a quarter built up to all of it."""
    import rasterio

    values = {"1990": np.full((20, 20), 2500, "uint16"), "2000": np.full((20, 20), 2500, "uint16")}
    values["2000"][-2:, -2:] = 10_000
    values["2000"][-1, -1] = 65535
    grid, files = hectares(20, 20), []
    for year, cells in values.items():
        files.append(tmp_path / f"built_{year}.tif")
        with rasterio.open(
            files[-1], "w", driver="GTiff", width=20, height=20, count=1, dtype="uint16",
            crs=grid.crs, transform=rasterio.Affine(*grid.transform), nodata=65535,
        ) as file:  # fmt: skip
            file.write(cells, 1)
    before, after = (
        raster_layer(path, quantity="count", unit="m2", role="built_up", epoch=year)
        for path, year in zip(files, values, strict=True)
    )
    zones = boxes({"corner": (18, 18, 20, 20), "rest": (15, 15, 18, 20)})
    found = gain_between(before, after, zones.to_crs("EPSG:4326"))
    assert found["built_before_ha"].tolist() == pytest.approx([0.75, 3.75], rel=1e-4)
    assert found["gain_ha_per_year"].tolist() == pytest.approx([0.225, 0], rel=1e-3, abs=1e-5)
    assert found["compared_share"].tolist() == pytest.approx([0.75, 1], rel=1e-4)
    with pytest.raises(LayerError, match="does not come before"):
        gain_between(after, before, zones)


def test_built_up_land_may_shrink() -> None:
    coverage = coverage_from_zones(hectares(1, 1), boxes({"a": (0, 0, 1, 1)}))
    found = built_up_gain(np.ones((1, 1)), np.full((1, 1), 0.5), coverage, years=5)
    assert found.loc["a", "gain_percent_per_year"] == pytest.approx(-10)


@pytest.mark.parametrize(
    ("before", "after", "years", "message"),
    [
        (np.zeros((1, 2)), np.zeros((1, 1)), 1, r"shape \(1, 2\)"),
        (np.zeros((1, 1)), np.full((1, 1), 10_000.0), 1, "holds 1e\\+04 ha"),
        (np.zeros((1, 1)), np.zeros((1, 1)), 0, "years between the epochs must be above 0"),
        (np.zeros((1, 1)), np.zeros((1, 1)), NAN, "years between the epochs must be above 0"),
    ],
)
def test_a_gain_of_nonsense_is_refused(
    before: np.ndarray, after: np.ndarray, years: float, message: str
) -> None:
    coverage = coverage_from_zones(hectares(1, 1), boxes({"a": (0, 0, 1, 1)}))
    with pytest.raises(LayerError, match=message):
        built_up_gain(before, after, coverage, years=years)


def test_decades_are_read_off_the_years_that_were_measured() -> None:
    codes = np.array([[1990.0, 2000, 2005, 2010, NAN, 2015]])
    coverage = coverage_from_zones(hectares(1, 6), boxes({"a": (0, 0, 6, 1), "b": (0, 0, 2, 1)}))
    built = built_by_epoch(codes, coverage, years=(2010, 1990, 2000))
    assert list(built.columns) == [1990, 2000, 2010]
    assert built.loc["a"].tolist() == pytest.approx([1, 2, 4], rel=NEAR)
    gains = gain_by_period(built, bounds=(1990, 2000, 2010))
    assert list(gains.index) == [
        ("a", 1990, 2000), ("a", 2000, 2010), ("b", 1990, 2000), ("b", 2000, 2010),
    ]  # fmt: skip
    assert gains["gain_ha"].tolist() == pytest.approx([1, 2, 1, 0], rel=NEAR, abs=1e-9)
    assert gains.loc[("a", 1990, 2000), "gain_percent_per_year"] == pytest.approx(10)
    twenty = gain_by_period(built, bounds=(1990, 2010))
    assert twenty.loc[("a", 1990, 2010), "gain_ha_per_decade"] == pytest.approx(1.5, rel=NEAR)
    with pytest.raises(LayerError, match="periods need two or more years out of"):
        gain_by_period(built, bounds=(1990, 2005))


def test_a_zone_of_which_nothing_is_known_has_no_built_up_land_rather_than_none() -> None:
    codes = np.array([[1990.0, NAN]])
    coverage = coverage_from_zones(hectares(1, 2), boxes({"a": (0, 0, 1, 1), "b": (1, 0, 2, 1)}))
    assert np.isnan(built_by_epoch(codes, coverage, years=[2000]).loc["b", 2000])
    sure = built_by_epoch(codes, coverage, years=[2000], is_unknown_unbuilt=True)
    assert sure.loc["b", 2000] == 0


# --- transitions


def test_a_transition_matrix_tells_what_became_of_each_kind() -> None:
    before = band([[FOREST, FOREST, FARM, WATER, NAN]])
    after = band([[BUILT, FOREST, BUILT, WATER, BUILT]])
    coverage = coverage_from_zones(before.grid, boxes({"a": (0, 0, 5, 1), "b": (0, 0, 0.5, 1)}))
    found = class_transitions_ha(before.values, after.values, coverage, classes=CLASSES)
    kinds = list(LAND_KINDS)
    assert list(found.columns) == kinds
    assert list(found.loc["a"].index) == kinds
    expected = pd.DataFrame(0.0, index=kinds, columns=kinds)
    expected.loc["forest", ["built", "forest"]] = 1
    expected.loc["farm", "built"] = expected.loc["water", "water"] = 1
    assert found.loc["a"].to_numpy() == pytest.approx(expected.to_numpy(), rel=NEAR)
    assert found.loc[("b", "forest"), "built"] == pytest.approx(0.5, rel=NEAR)
    lost = kinds_lost(found)
    assert lost.loc["a", ["before_ha", "after_ha", "lost_ha", "gained_ha"]].tolist() == (
        pytest.approx([2, 1, 1, 0], rel=NEAR)
    )
    assert lost.loc["a", "lost_to_built_ha"] == pytest.approx(1, rel=NEAR)


def test_green_that_turns_into_other_green_is_not_lost() -> None:
    before, after = band([[FOREST, GRASS, FARM]]), band([[GRASS, FARM, FOREST]])
    coverage = coverage_from_zones(before.grid, boxes({"a": (0, 0, 3, 1)}))
    lost = kinds_lost(
        class_transitions_ha(before.values, after.values, coverage, classes=CLASSES)
    ).loc["a"]
    assert lost[["before_ha", "after_ha", "lost_ha", "gained_ha"]].tolist() == pytest.approx(
        [2, 2, 1, 1], rel=NEAR
    )
    assert lost["lost_to_farm_ha"] == pytest.approx(1, rel=NEAR)


def test_codes_without_classes_are_compared_as_they_are() -> None:
    before, after = band([[11.0, 12]]), band([[12.0, 12]])
    coverage = coverage_from_zones(before.grid, boxes({"a": (0, 0, 2, 1)}))
    found = class_transitions_ha(before.values, after.values, coverage)
    assert found.loc[("a", 11.0), 12.0] == pytest.approx(1, rel=NEAR)
    with pytest.raises(LayerError, match=r"code\(s\) 11, 12 have no class"):
        class_transitions_ha(before.values, after.values, coverage, classes=CLASSES)


def test_transitions_of_an_unknown_zone_are_not_0() -> None:
    before = band([[FOREST, NAN]])
    coverage = coverage_from_zones(before.grid, boxes({"a": (0, 0, 1, 1), "b": (1, 0, 2, 1)}))
    found = class_transitions_ha(before.values, before.values, coverage, classes=CLASSES)
    assert found.loc["b"].isna().all(axis=None)
    assert kinds_lost(found).loc["b"].isna().all()
    assert kinds_lost(found).loc["a", "lost_ha"] == 0
    nothing = np.full((1, 2), NAN)
    empty = class_transitions_ha(nothing, nothing, coverage, classes=CLASSES)
    assert empty.isna().all(axis=None)
    with pytest.raises(LayerError, match="no cell is known in both epochs"):
        class_transitions_ha(nothing, nothing, coverage)


# --- vegetation


def test_vegetation_is_lost_where_green_cells_fall_by_more_than_the_fall() -> None:
    before = np.array([[0.8, 0.8, 0.8, 0.3, NAN, 0.5]])
    after = np.array([[0.75, 0.6, -0.1, -0.5, 0.1, 0.6]])
    assert 0.8 - 0.6 > 0.2, "which is why falls are rounded"
    coverage = coverage_from_zones(hectares(1, 6), boxes({"a": (0, 0, 6, 1)}))
    found = vegetation_lost(before, after, coverage, green_above=0.4, falls=(0.2, 0.1, 0.5))
    assert list(found.index) == [("a", 0.1), ("a", 0.2), ("a", 0.5)]
    assert found["green_before_ha"].tolist() == pytest.approx([4, 4, 4], rel=NEAR)
    assert found["lost_ha"].tolist() == pytest.approx([2, 1, 1], rel=NEAR)
    assert found["lost_to_water_ha"].tolist() == pytest.approx([1, 1, 1], rel=NEAR)
    assert found["lost_share"].tolist() == pytest.approx([0.5, 0.25, 0.25])
    assert found["compared_share"].tolist() == pytest.approx([5 / 6] * 3)


def test_a_zone_without_green_has_no_share_lost() -> None:
    coverage = coverage_from_zones(hectares(1, 1), boxes({"a": (0, 0, 1, 1)}))
    found = vegetation_lost(np.full((1, 1), 0.1), np.zeros((1, 1)), coverage)
    assert (found["lost_ha"] == 0).all()
    assert found["lost_share"].isna().all()


def test_stretched_numbers_are_no_ndvi() -> None:
    coverage = coverage_from_zones(hectares(1, 1), boxes({"a": (0, 0, 1, 1)}))
    with pytest.raises(LayerError, match="NDVI lies from -1 to 1; got 80"):
        vegetation_lost(np.full((1, 1), 80.0), np.zeros((1, 1)), coverage)
    with pytest.raises(LayerError, match="falls of NDVI must be above 0"):
        vegetation_lost(np.zeros((1, 1)), np.zeros((1, 1)), coverage, falls=(0.0,))


# --- near places


def points(*at: tuple[float, float], crs: str = "EPSG:6933") -> gpd.GeoDataFrame:
    shapes = [Point(WEST_M + CELL_M * x, NORTH_M - CELL_M * y) for x, y in at]
    return gpd.GeoDataFrame(geometry=shapes, crs="EPSG:6933").to_crs(crs)


def test_land_within_500_and_1000_m_is_two_circles() -> None:
    near = near_zones(points((50, 50)))
    areas = near.area / 1e4
    assert list(near.index) == [500, 1000]
    assert areas.tolist() == pytest.approx([np.pi * 25, np.pi * 100], rel=2e-4)


def test_two_stations_at_one_place_count_once() -> None:
    one, two = near_zones(points((50, 50))), near_zones(points((50, 50), (50, 50)))
    assert two.area.tolist() == pytest.approx(one.area.tolist())
    apart = near_zones(points((50, 50), (80, 50)))
    assert apart.area.tolist() == pytest.approx((2 * one.area).tolist())


@pytest.mark.parametrize("crs", ["EPSG:4326", "EPSG:3857", "ESRI:54009", "EPSG:32637"])
def test_distances_are_true_in_any_crs(crs: str) -> None:
    """In Web Mercator a metre at 55° N is drawn as 1.74 of them: circles are not drawn there."""
    area = near_zones(points((50, 50), crs=crs)).area.iloc[0] / 1e4
    assert area == pytest.approx(np.pi * 25, rel=1e-3)


def test_the_gain_near_a_station_stands_beside_that_of_the_raster() -> None:
    """All cells within 1 km are built up; a tenth of the others is."""
    grid = hectares(60, 60)
    y, x = np.mgrid[0:60, 0:60]
    before = np.zeros(grid.shape)
    after = np.full(grid.shape, 0.1)
    station = points((30, 30), crs="EPSG:4326")
    circle = coverage_from_zones(grid, near_zones(station, within_m=[1000]))
    after[np.asarray(circle.shares.todense())[0].reshape(grid.shape) > 0] = 1.0
    found = gain_near(before, after, grid, station, within_m=(1000, 500), years=10)
    assert list(found.index) == [500, 1000, np.inf]
    assert found.loc[1000, "gain_ha"] == pytest.approx(np.pi * 100, rel=2e-3)
    assert found.loc[np.inf, "gain_ha"] == pytest.approx(after.sum())
    assert found.loc[np.inf, ["area_share", "gain_share"]].tolist() == [1, 1]
    assert found.loc[1000, "area_share"] == pytest.approx(np.pi * 100 / 3600, rel=2e-3)
    assert found.loc[1000, "gain_share"] > 3 * found.loc[1000, "area_share"]
    assert x.shape == y.shape == grid.shape


def test_within_0_m_of_a_park_is_the_park() -> None:
    park = boxes({"park": (10, 10, 20, 20)})
    near = near_zones(park, within_m=(0, 500))
    assert near.area.iloc[0] / 1e4 == pytest.approx(100, rel=1e-3)
    with pytest.raises(LayerError, match="no land within 0 m"):
        near_zones(points((0, 0)), within_m=(0, 500))


def test_places_without_geometry_or_crs_or_far_away_are_refused() -> None:
    with pytest.raises(LayerError, match="one at least"):
        near_zones(points().set_crs("EPSG:6933", allow_override=True))
    with pytest.raises(LayerError, match="no CRS"):
        near_zones(gpd.GeoDataFrame(geometry=[Point(0, 0)]))
    with pytest.raises(LayerError, match="need a geometry each"):
        near_zones(gpd.GeoDataFrame(geometry=[Point(0, 0), None], crs="EPSG:4326"))
    with pytest.raises(LayerError, match="distances must be 0 m or more"):
        near_zones(points((0, 0)), within_m=(-5,))
    with pytest.raises(LayerError):
        gain_near(np.zeros((2, 2)), np.zeros((2, 2)), hectares(2, 2), points((5000, 5000)), years=1)


# --- land for new residents


def ratio(land: tuple[float, float], people: tuple[float, float], **more: object) -> pd.Series:
    one = (pd.Series({"a": float(value)}) for value in (*land, *people))
    return land_consumption_ratio(*one, years=10, **more).loc["a"]  # type: ignore[arg-type]


def test_land_and_people_that_double_have_a_ratio_above_1_and_a_log_ratio_of_1() -> None:
    found = ratio((100, 200), (1000, 2000))
    assert found["land_share_per_year"] == pytest.approx(0.1)
    assert found["people_share_per_year"] == pytest.approx(np.log(2) / 10)
    assert found["ratio"] == pytest.approx(1 / np.log(2))
    assert ratio((100, 200), (1000, 2000), form="logarithm")["ratio"] == pytest.approx(1)
    assert found["land_m2_per_new_resident"] == pytest.approx(1000)
    assert found["built_before_m2_per_resident"] == pytest.approx(1000)
    assert found["reason"] == ""


@pytest.mark.parametrize(
    ("land", "people", "reason"),
    [
        ((100, 120), (1000, 900), "people_fell_land_grew"),
        ((100, 90), (1000, 900), "people_fell_land_fell"),
        ((100, 100), (1000, 1000), "people_same_land_same"),
        ((100, 120), (1000, 1000), "people_same_land_grew"),
        ((0, 120), (1000, 1100), "no_built_before"),
        ((100, 120), (0, 1100), "no_people"),
        ((100, NAN), (1000, 1100), "not_known"),
    ],
)
def test_a_place_that_does_not_grow_has_a_reason_and_no_ratio(
    land: tuple[float, float], people: tuple[float, float], reason: str
) -> None:
    found = ratio(land, people)
    assert np.isnan(found["ratio"])
    assert found["reason"] == reason


def test_land_for_each_new_resident_needs_new_residents() -> None:
    assert np.isnan(ratio((100, 120), (1000, 1000))["land_m2_per_new_resident"])
    assert ratio((0, 12), (0, 1000))["land_m2_per_new_resident"] == pytest.approx(120)
    assert ratio((100, 90), (1000, 2000))["land_m2_per_new_resident"] == pytest.approx(-100)
    assert ratio((100, 90), (1000, 2000))["ratio"] < 0


def test_places_are_matched_by_id() -> None:
    land, people = pd.Series({"a": 100.0, "b": 50.0}), pd.Series({"b": 10.0, "a": 1000.0})
    found = land_consumption_ratio(land, land * 2, people, people * 2, years=1)
    assert found.loc["b", "built_before_m2_per_resident"] == pytest.approx(50_000)


def test_what_no_place_can_have_is_refused() -> None:
    one = pd.Series({"a": 1.0})
    with pytest.raises(TableError, match="'a' is in one of them only"):
        land_consumption_ratio(one, one, pd.Series({"b": 1.0}), one, years=1)
    with pytest.raises(TableError, match="built_after_ha of 'a' is -1"):
        land_consumption_ratio(one, -one, one, one, years=1)
    with pytest.raises(TableError, match="years between"):
        land_consumption_ratio(one, one, one, one, years=0)
    with pytest.raises(TableError, match="form must be one of relative, logarithm"):
        land_consumption_ratio(one, one, one, one, years=1, form="linear")


def test_the_cells_of_the_test_world_are_hectares() -> None:
    assert areas_ha(hectares(3, 3)) == pytest.approx(np.ones((3, 3)), rel=NEAR)
