"""Dasymetric spread: the people or jobs of zones put where the land is built, totals kept."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import pandas as pd
from scipy.sparse import csr_array

from agglo.errors import LayerError
from agglo.imagery.cell_areas import cell_areas_km2
from agglo.imagery.coverage import Coverage
from agglo.imagery.rounding import largest_remainder
from agglo.rasters import QUANTITIES, Band, Floats, Grid

BY_WEIGHTS, BY_AREA = "weights", "area"
"""How the people of a zone were spread."""

ZEROS, UNKNOWN = "all weights are 0", "no weight is known"
"""Why they were spread by area."""

NOISE = 1e-6
"""Smaller shares of an area are noise: covered parts of cells are measured no finer."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Spread:
    """The amounts of zones on the cells of a raster."""

    amounts: csr_array
    """Zones × cells (row after row from the north), in the unit of the counts."""

    zone_ids: pd.Index
    band: Band
    """The same by cell, all zones together; ``nan`` where no zone lies."""

    report: pd.DataFrame
    """Index zone id: ``count``, ``method`` ('weights' or 'area'), ``reason`` of the latter,
    ``unknown_share`` of its area on the raster, ``outside_share`` of its area beyond the raster,
    ``cells_count`` of cells with anybody."""


def dasymetric(
    counts: pd.Series,
    coverage: Coverage,
    weights: Band,
    *,
    quantity: str,
    class_weights: Mapping[int, float] | None = None,
    whole: bool = False,
) -> Spread:
    """Spread the amount of each zone over its cells by what a raster says of them.

    A cell gets of its zone's amount in proportion to the part of it that lies in the zone × its
    weight (Wright 1936; Eicher and Brewer 2001; by classes Mennis 2003; unverified). Cells of
    which nothing is known get nobody, unless that is so of the whole zone: then, and where all
    weights are 0, the amount is spread by area, and ``report`` says so. Of a zone that lies
    partly beyond the raster all people are put on the raster.

    Parameters
    ----------
    counts
        People or jobs, index zone id, one for every zone of the coverage.
    weights
        On the coverage's grid: built-up m², its share, people, or codes of classes.
    quantity
        What the weights are: a 'count' per cell is taken as it is, 'share', 'density', 'level'
        and 'class' are weights per area.
    class_weights
        Weight per area of every code, where the weights are classes.
    whole
        Whether cells get whole persons: largest remainders within each zone, ties in the order
        of the cells.

    Raises
    ------
    LayerError
        If a count or a weight is negative, absent or infinite, a class has no weight, a zone with
        people lies beyond the raster, or whole persons are wanted of a count that is not whole.
    """
    if weights.grid != coverage.grid:
        raise LayerError(
            "the weights lie on another grid than the coverage; make it with "
            "coverage_from_zones(weights.grid, zones)"
        )
    people = checked_counts(counts, coverage.zone_ids, whole=whole)
    per_cell = cell_weights(weights, quantity=quantity, class_weights=class_weights)
    covered = coverage.shares
    area = areas_km2(covered, coverage.grid)
    shares, is_by_area = shares_by_weight(times_cells(covered, per_cell), area)
    lost = (shares.sum(axis=1) == 0) & (people > 0)
    if lost.any():
        raise LayerError(
            f"the raster does not reach {_listed(coverage.zone_ids[lost])}; spread their people "
            "over a raster that covers them, or leave them out"
        )
    amounts = scaled_rows(shares, people)
    if whole:
        amounts = whole_amounts(amounts, people)
    unknown = times_cells(area, np.isnan(per_cell).astype(float)).sum(axis=1)
    report = spread_report(people, area.sum(axis=1), unknown, is_by_area, coverage.zone_ids)
    report["outside_share"] = coverage.outside_share.reindex(coverage.zone_ids).to_numpy()
    report["cells_count"] = np.diff(csr_array(amounts != 0).indptr)
    found = np.where(covered.sum(axis=0) > 0, amounts.sum(axis=0), np.nan)
    band = Band(values=found.reshape(coverage.grid.shape).astype(float), grid=coverage.grid)
    return Spread(amounts=amounts, zone_ids=coverage.zone_ids, band=band, report=report)


def fallback_note(report: pd.DataFrame) -> str:
    """Say in one sentence whose people were spread by area; empty if nobody's were."""
    own = report[(report["method"] == BY_AREA) & (report["count"] > 0)]
    if own.empty:
        return ""
    reasons = " / ".join(sorted(set(own["reason"]) - {""}))
    because = f" ({reasons})" if reasons else ""
    return (
        f"spread by area{because}: {len(own)} of {len(report)} zones, {own['count'].sum():g} of "
        f"{report['count'].sum():g} people or jobs: {_listed(own.index)}"
    )


def cell_weights(
    weights: Band, *, quantity: str, class_weights: Mapping[int, float] | None = None
) -> Floats:
    """Weight of every whole cell, at most 1, in rows from the north; ``nan`` if unknown.

    Raises
    ------
    LayerError
        As in ``dasymetric``.
    """
    if quantity not in QUANTITIES:
        raise LayerError(
            f"quantity of weights must be one of {', '.join(QUANTITIES)}; got '{quantity}'"
        )
    if (quantity == "class") != (class_weights is not None):
        raise LayerError(
            "class weights go with a raster of classes, and only with it; the quantity is "
            f"'{quantity}', class weights are {'absent' if class_weights is None else 'given'}"
        )
    values = weights.values
    if class_weights is not None:
        values = _weights_of_classes(values, class_weights)
    bad = np.isinf(values) | (values < 0)
    if bad.any():
        raise LayerError(
            f"a weight must be 0 or more; got {values[bad][0]:g} in {int(bad.sum())} cells; set "
            "what stands for 'unknown' as nodata, or clip the raster at 0"
        )
    if quantity != "count":
        values = values * cell_areas_km2(weights.grid)
    # by a power of two, which rounds nothing, so that no sum of weights overflows.
    _, power = np.frexp(np.nanmax(values, initial=0.0))
    flat: Floats = np.ldexp(values, -power).ravel()
    return flat


