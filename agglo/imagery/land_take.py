"""Land taken by new links and new housing: hectares by kind of land."""

from __future__ import annotations

from collections.abc import Mapping

import geopandas as gpd
import numpy as np
import pandas as pd
from shapely.geometry import box

from agglo.errors import LayerError, TableError
from agglo.imagery.coverage import coverage_from_zones
from agglo.imagery.near_places import in_metres
from agglo.imagery.zonal import class_shares, known_share
from agglo.rasters import LAND_KINDS, Band, LandClass
from agglo.units import M2_PER_HA

UNKNOWN = "unknown"
"""Land off the raster, or without data."""

NO_LAND_LEFT = "no_land_left"
"""Need that a zone has no free land for."""

TAKEN = (*LAND_KINDS, UNKNOWN)
NOT_FOR_HOUSING = ("built", "water")
NOISE = 1e-9
"""Shares below are what is left of rounding."""


def kind_shares(
    areas: gpd.GeoDataFrame, land_cover: Band, *, classes: Mapping[int, LandClass]
) -> pd.DataFrame:
    """Return the part of each area that is land of each kind; rows add up to 1.

    Of a raster whose cells are larger than the areas, this is the expected part.

    Parameters
    ----------
    areas
        Polygons in any CRS, index their ids.
    land_cover
        Codes of classes, ``nan`` where nothing is known.

    Returns
    -------
    kind_shares
        Index of ``areas``; columns ``LAND_KINDS`` and ``'unknown'``: off the raster or no data.

    Raises
    ------
    LayerError
        If a code has no class, or one that is no kind of land.
    """
    grid = land_cover.grid
    if not areas.to_crs(grid.crs).intersects(box(*grid.bounds)).any():
        nothing = pd.DataFrame(0.0, index=areas.index, columns=pd.Index(TAKEN, name="kind"))
        return nothing.assign(**{UNKNOWN: 1.0})
    coverage = coverage_from_zones(grid, areas)
    known = class_shares(coverage, land_cover, classes=classes)
    lacking = [str(one) for one in known.columns if one not in LAND_KINDS]
    if lacking:
        raise LayerError(
            f"code(s) {', '.join(lacking[:5])} are of no kind of land; name the classes of the "
            "raster of land cover"
        )
    kinds = known.reindex(columns=list(LAND_KINDS)).fillna(0.0)
    kinds = kinds.mul(known_share(coverage, land_cover), axis=0)
    left = 1 - kinds.sum(axis=1)
    kinds[UNKNOWN] = left.where(left > NOISE, 0.0)
    return kinds.rename_axis(columns="kind")


def link_land_take(
    links: gpd.GeoDataFrame,
    land_cover: Band,
    *,
    classes: Mapping[int, LandClass],
    width_m: pd.Series,
    present_width_m: pd.Series | None = None,
    length_m: pd.Series | None = None,
) -> pd.DataFrame:
    """Hectares of each kind of land that links take (modelled from an assumed width).

    A link is a strip along its line, cut off square at the ends. Where the cells are larger
    than the strip, the hectares are what is to be expected, not what lies under the road.

    Parameters
    ----------
    links
        Lines in any CRS, index link id; the new and the widened ones alone.
    width_m
        Whole width of the strip by link, above 0.
    present_width_m
        Width that a widened link has already, by link: land is taken on both sides of it. 0 or
        absent for a new link.
    length_m
        True length by link, where the line is drawn straighter than the road is; the hectares
        grow with it. ``nan`` or absent: as drawn.

    Returns
    -------
    link_land_take
        Index link id; columns ``LAND_KINDS`` and ``'unknown'``, hectares; a row adds up to
        length × width taken.

    Raises
    ------
    LayerError
        If a link has no line, or a code no class.
    TableError
        If a width is missing or below what the link has already.
    """
    if links.empty:
        return pd.DataFrame(columns=pd.Index(TAKEN, name="kind"), index=links.index, dtype=float)
    strips = link_strips(links, width_m=width_m, present_width_m=present_width_m)
    taken = strips.area * stretch(links, length_m).to_numpy() / M2_PER_HA
    return kind_shares(strips, land_cover, classes=classes).mul(taken, axis=0)


