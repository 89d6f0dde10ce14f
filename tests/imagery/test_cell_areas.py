"""True areas of cells, beside polygons measured on the ellipsoid by geodesics."""

from __future__ import annotations

import numpy as np
import pyproj
import pytest

from agglo.errors import LayerError
from agglo.imagery.cell_areas import WHOLE_CELLS, cell_areas_km2
from agglo.rasters import Grid

GEOD = pyproj.Geod(ellps="WGS84")
EARTH_KM2 = 510_065_621.724
"""Surface of the WGS84 ellipsoid."""

ALBERS = (
    'PROJCRS["Own",BASEGEOGCRS["WGS 84",DATUM["World Geodetic System 1984",ELLIPSOID["WGS 84",'
    '6378137,298.257223563,LENGTHUNIT["metre",1]]]],CONVERSION["Own",METHOD["Albers Equal Area"],'
    'PARAMETER["Latitude of false origin",0],PARAMETER["Longitude of false origin",100],'
    'PARAMETER["Latitude of 1st standard parallel",52],'
    'PARAMETER["Latitude of 2nd standard parallel",64],'
    'PARAMETER["Easting at false origin",0],PARAMETER["Northing at false origin",0]],'
    'CS[Cartesian,2],AXIS["x",east],AXIS["y",north],LENGTHUNIT["metre",1]]'
)


def grid_of(
    crs: str, cell: float, west: float, north: float, height: int = 20, width: int = 30
) -> Grid:
    return Grid(crs=crs, transform=(cell, 0, west, 0, -cell, north), height=height, width=width)


def geodesic_km2(grid: Grid, row: int, column: int) -> float:
    """Area of one cell whose edges are cut 300 times before they are moved to lon/lat."""
    west, _, east, _ = grid.part(row, column, 1, 1).bounds
    _, south, _, north = grid.part(row, column, 1, 1).bounds
    share = np.linspace(0, 1, 301)[:-1]
    x = np.concatenate([west + share * (east - west), np.full(300, east),
                        east - share * (east - west), np.full(300, west)])  # fmt: skip
    y = np.concatenate([np.full(300, north), north - share * (north - south),
                        np.full(300, south), south + share * (north - south)])  # fmt: skip
    to_degrees = pyproj.Transformer.from_crs(grid.crs, "EPSG:4326", always_xy=True)
    area, _ = GEOD.polygon_area_perimeter(*to_degrees.transform(x, y))
    return abs(area) / 1e6


