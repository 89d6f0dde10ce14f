"""Open Matrix files, written by us, by the reference library and by hand."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from agglo.errors import LayerError, OutputError
from agglo.layers import omx
from agglo.layers.od_files import read_flow_matrix, read_flows, read_minutes
from agglo.layers.omx import write_omx

h5py = pytest.importorskip("h5py")


def square(values: list[list[float]], ids: list[str]) -> pd.DataFrame:
    return pd.DataFrame(np.array(values, dtype=float), index=ids, columns=ids)


TWO = square([[5, 0], [3, 7]], ["101", "7"])


def stored(
    path: Path, data: Mapping[str, object], lookups: Mapping[str, object] | None = None
) -> Path:
    """Write an Open Matrix with h5py alone."""
    with h5py.File(path, "w") as file:
        for group, items in (("data", data), ("lookup", lookups or {})):
            for name, values in items.items():
                file[f"{group}/{name}"] = values
    return path


def test_a_matrix_survives_the_way_there_and_back(tmp_path: Path) -> None:
    path = write_omx(tmp_path / "x.omx", {"n": TWO})
    table = read_flow_matrix(path)
    assert table[["live", "work", "n"]].to_numpy().tolist() == [
        ["101", "101", 5.0], ["7", "101", 3.0], ["7", "7", 7.0]
    ]  # fmt: skip
    pd.testing.assert_frame_equal(read_flows(path), table)
    assert read_minutes(path).equals(TWO)


@pytest.mark.parametrize("ids", [["007", "8"], ["Обнинск", "a'b\"c"], ["1", "2"]])
def test_ids_survive_as_text(tmp_path: Path, ids: list[str]) -> None:
    path = write_omx(tmp_path / "x.omx", {"n": square([[1, 2], [3, 4]], ids)})
    assert list(read_minutes(path).index) == ids


def test_the_reference_library_reads_what_we_write(tmp_path: Path) -> None:
    reference = pytest.importorskip("openmatrix")
    path = write_omx(tmp_path / "x.omx", {"n": TWO, "min": 2 * TWO})
    with reference.open_file(str(path)) as file:
        assert file.version() == b"0.2"
        assert tuple(file.shape()) == (2, 2)
        assert file.list_matrices() == ["min", "n"]
        np.testing.assert_array_equal(np.array(file["n"]), TWO.to_numpy())
        assert file.mapping("zone_id") == {101: 0, 7: 1}


def test_we_read_what_the_reference_library_writes(tmp_path: Path) -> None:
    reference = pytest.importorskip("openmatrix")
    path = tmp_path / "x.omx"
    with reference.open_file(str(path), "w") as file:
        file["trips"] = TWO.to_numpy()
        file.create_mapping("taz", [101, 7])
    assert read_minutes(path).equals(TWO)


def test_the_same_matrices_give_the_same_bytes(tmp_path: Path) -> None:
    first, second = (write_omx(tmp_path / f"{one}.omx", {"n": TWO}) for one in "ab")
    assert first.read_bytes() == second.read_bytes()


def test_several_matrices_or_lookups_have_to_be_chosen(tmp_path: Path) -> None:
    values = TWO.to_numpy()
    path = stored(
        tmp_path / "x.omx", {"car": values, "train": 2 * values}, {"a": [1, 2], "b": [3, 4]}
    )
    with pytest.raises(LayerError, match="2 matrices; choose one: car, train"):
        read_minutes(path)
    with pytest.raises(LayerError, match="no matrix 'bus'; choose one: car, train"):
        read_minutes(path, matrix="bus")
    with pytest.raises(LayerError, match="2 lookups; choose one: a, b"):
        read_minutes(path, matrix="car")
    with pytest.raises(LayerError, match="no lookup 'c'; choose one: a, b"):
        read_minutes(path, matrix="car", lookup="c")
    minutes = read_minutes(path, matrix="train", lookup="b")
    assert minutes.equals(square([[10, 0], [6, 14]], ["3", "4"]))


def test_without_a_lookup_zones_are_numbered_from_one(tmp_path: Path) -> None:
    path = stored(tmp_path / "x.omx", {"n": TWO.to_numpy()})
    assert list(read_minutes(path).index) == ["1", "2"]
    with pytest.raises(LayerError, match="has no lookup 'taz'"):
        read_minutes(path, lookup="taz")


@pytest.mark.parametrize(
    ("data", "lookups", "message"),
    [
        ({"n": np.ones((2, 3))}, {}, r"must be square.*'/data/n' is 2 × 3"),
        ({"n": np.ones(4)}, {}, r"must be square.*is 4"),
        ({"n": np.ones((0, 0))}, {}, "must be square"),
        ({"n": np.ones((2, 2))}, {"z": [1, 2, 3]}, "lookup 'z' has 3 ids for 2 zones"),
        ({"n": np.ones((2, 2))}, {"z": [5, 5]}, "lookup 'z' has '5' more than once"),
    ],
)
def test_a_file_that_is_no_matrix_of_zones_says_why(
    tmp_path: Path, data: dict[str, object], lookups: dict[str, object], message: str
) -> None:
    with pytest.raises(LayerError, match=message):
        read_flow_matrix(stored(tmp_path / "x.omx", data, lookups))


def test_a_file_that_is_no_open_matrix_says_so(tmp_path: Path) -> None:
    path = tmp_path / "x.omx"
    with pytest.raises(LayerError, match="is not there"):
        read_minutes(path)
    path.write_bytes(b"PK and more")
    with pytest.raises(LayerError, match="no whole Open Matrix"):
        read_minutes(path)
    with h5py.File(path, "w") as file:
        file["values"] = [1]
    with pytest.raises(LayerError, match=r"no group 'data'.* it has values"):
        read_minutes(path)
    with h5py.File(path, "w") as file:
        file.create_group("data")
    with pytest.raises(LayerError, match="0 matrices; choose one: there is none"):
        read_minutes(path)


def test_missing_minutes_are_no_way_and_missing_counts_an_error(tmp_path: Path) -> None:
    path = stored(tmp_path / "x.omx", {"n": [[1.0, -1.0], [np.nan, 2.0]]}, {"z": [b"a", b"b"]})
    with h5py.File(path, "a") as file:
        file["data/n"].attrs["NA"] = -1.0
    assert read_minutes(path).equals(square([[1, np.inf], [np.inf, 2]], ["a", "b"]))
    with pytest.raises(LayerError, match=r"2 count\(s\) are missing, first from 'a' to 'b'"):
        read_flow_matrix(path)


def test_a_matrix_is_read_some_rows_at_a_time(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    values = np.arange(49.0).reshape(7, 7)
    path = write_omx(tmp_path / "x.omx", {"n": square(values.tolist(), list("abcdefg"))})
    whole = read_flow_matrix(path)
    monkeypatch.setattr(omx, "BLOCK_CELLS", 15)
    pd.testing.assert_frame_equal(read_flow_matrix(path), whole)
    with omx.omx_matrix(path) as (_, blocks):
        assert [len(block) for _, block in blocks] == [2, 2, 2, 1]


def test_a_compression_that_h5py_does_not_know_is_named(tmp_path: Path) -> None:
    reference = pytest.importorskip("openmatrix")
    tables = pytest.importorskip("tables")
    path = tmp_path / "x.omx"
    with reference.open_file(str(path), "w") as file:
        filters = tables.Filters(complevel=5, complib="blosc")
        file.create_matrix("n", obj=np.ones((200, 200)), filters=filters)
    with pytest.raises(LayerError, match=r"'/data/n' cannot be read .*export it anew with zlib"):
        read_minutes(path)


def test_nothing_half_written_is_left(tmp_path: Path) -> None:
    path = tmp_path / "x.omx"
    for matrices in ({}, {"n": TWO, "m": TWO.iloc[::-1]}, {"n": TWO.iloc[:, :1]}):
        with pytest.raises(OutputError, match=r"x\.omx"):
            write_omx(path, matrices)
    assert list(tmp_path.iterdir()) == []
    write_omx(path, {"n": TWO})
    before = path.read_bytes()
    with pytest.raises(OutputError, match="is there already"):
        write_omx(path, {"n": TWO})
    assert [one.name for one in tmp_path.iterdir()] == ["x.omx"]
    assert path.read_bytes() == before
