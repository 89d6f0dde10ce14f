"""Which single link cuts which place off."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

import numpy as np
import numpy.typing as npt
import pandas as pd

from agglo.errors import NetworkError
from agglo.transport.closing import CloseArcs, closer
from agglo.transport.replacement import replacement_minutes
from agglo.transport.topology import Floats, Topology, node_numbers
from agglo.transport.uses import Uses, link_uses, minutes_without
from agglo.transport.ways import Flags, Ways, quickest_ways

Numbers = npt.NDArray[np.intp]


def cut_off(
    topology: Topology,
    metric_min: Floats,
    links: pd.Series,
    *,
    origins: Sequence[str],
    destinations: Sequence[str],
    people_count: pd.Series,
    hubs: Sequence[str],
) -> pd.DataFrame:
    """List the places that a single link cuts off when it closes.

    A place is cut off from some others if it had a way to at least one of them and has none to
    any, or likewise none from any of them back. One-way streets count as they are.

    Parameters
    ----------
    metric_min
        Minutes of each arc; ``inf`` closes it.
    links
        Link id of each arc, indexed by the arcs of the topology; ``''`` never closes.
    origins, destinations
        Nodes where the trips of each place start and end, in the order of ``people_count``.
    people_count
        People by place id.
    hubs
        Ids of the places that must be reached, such as the core; may be empty.

    Returns
    -------
    cut_off
        One row for each link and place that it cuts off, ordered by both: ``link_id``,
        ``place_id``, ``people_count``, ``is_cut_from_hubs`` (from every hub; never
        a hub itself) and ``is_cut_from_all`` (from every other place).

    Raises
    ------
    NetworkError
        If there are more or fewer nodes than places, an id stands twice, or a hub is no place.
    """
    places = people_count.index
    _check_places(places, origins, destinations, hubs)
    ends = node_numbers(topology, list(origins)), node_numbers(topology, list(destinations))
    others = ~np.eye(len(places), dtype=bool)
    to_hubs = ~places.isin(hubs)[:, None] & places.isin(hubs)
    ways, cut = quickest_ways(topology, metric_min, *ends, wanted=others), {}
    for name, wanted in (("is_cut_from_hubs", to_hubs), ("is_cut_from_all", others)):
        out = _cut(topology, metric_min, links, ends, ways, wanted=wanted, is_out=True)
        back = _cut(topology, metric_min, links, ends, ways, wanted=wanted.T, is_out=False)
        cut[name] = out | back
    rows = sorted(set().union(*cut.values()))
    found = pd.DataFrame(
        {
            "link_id": [link for link, _ in rows],
            "place_id": [places[place] for _, place in rows],
            "people_count": [people_count.iloc[place] for _, place in rows],
            **{name: np.array([row in own for row in rows], bool) for name, own in cut.items()},
        }
    )
    return found.sort_values(["link_id", "place_id"], ignore_index=True)


def _check_places(
    places: pd.Index, origins: Sequence[str], destinations: Sequence[str], hubs: Sequence[str]
) -> None:
    for what, given in (("origins", origins), ("destinations", destinations)):
        if len(given) != len(places):
            raise NetworkError(
                f"{what} names {len(given)} nodes for {len(places)} places; give one for each"
            )
    if places.has_duplicates:
        twice = places[places.duplicated()][0]
        raise NetworkError(f"place {twice!r} stands twice in people_count; give each one row")
    unknown = [hub for hub in hubs if hub not in places]
    if unknown:
        raise NetworkError(
            f"hub {unknown[0]!r} is none of the places; give it a row in people_count"
        )


def _cut(
    topology: Topology,
    metric_min: Floats,
    links: pd.Series,
    ends: tuple[Numbers, Numbers],
    ways: Ways,
    *,
    wanted: Flags,
    is_out: bool,
) -> set[tuple[str, int]]:
    """Pair each link with the places that lose every way out, or back, when it closes.

    Only a link on all the ways of a place, with no way around one of its arcs there, can do
    that, so no other is closed.
    """
    ways_count = (np.isfinite(ways.minutes) & wanted).sum(axis=1 if is_out else 0)
    uses = link_uses(topology, links, _steps(ways, wanted[ways.origin, ways.destination]))
    key = _keys(uses, len(ways_count), is_out=is_out)
    is_needed = np.bincount(key, minlength=1)[key] == ways_count[key % len(ways_count)]
    uses = link_uses(topology, links, _some_uses(ways, uses, is_needed))
    close = closer(topology, metric_min, closings_count=len(uses.origin))
    has_none = _has_no_way_around(topology, metric_min, uses, close)
    uses = link_uses(topology, links, _some_uses(ways, uses, has_none))
    chosen = np.flatnonzero(uses.counts())
    after = minutes_without(uses, chosen, close, from_numbers=ends[0], to_numbers=ends[1])
    key = _keys(uses, len(ways_count), is_out=is_out)
    held = set(key[np.isfinite(after)].tolist())
    lost = sorted(set(key.tolist()) - held)
    return {(uses.ids[one // len(ways_count)], one % len(ways_count)) for one in lost}


def _steps(ways: Ways, kept: Flags) -> Ways:
    """Keep some steps of ways."""
    return replace(
        ways, origin=ways.origin[kept], destination=ways.destination[kept], arc=ways.arc[kept]
    )


def _some_uses(ways: Ways, uses: Uses, kept: Flags) -> Ways:
    """Keep some uses, as the steps that they are made of."""
    counts = np.diff(uses.step)
    own = replace(
        ways,
        origin=np.repeat(uses.origin, counts).astype(np.int32),
        destination=np.repeat(uses.destination, counts).astype(np.int32),
        arc=uses.arc.astype(np.int32),
    )
    return _steps(own, np.repeat(kept, counts))


def _has_no_way_around(
    topology: Topology, metric_min: Floats, uses: Uses, close: CloseArcs
) -> Flags:
    """Mark the uses that go over an arc without a way around, its link being closed."""
    own, which = np.unique(uses.arc, return_inverse=True)
    closed = [uses.arcs[link] for link in uses.code[own].tolist()]
    around = replacement_minutes(topology, metric_min, own, closed, close=close)
    before = np.concatenate([[0], np.cumsum(np.isinf(around)[which])])
    has_none: Flags = np.diff(before[uses.step]) > 0
    return has_none


def _keys(uses: Uses, places_count: int, *, is_out: bool) -> Numbers:
    """Number the pairs of link and place of all uses."""
    link = np.repeat(np.arange(len(uses.ids)), uses.counts())
    return link * places_count + (uses.origin if is_out else uses.destination)
