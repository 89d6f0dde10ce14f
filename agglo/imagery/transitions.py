"""What became of each class of land between two epochs, and how much vegetation was lost."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np
import pandas as pd

from agglo.errors import LayerError
from agglo.imagery.built_up import areas_ha
from agglo.imagery.change import sums_compared
from agglo.imagery.coverage import Coverage
from agglo.imagery.zonal import class_areas_km2
from agglo.rasters import GREEN_KINDS, LAND_KINDS, Floats, LandClass
from agglo.units import HA_PER_KM2

GREEN_ABOVE = 0.4
"""NDVI of a cell that counts as green. Bare soil lies below 0.2, full cover above 0.5 (Sobrino et
al. 2004); between them it is a choice, and 0.3 to 0.5 is worth trying."""

FALLS = (0.1, 0.2, 0.3)
"""Falls of NDVI that are tried: no single one is established, since seasons and sensors differ."""


WATER_BELOW = 0.0
"""NDVI of open water, cloud and snow lies below (usual reading, unverified)."""

DIGITS = 9
"""Falls are rounded to so many, so that 0.8 − 0.6 is not more than 0.2."""


def class_transitions_ha(
    before: Floats,
    after: Floats,
    coverage: Coverage,
    *,
    classes: Mapping[int, LandClass] | None = None,
) -> pd.DataFrame:
    """Hectares that went from each class to each class, by zone.

    Parameters
    ----------
    before, after
        Codes of the cells, ``nan`` where nothing is known; cells unknown in either are left out.
    classes
        If given, codes are put together to their kinds of land.

    Returns
    -------
    class_transitions_ha
        Index ``zone_id``, ``before``; a column for each class ``after``: rows add up to what a
        class had, columns to what it has. All kinds of land, or all codes there are, stand both
        ways; ``nan`` throughout for a zone of which nothing is known.

    Raises
    ------
    LayerError
        If the shapes differ, a code has no class, or without classes no cell is known in both.
    """
    for codes in (before, after):
        if codes.shape != coverage.grid.shape:
            raise LayerError(f"the codes have the shape {codes.shape}, not {coverage.grid.shape}")
    known = ~(np.isnan(before) | np.isnan(after))
    labels, first, second = _labelled(before[known], after[known], classes)
    size = len(labels)
    pairs = np.full(known.shape, np.nan)
    pairs[known] = first * size + second
    found = class_areas_km2(coverage, pairs) * HA_PER_KM2
    sums = found.reindex(columns=range(size * size), fill_value=0.0).to_numpy(
        dtype=float, copy=True
    )
    sums[found.isna().all(axis=1).to_numpy()] = np.nan
    rows = pd.MultiIndex.from_product([coverage.zone_ids, labels], names=["zone_id", "before"])
    columns = pd.Index(labels, name="after")
    return pd.DataFrame(sums.reshape(-1, size), index=rows, columns=columns)


def kinds_lost(transitions_ha: pd.DataFrame, *, kinds: Sequence[str] = GREEN_KINDS) -> pd.DataFrame:
    """Sum up what some kinds of land lost to the others.

    Parameters
    ----------
    transitions_ha
        As ``class_transitions_ha`` gives it, by kinds.

    Returns
    -------
    kinds_lost
        Index zone id; ``before_ha``, ``after_ha``, ``lost_ha`` (to other kinds), ``gained_ha``
        (from them) and ``lost_to_…_ha`` for each other kind. A change among the kinds is none.
    """
    others = [kind for kind in transitions_ha.columns if kind not in kinds]
    own = transitions_ha.index.get_level_values("before").isin(kinds)
    from_own = transitions_ha[own].groupby(level="zone_id", sort=False).sum(min_count=1)
    from_others = transitions_ha[~own].groupby(level="zone_id", sort=False).sum(min_count=1)
    zones = transitions_ha.index.unique("zone_id")
    from_own, from_others = (part.reindex(zones).fillna(0.0) for part in (from_own, from_others))
    kept = from_own[[kind for kind in transitions_ha.columns if kind in kinds]].sum(axis=1)
    gained = from_others[[kind for kind in transitions_ha.columns if kind in kinds]].sum(axis=1)
    frame = pd.DataFrame(
        {
            "before_ha": from_own.sum(axis=1),
            "after_ha": kept + gained,
            "lost_ha": from_own[others].sum(axis=1),
            "gained_ha": gained,
            **{f"lost_to_{kind}_ha": from_own[kind] for kind in others},
        }
    )
    known = transitions_ha.groupby(level="zone_id", sort=False).sum(min_count=1).notna()
    return frame.where(known.any(axis=1).reindex(zones), np.nan)


def vegetation_lost(
    before: Floats,
    after: Floats,
    coverage: Coverage,
    *,
    green_above: float = GREEN_ABOVE,
    falls: Sequence[float] = FALLS,
) -> pd.DataFrame:
    """Hectares that were green and whose NDVI fell, at several falls.

    Both epochs must be of one sensor and season and corrected alike, or the fall is that of the
    season; a fall is no proof of building: fields are harvested, forests are cut.

    Parameters
    ----------
    before, after
        NDVI of the cells, −1 to 1, ``nan`` where nothing is known.
    green_above
        A cell counts as green before if its NDVI is above.
    falls
        A green cell is lost if its NDVI fell by more.

    Returns
    -------
    vegetation_lost
        Index ``zone_id``, ``fall``; ``green_before_ha``, ``lost_ha``, ``lost_to_water_ha``
        (of them, with NDVI below 0 after: a river that moved, or cloud), ``lost_share`` (of the
        green before; ``nan`` where there was none) and ``compared_share`` of the zone's area.

    Raises
    ------
    LayerError
        If the shapes differ, NDVI is not from −1 to 1 or a fall is not above 0.
    """
    _check_ndvi(before, after, coverage, falls)
    known = ~(np.isnan(before) | np.isnan(after))
    area = areas_ha(coverage.grid)
    was_green = known & (before > green_above)
    fell = np.where(was_green, np.round(before - after, DIGITS), -np.inf)
    order = sorted(set(falls))
    is_lost = [fell > fall for fall in order]
    green, *sums, compared = sums_compared(
        coverage, known, was_green * area, *(one * area for one in is_lost),
        *((one & (after < WATER_BELOW)) * area for one in is_lost),
    )  # fmt: skip
    lost, drowned = sums[: len(order)], sums[len(order) :]
    parts = {
        fall: pd.DataFrame(
            {
                "green_before_ha": green,
                "lost_ha": one,
                "lost_to_water_ha": water,
                "lost_share": one / np.where(green > 0, green, np.nan),
                "compared_share": compared,
            },
            index=coverage.zone_ids,
        )
        for fall, one, water in zip(order, lost, drowned, strict=True)
    }
    frame = pd.concat(parts).reorder_levels([1, 0])
    rows = pd.MultiIndex.from_product([coverage.zone_ids, order], names=["zone_id", "fall"])
    return frame.reindex(rows)


def _labelled(
    before: Floats, after: Floats, classes: Mapping[int, LandClass] | None
) -> tuple[list[str] | list[float], np.ndarray, np.ndarray]:
    """Return the labels, and which of them each known cell had before and has after."""
    codes, at = np.unique(np.concatenate([before, after]), return_inverse=True)
    at = at.ravel()
    if classes is None and not len(codes):
        raise LayerError("no cell is known in both epochs; check their nodata values and areas")
    if classes is None:
        return list(codes), at[: len(before)], at[len(before) :]
    lacking = [f"{code:g}" for code in codes if code not in classes]
    if lacking:
        raise LayerError(
            f"code(s) {', '.join(lacking[:5])} have no class; name the classes of the raster"
        )
    kinds = [classes[int(code)].kind for code in codes]
    if "" in kinds:
        raise LayerError(
            f"code {codes[kinds.index('')]:g} is of no kind of land; give the classes of a raster "
            "of land cover, or none to compare the codes"
        )
    own = np.array([LAND_KINDS.index(kind) for kind in kinds], dtype=np.int64)[at]
    return list(LAND_KINDS), own[: len(before)], own[len(before) :]


def _check_ndvi(before: Floats, after: Floats, coverage: Coverage, falls: Sequence[float]) -> None:
    for values in (before, after):
        if values.shape != coverage.grid.shape:
            raise LayerError(f"NDVI has the shape {values.shape}, not {coverage.grid.shape}")
        odd = (values < -1) | (values > 1)
        if odd.any():
            raise LayerError(
                f"NDVI lies from -1 to 1; got {values[odd][0]:g}; apply the scale of the raster"
            )
    if not falls or min(falls) <= 0:
        raise LayerError(f"falls of NDVI must be above 0; got {list(falls)}")
