"""Flows and minutes from other people's files: every way of saving them, one clear error each."""

from __future__ import annotations

import builtins
import csv
import gzip
import random
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest

from agglo.errors import LayerError, OutputError
from agglo.layers import square_tables, text_tables
from agglo.layers.od_files import read_flow_matrix, read_flow_table, read_flows, read_minutes
from agglo.layers.omx import write_omx
from agglo.layers.text_cells import id_texts, numbers_from_cells

PLAIN = "live,work,n\n01,02,3\n02,02,4\n"


def file_of(folder: Path, content: str | bytes, name: str = "flows.csv") -> Path:
    path = folder / name
    path.write_bytes(content.encode() if isinstance(content, str) else content)
    return path


def rows(table: pd.DataFrame) -> list[list[Any]]:
    return table[["live", "work", "n"]].to_numpy().tolist()


def test_leading_zeros_stay_and_counts_are_numbers(tmp_path: Path) -> None:
    table = read_flow_table(file_of(tmp_path, PLAIN))
    assert rows(table) == [["01", "02", 3.0], ["02", "02", 4.0]]
    assert list(table) == ["live", "work", "n", "is_suppressed"]
    assert not table["is_suppressed"].any()


@pytest.mark.parametrize("separator", [",", ";", "\t"])
@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "cp1251", "utf-16"])
@pytest.mark.parametrize("line_end", ["\n", "\r\n"])
@pytest.mark.parametrize("zipped", [False, True])
def test_separator_encoding_line_end_and_gzip_do_not_matter(
    tmp_path: Path, separator: str, encoding: str, line_end: str, zipped: bool
) -> None:
    lines = ["live,work,n", '"Обнинск ""Север""",Боровск,12', "Боровск,Обнинск-2,5", ",,", ""]
    content = line_end.join(lines).replace(",", separator).encode(encoding)
    path = file_of(
        tmp_path,
        gzip.compress(content) if zipped else content,
        "flows.csv.gz" if zipped else "flows.csv",
    )
    assert rows(read_flow_table(path)) == [
        ['Обнинск "Север"', "Боровск", 12.0],
        ["Боровск", "Обнинск-2", 5.0],
    ]


def test_columns_have_any_name_and_any_order_and_others_are_left_alone(tmp_path: Path) -> None:
    path = file_of(tmp_path, "flow,year,to place,origin\n7,2011,b,a\n9,2001,b,a\n")
    table = read_flow_table(
        path, live="origin", work="to place", count="flow", only={"year": "2011"}
    )
    assert rows(table) == [["a", "b", 7.0]]


def test_a_year_that_is_not_there_is_named_with_those_that_are(tmp_path: Path) -> None:
    path = file_of(tmp_path, "live,work,n,year\na,b,7,2001\na,b,9,2011\n")
    with pytest.raises(LayerError, match=r"'year' is '2021'; it has '2001', '2011'"):
        read_flow_table(path, only={"year": "2021"})


def test_ids_that_a_spreadsheet_made_floats_are_ids_again(tmp_path: Path) -> None:
    path = file_of(tmp_path, "live,work,n\n74001.0,74002,3\n74002.0,74001,4\n")
    assert rows(read_flow_table(path)) == [["74001", "74002", 3.0], ["74002", "74001", 4.0]]


@pytest.mark.parametrize(
    ("given", "wanted"),
    [
        (["1.0", "1.1"], ["1.0", "1.1"]),
        (["1.0", "2"], ["1", "2"]),
        ([1.0, np.nan], ["1", ""]),
        ([1.5, 2.0], ["1.5", "2.0"]),
        ([7, 8], ["7", "8"]),
        (["007", None], ["007", ""]),
        (["1.0", "x"], ["1", "x"]),
        (["-3.0", "4.00"], ["-3", "4"]),
        ([], []),
    ],
)
def test_ids_as_text(given: list[object], wanted: list[str]) -> None:
    assert id_texts(pd.Series(given)).tolist() == wanted


