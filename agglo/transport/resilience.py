"""Resilience: what is left of a network as one link after the other goes."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import pandas as pd
from scipy.sparse import csr_array
from scipy.sparse.csgraph import connected_components

from agglo.errors import NetworkError
from agglo.transport.skims import skim
from agglo.transport.topology import Floats, Topology
from agglo.transport.uses import link_codes
from agglo.transport.ways import Flags


def resilience_curve(
    topology: Topology,
    metric_min: Floats,
    links: pd.Series,
    *,
    order: Sequence[str],
    origins: Sequence[str],
    destinations: Sequence[str],
    at_once_count: int = 1,
) -> pd.DataFrame:
    """Remove links one after the other, and measure what holds (Albert, Jeong, Barabási 2000).

    Parameters
    ----------
    metric_min
        Minutes of each arc; ``inf`` closes it.
    links
        Link id of each arc, indexed by the arcs of the topology.
    order
        Links in the order of removal; see ``worst_first`` and ``random_order``.
    origins, destinations
        Nodes where the trips of each place start and end, in one order.
    at_once_count
        Links that go in one step, for long orders.

    Returns
    -------
    resilience_curve
        One row per step, from 0, the whole network; ``removed_id`` is the last link removed,
        ``removed_count`` how many are gone. ``largest_component_share`` of the nodes that had an
        open arc hang together, directions aside. ``efficiency_share``: the mean of 1/minutes
        between places as a share of step 0; pairs at one point do not count. Neither ever rises.

    Raises
    ------
    NetworkError
        If a link of the order is unknown or stands twice, or ``at_once_count`` is below 1.
    """
    ids, code = link_codes(topology, links)
    _check_order(order, ids, at_once_count)
    turn = np.full(len(ids) + 1, len(order))
    turn[pd.Index(ids).get_indexer(pd.Index(order, dtype=object))] = np.arange(len(order))
    is_met = np.zeros(len(topology.nodes), dtype=bool)
    is_open = np.isfinite(metric_min)
    is_met[topology.tail[is_open]] = is_met[topology.head[is_open]] = True
    whole = _minutes(topology, metric_min, origins, destinations)
    apart = ~np.eye(len(whole), dtype=bool) & (whole > 0)
    rows = []
    for gone in [*range(0, len(order), at_once_count), len(order)]:
        left = np.where(turn[code] < gone, np.inf, metric_min)
        minutes = _minutes(topology, left, origins, destinations)[apart]
        share = _largest_share(topology, left, is_met)
        rows.append((order[gone - 1] if gone else "", gone, share, float((1 / minutes).sum())))
    curve = pd.DataFrame(
        rows,
        columns=["removed_id", "removed_count", "largest_component_share", "efficiency_share"],
    )
    first = curve["efficiency_share"].iloc[0]
    curve["efficiency_share"] /= first if first > 0 else np.nan
    return curve.rename_axis("step")


def worst_first(values: pd.Series) -> list[str]:
    """Order links by what they carry or what their loss costs, the most first, ties by id."""
    ordered = values.sort_index().sort_values(ascending=False, kind="stable")
    return [str(link) for link in ordered.index]


def random_order(links: pd.Series, *, seed: int) -> list[str]:
    """Shuffle the ids of links; the same for the same links and seed, whatever their order."""
    ids = sorted(set(links.dropna()) - {""})
    return [ids[place] for place in np.random.default_rng(seed).permutation(len(ids))]


def _minutes(
    topology: Topology, metric_min: Floats, origins: Sequence[str], destinations: Sequence[str]
) -> Floats:
    return skim(topology, metric_min, origins, destinations).astype(float)


def _largest_share(topology: Topology, metric_min: Floats, is_met: Flags) -> float:
    if not is_met.any():
        return float("nan")
    is_open = np.isfinite(metric_min)
    ends = topology.tail[is_open], topology.head[is_open]
    count = len(topology.nodes)
    graph = csr_array((np.ones(len(ends[0])), ends), shape=(count, count))
    _, part = connected_components(graph, directed=False)
    return float(np.bincount(part[is_met]).max() / is_met.sum())


def _check_order(order: Sequence[str], ids: Sequence[str], at_once_count: int) -> None:
    unknown = sorted(set(order) - set(ids))
    if unknown:
        raise NetworkError(f"link '{unknown[0]}' of the order has no arc; take ids from 'links'")
    if len(set(order)) < len(order):
        twice = next(one for one in order if list(order).count(one) > 1)
        raise NetworkError(f"link '{twice}' stands twice in the order; it can go only once")
    if at_once_count < 1:
        raise NetworkError(f"at_once_count is {at_once_count}; wanted 1 link or more in a step")
