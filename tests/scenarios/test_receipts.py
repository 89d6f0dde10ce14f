"""Receipts: which measure did what, how many people a change concerns, what repeats another."""

from __future__ import annotations

import math

import numpy as np
import pandas as pd
import pytest
from shapely.geometry import box

from agglo.errors import ScenarioError
from agglo.region import Region
from agglo.scenarios.areas import Area
from agglo.scenarios.composing import package
from agglo.scenarios.concerned import concerned_people
from agglo.scenarios.receipts import (
    RECEIPT_COLUMNS,
    apply_scenario,
    changed_region,
    differences,
)
from agglo.scenarios.scenario import Scenario, Step, subpackage
from agglo.tables import TABLES
from tests import worlds


@pytest.fixture
def region() -> Region:
    """Return the two banks: 200 residents west, 100 east."""
    return worlds.two_banks()


def one(do: str, name: str = "one", **arguments: object) -> Scenario:
    return worlds.scenario(worlds.change(do, **arguments), name=name)


def people(region: Region, do: str, **arguments: object) -> float:
    _, receipts = apply_scenario(region, one(do, **arguments))
    counts = receipts["people_count"].astype(float)
    assert counts.nunique(dropna=False) == 1
    return float(counts.iloc[0])


def with_hub(region: Region) -> Region:
    row = {
        "hub_id": "depot", "name_ru": "depot", "name_en": "depot", "zone_id": "east",
        "capacity_teu_per_year": 9.0, "throughput_teu_per_year": 5.0, "dwell_days": 3.0,
        "status": "assumed",
    }  # fmt: skip
    other = {**row, "hub_id": "other", "zone_id": "west"}
    return region.with_tables(hubs=pd.DataFrame([row, other], index=["depot", "other"]))


def test_the_columns_of_a_receipt_are_as_agreed() -> None:
    assert RECEIPT_COLUMNS == [
        "scenario", "change", "measure", "do", "basis", "table", "row_id", "column", "before",
        "after", "people_count", "why",
    ]  # fmt: skip


@pytest.mark.parametrize(
    ("do", "arguments", "wanted"),
    [
        ("add_population", {"zone": "east", "population_count": 40}, 40),
        ("add_population", {"zone": "east", "population_count": -40}, 40),
        (
            "add_population",
            {"zone": "east", "population_count": 40, "jobs_per_resident": 2},
            40,
        ),
        ("add_jobs", {"zone": "east", "jobs_count": 25}, 25),
        ("add_jobs", {"zone": "east", "jobs_count": -25}, 25),
        ("shift_population", {"from_zone": {"west": 30}, "to_zone": {"east": 30}}, 30),
        ("move_jobs", {"from_zone": {"west": 7}, "to_zone": {"east": 7}}, 7),
        ("set_telework", {"share": 0.3}, 150),
        ("set_telework", {"share": 0.3, "zone": ["east"]}, 50),
        ("set_televisits", {"share": 0.25}, 75),
        ("set_televisits", {"share": 0.25, "municipality": "left"}, 50),
        (
            "add_facility",
            {"kind": "school", "zone": "east", "name_ru": "Ш", "name_en": "S"},
            100,
        ),
        ("joint_service", {"service": "waste", "municipality": ["left", "right"]}, 300),
        ("set_hub", {"hub": "depot", "dwell_days": 1}, 100),
        ("set_speed", {"link": ["bridge"], "speed_kmh": 80}, math.nan),
        ("set_headway", {"line": "ferry", "headway_min": 5}, math.nan),
    ],
)
def test_a_receipt_counts_whom_a_change_concerns(
    region: Region, do: str, arguments: dict[str, object], wanted: float
) -> None:
    assert people(with_hub(region), do, **arguments) == pytest.approx(wanted, nan_ok=True)


def test_only_those_whose_share_of_tele_visits_changes_count(region: Region) -> None:
    half = changed_region(region, one("set_televisits", share=0.5, municipality="left"))
    assert people(half, "set_televisits", share=0.4) == pytest.approx(200 * 0.1 + 100 * 0.4)


