"""How a quantity is shared among the centres of an agglomeration."""

from __future__ import annotations

from collections.abc import Callable, Mapping

import numpy as np
import numpy.typing as npt
import pandas as pd

from agglo.errors import TableError
from agglo.transport.topology import Floats

NOT_DEFINED = "not_defined"
"""Verdict where there are fewer than two centres, or nothing to share among them."""

TOP_RANKS = (2, 3, 4)
"""Numbers of largest centres over whose slopes Meijers and Burger take the mean."""

COMPARABLE_RATIO = 1.25
"""Two quantities are called comparable from 4 : 5 to 5 : 4, the usual limits of equivalence."""

ZIPF_SLOPE = -1.0
ZIPF_TWO_CITY_RATIO = 2.0
"""What the rank-size rule (Zipf 1949) itself gives: the second centre is half the first."""

TOLERANCE = 1e-9
"""Rounding that does not turn a verdict round."""


def polycentricity_panel(
    sizes_by_quantity: pd.DataFrame, *, comparable_ratio: float = COMPARABLE_RATIO
) -> pd.DataFrame:
    """Measure how the centres share each quantity, and read it in both ways.

    The two views of "no hypertrophied centre" stand side by side and are never merged. The view
    of the core's share compares the largest centre with all the others together; the view of
    rank and size compares the largest centres one by one with the rank-size rule. An
    agglomeration can be balanced by the first and monocentric by the second.

    Parameters
    ----------
    sizes_by_quantity
        Rows are centres, columns quantities such as population, jobs or commuters coming in.
    comparable_ratio
        How much larger than all the others the largest centre may be and still be called
        comparable.

    Returns
    -------
    polycentricity_panel
        Index ``quantity``; ``centres_count`` (centres with a size above 0), one column for each
        of ``MEASURES``, and a key for each view: ``core_share_verdict`` ('no_hypertrophy',
        'hypertrophy'), ``slope_verdict`` and ``two_city_verdict`` ('polycentric',
        'monocentric'). All ``nan`` and 'not_defined' for fewer than two centres or a quantity
        that nobody has.

    Raises
    ------
    TableError
        If a size is missing, infinite or negative: quantity and centre are named.
    """
    rows = [_row(column) for _, column in sizes_by_quantity.items()]
    panel: dict[str, list[float] | list[str]] = {
        name: [row[at] for row in rows] for at, name in enumerate(("centres_count", *MEASURES))
    }
    for view, (key, limit) in views(comparable_ratio=comparable_ratio).items():
        panel[f"{view}_verdict"] = [_verdict(view, float(value), limit) for value in panel[key]]
    names = pd.Index([str(name) for name in sizes_by_quantity.columns], name="quantity")
    return pd.DataFrame(panel, index=names)


def centre_readings(
    panel: pd.DataFrame, *, comparable_ratio: float = COMPARABLE_RATIO
) -> pd.DataFrame:
    """Return the readings of a panel as rows: what was compared, with what, and the verdict.

    Returns
    -------
    centre_readings
        ``quantity``, ``view``, ``key`` (a measure), ``value``, ``limit`` and ``verdict``.
    """
    limits = views(comparable_ratio=comparable_ratio)
    values = {key: panel[key].tolist() for key, _ in limits.values()}
    rows = [
        (quantity, view, key, values[key][at], limit)
        for at, quantity in enumerate(panel.index)
        for view, (key, limit) in limits.items()
    ]
    frame = pd.DataFrame(rows, columns=["quantity", "view", "key", "value", "limit"])
    frame["verdict"] = [_verdict(view, value, limit) for _, view, _, value, limit in rows]
    return frame


def views(*, comparable_ratio: float = COMPARABLE_RATIO) -> dict[str, tuple[str, float]]:
    """Name the measure that each view reads and the limit it is compared with."""
    return {
        "core_share": ("core_rest_ratio", comparable_ratio),
        "slope": ("top_slope", ZIPF_SLOPE),
        "two_city": ("two_city_ratio", ZIPF_TWO_CITY_RATIO),
    }


def primacy(sizes: pd.Series) -> float:
    """Share of the largest centre in all centres (Jefferson 1939), 0–1.

    Examples
    --------
    >>> primacy(pd.Series([50.0, 30.0, 20.0]))
    0.5
    """
    ordered = _ordered(sizes)
    return float(ordered[0] / ordered.sum())


def core_rest_ratio(sizes: pd.Series) -> float:
    """Size of the largest centre over that of all the others together; 1 at one half.

    ``inf`` where the others are empty.
    """
    ordered = _ordered(sizes)
    return _ratio(ordered[0], ordered[1:])


def two_city_index(sizes: pd.Series) -> float:
    """Size of the largest centre over that of the second; 2 under the rank-size rule."""
    ordered = _ordered(sizes)
    return _ratio(ordered[0], ordered[1:2])


def jefferson_index(sizes: pd.Series) -> float:
    """Size of the largest centre over the sum of the next three (four-city index).

    Known by the name of Ginsburg too (unverified). With fewer than four centres, over the rest.
    """
    ordered = _ordered(sizes)
    return _ratio(ordered[0], ordered[1:4])


def concentration(sizes: pd.Series) -> float:
    """Sum of squared shares (Herfindahl–Hirschman index), 1/n … 1."""
    ordered = _ordered(sizes)
    return float(((ordered / ordered.sum()) ** 2).sum())


