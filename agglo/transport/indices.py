"""Indices of a whole network: circuits, density, detour, efficiency, algebraic connectivity."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt
import pandas as pd
from scipy.sparse import csc_array, csr_array
from scipy.sparse.csgraph import connected_components, dijkstra
from scipy.sparse.linalg import eigsh

from agglo.errors import NetworkError
from agglo.transport.topology import Floats

Numbers = npt.NDArray[np.intp]

DENSE_NODES = 500
"""Up to so many nodes all eigenvalues are found at once."""

BLOCK_NUMBERS = 10_000_000
"""Numbers of a block of rows of a distance matrix."""


def planar_indices(
    nodes_count: int, tail: Numbers, head: Numbers, *, length_km: Floats
) -> pd.Series:
    """Indices of a network as an undirected planar graph (Garrison and Marble 1962; Kansky 1963).

    Directions and parallel links between two nodes count as one link, the shortest; loops do
    not count. Every node counts, so leave out nodes that only bend a road.

    Parameters
    ----------
    nodes_count
        Nodes are numbered from 0 to this, not included.
    tail, head
        Ends of each link.
    length_km
        Length of each link.

    Returns
    -------
    planar_indices
        ``nodes_count`` v, ``links_count`` e, ``parts_count`` p, ``circuits_count``
        μ = e − v + p, ``alpha_share`` = μ / (2v − 5), ``links_per_node`` β = e / v,
        ``gamma_share`` = e / (3(v − 2)), ``mean_link_km`` η. Alpha and gamma are not numbers
        below three nodes, beta without nodes, eta without links.

    Examples
    --------
    >>> ends = np.array([0, 0, 0, 1, 1, 2]), np.array([1, 2, 3, 2, 3, 3])
    >>> k4 = planar_indices(4, *ends, length_km=np.full(6, 2.0))
    >>> k4[["alpha_share", "links_per_node", "gamma_share", "mean_link_km"]].tolist()
    [1.0, 1.5, 1.0, 2.0]
    """
    first, _, km = simple_links(nodes_count, tail, head, length_km)
    parts, _ = connected_components(_symmetric(nodes_count, tail, head), directed=False)
    links = len(first)
    circuits = links - nodes_count + parts
    is_plane = nodes_count >= 3
    return pd.Series(
        {
            "nodes_count": nodes_count,
            "links_count": links,
            "parts_count": parts,
            "circuits_count": circuits,
            "alpha_share": circuits / (2 * nodes_count - 5) if is_plane else np.nan,
            "links_per_node": links / nodes_count if nodes_count else np.nan,
            "gamma_share": links / (3 * (nodes_count - 2)) if is_plane else np.nan,
            "mean_link_km": km.sum() / links if links else np.nan,
        },
        dtype=float,
    )


def simple_links(
    nodes_count: int, tail: Numbers, head: Numbers, weight: Floats
) -> tuple[Numbers, Numbers, Floats]:
    """Join directions and parallel links into one, of the least weight; drop loops.

    Returns
    -------
    first, last, weight
        First is the lower number; ordered by both.
    """
    _check_ends(nodes_count, tail, head, weight)
    low, high = np.minimum(tail, head).astype(np.int64), np.maximum(tail, head)
    pair = low * nodes_count + high
    order = np.lexsort((weight, pair))
    order = order[(low != high)[order]]
    kept = order[np.diff(pair[order], prepend=-1) > 0]
    return low[kept].astype(np.intp), high[kept].astype(np.intp), weight[kept]


def detours(network_km: Floats, straight_km: Floats, *, trips: Floats | None = None) -> pd.Series:
    """Compare ways through the network with straight lines, read in two ways (Barthélemy 2011).

    The ratio of sums says how much farther all people go together; the mean of ratios how much
    farther a trip is, short ones weighing as much as long ones. Both count trips, if given.

    Parameters
    ----------
    network_km, straight_km
        Origins × destinations; also minutes and ideal minutes. Pairs at one point are left out.
    trips
        Persons of each pair; without them 1.

    Returns
    -------
    detours
        ``ratio_of_sums`` and ``mean_of_ratios``, 1 where all ways are straight, over the pairs
        that have a way; ``unserved_share`` of the trips that have none.

    Examples
    --------
    >>> path = np.array([[0.0, 3, 7], [3, 0, 4], [7, 4, 0]])
    >>> straight = np.array([[0.0, 3, 5], [3, 0, 4], [5, 4, 0]])
    >>> detours(path, straight).round(6).tolist()
    [1.166667, 1.133333, 0.0]
    """
    counted = np.ones_like(straight_km) if trips is None else trips
    apart = (straight_km > 0) & (counted > 0)
    served = apart & np.isfinite(network_km)
    weight, way, straight = counted[served], network_km[served], straight_km[served]
    total = weight.sum()
    return pd.Series(
        {
            "ratio_of_sums": weight @ way / (weight @ straight) if total else np.nan,
            "mean_of_ratios": weight @ (way / straight) / total if total else np.nan,
            "unserved_share": 1 - total / counted[apart].sum() if apart.any() else np.nan,
        }
    )


def global_efficiency(distances: Floats) -> float:
    """Efficiency of a network: the mean of 1/distance over ordered pairs (Latora, Marchiori 2001).

    Parameters
    ----------
    distances
        Every node to every node: hops, km or minutes. A pair without a way, ``inf``, adds 0;
        a pair at no distance makes it infinite.

    Returns
    -------
    global_efficiency
        In 1 / the unit of distance; not a number below two nodes.

    Examples
    --------
    >>> cycle = np.array([[0.0, 1, 2, 1], [1, 0, 1, 2], [2, 1, 0, 1], [1, 2, 1, 0]])
    >>> round(global_efficiency(cycle), 6)
    0.833333
    """
    pairs = ~np.eye(len(distances), dtype=bool)
    if not pairs.any():
        return float("nan")
    with np.errstate(divide="ignore"):
        return float((1 / distances[pairs]).mean())


def network_efficiency(
    nodes_count: int, tail: Numbers, head: Numbers, *, weight: Floats | None = None
) -> float:
    """Efficiency between all nodes of a directed network, by hops or by weights above 0.

    Works through the origins in blocks; see ``global_efficiency``. Give a two-way link once in
    each direction.
    """
    own = np.ones(len(tail)) if weight is None else weight
    _check_ends(nodes_count, tail, head, own)
    if nodes_count < 2:
        return float("nan")
    order = np.lexsort((own, head, tail))
    pair = tail[order].astype(np.int64) * nodes_count + head[order]
    kept = order[np.diff(pair, prepend=-1) > 0]
    graph = csr_array((own[kept], (tail[kept], head[kept])), shape=(nodes_count, nodes_count))
    total, size = 0.0, max(1, BLOCK_NUMBERS // nodes_count)
    for first in range(0, nodes_count, size):
        rows = np.arange(first, min(first + size, nodes_count))
        reach = np.asarray(dijkstra(graph, indices=rows))
        reach[np.arange(len(rows)), rows] = np.inf
        total += float((1 / reach).sum())
    return total / (nodes_count * (nodes_count - 1))


def algebraic_connectivity(
    nodes_count: int, tail: Numbers, head: Numbers, *, minutes: Floats | None = None
) -> float:
    """Second eigenvalue of the Laplacian: how hard a network is to cut in two (Fiedler 1973).

    Directions and parallel links between two nodes count as one link, the quickest, which binds
    by 1/minutes, or by 1 without minutes.

    Returns
    -------
    algebraic_connectivity
        0 for a network in parts; not a number below two nodes.

    Raises
    ------
    NetworkError
        If a link takes no time or ends at no node.

    Examples
    --------
    >>> square = np.array([0, 1, 2, 3]), np.array([1, 2, 3, 0])
    >>> round(algebraic_connectivity(4, *square), 6)
    2.0
    """
    taken = np.ones(len(tail)) if minutes is None else minutes
    first, last, taken = simple_links(nodes_count, tail, head, taken)
    if (taken <= 0).any():
        raise NetworkError(
            "a link takes no time and would bind without end; give it minutes above 0"
        )
    if nodes_count < 2:
        return float("nan")
    is_open = np.isfinite(taken)
    first, last, taken = first[is_open], last[is_open], taken[is_open]
    parts, _ = connected_components(_symmetric(nodes_count, first, last), directed=False)
    if parts > 1:
        return 0.0
    bond = 1 / taken
    degree = np.bincount(
        np.concatenate([first, last]), weights=np.tile(bond, 2), minlength=nodes_count
    )
    every = np.arange(nodes_count)
    laplacian = csc_array(
        (
            np.concatenate([degree, -bond, -bond]),
            (np.concatenate([every, first, last]), np.concatenate([every, last, first])),
        ),
        shape=(nodes_count, nodes_count),
    )
    return _second_eigenvalue(laplacian)


def _second_eigenvalue(laplacian: csc_array) -> float:
    """Find it densely for few nodes, else by Lanczos around 0 from a start of its own."""
    count = laplacian.shape[0]
    if count <= DENSE_NODES:
        return float(np.linalg.eigvalsh(laplacian.toarray())[1])
    scale = float(laplacian.diagonal().mean())
    start = np.cos(np.arange(count) + 0.5)
    values = eigsh(
        laplacian, k=2, sigma=-1e-6 * scale, which="LM", v0=start, return_eigenvectors=False
    )
    return float(np.sort(values)[1])


def _symmetric(nodes_count: int, tail: Numbers, head: Numbers) -> csr_array:
    return csr_array((np.ones(len(tail)), (tail, head)), shape=(nodes_count, nodes_count))


def _check_ends(nodes_count: int, tail: Numbers, head: Numbers, weight: Floats) -> None:
    if not len(tail) == len(head) == len(weight):
        raise NetworkError(
            f"{len(tail)} tails, {len(head)} heads and {len(weight)} weights; wanted one of each"
        )
    wrong = (np.minimum(tail, head) < 0) | (np.maximum(tail, head) >= nodes_count)
    if wrong.any():
        raise NetworkError(
            f"link {np.flatnonzero(wrong)[0]} ends at none of the nodes 0 to {nodes_count - 1}"
        )
    if not (weight >= 0).all():
        raise NetworkError(
            f"link {np.flatnonzero(~(weight >= 0))[0]} has a weight below 0 or not a number"
        )
