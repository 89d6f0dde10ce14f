"""The urban areas of a region's zones, where it has the rasters of the degree of urbanisation."""

from __future__ import annotations

from dataclasses import replace

import pandas as pd

from agglo.errors import LayerError
from agglo.imagery.figures import newest_raster
from agglo.imagery.urban_cells import urban_cells
from agglo.imagery.urban_inputs import urban_surfaces
from agglo.region import Region
from agglo.tables import weakest_status
from agglo.territory.delineation import NO_AREA, Delineation
from agglo.territory.urban_units import urban_units

ROLES = ("population", "built_up", "land")
"""The rasters that are needed, those of GHSL: counts of 1 km or finer on one equal-area grid."""


def urban_delineation(region: Region) -> Delineation | None:
    """Delineate the urban areas of the zones inside a region; no scenario changes them.

    Returns
    -------
    urban_delineation
        See ``urban_areas``; a zone that is a point, not a polygon, is in none ('no_data'). None
        where the region lacks one of the three rasters ``ROLES``.

    Raises
    ------
    LayerError
        If the rasters do not fit together, or are not fit for the degree of urbanisation.
    """
    layers = [newest_raster(region, role, quantity="count") for role in ROLES]
    used = [layer for layer in layers if layer is not None]
    if len(used) < len(ROLES):
        return None
    zones = region.geo("zones")
    inside = zones[zones["kind"] != "outside"]
    shapes = inside[inside.geom_type.isin(("Polygon", "MultiPolygon"))]
    if shapes.empty:
        return None
    try:
        cells = urban_cells(urban_surfaces(*used, sums_cells=True))
    except LayerError as error:
        raise LayerError(
            f"the layers {', '.join(one.name for one in used)} stand for the degree of "
            f"urbanisation, but: {error}"
        ) from error
    status = weakest_status("modelled", *(one.status for one in used))
    found = urban_units(cells, shapes[["geometry"]], status=status).delineation
    return replace(found, areas=_with_points(found.areas, inside.index))


def _with_points(areas: pd.DataFrame, zones: pd.Index) -> pd.DataFrame:
    """Give zones without a polygon a row of their own, in no area."""
    rows: pd.DataFrame = areas.reindex(zones)
    rows.index.name = areas.index.name
    lacking = ~zones.isin(areas.index)
    rows.loc[lacking, "area_id"] = NO_AREA
    rows.loc[lacking, "decided_by"] = "no_data"
    return rows
