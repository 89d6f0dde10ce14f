"""Ranks over all weightings of the goals."""

from __future__ import annotations

import json
import math
from fractions import Fraction
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from agglo.errors import TableError
from agglo.scoring import acceptability
from agglo.scoring.acceptability import rank_acceptability
from agglo.scoring.simplex import flat_weights, half_space_share

RANDOM = np.random.default_rng(3)
SEVEN = pd.DataFrame(
    RANDOM.uniform(0, 100, (6, 7)),
    index=[f"s{at}" for at in range(6)],
    columns=[f"g{at}" for at in range(7)],
)


def against_nothing(*differences: float) -> pd.DataFrame:
    """Scenario 'a' with these differences from 'b'."""
    goals = [f"g{at}" for at in range(len(differences))]
    return pd.DataFrame([differences, [0.0] * len(goals)], index=["a", "b"], columns=goals)


def drawn_from(*frames: pd.DataFrame) -> pd.DataFrame:
    return pd.concat(dict(enumerate(frames)), names=["draw", "scenario"])


def shares_of(frame: pd.DataFrame) -> pd.DataFrame:
    return frame.set_index("scenario").filter(like="_share").drop(columns="best_share")


def test_published_vectors_hold(shared: Path) -> None:
    vectors = json.loads((shared / "vectors.json").read_text(encoding="utf-8"))["mcda"]["smaa"]
    for *differences, wanted in vectors.values():
        found = rank_acceptability(against_nothing(*differences), seed=1)
        assert found.wins.loc["a", "b"] == pytest.approx(wanted, abs=1e-12)
        assert found.ranks["best_share"][0] == pytest.approx(wanted, abs=0.005)


@pytest.mark.parametrize(
    ("differences", "wanted"),
    [((0.6, -0.2), Fraction(3, 4)), ((0.5, -0.25, -0.25), Fraction(4, 9))],
)
def test_two_scenarios_are_parted_by_a_plane(
    differences: tuple[float, ...], wanted: Fraction
) -> None:
    found = rank_acceptability(against_nothing(*differences), seed=1)
    assert found.wins.loc["a", "b"] == pytest.approx(float(wanted), abs=1e-12)
    assert found.wins.loc["b", "a"] == pytest.approx(1 - float(wanted), abs=1e-12)
    share, error = found.ranks.loc[0, ["best_share", "best_error"]]
    assert share == pytest.approx(float(wanted), abs=max(4 * error, 1e-12))
    assert (error == 0) == (len(differences) == 2)
    assert found.weights_count == (0 if len(differences) == 2 else 100_000)


def test_two_goals_are_exact_against_a_fine_grid_of_weights() -> None:
    scores = SEVEN[["g0", "g1"]]
    found = rank_acceptability(scores, seed=1)
    grid = (np.arange(20_000) + 0.5) / 20_000
    values = np.outer(scores["g0"], grid) + np.outer(scores["g1"], 1 - grid)
    ranks = (-values).argsort(axis=0).argsort(axis=0)
    by_hand = np.array([[np.mean(row == rank) for rank in range(6)] for row in ranks])
    assert shares_of(found.ranks).to_numpy() == pytest.approx(by_hand, abs=2e-4)
    best = ranks == 0
    for at, name in enumerate(scores.index):
        if best[at].any():
            wanted = grid[best[at]].mean()
            assert found.central_weights.loc[name, "g0"] == pytest.approx(wanted, abs=1e-3)
        else:
            assert found.central_weights.loc[name].isna().all()


def test_sampled_shares_lie_within_their_stated_error_of_the_exact_ones() -> None:
    two = SEVEN[["g0", "g1"]]
    exact = rank_acceptability(two, seed=1).ranks
    for seed in range(5):
        # Twice the same draw is no other question, but is drawn instead of solved.
        sampled = rank_acceptability(drawn_from(two, two), seed=seed, weights_count=4000).ranks
        misses = (sampled["best_share"] - exact["best_share"]).abs()
        assert misses.max() < 4 * math.sqrt(0.25 / 4000)
        assert sampled["mean_rank"].to_numpy() == pytest.approx(exact["mean_rank"], abs=0.1)


def test_the_stated_error_is_the_spread_between_seeds() -> None:
    shares, errors = [], []
    for seed in range(60):
        found = rank_acceptability(SEVEN, seed=seed, weights_count=400).ranks
        shares.append(found["best_share"])
        errors.append(found["best_error"])
    assert np.mean(errors, axis=0) == pytest.approx(np.std(shares, axis=0), rel=0.35, abs=1e-3)


def test_the_stated_error_over_draws_is_the_spread_between_sets_of_draws() -> None:
    random = np.random.default_rng(8)
    shares, errors = [], []
    for seed in range(40):
        # A shift that the whole draw shares: weights of one draw say the same again and again.
        frames = [SEVEN.iloc[:3] + random.normal(0, 25, (3, 1)) for _ in range(20)]
        found = rank_acceptability(drawn_from(*frames), seed=seed, weights_count=1000).ranks
        shares.append(found["best_share"])
        errors.append(found["best_error"])
    assert np.mean(errors, axis=0) == pytest.approx(np.std(shares, axis=0), rel=0.35)


