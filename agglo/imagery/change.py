"""Change between two epochs of one raster: how much land was built up, and how fast."""

from __future__ import annotations

import datetime
import re
from collections.abc import Collection, Mapping, Sequence
from itertools import pairwise

import geopandas as gpd
import numpy as np
import pandas as pd

from agglo.errors import LayerError
from agglo.imagery.built_up import areas_ha, built_ha, check_built_ha, first_built_years
from agglo.imagery.coverage import Coverage, coverage_from_zones
from agglo.imagery.zonal import known_share, zonal_sums
from agglo.layers.products import PRODUCTS, Product, check_change_pair, product_of
from agglo.layers.raster_files import read_band
from agglo.rasters import Floats, Grid, RasterLayer

DAYS_PER_YEAR = 365.2425


def years_between(before: RasterLayer, after: RasterLayer) -> float:
    """Return the years between two epochs of one role on one grid.

    Raises
    ------
    LayerError
        If the grids, roles, quantities or units differ, they are of published products that
        show no change together, an epoch is missing, or they are equal or in the wrong order.
    """
    pair = f"'{before.name}' and '{after.name}'"
    for what in ("role", "quantity", "unit"):
        own, other = getattr(before, what), getattr(after, what)
        if own != other:
            raise LayerError(
                f"{pair} show no change: their {what} is '{own}' and '{other}'; give two epochs "
                "of one product"
            )
    products = _product(before), _product(after)
    if products[0] is not None and products[1] is not None:
        check_change_pair(products[0], products[1])
    if before.grid != after.grid:
        raise LayerError(
            f"{pair} do not lie on the same grid ({_told(before.grid)}; {_told(after.grid)}); "
            "bring one onto the grid of the other first, amounts by their sum"
        )
    start, end = _moment(before), _moment(after)
    is_vague = len(before.epoch) != len(after.epoch) and int(start) == int(end)
    if is_vague or not start < end:
        raise LayerError(
            f"{pair}: epoch {before.epoch} does not come before {after.epoch}; give the older "
            "raster first, and two different epochs"
        )
    return end - start


def gain_between(before: RasterLayer, after: RasterLayer, zones: gpd.GeoDataFrame) -> pd.DataFrame:
    """Read two epochs of built-up land where the zones lie, and tell the gain of each zone.

    Returns
    -------
    gain_between
        See ``built_up_gain``.

    Raises
    ------
    LayerError
        As ``years_between``, ``coverage_from_zones`` and ``built_ha``.
    """
    years = years_between(before, after)
    window = coverage_from_zones(before.grid, zones).window
    across, along = window.cell
    west, south, east, north = window.bounds
    # half a cell inside: no rounding brings the next cell in
    bounds = (west + across / 2, south + along / 2, east - across / 2, north - along / 2)
    bands = [read_band(layer, bounds=bounds) for layer in (before, after)]
    before_ha, after_ha = (
        built_ha(one.values, one.grid, quantity=layer.quantity, unit=layer.unit,
                 classes=layer.classes)
        for one, layer in zip(bands, (before, after), strict=True)
    )  # fmt: skip
    coverage = coverage_from_zones(bands[0].grid, zones)
    return built_up_gain(before_ha, after_ha, coverage, years=years)


def built_up_gain(
    before_ha: Floats, after_ha: Floats, coverage: Coverage, *, years: float
) -> pd.DataFrame:
    """Built-up land of two epochs by zone, and how fast it grew.

    Cells that are unknown in either epoch are left out of both.

    Parameters
    ----------
    before_ha, after_ha
        Built-up hectares of the cells, see ``built_ha``.
    coverage
        Zones on the grid of the two.
    years
        Between the epochs.

    Returns
    -------
    built_up_gain
        Index zone id; ``built_before_ha``, ``built_after_ha``, ``gain_ha``,
        ``gain_ha_per_year``, ``gain_percent_per_year`` (of what was there before, without
        compounding; ``nan`` where nothing was) and ``compared_share``: the part of the zone's
        area known in both epochs. ``nan`` for a zone where that is 0.

    Raises
    ------
    LayerError
        If the shapes differ, the years are not above 0, or a cell is more than full.
    """
    if not 0 < years < np.inf:
        raise LayerError(f"years between the epochs must be above 0; got {years:g}")
    for values in (before_ha, after_ha):
        check_built_ha(values, coverage.grid)
    known = ~(np.isnan(before_ha) | np.isnan(after_ha))
    first, second, compared = sums_compared(coverage, known, before_ha, after_ha)
    frame = pd.DataFrame({"built_before_ha": first, "built_after_ha": second},
                         index=coverage.zone_ids)  # fmt: skip
    frame["gain_ha"] = second - first
    frame["gain_ha_per_year"] = frame["gain_ha"] / years
    frame["gain_percent_per_year"] = (
        100 * frame["gain_ha_per_year"] / np.where(first > 0, first, np.nan)
    )
    frame["compared_share"] = compared
    return frame