def test_land_that_nobody_moves_to_concerns_nobody_known(region: Region) -> None:
    lon, lat = region["zones"].loc["west", ["lon", "lat"]]
    area = Area(name="park", polygon=box(lon - 0.01, lat - 0.01, lon + 0.01, lat + 0.01))
    assert math.isnan(people(region, "set_land_use", polygon=area, use="green"))


def test_each_change_of_a_package_says_whose_measure_it_is(region: Region) -> None:
    both = package(
        "both",
        [
            one("add_jobs", "jobs", zone="east", jobs_count=5),
            one("set_headway", "boats", line="ferry", headway_min=9),
        ],
        title="Both",
        steps=[worlds.change("add_population", zone="west", population_count=3)],
    )
    _, receipts = apply_scenario(region, both)
    told = receipts.drop_duplicates("change")[["change", "measure", "people_count"]]
    assert told["measure"].tolist() == ["jobs", "boats", "own"]
    assert told["change"].tolist() == [1, 2, 3]
    assert told["people_count"].tolist() == pytest.approx([5, math.nan, 3], nan_ok=True)


def test_outside_packages_the_measure_is_empty(region: Region) -> None:
    _, receipts = apply_scenario(region, one("add_jobs", zone="east", jobs_count=5))
    assert set(receipts["measure"]) == {""}


def test_a_package_does_what_its_measures_do_one_after_the_other(region: Region) -> None:
    parts = [
        one("add_jobs", "jobs", zone="east", jobs_count=5),
        one("set_speed", "fast", link=["bridge"], speed_kmh=80),
    ]
    both = package("both", parts, title="Both")
    whole, _ = apply_scenario(region, both)
    for part in parts:
        region, _ = apply_scenario(region, part)
    assert differences(whole, region).empty


def test_a_change_that_another_measure_has_made_has_no_row_and_is_no_error(
    region: Region,
) -> None:
    parts = [one("set_headway", name, line="ferry", headway_min=9) for name in ("a", "b")]
    both = package("both", parts, title="Both")
    changed, receipts = apply_scenario(region, both)
    assert set(receipts["measure"]) == {"a"}
    assert changed["lines"].loc["ferry", "headway_min"] == 9
    _, alone = apply_scenario(region, subpackage(both, ["b"]))
    assert set(alone["measure"]) == {"b"}


def test_a_change_of_a_package_that_touches_nothing_by_itself_is_an_error(
    region: Region,
) -> None:
    parts = [
        one("add_jobs", "a", zone="east", jobs_count=5),
        one("set_headway", "b", line="ferry", headway_min=20),
        one("set_headway", "c", line="ferry", headway_min=9),
    ]
    parts[1] = worlds.scenario(
        worlds.change("set_headway", line="ferry", headway_min=20.0),
        worlds.change("set_headway", line="ferry", headway_min=20.0),
        name="b",
    )
    both = package("both", parts, title="Both")
    with pytest.raises(ScenarioError, match=r"both.toml, change 3 \(set_headway\), which is b"):
        apply_scenario(region, both)


def test_twice_the_same_in_one_scenario_stays_an_error(region: Region) -> None:
    twice = worlds.change("set_headway", line="ferry", headway_min=9)
    with pytest.raises(ScenarioError, match=r"change 2 .*touches nothing: .*line = 'ferry', head"):
        apply_scenario(region, worlds.scenario(twice, twice))


def test_a_fault_of_a_measure_is_named_by_package_and_by_file(region: Region) -> None:
    both = package(
        "both",
        [
            one("add_jobs", "fine", zone="east", jobs_count=5),
            one("add_jobs", "wrong", zone="est", jobs_count=5),
        ],
        title="Both",
    )
    message = r"^both.toml, change 2 \(add_jobs\), which is wrong.toml, change 1: unknown zone"
    with pytest.raises(ScenarioError, match=message):
        apply_scenario(region, both)


