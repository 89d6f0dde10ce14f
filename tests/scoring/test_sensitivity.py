"""Which assumption moves a score."""

from __future__ import annotations

import json
import math
import sys
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from agglo.errors import SettingsError, TableError
from agglo.scoring.sensitivity import (
    Ranges,
    morris_effects,
    morris_samples,
    sobol_indices,
    sobol_samples,
    tornado,
)
from agglo.scoring.variance import first_order_shares, rank_regression_shares

ANGLES: Ranges = dict.fromkeys(("x1", "x2", "x3"), (-math.pi, math.pi))
FIRST = np.array([0.3139, 0.4424, 0.0])
TOTAL = np.array([0.5576, 0.4424, 0.2437])
"""Ishigami and Homma 1990 with a = 7, b = 0.1."""


def ishigami(samples: pd.DataFrame) -> pd.Series:
    one, two, three = (samples[name] for name in ("x1", "x2", "x3"))
    return np.sin(one) + 7 * np.sin(two) ** 2 + 0.1 * three**4 * np.sin(one)


def angles(count: int, *, seed: int) -> pd.DataFrame:
    random = np.random.default_rng(seed)
    return pd.DataFrame(random.uniform(-math.pi, math.pi, (count, 3)), columns=list(ANGLES))


def ends(*rows: tuple[str, str, float, float]) -> pd.DataFrame:
    """Rows of assumption, end, value and score of one scenario and goal."""
    frame = pd.DataFrame(list(rows), columns=["assumption", "end", "value", "score"])
    return frame.assign(scenario="мост", goal="lm")


def central(score: float) -> pd.DataFrame:
    return pd.DataFrame({"lm": [score]}, index=["мост"])


def test_the_widest_swing_comes_first() -> None:
    found = tornado(
        ends(
            ("decay", "high", 0.2, 58.0),
            ("decay", "low", 0.1, 61.0),
            ("headways", "low", 5, 55.0),
            ("headways", "high", 20, 65.0),
            ("a", "low", 0, 60.0),
            ("a", "high", 1, 63.0),
        )
    )
    assert found["assumption"].tolist() == ["headways", "a", "decay"]
    assert found.loc[2, ["scenario", "goal"]].tolist() == ["мост", "lm"]
    assert found.loc[2].tolist()[3:] == [0.1, 0.2, 61, 58, 3]


def test_a_score_that_rises_to_both_ends_swings_from_its_centre() -> None:
    given = ends(("decay", "low", 0.1, 61.0), ("decay", "high", 0.2, 61.0))
    assert tornado(given)["swing"].tolist() == [0]
    assert tornado(given, central(55.0))["swing"].tolist() == [6]


def test_an_end_that_was_not_run_lies_at_the_centre() -> None:
    given = ends(("decay", "low", 0.1, 61.0))
    found = tornado(given, central(55.0))
    assert found[["score_low", "score_high", "swing"]].to_numpy().tolist() == [[61, 55, 6]]
    assert math.isnan(found["high_value"][0])
    assert tornado(given)[["score_high", "swing"]].isna().all(axis=None)
    assert tornado(given, pd.DataFrame({"ic": [1.0]}, index=["b0"]))["swing"].isna().all()


def test_an_end_without_a_score_stays_unknown() -> None:
    given = ends(("decay", "low", 0.1, math.nan), ("decay", "high", 0.2, 61.0))
    found = tornado(given, central(55.0))
    assert found[["score_low", "swing"]].isna().all(axis=None)


def test_scenarios_and_goals_keep_their_own_ends() -> None:
    one = ends(("decay", "low", 0.1, 61.0), ("decay", "high", 0.2, 60.0))
    found = tornado(
        pd.concat([one, one.assign(goal="ic", score=[1.0, 9.0]), one.assign(scenario="b0")])
    )
    assert found[["scenario", "goal", "swing"]].to_numpy().tolist() == [
        ["b0", "lm", 1], ["мост", "ic", 8], ["мост", "lm", 1],
    ]  # fmt: skip


def test_no_ends_give_an_empty_tornado() -> None:
    assert tornado(ends()).empty
    assert "swing" in tornado(ends(), central(50.0)).columns


