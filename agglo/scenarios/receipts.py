"""Applies a scenario and keeps a receipt of every value that each change touched."""

from __future__ import annotations

import numpy as np
import pandas as pd

from agglo.errors import AggloError, ScenarioError
from agglo.region import Region, check_region
from agglo.scenarios.arguments import shown
from agglo.scenarios.changes import CHANGES
from agglo.scenarios.concerned import people_of_change
from agglo.scenarios.files import BASELINE
from agglo.scenarios.scenario import Scenario, Step, measure_of
from agglo.tables import STATUSES, TABLES

RECEIPT_COLUMNS = [
    "scenario", "change", "measure", "do", "basis", "table", "row_id", "column", "before", "after",
    "people_count", "why",
]  # fmt: skip
ABSENT = ""
"""What a receipt shows for a row that was not there before."""


def changed_region(region: Region, scenario: Scenario) -> Region:
    """Apply the changes in the order of the file, without receipts."""
    for number, step in enumerate(scenario.steps, 1):
        region = _apply(region, scenario, number, step)
    return region


def apply_scenario(region: Region, scenario: Scenario) -> tuple[Region, pd.DataFrame]:
    """Apply the changes in the order of the file and keep a receipt of each.

    Returns
    -------
    region, receipts
        The changed region and one row per value touched. ``people_count`` is whom the whole
        change concerns, the same in each of its rows; ``nan`` for changes of transport. A
        change of a package that an earlier measure has made already has no row.

    Raises
    ------
    ScenarioError
        If a change names what does not exist, touches nothing, or breaks a table.
    """
    if scenario.name == BASELINE and scenario.steps:
        raise ScenarioError(
            f"{BASELINE}.toml: the baseline must change nothing, every scenario starts from the "
            "layers; edit the layers, or write a scenario"
        )
    if scenario.name != BASELINE and not scenario.steps:
        raise ScenarioError(f"{scenario.name}.toml: has no [[change]]; wanted at least one")
    start, receipts = region, []
    for number, step in enumerate(scenario.steps, 1):
        changed = _apply(region, scenario, number, step)
        touched = differences(region, changed)
        if touched.empty:
            _check_repeats(start, scenario, number, step)
            continue
        _check_tables(changed, touched, scenario, number, step)
        receipts.append(
            touched.assign(
                scenario=scenario.name,
                change=number,
                measure=measure_of(scenario, step),
                do=step.do,
                basis=step.basis,
                people_count=people_of_change(region, changed, step),
                why=step.why,
            )[RECEIPT_COLUMNS]
        )
        region = _assumed(changed, touched)
    empty = pd.DataFrame(columns=RECEIPT_COLUMNS, dtype=object)
    return region, pd.concat(receipts, ignore_index=True) if receipts else empty


def _check_repeats(start: Region, scenario: Scenario, number: int, step: Step) -> None:
    """Refuse a change without effect, unless it only repeats what another measure does.

    Raises
    ------
    ScenarioError
        If it touches nothing even without the other measures.
    """
    own = [one for one in scenario.measures if step in one.steps]
    for measure in own:
        alone = start
        try:
            for earlier in measure.steps[: measure.steps.index(step)]:
                alone = CHANGES[earlier.do](alone, **earlier.arguments)
            if not differences(alone, CHANGES[step.do](alone, **step.arguments)).empty:
                return
        except AggloError:
            # a measure that cannot stand alone is no excuse
            continue
    given = ", ".join(f"{key} = {shown(value)}" for key, value in step.arguments.items())
    raise ScenarioError(
        f"{_where(scenario, number, step)}: touches nothing: the region already is as {given} "
        "says; remove the change or give it another value"
    )


def _check_tables(
    changed: Region, touched: pd.DataFrame, scenario: Scenario, number: int, step: Step
) -> None:
    try:
        check_region(changed, sorted(set(touched["table"])))
    except AggloError as error:
        raise ScenarioError(f"{_where(scenario, number, step)}: {error}") from error


