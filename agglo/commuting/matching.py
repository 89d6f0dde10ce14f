"""Observed flows beside a matrix of costs: the same zones, and what commuters pay on average."""

from __future__ import annotations

import numpy as np
import pandas as pd

from agglo.commuting.deterrence import STATISTICS, Reals, row_blocks
from agglo.commuting.flows import Flows, frame_from_flows
from agglo.errors import FlowError


def observed_matrix(observed: pd.DataFrame | Flows, cost: pd.DataFrame) -> Reals:
    """Put observed flows in the order and the precision of the costs.

    Raises
    ------
    FlowError
        If the zones are not those of the costs, a count is missing or negative, nobody
        commutes, or somebody travels where the costs have no way; the pair is named.
    """
    frame = frame_from_flows(observed) if isinstance(observed, Flows) else observed
    for own, wanted, what in (
        (frame.index, cost.index, "row"),
        (frame.columns, cost.columns, "column"),
    ):
        odd = own.symmetric_difference(wanted)
        if len(odd) or not own.is_unique:
            named = odd if len(odd) else own[own.duplicated()]
            raise FlowError(
                f"{len(named)} {what}(s) of the observed flows, such as '{named[0]}', do not agree "
                "with the costs; give both the same zones, each once, or leave places out"
            )
    values = frame.reindex(index=cost.index, columns=cost.columns).to_numpy()
    flows: Reals = values.astype(np.float32 if (cost.dtypes == np.float32).all() else np.float64)
    if not (np.isfinite(flows).all() and flows.min() >= 0 and flows.any()):
        raise FlowError(
            "observed flows are missing, infinite or below 0, or nobody commutes; wanted persons"
        )
    lost = (flows > 0) & ~np.isfinite(cost.to_numpy(dtype=float))
    if lost.any():
        row, column = np.argwhere(lost)[0]
        raise FlowError(
            f"{flows[row, column]:g} people commute from '{cost.index[row]}' to "
            f"'{cost.columns[column]}', where the costs have no way ({int(lost.sum())} such "
            "pair(s)); open the way, or leave these people out"
        )
    return flows


def mean_over_people(flows: Reals, cost: Reals, *, statistic: str = "cost") -> float:
    """Mean over commuters of the cost of their way, or of another of ``STATISTICS``.

    Pairs that nobody travels are not looked at, so that their cost may be ``inf``.
    """
    total = weighted = 0.0
    for block in row_blocks(flows.shape):
        used = flows[block] > 0
        people = flows[block][used].astype(float)
        total += float(people.sum())
        weighted += float(people @ STATISTICS[statistic](cost[block][used].astype(float)))
    return weighted / total
