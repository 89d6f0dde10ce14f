"""Gravity as a Poisson regression: parameters that make the observed flows most likely."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import pandas as pd

from agglo.commuting.constrained import check_constraint
from agglo.commuting.deterrence import (
    FORMS,
    STATISTICS,
    Deterrence,
    Reals,
    check_no_zero,
    checked_costs,
)
from agglo.commuting.effects import fitted
from agglo.commuting.fit import fit_measures
from agglo.commuting.flows import Flows
from agglo.commuting.margins import aligned_counts, counts_by_zone
from agglo.commuting.matching import observed_matrix
from agglo.errors import FlowError
from agglo.transport.topology import Floats

MASSES: Mapping[str, tuple[str, ...]] = {
    "doubly": (),
    "production": ("log_jobs",),
    "attraction": ("log_workers",),
    "unconstrained": ("log_workers", "log_jobs"),
}
"""Counts of zones that are regressors, because that side has no effects of its own."""


@dataclass(frozen=True, slots=True, kw_only=True)
class PoissonGravity:
    """A fitted regression: ``ln μᵢⱼ = constant + rowᵢ + columnⱼ + Σ coefficient · regressor``."""

    form: str
    constraint: str

    constant: float

    coefficients: pd.Series
    """By regressor: 'log_workers', 'log_jobs', then 'cost', 'log_cost' or 'root_cost'; the last
    are below 0 where cost deters."""

    standard_errors: pd.Series
    """By regressor, if flows are Poisson; commuters who decide together make them larger."""

    row_effects: pd.Series
    column_effects: pd.Series
    """By zone, the first with people being 0; ``−inf`` for a zone without people, all 0 on a side
    without effects."""

    flows: pd.DataFrame
    """Expected persons, home zone × work zone, 0 on pairs that are not modelled."""

    measures: pd.Series
    """``deviance``, ``null_deviance``, ``d2`` (share of the null deviance explained),
    ``log_likelihood``, ``pseudo_r2`` (McFadden 1974), ``aic`` and ``fit.fit_measures``, over the
    pairs with a way."""

    @property
    def deterrence(self) -> Deterrence:
        """The deterrence function, to be used in another model."""
        own = FORMS[self.form]
        values = {
            name: -float(self.coefficients[statistic])
            for name, statistic in zip(own.parameters, own.statistics, strict=True)
        }
        return Deterrence(
            form=self.form,
            decay=values.get("decay", 0.0),
            exponent=values.get("exponent", 0.0),
        )


def poisson_gravity(
    observed: pd.DataFrame | Flows,
    cost: pd.DataFrame,
    *,
    workers_count: pd.Series | None = None,
    jobs_count: pd.Series | None = None,
    form: str = "exponential",
    constraint: str = "doubly",
) -> PoissonGravity:
    """Fit a gravity model to observed flows as a Poisson regression (Flowerdew, Aitkin 1982).

    Constraints are effects: one per home zone (``production``), per work zone (``attraction``)
    or both (``doubly``); margins that have effects are met. The effects are never written out as
    columns: for given coefficients they are the balancing factors, and Newton's method moves the
    coefficients alone. So the doubly constrained fit is the model of ``calibration.calibrated``
    with purpose 'likelihood', which needs less memory: its mean cost (exponential) or mean
    logarithm of cost (power) is the observed one. All pairs with a finite cost count, those
    without commuters too.

    Parameters
    ----------
    observed
        Persons, home zone × work zone: the zones of the costs, in any order.
    cost
        Home zone × work zone; ``inf`` on pairs that are not modelled, such as the diagonal.
    workers_count, jobs_count
        Size of each zone, for a side without effects; without them, the observed totals.
    form
        A name of ``deterrence.FORMS``.
    constraint
        One of ``constrained.CONSTRAINTS``.

    Raises
    ------
    FlowError
        If zones or counts do not agree with the costs, a regressor cannot be told from the
        effects, or no finite coefficients fit best.

    Examples
    --------
    >>> cost = pd.DataFrame([[5.0, 20.0], [20.0, 5.0]], index=["a", "b"], columns=["a", "b"])
    >>> seen = pd.DataFrame([[70.0, 30.0], [10.0, 40.0]], index=cost.index, columns=cost.columns)
    >>> poisson_gravity(seen, cost).coefficients.round(4).to_dict()
    {'cost': -0.0745}
    """
    check_constraint(constraint)
    if form not in FORMS:
        raise FlowError(f"deterrence '{form}' is unknown; there are {', '.join(FORMS)}")
    values = checked_costs(cost).astype(float, copy=False)
    if "log_cost" in FORMS[form].statistics:
        check_no_zero(values, homes=cost.index, works=cost.columns, why=FORMS[form].formula)
    seen = pd.DataFrame(observed_matrix(observed, cost), cost.index, cost.columns, dtype=float)
    sizes = {
        "log_workers": _sizes(workers_count, seen.sum(axis=1), what="workers"),
        "log_jobs": _sizes(jobs_count, seen.sum(axis=0), what="jobs"),
    }
    is_pair = np.isfinite(values)
    used = is_pair & _used(seen, sizes, constraint)
    regressors: dict[str, Reals] = {name: _logs(name, sizes[name]) for name in MASSES[constraint]}
    for name in FORMS[form].statistics:
        regressors[name] = STATISTICS[name](np.where(used, values, 1.0))
    by_row, by_column = (
        constraint in ("doubly", "production"),
        constraint in ("doubly", "attraction"),
    )
    try:
        found = fitted(seen, used, regressors, by_row=by_row, by_column=by_column)
    except FlowError as error:
        raise FlowError(f"the regression ({form}, {constraint}) has no answer: {error}") from error
    names = list(regressors)
    return PoissonGravity(
        form=form,
        constraint=constraint,
        constant=found.constant,
        coefficients=pd.Series(found.coefficients, index=names),
        standard_errors=pd.Series(found.standard_errors, index=names),
        row_effects=pd.Series(found.rows, index=cost.index),
        column_effects=pd.Series(found.columns, index=cost.columns),
        flows=pd.DataFrame(found.flows, index=cost.index, columns=cost.columns),
        measures=_measures(seen.to_numpy()[is_pair], found.flows[is_pair], found.parameters_count),
    )


def _sizes(given: pd.Series | None, totals: pd.Series, *, what: str) -> pd.Series:
    """Counts by zone: those given, or what the flows add up to."""
    own = totals if given is None else aligned_counts(given, totals.index, what=what)
    return pd.Series(counts_by_zone(own, what=what), index=totals.index)


def _used(
    seen: pd.DataFrame, sizes: Mapping[str, pd.Series], constraint: str
) -> npt.NDArray[np.bool_]:
    """Pairs of zones with people: the others have no logarithm, and no flows."""
    sides = []
    totals = {"log_workers": seen.sum(axis=1), "log_jobs": seen.sum(axis=0)}
    for name, total in totals.items():
        has_people = total > 0
        if name in MASSES[constraint]:
            has_size = sizes[name] > 0
            lost = has_people & ~has_size
            if lost.any():
                raise FlowError(
                    f"zone '{lost.index[lost][0]}' has {total[lost].iloc[0]:g} commuters but a "
                    f"count of 0 for {name}, which has no logarithm; correct the count"
                )
            has_people = has_size
        sides.append(has_people.to_numpy())
    return np.logical_and.outer(*sides)


def _logs(name: str, sizes: pd.Series) -> Floats:
    """Logarithms of counts, standing for rows or for columns."""
    logs = np.log(np.where(sizes > 0, sizes, 1.0))
    return logs[:, np.newaxis] if name == "log_workers" else logs[np.newaxis]


def _measures(seen: Floats, flows: Floats, parameters_count: int) -> pd.Series:
    """Likelihood and fit over the pairs with a way."""
    from scipy.special import gammaln, xlogy

    def likelihood(expected: Floats) -> float:
        return float((xlogy(seen, expected) - expected - gammaln(seen + 1)).sum())

    none = np.full(len(seen), seen.mean())
    full, own, empty = likelihood(seen), likelihood(flows), likelihood(none)
    about = {
        "deviance": 2 * (full - own),
        "null_deviance": 2 * (full - empty),
        "d2": 1 - (full - own) / (full - empty),
        "log_likelihood": own,
        "pseudo_r2": 1 - own / empty,
        "aic": 2 * parameters_count - 2 * own,
    }
    measures: pd.Series = pd.concat([pd.Series(about), fit_measures(seen, flows)])
    return measures
