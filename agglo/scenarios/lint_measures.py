"""Warns of measures of one package that set the same value."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import combinations

import pandas as pd

from agglo.errors import AggloError
from agglo.region import Region
from agglo.scenarios.changes import CHANGES
from agglo.scenarios.findings import Findable, Finding
from agglo.scenarios.receipts import ABSENT, differences
from agglo.scenarios.scenario import Measure, Scenario

CELLS_SHOWN = 3
CELL = ["table", "row_id", "column"]


def conflicts(case: Findable) -> Iterator[Finding]:
    """Warn of values that two measures set differently: the later one wins.

    What both add to, such as jobs of a zone, is no conflict: each leaves its mark.
    """
    for first, second in combinations(case.scenario.measures, 2):
        lost = _lost(case, first, second)
        if lost.empty:
            continue
        cells = [f"{row.row_id} ({row.column})" for row in lost.head(CELLS_SHOWN).itertuples()]
        listed = ", ".join(cells) + (" …" if len(lost) > CELLS_SHOWN else "")
        yield Finding(
            change=int(lost["change"].max()),
            rule="measures_conflict",
            text_en=f"measures '{first.name}' and '{second.name}' set {len(lost)} value(s) "
            f"differently ({listed}); the later one, '{second.name}', holds",
            text_ru=f"меры «{first.name}» и «{second.name}» задают по-разному значений: "
            f"{len(lost)} ({listed}); действует последняя, «{second.name}»",
        )


def repeats(case: Findable) -> Iterator[Finding]:
    """Warn of changes of a package that an earlier measure has made already."""
    done = set(case.receipts["change"])
    for number, step in enumerate(case.scenario.steps, 1):
        if number not in done:
            yield Finding(
                change=number,
                rule="measures_repeat",
                text_en=f"another measure has done already what this {step.do} says; together "
                "they count once",
                text_ru=f"другая мера уже делает то, что говорит это изменение ({step.do}); "
                "вместе они считаются один раз",
            )


def _lost(case: Findable, first: Measure, second: Measure) -> pd.DataFrame:
    """Return the cells that the first measure sets and the second sets anew, to another value."""
    receipts = case.receipts
    numbers = {step: number for number, step in enumerate(case.scenario.steps, 1)}
    own, later = (
        receipts[receipts["change"].isin([numbers[step] for step in steps])]
        for steps in (first.steps, second.steps)
    )
    both = own.drop_duplicates(CELL, keep="last").merge(
        later.drop_duplicates(CELL, keep="last")[[*CELL, "after", "change"]],
        on=CELL,
        suffixes=("", "_later"),
    )
    both = both[both["after"] != both["after_later"]]
    both = both[both["change_later"] > both["change"]].assign(change=both["change_later"])
    if both.empty:
        return both
    without = _without(case.before, case.scenario, first)
    if without is None:
        return both.head(0)
    start = differences(case.before, without).set_index(CELL)["after"]
    end = differences(case.before, case.after).set_index(CELL)["after"]
    cells = pd.MultiIndex.from_frame(both[CELL])
    same = start.reindex(cells, fill_value=ABSENT).to_numpy() == (
        end.reindex(cells, fill_value=ABSENT).to_numpy()
    )
    lost: pd.DataFrame = both.loc[same]
    return lost


def _without(region: Region, scenario: Scenario, measure: Measure) -> Region | None:
    """Apply the package without a measure; ``None`` where the others stand on what it does."""
    kept = {step for one in scenario.measures if one is not measure for step in one.steps}
    try:
        for step in scenario.steps:
            if step in kept:
                region = CHANGES[step.do](region, **step.arguments)
    except AggloError:
        return None
    return region
