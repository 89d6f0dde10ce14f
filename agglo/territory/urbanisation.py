"""The degree of urbanisation of units, from where their people live."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import pandas as pd

from agglo.errors import TableError
from agglo.transport.topology import Floats

PARTS = ("centre", "cluster", "rural")
"""Urban centres, urban clusters and rural grid cells."""

FINER_PARTS = (
    "dense", "semi_dense", "suburban", "rural_cluster", "low_density", "very_low_density",
)  # fmt: skip
"""Classes of level 2 beside the centres."""

HALF = 0.5
SUM_TOLERANCE = 1e-6
SHARE_DECIMALS = 9
"""Shares that agree so far are equal: the rest is rounding."""

CODES = {"city": 3, "town": 2, "rural": 1}
"""Codes of level 1, those of cells."""

FINER_CODES = {
    "city": 30, "dense_town": 23, "semi_dense_town": 22, "suburb": 21, "village": 13,
    "dispersed_rural": 12, "mostly_uninhabited": 11,
}  # fmt: skip
"""Codes of level 2."""


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
    used, is_by_land = used_shares(shares, PARTS)
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


def finer_degree_of_urbanisation(shares: pd.DataFrame, class_id: pd.Series) -> pd.Series:
    """Class units on level 2, by the rules of the Eurostat manual since July 2024.

    A town is dense if at least half of its people live in urban centres and dense clusters, a
    suburb if at least half live in suburban and rural cells, else semi-dense. A rural unit is a
    village if at least half live in urban or rural clusters, mostly uninhabited if at least half
    live in very low density cells, else dispersed. Where two hold, the first does. Suburban
    cells are meant, as the manual says; a published program takes semi-dense ones there.

    Parameters
    ----------
    shares
        ``centre_share`` and, by class of level 2, ``dense_share``, ``semi_dense_share``,
        ``suburban_share``, ``rural_cluster_share``, ``low_density_share``,
        ``very_low_density_share`` of its people, and the same as ``…_land_share``.
    class_id
        Classes of level 1.

    Returns
    -------
    finer_degree_of_urbanisation
        A key of ``FINER_CODES`` for each unit.

    Raises
    ------
    TableError
        If a column is missing, or the shares of a unit are no shares that add up to 1.
    """
    used, _ = used_shares(shares, ("centre", *FINER_PARTS))
    centre, dense, _, suburban, clustered, low, very_low = used.T
    level_1 = class_id.reindex(shares.index).to_numpy()
    is_town = level_1 == "town"
    apart = np.round(suburban + clustered + low + very_low, SHARE_DECIMALS)
    compact = np.round(1 - low - very_low, SHARE_DECIMALS)
    chosen = np.select(
        [
            level_1 == "city",
            is_town & (np.round(centre + dense, SHARE_DECIMALS) >= HALF),
            is_town & (apart >= HALF),
            is_town,
            compact >= HALF,
            very_low >= HALF,
        ],
        ["city", "dense_town", "suburb", "semi_dense_town", "village", "mostly_uninhabited"],
        "dispersed_rural",
    )
    return pd.Series(chosen, index=shares.index, name="class_2_id", dtype=object)


def classed_units(shares: pd.DataFrame) -> pd.DataFrame:
    """Class units on both levels.

    Parameters
    ----------
    shares
        As ``urban_unit_shares`` of the cells gives it.

    Returns
    -------
    classed_units
        Indexed like ``shares``: ``level_1_code`` and ``level_1`` (name), ``level_2_code`` and
        ``level_2``, ``decided_by``, ``value``, ``threshold``, ``margin``. A unit of which
        nothing is known, off the raster, has code 0, empty names and no numbers.
    """
    known = shares[is_on_raster(shares)]
    first = degree_of_urbanisation(known)
    second = finer_degree_of_urbanisation(known, first["class_id"])
    table = pd.DataFrame(
        {
            "level_1_code": first["class_id"].map(CODES),
            "level_1": first["class_id"],
            "level_2_code": second.map(FINER_CODES),
            "level_2": second,
            **{name: first[name] for name in ("decided_by", "value", "threshold", "margin")},
        }
    ).reindex(shares.index)
    codes, texts = ["level_1_code", "level_2_code"], ["level_1", "level_2", "decided_by"]
    table[codes] = table[codes].fillna(0).astype(np.int64)
    table[texts] = table[texts].astype(object).where(table[texts].notna(), "")
    return table


def is_on_raster(shares: pd.DataFrame) -> pd.Series:
    """Tell of which units anything is known: those whose land, or area, has shares."""
    land = shares[[f"{part}_land_share" for part in PARTS]]
    found: pd.Series = land.sum(axis=1) > 0
    return found


def used_shares(shares: pd.DataFrame, parts: Sequence[str]) -> tuple[Floats, np.ndarray]:
    """Return shares of people, or of land where nobody lives, and which of the two.

    Raises
    ------
    TableError
        If a column is missing, or the shares of a unit are no shares that add up to 1.
    """
    used = _columns(shares, [f"{part}_share" for part in parts])
    is_by_land = np.nansum(used, axis=1) == 0
    if is_by_land.any():
        land = _columns(shares, [f"{part}_land_share" for part in parts])
        used = np.where(is_by_land[:, None], land, used)
    wrong = ~(np.abs(used.sum(axis=1) - 1) <= SUM_TOLERANCE) | (used < 0).any(axis=1)
    if wrong.any():
        got = ", ".join(f"{one:g}" for one in used[wrong][0])
        raise TableError(
            f"unit '{shares.index[wrong][0]}': its shares of centres, clusters and rural cells "
            f"are {got}; wanted {len(parts)} of 0 or more that add up to 1"
        )
    return np.round(used, SHARE_DECIMALS), is_by_land


def _columns(shares: pd.DataFrame, names: list[str]) -> Floats:
    lacking = [name for name in names if name not in shares]
    if lacking:
        raise TableError(f"shares of units lack the column(s) {', '.join(lacking)}")
    return shares[names].to_numpy(dtype=float)
