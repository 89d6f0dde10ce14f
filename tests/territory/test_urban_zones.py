"""Urban areas of a region's zones, from rasters of people, buildings and land."""

from __future__ import annotations

from pathlib import Path

import geopandas as gpd
import numpy as np
import pytest

from agglo.errors import LayerError
from agglo.rasters import RasterLayer
from agglo.region import Region
from agglo.run import run
from agglo.territory.urban_zones import urban_delineation
from tests import worlds
from tests.drawn_rasters import written_raster
from tests.rastered import SQUARES, region_with

EQUAL_AREA = "+proj=laea +lat_0=55 +lon_0=37.5 +datum=WGS84 +units=m"


def rasters(folder: Path, *, east_per_km2: float, crs: str = EQUAL_AREA) -> list[RasterLayer]:
    """People in every cell of the west, fewer in the east, on land all round."""
    squares = gpd.GeoSeries(SQUARES, crs=worlds.CRS).to_crs(crs)
    west, south, east, north = squares.total_bounds
    first, top = np.floor(west / 1000) * 1000 - 5000, np.ceil(north / 1000) * 1000 + 5000
    width, height = int((east - first) // 1000) + 6, int((top - south) // 1000) + 6
    middle = squares["west"].bounds[2]
    x = first + 1000 * (np.arange(width) + 0.5)
    y = top - 1000 * (np.arange(height) + 0.5)
    inside = (y[:, None] > south) & (y[:, None] < north) & (x > west) & (x < east)
    people = np.where(inside, np.where(x + 500 <= middle, 4000.0, east_per_km2), 0.0)
    about = {"crs": crs, "transform": (1000.0, 0, first, 0, -1000.0, top), "dtype": "float64",
             "quantity": "count", "epoch": "2020"}  # fmt: skip
    return [
        written_raster(folder / "pop.tif", people, role="population", unit="persons", **about),
        written_raster(folder / "built.tif", people * 10, role="built_up", unit="m2", **about),
        written_raster(folder / "land.tif", people * 0 + 1e6, role="land", unit="m2", **about),
    ]


def region(folder: Path, **about: float) -> Region:
    return region_with(*rasters(folder, **about))


def test_without_the_three_rasters_there_are_no_urban_areas(tmp_path: Path) -> None:
    assert urban_delineation(region_with()) is None
    two = rasters(tmp_path, east_per_km2=0)[:2]
    assert urban_delineation(region_with(*two)) is None


def test_an_empty_bank_is_in_no_urban_area_and_a_dense_one_in_that_of_its_neighbour(
    tmp_path: Path,
) -> None:
    found = urban_delineation(region(tmp_path, east_per_km2=10))
    assert found is not None
    assert found.areas["area_id"].to_dict() == {"east": "", "west": "west"}
    assert found.status == "modelled"
    again = tmp_path / "dense"
    again.mkdir()
    dense = urban_delineation(region(again, east_per_km2=400))
    assert dense is not None
    assert dense.areas["area_id"].to_dict() == {"east": "west", "west": "west"}


def test_the_urban_area_stands_among_the_definitions_of_a_run(tmp_path: Path) -> None:
    workspace = worlds.workspace_of(region(tmp_path, east_per_km2=400), tmp_path / "ws")
    (result,) = run(workspace)
    rows = result.memberships
    own = rows[rows["definition"] == "urban_area"].set_index("zone_id")
    assert own["is_in"].to_dict() == {"east": True, "west": True}
    assert set(own["decided_by"]) == {"urban_share"}
    assert own["firmness_share"].isna().all()


def test_rasters_that_are_no_equal_area_grid_are_refused_by_name(tmp_path: Path) -> None:
    wrong = rasters(tmp_path, east_per_km2=400, crs="EPSG:3857")
    with pytest.raises(LayerError, match="pop, built, land stand for the degree of urbanisation"):
        urban_delineation(region_with(*wrong))
