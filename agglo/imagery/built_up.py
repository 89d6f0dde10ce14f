"""Built-up land of the cells of a raster: from amounts, shares, classes or first-built years."""

from __future__ import annotations

from collections.abc import Collection, Mapping

import numpy as np

from agglo.errors import LayerError
from agglo.imagery.cell_areas import cell_areas_km2
from agglo.rasters import Floats, Grid, LandClass
from agglo.units import HA_PER_KM2, M2_PER_HA

FULL_SLACK = 0.01
"""How much more than its true area a cell may be built up: projected cells are not exact."""

YEARS = (1800.0, 2200.0)
"""First-built years lie between these; other codes are classes."""


def built_ha(
    values: Floats,
    grid: Grid,
    *,
    quantity: str,
    unit: str = "",
    classes: Mapping[int, LandClass] | None = None,
) -> Floats:
    """Return the built-up hectares in each cell, ``nan`` where nothing is known.

    Parameters
    ----------
    values
        Numbers of the cells: m² ('count', unit 'm2'), m² per km² ('density'), a share, or
        the codes of classes of land cover ('class', cells of kind 'built' count whole).

    Raises
    ------
    LayerError
        If they are none of these, a class is unknown, or a cell is more than full or below 0.
    """
    area = areas_ha(grid)
    if quantity == "count" and unit == "m2":
        found = values / M2_PER_HA
    elif quantity == "density" and unit == "m2 per km2":
        found = values * area / HA_PER_KM2 / M2_PER_HA
    elif quantity == "share":
        found = values * area
    elif quantity == "class":
        found = is_kind(values, classes or {}, "built") * area
    else:
        raise LayerError(
            f"built-up land is read from m2 or m2 per km2, shares or classes of land cover; got "
            f"a {quantity} of '{unit}'"
        )
    return check_built_ha(found, grid)


def built_by_year(
    codes: Floats,
    year: float,
    *,
    first_years: Mapping[int, float] | None = None,
    unbuilt: Collection[float] = (),
    is_unknown_unbuilt: bool = False,
) -> Floats:
    """Tell which cells were built up by a year, from one raster of first-built years.

    Parameters
    ----------
    codes
        First year in which a cell is built up, ``nan`` where the file has no data.
    first_years
        Code → year, if the codes are no years: a cell built 'between 1990 and 2000' counts
        from 2000 on.
    unbuilt
        Codes of cells that are never built up, water and open land.
    is_unknown_unbuilt
        Whether cells without data are known to be not built up: some makers store open land
        and water as no data. Then nothing tells a gap in the images from a field.

    Returns
    -------
    built_by_year
        1 or 0, ``nan`` where nothing is known; a share of the cell for ``built_ha``.

    Raises
    ------
    LayerError
        If a code is neither a year nor named.

    Examples
    --------
    >>> built_by_year(np.array([[1975.0, 2000, np.nan]]), 1990)
    array([[ 1.,  0., nan]])
    """
    years = first_built_years(codes, first_years or {}, unbuilt)
    unknown = np.isnan(codes) & (not is_unknown_unbuilt)
    return np.where(unknown, np.nan, years <= year)


def first_built_years(
    codes: Floats, first_years: Mapping[int, float], unbuilt: Collection[float]
) -> Floats:
    """Return the year from which on a cell is built up, ``inf`` for never and for no data."""
    known = np.unique(codes[~np.isnan(codes)])
    years = np.array([np.inf if one in unbuilt else first_years.get(one, one) for one in known])
    odd = np.isfinite(years) & ((years < YEARS[0]) | (years > YEARS[1]))
    if odd.any():
        raise LayerError(
            f"code {known[odd][0]:g} is neither a year from {YEARS[0]:g} to {YEARS[1]:g} nor "
            "named; say which codes are unbuilt, and the first year of each other code"
        )
    found = np.full(codes.shape, np.inf)
    is_known = ~np.isnan(codes)
    found[is_known] = years[np.searchsorted(known, codes[is_known])]
    return found


def areas_ha(grid: Grid) -> Floats:
    """True area of every cell of a grid, hectares; 0 off the edge of the map."""
    area = np.nan_to_num(cell_areas_km2(grid)) * HA_PER_KM2
    return np.broadcast_to(area, grid.shape)


def check_built_ha(values: Floats, grid: Grid) -> Floats:
    """Return built-up hectares if they fit the cells.

    Raises
    ------
    LayerError
        If the shape is not the grid's, or a cell is below 0 or more than full.
    """
    if values.shape != grid.shape:
        raise LayerError(f"the cells have the shape {values.shape}, their grid has {grid.shape}")
    area = areas_ha(grid)
    odd = (values < 0) | (values > area * (1 + FULL_SLACK))
    if odd.any():
        raise LayerError(
            f"a cell of {area[odd][0]:.4g} ha holds {values[odd][0]:.4g} ha of built-up land; "
            "check the unit and the no-data value of the raster"
        )
    return values


def is_kind(values: Floats, classes: Mapping[int, LandClass], kind: str) -> Floats:
    """1 where the class of a cell is of a kind of land, else 0, ``nan`` where nothing is known.

    Raises
    ------
    LayerError
        If a code has no class.
    """
    codes, at = np.unique(values[~np.isnan(values)], return_inverse=True)
    lacking = [f"{code:g}" for code in codes if code not in classes]
    if lacking:
        raise LayerError(
            f"code(s) {', '.join(lacking[:5])} have no class; name the classes of the raster"
        )
    found = np.full(values.shape, np.nan)
    is_it = np.array([float(classes[int(code)].kind == kind) for code in codes])
    found[~np.isnan(values)] = is_it[at.ravel()] if len(codes) else 0.0
    return found