def test_a_withheld_count_must_be_declared_and_is_never_zero(tmp_path: Path) -> None:
    path = file_of(tmp_path, "live,work,n\na,b,*\nb,a,..\nb,b,*\na,a,9\n")
    with pytest.raises(
        LayerError, match=r"'n': 3 cell\(s\) are no numbers: '\*', '\.\.'"
    ) as caught:
        read_flow_table(path)
    assert "(first 'a' → 'b')" in str(caught.value)
    assert "suppressed" in str(caught.value)
    with pytest.raises(LayerError, match=r"1 cell\(s\) are no numbers: '\.\.'"):
        read_flow_table(path, suppressed=["*"])
    table = read_flow_table(path, suppressed=["*", ".."])
    assert table["is_suppressed"].tolist() == [True, True, True, False]
    assert table["n"].isna().tolist() == [True, True, True, False]


def test_an_empty_count_is_no_zero_either(tmp_path: Path) -> None:
    path = file_of(tmp_path, "live,work,n\na,b,\nb,b,4\n")
    with pytest.raises(LayerError, match=r"1 cell\(s\) are empty .* write 0"):
        read_flow_table(path)
    assert read_flow_table(path, suppressed=[""])["is_suppressed"].tolist() == [True, False]


def test_a_number_may_stand_for_a_withheld_count(tmp_path: Path) -> None:
    path = file_of(tmp_path, "live,work,n\na,b,2\nb,b,22\n")
    assert read_flow_table(path, suppressed=["2"])["is_suppressed"].tolist() == [True, False]


@pytest.mark.parametrize(
    ("cell", "separator", "number"),
    [
        ("1 234", ",", 1234.0),
        ("1\u00a0234\u202f567", ";", 1234567.0),
        ("3,5", ";", 3.5),
        ("3,5", "\t", 3.5),
        ("1,234", "\t", np.nan),
        ("1,234", ",", np.nan),
        ("1,234", ";", 1.234),
        ("12 3", ",", np.nan),
        ("inf", ",", np.nan),
        ("1e3", ",", 1000.0),
        ("<5", ",", np.nan),
        ("", ",", np.nan),
    ],
)
def test_numbers_as_people_write_them(cell: str, separator: str, number: float) -> None:
    got = numbers_from_cells(pd.Series([cell]), separator=separator, where="x")
    np.testing.assert_array_equal(got, [number])


def test_points_between_thousands_are_not_read_as_decimals(tmp_path: Path) -> None:
    path = file_of(tmp_path, "live;work;n\na;b;1.234\nb;b;56\n")
    with pytest.raises(LayerError, match=r"'1\.234' beside '56': the points .* thousands"):
        read_flow_table(path)
    decimals = file_of(tmp_path, "live;work;n\na;b;1.234\nb;b;0.5\nb;a;7\n", "b.csv")
    assert read_flow_table(decimals)["n"].tolist() == [1.234, 0.5, 7.0]


@pytest.mark.parametrize(
    ("content", "message"),
    [
        ("", "is empty"),
        ("\n\n", "is empty"),
        (",,\n", "is empty"),
        ("live,work,n\n", "no row under its header"),
        ("live,work,n\n,,\n", "no row under its header"),
        ("Live,workplace,n\na,b,1\n", r"lacks the column\(s\) 'live', 'work'.*'Live', 'workplace'"),
        ("origin,x,y\na,b,1\n", r"it has 'origin', 'x', 'y'; name the columns"),
        ("live,work,n,n\na,b,1,2\n", "the column 'n' more than once"),
        ("live,work,n\na,b,1,5\n", r"1 row\(s\) with more fields .*put what holds ',' in quotes"),
        ("live,work,n\na,b,1,5,6\n", "a row has more fields than the header"),
        ("live,work,n\na,b,1\na,b,1,5,6,7\n", "cannot be read as CSV"),
        ('live,work,n\na,"b,1\n', "cannot be read as CSV"),
        ("live,work,n\na,,1\nTotal,,9\n", r"'work' is empty in 2 row\(s\).*sums and notes"),
        (b"live,work,n\na\x98\xff,b,1\n", "neither UTF-8 nor Windows-1251"),
    ],
)
def test_a_table_that_cannot_be_read_says_why(
    tmp_path: Path, content: str | bytes, message: str
) -> None:
    with pytest.raises(LayerError, match=f"(?s){message}"):
        read_flow_table(file_of(tmp_path, content))


