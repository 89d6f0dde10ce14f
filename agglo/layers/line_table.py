"""Reads the table of lines that a planner types in a spreadsheet and saves as CSV."""

from __future__ import annotations

import csv
import difflib
import io
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pandas as pd

from agglo.errors import LayerError, TableError
from agglo.layers.stop_names import stop_ids_from_texts
from agglo.tables import MODES

NEEDED = ("line", "mode", "sequence", "stop", "run_min")
HEADWAYS = ("headway_min", "headway_peak_min", "headway_off_peak_min")
RANGE = ("headway_low_min", "headway_high_min")
LINE_COLUMNS = ("name_ru", "name_en", "mode", "both_ways", *HEADWAYS, *RANGE)
EXTRA_STOP_NUMBERS = ("run_off_peak_min", "dwell_min")
NUMBERS = (*HEADWAYS, *RANGE, "sequence", "run_min", *EXTRA_STOP_NUMBERS)
COLUMNS = ("line", *LINE_COLUMNS, "sequence", "stop", "run_min", *EXTRA_STOP_NUMBERS)
FLAGS = {
    "true": True, "yes": True, "1": True, "да": True,
    "false": False, "no": False, "0": False, "нет": False,
}  # fmt: skip
SEPARATORS = ";,\t"
ENCODINGS = ("utf-8-sig", "cp1251")
ASSUMED = "assumed"

Fault = tuple[int, str]
"""The line of the file, from 1, and what is wrong in it."""


def read_line_table(
    path: Path, stops: pd.DataFrame | None = None
) -> tuple[pd.DataFrame, pd.DataFrame]:
    """Read lines and their stops from one CSV with a row for each stop of a line.

    Columns: ``line`` (its id), ``mode``, ``sequence``, ``stop`` (id, or name where ``stops``
    are given), ``run_min`` from the stop before (empty or 0 at the first), and a headway:
    ``headway_min`` for all day, ``headway_peak_min`` and ``headway_off_peak_min`` where it
    differs; a line that has only one of these two runs only then. There may be ``name_ru``,
    ``name_en``, ``both_ways`` (yes or no; yes if empty), ``headway_low_min``,
    ``headway_high_min``, ``run_off_peak_min`` and ``dwell_min``; other columns are left alone.
    What describes the line need stand in one of its rows only. Cells are separated by
    semicolons, commas or tabs, numbers have a decimal comma or point, the text is UTF-8 or
    Windows-1251.

    Parameters
    ----------
    path
        The CSV file.
    stops
        stop_id, name_ru, name_en, mode; ``None`` takes every stop as an id.

    Returns
    -------
    lines, line_stops
        Sorted by key, status 'assumed'. ``headway_min`` is that of the peak, or of the
        off-peak for a line that does not run in the peak; ``headway_peak_min`` and
        ``headway_off_peak_min`` are ``nan`` when it does not run.

    Raises
    ------
    LayerError
        If the file cannot be read.
    TableError
        With every fault and the line of the file that it stands in.
    """
    rows, given, faults = _rows(path)
    numbers, wrong_numbers = _numbers(rows)
    rows = rows.assign(
        no_run=rows["run_min"] == "",
        no_headway=(rows[list(HEADWAYS)] == "").all(axis=1),
        **{name: numbers[name] for name in NUMBERS},
    )
    lines, wrong_lines = _lines(rows)
    rows, wrong_stops = _with_stops(rows, lines["mode"], stops)
    faults = [*faults, *wrong_numbers, *wrong_lines, *wrong_stops, *_order_faults(rows)]
    if faults:
        listed = "\n".join(f"  - line {line}: {what}" for line, what in sorted(set(faults)))
        raise TableError(f"{path.name} has {len(set(faults))} fault(s):\n{listed}")
    return lines.reset_index(), _line_stops(rows, given)


def _text(path: Path) -> str:
    try:
        content = path.read_bytes()
    except OSError as error:
        raise LayerError(f"{path} cannot be read: {error.strerror}") from error
    for encoding in ENCODINGS:
        try:
            return content.decode(encoding)
        except UnicodeDecodeError:
            continue
    raise LayerError(f"{path} is neither UTF-8 nor Windows-1251; save it as CSV in UTF-8")


