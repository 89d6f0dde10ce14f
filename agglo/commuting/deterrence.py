"""Deterrence: how fast people stop going as the way gets longer."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any, TypeAlias

import numpy as np
import numpy.typing as npt
import pandas as pd

from agglo.errors import FlowError

Reals: TypeAlias = npt.NDArray[np.floating[Any]]
"""Double precision, or single where the costs come so: half the memory."""

BLOCK = 2**17
"""Cells worked on at a time: they stay in the cache, and no step needs a second matrix."""

STATISTICS: Mapping[str, Callable[[Reals], Reals]] = {
    "cost": np.asarray,
    "log_cost": np.log,
    "root_cost": np.sqrt,
}
"""What the logarithm of a deterrence adds up, and what its likelihood looks at."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Form:
    """A family of deterrence functions: ``ln f(c) = −Σ parameter · statistic(c)``."""

    parameters: tuple[str, ...]
    """Names of the parameters, fields of ``Deterrence``."""

    statistics: tuple[str, ...]
    """For each parameter what it multiplies, names of ``STATISTICS``."""

    formula: str
    units: str
    source: str


FORMS: Mapping[str, Form] = {
    "exponential": Form(
        parameters=("decay",),
        statistics=("cost",),
        formula="exp(−b·c)",
        units="b per unit of cost",
        source="Wilson 1967",
    ),
    "power": Form(
        parameters=("exponent",),
        statistics=("log_cost",),
        formula="c^−g",
        units="g has none",
        source="Wilson 1971",
    ),
    "root_exponential": Form(
        parameters=("decay",),
        statistics=("root_cost",),
        formula="exp(−b·√c)",
        units="b per square root of a unit of cost",
        source="Taylor 1971, unverified",
    ),
    "tanner": Form(
        parameters=("exponent", "decay"),
        statistics=("log_cost", "cost"),
        formula="c^−g·exp(−b·c)",
        units="g has none, b per unit of cost",
        source="Tanner 1961",
    ),
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Deterrence:
    """One deterrence function of a cost ``c`` in any unit; the parameters carry its inverse.

    Examples
    --------
    >>> Deterrence(form="power", exponent=2.0).formula
    'c^−g, g = 2'
    """

    form: str
    """A name of ``FORMS``."""

    decay: float = 0.0
    """``b``: per unit of cost, or per square root of it; at least 0."""

    exponent: float = 0.0
    """``g``, without a unit; below 0 only in Tanner's function, which then rises first."""

    def __post_init__(self) -> None:
        """Refuse an unknown form, a parameter it does not have, and numbers without sense."""
        if self.form not in FORMS:
            raise FlowError(f"deterrence '{self.form}' is unknown; there are {', '.join(FORMS)}")
        for name in ("decay", "exponent"):
            value = getattr(self, name)
            is_used = name in FORMS[self.form].parameters
            may_rise = name == "exponent" and self.form == "tanner"
            if not np.isfinite(value) or (value < 0 and not may_rise):
                raise FlowError(f"{name} of the {self.form} deterrence must be ≥ 0, got {value}")
            if value and not is_used:
                raise FlowError(
                    f"the {self.form} deterrence {FORMS[self.form].formula} has no {name}; "
                    f"it takes {', '.join(FORMS[self.form].parameters)}"
                )

    @property
    def formula(self) -> str:
        """The formula with its numbers, for a reader."""
        own = FORMS[self.form]
        letters = {"decay": "b", "exponent": "g"}
        values = [f"{letters[name]} = {getattr(self, name):.6g}" for name in own.parameters]
        return ", ".join([own.formula, *values])


def friction_from_cost(
    cost: pd.DataFrame, deterrence: Deterrence, *, outside: pd.Index | None = None
) -> pd.DataFrame:
    """Turn costs into friction ``f(c)``: the weight that a pair of zones has in a gravity model.

    Parameters
    ----------
    cost
        Minutes, km or money, home zone × work zone; ``inf`` where nobody can go. Single
        precision stays so.
    outside
        Zones beyond the region: nobody travels from outside to outside.

    Returns
    -------
    friction
        0 where there is no way; labels as in ``cost``.

    Raises
    ------
    FlowError
        If a cost is missing or negative, or is 0 where the function has no value there; the
        pair of zones is named.

    Examples
    --------
    >>> cost = pd.DataFrame([[2.0, np.inf]], index=["a"], columns=["a", "b"])
    >>> friction_from_cost(cost, Deterrence(form="power", exponent=2.0)).to_numpy().tolist()
    [[0.25, 0.0]]
    """
    friction = friction_matrix(cost, deterrence, outside=outside)
    return pd.DataFrame(friction, index=cost.index, columns=cost.columns, copy=False)


def friction_matrix(
    cost: pd.DataFrame, deterrence: Deterrence, *, outside: pd.Index | None = None
) -> Reals:
    """Return the frictions of ``friction_from_cost`` as a new matrix without labels."""
    friction = log_friction(checked_costs(cost), deterrence, homes=cost.index, works=cost.columns)
    np.exp(friction, out=friction)
    if outside is not None and len(outside):
        rows, columns = cost.index.isin(outside), cost.columns.isin(outside)
        friction[np.ix_(rows, columns)] = 0.0
    return friction


def checked_costs(cost: pd.DataFrame) -> Reals:
    """Return the costs as numbers, not copied where they are such, or say which pair is wrong.

    Raises
    ------
    FlowError
        If there is no zone, one stands twice, or a cost is missing, negative or no number.
    """
    for labels, what in ((cost.index, "row"), (cost.columns, "column")):
        if not labels.is_unique:
            twice = labels[labels.duplicated()][0]
            raise FlowError(f"zone '{twice}' has more than one {what} in the costs; keep one")
    given = cost.to_numpy()
    try:
        values: Reals = given if given.dtype == np.float32 else given.astype(float, copy=False)
    except (TypeError, ValueError) as error:
        raise FlowError(f"a cost is no number ({error}); give minutes, km or money") from error
    if not values.size:
        raise FlowError("the costs have no zones; give one row and one column to every zone")
    if not values.min() >= 0:
        wrong, count = _first(~(values >= 0))
        raise FlowError(
            f"the cost {_pair(wrong, cost.index, cost.columns)} is {values[wrong]:g} ({count} such "
            "pair(s)); wanted 0 or more, or inf where nobody can go"
        )
    return values


def log_friction(cost: Reals, deterrence: Deterrence, *, homes: pd.Index, works: pd.Index) -> Reals:
    """Return ``ln f(c)`` in a new matrix of the costs' precision, ``−inf`` where there is no way.

    Raises
    ------
    FlowError
        If a cost is 0 where the function has no value there, naming the pair.
    """
    form = FORMS[deterrence.form]
    terms = [
        (float(getattr(deterrence, name)), STATISTICS[statistic])
        for name, statistic in zip(form.parameters, form.statistics, strict=True)
        if getattr(deterrence, name)
    ]
    if "log_cost" in form.statistics and deterrence.exponent:
        check_no_zero(cost, homes=homes, works=works, why=form.formula)
    found = np.empty(cost.shape, dtype=cost.dtype)
    for block in row_blocks(cost.shape):
        found[block] = 0.0
        for value, statistic in terms:
            found[block] -= value * statistic(cost[block])
        found[block][np.isinf(cost[block])] = -np.inf
    return found


def check_no_zero(cost: Reals, *, homes: pd.Index, works: pd.Index, why: str) -> None:
    """Refuse a cost of 0, naming the first pair."""
    if cost.size and cost.min() == 0:
        wrong, count = _first(cost == 0)
        raise FlowError(
            f"the cost {_pair(wrong, homes, works)} is 0 ({count} such pair(s)), where {why} has "
            "no value; set the cost inside a zone, such as half the way to the nearest other, "
            "or leave the pair out with inf"
        )


def row_blocks(shape: tuple[int, ...]) -> Iterator[slice]:
    """Cut a matrix into bands of rows of about ``BLOCK`` cells."""
    step = max(1, BLOCK // max(shape[1], 1))
    return (slice(start, start + step) for start in range(0, shape[0], step))


def _first(wrong: npt.NDArray[np.bool_]) -> tuple[tuple[int, int], int]:
    row, column = np.unravel_index(int(wrong.argmax()), wrong.shape)
    return (int(row), int(column)), int(wrong.sum())


def _pair(at: tuple[int, int], homes: pd.Index, works: pd.Index) -> str:
    return f"from '{homes[at[0]]}' to '{works[at[1]]}'"
