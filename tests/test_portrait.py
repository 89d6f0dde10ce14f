"""The portrait of the agglomeration: centres, order, development, claims on small worlds."""

from __future__ import annotations

from dataclasses import replace

import pandas as pd
import pytest

from agglo.portrait import Portrait, portraits
from agglo.region import Region
from agglo.scenarios.files import BASELINE
from agglo.territory.rules import Rules
from tests import worlds
from tests.cases import case_of


def portrait_of(region: Region) -> Portrait:
    return portraits({BASELINE: case_of(region)}, Rules())[BASELINE]


def cell(frame: pd.DataFrame, subject: str, measure: str, column: str = "value") -> object:
    own = frame[(frame["subject"] == subject) & (frame["measure"] == measure)]
    assert len(own) == 1
    return own[column].iloc[0]


def with_claims(region: Region, *rows: dict[str, object]) -> Region:
    blank = dict.fromkeys(("said", "others", "measure", "wanted"), "")
    table = pd.DataFrame(
        [
            {"statement_id": "s", "text_ru": "т", "text_en": "t", "source": "test", **blank,
             "year_from": float("nan"), "year_to": float("nan"), "low": float("nan"),
             "high": float("nan"), "status": "assumed", **row}
            for row in rows
        ]
    )  # fmt: skip
    return region.with_tables(claims=table)


def test_equal_centres_are_balanced_by_both_views() -> None:
    found = portrait_of(worlds.line_of_towns(4)).structure
    assert cell(found, "population", "primacy_share") == pytest.approx(0.25)
    assert cell(found, "population", "effective_centres") == pytest.approx(4)
    assert cell(found, "population", "core_share: core_rest_ratio", "verdict") == "no_hypertrophy"
    assert cell(found, "population", "slope: top_slope", "verdict") == "polycentric"


def test_a_large_centre_is_called_so_where_the_figures_say_so() -> None:
    tables = worlds.two_banks_tables()
    zones = tables["zones"]
    zones.loc[zones["zone_id"] == "west", "population_count"] = 1000.0
    found = portrait_of(worlds.region_of(tables)).structure
    # 1000 against 100: ten times the other
    assert cell(found, "population", "core_rest_ratio") == pytest.approx(10)
    assert cell(found, "population", "core_share: core_rest_ratio", "verdict") == "hypertrophy"
    assert cell(found, "jobs", "core_share: core_rest_ratio", "verdict") == "hypertrophy"
    assert cell(found, "population", "two_city: two_city_ratio", "limit") == 2


def test_both_readings_of_the_development_coefficient_stand_side_by_side() -> None:
    found = portrait_of(worlds.line_of_towns(4)).structure
    # four towns of 200: P = 0.0008 million; all counted K = P·4, satellites alone P·3·0.75
    assert cell(found, "development_core_counted", "coefficient") == pytest.approx(0.0032)
    assert cell(found, "development_satellites_only", "coefficient") == pytest.approx(0.0018)
    assert cell(found, "condition", "satellite_towns_in_isochrone") == 3


def test_who_leaves_for_the_larger_core_is_of_its_order() -> None:
    found = portrait_of(worlds.line_of_towns(4)).order.set_index("zone_id")
    # t3 is 12 minutes from 'away', t0 42: who lives nearer leaves more
    shares = found["outside_core_share"]
    assert shares["t3"] > shares["t2"] > shares["t1"] > shares["t0"]
    assert set(found["outside_core"]) == {"away"}
    assert "all" in found.index


def test_a_region_without_outside_jobs_has_no_order() -> None:
    places = {"a": worlds.Place(x_km=0), "b": worlds.Place(x_km=10)}
    region = worlds.region_of(worlds.tables_of(places, {"r": ("a", "b", 10.0, 60.0)}))
    found = portrait_of(region)
    assert found.order.empty
    assert cell(found.structure, "flows", "balance_share") == pytest.approx(1)


def test_claims_are_tested_and_their_wording_stands_beside() -> None:
    region = with_claims(
        worlds.line_of_towns(4),
        {"claim_id": "equal", "test": "core_rest_ratio_between", "places": "t0", "others": "t1;t2",
         "low": 0.45, "high": 0.55},
        {"claim_id": "large", "test": "population_between", "places": "t0", "low": 500.0},
    )  # fmt: skip
    region = replace(region, provenance=(replace(worlds.provenance_of("work"), date="2021"),))
    found = portrait_of(region).claims.set_index("claim_id")
    assert found["verdict"].to_dict() == {"equal": "holds", "large": "does_not_hold"}
    assert found["figure"].to_dict() == pytest.approx({"equal": 0.5, "large": 200})
    assert set(found["year_to"]) == {2021}
    assert found["text_en"].tolist() == ["t", "t"]


def test_scenarios_have_no_claims_of_their_own() -> None:
    case = case_of(worlds.line_of_towns(4))
    found = portraits({BASELINE: case, "other": case}, Rules())
    assert found["other"].claims.empty
