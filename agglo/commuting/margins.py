"""Margins: what the flows of each zone must add up to, checked."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import pandas as pd

from agglo.errors import FlowError
from agglo.transport.topology import Floats

EXACT = 1e-9
"""By how much of its own margin a zone may be off."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Margins:
    """What the flows of each zone must add up to, and the factors that are given instead."""

    workers: Floats
    """Persons by row."""

    jobs: Floats
    """Persons by column."""

    homes: pd.Index
    works: pd.Index

    fixed_rows: Floats
    """Factors of the rows that need not meet a margin, ``nan`` for all others."""

    fixed_columns: Floats
    """The same by column."""

    allowed: Floats
    """Persons by which a row may be off, ``inf`` where its factor is given."""

    free_rows: npt.NDArray[np.bool_]
    """Rows whose factor is found."""

    free_columns: npt.NDArray[np.bool_]
    """Columns whose factor is found."""


def margins_of(
    workers: pd.Series,
    jobs: pd.Series,
    *,
    fixed_rows: Floats | None = None,
    fixed_columns: Floats | None = None,
    allowed: Floats | None = None,
) -> Margins:
    """Check workers and jobs by zone and put them together as margins.

    Parameters
    ----------
    workers, jobs
        Persons, in the order of the rows and of the columns.
    fixed_rows, fixed_columns
        Factors given instead of a margin, ``nan`` where there is none; without them all zones
        have to meet theirs.
    allowed
        Persons by which a row may be off; without it, a billionth of its workers.

    Raises
    ------
    FlowError
        If a count is missing, infinite or negative, naming the zone, or the totals differ.
    """
    people = counts_by_zone(workers, what="workers")
    places = counts_by_zone(jobs, what="jobs")
    rows = np.full(len(people), np.nan) if fixed_rows is None else fixed_rows
    columns = np.full(len(places), np.nan) if fixed_columns is None else fixed_columns
    free_rows, free_columns = np.isnan(rows), np.isnan(columns)
    if free_rows.all() and free_columns.all():
        check_totals(people.sum(), places.sum())
    return Margins(
        workers=people,
        jobs=places,
        homes=workers.index,
        works=jobs.index,
        fixed_rows=rows,
        fixed_columns=columns,
        free_rows=free_rows,
        free_columns=free_columns,
        allowed=np.where(free_rows, EXACT * people if allowed is None else allowed, np.inf),
    )


def aligned_counts(counts: pd.Series, zones: pd.Index, *, what: str) -> pd.Series:
    """Put counts in the order of the zones, and lose nobody.

    Raises
    ------
    FlowError
        If a zone has two counts, or somebody belongs to none of the zones.
    """
    if not counts.index.is_unique:
        twice = counts.index[counts.index.duplicated()][0]
        raise FlowError(f"zone '{twice}' has more than one count of {what}; add them up first")
    lost = counts[~counts.index.isin(zones) & (counts != 0)]
    if len(lost):
        raise FlowError(
            f"zone '{lost.index[0]}' has {lost.iloc[0]:g} {what} but is not in the costs "
            f"({len(lost)} such zone(s)); add it to the costs, or leave its {what} out"
        )
    return counts.reindex(zones)


def counts_by_zone(counts: pd.Series, *, what: str) -> Floats:
    """Return counts as numbers, or name the zone whose count is missing, infinite or negative."""
    values = counts.to_numpy(dtype=float)
    if not (values >= 0).all() or np.isinf(values).any():
        at = int((~(values >= 0) | np.isinf(values)).argmax())
        if np.isnan(values[at]):
            raise FlowError(
                f"zone '{counts.index[at]}' has no count of {what}; every zone of the cost matrix "
                "needs a count of workers and of jobs"
            )
        raise FlowError(
            f"zone '{counts.index[at]}' has {values[at]:g} {what}; wanted a finite count, 0 or more"
        )
    return values


def check_totals(workers_count: float, jobs_count: float) -> None:
    """Refuse totals of workers and jobs that differ by more than rounding."""
    if not np.isclose(workers_count, jobs_count, rtol=1e-10, atol=0):
        raise FlowError(
            f"workers ({workers_count:,.1f}) and jobs ({jobs_count:,.1f}) must have one total; "
            "scale one of them, or name the outside zones that take the difference"
        )


def ratio(wanted: Floats, got: Floats) -> Floats:
    """Divide, 0 where there is nothing to divide by."""
    return np.divide(wanted, got, out=np.zeros(len(got)), where=got > 0)
