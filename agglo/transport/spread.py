"""The spread of waits: trips that start at any minute, not only the mean one."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass

import numpy as np
import pandas as pd

from agglo.transport.lines import WINDOWS
from agglo.transport.skims import Numbers, travel_minutes
from agglo.transport.topology import COMBINED, Floats, Minutes, Topology

DRAWS = 20
QUANTILES = {"median": 0.5, "p90": 0.9}


@dataclass(frozen=True, slots=True, kw_only=True)
class Spread:
    """Minutes over the departures of a time window; origins × destinations."""

    median_min: Minutes
    """Door to door, of the middle departure."""

    p90_min: Minutes
    """Door to door, of which nine departures in ten stay below."""

    wait_median_min: Minutes
    """How much of it is waiting: beyond a trip on which every vehicle stands ready."""

    wait_p90_min: Minutes


def transit_spread(
    topology: Topology,
    arcs: pd.DataFrame,
    from_numbers: Numbers,
    to_numbers: Numbers,
    *,
    window: str = "peak",
    draws: int = DRAWS,
) -> Spread:
    """Draw when the vehicles of every line come, and take quantiles over the draws.

    For each draw the vehicles of a line and direction are a fixed part of the headway away;
    passengers know it and take what brings them first (Conway, Byrd and van der Linden 2017).
    The parts are stratified and shuffled by the line's own name, so that the draws of one line
    do not depend on the others, and a new line never lengthens a trip in any draw. A line that
    stands for several others is left out: the draws take whichever of them comes first.

    Parameters
    ----------
    arcs
        In the order of the topology; the mean wait of boarding arcs stands in a column.
    window
        'peak' or 'off_peak'.

    Returns
    -------
    spread
        Float32 minutes, ``inf`` where there is no way.
    """
    mode = WINDOWS[window]
    metric = arcs[f"{mode}_min"].to_numpy(dtype=float)
    wait = arcs["wait_min" if window == "peak" else "wait_off_peak_min"].to_numpy(dtype=float)
    phase = arcs["phase"].to_numpy(dtype=object)
    metric = np.where(phase == COMBINED, np.inf, metric)
    boards = np.flatnonzero((phase != "") & (phase != COMBINED) & np.isfinite(wait))
    if len(boards) == 0:
        draws = 1
    codes, lines = pd.factorize(phase[boards])
    parts = np.array([_parts(str(line), draws) for line in lines]).reshape(len(lines), draws)
    ready = metric.copy()
    ready[boards] -= wait[boards]
    times = np.empty((draws, len(from_numbers), len(to_numbers)), dtype=np.float32)
    for draw in range(draws):
        drawn = ready.copy()
        drawn[boards] += 2 * wait[boards] * parts[codes, draw]
        times[draw] = travel_minutes(topology, drawn, from_numbers, to_numbers)
    least = travel_minutes(topology, ready, from_numbers, to_numbers)
    median, p90 = (_quantile(times, share) for share in QUANTILES.values())
    never = np.isinf(least)
    floor = np.where(never, 0.0, least)
    return Spread(
        median_min=median,
        p90_min=p90,
        wait_median_min=np.where(never, np.inf, median - floor).astype(np.float32),
        wait_p90_min=np.where(never, np.inf, p90 - floor).astype(np.float32),
    )


def _parts(line: str, draws: int) -> Floats:
    """Parts of the headway, one in each of as many equal strata, in an order of the line's own."""
    seed = int.from_bytes(hashlib.sha256(line.encode()).digest()[:8], "big")
    strata = np.random.default_rng(seed).permutation(draws)
    return np.asarray((strata + 0.5) / draws)


def _quantile(times: Minutes, share: float) -> Minutes:
    """Quantile by Hazen (1914): of waits drawn at the middles of strata it is exact."""
    known = np.where(np.isfinite(times), times, 0.0)
    found = np.quantile(known, share, axis=0, method="hazen")
    return np.where(np.isinf(times).any(axis=0), np.inf, found).astype(np.float32)
