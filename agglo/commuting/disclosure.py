"""What a statistical office withheld or rounded, and how far the true counts may lie."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import pandas as pd

from agglo.errors import FlowError
from agglo.transport.topology import Floats

TOLERANCE = 1e-6
"""Persons by which a count may miss a multiple of the rounding."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Disclosure:
    """What was done to a table of flows before it was published."""

    suppressed_below_count: float = 0
    """Counts from 1 to below this are withheld; 0 where none is."""

    rounded_to_count: float = 0
    """Counts are multiples of this; 0 where they are not rounded."""

    is_rounded_at_random: bool = False
    """Whether a count may go to either neighbouring multiple, not only to the nearest."""

    hides_pairs: bool = False
    """Whether pairs with a withheld count are left out of the table instead of marked."""

    def __post_init__(self) -> None:
        """Refuse a limit that withholds nothing, and a rounding that does not round."""
        if self.suppressed_below_count != 0 and not 2 <= self.suppressed_below_count < np.inf:
            raise FlowError(
                f"suppressed_below_count must be 2 or more, or 0 where nothing is withheld; got "
                f"{self.suppressed_below_count}"
            )
        if self.rounded_to_count != 0 and not 1 < self.rounded_to_count < np.inf:
            raise FlowError(
                f"rounded_to_count must be above 1, or 0 where nothing is rounded; got "
                f"{self.rounded_to_count}"
            )
        if self.hides_pairs and not self.suppressed_below_count:
            raise FlowError("hides_pairs needs suppressed_below_count: say what is withheld")

    @property
    def off_by_count(self) -> float:
        """Persons by which a published count may differ from the true one."""
        if self.rounded_to_count and self.is_rounded_at_random:
            return self.rounded_to_count - 1
        return self.rounded_to_count / 2

    @property
    def most_withheld_count(self) -> float:
        """Persons that a withheld count stands for at most."""
        return max(self.suppressed_below_count - 1, 0)

    @property
    def most_absent_count(self) -> float:
        """Persons who may commute between two places whose pair is not in the table."""
        hidden = self.most_withheld_count if self.hides_pairs else 0
        return max(hidden, self.off_by_count)


def filled_table(
    table: pd.DataFrame, disclosure: Disclosure, *, suppressed_count: float | None = None
) -> tuple[pd.DataFrame, tuple[str, ...], str]:
    """Give every withheld count a value, and every count its range.

    Parameters
    ----------
    table
        ``live``, ``work``, ``n`` and ``is_suppressed`` (all false where the column is absent).
    suppressed_count
        Persons that a withheld count enters as; without it, the middle of its range.

    Returns
    -------
    filled, notes, status
        The table with ``n`` filled, ``low_count``, ``high_count`` (persons) and ``status`` by
        row ('assumed' where filled, else 'observed'); what a reader must know; the status of
        the whole.

    Raises
    ------
    FlowError
        If counts are withheld but no limit is declared, or the counts contradict what is
        declared: one that should have been withheld, or that is no multiple of the rounding.

    Examples
    --------
    >>> table = pd.DataFrame({"live": ["a", "a"], "work": ["a", "b"], "n": [9.0, np.nan],
    ...                       "is_suppressed": [False, True]})
    >>> filled, _, status = filled_table(table, Disclosure(suppressed_below_count=5))
    >>> filled[["n", "low_count", "high_count"]].to_numpy().tolist(), status
    ([[9.0, 9.0, 9.0], [2.5, 1.0, 4.0]], 'assumed')
    """
    withheld = _withheld(table)
    counts = table["n"].to_numpy(dtype=float)
    _check_counts(table, counts, withheld, disclosure)
    most = disclosure.most_withheld_count
    own = (1 + most) / 2 if suppressed_count is None else suppressed_count
    if withheld.any() and not 0 <= own <= most:
        raise FlowError(
            f"a withheld count cannot stand for {own:g} persons; wanted 0 to {most:g}, as counts "
            f"below {disclosure.suppressed_below_count:g} are withheld"
        )
    off = disclosure.off_by_count
    filled = table.assign(
        n=np.where(withheld, own, counts),
        low_count=np.where(withheld, min(1.0, own), np.maximum(counts - off, 0.0)),
        high_count=np.where(withheld, most, counts + off),
        status=np.where(withheld, "assumed", "observed"),
    )
    status = "assumed" if withheld.any() else "observed"
    return filled, _notes(filled, withheld, disclosure, own), status


