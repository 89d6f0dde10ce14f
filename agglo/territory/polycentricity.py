"""How a quantity is shared among the centres of an agglomeration."""

from __future__ import annotations

import numpy as np
import pandas as pd

from agglo.errors import TableError


def primacy(sizes: pd.Series) -> float:
    """Share of the largest centre in all centres (Jefferson 1939), 0–1.

    Examples
    --------
    >>> primacy(pd.Series([50.0, 30.0, 20.0]))
    0.5
    """
    return float(_checked(sizes).max() / sizes.sum())


def two_city_index(sizes: pd.Series) -> float:
    """Size of the largest centre over that of the second."""
    largest = _checked(sizes).nlargest(2).to_numpy(dtype=float)
    return float(largest[0] / largest[1])


def jefferson_index(sizes: pd.Series) -> float:
    """Size of the largest centre over the sum of the next three (four-city index)."""
    largest = _checked(sizes).nlargest(4).to_numpy(dtype=float)
    return float(largest[0] / largest[1:].sum())


def concentration(sizes: pd.Series) -> float:
    """Sum of squared shares (Herfindahl–Hirschman index), 1/n … 1."""
    shares = _checked(sizes) / sizes.sum()
    return float((shares**2).sum())


def effective_centres(sizes: pd.Series) -> float:
    """Return the number of equal centres that would be as concentrated (Laakso, Taagepera 1979).

    Examples
    --------
    >>> effective_centres(pd.Series([10.0, 10.0, 10.0]))
    3.0
    """
    return round(1 / concentration(sizes), 12)


def rank_size_slope(sizes: pd.Series) -> float:
    """Slope of ln size on ln rank (Zipf 1949): the flatter, the more polycentric; negative."""
    ordered = _checked(sizes).sort_values(ascending=False)
    ordered = ordered[ordered > 0]
    ranks = np.log(np.arange(1, len(ordered) + 1))
    return float(np.polyfit(ranks, np.log(ordered.to_numpy(dtype=float)), 1)[0])


def _checked(sizes: pd.Series) -> pd.Series:
    if len(sizes) < 2 or sizes.isna().any() or (sizes < 0).any() or sizes.sum() <= 0:
        raise TableError(
            f"polycentricity needs two or more centres with sizes of 0 or more; got {len(sizes)}"
        )
    return sizes