def checked_counts(counts: pd.Series, zone_ids: pd.Index, *, whole: bool = False) -> Floats:
    """Put the counts in the order of the zones.

    Raises
    ------
    LayerError
        Naming the zones whose count is absent, negative, infinite or not whole where wanted.
    """
    if not counts.index.is_unique:
        twice = counts.index[counts.index.duplicated()].unique()
        raise LayerError(f"counts name a zone more than once: {_listed(twice)}")
    strangers = counts.index.difference(zone_ids)
    if len(strangers):
        raise LayerError(f"counts name zones without a polygon here: {_listed(strangers)}")
    values = pd.to_numeric(counts.reindex(zone_ids), errors="coerce").to_numpy(dtype=float)
    for is_bad, what in (
        (~np.isfinite(values), "no number"),
        (values < 0, "a negative number"),
        (whole & (values != np.rint(values)), "no whole number"),
    ):
        if np.any(is_bad):
            raise LayerError(
                f"{what} stands as the count of {_listed(zone_ids[is_bad])}; wanted 0 or more"
                f"{' whole persons' if whole else ''} for every zone"
            )
    return values


def shares_by_weight(weight: csr_array, area: csr_array) -> tuple[csr_array, npt.NDArray[np.bool_]]:
    """Share of each zone in each place: by weight, and by area where no weight is above 0.

    Parameters
    ----------
    weight, area
        Zones × places with the same cells filled; ``nan`` weights count as 0.

    Returns
    -------
    shares_by_weight
        The shares, adding up to 1 for every zone that has a place, and the zones spread by area.
    """
    data = np.nan_to_num(weight.data, nan=0.0)
    known = csr_array((data, weight.indices, weight.indptr), shape=weight.shape)
    is_by_area = known.sum(axis=1) <= 0
    row = np.repeat(np.arange(weight.shape[0]), np.diff(weight.indptr))
    mixed = np.where(is_by_area[row], area.data, data)
    sums = np.bincount(row, mixed, minlength=weight.shape[0])
    own = np.divide(mixed, sums[row], out=np.zeros_like(mixed), where=sums[row] > 0)
    return csr_array((own, weight.indices, weight.indptr), shape=weight.shape), is_by_area


def spread_report(
    people: Floats,
    area: Floats,
    unknown: Floats,
    is_by_area: npt.NDArray[np.bool_],
    zone_ids: pd.Index,
) -> pd.DataFrame:
    """Say of each zone how its people were spread, and why not by the weights."""
    unknown = np.divide(unknown, area, out=np.ones_like(area), where=area > 0)
    unknown = np.where(unknown > NOISE, unknown, 0.0)
    reason = np.where(unknown >= 1 - NOISE, UNKNOWN, ZEROS)
    return pd.DataFrame(
        {
            "count": people,
            "method": np.where(is_by_area, BY_AREA, BY_WEIGHTS),
            "reason": np.where(is_by_area, reason, ""),
            "unknown_share": unknown,
        },
        index=zone_ids.rename("zone_id"),
    )


def whole_amounts(amounts: csr_array, people: Floats) -> csr_array:
    """Round the amounts of each zone to whole persons that add up to its count."""
    row = np.repeat(np.arange(amounts.shape[0]), np.diff(amounts.indptr))
    data = largest_remainder(amounts.data, row, np.rint(people).astype(np.int64))
    return csr_array((data.astype(float), amounts.indices, amounts.indptr), shape=amounts.shape)


def areas_km2(covered: csr_array, grid: Grid) -> csr_array:
    """Area of each zone in each cell, km²; ``covered`` is the part of the cell in the zone."""
    cells = np.broadcast_to(cell_areas_km2(grid), grid.shape).ravel()
    # beyond the edge of the map a cell has no area.
    return times_cells(covered, np.nan_to_num(cells))


def times_cells(shares: csr_array, values: Floats) -> csr_array:
    """Multiply every column by a number of its cell; cells filled before stay filled."""
    return csr_array(
        (shares.data * values[shares.indices], shares.indices, shares.indptr), shape=shares.shape
    )


def scaled_rows(shares: csr_array, values: Floats) -> csr_array:
    """Multiply every row by a number of its zone."""
    data = shares.data * np.repeat(values, np.diff(shares.indptr))
    return csr_array((data, shares.indices, shares.indptr), shape=shares.shape)


def _weights_of_classes(codes: Floats, class_weights: Mapping[int, float]) -> Floats:
    is_known = np.isfinite(codes)
    present, place = np.unique(codes[is_known], return_inverse=True)
    lacking = [f"{code:g}" for code in present if code not in class_weights]
    if lacking:
        raise LayerError(
            f"classes without a weight: {', '.join(lacking)}; give each a weight, 0 where nobody "
            "lives"
        )
    found = np.full(codes.shape, np.nan)
    found[is_known] = np.array([class_weights[int(code)] for code in present], dtype=float)[place]
    return found


def _listed(ids: pd.Index) -> str:
    shown = ", ".join(f"'{one}'" for one in ids[:5])
    return shown + (f" … ({len(ids)} in all)" if len(ids) > 5 else "")
