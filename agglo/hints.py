"""What an error about an unknown name says next: the nearest known ones, or all of them."""

from __future__ import annotations

import difflib
from collections.abc import Iterable


def names_hint(wanted: str, known: Iterable[str], *, otherwise: str = "known:") -> str:
    """Name up to three known names that look like the one wanted, else list all.

    Examples
    --------
    >>> names_hint("hospitl", ["hospital", "park"])
    'did you mean hospital?'
    >>> names_hint("x", ["hospital", "park"], otherwise="there are")
    'there are hospital, park'
    """
    names = list(known)
    near = difflib.get_close_matches(wanted, names, 3, 0.4)
    return f"did you mean {' or '.join(near)}?" if near else f"{otherwise} {', '.join(names)}"


def name_hint(wanted: str, known: Iterable[str], *, otherwise: str = "known:") -> str:
    """Name the one known name that is very near to the one wanted, else list all.

    Examples
    --------
    >>> name_hint("titel", ["title", "change"])
    "did you mean 'title'?"
    """
    names = list(known)
    near = difflib.get_close_matches(wanted, names, 1, 0.5)
    return f"did you mean '{near[0]}'?" if near else f"{otherwise} {', '.join(names)}"
