"""Other ways of ranking, and what dropping a scenario does to them."""

from __future__ import annotations

import json
import math
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from agglo.errors import TableError
from agglo.scoring.goals import Anchor, anchored_value
from agglo.scoring.multicriteria import (
    METHODS,
    compared_scores,
    min_max_sum,
    promethee,
    topsis,
    vikor,
    weighted_product,
    weighted_sum,
    z_score_sum,
)

CARS = pd.DataFrame([[5, 8, 4], [7, 6, 8], [8, 8, 6], [7, 4, 6]])
"""Tzeng and Huang 2011."""

HEAT = pd.DataFrame(
    [
        [33.95, 23.78, 11.45, 39.97, 29.44, 167.10, 3.852],
        [38.9, 4.17, 6.32, 0.01, 4.29, 132.52, 25.184],
        [37.59, 9.36, 8.23, 4.35, 10.22, 136.71, 10.845],
        [30.44, 37.59, 13.91, 74.08, 45.10, 198.34, 2.186],
        [36.21, 14.79, 9.17, 17.77, 17.06, 148.3, 6.610],
        [37.8, 8.55, 7.97, 2.35, 9.25, 134.83, 11.935],
    ]
)
"""Heating losses of a building, Kracka, Brauers and Zavadskas 2010."""

PRODUCTS = pd.DataFrame([[25, 20, 15, 30], [10, 30, 20, 30], [30, 10, 30, 10]])


def numbers(*values: float) -> pd.Series:
    return pd.Series(values, dtype=float)


UP, WEIGHTS = numbers(1, 1, 1), numbers(0.3, 0.4, 0.3)


def test_published_vectors_hold(shared: Path) -> None:
    vectors = json.loads((shared / "vectors.json").read_text(encoding="utf-8"))["mcda"]
    given = vectors["topsis_tzeng_huang"]
    table, weights = pd.DataFrame(given["A"]), numbers(*given["w"])
    assert topsis(table, weights, UP).tolist() == pytest.approx(given["closeness"], abs=5e-5)
    found = vikor(table, weights, UP)
    for name, column in zip(vectors["vikor_same"], found.columns, strict=True):
        assert found[column].tolist() == pytest.approx(vectors["vikor_same"][name])
    found_sum = weighted_sum(HEAT, numbers(*[20] * 7), numbers(-1, -1, -1, -1, 1, -1, 1))
    assert found_sum.tolist() == pytest.approx(vectors["wsm_kracka"], abs=1e-8)
    found_product = weighted_product(PRODUCTS, numbers(20, 15, 40, 25), numbers(1, 1, 1, 1))
    assert found_product.tolist() == pytest.approx(vectors["wpm_log10"], abs=1e-8)


def test_the_cars_of_tzeng_and_huang_are_as_close_as_published() -> None:
    assert topsis(CARS, WEIGHTS, UP).round(4).tolist() == [0.5037, 0.6581, 0.7482, 0.3340]
    found = vikor(CARS, WEIGHTS, UP)
    assert found["group_regret"].tolist() == pytest.approx([0.6, 0.3, 0.15, 0.65])
    assert found["worst_regret"].tolist() == pytest.approx([0.3, 0.2, 0.15, 0.4])
    assert found["regret"].tolist() == pytest.approx([0.75, 0.25, 0, 1])
    one_sided = vikor(CARS, WEIGHTS, UP, group_share=1)["regret"]
    assert one_sided.tolist() == pytest.approx([0.9, 0.3, 0, 1])


def test_the_flow_of_promethee_counts_who_is_ahead() -> None:
    table = pd.DataFrame({"x": [3, 2, 1], "y": [1, 1, 5]})
    found = promethee(table, pd.Series({"x": 3, "y": 1}), pd.Series({"x": 1, "y": -1}))
    assert found.tolist() == pytest.approx([(2 * 0.75 + 0.25) / 2, 0.25 / 2, (-1.5 - 0.5) / 2])
    assert found.sum() == pytest.approx(0)


def test_min_max_and_z_scores_by_hand() -> None:
    table = pd.DataFrame({"x": [0.0, 5.0, 10.0], "y": [4.0, 4.0, 1.0], "z": [7.0, 7.0, 7.0]})
    weights, better = pd.Series({"x": 1, "y": 2, "z": 1}), pd.Series({"x": 1, "y": -1, "z": 1})
    assert min_max_sum(table, weights, better).tolist() == pytest.approx([0, 0.125, 0.75])
    spread = math.sqrt(50 / 3)
    assert z_score_sum(table, weights, better).tolist() == pytest.approx(
        [0.25 * -5 / spread - 0.5 * 1 / math.sqrt(2), -0.5 / math.sqrt(2),
         0.25 * 5 / spread + 0.5 * 2 / math.sqrt(2)]
    )  # fmt: skip


def test_less_is_better_where_it_is_said_to_be() -> None:
    table = pd.DataFrame({"x": [3.0, 4.0], "y": [4.0, 3.0]})
    both = (pd.Series({"x": 1, "y": 1}), pd.Series({"x": -1, "y": 1}))
    assert topsis(table, *both).tolist() == pytest.approx([1, 0])
    for name, method in METHODS.items():
        first, second = method(table, *both)
        assert first > second, name


