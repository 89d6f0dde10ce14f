"""Adds up the cells of zones strip by strip, whether a raster is in memory or on disk."""

from __future__ import annotations

from collections.abc import Collection, Iterator

import numpy as np
import numpy.typing as npt
import pandas as pd

from agglo.errors import LayerError
from agglo.imagery.cell_areas import cell_areas_km2
from agglo.imagery.coverage import Coverage, Strip, every_cell, part_of_zones, strips
from agglo.imagery.zonal_reading import Read
from agglo.rasters import Floats

GATHERED_CELLS = 2_000_000
"""Cells of zones that are sorted at once."""

MOST_GATHERED = 50_000_000
"""One zone may not have more: sorting takes some 150 bytes for each."""

SQUARE = 1024
"""Zones that begin in the same square of so many cells are sorted together."""

MOST_CODES = 1000
Numbers = npt.NDArray[np.int64]


def totals(coverage: Coverage, read: Read, wanted: Collection[str]) -> dict[str, Floats]:
    """Add up numbers of the cells of each zone, weighted by the share covered.

    Parameters
    ----------
    wanted
        Any of ``value``, ``value_area`` (× km²), ``known_cells``, ``known_area``, ``area``,
        ``low`` and ``high`` (which are no sums).

    Returns
    -------
    totals
        By name, a number for each zone.
    """
    count = len(coverage.zone_ids)
    found = {name: np.zeros(count) for name in wanted}
    for name in {"low", "high"} & found.keys():
        found[name][:] = np.nan
    for strip in strips(coverage):
        values = read(strip)
        known = np.isfinite(values)
        is_all_known = bool(known.all())
        areas = (
            np.nan_to_num(cell_areas_km2(strip.grid))
            if any(name.endswith("area") for name in found)
            else np.ones((1, 1))
        )
        own: dict[str, Floats] = {}
        for name in found:
            if name in ("low", "high"):
                _extreme(found[name], strip, values, known, name)
                continue
            # where all is known, the known area is the area
            twin = {"known_area": "area", "area": "known_area"}.get(name, "")
            if not (is_all_known and twin in own):
                own[name] = summed(strip, _filled(name, values, known, areas))
            found[name] += own[name] if name in own else own[twin]
    return found


def summed(strip: Strip, numbers: Floats) -> Floats:
    """Add up share × number for each zone.

    Parameters
    ----------
    numbers
        Of the cells in a row, and one more at the end.
    """
    count = strip.zones_count
    edges = strip.edge_shares * numbers[strip.edge_cells]
    total = np.bincount(strip.edge_zones, edges, minlength=count).astype(np.float64)
    if len(strip.run_zones):
        runs = np.add.reduceat(numbers, _bounds(strip))[::2]
        total += np.bincount(strip.run_zones, runs, minlength=count)
    return total


def code_totals(
    coverage: Coverage, read: Read, *, by_area: bool
) -> tuple[dict[int, Floats], Floats]:
    """Area in km² (or count of cells) of each code in each zone, and of all codes together.

    Raises
    ------
    LayerError
        If the numbers are no codes: broken, or over a thousand different ones.
    """
    count = len(coverage.zone_ids)
    found: dict[int, Floats] = {}
    for strip in strips(coverage):
        values = read(strip).ravel()
        areas = np.broadcast_to(
            np.nan_to_num(cell_areas_km2(strip.grid)) if by_area else 1.0, strip.grid.shape
        )
        for zones, cells, shares in covered(strip):
            here = values[cells]
            known = np.isfinite(here)
            own, codes = pd.factorize(here[known], sort=True)
            _check_codes(codes, found)
            weights = (shares * areas.reshape(-1)[cells])[known]
            table = np.bincount(
                own * count + zones[known], weights, minlength=count * len(codes)
            ).reshape(len(codes), count)
            for code, row in zip(codes, table, strict=True):
                found[int(code)] = found.get(int(code), np.zeros(count)) + row
    ordered = {code: found[code] for code in sorted(found)}
    return ordered, sum(ordered.values(), np.zeros(count))


