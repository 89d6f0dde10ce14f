"""The isochrone of one or several cores: who reaches the nearest of them in time."""

from __future__ import annotations

from collections.abc import Collection, Mapping

import numpy as np
import pandas as pd

from agglo.commuting.flows import id_ranks
from agglo.errors import TableError
from agglo.tables import STATUSES
from agglo.territory.delineation import NO_AREA, Delineation


def isochrone_areas(
    minutes: pd.DataFrame,
    *,
    cores: Collection[str] | Mapping[str, str] | pd.Series,
    within_min: float = 90.0,
    status: str = "modelled",
) -> Delineation:
    """Join every zone to the core that it reaches soonest, if it does so in time.

    Russian practice takes 90 minutes, and 120 for the largest cores (Institute of Geography,
    unverified). The way counts from home to the core; the limit itself is in time. Of cores
    equally near, the one whose zone has the lowest id.

    Parameters
    ----------
    minutes
        Home zone × work zone, ``inf`` where there is no way. Every row is delineated: give the
        rows of the zones inside. A core needs a column; it may lie beyond the region.
    cores
        Ids of the zones that are cores, each the core of an area of its own name; or, where a
        core is several zones, the core's id by zone ('' where it is none).
    within_min
        Longest way that still joins, minutes.
    status
        Status of the times: 'observed', 'modelled' or 'assumed'.

    Returns
    -------
    isochrone_areas
        ``value`` is minutes to the nearest core, ``margin`` the limit less these minutes: 0 for
        a zone exactly on the limit, which is in; ``inf`` and ``−inf`` for a zone without a way.
        A core is ``decided_by`` 'core' and has no number.

    Raises
    ------
    TableError
        If there is no core, a core has no column, a time is missing or negative, zones stand
        twice, or the limit is not a number of minutes of 0 or more.

    Examples
    --------
    >>> minutes = pd.DataFrame({"a": [0.0, 60, 61], "b": [60.0, 0, 5]}, index=["a", "b", "c"])
    >>> isochrone_areas(minutes, cores=["a"], within_min=60).areas["area_id"].tolist()
    ['a', 'a', '']
    """
    names, labels = _sorted_cores(cores)
    _check(minutes, names, within_min, status)
    zones = minutes.index.astype(str)
    times = minutes.to_numpy(dtype=float)[:, minutes.columns.astype(str).get_indexer(names)]
    _check_times(times, zones, names)
    nearest = times.argmin(axis=1)
    value = times[np.arange(len(zones)), nearest]
    own = names.get_indexer(zones)
    is_core = own >= 0
    area = np.where(is_core, own, np.where(value <= within_min, nearest, -1))
    value[is_core] = np.nan
    areas = pd.DataFrame(
        {
            "area_id": np.array([*labels, NO_AREA], dtype=object)[area],
            "decided_by": np.where(is_core, "core", "minutes_to_core"),
            "value": value,
            "threshold": float(within_min),
            "margin": within_min - value,
        },
        index=pd.Index(zones, dtype=object, name="zone_id"),
    )
    return Delineation(
        method="isochrone",
        areas=areas,
        parameters={"cores": ";".join(names), "within_min": float(within_min)},
        status=status,
    )


def _sorted_cores(
    cores: Collection[str] | Mapping[str, str] | pd.Series,
) -> tuple[pd.Index, list[str]]:
    """Zones of cores and the core of each, the lowest zone id first, so that it wins ties."""
    if isinstance(cores, Mapping | pd.Series):
        named = pd.Series(cores, dtype=object).dropna()
        pairs = {str(zone): str(core) for zone, core in named.items() if core != NO_AREA}
    else:
        pairs = {str(one): str(one) for one in cores}
    names = pd.Index(list(pairs), dtype=object)
    names = names[np.argsort(id_ranks(names))]
    return names, [pairs[one] for one in names]


def _check(minutes: pd.DataFrame, names: pd.Index, within_min: float, status: str) -> None:
    unknown = names[~names.isin(minutes.columns.astype(str))]
    if names.empty or len(unknown):
        got = f"no column for '{unknown[0]}'" if len(unknown) else "none"
        raise TableError(
            f"isochrone: cores must be places that the minutes lead to; got {got}; there are "
            f"{minutes.shape[1]} columns"
        )
    if minutes.index.has_duplicates or minutes.columns.has_duplicates:
        raise TableError("isochrone: a zone stands twice in the minutes; keep one of each")
    if not (np.isfinite(within_min) and within_min >= 0):
        raise TableError(f"isochrone: within_min must be 0 or more minutes; got {within_min}")
    if status not in STATUSES:
        raise TableError(f"isochrone: status must be one of {', '.join(STATUSES)}; got '{status}'")


def _check_times(times: np.ndarray, zones: pd.Index, cores: pd.Index) -> None:
    wrong = np.isnan(times) | (times < 0)
    if wrong.any():
        row, column = np.argwhere(wrong)[0]
        raise TableError(
            f"isochrone: minutes from '{zones[row]}' to '{cores[column]}' are "
            f"{times[row, column]:g}; wanted 0 or more, inf where there is no way"
        )