def test_another_library_says_the_same() -> None:
    methods = pytest.importorskip("pymcdm.methods")
    scales = pytest.importorskip("pymcdm.normalizations")
    others = {
        "topsis": methods.TOPSIS(scales.vector_normalization),
        "vikor": lambda *given: -methods.VIKOR()(*given),
        "weighted_sum": methods.WSM(scales.sum_normalization),
        "min_max_sum": methods.WSM(scales.minmax_normalization),
        "promethee": methods.PROMETHEE_II("usual"),
    }
    random = np.random.default_rng(7)
    for _ in range(20):
        values = random.uniform(1, 9, (6, 5))
        # Where less is better its vector norm is 1 - x, ours -x, as in the first publication.
        for name, sign in {name: random.choice([-1.0, 1.0], 5) for name in others}.items():
            used = np.ones(5) if name == "topsis" else sign
            weights = random.dirichlet(np.ones(5))
            ours = METHODS[name](pd.DataFrame(values), pd.Series(weights), pd.Series(used))
            assert ours.tolist() == pytest.approx(list(others[name](values, weights, used))), name


def test_where_all_are_level_no_method_prefers_anyone() -> None:
    table = pd.DataFrame([[2.0, 3.0, 4.0]] * 3)
    found = compared_scores(table, WEIGHTS, UP)
    assert list(found.columns) == list(METHODS)
    assert found["topsis"].isna().all()
    assert (found.drop(columns="topsis").nunique() == 1).all()
    assert (vikor(table, WEIGHTS, UP)[["group_regret", "worst_regret"]] == 0).all(axis=None)


def test_methods_that_need_positive_cells_stand_aside_where_there_are_others() -> None:
    found = compared_scores(CARS - 5, WEIGHTS, UP)
    assert found[["weighted_sum", "weighted_product"]].isna().all(axis=None)
    assert found["vikor"].notna().all()
    with pytest.raises(TableError, match="every value must be above 0; got -1"):
        weighted_sum(CARS - 5, WEIGHTS, UP)


@pytest.mark.parametrize(
    ("table", "weights", "better", "message"),
    [
        (CARS.astype(float).replace(4, math.nan), WEIGHTS, UP, "'0' has no finite value for '2'"),
        (CARS, WEIGHTS.drop(1), UP, "the weight of '1' must be 0 or more; got nan"),
        (CARS, -WEIGHTS, UP, "must be 0 or more"),
        (CARS, WEIGHTS * 0, UP, "at least one criterion"),
        (CARS, WEIGHTS, UP * 2, "direction of '0' must be"),
    ],
)
def test_what_cannot_be_compared_is_refused(
    table: pd.DataFrame, weights: pd.Series, better: pd.Series, message: str
) -> None:
    for method in METHODS.values():
        with pytest.raises(TableError, match=message):
            method(table, weights, better)


SETS_COUNT = 500
"""Random sets of nine alternatives; at 45 % one standard error of a share is 2.2 points."""


def random_sets() -> list[tuple[pd.DataFrame, pd.Series]]:
    """Nine scenarios, eight indicators about a fifth apart, weights spread evenly; seed 1."""
    random = np.random.default_rng(1)
    names = [f"g{at}" for at in range(8)]
    return [
        (
            pd.DataFrame(np.exp(random.normal(0, 0.2, (9, 8))), columns=names),
            pd.Series(random.dirichlet(np.ones(8)), index=names),
        )
        for _ in range(SETS_COUNT)
    ]


def anchored_sum(table: pd.DataFrame, weights: pd.Series, better: pd.Series) -> pd.Series:
    """Value each cell against a baseline of 1 and a target of 2, and take the weighted mean."""
    assert (better == 1).all()
    anchor = Anchor(indicator="jobs_by_decay", weight=1, target_ratio=2)
    return table.map(lambda cell: anchored_value(cell, 1.0, anchor)) @ weights


def reversals(
    method: Callable[[pd.DataFrame, pd.Series, pd.Series], pd.Series], count: int = SETS_COUNT
) -> tuple[float, float]:
    """Shares of sets in which dropping the worst reorders the others, and changes the winner."""
    is_other, is_won_by_another = 0, 0
    for table, weights in random_sets()[:count]:
        up = pd.Series(1.0, index=table.columns)
        whole = method(table, weights, up)
        kept = whole.drop(whole.idxmin())
        again = method(table.loc[kept.index], weights, up)
        is_other += kept.rank().tolist() != again.rank().tolist()
        is_won_by_another += kept.idxmax() != again.idxmax()
    return is_other / count, is_won_by_another / count


@pytest.mark.parametrize(
    ("name", "share", "winner_share"),
    [("topsis", 0.44, 0.038), ("min_max_sum", 0.41, 0.047), ("z_score_sum", 0.48, 0.055)],
)
def test_dropping_the_worst_reorders_the_others_nearly_every_second_time(
    name: str, share: float, winner_share: float
) -> None:
    found = reversals(METHODS[name])
    assert found == (pytest.approx(share, abs=0.05), pytest.approx(winner_share, abs=0.03))


@pytest.mark.parametrize("method", [anchored_sum, weighted_product])
def test_dropping_the_worst_never_reorders_anchored_scores(
    method: Callable[[pd.DataFrame, pd.Series, pd.Series], pd.Series],
) -> None:
    assert reversals(method, 100) == (0, 0)
