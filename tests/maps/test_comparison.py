"""The comparison of scenarios as data of the page, the words for it, and on the terminal."""

from __future__ import annotations

import json
import math
import re
from dataclasses import replace
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from agglo.cli.comparing import print_comparison
from agglo.comparison import Comparison
from agglo.cooperation.projects import ASKED, CRITERIA
from agglo.draws import GROUPS
from agglo.indicators.indicator import GOALS as KNOWN_GOALS
from agglo.indicators.money import EFFECTS
from agglo.indicators.registry import INDICATORS
from agglo.indicators.winners import WAGE_GROUPS
from agglo.maps.comparison_data import comparison_data
from agglo.maps.inline import safe_json
from agglo.maps.order_data import MOST_ASSUMPTIONS, MOST_TURNS
from agglo.maps.page_data import page_data
from agglo.run import Result
from agglo.scoring.intervals import VERDICTS
from agglo.workspace import open_workspace
from tests.compared import (
    ATTACK,
    CHANGES,
    CONTRAST,
    DOMINATED,
    HEADLINE,
    MONEY,
    PACKAGE,
    PLACES,
    RANKS,
    SCORES,
    SHARES,
    SHOCK,
    WHOLE,
    compared_page,
    compared_run,
    comparison_of,
    four_goals,
)
from tests.drawn import REPOSITORY, tables_of_run, theme_and_words

ASSETS = REPOSITORY / "agglo" / "maps" / "assets"
BUDGET_BYTES = 150_000


@pytest.fixture(scope="module")
def results(tmp_path_factory: pytest.TempPathFactory) -> list[Result]:
    return compared_run(tmp_path_factory.mktemp("world"))


@pytest.fixture(scope="module")
def comparison(results: list[Result]) -> Comparison:
    return comparison_of(results)


@pytest.fixture(scope="module")
def data(results: list[Result], comparison: Comparison) -> dict:
    found = comparison_data(comparison, results)
    assert found is not None
    json.dumps(found, allow_nan=False)
    return found


def worded(group: str, keys: object) -> None:
    """Every key has a text in both languages."""
    texts = theme_and_words()[1].texts.get(group, {})
    lacking = [key for key in keys if not all(texts.get(key, {}).get(one) for one in ("ru", "en"))]
    assert not lacking, (group, lacking)


def known(values: object) -> list:
    return [None if isinstance(one, float) and math.isnan(one) else one for one in values]


def test_nothing_compared_shows_nothing(results: list[Result]) -> None:
    assert comparison_data(None, results) is None
    assert '"comparison":null' in compared_page(results, None)


def test_deltas_travel_with_their_interval_and_verdict_and_missing_ones_stay_missing(
    data: dict, comparison: Comparison
) -> None:
    names = [row[0] for row in data["indicators"]]
    assert names == list(CHANGES)
    assert len({row[0] for row in data["indicators"]}) == len(names)
    for scenario, own in comparison.deltas.groupby("scenario"):
        rows = data["deltas"][scenario]
        assert [names[row[0]] for row in rows] == own["indicator"].tolist()
        for row, wanted in zip(rows, own.to_dict("records"), strict=True):
            ends = known(wanted[key] for key in ("value", "delta", "low", "high"))
            assert row[1:5] == [None if one is None else pytest.approx(one) for one in ends]
            assert row[5:] == [wanted["verdict"], wanted["status"]]


def test_scores_travel_by_goal(data: dict) -> None:
    assert data["scores"]["faster"] == {
        goal: [*known(ends[:3]), ends[3]] for goal, ends in SCORES.items()
    }


def test_what_a_scenario_is_travels_with_it(data: dict) -> None:
    about = data["about"]
    assert {name for name, one in about.items() if one["is_shock"]} == {SHOCK}
    assert {name for name, one in about.items() if one["is_contrast"]} == {CONTRAST}
    assert about["faster"]["cost"] == [100, 250, 1400, "смета Ж\"'"]
    assert about["trains"]["cost"] is None
    assert about["faster"]["people"] == 1234
    assert about["trains"]["people"] is None
    assert about["baseline"]["people"] is None
    assert about[PACKAGE]["bases"] == {"proposal": 2}
    assert about["faster"]["lint"] == [[1, "", f"дорого {ATTACK}", f"costly {ATTACK}"]]
    assert list(about[PACKAGE]["measures"]) == list(SHARES)


