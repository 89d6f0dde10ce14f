"""The unit at the end of a name."""

from __future__ import annotations

import dataclasses

import pytest

from agglo.parameters import Parameters
from agglo.tables import TABLES
from agglo.units import unit_of


@pytest.mark.parametrize(
    ("name", "unit"),
    [
        ("area_km2", "km²"),
        ("internal_km", "km"),
        ("transfer_m", "m"),
        ("speed_kmh", "km/h"),
        ("jobs_count", "persons"),
        ("decay_per_min", "1/min"),
        ("wait_min", "min"),
        ("people_per_km2", "1/km²"),
        ("capacity_veh_per_h", "veh/h"),
        ("is_open", ""),
    ],
)
def test_the_longest_suffix_decides(name: str, unit: str) -> None:
    assert unit_of(name) == unit


def test_every_parameter_carries_a_unit() -> None:
    bare = [item.name for item in dataclasses.fields(Parameters) if not unit_of(item.name)]
    assert bare == []


def test_every_number_of_a_table_carries_a_unit_or_is_known_to_have_none() -> None:
    # the limits of a claim are in the unit of what it is about
    plain = {"lon", "lat", "km", "km_from", "km_to", "low", "high"}
    bare = {
        f"{table}.{name}"
        for table, contract in TABLES.items()
        for name, column in contract.columns.items()
        if column.kind == "number" and name not in plain and not unit_of(name)
    }
    assert bare == set()
