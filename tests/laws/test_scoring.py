"""Laws of scoring: intervals, dominance, acceptability, attribution, break-even."""

from __future__ import annotations

import math

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

from agglo.scoring.acceptability import rank_acceptability
from agglo.scoring.attribution import coalitions, interaction, pairwise_interactions, shapley
from agglo.scoring.break_even import smallest_turn, weight_break_even
from agglo.scoring.dominance import dominance
from agglo.scoring.intervals import score_intervals
from agglo.scoring.weights import WeightSet, weighted_ranking

GOALS = ["labour_mobility", "infrastructure_connectivity", "multi_focus"]
NAMES = ["s1", "s10", "s2", "b0"]
POINTS = st.integers(0, 100).map(float)
MAYBE = st.one_of(POINTS, st.just(math.nan))
SCORES = st.lists(st.lists(POINTS, min_size=3, max_size=3), min_size=4, max_size=4)
GAPPED = st.lists(st.lists(MAYBE, min_size=3, max_size=3), min_size=4, max_size=4)
ORDERS = st.permutations(range(4))
WEIGHTS = st.lists(st.integers(0, 9), min_size=3, max_size=3).filter(lambda ones: sum(ones) > 0)
EFFECTS = st.lists(st.integers(-99, 99), min_size=16, max_size=16)
MEASURES = ["bus", "rail", "jobs", "road"]
SETS = [frozenset(one) for one in coalitions(MEASURES)]


def scores_of(rows: list[list[float]]) -> pd.DataFrame:
    return pd.DataFrame(rows, index=NAMES, columns=GOALS)


def effects_of(numbers: list[int]) -> dict[frozenset[str], float]:
    return {one: float(number) for one, number in zip(SETS, numbers, strict=True)}


def table_of_dominance(scores: pd.DataFrame, *, tolerance: float = 0.0) -> dict[str, set[str]]:
    found = dominance(scores, tolerance=tolerance).set_index("scenario")["dominated_by"]
    return {name: set(filter(None, text.split(", "))) for name, text in found.items()}


@given(rows=GAPPED)
def test_dominance_is_an_order_and_leaves_someone_standing(rows: list[list[float]]) -> None:
    above = table_of_dominance(scores_of(rows))
    for low, higher in above.items():
        assert low not in higher
        for high in higher:
            assert above[high] <= higher
    assert any(not higher for higher in above.values())


@given(rows=GAPPED, tolerance=st.integers(0, 30))
def test_no_two_dominate_each_other_under_any_tolerance(
    rows: list[list[float]], tolerance: int
) -> None:
    above = table_of_dominance(scores_of(rows), tolerance=tolerance)
    assert not any(low in above[high] for low, higher in above.items() for high in higher)


@given(rows=GAPPED, order=ORDERS)
def test_dominance_does_not_depend_on_order_or_on_the_scale_of_a_goal(
    rows: list[list[float]], order: list[int]
) -> None:
    scores = scores_of(rows)
    mixed = (scores.iloc[order, [2, 0, 1]] ** 3).rename(columns=str.upper)
    assert table_of_dominance(mixed) == table_of_dominance(scores)


@given(rows=GAPPED, dropped=st.sampled_from(NAMES))
def test_dropping_a_scenario_that_all_goals_know_changes_no_other_dominance(
    rows: list[list[float]], dropped: str
) -> None:
    scores = scores_of(rows)
    left = scores.drop(dropped)
    if list(left.isna().all()) != list(scores.isna().all()):
        return
    above = table_of_dominance(scores)
    assert table_of_dominance(left) == {
        name: higher - {dropped} for name, higher in above.items() if name != dropped
    }


