"""Which trips use which link, and their minutes once it is closed."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import pandas as pd

from agglo.transport.closing import CloseArcs, Closing, closer
from agglo.transport.topology import Floats, Minutes, Topology, node_numbers
from agglo.transport.ways import Flags, Ways, quickest_ways

Numbers = npt.NDArray[np.intp]


@dataclass(frozen=True, slots=True, kw_only=True)
class Ends:
    """The rows or columns of the trips over each link, each named once."""

    number: Numbers
    """Row or column, link by link."""

    start: Numbers
    """Place in ``number`` where those of each link begin, and the count of all."""

    place: Numbers
    """Place of each use among those of its link."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Uses:
    """One row for each link and trip over it, ordered by link."""

    ids: tuple[str, ...]
    """Every link that can close, sorted; the number of a link is its place here."""

    code: Numbers
    """Number of the link of each arc of the topology, −1 for an arc that never closes."""

    origin: Numbers
    """Row of the trip of each use."""

    destination: Numbers
    """Column of the trip of each use."""

    step: Numbers
    """Place in ``arc`` where the arcs of each use begin, and the count of all."""

    arc: Numbers
    """The arcs of the link that each use goes over, use by use."""

    start: Numbers
    """Number of the first use of each link, and the count of all uses."""

    arcs: tuple[list[int], ...]
    """All arcs of each link."""

    origins: Ends
    destinations: Ends

    def counts(self) -> Numbers:
        """Count the uses of each link."""
        return np.diff(self.start)


@dataclass(frozen=True, slots=True, kw_only=True)
class ClosedTrips:
    """The trips over each link with it closed; losses of all kinds are counted from them."""

    uses: Uses
    before_min: Minutes
    """Origins × destinations, the network whole."""

    after_min: Minutes
    """Of each use, its link being closed; ``inf`` where it is cut off."""


def closed_trips(
    topology: Topology,
    metric_min: Floats,
    links: pd.Series,
    *,
    origins: Sequence[str],
    destinations: Sequence[str],
    wanted: Flags,
) -> ClosedTrips:
    """Close every link in turn and find anew the trips over it.

    Parameters
    ----------
    metric_min
        Minutes of each arc.
    links
        Link id of each arc, indexed by the arcs of the topology; ``''`` never closes.
    wanted
        Which trips count, origins × destinations.

    Raises
    ------
    NetworkError
        If a node is unknown, or a minute is no time.
    """
    ends = {
        "from_numbers": node_numbers(topology, list(origins)),
        "to_numbers": node_numbers(topology, list(destinations)),
    }
    ways = quickest_ways(topology, metric_min, **ends, wanted=wanted)
    uses = link_uses(topology, links, ways)
    used = np.flatnonzero(uses.counts())
    close = closer(topology, metric_min, closings_count=len(used))
    after = minutes_without(uses, used, close, **ends)
    return ClosedTrips(uses=uses, before_min=ways.minutes, after_min=after)


def link_uses(topology: Topology, links: pd.Series, ways: Ways) -> Uses:
    """List the trips that go over each link.

    Parameters
    ----------
    links
        Link id of each arc, indexed by the arcs of the topology; ``''`` never closes.
    """
    ids, code = link_codes(topology, links)
    rows, columns = ways.minutes.shape
    link = code[ways.arc]
    key = (link * rows + ways.origin) * columns + ways.destination
    order = np.argsort(key, kind="stable")
    order = order[np.searchsorted(link[order], 0) :]
    step = np.flatnonzero(np.diff(key[order], prepend=-1))
    used = order[step]
    link, origin, destination = (
        one[used].astype(np.intp) for one in (link, ways.origin, ways.destination)
    )
    arcs = np.argsort(code, kind="stable")
    ends = np.searchsorted(code[arcs], np.arange(len(ids) + 1))
    return Uses(
        ids=ids,
        code=code,
        origin=origin,
        destination=destination,
        step=np.append(step, len(order)),
        arc=ways.arc[order].astype(np.intp),
        start=np.searchsorted(link, np.arange(len(ids) + 1)),
        arcs=tuple(part.tolist() for part in np.split(arcs, ends)[1:-1]),
        origins=_ends(link, origin, links_count=len(ids), ends_count=rows),
        destinations=_ends(link, destination, links_count=len(ids), ends_count=columns),
    )


def link_codes(topology: Topology, links: pd.Series) -> tuple[tuple[str, ...], Numbers]:
    """Return the ids of links, sorted, and the number of each arc's link, −1 for none."""
    own = links if links.index.equals(topology.arcs) else links.reindex(topology.arcs)
    code, ids = pd.factorize(own.fillna("").astype(object), sort=True)
    if len(ids) and ids[0] == "":
        code, ids = code - 1, ids[1:]
    return tuple(ids), np.asarray(code, dtype=np.intp)


def uses_of(uses: Uses, chosen: Numbers) -> tuple[Numbers, Numbers]:
    """List the uses of some links, link by link, and the place of each one's link among them."""
    return _listed(uses.start, chosen)


def minutes_without(
    uses: Uses,
    chosen: Numbers,
    close: CloseArcs,
    *,
    from_numbers: Numbers,
    to_numbers: Numbers,
) -> Minutes:
    """Close each chosen link in turn and find the trips over it anew.

    Returns
    -------
    minutes
        Of each use of the chosen links, in the order of ``uses_of``.
    """
    starts, ends = from_numbers[uses.origins.number], to_numbers[uses.destinations.number]
    closings = [
        Closing(
            arcs=uses.arcs[link],
            starts=starts[uses.origins.start[link] : uses.origins.start[link + 1]].tolist(),
            ends=ends[uses.destinations.start[link] : uses.destinations.start[link + 1]].tolist(),
        )
        for link in chosen.tolist()
    ]
    use, place = uses_of(uses, chosen)
    rows, columns = (np.diff(side.start)[chosen] for side in (uses.origins, uses.destinations))
    first = np.cumsum(rows * columns) - rows * columns
    cell = first[place] + uses.origins.place[use] * columns[place] + uses.destinations.place[use]
    found: Minutes = close(closings)[cell]
    return found


def _ends(link: Numbers, number: Numbers, *, links_count: int, ends_count: int) -> Ends:
    pairs, which = np.unique(link * max(1, ends_count) + number, return_inverse=True)
    owner, own = np.divmod(pairs, max(1, ends_count))
    start = np.searchsorted(owner, np.arange(links_count + 1))
    return Ends(number=own, start=start, place=which - start[link])


def _listed(start: Numbers, chosen: Numbers) -> tuple[Numbers, Numbers]:
    """Write out the rows of some groups, and the place of each row's group among them."""
    counts = np.diff(start)[chosen]
    place = np.repeat(np.arange(len(chosen)), counts)
    within = np.arange(len(place)) - (np.cumsum(counts) - counts)[place]
    return start[chosen][place] + within, place
