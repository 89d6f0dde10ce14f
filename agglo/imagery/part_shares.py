"""Shares of zones in fine zones: whose people and jobs live and stand in which cell."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import pandas as pd
from scipy.sparse import csr_array

from agglo.errors import LayerError
from agglo.imagery.coverage import coverage_from_zones
from agglo.imagery.dasymetric import (
    areas_km2,
    cell_weights,
    checked_counts,
    scaled_rows,
    shares_by_weight,
    spread_report,
    times_cells,
    whole_amounts,
)
from agglo.imagery.fine_zones import POINT, FineZones
from agglo.rasters import Band, Floats

BY_CHOICE = "no weights were given"


@dataclass(frozen=True, slots=True, kw_only=True)
class PartShares:
    """How the people of each zone are shared among the fine zones."""

    shares: csr_array
    """Zones × cells; every row adds up to 1."""

    zone_ids: pd.Index
    cell_ids: pd.Index
    report: pd.DataFrame
    """Index zone id: ``method`` ('weights' or 'area'), ``reason`` of the latter, and
    ``unknown_share`` of its area. A zone of one place alone needs no weights."""


def part_shares(
    fine: FineZones,
    weights: Band | None = None,
    *,
    quantity: str = "",
    class_weights: Mapping[int, float] | None = None,
) -> PartShares:
    """Share each zone among its fine zones by a raster of weights, or by area without one.

    As ``dasymetric`` does among the cells of the raster, with the exact part of every cell that
    lies in both the zone and the fine zone.

    Parameters
    ----------
    weights
        A band that covers the zones; where it does not reach, nothing is known.

    Raises
    ------
    LayerError
        If a weight is negative or infinite, or a class has no weight.
    """
    parts = fine.parts
    area = parts["area_km2"].to_numpy(dtype=float)
    weight, unknown = _weights_of_parts(fine, weights, quantity, class_weights)
    cell_ids = pd.Index(fine.cells.index)
    rows = fine.zone_ids.get_indexer(pd.Index(parts["zone_id"]))
    columns = cell_ids.get_indexer(pd.Index(parts["cell_id"]))
    by = (rows, columns, (len(fine.zone_ids), len(cell_ids)))
    shares, is_by_area = shares_by_weight(_matrix(weight, *by), _matrix(area, *by))
    whole, lacking = (_matrix(own, *by).sum(axis=1) for own in (area, area * unknown))
    report = spread_report(np.ones(len(whole)), whole, lacking, is_by_area, fine.zone_ids)
    if weights is None:
        report["reason"] = report["reason"].where(report["reason"] == "", BY_CHOICE)
    return PartShares(
        shares=shares,
        zone_ids=fine.zone_ids,
        cell_ids=cell_ids,
        report=report.drop(columns="count"),
    )


def amounts_by_cell(part: PartShares, counts: pd.Series, *, whole: bool = False) -> csr_array:
    """Amounts of each zone in each fine zone, zones × cells.

    Parameters
    ----------
    counts
        People or jobs, index zone id.
    whole
        Whether whole persons are wanted (largest remainders within each zone).

    Raises
    ------
    LayerError
        If a count is absent, negative or infinite, or not whole where that is wanted.
    """
    people = checked_counts(counts, part.zone_ids, whole=whole)
    amounts = scaled_rows(part.shares, people)
    if (part.shares.sum(axis=1) <= 0).any():
        raise LayerError("a zone has no fine zone; make the fine zones of all zones")
    return whole_amounts(amounts, people) if whole else amounts


def counts_by_cell(part: PartShares, counts: pd.Series, *, whole: bool = False) -> pd.Series:
    """Add up what all zones have in each fine zone; as ``amounts_by_cell``."""
    sums: Floats = amounts_by_cell(part, counts, whole=whole).sum(axis=0)
    return pd.Series(sums, index=part.cell_ids, name=counts.name)


def _weights_of_parts(
    fine: FineZones,
    weights: Band | None,
    quantity: str,
    class_weights: Mapping[int, float] | None,
) -> tuple[Floats, Floats]:
    """Weight of every part, and the share of its area of which nothing is known."""
    parts = fine.parts
    is_point = parts["cell_id"].str.startswith(POINT).to_numpy(dtype=bool)
    weight, unknown = is_point.astype(float), (~is_point).astype(float)
    if weights is None or is_point.all():
        return weight, unknown
    flat = cell_weights(weights, quantity=quantity, class_weights=class_weights)
    cut = parts.loc[~is_point, ["geometry"]]
    coverage = coverage_from_zones(weights.grid, cut)
    covered = coverage.shares
    weight[~is_point] = times_cells(covered, np.nan_to_num(flat)).sum(axis=1)
    km2 = areas_km2(covered, weights.grid)
    known = times_cells(km2, np.isfinite(flat).astype(float)).sum(axis=1)
    seen = km2.sum(axis=1)
    known = np.divide(known, seen, out=np.zeros_like(seen), where=seen > 0)
    inside = 1.0 - coverage.outside_share.reindex(cut.index).to_numpy(dtype=float)
    unknown[~is_point] = 1.0 - known * inside
    return weight, unknown


def _matrix(
    values: Floats,
    rows: npt.NDArray[np.intp],
    columns: npt.NDArray[np.intp],
    shape: tuple[int, int],
) -> csr_array:
    """Put numbers of parts into zones × cells, zeros too."""
    order = np.lexsort((columns, rows))
    start = np.searchsorted(rows[order], np.arange(shape[0] + 1))
    return csr_array((values[order], columns[order], start), shape=shape)