def test_ranks_and_dominance_travel_by_weight_set(data: dict) -> None:
    assert list(data["ranking"]) == ["any", "equal", "small_towns"]
    for name, mean, best, overall, shares in data["ranking"]["any"]:
        assert shares == list(RANKS[name])
        assert best == shares[0]
        assert mean == pytest.approx(sum(at * one for at, one in enumerate(shares, 1)))
        assert overall is None
    assert {name: ", ".join(by) for name, by in data["dominated"].items() if by} == DOMINATED


def test_turns_are_said_from_both_sides(data: dict) -> None:
    def said(scenario: str, goal: str) -> list[list[object]]:
        rows = data["break_even"][scenario][goal]["rows"]
        return [[other, data["whats"][what], *turn] for other, what, *turn in rows]

    assert said("faster", "") == [[PACKAGE, "multi_focus", 0.375, "below"]]
    assert said(PACKAGE, "") == [["faster", "multi_focus", 0.375, "above"]]
    assert said("faster", "labour_mobility") == [
        ["baseline", "decay_per_min", 0.0625, "above"],
        ["baseline", "headways", 0.5, "below"],
    ]
    found = data["break_even"]["faster"]["labour_mobility"]
    assert [found["more"], found["steady"]] == [0, 1]
    assert [row[3] for row in said("baseline", "labour_mobility")] == ["below", "above"]


def test_a_turn_that_is_given_from_both_sides_is_said_once(
    results: list[Result], comparison: Comparison, data: dict
) -> None:
    turns = comparison.break_even
    back = turns.rename(columns={"scenario": "other", "other": "scenario"})
    sides = {"above": "below", "below": "above", "always": "never"}
    both = pd.concat([turns, back.assign(side=back["side"].map(sides))[turns.columns]])
    again = comparison_data(replace(comparison, break_even=both), results)
    assert again is not None
    assert again["break_even"] == data["break_even"]


def test_near_rivals_come_first_and_what_is_left_out_is_counted(
    results: list[Result], comparison: Comparison
) -> None:
    rows = [
        ("faster", other, "", f"a{at}", 0.5, "above")
        for other in ("trains", PACKAGE)
        for at in range(6)
    ]
    turns = pd.DataFrame(rows, columns=comparison.break_even.columns)
    found = comparison_data(replace(comparison, break_even=turns), results)
    assert found is not None
    said = found["break_even"]["faster"][""]
    assert [row[0] for row in said["rows"]] == [PACKAGE] * 6 + ["trains"] * (MOST_TURNS - 6)
    assert said["more"] == len(rows) - MOST_TURNS


def test_of_many_assumptions_those_that_move_most_are_drawn(
    results: list[Result], comparison: Comparison
) -> None:
    count = MOST_ASSUMPTIONS + 3
    swings = [*np.linspace(1, 2, count), np.nan]
    first = comparison.tornado.iloc[[0] * len(swings)]
    frame = first.assign(assumption=[f"a{at:02}" for at in range(len(swings))], swing=swings)
    found = comparison_data(replace(comparison, tornado=frame), results)
    assert found is not None
    drawn = found["tornado"]["faster"]["labour_mobility"]
    named = [found["ends"][row[0]][0] for row in drawn["rows"]]
    assert named == [f"a{at:02}" for at in range(count - 1, 2, -1)]
    assert drawn["more"] == 3
    assert drawn["swing"] == pytest.approx(swings[2])


def test_the_package_keeps_shares_errors_whole_and_interaction(data: dict) -> None:
    found = data["attribution"][PACKAGE]["labour_mobility"]
    assert [tuple(row) for row in found["rows"]] == [
        (name, *shares) for name, shares in SHARES.items()
    ]
    assert tuple(found["whole"]) == WHOLE


def test_winners_of_zones_stay_in_the_tables(data: dict) -> None:
    rows = data["winners"]["faster"]
    assert {row[0] for row in rows} == {"municipality", "wage"}
    assert [row[1:] for row in rows if row[0] == "municipality"] == [
        [place, *known(values)] for place, values in PLACES.items()
    ]


def test_money_is_missing_where_there_is_none_and_never_zero(data: dict) -> None:
    assert [row[:4] for row in data["money"]["faster"]] == [
        [effect, *ends] for effect, ends in MONEY.items()
    ]
    assert data["money"][SHOCK][0][1:4] == [None] * 3


