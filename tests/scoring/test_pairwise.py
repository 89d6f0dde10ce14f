"""Weights from comparing goals two by two."""

from __future__ import annotations

import json
from fractions import Fraction
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from agglo.errors import SettingsError
from agglo.scoring.pairwise import pairwise_priorities, pairwise_weights

SCHOOL = ["learning", "friends", "school life", "vocational", "college", "music"]
SCHOOL_JUDGEMENTS = (
    "1 4 3 1 3 4; 1/4 1 7 3 1/5 1; 1/3 1/7 1 1/5 1/5 1/6; 1 1/3 5 1 1 1/3; 1/3 5 5 1 1 3; "
    "1/4 1 6 3 1/3 1"
)
"""Choosing a school, the example of Saaty 1980."""


def judgements(text: str, goals: list[str]) -> pd.DataFrame:
    rows = [[float(Fraction(cell)) for cell in row.split()] for row in text.split(";")]
    return pd.DataFrame(rows, index=goals, columns=goals)


def test_published_vectors_hold(shared: Path) -> None:
    vectors = json.loads((shared / "vectors.json").read_text(encoding="utf-8"))["mcda"]["ahp"]
    rows = vectors["A"].strip("[]").split("],[")
    text = ";".join(row.replace(",", " ") for row in rows)
    found = pairwise_priorities(judgements(text, list("abc")))
    assert found.weights.tolist() == pytest.approx(vectors["w"], abs=1e-7)
    assert found.largest_eigenvalue == pytest.approx(vectors["lam"], abs=1e-7)
    assert found.consistency_index == pytest.approx(vectors["CI"], abs=1e-7)
    assert found.consistency_ratio == pytest.approx(vectors["CR_RI058"], abs=1e-6)


def test_the_first_eigenvector_gives_the_weights() -> None:
    found = pairwise_priorities(judgements("1 3 5; 1/3 1 3; 1/5 1/3 1", list("abc")))
    assert found.weights.tolist() == pytest.approx([0.63698557, 0.25828499, 0.10472943], abs=1e-7)
    assert found.consistency_ratio == pytest.approx(0.0331992, abs=1e-6)


def test_judgements_on_schools_contradict_and_the_worst_is_named() -> None:
    table = judgements(SCHOOL_JUDGEMENTS, SCHOOL)
    found = pairwise_priorities(table)
    assert found.weights.round(2).tolist() == [0.32, 0.14, 0.03, 0.13, 0.24, 0.14]
    assert found.largest_eigenvalue == pytest.approx(7.42, abs=0.005)
    assert found.consistency_ratio == pytest.approx(0.229, abs=0.0005)
    with pytest.raises(
        SettingsError,
        match=r"ratio 0\.229, wanted 0\.1 or less; look first at 'learning' over 'school life': "
        r"judged 3, while the others make it 9\.23",
    ):
        pairwise_weights(table)
    assert pairwise_weights(table, most_ratio=0.25).sum() == pytest.approx(1)


def test_mending_the_judgement_that_is_named_makes_them_agree_better() -> None:
    table = judgements(SCHOOL_JUDGEMENTS, SCHOOL)
    found = pairwise_priorities(table)
    heavy, light = found.worst
    table.loc[heavy, light] = found.worst_implied
    table.loc[light, heavy] = 1 / found.worst_implied
    assert pairwise_priorities(table).consistency_ratio < found.consistency_ratio - 0.02


@pytest.mark.parametrize("count", range(1, 10))
def test_judgements_that_agree_give_their_weights_back(count: int) -> None:
    weights = np.random.default_rng(count).dirichlet(np.ones(count)) + 0.01
    weights /= weights.sum()
    goals = [f"g{at}" for at in range(count)]
    table = pd.DataFrame(weights[:, None] / weights, index=goals, columns=goals)
    found = pairwise_priorities(table)
    assert found.weights.tolist() == pytest.approx(weights.tolist())
    assert found.consistency_ratio == pytest.approx(0, abs=1e-9)
    assert pairwise_weights(table).tolist() == pytest.approx(weights.tolist())


def test_rounding_of_a_third_is_let_pass() -> None:
    assert pairwise_weights(judgements("1 3; 0.333 1", ["a", "b"]))["a"] == pytest.approx(
        0.75, abs=0.001
    )


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("1 3; 3 1", "'a' over 'b' is 3, the other way round 3"),
        ("1 -3; -1/3 1", "'a' over 'b' is -3"),
        ("1 0; 0 1", "wanted two numbers above 0"),
        ("2 3; 1/3 1", "'a' over 'a' is 2"),
    ],
)
def test_judgements_that_do_not_mirror_each_other_are_refused(text: str, message: str) -> None:
    with pytest.raises(SettingsError, match=message):
        pairwise_weights(judgements(text, ["a", "b"]))


def test_tables_that_are_no_judgements_are_refused() -> None:
    square = judgements("1 3; 1/3 1", ["a", "b"])
    with pytest.raises(SettingsError, match="same goals in rows and in columns"):
        pairwise_weights(square[["b", "a"]])
    with pytest.raises(SettingsError, match="same goals"):
        pairwise_weights(square.iloc[:0, :0])
    with pytest.raises(SettingsError, match="stands twice"):
        pairwise_weights(square.set_axis(["a", "a"]).set_axis(["a", "a"], axis=1))
    ten = [f"g{at}" for at in range(10)]
    with pytest.raises(SettingsError, match="at most 9 goals"):
        pairwise_weights(pd.DataFrame(1.0, index=ten, columns=ten))
    with pytest.raises(SettingsError, match="is nan"):
        pairwise_weights(square.assign(b=[np.nan, 1]))
