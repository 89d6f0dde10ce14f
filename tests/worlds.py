"""Small regions whose answers are known by hand: built from kilometres on a plane.

By every car trip people lose 1 minute at each end (half a minute of way, half of parking), on
foot to a stop 5 minutes; within a zone a car takes 3 minutes and public transport 10. So the
minutes by car between two places are those of the road plus 2, and by a line they are
5 + wait + 2 for boarding + run + 5.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from itertools import pairwise
from pathlib import Path

import geopandas as gpd
import numpy as np
import pandas as pd
from shapely.geometry import LineString, box

from agglo.parameters import Assumption, Parameters
from agglo.region import Provenance, Region, region_from_tables
from agglo.scenarios.files import Scenario, Step
from agglo.scoring.goals import Anchor, Goal
from agglo.scoring.uncertainty import Uncertainty
from agglo.tables import ABSENT, TABLES
from agglo.workspace import Workspace

CRS = "EPSG:32637"
ORIGIN_M = (400_000.0, 6_100_000.0)
ENDS_MIN = 2.0
"""Minutes of a car trip that are not on the road, both ends together."""

INNER_CAR_MIN = 3.0
INNER_TRANSIT_MIN = 10.0
Tables = dict[str, pd.DataFrame]


@dataclass(frozen=True, slots=True, kw_only=True)
class Place:
    """A zone with a road node of the same name."""

    x_km: float
    y_km: float = 0.0
    workers: float = 100.0
    jobs: float = 100.0
    is_outside: bool = False
    municipality: str = "m"


@dataclass(frozen=True, slots=True, kw_only=True)
class Line:
    """A bus line over places; each gets a stop of the name ``stop_PLACE``."""

    places: tuple[str, ...]
    run_min: tuple[float, ...]
    headway_min: float = 20.0


Road = tuple[str, str, float, float]
"""From, to, km, km/h."""


def parameters(**changed: float) -> Parameters:
    """Round numbers for every assumption."""
    values = {
        "decay_per_min": 0.1,
        "outside_decay_share": 1.0,
        "mode_scale_per_min": 0.1,
        "car_preference_share": 0.5,
        "park_ride_share": 0.0,
        "car_fixed_min": 1.0,
        "wait_share": 0.5,
        "wait_cap_min": 20.0,
        "boarding_min": 2.0,
        "transfer_km": 0.5,
        "walk_speed_kmh": 6.0,
        "bicycle_speed_kmh": 15.0,
        "peak_hour_share": 0.5,
        "persons_per_car": 1.0,
        "internal_car_kmh": 30.0,
        "internal_transit_kmh": 6.0,
        "ideal_speed_kmh": 60.0,
        "telework_share": 0.0,
        "unserved_min": 100.0,
        "land_m2_per_resident": 100.0,
        "lane_width_m": 4.0,
        "road_reserve_m": 12.0,
        "value_of_time_rub_per_h": 600.0,
        "working_days_per_year": 250.0,
        "clinic_visits_per_resident_year": 10.0,
        "agglomeration_elasticity": 0.05,
        "agglomeration_distance_power": 1.0,
    }
    return Parameters(**{**values, **changed})


def two_banks(*, bridge: bool = True) -> Region:
    """West and east of a river: 10 km over the bridge at 60 km/h, 30 km over the ford.

    By the bridge 12 minutes, by the ford 32. ``away`` lies 20 km west of the west bank.
    """
    return region_of(two_banks_tables(bridge=bridge))


def two_banks_tables(*, bridge: bool = True) -> Tables:
    """Return the tables of ``two_banks``."""
    places = {
        "west": Place(x_km=0, workers=100, jobs=80, municipality="left"),
        "east": Place(x_km=10, workers=50, jobs=50, municipality="right"),
        "away": Place(x_km=-20, workers=10, jobs=30, is_outside=True),
    }
    roads = {"ford": ("west", "east", 30.0, 60.0), "highway": ("away", "west", 20.0, 60.0)}
    if bridge:
        roads["bridge"] = ("west", "east", 10.0, 60.0)
    ferry = Line(places=("west", "east"), run_min=(15,), headway_min=20)
    return tables_of(places, roads, {"ferry": ferry})


def line_of_towns(count: int = 4, *, workers: float = 100.0) -> Region:
    """Towns 10 km apart on one road of 60 km/h: i to j takes 10·|i − j| + 2 minutes.

    The road goes on for 10 km to ``away``, where a tenth of the workers find their jobs. A bus
    runs along the towns, 15 minutes from one to the next, every 20 minutes.
    """
    places = {
        f"t{i}": Place(x_km=10 * i, workers=workers, jobs=0.9 * workers, municipality=f"m{i}")
        for i in range(count)
    }
    places["away"] = Place(x_km=10 * count, workers=0, jobs=0.1 * workers * count, is_outside=True)
    names = list(places)
    roads = {
        f"r{i}": (first, second, 10.0, 60.0) for i, (first, second) in enumerate(pairwise(names))
    }
    bus = Line(places=tuple(names[:-1]), run_min=(15,) * (count - 1))
    return region_of(tables_of(places, roads, {"bus": bus}))


def grid(side: int = 3) -> Region:
    """Lay towns on a square grid of roads, 10 km and 10 minutes from one to the next.

    ``c00`` is a corner, 10 minutes from ``away``; a bus joins it to ``c11`` in 25 minutes.
    """
    places = {
        f"c{x}{y}": Place(x_km=10 * x, y_km=10 * y, municipality=f"m{x}")
        for x in range(side)
        for y in range(side)
    }
    places["away"] = Place(x_km=-10, workers=20, jobs=20, is_outside=True)
    roads = {"away_c00": ("away", "c00", 10.0, 60.0)}
    for x in range(side):
        for y in range(side):
            for other in (f"c{x + 1}{y}", f"c{x}{y + 1}"):
                if other in places:
                    roads[f"c{x}{y}_{other}"] = (f"c{x}{y}", other, 10.0, 60.0)
    return region_of(tables_of(places, roads, {"bus": Line(places=("c00", "c11"), run_min=(25,))}))


def island() -> Region:
    """Two towns on the mainland and an island that no road or line leads to.

    Its 40 workers hold its 40 jobs, whatever happens elsewhere. A bus joins the two towns.
    """
    places = {
        "port": Place(x_km=0, workers=100, jobs=90),
        "town": Place(x_km=10, workers=60, jobs=50),
        "isle": Place(x_km=5, y_km=30, workers=40, jobs=40, municipality="sea"),
        "away": Place(x_km=-30, workers=0, jobs=20, is_outside=True),
    }
    roads = {"shore": ("port", "town", 10.0, 60.0), "road": ("away", "port", 30.0, 60.0)}
    bus = Line(places=("port", "town"), run_min=(15,))
    return region_of(tables_of(places, roads, {"bus": bus}))


def region_of(tables: Mapping[str, pd.DataFrame]) -> Region:
    """Check tables and freeze them as a region."""
    return region_from_tables(tables, name_ru="Мир", name_en="World", crs=CRS)


def tables_of(
    places: Mapping[str, Place],
    roads: Mapping[str, Road],
    lines: Mapping[str, Line] | None = None,
) -> Tables:
    """Make every table of a region; the boring ones get one row or none."""
    lines = lines or {}
    served = dict.fromkeys(place for line in lines.values() for place in line.places)
    zones = _zones(places)
    return {
        "municipalities": _municipalities(places),
        "zones": zones,
        "settlements": _settlements(zones),
        **_boring(places),
        "nodes": _nodes(zones),
        "links": _links(places, roads),
        "stops": _stops(zones, list(served)),
        "lines": _lines(lines),
        "line_stops": _line_stops(lines),
        "connectors": _connectors(list(places), list(served)),
    }


def metres(place: Place) -> tuple[float, float]:
    """Coordinates of a place in the world's CRS."""
    return ORIGIN_M[0] + 1000 * place.x_km, ORIGIN_M[1] + 1000 * place.y_km


