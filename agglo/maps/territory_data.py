"""The territory of the meeting map: who is in by which definition, as tables and for the page."""

from __future__ import annotations

import json
from collections.abc import Sequence

import geopandas as gpd
import numpy as np
import pandas as pd
import shapely

from agglo.maps.plain import plain
from agglo.maps.portrait_data import portrait_data
from agglo.maps.reasons import (
    CHANGE_COLOURS,
    FIRM_COLOURS,
    FIRM_SHARES,
    count_classes,
    membership_kinds,
)
from agglo.maps.words import Words
from agglo.run import Result
from agglo.territory.definitions import OFFICIAL

ZONES, MUNICIPALITIES, COUNTS = "territory", "territory_municipalities", "territory_counts"
"""Tables of the GeoPackage."""

KEYS = {ZONES: "zone_id", MUNICIPALITIES: "municipality_id"}
VILLAGE_M = 1_000.0
"""A zone without an outline is drawn as a circle of this radius."""

SHOWN = (
    "is_in", "area_id", "decided_by", "value", "threshold", "margin", "unit", "firmness_share",
    "change",
)  # fmt: skip
"""What the page is told of each membership, in this order."""

DEGREE_DECIMALS = 4


def definition_name(words: Words, definition: str, language: str) -> str:
    """Name a definition; isochrones of any length have one text."""
    kind, _, minutes = definition.partition("_")
    if kind == "isochrone" and minutes:
        return words.text("definition", kind, language).replace("{minutes}", minutes)
    return words.text("definition", definition, language)


def definitions_of(results: Sequence[Result]) -> list[str]:
    """List the definitions of a run in their order; none where no boundary was drawn."""
    rows = results[0].memberships
    return [] if rows.empty else [str(one) for one in dict.fromkeys(rows["definition"])]


def territory_tables(results: Sequence[Result]) -> dict[str, gpd.GeoDataFrame]:
    """Gather who is in, one row per scenario, definition and place, in the region's CRS.

    Returns
    -------
    territory_tables
        ``territory`` by zone, ``territory_municipalities``, and ``territory_counts``: how many
        definitions, the official boundary left out, include each zone. Empty where no boundary
        was drawn.
    """
    if not definitions_of(results):
        return {}
    region = results[0].case.region
    zones = region.geo("zones").set_index("zone_id", drop=False)
    is_area = zones.geom_type.isin(("Polygon", "MultiPolygon"))
    shapes = zones.geometry.where(is_area, zones.geometry.centroid.buffer(VILLAGE_M))
    places = zones.set_geometry(shapes).loc[is_area.sort_values(ascending=False).index]
    members = region.geo("municipalities").set_index("municipality_id", drop=False)
    of_zones = pd.concat([_rows(one.memberships, one) for one in results], ignore_index=True)
    of_members = pd.concat(
        [_rows(one.municipality_memberships, one) for one in results], ignore_index=True
    )
    return {
        ZONES: _drawn(of_zones, places, "zone_id"),
        MUNICIPALITIES: _drawn(of_members, members, "municipality_id"),
        COUNTS: _drawn(_counts(of_zones), places, "zone_id"),
    }


def territory_data(results: Sequence[Result]) -> dict[str, object] | None:
    """Gather what the page shows of the territory; ``None`` where no boundary was drawn."""
    definitions = definitions_of(results)
    if not definitions:
        return None
    rows = results[0].memberships
    status = rows.groupby("definition", sort=False)["status"].first()
    counted = len([one for one in definitions if one != OFFICIAL])
    return {
        "definitions": definitions,
        "official": OFFICIAL,
        "status": {one: str(status[one]) for one in definitions},
        "firm_colours": FIRM_COLOURS,
        "firm_shares": FIRM_SHARES,
        "change_colours": CHANGE_COLOURS,
        "count_classes": [
            [each.label, each.colour, each.lower, each.upper] for each in count_classes(counted)
        ],
        "outline": _official_outline(results[0]),
        "zones": {one.scenario.name: _by_place(one.memberships, "zone_id") for one in results},
        "municipalities": {
            one.scenario.name: _by_place(one.municipality_memberships, "municipality_id")
            for one in results
        },
        "portrait": portrait_data(results),
    }


def _rows(rows: pd.DataFrame, result: Result) -> pd.DataFrame:
    own = rows.assign(firmness_kind=membership_kinds(rows))
    own.insert(0, "scenario", result.scenario.name)
    numbers = own.select_dtypes("number").columns
    own[numbers] = own[numbers].replace([np.inf, -np.inf], np.nan)
    return own


def _counts(rows: pd.DataFrame) -> pd.DataFrame:
    methods = rows[rows["definition"] != OFFICIAL]
    groups = methods.groupby(["scenario", "zone_id"], sort=False)["is_in"]
    return groups.agg(definitions_count="sum", of_count="size").reset_index()


def _drawn(rows: pd.DataFrame, places: gpd.GeoDataFrame, key: str) -> gpd.GeoDataFrame:
    """Give every row the name and the shape of its place; small places lie on top."""
    at = places.index.get_indexer(pd.Index(rows[key]))
    order = np.argsort(at, kind="stable")
    rows, at = rows.iloc[order].reset_index(drop=True), at[order]
    for number, language in enumerate(("ru", "en")):
        name = f"name_{language}"
        rows.insert(list(rows.columns).index(key) + 1 + number, name, places[name].to_numpy()[at])
    return gpd.GeoDataFrame(rows, geometry=places.geometry.to_numpy()[at], crs=places.crs)


def _by_place(rows: pd.DataFrame, key: str) -> dict[str, dict[str, list[object]]]:
    found: dict[str, dict[str, list[object]]] = {}
    values = rows[["definition", key, *SHOWN]].itertuples(index=False, name=None)
    for definition, place, *shown in values:
        found.setdefault(str(definition), {})[str(place)] = [plain(one) for one in shown]
    return found


def _official_outline(result: Result) -> object:
    """Join the municipalities of the official composition into one outline, in degrees."""
    rows = result.municipality_memberships
    own = rows.loc[(rows["definition"] == OFFICIAL) & rows["is_in"], "municipality_id"]
    members = result.case.region.geo("municipalities").set_index("municipality_id")
    shapes = members.geometry.loc[members.index.intersection(own)].to_crs("EPSG:4326")
    joined = shapely.set_precision(shapely.union_all(shapes.to_numpy()), 10**-DEGREE_DECIMALS)
    return json.loads(shapely.to_geojson(joined))