def test_a_change_without_end_travels_as_a_word(
    results: list[Result], comparison: Comparison
) -> None:
    endless = comparison.deltas.assign(delta=np.inf, low=-np.inf)
    found = comparison_data(replace(comparison, deltas=endless), results)
    assert found is not None
    assert found["deltas"]["faster"][0][2:4] == ["inf", "-inf"]


def test_empty_frames_are_let_through(results: list[Result], comparison: Comparison) -> None:
    frames = ("tornado", "break_even", "attribution", "winners", "money", "lint", "cards",
              "coverage", "deltas", "scores", "ranking")  # fmt: skip
    bare = replace(comparison, **{name: getattr(comparison, name).iloc[:0] for name in frames})
    found = comparison_data(bare, results)
    assert found is not None
    assert found["about"]["faster"]["lint"] == []
    assert not any(found[name] for name in ("deltas", "ranking", "money", "cards", "winners"))


def test_the_page_is_the_same_twice_and_names_cannot_leave_it(
    results: list[Result], comparison: Comparison
) -> None:
    page = compared_page(results, comparison)
    assert page == compared_page(results, comparison_of(results))
    assert ATTACK not in page
    assert ATTACK.replace("<", "\\u003c").replace(">", "\\u003e")[:12] in page
    assert "comparison.js" not in page


def test_the_view_of_thirteen_scenarios_stays_within_its_budget(
    results: list[Result], comparison: Comparison
) -> None:
    large = many(comparison, scenarios=13, indicators=25, assumptions=30)
    known_results = [
        replace(results[1], scenario=replace(results[1].scenario, name=name))
        for name in large.deltas["scenario"].unique()
    ]
    size = len(safe_json(comparison_data(large, known_results)).encode())
    size += sum((ASSETS / f"comparison.{kind}").stat().st_size for kind in ("js", "css"))
    assert size < BUDGET_BYTES


def many(comparison: Comparison, *, scenarios: int, indicators: int, assumptions: int):
    """Blow a comparison up, with figures of full length."""
    names = [f"a-scenario-{at:02}" for at in range(scenarios)]
    random = np.random.default_rng(1)

    def repeated(frame: pd.DataFrame, count: int, **columns: object) -> pd.DataFrame:
        rows = frame.iloc[np.zeros(count * scenarios, dtype=int)].reset_index(drop=True)
        rows = rows.assign(scenario=np.repeat(names, count))
        numbers = rows.select_dtypes("number").columns
        rows[numbers] = random.normal(size=(len(rows), len(numbers))) * 1000
        return rows.assign(**{key: np.tile(one, scenarios) for key, one in columns.items()})

    labels = [f"assumption_{at}_per_min" for at in range(assumptions)]
    pairs = pd.MultiIndex.from_product([list(KNOWN_GOALS)[:6], labels])
    ends = {f"{end}_value": np.tile(random.random(assumptions), 6)
            for end in ("low", "high")}  # fmt: skip
    ranking = pd.concat(
        repeated(comparison.ranking, 1).assign(weights=f"set{at}") for at in range(5)
    )
    shares = {f"rank_{at}_share": random.random(len(ranking)) for at in range(1, scenarios + 1)}
    targets = pd.MultiIndex.from_product([[f"target_{at}" for at in range(20)], names[:5]])
    return replace(
        comparison,
        deltas=repeated(
            comparison.deltas, indicators, indicator=[f"indicator_{at}" for at in range(indicators)]
        ),
        scores=repeated(comparison.scores, len(KNOWN_GOALS), goal=list(KNOWN_GOALS)),
        ranking=ranking.assign(**shares),
        tornado=repeated(
            comparison.tornado, len(pairs), goal=pairs.get_level_values(0),
            assumption=pairs.get_level_values(1), **ends,
        ),
        break_even=repeated(
            comparison.break_even, len(pairs), goal=pairs.get_level_values(0),
            what=pairs.get_level_values(1),
        ),
        winners=repeated(comparison.winners, 11, place_id=[f"place_{at}" for at in range(11)]),
        money=repeated(comparison.money, 2),
        attribution=repeated(
            comparison.attribution, len(targets), target=targets.get_level_values(0),
            measure=targets.get_level_values(1),
        ).query("scenario == @names[0]"),
    )  # fmt: skip


