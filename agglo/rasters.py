"""Rasters as values: a grid of cells, what its numbers mean, and a band held in memory."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from types import MappingProxyType

import numpy as np
import numpy.typing as npt

from agglo.errors import LayerError
from agglo.tables import STATUSES

Floats = npt.NDArray[np.float64]

QUANTITIES = ("count", "density", "share", "class", "level")
"""What the number of a cell is: an amount that adds up (persons, m²), an amount per km², a part
of the cell (0–1), the code of a class, or a level that is averaged (index, brightness, height)."""

ROLES = (
    "population", "built_up", "land", "night_lights", "land_cover", "vegetation", "elevation",
    "other",
)  # fmt: skip
"""What a raster tells of; rasters of one role and several epochs show a change."""

LAND_KINDS = (
    "built", "farm", "forest", "grass", "wetland", "bare", "water",
)  # fmt: skip
"""What the classes of land cover come down to, whoever made them."""

GREEN_KINDS = ("forest", "grass", "wetland")
"""Kinds of land that count as green."""

Transform = tuple[float, float, float, float, float, float]


@dataclass(frozen=True, slots=True, kw_only=True)
class Grid:
    """Cells in rows from north to south, columns from west to east; neither rotated nor sheared."""

    crs: str
    """Whatever pyproj reads: 'EPSG:4326', 'ESRI:54009', WKT."""

    transform: Transform
    """Column, row → x, y as ``x = a·column + b·row + c``, ``y = d·column + e·row + f``: a to f."""

    height: int
    width: int

    def __post_init__(self) -> None:
        """Refuse a grid without cells, and one that is rotated or stands on its head."""
        a, b, _, d, e, _ = self.transform
        if not (np.isfinite(self.transform).all() and a > 0 and e < 0 and b == 0 and d == 0):
            raise LayerError(
                "a grid must run from north to south and from west to east, not rotated; got the "
                f"transform {tuple(self.transform)}; warp the raster upright first (gdalwarp)"
            )
        if self.height < 1 or self.width < 1:
            raise LayerError(f"a grid needs cells; got {self.height} rows × {self.width} columns")

    @property
    def shape(self) -> tuple[int, int]:
        """Rows and columns."""
        return self.height, self.width

    @property
    def cell(self) -> tuple[float, float]:
        """Width and height of a cell in the units of the CRS."""
        return self.transform[0], -self.transform[4]

    @property
    def bounds(self) -> tuple[float, float, float, float]:
        """West, south, east and north edge in the units of the CRS."""
        a, _, west, _, e, north = self.transform
        return west, north + e * self.height, west + a * self.width, north

    def part(self, row: int, column: int, height: int, width: int) -> Grid:
        """Return the grid of some rows and columns of this one."""
        a, b, west, d, e, north = self.transform
        moved = (a, b, west + a * column, d, e, north + e * row)
        return Grid(crs=self.crs, transform=moved, height=height, width=width)


@dataclass(frozen=True, slots=True, kw_only=True)
class LandClass:
    """One class of a raster of classes."""

    kind: str
    """One of ``LAND_KINDS``; empty where the classes are no land cover."""

    name_ru: str
    name_en: str
    colour: str
    """As in '#1b7837'."""


@dataclass(frozen=True, slots=True, kw_only=True)
class RasterLayer:
    """One band of one raster on disk: where it is, and what its numbers mean."""

    name: str
    path: Path | str
    """A file, or whatever else GDAL reads, such as the address of a COG."""

    grid: Grid
    band: int = 1
    role: str = "other"
    """One of ``ROLES``."""

    quantity: str
    """One of ``QUANTITIES``."""

    unit: str
    """Unit of a cell's number after scale and offset: 'persons', 'm2', 'persons per km2', …"""

    nodata: float | None = None
    """The stored number that means that nothing is known."""

    scale: float = 1.0
    offset: float = 0.0
    """What is meant = stored × scale + offset."""

    epoch: str = ""
    """Year or day that it shows, '2020' or '2018-01-31'; empty where nobody says."""

    resolution_m: float
    """Side of a cell on the ground at the middle of the raster."""

    classes: Mapping[int, LandClass] = field(default_factory=dict)
    """By code, of a raster of classes."""

    title: str = ""
    title_ru: str = ""
    source: str = ""
    licence: str = ""
    attribution: str = ""
    status: str = STATUSES[0]
    note: str = ""
    note_ru: str = ""
    """What it is too coarse or otherwise unfit for."""

    sha256: str = ""

    def __post_init__(self) -> None:
        """Refuse words that nothing here knows."""
        for what, value, known in (
            ("quantity", self.quantity, QUANTITIES),
            ("role", self.role, ROLES),
            ("status", self.status, STATUSES),
        ):
            if value not in known:
                raise LayerError(
                    f"raster '{self.name}': {what} must be one of {', '.join(known)}; got '{value}'"
                )
        object.__setattr__(self, "classes", MappingProxyType(dict(self.classes)))


@dataclass(frozen=True, slots=True, kw_only=True)
class Band:
    """Numbers of a grid in memory."""

    values: Floats
    """Rows × columns, as meant (scale and offset applied), ``nan`` where nothing is known."""

    grid: Grid

    def __post_init__(self) -> None:
        """Refuse numbers that do not fit the grid."""
        if self.values.shape != self.grid.shape:
            raise LayerError(
                f"the numbers have the shape {self.values.shape}, their grid has {self.grid.shape}"
            )
