"""Time matrices (skims): the quickest way from every origin to every destination."""

from __future__ import annotations

import json
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
import pandas as pd
from scipy.sparse import csr_array
from scipy.sparse.csgraph import dijkstra

from agglo.errors import NetworkError, OutputError
from agglo.folders import whole_folder
from agglo.transport.hierarchy import BLOCK_ORIGINS, hierarchy_rows
from agglo.transport.topology import (
    LONGEST_MS,
    Floats,
    Minutes,
    Topology,
    milliseconds,
    node_numbers,
)
from agglo.units import MS_PER_MINUTE

DIJKSTRA_NUMBERS = 20_000_000
"""Numbers that one call of Dijkstra may hold, origins × nodes."""

Numbers = npt.NDArray[np.intp]


def skim(
    topology: Topology, metric_min: Floats, origins: Sequence[str], destinations: Sequence[str]
) -> Minutes:
    """Return the minutes of the quickest way between named nodes.

    Parameters
    ----------
    metric_min
        Minutes of each arc of the topology, 0 or more; ``inf`` closes an arc.
    origins, destinations
        Names of nodes of the topology.

    Returns
    -------
    skim
        Minutes, origins × destinations, ``inf`` where there is no way.

    Raises
    ------
    NetworkError
        If a minute is negative or not a number, or a node is unknown.
    """
    return travel_minutes(
        topology,
        metric_min,
        node_numbers(topology, list(origins)),
        node_numbers(topology, list(destinations)),
    )


def travel_minutes(
    topology: Topology, metric_min: Floats, from_numbers: Numbers, to_numbers: Numbers
) -> Minutes:
    """Return the minutes of the quickest way between numbered nodes.

    By the topology's hierarchy if it has one (Dibbelt et al. 2016), else by Dijkstra (1959)
    through scipy; both add up whole milliseconds and give the same numbers.
    """
    times = np.empty((len(from_numbers), len(to_numbers)), dtype=np.float32)
    for rows, minutes in _blocks(topology, metric_min, from_numbers, to_numbers):
        times[rows] = minutes
    return times


def write_skim(
    path: Path,
    topology: Topology,
    metric_min: Floats,
    origins: Sequence[str],
    destinations: Sequence[str],
) -> Path:
    """Stream a time matrix to disk, for matrices that are too large to hold.

    A Zarr array of float32 minutes, origins × destinations, with the names of both as its
    attributes; only a block of rows is in memory. The folder appears whole or not at all.

    Raises
    ------
    OutputError
        If the folder is there already or cannot be written.
    """
    if path.exists():
        raise OutputError(f"{path} is there already; name a new folder for the skim")
    from_numbers = node_numbers(topology, list(origins))
    to_numbers = node_numbers(topology, list(destinations))
    with whole_folder(path) as temporary:
        blocks = _blocks(topology, metric_min, from_numbers, to_numbers)
        _write_blocks(temporary, blocks, list(origins), list(destinations))
    return path


def read_skim(path: Path, origins: Sequence[str] = ()) -> pd.DataFrame:
    """Read some rows of a streamed time matrix, or all of them.

    Raises
    ------
    NetworkError
        If the folder holds no time matrix or lacks an origin.
    """
    zarr = _zarr()
    try:
        stored = zarr.open_array(store=str(path), mode="r")
        names = [json.loads(str(stored.attrs[face])) for face in ("origins", "destinations")]
    except (OSError, KeyError, ValueError) as error:
        raise NetworkError(f"{path} holds no time matrix of agglo: {error}") from error
    if not origins:
        return pd.DataFrame(stored[:], index=names[0], columns=names[1])
    rows = pd.Index(names[0]).get_indexer(pd.Index(origins))
    if (rows < 0).any():
        unknown = list(origins)[int(np.flatnonzero(rows < 0)[0])]
        raise NetworkError(f"{path} has no origin '{unknown}'")
    return pd.DataFrame(stored.oindex[rows], index=list(origins), columns=names[1])


def distances(
    topology: Topology,
    metric_min: Floats,
    sources: Numbers,
    *,
    backward: bool = False,
) -> Floats:
    """Return minutes from each source to every node, or to each source where ``backward``."""
    metric_ms = milliseconds(topology, metric_min)
    return _dijkstra(topology, metric_ms, sources, backward=backward) / MS_PER_MINUTE


def matrix_from_metric(topology: Topology, metric: Floats, *, backward: bool = False) -> csr_array:
    """Read arcs and weights as a sparse matrix; a closed arc stays in it and never wins."""
    tail, head, weight = topology.tail, topology.head, metric
    if backward:
        order = np.argsort(head, kind="stable")
        tail, head, weight = head[order], tail[order], weight[order]
    count = len(topology.nodes)
    start = np.searchsorted(tail, np.arange(count + 1)).astype(np.int32)
    return csr_array((weight, head, start), shape=(count, count))


def _blocks(
    topology: Topology, metric_min: Floats, from_numbers: Numbers, to_numbers: Numbers
) -> Iterator[tuple[slice, Minutes]]:
    """Yield blocks of rows of the matrix, in minutes."""
    metric_ms = milliseconds(topology, metric_min)
    if len(from_numbers) == 0 or len(to_numbers) == 0:
        return
    if topology.hierarchy is not None:
        rows = hierarchy_rows(topology.hierarchy, metric_ms, from_numbers, to_numbers)
    else:
        rows = _dijkstra_rows(topology, metric_ms, from_numbers, to_numbers)
    for origins, found in rows:
        yield origins, (found / MS_PER_MINUTE).astype(np.float32)


def _dijkstra_rows(
    topology: Topology, metric_ms: Floats, from_numbers: Numbers, to_numbers: Numbers
) -> Iterator[tuple[slice, Floats]]:
    step = max(1, DIJKSTRA_NUMBERS // len(topology.nodes) // BLOCK_ORIGINS) * BLOCK_ORIGINS
    for start in range(0, len(from_numbers), step):
        rows = slice(start, min(start + step, len(from_numbers)))
        yield rows, _dijkstra(topology, metric_ms, from_numbers[rows])[:, to_numbers]


def _dijkstra(
    topology: Topology, metric_ms: Floats, sources: Numbers, *, backward: bool = False
) -> Floats:
    graph = matrix_from_metric(topology, metric_ms, backward=backward)
    found = np.asarray(dijkstra(graph, indices=sources), dtype=float)
    return np.where(found > LONGEST_MS, np.inf, found)


def _write_blocks(
    folder: Path,
    blocks: Iterator[tuple[slice, Minutes]],
    origins: list[str],
    destinations: list[str],
) -> None:
    stored = _zarr().create_array(
        store=str(folder),
        shape=(len(origins), len(destinations)),
        chunks=(BLOCK_ORIGINS, max(1, len(destinations))),
        dtype="float32",
        attributes={
            "unit": "min",
            "origins": json.dumps(origins, ensure_ascii=False),
            "destinations": json.dumps(destinations, ensure_ascii=False),
        },
        overwrite=True,
    )
    for rows, minutes in blocks:
        stored[rows] = minutes


def _zarr() -> Any:
    try:
        import zarr
    except ImportError as error:
        raise OutputError(
            "a time matrix on disk needs zarr; say: pip install 'agglo[skims]'"
        ) from error
    return zarr
