"""Changes of what land is used for, on areas that a planner drew."""

from __future__ import annotations

import geopandas as gpd
import pandas as pd
from shapely.geometry import MultiPolygon, Polygon

from agglo.errors import ScenarioError
from agglo.hints import names_hint
from agglo.imagery.land_uses import GREEN, SLIVER_M2, zone_shares
from agglo.region import Region
from agglo.scenarios.areas import Area
from agglo.scenarios.people_changes import with_people
from agglo.scenarios.selections import check_amount
from agglo.tables import LAND_USES
from agglo.units import M2_PER_HA, M2_PER_KM2


def set_land_use(
    region: Region,
    *,
    polygon: Area,
    use: str,
    population_count: float = 0.0,
    jobs_count: float = 0.0,
) -> Region:
    """Use the land of a polygon for housing, industry, services or green, all of it.

    The people and jobs that come are shared among the zones that it lies in, by area; what lies
    outside all zones gets none. A zone that is only a point has the land of its municipality
    that is no other zone's. Green takes no land and houses nobody.
    """
    if use not in LAND_USES:
        raise ScenarioError(f"unknown use of land '{use}'; {names_hint(use, LAND_USES)}")
    check_amount("population_count", population_count)
    check_amount("jobs_count", jobs_count)
    if use == GREEN and population_count > 0:
        raise ScenarioError(
            f"use is '{GREEN}', where nobody lives; got population_count {population_count:g}: "
            "use 'housing', or leave it out"
        )
    shape = _projected(region, polygon)
    shares = _shares(region, polygon, shape)
    land_uses = _with_use(region, polygon, shape, use, population_count, jobs_count)
    changed = region.with_tables(land_uses=land_uses)
    if population_count == 0 and jobs_count == 0:
        return changed
    return with_people(
        changed,
        population={str(zone): share * population_count for zone, share in shares.items()},
        jobs={str(zone): share * jobs_count for zone, share in shares.items()},
    )


def _projected(region: Region, area: Area) -> Polygon | MultiPolygon:
    """Return the polygon in the CRS of the region."""
    shape = area.polygon
    if shape.geom_type not in ("Polygon", "MultiPolygon") or shape.is_empty or not shape.is_valid:
        raise ScenarioError(
            f"'{area.name}' is no valid polygon ({shape.geom_type}); draw it anew, so that its "
            "edge does not cross itself"
        )
    projected = gpd.GeoSeries([shape], crs="EPSG:4326").to_crs(region.crs).iloc[0]
    if not projected.is_valid:
        raise ScenarioError(
            f"'{area.name}' does not fit into the CRS of the region ({region.crs}); "
            "are lon and lat swapped?"
        )
    return projected


def _shares(region: Region, area: Area, shape: Polygon | MultiPolygon) -> pd.Series:
    zones = region.geo("zones")
    inside = zones[zones["kind"] != "outside"]
    shares = zone_shares(shape, inside, region.geo("municipalities"))
    if shares.empty:
        west, south, east, north = area.polygon.bounds
        raise ScenarioError(
            f"'{area.name}' (lon {west:.3f} to {east:.3f}, lat {south:.3f} to {north:.3f}) lies in "
            "no zone of the region; draw it inside one, lon before lat"
        )
    return shares


def _with_use(
    region: Region,
    area: Area,
    shape: Polygon | MultiPolygon,
    use: str,
    population_count: float,
    jobs_count: float,
) -> gpd.GeoDataFrame:
    """Return the table with the new use at its end."""
    before = region["land_uses"]
    if area.name in before.index:
        raise ScenarioError(f"land use '{area.name}' is there already; name the new area otherwise")
    if len(before):
        shared_m2 = region.geo("land_uses").intersection(shape).area
        if shared_m2.max() > SLIVER_M2:
            raise ScenarioError(
                f"'{area.name}' and '{shared_m2.idxmax()}' share "
                f"{shared_m2.max() / M2_PER_HA:,.2f} ha; a piece of land has one use: draw them "
                "side by side"
            )
    row = {
        "land_use_id": area.name,
        "name_ru": area.name,
        "name_en": area.name,
        "use": use,
        "area_km2": shape.area / M2_PER_KM2,
        "population_count": float(population_count),
        "jobs_count": float(jobs_count),
        "status": "assumed",
    }
    added = gpd.GeoDataFrame([row], geometry=[shape], index=[area.name], crs=region.crs)
    return pd.concat([region.geo("land_uses"), added]) if len(before) else added
