"""Applies a scenario and keeps a receipt of every value that each change touched."""

from __future__ import annotations

import pandas as pd

from agglo.errors import AggloError, ScenarioError
from agglo.region import Region, check_region
from agglo.scenarios.changes import CHANGES
from agglo.scenarios.files import BASELINE, Scenario, Step
from agglo.tables import STATUSES, TABLES

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
    if scenario.name == BASELINE and scenario.steps:
        raise ScenarioError(
            f"{BASELINE}.toml: the baseline must change nothing, every scenario starts from the "
            "layers; edit the layers, or write a scenario"
        )
    if scenario.name != BASELINE and not scenario.steps:
        raise ScenarioError(f"{scenario.name}.toml: has no [[change]]; wanted at least one")
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
        region = _assumed(changed, touched)
    empty = pd.DataFrame(columns=RECEIPT_COLUMNS, dtype=object)
    return region, pd.concat(receipts, ignore_index=True) if receipts else empty


def _assumed(region: Region, touched: pd.DataFrame) -> Region:
    """Mark every row that a change touched: what a scenario sets nobody has observed."""
    tables = {}
    for name, rows in touched.groupby("table"):
        table = region[str(name)].copy()
        ids = ["/".join(map(str, key)) for key in table[list(TABLES[str(name)].key)].to_numpy()]
        table.loc[pd.Index(ids).isin(rows["row_id"]), "status"] = STATUSES[-1]
        tables[str(name)] = table
    return region.with_tables(**tables)


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
