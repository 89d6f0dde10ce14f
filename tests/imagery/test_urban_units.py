"""Where the people of units live, by exact parts of cells and by parts of 50 m; shapes."""

from __future__ import annotations

from dataclasses import replace

import geopandas as gpd
import numpy as np
import pandas as pd
import pytest
import shapely
from shapely.geometry import Point, box

from agglo.errors import LayerError
from agglo.imagery.urban_cells import UrbanCells, urban_cells
from agglo.imagery.urban_rules import UrbanRules
from agglo.imagery.urban_shapes import urban_polygons
from agglo.imagery.urban_units import people_in_groups, unit_cells, urban_unit_shares
from tests.urban_worlds import MOLLWEIDE, surfaces_of

WEST, NORTH = 300_000.0, 6_000_000.0
PARTS = pytest.mark.parametrize("parts_count", [None, 20])


def part(column: float, row: float, width: float, height: float) -> shapely.Geometry:
    """Draw a box in cells from the north-west."""
    return box(
        WEST + 1000 * column, NORTH - 1000 * (row + height),
        WEST + 1000 * (column + width), NORTH - 1000 * row,
    )  # fmt: skip


def units_of(**shapes: shapely.Geometry) -> gpd.GeoDataFrame:
    return gpd.GeoDataFrame(geometry=list(shapes.values()), index=list(shapes), crs=MOLLWEIDE)


@pytest.fixture
def cells() -> UrbanCells:
    """Return a city, its suburb, a village, a farm and a lake in a row of cells, above a desert."""
    people = [[60_000.0, 1_000.0, 0, 0, 600.0, 60.0, 0.0], [0.0] * 7]
    land = [[1.0, 0.5, 1.0, 1.0, 1.0, 1.0, 0.25], [1.0] * 6 + [0.0]]
    return urban_cells(surfaces_of(people, land=land))


def shares(cells: UrbanCells, units: gpd.GeoDataFrame, parts_count: int | None) -> pd.DataFrame:
    inside = unit_cells(cells, units, parts_count=parts_count)
    return urban_unit_shares(cells, inside, units.index)


def test_the_world_is_as_drawn(cells: UrbanCells) -> None:
    assert cells.level_1[0].tolist() == [3, 3, 1, 1, 1, 1, 0]
    sparse = replace(UrbanRules(), centre=replace(UrbanRules().centre, density_per_km2=3_000.0))
    assert urban_cells(cells.surfaces, rules=sparse).level_1[0, :2].tolist() == [3, 2]
    assert cells.level_2[0].tolist() == [30, 30, 11, 11, 13, 12, 10]


@PARTS
def test_people_of_a_unit_are_those_of_the_parts_of_cells_in_it(
    cells: UrbanCells, parts_count: int | None
) -> None:
    units = units_of(city=part(0, 0, 0.5, 1), east=part(3.75, 0, 3.25, 1))
    found = shares(cells, units, parts_count)
    assert found.loc["city", "population_count"] == pytest.approx(30_000)
    assert found.loc["city", "centre_share"] == 1
    assert found.loc["east", "population_count"] == pytest.approx(660)
    assert found.loc["east", "rural_share"] == 1
    assert found.loc["east", "rural_cluster_share"] == pytest.approx(600 / 660, abs=1e-8)
    assert found.loc["east", "low_density_share"] == pytest.approx(60 / 660, abs=1e-8)
    assert found.loc["east", "land_km2"] == pytest.approx(0.25 + 1 + 1 + 0.25)
    assert found.loc["east", "covered_km2"] == pytest.approx(3.25)