@given(rows=SCORES)
def test_shares_of_ranks_add_up_by_scenario_and_by_rank(rows: list[list[float]]) -> None:
    found = rank_acceptability(scores_of(rows), seed=1, weights_count=500)
    shares = found.ranks.filter(regex=r"rank_\d").to_numpy()
    assert shares.sum(axis=0) == pytest.approx(np.ones(4))
    assert shares.sum(axis=1) == pytest.approx(np.ones(4))
    assert found.ranks["mean_rank"].mean() == pytest.approx(2.5)
    assert ((found.wins + found.wins.T) <= 1 + 1e-9).all(axis=None)
    assert found.central_weights.sum(axis=1)[found.ranks["best_share"].to_numpy() > 0].to_numpy() \
        == pytest.approx(1)  # fmt: skip


@given(rows=SCORES)
def test_the_mean_rank_is_one_and_those_who_win(rows: list[list[float]]) -> None:
    two = scores_of(rows)[GOALS[:2]]
    found = rank_acceptability(two, seed=1)
    losses = found.wins.T.sum(axis=1)
    ties = 1 - found.wins - found.wins.T
    wanted = 1 + losses.to_numpy() + (ties.sum(axis=1).to_numpy() - 1) / 2
    assert found.ranks["mean_rank"].to_numpy() == pytest.approx(wanted)


@given(rows=SCORES)
def test_who_is_dominated_is_never_ahead_of_who_dominates(rows: list[list[float]]) -> None:
    scores = scores_of(rows)
    found = rank_acceptability(scores, seed=1, weights_count=200)
    for low, higher in table_of_dominance(scores).items():
        for high in higher:
            assert found.wins.loc[low, high] == 0
            assert found.wins.loc[high, low] == pytest.approx(1)


@given(rows=SCORES, dropped=st.sampled_from(NAMES), weights=WEIGHTS)
def test_dropping_a_scenario_reorders_no_others(
    rows: list[list[float]], dropped: str, weights: list[int]
) -> None:
    scores = scores_of(rows)
    one = WeightSet(id="w", name_ru="", name_en="", weights=dict(zip(GOALS, weights, strict=True)))
    whole = weighted_ranking(scores, [one]).set_index("scenario")["overall"]
    left = weighted_ranking(scores.drop(dropped), [one]).set_index("scenario")["overall"]
    pd.testing.assert_series_equal(whole.drop(dropped), left, check_exact=True)
    wins = rank_acceptability(scores, seed=1, weights_count=10).wins
    fewer = rank_acceptability(scores.drop(dropped), seed=1, weights_count=10).wins
    pd.testing.assert_frame_equal(
        wins.drop(index=dropped, columns=dropped), fewer, check_names=False
    )


@given(rows=SCORES, weights=WEIGHTS)
def test_at_the_weight_where_an_order_turns_both_are_level(
    rows: list[list[float]], weights: list[int]
) -> None:
    scores, by_goal = scores_of(rows), dict(zip(GOALS, map(float, weights), strict=True))
    found = weight_break_even(scores, by_goal, [("s1", "b0")])
    for goal, at in zip(found["what"], found["value"], strict=True):
        if math.isnan(at):
            continue
        rest = {name: weight for name, weight in by_goal.items() if name != goal}
        if at < 1:
            rest = {name: (1 - at) * weight / sum(rest.values()) for name, weight in rest.items()}
        else:
            rest = dict.fromkeys(rest, 0.0)
        level = scores @ pd.Series({**rest, goal: at})[GOALS]
        assert level["s1"] == pytest.approx(level["b0"], abs=1e-9)


@given(rows=SCORES, weights=WEIGHTS)
def test_the_smallest_turn_makes_two_level_and_is_no_longer_than_by_one_goal(
    rows: list[list[float]], weights: list[int]
) -> None:
    scores, by_goal = scores_of(rows), dict(zip(GOALS, map(float, weights), strict=True))
    turn = smallest_turn(scores, by_goal, scenario="s1", other="b0")
    back = smallest_turn(scores, by_goal, scenario="b0", other="s1")
    assert turn.distance == pytest.approx(back.distance, nan_ok=True)
    if math.isnan(turn.distance):
        pair = table_of_dominance(scores.loc[["s1", "b0"]])
        assert pair["s1"] or pair["b0"]
        return
    assert turn.change.sum() == pytest.approx(0, abs=1e-12)
    assert (scores.loc["s1"] - scores.loc["b0"]) @ turn.weights[GOALS] == pytest.approx(0, abs=1e-6)
    own = np.array(weights) / sum(weights)
    single = weight_break_even(scores, by_goal, [("s1", "b0")]).set_index("what")["value"].dropna()
    for goal, at in single.items():
        assert turn.distance <= 2 * abs(at - own[GOALS.index(goal)]) + 1e-9


