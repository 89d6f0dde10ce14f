"""Stages of a run that are kept by the hash of what they are made from."""

from __future__ import annotations

import hashlib
import importlib.metadata
import json
import os
import platform
import struct
import time
import zipfile
import zlib
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, fields, is_dataclass
from functools import lru_cache
from numbers import Integral, Real
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import numpy.typing as npt

from agglo.errors import OutputError
from agglo.folders import whole_file

if TYPE_CHECKING:
    import pandas as pd

Array = npt.NDArray[Any]
Arrays = dict[str, Array]

LIBRARIES = (
    "geopandas", "networkx", "numpy", "pandas", "pyarrow", "pyproj", "routingkit-cch", "scipy",
    "shapely",
)  # fmt: skip
"""What a number may depend on beside the sources of the package."""

MOST_BYTES = 2_000_000_000
"""What the folder may hold at the end of a run; what was not used for longest goes first."""

HALF_WRITTEN_S = 86_400
"""A half-written entry that is older was left by a run that was killed."""

LAYOUT = "layout"
BROKEN = (
    OSError, ValueError, KeyError, IndexError, TypeError, EOFError, AttributeError,
    NotImplementedError, struct.error, zipfile.BadZipFile, zlib.error,
)  # fmt: skip
"""All that a file which is no entry, or only half of one, may raise."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Stages:
    """What was made once, kept in a folder by the hash of all that it was made from.

    An entry that is broken, or cannot be read or written, is made again; none of it is an error.
    """

    folder: Path | None = None
    """``None`` keeps nothing."""

    code: str = ""
    """Hash of what makes the entries: ``code_sha256``."""

    def frame(self, name: str, inputs: object, make: Callable[[], pd.DataFrame]) -> pd.DataFrame:
        """Return the frame that is kept under a name and its inputs, or make it and keep it.

        Parameters
        ----------
        name
            Of the stage; letters, digits and '-'.
        inputs
            All that the frame depends on beside the code: what ``content_sha256`` can read.
        make
            Columns and index of numbers, flags and text. Anything else is made each time.
        """
        found = self.read(name, inputs)
        frame = None if found is None else _frame_or_none(found)
        if frame is not None:
            return frame
        made = make()
        packed = _packed(made)
        if packed is None:
            return made
        self.write(name, inputs, packed)
        # read as it will be read again, so that nothing can tell a kept frame from a new one
        return _frame(packed)

    def arrays(self, name: str, inputs: object, make: Callable[[], Arrays]) -> Arrays:
        """Return the arrays that are kept under a name and its inputs, or make and keep them."""
        found = self.read(name, inputs)
        if found is not None:
            return found
        made = {key: np.ascontiguousarray(values) for key, values in make().items()}
        self.write(name, inputs, made)
        return made

    def read(self, name: str, inputs: object) -> Arrays | None:
        """Return what is kept under a name and its inputs; ``None`` where nothing whole is."""
        if self.folder is None:
            return None
        path = self._path(name, inputs)
        try:
            with np.load(path, allow_pickle=False) as entry:
                found = {key: entry[key] for key in entry.files}
        except BROKEN:
            return None
        _touch(path)
        return found

    def write(self, name: str, inputs: object, arrays: Mapping[str, Array]) -> None:
        """Keep arrays in place of what was kept, or nothing where the folder takes no files."""
        if self.folder is None:
            return
        path = self._path(name, inputs)
        try:
            path.unlink(missing_ok=True)
            with whole_file(path) as temporary, temporary.open("wb") as file:
                np.savez(file, **dict(arrays))
        except (OSError, OutputError):
            return

    def trimmed(self, most_bytes: int = MOST_BYTES) -> None:
        """Drop what was not used for longest until the folder holds no more than so much.

        A run that goes on beside this one makes again what it misses.
        """
        if self.folder is None:
            return
        files = sorted(_sizes(self.folder), reverse=True)
        held = 0
        for _, size, path in files:
            held += size
            if held > most_bytes:
                _remove(path)
        for path in _left_behind(self.folder):
            _remove_folder(path)

    def _path(self, name: str, inputs: object) -> Path:
        folder = self.folder or Path()
        return folder / f"{name}-{content_sha256(name, self.code, inputs)[:40]}.npz"


def content_sha256(*parts: object) -> str:
    """Hash values by what they hold: the same in every process, whatever its hash seed.

    Parameters
    ----------
    parts
        Text, bytes, numbers, ``None``, tuples and lists, sets and mappings (their order does not
        count), numpy and sparse arrays, pandas frames, geometries, dataclasses of such.

    Raises
    ------
    TypeError
        Naming the type of what cannot be read.
    """
    digest = hashlib.sha256()
    for piece in _told(parts):
        digest.update(piece)
    return digest.hexdigest()


@lru_cache(maxsize=1)
def code_sha256() -> str:
    """Hash the sources of the package and the versions of what they calculate with."""
    package = Path(__file__).resolve().parent
    sources = {
        path.relative_to(package).as_posix(): path.read_bytes()
        for path in sorted(package.rglob("*.py"))
    }
    return content_sha256(platform.python_version(), platform.machine(), _versions(), sources)


def _versions() -> dict[str, str]:
    found = {}
    for name in LIBRARIES:
        try:
            found[name] = importlib.metadata.version(name)
        except importlib.metadata.PackageNotFoundError:
            found[name] = ""
    return found


def _told(value: Any) -> Iterable[bytes]:
    """Write a value as bytes that no other value is written as."""
    if value is None:
        yield b"none;"
    elif isinstance(value, str):
        yield from _sized(b"text", value.encode("utf-8", "surrogatepass"))
    elif isinstance(value, bytes):
        yield from _sized(b"bytes", value)
    elif isinstance(value, bool | np.bool_):
        yield b"true;" if value else b"false;"
    elif isinstance(value, Integral):
        yield from _sized(b"whole", str(int(value)).encode())
    elif isinstance(value, Real):
        yield b"real:" + struct.pack("<d", float(value))
    elif isinstance(value, tuple | list):
        yield from _sized(b"row", b"")
        yield from (_digest(item) for item in value)
        yield b"end;"
    elif isinstance(value, Mapping):
        pairs = sorted((_digest(key), _digest(item)) for key, item in value.items())
        yield from _sized(b"table", b"".join(key + item for key, item in pairs))
    elif isinstance(value, set | frozenset):
        yield from _sized(b"set", b"".join(sorted(map(_digest, value))))
    elif isinstance(value, Path):
        yield from _sized(b"path", str(value).encode("utf-8", "surrogatepass"))
    elif is_dataclass(value) and not isinstance(value, type):
        yield from _sized(b"value", type(value).__qualname__.encode())
        yield from (_digest((own.name, getattr(value, own.name))) for own in fields(value))
        yield b"end;"
    else:
        yield from _told_array(value)


def _told_array(value: Any) -> Iterable[bytes]:
    if isinstance(value, np.ndarray):
        if value.dtype == object:
            yield from _sized(b"objects", repr(value.shape).encode())
            yield from _told_texts(value.ravel().tolist())
        else:
            yield from _sized(b"array", f"{value.dtype.str}{value.shape}".encode())
            yield np.ascontiguousarray(value).tobytes()
    elif hasattr(value, "geom_type") and hasattr(value, "wkb"):
        yield from _sized(b"geometry", value.wkb)
    elif hasattr(value, "indptr") and hasattr(value, "indices"):
        yield from _sized(b"sparse", repr(value.shape).encode())
        yield from (_digest(getattr(value, name)) for name in ("data", "indices", "indptr"))
    else:
        yield from _told_pandas(value)


def _told_pandas(value: Any) -> Iterable[bytes]:
    import pandas as pd

    if isinstance(value, pd.DataFrame):
        yield from _sized(b"frame", repr(value.shape).encode())
        yield _digest(value.index) + _digest(value.columns)
        yield from (_digest(value.iloc[:, place]) for place in range(value.shape[1]))
    elif isinstance(value, pd.Series):
        yield from _sized(b"series", repr(value.name).encode())
        yield _digest(value.index)
        yield from _told_column(value)
    elif isinstance(value, pd.MultiIndex):
        yield from _sized(b"levels", repr(list(value.names)).encode())
        yield from (_digest(value.get_level_values(place)) for place in range(value.nlevels))
    elif isinstance(value, pd.Index):
        yield from _sized(b"index", repr(value.name).encode())
        yield from _told_column(value)
    else:
        raise TypeError(f"a {type(value).__name__} has no content that can be hashed")


def _told_column(column: Any) -> Iterable[bytes]:
    kind = str(column.dtype)
    yield from _sized(b"column", kind.encode())
    if kind == "geometry":
        import shapely

        yield from _sized(b"crs", str(getattr(column, "crs", "")).encode())
        yield from _told_texts(shapely.to_wkb(np.asarray(column)).tolist())
    elif isinstance(column.dtype, np.dtype) and column.dtype != object:
        yield from _told_array(column.to_numpy())
    else:
        yield from _told_texts(column.tolist())


def _told_texts(values: list[Any]) -> Iterable[bytes]:
    """Write many texts at once, or any values one by one."""
    if all(type(one) is str for one in values):
        ends = np.fromiter(map(len, values), dtype=np.int64, count=len(values))
        yield from _sized(b"texts", ends.tobytes())
        yield from _sized(b"", "".join(values).encode("utf-8", "surrogatepass"))
    else:
        yield from _sized(b"mixed", b"")
        yield from (_digest(_plain(one)) for one in values)


def _plain(value: Any) -> Any:
    return value if value is None or not _is_missing(value) else float("nan")


def _is_missing(value: Any) -> bool:
    return type(value).__name__ in ("NAType", "NaTType")


def _sized(tag: bytes, content: bytes) -> Iterable[bytes]:
    yield tag + b"%d:" % len(content)
    yield content


def _digest(value: object) -> bytes:
    digest = hashlib.sha256()
    for piece in _told(value):
        digest.update(piece)
    return digest.digest()


def _packed(frame: pd.DataFrame) -> Arrays | None:
    """Take a frame apart into arrays without objects; ``None`` where that cannot be done."""
    import pandas as pd

    if type(frame) is not pd.DataFrame:
        return None
    arrays: Arrays = {}
    layout: dict[str, Any] = {}
    for side, index in (("index", frame.index), ("columns", frame.columns)):
        if not all(name is None or isinstance(name, str) for name in index.names):
            return None
        if type(index) is pd.RangeIndex:
            layout[side] = {"range": [index.start, index.stop, index.step], "names": [index.name]}
            continue
        levels = [index.get_level_values(place) for place in range(index.nlevels)]
        kinds = [_column(own, f"{side}{place}", arrays) for place, own in enumerate(levels)]
        layout[side] = {
            "kinds": kinds, "names": list(index.names), "is_multi": isinstance(index, pd.MultiIndex)
        }  # fmt: skip
    columns = (frame.iloc[:, place] for place in range(frame.shape[1]))
    layout["values"] = [_column(own, f"value{place}", arrays) for place, own in enumerate(columns)]
    kinds = [*layout["values"], *layout["index"].get("kinds", []),
             *layout["columns"].get("kinds", [])]  # fmt: skip
    if None in kinds:
        return None
    arrays[LAYOUT] = np.frombuffer(json.dumps(layout).encode(), dtype=np.uint8)
    return arrays


def _column(column: Any, key: str, arrays: Arrays) -> str | None:
    """Put a column into arrays and name its kind; ``None`` where it holds other objects."""
    kind = str(column.dtype)
    if isinstance(column.dtype, np.dtype) and column.dtype.kind in "fiub":
        arrays[key] = np.ascontiguousarray(column.to_numpy())
        return "numbers"
    if kind not in ("object", "str"):
        return None
    values = column.tolist()
    is_text = [type(one) is str for one in values]
    marks = {None: -1} if kind == "object" else {}
    ends = np.zeros(len(values), dtype=np.int64)
    for place, one in enumerate(values):
        if is_text[place]:
            ends[place] = len(one.encode("utf-8"))
        elif one in marks:
            ends[place] = -1
        elif isinstance(one, float) and one != one:
            ends[place] = -2
        else:
            return None
    text = "".join(one for one, own in zip(values, is_text, strict=True) if own)
    arrays[key] = ends
    arrays[f"{key}_text"] = np.frombuffer(text.encode("utf-8"), dtype=np.uint8)
    return kind


def _frame_or_none(arrays: Arrays) -> pd.DataFrame | None:
    try:
        return _frame(arrays)
    except BROKEN:
        return None


def _frame(arrays: Arrays) -> pd.DataFrame:
    import pandas as pd

    layout = json.loads(arrays[LAYOUT].tobytes())
    index, columns = (_index(layout[side], side, arrays) for side in ("index", "columns"))
    own = {
        place: _values(kind, f"value{place}", arrays) for place, kind in enumerate(layout["values"])
    }
    frame = pd.DataFrame(own, index=index)
    if len(frame.columns) != len(columns) or any(len(one) != len(index) for one in own.values()):
        raise ValueError("the columns of the entry are of other lengths")
    frame.columns = columns
    return frame


def _index(layout: Mapping[str, Any], side: str, arrays: Arrays) -> pd.Index:
    import pandas as pd

    if "range" in layout:
        return pd.RangeIndex(*layout["range"], name=layout["names"][0])
    levels = [
        _values(kind, f"{side}{place}", arrays) for place, kind in enumerate(layout["kinds"])
    ]
    if layout["is_multi"]:
        return pd.MultiIndex.from_arrays(levels, names=layout["names"])
    return pd.Index(levels[0], name=layout["names"][0], dtype=levels[0].dtype)


def _values(kind: str, key: str, arrays: Arrays) -> Any:
    if kind == "numbers":
        return arrays[key]
    import pandas as pd

    ends, text = arrays[key], arrays[f"{key}_text"].tobytes()
    stops = np.cumsum(np.maximum(ends, 0)).tolist()
    values: list[Any] = []
    for length, stop in zip(ends.tolist(), stops, strict=True):
        missing = None if length == -1 else float("nan")
        values.append(missing if length < 0 else text[stop - length : stop].decode("utf-8"))
    return pd.array(values, dtype="str") if kind == "str" else _objects(values)


def _objects(values: list[Any]) -> Array:
    found = np.empty(len(values), dtype=object)
    found[:] = values
    return found


def _touch(path: Path) -> None:
    try:
        os.utime(path)
    except OSError:
        return


def _sizes(folder: Path) -> list[tuple[int, int, Path]]:
    """List time of last use, size and path of every entry; what goes meanwhile is left out."""
    found = []
    for path in folder.glob("*.npz"):
        try:
            about = path.stat()
        except OSError:
            continue
        found.append((about.st_mtime_ns, about.st_size, path))
    return found


def _left_behind(folder: Path) -> list[Path]:
    """List what killed runs left half-written."""
    found = []
    for path in folder.glob(".*"):
        try:
            if path.is_dir() and time.time() - path.stat().st_mtime > HALF_WRITTEN_S:
                found.append(path)
        except OSError:
            continue
    return found


def _remove(path: Path) -> None:
    try:
        path.unlink(missing_ok=True)
    except OSError:
        return


def _remove_folder(path: Path) -> None:
    import shutil

    shutil.rmtree(path, ignore_errors=True)
