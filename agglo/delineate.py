"""Delineation of any study: the method, the run, its firmness and the output folder."""

from __future__ import annotations

import importlib.metadata
import json
from collections.abc import Callable, Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
from scipy import sparse

from agglo.commuting.flows import Flows, id_ranks
from agglo.errors import LayerError, SettingsError
from agglo.folders import check_folder, whole_folder
from agglo.layers.write import save_geometry, write_csv
from agglo.layers.zone_files import read_zone_columns
from agglo.maps.areas_layers import areas_layers, areas_project_layers
from agglo.maps.areas_page import areas_page
from agglo.maps.layer_styles import write_layer_styles
from agglo.maps.words import Words
from agglo.methods import METHODS, OPTIONS, Choices, with_borders
from agglo.study import Study
from agglo.territory.agreement import adjusted_rand
from agglo.territory.delineation import Delineation, summary_of_areas
from agglo.territory.firmness import Spreads, factors, firmness_of_areas
from agglo.transport.topology import Floats

FILES = ("areas.csv", "summary.csv", "areas.gpkg", "index.html", "delineation.json")
Progress = Callable[[str, int, int], None]


def delineate(study: Study, method: str, choices: Choices) -> Delineation:
    """Delineate the zones of a study.

    Parameters
    ----------
    method
        One of ``METHODS``.
    choices
        Options of the method by name; those left out, or ``None``, take their usual value.

    Raises
    ------
    SettingsError
        If the method is unknown or does not know an option.
    FlowError, TableError
        If the study lacks what the method needs.
    """
    check_method(method, choices)
    found = METHODS[method]
    return found.draw(with_borders(study, method, choices), {**found.options, **_told(choices)})


def check_method(method: str, choices: Choices) -> None:
    """Refuse an unknown method, and options that it does not use, before any work.

    Raises
    ------
    SettingsError
        Naming what the method uses.
    """
    if method not in METHODS:
        raise SettingsError(f"unknown method '{method}'; known: {', '.join(METHODS)}")
    given, known = _told(choices), METHODS[method].options
    foreign = sorted(OPTIONS.get(name, name) for name in given if name not in known)
    if foreign:
        raise SettingsError(
            f"method '{method}' does not use {', '.join(foreign)}; it uses "
            f"{', '.join(OPTIONS[name] for name in known)}"
        )
    for name, value in given.items():
        if name.endswith("_share") and not 0 <= value <= 1 and choices.get("side") != "sum":
            raise SettingsError(
                f"{OPTIONS[name]} is a share between 0 and 1; got {value:g} (15 percent are 0.15)"
            )


def firmness_of_study(
    study: Study,
    method: str,
    choices: Choices,
    *,
    spreads: Spreads,
    progress: Progress | None = None,
) -> pd.Series:
    """Share of perturbed runs in which a zone stays with the seat of its area.

    Every flow and every way varies by its spread, and so do the thresholds of the method.

    Returns
    -------
    firmness_of_study
        ``firmness_share`` by zone, 0–1.
    """
    study = with_borders(study, method, choices)
    base = delineate(study, method, choices)
    options, thresholds = METHODS[method].options, METHODS[method].thresholds
    drawn = {
        kind: factors(f"threshold/{kind}", spreads.threshold_share, spreads)
        for kind in sorted(set(thresholds.values()))
    }

    def run(draw: int) -> pd.Series:
        if progress:
            progress("firmness", draw, spreads.draws_count)
        own = dict(choices)
        for name, kind in thresholds.items():
            given = choices.get(name)
            usual = float(options[name] if given is None else given)
            most = 1.0 if name.endswith(("_share", "_distance")) else np.inf
            own[name] = min(usual * float(drawn[kind][draw]), max(most, usual))
        varied = _perturbed(study, spreads, draw)
        return METHODS[method].draw(varied, {**options, **_told(own)}).areas["area_id"]

    seats = _seats(base, study)
    return firmness_of_areas(
        base.areas["area_id"], run, seats=seats, draws_count=spreads.draws_count
    )


def _told(choices: Choices) -> dict[str, Any]:
    return {name: value for name, value in choices.items() if value is not None}


def _seats(delineation: Delineation, study: Study) -> pd.Series:
    """Name the seat of each area: of its core, or of all its zones, the one with most jobs."""
    areas = delineation.areas
    area = areas["area_id"][areas["area_id"] != ""]
    jobs = pd.Series(0.0, index=areas.index)
    if study.flows is not None:
        counts = pd.Series(study.flows.jobs_count, index=study.flows.places)
        jobs = counts.reindex(areas.index).fillna(0.0)
    ranked = pd.DataFrame(
        {
            "area": area,
            "is_core": (areas["decided_by"] == "core")[area.index],
            "jobs": jobs[area.index],
            "rank": -id_ranks(areas.index)[areas.index.get_indexer(area.index)],
        }
    )
    ranked = ranked.sort_values(["is_core", "jobs", "rank"], ascending=False)
    first = ranked.drop_duplicates("area")
    return pd.Series(first.index, index=pd.Index(first["area"]))


