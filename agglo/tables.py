"""The tables a region is made of, as data, and the one check that they all pass."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field

import numpy as np
import pandas as pd

from agglo.errors import TableError

STATUSES = ("observed", "modelled", "assumed")
"""From the firmest to the weakest: how a number came to be known."""

EXAMPLES_SHOWN = 3


@dataclass(frozen=True, slots=True, kw_only=True)
class Column:
    """What one column of a table must hold."""

    kind: str = "text"
    """One of 'text', 'number', 'whole', 'flag'."""

    required: bool = True
    """Whether the column must be there and each row must have a value."""

    least: float = -np.inf
    """Smallest value allowed."""

    most: float = np.inf
    """Largest value allowed."""

    above: float = -np.inf
    """Every value must be larger than this."""

    one_of: tuple[str, ...] = ()
    """The only texts allowed; empty means any."""

    refers_to: str = ""
    """``table.column`` that must hold the value too; empty means none."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Table:
    """The contract of one table: its key, its columns and the geometry it may carry."""

    key: tuple[str, ...]
    columns: Mapping[str, Column]
    geometry: tuple[str, ...] = ()
    may_be_empty: bool = field(default=False)


def _text(**choices: object) -> Column:
    return Column(kind="text", **choices)  # type: ignore[arg-type]


def _number(**choices: object) -> Column:
    return Column(kind="number", **choices)  # type: ignore[arg-type]


NAMES = {"name_ru": _text(), "name_en": _text()}
POINT = {
    "lon": _number(least=-180, most=180),
    "lat": _number(least=-90, most=90),
}
STATUS = {"status": _text(one_of=STATUSES)}
COUNT = _number(least=0)
ZONE_KINDS = ("city", "town", "village", "remainder", "outside")
MODES = ("train", "bus")

