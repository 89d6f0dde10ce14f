"""The effect of a package shared among its measures."""

from __future__ import annotations

import math
from collections.abc import Callable
from itertools import permutations

import numpy as np
import pandas as pd
import pytest

from agglo.errors import TableError
from agglo.scoring.attribution import (
    attribution,
    circle_orders,
    coalitions,
    coalitions_of,
    interaction,
    pairwise_interactions,
    shapley,
    shapley_sampled,
)

Effects = dict[frozenset[str], "float | pd.Series"]
NINE = [f"m{at}" for at in range(9)]


def effects(**by_letters: float) -> Effects:
    """Effects of sets of one-letter measures; '_' is the empty set."""
    return {frozenset(name.strip("_")): float(value) for name, value in by_letters.items()}


GLOVES = effects(_=0, l=0, r=0, s=0, lr=1, ls=1, rs=0, lrs=1)
"""One left glove and two right ones: the left one is worth 2/3 (Shapley, Shubik 1969)."""


def tabled(names: list[str], value: Callable[[frozenset[str]], float]) -> Effects:
    """Effects of all sets of measures."""
    whole = [frozenset(one) for one in _subsets(names)]
    return {one: value(one) for one in whole}


def _subsets(names: list[str]) -> list[tuple[str, ...]]:
    found: list[tuple[str, ...]] = [()]
    for name in names:
        found += [(*one, name) for one in found]
    return found


def by_orders(values: Effects) -> dict[str, float]:
    """Shares by the definition: the mean over all orders of joining."""
    names = sorted(frozenset().union(*values))
    orders = list(permutations(names))
    shares = dict.fromkeys(names, 0.0)
    for order in orders:
        for at, name in enumerate(order):
            gain = values[frozenset(order[: at + 1])] - values[frozenset(order[:at])]
            shares[name] += gain / len(orders)
    return shares


def crowded(one: frozenset[str]) -> float:
    """Return an effect that grows with the measures' numbers, ever less, with one bad pair."""
    size = sum(int(name[1:]) + 1 for name in one)
    return math.sqrt(size) - (2.0 if {"m0", "m8"} <= one else 0.0)


def test_the_left_glove_is_worth_two_thirds() -> None:
    assert shapley(GLOVES)["value"].to_dict() == pytest.approx({"l": 2 / 3, "r": 1 / 6, "s": 1 / 6})


def test_an_airport_is_paid_in_sections_by_those_who_need_them() -> None:
    costs = {"a": 1.0, "b": 4.0, "c": 7.0}
    values = tabled(list("abc"), lambda one: max((costs[name] for name in one), default=0.0))
    # Littlechild and Owen 1973: each section is shared by all who are at least that long.
    assert shapley(values)["value"].to_dict() == pytest.approx(
        {"a": 1 / 3, "b": 1 / 3 + 3 / 2, "c": 1 / 3 + 3 / 2 + 3}
    )


def test_shares_are_the_mean_over_all_orders() -> None:
    random = np.random.default_rng(1)
    values = tabled(list("abcde"), lambda _: float(random.normal()))
    assert shapley(values)["value"].to_dict() == pytest.approx(by_orders(values))


def test_the_effect_of_the_empty_set_is_nobodys() -> None:
    shifted = {one: value + 7 for one, value in GLOVES.items()}
    pd.testing.assert_frame_equal(shapley(shifted), shapley(GLOVES))
    assert interaction(shifted)["value"] == interaction(GLOVES)["value"] == 1


def test_targets_are_shared_each_by_itself() -> None:
    values = {
        one: pd.Series({"lm": value, "ic": -2.0 * value, "mf": 3.0 * len(one)})
        for one, value in GLOVES.items()
    }
    found = shapley(values)
    assert list(found.columns) == ["lm", "ic", "mf"]
    assert found["lm"].to_numpy() == pytest.approx(shapley(GLOVES)["value"].to_numpy())
    assert found["ic"].to_numpy() == pytest.approx(-2 * found["lm"].to_numpy())
    assert found["mf"].tolist() == pytest.approx([3, 3, 3])


def test_an_unknown_effect_leaves_the_shares_of_its_target_unknown() -> None:
    values = {one: pd.Series({"lm": value, "ic": value}) for one, value in GLOVES.items()}
    values[frozenset("lr")] = pd.Series({"ic": math.nan, "lm": 1.0})
    found = shapley(values)
    assert found["lm"].notna().all()
    assert found["ic"].isna().all()


def test_a_package_of_one_or_of_none_keeps_its_effect() -> None:
    assert shapley(effects(_=1, a=4))["value"].to_dict() == {"a": 3}
    assert interaction(effects(_=1, a=4)).tolist() == [0]
    assert shapley(effects(_=1)).empty
    assert interaction(effects(_=1)).tolist() == [0]


def test_interaction_is_what_the_package_does_beyond_the_sum() -> None:
    values = effects(_=0, a=1, b=2, c=4, ab=5, ac=4, bc=6, abc=9)
    assert interaction(values)["value"] == 2
    found = pairwise_interactions(values)
    assert found.to_numpy().tolist() == [
        ["a", "b", "value", 2], ["a", "c", "value", -1], ["b", "c", "value", 0],
    ]  # fmt: skip
    del values[frozenset("ac")]
    assert pairwise_interactions(values)["interaction"].isna().tolist() == [False, True, False]


