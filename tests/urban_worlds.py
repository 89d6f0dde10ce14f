"""Cells drawn by hand for the degree of urbanisation, and its rules a second time, cell by cell."""

from __future__ import annotations

import numpy as np

from agglo.imagery.urban_rules import ClusterRule, UrbanRules
from agglo.imagery.urban_surfaces import UrbanSurfaces
from agglo.rasters import Grid

MOLLWEIDE = "ESRI:54009"


def grid_of(
    shape: tuple[int, int], *, west: float = 300_000, north: float = 6_000_000, cell: float = 1000
) -> Grid:
    return Grid(
        crs=MOLLWEIDE, transform=(cell, 0, west, 0, -cell, north), height=shape[0], width=shape[1]
    )


def surfaces_of(people: object, *, built: object = 0.0, land: object = 1.0) -> UrbanSurfaces:
    counts = np.asarray(people, dtype=float)
    return UrbanSurfaces(
        grid=grid_of(counts.shape),
        people_count=counts,
        built_share=np.broadcast_to(np.asarray(built, dtype=float), counts.shape).copy(),
        land_share=np.broadcast_to(np.asarray(land, dtype=float), counts.shape).copy(),
    )


def neighbours(at: tuple[int, int], *, queen: bool) -> list[tuple[int, int]]:
    """List the cells around one, those beyond the raster too."""
    row, column = at
    return [
        (row + i, column + j)
        for i in (-1, 0, 1)
        for j in (-1, 0, 1)
        if (i, j) != (0, 0) and (queen or i == 0 or j == 0)
    ]


def is_inside(at: tuple[int, int], shape: tuple[int, int]) -> bool:
    return 0 <= at[0] < shape[0] and 0 <= at[1] < shape[1]


def parts_of(cells: set[tuple[int, int]], *, queen: bool) -> list[set[tuple[int, int]]]:
    """Split cells into parts that hang together, by walking from cell to cell."""
    left, found = set(cells), []
    for start in sorted(cells):
        if start not in left:
            continue
        part, open_ends = {start}, [start]
        left.discard(start)
        while open_ends:
            for near in neighbours(open_ends.pop(), queen=queen):
                if near in left:
                    left.discard(near)
                    part.add(near)
                    open_ends.append(near)
        found.append(part)
    return found


def slow_clusters(surfaces: UrbanSurfaces, rule: ClusterRule) -> list[set[tuple[int, int]]]:
    people, land, built = surfaces.people_count, surfaces.land_share, surfaces.built_share
    dense = set()
    for at in np.ndindex(people.shape):
        if land[at] > 0:
            enough = people[at] / land[at] >= rule.density_per_km2
            if rule.built_share is not None:
                enough = enough or np.round(built[at] / land[at], 3) >= rule.built_share
        else:
            enough = people[at] > 0 or (built[at] > 0 and rule.built_share is not None)
        if enough:
            dense.add(at)
    return [
        part
        for part in parts_of(dense, queen=rule.touches == "queen")
        if sum(people[at] for at in sorted(part)) >= rule.least_count
    ]


def slow_centres(surfaces: UrbanSurfaces, rules: UrbanRules) -> list[set[tuple[int, int]]]:
    centres = slow_clusters(surfaces, rules.centre)
    if rules.smoothing != "none":
        centres = slow_smoothed(centres, surfaces, rules)
    return slow_filled(centres, surfaces.people_count.shape, rules.gap_km2)


def slow_smoothed(
    centres: list[set[tuple[int, int]]], surfaces: UrbanSurfaces, rules: UrbanRules
) -> list[set[tuple[int, int]]]:
    shape = surfaces.people_count.shape
    people, land, built = surfaces.people_count, surfaces.land_share, surfaces.built_share
    centres = [set(one) for one in centres]
    while True:
        joins = []
        taken = set().union(*centres)
        for at in np.ndindex(shape):
            if at in taken:
                continue
            around = neighbours(at, queen=True)
            if rules.smoothing == "majority":
                if land[at] < 0.5 and people[at] == 0 and built[at] == 0:
                    continue
                around = [
                    one
                    for one in around
                    if not is_inside(one, shape) or land[one] >= 0.5 or people[one] > 0
                ]
                needed = len(around) / 2 + 0.25
            else:
                needed = 5
            joins += [
                (at, number)
                for number, centre in enumerate(centres)
                if sum(one in centre for one in around) >= needed
            ]
        if not joins:
            return centres
        for at, number in joins:
            centres[number].add(at)


def slow_filled(
    centres: list[set[tuple[int, int]]], shape: tuple[int, int], gap_km2: float
) -> list[set[tuple[int, int]]]:
    """Fill holes: what is not of a centre and cannot be left for the border by sides alone."""
    everything = set(np.ndindex(shape))
    holes = []
    for number, centre in enumerate(centres):
        for part in parts_of(everything - centre, queen=False):
            at_border = any(at[0] in (0, shape[0] - 1) or at[1] in (0, shape[1] - 1) for at in part)
            if not at_border and len(part) < gap_km2:
                holes.append((len(part), number, part))
    filled, taken = [set(one) for one in centres], set().union(*centres)
    for _, number, part in sorted(holes, key=lambda hole: hole[:2]):
        filled[number] |= part - taken
        taken |= part
    return filled


def slow_levels(
    surfaces: UrbanSurfaces, rules: UrbanRules
) -> tuple[np.ndarray, np.ndarray, list[set[tuple[int, int]]]]:
    """Class cells one after another."""
    shape = surfaces.people_count.shape
    centres = slow_centres(surfaces, rules)
    in_centre = set().union(*centres)
    urban = set().union(*slow_clusters(surfaces, rules.cluster))
    dense = set().union(*slow_clusters(surfaces, rules.dense))
    village = set().union(*slow_clusters(surfaces, rules.rural_cluster))
    denser = in_centre | dense
    semi_dense = set()
    for part in slow_clusters(surfaces, rules.semi_dense):
        apart = min(
            (max(abs(a[0] - b[0]), abs(a[1] - b[1])) for a in part for b in denser), default=99
        )
        if apart > rules.buffer_count:
            semi_dense |= part
    first, second = np.zeros(shape, dtype=int), np.zeros(shape, dtype=int)
    for at in np.ndindex(shape):
        people, land = surfaces.people_count[at], surfaces.land_share[at]
        water = land < 0.5 and people == 0 and surfaces.built_share[at] == 0
        low = people >= 50 * land and (land > 0 or people > 0)
        first[at] = 3 if at in in_centre else 2 if at in urban else 0 if water else 1
        second[at] = (
            30 if at in in_centre
            else 23 if at in dense
            else 22 if at in semi_dense
            else 21 if at in urban
            else 13 if at in village
            else 12 if low
            else 10 if water
            else 11
        )  # fmt: skip
    return first, second, centres


def drawn_surfaces(random: np.random.Generator, shape: tuple[int, int]) -> UrbanSurfaces:
    """Draw a world of some towns, lakes and works, with thresholds met to the very number."""
    size = shape[0] * shape[1]
    people = random.choice([0, 0, 40, 50, 299, 300, 900, 1500, 12_000, 26_000], size=size)
    land = random.choice([0.0, 0.3, 0.5, 1.0, 1.0, 1.0, 1.0, 1.0], size=size)
    built = random.choice([0.0, 0.0, 0.0, 0.05, 0.1995, 0.2, 0.5], size=size) * land
    built = np.where(land == 0, random.choice([0.0, 0.01], size=size), built)
    return surfaces_of(people.reshape(shape), built=built.reshape(shape), land=land.reshape(shape))
