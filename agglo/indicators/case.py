"""A case: one scenario's region with its times, costs and flows, ready to be measured."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import TypeAlias

import geopandas as gpd
import numpy as np
import numpy.typing as npt
import pandas as pd

from agglo.commuting.observed import home_status
from agglo.parameters import Parameters
from agglo.region import Region
from agglo.tables import weakest_status
from agglo.transport.topology import Floats
from agglo.units import M_PER_KM

TRIPS_PER_DAY = 2
WHOLE = "all"
"""The place id that stands for the whole region."""

Flags = npt.NDArray[np.bool_]
Numbers = npt.NDArray[np.intp]


@dataclass(frozen=True, slots=True, kw_only=True)
class Travel:
    """What trips take. Matrices have home zones as rows and work zones as columns."""

    minutes: Mapping[str, pd.DataFrame]
    """By mode ('car', 'transit', 'park_ride'), ``inf`` where there is no way."""

    shares: Mapping[str, pd.DataFrame]
    """Share of commuters by mode, 0–1, ``nan`` where nobody can go."""

    cost_min: pd.DataFrame
    """All modes joined into one cost (logsum)."""

    felt_min: pd.DataFrame
    """The joint cost as the pull of jobs decays with it: less across the border."""

    mean_min: pd.DataFrame
    """Mean minutes over the modes taken."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Waits:
    """Waiting over the departures of a time window, home zone × work zone, ``inf`` if no way."""

    median_min: pd.DataFrame
    p90_min: pd.DataFrame


@dataclass(frozen=True, slots=True, kw_only=True)
class FineReach:
    """Jobs of the region within limits of minutes by car: ``jobs_within_30_min_count`` …."""

    zones: pd.DataFrame
    """Index zone id, zones inside: means over the people of the zone, and ``workers_count``."""

    cells: pd.DataFrame
    """Index cell id, all cells of zones inside: what is reached from each, ``zone_id``,
    ``workers_count`` and ``jobs_count``."""


NEEDS = ("losses", "waits", "facilities", "connectivity", "imagery", "land_take", "fine")
"""Parts of a case that take long to find, and are found only for measures that need them."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Case:
    """What the measures read."""

    region: Region
    inside: pd.Index
    """Ids of the zones inside the region."""

    parameters: Parameters
    travel: Travel
    baseline_travel: Travel

    straight_km: pd.DataFrame
    """Straight lines between the centres of zones; the same in every scenario."""

    with_stops: pd.Index
    """Ids of the zones whose public transport is known."""

    flows: pd.DataFrame
    """Commuters, persons, home zone × work zone."""

    baseline_flows: pd.DataFrame
    """Commuters of the baseline, persons."""

    link_losses: pd.DataFrame = field(default_factory=pd.DataFrame)
    """Index link id: ``loss_person_min`` a day and ``unserved_count`` when it closes."""

    waits: Mapping[str, Waits] = field(default_factory=dict)
    """By time window ('peak', 'off_peak'): what trips by public transport wait."""

    facility_min: pd.DataFrame = field(default_factory=pd.DataFrame)
    """Minutes by car from zones to the nearest facility of each kind, and station."""

    connectivity: pd.Series = field(default_factory=lambda: pd.Series(dtype=float))
    """Indices of the whole road network by name."""

    cut_off: pd.DataFrame = field(default_factory=pd.DataFrame)
    """Which single road link cuts which zone off: ``link_id``, ``place_id``, ``people_count``."""

    imagery: pd.DataFrame = field(default_factory=pd.DataFrame)
    """What the rasters say of municipalities and zones: ``imagery.figures``; the same in all."""

    land_take: pd.DataFrame | None = None
    """Land that new housing and roads take: ``zone_id``, ``link_id``, ``cause``, ``kind``, ``ha``;
    ``None`` where no land cover is known."""

    fine: FineReach | None = None
    """Jobs reached from squares over the zones; ``None`` where no zone has a polygon."""

    link_volume: pd.Series = field(default_factory=lambda: pd.Series(dtype=float))
    """Cars of commuters in the peak hour, both directions, index link id."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Inside:
    """The zones inside a case as arrays, made once for all measures that read them."""

    case: Case
    at: Numbers
    """Their rows in the table 'zones', and rows and columns in the matrices of the case."""

    places: pd.Index
    """Their ids, and ``WHOLE`` behind them."""

    has_transit: Flags
    """Whose public transport is known."""

    population: Floats
    workers: Floats
    jobs: Floats
    flows: Floats
    """Commuters, persons, homes inside × all zones."""

    trips: Floats
    """Commuting trips of a worker and day, by home, all zones."""

    def pairs(self, known: Flags | None = None) -> tuple[Numbers, ...]:
        """Index the square of zones inside, or of some of them, in a matrix of the case."""
        at = self.at if known is None else self.at[known]
        return np.ix_(at, at)