def flow_bounds(
    filled: pd.DataFrame, disclosure: Disclosure, places: Collection[str]
) -> pd.DataFrame:
    """Sum the ranges of counts by place: how far its residents and its jobs may lie.

    Pairs that are not in the table count too, where they may hide somebody.

    Parameters
    ----------
    filled
        As ``filled_table`` returns it, each pair once.
    places
        Ids of all zones and outside places.

    Returns
    -------
    flow_bounds
        By place: ``residents_low_count``, ``residents_count``, ``residents_high_count`` (sums
        by ``live``) and ``jobs_…`` (by ``work``), persons.
    """
    index = pd.Index([str(one) for one in places], dtype=object, name="place_id")
    bounds = pd.DataFrame(index=index)
    for side, what in (("live", "residents"), ("work", "jobs")):
        by_place = filled.groupby(filled[side].astype(str), sort=False)
        sums = by_place[["low_count", "n", "high_count"]].sum().reindex(index, fill_value=0.0)
        absent = len(index) - by_place.size().reindex(index, fill_value=0)
        bounds[f"{what}_low_count"] = sums["low_count"]
        bounds[f"{what}_count"] = sums["n"]
        bounds[f"{what}_high_count"] = sums["high_count"] + disclosure.most_absent_count * absent
    return bounds


def _withheld(table: pd.DataFrame) -> npt.NDArray[np.bool_]:
    if "is_suppressed" not in table:
        return np.zeros(len(table), dtype=bool)
    return table["is_suppressed"].to_numpy(dtype=bool)


def _check_counts(
    table: pd.DataFrame, counts: Floats, withheld: npt.NDArray[np.bool_], disclosure: Disclosure
) -> None:
    limit, base = disclosure.suppressed_below_count, disclosure.rounded_to_count
    if withheld.any() and not limit:
        raise FlowError(
            f"{int(withheld.sum())} count(s) are withheld, first {_pair(table, withheld)}, but not "
            "below which number; declare suppressed_below_count"
        )
    low = ~withheld & (counts > 0) & (counts + disclosure.off_by_count < limit)
    if low.any():
        raise FlowError(
            f"counts below {limit:g} are declared as withheld, but {_pair(table, low)} has "
            f"{counts[low][0]:g} ({int(low.sum())} such pair(s)); declare another limit"
        )
    if base:
        odd = ~withheld & (np.abs(counts - base * np.round(counts / base)) > TOLERANCE)
        if odd.any():
            raise FlowError(
                f"counts are declared as rounded to {base:g}, but {_pair(table, odd)} has "
                f"{counts[odd][0]:g} ({int(odd.sum())} such pair(s)); declare another rounding"
            )


def _notes(
    filled: pd.DataFrame, withheld: npt.NDArray[np.bool_], disclosure: Disclosure, own: float
) -> tuple[str, ...]:
    notes = []
    if withheld.any():
        number, total = int(withheld.sum()), float(filled["n"].sum())
        low, high = (float(filled.loc[withheld, f"{end}_count"].sum()) for end in ("low", "high"))
        notes.append(
            f"{number:,} counts below {disclosure.suppressed_below_count:g} were withheld; they "
            f"stand for {own:g} persons each, {number * own / (total or 1):.1%} of all, and may "
            f"together be {low:,.0f} to {high:,.0f}"
        )
    if disclosure.rounded_to_count:
        notes.append(
            f"counts are rounded to {disclosure.rounded_to_count:g}: each may be off by "
            f"{disclosure.off_by_count:g}"
        )
    if disclosure.hides_pairs:
        notes.append(
            "a pair that is not in the table may hide up to "
            f"{disclosure.most_absent_count:g} persons"
        )
    return tuple(notes)


def _pair(table: pd.DataFrame, chosen: npt.NDArray[np.bool_]) -> str:
    live, work = map(str, table.loc[chosen, ["live", "work"]].iloc[0])
    return f"'{live}' → '{work}'"
