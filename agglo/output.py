"""Writes a run's output as one folder that appears whole or not at all."""

from __future__ import annotations

import importlib.metadata
import json
import sqlite3
import sys
from collections.abc import Mapping, Sequence
from dataclasses import asdict
from operator import attrgetter
from pathlib import Path

import pandas as pd
import pyogrio.errors

from agglo.comparison import Comparison, compare
from agglo.errors import SettingsError
from agglo.folders import check_folder, whole_folder
from agglo.imagery.sanity import checks_table, sanity_checks
from agglo.indicators.registry import GOALS
from agglo.layers.write import write_csv
from agglo.maps.page import page_from_results
from agglo.maps.project import LANGUAGE, write_geopackage
from agglo.maps.run_imagery import PREFIX, run_overlays, run_project_rasters, write_rasters
from agglo.maps.tables import flows_table, map_tables
from agglo.maps.words import THEME_FILE, Theme, read_theme, read_words
from agglo.run import Result, check_comparable, cut_places, worst_link
from agglo.scenarios.areas import Area
from agglo.scenarios.scenario import scenario_sha256
from agglo.workspace import Workspace

PAGE = "index.html"
RECORD = "result.json"
FILES = (
    PAGE, RECORD, "indicators.csv", "scores.csv", "flows.csv", "receipts.csv", "boundary.csv",
    "boundary_municipalities.csv", "structure.csv", "order.csv", "claims.csv",
    "imagery.csv", "imagery_checks.csv", "deltas.csv", "ranking.csv", "tornado.csv",
    "break_even.csv", "attribution.csv", "winners.csv", "money.csv", "lint.csv", "cards.csv",
    "coverage.csv",
)  # fmt: skip
COMPARED = (
    "deltas", "ranking", "tornado", "break_even", "attribution", "winners", "money", "lint",
    "cards", "coverage",
)  # fmt: skip
"""Frames of the comparison that are written as they are."""

PROJECT_STEM = "agglomeration."
RASTER_SUFFIXES = (".tif", ".qml", ".xml")
PYOGRIO_ERRORS = (pyogrio.errors.DataSourceError, pyogrio.errors.DataLayerError)
LIBRARIES = ("folium", "geopandas", "numpy", "pandas", "pyogrio", "pyproj", "scipy", "shapely")


def write_output(
    workspace: Workspace,
    results: Sequence[Result],
    out: Path,
    *,
    comparison: Comparison | None = None,
) -> Path:
    """Write map, GeoPackage, QGIS project and tables into a folder.

    Everything is written beside the folder first and moved into place at the end: a failure
    leaves the earlier output whole.

    Parameters
    ----------
    comparison
        Of these results; without it they are compared here.

    Raises
    ------
    CompareError
        If the results stand on different inputs.
    OutputError
        If the folder cannot be written, or holds something that is no output of agglo.
    """
    check_comparable(results)
    check_writable(out)
    with whole_folder(out, replaces=True, faults=(sqlite3.Error, *PYOGRIO_ERRORS)) as folder:
        _write_all(workspace, results, comparison or compare(workspace, results), folder)
    return out.resolve()


def check_writable(out: Path) -> None:
    """Refuse a folder that cannot be written or that agglo did not write, before any work.

    Raises
    ------
    OutputError
        Saying why, and what to do.
    """
    check_folder(out, is_ours=_is_ours)


def _is_ours(path: Path) -> bool:
    """Tell whether a file is of a run, or one that QGIS puts beside its project."""
    is_raster = path.name.startswith(PREFIX) and path.suffix in RASTER_SUFFIXES
    is_project = path.name.startswith(PROJECT_STEM)
    return path.is_file() and (path.name in FILES or is_project or is_raster)


