"""The portrait of the agglomeration for the page: its centres, its order, what is claimed of it."""

from __future__ import annotations

from collections.abc import Hashable, Mapping, Sequence
from typing import Any

import pandas as pd

from agglo.maps.plain import plain
from agglo.portrait import Portrait
from agglo.run import Result
from agglo.scenarios.files import BASELINE
from agglo.territory.claims import SEPARATOR, UNTESTED
from agglo.territory.order import ARROW

SUBJECTS = ("population", "jobs", "inflows")
"""What the centres share, in the order of the page."""

DEVELOPMENT, CONDITION, FLOWS = "development_", "condition", "flows"
READING_MARK = ": "
"""Stands between a view and its measure in the structure."""

SHARES = ("growth_except", "share_between", "work_share_between", "order_is")
"""Tests whose figure is a share."""

NAMED = ("development_between", "order_is")
"""Tests whose note begins with the key of a class or an order."""


def portrait_data(results: Sequence[Result]) -> dict[str, object] | None:
    """Gather what the page shows of the portrait; ``None`` where none was drawn.

    Returns
    -------
    portrait_data
        ``scenarios``: by name ``readings``, ``shares``, ``flows``, ``development``,
        ``conditions`` and ``order``; ``claims``: what sources say, of the baseline, those with
        one statement together.
    """
    drawn = {one.scenario.name: one.portrait for one in results if one.portrait is not None}
    if not drawn:
        return None
    base = drawn.get(BASELINE, next(iter(drawn.values()))).structure
    return {
        "scenarios": {
            name: {**_structure(one.structure, base), "order": _order(one.order)}
            for name, one in drawn.items()
        },
        "claims": [claim for one in results for claim in _claims(one.portrait, one)],
    }


def _structure(structure: pd.DataFrame, base: pd.DataFrame) -> dict[str, list[list[object]]]:
    """Part the rows by what they are: each goes to one list, in the order of the portrait.

    What was observed and a scenario moves is assumed, as in the tooltips of zones.
    """
    moved = _moved(structure, base)
    found: dict[str, list[list[object]]] = {
        name: [] for name in ("readings", "shares", FLOWS, "development", "conditions")
    }
    for row in structure.itertuples():
        subject, measure = str(row.subject), str(row.measure)
        value, limit, status = plain(row.value), plain(row.limit), str(row.status)
        status = "assumed" if status == "observed" and subject in moved else status
        if subject == CONDITION:
            found["conditions"].append([measure, value, limit, str(row.verdict), status])
        elif subject.startswith(DEVELOPMENT):
            reading = subject.removeprefix(DEVELOPMENT)
            found["development"].append([reading, value, str(row.verdict), status])
        elif subject in SUBJECTS and READING_MARK in measure:
            view, _, key = measure.partition(READING_MARK)
            found["readings"].append([subject, view, key, value, limit, str(row.verdict), status])
        else:
            found[FLOWS if subject == FLOWS else "shares"].append([subject, measure, value, status])
    return found


def _moved(structure: pd.DataFrame, base: pd.DataFrame) -> set[str]:
    """Tell the subjects of which a scenario moves any number."""
    keys = ["subject", "measure"]
    both = structure.merge(base[[*keys, "value"]], on=keys, how="left", suffixes=("", "_before"))
    is_same = (both["value"] == both["value_before"]) | both[["value", "value_before"]].isna().all(
        axis=1
    )
    return {str(one) for one in both.loc[~is_same, "subject"]}


def _order(order: pd.DataFrame) -> list[list[object]]:
    """Rows by zone, those who work most in the larger core first; 'all' stands where it falls."""
    if order.empty:
        return []
    ranked = order.sort_values(
        ["outside_core_share", "zone_id"], ascending=[False, True], na_position="last"
    )
    return [
        [
            str(row.zone_id), str(row.outside_core), plain(row.outside_core_share),
            plain(row.core_share), plain(row.line_share), str(row.chain).split(ARROW),
            str(row.verdict), str(row.status),
        ]
        for row in ranked.itertuples()
    ]  # fmt: skip


def _claims(portrait: Portrait | None, result: Result) -> list[dict[str, object]]:
    if portrait is None or portrait.claims.empty:
        return []
    measures = result.case.region["claims"].set_index("claim_id")["measure"]
    claims = portrait.claims.assign(measure=portrait.claims["claim_id"].map(measures))
    first = {one: at for at, one in enumerate(dict.fromkeys(claims["statement_id"]))}
    together = claims["statement_id"].map(first).argsort(kind="stable")
    return [_claim(row) for row in claims.iloc[together].to_dict("records")]


def _claim(row: Mapping[Hashable, Any]) -> dict[str, object]:
    """Tell one claim, what was found, and in which unit; ids and keys stay, the page has words."""
    test, measure, note = str(row["test"]), _text(row["measure"]), _text(row["note"])
    is_named = test in NAMED and row["verdict"] != UNTESTED
    is_share = test in SHARES or measure.endswith("_share")
    unit = "share" if is_share else "persons" if test == "population_between" else ""
    return {
        "id": str(row["claim_id"]),
        "ru": _text(row["text_ru"]),
        "en": _text(row["text_en"]),
        "who": _text(row["claimed_by"]),
        "test": test,
        "measure": measure,
        "verdict": str(row["verdict"]),
        "figure": plain(row["figure"]),
        "unit": unit,
        "low": plain(row["low"]),
        "high": plain(row["high"]),
        "wanted": _text(row["wanted"]),
        "found": note.partition(";")[0] if is_named else "",
        "years": [int(str(row[year])) for year in ("year_from", "year_to") if pd.notna(row[year])],
        "source": _text(row["source"]),
        "status": _text(row["status"]),
        "against": [one for one in _text(row["contrary"]).split(SEPARATOR) if one],
        "reason": _text(row["reason"]),
        "lacking": note if row["verdict"] == UNTESTED else "",
    }


def _text(value: Any) -> str:
    return "" if value is None or pd.isna(value) else str(value)
