"""Receipts name the rows they are about, whatever the key of their table."""

from __future__ import annotations

from dataclasses import replace

import pandas as pd
import pytest

from agglo.maps.row_names import row_names
from agglo.region import Region
from tests.worlds import grid


@pytest.fixture
def region() -> Region:
    named = grid(2)
    zones = named["zones"].assign(name_ru="Ж'\"", name_en="zone")
    lines = named["lines"].assign(name_ru="маршрут", name_en="line")
    stops = named["stops"].assign(name_ru="остановка", name_en="stop")
    return named.with_tables(zones=zones, lines=lines, stops=stops)


def test_a_row_with_a_name_goes_by_it(region: Region) -> None:
    assert row_names([region], "zones", "c00") == {"ru": "Ж'\"", "en": "zone"}


def test_a_run_time_goes_by_its_line_and_stop(region: Region) -> None:
    assert row_names([region], "line_stops", "bus/1") == {
        "ru": "маршрут → остановка",
        "en": "line → stop",
    }


def test_a_row_without_a_name_goes_by_what_its_key_names(region: Region) -> None:
    assert row_names([region], "sector_jobs", "c00/H") == {"ru": "Ж'\", H", "en": "zone, H"}
    stops = region["stops"].index
    transfer = f"bus/bus/{stops[0]}/{stops[1]}"
    assert row_names([region], "transfers", transfer)["en"] == "line, line, stop, stop"


def test_a_row_that_is_nowhere_goes_by_its_id(region: Region) -> None:
    assert row_names([region], "links", "gone") == {"ru": "gone", "en": "gone"}
    assert row_names([region], "line_stops", "bus/9")["en"] == "line → 9"


def test_what_the_scenario_removes_the_baseline_still_names(region: Region) -> None:
    gone = region.with_tables(
        lines=region["lines"].iloc[:0],
        line_stops=region["line_stops"].iloc[:0],
    )
    assert row_names([gone, region], "lines", "bus")["ru"] == "маршрут"
    assert row_names([gone, region], "line_stops", "bus/1")["en"] == "line → stop"


def test_a_joint_service_goes_by_its_own_name(region: Region) -> None:
    key = pd.MultiIndex.from_tuples([("water", "m0")], names=["service_id", "municipality_id"])
    services = region["joint_services"].reindex(key).assign(name_ru="вода", name_en="water")
    tables = {**region.tables, "joint_services": services}
    own = replace(region, tables=tables)
    assert row_names([own], "joint_services", "water/m0") == {"ru": "вода", "en": "water"}
