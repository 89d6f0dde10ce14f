"""Who is ahead and what would turn that round, as plain rows for the page."""

from __future__ import annotations

from collections.abc import Sequence
from functools import partial
from typing import TYPE_CHECKING

import pandas as pd

from agglo.maps.compact import Rows, compact, nested, parted, rows_of, rows_once

if TYPE_CHECKING:
    from agglo.comparison import Comparison

MOST_ASSUMPTIONS = 8
"""Of the assumptions behind one score so many are drawn, those that move it most."""

MOST_TURNS = 6
"""Of what would turn the order of one scenario so much is said, for each goal."""

ANY = "any"
"""The weight set that stands for all weights."""

OTHER_SIDE = {
    "above": "below", "below": "above", "always": "never", "never": "always",
    "both": "neither", "neither": "both",
}  # fmt: skip
ENDS_COLUMNS = ("assumption", "low_value", "high_value")
TURN_COLUMNS = ("other", "what", "value", "side")


def order_data(comparison: Comparison) -> dict[str, object]:
    """Gather who is ahead and what would turn it round."""
    ends = rows_once(comparison.tornado, ENDS_COLUMNS)
    turns = _both_ways(comparison.break_even, comparison.ranking)
    whats = [str(name) for name in turns["what"].unique()]
    return {
        "ranking": _ranking(comparison.ranking),
        "weights": {
            one.id: {"ru": one.name_ru, "en": one.name_en} for one in comparison.weight_sets
        },
        "dominated": _dominated(comparison.ranking),
        "ends": ends,
        "tornado": nested(comparison.tornado, "goal", partial(_tornado, ends=ends)),
        "whats": whats,
        "break_even": nested(turns, "goal", partial(_turns, whats=whats)),
    }


def _ranking(ranking: pd.DataFrame) -> dict[str, Rows]:
    """Rows by weight set: scenario, mean rank, share of first places, score, share of each rank."""
    count = sum(name.startswith("rank_") for name in ranking.columns)
    columns = [f"rank_{number}_share" for number in range(1, count + 1)]
    return {
        weights: [
            [str(name), *row[:3], row[3:]]
            for name, row in zip(
                own["scenario"],
                rows_of(own, ("mean_rank", "best_share", "overall", *columns)),
                strict=True,
            )
        ]
        for weights, own in parted(ranking, "weights")
    }


def _dominated(ranking: pd.DataFrame) -> dict[str, list[str]]:
    """Name by whom each option is dominated; none: it stays on the Pareto list."""
    first = ranking.drop_duplicates("scenario")
    return {
        str(row.scenario): [one.strip() for one in str(row.dominated_by).split(",") if one.strip()]
        if row.is_dominated
        else []
        for row in first.itertuples()
    }


def _tornado(rows: pd.DataFrame, *, ends: Rows) -> dict[str, object]:
    """Keep what moves the score most: row number in ``ends``, score at the low and high end.

    Of the rest it is said how much and how far at most.
    """
    known = rows.dropna(subset=["swing"])
    ranked = known.sort_values(["swing", "assumption"], ascending=[False, True])
    shown, rest = ranked.head(MOST_ASSUMPTIONS), ranked.iloc[MOST_ASSUMPTIONS:]
    scores = rows_of(shown, ("score_low", "score_high"))
    return {
        "rows": [
            [ends.index(end), *score]
            for end, score in zip(rows_of(shown, ENDS_COLUMNS), scores, strict=True)
        ],
        "more": len(rest),
        "swing": compact(rest["swing"].max()) if len(rest) else None,
    }


def _both_ways(turns: pd.DataFrame, ranking: pd.DataFrame) -> pd.DataFrame:
    """Say every turn of two scenarios from the side of each, near rivals first."""
    back = turns.rename(columns={"scenario": "other", "other": "scenario"})
    back = back.assign(side=back["side"].replace(OTHER_SIDE))
    keys = ["scenario", "other", "goal", "what", "value"]
    both = pd.concat([turns, back[turns.columns]]).drop_duplicates(keys)
    rank = ranking[ranking["weights"] == ANY].set_index("scenario")["mean_rank"]
    own, other = (both[side].map(rank).astype(float) for side in ("scenario", "other"))
    apart = (own - other).abs()
    return both.assign(apart=apart).sort_values(["apart", *keys]).drop(columns="apart")


def _turns(rows: pd.DataFrame, *, whats: Sequence[str]) -> dict[str, object]:
    """Keep where the order turns; what turns it nowhere in its range is only counted."""
    turning = rows.dropna(subset=["value"])
    return {
        "rows": [
            [other, whats.index(str(what)), *turn]
            for other, what, *turn in rows_of(turning.head(MOST_TURNS), TURN_COLUMNS)
        ],
        "more": max(len(turning) - MOST_TURNS, 0),
        "steady": len(rows) - len(turning),
    }
