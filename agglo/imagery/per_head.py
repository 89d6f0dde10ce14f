"""What rasters show of a zone, per head of its residents."""

from __future__ import annotations

from collections.abc import Hashable, Mapping

import numpy as np
import pandas as pd

from agglo.errors import LayerError, TableError
from agglo.rasters import GREEN_KINDS, LandClass
from agglo.tables import weakest_status
from agglo.units import M2_PER_KM2


def night_lights_per_head(
    lights: pd.Series,
    persons_count: pd.Series,
    *,
    status: str,
    persons_status: str | pd.Series = "observed",
) -> pd.DataFrame:
    """Divide the night lights of zones by their residents.

    Parameters
    ----------
    lights
        Sum of the lights of each zone, in whatever unit the layer has; ``nan`` where unknown.
    persons_count
        Residents, one for every zone.
    status, persons_status
        Of the raster, and of the residents: one word, or one for every zone.

    Returns
    -------
    night_lights_per_head
        Index of ``lights``; ``night_lights_per_head``, ``nan`` where nobody lives or anything is
        unknown, and ``status``, the weaker of the two.

    Raises
    ------
    TableError
        If a zone has no row of residents, two, or fewer than 0.

    Examples
    --------
    >>> lights, people = pd.Series({"a": 60.0, "b": 5.0}), pd.Series({"b": 0, "a": 30})
    >>> night_lights_per_head(lights, people, status="observed")["night_lights_per_head"].to_dict()
    {'a': 2.0, 'b': nan}
    """
    return _per_head(
        lights, persons_count, "night_lights_per_head", status=status, persons_status=persons_status
    )


def built_up_m2_per_head(
    built_m2: pd.Series,
    persons_count: pd.Series,
    *,
    status: str,
    persons_status: str | pd.Series = "observed",
) -> pd.DataFrame:
    """Divide the built-up land of zones, m², by their residents; see ``night_lights_per_head``."""
    return _per_head(
        built_m2, persons_count, "built_up_m2_per_head", status=status,
        persons_status=persons_status,
    )  # fmt: skip


def green_m2_per_head(
    class_areas_km2: pd.DataFrame,
    persons_count: pd.Series,
    *,
    classes: Mapping[int, LandClass],
    status: str,
    persons_status: str | pd.Series = "observed",
) -> pd.DataFrame:
    """Divide the green land of zones, m², by their residents; see ``night_lights_per_head``.

    Parameters
    ----------
    class_areas_km2
        Zones × codes of land cover; a zone with no area of any class is unknown. Where only a
        part of a zone is known, so is only a part of its green.
    classes
        By code; those of ``GREEN_KINDS`` are green: farm land is not.

    Raises
    ------
    LayerError
        If a code has no class.
    """
    kinds: dict[Hashable, str] = {code: one.kind for code, one in classes.items()}
    lacking = [f"{code}" for code in class_areas_km2.columns if code not in kinds]
    if lacking:
        raise LayerError(
            f"code(s) {', '.join(lacking[:5])} have no class; name the classes of the raster"
        )
    is_green = [kinds[code] in GREEN_KINDS for code in class_areas_km2.columns]
    known = class_areas_km2.fillna(0.0).sum(axis=1) > 0
    area_m2 = class_areas_km2.loc[:, is_green].fillna(0.0).sum(axis=1) * M2_PER_KM2
    return _per_head(
        area_m2.where(known), persons_count, "green_m2_per_head", status=status,
        persons_status=persons_status,
    )  # fmt: skip


def _per_head(
    amounts: pd.Series,
    persons_count: pd.Series,
    name: str,
    *,
    status: str,
    persons_status: str | pd.Series,
) -> pd.DataFrame:
    persons = _of_zones(persons_count, amounts.index, "persons_count").astype(float)
    if (persons < 0).any():
        raise TableError(f"persons_count of {persons.index[persons < 0][0]!r} is below 0")
    if isinstance(persons_status, str):
        persons_status = pd.Series(persons_status, index=amounts.index, dtype=object)
    weakest = [
        weakest_status(status, one)
        for one in _of_zones(persons_status, amounts.index, "persons_status")
    ]
    per_head = amounts.astype(float) / persons.where(persons > 0, np.nan)
    return pd.DataFrame({name: per_head, "status": weakest}, index=amounts.index)


def _of_zones(column: pd.Series, zones: pd.Index, what: str) -> pd.Series:
    """Rows of some zones, one each."""
    if not column.index.is_unique:
        raise TableError(f"{what} has two rows of {column.index[column.index.duplicated()][0]!r}")
    lacking = zones.difference(column.index)
    if len(lacking):
        raise TableError(
            f"{what} has no row for zone {lacking[0]!r} ({len(lacking)} in all); give every zone "
            "one, nan where unknown"
        )
    return column.reindex(zones)
