"""Contiguity repaired: what is cut off from its area goes to the neighbour it is tied to most."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace

import numpy as np
import pandas as pd
from scipy import sparse

from agglo.commuting.flows import Flows, id_ranks
from agglo.errors import TableError
from agglo.territory.contiguity import Bools, Floats, Ints, check_zone_matrix, connected_parts
from agglo.territory.core_shares import entries, strongest, summed
from agglo.territory.delineation import NO_AREA, Delineation

LINK_DECIMALS = 14
RESIDENTS_DECIMALS = 6
"""The same flows added in another order differ in the last digits."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Repaired:
    """Labels of zones after the repair."""

    labels: Ints
    """Number of the area by zone, below 0 where in none."""

    link: Floats
    """The link by which a zone moved, nan where it stayed."""

    is_island: Bools
    """Zones that stay cut off from their area, because they touch no other."""


def contiguous_areas(
    delineation: Delineation, flows: Flows, neighbours: sparse.csr_array
) -> Delineation:
    """Make every area of a delineation hang together, moving nothing else.

    The main part of an area is the one with most employed residents, of equals the one with the
    lowest zone id; it never moves. Every other part goes, whole, to the area it has the
    strongest link with (Coombes and Bond 2008, as in labour market areas:
    ``T²/(R·W) + T'²/(R'·W')``, of equals the lowest area id), among those whose main part it
    touches; all such parts of a round move at once. What touched none waits for the next round.

    It ends, since with each round fewer zones are left outside main parts, and the order of
    zones plays no part. Where only parts that are cut off touch each other, as on an island of
    two zones, the one with most employed residents stays and the others join it. So afterwards
    every area hangs together, apart from parts that touch no other area. Zones in no area
    neither move nor take anything in; no area is emptied, since its main part stays.

    Parameters
    ----------
    delineation
        Any division of ``flows.inside`` into areas.
    neighbours
        Zones that touch, in the order of ``flows.inside``.

    Returns
    -------
    contiguous_areas
        Zones that moved have ``decided_by`` 'contiguity' and the link as ``value``, without
        threshold or margin; the notes name each of them. Areas keep their ids, even one whose
        id is a zone that moved.

    Raises
    ------
    TableError
        If the delineation lacks a zone, or ``neighbours`` has another shape than the zones.

    Examples
    --------
    >>> from agglo.commuting.flows import flows_from_frame
    >>> row = ["a", "b", "c"]
    >>> flows = flows_from_frame(
    ...     pd.DataFrame([[9, 0, 0], [0, 9, 0], [2, 1, 4]], index=row, columns=row)
    ... )
    >>> areas = pd.DataFrame({"area_id": ["A", "B", "A"], "decided_by": "share", "value": 0.2,
    ...                       "threshold": 0.1, "margin": 0.1}, index=row)
    >>> split = Delineation(method="x", areas=areas, parameters={}, status="observed")
    >>> touching = sparse.csr_array([[0, 1, 0], [1, 0, 1], [0, 1, 0]])
    >>> contiguous_areas(split, flows, touching).areas["area_id"].tolist()
    ['A', 'B', 'B']
    """
    zones = flows.inside
    areas = delineation.areas
    lacking = zones.difference(areas.index)
    if len(lacking):
        raise TableError(
            f"the delineation lacks zone '{lacking[0]}' ({len(lacking)} such zone(s)); "
            "delineate the same flows"
        )
    before = areas["area_id"].reindex(zones).fillna(NO_AREA)
    ids = pd.Index(before[before != NO_AREA].unique(), dtype=object)
    ids = ids[np.argsort(id_ranks(ids))]
    inside = np.flatnonzero(~flows.is_outside)
    repaired = contiguous_labels(
        ids.get_indexer(before),
        flows.counts[inside][:, inside],
        flows.residents_count[inside],
        flows.jobs_count[inside],
        check_zone_matrix(neighbours, len(zones)),
        ranks=id_ranks(zones),
    )
    moved = pd.Series(~np.isnan(repaired.link), index=zones)
    names = np.append(ids.to_numpy(dtype=object), NO_AREA)
    after = pd.Series(names[repaired.labels], index=zones, dtype=object)
    return replace(
        delineation,
        areas=_areas(areas, after, pd.Series(repaired.link, index=zones), moved),
        parameters={**delineation.parameters, "is_contiguous": True},
        notes=(*delineation.notes, *_notes(before, after, moved, repaired.is_island)),
    )


def contiguous_labels(
    labels: Ints,
    counts: sparse.csr_array,
    residents_count: Floats,
    jobs_count: Floats,
    neighbours: sparse.csr_array,
    *,
    ranks: Ints,
) -> Repaired:
    """Apply the rule of ``contiguous_areas`` to arrays of the zones inside.

    Parameters
    ----------
    labels
        Number of the area by zone, -1 in none; of equal links the lowest number wins.
    counts
        Persons between zones inside, live × work.
    residents_count, jobs_count
        All employed residents and all jobs by zone, those from and to outside too.
    neighbours
        Zones that touch; a pair that stands once holds both ways.
    ranks
        Rank of the zone ids, for parts with equally many employed residents.
    """
    touching = ((neighbours + neighbours.T) != 0).tocsr()
    labels = labels.copy()
    link = np.full(len(labels), np.nan)
    anchors = _anchors(labels, touching, residents_count, ranks)
    while True:
        part = connected_parts(touching, labels)
        loose = (part >= 0) & ~np.isin(part, part[anchors])
        start, end = _contacts(touching, labels, part, loose)
        if not len(start):
            return Repaired(
                labels=labels, link=link, is_island=_strays(labels, part, residents_count, ranks)
            )
        worth = _links(labels, part, counts, residents_count, jobs_count, start, end)
        best, value = strongest(start, end, worth, int(part.max()) + 1)
        moves = loose & (best[part] >= 0)
        labels[moves], link[moves] = best[part[moves]], value[part[moves]]


