"""Changes against the baseline of the same draw, and what their intervals allow to say."""

from __future__ import annotations

import math

import numpy as np
import pandas as pd
import pytest

from agglo.errors import CompareError, TableError
from agglo.scoring.intervals import VERDICTS, deltas, interval, score_intervals

FACTS = pd.DataFrame(
    {
        "goal": ["labour_mobility", "labour_mobility", "multi_focus"],
        "unit": ["jobs", "min", "persons"],
        "better": [1, -1, 0],
        "status": ["modelled", "assumed", "observed"],
    },
    index=["jobs", "minutes", "people"],
)
CENTRAL = pd.DataFrame(
    {"jobs": [100.0, 110.0], "minutes": [30.0, 27.0], "people": [5.0, 9.0]},
    index=["baseline", "мост"],
)


def drawn(rows: dict[tuple[int, str], tuple[float, ...]]) -> pd.DataFrame:
    index = pd.MultiIndex.from_tuples(rows, names=["draw", "scenario"])
    return pd.DataFrame(list(rows.values()), index=index, columns=list(CENTRAL.columns))


def two_draws(
    first: tuple[float, ...] = (4, 4, 4), second: tuple[float, ...] = (9, 9, 9)
) -> pd.DataFrame:
    """Draws whose levels are far apart, and in which the bridge changes the baseline by this."""
    return drawn(
        {
            (0, "baseline"): (50.0, 50.0, 50.0),
            (0, "мост"): tuple(50.0 + one for one in first),
            (1, "baseline"): (900.0, 900.0, 900.0),
            (1, "мост"): tuple(900.0 + one for one in second),
        }
    )


def row(frame: pd.DataFrame, indicator: str) -> pd.Series:
    return frame.set_index("indicator").loc[indicator]


def test_changes_are_those_within_a_draw_however_far_apart_the_levels_are() -> None:
    found = row(deltas(two_draws(), CENTRAL, FACTS, baseline="baseline"), "jobs")
    assert found[["baseline", "value", "delta", "low", "high"]].tolist() == [100, 110, 10, 4, 10]
    assert found[["scenario", "goal", "unit", "status"]].tolist() == [
        "мост", "labour_mobility", "jobs", "modelled",
    ]  # fmt: skip


def test_the_direction_of_an_indicator_makes_a_change_better_or_worse() -> None:
    up = deltas(two_draws(), CENTRAL.assign(minutes=[30.0, 33.0]), FACTS, baseline="baseline")
    assert up["verdict"].tolist() == ["better", "worse", "changed"]
    down = deltas(
        two_draws((-4, -4, -4), (-9, -9, -9)),
        pd.DataFrame(
            {"jobs": [100.0, 90.0], "minutes": [30.0, 27.0], "people": [9.0, 5.0]},
            index=CENTRAL.index,
        ),
        FACTS,
        baseline="baseline",
    )
    assert down["verdict"].tolist() == ["worse", "better", "changed"]


@pytest.mark.parametrize(
    ("first", "second", "central", "verdict"),
    [
        (-1.0, 5.0, 2.0, "no clear change"),
        (0.0, 5.0, 2.0, "no clear change"),
        (1.0, 5.0, 2.0, "better"),
        (1.0, 5.0, -2.0, "no clear change"),
        (0.0, 0.0, 0.0, "unchanged"),
        (0.0, 0.0, 1.0, "no clear change"),
        (math.nan, 5.0, 2.0, "unknown"),
        (1.0, 5.0, math.nan, "unknown"),
        (math.inf, 5.0, 2.0, "better"),
        (-math.inf, -5.0, -2.0, "worse"),
    ],
)
def test_a_verdict_needs_the_interval_and_the_central_change_on_one_side_of_nothing(
    first: float, second: float, central: float, verdict: str
) -> None:
    own = pd.DataFrame({"jobs": [100.0, 100 + central]}, index=["baseline", "мост"])
    found = deltas(
        two_draws((first,) * 3, (second,) * 3), own, FACTS.loc[["jobs"]], baseline="baseline"
    )
    assert found["verdict"].tolist() == [verdict]
    assert verdict in VERDICTS


def test_an_infinite_level_in_both_leaves_the_change_unknown() -> None:
    values = two_draws()
    values.loc[0] = math.inf
    found = deltas(values, CENTRAL, FACTS, baseline="baseline")
    assert set(found["verdict"]) == {"unknown"}
    assert found[["low", "high"]].isna().all(axis=None)
    assert found["delta"].notna().all()


