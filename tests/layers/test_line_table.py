"""The table of lines as planners type it, with the faults that planners make."""

from __future__ import annotations

from pathlib import Path

import pandas as pd
import pytest

from agglo.checks import check_table
from agglo.errors import LayerError, TableError
from agglo.layers.line_table import read_line_table

STOPS = pd.DataFrame(
    [
        ("st_nara", "Нара", "Nara", "train"),
        ("st_obninsk", "Обнинское", "Obninskoye", "train"),
        ("st_kaluga", "Калуга-1", "Kaluga 1", "train"),
        ("bus_nara", "Нара", "Nara bus", "bus"),
        ("bus_zhukov", "Жуков", "Zhukov", "bus"),
        ("bus_yermolino", "Ермолино «Центр»", "", "bus"),
    ],
    columns=["stop_id", "name_ru", "name_en", "mode"],
)
COMMAS = """\
line,name_ru,mode,headway_min,sequence,stop,run_min
k1,"Нара — «Калуга», скорый",train,60,1,st_nara,
k1,,,,2,st_obninsk,21.5
k1,,,,3,st_kaluga,50
b1,,bus,20,1,bus_nara,0
b1,,,,2,bus_zhukov,12
"""


def read(
    folder: Path, text: str, stops: pd.DataFrame | None = STOPS, *, encoding: str = "utf-8"
) -> tuple[pd.DataFrame, pd.DataFrame]:
    path = folder / "lines.csv"
    path.write_bytes(text.encode(encoding))
    return read_line_table(path, stops)


def faults_of(folder: Path, text: str) -> list[str]:
    """Return the faults of a table, one a line, without the heading."""
    with pytest.raises(TableError) as caught:
        read(folder, text)
    heading, *faults = str(caught.value).split("\n")
    assert heading == f"lines.csv has {len(faults)} fault(s):"
    return [fault.removeprefix("  - ") for fault in faults]


def table(*rows: str, header: str = "line,mode,headway_min,sequence,stop,run_min") -> str:
    return "\n".join([header, *rows]) + "\n"


def test_a_table_becomes_lines_and_their_stops(tmp_path: Path) -> None:
    lines, line_stops = read(tmp_path, COMMAS)
    assert lines["line_id"].tolist() == ["b1", "k1"]
    assert lines["name_ru"].tolist() == ["b1", "Нара — «Калуга», скорый"]
    assert lines["name_en"].tolist() == lines["name_ru"].tolist()
    assert lines["mode"].tolist() == ["bus", "train"]
    for column in ("", "low_", "high_", "peak_", "off_peak_"):
        assert lines[f"headway_{column}min"].tolist() == [20, 60]
    assert lines["both_ways"].tolist() == [True, True]
    assert line_stops["stop_id"].tolist() == [
        "bus_nara", "bus_zhukov", "st_nara", "st_obninsk", "st_kaluga",
    ]  # fmt: skip
    assert line_stops["sequence"].tolist() == [1, 2, 1, 2, 3]
    assert line_stops["run_min"].tolist() == [0, 12, 0, 21.5, 50]
    assert set(lines["status"]) == set(line_stops["status"]) == {"assumed"}


def test_what_is_read_keeps_the_contract_of_a_region(tmp_path: Path) -> None:
    lines, line_stops = read(tmp_path, COMMAS)
    check_table("lines", lines)
    check_table("line_stops", line_stops, others={"lines": lines, "stops": STOPS})


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "cp1251"])
@pytest.mark.parametrize("separator", [",", ";", "\t"])
def test_separators_and_encodings_read_alike(tmp_path: Path, separator: str, encoding: str) -> None:
    wanted = read(tmp_path, COMMAS)
    text = COMMAS.replace('"Нара — «Калуга», скорый"', "#").replace(",", separator)
    text = text.replace("#", '"Нара — «Калуга», скорый"').replace("\n", "\r\n")
    if separator != ",":
        text = text.replace("21.5", "21,5")
    for got, frame in zip(read(tmp_path, text, encoding=encoding), wanted, strict=True):
        pd.testing.assert_frame_equal(got, frame)


def test_the_order_of_rows_does_not_matter(tmp_path: Path) -> None:
    header, *rows = COMMAS.splitlines()
    turned = read(tmp_path, "\n".join([header, *rows[::-1]]))
    for got, frame in zip(turned, read(tmp_path, COMMAS), strict=True):
        pd.testing.assert_frame_equal(got, frame)


def test_stops_are_found_by_name_and_first_by_the_mode_of_the_line(tmp_path: Path) -> None:
    text = table(
        "k,train,60,1,  нара ,", "k,,,2,OBNINSKOYE,20", "b,bus,20,1,Нара,", "b,,,2,Жуков,9",
        "b,,,3,ЁРМОЛИНО «центр»,9",
    )  # fmt: skip
    _, line_stops = read(tmp_path, text)
    assert line_stops["stop_id"].tolist() == [
        "bus_nara", "bus_zhukov", "bus_yermolino", "st_nara", "st_obninsk",
    ]  # fmt: skip


