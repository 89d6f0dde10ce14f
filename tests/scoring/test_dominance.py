"""Which scenario is at least as good as another on every goal."""

from __future__ import annotations

import math

import numpy as np
import pandas as pd
import pytest

from agglo.errors import TableError
from agglo.scoring.dominance import dominance, dominance_shares, undominated_shares


def scores(**rows: tuple[float, ...]) -> pd.DataFrame:
    goals = ["lm", "ic", "mf"][: len(next(iter(rows.values())))]
    return pd.DataFrame.from_dict(rows, orient="index", columns=goals)


def dominators(frame: pd.DataFrame, *, tolerance: float = 0.0) -> dict[str, str]:
    return dominance(frame, tolerance=tolerance).set_index("scenario")["dominated_by"].to_dict()


def test_who_is_nowhere_better_and_somewhere_worse_is_dominated() -> None:
    found = dominance(scores(b0=(50, 50), s2=(60, 50), s10=(55, 49), s1=(61, 70)))
    assert found["scenario"].tolist() == ["b0", "s2", "s10", "s1"]
    assert found["dominated_by"].tolist() == ["s1, s2", "s1", "s1, s2", ""]
    assert found["is_dominated"].tolist() == [True, True, True, False]


def test_equals_do_not_dominate_each_other() -> None:
    assert set(dominators(scores(a=(50, 60), b=(50, 60))).values()) == {""}


def test_a_gain_on_one_goal_and_a_loss_on_another_leave_both_standing() -> None:
    assert set(dominators(scores(a=(50.1, 0), b=(50, 99))).values()) == {""}


@pytest.mark.parametrize(
    ("tolerance", "wanted"),
    [(0.0, {"a": "", "b": ""}), (1.0, {"a": "", "b": "a"}), (10.0, {"a": "", "b": ""})],
)
def test_points_within_the_tolerance_count_for_nothing(
    tolerance: float, wanted: dict[str, str]
) -> None:
    assert dominators(scores(a=(60, 49), b=(50, 50)), tolerance=tolerance) == wanted


def test_under_a_tolerance_three_may_dominate_in_a_circle_but_never_two() -> None:
    circle = scores(a=(1.2, 0, 0.6), b=(0.6, 1.2, 0), c=(0, 0.6, 1.2))
    assert set(dominators(circle, tolerance=2).values()) == {""}
    assert dominators(circle) == {"a": "", "b": "", "c": ""}
    assert dominators(circle, tolerance=1) == {"a": "b", "b": "c", "c": "a"}


def test_a_goal_that_nobody_has_is_left_out() -> None:
    assert dominators(scores(a=(60, math.nan), b=(50, math.nan))) == {"a": "", "b": "a"}


def test_who_lacks_a_goal_that_others_have_neither_dominates_nor_is_dominated() -> None:
    frame = scores(a=(90, math.nan), b=(50, 50), c=(10, math.nan), d=(40, 40))
    assert dominators(frame) == {"a": "", "b": "", "c": "", "d": "b"}


def test_no_goals_and_no_scenarios_give_no_dominance() -> None:
    assert dominators(scores(a=(math.nan,), b=(math.nan,))) == {"a": "", "b": ""}
    empty = dominance(pd.DataFrame(columns=["lm"], dtype=float))
    assert list(empty.columns) == ["scenario", "is_dominated", "dominated_by"]
    assert empty.empty


def test_shares_of_draws_count_only_drawn_ones() -> None:
    drawn = pd.concat(
        {
            -1: scores(a=(0, 0), b=(9, 9)),
            0: scores(a=(60, 50), b=(50, 50)),
            1: scores(a=(60, 49), b=(50, 50)),
            2: scores(a=(60, 51), b=(50, 50)),
            3: scores(a=(40, 50), b=(50, 50)),
        },
        names=["draw", "scenario"],
    )
    found = dominance_shares(drawn)
    assert found.loc["a", "b"] == 0.5
    assert found.loc["b", "a"] == 0.25
    assert np.diag(found).tolist() == [0, 0]
    assert undominated_shares(drawn).to_dict() == {"a": 0.75, "b": 0.5}
    assert dominance_shares(drawn.loc[[-1]]).isna().all(axis=None)
    assert undominated_shares(drawn.loc[[-1]]).isna().all()


def test_a_scenario_that_stands_twice_and_a_negative_tolerance_are_refused() -> None:
    with pytest.raises(TableError, match="scenario 'a' stands twice"):
        dominance(pd.concat([scores(a=(1, 2)), scores(a=(1, 2))]))
    with pytest.raises(TableError, match="0 or more points"):
        dominance(scores(a=(1, 2)), tolerance=-1)
    with pytest.raises(TableError, match="got nan"):
        dominance(scores(a=(1, 2)), tolerance=math.nan)
