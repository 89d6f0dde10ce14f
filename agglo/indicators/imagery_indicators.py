"""The registered measures that come from rasters: light, people, land, land that is taken."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from functools import partial

import numpy as np
import numpy.typing as npt
import pandas as pd

from agglo.imagery.land_take import NO_LAND_LEFT, UNKNOWN
from agglo.indicators.case import Case
from agglo.indicators.indicator import EN, Indicator
from agglo.indicators.measures import WHOLE
from agglo.rasters import GREEN_KINDS
from agglo.transport.topology import Floats

MEASURES: Mapping[str, tuple[str, int, str]] = {
    "night_lights_mean": ("level", 0, "mean over the area"),
    "night_lights_per_1000_people": ("level × km2 per 1,000 people", 0, "light over residents"),
    "gridded_population": ("persons", 0, "sum of the raster"),
    "gridded_population_per_km2": ("persons per km2", 0, "persons of the raster over the area"),
    "gridded_to_census_ratio": ("ratio", 0, "persons of the raster over residents"),
    "built_up_share": ("share", 0, "built-up area over the area"),
    "built_up_m2_per_head": ("m2 per person", -1, "built-up area over residents"),
    "built_up_gain_ha_per_year": ("ha per year", -1, "built-up area of two epochs"),
    "land_consumption_ratio": ("ratio", -1, "SDG 11.3.1 (UN-Habitat 2021, unverified)"),
    "land_m2_per_new_resident": ("m2 per person", -1, "built-up gain over gain of residents"),
    "land_built_share": ("share", 0, "classes of land cover"),
    "land_farm_share": ("share", 0, "classes of land cover"),
    "land_forest_share": ("share", 0, "classes of land cover"),
    "land_green_share": ("share", 0, "forest, grass and wetland"),
    "land_green_m2_per_head": ("m2 per person", 1, "green land over residents"),
    "vegetation_mean": ("index", 0, "NDVI (Rouse et al. 1974), mean over the area"),
}
"""By measure of ``case.imagery``: unit, direction, formula."""

TAKEN: Mapping[str, tuple[str, ...]] = {
    "green_land_taken_ha": GREEN_KINDS,
    "farm_land_taken_ha": ("farm",),
    "unknown_land_taken_ha": (UNKNOWN, NO_LAND_LEFT),
}
"""By indicator: kinds of land; of the last nothing is known, or there was none left."""


def imagery_indicators() -> dict[str, Indicator]:
    """Return the indicators by name."""
    found = {
        name: Indicator(
            partial(of_raster, measure=name), unit, better, EN, source, (), needs=("imagery",)
        )
        for name, (unit, better, source) in MEASURES.items()
    }
    for name, kinds in TAKEN.items():
        found[name] = Indicator(
            partial(land_taken, kinds=kinds),
            "ha",
            -1,
            EN,
            "new housing and roads on the land cover under them, expected hectares",
            ("zones", "links"),
            needs=("land_take",),
            basis=taken_land,
        )
    return found


def of_raster(case: Case, *, measure: str) -> pd.Series:
    """Figures of one measure by municipality and for the whole; of the latest epoch."""
    rows = case.imagery
    if rows.empty:
        return pd.Series(dtype=float)
    rows = rows[(rows["measure"] == measure) & rows["is_shown"]]
    return rows.set_index("place_id")["value"]


@dataclass(frozen=True, slots=True, kw_only=True)
class TakenLand:
    """Land that new housing and roads take as arrays, a piece a row."""

    kind: npt.NDArray[np.object_]
    ha: Floats
    places: pd.Index
    """Ids of the zones where land is taken, and ``WHOLE`` behind them."""

    place: npt.NDArray[np.intp]
    """Number of each piece's zone among these, of ``WHOLE`` for land of no zone."""


def taken_land(case: Case) -> TakenLand | None:
    """Take the land of a case as arrays; ``None`` if none is known."""
    taken = case.land_take
    if taken is None:
        return None
    ids = taken["zone_id"].to_numpy(dtype=object)
    zones = np.unique(ids[ids != ""])
    return TakenLand(
        kind=taken["kind"].to_numpy(dtype=object),
        ha=taken["ha"].to_numpy(dtype=float),
        places=pd.Index([*zones, WHOLE]),
        place=np.where(ids == "", len(zones), np.searchsorted(zones, ids)),
    )


def land_taken(case: Case | TakenLand | None, *, kinds: tuple[str, ...]) -> pd.Series:
    """Hectares of some kinds of land that new housing and roads take, by zone and in all.

    Of a case, or of what ``taken_land`` made of it once for all kinds.
    """
    taken = taken_land(case) if isinstance(case, Case) else case
    if taken is None:
        return pd.Series(dtype=float)
    own = np.isin(taken.kind, kinds)
    place, ha = taken.place[own], taken.ha[own]
    sums = np.bincount(place, weights=ha, minlength=len(taken.places))
    has = np.bincount(place, minlength=len(taken.places)) > 0
    sums[-1], has[-1] = ha.sum(), True
    return pd.Series(sums[has], index=taken.places[has])