@pytest.mark.parametrize(
    ("crs", "cell", "west", "north"),
    [
        ("EPSG:4326", 1 / 120, 36.0, 56.0),
        ("EPSG:4326", 0.25, -60.0, 3.0),
        ("EPSG:3857", 1000.0, 4e6, 7.4e6),
        ("ESRI:54009", 1000.0, 3e5, 6e6),
        ("EPSG:32637", 1000.0, 4e5, 6.2e6),
        ("EPSG:32637", 1000.0, -4e5, 6.2e6),
        ("EPSG:3035", 1000.0, 4e6, 3e6),
        ("EPSG:2263", 3280.0, 9e5, 3e5),
        (ALBERS, 5000.0, -4e6, 7e6),
    ],
)
@pytest.mark.parametrize(("height", "width"), [(20, 30), (300, 200)])
def test_a_cell_has_the_area_of_its_geodesic_polygon(
    crs: str, cell: float, west: float, north: float, height: int, width: int
) -> None:
    grid = grid_of(crs, cell, west, north, height, width)
    areas = np.broadcast_to(cell_areas_km2(grid), grid.shape)
    for row, column in ((0, 0), (height // 3, width // 2), (height - 1, width - 1)):
        # the geodesics between the 300 points of an edge differ from the edge a little
        assert areas[row, column] == pytest.approx(geodesic_km2(grid, row, column), rel=2e-6)


def test_the_cells_of_the_earth_add_up_to_its_surface() -> None:
    areas = cell_areas_km2(grid_of("EPSG:4326", 0.5, -180.0, 90.0, 360, 720))
    assert areas.shape == (360, 1)
    assert areas.sum() * 720 == pytest.approx(EARTH_KM2, rel=1e-12)


def test_a_sphere_has_the_area_of_a_sphere() -> None:
    areas = cell_areas_km2(
        grid_of("+proj=longlat +R=6371000 +type=crs", 1.0, -180.0, 90.0, 180, 360)
    )
    assert areas.sum() * 360 == pytest.approx(4 * np.pi * 6371**2, rel=1e-12)


def test_a_web_mercator_cell_at_moscow_is_a_third_of_what_it_seems() -> None:
    middle = pyproj.Transformer.from_crs("EPSG:4326", "EPSG:3857", always_xy=True)
    x, y = middle.transform(37.0, 55.0)
    areas = cell_areas_km2(grid_of("EPSG:3857", 1000.0, x, y + 500, 1, 1))
    # 1 / cos² 55° on a sphere, over M·N / a² on the ellipsoid
    squared, sine = 0.00669437999014, np.sin(np.radians(55))
    ratio = (1 - squared) / (1 - squared * sine**2) ** 2
    assert 1 / areas[0, 0] == pytest.approx(1 / np.cos(np.radians(55)) ** 2 / ratio, rel=1e-6)
    assert 1 / areas[0, 0] == pytest.approx(3.03, abs=0.01)


def test_cells_of_an_equal_area_crs_are_equal() -> None:
    for crs in ("EPSG:3035", "EPSG:6933"):
        areas = cell_areas_km2(grid_of(crs, 1000.0, 4e6, 3e6, 300, 400))
        assert np.ptp(areas) < 1e-8
        assert areas[0, 0] == pytest.approx(1, rel=1e-7)


def test_the_cells_of_a_mollweide_grid_are_not_equal_on_the_ellipsoid() -> None:
    grid = grid_of("ESRI:54009", 1000.0, 3e5, 6e6, 2000, 10)
    areas = cell_areas_km2(grid)
    # the sphere's radius is a; the product of the radii of curvature at latitude φ is a²·(…)
    to_degrees = pyproj.Transformer.from_crs(grid.crs, "EPSG:4326", always_xy=True)
    _, latitude = to_degrees.transform(3.055e5, 5.9995e6)
    squared = 0.00669437999014
    ratio = (1 - squared) / (1 - squared * np.sin(np.radians(latitude)) ** 2) ** 2
    assert areas[0, 5] == pytest.approx(ratio, rel=1e-6)
    assert areas[0, 5] > 1.001 > areas[-1, 5]


def test_a_large_grid_measured_at_samples_equals_its_parts_measured_cell_by_cell() -> None:
    for crs, west, north in (("EPSG:32637", 4e5, 6.2e6), ("EPSG:3857", 4e6, 7.4e6)):
        grid = grid_of(crs, 60.0, west, north, 1830, 1830)
        assert grid.height * grid.width > WHOLE_CELLS
        areas = cell_areas_km2(grid)
        for row, column in ((0, 0), (700, 1200), (1820, 1820)):
            exact = cell_areas_km2(grid.part(row, column, 10, 10))
            assert areas[row : row + 10, column : column + 10] == pytest.approx(exact, rel=2e-8)


def test_cells_in_metres_do_not_overlap_where_rows_are_cut_for_the_work() -> None:
    grid = grid_of("EPSG:32637", 2000.0, 4e5, 6.2e6, 150, 150)
    halves = [cell_areas_km2(grid.part(row, 0, 75, 150)) for row in (0, 75)]
    assert cell_areas_km2(grid) == pytest.approx(np.vstack(halves), rel=1e-12)


def test_cells_off_the_map_have_no_area() -> None:
    areas = cell_areas_km2(grid_of("ESRI:54009", 100_000.0, -18_040_000.0, 9_020_000.0, 180, 361))
    assert np.isnan(areas[0, 0])
    assert areas[90, 180] == pytest.approx(10_000 * (1 - 0.00669438), rel=1e-3)
    # what is lost are the cells that the edge of the map cuts
    assert 0.985 * EARTH_KM2 < np.nansum(areas) < EARTH_KM2


def test_rows_beyond_the_pole_are_empty() -> None:
    areas = cell_areas_km2(grid_of("EPSG:4326", 0.25, -180.0, 90.125, 4, 4))
    whole = cell_areas_km2(grid_of("EPSG:4326", 0.125, -180.0, 90.0, 1, 2))
    assert areas[0, 0] == pytest.approx(2 * whole[0, 0])
    beyond = cell_areas_km2(grid_of("EPSG:4326", 0.25, -180.0, 90.5, 2, 1))
    assert beyond[:, 0].tolist() == [0, 0]


@pytest.mark.parametrize(
    ("crs", "message"),
    [
        ("EPSG:999999", "cannot be read"),
        ('LOCAL_CS["site",UNIT["metre",1]]', "not tied to the earth"),
    ],
)
def test_a_crs_without_an_earth_is_refused(crs: str, message: str) -> None:
    with pytest.raises(LayerError, match=message):
        cell_areas_km2(grid_of(crs, 1.0, 0.0, 0.0))