TABLES: Mapping[str, Table] = {
    "municipalities": Table(
        key=("municipality_id",),
        geometry=("Polygon", "MultiPolygon"),
        columns={
            "municipality_id": _text(),
            **NAMES,
            "role": _text(one_of=("core", "member", "context")),
            "oktmo": _text(required=False),
            "osm_relation_id": _text(required=False),
            "area_km2": _number(above=0),
            **STATUS,
        },
    ),
    "zones": Table(
        key=("zone_id",),
        geometry=("Point", "Polygon", "MultiPolygon"),
        columns={
            "zone_id": _text(),
            **NAMES,
            "municipality_id": _text(required=False, refers_to="municipalities.municipality_id"),
            "kind": _text(one_of=ZONE_KINDS),
            "is_centre": Column(kind="flag"),
            **POINT,
            "area_km2": _number(above=0),
            "internal_km": _number(above=0),
            "population_count": COUNT,
            "workers_count": COUNT,
            "workers_low_count": COUNT,
            "workers_high_count": COUNT,
            "jobs_count": COUNT,
            "jobs_low_count": COUNT,
            "jobs_high_count": COUNT,
            **STATUS,
        },
    ),
    "settlements": Table(
        key=("settlement_id",),
        columns={
            "settlement_id": _text(),
            "name_ru": _text(),
            "municipality_id": _text(refers_to="municipalities.municipality_id"),
            "kind": _text(one_of=("urban", "rural")),
            "population_count": COUNT,
            "zone_id": _text(refers_to="zones.zone_id"),
            "is_located": Column(kind="flag"),
            **STATUS,
        },
    ),
    "population": Table(
        key=("municipality_id", "year"),
        columns={
            "municipality_id": _text(refers_to="municipalities.municipality_id"),
            "year": Column(kind="whole", least=1800),
            "population_count": COUNT,
            "source": _text(),
            **STATUS,
        },
    ),
    "wages": Table(
        key=("municipality_id", "year", "industry"),
        columns={
            "municipality_id": _text(refers_to="municipalities.municipality_id"),
            "year": Column(kind="whole", least=1800),
            "industry": _text(),
            "name_ru": _text(),
            "wage_rub": _number(above=0),
            **STATUS,
        },
    ),
    "migration": Table(
        key=("municipality_id", "year"),
        columns={
            "municipality_id": _text(refers_to="municipalities.municipality_id"),
            "year": Column(kind="whole", least=1800),
            "net_migration_count": _number(),
            **STATUS,
        },
    ),
    "employers": Table(
        key=("employer_id",),
        may_be_empty=True,
        columns={
            "employer_id": _text(),
            **NAMES,
            "zone_id": _text(refers_to="zones.zone_id"),
            "jobs_count": _number(least=0, required=False),
            "year": Column(kind="whole", required=False),
            "lon": _number(least=-180, most=180, required=False),
            "lat": _number(least=-90, most=90, required=False),
            "source": _text(),
            **STATUS,
        },
    ),
    "nodes": Table(
        key=("node_id",),
        columns={"node_id": _text(), **NAMES, "kind": _text(), **POINT, **STATUS},
    ),
    "links": Table(
        key=("link_id",),
        geometry=("LineString",),
        columns={
            "link_id": _text(),
            **NAMES,
            "road": _text(required=False),
            "from_id": _text(refers_to="nodes.node_id"),
            "to_id": _text(refers_to="nodes.node_id"),
            "length_km": _number(above=0),
            "class": _text(),
            "lanes_count": _number(above=0),
            "free_speed_kmh": _number(above=0),
            "speed_kmh": _number(above=0),
            "capacity_veh_per_h": _number(above=0),
            "km_from": _number(required=False),
            "km_to": _number(required=False),
            "is_open": Column(kind="flag"),
            **STATUS,
        },
    ),
    "railways": Table(
        key=("railway_id",),
        geometry=("LineString", "MultiLineString"),
        may_be_empty=True,
        columns={"railway_id": _text(), **NAMES, **STATUS},
    ),
    "stops": Table(
        key=("stop_id",),
        may_be_empty=True,
        columns={
            "stop_id": _text(),
            **NAMES,
            "mode": _text(one_of=MODES),
            "km": _number(required=False),
            **POINT,
            **STATUS,
        },
    ),
    "lines": Table(
        key=("line_id",),
        may_be_empty=True,
        columns={
            "line_id": _text(),
            **NAMES,
            "mode": _text(one_of=MODES),
            "headway_min": _number(above=0),
            "headway_low_min": _number(above=0),
            "headway_high_min": _number(above=0),
            **STATUS,
        },
    ),
    "line_stops": Table(
        key=("line_id", "sequence"),
        may_be_empty=True,
        columns={
            "line_id": _text(refers_to="lines.line_id"),
            "sequence": Column(kind="whole", least=0),
            "stop_id": _text(refers_to="stops.stop_id"),
            "run_min": _number(least=0),
            **STATUS,
        },
    ),
    "connectors": Table(
        key=("zone_id", "to_id"),
        columns={
            "zone_id": _text(refers_to="zones.zone_id"),
            "to_id": _text(),
            "mode": _text(one_of=("car", "access")),
            "length_km": _number(above=0),
            "speed_kmh": _number(above=0),
            **STATUS,
        },
    ),
}


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

    An empty text becomes ``''``; an absent optional column is added, empty.
    """
    typed = frame.copy()
    for column, contract in TABLES[name].columns.items():
        values = typed[column] if column in typed else pd.Series(np.nan, index=typed.index)
        if contract.kind == "text":
            typed[column] = values.astype(object).where(values.notna(), "").astype(str)
        elif contract.kind == "number":
            typed[column] = pd.to_numeric(values).astype("float64")
        elif contract.kind == "whole" and contract.required:
            typed[column] = pd.to_numeric(values).astype("int64")
    return typed


def weakest_status(*statuses: str) -> str:
    """Return the weakest of several statuses: what is derived is no firmer than its inputs.

    Examples
    --------
    >>> weakest_status("observed", "assumed", "modelled")
    'assumed'
    """
    return max(statuses, key=STATUSES.index)


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
    if table.geometry:
        yield from _geometry_faults(table, frame)


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
        yield f"'{name}' must be true or false; got {_examples(wrong if len(wrong) else given)}"
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
