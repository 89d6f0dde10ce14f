"""Reads tables as texts: CSV with any common separator and encoding, gzipped or not, parquet."""

from __future__ import annotations

import codecs
import csv
import difflib
import gzip
import importlib
import io
import warnings
import zlib
from collections.abc import Collection, Iterator
from pathlib import Path
from typing import IO, NamedTuple, cast

import pandas as pd

from agglo.errors import LayerError
from agglo.layers.text_cells import id_texts, listed

SEPARATORS = (",", ";", "\t")
ENCODINGS = ("utf-8-sig", "cp1251")
UTF16_MARKS = (codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)
PARQUET = (".parquet", ".pq")
SPREADSHEETS = (".xlsx", ".xls", ".xlsm", ".ods")
BLOCK_BYTES = 1 << 20
CHUNK_CELLS = 4_000_000
COLUMNS_SHOWN = 12
SURPLUS = "\0surplus"
"""Takes the fields of a row beyond its header: a trailing separator is forgiven."""

UNREADABLE = (OSError, EOFError, zlib.error)


class Layout(NamedTuple):
    """How a text table is written."""

    header: tuple[str, ...]
    """The names of its columns, in order."""

    separator: str
    """'' for parquet, which needs none."""

    encoding: str
    rows_before: int
    """Rows of the file up to the header, the header included."""


def table_layout(path: Path) -> Layout:
    """Find the columns, the separator and the encoding of a table.

    Raises
    ------
    LayerError
        If the file is not there, is empty, or is of a kind that cannot be read.
    """
    _check_file(path)
    if path.suffix.lower() in PARQUET:
        return Layout(tuple(_parquet_names(path)), "", "", 0)
    try:
        encoding = _encoding(path)
        lines = _first_lines(path, encoding)
    except UNREADABLE as error:
        raise LayerError(f"{path} cannot be read: {error}; get the file anew") from error
    return _layout(lines, encoding, path)


def read_texts(path: Path, columns: Collection[str]) -> tuple[pd.DataFrame, Layout]:
    """Read columns of a table as texts without blanks around them, '' where a cell is empty.

    Rows without any text are left out.

    Raises
    ------
    LayerError
        If the file cannot be read, lacks a column (the nearest one is suggested), or has a row
        with more fields than its header.
    """
    layout = table_layout(path)
    check_columns(path, layout.header, columns)
    return pd.concat(text_parts(path, layout, columns), ignore_index=True), layout


def text_parts(
    path: Path, layout: Layout, columns: Collection[str] | None = None
) -> Iterator[pd.DataFrame]:
    """Read a table some rows at a time as ``read_texts`` does; all columns unless some are named.

    Of columns with one name, those after the first get their position behind it.
    """
    names = _unique(layout.header)
    wanted = list(dict.fromkeys(names if columns is None else columns))
    if path.suffix.lower() in PARQUET:
        frame = _parquet(path, wanted)
        yield _filled(pd.DataFrame({name: id_texts(frame[name]) for name in wanted}))
        return
    try:
        yield from _csv_parts(path, layout, names, wanted)
    except (*UNREADABLE, pd.errors.ParserError) as error:
        raise LayerError(
            f"{path} cannot be read as CSV: {error}; repair that row and save it again"
        ) from error


def check_columns(path: Path, header: Collection[str], wanted: Collection[str]) -> None:
    """Refuse a table that lacks a column or has it twice, and say which one may be meant."""
    names = list(header)
    lacking = [name for name in dict.fromkeys(wanted) if name not in names]
    twice = [name for name in dict.fromkeys(wanted) if names.count(name) > 1]
    if twice:
        raise LayerError(f"{path} has the column {listed(twice)} more than once; keep one of them")
    if not lacking:
        return
    folded = {name.casefold(): name for name in names if name}
    near = [
        folded[hit]
        for name in lacking
        for hit in difflib.get_close_matches(name.casefold(), list(folded), 1, 0.6)
    ]
    hint = f"; did you mean {listed(near)}?" if near else "; name the columns that hold them"
    shown = ", ".join(map(repr, names[:COLUMNS_SHOWN]))
    more = f" and {len(names) - COLUMNS_SHOWN} more" if len(names) > COLUMNS_SHOWN else ""
    raise LayerError(f"{path} lacks the column(s) {listed(lacking)}; it has {shown}{more}{hint}")


def _check_file(path: Path) -> None:
    if not path.is_file():
        what = "is a folder" if path.is_dir() else "is not there"
        raise LayerError(f"{path} {what}; wanted a CSV file, gzipped or not, or parquet")
    if path.suffix.lower() in SPREADSHEETS:
        raise LayerError(f"{path} is a spreadsheet; save its sheet as CSV in UTF-8")
    if path.stat().st_size == 0:
        raise LayerError(f"{path} is empty; wanted a header and a row for each entry")


