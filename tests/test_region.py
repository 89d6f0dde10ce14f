"""Regions: frozen, in one metric CRS, ordered by key."""

from __future__ import annotations

import dataclasses

import geopandas as gpd
import pandas as pd
import pytest

from agglo.errors import TableError
from agglo.region import Region, check_region, region_from_tables
from agglo.tables import TABLES
from tests import worlds

NAMES = {"name_ru": "Мир", "name_en": "World"}


def test_rows_are_ordered_and_named_by_their_key() -> None:
    region = worlds.two_banks()
    assert region["zones"].index.tolist() == ["away", "east", "west"]
    assert region["line_stops"].index.tolist() == [("ferry", 0), ("ferry", 1)]


def test_the_order_of_rows_makes_no_difference() -> None:
    tables = worlds.two_banks_tables()
    first, second = worlds.region_of(tables), worlds.region_of(worlds.shuffled(tables, 1))
    for name in TABLES:
        pd.testing.assert_frame_equal(
            pd.DataFrame(first[name]), pd.DataFrame(second[name]), obj=name
        )


def test_geometries_come_into_the_crs_of_the_region() -> None:
    tables = worlds.two_banks_tables()
    tables["zones"] = tables["zones"].to_crs("EPSG:4326")
    region = worlds.region_of(tables)
    assert region.geo("zones").crs == worlds.CRS
    west = region.geo("zones").geometry["west"]
    assert (west.x, west.y) == pytest.approx(worlds.ORIGIN_M, abs=1e-3)


@pytest.mark.parametrize("crs", ["EPSG:4326", "EPSG:2263"])
def test_a_crs_that_does_not_measure_in_metres_is_refused(crs: str) -> None:
    with pytest.raises(TableError, match=f"must be projected, in metres; got {crs}"):
        region_from_tables(worlds.two_banks_tables(), **NAMES, crs=crs)


@pytest.mark.parametrize("crs", ["EPSG:999999", "nonsense"])
def test_a_crs_that_nobody_knows_is_refused(crs: str) -> None:
    with pytest.raises(TableError, match=crs):
        region_from_tables(worlds.two_banks_tables(), **NAMES, crs=crs)


def test_a_geometry_without_a_crs_is_refused() -> None:
    tables = worlds.two_banks_tables()
    tables["links"] = tables["links"].set_crs(None, allow_override=True)
    with pytest.raises(TableError, match="'links' has geometry without a CRS"):
        worlds.region_of(tables)


def test_an_absent_table_is_named() -> None:
    tables = worlds.two_banks_tables()
    del tables["wages"]
    with pytest.raises(TableError, match=r"absent: \['wages'\]"):
        worlds.region_of(tables)


def test_an_unknown_table_is_named() -> None:
    tables = {**worlds.two_banks_tables(), "rivers": pd.DataFrame()}
    with pytest.raises(TableError, match=r"unknown: \['rivers'\]"):
        worlds.region_of(tables)


def test_a_fault_names_the_file_of_its_table() -> None:
    tables = worlds.two_banks_tables()
    tables["nodes"] = tables["nodes"].assign(lat=99.0)
    with pytest.raises(TableError, match=r"table 'nodes' \(nodes.csv\) has 1 fault"):
        region_from_tables(tables, **NAMES, crs=worlds.CRS, where={"nodes": "nodes.csv"})


def test_a_table_without_its_key_is_named_before_those_that_refer_to_it() -> None:
    tables = worlds.two_banks_tables()
    tables["nodes"] = tables["nodes"].rename(columns={"node_id": "id"})
    with pytest.raises(TableError, match="column 'node_id' is missing"):
        worlds.region_of(tables)


def test_a_region_and_its_set_of_tables_are_frozen() -> None:
    region = worlds.two_banks()
    with pytest.raises(dataclasses.FrozenInstanceError):
        region.crs = "EPSG:3857"  # type: ignore[misc]
    with pytest.raises(TypeError, match="does not support item assignment"):
        region.tables["zones"] = pd.DataFrame()  # type: ignore[index]


def test_other_tables_make_a_new_region_and_leave_the_old_one() -> None:
    region = worlds.two_banks()
    shorter = region.with_tables(lines=region["lines"].iloc[:0])
    assert len(shorter["lines"]) == 0
    assert len(region["lines"]) == 1
    assert shorter["zones"] is region["zones"]


def test_only_some_tables_carry_geometry() -> None:
    region = worlds.two_banks()
    assert isinstance(region.geo("links"), gpd.GeoDataFrame)
    with pytest.raises(TableError, match="'nodes' carries no geometry"):
        region.geo("nodes")


def test_a_changed_table_is_checked_against_the_others() -> None:
    region = worlds.two_banks()
    lost = region.with_tables(links=region["links"].assign(to_id="nowhere"))
    with pytest.raises(TableError, match="'to_id' names what 'nodes' does not have"):
        check_region(lost, ["links"])
    assert check_region(lost, ["zones"]) is lost


def test_a_region_without_a_table_cannot_be_made_by_hand() -> None:
    with pytest.raises(TableError, match="a region needs the tables"):
        Region(**NAMES, crs=worlds.CRS, tables={})
