"""Zones of an extract: around its places, and on a grid where no place is named."""

from __future__ import annotations

import math
from dataclasses import dataclass

import geopandas as gpd
import numpy as np
import pandas as pd
import shapely
from scipy.spatial import cKDTree

from agglo.layers.extract.people import Homes, work_km
from agglo.layers.osm import Streets
from agglo.layers.osm_features import OsmFeatures

KINDS = {
    "city": "city",
    "town": "town",
    "suburb": "town",
    "quarter": "town",
    "neighbourhood": "town",
    "village": "village",
    "hamlet": "village",
}
"""Places that make a zone, and its kind."""

SIDES_M = (500, 750, 1000, 1500, 2000, 2500, 3000, 4000, 5000, 8000, 12_000, 20_000, 50_000)
LEAST_SHARE = 0.0015
"""A grid cell with fewer of the people belongs to its neighbours."""

MOST_LEFT_SHARE = 0.1
"""A grid is too fine if more of the people than this live in cells with too few of them."""

WORKERS_PER_PERSON = 0.48
"""Assumed employed residents per resident."""

WORKERS_SPREAD, JOBS_SPREAD = 0.1, 0.3
"""Assumed half-width of the ranges of workers and jobs."""

LIVED_ON_SHARE = 0.5
DETOUR = 1.3
MEAN_IN_DISC = 128 / (45 * math.pi)
"""Mean distance of two points of a disc, in radii."""

CENTRES = 7
"""So many zones with most jobs are taken for the centres."""

EDGE_M = 500.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Zones:
    """The zones of an extract and where the people of each live."""

    table: gpd.GeoDataFrame
    """The table ``zones``, in the metric CRS."""

    radius_km: pd.Series
    """Radius of the disc that a zone's people are taken to live on."""

    x_m: pd.Series
    y_m: pd.Series
    """Mean place of a zone's people, in the metric CRS."""


def zones_from_extract(
    streets: Streets, features: OsmFeatures, homes: Homes, *, crs: str, most_zones: int
) -> Zones:
    """Divide an extract into zones with population, workers and jobs, all of them assumed.

    Every home belongs to the nearest seed: a place of the extract, or the middle of the people
    of a grid cell that no place is near to. The grid is the finest with at most ``most_zones``
    in which few people are left over.
    """
    seeds = _seeds(streets, features, homes, crs, most_zones)
    tree = cKDTree(seeds[["x_m", "y_m"]].to_numpy())
    own = tree.query(np.column_stack([homes.x_m, homes.y_m]))[1]
    people = np.bincount(own, homes.people_count, len(seeds))
    busy = work_km(streets, crs=crs)
    busy_km = np.bincount(
        tree.query(busy[["x_m", "y_m"]].to_numpy())[1] if len(busy) else [], busy["km"], len(seeds)
    )
    table = _table(seeds, homes, people, busy_km, crs)
    lived_km2 = np.minimum(table["area_km2"] * LIVED_ON_SHARE, (_side(seeds) / 1000) ** 2)
    radius_km = np.sqrt(lived_km2 / np.pi)
    table["internal_km"] = (MEAN_IN_DISC * radius_km * DETOUR).round(3).clip(lower=0.05)
    by_zone = {"index": table["zone_id"].to_numpy()}
    return Zones(
        table=table,
        radius_km=pd.Series(radius_km.to_numpy(), **by_zone),
        x_m=pd.Series(seeds["x_m"].to_numpy(), **by_zone),
        y_m=pd.Series(seeds["y_m"].to_numpy(), **by_zone),
    )


def _seeds(
    streets: Streets, features: OsmFeatures, homes: Homes, crs: str, most_zones: int
) -> pd.DataFrame:
    """Places and grid cells, with a name: the longest street names a cell."""
    places = features.places[features.places["kind"].isin(KINDS)]
    points = gpd.points_from_xy(places["lon"], places["lat"], crs="EPSG:4326").to_crs(crs)
    named = pd.DataFrame(
        {
            "zone_id": "place_" + places["osm_id"].to_numpy(dtype=object),
            "name": places["name"].to_numpy(dtype=object),
            "name_en": places["name_en"].to_numpy(dtype=object),
            "kind": places["kind"].map(KINDS).to_numpy(dtype=object),
            "x_m": np.asarray(points.x),
            "y_m": np.asarray(points.y),
        }
    )
    for side in SIDES_M:
        cells, left_share = _cells(homes, named, side)
        seeds = pd.concat([_lived(named, homes, side), cells], ignore_index=True)
        if len(seeds) <= most_zones and left_share <= MOST_LEFT_SHARE:
            break
    called = _named_streets(streets, crs)
    key = seeds["zone_id"].str.removeprefix("cell_")
    seeds["name"] = seeds["name"].fillna(key.map(_street_names(called, side)))
    seeds["name"] = seeds["name"].fillna(_nearest_names(called, seeds)).fillna(seeds["zone_id"])
    seeds["name_en"] = seeds["name_en"].replace("", None).fillna(seeds["name"])
    seeds.attrs["side_m"] = side
    return seeds.drop_duplicates(["x_m", "y_m"]).reset_index(drop=True)


def _side(seeds: pd.DataFrame) -> float:
    return float(seeds.attrs.get("side_m", SIDES_M[-1]))


def _lived(named: pd.DataFrame, homes: Homes, side: float) -> pd.DataFrame:
    """Keep the places near which somebody lives."""
    if named.empty:
        return named
    tree = cKDTree(np.column_stack([homes.x_m, homes.y_m]))
    near = tree.query(named[["x_m", "y_m"]].to_numpy())[0] <= side
    lived: pd.DataFrame = named[near]
    return lived