def _rows(path: Path) -> tuple[pd.DataFrame, list[str], list[Fault]]:
    """Read the rows as texts, indexed by the line of the file; name the columns it has."""
    text = _text(path)
    separator = max(SEPARATORS, key=text.lstrip().split("\n", 1)[0].count)
    reader = csv.reader(io.StringIO(text, newline=""), delimiter=separator)
    try:
        records = [
            (reader.line_num, [" ".join(cell.split()) for cell in record]) for record in reader
        ]
    except csv.Error as error:
        raise LayerError(f"{path} cannot be read as CSV: {error}; save it as CSV again") from error
    records = [(line, cells) for line, cells in records if any(cells)]
    if len(records) < 2:
        raise TableError(f"{path.name} holds no line; wanted {', '.join(NEEDED)} and a row a stop")
    header = [name.lower() for name in records[0][1]]
    _check_header(header, path)
    width = len(header)
    faults = [
        (line, _too_wide(len(cells), width, separator))
        for line, cells in records[1:]
        if any(cells[width:])
    ]
    frame = pd.DataFrame(
        [[*cells, *[""] * width][:width] for _, cells in records[1:]],
        columns=header,
        index=[line for line, _ in records[1:]],
        dtype=str,
    )
    return frame.reindex(columns=list(COLUMNS), fill_value=""), header, faults


def _too_wide(count: int, wanted: int, separator: str) -> str:
    what = f"{count} cells where the header has {wanted}"
    return f"{what}; save with semicolons if numbers have commas" if separator == "," else what


def _check_header(header: list[str], path: Path) -> None:
    known = [name for name in header if name in COLUMNS]
    faults = [f"column '{name}' stands twice" for name in COLUMNS if known.count(name) > 1]
    for name in NEEDED:
        if name not in known:
            near = difflib.get_close_matches(name, [*filter(None, header)], 1, 0.6)
            faults.append(
                f"column '{name}' is missing" + (f"; is '{near[0]}' meant for it?" if near else "")
            )
    if not set(HEADWAYS) & set(known):
        faults.append(f"a headway is missing; wanted a column {' or '.join(HEADWAYS)}")
    if faults:
        raise TableError(f"{path.name}: {'; '.join(faults)}; it has {', '.join(header)}")


def _numbers(rows: pd.DataFrame) -> tuple[pd.DataFrame, list[Fault]]:
    """Read numbers with decimal comma or point; an empty cell is ``nan``."""
    numbers = pd.DataFrame(index=rows.index)
    faults: list[Fault] = []
    for name in NUMBERS:
        texts = rows[name].str.replace(r"[\s\u00a0\u202f]", "", regex=True)
        number = pd.to_numeric(texts.str.replace(",", "."), errors="coerce").astype(float)
        number = number.where(np.isfinite(number))
        wrong = number.isna() & (texts != "")
        faults += [(line, f"{name} is no number: '{rows[name][line]}'") for line in _at(wrong)]
        low = number <= 0 if name.startswith("headway") else number < 0
        wanted = "above 0" if name.startswith("headway") else "0 or more"
        faults += [(line, f"{name} must be {wanted}; got {number[line]:g}") for line in _at(low)]
        numbers[name] = number
    faults += [(line, "sequence has no value") for line in _at(rows["sequence"] == "")]
    part = numbers["sequence"] % 1 > 0
    faults += [
        (line, f"sequence must be a whole number; got {numbers['sequence'][line]:g}")
        for line in _at(part)
    ]
    return numbers, faults


def _lines(rows: pd.DataFrame) -> tuple[pd.DataFrame, list[Fault]]:
    """Gather what describes each line, from whichever of its rows say it."""
    faults: list[Fault] = [(line, "line has no value") for line in _at(rows["line"] == "")]
    named = rows[rows["line"] != ""]
    at = named.reset_index(names="at").groupby("line")["at"].min()
    named = named.assign(mode=named["mode"].str.lower())
    table = pd.DataFrame(index=at.index.rename("line_id"))
    for name in LINE_COLUMNS:
        said = named.loc[named[name].notna() & (named[name] != ""), ["line", name]]
        first = said.drop_duplicates("line").set_index("line")[name]
        faults += [
            (line, f"{name} of line '{own}' is {_shown(value)} here and {_shown(before)} before")
            for line, own, value, before in zip(
                said.index, said["line"], said[name], said["line"].map(first), strict=True
            )
            if value != before
        ]
        table[name] = first.reindex(table.index, fill_value=np.nan if name in NUMBERS else "")
    silent = named.groupby("line")["no_headway"].all()
    faults += [(at[line], f"line '{line}' has no headway") for line in silent.index[silent]]
    faults += [(at[line], what) for line, what in _line_faults(table)]
    return _filled(table), faults