def test_the_attribution_lists_the_whole_and_the_parts() -> None:
    values = {one: pd.Series({"lm": value}) for one, value in GLOVES.items()}
    found = attribution("пакет", values)
    assert list(found.columns) == [
        "scenario", "measure", "target", "alone", "shapley", "error", "interaction",
    ]  # fmt: skip
    assert found["measure"].tolist() == ["", "l", "r", "s"]
    assert set(found["scenario"]) == {"пакет"}
    assert found.iloc[0].tolist()[2:] == ["lm", 0, 1, 0, 1]
    assert found["shapley"].iloc[1:].sum() == pytest.approx(1)
    assert found["interaction"].iloc[1:].isna().all()
    assert (found["error"] == 0).all()


def test_small_packages_are_run_in_full_and_large_ones_sent_to_sampling() -> None:
    assert coalitions(["b", "a"]) == [(), ("b",), ("a",), ("b", "a")]
    assert len(coalitions(NINE[:8])) == 256
    assert coalitions([]) == [()]
    with pytest.raises(TableError, match="9 measures make 512 coalitions; at most 8"):
        coalitions(NINE)
    with pytest.raises(TableError, match="measure 'a' stands twice"):
        coalitions(["a", "b", "a"])


def test_every_measure_stands_twice_at_every_place_of_a_circle() -> None:
    for circle in circle_orders(NINE, circles_count=3, seed=1):
        assert len(circle) == 18
        for place in range(9):
            assert sorted(order[place] for order in circle) == sorted(NINE * 2)
        assert {order[::-1] for order in circle} == set(circle)


def test_a_circle_needs_few_runs() -> None:
    circles = circle_orders(NINE, circles_count=2, seed=1)
    assert len(coalitions_of(circles[:1], names=NINE)) == 9 * 8 + 2
    both = coalitions_of(circles, names=NINE)
    assert both[0] == ()
    assert both[-1] == tuple(NINE)
    assert len(set(both)) == len(both)
    assert [len(one) for one in both] == sorted(len(one) for one in both)


def test_sampled_shares_add_up_and_lie_within_their_error() -> None:
    values = tabled(NINE, crowded)
    exact = shapley(values)["value"]
    circles = circle_orders(NINE, circles_count=40, seed=3)
    used = {frozenset(one): values[frozenset(one)] for one in coalitions_of(circles, names=NINE)}
    shares, errors = shapley_sampled(used, circles)
    assert shares["value"].sum() == pytest.approx(crowded(frozenset(NINE)))
    assert ((shares["value"] - exact).abs() < 4 * errors["value"] + 1e-9).all()
    assert errors["value"].max() < 0.06


def test_the_stated_error_is_the_spread_between_seeds_and_the_mean_is_right() -> None:
    values = tabled(NINE, crowded)
    shares, errors = [], []
    for seed in range(40):
        found = shapley_sampled(values, circle_orders(NINE, circles_count=8, seed=seed))
        shares.append(found[0]["value"])
        errors.append(found[1]["value"])
    spread = np.std(shares, axis=0)
    assert np.mean(errors, axis=0) == pytest.approx(spread, rel=0.4)
    assert (np.abs(np.mean(shares, axis=0) - shapley(values)["value"]) < 4 * spread / 6).all()


def test_circles_are_closer_than_as_many_runs_of_plain_orders() -> None:
    values = tabled(NINE, crowded)
    exact = shapley(values)["value"].to_numpy()
    random = np.random.default_rng(5)
    misses: dict[str, list[float]] = {"circles": [], "plain": []}
    for seed in range(20):
        found, _ = shapley_sampled(values, circle_orders(NINE, circles_count=2, seed=seed))
        misses["circles"].append(float(((found["value"] - exact) ** 2).mean()))
        # Two circles need 2 · 72 + 2 runs, as do 18 plain orders of 8 sets in between.
        orders = [[tuple(random.permutation(NINE)) for _ in range(9)] for _ in range(2)]
        found, _ = shapley_sampled(values, orders)
        misses["plain"].append(float(((found["value"] - exact) ** 2).mean()))
    assert np.mean(misses["circles"]) < 0.7 * np.mean(misses["plain"])


def test_orders_do_not_depend_on_the_order_of_names() -> None:
    assert circle_orders(NINE[::-1], circles_count=2, seed=1) == circle_orders(
        NINE, circles_count=2, seed=1
    )
    assert circle_orders(NINE, circles_count=2, seed=1) != circle_orders(
        NINE, circles_count=2, seed=2
    )


def test_an_attribution_from_samples_states_its_error() -> None:
    values = {one: pd.Series({"lm": effect}) for one, effect in tabled(NINE, crowded).items()}
    circles = circle_orders(NINE, circles_count=4, seed=1)
    found = attribution("p", values, circles=circles).set_index("measure")
    assert (found.loc[NINE, "error"] > 0).all()
    assert found.loc["", "error"] == 0
    assert found.loc[NINE, "shapley"].sum() == pytest.approx(found.loc["", "shapley"])


def test_what_was_not_run_is_named() -> None:
    values = dict(GLOVES)
    del values[frozenset("lr")]
    with pytest.raises(TableError, match="the effect of l \\+ r is absent"):
        shapley(values)
    with pytest.raises(TableError, match="empty set of measures is absent"):
        shapley({frozenset("l"): 1.0})
    with pytest.raises(TableError, match="the effect of l has other targets"):
        shapley({frozenset(): pd.Series({"lm": 0.0}), frozenset("l"): pd.Series({"ic": 0.0})})
    with pytest.raises(TableError, match="two circles or more; got circles_count 1"):
        circle_orders(NINE, circles_count=1, seed=1)
