"""A region: its checked tables in one metric CRS, with where each of them comes from."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from types import MappingProxyType

import geopandas as gpd
import pandas as pd
import pyproj
import pyproj.exceptions

from agglo.checks import check_table, typed_table
from agglo.errors import TableError
from agglo.rasters import RasterLayer
from agglo.tables import ABSENT, TABLES

FAR_DEGREES = 5.0
"""Points farther than this from the municipalities are taken for mistakes."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Provenance:
    """Where a layer comes from and how firm it is."""

    layer: str
    title: str
    source: str
    licence: str
    attribution: str
    date: str
    status: str
    sha256: str
    note: str = ""
    title_ru: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Region:
    """A frozen set of checked tables. ``region["links"]`` reads one; change gives a new region.

    Geometries are in ``crs``; ``lon`` and ``lat`` columns stay in degrees (EPSG:4326).
    """

    name_ru: str
    name_en: str
    crs: str
    """Projected CRS in metres, such as 'EPSG:32637'."""

    tables: Mapping[str, pd.DataFrame]
    provenance: tuple[Provenance, ...] = field(default=())
    rasters: tuple[RasterLayer, ...] = field(default=())
    """Files of cells and what they mean; no scenario changes them."""

    def __post_init__(self) -> None:
        """Refuse a CRS that does not measure in metres and a set of tables with gaps."""
        check_crs(self.crs)
        _check_names(self.tables)
        object.__setattr__(self, "tables", MappingProxyType(dict(self.tables)))

    def __getitem__(self, table: str) -> pd.DataFrame:
        """Return one table. It is shared: copy before you change it."""
        return self.tables[table]

    def geo(self, table: str) -> gpd.GeoDataFrame:
        """Return one table that carries geometry."""
        frame = self.tables[table]
        if not isinstance(frame, gpd.GeoDataFrame):
            raise TableError(f"table '{table}' carries no geometry")
        return frame

    def with_tables(self, **tables: pd.DataFrame) -> Region:
        """Return a region with some tables in place of the old ones.

        What a change made of a checked table is checked once, by ``check_region``.
        """
        return replace(self, tables={**self.tables, **tables})


def attributions(provenance: Sequence[Provenance]) -> list[str]:
    """Return each attribution that the licences ask for, once."""
    parts = [part.strip() for item in provenance for part in item.attribution.split(";")]
    return list(dict.fromkeys(filter(None, parts)))


def check_region(region: Region, tables: Iterable[str]) -> Region:
    """Return the region if the named tables keep their contracts.

    Raises
    ------
    TableError
        Naming every fault of the first table that has any.
    """
    for name in tables:
        check_table(name, region[name], others=region.tables)
    return region


def region_from_tables(
    tables: Mapping[str, pd.DataFrame],
    *,
    name_ru: str,
    name_en: str,
    crs: str,
    provenance: tuple[Provenance, ...] = (),
    rasters: tuple[RasterLayer, ...] = (),
    where: Mapping[str, str] | None = None,
) -> Region:
    """Check every table once, bring geometries into one CRS and freeze them as a region.

    Parameters
    ----------
    tables
        Every table of ``agglo.tables.TABLES`` by name, those that may be absent left out at
        will; geometries know their CRS.
    crs
        Projected CRS in metres for all geometries.
    where
        By table, what error messages call its place, such as a file name.

    Raises
    ------
    TableError
        If a table breaks its contract or a geometry has no CRS.
    """
    check_crs(crs)
    lacking = {name: pd.DataFrame() for name in ABSENT if name not in tables}
    tables = {**tables, **lacking}
    _check_names(tables)
    projected: dict[str, pd.DataFrame] = {}
    for name in TABLES:
        frame = tables[name]
        check_table(name, frame, where=(where or {}).get(name, ""), others=tables)
        typed = typed_table(name, frame)
        if isinstance(frame, gpd.GeoDataFrame):
            if frame.crs is None:
                raise TableError(f"table '{name}' has geometry without a CRS; set it in the file")
            typed = gpd.GeoDataFrame(typed, crs=frame.crs).to_crs(crs)
        key = list(TABLES[name].key)
        ordered = typed.sort_values(key).set_index(key, drop=False)
        projected[name] = ordered.rename_axis([None] * len(key))
    region = Region(
        name_ru=name_ru,
        name_en=name_en,
        crs=crs,
        tables=projected,
        provenance=provenance,
        rasters=rasters,
    )
    files = (where or {}).get("municipalities")
    _check_places(region, f" ({files})" if files else "")
    return region


def check_crs(crs: str) -> None:
    """Refuse a CRS that is unknown or does not measure in metres.

    Raises
    ------
    TableError
        Naming the CRS.
    """
    try:
        found = pyproj.CRS.from_user_input(crs)
    except pyproj.exceptions.CRSError as error:
        raise TableError(f"the region's CRS '{crs}' is unknown: {error}") from error
    if not found.is_projected or found.axis_info[0].unit_name != "metre":
        raise TableError(f"the region's CRS must be projected, in metres; got {crs}")


def _check_names(tables: Iterable[str]) -> None:
    unknown, absent = sorted(set(tables) - set(TABLES)), sorted(set(TABLES) - set(tables))
    if unknown or absent:
        raise TableError(
            f"a region needs the tables {', '.join(TABLES)}; "
            f"unknown: {unknown or 'none'}, absent: {absent or 'none'}"
        )


def _check_places(region: Region, place: str) -> None:
    """Refuse a region without members, and points that lie far from it."""
    municipalities = region.geo("municipalities")
    if (municipalities["role"] == "context").all():
        raise TableError(
            f"table 'municipalities'{place}: 'role' is 'context' in every row; "
            "wanted at least one 'core' or 'member'"
        )
    west, south, east, north = municipalities.to_crs("EPSG:4326").total_bounds
    for name in ("zones", "nodes", "stops"):
        table = region[name]
        near = table["lon"].between(west - FAR_DEGREES, east + FAR_DEGREES)
        near &= table["lat"].between(south - FAR_DEGREES, north + FAR_DEGREES)
        if not near.all():
            row = table[~near].iloc[0]
            raise TableError(
                f"table '{name}': {row[TABLES[name].key[0]]!r} at lon {row['lon']:g}, lat "
                f"{row['lat']:g} lies more than {FAR_DEGREES:g} degrees from the municipalities; "
                "are lon and lat swapped?"
            )