@given(numbers=EFFECTS)
def test_shares_add_up_to_the_effect_of_the_package(numbers: list[int]) -> None:
    values = effects_of(numbers)
    total = values[SETS[-1]] - values[SETS[0]]
    assert shapley(values)["value"].sum() == pytest.approx(total, abs=1e-9)


@given(numbers=EFFECTS, order=ORDERS)
def test_shares_do_not_depend_on_names_or_on_the_order_of_the_table(
    numbers: list[int], order: list[int]
) -> None:
    values = effects_of(numbers)
    other = {name: MEASURES[at] for name, at in zip(MEASURES, order, strict=True)}
    renamed = {frozenset(other[name] for name in one): values[one] for one in reversed(SETS)}
    found, turned = shapley(values)["value"], shapley(renamed)["value"]
    for name in MEASURES:
        assert turned[other[name]] == pytest.approx(found[name], abs=1e-9)


@given(numbers=EFFECTS, idle=st.sampled_from(MEASURES))
def test_who_adds_the_same_to_every_set_gets_just_that(numbers: list[int], idle: str) -> None:
    values = effects_of(numbers)
    for one in SETS:
        values[one] = values[one - {idle}] + (5 if idle in one else 0)
    assert shapley(values)["value"][idle] == pytest.approx(5)
    free = pairwise_interactions(values).query("measure == @idle or other == @idle")
    assert (free["interaction"] == 0).all()


@given(numbers=EFFECTS, twins=st.permutations(MEASURES))
def test_who_adds_alike_gets_alike(numbers: list[int], twins: list[str]) -> None:
    values = effects_of(numbers)
    first, second = twins[:2]
    for one in SETS:
        if first in one and second not in one:
            values[one] = values[one - {first} | {second}]
    found = shapley(values)["value"]
    assert found[first] == pytest.approx(found[second], abs=1e-9)


@given(first=EFFECTS, second=EFFECTS)
def test_shares_and_interactions_of_a_sum_are_the_sums(first: list[int], second: list[int]) -> None:
    one, other = effects_of(first), effects_of(second)
    both = {each: one[each] + other[each] for each in SETS}
    assert shapley(both)["value"].to_numpy() == pytest.approx(
        (shapley(one) + shapley(other))["value"].to_numpy(), abs=1e-9
    )
    assert interaction(both)["value"] == pytest.approx(
        interaction(one)["value"] + interaction(other)["value"], abs=1e-9
    )


@given(rows=SCORES, more=SCORES, shift=st.integers(-40, 40), order=ORDERS)
def test_what_moves_baseline_and_scenario_alike_leaves_every_interval_as_it_was(
    rows: list[list[float]], more: list[list[float]], shift: int, order: list[int]
) -> None:
    draws = pd.concat({0: scores_of(rows), 1: scores_of(more)}, names=["draw", "scenario"])
    moved = draws.copy()
    moved.loc[1] = (draws.loc[[1]] + shift).to_numpy()
    central = scores_of(rows)
    found = score_intervals(draws, central, baseline="b0")
    pd.testing.assert_frame_equal(score_intervals(moved, central, baseline="b0"), found)
    mixed = moved.iloc[[4 + at for at in order] + order]
    pd.testing.assert_frame_equal(score_intervals(mixed, central, baseline="b0"), found)
    assert (found["low"] <= found["high"]).all()