def _cells(homes: Homes, named: pd.DataFrame, side: float) -> tuple[pd.DataFrame, float]:
    """Gather the people whom no place is near to by grid cells, and the share left over."""
    xy = np.column_stack([homes.x_m, homes.y_m])
    far = np.ones(len(xy), dtype=bool)
    if len(named):
        far = cKDTree(named[["x_m", "y_m"]].to_numpy()).query(xy)[0] > side
    frame = pd.DataFrame(
        {
            "cell": _cell_names(homes.x_m[far], homes.y_m[far], side),
            "people": homes.people_count[far],
            "x_m": homes.x_m[far] * homes.people_count[far],
            "y_m": homes.y_m[far] * homes.people_count[far],
        }
    )
    sums = frame.groupby("cell").sum()
    kept = sums[sums["people"] >= LEAST_SHARE * homes.people_count.sum()]
    left = float((sums["people"].sum() - kept["people"].sum()) / homes.people_count.sum())
    cells = pd.DataFrame(
        {
            "zone_id": "cell_" + kept.index.to_numpy(dtype=object),
            "name": None,
            "name_en": "",
            "kind": "town",
            "x_m": (kept["x_m"] / kept["people"]).to_numpy(),
            "y_m": (kept["y_m"] / kept["people"]).to_numpy(),
        }
    )
    return cells, left


def _cell_names(x_m: np.ndarray, y_m: np.ndarray, side: float) -> pd.Series:
    column, row = (np.floor(np.asarray(values) / side).astype(int) for values in (x_m, y_m))
    return pd.Series(column).astype(str) + "_" + pd.Series(row).astype(str)


def _named_streets(streets: Streets, crs: str) -> pd.DataFrame:
    """List the named links: name, km, and the middle of each as x_m, y_m."""
    links = streets.links[streets.links["name"] != ""]
    middles = shapely.line_interpolate_point(
        links.to_crs(crs).geometry.to_numpy(), 0.5, normalized=True
    )
    return pd.DataFrame(
        {
            "name": links["name"].to_numpy(),
            "km": links["length_km"].to_numpy(),
            "x_m": shapely.get_x(middles),
            "y_m": shapely.get_y(middles),
        }
    )


def _street_names(called: pd.DataFrame, side: float) -> pd.Series:
    """Name of the longest named street in each grid cell."""
    cell = _cell_names(called["x_m"].to_numpy(), called["y_m"].to_numpy(), side)
    total: pd.DataFrame = (
        called.assign(cell=cell).groupby(["cell", "name"], as_index=False)[["km"]].sum()
    )
    ordered = total.sort_values(["cell", "km", "name"], ascending=[True, False, True])
    names: pd.Series = ordered.drop_duplicates("cell").set_index("cell")["name"]
    return names


def _nearest_names(called: pd.DataFrame, seeds: pd.DataFrame) -> pd.Series:
    """Name of the named street nearest to each seed."""
    if called.empty:
        return pd.Series(None, index=seeds.index, dtype=object)
    tree = cKDTree(called[["x_m", "y_m"]].to_numpy())
    nearest = tree.query(seeds[["x_m", "y_m"]].to_numpy())[1]
    return pd.Series(called["name"].to_numpy()[nearest], index=seeds.index)


def _table(
    seeds: pd.DataFrame, homes: Homes, people: np.ndarray, busy_km: np.ndarray, crs: str
) -> gpd.GeoDataFrame:
    geometry = _polygons(seeds, homes)
    degrees = gpd.points_from_xy(seeds["x_m"], seeds["y_m"], crs=crs).to_crs("EPSG:4326")
    workers = (people * WORKERS_PER_PERSON).round(1)
    share = people / people.sum()
    if busy_km.sum() > 0:
        share = (share + busy_km / busy_km.sum()) / 2
    jobs = (share * workers.sum()).round(1)
    jobs[jobs.argmax()] += workers.sum() - jobs.sum()
    rows = pd.DataFrame(
        {
            "zone_id": seeds["zone_id"],
            "name_ru": seeds["name"],
            "name_en": seeds["name_en"],
            "kind": seeds["kind"],
            "is_centre": pd.Series(jobs).rank(ascending=False, method="first") <= CENTRES,
            "lon": np.asarray(degrees.x).round(6),
            "lat": np.asarray(degrees.y).round(6),
            "area_km2": (shapely.area(geometry) / 1e6).round(4).clip(0.01),
            "population_count": people.round(1),
            **_ranges("workers", workers, WORKERS_SPREAD),
            **_ranges("jobs", jobs, JOBS_SPREAD),
            "status": "assumed",
        }
    )
    return gpd.GeoDataFrame(rows, geometry=geometry, crs=crs)


def _ranges(what: str, values: np.ndarray, spread: float) -> dict[str, np.ndarray]:
    return {
        f"{what}_count": values,
        f"{what}_low_count": (values * (1 - spread)).round(1),
        f"{what}_high_count": (values * (1 + spread)).round(1),
    }


def _polygons(seeds: pd.DataFrame, homes: Homes) -> np.ndarray:
    """Give every seed what is nearest to it, as far as people live."""
    points = shapely.points(seeds["x_m"], seeds["y_m"])
    every = np.column_stack([np.r_[homes.x_m, seeds["x_m"]], np.r_[homes.y_m, seeds["y_m"]]])
    around = shapely.buffer(shapely.convex_hull(shapely.multipoints(every)), EDGE_M)
    if len(seeds) == 1:
        return np.array([around])
    cells = shapely.get_parts(
        shapely.voronoi_polygons(shapely.multipoints(points), extend_to=around, ordered=True)
    )
    return np.asarray(shapely.intersection(cells, around))