def test_ends_that_stand_twice_or_have_another_name_are_refused() -> None:
    one = ("decay", "low", 0.1, 61.0)
    with pytest.raises(TableError, match="'мост' has two scores of 'lm' at the low end of decay"):
        tornado(ends(one, one))
    with pytest.raises(TableError, match="'low' or 'high'; got 'middle'"):
        tornado(ends(("decay", "middle", 0.1, 61.0)))


def test_sobol_finds_the_shares_of_ishigami() -> None:
    pytest.importorskip("SALib")
    samples = sobol_samples(ANGLES, count=4096, seed=1)
    assert samples.shape == (4096 * 5, 3)
    found = sobol_indices(ishigami(samples), ANGLES, seed=1)
    assert found.index.tolist() == list(ANGLES)
    assert found["first_share"].to_numpy() == pytest.approx(FIRST, abs=0.01)
    assert found["total_share"].to_numpy() == pytest.approx(TOTAL, abs=0.01)
    assert ((found["first_share"] - FIRST).abs() < 2 * found["first_error"]).all()
    assert (found[["first_error", "total_error"]] < 0.06).all(axis=None)
    pd.testing.assert_frame_equal(found, sobol_indices(ishigami(samples), ANGLES, seed=1))


def test_sobol_gives_nothing_where_nothing_moves() -> None:
    found = sobol_indices(pd.Series(np.full(40, 3.0)), ANGLES, seed=1)
    assert (found == 0).all(axis=None)


def test_morris_sees_who_matters_and_who_matters_by_the_others() -> None:
    pytest.importorskip("SALib")
    ranges: Ranges = {"steep": (0.0, 1.0), "none": (0.0, 1.0), "first": (0, 1), "second": (0, 1)}
    samples = morris_samples(ranges, count=40, seed=2)
    assert samples.shape == (40 * 5, 4)
    outputs = -5 * samples["steep"] - samples["first"] * samples["second"]
    found = morris_effects(samples, outputs, ranges, seed=2)
    assert found.loc["steep", ["effect_mean", "effect_size"]].tolist() == pytest.approx([-5, 5])
    assert found.loc["none"].tolist() == pytest.approx([0, 0, 0, 0])
    assert found.loc["steep", "effect_spread"] == pytest.approx(0, abs=1e-9)
    assert found.loc["first", "effect_mean"] == pytest.approx(-0.5, abs=0.15)
    assert found.loc["first", "effect_spread"] > 0.2


def test_chance_in_the_rest_of_the_process_does_not_reach_the_samples() -> None:
    pytest.importorskip("SALib")
    for draw in (sobol_samples, morris_samples):
        before = np.random.get_state()[1].copy()  # noqa: NPY002
        first = draw(ANGLES, count=8, seed=3)
        np.testing.assert_array_equal(before, np.random.get_state()[1])  # noqa: NPY002
        pd.testing.assert_frame_equal(first, draw(ANGLES, count=8, seed=3))
        assert first.ne(draw(ANGLES, count=8, seed=4)).any(axis=None)


def test_what_sobol_cannot_take_is_refused() -> None:
    with pytest.raises(SettingsError, match="power of 2, such as 1024; got 1000"):
        sobol_samples(ANGLES, count=1000, seed=1)
    with pytest.raises(TableError, match="a multiple of 5 rows; got 7"):
        sobol_indices(pd.Series(np.arange(7.0)), ANGLES, seed=1)
    with pytest.raises(TableError, match="unknown or infinite"):
        sobol_indices(pd.Series([1, 2, 3, 4, math.nan]), ANGLES, seed=1)


def test_ranges_that_are_none_are_refused() -> None:
    pytest.importorskip("SALib")
    with pytest.raises(SettingsError, match="range of 'decay' must rise and be finite; got 1–1"):
        sobol_samples({"decay": (1, 1)}, count=8, seed=1)
    with pytest.raises(SettingsError, match="at least one range"):
        morris_samples({}, count=8, seed=1)