def _line_faults(table: pd.DataFrame) -> Iterator[tuple[str, str]]:
    unknown = ~table["mode"].isin(MODES)
    for line, mode in table.loc[unknown, "mode"].items():
        got = f"got '{mode}'" if mode else "it has none"
        yield str(line), f"mode of line '{line}' must be one of {', '.join(MODES)}; {got}"
    flags = table["both_ways"]
    for line, flag in flags[(flags != "") & ~flags.str.lower().isin(FLAGS)].items():
        yield str(line), f"both_ways of line '{line}' must be yes or no; got '{flag}'"
    filled = _filled(table)
    low, middle, high = (filled[name] for name in (RANGE[0], HEADWAYS[0], RANGE[1]))
    for line in table.index[(low > middle) | (middle > high)]:
        yield (
            str(line),
            f"headways of line '{line}' do not rise: low {low[line]:g}, headway "
            f"{middle[line]:g}, high {high[line]:g}",
        )


def _filled(table: pd.DataFrame) -> pd.DataFrame:
    """Put in what is left empty: names, headways by window and their range, both ways."""
    either = np.where(table["name_ru"] == "", table["name_en"], table["name_ru"])
    name = np.where(either == "", table.index, either)
    all_day = table["headway_min"].astype(float)
    peak = table["headway_peak_min"].astype(float).fillna(all_day)
    off_peak = table["headway_off_peak_min"].astype(float).fillna(all_day)
    headway = peak.fillna(off_peak)
    flag = [FLAGS.get(str(given).lower(), True) for given in table["both_ways"]]
    return pd.DataFrame(
        {
            "name_ru": name,
            "name_en": np.where(table["name_en"] == "", name, table["name_en"]),
            "mode": table["mode"],
            "headway_min": headway,
            "headway_low_min": table["headway_low_min"].astype(float).fillna(headway),
            "headway_high_min": table["headway_high_min"].astype(float).fillna(headway),
            "headway_peak_min": peak,
            "headway_off_peak_min": off_peak,
            "both_ways": flag,
            "status": ASSUMED,
        },
        index=table.index,
    )


def _with_stops(
    rows: pd.DataFrame, mode: pd.Series, stops: pd.DataFrame | None
) -> tuple[pd.DataFrame, list[Fault]]:
    """Add the id of the stop that each row means."""
    faults: list[Fault] = [(line, "stop has no value") for line in _at(rows["stop"] == "")]
    if stops is None:
        return rows.assign(stop_id=rows["stop"]), faults
    texts = rows.loc[rows["stop"] != "", "stop"]
    stop_id, wrong = stop_ids_from_texts(texts, rows["line"].map(mode), stops)
    return rows.assign(stop_id=stop_id.reindex(rows.index)), faults + wrong


def _order_faults(rows: pd.DataFrame) -> Iterator[Fault]:
    """Yield what is wrong with the row of stops of a line."""
    named = rows[rows["line"] != ""]
    placed = named[named["sequence"].notna()]
    for line in _at(placed.duplicated(["line", "sequence"])):
        yield line, f"line '{rows['line'][line]}' has sequence {rows['sequence'][line]:g} twice"
    ordered = placed.sort_values(["line", "sequence"], kind="stable")
    by_line = ordered.groupby("line")
    first = by_line.cumcount() == 0
    for line in _at(by_line["stop"].transform("size") == 1):
        yield line, f"line '{rows['line'][line]}' has one stop; a line needs two"
    for line in _at(first & (ordered["run_min"] > 0)):
        yield line, f"run_min must be empty or 0 at the first stop; got {rows['run_min'][line]:g}"
    for line in _at(~first & ordered["no_run"]):
        yield line, "run_min has no value; only the first stop of a line may leave it empty"
    for line in _at(~first & (ordered["stop_id"] == by_line["stop_id"].shift())):
        yield line, f"stop '{rows['stop'][line]}' follows itself"


def _line_stops(rows: pd.DataFrame, given: list[str]) -> pd.DataFrame:
    table = pd.DataFrame(
        {
            "line_id": rows["line"],
            "sequence": rows["sequence"].astype("int64"),
            "stop_id": rows["stop_id"],
            "run_min": rows["run_min"].fillna(0.0),
        }
    )
    if "run_off_peak_min" in given:
        table["run_off_peak_min"] = rows["run_off_peak_min"].fillna(table["run_min"])
    if "dwell_min" in given:
        table["dwell_min"] = rows["dwell_min"].fillna(0.0)
    table["status"] = ASSUMED
    return table.sort_values(["line_id", "sequence"], ignore_index=True)


def _shown(value: object) -> str:
    return f"{value:g}" if isinstance(value, float) else str(value)


def _at(mask: pd.Series) -> list[int]:
    """Return the lines of the file where a mask holds."""
    return [int(line) for line in mask.index[mask.to_numpy(dtype=bool)]]