def _assumed(region: Region, touched: pd.DataFrame) -> Region:
    """Mark every row that a change touched: what a scenario sets nobody has observed."""
    tables = {}
    for name, rows in touched.groupby("table"):
        table = region[str(name)].copy()
        ids = ["/".join(map(str, key)) for key in zip(*_keys(str(name), table), strict=True)]
        table.loc[pd.Index(ids, dtype=object).isin(rows["row_id"]), "status"] = STATUSES[-1]
        tables[str(name)] = table
    return region.with_tables(**tables)


def _keys(name: str, table: pd.DataFrame) -> list[list[object]]:
    return [table[column].tolist() for column in TABLES[name].key]


def _apply(region: Region, scenario: Scenario, number: int, step: Step) -> Region:
    try:
        return CHANGES[step.do](region, **step.arguments)
    except AggloError as error:
        raise ScenarioError(f"{_where(scenario, number, step)}: {error}") from error


def _where(scenario: Scenario, number: int, step: Step) -> str:
    own = f"{scenario.name}.toml, change {number}"
    came = f", which is {step.origin}" if step.origin not in ("", own) else ""
    return f"{own} ({step.do}){came}"


def differences(before: Region, after: Region) -> pd.DataFrame:
    """List every value that differs between two regions.

    Returns
    -------
    differences
        Columns ``table``, ``row_id``, ``column``, ``before``, ``after``; the last two as text.
    """
    pieces = [
        _table_differences(name, before[name], after[name])
        for name in TABLES
        if before[name] is not after[name]
    ]
    columns = ["table", "row_id", "column", "before", "after"]
    return pd.concat(pieces, ignore_index=True) if pieces else pd.DataFrame(columns=columns)


def _table_differences(name: str, before: pd.DataFrame, after: pd.DataFrame) -> pd.DataFrame:
    columns = [column for column in TABLES[name].columns if column not in TABLES[name].key]
    old, new = _unlike(before.reindex(columns=columns), after.reindex(columns=columns))
    both = pd.DataFrame(
        {
            "before": _as_text(old).stack(future_stack=True).astype(object),
            "after": _as_text(new).stack(future_stack=True).astype(object),
        }
    ).fillna(ABSENT)
    moved = both[both["before"] != both["after"]]
    keys = pd.Series(["/".join(map(str, key[:-1])) for key in moved.index], dtype=object)
    return pd.DataFrame(
        {
            "table": name,
            "row_id": keys.to_numpy(),
            "column": [key[-1] for key in moved.index],
            "before": moved["before"].to_numpy(),
            "after": moved["after"].to_numpy(),
        }
    )


def _unlike(before: pd.DataFrame, after: pd.DataFrame) -> tuple[pd.DataFrame, pd.DataFrame]:
    """Keep the rows that differ at all: only they are written out."""
    stays = before.index.isin(after.index)
    stayed = before.index[stays]
    old, new = before.loc[stayed], after.loc[stayed]
    same = np.ones(len(stayed), dtype=bool)
    for column in before.columns:
        first, second = old[column].to_numpy(), new[column].to_numpy()
        same &= (first == second) | (pd.isna(first) & pd.isna(second))
    gone, come = ~stays, ~after.index.isin(before.index)
    return (
        pd.concat([old[~same], before[gone]]) if gone.any() else old[~same],
        pd.concat([new[~same], after[come]]) if come.any() else new[~same],
    )


def _as_text(frame: pd.DataFrame) -> pd.DataFrame:
    texts = pd.DataFrame(index=frame.index)
    for column in frame.columns:
        values = frame[column]
        is_number = pd.api.types.is_float_dtype(values)
        texts[column] = [
            ABSENT if pd.isna(v) else f"{v:.10g}" if is_number else str(v) for v in values
        ]
    return texts
