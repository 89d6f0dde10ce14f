"""Why a zone is in or out and how firmly, in the units and colours that page and project share."""

from __future__ import annotations

import numpy as np
import pandas as pd

from agglo.maps.styles import LegendClass

OUT_TO_IN = ("#b35806", "#f1a340", "#fee0b6", "#f7f7f7", "#d1e5f0", "#67a9cf", "#2166ac")
"""From far below what a number is held against to far above (ColorBrewer, fit for the
colour-blind)."""

NO_AREA_COLOUR = "#d9d9d9"
"""Zones that are in no area, or have no number."""

FIRM_COLOURS = {
    "in_firmly": "#2166ac",
    "in_mostly": "#67a9cf",
    "in_disputed": "#d1e5f0",
    "out_disputed": "#fee0b6",
    "out_mostly": "#f1a340",
    "out_firmly": "#b35806",
}
"""In or out, and how firmly."""

FIRM_SHARES = {"firmly": 0.95, "mostly": 0.65}
"""From such a share of varied runs that agree on; below the last, in or out is in dispute."""

ROUNDING = 1e-9
"""Shares of runs are compared no closer than this."""

CHANGE_COLOURS = {"enters": "#1a9641", "leaves": "#c51b8a"}
"""Borders of zones that a scenario takes in or leaves out."""

BORDER_COLOUR = "#1f2933"

UNITS = {
    "enclave": "share",
    "exclave": "share",
    "contiguity": "share",
    "residents_count": "persons",
    "jobs_count": "jobs",
}
"""Units of the numbers whose names do not tell."""


def unit_of_reason(decided_by: str) -> str:
    """Return the unit of the number that decided, as its name says it.

    Examples
    --------
    >>> unit_of_reason("minutes_to_core"), unit_of_reason("share_to_core"), unit_of_reason("core")
    ('min', 'share', '')
    """
    if decided_by in UNITS:
        return UNITS[decided_by]
    words = decided_by.split("_")
    return "min" if "minutes" in words else "share" if "share" in words else ""


def firm_kinds(stays_share: pd.Series, is_in: pd.Series) -> pd.Series:
    """Say in one word, a key of ``FIRM_COLOURS``, whether places are in or out, and how firmly.

    Parameters
    ----------
    stays_share
        Share of varied runs in which each place is where it is now, 0 to 1; where nothing was
        varied it is missing, and in or out is all that is known.

    Examples
    --------
    >>> firm_kinds(pd.Series([1.0, 0.5, 0.7]), pd.Series([True, True, False])).tolist()
    ['in_firmly', 'in_disputed', 'out_mostly']
    """
    share = stays_share.fillna(1.0).to_numpy(dtype=float)
    sides = np.where(is_in.to_numpy(dtype=bool), "in_", "out_").astype(object)
    firm = np.select(
        [share >= limit - ROUNDING for limit in FIRM_SHARES.values()], list(FIRM_SHARES), "disputed"
    )
    return pd.Series(sides + firm.astype(object), index=stays_share.index)


def membership_kinds(rows: pd.DataFrame) -> pd.Series:
    """Say how firm memberships are, as ``firm_kinds`` does.

    Parameters
    ----------
    rows
        With ``is_in`` and ``firmness_share``, the share of runs in which the place is inside.
    """
    inside = rows["firmness_share"].astype(float)
    is_in = rows["is_in"].astype(bool)
    return firm_kinds(inside.where(is_in, 1 - inside), is_in)


def count_classes(most: int) -> tuple[LegendClass, ...]:
    """Make a class for each number of definitions that include a zone, none to all.

    Examples
    --------
    >>> [each.label for each in count_classes(2)]
    ['0 / 2', '1 / 2', '2 / 2']
    """
    stops = np.linspace(0, len(OUT_TO_IN) - 1, most + 1)
    return tuple(
        LegendClass(f"{count} / {most}", _between(stop), lower=count - 0.5, upper=count + 0.5)
        for count, stop in enumerate(stops)
    )


def _between(stop: float) -> str:
    """Mix the two colours of the ramp on either side of a position."""
    first = min(int(stop), len(OUT_TO_IN) - 2)
    low, high = (
        [int(one[at : at + 2], 16) for at in (1, 3, 5)] for one in OUT_TO_IN[first : first + 2]
    )
    mixed = [round(a + (b - a) * (stop - first)) for a, b in zip(low, high, strict=True)]
    return "#" + "".join(f"{part:02x}" for part in mixed)
