"""Functional urban areas of the EU and the OECD: cities and who commutes to them."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
import pandas as pd
from scipy import sparse
from scipy.sparse.csgraph import connected_components

from agglo.commuting.flows import Flows, id_ranks
from agglo.territory.contiguity import Bools, Floats, Ints, check_zone_matrix, is_connected_to
from agglo.territory.core_shares import (
    SHARE_DECIMALS,
    check_threshold,
    core_numbers,
    entries,
    largest_share,
    reaches,
    shares,
    summed,
)
from agglo.territory.delineation import NO_AREA, Delineation

REASONS = ("share_to_core", "core", "enclave", "exclave")
"""What can decide; the numbers in ``AreaLabels.reason`` count from the first."""

BY_SHARE, AS_CORE, AS_ENCLAVE, AS_EXCLAVE = range(4)


@dataclass(frozen=True, slots=True, kw_only=True)
class AreaLabels:
    """Functional urban areas as numbers, one for each zone inside."""

    area: Ints
    """Number of the area's city, -1 where the zone is in no area."""

    share: Floats
    """Largest share of the employed residents who work in one city, 0–1; nan without residents."""

    reason: Ints
    """Position in ``REASONS``."""

    merged: Ints
    """By city: the lowest number among the cities it is merged with."""


def functional_urban_areas(
    flows: Flows,
    cities: pd.Series,
    *,
    commuting_share: float = 0.15,
    merge_share: float = 0.15,
    neighbours: sparse.csr_array | None = None,
    border_m: sparse.csr_array | None = None,
) -> Delineation:
    """Delineate functional urban areas (Dijkstra, Poelman and Veneri 2019): city and commuters.

    1. Two cities of which one sends at least ``merge_share`` of its employed residents to work
       in the other are one destination. Links are those between single cities, taken once: from
       A → B and B → C follows one area of all three, but a city that reaches the share only
       with two others together stays apart. A city with a place outside is linked by who
       commutes to it alone, since where its residents work is known in part.
    2. A zone joins the city where the largest share of its employed residents work, of equals
       that of the lowest id, if the share is at least ``commuting_share`` and above 0. Flows
       to merged cities are added up first; all employed residents are the denominator.
    3. A zone in no area whose whole border lies on one area, its enclave, is added.
    4. Zones not connected with a city of their area through its zones, exclaves, are dropped.
       An area whose city lies outside keeps them: where it touches the region is not known.
    5. Zones that lie, after that, with their whole border on one area are added.

    The definition names enclaves before exclaves and leaves the order open (unverified).
    Adding first keeps a zone that only a hole cuts off from its city; dropping first would leave
    both as a hole. After step 5 neither step changes anything any more: an enclave touches
    zones that stay connected. A hole of two zones is no enclave.

    Parameters
    ----------
    cities
        City id by place, inside or outside; absent or '' where a place is in no city.
    commuting_share
        Least share that joins a zone, 0–1; above 1 only the cities remain.
    merge_share
        Least share that merges two cities, 0–1; above 1 none are.
    neighbours
        Zones that touch, as ``neighbours_from_zones`` gives it in the order of ``flows.inside``;
        without it no exclave is dropped.
    border_m
        Metres of border and edge, as ``border_lengths_from_zones`` gives it of the same zones;
        without it no enclave is added. A zone with an edge is surrounded by nobody.

    Returns
    -------
    functional_urban_areas
        Areas are named by their city, of merged ones by the lowest id, which no change of flows
        can swap. ``decided_by`` is 'core'; 'share_to_core' (``value``: the largest share to one
        area's city, nan where nobody lives who works); 'enclave' (share of the border on the
        area); or 'exclave' (the share that would have sufficed, without margin).

    Raises
    ------
    FlowError
        If a city names an unknown place or a place twice, there is no city, or a share is
        negative or not a number.
    TableError
        If a matrix has another shape than the zones ask for.

    Examples
    --------
    >>> from agglo.commuting.flows import flows_from_frame
    >>> square = pd.DataFrame(
    ...     [[90, 10], [15, 85]], index=["town", "farm"], columns=["town", "farm"]
    ... )
    >>> found = functional_urban_areas(flows_from_frame(square), pd.Series({"town": "T"}))
    >>> found.areas[["area_id", "decided_by", "value"]].values.tolist()
    [['T', 'core', nan], ['T', 'share_to_core', 0.15]]
    """
    for name, share in (("commuting_share", commuting_share), ("merge_share", merge_share)):
        check_threshold(share, name)
    city, city_ids = core_numbers(flows, cities)
    labels = functional_area_labels(
        flows.counts,
        flows.residents_count,
        city,
        is_outside=flows.is_outside,
        commuting_share=commuting_share,
        merge_share=merge_share,
        neighbours=neighbours,
        border_m=border_m,
    )
    parameters = {
        "commuting_share": commuting_share,
        "merge_share": merge_share,
        "is_contiguous": neighbours is not None,
        "has_enclaves": border_m is not None,
    }
    return Delineation(
        method="fua",
        areas=_areas(labels, flows.inside, city_ids, commuting_share),
        parameters=parameters,
        status=flows.status,
        notes=tuple(_notes(labels, flows, city, city_ids, neighbours, border_m)),
    )


