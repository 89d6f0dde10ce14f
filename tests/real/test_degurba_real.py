"""The degree of urbanisation of Belgium, cell for cell and unit for unit against published ones."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path

import geopandas as gpd
import numpy as np
import pandas as pd
import pytest

from agglo.imagery.urban_cells import UrbanCells, urban_cells
from agglo.imagery.urban_inputs import area_layer, population_layer, urban_surfaces
from agglo.imagery.urban_rules import ClusterRule, UrbanRules, urban_rules
from agglo.imagery.urban_surfaces import UrbanSurfaces
from agglo.layers.raster_files import raster_layer, read_band
from agglo.territory.urban_areas import cities_from_centres
from agglo.territory.urban_units import UrbanUnits, urban_units

CELLS = 66_357
TOWNS = {
    "Antwerp": "11002", "Gent": "44021", "Charleroi": "52011", "Liège": "62063",
    "Brussels": "21004",
}  # fmt: skip
BRUSSELS = tuple(str(21_000 + number) for number in range(1, 20))
"""The nineteen communes of the capital."""


@pytest.fixture(scope="module")
def belgium(shared: Path) -> Path:
    folder = shared / "data" / "commuting" / "belgium_degurba"
    if not folder.is_dir():
        pytest.skip(f"source data are absent: {folder}")
    return folder


@pytest.fixture(scope="module")
def surfaces(belgium: Path) -> UrbanSurfaces:
    return urban_surfaces(
        population_layer(belgium / "POP.tif"),
        area_layer(belgium / "BUILT_S.tif", role="built_up"),
        area_layer(belgium / "LAND.tif", role="land"),
    )


@pytest.fixture(scope="module")
def cells(surfaces: UrbanSurfaces) -> UrbanCells:
    return urban_cells(surfaces)


@pytest.fixture(scope="module")
def zones(belgium: Path) -> gpd.GeoDataFrame:
    read = gpd.read_file(belgium / "units_2019.gpkg")
    return read.set_index(read["UID"].astype(str)).rename(columns={"NAME_4": "name"})


@pytest.fixture(scope="module")
def units(cells: UrbanCells, zones: gpd.GeoDataFrame) -> UrbanUnits:
    return urban_units(cells, zones)


def sampled(belgium: Path, codes: np.ndarray) -> list[int]:
    vector = pd.read_csv(belgium / "published_L2_test_vector.csv")
    found: list[int] = codes.ravel()[vector["cell_index_1based_rowmajor"] - 1].astype(int).tolist()
    return found


def digits(text: str) -> list[int]:
    return [int(one) for one in text.split()]


def test_every_cell_of_level_1_equals_the_reference(belgium: Path, cells: UrbanCells) -> None:
    path = belgium / "expected_degurba_L1.tif"
    expected = read_band(raster_layer(path, quantity="class", unit="class")).values
    assert cells.level_1.size == CELLS
    assert int((cells.level_1 != expected).sum()) == 0
    assert np.bincount(cells.level_1.ravel()).tolist() == [2578, 52837, 8797, 2145]


def test_without_built_up_there_are_fewer_cells_of_centres(surfaces: UrbanSurfaces) -> None:
    found = urban_cells(surfaces, rules=urban_rules(has_built=False))
    assert int((found.level_1 == 3).sum()) == 1815


def test_the_published_fifty_cells_of_level_2_are_met(
    shared: Path, belgium: Path, cells: UrbanCells
) -> None:
    vector = pd.read_csv(belgium / "published_L2_test_vector.csv")
    assert sampled(belgium, cells.level_2) == vector["expected_L2"].tolist()
    path = shared / "data/rasters_elsewhere/belgium_ghsl_viirs/expected_degurba_l2_50cells.json"
    again = json.loads(path.read_text(encoding="utf-8"))
    assert cells.level_2.ravel()[np.array(again["index"]) - 1].tolist() == again["class"]


def test_level_2_divides_level_1(cells: UrbanCells) -> None:
    table = pd.crosstab(cells.level_1.ravel(), cells.level_2.ravel())
    assert table.loc[3, 30] == 2145
    assert table.loc[0, 10] == 2578
    assert table.loc[2, [21, 22, 23]].sum() == 8797
    # clusters of 2,500 and works that no 5,000 people surround are rural on level 1
    assert table.loc[1, [22, 23]].tolist() == [73, 5]


# Cells that flexurba's own tests (cvmigero/flexurba, MIT) give for other thresholds.
VARIANTS = {
    "R2022A": (
        urban_rules("R2022A"), 1,
        "1 1 1 1 1 1 1 1 3 1 2 2 2 1 1 3 1 1 1 1 2 1 2 0 1 "
        "0 1 2 1 3 1 1 1 1 1 1 1 0 1 1 1 1 2 1 1 1 1 1 2 1",
    ),
    "sparser centres, larger clusters": (
        UrbanRules(
            centre=ClusterRule(
                density_per_km2=1250, built_share=0.5, least_count=50_000, touches="rook"
            ),
            cluster=ClusterRule(density_per_km2=300, least_count=60_000, touches="queen"),
            gap_km2=0.0,
        ), 1,
        "1 1 1 1 1 1 1 1 3 1 1 2 2 1 1 3 1 1 1 1 2 1 2 0 1 "
        "0 1 3 1 3 1 1 1 1 1 1 1 0 1 1 1 1 2 1 1 1 1 1 2 1",
    ),
    "centres by corners, unsmoothed": (
        UrbanRules(
            centre=ClusterRule(
                density_per_km2=2000, built_share=0.5, least_count=50_000, touches="queen"
            ),
            cluster=ClusterRule(density_per_km2=300, least_count=80_000, touches="queen"),
            gap_km2=0.0, smoothing="none",
        ), 1,
        "1 1 1 1 1 1 1 1 2 1 1 2 2 1 1 3 1 1 1 1 2 1 2 0 1 "
        "0 1 2 1 3 1 1 1 1 1 1 1 0 1 1 1 1 2 1 1 1 1 1 2 1",
    ),
    "denser clusters, centres by corners": (
        replace(
            urban_rules("R2022A"),
            centre=ClusterRule(
                density_per_km2=1500, built_share=0.5, least_count=50_000, touches="queen"
            ),
            cluster=ClusterRule(density_per_km2=400, least_count=7_000, touches="queen"),
        ), 1,
        "1 1 1 1 1 1 1 1 3 1 1 1 2 1 1 3 1 1 1 1 2 1 2 0 1 "
        "0 1 3 1 3 1 1 1 1 1 1 1 0 1 1 1 1 2 1 1 1 1 1 2 1",
    ),
    "semi-dense clusters of 300": (
        UrbanRules(
            dense=ClusterRule(
                density_per_km2=1500, built_share=0.2, least_count=6_000, touches="rook"
            ),
            semi_dense=ClusterRule(density_per_km2=300, least_count=5_000, touches="queen"),
            low_density_per_km2=70, buffer_count=3, smoothing="none",
        ), 2,
        "11 12 11 11 11 11 12 11 21 11 22 21 23 11 13 30 12 11 11 11 21 12 23 10 12 "
        "10 11 21 11 30 12 11 11 12 12 12 11 10 11 11 12 11 21 12 11 11 11 12 21 11",
    ),
    "larger centres, smaller gaps": (
        UrbanRules(
            centre=ClusterRule(
                density_per_km2=1500, built_share=0.2, least_count=60_000, touches="rook"
            ),
            dense=ClusterRule(
                density_per_km2=1000, built_share=0.2, least_count=5_000, touches="rook"
            ),
            semi_dense=ClusterRule(density_per_km2=300, least_count=5_000, touches="rook"),
            cluster=ClusterRule(density_per_km2=300, least_count=5_000, touches="rook"),
            gap_km2=3.0,
        ), 2,
        "11 12 11 11 11 11 12 11 30 11 22 21 23 11 13 30 12 12 11 11 21 12 23 10 12 "
        "10 11 23 11 30 12 11 11 12 12 12 11 10 11 11 12 12 21 12 11 11 11 12 23 11",
    ),
}  # fmt: skip


@pytest.mark.parametrize("name", VARIANTS)
def test_published_cells_of_other_thresholds_are_met(
    name: str, belgium: Path, surfaces: UrbanSurfaces
) -> None:
    rules, level, expected = VARIANTS[name]
    found = urban_cells(surfaces, rules=rules)
    assert sampled(belgium, found.level_1 if level == 1 else found.level_2) == digits(expected)


# Units


def test_units_agree_with_the_published_ones(
    shared: Path, cells: UrbanCells, zones: gpd.GeoDataFrame, units: UrbanUnits
) -> None:
    """At 1 km the published list leaves out the units that hold the middle of no cell."""
    path = shared / "data/rasters_elsewhere/belgium_ghsl_viirs/expected_degurba_units_l1.json"
    expected = json.loads(path.read_text(encoding="utf-8"))
    coarse = urban_units(cells, zones, parts_count=1).table.sort_index()
    middles = gpd.GeoDataFrame(geometry=gpd.GeoSeries.from_xy(*_middles(cells), crs=zones.crs))
    hit = zones.index[middles.sjoin(zones[["geometry"]])["UID"].pipe(zones.index.get_indexer)]
    listed = coarse.loc[coarse.index.isin(hit), "level_1_code"].tolist()
    assert len(listed) == 579
    assert listed[19:30] == expected["L1_20_30"]
    assert listed[99:110] == expected["L1_100_110"]
    # exact parts of cells: the alternative way of the same published test
    exact = units.table.sort_index()["level_1_code"].tolist()
    assert exact[19:30] == digits("3 2 3 2 2 3 1 2 2 3 2")
    assert exact[99:110] == digits("2 2 2 3 2 2 2 2 1 3 2")


def _middles(cells: UrbanCells) -> tuple[np.ndarray, np.ndarray]:
    grid = cells.surfaces.grid
    west, _, _, north = grid.bounds
    x, y = np.meshgrid(
        west + 1000 * (np.arange(grid.width) + 0.5), north - 1000 * (np.arange(grid.height) + 0.5)
    )
    return x.ravel(), y.ravel()


def test_parts_of_50_m_and_exact_parts_agree_and_whole_cells_nearly(
    cells: UrbanCells, zones: gpd.GeoDataFrame, units: UrbanUnits
) -> None:
    exact = units.table
    fine = urban_units(cells, zones, parts_count=20).table
    coarse = urban_units(cells, zones, parts_count=1).table
    assert len(exact) == 581
    assert (fine["level_1"] == exact["level_1"]).all()
    assert (fine["level_2"] == exact["level_2"]).all()
    assert int((fine["level_1"] == coarse["level_1"]).sum()) == 576
    assert int((fine["level_2"] == coarse["level_2"]).sum()) == 566
    assert np.abs(fine["centre_share"] - exact["centre_share"]).max() < 0.01


def test_units_agree_with_the_official_ones_as_far_as_grids_of_other_years_do(
    shared: Path, units: UrbanUnits
) -> None:
    path = shared / "data/commuting/belgium_fua/zones.csv"
    table = pd.read_csv(path, dtype={"zone": str}).set_index("zone")
    official = table["degurba_official_lau2019"].dropna()
    common = units.table.index.intersection(official.index)
    same = 4 - units.table.loc[common, "level_1_code"] == official[common]
    assert (len(common), int(same.sum())) == (563, 477)


def test_cities_hold_the_communes_of_the_large_towns(units: UrbanUnits) -> None:
    city = units.table["city_id"]
    for town, code in TOWNS.items():
        assert city[code] == code, town
    assert (city[list(BRUSSELS)] == TOWNS["Brussels"]).all()
    assert units.table["city_id"].replace("", np.nan).nunique() == 17
    strict = cities_from_centres(units.people_by_centre, units.table.index, least_centre_share=0.75)
    assert int((strict != "").sum()) == 73
    in_city = units.table["city_id"] != ""
    assert (units.table.loc[in_city, "level_1"] == "city").all()


def test_people_of_units_are_those_of_the_country(units: UrbanUnits) -> None:
    assert units.table["population_count"].sum() == pytest.approx(11.55e6, rel=0.01)
    assert units.delineation.areas["area_id"].ne("").sum() == 368


def test_ten_times_the_raster_is_classed_in_one_go(surfaces: UrbanSurfaces) -> None:
    rows, columns = 4, 5
    tiled = [
        np.tile(one, (rows, columns))
        for one in (surfaces.people_count, surfaces.built_share, surfaces.land_share)
    ]
    grid = replace(surfaces.grid, height=tiled[0].shape[0], width=tiled[0].shape[1])
    large = UrbanSurfaces(
        grid=grid, people_count=tiled[0], built_share=tiled[1], land_share=tiled[2]
    )
    found = urban_cells(large)
    assert found.centre_number.max() > 500
    one = urban_cells(surfaces).level_1
    inner = found.level_1[: one.shape[0], : one.shape[1]][20:-20, 20:-20]
    assert (inner == one[20:-20, 20:-20]).mean() > 0.9999