def _encoding(path: Path) -> str:
    """Find the first encoding that the whole file keeps to."""
    with _opened(path) as file:
        if file.read(2) in UTF16_MARKS:
            return "utf-16"
    failure = ""
    for encoding in ENCODINGS:
        decoder = codecs.getincrementaldecoder(encoding)()
        try:
            with _opened(path) as file:
                while block := file.read(BLOCK_BYTES):
                    decoder.decode(block)
                decoder.decode(b"", final=True)
        except UnicodeDecodeError as error:
            failure = failure or str(error)
        else:
            return encoding
    raise LayerError(
        f"{path} is text in neither UTF-8 nor Windows-1251 ({failure}); save it as CSV in UTF-8"
    )


def _opened(path: Path) -> IO[bytes]:
    if path.suffix.lower() == ".gz":
        return cast("IO[bytes]", gzip.open(path, "rb"))
    return path.open("rb")


def _first_lines(path: Path, encoding: str) -> list[str]:
    """Read up to the end of the first row that holds anything."""
    lines: list[str] = []
    with _opened(path) as file, io.TextIOWrapper(file, encoding=encoding, newline="") as text:
        for line in text:
            lines.append(line)
            if line.strip() and sum(one.count('"') for one in lines) % 2 == 0:
                break
    return lines


def _layout(lines: list[str], encoding: str, path: Path) -> Layout:
    rows = {one: list(csv.reader(lines, delimiter=one)) for one in SEPARATORS}
    separator = max(SEPARATORS, key=lambda one: len(rows[one][-1]) if rows[one] else 0)
    header = [" ".join(name.split()) for row in rows[separator][-1:] for name in row]
    if not any(header):
        raise LayerError(f"{path} is empty; wanted a header and a row for each entry")
    return Layout(tuple(header), separator, encoding, len(rows[separator]))


def _csv_parts(
    path: Path, layout: Layout, names: list[str], wanted: list[str]
) -> Iterator[pd.DataFrame]:
    parts = pd.read_csv(
        path,
        header=None,
        skiprows=layout.rows_before,
        names=[*names, SURPLUS],
        index_col=False,
        dtype=str,
        na_filter=False,
        sep=layout.separator,
        encoding=layout.encoding,
        compression="gzip" if path.suffix.lower() == ".gz" else None,
        chunksize=max(CHUNK_CELLS // (len(names) + 1), 1),
    )
    with parts:
        while (part := _next(parts)) is not None:
            filled = _filled(part)
            long = filled[SURPLUS] != ""
            if long.any():
                raise LayerError(
                    f"{path} has {int(long.sum())} row(s) with more fields than its header, "
                    f"first {filled[long].iloc[0].tolist()}; put what holds "
                    f"{layout.separator!r} in quotes"
                )
            yield filled[wanted]


def _next(parts: Iterator[pd.DataFrame]) -> pd.DataFrame | None:
    with warnings.catch_warnings():
        warnings.simplefilter("error", pd.errors.ParserWarning)
        try:
            return next(parts, None)
        except pd.errors.ParserWarning as error:
            raise pd.errors.ParserError("a row has more fields than the header") from error


def _filled(part: pd.DataFrame) -> pd.DataFrame:
    texts: pd.DataFrame = part.astype(object).fillna("").apply(lambda column: column.str.strip())
    kept: pd.DataFrame = texts[(texts != "").any(axis=1)]
    return kept


def _unique(header: tuple[str, ...]) -> list[str]:
    seen: set[str] = set()
    names = []
    for position, name in enumerate(header):
        names.append(f"{name}\0{position}" if name in seen else name)
        seen.add(name)
    return names


def _parquet_names(path: Path) -> list[str]:
    try:
        parquet = importlib.import_module("pyarrow.parquet")
    except ImportError as error:
        raise LayerError(
            f"{path} cannot be read without pyarrow; run: pip install pyarrow, or save it as CSV"
        ) from error
    try:
        return [str(name) for name in parquet.read_schema(path).names]
    # what pyarrow raises about a broken file derives from these
    except (ValueError, OSError) as error:
        raise LayerError(f"{path} is no whole parquet file: {error}; get it anew") from error


def _parquet(path: Path, columns: list[str]) -> pd.DataFrame:
    try:
        return pd.read_parquet(path, columns=columns)
    except (ValueError, OSError) as error:
        raise LayerError(f"{path} is no whole parquet file: {error}; get it anew") from error
