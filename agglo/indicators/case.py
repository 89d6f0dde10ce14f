"""A case: one scenario's region with its times, costs and flows, ready to be measured."""

from __future__ import annotations

from dataclasses import dataclass

import pandas as pd

from agglo.parameters import Parameters
from agglo.region import Region

TRIPS_PER_DAY = 2


@dataclass(frozen=True, slots=True, kw_only=True)
class Case:
    """What the measures read. Matrices have home zones as rows and work zones as columns."""

    region: Region
    inside: pd.Index
    """Ids of the zones inside the region."""

    parameters: Parameters

    car_min: pd.DataFrame
    """Minutes by car, ``inf`` where there is no way."""

    transit_min: pd.DataFrame
    """Minutes by public transport with access, waiting and boarding."""

    cost_min: pd.DataFrame
    """Both modes joined into one cost (logsum)."""

    felt_min: pd.DataFrame
    """The joint cost as the pull of jobs decays with it: less across the border."""

    car_share: pd.DataFrame
    """Share of commuters by car, 0–1."""

    mean_min: pd.DataFrame
    """Mean minutes over the modes taken."""

    flows: pd.DataFrame
    """Commuters, persons."""

    baseline_flows: pd.DataFrame
    """Commuters of the baseline, persons."""

    baseline_car_min: pd.DataFrame
    """Minutes by car of the baseline."""

    baseline_transit_min: pd.DataFrame
    """Minutes by public transport of the baseline."""

    baseline_car_share: pd.DataFrame
    """Share of the baseline's commuters by car, 0–1."""

    baseline_mean_min: pd.DataFrame
    """Mean minutes of the baseline's commuters."""

    link_losses: pd.DataFrame
    """Index link id: ``loss_person_min`` a day and ``unserved_count`` when it closes."""


def zones_with_stops(region: Region) -> pd.Index:
    """Ids of the zones for which a way to stops is known.

    Of the others nobody knows what public transport they have: what is measured by it is
    absent there, not zero.
    """
    connectors = region["connectors"]
    joined = set(connectors["zone_id"][connectors["mode"] == "access"])
    known: pd.Index = pd.Index(sorted(joined))
    return known


def trips_per_worker(parameters: Parameters) -> float:
    """Commuting trips of a worker on a working day, days at home counted as 0."""
    return TRIPS_PER_DAY * (1 - parameters.telework_share)