def test_a_draw_without_the_scenario_leaves_its_interval_unknown() -> None:
    found = deltas(two_draws().iloc[:3], CENTRAL, FACTS, baseline="baseline")
    assert set(found["verdict"]) == {"unknown"}


def test_a_row_of_the_central_draw_is_no_draw() -> None:
    values = pd.concat(
        [drawn({(-1, "baseline"): (0, 0, 0), (-1, "мост"): (-99, -99, -99)}), two_draws()]
    )
    found = deltas(values, CENTRAL, FACTS, baseline="baseline")
    assert found["low"].tolist() == [4, -3, 4]


def test_without_draws_only_what_does_not_move_at_all_is_known() -> None:
    own = CENTRAL.assign(people=5.0)
    found = deltas(two_draws().iloc[:0], own, FACTS, baseline="baseline")
    assert found["verdict"].tolist() == ["unknown", "unknown", "unchanged"]
    assert found["low"].isna().all()


def test_an_indicator_that_was_not_taken_is_unknown_and_never_nothing() -> None:
    found = deltas(two_draws(), CENTRAL.drop(columns="minutes"), FACTS, baseline="baseline")
    assert row(found, "minutes")["verdict"] == "unknown"
    assert math.isnan(row(found, "minutes")["value"])


def test_the_order_of_rows_and_columns_of_the_draws_does_not_matter() -> None:
    values = two_draws()
    mixed = values.iloc[[2, 0, 3, 1], [2, 0, 1]]
    pd.testing.assert_frame_equal(
        deltas(values, CENTRAL, FACTS, baseline="baseline"),
        deltas(mixed, CENTRAL, FACTS, baseline="baseline"),
    )


def test_a_score_moves_from_where_the_baseline_is_by_the_change_within_the_draw() -> None:
    central = pd.DataFrame({"lm": [50.0, 60.0]}, index=["baseline", "s1"])
    values = pd.concat(
        {
            at: pd.DataFrame({"lm": [50 + shift, 50 + shift + gain]}, index=central.index)
            for at, (shift, gain) in enumerate([(0, 3), (20, 8), (-20, 5)])
        },
        names=["draw", "scenario"],
    )
    found = score_intervals(values, central, baseline="baseline")
    assert found.to_numpy().tolist() == [
        ["baseline", "lm", 50, 50, 50, "unchanged"],
        ["s1", "lm", 60, 53, 60, "better"],
    ]


def test_nine_draws_of_ten_lie_inside_the_interval() -> None:
    changes = np.random.default_rng(5).normal(size=1001)
    low, high = interval(changes)
    assert np.mean((changes >= low) & (changes <= high)) == pytest.approx(0.9, abs=0.002)
    assert low == pytest.approx(np.sort(changes)[50])
    assert high == pytest.approx(np.sort(changes)[950])


@pytest.mark.parametrize("count", range(1, 42))
def test_the_ends_are_drawn_values_just_outside_the_quantiles(count: int) -> None:
    changes = np.random.default_rng(count).normal(size=count)
    low, high = interval(changes)
    assert low in changes
    assert high in changes
    assert low <= np.quantile(changes, 0.05)
    assert high >= np.quantile(changes, 0.95)


def test_scenarios_without_their_baseline_are_not_compared() -> None:
    with pytest.raises(
        CompareError, match="baseline 'b0' is not among the scenarios baseline, мост"
    ):
        deltas(two_draws(), CENTRAL, FACTS, baseline="b0")


def test_a_row_that_stands_twice_is_refused() -> None:
    with pytest.raises(TableError, match="draw 0 has scenario 'baseline' twice"):
        deltas(pd.concat([two_draws(), two_draws()]), CENTRAL, FACTS, baseline="baseline")
    with pytest.raises(TableError, match="scenario 'мост' stands twice"):
        deltas(two_draws(), CENTRAL.iloc[[0, 1, 1]], FACTS, baseline="baseline")


def test_facts_and_index_must_be_there() -> None:
    with pytest.raises(TableError, match="lack the column status"):
        deltas(two_draws(), CENTRAL, FACTS.drop(columns="status"), baseline="baseline")
    with pytest.raises(TableError, match="index \\(draw, scenario\\)"):
        deltas(CENTRAL, CENTRAL, FACTS, baseline="baseline")
