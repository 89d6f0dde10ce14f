"""Every table of a new region, from an extract of OpenStreetMap and a timetable."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import geopandas as gpd
import pandas as pd
import shapely

from agglo.errors import SettingsError
from agglo.layers.extract.people import Homes, homes_from_extract
from agglo.layers.extract.roads import (
    connectors_table,
    facilities_table,
    links_table,
    nodes_table,
)
from agglo.layers.extract.territory import (
    municipalities_table,
    no_railways,
    settlements_table,
)
from agglo.layers.extract.transit import (
    Transit,
    no_transit,
    transit_from_lines,
    transit_from_timetable,
)
from agglo.layers.extract.zones import zones_from_extract
from agglo.layers.gtfs import read_gtfs
from agglo.layers.osm import Streets
from agglo.layers.osm_features import OsmFeatures
from agglo.layers.trunks import add_trunk_lines
from agglo.region import check_crs
from agglo.tables import TABLES

MOST_ZONES = 160


@dataclass(frozen=True, slots=True, kw_only=True)
class Sources:
    """What a new region is made of."""

    osm: Path
    gtfs: Path | None = None
    lines: Path | None = None
    """A line table (CSV) over the stops that the extract names."""

    name: str = ""
    """What the region is called; without it, the name of the file."""

    crs: str = ""
    """Projected CRS in metres; without it, the UTM zone of the extract."""

    population_count: float | None = None
    most_zones: int = MOST_ZONES


def check_sources(sources: Sources) -> None:
    """Refuse choices that contradict each other or make no region.

    Raises
    ------
    SettingsError, TableError
        Naming the option.
    """
    if sources.gtfs is not None and sources.lines is not None:
        raise SettingsError("give either --gtfs or --lines, not both")
    if sources.population_count is not None and not sources.population_count > 0:
        raise SettingsError(f"--population must be above 0; got {sources.population_count:g}")
    if sources.most_zones < 2:
        raise SettingsError(f"--zones must be 2 or more; got {sources.most_zones}")
    if sources.crs:
        check_crs(sources.crs)


def utm_zone(features: OsmFeatures) -> str:
    """Return the EPSG code of the UTM zone that the extract lies in."""
    box = gpd.GeoSeries([shapely.box(*features.extent)], crs="EPSG:4326")
    return f"EPSG:{box.estimate_utm_crs().to_epsg()}"


def tables_from_extract(
    streets: Streets, features: OsmFeatures, sources: Sources, crs: str
) -> tuple[dict[str, pd.DataFrame], tuple[str, ...]]:
    """Derive every table of the region, and notes on what was assumed or left out."""
    homes = homes_from_extract(
        streets, features, crs=crs, population_count=sources.population_count
    )
    zones = zones_from_extract(streets, features, homes, crs=crs, most_zones=sources.most_zones)
    transit = _transit(streets, features, sources, crs)
    called = sources.name or sources.osm.name.split(".")[0]
    municipalities, table = municipalities_table(zones, features, called)
    tables = {
        "municipalities": municipalities,
        "zones": table,
        "settlements": settlements_table(table),
        "nodes": nodes_table(streets),
        "links": links_table(streets),
        "connectors": connectors_table(streets, zones, crs=crs),
        "facilities": facilities_table(streets, features, crs=crs),
        "railways": no_railways(),
        "stops": transit.stops,
        "lines": transit.lines,
        "line_stops": transit.line_stops,
        "interchanges": transit.interchanges,
    }
    for name in ("population", "wages", "migration", "employers"):
        tables[name] = pd.DataFrame(columns=list(TABLES[name].columns), dtype=object)
    return tables, (*_notes(streets, homes, table), *transit.report)


def _notes(streets: Streets, homes: Homes, zones: pd.DataFrame) -> tuple[str, ...]:
    dropped = streets.report[streets.report["km"].fillna(0) >= 0.05]
    return (
        f"{len(streets.links):,} links, {len(streets.nodes):,} nodes",
        *(f"{row.what}: {row.count} ({row.km:,.1f} km) {row.note}" for row in _rows(dropped)),
        f"{homes.people_count.sum():,.0f} people, assumed: {homes.rule}",
        f"{len(zones)} zones",
    )


@dataclass(frozen=True, slots=True)
class _Row:
    what: str
    count: int
    km: float
    note: str


def _rows(report: pd.DataFrame) -> list[_Row]:
    columns = ["what", "count", "km", "note"]
    return [_Row(*row) for row in report[columns].fillna("").to_numpy(dtype=object).tolist()]


def _transit(streets: Streets, features: OsmFeatures, sources: Sources, crs: str) -> Transit:
    if sources.gtfs is not None:
        timetable = add_trunk_lines(read_gtfs(sources.gtfs, extent=features.extent))
        return transit_from_timetable(timetable, streets, features, crs=crs)
    if sources.lines is not None:
        return transit_from_lines(sources.lines, streets, features, crs=crs)
    return no_transit()
