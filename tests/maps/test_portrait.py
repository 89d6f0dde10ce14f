"""The portrait as data of the page, and the words for it."""

from __future__ import annotations

import json
import re
from dataclasses import replace
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from agglo.maps.page import page_from_results
from agglo.maps.portrait_data import portrait_data
from agglo.maps.territory_data import territory_data
from agglo.run import Result
from agglo.territory import claim_kinds
from agglo.territory.claims import FAILS, HOLDS, UNTESTED
from agglo.territory.development import CLASSES, READINGS
from agglo.territory.order import VERDICTS
from agglo.territory.polycentricity import MEASURES, NOT_DEFINED, views
from tests.drawn import REPOSITORY, small_run, tables_of_run, theme_and_words
from tests.portrayed import CLAIMS, ORDER, bare, with_portraits
from tests.worlds import goals

SCRIPT = REPOSITORY / "agglo" / "maps" / "assets" / "portrait.js"


@pytest.fixture(scope="module")
def drawn(tmp_path_factory: pytest.TempPathFactory) -> list[Result]:
    return small_run(tmp_path_factory.mktemp("world"))


@pytest.fixture(scope="module")
def portrayed(drawn: list[Result]) -> list[Result]:
    return with_portraits(drawn)


def worded(group: str, keys: object) -> None:
    """Every key has a text in both languages."""
    texts = theme_and_words()[1].texts.get(group, {})
    lacking = [key for key in keys if not all(texts.get(key, {}).get(one) for one in ("ru", "en"))]
    assert not lacking, (group, lacking)


def test_both_readings_travel_apart_with_value_limit_verdict_and_status(
    portrayed: list[Result],
) -> None:
    data = portrait_data(portrayed)
    json.dumps(data, allow_nan=False)
    base = data["scenarios"]["baseline"]
    assert base["readings"][:3] == [
        ["population", "core_share", "core_rest_ratio", 0.9, 1.25, "no_hypertrophy", "observed"],
        ["population", "slope", "top_slope", -1.4, -1.0, "monocentric", "observed"],
        ["population", "two_city", "two_city_ratio", 3.0, 2.0, "monocentric", "observed"],
    ]
    assert base["readings"][-1][3:6] == ["inf", 2.0, "monocentric"]
    assert base["readings"][-2][3:6] == [None, -1.0, "not_defined"]
    assert len(base["readings"]) == 9
    assert ["jobs", "effective_centres", 3.5, "assumed"] in base["shares"]
    assert base["development"][1] == ["satellites_only", 0.7, "undeveloped", "observed"]
    assert base["conditions"][0] == ["satellite_towns_in_isochrone", 7.0, 2.0, "met", "modelled"]
    assert base["flows"] == [["flows", "balance_share", 0.5, "assumed"]]


def test_the_order_lists_first_who_works_most_in_the_larger_core(portrayed: list[Result]) -> None:
    data = portrait_data(portrayed)["scenarios"]
    assert [row[0] for row in data["baseline"]["order"]] == ["c01", "all", "c00", "c02", "c10"]
    assert [row[0] for row in data["faster"]["order"]] == ["c01", "c02", "all", "c00", "c10"]
    rows = {row[0]: row for row in data["baseline"]["order"]}
    outer, core, _, verdict = ORDER["baseline"]["c00"]
    assert rows["c00"] == ["c00", "away", outer, core, 0.15, ["c00", "away"], verdict, "modelled"]
    assert rows["c10"][2:4] == [None, None]


def test_claims_of_one_statement_stand_together_and_keep_their_keys(
    portrayed: list[Result],
) -> None:
    claims = portrait_data(portrayed)["claims"]
    ids = ["equal", "equal_again", "order", "grown", "developed", "absent"]
    assert [one["id"] for one in claims] == ids
    assert sorted(ids) == sorted(one[0] for one in CLAIMS)
    by = {one["id"]: one for one in claims}
    assert by["equal"]["years"] == [2021]
    assert by["grown"]["years"] == [2010, 2021]
    assert by["grown"]["against"] == ["m0", "c01"]
    assert (by["grown"]["unit"], by["absent"]["unit"], by["equal"]["unit"]) == (
        "share", "persons", "",
    )  # fmt: skip
    assert (by["order"]["found"], by["order"]["wanted"]) == ("independent", "second_order")
    assert (by["developed"]["found"], by["developed"]["measure"]) == (
        "undeveloped", "satellites_only",
    )  # fmt: skip
    assert (by["absent"]["reason"], by["absent"]["lacking"]) == ("no_figure", "c01 2019")
    assert by["absent"]["figure"] is None
    assert by["grown"]["lacking"] == ""


