"""Built-up gain within some distance of places: stations, a plant, a park."""

from __future__ import annotations

from collections.abc import Sequence

import geopandas as gpd
import numpy as np
import pandas as pd

from agglo.errors import LayerError
from agglo.imagery.built_up import areas_ha
from agglo.imagery.change import built_up_gain
from agglo.imagery.coverage import coverage_from_zones
from agglo.imagery.zonal import zonal_sums
from agglo.rasters import Floats, Grid

WITHIN_M = (500.0, 1000.0)
"""A walk of 6 and of 12 minutes, as the crow flies."""

QUARTER_SEGMENTS = 64
"""Corners of a quarter of a circle: its area is right to 1 in 10,000."""


def near_zones(
    places: gpd.GeoDataFrame, *, within_m: Sequence[float] = WITHIN_M
) -> gpd.GeoDataFrame:
    """Return the land within each distance of any of the places, as one shape for each distance.

    Land near two places counts once. Distances are measured in the UTM zone of the places.

    Parameters
    ----------
    places
        Points, lines or polygons, in any CRS; from a polygon the distance counts from its edge,
        and what lies in it is near.
    within_m
        Distances, metres; above 0, or 0 for polygons alone.

    Returns
    -------
    near_zones
        Index ``within_m``, rising; in UTM.

    Raises
    ------
    LayerError
        If there is no place, a place has no geometry or CRS, or a distance is below 0.
    """
    bounds = sorted({float(one) for one in within_m})
    if not bounds or not (bounds[0] >= 0 and np.isfinite(bounds).all()):
        raise LayerError(f"distances must be 0 m or more; got {list(within_m)}")
    flat = in_metres(places, what="places").geometry
    shapes = [flat.buffer(one, quad_segs=QUARTER_SEGMENTS).union_all() for one in bounds]
    if any(shape.is_empty for shape in shapes):
        raise LayerError("points and lines have no land within 0 m; give a distance above 0")
    return gpd.GeoDataFrame(geometry=shapes, index=pd.Index(bounds, name="within_m"), crs=flat.crs)


def gain_near(
    before_ha: Floats,
    after_ha: Floats,
    grid: Grid,
    places: gpd.GeoDataFrame,
    *,
    within_m: Sequence[float] = WITHIN_M,
    years: float,
) -> pd.DataFrame:
    """Built-up gain within each distance of the places, beside that of the whole raster.

    Parameters
    ----------
    before_ha, after_ha
        Built-up hectares of the cells, see ``built_ha``.
    places, within_m
        See ``near_zones``.
    years
        Between the epochs.

    Returns
    -------
    gain_near
        Index ``within_m``, the last row ``inf``: the whole raster. ``area_ha`` (known in both
        epochs), the columns of ``built_up_gain``, ``area_share`` and ``gain_share``: the part
        of the whole raster's area and of its gain; a gain share above the area share means that
        the places draw building. ``nan`` where nothing was gained in all.

    Raises
    ------
    LayerError
        As ``near_zones`` and ``built_up_gain``, or if no place is near the raster.
    """
    near = near_zones(places, within_m=within_m)
    coverage = coverage_from_zones(grid, near)
    frame = built_up_gain(before_ha, after_ha, coverage, years=years)
    if not (frame["compared_share"] > 0).any():
        raise LayerError(
            f"no known cell of the raster lies within {max(within_m):g} m of the places; check "
            "that both are of one area, and the CRS of the places"
        )
    known = ~(np.isnan(before_ha) | np.isnan(after_ha))
    area = np.where(known, areas_ha(grid), 0.0)
    frame.insert(0, "area_ha", zonal_sums(coverage, "count", area))
    whole = pd.DataFrame(
        [_whole(before_ha[known], after_ha[known], float(area.sum()), years, known.mean())],
        index=pd.Index([np.inf]),
    )
    found = pd.concat([frame, whole]).rename_axis("within_m")
    found["area_share"] = found["area_ha"] / whole["area_ha"].iloc[0]
    gain = whole["gain_ha"].iloc[0]
    found["gain_share"] = found["gain_ha"] / (gain if gain != 0 else np.nan)
    return found


def in_metres(frame: gpd.GeoDataFrame, *, what: str) -> gpd.GeoDataFrame:
    """Move shapes into the UTM zone of their middle, where a metre is a metre to 1 in 1,000.

    Raises
    ------
    LayerError
        If there are none, one has no geometry, or the CRS is missing.
    """
    if frame.crs is None:
        raise LayerError(f"the {what} have no CRS; set it (frame.set_crs)")
    empty = frame.geometry.isna() | frame.geometry.is_empty
    if empty.any() or frame.empty:
        which = f": {frame.index[empty][0]!r}" if empty.any() else ""
        raise LayerError(f"the {what} need a geometry each, one at least{which}")
    return frame.to_crs(frame.estimate_utm_crs())


def _whole(
    before: Floats, after: Floats, area_ha: float, years: float, known_share: float
) -> dict[str, float]:
    first, second = float(before.sum()), float(after.sum())
    yearly = (second - first) / years
    return {
        "area_ha": area_ha,
        "built_before_ha": first,
        "built_after_ha": second,
        "gain_ha": second - first,
        "gain_ha_per_year": yearly,
        "gain_percent_per_year": 100 * yearly / first if first > 0 else float("nan"),
        "compared_share": float(known_share),
    }
