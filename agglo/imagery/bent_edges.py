"""Cuts straight edges so that they can be moved into a CRS in which they are bent."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt
import pyproj
import shapely

from agglo.rasters import Floats

MOST_SAG = 0.01
"""Moved edges deviate by less than this from where they should run, in cells."""

FLAT_SAG = 1e-6
"""Edges that bend less, in cells, need no vertex where a neighbour has one."""

SAME_PLACE = 1e-9
"""Vertices so near to an edge, by the size of their coordinates, lie on it: some millimetres."""

ROUNDS = 12
MOST_PIECES = 64
"""Pieces into which an edge is cut in one round."""

LOOKS = (0.25, 0.5, 0.75)
"""Where along an edge its bend is measured."""

Numbers = npt.NDArray[np.int64]


def bent(
    coordinates: Floats, rings: Numbers, forward: pyproj.Transformer, cell: tuple[float, float]
) -> tuple[Floats, Numbers, Numbers]:
    """Cut the edges of rings, still in their own CRS, until what is moved runs true.

    An edge is cut at the same places whichever way a ring runs along it; where a vertex of
    another ring lies on it, it gets that vertex first.

    Parameters
    ----------
    coordinates
        x, y of the vertices, ring after ring.
    rings
        Where each ring starts in it, and the end of the last.
    cell
        Width and height of a cell in the CRS moved to.

    Returns
    -------
    coordinates, rings, broken
        ``broken`` are the vertices whose edge cannot be moved: none where all is well.
    """
    starts = _edge_starts(rings)
    sag = _sag(coordinates[starts], coordinates[starts + 1], forward, cell)
    coordinates, rings = _with_vertices_of_others(coordinates, rings, starts[sag > FLAT_SAG])
    for _ in range(ROUNDS):
        starts = _edge_starts(rings)
        sag = _sag(coordinates[starts], coordinates[starts + 1], forward, cell)
        if not np.isfinite(sag).all():
            break
        pieces = np.clip(np.ceil(np.sqrt(sag / MOST_SAG)), 1, MOST_PIECES).astype(np.int64)
        if (pieces == 1).all():
            return coordinates, rings, starts[:0]
        coordinates, rings = _cut(coordinates, rings, starts, pieces)
    return coordinates, rings, starts[~(sag <= MOST_SAG)]


def _edge_starts(rings: Numbers) -> Numbers:
    """Vertices from which an edge leads on: all but the last of each ring."""
    is_start = np.ones(int(rings[-1]), dtype=bool)
    is_start[rings[1:] - 1] = False
    return np.flatnonzero(is_start)


def _sag(
    first: Floats, last: Floats, forward: pyproj.Transformer, cell: tuple[float, float]
) -> Floats:
    """Largest distance between moved edges and the straight lines in their place, in cells."""

    def moved(at: Floats) -> Floats:
        return np.column_stack(forward.transform(*at.T)) / cell

    from_, to = moved(first), moved(last)
    sag = np.zeros(len(first))
    with np.errstate(invalid="ignore"):
        for look in LOOKS:
            off = moved(first + look * (last - first)) - (from_ + look * (to - from_))
            # what runs along the edge is no bend, but tells as well that it is stretched
            sag = np.maximum(sag, np.hypot(*off.T))
    return sag


def _cut(
    coordinates: Floats, rings: Numbers, starts: Numbers, pieces: Numbers
) -> tuple[Floats, Numbers]:
    """Cut edges into equal pieces, at the same places in both directions."""
    starts, pieces = starts[pieces > 1], pieces[pieces > 1]
    first, last = coordinates[starts], coordinates[starts + 1]
    is_back = (first[:, 0] > last[:, 0]) | (
        (first[:, 0] == last[:, 0]) & (first[:, 1] > last[:, 1])
    )
    low, high = np.where(is_back[:, None], last, first), np.where(is_back[:, None], first, last)
    edge = np.repeat(np.arange(len(starts)), pieces - 1)
    ends = np.cumsum(pieces - 1)
    step = np.arange(ends[-1]) - np.repeat(ends - (pieces - 1), pieces - 1) + 1
    step = np.where(is_back[edge], pieces[edge] - step, step)
    share = (step / pieces[edge])[:, None]
    return _inserted(coordinates, rings, starts[edge], low[edge] + share * (high - low)[edge])


def _with_vertices_of_others(
    coordinates: Floats, rings: Numbers, starts: Numbers
) -> tuple[Floats, Numbers]:
    """Give edges the vertices of other rings that lie on them."""
    if len(starts) == 0:
        return coordinates, rings
    vertices = np.unique(coordinates, axis=0)
    lines = shapely.linestrings(np.stack([coordinates[starts], coordinates[starts + 1]], axis=1))
    near = SAME_PLACE * np.abs(coordinates).max()
    tree = shapely.STRtree(shapely.points(vertices))
    edge, vertex = tree.query(lines, predicate="dwithin", distance=near)
    first, last, at = coordinates[starts[edge]], coordinates[starts[edge] + 1], vertices[vertex]
    along = last - first
    length = np.hypot(*along.T)
    share = ((at - first) * along).sum(axis=1) / np.maximum(length, near) ** 2
    inside = (share * length > near) & ((1 - share) * length > near)
    order = np.lexsort((share[inside], edge[inside]))
    return _inserted(coordinates, rings, starts[edge[inside][order]], at[inside][order])


def _inserted(
    coordinates: Floats, rings: Numbers, starts: Numbers, vertices: Floats
) -> tuple[Floats, Numbers]:
    """Put vertices behind others, in the order given."""
    before = np.searchsorted(starts, np.arange(int(rings[-1]) + 1))
    return np.insert(coordinates, starts + 1, vertices, axis=0), rings + before[rings]
