"""Where the people of units live: in urban centres, urban clusters or rural cells."""

from __future__ import annotations

from collections.abc import Iterator

import geopandas as gpd
import numpy as np
import pandas as pd
import shapely
from scipy import sparse

from agglo.errors import LayerError
from agglo.imagery.coverage import coverage_from_zones
from agglo.imagery.moved_zones import polygons_on_grid
from agglo.imagery.urban_cells import (
    CENTRE,
    CENTRE_2,
    CLUSTER,
    DENSE,
    LOW,
    RURAL_CLUSTER,
    SEMI_DENSE,
    SUBURBAN,
    UrbanCells,
)
from agglo.imagery.urban_centres import Ints
from agglo.rasters import Floats, Grid

CELLS_AT_ONCE = 10_000_000
"""Small cells in memory while units are drawn on them."""

SHARE_DECIMALS = 9
"""Shares that agree so far are equal: exact fractions of cells come as floats of 32 bits."""

LEVEL_2_PARTS = {
    "dense": DENSE, "semi_dense": SEMI_DENSE, "suburban": SUBURBAN,
    "rural_cluster": RURAL_CLUSTER, "low_density": LOW,
}  # fmt: skip
"""Shares of a unit by class of level 2; the rest of what is no centre is 'very_low_density'."""


def unit_cells(
    cells: UrbanCells, units: gpd.GeoDataFrame, *, parts_count: int | None = None
) -> sparse.csr_array:
    """Say which part of each cell lies in each unit.

    Parameters
    ----------
    units
        Index ids, polygons in any CRS.
    parts_count
        Without it fractions are exact. With it each side of a cell is cut into so many parts
        (20 make the official 50 m), and a part belongs to the unit that holds its middle; a unit
        that holds no middle takes all parts that it touches.

    Returns
    -------
    unit_cells
        Units × cells (rows of the raster one after another), 0–1.

    Raises
    ------
    LayerError
        If units are no polygons, have no CRS, or none lies on the raster.
    """
    grid = cells.surfaces.grid
    if parts_count is None:
        return coverage_from_zones(grid, units).shares
    if parts_count < 1:
        raise LayerError(f"a cell is cut into 1 part or more a side; got {parts_count}")
    polygons = polygons_on_grid(grid, units)
    hits = list(_hits(grid, polygons, parts_count))
    unit, cell = (np.concatenate([found[at] for found in hits]) for at in (0, 1))
    size = (len(units), grid.height * grid.width)
    ones = np.full(len(unit), 1.0 / parts_count**2)
    # a part lies in one unit, so entries of one cell add up to at most 1
    return sparse.csr_array(sparse.coo_array((ones, (unit, cell)), shape=size))


def urban_unit_shares(cells: UrbanCells, inside: sparse.csr_array, units: pd.Index) -> pd.DataFrame:
    """Share out the people and the land of units over the classes of cells.

    Parameters
    ----------
    inside
        As ``unit_cells`` gives it, in the order of ``units``.

    Returns
    -------
    urban_unit_shares
        Index of the units; ``population_count``, ``land_km2``, ``covered_km2`` (on the raster);
        of its people ``centre_share``, ``cluster_share``, ``rural_share`` (level 1, add up to 1,
        or to 0 where nobody lives) and ``dense_share``, ``semi_dense_share``,
        ``suburban_share``, ``rural_cluster_share``, ``low_density_share``,
        ``very_low_density_share`` (level 2); the same of its land as ``…_land_share``, of its
        area where it has no land. Water counts as rural. All 0 where a unit lies off the raster.
    """
    surfaces = cells.surfaces
    land = surfaces.land_share.ravel() * surfaces.cell_km2
    area = np.full(land.shape, surfaces.cell_km2)
    amounts = {"population_count": inside @ surfaces.people_count.ravel()}
    amounts |= {"land_km2": inside @ land, "covered_km2": inside @ area}
    by_land = _parts(cells, inside, land)
    has_land = amounts["land_km2"] > 0
    by_area = _parts(cells, inside, area)
    ground = {name: np.where(has_land, by_land[name], by_area[name]) for name in by_land}
    people = _parts(cells, inside, surfaces.people_count.ravel())
    table = {
        **amounts,
        **{f"{name}_share": values for name, values in people.items()},
        **{f"{name}_land_share": values for name, values in ground.items()},
    }
    return pd.DataFrame(table, index=units)