def functional_area_labels(
    counts: sparse.csr_array,
    residents_count: Floats,
    city: Ints,
    *,
    is_outside: Bools,
    commuting_share: float,
    merge_share: float,
    neighbours: sparse.csr_array | None = None,
    border_m: sparse.csr_array | None = None,
) -> AreaLabels:
    """Apply the rule of ``functional_urban_areas`` to arrays, for running it many times.

    Parameters
    ----------
    counts
        Persons, live × work, places in the order of all other arrays.
    residents_count
        All employed residents by place.
    city
        Number of the city by place, -1 in none; of equal cities the lowest number wins.

    Raises
    ------
    TableError
        If a matrix has another shape than the zones ask for.
    """
    merged = merged_cities(counts, residents_count, city, is_outside, merge_share)
    core = np.where(city >= 0, merged[city], -1)
    best, share = largest_share(counts, residents_count, core, len(merged))
    inside = ~is_outside
    is_core = core[inside] >= 0
    far = np.zeros(len(merged), dtype=bool)
    far[core[is_outside & (core >= 0)]] = True
    joined = np.where(reaches(share, commuting_share), best, -1)
    by_share = np.where(core >= 0, core, joined)[inside]
    area = by_share
    if border_m is not None:
        area = _with_enclaves(area, check_zone_matrix(border_m, len(area), "border_m"))
    if neighbours is not None:
        anchors = is_core | far[area]
        held = is_connected_to(check_zone_matrix(neighbours, len(area)), area, anchors)
        area = np.where(held, area, -1)
    if border_m is not None:
        area = _with_enclaves(area, border_m)
    reason = np.where(area != by_share, np.where(area < 0, AS_EXCLAVE, AS_ENCLAVE), BY_SHARE)
    reason[is_core] = AS_CORE
    return AreaLabels(area=area, share=share[inside], reason=reason, merged=merged)


def cores_from_zones(
    flows: Flows, *, min_jobs_count: float, min_jobs_per_resident: float = 1.0
) -> pd.Series:
    """Take zones with many jobs, and more than their employed residents need, for cities.

    An assumption: the definition takes urban centres from a grid of population, and who has
    them should use them instead. Each such zone is a city of its own.

    Returns
    -------
    cores_from_zones
        City id, that of the zone, by zone inside; '' where the zone is no city.

    Examples
    --------
    >>> from agglo.commuting.flows import flows_from_frame
    >>> square = pd.DataFrame([[9, 1], [5, 5]], index=["a", "b"], columns=["a", "b"])
    >>> cores_from_zones(flows_from_frame(square), min_jobs_count=10).to_dict()
    {'a': 'a', 'b': ''}
    """
    inside = ~flows.is_outside
    jobs, residents = flows.jobs_count[inside], flows.residents_count[inside]
    is_core = (jobs >= min_jobs_count) & (jobs >= min_jobs_per_resident * residents) & (jobs > 0)
    zones = flows.inside
    return pd.Series(np.where(is_core, zones, NO_AREA), index=zones, name="city_id", dtype=object)