@PARTS
def test_shares_add_up_to_one_or_to_none_where_nobody_lives(
    cells: UrbanCells, parts_count: int | None
) -> None:
    units = units_of(a=part(0, 0, 3.3, 2), desert=part(2, 0, 2, 2), off=part(90, 0, 1, 1))
    found = shares(cells, units, parts_count)
    first = found[["centre_share", "cluster_share", "rural_share"]].sum(axis=1)
    assert first.tolist() == pytest.approx([1, 0, 0])
    land = found[["centre_land_share", "cluster_land_share", "rural_land_share"]].sum(axis=1)
    assert land.tolist() == pytest.approx([1, 1, 0])
    finer = [
        name for name in found
        if name.endswith("_land_share") and not name.startswith(("rural_land", "cluster"))
    ]  # fmt: skip
    assert found[finer].sum(axis=1).tolist() == pytest.approx([1, 1, 0], abs=1e-6)


def test_land_and_not_water_counts_where_nobody_lives(cells: UrbanCells) -> None:
    # half over the outskirts (land 0.5), half over a desert (land 1), both without the people
    empty = urban_cells(replace(cells.surfaces, built_share=np.where(cells.level_1 == 3, 0.4, 0.0)))
    units = units_of(edge=part(1, 0, 1, 2), sea=part(6, 1, 1, 1))
    found = shares(empty, units, None)
    assert found.loc["edge", "centre_land_share"] == pytest.approx(1 / 3)
    assert found.loc["sea", "land_km2"] == 0
    assert found.loc["sea", "rural_land_share"] == 1


@PARTS
def test_units_that_tile_the_raster_hold_all_its_people(parts_count: int | None) -> None:
    random = np.random.default_rng(5)
    cells = urban_cells(surfaces_of(random.random((6, 8)) * 5_000))
    tiles = {
        f"{row}-{column}": part(column, row, 2.35 if column < 4 else 3.3, 2)
        for row in (0, 2, 4)
        for column in (0, 2.35, 4.7)
    }
    found = shares(cells, units_of(**tiles), parts_count)
    assert found["population_count"].sum() == pytest.approx(cells.surfaces.people_count.sum())


def test_a_unit_too_small_for_a_middle_takes_all_parts_that_it_touches(cells: UrbanCells) -> None:
    dot = part(0.4999, 0.4999, 0.0002, 0.0002)
    units = units_of(dot=dot, rest=part(0, 0, 7, 2))
    inside = unit_cells(cells, units, parts_count=20)
    assert inside[[0]].sum() == pytest.approx(4 / 400)
    found = urban_unit_shares(cells, inside, units.index)
    assert found.loc["dot", "centre_share"] == 1
    exact = shares(cells, units, None)
    assert exact.loc["dot", "centre_share"] == 1
    assert exact.loc["dot", "population_count"] == pytest.approx(60_000 * 4e-8, rel=1e-3)


def test_parts_drawn_by_rows_are_the_same_as_at_once(
    cells: UrbanCells, monkeypatch: pytest.MonkeyPatch
) -> None:
    units = units_of(
        a=part(0.3, 0.2, 2.2, 1.5), b=part(2.5, 0.2, 4, 1.7), dot=part(1, 1, 1e-4, 1e-4)
    )
    whole = unit_cells(cells, units, parts_count=7).toarray()
    monkeypatch.setattr("agglo.imagery.urban_units.CELLS_AT_ONCE", 1)
    assert (unit_cells(cells, units, parts_count=7).toarray() == whole).all()


def test_units_in_another_crs_are_moved_and_the_raster_is_not(cells: UrbanCells) -> None:
    units = units_of(a=part(0, 0, 2.5, 1), b=part(2.5, 0, 4.5, 2))
    here = shares(cells, units, None)
    for crs in ("EPSG:4326", "EPSG:3857", "EPSG:32631"):
        there = shares(cells, units.to_crs(crs), None)
        assert there.to_numpy() == pytest.approx(here.to_numpy(), rel=2e-3, abs=2e-3)


