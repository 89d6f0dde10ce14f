"""Dated claims: each kind of test on figures made for it."""

from __future__ import annotations

import math
from pathlib import Path

import pandas as pd
import pytest

from agglo.commuting.flows import Flows, flows_from_frame
from agglo.errors import TableError
from agglo.layers.build.__main__ import TABLES
from agglo.layers.build.claims import claims
from agglo.tables import STATUSES
from agglo.territory.claim_kinds import KINDS
from agglo.territory.claims import claim_verdicts, dated_sizes

FIGURES = {
    # place: people in 2010, 2021, 2024
    "core": (100.0, 110.0, 120.0),
    "east": (40.0, 50.0, 50.0),
    "west": (60.0, 50.0, 55.0),
}
YEARS = (2010, 2021, 2024)


def sizes() -> pd.DataFrame:
    rows = [
        (place, year, count, f"count of {year}", "observed" if year < 2024 else "modelled")
        for place, counts in FIGURES.items()
        for year, count in zip(YEARS, counts, strict=True)
    ]
    names = ["place_id", "year", "population_count", "source", "status"]
    return pd.DataFrame([*rows, ("late", 2024, 10.0, "count of 2024", "observed")], columns=names)


def flows() -> Flows:
    """Of 200 who live in the core 30 work in the city; of 100 in the east 60 in the core."""
    names = ["core", "east", "city"]
    rows = [[170, 0, 30], [60, 40, 0], [0, 0, 0]]
    frame = pd.DataFrame(rows, index=names, columns=names, dtype=float)
    return flows_from_frame(frame, outside=["city"], status="modelled")


def claim(test: str, places: str, **more: object) -> pd.DataFrame:
    return pd.DataFrame([{"claim_id": "one", "test": test, "places": places, **more}])


def verdict(test: str, places: str, **more: object) -> pd.Series:
    found = claim_verdicts(
        claim(test, places, **more), sizes(), flows=flows(), flows_year=2021, flows_source="model"
    )
    return found.loc["one"]


def test_growth_holds_where_all_grew_but_the_exceptions() -> None:
    found = verdict("growth_except", "core;east", others="west", year_from=2010, year_to=2021)
    assert found["verdict"] == "holds"
    assert found["figure"] == pytest.approx(0.1)
    assert found[["year_from", "year_to"]].tolist() == [2010, 2021]
    assert found["source"] == "count of 2010; count of 2021"
    assert found["status"] == "observed"
    assert found["contrary"] == found["reason"] == ""
    assert found["note"] == "core +10.00%; east +25.00%; west -16.67%"


def test_an_exception_that_moved_is_named() -> None:
    """From 2021 the east stands still and the west, the exception, grows."""
    found = verdict("growth_except", "core; east", others="west")
    assert found["verdict"] == "does_not_hold"
    assert found[["year_from", "year_to"]].tolist() == [2021, 2024]
    assert found["contrary"] == "east;west"
    assert found["figure"] == 0
    assert found["status"] == "modelled"


def test_growth_without_exceptions_is_growth_of_all() -> None:
    assert verdict("growth_except", "core;west")["verdict"] == "holds"
    assert verdict("growth_except", "core;east")["contrary"] == "east"


@pytest.mark.parametrize(
    ("chosen", "years"),
    [
        ({"year_to": 2021}, [2010, 2021]),
        ({"year_from": 2010}, [2010, 2024]),
        ({"year_from": 2010.0, "year_to": math.nan}, [2010, 2024]),
    ],
)
def test_one_year_given_the_other_is_the_nearest_newest(
    chosen: dict[str, object], years: list[int]
) -> None:
    assert verdict("growth_except", "core", **chosen)[["year_from", "year_to"]].tolist() == years


@pytest.mark.parametrize(
    ("test", "arguments", "figure", "outcome"),
    [
        ("core_rest_ratio_between", {"others": "east;west", "low": 0.8, "high": 1.25}, 120 / 105,
         "holds"),
        ("core_rest_ratio_between", {"others": "east;west", "high": 1.1}, 120 / 105,
         "does_not_hold"),
        ("core_rest_ratio_between", {"others": "east;west", "year_to": 2010, "low": 1.0}, 1.0,
         "holds"),
        ("share_between", {"others": "east;west", "low": 0.5}, 120 / 225, "holds"),
        ("share_between", {"others": "east;west", "high": 0.5}, 120 / 225, "does_not_hold"),
        ("population_between", {"low": 120, "high": 120}, 120, "holds"),
        ("population_between", {"low": 121, "high": 130}, 120, "does_not_hold"),
        ("work_share_between", {"others": "city", "low": 0.15}, 0.15, "holds"),
        ("work_share_between", {"others": "city", "low": 0.16}, 0.15, "does_not_hold"),
    ],
)  # fmt: skip
def test_a_figure_is_held_against_its_limits_which_are_within(
    test: str, arguments: dict[str, object], figure: float, outcome: str
) -> None:
    found = verdict(test, "core", **arguments)
    assert found["figure"] == pytest.approx(figure)
    assert found["verdict"] == outcome
    assert found["year_to"] == arguments.get("year_to", 2021 if "work" in test else 2024)


