"""Project cards: what is met, what it costs and does, and what the record lacks."""

from __future__ import annotations

import math

import pandas as pd
import pytest

from agglo.cooperation.projects import (
    CRITERIA,
    card_columns,
    known_share,
    project_cards,
    unfunded_mln_rub,
)
from agglo.tables import TABLES

HEADLINE = ("labour_mobility", "infrastructure_connectivity")


def project(name: str = "p", **changed: object) -> dict[str, object]:
    return {
        "project_id": name,
        "name_ru": "Мост «Протва»",
        "name_en": "Bridge",
        "scenario": "bridge",
        "level": "region",
        "funding": "regional budget",
        "support": "subsidy",
        "cost_low_mln_rub": 80.0,
        "cost_mln_rub": 100.0,
        "cost_high_mln_rub": 200.0,
        "source": "plan, 2024",
        "status": "observed",
        **changed,
    }


def register(*rows: dict[str, object]) -> pd.DataFrame:
    return pd.DataFrame(list(rows), columns=list(TABLES["projects"].columns))


def scores(**verdicts: str) -> pd.DataFrame:
    rows = [("bridge", goal, verdict) for goal, verdict in verdicts.items()]
    return pd.DataFrame(rows, columns=["scenario", "goal", "verdict"])


def winners(**moved: float) -> pd.DataFrame:
    """Workers of municipalities of 1000 who gain."""
    return pd.DataFrame(
        {
            "scenario": "bridge",
            "group": "municipality",
            "place_id": list(moved),
            "people_count": 1000.0,
            "gain_count": list(moved.values()),
            "lose_count": 0.0,
            "jobs_change": 0.0,
        }
    )


def money(low: float, mid: float, high: float) -> pd.DataFrame:
    row = {"scenario": "bridge", "low_mln_rub": low, "mid_mln_rub": mid, "high_mln_rub": high}
    other = {**row, "effect": "agglomeration", "high_mln_rub": 1e9}
    return pd.DataFrame([other, {**row, "effect": "user_benefit"}])


DELTAS = pd.DataFrame(
    [
        ("bridge", "minutes_per_worker_day", "min/day", -0.512, -0.8, -0.2, "better"),
        ("bridge", "jobs_by_decay", "jobs", 3.0, -1.0, 5.0, "no clear change"),
        ("bridge", "detour_mean", "ratio", 0.25, 0.1, 0.5, "worse"),
        ("other", "jobs", "jobs", 9.0, 8.0, 10.0, "better"),
    ],
    columns=["scenario", "indicator", "unit", "delta", "low", "high", "verdict"],
)
ALL_GOOD = {"labour_mobility": "better", "multi_focus": "unchanged", "environment": "better"}


def card(row: dict[str, object] | None = None, **frames: object) -> pd.Series:
    cards = project_cards(register(row or project()), headline=HEADLINE, **frames)  # type: ignore[arg-type]
    assert list(cards) == card_columns()
    return cards.iloc[0]


def answers(row: pd.Series) -> dict[str, str]:
    return {name: row[f"meets_{name}"] for name in CRITERIA}


def test_a_project_that_meets_all_says_so_with_its_effect_and_worth() -> None:
    got = card(
        scores=scores(**ALL_GOOD),
        deltas=DELTAS,
        money=money(5.0, 20.0, 40.0),
        winners=winners(left=300, right=20, far=9),
    )
    assert set(answers(got).values()) == {"yes"}
    assert got["met_count"] == 5
    assert got["concerned"] == "left, right"
    assert got["effect"] == (
        "minutes_per_worker_day -0.512 min/day (-0.8 … -0.2); detour_mean +0.25 ratio (+0.1 … +0.5)"
    )
    assert [got["benefit_per_cost_low"], got["benefit_per_cost"], got["benefit_per_cost_high"]] == [
        5 / 200,
        20 / 100,
        40 / 80,
    ]
    assert got["missing"] == ""
    assert got["name_ru"] == "Мост «Протва»"


def test_without_results_nothing_is_claimed_of_them() -> None:
    got = card()
    assert answers(got) == {
        "intermunicipal": "unknown",
        "evidence": "yes",
        "cost": "yes",
        "effect": "unknown",
        "guards": "unknown",
    }
    assert got["missing"] == "result"
    assert got["effect"] == ""
    assert math.isnan(got["benefit_per_cost"])


def test_an_empty_record_lists_all_that_it_lacks() -> None:
    empty = dict.fromkeys(("scenario", "funding", "support"), "")
    costs = dict.fromkeys(("cost_low_mln_rub", "cost_mln_rub", "cost_high_mln_rub"), math.nan)
    got = card(project(**empty, **costs, status="assumed"), money=money(1, 2, 3))
    assert got["missing"] == "scenario, cost, funding, support"
    assert (got["meets_cost"], got["meets_evidence"]) == ("no", "no")
    assert math.isnan(got["benefit_per_cost"])