def change(do: str, /, **arguments: object) -> Step:
    """One change of a scenario."""
    return Step(do=do, arguments=arguments)


def scenario(*steps: Step, name: str = "test", horizon: str = "year") -> Scenario:
    """Join changes into a scenario."""
    return Scenario(name=name, title=name, title_ru=name, horizon=horizon, steps=steps)


def workspace_of(region: Region, folder: Path, *, spread: float = 0.0) -> Workspace:
    """Make a workspace in a folder with one baseline; ranges reach ± the spread."""
    (folder / "scenarios").mkdir(parents=True, exist_ok=True)
    write_scenario(folder, "baseline", "")
    own = parameters()
    assumptions = {
        name: Assumption(
            name=name,
            value=getattr(own, name),
            low=getattr(own, name) * (1 - spread),
            high=min(getattr(own, name) * (1 + spread), 1.0 if name.endswith("_share") else np.inf),
            status="assumed",
            source="test",
        )
        for name in own.__dataclass_fields__
    }
    provenance = (provenance_of("all"),)
    return Workspace(
        root=folder,
        region=replace(region, provenance=provenance),
        assumptions=assumptions,
        goals=goals(),
        uncertainty=Uncertainty(draws_count=6, weights_count=2_000),
    )


def write_scenario(folder: Path, name: str, changes: str, *, top: str = "") -> Path:
    """Write a scenario file into a workspace."""
    path = folder / "scenarios" / f"{name}.toml"
    path.write_text(f'title = "{name}"\n{top}\n{changes}', encoding="utf-8")
    return path


