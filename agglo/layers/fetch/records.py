"""Notes in JSON beside fetched files: where each comes from, and how to tell that it is whole."""

from __future__ import annotations

import json
import os
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from agglo.errors import OutputError
from agglo.layers.fetch.downloads import checksum


def read_record(path: Path) -> dict[str, Any]:
    """Read a record; one that is not there or not whole counts for nothing."""
    try:
        found = json.loads(path.read_text(encoding="utf-8"))
    except (OSError, ValueError):
        return {}
    return found if isinstance(found, dict) else {}


def write_record(path: Path, record: Mapping[str, Any]) -> None:
    """Replace a record, whole or not at all.

    Raises
    ------
    OutputError
        If the disk refuses.
    """
    text = json.dumps(record, ensure_ascii=False, indent=1, sort_keys=True)
    temporary = path.with_name(f".{os.getpid()}-{path.name}")
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        temporary.write_text(text + "\n", encoding="utf-8")
        temporary.replace(path)
    except OSError as error:
        raise OutputError(f"{path} cannot be written: {error.strerror or error}") from error
    finally:
        temporary.unlink(missing_ok=True)


def stamp(path: Path) -> dict[str, Any]:
    """Return what tells later whether a file is still the same."""
    return {"size": path.stat().st_size, "sha256": checksum(path)}


def is_whole(path: Path, known: Mapping[str, Any]) -> bool:
    """Tell whether a file is as its stamp says."""
    return (
        path.is_file()
        and path.stat().st_size == known.get("size")
        and checksum(path) == known.get("sha256")
    )
