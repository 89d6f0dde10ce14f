"""Land that a scenario takes when land for a home or a road is another."""

from __future__ import annotations

import numpy as np
import pandas as pd

from agglo.imagery.scenario_land import CAUSES, FACES

NEW_LINK, WIDENED_LINK, NEW_HOUSING = CAUSES[:3]


def varied_land_take(
    land_take: pd.DataFrame,
    links: pd.DataFrame,
    *,
    width_ratio: float,
    housing_ratio: float,
    lane_width_m: float,
    road_reserve_m: float,
    central_width_m: tuple[float, float],
) -> pd.DataFrame:
    """Scale land that was found for the central values; the kinds of land stay in proportion.

    Exact for homes until a zone has no land left; a strip along a road is taken to grow on the
    land that it is on already.

    Parameters
    ----------
    land_take
        As ``scenario_land_take`` gives it.
    links
        Links of the scenario, index link id.
    width_ratio, housing_ratio
        Width of a lane, and land for a home, over the central one.
    central_width_m
        Width of a lane and of the reserve in the central run.

    Returns
    -------
    varied_land_take
        The same rows with other ``ha``.
    """
    lane_m, reserve_m = central_width_m
    own = links.reindex(land_take["link_id"])
    ways = own["car"].fillna("both") if "car" in own else pd.Series("both", index=own.index)
    lanes = own["lanes_count"].to_numpy(dtype=float) * np.where(ways.isin(["both", ""]), FACES, 1)
    reserve = (ways != "no").to_numpy()
    with np.errstate(invalid="ignore", divide="ignore"):
        new = (lanes * lane_width_m + reserve * road_reserve_m) / (
            lanes * lane_m + reserve * reserve_m
        )
    cause = land_take["cause"].to_numpy()
    factor = np.select(
        [cause == NEW_HOUSING, cause == WIDENED_LINK, cause == NEW_LINK],
        [housing_ratio, width_ratio, new],
        default=1.0,
    )
    return land_take.assign(ha=land_take["ha"].to_numpy(dtype=float) * factor)