def test_exact_wins_are_what_sampled_weights_say() -> None:
    weights = flat_weights([f"g{at}" for at in range(7)], count=200_000, seed=2)
    values = SEVEN.to_numpy() @ weights.T
    found = rank_acceptability(SEVEN, seed=1, weights_count=10).wins.to_numpy()
    for one in range(6):
        for other in range(6):
            assert found[one, other] == pytest.approx(
                np.mean(values[one] > values[other]), abs=0.006
            )


@pytest.mark.parametrize(
    ("differences", "wanted"),
    [
        ((1.0, 2.0), 1.0),
        ((-1.0, -2.0), 0.0),
        ((0.0, 0.0), 0.0),
        ((0.0, 1.0), 1.0),
        ((0.0, -1.0), 0.0),
        ((1.0, 1.0, -1.0), 0.75),
        ((1.0, 1.0, 1.0, -1.0), 0.875),
        ((1.0, -1.0, 0.0), 0.5),
    ],
)
def test_equal_and_empty_differences_have_their_shares_too(
    differences: tuple[float, ...], wanted: float
) -> None:
    assert float(half_space_share(np.array(differences))) == pytest.approx(wanted)


def test_scenarios_that_are_level_share_their_ranks() -> None:
    scores = pd.DataFrame([[60.0, 40.0]] * 2 + [[10.0, 10.0]], index=["a", "b", "c"])
    scores.columns = ["x", "y"]
    found = rank_acceptability(scores, seed=1)
    assert shares_of(found.ranks).to_numpy().tolist() == [[0.5, 0.5, 0], [0.5, 0.5, 0], [0, 0, 1]]
    assert found.ranks["mean_rank"].tolist() == [1.5, 1.5, 3]
    assert found.wins.loc["a", "b"] == 0
    assert found.confidence.tolist()[:2] == [0.5, 0.5]


def test_level_scenarios_stay_level_under_every_drawn_weight() -> None:
    scores = pd.concat([SEVEN, SEVEN.iloc[[2]].set_axis(["copy"])])
    found = rank_acceptability(scores, seed=1, weights_count=20_000).ranks.set_index("scenario")
    pd.testing.assert_series_equal(found.loc["s2"], found.loc["copy"], check_names=False)


def test_one_goal_ranks_as_its_scores_do() -> None:
    scores = pd.DataFrame({"x": [1.0, 3.0, 2.0]}, index=["a", "b", "c"])
    found = rank_acceptability(scores, seed=1)
    assert found.ranks["mean_rank"].tolist() == [3, 1, 2]
    assert found.weights_count == 0


def test_draws_are_ranked_each_by_itself() -> None:
    up, down = against_nothing(1.0, 1.0), against_nothing(-1.0, -1.0)
    found = rank_acceptability(drawn_from(up, up, up, down), seed=1, weights_count=1000)
    assert found.ranks["best_share"].tolist() == [0.75, 0.25]
    assert found.wins.loc["a", "b"] == 0.75
    assert found.confidence.to_dict() == {"a": 0.75, "b": 0.25}
    assert found.ranks["best_error"][0] == pytest.approx(np.std([1, 1, 1, 0], ddof=1) / 2)


def test_the_central_draw_does_not_count() -> None:
    up, down = against_nothing(1.0, 1.0), against_nothing(-1.0, -1.0)
    drawn = pd.concat({-1: down, 0: up}, names=["draw", "scenario"])
    assert rank_acceptability(drawn, seed=1).ranks["best_share"].tolist() == [1, 0]


def test_ordered_weights_count_only_weightings_that_agree() -> None:
    scores = against_nothing(1.0, -1.0)
    found = rank_acceptability(scores, seed=1, at_least=[("g0", "g1")])
    assert found.ranks["best_share"].tolist() == [1, 0]
    assert found.wins.loc["a", "b"] == 1
    other = rank_acceptability(scores, seed=1, at_least=[("g1", "g0")])
    assert other.ranks["best_share"].tolist() == [0, 1]
    level = rank_acceptability(scores * 0, seed=1, weights_count=50, at_least=[("g1", "g0")])
    assert (level.wins == 0).all(axis=None)


@pytest.mark.parametrize(
    "pairs", [[("b", "a")], [("a", "b"), ("b", "c")], [("c", "a"), ("c", "b")], [("a", "b")] * 2]
)
def test_ordered_weights_are_those_that_refusing_would_leave(pairs: list[tuple[str, str]]) -> None:
    goals = ["a", "b", "c"]
    drawn = flat_weights(goals, count=40_000, seed=1, at_least=pairs)
    free = flat_weights(goals, count=240_000, seed=2)
    for heavy, light in pairs:
        at, to = goals.index(heavy), goals.index(light)
        assert (drawn[:, at] >= drawn[:, to]).all()
        free = free[free[:, at] >= free[:, to]]
    assert drawn.sum(axis=1) == pytest.approx(np.ones(40_000))
    assert drawn.mean(axis=0) == pytest.approx(free.mean(axis=0), abs=0.005)
    assert np.cov(drawn.T) == pytest.approx(np.cov(free.T), abs=0.002)


