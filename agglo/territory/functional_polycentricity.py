"""How commuting ties the centres together, and how far each place employs its own people."""

from __future__ import annotations

from collections.abc import Collection

import numpy as np
import pandas as pd

from agglo.commuting.flows import Flows
from agglo.errors import FlowError
from agglo.transport.topology import Floats


def nodality(flows: Flows, *, from_outside: bool = False) -> pd.Series:
    """Count the commuters who come into each zone from other zones.

    Parameters
    ----------
    from_outside
        Whether those who come from beyond the region count too.

    Returns
    -------
    nodality
        Persons, index ``flows.inside``.
    """
    inside = ~flows.is_outside
    homes = np.ones(len(flows.places)) if from_outside else inside.astype(float)
    coming = homes @ flows.counts - homes * flows.counts.diagonal()
    return pd.Series(coming[inside], index=flows.inside, name="nodality")


def functional_polycentricity(flows: Flows) -> pd.Series:
    """Tell how evenly commuting within the region is shared among its zones, 0–1.

    General functional polycentricity (Green 2007, formula unverified): ``(1 − s / s_max) · D``,
    where ``s`` is the standard deviation of nodality, ``s_max`` that of a network of two nodes,
    one with nothing and one with the largest nodality found, and ``D`` the share of all employed
    residents who commute between zones of the region.

    Returns
    -------
    functional_polycentricity
        ``balance_share`` (without ``D``), ``density_share`` (``D``) and ``polycentricity_share``
        (their product). Balance is ``nan`` where nobody commutes between zones.

    Examples
    --------
    >>> from agglo.commuting.flows import flows_from_frame
    >>> names = ["a", "b", "c"]
    >>> square = pd.DataFrame(
    ...     [[800, 150, 50], [300, 400, 100], [200, 50, 250]], index=names, columns=names
    ... )
    >>> functional_polycentricity(flows_from_frame(square)).round(6).tolist()
    [0.381759, 0.369565, 0.141085]
    """
    coming = nodality(flows).to_numpy()
    residents = flows.residents_count[~flows.is_outside].sum()
    largest = coming.max() / 2
    balance = 1 - coming.std() / largest if largest > 0 else float("nan")
    density = float(coming.sum() / residents) if residents > 0 else float("nan")
    return pd.Series(
        {
            "balance_share": float(balance),
            "density_share": density,
            "polycentricity_share": float(balance * density),
        },
        name="functional_polycentricity",
    )


def zone_balance(flows: Flows) -> pd.DataFrame:
    """Compare the jobs of each zone with its employed residents, and count who has both in it.

    For municipalities or other groups of zones, merge the flows first: who commutes between
    zones of one group then works at home.

    Returns
    -------
    zone_balance
        Index ``flows.inside``; ``residents_count`` (employed, all), ``jobs_count``,
        ``internal_count`` (live and work in it), ``supply_share`` (internal over residents),
        ``demand_share`` (internal over jobs), ``jobs_per_resident`` and ``net_jobs_count`` (jobs
        − residents). Shares are ``nan`` where there is nobody to share.
    """
    inside = ~flows.is_outside
    residents, jobs = flows.residents_count[inside], flows.jobs_count[inside]
    internal = flows.counts.diagonal()[inside]
    return pd.DataFrame(
        {
            "residents_count": residents,
            "jobs_count": jobs,
            "internal_count": internal,
            "supply_share": _share(internal, residents),
            "demand_share": _share(internal, jobs),
            "jobs_per_resident": _share(jobs, residents),
            "net_jobs_count": jobs - residents,
        },
        index=flows.inside,
    )


def shares_of_core(flows: Flows, *, core: Collection[str]) -> pd.Series:
    """Return the core's share of the region's jobs, residents and commuters who come in, 0–1.

    Parameters
    ----------
    core
        Ids of the zones of the core; who commutes among them does not come in.

    Returns
    -------
    shares_of_core
        ``jobs_share``, ``residents_share`` and ``inflow_share``: of all who commute between
        zones of the region, the core being one of them; ``nan`` where there is nobody.

    Raises
    ------
    FlowError
        If the core is empty or names what is no zone of the region.
    """
    names = {str(one) for one in core}
    unknown = sorted(names - set(flows.inside))
    if unknown or not names:
        named = f"'{unknown[0]}' is no zone of the region" if unknown else "none is named"
        raise FlowError(f"core zones: {named}; name one or more of its {len(flows.inside)} zones")
    inside, is_core = ~flows.is_outside, flows.places.isin(names)
    pairs = flows.counts.tocoo()
    is_within = is_core[pairs.row] & is_core[pairs.col]
    moves = (pairs.row != pairs.col) & ~is_within & inside[pairs.row] & inside[pairs.col]
    people = np.where(moves, pairs.data, 0.0)
    part = [flows.jobs_count @ is_core, flows.residents_count @ is_core]
    whole = [flows.jobs_count @ inside, flows.residents_count @ inside]
    shares = _share(
        np.array([*part, people @ is_core[pairs.col]]), np.array([*whole, people.sum()])
    )
    index = ["jobs_share", "residents_share", "inflow_share"]
    return pd.Series(shares, index=index, name="shares_of_core")


def _share(part: Floats, whole: Floats) -> Floats:
    shares: Floats = np.divide(part, whole, out=np.full(len(part), np.nan), where=whole > 0)
    return shares