def covered(strip: Strip) -> Iterator[tuple[Numbers, Numbers, Floats]]:
    """List zone, cell and share of all covered, some millions at once, in order of cells."""
    lengths = strip.run_stops - strip.run_starts
    total = np.cumsum(lengths)
    cuts = (np.flatnonzero(np.diff(total // GATHERED_CELLS)) + 1).tolist()
    begins, ends = [0, *cuts], [*cuts, len(lengths)]
    for begin, end in zip(begins, ends, strict=True):
        runs = slice(begin, end)
        zones = np.repeat(strip.run_zones[runs], lengths[runs])
        cells = every_cell(strip.run_starts[runs], lengths[runs])
        shares = np.ones(len(cells))
        if begin == 0:
            zones = np.concatenate([strip.edge_zones, zones])
            cells = np.concatenate([strip.edge_cells, cells])
            shares = np.concatenate([strip.edge_shares, shares])
        order = np.argsort(cells, kind="stable")
        yield zones[order], cells[order], shares[order]


def gathered(
    coverage: Coverage, read: Read, *, by_area: bool
) -> Iterator[tuple[Numbers, Floats, Floats]]:
    """List zone, number and weight of all known cells, some zones at once, sorted by both.

    Zones are taken square by square, so that little is read twice. Equal
    numbers of a zone keep the order of their cells.

    Raises
    ------
    LayerError
        If one zone has more cells than can be sorted in memory.
    """
    for part in _some_zones(coverage):
        rows = []
        for strip in strips(part):
            values = read(strip).ravel()
            areas = np.broadcast_to(
                np.nan_to_num(cell_areas_km2(strip.grid)) if by_area else 1.0, strip.grid.shape
            )
            for zones, cells, shares in covered(strip):
                here = values[cells]
                known = np.isfinite(here)
                weights = shares * areas.reshape(-1)[cells]
                rows.append((zones[known], here[known], weights[known]))
        if rows:
            zones, numbers, weights = (np.concatenate(one) for one in zip(*rows, strict=True))
            order = np.lexsort((numbers, zones))
            yield zones[order], numbers[order], weights[order]


def _some_zones(coverage: Coverage) -> Iterator[Coverage]:
    """Cut a coverage into zones that can be gathered at once."""
    count = len(coverage.zone_ids)
    lengths = coverage.run_stops - coverage.run_starts
    sizes = np.bincount(coverage.edge_zones, minlength=count)
    sizes = sizes + np.bincount(coverage.run_zones, lengths, minlength=count).astype(np.int64)
    if sizes.max() > MOST_GATHERED:
        worst = coverage.zone_ids[int(sizes.argmax())]
        raise LayerError(
            f"zone '{worst}' touches {sizes.max():,} cells; quantiles sort all cells of a zone, "
            f"{MOST_GATHERED:,} at most: take a coarser raster, smaller zones, or no quantiles"
        )
    group = np.empty(count, dtype=np.int64)
    order = _by_place(coverage)
    group[order] = np.cumsum(sizes[order]) // GATHERED_CELLS
    # what covers nothing has no cells to cut out
    for number in np.unique(group[sizes > 0]):
        yield part_of_zones(coverage, group == number)


def _by_place(coverage: Coverage) -> Numbers:
    """Sort zones by the square in which they begin, so that those side by side are neighbours."""
    width = coverage.window.width
    start = np.full(len(coverage.zone_ids), np.iinfo(np.int64).max)
    np.minimum.at(start, coverage.edge_zones, coverage.edge_cells)
    np.minimum.at(start, coverage.run_zones, coverage.run_starts)
    row, column = np.divmod(start, width)
    return np.lexsort((start, column // SQUARE, row // SQUARE))


def _filled(name: str, values: Floats, known: npt.NDArray[np.bool_], areas: Floats) -> Floats:
    """Numbers to add up, 0 where nothing is known, and one more at the end."""
    padded = np.zeros(values.size + 1)
    numbers = padded[:-1].reshape(values.shape)
    if name == "area":
        numbers[:] = areas
    elif name == "known_cells":
        numbers[:] = known
    elif name == "known_area":
        np.multiply(known, areas, out=numbers)
    else:
        factor = areas if name == "value_area" else 1.0
        np.multiply(values, factor, out=numbers, where=known)
    return padded


def _bounds(strip: Strip) -> Numbers:
    bounds = np.empty(2 * len(strip.run_zones), dtype=np.int64)
    bounds[::2], bounds[1::2] = strip.run_starts, strip.run_stops
    return bounds


def _extreme(
    found: Floats, strip: Strip, values: Floats, known: npt.NDArray[np.bool_], name: str
) -> None:
    """Lower or raise what was found so far."""
    better = np.fmin if name == "low" else np.fmax
    padded = np.full(values.size + 1, np.nan)
    np.copyto(padded[:-1].reshape(values.shape), values, where=known)
    better.at(found, strip.edge_zones, padded[strip.edge_cells])
    if len(strip.run_zones):
        better.at(found, strip.run_zones, better.reduceat(padded, _bounds(strip))[::2])


def _check_codes(codes: npt.ArrayLike, found: Collection[int]) -> None:
    codes = np.asarray(codes)
    broken = codes[codes != np.round(codes)]
    if len(broken) or len({*found, *codes.tolist()}) > MOST_CODES:
        what = f"the number {broken[0]:g}" if len(broken) else f"over {MOST_CODES} numbers"
        raise LayerError(
            f"a raster of classes holds {what}; wanted whole codes of classes: say what its "
            "numbers mean (quantity 'level', 'share', 'count' or 'density')"
        )
