"""Reads TOML files; what is wrong is shown with the line that it stands in."""

from __future__ import annotations

import re
import tomllib
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any

from agglo.errors import AggloError
from agglo.hints import name_hint

HINTS = (
    (r"=\s*-?\d+,\d", "numbers take a decimal point: 7.5, lists stand in brackets: [65, 107]"),
    (r"=\s*\d+[ \u00a0\u202f]\d", "numbers are written without spaces: 2000"),
    ("[“”„«»]", 'texts stand in straight quotes: "…"'),
    (r'=\s*[^\s\d"\'\[{tf+-]', 'texts stand in straight quotes: "…"'),
)
"""What a line looks like → what its writer may have meant."""


def read_toml(path: Path, *, error: type[AggloError]) -> dict[str, Any]:
    """Read a TOML file, with or without a byte order mark.

    Raises
    ------
    AggloError
        Of the given class: the file, the line, what it holds and a hint.
    """
    try:
        text = path.read_text(encoding="utf-8-sig")
    except UnicodeDecodeError as wrong:
        raise error(
            f"{path.name}: malformed TOML: not UTF-8 ({wrong}); save it as UTF-8"
        ) from wrong
    except OSError as wrong:
        raise error(f"{path.name}: cannot be read: {wrong.strerror}") from wrong
    try:
        return tomllib.loads(text)
    except tomllib.TOMLDecodeError as wrong:
        raise error(f"{path.name}: malformed TOML: {wrong}{_shown(text, str(wrong))}") from wrong


def check_keys(
    given: Mapping[str, object], known: Iterable[str], where: str, *, error: type[AggloError]
) -> None:
    """Refuse a key that nobody reads: it is a slip of the pen.

    Raises
    ------
    AggloError
        Of the given class, with the nearest known key.
    """
    names = tuple(known)
    for key in given:
        if key not in names:
            raise error(f"{where}: unknown key '{key}'; {name_hint(key, names)}")


def _shown(text: str, message: str) -> str:
    """Show the line that a message names, with a hint if one fits."""
    number = re.search(r"at line (\d+)", message)
    if not number or int(number[1]) > len(text.splitlines()):
        return ""
    line = text.splitlines()[int(number[1]) - 1].strip()
    hints = [hint for pattern, hint in HINTS if re.search(pattern, line)]
    return f": {line!r}{'; ' + hints[0] if hints else ''}"
