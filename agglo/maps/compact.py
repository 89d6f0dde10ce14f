"""Rows of tables as JSON holds them: few digits, nothing twice."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable, Sequence

import pandas as pd

from agglo.maps.plain import plain

DIGITS = 7
"""Significant digits that travel to the page: more than it ever shows."""

Rows = list[list[object]]


def rows_of(frame: pd.DataFrame, columns: Sequence[str]) -> Rows:
    """Rows of some columns, in their order."""
    return [
        [compact(value) for value in row]
        for row in frame[list(columns)].astype(object).itertuples(index=False, name=None)
    ]


def rows_once(frame: pd.DataFrame, columns: Sequence[str]) -> Rows:
    """Rows of some columns, each once; none where the frame is empty and lacks them."""
    return [] if frame.empty else rows_of(frame.drop_duplicates(list(columns)), columns)


def parted(frame: pd.DataFrame, key: str) -> Iterable[tuple[str, pd.DataFrame]]:
    """Part a frame by a column, in the order of its rows."""
    return ((str(name), own) for name, own in frame.groupby(key, sort=False))


def nested(
    frame: pd.DataFrame, key: str, gathered: Callable[[pd.DataFrame], dict[str, object]]
) -> dict[str, dict[str, object]]:
    """Gather rows by scenario and key."""
    return {
        scenario: {name: gathered(rows) for name, rows in parted(own, key)}
        for scenario, own in parted(frame, "scenario")
    }


def compact(value: object) -> object:
    """Turn a value into JSON: so many significant digits, whole numbers without a point."""
    if value is None or value is pd.NA:
        return None
    if isinstance(value, float) and math.isfinite(value):
        rounded = float(f"{value:.{DIGITS}g}")
        return int(rounded) if rounded.is_integer() else rounded
    return plain(value)
