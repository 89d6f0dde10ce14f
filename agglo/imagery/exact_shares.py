"""Hands polygons and a grid to exactextract, without a raster and without a detour over text."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import numpy as np
import numpy.typing as npt
import shapely
from exactextract import exact_extract
from exactextract.feature import Feature, FeatureSource
from exactextract.raster import RasterSource
from exactextract.writer import Writer

from agglo.rasters import Floats, Grid

Cells = tuple[npt.NDArray[np.int64], Floats]
"""Numbers of cells, row by row, and the share of each that is covered."""


def exact_shares(grid: Grid, polygons: npt.NDArray[np.object_]) -> list[Cells]:
    """Tell for each polygon, in the CRS of the grid, which part of which cells it covers."""
    found: list[Cells] = exact_extract(
        _Blank(grid), _Shapes(polygons), ["cell_id", "coverage"], output=_Rows()
    )
    return found


class _Blank(RasterSource):  # type: ignore[misc]
    """A raster of nothing but its grid; windows are as small as the polygon that asks."""

    def __init__(self, grid: Grid) -> None:
        super().__init__()
        self.grid = grid

    def res(self) -> tuple[float, float]:
        return self.grid.cell

    def extent(self) -> tuple[float, float, float, float]:
        return self.grid.bounds

    def nodata_value(self) -> None:
        return None

    def srs_wkt(self) -> None:
        return None

    def read_window(self, _x: int, _y: int, width: int, height: int) -> npt.NDArray[np.uint8]:
        return np.zeros((height, width), dtype=np.uint8)


class _Shape(Feature):  # type: ignore[misc]
    def __init__(self, wkb: bytes = b"") -> None:
        super().__init__()
        self.wkb = wkb
        self.found: dict[str, Any] = {}

    def geometry(self) -> bytes:
        return self.wkb

    def fields(self) -> list[str]:
        return []

    def set(self, name: str, value: Any) -> None:
        self.found[name] = value

    def set_geometry(self, _wkb: bytes) -> None:
        pass

    def set_geometry_format(self) -> str:
        return "wkb"


class _Shapes(FeatureSource):  # type: ignore[misc]
    def __init__(self, polygons: npt.NDArray[np.object_]) -> None:
        super().__init__()
        self.wkb = shapely.to_wkb(polygons)

    def count(self) -> int:
        return len(self.wkb)

    def __iter__(self) -> Iterator[_Shape]:
        return map(_Shape, self.wkb)

    def srs_wkt(self) -> None:
        return None


class _Rows(Writer):  # type: ignore[misc]
    def __init__(self) -> None:
        super().__init__()
        self.rows: list[Cells] = []

    def add_operation(self, _operation: Any) -> None:
        pass

    def write(self, feature: Any) -> None:
        row = _Shape()
        feature.copy_to(row)
        self.rows.append((row.found["cell_id"], row.found["coverage"]))

    def features(self) -> list[Cells]:
        return self.rows