def effective_centres(sizes: pd.Series) -> float:
    """Return the number of equal centres that would be as concentrated (Laakso, Taagepera 1979).

    Examples
    --------
    >>> effective_centres(pd.Series([10.0, 10.0, 10.0]))
    3.0
    """
    return round(1 / concentration(sizes), 12)


def entropy_share(sizes: pd.Series) -> float:
    """Shannon's entropy of the shares over its maximum: 0 one centre, 1 equal centres.

    Centres of size 0 add nothing, to the maximum neither.

    Examples
    --------
    >>> entropy_share(pd.Series([8.0, 8.0, 0.0]))
    1.0
    """
    ordered = _positive(sizes)
    if len(ordered) < 2:
        return 0.0
    shares = ordered / ordered.sum()
    return float(-(shares * np.log(shares)).sum() / np.log(len(shares)))


def rank_size_slope(sizes: pd.Series) -> float:
    """Slope of ln size on ln rank (Zipf 1949): the flatter, the more polycentric; negative.

    ``nan`` where fewer than two centres have a size above 0.
    """
    ordered = _positive(sizes)
    return _slope(np.log(_ranks(ordered)), np.log(ordered))


def top_slope(sizes: pd.Series) -> float:
    """Mean rank-size slope of the two, three and four largest centres; negative.

    After Meijers and Burger (2010, formula unverified). The mean is over as many of the three
    as there are centres for.
    """
    ordered = _positive(sizes)
    slopes = [
        _slope(np.log(_ranks(ordered[:count])), np.log(ordered[:count]))
        for count in TOP_RANKS
        if count <= len(ordered)
    ]
    return float(np.mean(slopes)) if slopes else float("nan")


def rank_half_slope(sizes: pd.Series) -> float:
    """Slope of ln size on ln (rank − ½): the shift of Gabaix and Ibragimov (2011); negative.

    Their own regression goes the other way, see ``pareto_exponent``.
    """
    ordered = _positive(sizes)
    return _slope(np.log(_ranks(ordered) - 0.5), np.log(ordered))


def pareto_exponent(sizes: pd.Series) -> float:
    """Minus the slope of ln (rank − ½) on ln size (Gabaix and Ibragimov 2011); positive.

    1 under the rank-size rule, larger where sizes are more equal; ``nan`` where all are equal.
    """
    ordered = _positive(sizes)
    if len(ordered) < 2 or ordered[0] == ordered[-1]:
        return float("nan")
    return -_slope(np.log(ordered), np.log(_ranks(ordered) - 0.5))


MEASURES: Mapping[str, Callable[[pd.Series], float]] = {
    "primacy_share": primacy,
    "core_rest_ratio": core_rest_ratio,
    "two_city_ratio": two_city_index,
    "four_city_ratio": jefferson_index,
    "concentration": concentration,
    "effective_centres": effective_centres,
    "entropy_share": entropy_share,
    "rank_size_slope": rank_size_slope,
    "top_slope": top_slope,
    "rank_half_slope": rank_half_slope,
    "pareto_exponent": pareto_exponent,
}
"""What the panel holds, by column."""


def _row(sizes: pd.Series) -> list[float]:
    values = sizes.to_numpy(dtype=float)
    count = int((values > 0).sum())
    if not _wrong(values).any() and (len(values) < 2 or count == 0):
        return [count, *[float("nan")] * len(MEASURES)]
    return [count, *(measure(sizes) for measure in MEASURES.values())]


def _verdict(view: str, value: float, limit: float) -> str:
    if np.isnan(value):
        return NOT_DEFINED
    if view == "core_share":
        return "hypertrophy" if value > limit + TOLERANCE else "no_hypertrophy"
    is_steep = value < limit - TOLERANCE if view == "slope" else value > limit + TOLERANCE
    return "monocentric" if is_steep else "polycentric"


def _ratio(first: float, others: Floats) -> float:
    rest = others.sum()
    return float(first / rest) if rest > 0 else float("inf")


def _ranks(ordered: Floats) -> Floats:
    return np.arange(1.0, len(ordered) + 1)


def _slope(x: Floats, y: Floats) -> float:
    """Least squares slope; ``nan`` for fewer than two points."""
    if len(x) < 2:
        return float("nan")
    apart = x - x.mean()
    return float(apart @ (y - y.mean()) / (apart @ apart))


def _positive(sizes: pd.Series) -> Floats:
    ordered = _ordered(sizes)
    return ordered[ordered > 0]


def _ordered(sizes: pd.Series) -> Floats:
    """Sizes from the largest to the smallest, so that results do not depend on their order."""
    values = sizes.to_numpy(dtype=float)
    wrong = _wrong(values)
    if len(values) < 2 or wrong.any() or not values.sum() > 0:
        what = f" of {sizes.name}" if sizes.name is not None else ""
        got = (
            f"{values[wrong][0]:g} at '{sizes.index[wrong][0]}'"
            if wrong.any()
            else f"{len(values)} centre(s) with {values.sum():g} in all"
        )
        raise TableError(
            f"polycentricity needs two or more centres with sizes{what} of 0 or more, and one "
            f"above 0; got {got}"
        )
    return np.sort(values)[::-1]


def _wrong(values: Floats) -> npt.NDArray[np.bool_]:
    return ~(np.isfinite(values) & (values >= 0))
