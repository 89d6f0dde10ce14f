"""Services that municipalities run together: what it saves, who wins, where it turns."""

from __future__ import annotations

from collections.abc import Sequence
from math import factorial

import numpy as np
import pandas as pd
from scipy.optimize import brentq

from agglo.errors import TableError
from agglo.transport.topology import Floats

MOST_EXACT = 18
"""Partners for whom all coalitions are looked at: 2^18 of them."""

ENDS = ("low", "", "high")
"""Of a range in the table 'joint_services'; the middle has no name."""


def saving_share(
    quantities: Sequence[float] | pd.Series,
    *,
    cost_elasticity: float,
    coordination_share: float = 0.0,
) -> float:
    """Share of what partners spend apart that they save together.

    ``1 − (Σ Q)^e / Σ Q^e − coordination``, if a quantity Q costs Q^e. The elasticity is an
    assumption: what studies of cooperation find diverges, small partners gain most and the
    cost of agreeing is unclear (meta-regression of Bel and Sebő; its figures unverified).

    Parameters
    ----------
    quantities
        What each partner provides, such as the people it serves; 0 or more.
    cost_elasticity
        By how much cost grows with the quantity, above 0; below 1 large is cheap.
    coordination_share
        What working together costs, as a share of the cost apart.

    Returns
    -------
    saving_share
        Below 0 where it costs more together; 0 for fewer than two partners, who have nothing
        to agree on; ``nan`` where nobody is served.

    Raises
    ------
    TableError
        If a quantity, the elasticity or the coordination is no number or out of range.

    Examples
    --------
    >>> round(saving_share([1, 1, 1, 1], cost_elasticity=0.9), 5)
    0.12945
    """
    parts = _parts(quantities)
    _check(cost_elasticity, coordination_share)
    if len(parts) < 2:
        return 0.0
    return float(1 - 1 / _sum_apart(parts, cost_elasticity) - coordination_share)


def break_even_coordination(
    quantities: Sequence[float] | pd.Series, *, cost_elasticity: float
) -> float:
    """Share of the cost apart that coordination may take before nothing is saved.

    Examples
    --------
    >>> round(break_even_coordination([1, 1], cost_elasticity=0.5), 5)
    0.29289
    """
    return saving_share(quantities, cost_elasticity=cost_elasticity)


def break_even_elasticity(
    quantities: Sequence[float] | pd.Series, *, coordination_share: float
) -> float:
    """Elasticity of cost above which nothing is saved together.

    Returns
    -------
    break_even_elasticity
        Above 0 and at most 1; ``nan`` where coordination eats up the saving at any elasticity,
        or where fewer than two partners provide anything.

    Examples
    --------
    >>> break_even_elasticity([5, 3], coordination_share=0.0)
    1.0
    """
    parts = _parts(quantities)
    _check(1.0, coordination_share)
    partners = np.count_nonzero(parts > 0)
    # two together cost at least one nth of what n cost apart
    if partners < 2 or coordination_share >= 1 - 1 / partners:
        return float("nan")
    if coordination_share == 0:
        return 1.0
    own = parts[parts > 0]
    return float(brentq(lambda e: 1 - 1 / _sum_apart(own, e) - coordination_share, 0.0, 1.0))


def cost_split(
    quantities: pd.Series, *, cost_elasticity: float, coordination_share: float = 0.0
) -> pd.DataFrame:
    """Share what partners spend together among them in two ways: who wins and who pays.

    By quantity each pays for the people it serves. By Shapley (1953) each pays the mean of what
    it adds to all coalitions that it may join, exactly; two or more who work together pay the
    coordination share of what they would spend apart.

    Parameters
    ----------
    quantities
        What each partner provides, index its id.

    Returns
    -------
    cost_split
        Index of ``quantities``; in shares of what all spend apart: ``apart_share`` (adds up to
        1), ``quantity_split_share`` and ``shapley_split_share`` (add up to 1 less the saving),
        and ``quantity_gain_share`` and ``shapley_gain_share``: below 0 who pays more than apart.

    Raises
    ------
    TableError
        As ``saving_share``; if there are too many partners for all coalitions; if nobody is
        served.
    """
    parts = _parts(quantities)
    _check(cost_elasticity, coordination_share)
    if len(parts) > MOST_EXACT:
        raise TableError(
            f"{len(parts)} partners make too many coalitions; wanted {MOST_EXACT} or fewer: join "
            "the smallest"
        )
    if np.isnan(parts).any():
        raise TableError("no partner provides anything; a cost of nothing cannot be split")
    apart = _powers(parts, cost_elasticity)
    total = apart.sum()
    together = _coalition_costs(parts, apart, cost_elasticity, coordination_share)
    frame = pd.DataFrame({"apart_share": apart / total}, index=quantities.index)
    frame["quantity_split_share"] = parts * together[-1] / total
    frame["shapley_split_share"] = _shapley(together, len(parts)) / total
    for name in ("quantity", "shapley"):
        frame[f"{name}_gain_share"] = frame["apart_share"] - frame[f"{name}_split_share"]
    return frame


