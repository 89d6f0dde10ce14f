"""Finds the stops that a person means by what they typed: an id or a name."""

from __future__ import annotations

import difflib

import pandas as pd

NEAR_SHOWN = 3


def stop_ids_from_texts(
    texts: pd.Series, modes: pd.Series, stops: pd.DataFrame
) -> tuple[pd.Series, list[tuple[int, str]]]:
    """Find a stop for each text: by its id, or by its name in either language.

    Case, blanks and the dots of ё do not matter. Of stops of one name, those of the mode that
    is given go first.

    Parameters
    ----------
    texts
        What was typed; indexed by line of the file.
    modes
        The mode wanted, with the same index at least.
    stops
        stop_id, name_ru, name_en, mode.

    Returns
    -------
    stop_ids, faults
        Ids indexed like ``texts``, without those not found; line and fault of each of these,
        with the nearest stops there are.
    """
    spelt = _spelt(stops)
    known = set(stops["stop_id"])
    found: dict[int, str] = {}
    faults: list[tuple[int, str]] = []
    for line, text, mode in zip(texts.index, texts, modes.loc[texts.index], strict=True):
        matches = [text] if text in known else _matching(text, spelt, mode)
        if len(matches) == 1:
            found[line] = matches[0]
        elif matches:
            faults.append((line, f"stop '{text}' may be {' or '.join(matches)}; give the id"))
        else:
            faults.append((line, f"unknown stop '{text}'; {_hint(text, spelt, stops)}"))
    return pd.Series(found, dtype=object), faults


def _spelt(stops: pd.DataFrame) -> pd.DataFrame:
    """List every name of every stop as it is compared."""
    pieces = [
        pd.DataFrame(
            {
                "name": stops[column].fillna("").astype(str).map(_folded),
                "stop_id": stops["stop_id"],
                "mode": stops["mode"],
            }
        )
        for column in ("name_ru", "name_en")
    ]
    spelt = pd.concat(pieces).drop_duplicates()
    return spelt[spelt["name"] != ""].sort_values(["name", "stop_id"], ignore_index=True)


def _matching(text: str, spelt: pd.DataFrame, mode: str) -> list[str]:
    same = spelt[spelt["name"] == _folded(text)]
    of_mode = same[same["mode"] == mode]
    return sorted(set((of_mode if len(of_mode) else same)["stop_id"]))


def _hint(text: str, spelt: pd.DataFrame, stops: pd.DataFrame) -> str:
    names = list(dict.fromkeys(spelt["name"]))
    near = difflib.get_close_matches(_folded(text), names, NEAR_SHOWN, 0.5)
    by_name = spelt.drop_duplicates("name").set_index("name")["stop_id"]
    known = sorted(stops["stop_id"])
    ids = [*by_name[near], *difflib.get_close_matches(text, known, NEAR_SHOWN, 0.5)]
    if not ids:
        return f"no name or id of the {len(stops)} stops is like it"
    name = stops.set_index("stop_id")["name_ru"]
    shown = [f"{stop} ({name[stop]})" for stop in list(dict.fromkeys(ids))[:NEAR_SHOWN]]
    return f"did you mean {' or '.join(shown)}?"


def _folded(text: str) -> str:
    return " ".join(text.casefold().replace("ё", "е").split())
