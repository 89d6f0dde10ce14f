"""Which sectors go together, what a place could take up next, and how complex its sectors are."""

from __future__ import annotations

import numpy as np
import pandas as pd

from agglo.errors import TableError
from agglo.transport.topology import Floats

LEAST_PLACES = 20
"""With fewer places the order of complexity is noise; a proposal."""

ROUNDING = 1e-12
"""A place with the same shares as all has every sector, however its quotients are rounded."""

LEAST_GAP = 1e-9
"""Eigenvalues that are nearer to each other are one and the same."""


def specialised(quotients: pd.DataFrame) -> pd.DataFrame:
    """Mark the sectors that a place has: its location quotient is 1 or more (Balassa 1965)."""
    return quotients.ge(1.0 - ROUNDING)


def proximity(has: pd.DataFrame) -> pd.DataFrame:
    """How often two sectors are found together: the lesser of ``P(p | q)`` and ``P(q | p)``.

    Hidalgo, Klinger, Barabási, Hausmann (2007): places that have both over the places that have
    the commoner of the two. Made for many places; with few it only takes the values of a
    handful of fractions.

    Parameters
    ----------
    has
        Whether a place has a sector, places × sectors.

    Returns
    -------
    proximity
        Sector × sector, 0–1, 1 of a sector with itself; ``nan`` for sectors that nobody has.

    Examples
    --------
    >>> has = pd.DataFrame({"C": [True, True, False], "H": [True, False, False]})
    >>> proximity(has).loc["C", "H"].item()
    0.5
    """
    marks = has.to_numpy(dtype=float)
    count = marks.sum(axis=0)
    most = np.maximum.outer(count, count)
    nobody = np.minimum.outer(count, count) == 0
    values = np.where(nobody, np.nan, (marks.T @ marks) / np.where(most > 0, most, 1.0))
    return pd.DataFrame(values, index=has.columns, columns=has.columns)


def relatedness_density(has: pd.DataFrame, near: pd.DataFrame) -> pd.DataFrame:
    """How much of what is near to a sector a place already has.

    ``Σ proximity to the sectors that the place has / Σ proximity to all``, the sector itself
    left out (Hidalgo et al. 2007; leaving it out as in Boschma, Balland, Kogler 2015,
    unverified).

    Parameters
    ----------
    near
        As ``proximity`` gives it; of these places or, better, of many more.

    Returns
    -------
    relatedness_density
        Places × sectors, 0–1, ``nan`` for sectors that nothing is near to.

    Raises
    ------
    TableError
        If a sector has no proximity.
    """
    absent = has.columns.difference(near.columns)
    if len(absent):
        raise TableError(f"proximity has no sector {absent[0]!r}; wanted all that places have")
    links = near.loc[has.columns, has.columns].fillna(0.0).to_numpy(dtype=float)
    links = links * ~np.eye(len(links), dtype=bool)
    total = links.sum(axis=0)
    share = has.to_numpy(dtype=float) @ links / np.where(total > 0, total, np.nan)
    return pd.DataFrame(share, index=has.index, columns=has.columns)


def economic_complexity(has: pd.DataFrame, *, least_places: int = LEAST_PLACES) -> pd.Series:
    """Rank places by how rare the sectors are that they have: the index of complexity.

    The second eigenvector of ``D⁻¹ M U⁻¹ Mᵀ``, standardised, its sign such that places with
    more sectors have more (Hidalgo, Hausmann 2009; Mealy, Farmer, Teytelboym 2019). Places
    without sectors and sectors without places are left out.

    Parameters
    ----------
    has
        Whether a place has a sector, places × sectors.
    least_places
        With fewer places no index is given.

    Returns
    -------
    economic_complexity
        Mean 0, deviation 1, by place that has a sector.

    Raises
    ------
    TableError
        If the index is not defined: too few places, places that share no sector with the
        others (the first eigenvalue is repeated), a tie of the second, or no sign.
    """
    marks = has.to_numpy(dtype=float)
    rows, columns = marks.sum(axis=1) > 0, marks.sum(axis=0) > 0
    marks = marks[np.ix_(rows, columns)]
    if len(marks) < max(least_places, 3):
        raise TableError(
            f"complexity needs at least {max(least_places, 3)} places with a sector; got "
            f"{len(marks)}; take all municipalities of the country and read these off"
        )
    many, common = marks.sum(axis=1), marks.sum(axis=0)
    # the symmetric twin has the same eigenvalues, and real vectors.
    half = marks / np.sqrt(many[:, None] * common)
    values, vectors = np.linalg.eigh(half @ half.T)
    _check_apart(values)
    found = vectors[:, -2] / np.sqrt(many)
    found = (found - found.mean()) / found.std()
    return pd.Series(_signed(found, many), index=has.index[rows], name="economic_complexity")


def _check_apart(values: Floats) -> None:
    if values[-1] - values[-2] < LEAST_GAP:
        raise TableError(
            "complexity is not defined: some places share no sector with the others, so the "
            "first eigenvalue is repeated; take more places, or leave those out"
        )
    if values[-2] - values[-3] < LEAST_GAP:
        raise TableError(
            "complexity is not defined: the second eigenvalue is repeated, so places have no "
            "one order; take more places or finer sectors"
        )


def _signed(found: Floats, many: Floats) -> Floats:
    """Turn the index so that it rises with the number of sectors."""
    lean = float(found @ (many - many.mean()))
    if abs(lean) < LEAST_GAP * len(many):
        raise TableError(
            "complexity has no sign: it does not go with the number of sectors that places have; "
            "take more places or finer sectors"
        )
    return found if lean > 0 else -found
