"""Tells clear cells from cloud, shadow and gaps, by the quality bands of satellite scenes."""

from __future__ import annotations

from collections.abc import Collection
from typing import Any

import numpy as np
import numpy.typing as npt

from agglo.errors import LayerError

Bools = npt.NDArray[np.bool_]

SCL_CLEAR = (4, 5, 6, 7)
"""Vegetation, bare soil, water, unclassified: what Sentinel-2's scene classes leave clear."""

SCL_CODES = range(12)

QA_FILL, QA_DILATED, QA_CIRRUS, QA_CLOUD, QA_SHADOW, QA_SNOW, QA_WATER = 0, 1, 2, 3, 4, 5, 7
"""Bits of QA_PIXEL, Landsat Collection 2 (USGS 2021, LSDS-1619, table 6-2, unverified)."""

BQA_FILL, BQA_CLOUD, BQA_SHADOW, BQA_SNOW, BQA_CIRRUS = 0, 4, 7, 9, 11
"""Bits of BQA, Landsat Collection 1; shadow, snow and cirrus are the first of two bits of
confidence, 1 low to 3 high (USGS 2019, LSDS-1873, unverified)."""

HIGH = 3


def clear_of_scl(values: npt.NDArray[Any], *, keep: Collection[int] = SCL_CLEAR) -> Bools:
    """Tell which cells Sentinel-2's scene classification (SCL) leaves clear.

    Parameters
    ----------
    values
        Codes 0 to 11; ``nan`` and whatever is no code is not clear.
    keep
        Codes that are clear: 2 dark, 4 vegetation, 5 bare, 6 water, 7 unclassified, 11 snow;
        8 and 9 are cloud, 10 cirrus, 3 cloud shadow, 1 saturated, 0 no data.

    Raises
    ------
    LayerError
        If ``keep`` names no code of the scheme.
    """
    unknown = sorted(set(keep) - set(SCL_CODES))
    if unknown:
        raise LayerError(f"SCL has the codes 0 to 11; keep names {unknown}")
    return np.isin(values, sorted(keep))


def clear_of_qa_pixel(
    values: npt.NDArray[Any], *, dilated: bool = False, snow: bool = True, water: bool = True
) -> Bools:
    """Tell which cells Landsat Collection 2's QA_PIXEL leaves clear.

    Fill, cloud, cloud shadow and cirrus are never clear.

    Parameters
    ----------
    values
        Codes of 16 bits; ``nan`` and whatever is no code is not clear.
    dilated
        Whether the rim round clouds counts as clear.
    snow, water
        Whether they do.
    """
    bad = [QA_FILL, QA_CIRRUS, QA_CLOUD, QA_SHADOW]
    bad += [bit for bit, kept in ((QA_DILATED, dilated), (QA_SNOW, snow), (QA_WATER, water))
            if not kept]  # fmt: skip
    codes, is_code = _codes(values)
    clear: Bools = is_code & ((codes & sum(1 << bit for bit in bad)) == 0)
    return clear


def clear_of_bqa(
    values: npt.NDArray[Any], *, least_confidence: int = HIGH, snow: bool = True
) -> Bools:
    """Tell which cells Landsat Collection 1's BQA leaves clear.

    Parameters
    ----------
    values
        Codes of 16 bits; ``nan`` and whatever is no code is not clear.
    least_confidence
        From which confidence on (1 low, 2 medium, 3 high) shadow and cirrus are believed.
    snow
        Whether snow counts as clear; where not, it is believed from the same confidence on.

    Raises
    ------
    LayerError
        If the confidence is none of 1, 2, 3.
    """
    if least_confidence not in (1, 2, 3):
        raise LayerError(f"least_confidence is 1, 2 or 3; got {least_confidence}")
    codes, is_code = _codes(values)
    clear: Bools = is_code & ((codes & (1 << BQA_FILL | 1 << BQA_CLOUD)) == 0)
    for bit in (BQA_SHADOW, BQA_CIRRUS, *(() if snow else (BQA_SNOW,))):
        clear &= (codes >> bit & HIGH) < least_confidence
    return clear


def _codes(values: npt.NDArray[Any]) -> tuple[npt.NDArray[np.int64], Bools]:
    """Whole codes of 16 bits, 0 where there is none, and where there is one."""
    values = np.asarray(values)
    is_code = (values >= 0) & (values <= np.iinfo(np.uint16).max)
    codes = np.where(is_code, values, 0).astype(np.int64)
    return codes, np.asarray(is_code & (codes == values))