@pytest.mark.parametrize("nothing", [None, math.nan, "  "])
def test_a_text_that_is_absent_in_any_way_is_absent(nothing: object) -> None:
    assert card(project(funding=nothing))["missing"] == "funding, result"


@pytest.mark.parametrize(
    ("verdicts", "effect", "guards"),
    [
        ({"labour_mobility": "no clear change"}, "no", "unknown"),
        ({"labour_mobility": "unknown"}, "unknown", "unknown"),
        ({"umbrella_brand": "better", "environment": "worse"}, "unknown", "no"),
        ({**ALL_GOOD, "multi_focus": "unknown"}, "yes", "unknown"),
        ({**ALL_GOOD, "multi_focus": "worse"}, "yes", "no"),
        ({**ALL_GOOD, "infrastructure_connectivity": "worse"}, "yes", "yes"),
    ],
)
def test_only_what_is_known_of_goals_is_met_or_not(
    verdicts: dict[str, str], effect: str, guards: str
) -> None:
    got = card(scores=scores(**verdicts))
    assert (got["meets_effect"], got["meets_guards"]) == (effect, guards)


def test_a_project_of_one_municipality_is_not_a_joint_one() -> None:
    got = card(winners=winners(left=1000, right=0))
    assert got["meets_intermunicipal"] == "no"
    assert got["concerned"] == "left"


def test_new_jobs_concern_those_who_reach_a_fair_part_of_them() -> None:
    moved = winners(left=0, right=0, far=0, alone=0)
    jobs = moved.assign(jobs_change=[200.0, -20.0, 19.9, float("nan")])
    assert card(winners=jobs)["concerned"] == "left, right"
    assert card(winners=jobs.assign(jobs_change=jobs["jobs_change"] / 400))["concerned"] == ""


def test_a_loss_is_worst_against_the_least_cost() -> None:
    got = card(money=money(-40.0, -20.0, 10.0))
    assert got["benefit_per_cost_low"] == -40 / 80
    assert got["benefit_per_cost_high"] == 10 / 80


def test_a_cost_without_a_range_is_taken_as_it_is_and_a_cost_of_0_has_no_ratio() -> None:
    alone = {"cost_low_mln_rub": math.nan, "cost_high_mln_rub": math.nan}
    got = card(project(**alone), money=money(5.0, 20.0, 40.0))
    assert (got["benefit_per_cost_low"], got["benefit_per_cost_high"]) == (0.05, 0.4)
    assert math.isnan(card(project(cost_low_mln_rub=0.0), money=money(1, 2, 3))["benefit_per_cost"])


def test_money_that_is_not_known_gives_no_ratio() -> None:
    assert math.isnan(card(money=money(math.nan, math.nan, math.nan))["benefit_per_cost"])
    assert math.isnan(card(money=money(1, 2, 3).iloc[:1])["benefit_per_cost"])


def test_remarks_of_the_lint_are_counted() -> None:
    lint = pd.DataFrame({"scenario": ["bridge", "bridge", "other"], "rule": "drift"})
    assert card(lint=lint)["remarks_count"] == 2


def test_cards_stand_in_order_of_id_whatever_the_order_of_the_register() -> None:
    rows = [project("б"), project("a'1"), project("a")]
    first = project_cards(register(*rows), headline=HEADLINE)
    second = project_cards(register(*rows[::-1]), headline=HEADLINE)
    pd.testing.assert_frame_equal(first, second)
    assert first["project_id"].tolist() == ["a", "a'1", "б"]


def test_an_empty_register_gives_no_card_and_no_figure() -> None:
    cards = project_cards(register())
    assert len(cards) == 0
    assert list(cards) == card_columns()
    assert math.isnan(known_share(register(), "cost"))
    assert math.isnan(unfunded_mln_rub(register()))


def test_the_gap_is_the_known_cost_of_who_names_no_funding() -> None:
    named, open_, dark = (
        project("a"),
        project("b", funding="", cost_mln_rub=90.0),
        project("c", funding="", cost_mln_rub=math.nan),
    )
    assert known_share(register(named, open_, dark), "funding") == pytest.approx(1 / 3)
    assert known_share(register(named, open_, dark), "cost") == pytest.approx(2 / 3)
    assert unfunded_mln_rub(register(named, open_, dark)) == 90
    assert math.isnan(unfunded_mln_rub(register(named, dark)))
    assert unfunded_mln_rub(register(named)) == 0
