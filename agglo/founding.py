"""Founds a workspace for another region from an extract of OpenStreetMap and timetables."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from pathlib import Path

import pandas as pd

from agglo.errors import OutputError
from agglo.folders import whole_folder
from agglo.layers.extract.region import Sources, check_sources, tables_from_extract, utm_zone
from agglo.layers.osm import read_osm
from agglo.layers.osm_features import read_osm_features
from agglo.layers.write import quoted, write_layer
from agglo.paths import SETTINGS_FILE, builtin_workspace
from agglo.tables import weakest_status

OSM_LICENCE = {"licence": "ODbL 1.0", "attribution": "© OpenStreetMap contributors (ODbL)"}
CAVEATS = {
    "caveat": (
        "Улицы — OpenStreetMap. Население, рабочие места, скорости в час пик и поездки на работу — "
        "допущения и оценки модели.",
        "Streets are OpenStreetMap's. Population, jobs, peak speeds and commuting are assumed or "
        "modelled.",
    ),
    "shock_note": (
        "Шок на один день: место жительства и работы не меняется; заторы на объездах не учтены, "
        "потери — нижняя оценка.",
        "A one-day shock: nobody changes home or job; queues on detours are left out, so the loss "
        "is a lower bound.",
    ),
    "loss_caveat": (
        "Без заторов на объездах: порядок важнее числа. Точно посчитаны худшие улицы.",
        "Without jams on the detours: read the order, not the digit. The worst streets are exact.",
    ),
}
"""Texts of the map that differ from those of the built-in region: Russian, English."""

Tell = Callable[[str], None]


def found_workspace(folder: Path, sources: Sources, *, tell: Tell = lambda _: None) -> Path:
    """Write a workspace that ``agglo run`` can run; it appears whole or not at all.

    Zones lie around the places of the extract, and on a grid where none is named. Population,
    workers, jobs, peak speeds and capacities are assumed and say so.

    Parameters
    ----------
    tell
        Called with a line on each step, and on everything that was repaired or left out.

    Raises
    ------
    OutputError
        If the folder is there and not empty, or cannot be written.
    LayerError, TableError, SettingsError
        If a source cannot be read.
    """
    folder = folder.resolve()
    if folder.exists() and (not folder.is_dir() or any(folder.iterdir())):
        raise OutputError(f"{folder} is there already and not empty; name a new folder")
    check_sources(sources)
    tell(f"reading streets of {sources.osm.name}")
    streets = read_osm(sources.osm)
    features = read_osm_features(sources.osm)
    crs = sources.crs or utm_zone(features)
    tables, notes = tables_from_extract(streets, features, sources, crs)
    for line in notes:
        tell(line)
    with whole_folder(folder) as temporary:
        _write(temporary, tables, sources, crs, notes)
    return folder


def _write(
    folder: Path,
    tables: Mapping[str, pd.DataFrame],
    sources: Sources,
    crs: str,
    notes: tuple[str, ...],
) -> None:
    """Write layers, settings, scenarios and map texts."""
    pattern = builtin_workspace()
    called = sources.name or sources.osm.name.split(".")[0]
    for part in ("layers", "scenarios", "maps"):
        (folder / part).mkdir()
    for name, frame in tables.items():
        write_layer(folder / "layers", name, frame, _about(name, frame, sources, notes))
    texts = (pattern / "maps" / "text.toml").read_text(encoding="utf-8")
    _write_text(folder / "maps" / "text.toml", _texts(texts))
    theme = (pattern / "maps" / "theme.toml").read_text(encoding="utf-8")
    _write_text(folder / "maps" / "theme.toml", _theme(theme, tables))
    settings = (pattern / SETTINGS_FILE).read_text(encoding="utf-8")
    (folder / SETTINGS_FILE).write_text(
        _settings(settings, called, crs), encoding="utf-8", newline="\n"
    )
    baseline = 'title = "Baseline"\ntitle_ru = "Базовый сценарий"\n'
    _write_text(folder / "scenarios" / "baseline.toml", baseline)
    example = _example(tables["links"])
    if example:
        _write_text(folder / "scenarios" / "example-closed-road.toml", example)
    _write_text(folder / "FOUNDED.txt", "\n".join([f"agglo new from {sources.osm.name}", *notes]))


def _write_text(path: Path, text: str) -> None:
    path.write_text(text.rstrip("\n") + "\n", encoding="utf-8", newline="\n")


def _settings(pattern: str, called: str, crs: str) -> str:
    """Take the built-in settings over with the region's own name and CRS.

    The worst link is left out of the goals: closing links one by one for every end of every
    assumption would take hours on detailed streets. It is still measured.
    """
    _, _, rest = pattern.partition("[parameters.")
    # no land cover comes with an extract: the guard would have no indicator
    rest, _, _ = rest.partition("\n# A guard:")
    blocks = rest.split("[[goal.indicator]]")
    rest = "[[goal.indicator]]".join(
        block for block in blocks if not block.startswith('\nid = "worst_link_loss_share"')
    )
    # detailed streets take long: fewer draws give wider, rougher intervals
    rest = rest.replace("\ndraws_count = 64\n", "\ndraws_count = 16\n")
    return (
        "# Settings of this workspace: the region, the assumptions of the model, the goals.\n"
        "# Assumptions and targets are those of the built-in region: check them for this one.\n\n"
        f"[region]\nname_ru = {quoted(called)}\nname_en = {quoted(called)}\n"
        f"crs = {quoted(crs)}\n\n"
        "[model]\n# true lets the commuters' cars slow the roads down; it takes longer\n"
        f"congestion = false\n\n[parameters.{rest}"
    )


def _texts(pattern: str) -> str:
    """Take the built-in texts over with caveats that hold for a region from OpenStreetMap."""
    for key, (ru, en) in CAVEATS.items():
        head, mark, rest = pattern.partition(f"[word.{key}]\n")
        _, _, after = rest.partition("\n[")
        pattern = f"{head}{mark}ru = {quoted(ru)}\nen = {quoted(en)}\n\n[{after}"
    return pattern


def _theme(pattern: str, tables: Mapping[str, pd.DataFrame]) -> str:
    """Take the built-in theme over without the indicators that the region has no data for."""
    absent = [] if len(tables["lines"]) else ["transit"]
    absent += sorted({"hub", "airport", "hospital"} - set(tables["facilities"]["kind"]))
    lines = pattern.splitlines()
    return "\n".join(
        line
        for line in lines
        if not (line.startswith('    "') and any(word in line for word in absent))
    )


def _about(
    name: str, frame: pd.DataFrame, sources: Sources, notes: tuple[str, ...]
) -> dict[str, str]:
    """Return the metadata of a layer."""
    of_timetable = name in ("stops", "lines", "line_stops") and len(frame) > 0
    feed = sources.gtfs or sources.lines
    source = f"OpenStreetMap, {sources.osm.name}"
    if of_timetable and feed is not None:
        source = feed.name
    statuses = set(frame["status"]) if len(frame) else {"assumed"}
    return {
        "table": name,
        "title": name.replace("_", " ").capitalize(),
        "source": source if len(frame) else "nothing at hand",
        **(OSM_LICENCE if not of_timetable else {"licence": "as in the feed", "attribution": ""}),
        "date": "as in the source",
        "status": weakest_status(*statuses),
        "note": "; ".join(_notes_on(name, notes)),
    }


def _notes_on(name: str, notes: tuple[str, ...]) -> tuple[str, ...]:
    """Choose the notes that a layer's metadata carries: `agglo check` prints them."""
    people = next(number for number, note in enumerate(notes) if "people, assumed" in note)
    by_layer = {"links": notes[:people], "zones": notes[people : people + 2]}
    by_layer["lines"] = notes[people + 2 :]
    return by_layer.get(name, ())


def _example(links: pd.DataFrame) -> str:
    """Write a one-day closure of the road with the most kilometres for cars."""
    km = links[(links["road"] != "") & (links["car"] != "no")].groupby("road")["length_km"].sum()
    if km.empty:
        return ""
    road = str(km.sort_index().idxmax())
    return (
        f"title = {quoted(f'{road} closed for a day')}\n"
        f"title_ru = {quoted(f'{road} закрыта на день')}\n"
        'horizon = "day"\n\n[[change]]\n'
        f'do = "close_link"\nroad = {quoted(road)}\nwhy = "an example to copy"\n'
    )