def test_points_no_crs_and_no_unit_on_the_raster_are_refused(cells: UrbanCells) -> None:
    point = units_of(p=Point(WEST + 10, NORTH - 10))
    naked = units_of(a=part(0, 0, 1, 1)).set_crs(None, allow_override=True)
    far = units_of(a=part(900, 900, 1, 1))
    for units, said in ((point, "point"), (naked, "CRS"), (far, "touches the raster|none of")):
        for parts_count in (None, 20):
            with pytest.raises(LayerError, match=said):
                unit_cells(cells, units, parts_count=parts_count)
    with pytest.raises(LayerError, match="1 part or more"):
        unit_cells(cells, far, parts_count=0)


def test_people_of_units_are_counted_by_centre() -> None:
    people = np.zeros((1, 9))
    people[0, [0, 1, 5, 8]] = 60_000, 40_000, 80_000, 1_000
    cells = urban_cells(surfaces_of(people))
    units = units_of(w=part(0, 0, 1.5, 1), m=part(1.5, 0, 4.5, 1), e=part(6, 0, 3, 1))
    found = people_in_groups(cells, cells.centre_number, unit_cells(cells, units), units.index)
    rows = found.sort_values(["unit_id", "number"])[
        ["unit_id", "number", "people_count", "unit_share", "group_share"]
    ].to_numpy().tolist()  # fmt: skip
    assert rows == [
        ["m", 1, pytest.approx(20_000), pytest.approx(0.2), pytest.approx(0.2)],
        ["m", 2, pytest.approx(80_000), pytest.approx(0.8), pytest.approx(1.0)],
        ["w", 1, pytest.approx(80_000), pytest.approx(1.0), pytest.approx(0.8)],
    ]


def test_no_centre_leaves_no_people_in_centres(cells: UrbanCells) -> None:
    empty = urban_cells(surfaces_of(np.zeros((2, 7))))
    units = units_of(a=part(0, 0, 2, 1))
    found = people_in_groups(empty, empty.centre_number, unit_cells(empty, units), units.index)
    assert found.empty
    assert len(cells.notes) == 1


# Shapes


def test_polygons_of_centres_hold_their_cells_people_and_land() -> None:
    people = np.zeros((4, 6))
    people[1:3, 1:3] = 20_000
    people[3, 5] = 55_000
    land = np.ones((4, 6))
    land[1, 1] = 0.5
    cells = urban_cells(surfaces_of(people, land=land))
    names = pd.Series({1: "Город «А»"})
    found = urban_polygons(cells, cells.centre_number, names=names)
    assert found["number"].tolist() == [1, 2]
    assert found["name"].tolist() == ["Город «А»", ""]
    assert found["population_count"].tolist() == [80_000, 55_000]
    assert found["area_km2"].tolist() == [4, 1]
    assert found["land_km2"].tolist() == [3.5, 1]
    assert found["density_per_km2"].tolist() == [pytest.approx(80_000 / 3.5), 55_000]
    assert found["is_at_edge"].tolist() == [False, True]
    assert found.geometry.iloc[0].equals(part(1, 1, 2, 2))
    assert found.crs == MOLLWEIDE


def test_cells_that_meet_at_a_corner_make_one_valid_shape() -> None:
    people = np.zeros((4, 4))
    people[0, 0] = people[1, 1] = people[2, 0] = 3_000
    cells = urban_cells(surfaces_of(people))
    found = urban_polygons(cells, cells.cluster_number)
    assert len(found) == 1
    assert found.geometry.is_valid.all()
    assert found.area.sum() == 3e6


def test_a_hole_too_large_to_fill_stays_a_hole() -> None:
    people = np.full((7, 9), 5_000.0)
    people[1:6, 2:7] = 0
    cells = urban_cells(surfaces_of(people))
    shape = urban_polygons(cells, cells.centre_number).geometry.iloc[0]
    assert len(shape.interiors) == 1


def test_no_centre_makes_an_empty_layer() -> None:
    cells = urban_cells(surfaces_of([[1.0]]))
    found = urban_polygons(cells, cells.centre_number)
    assert found.empty
    assert found.crs == MOLLWEIDE
