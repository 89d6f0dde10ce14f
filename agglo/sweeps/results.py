"""The tables of a sweep: values and draws as Parquet, the summary as CSV, the record as JSON."""

from __future__ import annotations

import io
import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
import numpy.typing as npt
import pandas as pd

from agglo.draws import drawn_values, drawn_variants
from agglo.indicators.registry import INDICATORS
from agglo.layers.write import write_csv
from agglo.sweeps.axes import shown_value
from agglo.sweeps.plan import SCORE, Plan, point_id
from agglo.sweeps.recipe import CENTRAL
from agglo.sweeps.store import (
    DRAWS,
    RECORD,
    SUMMARY,
    VALUES,
    Parts,
    Rows,
    replace_file,
)
from agglo.tables import STATUSES

if TYPE_CHECKING:
    import pyarrow as pa

Floats = npt.NDArray[np.float64]

ROW_GROUP_ROWS = 65_536
QUANTILES = {"low": 0.05, "median": 0.5, "high": 0.95}


@dataclass(frozen=True, slots=True, kw_only=True)
class Found:
    """All values of one setting of the parameters."""

    setting: int
    numbers: tuple[int, ...]
    """Draws in order; the first is the central run."""

    values: Floats
    """Draws × scenarios × columns."""


def found_values(plan: Plan, rows: Rows, *, draws_count: int) -> list[Found]:
    """Join the chunks of every setting, each draw once."""
    numbers = (CENTRAL, *range(draws_count))
    found = []
    for setting in range(len(plan.settings)):
        by_draw = {
            number: row
            for (own, _), chunk in rows.items()
            if own == setting
            for number, row in chunk.items()
        }
        values = np.stack([by_draw[number] for number in numbers])
        found.append(Found(setting=setting, numbers=numbers, values=values))
    return found


def values_table(plan: Plan, found: Sequence[Found]) -> pa.Table:
    """Lay out one row per point and draw, in the order of their names.

    Returns
    -------
    values_table
        Columns ``point_id``, ``draw`` (−1 is the central run), ``scenario``, what was set, the
        indicators, and ``score_GOAL`` (0–100); null where a value is not known.
    """
    import pyarrow as pa

    points = _points(plan, found)
    counts = [len(one.numbers) for _, _, one in points]
    columns: dict[str, pa.Array] = {
        "point_id": pa.array(np.repeat([name for name, _, _ in points], counts), pa.string()),
        "draw": pa.array(np.concatenate([one.numbers for _, _, one in points]), pa.int32()),
        "scenario": pa.array(
            np.repeat([plan.variants[place].name for _, place, _ in points], counts), pa.string()
        ),
    }
    for name, given in _given(plan, points).items():
        columns[name] = _set_column(given, counts)
    stacked = np.concatenate([one.values[:, place] for _, place, one in points])
    for column, name in enumerate(plan.columns):
        columns[name] = pa.array(stacked[:, column], pa.float64(), from_pandas=True)
    fields = [
        pa.field(name, own.type, metadata=_about(name) or None) for name, own in columns.items()
    ]
    return pa.Table.from_arrays(list(columns.values()), schema=pa.schema(fields))


def draws_table(plan: Plan, *, draws_count: int) -> pa.Table:
    """Say what every draw has for what varies: parameters by value, groups by part (0–1)."""
    import pyarrow as pa

    variants = drawn_variants(
        plan.workspace.assumptions,
        seed=plan.recipe.seed,
        numbers=(CENTRAL, *range(draws_count)),
        vary=plan.varied,
    )
    drawn = drawn_values(plan.workspace.assumptions, variants)[list(plan.varied)]
    arrays = [pa.array(drawn[name].to_numpy(), pa.float64(), from_pandas=True) for name in drawn]
    return pa.table(
        [pa.array(drawn.index.to_numpy(), pa.int32()), *arrays], names=["draw", *drawn.columns]
    )


