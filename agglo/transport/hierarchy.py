"""Customisable contraction hierarchies: one order for a topology, one weighing per metric."""

from __future__ import annotations

import hashlib
import os
import tempfile
from array import array
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from agglo.transport.elimination import Numbers, eliminated_core, unique_edges

Whole = npt.NDArray[np.int32]
Floats = npt.NDArray[np.float64]
INFINITE_MS = 2**31 - 1
"""What the library takes for 'no way'."""

BLOCK_ORIGINS = 64
"""Origins that one thread answers at a time."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Hierarchy:
    """The contraction of one topology; it knows no minutes yet.

    Dibbelt, Strasser and Wagner 2016, through the library routingkit-cch.
    """

    contraction: Any
    """The library's object; read only, so threads may share it."""


def hierarchy_from_arcs(
    tail: Whole, head: Whole, x_m: Floats, y_m: Floats, *, cache: Path | None = None
) -> Hierarchy | None:
    """Order and contract the nodes of a topology.

    Parameters
    ----------
    tail, head
        Numbers of the first and last node of each arc.
    x_m, y_m
        Place of each node, in metres; the order halves the map again and again by them.
    cache
        Folder that keeps orders by the hash of what they depend on.

    Returns
    -------
    hierarchy
        ``None`` where the library is not installed: Dijkstra gives the same answers.
    """
    try:
        from routingkit_cch import CCH
    except ImportError:
        return None
    order = _kept_order(tail, head, x_m, y_m, cache)
    return Hierarchy(contraction=CCH(_packed(order), _packed(tail), _packed(head), False))


def hierarchy_rows(
    hierarchy: Hierarchy,
    metric_ms: Floats,
    from_numbers: npt.NDArray[np.intp],
    to_numbers: npt.NDArray[np.intp],
) -> Iterator[tuple[slice, Floats]]:
    """Yield blocks of rows of the time matrix, in order, from as many threads as cores.

    Parameters
    ----------
    metric_ms
        Whole milliseconds of each arc, ``inf`` for a closed one.

    Yields
    ------
    rows, milliseconds
        Which origins, and their milliseconds to every destination; ``inf`` without a way.
    """
    from routingkit_cch import CCHMetric, CCHOneToMany

    weights = np.where(np.isfinite(metric_ms), metric_ms, INFINITE_MS).astype(np.int64)
    metric = CCHMetric(hierarchy.contraction, _packed(weights))
    targets = to_numbers.tolist()

    def block(rows: slice) -> tuple[slice, Floats]:
        query = CCHOneToMany(metric, targets)
        found = [query.distances_from(source) for source in from_numbers[rows].tolist()]
        reached = np.array(found, dtype=float).reshape(len(found), len(targets))
        return rows, np.where(np.isnan(reached), np.inf, reached)

    starts = range(0, len(from_numbers), BLOCK_ORIGINS)
    blocks = [slice(start, min(start + BLOCK_ORIGINS, len(from_numbers))) for start in starts]
    threads = os.cpu_count() or 1
    with ThreadPoolExecutor(threads) as pool:
        for first in range(0, len(blocks), threads):
            yield from pool.map(block, blocks[first : first + threads])


def _kept_order(tail: Whole, head: Whole, x_m: Floats, y_m: Floats, cache: Path | None) -> Whole:
    """Return the order from the cache, or find it and keep it."""
    first, last = unique_edges(len(x_m), tail.astype(np.int64), head.astype(np.int64))
    x, y = (np.where(np.isfinite(places), places, 0.0) for places in (x_m, y_m))
    if cache is None:
        return _order(first, last, x, y)
    digest = hashlib.sha256(b"".join(part.tobytes() for part in (first, last, x, y))).hexdigest()
    path = cache / f"order-{digest[:32]}.npy"
    kept = read_order(path, len(x_m))
    if kept is None:
        kept = _order(first, last, x, y)
        write_order(path, kept)
    return kept


def _order(first: Numbers, last: Numbers, x: Floats, y: Floats) -> Whole:
    """Order the nodes: those with few neighbours first, then the core by halving the map."""
    from routingkit_cch import compute_order_inertial

    core = eliminated_core(len(x), first, last)
    if len(core.nodes) == 0:
        return core.eliminated.astype(np.int32)
    number = np.zeros(len(x), dtype=np.int64)
    number[core.nodes] = np.arange(len(core.nodes))
    places: list[Any] = [array("d", own[core.nodes].tobytes()) for own in (x, y)]
    order = compute_order_inertial(
        len(core.nodes), _packed(number[core.first]), _packed(number[core.last]), *places
    )
    inner = core.nodes[np.asarray(order, dtype=np.int64)]
    return np.concatenate([core.eliminated, inner]).astype(np.int32)


def _packed(numbers: npt.NDArray[np.integer[Any]]) -> Any:
    """Pack whole numbers as the library reads them without a Python object for each."""
    return array("I", numbers.astype(np.uintc).tobytes())


def read_order(path: Path, count: int) -> Whole | None:
    """Read a kept order of ``count`` nodes; ``None`` where there is none, or a damaged one."""
    try:
        order = np.load(path, allow_pickle=False)
    except (OSError, ValueError, EOFError):
        return None
    is_whole = order.ndim == 1 and order.dtype == np.int32 and len(order) == count
    if not is_whole or not np.array_equal(np.sort(order), np.arange(count)):
        return None
    return np.asarray(order, dtype=np.int32)


def write_order(path: Path, order: Whole) -> None:
    """Keep an order; it appears whole, or not at all where the folder cannot be written."""
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        handle, name = tempfile.mkstemp(prefix=".order-", dir=path.parent)
    except OSError:
        return
    try:
        with os.fdopen(handle, "wb") as file:
            np.save(file, order)
        Path(name).replace(path)
    except OSError:
        Path(name).unlink(missing_ok=True)
