"""Observed flows: where they exist they stand, and the model fills in the homes without them."""

from __future__ import annotations

import difflib
from collections.abc import Collection
from dataclasses import dataclass, replace

import numpy as np
import pandas as pd

from agglo.commuting.disclosure import Disclosure, filled_table, flow_bounds
from agglo.commuting.flows import Flows
from agglo.commuting.gravity import Pull, gravity_flows
from agglo.errors import FlowError
from agglo.tables import STATUSES

__all__ = [
    "Coverage", "Disclosure", "check_direction", "coverage", "filled_table", "flow_bounds",
    "home_status", "joined_flows", "observed_rows", "rest_of_margins",
]  # fmt: skip

SLACK = 1e-9
"""Share of all commuters by which totals may differ through rounding."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Coverage:
    """How much of a region has observed flows."""

    zones_count: int
    observed_count: int
    """Zones whose residents' ways to work are observed."""

    zones_share: float
    residents_share: float
    """Of all employed residents, those who live in such zones, 0–1."""


def check_direction(flows: Flows, *, live: str, work: str) -> Flows:
    """Return the flows if more people commute from ``live`` to ``work`` than back.

    Raises
    ------
    FlowError
        With both numbers if it is the other way round or if they are equal, or if one of the
        places is unknown.

    Examples
    --------
    >>> from agglo.commuting.flows import flows_from_table
    >>> table = pd.DataFrame({"live": ["village"], "work": ["town"], "n": [80]})
    >>> flows = flows_from_table(table, ["village", "town"])
    >>> check_direction(flows, live="village", work="town") is flows
    True
    """
    start, end = (_place(flows, str(one)) for one in (live, work))
    there, back = float(flows.counts[start, end]), float(flows.counts[end, start])
    told = f"{there:,.10g} people commute from '{live}' to '{work}' and {back:,.10g} back"
    if there < back:
        raise FlowError(
            f"{told}, though more are known to go there: rows and columns look transposed; swap "
            "the columns of home and work, or say that the rows of the matrix are places of work"
        )
    if there == back:
        raise FlowError(f"{told}, which does not tell the direction; name another pair")
    return flows


def coverage(workers_count: pd.Series, observed: Collection[str]) -> Coverage:
    """Tell which share of zones and of employed residents has observed flows.

    Parameters
    ----------
    workers_count
        Employed residents by zone, those of the zones inside.
    observed
        Ids of the zones whose residents' ways to work are observed; others are left aside.
    """
    known = workers_count.index.isin(list(observed))
    total = float(workers_count.sum())
    return Coverage(
        zones_count=len(workers_count),
        observed_count=int(known.sum()),
        zones_share=float(known.mean()) if len(workers_count) else 0.0,
        residents_share=float(workers_count[known].sum()) / total if total else 0.0,
    )


def observed_rows(table: pd.DataFrame, zones: pd.Index) -> pd.DataFrame:
    """Turn the layer table ``flows`` into rows of a matrix, one for each home that is observed.

    A zone is an observed home as soon as it has a row of its own in the table; where it has no
    row to some zone, nobody commutes there.

    Parameters
    ----------
    table
        ``live_zone_id``, ``work_zone_id``, ``commuters_count``; may be empty.
    zones
        Ids of all zones, those outside too.

    Returns
    -------
    observed_rows
        Persons; the index holds the observed homes, the columns all zones, both in the order of
        ``zones``. ``.reindex(zones, fill_value=0)`` makes it square.

    Raises
    ------
    FlowError
        If a pair stands twice, a zone is unknown, or a count is missing, infinite or negative.
    """
    if table.empty:
        return pd.DataFrame(np.zeros((0, len(zones))), index=zones[:0], columns=zones)
    live, work = table["live_zone_id"], table["work_zone_id"]
    counts = table["commuters_count"].to_numpy(dtype=float)
    start, end = zones.get_indexer(pd.Index(live)), zones.get_indexer(pd.Index(work))
    for ids, at in ((live, start), (work, end)):
        if (at < 0).any():
            raise FlowError(
                f"the observed flows name the zone '{ids[at < 0].iloc[0]}', which the region does "
                "not have; add it to the layer 'zones', or leave its rows out"
            )
    twice = pd.Series(start * len(zones) + end).duplicated().to_numpy()
    wrong = ~(np.isfinite(counts) & (counts >= 0))
    for rows, what in ((twice, "stands more than once"), (wrong, "has no count of 0 or more")):
        if rows.any():
            raise FlowError(
                f"observed flows: the pair '{live[rows].iloc[0]}' → '{work[rows].iloc[0]}' {what} "
                f"({int(rows.sum())} such row(s)); mend the layer 'flows'"
            )
    homes = np.unique(start)
    values = np.zeros((len(homes), len(zones)))
    values[np.searchsorted(homes, start), end] = counts
    return pd.DataFrame(values, index=zones[homes], columns=zones)