def agreement_with(
    delineation: Delineation, study: Study, path: Path, *, column: str | None = None
) -> str:
    """Compare with the areas of a file, such as an official list, and say how well they agree.

    Parameters
    ----------
    path
        CSV with a row per zone; zones that it lacks, or whose area is empty there, stand alone.
    column
        The column with the areas; without it, the only one beside the ids.

    Returns
    -------
    agreement_with
        A sentence with the adjusted Rand index (Hubert, Arabie 1985): 1 where both are the same.

    Raises
    ------
    LayerError
        If the file cannot be read, knows no zone, or the column is not told.
    """
    given = read_zone_columns(path, study.zones[["geometry"]])
    names = [str(name) for name in given.columns if name != "geometry"]
    if column is None and len(names) == 1:
        column = names[0]
    if column not in names:
        raise LayerError(
            f"{path}: name the column with the areas (--compare-column); there are "
            f"{', '.join(names)}"
        )
    known = given[column].where(given[column].notna(), "").astype(str)
    index = adjusted_rand(delineation.areas["area_id"], known)
    return (
        f"compared with {path.name}, '{column}': adjusted Rand index {index:.4f} "
        f"over {len(known)} zones"
    )


def write_delineation(
    study: Study,
    delineation: Delineation,
    out: Path,
    *,
    words: Words,
    title: str,
    firmness: pd.Series | None = None,
    asked: Mapping[str, object] | None = None,
) -> Path:
    """Write ``areas.csv``, ``summary.csv``, GeoPackage, one-file map and record into a folder.

    Parameters
    ----------
    asked
        What was asked for, for the record, so that the run can be repeated.

    Raises
    ------
    OutputError
        If the folder cannot be written, or holds something else; earlier output stays whole.
    """
    check_folder(out, is_ours=is_ours)
    delineation = replace(delineation, notes=(*study.notes, *delineation.notes))
    summary = _summary(study, delineation)
    layers = areas_layers(delineation, study.zones, summary, firmness=firmness)
    areas = delineation.areas if firmness is None else delineation.areas.join(firmness)
    page = areas_page(
        delineation,
        study.zones,
        summary=summary,
        words=words,
        title=title,
        firmness=firmness,
        sources=study.sources,
    )
    record = json.dumps(_record(study, delineation, asked or {}), ensure_ascii=False, indent=2)
    with whole_folder(out, replaces=True) as folder:
        write_csv(areas.rename_axis("zone_id").reset_index(), folder / "areas.csv")
        write_csv(summary.rename_axis("area_id").reset_index(), folder / "summary.csv")
        save_geometry(folder / "areas.gpkg", layers)
        write_layer_styles(folder / "areas.gpkg", areas_project_layers(layers, words))
        (folder / "index.html").write_text(page, encoding="utf-8", newline="\n")
        (folder / "delineation.json").write_text(record + "\n", encoding="utf-8", newline="\n")
    return out.resolve()


def is_ours(path: Path) -> bool:
    """Tell whether a file is of a delineation, or one that QGIS puts beside it."""
    return path.is_file() and (path.name in FILES or path.name.startswith("areas.gpkg"))


def _summary(study: Study, delineation: Delineation) -> pd.DataFrame:
    """Describe the areas; each has the name of its zone with most jobs, where zones have names."""
    area = delineation.areas["area_id"]
    if study.flows is not None:
        summary = summary_of_areas(delineation, study.flows)
    else:
        counts = area[area != ""].value_counts(sort=False).rename("zones_count")
        summary = counts.rename_axis("area_id").to_frame()
    if "name" in study.zones:
        seats = _seats(delineation, study)[summary.index]
        summary.insert(0, "name", study.zones["name"].reindex(seats).to_numpy())
    return summary


def _perturbed(study: Study, spreads: Spreads, draw: int) -> Study:
    """Vary every flow and every way; the same whatever order the zones stand in."""
    flows, minutes = study.flows, study.minutes
    if flows is not None:
        flows = _varied_flows(flows, np.random.default_rng([spreads.seed, draw, 0]), spreads)
    others = tuple(
        _varied_flows(one, np.random.default_rng([spreads.seed, draw, year]), spreads)
        for year, one in enumerate(study.other_years, 1)
    )
    if minutes is not None:
        random = np.random.default_rng([spreads.seed, draw])
        by_id = minutes.iloc[
            np.argsort(id_ranks(minutes.index)), np.argsort(id_ranks(minutes.columns))
        ]
        varied = by_id * _triangle(random, spreads.minutes_share, by_id.shape)
        minutes = varied.loc[minutes.index, minutes.columns]
    return replace(study, flows=flows, other_years=others, minutes=minutes)


def _varied_flows(flows: Flows, random: np.random.Generator, spreads: Spreads) -> Flows:
    counts = flows.counts.tocoo()
    rank = id_ranks(flows.places)
    order = np.lexsort((rank[counts.col], rank[counts.row]))
    factor = np.empty(len(order))
    factor[order] = _triangle(random, spreads.flow_share, (len(order),))
    drawn = sparse.csr_array((counts.data * factor, (counts.row, counts.col)), counts.shape)
    more = np.asarray(drawn.sum(axis=1) - flows.counts.sum(axis=1)).ravel()
    return replace(flows, counts=drawn, residents_count=flows.residents_count + more)


def _triangle(random: np.random.Generator, share: float, shape: tuple[int, ...]) -> Floats:
    return random.triangular(1 - share, 1, 1 + share, shape) if share else np.ones(shape)


def _record(
    study: Study, delineation: Delineation, asked: Mapping[str, object]
) -> dict[str, object]:
    return {
        "agglo": importlib.metadata.version("agglo"),
        "method": delineation.method,
        "parameters": dict(delineation.parameters),
        "asked": {name: value for name, value in asked.items() if value is not None},
        "read": dict(study.columns),
        "status": delineation.status,
        "notes": list(delineation.notes),
        "sources": list(study.sources),
        "crs": str(study.zones.crs),
        "zones_count": len(delineation.areas),
        "areas_count": int(delineation.areas["area_id"].replace("", np.nan).nunique()),
    }
