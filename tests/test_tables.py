"""The contracts of the tables, and messages that name every fault."""

from __future__ import annotations

from collections.abc import Callable

import geopandas as gpd
import numpy as np
import pandas as pd
import pytest
from shapely.geometry import LineString, Point, Polygon

from agglo.checks import check_table, typed_table
from agglo.errors import TableError
from agglo.tables import ABSENT, STATUSES, TABLES, weakest_status
from tests import worlds

BOW_TIE = Polygon([(0, 0), (1, 1), (1, 0), (0, 1)])


@pytest.fixture
def tables() -> worlds.Tables:
    """Return sound tables to break."""
    return worlds.two_banks_tables()


def set_cell(frame: pd.DataFrame, column: str, value: object) -> pd.DataFrame:
    """Return the frame with another value in the first row."""
    changed = frame.copy()
    changed[column] = changed[column].astype(object)
    changed.loc[changed.index[0], column] = value
    return changed


@pytest.mark.parametrize("name", TABLES)
def test_a_sound_table_is_returned_as_it_is(tables: worlds.Tables, name: str) -> None:
    assert check_table(name, tables[name], others=tables) is tables[name]


@pytest.mark.parametrize(
    "name", sorted(set(TABLES) - {"employers", "railways", "interchanges", "facilities", *ABSENT})
)
def test_every_required_column_is_missed_by_name(tables: worlds.Tables, name: str) -> None:
    for column, contract in TABLES[name].columns.items():
        if contract.required:
            frame = tables[name].drop(columns=column)
            with pytest.raises(TableError, match=f"column '{column}' is missing"):
                check_table(name, frame)


@pytest.mark.parametrize("name", [name for name in TABLES if not TABLES[name].may_be_empty])
def test_a_table_that_must_have_rows_is_refused_without(tables: worlds.Tables, name: str) -> None:
    with pytest.raises(TableError, match="is empty; wanted at least one row"):
        check_table(name, tables[name].iloc[:0])


@pytest.mark.parametrize("name", [name for name in TABLES if TABLES[name].may_be_empty])
def test_a_table_that_may_be_empty_passes_without_rows(tables: worlds.Tables, name: str) -> None:
    assert check_table(name, tables[name].iloc[:0]).empty


def test_an_empty_file_need_not_even_have_columns() -> None:
    """A GeoJSON file without features has none."""
    bare = gpd.GeoDataFrame(geometry=[], crs=worlds.CRS)
    assert set(TABLES["railways"].columns) <= set(typed_table("railways", bare).columns)
    assert check_table("railways", bare) is bare


@pytest.mark.parametrize(
    ("table", "column", "value", "message"),
    [
        ("zones", "kind", "hamlet", "'kind' must be one of city, town.*got 'hamlet'"),
        ("zones", "lon", 181.0, "'lon' must hold numbers of 180 or less; got 181.0"),
        ("zones", "lat", -91.0, "'lat' must hold numbers of -90 or more; got -91.0"),
        ("zones", "area_km2", 0.0, "'area_km2' must hold numbers above 0; got 0.0"),
        ("zones", "jobs_count", -1.0, "'jobs_count' must hold numbers of 0 or more"),
        ("zones", "jobs_count", np.inf, "'jobs_count' must hold finite numbers; got inf"),
        ("zones", "jobs_count", "1,5", "'jobs_count' must hold finite numbers; got '1,5'"),
        ("zones", "jobs_count", None, r"'jobs_count' has no value in 1 row\(s\), 'west'"),
        ("zones", "name_ru", "  ", r"'name_ru' has no value in 1 row\(s\), 'west'"),
        ("zones", "municipality_id", "x", "names what 'municipalities' does not have: 'x'"),
        ("zones", "is_centre", "yes", "'is_centre' must be true or false; got 'yes'"),
        ("zones", "is_centre", None, "'is_centre' has no value"),
        ("zones", "status", "sure", "must be one of observed, modelled, assumed; got 'sure'"),
        ("links", "from_id", "nowhere", "'from_id' names what 'nodes' does not have"),
        ("links", "speed_kmh", 0, "'speed_kmh' must hold numbers above 0"),
        (
            "lines",
            "mode",
            "plane",
            "'mode' must be one of train, metro, tram, bus, ferry; got 'plane'",
        ),
        ("line_stops", "sequence", 0.5, "'sequence' must hold whole numbers; got 0.5"),
        ("line_stops", "run_min", -0.1, "'run_min' must hold numbers of 0 or more"),
        ("population", "year", 1700, "'year' must hold numbers of 1800 or more"),
        ("connectors", "mode", "boat", "'mode' must be one of car, access"),
    ],
)
def test_a_wrong_value_is_named_with_what_was_wanted(
    tables: worlds.Tables, table: str, column: str, value: object, message: str
) -> None:
    frame = set_cell(tables[table], column, value)
    with pytest.raises(TableError, match=message):
        check_table(table, frame, others=tables)


def test_a_wrong_number_is_named_with_its_row_beside_empty_ones(tables: worlds.Tables) -> None:
    links = tables["links"].copy()
    links["km_from"] = [None, np.inf, 3.0]
    with pytest.raises(TableError, match=r"got inf in 1 row\(s\), 'highway'"):
        check_table("links", links)


