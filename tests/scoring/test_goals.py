"""The anchored scale and goals."""

from __future__ import annotations

import math

import numpy as np
import pandas as pd
import pytest

from agglo.errors import CompareError, SettingsError
from agglo.indicators.registry import INDICATORS
from agglo.scenarios.files import BASELINE
from agglo.scoring.goals import Anchor, Goal, anchored_value, drawn_goal_scores, goal_scores

RATIO = Anchor(indicator="jobs_by_decay", weight=1, target_ratio=1.2)
LESS = Anchor(indicator="minutes_per_worker_day", weight=1, target_ratio=0.8)
CHANGE = Anchor(indicator="jobs_primacy", weight=1, target_change=-0.1)


def goal(*anchors: Anchor, name: str = "labour_mobility") -> Goal:
    return Goal(id=name, name_ru="Цель", name_en="Goal", headline=True, anchors=anchors)


@pytest.mark.parametrize("anchor", [RATIO, LESS, CHANGE])
def test_the_baseline_itself_scores_fifty(anchor: Anchor) -> None:
    assert anchored_value(0.37, 0.37, anchor) == 50


@pytest.mark.parametrize(
    ("value", "anchor", "wanted"),
    [
        (120.0, RATIO, 100),
        (100 / 1.2, RATIO, 0),
        (100 * math.sqrt(1.2), RATIO, 75),
        (80.0, LESS, 100),
        (125.0, LESS, 0),
        (100 - 0.1, CHANGE, 100),
        (100 - 0.05, CHANGE, 75),
        (100 + 0.05, CHANGE, 25),
    ],
)
def test_the_target_scores_a_hundred_and_as_much_the_other_way_nothing(
    value: float, anchor: Anchor, wanted: float
) -> None:
    assert anchored_value(value, 100.0, anchor) == pytest.approx(wanted, abs=1e-9)


@pytest.mark.parametrize(("value", "wanted"), [(1e9, 100), (1e-9, 0), (0.0, 0)])
def test_beyond_the_target_nothing_is_gained_or_lost(value: float, wanted: float) -> None:
    assert anchored_value(value, 100.0, RATIO) == wanted


@pytest.mark.parametrize(("value", "baseline"), [(5.0, 0.0), (-1.0, 5.0), (math.nan, 5.0)])
def test_a_ratio_without_meaning_has_no_value(value: float, baseline: float) -> None:
    assert math.isnan(anchored_value(value, baseline, RATIO))


@pytest.mark.parametrize(
    ("changed", "message"),
    [
        ({"indicator": "happiness"}, "'happiness' is not registered; known: jobs_within"),
        ({"target_ratio": None}, "needs either target_ratio or target_change"),
        ({"target_change": 0.1}, "needs either target_ratio or target_change"),
        ({"weight": 0}, "weight must be above 0 and finite; got 0"),
        ({"weight": math.nan}, "weight must be above 0 and finite; got nan"),
        ({"weight": math.inf}, "weight must be above 0"),
        ({"target_ratio": 0.9}, "the target must be better than the baseline"),
        ({"target_ratio": 1.0}, "the target must be better than the baseline"),
        ({"target_ratio": 0.0}, "the target must be better than the baseline"),
        ({"target_ratio": -2.0}, "the target must be better than the baseline"),
        ({"target_ratio": math.inf}, "the target must be better than the baseline"),
        ({"target_ratio": None, "target_change": 0.0}, "must be better than the baseline"),
        ({"target_ratio": None, "target_change": -0.1}, "must be better than the baseline"),
        ({"target_ratio": None, "target_change": math.nan}, "must be better than the baseline"),
    ],
)
def test_an_anchor_that_says_nothing_is_refused(changed: dict[str, object], message: str) -> None:
    given = {"indicator": "jobs_by_decay", "weight": 1.0, "target_ratio": 1.2}
    with pytest.raises(SettingsError, match=message):
        Anchor(**{**given, **changed})  # type: ignore[arg-type]


def test_where_less_is_better_the_target_lies_below() -> None:
    with pytest.raises(SettingsError, match="the target must be better"):
        Anchor(indicator="minutes_per_worker_day", weight=1, target_ratio=1.1)


def test_an_indicator_without_a_value_for_the_whole_cannot_stand_for_a_goal() -> None:
    """Losses of links have no sum: they close one by one."""
    assert "link_loss_person_min" in INDICATORS
    with pytest.raises(SettingsError, match="has no value for the whole region"):
        Anchor(indicator="link_loss_person_min", weight=1, target_ratio=0.5)


