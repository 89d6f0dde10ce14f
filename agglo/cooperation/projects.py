"""Project cards: what a development project meets, costs and does, and what its record lacks."""

from __future__ import annotations

import itertools
import math
from collections.abc import Collection, Mapping, Sequence

import pandas as pd

CRITERIA = ("intermunicipal", "evidence", "cost", "effect", "guards")
"""What a project should meet: it concerns two municipalities or more; a source stands behind it
and it is not merely assumed; its cost is known; its effect on a headline goal is clearly better;
no guard becomes clearly worse."""

YES, NO, UNKNOWN = "yes", "no", "unknown"
GUARDS = ("multi_focus", "environment")
LEAST_CONCERNED_SHARE = 0.01
"""A municipality is concerned where so large a share of its workers gains or loses; a proposal."""

LEAST_JOBS_CHANGE, LEAST_JOBS_SHARE = 1.0, 0.1
"""It is concerned, too, where the jobs within reach change by one or more, and by so large a share
of the change where they change most; a proposal."""

MOST_EFFECTS = 5
"""Of the clear effects so many are written out on a card."""

COSTS = ["cost_low_mln_rub", "cost_mln_rub", "cost_high_mln_rub"]
BENEFIT = "user_benefit"
PER_COST = ["benefit_per_cost_low", "benefit_per_cost", "benefit_per_cost_high"]
ASKED = ("source", "scenario", "cost", "funding", "support")
"""What a record should say of a project."""


def project_cards(
    projects: pd.DataFrame,
    *,
    scores: pd.DataFrame | None = None,
    deltas: pd.DataFrame | None = None,
    money: pd.DataFrame | None = None,
    winners: pd.DataFrame | None = None,
    lint: pd.DataFrame | None = None,
    headline: Collection[str] = (),
    guards: Collection[str] = GUARDS,
) -> pd.DataFrame:
    """Write a card for each project of the register, from what its scenario came to.

    Parameters
    ----------
    projects
        Table 'projects' of a region.
    scores, deltas, money, winners, lint
        Frames of the comparison of scenarios; without one, what it says is unknown.
    headline
        Goals on which a clear effect counts.
    guards
        Goals that must not become clearly worse.

    Returns
    -------
    project_cards
        In order of id: ``project_id``, names, ``level``, ``scenario``, ``funding``, ``support``,
        ``source``, ``status``, the cost (low, middle, high, mln RUB); ``meets_X`` for each of
        ``CRITERIA`` ('yes', 'no', 'unknown') and ``met_count``; ``concerned`` (ids of the
        municipalities, comma); ``effect`` (clear changes in natural units);
        ``benefit_per_cost`` (low, middle, high): user benefit of a year over the cost, all
        corners, ``nan`` without both; ``remarks_count`` (remarks of the lint); ``missing``
        (what the record lacks, comma: ``ASKED``, and 'result' where the scenario was not run).
    """
    frames = {
        "scores": scores, "deltas": deltas, "money": money, "winners": winners, "lint": lint
    }  # fmt: skip
    cards = []
    for _, row in projects.sort_values("project_id").iterrows():
        own = {name: _of(frame, _text(row.get("scenario"))) for name, frame in frames.items()}
        cards.append(_card(row, own, headline, guards))
    return pd.DataFrame(cards, columns=card_columns())


def card_columns() -> list[str]:
    """Name the columns of the cards."""
    return [
        "project_id", "name_ru", "name_en", "level", "scenario", "funding", "support", "source",
        "status", *COSTS, *(f"meets_{name}" for name in CRITERIA), "met_count", "concerned",
        "effect", *PER_COST, "remarks_count", "missing",
    ]  # fmt: skip


def known_share(projects: pd.DataFrame, what: str) -> float:
    """Share of the projects whose record says something, one of ``ASKED``; ``nan`` for none."""
    if projects.empty:
        return float("nan")
    has = [_has(row, what) for _, row in projects.iterrows()]
    return sum(has) / len(has)


def unfunded_mln_rub(projects: pd.DataFrame) -> float:
    """Cost of the projects for which no funding is named: the gap as far as costs are known.

    Returns
    -------
    unfunded_mln_rub
        Mln RUB; ``nan`` where no project without funding has a cost, 0 where all have funding.
    """
    if projects.empty:
        return float("nan")
    without = [row for _, row in projects.iterrows() if not _has(row, "funding")]
    costs = [float(row["cost_mln_rub"]) for row in without if _has_cost(row)]
    return math.fsum(costs) if costs or not without else float("nan")


