"""A run of a small world whose portrait was made up, so that every word of it is known."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

import numpy as np
import pandas as pd

from agglo.portrait import Portrait
from agglo.run import Result

ATTACK = "</script><script>window.hacked=1</script>"

READINGS = {
    "baseline": {
        "population": ("no_hypertrophy", 0.9, "monocentric", -1.4, "monocentric", 3.0),
        "jobs": ("hypertrophy", 1.6, "polycentric", -0.8, "polycentric", 1.5),
        "inflows": ("not_defined", np.nan, "not_defined", np.nan, "monocentric", np.inf),
    },
    "faster": {
        "population": ("no_hypertrophy", 0.9, "monocentric", -1.4, "monocentric", 3.0),
        "jobs": ("no_hypertrophy", 1.1, "polycentric", -0.8, "polycentric", 1.5),
        "inflows": ("not_defined", np.nan, "not_defined", np.nan, "monocentric", np.inf),
    },
}
"""By scenario and subject: verdict and value of the core's share, the slope, the two cities."""

STATUS = {"population": "observed", "jobs": "assumed", "inflows": "modelled"}
ORDER = {
    "baseline": {
        "c00": (0.05, 0.5, "c00 → away", "second_order"),
        "c01": (0.2, 0.1, "c01 → away", "first_order"),
        "c02": (0.01, 0.02, "c02", "independent"),
        "c10": (np.nan, np.nan, "c10", "unknown"),
        "all": (0.06, 0.4, "c00 → away", "second_order"),
    },
    "faster": {
        "c00": (0.05, 0.5, "c00 → away", "second_order"),
        "c01": (0.2, 0.1, "c01 → away", "first_order"),
        "c02": (0.16, 0.02, "c02", "first_order"),
        "c10": (np.nan, np.nan, "c10", "unknown"),
        "all": (0.15, 0.4, "c00", "second_order"),
    },
}
"""By scenario and zone: share to the larger core, to the own one, chain and verdict."""

CLAIMS = (
    ("equal", "s1", "Равны", "Equal", "core_rest_ratio_between", "", "holds", 1.1, 0.8, 1.25,
     "", "", ""),
    ("order", "s2", "Порядок", "Order", "order_is", "", "does_not_hold", 0.05, np.nan, np.nan,
     "", "", "independent; c00"),
    ("equal_again", "s1", "Равны", "Equal", "core_rest_ratio_between", "", "does_not_hold", 1.5,
     0.8, 1.25, "", "", ""),
    ("grown", "s3", "Растут", "Grow", "growth_except", "", "does_not_hold", 0.125, np.nan, np.nan,
     "m0;c01", "", "m0 +12.50%"),
    ("developed", "s4", "Развита", "Developed", "development_between", "satellites_only",
     "does_not_hold", 0.7, 5.0, np.nan, "", "", "undeveloped"),
    ("absent", "s5", "Есть", "Exists", "population_between", "", "cannot_be_tested", np.nan, 5.0,
     np.nan, "", "no_figure", "c01 2019"),
)  # fmt: skip
"""Claim, statement, wording, test, measure, verdict, figure, limits, contrary, reason, note."""


def with_portraits(results: Sequence[Result], *, said: str = "a book") -> list[Result]:
    """Give results the portraits made up here."""
    return [_with_portrait(one, said) for one in results]


def bare(results: Sequence[Result]) -> list[Result]:
    """Give results portraits of a region without outside places and claims."""
    return [
        replace(
            one, portrait=replace(one.portrait, order=pd.DataFrame(), claims=pd.DataFrame())
        )
        for one in results
    ]  # fmt: skip


def _with_portrait(result: Result, said: str) -> Result:
    name = result.scenario.name
    claims = _claims(said) if name == "baseline" else pd.DataFrame()
    own = Portrait(structure=_structure(name), order=_order(name), claims=claims)
    table = pd.DataFrame(
        {"claim_id": [one[0] for one in CLAIMS], "measure": [one[5] for one in CLAIMS]}
    )
    region = result.case.region.with_tables(claims=_whole_claims(table))
    return replace(result, portrait=own, case=replace(result.case, region=region))


def _whole_claims(table: pd.DataFrame) -> pd.DataFrame:
    texts = dict.fromkeys(("said", "others", "wanted"), "")
    numbers = dict.fromkeys(("year_from", "year_to", "low", "high"), float("nan"))
    return table.assign(
        statement_id="s", text_ru="т", text_en="t", source="x", test="population_between",
        places="c00", status="assumed", **texts, **numbers,
    )  # fmt: skip


def _structure(scenario: str) -> pd.DataFrame:
    rows = []
    keys = ("core_share: core_rest_ratio", "slope: top_slope", "two_city: two_city_ratio")
    for subject, found in READINGS[scenario].items():
        status = STATUS[subject]
        rows.append((subject, "primacy_share", 0.5, np.nan, "", status))
        rows.append((subject, "effective_centres", 3.5, np.nan, "", status))
        for at, (key, limit) in enumerate(zip(keys, (1.25, -1.0, 2.0), strict=True)):
            rows.append((subject, key, found[2 * at + 1], limit, found[2 * at], status))
    rows += [
        ("flows", "balance_share", 0.5, np.nan, "", "assumed"),
        ("development_core_counted", "coefficient", 5.5, np.nan, "developed", "observed"),
        ("development_satellites_only", "coefficient", 0.7, np.nan, "undeveloped", "observed"),
        ("condition", "satellite_towns_in_isochrone", 7.0, 2.0, "met", "modelled"),
        ("condition", "core_population_250_thousand", 1000.0, 250_000.0, "not_met", "modelled"),
    ]
    columns = ["subject", "measure", "value", "limit", "verdict", "status"]
    return pd.DataFrame(rows, columns=columns)


def _order(scenario: str) -> pd.DataFrame:
    rows = [
        (zone, outer, core, 0.15, chain, verdict, "away", "modelled")
        for zone, (outer, core, chain, verdict) in ORDER[scenario].items()
    ]
    columns = [
        "zone_id", "outside_core_share", "core_share", "line_share", "chain", "verdict",
        "outside_core", "status",
    ]  # fmt: skip
    return pd.DataFrame(rows, columns=columns)


def _claims(said: str) -> pd.DataFrame:
    rows = [
        {
            "claim_id": name, "text_ru": ru, "text_en": en, "claimed_by": said, "said": "",
            "statement_id": statement, "test": test, "verdict": verdict, "figure": figure,
            "low": low, "high": high, "wanted": "second_order" if test == "order_is" else "",
            "source": "a census", "status": "" if reason else "observed", "contrary": contrary,
            "reason": reason, "note": note,
        }
        for name, statement, ru, en, test, _, verdict, figure, low, high, contrary, reason, note
        in CLAIMS
    ]  # fmt: skip
    frame = pd.DataFrame(rows)
    frame["year_from"] = pd.array([2010 if one == "grown" else None for one in frame["claim_id"]])
    frame["year_to"] = pd.array([None if one else 2021 for one in frame["reason"]])
    return frame.astype({"year_from": "Int64", "year_to": "Int64"})
