"""Municipalities and settlements of an extract, and its tables without rows."""

from __future__ import annotations

import geopandas as gpd
import pandas as pd

from agglo.layers.extract.zones import Zones
from agglo.layers.osm_features import OsmFeatures
from agglo.tables import TABLES

LEAST_PART_SHARE = 0.5
"""Boundaries of a level count if they hold at least this share of the zones."""


def municipalities_table(
    zones: Zones, features: OsmFeatures, called: str
) -> tuple[gpd.GeoDataFrame, gpd.GeoDataFrame]:
    """Take the boundaries that hold most zones, or the whole extract as one municipality."""
    table = zones.table
    middles = gpd.GeoSeries(
        gpd.points_from_xy(zones.x_m, zones.y_m), index=table.index, crs=table.crs
    )
    whole = gpd.GeoDataFrame(
        {"municipality_id": ["whole"], "name_ru": [called], "name_en": [called]},
        geometry=[table.union_all()],
        crs=table.crs,
    )
    parts = _boundaries(features, middles)
    own = parts if parts is not None else whole
    inside = gpd.GeoDataFrame(geometry=middles).sjoin(own, predicate="within")
    inside = inside[~inside.index.duplicated()]
    table = table.assign(municipality_id=inside["municipality_id"].reindex(table.index).fillna(""))
    if (table["municipality_id"] == "").any() and parts is not None:
        rest = table[table["municipality_id"] == ""].union_all()
        own = pd.concat([own, whole.assign(municipality_id="rest").set_geometry([rest])])
        table["municipality_id"] = table["municipality_id"].replace("", "rest")
    people = table.groupby("municipality_id")["population_count"].sum()
    own = own[own["municipality_id"].isin(people.index)].reset_index(drop=True)
    return (
        own.assign(
            role=["core" if one == people.idxmax() else "member" for one in own["municipality_id"]],
            area_km2=(own.area / 1e6).round(3).clip(lower=0.001),
            status="observed" if parts is not None else "assumed",
        ),
        table,
    )


def _boundaries(features: OsmFeatures, middles: gpd.GeoSeries) -> gpd.GeoDataFrame | None:
    """Return the boundaries of the coarsest level that divides the zones, if any does."""
    for _, own in features.boundaries.to_crs(middles.crs).groupby("level"):
        held = gpd.GeoDataFrame(geometry=middles).sjoin(own, predicate="within")
        if len(own) > 1 and held.index.nunique() >= LEAST_PART_SHARE * len(middles):
            ids = "osm_" + own["osm_id"]
            named = own["name"].mask(own["name"] == "", ids)
            columns = {"municipality_id": ids, "name_ru": named, "name_en": named}
            return gpd.GeoDataFrame(columns, geometry=own.geometry, crs=own.crs)
    return None


def settlements_table(zones: gpd.GeoDataFrame) -> pd.DataFrame:
    """Return the table ``settlements``: each zone is one."""
    return pd.DataFrame(
        {
            "settlement_id": zones["zone_id"],
            "name_ru": zones["name_ru"],
            "municipality_id": zones["municipality_id"],
            "kind": zones["kind"].map({"village": "rural"}).fillna("urban"),
            "population_count": zones["population_count"],
            "zone_id": zones["zone_id"],
            "is_located": True,
            "status": "assumed",
        }
    )


def no_railways() -> gpd.GeoDataFrame:
    """Return the table ``railways`` without rows."""
    columns = list(TABLES["railways"].columns)
    return gpd.GeoDataFrame(
        pd.DataFrame(columns=columns, dtype=object), geometry=[], crs="EPSG:4326"
    )
