"""Compares the results of a run: changes, scores, ranking, what moves them, whom they concern."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from itertools import pairwise

import numpy as np
import pandas as pd

from agglo.cooperation.projects import project_cards
from agglo.draws import CENTRAL, GROUPS, central_rows
from agglo.indicators.measures import WHOLE
from agglo.indicators.money import money_effects
from agglo.indicators.registry import INDICATORS, values_of
from agglo.indicators.winners import winners
from agglo.run import Result, check_comparable
from agglo.scenarios.files import BASELINE
from agglo.scoring.acceptability import rank_acceptability
from agglo.scoring.attribution import attribution
from agglo.scoring.break_even import assumption_break_even, weight_break_even
from agglo.scoring.dominance import dominance, dominance_shares
from agglo.scoring.goals import Goal, drawn_goal_scores
from agglo.scoring.intervals import deltas
from agglo.scoring.sensitivity import tornado
from agglo.scoring.weights import ANY_WEIGHTS, WeightSet, weighted_ranking
from agglo.uncertain_runs import MONEY, package_circles, shown_indicators
from agglo.workspace import Workspace

FIRM_SHARE = 0.95
"""Who dominates only in fewer draws does not count."""

SAME_POINTS = 1e-9
"""Points of score that are rounding."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Comparison:
    """What the scenarios of a run come to beside each other (columns: docs/scenarios.md)."""

    deltas: pd.DataFrame
    scores: pd.DataFrame
    ranking: pd.DataFrame
    tornado: pd.DataFrame
    break_even: pd.DataFrame
    attribution: pd.DataFrame
    winners: pd.DataFrame
    money: pd.DataFrame
    lint: pd.DataFrame
    cards: pd.DataFrame
    coverage: pd.DataFrame
    draws_count: int
    seed: int
    weight_sets: tuple[WeightSet, ...] = ()


def compare(workspace: Workspace, results: Sequence[Result]) -> Comparison:
    """Compare scenarios that were run on one workspace.

    Raises
    ------
    CompareError
        If the results stand on different inputs.
    """
    check_comparable(results)
    base = next(one for one in results if one.scenario.name == BASELINE)
    names = list(shown_indicators(workspace))
    values = _joined({one.scenario.name: one.drawn[names] for one in results}, "draw")
    central = central_rows(values)
    drawn_scores = drawn_goal_scores(values, workspace.goals)
    scores = central_rows(drawn_scores)
    ends = _scores_at_ends(workspace, results, scores)
    changes = deltas(values, central, _facts(names, results), baseline=BASELINE)
    all_scores = pd.concat([one.scores for one in results], ignore_index=True)
    lint = pd.concat([one.lint for one in results], ignore_index=True)
    money = _money(workspace, base, results)
    gains = pd.concat(
        [
            winners(one.case, base.case, scenario=one.scenario.name)
            for one in results
            if one is not base
        ]
        or [pd.DataFrame(columns=["scenario", "group", "place_id"])],
        ignore_index=True,
    )
    headline = [goal.id for goal in workspace.goals if goal.headline]
    return Comparison(
        deltas=changes,
        scores=all_scores,
        ranking=_ranking(workspace, results, scores, drawn_scores),
        tornado=_swings(ends, scores),
        break_even=_break_even(workspace, results, scores, ends),
        attribution=_attribution(workspace, results),
        winners=gains,
        money=money,
        lint=lint,
        cards=project_cards(
            base.case.region["projects"],
            scores=all_scores,
            deltas=changes,
            money=money,
            winners=gains,
            lint=lint,
            headline=headline,
        ),
        coverage=coverage(base, names),
        draws_count=workspace.uncertainty.draws_count,
        seed=workspace.uncertainty.seed,
        weight_sets=weight_sets(workspace),
    )


def options(results: Sequence[Result]) -> list[str]:
    """Name the scenarios that can be chosen: a shock of a day is none."""
    return [one.scenario.name for one in results if not one.scenario.is_shock]


def coverage(baseline: Result, names: Sequence[str]) -> pd.DataFrame:
    """Say for how much of the region indicators are known on the baseline.

    Returns
    -------
    coverage
        ``indicator``, ``covered_share`` (of the resident workers of the zones that have a value;
        0 or 1 for one that has none by zone) and ``reason``: tables that are empty, if it is 0.
    """
    case = baseline.case
    workers = case.region["zones"].loc[case.inside, "workers_count"]
    rows = []
    for name, own in values_of(case, names).items():
        known = own.dropna()
        zones = workers.index.intersection(known.index)
        share = float(WHOLE in known.index)
        if share and len(zones) and workers.sum() > 0:
            share = float(workers[zones].sum() / workers.sum())
        empty = [table for table in INDICATORS[name].tables if case.region[table].empty]
        reason = "" if share else f"no data: {', '.join(empty) or 'nothing to measure it by'}"
        rows.append((name, share, reason))
    return pd.DataFrame(rows, columns=["indicator", "covered_share", "reason"])


