"""Cities of urban centres, and urban areas of connected urban clusters, out of units."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np
import pandas as pd

from agglo.commuting.flows import id_ranks
from agglo.errors import TableError
from agglo.territory.delineation import NO_AREA, Delineation
from agglo.territory.urbanisation import HALF, PARTS, SHARE_DECIMALS, is_on_raster, used_shares


def cities_from_centres(
    people: pd.DataFrame,
    units: pd.Index,
    *,
    least_unit_share: float = 0.5,
    least_centre_share: float = 0.0,
) -> pd.Series:
    """Take the units that live mostly in one urban centre for its city.

    Step 2 of functional urban areas (Dijkstra, Poelman and Veneri 2019): the city of a centre
    is made of the units with at least half of their people in it. Hand the answer to
    ``functional_urban_areas``.

    Parameters
    ----------
    people
        One row per unit and centre: ``unit_id``, ``number``, ``people_count``, ``unit_share``,
        ``group_share``, as ``people_in_groups`` gives it.
    units
        All units, in order.
    least_unit_share
        Least share of a unit's people in the centre, above 0.
    least_centre_share
        Least share of the centre's people whom its city must hold, else it makes no city;
        0.75 in the wording of 2012 (unverified).

    Returns
    -------
    cities_from_centres
        By unit the city, named by its unit with most people in the centre; '' in none.

    Raises
    ------
    TableError
        If the share is not above 0, or a row names an unknown unit.

    Examples
    --------
    >>> people = pd.DataFrame({"unit_id": ["a", "b"], "number": [1, 1],
    ...     "people_count": [60e3, 10e3], "unit_share": [0.9, 0.4], "group_share": [0.8, 0.13]})
    >>> cities_from_centres(people, pd.Index(["a", "b"])).to_dict()
    {'a': 'a', 'b': ''}
    """
    if not least_unit_share > 0:
        raise TableError(f"least_unit_share must be above 0, such as 0.5; got {least_unit_share}")
    strangers = ~people["unit_id"].isin(units)
    if strangers.any():
        raise TableError(f"unit '{people['unit_id'][strangers].iloc[0]}' is none of the units")
    own = people[(people["unit_share"] >= least_unit_share) & (people["people_count"] > 0)]
    own = _by_size(own, "people_count").drop_duplicates("unit_id")
    held = own.groupby("number")["group_share"].sum().round(SHARE_DECIMALS)
    own = own[own["number"].map(held) >= least_centre_share]
    name = own.drop_duplicates("number").set_index("number")["unit_id"]
    city = pd.Series(own["number"].map(name).to_numpy(), index=own["unit_id"], dtype=object)
    return city.reindex(units, fill_value=NO_AREA).rename("city_id")


def urban_areas(
    shares: pd.DataFrame,
    people: pd.DataFrame,
    *,
    status: str,
    parameters: Mapping[str, float | int | str | bool],
    notes: Sequence[str] = (),
) -> Delineation:
    """Delineate urban areas: the cities and towns that share one connected urban cluster.

    A unit is in if no more than half of its people live in rural cells, that is, if it is a
    city or a town; it belongs to the cluster where most of its people live, of equals the more
    populous one. A unit without people goes by its land. Where settlement is dense a cluster
    chains several cities; ``cities_from_centres`` keeps them apart.

    Parameters
    ----------
    shares
        As for ``degree_of_urbanisation``, of all units.
    people
        One row per unit and connected cluster, as ``people_in_groups`` gives it.

    Returns
    -------
    urban_areas
        Areas are named by their unit with most people in the cluster. ``decided_by`` is
        'urban_share' or 'urban_land_share' (of centres and clusters together; at least half is
        in), or 'no_data' for a unit off the raster.
    """
    is_known = is_on_raster(shares)
    used, is_by_land = used_shares(shares[is_known], PARTS)
    urban = pd.Series(np.round(1 - used[:, 2], SHARE_DECIMALS), index=shares.index[is_known])
    reason = pd.Series("no_data", index=shares.index, dtype=object)
    reason[is_known] = np.where(is_by_land, "urban_land_share", "urban_share")
    members = urban.index[urban >= HALF]
    own = people[people["unit_id"].isin(members)]
    empty = reason.reindex(own["unit_id"]).eq("urban_land_share").to_numpy()
    own = own.assign(weight=np.where(empty, own["land_km2"], own["people_count"]))
    own = _by_size(own, "weight").drop_duplicates("unit_id")
    name = _by_size(own, "people_count").drop_duplicates("number").set_index("number")["unit_id"]
    area = pd.Series(own["number"].map(name).to_numpy(), index=own["unit_id"], dtype=object)
    value = urban.reindex(shares.index)
    limit = pd.Series(HALF, index=shares.index).where(is_known)
    table = pd.DataFrame(
        {
            "area_id": area.reindex(shares.index, fill_value=NO_AREA),
            "decided_by": reason,
            "value": value,
            "threshold": limit,
            "margin": value - limit,
        },
        index=shares.index.rename("zone_id"),
    )
    return Delineation(
        method="degurba", areas=table, parameters=parameters, status=status, notes=tuple(notes)
    )


def _by_size(rows: pd.DataFrame, column: str) -> pd.DataFrame:
    """Order rows by size, the largest first; of equals the lower number, then the lower id."""
    rank = id_ranks(pd.Index(rows["unit_id"]))
    order = np.lexsort((rank, rows["number"], -rows[column].round(SHARE_DECIMALS)))
    return rows.iloc[order]
