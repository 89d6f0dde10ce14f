"""Delineation of any study: the method, the run, its firmness and the output folder."""

from __future__ import annotations

import importlib.metadata
import json
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import numpy as np
import pandas as pd
from scipy import sparse

from agglo.commuting.flows import id_ranks
from agglo.errors import LayerError, SettingsError
from agglo.folders import check_folder, whole_folder
from agglo.layers.write import save_geometry, write_csv
from agglo.layers.zone_files import read_zone_columns
from agglo.maps.areas_layers import areas_layers, areas_project_layers
from agglo.maps.areas_page import areas_page
from agglo.maps.layer_styles import write_layer_styles
from agglo.maps.words import Words
from agglo.methods import METHODS, Choices
from agglo.study import Study
from agglo.territory.agreement import adjusted_rand
from agglo.territory.delineation import Delineation, named_areas, summary_of_areas
from agglo.territory.firmness import Spreads, factors, firmness_of_areas

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
    given = {name: value for name, value in choices.items() if value is not None}
    return found.draw(study, {**found.options, **given})


def check_method(method: str, choices: Choices) -> None:
    """Refuse an unknown method, and options that it does not use, before any work.

    Raises
    ------
    SettingsError
        Naming what the method uses.
    """
    if method not in METHODS:
        raise SettingsError(f"unknown method '{method}'; known: {', '.join(METHODS)}")
    given = {name for name, value in choices.items() if value is not None}
    foreign = sorted(given - set(METHODS[method].options))
    if foreign:
        raise SettingsError(
            f"method '{method}' does not use {', '.join(foreign)}; it uses "
            f"{', '.join(METHODS[method].options)}"
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
    base = delineate(study, method, choices)
    options = METHODS[method].options
    drawn = {
        name: factors(f"threshold/{name}", spreads.threshold_share, spreads)
        for name in METHODS[method].thresholds
    }

    def run(draw: int) -> pd.Series:
        if progress:
            progress("firmness", draw, spreads.draws_count)
        own = dict(choices)
        for name, factor in drawn.items():
            given = choices.get(name)
            usual = float(options[name] if given is None else given)
            most = 1.0 if name.endswith("_share") or name == "cut_distance" else np.inf
            own[name] = min(usual * float(factor[draw]), most)
        return delineate(_perturbed(study, spreads, draw), method, own).areas["area_id"]

    return firmness_of_areas(base.areas["area_id"], run, draws_count=spreads.draws_count)


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
) -> Path:
    """Write ``areas.csv``, ``summary.csv``, GeoPackage, one-file map and record into a folder.

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
    record = json.dumps(_record(study, delineation), ensure_ascii=False, indent=2)
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
    if study.flows is None:
        return pd.DataFrame(index=pd.Index([], name="area_id"))
    summary = summary_of_areas(delineation, study.flows)
    if "name" in study.zones:
        area = delineation.areas["area_id"]
        seat = named_areas(area, study.flows).groupby(area).first()
        summary.insert(0, "name", study.zones["name"].reindex(seat[summary.index]).to_numpy())
    return summary


def _perturbed(study: Study, spreads: Spreads, draw: int) -> Study:
    """Vary every flow and every way; the same whatever order the zones stand in."""
    flows, minutes = study.flows, study.minutes
    random = np.random.default_rng([spreads.seed, draw])
    if flows is not None:
        counts = flows.counts.tocoo()
        rank = id_ranks(flows.places)
        order = np.lexsort((rank[counts.col], rank[counts.row]))
        factor = np.empty(len(order))
        share = spreads.flow_share
        factor[order] = random.triangular(1 - share, 1, 1 + share, len(order)) if share else 1.0
        drawn = sparse.csr_array((counts.data * factor, (counts.row, counts.col)), counts.shape)
        rows = np.asarray(flows.counts.sum(axis=1)).ravel()
        more = np.asarray(drawn.sum(axis=1)).ravel() - rows
        flows = replace(flows, counts=drawn, residents_count=flows.residents_count + more)
    if minutes is not None:
        share = spreads.minutes_share
        ordered = minutes.iloc[np.argsort(id_ranks(minutes.index))]
        drawn_factor = random.triangular(1 - share, 1, 1 + share, len(ordered)) if share else 1.0
        minutes = ordered.mul(drawn_factor, axis=0).loc[minutes.index]
    return replace(study, flows=flows, minutes=minutes)


def _record(study: Study, delineation: Delineation) -> dict[str, object]:
    return {
        "agglo": importlib.metadata.version("agglo"),
        "method": delineation.method,
        "parameters": dict(delineation.parameters),
        "status": delineation.status,
        "notes": list(delineation.notes),
        "sources": list(study.sources),
        "crs": str(study.zones.crs),
        "zones_count": len(delineation.areas),
        "areas_count": int(delineation.areas["area_id"].replace("", np.nan).nunique()),
    }
