"""The fine places of a region: squares over its zones, with people and jobs by its rasters."""

from __future__ import annotations

import geopandas as gpd
import numpy as np

from agglo.errors import LayerError
from agglo.imagery.figures import newest_raster
from agglo.imagery.fine_zones import CELL_M, fine_zones, square_cells
from agglo.imagery.part_shares import part_shares
from agglo.indicators.fine_reach import FinePlaces, fine_places
from agglo.layers.raster_files import bounds_in, read_band
from agglo.rasters import RasterLayer
from agglo.region import Region
from agglo.units import M2_PER_KM2

ROLES = {"built_up": "", "population": "count"}
"""Rasters that say where people are, the better first; none of them, and area decides. Densities
of people are left out: those at hand (GPW) are one number for a whole district."""

MOST_PLACES = 10_000
"""From so many squares on they are made twice as wide, until there are fewer."""


def places_from_region(region: Region, *, cell_m: float = CELL_M) -> FinePlaces | None:
    """Lay squares over the zones of a region and share people and jobs among them.

    By the newest raster of built-up land, else of people, else by area; jobs go where people go.
    Zones of one point keep it, and so do those outside.

    Returns
    -------
    places_from_region
        ``None`` where no zone inside has a polygon: nothing is finer than the zones then.

    Raises
    ------
    LayerError
        If the raster does not reach the zones, or holds weights below 0.
    """
    zones = zone_shapes(region)
    km2 = zones.area.sum() / M2_PER_KM2
    if km2 == 0:
        return None
    while km2 * M2_PER_KM2 / cell_m**2 > MOST_PLACES:
        cell_m *= 2
    fine = fine_zones(zones, square_cells(zones, cell_m=cell_m))
    layer = weights_of_region(region)
    if layer is None:
        return fine_places(fine, part_shares(fine))
    try:
        polygons = zones[zones.area > 0]
        band = read_band(layer, bounds=bounds_in(layer.grid, polygons), may_be_empty=True)
        people = part_shares(fine, band, quantity=layer.quantity)
    except LayerError as error:
        raise LayerError(f"raster '{layer.name}': {error}") from error
    return fine_places(fine, people, weights=layer.name)


def weights_of_region(region: Region) -> RasterLayer | None:
    """Choose the raster by which people are shared; ``None`` if there is none."""
    found = [newest_raster(region, role, quantity=what) for role, what in ROLES.items()]
    return next((one for one in found if one is not None and one.quantity != "class"), None)


def zone_shapes(region: Region) -> gpd.GeoDataFrame:
    """Take the zones as fine zones are made of them: those outside are points."""
    zones = region.geo("zones")
    points = gpd.points_from_xy(zones["lon"], zones["lat"], crs="EPSG:4326").to_crs(region.crs)
    is_outside = (zones["kind"] == "outside").to_numpy()
    shapes = np.where(is_outside, np.asarray(points), zones.geometry.to_numpy())
    return gpd.GeoDataFrame(geometry=shapes, index=zones.index, crs=region.crs)
