"""Access to facilities such as stations and hospitals; trips by more than one mode."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np
import pandas as pd

from agglo.errors import NetworkError

STEP_MIN = 0.001
"""A way that is quicker by no more than this is as quick: minutes come in milliseconds."""


def nearest_minutes(times_min: pd.DataFrame, kind: pd.Series) -> pd.DataFrame:
    """Minutes to the nearest facility of each kind.

    Parameters
    ----------
    times_min
        Minutes, zones × facilities, ``inf`` where there is no way.
    kind
        Kind of each facility, such as 'station', 'airport', 'hospital', by facility.

    Returns
    -------
    nearest_minutes
        Zones × kinds, sorted; ``inf`` where a zone reaches none.

    Raises
    ------
    NetworkError
        If a facility has no kind, or a time is not a number.

    Examples
    --------
    >>> times = pd.DataFrame({"north": [5.0, 30], "south": [20.0, 10]}, index=["a", "b"])
    >>> kind = pd.Series({"north": "station", "south": "station"})
    >>> nearest_minutes(times, kind)["station"].tolist()
    [5.0, 10.0]
    """
    own = kind.reindex(times_min.columns)
    if own.isna().any():
        raise NetworkError(f"facility {own.index[own.isna()][0]!r} has no kind; give it one")
    wrong = times_min.isna().to_numpy()
    if wrong.any():
        zone, facility = np.argwhere(wrong)[0]
        raise NetworkError(
            f"the time from {times_min.index[zone]!r} to {times_min.columns[facility]!r} is not a "
            "number; where there is no way it must be inf"
        )
    found = times_min.T.groupby(own.to_numpy(), sort=True).min().T
    return found.rename_axis(columns=None)


def facility_access(
    nearest_min: pd.DataFrame,
    population_count: pd.Series,
    *,
    within_min: Sequence[float] = (15, 30, 45),
) -> pd.DataFrame:
    """Say how people reach the nearest facility of each kind.

    Parameters
    ----------
    nearest_min
        Zones × kinds, from ``nearest_minutes``.
    population_count
        People by zone.
    within_min
        Limits that still count as in time.

    Returns
    -------
    facility_access
        One row per kind: ``mean_min`` over the people who have a way, ``unserved_share`` who
        have none, and for each limit ``within_15_min_share`` and so on. Not a number where
        there are no people, or none with a way.

    Raises
    ------
    NetworkError
        If a zone has no population.

    Examples
    --------
    >>> nearest = pd.DataFrame({"station": [10.0, 20.0, np.inf]}, index=["a", "b", "c"])
    >>> people = pd.Series({"a": 300, "b": 100, "c": 100})
    >>> facility_access(nearest, people).round(3).loc["station"].tolist()
    [12.5, 0.2, 0.6, 0.8, 0.8]
    """
    people = population_count.reindex(nearest_min.index).astype(float)
    if people.isna().any():
        raise NetworkError(
            f"zone {people.index[people.isna()][0]!r} has no population; give it a count, 0 or more"
        )
    times = nearest_min.to_numpy(dtype=float)
    served = np.isfinite(times)
    total, have_way = people.sum(), people.to_numpy() @ served
    spent = people.to_numpy() @ np.where(served, times, 0.0)
    measures = {
        "mean_min": np.divide(spent, have_way, out=np.full_like(spent, np.nan), where=have_way > 0),
        "unserved_share": _share(people.to_numpy() @ ~served, total),
    }
    for limit in within_min:
        measures[f"within_{limit:g}_min_share"] = _share(
            people.to_numpy() @ (times <= limit), total
        )
    return pd.DataFrame(measures, index=nearest_min.columns)


def intermodal_share(
    together_min: pd.DataFrame, alone_min: Mapping[str, pd.DataFrame], trips: pd.DataFrame
) -> float:
    """Share of commuters whose quickest way joins two modes or more.

    A trip is intermodal if the quickest way with all modes open is quicker than the quickest
    with any one of them: then no way by one mode alone is quickest. Walks to a stop, between
    stops or from a stop are part of the mode they serve, so walks belong in every matrix.

    Parameters
    ----------
    together_min
        Minutes with all modes open to one trip, origins × destinations; ``inf`` without a way.
    alone_min
        Minutes with one mode open, by mode, such as car, train, bus.
    trips
        Commuters of each pair.

    Returns
    -------
    intermodal_share
        0–1, of the commuters who have a way; not a number if there are none.

    Raises
    ------
    NetworkError
        If no mode is given, or a mode alone is quicker than all together.

    Examples
    --------
    >>> pair = ["a"], ["b"]
    >>> frames = [pd.DataFrame([[minutes]], *pair) for minutes in (40.0, 60.0, 55.0, 10.0)]
    >>> intermodal_share(frames[0], {"car": frames[1], "train": frames[2]}, frames[3])
    1.0
    """
    if not alone_min:
        raise NetworkError("alone_min names no mode; give the minutes by each mode alone")
    rows, columns = together_min.index, together_min.columns
    together = together_min.to_numpy(dtype=float)
    best = np.full(together.shape, np.inf)
    for mode, minutes in alone_min.items():
        alone = minutes.reindex(index=rows, columns=columns).to_numpy(dtype=float)
        if not (alone >= together - STEP_MIN).all():
            raise NetworkError(
                f"'{mode}' alone is quicker than all modes together, or has no number for a pair; "
                "open every mode in 'together_min', and use inf where there is no way"
            )
        best = np.minimum(best, alone)
    people = trips.reindex(index=rows, columns=columns).fillna(0).to_numpy(dtype=float)
    served = np.isfinite(together)
    total = people[served].sum()
    joined = people[served & (together < best - STEP_MIN)].sum()
    return float(joined / total) if total > 0 else float("nan")


def _share(part: np.ndarray, whole: float) -> np.ndarray:
    return part / whole if whole > 0 else np.full_like(part, np.nan)
