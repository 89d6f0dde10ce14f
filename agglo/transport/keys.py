"""Hashes of networks: what a question about one mode depends on, whatever else is in the run."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import numpy.typing as npt
import pandas as pd

from agglo.contents import content_sha256
from agglo.transport.topology import Floats, Topology

Words = npt.NDArray[np.uint64]


def arc_words(topology: Topology) -> Words:
    """Hash the id and both nodes of every arc, arcs × 3."""
    nodes = _words(topology.nodes)
    return np.column_stack([_words(topology.arcs), nodes[topology.tail], nodes[topology.head]])


def metric_sha256(
    words: Words, topology: Topology, metric_min: Floats, columns: Sequence[pd.Series] = ()
) -> str:
    """Hash the open arcs of one metric: ids, ends, minutes, and columns of the arcs.

    Arcs that other scenarios add are closed here and do not count. Whether there is a hierarchy
    does: with it only the worst links are closed exactly.

    Parameters
    ----------
    words
        From ``arc_words`` of the topology.
    columns
        Texts or numbers by arc, in the order of the topology.
    """
    is_open = np.isfinite(metric_min)
    own = [one[is_open] for one in columns]
    told = [_words(one) if one.dtype.kind not in "fiub" else one.to_numpy() for one in own]
    return content_sha256(
        topology.hierarchy is not None, words[is_open], metric_min[is_open], *told
    )


def _words(texts: pd.Index | pd.Series) -> Words:
    """Hash texts, 64 bits each: two that differ in one place are told apart but for 1 in 2⁶⁴."""
    values = texts.to_numpy(dtype=object)
    found: Words = pd.util.hash_array(values, categorize=len(values) > 0)
    return found
