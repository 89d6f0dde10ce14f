"""Names that people know for the rows that receipts are about."""

from __future__ import annotations

from collections.abc import Sequence

from agglo.maps.words import LANGUAGES
from agglo.region import Region
from agglo.tables import TABLES

NAMED_BY = {
    "zone_id": "zones",
    "municipality_id": "municipalities",
    "line_id": "lines",
    "from_line_id": "lines",
    "to_line_id": "lines",
    "from_stop_id": "stops",
    "to_stop_id": "stops",
}
"""Tables that name the keys of rows without a name of their own."""


def row_names(regions: Sequence[Region], table: str, row_id: str) -> dict[str, str]:
    """Name a row in both languages: by its own name, a run time by its line and stop.

    Parameters
    ----------
    regions
        Where the row may stand, the scenario's first: what a scenario removes only the baseline
        still names.
    row_id
        As receipts write it, the parts of its key joined with '/'.

    Returns
    -------
    row_names
        By language; the parts of the key stand for what has no name.
    """
    keys = TABLES[table].key
    parts = _parts(row_id, len(keys))
    own = _own_names(regions, table, parts)
    if own:
        return own
    if table == "line_stops":
        return _named_stop(regions, row_id)
    named = [_key_names(regions, key, part) for key, part in zip(keys, parts, strict=False)]
    return {language: ", ".join(one[language] for one in named) for language in LANGUAGES}


def _parts(row_id: str, count: int) -> list[str]:
    """Part an id into its keys; the first may hold '/' itself."""
    return row_id.rsplit("/", count - 1) if count > 1 else [row_id]


def _own_names(regions: Sequence[Region], table: str, parts: Sequence[str]) -> dict[str, str]:
    at = parts[0] if len(parts) == 1 else tuple(parts)
    for region in regions:
        rows = region[table]
        if "name_ru" in rows and at in rows.index:
            return {language: str(rows[f"name_{language}"][at]) for language in LANGUAGES}
    return {}


def _named_stop(regions: Sequence[Region], row_id: str) -> dict[str, str]:
    line, _, sequence = row_id.rpartition("/")
    names = _key_names(regions, "line_id", line)
    for region in regions:
        stops = region["line_stops"]
        if (line, int(sequence)) in stops.index:
            stop = _key_names(regions, "from_stop_id", stops["stop_id"][line, int(sequence)])
            return {language: f"{names[language]} → {stop[language]}" for language in LANGUAGES}
    return {language: f"{names[language]} → {sequence}" for language in LANGUAGES}


def _key_names(regions: Sequence[Region], key: str, part: str) -> dict[str, str]:
    table = NAMED_BY.get(key)
    named = _own_names(regions, table, [part]) if table else {}
    return named or dict.fromkeys(LANGUAGES, part)
