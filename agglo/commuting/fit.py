"""How well modelled flows fit observed ones."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any, TypeAlias

import numpy as np
import numpy.typing as npt
import pandas as pd
from scipy import sparse

from agglo.commuting.flows import Flows, frame_from_flows
from agglo.errors import FlowError
from agglo.transport.topology import Floats

Matrix: TypeAlias = pd.DataFrame | pd.Series | npt.NDArray[np.floating[Any]] | Flows


def cpc_share(observed: Matrix, modelled: Matrix) -> float:
    """Common part of commuters, ``2·Σ min(T, T′) / (N + N′)`` (Lenormand et al. 2012, 2016).

    Parameters
    ----------
    observed, modelled
        Persons: two flows, two frames (the same zones, in any order), or arrays of one shape.

    Returns
    -------
    cpc_share
        0 where no commuter is common, 1 where all are.

    Raises
    ------
    FlowError
        If shapes or zones differ, a count is missing, infinite or negative, or nobody commutes.

    Examples
    --------
    >>> cpc_share(np.array([100.0, 50, 30, 20]), np.array([90.0, 60, 40, 10]))
    0.9
    """
    return _cpc(_pairs(observed, modelled))


def fit_measures(observed: Matrix, modelled: Matrix) -> pd.Series:
    """All measures of fit, over all pairs of zones that are given.

    Returns
    -------
    fit_measures
        * ``cpc_share``: common part of commuters (Lenormand et al. 2012);
        * ``ssi``: mean of ``2·min(T, T′)/(T + T′)`` over the pairs where somebody commutes,
          in the data or in the model (Sørensen's index as Masucci et al. 2013 take it);
        * ``rmse_count``: root of the mean squared error, persons;
        * ``srmse``: the same over the mean flow (Knudsen, Fotheringham 1986);
        * ``nrmse``: root of the squared errors over all commuters, as the TDLM packages print
          it;
        * ``r2``: 1 less the squared errors over those of the mean, below 0 for a poor model;
        * ``r2_pearson``: the squared correlation;
        * ``kl_nats``: Kullback–Leibler divergence of the model's shares from the observed,
          ``inf`` where the model has nobody on a pair that is travelled.

    Raises
    ------
    FlowError
        As ``cpc_share``.

    Examples
    --------
    >>> measures = fit_measures(np.array([100.0, 50, 30, 20]), np.array([90.0, 60, 40, 10]))
    >>> measures.round(4).to_dict()["srmse"]
    0.2
    """
    pairs = _pairs(observed, modelled)
    return pd.Series({name: float(measure(pairs)) for name, measure in MEASURES.items()})


def off_diagonal(flows: pd.DataFrame) -> Floats:
    """Return the flows between different zones as one long array, row by row.

    For the fit of models that leave out who works in the own zone.

    Raises
    ------
    FlowError
        If rows and columns are not the same zones in the same order.
    """
    if not flows.index.equals(flows.columns):
        raise FlowError(
            f"rows and columns of the flows are not the same zones in one order; got "
            f"{flows.shape[0]} rows and {flows.shape[1]} columns; reorder them first"
        )
    return flows.to_numpy(dtype=float)[~np.eye(len(flows), dtype=bool)]


@dataclass(frozen=True, slots=True, kw_only=True)
class _Pairs:
    """Flows of the pairs where somebody commutes in the data or in the model."""

    observed: Floats
    modelled: Floats

    count: int
    """Number of all pairs, the empty ones included."""


def _pairs(observed: Matrix, modelled: Matrix) -> _Pairs:
    first, second, count = _aligned(observed, modelled)
    for values, what in ((first, "observed"), (second, "modelled")):
        if not (np.isfinite(values).all() and (values >= 0).all()):
            raise FlowError(
                f"{int((~np.isfinite(values) | ~(values >= 0)).sum())} {what} flow(s) are missing, "
                "infinite or below 0; wanted persons; declare suppressed cells first"
            )
        if not values.sum() > 0:
            raise FlowError(f"nobody commutes in the {what} flows; there is nothing to compare")
    used = (first > 0) | (second > 0)
    return _Pairs(observed=first[used], modelled=second[used], count=count)


def _aligned(observed: Matrix, modelled: Matrix) -> tuple[Floats, Floats, int]:
    """Both flows as long arrays in one order, and the number of pairs."""
    if isinstance(observed, Flows) and isinstance(modelled, Flows):
        return _aligned_flows(observed, modelled)
    first, second = (
        frame_from_flows(one) if isinstance(one, Flows) else one for one in (observed, modelled)
    )
    if isinstance(first, pd.DataFrame) and isinstance(second, pd.DataFrame):
        second = second.iloc[_order(second.index, first.index)]
        second = second.iloc[:, _order(second.columns, first.columns)]
    elif isinstance(first, pd.Series) and isinstance(second, pd.Series):
        second = second.iloc[_order(second.index, first.index)]
    numbers = np.asarray(first, dtype=float), np.asarray(second, dtype=float)
    if numbers[0].shape != numbers[1].shape:
        raise FlowError(
            f"observed flows have shape {numbers[0].shape}, modelled ones {numbers[1].shape}; "
            "wanted the same pairs in both"
        )
    return numbers[0].ravel(), numbers[1].ravel(), numbers[0].size


def _order(own: pd.Index, wanted: pd.Index) -> npt.NDArray[np.intp]:
    """Positions that put rows or columns in the order of the observed ones."""
    if own.equals(wanted):
        return np.arange(len(own))
    odd = own.symmetric_difference(wanted)
    if len(odd) or not (own.is_unique and wanted.is_unique):
        raise FlowError(
            f"observed and modelled flows are not about the same zones: {len(odd)} stand in one "
            f"of them only{f', such as {odd[0]!r}' if len(odd) else ''}; keep those of both, each "
            "once"
        )
    return own.get_indexer(wanted)


def _aligned_flows(observed: Flows, modelled: Flows) -> tuple[Floats, Floats, int]:
    """The same without a dense matrix: only pairs that somebody travels."""
    size = len(observed.places)
    order = _order(modelled.places, observed.places)
    counts = modelled.counts[order][:, order]
    keys, values = zip(*(_long(one) for one in (observed.counts, counts)), strict=True)
    every = np.union1d(*keys)
    found = np.zeros((2, len(every)))
    for at in (0, 1):
        found[at, np.searchsorted(every, keys[at])] = values[at]
    return found[0], found[1], size * size


def _long(counts: sparse.csr_array) -> tuple[npt.NDArray[np.int64], Floats]:
    pairs = counts.tocoo()
    return pairs.row.astype(np.int64) * counts.shape[1] + pairs.col, pairs.data


def _cpc(pairs: _Pairs) -> float:
    common = np.minimum(pairs.observed, pairs.modelled).sum()
    return float(2 * common / (pairs.observed.sum() + pairs.modelled.sum()))


def _ssi(pairs: _Pairs) -> float:
    both = pairs.observed + pairs.modelled
    return float(np.mean(2 * np.minimum(pairs.observed, pairs.modelled) / both))


def _squares(pairs: _Pairs) -> float:
    return float(((pairs.observed - pairs.modelled) ** 2).sum())


def _rmse(pairs: _Pairs) -> float:
    return float(np.sqrt(_squares(pairs) / pairs.count))


def _srmse(pairs: _Pairs) -> float:
    return float(_rmse(pairs) / (pairs.observed.sum() / pairs.count))


def _nrmse(pairs: _Pairs) -> float:
    return float(np.sqrt(_squares(pairs) / pairs.observed.sum()))


def _moments(pairs: _Pairs) -> tuple[float, float, float]:
    """Squares of the observed and of the modelled flows round their means, and their product."""
    means = pairs.observed.sum() / pairs.count, pairs.modelled.sum() / pairs.count
    first, second = pairs.observed - means[0], pairs.modelled - means[1]
    empty = pairs.count - len(first)
    return (
        float(first @ first + empty * means[0] ** 2),
        float(second @ second + empty * means[1] ** 2),
        float(first @ second + empty * means[0] * means[1]),
    )


def _r2(pairs: _Pairs) -> float:
    own, _, _ = _moments(pairs)
    return 1 - _squares(pairs) / own if own > 0 else float("nan")


def _r2_pearson(pairs: _Pairs) -> float:
    own, other, both = _moments(pairs)
    return both**2 / (own * other) if own > 0 and other > 0 else float("nan")


def _kl(pairs: _Pairs) -> float:
    used = pairs.observed > 0
    first = pairs.observed[used] / pairs.observed.sum()
    second = pairs.modelled[used] / pairs.modelled.sum()
    if not (second > 0).all():
        return float("inf")
    return float((first * np.log(first / second)).sum())


MEASURES: Mapping[str, Callable[[_Pairs], float]] = {
    "cpc_share": _cpc,
    "ssi": _ssi,
    "rmse_count": _rmse,
    "srmse": _srmse,
    "nrmse": _nrmse,
    "r2": _r2,
    "r2_pearson": _r2_pearson,
    "kl_nats": _kl,
}
