"""Firmness of a boundary: the share of perturbed runs in which a zone is inside."""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Iterable
from dataclasses import dataclass

import numpy as np
import pandas as pd

from agglo.errors import TableError
from agglo.transport.topology import Floats


@dataclass(frozen=True, slots=True, kw_only=True)
class Spreads:
    """How far the runs are perturbed, how often, and from which seed."""

    draws_count: int = 100
    seed: int = 1

    threshold_share: float = 0.2
    """Every threshold is up to so much smaller or larger (an assumption)."""

    minutes_share: float = 0.15
    """Every way is up to so much quicker or slower: half of it on all ways alike, half by the
    zones at its ends (an assumption)."""

    flow_share: float = 0.1
    """An observed flow between two zones is up to so much smaller or larger (an assumption)."""

    def __post_init__(self) -> None:
        """Refuse what cannot be drawn."""
        if self.draws_count < 1:
            raise TableError(f"firmness needs 1 draw or more; got {self.draws_count}")
        for name in ("threshold_share", "minutes_share", "flow_share"):
            value = getattr(self, name)
            if not 0 <= value < 1:
                raise TableError(f"firmness: {name} must be at least 0 and below 1; got {value}")


def strata(name: str, spreads: Spreads) -> Floats:
    """Draw numbers between 0 and 1, one from each of as many equal strata, in a shuffled order.

    The order belongs to the seed and the name alone: what else is drawn, and for how many zones,
    never changes it (common random numbers), so that scenarios differ by what they change.

    Examples
    --------
    >>> sorted(strata("decay", Spreads(draws_count=4)).tolist())
    [0.125, 0.375, 0.625, 0.875]
    """
    text = f"{spreads.seed}/{name}"
    seed = int.from_bytes(hashlib.sha256(text.encode()).digest()[:8], "big")
    order = np.random.default_rng(seed).permutation(spreads.draws_count)
    return np.asarray((order + 0.5) / spreads.draws_count)


def triangular(
    parts: Floats, low: float | Floats, middle: float | Floats, high: float | Floats
) -> Floats:
    """Quantiles of the triangular distribution: values near the middle are likeliest.

    Examples
    --------
    >>> triangular(np.array([0.0, 0.5, 1.0]), 0.0, 1.0, 2.0).tolist()
    [0.0, 1.0, 2.0]
    """
    low, middle, high = (np.asarray(one, dtype=float) for one in (low, middle, high))
    width = high - low
    rising = low + np.sqrt(np.maximum(parts * width * (middle - low), 0.0))
    falling = high - np.sqrt(np.maximum((1 - parts) * width * (high - middle), 0.0))
    # middle − low over width is where the density peaks; a range of no width stays there
    return np.asarray(np.where(parts * width <= middle - low, rising, falling))


def factors(name: str, share: float, spreads: Spreads) -> Floats:
    """Draw factors about 1, at most ``share`` smaller or larger, one per draw."""
    return triangular(strata(name, spreads), 1 - share, 1.0, 1 + share)


def firmness(runs: Iterable[pd.Series]) -> pd.Series:
    """Share of runs in which a zone is inside, 0–1; of a single run just in or out.

    Parameters
    ----------
    runs
        Booleans by zone, the same zones in every run.

    Examples
    --------
    >>> firmness([pd.Series({"a": True}), pd.Series({"a": False})]).to_dict()
    {'a': 0.5}
    """
    listed = [run.astype(float) for run in runs]
    frame = pd.concat(listed, axis=1) if listed else pd.DataFrame()
    if frame.empty or frame.isna().any(axis=None):
        raise TableError("firmness needs at least one run, and the same zones in every run")
    return frame.mean(axis=1).rename("firmness_share")


def firmness_of_areas(
    base: pd.Series,
    drawn: Callable[[int], pd.Series],
    *,
    seats: pd.Series,
    draws_count: int,
) -> pd.Series:
    """Share of runs in which a zone is in the area of the seat of its area.

    For areas without a common core. A zone in no area is firm where it is in none again.

    Parameters
    ----------
    base
        ``area_id`` by zone of the run without perturbation, '' for none.
    drawn
        Gives ``area_id`` by zone of one perturbed run.
    seats
        By area of ``base``, the zone that stands for it.
    """
    zones = base.index
    seat = base.map(seats)
    runs = []
    for draw in range(draws_count):
        area = drawn(draw).reindex(zones).fillna("")
        of_seat = seat.map(area)
        runs.append(((area == of_seat) & (area != "")) | ((base == "") & (area == "")))
    return firmness(runs)