def people_in_groups(
    cells: UrbanCells, numbers: Ints, inside: sparse.csr_array, units: pd.Index
) -> pd.DataFrame:
    """Count the people of each unit by urban centre, or by urban cluster.

    Parameters
    ----------
    numbers
        Rows × columns, such as ``cells.centre_number``.

    Returns
    -------
    people_in_groups
        One row per unit and group that share a cell: ``unit_id``, ``number``,
        ``people_count``, ``land_km2``, ``unit_share`` (part of the unit's people, 0 where it has
        none), ``group_share`` (part of the group's people, those outside all units counted).
    """
    surfaces = cells.surfaces
    flat, people = numbers.ravel(), surfaces.people_count.ravel()
    land = surfaces.land_share.ravel() * surfaces.cell_km2
    size = int(flat.max(initial=0)) + 1
    entries = inside.tocoo()
    row, cell = entries.coords
    kept = flat[cell] > 0
    row, cell, part = row[kept].astype(np.int64), cell[kept], entries.data[kept]
    pairs, at = np.unique(row * size + flat[cell], return_inverse=True)
    unit, number = pairs // size, pairs % size
    counts: Floats = np.bincount(at, part * people[cell], minlength=len(pairs)).astype(np.float64)
    whole, total = inside @ people, np.bincount(flat, people, minlength=size)
    return pd.DataFrame(
        {
            "unit_id": units.to_numpy()[unit],
            "number": number,
            "people_count": counts,
            "land_km2": np.bincount(at, part * land[cell], minlength=len(pairs)),
            "unit_share": _ratio(counts, whole[unit]),
            "group_share": _ratio(counts, total[number]),
        }
    )


def _parts(cells: UrbanCells, inside: sparse.csr_array, weights: Floats) -> dict[str, Floats]:
    """Shares of a weight by class of level 1, and by class of level 2."""
    first, second = cells.level_1.ravel(), cells.level_2.ravel()
    total = inside @ weights

    def share(chosen: np.ndarray) -> Floats:
        return _ratio(inside @ np.where(chosen, weights, 0.0), total)

    found = {"centre": share(first == CENTRE), "cluster": share(first == CLUSTER)}
    found["rural"] = share(first < CLUSTER)
    found |= {name: share(second == code) for name, code in LEVEL_2_PARTS.items()}
    known = [CENTRE_2, *LEVEL_2_PARTS.values()]
    return found | {"very_low_density": share(~np.isin(second, known))}


def _ratio(part: Floats, whole: Floats) -> Floats:
    ratio: Floats = np.zeros(len(part))
    np.divide(part, whole, out=ratio, where=whole > 0)
    return np.round(ratio, SHARE_DECIMALS)


def _hits(
    grid: Grid, polygons: np.ndarray, parts_count: int
) -> Iterator[tuple[np.ndarray, np.ndarray]]:
    """Draw units on parts of cells, some rows of cells at a time: unit and cell of each part."""
    there = np.array([one is not None and not one.is_empty for one in polygons])
    drawn = np.zeros(len(polygons), dtype=bool)
    rows = max(1, CELLS_AT_ONCE // (grid.width * parts_count**2))
    for row in range(0, grid.height, rows):
        part = grid.part(row, 0, min(rows, grid.height - row), grid.width)
        unit, cell = _drawn(part, polygons, np.flatnonzero(there), parts_count)
        drawn[unit] = True
        yield unit, cell + row * grid.width
    for number in np.flatnonzero(there & ~drawn):
        row, column, height, width = _window(grid, polygons[number])
        if height and width:
            part = grid.part(row, column, height, width)
            unit, cell = _drawn(part, polygons, np.array([number]), parts_count, is_touched=True)
            yield unit, (cell // width + row) * grid.width + cell % width + column


def _drawn(
    grid: Grid, polygons: np.ndarray, numbers: Ints, parts_count: int, *, is_touched: bool = False
) -> tuple[Ints, Ints]:
    from affine import Affine
    from rasterio.features import rasterize

    a, b, west, d, e, north = grid.transform
    west_edge, south_edge, east_edge, north_edge = grid.bounds
    bounds = np.array([polygons[number].bounds for number in numbers]).reshape(-1, 4)
    near = (bounds[:, 0] <= east_edge) & (bounds[:, 2] >= west_edge)
    near &= (bounds[:, 1] <= north_edge) & (bounds[:, 3] >= south_edge)
    shapes = [(polygons[number], int(number) + 1) for number in numbers[near]]
    if not shapes:
        return np.empty(0, dtype=np.int64), np.empty(0, dtype=np.int64)
    burnt = rasterize(
        shapes, out_shape=(grid.height * parts_count, grid.width * parts_count), dtype="int32",
        transform=Affine(a / parts_count, b, west, d, e / parts_count, north),
        all_touched=is_touched,
    )  # fmt: skip
    row, column = np.nonzero(burnt)
    cell = (row // parts_count) * grid.width + column // parts_count
    return burnt[row, column].astype(np.int64) - 1, cell.astype(np.int64)


def _window(grid: Grid, polygon: shapely.Geometry) -> tuple[int, int, int, int]:
    """Rows and columns of the cells that the box of a polygon touches."""
    west, south, east, north = polygon.bounds
    left, _, _, top = grid.bounds
    across, along = grid.cell
    column, row = int((west - left) // across), int((top - north) // along)
    last, lower = int((east - left) // across) + 1, int((top - south) // along) + 1
    column, row = max(column, 0), max(row, 0)
    return (
        row,
        column,
        max(min(lower, grid.height) - row, 0),
        max(min(last, grid.width) - column, 0),
    )
