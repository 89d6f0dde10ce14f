"""The one check that every table passes on its way into a region; it names all faults at once."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

import numpy as np
import pandas as pd

from agglo.errors import TableError
from agglo.tables import TABLES, Column, Table

EXAMPLES_SHOWN = 3


def check_table(
    name: str,
    frame: pd.DataFrame,
    *,
    where: str = "",
    others: Mapping[str, pd.DataFrame] | None = None,
) -> pd.DataFrame:
    """Return the frame if it keeps its contract; otherwise name every fault at once.

    Parameters
    ----------
    name
        One of the keys of ``TABLES``.
    frame
        The rows; a ``GeoDataFrame`` where the contract asks for geometry.
    where
        What the message calls the place of the frame, such as a file name.
    others
        The region's other tables, against which references are checked.

    Raises
    ------
    TableError
        With one line per fault: what, got, wanted.
    """
    table = TABLES[name]
    faults = list(_faults(table, frame, others or {}))
    if faults:
        place = f" ({where})" if where else ""
        listed = "\n".join(f"  - {fault}" for fault in faults)
        raise TableError(f"table '{name}'{place} has {len(faults)} fault(s):\n{listed}")
    return frame


def typed_table(name: str, frame: pd.DataFrame) -> pd.DataFrame:
    """Return a checked frame with numbers as float64 or int64 and texts without gaps.

    An empty text becomes ``''``; an absent optional column is added, empty; an optional flag
    that is not given is true.
    """
    typed = frame.copy()
    for column, contract in TABLES[name].columns.items():
        values = typed[column] if column in typed else pd.Series(np.nan, index=typed.index)
        if contract.kind == "text":
            typed[column] = values.astype(object).where(values.notna(), "").astype(str)
        elif contract.kind == "flag":
            typed[column] = values.astype(str).str.lower() != "false"
        elif contract.kind == "number":
            typed[column] = pd.to_numeric(values).astype("float64")
        elif contract.kind == "whole" and contract.required:
            typed[column] = pd.to_numeric(values).astype("int64")
    return typed


def _faults(table: Table, frame: pd.DataFrame, others: Mapping[str, pd.DataFrame]) -> Iterator[str]:
    if frame.empty and not table.may_be_empty:
        yield "is empty; wanted at least one row"
    for name, column in table.columns.items():
        if name in frame:
            yield from _column_faults(table, frame, name, column, others)
        elif column.required and not (frame.empty and table.may_be_empty):
            yield f"column '{name}' is missing; there are {', '.join(map(str, frame.columns))}"
    if set(table.key) <= set(frame.columns):
        repeated = frame[frame.duplicated(list(table.key), keep="first")]
        if len(repeated):
            shown = _examples(_keys(table, repeated))
            yield f"key {' + '.join(table.key)} stands more than once: {shown}"
    yield from _range_faults(table, frame)
    if table.geometry and (len(frame) or not table.may_be_absent):
        yield from _geometry_faults(table, frame)


def _range_faults(table: Table, frame: pd.DataFrame) -> Iterator[str]:
    for columns in table.rising:
        if set(columns) <= set(frame.columns):
            numbers = frame[list(columns)].apply(pd.to_numeric, errors="coerce")
            falling = (numbers.diff(axis=1).iloc[:, 1:] < 0).any(axis=1)
            if falling.any():
                yield f"{' ≤ '.join(columns)} does not hold in {_rows(table, frame, falling)}"


def _column_faults(
    table: Table,
    frame: pd.DataFrame,
    name: str,
    column: Column,
    others: Mapping[str, pd.DataFrame],
) -> Iterator[str]:
    values = frame[name]
    empty = values.isna() | (values.astype(str).str.strip() == "")
    if column.required and empty.any():
        yield f"'{name}' has no value in {_rows(table, frame, empty)}"
    given = values[~empty]
    if column.kind in ("number", "whole"):
        yield from _number_faults(table, frame, given, column)
    elif column.kind == "flag" and not pd.api.types.is_bool_dtype(values):
        wrong = given[~given.astype(str).str.lower().isin(("true", "false"))]
        if len(wrong):
            yield f"'{name}' must be true or false; got {_examples(wrong)}"
    if column.one_of:
        wrong = given[~given.isin(column.one_of)]
        if len(wrong):
            yield f"'{name}' must be one of {', '.join(column.one_of)}; got {_examples(wrong)}"
    target, _, target_column = column.refers_to.partition(".")
    if target in others and target_column in others[target]:
        unknown = given[~given.isin(others[target][target_column])]
        if len(unknown):
            yield f"'{name}' names what '{target}' does not have: {_examples(unknown)}"


def _number_faults(
    table: Table, frame: pd.DataFrame, given: pd.Series, column: Column
) -> Iterator[str]:
    numbers = pd.to_numeric(given, errors="coerce")
    for wrong, wanted in (
        (~np.isfinite(numbers), "finite numbers"),
        (numbers < column.least, f"numbers of {column.least:g} or more"),
        (numbers > column.most, f"numbers of {column.most:g} or less"),
        (numbers <= column.above, f"numbers above {column.above:g}"),
    ):
        if wrong.any():
            mask = pd.Series(False, index=frame.index).where(~frame.index.isin(given.index), wrong)
            yield (
                f"'{given.name}' must hold {wanted}; got {_examples(given[wrong])} "
                f"in {_rows(table, frame, mask)}"
            )
            return
    if column.kind == "whole" and (numbers % 1 != 0).any():
        yield f"'{given.name}' must hold whole numbers; got {_examples(given[numbers % 1 != 0])}"


def _geometry_faults(table: Table, frame: pd.DataFrame) -> Iterator[str]:
    geometry = getattr(frame, "geometry", None)
    if geometry is None or "geometry" not in frame:
        yield f"has no geometry; wanted {' or '.join(table.geometry)}"
        return
    missing = geometry.isna() | geometry.is_empty
    if missing.any():
        yield f"geometry is empty in {_rows(table, frame, missing)}"
    wrong = ~geometry.geom_type.isin(table.geometry) & ~missing
    if wrong.any():
        got = ", ".join(sorted(set(geometry.geom_type[wrong])))
        yield (
            f"geometry must be {' or '.join(table.geometry)}; got {got} "
            f"in {_rows(table, frame, wrong)}"
        )
    bounds = geometry[~missing].bounds
    wild = ~np.isfinite(bounds).all(axis=1)
    if wild.any():
        shown = _examples(bounds.index[wild])
        yield f"geometry has a coordinate that is no finite number in {shown}"
    broken = ~(geometry.is_valid | missing)
    if broken.any():
        yield f"geometry is not valid in {_rows(table, frame, broken)}"


def _rows(table: Table, frame: pd.DataFrame, mask: pd.Series) -> str:
    chosen = frame[mask.to_numpy(dtype=bool)]
    if not set(table.key) & set(frame.columns):
        return f"{len(chosen)} row(s)"
    return f"{len(chosen)} row(s), {_examples(_keys(table, chosen))}"


def _keys(table: Table, frame: pd.DataFrame) -> pd.Series:
    """Write the key of each row as one text."""
    key = [name for name in table.key if name in frame]
    return pd.Series([" / ".join(map(str, row)) for row in frame[key].to_numpy()], dtype=object)


def _examples(values: pd.Series | pd.Index) -> str:
    shown = ", ".join(repr(value) for value in list(values)[:EXAMPLES_SHOWN])
    more = len(values) - EXAMPLES_SHOWN
    return f"{shown} and {more} more" if more > 0 else shown