Given: TypeAlias = Case | Inside
"""What a measure of the zones inside reads: a case, or the arrays made of it once for all."""


def inside_of(case: Given) -> Inside:
    """Take the zones inside a case as arrays; what is such already stays as it is."""
    if isinstance(case, Inside):
        return case
    zones = case.region["zones"]
    at = zones.index.get_indexer(case.inside)
    population, workers, jobs = (
        zones[f"{what}_count"].to_numpy(dtype=float)[at]
        for what in ("population", "workers", "jobs")
    )
    return Inside(
        case=case,
        at=at,
        places=case.inside.append(pd.Index([WHOLE], dtype=case.inside.dtype)),
        has_transit=case.with_stops.get_indexer(case.inside) >= 0,
        population=population,
        workers=workers,
        jobs=jobs,
        flows=case.flows.to_numpy()[at],
        trips=trips_per_worker(zones, case.parameters).to_numpy(),
    )


def zones_with_stops(region: Region) -> pd.Index:
    """Ids of the zones for which a way to stops is known: straight, or along the streets.

    Of the others nobody knows what public transport they have: what is measured by it is
    absent there, not zero.
    """
    connectors = region["connectors"]
    by_street = "walk" in region["interchanges"]["mode"].tolist()
    leads = ("access", "walk") if by_street else ("access",)
    pairs = zip(connectors["zone_id"].tolist(), connectors["mode"].tolist(), strict=True)
    known: pd.Index = pd.Index(sorted({zone for zone, mode in pairs if mode in leads}))
    return known


def unknown_transit(region: Region) -> npt.NDArray[np.bool_]:
    """Mark the pairs of zones of which either end's public transport nobody knows."""
    is_known = region["zones"].index.isin(zones_with_stops(region))
    return ~np.outer(is_known, is_known)


def flow_status(case: Case) -> pd.Series:
    """Status of the flows from each home zone: observed rows are so on the baseline alone.

    In a scenario observed flows move as the model does, and are modelled.
    """
    zones = case.region["zones"]
    modelled = weakest_status("modelled", *zones["status"])
    own = pd.Series(modelled, index=zones.index, dtype=object, name="status")
    if case.flows is not case.baseline_flows:
        return own
    seen = home_status(case.region["flows"], zones.index)
    is_seen = zones.index.isin(case.region["flows"]["live_zone_id"])
    return seen.where(is_seen, own).rename("status")


def straight_km(region: Region) -> pd.DataFrame:
    """Straight lines between the centres of zones, km."""
    zones = region["zones"]
    points = gpd.points_from_xy(zones["lon"], zones["lat"], crs="EPSG:4326")
    metric = points.to_crs(region.crs)
    x, y = np.asarray(metric.x), np.asarray(metric.y)
    km = np.hypot(x[:, None] - x, y[:, None] - y) / M_PER_KM
    return pd.DataFrame(km, index=zones.index, columns=zones.index)


def arrays(frames: Mapping[str, pd.DataFrame]) -> dict[str, npt.NDArray[np.float64]]:
    """Take the values of matrices by mode."""
    return {mode: frame.to_numpy() for mode, frame in frames.items()}


def telework_share(zones: pd.DataFrame, parameters: Parameters) -> pd.Series:
    """Share of working days at home, by home zone: its own, else that of the whole region.

    Parameters
    ----------
    zones
        Table 'zones' of a region, outside zones included.
    """
    return pd.Series(_home_share(zones, parameters), index=zones.index, name="telework_share")


def trips_per_worker(zones: pd.DataFrame, parameters: Parameters) -> pd.Series:
    """Commuting trips of a worker on a working day, by home zone; days at home count as 0."""
    trips = TRIPS_PER_DAY * (1 - _home_share(zones, parameters))
    return pd.Series(trips, index=zones.index, name="trips_per_worker")


def _home_share(zones: pd.DataFrame, parameters: Parameters) -> Floats:
    own = zones["telework_share"].to_numpy(dtype=float)
    return np.where(np.isnan(own), parameters.telework_share, own)