def test_flat_weights_have_the_moments_of_a_flat_dirichlet() -> None:
    weights = flat_weights(list("abcd"), count=100_000, seed=4)
    assert weights.mean(axis=0) == pytest.approx(np.full(4, 1 / 4), abs=0.003)
    assert weights.var(axis=0) == pytest.approx(np.full(4, 3 / 80), rel=0.03)
    assert (weights >= 0).all()


def test_a_goal_that_nobody_has_is_left_out() -> None:
    scores = against_nothing(0.6, -0.2).assign(unknown=math.nan)
    found = rank_acceptability(scores, seed=1)
    assert found.ranks["best_share"].tolist() == pytest.approx([0.75, 0.25])
    assert found.central_weights["unknown"].isna().all()


def test_a_scenario_that_lacks_a_goal_has_no_rank_and_stands_in_nobodys_way() -> None:
    scores = pd.concat([against_nothing(0.6, -0.2), pd.DataFrame({"g0": [99.0]}, index=["c"])])
    found = rank_acceptability(scores, seed=1)
    assert found.ranks["scenario"].tolist() == ["a", "b", "c"]
    assert found.ranks["best_share"].tolist()[:2] == pytest.approx([0.75, 0.25])
    assert found.ranks.iloc[2, 1:].isna().all()
    assert found.wins.loc["c"].isna().all()
    assert math.isnan(found.confidence["c"])


def test_the_order_of_rows_and_columns_changes_no_figure() -> None:
    found = rank_acceptability(SEVEN, seed=1, weights_count=5000)
    mixed = rank_acceptability(SEVEN.iloc[::-1, [3, 1, 6, 0, 2, 5, 4]], seed=1, weights_count=5000)
    pd.testing.assert_frame_equal(
        found.ranks.sort_values("scenario", ignore_index=True),
        mixed.ranks.sort_values("scenario", ignore_index=True),
        check_exact=True,
    )
    assert (
        rank_acceptability(SEVEN, seed=2, weights_count=5000).ranks.ne(found.ranks).any(axis=None)
    )


def test_the_order_of_drawn_rows_changes_no_figure() -> None:
    drawn = drawn_from(SEVEN, SEVEN * 0.5 + RANDOM.normal(0, 30, SEVEN.shape), SEVEN[::-1] * 0.9)
    mixed = drawn.sample(frac=1, random_state=4)
    found = rank_acceptability(drawn, seed=1, weights_count=900).ranks.set_index("scenario")
    other = rank_acceptability(mixed, seed=1, weights_count=900).ranks.set_index("scenario")
    pd.testing.assert_frame_equal(other.loc[found.index], found, check_exact=True)


def test_the_chunks_in_which_weights_are_taken_change_no_figure(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    drawn = drawn_from(SEVEN, SEVEN + 1, SEVEN * 0.9)
    whole = rank_acceptability(drawn, seed=1, weights_count=2000)
    monkeypatch.setattr(acceptability, "CHUNK_COUNT", 7)
    parts = rank_acceptability(drawn, seed=1, weights_count=2000)
    pd.testing.assert_frame_equal(whole.ranks, parts.ranks)
    pd.testing.assert_frame_equal(whole.central_weights, parts.central_weights)
    assert whole.weights_count == 2001


def test_confidence_over_draws_is_that_of_the_central_weights() -> None:
    drawn = drawn_from(*(SEVEN + RANDOM.normal(0, 20, SEVEN.shape) for _ in range(9)))
    found = rank_acceptability(drawn, seed=1, weights_count=9000)
    for name in SEVEN.index[found.confidence.notna()]:
        values = (drawn * found.central_weights.loc[name]).sum(axis=1).unstack("scenario")
        assert found.confidence[name] == pytest.approx((values.idxmax(axis=1) == name).mean())


def test_what_cannot_be_ranked_is_refused() -> None:
    unknown = pd.DataFrame({"x": [1.0, math.nan], "y": [math.nan, 1.0]}, index=["a", "b"])
    with pytest.raises(TableError, match="nothing can be ranked"):
        rank_acceptability(unknown, seed=1)
    with pytest.raises(TableError, match="nothing can be ranked"):
        rank_acceptability(unknown.iloc[:0], seed=1)
    with pytest.raises(TableError, match="stands twice"):
        rank_acceptability(SEVEN.iloc[[0, 0]], seed=1)
    with pytest.raises(TableError, match="weights_count must be 1 or more"):
        rank_acceptability(SEVEN, seed=1, weights_count=0)
    with pytest.raises(TableError, match="names the goal 'fame'"):
        rank_acceptability(SEVEN, seed=1, at_least=[("g0", "fame")])
    with pytest.raises(TableError, match="goes round in a circle"):
        rank_acceptability(SEVEN, seed=1, at_least=[("g0", "g1"), ("g1", "g0")])