def _facts(names: Sequence[str], results: Sequence[Result]) -> pd.DataFrame:
    """Goal, unit, direction and weakest status of indicators, index indicator."""
    status = results[-1].indicators.drop_duplicates("indicator").set_index("indicator")["status"]
    return pd.DataFrame(
        [(INDICATORS[name].goal, INDICATORS[name].unit, INDICATORS[name].better) for name in names],
        index=pd.Index(list(names), name="indicator"),
        columns=["goal", "unit", "better"],
    ).assign(status=status.reindex(list(names)).fillna("assumed"))


def _joined(frames: Mapping[str, pd.DataFrame], name: str) -> pd.DataFrame:
    """Join frames by scenario under an index (``name``, scenario), draw by draw."""
    both = pd.concat(frames, names=["scenario", name]).swaplevel()
    order = [(row, scenario) for row in next(iter(frames.values())).index for scenario in frames]
    return both.loc[order]


def _scores_at_ends(
    workspace: Workspace, results: Sequence[Result], scores: pd.DataFrame
) -> pd.DataFrame:
    """Score all scenarios with each assumption at its ends, and at its value between them."""
    names = list(shown_indicators(workspace))
    labels = list(results[0].ended.index)
    numbered = {
        one.scenario.name: one.ended[names].set_axis(pd.RangeIndex(len(labels))) for one in results
    }
    found = drawn_goal_scores(_joined(numbered, "draw"), workspace.goals)
    long = _long_scores(found)
    long["assumption"] = [labels[number][0] for number in long["draw"]]
    long["end"] = [labels[number][1] for number in long["draw"]]
    middle = _long_scores(scores)
    rows = [long.drop(columns="draw")]
    for name in dict.fromkeys(label[0] for label in labels):
        rows.append(middle.assign(assumption=name, end="value"))
    both = pd.concat(rows, ignore_index=True)
    both["value"] = [
        _end_value(workspace, name, end)
        for name, end in zip(both["assumption"], both["end"], strict=True)
    ]
    return both[["scenario", "goal", "assumption", "end", "value", "score"]]


def _long_scores(scores: pd.DataFrame) -> pd.DataFrame:
    """Write scores out in one column, row by row; columns of the index, ``goal``, ``score``."""
    keys = list(scores.index.names)
    return scores.reset_index().melt(id_vars=keys, var_name="goal", value_name="score")


def _swings(ends: pd.DataFrame, scores: pd.DataFrame) -> pd.DataFrame:
    """Say how far each assumption alone moves the scores of scenarios; what moves none is left."""
    own = ends[(ends["end"] != "value") & (ends["scenario"] != BASELINE)]
    found = tornado(own, scores)
    return found[found["swing"] > 0].reset_index(drop=True)


def _end_value(workspace: Workspace, name: str, end: str) -> float:
    """Return the value of an assumption at an end; groups run from −1 over 0 to 1."""
    if name in GROUPS:
        return {"low": -1.0, "value": 0.0, "high": 1.0}[end]
    return float(getattr(workspace.assumptions[name], end))


def _ranking(
    workspace: Workspace,
    results: Sequence[Result],
    scores: pd.DataFrame,
    drawn_scores: pd.DataFrame,
) -> pd.DataFrame:
    """Rank what can be chosen: dominance, any weights, weights of groups of people."""
    names = options(results)
    own = scores.loc[names]
    drawn = drawn_scores[drawn_scores.index.get_level_values("scenario").isin(names)]
    is_drawn = workspace.uncertainty.draws_count > 0
    over_any = rank_acceptability(
        drawn if is_drawn else own,
        seed=workspace.uncertainty.seed,
        weights_count=workspace.uncertainty.weights_count,
    ).ranks.assign(weights=ANY_WEIGHTS, overall=np.nan)
    sets = weighted_ranking(own, weight_sets(workspace), drawn_scores=drawn if is_drawn else None)
    both = pd.concat([over_any, sets], ignore_index=True)
    first = ["scenario", "is_dominated", "dominated_by", "weights", "mean_rank", "best_share"]
    table = both.merge(_dominated(own, drawn), on="scenario", how="left")
    return table[[*first, *(column for column in table.columns if column not in first)]]


