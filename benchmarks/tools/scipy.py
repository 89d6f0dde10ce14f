"""scipy.sparse.csgraph: Dijkstra from every origin; what all answers are compared with."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from scipy.sparse import csr_array
from scipy.sparse.csgraph import dijkstra

from benchmarks.questions import Floats, Graph, Numbers

PACKAGES = ("scipy", "numpy")
BUILDS_ANEW = False
BLOCK_ORIGINS = 50


class Built(NamedTuple):
    """A sparse matrix of seconds."""

    matrix: csr_array


def build(graph: Graph, seconds: Floats) -> Built:
    """Make the sparse matrix; a closed arc takes ``inf``."""
    count = len(graph.x_m)
    start = np.searchsorted(graph.tail, np.arange(count + 1)).astype(np.int32)
    return Built(csr_array((seconds, graph.head, start), shape=(count, count)))


def retimed(built: Built, graph: Graph, seconds: Floats) -> Built:
    """Put other weights into the same structure."""
    del graph
    kept = built.matrix
    return Built(csr_array((seconds, kept.indices, kept.indptr), shape=kept.shape))


def matrix_s(built: Built, from_numbers: Numbers, to_numbers: Numbers) -> Floats:
    """Return seconds, origins × destinations."""
    found = np.empty((len(from_numbers), len(to_numbers)))
    for start in range(0, len(from_numbers), BLOCK_ORIGINS):
        rows = slice(start, start + BLOCK_ORIGINS)
        found[rows] = dijkstra(built.matrix, indices=from_numbers[rows])[:, to_numbers]
    return found


def reached(built: Built, origins: Numbers, within_s: float) -> list[Numbers]:
    """Return the nodes within the limit of each origin."""
    rows = (dijkstra(built.matrix, indices=origin, limit=within_s) for origin in origins)
    return [np.flatnonzero(row <= within_s) for row in rows]