def service_savings(joint_services: pd.DataFrame, population_count: pd.Series) -> pd.DataFrame:
    """What each joint service saves, with its range, and where it would turn.

    Parameters
    ----------
    joint_services
        The table of a region. Where partners of a service disagree on its elasticity, each end
        is their mean.
    population_count
        People by municipality, the quantity of every service.

    Returns
    -------
    service_savings
        Index service id, sorted: ``partners_count``, ``population_count``,
        ``saving_low_share`` (high elasticity and coordination), ``saving_share``,
        ``saving_high_share``, ``break_even_elasticity`` and ``break_even_coordination_share``
        at the middle of the other; ``nan`` where the people of a partner are not known.
    """
    rows = {
        str(service): _service(own, population_count)
        for service, own in joint_services.groupby("service_id", sort=True)
    }
    columns = [
        "partners_count", "population_count", "saving_low_share", "saving_share",
        "saving_high_share", "break_even_elasticity", "break_even_coordination_share",
    ]  # fmt: skip
    frame = pd.DataFrame.from_dict(rows, orient="index", columns=columns).astype(float)
    return frame.rename_axis("service_id")


def _service(own: pd.DataFrame, population_count: pd.Series) -> list[float]:
    people = population_count.reindex(own["municipality_id"]).astype(float)
    if people.isna().any():
        return [len(own), *[float("nan")] * 6]
    elasticity = [float(own["_".join(filter(None, ("cost_elasticity", e)))].mean()) for e in ENDS]
    coordination = [
        float(own["_".join(filter(None, ("coordination", e, "share")))].mean()) for e in ENDS
    ]
    saved = [
        saving_share(people, cost_elasticity=e, coordination_share=k)
        for e, k in zip(elasticity, coordination, strict=True)
    ]
    return [
        len(own),
        float(people.sum()),
        *reversed(saved),
        break_even_elasticity(people, coordination_share=coordination[1]),
        break_even_coordination(people, cost_elasticity=elasticity[1]),
    ]


def _parts(quantities: Sequence[float] | pd.Series) -> Floats:
    """Return each partner's part of the whole quantity; ``nan`` where that is 0."""
    values = np.asarray(quantities, dtype=float)
    wrong = ~(np.isfinite(values) & (values >= 0))
    if wrong.any():
        raise TableError(f"a quantity is {values[wrong][0]:g}; wanted numbers of 0 or more")
    most = values.max(initial=0.0)
    if most == 0:
        return np.full(len(values), np.nan)
    # halves of the largest float add up to infinity
    scaled = values / most
    parts: Floats = scaled / scaled.sum()
    return parts


def _check(cost_elasticity: float, coordination_share: float) -> None:
    if not 0 < cost_elasticity < np.inf:
        raise TableError(f"cost_elasticity must be above 0 and finite; got {cost_elasticity:g}")
    if not 0 <= coordination_share <= 1:
        raise TableError(f"coordination_share must be between 0 and 1; got {coordination_share:g}")


def _powers(parts: Floats, cost_elasticity: float) -> Floats:
    """Cost of each part; who provides nothing spends nothing, at an elasticity of 0 too."""
    costs: Floats = np.where(parts > 0, parts**cost_elasticity, parts)
    return costs


def _sum_apart(parts: Floats, cost_elasticity: float) -> float:
    """What all spend apart, in units of what the same quantity costs in one hand."""
    return float(_powers(parts, cost_elasticity).sum())


def _coalition_costs(
    parts: Floats, apart: Floats, cost_elasticity: float, coordination_share: float
) -> Floats:
    """Cost of every coalition; partner i belongs to those whose number has bit i."""
    quantity = alone = np.zeros(1)
    size = np.zeros(1)
    for part, cost in zip(parts, apart, strict=True):
        quantity = np.concatenate([quantity, quantity + part])
        alone = np.concatenate([alone, alone + cost])
        size = np.concatenate([size, size + 1])
    costs = _powers(quantity, cost_elasticity) + coordination_share * alone
    return np.where(size < 2, alone, costs)


def _shapley(costs: Floats, count: int) -> Floats:
    """Return the Shapley value of each partner of a game given by the cost of every coalition."""
    numbers = np.arange(len(costs))
    size = np.array([number.bit_count() for number in range(len(costs))])
    weight = np.array(
        [factorial(n) * factorial(count - n - 1) / factorial(count) for n in range(count)]
    )
    values = np.empty(count)
    for partner in range(count):
        without = numbers[(numbers >> partner) & 1 == 0]
        added = costs[without | (1 << partner)] - costs[without]
        values[partner] = (weight[size[without]] * added).sum()
    return values
