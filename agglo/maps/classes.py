"""Classes of a map: round breaks that hold for every scenario."""

from __future__ import annotations

from collections.abc import Callable, Sequence

import numpy as np
import pandas as pd

from agglo.maps.styles import LegendClass

SIGNIFICANT = 2


def quantile_classes(
    values: pd.Series, colours: Sequence[str], *, write: Callable[[float], str] = str
) -> tuple[LegendClass, ...]:
    """Cut values into classes of about equal size with round breaks.

    Parameters
    ----------
    values
        All scenarios together, so that a colour means the same in each.
    colours
        One per class, from least to most; fewer are used where breaks coincide.
    write
        Turns a break into text.
    """
    known = values.dropna().to_numpy(dtype=float)
    if len(known) == 0:
        return (LegendClass("–", colours[0], upper=0.0),)
    cuts = np.quantile(known, np.linspace(0, 1, len(colours) + 1)[1:-1])
    breaks = sorted({_rounded(cut) for cut in cuts})
    return range_classes(breaks, _spread(colours, len(breaks) + 1), write=write)


def difference_classes(
    values: pd.Series, colours: Sequence[str], *, write: Callable[[float], str] = str
) -> tuple[LegendClass, ...]:
    """Cut differences into classes symmetrical about zero, with a neutral middle.

    The middle holds changes of less than a fiftieth of the largest one.
    """
    known = values.dropna().abs()
    largest = float(known.max()) if len(known) else 0.0
    if largest < 1e-9:
        return (LegendClass("0", colours[len(colours) // 2], lower=-1.0, upper=1.0),)
    steps = [_rounded(largest * share) for share in (0.02, 0.15, 0.5)]
    breaks = [-step for step in reversed(steps)] + steps
    return range_classes(breaks, colours, write=write)


def range_classes(
    breaks: Sequence[float], colours: Sequence[str], *, write: Callable[[float], str] = str
) -> tuple[LegendClass, ...]:
    """Make one class below the first break, one between each two, one above the last."""
    ends = [None, *breaks, None]
    classes = []
    for colour, lower, upper in zip(colours, ends[:-1], ends[1:], strict=True):
        if lower is None:
            label = f"≤ {write(breaks[0])}" if breaks else "–"
        else:
            label = f"> {write(lower)}" if upper is None else f"{write(lower)} – {write(upper)}"
        classes.append(LegendClass(label, colour, lower=lower, upper=upper))
    return tuple(classes)


def _rounded(value: float) -> float:
    if value == 0 or not np.isfinite(value):
        return 0.0
    digits = SIGNIFICANT - 1 - int(np.floor(np.log10(abs(value))))
    return float(round(value, digits))


def _spread(colours: Sequence[str], count: int) -> list[str]:
    picked = np.linspace(0, len(colours) - 1, count).round().astype(int)
    return [colours[number] for number in picked]
