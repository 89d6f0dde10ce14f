"""The degree of urbanisation of a unit, from where its people live."""

from __future__ import annotations

import numpy as np
import pandas as pd

from agglo.errors import TableError
from agglo.transport.topology import Floats

PARTS = ("centre", "cluster", "rural")
"""Urban centres, urban clusters and rural grid cells."""

HALF = 0.5
SUM_TOLERANCE = 1e-6


def degree_of_urbanisation(shares: pd.DataFrame) -> pd.DataFrame:
    """Class units as city, town or rural (Eurostat's degree of urbanisation, level 1).

    A city has at least half of its people in urban centres, a rural unit more than half in rural
    cells; the rest are towns (Dijkstra, Poelman and Veneri 2019). A unit without people goes by
    its land.

    Parameters
    ----------
    shares
        One row per unit: ``centre_share``, ``cluster_share``, ``rural_share`` of its people,
        missing or 0 where nobody lives; ``centre_land_share``, ``cluster_land_share``,
        ``rural_land_share`` of its land, needed for such units only.

    Returns
    -------
    degree_of_urbanisation
        Indexed like ``shares``: ``class_id`` ('city', 'town', 'rural'), ``decided_by`` (the
        share that decided; of a town, the one nearest to half), ``value``, ``threshold`` and
        ``margin``, how far that share is from another class; never negative.

    Raises
    ------
    TableError
        If a column is missing, or the shares of a unit are no shares that add up to 1.

    Examples
    --------
    >>> people = pd.DataFrame(
    ...     {"centre_share": [0.5, 0.2], "cluster_share": [0, 0.3], "rural_share": [0.5, 0.5]}
    ... )
    >>> degree_of_urbanisation(people)["class_id"].tolist()
    ['city', 'town']
    """
    used, is_by_land = _used_shares(shares)
    centre, rural = used[:, 0], used[:, 2]
    is_city = centre >= HALF
    is_rural = ~is_city & (rural > HALF)
    by_centre = is_city | (~is_rural & (centre >= rural))
    value = np.where(by_centre, centre, rural)
    by_people = np.where(by_centre, "centre_share", "rural_share")
    by_land = np.where(by_centre, "centre_land_share", "rural_land_share")
    return pd.DataFrame(
        {
            "class_id": np.where(is_city, "city", np.where(is_rural, "rural", "town")),
            "decided_by": np.where(is_by_land, by_land, by_people),
            "value": value,
            "threshold": HALF,
            "margin": np.abs(value - HALF),
        },
        index=shares.index,
    )


def _used_shares(shares: pd.DataFrame) -> tuple[Floats, np.ndarray]:
    """Shares of people, or of land where nobody lives, and which of the two."""
    used = _columns(shares, [f"{part}_share" for part in PARTS])
    is_by_land = np.nansum(used, axis=1) == 0
    if is_by_land.any():
        land = _columns(shares, [f"{part}_land_share" for part in PARTS])
        used = np.where(is_by_land[:, None], land, used)
    wrong = ~(np.abs(used.sum(axis=1) - 1) <= SUM_TOLERANCE) | (used < 0).any(axis=1)
    if wrong.any():
        got = ", ".join(f"{one:g}" for one in used[wrong][0])
        raise TableError(
            f"unit '{shares.index[wrong][0]}': its shares of centres, clusters and rural cells "
            f"are {got}; wanted three of 0 or more that add up to 1"
        )
    return used, is_by_land


def _columns(shares: pd.DataFrame, names: list[str]) -> Floats:
    lacking = [name for name in names if name not in shares]
    if lacking:
        raise TableError(f"shares of units lack the column(s) {', '.join(lacking)}")
    return shares[names].to_numpy(dtype=float)
