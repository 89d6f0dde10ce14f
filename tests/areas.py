"""Delineations small enough to draw by hand: square zones of 10 km, numbered row by row."""

from __future__ import annotations

from collections.abc import Sequence

import geopandas as gpd
import numpy as np
import pandas as pd
from shapely.geometry import box

from agglo.territory.delineation import Delineation

CRS = "EPSG:32637"
WEST_M, SOUTH_M, SIDE_M = 400_000.0, 6_100_000.0, 10_000.0
THRESHOLD = 0.15


def square_zones(rows: int, columns: int, *, names: Sequence[str] = ()) -> gpd.GeoDataFrame:
    """Lay out zones ``r0c0`` … in rows from the south, each 10 km square."""
    ids = [f"r{row}c{column}" for row in range(rows) for column in range(columns)]
    cells = [
        box(WEST_M + SIDE_M * column, SOUTH_M + SIDE_M * row,
            WEST_M + SIDE_M * (column + 1), SOUTH_M + SIDE_M * (row + 1))
        for row in range(rows)
        for column in range(columns)
    ]  # fmt: skip
    frame = gpd.GeoDataFrame(geometry=cells, crs=CRS, index=pd.Index(ids, name="zone_id"))
    if names:
        frame["name"] = list(names)
    return frame


def delineation_of(
    areas: Sequence[str], shares: Sequence[float], *, ids: pd.Index, status: str = "observed"
) -> Delineation:
    """Divide zones: a share against 15 %, a missing share marks a core."""
    values = np.asarray(shares, dtype=float)
    is_core = np.isnan(values)
    frame = pd.DataFrame(
        {
            "area_id": pd.Series(list(areas), index=ids, dtype=object),
            "decided_by": np.where(is_core, "core", "share_to_core"),
            "value": values,
            "threshold": np.where(is_core, np.nan, THRESHOLD),
            "margin": values - THRESHOLD,
        },
        index=ids,
    )
    return Delineation(
        method="fua",
        areas=frame,
        parameters={"share": THRESHOLD, "keep_contiguous": True},
        status=status,
        notes=("One zone was dropped.",),
    )


def summary_of(delineation: Delineation) -> pd.DataFrame:
    """Describe the areas with numbers that tell them apart."""
    counts = delineation.areas["area_id"].loc[lambda area: area != ""].value_counts().sort_index()
    return pd.DataFrame(
        {
            "zones_count": counts,
            "residents_count": 1000.0 * counts,
            "jobs_count": 900.0 * counts,
            "internal_count": 600.0 * counts,
            "supply_share": 0.6,
            "demand_share": 0.6 / 0.9,
            "is_valid": [number % 2 == 0 for number in range(len(counts))],
        }
    ).rename_axis("area_id")
