"""Measures a raster over zones: sums, means, quantiles and classes by exact shares of cells."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np
import numpy.typing as npt
import pandas as pd

from agglo.errors import LayerError
from agglo.imagery.coverage import Coverage
from agglo.imagery.zonal_blocks import code_totals, gathered, totals
from agglo.imagery.zonal_reading import reader
from agglo.rasters import QUANTITIES, Band, Floats, LandClass, RasterLayer

Values = Band | RasterLayer | npt.ArrayLike

MIDDLE = (0.1, 0.5, 0.9)


def zonal_sums(coverage: Coverage, quantity: str | RasterLayer, values: Values) -> pd.Series:
    """Add up a raster over zones.

    Parameters
    ----------
    quantity
        ``count``: Σ share × value. ``density``: Σ share × value × true area of the cell, an
        amount. ``share``: the same, km². Or the layer that says which.
    values
        A band or layer on the grid of the coverage, or an array of its shape.

    Returns
    -------
    sums
        Index zone id; of known cells only (see ``known_share``), ``nan`` where none is known.

    Raises
    ------
    LayerError
        If it is a level or a class, which have no sum, or lies on another grid.
    """
    what = _quantity(quantity, ("count", "density", "share"), "sum")
    by_area = what != "count"
    own = ("value_area", "known_area") if by_area else ("value", "known_cells")
    found = totals(coverage, reader(coverage, values), own)
    return _known(coverage, found[own[0]], found[own[1]], "sum")


def zonal_means(
    coverage: Coverage, quantity: str | RasterLayer, values: Values, *, by_area: bool = True
) -> pd.Series:
    """Average a raster over zones, over known cells only.

    Parameters
    ----------
    quantity
        ``level``, ``share`` or ``density``.
    by_area
        Weigh cells by share covered × true area; False: by share alone, as exactextract does.

    Raises
    ------
    LayerError
        If it is a count (which adds up) or a class, or lies on another grid.
    """
    _quantity(quantity, ("level", "share", "density"), "mean")
    own = ("value_area", "known_area") if by_area else ("value", "known_cells")
    found = totals(coverage, reader(coverage, values), own)
    return _known(coverage, _ratio(found[own[0]], found[own[1]]), found[own[1]], "mean")


def zonal_quantiles(
    coverage: Coverage,
    quantity: str | RasterLayer,
    values: Values,
    *,
    at: Sequence[float] = MIDDLE,
    by_area: bool = True,
) -> pd.DataFrame:
    """Quantiles of the known cells of zones, weighted.

    With n sorted values x₀ … of weights w, let sₖ = k·wₖ + (n − 1)·(w₀ + … + wₖ₋₁); the quantile
    q is x interpolated at s = q·(n − 1)·Σw. With equal weights it is the usual one (Hyndman and
    Fan 1996, definition 7, unverified), with numbers that differ that of exactextract; which
    first makes one of equal numbers, so that its median of 0, 0, 0, 10 is 5, and ours 0.

    Parameters
    ----------
    at
        Quantiles, 0 to 1.
    by_area
        As in ``zonal_means``.

    Returns
    -------
    quantiles
        Zones × quantiles.

    Raises
    ------
    LayerError
        If it is a class, lies on another grid, or one zone has over 50 million cells.
    """
    _quantity(quantity, ("level", "share", "density", "count"), "quantile")
    if not all(0 <= one <= 1 for one in at):
        raise LayerError(f"quantiles must lie between 0 and 1; got {list(at)}")
    found = np.full((len(coverage.zone_ids), len(at)), np.nan)
    for zones, numbers, weights in gathered(coverage, reader(coverage, values), by_area=by_area):
        own, starts, counts = np.unique(zones, return_index=True, return_counts=True)
        found[own] = _weighted_quantiles(numbers, weights, starts, counts, at)
    return pd.DataFrame(found, index=coverage.zone_ids, columns=pd.Index(at, name="quantile"))


def zonal_extremes(coverage: Coverage, values: Values) -> pd.DataFrame:
    """Lowest and highest known value in each zone, however small the part of the cell."""
    found = totals(coverage, reader(coverage, values), ("low", "high"))
    return pd.DataFrame({"min": found["low"], "max": found["high"]}, index=coverage.zone_ids)


def known_share(coverage: Coverage, values: Values) -> pd.Series:
    """Part of each zone's area of which the raster knows something; off the grid is unknown."""
    found = totals(coverage, reader(coverage, values), ("area", "known_area"))
    within = 1 - coverage.outside_share.to_numpy(dtype=float)
    share = np.nan_to_num(_ratio(found["known_area"], found["area"])) * within
    return pd.Series(share, index=coverage.zone_ids, name="known_share")


