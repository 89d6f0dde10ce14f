"""A small run with a comparison that was made up, so that every figure on the page is known."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

import numpy as np
import pandas as pd

from agglo.comparison import Comparison
from agglo.maps.page import page_from_results
from agglo.run import Result, run
from agglo.scenarios.scenario import Measure, Scenario
from agglo.scoring.goals import Anchor, Goal
from agglo.scoring.uncertainty import Uncertainty
from agglo.territory.firmness import Spreads
from tests.drawn import tables_of_run, theme_and_words
from tests.worlds import goals, grid, workspace_of, write_scenario

ATTACK = "</script><b>Ж'\"&"
TITLES = {"faster": "Быстрая дорога", "trains": ATTACK, "package": "Пакет из двух мер"}
OPTIONS = ("baseline", "faster", "trains", "package")
SHOCK, PACKAGE, CONTRAST = "closed", "package", "trains"
GOALS = ("labour_mobility", "infrastructure_connectivity", "multi_focus", "environment")
HEADLINE, GUARDS = GOALS[:2], GOALS[2:]
KEY = ("jobs_by_decay", "minutes_per_worker_day", "unserved_count")
REST = ("jobs_per_worker", "outside_workers_share")
REASON = "no data: sector_jobs, wages"

INDICATORS = {
    "jobs_by_decay": ("labour_mobility", "jobs", 1, 102_525.0),
    "minutes_per_worker_day": ("labour_mobility", "min/day", -1, 54.321),
    "unserved_count": ("infrastructure_connectivity", "persons", -1, np.nan),
    "jobs_per_worker": ("labour_mobility", "jobs per worker", 1, 0.871),
    "outside_workers_share": ("labour_mobility", "share", 0, 0.234),
}
CHANGES = {
    "jobs_by_decay": (2525.5, 1200.0, 3900.0, "better"),
    "minutes_per_worker_day": (1.25, 0.5, 2.125, "worse"),
    "unserved_count": (np.nan, np.nan, np.nan, "unknown"),
    "jobs_per_worker": (0.0125, -0.0375, 0.0625, "no clear change"),
    "outside_workers_share": (-0.0155, -0.0225, -0.0085, "changed"),
}
"""Of the first scenario; those after it change half as much, a third …"""

SCORES = {
    "labour_mobility": (61.5, 55.25, 68.75, "better"),
    "infrastructure_connectivity": (49.5, 44.5, 53.5, "no clear change"),
    "multi_focus": (43.25, 38.25, 47.75, "worse"),
    "environment": (np.nan, np.nan, np.nan, "unknown"),
}
RANKS = {
    "baseline": (0.0, 0.015, 0.985, 0.0),
    "faster": (0.625, 0.373, 0.002, 0.0),
    "trains": (0.0, 0.0, 0.0, 1.0),
    "package": (0.375, 0.612, 0.013, 0.0),
}
DOMINATED = {"trains": "faster, package"}
OVERALL = {"baseline": 50.0, "faster": 56.4, "trains": 47.3, "package": 55.2}
ASSUMPTIONS = (
    ("decay_per_min", 0.045, 0.08, 58.5, 64.25),
    ("headways", -1.0, 1.0, 63.0, 60.125),
    ("telework_share", 0.025, 0.125, 61.25, 61.75),
)
TURNS = (
    ("baseline", "labour_mobility", "decay_per_min", 0.0625, "above"),
    ("baseline", "labour_mobility", "headways", 0.5, "below"),
    ("baseline", "labour_mobility", "telework_share", np.nan, "always"),
    ("package", "", "multi_focus", 0.375, "below"),
)
SHARES = {"faster": (9.5, 7.75, 0.25), "trains": (2.5, 0.75, 0.5)}
WHOLE = (12.0, 8.5, -3.5)
PLACES = {
    "m0": (1200.0, 700.0, 0.0, 500.0, -2.25, 840.0, 61_500.0),
    "m1": (800.0, 0.0, 350.0, 450.0, 0.75, -120.0, 54_250.0),
    "m2": (300.0, 0.0, 0.0, 300.0, np.nan, np.nan, np.nan),
}
WAGES = {"low": (900.0, 100.0, 250.0, 550.0, 0.25, 35.0, 52_000.0),
         "high": (1400.0, 600.0, 100.0, 700.0, -1.5, 420.0, 63_000.0)}  # fmt: skip
MONEY = {"agglomeration": (35.5, 94.0, 187.5), "user_benefit": (-12.5, 41.25, 96.5)}


def four_goals() -> tuple[Goal, ...]:
    """Two headline goals and two guards."""
    labour, focus = goals()
    anchor = Anchor(indicator="jobs_within_45_min_car", weight=1, target_ratio=1.2)
    names = {"infrastructure_connectivity": "Связность", "environment": "Природа"}
    more = {
        key: Goal(
            id=key,
            name_ru=name,
            name_en=key.split("_")[0].capitalize(),
            headline=key in HEADLINE,
            anchors=(anchor,),
        )
        for key, name in names.items()
    }
    return (labour, more[GOALS[1]], focus, more[GOALS[3]])


def compared_run(folder: Path) -> list[Result]:
    """Run the baseline, two scenarios, a package of them and a shock; one is but a contrast."""
    # what is drawn is made up below
    workspace = replace(
        workspace_of(grid(3), folder),
        uncertainty=Uncertainty(draws_count=1),
        spreads=Spreads(draws_count=1),
    )
    write_scenario(folder, "faster", _speed("c00_c10"))
    write_scenario(folder, "trains", _speed("c00_c01"))
    write_scenario(folder, PACKAGE, _speed("c00_c10") + _speed("c00_c01"))
    write_scenario(folder, SHOCK, '[[change]]\ndo = "close_link"\nlink = ["c00_c01"]\n',
                   top='horizon = "day"\n')  # fmt: skip
    results = {one.scenario.name: one for one in run(workspace)}
    order = [*OPTIONS, SHOCK]
    return [_told(results[name], _about(results[name].scenario, results)) for name in order]


def _speed(link: str) -> str:
    return f'[[change]]\ndo = "set_speed"\nlink = ["{link}"]\nspeed_kmh = 90\n'


def _about(scenario: Scenario, results: dict[str, Result]) -> Scenario:
    """Give a scenario a title, a cost, measures."""
    own = {"title_ru": TITLES.get(scenario.name, scenario.title_ru)}
    if scenario.name == "faster":
        own |= {"cost_mln_rub": (100.0, 250.0, 1400.0), "cost_source": "смета Ж\"'"}
    if scenario.name == PACKAGE:
        parts = {name: results[name].scenario for name in ("faster", "trains")}
        own["measures"] = tuple(
            Measure(name=name, title=one.title, title_ru=TITLES[name], steps=(step,))
            for (name, one), step in zip(parts.items(), scenario.steps, strict=True)
        )
    return replace(scenario, is_contrast=scenario.name == CONTRAST, **own)


def _told(result: Result, scenario: Scenario) -> Result:
    """Give a result a score for every goal and people whom it concerns."""
    scores = scores_of(scenario.name).drop(columns="scenario")
    people = 1234.0 if scenario.name == "faster" else np.nan
    return replace(
        result,
        scenario=scenario,
        scores=scores,
        receipts=result.receipts.assign(people_count=people),
    )


def scores_of(scenario: str) -> pd.DataFrame:
    """Scores of one scenario by goal."""
    rows = [
        (scenario, goal, *((50.0, 50.0, 50.0, "unchanged") if scenario == "baseline" else one))
        for goal, one in SCORES.items()
    ]
    return pd.DataFrame(rows, columns=["scenario", "goal", "score", "low", "high", "verdict"])


def comparison_of(results: Sequence[Result]) -> Comparison:
    """Make a comparison up, the same on each call."""
    names = [one.scenario.name for one in results]
    changed = [name for name in names if name != "baseline"]
    return Comparison(
        deltas=_deltas(changed),
        scores=pd.concat([scores_of(name) for name in names], ignore_index=True),
        ranking=_ranking(),
        tornado=_tornado(changed),
        break_even=pd.DataFrame(
            [("faster", *one) for one in TURNS],
            columns=["scenario", "other", "goal", "what", "value", "side"],
        ),
        attribution=_attribution(),
        winners=_winners(changed),
        money=_money(),
        lint=pd.DataFrame(
            [("faster", 1, "", "cost", f"costly {ATTACK}", f"дорого {ATTACK}")],
            columns=["scenario", "change", "measure", "rule", "text_en", "text_ru"],
        ),
        cards=_cards(),
        coverage=pd.DataFrame(
            [
                (name, 0.0 if name == "unserved_count" else 0.625 if at else 1.0,
                 REASON if name == "unserved_count" else "")
                for at, name in enumerate(INDICATORS)
            ],
            columns=["indicator", "covered_share", "reason"],
        ),
        draws_count=1000,
        seed=7,
    )  # fmt: skip


def _deltas(names: Sequence[str]) -> pd.DataFrame:
    rows = []
    for number, scenario in enumerate(names, 1):
        for name, (goal, unit, better, base) in INDICATORS.items():
            *ends, verdict = CHANGES[name]
            delta, low, high = (end / number for end in ends)
            rows.append((scenario, name, goal, unit, better, base, base + delta, delta, low, high,
                         verdict, "modelled" if better else "assumed"))  # fmt: skip
    columns = ["scenario", "indicator", "goal", "unit", "better", "baseline", "value", "delta",
               "low", "high", "verdict", "status"]  # fmt: skip
    return pd.DataFrame(rows, columns=columns)


def _ranking() -> pd.DataFrame:
    rows = []
    for weights in ("any", "equal", "small_towns"):
        for name, shares in RANKS.items():
            overall = np.nan if weights == "any" else OVERALL[name] - (weights != "equal") * 1.5
            mean = sum(place * share for place, share in enumerate(shares, 1))
            rows.append((name, name in DOMINATED, DOMINATED.get(name, ""), weights, mean,
                         shares[0], overall, *shares))  # fmt: skip
    columns = ["scenario", "is_dominated", "dominated_by", "weights", "mean_rank", "best_share",
               "overall", *(f"rank_{place}_share" for place in (1, 2, 3, 4))]  # fmt: skip
    return pd.DataFrame(rows, columns=columns)


def _tornado(names: Sequence[str]) -> pd.DataFrame:
    rows = [
        (scenario, goal, name, low, high, score_low, score_high, abs(score_high - score_low))
        for scenario in names
        for goal in GOALS[:3]
        for name, low, high, score_low, score_high in ASSUMPTIONS
    ]
    columns = ["scenario", "goal", "assumption", "low_value", "high_value", "score_low",
               "score_high", "swing"]  # fmt: skip
    return pd.DataFrame(rows, columns=columns)


def _attribution() -> pd.DataFrame:
    rows = []
    for target, factor in (("labour_mobility", 1.0), ("minutes_per_worker_day", -0.1)):
        for name, (alone, share, error) in SHARES.items():
            rows.append((PACKAGE, name, target, factor * alone, factor * share,
                         abs(factor) * error, np.nan))  # fmt: skip
        alone, share, interaction = (factor * one for one in WHOLE)
        rows.append((PACKAGE, "", target, alone, share, 0.0, interaction))
    columns = ["scenario", "measure", "target", "alone", "shapley", "error", "interaction"]
    return pd.DataFrame(rows, columns=columns)


def _winners(names: Sequence[str]) -> pd.DataFrame:
    groups = {"municipality": PLACES, "zone": {"c00": PLACES["m0"]}, "wage": WAGES}
    rows = [
        (scenario, group, place, *values)
        for scenario in names
        for group, places in groups.items()
        for place, values in places.items()
    ]
    columns = ["scenario", "group", "place_id", "people_count", "gain_count", "lose_count",
               "same_count", "change_min", "jobs_change", "wage_rub"]  # fmt: skip
    return pd.DataFrame(rows, columns=columns)


def _money() -> pd.DataFrame:
    rows = [
        ("faster", effect, *ends, "assumed", f"a note {ATTACK}", f"пометка {ATTACK}")
        for effect, ends in MONEY.items()
    ]
    more = (f"a note {ATTACK}; one more", f"пометка {ATTACK}; ещё одна")
    rows.append(("trains", "agglomeration", 1.5, 2.5, 3.75, "assumed", *more))
    rows.append((SHOCK, "agglomeration", *[np.nan] * 3, "assumed", "a day", "один день"))
    columns = ["scenario", "effect", "low_mln_rub", "mid_mln_rub", "high_mln_rub", "status",
               "note", "note_ru"]  # fmt: skip
    return pd.DataFrame(rows, columns=columns)


def _cards() -> pd.DataFrame:
    meets = {"intermunicipal": "yes", "evidence": "no", "cost": "yes", "effect": "yes",
             "guards": "unknown"}  # fmt: skip
    known = {
        "project_id": "p1", "name_ru": f"Проект {ATTACK}", "name_en": "A project",
        "level": "federal", "scenario": "faster", "funding": "", "support": "a programme",
        "source": "a book", "status": "observed", "cost_low_mln_rub": 100.0,
        "cost_mln_rub": 250.0, "cost_high_mln_rub": 1400.0,
        **{f"meets_{key}": answer for key, answer in meets.items()}, "met_count": 3,
        "concerned": "m0, m1", "effect": "jobs_by_decay +2526 jobs (+1200 … +3900)",
        "benefit_per_cost_low": -0.125, "benefit_per_cost": 0.165, "benefit_per_cost_high": 0.965,
        "remarks_count": 1, "missing": "funding",
    }  # fmt: skip
    costs = [key for key in known if "cost" in key and not key.startswith("meets")]
    unknown = {**known, "project_id": "p2", "name_ru": "Без цены", "scenario": "",
               "concerned": "", "effect": "", "meets_cost": "no",
               **dict.fromkeys(costs, np.nan)}  # fmt: skip
    return pd.DataFrame([known, unknown])


def compared_page(results: Sequence[Result], comparison: Comparison | None) -> str:
    """Make the page of results and their comparison."""
    theme, words = theme_and_words()
    theme = replace(theme, key=KEY)
    tables = tables_of_run(results)
    return page_from_results(results, tables, four_goals(), theme, words, comparison=comparison)