def test_the_one_text_that_is_no_flag_is_shown(tables: worlds.Tables) -> None:
    zones = tables["zones"].assign(is_centre=["True", "False", "yes"])
    with pytest.raises(TableError, match=r"'is_centre' must be true or false; got 'yes'$"):
        check_table("zones", zones)


def test_rows_with_one_index_label_are_checked_too(tables: worlds.Tables) -> None:
    zones = set_cell(tables["zones"], "jobs_count", -5.0).set_axis([7, 7, 7])
    with pytest.raises(TableError, match=r"got -5.0 in 1 row\(s\), 'west'"):
        check_table("zones", zones)


def test_all_faults_of_a_table_come_in_one_message(tables: worlds.Tables) -> None:
    zones = set_cell(tables["zones"], "kind", "hamlet").drop(columns="lat")
    zones = set_cell(zones, "jobs_count", -1.0)
    with pytest.raises(TableError, match=r"table 'zones' \(zones.csv\) has 4 fault") as caught:
        check_table("zones", zones, where="zones.csv")
    assert str(caught.value).count("\n  - ") == 4
    assert "jobs_low_count ≤ jobs_count ≤ jobs_high_count does not hold" in str(caught.value)


def test_many_wrong_rows_are_shown_by_the_first_three(tables: worlds.Tables) -> None:
    nodes = pd.concat([tables["nodes"]] * 2, ignore_index=True)
    nodes["node_id"] = [f"n{i}" for i in range(6)]
    nodes["lat"] = 100.0
    with pytest.raises(TableError, match=r"in 6 row\(s\), 'n0', 'n1', 'n2' and 3 more"):
        check_table("nodes", nodes)


def test_a_key_that_stands_twice_is_refused(tables: worlds.Tables) -> None:
    doubled = pd.concat([tables["nodes"], tables["nodes"].iloc[:1]])
    with pytest.raises(TableError, match="key node_id stands more than once: 'west'"):
        check_table("nodes", doubled)


def test_a_key_of_two_columns_counts_as_a_pair(tables: worlds.Tables) -> None:
    doubled = tables["line_stops"].assign(sequence=0)
    with pytest.raises(TableError, match=r"line_id . sequence stands more than once: 'ferry / 0'"):
        check_table("line_stops", doubled)


@pytest.mark.parametrize(
    ("broken", "message"),
    [
        (lambda zones: pd.DataFrame(zones.drop(columns="geometry")), "has no geometry"),
        (lambda zones: zones.set_geometry([None, *zones.geometry[1:]]), "geometry is empty"),
        (lambda zones: zones.set_geometry([Point(), *zones.geometry[1:]]), "geometry is empty"),
        (
            lambda zones: zones.set_geometry([LineString([(0, 0), (1, 1)]), *zones.geometry[1:]]),
            "geometry must be Point or Polygon or MultiPolygon; got LineString in 1 row",
        ),
        (
            lambda zones: zones.set_geometry([BOW_TIE, *zones.geometry[1:]]),
            r"geometry is not valid in 1 row\(s\), 'west'",
        ),
        (
            lambda zones: zones.set_geometry([Point(np.inf, 0), *zones.geometry[1:]]),
            "no finite number",
        ),
    ],
)
def test_a_broken_geometry_is_refused(
    tables: worlds.Tables,
    broken: Callable[[gpd.GeoDataFrame], pd.DataFrame],
    message: str,
) -> None:
    with pytest.raises(TableError, match=message):
        check_table("zones", broken(tables["zones"]))


def test_a_table_that_another_refers_to_may_itself_lack_the_column(
    tables: worlds.Tables,
) -> None:
    tables["nodes"] = tables["nodes"].rename(columns={"node_id": "id"})
    assert check_table("links", tables["links"], others=tables) is tables["links"]


def test_typed_numbers_are_floats_and_texts_have_no_gaps(tables: worlds.Tables) -> None:
    zones = typed_table("zones", set_cell(tables["zones"], "jobs_count", 80))
    assert zones["jobs_count"].dtype == np.float64
    links = typed_table("links", tables["links"].drop(columns=["km_from", "km_to"]))
    assert links["km_from"].isna().all()
    municipalities = typed_table("municipalities", tables["municipalities"])
    assert municipalities["oktmo"].tolist() == ["", ""]
    assert typed_table("population", tables["population"])["year"].dtype == np.int64


def test_typing_leaves_the_given_frame_alone(tables: worlds.Tables) -> None:
    before = tables["municipalities"].copy()
    typed_table("municipalities", tables["municipalities"])
    pd.testing.assert_frame_equal(tables["municipalities"], before)


@pytest.mark.parametrize("first", STATUSES)
@pytest.mark.parametrize("second", STATUSES)
def test_the_weakest_of_two_statuses_does_not_depend_on_their_order(
    first: str, second: str
) -> None:
    weakest = weakest_status(first, second)
    assert weakest == weakest_status(second, first)
    assert STATUSES.index(weakest) == max(STATUSES.index(first), STATUSES.index(second))