@pytest.mark.parametrize(
    ("name", "message"), [("x.csv", "is not there"), ("", "is a folder"), ("x.xlsx", "spreadsheet")]
)
def test_a_file_of_another_kind_is_refused(tmp_path: Path, name: str, message: str) -> None:
    if name.endswith("xlsx"):
        file_of(tmp_path, b"PK", name)
    with pytest.raises(LayerError, match=message):
        read_flow_table(tmp_path / name)


def test_a_broken_gzip_is_refused(tmp_path: Path) -> None:
    whole = gzip.compress(PLAIN.encode())
    for number, content in enumerate((whole[:20], b"live,work,n\n")):
        with pytest.raises(LayerError, match="cannot be read"):
            read_flow_table(file_of(tmp_path, content, f"{number}.csv.gz"))


def test_quotes_hold_separators_and_new_lines(tmp_path: Path) -> None:
    path = file_of(tmp_path, 'note,"live\nat",work,n\n"a;b;c,d","1,\n2",x,3\n')
    assert rows(read_flow_table(path, live="live at")) == [["1,\n2", "x", 3.0]]


def test_short_rows_and_trailing_separators_are_forgiven(tmp_path: Path) -> None:
    path = file_of(tmp_path, "\nlive,work,n,note,\na,b,1\nb,b,2,,\n")
    assert rows(read_flow_table(path)) == [["a", "b", 1.0], ["b", "b", 2.0]]


def test_an_id_may_be_what_others_take_for_nothing(tmp_path: Path) -> None:
    path = file_of(tmp_path, "live,work,n\nNA,null,1\nnan,None,2\n")
    assert rows(read_flow_table(path)) == [["NA", "null", 1.0], ["nan", "None", 2.0]]


