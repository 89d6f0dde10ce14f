"""Values of tables as JSON holds them."""

from __future__ import annotations

import math

SHOWN_DECIMALS = 5


def plain(value: object) -> object:
    """Turn a value into one that JSON holds: what has no end becomes text, what is absent null."""
    if hasattr(value, "item"):
        value = value.item()
    if isinstance(value, float):
        if math.isinf(value):
            return "inf" if value > 0 else "-inf"
        return None if math.isnan(value) else round(value, SHOWN_DECIMALS)
    return value
