"""Urban centres and clusters as polygons."""

from __future__ import annotations

import geopandas as gpd
import numpy as np
import pandas as pd
import shapely
import shapely.geometry

from agglo.imagery.urban_cells import UrbanCells
from agglo.imagery.urban_centres import Ints

COLUMNS = (
    "number", "name", "population_count", "area_km2", "land_km2", "density_per_km2",
    "is_at_edge",
)  # fmt: skip


def urban_polygons(
    cells: UrbanCells, numbers: Ints, *, names: pd.Series | None = None
) -> gpd.GeoDataFrame:
    """Draw the border of each urban centre, or of each urban cluster, along its cells.

    Parameters
    ----------
    numbers
        Rows × columns, ``cells.centre_number`` or ``cells.cluster_number``.
    names
        By number.

    Returns
    -------
    urban_polygons
        In the CRS of the raster, the most populous first: ``number``, ``name`` ('' without
        one), ``population_count``, ``area_km2``, ``land_km2``, ``density_per_km2`` (people per
        km² of land) and ``is_at_edge``, whether it touches the edge of the raster, beyond which
        it may go on.
    """
    from affine import Affine
    from rasterio.features import shapes

    surfaces = cells.surfaces
    crs = surfaces.grid.crs
    drawn = numbers.astype(np.int32)
    found = list(
        shapes(drawn, mask=drawn > 0, connectivity=4, transform=Affine(*surfaces.grid.transform))
    )
    if not found:
        return gpd.GeoDataFrame({name: [] for name in COLUMNS}, geometry=[], crs=crs)
    parts = gpd.GeoSeries([shapely.geometry.shape(one) for one, _ in found])
    own = pd.Series([int(number) for _, number in found])
    # parts of one group meet at corners only, so they make a valid multipolygon as they are
    joined = parts.groupby(own).agg(lambda one: shapely.multipolygons(list(one)))
    geometry = [one.geoms[0] if len(one.geoms) == 1 else one for one in joined]
    table = _figures(cells, numbers).loc[joined.index]
    called = pd.Series("", index=joined.index, dtype=object)
    if names is not None:
        called = names.reindex(joined.index).fillna("").astype(object)
    table.insert(0, "name", called)
    table.insert(0, "number", joined.index)
    return gpd.GeoDataFrame(table.reset_index(drop=True), geometry=geometry, crs=crs)


def _figures(cells: UrbanCells, numbers: Ints) -> pd.DataFrame:
    surfaces, flat = cells.surfaces, numbers.ravel()
    size = int(flat.max(initial=0)) + 1
    people = np.bincount(flat, surfaces.people_count.ravel(), minlength=size)
    land = np.bincount(flat, surfaces.land_share.ravel(), minlength=size) * surfaces.cell_km2
    at_edge = np.zeros(size, dtype=bool)
    for edge in (numbers[0], numbers[-1], numbers[:, 0], numbers[:, -1]):
        at_edge[edge] = True
    with np.errstate(divide="ignore", invalid="ignore"):
        density = np.where(land > 0, people / land, np.nan)
    return pd.DataFrame(
        {
            "population_count": people,
            "area_km2": np.bincount(flat, minlength=size) * surfaces.cell_km2,
            "land_km2": land,
            "density_per_km2": density,
            "is_at_edge": at_edge,
        }
    )
