"""Where people live and work in an extract: points with weights, all of them assumed."""

from __future__ import annotations

from dataclasses import dataclass

import geopandas as gpd
import numpy as np
import numpy.typing as npt
import pandas as pd
import shapely

from agglo.errors import LayerError
from agglo.layers.osm import Streets
from agglo.layers.osm_features import OsmFeatures

Floats = npt.NDArray[np.float64]
HOME_CLASSES = ("residential", "living_street", "unclassified")
WORK_CLASSES = ("primary", "secondary", "tertiary", "pedestrian")
HOMES = (
    "yes", "house", "residential", "apartments", "detached", "terrace", "semidetached_house",
    "bungalow", "dormitory", "farm",
)  # fmt: skip
PEOPLE_PER_KM = 250.0
"""Assumed residents along a kilometre of residential street."""

M2_PER_PERSON = 40.0
"""Assumed floor space of a resident, stairs and walls included."""

BUILDINGS_PER_STREET = 0.5
"""Buildings per residential link from which on an extract is taken to hold its buildings."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Homes:
    """Points at which people are taken to live, in the metric CRS."""

    x_m: Floats
    y_m: Floats
    people_count: Floats
    rule: str
    """How the people were counted, for the metadata of the layers."""


def homes_from_extract(
    streets: Streets, features: OsmFeatures, *, crs: str, population_count: float | None
) -> Homes:
    """Place residents by the floor space of buildings, or along streets where none are drawn.

    Parameters
    ----------
    population_count
        Known total; without it the assumed floor space or density stands.

    Raises
    ------
    LayerError
        If there is neither a dwelling nor a residential street.
    """
    links = streets.links[streets.links["class"].isin(HOME_CLASSES)]
    dwellings = features.buildings[features.buildings["kind"].isin(HOMES)]
    if len(dwellings) > BUILDINGS_PER_STREET * len(links) and len(dwellings):
        points = gpd.points_from_xy(dwellings["lon"], dwellings["lat"], crs="EPSG:4326").to_crs(crs)
        people = dwellings["floor_area_m2"].to_numpy(dtype=float) / M2_PER_PERSON
        rule = f"floor space of {len(dwellings)} dwellings, {M2_PER_PERSON:g} m² a person"
    elif len(links):
        middles = shapely.line_interpolate_point(
            links.to_crs(crs).geometry.to_numpy(), 0.5, normalized=True
        )
        points = gpd.GeoSeries(middles, crs=crs)
        people = links["length_km"].to_numpy(dtype=float) * PEOPLE_PER_KM
        rule = f"{links['length_km'].sum():,.0f} km of residential streets, {PEOPLE_PER_KM:g} a km"
    else:
        raise LayerError(
            "the extract holds neither dwellings nor residential streets, so nobody can be placed; "
            "get an extract of an inhabited area"
        )
    if population_count is not None:
        people = people * (population_count / people.sum())
        rule = f"{population_count:,.0f} people as given, spread by {rule}"
    return Homes(x_m=np.asarray(points.x), y_m=np.asarray(points.y), people_count=people, rule=rule)


def work_km(streets: Streets, *, crs: str) -> pd.DataFrame:
    """Kilometres of busy streets: where jobs are taken to be; columns x_m, y_m, km."""
    links = streets.links[streets.links["class"].isin(WORK_CLASSES)]
    middles = shapely.line_interpolate_point(
        links.to_crs(crs).geometry.to_numpy(), 0.5, normalized=True
    )
    return pd.DataFrame(
        {
            "x_m": shapely.get_x(middles),
            "y_m": shapely.get_y(middles),
            "km": links["length_km"].to_numpy(dtype=float),
        }
    )
