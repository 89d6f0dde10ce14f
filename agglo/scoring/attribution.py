"""The effect of a package shared among its measures (Shapley), and what they do to each other."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from itertools import combinations
from math import factorial

import numpy as np
import pandas as pd

from agglo.errors import TableError
from agglo.transport.topology import Floats

EXACT_COUNT = 8
"""Measures up to which every coalition is run: 256 of them."""

Coalition = frozenset[str]
Values = Mapping[Coalition, "float | pd.Series"]


def coalitions(names: Sequence[str]) -> list[tuple[str, ...]]:
    """List every set of measures to run, the empty one first, each in the order of ``names``.

    Raises
    ------
    TableError
        If a measure stands twice, or there are more than ``EXACT_COUNT``: then run
        ``coalitions_of(circle_orders(…))``.

    Examples
    --------
    >>> coalitions(["bus", "rail"])
    [(), ('bus',), ('rail',), ('bus', 'rail')]
    """
    _check_names(names)
    if len(names) > EXACT_COUNT:
        raise TableError(
            f"{len(names)} measures make {2 ** len(names)} coalitions; at most {EXACT_COUNT} "
            "measures are run in full, sample orders of more"
        )
    return [one for size in range(len(names) + 1) for one in combinations(names, size)]


def circle_orders(
    names: Sequence[str], *, circles_count: int, seed: int
) -> list[list[tuple[str, ...]]]:
    """Draw orders in which measures join, in circles: every start, and both ways round.

    Within a circle each measure stands twice at each place (stratified) and each order has its
    reverse (antithetic: Hammersley, Morton 1956, unverified), while only n (n − 1) + 2 coalitions
    need a run. Each order taken alone is drawn evenly from all, so means over circles are
    unbiased.

    Returns
    -------
    circle_orders
        For each circle its 2 n orders. They do not depend on the order of ``names``.
    """
    _check_names(names)
    if circles_count < 2:
        raise TableError(f"an error needs two circles or more; got circles_count {circles_count}")
    random = np.random.default_rng(seed)
    ordered = sorted(names)
    circles = []
    for _ in range(circles_count):
        circle = [ordered[at] for at in random.permutation(len(ordered))]
        shifts = [(*circle[at:], *circle[:at]) for at in range(len(circle))]
        circles.append([order for shift in shifts for order in (shift, shift[::-1])])
    return circles


def coalitions_of(
    circles: Iterable[Iterable[Sequence[str]]], *, names: Sequence[str]
) -> list[tuple[str, ...]]:
    """List the sets of measures that orders pass through, each once, small ones first."""
    found = {frozenset(order[:size]) for circle in circles for order in circle
             for size in range(len(order) + 1)}  # fmt: skip
    listed = [tuple(name for name in names if name in one) for one in found]
    places = {name: at for at, name in enumerate(names)}
    return sorted(listed, key=lambda one: (len(one), [places[name] for name in one]))


def shapley(values: Values) -> pd.DataFrame:
    """Share the effect of a package among its measures (Shapley 1953): exact.

    The mean, over all orders of joining, of what a measure adds when it joins. The only sharing
    that adds up to the total, treats equals alike, gives nothing to who adds nothing, and does
    not depend on the order in which measures are listed.

    Parameters
    ----------
    values
        Effect by set of measures: a number, or a series by target; every subset of the largest
        one, the empty one included.

    Returns
    -------
    shapley
        Rows are measures (by name), columns targets ('value' for plain numbers). Unknown where
        the effect of any set is.

    Raises
    ------
    TableError
        If the effect of a subset is absent: it is named.

    Examples
    --------
    >>> effects = {(): 0, ("bus",): 1, ("rail",): 3, ("bus", "rail"): 6}
    >>> shapley({frozenset(one): effect for one, effect in effects.items()})["value"].to_dict()
    {'bus': 2.0, 'rail': 4.0}
    """
    names, targets, table = _table(values)
    count = len(names)
    shares = np.zeros((count, len(targets)))
    for size in range(count):
        weight = factorial(size) * factorial(count - size - 1) / factorial(count)
        for others in combinations(names, size):
            before = frozenset(others)
            for at, name in enumerate(names):
                if name not in before:
                    joined = _effect(table, before | {name})
                    shares[at] += weight * (joined - _effect(table, before))
    return pd.DataFrame(shares, index=pd.Index(names, name="measure"), columns=targets)


def shapley_sampled(
    values: Values, circles: Sequence[Sequence[Sequence[str]]]
) -> tuple[pd.DataFrame, pd.DataFrame]:
    """Estimate Shapley's shares from drawn orders (Castro, Gómez, Tejada 2009).

    Parameters
    ----------
    values
        Effect by set of measures, for all of ``coalitions_of(circles)``.
    circles
        From ``circle_orders``.

    Returns
    -------
    shares, errors
        Measure × target; the error is the standard error over circles. The shares of every
        order add up to the total, and so do these.
    """
    names, targets, table = _table(values)
    means = np.zeros((len(circles), len(names), len(targets)))
    places = {name: at for at, name in enumerate(names)}
    for at, circle in enumerate(circles):
        for order in circle:
            for size, name in enumerate(order):
                before = frozenset(order[:size])
                means[at, places[name]] += _effect(table, before | {name}) - _effect(table, before)
        means[at] /= len(circle)
    index = pd.Index(names, name="measure")
    errors = means.std(axis=0, ddof=1) / np.sqrt(len(circles))
    return (
        pd.DataFrame(means.mean(axis=0), index=index, columns=targets),
        pd.DataFrame(errors, index=index, columns=targets),
    )


def interaction(values: Values) -> pd.Series:
    """Return by target how much a package does beyond the sum of its measures taken alone.

    ``E(package) − Σ E(alone)``, effects counted from the empty set: above 0 synergy, below 0
    measures that do the same work twice.
    """
    names, targets, table = _table(values)
    nothing = _effect(table, frozenset())
    alone = sum((_effect(table, frozenset([name])) - nothing for name in names), 0 * nothing)
    return pd.Series(
        _effect(table, frozenset(names)) - nothing - alone, index=targets, name="interaction"
    )


def pairwise_interactions(values: Values) -> pd.DataFrame:
    """Return ``E(A+B) − E(A) − E(B)`` for every two measures, effects from the empty set.

    Returns
    -------
    pairwise_interactions
        ``measure``, ``other``, ``target``, ``interaction``; ``nan`` where a pair was not run.
    """
    names, targets, table = _table(values)
    nothing = _effect(table, frozenset())
    unknown = np.full(len(targets), np.nan)
    rows = []
    for first, second in combinations(names, 2):
        both = table.get(frozenset([first, second]), unknown)
        own = _effect(table, frozenset([first])) + _effect(table, frozenset([second]))
        rows += [
            (first, second, target, float(value))
            for target, value in zip(targets, both - own + nothing, strict=True)
        ]
    frame = pd.DataFrame(rows, columns=["measure", "other", "target", "interaction"])
    return frame.astype({"measure": str, "other": str, "target": str, "interaction": float})


def attribution(
    package: str,
    values: Values,
    *,
    circles: Sequence[Sequence[Sequence[str]]] | None = None,
) -> pd.DataFrame:
    """Attribute the effect of one package to its measures, target by target.

    Parameters
    ----------
    values
        Effect (change against the baseline) by set of measures, a series by target.
    circles
        From ``circle_orders`` where not every subset was run; the exact shares otherwise.

    Returns
    -------
    attribution
        ``scenario`` (the package), ``measure``, ``target``, ``alone``, ``shapley``, ``error``
        (standard error, 0 where exact), ``interaction``. The row of measure '' holds the whole:
        sum of the effects alone, the total, and their difference, the interaction.
    """
    names, targets, table = _table(values)
    shares, errors = (
        (shapley(values), None) if circles is None else shapley_sampled(values, circles)
    )
    nothing = _effect(table, frozenset())
    alone = np.array([_effect(table, frozenset([name])) - nothing for name in names])
    alone = alone.reshape(len(names), len(targets))
    own = np.zeros_like(alone) if errors is None else errors.to_numpy(float)
    total = _effect(table, frozenset(names)) - nothing
    whole = np.stack([alone.sum(axis=0), total, np.zeros(len(targets)), total - alone.sum(axis=0)])
    parts = np.stack([alone, shares.to_numpy(float), own, np.full_like(alone, np.nan)])
    figures = np.concatenate([whole[:, None], parts], axis=1).reshape(4, -1)
    measures = np.repeat(np.array(["", *names], dtype=object), len(targets))
    frame = pd.DataFrame(
        {"scenario": package, "measure": measures, "target": targets * (len(names) + 1)}
    ).astype(str)
    return frame.assign(**dict(zip(("alone", "shapley", "error", "interaction"), figures,
                                   strict=True)))  # fmt: skip


def _table(values: Values) -> tuple[list[str], list[str], dict[Coalition, Floats]]:
    """Return measures and targets by name, and the effects as arrays in that order."""
    if frozenset() not in values:
        raise TableError("the effect of the empty set of measures is absent; add it (often 0)")
    names = sorted(frozenset().union(*values))
    first = values[frozenset()]
    targets = [str(name) for name in first.index] if isinstance(first, pd.Series) else ["value"]
    table: dict[Coalition, Floats] = {}
    for one, effect in values.items():
        own = [str(name) for name in effect.index] if isinstance(effect, pd.Series) else ["value"]
        if sorted(own) != sorted(targets):
            raise TableError(f"the effect of {_said(one)} has other targets than the empty set")
        figures = np.atleast_1d(np.asarray(effect, dtype=float))
        table[one] = figures[[own.index(name) for name in targets]]
    return names, targets, table


def _effect(table: Mapping[Coalition, Floats], one: Coalition) -> Floats:
    if one not in table:
        raise TableError(f"the effect of {_said(one)} is absent; run that set of measures too")
    return table[one]


def _said(one: Coalition) -> str:
    return " + ".join(sorted(one)) or "the empty set"


def _check_names(names: Sequence[str]) -> None:
    if twice := sorted({name for name in names if list(names).count(name) > 1}):
        raise TableError(f"measure '{twice[0]}' stands twice in the package; keep one of them")
