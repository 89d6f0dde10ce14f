"""The anchored scale and goals."""

from __future__ import annotations

import math

import pandas as pd
import pytest

from agglo.errors import SettingsError
from agglo.indicators.registry import INDICATORS
from agglo.scoring.goals import Anchor, Goal, anchored_value, goal_scores

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
