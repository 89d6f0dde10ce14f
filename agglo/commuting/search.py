"""A search for one positive parameter, on a logarithmic scale."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np

from agglo.errors import FlowError

STEP = 2**0.5
"""Factor between two looks."""
LONGER = 1.5
"""Factor by which steps grow on the way to a crossing."""
SHORTEST = 0.02
"""Step, in logarithms, below which a model that cannot be computed ends the search."""
FALLS = 4
"""Looks in a row without a better value after which the best has been passed."""
ROUNDING = 1e-12
PRECISE = 1e-9
ROUGH = 1e-4
"""Relative precision: exact for a crossing, rough for the flat top of a curve."""


def crossing(
    excess: Callable[[float], float], *, start: float, low: float, high: float, what: str
) -> float:
    """Return the parameter at which a falling curve crosses 0.

    The bracket grows from the start towards the crossing, in steps that grow too, or shrink
    where a model cannot be computed, and is then closed by secants and halves (Brent 1973).

    Parameters
    ----------
    excess
        Above 0 where the parameter is too small; as a share of what is wanted, so that a
        trillionth is rounding.
    what
        The parameter's name, for errors.

    Raises
    ------
    FlowError
        If the curve does not change with the parameter, or does not cross 0 within the bounds.

    Examples
    --------
    >>> round(crossing(lambda x: 3 - x, start=1.0, low=0.1, high=10.0, what="decay"), 6)
    3.0
    """
    from scipy.optimize import brentq

    def at_log(log_value: float) -> float:
        return excess(float(np.exp(log_value)))

    before = now = float(np.log(start))
    ends = np.log([low, high])
    first = value = at_log(now)
    side = 1.0 if first > 0 else -1.0
    step = side * float(np.log(STEP))
    while side * value > -ROUNDING:
        if now in ends:
            raise FlowError(_out_of_reach(what, low, high, float(np.exp(now)), value, side))
        ahead = float(np.clip(now + step, *ends))
        try:
            found = at_log(ahead)
        except FlowError:
            if abs(step) < SHORTEST:
                raise
            step /= 2
            continue
        if value is first and abs(found - first) <= ROUNDING:
            raise FlowError(_flat(what))
        before = ahead if side * found > 0 else before
        now, value, step = ahead, found, LONGER * step
    return float(np.exp(brentq(at_log, before, now, xtol=PRECISE, rtol=PRECISE)))


def peak(
    height: Callable[[float], float], *, start: float, low: float, high: float, what: str
) -> float:
    """Return the parameter at which a curve with one broad peak is highest.

    The peak is walked over from the start in both directions, past small dips and up to where a
    model cannot be computed, and then looked at closely (Brent 1973).

    Raises
    ------
    FlowError
        If the curve does not change with the parameter, or is highest at a bound.

    Examples
    --------
    >>> round(peak(lambda x: -abs(x - 3), start=1.0, low=0.1, high=10.0, what="decay"), 2)
    3.0
    """
    from scipy.optimize import minimize_scalar

    def depth(log_value: float) -> float:
        return -height(float(np.exp(log_value)))

    at, ends = float(np.log(start)), np.log([low, high])
    seen = {at: depth(at)}
    for step in (np.log(STEP), -np.log(STEP)):
        now, falls = at, 0
        while falls < FALLS and now not in ends:
            now = float(np.clip(now + step, *ends))
            try:
                value = depth(now)
            except FlowError:
                if falls == 0:
                    raise
                break
            falls = 0 if value < min(seen.values()) else falls + 1
            seen[now] = value
    best = min(seen, key=lambda one: (seen[one], one))
    if max(seen.values()) - seen[best] < PRECISE:
        raise FlowError(_flat(what))
    if best in ends:
        raise FlowError(
            f"the fit is best at the bound {what} = {np.exp(best):g} and may be better beyond; "
            "look further, or check the costs"
        )
    looked = sorted(seen)
    middle = looked.index(best)
    close = (looked[middle - 1], looked[middle + 1])
    found = minimize_scalar(depth, bounds=close, method="bounded", options={"xatol": ROUGH})
    return float(np.exp(found.x if found.fun <= seen[best] else best))


def _flat(what: str) -> str:
    return (
        f"the flows do not depend on the {what}: the margins and the ways leave no choice; give "
        "more zones, or a constraint on one side only"
    )


def _out_of_reach(what: str, low: float, high: float, at: float, value: float, side: float) -> str:
    gap = f"is still {100 * abs(value):.3g} % too {'large' if side > 0 else 'small'}"
    if abs(value) <= ROUNDING:
        gap = f"only now is as {'small' if side > 0 else 'large'} as observed: an extreme"
    return (
        f"no {what} from {low:g} to {high:g} does it: at {at:g} the modelled mean {gap}; look "
        "further, or check the costs inside zones and the direction of the flows"
    )
