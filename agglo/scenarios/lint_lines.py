"""Warns of lines whose fleet cannot keep the headway, or is not stated."""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping
from typing import Any

import pandas as pd

from agglo.scenarios.findings import Findable, Finding

LAYOVER_SHARE = 0.1
"""Assumed: rest at the ends, of the running time."""

BARELY = 1e-9
RAIL = ("train", "metro", "tram")
RUNNING = ("headway_min", "vehicles_count", "both_ways")


def fleet(case: Findable) -> Iterator[Finding]:
    """Warn of new and changed lines that need more vehicles than they have, or do not say."""
    lines = case.after["lines"]
    for line in _changed_lines(case):
        row = lines.loc[line].to_dict()
        needed = vehicles_needed(case.after["line_stops"], line, row)
        own = float(row.get("vehicles_count", math.nan))
        if needed <= own:
            continue
        word, word_ru = ("trains", "составов") if row["mode"] in RAIL else ("vehicles", "машин")
        headway = f"{row['headway_min']:g}"
        how = "there and back, 10 % layover assumed"
        how_ru = "оборот и 10 % на отстой, допущение"
        is_known = not math.isnan(own)
        yield Finding(
            change=case.last_change("lines", line) or case.last_change("line_stops", line),
            rule="fleet_too_small" if is_known else "fleet_not_stated",
            text_en=f"line '{row['name_en']}' needs {needed} {word} to leave every {headway} min "
            f"({how}); "
            + (
                f"it has {own:g}: a departure every {headway} min is not to be had"
                if is_known
                else "say in vehicles_count how many it has"
            ),
            text_ru=f"маршруту «{row['name_ru']}» для отправления каждые {headway} мин нужно "
            f"{word_ru}: {needed} ({how_ru}); "
            + (
                f"есть {own:g}: такой интервал не выдержать"
                if is_known
                else "укажите в vehicles_count, сколько есть"
            ),
        )


def vehicles_needed(line_stops: pd.DataFrame, line: str, row: Mapping[Any, Any]) -> int:
    """Count the vehicles that a headway takes: the cycle over the headway, rounded up.

    The cycle is the run there and back (of a ring once) and a tenth of it for layover, assumed;
    so far a vehicle goes before it can leave again (Vuchic 2005, unverified).
    """
    own = line_stops[line_stops["line_id"] == line].sort_values("sequence")
    run_min = float(own["run_min"].sum())
    is_ring = len(own) > 1 and own["stop_id"].iloc[0] == own["stop_id"].iloc[-1]
    ways = 1 if is_ring and not row.get("both_ways", True) else 2
    cycle_min = ways * run_min * (1 + LAYOVER_SHARE)
    return max(1, math.ceil(cycle_min / float(row["headway_min"]) - BARELY))


def _changed_lines(case: Findable) -> list[str]:
    """Return new lines and those whose headway, fleet or run time is not what it was."""
    before, after = case.before, case.after
    new = after["lines"].index
    runs = [region["line_stops"].groupby("line_id")["run_min"].sum() for region in (before, after)]
    found = []
    for line in new:
        if line not in before["lines"].index:
            found.append(line)
            continue
        old_row, row = (region["lines"].loc[line].to_dict() for region in (before, after))
        same = all(_same(old_row.get(name), row.get(name)) for name in RUNNING)
        if not same or not _same(runs[0].get(line), runs[1].get(line)):
            found.append(line)
    return [str(line) for line in found]


def _same(first: Any, second: Any) -> bool:
    return bool(first == second) or (pd.isna(first) and pd.isna(second))
