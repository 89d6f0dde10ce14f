"""Reads people, built-up and land into cells of one km² for the degree of urbanisation."""

from __future__ import annotations

from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np

from agglo.errors import LayerError
from agglo.imagery.cell_areas import cell_areas_km2
from agglo.imagery.count_lattices import (
    CELL_M,
    is_in_metres,
    parts_per_km,
    resampled_counts,
    share_lattice,
    summed_cells,
)
from agglo.imagery.urban_surfaces import UrbanSurfaces
from agglo.layers.products import layer_from_file, product_of
from agglo.layers.raster_files import raster_layer, read_band
from agglo.layers.raster_opening import shown
from agglo.rasters import Band, Floats, Grid, RasterLayer
from agglo.units import M2_PER_KM2

ASSUMED = {"status": "modelled"}
"""Grids of people and of built-up are models, whoever made them."""

PERCENT = 100
AREA_UNITS = ("m2", "m²", "m^2", "sq m", "square metres", "square meters")
SIDE_TOLERANCE = 0.02
"""Part by which the side of a cell may differ from 1 km."""

AREA_TOLERANCE = 0.02
"""Part by which true areas of cells may differ: PROJ's Mollweide, drawn on a sphere, is off by
0.7 % at most."""


@dataclass(frozen=True, slots=True, kw_only=True)
class _Amounts:
    """Amounts per cell: persons, or m² of the cell."""

    values: Floats
    grid: Grid
    name: str


def urban_surfaces(
    population: RasterLayer,
    built: RasterLayer,
    land: RasterLayer,
    *,
    sums_cells: bool = False,
    resamples_counts: bool = False,
) -> UrbanSurfaces:
    """Read three rasters of 1 km in one equal-area CRS; what is not known counts as 0.

    Rasters that reach further than the others are cut to what all cover.

    Parameters
    ----------
    population
        Counts (persons per cell) or a density (persons per km²).
    built, land
        Counts in m² per cell, or shares of the cell.
    sums_cells
        Whether finer cells, such as those of 100 m, are added up to 1 km.
    resamples_counts
        Whether people of another lattice are spread evenly over each cell and added up anew
        (GDAL's sum). Totals stay, places blur by up to a cell.

    Raises
    ------
    LayerError
        If a raster cannot be read, is of another kind, knows nothing or holds amounts below 0;
        if CRS, size of cells or lattice differ, or nothing is covered by all three; if cells are
        not about 1 km² everywhere.
    """
    notes: list[str] = []
    given = {"population": population, "built_up": built, "land": land}
    amounts = [_amounts(layer, what) for what, layer in given.items()]
    if resamples_counts and not share_lattice(amounts[0].grid, amounts[1].grid):
        amounts[0] = _resampled(amounts[0], amounts[1].grid, notes)
    if sums_cells:
        amounts = [_added_up(one, notes) for one in amounts]
    people, paved, ground = _cut(amounts, notes)
    cell_km2 = _checked_cell_km2(people)
    cell_m2 = cell_km2 * M2_PER_KM2
    for one in (paved, ground):
        if np.nanmax(one.values, initial=0.0) > cell_m2 * (1 + SIDE_TOLERANCE):
            raise LayerError(
                f"{one.name}: a cell holds {np.nanmax(one.values):g} m², more than its "
                f"{cell_m2:g}; is it another quantity, or are its unit or nodata value wrong?"
            )
    return UrbanSurfaces(
        grid=people.grid,
        people_count=np.nan_to_num(people.values, nan=0.0),
        built_share=np.nan_to_num(paved.values, nan=0.0) / cell_m2,
        land_share=np.nan_to_num(ground.values, nan=0.0) / cell_m2,
        cell_km2=cell_km2,
        notes=tuple(notes),
    )


def population_layer(path: Path | str) -> RasterLayer:
    """Open a raster of people: a product known by the name of its file, else persons per cell.

    Raises
    ------
    LayerError
        If it cannot be read.
    """
    if product_of(path) is not None:
        return layer_from_file(path)
    return raster_layer(path, quantity="count", unit="persons", role="population", **ASSUMED)


def area_layer(path: Path | str, *, role: str) -> RasterLayer:
    """Open a raster of built-up or land: a known product, else m² or shares by its numbers.

    Parameters
    ----------
    role
        'built_up' or 'land'.

    Raises
    ------
    LayerError
        If it cannot be read, or its numbers look like percent.
    """
    if product_of(path) is not None:
        return layer_from_file(path)
    layer = raster_layer(path, quantity="count", unit="m2", role=role, **ASSUMED)
    most = float(np.nanmax(read_band(layer).values))
    if most <= 1:
        return replace(layer, quantity="share", unit="share")
    if most <= PERCENT:
        raise LayerError(
            f"{shown(path)}: numbers up to {most:g} are neither m² per cell nor shares of 0–1; "
            "divide percent by 100 first (gdal_calc.py --calc=A/100)"
        )
    return layer


def _amounts(layer: RasterLayer, what: str) -> _Amounts:
    """Read a layer as amounts per cell: persons or m²."""
    name = shown(layer.path)
    is_area = what != "population"
    wanted = ("count", "share") if is_area else ("count", "density")
    if layer.quantity not in wanted or layer.role not in (what, "other"):
        raise LayerError(
            f"{name}: wanted {what} as {' or '.join(wanted)}; got {layer.role}, "
            f"{layer.quantity} in {layer.unit or 'no unit'}"
        )
    if is_area and layer.quantity == "count" and layer.unit.lower() not in AREA_UNITS:
        raise LayerError(f"{name}: {what} is counted in m²; got '{layer.unit}'")
    band = read_band(layer)
    values = band.values
    below = values < 0
    if below.any():
        raise LayerError(
            f"{name}: {int(below.sum())} cell(s) are below 0, the lowest {np.nanmin(values):g}; if "
            "that stands for 'nothing known', declare it as nodata (gdal_edit.py -a_nodata)"
        )
    if layer.quantity == "density":
        values = values * cell_areas_km2(band.grid)
    elif layer.quantity == "share":
        across, along = band.grid.cell
        values = values * (across * along)
    return _Amounts(values=values, grid=band.grid, name=name)


