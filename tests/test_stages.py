"""What is kept between runs: exact, whole or not at all, and only while nothing changes."""

from __future__ import annotations

import os
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path

import geopandas as gpd
import numpy as np
import pandas as pd
import pytest
from scipy.sparse import csr_array
from shapely.geometry import Point

import agglo.contents
from agglo.contents import code_sha256, content_sha256
from agglo.packed import Arrays
from agglo.stages import HALF_WRITTEN_S, Stages

ROOT = Path(__file__).resolve().parents[1]


def frame() -> pd.DataFrame:
    made = pd.DataFrame(
        {
            "share": [0.1, np.nan, np.inf],
            "count": [1, 2, 2**60],
            "small": np.array([1, 2, 3], dtype=np.float32),
            "is_open": [True, False, True],
            "name": ["Обнинск", 'a "b"', ""],
            "note": pd.array(["x", None, "\0"], dtype="str"),
            "any": pd.Series([None, "q", np.nan], dtype=object),
        }
    )
    made.index = pd.MultiIndex.from_tuples([("a", 1), ("b", 2), ("b", 1)], names=["zone", None])
    return made


def stages(folder: Path | None, code: str = "code") -> Stages:
    return Stages(folder=folder, code=code)


def refuse() -> pd.DataFrame:
    raise AssertionError("made anew")


def made(folder: Path | None, inputs: object = "inputs", code: str = "code") -> bool:
    """Tell whether a stage is made anew."""
    calls = []

    def make() -> pd.DataFrame:
        calls.append(1)
        return frame()

    stages(folder, code).frame("stage", inputs, make)
    return bool(calls)


def entries(folder: Path) -> list[Path]:
    return sorted(folder.glob("*.npz"))


# ---- what is kept


@pytest.mark.parametrize(
    "own",
    [
        frame(),
        frame().reset_index(drop=True),
        frame().iloc[:0],
        frame()[[]],
        pd.DataFrame(),
        pd.DataFrame([[1.0, 2.0]], index=pd.Index(["a"], dtype=object), columns=[3, 4]),
    ],
    ids=["mixed", "range", "no rows", "no columns", "empty", "object index"],
)
def test_a_kept_frame_is_the_frame_that_was_made(own: pd.DataFrame, tmp_path: Path) -> None:
    first = stages(tmp_path).frame("stage", 1, lambda: own)
    again = stages(tmp_path).frame("stage", 1, refuse)
    pd.testing.assert_frame_equal(first, own, check_exact=True)
    pd.testing.assert_frame_equal(again, own, check_exact=True)
    assert first["any"].tolist()[:2] == [None, "q"] if "any" in first and len(first) else True


def test_kept_arrays_come_back_in_their_own_types(tmp_path: Path) -> None:
    own: Arrays = {
        "whole": np.array([1, -2], dtype=np.int64),
        "single": np.array([[np.inf, 0.1]], dtype=np.float32),
        "flag": np.array([True]),
        "text": np.array(["дом", "b"]),
        "one": np.array(0.1),
    }
    for _ in range(2):
        found = stages(tmp_path).arrays("stage", 1, lambda: own)
        assert set(found) == set(own)
        for name, values in own.items():
            assert found[name].dtype == values.dtype
            assert found[name].shape == values.shape
            assert np.array_equal(found[name], values)


def test_a_frame_of_other_objects_is_made_each_time(tmp_path: Path) -> None:
    own = pd.DataFrame({"a": [(1, 2)]})
    assert stages(tmp_path).frame("stage", 1, lambda: own) is own
    assert entries(tmp_path) == []


def test_nothing_is_kept_without_a_folder() -> None:
    assert made(None)
    assert made(None)


def test_a_folder_that_cannot_be_written_keeps_nothing_and_is_no_error(tmp_path: Path) -> None:
    (tmp_path / ".cache").write_text("a file", encoding="utf-8")
    assert made(tmp_path / ".cache" / "stages")
    assert made(tmp_path / ".cache" / "stages")
    stages(tmp_path / ".cache" / "stages").trimmed(0)


@pytest.mark.parametrize("other", ["inputs", "code", "name"])
def test_another_input_code_or_name_is_another_entry(other: str, tmp_path: Path) -> None:
    assert made(tmp_path)
    assert not made(tmp_path)
    if other == "name":
        with pytest.raises(AssertionError, match="made anew"):
            stages(tmp_path).frame("other", "inputs", refuse)
    else:
        assert made(tmp_path, **{other: "other"})


# ---- whole or not at all


def test_a_half_or_broken_entry_is_made_again(tmp_path: Path) -> None:
    made(tmp_path)
    (path,) = entries(tmp_path)
    whole = path.read_bytes()
    for place in [*range(0, len(whole), 97), len(whole) - 1]:
        path.write_bytes(whole[:place])
        assert made(tmp_path)
        assert path.read_bytes() == whole


def test_an_entry_with_a_wrong_bit_is_never_trusted(tmp_path: Path) -> None:
    made(tmp_path)
    (path,) = entries(tmp_path)
    whole = path.read_bytes()
    for place in range(0, len(whole), 41):
        wrong = bytearray(whole)
        wrong[place] ^= 16
        path.write_bytes(bytes(wrong))
        found = stages(tmp_path).frame("stage", "inputs", frame)
        pd.testing.assert_frame_equal(found, frame(), check_exact=True)


def test_an_entry_with_pickled_objects_is_not_read(tmp_path: Path) -> None:
    made(tmp_path)
    (path,) = entries(tmp_path)
    with path.open("wb") as file:
        np.savez(file, layout=np.array([{"a": 1}], dtype=object))
    assert made(tmp_path)