def merged_cities(
    counts: sparse.csr_array,
    residents_count: Floats,
    city: Ints,
    is_outside: Bools,
    merge_share: float,
) -> Ints:
    """Give each city the lowest number among those it is linked with, directly or by others."""
    size = int(city.max(initial=0)) + 1
    within = city >= 0
    rows, columns, values = entries(counts)
    between = within[rows] & within[columns]
    start, end, sums = summed(city[rows[between]], city[columns[between]], values[between], size)
    weights = residents_count[within]
    people: Floats = np.bincount(city[within], weights=weights, minlength=size).astype(np.float64)
    people[city[within & is_outside]] = np.inf
    linked = (start != end) & reaches(shares(sums, people[start]), merge_share)
    graph = sparse.csr_array((sums[linked], (start[linked], end[linked])), shape=(size, size))
    _, part = connected_components(graph, directed=False)
    lowest = np.full(size, size, dtype=np.int64)
    np.minimum.at(lowest, part, np.arange(size))
    found: Ints = lowest[part]
    return found


def _with_enclaves(area: Ints, border_m: sparse.csr_array) -> Ints:
    """Add zones of no area whose whole border lies on one area.

    A zone with an edge stands beside itself, on the diagonal, and it is in no area.
    """
    rows, columns, _ = entries(border_m)
    beyond = area[columns]
    lowest = np.full(len(area), np.iinfo(np.int64).max)
    highest = np.full(len(area), -1)
    np.minimum.at(lowest, rows, beyond)
    np.maximum.at(highest, rows, beyond)
    surrounded = (area < 0) & (lowest >= 0) & (lowest == highest)
    return np.where(surrounded, lowest, area)


def _areas(
    labels: AreaLabels, zones: pd.Index, city_ids: pd.Index, commuting_share: float
) -> pd.DataFrame:
    is_share, is_enclave = labels.reason == BY_SHARE, labels.reason == AS_ENCLAVE
    value = np.where(labels.reason == AS_CORE, np.nan, np.where(is_enclave, 1.0, labels.share))
    limit = np.where(is_enclave, 1.0, commuting_share)
    margin = np.where(is_share | is_enclave, np.round(value - limit, SHARE_DECIMALS) + 0.0, np.nan)
    names = np.append(city_ids.to_numpy(dtype=object), NO_AREA)
    return pd.DataFrame(
        {
            "area_id": pd.Series(names[labels.area], index=zones, dtype=object),
            "decided_by": pd.Series(
                np.array(REASONS, dtype=object)[labels.reason], index=zones, dtype=object
            ),
            "value": value,
            "threshold": np.where(labels.reason == AS_CORE, np.nan, limit),
            "margin": margin,
        },
        index=zones.rename("zone_id"),
    )


def _notes(
    labels: AreaLabels,
    flows: Flows,
    city: Ints,
    city_ids: pd.Index,
    neighbours: sparse.csr_array | None,
    border_m: sparse.csr_array | None,
) -> Iterator[str]:
    sizes = np.bincount(labels.merged, minlength=len(city_ids))
    for number in np.flatnonzero(sizes > 1).tolist():
        members = ", ".join(city_ids[labels.merged == number])
        yield f"area {city_ids[number]} is one destination of the cities {members}"
    for reason, said in ((AS_ENCLAVE, "enclaves added"), (AS_EXCLAVE, "exclaves dropped")):
        found = _in_order(flows.inside[labels.reason == reason])
        if found:
            yield f"{said}: {', '.join(found)}"
    if neighbours is None:
        yield "exclaves were not looked for: neighbours are not given"
    if border_m is None:
        yield "enclaves were not looked for: lengths of borders are not given"
    far = np.unique(labels.merged[city[flows.is_outside & (city >= 0)]])
    if neighbours is not None and len(far):
        yield (
            f"area(s) {', '.join(city_ids[far])}: a city lies outside, so exclaves cannot be told"
        )


def _in_order(ids: pd.Index) -> list[str]:
    return [str(one) for one in ids[np.argsort(id_ranks(ids))]]