def _anchors(labels: Ints, touching: sparse.csr_array, residents: Floats, ranks: Ints) -> Ints:
    """Return a zone of the main part of every area, and of the largest part where none lies."""
    part = connected_parts(touching, labels)
    zone = _first_zones(part, residents, ranks)
    main = zone[np.unique(labels[zone], return_index=True)[1]]
    land = connected_parts(touching, np.where(labels >= 0, 0, -1))
    apart = zone[~np.isin(land[zone], land[main])]
    return np.concatenate([main, apart[np.unique(land[apart], return_index=True)[1]]])


def _first_zones(part: Ints, residents: Floats, ranks: Ints) -> Ints:
    """Return the zone of lowest rank of each part, the part with most residents first."""
    counted = np.flatnonzero(part >= 0)
    by_rank = counted[np.argsort(ranks[counted])]
    size = int(part.max(initial=-1)) + 1
    people = np.bincount(part[counted], weights=residents[counted], minlength=size)
    zone = by_rank[np.unique(part[by_rank], return_index=True)[1]]
    order = np.lexsort((ranks[zone], -np.round(people, RESIDENTS_DECIMALS)))
    return zone[order]


def _contacts(
    touching: sparse.csr_array, labels: Ints, part: Ints, loose: Bools
) -> tuple[Ints, Ints]:
    """Pairs of a loose part and an area whose main part it touches, each once."""
    rows, columns, _ = entries(touching)
    is_met = loose[rows] & ~loose[columns] & (part[columns] >= 0)
    start, end, _ = summed(
        part[rows[is_met]],
        labels[columns[is_met]],
        np.ones(int(is_met.sum())),
        int(labels.max(initial=0)) + 1,
    )
    return start, end


def _links(
    labels: Ints,
    part: Ints,
    counts: sparse.csr_array,
    residents: Floats,
    jobs: Floats,
    start: Ints,
    end: Ints,
) -> Floats:
    """Link of each pair of a part and an area."""
    width = int(labels.max(initial=0)) + 1
    rows, columns, values = entries(counts)
    inside = (part[rows] >= 0) & (part[columns] >= 0)
    rows, columns, values = rows[inside], columns[inside], values[inside]
    there = _looked_up(part[rows], labels[columns], values, start, end, width)
    back = _looked_up(part[columns], labels[rows], values, start, end, width)
    counted = part >= 0
    of_part = [np.bincount(part[counted], weights=one[counted])[start] for one in (residents, jobs)]
    of_area = [np.bincount(labels[counted], weights=one[counted])[end] for one in (residents, jobs)]
    out = _ratio(there**2, np.asarray(of_part[0] * of_area[1], dtype=float))
    into = _ratio(back**2, np.asarray(of_area[0] * of_part[1], dtype=float))
    return np.asarray(np.round(out + into, LINK_DECIMALS))


def _looked_up(
    rows: Ints, columns: Ints, values: Floats, start: Ints, end: Ints, width: int
) -> Floats:
    """Sum of the values of each pair asked for."""
    first, second, sums = summed(rows, columns, values, width)
    keys, wanted = first * width + second, start * width + end
    at = np.minimum(np.searchsorted(keys, wanted), max(len(keys) - 1, 0))
    if not len(keys):
        return np.zeros(len(wanted))
    return np.where(keys[at] == wanted, sums[at], 0.0)


def _ratio(part: Floats, whole: Floats) -> Floats:
    return np.divide(part, whole, out=np.zeros(len(part)), where=whole > 0)


def _strays(labels: Ints, part: Ints, residents: Floats, ranks: Ints) -> Bools:
    zone = _first_zones(part, residents, ranks)
    main = zone[np.unique(labels[zone], return_index=True)[1]]
    strays: Bools = (part >= 0) & ~np.isin(part, part[main])
    return strays


def _areas(
    areas: pd.DataFrame, after: pd.Series, link: pd.Series, moved: pd.Series
) -> pd.DataFrame:
    changed = areas.reindex(after.index)
    repaired: pd.DataFrame = changed.assign(
        area_id=after,
        decided_by=changed["decided_by"].where(~moved, "contiguity"),
        value=changed["value"].where(~moved, link),
        threshold=changed["threshold"].where(~moved),
        margin=changed["margin"].where(~moved),
    )
    return repaired.set_axis(after.index.rename(areas.index.name))


def _notes(
    before: pd.Series, after: pd.Series, moved: pd.Series, is_island: Bools
) -> Iterator[str]:
    order = np.argsort(id_ranks(before.index))
    zones = before.index[order]
    for zone in zones[moved.to_numpy()[order]]:
        yield f"zone {zone} was cut off from area {before[zone]} and went to {after[zone]}"
    for zone in zones[is_island[order]]:
        yield f"zone {zone} stays in area {after[zone]} though cut off: it touches no other area"