def _write_all(
    workspace: Workspace, results: Sequence[Result], compared: Comparison, folder: Path
) -> None:
    theme = read_theme(workspace.root / "maps")
    words = read_words(workspace.root / "maps")
    tables = map_tables(results, least_flow_count=theme.least_flow_count)
    _check_shown(theme, tables["places"], workspace.root / "maps" / THEME_FILE)
    region = results[0].case.region
    pictures = run_overlays(region, words)
    page = page_from_results(
        results,
        tables,
        workspace.goals,
        theme,
        words,
        pictures=pictures,
        comparison=compared,
    )
    (folder / PAGE).write_text(page, encoding="utf-8", newline="\n")
    write_rasters(folder, region)
    rasters = run_project_rasters(region, pictures, words, language=LANGUAGE)
    write_geopackage(folder, tables, results, theme, words, rasters=rasters)
    for name, table in (
        ("indicators", _by_scenario(results, "indicators")),
        ("scores", compared.scores),
        ("flows", pd.concat([flows_table(result) for result in results])),
        ("receipts", pd.concat([result.receipts for result in results])),
        ("boundary", _by_scenario(results, "memberships")),
        ("boundary_municipalities", _by_scenario(results, "municipality_memberships")),
        ("structure", _by_scenario(results, "portrait.structure")),
        ("order", _by_scenario(results, "portrait.order")),
        ("claims", _by_scenario(results, "portrait.claims")),
        ("imagery", results[0].case.imagery),
        ("imagery_checks", _checks(results[0])),
        *((name, getattr(compared, name)) for name in COMPARED),
    ):
        write_csv(table, folder / f"{name}.csv")
    record = json.dumps(_record(workspace, results), ensure_ascii=False, indent=2, default=_plain)
    (folder / RECORD).write_text(record + "\n", encoding="utf-8", newline="\n")


def _plain(value: object) -> object:
    """Write arguments of changes as JSON: tables as objects, drawn areas as well-known text."""
    if isinstance(value, Mapping):
        return dict(value)
    if isinstance(value, Area):
        return {"area": value.name, "wkt": value.polygon.wkt}
    raise TypeError(f"{type(value).__name__} has no place in {RECORD}")


def _checks(baseline: Result) -> pd.DataFrame:
    figures = baseline.case.imagery
    return checks_table(sanity_checks(baseline.case.region, figures), figures)


def _check_shown(theme: Theme, places: pd.DataFrame, path: Path) -> None:
    """Refuse to draw by zone what only the whole region or a link has."""
    for name in theme.shown:
        if name not in places:
            raise SettingsError(f"{path}: 'shown' lists '{name}', which has no value by zone")


def _by_scenario(results: Sequence[Result], table: str) -> pd.DataFrame:
    """Join one table of all results, the scenario first."""
    pieces = []
    for result in results:
        own: pd.DataFrame = attrgetter(table)(result).copy()
        own.insert(0, "scenario", result.scenario.name)
        pieces.append(own)
    return pd.concat(pieces, ignore_index=True)


def _record(workspace: Workspace, results: Sequence[Result]) -> dict[str, object]:
    scored = [goal.id for goal in workspace.goals]
    return {
        "agglo": importlib.metadata.version("agglo"),
        "python": ".".join(map(str, sys.version_info[:3])),
        "libraries": {name: importlib.metadata.version(name) for name in LIBRARIES},
        "region": {
            "name_ru": workspace.region.name_ru,
            "name_en": workspace.region.name_en,
            "crs": workspace.region.crs,
        },
        "inputs_sha256": workspace.inputs_sha256,
        "layers": [asdict(item) for item in workspace.region.provenance],
        "parameters": {name: asdict(item) for name, item in workspace.assumptions.items()},
        "goals_scored": scored,
        "goals_without_indicators_yet": [goal for goal in GOALS if goal not in scored],
        "uncertainty": asdict(workspace.uncertainty),
        "weights": {one.id: dict(one.weights) for one in workspace.weight_sets},
        "territory": {**asdict(workspace.rules), **asdict(workspace.spreads)},
        "outside_jobs_closing_factor": results[0].closing_factor,
        "scenarios": {
            result.scenario.name: {
                "title": result.scenario.title,
                "title_ru": result.scenario.title_ru,
                "horizon": result.scenario.horizon,
                "is_contrast": result.scenario.is_contrast,
                "measures": [measure.name for measure in result.scenario.measures],
                "cost_mln_rub": result.scenario.cost_mln_rub,
                "cost_source": result.scenario.cost_source,
                "sha256": scenario_sha256(result.scenario),
                "changes": [
                    {"do": step.do, "basis": step.basis, "why": step.why, **step.arguments}
                    for step in result.scenario.steps
                ],
                "worst_link": worst_link(result),
                "cut_off": cut_places(result),
                "traffic": dict(result.settled),
            }
            for result in results
        },
    }
