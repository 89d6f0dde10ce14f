"""Ranges of the numbers of a raster: round ends, colours, and words in both languages."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import partial

import numpy as np
import pandas as pd

from agglo.maps.classes import difference_classes, range_classes
from agglo.maps.drawing import written
from agglo.maps.words import Words
from agglo.rasters import Floats

Ends = tuple[str, float | None, float | None]

NOTHING = "#f2f0eb"
"""Cells that are known to hold nothing."""

MANY_ZEROS = 0.05
"""From this share of zeros on they have a class of their own."""

USUAL_SHARE = 0.99
MOST_DIGITS = 6
SKEWED = 1.2
"""Where the mean is so many times the median, classes grow by a factor from the median to the
maximum: classes of equal size would spend their colours on the noise of empty country."""


@dataclass(frozen=True, slots=True, kw_only=True)
class RasterClass:
    """One line of the legend of a raster: a range of numbers, or one code."""

    colour: str
    lower: float | None = None
    upper: float | None = None
    """A number on the border of two ranges belongs to the first; None leaves a range open."""

    code: int | None = None
    name_ru: str
    name_en: str


def number_classes(
    known: Floats,
    ramp: Sequence[str],
    *,
    unit: str,
    words: Words,
    is_change: bool = False,
    zeros_apart: bool = False,
    may_be_skewed: bool = True,
) -> tuple[RasterClass, ...]:
    """Cut numbers into ranges with round ends, and name them in both languages.

    Parameters
    ----------
    known
        Without ``nan``.
    ramp
        Colours from least to most; fewer are used where there is less to tell apart. For a
        change seven, the middle one neutral: the ranges then lie about zero.
    zeros_apart
        Whether 0 may get a class of its own.
    may_be_skewed
        Whether classes may grow by a factor; else they are of about equal size.
    """
    if is_change:
        ends = _differences(known, ramp)
    else:
        ends = _quantiles(known, ramp, zeros_apart, may_be_skewed)
    from_zero = not (known < 0).any()
    say = partial(_said, unit=unit, words=words, signed=is_change, from_zero=from_zero)
    return tuple(
        RasterClass(
            colour=colour, lower=lower, upper=upper,
            name_ru=say(lower, upper, language="ru"), name_en=say(lower, upper, language="en"),
        )
        for colour, lower, upper in ends
    )  # fmt: skip


def _differences(known: Floats, ramp: Sequence[str]) -> list[Ends]:
    """Make classes about zero; the few largest changes do not stretch them."""
    usual = float(np.quantile(np.abs(known), USUAL_SHARE))
    most = usual if usual > 0 else float(np.abs(known).max())
    found = difference_classes(pd.Series(known.clip(-most, most)), ramp)
    if len(found) == 1:
        return [(found[0].colour, None, None)]
    return [(one.colour, one.lower, one.upper) for one in found]


def _quantiles(
    known: Floats, ramp: Sequence[str], zeros_apart: bool, may_be_skewed: bool
) -> list[Ends]:
    """Cut numbers into classes of about equal size; many zeros stand apart."""
    if not known.size:
        return [(ramp[0], None, None)]
    zeros = np.mean(known == 0)
    apart = zeros_apart and MANY_ZEROS <= zeros < 1 and known.min() == 0
    breaks = _breaks(known[known > 0] if apart else known, len(ramp), may_be_skewed)
    picked = np.linspace(0, len(ramp) - 1, len(breaks) + 1).round().astype(int)
    colours = [ramp[number] for number in picked]
    if apart:
        breaks, colours = [0.0, *breaks], [NOTHING, *colours]
    if not breaks:
        return [(colours[0], None, None)]
    return [(one.colour, one.lower, one.upper) for one in range_classes(breaks, colours)]


def _breaks(known: Floats, count: int, may_be_skewed: bool) -> list[float]:
    """Round quantiles, as coarsely as keeps most of them apart; no class stays empty."""
    if may_be_skewed and known.min() >= 0 and known.mean() > SKEWED * np.median(known):
        cuts = np.geomspace(np.median(known[known > 0]), known.max(), count)[:-1]
    else:
        shares = np.linspace(0, 1, count + 1)[1:-1]
        cuts = np.unique(np.quantile(known, shares, method="inverted_cdf"))
    wanted = min(int((cuts < known.max()).sum()), count // 2 + 1)
    inside: list[float] = []
    for digits in range(2, MOST_DIGITS + 1):
        rounded = sorted({float(f"{cut:.{digits - 1}e}") for cut in cuts})
        inside = [cut for cut in rounded if known.min() <= cut < known.max()]
        if len(inside) >= wanted:
            break
    sizes = np.bincount(np.searchsorted(inside, known), minlength=len(inside) + 1)
    return [cut for cut, size in zip(inside, sizes, strict=False) if size]


def _said(
    lower: float | None, upper: float | None, *, unit: str, words: Words, language: str,
    signed: bool, from_zero: bool,
) -> str:  # fmt: skip
    """Say a range of numbers."""
    number = partial(_number, unit=unit, language=language, signed=signed)
    if upper is None:
        one_value = words.text("imagery", "one_value", language)
        return one_value if lower is None else f"> {number(lower)}"
    if lower is None:
        return number(upper) if upper == 0 and from_zero else f"≤ {number(upper)}"
    return f"{number(lower)} … {number(upper)}"


def _number(value: float, *, unit: str, language: str, signed: bool) -> str:
    if unit == "year":
        return f"{value:.0f}"
    sign = "+" if signed and value > 0 else ""
    return sign + written(value, unit=unit, language=language)
