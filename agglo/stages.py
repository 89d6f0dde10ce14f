"""Stages of a run that are kept by the hash of what they are made from."""

from __future__ import annotations

import os
import shutil
import struct
import time
import zipfile
import zlib
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from agglo.contents import content_sha256
from agglo.errors import OutputError
from agglo.folders import whole_file
from agglo.packed import Array, Arrays, frame_from_packed, packed_frame

if TYPE_CHECKING:
    import pandas as pd

MOST_BYTES = 2_000_000_000
"""What the folder may hold at the end of a run; what was not used for longest goes first."""

HALF_WRITTEN_S = 86_400
"""A half-written entry that is older was left by a run that was killed."""

BROKEN = (
    OSError, ValueError, KeyError, IndexError, TypeError, EOFError, AttributeError,
    RuntimeError, ArithmeticError, MemoryError, SyntaxError, struct.error, zipfile.BadZipFile,
    zlib.error,
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

    known: dict[int, tuple[object, str]] = field(default_factory=dict)
    """Tables that were hashed, by identity, kept alive so that no other can take their place."""

    def sha256(self, value: object) -> str:
        """Hash a value that comes again and again, once; nothing where nothing is kept."""
        if self.folder is None:
            return ""
        if id(value) not in self.known:
            self.known[id(value)] = value, content_sha256(value)
        return self.known[id(value)][1]

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
        found = self.read_frame(name, inputs)
        return self.kept_frame(name, inputs, make()) if found is None else found

    def read_frame(self, name: str, inputs: object) -> pd.DataFrame | None:
        """Return the frame that is kept under a name and its inputs; ``None`` without one."""
        found = self.read(name, inputs)
        try:
            return None if found is None else frame_from_packed(found)
        except BROKEN:
            return None

    def kept_frame(self, name: str, inputs: object, made: pd.DataFrame) -> pd.DataFrame:
        """Keep a frame that was just made and return it as it will be read again.

        So nothing can tell a kept frame from a new one, whatever their blocks in memory.
        """
        packed = packed_frame(made)
        if packed is None:
            return made
        self.write(name, inputs, packed)
        return frame_from_packed(packed)

    def arrays(self, name: str, inputs: object, make: Callable[[], Arrays]) -> Arrays:
        """Return the arrays that are kept under a name and its inputs, or make and keep them."""
        found = self.read(name, inputs)
        if found is not None:
            return found
        made = {key: np.asarray(values, order="C") for key, values in make().items()}
        self.write(name, inputs, made)
        return made

    def read(self, name: str, inputs: object) -> Arrays | None:
        """Return what is kept under a name and its inputs; ``None`` where nothing whole is."""
        if self.folder is None:
            return None
        path = self._path(name, inputs)
        try:
            with path.open("rb") as file, np.load(file, allow_pickle=False) as entry:
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
                np.savez(file, allow_pickle=False, **dict(arrays))
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
    shutil.rmtree(path, ignore_errors=True)
