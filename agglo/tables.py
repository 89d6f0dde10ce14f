"""The tables a region is made of, as data: columns, kinds, units, keys, geometry."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

import numpy as np

STATUSES = ("observed", "modelled", "assumed")
"""From the firmest to the weakest: how a number came to be known."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Column:
    """What one column of a table must hold."""

    kind: str = "text"
    """One of 'text', 'number', 'whole', 'flag'."""

    required: bool = True
    """Whether the column must be there and each row must have a value."""

    least: float = -np.inf
    """Smallest value allowed."""

    most: float = np.inf
    """Largest value allowed."""

    above: float = -np.inf
    """Every value must be larger than this."""

    one_of: tuple[str, ...] = ()
    """The only texts allowed; empty means any."""

    refers_to: str = ""
    """``table.column`` that must hold the value too; empty means none."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Table:
    """The contract of one table: its key, its columns and the geometry it may carry."""

    key: tuple[str, ...]
    columns: Mapping[str, Column]
    geometry: tuple[str, ...] = ()
    may_be_empty: bool = field(default=False)
    may_be_absent: bool = field(default=False)
    """Whether a region may lack the table; it then has no rows."""

    rising: tuple[tuple[str, str, str], ...] = ()
    """Columns of which each must be at least the one before: low, value, high."""


def _text(**choices: object) -> Column:
    return Column(kind="text", **choices)  # type: ignore[arg-type]


def _number(**choices: object) -> Column:
    return Column(kind="number", **choices)  # type: ignore[arg-type]


NAMES = {"name_ru": _text(), "name_en": _text()}
POINT = {
    "lon": _number(least=-180, most=180),
    "lat": _number(least=-90, most=90),
}
STATUS = {"status": _text(one_of=STATUSES)}
COUNT = _number(least=0)
ZONE_KINDS = ("city", "town", "village", "remainder", "outside")
MODES = ("train", "metro", "tram", "bus", "ferry")
WAYS = ("both", "forward", "backward", "no")
"""In which directions of a link a mode may go."""
FACILITIES = ("hub", "airport", "hospital", "clinic", "school", "university", "park")
LAND_USES = ("housing", "industry", "services", "green")
SHARE = _number(least=0, most=1)

TABLES: Mapping[str, Table] = {
    "municipalities": Table(
        key=("municipality_id",),
        geometry=("Polygon", "MultiPolygon"),
        columns={
            "municipality_id": _text(),
            **NAMES,
            "role": _text(one_of=("core", "member", "context")),
            "oktmo": _text(required=False),
            "osm_relation_id": _text(required=False),
            "area_km2": _number(above=0),
            **STATUS,
        },
    ),
    "zones": Table(
        key=("zone_id",),
        geometry=("Point", "Polygon", "MultiPolygon"),
        columns={
            "zone_id": _text(),
            **NAMES,
            "municipality_id": _text(required=False, refers_to="municipalities.municipality_id"),
            "kind": _text(one_of=ZONE_KINDS),
            "is_centre": Column(kind="flag"),
            **POINT,
            "area_km2": _number(above=0),
            "internal_km": _number(above=0),
            "population_count": COUNT,
            "workers_count": COUNT,
            "workers_low_count": COUNT,
            "workers_high_count": COUNT,
            "jobs_count": COUNT,
            "jobs_low_count": COUNT,
            "jobs_high_count": COUNT,
            # absent: the parameter of the whole region
            "telework_share": _number(least=0, most=1, required=False),
            # absent: no visit of a clinic is made from home
            "televisit_share": _number(least=0, most=1, required=False),
            **STATUS,
        },
        rising=(
            ("workers_low_count", "workers_count", "workers_high_count"),
            ("jobs_low_count", "jobs_count", "jobs_high_count"),
        ),
    ),
    "settlements": Table(
        key=("settlement_id",),
        columns={
            "settlement_id": _text(),
            "name_ru": _text(),
            "municipality_id": _text(refers_to="municipalities.municipality_id"),
            "kind": _text(one_of=("urban", "rural")),
            "population_count": COUNT,
            "zone_id": _text(refers_to="zones.zone_id"),
            "is_located": Column(kind="flag"),
            **STATUS,
        },
    ),
    "population": Table(
        key=("municipality_id", "year"),
        may_be_empty=True,
        columns={
            "municipality_id": _text(refers_to="municipalities.municipality_id"),
            "year": Column(kind="whole", least=1800),
            "population_count": COUNT,
            "source": _text(),
            **STATUS,
        },
    ),
    "wages": Table(
        key=("municipality_id", "year", "industry"),
        may_be_empty=True,
        columns={
            "municipality_id": _text(refers_to="municipalities.municipality_id"),
            "year": Column(kind="whole", least=1800),
            "industry": _text(),
            "name_ru": _text(),
            "wage_rub": _number(above=0),
            **STATUS,
        },
    ),
    "migration": Table(
        key=("municipality_id", "year"),
        may_be_empty=True,
        columns={
            "municipality_id": _text(refers_to="municipalities.municipality_id"),
            "year": Column(kind="whole", least=1800),
            "net_migration_count": _number(),
            **STATUS,
        },
    ),
    "employers": Table(
        key=("employer_id",),
        may_be_empty=True,
        columns={
            "employer_id": _text(),
            **NAMES,
            "zone_id": _text(refers_to="zones.zone_id"),
            "jobs_count": _number(least=0, required=False),
            "year": Column(kind="whole", required=False),
            "lon": _number(least=-180, most=180, required=False),
            "lat": _number(least=-90, most=90, required=False),
            "source": _text(),
            **STATUS,
        },
    ),
    # observed commuting: a zone with rows here keeps them, the model stands for the others
    "flows": Table(
        key=("live_zone_id", "work_zone_id"),
        may_be_empty=True,
        may_be_absent=True,
        columns={
            "live_zone_id": _text(refers_to="zones.zone_id"),
            "work_zone_id": _text(refers_to="zones.zone_id"),
            "commuters_count": COUNT,
            **STATUS,
        },
    ),
    "town_population": Table(
        key=("zone_id", "year"),
        may_be_empty=True,
        may_be_absent=True,
        columns={
            "zone_id": _text(refers_to="zones.zone_id"),
            "year": Column(kind="whole", least=1800),
            "population_count": COUNT,
            "source": _text(),
            **STATUS,
        },
    ),
    # what sources say about the agglomeration; the kinds of test: territory/claim_kinds.py
    "claims": Table(
        key=("claim_id",),
        may_be_empty=True,
        may_be_absent=True,
        columns={
            "claim_id": _text(),
            "statement_id": _text(),
            "text_ru": _text(),
            "text_en": _text(),
            "source": _text(),
            "said": _text(required=False),
            "test": _text(),
            "places": _text(),
            "others": _text(required=False),
            "year_from": Column(kind="whole", required=False),
            "year_to": Column(kind="whole", required=False),
            "measure": _text(required=False),
            "low": _number(required=False),
            "high": _number(required=False),
            "wanted": _text(required=False),
            **STATUS,
        },
    ),
    # of the jobs of a zone, how many are known to be of a sector
    "sector_jobs": Table(
        key=("zone_id", "sector"),
        may_be_empty=True,
        may_be_absent=True,
        columns={
            "zone_id": _text(refers_to="zones.zone_id"),
            "sector": _text(),
            "jobs_count": COUNT,
            **STATUS,
        },
    ),
    # timed connections: who changes here waits so long, not half the headway
    "transfers": Table(
        key=("from_line_id", "to_line_id", "from_stop_id", "to_stop_id"),
        may_be_empty=True,
        may_be_absent=True,
        columns={
            "from_line_id": _text(refers_to="lines.line_id"),
            "to_line_id": _text(refers_to="lines.line_id"),
            "from_stop_id": _text(refers_to="stops.stop_id"),
            "to_stop_id": _text(refers_to="stops.stop_id"),
            "wait_min": _number(least=0),
            **STATUS,
        },
    ),
    # land that is to be used otherwise than it is
    "land_uses": Table(
        key=("land_use_id",),
        geometry=("Polygon", "MultiPolygon"),
        may_be_empty=True,
        may_be_absent=True,
        columns={
            "land_use_id": _text(),
            **NAMES,
            "use": _text(one_of=LAND_USES),
            "area_km2": _number(above=0),
            "population_count": _number(least=0, required=False),
            "jobs_count": _number(least=0, required=False),
            **STATUS,
        },
    ),
    # freight terminals: what passes, what could, and how long it stays
    "hubs": Table(
        key=("hub_id",),
        may_be_empty=True,
        may_be_absent=True,
        columns={
            "hub_id": _text(),
            **NAMES,
            "zone_id": _text(refers_to="zones.zone_id"),
            "capacity_teu_per_year": _number(above=0),
            "throughput_teu_per_year": _number(least=0),
            "dwell_days": _number(above=0),
            **STATUS,
        },
    ),
    # services that municipalities run together
    "joint_services": Table(
        key=("service_id", "municipality_id"),
        may_be_empty=True,
        may_be_absent=True,
        columns={
            "service_id": _text(),
            "municipality_id": _text(refers_to="municipalities.municipality_id"),
            **NAMES,
            "cost_elasticity_low": _number(above=0),
            "cost_elasticity": _number(above=0),
            "cost_elasticity_high": _number(above=0),
            "coordination_low_share": SHARE,
            "coordination_share": SHARE,
            "coordination_high_share": SHARE,
            **STATUS,
        },
        rising=(
            ("cost_elasticity_low", "cost_elasticity", "cost_elasticity_high"),
            ("coordination_low_share", "coordination_share", "coordination_high_share"),
        ),
    ),
    # what municipalities spend on a service
    "budgets": Table(
        key=("municipality_id", "service_id", "year"),
        may_be_empty=True,
        may_be_absent=True,
        columns={
            "municipality_id": _text(refers_to="municipalities.municipality_id"),
            "service_id": _text(),
            "year": Column(kind="whole", least=1800),
            "spend_mln_rub": COUNT,
            "source": _text(),
            **STATUS,
        },
    ),
    # development projects; 'scenario' names the one that says what a project changes
    "projects": Table(
        key=("project_id",),
        may_be_empty=True,
        may_be_absent=True,
        columns={
            "project_id": _text(),
            **NAMES,
            "scenario": _text(required=False),
            "level": _text(),
            "funding": _text(required=False),
            "support": _text(required=False),
            "cost_low_mln_rub": _number(least=0, required=False),
            "cost_mln_rub": _number(least=0, required=False),
            "cost_high_mln_rub": _number(least=0, required=False),
            "source": _text(),
            **STATUS,
        },
        rising=(("cost_low_mln_rub", "cost_mln_rub", "cost_high_mln_rub"),),
    ),
    "nodes": Table(
        key=("node_id",),
        columns={"node_id": _text(), **NAMES, "kind": _text(), **POINT, **STATUS},
    ),
    "links": Table(
        key=("link_id",),
        geometry=("LineString",),
        columns={
            "link_id": _text(),
            **NAMES,
            "road": _text(required=False),
            "from_id": _text(refers_to="nodes.node_id"),
            "to_id": _text(refers_to="nodes.node_id"),
            "length_km": _number(above=0),
            "class": _text(),
            "lanes_count": _number(above=0),
            "free_speed_kmh": _number(above=0),
            "speed_kmh": _number(above=0),
            "capacity_veh_per_h": _number(above=0),
            "km_from": _number(required=False),
            "km_to": _number(required=False),
            "is_open": Column(kind="flag"),
            # without these columns a link is a road for cars alone, both ways
            "car": _text(required=False, one_of=WAYS),
            "walk": _text(required=False, one_of=WAYS),
            "bicycle": _text(required=False, one_of=WAYS),
            # what a car pays beyond today's charges
            "toll_rub": _number(least=0, required=False),
            **STATUS,
        },
    ),
    "railways": Table(
        key=("railway_id",),
        geometry=("LineString", "MultiLineString"),
        may_be_empty=True,
        columns={"railway_id": _text(), **NAMES, **STATUS},
    ),
    "stops": Table(
        key=("stop_id",),
        may_be_empty=True,
        columns={
            "stop_id": _text(),
            **NAMES,
            "mode": _text(one_of=MODES),
            "km": _number(required=False),
            **POINT,
            **STATUS,
        },
    ),
    "lines": Table(
        key=("line_id",),
        may_be_empty=True,
        columns={
            "line_id": _text(),
            **NAMES,
            "mode": _text(one_of=MODES),
            "headway_min": _number(above=0),
            "headway_low_min": _number(above=0),
            "headway_high_min": _number(above=0),
            # absent: the line does not run off-peak
            "headway_off_peak_min": _number(above=0, required=False),
            # false for a line that runs only in the order of its stops; absent means true
            "both_ways": Column(kind="flag", required=False),
            # of a line that stands for several others on their shared way: what they are
            "combines": _text(required=False),
            # what a boarding costs more than today: the mode shares hold today's fares
            "fare_change_rub": _number(required=False),
            "vehicles_count": _number(above=0, required=False),
            **STATUS,
        },
        rising=(("headway_low_min", "headway_min", "headway_high_min"),),
    ),
    "line_stops": Table(
        key=("line_id", "sequence"),
        may_be_empty=True,
        columns={
            "line_id": _text(refers_to="lines.line_id"),
            "sequence": Column(kind="whole", least=0),
            "stop_id": _text(refers_to="stops.stop_id"),
            "run_min": _number(least=0),
            # absent: as long as in the peak
            "run_off_peak_min": _number(least=0, required=False),
            **STATUS,
        },
    ),
    "interchanges": Table(
        key=("stop_id", "node_id", "mode"),
        may_be_empty=True,
        columns={
            "stop_id": _text(refers_to="stops.stop_id"),
            "node_id": _text(refers_to="nodes.node_id"),
            "mode": _text(one_of=("walk", "park_ride")),
            "length_km": _number(least=0),
            "speed_kmh": _number(above=0),
            "parking_min": _number(least=0),
            **STATUS,
        },
    ),
    "facilities": Table(
        key=("facility_id",),
        may_be_empty=True,
        columns={
            "facility_id": _text(),
            **NAMES,
            "kind": _text(one_of=FACILITIES),
            "node_id": _text(refers_to="nodes.node_id"),
            # from the street node to the door
            "length_km": _number(least=0),
            "speed_kmh": _number(above=0),
            **POINT,
            "source": _text(required=False),
            **STATUS,
        },
    ),
    "connectors": Table(
        key=("zone_id", "to_id", "mode"),
        columns={
            "zone_id": _text(refers_to="zones.zone_id"),
            "to_id": _text(),
            # 'car', 'walk' and 'bicycle' lead to a node, 'access' to a stop
            "mode": _text(one_of=("car", "access", "walk", "bicycle")),
            "length_km": _number(above=0),
            "speed_kmh": _number(above=0),
            **STATUS,
        },
    ),
}

ABSENT = tuple(name for name, table in TABLES.items() if table.may_be_absent)
"""The tables that a region may lack."""


def weakest_status(*statuses: str) -> str:
    """Return the weakest of several statuses: what is derived is no firmer than its inputs.

    Examples
    --------
    >>> weakest_status("observed", "assumed", "modelled")
    'assumed'
    """
    return max(statuses, key=STATUSES.index)
