"""Carries observed flows into a scenario by what the model says changes: the pivot point."""

from __future__ import annotations

from collections.abc import Collection

import numpy as np
import pandas as pd

from agglo.commuting.balancing import MOST_ROUNDS, balanced_factors, spread
from agglo.commuting.margins import margins_of
from agglo.errors import FlowError
from agglo.transport.topology import Floats

MOST_GROWTH_RATIO = 5.0
"""Growth up to here multiplies what is observed, further growth is added."""

FIRST_ROUNDS = 2_000


def pivoted_flows(
    observed: pd.DataFrame,
    modelled_base: pd.DataFrame,
    modelled_now: pd.DataFrame,
    *,
    outside: Collection[str] = (),
    most_growth_ratio: float = MOST_GROWTH_RATIO,
) -> pd.DataFrame:
    """Observed flows times the change that the model predicts, balanced to the new margins.

    Pivot-point procedure (Daly, Fox, Tuinenga 2005; Daly, Fox, Patruni, Milthorpe 2012: their
    eight cases are quoted from memory, unverified). With B observed, S modelled before, F
    modelled now and g the ``most_growth_ratio``, a cell becomes
    ``B · min(F/S, g) + max(F − g·S, 0)``, and ``B + F`` where S is 0. So nobody appears where
    nobody was observed unless the model grows by more than g, or had nobody there either; and
    where the model has nobody any more, nobody stays. Then rows and columns are balanced
    (Deming, Stephan 1940). Workers and jobs that come are added to the observed sums, those
    that leave are taken in proportion. Should the totals differ, the columns of the outside
    zones take the difference, or all columns alike.

    A zone that gains its first commuters follows the model. If the observed zeros leave no room
    for the change, they open up by what the model grows there, or else by what it has there.

    Parameters
    ----------
    observed
        Persons, home × work zone, on the baseline; modelled rows beside observed ones are
        treated alike.
    modelled_base, modelled_now
        The model's flows on the baseline and in the scenario, over the same zones.
    outside
        Ids of the outside zones.
    most_growth_ratio
        Above 1.

    Returns
    -------
    pivoted_flows
        Persons, like ``observed``; exactly ``observed`` where the model sees no change.

    Raises
    ------
    FlowError
        If the frames do not name the same zones, a count is missing, infinite or negative, or
        the margins cannot be met; a zone is named.

    Examples
    --------
    >>> zones = ["a", "b"]
    >>> def square(*rows): return pd.DataFrame(list(rows), index=zones, columns=zones)
    >>> seen = square([60.0, 40.0], [0.0, 50.0])
    >>> before, now = square([70.0, 30.0], [5.0, 45.0]), square([70.0, 40.0], [5.0, 45.0])
    >>> pivoted_flows(seen, before, now).round(6).to_numpy().tolist()
    [[60.0, 50.0], [0.0, 50.0]]
    """
    if not most_growth_ratio > 1:
        raise FlowError(f"most_growth_ratio must be above 1; got {most_growth_ratio}")
    frames = {"observed": observed, "modelled_base": modelled_base, "modelled_now": modelled_now}
    seen, before, now = (_values(name, frame, observed) for name, frame in frames.items())
    if np.array_equal(before, now):
        return observed.copy()
    rows, columns = _totals(seen, before, now, axis=1), _totals(seen, before, now, axis=0)
    columns = _matched(columns, rows.sum(), observed.columns.isin([str(one) for one in outside]))
    seed = _filled(_grown(seen, before, now, most_growth_ratio), now, rows, columns)
    flows = _balanced(seed, (np.maximum(now - before, 0.0), now), rows, columns, observed)
    return pd.DataFrame(flows, index=observed.index, columns=observed.columns)


def _grown(seen: Floats, before: Floats, now: Floats, most: float) -> Floats:
    with np.errstate(over="ignore"):
        growth = np.divide(now, before, out=np.ones_like(now), where=before > 0)
    added = np.maximum(now - most * before, 0.0)
    grown: Floats = seen * np.minimum(growth, most) + added
    return grown


def _totals(seen: Floats, before: Floats, now: Floats, *, axis: int) -> Floats:
    """Sums that rows or columns must have: who comes is added, who leaves is a share of them."""
    own, old, new = (values.sum(axis=axis) for values in (seen, before, now))
    kept = np.divide(new, old, out=np.ones_like(new), where=old > 0)
    totals: Floats = np.where(new >= old, own + (new - old), own * kept)
    return totals


def _matched(columns: Floats, total: float, is_outside: np.ndarray) -> Floats:
    """Bring the columns to the total of the rows, by the outside zones if they can take it."""
    lacking = total - columns.sum()
    beyond = columns[is_outside].sum()
    chosen = is_outside if beyond > 0 and beyond + lacking >= 0 else np.ones_like(is_outside)
    size = columns[chosen].sum()
    if size <= 0:
        if total <= 0:
            return columns
        raise FlowError("no zone has a job that somebody works in; check the layer 'work'")
    return np.where(chosen, columns * (1 + lacking / size), columns)


def _filled(seed: Floats, now: Floats, rows: Floats, columns: Floats) -> Floats:
    """Let the model stand for homes and places of work that nobody was observed at."""
    bare_rows = (rows > 0) & ~(seed > 0).any(axis=1)
    bare_columns = (columns > 0) & ~(seed > 0).any(axis=0)
    return np.where(bare_rows[:, np.newaxis] | bare_columns, now, seed)


def _balanced(
    seed: Floats,
    openings: tuple[Floats, ...],
    rows: Floats,
    columns: Floats,
    like: pd.DataFrame,
) -> Floats:
    """Balance the seed; if its zeros leave no room, open them by one after the other."""
    margins = margins_of(pd.Series(rows, like.index), pd.Series(columns, like.columns))
    seeds = [seed, *(np.where(seed > 0, seed, opening) for opening in openings)]
    for number, own in enumerate(seeds):
        is_last = number == len(seeds) - 1
        try:
            factors = balanced_factors(
                own, margins, most_rounds=MOST_ROUNDS if is_last else FIRST_ROUNDS
            )
        except FlowError as error:
            if is_last:
                raise FlowError(
                    f"the observed flows cannot follow the scenario: {error}"
                ) from error
        else:
            break
    return np.asarray(spread(own.copy(), *factors), dtype=float)


def _values(name: str, frame: pd.DataFrame, like: pd.DataFrame) -> Floats:
    """Return the counts in the order of the observed ones."""
    for own, wanted, side in (
        (frame.index, like.index, "rows"), (frame.columns, like.columns, "columns")
    ):  # fmt: skip
        if not own.is_unique or len(own) != len(wanted) or not own.isin(wanted).all():
            odd = own.symmetric_difference(wanted)
            what = f"zone '{odd[0]}' is in one of them only" if len(odd) else "a zone stands twice"
            raise FlowError(
                f"the {side} of '{name}' and 'observed' must name the same zones: {what}"
            )
    values = frame.reindex(index=like.index, columns=like.columns).to_numpy(dtype=float)
    wrong = ~(np.isfinite(values) & (values >= 0))
    if wrong.any():
        row, column = np.argwhere(wrong)[0]
        raise FlowError(
            f"'{name}' has no count of 0 or more from '{like.index[row]}' to "
            f"'{like.columns[column]}' ({int(wrong.sum())} such pair(s))"
        )
    return values
