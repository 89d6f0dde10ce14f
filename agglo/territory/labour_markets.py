"""Labour market areas: most who live in one work in it, and most who work in it live there."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import asdict, replace

import numpy as np
import pandas as pd
from scipy import sparse

from agglo.commuting.flows import Flows, id_ranks
from agglo.territory.delineation import Delineation, named_areas
from agglo.territory.dissolution import NONE, Labels, Refusal, searched_labels
from agglo.territory.validity import (
    LEAST_VALIDITY,
    Bools,
    Standard,
    linked_zones,
    validity,
    validity_of_areas,
)
from agglo.transport.topology import Floats

NAMES_SHOWN = 10
LEAST_COUNT = 1.0
"""Residents, jobs and links that a zone needs to take part at all."""


def labour_market_areas(
    flows: Flows,
    *,
    min_size_count: float,
    min_self_containment_share: float,
    target_size_count: float,
    target_self_containment_share: float,
    keep_reserve: bool = False,
    neighbours: sparse.csr_array | None = None,
) -> Delineation:
    """Delineate labour market areas: Coombes and Bond 2008, as Istat's LabourMarketAreas 3.4 does.

    a. Left out, again and again, are zones where nobody lives or nobody works, and zones that
       exchange nobody with any other place; who commutes to or from them is not counted either.
       They are in no area, however large or self-contained.
    b. Every other zone begins as a cluster; the reserve list is empty.
    c. The cluster with the smallest ``validity`` (of equals the lowest id) is looked at; the
       search ends when it is 1 or more.
    d. That cluster is dissolved completely, one zone at a time. The next to leave has the
       largest sum of inflow from beyond what is left of the cluster and of its residents who
       work elsewhere (of equals the lowest id). It joins the cluster k with the largest link
       ``T_ik²/(R_i W_k) + T_ki²/(R_k W_i)`` (of equals the highest id; neither its own cluster
       nor the reserve list counts). If there is no linked cluster, or the validity of k would
       fall, it goes to the reserve list.
    e. Back to c.
    f. The reserve list is emptied: from the highest id to the lowest, each zone joins the
       cluster with the largest link, again and again until nothing changes. Validity is not
       looked at any more, so areas may end below 1: the notes name them.

    R and W of a cluster are who lives in it and who works in it, the other end being anywhere,
    outside places and the reserve list included; outside places are never clustered. R is the
    sum of rows, as in the reference: employed residents without a known workplace do not count.
    A cluster has the id of the zone that it began with; ids that are whole numbers are compared
    as numbers. What differs by rounding only is equal. The package compares as its numbers
    round, and of equal links it prefers clusters from which nobody comes to the zone.

    Parameters
    ----------
    min_size_count, target_size_count
        Employed residents: none of less than the first is valid (unless wholly self-contained),
        from the second on ``min_self_containment_share`` is enough.
    min_self_containment_share, target_self_containment_share
        Shares of residents and of jobs, 0–1; the second is asked of the smallest areas.
        ``STANDARDS`` holds those in use: ``labour_market_areas(flows, **asdict(standard))``.
    keep_reserve
        Stop before step f; zones on the reserve list are then in no area.
    neighbours
        Zones that touch, in the order of ``flows.inside``: areas that fall into pieces are then
        mended by ``contiguous_areas``. Contiguity is no part of the method itself.

    Returns
    -------
    labour_market_areas
        Areas are named by their zone with most jobs. ``decided_by`` is

        - 'link_share': ``value`` is the zone's link with the rest of its area, ``threshold``
          its strongest link with another area, both at the end. The margin is negative where
          the other area would have become less valid, or grew later;
        - 'validity' of a zone that is an area by itself: ``value`` against 1; with
          ``keep_reserve`` also of zones on the reserve list: the validity of the cluster they
          are linked with most, with them against without;
        - 'residents_count', 'jobs_count', 'links_count' of zones in no area: 0 against 1. Links
          are those with other places if the zone was left out at the beginning, with areas if
          it was left over at the end.

    Raises
    ------
    FlowError
        If the sizes or the shares leave no room between least and target.

    Examples
    --------
    >>> from agglo.commuting.flows import flows_from_frame
    >>> row = ["town", "farm", "port"]
    >>> flows = flows_from_frame(
    ...     pd.DataFrame([[90, 10, 0], [8, 2, 0], [0, 5, 95]], index=row, columns=row)
    ... )
    >>> found = labour_market_areas(
    ...     flows, min_size_count=50, min_self_containment_share=0.7,
    ...     target_size_count=100, target_self_containment_share=0.8,
    ... )
    >>> found.areas["area_id"].to_dict()
    {'town': 'town', 'farm': 'town', 'port': 'port'}
    """
    standard = Standard(
        min_size_count=min_size_count,
        min_self_containment_share=min_self_containment_share,
        target_size_count=target_size_count,
        target_self_containment_share=target_self_containment_share,
    )
    ranked = _in_order_of_ids(flows)
    labels, refusals = searched_labels(
        ranked.counts, standard=standard, is_outside=ranked.is_outside, keep_reserve=keep_reserve
    )
    group = pd.Series(labels, index=ranked.places).map(lambda one: "" if one == NONE else str(one))
    areas = _reasons(ranked, labels, refusals, standard)
    areas.insert(0, "area_id", named_areas(group[flows.inside], flows))
    found = Delineation(
        method="lma",
        areas=areas.reindex(flows.inside).rename_axis("zone_id"),
        parameters={**asdict(standard), "keep_reserve": keep_reserve},
        status=flows.status,
        notes=tuple(_search_notes(ranked, labels, refusals)),
    )
    if neighbours is not None:
        from agglo.territory.repair import contiguous_areas

        found = contiguous_areas(found, flows, neighbours)
    return replace(found, notes=(*found.notes, *_validity_notes(found, flows, standard)))


def _in_order_of_ids(flows: Flows) -> Flows:
    """Put places in the order that breaks ties, so that no other order leaves a trace."""
    order = np.argsort(id_ranks(flows.places))
    counts = flows.counts[order][:, order]
    counts.sort_indices()
    return replace(
        flows,
        places=flows.places[order],
        counts=counts,
        is_outside=flows.is_outside[order],
        residents_count=flows.residents_count[order],
    )


def _reasons(
    flows: Flows, labels: Labels, refusals: list[Refusal], standard: Standard
) -> pd.DataFrame:
    """Say for each place what number decided, and against which."""
    linked, residents, jobs = linked_zones(flows.counts, flows.is_outside)
    value, threshold = _links(flows.counts, labels, residents, jobs)
    decided = np.full(len(labels), "link_share", dtype=object)
    nowhere = labels == NONE
    for name, where in (
        ("links_count", nowhere),
        ("jobs_count", ~linked & (jobs <= 0)),
        ("residents_count", ~linked & (residents <= 0)),
    ):
        decided[where], value[where], threshold[where] = name, 0.0, LEAST_COUNT
    alone = ~nowhere & (np.bincount(labels[~nowhere], minlength=len(labels))[labels] == 1)
    decided[alone], threshold[alone] = "validity", LEAST_VALIDITY
    value[alone] = validity(
        residents[alone], jobs[alone], flows.counts.diagonal()[alone], standard=standard
    )
    for one in refusals:
        if nowhere[one.zone] and not np.isnan(one.validity_before):
            decided[one.zone] = "validity"
            value[one.zone], threshold[one.zone] = one.validity_after, one.validity_before
    return pd.DataFrame(
        {
            "decided_by": decided,
            "value": value,
            "threshold": threshold,
            "margin": value - threshold,
        },
        index=flows.places,
    )


def _links(
    counts: sparse.csr_array, labels: Labels, residents: Floats, jobs: Floats
) -> tuple[Floats, Floats]:
    """Link of each place with the rest of its area, and its strongest with another area."""
    size = len(labels)
    member = np.flatnonzero(labels != NONE)
    joins = sparse.csr_array((np.ones(len(member)), (member, labels[member])), shape=(size, size))
    apart = counts - sparse.diags_array(counts.diagonal())

    def one_way(flow: sparse.coo_array, own_count: Floats, other_count: Floats) -> sparse.csr_array:
        is_own = labels[flow.row] == flow.col
        rest = (other_count @ joins)[flow.col] - np.where(is_own, other_count[flow.row], 0.0)
        share = flow.data / own_count[flow.row]
        link = share * flow.data / np.maximum(rest, flow.data)
        return sparse.csr_array((link, (flow.row, flow.col)), shape=(size, size))

    out, into = (apart @ joins).tocoo(), (apart.T @ joins).tocoo()
    link = (one_way(out, residents, jobs) + one_way(into, jobs, residents)).tocoo()
    is_own = labels[link.row] == link.col
    own, other = np.zeros(size), np.zeros(size)
    own[link.row[is_own]] = link.data[is_own]
    np.maximum.at(other, link.row[~is_own], link.data[~is_own])
    return own, other


def _search_notes(flows: Flows, labels: Labels, refusals: list[Refusal]) -> Iterator[str]:
    linked = linked_zones(flows.counts, flows.is_outside)[0]
    nowhere = (labels == NONE) & linked
    reserved = np.zeros(len(labels), dtype=bool)
    reserved[[one.zone for one in refusals]] = True
    unknown = float((flows.residents_count - _row_sums(flows))[~flows.is_outside].sum())
    for where, text in (
        (
            ~linked & ~flows.is_outside,
            "left out, since nobody lives or nobody works there or nobody commutes to or from "
            "another place",
        ),
        (nowhere & reserved, "on the reserve list at the end, in no area"),
        (
            reserved & ~nowhere,
            "on the reserve list, then given to the area of the strongest link",
        ),
    ):
        if where.any():
            yield f"{_counted(where, 'zone')} {text}: {_listed(flows.places[where])}"
    if unknown >= LEAST_COUNT:
        yield (
            f"{unknown:,.0f} employed residents without a known workplace are not counted in "
            "the self-containment"
        )


def _validity_notes(found: Delineation, flows: Flows, standard: Standard) -> Iterator[str]:
    table = validity_of_areas(found, flows, standard=standard)
    table = table.iloc[np.argsort(id_ranks(table.index))]
    single = (table["zones_count"] == 1).to_numpy()
    if single.any():
        yield f"{_counted(single, 'area')} of one zone: {_listed(table.index[single])}"
    below = ~table["is_valid"].to_numpy()
    if below.any():
        named = [f"{area} ({table['validity'][area]:.3f})" for area in table.index[below]]
        yield (
            f"{_counted(below, 'area')} below validity 1, which is not looked at any more once "
            f"the reserve list is emptied: {_listed(named)}"
        )


def _row_sums(flows: Flows) -> Floats:
    return np.asarray(flows.counts.sum(axis=1), dtype=float).ravel()


def _counted(where: Bools, noun: str) -> str:
    number = int(where.sum())
    return f"{number} {noun}{'' if number == 1 else 's'}"


def _listed(names: Iterable[str]) -> str:
    texts = [str(one) for one in names]
    shown = ", ".join(texts[:NAMES_SHOWN])
    more = len(texts) - NAMES_SHOWN
    return shown if more <= 0 else f"{shown} and {more} more"
