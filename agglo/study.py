"""A study: flows, times and zones from anybody's files or from a workspace, fitted together."""

from __future__ import annotations

import hashlib
from collections.abc import Collection, Mapping, Sequence
from dataclasses import asdict, dataclass, field, replace
from pathlib import Path

import geopandas as gpd
import numpy as np
import pandas as pd
from scipy import sparse

from agglo.commuting.disclosure import Disclosure, filled_table
from agglo.commuting.flows import Flows, flows_from_table, merged_flows, without_places
from agglo.commuting.observed import check_direction
from agglo.errors import FlowError, LayerError, SettingsError
from agglo.layers.minute_files import read_minutes
from agglo.layers.od_files import read_flows
from agglo.layers.text_cells import listed
from agglo.layers.zone_files import read_zone_columns, read_zones


@dataclass(frozen=True, slots=True, kw_only=True)
class StudyFiles:
    """What is read, and what its columns are called."""

    zones: Path
    flows: Path | None = None
    times: Path | None = None
    """Minutes between zones; only isochrones need them."""

    live: str = "live"
    work: str = "work"
    count: str = "n"
    only: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    """Column and texts of the rows that are read; with several texts each is a year of its own,
    and the first is the main one."""

    matrix: str | None = None
    """Which matrix of an Open Matrix file."""

    rows_are_work: bool = False
    zone_id: str | None = None
    layer: str | None = None
    zone_table: Path | None = None
    """A CSV with further columns of the zones."""

    crs: str | None = None
    residents: str | None = None
    """Column of the zones with all employed residents."""

    outside: Mapping[str, float | None] = field(default_factory=dict)
    """Places beyond the region, with their jobs where they are known."""

    unknown_is_outside: bool = False
    """Whether every place of the flows that is no zone lies beyond the region."""

    known_pair: tuple[str, str] | None = None
    """More people are known to commute from the first to the second than back."""

    suppressed: tuple[str, ...] = ()
    """Cells that stand for a count withheld."""

    suppressed_below_count: int = 0
    rounded_to_count: int = 0
    may_lack_flows: bool = False
    """Whether zones that nobody commutes to or from, or has a way from, are let through."""

    status: str = ""
    """Status of the flows, else 'observed', or of the times, else 'modelled'."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Study:
    """Flows, times and zones that name the same places."""

    zones: gpd.GeoDataFrame
    """Index ``zone_id``, metric CRS."""

    flows: Flows | None = None
    other_years: tuple[Flows, ...] = ()
    """Flows of other years over the same places."""

    outside_jobs: pd.Series | None = None
    """Jobs of places beyond the region, persons, where they are known."""

    minutes: pd.DataFrame | None = None
    neighbours: sparse.csr_array | None = None
    """Which zones touch, in the order of ``flows.inside``, where a method is to look at it."""

    border_m: sparse.csr_array | None = None
    sources: tuple[str, ...] = ()
    """One line per file: its name and the beginning of its hash."""

    notes: tuple[str, ...] = ()
    status: str = "modelled"
    """Status of the minutes."""

    columns: Mapping[str, object] = field(default_factory=dict)
    """What was read from the files, for the record."""


def study_without(study: Study, dropped: Collection[str]) -> Study:
    """Leave places out of the flows, and who commutes to or from them.

    Raises
    ------
    FlowError
        If there are no flows, a place is unknown, or none would remain.
    """
    if not dropped:
        return study
    if study.flows is None:
        raise FlowError("--without leaves places out of flows; name them with --flows FILE")
    return replace(
        study,
        zones=study.zones[~study.zones.index.isin(list(dropped))],
        flows=without_places(study.flows, dropped),
        other_years=tuple(without_places(one, dropped) for one in study.other_years),
    )


def zone_column(zones: gpd.GeoDataFrame, column: str, *, option: str) -> pd.Series:
    """Take a column of the zones that an option names.

    Raises
    ------
    SettingsError
        If there is none, naming those that there are.
    """
    if column not in zones:
        names = ", ".join(map(str, zones.columns.drop("geometry")))
        raise SettingsError(f"{option}: the zones have no column '{column}'; there are {names}")
    found: pd.Series = zones[column]
    return found


def study_merged(study: Study, column: str | None) -> Study:
    """Join zones into larger ones, such as settlements into municipalities, flows and shapes.

    Other columns keep the value of the first zone; times are dropped, for they have no sum.

    Raises
    ------
    SettingsError
        If the zones lack the column, or a zone has no value in it.
    """
    if column is None:
        return study
    group = (
        zone_column(study.zones, column, option="--merge")
        .astype(object)
        .fillna("")
        .astype(str)
        .str.strip()
    )
    if (group == "").any():
        raise SettingsError(
            f"--merge: zone '{group.index[group == ''][0]}' has no {column} "
            f"({int((group == '').sum())} such zone(s)); fill it, or leave the zone out"
        )
    larger = study.zones.drop(columns=[column]).dissolve(by=group.rename("zone_id"))
    return replace(
        study,
        zones=larger.assign(name=larger.index),
        flows=None if study.flows is None else merged_flows(study.flows, group),
        other_years=tuple(merged_flows(one, group) for one in study.other_years),
        minutes=None,
        notes=(*study.notes, f"{len(group)} zones were joined to {len(larger)} by '{column}'"),
    )


def study_from_files(files: StudyFiles) -> Study:
    """Read flows, zones and times, and fit them together.

    Raises
    ------
    LayerError, FlowError
        Naming file, column, zone and the next step.
    """
    tables = [] if files.flows is None else _tables(files, files.flows)
    minutes = None if files.times is None else read_minutes(files.times, matrix=files.matrix)
    if not tables and minutes is None:
        raise LayerError("name the flows (--flows FILE), or for isochrones the times (--times)")
    zones = read_zones(
        files.zones,
        layer=files.layer,
        zone_id=files.zone_id,
        crs=files.crs,
        flow_ids=_zone_ids(tables, minutes, files.outside),
    )
    if files.zone_table is not None:
        zones = read_zone_columns(files.zone_table, zones)
    notes = [str(zones.attrs["note"])] if zones.attrs.get("note") else []
    years = [_flows_of(table, zones, files) for table in tables]
    notes += [note for _, more in years for note in more]
    known = {place: jobs for place, jobs in files.outside.items() if jobs is not None}
    if minutes is not None:
        _check_minutes(minutes, zones, files)
    named = (files.flows, files.times, files.zones, files.zone_table)
    return Study(
        zones=zones,
        flows=years[0][0] if years else None,
        other_years=tuple(flows for flows, _ in years[1:]),
        outside_jobs=pd.Series(known, dtype=float) if known else None,
        minutes=minutes,
        sources=tuple(_source(path) for path in named if path is not None),
        notes=tuple(notes),
        status=files.status or "modelled",
        columns={
            name: value
            for name, value in asdict(files).items()
            if name not in ("zones", "flows", "times", "zone_table") and value
        },
    )


def _tables(files: StudyFiles, path: Path) -> list[pd.DataFrame]:
    """Read the flows, once for each year that is asked for."""
    several = [column for column, texts in files.only.items() if len(texts) > 1]
    if len(several) > 1:
        raise SettingsError(f"only one column may have several texts; got {', '.join(several)}")
    own = {column: texts[0] for column, texts in files.only.items()}
    years = files.only[several[0]] if several else ("",)
    return [
        read_flows(
            path,
            live=files.live,
            work=files.work,
            count=files.count,
            matrix=files.matrix,
            suppressed=files.suppressed,
            only={**own, several[0]: year} if several else own,
            rows_are_work=files.rows_are_work,
        )
        for year in years
    ]


def _zone_ids(
    tables: Sequence[pd.DataFrame], minutes: pd.DataFrame | None, outside: Collection[str]
) -> list[str]:
    ids: set[str] = set()
    for table in tables:
        ids |= set(table["live"]) | set(table["work"])
    if not tables and minutes is not None:
        ids |= set(minutes.index.astype(str))
    return sorted(ids - set(outside))


def _flows_of(
    table: pd.DataFrame, zones: gpd.GeoDataFrame, files: StudyFiles
) -> tuple[Flows, list[str]]:
    disclosure = Disclosure(
        suppressed_below_count=files.suppressed_below_count,
        rounded_to_count=files.rounded_to_count,
    )
    filled, notes, status = filled_table(table, disclosure)
    residents = None
    if files.residents is not None:
        own = zone_column(zones, files.residents, option="--residents")
        residents = pd.to_numeric(own, errors="coerce")
    beyond = set(files.outside)
    if files.unknown_is_outside:
        beyond |= (set(filled["live"]) | set(filled["work"])) - set(zones.index)
        notes = (*notes, f"{len(beyond)} place(s) of the flows are no zones and lie outside")
    try:
        flows = flows_from_table(
            filled,
            zones.index,
            outside=beyond,
            residents_count=residents,
            status=files.status or status,
        )
    except FlowError as error:
        raise FlowError(f"{files.flows} and {files.zones}: {error}") from error
    if files.known_pair is not None:
        check_direction(flows, live=files.known_pair[0], work=files.known_pair[1])
    if not files.may_lack_flows:
        _check_all_commute(flows)
    return flows, list(notes)


def _check_all_commute(flows: Flows) -> None:
    """Refuse zones that nobody commutes to or from: an id that does not match looks the same."""
    idle = (flows.residents_count <= 0) & (flows.jobs_count <= 0) & ~flows.is_outside
    if idle.any():
        raise FlowError(
            f"{int(idle.sum())} zone(s) have no flows at all: {listed(flows.places[idle])}; do the "
            "ids of zones and flows match? If nobody lives or works there, say so with "
            "--allow-empty"
        )


def _check_minutes(minutes: pd.DataFrame, zones: gpd.GeoDataFrame, files: StudyFiles) -> None:
    lacking = zones.index[~zones.index.isin(minutes.index.astype(str))]
    if len(lacking):
        raise LayerError(
            f"{files.times} has no times from zone '{lacking[0]}' ({len(lacking)} such zone(s)); "
            "give each zone a row"
        )
    own = minutes.set_axis(minutes.index.astype(str)).loc[zones.index].to_numpy(dtype=float)
    is_cut_off = np.isinf(own).sum(axis=1) >= own.shape[1] - 1
    if is_cut_off.any() and own.shape[1] > 1 and not files.may_lack_flows:
        raise LayerError(
            f"{files.times} has no time from zone '{zones.index[is_cut_off][0]}' to any other "
            f"({int(is_cut_off.sum())} such zone(s)); add its rows, or say with --allow-empty that "
            "there is no way"
        )


def _source(path: Path) -> str:
    """Name a file and the beginning of its hash."""
    return f"{path.name} (sha256 {hashlib.sha256(path.read_bytes()).hexdigest()[:12]})"