def provenance_of(layer: str) -> Provenance:
    """Return a record of a layer that was made up."""
    about = dict.fromkeys(("title", "source", "licence", "attribution", "date"), "test")
    return Provenance(layer=layer, status="assumed", sha256="0" * 64, **about)


def goals() -> tuple[Goal, ...]:
    """Two goals with three indicators."""
    return (
        Goal(
            id="labour_mobility",
            name_ru="Труд",
            name_en="Labour",
            headline=True,
            anchors=(
                Anchor(indicator="jobs_by_decay", weight=1, target_ratio=1.5),
                Anchor(indicator="minutes_per_worker_day", weight=1, target_ratio=0.8),
            ),
        ),
        Goal(
            id="multi_focus",
            name_ru="Центры",
            name_en="Centres",
            headline=False,
            anchors=(Anchor(indicator="jobs_primacy", weight=1, target_change=-0.1),),
        ),
    )


def shuffled(tables: Mapping[str, pd.DataFrame], seed: int) -> Tables:
    """Put the rows of every table in another order."""
    random = np.random.default_rng(seed)
    return {
        name: frame.iloc[random.permutation(len(frame))].reset_index(drop=True)
        for name, frame in tables.items()
    }


def _zones(places: Mapping[str, Place]) -> gpd.GeoDataFrame:
    points = gpd.GeoSeries(gpd.points_from_xy(*_xy(places.values())), crs=CRS)
    degrees = points.to_crs("EPSG:4326")
    rows = pd.DataFrame(
        {
            "zone_id": list(places),
            "name_ru": list(places),
            "name_en": list(places),
            "municipality_id": [
                "" if place.is_outside else place.municipality for place in places.values()
            ],
            "kind": ["outside" if place.is_outside else "town" for place in places.values()],
            "is_centre": [not place.is_outside for place in places.values()],
            "lon": degrees.x,
            "lat": degrees.y,
            "area_km2": 1.0,
            "internal_km": 1.0,
            "population_count": [
                0.0 if place.is_outside else 2 * place.workers for place in places.values()
            ],
            "status": "assumed",
        }
    )
    for what in ("workers", "jobs"):
        counts = np.array([getattr(place, what) for place in places.values()], dtype=float)
        rows[f"{what}_count"] = counts
        rows[f"{what}_low_count"] = 0.9 * counts
        rows[f"{what}_high_count"] = 1.1 * counts
    return gpd.GeoDataFrame(rows, geometry=points.to_numpy(), crs=CRS)


def _municipalities(places: Mapping[str, Place]) -> gpd.GeoDataFrame:
    names = list(
        dict.fromkeys(place.municipality for place in places.values() if not place.is_outside)
    )
    west, south = ORIGIN_M
    squares = [
        box(west, south + 1000 * i, west + 1000, south + 1000 * (i + 1)) for i in range(len(names))
    ]
    return gpd.GeoDataFrame(
        {
            "municipality_id": names,
            "name_ru": names,
            "name_en": names,
            "role": ["core", *["member"] * (len(names) - 1)],
            "area_km2": 1.0,
            "status": "assumed",
        },
        geometry=squares,
        crs=CRS,
    )


def _settlements(zones: gpd.GeoDataFrame) -> pd.DataFrame:
    inside = zones[zones["kind"] != "outside"]
    return pd.DataFrame(
        {
            "settlement_id": inside["zone_id"],
            "name_ru": inside["zone_id"],
            "municipality_id": inside["municipality_id"],
            "kind": "urban",
            "population_count": inside["population_count"],
            "zone_id": inside["zone_id"],
            "is_located": True,
            "status": "assumed",
        }
    )


