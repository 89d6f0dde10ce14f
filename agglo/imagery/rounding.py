"""Whole persons: shares of a total rounded so that the total is kept."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from agglo.errors import LayerError
from agglo.rasters import Floats

DECIMALS = 9
"""Fractions that agree to so many decimals are equal: what lies beyond is noise of the sums."""

SLACK = 1e-6
"""By how much, of a total, its parts may miss it before they are rounded."""


def largest_remainder(
    quotas: Floats, group: npt.NDArray[np.integer], totals: npt.NDArray[np.integer]
) -> npt.NDArray[np.int64]:
    """Round the parts of each total to whole numbers that add up to it.

    Every part is rounded down, and the persons left over go to the largest fractions (Hamilton's
    method; Balinski and Young 1982, unverified); of equal fractions the earlier part comes first.
    No part moves by one or more, and a part of 0 stays 0.

    Parameters
    ----------
    quotas
        The parts, 0 or more.
    group
        By part: the place of its total among ``totals``.

    Raises
    ------
    LayerError
        If the parts of a total do not add up to it.

    Examples
    --------
    >>> largest_remainder(np.array([1.5, 1.5, 2.0]), np.zeros(3, int), np.array([5])).tolist()
    [2, 1, 2]
    """
    sums = np.bincount(group, quotas, minlength=len(totals))
    off = np.abs(sums - totals) > SLACK * np.maximum(totals, 1)
    if off.any():
        first = int(np.flatnonzero(off)[0])
        raise LayerError(
            f"the parts of total {first} add up to {sums[first]:g}, not to {totals[first]:g}; "
            "whole parts can only be made of a total's own shares"
        )
    whole = np.floor(quotas)
    fraction = np.round(quotas - whole, DECIMALS)
    lacking = totals - np.bincount(group, whole, minlength=len(totals))
    order = np.lexsort((-fraction, group))
    first_of_group = np.searchsorted(group[order], np.arange(len(totals)))
    rank = np.arange(len(order)) - first_of_group[group[order]]
    whole[order] += rank < lacking[group[order]]
    return whole.astype(np.int64)
