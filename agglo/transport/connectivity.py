"""Connectivity: efficiency of the network and what the loss of a single link costs."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import numpy.typing as npt
import pandas as pd

from agglo.transport.network import Floats, Topology
from agglo.transport.skims import distances, node_numbers

USED_TOLERANCE_MIN = 1e-9


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
    origins: list[str],
    destinations: list[str],
    trips: Floats,
    loss: Callable[[Floats], tuple[float, float]],
) -> pd.DataFrame:
    """What it costs to close each link, all other things equal (Jenelius et al. 2006).

    Only links that lie on a quickest way of at least one trip are closed and recomputed; the
    others lose nothing, exactly.

    Parameters
    ----------
    metric_min
        Minutes of each arc.
    links
        Link id of each arc, indexed like ``topology.arcs``; ``''`` is never closed.
    trips
        Persons, origins × destinations; pairs without trips do not count.
    loss
        Turns the skim of the network without the link into (person-minutes, persons unserved).

    Returns
    -------
    losses
        Index link id; columns ``loss_person_min`` and ``unserved_count``.
    """
    from_number = node_numbers(topology, origins)
    to_number = node_numbers(topology, destinations)
    out = distances(topology, metric_min, from_number)
    back = distances(topology, metric_min, to_number, backward=True)
    ids = links.reindex(topology.arcs).fillna("").to_numpy(dtype=str)
    used = _used_arcs(topology, metric_min, out, back, out[:, to_number], trips)
    rows = dict.fromkeys(sorted(set(ids) - {""}), (0.0, 0.0))
    for link in sorted(set(ids[used]) - {""}):
        closed = np.where(ids == link, np.inf, metric_min)
        rows[link] = loss(distances(topology, closed, from_number)[:, to_number])
    return pd.DataFrame.from_dict(
        rows, orient="index", columns=["loss_person_min", "unserved_count"], dtype=float
    )


def _used_arcs(
    topology: Topology,
    metric_min: Floats,
    out: Floats,
    back: Floats,
    best: Floats,
    trips: Floats,
) -> npt.NDArray[np.bool_]:
    """Mark the arcs on a quickest way of at least one trip, one origin after the other."""
    used = np.zeros(len(metric_min), dtype=bool)
    for origin in range(len(best)):
        through = out[origin, topology.tail] + metric_min + back[:, topology.head]
        limit = np.where(trips[origin] > 0, best[origin], -np.inf) + USED_TOLERANCE_MIN
        used |= (np.isfinite(through) & (through <= limit[:, None])).any(axis=0)
    return used
