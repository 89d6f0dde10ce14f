"""Connectivity: efficiency of the network and what the loss of a single link costs."""

from __future__ import annotations

from collections.abc import Callable, Sequence

import numpy as np
import pandas as pd

from agglo.transport.topology import Floats, Minutes, Topology
from agglo.transport.uses import closed_trips


def relative_efficiency(times_min: Floats, straight_min: Floats) -> float:
    """Efficiency of a network against the straight line (Latora and Marchiori 2001).

    Mean of 1/time over ordered pairs of different places, divided by the same for the ideal
    time along the straight line. A pair without a way adds 0; a pair at one point does not
    count; without any pair it is ``nan``.

    Returns
    -------
    relative_efficiency
        0–1 where no way is quicker than the ideal one.

    Examples
    --------
    >>> path = np.array([[0.0, 3, 7], [3, 0, 4], [7, 4, 0]])
    >>> straight = np.array([[0.0, 3, 5], [3, 0, 4], [5, 4, 0]])
    >>> round(relative_efficiency(path, straight), 8)
    0.92705167
    """
    pairs = ~np.eye(len(times_min), dtype=bool) & (straight_min > 0)
    if not pairs.any():
        return float("nan")
    return float((1 / times_min[pairs]).mean() / (1 / straight_min[pairs]).mean())


def counted_minutes(minutes: Floats, before_min: Floats, *, unserved_min: float) -> Floats:
    """Count no trip with more minutes than one that is cut off.

    Being cut off counts ``unserved_min``, or what the trip took before if that was more; a way
    that still exists never counts more, so that closing a road is never better than slowing it.
    """
    most = np.where(np.isfinite(before_min), np.maximum(before_min, unserved_min), unserved_min)
    return np.minimum(minutes, most)


def extra_minutes(after_min: Floats, before_min: Floats, *, unserved_min: float) -> Floats:
    """Return the minutes that each trip takes more than before, both as they are counted."""
    after, before = (
        counted_minutes(minutes, before_min, unserved_min=unserved_min)
        for minutes in (after_min, before_min)
    )
    return np.asarray(after - before)


def link_losses(
    topology: Topology,
    metric_min: Floats,
    links: pd.Series,
    *,
    origins: Sequence[str],
    destinations: Sequence[str],
    trips: Floats,
    loss: Callable[[Minutes], tuple[float, float]],
) -> pd.DataFrame:
    """What it costs to close each link, all other things equal (Jenelius et al. 2006).

    Only links on the quickest ways of trips are closed, and only the trips over them are found
    anew; the other links lose nothing, exactly. ``critical_links`` in the module
    ``criticality`` does the same for large networks, trip by trip.

    Parameters
    ----------
    metric_min
        Minutes of each arc.
    links
        Link id of each arc, indexed like ``topology.arcs``; ``''`` is never closed.
    trips
        Persons, origins × destinations; pairs without trips do not count and keep the minutes
        they have.
    loss
        Turns the skim of the network without the link into (person-minutes, persons unserved).

    Returns
    -------
    losses
        Index link id; columns ``loss_person_min`` and ``unserved_count``.
    """
    closed = closed_trips(
        topology, metric_min, links, origins=origins, destinations=destinations, wanted=trips > 0
    )
    uses = closed.uses
    losses = np.zeros((len(uses.ids), 2))
    for link in np.flatnonzero(uses.counts()).tolist():
        own = slice(uses.start[link], uses.start[link + 1])
        skim = closed.before_min.copy()
        skim[uses.origin[own], uses.destination[own]] = closed.after_min[own]
        losses[link] = loss(skim)
    return pd.DataFrame(
        losses,
        index=pd.Index(uses.ids, dtype=object),
        columns=["loss_person_min", "unserved_count"],
    )
