"""Where the order of two scenarios turns."""

from __future__ import annotations

import math

import numpy as np
import pandas as pd
import pytest
from scipy.optimize import linprog

from agglo.errors import TableError
from agglo.scoring.break_even import (
    assumption_break_even,
    roots,
    smallest_turn,
    weight_break_even,
)

TWO = pd.DataFrame({"lm": [60.0, 50.0], "ic": [40.0, 50.0]}, index=["s1", "b0"])


def ends(**scores: tuple[float, float, float]) -> pd.DataFrame:
    """Scores of scenarios with an assumption at 10, 20 and 40."""
    return pd.DataFrame(
        [
            (name, "lm", "decay", value, score)
            for name, three in scores.items()
            for value, score in zip((10.0, 20.0, 40.0), three, strict=True)
        ],
        columns=["scenario", "goal", "assumption", "value", "score"],
    )


def turns(frame: pd.DataFrame) -> list[tuple[float, str]]:
    return list(zip(frame["value"], frame["side"], strict=True))


@pytest.mark.parametrize(
    ("points", "wanted"),
    [
        ([(0, -1), (1, 1)], [0.5]),
        ([(0, 3), (1, -1), (3, 3)], [0.75, 1.5]),
        ([(3, 3), (0, 3), (1, -1)], [0.75, 1.5]),
        ([(0, 1), (1, 2)], []),
        ([(0, 0), (1, 2)], [0]),
        ([(0, 1), (1, 0), (2, 1)], [1]),
        ([(0, 1), (1, 0), (2, 0), (3, -1)], [1, 2]),
        ([(0, -1), (1, math.nan), (2, 1)], []),
        ([(0, -1), (1, math.nan), (2, 1), (3, -1)], [2.5]),
        ([], []),
    ],
)
def test_all_roots_of_the_line_are_found(
    points: list[tuple[float, float]], wanted: list[float]
) -> None:
    assert roots(points) == wanted


def test_the_value_at_which_a_gain_turns_into_a_loss() -> None:
    found = assumption_break_even(ends(b0=(50, 50, 50), s1=(56, 53, 47)), [("s1", "b0")])
    assert found.to_numpy().tolist() == [["s1", "b0", "lm", "decay", 30, "below"]]
    other = assumption_break_even(ends(b0=(50, 50, 50), s1=(56, 53, 47)))
    assert other.to_numpy().tolist() == [["b0", "s1", "lm", "decay", 30, "above"]]


@pytest.mark.parametrize(
    ("scores", "wanted"),
    [
        ((52, 51, 51), [(None, "always")]),
        ((49, 48, 47), [(None, "never")]),
        ((50, 50, 50), [(None, "")]),
        ((52, math.nan, 47), [(None, "")]),
        ((52, math.nan, 53), [(None, "")]),
        ((52, 50, 52), [(20, "both")]),
        ((48, 50, 48), [(20, "neither")]),
        ((52, 48, 52), [(15, "below"), (30, "above")]),
        ((50, 51, 52), [(10, "above")]),
    ],
)
def test_the_side_on_which_a_scenario_is_ahead(
    scores: tuple[float, float, float], wanted: list[tuple[float | None, str]]
) -> None:
    found = assumption_break_even(ends(b0=(50, 50, 50), s1=scores), [("s1", "b0")])
    assert [(None if math.isnan(at) else at, side) for at, side in turns(found)] == wanted


def test_a_value_without_a_number_is_left_out_and_no_ends_give_no_rows() -> None:
    given = ends(b0=(50, 50, 50), s1=(56, 53, 47))
    given.loc[given["value"] == 20, "value"] = math.nan
    assert turns(assumption_break_even(given, [("s1", "b0")])) == [(30, "below")]
    assert assumption_break_even(given.iloc[:0]).empty


def test_a_value_that_stands_twice_is_refused() -> None:
    given = ends(s1=(56, 53, 47))
    with pytest.raises(TableError, match="'s1' has two scores at decay = 10"):
        assumption_break_even(pd.concat([given, given]))


def test_the_weight_at_which_two_scenarios_are_level() -> None:
    scores = TWO.assign(mf=[50.0, 45.0])
    weights = {"lm": 2, "ic": 1, "mf": 1}
    found = weight_break_even(scores, weights, [("s1", "b0")]).set_index("what")
    for goal, (at, side) in {"lm": (0.2, "above"), "ic": (25 / 55, "below")}.items():
        assert found.loc[goal, "value"] == pytest.approx(at)
        assert found.loc[goal, "side"] == side
        rest = {name: weight for name, weight in weights.items() if name != goal}
        turned = {goal: at, **{name: (1 - at) * w / sum(rest.values()) for name, w in rest.items()}}
        level = (scores * pd.Series(turned)).sum(axis=1)
        assert level["s1"] == pytest.approx(level["b0"])
    assert (found["goal"] == "").all()
    assert math.isnan(found.loc["mf", "value"])
    assert found.loc["mf", "side"] == "always"