def summary_table(plan: Plan, found: Sequence[Found]) -> pd.DataFrame:
    """Sum up by point and column: the central value, and how far draws put it from the baseline.

    A draw of a scenario is compared with the same draw of the baseline (common random numbers).

    Returns
    -------
    summary_table
        Columns ``point_id``, ``scenario``, what was set, ``what`` (indicator or score), ``goal``,
        ``unit``, ``baseline``, ``value`` and ``delta`` of the central run, ``low``, ``median``
        and ``high`` of the deltas (5, 50 and 95 %), ``draws_count`` that have one, ``status``.
    """
    points = _points(plan, found)
    given = _given(plan, points)
    abouts = [_about(name) for name in plan.columns]
    pieces = []
    for row, (name, place, one) in enumerate(points):
        with np.errstate(invalid="ignore"):
            deltas = pd.DataFrame(one.values[:, place] - one.values[:, 0])
        drawn = deltas.iloc[1:]
        spread = drawn.quantile(list(QUANTILES.values()))
        pieces.append(
            pd.DataFrame(
                {
                    "point_id": name,
                    "scenario": plan.variants[place].name,
                    **{axis: _cell(values[row]) for axis, values in given.items()},
                    "what": plan.columns,
                    "goal": [about["goal"] for about in abouts],
                    "unit": [about["unit"] for about in abouts],
                    "baseline": one.values[0, 0],
                    "value": one.values[0, place],
                    "delta": deltas.iloc[0].to_numpy(),
                    **{end: spread.loc[share].to_numpy() for end, share in QUANTILES.items()},
                    "draws_count": drawn.notna().sum().to_numpy(),
                    "status": STATUSES[-1],
                }
            )
        )
    return pd.concat(pieces, ignore_index=True)


def write_results(
    plan: Plan, found: Sequence[Found], out: Path, *, parts: Parts, draws_count: int
) -> pd.DataFrame:
    """Write all tables, each whole and in place of an earlier one; return the summary.

    Raises
    ------
    OutputError
        If one cannot be written.
    """
    summary = summary_table(plan, found)
    text = parts.folder / SUMMARY
    write_csv(summary, text)
    record = json.dumps(_record(plan, draws_count), indent=2, ensure_ascii=False)
    for name, content in (
        (VALUES, _parquet(values_table(plan, found))),
        (DRAWS, _parquet(draws_table(plan, draws_count=draws_count))),
        (SUMMARY, text.read_bytes()),
        (RECORD, f"{record}\n".encode()),
    ):
        replace_file(out / name, content)
    text.unlink()
    return summary


def _points(plan: Plan, found: Sequence[Found]) -> list[tuple[str, int, Found]]:
    points = [
        (point_id(plan, one.setting, place), place, one)
        for one in found
        for place in range(len(plan.scenarios))
    ]
    return sorted(points, key=lambda point: point[0])


def _given(plan: Plan, points: Sequence[tuple[str, int, Found]]) -> dict[str, list[object]]:
    """Say of each point what every axis is set to; ``None`` where it is not its axis."""
    names = sorted({*plan.settings[0], *(name for one in plan.variants for name in one.arguments)})
    return {
        name: [
            plan.settings[one.setting].get(name, plan.variants[place].arguments.get(name))
            for _, place, one in points
        ]
        for name in names
    }


def _set_column(given: Sequence[object], counts: Sequence[int]) -> pa.Array:
    import pyarrow as pa

    is_number = all(
        isinstance(one, int | float | None) and not isinstance(one, bool) for one in given
    )
    cells = [one if one is None or is_number else _cell(one) for one in given]
    spread = [cell for cell, count in zip(cells, counts, strict=True) for _ in range(count)]
    return pa.array(spread, pa.float64() if is_number else pa.string())


def _cell(value: object) -> object:
    """Show a value in a cell: numbers and texts as they are, others as JSON."""
    return value if isinstance(value, int | float | str | None) else shown_value(value)


def _about(name: str) -> dict[str, str]:
    """Say what a column with values is."""
    if name.startswith(SCORE):
        return {"unit": "score 0–100", "goal": name.removeprefix(SCORE)}
    if name in INDICATORS:
        return {"unit": INDICATORS[name].unit, "goal": INDICATORS[name].goal}
    return {}


def _parquet(table: pa.Table) -> bytes:
    """Write a table the same way whenever it is the same."""
    import pyarrow as pa
    import pyarrow.parquet as pq

    buffer = io.BytesIO()
    pq.write_table(
        table,
        buffer,
        row_group_size=ROW_GROUP_ROWS,
        compression="zstd",
        use_dictionary=[one.name for one in table.schema if pa.types.is_string(one.type)],
        write_statistics=True,
        store_schema=False,
    )
    return buffer.getvalue()


def _record(plan: Plan, draws_count: int) -> Mapping[str, object]:
    return {
        **plan.identity,
        "draws_count": draws_count,
        "settings": [dict(one) for one in plan.settings],
        "points": [
            {"scenario": one.name, "variant": one.scenario.name, "set": dict(one.arguments)}
            for one in plan.variants
        ],
        "columns": {name: _about(name) for name in plan.columns},
        "status": STATUSES[-1],
    }