def class_areas_km2(
    coverage: Coverage, values: Values, *, classes: Mapping[int, LandClass] | None = None
) -> pd.DataFrame:
    """True area of each class in each zone.

    Parameters
    ----------
    classes
        Groups codes by their kind; codes that it does not name keep their number as a text.

    Returns
    -------
    areas
        Zones × code (or kind), km²; ``nan`` where nothing is known.

    Raises
    ------
    LayerError
        If the numbers are no whole codes, or lie on another grid.
    """
    found, known = code_totals(coverage, reader(coverage, values), by_area=True)
    return _by_code(coverage, found, known, classes)


def class_shares(
    coverage: Coverage,
    values: Values,
    *,
    classes: Mapping[int, LandClass] | None = None,
    by_area: bool = True,
) -> pd.DataFrame:
    """Part of the known area of each zone that each class (or kind) takes; see ``class_areas_km2``.

    Parameters
    ----------
    by_area
        As in ``zonal_means``.
    """
    found, known = code_totals(coverage, reader(coverage, values), by_area=by_area)
    return _by_code(coverage, found, known, classes).div(known, axis=0)


def kind_of(code: int, classes: Mapping[int, LandClass]) -> str:
    """Kind of a class, or its code as a text where it has none."""
    return (classes[code].kind if code in classes else "") or str(code)


def _quantity(quantity: str | RasterLayer, allowed: Sequence[str], measure: str) -> str:
    """Return the quantity; a measure that means nothing for it is refused."""
    what = quantity.quantity if isinstance(quantity, RasterLayer) else quantity
    if what not in QUANTITIES:
        raise LayerError(f"quantity must be one of {', '.join(QUANTITIES)}; got '{what}'")
    if what not in allowed:
        name = f"'{quantity.name}'" if isinstance(quantity, RasterLayer) else "the raster"
        instead = {
            "count": "counts add up: take zonal_sums",
            "class": "codes are names: take class_areas_km2 or class_shares",
            "level": "levels are averaged: take zonal_means",
        }[what]
        raise LayerError(f"{name} holds a {what}, of which a {measure} means nothing; {instead}")
    return what


def _ratio(above: Floats, below: Floats) -> Floats:
    ratio: Floats = np.divide(above, below, out=np.full(len(above), np.nan), where=below > 0)
    return ratio


def _known(coverage: Coverage, figures: Floats, known: Floats, name: str) -> pd.Series:
    return pd.Series(np.where(known > 0, figures, np.nan), index=coverage.zone_ids, name=name)


def _by_code(
    coverage: Coverage,
    found: Mapping[int, Floats],
    known: Floats,
    classes: Mapping[int, LandClass] | None,
) -> pd.DataFrame:
    frame = pd.DataFrame(dict(found), index=coverage.zone_ids)
    if classes is not None:
        kinds = [kind_of(code, classes) for code in found]
        frame = frame.T.groupby(kinds).sum().T
    frame[known <= 0] = np.nan
    return frame.rename_axis(columns="code" if classes is None else "kind")


def _weighted_quantiles(
    numbers: Floats, weights: Floats, starts: npt.NDArray[np.int64], counts: npt.NDArray[np.int64],
    at: Sequence[float],
) -> Floats:  # fmt: skip
    """Quantiles of groups that stand behind each other, each sorted by number."""
    n = np.repeat(counts, counts)
    rank = np.arange(len(numbers)) - np.repeat(starts, counts)
    # each group is added up on its own, so that no other group changes its last digit
    passed_by = pd.Series(weights).groupby(np.repeat(starts, counts), sort=False).cumsum()
    total = passed_by.to_numpy()[starts + counts - 1]
    before = np.where(rank > 0, np.append(0.0, passed_by.to_numpy()[:-1]), 0.0)
    place = rank * weights + (n - 1) * before
    found = np.empty((len(starts), len(at)))
    for column, share in enumerate(at):
        wanted = share * (counts - 1) * total
        passed = np.add.reduceat(place <= np.repeat(wanted, counts), starts, dtype=np.int64)
        low = starts + np.maximum(passed, 1) - 1
        high = np.minimum(low + 1, starts + counts - 1)
        step = place[high] - place[low]
        part = np.divide(wanted - place[low], step, out=np.zeros(len(starts)), where=step > 0)
        found[:, column] = numbers[low] + np.clip(part, 0, 1) * (numbers[high] - numbers[low])
    return found