def test_an_interruption_leaves_nothing_half(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def interrupted(file: object, **_: object) -> None:
        file.write(b"half")  # type: ignore[attr-defined]
        raise KeyboardInterrupt

    with monkeypatch.context() as patch:
        patch.setattr(np, "savez", interrupted)
        with pytest.raises(KeyboardInterrupt):
            made(tmp_path)
    assert list(tmp_path.iterdir()) == []
    assert made(tmp_path)


def test_what_was_used_last_stays_when_the_folder_is_trimmed(tmp_path: Path) -> None:
    own = stages(tmp_path)
    for number in range(4):
        own.arrays("stage", number, lambda: {"a": np.zeros(1000)})
    paths = {number: own._path("stage", number) for number in range(4)}
    for number, path in paths.items():
        os.utime(path, (1000 + number, 1000 + number))
    own.read("stage", 0)
    own.trimmed(2 * paths[0].stat().st_size)
    assert set(entries(tmp_path)) == {paths[0], paths[3]}


def test_trimming_drops_what_killed_runs_left_and_nothing_of_those_that_go_on(
    tmp_path: Path,
) -> None:
    old, new = tmp_path / ".stage-old", tmp_path / ".stage-new"
    for folder in (old, new):
        folder.mkdir()
    before = new.stat().st_mtime - 2 * HALF_WRITTEN_S
    os.utime(old, (before, before))
    stages(tmp_path).trimmed()
    assert [path.name for path in tmp_path.iterdir()] == [new.name]


# ---- hashes of content


@dataclass(frozen=True)
class Value:
    """A value of two parts."""

    name: str
    number: float


OTHERS = [
    None, True, False, 0, 1, 1.0, -0.0, 0.0, "1", b"1", "", (), ("",), ("a", "b"), ("ab",),
    (("a",), "b"), ("a", ("b",)), {}, {"a": 1}, {"a": 2}, {1}, frozenset({2}), Path("a"),
    Value("a", 1), Value("a", 2), np.array([1]), np.array([1.0]), np.array([1], dtype=np.float32),
    np.array([[1]]), np.array(["1"]), np.array(["1"], dtype=object), np.array([1], dtype=object),
    csr_array(np.eye(2)), csr_array(np.eye(3)), Point(0, 1), Point(1, 0),
    pd.Index(["a"]), pd.Index(["a"], name="b"), pd.Series(["a"]), pd.Series(["a"], index=["b"]),
    pd.Series(["a", "b"]), pd.Series(["ab", ""]), pd.Series(["a", None]),
    pd.MultiIndex.from_tuples([("a", "b")]), pd.DataFrame({"a": [1]}), pd.DataFrame({"b": [1]}),
    pd.DataFrame({"a": [1.0]}), pd.DataFrame({"a": [1]}, index=["x"]), pd.DataFrame(),
    gpd.GeoDataFrame({"a": [1]}, geometry=[Point(0, 1)]),
    gpd.GeoDataFrame({"a": [1]}, geometry=[Point(0, 2)]),
    gpd.GeoDataFrame({"a": [1]}, geometry=[Point(0, 2)], crs="EPSG:4326"),
]  # fmt: skip


def test_values_that_differ_have_different_hashes() -> None:
    hashes = [content_sha256(value) for value in OTHERS]
    assert len(set(hashes)) == len(OTHERS)
    assert content_sha256("a", "b") != content_sha256("ab")
    assert content_sha256("a", "b") != content_sha256(("a", "b"))


def test_a_mapping_counts_without_its_order_and_numbers_without_their_library() -> None:
    assert content_sha256({"a": 1, "b": 2}) == content_sha256({"b": 2, "a": 1})
    assert content_sha256(np.int64(3), np.float64(0.5), np.True_) == content_sha256(3, 0.5, True)
    assert content_sha256([1, "a"]) == content_sha256((1, "a"))


def test_what_cannot_be_read_is_named() -> None:
    with pytest.raises(TypeError, match="a generator has no content"):
        content_sha256(one for one in "ab")


def test_every_process_finds_the_same_hash_whatever_its_seed() -> None:
    code = (
        "from tests.test_stages import OTHERS; from agglo.contents import content_sha256;"
        "import sys; sys.stdout.write(content_sha256({'x': {'a', 'b', 'c'}}, OTHERS))"
    )
    found = {
        subprocess.run(
            [sys.executable, "-c", code],
            cwd=ROOT,
            env={**os.environ, "PYTHONHASHSEED": seed},
            capture_output=True,
            text=True,
            check=True,
        ).stdout
        for seed in ("1", "2")
    }
    assert found == {content_sha256({"x": {"c", "b", "a"}}, OTHERS)}


def test_the_hash_of_the_code_follows_sources_and_libraries(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    package = tmp_path / "agglo"
    package.mkdir()
    (package / "contents.py").write_text("1", encoding="utf-8")
    monkeypatch.setattr(agglo.contents, "__file__", str(package / "contents.py"))
    found = []

    def note() -> None:
        code_sha256.cache_clear()
        found.append(code_sha256())

    try:
        note()
        (package / "other.py").write_text("2", encoding="utf-8")
        note()
        (package / "other.py").write_text("3", encoding="utf-8")
        note()
        monkeypatch.setattr(agglo.contents, "_versions", lambda: {"numpy": "0"})
        note()
    finally:
        code_sha256.cache_clear()
    assert len(set(found)) == 4