def _dominated(scores: pd.DataFrame, drawn_scores: pd.DataFrame) -> pd.DataFrame:
    """Say who is dominated with central values, and still so in nearly all draws."""
    found = dominance(scores, tolerance=SAME_POINTS)
    shares = dominance_shares(drawn_scores, tolerance=SAME_POINTS)
    names = [
        [
            one
            for one in filter(None, listed.split(", "))
            if not shares.loc[one, scenario] < FIRM_SHARE
        ]
        for scenario, listed in zip(found["scenario"], found["dominated_by"], strict=True)
    ]
    return found.assign(
        is_dominated=[bool(own) for own in names],
        dominated_by=[", ".join(own) for own in names],
    )


def weight_sets(workspace: Workspace) -> tuple[WeightSet, ...]:
    """Return the weight sets of the settings; without any all goals weigh alike."""
    if workspace.weight_sets:
        return workspace.weight_sets
    return (
        WeightSet(
            id="equal",
            name_ru="Все цели поровну",
            name_en="All goals alike",
            weights=dict.fromkeys((goal.id for goal in workspace.goals), 1.0),
        ),
    )


def _break_even(
    workspace: Workspace,
    results: Sequence[Result],
    scores: pd.DataFrame,
    ends: pd.DataFrame,
) -> pd.DataFrame:
    """Find what turns a scenario's gain into a loss, and the order of neighbours in the ranking.

    What turns nothing within its range is left out.
    """
    names = options(results)
    own = scores.loc[names].dropna(axis=1, how="any")
    table = ends[["scenario", "goal", "assumption", "value", "score"]]
    table = table[table["scenario"].isin(names)]
    against_base = [(name, BASELINE) for name in names if name != BASELINE]
    pieces = [assumption_break_even(table, against_base)]
    share = weight_sets(workspace)[0].over([str(goal) for goal in own.columns])
    if own.shape[1] and share.notna().all():
        overall = (own * share).sum(axis=1).sort_values(ascending=False, kind="stable")
        shares = {str(goal): float(weight) for goal, weight in share.items()}
        pieces.append(weight_break_even(own, shares, list(pairwise(map(str, overall.index)))))
    found = pd.concat(pieces, ignore_index=True)
    # at weight 0 or 1 nothing turns: two that a goal alone cannot tell apart
    is_turn = found["value"].notna() & (
        (found["goal"] != "") | found["value"].between(0, 1, "neither")
    )
    return found[is_turn].reset_index(drop=True)


def _attribution(workspace: Workspace, results: Sequence[Result]) -> pd.DataFrame:
    """Share the effect of every package among its measures."""
    pieces = []
    for one in results:
        if one.coalitions.empty:
            continue
        effects = coalition_effects(one.coalitions, workspace.goals)
        circles = package_circles([measure.name for measure in one.scenario.measures])
        found = {
            frozenset(filter(None, str(name).split("+"))): effects.loc[name]
            for name in effects.index
        }
        pieces.append(attribution(one.scenario.name, found, circles=circles))
    columns = ["scenario", "measure", "target", "alone", "shapley", "error", "interaction"]
    return pd.concat(pieces, ignore_index=True) if pieces else pd.DataFrame(columns=columns)


def coalition_effects(values: pd.DataFrame, goals: Sequence[Goal]) -> pd.DataFrame:
    """Return what parts of a package change: indicators against the baseline, scores against 50.

    Parameters
    ----------
    values
        Index measures joined with '+', '' for the baseline; columns indicators.

    Returns
    -------
    coalition_effects
        The same index; columns goals, then the indicators.
    """
    named = values.rename(index={"": BASELINE})
    index = pd.MultiIndex.from_product([[0], named.index], names=["draw", "scenario"])
    scores = drawn_goal_scores(named.set_axis(index), goals).set_axis(values.index)
    changes = values - values.loc[""]
    return pd.concat([scores - scores.loc[""], changes], axis=1)


def _money(workspace: Workspace, base: Result, results: Sequence[Result]) -> pd.DataFrame:
    pieces = []
    for one in results:
        if one is base:
            continue
        columns = [name for name in one.drawn.columns if name.startswith(MONEY)]
        drawn = one.drawn.loc[one.drawn.index != CENTRAL, columns]
        pieces.append(
            money_effects(
                one.case,
                base.case,
                assumptions=workspace.assumptions,
                scenario=one.scenario.name,
                horizon=one.scenario.horizon,
                drawn=drawn.dropna().rename(columns=lambda name: str(name).removeprefix(MONEY)),
            )
        )
    return pd.concat(pieces, ignore_index=True) if pieces else pd.DataFrame(columns=["scenario"])
