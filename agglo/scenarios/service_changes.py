"""Changes of services: schools and hospitals, freight terminals, services run together."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence

import pandas as pd

from agglo.errors import ScenarioError
from agglo.hints import names_hint
from agglo.region import Region
from agglo.scenarios.selections import (
    check_amount,
    check_positive,
    folded,
    known_id,
    municipality_id,
    texts,
    zones_in,
)
from agglo.tables import FACILITIES, TABLES

DOOR_KM = 0.5
DOOR_KMH = 30.0
"""Assumed way from the street node of a zone to the door of a new facility."""


def add_facility(
    region: Region,
    *,
    kind: str,
    zone: str,
    name_ru: str,
    name_en: str,
    length_km: float = DOOR_KM,
) -> Region:
    """Open a facility in a zone: a school, clinic, hospital, university, park, hub or airport.

    It stands at the street node that the zone's cars start from, ``length_km`` from it at
    30 km/h; half a kilometre unless it is given.
    """
    if kind not in FACILITIES:
        raise ScenarioError(f"unknown kind of facility '{kind}'; {names_hint(kind, FACILITIES)}")
    check_amount("length_km", length_km)
    (zone,) = zones_in(region, zone=[zone])
    node = region["nodes"].loc[_street_node(region, zone)]
    facilities = region["facilities"]
    row = {
        "facility_id": _free_id(facilities, f"{kind}_{zone}"),
        "name_ru": name_ru,
        "name_en": name_en,
        "kind": kind,
        "node_id": node["node_id"],
        "length_km": float(length_km),
        "speed_kmh": DOOR_KMH,
        "lon": node["lon"],
        "lat": node["lat"],
        "source": "scenario",
        "status": "assumed",
    }
    added = pd.DataFrame([row], index=[row["facility_id"]])
    return region.with_tables(facilities=_with_rows(facilities, added))


def set_hub(
    region: Region,
    *,
    hub: str,
    capacity_teu_per_year: float | None = None,
    dwell_days: float | None = None,
    throughput_teu_per_year: float | None = None,
) -> Region:
    """Set what a freight terminal can handle, what it handles and how long containers stay.

    What is left out stays as it is. Containers are counted as twenty-foot equivalents (TEU).
    """
    given = {
        "capacity_teu_per_year": capacity_teu_per_year,
        "dwell_days": dwell_days,
        "throughput_teu_per_year": throughput_teu_per_year,
    }
    values = {name: float(value) for name, value in given.items() if value is not None}
    if not values:
        raise ScenarioError(f"set_hub needs one or more of {', '.join(given)}")
    for name, value in values.items():
        check = check_amount if name == "throughput_teu_per_year" else check_positive
        check(name, value)
    hubs = region["hubs"].copy()
    own = known_id(hubs, "hub_id", hub, "hub")
    for name, value in values.items():
        hubs.loc[own, name] = value
    return region.with_tables(hubs=hubs)


def joint_service(
    region: Region,
    *,
    service: str,
    municipality: Sequence[str],
    cost_elasticity: float = 0.9,
    cost_elasticity_low: float = 0.85,
    cost_elasticity_high: float = 1.0,
    coordination_share: float = 0.05,
    coordination_low_share: float = 0.02,
    coordination_high_share: float = 0.1,
    name_ru: str = "",
    name_en: str = "",
) -> Region:
    """Let municipalities run a service together: waste, water, heat, buses, fire brigade.

    Name all of them; a service that is joint already is joint among these from now on. The
    elasticity says by how much cost grows with the people served: 0.9 (0.85 to 1, where nothing
    is saved), coordination costs 5 % (2 to 10 %) of what each spends apart. Both are assumed:
    studies of cooperation diverge (meta-regression of Bel and Sebő; figures unverified).
    """
    service = _known_service(region, service)
    rows = pd.DataFrame(
        {
            "service_id": service,
            "municipality_id": _partners(region, service, municipality),
            "name_ru": name_ru or service,
            "name_en": name_en or service,
            "cost_elasticity_low": float(cost_elasticity_low),
            "cost_elasticity": float(cost_elasticity),
            "cost_elasticity_high": float(cost_elasticity_high),
            "coordination_low_share": float(coordination_low_share),
            "coordination_share": float(coordination_share),
            "coordination_high_share": float(coordination_high_share),
            "status": "assumed",
        }
    )
    for columns in TABLES["joint_services"].rising:
        _check_range({name: float(rows[name].iloc[0]) for name in columns})
    check_positive("cost_elasticity_low", cost_elasticity_low)
    rows.index = pd.MultiIndex.from_frame(rows[["service_id", "municipality_id"]])
    table = region["joint_services"]
    others = table[table["service_id"] != service]
    rows = rows.rename_axis([None, None]).sort_index()
    return region.with_tables(joint_services=_with_rows(others, rows))


def _partners(region: Region, service: str, municipality: Sequence[str]) -> list[str]:
    """Return the ids of the municipalities that run a service together."""
    partners = [municipality_id(region, name) for name in texts(municipality)]
    twice = [one for one in partners if partners.count(one) > 1]
    if twice:
        raise ScenarioError(f"municipality '{twice[0]}' is named twice; name each once")
    if len(partners) < 2:
        raise ScenarioError(
            f"service '{service}' is to be run by {len(partners)} municipality; name all that "
            "run it together, two or more"
        )
    return partners


def _known_service(region: Region, service: str) -> str:
    """Return a service as the tables spell it, or as it is given if they have none such."""
    spelling = folded(service)
    if not spelling:
        raise ScenarioError(f"service must be a name, such as 'waste'; got '{service}'")
    tables = (region["joint_services"], region["budgets"])
    there = sorted({name for table in tables for name in table["service_id"]})
    return next((name for name in there if folded(name) == spelling), service)


def _check_range(ends: Mapping[str, float]) -> None:
    """Refuse a range that does not rise, or has an end that is no number of 0 or more."""
    low, middle, high = ends.values()
    is_share = all(name.endswith("_share") for name in ends)
    most = 1.0 if is_share else math.inf
    if not 0 <= low <= middle <= high <= most or high == math.inf:
        raise ScenarioError(
            f"{' ≤ '.join(ends)} must hold, from 0{' to 1' if is_share else ''}; got "
            f"{low:g}, {middle:g}, {high:g}: give the range with the value"
        )


def _street_node(region: Region, zone: str) -> str:
    """Return the node that the cars of a zone start from, the nearest in time of several."""
    connectors = region["connectors"]
    own = connectors[(connectors["zone_id"] == zone) & (connectors["mode"] == "car")]
    if own.empty:
        raise ScenarioError(
            f"zone '{zone}' has no way to a street node by car, so nothing can be opened there; "
            "name another zone"
        )
    minutes = own["length_km"] / own["speed_kmh"]
    ordered = own.assign(minutes=minutes).sort_values(["minutes", "to_id"])
    return str(ordered["to_id"].iloc[0])


def _free_id(table: pd.DataFrame, wanted: str) -> str:
    """Return an id that no row has: the one that is wanted, or with the next number."""
    number, free = 1, wanted
    while free in table.index:
        number += 1
        free = f"{wanted}_{number}"
    return free


def _with_rows(table: pd.DataFrame, added: pd.DataFrame) -> pd.DataFrame:
    return pd.concat([table, added]) if len(table) else added.reindex(columns=table.columns)