def _card(
    row: pd.Series,
    own: Mapping[str, pd.DataFrame],
    headline: Collection[str],
    guards: Collection[str],
) -> dict[str, object]:
    """Write one card from the record of a project and the rows of its scenario."""
    concerned = _concerned(own["winners"])
    meets = {
        "intermunicipal": _said(own["winners"], len(concerned) > 1),
        "evidence": YES if _has(row, "source") and row["status"] != "assumed" else NO,
        "cost": YES if _has_cost(row) else NO,
        "effect": _effective(own["scores"], headline),
        "guards": _guarded(own["scores"], guards),
    }
    return {
        **_about(row),
        **{f"meets_{name}": meets[name] for name in CRITERIA},
        "met_count": sum(answer == YES for answer in meets.values()),
        "concerned": ", ".join(concerned),
        "effect": _effect(own["deltas"]),
        **dict(zip(PER_COST, _per_cost(row, own["money"]), strict=True)),
        "remarks_count": len(own["lint"]),
        "missing": ", ".join(_missing(row, own["scores"])),
    }


def _of(frame: pd.DataFrame | None, scenario: str) -> pd.DataFrame:
    """Return the rows of a scenario; none where it has none, or the frame is not at hand."""
    if frame is None or not scenario or "scenario" not in frame:
        return pd.DataFrame()
    return frame[frame["scenario"] == scenario]


def _said(frame: pd.DataFrame, is_met: bool) -> str:
    """Answer a question, if there is anything to tell from."""
    if frame.empty:
        return UNKNOWN
    return YES if is_met else NO


def _goals(scores: pd.DataFrame, goals: Collection[str]) -> pd.DataFrame:
    if scores.empty:
        return scores
    known = scores["goal"].isin(list(goals)) & (scores["verdict"] != UNKNOWN)
    return scores[known]


def _effective(scores: pd.DataFrame, headline: Collection[str]) -> str:
    known = _goals(scores, headline)
    return _said(known, len(known) > 0 and bool((known["verdict"] == "better").any()))


def _guarded(scores: pd.DataFrame, guards: Collection[str]) -> str:
    """Say whether no guard becomes worse; a guard of which nothing is known leaves it open."""
    known = _goals(scores, guards)
    if len(known) and (known["verdict"] == "worse").any():
        return NO
    is_whole = len(known) and set(guards) <= set(known["goal"])
    return YES if is_whole else UNKNOWN


def _concerned(winners: pd.DataFrame) -> list[str]:
    """Name the municipalities of which enough workers gain or lose, or reach other jobs."""
    if winners.empty:
        return []
    rows = winners[(winners["group"] == "municipality") & (winners["place_id"] != "")]
    moved = rows["gain_count"] + rows["lose_count"]
    is_concerned = (moved > 0) & (moved >= LEAST_CONCERNED_SHARE * rows["people_count"])
    jobs = rows["jobs_change"].abs().fillna(0.0)
    is_concerned |= (jobs >= LEAST_JOBS_CHANGE) & (jobs >= LEAST_JOBS_SHARE * jobs.max())
    return sorted(rows.loc[is_concerned, "place_id"].astype(str))


def _effect(deltas: pd.DataFrame) -> str:
    """Write out the clear changes: better ones first, then worse, in order of the frame."""
    if deltas.empty:
        return ""
    rows = pd.concat([deltas[deltas["verdict"] == verdict] for verdict in ("better", "worse")])
    return "; ".join(
        f"{row['indicator']} {row['delta']:+.4g} {row['unit']} "
        f"({row['low']:+.4g} … {row['high']:+.4g})"
        for _, row in rows.head(MOST_EFFECTS).iterrows()
    )


def _per_cost(row: pd.Series, money: pd.DataFrame) -> tuple[float, float, float]:
    """User benefit of a year over the cost; the interval holds all corners of both."""
    none = (math.nan, math.nan, math.nan)
    if money.empty or not _has_cost(row):
        return none
    found = money[money["effect"] == BENEFIT]
    if found.empty:
        return none
    benefit = [float(found.iloc[0][f"{end}_mln_rub"]) for end in ("low", "mid", "high")]
    middle = float(row["cost_mln_rub"])
    costs = [middle if pd.isna(row[name]) else float(row[name]) for name in COSTS]
    if not min(costs) > 0 or any(math.isnan(value) for value in benefit):
        return none
    corners = [value / cost for value, cost in itertools.product(benefit, costs)]
    return min(corners), benefit[1] / middle, max(corners)


def _about(row: pd.Series) -> dict[str, object]:
    texts = (
        "project_id", "name_ru", "name_en", "level", "scenario", "funding", "support", "source",
        "status",
    )  # fmt: skip
    costs = {name: float(row[name]) if pd.notna(row.get(name)) else math.nan for name in COSTS}
    return {**{name: _text(row.get(name)) for name in texts}, **costs}


def _missing(row: pd.Series, scores: pd.DataFrame) -> Sequence[str]:
    lacks = [name for name in ASKED if not _has(row, name)]
    if _has(row, "scenario") and scores.empty:
        lacks.append("result")
    return lacks


def _has(row: pd.Series, what: str) -> bool:
    return _has_cost(row) if what == "cost" else bool(_text(row.get(what)))


def _has_cost(row: pd.Series) -> bool:
    return bool(pd.notna(row.get("cost_mln_rub")))


def _text(value: object) -> str:
    """Return a text; '' for what is absent."""
    return value.strip() if isinstance(value, str) else ""
