"""Wages within reach: what workers could earn where they can get to, the prize of mobility."""

from __future__ import annotations

import numpy as np
import pandas as pd

from agglo.commuting.flows import id_ranks
from agglo.indicators.access import along

ALL_INDUSTRIES = "all"
"""Industry of the wages over all industries."""

MONTHS = 12


def latest_wages(wages: pd.DataFrame, municipalities: pd.Index) -> pd.Series:
    """Mean wages of municipalities over all industries, all of one year.

    The year for which most of the municipalities are known, of equals the latest: wages of
    different years are not compared.

    Parameters
    ----------
    wages
        Table 'wages' of a region: wages at the place of work, RUB a month.
    municipalities
        Ids of the municipalities to compare.

    Returns
    -------
    latest_wages
        RUB a month by municipality, those that are known that year, in order of id; the name
        of the series is ``wage_YEAR_rub``, or ``wage_rub`` where nothing is known.
    """
    names = wages["municipality_id"].to_numpy(dtype=object)
    years = wages["year"].to_numpy()
    rows = (wages["industry"] == ALL_INDUSTRIES).to_numpy() & np.isin(names, municipalities)
    if not rows.any():
        return pd.Series(dtype=float, name="wage_rub")
    found, known = np.unique(years[rows], return_counts=True)
    year = found[known == known.max()].max()
    rows &= years == year
    paid = wages["wage_rub"].to_numpy(dtype=float)[rows]
    return pd.Series(paid, index=names[rows], name=f"wage_{year}_rub").sort_index()


def main_zones(home: pd.Series, jobs_count: pd.Series) -> pd.Series:
    """Zone with most jobs of each municipality, of equals the lowest id.

    It stands for where the municipality's jobs are.

    Parameters
    ----------
    home
        Municipality of each zone; zones of none (missing or '') are passed over.
    jobs_count
        Jobs by zone.

    Returns
    -------
    main_zones
        Zone id, index municipality id, in order of id.

    Examples
    --------
    >>> main_zones(pd.Series({"a": "m", "b": "m"}), pd.Series({"a": 5, "b": 7})).to_dict()
    {'m': 'b'}
    """
    jobs = along(jobs_count, home.index, "jobs_count").to_numpy(dtype=float)
    names = home.fillna("").to_numpy(dtype=object)
    order = np.lexsort((id_ranks(home.index), -jobs))
    order = order[names[order] != ""]
    own, first = np.unique(names[order].astype(str), return_index=True)
    return pd.Series(home.index[order[first]], index=own.astype(object), name="zone_id")


def best_wages(
    times_min: pd.DataFrame, home: pd.Series, wages_rub: pd.Series, *, within_min: float
) -> pd.DataFrame:
    """Best mean wage that the workers of each zone can reach, that at home included.

    Parameters
    ----------
    times_min
        Minutes, home zone × municipality of work, ``inf`` where there is no way.
    home
        Municipality of each home zone; its own wage needs no trip.
    wages_rub
        Mean wage by municipality; those without one are passed over as places of work.
    within_min
        Longest trip that still counts, in minutes, itself included.

    Returns
    -------
    best_wages
        Index of the zones whose own wage is known, in order of ``times_min``; ``own_rub``,
        ``best_rub`` and ``best_id``, the municipality that pays it: the own one if no other
        pays more, of equals the lowest id.

    Examples
    --------
    >>> times = pd.DataFrame({"m": [5.0, 30.0], "n": [30.0, 5.0]}, index=["a", "b"])
    >>> best = best_wages(times, pd.Series({"a": "m", "b": "n"}),
    ...                   pd.Series({"m": 60_000.0, "n": 80_000.0}), within_min=45)
    >>> best["best_rub"].to_dict()
    {'a': 80000.0, 'b': 80000.0}
    """
    ranked = wages_rub.iloc[np.argsort(id_ranks(wages_rub.index))]
    wage = ranked.to_numpy(dtype=float)
    own = ranked.index.get_indexer(pd.Index(home.reindex(times_min.index)))
    known = own >= 0
    column = times_min.columns.get_indexer(ranked.index)
    minutes = times_min.to_numpy(dtype=float)[np.ix_(known, column[column >= 0])]
    paid = np.where(minutes <= within_min, wage[column >= 0], -np.inf)
    paid = np.column_stack([wage[own[known]], paid])
    # the own wage stands first: of equals the first is taken.
    best = paid.argmax(axis=1)
    row = np.arange(len(paid))
    place = np.where(best == 0, own[known], np.append(0, np.flatnonzero(column >= 0))[best])
    return pd.DataFrame(
        {"own_rub": paid[:, 0], "best_rub": paid[row, best], "best_id": ranked.index[place]},
        index=times_min.index[known],
    )


def wage_gaps(times_min: pd.DataFrame, wages_rub: pd.Series, *, within_min: float) -> pd.DataFrame:
    """Pairs of municipalities within reach where the other one pays more.

    Parameters
    ----------
    times_min
        Minutes, municipality of home × municipality of work.
    wages_rub
        Mean wage by municipality; those without one are passed over.
    within_min
        Longest trip that still counts, in minutes, itself included.

    Returns
    -------
    wage_gaps
        ``from_id``, ``to_id``, ``time_min``, ``gap_rub`` (a month, above 0) and ``gap_share``
        of the wage at home; the largest gap first.
    """
    known = times_min.index.intersection(times_min.columns).intersection(wages_rub.index)
    minutes = times_min.loc[known, known].to_numpy(dtype=float)
    wage = along(wages_rub, known, "wages_rub").to_numpy(dtype=float)
    gap = wage[np.newaxis, :] - wage[:, np.newaxis]
    rows, columns = np.nonzero((minutes <= within_min) & (gap > 0))
    found = pd.DataFrame(
        {
            "from_id": known.to_numpy()[rows],
            "to_id": known.to_numpy()[columns],
            "time_min": minutes[rows, columns],
            "gap_rub": gap[rows, columns],
            "gap_share": gap[rows, columns] / wage[rows],
        }
    )
    order = ["gap_rub", "from_id", "to_id"]
    return found.sort_values(order, ascending=[False, True, True], ignore_index=True)


def annual_prize_rub(best: pd.DataFrame, workers_count: pd.Series) -> float:
    """Most that workers could earn more a year: ``12 · Σ workers · (best wage − wage at home)``.

    An upper bound and no forecast: everybody would take the best wage within reach, at wages
    that stay as they are, and none works there yet. With the jobs of today the sum of wages
    cannot grow at all; it needs jobs to grow where the wages are.

    Parameters
    ----------
    best
        As ``best_wages`` gives it.
    workers_count
        Resident workers by zone.

    Raises
    ------
    TableError
        If a zone has no count of workers.
    """
    workers = along(workers_count, best.index, "workers_count").to_numpy(dtype=float)
    return float(MONTHS * (workers @ (best["best_rub"] - best["own_rub"]).to_numpy()))
