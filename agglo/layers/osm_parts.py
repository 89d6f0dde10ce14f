"""The largest part of a street network within which every mode can get everywhere and back."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
import pandas as pd
from scipy.sparse import coo_array
from scipy.sparse.csgraph import connected_components

from agglo.layers.osm_file import Ints
from agglo.layers.osm_points import Flags, Floats
from agglo.layers.osm_tags import BACKWARD, FORWARD

PIECES_SHOWN = 3


class Part(NamedTuple):
    """What one mode keeps and loses."""

    is_kept: Flags
    """Links inside the largest part."""

    kept_km: float
    lost_count: int
    lost_km: float
    parts_count: int
    """Pieces that the lost links form among themselves."""

    largest: str
    """Names the largest lost pieces by the street that has most of each, with their km."""


def largest_part(start: Ints, end: Ints, bits: Ints, length_km: Floats, names: pd.Series) -> Part:
    """Find the strongly connected part with the most km.

    A link belongs to it if both its ends do and the mode may use the link; if two parts have the
    same length, that of the lowest node id is kept.

    Parameters
    ----------
    start, end
        Node ids of each link.
    bits
        Directions that the mode may use; 0 is closed.
    names
        What each link is called, ``''`` if nothing.
    """
    used = np.flatnonzero(bits)
    is_kept = np.zeros(len(bits), dtype=bool)
    if not len(used):
        return Part(is_kept, 0.0, 0, 0.0, 0, "")
    _, place = np.unique(np.concatenate([start[used], end[used]]), return_inverse=True)
    tail, head = place[: len(used)], place[len(used) :]
    count, km = place.max() + 1, length_km[used]
    forward, backward = (bits[used] & FORWARD) > 0, (bits[used] & BACKWARD) > 0
    from_place = np.concatenate([tail[forward], head[backward]])
    to_place = np.concatenate([head[forward], tail[backward]])
    part = _parts(from_place, to_place, count, connection="strong")
    inside = part[tail] == part[head]
    km_of_part = np.bincount(part[tail[inside]], km[inside], minlength=part.max() + 1)
    # places stand in the order of node ids, so the first place of a part is its lowest id
    lowest_place = np.unique(part, return_index=True)[1]
    is_inside = inside & (part[tail] == np.lexsort((lowest_place, -km_of_part))[0])
    is_kept[used[is_inside]] = True
    lost = np.flatnonzero(~is_inside)
    pieces = _parts(tail[lost], head[lost], count, connection="weak")[tail[lost]]
    rows = pd.DataFrame(
        {"piece": pieces, "km": km[lost], "name": names.to_numpy(dtype=object)[used[lost]]}
    )
    return Part(
        is_kept=is_kept,
        kept_km=float(km[is_inside].sum()),
        lost_count=len(lost),
        lost_km=float(km[lost].sum()),
        parts_count=rows["piece"].nunique(),
        largest=_largest(rows),
    )


def _parts(tail: Ints, head: Ints, count: int, *, connection: str) -> Ints:
    """Number the parts of a network of ``count`` places."""
    graph = coo_array((np.ones(len(tail)), (tail, head)), shape=(count, count))
    part: Ints = connected_components(graph, connection=connection)[1]
    return part


def _largest(rows: pd.DataFrame) -> str:
    """Name the largest pieces by the street that has most of each."""
    km = rows.groupby("piece")["km"].sum().sort_values(ascending=False, kind="stable")
    found = []
    for piece, total_km in km[:PIECES_SHOWN].items():
        streets = rows[(rows["piece"] == piece) & (rows["name"] != "")]
        by_name = streets.groupby("name")["km"].sum().sort_values(ascending=False, kind="stable")
        name = by_name.index[0] if len(by_name) else "without a name"
        found.append(f"{name} ({total_km:.2f} km)")
    return ", ".join(found)
