"""Calibration: the decay with which modelled flows are as long, or as right, as observed ones."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
import pandas as pd

from agglo.commuting.constrained import check_constraint, gravity_matrix, margins_by_constraint
from agglo.commuting.deterrence import (
    FORMS,
    Deterrence,
    Reals,
    check_no_zero,
    checked_costs,
)
from agglo.commuting.fit import cpc_share
from agglo.commuting.flows import Flows
from agglo.commuting.margins import Margins
from agglo.commuting.matching import mean_over_people, observed_matrix
from agglo.commuting.search import crossing, peak
from agglo.errors import FlowError

PURPOSES: Mapping[str, str] = {
    "mean_cost": "the mean cost of a commute is the observed one",
    "likelihood": "the observed flows are most likely",
    "best_cpc": "the largest share of commuters is placed on the right pair of zones",
}
WIDEST = 1000.0
"""How far from its first guess a parameter is looked for, as a factor."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Calibration:
    """A calibrated deterrence, and what it was calibrated for.

    Purposes lead to different numbers: flows that are as long as the observed are not those
    that place most commuters right.
    """

    deterrence: Deterrence
    parameter: str
    """Name of the field of ``deterrence`` that was found."""

    purpose: str
    """'mean_cost', 'likelihood' or 'best_cpc'; ``PURPOSES`` says it in words."""

    constraint: str
    observed_mean_cost: float
    modelled_mean_cost: float
    """In the unit of the costs."""

    cpc_share: float
    """Common part of commuters, 0 to 1."""

    models_count: int
    """Models that were computed."""

    low: float
    high: float
    """Where the parameter was looked for; it lies inside, not at an end."""

    @property
    def value(self) -> float:
        """The parameter."""
        return float(getattr(self.deterrence, self.parameter))


def calibrated(
    observed: pd.DataFrame | Flows,
    cost: pd.DataFrame,
    *,
    form: str = "exponential",
    purpose: str = "mean_cost",
    constraint: str = "doubly",
    exponent: float = 0.0,
    between: tuple[float, float] | None = None,
) -> Calibration:
    """Find the parameter of a deterrence from observed flows, with their margins.

    * ``mean_cost`` matches the observed mean cost, by secants within a bracket as in Hyman
      1969: for those who will use the minutes and kilometres of the flows;
    * ``likelihood`` matches the mean of what the parameter multiplies: cost (exponential),
      logarithm of the cost (power), root of the cost (root exponential). This is the maximum
      likelihood of independent Poisson flows (Flowerdew, Aitkin 1982), and of the exponential
      form the same as ``mean_cost``;
    * ``best_cpc`` makes the common part of commuters largest (Lenormand et al. 2016): for
      those who will use the flows pair by pair.

    Parameters
    ----------
    observed
        Persons, home zone × work zone: the zones of the costs, in any order. Places beyond the
        region need costs too, or are left out first (``flows.without_places``).
    cost
        Home zone × work zone; ``inf`` on pairs that are not modelled, such as the diagonal.
    form
        A name of ``deterrence.FORMS``; of ``tanner`` the decay is found for a given exponent
        (both at once: ``poisson.poisson_gravity``).
    constraint
        One of ``constrained.CONSTRAINTS``.
    exponent
        Of ``tanner`` alone.
    between
        Where to look, instead of a thousandth to a thousand times the inverse of the mean.

    Raises
    ------
    FlowError
        If zones do not agree, somebody travels where the costs have no way, no parameter within
        the bounds does what is asked, or a model cannot be computed.

    Examples
    --------
    >>> cost = pd.DataFrame([[5.0, 20.0], [20.0, 5.0]], index=["a", "b"], columns=["a", "b"])
    >>> seen = pd.DataFrame([[70.0, 30.0], [10.0, 40.0]], index=cost.index, columns=cost.columns)
    >>> round(calibrated(seen, cost).deterrence.decay, 4)
    0.0745
    """
    check_constraint(constraint)
    _check_question(form, purpose, exponent)
    problem = _problem(observed, cost, form, constraint, exponent, purpose)
    low, high = _bounds(problem, between)
    search, curve = (peak, _cpc) if purpose == "best_cpc" else (crossing, _excess)
    tried: list[float] = []

    def look(value: float) -> float:
        tried.append(value)
        return curve(problem, value)

    start = problem.guess if low < problem.guess < high else float(np.sqrt(low * high))
    value = search(look, start=start, low=low, high=high, what=problem.parameter)
    flows = _flows(problem, value)
    return Calibration(
        deterrence=_deterrence(problem, value),
        parameter=problem.parameter,
        purpose=purpose,
        constraint=constraint,
        observed_mean_cost=mean_over_people(problem.observed, problem.cost),
        modelled_mean_cost=mean_over_people(flows, problem.cost),
        cpc_share=cpc_share(problem.observed, flows),
        models_count=len(tried) + 1,
        low=low,
        high=high,
    )