def test_every_word_that_the_view_asks_for_is_there() -> None:
    script = (ASSETS / "comparison.js").read_text(encoding="utf-8")
    asked = set(re.findall(r'(?:word|said)\("([a-z_]+[a-z])"', script))
    (parts,) = re.findall(r"PARTS = \[(.*)\];", script)
    for part in re.findall(r'"(\w+)"', parts):
        asked |= {f"part_{part}", f"title_{part}"}
    ends = ("low", "high")
    asked |= {f"{kind}_{end}" for kind in ("if", "towards") for end in ends}
    asked |= {f"{end}_end" for end in ends}
    asked |= {"means_better", "means_worse", "means_no", "tag_shock", "tag_contrast"}
    asked |= {f"goals_{kind}" for kind in ("headline", "context", "guard")}
    asked |= {f"turn_{kind}" for kind in ("above", "below", "level")}
    asked |= {"synergy", "clash", "no_synergy", "whole", "interaction", "choose", "nothing"}
    worded("comparison", asked)
    worded("word", ["comparison"])


def test_what_the_frames_name_has_words() -> None:
    workspace = open_workspace(REPOSITORY)
    worded("comparison_verdict", VERDICTS)
    worded("assumption", [*workspace.assumptions, *GROUPS])
    worded("goal", KNOWN_GOALS)
    worded("money_effect", EFFECTS)
    worded("wage_group", WAGE_GROUPS)
    worded("criterion", CRITERIA)
    worded("project_record", [*ASKED, "result"])
    worded("indicator", INDICATORS)
    worded("unit", {one.unit for one in INDICATORS.values()})


def test_the_data_of_the_page_hold_no_number_that_json_cannot(
    results: list[Result], comparison: Comparison
) -> None:
    theme, words = theme_and_words()
    whole = page_data(results, tables_of_run(results), four_goals(), theme, words)
    whole["comparison"] = comparison_data(comparison, results)
    assert json.loads(safe_json(whole))["comparison"]["draws"] == 1000


def test_the_terminal_says_changes_scores_ranks_and_who_is_beaten(
    comparison: Comparison,
) -> None:
    lines = print_comparison(comparison)
    text = "\n".join(lines)
    faster, *_, scored = [line for line in lines if line.startswith("faster ")]
    assert "+1.25 (+0.5 … +2.12) worse" in faster
    assert "61.5 (55.2 … 68.8) better" in scored
    assert "49.5 (44.5 … 53.5) ~" in scored
    assert scored.split()[-3:] == ["1.4", "62%", "0%"]
    (shock,) = [line for line in lines if line.startswith(SHOCK) and line.endswith("no option")]
    assert shock
    assert all(goal in text for goal in HEADLINE)
    assert "trains is on no goal better than faster, package" in text
    assert "1000 draws, seed 7" in text
    order = [line.split()[0] for line in lines if line.endswith("%")]
    assert order == ["faster", PACKAGE, "baseline", "trains"]


def test_the_terminal_marks_the_unknown_and_never_says_nan(comparison: Comparison) -> None:
    deltas = comparison.deltas.replace({"indicator": {"unserved_count": "extra_person_min"}})
    scores = comparison.scores.assign(low=np.nan, high=np.nan)
    text = "\n".join(print_comparison(replace(comparison, deltas=deltas, scores=scores)))
    (line,) = [one for one in text.split("\n") if one.startswith("faster") and "worse" in one]
    assert line.endswith("?")
    assert "nan" not in text
    assert "61.5 (? … ?) better" in text


def test_the_terminal_of_an_empty_comparison_says_its_heads_only(comparison: Comparison) -> None:
    frames = ("deltas", "scores", "ranking", "lint")
    bare = replace(comparison, **{name: getattr(comparison, name).iloc[:0] for name in frames})
    assert len(print_comparison(bare)) == 5


def test_scripts_stand_in_the_order_of_the_views() -> None:
    text = (Path(REPOSITORY) / "agglo" / "maps" / "page.py").read_text(encoding="utf-8")
    (scripts,) = re.findall(r"SCRIPTS = \((.*?)\)", text, re.DOTALL)
    order = re.findall(r'"(\w+)\.js"', scripts)
    assert order.index("page") < order.index("comparison") < order.index("territory")