def built_by_epoch(
    codes: Floats,
    coverage: Coverage,
    *,
    years: Sequence[float],
    first_years: Mapping[int, float] | None = None,
    unbuilt: Collection[float] = (),
    is_unknown_unbuilt: bool = False,
) -> pd.DataFrame:
    """Built-up hectares by zone (rows) and year (columns), from one raster of first-built years.

    See ``built_by_year`` for the codes. ``nan`` for a zone of which nothing is known.
    """
    if codes.shape != coverage.grid.shape:
        raise LayerError(f"the codes have the shape {codes.shape}, not {coverage.grid.shape}")
    own = first_built_years(codes, first_years or {}, unbuilt)
    known = ~np.isnan(codes) | is_unknown_unbuilt
    area = areas_ha(coverage.grid)
    order = sorted(set(years))
    built = (np.where(own <= year, area, 0.0) for year in order)
    *sums, _ = sums_compared(coverage, known, *built)
    return pd.DataFrame(dict(zip(order, sums, strict=True)), index=coverage.zone_ids).rename_axis(
        columns="year"
    )


def gain_by_period(built_ha_by_year: pd.DataFrame, *, bounds: Sequence[float]) -> pd.DataFrame:
    """Turn built-up hectares by year into the gain of periods, such as decades.

    Parameters
    ----------
    built_ha_by_year
        As ``built_by_epoch`` gives it.
    bounds
        Years where periods meet; each must be a column: nothing is interpolated.

    Returns
    -------
    gain_by_period
        Index zone id, ``from_year``, ``to_year``; ``gain_ha``, ``gain_ha_per_decade`` and
        ``gain_percent_per_year``.

    Raises
    ------
    LayerError
        If a bound has no column, or there are fewer than two.
    """
    order = sorted(set(bounds))
    lacking = [year for year in order if year not in built_ha_by_year.columns]
    if lacking or len(order) < 2:
        raise LayerError(
            f"periods need two or more years out of {list(built_ha_by_year.columns)}; got {order}"
        )
    parts = {}
    for first, last in pairwise(order):
        base = built_ha_by_year[first]
        gain = built_ha_by_year[last] - base
        parts[first, last] = pd.DataFrame(
            {
                "gain_ha": gain,
                "gain_ha_per_decade": gain * 10 / (last - first),
                "gain_percent_per_year": 100 * gain / (last - first) / base.where(base > 0),
            }
        )
    frame = pd.concat(parts, names=["from_year", "to_year"])
    zone = frame.index.names[2]
    frame = frame.reorder_levels([2, 0, 1])
    ordered = [(one, *key) for one in built_ha_by_year.index for key in parts]
    return frame.reindex(pd.MultiIndex.from_tuples(ordered, names=[zone, "from_year", "to_year"]))


def sums_compared(coverage: Coverage, known: np.ndarray, *amounts_ha: Floats) -> list[Floats]:
    """Sum amounts of known cells by zone, each cell by the share of it that the zone covers.

    Returns
    -------
    sums_compared
        The sums in their order, ``nan`` for a zone of which nothing is known; last the part of
        each zone's area, on the grid and off it, whose cells are known.
    """
    sums = [zonal_sums(coverage, "count", np.where(known, one, np.nan)) for one in amounts_ha]
    compared = known_share(coverage, np.where(known, 1.0, np.nan))
    return [one.to_numpy(dtype=float) for one in (*sums, compared)]


def _product(layer: RasterLayer) -> Product | None:
    """Recognise a published product by the name of its file, or by its source."""
    known = product_of(layer.path)
    if known is None and layer.source:
        known = next((one for one in PRODUCTS.values() if one.cited == layer.source), None)
    return known


def _moment(layer: RasterLayer) -> float:
    """Return an epoch as a year with a fraction; a whole year counts from its start."""
    found = re.fullmatch(r"(\d{4})(?:-(\d{2})-(\d{2}))?", layer.epoch)
    try:
        if found is None:
            raise ValueError("wanted a year or a day")
        year, month, day = (int(one or 1) for one in found.groups())
        start = datetime.date(year, 1, 1)
        return year + (datetime.date(year, month, day) - start).days / DAYS_PER_YEAR
    except ValueError as error:
        raise LayerError(
            f"'{layer.name}' has the epoch '{layer.epoch}' ({error}); give a year such as 2020 or "
            "a day such as 2020-07-31"
        ) from error


def _told(grid: Grid) -> str:
    across, along = grid.cell
    return f"{grid.height} × {grid.width} cells of {across:g} × {along:g} in {grid.crs[:30]}"
