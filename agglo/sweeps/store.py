"""The finished chunks of a sweep: files that are whole or not there, each with a checksum."""

from __future__ import annotations

import hashlib
import io
import json
import shutil
import sys
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import IO

import numpy as np
import numpy.typing as npt

from agglo.errors import OutputError
from agglo.folders import whole_file
from agglo.sweeps.plan import (
    Plan,
    identity_differences,
    identity_sha256,
    setting_name,
)
from agglo.sweeps.recipe import CENTRAL, Outcome

Floats = npt.NDArray[np.float64]
Rows = dict[tuple[int, int], dict[int, Floats]]
"""By setting and chunk, by draw: scenarios × columns."""

VALUES, DRAWS, SUMMARY, RECORD = "values.parquet", "draws.parquet", "summary.csv", "sweep.json"
FILES = (VALUES, DRAWS, SUMMARY, RECORD)
PARTS, IDENTITY, LOCK = ".parts", "plan.json", "lock"
SUFFIX = ".part"
DIGEST_BYTES = 64


@dataclass(frozen=True, slots=True, kw_only=True)
class Parts:
    """The folder of the finished chunks of one plan."""

    folder: Path
    plan: Plan
    sha256: str
    """Of all that the values depend on."""


@contextmanager
def opened_parts(out: Path, plan: Plan, *, is_fresh: bool) -> Iterator[Parts]:
    """Give the folder of the finished chunks, held by this process alone.

    Raises
    ------
    OutputError
        If it holds chunks of another plan, or another process works on it.
    """
    folder = out / PARTS
    try:
        folder.mkdir(parents=True, exist_ok=True)
        with (folder / LOCK).open("a") as lock:
            _hold(lock, out)
            _clear(folder, everything=is_fresh)
            identity = plan.identity
            _check_identity(folder, identity, out)
            yield Parts(folder=folder, plan=plan, sha256=identity_sha256(identity))
    except OSError as error:
        raise OutputError(f"{out} cannot be written: {error.strerror or error}") from error


def read_parts(parts: Parts) -> Rows:
    """Read the finished chunks; one that is damaged is left out and will be done again."""
    found: Rows = {}
    plan = parts.plan
    names = {part_name(plan, setting): setting for setting in range(len(plan.settings))}
    for path in sorted(parts.folder.glob(f"*{SUFFIX}")):
        name, _, chunk = path.stem.rpartition("-")
        if name not in names:
            continue
        rows = _read_part(path, parts)
        if rows:
            found[names[name], int(chunk) if chunk.isdecimal() else CENTRAL] = rows
    return found


def write_part(parts: Parts, outcome: Outcome, kept: Mapping[int, Floats]) -> None:
    """Write a finished chunk, with the draws of it that were there before.

    Raises
    ------
    OutputError
        If it cannot be written.
    """
    rows = {**kept, **outcome.rows}
    if not rows:
        return
    numbers = sorted(rows)
    table = np.column_stack(
        [np.array(numbers, dtype=float), np.stack([rows[one].ravel() for one in numbers])]
    )
    buffer = io.BytesIO()
    np.save(buffer, table, allow_pickle=False)
    chunk = "central" if outcome.task.chunk == CENTRAL else f"{outcome.task.chunk:06d}"
    path = parts.folder / f"{part_name(parts.plan, outcome.task.setting)}-{chunk}{SUFFIX}"
    content = buffer.getvalue()
    replace_file(path, _digest(parts, path.name, content) + content)


def replace_file(path: Path, content: bytes) -> None:
    """Write a file whole, in place of an earlier one.

    Raises
    ------
    OutputError
        If it cannot be written; the earlier one stays.
    """
    new = path.with_name(f"{path.name}.new")
    new.unlink(missing_ok=True)
    with whole_file(new) as temporary:
        temporary.write_bytes(content)
    try:
        new.replace(path)
    except OSError as error:
        raise OutputError(f"{path} cannot be written: {error.strerror or error}") from error


def part_name(plan: Plan, setting: int) -> str:
    """Name the chunks of one setting, so that values set later leave it as it is."""
    return hashlib.sha256(setting_name(plan, setting).encode()).hexdigest()[:12]


def _read_part(path: Path, parts: Parts) -> dict[int, Floats]:
    content = path.read_bytes()
    digest, payload = content[:DIGEST_BYTES], content[DIGEST_BYTES:]
    if digest != _digest(parts, path.name, payload):
        return {}
    table = np.load(io.BytesIO(payload), allow_pickle=False)
    shape = (len(parts.plan.scenarios), len(parts.plan.columns))
    return {int(row[0]): row[1:].reshape(shape) for row in table}


def _digest(parts: Parts, name: str, payload: bytes) -> bytes:
    """Hash a chunk with the plan and the name it belongs to."""
    head = f"{parts.sha256}/{name}/".encode()
    return hashlib.sha256(head + payload).hexdigest().encode()


def _check_identity(folder: Path, identity: Mapping[str, object], out: Path) -> None:
    path = folder / IDENTITY
    content = json.dumps(identity, indent=1, sort_keys=True, ensure_ascii=False).encode()
    if not path.exists():
        _clear(folder, everything=True)
        replace_file(path, content)
        return
    if path.read_bytes() == content:
        return
    try:
        other = json.loads(path.read_bytes())
        differs = "; ".join(identity_differences(identity, other))
    except (ValueError, TypeError, AttributeError):
        differs = f"{PARTS}/{IDENTITY} is damaged"
    raise OutputError(
        f"{out} holds another sweep, and the draws of two cannot be mixed: {differs}; undo the "
        "change, name another folder with --out, or start afresh with --fresh"
    )


def _clear(folder: Path, *, everything: bool) -> None:
    """Remove what a killed process left half written, or all that is there."""
    for path in folder.iterdir():
        is_kept = path.name == IDENTITY or path.suffix == SUFFIX
        if path.name == LOCK or (is_kept and not everything):
            continue
        if path.is_dir():
            shutil.rmtree(path)
        else:
            path.unlink()


def _hold(lock: IO[str], out: Path) -> None:
    """Hold a file as long as it is open; the system lets go of it when the process ends."""
    try:
        if sys.platform == "win32":
            import msvcrt

            msvcrt.locking(lock.fileno(), msvcrt.LK_NBLCK, 1)
        else:
            import fcntl

            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except OSError as error:
        raise OutputError(
            f"{out} is being written by another sweep; wait for it, or name another folder"
        ) from error
