"""What places are specialised in, from their jobs by sector, and how far they do the same."""

from __future__ import annotations

import numpy as np
import pandas as pd

from agglo.errors import TableError
from agglo.transport.topology import Floats


def location_quotients(jobs_count: pd.DataFrame) -> pd.DataFrame:
    """How many times larger a sector is in a place than in all places together.

    ``LQ = (jobs of the sector / jobs of the place) / (the same of all places)`` (Florence 1939,
    unverified).

    Parameters
    ----------
    jobs_count
        Jobs, places × sectors, 0 or more.

    Returns
    -------
    location_quotients
        Like ``jobs_count``; above 1 where the place is specialised, ``nan`` for places without
        jobs and for sectors that nobody has.

    Raises
    ------
    TableError
        If a count is missing, infinite or below 0: place and sector are named.

    Examples
    --------
    >>> jobs = pd.DataFrame({"C": [30, 10], "G": [10, 30]}, index=["a", "b"])
    >>> location_quotients(jobs)["C"].tolist()
    [1.5, 0.5]
    """
    own, whole = _shares(jobs_count)
    values = _over(own, np.broadcast_to(whole, own.shape))
    return pd.DataFrame(values, index=jobs_count.index, columns=jobs_count.columns)


def krugman_index(jobs_count: pd.DataFrame) -> pd.Series:
    """How far the sectors of a place are from those of all places: ``Σ |share − share of all|``.

    Krugman (1991). 0 where a place is like the whole, towards 2 where it has nothing in common
    with it; half of it is the coefficient of specialisation.

    Returns
    -------
    krugman_index
        0–2 by place, ``nan`` for places without jobs.
    """
    own, whole = _shares(jobs_count)
    return _by_place(np.abs(own - whole).sum(axis=1), jobs_count, "krugman_index")


def specialisation_coefficient(jobs_count: pd.DataFrame) -> pd.Series:
    """Share of a place's jobs that would have to change sector for it to be like the whole.

    Half the index of Krugman; Hoover's coefficient turned from industries to places.

    Returns
    -------
    specialisation_coefficient
        0–1 by place, ``nan`` for places without jobs.
    """
    return (krugman_index(jobs_count) / 2).rename("specialisation_coefficient")


def sector_concentration(jobs_count: pd.DataFrame) -> pd.Series:
    """Sum of the squared shares of the sectors (Herfindahl, Hirschman), 1/n to 1, by place."""
    own, _ = _shares(jobs_count)
    return _by_place((own**2).sum(axis=1), jobs_count, "sector_concentration")


def hachman_index(jobs_count: pd.DataFrame) -> pd.Series:
    """How near the sectors of a place are to those of all places: ``1 / Σ LQ · share``.

    Hachman (1994, unverified).

    Returns
    -------
    hachman_index
        Above 0, at most 1 (like the whole) by place, ``nan`` for places without jobs.
    """
    own, whole = _shares(jobs_count)
    has = whole > 0
    values = _over(np.ones(len(own)), (own[:, has] ** 2 / whole[has]).sum(axis=1))
    return _by_place(values, jobs_count, "hachman_index")


def sector_entropy_bits(jobs_count: pd.DataFrame) -> pd.Series:
    """Entropy of the shares of the sectors (Shannon 1948), bits by place: 0 for one sector."""
    own, _ = _shares(jobs_count)
    terms = own * np.log2(np.where(own > 0, own, 1.0))
    # an empty sum is 0 and not −0.
    return _by_place(0.0 - terms.sum(axis=1), jobs_count, "sector_entropy_bits")


def duplication(jobs_count: pd.DataFrame) -> pd.DataFrame:
    """How far two places do the same: ``Σ min(share here, share there)`` over the sectors.

    The index of similarity of Finger and Kreinin (1979), which they made for exports; 1 less
    half the index of Krugman between the two.

    Returns
    -------
    duplication
        Place × place, 0 (no sector in common) to 1 (the same shares); 1 of a place with itself,
        ``nan`` where either has no jobs.

    Examples
    --------
    >>> jobs = pd.DataFrame({"C": [30, 10], "G": [10, 30]}, index=["a", "b"])
    >>> duplication(jobs).loc["a", "b"].item()
    0.5
    """
    own, _ = _shares(jobs_count)
    values = np.array([np.minimum(own, row).sum(axis=1) for row in own])
    return pd.DataFrame(
        values.reshape(len(own), len(own)), index=jobs_count.index, columns=jobs_count.index
    )


def mean_duplication(jobs_count: pd.DataFrame) -> float:
    """Mean overlap of the sectors over pairs of places, each pair weighted by its jobs.

    The weight is the product of the jobs of both, so that a hamlet counts little: a proposal.

    Returns
    -------
    mean_duplication
        0–1, ``nan`` for fewer than two places with jobs.
    """
    jobs = jobs_count[jobs_count.sum(axis=1) > 0]
    overlap = duplication(jobs).to_numpy()
    total = jobs.sum(axis=1).to_numpy(dtype=float)
    weight = np.triu(np.outer(total, total), k=1)
    return float((weight * overlap).sum() / weight.sum()) if len(jobs) > 1 else float("nan")


def _shares(jobs_count: pd.DataFrame) -> tuple[Floats, Floats]:
    """Shares of the sectors in each place, and in all places together."""
    jobs = jobs_count.to_numpy(dtype=float)
    wrong = ~(np.isfinite(jobs) & (jobs >= 0))
    if wrong.any():
        row, column = np.argwhere(wrong)[0]
        raise TableError(
            f"jobs of sector {jobs_count.columns[column]!r} in {jobs_count.index[row]!r} must be "
            f"finite and 0 or more; got {jobs[row, column]}; write 0 where there are none"
        )
    own = _over(jobs, np.broadcast_to(jobs.sum(axis=1)[:, None], jobs.shape))
    return own, _over(jobs.sum(axis=0), np.full(jobs.shape[1], jobs.sum()))


def _over(above: Floats, below: Floats) -> Floats:
    """Divide, ``nan`` where there is nothing to divide by."""
    found = np.full(np.shape(above), np.nan)
    np.divide(above, below, out=found, where=below > 0)
    return found


def _by_place(values: Floats, jobs_count: pd.DataFrame, name: str) -> pd.Series:
    """Values by place; of a place without jobs nothing is known."""
    has_jobs = jobs_count.to_numpy(dtype=float).sum(axis=1) > 0
    return pd.Series(np.where(has_jobs, values, np.nan), index=jobs_count.index, name=name)