def test_a_name_that_fits_two_stops_is_not_guessed(tmp_path: Path) -> None:
    text = table("m,metro,5,1,Нара,", "m,,,2,Жуков,9")
    assert faults_of(tmp_path, text) == [
        "line 2: stop 'Нара' may be bus_nara or st_nara; give the id"
    ]


def test_without_stops_every_stop_is_an_id(tmp_path: Path) -> None:
    _, line_stops = read(tmp_path, table("a,bus,5,1,x,", "a,,,2,Y,3"), None)
    assert line_stops["stop_id"].tolist() == ["x", "Y"]


def test_headways_of_the_windows_go_before_that_of_all_day(tmp_path: Path) -> None:
    header = "line,mode,headway_min,headway_peak_min,headway_off_peak_min,sequence,stop,run_min"
    text = table(
        "a,bus,30,15,,1,Нара,", "a,,,,,2,Жуков,9",
        "b,bus,,10,,1,Нара,", "b,,,,,2,Жуков,9",
        "c,bus,,,40,1,Нара,", "c,,,,,2,Жуков,9",
        header=header,
    )  # fmt: skip
    lines, _ = read(tmp_path, text)
    assert lines["headway_peak_min"].fillna(-1).tolist() == [15, 10, -1]
    assert lines["headway_off_peak_min"].fillna(-1).tolist() == [30, -1, 40]
    assert lines["headway_min"].tolist() == [15, 10, 40]


def test_ways_ranges_dwell_and_slower_runs_may_be_given(tmp_path: Path) -> None:
    header = (
        "line,mode,headway_min,headway_low_min,headway_high_min,both_ways,sequence,stop,run_min,"
        "run_off_peak_min,dwell_min,note"
    )
    text = table("a,Bus,30,20,45,нет,1,Нара,,,,x", "a,,,,,,5,Жуков,9,8,0.5,", header=header)
    lines, line_stops = read(tmp_path, text)
    assert lines.loc[0, ["headway_low_min", "headway_high_min"]].tolist() == [20, 45]
    assert lines["both_ways"].tolist() == [False]
    assert line_stops["run_off_peak_min"].tolist() == [0, 8]
    assert line_stops["dwell_min"].tolist() == [0, 0.5]
    assert line_stops["sequence"].tolist() == [1, 5]


def test_a_line_may_pass_a_stop_twice(tmp_path: Path) -> None:
    text = table("a,bus,5,1,Нара,", "a,,,2,Жуков,3", "a,,,3,Нара,3")
    _, line_stops = read(tmp_path, text)
    assert line_stops["stop_id"].tolist() == ["bus_nara", "bus_zhukov", "bus_nara"]


ROW_FAULTS = {
    "a,,,2,Жуков,-3": ["line 3: run_min must be 0 or more; got -3"],
    "a,,,2,Жуков,soon": ["line 3: run_min is no number: 'soon'"],
    "a,,,2,Жуков,": [
        "line 3: run_min has no value; only the first stop of a line may leave it empty"
    ],
    "a,,,1,Жуков,3": ["line 3: line 'a' has sequence 1 twice"],
    "a,,,1.5,Жуков,3": ["line 3: sequence must be a whole number; got 1.5"],
    "a,,,,Жуков,3": [
        "line 2: line 'a' has one stop; a line needs two",
        "line 3: sequence has no value",
    ],
    "a,,,2,Жукв,3": ["line 3: unknown stop 'Жукв'; did you mean bus_zhukov (Жуков)?"],
    "a,,,2,bus_zhukow,3": ["line 3: unknown stop 'bus_zhukow'; did you mean bus_zhukov (Жуков)?"],
    "a,,,2,Q9,3": ["line 3: unknown stop 'Q9'; no name or id of the 6 stops is like it"],
    "a,,,2,,3": ["line 3: stop has no value"],
    "a,,,2,bus_nara,3": ["line 3: stop 'bus_nara' follows itself"],
    "a,train,,2,Жуков,3": ["line 3: mode of line 'a' is train here and bus before"],
    "a,,0,2,Жуков,3": [
        "line 3: headway_min must be above 0; got 0",
        "line 3: headway_min of line 'a' is 0 here and 5 before",
    ],
    "a,,,2,Жуков,7,5": [
        "line 3: 7 cells where the header has 6; save with semicolons if numbers have commas"
    ],
    ",,,2,Жуков,3": [
        "line 2: line 'a' has one stop; a line needs two",
        "line 3: line has no value",
    ],
}


@pytest.mark.parametrize("row", ROW_FAULTS)
def test_a_fault_is_shown_with_its_line(tmp_path: Path, row: str) -> None:
    assert faults_of(tmp_path, table("a,bus,5,1,bus_nara,", row)) == ROW_FAULTS[row]


