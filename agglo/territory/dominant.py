"""Dominant flows: which centre each place answers to, and the areas that follow."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np
import numpy.typing as npt
import pandas as pd

from agglo.commuting.flows import Flows, id_ranks, table_from_flows
from agglo.errors import FlowError
from agglo.territory.delineation import Delineation
from agglo.transport.topology import Floats

ROUNDING = 9
"""Decimals to which counts are compared, as parts of the larger: modelled flows carry noise."""

Numbers = npt.NDArray[np.int64]


def dominant_flows(
    flows: Flows, *, size_count: pd.Series | None = None, least_count: float = 0.0
) -> pd.DataFrame:
    """Find whom each place sends most commuters to, and whether it is dominated by that place.

    A place is dominated by the place that its largest outflow goes to if that place is larger
    than itself (Nystuen and Dacey 1961): size is all who come in to work from elsewhere. Who
    lives and works in one place counts nowhere. Of equal outflows the one to the lowest id is
    taken; places of equal size do not dominate each other. A place outside may dominate and is
    never dominated: where most of its people work is not known here.

    Parameters
    ----------
    size_count
        Sizes by place, persons, where they are known from elsewhere; places it lacks keep the
        commuters who come in. A city beyond the region is larger than the region's flows show:
        give its jobs.
    least_count
        Fewest commuters of a largest outflow that still dominates.

    Returns
    -------
    dominant_flows
        Index ``place_id``, outside places last; ``largest_to``, ``largest_count``,
        ``second_to``, ``second_count`` (ids '' and counts 0 where there is none),
        ``outflow_count`` (all who work elsewhere), ``size_count`` and ``receiver_size_count``
        (of ``largest_to``, ``nan`` without), ``dominated_by`` (id or ''), ``status``:
        'dominant' (dominates, is not dominated), 'intermediate' (both), 'dominated' (is only
        dominated) or 'isolated' (neither).

    Raises
    ------
    FlowError
        If a size belongs to no place, is missing or negative, or ``least_count`` is negative.

    Examples
    --------
    >>> from agglo.commuting.flows import flows_from_frame
    >>> counts = pd.DataFrame([[9, 1, 0], [5, 9, 0], [3, 2, 9]], index=[*"abc"], columns=[*"abc"])
    >>> dominant_flows(flows_from_frame(counts))[["dominated_by", "status"]].to_numpy().tolist()
    [['', 'dominant'], ['a', 'dominated'], ['a', 'dominated']]
    """
    if not least_count >= 0:
        raise FlowError(f"least_count must be 0 or more commuters; got {least_count}")
    homes, works, counts = _between_places(flows)
    size = _sizes(flows, works, counts, size_count)
    first, second = _two_largest(flows, homes, works, counts)
    to, to_second = np.append(works, -1)[first], np.append(works, -1)[second]
    largest, next_largest = np.append(counts, 0.0)[first], np.append(counts, 0.0)[second]
    receiver = np.where(to >= 0, size[to], np.nan)
    is_dominated = _is_dominated(flows, size, receiver, largest, least_count)
    dominates = np.zeros(len(size), dtype=bool)
    dominates[to[is_dominated]] = True
    names = np.append(flows.places.to_numpy(dtype=object), "")
    return pd.DataFrame(
        {
            "largest_to": names[to],
            "largest_count": largest,
            "second_to": names[to_second],
            "second_count": next_largest,
            "outflow_count": np.bincount(homes, weights=counts, minlength=len(size)),
            "size_count": size,
            "receiver_size_count": receiver,
            "dominated_by": names[np.where(is_dominated, to, -1)],
            "status": np.where(
                is_dominated,
                np.where(dominates, "intermediate", "dominated"),
                np.where(dominates, "dominant", "isolated"),
            ).astype(object),
        },
        index=flows.places.rename("place_id"),
    )


def dominators(
    flows: Flows, *, size_count: pd.Series | None = None, least_count: float = 0.0
) -> Numbers:
    """Row of the place that dominates each place, -1 for none, for running many times.

    As ``dominant_flows`` finds them; parameters and errors are the same.
    """
    homes, works, counts = _between_places(flows)
    size = _sizes(flows, works, counts, size_count)
    first, _ = _two_largest(flows, homes, works, counts)
    to, largest = np.append(works, -1)[first], np.append(counts, 0.0)[first]
    receiver = np.where(to >= 0, size[to], np.nan)
    return np.where(_is_dominated(flows, size, receiver, largest, least_count), to, -1)


def dominant_areas(
    flows: Flows, *, size_count: pd.Series | None = None, least_count: float = 0.0
) -> Delineation:
    """Join each zone to the centre at the end of its dominant flows (Nystuen and Dacey 1961).

    ``area_id`` is the id of that centre; it may lie outside: a zone whose chain ends at Moscow
    answers to 'moscow'. Parameters and errors are those of `dominant_flows`.

    Returns
    -------
    dominant_areas
        Every ``value`` is a share. For a dominated zone ``largest_outflow_share`` decided: of
        its out-commuters those who go to the place that dominates it, against those who go to
        the next, so that ``margin`` tells how many would have to go elsewhere. For a centre
        ``size_share`` decided: its own size in the sizes of both, itself and the place it sends
        most to, against one half; a margin of 0 means equals. Where ``least_count`` alone kept
        a zone from being dominated, ``largest_outflow_share`` decided against the share that
        ``least_count`` would be, and the margin is negative. Without out-commuters there is no
        number (``no_outflow``).
    """
    table = dominant_flows(flows, size_count=size_count, least_count=least_count)
    parents = _parents(table)
    roots = _roots(parents)
    inside = ~flows.is_outside
    areas = _reasons(table, least_count)
    areas.insert(0, "area_id", flows.places.to_numpy(dtype=object)[roots])
    areas = areas[inside].rename_axis("zone_id")
    return Delineation(
        method="dominant",
        areas=areas,
        parameters={"least_count": least_count, "size_count": _size_words(size_count)},
        status=flows.status,
        notes=_notes(flows, table, roots),
    )


def chain(
    flows: Flows, zone_id: str, *, size_count: pd.Series | None = None, least_count: float = 0.0
) -> tuple[str, ...]:
    """Follow the dominant flows from one zone to its centre: zone, …, centre.

    Raises
    ------
    FlowError
        If the zone is no place of the flows.

    Examples
    --------
    >>> from agglo.commuting.flows import flows_from_frame
    >>> counts = pd.DataFrame([[9, 0, 0], [5, 9, 0], [0, 2, 9]], index=[*"abc"], columns=[*"abc"])
    >>> chain(flows_from_frame(counts), "c")
    ('c', 'b', 'a')
    """
    if zone_id not in flows.places:
        raise FlowError(
            f"'{zone_id}' is no place of the flows; name one of its {len(flows.places)} places, "
            f"such as '{flows.places[0]}'"
        )
    table = dominant_flows(flows, size_count=size_count, least_count=least_count)
    above = dict(zip(flows.places, table["dominated_by"], strict=True))
    return links_up(above, zone_id)


def links_up(above: Mapping[str, str], place: str) -> tuple[str, ...]:
    """Follow a place up to one that answers to none; sizes rise all the way.

    Parameters
    ----------
    above
        By place the one that dominates it, '' for none.
    """
    links = [place]
    while above[links[-1]]:
        links.append(above[links[-1]])
    return tuple(links)


def major_flows(flows: Flows, *, least_count: float) -> pd.DataFrame:
    """List the flows between two places of at least so many commuters, for tables and maps.

    Returns
    -------
    major_flows
        ``live``, ``work``, ``n`` in the order of the places.
    """
    table = table_from_flows(flows)
    kept = (table["live"] != table["work"]) & (table["n"] >= least_count)
    return table[kept].reset_index(drop=True)


def _between_places(flows: Flows) -> tuple[Numbers, Numbers, Floats]:
    """Return homes, works and persons of the pairs of two places."""
    pairs = flows.counts.tocoo()
    apart = pairs.row != pairs.col
    homes, works = pairs.row[apart].astype(np.int64), pairs.col[apart].astype(np.int64)
    return homes, works, pairs.data[apart]


def _sizes(flows: Flows, works: Numbers, counts: Floats, given: pd.Series | None) -> Floats:
    size = np.bincount(works, weights=counts, minlength=len(flows.places)).astype(float)
    if given is None:
        return size
    at = flows.places.get_indexer(given.index.astype(str))
    if (at < 0).any():
        unknown = given.index[at < 0][0]
        raise FlowError(
            f"size_count names '{unknown}', which is no place of the flows; use the ids of the "
            "flows' places"
        )
    own = given.to_numpy(dtype=float)
    wrong = ~(np.isfinite(own) & (own >= 0))
    if wrong.any():
        raise FlowError(
            f"size_count of '{given.index[wrong][0]}' must be 0 or more persons; "
            f"got {own[wrong][0]}"
        )
    size[at] = own
    return size


def _two_largest(
    flows: Flows, homes: Numbers, works: Numbers, counts: Floats
) -> tuple[Numbers, Numbers]:
    """Tell which pairs are the largest and the second outflow of each place; −1 without."""
    places = len(flows.places)
    most = np.zeros(places)
    np.maximum.at(most, homes, counts)
    parts = np.round(counts / most[homes], ROUNDING)
    order = np.lexsort((id_ranks(flows.places)[works], -parts, homes))
    start = np.searchsorted(homes[order], np.arange(places))
    has = np.bincount(homes, minlength=places)
    order = np.append(order, [-1, -1])
    return np.where(has > 0, order[start], -1), np.where(has > 1, order[start + 1], -1)


def _is_dominated(
    flows: Flows, size: Floats, receiver: Floats, largest: Floats, least_count: float
) -> npt.NDArray[np.bool_]:
    """Tell which zones a larger place dominates; places outside are never dominated."""
    return _is_larger(receiver, size) & (largest >= least_count) & ~flows.is_outside


def _is_larger(one: Floats, other: Floats) -> npt.NDArray[np.bool_]:
    """Tell where a size exceeds another by more than rounding; not where there is none."""
    return one - other > 10.0**-ROUNDING * np.maximum(one, other)


def _parents(table: pd.DataFrame) -> Numbers:
    above = table.index.get_indexer(pd.Index(table["dominated_by"]))
    return np.where(above >= 0, above, np.arange(len(table)))


def _roots(parents: Numbers) -> Numbers:
    """Follow each place to the end of its chain, by jumps of double length."""
    roots = parents
    while not np.array_equal(roots[roots], roots):
        roots = roots[roots]
    return roots


def _reasons(table: pd.DataFrame, least_count: float) -> pd.DataFrame:
    """Give the number that decided for each place."""
    size, receiver = table["size_count"].to_numpy(), table["receiver_size_count"].to_numpy()
    has = ~np.isnan(receiver)
    out = np.where(has, table["outflow_count"], np.nan)
    is_dominated = (table["dominated_by"] != "").to_numpy()
    is_small = ~is_dominated & _is_larger(receiver, size)
    largest = table["largest_count"].to_numpy(dtype=float) / out
    both = np.where(size + receiver > 0, size + receiver, np.nan)
    kinds = [is_dominated, is_small, has]
    words = ["largest_outflow_share", "largest_outflow_share", "size_share"]
    value = np.select(kinds, [largest, largest, size / both], np.nan)
    threshold = np.select(
        kinds, [table["second_count"] / out, least_count / out, np.full(len(out), 0.5)], np.nan
    )
    return pd.DataFrame(
        {
            "decided_by": np.select(kinds, words, "no_outflow").astype(object),
            "value": value,
            "threshold": threshold,
            "margin": value - threshold,
        },
        index=table.index,
    )


def _size_words(size_count: pd.Series | None) -> str:
    return "inflow" if size_count is None else "given for " + ", ".join(map(str, size_count.index))


def _notes(flows: Flows, table: pd.DataFrame, roots: Numbers) -> tuple[str, ...]:
    inside, places = ~flows.is_outside, flows.places
    names = list(places)
    is_dominated = (table["dominated_by"] != "").to_numpy()
    carried = table["largest_count"][is_dominated].sum()
    notes = [
        f"{int(is_dominated.sum())} dominant flows carry {carried:,.0f} of "
        f"{table['outflow_count'].sum():,.0f} commuters between two places"
    ]
    beyond = pd.Series(places[roots[inside & flows.is_outside[roots]]])
    notes += [
        f"{count} zone(s) answer to '{centre}', which lies outside"
        for centre, count in beyond.value_counts(sort=False).sort_index().items()
    ]
    to = places.get_indexer(pd.Index(table["largest_to"]))
    cut_off = inside & ~is_dominated & (to >= 0) & flows.is_outside[to]
    own, there = table["size_count"].to_numpy(), table["receiver_size_count"].to_numpy()
    notes += [
        f"'{names[at]}' sends most to '{names[to[at]]}' outside and counts as a centre all the "
        f"same, for these flows bring {there[at]:,.0f} commuters there and {own[at]:,.0f} to "
        "itself; if the outside place is larger, give its size_count"
        for at in np.flatnonzero(cut_off & (there <= own))
    ]
    return tuple(notes)
