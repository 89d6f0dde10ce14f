"""Applies a scenario and keeps a receipt of every value that each change touched."""

from __future__ import annotations

import pandas as pd

from agglo.errors import AggloError, ScenarioError
from agglo.region import Region, check_region
from agglo.scenarios.changes import CHANGES
from agglo.scenarios.files import Scenario, Step
from agglo.tables import TABLES

RECEIPT_COLUMNS = [
    "scenario", "change", "do", "basis", "table", "row_id", "column", "before", "after", "why"
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
        The changed region and one row per value touched.

    Raises
    ------
    ScenarioError
        If a change names what does not exist, touches nothing, or breaks a table.
    """
    receipts = []
    for number, step in enumerate(scenario.steps, 1):
        changed = _apply(region, scenario, number, step)
        touched = differences(region, changed)
        where = _where(scenario, number, step)
        if touched.empty:
            given = ", ".join(f"{key} = {value!r}" for key, value in step.arguments.items())
            raise ScenarioError(
                f"{where}: touches nothing: the region already is as {given} says; "
                "remove the change or give it another value"
            )
        try:
            check_region(changed, sorted(set(touched["table"])))
        except AggloError as error:
            raise ScenarioError(f"{where}: {error}") from error
        receipts.append(
            touched.assign(
                scenario=scenario.name,
                change=number,
                do=step.do,
                basis=step.basis,
                why=step.why,
            )[RECEIPT_COLUMNS]
        )
        region = changed
    empty = pd.DataFrame(columns=RECEIPT_COLUMNS, dtype=object)
    return region, pd.concat(receipts, ignore_index=True) if receipts else empty


def _apply(region: Region, scenario: Scenario, number: int, step: Step) -> Region:
    try:
        return CHANGES[step.do](region, **step.arguments)
    except AggloError as error:
        raise ScenarioError(f"{_where(scenario, number, step)}: {error}") from error


def _where(scenario: Scenario, number: int, step: Step) -> str:
    return f"{scenario.name}.toml, change {number} ({step.do})"


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
    both = pd.DataFrame(
        {
            "before": _as_text(before[columns]).stack(future_stack=True),
            "after": _as_text(after[columns]).stack(future_stack=True),
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


def _as_text(frame: pd.DataFrame) -> pd.DataFrame:
    texts = pd.DataFrame(index=frame.index)
    for column in frame.columns:
        values = frame[column]
        if pd.api.types.is_float_dtype(values):
            texts[column] = [ABSENT if pd.isna(v) else f"{v:.10g}" for v in values]
        else:
            texts[column] = values.astype(str)
    return texts
