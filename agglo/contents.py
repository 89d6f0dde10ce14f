"""Hashes of values by what they hold, and of the code that calculates with them."""

from __future__ import annotations

import hashlib
import importlib.metadata
import platform
import struct
from collections.abc import Iterable, Mapping
from dataclasses import fields, is_dataclass
from functools import lru_cache
from numbers import Integral, Real
from pathlib import Path
from typing import Any

import numpy as np

LIBRARIES = (
    "geopandas", "networkx", "numpy", "pandas", "pyarrow", "pyproj", "routingkit-cch", "scipy",
    "shapely",
)  # fmt: skip
"""What a number may depend on beside the sources of the package."""

NONE, NAN, ABSENT = -1, -2, -3
MARKS = {"str": 1, "bytes": 0, "NoneType": NONE, "float": NAN, "NAType": ABSENT, "NaTType": ABSENT}
"""How texts and missing values stand in a column."""


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
    if isinstance(value, str):
        yield from _sized(b"text", value.encode("utf-8", "surrogatepass"))
    elif isinstance(value, bytes):
        yield from _sized(b"bytes", value)
    elif value is None or isinstance(value, bool | np.bool_ | Integral):
        # an index of the operating system's own width is the same number
        own = value if value is None else value.item() if hasattr(value, "item") else value
        yield from _sized(b"whole", repr(own).encode())
    elif isinstance(value, Real):
        yield b"real:" + struct.pack("<d", float(value))
    elif isinstance(value, Path):
        yield from _sized(b"path", str(value).encode("utf-8", "surrogatepass"))
    elif isinstance(value, tuple | list | set | frozenset | Mapping) or is_dataclass(value):
        yield from _told_several(value)
    else:
        yield from _told_array(value)


def _told_several(value: Any) -> Iterable[bytes]:
    if isinstance(value, tuple | list):
        yield from _sized(b"row", b"".join(map(_digest, value)))
    elif isinstance(value, set | frozenset):
        yield from _sized(b"set", b"".join(sorted(map(_digest, value))))
    elif isinstance(value, Mapping):
        pairs = sorted((_digest(key), _digest(item)) for key, item in value.items())
        yield from _sized(b"table", b"".join(key + item for key, item in pairs))
    else:
        own = {item.name: getattr(value, item.name) for item in fields(value)}
        yield from _sized(type(value).__qualname__.encode(), _digest(own))


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
    """Write many texts at once, missing ones marked, or any values one by one."""
    marks = [MARKS.get(type(one).__name__, 0) for one in values]
    if 0 in marks or any(
        mark == NAN and one == one for mark, one in zip(marks, values, strict=True)
    ):
        yield from _sized(b"mixed", b"".join(map(_digest, values)))
        return
    texts = [one if mark > 0 else "" for mark, one in zip(marks, values, strict=True)]
    sizes = [len(text) if mark > 0 else mark for mark, text in zip(marks, texts, strict=True)]
    yield from _sized(b"texts", np.array(sizes, dtype=np.int64).tobytes())
    yield from _sized(b"", "".join(texts).encode("utf-8", "surrogatepass"))


def _sized(tag: bytes, content: bytes) -> Iterable[bytes]:
    yield tag + b"%d:" % len(content)
    yield content


def _digest(value: object) -> bytes:
    digest = hashlib.sha256()
    for piece in _told(value):
        digest.update(piece)
    return digest.digest()
