"""Belgium: people of municipalities spread by built-up land come nearer to GHS-POP than by area."""

from __future__ import annotations

from pathlib import Path
from typing import NamedTuple

import geopandas as gpd
import numpy as np
import pandas as pd
import pytest

from agglo.imagery.coverage import Coverage, coverage_from_zones
from agglo.imagery.dasymetric import dasymetric
from agglo.layers.raster_files import raster_layer, read_band
from agglo.rasters import Band

UNKNOWN = 4294967295.0


class Belgium(NamedTuple):
    """Municipalities laid on 1 km cells.

    GHS-POP was made with the same built-up land: what agrees is the arithmetic, not where anybody
    truly lives.
    """

    coverage: Coverage
    people: pd.Series
    built: Band
    population: Band


@pytest.fixture(scope="module")
def belgium(shared: Path) -> Belgium:
    folder = shared / "data" / "commuting" / "belgium_degurba"
    if not folder.is_dir():
        pytest.skip("the Belgian rasters are absent")
    population = read_band(
        raster_layer(folder / "POP.tif", quantity="count", unit="persons", role="population")
    )
    built = read_band(
        raster_layer(
            folder / "BUILT_S.tif", quantity="count", unit="m2", role="built_up", nodata=UNKNOWN
        )
    )
    zones = gpd.read_file(folder / "units_2019.gpkg").set_index("UID")
    coverage = coverage_from_zones(population.grid, zones[["geometry"]])
    cells = np.nan_to_num(population.values.ravel())
    people = pd.Series(np.rint(coverage.shares @ cells), index=coverage.zone_ids)
    return Belgium(coverage, people, built, population)


def errors(spread: Band, belgium: Belgium) -> tuple[float, float]:
    """Correlation with GHS-POP over cells wholly in Belgium, and people misplaced of all."""
    inside = np.asarray(belgium.coverage.shares.sum(axis=0)) > 0.999
    found, true = spread.values.ravel()[inside], belgium.population.values.ravel()[inside]
    is_known = np.isfinite(true)
    found, true = found[is_known], true[is_known]
    misplaced = np.abs(found - true).sum() / 2 / true.sum()
    return float(np.corrcoef(found, true)[0, 1]), float(misplaced)


def test_built_up_land_puts_people_nearer_to_where_they_are_than_area(belgium: Belgium) -> None:
    by_built = dasymetric(belgium.people, belgium.coverage, belgium.built, quantity="count")
    even = Band(values=np.ones(belgium.built.grid.shape), grid=belgium.built.grid)
    by_area = dasymetric(belgium.people, belgium.coverage, even, quantity="share")
    # of all municipalities GHS-POP has nobody, and no building, in the smallest alone.
    fallback = by_built.report[by_built.report["method"] == "area"]
    assert fallback["count"].to_dict() == {73028: 0}
    correlation, misplaced = errors(by_built.band, belgium)
    plain_correlation, plain_misplaced = errors(by_area.band, belgium)
    assert correlation > plain_correlation + 0.05
    assert misplaced < 0.6 * plain_misplaced


def test_all_municipalities_keep_their_people_to_the_last(belgium: Belgium) -> None:
    spread = dasymetric(
        belgium.people, belgium.coverage, belgium.built, quantity="count", whole=True
    )
    np.testing.assert_array_equal(spread.amounts.sum(axis=1), belgium.people)
    assert np.nansum(spread.band.values) == belgium.people.sum()
    assert (np.nan_to_num(spread.band.values) % 1 == 0).all()
