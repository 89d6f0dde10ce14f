"""How a comparison of scenarios reads on the terminal."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from agglo.comparison import Comparison

SHOWN = (
    ("jobs_within_45_min_car", "jobs ≤45 min by car"),
    ("jobs_within_60_min_transit", "jobs ≤60 min by transit"),
    ("minutes_per_worker_day", "min per worker-day"),
    ("extra_person_min", "person-min/day lost"),
)
MARKS = {
    "better": "better", "worse": "worse", "no clear change": "~", "changed": "changed",
    "unchanged": "=",
}  # fmt: skip
UNKNOWN = "?"
HEADLINE = ("labour_mobility", "infrastructure_connectivity")
NAME_WIDTH, CELL_WIDTH, RANK_WIDTH = 24, 34, 8
WHOLE_FROM = 100.0
"""Numbers of this size are printed without decimals."""


def print_comparison(comparison: Comparison) -> list[str]:
    """Write a comparison as lines: what changes, headline scores with ranks, what stands apart.

    A change of which nothing is known is '?', never 0; '~' says that its 5–95 % interval holds 0.
    """
    return [*_changes(comparison), "", *_scores(comparison), *_remarks(comparison)]


def _changes(comparison: Comparison) -> list[str]:
    deltas = comparison.deltas
    known = [pair for pair in SHOWN if (deltas["indicator"] == pair[0]).any()]
    rows = {(row["scenario"], row["indicator"]): row for row in deltas.to_dict("records")}
    lines = [
        "Against the baseline, in brackets 5–95 % of the draws "
        f"({comparison.draws_count} draws, seed {comparison.seed}; ~ no clear change, "
        "= unchanged, ? unknown):",
        _line("scenario", [title for _, title in known]),
    ]
    for scenario in dict.fromkeys(deltas["scenario"]):
        lines.append(_line(scenario, [_change(rows.get((scenario, name))) for name, _ in known]))
    return lines


def _scores(comparison: Comparison) -> list[str]:
    scores = comparison.scores
    goals = [goal for goal in HEADLINE if (scores["goal"] == goal).any()] or list(
        dict.fromkeys(scores["goal"])
    )
    rows = {(row["scenario"], row["goal"]): row for row in scores.to_dict("records")}
    ranking = comparison.ranking
    ranks = {
        row["scenario"]: row for row in ranking[ranking["weights"] == "any"].to_dict("records")
    }
    heads = ["mean", "first", "last"]
    lines = [
        "Scores, baseline = 50; ranks over all weights of the goals (share of weights that put it "
        "first and last):",
        _line("scenario", goals) + "".join(f"{head:>{RANK_WIDTH}}" for head in heads),
    ]
    ordered = sorted(ranks, key=lambda name: _number(ranks[name]["mean_rank"]))
    apart = [name for name in dict.fromkeys(scores["scenario"]) if name not in ranks]
    for scenario in (*ordered, *apart):
        cells = [_score(rows.get((scenario, goal))) for goal in goals]
        lines.append(_line(scenario, cells) + _rank(ranks.get(scenario)))
    return lines


def _remarks(comparison: Comparison) -> list[str]:
    """Say who is dominated and how many warnings there are."""
    first = comparison.ranking.drop_duplicates("scenario")
    beaten = first[first["is_dominated"].astype(bool)]
    lines = [
        f"{row['scenario']} is beaten on every goal by {row['dominated_by']}"
        for row in beaten.to_dict("records")
    ]
    count = len(comparison.lint)
    lines += [f"{count} warnings about the scenarios; the page lists them"] if count else []
    return ["", *lines] if lines else []


def _change(row: dict[Any, Any] | None) -> str:
    if row is None or math.isnan(_number(row["delta"])):
        return UNKNOWN
    ends = f" ({_signed(row['low'])} … {_signed(row['high'])})"
    mark = MARKS.get(row["verdict"], UNKNOWN)
    return f"{_signed(row['delta'])}{'' if mark == '=' else ends} {mark}"


def _score(row: dict[Any, Any] | None) -> str:
    if row is None or math.isnan(_number(row["score"])):
        return UNKNOWN
    mark = MARKS.get(row["verdict"], UNKNOWN)
    score, low, high = (_points(row[name]) for name in ("score", "low", "high"))
    return f"{score} ({low} … {high}) {mark}"


def _rank(row: dict[Any, Any] | None) -> str:
    if row is None:
        return f"{'no option':>{3 * RANK_WIDTH}}"
    shares = [value for name, value in row.items() if str(name).startswith("rank_")]
    cells = [f"{row['mean_rank']:.1f}", f"{shares[0]:.0%}", f"{shares[-1]:.0%}"]
    return "".join(f"{cell:>{RANK_WIDTH}}" for cell in cells)


def _signed(value: object) -> str:
    """Write a number with its sign; one that is not known as '?'."""
    number = _number(value)
    if math.isnan(number):
        return UNKNOWN
    return f"{number:+,.0f}" if abs(number) >= WHOLE_FROM else f"{number:+.3g}"


def _points(value: object) -> str:
    number = _number(value)
    return UNKNOWN if math.isnan(number) else f"{number:.1f}"


def _line(name: object, cells: list[str]) -> str:
    return f"{name!s:{NAME_WIDTH}}" + "".join(f"{cell:>{CELL_WIDTH}}" for cell in cells)


def _number(value: object) -> float:
    return float(value) if isinstance(value, int | float) else math.nan