def test_a_measure_of_centres_is_that_of_the_panel() -> None:
    found = verdict("centre_measure_between", "core;east;west", measure="two_city_ratio", high=2)
    assert found["figure"] == pytest.approx(120 / 55)
    assert found["verdict"] == "does_not_hold"


def test_development_is_tested_in_the_reading_that_is_named() -> None:
    for reading, count in (("core_counted", 3), ("satellites_only", 2 * 105 / 225)):
        found = verdict("development_between", "east;core;west", measure=reading, low=1)
        assert found["figure"] == pytest.approx(225e-6 * count)
        assert found["note"] == "undeveloped"
    mixed = verdict(
        "development_between", "core;east", others="west", measure="core_counted", low=1
    )
    assert mixed["figure"] == pytest.approx(225e-6 * (2 * 170 / 225 + 55 / 225))


def test_order_is_tested_on_flows_and_stays_a_hypothesis() -> None:
    found = verdict("order_is", "core", others="city", wanted="second_order")
    assert found["verdict"] == "holds"
    assert found["figure"] == pytest.approx(30 / 300)
    assert found["note"] == "second_order; core → city"
    assert found[["year_to", "source", "status"]].tolist() == [2021, "model", "modelled"]
    other = verdict("order_is", "core", others="city", wanted="independent")
    assert other["verdict"] == "does_not_hold"


@pytest.mark.parametrize(
    ("test", "places", "arguments", "reason", "note"),
    [
        ("population_between", "nowhere", {"low": 1}, "unknown_place", "nowhere"),
        ("population_between", "core", {"low": 1, "year_to": 2015}, "no_figure", "core 2015"),
        ("growth_except", "core;late", {}, "no_common_year", "core, late"),
        ("growth_except", "core", {"year_from": 2024, "year_to": 2010}, "no_common_year", "core"),
        ("growth_except", "core", {"year_to": 2010}, "no_common_year", "core"),
        ("work_share_between", "west", {"others": "city", "low": 0}, "unknown_place", "west"),
        ("centre_measure_between", "core", {"measure": "primacy_share", "low": 0}, "not_defined",
         "primacy_share"),
    ],
)  # fmt: skip
def test_what_the_figures_do_not_say_cannot_be_tested(
    test: str, places: str, arguments: dict[str, object], reason: str, note: str
) -> None:
    found = verdict(test, places, **arguments)
    assert found["verdict"] == "cannot_be_tested"
    assert found[["reason", "note"]].tolist() == [reason, note]
    assert math.isnan(found["figure"])
    assert pd.isna(found["year_to"])


@pytest.mark.parametrize("test", ["order_is", "work_share_between"])
def test_without_flows_claims_about_work_cannot_be_tested(test: str) -> None:
    one = claim(test, "core", others="city", wanted="second_order", low=0.1)
    assert claim_verdicts(one, sizes()).loc["one", "reason"] == "no_flows"


def test_where_nobody_lives_or_works_nothing_can_be_tested() -> None:
    empty = sizes().assign(population_count=0.0)
    for test in ("growth_except", "core_rest_ratio_between", "population_between"):
        one = claim(test, "core", others="east", low=0)
        assert claim_verdicts(one, empty).loc["one", "reason"] == "nobody"