def slow_differences(before: Region, after: Region) -> set[tuple[str, str, str, str, str]]:
    """Compare cell by cell: the long way."""

    def cells(region: Region, name: str) -> dict[tuple[str, str], str]:
        found = {}
        for row in region[name].to_dict("records"):
            key = "/".join(str(row[column]) for column in TABLES[name].key)
            for column in TABLES[name].columns:
                value = row.get(column)
                empty = value is None or value != value
                text = f"{value:.10g}" if isinstance(value, float) else str(value)
                if column not in TABLES[name].key:
                    found[key, column] = "" if empty else text
        return found

    told = set()
    for name in TABLES:
        old, new = cells(before, name), cells(after, name)
        for place in {*old, *new}:
            pair = old.get(place, ""), new.get(place, "")
            if pair[0] != pair[1]:
                told.add((name, *place, *pair))
    return told


@pytest.mark.parametrize(
    "steps",
    [
        [("set_speed", {"link": ["bridge"], "speed_kmh": 80})],
        [("add_link", {"link": "n", "from_id": "west", "to_id": "away", "speed_kmh": 50})],
        [("add_link", {"link": "n", "from_id": "west", "to_id": "away", "speed_kmh": 50}),
         ("set_lanes", {"link": ["n", "ford"], "lanes_count": 2})],
        [("remove_link", {"link": ["ford"]}), ("set_speed", {"link": ["bridge"], "speed_kmh": 9})],
        [("set_telework", {"share": 0.2}), ("add_jobs", {"zone": "east", "jobs_count": 5})],
        [("remove_line", {"line": "ferry"})],
    ],
)  # fmt: skip
def test_differences_are_those_found_cell_by_cell(
    region: Region, steps: list[tuple[str, dict[str, object]]]
) -> None:
    changed = changed_region(
        region, worlds.scenario(*(worlds.change(do, **given) for do, given in steps))
    )
    got = {tuple(row) for row in differences(region, changed).to_numpy().tolist()}
    assert got == slow_differences(region, changed)
    back = {tuple(row) for row in differences(changed, region).to_numpy().tolist()}
    assert back == slow_differences(changed, region)
    assert got


def minutes(*rows: list[float]) -> pd.DataFrame:
    return pd.DataFrame(list(rows), index=["a", "b"], columns=["a", "b"])


FLOWS = minutes([10, 20], [30, 40])
CAR = minutes([3, 12], [12, np.inf])


@pytest.mark.parametrize(
    ("after", "wanted"),
    [
        ({"car": CAR}, 0),
        ({"car": CAR + 1e-9}, 0),
        ({"car": minutes([3, 11], [12, np.inf])}, 20),
        ({"car": minutes([3, 11], [12, 90])}, 60),
        ({"car": minutes([3, np.inf], [12, np.inf])}, 20),
        ({"car": CAR, "transit": minutes([9, np.inf], [np.inf, 9])}, 50),
        ({"car": minutes([3, 11], [12, np.inf]), "transit": minutes([9, 9], [np.nan, 9])}, 70),
        ({}, 60),
        ({"car": CAR.iloc[::-1, ::-1]}, 0),
    ],
)
def test_commuters_count_once_whose_minutes_change_by_some_mode(
    after: dict[str, pd.DataFrame], wanted: float
) -> None:
    assert concerned_people({"car": CAR}, after, FLOWS) == wanted


def test_a_step_made_by_hand_has_the_same_receipt_as_one_with_an_origin(region: Region) -> None:
    bare = Step(do="add_jobs", arguments={"zone": "east", "jobs_count": 5})
    signed = Step(do="add_jobs", arguments={"zone": "east", "jobs_count": 5}, origin="x.toml")
    first, second = (apply_scenario(region, worlds.scenario(item))[1] for item in (bare, signed))
    pd.testing.assert_frame_equal(first, second)