def cpc_by_parameter(
    observed: pd.DataFrame | Flows,
    cost: pd.DataFrame,
    values: Sequence[float],
    *,
    form: str = "exponential",
    constraint: str = "doubly",
    exponent: float = 0.0,
) -> pd.Series:
    """Common part of commuters at each of the given parameters, to see how sharp the best is.

    Returns
    -------
    cpc_share
        Indexed by the values; other arguments and errors as ``calibrated``.
    """
    check_constraint(constraint)
    _check_question(form, "best_cpc", exponent)
    problem = _problem(observed, cost, form, constraint, exponent, "best_cpc")
    shares = [_cpc(problem, float(value)) for value in values]
    index = pd.Index(values, dtype=float, name=problem.parameter)
    return pd.Series(shares, index=index, name="cpc_share", dtype=float)


@dataclass(frozen=True, slots=True, kw_only=True)
class _Problem:
    """What stays the same while the parameter is looked for."""

    observed: Reals
    cost: Reals
    statistic: str
    """Name of what is averaged; of ``likelihood`` what the parameter multiplies."""

    wanted: float
    """Its observed mean."""

    guess: float
    margins: Margins
    form: str
    parameter: str
    exponent: float
    constraint: str


def _check_question(form: str, purpose: str, exponent: float) -> None:
    if form not in FORMS:
        raise FlowError(f"deterrence '{form}' is unknown; there are {', '.join(FORMS)}")
    if purpose not in PURPOSES:
        raise FlowError(f"purpose '{purpose}' is unknown; there are {', '.join(PURPOSES)}")
    if form == "tanner" and purpose == "likelihood":
        raise FlowError(
            "the likelihood of Tanner's function has two parameters; poisson.poisson_gravity "
            "finds both, or ask for 'mean_cost' or 'best_cpc' at a given exponent"
        )
    if exponent and form != "tanner":
        raise FlowError(f"an exponent is given with Tanner's function only, not with '{form}'")


def _problem(
    observed: pd.DataFrame | Flows,
    cost: pd.DataFrame,
    form: str,
    constraint: str,
    exponent: float,
    purpose: str,
) -> _Problem:
    values = checked_costs(cost)
    flows = observed_matrix(observed, cost)
    parameter = "exponent" if form == "power" else "decay"
    own = dict(zip(FORMS[form].parameters, FORMS[form].statistics, strict=True))[parameter]
    if form == "power" or exponent:
        check_no_zero(values, homes=cost.index, works=cost.columns, why=FORMS[form].formula)
    statistic = own if purpose == "likelihood" else "cost"
    scale = mean_over_people(flows, values, statistic=own)
    if form != "power" and not scale > 0:
        raise FlowError("all observed commuters travel at a cost of 0; set the cost inside zones")
    return _Problem(
        observed=flows,
        cost=values,
        statistic=statistic,
        wanted=mean_over_people(flows, values, statistic=statistic),
        guess=1.0 if form == "power" else 1.0 / scale,
        margins=margins_by_constraint(
            pd.Series(flows.sum(axis=1, dtype=float), index=cost.index),
            pd.Series(flows.sum(axis=0, dtype=float), index=cost.columns),
            constraint=constraint,
        ),
        form=form,
        parameter=parameter,
        exponent=exponent,
        constraint=constraint,
    )


def _bounds(problem: _Problem, between: tuple[float, float] | None) -> tuple[float, float]:
    if between is None:
        return problem.guess / WIDEST, problem.guess * WIDEST
    low, high = between
    if not 0 < low < high < np.inf:
        raise FlowError(f"the bounds must be 0 < low < high, got {low:g} and {high:g}")
    return float(low), float(high)


def _deterrence(problem: _Problem, value: float) -> Deterrence:
    if problem.parameter == "exponent":
        return Deterrence(form=problem.form, exponent=value)
    return Deterrence(form=problem.form, decay=value, exponent=problem.exponent)


def _flows(problem: _Problem, value: float) -> Reals:
    try:
        return gravity_matrix(
            problem.cost,
            problem.margins,
            deterrence=_deterrence(problem, value),
            constraint=problem.constraint,
        )
    except FlowError as error:
        raise FlowError(f"with {problem.parameter} {value:g}: {error}") from error


def _excess(problem: _Problem, value: float) -> float:
    """By how much the modelled mean is larger than the observed one, as a share of it.

    A logarithm has no origin: there it is the share by which costs are larger.
    """
    flows = _flows(problem, value)
    modelled = mean_over_people(flows, problem.cost, statistic=problem.statistic)
    return (modelled - problem.wanted) / (
        1.0 if problem.statistic == "log_cost" else problem.wanted
    )


def _cpc(problem: _Problem, value: float) -> float:
    return cpc_share(problem.observed, _flows(problem, value))