def test_a_figure_that_is_missing_is_no_figure() -> None:
    holed = sizes()
    holed.loc[holed["year"] == 2024, "population_count"] = math.nan
    found = claim_verdicts(claim("population_between", "core", low=1), holed).loc["one"]
    assert found["year_to"] == 2021


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ({"test": "miracle"}, "unknown test 'miracle'; known: growth_except"),
        ({"places": " ; "}, "needs places"),
        ({"low": ""}, "needs low or high"),
        ({"low": 3, "high": 2}, "low is 3 but high is 2"),
        ({"low": "many"}, "low must be a number; got 'many'"),
        ({"others": "east;core"}, "'core' stands in places and in others"),
        ({"test": "share_between"}, "needs others"),
        ({"test": "order_is", "others": "city", "wanted": "third"}, "wanted must be one of"),
        ({"test": "centre_measure_between", "measure": "beauty"}, "measure must be one of"),
        ({"test": "development_between", "measure": "both"}, "measure must be one of core_coun"),
    ],
)
def test_a_malformed_claim_is_refused_by_its_id(arguments: dict[str, object], message: str) -> None:
    whole = {"claim_id": "one", "test": "population_between", "places": "core", "low": 1}
    with pytest.raises(TableError, match=f"claim 'one'.*{message}"):
        claim_verdicts(pd.DataFrame([{**whole, **arguments}]), sizes())


def test_a_claim_or_a_figure_that_stands_twice_is_refused() -> None:
    one = claim("population_between", "core", low=1)
    with pytest.raises(TableError, match="the claim one stands more than once"):
        claim_verdicts(pd.concat([one, one]), sizes())
    with pytest.raises(TableError, match="the figure core, 2010 stands more than once"):
        claim_verdicts(one, pd.concat([sizes(), sizes()]))


def test_no_claims_give_an_empty_table_with_its_columns() -> None:
    found = claim_verdicts(claim("population_between", "core", low=1).iloc[:0], sizes())
    assert found.empty
    assert {"verdict", "figure", "contrary"} <= set(found.columns)


def test_claims_keep_their_order_and_may_share_a_statement() -> None:
    rows = [
        {"claim_id": key, "statement_id": "big", "test": "population_between", "places": "core",
         "low": low, "year_to": year}
        for key, low, year in (("z", 115, 2024), ("a", 115, 2010))
    ]  # fmt: skip
    found = claim_verdicts(pd.DataFrame(rows), sizes())
    assert found["verdict"].to_dict() == {"z": "holds", "a": "does_not_hold"}
    assert found.index.tolist() == ["z", "a"]
    assert set(found["statement_id"]) == {"big"}


def test_every_kind_of_test_says_in_a_sentence_what_it_does() -> None:
    assert all((kind.function.__doc__ or "").strip() for kind in KINDS.values())


def test_every_claim_of_the_built_in_region_is_well_formed() -> None:
    """Each has a wording in both languages, known places, and a test that only lacks figures."""
    listed = claims(TABLES)
    assert listed["claim_id"].is_unique
    assert (listed[["text_ru", "text_en", "source", "statement_id"]] != "").all(axis=None)
    assert set(listed["status"]) <= set(STATUSES)
    named = {one for ids in (*listed["places"], *listed["others"]) for one in ids.split(";") if one}
    known = [pd.read_csv(TABLES / f"{one}.csv") for one in ("zones", "municipalities")]
    assert named <= {*known[0]["zone_id"], *known[1]["municipality_id"]}
    found = claim_verdicts(listed, sizes())
    assert set(found["verdict"]) == {"cannot_be_tested"}
    assert set(found["reason"]) == {"unknown_place", "no_flows"}


def test_claims_read_from_a_file_are_the_same_claims(tmp_path: Path) -> None:
    path = tmp_path / "claims.csv"
    claims(TABLES).to_csv(path, index=False)
    assert ",2017," in path.read_text(encoding="utf-8")
    read, kept = pd.read_csv(path), pd.read_csv(path, dtype=str, keep_default_na=False)
    for one in (read, kept):
        pd.testing.assert_frame_equal(
            claim_verdicts(one, sizes()), claim_verdicts(claims(TABLES), sizes())
        )


def test_dated_sizes_join_municipalities_zones_and_earlier_years() -> None:
    population = pd.DataFrame(
        {"municipality_id": ["m"], "year": [2024], "population_count": [9], "source": ["s"],
         "status": ["observed"]}
    )  # fmt: skip
    zones = pd.DataFrame({"population_count": [5.0, 4.0]}, index=["x", "y"])
    earlier = population.rename(columns={"municipality_id": "zone_id"}).assign(
        zone_id="x", year=2017
    )
    joined = dated_sizes(population, zones, zones_year=2021, zones_source="census", earlier=earlier)
    assert joined[["place_id", "year", "population_count"]].to_numpy().tolist() == [
        ["m", 2024, 9], ["x", 2021, 5], ["y", 2021, 4], ["x", 2017, 9]
    ]  # fmt: skip
    assert len(dated_sizes(population.iloc[:0], zones, zones_year=1, zones_source="c")) == 2