FIRST_ROW_FAULTS = {
    "a,plane,5,1,Нара,": [
        "line 2: mode of line 'a' must be one of train, metro, tram, bus, ferry; got 'plane'",
        "line 2: stop 'Нара' may be bus_nara or st_nara; give the id",
    ],
    "a,,5,1,bus_nara,": [
        "line 2: mode of line 'a' must be one of train, metro, tram, bus, ferry; it has none"
    ],
    "a,bus,,1,Нара,": ["line 2: line 'a' has no headway"],
    "a,bus,often,1,Нара,": ["line 2: headway_min is no number: 'often'"],
    "a,bus,5,1,Нара,4": ["line 2: run_min must be empty or 0 at the first stop; got 4"],
}


@pytest.mark.parametrize("row", FIRST_ROW_FAULTS)
def test_a_fault_of_a_line_is_shown_where_the_line_begins(tmp_path: Path, row: str) -> None:
    assert faults_of(tmp_path, table(row, "a,,,2,Жуков,3")) == FIRST_ROW_FAULTS[row]


def test_all_faults_are_told_at_once_by_line_of_the_file(tmp_path: Path) -> None:
    text = table(
        'a,bus,5,1,"bus_\nnara",', "a,,,2,Жуков,-1", ",,,,,", "c,bus,x,1,Нара,", "d,bus,5,1,Нара,"
    )
    assert [fault.split(":")[0] for fault in faults_of(tmp_path, text)] == [
        "line 3", "line 4", "line 6", "line 6", "line 7",
    ]  # fmt: skip


def test_a_range_that_does_not_rise_is_refused(tmp_path: Path) -> None:
    header = "line,mode,headway_min,headway_low_min,sequence,stop,run_min"
    text = table("a,bus,5,6,1,Нара,", "a,,,,2,Жуков,3", header=header)
    assert faults_of(tmp_path, text) == [
        "line 2: headways of line 'a' do not rise: low 6, headway 5, high 5"
    ]


def test_a_flag_that_is_none_is_refused(tmp_path: Path) -> None:
    header = "line,mode,headway_min,both_ways,sequence,stop,run_min"
    text = table("a,bus,5,maybe,1,Нара,", "a,,,,2,Жуков,3", header=header)
    assert faults_of(tmp_path, text) == [
        "line 2: both_ways of line 'a' must be yes or no; got 'maybe'"
    ]


@pytest.mark.parametrize(
    ("header", "wanted"),
    [
        ("line,mode,headway_min,sequence,run_min", "column 'stop' is missing; it has line"),
        ("line,mode,headway_min,sequense,stop,run_min", "is 'sequense' meant for it"),
        ("line,mode,sequence,stop,run_min", "a headway is missing; wanted a column headway_min"),
        ("line,mode,mode,headway_min,sequence,stop,run_min", "column 'mode' stands twice"),
    ],
)
def test_a_header_that_lacks_a_column_is_refused(tmp_path: Path, header: str, wanted: str) -> None:
    with pytest.raises(TableError, match=wanted):
        read(tmp_path, table("a,bus,5,1,Нара,0", header=header))


@pytest.mark.parametrize("text", ["", "\n\n", "line,mode,headway_min,sequence,stop,run_min\n"])
def test_an_empty_table_is_refused(tmp_path: Path, text: str) -> None:
    with pytest.raises(TableError, match=r"lines\.csv holds no line; wanted line, mode, sequence"):
        read(tmp_path, text)


def test_a_file_that_cannot_be_read_is_refused(tmp_path: Path) -> None:
    with pytest.raises(LayerError, match="cannot be read: No such file"):
        read_line_table(tmp_path / "none.csv")
    path = tmp_path / "lines.csv"
    path.write_bytes(b"line;\x98\xff")
    with pytest.raises(LayerError, match="neither UTF-8 nor Windows-1251"):
        read_line_table(path)


def test_the_lines_of_the_built_in_region_come_through_a_table(tmp_path: Path) -> None:
    layers = Path(__file__).resolve().parents[2] / "layers"
    stops = pd.read_csv(layers / "stops.csv")
    lines = pd.read_csv(layers / "lines.csv")
    own = pd.read_csv(layers / "line_stops.csv")
    typed = own.merge(lines.drop(columns="status"), on="line_id").rename(
        columns={"line_id": "line", "stop_id": "stop"}
    )
    path = tmp_path / "lines.csv"
    typed.to_csv(path, index=False, sep=";", decimal=",", encoding="cp1251", errors="replace")
    got, got_stops = read_line_table(path, stops)
    kept = ["line_id", "mode", "headway_min", "headway_low_min", "headway_high_min"]
    wanted = lines.sort_values("line_id", ignore_index=True)[kept]
    pd.testing.assert_frame_equal(got[kept], wanted, check_dtype=False)
    key = ["line_id", "sequence"]
    own = own.sort_values(key, ignore_index=True)[[*key, "stop_id", "run_min"]]
    pd.testing.assert_frame_equal(got_stops[list(own)], own, check_dtype=False)