def test_an_unknown_goal_is_refused() -> None:
    with pytest.raises(SettingsError, match="unknown goal 'happiness'; known: labour_mobility"):
        goal(RATIO, name="happiness")


def test_a_goal_without_an_indicator_is_refused() -> None:
    with pytest.raises(SettingsError, match="goal 'labour_mobility' has no indicator"):
        goal()


def test_a_goal_is_the_weighted_mean_of_its_indicators() -> None:
    heavy = Anchor(indicator="jobs_primacy", weight=3, target_change=-0.1)
    values = pd.Series({"jobs_by_decay": 120.0, "jobs_primacy": 0.5})
    baseline = pd.Series({"jobs_by_decay": 100.0, "jobs_primacy": 0.5})
    got = goal_scores(values, baseline, [goal(RATIO, heavy)])
    assert got == {"labour_mobility": pytest.approx((1 * 100 + 3 * 50) / 4)}


def test_an_indicator_without_a_value_is_left_out_of_the_mean() -> None:
    values = pd.Series({"jobs_by_decay": 120.0, "jobs_primacy": math.nan})
    baseline = pd.Series({"jobs_by_decay": 100.0, "jobs_primacy": 0.5})
    assert goal_scores(values, baseline, [goal(RATIO, CHANGE)])["labour_mobility"] == (
        pytest.approx(100)
    )


def test_a_goal_without_any_value_has_no_score() -> None:
    nothing = pd.Series({"jobs_by_decay": math.nan})
    assert math.isnan(goal_scores(nothing, nothing, [goal(RATIO)])["labour_mobility"])


def drawn(scenarios: list[str], draws: int, seed: int = 3) -> pd.DataFrame:
    """Draw values in no order, some of them unknown, 0, infinite or below 0."""
    random = np.random.default_rng(seed)
    index = pd.MultiIndex.from_product([range(-1, draws), scenarios], names=["draw", "scenario"])
    names = ["jobs_by_decay", "minutes_per_worker_day", "jobs_primacy", "cut_off_count"]
    values = pd.DataFrame(random.uniform(0.5, 1.5, (len(index), 4)), index=index, columns=names)
    for odd in (math.nan, 0.0, math.inf, -1.0):
        values = values.mask(random.random(values.shape) < 0.03, odd)
    return values.iloc[random.permutation(len(values))]


@pytest.mark.filterwarnings("error")
def test_scores_of_all_draws_are_those_of_each_draw_against_its_own_baseline() -> None:
    goals = [
        goal(RATIO, Anchor(indicator="jobs_primacy", weight=3, target_change=-0.1), LESS),
        goal(Anchor(indicator="cut_off_count", weight=0.5, target_ratio=0.5), name="multi_focus"),
    ]
    values = drawn([BASELINE, "a", 'мост "Б"'], 60)
    got = drawn_goal_scores(values, goals)
    assert got.index.equals(values.index)
    assert got.columns.tolist() == ["labour_mobility", "multi_focus"]
    assert got.isna().any(axis=None)
    for place in values.index:
        wanted = goal_scores(values.loc[place], values.loc[(place[0], BASELINE)], goals)
        assert got.loc[place].to_dict() == pytest.approx(wanted, rel=1e-12, nan_ok=True)


def test_a_draw_is_measured_from_its_own_baseline_not_from_the_central_one() -> None:
    index = pd.MultiIndex.from_product([[-1, 0], [BASELINE, "a"]], names=["draw", "scenario"])
    values = pd.DataFrame({"jobs_by_decay": [100.0, 120, 200, 200]}, index=index)
    got = drawn_goal_scores(values, [goal(RATIO)])["labour_mobility"]
    assert got.tolist() == pytest.approx([50, 100, 50, 50])


def test_a_draw_without_its_baseline_or_with_two_is_refused() -> None:
    values = drawn([BASELINE, "a"], 2)
    without = values.drop(index=(1, BASELINE))
    with pytest.raises(CompareError, match="draw 1 has no 'baseline'"):
        drawn_goal_scores(without, [goal(RATIO)])
    twice = pd.concat([values, values.loc[[(0, BASELINE)]]])
    with pytest.raises(CompareError, match="draw 0 has the 'baseline' more than once"):
        drawn_goal_scores(twice, [goal(RATIO)])


def test_no_draws_have_no_scores() -> None:
    none = drawn([BASELINE], 1).iloc[:0]
    assert drawn_goal_scores(none, [goal(RATIO)]).shape == (0, 1)
