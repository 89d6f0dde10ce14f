"""How a comparison of scenarios reads on the terminal."""

from __future__ import annotations

import math
from collections.abc import Sequence
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
    table = [["scenario", *(title for _, title in known)]]
    for scenario in dict.fromkeys(deltas["scenario"]):
        table.append([scenario, *(_change(rows.get((scenario, name))) for name, _ in known)])
    return [
        "Against the baseline, in brackets 5–95 % of the draws "
        f"({comparison.draws_count} draws, seed {comparison.seed}; ~ no clear change, "
        "= unchanged, ? unknown):",
        *_aligned(table),
    ]


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
    ordered = sorted(ranks, key=lambda name: _number(ranks[name]["mean_rank"]))
    apart = [name for name in dict.fromkeys(scores["scenario"]) if name not in ranks]
    table = [["scenario", *goals, "mean rank", "first", "last"]]
    for scenario in (*ordered, *apart):
        cells = [_score(rows.get((scenario, goal))) for goal in goals]
        table.append([scenario, *cells, *_rank(ranks.get(scenario))])
    return [
        "Scores, baseline = 50; ranks over all weights of the goals (share of weights that put it "
        "first and last):",
        *_aligned(table),
    ]


def _remarks(comparison: Comparison) -> list[str]:
    """Say who is dominated and how many warnings there are."""
    first = comparison.ranking.drop_duplicates("scenario")
    beaten = first[first["is_dominated"].astype(bool)]
    lines = [
        f"{row['scenario']} is on no goal better than {row['dominated_by']}"
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


def _rank(row: dict[Any, Any] | None) -> list[str]:
    if row is None:
        return ["no option", "", ""]
    shares = [value for name, value in row.items() if str(name).startswith("rank_")]
    return [f"{row['mean_rank']:.1f}", f"{shares[0]:.0%}", f"{shares[-1]:.0%}"]


def _signed(value: object) -> str:
    """Write a number with its sign; one that is not known as '?'."""
    number = _number(value)
    if math.isnan(number):
        return UNKNOWN
    if number == 0:
        return "0"
    return f"{number:+,.0f}" if abs(number) >= WHOLE_FROM else f"{number:+.3g}"


def _points(value: object) -> str:
    number = _number(value)
    return UNKNOWN if math.isnan(number) else f"{number:.1f}"


def _aligned(table: Sequence[Sequence[str]]) -> list[str]:
    """Put the first column left, the others right, each as wide as its longest cell."""
    widths = [max(map(len, column)) for column in zip(*table, strict=True)]
    return [
        "  ".join(
            f"{cell:>{width}}" if at else f"{cell:{width}}"
            for at, (cell, width) in enumerate(zip(row, widths, strict=True))
        ).rstrip()
        for row in table
    ]


def _number(value: object) -> float:
    return float(value) if isinstance(value, int | float) else math.nan
