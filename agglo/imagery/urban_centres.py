"""Clusters of cells, and urban centres: their edges smoothed, their gaps filled."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt
import shapely
from scipy import ndimage

from agglo.imagery.urban_rules import ClusterRule, UrbanRules
from agglo.imagery.urban_surfaces import UrbanSurfaces

Bools = npt.NDArray[np.bool_]
Ints = npt.NDArray[np.int64]

ROOK = ndimage.generate_binary_structure(2, 1)
QUEEN = ndimage.generate_binary_structure(2, 2)
EIGHT = ((-1, -1), (-1, 0), (-1, 1), (0, -1), (0, 1), (1, -1), (1, 0), (1, 1))
"""Rows and columns from a cell to its neighbours."""

FIVE = 5


def clusters(surfaces: UrbanSurfaces, rule: ClusterRule) -> Ints:
    """Number the clusters of dense cells that hold enough people.

    Returns
    -------
    clusters
        Rows × columns; 0 where a cell is in none, else a number from 1 in the order of the
        cells from the north-west.
    """
    dense = surfaces.density_per_km2 >= rule.density_per_km2
    if rule.built_share is not None:
        dense |= surfaces.built_per_land >= rule.built_share
    labels, found = ndimage.label(dense, structure=QUEEN if rule.touches == "queen" else ROOK)
    people = np.bincount(labels.ravel(), surfaces.people_count.ravel(), minlength=found + 1)
    kept = people >= rule.least_count
    kept[0] = False
    numbers: Ints = np.where(kept, np.cumsum(kept), 0)[labels]
    return numbers


def urban_centres(surfaces: UrbanSurfaces, rules: UrbanRules) -> Ints:
    """Number the urban centres: dense clusters, first smoothed, then without gaps.

    The order of the two is that of the reference implementation, which the manual leaves open.

    Returns
    -------
    urban_centres
        Rows × columns, 0 outside; the numbers of ``clusters``.
    """
    found = clusters(surfaces, rules.centre)
    if rules.smoothing != "none":
        found = smoothed(found, surfaces, rules)
    return filled(found, most_cells=rules.gap_km2 / surfaces.cell_km2)


def smoothed(centres: Ints, surfaces: UrbanSurfaces, rules: UrbanRules) -> Ints:
    """Add cells that a centre surrounds, again and again until none is left to add.

    A cell joins the one centre that holds more than half of its valid neighbours. Water, and
    cells that are neither land nor lived in, are no valid neighbours, not even in a centre;
    what lies beyond the raster is one. Water never joins. By R2022A five of the eight
    neighbours are needed, whatever they are. All cells of a round join at once, so no order
    of cells or centres matters.
    """
    has_land = surfaces.land_share >= rules.water_land_share
    by_majority = rules.smoothing == "majority"
    valid = np.ones(centres.shape, dtype=bool)
    may_join = valid
    if by_majority:
        valid = has_land | (surfaces.people_count > 0)
        may_join = ~is_water(surfaces, rules)
    padded = np.pad(centres, 1)
    width = padded.shape[1]
    flat = padded.ravel()
    is_valid = np.pad(valid, 1, constant_values=True).ravel()
    is_open = np.pad(may_join, 1).ravel() & (flat == 0)
    steps = np.array([row * width + column for row, column in EIGHT])
    fresh = np.flatnonzero(flat)
    while len(fresh):
        near = np.unique(fresh[:, None] + steps)
        near = near[is_open[near]]
        around = near[:, None] + steps
        counted = np.where(is_valid[around], flat[around], 0)
        best, count = _most_frequent(counted)
        needed = is_valid[around].sum(axis=1) // 2 + 1 if by_majority else FIVE
        joins = (best > 0) & (count >= needed)
        fresh = near[joins]
        flat[fresh] = best[joins]
        is_open[fresh] = False
    return padded[1:-1, 1:-1].copy()


def filled(centres: Ints, *, most_cells: float) -> Ints:
    """Fill the holes of each centre that have fewer cells than ``most_cells``.

    A hole is what sides alone do not join with the edge of the raster around the centre; what
    another centre holds in it counts to its size and stays with that centre.
    """
    out = centres.copy()
    _fill_plain(centres, out, most_cells)
    # a hole with another centre in it lies where the boxes of two centres meet
    windows = ndimage.find_objects(centres)
    for number in _meeting(windows):
        window = windows[number - 1]
        own = centres[window] == number
        holes, _ = ndimage.label(ndimage.binary_fill_holes(own) & ~own)
        sizes = np.bincount(holes.ravel())
        small = (sizes < most_cells)[holes] & (holes > 0)
        part = out[window]
        part[small & (part == 0)] = number
    return out


def is_water(surfaces: UrbanSurfaces, rules: UrbanRules) -> Bools:
    """Tell which cells are water: little land, nobody, nothing built."""
    water: Bools = surfaces.land_share < rules.water_land_share
    water &= (surfaces.people_count == 0) & (surfaces.built_share == 0)
    return water


def _most_frequent(numbers: Ints) -> tuple[Ints, Ints]:
    """Find the number above 0 that stands most often in each row, and how often."""
    best = np.zeros(len(numbers), dtype=np.int64)
    most = np.zeros(len(numbers), dtype=np.int64)
    for column in range(numbers.shape[1]):
        own = numbers[:, column]
        count = (numbers == own[:, None]).sum(axis=1)
        better = (own > 0) & (count > most)
        best[better], most[better] = own[better], count[better]
    return best, most


def _fill_plain(centres: Ints, out: Ints, most_cells: float) -> None:
    """Fill the holes that touch nothing but one centre, all at once."""
    holes, found = ndimage.label(centres == 0, structure=ROOK)
    lowest = np.full(found + 1, np.iinfo(np.int64).max)
    highest = np.zeros(found + 1, dtype=np.int64)
    for one, other in (
        (np.s_[:-1, :], np.s_[1:, :]), (np.s_[1:, :], np.s_[:-1, :]),
        (np.s_[:, :-1], np.s_[:, 1:]), (np.s_[:, 1:], np.s_[:, :-1]),
    ):  # fmt: skip
        at_border = (centres[one] == 0) & (centres[other] > 0)
        hole, beside = holes[one][at_border], centres[other][at_border]
        np.minimum.at(lowest, hole, beside)
        np.maximum.at(highest, hole, beside)
    small = (np.bincount(holes.ravel(), minlength=found + 1) < most_cells) & (lowest == highest)
    for edge in (holes[0], holes[-1], holes[:, 0], holes[:, -1]):
        small[edge] = False
    small[0] = False
    inside = small[holes]
    out[inside] = highest[holes[inside]]


def _meeting(windows: list[tuple[slice, slice] | None]) -> Ints:
    """Number the centres whose box meets the box of another."""
    there = [(number, one) for number, one in enumerate(windows, 1) if one is not None]
    if len(there) < 2:
        return np.empty(0, dtype=np.int64)
    numbers = np.array([number for number, _ in there])
    edges = np.array(
        [(one[1].start, one[0].start, one[1].stop, one[0].stop) for _, one in there], dtype=float
    )
    boxes = shapely.box(*edges.T)
    first, second = shapely.STRtree(boxes).query(boxes, predicate="intersects")
    met = np.unique(first[first != second])
    found: Ints = numbers[met]
    return found