def test_a_region_without_outside_places_and_claims_has_neither(drawn: list[Result]) -> None:
    data = portrait_data(bare(drawn))
    assert data["claims"] == []
    assert all(one["order"] == [] for one in data["scenarios"].values())
    assert all(one["readings"] for one in data["scenarios"].values())


def test_results_without_a_portrait_are_drawn_without_one(drawn: list[Result]) -> None:
    none = [replace(one, portrait=None) for one in drawn]
    assert portrait_data(none) is None
    assert territory_data(none)["portrait"] is None


def test_the_page_is_the_same_bytes_whatever_the_order_of_zones(portrayed: list[Result]) -> None:
    theme, words = theme_and_words()
    turned = [
        replace(one, portrait=replace(one.portrait, order=one.portrait.order.iloc[::-1]))
        for one in portrayed
    ]
    pages = [
        page_from_results(own, tables_of_run(own), goals(), theme, words)
        for own in (portrayed, portrayed, turned)
    ]
    assert pages[0] == pages[1] == pages[2]


def test_every_key_of_the_built_in_run_has_words(results: dict[str, Result]) -> None:
    data = portrait_data(list(results.values()))
    for own in data["scenarios"].values():
        worded("portrait_subject", {row[0] for row in own["readings"]})
        worded("portrait_view", {row[1] for row in own["readings"]})
        worded("portrait_verdict", {row[5] for row in own["readings"]})
        worded("portrait_measure", {row[1] for row in own["shares"] + own["flows"]})
        worded("portrait_measure", {row[2] for row in own["readings"]})
        worded("portrait_development", {row[0] for row in own["development"]})
        worded("portrait_class", {row[2] for row in own["development"]})
        worded("portrait_condition", {row[0] for row in own["conditions"]})
        worded("portrait_verdict", {row[3] for row in own["conditions"]})
        worded("portrait_order", {row[6] for row in own["order"]})
        worded("portrait_order_about", {row[6] for row in own["order"]})
        worded("status", {row[-1] for part in own.values() for row in part})
    claims = data["claims"]
    assert len(claims) == len(results["baseline"].portrait.claims) > 0
    worded("portrait_verdict", {one["verdict"] for one in claims})
    worded("claim_test", {one["test"] for one in claims})
    worded("claim_reason", {one["reason"] for one in claims} - {""})
    assert all(one["ru"] and one["en"] and one["who"] for one in claims)


def test_every_key_that_the_code_knows_has_words() -> None:
    source = Path(claim_kinds.__file__).read_text(encoding="utf-8")
    worded("claim_reason", re.findall(r'UntestableError\("(\w+)"', source))
    worded("claim_test", claim_kinds.KINDS)
    worded("portrait_measure", MEASURES)
    worded("portrait_view", views())
    worded("portrait_class", [name for _, name in CLASSES])
    worded("portrait_development", READINGS)
    worded("portrait_order", VERDICTS)
    worded("portrait_order_about", VERDICTS)
    worded("portrait_verdict", [NOT_DEFINED, HOLDS, FAILS, UNTESTED, "met", "not_met"])
    worded("portrait_verdict", ["no_hypertrophy", "hypertrophy", "polycentric", "monocentric"])


def test_every_word_of_the_script_is_there_in_both_languages() -> None:
    script = SCRIPT.read_text(encoding="utf-8")
    used = set(re.findall(r'\bword\("(\w+)"\)', script)) | set(
        re.findall(r'section\("(\w+)"', script)
    )
    used |= {one for pair in re.findall(r'\? "(\w+)" : "(\w+)"\)', script) for one in pair}
    assert len(used) > 20
    worded("word", used)


def test_what_was_observed_and_a_scenario_moves_is_assumed(portrayed: list[Result]) -> None:
    frame = portrayed[1].portrait.structure
    is_people = (frame["subject"] == "population") & (frame["measure"] == "effective_centres")
    frame = frame.assign(value=frame["value"].where(~is_people, 3.4))
    turned = replace(portrayed[1], portrait=replace(portrayed[1].portrait, structure=frame))
    data = portrait_data([portrayed[0], turned])["scenarios"]
    for name, wanted in (("baseline", "observed"), ("faster", "assumed")):
        own = data[name]
        assert {row[6] for row in own["readings"] if row[0] == "population"} == {wanted}
        assert {row[6] for row in own["readings"] if row[0] == "inflows"} == {"modelled"}
        assert {row[3] for row in own["development"]} == {"observed"}


def test_nothing_that_is_missing_becomes_a_number(portrayed: list[Result]) -> None:
    odd = portrayed[0].portrait.claims.assign(figure=np.nan, low=np.nan, note=pd.NA, source=None)
    own = [replace(portrayed[0], portrait=replace(portrayed[0].portrait, claims=odd))]
    data = portrait_data(own)
    json.dumps(data, allow_nan=False)
    assert all(one["figure"] is None and one["source"] == "" for one in data["claims"])
