"""What the page shows of the comparison of scenarios, as plain rows that become JSON."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

import pandas as pd

from agglo.cooperation.projects import CRITERIA
from agglo.draws import GROUPS
from agglo.maps.compact import Rows, compact, nested, parted, rows_of, rows_once
from agglo.maps.order_data import order_data
from agglo.run import Result
from agglo.scenarios.files import BASELINE

if TYPE_CHECKING:
    from agglo.comparison import Comparison

SHOWN_GROUPS = ("municipality", "wage")
"""Whom the page shows winning and losing; the zones stay in the tables."""

DELTA_COLUMNS = ("value", "delta", "low", "high", "verdict", "status")
SCORE_COLUMNS = ("score", "low", "high", "verdict")
WINNER_COLUMNS = (
    "group", "place_id", "people_count", "gain_count", "lose_count", "same_count", "change_min",
    "jobs_change", "wage_rub",
)  # fmt: skip
WINNER_DECIMALS = {
    "people_count": 1, "gain_count": 1, "lose_count": 1, "same_count": 1, "change_min": 3,
    "jobs_change": 1, "wage_rub": 0,
}  # fmt: skip
MONEY_COLUMNS = ("effect", "low_mln_rub", "mid_mln_rub", "high_mln_rub", "status")
NOTE_COLUMNS = ("note_ru", "note")
CARD_COLUMNS = (
    "project_id", "name_ru", "name_en", "level", "scenario", "funding", "support", "source",
    "status", "cost_low_mln_rub", "cost_mln_rub", "cost_high_mln_rub",
    *(f"meets_{name}" for name in CRITERIA), "concerned", "benefit_per_cost_low",
    "benefit_per_cost", "benefit_per_cost_high", "missing",
)  # fmt: skip


def comparison_data(
    comparison: Comparison | None, results: Sequence[Result]
) -> dict[str, object] | None:
    """Gather what the page shows of the comparison; ``None`` where nothing was compared.

    Returns
    -------
    comparison_data
        ``about`` each scenario, ``ranking`` by weight set, ``dominated`` by whom, ``coverage``,
        ``cards``; by scenario ``deltas`` (row number in ``indicators``, then ``DELTA_COLUMNS``),
        ``scores`` by goal, ``tornado`` (row number in ``ends``, scores) and ``break_even`` by
        goal, ``attribution`` by target, ``winners`` and ``money`` (with row number in
        ``notes``). What is not known is ``None``.
    """
    if comparison is None:
        return None
    return {
        "draws": int(comparison.draws_count),
        "seed": int(comparison.seed),
        "groups": list(GROUPS),
        "criteria": list(CRITERIA),
        "about": {one.scenario.name: _about(one, comparison) for one in results},
        **_changes(comparison),
        **order_data(comparison),
        "attribution": nested(comparison.attribution, "target", _attribution),
        "winners": _winners(comparison.winners),
        **_money(comparison.money),
        "coverage": rows_of(comparison.coverage, ("indicator", "covered_share", "reason")),
        "cards": [
            dict(zip(CARD_COLUMNS, row, strict=True))
            for row in rows_of(comparison.cards, CARD_COLUMNS)
        ],
    }


def _changes(comparison: Comparison) -> dict[str, object]:
    """Gather changes in natural units and scores, by scenario."""
    indicators = _indicators(comparison.deltas)
    number = {row[0]: at for at, row in enumerate(indicators)}
    return {
        "indicators": indicators,
        "deltas": {
            scenario: [
                [number[str(name)], *row]
                for name, row in zip(own["indicator"], rows_of(own, DELTA_COLUMNS), strict=True)
            ]
            for scenario, own in parted(comparison.deltas, "scenario")
        },
        "scores": {
            scenario: dict(zip(own["goal"], rows_of(own, SCORE_COLUMNS), strict=True))
            for scenario, own in parted(comparison.scores, "scenario")
        },
    }


def _about(result: Result, comparison: Comparison) -> dict[str, object]:
    """Tell what a scenario is: option, contrast or shock; its cost, basis, reach, warnings."""
    scenario = result.scenario
    lint = comparison.lint[comparison.lint["scenario"] == scenario.name]
    bases = [step.basis for step in scenario.steps]
    cost = scenario.cost_mln_rub
    return {
        "is_baseline": scenario.name == BASELINE,
        "is_shock": scenario.is_shock,
        "is_contrast": scenario.is_contrast,
        "cost": None if cost is None else [*map(compact, cost), scenario.cost_source],
        "bases": {basis: bases.count(basis) for basis in sorted(set(bases))},
        "people": _people(result.receipts),
        "measures": {
            one.name: {"ru": one.title_ru or one.title, "en": one.title}
            for one in scenario.measures
        },
        "lint": rows_of(lint, ("change", "measure", "text_ru", "text_en")),
    }


def _people(receipts: pd.DataFrame) -> object:
    """Return how many people the change with most of them concerns: at least so many in all.

    The people of two changes may be the same ones, so they are never summed.
    """
    return compact(receipts["people_count"].max())


def _indicators(deltas: pd.DataFrame) -> Rows:
    """List every indicator once: id, goal, unit, direction, value of the baseline."""
    first = deltas.drop_duplicates("indicator")
    return rows_of(first, ("indicator", "goal", "unit", "better", "baseline"))


def _attribution(rows: pd.DataFrame) -> dict[str, object]:
    """Part the measures from the row of the package, which carries the interaction."""
    is_whole = rows["measure"] == ""
    whole = rows_of(rows[is_whole], ("alone", "shapley", "interaction"))
    return {
        "rows": rows_of(rows[~is_whole], ("measure", "alone", "shapley", "error")),
        "whole": whole[0] if whole else [None, None, None],
    }


def _winners(winners: pd.DataFrame) -> dict[str, Rows]:
    shown = winners[winners["group"].isin(SHOWN_GROUPS)].round(WINNER_DECIMALS)
    return {scenario: rows_of(own, WINNER_COLUMNS) for scenario, own in parted(shown, "scenario")}


def _money(money: pd.DataFrame) -> dict[str, object]:
    """Gather effects in money by scenario, and the notes on them, each once."""
    notes = rows_once(money, NOTE_COLUMNS)
    rows = {
        scenario: [
            [*row, notes.index(note)]
            for row, note in zip(
                rows_of(own, MONEY_COLUMNS), rows_of(own, NOTE_COLUMNS), strict=True
            )
        ]
        for scenario, own in parted(money, "scenario")
    }
    return {"money": rows, "notes": notes}
