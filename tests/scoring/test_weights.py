"""Stakeholders' weights and the rankings they lead to."""

from __future__ import annotations

import math

import pandas as pd
import pytest

from agglo.errors import SettingsError, TableError
from agglo.scoring.weights import WeightSet, weighted_ranking

LM, IC, MF = "labour_mobility", "infrastructure_connectivity", "multi_focus"
SCORES = pd.DataFrame(
    {LM: [50.0, 80.0, 60.0], IC: [50.0, 40.0, 60.0], MF: [math.nan] * 3}, index=["b0", "s1", "s2"]
)


def stakeholders(name: str = "residents", /, **weights: float) -> WeightSet:
    return WeightSet(id=name, name_ru="«Жители»", name_en="Residents", weights=weights)


@pytest.mark.parametrize(
    ("weights", "message"),
    [
        ({"happiness": 1.0}, "'residents': unknown goal 'happiness'; known: labour_mobility"),
        ({LM: -0.1}, "must be 0 or more and finite; got -0.1"),
        ({LM: math.nan}, "got nan"),
        ({LM: math.inf}, "got inf"),
        ({LM: 0.0}, "at least one goal needs a weight above 0"),
        ({}, "at least one goal needs a weight above 0"),
    ],
)
def test_weights_that_are_none_are_refused(weights: dict[str, float], message: str) -> None:
    with pytest.raises(SettingsError, match=message):
        stakeholders(**weights)


def test_weights_are_those_of_the_goals_that_have_a_score() -> None:
    one = stakeholders(**{LM: 30, IC: 10, MF: 60})
    assert one.over([IC, LM]).to_dict() == {IC: 0.25, LM: 0.75}
    assert one.over(["environment"]).isna().all()


def test_each_group_ranks_by_its_own_weighted_sum() -> None:
    found = weighted_ranking(
        SCORES, [stakeholders("workers", **{LM: 1}), stakeholders("both", **{LM: 1, IC: 3, MF: 9})]
    )
    assert list(found.columns) == [
        "scenario", "weights", "overall", "mean_rank", "best_share",
        "rank_1_share", "rank_2_share", "rank_3_share",
    ]  # fmt: skip
    by = found.set_index(["weights", "scenario"])
    assert by.loc["workers", "overall"].to_dict() == {"b0": 50, "s1": 80, "s2": 60}
    assert by.loc["both", "overall"].to_dict() == {"b0": 50, "s1": 50, "s2": 60}
    assert by.loc["workers", "mean_rank"].to_dict() == {"b0": 3, "s1": 1, "s2": 2}
    assert by.loc["both", "mean_rank"].to_dict() == {"b0": 2.5, "s1": 2.5, "s2": 1}
    assert by.loc[("both", "b0"), ["rank_2_share", "rank_3_share"]].tolist() == [0.5, 0.5]


def test_shares_of_ranks_are_those_of_draws_and_the_score_is_the_central_one() -> None:
    drawn = pd.concat(
        {-1: SCORES * 0, 0: SCORES, 1: SCORES, 2: SCORES, 3: SCORES.assign(**{LM: [50, 55, 60]})},
        names=["draw", "scenario"],
    )
    found = weighted_ranking(SCORES, [stakeholders(**{LM: 1})], drawn_scores=drawn)
    by = found.set_index("scenario")
    assert by["best_share"].to_dict() == {"b0": 0, "s1": 0.75, "s2": 0.25}
    assert by["mean_rank"].to_dict() == {"b0": 3, "s1": 1.25, "s2": 1.75}
    assert by["overall"].to_dict() == {"b0": 50, "s1": 80, "s2": 60}


def test_who_lacks_a_goal_that_counts_has_no_rank_and_the_others_keep_theirs() -> None:
    scores = SCORES.assign(**{IC: [50.0, math.nan, 60.0]})
    found = weighted_ranking(
        scores, [stakeholders("both", **{LM: 1, IC: 1}), stakeholders("workers", **{LM: 1})]
    ).set_index(["weights", "scenario"])
    assert found.loc[("both", "s1")].isna().all()
    assert found.loc["both", "mean_rank"].dropna().to_dict() == {"b0": 2, "s2": 1}
    assert found.loc[("both", "b0"), "rank_3_share"] == 0
    assert found.loc["workers", "mean_rank"].to_dict() == {"b0": 3, "s1": 1, "s2": 2}


def test_a_group_that_cares_only_for_unscored_goals_has_no_ranking() -> None:
    found = weighted_ranking(SCORES, [stakeholders(**{MF: 1})])
    assert found.iloc[:, 2:].isna().all(axis=None)


def test_no_weight_sets_give_an_empty_ranking() -> None:
    assert weighted_ranking(SCORES, []).empty


def test_names_that_stand_twice_are_refused() -> None:
    with pytest.raises(TableError, match="two weight sets are called 'residents'"):
        weighted_ranking(SCORES, [stakeholders(**{LM: 1}), stakeholders(**{IC: 1})])
    with pytest.raises(TableError, match="scenario 's1' stands twice"):
        weighted_ranking(SCORES.iloc[[0, 1, 1]], [stakeholders(**{LM: 1})])
