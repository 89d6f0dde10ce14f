"""Output that appears whole or not at all: folders and new files."""

from __future__ import annotations

import shutil
import tempfile
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

from agglo.errors import OutputError


@contextmanager
def whole_folder(
    out: Path, *, replaces: bool = False, faults: tuple[type[Exception], ...] = ()
) -> Iterator[Path]:
    """Give a temporary folder beside ``out`` that takes its place once everything is written.

    On any failure, and on Ctrl-C, the temporary folder goes and an earlier one stays whole.

    Parameters
    ----------
    replaces
        Whether an earlier folder is replaced; otherwise only an empty one may stand there.
    faults
        What libraries raise about a file that cannot be written, beside ``OSError``.

    Raises
    ------
    OutputError
        If the folder cannot be written, or stands there and may not be replaced.
    """
    out = out.resolve()
    if out.exists() and not replaces and (not out.is_dir() or any(out.iterdir())):
        raise OutputError(f"{out} is there already and not empty; name a new folder")
    try:
        out.parent.mkdir(parents=True, exist_ok=True)
        temporary = Path(tempfile.mkdtemp(prefix=f".{out.name}-", dir=out.parent))
    except OSError as error:
        raise OutputError(f"{out} cannot be written: {error.strerror or error}") from error
    caught: tuple[type[Exception], ...] = (OSError, *faults)
    try:
        yield temporary
        _move(temporary, out)
    except caught as error:
        whole = "; the earlier output is whole" if out.exists() else ""
        raise OutputError(f"{out} cannot be written: {error}{whole}") from error
    finally:
        shutil.rmtree(temporary, ignore_errors=True)


@contextmanager
def whole_file(path: Path, *, faults: tuple[type[Exception], ...] = ()) -> Iterator[Path]:
    """Give a path beside a new file, of the same name, that takes its place once it is written.

    Parameters
    ----------
    faults
        What libraries raise about a file that cannot be written, beside ``OSError``.

    Raises
    ------
    OutputError
        If the file is there already or cannot be written.
    """
    if path.exists():
        raise OutputError(f"{path} is there already; name a new file")
    caught: tuple[type[Exception], ...] = (OSError, *faults)
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        with tempfile.TemporaryDirectory(prefix=f".{path.stem}-", dir=path.parent) as folder:
            temporary = Path(folder) / path.name
            yield temporary
            temporary.replace(path)
    except caught as error:
        raise OutputError(f"{path} cannot be written: {error}") from error


def check_folder(out: Path, *, is_ours: Callable[[Path], bool]) -> None:
    """Refuse a folder that cannot be written or that agglo did not write, before any work.

    Parameters
    ----------
    is_ours
        Tells of a path in the folder whether agglo wrote it.

    Raises
    ------
    OutputError
        Saying why, and what to do.
    """
    if out.exists() and not out.is_dir():
        raise OutputError(f"{out} is a file; name a folder with --out")
    foreign = [path.name for path in out.iterdir() if not is_ours(path)] if out.is_dir() else []
    if foreign:
        raise OutputError(
            f"{out} holds what agglo did not write ({', '.join(sorted(foreign)[:3])}), and the "
            "folder is replaced; move it away, or name another folder with --out"
        )
    there = next(folder for folder in out.absolute().parents if folder.exists())
    try:
        with tempfile.TemporaryDirectory(prefix=f".{out.name}-", dir=there):
            pass
    except OSError as error:
        raise OutputError(f"{out} cannot be written: {error.strerror or error}") from error


def _move(temporary: Path, out: Path) -> None:
    """Put the new folder in the place of the old one; on failure the old one stays."""
    temporary.chmod(0o755)
    if not out.exists():
        temporary.rename(out)
        return
    old = out.with_name(f".{out.name}-old")
    shutil.rmtree(old, ignore_errors=True)
    out.rename(old)
    try:
        temporary.rename(out)
    finally:
        if not out.exists():
            old.rename(out)
    shutil.rmtree(old, ignore_errors=True)
