"""Units by the degree of urbanisation of their cells: classes, cities, urban areas."""

from __future__ import annotations

from dataclasses import dataclass, replace

import geopandas as gpd
import pandas as pd

from agglo.imagery.urban_cells import UrbanCells
from agglo.imagery.urban_units import people_in_groups, unit_cells, urban_unit_shares
from agglo.layers.text_cells import listed
from agglo.territory.delineation import NO_AREA, Delineation
from agglo.territory.urban_areas import cities_from_centres, urban_areas
from agglo.territory.urbanisation import classed_units
from agglo.units import M2_PER_KM2

FAR_SHARE = 0.01
"""Part of a unit off the raster from which it is named."""


@dataclass(frozen=True, slots=True, kw_only=True)
class UrbanUnits:
    """Units by the degree of urbanisation."""

    table: pd.DataFrame
    """Index ``zone_id``; what ``areas.csv`` holds."""

    delineation: Delineation
    """Their urban areas."""

    zones: gpd.GeoDataFrame
    people_by_centre: pd.DataFrame
    """As ``people_in_groups`` gives it."""

    people_by_cluster: pd.DataFrame


def urban_units(
    cells: UrbanCells,
    zones: gpd.GeoDataFrame,
    *,
    parts_count: int | None = None,
    status: str = "modelled",
    asked: dict[str, float | int | str | bool] | None = None,
) -> UrbanUnits:
    """Class units, and find their cities and urban areas.

    Parameters
    ----------
    zones
        Index ids, polygons in any CRS; ``name`` where there are names.

    Returns
    -------
    urban_units
        Its table has ``name``, the columns of ``classed_units``, ``area_id`` (urban area),
        ``city_id`` (city of an urban centre, for functional urban areas), ``outside_share`` of
        its area off the raster, and all columns of ``urban_unit_shares``.

    Raises
    ------
    LayerError
        If zones are no polygons, have no CRS, or none lies on the raster.
    """
    inside = unit_cells(cells, zones, parts_count=parts_count)
    ids = pd.Index(zones.index, name="zone_id")
    shares = urban_unit_shares(cells, inside, ids)
    classes = classed_units(shares)
    by_centre = people_in_groups(cells, cells.centre_number, inside, ids)
    by_cluster = people_in_groups(cells, cells.cluster_number, inside, ids)
    outside = _outside_share(cells, zones, shares)
    found = urban_areas(
        shares, by_cluster, status=status, parameters=asked or {},
        notes=(*cells.notes, *_zone_notes(zones, outside)),
    )  # fmt: skip
    city = cities_from_centres(by_centre, ids)
    found = replace(found, notes=(*found.notes, *_chain_notes(found.areas["area_id"], city)))
    table = pd.concat(
        [
            classes,
            found.areas["area_id"],
            city,
            outside.rename("outside_share"),
            shares,
        ],
        axis=1,
    )
    if "name" in zones:
        table.insert(0, "name", zones["name"].astype(str))
    return UrbanUnits(
        table=table.rename_axis("zone_id"),
        delineation=found,
        zones=zones,
        people_by_centre=by_centre,
        people_by_cluster=by_cluster,
    )


def group_names(people: pd.DataFrame, zones: gpd.GeoDataFrame) -> pd.Series:
    """Name each centre or cluster by the unit where most of its people live.

    Parameters
    ----------
    people
        As ``people_in_groups`` gives it.

    Returns
    -------
    group_names
        By number.
    """
    largest = people[people["people_count"] > 0].sort_values(
        ["people_count", "unit_id"], ascending=[False, True], kind="stable"
    )
    first = largest.drop_duplicates("number").set_index("number")["unit_id"]
    if "name" not in zones:
        return first.astype(str)
    return first.map(zones["name"].astype(str))


def _outside_share(cells: UrbanCells, zones: gpd.GeoDataFrame, shares: pd.DataFrame) -> pd.Series:
    """Part of the area of each unit off the raster."""
    area_m2 = zones.geometry.to_crs(cells.surfaces.grid.crs).area
    covered = shares["covered_km2"] * M2_PER_KM2 / area_m2.where(area_m2 > 0)
    share: pd.Series = (1 - covered).clip(0, 1).fillna(0).round(6)
    return share


def _zone_notes(zones: gpd.GeoDataFrame, outside: pd.Series) -> list[str]:
    notes = [str(zones.attrs["note"])] if zones.attrs.get("note") else []
    for chosen, said in (
        (outside >= 1, "off the raster, so they have no class"),
        ((outside >= FAR_SHARE) & (outside < 1), "in part off the raster and classed by the rest"),
    ):
        if chosen.any():
            ids = listed(outside.index[chosen])
            notes.append(f"{int(chosen.sum())} unit(s) lie {said}: {ids}")
    return notes


def _chain_notes(area: pd.Series, city: pd.Series) -> list[str]:
    """Say which urban areas join the cities of several urban centres."""
    pairs = pd.DataFrame({"area": area, "city": city})
    pairs = pairs[(pairs["area"] != NO_AREA) & (pairs["city"] != NO_AREA)].drop_duplicates()
    cities = pairs.groupby("area", sort=True)["city"].agg(list)
    return [
        f"urban area '{name}' joins {len(own)} cities whose centres are apart: {listed(own)}; "
        "city_id tells them apart"
        for name, own in cities.items()
        if len(own) > 1
    ]
