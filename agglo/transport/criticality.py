"""Criticality: what people lose when a single link closes, in minutes × people."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import partial

import numpy as np
import numpy.typing as npt
import pandas as pd

from agglo.errors import NetworkError
from agglo.transport.bridges import bridges
from agglo.transport.closing import CloseArcs, closer
from agglo.transport.closings import Closings, closer_when_asked
from agglo.transport.connectivity import extra_minutes
from agglo.transport.replacement import replacement_minutes
from agglo.transport.topology import (
    LONGEST_MS,
    Floats,
    Minutes,
    Topology,
    milliseconds,
    node_numbers,
)
from agglo.transport.uses import ClosedTrips, Uses, link_uses, minutes_without, uses_of
from agglo.transport.ways import quickest_ways
from agglo.units import MS_PER_MINUTE

Numbers = npt.NDArray[np.intp]
Flags = npt.NDArray[np.bool_]

BATCH_LINKS = 64
"""Links that close between two looks at which others can still be among the worst."""

ROUNDING_SHARE = 1e-6
"""What a limit is raised by, so that single precision cannot push a loss above it."""

LONGEST_MIN = LONGEST_MS / MS_PER_MINUTE

TripLoss = Callable[[Floats | Minutes, Numbers, Numbers], tuple[Floats, Floats]]
"""(minutes after, rows, columns of trips) → (person-minutes lost, persons unserved) of each."""


@dataclass(frozen=True, slots=True, kw_only=True)
class _Search:
    """What every step of the search for the worst links reads."""

    uses: Uses
    close: CloseArcs
    topology: Topology
    metric_min: Floats
    arc_min: Floats
    """Minutes of each arc as the engines count them."""

    from_numbers: Numbers
    to_numbers: Numbers
    before_min: Minutes
    loss: TripLoss
    known: Closings


def critical_links(
    topology: Topology,
    metric_min: Floats,
    links: pd.Series,
    *,
    origins: Sequence[str],
    destinations: Sequence[str],
    wanted: Flags,
    loss: TripLoss,
    exact_count: int | None = None,
    known: Closings | None = None,
) -> pd.DataFrame:
    """What it costs to close each link, all other things equal (Jenelius et al. 2006).

    A link on none of the ways that people take loses nothing, exactly. A bridge cuts off all
    who use it, exactly. For any other link, the trips that use it are found anew. With an
    ``exact_count`` this is done only until so many of the worst are certain: first, each link
    is given the most it can lose, by the quickest way around each of its arcs.

    Parameters
    ----------
    metric_min
        Minutes of each arc.
    links
        Link id of each arc, indexed by the arcs of the topology; ``''`` never closes.
    wanted
        Which trips count, origins × destinations.
    loss
        What each trip loses by new minutes, ``inf`` where it is cut off; see ``trip_loss``. Of
        finite minutes it must be 0 for those the trip took, and never less for more.
    exact_count
        How many links must be exact, from the worst down; ``None`` for all.
    known
        What was found for the same metric, links and wanted trips; it takes in what is found now.

    Returns
    -------
    critical_links
        Index link id, sorted. ``loss_person_min`` and ``unserved_count``: not a number where
        only a limit is known. ``most_person_min``: no loss exceeds it; the loss itself where
        ``is_exact``. ``is_bridge``: without the link the network falls apart. A link that is
        not exact loses no more than the last of the ``exact_count`` worst.

    Raises
    ------
    NetworkError
        If ``exact_count`` is below 1, a node is unknown, or a minute is no time.
    """
    if exact_count is not None and exact_count < 1:
        raise NetworkError(f"exact_count is {exact_count}; wanted 1 or more, or None for all links")
    from_numbers = node_numbers(topology, list(origins))
    to_numbers = node_numbers(topology, list(destinations))
    ways = quickest_ways(topology, metric_min, from_numbers, to_numbers, wanted=wanted)
    uses = link_uses(topology, links, ways)
    used_count = int(np.count_nonzero(uses.counts()))
    search = _Search(
        uses=uses,
        close=closer_when_asked(partial(closer, topology, metric_min, closings_count=used_count)),
        topology=topology,
        metric_min=metric_min,
        arc_min=milliseconds(topology, metric_min) / MS_PER_MINUTE,
        from_numbers=from_numbers,
        to_numbers=to_numbers,
        before_min=ways.minutes,
        loss=loss,
        known=Closings() if known is None else known,
    )
    is_bridge_arc = bridge_arcs(topology, metric_min, uses.code)
    found = _searched(search, is_bridge_arc, exact_count)
    is_bridge = np.bincount(uses.code[is_bridge_arc & (uses.code >= 0)], minlength=len(uses.ids))
    found["is_bridge"] = is_bridge > 0
    return found


def losses_from_closed(closed: ClosedTrips, loss: TripLoss) -> pd.DataFrame:
    """Count the losses of every link from trips that were found once, by ``closed_trips``.

    Returns
    -------
    losses
        Index link id, sorted; columns ``loss_person_min`` and ``unserved_count``.
    """
    uses = closed.uses
    lost, unserved = _added_up(uses, np.arange(len(uses.ids)), closed.after_min, loss)
    return pd.DataFrame(
        {"loss_person_min": lost, "unserved_count": unserved},
        index=pd.Index(uses.ids, dtype=object),
    )


def trip_loss(trips: Floats, before_min: Minutes, *, unserved_min: float) -> TripLoss:
    """Make the loss of persons who lose the minutes that their trip takes more.

    Minutes count as in ``extra_minutes``: a trip that is cut off counts ``unserved_min``.

    Parameters
    ----------
    trips
        Persons, origins × destinations.
    before_min
        Minutes of the network as it is, from ``skim``.
    """

    def loss(after_min: Floats | Minutes, rows: Numbers, columns: Numbers) -> tuple[Floats, Floats]:
        before, persons = before_min[rows, columns].astype(float), trips[rows, columns]
        extra = extra_minutes(after_min.astype(float), before, unserved_min=unserved_min)
        return persons * extra, persons * (np.isinf(after_min) & np.isfinite(before))

    return loss


def bridge_arcs(topology: Topology, metric_min: Floats, code: Numbers) -> Flags:
    """Mark the open arcs whose link alone joins their two ends, either way.

    Parameters
    ----------
    code
        Number of the link of each arc, −1 for an arc that never closes.
    """
    arcs = np.flatnonzero(np.isfinite(milliseconds(topology, metric_min)))
    count = len(topology.nodes)
    low = np.minimum(topology.tail[arcs], topology.head[arcs]).astype(np.int64)
    high = np.maximum(topology.tail[arcs], topology.head[arcs])
    key = ((code[arcs] + 1) * count + low) * count + high
    edges, which = np.unique(key, return_inverse=True)
    first, last = np.divmod(edges % (count * count), max(1, count))
    marked = np.zeros(len(metric_min), dtype=bool)
    marked[arcs] = bridges(count, first, last)[which]
    return marked


def _searched(search: _Search, is_bridge_arc: Flags, exact_count: int | None) -> pd.DataFrame:
    """Find the worst links: those that can lose most are closed first."""
    uses, is_exact = search.uses, _are_cut(search.uses, is_bridge_arc)
    lost, unserved = np.zeros(len(is_exact)), np.zeros(len(is_exact))
    sure, rest = (np.flatnonzero(which & (uses.counts() > 0)) for which in (is_exact, ~is_exact))
    gone = np.full(int(uses.counts()[sure].sum()), np.inf)
    lost[sure], unserved[sure] = _added_up(uses, sure, gone, search.loss)
    most = np.where(is_exact, lost, np.inf)
    if exact_count is not None:
        most[rest] = _limits(search, rest)
    while len(chosen := _candidates(lost, most, is_exact, exact_count)):
        lost[chosen], unserved[chosen] = _losses(search, chosen)
        most[chosen], is_exact[chosen] = lost[chosen], True
    return pd.DataFrame(
        {
            "loss_person_min": np.where(is_exact, lost, np.nan),
            "unserved_count": np.where(is_exact, unserved, np.nan),
            "most_person_min": most,
            "is_exact": is_exact,
        },
        index=pd.Index(uses.ids, dtype=object),
    )


def _are_cut(uses: Uses, is_bridge_arc: Flags) -> Flags:
    """Mark the links that cut off all who use them: every trip goes over a bridge of theirs."""
    bridges_before = np.concatenate([[0], np.cumsum(is_bridge_arc[uses.arc])])
    others_before = np.concatenate([[0], np.cumsum(np.diff(bridges_before[uses.step]) == 0)])
    are_cut: Flags = np.diff(others_before[uses.start]) == 0
    return are_cut


def _candidates(lost: Floats, most: Floats, is_exact: Flags, exact_count: int | None) -> Numbers:
    """Return the links to close next, those that can lose most first."""
    if exact_count is None:
        return np.flatnonzero(~is_exact)
    exact = np.sort(lost[is_exact])
    least = exact[-exact_count] if len(exact) >= exact_count else -np.inf
    still = np.flatnonzero(~is_exact & (most > least))
    return still[np.argsort(-most[still], kind="stable")][:BATCH_LINKS]


def _losses(search: _Search, chosen: Numbers) -> tuple[Floats, Floats]:
    """Close each chosen link and find its trips anew."""

    def found(links: Numbers) -> Minutes:
        return minutes_without(
            search.uses,
            links,
            search.close,
            from_numbers=search.from_numbers,
            to_numbers=search.to_numbers,
        )

    after = search.known.trips_without(chosen, search.uses.counts()[chosen], found)
    return _added_up(search.uses, chosen, after, search.loss)


def _limits(search: _Search, chosen: Numbers) -> Floats:
    """Return the most that each chosen link can lose: every trip goes around each arc of it.

    A trip that has no way around an arc may be cut off, or go any way there is.
    """
    uses = search.uses
    use, place = uses_of(uses, chosen)
    counts = uses.step[use + 1] - uses.step[use]
    bounds = np.cumsum(counts) - counts
    step = np.arange(counts.sum()) + np.repeat(uses.step[use] - bounds, counts)
    more = np.add.reduceat(_around(search, uses.arc[step]), bounds)
    before = search.before_min[uses.origin[use], uses.destination[use]]
    after = (before + more) * (1 + ROUNDING_SHARE)
    trips = uses.origin[use], uses.destination[use]
    either = (
        search.loss(minutes, *trips)[0] for minutes in (after, np.minimum(after, LONGEST_MIN))
    )
    return np.bincount(place, weights=np.maximum(*either), minlength=len(chosen)).astype(float)


def _around(search: _Search, arcs: Numbers) -> Floats:
    """Return the minutes that the way around each arc takes more, its whole link being closed."""
    own, which = np.unique(arcs, return_inverse=True)

    def found() -> Floats:
        closed = [search.uses.arcs[link] for link in search.uses.code[own].tolist()]
        return replacement_minutes(
            search.topology, search.metric_min, own, closed, close=search.close
        )

    around = search.known.ways_around(len(own), found)
    return (around - search.arc_min[own])[which]


def _added_up(
    uses: Uses, chosen: Numbers, after_min: Floats | Minutes, loss: TripLoss
) -> tuple[Floats, Floats]:
    """Add up what the trips over each chosen link lose; ``after_min`` goes use by use."""
    use, place = uses_of(uses, chosen)
    lost, unserved = (
        np.bincount(place, weights=part, minlength=len(chosen)).astype(float)
        for part in loss(after_min, uses.origin[use], uses.destination[use])
    )
    return lost, unserved