def home_status(table: pd.DataFrame, zones: pd.Index) -> pd.Series:
    """Status of the flows from each home: the weakest of its rows, 'modelled' where it has none."""
    status = pd.Series("modelled", index=zones, dtype=object, name="status")
    if table.empty:
        return status
    ranks = table["status"].map(STATUSES.index).groupby(table["live_zone_id"]).max()
    names = ranks.map(dict(enumerate(STATUSES))).reindex(zones)
    return names.astype(object).fillna("modelled").rename("status")


def joined_flows(
    observed: pd.DataFrame,
    cost_min: pd.DataFrame,
    workers_count: pd.Series,
    jobs_count: pd.Series,
    *,
    decay_per_min: float,
    pull: Pull | None = None,
) -> pd.DataFrame:
    """Keep the observed rows, and model where the residents of all other zones work.

    The others compete for the jobs that the observed commuters leave, by the doubly constrained
    gravity of ``gravity_flows``. If the observed rows are those of the model, so is the whole.

    Parameters
    ----------
    observed
        Persons, observed homes × zones, as ``observed_rows`` gives them. How many they are in
        ``workers_count`` is not used.
    cost_min, workers_count, jobs_count, decay_per_min, pull
        As in ``gravity_flows``, over all zones.

    Returns
    -------
    joined_flows
        Persons, home × work zone, over the zones of ``cost_min``.

    Raises
    ------
    FlowError
        If more people are observed to work in a zone than it has jobs, or the others cannot be
        matched with the jobs that remain; a zone is named.
    """
    rows = observed.reindex(columns=cost_min.columns, fill_value=0.0)
    _check_homes(observed, cost_min)
    open_homes = cost_min.index.difference(observed.index, sort=False)
    if workers_count.reindex(open_homes).eq(0).all():
        return rows.reindex(cost_min.index, fill_value=0.0).astype(float)
    rest = rest_of_margins(rows, workers_count.reindex(cost_min.index), jobs_count, pull)
    try:
        flows = gravity_flows(cost_min, rest[0], rest[1], decay_per_min=decay_per_min, pull=rest[2])
    except FlowError as error:
        raise FlowError(f"zones without observed flows: {error}") from error
    flows.loc[rows.index] = rows
    return flows


def rest_of_margins(
    observed: pd.DataFrame, workers_count: pd.Series, jobs_count: pd.Series, pull: Pull | None
) -> tuple[pd.Series, pd.Series, Pull | None]:
    """Workers, jobs and pull that remain for the zones without observed flows.

    Raises
    ------
    FlowError
        If a count is missing, more people are observed to work in a zone than it has jobs, or,
        without outside zones, the workers and jobs that remain have not one total.
    """
    unobserved = workers_count[~workers_count.index.isin(observed.index)]
    for counts, what in ((unobserved, "workers"), (jobs_count, "jobs")):
        if counts.isna().any():
            raise FlowError(f"zone '{counts.index[counts.isna()][0]}' has no count of {what}")
    fixed = pd.Index([]) if pull is None else pull.columns.index
    taken = observed.sum().reindex(jobs_count.index, fill_value=0.0)
    jobs = (jobs_count - taken).where(~jobs_count.index.isin(fixed), jobs_count)
    slack = SLACK * max(float(jobs_count.sum()), 1.0)
    short = jobs[jobs < -slack]
    if len(short):
        worst = str(short.idxmin())
        raise FlowError(
            f"zone '{worst}' has {jobs_count[worst]:,.0f} jobs but {taken[worst]:,.0f} people are "
            f"observed to work there ({len(short)} such zone(s)); raise its jobs in the layer "
            "'work' to what is observed at least"
        )
    jobs = jobs.clip(lower=0.0)
    workers = workers_count.where(~workers_count.index.isin(observed.index), 0.0)
    if pull is not None:
        rows = pull.rows.where(~pull.rows.index.isin(observed.index), 0.0)
        return workers, jobs, replace(pull, rows=rows)
    if abs(workers.sum() - jobs.sum()) > slack:
        raise FlowError(
            f"the zones without observed flows have {workers.sum():,.1f} workers, but the observed "
            f"commuters leave {jobs.sum():,.1f} jobs; bring workers and jobs of the layer 'work' "
            "in line with what is observed"
        )
    return workers, jobs * (workers.sum() / jobs.sum() if jobs.sum() else 1.0), None


def _place(flows: Flows, name: str) -> int:
    at = int(flows.places.get_indexer(pd.Index([name], dtype=object))[0])
    if at < 0:
        near = difflib.get_close_matches(name, list(flows.places), 3, 0.5)
        hint = f"did you mean {' or '.join(map(repr, near))}?" if near else "give its id"
        raise FlowError(f"'{name}' is no place of the flows; {hint}")
    return at


def _check_homes(observed: pd.DataFrame, cost_min: pd.DataFrame) -> None:
    for ids, own in ((observed.index, cost_min.index), (observed.columns, cost_min.columns)):
        odd = ids[~ids.isin(own)]
        if len(odd):
            raise FlowError(
                f"the observed flows name the zone '{odd[0]}', for which there are no travel times "
                f"({len(odd)} such zone(s))"
            )
    if observed.index.has_duplicates:
        raise FlowError(f"zone '{observed.index[observed.index.duplicated()][0]}' stands twice")
