"""People, built-up and land of cells of 1 km², checked, for the degree of urbanisation."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from agglo.errors import LayerError
from agglo.rasters import Floats, Grid

BUILT_DECIMALS = 3
"""The built-up share of land is rounded so before it is held against the threshold."""


@dataclass(frozen=True, slots=True, kw_only=True)
class UrbanSurfaces:
    """What is known of each cell; nothing known counts as 0."""

    grid: Grid
    people_count: Floats
    """Persons, rows × columns."""

    built_share: Floats
    """Built-up part of the cell, 0–1."""

    land_share: Floats
    """Land part of the cell, 0–1."""

    cell_km2: float = 1.0
    notes: tuple[str, ...] = ()
    """What a reader must know of the input."""

    def __post_init__(self) -> None:
        """Refuse surfaces of other shapes and amounts below 0."""
        for name in ("people_count", "built_share", "land_share"):
            values = getattr(self, name)
            if values.shape != self.grid.shape:
                raise LayerError(
                    f"{name} has the shape {values.shape}, its grid has {self.grid.shape}"
                )
            wrong = ~(values >= 0)
            if wrong.any():
                raise LayerError(
                    f"{name} is below 0 or not a number in {int(wrong.sum())} cell(s), the lowest "
                    f"{np.nanmin(values):g}; if that stands for 'nothing known', declare it as "
                    "nodata (gdal_edit.py -a_nodata)"
                )

    @property
    def density_per_km2(self) -> Floats:
        """People per km² of land; ``inf`` for people without land, ``nan`` for neither."""
        with np.errstate(divide="ignore", invalid="ignore"):
            density: Floats = self.people_count / (self.land_share * self.cell_km2)
        return density

    @property
    def built_per_land(self) -> Floats:
        """Built-up share of the land, rounded; ``inf`` and ``nan`` as for density."""
        with np.errstate(divide="ignore", invalid="ignore"):
            share: Floats = np.round(self.built_share / self.land_share, BUILT_DECIMALS)
        return share