def test_without_salib_the_extra_to_install_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("SALib", "SALib.sample", "SALib.sample.sobol"):
        monkeypatch.setitem(sys.modules, name, None)
    with pytest.raises(SettingsError, match=r"install agglo\[sensitivity\]"):
        sobol_samples(ANGLES, count=8, seed=1)


def test_published_vectors_are_those_of_these_tests(shared: Path) -> None:
    vectors = json.loads((shared / "vectors.json").read_text(encoding="utf-8"))["mcda"]["ishigami"]
    assert vectors == {"S1": FIRST.tolist(), "ST": TOTAL.tolist()}


def test_shares_read_off_any_draws_are_those_of_ishigami_without_bias() -> None:
    found = []
    for seed in range(30):
        samples = angles(1000, seed=seed)
        one = first_order_shares(samples, ishigami(samples))
        found.append(one["first_share"])
        assert ((one["first_share"] - FIRST).abs() < 5 * one["first_error"] + 0.02).all()
    assert np.mean(found, axis=0) == pytest.approx(FIRST, abs=0.015)
    assert np.std(found, axis=0).max() < 0.03


def test_the_stated_error_of_a_share_is_the_spread_between_samples() -> None:
    shares, errors = [], []
    for seed in range(40):
        samples = angles(500, seed=seed)
        one = first_order_shares(samples, ishigami(samples))
        shares.append(one["first_share"])
        errors.append(one["first_error"])
    assert np.mean(errors, axis=0)[:2] == pytest.approx(np.std(shares, axis=0)[:2], rel=0.5)


def test_an_assumption_that_does_nothing_gets_no_share_on_average() -> None:
    random = np.random.default_rng(3)
    shares = [
        first_order_shares(
            pd.DataFrame({"idle": random.uniform(size=200)}), pd.Series(random.normal(size=200))
        )["first_share"].iloc[0]
        for _ in range(60)
    ]
    # The plain share would be (bins − 1) / (draws − 1) = 0.055; cut at 0 some remains.
    assert np.mean(shares) < 0.02


def test_draws_in_another_order_have_the_same_shares() -> None:
    samples = angles(200, seed=1)
    outputs = ishigami(samples)
    mixed = samples.sample(frac=1, random_state=2)
    for shares in (first_order_shares, rank_regression_shares):
        pd.testing.assert_frame_equal(shares(samples, outputs), shares(mixed, outputs))


def test_ranks_give_the_shares_of_what_rises_or_falls_throughout() -> None:
    samples = angles(2000, seed=1)
    outputs = np.exp(2 * samples["x1"] - samples["x2"])
    found = rank_regression_shares(samples, outputs)
    assert found["share"].tolist() == pytest.approx([0.8, 0.2, 0], abs=0.03)
    assert found["direction"].tolist()[:2] == [1, -1]
    assert found["explained_share"].iloc[0] > 0.93


def test_ranks_say_how_little_they_explain_of_a_wave() -> None:
    samples = angles(2000, seed=1)
    found = rank_regression_shares(samples, ishigami(samples))
    assert found.loc["x2", "share"] < 0.01
    assert found["explained_share"].iloc[0] < 0.25


def test_what_does_not_move_has_no_share() -> None:
    samples = angles(50, seed=1).assign(x2=5.0)
    for shares in (first_order_shares, rank_regression_shares):
        found = shares(samples, samples["x1"])
        assert found.loc["x2"].tolist()[0] == 0
        assert found.loc["x1"].tolist()[0] > 0.9
        still = shares(samples, pd.Series(1.0, index=samples.index))
        assert (still.iloc[:, 0] == 0).all()


def test_draws_that_do_not_do_are_refused() -> None:
    samples = angles(50, seed=1)
    with pytest.raises(TableError, match="the same draws"):
        first_order_shares(samples, samples["x1"].iloc[:40])
    with pytest.raises(TableError, match="need 20 draws; got 9"):
        rank_regression_shares(samples.iloc[:9], samples["x1"].iloc[:9])
    with pytest.raises(TableError, match="unknown or infinite"):
        first_order_shares(samples, samples["x1"].replace(samples["x1"][0], math.inf))
    with pytest.raises(TableError, match="cannot be cut into 40 bins"):
        first_order_shares(samples, samples["x1"], bins_count=40)