def _boring(places: Mapping[str, Place]) -> Tables:
    """Tables that no measure reads yet."""
    first = next(place.municipality for place in places.values() if not place.is_outside)
    about = {"municipality_id": [first], "year": 2021, "status": "assumed"}
    employers = [
        "employer_id", "name_ru", "zone_id", "jobs_count", "year", "lon", "lat", "source", "status"
    ]  # fmt: skip
    railways = pd.DataFrame(columns=["railway_id", "name_ru", "name_en", "status"], dtype=object)
    return {
        "population": pd.DataFrame({**about, "population_count": 1.0, "source": "test"}),
        "wages": pd.DataFrame({**about, "industry": "all", "name_ru": "all", "wage_rub": 1.0}),
        "migration": pd.DataFrame({**about, "net_migration_count": 0.0}),
        "employers": pd.DataFrame(columns=employers, dtype=object),
        "railways": gpd.GeoDataFrame(railways, geometry=[], crs=CRS),
        "interchanges": empty_table("interchanges"),
        "facilities": empty_table("facilities"),
        **{name: empty_table(name) for name in ABSENT},
    }


def empty_table(name: str) -> pd.DataFrame:
    """Return a table without rows."""
    return pd.DataFrame(columns=list(TABLES[name].columns), dtype=object)


def _nodes(zones: gpd.GeoDataFrame) -> pd.DataFrame:
    return pd.DataFrame(
        {
            "node_id": zones["zone_id"],
            "name_ru": zones["zone_id"],
            "name_en": zones["zone_id"],
            "kind": "town",
            "lon": zones["lon"],
            "lat": zones["lat"],
            "status": "assumed",
        }
    )


def _links(places: Mapping[str, Place], roads: Mapping[str, Road]) -> gpd.GeoDataFrame:
    rows = [
        {
            "link_id": name,
            "name_ru": name,
            "name_en": name,
            "road": f"road_{name}",
            "from_id": first,
            "to_id": second,
            "length_km": km,
            "class": "primary",
            "lanes_count": 1.0,
            "free_speed_kmh": speed_kmh,
            "speed_kmh": speed_kmh,
            "capacity_veh_per_h": 1000.0,
            "km_from": 0.0,
            "km_to": km,
            "is_open": True,
            "status": "assumed",
        }
        for name, (first, second, km, speed_kmh) in roads.items()
    ]
    lines = [
        LineString([metres(places[first]), metres(places[second])])
        for first, second, _, _ in roads.values()
    ]
    return gpd.GeoDataFrame(pd.DataFrame(rows), geometry=lines, crs=CRS)


def _stops(zones: gpd.GeoDataFrame, served: Sequence[str]) -> pd.DataFrame:
    at = zones.set_index("zone_id").loc[list(served)]
    names = [f"stop_{place}" for place in served]
    return pd.DataFrame(
        {
            "stop_id": pd.Series(names, dtype=object),
            "name_ru": names,
            "name_en": names,
            "mode": "bus",
            "lon": at["lon"].to_numpy(),
            "lat": at["lat"].to_numpy(),
            "status": "assumed",
        }
    )


def _lines(lines: Mapping[str, Line]) -> pd.DataFrame:
    headway_min = np.array([line.headway_min for line in lines.values()], dtype=float)
    names = pd.Series(list(lines), dtype=object)
    return pd.DataFrame(
        {
            "line_id": names,
            "name_ru": names,
            "name_en": names,
            "mode": "bus",
            "headway_min": headway_min,
            "headway_low_min": headway_min / 2,
            "headway_high_min": headway_min * 2,
            "status": "assumed",
        }
    )


def _line_stops(lines: Mapping[str, Line]) -> pd.DataFrame:
    rows = [
        (name, number, f"stop_{place}", minutes, "assumed")
        for name, line in lines.items()
        for number, (place, minutes) in enumerate(
            zip(line.places, (0.0, *line.run_min), strict=True)
        )
    ]
    columns = ["line_id", "sequence", "stop_id", "run_min", "status"]
    return pd.DataFrame(rows, columns=columns)


def _connectors(places: Sequence[str], served: Sequence[str]) -> pd.DataFrame:
    rows = [(place, place, "car", 0.5, 60.0, "assumed") for place in places]
    rows += [(place, f"stop_{place}", "access", 0.5, 6.0, "assumed") for place in served]
    columns = ["zone_id", "to_id", "mode", "length_km", "speed_kmh", "status"]
    return pd.DataFrame(rows, columns=columns)


def _xy(places: Iterable[Place]) -> tuple[list[float], list[float]]:
    pairs = [metres(place) for place in places]
    return [x for x, _ in pairs], [y for _, y in pairs]
