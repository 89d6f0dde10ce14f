"""What every delineation gives: the area of each zone, the number that decided, its margin."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

import numpy as np
import pandas as pd

from agglo.commuting.flows import Flows, id_ranks

NO_AREA = ""
"""Area id of a zone that belongs to none."""

SIZE_DECIMALS = 12
"""Shares of all jobs that agree to so many decimals are equal: the rest is rounding."""

COLUMNS = ("area_id", "decided_by", "value", "threshold", "margin")


@dataclass(frozen=True, slots=True, kw_only=True)
class Delineation:
    """One way of dividing zones into areas, with the reason for each zone."""

    method: str
    """'fua', 'lma', 'isochrone', 'dominant', 'communities', 'threshold', 'commuting_zones',
    'degurba'."""

    areas: pd.DataFrame
    """Index ``zone_id``, every zone inside once, in the order of the zones. Columns:
    ``area_id`` ('' where the zone is in no area), ``decided_by`` (name of the number that
    decided), ``value``, ``threshold`` (same unit) and ``margin``: how far the zone is on this
    side of the threshold, in the unit of ``value``; positive in an area, negative outside;
    ``nan`` where the rule has no number, as for a core itself."""

    parameters: Mapping[str, float | int | str | bool]
    """What was asked for, by the names of the method's arguments."""

    status: str
    """Status of the flows or times it stands on; 'modelled' makes it a hypothesis."""

    notes: tuple[str, ...] = field(default=())
    """What a reader must know: parts repaired, zones left over, areas that are not valid."""


def summary_of_areas(delineation: Delineation, flows: Flows) -> pd.DataFrame:
    """Describe each area: its zones, employed residents, jobs and self-containment.

    Returns
    -------
    summary_of_areas
        Index ``area_id`` in order of first appearance; ``zones_count``, ``residents_count``
        (employed residents, all), ``jobs_count``, ``internal_count`` (live and work in it),
        ``supply_share`` (internal over residents) and ``demand_share`` (internal over jobs).
    """
    area = delineation.areas["area_id"].reindex(flows.places).fillna(NO_AREA)
    names = pd.Index(dict.fromkeys(area[area != NO_AREA]), dtype=object, name="area_id")
    code = names.get_indexer(area)
    inside = code >= 0
    size = len(names)

    def by_area(values: np.ndarray) -> np.ndarray:
        return np.bincount(code[inside], weights=values[inside], minlength=size)

    pairs = flows.counts.tocoo()
    own = (code[pairs.row] >= 0) & (code[pairs.row] == code[pairs.col])
    internal = np.bincount(code[pairs.row[own]], weights=pairs.data[own], minlength=size)
    residents, jobs = by_area(flows.residents_count), by_area(flows.jobs_count)
    with np.errstate(divide="ignore", invalid="ignore"):
        return pd.DataFrame(
            {
                "zones_count": np.bincount(code[inside], minlength=size),
                "residents_count": residents,
                "jobs_count": jobs,
                "internal_count": internal,
                "supply_share": internal / residents,
                "demand_share": internal / jobs,
            },
            index=names,
        )


def named_areas(group: pd.Series, flows: Flows) -> pd.Series:
    """Name each group of zones by its zone with most jobs; of equals the lowest id.

    Names so depend on the flows alone: neither on the order of rows nor on how a method
    numbers its groups.

    Parameters
    ----------
    group
        Any label by zone; missing or '' where a zone is in no group.

    Returns
    -------
    named_areas
        ``area_id`` by zone, '' where it is in no group.
    """
    jobs = flows.jobs_count[flows.places.get_indexer(group.index)]
    ranked = np.round(jobs / max(float(jobs.sum()), 1.0), SIZE_DECIMALS)
    codes, _ = pd.factorize(group.where(group.astype(str) != NO_AREA))
    order = np.lexsort((id_ranks(group.index), -ranked, codes))
    order = order[codes[order] >= 0]
    first = order[np.flatnonzero(np.diff(codes[order], prepend=-1))]
    names = np.append(group.index.to_numpy(dtype=object)[first], NO_AREA)
    return pd.Series(names[codes], index=group.index, name="area_id", dtype=object)


def is_with(delineation: Delineation, zone_id: str) -> pd.Series:
    """Tell which zones share the area of one zone; that zone itself always does."""
    area = delineation.areas["area_id"]
    own = area.get(zone_id, NO_AREA)
    together = (area == own) & (own != NO_AREA)
    shared: pd.Series = together | (area.index == zone_id)
    return shared.rename("is_in")