def link_strips(
    links: gpd.GeoDataFrame, *, width_m: pd.Series, present_width_m: pd.Series | None = None
) -> gpd.GeoDataFrame:
    """Return the strip of land that each link takes beyond what it has, in UTM metres."""
    flat = in_metres(links, what="links").geometry
    outer = _widths(width_m, links.index, "width_m")
    inner = (
        pd.Series(0.0, index=links.index)
        if present_width_m is None
        else _widths(present_width_m, links.index, "present_width_m")
    )
    wrong = ~(outer > inner)
    if wrong.any():
        first = links.index[wrong][0]
        raise TableError(
            f"link {first!r} is {inner[first]:g} m wide and is to be {outer[first]:g} m; wanted "
            "more"
        )
    strips = flat.buffer(outer / 2, cap_style="flat")
    has = inner > 0
    if has.any():
        # longer than the strip, so that no sliver of it is left across the ends
        kept = flat[has].buffer(inner[has] / 2, cap_style="square")
        strips[has] = strips[has].difference(kept)
    return gpd.GeoDataFrame(geometry=strips, crs=flat.crs)


def stretch(links: gpd.GeoDataFrame, length_m: pd.Series | None) -> pd.Series:
    """Return how much longer each link is than its line is drawn."""
    if length_m is None:
        return pd.Series(1.0, index=links.index)
    drawn: pd.Series = in_metres(links, what="links").length
    return (length_m.reindex(links.index) / drawn).fillna(1.0)


def housing_land_take(
    new_residents: pd.Series,
    zones: gpd.GeoDataFrame,
    land_cover: Band,
    *,
    classes: Mapping[int, LandClass],
    land_m2_per_resident: float,
) -> pd.DataFrame:
    """Hectares of each kind of land that new residents take (assumed, not a plan).

    They are housed on the land of their zone that is neither built nor water, each kind in
    proportion to what there is; nobody moves into present buildings.

    Parameters
    ----------
    new_residents
        More people by zone; fewer people take no land and give none back.
    zones
        Index zone id; a zone without polygon is absent from the answer, it is not 0.
    land_m2_per_resident
        Land for one new resident, streets and yards included, above 0.

    Returns
    -------
    housing_land_take
        Index zone id; columns ``LAND_KINDS``, ``'unknown'`` and ``'no_land_left'``: what did
        not fit into the free land of the zone. Hectares; a row adds up to residents × land.

    Raises
    ------
    TableError
        If a number of residents is missing or infinite, or the land is not above 0.
    """
    if not 0 < land_m2_per_resident < np.inf:
        raise TableError(f"land_m2_per_resident must be above 0; got {land_m2_per_resident:g}")
    odd = ~np.isfinite(new_residents.to_numpy(dtype=float))
    if odd.any():
        raise TableError(f"new_residents of {new_residents.index[odd][0]!r} is not a number")
    housed = with_polygon(zones)
    housed = housed[housed.index.isin(new_residents.index)]
    columns = pd.Index((*TAKEN, NO_LAND_LEFT), name="kind")
    if housed.empty:
        return pd.DataFrame(columns=columns, index=housed.index, dtype=float)
    people = new_residents.reindex(housed.index).to_numpy(dtype=float).clip(min=0)
    needed = people * land_m2_per_resident / M2_PER_HA
    shares = kind_shares(housed, land_cover, classes=classes)
    shares[list(NOT_FOR_HOUSING)] = 0.0
    free = shares.sum(axis=1).to_numpy()
    held = free * in_metres(housed, what="zones").area.to_numpy() / M2_PER_HA
    fits = np.minimum(needed, held)
    per_free = np.divide(fits, free, out=np.zeros(len(free)), where=free > 0)
    taken = shares.mul(per_free, axis=0)
    taken[NO_LAND_LEFT] = needed - np.where(free > 0, fits, 0.0)
    return taken[columns]


def with_polygon(zones: gpd.GeoDataFrame) -> gpd.GeoDataFrame:
    """Return the zones that are areas: points and missing shapes say nothing of land."""
    kinds = zones.geometry.geom_type
    return zones[kinds.isin(["Polygon", "MultiPolygon"]) & ~zones.geometry.is_empty]


def _widths(widths: pd.Series, ids: pd.Index, what: str) -> pd.Series:
    found = widths.reindex(ids).astype(float)
    odd = ~(np.isfinite(found) & (found >= 0))
    if odd.any():
        raise TableError(f"{what} of link {ids[odd][0]!r} is missing or below 0; wanted metres")
    return found
