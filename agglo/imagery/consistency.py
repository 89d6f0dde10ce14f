"""Sanity check between two measures of the same places: a power law, and who lies off it."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import pandas as pd

from agglo.errors import TableError
from agglo.rasters import Floats

FEWEST_FOR_A_LINE = 3
FEWEST_FOR_OUTLIERS = 5
"""With fewer places a line bends to each of them: nobody is called an outlier."""

FAR_Z = 2.5
"""Places farther off the line than so many robust deviations are named (Leys et al. 2013)."""

MAD_TO_DEVIATION = 1.4826
"""Median absolute deviation → standard deviation of a normal law."""

MOST_PLACES = 4000
"""All pairs of places are looked at; of more there is no need to draw a line."""

EXACT = 1e-9
"""Distances from the line, in logarithms, that are rounding."""


@dataclass(frozen=True, slots=True, kw_only=True)
class PowerLaw:
    """How one measure of places goes with another, ``y = factor · x ^ exponent``."""

    exponent: float
    """Median of the slopes between all pairs of places, in logarithms."""

    exponent_low: float
    exponent_high: float
    """Interval of 95 % of the exponent (Sen 1968)."""

    least_squares_exponent: float
    """The usual fit of the same logarithms; far from ``exponent`` if few places decide it."""

    factor: float
    r2: float
    """Squared correlation of the logarithms."""

    places_count: int
    """Places that the line is drawn through."""

    deviation: float
    """Robust standard deviation of ``ln(ratio)``: at 0.7 places are off by half or twice."""

    reason: str
    """Why there is no line, or no word on outliers; empty if there are both."""

    table: pd.DataFrame
    """One row for each place: ``x``, ``y``, ``expected``, ``ratio`` (y over expected), ``z``
    (robust deviations off the line), ``is_outlier`` and ``left_out`` (why, else empty)."""

    @property
    def outliers(self) -> pd.DataFrame:
        """The places that are named, the farthest first."""
        named = self.table[self.table["is_outlier"]]
        return named.loc[named["z"].abs().sort_values(ascending=False, kind="stable").index]


def power_law(x: pd.Series, y: pd.Series, *, far_z: float = FAR_Z) -> PowerLaw:
    """Lay a power law through places, and name those that do not follow it.

    The line is Theil's (1950) and Sen's (1968): the slope is the median slope of all pairs, the
    level the median of what is left, so that up to 29 % of the places can be wrong without
    bending it. How far off a place is, is measured by the median absolute deviation.

    Parameters
    ----------
    x, y
        Two measures of the same places, such as people and the sum of night lights; above 0.
        Places where one is 0 or not known are in the table, but no line is drawn through them.
    far_z
        A place is an outlier if its ``z`` is farther from 0; nobody is with fewer than 5 places.

    Raises
    ------
    TableError
        If the two are not about the same places, each once, there are more than 4,000, or a
        value is negative or infinite.

    Examples
    --------
    >>> people = pd.Series([1e3, 1e4, 1e5, 1e6], index=list("abcd"))
    >>> law = power_law(people, 2 * people**0.5)
    >>> round(law.exponent, 6), round(law.factor, 6), law.reason
    (0.5, 2.0, 'too_few_for_outliers')
    """
    y = _checked(x, y)
    left_out = _left_out(x, y)
    used = (left_out == "").to_numpy()
    table = pd.DataFrame({"x": x.astype(float), "y": y.astype(float)})
    across, up = (np.log(table.loc[used, name].to_numpy()) for name in ("x", "y"))
    reason = _reason(across)
    if reason in ("too_few_places", "all_of_one_size"):
        return _without_line(table, left_out, reason)
    slope, low, high = _slopes(across, up)
    level = float(np.median(up - slope * across))
    off = np.full(len(table), np.nan)
    off[used] = up - level - slope * across
    deviation = float(MAD_TO_DEVIATION * np.median(np.abs(off[used])))
    table["expected"] = np.where(used, np.exp(level) * table["x"] ** slope, np.nan)
    table["ratio"] = np.exp(off)
    table["z"] = _robust_z(off, deviation)
    table["is_outlier"] = (table["z"].abs() > far_z) & (not reason)
    table["left_out"] = left_out
    fitted, r2 = _least_squares(across, up)
    return PowerLaw(
        exponent=slope, exponent_low=low, exponent_high=high, least_squares_exponent=fitted,
        factor=float(np.exp(level)), r2=r2, places_count=len(across), deviation=deviation,
        reason=reason, table=table,
    )  # fmt: skip


def _checked(x: pd.Series, y: pd.Series) -> pd.Series:
    """Return y in the order of x."""
    if not (x.index.is_unique and y.index.is_unique) or len(x.index.symmetric_difference(y.index)):
        odd = x.index.symmetric_difference(y.index)
        raise TableError(
            f"x has {len(x)} places, y has {len(y)}; {len(odd)} stand in one of them only"
            f"{f', such as {odd[0]!r}' if len(odd) else ' but some stand twice'}; give both for "
            "the same places, each once"
        )
    if len(x) > MOST_PLACES:
        raise TableError(
            f"{len(x)} places are more than the {MOST_PLACES} whose pairs are compared; give "
            "larger places, or a sample of them"
        )
    y = y.reindex(x.index)
    for name, values in (("x", x), ("y", y)):
        numbers = values.to_numpy(dtype=float)
        wrong = (numbers < 0) | np.isinf(numbers)
        if wrong.any():
            raise TableError(
                f"{name} of place {x.index[wrong][0]!r} is {numbers[wrong][0]:g}; wanted a number "
                "of 0 or more, or nothing where it is not known"
            )
    return y


def _left_out(x: pd.Series, y: pd.Series) -> pd.Series:
    """Say of each place why no line can be drawn through it."""
    found = pd.Series("", index=x.index, dtype=object)
    for name, values in (("y", y), ("x", x)):
        found[(values == 0).to_numpy()] = f"{name}_is_0"
        found[values.isna().to_numpy()] = f"{name}_not_known"
    return found


def _reason(across: Floats) -> str:
    if len(across) < FEWEST_FOR_A_LINE:
        return "too_few_places"
    if np.ptp(across) <= EXACT:
        return "all_of_one_size"
    return "too_few_for_outliers" if len(across) < FEWEST_FOR_OUTLIERS else ""


def _without_line(table: pd.DataFrame, left_out: pd.Series, reason: str) -> PowerLaw:
    for name in ("expected", "ratio", "z"):
        table[name] = np.nan
    table["is_outlier"] = False
    table["left_out"] = left_out
    nothing = float("nan")
    return PowerLaw(
        exponent=nothing, exponent_low=nothing, exponent_high=nothing,
        least_squares_exponent=nothing, factor=nothing, r2=nothing, deviation=nothing,
        places_count=int((left_out == "").sum()), reason=reason, table=table,
    )  # fmt: skip


def _slopes(across: Floats, up: Floats) -> tuple[float, float, float]:
    """Median slope of all pairs, and its interval of 95 %."""
    from scipy.stats import theilslopes

    found = theilslopes(up, across, alpha=0.95)
    return float(found.slope), float(found.low_slope), float(found.high_slope)


def _robust_z(off: Floats, deviation: float) -> Floats:
    if deviation > EXACT:
        return off / deviation
    far = np.where(off > 0, np.inf, -np.inf)
    return np.where(np.abs(off) <= EXACT, 0.0, np.where(np.isnan(off), np.nan, far))


def _least_squares(across: Floats, up: Floats) -> tuple[float, float]:
    """Slope and squared correlation; without any spread of y the law explains all there is."""
    own, other = across - across.mean(), up - up.mean()
    both, squares, others = float(own @ other), float(own @ own), float(other @ other)
    return both / squares, both**2 / (squares * others) if others > EXACT**2 else 1.0