def test_a_dominated_scenario_never_gets_level_by_any_single_weight() -> None:
    scores = pd.DataFrame({"lm": [60.0, 50.0], "ic": [55.0, 50.0]}, index=["s1", "b0"])
    found = weight_break_even(scores, {"lm": 1, "ic": 1})
    assert turns(found[["value", "side"]].fillna(-1)) == [(-1, "always")] * 2


def test_an_unknown_goal_without_weight_does_not_hide_the_others() -> None:
    scores = pd.concat([TWO.assign(mf=math.nan), pd.DataFrame({"mf": [1.0]}, index=["s9"])])
    found = weight_break_even(scores, {"lm": 1, "ic": 1}, [("s1", "b0")]).set_index("what")
    assert found["value"].dropna().to_dict() == {"lm": 0.5, "ic": 0.5}
    turn = smallest_turn(scores, {"lm": 3, "ic": 1}, scenario="s1", other="b0")
    assert turn.change.to_dict() == {"ic": 0.25, "lm": -0.25, "mf": 0}
    with_weight = smallest_turn(scores, {"lm": 3, "mf": 1}, scenario="s1", other="b0")
    assert math.isnan(with_weight.distance)


def test_without_weight_on_the_others_there_is_no_proportion_to_keep() -> None:
    found = weight_break_even(TWO, {"lm": 1}, [("s1", "b0")]).set_index("what")
    assert math.isnan(found.loc["lm", "value"])
    assert found.loc["ic", "value"] == 0.5


def test_the_smallest_turn_takes_from_the_goals_that_speak_most_for_the_winner() -> None:
    scores = pd.DataFrame({"a": [9.0, 0], "b": [3.0, 0], "c": [-1.0, 0]}, index=["s1", "s2"])
    turn = smallest_turn(scores, {"a": 0.1, "b": 0.6, "c": 0.3}, scenario="s2", other="s1")
    # 0.9 + 1.8 − 0.3 = 2.4; all of a's weight takes 1.0 of it, 0.35 of b's the rest.
    assert turn.change.to_dict() == pytest.approx({"a": -0.1, "b": -0.35, "c": 0.45})
    assert turn.distance == pytest.approx(0.9)
    assert turn.weights.to_dict() == pytest.approx({"a": 0, "b": 0.25, "c": 0.75})


@pytest.mark.parametrize("seed", range(25))
def test_no_linear_programme_finds_a_smaller_turn(seed: int) -> None:
    random = np.random.default_rng(seed)
    goals = list("abcde")
    scores = pd.DataFrame(random.normal(50, 10, (2, 5)), index=["s1", "s2"], columns=goals)
    weights = random.dirichlet(np.ones(5))
    turn = smallest_turn(scores, dict(zip(goals, weights, strict=True)), scenario="s1", other="s2")
    gain = (scores.loc["s1"] - scores.loc["s2"]).to_numpy()
    both = np.hstack([np.eye(5), -np.eye(5)])
    programme = linprog(
        np.ones(10),
        A_eq=np.vstack([gain @ both, np.ones(5) @ both]),
        b_eq=[-gain @ weights, 0],
        A_ub=-both,
        b_ub=weights,
    )
    if not programme.success:
        assert math.isnan(turn.distance)
        return
    assert turn.distance == pytest.approx(programme.fun)
    assert gain @ turn.weights == pytest.approx(0, abs=1e-9)
    assert turn.weights.sum() == pytest.approx(1)
    assert turn.weights.min() >= -1e-12


def test_who_dominates_keeps_its_place_under_all_weights() -> None:
    better = pd.DataFrame({"lm": [60.0, 50.0], "ic": [55.0, 50.0]}, index=["s1", "b0"])
    turn = smallest_turn(better, {"lm": 1, "ic": 1}, scenario="s1", other="b0")
    assert math.isnan(turn.distance)
    assert turn.weights.isna().all()


def test_scenarios_that_are_level_need_no_turn() -> None:
    turn = smallest_turn(TWO, {"lm": 1, "ic": 1}, scenario="s1", other="b0")
    assert turn.distance == 0
    assert turn.weights.to_dict() == {"ic": 0.5, "lm": 0.5}


@pytest.mark.parametrize("weights", [{}, {"lm": 0}, {"lm": -1, "ic": 2}, {"lm": math.nan}])
def test_weights_that_are_none_are_refused(weights: dict[str, float]) -> None:
    with pytest.raises(TableError, match="weights must be 0 or more"):
        weight_break_even(TWO, weights)