def test_reading_in_pieces_gives_the_same(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    lines = [f"{i % 7:02d},{i % 5:02d},{i}" for i in range(35)]
    path = file_of(tmp_path, "\n".join(["live,work,n", *lines]) + "\n")
    whole = read_flow_table(path)
    monkeypatch.setattr(text_tables, "CHUNK_CELLS", 13)
    pd.testing.assert_frame_equal(read_flow_table(path), whole)
    assert len(whole) == 35


def test_parquet_gives_the_same_as_csv(tmp_path: Path) -> None:
    pytest.importorskip("pyarrow")
    path = tmp_path / "flows.parquet"
    frame = pd.DataFrame({"live": [1.0, 2.0], "work": [2.0, 2.0], "n": [3.5, 4.0], "year": 2011})
    frame.to_parquet(path)
    assert rows(read_flow_table(path, only={"year": "2011"})) == [["1", "2", 3.5], ["2", "2", 4.0]]
    with pytest.raises(LayerError, match="lacks the column"):
        read_flow_table(path, live="home")
    whole = path.read_bytes()
    for broken in (b"PAR1", whole[:4] + b"\xff" * 200 + whole[204:]):
        path.write_bytes(broken)
        with pytest.raises(LayerError, match="no whole parquet"):
            read_flow_table(path)
    path.write_bytes(b"")
    with pytest.raises(LayerError, match="is empty"):
        read_flow_table(path)


def test_a_square_table_is_read_by_its_ids_in_any_order(tmp_path: Path) -> None:
    path = file_of(tmp_path, ',"b","a"\n"a",3,0\n"b",5,0.0\n')
    table = read_flow_matrix(path)
    assert rows(table) == [["a", "b", 3.0], ["b", "b", 5.0]]
    turned = read_flow_matrix(path, rows_are_work=True)
    assert rows(turned) == [["b", "a", 3.0], ["b", "b", 5.0]]


def test_a_square_table_may_withhold_counts(tmp_path: Path) -> None:
    path = file_of(tmp_path, "zone,a,b\na,3,*\nb,5,0\n")
    with pytest.raises(LayerError, match=r"no numbers: '\*' \(first 'a' → 'b'\)"):
        read_flow_matrix(path)
    table = read_flow_matrix(path, suppressed=["*"])
    assert table["is_suppressed"].tolist() == [False, True, False]
    assert read_flow_matrix(path, suppressed=["*", "0"])["is_suppressed"].sum() == 2


def test_a_square_table_of_spreadsheet_ids_is_square(tmp_path: Path) -> None:
    path = file_of(tmp_path, "zone,101,102,\n101.0,1,2,\n102.0,3,4,\n")
    assert rows(read_flow_matrix(path))[1] == ["101", "102", 2.0]


@pytest.mark.parametrize(
    ("content", "message"),
    [
        ("zone,a,b\na,1,2\n", r"no square matrix: 1 rows, 2 columns, and 'b' in one"),
        (
            "zone,a,b\na,1,2\nb,1,2\nsum,1,2\n",
            r"3 rows, 2 columns, and 'sum' in one .*without sums",
        ),
        ("zone,a,b\na,1,2\na,1,2\n", "'a' stands twice in its rows"),
        ("zone,a,a\na,1,2\nb,1,2\n", "'a' stands twice in its columns"),
        ("zone,a,b\na,1,\nb,1,2\n", r"1 cell\(s\) are empty \(first 'a' → 'b'\)"),
        ("zone\na\n", "no square matrix"),
        ("zone,a,b\n", "no square matrix"),
    ],
)
def test_a_matrix_that_is_not_square_says_why(tmp_path: Path, content: str, message: str) -> None:
    with pytest.raises(LayerError, match=message):
        read_flow_matrix(file_of(tmp_path, content))


def test_flows_are_read_from_whatever_they_come_in(tmp_path: Path) -> None:
    long = read_flows(file_of(tmp_path, PLAIN))
    square = read_flows(file_of(tmp_path, "zone,02,01\n01,3,0\n02,4,0\n", "square.csv"))
    pd.testing.assert_frame_equal(long, square)
    swapped = read_flows(file_of(tmp_path, PLAIN), rows_are_work=True)
    assert rows(swapped)[0] == ["02", "01", 3.0]
    with pytest.raises(LayerError, match="did you mean 'home'"):
        read_flows(file_of(tmp_path, "home,work,n\na,b,1\n", "other.csv"), live="homes")


def test_a_square_table_equals_a_loop_over_its_cells(tmp_path: Path) -> None:
    draw = random.Random(4)
    ids = [f"{number:03d}" for number in range(11)]
    cells = {(a, b): draw.choice([0, 0, 1, 7]) for a in ids for b in ids}
    columns = draw.sample(ids, len(ids))
    lines = [",".join(["", *columns])]
    lines += [",".join([a, *(str(cells[a, b]) for b in columns)]) for a in draw.sample(ids, 11)]
    path = file_of(tmp_path, "\n".join(lines))
    with path.open(newline="") as file:
        header, *body = csv.reader(file)
    by_hand = {
        (row[0], header[at]): float(row[at])
        for row in body
        for at in range(1, len(row))
        if row[at] != "0"
    }
    table = read_flow_matrix(path)
    assert {(a, b): n for a, b, n in rows(table)} == by_hand
    assert list(table["live"].unique()) == [row[0] for row in body if row[0] in set(table["live"])]


def test_minutes_of_a_long_table_are_infinite_where_a_pair_is_absent(tmp_path: Path) -> None:
    path = file_of(tmp_path, "from,to,min\nb,a,10.5\na,b,\na,a,2\na,c,inf\nc,b,9999\n", "min.csv")
    minutes = read_minutes(path, no_way_from_min=9999)
    wanted = pd.DataFrame(np.inf, index=list("abc"), columns=list("abc"))
    wanted.loc["b", "a"], wanted.loc["a", "a"] = 10.5, 2.0
    pd.testing.assert_frame_equal(minutes, wanted, check_index_type=False, check_column_type=False)
    assert read_minutes(path).loc["c", "b"] == 9999


def test_minutes_do_not_depend_on_the_order_of_rows(tmp_path: Path) -> None:
    first = file_of(tmp_path, "from,to,min\nb,a,1\na,b,2\nc,a,3\n", "1.csv")
    second = file_of(tmp_path, "min,to,from\n3,a,c\n2,b,a\n1,a,b\n", "2.csv")
    pd.testing.assert_frame_equal(read_minutes(first), read_minutes(second))


def test_minutes_of_a_square_table(tmp_path: Path) -> None:
    path = file_of(tmp_path, "zone;b;a\na;10,5;1\nb;2;\n", "min.csv")
    minutes = read_minutes(path)
    assert list(minutes.index) == list(minutes.columns) == ["a", "b"]
    assert minutes.to_numpy().tolist() == [[1.0, 10.5], [np.inf, 2.0]]


@pytest.mark.parametrize(
    ("content", "message"),
    [
        ("from,to,min\na,b,-1\n", "from 'a' to 'b' it takes -1 minutes"),
        ("from,to,min\na,b,soon\n", "no minutes: 'soon'"),
        ("from,to,min\na,b,1\na,b,2\n", "the pair 'a' → 'b' stands more than once"),
        ("from,to,min\na,,2\n", "'to' is empty"),
        ("from,to,min\n", "no row"),
        ("from,to,minutes\na,b,2\n", "lacks the column.*'min'.*did you mean 'minutes'"),
        ("zone,a,b\na,1,2\n", "no square matrix.*or give a long table with the columns from, to"),
    ],
)
def test_minutes_that_cannot_be_read_say_why(tmp_path: Path, content: str, message: str) -> None:
    with pytest.raises(LayerError, match=message):
        read_minutes(file_of(tmp_path, content, "min.csv"))


def test_without_h5py_an_open_matrix_says_what_to_install(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    original = builtins.__import__

    def refuse(name: str, *rest: Any, **more: Any) -> Any:
        if name == "h5py":
            raise ImportError(name)
        return original(name, *rest, **more)

    monkeypatch.setattr(builtins, "__import__", refuse)
    with pytest.raises(LayerError, match=r"pip install 'agglo\[omx\]'"):
        read_flow_matrix(file_of(tmp_path, b"", "flows.omx"))
    with pytest.raises(OutputError, match=r"pip install 'agglo\[omx\]'"):
        write_omx(tmp_path / "x.omx", {"n": pd.DataFrame([[1.0]], ["a"], ["a"])})


def test_the_whole_square_is_not_held_as_text(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = file_of(tmp_path, "z,a,b,c\na,1,2,3\nb,4,0,6\nc,7,8,9\n")
    whole = read_flow_matrix(path)
    sizes = []
    original = square_tables.text_parts

    def watched(*given: Any) -> Any:
        for part in original(*given):
            sizes.append(len(part))
            yield part

    monkeypatch.setattr(text_tables, "CHUNK_CELLS", 5)
    monkeypatch.setattr(square_tables, "text_parts", watched)
    pd.testing.assert_frame_equal(read_flow_matrix(path), whole)
    assert max(sizes) == 1
