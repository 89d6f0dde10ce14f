"""How far partitions agree: by hand, and against counting all pairs of zones."""

from __future__ import annotations

import math
from itertools import combinations

import numpy as np
import pandas as pd
import pytest

from agglo.errors import TableError
from agglo.territory.agreement import (
    adjusted_rand,
    agreement,
    company_agreement,
    company_share,
    rand_between,
)
from agglo.territory.delineation import Delineation


def partition(text: str) -> pd.Series:
    """One letter per zone, '.' where a zone is in no area."""
    zones = [f"z{at}" for at in range(len(text))]
    return pd.Series(["" if one == "." else one for one in text], index=zones, dtype=object)


def delineation(text: str) -> Delineation:
    areas = pd.DataFrame({"area_id": partition(text)})
    return Delineation(method="test", areas=areas, parameters={}, status="observed")


def rand_by_pairs(first: list[int], second: list[int]) -> float:
    """Go through all pairs of zones (Hubert and Arabie 1985)."""
    pairs = list(combinations(range(len(first)), 2))
    same = [(first[i] == first[j], second[i] == second[j]) for i, j in pairs]
    both = sum(one and other for one, other in same)
    ones, others = sum(one for one, _ in same), sum(other for _, other in same)
    expected, most = ones * others / len(pairs), (ones + others) / 2
    return (both - expected) / (most - expected)


def test_the_index_counts_pairs_kept_together_beyond_chance() -> None:
    # 28 pairs: 6 + 6 together in the first, 3 + 10 in the second, 3 + 6 in both.
    one, other = partition("aaaabbbb"), partition("xxxyyyyy")
    assert adjusted_rand(one, other) == pytest.approx((9 - 156 / 28) / (12.5 - 156 / 28))
    assert adjusted_rand(other, one) == adjusted_rand(one, other)


def test_names_and_order_of_zones_do_not_matter() -> None:
    one = partition("aabbcc")
    shuffled = one.map({"a": "9", "b": "α", "c": "a"}).sample(frac=1, random_state=1)
    assert adjusted_rand(one, shuffled) == 1.0


def test_crossed_groups_are_worse_than_chance() -> None:
    assert adjusted_rand(partition("aabb"), partition("xyxy")) == pytest.approx(-0.5)


@pytest.mark.parametrize(
    ("first", "second", "index"),
    [("aaa", "xxx", 1.0), ("abc", "xyz", 1.0), ("aaa", "xyz", 0.0), ("a", "x", 1.0)],
)
def test_trivial_partitions_have_an_index(first: str, second: str, index: float) -> None:
    assert adjusted_rand(partition(first), partition(second)) == index


def test_zones_in_no_area_stand_alone_or_are_left_out() -> None:
    one, other = partition("aa.."), partition("xxx.")
    alone = adjusted_rand(partition("aabc"), partition("xxxy"))
    assert adjusted_rand(one, other) == pytest.approx(alone)
    assert alone < 1
    assert adjusted_rand(one, other, unassigned="left_out") == 1.0
    assert math.isnan(adjusted_rand(partition("a."), partition(".x"), unassigned="left_out"))
    missing = one.where(one != "", np.nan)
    assert adjusted_rand(missing, other) == adjusted_rand(one, other)


def test_only_common_zones_are_compared() -> None:
    assert adjusted_rand(partition("aabbb"), partition("xxyyyxz")) == 1.0


def test_it_equals_counting_all_pairs_on_random_partitions() -> None:
    rng = np.random.default_rng(7)
    for _ in range(30):
        zones = int(rng.integers(4, 25))
        first, second = rng.integers(0, rng.integers(2, 8, size=(2, 1)), size=(2, zones))
        first[:2], second[:2] = [0, 1], [0, 0]
        index = adjusted_rand(pd.Series(first), pd.Series(second))
        assert index == pytest.approx(rand_by_pairs(list(first), list(second)))


def test_all_pairs_of_runs_are_compared_at_once() -> None:
    runs = np.random.default_rng(3).integers(0, 4, size=(5, 40))
    table = rand_between(runs)
    assert table == pytest.approx(table.T)
    for i, j in combinations(range(5), 2):
        assert table[i, j] == pytest.approx(rand_by_pairs(list(runs[i]), list(runs[j])))
    assert np.diag(table).tolist() == [1.0] * 5


def test_a_hundred_thousand_zones_need_no_table_of_groups() -> None:
    zones = np.arange(100_000)
    halves, singles = pd.Series(zones // 2), pd.Series(zones)
    assert adjusted_rand(halves, singles) == 0.0
    assert adjusted_rand(halves, pd.Series((zones + 2) // 2)) == 1.0


def test_the_table_of_delineations_is_square_with_their_names() -> None:
    table = agreement({"fua": delineation("aabb"), "lma": delineation("xxxx")})
    assert table.index.tolist() == table.columns.tolist() == ["fua", "lma"]
    assert table.to_numpy().tolist() == [[1.0, 0.0], [0.0, 1.0]]


def test_leaving_zones_out_is_passed_on_to_every_pair() -> None:
    found = {"one": delineation("aab."), "two": delineation("xxy."), "three": delineation("xxyy")}
    assert agreement(found, unassigned="left_out").to_numpy().tolist() == np.ones((3, 3)).tolist()
    assert agreement(found).loc["one", "three"] < 1


def test_the_company_of_a_core_is_compared_without_the_core() -> None:
    found = {
        "one": delineation("aaab"),
        "two": delineation("xxyx"),
        "none": delineation("...."),
        "alone": delineation("abcd"),
    }
    table = company_agreement(found, "z0")
    # One has z1, z2; two has z1, z3: one of three is shared.
    assert table.loc["one", "two"] == pytest.approx(1 / 3)
    assert table.loc["one", "none"] == 0.0
    assert table.loc["none", "alone"] == 1.0
    assert np.allclose(table, table.T)


def test_company_that_stays_is_counted_for_each_zone() -> None:
    # a–e split into abc and de; f joins de; g is alone twice.
    before, after = partition("xxxxxyz"), partition("uuuvvvw")
    assert company_share(before, after).tolist() == pytest.approx(
        [2 / 4, 2 / 4, 2 / 4, 1 / 5, 1 / 5, 0 / 2, 1.0]
    )


def test_nonsense_is_refused() -> None:
    one = partition("aab")
    with pytest.raises(TableError, match="no zone in common"):
        adjusted_rand(one, one.set_axis(["x", "y", "z"]))
    with pytest.raises(TableError, match="no zone in common"):
        adjusted_rand(one.iloc[:0], one)
    with pytest.raises(TableError, match="'z0' stands more than once"):
        adjusted_rand(one.iloc[[0, 0, 1]], one)
    with pytest.raises(TableError, match="unassigned must be one of alone, left_out; got 'x'"):
        adjusted_rand(one, one, unassigned="x")
    with pytest.raises(TableError, match="delineation 'fua' has no zone 'moscow'"):
        company_agreement({"fua": delineation("aab")}, "moscow")