def _added_up(one: _Amounts, notes: list[str]) -> _Amounts:
    """Add finer cells up to 1 km."""
    factor = parts_per_km(one.grid)
    if factor < 2:
        return one
    band = summed_cells(Band(values=one.values, grid=one.grid), factor=factor)
    notes.append(
        f"{Path(one.name).name}: {factor} × {factor} cells of {one.grid.cell[0]:g} m were added up "
        "to 1 km"
    )
    return replace(one, values=band.values, grid=band.grid)


def _resampled(one: _Amounts, grid: Grid, notes: list[str]) -> _Amounts:
    """Bring people to the cells of another raster."""
    band = resampled_counts(Band(values=one.values, grid=one.grid), grid)
    before, after = float(np.nansum(one.values)), float(np.nansum(band.values))
    notes.append(
        f"{Path(one.name).name}: counts were brought to other cells by sums; {after:,.0f} of "
        f"{before:,.0f} persons lie in them"
    )
    return replace(one, values=band.values, grid=grid)


def _cut(amounts: list[_Amounts], notes: list[str]) -> list[_Amounts]:
    """Cut rasters of one lattice to the cells that all have."""
    first = amounts[0]
    for one in amounts[1:]:
        if not share_lattice(first.grid, one.grid):
            raise LayerError(_unlike(first, one))
    bounds = np.array([one.grid.bounds for one in amounts])
    west, south = bounds[:, :2].max(axis=0)
    east, north = bounds[:, 2:].min(axis=0)
    across, along = first.grid.cell
    height, width = round((north - south) / along), round((east - west) / across)
    if height < 1 or width < 1:
        places = "; ".join(f"{Path(one.name).name} {one.grid.bounds}" for one in amounts)
        raise LayerError(f"the rasters do not overlap: {places}; take tiles of one area")
    if any(one.grid.shape != (height, width) for one in amounts):
        notes.append(
            f"the rasters reach differently far and were cut to the {height} × {width} cells that "
            "all cover"
        )
    cut = []
    for one in amounts:
        row = round((one.grid.bounds[3] - north) / along)
        column = round((west - one.grid.bounds[0]) / across)
        values = one.values[row : row + height, column : column + width]
        cut.append(replace(one, values=values, grid=one.grid.part(row, column, height, width)))
    for one in cut:
        if np.isnan(one.values).all():
            raise LayerError(
                f"{one.name}: nothing is known in the area that all rasters cover; take a tile "
                "that covers it"
            )
    return cut


def _unlike(first: _Amounts, second: _Amounts) -> str:
    described = (
        f"{Path(one.name).name} has cells of {one.grid.cell[0]:g} × {one.grid.cell[1]:g} from "
        f"{one.grid.bounds[0]:g} {one.grid.bounds[3]:g} in {one.grid.crs[:40]}"
        for one in (first, second)
    )
    west, south, east, north = first.grid.bounds
    finer = min(parts_per_km(first.grid), parts_per_km(second.grid)) >= 1
    summed = "; finer cells that nest are added up with --sum-cells" if finer else ""
    return (
        f"the rasters do not share their cells: {'; '.join(described)}. Take one product, or bring "
        f"shares to the other lattice (gdalwarp -t_srs … -te {west:g} {south:g} {east:g} {north:g} "
        f"-tr {first.grid.cell[0]:g} {first.grid.cell[1]:g}; counts only with -r sum){summed}"
    )


def _checked_cell_km2(one: _Amounts) -> float:
    """Area of a cell; refuses cells that are not about 1 km² everywhere."""
    grid = one.grid
    if not is_in_metres(grid):
        raise LayerError(
            f"{one.name} is in {grid.crs[:40]}, whose cells are not in metres and shrink to the "
            "north; the degree of urbanisation needs cells of 1 km² of an equal-area CRS, such as "
            "GHSL in Mollweide (ESRI:54009). Counts are not resampled unasked: take such a "
            "product, or let people be spread anew with --resample-counts"
        )
    across, along = grid.cell
    if max(abs(across / CELL_M - 1), abs(along / CELL_M - 1)) > SIDE_TOLERANCE:
        finer = parts_per_km(grid) > 1
        step = (
            "let them be added up to 1 km with --sum-cells"
            if finer
            else "take the product of 1 km, or warp counts with gdalwarp -r sum -tr 1000 1000"
        )
        raise LayerError(
            f"{one.name} has cells of {across:g} × {along:g} m; the degree of urbanisation is "
            f"defined on cells of 1 km; {step}"
        )
    nominal = across * along / M2_PER_KM2
    ratio = cell_areas_km2(grid) / nominal
    least, most = float(np.nanmin(ratio)), float(np.nanmax(ratio))
    if least < 1 - AREA_TOLERANCE or most > 1 + AREA_TOLERANCE:
        raise LayerError(
            f"{one.name}: cells of {grid.crs[:40]} are {least:.3f} to {most:.3f} times as large on "
            "the ground as on the map; the degree of urbanisation needs an equal-area CRS, such as "
            "Mollweide (ESRI:54009) or EPSG:3035"
        )
    return float(nominal)
