"""What the page shows of the comparison of scenarios, as plain rows that become JSON."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable, Sequence
from functools import partial
from typing import TYPE_CHECKING

import pandas as pd

from agglo.draws import GROUPS
from agglo.maps.plain import plain
from agglo.run import Result
from agglo.scenarios.files import BASELINE

if TYPE_CHECKING:
    from agglo.comparison import Comparison

MOST_ASSUMPTIONS = 8
"""Of the assumptions behind one score so many are drawn, those that move it most."""

MOST_TURNS = 6
"""Of what would turn the order of one scenario so much is said, for each goal."""

DIGITS = 7
"""Significant digits that travel to the page: more than it ever shows."""

SHOCK = "day"
ANY = "any"
"""The weight set that stands for all weights."""

OTHER_SIDE = {
    "above": "below", "below": "above", "always": "never", "never": "always",
    "both": "neither", "neither": "both",
}  # fmt: skip
SHOWN_GROUPS = ("municipality", "wage")
"""Whom the page shows winning and losing; the zones stay in the tables."""

DELTA_COLUMNS = ("value", "delta", "low", "high", "verdict", "status")
SCORE_COLUMNS = ("score", "low", "high", "verdict")
ENDS_COLUMNS = ("assumption", "low_value", "high_value")
TURN_COLUMNS = ("other", "what", "value", "side")
WINNER_COLUMNS = (
    "group", "place_id", "people_count", "gain_count", "lose_count", "same_count", "change_min",
    "jobs_change", "wage_rub",
)  # fmt: skip
MONEY_COLUMNS = (
    "effect",
    "low_mln_rub",
    "mid_mln_rub",
    "high_mln_rub",
    "status",
    "note_ru",
    "note",
)

Rows = list[list[object]]


def comparison_data(
    comparison: Comparison | None, results: Sequence[Result]
) -> dict[str, object] | None:
    """Gather what the page shows of the comparison; ``None`` where nothing was compared.

    Returns
    -------
    comparison_data
        ``about`` each scenario, ``indicators`` once, and by scenario ``deltas`` (row number of
        the indicator, then ``DELTA_COLUMNS``), ``scores`` by goal, ``tornado`` (with ``ends`` of
        the assumptions) and ``break_even`` by goal, ``attribution`` by target, ``winners``, ``money``; ``ranking``
        by weight set, ``dominated`` by whom, ``coverage`` and ``cards``. What is not known is
        ``None``.
    """
    if comparison is None:
        return None
    indicators = _indicators(comparison.deltas)
    number = {row[0]: at for at, row in enumerate(indicators)}
    ends = _rows(comparison.tornado.drop_duplicates(list(ENDS_COLUMNS)), ENDS_COLUMNS)
    return {
        "draws": int(comparison.draws_count),
        "seed": int(comparison.seed),
        "about": {one.scenario.name: _about(one, comparison) for one in results},
        "groups": list(GROUPS),
        "indicators": indicators,
        "deltas": {
            scenario: [
                [number[str(name)], *row]
                for name, row in zip(own["indicator"], _rows(own, DELTA_COLUMNS), strict=True)
            ]
            for scenario, own in _by(comparison.deltas, "scenario")
        },
        "scores": {
            scenario: dict(zip(own["goal"], _rows(own, SCORE_COLUMNS), strict=True))
            for scenario, own in _by(comparison.scores, "scenario")
        },
        "ranking": _ranking(comparison.ranking),
        "weights": {
            one.id: {"ru": one.name_ru, "en": one.name_en}
            for one in getattr(comparison, "weight_sets", ())
        },
        "dominated": _dominated(comparison.ranking),
        "ends": ends,
        "tornado": _nested(comparison.tornado, "goal", partial(_tornado, ends=ends)),
        "break_even": _nested(
            _both_ways(comparison.break_even, comparison.ranking), "goal", _turns
        ),
        "attribution": _nested(comparison.attribution, "target", _attribution),
        "winners": _winners(comparison.winners),
        "money": {
            scenario: _rows(own, MONEY_COLUMNS)
            for scenario, own in _by(comparison.money, "scenario")
        },
        "coverage": _rows(comparison.coverage, ("indicator", "covered_share", "reason")),
        "cards": [
            {str(name): _short(value) for name, value in row.items()}
            for row in comparison.cards.to_dict("records")
        ],
    }


def _about(result: Result, comparison: Comparison) -> dict[str, object]:
    """Tell what a scenario is: option, contrast or shock; its cost, basis, reach, warnings."""
    scenario = result.scenario
    lint = comparison.lint[comparison.lint["scenario"] == scenario.name]
    bases = [step.basis for step in scenario.steps]
    cost = scenario.cost_mln_rub
    return {
        "is_baseline": scenario.name == BASELINE,
        "is_shock": scenario.horizon == SHOCK,
        "is_contrast": scenario.is_contrast,
        "cost": None if cost is None else [*map(_short, cost), scenario.cost_source],
        "bases": {basis: bases.count(basis) for basis in sorted(set(bases))},
        "people": _people(result.receipts),
        "measures": {
            one.name: {"ru": one.title_ru or one.title, "en": one.title}
            for one in scenario.measures
        },
        "lint": _rows(lint, ("change", "measure", "text_ru", "text_en")),
    }


def _people(receipts: pd.DataFrame) -> object:
    """Return how many people the change with most of them concerns: at least so many in all.

    The people of two changes may be the same ones, so they are never summed.
    """
    if receipts.empty or "people_count" not in receipts:
        return None
    return _short(receipts["people_count"].max())


def _indicators(deltas: pd.DataFrame) -> Rows:
    """List every indicator once: id, goal, unit, direction, value of the baseline."""
    first = deltas.drop_duplicates("indicator")
    return _rows(first, ("indicator", "goal", "unit", "better", "baseline"))


def _ranking(ranking: pd.DataFrame) -> dict[str, Rows]:
    """Rows by weight set: scenario, mean rank, share of first places, score, share of each rank."""
    count = sum(name.startswith("rank_") for name in ranking.columns)
    columns = [f"rank_{number}_share" for number in range(1, count + 1)]
    return {
        weights: [
            [str(name), *row[:3], row[3:]]
            for name, row in zip(
                own["scenario"],
                _rows(own, ("mean_rank", "best_share", "overall", *columns)),
                strict=True,
            )
        ]
        for weights, own in _by(ranking, "weights")
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
    scores = _rows(shown, ("score_low", "score_high"))
    return {
        "rows": [
            [ends.index(end), *score]
            for end, score in zip(_rows(shown, ENDS_COLUMNS), scores, strict=True)
        ],
        "more": len(rest),
        "swing": _short(rest["swing"].max()) if len(rest) else None,
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


def _turns(rows: pd.DataFrame) -> dict[str, object]:
    """Keep where the order turns; what turns it nowhere in its range is only counted."""
    turning = rows.dropna(subset=["value"])
    return {
        "rows": _rows(turning.head(MOST_TURNS), TURN_COLUMNS),
        "more": max(len(turning) - MOST_TURNS, 0),
        "steady": len(rows) - len(turning),
    }


def _attribution(rows: pd.DataFrame) -> dict[str, object]:
    """Part the measures from the row of the package, which carries the interaction."""
    is_whole = rows["measure"] == ""
    whole = _rows(rows[is_whole], ("alone", "shapley", "interaction"))
    return {
        "rows": _rows(rows[~is_whole], ("measure", "alone", "shapley", "error")),
        "whole": whole[0] if whole else [None, None, None],
    }


def _winners(winners: pd.DataFrame) -> dict[str, Rows]:
    shown = winners[winners["group"].isin(SHOWN_GROUPS)]
    return {scenario: _rows(own, WINNER_COLUMNS) for scenario, own in _by(shown, "scenario")}


def _nested(
    frame: pd.DataFrame, key: str, gathered: Callable[[pd.DataFrame], dict[str, object]]
) -> dict[str, dict[str, object]]:
    """Gather rows by scenario and key."""
    return {
        scenario: {name: gathered(rows) for name, rows in _by(own, key)}
        for scenario, own in _by(frame, "scenario")
    }


def _by(frame: pd.DataFrame, key: str) -> Iterable[tuple[str, pd.DataFrame]]:
    """Part a frame by a column, in the order of its rows."""
    return ((str(name), own) for name, own in frame.groupby(key, sort=False))


def _rows(frame: pd.DataFrame, columns: Sequence[str]) -> Rows:
    return [
        [_short(value) for value in row]
        for row in frame[list(columns)].astype(object).itertuples(index=False, name=None)
    ]


def _short(value: object) -> object:
    """Turn a value into JSON: so many significant digits, whole numbers without a point."""
    if value is None or value is pd.NA:
        return None
    if isinstance(value, float) and math.isfinite(value):
        rounded = float(f"{value:.{DIGITS}g}")
        return int(rounded) if rounded.is_integer() else rounded
    return plain(value)
